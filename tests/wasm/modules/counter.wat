;; SPDX-License-Identifier: Apache-2.0
;; A counter actor that waits deep inside: handle_message adds up rounds, a round adds
;; up three numbers, and each number is a message that mk_recv waits for. What is known
;; so far is spread over a global, memory, locals of all types and operands that wait on
;; the stack. Every number is answered with how many came; type 0 ends it with the sum.
(module
  (import "env" "mk_recv_full" (func $recv (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "mk_send_u32" (func $send (param i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))

  ;; The type of the next message, which is kept in a list from 256 on.
  (func $next (result i32)
    (drop (call $recv (i32.const 16) (i32.const 64) (i32.const 0) (i32.const 20)
      (i32.const 24)))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store offset=252 (i32.shl (global.get $count) (i32.const 2))
      (i32.load (i32.const 16)))
    (drop (call $send (i64.load (i32.const 24)) (i32.const 201) (global.get $count)))
    (i32.load (i32.const 16)))

  ;; Three numbers, each with a weight; the products pile up as operands.
  (func $round (param $weight i64) (param $scale f64) (result i64)
    (i64.add
      (i64.mul (local.get $weight) (i64.extend_i32_u (call $next)))
      (i64.add
        (i64.shl (i64.extend_i32_u (call $next)) (i64.const 33))
        (i64.trunc_f64_s
          (f64.mul (local.get $scale) (f64.convert_i32_u (call $next)))))))

  (func (export "handle_message") (param $type i32) (param $source i64) (param i32 i32)
    (result i32) (local $sum i64) (local $third f32)
    (local.set $sum (i64.extend_i32_u (local.get $type)))
    (local.set $third (f32.const 0.1))
    (loop $again
      (local.set $sum
        (i64.xor (i64.rotl (local.get $sum) (i64.const 7))
          (call $round (i64.const 0x100000001)
            (f64.add (f64.const 2.5) (f64.promote_f32 (local.get $third))))))
      (local.set $third (f32.add (local.get $third) (f32.const 0.1)))
      (br_if $again (i32.load (i32.const 16))))
    (drop (call $send (local.get $source) (i32.const 202)
      (i32.wrap_i64 (local.get $sum))))
    (drop (call $send (local.get $source) (i32.const 203)
      (i32.wrap_i64 (i64.shr_u (local.get $sum) (i64.const 32)))))
    (i32.const 1)))
