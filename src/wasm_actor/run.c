/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - what a WASM actor does with a message, and how its calls follow each other.
 *
 * One loop (wasm_actor__go_on) runs the guest until its call is over, begins the next
 * one, and leaves when the guest waits, when there is nothing to begin, or when the
 * fuel of the turn is used up. Leaving for the others is a notice to itself that it
 * awaits: it cannot be refused by a full mailbox, and the mail waits behind it. Who
 * left goes on behind those that did not have to (docs/decisions/0017). */
#include "wasm_actor/wasm_actor_impl.h"

#include "base/check.h"
#include "base/writer.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/log.h"
#include "microkernel/message.h"
#include "microkernel/timer.h"

#include <string.h>

enum { PAYLOAD_ALIGN = 16, BACKTRACE_MAX = 16, PAGE_BYTES = 65536 };

bool wasm_actor__wake(runtime_t *rt, actor_id_t id) {
    return actor__notify(rt, ACTOR_ID_INVALID, id, MSG_WASM_TURN, NULL, 0);
}

/* --- the end --- */

static void add_name(mk_writer_t *w, const wasm_frame_t *frame) {
    text_t name = wasm_function_name(frame->module, frame->function);
    if (name.size > 0) {
        writer_escaped(w, name);
        return;
    }
    writer_str(w, "function ");
    writer_unsigned(w, frame->function);
}

void wasm_actor__describe_trap(const wasm_instance_t *instance, char *text,
                               size_t cap) {
    mk_writer_t w;
    writer_init(&w, text, cap);
    writer_str(&w, wasm_trap_text(instance));
    wasm_frame_t frames[BACKTRACE_MAX];
    size_t count = wasm_backtrace(instance, frames, BACKTRACE_MAX);
    size_t shown = count < BACKTRACE_MAX ? count : BACKTRACE_MAX;
    for (size_t i = 0; i < shown; i++) {
        size_t whole = w.size;
        writer_str(&w, i == 0 ? " in " : " < ");
        add_name(&w, &frames[i]);
        if (!writer_has_overflowed(&w)) continue;
        writer_rewind(&w, whole); /* names are whole or absent */
        return;
    }
}

static void drop_mail(wasm_actor_t *actor) {
    if (actor->owns_mail) message_destroy(actor->mail);
    actor->mail = NULL;
    actor->owns_mail = false;
}

/* True: the old module is back and goes on. */
static bool end_trapped(wasm_actor_t *actor) {
    char text[MK_EXIT_TEXT_MAX];
    const wasm_instance_t *instance = actor->engine.instance;
    wasm_actor__describe_trap(instance, text, sizeof text);
    bool no_memory =
        actor->lacks_memory || wasm_trap(instance) == WASM_TRAP_OUT_OF_MEMORY;
    if (wasm_actor__roll_back(actor, text)) return true;
    actor_exit(actor->rt, no_memory ? EXIT_NO_MEMORY : EXIT_TRAPPED, text);
    return false;
}

static void end_without_memory(wasm_actor_t *actor) {
    actor_exit(actor->rt, EXIT_NO_MEMORY, "no memory to go on");
}

/* --- stages --- */

typedef enum { NEXT_CALL, NEXT_NOTHING, NEXT_FAILED } next_t;

static next_t begin(wasm_actor_t *actor, uint32_t function, const wasm_value_t *args,
                    size_t count) {
    int result = wasm_begin(actor->engine.instance, function, args, count);
    return result == MK_OK ? NEXT_CALL : NEXT_FAILED;
}

static wasm_value_t i32(uint32_t value) {
    return (wasm_value_t){WASM_I32, value};
}

/* In the memory as it was at first: what the guest added later is its own. 0 when there
 * is no room. */
static uint32_t place_inside(const engine_t *engine, uint32_t size) {
    wasm_value_t base;
    uint64_t at;
    uint64_t end = (uint64_t)engine->code->first_pages * PAGE_BYTES;
    if (engine->code->heap_base != WASM_NOWHERE &&
        wasm_global_get(engine->instance, engine->code->heap_base, &base) == MK_OK &&
        base.type == WASM_I32) {
        at = (base.bits + PAYLOAD_ALIGN - 1) & ~(uint64_t)(PAYLOAD_ALIGN - 1);
        return at + size <= end ? (uint32_t)at : 0;
    }
    if (size >= end) return 0;
    at = (end - size) & ~(uint64_t)(PAYLOAD_ALIGN - 1);
    return (uint32_t)at;
}

/* In pages that are added for payloads. 0 when it may not have so many. */
static uint32_t place_behind(engine_t *engine, uint32_t size) {
    uint32_t pages = size / PAGE_BYTES + (size % PAGE_BYTES != 0);
    if (pages > UINT16_MAX) return 0;
    if (pages > engine->room_pages) {
        uint32_t before = wasm_memory_grow(engine->instance, 0, pages);
        if (before == UINT32_MAX) return 0;
        engine->room_page = before;
        engine->room_pages = (uint16_t)pages;
    }
    return engine->room_page * PAGE_BYTES;
}

