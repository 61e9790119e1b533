;; SPDX-License-Identifier: Apache-2.0
;; Imports what does not exist.
(module
  (import "env" "mk_fly" (func (param i32) (result i32)))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32) (i32.const 1)))
