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

# compare_turns OURS BOUND: arrays by name, a rate for each turn, ours first. Prints the
# median of both, and of the ratios of each turn of ours to the bound's before and after it
# (their geometric mean): so the machine's slow and fast times meet both sides alike. Of the
# ways tried it spreads least from one run to the next, by 0.01 to 0.02.
compare_turns() {
    local -n ours_of=$1 bound_of=$2
    local ratios
    ratios=$(paste <(printf '%s\n' "${ours_of[@]}") <(printf '%s\n' "${bound_of[@]}") |
        awk '$2 > 0 { if (NR > 1 && before > 0) print $1 / sqrt(before * $2); else if (NR == 1) first = $1 / $2 }
             { before = $2 }
             END { if (NR == 1) print first + 0 }')
    echo "$(printf '%s\n' "${ours_of[@]}" | median)" "$(printf '%s\n' "${bound_of[@]}" | median)" \
        "$(median <<<"$ratios")"
}
