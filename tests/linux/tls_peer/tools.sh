# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of TLS against other implementations share: a folder that is removed in
# the end, certificates made on the spot, checks that are counted.
work=$(mktemp -d)
passed=0 failed=0 skipped=0
servers=() # processes that end with the test
cleanup() {
    for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

# check TEXT FILE WORDS...: the file has each of the words.
check() {
    local text=$1 file=$2 words
    shift 2
    for words in "$@"; do
        if ! grep -qF -- "$words" "$file"; then
            failed=$((failed + 1))
            echo "failed: $text: no '$words' in:"
            sed 's/^/    /' "$file"
            return
        fi
    done
    passed=$((passed + 1))
}

# wait_for FILE WORDS: until a program has written them, at most 10 s.
wait_for() {
    local i
    for ((i = 0; i < 500; i++)); do
        ! grep -qF -- "$2" "$1" 2>/dev/null || return 0
        sleep 0.02
    done
    echo "failed: nobody wrote '$2' to $1:"
    sed 's/^/    /' "$1"
    return 1
}

# vouch NAME: a certificate of an authority, $work/NAME.pem and .key.
vouch() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$work/$1.key" -out "$work/$1.pem"
}

# certify NAME EXTENSION: one that the authority `ca` vouches for.
certify() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$work/$1.key" -out "$work/$1.csr" &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
            -days "${days:-2}" -extfile <(printf '%s' "$2") -out "$work/$1.pem"
}

# judge_scan XML: sslscan has found nothing bad.
judge_scan() {
    # Old versions, weak or CBC suites, weak groups, compression, insecure renegotiation,
    # heartbeats: one line per finding. (Suites of TLS 1.3 are never more than "acceptable".)
    grep -E 'type="(ssl|tls)" version="(2|3|1\.0|1\.1)" enabled="1"|<cipher .*(strength="(weak|medium|null|anonymous)"|cipher="[^"]*(CBC|SHA"|RC4|3DES|NULL))|sslversion="TLSv1.2".*strength="acceptable"|compression supported="1"|renegotiation supported="1" secure="0"|vulnerable="1"|<group .*bits="([0-9]|[0-9][0-9]|10[0-9]|11[01])"' \
        "$1" >"$work/findings"
    if [ -s "$work/findings" ]; then
        failed=$((failed + 1))
        echo "failed: sslscan:"
        sed 's/^/    /' "$work/findings"
    else
        passed=$((passed + 1))
    fi
}
