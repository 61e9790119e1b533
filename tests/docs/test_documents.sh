#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What README.md and docs/ show compiles, runs and prints what they say.
: "${MK_BUILD_DIR:?run this through ctest}"
exec "$(dirname "$0")/../../tools/check_docs" --lib "$MK_BUILD_DIR/lib"
