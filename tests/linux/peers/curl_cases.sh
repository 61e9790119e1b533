#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The cases of Debian's curl as FOLDER/curl.cases (curl_cases.py says which).
#
#   curl_cases.sh FOLDER
#
# Exit code 1 when they cannot be had; then the last line says why.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
bash "$here/debian_source.sh" curl "$folder" || exit 1
[ "$folder/curl.cases" -nt "$here/curl_cases.py" ] && exit 0
made=$(mktemp "$folder/making.XXXXXX") || exit 1
python3 "$here/curl_cases.py" "$folder/curl/tests/data" >"$made" 2>"$folder/curl_cases.log" &&
    [ -s "$made" ] && mv "$made" "$folder/curl.cases" || {
    rm -f "$made"
    echo "the cases of Debian's curl cannot be read ($folder/curl_cases.log)"
    exit 1
}
