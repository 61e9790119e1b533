;; SPDX-License-Identifier: Apache-2.0
;; Asks for more for ever and does not listen to a no: type 1 pages, each of which it
;; touches, type 2 entries of its table.
(module
  (memory 1)
  (table $table 1 funcref)
  (func $pages (local $pages i32)
    (loop $more
      (local.set $pages (memory.grow (i32.const 1)))
      (if (i32.ne (local.get $pages) (i32.const -1)) (then
        (i32.store (i32.shl (local.get $pages) (i32.const 16)) (i32.const 1))))
      (br $more)))
  (func $entries
    (loop $more
      (drop (table.grow $table (ref.null func) (i32.const 1000)))
      (br $more)))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 1)) (then (call $pages)))
    (call $entries)
    (i32.const 1)))
