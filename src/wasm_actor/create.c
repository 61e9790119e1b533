/* SPDX-License-Identifier: Apache-2.0 */
/* create.c - from bytes and options to the state of an actor. */
#include "wasm_actor/wasm_actor_impl.h"

#include "base/alloc.h"
#include "kernel/inside.h"
#include "microkernel/error.h"
#include "microkernel/limits.h"
#include "microkernel/log.h"
#include "port/files.h"
#include "wasm_actor/host.h"

#include <string.h>

wasm_actor_options_t wasm_actor_options_default(void) {
    wasm_actor_options_t options = {.grants = WASM_GRANT_DEFAULT,
                                    .may_wait = true,
                                    .fuel = MK_WASM_ACTOR_FUEL,
                                    .sends = MK_WASM_ACTOR_SENDS};
    return options;
}

bounds_t bounds__of(const wasm_actor_options_t *options) {
    wasm_actor_options_t defaults = wasm_actor_options_default();
    if (options == NULL) options = &defaults;
    return (bounds_t){.grants = options->grants,
                      .memory_pages = options->memory_pages != 0 ? options->memory_pages
                                                                 : MK_WASM_ACTOR_PAGES,
                      .stack_bytes = options->stack_bytes != 0 ? options->stack_bytes
                                                               : MK_WASM_ACTOR_STACK,
                      .children =
                          options->children != 0 ? options->children : MK_WASM_CHILDREN,
                      .sends = options->sends,
                      .fuel = options->fuel,
                      .may_wait = options->may_wait};
}

wasm_actor_options_t wasm_actor__old_options(uint32_t stack_size,
                                             fiber_stack_class_t fiber_stack) {
    uint32_t stack_bytes =
        stack_size > MK_WASM_ACTOR_STACK ? stack_size : MK_WASM_ACTOR_STACK;
    if (fiber_stack != FIBER_STACK_NONE) stack_bytes = (uint32_t)fiber_stack;
    wasm_actor_options_t options = {.grants = WASM_GRANT_ALL,
                                    .may_wait = fiber_stack != FIBER_STACK_NONE,
                                    .memory_pages = MK_WASM_MEMORY_PAGES,
                                    .stack_bytes = stack_bytes};
    return options;
}

void wasm_actor__tell(const wasm_error_t *failure, int *error, char *problem) {
    if (error != NULL) *error = failure->code;
    if (problem == NULL) return;
    problem[0] = '\0';
    if (failure->code < 0) wasm_error_sentence(failure, problem, WASM_PROBLEM_MAX);
}

/* Tables may take as many bytes as memory may: 4 an entry. */
static uint32_t entries_for(uint32_t pages) {
    const uint32_t a_page = 65536 / 4;
    return pages < MK_WASM_TABLE_ENTRIES / a_page ? pages * a_page
                                                  : MK_WASM_TABLE_ENTRIES;
}

int engine__create(engine_t *engine, code_t *code, const bounds_t *bounds,
                   wasm_actor_t *actor, wasm_error_t *error) {
    wasm_instance_options_t options = {.resolve = host__resolve,
                                       .resolve_arg = (void *)(uintptr_t)bounds,
                                       .user = actor,
                                       .memory_pages = bounds->memory_pages,
                                       .table_entries =
                                           entries_for(bounds->memory_pages),
                                       .stack_bytes = bounds->stack_bytes};
    wasm_instance_t *instance;
    int result = wasm_instance_create(code->module, &options, &instance, error);
    if (result < 0) return result;
    code->first_pages = wasm_memory_pages(instance, 0);
    *engine = (engine_t){
        .code = code_retain(code), .instance = instance, .stage = STAGE_FRESH};
    return MK_OK;
}

void engine__destroy(engine_t *engine) {
    if (engine->instance != NULL) wasm_instance_destroy(engine->instance);
    code_release(engine->code);
    *engine = (engine_t){.code = NULL};
}

static void say_no_memory(wasm_error_t *error) {
    *error = (wasm_error_t){.code = MK_ENOMEM,
                            .offset = WASM_NOWHERE,
                            .function = WASM_NOWHERE,
                            .section = "",
                            .text = "out of memory"};
}

wasm_actor_t *wasm_actor__create(code_t *code, bounds_t *bounds, wasm_error_t *error) {
    wasm_actor_t *actor = mk_calloc(1, sizeof *actor);
    if (actor == NULL) {
        say_no_memory(error);
        return NULL;
    }
    if (engine__create(&actor->engine, code, bounds, actor, error) < 0) {
        mk_free(actor);
        return NULL;
    }
    actor->bounds = bounds_retain(bounds);
    return actor;
}

void wasm_actor_free(void *state) {
    wasm_actor_t *actor = state;
    if (actor == NULL) return;
    if (actor->owns_mail) message_destroy(actor->mail);
    engine__destroy(&actor->engine);
    if (actor->before != NULL) engine__destroy(actor->before);
    mk_free(actor->before);
    bounds_release(actor->bounds);
    factory__release(actor->origin);
    mk_free(actor->children);
    mk_free(actor);
}

/* --- spawning --- */

