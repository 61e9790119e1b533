/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of runtimes on real threads. A message that is lost or slept through shows as
 * the time limit of the suite. */
#include "support/test.h"

#include "microkernel/actor.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/nodes.h"
#include "microkernel/runtime_group.h"
#include "microkernel/timer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { MEMBERS = 4, LETTERS = 5000, GO = 1, LETTER = 2 };

/* --- everybody writes to everybody --- */

typedef struct {
    uint32_t sender; /* member */
    uint32_t number;
} letter_t;

/* What one member's two actors share: one sends letters, one reads those that come. */
typedef struct {
    size_t index;
    actor_id_t id; /* of the reader, in whose mailbox are letters and nothing else */
    uint32_t sent[MEMBERS]; /* letters that a send took */
    uint32_t got[MEMBERS];  /* number expected next */
    uint64_t refused;       /* sends that returned false */
    uint64_t leaves_after;  /* letters; 0: never */
} writer_t;

typedef struct {
    writer_t writers[MEMBERS];
    _Atomic unsigned finished;
    _Atomic unsigned watching; /* members that will hear of the second one's end */
    runtime_group_t *group;
} office_t;

static office_t office;

/* Send what can be sent now, the rest later; nothing to who is gone. */
static void write_letters(runtime_t *rt, writer_t *me) {
    for (uint32_t to = 0; to < MEMBERS; to++) {
        actor_id_t dest = office.writers[to].id;
        while (me->sent[to] < LETTERS) {
            letter_t letter = {(uint32_t)me->index, me->sent[to]};
            if (!actor_send(rt, dest, LETTER, &letter, sizeof letter)) break;
            me->sent[to]++;
        }
        if (me->sent[to] < LETTERS) me->refused++;
    }
}

static void finish(unsigned wanted) {
    if (atomic_fetch_add(&office.finished, 1) + 1 == wanted)
        runtime_group_stop(office.group);
}

static uint64_t letters_got(const writer_t *me) {
    uint64_t total = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        total += me->got[i];
    return total;
}

/* The second member goes when it has read enough and all others will hear of it. */
static bool has_left(runtime_t *rt, const writer_t *me) {
    if (me->leaves_after == 0 || letters_got(me) < me->leaves_after) return false;
    if (atomic_load(&office.watching) < MEMBERS - 1) return false;
    runtime_stop(rt);
    return true;
}

static bool write_some(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    writer_t *me = state;
    if (msg->type == GO) CHECK(actor_set_timer(rt, 1, true) != 0);
    write_letters(rt, me);
    (void)has_left(rt, me);
    return true;
}

static bool read_letter(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    writer_t *me = state;
    letter_t letter;
    CHECK_EQ(msg->type, LETTER);
    memcpy(&letter, msg->payload, sizeof letter);
    CHECK_EQ(letter.number, me->got[letter.sender]);
    CHECK_EQ(actor_id_node(msg->source),
             actor_id_node(office.writers[letter.sender].id));
    me->got[letter.sender]++;
    if (has_left(rt, me)) return false;
    bool is_last =
        letters_got(me) == MEMBERS * LETTERS && office.writers[1].leaves_after == 0;
    if (is_last) finish(MEMBERS);
    return true;
}

static int hire_writer(runtime_t *rt, size_t index, void *ctx) {
    CHECK(ctx == &office);
    writer_t *writer = &office.writers[index];
    writer->index = index;
    actor_options_t options = {.mailbox_size = 1 << 17};
    writer->id = actor_spawn_with(rt, read_letter, writer, NULL, &options);
    actor_id_t id = actor_spawn(rt, write_some, writer, NULL, 16);
    return actor_send(rt, id, GO, NULL, 0) ? MK_OK : MK_ENOMEM;
}

static void open_office(uint64_t second_leaves_after) {
    memset(&office, 0, sizeof office);
    office.writers[1].leaves_after = second_leaves_after;
    runtime_group_options_t options = {.ctx = &office, .name = "office"};
    CHECK_EQ(runtime_group_start(MEMBERS, hire_writer, &options, &office.group), MK_OK);
}

TEST(everybody_writes_to_everybody_in_order_and_nothing_is_lost) {
    open_office(0);
    runtime_group_join(office.group);
    CHECK_EQ(office.finished, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        for (size_t k = 0; k < MEMBERS; k++)
            CHECK_EQ(office.writers[i].got[k], LETTERS);
    runtime_group_destroy(office.group);
}

/* Member 1 has stopped; the others hear of it and stop when they have. */
static bool watch_second(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == GO) {
        CHECK_EQ(nodes_subscribe(rt), MK_OK);
        atomic_fetch_add(&office.watching, 1);
        return true;
    }
    if (msg->type != MSG_NODE_DOWN) return true;
    node_event_payload_t event;
    memcpy(&event, msg->payload, sizeof event);
    CHECK_STR(event.identity, "office-1");
    finish(MEMBERS - 1);
    return false;
}

static int hire_both(runtime_t *rt, size_t index, void *ctx) {
    int result = hire_writer(rt, index, ctx);
    if (result < 0 || index == 1) return result;
    actor_id_t id = actor_spawn(rt, watch_second, NULL, NULL, 16);
    return actor_send(rt, id, GO, NULL, 0) ? MK_OK : MK_ENOMEM;
}

