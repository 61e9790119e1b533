/* SPDX-License-Identifier: Apache-2.0 */
/* mutant.c - base calling the kernel through a declaration written by hand. The
 * include check cannot see it; the link of closes_base_mutant has to fail. */
struct runtime;
void runtime_stop(struct runtime *rt);
void mutant_stop(struct runtime *rt);

void mutant_stop(struct runtime *rt) {
    runtime_stop(rt);
}
