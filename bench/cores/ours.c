/* SPDX-License-Identifier: Apache-2.0 */
/* ours.c - two actors that talk across cores.
 *
 * A stream of actors keeps at most WINDOW messages under way, as a program does that
 * wants none refused: the receiver acknowledges every WINDOW / 4. */
#include "ours.h"

#include "measure.h"
#include "threads.h"

#include "ipc/line.h"
#include "ipc/ring_link.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/runtime_group.h"

#include <string.h>

enum { GO = 1, WORD = 2, ACK = 3, WINDOW = 1600 };

/* What each thread writes lies on lines of its own. */
typedef struct {
    runtime_group_t *group;
    actor_id_t ids[2];
    uint64_t wanted;
    _Alignas(LINE_SIZE) uint64_t sent; /* by the first */
    uint64_t acked;
    double began;
    double passed;                    /* seconds on the wall */
    double first_spent;               /* processor seconds up to its last message */
    _Alignas(LINE_SIZE) uint64_t got; /* by the second, or in a dialogue the first */
    uint64_t sum;
    double second_spent;
} talk_t;

static talk_t talk;

static void end_talk(void) {
    talk.passed = wall_seconds() - talk.began;
    runtime_group_stop(talk.group);
}

static bool ask(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == GO)
        talk.began = wall_seconds();
    else
        talk.got++;
    if (talk.got == talk.wanted)
        end_talk();
    else
        must(actor_send(rt, talk.ids[1], WORD, &talk.got, sizeof talk.got), "a send");
    return true;
}

static bool answer(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    must(actor_send(rt, msg->source, WORD, msg->payload, msg->payload_size), "a send");
    return true;
}

static bool pour(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == ACK) talk.acked += WINDOW / 4;
    while (talk.sent < talk.wanted && talk.sent - talk.acked < WINDOW) {
        must(actor_send(rt, talk.ids[1], WORD, &talk.sent, sizeof talk.sent), "a send");
        talk.sent++;
    }
    talk.first_spent = thread_seconds();
    return true;
}

static bool drink(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    uint64_t word;
    memcpy(&word, msg->payload, sizeof word);
    talk.sum += word;
    if (++talk.got == talk.wanted) {
        talk.second_spent = thread_seconds();
        runtime_group_stop(talk.group);
    } else if (talk.got % (WINDOW / 4) == 0) {
        must(actor_send(rt, msg->source, ACK, NULL, 0), "a send");
    }
    return true;
}

typedef struct {
    actor_behavior_fn first;
    actor_behavior_fn second;
} cast_t;

static int set_up(runtime_t *rt, size_t index, void *ctx) {
    cast_t *cast = ctx;
    pin_to_core(index);
    actor_options_t options = {.mailbox_size = 4096};
    talk.ids[index] = actor_spawn_with(rt, index == 0 ? cast->first : cast->second,
                                       NULL, NULL, &options);
    if (index == 0) must(actor_send(rt, talk.ids[0], GO, NULL, 0), "a send");
    return talk.ids[index] != 0 ? MK_OK : MK_ENOMEM;
}

static void run_talk(cast_t *cast, uint64_t count) {
    talk.wanted = count;
    runtime_group_options_t options = {.ctx = cast, .name = "bench"};
    must(runtime_group_start(2, set_up, &options, &talk.group) == MK_OK, "a group");
    runtime_group_join(talk.group);
    runtime_group_destroy(talk.group);
}

double ours_ring_rtt(uint64_t count) {
    cast_t cast = {ask, answer};
    run_talk(&cast, count);
    return talk.passed;
}

double ours_ring_stream(uint64_t count) {
    cast_t cast = {pour, drink};
    run_talk(&cast, count);
    must(talk.sum == count * (count - 1) / 2, "adding up");
    return larger((const double[]){talk.first_spent, talk.second_spent});
}

/* --- a link without actors --- */

typedef struct {
    runtime_t *rts[2];
    link_t *links[2];
    uint64_t wanted;
    double spent[2];
    _Alignas(LINE_SIZE) uint64_t sent; /* by the first */
    _Alignas(LINE_SIZE) uint64_t got;  /* by the second */
    uint64_t sum;
} pipe_t;

static void send_some(link_t *link, runtime_t *rt) {
    pipe_t *pipe = link->owner;
    if (link != pipe->links[0]) return;
    while (pipe->sent < pipe->wanted) {
        wire_message_t message = {1, 2, WORD, &pipe->sent, sizeof pipe->sent};
        if (link_send(link, rt, &message, false) != MK_OK) return;
        pipe->sent++;
    }
}

static void take_word(link_t *link, runtime_t *rt, const wire_message_t *message) {
    pipe_t *pipe = link->owner;
    uint64_t word;
    memcpy(&word, message->payload, sizeof word);
    pipe->sum += word;
    if (++pipe->got != pipe->wanted) return;
    runtime_stop(pipe->rts[0]);
    runtime_stop(rt);
}

static void ignore_end(link_t *link, runtime_t *rt, int reason, const char *text) {
    (void)link;
    (void)rt;
    (void)reason;
    (void)text;
}

static const link_events_t pipe_events = {
    .on_message = take_word, .on_room = send_some, .on_down = ignore_end};

/* Something has to live, or the loop ends. */
static bool begin(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)msg;
    send_some(state, rt);
    return true;
}

static void run_first(void *arg) {
    pipe_t *pipe = arg;
    runtime_run(pipe->rts[0]);
    pipe->spent[0] = thread_seconds();
}

static void run_second(void *arg) {
    pipe_t *pipe = arg;
    runtime_run(pipe->rts[1]);
    pipe->spent[1] = thread_seconds();
}

double ours_link_stream(uint64_t count) {
    pipe_t pipe = {.wanted = count};
    for (node_id_t i = 0; i < 2; i++)
        pipe.rts[i] = runtime_init(i + 1, 4);
    must(ring_link_open(pipe.rts[0], pipe.rts[1], 0, pipe.links) == MK_OK, "a link");
    for (int i = 0; i < 2; i++) {
        pipe.links[i]->owner = &pipe;
        pipe.links[i]->events = &pipe_events;
        actor_id_t id = actor_spawn(pipe.rts[i], begin, pipe.links[i], NULL, 4);
        must(id != 0, "an actor");
        if (i == 0) must(actor_send(pipe.rts[0], id, GO, NULL, 0), "a send");
    }
    run_two(run_first, run_second, &pipe);
    must(pipe.sum == count * (count - 1) / 2, "adding up");
    for (int i = 0; i < 2; i++) {
        link_close(pipe.links[i], pipe.rts[i], true);
        runtime_destroy(pipe.rts[i]);
    }
    return larger(pipe.spent);
}
