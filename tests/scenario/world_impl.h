/* SPDX-License-Identifier: Apache-2.0 */
/* world_impl.h - what the actors of a world do it to, and who keeps the books. For
 * world.c (the acting) and world_books.c (the watching) only. */
#ifndef MK_TESTS_SCENARIO_WORLD_IMPL_H
#define MK_TESTS_SCENARIO_WORLD_IMPL_H

#include "scenario/world.h"

#include "base/check.h"
#include "base/prng.h"
#include "kernel/part.h"
#include "microkernel/limits.h"
#include "microkernel/runtime.h"
#include "microkernel/supervision.h"
#include "microkernel/timer.h"

#include <stddef.h>

/* Sizes of the books; a world ends early when one is nearly full. */
#if MK_SLAB_BYTES >= 65536
enum { IDS_MAX = 2048, BEINGS_MAX = 1024, PROMISES_MAX = 512, PAIRS_MAX = 4096 };
#else
enum { IDS_MAX = 512, BEINGS_MAX = 192, PROMISES_MAX = 160, PAIRS_MAX = 512 };
#endif
enum {
    LINKS_MAX = 128,
    ALARMS_MAX = 128,
    JOBS_MAX = 48,
    PLANS_MAX = 12,      /* supervisors described */
    CHILDREN_MAX = 4,    /* static children of one */
    PLACES_MAX = 96,     /* children described, dynamic ones among them */
    TRACKS_MAX = 160,    /* children of one supervisor's life */
    STARTS_MAX = 24,     /* remembered restarts of one track or supervisor */
    SUPS_MAX = 64,       /* lives of supervisors */
    FDS = 3,             /* descriptors */
    SLICES = 100,        /* of a world's time */
    LIVING_MAX = 60,     /* actors at a time, about */
    NOBODY = UINT16_MAX, /* no being, no place */
    TEXT_MAX = 160
};

enum { LETTER = 1, LAST_LETTER = 9 };                       /* message types */
enum { FROM_OUTSIDE = BEINGS_MAX, FROM_POST, SENDERS_MAX }; /* beyond all beings */

/* What letters carry; longer ones have bytes behind it. */
typedef struct {
    uint32_t number;  /* grows with each letter written */
    uint16_t from;    /* being, or FROM_... */
    uint16_t is_kept; /* passed on later or otherwise: comes out of order */
} letter_t;

/* An actor's state, and what is known of it. */
typedef struct {
    actor_id_t id;    /* 0 until it is known */
    message_t *held;  /* taken, or NULL */
    uint16_t place;   /* it is a child of; or NOBODY */
    uint8_t freed;    /* times */
    bool is_used;     /* this entry */
    bool traps;       /* exits */
    bool is_stubborn; /* ignores MSG_SHUTDOWN now and then */
    bool is_immortal; /* nothing is done to it */
    bool drops_mail;  /* its mailbox may, timers too */
} being_t;

enum { IS_BORN = 1, HAS_EXITED = 2, IS_DOOMED = 4, IS_SUPERVISOR = 8 };

typedef struct {
    uint16_t being; /* or NOBODY */
    uint8_t flags;
    uint8_t reason; /* when HAS_EXITED */
} id_fact_t;

typedef enum {
    PROMISE_NONE = 0,
    PROMISE_DOWN,
    PROMISE_EXIT,
    PROMISE_CHILD
} promise_kind_t;

typedef struct {
    promise_kind_t kind;
    bool is_due;
    uint16_t being;       /* who is to be told */
    monitor_id_t monitor; /* of PROMISE_DOWN */
    actor_id_t who;       /* whose end */
} promise_t;

typedef struct {
    uint64_t start_ms;
    uint64_t interval_ms;
    uint64_t told; /* expirations */
    timer_id_t timer;
    uint16_t being;
    bool is_used;
    bool is_periodic;
    bool is_cancelled; /* its messages may still wait */
} alarm_t;

typedef struct {
    uint8_t ran;
    uint8_t told;
    uint8_t discarded;
} job_t;

/* A child as described; several lives of its supervisor share it. */
typedef struct {
    char name[8];
    uint8_t plan;               /* its supervisor's */
    bool is_exact;              /* its restarts happen when they are spent */
    bool was_touched;           /* terminated by a call at some time */
    bool drops_mail;            /* its mailbox may */
    supervisor_config_t *inner; /* of a nested supervisor, or NULL */
    state_factory_fn make_inner;
} place_t;

