#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TLS against other implementations on real sockets: openssl s_client and s_server, curl,
# and sslscan, which must have nothing to say. Keys and certificates are made here.
# ctest sets MK_BUILD_DIR, MK_SOURCE_DIR, CC and MK_SANITIZE.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${MK_SOURCE_DIR:-$here/../..}
# shellcheck source=tests/linux/tls_peer/tools.sh
. "$here/tls_peer/tools.sh"

skip_all() {
    echo "SKIPPED: TLS against other implementations needs $1 (apt-get install $2)"
    echo "linux/tls_peers: 0 passed, 0 failed, 1 skipped"
    exit 0
}
command -v openssl >/dev/null || skip_all openssl openssl
grep -qs '^MK_HAS_TLS:INTERNAL=ON' "${MK_BUILD_DIR:?is the folder of the build}/CMakeCache.txt" ||
    skip_all "a build with TLS" libssl-dev

libraries=(-lssl -lcrypto -lm -pthread)
! grep -qs '^MK_CARES_LIBRARY:FILEPATH=/' "$MK_BUILD_DIR/CMakeCache.txt" || libraries+=(-lcares)
! grep -qs '^MK_HAS_DEFLATE:INTERNAL=ON' "$MK_BUILD_DIR/CMakeCache.txt" || libraries+=(-lz)
! grep -qs '^MK_HAS_WIDE_AES:INTERNAL=ON' "$MK_BUILD_DIR/CMakeCache.txt" || libraries+=(-lIPSec_MB)
flags=()
[ -z "${MK_SANITIZE:-}" ] || flags=("-fsanitize=$MK_SANITIZE" -fno-sanitize-recover=all)
peer=$work/peer
"${CC:-cc}" -std=c11 -g "${flags[@]}" -I "$root/include" -I "$root/src" -o "$peer" "$here/tls_peer/peer.c" \
    "$MK_BUILD_DIR/lib/libmicrokernel.a" "${libraries[@]}" || exit 1

# --- an authority, a server, a client ---
{
    vouch ca &&
        vouch stranger &&
        certify server "subjectAltName=DNS:server.test,DNS:localhost,IP:127.0.0.1" &&
        certify fresh "subjectAltName=DNS:fresh.test" &&
        certify client "subjectAltName=DNS:client.test"
} >"$work/made" 2>&1 || { cat "$work/made"; exit 1; }

# serve NAME ARGUMENT...: our server; sets `port` and `log`.
serve() {
    log=$work/$1.log
    "$peer" serve "${@:2}" >"$log" 2>&1 &
    servers+=($!)
    wait_for "$log" "port " || exit 1
    port=$(sed -n 's/^port //p' "$log" | head -n 1)
}
# ask OUT LINE ARGUMENT...: s_client says a line, and goes on until our server ends.
ask() {
    local out=$work/$1 line=$2
    shift 2
    # s_client would end with its input, before the answer; the server ends first.
    printf '%s\n' "$line" | timeout 20 openssl s_client -connect "127.0.0.1:$port" -ign_eof "$@" >"$out" 2>&1
}
trusting=(-CAfile "$work/ca.pem" -verify_return_error -verify_hostname server.test -servername server.test)

