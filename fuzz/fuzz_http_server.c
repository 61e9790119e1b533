/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_http_server.c - anything that peers, handlers, an owner and the world can do to
 * a server: what it holds stays bounded, whoever was given something hears of its end
 * once, and in the end nothing is left.
 *
 * The first byte is how the network carries bytes: 1 in parts that the seed chooses,
 * 2 five at most, 4 through a small window, 8 with hiccups; 16: unrouted requests are
 * nobody's; 32: their owner takes bodies in pieces. The others are pieces that end in
 * FF '|'; the first byte of a piece says what it is: >bytes   the peer sends; *Nbytes:
 * N times n N      the peer is now that one of four, which connects when it has not q
 * it stops reading, or goes on; h, c, r: it finishes, closes, resets t N      N * N * 4
 * milliseconds pass o N...   the owner does something with a request it has d N... the
 * same is done for a request that a handler kept x N      the server stops, with N * 40
 * ms of grace a N, p N the Nth allocation, or call of the port, from now on fails */
#include "base/alloc.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/http.h"
#include "microkernel/log.h"
#include "microkernel/runtime.h"
#include "net/address.h"
#include "port/sockets.h"
#include "sim/sim.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

enum {
    PEERS = 4,
    IDS_MAX = 4096, /* given out in one run; above it is not followed */
    MARK = 2048,    /* of the output */
    WHOLE_MAX = 4096,
    /* Of one connection: output up to twice the mark and an answer on top, kept input
     * of one read, a body or message, a head. */
    HELD_MAX = 2 * MARK + 2 * WHOLE_MAX + 2 * 32768 + 32768,
    SCRIPT_STEPS = 20000, /* of the loop; then the script is over */
    SECONDS_AT_END = 4000,
    DO_OWN = 1
};

/* What an id stands for, as far as who has it was told. */
typedef enum {
    ID_FREE,
    ID_GIVEN,  /* a request, or what it became; its end is to be told */
    ID_WS,     /* a WebSocket; MSG_WS_CLOSED or on_closed is to come */
    ID_CLOSED, /* by its owner: its end may have been under way already */
    ID_OVER    /* answered, or its end was told */
} id_state_t;

typedef struct {
    http_conn_id_t id;
    id_state_t state;
} seen_id_t;

typedef struct {
    int handle; /* -1: none */
    bool is_quiet;
} peer_t;

static struct {
    runtime_t *rt;
    uint16_t port;
    actor_id_t owner;
    bool has_owner;  /* it has not ended */
    bool had_faults; /* then a message may be missing, but none comes twice */
    peer_t peers[PEERS];
    peer_t *peer;
    http_conn_id_t kept; /* by a handler */
    http_conn_id_t ws;   /* of the handler, the last one */
    const uint8_t *piece;
    size_t size;
    int steps; /* of the loop so far */
    seen_id_t ids[IDS_MAX];
    size_t ids_len;
    http_conn_id_t own; /* the owner's last request */
} scene;

/* --- who was told what --- */

static seen_id_t *find_id(http_conn_id_t id) {
    for (size_t i = scene.ids_len; i > 0; i--)
        if (scene.ids[i - 1].id == id) return &scene.ids[i - 1];
    return NULL;
}

static void give_id(http_conn_id_t id, id_state_t state) {
    REQUIRE(id != 0);
    seen_id_t *seen = find_id(id);
    REQUIRE(seen == NULL || seen->state >= ID_CLOSED);
    if (scene.ids_len == IDS_MAX) return;
    scene.ids[scene.ids_len++] = (seen_id_t){id, state};
}

/* What was in state `from` is now in `to`. */
static void move_id(http_conn_id_t id, id_state_t from, id_state_t to) {
    seen_id_t *seen = find_id(id);
    if (seen == NULL) {
        REQUIRE(scene.ids_len == IDS_MAX);
        return;
    }
    REQUIRE(seen->state == from || (seen->state == ID_CLOSED && to == ID_OVER));
    seen->state = to;
}

/* --- handlers --- */

static void say_hello(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    static const char *const headers[] = {"Content-Type: text/plain"};
    int result = http_answer(request, 200, headers, 1, "hello", 5);
    REQUIRE(result == MK_OK || result == MK_ENOMEM || scene.had_faults);
    REQUIRE(http_answer(request, 200, NULL, 0, "again", 5) != MK_OK || result != MK_OK);
}

