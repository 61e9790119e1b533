;; SPDX-License-Identifier: Apache-2.0
;; Imports a function of the host with another signature.
(module
  (import "env" "mk_self" (func (result i32)))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32) (i32.const 1)))
