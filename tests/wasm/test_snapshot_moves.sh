#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A counter actor that waits in nested calls goes on in another process, and where a cross
# compiler and its emulator are installed on another machine and back: 64-bit, 32-bit,
# big-endian. (The bare-metal rv32 machine is in platforms/qemu_riscv32/app/test_moves.sh.)
# The example of docs/SNAPSHOT.md is read and written again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "${MK_SOURCE_DIR:-$here/../..}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
skipped=0
. "$here/snapshot/moves.sh"

begin_here
check_moves "another process" "$work/mover"
for machine in aarch64-linux-gnu:qemu-aarch64 arm-linux-gnueabihf:qemu-arm s390x-linux-gnu:qemu-s390x; do
    triple=${machine%:*}
    emulator=${machine#*:}
    if ! command -v "$triple-gcc" >/dev/null || ! command -v "$emulator" >/dev/null; then
        echo "SKIPPED: moving to $triple needs gcc-$triple and qemu-user"
        skipped=$((skipped + 1))
        continue
    fi
    compile_mover "$triple-gcc" "$work/$triple"
    check_moves "$triple" "$emulator" -L "/usr/$triple" "$work/$triple"
done

python3 - "$root/docs/SNAPSHOT.md" "$work" <<'PYTHON'
import re, sys
with open(sys.argv[1], encoding="utf-8") as file:
    blocks = re.findall(r"```hex\n(.*?)```", file.read(), re.S)
for name, block in zip(("module", "state"), blocks, strict=True):
    with open(f"{sys.argv[2]}/{name}", "wb") as file:
        file.write(bytes.fromhex(block))
PYTHON
check "the example of docs/SNAPSHOT.md" "" "$work/mover" same "$work/module" "$work/state"
echo "wasm/snapshot_moves: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
