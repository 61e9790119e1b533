/* SPDX-License-Identifier: Apache-2.0 */
/* scale.c - the same work on one runtime and on two, the actors spread evenly.
 *
 * Most mail stays on its core, as in a program whose parts were placed so: each 64th
 * message of a pair goes to a partner on the other runtime and back, and each 64th of a
 * sender to the other collector. On one runtime these are local like all others. The
 * time is that of the processor, of the thread that needed most: neighbours on a busy
 * machine do not count, sleep does not, caches that two cores fight for do. */
#include "measure.h"
#include "ours.h"
#include "threads.h"

#include "ipc/line.h"

#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/runtime_group.h"

#include <stdatomic.h>

enum { GO = 1, WORD = 2, PAIRS = 500, SENDERS = 1000, AWAY = 64 };

/* One runtime's share, on lines of its own. */
typedef struct {
    _Alignas(LINE_SIZE) actor_id_t leads[PAIRS]; /* who counts and begins */
    actor_id_t seconds[PAIRS];                   /* who answers */
    actor_id_t collector;
    actor_id_t senders[SENDERS];
    uint64_t left[SENDERS]; /* messages that a lead or a sender has still to send */
    uint64_t busy;          /* leads or senders that have some left */
    uint64_t got;           /* by the collector */
    double spent;
} share_t;

static struct {
    runtime_group_t *group;
    size_t count; /* runtimes */
    share_t share[2];
    uint64_t wanted;  /* messages that each collector gets in the end */
    atomic_uint over; /* runtimes that are done */
} work;

/* The runtime is done: its time is taken, and the last one ends all. */
static void end_share(size_t index) {
    work.share[index].spent = thread_seconds();
    if (atomic_fetch_add(&work.over, 1) + 1 == work.count)
        runtime_group_stop(work.group);
}

/* An actor knows its place by its state: &left[i] of its share. */
static size_t share_of(const uint64_t *left) {
    return left >= work.share[work.count - 1].left ? work.count - 1 : 0;
}

static bool lead(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    uint64_t *left = state;
    size_t mine = share_of(left);
    share_t *share = &work.share[mine];
    if (*left == 0) {
        if (--share->busy == 0) end_share(mine);
        return true;
    }
    --*left;
    size_t which = (size_t)(left - share->left);
    size_t where = *left % AWAY == 0 ? work.count - 1 - mine : mine;
    must(actor_send(rt, work.share[where].seconds[which], WORD, left, sizeof *left),
         "a send");
    return true;
}

static bool second(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    must(actor_send(rt, msg->source, WORD, msg->payload, msg->payload_size), "a send");
    return true;
}

static bool sender(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    uint64_t *left = state;
    size_t mine = share_of(left);
    size_t where = *left % AWAY == 0 ? work.count - 1 - mine : mine;
    if (*left == 0) return true;
    /* One each time it is its turn, like an actor that has other things to do; again
     * when the way to the other runtime is full. */
    if (actor_send(rt, work.share[where].collector, WORD, left, sizeof *left)) --*left;
    must(actor_send(rt, actor_self(rt), GO, left, sizeof *left), "a send");
    return true;
}

static bool collect(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)rt;
    (void)self;
    (void)msg;
    size_t mine = (size_t)((share_t *)state - work.share);
    if (++work.share[mine].got == work.wanted) end_share(mine);
    return true;
}

static actor_id_t cast(runtime_t *rt, actor_behavior_fn behavior, void *state,
                       size_t mailbox) {
    actor_options_t options = {.mailbox_size = mailbox};
    actor_id_t id = actor_spawn_with(rt, behavior, state, NULL, &options);
    must(id != 0, "an actor");
    return id;
}

static int set_up_pairs(runtime_t *rt, size_t index, void *ctx) {
    share_t *share = &work.share[index];
    const uint64_t *count = ctx;
    pin_to_core(index);
    size_t pairs = PAIRS / work.count;
    for (size_t i = 0; i < pairs; i++) {
        share->left[i] = *count / PAIRS / 2;
        share->leads[i] = cast(rt, lead, &share->left[i], 16);
        share->seconds[i] = cast(rt, second, NULL, 16);
        must(actor_send(rt, share->leads[i], GO, NULL, 0), "a send");
    }
    share->busy = pairs;
    return MK_OK;
}

static int set_up_fanin(runtime_t *rt, size_t index, void *ctx) {
    share_t *share = &work.share[index];
    const uint64_t *count = ctx;
    pin_to_core(index);
    share->collector = cast(rt, collect, share, 1 << 17);
    size_t senders = SENDERS / work.count;
    for (size_t i = 0; i < senders; i++) {
        share->left[i] = *count / SENDERS;
        share->senders[i] = cast(rt, sender, &share->left[i], 16);
        must(actor_send(rt, share->senders[i], GO, NULL, 0), "a send");
    }
    return MK_OK;
}

static double run(runtime_group_setup_fn setup, size_t runtimes, uint64_t count) {
    work.count = runtimes;
    work.wanted = count / SENDERS * (SENDERS / runtimes);
    runtime_group_options_t options = {.ctx = &count, .name = "bench"};
    must(runtime_group_start(runtimes, setup, &options, &work.group) == MK_OK,
         "a group");
    runtime_group_join(work.group);
    runtime_group_destroy(work.group);
    double most = work.share[0].spent;
    return work.share[1].spent > most ? work.share[1].spent : most;
}

double one_pairs(uint64_t count) {
    return run(set_up_pairs, 1, count);
}

double two_pairs(uint64_t count) {
    return run(set_up_pairs, 2, count);
}

double one_fanin(uint64_t count) {
    return run(set_up_fanin, 1, count);
}

double two_fanin(uint64_t count) {
    return run(set_up_fanin, 2, count);
}
