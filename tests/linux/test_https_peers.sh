#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The https server of a node against other implementations on real sockets: curl with an
# authority of its own, openssl s_client, sslscan; certificates of clients; a certificate
# that changes while it is asked. Keys and certificates are made here.
# ctest sets MK_SHELL, MK_BUILD_DIR.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/linux/tls_peer/tools.sh
. "$here/tls_peer/tools.sh"
shell=${MK_SHELL:?MK_SHELL must name the program}
export XDG_STATE_HOME=$work/state MK_NODE_NAME=quiet
unset MK_NODE_ID

skip_all() {
    echo "SKIPPED: https against other implementations needs $1 (apt-get install $2)"
    echo "linux/https_peers: 0 passed, 0 failed, 1 skipped"
    exit 0
}
command -v openssl >/dev/null || skip_all openssl openssl
command -v curl >/dev/null || skip_all curl curl
grep -qs '^MK_HAS_TLS:INTERNAL=ON' "${MK_BUILD_DIR:?is the folder of the build}/CMakeCache.txt" ||
    skip_all "a build with TLS" libssl-dev

names="subjectAltName=DNS:localhost,DNS:server.test,IP:127.0.0.1"
{
    vouch ca && vouch stranger && certify server "$names" && certify fresh "$names" &&
        certify client "subjectAltName=DNS:client.test"
} >"$work/made" 2>&1 || { cat "$work/made"; exit 1; }

# --- the node ---
mkfifo "$work/orders"
"$shell" --demo --log info - <"$work/orders" >"$work/said" 2>"$work/log" &
servers+=($!)
exec 8>"$work/orders"
# listen ARGUMENT...: sets `port`.
listen() {
    local before
    before=$(grep -c "^listening" "$work/said")
    echo "http listen 0 $*" >&8
    for ((i = 0; i < 500 && $(grep -c "^listening" "$work/said") == before; i++)); do sleep 0.02; done
    port=$(sed -n 's|^listening on https://127.0.0.1:\([0-9]*\)/$|\1|p' "$work/said" | tail -n 1)
    [ -n "$port" ] || { cat "$work/said" "$work/log"; exit 1; }
}
own=$work/own.pem key=$work/own.key
use() { # use NAME: the files that the node knows are now these
    cp "$work/$1.pem" "$own"
    cp "$work/$1.key" "$key"
}
use server
listen --cert "$own" --key "$key"

# fetch OUT ARGUMENT...: curl, which trusts our authority; "code version alpn" behind it.
fetch() {
    curl -sS --max-time 20 --cacert "$work/ca.pem" -w '\n%{http_code} HTTP/%{http_version}\n' \
        "${@:2}" >"$work/$1" 2>&1
}
fetch plain "https://localhost:$port/"
check "curl with a private authority" "$work/plain" "actors: " "200 HTTP/1.1"
fetch address "https://127.0.0.1:$port/metrics"
check "by its address" "$work/address" "# TYPE microkernel_actors gauge" "200 HTTP/1.1"
fetch twice "https://localhost:$port/" "https://localhost:$port/metrics" -v
check "two requests over one connection" "$work/twice" "Re-using existing connection"
fetch alpn "https://localhost:$port/" -v --http2
check "HTTP/2 is asked for, HTTP/1.1 agreed upon" "$work/alpn" "server accepted http/1.1" "200 HTTP/1.1"
fetch head -I "https://localhost:$port/"
check "HEAD" "$work/head" "HTTP/1.1 200 OK" "200 HTTP/1.1"
for version in 1.2 1.3; do
    fetch "tls$version" "--tlsv$version" --tls-max "$version" "https://localhost:$port/"
    check "TLS $version" "$work/tls$version" "200 HTTP/1.1"
done
fetch old --tlsv1.0 --tls-max 1.1 --ciphers 'ALL:@SECLEVEL=0' "https://localhost:$port/"
check "TLS 1.1 is refused" "$work/old" "curl: ("
curl -sS --max-time 20 --cacert "$work/stranger.pem" "https://localhost:$port/" >"$work/untrusted" 2>&1
check "an authority that curl does not know" "$work/untrusted" "certificate problem"
fetch other --resolve "other.test:$port:127.0.0.1" "https://other.test:$port/"
check "another host" "$work/other" "curl: (60)"
fetch text "http://localhost:$port/"
check "plain HTTP to the port" "$work/text" "400 Bad Request: this port speaks https only" "400 HTTP/1.1"
wait_for "$work/log" "status=400" || failed=$((failed + 1))
fetch events -N --max-time 2 "https://localhost:$port/events" -H "Accept: text/event-stream" -D "$work/events.head"
check "a stream of events" "$work/events.head" "HTTP/1.1 200 OK" "text/event-stream"