TEST(mail_of_a_member_that_ends_is_taken_or_counted) {
    for (uint64_t round = 1; round <= 40; round++) {
        memset(&office, 0, sizeof office);
        office.writers[1].leaves_after = round * 200;
        runtime_group_options_t options = {.ctx = &office, .name = "office"};
        CHECK_EQ(runtime_group_start(MEMBERS, hire_both, &options, &office.group),
                 MK_OK);
        runtime_group_join(office.group);
        CHECK_EQ(office.finished, MEMBERS - 1);
        uint64_t sent = 0, got = 0, refused = 0, dead = 0, waiting = 0;
        for (size_t i = 0; i < MEMBERS; i++) {
            runtime_t *rt = runtime_group_member(office.group, i);
            actor_info_t info = {.id = 0};
            if (runtime_actor_find(rt, office.writers[i].id, &info))
                waiting += info.mailbox_used; /* it was stopped before it read them */
            dead += runtime_counters(rt).dead_letters;
            refused += office.writers[i].refused;
            for (size_t k = 0; k < MEMBERS; k++) {
                sent += office.writers[i].sent[k];
                got += office.writers[i].got[k];
            }
        }
        CHECK_EQ(got + waiting + dead - refused, sent);
        runtime_group_destroy(office.group);
    }
}

/* --- names --- */

/* Writes to the next member by its name. */
typedef struct {
    size_t index;
    bool is_sought_out; /* by the one before */
    bool has_begun;
} seeker_t;

static void name_of(size_t index, char name[16]) {
    (void)snprintf(name, 16, "seeker_%zu", index % MEMBERS);
}

static bool seek(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    seeker_t *me = state;
    if (msg->type == LETTER) {
        me->is_sought_out = true;
    } else {
        char name[16];
        name_of(me->index + 1, name);
        CHECK(actor_send_named(rt, name, LETTER, NULL, 0)); /* from the beginning */
        me->has_begun = true;
    }
    if (me->has_begun && me->is_sought_out) finish(MEMBERS);
    return true;
}

static int hire_seeker(runtime_t *rt, size_t index, void *ctx) {
    seeker_t *seekers = ctx;
    seekers[index] = (seeker_t){.index = index};
    actor_id_t id = actor_spawn(rt, seek, &seekers[index], NULL, 16);
    char name[16];
    name_of(index, name);
    if (!actor_register_name(rt, name, id)) return MK_ENOMEM;
    return actor_send(rt, id, GO, NULL, 0) ? MK_OK : MK_ENOMEM;
}

TEST(names_that_setup_gave_are_known_to_all_from_the_beginning) {
    static seeker_t seekers[MEMBERS];
    memset(&office, 0, sizeof office);
    runtime_group_options_t options = {.ctx = seekers, .name = "office"};
    CHECK_EQ(runtime_group_start(MEMBERS, hire_seeker, &options, &office.group), MK_OK);
    runtime_group_join(office.group);
    for (size_t i = 0; i < MEMBERS; i++)
        CHECK(seekers[i].is_sought_out);
    runtime_group_destroy(office.group);
}

TEST(members_have_names_and_numbers_of_their_own) {
    runtime_group_options_t options = {.name = "a-name-of-thirty-one-bytes-long",
                                       .node_id = 77};
    runtime_group_t *group;
    CHECK_EQ(runtime_group_start(12, NULL, &options, &group), MK_OK);
    runtime_group_join(group); /* nobody has an actor */
    CHECK_STR(node_identity(runtime_group_member(group, 0)), options.name);
    CHECK_EQ(runtime_get_node_id(runtime_group_member(group, 0)), 77);
    CHECK_STR(node_identity(runtime_group_member(group, 1)),
              "a-name-of-thirty-one-bytes-lo-1");
    CHECK_STR(node_identity(runtime_group_member(group, 11)),
              "a-name-of-thirty-one-bytes-l-11");
    for (size_t i = 0; i < 12; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(runtime_get_node_id(runtime_group_member(group, i)) !=
                  runtime_get_node_id(runtime_group_member(group, k)));
    runtime_group_destroy(group);
}

/* --- failure, and the caller's own runtime --- */

static int fail_third(runtime_t *rt, size_t index, void *ctx) {
    (void)rt;
    atomic_fetch_add((_Atomic unsigned *)ctx, 1);
    return index == 2 ? MK_EREFUSED : MK_OK;
}

TEST(a_setup_that_fails_ends_the_start) {
    _Atomic unsigned calls = 0;
    runtime_group_options_t options = {.ctx = &calls, .name = "office"};
    runtime_group_t *group;
    CHECK_EQ(runtime_group_start(MEMBERS, fail_third, &options, &group), MK_EREFUSED);
    CHECK(group == NULL);
    CHECK_EQ(calls, MEMBERS);
}

TEST(the_callers_runtime_is_a_member_and_survives_the_group) {
    memset(&office, 0, sizeof office);
    runtime_t *rt = runtime_init(5, 16);
    runtime_group_options_t options = {.ctx = &office, .first = rt};
    CHECK_EQ(runtime_group_start(MEMBERS, hire_writer, &options, &office.group), MK_OK);
    CHECK(runtime_group_member(office.group, 0) == rt);
    runtime_run(rt);
    runtime_group_destroy(office.group);
    for (size_t i = 0; i < MEMBERS; i++)
        CHECK_EQ(office.writers[i].got[0], LETTERS);
    actor_id_t other = office.writers[1].id;
    CHECK(!actor_send(rt, other, GO, NULL, 0)); /* it is gone */
    CHECK(actor_is_alive(rt, office.writers[0].id));
    runtime_destroy(rt);
}

TEST_TABLE(runtime_group,
           TEST_ROW(everybody_writes_to_everybody_in_order_and_nothing_is_lost),
           TEST_ROW(mail_of_a_member_that_ends_is_taken_or_counted),
           TEST_ROW(names_that_setup_gave_are_known_to_all_from_the_beginning),
           TEST_ROW(members_have_names_and_numbers_of_their_own),
           TEST_ROW(a_setup_that_fails_ends_the_start),
           TEST_ROW(the_callers_runtime_is_a_member_and_survives_the_group))
