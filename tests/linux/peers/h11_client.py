# SPDX-License-Identifier: Apache-2.0
# h11_client.py PORT - a strict reader of HTTP/1.1 judges what the server sends: every
# answer is parsed by h11, which refuses what the RFC does not allow.
import socket
import sys

import h11

port = int(sys.argv[1])
rows = [  # method, target, headers, body, status, body of the answer (None: no matter)
    ("GET", "/", [], b"", 200, b"hello"),
    ("HEAD", "/", [], b"", 200, b""),
    ("GET", "/nowhere", [], b"", 404, None),
    ("DELETE", "/", [], b"", 405, None),
    ("OPTIONS", "/", [], b"", 204, b""),
    ("POST", "/echo", [("Content-Length", "5")], b"abcde", 200, b"abcde"),
    ("POST", "/echo", [("Transfer-Encoding", "chunked")], b"x" * 70000, 200, b"x" * 70000),
    ("GET", "/pieces", [], b"", 200, b"one two three "),
    ("GET", "/files/ten", [("Range", "bytes=2-4")], b"", 206, b"234"),
    ("GET", "/files/ten", [("Range", "bytes=20-")], b"", 416, None),
    ("GET", "/files/big", [], b"", 200, b"0123456789" * 100000),
]


def one(sock, conn, method, target, headers, body):
    request = h11.Request(method=method, target=target, headers=[("Host", "h")] + headers)
    sock.sendall(conn.send(request) + (conn.send(h11.Data(data=body)) if body else b"") +
                 conn.send(h11.EndOfMessage()))
    status, got = None, b""
    while True:
        event = conn.next_event()
        if event is h11.NEED_DATA:
            conn.receive_data(sock.recv(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
            assert any(name == b"date" for name, _ in event.headers), event
        elif isinstance(event, h11.Data):
            got += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return status, got


with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
    conn = h11.Connection(h11.CLIENT)
    for method, target, headers, body, status, want in rows:  # all on one connection
        got_status, got = one(sock, conn, method, target, headers, body)
        assert got_status == status, (method, target, got_status)
        assert want is None or got == want, (method, target, len(got))
        assert conn.their_state is h11.DONE, (method, target, conn.their_state)
        conn.start_next_cycle()
print(len(rows), "answers are good")
