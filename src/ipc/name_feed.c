/* SPDX-License-Identifier: Apache-2.0 */
/* name_feed.c - the walk follows the registry's own order and remembers only a key, so
 * names may come and go meanwhile: a change before that key is sent as a change, one
 * behind it is met by the walk. A second walk tells names that are known there already;
 * it would not meet one that goes, so during it every change is sent. */
#include "ipc/name_feed.h"

#include "base/alloc.h"
#include "ipc/registry_message.h"
#include "microkernel/error.h"
#include "microkernel/message_ids.h"
#include "services/paths.h"
#include "services/registry.h"

#include <string.h>

void name_feed_init(name_feed_t *feed) {
    memset(feed, 0, sizeof *feed);
    name_table_init(&feed->changed);
}

void name_feed_deinit(name_feed_t *feed) {
    name_table_deinit(&feed->changed);
}

void name_feed_restart(name_feed_t *feed) {
    feed->stage = FEED_NAMES;
    feed->at[0] = '\0';
    feed->is_again = true;
}

/* Send whose the name is now. */
static int send_state(runtime_t *rt, peer_t *peer, const char *name) {
    registry_message_t message = {.size = strlen(name)};
    message.id = paths__find_local(rt, name, &message.is_own);
    if (message.size >= sizeof message.name) return MK_OK; /* cannot be one */
    memcpy(message.name, name, message.size);
    bool is_path = name[0] == '/';
    if (message.id != ACTOR_ID_INVALID)
        message.type = is_path ? MSG_PATH_REGISTER : MSG_NAME_REGISTER;
    else
        message.type = is_path ? MSG_PATH_UNREGISTER : MSG_NAME_UNREGISTER;
    uint8_t bytes[REGISTRY_MESSAGE_MAX];
    size_t size = registry_message_encode(&message, bytes);
    return peer_send(rt, peer, message.type, bytes, size);
}

/* True when the walk has not come to this name yet. */
static bool is_ahead(const name_feed_t *feed, const char *name) {
    bool is_path = name[0] == '/';
    if (feed->stage >= FEED_SAY_SO || feed->is_again) return false;
    if (is_path != (feed->stage == FEED_PATHS)) return is_path;
    return strcmp(name, feed->at) > 0;
}

int name_feed_touch(name_feed_t *feed, runtime_t *rt, peer_t *peer, const char *name) {
    if (is_ahead(feed, name)) return MK_OK;
    size_t waiting = name_table_count(&feed->changed);
    if (waiting == 0 && send_state(rt, peer, name) == MK_OK) return MK_OK;
    if (waiting >= MK_PEER_NAMES) return MK_ELIMIT;
    int result = name_table_add(&feed->changed, name, strlen(name), 1, NULL);
    return result == MK_EEXIST || result == MK_OK ? MK_EAGAIN : result;
}

static int send_changes(name_feed_t *feed, runtime_t *rt, peer_t *peer) {
    name_entry_t *entry;
    while ((entry = name_table_first_of(&feed->changed, 1)) != NULL) {
        int result = send_state(rt, peer, entry->key);
        if (result < 0) return result;
        name_table_detach(&feed->changed, entry);
        mk_free(entry);
    }
    return MK_OK;
}

/* The next entry of the walk in its table; NULL: the table is done. */
static const name_entry_t *next_entry(const name_feed_t *feed, runtime_t *rt) {
    const registry_t *registry = registry__find(rt);
    if (registry == NULL) return NULL;
    size_t size = strlen(feed->at);
    if (feed->stage == FEED_NAMES)
        return name_table_after(&registry->names, feed->at, size);
    /* Behind all origins of the path: their keys are the path, a NUL and a small byte.
     */
    char key[MK_PATH_MAX + 1];
    memcpy(key, feed->at, size + 1);
    key[size + 1] = '\x7f';
    return name_table_after(&registry->paths, key, size > 0 ? size + 2 : 0);
}

int name_feed_pump(name_feed_t *feed, runtime_t *rt, peer_t *peer) {
    int result = send_changes(feed, rt, peer);
    for (int i = 0; result == MK_OK && i < MK_NAME_BATCH; i++) {
        if (feed->stage == FEED_IN_STEP) return MK_OK;
        if (feed->stage == FEED_SAY_SO) {
            result = peer_send(rt, peer, MSG_NAMES_TOLD, NULL, 0);
            if (result == MK_OK) feed->stage = FEED_IN_STEP;
            continue;
        }
        const name_entry_t *entry = next_entry(feed, rt);
        if (entry == NULL) {
            feed->stage = feed->stage == FEED_NAMES ? FEED_PATHS : FEED_SAY_SO;
            feed->at[0] = '\0';
            continue;
        }
        char name[MK_PATH_MAX] = "";
        memcpy(name, entry->key, strlen(entry->key) + 1);
        bool is_own = false;
        if (paths__find_local(rt, name, &is_own) != ACTOR_ID_INVALID)
            result = send_state(rt, peer, name);
        if (result == MK_OK) memcpy(feed->at, name, sizeof name);
    }
    if (result < 0) return result;
    return feed->stage == FEED_IN_STEP ? MK_OK : MK_EAGAIN;
}
