#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh - the bare-metal images under QEMU.
#   run.sh tests [-v] [NAME...] all test images, or the suites and tests with these names;
#                              the last line is "N passed, N failed"
#   run.sh shell [ARGUMENT...] the demo node with its shell, on this terminal or a pipe
#   run.sh image NAME [ARGUMENT...] a program that nobody types to
# The exit code is the program's. MK_QEMU_TIMEOUT: seconds an image of tests may take.
# MK_NODE_NAME, MK_NODE_ID: given to the node of `shell`. MK_QEMU_BUILD: another folder
# than build/qemu-riscv32. MK_QEMU_NO_BUILD=1: `shell` and `image` run what was built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${MK_QEMU_BUILD:-$root/build/qemu-riscv32}
timeout_s=${MK_QEMU_TIMEOUT:-180}
# shellcheck source=tools/need.sh
. "$root/tools/need.sh"

# --- the machine ------------------------------------------------------------------

# Letters, digits and ._/:=- stay; every other byte becomes %XX (see options.c).
encoded() {
    local LC_ALL=C text=$1 i c
    for ((i = 0; i < ${#text}; i++)); do
        c=${text:i:1}
        case $c in
        [A-Za-z0-9._/:=-]) printf '%s' "$c" ;;
        *) printf '%%%02x' "$(($(printf '%d' "'$c") & 255))" ;;
        esac
    done
}

arguments() { # each argument as a word for the machine
    local argument
    for argument in "$@"; do printf '+%s\n' "$(encoded "$argument")"; done
}

# qemu_command IMAGE WORD...: the command, in the array of that name. WORD is name=value
# or +argument. The serial line is standard input and output; every byte is the guest's.
set_qemu_command() {
    local image=$1 word semihosting=enable=on,target=native,arg=microkernel length=12
    shift
    for word in "$@"; do
        semihosting+=,arg=$word
        length=$((length + 1 + ${#word}))
    done
    if [ "$length" -ge 1024 ]; then
        echo "run.sh: the arguments take $length bytes; the machine takes 1023" >&2
        exit 2
    fi
    qemu_command=(qemu-system-riscv32 -machine virt -bios none -m 320K
        -nodefaults -display none
        -chardev "stdio,id=line,signal=off" -serial chardev:line
        -drive "if=pflash,unit=0,format=raw,file=$build/bin/$image.bin,readonly=on"
        -global virtio-mmio.force-legacy=false -device virtio-rng-device
        -semihosting-config "$semihosting")
}

# boot_alone IMAGE WORD...: nobody types, and there is a limit of time. Its output is in
# `output`, its exit code in `status`.
boot_alone() {
    set_qemu_command "$@"
    status=0
    # In the foreground: Ctrl-C has to reach QEMU too.
    output=$(timeout --foreground -k 5 "$timeout_s" "${qemu_command[@]}" </dev/null 2>&1) ||
        status=$?
    # That is exit code 0 for QEMU, but not the program's.
    if [ "$status" = 0 ] && [[ $output == *"qemu-system-riscv32: terminating on signal"* ]]; then
        status=128
    fi
}

# --- tests ------------------------------------------------------------------------
passed=0 failed=0 skipped=0

# What the tests of this platform expect to be told (app/test_{machine,terminal}.c).
test_words=(input=pipe output=pipe size=80x24 node_name=kitchen%20table node_id=7 seed=abc)

end_named() { # end_named STATUS: what that exit code of an image means
    case $1 in
    124 | 137) echo "not finished in $timeout_s s" ;;
    125) echo "a trap (exit code 125)" ;;
    134) echo "aborted (exit code 134)" ;;
    *) echo "exit code $1" ;;
    esac
}

# Where in the source a trap happened, and who called.
explain_trap() { # explain_trap IMAGE OUTPUT
    local at='pc ([0-9a-f]{8}).*ra +([0-9a-f]{8})'
    [[ $2 =~ $at ]] || return 0
    riscv64-unknown-elf-addr2line -f -p -s -e "$build/bin/$1.elf" "${BASH_REMATCH[@]:1}" |
        sed 's/^/  /'
}

