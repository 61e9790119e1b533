;; SPDX-License-Identifier: Apache-2.0
;; With tail_two.wat: each calls the other in the tail, through the table they share and
;; through the import. $odd is reached through slot 0, which tail_two fills.
(module
  (type $step (func (param i32 i32) (result i32)))
  (table (export "table") 2 funcref)
  (global $mine (mut i32) (i32.const 100))
  (func $even (export "even") (param i32 i32) (result i32)
    (local i64 i64 i64)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.add (global.get $mine) (local.get 1)))
      (else (return_call_indirect (type $step)
        (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (i32.const 0)))))
  ;; Not in the tail, so the caller waits in this instance.
  (func (export "twice") (param i32 i32) (result i32)
    (i32.add (global.get $mine)
      (i32.mul (i32.const 2) (call $even (local.get 0) (local.get 1)))))
  (func (export "endless") (param i32 i32) (result i32)
    (return_call_indirect (type $step) (local.get 0) (local.get 1) (i32.const 1))))
