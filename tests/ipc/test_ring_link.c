/* SPDX-License-Identifier: Apache-2.0 */
/* Ring links between two runtimes that one thread steps in turn; the owners of the ends
 * only write down what they are told. Real threads are in tests/linux/. */
#include "support/test.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/prng.h"
#include "ipc/ring_link.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "sim/sim.h"

#include <string.h>

enum { BYTES = 1024, LARGE = 5000, RETRY_NS = 20000000 };

/* One end and its owner. */
typedef struct side side_t;
struct side {
    runtime_t *rt;
    link_t *link;      /* NULL: closed */
    uint64_t sent;     /* messages accepted; each carries its number */
    uint64_t got;      /* the number expected next */
    uint64_t mail;     /* of those accepted: to actors */
    uint64_t got_mail; /* of those that came */
    unsigned rooms;    /* times on_room was called */
    unsigned downs;
    bool was_refused;     /* and not told of room since */
    uint64_t close_after; /* messages; 0: never */
    bool closes_on_room;
    bool closes_on_down;
    bool pauses; /* with each message */
};

static void close_side(side_t *side) {
    link_t *link = side->link;
    side->link = NULL;
    if (link != NULL) link_close(link, side->rt, true);
}

static void on_message(link_t *link, runtime_t *rt, const wire_message_t *message) {
    side_t *side = link->owner;
    uint64_t number;
    CHECK(side->link == link && side->rt == rt);
    CHECK(message->payload_size >= sizeof number);
    memcpy(&number, message->payload, sizeof number);
    CHECK_EQ(number, side->got);
    CHECK_EQ(message->type, (msg_type_t)number);
    side->got++;
    if (message->dest != 0) side->got_mail++;
    if (side->pauses) link->ops->pause(link, rt, true);
    if (side->got == side->close_after) close_side(side);
    /* Still borrowed, although the link was closed. */
    CHECK_MEM(message->payload, &number, sizeof number);
}

static void on_room(link_t *link, runtime_t *rt) {
    side_t *side = link->owner;
    CHECK(side->link == link && side->rt == rt);
    CHECK(side->was_refused);
    side->was_refused = false;
    side->rooms++;
    if (side->closes_on_room) close_side(side);
}

static void on_down(link_t *link, runtime_t *rt, int reason, const char *text) {
    side_t *side = link->owner;
    CHECK(side->link == link && side->rt == rt);
    CHECK_EQ(reason, MK_ECLOSED);
    CHECK(text[0] != '\0');
    side->downs++;
    if (side->closes_on_down) close_side(side);
}

static const link_events_t note = {
    .on_message = on_message, .on_room = on_room, .on_down = on_down};

typedef struct {
    side_t sides[2];
} stage_t;

static int open_links(stage_t *stage) {
    link_t *links[2];
    int result = ring_link_open(stage->sides[0].rt, stage->sides[1].rt, BYTES, links);
    for (int i = 0; i < 2 && result == MK_OK; i++) {
        stage->sides[i].link = links[i];
        links[i]->owner = &stage->sides[i];
        links[i]->events = &note;
    }
    return result;
}

static void open_stage(stage_t *stage) {
    memset(stage, 0, sizeof *stage);
    sim_reset(1);
    for (int i = 0; i < 2; i++)
        stage->sides[i].rt = runtime_init((node_id_t)i + 1, 16);
    CHECK_EQ(open_links(stage), MK_OK);
}

static void close_stage(stage_t *stage) {
    for (int i = 0; i < 2; i++) {
        close_side(&stage->sides[i]);
        runtime_destroy(stage->sides[i].rt);
    }
    sim_reset(1);
}

static int say(side_t *side, actor_id_t dest, size_t size, bool must) {
    static uint8_t payload[LARGE];
    memcpy(payload, &side->sent, sizeof side->sent);
    wire_message_t message = {1, dest, (msg_type_t)side->sent, payload, size};
    int result = link_send(side->link, side->rt, &message, must);
    if (result == MK_OK) {
        side->sent++;
        if (dest != 0) side->mail++;
    } else if (result == MK_EFULL) {
        CHECK(!must);
        side->was_refused = true;
    }
    return result;
}

