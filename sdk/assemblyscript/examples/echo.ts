// SPDX-License-Identifier: Apache-2.0
// Answers a message of type n with one of type n + 1 and the same payload; 0 ends it, and
// what the system sends (a negative type) is not answered.
import { Message, send } from "../assembly/index";
export { malloc, free } from "../assembly/index";

export function handle_message(type: i32, source: i64, payload: usize, size: i32): i32 {
  const msg = new Message(type, source, payload, size);
  if (type > 0 && type < i32.MAX_VALUE) send(msg.source, type + 1, msg.bytes);
  return type != 0 ? 1 : 0;
}
