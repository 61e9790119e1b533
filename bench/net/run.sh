#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAMS [--tsv] [--quick] [LINE...]: the lines of ./dev bench net. Server and load
# have a core each where there are two; ours and the bound take short turns, because
# shared machines change their speed within a second (turns.sh says what counts).
# PROGRAMS is the folder with the built programs of this one.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../turns.sh"
programs=$1
shift
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
tsv="" quick="" wanted=()
for argument in "$@"; do
    case $argument in
    --tsv) tsv=1 ;;
    --quick) quick=1 ;;
    --goals) goals_only=1 ;;
    -*) echo "bench net: unknown option $argument" >&2 && exit 2 ;;
    *) wanted+=("$argument") ;;
    esac
done

# NAME UNIT GOAL(ratio; or so much at most, <=, or at least, >=) WHAT
lines=(
    "http_parse MB/s >=1500 heads of a browser, 666 bytes, parsed in one piece; the bound copies the lines"
    "http_64 1/s 0.90 small answers, 64 connections"
    "http_1000 1/s 0.90 small answers, 1000 connections"
    "http_pipelined 1/s 0.60 small answers, 16 requests in flight on each of 64 connections"
    "ws_16b 1/s 0.90 echoes of 16 B, one in flight on each of 64 connections"
    "ws_16b_16 1/s 0.75 echoes of 16 B, 16 in flight"
    "ws_64k 1/s 0.65 echoes of 64 KiB, one in flight on each of 8 connections"
    "http_ping_us us <=5000 round trip of a neighbour (p99) beside slow heads, slow readers, floods, a black hole, silent name servers; bound: alone"
    "http_idle_bytes B <=256 memory per idle connection, of 5000"
    "ws_idle_bytes B <=256 memory per idle WebSocket, of 5000"
    "tls_handshake 1/s 0.90 new connections with a whole handshake"
    "tls_resume 1/s 0.90 new connections that resume a session"
    "tls_rtt 1/s 0.90 small answers, 64 connections"
    "tls_bulk MB/s 0.90 64 MiB answers, 4 connections"
    "tls_late_ms ms <=5 how late a timer of 1 ms is at worst while 1000 connections shake hands at once"
    "tls_idle_bytes B <=14500 memory per idle connection, of 1000"
)
if [ -n "${goals_only:-}" ]; then
    printf '%s\n' "${lines[@]}"
    exit 0
fi

# pace UNIT: sets how often and for how long a line of that unit is measured. Memory does
# not vary; a worst case needs time to happen.
pace() {
    case $1 in
    B) rounds=3 seconds=0.2 ;;
    */s) rounds=49 seconds=0.1 ;;
    *) rounds=25 seconds=0.2 ;;
    esac
    # In a shorter turn there are too few of what takes half a millisecond.
    case $name in tls_handshake | tls_resume) seconds=0.3 ;; esac
    if [ -n "$quick" ]; then rounds=1 seconds=0.4; fi
}

server_core=$(($(nproc) - 1)) load_core=0

# start PROGRAM ARGUMENT...: sets `pid` and `at`, the free port that it took and tells.
mkfifo "$work/port"
start() {
    (pin "$server_core" "$programs/$1" 0 "${@:2}" >"$work/port") &
    pid=$!
    servers+=("$pid")
    if ! read -r at <"$work/port"; then
        echo "bench net: $1 does not listen" >&2
        exit 1
    fi
}

# load KIND CONNECTIONS ARGUMENT...: of the server `pid` at `at`.
load() {
    (pin "$load_core" "$programs/$load_program" "$1" "$at" "$2" "$seconds" "$pid" "${@:3}")
}

# in_turns OURS BOUND: two functions that set `value`; sets `ours`, `bound` and `ratio`.
in_turns() {
    local ours_values=() bound_values=()
    for _ in $(seq "$rounds"); do
        "$1"
        ours_values+=("$value")
        "$2"
        bound_values+=("$value")
    done
    case $unit in
    */s) read -r ours bound ratio <<<"$(compare_turns ours_values bound_values)" ;;
    *)
        ours=$(printf '%s\n' "${ours_values[@]}" | median)
        bound=$(printf '%s\n' "${bound_values[@]}" | median)
        ratio=$(awk -v ours="$ours" -v bound="$bound" 'BEGIN { print (bound > 0 ? ours / bound : 0) }')
        ;;
    esac
}

# serve_once COMMAND... -- PROGRAM...: what the command says of a fresh server.
serve_once() {
    local command=()
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    start "${@:2}"
    value=$("${command[@]}")
    stop
}

