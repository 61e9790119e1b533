;; SPDX-License-Identifier: Apache-2.0
(module
  (type $step (func (param i32 i32) (result i32)))
  (import "one" "table" (table 2 funcref))
  (import "one" "even" (func $even (type $step)))
  (import "one" "endless" (func $endless (type $step)))
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (global $mine (mut i32) (i32.const 7000))
  (elem (i32.const 0) $odd $back)
  (func $odd (export "odd") (type $step)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.add (global.get $mine) (local.get 1)))
      (else (return_call $even
        (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))))
  (func $back (type $step)
    (return_call $endless (local.get 0) (local.get 1)))
  ;; The host answers in the tail.
  (func (export "ask") (param i32) (result i32) (return_call $ask (local.get 0))))
