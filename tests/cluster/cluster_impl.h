/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_impl.h - the books of a cluster. For cluster.c (nodes and what happens to
 * them), cluster_actors.c (what actors do) and cluster_books.c (what is checked) only.
 */
#ifndef MK_TESTS_CLUSTER_IMPL_H
#define MK_TESTS_CLUSTER_IMPL_H

#include "cluster/cluster.h"

#include "base/check.h"
#include "base/prng.h"
#include "microkernel/names.h"
#include "microkernel/node.h"
#include "microkernel/nodes.h"
#include "microkernel/paths.h"
#include "microkernel/runtime.h"
#include "sim/sim.h"

enum {
    SLOTS_MAX = 7,    /* machines, 1..SLOTS_MAX */
    NUMBERS_MAX = 64, /* node numbers are below */
    LIVES_PER_SLOT = 7,
    LIVES_MAX = SLOTS_MAX * LIVES_PER_SLOT,
    BEINGS_MAX = 256,
    LETTERS_MAX = 4096,
    PAIRS_MAX = 4096, /* a power of two */
    WATCHES_MAX = 256,
    LINKS_MAX = 128,
    CLAIMS_MAX = 256,
    CONTESTED = 3, /* names that several want */
    TEXT_MAX = 200,
    NOBODY = UINT16_MAX
};

enum { DEED = 1, LETTER, ROUND }; /* message types; ROUND: a letter to each being */

/* What letters carry; longer ones have bytes behind it. */
typedef struct {
    uint32_t number; /* in `letters` */
    uint16_t from;   /* being */
    uint16_t to;     /* being */
} letter_t;

typedef enum { LETTER_REFUSED, LETTER_SENT, LETTER_HANDLED } letter_state_t;

typedef struct {
    actor_id_t dest;
    uint8_t life; /* of the sender */
    uint8_t state;
    bool is_late; /* of the last round: has to arrive */
} letter_fact_t;

/* One run of a node. */
typedef struct {
    runtime_t *rt; /* NULL: it has ended */
    uint8_t slot;
    node_id_t number;
    char identity[MK_NODE_NAME_MAX];
    bool is_up[NUMBERS_MAX];     /* by the news it was told */
    uint32_t epoch[NUMBERS_MAX]; /* ends of links to that number */
    uint32_t lost[NUMBERS_MAX];  /* mail to that number, by the node's own counters */
    bool was_struck;             /* an allocation has failed in it */
} life_t;

typedef struct {
    uint8_t life; /* of this machine now; 0: it is off */
    uint8_t lives;
    node_id_t number; /* of the next life */
    char identity[MK_NODE_NAME_MAX];
    bool is_off;    /* no power */
    bool is_paused; /* its program stands still */
    bool is_fresh;  /* was sent something from outside */
    uint64_t deadline_ns;
} slot_t;

/* An actor's state, and what is known of it. */
typedef struct {
    actor_id_t id;
    uint8_t life;
    bool is_alive;
    bool has_begun;   /* it traps exits, unless it is a mortal */
    bool is_mortal;   /* does not trap exits, gets no letters */
    bool is_abnormal; /* its end */
} being_t;

typedef struct {
    actor_id_t dest;
    uint32_t last;
    uint16_t from; /* being + 1; 0: free */
} pair_t;

typedef struct {
    actor_id_t target;
    monitor_id_t monitor;
    uint32_t epoch;
    uint16_t being;
    uint16_t target_being;
    uint8_t downs;
    bool is_used;
    bool was_lost; /* not connected when it began, or refused for want of memory */
} watch_t;

/* A side of a link is told once. */
typedef struct {
    uint16_t a, b; /* beings; a has asked */
    uint32_t epoch_a, epoch_b;
    bool is_used;
    bool was_lost; /* as of a watch */
    bool a_told, b_told;
} bond_fact_t;

/* A name that an actor has been given. */
typedef struct {
    char name[40];
    uint16_t being;
    bool is_used;
} claim_t;

typedef struct {
    prng_t fate;
    cluster_observer_t observer;
    bool tells;
    bool is_over;
    bool is_mended;     /* no more faults, no ends of actors */
    bool is_short;      /* allocations fail now and then */
    bool is_strained;   /* one of this turn or deed may */
    bool was_hit;       /* and one did */
    uint64_t mended_ns; /* when */
    bool is_last_round; /* letters have to arrive */
    unsigned deaf;      /* observer's tricks left */
    unsigned slots_len;
    unsigned lives_len, beings_len;
    uint32_t letters_len;
    unsigned running;                               /* slot */
    uint32_t undelivered[NUMBERS_MAX][NUMBERS_MAX]; /* [receiver][sender] */
    uint32_t in_mailboxes[NUMBERS_MAX]; /* mail of actors that ended, at most */
    bool mounts[SLOTS_MAX + 1][SLOTS_MAX + 1];
    slot_t slots[SLOTS_MAX + 1];
    life_t lives[LIVES_MAX + 1]; /* [0] is not used */
    being_t beings[BEINGS_MAX];
    letter_fact_t letters[LETTERS_MAX];
    pair_t pairs[PAIRS_MAX];
    watch_t watches[WATCHES_MAX];
    bond_fact_t links[LINKS_MAX];
    claim_t claims[CLAIMS_MAX];
    void *kept_block;
    cluster_report_t report;
    char failure[TEXT_MAX];
} cluster_t;

extern cluster_t c;

/* --- telling, failing, chance --- */
void tell(const char *format, ...) MK_PRINTF(1, 2);
void fail(const char *format, ...) MK_PRINTF(1, 2);
void hash(uint64_t value);
uint32_t roll(size_t below);
bool chance(uint64_t part, uint64_t whole);

/* True once for a broken observer of this kind. */
bool is_tricked(cluster_observer_t observer);

/* While memory is short one of the next allocations may fail (`for_ever`: and all that
 * follow it), until `relax`, which writes down whether one did in this life. */
void strain(bool for_ever);
void relax(uint8_t life);

/* True when an allocation has failed since the last `relax`. */
bool is_struck(void);

/* --- cluster_actors.c --- */
being_t *spawn_being(uint8_t life, bool is_mortal);
/* A living being of a node that runs, or of any (0); NULL: none found. */
being_t *any_being(uint8_t life);
bool read_news(runtime_t *rt, actor_t *self, message_t *msg, void *state);

static inline uint16_t index_of(const being_t *being) {
    return (uint16_t)(being - c.beings);
}

/* --- cluster_books.c --- */
void note_letter(const being_t *me, const message_t *msg);
bool is_connected(uint8_t life, node_id_t number);
void note_down(being_t *me, const message_t *msg);
void note_exit(being_t *me, const message_t *msg);
void begin_books(uint8_t life); /* of a node that begins */
void end_books(uint8_t life);   /* of a node that will be destroyed */
bool is_whole(void);            /* C5; `why_not_whole` says what is missing */
const char *why_not_whole(void);
void check_at_rest(void);
void check_round(void);

#endif
