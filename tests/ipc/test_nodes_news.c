/* SPDX-License-Identifier: Apache-2.0 */
/* News of nodes that come and go, also when memory is short and mailboxes are full. */
#include "ipc/ipc_stage.h"

#include "microkernel/nodes.h"

enum { GO = 1, MAIL = 7, RETRY_MS = 2 * PEER_RETRY_MS };

static link_pair_t pair;

static bool read_news(runtime_t *rt, role_t *me, message_t *msg) {
    if (msg->type == GO) me->value = (uint64_t)-nodes_subscribe(rt);
    if (msg->type == GO + 1) me->value = (uint64_t)-nodes_unsubscribe(rt);
    if (msg->type == MSG_NODE_UP || msg->type == MSG_NODE_DOWN) {
        const node_event_payload_t *event = msg->payload;
        CHECK_EQ(msg->payload_size, sizeof *event);
        CHECK_EQ(event->node, 2);
        CHECK_STR(event->identity, "n2");
        CHECK_STR(event->text, msg->type == MSG_NODE_UP ? "" : "cut");
        me->value = (uint64_t)-event->reason;
    }
    return msg->type != GO + 2;
}

TEST(nodes_news_come_to_those_who_asked) {
    open_nodes(2);
    role_t reader = {.act = read_news}, late = {.act = read_news};
    CHECK_EQ(nodes_subscribe(nodes.rt[0]), MK_ESTATE);
    cast(nodes.rt[0], &reader);
    cast(nodes.rt[0], &late);
    tell(nodes.rt[0], reader.id, GO);
    tell(nodes.rt[0], reader.id, GO);
    settle_nodes();
    CHECK_EQ(reader.count, 2);
    join(&pair, 0, 1);
    settle_nodes();
    CHECK_EQ(reader.count, 3);
    CHECK_EQ(reader.types[2], MSG_NODE_UP);
    tell(nodes.rt[0], late.id, GO);
    settle_nodes();
    CHECK_EQ(late.count, 2);
    CHECK_EQ(late.types[1], MSG_NODE_UP);
    tell(nodes.rt[0], late.id, GO + 1);
    settle_nodes();
    link_pair_cut(&pair);
    settle_nodes();
    CHECK_EQ(reader.types[3], MSG_NODE_DOWN);
    CHECK_EQ(reader.value, (uint64_t)-MK_ECLOSED);
    CHECK_EQ(late.count, 3);
    tell(nodes.rt[0], reader.id, GO + 2); /* who ends is forgotten */
    settle_nodes();
    link_pair_close(&pair);
    join(&pair, 0, 1);
    settle_nodes();
    CHECK_EQ(runtime_counters(nodes.rt[0]).dead_letters, 0);
    close_nodes();
    link_pair_close(&pair);
}

/* --- want of memory --- */

/* A reader on node 1, which has asked; and a link to node 2 that nobody has adopted. */
static void begin_with(role_t *reader) {
    open_nodes(2);
    *reader = (role_t){.act = read_news};
    cast(nodes.rt[0], reader);
    tell(nodes.rt[0], reader->id, GO);
    settle_nodes();
    CHECK_EQ(reader->value, MK_OK);
    link_pair_open(&pair, nodes.rt[0], nodes.rt[1], LINK_ROOM);
}

static void finish(void) {
    close_nodes();
    link_pair_close(&pair);
}

/* Node 2 comes, and the `nth` allocation of that fails, and all that follow. */
static int adopt_short_of_memory(size_t nth, bool *is_hit) {
    peer_facts_t one = facts_of(0), two = facts_of(1);
    mk_alloc_fail_at(nth, true);
    int result = peers_adopt(nodes.rt[0], &pair.a.link, &two);
    *is_hit = mk_alloc_fail_hit();
    mk_alloc_fail_at(0, false);
    if (result == MK_OK) CHECK_EQ(peers_adopt(nodes.rt[1], &pair.b.link, &one), MK_OK);
    return result;
}

static void cut_without_memory(void) {
    link_pair_cut(&pair);
    mk_alloc_fail_at(1, true);
    settle_nodes();
    mk_alloc_fail_at(0, false);
}

