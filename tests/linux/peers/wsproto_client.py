# SPDX-License-Identifier: Apache-2.0
# wsproto_client.py PORT WINDOW-PORT [plain] - wsproto, which is strict, talks to the echo of
# the server, also compressed; at the second port WebSockets keep their windows. plain: it
# cannot compress.
import socket
import sys

from wsproto import ConnectionType, WSConnection
from wsproto.events import (AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, Request,
                            TextMessage)
from wsproto.extensions import PerMessageDeflate


def talk(port, extension):
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    ws = WSConnection(ConnectionType.CLIENT)
    wanted = [extension] if extension else []
    sock.sendall(ws.send(Request(host="h", target="/ws", extensions=wanted)))

    def events():
        while True:
            yield from ws.events()
            data = sock.recv(65536)
            ws.receive_data(data if data else None)

    stream = events()
    accepted = next(stream)
    assert isinstance(accepted, AcceptConnection), accepted
    assert accepted.extensions == wanted, accepted
    assert not extension or extension.enabled()

    def collect(kind):
        got = kind(data=b"" if kind is BytesMessage else "").data
        while True:
            event = next(stream)
            assert isinstance(event, kind), event
            got += event.data if kind is TextMessage else bytes(event.data)
            if event.message_finished:
                return got

    count = 0
    for size in (0, 1, 125, 126, 65535, 65536, 300000):
        sock.sendall(ws.send(BytesMessage(data=b"\xff" * size)))
        assert collect(BytesMessage) == b"\xff" * size, size
        text = "ü€" * (size // 5)
        sock.sendall(ws.send(TextMessage(data=text)))
        assert collect(TextMessage) == text, size
        count += 2
    sock.sendall(ws.send(TextMessage(data="frag", message_finished=False)) +
                 ws.send(Ping(payload=b"now")) + ws.send(TextMessage(data="ments")))
    event = next(stream)
    assert isinstance(event, Pong) and bytes(event.payload) == b"now", event
    assert collect(TextMessage) == "fragments"
    sock.sendall(ws.send(CloseConnection(code=4001, reason="bye")))
    event = next(stream)
    assert isinstance(event, CloseConnection) and event.code == 4001, event
    assert sock.recv(1) == b""
    return count + 1


total = 0
for number in map(int, sys.argv[1:3]):
    total += talk(number, None)
    if sys.argv[3:] == ["plain"]:
        continue
    for options in ({}, {"client_no_context_takeover": True}, {"server_no_context_takeover": True},
                    {"client_max_window_bits": 10, "server_max_window_bits": 11}):
        total += talk(number, PerMessageDeflate(**options))
print(total, "messages are good")