static void echo_body(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    size_t size;
    REQUIRE(request->body_size <= WHOLE_MAX);
    (void)http_header(request, "content-type", &size);
    (void)http_answer(request, 200, NULL, 0, request->body, request->body_size);
}

static void show_name(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    const char *name = http_param(request, "name");
    REQUIRE(name != NULL || scene.had_faults);
    if (name != NULL) (void)http_answer(request, 200, NULL, 0, name, strlen(name));
}

static void forget(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)request;
    (void)ctx;
}

static void keep(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)rt;
    (void)ctx;
    scene.kept = http_defer(request);
}

static void keep_and_close(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    http_close(rt, http_defer(request));
}

static void answer_in_pieces(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    static const char part[600] = {'p'};
    http_conn_id_t id = http_defer(request);
    (void)http_respond_begin(rt, id, 200, NULL, 0);
    for (int i = 0; i < 20; i++)
        (void)http_respond_piece(rt, id, part, sizeof part);
    (void)http_respond_end(rt, id);
}

static void send_events(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    scene.kept = http_defer(request);
    (void)http_sse_start(rt, scene.kept);
    (void)http_sse_push(rt, scene.kept, "n", "one\ntwo", 7);
}

static void stop_all(runtime_t *rt, const http_request_t *request, void *ctx) {
    (void)ctx;
    (void)http_answer(request, 200, NULL, 0, NULL, 0);
    http_stop(rt, 100);
}

/* --- a body in pieces of a handler --- */

static bool receive_data(runtime_t *rt, http_conn_id_t id, const void *data,
                         size_t size, void *ctx) {
    (void)ctx;
    const char *bytes = data;
    REQUIRE(size > 0);
    switch (bytes[0]) {
    case 'H': return false;
    case 'M': http_receive_more(rt, id); return false;
    case 'A':
        if (http_respond(rt, id, 200, NULL, 0, bytes, size) == MK_OK)
            move_id(id, ID_GIVEN, ID_OVER);
        return true;
    case 'B': (void)http_respond_begin(rt, id, 200, NULL, 0); return true;
    case 'C': http_close(rt, id); return false;
    default: (void)http_respond_piece(rt, id, bytes, size); return true;
    }
}

static void receive_end(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)ctx;
    move_id(id, ID_GIVEN, ID_OVER);
    if (http_respond(rt, id, 200, NULL, 0, "all", 3) != MK_OK)
        (void)http_respond_end(rt, id);
}

static void receive_lost(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)rt;
    (void)ctx;
    move_id(id, ID_GIVEN, ID_OVER);
}

static void receive(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_body_handler_t handler = {receive_data, receive_end,
                                                receive_lost};
    (void)rt;
    (void)ctx;
    REQUIRE(request->body_size == 0);
    http_conn_id_t id = http_receive(request, &handler, NULL, WHOLE_MAX);
    if (id == 0) return;
    give_id(id, ID_GIVEN);
    scene.kept = id;
}

/* --- a WebSocket of a handler --- */

/* Who closes is told nothing any more. */
static void close_ws(http_conn_id_t id) {
    seen_id_t *seen = find_id(id);
    http_close(scene.rt, id);
    if (seen != NULL && seen->state == ID_WS) seen->state = ID_OVER;
}

static void take(runtime_t *rt, http_conn_id_t id, bool is_binary, const void *data,
                 size_t size, void *ctx) {
    (void)ctx;
    REQUIRE(size <= WHOLE_MAX);
    (void)http_ws_send(rt, id, is_binary, data, size);
    if (size == 4 && memcmp(data, "quit", 4) == 0)
        (void)http_ws_close(rt, id, 1000, "quit");
    if (size == 4 && memcmp(data, "drop", 4) == 0) close_ws(id);
    if (size == 4 && memcmp(data, "kept", 4) == 0) http_close(rt, scene.kept);
}

static void room(runtime_t *rt, http_conn_id_t id, void *ctx) {
    (void)ctx;
    (void)http_ws_send(rt, id, true, "room", 4);
}