# Adds up the lines "suite: N passed, N failed[, N skipped]" of a program's output. A bad
# end that they do not tell of is one more failure.
account() { # account TITLE STATUS OUTPUT
    local line bad=0 all=0
    while IFS= read -r line; do
        line=${line%$'\r'}
        if [[ $line =~ ^([A-Za-z0-9_./+-]+):\ ([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
            [ "${BASH_REMATCH[1]}" != all ] || continue
            passed=$((passed + BASH_REMATCH[2]))
            bad=$((bad + BASH_REMATCH[3]))
            skipped=$((skipped + ${BASH_REMATCH[5]:-0}))
            all=$((all + BASH_REMATCH[2] + BASH_REMATCH[3] + ${BASH_REMATCH[5]:-0}))
        fi
    done <<<"$3"
    if [ "$2" -gt 1 ] || [ "$all" = 0 ] || [ "$2-$bad" = 1-0 ]; then
        echo "FAIL $1: $(end_named "$2") after $all tests"
        bad=$((bad + 1))
    fi
    failed=$((failed + bad))
}

run_image() { # run_image IMAGE WORD...
    local output status
    boot_alone "$1" "${test_words[@]}" "${@:2}"
    # None of the names that were given is in this image.
    if [ "$status" = 2 ] && [[ $output == *"no test or suite has that name"* ]]; then
        return
    fi
    printf '%s\n' "$output" | grep -vxE 'all: .*|\[debug output\]' || true
    [ "$status" != 125 ] || explain_trap "$1" "$output"
    account "$1" "$status" "$output"
}

# end_reaches_host ARGUMENT CODE TEXT: what became of the image `faults`.
end_reaches_host() {
    local output status
    boot_alone faults "+$1"
    if [ "$status" = "$2" ] && [[ $output == *"$3"* ]]; then
        ends_good=$((ends_good + 1))
    else
        ends_bad=$((ends_bad + 1))
        echo "FAIL faults $1: exit code $status, expected $2 and the text '$3'; it said: $output"
    fi
}

run_faults() {
    ends_good=0 ends_bad=0
    end_reaches_host zero 0 ""
    end_reaches_host three 3 ""
    end_reaches_host load 125 "load access fault"
    end_reaches_host illegal 125 "illegal instruction"
    end_reaches_host stack 125 "the stack is used up"
    end_reaches_host assert 134 "zero == 1"
    timeout_s=4 end_reaches_host hang 124 "good night"
    local line="faults: $ends_good passed, $ends_bad failed"
    echo "$line"
    account faults 0 "$line"
}

run_session() {
    local output status=0
    output=$("$here/app/test_session.py" 2>&1) || status=$?
    printf '%s\n' "$output"
    account session "$status" "$output"
}

run_moves() {
    local output status=0
    output=$("$here/app/test_moves.sh" 2>&1) || status=$?
    printf '%s\n' "$output"
    account moves "$status" "$output"
}

# The folders that have a goal for the size of their code reach it.
run_sizes() {
    local output line="sizes: 1 passed, 0 failed"
    if ! output=$("$root/tools/size_report" 2>&1); then
        printf '%s\n' "$output"
        line="sizes: 0 passed, 1 failed"
    fi
    echo "$line"
    account sizes 0 "$line"
}

run_tests() {
    local words images image argument names=0
    for argument in "$@"; do [[ $argument == -* ]] || names=$((names + 1)); done
    mapfile -t words < <(arguments "$@")
    mapfile -t images <"$build/test_images.txt"
    for image in "${images[@]}"; do
        [ -z "$image" ] || run_image "$image" ${words[@]+"${words[@]}"}
    done
    if [ $names = 0 ]; then
        run_faults
        run_session
        run_moves
        run_sizes
    elif [ $((passed + failed + skipped)) = 0 ]; then
        echo "run.sh: no test or suite has that name: $*"
        failed=1
    fi
    local suffix=""
    [ $skipped = 0 ] || suffix=", $skipped skipped"
    echo "$passed passed, $failed failed$suffix"
    [ $failed = 0 ] && [ $((passed + skipped)) -gt 0 ]
}

# --- shell ------------------------------------------------------------------------

# What the machine cannot find out by itself.
set_shell_words() {
    shell_words=(input=pipe output=pipe "seed=$(encoded "$(hostname)")")
    if [ -t 0 ]; then shell_words[0]=input=tty; fi
    if [ -t 1 ]; then shell_words[1]=output=tty; fi
    local rows columns
    if [ -t 0 ] && read -r rows columns < <(stty size) && [ "$columns" -gt 0 ]; then
        shell_words+=("size=${columns}x$rows")
    fi
    [ -z "${MK_NODE_NAME:-}" ] || shell_words+=("node_name=$(encoded "$MK_NODE_NAME")")
    [ -z "${MK_NODE_ID:-}" ] || shell_words+=("node_id=$(encoded "$MK_NODE_ID")")
}

run_shell() {
    local words
    mapfile -t words < <(arguments "$@")
    set_shell_words
    set_qemu_command shell "${shell_words[@]}" ${words[@]+"${words[@]}"}
    if [ -t 0 ]; then exec "${qemu_command[@]}"; fi
    # A serial line has no end: byte 4 says that nothing more will come (terminal.c).
    exec {source}<&0
    exec "${qemu_command[@]}" < <(cat <&"$source" 2>/dev/null; printf '\004')
}

# Output and exit code are the program's.
run_program() { # run_program IMAGE ARGUMENT...
    local words output status
    mapfile -t words < <(arguments "${@:2}")
    boot_alone "$1" "${test_words[@]}" ${words[@]+"${words[@]}"}
    [ -z "$output" ] || printf '%s\n' "$output"
    return "$status"
}

# ----------------------------------------------------------------------------------
usage() {
    sed -n 's/^# \{0,1\}//; 3,/^The exit code/p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

build_image() { # unless it is there already
    [ -n "${MK_QEMU_NO_BUILD:-}" ] || "$here/build.sh" "$1"
}

command=${1:-}
[ $# = 0 ] || shift
need "the bare-metal image" qemu-system-misc:qemu-system-riscv32
case $command in
tests)
    need "the tests of sessions and of moves" python3:python3 gcc:gcc libc6-dev:/usr/include/stdio.h
    "$here/build.sh"
    run_tests "$@"
    ;;
shell)
    build_image shell
    run_shell "$@"
    ;;
image)
    [ $# -gt 0 ] || usage
    build_image "$1"
    run_program "$@"
    ;;
*) usage ;;
esac
