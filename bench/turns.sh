# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# turns.sh - what the scripts share that let ours and others take turns; to be sourced.

pin() { # pin CORE COMMAND...: becomes that command
    local core=$1
    shift
    if command -v taskset >/dev/null; then exec taskset -c "$core" "$@"; else exec "$@"; fi
}

# Of the numbers on stdin, one on a line.
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# median_ratio OURS BOUND: arrays by name, a value for each turn.
median_ratio() {
    local -n ours_of=$1 bound_of=$2
    paste <(printf '%s\n' "${ours_of[@]}") <(printf '%s\n' "${bound_of[@]}") |
        awk '{ print $2 == 0 ? "inf" : $1 / $2 }' | median
}
