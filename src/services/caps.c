/* SPDX-License-Identifier: Apache-2.0 */
/* caps.c - announced features, the text about them, and the actor that gives it out.
 *
 * Features are announced by who brings them and not asked for here: this folder knows
 * neither WASM nor TLS. The four that always stand in the text are rows of the list
 * from the start, with the value that holds when nobody speaks up. */
#include "microkernel/caps.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/text.h"
#include "base/writer.h"
#include "kernel/inside.h"
#include "kernel/part.h"
#include "microkernel/error.h"
#include "microkernel/message.h"
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "port/identity.h"

#include <string.h>

enum {
    CAPS_MAILBOX = 8,     /* requests that may wait */
    CAPS_SHORT_TEXT = 256 /* bytes of the answer when memory is short */
};

typedef struct {
    char key[MK_CAPS_KEY_MAX];
    char value[MK_CAPS_VALUE_MAX];
} feature_t;

/* Rows that every node has; the order is that of the text. */
enum { WASM, TLS, HTTP, TRANSPORTS, FIXED_FEATURES };
static const feature_t fixed_features[FIXED_FEATURES] = {
    {"wasm", "false"}, {"tls", "false"}, {"http", "false"}, {"transports", "0"}};

/* What the runtime answers for itself. */
static const char *const own_keys[] = {"platform", "identity", "node_id", "max_actors",
                                       "actor_count"};

typedef struct {
    part_t part;
    actor_id_t actor;    /* that answers; 0: none yet */
    feature_t *features; /* the fixed ones, then what was announced, oldest first */
    size_t features_len;
    size_t features_cap;
    bool is_announced[FIXED_FEATURES]; /* the fixed row was changed by its owner */
} caps_t;

static void destroy(part_t *part, runtime_t *rt) {
    (void)rt;
    caps_t *caps = MK_CONTAINER_OF(part, caps_t, part);
    mk_free(caps->features);
    mk_free(caps);
}

static const part_ops_t caps_ops = {NULL, NULL, destroy};

static caps_t *find_caps(runtime_t *rt) {
    part_t *part = rt != NULL ? part_find(rt, &caps_ops) : NULL;
    return part != NULL ? MK_CONTAINER_OF(part, caps_t, part) : NULL;
}

static caps_t *get_caps(runtime_t *rt) {
    caps_t *caps = find_caps(rt);
    if (caps != NULL) return caps;
    caps = mk_calloc(1, sizeof *caps);
    if (caps == NULL) return NULL;
    caps->features = mk_alloc(sizeof fixed_features);
    if (caps->features == NULL) {
        mk_free(caps);
        return NULL;
    }
    memcpy(caps->features, fixed_features, sizeof fixed_features);
    caps->features_len = caps->features_cap = FIXED_FEATURES;
    part_attach(rt, &caps->part, &caps_ops);
    return caps;
}

/* --- announcing --- */

static feature_t *find_feature(const caps_t *caps, const char *key) {
    for (size_t i = 0; i < caps->features_len; i++)
        if (strcmp(caps->features[i].key, key) == 0) return &caps->features[i];
    return NULL;
}

static int check_key(const char *key) {
    if (key == NULL || key[0] == '\0') return MK_EINVAL;
    size_t size = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    if (key[size] != '\0') return MK_EINVAL;
    for (size_t i = 0; i < sizeof own_keys / sizeof own_keys[0]; i++)
        if (strcmp(key, own_keys[i]) == 0) return MK_EINVAL;
    return size < MK_CAPS_KEY_MAX ? MK_OK : MK_ETOOBIG;
}

static int check_value(const char *value) {
    if (value == NULL) return MK_EINVAL;
    return text_check_name(text_of(value), MK_CAPS_VALUE_MAX - 1, NULL);
}

/* A new row with this key, its value still empty; NULL when memory is short. */
static feature_t *add_feature(caps_t *caps, const char *key) {
    if (caps->features_len == caps->features_cap) {
        size_t cap = caps->features_cap * 2;
        feature_t *grown = mk_realloc(caps->features, cap * sizeof *grown);
        if (grown == NULL) return NULL;
        caps->features = grown;
        caps->features_cap = cap;
    }
    feature_t *feature = &caps->features[caps->features_len++];
    memcpy(feature->key, key, strlen(key) + 1);
    return feature;
}

