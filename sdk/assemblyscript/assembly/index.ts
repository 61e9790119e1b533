// SPDX-License-Identifier: Apache-2.0
// WASM actors in AssemblyScript. host.ts has the functions of the host, this file what
// makes them handy: strings, arrays, messages.
//
// A module exports handle_message, which is called once per message, and passes on malloc
// and free, with which the host puts payloads where the collector leaves them alone:
//
//     import { reply, Message } from "microkernel-actor";
//     export { malloc, free } from "microkernel-actor";
//
//     export function handle_message(type: i32, source: i64, payload: usize, size: i32): i32 {
//       const msg = new Message(type, source, payload, size);
//       if (msg.type == 200) send(msg.source, 201, msg.bytes);
//       return msg.type != 0 ? 1 : 0; // 0 ends the actor
//     }
//
// Functions that wait (sleep, receive, call) let all other actors run on.

import * as host from "./host";

/** For the host, which puts payloads there. */
export function malloc(size: i32): usize {
  return heap.alloc(size);
}

export function free(block: usize): void {
  heap.free(block);
}

/** The number of an actor; 0 is nobody. */
export type ActorId = i64;

export enum Level { Debug, Info, Warn, Error }

export class Message {
  constructor(
    public type: i32,
    public source: ActorId,
    private at: usize,
    /** Bytes of the whole payload. */
    public size: i32,
    private kept: StaticArray<u8> | null = null,
  ) {}

  /** Bytes that are there: of a message that was waited for, as many as fit. */
  get length(): i32 {
    const kept = this.kept;
    return kept ? min(this.size, kept.length) : this.size;
  }

  /** A copy. */
  get bytes(): StaticArray<u8> {
    const copy = new StaticArray<u8>(this.length);
    memory.copy(changetype<usize>(copy), this.address, this.length);
    return copy;
  }

  /** The payload as UTF-8. */
  get text(): string {
    return String.UTF8.decodeUnsafe(this.address, this.length);
  }

  /** A number in it, little-endian; 0 when it is not all there. */
  read<T>(at: i32): T {
    if (at < 0 || at + <i32>sizeof<T>() > this.length) return <T>0;
    return load<T>(this.address + at);
  }

  private get address(): usize {
    const kept = this.kept;
    return kept ? changetype<usize>(kept) : this.at;
  }
}

function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

/** True when it was sent: the mailbox had room, and somebody is there. */
export function send(to: ActorId, type: i32, bytes: StaticArray<u8>): bool {
  return host.mk_send(to, type, changetype<usize>(bytes), bytes.length) == 1;
}

export function sendText(to: ActorId, type: i32, text: string): bool {
  const bytes = utf8(text);
  return host.mk_send(to, type, changetype<usize>(bytes), bytes.byteLength) == 1;
}

/** A number as the whole payload, little-endian. */
export function sendNumber<T>(to: ActorId, type: i32, value: T): bool {
  const bytes = new StaticArray<u8>(<i32>sizeof<T>());
  store<T>(changetype<usize>(bytes), value);
  return send(to, type, bytes);
}

export function self(): ActorId {
  return host.mk_self();
}

/** Wait for the next message, at most `timeout` ms (negative: for ever), and keep at most
 * `room` bytes of it. null: none came, or this actor may not wait. */
export function receive(timeout: i32 = -1, room: i32 = 256): Message | null {
  const head = new StaticArray<i64>(2); // type and size, source
  const kept = new StaticArray<u8>(room);
  const at = changetype<usize>(head), buf = changetype<usize>(kept);
  const result = timeout < 0
    ? host.mk_recv_full(at, buf, room, at + 4, at + 8)
    : host.mk_recv_timeout(at, buf, room, at + 4, at + 8, timeout);
  if (result != 0) return null;
  return new Message(load<i32>(at), load<i64>(at + 8), 0, load<i32>(at + 4), kept);
}

/** Send, then wait for the first message from `to`, at most `timeout` ms. What others send
 * meanwhile goes to `meanwhile`, which may send but must not wait. null: it could not be
 * sent, or no answer came. */
export function callText(
  to: ActorId,
  type: i32,
  text: string,
  timeout: i32,
  meanwhile: (msg: Message) => void = (_) => {},
): Message | null {
  const end = now() + timeout;
  if (!sendText(to, type, text)) return null;
  while (true) {
    // Never more than was asked for, should the clock be set back.
    const left = max<i64>(0, min<i64>(timeout, end - now()));
    const msg = receive(<i32>left);
    if (!msg || msg.source == to) return msg;
    meanwhile(msg);
  }
}

/** Let the others run for so long; false when this actor may not wait. */
export function sleep(ms: i32): bool {
  return host.mk_sleep_ms(ms) == 0;
}

/** Milliseconds since 1970. */
export function now(): i64 {
  return host.mk_time_ms();
}

export function log(level: Level, text: string): void {
  const bytes = utf8(text);
  host.mk_log(level, changetype<usize>(bytes), bytes.byteLength);
}

/** To standard output. */
export function print(text: string): void {
  const bytes = utf8(text);
  host.mk_print(changetype<usize>(bytes), bytes.byteLength);
}

/** Take a name or a path. */
export function register(name: string): bool {
  const bytes = utf8(name);
  return host.mk_register(changetype<usize>(bytes), bytes.byteLength) == 0;
}

/** 0 when nobody has it. */
export function lookup(name: string): ActorId {
  const bytes = utf8(name);
  return host.mk_lookup(changetype<usize>(bytes), bytes.byteLength);
}

export function save(key: string, data: StaticArray<u8>): bool {
  const name = utf8(key);
  return host.mk_save_state(changetype<usize>(name), name.byteLength,
    changetype<usize>(data), data.length) == 0;
}

/** What was saved, at most `room` bytes; null when there is nothing. */
export function restore(key: string, room: i32 = 256): StaticArray<u8> | null {
  const name = utf8(key);
  const data = new StaticArray<u8>(room);
  const size = host.mk_load_state(changetype<usize>(name), name.byteLength,
    changetype<usize>(data), room);
  return size < 0 ? null : data.slice<StaticArray<u8>>(0, min(size, room));
}

/** For the compiler (--use abort=...): what went wrong goes to the log, then it traps. */
export function stopped(text: string | null, file: string | null, line: u32, column: u32): void {
  log(Level.Error, (text ? text : "abort") + " in " + (file ? file : "?") + ":" +
    line.toString() + ":" + column.toString());
  unreachable();
}
