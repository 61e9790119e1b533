/* SPDX-License-Identifier: Apache-2.0 */
/* state_persist.c - whose state it is, and the calls that wait for the disk. */
#include "microkernel/state_persist.h"

#include "base/alloc.h"
#include "base/check.h"
#include "microkernel/actor.h"
#include "microkernel/error.h"
#include "microkernel/log.h"
#include "microkernel/names.h"
#include "storage/state_name.h"
#include "storage/state_persist_impl.h"

#include <string.h>

/* --- the part --- */

static void on_actor_exit(part_t *part, runtime_t *rt, actor_id_t id) {
    (void)rt;
    state_requests__on_exit(MK_CONTAINER_OF(part, state_persist_t, part), id);
}

static void destroy(part_t *part, runtime_t *rt) {
    (void)rt;
    state_persist_t *persist = MK_CONTAINER_OF(part, state_persist_t, part);
    state_requests__finish(persist);
    state_store_deinit(&persist->store);
    mk_free(persist);
}

static const part_ops_t state_ops = {NULL, on_actor_exit, destroy};

state_persist_t *state_persist__find(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &state_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, state_persist_t, part) : NULL;
}

int state_persist_open(runtime_t *rt, const char *base_path, unsigned flags) {
    if (rt == NULL || base_path == NULL || (flags & ~(unsigned)STATE_IMPORT_OLD) != 0)
        return MK_EINVAL;
    state_persist_t *persist = state_persist__find(rt);
    bool imports_old = (flags & STATE_IMPORT_OLD) != 0;
    if (persist != NULL) {
        bool is_same = strcmp(persist->store.base, base_path) == 0 &&
                       persist->store.imports_old == imports_old;
        return is_same ? MK_OK : MK_EEXIST;
    }
    persist = mk_calloc(1, sizeof *persist);
    if (persist == NULL) return MK_ENOMEM;
    int result = state_store_open(&persist->store, base_path, imports_old);
    if (result < 0) {
        mk_free(persist);
        return result;
    }
    persist->rt = rt;
    state_requests__init(persist);
    part_attach(rt, &persist->part, &state_ops);
    return MK_OK;
}

void state_persist_init(runtime_t *rt, const char *base_path) {
    int result = state_persist_open(rt, base_path, STATE_IMPORT_OLD);
    if (result == MK_OK) return;
    log_field_t fields[] = {log_text("folder", base_path != NULL ? base_path : ""),
                            log_text("error", mk_error_text(result))};
    log_event(rt, LOG_ERROR, "state cannot be saved", fields, 2);
}

/* --- whose --- */

int state_persist__target(runtime_t *rt, state_op_t op, const char *actor_name,
                          const char *key, state_target_t *target) {
    bool has_key = op != STATE_OP_LIST;
    if (rt == NULL || (has_key && key == NULL)) return MK_EINVAL;
    target->owner = text_of(actor_name);
    target->key = text_of(has_key ? key : NULL);
    if (target->owner.size == 0) {
        actor_id_t self = actor_self(rt);
        if (self == ACTOR_ID_INVALID) return MK_EREFUSED;
        size_t size = actor_reverse_lookup(rt, self, target->name, sizeof target->name);
        if (size == 0) return MK_EREFUSED;
        target->owner = text_make(target->name, size);
    }
    int result = state_name_check(target->owner);
    return result == MK_OK && has_key ? state_name_check(target->key) : result;
}

/* What every call that waits begins with. */
static int prepare(runtime_t *rt, state_op_t op, const char *actor_name,
                   const char *key, state_persist_t **persist, state_target_t *target) {
    *persist = state_persist__find(rt);
    if (rt != NULL && *persist == NULL) return MK_ESTATE;
    int result = state_persist__target(rt, op, actor_name, key, target);
    if (result < 0 || op == STATE_OP_LIST) return result;
    return state_requests__is_busy(*persist, target->owner, target->key) ? MK_EBUSY
                                                                         : MK_OK;
}

/* A copy with a NUL, for a field of a line; cut when memory of the line is short. */
static log_field_t field_of(const char *key, text_t text, char buf[MK_STATE_NAME_MAX]) {
    memcpy(buf, text.bytes, text.size);
    buf[text.size] = '\0';
    return log_text(key, buf);
}

