;; SPDX-License-Identifier: Apache-2.0
;; Its start function takes all the memory there is, and touches it.
(module
  (memory 1)
  (func $begin (local $at i32)
    (block $full
      (loop $more
        (br_if $full (i32.eq (memory.grow (i32.const 64)) (i32.const -1)))
        (br $more)))
    (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))
      (i32.const 1)))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32) (i32.const 1))
  (start $begin))
