#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tree passes tools/check_layers, and the mutant with upward includes does not.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
passed=0 failed=0
verdict() { # verdict STATUS TEXT
    if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $2"; fi
}

output=$(python3 "$root/tools/check_layers") && status=0 || status=1
[ $status = 0 ] || printf '%s\n' "$output"
verdict $status "every include of the tree points downwards"

output=$(python3 "$root/tools/check_layers" --src "$here/upward_include") && status=1 || status=0
verdict $status "the mutant is refused"
for include in kernel/mailbox.h microkernel/runtime.h microkernel/services.h; do
    printf '%s\n' "$output" | grep -q "mutant.c:.*$include" && status=0 || status=1
    verdict $status "the mutant's include of $include is named"
done

echo "layers/includes: $passed passed, $failed failed"
[ $failed = 0 ]
