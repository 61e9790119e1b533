#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# nodes.sh - the lines ipc_nodes_... of ./dev bench ipc on Erlang's distribution: two nodes on
# loopback, a core for each. Wall time, both ways; installs nothing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! command -v erlc >/dev/null || ! command -v erl >/dev/null; then
    echo "peers: SKIPPED erlang: not installed. Try: sudo apt-get install erlang-base" >&2
    exit 0
fi
work=$(mktemp -d)
name=bench_$$
other=""
end() {
    [ -z "$other" ] || kill "$other" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
erlc -o "$work" "$here/erlang/abench.erl"

# node CORE NAME ARGUMENT...
node() {
    local core=$1 of=$2 pinned=()
    shift 2
    if command -v taskset >/dev/null; then pinned=(taskset -c "$core"); fi
    exec "${pinned[@]}" erl -noshell -name "$of@127.0.0.1" -setcookie "$name" +S 1:1 -pa "$work" "$@"
}

(node $(($(nproc) - 1)) "${name}_b") </dev/null >/dev/null 2>&1 &
other=$!
for line in ipc_nodes_rtt:node_rtt ipc_nodes_stream:node_oneway; do
    result=""
    for _ in 1 2 3 4 5; do # the other node may not be there yet
        result=$( (node 0 "${name}_a" -s abench main "${line#*:}" "${name}_b@127.0.0.1") 2>/dev/null </dev/null |
            grep '^RESULT' | head -n 1 || true)
        [ -z "$result" ] || break
        sleep 1
    done
    if [ -z "$result" ]; then
        echo "peers: erlang has no result for ${line%%:*}" >&2
        continue
    fi
    awk -v name="${line%%:*}" '{ printf "%-16s %12.0f %-6s erlang\n", name, $3 / $4, "1/s" }' <<<"$result"
done
