// SPDX-License-Identifier: Apache-2.0
// run_exports.mjs FILE... - what run_exports.c does, with V8.
import { readFileSync } from 'node:fs';

const view = new DataView(new ArrayBuffer(8));
let hash = 0;
const log = (bits) => { hash = Math.imul(hash ^ bits, 16777619) >>> 0; };
const imports = {
    'fuzzing-support': {
        'log-i32': (x) => log(x),
        'log-i64': (x) => { log(Number(x & 0xFFFFFFFFn)); log(Number(x >> 32n & 0xFFFFFFFFn)); },
        'log-f32': (x) => { view.setFloat32(0, x); log(view.getUint32(0)); },
        'log-f64': (x) => { view.setFloat64(0, x); log(view.getUint32(4)); log(view.getUint32(0)); },
    },
};

const narrow = [0, 1, -1, -0x80000000, 0x7FFFFFFF, 255, 4096];
const wide = [0n, 1n, -1n, -(1n << 63n), 1n << 32n, 0x123456789ABCDEFn, 77n];
const f32 = [0, -0, 1, -2.5, Infinity, 2147483648, 1.401298464324817e-45];
const f64 = [0, -0, 1, -2.5, Infinity, 2147483648, 5e-324];
const values = { 0x7F: narrow, 0x7E: wide, 0x7D: f32, 0x7C: f64 };

// Types of all functions of a module: V8 does not tell them, so the sections are read.
function signatures(bytes) {
    let at = 8;
    const u32 = () => { let x = 0, s = 0, b; do { b = bytes[at++]; x |= (b & 127) << s; s += 7; } while (b & 128); return x >>> 0; };
    const skipName = () => { const size = u32(); at += size; };
    const types = [], functions = [], exports = {};
    while (at < bytes.length) {
        const id = bytes[at++], size = u32(), end = at + size;
        if (id === 1)
            for (let n = u32(); n > 0; n--) {
                at++;
                const params = [...bytes.subarray(at + 1, at + 1 + bytes[at])]; at += 1 + bytes[at];
                const results = [...bytes.subarray(at + 1, at + 1 + bytes[at])]; at += 1 + bytes[at];
                types.push({ params, results });
            }
        if (id === 2)
            for (let n = u32(); n > 0; n--) {
                skipName(); skipName();
                if (bytes[at++] !== 0) throw new Error('only functions are imported');
                functions.push(types[u32()]);
            }
        if (id === 3) for (let n = u32(); n > 0; n--) functions.push(types[u32()]);
        if (id === 7)
            for (let n = u32(); n > 0; n--) {
                const length = u32(), name = Buffer.from(bytes.subarray(at, at + length)).toString();
                at += length;
                const kind = bytes[at++], index = u32();
                if (kind === 0) exports[name] = functions[index];
            }
        at = end;
    }
    return exports;
}

function bitsOf(type, x) {
    if (type === 0x7F) return (x >>> 0).toString(16);
    if (type === 0x7E) return BigInt.asUintN(64, x).toString(16);
    if (Number.isNaN(x)) return 'nan';
    if (type === 0x7D) { view.setFloat32(0, x); return view.getUint32(0).toString(16); }
    view.setFloat64(0, x);
    return view.getBigUint64(0).toString(16);
}

function trapClass(error) {
    const text = error.message;
    if (error instanceof RangeError) return 'stack';
    if (text.includes('unreachable')) return 'unreachable';
    if (text.includes('by zero')) return 'zero';
    if (text.includes('unrepresentable')) return 'integer';
    if (text.includes('memory')) return 'memory';
    return text.includes('table') || text.includes('null function') || text.includes('signature') ? 'table' : text;
}

for (const file of process.argv.slice(2)) {
    const bytes = readFileSync(file);
    const lines = [`module ${file}`];
    const types = signatures(bytes);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    let goesOn = true;
    for (let seed = 0; seed < 3 && goesOn; seed++)
        for (const name of Object.keys(types)) {
            if (name === 'hangLimitInitializer') continue;
            if (exports.hangLimitInitializer) exports.hangLimitInitializer();
            const { params, results } = types[name];
            const args = params.map((type, i) => values[type][(seed + i) % 7]);
            hash = 2166136261;
            let line = `${name}(${seed})`;
            try {
                const result = exports[name](...args);
                const all = results.length > 1 ? [...result] : results.length === 1 ? [result] : [];
                for (let i = 0; i < all.length; i++) line += ` ${bitsOf(results[i], all[i])}`;
            } catch (error) {
                const kind = trapClass(error);
                line += ` trap ${kind}`;
                if (kind === 'stack') goesOn = false;
            }
            lines.push(`${line} log ${hash.toString(16)}`);
            if (!goesOn) break;
        }
    console.log(lines.join('\n'));
}
