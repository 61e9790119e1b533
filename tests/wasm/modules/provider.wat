;; SPDX-License-Identifier: Apache-2.0
(module
  (memory (export "memory") 1 3)
  (table (export "table") 4 funcref)
  (global (export "level") (mut i32) (i32.const 3))
  (func (export "next") (result i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (i32.load (i32.const 0))))
