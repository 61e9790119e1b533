// SPDX-License-Identifier: Apache-2.0
// An actor that waits in the middle of its work, while others run on.
//
//   300         asks the sender (301), waits a second for its answer, greets with 302;
//               303 when none came
//   310         sleeps 50 ms, then answers 311 with the payload
//   320         waits for the next message, whatever it is, and answers 321 with that
//   330 (a, b)  two i32: answers 331 with their sum, an i64
import { ActorId, callText, Message, receive, send, sendNumber, sendText, sleep } from "../assembly/index";
export { malloc, free } from "../assembly/index";

const SECOND = 1000, NAP = 50;

function greet(source: ActorId): void {
  const reply = callText(source, 301, "your name?", SECOND);
  if (reply) sendText(source, 302, "hello, " + reply.text);
  else sendText(source, 303, "");
}

function passOnNext(source: ActorId): void {
  const msg = receive();
  if (msg) send(source, 321, msg.bytes);
}

export function handle_message(type: i32, source: i64, payload: usize, size: i32): i32 {
  const msg = new Message(type, source, payload, size);
  switch (type) {
    case 0: return 0;
    case 300: greet(source); break;
    case 310:
      if (sleep(NAP)) send(source, 311, msg.bytes);
      break;
    case 320: passOnNext(source); break;
    case 330:
      if (size == 8) sendNumber<i64>(source, 331, <i64>msg.read<i32>(0) + <i64>msg.read<i32>(4));
      break;
  }
  return 1;
}
