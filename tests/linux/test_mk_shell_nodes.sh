#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mk-shell and other nodes: keygen, keys that are used or refused, where it listens.
set -u
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work/state MK_NODE_NAME=quiet
unset MK_NODE_ID MK_MOUNT_PORT MK_CLUSTER_KEY MK_CLUSTER_KEY_FILE
shell=${MK_SHELL:?MK_SHELL must name the program}

run() { # run ARGUMENT...
    timeout 60 "$shell" "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
}

check() { # check WHAT COMMAND...: the command succeeds
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what (exit code $code)"
        sed 's/^/  out: /' "$work/out"
        sed 's/^/  err: /' "$work/err"
    fi
}

ends_with() { [ "$code" = "$1" ]; }
says() { grep -qF -- "$1" "$work/err"; }

# --- keygen -----------------------------------------------------------------------
umask 000
run keygen "$work/key"
check "keygen writes a key" ends_with 0
check "its mode is 0600, whatever the umask" test "$(stat -c %a "$work/key")" = 600
check "it is 64 digits" grep -qxE '[0-9a-f]{64}' "$work/key"
cp -p "$work/key" "$work/before"
run keygen "$work/key"
check "keygen overwrites nothing" ends_with 1
check "and says so" says "a key is never overwritten"
check "the key is as it was" cmp -s "$work/key" "$work/before"
run keygen "$work/key2"
check "two keys differ" bash -c "! cmp -s '$work/key' '$work/key2'"
run keygen "$work/nowhere/key"
check "keygen into no folder fails" ends_with 1
run keygen
check "keygen without a file is a wrong usage" ends_with 2

# --- keys -------------------------------------------------------------------------
run --key "$work/none" -c list
check "a missing key file ends it" ends_with 1
check "in words" says "cannot read the key file"
chmod 640 "$work/key2"
run --key "$work/key2" -c list
check "a key file that others may read ends it" ends_with 1
check "in words" says "can be read by others"
MK_CLUSTER_KEY_FILE=$work/key2 run -c list
check "also from the environment" ends_with 1
MK_CLUSTER_KEY=secret run -c list
check "a key that is none ends it" ends_with 1
check "without showing it" bash -c "! grep -q secret '$work/err'"

# --- listening --------------------------------------------------------------------
run --listen 0 --log info -c list
check "it listens" ends_with 0
check "on this machine only" says "(no cluster key: only this machine can mount it)"
MK_MOUNT_PORT=0 run --log info -c list
check "also from the environment" says "nodes can mount this one at 127.0.0.1:"
run --listen 0.0.0.0:0 -c list
check "without a key not for others" ends_with 1
check "and says how to have one" says "mk-shell keygen FILE makes one"
run --listen "unix:$work/node.sock" --log info -c list
check "at a path" says "nodes can mount this one at unix:$work/node.sock"
check "which goes with it" test ! -e "$work/node.sock"
mkfifo "$work/first.in"
exec 3<>"$work/first.in"
: >"$work/first.out"
"$shell" --listen "unix:$work/node.sock" --log off <&3 >"$work/first.out" 2>&1 &
first=$!
disown $first
echo 'http listen 0' >&3
for _ in $(seq 100); do
    port=$(sed -n 's|^listening on http://127.0.0.1:\([0-9]*\)/$|\1|p' "$work/first.out")
    [ -z "$port" ] || break
    sleep 0.1
done
run --listen "unix:$work/node.sock" -c list
check "where another one is" ends_with 1
check "in words" says "unix:$work/node.sock: somebody listens there already"
run --listen "127.0.0.1:$port" -c list
check "at its port" ends_with 1
check "in words" says "127.0.0.1:$port: somebody listens there already"
run -c "http listen $port"
check "nor for requests" ends_with 1
check "in words" says "http: cannot listen: somebody listens there already"
kill -9 $first
exec 3>&-
run --listen here
check "at no place" ends_with 1
check "in words" says "is none of PORT, ADDRESS:PORT and unix:/PATH"

# --- mounting at the start (test_mk_nodes.sh has that it works) ---------------------
for target in "not a host" "" "127.0.0.1," "127.0.0.1:99999"; do
    run --mount "$target" -c list
    check "--mount '$target' ends it" ends_with 1
    check "in words" says "is neither HOST[:PORT] nor unix:/PATH"
done
run --mount 127.0.0.1:1,127.0.0.1:1 -c list
check "--mount twice the same" ends_with 1
run --mount 127.0.0.1:1 -c list
check "--mount of nobody keeps nobody waiting" ends_with 0

# --- listening with a key -----------------------------------------------------------
run --key "$work/key" --listen 127.0.0.1:0 --log info -c list
if grep -qF "has no TLS" "$work/err"; then
    check "without TLS a key cannot be used" ends_with 1
else
    check "with a key" says "(TLS with the cluster key)"
    MK_CLUSTER_KEY=$(cat "$work/key") run --listen 127.0.0.1:0 --log info -c list
    check "also from the environment" says "(TLS with the cluster key)"
fi

echo "linux/mk_shell_nodes: $passed passed, $failed failed"
[ "$failed" = 0 ]
