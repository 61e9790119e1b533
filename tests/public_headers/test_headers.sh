#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C11 and as C++17.
exec "$(dirname "$0")/../../tools/check_headers"