static int tell(side_t *side) {
    return say(side, 5, sizeof(uint64_t), false);
}

static void step(stage_t *stage, int turns) {
    for (int i = 0; i < turns; i++) {
        runtime_step(stage->sides[0].rt);
        runtime_step(stage->sides[1].rt);
    }
}

static uint64_t dead_letters(const side_t *side) {
    return runtime_counters(side->rt).dead_letters;
}

static void fill(side_t *side) {
    while (tell(side) == MK_OK) {
    }
    CHECK(side->was_refused);
}

TEST(messages_of_all_sizes_come_in_order_on_both_ways) {
    stage_t stage;
    open_stage(&stage);
    for (int i = 0; i < 500; i++) {
        for (int k = 0; k < 2; k++) {
            size_t size = i % 7 == 0 ? LARGE : 8 + (size_t)i % 100;
            CHECK_EQ(say(&stage.sides[k], 5, size, false), MK_OK);
        }
        if (i % 3 == 0) step(&stage, 1);
    }
    step(&stage, 2);
    for (int k = 0; k < 2; k++)
        CHECK_EQ(stage.sides[k].got, 500);
    char text[16];
    const link_t *link = stage.sides[0].link;
    CHECK_STR(link->ops->describe(link, text, sizeof text), "ring");
    CHECK(link->is_trusted && !link->is_lossy);
    close_stage(&stage);
}

TEST(a_send_is_on_its_way_when_the_loop_looks_not_before) {
    stage_t stage;
    open_stage(&stage);
    CHECK_EQ(tell(&stage.sides[0]), MK_OK);
    runtime_step(stage.sides[1].rt);
    CHECK_EQ(stage.sides[1].got, 0);
    runtime_step(stage.sides[0].rt);
    runtime_step(stage.sides[1].rt);
    CHECK_EQ(stage.sides[1].got, 1);
    close_stage(&stage);
}

TEST(a_full_ring_refuses_and_tells_when_there_is_room) {
    stage_t stage;
    open_stage(&stage);
    side_t *from = &stage.sides[0];
    fill(from);
    CHECK_EQ(from->sent, BYTES / 32); /* a header of 24 bytes and a payload of 8 */
    step(&stage, 2);
    CHECK_EQ(from->rooms, 1);
    CHECK_EQ(tell(from), MK_OK);
    step(&stage, 2);
    CHECK_EQ(from->rooms, 1);
    CHECK_EQ(stage.sides[1].got, from->sent);
    close_stage(&stage);
}

TEST(what_must_go_goes_beyond_the_bound_and_in_order) {
    stage_t stage;
    open_stage(&stage);
    side_t *from = &stage.sides[0];
    fill(from);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(say(from, 0, i % 2 == 0 ? 8 : LARGE, true), MK_OK);
    CHECK_EQ(tell(from), MK_EFULL); /* behind them */
    step(&stage, 20);
    CHECK_EQ(from->rooms, 1);
    CHECK_EQ(stage.sides[1].got, from->sent);
    CHECK_EQ(tell(from), MK_OK);
    close_stage(&stage);
}

TEST(what_must_go_and_finds_no_memory_rests_before_it_is_tried_again) {
    stage_t stage;
    open_stage(&stage);
    side_t *from = &stage.sides[0], *to = &stage.sides[1];
    fill(from);
    CHECK_EQ(say(from, 0, LARGE, true), MK_OK);
    runtime_step(from->rt);
    while (to->got + 1 < from->sent) /* all but that one */
        runtime_step(to->rt);
    mk_alloc_fail_at(1, false);
    runtime_step(from->rt);
    CHECK(mk_alloc_fail_hit());
    step(&stage, 100); /* no time passes */
    CHECK_EQ(to->got, from->sent - 1);
    sim_advance(RETRY_NS);
    step(&stage, 5);
    CHECK_EQ(to->got, from->sent);
    CHECK_EQ(from->rooms, 1);
    close_stage(&stage);
}

