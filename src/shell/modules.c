/* SPDX-License-Identifier: Apache-2.0 */
#include "shell/modules.h"

#include "base/bytes.h"
#include "base/writer.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/message_ids.h"
#include "microkernel/wasm_actor.h"

#include <string.h>

enum { SAME_NAMES_MAX = 99 };

int modules_take_name(runtime_t *rt, text_t wanted, actor_id_t id,
                      char name[MK_NAME_MAX]) {
    int result = MK_EEXIST;
    for (unsigned i = 0; i <= SAME_NAMES_MAX && result == MK_EEXIST; i++) {
        mk_writer_t w;
        writer_init(&w, name, MK_NAME_MAX);
        writer_slice(&w, wanted);
        if (i > 0) writer_format(&w, "_%u", i);
        if (writer_has_overflowed(&w)) return MK_ETOOBIG;
        result = names_register(rt, name, id);
    }
    return result;
}

/* --- requests --- */

typedef struct {
    actor_id_t source;
    unsigned grants;      /* of the one who asks */
    text_t name;          /* empty: none */
    const uint8_t *bytes; /* of the module; borrowed */
    size_t size;
} request_t;

static void say_refused(runtime_t *rt, const request_t *request, const char *why) {
    actor_log(rt, LOG_WARN, "module from actor %llu refused: %s",
              (unsigned long long)request->source, why);
}

/* The rights of an actor; all for those that are no WASM actors. */
static unsigned grants_of(runtime_t *rt, actor_id_t id) {
    wasm_actor_facts_t facts;
    return wasm_actor_facts(rt, id, &facts) ? facts.grants : WASM_GRANT_ALL;
}

/* False, after having said why: malformed, or from somebody who may not ask. */
static bool read_request(runtime_t *rt, const message_t *msg, request_t *request) {
    bytes_reader_t r;
    bytes_reader_init(&r, msg->payload, msg->payload_size);
    *request = (request_t){.source = msg->source, .grants = grants_of(rt, msg->source)};
    if (msg->type != MSG_SPAWN_REQUEST) {
        size_t size = bytes_read_u8(&r);
        const uint8_t *name = bytes_read(&r, size);
        request->name = text_make((const char *)name, name != NULL ? size : 0);
    }
    request->size = bytes_left(&r);
    request->bytes = bytes_read(&r, request->size);
    const char *why = NULL;
    if (actor_id_node(msg->source) != runtime_get_node_id(rt))
        why = "it comes from another node";
    else if ((request->grants & WASM_GRANT_SPAWN) == 0)
        why = "it has no right to spawn";
    else if (request->bytes == NULL)
        why = "there is no module in the message";
    else if (msg->type != MSG_SPAWN_REQUEST &&
             text_check_name(request->name, MK_NAME_MAX - 1, NULL) != MK_OK)
        why = "what stands in front of it is no name";
    if (why != NULL) say_refused(rt, request, why);
    return why == NULL;
}

/* --- spawn --- */

static actor_id_t spawn(runtime_t *rt, const request_t *request,
                        char name[MK_NAME_MAX]) {
    char problem[WASM_PROBLEM_MAX];
    wasm_actor_options_t options = wasm_actor_options_default();
    options.grants &= request->grants;
    actor_id_t id = actor_spawn_wasm_with(rt, request->bytes, request->size, &options,
                                          NULL, problem);
    if (id == ACTOR_ID_INVALID) {
        say_refused(rt, request, problem);
        return id;
    }
    if (request->name.size == 0) return id;
    int result = modules_take_name(rt, request->name, id, name);
    if (result == MK_OK) return id;
    actor_stop(rt, id);
    name[0] = '\0';
    say_refused(rt, request, mk_error_text(result));
    return ACTOR_ID_INVALID;
}

static void serve_spawn(runtime_t *rt, const message_t *msg) {
    request_t request;
    char name[MK_NAME_MAX] = "";
    uint8_t reply[sizeof(uint64_t) + MK_NAME_MAX];
    bytes_writer_t w;
    actor_id_t id = ACTOR_ID_INVALID;
    if (read_request(rt, msg, &request)) id = spawn(rt, &request, name);
    bytes_writer_init(&w, reply, sizeof reply);
    bytes_write_u64_le(&w, id);
    bytes_write(&w, name, strlen(name));
    (void)actor_send(rt, msg->source, MSG_SPAWN_RESPONSE, reply, w.size);
}

/* --- reload --- */

static reload_result_t reload(runtime_t *rt, const request_t *request, actor_id_t *id) {
    mk_writer_t w;
    char name[MK_NAME_MAX];
    char problem[WASM_PROBLEM_MAX] = "it may not replace an actor with more rights";
    writer_init(&w, name, sizeof name);
    writer_slice(&w, request->name);
    actor_id_t target = actor_lookup(rt, name);
    wasm_actor_facts_t facts;
    reload_result_t result = RELOAD_ERR_NOT_FOUND;
    if (target == ACTOR_ID_INVALID)
        memcpy(problem, "nobody has that name", sizeof "nobody has that name");
    else if (!wasm_actor_facts(rt, target, &facts) ||
             (facts.grants & ~request->grants) == 0)
        result = wasm_actor_reload(rt, target, request->bytes, request->size, problem);
    if (result == RELOAD_OK)
        *id = target;
    else
        say_refused(rt, request, problem);
    return result;
}

static void serve_reload(runtime_t *rt, const message_t *msg) {
    request_t request;
    uint8_t reply[1 + sizeof(uint64_t)];
    bytes_writer_t w;
    actor_id_t id = ACTOR_ID_INVALID;
    reload_result_t result = RELOAD_ERR_NOT_FOUND;
    if (read_request(rt, msg, &request)) result = reload(rt, &request, &id);
    bytes_writer_init(&w, reply, sizeof reply);
    bytes_write_u8(&w, (uint8_t)result);
    bytes_write_u64_le(&w, id);
    (void)actor_send(rt, msg->source, MSG_RELOAD_RESPONSE, reply, w.size);
}

bool modules_serve(runtime_t *rt, const message_t *msg) {
    if (msg->source == ACTOR_ID_INVALID) return false; /* nobody to answer */
    switch (msg->type) {
    case MSG_SPAWN_REQUEST:
    case MSG_SPAWN_NAMED_REQUEST: serve_spawn(rt, msg); return true;
    case MSG_RELOAD_REQUEST: serve_reload(rt, msg); return true;
    default: return false;
    }
}
