/* SPDX-License-Identifier: Apache-2.0 */
/* reload.c - another module for a living actor.
 *
 * The actor keeps its id and everything that hangs on it, because only its engine is
 * exchanged. The new one is linked and tried beside the old one, which is untouched
 * until the trial went well; then it is kept until the new one has handled its first
 * message. */
#include "wasm_actor/wasm_actor_impl.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/log.h"

#include <string.h>

static uint32_t version_of(const engine_t *engine) {
    wasm_value_t value;
    if (engine->code->version == WASM_NOWHERE ||
        wasm_global_get(engine->instance, engine->code->version, &value) != MK_OK ||
        value.type != WASM_I32)
        return 0;
    return (uint32_t)value.bits;
}

static void say(char *problem, const char *text) {
    if (problem == NULL) return;
    size_t size = strlen(text);
    if (size >= WASM_PROBLEM_MAX) size = WASM_PROBLEM_MAX - 1;
    memcpy(problem, text, size);
    problem[size] = '\0';
}

static bool upgrade(wasm_actor_t *actor, uint32_t old_version, int64_t *fuel) {
    const engine_t *engine = &actor->engine;
    wasm_value_t version = {WASM_I32, old_version};
    if (engine->code->upgrade == WASM_NOWHERE) return true;
    if (wasm_begin(engine->instance, engine->code->upgrade, &version, 1) != MK_OK)
        return false;
    return wasm_run(engine->instance, fuel) == WASM_IDLE;
}

static void explain(const wasm_instance_t *instance, char *problem) {
    if (problem == NULL) return;
    switch (wasm_state(instance)) {
    case WASM_TRAPPED:
        wasm_actor__describe_trap(instance, problem, WASM_PROBLEM_MAX);
        break;
    case WASM_RUNNABLE: say(problem, "its first calls used too much fuel"); break;
    default: say(problem, "out of memory"); break;
    }
}

/* Run the first calls of `engine` in the place of the actor's own. */
static bool try_engine(wasm_actor_t *actor, engine_t *engine, char *problem) {
    wasm_actor_t kept = *actor;
    int64_t fuel = MK_WASM_RELOAD_FUEL;
    actor->engine = *engine;
    actor->mail = NULL;
    actor->owns_mail = false;
    actor->is_trial = true;
    actor->lacks_memory = false;
    bool is_good = wasm_actor__run_to_idle(actor, &fuel) &&
                   upgrade(actor, version_of(&kept.engine), &fuel);
    if (!is_good) explain(actor->engine.instance, problem);
    *engine = actor->engine;
    engine_t old = kept.engine;
    actor->engine = old;
    actor->mail = kept.mail;
    actor->owns_mail = kept.owns_mail;
    actor->is_trial = false;
    actor->lacks_memory = kept.lacks_memory;
    return is_good;
}

/* The old call is given up, and what it waits for with it. */
static void swap(wasm_actor_t *actor, engine_t *engine, engine_t *before) {
    wait__cancel(actor);
    wasm_cancel(actor->engine.instance);
    if (actor->engine.stage != STAGE_FRESH) actor->engine.stage = STAGE_IDLE;
    if (actor->owns_mail) message_destroy(actor->mail);
    actor->mail = NULL;
    actor->owns_mail = false;
    actor->engine.payload = 0;
    actor->is_ending = actor->got_shutdown;
    /* Of two reloads without a message between them the module before both comes back.
     */
    if (actor->before == NULL) {
        *before = actor->engine;
        actor->before = before;
    } else {
        engine__destroy(&actor->engine);
        mk_free(before);
    }
    actor->engine = *engine;
    if (actor->reloads < UINT16_MAX) actor->reloads++;
    factory__set_code(actor->origin, engine->code);
}

reload_result_t wasm_actor_reload(runtime_t *rt, actor_id_t id, const uint8_t *new_buf,
                                  size_t new_size, char *problem) {
    wasm_error_t error;
    if (problem != NULL) problem[0] = '\0';
    wasm_actor_t *actor = actor__state_of(rt, id, wasm_actor_behavior);
    if (actor == NULL) {
        bool is_alive = rt != NULL && actor_is_alive(rt, id);
        say(problem, is_alive ? "it is no WASM actor" : "no such actor");
        return is_alive ? RELOAD_ERR_NOT_WASM : RELOAD_ERR_NOT_FOUND;
    }
    if (actor_self(rt) == id) {
        say(problem, "a module cannot replace itself while it runs");
        return RELOAD_ERR_FIBER_ACTIVE;
    }
    actor->rt = rt;
    actor->id = id;
    code_t *code = new_buf != NULL ? code_load(rt, new_buf, new_size, &error) : NULL;
    if (code == NULL) {
        if (new_buf != NULL) wasm_actor__tell(&error, NULL, problem);
        return RELOAD_ERR_MODULE_LOAD;
    }
    engine_t engine;
    int result = engine__create(&engine, code, actor->bounds, actor, &error);
    code_release(code);
    if (result < 0) {
        wasm_actor__tell(&error, NULL, problem);
        return RELOAD_ERR_INSTANCE;
    }
    engine_t *before = mk_alloc(sizeof *before);
    if (before == NULL) say(problem, "out of memory");
    if (before == NULL || !try_engine(actor, &engine, problem)) {
        engine__destroy(&engine);
        mk_free(before);
        return RELOAD_ERR_INSTANCE;
    }
    swap(actor, &engine, before);
    actor__release(rt, id); /* what the old module awaited does not come any more */
    return RELOAD_OK;
}

reload_result_t actor_reload_wasm(runtime_t *rt, actor_id_t old_id,
                                  const uint8_t *new_buf, size_t new_size,
                                  actor_id_t *new_id_out) {
    char problem[WASM_PROBLEM_MAX];
    reload_result_t result = wasm_actor_reload(rt, old_id, new_buf, new_size, problem);
    if (new_id_out != NULL) *new_id_out = result == RELOAD_OK ? old_id : 0;
    if (result != RELOAD_OK && rt != NULL)
        actor_log(rt, LOG_ERROR, "WASM actor not reloaded: %s", problem);
    return result;
}

bool wasm_actor__roll_back(wasm_actor_t *actor, const char *why) {
    if (actor->before == NULL) return false;
    actor_log(actor->rt, LOG_ERROR, "reloaded module failed, the old one is back: %s",
              why);
    wait__cancel(actor);
    engine__destroy(&actor->engine);
    actor->engine = *actor->before;
    mk_free(actor->before);
    actor->before = NULL;
    actor->engine.payload = 0;
    actor->lacks_memory = false;
    factory__set_code(actor->origin, actor->engine.code);
    return true;
}

void wasm_actor__commit(wasm_actor_t *actor) {
    engine__destroy(actor->before);
    mk_free(actor->before);
    actor->before = NULL;
}