# --- openssl s_client and our server ---
cp "$work/server.pem" "$work/own.pem"
cp "$work/server.key" "$work/own.key"
serve plain cert="$work/own.pem" key="$work/own.key" alpn=h2,http/1.1
ask out13 "bye 1.3" "${trusting[@]}" -alpn http/1.1
check "s_client, TLS 1.3" "$work/out13" "TLSv1.3" "Verify return code: 0 (ok)" "bye 1.3" "ALPN protocol: http/1.1"
check "what we say about it" "$log" "open TLSv1.3 TLS_AES_128_GCM_SHA256 alpn=http/1.1 resumed=0 keyed=0 sni=server.test"
ask out12 "bye 1.2" "${trusting[@]}" -tls1_2
check "s_client, TLS 1.2" "$work/out12" "TLSv1.2" "ECDHE-ECDSA-AES128-GCM-SHA256" "bye 1.2"
ask out11 "bye" -tls1_1 -cipher 'ALL:@SECLEVEL=0'
check "TLS 1.1 is refused" "$work/out11" "alert protocol version"
ask outcbc "bye" -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256
check "a suite without authenticated encryption is refused" "$work/outcbc" "alert handshake failure"
ask outalpn "bye" -alpn other/1
check "no protocol in common is refused" "$work/outalpn" "alert no application protocol"
mkfifo "$work/keys" # open for writing, so that s_client's input does not end
exec 9<>"$work/keys"
echo R >&9
timeout 20 openssl s_client -connect "127.0.0.1:$port" -tls1_2 <"$work/keys" >"$work/outreneg" 2>&1
exec 9>&-
check "no renegotiation" "$work/outreneg" "no renegotiation"
for version in tls1_3 tls1_2; do
    ask "first_$version" "bye" "${trusting[@]}" "-$version" -sess_out "$work/session"
    ask "second_$version" "bye" "${trusting[@]}" "-$version" -sess_in "$work/session"
    check "a session is resumed, $version" "$work/second_$version" "Reused, "
done
printf 'this is no TLS\r\n\r\n' >"/dev/tcp/127.0.0.1/$port"
wait_for "$log" "end MK_EBADMSG: what came is not TLS" && passed=$((passed + 1)) || failed=$((failed + 1))

cp "$work/fresh.pem" "$work/own.pem"
cp "$work/fresh.key" "$work/own.key"
ask outreload "reload" "${trusting[@]}" </dev/null & # stays open meanwhile
servers+=($!)
wait_for "$log" "reload MK_OK" || failed=$((failed + 1))
ask outfresh "bye" -CAfile "$work/ca.pem" -verify_return_error -verify_hostname fresh.test
check "the certificate has changed" "$work/outfresh" "Verify return code: 0 (ok)" "bye"

serve asking cert="$work/server.pem" key="$work/server.key" ca="$work/ca.pem" ask=1
ask outnone "bye" "${trusting[@]}"
check "without a certificate" "$work/outnone" "alert certificate required"
check "what we say about it" "$log" "end MK_EPERM: the client showed no certificate"
ask outown "bye" "${trusting[@]}" -cert "$work/client.pem" -key "$work/client.key"
check "with a certificate" "$work/outown" "bye"
check "whose it is" "$log" "peer=client.test"
ask outstranger "bye" "${trusting[@]}" -cert "$work/stranger.pem" -key "$work/stranger.key"
check "with one that nobody vouches for" "$log" "end MK_EPERM: the certificate of the client is not accepted: self-signed"

key=0123456789abcdef0123456789abcdef
hex=$(printf %s "$key" | od -v -An -tx1 | tr -d ' \n')
serve keyed psk="cluster:$key"
ask outpsk "bye keyed" -psk "$hex" -psk_identity cluster
check "a pre-shared key" "$work/outpsk" "TLSv1.3" "bye keyed"
check "what we say about it" "$log" "keyed=1"
ask outwrong "bye" -psk "${hex}00" -psk_identity cluster
check "another key" "$log" "end MK_EPERM: the pre-shared keys differ"
ask outother "bye" -psk "$hex" -psk_identity other
check "another identity" "$log" "end MK_EPERM: no pre-shared key of that identity"

