/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/hello.h"

#include "base/bytes.h"
#include "microkernel/error.h"
#include "microkernel/mount.h"

#include <string.h>

void hello_write(const hello_t *hello, uint8_t bytes[HELLO_SIZE]) {
    bytes_writer_t writer;
    bytes_writer_init(&writer, bytes, HELLO_SIZE);
    bytes_write_u32_be(&writer, MOUNT_HELLO_MAGIC);
    bytes_write_u32_be(&writer, hello->node);
    bytes_write(&writer, hello->identity, sizeof hello->identity);
    bytes_write_u32_be(&writer, hello->version);
    bytes_write_u32_be(&writer, hello->features);
    bytes_write_u32_be(&writer, hello->heartbeat_ms);
    bytes_write_u32_be(&writer, hello->credit);
    bytes_write(&writer, hello->nonce, sizeof hello->nonce);
    bytes_write(&writer, hello->echo, sizeof hello->echo);
    bytes_write_u64_be(&writer, hello->boot);
}

static void read_bytes(bytes_reader_t *reader, void *to, size_t size) {
    const uint8_t *from = bytes_read(reader, size);
    if (from != NULL) memcpy(to, from, size);
}

hello_code_t hello_read(const void *bytes, size_t size, hello_t *out) {
    bytes_reader_t reader;
    memset(out, 0, sizeof *out);
    bytes_reader_init(&reader, bytes, size);
    uint32_t magic = bytes_read_u32_be(&reader);
    if (!reader.has_failed && magic != MOUNT_HELLO_MAGIC) return HELLO_NO_HELLO;
    out->node = bytes_read_u32_be(&reader);
    read_bytes(&reader, out->identity, sizeof out->identity);
    bool is_ended = memchr(out->identity, '\0', sizeof out->identity) != NULL;
    out->identity[MK_NODE_NAME_MAX - 1] = '\0';
    /* The name is shown to people: a bad one is not kept. */
    bool is_name = is_ended && node_name_check(out->identity) == MK_OK;
    if (!is_name) memset(out->identity, 0, sizeof out->identity);
    out->version = bytes_read_u32_be(&reader);
    if (!reader.has_failed && out->version != HELLO_VERSION) return HELLO_OLD_VERSION;
    out->features = bytes_read_u32_be(&reader);
    out->heartbeat_ms = bytes_read_u32_be(&reader);
    out->credit = bytes_read_u32_be(&reader);
    read_bytes(&reader, out->nonce, sizeof out->nonce);
    read_bytes(&reader, out->echo, sizeof out->echo);
    out->boot = bytes_read_u64_be(&reader);
    if (reader.has_failed) return HELLO_TRUNCATED;
    if (!is_name) return HELLO_BAD_NAME;
    return out->node != 0 && out->boot != 0 ? HELLO_OK : HELLO_NO_NUMBER;
}

/* --- judgement --- */

static bool is_same_nonce(const uint8_t *a, const uint8_t *b) {
    return memcmp(a, b, HELLO_NONCE_SIZE) == 0;
}

/* Whether it is who it says, seen by this link alone. */
static hello_code_t judge_freshness(const hello_t *own, const hello_t *other,
                                    const hello_t *before, hello_turn_t turn) {
    if (is_same_nonce(own->nonce, other->nonce)) return HELLO_REFLECTED;
    if (turn == HELLO_FIRST) return HELLO_OK;
    if (!is_same_nonce(other->echo, own->nonce)) return HELLO_REPLAYED;
    bool is_the_same = turn != HELLO_LAST ||
                       (other->node == before->node && other->boot == before->boot &&
                        strcmp(other->identity, before->identity) == 0 &&
                        is_same_nonce(other->nonce, before->nonce));
    return is_the_same ? HELLO_OK : HELLO_REPLAYED;
}

/* Whether its number and its name are free. */
static hello_code_t judge_names(const hello_t *own, const hello_t *other,
                                const hello_view_t *view) {
    bool has_our_name = strcmp(own->identity, other->identity) == 0;
    if (other->node == own->node) return has_our_name ? HELLO_OWN_NODE : HELLO_ID_TAKEN;
    if (has_our_name || view->name_owner != 0) return HELLO_NAME_TAKEN;
    bool is_another = view->is_up && view->up_identity[0] != '\0' &&
                      strcmp(view->up_identity, other->identity) != 0;
    return is_another ? HELLO_ID_TAKEN : HELLO_OK;
}

