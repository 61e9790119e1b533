// SPDX-License-Identifier: Apache-2.0
// sse_client.js PORT - the EventSource of npm's eventsource against the server: over a
// redirect, back with Last-Event-ID after each end, and ended by 204.
const { EventSource } = require('eventsource');
const assert = require('assert');
const source = new EventSource(`http://127.0.0.1:${process.argv[2]}/moved`);
const seen = [];
let opened = 0;

function take(event) {
    seen.push([event.type, event.data, event.lastEventId]);
}
source.onopen = () => opened++;
source.onmessage = take;
source.addEventListener('tick', take);
source.onerror = (error) => {
    if (source.readyState !== EventSource.CLOSED) return;
    try {
        assert.strictEqual(error.code, 204);
        assert.strictEqual(opened, 2);
        assert.deepStrictEqual(seen, [
            ['tick', 'one\ntwo', '1'],
            ['message', 'after 1', '1'],
            ['message', '', '1'],
        ]);
    } catch (failure) {
        console.log('failed:', failure);
        process.exit(1);
    }
    console.log('EventSource is content');
    process.exit(0);
};
