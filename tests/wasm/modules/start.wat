;; SPDX-License-Identifier: Apache-2.0
;; A start function that traps when its page is marked.
(module
  (memory 1)
  (global $ran (export "ran") (mut i32) (i32.const 0))
  (func $start (global.set $ran (i32.const 1)) (drop (i32.load (i32.const 65536))))
  (start $start))
