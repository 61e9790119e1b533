;; SPDX-License-Identifier: Apache-2.0
;; Exports nothing.
(module (func (param i32 i64 i32 i32) (result i32) (i32.const 1)))