# --- our client and openssl s_server ---
# answer NAME ARGUMENT...: s_server sends lines back reversed; sets `port`.
answer() {
    local out=$work/$1.server
    openssl s_server -accept 127.0.0.1:0 -rev "${@:2}" >"$out" 2>&1 </dev/null &
    servers+=($!)
    wait_for "$out" "ACCEPT " || exit 1
    port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$out" | head -n 1)
}
say() { # say OUT ARGUMENT...
    timeout 20 "$peer" say port="$port" "${@:2}" >"$work/$1" 2>&1
}
answer good -cert "$work/server.pem" -key "$work/server.key" -alpn mk/1
say said host=server.test ca="$work/ca.pem" text=hello alpn=other/1,mk/1
check "s_server" "$work/said" "open TLSv1.3" "alpn=mk/1" "peer=server.test" "got olleh" "end MK_EEND"
say saidip host=127.0.0.1 ca="$work/ca.pem" text=hello
check "s_server by its address" "$work/saidip" "got olleh"
say saidhost host=other.test ca="$work/ca.pem" text=hello
check "another host" "$work/saidhost" "end MK_EPERM: the certificate of other.test is not accepted: hostname mismatch (it is for server.test, localhost)"
say saidca host=server.test ca="$work/stranger.pem" text=hello
check "an unknown authority" "$work/saidca" "end MK_EPERM: the certificate of server.test is not accepted: unable to get local issuer"
say saidsystem host=server.test text=hello
check "the roots of the system do not know it, or are not there" "$work/saidsystem" "end"
block() { # block OUT ROOTS HOST
    SSL_CERT_FILE=$2 timeout 20 "$peer" block host="$3" port="$port" text=hello >"$work/$1" 2>&1
}
block blocked "$work/ca.pem" localhost
check "a blocking socket, roots of the system" "$work/blocked" "got olleh"
block unblocked "$work/stranger.pem" localhost
check "a blocking socket, unknown authority" "$work/unblocked" "end: the certificate of localhost is not accepted: unable"
block missing "$work/nothing.pem" localhost
check "a blocking socket without roots" "$work/missing" "end: the roots of the system cannot be read"
answer old -cert "$work/server.pem" -key "$work/server.key" -tls1_2
say saidold host=server.test ca="$work/ca.pem" text=hello
check "s_server, TLS 1.2" "$work/saidold" "open TLSv1.2 ECDHE-" "got olleh"
answer tooold -cert "$work/server.pem" -key "$work/server.key" -tls1_1 -cipher 'ALL:@SECLEVEL=0'
say saidtooold host=server.test ca="$work/ca.pem" text=hello
check "s_server, TLS 1.1" "$work/saidtooold" "end MK_E"
answer asks -cert "$work/server.pem" -key "$work/server.key" -CAfile "$work/ca.pem" -Verify 2 -verify_return_error
say saidown host=server.test ca="$work/ca.pem" text=hello cert="$work/client.pem" key="$work/client.key"
check "s_server asks for a certificate" "$work/saidown" "got olleh"
answer psk -nocert -psk "$hex" -psk_identity cluster
say saidpsk psk="cluster:$key" text=hello
check "s_server with a pre-shared key" "$work/saidpsk" "keyed=1" "got olleh"
say saidwrong psk="cluster:${key}X" text=hello
check "s_server with another one" "$work/saidwrong" "end MK_EREFUSED: the peer refused"

# --- curl, sslscan ---
serve web cert="$work/server.pem" key="$work/server.key" alpn=http/1.1
if command -v curl >/dev/null; then
    curl -sS --max-time 20 --cacert "$work/ca.pem" --resolve "server.test:$port:127.0.0.1" \
        "https://server.test:$port/" >"$work/curled" 2>&1
    check "curl with a private authority" "$work/curled" "hello"
    curl -sS --max-time 20 --cacert "$work/stranger.pem" --resolve "server.test:$port:127.0.0.1" \
        "https://server.test:$port/" >"$work/uncurled" 2>&1
    check "curl without it" "$work/uncurled" "certificate problem"
else
    echo "SKIPPED: curl is not here (apt-get install curl)"
    skipped=$((skipped + 1))
fi
if command -v sslscan >/dev/null; then
    timeout 50 sslscan --no-colour --xml="$work/scan.xml" --sni-name=server.test "127.0.0.1:$port" >"$work/scan" 2>&1
    check "sslscan finds what it looks for" "$work/scan.xml" 'type="tls" version="1.3" enabled="1"' \
        'type="tls" version="1.2" enabled="1"' '<renegotiation supported="' \
        'sslversion="TLSv1.2" vulnerable="0"' TLS_AES_128_GCM_SHA256
    judge_scan "$work/scan.xml"
else
    echo "SKIPPED: sslscan is not here (apt-get install sslscan)"
    skipped=$((skipped + 1))
fi

suffix=""
[ $skipped = 0 ] || suffix=", $skipped skipped"
echo "linux/tls_peers: $passed passed, $failed failed$suffix"
[ $failed = 0 ]
