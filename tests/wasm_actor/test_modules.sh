#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bytes of tests/wasm_modules/modules.h are those of the sources beside it.
set -u
source_dir=${MK_SOURCE_DIR:?MK_SOURCE_DIR must name the tree}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$source_dir/tests/wasm_modules/make.py" "$work/modules.h"
case $? in
0) ;;
77)
    echo "SKIPPED: modules.h is not compared with its sources: a compiler is missing"
    echo "modules: 0 passed, 0 failed, 1 skipped"
    exit 0
    ;;
*)
    echo "modules: 0 passed, 1 failed"
    exit 1
    ;;
esac
if ! cmp -s "$work/modules.h" "$source_dir/tests/wasm_modules/modules.h"; then
    diff "$source_dir/tests/wasm_modules/modules.h" "$work/modules.h" | head -20
    echo "tests/wasm_modules/modules.h is not what make.py makes now; run it"
    echo "modules: 0 passed, 1 failed"
    exit 1
fi
echo "modules: 1 passed, 0 failed"
