;; SPDX-License-Identifier: Apache-2.0
;; Refuses to follow another module.
(module
  (func (export "mk_upgrade") (param i32) (unreachable))
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32) (i32.const 1)))
