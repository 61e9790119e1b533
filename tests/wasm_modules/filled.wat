;; SPDX-License-Identifier: Apache-2.0
;; Answers with the type after its own and the payload. Its memory ends at __heap_base,
;; as that of Rust's default settings does.
(module
  (import "env" "mk_send" (func $send (param i64 i32 i32 i32) (result i32)))
  (memory 1)
  (global (export "__heap_base") i32 (i32.const 65536))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (call $send (local.get 1) (i32.add (local.get 0) (i32.const 1)) (local.get 2)
      (local.get 3))))
