;; SPDX-License-Identifier: Apache-2.0
(module
  (memory $a 1)
  (memory $b 1 2)
  (func (export "run") (result i64)
    (i64.store $b offset=65528 (i32.const 0) (i64.const 0x1122334455667788))
    (i64.store32 $a (i32.const 0) (i64.load32_s $b offset=65532 (i32.const 0)))
    (memory.copy $b $a (i32.const 100) (i32.const 0) (i32.const 4))
    (memory.fill $b (i32.const 102) (i32.const 0xFF) (i32.const 1))
    (drop (memory.grow $b (i32.const 1)))
    (i64.add (i64.load8_u $b (i32.const 102))
             (i64.add (i64.extend_i32_u (memory.size $b))
                      (i64.extend_i32_s (i32.load16_s $b (i32.const 100))))))
  (func (export "outside") (result i32) (i32.load8_u $b offset=4294967295 (i32.const 1))))
