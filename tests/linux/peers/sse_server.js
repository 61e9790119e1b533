// SPDX-License-Identifier: Apache-2.0
// sse_server.js - node as a server of events for our client: a redirect, a stream cut
// into bytes, one that says where the client went on, and 204. Prints the port, then
// serves until its input ends.
const http = require('http');
let streams = 0;

const server = http.createServer((request, response) => {
    if (request.url === '/moved') {
        response.writeHead(302, { Location: '/events' }).end('elsewhere');
        return;
    }
    if (++streams > 2) {
        response.writeHead(204).end();
        return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const id = request.headers['last-event-id'];
    const text = streams === 1
        ? '\ufeffretry: 20\r\nid: gr\u00fc\u00df\r\n: comment\r\nevent: tick\r\ndata: one\r\ndata: two\r\n\r\n'
        : `data: after ${Buffer.from(String(id), 'latin1').toString()}\n\ndata: cut off`;
    for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]));
    response.end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