/* Where a payload goes when the module does not say: 0 when it does not fit. */
static uint32_t place(engine_t *engine, uint32_t size) {
    uint32_t address = place_inside(engine, size);
    return address != 0 ? address : place_behind(engine, size);
}

static size_t payload_size(const wasm_actor_t *actor) {
    if (wasm_memory_pages(actor->engine.instance, 0) == 0) return 0;
    return actor->mail->payload_size;
}

static next_t drop_unplaced(wasm_actor_t *actor) {
    actor_log(actor->rt, LOG_WARN,
              "message of type %u with %u bytes dropped: the module has no room for it",
              (unsigned)actor->mail->type, (unsigned)actor->mail->payload_size);
    drop_mail(actor);
    actor->engine.stage = STAGE_IDLE;
    return NEXT_NOTHING;
}

/* The payload goes to `address`, 0 when there is none. */
static next_t begin_handle(wasm_actor_t *actor, uint32_t address, uint32_t size) {
    engine_t *engine = &actor->engine;
    const message_t *mail = actor->mail;
    if (size > 0) {
        uint8_t *bytes = wasm_memory_at(engine->instance, 0, address, size);
        if (bytes == NULL) return drop_unplaced(actor);
        memcpy(bytes, mail->payload, size);
    }
    wasm_value_t args[] = {
        i32(mail->type), {WASM_I64, mail->source}, i32(address), i32(size)};
    engine->stage = STAGE_HANDLE;
    actor->fuel_busy = 0;
    if (mail->type == MSG_SHUTDOWN) actor->is_ending = actor->got_shutdown = true;
    if (engine->code->handle_message == WASM_NOWHERE) return NEXT_FAILED;
    /* Kept while the old module may still have to be given it. */
    if (actor->before == NULL) drop_mail(actor);
    return begin(actor, engine->code->handle_message, args, 4);
}

static next_t take_mail(wasm_actor_t *actor) {
    engine_t *engine = &actor->engine;
    if (actor->mail == NULL) return NEXT_NOTHING;
    size_t size = payload_size(actor);
    if (size > UINT32_MAX) return drop_unplaced(actor);
    if (size == 0) return begin_handle(actor, 0, 0);
    if (engine->code->malloc != WASM_NOWHERE) {
        wasm_value_t wanted = i32((uint32_t)size);
        engine->stage = STAGE_ALLOCATE;
        return begin(actor, engine->code->malloc, &wanted, 1);
    }
    uint32_t address = place(engine, (uint32_t)size);
    if (address == 0) return drop_unplaced(actor);
    return begin_handle(actor, address, (uint32_t)size);
}

static uint32_t result_of(const engine_t *engine) {
    wasm_value_t result = {WASM_I32, 0};
    (void)wasm_results(engine->instance, &result, 1);
    return (uint32_t)result.bits;
}

static next_t after_allocate(wasm_actor_t *actor) {
    uint32_t address = result_of(&actor->engine);
    if (address == 0) return drop_unplaced(actor);
    actor->engine.payload = address;
    return begin_handle(actor, address, (uint32_t)payload_size(actor));
}

static next_t after_handle(wasm_actor_t *actor) {
    if (result_of(&actor->engine) == 0) actor->is_ending = true;
    if (actor->before != NULL) {
        wasm_actor__commit(actor);
        drop_mail(actor);
    }
    wasm_value_t block = i32(actor->engine.payload);
    actor->engine.payload = 0;
    if (block.bits == 0 || actor->is_ending) {
        actor->engine.stage = STAGE_IDLE;
        return NEXT_NOTHING;
    }
    actor->engine.stage = STAGE_FREE;
    return begin(actor, actor->engine.code->free, &block, 1);
}

static next_t after_start(wasm_actor_t *actor) {
    uint32_t initialize = actor->engine.code->initialize;
    actor->engine.stage = STAGE_INITIALIZE;
    if (initialize != WASM_NOWHERE) return begin(actor, initialize, NULL, 0);
    actor->engine.stage = STAGE_IDLE;
    return take_mail(actor);
}

static next_t begin_start(wasm_actor_t *actor) {
    actor->engine.stage = STAGE_START;
    int result = wasm_begin_start(actor->engine.instance);
    if (result == MK_EEND) return after_start(actor);
    return result == MK_OK ? NEXT_CALL : NEXT_FAILED;
}

/* The call of this stage is over, or there was none: begin the next. */
static next_t next(wasm_actor_t *actor) {
    switch (actor->engine.stage) {
    case STAGE_FRESH: return begin_start(actor);
    case STAGE_START: return after_start(actor);
    case STAGE_ALLOCATE: return after_allocate(actor);
    case STAGE_HANDLE: return after_handle(actor);
    default: actor->engine.stage = STAGE_IDLE; return take_mail(actor);
    }
}

/* --- running --- */

static void let_others_run(wasm_actor_t *actor) {
    actor->fuel_turn = 0;
    if (!actor_is_alive(actor->rt, actor->id)) return;
    actor__await(actor->rt, MSG_WASM_TURN);
    actor__end_turn(actor->rt);
    if (!wasm_actor__wake(actor->rt, actor->id)) end_without_memory(actor);
}

