/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include "../measure.h"

#include <stdio.h>
#include <string.h>

bool lines_are_tsv, lines_are_quick;

void lines_take_option(const char *argument) {
    if (strcmp(argument, "--tsv") == 0)
        lines_are_tsv = true;
    else if (strcmp(argument, "--quick") == 0)
        lines_are_quick = true;
    else
        give_up("understanding the arguments");
}

void line_print(const char *name, double value, const char *unit, double bound,
                double goal) {
    if (lines_are_tsv)
        printf("wasm_%s\t%.3f\t%s\t%.3f\t%.3f\n", name, value, unit, bound,
               bound > 0 ? value / bound : 0);
    else if (goal >= 0)
        printf("wasm_%-17s %10.2f %-6s goal <= %.1f%s\n", name, value, unit, goal,
               value <= goal ? "" : "  missed");
    else if (bound > 0)
        printf("wasm_%-17s %10.2f %-6s %10.2f native %8.2f\n", name, value, unit, bound,
               value / bound);
    else
        printf("wasm_%-17s %10.2f %s\n", name, value, unit);
    fflush(stdout);
}
