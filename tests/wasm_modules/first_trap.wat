;; SPDX-License-Identifier: Apache-2.0
;; Fails with its first message.
(module
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32) (unreachable)))
