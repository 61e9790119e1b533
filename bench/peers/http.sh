#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# http.sh PROGRAMS [--tsv]: small answers of our server, of the bare loop (bound_http) and
# of nginx, each on one core, in turns, under wrk on the other core. Wall time, and medians;
# our own load client (../net/run.sh) counts by the server's processor time instead. Runs what is
# installed and says how to get the rest; installs nothing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../turns.sh"
programs=$1
tsv=${2:-}
work=$(mktemp -d)
server=""
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
if ! command -v wrk >/dev/null; then
    echo "peers: SKIPPED: no load generator. Try: sudo apt-get install wrk" >&2
    exit 0
fi
servers=(ours_http bound_http)
if PATH=$PATH:/usr/sbin command -v nginx >/dev/null; then
    servers+=(nginx)
else
    echo "peers: SKIPPED nginx: not installed. Try: sudo apt-get install nginx-light" >&2
fi

# start SERVER: sets `server` and `at`, where it listens.
mkfifo "$work/port"
start() {
    local program=$1
    [ "$1" != nginx ] || program=bound_http # only for a port that is free
    (pin $(($(nproc) - 1)) "$programs/$program" 0 >"$work/port") &
    server=$!
    read -r at <"$work/port"
    [ "$1" = nginx ] || return 0
    stop
    cat >"$work/nginx.conf" <<END
worker_processes 1;
daemon off;
master_process off;
pid $work/nginx.pid;
error_log $work/nginx.log crit;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    server {
        listen 127.0.0.1:$at backlog=4096;
        location / { default_type text/plain; return 200 "Hello, World!"; }
    }
}
END
    (PATH=$PATH:/usr/sbin pin $(($(nproc) - 1)) nginx -c "$work/nginx.conf" -p "$work") &
    server=$!
    for _ in $(seq 100); do
        ! bash -c ": </dev/tcp/127.0.0.1/$at" 2>/dev/null || return 0
        sleep 0.05
    done
    echo "peers: nginx does not listen" >&2
    exit 1
}
stop() {
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=""
}

[ -n "$tsv" ] || printf '%-12s %11s %12s %8s\n' server connections requests/s ratio
for connections in 64 1000; do
    for name in "${servers[@]}"; do : >"$work/$name.$connections"; done
    for _ in 1 2 3 4 5; do
        for name in "${servers[@]}"; do
            start "$name"
            (pin 0 wrk -t 1 -c "$connections" -d 1s "http://127.0.0.1:$at/") |
                awk '/^Requests\/sec:/ { print $2 }' >>"$work/$name.$connections"
            stop
        done
    done
    bound=$(median <"$work/bound_http.$connections")
    for name in "${servers[@]}"; do
        value=$(median <"$work/$name.$connections")
        awk -v name="$name" -v connections="$connections" -v value="$value" -v bound="$bound" -v tsv="$tsv" 'BEGIN {
            form = tsv ? "%s\t%d\t%.0f\t%.3f\n" : "%-12s %11d %12.0f %8.2f\n"
            printf form, name, connections, value, value / bound
        }'
    done
done
