#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh - builds the bare-metal images into build/qemu-riscv32.
#   build.sh [TARGET...]   all images unless told
# MK_QEMU_BUILD names another folder. What is missing is installed (tools/need.sh).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${MK_QEMU_BUILD:-$root/build/qemu-riscv32}
# shellcheck source=tools/need.sh
. "$root/tools/need.sh"
need "the bare-metal build" cmake:cmake ninja-build:ninja \
    gcc-riscv64-unknown-elf:riscv64-unknown-elf-gcc \
    picolibc-riscv64-unknown-elf:/usr/lib/picolibc/riscv64-unknown-elf

log=$build/build.log
mkdir -p "$build"
show_and_fail() {
    grep -vE '^(\[[0-9]+/[0-9]+\] (Building|Linking|Re-)|-- )' "$log" >&2
    echo "build.sh: $1 failed (above; also in $log). To begin anew: rm -rf $build" >&2
    exit 1
}
if [ -f "$build/CMakeCache.txt" ] &&
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$here" "$build/CMakeCache.txt"; then
    rm -rf "$build"
    mkdir -p "$build"
fi
if [ ! -f "$build/build.ninja" ]; then
    cmake -S "$here" -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" \
        >"$log" 2>&1 </dev/null || show_and_fail "cmake"
fi
arguments=()
for target in "$@"; do arguments+=(--target "$target"); done
cmake --build "$build" -j "${MK_JOBS:-$(nproc)}" ${arguments[@]+"${arguments[@]}"} \
    >"$log" 2>&1 </dev/null || show_and_fail "the build"