ask() { # ask OUT ARGUMENT...: one request through s_client
    printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' |
        timeout 20 openssl s_client -connect "127.0.0.1:$port" -ign_eof -CAfile "$work/ca.pem" "${@:2}" \
            >"$work/$1" 2>&1
}
ask asked -servername server.test -verify_hostname server.test -verify_return_error -alpn http/1.1
check "s_client" "$work/asked" "Verify return code: 0 (ok)" "ALPN protocol: http/1.1" "HTTP/1.1 200 OK"
ask alone -alpn h2
check "a client that speaks only HTTP/2" "$work/alone" "alert no application protocol"
for version in tls1_2 tls1_3; do
    ask "first_$version" "-$version" -sess_out "$work/session"
    ask "again_$version" "-$version" -sess_in "$work/session"
    check "a session is resumed, $version" "$work/again_$version" "Reused, " "HTTP/1.1 200 OK"
done

# --- our own client, with these as the roots of the system: read by a worker thread ---
SSL_CERT_FILE=$work/ca.pem timeout 20 "$shell" -c "http get https://localhost:$port/" >"$work/got" 2>&1
check "http get" "$work/got" "200 OK" "actors: "
SSL_CERT_FILE=$work/stranger.pem timeout 20 "$shell" -c "http get https://localhost:$port/" >"$work/ungot" 2>&1
check "http get without that authority" "$work/ungot" "certificate of localhost is not accepted"
SSL_CERT_FILE=$work/nothing.pem timeout 20 "$shell" --log error -c "http get https://localhost:$port/" >"$work/rootless" 2>&1
check "http get without roots" "$work/rootless" "the roots of the system cannot be read"

# --- another certificate while clients ask ---
serial() { # serial NAME: of a certificate, as s_client's file has it
    openssl x509 -noout -serial -in "$1"
}
hammer() { # hammer OUT: new connections, one after the other, until the file `calm` is there
    while [ ! -e "$work/calm" ]; do
        curl -sS --max-time 20 --cacert "$work/ca.pem" -o /dev/null -w '%{http_code}\n' "https://localhost:$port/"
    done >"$work/$1" 2>&1
}
hammer load1 & first=$!
hammer load2 & second=$!
for name in fresh server fresh server fresh; do
    use "$name"
    echo "http reread $port" >&8
    for ((i = 0; i < 200; i++)); do
        ask shown
        [ "$(serial "$work/shown")" != "$(serial "$work/$name.pem")" ] || break
    done
    [ "$(serial "$work/shown")" = "$(serial "$work/$name.pem")" ]
    check "the certificate $name is used" <(echo $?) 0
done
cp "$work/stranger.key" "$key" # a key of another certificate
echo "http reread $port" >&8
wait_for "$work/log" "the old certificate stays" || failed=$((failed + 1))
fetch still "https://localhost:$port/"
check "files that do not fit are not used" "$work/still" "200 HTTP/1.1"
touch "$work/calm"
wait $first $second
cat "$work/load1" "$work/load2" | sort | uniq -c >"$work/load"
[ "$(sort -u "$work/load1" "$work/load2")" = 200 ] || {
    failed=$((failed + 1))
    echo "failed: requests under way while the certificate changed:"
    sed 's/^/    /' "$work/load"
}

# --- clients that show who they are ---
use server
listen --cert "$own" --key "$key" --client-ca "$work/ca.pem"
fetch nobody "https://localhost:$port/"
check "without a certificate" "$work/nobody" "curl: ("
fetch known --cert "$work/client.pem" --key "$work/client.key" "https://localhost:$port/"
check "with a certificate" "$work/known" "200 HTTP/1.1"
fetch stranger --cert "$work/stranger.pem" --key "$work/stranger.key" "https://localhost:$port/"
check "with one that nobody vouches for" "$work/stranger" "curl: ("
wait_for "$work/log" "the client showed no certificate" || failed=$((failed + 1))

# --- what cannot be ---
refused() { # refused TEXT ARGUMENT...
    timeout 20 "$shell" -c "http listen 0 ${*:2}" >"$work/refused" 2>&1
    check "$1" "$work/refused" "$1"
}
refused "TLS needs --cert" --key "$key"
refused "cannot read $work/none.pem" --cert "$work/none.pem"
refused "the key does not belong to the certificate" --cert "$own" --key "$work/fresh.key"
refused "the certificate: there is none" --cert "$key"

# --- sslscan ---
listen --cert "$own" --key "$key"
if command -v sslscan >/dev/null; then
    timeout 50 sslscan --no-colour --xml="$work/scan.xml" --sni-name=server.test "127.0.0.1:$port" >"$work/scan" 2>&1
    check "sslscan finds what it looks for" "$work/scan.xml" 'type="tls" version="1.3" enabled="1"' \
        'type="tls" version="1.2" enabled="1"' TLS_AES_128_GCM_SHA256
    judge_scan "$work/scan.xml"
else
    echo "SKIPPED: sslscan is not here (apt-get install sslscan)"
    skipped=$((skipped + 1))
fi
exec 8>&-

suffix=""
[ $skipped = 0 ] || suffix=", $skipped skipped"
echo "linux/https_peers: $passed passed, $failed failed$suffix"
[ $failed = 0 ]
