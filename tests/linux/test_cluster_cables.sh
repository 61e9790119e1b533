#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three nodes on three machines, which are network namespaces on one switch: a cable is
# pulled, and silence is noticed; a node is killed; each time all comes back by itself
# when the cable is plugged in, or the node started. Also what a listener on the wire
# reads of it, with a key and without. Root only; nothing of it stays.
set -u
passed=0 failed=0
unset MK_NODE_ID MK_NODE_NAME MK_CLUSTER_KEY MK_CLUSTER_KEY_FILE MK_MOUNT_PORT
shell=${MK_SHELL:?MK_SHELL must name the program}

skip_all() {
    echo "SKIPPED: $1"
    echo "linux/cluster_cables: 0 passed, 0 failed, 1 skipped"
    exit 0
}
[ "$(id -u)" = 0 ] || skip_all "machines with cables need root"
command -v ip >/dev/null || skip_all "machines with cables need ip (apt-get install iproute2)"
mark=mk$$ # of all that is made in the kernel
ip netns add "$mark-switch" 2>/dev/null || skip_all "network namespaces are not allowed here"

work=$(mktemp -d)
pids=()
cleanup() {
    local name
    [ ${#pids[@]} = 0 ] || kill -9 "${pids[@]}" 2>/dev/null
    for name in switch a b c; do ip netns del "$mark-$name" 2>/dev/null; done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
export XDG_STATE_HOME=$work/state

check() { # check TEXT COMMAND...: the command holds
    local text=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $text"
        tail -n 20 "$work"/*.out "$work"/*.log | sed 's/^/  /'
    fi
}
until_true() { # until_true SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# --- machines ---------------------------------------------------------------------
ip -n "$mark-switch" link add name br0 type bridge &&
    ip -n "$mark-switch" link set br0 up || skip_all "there are no bridges here"
number=0
for name in a b c; do
    number=$((number + 1))
    ip netns add "$mark-$name" &&
        ip -n "$mark-switch" link add "to-$name" type veth peer name eth0 netns "$mark-$name" &&
        ip -n "$mark-switch" link set "to-$name" master br0 &&
        ip -n "$mark-switch" link set "to-$name" up &&
        ip -n "$mark-$name" address add "10.77.0.$number/24" dev eth0 &&
        ip -n "$mark-$name" link set lo up &&
        ip -n "$mark-$name" link set eth0 up || skip_all "there are no cables (veth) here"
done
on() { # on NAME COMMAND...: on that machine
    local name=$1
    shift
    ip netns exec "$mark-$name" "$@"
}
exec_on() { # as on, with the process of the command as that of the shell around it
    local name=$1
    shift
    exec ip netns exec "$mark-$name" "$@"
}
pull() { ip -n "$mark-switch" link set "to-$1" down; }
plug() { ip -n "$mark-switch" link set "to-$1" up; }

# --- nodes ------------------------------------------------------------------------
declare -A pid_of
start() { # start NAME NUMBER ARGUMENT...: a node that reads commands
    local name=$1
    rm -f "$work/$name.in"
    mkfifo "$work/$name.in"
    # exec: the process that is killed is the node.
    MK_NODE_NAME=node-$name MK_NODE_ID=$2 exec ip netns exec "$mark-$name" \
        "$shell" --demo --log off -k "${@:3}" <>"$work/$name.in" >>"$work/$name.out" 2>&1 &
    pid_of[$name]=$!
    pids+=($!)
    disown $!
}
say() { echo "$2" 1<>"$work/$1.in"; } # does not wait for a reader
ask() { # ask NAME COMMAND PATTERN: it answers with that
    : >"$work/$1.out"
    say "$1" "$2"
    until_true 2 grep -qE -- "$3" "$work/$1.out"
}
is_up() { ask "$1" nodes "node-$2 +up "; }
is_down() { ask "$1" 'nodes; whoami' "^node-$1 \(" && ! grep -qE "node-$2 +up " "$work/$1.out"; }
are_all_up() {
    is_up a b && is_up a c && is_up b a && is_up b c && is_up c a && is_up c b
}
answers() { ask "$1" "call /node/node-$2/echo 1 heard" '"heard"$'; }

"$shell" keygen "$work/key" 2>"$work/keygen.out" || exit 1
if "$shell" --key "$work/key" -c list 2>&1 | grep -q "has no TLS"; then
    skip_all "this build has no TLS, and without a key nodes of two machines do not talk"
fi
keyed=(--key "$work/key" --listen 4200)
start a 1 "${keyed[@]}"
start b 2 "${keyed[@]}"
start c 3 "${keyed[@]}"
until_true 10 ask b whoami '^node-b'
until_true 10 ask c whoami '^node-c'
say a 'mount 10.77.0.2; mount 10.77.0.3'
say b 'mount 10.77.0.3'
check "three nodes on three machines" until_true 30 are_all_up
check "a remote echo answers" answers a c
check "a module is loaded" ask c 'load echo.wasm' 'echo'
check "a remote WASM actor answers" until_true 10 ask a 'call /node/node-c/echo_1 200 module' '"module"$'
check "ls marks what is on another node" ask a 'ls /node/node-b/demo' '@node-b$'

# --- a cable ----------------------------------------------------------------------
pull c
check "silence is noticed by a" until_true 40 is_down a c
check "and by b" until_true 10 is_down b c
check "and by c, of both" until_true 10 is_down c a
check "others are not harmed" is_up a b
check "names of the silent one are gone" ask a 'lookup /node/node-c/echo' 'Not found'
plug c
check "plugged in, all come back" until_true 90 are_all_up
check "and answer" until_true 10 answers a c
check "both ways" until_true 10 answers c b

# --- a killed node ----------------------------------------------------------------
kill -9 "${pid_of[b]}"
check "a killed node is missed" until_true 25 is_down a b
start b 2 "${keyed[@]}"
check "started again, its mounts by others come back" until_true 90 is_up a b
say b 'mount 10.77.0.3'
check "all are up" until_true 60 are_all_up
check "and answer" until_true 10 answers a b

# --- on the wire ------------------------------------------------------------------
# listen_in FILE MACHINE DEVICE: until stop_listening
listen_in() {
    : >"$work/tcpdump.log" # that of an earlier one says that it listens
    exec_on "$2" tcpdump -i "$3" -Z root --immediate-mode -U -w "$1" tcp port 4200 >>"$work/tcpdump.log" 2>&1 &
    tcpdump=$!
    pids+=($!)
    disown $!
    until_true 10 grep -q "listening on" "$work/tcpdump.log"
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }
is_long() { [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt 1000 ]; }
stop_listening() { # stop_listening FILE: once it has something
    until_true 10 is_long "$1"
    kill "$tcpdump"
    until_true 10 is_gone "$tcpdump"
}
shows() { grep -qaF -- "$2" "$1"; }
shows_nothing() { is_long "$1" && ! grep -qaE -- 'node-a|node-c|echo|demo|between-us|MK01' "$1"; }
if command -v tcpdump >/dev/null; then
    say a 'unmount node-c'
    until_true 10 is_down a c
    listen_in "$work/keyed.pcap" c eth0
    say a 'mount 10.77.0.3'
    until_true 20 is_up a c
    check "a secret is told" until_true 10 ask a 'call /node/node-c/echo 1 between-us' '"between-us"$'
    stop_listening "$work/keyed.pcap"
    check "with a key the wire shows no name and no payload" shows_nothing "$work/keyed.pcap"
    kill -9 "${pid_of[a]}" "${pid_of[c]}" "${pid_of[b]}"
    until_true 10 is_gone "${pid_of[c]}" # and its port is free
    start c 3 --listen 4200
    until_true 10 on c bash -c ': 2>/dev/null </dev/tcp/127.0.0.1/4200'
    listen_in "$work/open.pcap" c lo
    MK_NODE_NAME=node-a MK_NODE_ID=1 on c timeout 30 "$shell" --log off \
        -c 'mount 127.0.0.1; call /node/node-c/echo 1 between-us' >"$work/open.out" 2>&1 </dev/null
    stop_listening "$work/open.pcap"
    check "without one it shows the node" shows "$work/open.pcap" node-a
    check "a name" shows "$work/open.pcap" echo
    check "and the payload" shows "$work/open.pcap" between-us
    skipped=""
else
    echo "SKIPPED: listening on the wire needs tcpdump (apt-get install tcpdump)"
    skipped=", 1 skipped"
fi

echo "linux/cluster_cables: $passed passed, $failed failed$skipped"
[ "$failed" = 0 ]
