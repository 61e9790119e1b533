;; SPDX-License-Identifier: Apache-2.0
;; Gives the payload a block of its own; answers 200 with 201 and the payload, 202 with
;; 203 and the number of blocks in use.
(module
  (import "env" "mk_send" (func $send (param i64 i32 i32 i32) (result i32)))
  (import "env" "mk_send_u32" (func $send_u32 (param i64 i32 i32) (result i32)))
  (memory 1)
  (global $blocks (mut i32) (i32.const 0))
  (func (export "malloc") (param i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 1000)) (then (return (i32.const 0))))
    (global.set $blocks (i32.add (global.get $blocks) (i32.const 1)))
    (i32.const 2048))
  (func (export "free") (param i32)
    (if (i32.ne (local.get 0) (i32.const 2048)) (then (unreachable)))
    (global.set $blocks (i32.sub (global.get $blocks) (i32.const 1))))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 200)) (then
      (drop (call $send (local.get 1) (i32.const 201) (local.get 2) (local.get 3)))))
    (if (i32.eq (local.get 0) (i32.const 202)) (then
      (drop (call $send_u32 (local.get 1) (i32.const 203) (global.get $blocks)))))
    (i32.const 1)))