static void closed(runtime_t *rt, http_conn_id_t id, uint16_t code, void *ctx) {
    (void)ctx;
    REQUIRE(code != 0);
    REQUIRE(http_ws_send(rt, id, true, "x", 1) == MK_ENOENT);
    move_id(id, ID_WS, ID_OVER);
    http_close(rt, scene.kept); /* another exchange, from within */
}

static void accept_ws(runtime_t *rt, const http_request_t *request, void *ctx) {
    static const http_ws_handler_t handler = {take, room, closed};
    (void)rt;
    (void)ctx;
    http_conn_id_t id = http_ws_accept(request, &handler, NULL);
    if (id == 0) return;
    give_id(id, ID_WS);
    scene.ws = id;
}

/* --- the owner --- */

static void own_ws(runtime_t *rt, http_conn_id_t id, uint8_t what) {
    seen_id_t *seen = find_id(id);
    bool is_given = seen != NULL && seen->state == ID_GIVEN;
    if (what == 0 && actor_ws_accept(rt, id))
        move_id(id, ID_GIVEN, ID_WS);
    else if (what == 0 && is_given)
        seen->state = ID_CLOSED; /* answered, if it was no good upgrade */
    if (what == 1) (void)actor_ws_send_text(rt, id, "hi", 2);
    if (what == 2)
        (void)actor_ws_send_binary(rt, id, scene.piece, scene.size > 1000 ? 1000 : 3);
    if (what == 3) (void)actor_ws_close(rt, id, 4000, "bye");
    if (what == 5) http_receive_more(rt, id);
    if (what != 4) return;
    actor_http_close(rt, id);
    if (seen != NULL && seen->state < ID_CLOSED) seen->state = ID_CLOSED;
}

/* False: it ends. */
static bool do_own(runtime_t *rt, http_conn_id_t id, uint8_t what) {
    static const char *const headers[] = {"X-Own: 1"};
    static const char *const bad[] = {"X: 1\r\nY: 2"};
    static const char large[WHOLE_MAX] = {'l'};
    switch (what % 16) {
    case 0:
        if (actor_http_respond(rt, id, 201, headers, 1, "made", 4))
            move_id(id, ID_GIVEN, ID_OVER);
        break;
    case 1:
        REQUIRE(!actor_http_respond(rt, id, 200, bad, 1, "", 0));
        if (actor_http_respond(rt, id, 200, headers, 1, large, sizeof large))
            move_id(id, ID_GIVEN, ID_OVER);
        break;
    case 2: (void)actor_sse_start(rt, id); break;
    case 3: (void)actor_sse_push(rt, id, "tick", "one\ntwo", 7); break;
    case 4: (void)actor_http_unlisten(rt, scene.port); break;
    case 5: return false;
    case 6: (void)http_respond_begin(rt, id, 200, NULL, 0); break;
    case 7: (void)http_respond_piece(rt, id, "piece", 5); break;
    case 8:
        if (http_respond_end(rt, id) == MK_OK) move_id(id, ID_GIVEN, ID_OVER);
        break;
    default: own_ws(rt, id, (what % 16) - 9); break;
    }
    return true;
}

static bool own_port(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    const http_request_payload_t *request = msg->payload;
    const ws_status_payload_t *status = msg->payload;
    switch (msg->type) {
    case DO_OWN:
        if (!do_own(rt, scene.own, scene.piece[0])) scene.has_owner = false;
        return scene.has_owner;
    case MSG_HTTP_REQUEST:
        REQUIRE(msg->payload_size == sizeof *request + request->method_size +
                                         request->path_size + request->headers_size +
                                         request->body_size);
        REQUIRE(request->body_size <= WHOLE_MAX);
        give_id(request->conn_id, ID_GIVEN);
        scene.own = request->conn_id;
        break;
    case MSG_HTTP_DATA:
    case MSG_HTTP_END: /* its first field is the id, too */
        REQUIRE(find_id(status->conn_id) != NULL || scene.ids_len == IDS_MAX);
        break;
    case MSG_HTTP_CONN_CLOSED: move_id(status->conn_id, ID_GIVEN, ID_OVER); break;
    case MSG_WS_OPEN: REQUIRE(find_id(status->conn_id) != NULL); break;
    case MSG_WS_MESSAGE: REQUIRE(find_id(status->conn_id)->state >= ID_WS); break;
    case MSG_WS_ERROR: /* its first field is the id, too */
        move_id(status->conn_id, ID_WS, ID_OVER);
        break;
    case MSG_WS_CLOSED:
        REQUIRE(status->close_code != 0);
        move_id(status->conn_id, ID_WS, ID_OVER);
        break;
    default: break;
    }
    return true;
}

