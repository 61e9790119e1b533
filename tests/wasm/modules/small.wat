;; SPDX-License-Identifier: Apache-2.0
;; Something of everything in as few bytes as possible; every byte of it gets flipped.
(module
  (type $t (func (param i32) (result i32)))
  (import "env" "ask" (func $ask (type $t)))
  (table 2 4 funcref)
  (memory 1)
  (global $g (mut i64) (i64.const 5))
  (export "run" (func $run))
  (start $init)
  (elem (i32.const 0) $run $ask)
  (func $init (global.set $g (i64.const 9)))
  (func $run (type $t) (local i32 f64)
    (block $b
      (loop $l
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if $b (i32.eqz (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (br_table $l $b $l (i32.and (local.get 0) (i32.const 3)))))
    (i32.store offset=4 (i32.const 8) (local.get 1))
    (local.set 2 (f64.mul (f64.const 2.5) (f64.convert_i32_s (local.get 1))))
    (if (result i32) (f64.lt (local.get 2) (f64.const 100))
      (then (i32.load (i32.const 12)))
      (else (call_indirect (type $t) (local.get 1) (i32.const 1)))))
  (data (i32.const 4) "abc\00"))
