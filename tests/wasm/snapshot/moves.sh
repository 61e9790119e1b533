# SPDX-License-Identifier: Apache-2.0
# moves.sh - sourced by the tests that let a call go on elsewhere. `root` is the
# project's folder, `work` an empty one. Counts in `passed` and `failed`.
passed=0 failed=0

compile_mover() { # COMPILER OUTPUT
    "$1" -std=c11 -O0 -fno-math-errno -ffp-contract=off -I "$root/include" -I "$root/src" \
        -I "$root/tests" -o "$2" "$root"/tests/wasm/snapshot/mover.c \
        "$root"/tests/wasm/snapshot/mover_stdio.c "$root"/src/wasm/*.c "$root"/src/base/*.c -lm
}

check() { # WHAT WANTED COMMAND...: the command says what is wanted
    local what=$1 wanted=$2 got
    shift 2
    got=$("$@" 2>&1) || got+=" (exit code $?)"
    if [ "$got" = "$wanted" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAIL %s: %s\ninstead of: %s\n' "$what" "$got" "$wanted"
    fi
}

# begin_here: the program for this machine as $work/mover, the state as $work/here; what
# the halves of the actor's life say as $first and $second.
begin_here() {
    compile_mover "${CC:-cc}" "$work/mover"
    first=$("$work/mover" begin "$work/here")
    local whole
    whole=$("$work/mover" whole)
    second=${whole#"$first"$'\n'}
    if [ -z "$first" ] || [ "$first"$'\n'"$second" != "$whole" ]; then
        printf 'the first half of the life is: %s\nthe whole: %s\n' "$first" "$whole"
        failed=$((failed + 1))
    fi
}

# check_moves NAME COMMAND...: the program on another machine. It goes on with what began
# here, begins what goes on here, and writes the same bytes.
check_moves() {
    local name=$1
    shift
    check "from here to $name" "$second" "$@" go "$work/here"
    check "what $name read it writes again" "" "$@" again "$work/here" "$work/again"
    check "the bytes it wrote" "" cmp "$work/here" "$work/again"
    check "the first half on $name" "$first" "$@" begin "$work/there"
    check "from $name to here" "$second" "$work/mover" go "$work/there"
    check "$name writes the same bytes" "" cmp "$work/here" "$work/there"
    rm -f "$work/again" "$work/there"
}