/* Run the open call for the rest of this turn. */
static wasm_state_t run_slice(wasm_actor_t *actor) {
    int64_t fuel = MK_WASM_SLICE_FUEL;
    wasm_state_t state = wasm_run(actor->engine.instance, &fuel);
    uint64_t used = (uint64_t)(MK_WASM_SLICE_FUEL - fuel);
    actor->fuel_used += used;
    actor->fuel_busy += used;
    actor->fuel_turn += (uint32_t)used;
    return state;
}

static bool is_over_quota(const wasm_actor_t *actor) {
    return actor->bounds->fuel != 0 && actor->fuel_busy >= actor->bounds->fuel;
}

/* True: the old module is back and goes on. */
static bool end_over_quota(wasm_actor_t *actor) {
    char text[MK_EXIT_TEXT_MAX];
    mk_writer_t w;
    writer_init(&w, text, sizeof text);
    writer_str(&w, "used ");
    writer_unsigned(&w, actor->bounds->fuel);
    writer_str(&w, " of fuel without waiting");
    if (wasm_actor__roll_back(actor, text)) return true;
    actor_exit(actor->rt, EXIT_QUOTA, text);
    return false;
}

/* False: the turn is over for this actor, or there is nothing more to do. */
static bool go_on_once(wasm_actor_t *actor) {
    switch (wasm_state(actor->engine.instance)) {
    case WASM_SUSPENDED: actor->fuel_busy = 0; return false;
    case WASM_TRAPPED: return end_trapped(actor);
    case WASM_RUNNABLE:
        if (run_slice(actor) != WASM_RUNNABLE) return true;
        if (is_over_quota(actor)) return end_over_quota(actor);
        let_others_run(actor);
        return false;
    case WASM_IDLE: break;
    }
    switch (next(actor)) {
    case NEXT_CALL: return true;
    case NEXT_NOTHING: return false;
    case NEXT_FAILED: end_without_memory(actor); return false;
    }
    return false;
}

void wasm_actor__go_on(wasm_actor_t *actor) {
    while (go_on_once(actor)) {
    }
}

bool wasm_actor__run_to_idle(wasm_actor_t *actor, int64_t *fuel) {
    wasm_instance_t *instance = actor->engine.instance;
    for (;;) {
        if (wasm_state(instance) == WASM_RUNNABLE) (void)wasm_run(instance, fuel);
        if (wasm_state(instance) != WASM_IDLE) return false;
        if (actor->engine.stage == STAGE_IDLE) return true;
        if (next(actor) == NEXT_FAILED) return false;
    }
}

/* --- messages --- */

static timer_id_t timer_of(const message_t *msg) {
    timer_payload_t timer;
    if (msg->payload_size < sizeof timer) return TIMER_ID_INVALID;
    memcpy(&timer, msg->payload, sizeof timer);
    return timer.id;
}

/* True for what the host functions and this file ask the runtime for: the guest does
 * not see it. What an actor sends under such a type is mail. */
static bool take_event(wasm_actor_t *actor, const message_t *msg) {
    if (msg->source != ACTOR_ID_INVALID && msg->type != MSG_STATE_REPLY) return false;
    switch (msg->type) {
    case MSG_WASM_TURN: break;
    case MSG_TIMER: wait__on_timer(actor, timer_of(msg)); break;
    case MSG_STATE_REPLY: wait__on_state(actor, msg); break;
    case MSG_OFFLOAD_DONE: wait__on_offload(actor, msg); break;
    case MSG_HTTP_RESPONSE: wait__on_http(actor, msg); break;
    default: return false;
    }
    return true;
}

static void take_message(wasm_actor_t *actor, message_t *msg) {
    bool is_in_recv = actor->wait >= WAIT_RECV && actor->wait <= WAIT_RECV_TIMEOUT;
    if (is_in_recv) {
        if (msg->type == MSG_SHUTDOWN) actor->is_ending = actor->got_shutdown = true;
        wait__on_mail(actor, msg);
        return;
    }
    MK_ASSERT(actor->mail == NULL);
    actor->mail = msg;
}

bool wasm_actor_behavior(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    wasm_actor_t *actor = state;
    actor->rt = rt;
    actor->id = actor_self(rt);
    if (!take_event(actor, msg)) take_message(actor, msg);
    wasm_actor__go_on(actor);
    if (actor->mail == msg && !actor->owns_mail)
        actor->owns_mail = message_take(rt, msg); /* handled in a later turn */
    wasm_state_t now = wasm_state(actor->engine.instance);
    if (actor->wait != WAIT_NOTHING) wait__hold_mail(actor);
    if (now == WASM_IDLE && actor->is_ending && actor->engine.stage == STAGE_IDLE &&
        actor->mail == NULL) {
        if (actor->got_shutdown) actor_exit(rt, EXIT_SHUTDOWN, NULL);
        return false;
    }
    if (actor->fuel_turn >= MK_WASM_SLICE_FUEL / 2) {
        actor->fuel_turn = 0;
        actor__end_turn(rt);
    }
    return true;
}
