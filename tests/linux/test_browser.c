/* SPDX-License-Identifier: Apache-2.0 */
/* A real browser against the server: a page in Chromium, without a window, that uses
 * fetch, EventSource and WebSocket, in plain and over TLS, and tells what came of it.
 * Skipped where Chromium is not installed. */
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/runtime.h"
#include "port/deflate.h"
#include "support/test.h"

#include "folder.h"
#include "peer_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 120000 };

/* --- the page --- */

static const char page[] =
    "<!doctype html><title>page</title><script>\n"
    "const lines = [];\n"
    "function check(what, is, want) {\n"
    "  const good = is === want;\n"
    "  lines.push(what + (good ? ': good' : ': ' + is + ' for ' + want));\n"
    "}\n"
    "async function fetches() {\n"
    "  check('fetch', await (await fetch('/hello')).text(), 'hello');\n"
    "  const body = 'gr\\u00fc\\u00df '.repeat(20000);\n"
    "  const echo = await fetch('/echo', {method: 'POST', body});\n"
    "  check('post', await echo.text(), body);\n"
    "  check('pieces', await (await fetch('/pieces')).text(), 'one two three ');\n"
    "  check('missing', (await fetch('/missing')).status, 404);\n"
    "  const all = await Promise.all([...Array(30)].map(() => fetch('/hello')));\n"
    "  check('many', (await Promise.all(all.map(r => r.text()))).join(''),\n"
    "        'hello'.repeat(30));\n"
    "  const head = await fetch('/hello', {method: 'HEAD'});\n"
    "  check('head', head.headers.get('Content-Length'), '5');\n"
    "}\n"
    "function events() {  // the server ends after two; the browser comes again\n"
    "  return new Promise(done => {\n"
    "    const source = new EventSource('/events'), got = [];\n"
    "    source.addEventListener('n', event => {\n"
    "      got.push(event.data + '#' + event.lastEventId);\n"
    "      if (got.length < 4) return;\n"
    "      source.close();\n"
    "      check('events', got.join(' '), 'a\\nb#1 c#2 a\\nb#1 c#2');\n"
    "      done();\n"
    "    });\n"
    "  });\n"
    "}\n"
    "function socket() {\n"
    "  return new Promise(done => {\n"
    "    const url = location.origin.replace('http', 'ws') + '/ws';\n"
    "    const ws = new WebSocket(url, ['other', 'echo']);\n"
    "    const sent = ['', 'gr\\u00fc\\u00df', 'x'.repeat(200000),\n"
    "                  new Uint8Array(200000).map((_, i) => i * i).buffer];\n"
    "    let at = 0;\n"
    "    const hex = b => typeof b === 'string' ? b : new Uint8Array(b).join();\n"
    "    ws.binaryType = 'arraybuffer';\n"
    "    ws.onopen = () => {\n"
    "      check('extension', ws.extensions.split(';')[0], 'permessage-deflate');\n"
    "      check('protocol', ws.protocol, 'echo');\n"
    "      ws.send(sent[0]);\n"
    "    };\n"
    "    ws.onmessage = event => {\n"
    "      check('message ' + at, hex(event.data) === hex(sent[at]), true);\n"
    "      if (++at < sent.length) ws.send(sent[at]);\n"
    "      else ws.close(4001, 'enough');\n"
    "    };\n"
    "    ws.onclose = event => {\n"
    "      check('close', event.code + ' ' + event.wasClean, '4001 true');\n"
    "      done();\n"
    "    };\n"
    "  });\n"
    "}\n"
    "fetches().then(events).then(socket).catch(e => lines.push('failed: ' + e))\n"
    "  .then(() => fetch('/result', {method: 'POST', body: lines.join('\\n')}));\n"
    "</script>\n";

static const char *const wanted[] = {
    "fetch: good",     "post: good",      "pieces: good",    "missing: good",
    "many: good",      "head: good",      "events: good",    "extension: good",
    "protocol: good",  "message 0: good", "message 1: good", "message 2: good",
    "message 3: good", "close: good"};

/* --- the server --- */

/* Of the next server. */
static bool is_secure;
static int result_to; /* where the result goes */

static void show_page(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const char *const headers[] = {"Content-Type: text/html; charset=utf-8"};
    (void)rt, (void)ctx;
    (void)http_answer(request, 200, headers, 1, page, sizeof page - 1);
}