TEST(a_paused_link_holds_the_other_side_back) {
    stage_t stage;
    open_stage(&stage);
    side_t *to = &stage.sides[1];
    to->pauses = true; /* after each message */
    fill(&stage.sides[0]);
    step(&stage, 3);
    CHECK_EQ(to->got, 1);
    CHECK_EQ(stage.sides[0].rooms, 0);
    to->link->ops->pause(to->link, to->rt, false);
    step(&stage, 1);
    CHECK_EQ(to->got, 2);
    to->pauses = false;
    to->link->ops->pause(to->link, to->rt, false);
    step(&stage, 2);
    CHECK_EQ(to->got, stage.sides[0].sent);
    CHECK_EQ(stage.sides[0].rooms, 1);
    close_stage(&stage);
}

TEST(who_closes_is_heard_to_the_end_and_then_missed_once) {
    stage_t stage;
    open_stage(&stage);
    side_t *from = &stage.sides[0];
    side_t *to = &stage.sides[1];
    fill(from);
    for (int i = 0; i < 10; i++) /* handed over with the ring */
        CHECK_EQ(say(from, 5, LARGE, true), MK_OK);
    to->pauses = true;
    close_side(from);
    step(&stage, 3);
    CHECK_EQ(to->got, 1);
    CHECK_EQ(to->downs, 0);
    for (uint64_t i = 0; i < BYTES / 32 + 10; i++) {
        to->link->ops->pause(to->link, to->rt, false);
        step(&stage, 1);
    }
    CHECK_EQ(to->got, from->sent);
    CHECK_EQ(to->downs, 1);
    CHECK_EQ(tell(to), MK_ECLOSED);
    CHECK_EQ(dead_letters(to) + dead_letters(from), 0);
    close_stage(&stage);
}

TEST(mail_that_nobody_took_is_counted_by_the_sender_that_lives) {
    stage_t stage;
    open_stage(&stage);
    side_t *from = &stage.sides[0];
    fill(from);
    CHECK_EQ(say(from, 5, LARGE, true), MK_OK);
    CHECK_EQ(say(from, 0, 8, true), MK_OK); /* of the node itself: no mail */
    stage.sides[1].close_after = 10;
    step(&stage, 3);
    CHECK_EQ(stage.sides[1].got, 10);
    CHECK_EQ(from->downs, 1);
    CHECK_EQ(from->rooms, 0);
    CHECK_EQ(dead_letters(from), 0);
    close_side(from);
    CHECK_EQ(dead_letters(from), from->mail - 10);
    close_stage(&stage);
}

TEST(mail_of_a_sender_that_has_left_is_counted_by_the_receiver) {
    stage_t stage;
    open_stage(&stage);
    side_t *from = &stage.sides[0];
    side_t *to = &stage.sides[1];
    fill(from);
    CHECK_EQ(say(from, 5, LARGE, true), MK_OK);
    close_side(from);
    runtime_destroy(from->rt);
    from->rt = NULL;
    to->close_after = 3;
    runtime_step(to->rt);
    CHECK_EQ(to->got, 3);
    CHECK_EQ(to->downs, 0); /* it has closed itself before */
    CHECK_EQ(dead_letters(to), from->mail - 3);
    close_stage(&stage);
}

TEST(every_callback_may_close) {
    for (int which = 0; which < 3; which++) {
        stage_t stage;
        open_stage(&stage);
        side_t *side = &stage.sides[0];
        side->closes_on_room = which == 0;
        side->closes_on_down = which == 1;
        side->close_after = which == 2 ? 1 : 0;
        fill(side);
        CHECK_EQ(tell(&stage.sides[1]), MK_OK);
        if (which == 1) close_side(&stage.sides[1]);
        step(&stage, 3);
        CHECK(side->link == NULL);
        CHECK_EQ(side->downs, which == 1);
        CHECK_EQ(side->rooms, which == 0);
        CHECK_EQ(stage.sides[1].downs, which != 1);
        close_stage(&stage);
    }
}