/* --- for a request that was kept --- */

static void do_kept(uint8_t what) {
    runtime_t *rt = scene.rt;
    static const char part[1500] = {'x'};
    int result = MK_ENOENT;
    switch (what % 11) {
    case 0: result = http_respond(rt, scene.kept, 200, NULL, 0, "late", 4); break;
    case 1: (void)http_respond_begin(rt, scene.kept, 200, NULL, 0); break;
    case 2: (void)http_respond_piece(rt, scene.kept, part, sizeof part); break;
    case 3: result = http_respond_end(rt, scene.kept); break;
    case 4: result = http_sse_start(rt, scene.kept); break;
    case 5: (void)http_sse_push(rt, scene.kept, "e", part, sizeof part); break;
    case 6: http_close(rt, scene.kept); break;
    case 7: (void)http_ws_send(rt, scene.ws, true, part, sizeof part); break;
    case 8: (void)http_ws_close(rt, scene.ws, 1001, NULL); break;
    case 9: http_receive_more(rt, scene.kept); break;
    default: close_ws(scene.ws); break;
    }
    /* Of a body that was being received nothing more is told. */
    seen_id_t *seen = find_id(scene.kept);
    if (result != MK_ENOENT && seen != NULL && seen->state == ID_GIVEN)
        seen->state = ID_OVER;
}

/* --- peers --- */

static void peer_read(peer_t *peer) {
    char bytes[4096];
    if (peer->handle < 0 || peer->is_quiet) return;
    while (port_socket_read(peer->handle, bytes, sizeof bytes) > 0) {
    }
}

static void check_bounds(void) {
    http_counters_t counts = http_counters(scene.rt);
    REQUIRE(counts.connections <= PEERS * 2);
    REQUIRE(counts.memory_bytes <= counts.connections * HELD_MAX);
    REQUIRE(counts.websockets + counts.event_streams <= counts.connections);
}

static void steps(int count) {
    for (int i = 0; i < count; i++) {
        runtime_step(scene.rt);
        for (size_t n = 0; n < PEERS; n++)
            peer_read(&scene.peers[n]);
    }
    scene.steps += count;
    check_bounds();
}

static void pass(uint64_t ms) {
    while (ms > 0) {
        uint64_t part = ms < 1000 ? ms : 1000;
        sim_advance(part * 1000000u);
        steps(2);
        ms -= part;
    }
}

static void choose_peer(size_t number) {
    scene.peer = &scene.peers[number % PEERS];
    if (scene.peer->handle >= 0) return;
    port_address_t at = address_loopback(scene.port);
    scene.peer->handle = port_socket_connect(&at);
    scene.peer->is_quiet = false;
    steps(2);
}

static void send_bytes(const uint8_t *bytes, size_t size) {
    for (int i = 0; size > 0 && i < 400 && scene.peer->handle >= 0; i++) {
        port_slice_t slice = {bytes, size};
        int count = port_socket_write(scene.peer->handle, &slice, 1);
        if (count < 0 && count != MK_EAGAIN) return;
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
        steps(1);
    }
}

/* --- the script --- */

static void take_piece(const uint8_t *piece, size_t size) {
    static const uint8_t zero = 0;
    if (size == 0) return;
    uint8_t what = piece[0];
    scene.piece = size > 1 ? piece + 1 : &zero;
    scene.size = size > 1 ? size - 1 : 1;
    uint8_t number = scene.piece[0];
    peer_t *peer = scene.peer;
    switch (what) {
    case 'n': choose_peer(number); break;
    case 'q': peer->is_quiet = !peer->is_quiet; break;
    case 'h':
        if (peer->handle >= 0) (void)port_socket_finish(peer->handle);
        break;
    case 'c':
    case 'r':
        if (peer->handle < 0) break;
        if (what == 'c')
            port_socket_close(peer->handle);
        else
            port_socket_abort(peer->handle);
        peer->handle = -1;
        break;
    case 't': pass(number * number * 4u); break;
    case 'o':
        if (scene.owner != 0) (void)actor_send(scene.rt, scene.owner, DO_OWN, NULL, 0);
        steps(8);
        break;
    case 'd': do_kept(number); break;
    case 'x': http_stop(scene.rt, number * 40u); break;
    case 'a':
        mk_alloc_fail_at(number, false);
        scene.had_faults = true;
        break;
    case 'p':
        sim_fail_port_at(number, false);
        scene.had_faults = true;
        break;
    case '*':
        for (size_t i = 0; i < number && scene.steps < SCRIPT_STEPS; i++)
            send_bytes(scene.piece + 1, scene.size - 1);
        break;
    default: send_bytes(piece + (what == '>'), size - (what == '>')); break;
    }
    steps(8);
}