/* Two events, and the stream ends. */
static void send_events(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_sse_event_t events[] = {
        {.retry_ms = 100},
        {.event = "n", .id = "1", .data = "a\nb", .data_size = 3},
        {.event = "n", .id = "2", .data = "c", .data_size = 1}};
    (void)ctx;
    http_conn_id_t id = http_defer(request);
    (void)http_sse_start(rt, id);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        (void)http_sse_send(rt, id, &events[i]);
    http_close(rt, id);
}

static void accept_ws(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {.on_message = server_echo_message};
    static const char *const protocols[] = {"echo"};
    static const http_ws_accept_t accept = {protocols, 1, true};
    (void)rt, (void)ctx;
    (void)http_ws_accept_with(request, &accept, &handler, NULL, NULL);
}

static void take_result(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt, (void)ctx;
    (void)http_answer(request, 200, NULL, 0, NULL, 0);
    if (write(result_to, request->body, request->body_size) < 0) _exit(5);
    close(result_to);
}

static void serve(int tell) {
    static char pem[2048];
    runtime_t *rt = runtime_init(0, 64);
    http_listen_tls_t tls = {.certificate = pem, .key = pem};
    http_listen_options_t options = {0};
    if (is_secure) {
        int size = http_make_certificate("localhost", 2, pem, sizeof pem);
        if (size < 0) _exit(2);
        tls.certificate_size = tls.key_size = (size_t)size;
        options.tls = &tls;
    }
    int port = http_listen(rt, &options);
    if (port < 0 || http_route(rt, "GET", "/", show_page, NULL) < 0 ||
        http_route(rt, "GET", "/hello", server_hello, NULL) < 0 ||
        http_route(rt, "POST", "/echo", server_echo_body, NULL) < 0 ||
        http_route(rt, "GET", "/pieces", server_answer_in_pieces, NULL) < 0 ||
        http_route(rt, "GET", "/events", send_events, NULL) < 0 ||
        http_route(rt, "GET", "/ws", accept_ws, NULL) < 0 ||
        http_route(rt, "POST", "/result", take_result, NULL) < 0)
        _exit(3);
    server_tell_port(tell, port, 0);
    runtime_run(rt);
    _exit(0);
}

/* --- the browser --- */

/* In a group of its own, which ends with it. */
static pid_t start_browser(const char *url) {
    static char profile[PATH_SIZE + 64];
    (void)snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", folder);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0) return pid;
    (void)setpgid(0, 0);
    int quiet = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        (void)dup2(quiet, fd);
    execlp("chromium", "chromium", "--headless", "--no-sandbox", "--disable-gpu",
           "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
           "--disable-extensions", "--ignore-certificate-errors",
           "--remote-debugging-port=0", profile, url, (char *)NULL);
    _exit(127);
}

/* Until the other side closes it, or patience ends. */
static void read_result(int fd, char *text, size_t cap) {
    size_t size = 0;
    struct pollfd ready = {fd, POLLIN, 0};
    while (size < cap - 1 && poll(&ready, 1, PATIENCE_MS) == 1) {
        ssize_t got = read(fd, text + size, cap - 1 - size);
        if (got <= 0) break;
        size += (size_t)got;
    }
    text[size] = '\0';
}

static void visit(void) {
    int result_pipe[2];
    server_t server;
    char url[64], result[4096];
    peers_need("chromium", "chromium --version 2>&1");
    if (!port_deflate_is_available()) test_skip("this build does not compress");
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* its helpers end before we go on */
    CHECK_EQ(pipe(result_pipe), 0);
    result_to = result_pipe[1];
    server_open(&server, serve);
    close(result_to);
    (void)snprintf(url, sizeof url, "%s://localhost:%d/", is_secure ? "https" : "http",
                   server.port);
    pid_t browser = start_browser(url);
    read_result(result_pipe[0], result, sizeof result);
    close(result_pipe[0]);
    (void)kill(-browser, SIGKILL);
    while (waitpid(-browser, NULL, 0) > 0) {
    }
    server_close(&server);
    char *rest = result;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char *line = rest != NULL ? strsep(&rest, "\n") : NULL;
        CHECK_STR(line != NULL ? line : "(nothing)", wanted[i]);
    }
    CHECK(rest == NULL);
}

TEST(browser_uses_our_server_in_plain) {
    is_secure = false;
    visit();
}

TEST(browser_uses_our_server_over_tls) {
    char pem[2048];
    if (http_make_certificate("localhost", 2, pem, sizeof pem) == MK_ENOTSUP)
        test_skip("this build has no TLS");
    is_secure = true;
    visit();
}

TEST_TABLE(browser, TEST_ROW(browser_uses_our_server_in_plain),
           TEST_ROW(browser_uses_our_server_over_tls))
