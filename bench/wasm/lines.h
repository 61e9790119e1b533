/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - one line of the wasm bench, for people or as name, value, unit, bound,
 * ratio separated by tabs. */
#ifndef MK_BENCH_WASM_LINES_H
#define MK_BENCH_WASM_LINES_H

#include <stdbool.h>

/* What the command line asked for; see lines_take_option. */
extern bool lines_are_tsv;
extern bool lines_are_quick; /* a fraction of the work, once */

/* --tsv or --quick; any other argument ends the program. */
void lines_take_option(const char *argument);

/* `bound` is what the value is compared with, 0: nothing. With a `goal` a value above
 * it is marked; a goal below 0: there is none. */
void line_print(const char *name, double value, const char *unit, double bound,
                double goal);

#endif
