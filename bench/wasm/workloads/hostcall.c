/* SPDX-License-Identifier: Apache-2.0 */
// Host-call cost: n thousand calls of an imported i32 -> i32 function.
#include "common.h"
#if defined(__wasm__)
__attribute__((import_module("env"), import_name("host_add")))
int32_t host_add(int32_t);
#else
int32_t host_add(int32_t);
#endif
EXPORT(run) int64_t run(int32_t n) {
    int32_t a = 0;
    for (int32_t i = 0; i < n * 1000; i++)
        a = host_add(a);
    return a;
}
