#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh - the same work on other runtimes, beside ours and the bound, on one core.
#
#   run.sh BENCH-PROGRAM [--tsv]
#
# Runs whichever peer is installed and says how to get the others; installs nothing.
# A peer runs each work once, in wall time: enough for differences of this size.
# --tsv prints: name, peer, value, unit, bound, ratio.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ours=${1:?the bench program, such as build/release/bin/bench/actors}
is_tsv=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# our line : name of the peers' programs for it
lines=(pingpong:pingpong ring:ring fanin:fanin stream:counting payload64:pay64
    payload1k:pay1k spawn:spawn idle_bytes:mem)

skip() { # skip PEER HOW
    echo "peers: SKIPPED $1: not installed. Try: $2" >&2
}

# Each run_<peer> BENCH prints a line: RESULT name operations seconds ...
run_erlang() { (cd "$work" && erl -noshell +S 1:1 +P 2000000 +sbwt none -s abench main "$1"); }
run_go() { GOMAXPROCS=1 "$work/abench_go" "$1"; }
run_caf() { "$work/abench_caf" "$1" 1; }

peers=()
if command -v erlc >/dev/null && command -v erl >/dev/null; then
    erlc -o "$work" "$here/erlang/abench.erl"
    peers+=(erlang)
else
    skip erlang "sudo apt-get install erlang-base"
fi
if command -v go >/dev/null; then
    GO111MODULE=off GOCACHE=$work/cache go build -o "$work/abench_go" "$here/go/abench.go"
    peers+=(go)
else
    skip go "sudo apt-get install golang-go"
fi
if command -v g++ >/dev/null && [ -e /usr/include/caf/all.hpp ]; then
    g++ -O2 -std=c++17 -o "$work/abench_caf" "$here/caf/abench.cpp" -lcaf_core -lpthread
    peers+=(caf)
else
    skip caf "sudo apt-get install g++ libcaf-dev"
fi
[ ${#peers[@]} -gt 0 ] || exit 0

on_one_core=()
if command -v taskset >/dev/null; then
    on_one_core=(taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')")
fi

print_line() { # print_line NAME PEER VALUE UNIT BOUND
    local format='%-11s %-12s %9.2f %-3s %9.2f %6.2f\n'
    [ -z "$is_tsv" ] || format='%s\t%s\t%.3f\t%s\t%.3f\t%.3f\n'
    awk -v f="$format" -v n="$1" -v p="$2" -v v="$3" -v u="$4" -v b="$5" \
        'BEGIN { printf f, n, p, v, u, b, v / b }'
}

[ -n "$is_tsv" ] ||
    printf '\n%-11s %-12s %9s %-3s %9s %6s\n' line runtime value "" bound ratio
for entry in "${lines[@]}"; do
    name=${entry%%:*}
    IFS=$'\t' read -r _ value unit bound _ < <("$ours" --tsv "$name")
    print_line "$name" microkernel "$value" "$unit" "$bound"
    for peer in "${peers[@]}"; do
        export -f "run_$peer"
        export work
        result=$("${on_one_core[@]}" bash -c "run_$peer ${entry##*:}" 2>/dev/null |
            grep '^RESULT' | head -1 || true)
        if [ -z "$result" ]; then
            echo "peers: $peer has no result for $name" >&2
            continue
        fi
        value=$(awk -v unit="$unit" '{ print unit == "B" ? $4 : $3 / $4 / 1e6 }' <<<"$result")
        print_line "$name" "$peer" "$value" "$unit" "$bound"
    done
done
