;; SPDX-License-Identifier: Apache-2.0
;; Keeps a number in a page that it added, and answers with it.
(module
  (import "env" "mk_send_u32" (func $send (param i64 i32 i32) (result i32)))
  (memory 1)
  (global (export "__heap_base") i32 (i32.const 1024))
  (func $begin
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 65536) (i32.const 0x600D)))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (call $send (local.get 1) (i32.const 201) (i32.load (i32.const 65536))))
  (start $begin))
