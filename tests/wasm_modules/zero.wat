;; SPDX-License-Identifier: Apache-2.0
;; No memory: answers 200 with 201 and the number of messages so far.
(module
  (import "env" "mk_send_u32" (func $send (param i64 i32 i32) (result i32)))
  (global $count (mut i32) (i32.const 0))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (drop (call $send (local.get 1) (i32.const 201)
      (i32.add (global.get $count) (i32.add (local.get 2) (local.get 3)))))
    (i32.ne (local.get 0) (i32.const 0))))