/* An owner that is a part older than the hub ends after it. */
typedef struct {
    part_t part;
    side_t *side;
} keeper_t;

static void end_keeper(part_t *part, runtime_t *rt) {
    side_t *side = MK_CONTAINER_OF(part, keeper_t, part)->side;
    CHECK(side->rt == rt);
    close_side(side);
}

TEST(a_runtime_may_end_while_its_peer_lives) {
    static const part_ops_t keeper_ops = {NULL, NULL, end_keeper};
    stage_t stage;
    memset(&stage, 0, sizeof stage);
    sim_reset(1);
    for (int i = 0; i < 2; i++)
        stage.sides[i].rt = runtime_init((node_id_t)i + 1, 16);
    keeper_t keeper = {.side = &stage.sides[1]};
    CHECK(part_attach(stage.sides[1].rt, &keeper.part, &keeper_ops));
    CHECK_EQ(open_links(&stage), MK_OK);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(tell(&stage.sides[i]), MK_OK);
    runtime_destroy(stage.sides[1].rt);
    stage.sides[1].rt = NULL;
    runtime_step(stage.sides[0].rt);
    CHECK_EQ(stage.sides[0].got, 1);
    CHECK_EQ(stage.sides[0].downs, 1);
    CHECK_EQ(dead_letters(&stage.sides[0]), 0);
    close_side(&stage.sides[0]);
    CHECK_EQ(dead_letters(&stage.sides[0]), 1);
    close_stage(&stage);
}

TEST(a_link_keeps_its_runtime_running_and_its_end_does_not) {
    stage_t stage;
    open_stage(&stage);
    side_t *side = &stage.sides[0];
    CHECK(actor_spawn(side->rt, (actor_behavior_fn)NULL, NULL, NULL, 2) == 0);
    side->closes_on_down = true;
    close_side(&stage.sides[1]);
    runtime_run(side->rt); /* no actor: it returns anyway */
    CHECK_EQ(side->downs, 0);
    runtime_step(side->rt);
    CHECK_EQ(side->downs, 1);
    close_stage(&stage);
}

TEST(only_two_different_runtimes_and_rings_of_a_size_are_linked) {
    sim_reset(1);
    runtime_t *a = runtime_init(1, 16);
    runtime_t *b = runtime_init(2, 16);
    link_t *links[2];
    CHECK_EQ(ring_link_open(a, a, 0, links), MK_EINVAL);
    CHECK_EQ(ring_link_open(a, NULL, 0, links), MK_EINVAL);
    CHECK_EQ(ring_link_open(a, b, 512, links), MK_EINVAL);
    CHECK_EQ(ring_link_open(a, b, 1025, links), MK_EINVAL);
    CHECK_EQ(ring_link_open(a, b, 0, links), MK_OK);
    link_close(links[0], a, false);
    link_close(links[1], b, false);
    runtime_destroy(a);
    runtime_destroy(b);
}

/* --- anything, in any order --- */

static void act(side_t *side, prng_t *prng) {
    if (side->link == NULL) return;
    if (prng_chance(prng, 1, 20)) {
        side->link->ops->pause(side->link, side->rt, prng_chance(prng, 1, 2));
        return;
    }
    bool is_control = prng_chance(prng, 1, 8);
    for (uint64_t left = prng_below(prng, 12); left > 0; left--) {
        size_t size =
            prng_chance(prng, 1, 12) ? LARGE : 8 + (size_t)prng_below(prng, 120);
        int result = say(side, is_control ? 0 : 5, size, is_control);
        CHECK(result == MK_OK || result == MK_EFULL ||
              (result == MK_ECLOSED && side->downs == 1));
    }
}

