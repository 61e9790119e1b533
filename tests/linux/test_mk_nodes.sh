#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two mk-shells on this machine: names, calls and monitors between them; what each refusal
# says and ends with; a node that is killed comes back without help.
set -u
passed=0 failed=0
work=$(mktemp -d)
far=""
cleanup() {
    [ -z "$far" ] || kill -9 "$far" 2>/dev/null
    exec 9>&- 8>&-
    rm -rf "$work"
}
trap cleanup EXIT
export XDG_STATE_HOME=$work/state
unset MK_NODE_ID MK_NODE_NAME MK_CLUSTER_KEY MK_CLUSTER_KEY_FILE MK_MOUNT_PORT
shell=${MK_SHELL:?MK_SHELL must name the program}
socket=unix:$work/far.sock

check() { # check TEXT COMMAND...: the command holds
    local text=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $text (code ${code:-})"
        sed 's/^/  out: /' "$work/out"
        sed 's/^/  err: /' "$work/err"
    fi
}
code_is() { [ "$code" = "$1" ]; }
out_has() { grep -qE -- "$1" "$work/out"; }
err_has() { grep -qE -- "$1" "$work/err"; }

near() { # near COMMANDS: one node that runs these and ends
    MK_NODE_NAME=near MK_NODE_ID=1 timeout 60 "$shell" --log off -k -c "$1" \
        >"$work/out" 2>"$work/err" </dev/null
    code=$?
}

# until COMMAND...: it will hold; a minute at most.
until_true() {
    local i
    for ((i = 0; i < 1200; i++)); do
        "$@" && return 0
        sleep 0.05
    done
    return 1
}

start_far() { # start_far NAME NUMBER: a node that lives until its input ends
    mkfifo "$work/in.$$" 2>/dev/null
    exec 9<>"$work/in.$$"
    MK_NODE_NAME=$1 MK_NODE_ID=$2 "$shell" --demo --log off --listen "$socket" \
        <"$work/in.$$" >"$work/far.out" 2>&1 9>&- 8>&- &
    far=$!
    disown "$far" # its end is no news
    until_true test -S "$work/far.sock"
}

start_far far 2

near "mount $socket; nodes; ls /demo; call echo 1 one; call /node/far/echo 1 two; caps far"
check "mount says whom it mounted" out_has '^Mounted: far$'
check "nodes lists it" out_has '^  2 +far +up .*unix:'
check "ls marks whose it is" out_has '^/demo/echo=[0-9]+ @far$'
check "a bare name reaches the other node" out_has '^\[reply\] type=2 from=0x0*2[0-9a-f]{8} size=3 "one"$'
check "so does its own tree" out_has 'size=3 "two"$'
check "caps of a node" out_has '^identity=far$'
check "caps counts nodes" out_has '^transports=1$'
check "all went well" code_is 0

near "mount $socket; mount $socket"
check "mounted already: code" code_is 5
check "mounted already: sentence" err_has '^Mount failed: that is mounted already, or being mounted$'

near "mount $socket; unmount far; unmount far"
check "unmount" out_has '^Unmounted far$'
check "not mounted: code" code_is 3
check "not mounted: sentence" err_has '^Not mounted: far$'

near "mount unix:$work/nobody.sock"
check "nobody listens: code" code_is 6
check "nobody listens: sentence" err_has '^Mount failed: cannot connect to '

near "mount no.such.host.invalid"
if grep -qs '^MK_HAS_CARES:INTERNAL=OFF' "${MK_BUILD_DIR:?is the folder of the build}/CMakeCache.txt"; then
    check "names are not asked for: code" code_is 5
    check "names are not asked for: sentence" err_has 'built without c-ares'
else
    check "no such host: code" code_is 3
fi
check "no such host: sentence" err_has '^Mount failed: .*no\.such\.host\.invalid'

near "mount 'not a host'"
check "no target: code" code_is 2
check "no target: sentence" err_has "is no host, host:port"

MK_NODE_NAME=far MK_NODE_ID=2 timeout 60 "$shell" --log off -c "mount $socket" \
    >"$work/out" 2>"$work/err" </dev/null
code=$?
check "own node: code" code_is 5
check "own node: sentence" err_has '^Mount failed: .+'

near "mount $socket; call 8590000000 1 x"
check "nobody there: code" code_is 3
check "nobody there: sentence" err_has '^No such actor: 0x0*2'

near "mount $socket; call -t 100ms ns 12345 x; send 12884901889 1 x"
check "no reply: code" code_is 4
check "an unknown node: sentence" err_has '^Cannot reach 12884901889: node 3 is not connected$'

near "mount --json $socket; nodes --json; ls --json /demo/echo; lookup --json echo"
check "mount in JSON" out_has '^\{"mounted":\{"node":"far","node_id":2,"target":"unix:'
check "nodes in JSON" out_has '^\[\{"node_id":2,"node":"far","state":"up"'
check "ls in JSON" out_has '"node_id":2,"node":"far","origin":"mounted"'

# A node that stays, while the other one is killed and started again.
mkfifo "$work/commands"
MK_NODE_NAME=near MK_NODE_ID=1 timeout 120 "$shell" --log off -k \
    <"$work/commands" >"$work/out" 2>"$work/err" 9>&- &
staying=$!
exec 8>"$work/commands"
echo "mount $socket" >&8
until_true out_has '^Mounted: far$'
kill -9 "$far"
is_down() { : >"$work/out"; echo nodes >&8; until_true test -s "$work/out"; ! out_has ' up '; }
until_true is_down
check "a node that is killed is down" is_down
echo "lookup echo" >&8
until_true err_has '^Not found: echo$'
check "its names are gone" err_has '^Not found: echo$'
rm -f "$work/far.sock"
start_far far 2
answers() { : >"$work/out"; echo 'call /node/far/echo 1 again' >&8; sleep 0.1; out_has '"again"$'; }
until_true answers
check "it comes back without help" answers
exec 8>&-
wait "$staying"

# A node that is told at its start whom to mount, before anybody is there.
kill -9 "$far"
rm -f "$work/far.sock"
MK_NODE_NAME=near MK_NODE_ID=1 timeout 120 "$shell" --log off -k --mount "$socket,unix:$work/nobody.sock" \
    <"$work/commands" >"$work/out" 2>"$work/err" 9>&- &
staying=$!
exec 8>"$work/commands"
is_waiting() { : >"$work/out"; echo nodes >&8; until_true test -s "$work/out"; out_has "$1"; }
until_true is_waiting far.sock
check "--mount waits for a node" is_waiting far.sock
check "--mount takes several" is_waiting nobody.sock
start_far far 2
until_true answers
check "--mount finds it later" answers
exec 8>&-
wait "$staying"

echo "mk_nodes: $passed passed, $failed failed"
[ "$failed" = 0 ]
