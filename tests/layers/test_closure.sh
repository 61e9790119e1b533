#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every folder links with what its row of src/LAYERS reaches and nothing else; the mutant,
# which calls upward through a declaration of its own, does not.
# ctest sets MK_BUILD_DIR and CMAKE.
set -u
: "${MK_BUILD_DIR:?run this through ctest}" "${CMAKE:?run this through ctest}"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
passed=0 failed=0
verdict() { # verdict STATUS TEXT
    if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $2"; fi
}

while read -r folder; do
    # A folder of headers only has nothing to link.
    ls "$root/src/$folder"/*.c >/dev/null 2>&1 || continue
    output=$("$CMAKE" --build "$MK_BUILD_DIR" --target "closes_$folder" 2>&1) && status=0 || status=1
    [ $status = 0 ] || printf '%s\n' "$output"
    verdict $status "$folder links with its row alone"
done < <(sed -n 's/^\([a-z][a-z0-9_]*\) *:.*/\1/p' "$root/src/LAYERS")

output=$("$CMAKE" --build "$MK_BUILD_DIR" --target closes_base_mutant 2>&1) && status=1 || status=0
verdict $status "the mutant does not link"
printf '%s\n' "$output" | grep -q 'undefined reference to .runtime_stop' && status=0 || status=1
[ $status = 0 ] || printf '%s\n' "$output"
verdict $status "it fails for the upward call, not for something else"

echo "layers/closure: $passed passed, $failed failed"
[ $failed = 0 ]
