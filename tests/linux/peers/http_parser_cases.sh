#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The cases of Debian's http-parser as FOLDER/http_parser.cases (http_parser_cases.c says
# how they are written).
#
#   http_parser_cases.sh FOLDER
#
# Exit code 1 when they cannot be had; then the last line says why.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1 source=$1/http-parser
bash "$here/debian_source.sh" http-parser "$folder" || exit 1
made=$(mktemp -d "$folder/making.XXXXXX") || exit 1
trap 'rm -rf "$made"' EXIT
[ "$folder/http_parser.cases" -nt "$here/http_parser_cases.c" ] &&
    [ "$folder/http_parser.cases" -nt "$here/http_parser_cases.sh" ] && exit 0
# Calls of test_simple with a text of their own, whole.
awk '/^  test_simple(_type)?\(/ { inside = 1 }
    inside { call = call $0 "\n" }
    inside && /\);$/ {
        if (call ~ /\([ \n]*"/) print call
        inside = 0
        call = ""
    }' "$source/test.c" | sed 's/^  test_simple/    tell_simple/' >"$made/calls.inc"
{
    "${CC:-cc}" -w -DHTTP_PARSER_STRICT=0 -I "$source" -I "$made" -o "$made/cases" \
        "$here/http_parser_cases.c" "$source/http_parser.c" &&
        "$made/cases" >"$made/http_parser.cases" &&
        mv "$made/http_parser.cases" "$folder"
} >"$folder/http_parser_cases.log" 2>&1 && [ -s "$folder/http_parser.cases" ] || {
    echo "the cases of Debian's http-parser cannot be read ($folder/http_parser_cases.log)"
    exit 1
}
