/* SPDX-License-Identifier: Apache-2.0 */
/* hello.h - how two nodes get to know each other: what a hello says, and the judgement
 * on it. Pure: no memory, no clock, no chance; docs/MOUNT.md has the bytes.
 *
 * Three hellos make a mount. The node that began the link speaks first; the other one
 * answers and returns the first one's nonce; the first one repeats its hello with the
 * nonce of the answer. So each side has seen a fresh answer of the other, and a hello
 * that was recorded is worth nothing. Whoever refuses says a code and a sentence in a
 * goodbye. */
#ifndef MK_IPC_HELLO_H
#define MK_IPC_HELLO_H

#include "base/writer.h"
#include "microkernel/node.h"

enum {
    HELLO_VERSION = 1,
    HELLO_NONCE_SIZE = 16,
    HELLO_SIZE = 96, /* bytes of ours; longer ones are read as far as we know them */
    HELLO_SIZE_MAX = 512 /* bytes that are looked at at all */
};

/* Why a hello is refused: these numbers travel. ROW(name, number, MK_E..., sentence) */
/* clang-format off */
#define HELLO_CODES(ROW)                                                                   \
    ROW(HELLO_TRUNCATED,   1, MK_EBADMSG,  "the hello is too short: another program, or an old one") \
    ROW(HELLO_NO_HELLO,    2, MK_EBADMSG,  "what came is no hello")                        \
    ROW(HELLO_OLD_VERSION, 3, MK_ENOTSUP,  "the versions differ")                          \
    ROW(HELLO_BAD_NAME,    4, MK_EINVAL,   "the name is none that a node can have")        \
    ROW(HELLO_NO_NUMBER,   5, MK_EINVAL,   "a node has a number, and 0 is none")           \
    ROW(HELLO_OWN_NODE,    6, MK_EINVAL,   "that is this node itself")                     \
    ROW(HELLO_ID_TAKEN,    7, MK_EEXIST,   "the number of the node is taken; MK_NODE_ID gives it another one") \
    ROW(HELLO_NAME_TAKEN,  8, MK_EEXIST,   "the name of the node is taken; MK_NODE_NAME gives it another one") \
    ROW(HELLO_MOUNTED,     9, MK_EEXIST,   "the nodes are mounted already")                \
    ROW(HELLO_OTHER_LINK, 10, MK_EEXIST,   "both nodes began at once: the other link is used") \
    ROW(HELLO_REFLECTED,  11, MK_EPERM,    "our own hello came back")                      \
    ROW(HELLO_REPLAYED,   12, MK_EPERM,    "the hello does not answer ours: it is an old one") \
    ROW(HELLO_NO_TURN,    13, MK_EBADMSG,  "that is no message before the hellos are done") \
    ROW(HELLO_TOO_SLOW,   14, MK_ETIMEOUT, "the hellos took too long")                     \
    ROW(HELLO_TOO_MANY,   15, MK_ELIMIT,   "too many nodes are shaking hands; try again later") \
    ROW(HELLO_NO_KEY,     16, MK_EPERM,    "without a cluster key only this machine can be mounted") \
    ROW(HELLO_NO_MEMORY,  17, MK_ENOMEM,   "the node is short of memory")                  \
    ROW(HELLO_REPLACED,   18, MK_ECLOSED,  "the node has come back by another link")
/* clang-format on */

#define HELLO_ENUM_ROW(name, number, error, sentence) name = (number),
typedef enum { HELLO_OK = 0, HELLO_CODES(HELLO_ENUM_ROW) HELLO_CODES_END } hello_code_t;
#undef HELLO_ENUM_ROW

/* What a hello says. */
typedef struct {
    node_id_t node;
    char identity[MK_NODE_NAME_MAX];
    uint32_t version;
    uint32_t features;     /* PEER_... */
    uint32_t heartbeat_ms; /* that it wishes; 0: none */
    uint32_t credit;       /* bytes of mail that may be under way to it; 0: no bound */
    uint8_t nonce[HELLO_NONCE_SIZE]; /* drawn for this link */
    uint8_t echo[HELLO_NONCE_SIZE];  /* the other one's nonce; zeros in the first */
    uint64_t boot;                   /* drawn at the start of the node, never 0 */
} hello_t;

/* Write HELLO_SIZE bytes. */
void hello_write(const hello_t *hello, uint8_t bytes[HELLO_SIZE]);

/* Read one and look at what needs no other knowledge: HELLO_OK and `*out`, or
 * HELLO_TRUNCATED, _NO_HELLO, _OLD_VERSION, _BAD_NAME, _NO_NUMBER; what could be read
 * is in `*out` then, and the rest zero. */
hello_code_t hello_read(const void *bytes, size_t size, hello_t *out);

/* The hello that is judged: which of the three. */
typedef enum { HELLO_FIRST, HELLO_ANSWER, HELLO_LAST } hello_turn_t;

/* What this node knows beside it. */
typedef struct {
    bool is_trusted; /* this link: a key was proved, or it is of this user */

    /* The link that is up to the node of that number, if any. */
    bool is_up;
    bool up_is_ours; /* this node began it */
    bool up_is_trusted;
    uint64_t up_boot; /* 0: not known */
    char up_identity[MK_NODE_NAME_MAX];

    node_id_t name_owner; /* another node up that has the same name; 0: none */

    /* HELLO_ANSWER: a link that the other node began and that has no last hello yet. */
    bool is_rival;
    uint64_t rival_boot;
} hello_view_t;

/* What is to be done beside going on. */
typedef struct {
    bool ends_up;    /* end the link that is up: the node has come back */
    bool ends_rival; /* end the rival */
} hello_deeds_t;

/* Judge what `other` said on a link where we say `own`. `before`: for HELLO_LAST its
 * first hello. HELLO_OK and `*deeds`, or why not.
 *
 * Of two links that two nodes began at once the one stays that the node of the smaller
 * number began. Each side decides when it has the answer on its own link, and has seen
 * the other's first hello or will refuse it (docs/MOUNT.md proves it). */
hello_code_t hello_judge(const hello_t *own, const hello_t *other,
                         const hello_t *before, hello_turn_t turn,
                         const hello_view_t *view, hello_deeds_t *deeds);

/* MK_E... of a code; MK_ECLOSED for numbers that are none. */
int hello_error(uint32_t code);

/* Write the sentence of a code with what it is about: names, numbers, versions. Both
 * hellos may be NULL. */
void hello_explain(hello_code_t code, const hello_t *own, const hello_t *other,
                   mk_writer_t *out);

#endif