int caps_announce(runtime_t *rt, const char *key, const char *value) {
    int result = check_key(key);
    if (result == MK_OK) result = check_value(value);
    if (result < 0) return result;
    if (rt == NULL) return MK_EINVAL;
    caps_t *caps = get_caps(rt);
    feature_t *feature = caps != NULL ? find_feature(caps, key) : NULL;
    if (caps != NULL && feature == NULL) feature = add_feature(caps, key);
    if (feature == NULL) return MK_ENOMEM;
    memcpy(feature->value, value, strlen(value) + 1);
    size_t row = (size_t)(feature - caps->features);
    if (row < FIXED_FEATURES) caps->is_announced[row] = true;
    return MK_OK;
}

const char *caps_find(runtime_t *rt, const char *key) {
    caps_t *caps = find_caps(rt);
    feature_t *feature = caps != NULL && key != NULL ? find_feature(caps, key) : NULL;
    if (feature == NULL) return NULL;
    size_t row = (size_t)(feature - caps->features);
    return row >= FIXED_FEATURES || caps->is_announced[row] ? feature->value : NULL;
}

/* --- the text --- */

typedef struct {
    char *buf;
    size_t cap;
    size_t written; /* bytes of whole lines in buf */
    size_t needed;  /* bytes of all lines */
} caps_writer_t;

static void write_line(caps_writer_t *out, const char *key, const char *value) {
    size_t key_size = strlen(key);
    size_t value_size = strlen(value);
    size_t size = key_size + 1 + value_size + 1;
    if (out->written == out->needed && size < out->cap - out->written) {
        char *at = out->buf + out->written;
        memcpy(at, key, key_size);
        at[key_size] = '=';
        memcpy(at + key_size + 1, value, value_size);
        at[size - 1] = '\n';
        at[size] = '\0';
        out->written += size;
    }
    out->needed += size;
}

static void write_number(caps_writer_t *out, const char *key, uint64_t value) {
    char text[24];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    writer_unsigned(&writer, value);
    write_line(out, key, text);
}

size_t caps_text(runtime_t *rt, char *buf, size_t buf_size) {
    caps_t *caps = find_caps(rt);
    const feature_t *features = caps != NULL ? caps->features : fixed_features;
    size_t len = caps != NULL ? caps->features_len : FIXED_FEATURES;
    caps_writer_t out = {buf, buf != NULL ? buf_size : 0, 0, 0};
    if (out.cap > 0) buf[0] = '\0';
    write_line(&out, "platform", port_identity_platform());
    write_line(&out, "identity", node_identity(rt));
    write_number(&out, "node_id", runtime_get_node_id(rt));
    for (size_t i = WASM; i <= HTTP; i++)
        write_line(&out, features[i].key, features[i].value);
    write_number(&out, "max_actors", runtime_get_max_actors(rt));
    write_number(&out, "actor_count", runtime_counters(rt).actors);
    for (size_t i = TRANSPORTS; i < len; i++)
        write_line(&out, features[i].key, features[i].value);
    return out.needed;
}

/* --- the actor --- */

static bool behave(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_SHUTDOWN) return false;
    if (msg->type != MSG_CAPS_REQUEST || msg->source == ACTOR_ID_INVALID) return true;
    char few[CAPS_SHORT_TEXT];
    size_t size = caps_text(rt, NULL, 0);
    char *text = mk_alloc(size + 1);
    if (text != NULL) {
        caps_text(rt, text, size + 1);
    } else {
        caps_text(rt, few, sizeof few);
        size = strlen(few);
    }
    actor_send(rt, msg->source, MSG_CAPS_REPLY, text != NULL ? text : few, size);
    mk_free(text);
    return true;
}

static int take_names(runtime_t *rt, actor_id_t id) {
    char path[NS_PATH_MAX];
    mk_writer_t writer;
    writer_init(&writer, path, sizeof path);
    writer_str(&writer, "/node/");
    writer_str(&writer, node_identity(rt));
    writer_str(&writer, "/caps");
    int result = names_register_own(rt, "caps", id);
    if (result < 0) return result;
    result = names_register(rt, path, id);
    if (result == MK_OK || result == MK_ESTATE)
        return MK_OK; /* no namespace: no path */
    names_unregister(rt, "caps");
    return result;
}

actor_id_t caps_actor_init(runtime_t *rt) {
    if (rt == NULL) return ACTOR_ID_INVALID;
    caps_t *caps = get_caps(rt);
    if (caps == NULL) return ACTOR_ID_INVALID;
    if (actor_is_alive(rt, caps->actor)) return caps->actor;
    actor_id_t id = actor_spawn(rt, behave, NULL, NULL, CAPS_MAILBOX);
    if (id == ACTOR_ID_INVALID) return ACTOR_ID_INVALID;
    if (take_names(rt, id) < 0) {
        actor_stop(rt, id);
        return ACTOR_ID_INVALID;
    }
    caps->actor = id;
    return id;
}
