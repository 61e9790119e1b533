#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The actors of sdk/ compile in each language whose compiler is here, and
# sdk/prebuilt/echo.wasm is what C gives. guests.c speaks to what came out.
set -u
source_dir=${MK_SOURCE_DIR:?MK_SOURCE_DIR must name the tree}
status=0
output=$("$source_dir/sdk/build.sh" 2>&1) || status=1
printf '%s\n' "$output"
made=$source_dir/build/sdk/c/echo.wasm
if [ ! -f "$made" ]; then
    echo "SKIPPED: prebuilt/echo.wasm is not compared: C was not compiled"
    echo "sdk/prebuilt: 0 passed, 0 failed, 1 skipped"
elif cmp "$made" "$source_dir/sdk/prebuilt/echo.wasm"; then
    echo "sdk/prebuilt: 1 passed, 0 failed"
else
    echo "sdk/prebuilt/echo.wasm is not what sdk/build.sh makes; cp build/sdk/c/echo.wasm sdk/prebuilt/"
    echo "sdk/prebuilt: 0 passed, 1 failed"
    status=1
fi
exit $status
