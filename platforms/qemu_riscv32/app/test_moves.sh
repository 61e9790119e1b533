#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test_moves - a counter actor that waits in nested calls goes on here, and back on the
# host (tests/wasm/snapshot). Run by run.sh, which has built the image; prints "moves: N
# passed, N failed" at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/tests/wasm/snapshot/moves.sh"

begin_here
MK_QEMU_NO_BUILD=1 check_moves "rv32" "$here/../run.sh" image mover
echo "moves: $passed passed, $failed failed"
[ "$failed" = 0 ]
