;; SPDX-License-Identifier: Apache-2.0
;; Version 1 of a counter: answers 200 with 200 + 1 and what it has counted, which
;; it keeps in saved state; takes its version from the module before.
(module
  (import "env" "mk_send_u32" (func $send (param i64 i32 i32) (result i32)))
  (import "env" "mk_save_state" (func $save (param i32 i32 i32 i32) (result i32)))
  (import "env" "mk_load_state" (func $load (param i32 i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 0) "count")
  (global (export "mk_version") i32 (i32.const 1))
  (global $old (mut i32) (i32.const 0))
  (func (export "mk_upgrade") (param i32) (global.set $old (local.get 0)))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (drop (call $load (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 4)))
    (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
    (drop (call $save (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 4)))
    (call $send (local.get 1) (i32.const 201)
      (i32.add (i32.load (i32.const 16)) (i32.mul (global.get $old) (i32.const 1000))))))