/* There is a link to that node already. It goes when the node was started anew since,
 * or when the other side began both: it would not send a last hello while it knew of
 * the older one. A link without a key never takes the place of one with a key. */
static hello_code_t judge_older(const hello_t *other, hello_turn_t turn,
                                const hello_view_t *view, hello_deeds_t *deeds) {
    bool is_anew = view->up_boot != 0 && view->up_boot != other->boot;
    bool may_replace = view->is_trusted || !view->up_is_trusted;
    bool is_theirs_too = turn != HELLO_ANSWER && !view->up_is_ours;
    if (!may_replace || !(is_anew || is_theirs_too)) return HELLO_MOUNTED;
    deeds->ends_up = turn != HELLO_FIRST;
    return HELLO_OK;
}

hello_code_t hello_judge(const hello_t *own, const hello_t *other,
                         const hello_t *before, hello_turn_t turn,
                         const hello_view_t *view, hello_deeds_t *deeds) {
    *deeds = (hello_deeds_t){.ends_up = false};
    hello_code_t code = judge_freshness(own, other, before, turn);
    if (code == HELLO_OK) code = judge_names(own, other, view);
    if (code == HELLO_OK && view->is_up) code = judge_older(other, turn, view, deeds);
    if (code != HELLO_OK || turn != HELLO_ANSWER || !view->is_rival) return code;
    bool is_rival_old = view->rival_boot != other->boot;
    if (!is_rival_old && other->node < own->node) return HELLO_OTHER_LINK;
    deeds->ends_rival = true;
    return HELLO_OK;
}

/* --- words --- */

static const struct {
    hello_code_t code;
    int error;
    const char *sentence;
} codes[] = {
#define HELLO_TABLE_ROW(name, number, error, sentence) {name, error, sentence},
    HELLO_CODES(HELLO_TABLE_ROW)
#undef HELLO_TABLE_ROW
};

enum { CODES = sizeof codes / sizeof codes[0] };

int hello_error(uint32_t code) {
    for (size_t i = 0; i < CODES; i++)
        if ((uint32_t)codes[i].code == code) return codes[i].error;
    return MK_ECLOSED;
}

static void explain_versions(const hello_t *own, const hello_t *other,
                             mk_writer_t *out) {
    (void)own;
    writer_format(out, ": it speaks %u, this node %u", (unsigned)other->version,
                  (unsigned)HELLO_VERSION);
}

static void explain_id(const hello_t *own, const hello_t *other, mk_writer_t *out) {
    bool is_ours = own != NULL && own->node == other->node;
    writer_format(out, ": '%s' says %u, which is ", other->identity,
                  (unsigned)other->node);
    writer_str(out, is_ours ? own->identity : "another node's here");
}

static void explain_name(const hello_t *own, const hello_t *other, mk_writer_t *out) {
    bool is_ours = own != NULL && strcmp(own->identity, other->identity) == 0;
    writer_format(out, ": node %u says '%s', which is ", (unsigned)other->node,
                  other->identity);
    if (is_ours)
        writer_format(out, "that of node %u", (unsigned)own->node);
    else
        writer_str(out, "another node's here");
}

static const struct {
    hello_code_t code;
    void (*explain)(const hello_t *own, const hello_t *other, mk_writer_t *out);
} details[] = {{HELLO_OLD_VERSION, explain_versions},
               {HELLO_ID_TAKEN, explain_id},
               {HELLO_NAME_TAKEN, explain_name}};

void hello_explain(hello_code_t code, const hello_t *own, const hello_t *other,
                   mk_writer_t *out) {
    for (size_t i = 0; i < CODES; i++)
        if (codes[i].code == code) writer_str(out, codes[i].sentence);
    for (size_t i = 0; other != NULL && i < sizeof details / sizeof details[0]; i++)
        if (details[i].code == code) details[i].explain(own, other, out);
}
