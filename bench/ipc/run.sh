#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAMS [--tsv] [--quick] [--goals] [LINE...]: the lines of ./dev bench ipc. Ours
# and the bound take short turns, because shared machines change their speed within a
# second (turns.sh says what counts). PROGRAMS is the folder with the built programs of this
# one: each is called with the arguments of its line and the seconds to measure, and
# prints one number.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../turns.sh"
programs=$1
shift
rounds=81 seconds=0.05 tsv="" wanted=()
for argument in "$@"; do
    case $argument in
    --tsv) tsv=1 ;;
    --quick) rounds=1 seconds=0.05 ;;
    --goals) goals_only=1 ;;
    -*) echo "bench ipc: unknown option $argument" >&2 && exit 2 ;;
    *) wanted+=("$argument") ;;
    esac
done

# NAME UNIT GOAL(ratio) [ENOUGH(value)] | OURS | BOUND | WHAT: missed when neither is reached
lines=(
    "ipc_unix_rtt 1/s 0.80 | ours_link unix rtt | bound_link unix rtt | round trips of 64 B over a unix link, beside bare reads and writes"
    "ipc_tcp_rtt 1/s 0.80 | ours_link tcp rtt | bound_link tcp rtt | the same over tcp"
    "ipc_unix_stream 1/s 0.60 | ours_link unix stream | bound_link unix stream | messages of 64 B one way over a unix link, beside writes of 64 KiB"
    "ipc_tcp_stream 1/s 0.60 | ours_link tcp stream | bound_link tcp stream | the same over tcp"
    "ipc_tls_stream 1/s 0.60 | ours_link tls stream | ours_link tcp stream | the same over TLS, beside our plain tcp link"
    "ipc_tls_bound 1/s 0.80 | ours_link tls stream | bound_link_tls | the same, beside OpenSSL and the same cipher on bare sockets"
    "ipc_nodes_rtt 1/s 0.70 | ours_nodes tcp rtt | bound_link tcp rtt | round trips of 64 B from actor to actor of two nodes over tcp"
    "ipc_nodes_stream 1/s 0.40 | ours_nodes tcp stream | bound_link tcp stream | messages of 64 B one way from actor to actor, with credit"
    "ipc_ring_rtt 1/s 0.50 | cores ring_rtt | cores bare_rtt | to an actor on another core and back, beside a bare ring that sleeps and wakes alike"
    "ipc_ring_stream 1/s 0.60 20000000 | cores ring_stream | cores bare_stream | messages of 8 B from one actor to one on another core, beside a bare ring"
    "ipc_ring_link 1/s 0.60 20000000 | cores link_stream | cores bare_stream | the same between the two ends of a ring link"
    "cores_pairs 1/s 1.80 | cores two_pairs | cores one_pairs | 500 pairs of actors on two runtimes, beside one"
    "cores_fanin 1/s 1.80 | cores two_fanin | cores one_fanin | 1 000 actors to two collectors on two runtimes, beside one to one"
)
if [ -n "${goals_only:-}" ]; then
    printf '%s\n' "${lines[@]}"
    exit 0
fi

# measure COMMAND: one number, or the end of everything.
measure() {
    local program arguments value
    read -r program arguments <<<"$1"
    # shellcheck disable=SC2086
    value=$("$programs/$program" $arguments "$seconds")
    [[ $value =~ ^[0-9]+(\.[0-9]+)?$ ]] || {
        echo "bench ipc: '$1' printed '$value'" >&2
        exit 1
    }
    echo "$value"
}

[ -n "$tsv" ] || printf '%-16s %12s %-6s %12s %8s %10s\n' line value unit bound ratio goal
for line in "${lines[@]}"; do
    IFS='|' read -r head ours_command bound_command what <<<"$line"
    read -r name unit goal enough <<<"$head"
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then continue; fi
    if [[ $ours_command == *" tls "* ]] && [ ! -f "$programs/has_tls" ]; then
        echo "bench ipc: SKIPPED: $name: built without TLS (package libssl-dev)" >&2
        continue
    fi
    ours_values=() bound_values=()
    for _ in $(seq "$rounds"); do
        ours_values+=("$(measure "$ours_command")")
        bound_values+=("$(measure "$bound_command")")
    done
    read -r ours bound ratio <<<"$(compare_turns ours_values bound_values)"
    awk -v name="$name" -v unit="$unit" -v goal="$goal" -v ours="$ours" -v bound="$bound" -v tsv="$tsv" \
        -v ratio="$ratio" -v enough="${enough:-}" \
        -v what="$what" 'BEGIN {
        if (tsv) printf "%s\t%.1f\t%s\t%.1f\t%.3f\n", name, ours, unit, bound, ratio
        else printf "%-16s %12.0f %-6s %12.0f %8.2f %10s%s\n", name, ours, unit, bound, ratio, goal,
            ratio < goal && (enough == "" || ours < enough) ? "  missed:" what : ""
    }'
done