typedef struct {
    supervisor_config_t config;
    child_spec_t specs[CHILDREN_MAX];
    child_options_t options[CHILDREN_MAX];
    bool is_exact; /* all its places are */
} plan_t;

/* Moments of the latest restarts. */
typedef struct {
    uint64_t at_ms[STARTS_MAX];
    unsigned count; /* of all */
} moments_t;

typedef struct {
    actor_id_t sup;
    uint16_t place;
    bool has_failed;    /* its latest attempt, */
    uint64_t failed_ms; /* then */
    moments_t restarts;
} track_t;

typedef struct {
    actor_id_t id;
    uint8_t plan;
    moments_t restarts;
} sup_t;

typedef struct {
    uint32_t key; /* 0: free */
    uint32_t last;
} pair_t;

typedef struct {
    part_t part; /* observes ends */
    runtime_t *rt;
    prng_t fate;
    world_observer_t observer;
    bool tells;
    bool is_over;    /* no more slices: something failed, or a book is full */
    bool is_short;   /* memory, until that is taken back */
    bool is_blind;   /* a book overflowed: its checks are off */
    unsigned energy; /* letters that may still be written */
    unsigned deaf;   /* observer's tricks left */
    uint32_t letters;
    uint64_t nobody;    /* sends that found nobody */
    uint64_t exits;     /* observed */
    uint64_t short_ms;  /* when memory, places or names were short for the last time */
    actor_id_t api_sup; /* of the call being made; 0: none */
    being_t *dying;     /* found by observe_exit */
    actor_id_t dying_id;
    unsigned factories; /* running */
    size_t beings_len, known_len, places_len, plans_len, jobs_len, tracks_len, sups_len;
    uint16_t clerk; /* who gets the posts */
    world_report_t report;
    char failure[TEXT_MAX];
    int fds[FDS];
    void *kept_block;
    actor_id_t known[IDS_MAX]; /* in the order they became known */
    id_fact_t ids[IDS_MAX];
    being_t beings[BEINGS_MAX];
    promise_t promises[PROMISES_MAX];
    struct {
        actor_id_t a, b; /* a 0: free */
    } links[LINKS_MAX];
    alarm_t alarms[ALARMS_MAX];
    job_t jobs[JOBS_MAX];
    place_t places[PLACES_MAX];
    plan_t plans[PLANS_MAX];
    track_t tracks[TRACKS_MAX];
    sup_t sups[SUPS_MAX];
    pair_t pairs[PAIRS_MAX];
} world_t;

extern world_t w;

/* Observes the ends. */
extern const part_ops_t world_ops;

/* --- telling, failing, chance --- */

unsigned long short_id(actor_id_t id);
void tell(const char *format, ...) MK_PRINTF(1, 2);
void fail(const char *format, ...) MK_PRINTF(1, 2);
void hash(uint64_t value); /* into the order of all that happens */
uint32_t roll(size_t below);
bool chance(uint64_t part, uint64_t whole);

/* True once in a while for a broken observer of this kind. */
bool is_tricked(world_observer_t observer);

/* --- ids and beings (W4) --- */

id_fact_t *fact_of(actor_id_t id);
uint16_t index_of(const being_t *being);
being_t *being_of(actor_id_t id); /* NULL: it has no state of ours */
void learn_id(being_t *me, actor_id_t id);
being_t *make_being(uint16_t place); /* NULL: the book is full */

/* --- what must be told (W1), links (W2), restarts (W3) --- */

void promise(promise_kind_t kind, uint16_t being, monitor_id_t monitor, actor_id_t who,
             bool is_due);
void keep_promise(promise_kind_t kind, uint16_t being, monitor_id_t monitor,
                  actor_id_t who, uint8_t reason);
size_t find_link(actor_id_t a, actor_id_t b); /* LINKS_MAX: there is none */
sup_t *find_sup(actor_id_t id);
sup_t *note_sup(actor_id_t id, uint8_t plan);
void note_start(const place_t *place, bool fails); /* a factory runs */

/* --- letters (W5, W6) --- */

void check_order(uint16_t from, uint16_t to, uint32_t number);
void check_send(const runtime_counters_t *before, bool was_sent);

/* --- looking at all of it --- */

void settle(void);        /* deliver what needs no time to pass */
void check_always(void);  /* after each step: what is cheap to see */
void check_at_rest(void); /* W1, W2, W4, W6 to W8 */

#endif
