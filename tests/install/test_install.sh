#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a user gets from `cmake --install`: the package is found by find_package and by
# pkg-config, the consumer compiles unchanged, links statically and dynamically, runs.
# ctest sets MK_BUILD_DIR, CMAKE, CMAKE_GENERATOR, CC, MK_SANITIZE and MK_SHELL.
set -u
: "${MK_BUILD_DIR:?run this through ctest}" "${CMAKE:?}" "${CC:?}"
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
passed=0 failed=0 skipped=0
flags=()
[ -z "${MK_SANITIZE:-}" ] || flags=("-fsanitize=$MK_SANITIZE")

try() { # try TEXT COMMAND...
    local text=$1
    shift
    if "$@" >"$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $text"
        sed 's/^/    /' "$scratch/log"
    fi
}

try "the build installs" "$CMAKE" --install "$MK_BUILD_DIR" --prefix "$prefix"
libdir=$(dirname "$(find "$prefix" -name libmicrokernel.a | head -n 1)")
export PKG_CONFIG_PATH=$libdir/pkgconfig

try "find_package finds it" "$CMAKE" -S "$here/consumer" -B "$scratch/consumer" \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="${flags[*]:-}"
try "the consumer builds" "$CMAKE" --build "$scratch/consumer"
try "the consumer runs" timeout 20 "$scratch/consumer/consumer"
if ls "$libdir"/libmicrokernel.so >/dev/null 2>&1; then
    try "the consumer of the shared library runs" timeout 20 "$scratch/consumer/consumer_shared"
fi

if command -v pkg-config >/dev/null; then
    read -ra compile < <(pkg-config --cflags microkernel)
    read -ra link < <(pkg-config --static --libs microkernel)
    try "pkg-config builds a static consumer" "$CC" "${flags[@]}" "${compile[@]}" \
        "$here/consumer/ping_pong.c" -o "$scratch/by_pkg_config" -Wl,-Bstatic \
        "${link[@]}" -Wl,-Bdynamic
    try "it runs" timeout 20 "$scratch/by_pkg_config"
    try "pkg-config names all that the library needs" "$CC" "${flags[@]}" "${compile[@]}" \
        "$here/consumer/ping_pong.c" -o "$scratch/whole" -Wl,--whole-archive \
        "$libdir/libmicrokernel.a" -Wl,--no-whole-archive -Wl,-Bstatic "${link[@]}" -Wl,-Bdynamic
    if ls "$libdir"/libmicrokernel.so >/dev/null 2>&1; then
        read -ra link < <(pkg-config --libs microkernel)
        try "pkg-config builds a dynamic consumer" "$CC" "${flags[@]}" "${compile[@]}" \
            "$here/consumer/ping_pong.c" -o "$scratch/dynamic" "${link[@]}"
        try "it needs the shared library" bash -c "! '$scratch/dynamic'"
        try "it runs with it" env LD_LIBRARY_PATH="$libdir" timeout 20 "$scratch/dynamic"
    fi
else
    echo "no pkg-config here: apt-get install pkg-config to check that half"
    skipped=5
fi

if [ -n "${MK_SHELL:-}" ]; then
    try "the installed shell runs" timeout 20 "$prefix/bin/mk-shell" -c 'self'
    try "and finds its module" timeout 20 "$prefix/bin/mk-shell" -c 'load echo.wasm; call echo 200 hello'
fi

suffix=""
[ $skipped = 0 ] || suffix=", $skipped skipped"
echo "install/install: $passed passed, $failed failed$suffix"
[ $failed = 0 ]
