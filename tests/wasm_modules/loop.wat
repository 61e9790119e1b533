;; SPDX-License-Identifier: Apache-2.0
;; Never returns.
(module
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (loop (br 0)) (unreachable)))
