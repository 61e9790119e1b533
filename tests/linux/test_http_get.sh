#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `http get` of mk-shell against servers that others wrote: python3's http.server, nginx,
# and node. What is not installed is skipped, and said.
set -u
shell=${MK_SHELL:?MK_SHELL must name the program}
work=$(mktemp -d)
passed=0 failed=0 skipped=0
servers=()
cleanup() {
    for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
export XDG_STATE_HOME=$work/state MK_NODE_NAME=quiet
unset MK_NODE_ID

verdict() { # verdict STATUS TEXT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $2 (code $code)"
        head -c 600 "$work/out" | sed 's/^/  out: /'
        head -c 600 "$work/err" | sed 's/^/  err: /'
    fi
}

get() { # get WORDS: of the command
    timeout 60 "$shell" -c "http get $1" >"$work/out" 2>"$work/err"
    code=$?
}

is() { # is CODE TEXT
    [ "$code" = "$1" ]
    verdict $? "$2: exit code $1"
}

body_is() { # body_is FILE TEXT: behind the row of the status
    tail -n +2 "$work/out" | cmp -s - "$1"
    verdict $? "$2: the body is the file"
}

first_is() { # first_is ROW TEXT
    [ "$(head -n 1 "$work/out")" = "$1" ]
    verdict $? "$2: the first row is $1"
}

wait_for() { # wait_for FILE: a server's port, once it listens
    local turns=0
    while [ ! -s "$1" ] && [ $turns -lt 100 ]; do
        sleep 0.1
        turns=$((turns + 1))
    done
    port=$(tr -dc 0-9 <"$1")
}

mkdir "$work/www"
head -c 5000000 /dev/urandom >"$work/www/big"
printf 'text with \xff, \033[31m and \303\251\n' >"$work/www/text"
: >"$work/www/empty"

files() { # files NAME: what every server of files has to show
    get "http://127.0.0.1:$port/big"
    is 0 "$1: 5 MB"
    first_is "200 OK" "$1: 5 MB"
    body_is "$work/www/big" "$1: 5 MB"
    get "http://127.0.0.1:$port/empty"
    is 0 "$1: an empty file"
    body_is "$work/www/empty" "$1: an empty file"
    get "http://127.0.0.1:$port/nix"
    is 1 "$1: a file that is not there"
    first_is "404 Not Found" "$1: a file that is not there"
    get "-i http://localhost:$port/text"
    is 0 "$1: by name"
    grep -qi '^Content-Length: ' "$work/out"
    verdict $? "$1: -i shows the header"
    get "--json http://127.0.0.1:$port/text"
    is 0 "$1: JSON"
    python3 -c 'import json, sys
answer = json.load(open(sys.argv[1]))
assert answer["status"] == 200, answer
assert answer["body"] == "text with \\xff, \033[31m and \u00e9\n", answer' "$work/out"
    verdict $? "$1: JSON is whole"
}

# --- python3 ----------------------------------------------------------------------
python3 -u - "$work/www" >"$work/port" 2>/dev/null <<'EOS' &
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/loop" if "loop" in self.path else "text")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/loop":
            self.path = "/moved-loop"
            self.do_GET()
        elif self.path == "/silent":
            import time
            time.sleep(30)
        else:
            super().do_GET()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
    functools.partial(Handler, directory=sys.argv[1]))
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
EOS
servers+=($!)
wait_for "$work/port"
files python3
get "http://127.0.0.1:$port/moved"
is 0 "a redirect"
body_is "$work/www/text" "a redirect"
get "http://127.0.0.1:$port/moved-loop"
is 1 "redirects without end"
grep -q 'more than 10 redirects' "$work/err"
verdict $? "redirects without end are named"
get "-t 300ms http://127.0.0.1:$port/silent"
is 4 "a silent server"
get "http://127.0.0.1:1/"
is 6 "nobody listens"
[ ! -s "$work/out" ] && grep -q 'refused' "$work/err"
verdict $? "nobody listens: said on standard error"
get "http://no.such.host.invalid/"
is 6 "a name that nobody has"
get "ftp://127.0.0.1/"
is 2 "no URL of ours"
get "http://user:secret@127.0.0.1/"
is 2 "user information"
! grep -q secret "$work/out" "$work/err"
verdict $? "a password is not shown"

# --- nginx ------------------------------------------------------------------------
nginx=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null)
if [ -n "$nginx" ]; then
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >"$work/nginx.conf" <<EOS
daemon off; master_process off; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 64; }
http {
    access_log off; default_type text/plain;
    client_body_temp_path $work/body; proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi; uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
    server {
        listen 127.0.0.1:$port; root $work/www;
        location = /moved { return 301 /text; }
        location = /chunked { ssi on; ssi_types *; default_type text/html; alias $work/www/text; }
    }
}
EOS
    "$nginx" -c "$work/nginx.conf" -p "$work" >/dev/null 2>&1 &
    servers+=($!)
    turns=0
    until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null || [ $turns = 50 ]; do
        sleep 0.1
        turns=$((turns + 1))
    done
    files nginx
    get "http://127.0.0.1:$port/moved"
    is 0 "nginx: a redirect"
    get "-i http://127.0.0.1:$port/chunked"
    is 0 "nginx: chunked"
    grep -q '^Transfer-Encoding: chunked$' "$work/out"
    verdict $? "nginx: the answer is chunked"
else
    echo "SKIPPED: http get against nginx needs nginx (apt-get install nginx-light)"
    skipped=$((skipped + 1))
fi

# --- node -------------------------------------------------------------------------
if command -v node >/dev/null; then
    rm -f "$work/port"
    node -e '
const server = require("http").createServer((request, response) => {
    if (request.url === "/pieces") {
        response.writeEarlyHints && response.writeEarlyHints({ link: "</a>; rel=preload" });
        response.writeHead(200, { Trailer: "T" });
        let count = 0;
        const timer = setInterval(() => {
            if (count++ < 5) return response.write("piece " + count + "\n");
            clearInterval(timer);
            response.addTrailers({ T: "x" });
            response.end();
        }, 20);
    } else if (request.url === "/breaks") {
        response.writeHead(200, { "Content-Length": 100 });
        response.write("only this");
        setTimeout(() => response.destroy(), 50);
    } else {
        response.end("node");
    }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));' >"$work/port" &
    servers+=($!)
    wait_for "$work/port"
    get "http://127.0.0.1:$port/pieces"
    is 0 "node: pieces, an early hint, a trailer"
    [ "$(grep -c '^piece ' "$work/out")" = 5 ]
    verdict $? "node: all pieces came"
    get "http://127.0.0.1:$port/breaks"
    is 1 "node: an answer that breaks off"
    grep -q 'closed inside the body' "$work/err"
    verdict $? "node: an answer that breaks off is named"
else
    echo "SKIPPED: http get against node needs node (apt-get install nodejs)"
    skipped=$((skipped + 1))
fi

echo "linux/http_get: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
