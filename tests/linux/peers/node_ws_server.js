// SPDX-License-Identifier: Apache-2.0
// node_ws_server.js WAY - node's ws sends back what it gets, compressed when WAY is "each"
// or "window", and closes when it is told to. Prints the port; ends with its input.
const WebSocket = require('ws');
const way = process.argv[2];
const perMessageDeflate = way === 'window' ? { threshold: 0 }
    : way === 'each' ? { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true }
    : way === 'small' ? { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9 } : false;
const server = new WebSocket.Server({
    host: '127.0.0.1', port: 0, perMessageDeflate, maxPayload: 2 ** 22,
    handleProtocols: (offered) => ([...offered].includes('echo') ? 'echo' : false),
});
server.on('listening', () => console.log(server.address().port));
server.on('connection', (ws) => {
    if ((ws.extensions !== '') !== (way !== 'plain')) ws.close(4002, 'not as agreed');
    ws.on('message', (data, isBinary) => {
        if (data.toString() === 'close') ws.close(4001, 'as asked');
        else ws.send(data, { binary: isBinary });
    });
});
process.stdin.on('end', () => process.exit(0)).resume();
