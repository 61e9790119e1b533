#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checks of the documents can fail: each mutant below breaks one rule, and the tool has
# to say so. What stays silent about a mutant proves nothing about the tree.
set -u
: "${MK_BUILD_DIR:?run this through ctest}"
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0

verdict() { # verdict STATUS WHAT OUTPUT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$2:"
        sed 's/^/    /' <<<"$3"
    fi
}

# --- make_tables ------------------------------------------------------------------
fresh() { # a copy of what make_tables reads
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree/src/shell" "$scratch/tree/docs"
    cp -r "$root/include" "$root/tools" "$scratch/tree/"
    cp "$root/src/PUBLIC_HEADERS" "$root/src/LAYERS" "$scratch/tree/src/"
    (cd "$root/src" && find . -type d) | (cd "$scratch/tree/src" && xargs mkdir -p)
    cp "$root/docs/ARCHITECTURE.md" "$scratch/tree/docs/"
    cp "$root/src/wasm_actor/host_table.def" "$scratch/tree/src/wasm_actor/"
    (cd "$root/sdk" && find . -type d) | (mkdir -p "$scratch/tree/sdk" && cd "$scratch/tree/sdk" && xargs mkdir -p)
    [ ! -f "$root/src/shell/commands.def" ] || cp "$root/src/shell/commands.def" "$scratch/tree/src/shell/"
}

refuses() { # refuses WHAT PATTERN FILE SED-PROGRAM
    local output status=0
    fresh
    cp "$scratch/tree/$3" "$scratch/before"
    sed -i "$4" "$scratch/tree/$3"
    if cmp -s "$scratch/before" "$scratch/tree/$3"; then
        verdict 1 "make_tables refuses $1" "the mutant is the original: $4 matches nothing in $3"
        return
    fi
    if output=$("$scratch/tree/tools/make_tables" 2>&1) || ! grep -q "$2" <<<"$output"; then status=1; fi
    verdict $status "make_tables refuses $1 (expected: $2)" "$output"
}

fresh
output=$("$scratch/tree/tools/make_tables" 2>&1)
verdict $? "make_tables accepts the tree as it is" "$output"
output=$("$scratch/tree/tools/make_tables" --check 2>&1)
verdict $? "make_tables --check accepts what make_tables wrote" "$output"
echo "one more line" >>"$scratch/tree/docs/reference/timer.md"
! output=$("$scratch/tree/tools/make_tables" --check 2>&1)
verdict $? "make_tables --check notices a page that was edited by hand" "$output"

fresh
sed -i 's|^kernel .*: base port |kernel : base |' "$scratch/tree/src/LAYERS"
"$scratch/tree/tools/make_tables" >/dev/null 2>&1
! cmp -s "$root/docs/ARCHITECTURE.md" "$scratch/tree/docs/ARCHITECTURE.md"
verdict $? "make_tables draws the layers anew when a row of src/LAYERS changes" ""

headers=include/microkernel
refuses "a public function without a comment" "naked has no comment" \
    $headers/timer.h 's|^#ifdef __cplusplus$|bool naked(runtime_t *rt);\n\n#ifdef __cplusplus|'
refuses "a message without payload" "MSG_TIMER: name, number, payload" \
    $headers/message_ids.def 's|^MK_MESSAGE(MSG_TIMER, \([^,]*\), "[^"]*"|MK_MESSAGE(MSG_TIMER, \1, ""|'
refuses "a message that has two numbers" "MSG_TIMER is 0xFF0000F1u here" \
    $headers/message_ids.def 's|(MSG_TIMER, 0xFF000001u|(MSG_TIMER, 0xFF0000F1u|'
refuses "a number that has two messages" "have the same number" \
    $headers/message_ids.def 's|(MSG_FD_EVENT, 0xFF000002u|(MSG_FD_EVENT, 0xFF000001u|'
refuses "a limit without range" "MK_TURN_US can be set, but its comment gives no range" \
    $headers/limits.h 's|go on; 0\.\.1000000\.|go on.|'
refuses "a limit without reason" "MK_CRASH_RECORDS: unit and range are there, the reason is not" \
    $headers/limits.h 's| A screenful and a bit\.||'
host_table=src/wasm_actor/host_table.def
refuses "a host function with fewer names than arguments" "mk_stop: the arguments in" \
    $host_table 's|mk_stop, "I:i", SPAWN, |mk_stop, "Ii:i", SPAWN, |'
refuses "a host function with an argument that nobody knows" "what is 'whom'" \
    $host_table 's|(text, len): to st|(whom, len): to st|'
refuses "a header of no folder" "timer.h: in no folder's row" \
    src/PUBLIC_HEADERS 's| timer\.h||'

# --- check_docs -------------------------------------------------------------------
documents() { # documents EXPECTED-STATUS WHAT: checks $scratch/page.md
    local output status=0
    output=$("$root/tools/check_docs" --lib "$MK_BUILD_DIR/lib" "$scratch/page.md" 2>&1) || status=1
    [ $status = "$1" ]
    verdict $? "check_docs $2" "$output"
}

program='#include <stdio.h>\nint main(void) {\n    puts("four");\n    return 0;\n}'
page() { printf "$@" >"$scratch/page.md"; }
page '```c\n%b\n```\n\n```text\nfour\n```\n' "$program"
documents 0 "accepts a program that prints what stands below it"
page '```c\n%b\n```\n\n```text\nfive\n```\n' "$program"
documents 1 "notices output that is not what the document says"
page '```c\n%b\n```\n' "${program/return 0/return 1}"
documents 1 "notices a program that fails"
page '```c\nactor_stop(rt, actor_self(rt));\n```\n'
documents 0 "accepts statements of a behaviour"
page '```c\nactor_stop(rt);\n```\n'
documents 1 "notices a block that does not compile"
page '```c\n/* does not compile */\nactor_stop(rt);\n```\n'
documents 0 "accepts a block that says it does not compile"
page '```c\n/* does not compile */\nactor_stop(rt, 1);\n```\n'
documents 1 "notices a block that compiles and says it does not"
page '[nothing](nowhere.md)\n'
documents 1 "notices a link to nowhere"
page '# A heading\n\n[up](#a-heading)\n'
documents 0 "accepts a link to a heading"
page '# A heading\n\n[up](#another)\n'
documents 1 "notices a link to no heading"
page 'See `src/kernel/nothing.c`.\n'
documents 1 "notices a path that does not exist"

if [ -x "$MK_BUILD_DIR/bin/mk-shell" ]; then
    page '```console\n$ ./dev run -c "call echo 1 four" | wc -l\n1\n```\n'
    documents 0 "accepts a transcript that is what the commands print"
    page '```console\n$ ./dev run -c "call echo 1 four" | wc -l\n2\n```\n'
    documents 1 "notices a transcript that is not"
fi

echo "docs/refusals: $passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
