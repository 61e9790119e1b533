/* SPDX-License-Identifier: Apache-2.0 */
/* factory.c - a module and its bounds as the factory argument of a supervisor's child.
 *
 * It is counted, because a reload has to reach the argument of an actor that may have
 * outlived it. */
#include "wasm_actor/wasm_actor_impl.h"

#include "base/alloc.h"
#include "microkernel/error.h"

struct wasm_factory_arg {
    code_t *code;     /* counted */
    bounds_t *bounds; /* counted */
    uint32_t users;   /* the program and the actors made from it */
};

wasm_factory_arg_t *factory__retain(wasm_factory_arg_t *arg) {
    arg->users++;
    return arg;
}

void factory__release(wasm_factory_arg_t *arg) {
    if (arg == NULL || --arg->users > 0) return;
    code_release(arg->code);
    bounds_release(arg->bounds);
    mk_free(arg);
}

void factory__set_code(wasm_factory_arg_t *arg, code_t *code) {
    if (arg == NULL || arg->code == code) return;
    code_t *old = arg->code;
    arg->code = code_retain(code);
    code_release(old);
}

/* Whether it can be linked is known when it is tried. */
static int try_link(wasm_factory_arg_t *arg, wasm_error_t *error) {
    wasm_actor_t *actor = wasm_actor__create(arg->code, arg->bounds, error);
    if (actor == NULL) return error->code;
    wasm_actor_free(actor);
    return MK_OK;
}

wasm_factory_arg_t *wasm_factory_arg_create_with(const uint8_t *wasm_buf,
                                                 size_t wasm_size,
                                                 const wasm_actor_options_t *options,
                                                 int *error, char *problem) {
    wasm_error_t failure = {.code = MK_ENOMEM,
                            .offset = WASM_NOWHERE,
                            .function = WASM_NOWHERE,
                            .section = "",
                            .text = "out of memory"};
    wasm_factory_arg_t *arg = mk_calloc(1, sizeof *arg);
    if (arg != NULL) {
        bounds_t wanted = bounds__of(options);
        arg->users = 1;
        arg->bounds = bounds_share(NULL, &wanted);
        if (arg->bounds != NULL)
            arg->code =
                code_load(NULL, wasm_buf, wasm_buf != NULL ? wasm_size : 0, &failure);
        if (arg->code == NULL || try_link(arg, &failure) < 0) {
            factory__release(arg);
            arg = NULL;
        }
    }
    if (arg != NULL) failure.code = MK_OK;
    wasm_actor__tell(&failure, error, problem);
    return arg;
}

wasm_factory_arg_t *wasm_factory_arg_create(const uint8_t *wasm_buf, size_t wasm_size,
                                            uint32_t stack_size, uint32_t heap_size,
                                            fiber_stack_class_t fiber_stack) {
    (void)heap_size;
    wasm_actor_options_t options = wasm_actor__old_options(stack_size, fiber_stack);
    return wasm_factory_arg_create_with(wasm_buf, wasm_size, &options, NULL, NULL);
}

void wasm_factory_arg_destroy(wasm_factory_arg_t *arg) {
    factory__release(arg);
}

void *wasm_actor_factory(void *arg) {
    wasm_factory_arg_t *factory = arg;
    wasm_error_t error;
    if (factory == NULL) return NULL;
    wasm_actor_t *actor = wasm_actor__create(factory->code, factory->bounds, &error);
    if (actor != NULL) actor->origin = factory__retain(factory);
    return actor;
}
