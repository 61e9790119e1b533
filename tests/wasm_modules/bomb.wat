;; SPDX-License-Identifier: Apache-2.0
;; Spawns the module in its payload again and again; answers with how many there are.
(module
  (import "env" "mk_spawn_wasm" (func $spawn (param i32 i32 i32) (result i64)))
  (import "env" "mk_send_u32" (func $send (param i64 i32 i32) (result i32)))
  (memory 1)
  (func (export "handle_message") (param i32 i64 i32 i32) (result i32)
    (local $count i32)
    (block $full
      (loop $more
        (br_if $full (i64.eqz
          (call $spawn (local.get 2) (local.get 3) (i32.const 4))))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br $more)))
    (call $send (local.get 1) (i32.const 201) (local.get $count))))
