#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What README.md and docs/ show compiles, runs and prints what they say; the generated
# reference is that of this tree. ctest sets MK_BUILD_DIR and MK_SANITIZE.
set -u
: "${MK_BUILD_DIR:?run this through ctest}"
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -n "${MK_SANITIZE:-}" ]; then
    CC="${CC:-gcc}" # the library needs the same runtime as the block linked with it
    wrapper=$(mktemp -d)
    trap 'rm -rf "$wrapper"' EXIT
    printf '#!/bin/sh\nexec "%s" "-fsanitize=%s" "$@"\n' "$CC" "$MK_SANITIZE" >"$wrapper/cc"
    chmod +x "$wrapper/cc"
    export CC=$wrapper/cc
fi
"$root/tools/check_docs" --lib "$MK_BUILD_DIR/lib"
