#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mk-shell with WASM actors: load, call, reload, stop, and what they save.
set -u
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work/state MK_NODE_NAME=quiet
unset MK_NODE_ID
shell=${MK_SHELL:?MK_SHELL must name the program}
modules=${MK_SOURCE_DIR:?MK_SOURCE_DIR must name the tree}/tests/wasm_modules/modules.h

module() { # module NAME FILE: the bytes of a module of modules.h
    awk -v name="$1_module[]" '
        index($0, name) { on = 1; next }
        on && /^};/ { exit }
        on { n = split($0, byte, ","); for (i = 1; i < n; i++) printf "\\x%02x", byte[i] }
    ' "$modules" >"$work/escapes"
    printf '%b' "$(cat "$work/escapes")" >"$2"
}

out_has() { # out_has PATTERN WHAT
    if grep -qE -- "$1" "$work/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $2: standard output has $1"
        sed 's/^/  out: /' "$work/out"
        sed 's/^/  err: /' "$work/err"
    fi
}

cd "$work" || exit 1
module echo echo.wasm
module zero zero.wasm
module counter_v1 counter.wasm
module crash crash.wasm

printf 'load echo.wasm\ncall echo 200 hello\nreload echo zero.wasm\ncall echo 200\nstop echo\nexit\n' |
    timeout 60 "$shell" >"$work/out" 2>"$work/err"
code=$?
out_has "^Spawned actor [0-9]+ as 'echo'$" "load"
out_has '^\[reply\] type=201 from=0x[0-9a-f]+ size=5 "hello"$' "call"
out_has "^Reloaded 'echo' → actor [0-9]+$" "reload"
out_has '^\[reply\] type=201 from=0x[0-9a-f]+ size=4 \[01 00 00 00\]$' "the new module"
out_has '^Stopped actor 0x[0-9a-f]+$' "stop"
out_has '^Goodbye\.$' "exit"
[ "$code" = 0 ] || { failed=$((failed + 1)); echo "failed: exit code $code"; }

for count in 1 2; do # what it saves outlives the program
    timeout 60 "$shell" -c 'load counter.wasm; call counter 200' >"$work/out" 2>"$work/err"
    out_has "size=4 \[0$count 00 00 00\]" "saved state, start $count"
done

timeout 60 "$shell" -k -c 'load crash.wasm; call crash 1 x; crash; caps' >"$work/out" 2>"$work/err"
out_has 'integer divide by zero in divide < work < handle_message' "a trap is remembered"
out_has '^wasm=true$' "caps"

# The first session of a newcomer: echo.wasm comes along, and is found from any folder.
mkdir "$work/elsewhere" && cd "$work/elsewhere" || exit 1
printf 'load echo.wasm\ncall echo 200 hello\nreload echo echo.wasm\ncall echo 200 again\nstop echo\nexit\n' |
    timeout 60 "$shell" >"$work/out" 2>"$work/err"
sed -E 's/0x[0-9a-f]+/ID/; s/actor [0-9]+/actor N/' "$work/out" >"$work/plain"
cat >"$work/wanted" <<'END'
Spawned actor N as 'echo'
[reply] type=201 from=ID size=5 "hello"
Reloaded 'echo' → actor N
[reply] type=201 from=ID size=5 "again"
Stopped actor ID
Goodbye.
END
if cmp -s "$work/plain" "$work/wanted"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "failed: the first session"
    diff "$work/wanted" "$work/plain"
fi

# The demo's echo is one, too: supervised, replaced in place, back after its end.
timeout 60 "$shell" --demo -k -c 'info echo; call echo 200 hello; load echo.wasm; reload echo echo.wasm
call echo 1 x; call echo 0; tree; call echo 41 y' >"$work/out" 2>"$work/err"
out_has '^WASM +1 page, ' "info of the demo's echo"
out_has '^Grants +messages$' "its rights"
out_has '^\[reply\] type=201 .* "hello"$' "the demo's echo"
out_has "^Spawned actor [0-9]+ as 'echo_1'$" "another one"
out_has "^Reloaded 'echo' → actor [0-9]+$" "a reload of a child"
out_has '^\[reply\] type=2 .* "x"$' "after the reload"
out_has '^\[reply\] type=42 .* "y"$' "after its end"
out_has '^  \|- echo +0x[0-9a-f]+ permanent +1 +normal' "tree counts the restart"

echo "linux/mk_shell_wasm: $passed passed, $failed failed"
[ $failed = 0 ]