# measure KIND CONNECTIONS LOAD-ARGUMENT...: fresh servers in turns. The programs and their
# arguments are those that use_... set.
measure() {
    local arguments=("$@")
    ours_once() { serve_once load "${arguments[@]}" -- "${ours_program[@]}"; }
    bound_once() { serve_once load "${arguments[@]}" -- "${bound_program[@]}"; }
    in_turns ours_once bound_once
}
use_http() { # use_http BOUND
    ours_program=(ours_http) bound_program=("$1") load_program=load_http
}
use_tls() {
    local keys=("$work/certificate.pem" "$work/key.pem")
    ours_program=(ours_tls "${keys[@]}") bound_program=(bound_tls "${keys[@]}" release)
    load_program=load_tls
}
stop() {
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    unset 'servers[-1]'
}

# What a neighbour of many handshakes feels, at worst. There is no bound; its column
# repeats it.
measure_late() {
    local value keys=("$work/certificate.pem" "$work/key.pem")
    late() {
        load handshake 1000 >/dev/null 2>&1 || true # its own number is of no interest
        cat "$work/late"
    }
    ours=0
    for _ in $(seq "$rounds"); do
        serve_once late -- ours_tls "${keys[@]}" "$work/late"
        ours=$(printf '%s\n' "$ours" "$value" | sort -g | tail -n 1)
    done
    bound=$ours ratio=1
}

# What a neighbour of slow and rude peers feels; instead of a bound, the server by itself.
measure_ping() {
    ping() { (pin "$load_core" "$programs/load_ping" "$1" "$at" "$seconds"); }
    ours_once() { serve_once ping crowd -- ours_http troubled; }
    bound_once() { serve_once ping alone -- ours_http; }
    in_turns ours_once bound_once
}

# The parser needs no server.
measure_parser() {
    parse() { value=$(pin "$server_core" "$programs/parse_http" "$1" "$seconds"); }
    ours_once() { parse ours; }
    bound_once() { parse bound; }
    in_turns ours_once bound_once
}

# has_tls LINE: what the lines tls_... need is there, made at the first of them.
has_tls() {
    [ -z "${tls_is_ready:-}" ] || return 0
    if [ ! -x "$programs/ours_tls" ]; then
        echo "bench net: SKIPPED: $1: built without TLS (package libssl-dev)" >&2
        return 1
    fi
    if ! command -v openssl >/dev/null; then
        echo "bench net: SKIPPED: $1: needs the openssl tool (package openssl)" >&2
        return 1
    fi
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
    tls_is_ready=1
}

[ -n "$tsv" ] || printf '%-16s %12s %-6s %12s %8s %10s\n' line value unit bound ratio goal
for line in "${lines[@]}"; do
    read -r name unit goal what <<<"$line"
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then continue; fi
    pace "$unit"
    case $name in
    tls_*)
        has_tls "$name" || continue
        use_tls
        ;;
    ws_*) use_http bound_ws ;;
    *) use_http bound_http ;;
    esac
    case $name in
    http_parse) measure_parser ;;
    http_64) measure http 64 1 ;;
    http_1000) measure http 1000 1 ;;
    http_pipelined) measure http 64 16 ;;
    ws_16b) measure ws 64 1 16 ;;
    ws_16b_16) measure ws 64 16 16 ;;
    ws_64k) measure ws 8 1 65536 ;;
    http_ping_us) measure_ping ;;
    http_idle_bytes) measure idle_http 5000 ;;
    ws_idle_bytes) measure idle_ws 5000 ;;
    tls_handshake) measure handshake 32 ;;
    tls_resume) measure resume 32 ;;
    tls_rtt) measure rtt 64 ;;
    tls_bulk) measure bulk 4 ;;
    tls_late_ms) measure_late ;;
    tls_idle_bytes) measure idle 1000 ;;
    esac
    awk -v name="$name" -v unit="$unit" -v goal="$goal" -v ours="$ours" -v bound="$bound" -v tsv="$tsv" \
        -v ratio="$ratio" -v what="$what" 'BEGIN {
        missed = goal ~ /^<=/ ? ours > substr(goal, 3) + 0 : goal ~ /^>=/ ? ours < substr(goal, 3) + 0 : ratio < goal
        if (tsv) printf "%s\t%.1f\t%s\t%.1f\t%.3f\n", name, ours, unit, bound, ratio
        else printf "%-16s %12.0f %-6s %12.0f %8.2f %10s%s\n", name, ours, unit, bound, ratio, goal,
            missed ? "  missed: " what : ""
    }'
done
