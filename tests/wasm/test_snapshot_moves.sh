#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A suspended call goes on in another process, and where a cross compiler and its emulator
# are installed on another machine (32-bit ARM, big-endian s390x) and back. The example of
# docs/SNAPSHOT.md is read and written again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "${MK_SOURCE_DIR:-$here/../..}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

compile() { # COMPILER OUTPUT
    "$1" -std=c11 -O1 -fno-math-errno -ffp-contract=off -I "$root/include" -I "$root/src" \
        -I "$root/tests" -o "$2" "$here/snapshot/mover.c" "$root"/src/wasm/*.c \
        "$root"/src/base/*.c -lm
}
check() { # WHAT COMMAND...: prints the result that `whole` gave
    local what=$1 got
    shift
    got=$("$@" 2>&1) || true
    if [ "$got" = "$want" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$what: '$got' instead of '$want'"
    fi
}

compile "${CC:-cc}" "$work/mover"
want=$("$work/mover" whole)
"$work/mover" begin "$work/here"
check "another process" "$work/mover" go "$work/here"

for machine in arm-linux-gnueabihf:qemu-arm s390x-linux-gnu:qemu-s390x; do
    triple=${machine%:*}
    emulator=${machine#*:}
    if ! command -v "$triple-gcc" >/dev/null || ! command -v "$emulator" >/dev/null; then
        echo "SKIPPED: moving to $triple needs gcc-$triple and qemu-user"
        skipped=$((skipped + 1))
        continue
    fi
    compile "$triple-gcc" "$work/$triple"
    there=("$emulator" -L "/usr/$triple" "$work/$triple")
    check "from here to $triple" "${there[@]}" go "$work/here"
    "${there[@]}" begin "$work/there"
    check "from $triple to here" "$work/mover" go "$work/there"
done

python3 - "$root/docs/SNAPSHOT.md" "$work" <<'PYTHON'
import re, sys
with open(sys.argv[1], encoding="utf-8") as file:
    blocks = re.findall(r"```hex\n(.*?)```", file.read(), re.S)
for name, block in zip(("module", "state"), blocks, strict=True):
    with open(f"{sys.argv[2]}/{name}", "wb") as file:
        file.write(bytes.fromhex(block))
PYTHON
want=""
check "the example of docs/SNAPSHOT.md" "$work/mover" same "$work/module" "$work/state"
echo "wasm/snapshot_moves: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