void state_persist__report(runtime_t *rt, text_t owner, text_t key,
                           const state_value_t *value) {
    bool is_fault = value->fault != STATE_FILE_GOOD;
    if (!is_fault && !value->was_imported) return;
    char name_text[MK_STATE_NAME_MAX];
    char key_text[MK_STATE_NAME_MAX];
    log_field_t fields[] = {field_of("name", owner, name_text),
                            field_of("key", key, key_text),
                            log_text("why", state_fault_text(value->fault))};
    if (is_fault)
        log_event(rt, LOG_WARN, "saved state cannot be used", fields, 3);
    else
        log_event(rt, LOG_INFO, "saved state of the earlier layout taken over", fields,
                  2);
}

/* --- the calls --- */

int state_persist_save(runtime_t *rt, const char *actor_name, const char *key,
                       const void *data, size_t size) {
    state_persist_t *persist;
    state_target_t target;
    int result = prepare(rt, STATE_OP_SAVE, actor_name, key, &persist, &target);
    if (result < 0) return result;
    if (data == NULL && size > 0) return MK_EINVAL;
    if (size > MK_STATE_VALUE_MAX) return MK_ETOOBIG;
    return state_store_save(&persist->store, target.owner, target.key, data, size);
}

int state_persist_load(runtime_t *rt, const char *actor_name, const char *key,
                       void *buf, size_t cap, size_t *size_out) {
    state_persist_t *persist;
    state_target_t target;
    if (size_out != NULL) *size_out = 0;
    int result = prepare(rt, STATE_OP_LOAD, actor_name, key, &persist, &target);
    if (result < 0) return result;
    if (buf == NULL && cap > 0) return MK_EINVAL;
    state_value_t value;
    result = state_store_load(&persist->store, target.owner, target.key, &value);
    state_persist__report(rt, target.owner, target.key, &value);
    if (result < 0) return result;
    if (size_out != NULL) *size_out = value.size;
    if (value.size > cap) {
        result = MK_ETOOBIG;
    } else {
        if (value.size > 0) memcpy(buf, value.bytes, value.size);
        result = (int)value.size;
    }
    mk_free(value.block);
    return result;
}

int state_persist_delete(runtime_t *rt, const char *actor_name, const char *key) {
    state_persist_t *persist;
    state_target_t target;
    int result = prepare(rt, STATE_OP_DELETE, actor_name, key, &persist, &target);
    if (result < 0) return result;
    return state_store_delete(&persist->store, target.owner, target.key);
}

int state_persist_list(runtime_t *rt, const char *actor_name, char *buf, size_t cap,
                       size_t *size_out) {
    state_persist_t *persist;
    state_target_t target;
    if (size_out != NULL) *size_out = 0;
    int result = prepare(rt, STATE_OP_LIST, actor_name, NULL, &persist, &target);
    if (result < 0) return result;
    if (buf == NULL && cap > 0) return MK_EINVAL;
    char *keys = NULL;
    size_t size = 0;
    result = state_store_list(&persist->store, target.owner, &keys, &size);
    if (result < 0) return result;
    if (size_out != NULL) *size_out = size;
    if (size > cap)
        result = MK_ETOOBIG;
    else if (size > 0)
        memcpy(buf, keys, size);
    mk_free(keys);
    return result;
}

/* --- under the earlier names --- */

/* 0 or what `result` counts, else -1 and a line that tells why. That there is nothing
 * to load is an answer, not a failure. */
static int tell(runtime_t *rt, const char *what, const char *actor_name,
                const char *key, int result) {
    if (result >= 0) return result;
    if (result != MK_ENOENT) {
        log_field_t fields[] = {log_text("name", actor_name != NULL ? actor_name : ""),
                                log_text("key", key != NULL ? key : ""),
                                log_text("error", mk_error_text(result))};
        log_event(rt, LOG_WARN, what, fields, 3);
    }
    return -1;
}

int state_save(runtime_t *rt, const char *actor_name, const char *key, const void *data,
               size_t size) {
    return tell(rt, "state not saved", actor_name, key,
                state_persist_save(rt, actor_name, key, data, size));
}

int state_load(runtime_t *rt, const char *actor_name, const char *key, void *buf,
               size_t cap) {
    return tell(rt, "state not loaded", actor_name, key,
                state_persist_load(rt, actor_name, key, buf, cap, NULL));
}

int state_delete(runtime_t *rt, const char *actor_name, const char *key) {
    return tell(rt, "state not deleted", actor_name, key,
                state_persist_delete(rt, actor_name, key));
}
