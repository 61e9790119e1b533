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

# quiet_turn OURS BOUND: arrays by name, a rate for each turn. Of the half of the turns
# that took both together least - when the machine had little else to do - the one with
# the median ratio: prints both rates and the ratio. (Fewer turns would be quieter, but
# ratios of single turns spread by a tenth, and the median needs many of them.)
quiet_turn() {
    local -n ours_of=$1 bound_of=$2
    paste <(printf '%s\n' "${ours_of[@]}") <(printf '%s\n' "${bound_of[@]}") |
        awk '$1 > 0 && $2 > 0 { print 1 / $1 + 1 / $2, $1, $2, $1 / $2 }' | sort -g |
        head -n $(((${#ours_of[@]} + 1) / 2)) | sort -g -k 4 |
        awk '{ turn[NR] = $2 " " $3 " " $4 } END { print turn[int(NR / 2) + 1] }'
}
