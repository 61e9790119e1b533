#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random valid modules, run here and by node's V8: same results, same traps.
#   MK_WASM_DIFF=N   modules to make (30 unless told)
#   MK_WASM_SEED=N   for the random bytes (1 unless told)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${MK_SOURCE_DIR:-$here/../..}
count=${MK_WASM_DIFF:-30}
seed=${MK_WASM_SEED:-1}

for tool in wasm-opt:binaryen node:nodejs python3:python3; do
    if ! command -v "${tool%%:*}" >/dev/null; then
        echo "SKIPPED: the comparison with V8 needs ${tool%%:*} (apt-get install ${tool##*:})"
        echo "wasm/differential: 0 passed, 0 failed, 1 skipped"
        exit 0
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sanitize=()
[ -z "${MK_SANITIZE:-}" ] || sanitize=("-fsanitize=$MK_SANITIZE" -fno-sanitize-recover=all)
"${CC:-cc}" -std=c11 -O1 "${sanitize[@]}" -I "$root/include" -I "$root/src" -o "$work/run_exports" \
    "$here/differential/run_exports.c" "${MK_BUILD_DIR:?is the folder of the build}/lib/libmicrokernel.a" -lm -pthread

cd "$work"
python3 - "$count" "$seed" <<'PYTHON'
import random, sys
for i in range(int(sys.argv[1])):
    random.seed(f"{sys.argv[2]}-{i}")
    with open(f"{i:05}.seed", "wb") as file:
        file.write(random.randbytes(random.choice([500, 2000, 6000])))
PYTHON
for bytes in *.seed; do
    wasm-opt "$bytes" -ttf --mvp-features --enable-sign-ext --enable-nontrapping-float-to-int \
        --enable-bulk-memory --enable-multivalue --enable-mutable-globals --denan \
        $([ $((10#${bytes%.seed} % 2)) = 0 ] && echo -O1) -o "${bytes%.seed}.wasm" 2>/dev/null
    rm "$bytes"
done
./run_exports ./*.wasm >ours.txt
node "$here/differential/run_exports.mjs" ./*.wasm >theirs.txt
if python3 "$here/differential/compare_exports.py" ours.txt theirs.txt; then
    echo "wasm/differential: 1 passed, 0 failed"
else
    echo "to see it again: MK_WASM_DIFF=$count MK_WASM_SEED=$seed ${BASH_SOURCE[0]}"
    echo "wasm/differential: 0 passed, 1 failed"
    exit 1
fi
