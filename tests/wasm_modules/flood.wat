;; SPDX-License-Identifier: Apache-2.0
;; Sends to whoever sent, without end.
(module
  (import "env" "mk_send_u32" (func $send (param i64 i32 i32) (result i32)))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (loop (drop (call $send (local.get 1) (i32.const 1) (i32.const 2))) (br 0))
    (unreachable)))
