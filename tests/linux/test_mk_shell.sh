#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mk-shell without a person: -c, a script, a pipe; what goes where, and the exit codes.
set -u
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work/state MK_NODE_NAME=quiet
unset MK_NODE_ID
shell=${MK_SHELL:?MK_SHELL must name the program}

verdict() { # verdict STATUS TEXT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $2"
        echo "  code: $code"
        sed 's/^/  out: /' "$work/out"
        sed 's/^/  err: /' "$work/err"
    fi
}

run() { # run ARGUMENT...: with the standard input of the caller
    timeout 60 "$shell" "$@" >"$work/out" 2>"$work/err"
    code=$?
}

code_is() { # code_is CODE TEXT
    [ "$code" = "$1" ]
    verdict $? "$2: exit code $1"
}

out_is() { # out_is TEXT WHAT
    [ "$(cat "$work/out")" = "$1" ]
    verdict $? "$2"
}

out_has() { # out_has PATTERN WHAT
    grep -qE -- "$1" "$work/out"
    verdict $? "$2: standard output has $1"
}

err_has() { # err_has PATTERN WHAT
    grep -qE -- "$1" "$work/err"
    verdict $? "$2: standard error has $1"
}

err_is_empty() { # err_is_empty WHAT
    [ ! -s "$work/err" ]
    verdict $? "$1: standard error is empty"
}

# --- a pipe -----------------------------------------------------------------------
printf 'list\ntree\ncall echo 1 hello\nexit\n' | { run --demo; echo $code >"$work/code"; }
code=$(cat "$work/code")
code_is 0 "the demo through a pipe"
err_is_empty "the demo through a pipe"
out_has '^  SEQ  ID +STATUS +MBOX +NAME$' "list"
out_has '^  \|- echo +0x[0-9a-f]+ permanent' "tree"
out_has '^\[reply\] type=2 from=0x[0-9a-f]+ size=5 "hello"$' "call"
[ "$(head -c 7 "$work/out")" = "  SEQ  " ]
verdict $? "nothing comes before the first command's output"
! grep -q $'[\x1b\r]\|^> \|mk-shell v' "$work/out"
verdict $? "there is no prompt, banner or escape sequence"

run </dev/null
code_is 0 "nothing to do"
out_is "" "nothing to do: nothing is said"
err_is_empty "nothing to do"

run <&-
code_is 0 "a closed input"

printf 'whoami\nlookup nix\nwhoami\n' >"$work/input"
run <"$work/input"
code_is 3 "the first failure ends a file on standard input"
[ "$(wc -l <"$work/out")" = 1 ]
verdict $? "and nothing behind it is run"
err_has '^Not found: nix$' "a name that nobody has"

# --- -c and scripts ---------------------------------------------------------------
run -c 'lookup ns; lookup caps'
code_is 0 "-c"
[ "$(wc -l <"$work/out")" = 2 ]
verdict $? "-c runs all its commands"

printf '#!/usr/bin/env mk-shell\n# a script\nwhoami\r\nself # this one\nexit 9\nwhoami\n' >"$work/script"
run "$work/script"
code_is 9 "a script"
out_has '^quiet \(actor [0-9]+\)$' "a script"
[ "$(grep -c quiet "$work/out")" = 1 ]
verdict $? "exit ends a script"
run - <"$work/script"
code_is 9 "a script on standard input"

# --- exit codes -------------------------------------------------------------------
run -c 'whoamy'
code_is 2 "an unknown command"
err_has "whoami" "a near miss is answered with what was meant"
run -c 'stop 99999999'
code_is 3 "an unknown id"
run -c 'call -t 50ms console 300'
code_is 4 "a timeout"
err_has '^Timeout \(50ms\)$' "a timeout"
run -c 'send console 0xFF000001'
code_is 5 "a reserved type"
run -k -c 'lookup nix
whoamy
whoami'
code_is 3 "-k: the first failure counts"
out_has '^quiet ' "-k: the rest is run"
run -kc 'lookup nix; whoami'
code_is 3 "-kc"
out_has '^quiet ' "-kc: the rest of the line is run"
run -c 'exit 300'
code_is 2 "exit with an absurd code"

long=$(printf 'x%.0s' {1..5000})
printf 'whoami %s\nwhoami\n' "$long" | { run; echo $code >"$work/code"; }
code=$(cat "$work/code")
code_is 2 "a line that is too long"
out_is "" "a line that is too long is not run"
err_has 'Line 1 is too long' "a line that is too long"

printf 'nosuch\xff\xfe\x1b[2J\n' | { run; echo $code >"$work/code"; }
code=$(cat "$work/code")
code_is 2 "bytes that are no text"
err_has 'nosuch\\xff\\xfe\\x1b\[2J' "bytes that are no text are shown escaped"