static void add_routes(void) {
    static const struct {
        const char *method;
        const char *pattern;
        http_handler_fn fn;
    } routes[] = {
        {"GET", "/", say_hello},
        {"POST", "/echo", echo_body},
        {"GET", "/hello/:name", show_name},
        {"*", "/forget", forget},
        {"*", "/keep", keep},
        {"GET", "/close", keep_and_close},
        {"GET", "/pieces", answer_in_pieces},
        {"GET", "/events", send_events},
        {"GET", "/stop", stop_all},
        {"*", "/ws", accept_ws},
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        REQUIRE(http_route(scene.rt, routes[i].method, routes[i].pattern, routes[i].fn,
                           NULL) == MK_OK);
    REQUIRE(http_route_pieces(scene.rt, "*", "/up/*", receive, NULL) == MK_OK);
}

static void open_scene(uint8_t kind) {
    sim_reset(1);
    memset(&scene, 0, sizeof scene);
    scene.rt = runtime_init(0, 16);
    REQUIRE(scene.rt != NULL);
    if ((kind & 16) == 0) scene.owner = actor_spawn(scene.rt, own_port, NULL, NULL, 16);
    scene.has_owner = scene.owner != 0;
    http_listen_options_t options = {.owner = scene.owner,
                                     .output_mark = MARK,
                                     .body_max = WHOLE_MAX,
                                     .ws_message_max = WHOLE_MAX,
                                     .connections_max = PEERS,
                                     .takes_pieces = (kind & 32) != 0,
                                     .logs_access = true};
    int port = http_listen(scene.rt, &options);
    REQUIRE(port > 0);
    scene.port = (uint16_t)port;
    add_routes();
    sim_net_set_random_parts((kind & 1) != 0);
    if ((kind & 2) != 0) sim_net_set_read_max(5);
    if ((kind & 4) != 0) sim_net_set_window(100);
    if ((kind & 8) != 0) sim_net_set_hiccups(300);
    for (size_t i = 0; i < PEERS; i++)
        scene.peers[i].handle = -1;
    choose_peer(0);
}

/* The peers go; every deadline passes. */
static void end_scene(void) {
    mk_alloc_fail_at(0, false);
    sim_fail_port_at(0, false);
    for (size_t i = 0; i < PEERS; i++) {
        if (scene.peers[i].handle >= 0) port_socket_close(scene.peers[i].handle);
        scene.peers[i].handle = -1;
    }
    steps(20);
    for (int i = 0; i < SECONDS_AT_END && http_counters(scene.rt).connections > 0; i++)
        pass(1000);
    steps(20);
    http_counters_t counts = http_counters(scene.rt);
    REQUIRE(counts.connections == 0 && counts.memory_bytes == 0);
    bool is_exact = scene.has_owner && !scene.had_faults;
    for (size_t i = 0; i < scene.ids_len; i++)
        REQUIRE(scene.ids[i].state >= ID_CLOSED || !is_exact);
    runtime_destroy(scene.rt);
    REQUIRE(sim_handle_count() == 0);
    sim_reset(1);
    REQUIRE(mk_alloc_live() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    open_scene(size > 0 ? data[0] : 0);
    for (size_t at = 1; at < size && scene.steps < SCRIPT_STEPS;) {
        size_t end = at;
        while (end + 1 < size && !(data[end] == 0xff && data[end + 1] == '|'))
            end++;
        if (end + 1 >= size) end = size;
        take_piece(data + at, end - at);
        at = end + 2;
    }
    end_scene();
    return 0;
}