TEST(nodes_news_are_late_when_memory_is_short_and_never_lost) {
    bool is_hit = true;
    unsigned late = 0;
    for (size_t nth = 1; is_hit; nth++) {
        role_t reader;
        begin_with(&reader);
        int result = adopt_short_of_memory(nth, &is_hit);
        CHECK(result == MK_OK || result == MK_ENOMEM);
        settle_nodes();
        if (result == MK_OK && reader.count == 1) late++;
        pass_nodes_ms(RETRY_MS);
        CHECK_EQ(reader.count, result == MK_OK ? 2 : 1);
        if (result == MK_OK) {
            CHECK_EQ(reader.types[1], MSG_NODE_UP);
            cut_without_memory(); /* its end is told at once */
            CHECK_EQ(reader.count, 3);
            CHECK_EQ(reader.types[2], MSG_NODE_DOWN);
            CHECK_EQ(reader.value, (uint64_t)-MK_ECLOSED);
        }
        finish();
    }
    CHECK(late >= 3); /* the note of it, the message of its end, the news itself */
}

TEST(nodes_news_that_were_not_told_have_no_end_and_may_come_again) {
    bool is_hit;
    role_t reader = {.count = 0};
    size_t nth = 0;
    do { /* the first fault that peers_adopt itself does not meet */
        if (nth > 0) finish();
        begin_with(&reader);
    } while (adopt_short_of_memory(++nth, &is_hit) != MK_OK);
    CHECK(is_hit);
    cut_without_memory();
    pass_nodes_ms(RETRY_MS);
    CHECK_EQ(reader.count, 1);
    link_pair_close(&pair);
    join(&pair, 0, 1);
    pass_nodes_ms(RETRY_MS);
    CHECK_EQ(reader.count, 2);
    CHECK_EQ(reader.types[1], MSG_NODE_UP);
    finish();
}

TEST(nodes_news_of_what_is_there_already_are_late_as_well) {
    role_t reader = {.act = read_news};
    open_nodes(2);
    cast(nodes.rt[0], &reader);
    join(&pair, 0, 1);
    tell(nodes.rt[0], reader.id, GO); /* what all readers share is there */
    tell(nodes.rt[0], reader.id, GO + 1);
    settle_nodes();
    bool is_hit = true;
    unsigned late = 0;
    for (size_t nth = 1; is_hit; nth++) {
        reader.count = 0;
        tell(nodes.rt[0], reader.id, GO);
        mk_alloc_fail_at(nth, true);
        runtime_step(nodes.rt[0]);
        is_hit = mk_alloc_fail_hit();
        mk_alloc_fail_at(0, false);
        CHECK_EQ(reader.count, 1);
        int result = -(int)reader.value;
        CHECK(result == MK_OK || result == MK_ENOMEM);
        settle_nodes();
        if (result == MK_OK && reader.count == 1) late++;
        pass_nodes_ms(RETRY_MS);
        CHECK_EQ(reader.count, result == MK_OK ? 2 : 1);
        tell(nodes.rt[0], reader.id, GO + 1);
        settle_nodes();
    }
    CHECK(late >= 2); /* the note of it, the message of its end */
    finish();
}

TEST(nodes_news_pass_a_full_mailbox) {
    role_t reader;
    begin_with(&reader);
    unsigned sent = 0;
    while (actor_send(nodes.rt[0], reader.id, MAIL, NULL, 0))
        sent++;
    bool is_hit;
    CHECK_EQ(adopt_short_of_memory(1000, &is_hit), MK_OK);
    settle_nodes();
    CHECK_EQ(reader.count, 1 + sent + 1);
    CHECK_EQ(reader.value, (uint64_t)-MK_OK);
    while (actor_send(nodes.rt[0], reader.id, MAIL, NULL, 0))
        sent++;
    link_pair_cut(&pair);
    settle_nodes();
    CHECK_EQ(reader.count, 1 + sent + 2);
    CHECK_EQ(reader.value, (uint64_t)-MK_ECLOSED);
    finish();
}

TEST_TABLE(nodes_news, TEST_ROW(nodes_news_come_to_those_who_asked),
           TEST_ROW(nodes_news_are_late_when_memory_is_short_and_never_lost),
           TEST_ROW(nodes_news_that_were_not_told_have_no_end_and_may_come_again),
           TEST_ROW(nodes_news_of_what_is_there_already_are_late_as_well),
           TEST_ROW(nodes_news_pass_a_full_mailbox))