# --- interrupted ------------------------------------------------------------------
# The program says when it is in the middle of the call: it has answered `whoami`.
interrupt() { # interrupt SIGNAL
    mkfifo "$work/fifo"
    env -u MK_NODE_ID "$shell" -c 'whoami; call -t 1h console 300' >"$work/fifo" 2>"$work/err" &
    local pid=$!
    head -n 1 "$work/fifo" >"$work/out"
    kill "-$1" "$pid"
    wait "$pid"
    code=$?
    rm "$work/fifo"
}
set -m # or the shell that runs this makes background programs ignore SIGINT
interrupt INT
code_is 130 "SIGINT in the middle of a call"
interrupt TERM
code_is 143 "SIGTERM in the middle of a call"
interrupt HUP
code_is 129 "SIGHUP in the middle of a call"
set +m

# --- options ----------------------------------------------------------------------
run --help
code_is 0 "--help"
out_has 'Usage: mk-shell' "--help"
run --version
out_has '^mk-shell v0\.3$' "--version"
out_has '^TLS: (OpenSSL [0-9.]+.*|none)$' "--version"
run -c caps
out_has '^http=true$' "caps"
for wrong in --nope "--log loud" "--name a/b" "--cores 0" "--cores 9999" "--cores 2x" "-c self -c self" "a b" "-c self x" -c; do
    # shellcheck disable=SC2086
    run $wrong
    code_is 2 "mk-shell $wrong"
    err_has "Try 'mk-shell --help'" "mk-shell $wrong"
    out_is "" "mk-shell $wrong: nothing is run"
done
run "$work/nowhere"
code_is 1 "a script that is not there"
err_has 'nowhere: No such file' "a script that is not there"
run "$work"
code_is 1 "a folder is no script"
run --demo --cores 3 --name trio -c 'call /demo/worker-1 1; call /demo/worker-2 1; ls /node'
code_is 0 "several cores"
out_has '^/node/trio-2/demo/worker-2=' "names of other cores"
[ "$(grep -c '^\[reply\] type=2' "$work/out")" = 2 ]
verdict $? "both workers answered from their cores"
err_is_empty "several cores"
run --name bob -c whoami
out_has '^bob \(actor' "--name"
MK_NODE_NAME=eve run -c whoami
out_has '^eve \(actor' "MK_NODE_NAME"
MK_NODE_ID=7 run -c 'lookup ns'
out_is 30064771073 "MK_NODE_ID"
MK_NODE_ID=many run -c 'whoami'
code_is 0 "a wrong MK_NODE_ID is no obstacle"
err_has 'warning: MK_NODE_ID' "a wrong MK_NODE_ID"
run --json -c 'whoami; lookup nix'
out_has '^\{.*"quiet".*\}$' "--json"
err_has '^\{.*"error".*\}$' "--json: also what went wrong"
run --demo --log info -c 'call -t 100ms console 300'
err_has '\[INFO\] actor=[0-9]+: worker: at work' "--log info"
run --log off -c 'log'
[ $code -ne 139 ]
verdict $? "--log off"

# --- what outlives it -------------------------------------------------------------
run --demo -c 'send /demo/worker 666 paper; call -t 100ms console 300'
run -c crash
out_has 'paper' "a crash is remembered"
[ -f "$XDG_STATE_HOME/microkernel/crash-quiet.log" ]
verdict $? "in the state folder"
echo >"$work/file"
XDG_STATE_HOME=$work/file run -c whoami
code_is 0 "no place for the state is no obstacle"
err_has 'warning: no history, no crash log' "no place for the state"
XDG_STATE_HOME=relative HOME=$work/home run -c whoami
[ -d "$work/home/.local/state/microkernel" ]
verdict $? "a relative XDG_STATE_HOME does not count"
err_is_empty "a relative XDG_STATE_HOME"

# --- outputs that end or are full -------------------------------------------------
"$shell" -c 'help; help; help' 2>"$work/err" | head -n 1 >"$work/out"
code=${PIPESTATUS[0]}
[ "$code" = 0 ] || [ "$code" = 1 ]
verdict $? "an output that nobody reads ends the session"
err_is_empty "an output that nobody reads"
if [ -w /dev/full ]; then
    timeout 60 "$shell" -c 'help' >/dev/full 2>"$work/err"
    code=$?
    code_is 1 "a full disk"
    err_has 'output cannot be written' "a full disk"
    timeout 60 "$shell" -c 'whoamy' >"$work/out" 2>/dev/full
    code=$?
    code_is 2 "a full disk below standard error"
fi

echo "linux/mk_shell: $passed passed, $failed failed"
[ $failed = 0 ]
