/* SPDX-License-Identifier: Apache-2.0 */
/* The seams upwards: parts are told of ends, the router gets what is not ours. */
#include "kernel/part.h"

#include "kernel/router.h"
#include "kernel/stage.h"

enum { GO = 1 };

/* --- parts --- */

typedef struct {
    part_t part; /* first */
    exit_info_t info;
    char text[MK_EXIT_TEXT_MAX];
    unsigned observed;
    unsigned forgotten;
    unsigned destroyed;
    actor_id_t forgot;
} notes_t;

static void observe(part_t *part, runtime_t *rt, const exit_info_t *info) {
    notes_t *notes = (notes_t *)(void *)part;
    CHECK_EQ(notes->forgotten, notes->observed); /* names still exist */
    CHECK(!actor_is_alive(rt, info->id));
    notes->observed++;
    notes->info = *info;
    memcpy(notes->text, info->text, strlen(info->text) + 1);
}

static void forget(part_t *part, runtime_t *rt, actor_id_t id) {
    (void)rt;
    notes_t *notes = (notes_t *)(void *)part;
    notes->forgotten++;
    notes->forgot = id;
}

static void destroy(part_t *part, runtime_t *rt) {
    CHECK_EQ(runtime_list_actors(rt, NULL, 0), 0);
    ((notes_t *)(void *)part)->destroyed++;
}

static const part_ops_t full_ops = {observe, forget, destroy};
static const part_ops_t bare_ops = {NULL, NULL, destroy};

static bool crash(runtime_t *rt, role_t *me, message_t *msg) {
    (void)me;
    (void)msg;
    actor_exit(rt, EXIT_QUOTA, "too much");
    return true;
}

TEST(a_part_observes_each_end_and_forgets_what_it_claimed) {
    runtime_t *rt = open_stage();
    notes_t full = {0};
    notes_t bare = {0};
    CHECK(part_find(rt, &full_ops) == NULL);
    CHECK(part_attach(rt, &full.part, &full_ops));
    CHECK(part_attach(rt, &bare.part, &bare_ops));
    CHECK(!part_attach(rt, &bare.part, &full_ops)); /* one per ops */
    CHECK(part_find(rt, &full_ops) == &full.part);
    CHECK(part_find(rt, &bare_ops) == &bare.part);

    role_t parent = {0};
    actor_options_t options = {.parent = cast(rt, &parent)};
    role_t role = {.act = crash};
    cast_with(rt, &role, &options);
    part_claim(rt, role.id);
    part_claim(rt, role.id + 100); /* nobody */
    tell(rt, role.id, GO);
    settle(rt);
    CHECK_EQ(full.observed, 1);
    CHECK_EQ(full.info.id, role.id);
    CHECK_EQ(full.info.reason, EXIT_QUOTA);
    CHECK_STR(full.text, "too much");
    CHECK_EQ(full.info.last_type, GO);
    CHECK_EQ(full.info.handled, 1);
    CHECK_EQ(full.info.parent, parent.id);
    CHECK_EQ(full.forgotten, 1);
    CHECK_EQ(full.forgot, role.id);

    full.forgotten = full.observed = 0;
    actor_stop(rt, parent.id); /* was not claimed, handled its child's end */
    settle(rt);
    CHECK_EQ(full.observed, 1);
    CHECK_EQ(full.info.reason, EXIT_KILLED);
    CHECK_EQ(full.info.last_type, MSG_CHILD_EXIT);
    CHECK_EQ(full.info.parent, ACTOR_ID_INVALID);
    CHECK_EQ(full.forgotten, 0);
    close_stage(rt);
    CHECK_EQ(full.destroyed, 1);
    CHECK_EQ(bare.destroyed, 1);
}

/* --- the router --- */

typedef struct {
    router_t router; /* first */
    bool is_up;
    unsigned sent;
    actor_id_t source;
    actor_id_t dest;
    msg_type_t type;
    char payload[32];
    size_t payload_size;
} wire_t;

static bool wire_send(router_t *router, runtime_t *rt, actor_id_t source,
                      actor_id_t dest, msg_type_t type, const void *payload,
                      size_t payload_size) {
    (void)rt;
    wire_t *wire = (wire_t *)(void *)router;
    if (!wire->is_up) return false;
    wire->sent++;
    wire->source = source;
    wire->dest = dest;
    wire->type = type;
    wire->payload_size = payload_size;
    if (payload_size > 0) memcpy(wire->payload, payload, payload_size);
    return true;
}

static bool wire_is_connected(router_t *router, runtime_t *rt, node_id_t node) {
    (void)rt;
    return ((wire_t *)(void *)router)->is_up && node == 2;
}

static bool send_abroad(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) me->value = actor_send(rt, me->peer, 5, "abroad", 7);
    if (msg->type == 2) me->value = actor_forward(rt, me->peer, msg, true);
    return true;
}

TEST(messages_for_other_nodes_go_to_the_router) {
    runtime_t *rt = open_stage();
    wire_t wire = {.router = {wire_send, wire_is_connected}};
    role_t role = {.act = send_abroad, .peer = actor_id_make(2, 77)};
    tell(rt, cast(rt, &role), GO);
    settle(rt);
    CHECK_EQ(role.value, false); /* there is none */
    runtime_set_router(rt, &wire.router);
    tell(rt, role.id, GO);
    settle(rt);
    CHECK_EQ(role.value, false); /* it cannot now */
    CHECK_EQ(runtime_counters(rt).dead_letters, 2);
    wire.is_up = true;
    tell(rt, role.id, GO);
    settle(rt);
    CHECK_EQ(role.value, true);
    CHECK_EQ(wire.source, role.id);
    CHECK_EQ(wire.dest, role.peer);
    CHECK_EQ(wire.type, 5);
    CHECK_MEM(wire.payload, "abroad", 7);
    CHECK(!actor_send(rt, ACTOR_ID_INVALID, 5, NULL, 0)); /* nobody, nowhere */
    CHECK_EQ(wire.sent, 1);

    CHECK(actor__send_from(rt, 9, role.id, 2, "passed", 7));
    settle(rt);
    CHECK_EQ(role.value, true);
    CHECK_EQ(wire.source, 9);
    CHECK_EQ(wire.type, 2);
    CHECK_MEM(wire.payload, "passed", 7);

    message_t *made = message_create(3, 0, 6, "made", 5);
    CHECK(actor_forward(rt, role.peer, made, true)); /* taken, and sent as a copy */
    CHECK_EQ(wire.type, 6);
    CHECK(runtime_post(rt, role.peer, 8, "post", 5));
    settle(rt);
    CHECK_EQ(wire.type, 8);
    CHECK_EQ(wire.source, ACTOR_ID_INVALID);
    runtime_set_router(rt, NULL);
    CHECK(!actor_send(rt, role.peer, 5, NULL, 0));
    close_stage(rt);
}

TEST_TABLE(part, TEST_ROW(a_part_observes_each_end_and_forgets_what_it_claimed),
           TEST_ROW(messages_for_other_nodes_go_to_the_router))
