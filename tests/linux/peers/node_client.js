// SPDX-License-Identifier: Apache-2.0
// node_client.js PORT WINDOW-PORT [plain] - node's ws and undici talk to the server; at the
// second port WebSockets keep their windows. plain: it cannot compress.
const WebSocket = require('ws');
const { fetch } = require('undici');
const assert = require('assert');
const isPlain = process.argv[4] === 'plain';
const base = `127.0.0.1:${process.argv[2]}`;

async function overHttp() {
    assert.strictEqual(await (await fetch(`http://${base}/`)).text(), 'hello');
    const body = 'y'.repeat(100000);
    const echoed = await fetch(`http://${base}/echo`, { method: 'POST', body });
    assert.strictEqual(await echoed.text(), body);
    const all = await Promise.all([...Array(50)].map(() => fetch(`http://${base}/pieces`)));
    for (const one of all) assert.strictEqual(await one.text(), 'one two three ');
    const lost = await fetch(`http://${base}/nowhere`);
    assert.strictEqual(lost.status, 404);
    await lost.text();
}

async function events() {
    const stream = await fetch(`http://${base}/events`);
    assert.strictEqual(stream.headers.get('content-type'), 'text/event-stream');
    let text = '';
    for await (const part of stream.body) text += Buffer.from(part).toString();
    assert.strictEqual(text, 'event: n\ndata: one\ndata: two\n\ndata: three\n\n');
}

function overWs(port, perMessageDeflate) {
    return new Promise((done, fail) => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, { perMessageDeflate });
        const sent = ['', 'grüß', 'x'.repeat(70000), 'z'.repeat(500000)];
        let at = 0;
        ws.on('error', fail);
        ws.on('open', () => {
            assert.strictEqual(ws.extensions, perMessageDeflate && !isPlain ? 'permessage-deflate' : '');
            ws.send(sent[0]);
        });
        ws.on('message', (data, isBinary) => {
            assert.strictEqual(isBinary, false);
            assert.strictEqual(data.toString(), sent[at]);
            if (++at < sent.length) ws.send(sent[at]);
            else ws.ping('?');
        });
        ws.on('pong', (data) => {
            assert.strictEqual(data.toString(), '?');
            ws.close(1000, 'enough');
        });
        ws.on('close', (code) => (code === 1000 && at === sent.length ? done() : fail(code)));
    });
}

// What node may ask for; its threshold 0 compresses even the shortest message.
const ways = [false, true, { threshold: 0 }, { serverNoContextTakeover: true, threshold: 0 },
    { clientNoContextTakeover: true }, { serverMaxWindowBits: 9, clientMaxWindowBits: 10, threshold: 0 }];

async function allWays() {
    for (const port of process.argv.slice(2, 4))
        for (const way of ways) await overWs(port, way);
}

overHttp().then(events).then(allWays).then(() => {
    console.log('node is content');
    process.exit(0);
}, (error) => {
    console.log('failed:', error);
    process.exit(1);
});