TEST(every_message_arrives_once_in_order_or_is_counted) {
    for (uint64_t seed = 1; seed <= 200; seed++) {
        prng_t prng;
        prng_init(&prng, seed);
        stage_t stage;
        open_stage(&stage);
        stage.sides[0].closes_on_down = prng_chance(&prng, 1, 2);
        stage.sides[1].closes_on_down = prng_chance(&prng, 1, 2);
        if (prng_chance(&prng, 1, 2))
            stage.sides[0].close_after = prng_below(&prng, 99);
        for (int i = 0; i < 300; i++) {
            side_t *side = &stage.sides[prng_below(&prng, 2)];
            if (prng_chance(&prng, 1, 3)) runtime_step(side->rt);
            act(side, &prng);
            if (prng_chance(&prng, 1, 200)) close_side(side);
        }
        for (int i = 0; i < 2; i++)
            close_side(&stage.sides[prng_chance(&prng, 1, 2) ? i : 1 - i]);
        close_side(&stage.sides[0]);
        close_side(&stage.sides[1]);
        uint64_t mail = stage.sides[0].mail + stage.sides[1].mail;
        uint64_t got = stage.sides[0].got_mail + stage.sides[1].got_mail;
        CHECK_EQ(got + dead_letters(&stage.sides[0]) + dead_letters(&stage.sides[1]),
                 mail);
        close_stage(&stage);
    }
}

static void use_once(void *arg) {
    (void)arg;
    sim_reset(1);
    stage_t stage;
    memset(&stage, 0, sizeof stage);
    for (int i = 0; i < 2; i++)
        stage.sides[i].rt = runtime_init((node_id_t)i + 1, 16);
    if (stage.sides[0].rt != NULL && stage.sides[1].rt != NULL &&
        open_links(&stage) == MK_OK) {
        (void)say(&stage.sides[0], 5, LARGE, false);
        for (int i = 0; i < 40; i++)
            (void)say(&stage.sides[0], 0, 8, true);
        (void)say(&stage.sides[0], 0, LARGE, true);
        for (int i = 0; i < 50; i++) { /* what waits rests, and is tried again */
            step(&stage, 1);
            sim_advance(RETRY_NS);
        }
        CHECK(stage.sides[1].got == stage.sides[0].sent || mk_alloc_fail_hit());
        CHECK(stage.sides[0].sent == 42 || mk_alloc_fail_hit());
    }
    close_stage(&stage);
}

TEST(each_failed_allocation_is_told_and_nothing_is_lost) {
    test_each_alloc_failure(use_once, NULL);
}

TEST_TABLE(ring_link, TEST_ROW(messages_of_all_sizes_come_in_order_on_both_ways),
           TEST_ROW(a_send_is_on_its_way_when_the_loop_looks_not_before),
           TEST_ROW(a_full_ring_refuses_and_tells_when_there_is_room),
           TEST_ROW(what_must_go_goes_beyond_the_bound_and_in_order),
           TEST_ROW(what_must_go_and_finds_no_memory_rests_before_it_is_tried_again),
           TEST_ROW(a_paused_link_holds_the_other_side_back),
           TEST_ROW(who_closes_is_heard_to_the_end_and_then_missed_once),
           TEST_ROW(mail_that_nobody_took_is_counted_by_the_sender_that_lives),
           TEST_ROW(mail_of_a_sender_that_has_left_is_counted_by_the_receiver),
           TEST_ROW(every_callback_may_close),
           TEST_ROW(a_runtime_may_end_while_its_peer_lives),
           TEST_ROW(a_link_keeps_its_runtime_running_and_its_end_does_not),
           TEST_ROW(only_two_different_runtimes_and_rings_of_a_size_are_linked),
           TEST_ROW(every_message_arrives_once_in_order_or_is_counted),
           TEST_ROW(each_failed_allocation_is_told_and_nothing_is_lost))
