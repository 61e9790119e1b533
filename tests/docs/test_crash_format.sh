#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/CRASH_FORMAT.md describes what the code does: its example lines are read and written
# again, its table has each word of the first one at the offset it says, and what it says
# about damage is so.
set -u
: "${MK_BUILD_DIR:?run this through ctest}"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
page=$root/docs/CRASH_FORMAT.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
verdict() { # verdict STATUS TEXT
    if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $2"; fi
}

flags=(-std=c11 -Wall -Wextra -Werror -I"$root/include" -I"$root/src")
[ -z "${MK_SANITIZE:-}" ] || flags+=("-fsanitize=$MK_SANITIZE")
"${CC:-gcc}" "${flags[@]}" -o "$scratch/crash_format" "$here/crash_format.c" \
    -L"$MK_BUILD_DIR/lib" -l:libmicrokernel.a -pthread || exit 1

# The blocks marked ```crash, one file each.
awk -v to="$scratch/block" '/^```crash$/ { n++; on = 1; next } /^```/ { on = 0 } on { print > (to n) }' "$page"
[ -s "$scratch/block1" ] && [ -s "$scratch/block2" ]
verdict $? "the page has two examples"

"$scratch/crash_format" "$scratch/block1" >"$scratch/words"
verdict $? "the first example is a file of one record"
"$scratch/crash_format" "$scratch/block2" >/dev/null
verdict $? "the second example is a file of two records"

# | offset | `word` | NAME | ... : the word stands there, and means what the code read.
line=$(cat "$scratch/block1")
rows=0
while IFS=$'\t' read -r offset word name; do
    rows=$((rows + 1))
    [ "${line:offset:${#word}}" = "$word" ]
    verdict $? "$name: '$word' stands at offset $offset"
    case $name in
    mark | CRC) continue ;;
    NAMES | TEXT) word=$(printf '%b' "${word#=}") ;;
    esac
    grep -qxF -- "$name $word" "$scratch/words"
    verdict $? "$name is read as '$word'"
done < <(sed -nE 's/^\| ([0-9]+) \| `([^`]*)` \| (\w+) \|.*/\1\t\2\t\3/p' "$page")
[ $rows = 12 ]
verdict $? "the table has twelve words, not $rows"

# Damage: one altered byte, another version, a torn end.
refused() { # refused WHAT SED-PROGRAM
    sed "$2" "$scratch/block1" >"$scratch/damaged"
    cmp -s "$scratch/block1" "$scratch/damaged" && return 1
    ! "$scratch/crash_format" "$scratch/damaged" >/dev/null 2>&1
    verdict $? "$1 is refused"
}
refused "an altered byte" 's/division/Division/'
refused "an unknown version" 's/^crash1/crash2/'
refused "a word too many" 's/$/ =more/'
refused "a torn line" 's/zero$//'

longest=$(sed -nE 's/.*at most ([0-9]+) bytes, ended by one newline.*/\1/p' "$page")
printf '#include "services/crash_line.h"\n_Static_assert(CRASH_LINE_MAX == %s, "");\n' "$longest" >"$scratch/longest.c"
"${CC:-gcc}" "${flags[@]}" -fsyntax-only "$scratch/longest.c"
verdict $? "the longest line has $longest bytes"

echo "docs/crash_format: $passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
