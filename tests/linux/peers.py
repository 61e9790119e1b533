# SPDX-License-Identifier: Apache-2.0
"""Servers that judge our client: python3-h11 refuses what is not HTTP/1.1 to the letter,
python3-websockets what is not RFC 6455. Prints the port, then serves until its input ends.

    peers.py http    answers with "<method> <target> <body size> <requests on this connection>"
    peers.py ws      sends back what it gets
"""
import asyncio
import sys


async def answer(connection, writer, h11, request, size, count):
    text = b"%s %s %d %d" % (request.method, request.target, size, count)
    headers = [("Content-Length", str(len(text)))]
    if request.target == b"/chunked":
        headers = [("Transfer-Encoding", "chunked")]
    if request.target == b"/moved":
        headers.append(("Location", "/chunked"))
    status = 302 if request.target == b"/moved" else 200
    out = connection.send(h11.Response(status_code=status, headers=headers))
    if request.method != b"HEAD":
        for i in range(0, len(text), 3):
            out += connection.send(h11.Data(data=text[i:i + 3]))
    out += connection.send(h11.EndOfMessage())
    for i in range(0, len(out), 7):
        writer.write(out[i:i + 7])
        await writer.drain()
    if request.target == b"/closes":
        writer.close()


async def serve_http(reader, writer):
    try:
        await talk_http(reader, writer)
    except ConnectionError:  # the client has ended
        writer.close()


async def talk_http(reader, writer):
    import h11
    connection = h11.Connection(h11.SERVER)
    request, size, count = None, 0, 0
    while not writer.is_closing():
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request, size, count = event, 0, count + 1
        elif isinstance(event, h11.Data):
            size += len(event.data)
        elif isinstance(event, h11.EndOfMessage):
            await answer(connection, writer, h11, request, size, count)
            if connection.our_state is not h11.DONE:
                break
            connection.start_next_cycle()
        else:
            break
    writer.close()


async def serve_ws(socket):
    async for message in socket:
        if message == "close":
            await socket.close(4001, "as asked")
            return
        else:
            await socket.send(message)


async def main(what):
    if what == "http":
        server = await asyncio.start_server(serve_http, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
    else:
        import websockets
        server = await websockets.serve(serve_ws, "127.0.0.1", 0, subprotocols=["echo"],
                                        max_size=2 ** 22)
        port = list(server.sockets)[0].getsockname()[1]
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    __import__("h11" if sys.argv[1] == "http" else "websockets")
    asyncio.run(main(sys.argv[1]))
