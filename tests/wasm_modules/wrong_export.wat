;; SPDX-License-Identifier: Apache-2.0
;; Its handle_message has too few parameters.
(module
  (func (export "handle_message") (param i32 i64) (result i32) (i32.const 1)))
