#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# testssl.sh against the https server of a node: no finding of medium or worse, and it has
# looked. ctest sets MK_SHELL, MK_BUILD_DIR.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/linux/tls_peer/tools.sh
. "$here/tls_peer/tools.sh"
shell=${MK_SHELL:?MK_SHELL must name the program}
export XDG_STATE_HOME=$work/state MK_NODE_NAME=quiet
unset MK_NODE_ID

skip_all() {
    echo "SKIPPED: testssl.sh against our https server needs $1 (apt-get install $2)"
    echo "linux/testssl: 0 passed, 0 failed, 1 skipped"
    exit 0
}
command -v testssl >/dev/null || skip_all testssl testssl.sh
command -v openssl >/dev/null || skip_all openssl openssl
command -v python3 >/dev/null || skip_all python3 python3
grep -qs '^MK_HAS_TLS:INTERNAL=ON' "${MK_BUILD_DIR:?is the folder of the build}/CMakeCache.txt" ||
    skip_all "a build with TLS" libssl-dev

# What it says about lifetime and revocation is about the certificate alone.
days=200
{
    vouch ca && certify server "$(printf '%s\n' "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        "crlDistributionPoints=URI:http://localhost/none.crl")"
} >"$work/made" 2>&1 || { cat "$work/made"; exit 1; }

mkfifo "$work/orders"
"$shell" --demo --log info - <"$work/orders" >"$work/said" 2>"$work/log" &
servers+=($!)
exec 8>"$work/orders"
echo "http listen 0 --cert $work/server.pem --key $work/server.key" >&8
wait_for "$work/said" "listening on https://" || exit 1
port=$(sed -n 's|^listening on https://127.0.0.1:\([0-9]*\)/$|\1|p' "$work/said")

timeout 500 testssl --quiet --color 0 --warnings off --ip 127.0.0.1 --add-ca "$work/ca.pem" \
    --protocols --std --fs --server-preference --server-defaults --headers --vulnerable \
    --jsonfile "$work/found.json" "https://localhost:$port/" >"$work/testssl" 2>&1
python3 - "$work/found.json" >"$work/verdict" <<'END'
import json
import sys
rows = json.load(open(sys.argv[1]))
known = {row["id"]: row["severity"] for row in rows}
for wanted in "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "heartbleed", "LUCKY13", "secure_client_renego", "cert_chain_of_trust":
    if known.get(wanted) not in ("OK", "INFO"):
        print("not looked at, or not good:", wanted, known.get(wanted))
for row in rows:
    if row["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL"):
        print(row["severity"], row["id"], row["finding"])
print("rows", len(rows))
END
check "testssl.sh looked" "$work/verdict" "rows "
if [ "$(wc -l <"$work/verdict")" = 1 ]; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "failed: testssl.sh:"
    sed 's/^/    /' "$work/verdict"
fi
exec 8>&-
echo "linux/testssl: $passed passed, $failed failed"
[ $failed = 0 ]