static actor_id_t spawn(runtime_t *rt, code_t *code, bounds_t *bounds,
                        const actor_options_t *options, wasm_error_t *error) {
    wasm_actor_t *actor = wasm_actor__create(code, bounds, error);
    if (actor == NULL) return ACTOR_ID_INVALID;
    actor_id_t id =
        actor_spawn_with(rt, wasm_actor_behavior, actor, wasm_actor_free, options);
    if (id == ACTOR_ID_INVALID) {
        wasm_actor_free(actor);
        error->code = MK_EFULL;
        static const char text[] = "no more actors, or no memory for one";
        memcpy(error->text, text, sizeof text);
        return ACTOR_ID_INVALID;
    }
    actor->rt = rt;
    actor->id = id;
    if (wasm_actor__wake(rt, id)) return id;
    actor_stop(rt, id);
    say_no_memory(error);
    return ACTOR_ID_INVALID;
}

actor_id_t actor_spawn_wasm_with(runtime_t *rt, const uint8_t *wasm_buf,
                                 size_t wasm_size, const wasm_actor_options_t *options,
                                 int *error, char *problem) {
    wasm_error_t failure = {.code = MK_EINVAL,
                            .offset = WASM_NOWHERE,
                            .function = WASM_NOWHERE,
                            .section = "",
                            .text = "no runtime or no module"};
    actor_id_t id = ACTOR_ID_INVALID;
    code_t *code = NULL;
    if (rt != NULL && wasm_buf != NULL)
        code = code_load(rt, wasm_buf, wasm_size, &failure);
    if (code != NULL) {
        failure = (wasm_error_t){
            .offset = WASM_NOWHERE, .function = WASM_NOWHERE, .section = ""};
        bounds_t wanted = bounds__of(options);
        bounds_t *bounds = bounds_share(rt, &wanted);
        if (bounds != NULL)
            id = spawn(rt, code, bounds, options != NULL ? &options->actor : NULL,
                       &failure);
        else
            say_no_memory(&failure);
        bounds_release(bounds);
    }
    code_release(code);
    wasm_actor__tell(&failure, error, problem);
    return id;
}

static actor_id_t spawn_trusted(runtime_t *rt, const void *bytes, size_t size,
                                size_t mailbox_size, uint32_t stack_size,
                                fiber_stack_class_t fiber_stack) {
    char problem[WASM_PROBLEM_MAX];
    wasm_actor_options_t options = wasm_actor__old_options(stack_size, fiber_stack);
    options.actor.mailbox_size = mailbox_size;
    actor_id_t id = actor_spawn_wasm_with(rt, bytes, size, &options, NULL, problem);
    if (id == ACTOR_ID_INVALID && rt != NULL)
        actor_log(rt, LOG_ERROR, "WASM actor not started: %s", problem);
    return id;
}

actor_id_t actor_spawn_wasm(runtime_t *rt, const uint8_t *wasm_buf, size_t wasm_size,
                            size_t mailbox_size, uint32_t stack_size,
                            uint32_t heap_size, fiber_stack_class_t fiber_stack) {
    (void)heap_size;
    return spawn_trusted(rt, wasm_buf, wasm_size, mailbox_size, stack_size,
                         fiber_stack);
}

actor_id_t actor_spawn_wasm_file(runtime_t *rt, const char *path, size_t mailbox_size,
                                 uint32_t stack_size, uint32_t heap_size,
                                 fiber_stack_class_t fiber_stack) {
    (void)heap_size;
    if (rt == NULL || path == NULL) return ACTOR_ID_INVALID;
    void *bytes;
    size_t size;
    int result = port_file_read(path, MK_WASM_FILE_BYTES, &bytes, &size);
    if (result < 0) {
        actor_log(rt, LOG_ERROR, "WASM actor not started: %s: %s", path,
                  mk_error_text(result));
        return ACTOR_ID_INVALID;
    }
    actor_id_t id =
        spawn_trusted(rt, bytes, size, mailbox_size, stack_size, fiber_stack);
    mk_free(bytes);
    return id;
}

bool wasm_actors_init(void) {
    return true;
}

bool wasm_actors_init_pool(void *pool_buf, size_t pool_size) {
    (void)pool_buf;
    (void)pool_size;
    return true;
}

void wasm_actors_cleanup(void) {}

bool wasm_actor_facts(runtime_t *rt, actor_id_t id, wasm_actor_facts_t *out) {
    const wasm_actor_t *actor = actor__state_of(rt, id, wasm_actor_behavior);
    if (actor == NULL) return false;
    const engine_t *engine = &actor->engine;
    wasm_module_sizes_t sizes = wasm_module_sizes(engine->code->module);
    *out = (wasm_actor_facts_t){
        .memory_bytes = wasm_instance_size(engine->instance),
        .touched_bytes = wasm_memory_committed(engine->instance, 0),
        .module_bytes = sizes.bytes + sizes.code_bytes + sizes.table_bytes,
        .module_users = engine->code->users,
        .memory_pages = wasm_memory_pages(engine->instance, 0),
        .grants = actor->bounds->grants,
        .children = actor->bounds->children,
        .sends = actor->bounds->sends,
        .fuel_used = actor->fuel_used,
        .reloads = actor->reloads,
        .is_waiting = actor->wait != WAIT_NOTHING};
    return true;
}
