;; SPDX-License-Identifier: Apache-2.0
;; Its start function, then _initialize run before the first message.
(module
  (import "env" "mk_send_u32" (func $send (param i64 i32 i32) (result i32)))
  (global $value (mut i32) (i32.const 0))
  (func $begin (global.set $value (i32.const 20)))
  (func (export "_initialize")
    (global.set $value (i32.mul (global.get $value) (i32.const 3))))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (call $send (local.get 1) (i32.const 201) (global.get $value)))
  (start $begin))
