#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAMS [--tsv] [--quick] [LINE...]: the lines of ./dev bench net. Server and load
# have a core each where there are two; ours and the bound take turns, and the best of each
# counts. PROGRAMS is the folder with the built programs of this one.
set -euo pipefail
programs=$1
shift
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
rounds=5 seconds=1 tsv="" wanted=()
for argument in "$@"; do
    case $argument in
    --tsv) tsv=1 ;;
    --quick) rounds=1 seconds=0.1 ;;
    --goals) goals_only=1 ;;
    -*) echo "bench net: unknown option $argument" >&2 && exit 2 ;;
    *) wanted+=("$argument") ;;
    esac
done

# NAME UNIT GOAL(ratio, or at most so many bytes with <=) WHAT
lines=(
    "tls_handshake 1/s 0.90 new connections with a whole handshake"
    "tls_resume 1/s 0.90 new connections that resume a session"
    "tls_rtt 1/s 0.90 small answers, 64 connections"
    "tls_bulk MB/s 0.90 64 MiB answers, 4 connections"
    "tls_idle_bytes B <=14500 memory per idle connection, of 1000"
)
if [ -n "${goals_only:-}" ]; then
    printf '%s\n' "${lines[@]}"
    exit 0
fi

server_core=$(($(nproc) - 1)) load_core=0
pin() { # pin CORE COMMAND...
    local core=$1
    shift
    if command -v taskset >/dev/null; then exec taskset -c "$core" "$@"; else exec "$@"; fi
}

port=$((20000 + RANDOM % 20000))
# start PROGRAM ARGUMENT...: sets `pid` and `at`, its port.
start() {
    port=$((port + 1))
    at=$port
    (pin "$server_core" "$programs/$1" "$at" "${@:2}") &
    pid=$!
    servers+=("$pid")
    for _ in $(seq 200); do
        if (: <"/dev/tcp/127.0.0.1/$at") 2>/dev/null; then return; fi
        sleep 0.02
    done
    echo "bench net: $1 does not listen" >&2
    exit 1
}

# load KIND CONNECTIONS: of the server `pid` at `at`.
load() {
    (pin "$load_core" "$programs/load_tls" "$1" "$at" "$2" "$seconds" "$pid")
}

better() { # better A B MORE|LESS
    awk -v a="$1" -v b="$2" -v way="$3" 'BEGIN { print (way == "MORE") == (a > b) ? a : b }'
}

# measure KIND CONNECTIONS WAY: fresh servers in turns; sets `ours` and `bound`.
measure() {
    local i value
    ours="" bound=""
    for i in $(seq "$rounds"); do
        start ours_tls "$work/certificate.pem" "$work/key.pem"
        value=$(load "$1" "$2")
        ours=$([ -z "$ours" ] && echo "$value" || better "$ours" "$value" "$3")
        stop
        start bound_tls "$work/certificate.pem" "$work/key.pem" release
        value=$(load "$1" "$2")
        bound=$([ -z "$bound" ] && echo "$value" || better "$bound" "$value" "$3")
        stop
    done
}
stop() {
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    unset 'servers[-1]'
}

if [ ! -x "$programs/ours_tls" ]; then
    echo "bench net: SKIPPED: the lines tls_...: built without TLS (package libssl-dev)" >&2
    exit 0
fi
if ! command -v openssl >/dev/null; then
    echo "bench net: the lines tls_... need the openssl tool (package openssl)" >&2
    exit 1
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null

[ -n "$tsv" ] || printf '%-16s %12s %-6s %12s %8s %10s\n' line value unit bound ratio goal
for line in "${lines[@]}"; do
    read -r name unit goal what <<<"$line"
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then continue; fi
    case $name in
    tls_handshake) measure handshake 32 MORE ;;
    tls_resume) measure resume 32 MORE ;;
    tls_rtt) measure rtt 64 MORE ;;
    tls_bulk) measure bulk 4 MORE ;;
    tls_idle_bytes) measure idle 1000 LESS ;;
    esac
    awk -v name="$name" -v unit="$unit" -v goal="$goal" -v ours="$ours" -v bound="$bound" -v tsv="$tsv" \
        -v what="$what" 'BEGIN {
        ratio = ours / bound
        missed = goal ~ /^<=/ ? ours > substr(goal, 3) : ratio < goal
        if (tsv) printf "%s\t%.1f\t%s\t%.1f\t%.3f\n", name, ours, unit, bound, ratio
        else printf "%-16s %12.0f %-6s %12.0f %8.2f %10s%s\n", name, ours, unit, bound, ratio, goal,
            missed ? "  missed: " what : ""
    }'
done
