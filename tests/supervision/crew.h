/* SPDX-License-Identifier: Apache-2.0 */
/* crew.h - children for the tests of supervisors, and a diary of what happened to them.
 *
 * "+a" a was started, "~a" a was asked to end (MSG_SHUTDOWN), "-a" a's state was freed.
 * The world is simulated: time passes when a test lets it pass. */
#ifndef MK_TESTS_SUPERVISION_CREW_H
#define MK_TESTS_SUPERVISION_CREW_H

#include "support/test.h"

#include "base/alloc.h"
#include "microkernel/error.h"
#include "microkernel/runtime.h"
#include "microkernel/supervision.h"
#include "microkernel/timer.h"
#include "sim/sim.h"

#include <string.h>

/* What a crew member does when it is told. */
enum {
    MSG_TEST_CRASH = 1000, /* ends with EXIT_CRASHED */
    MSG_TEST_FINISH,       /* ends normally */
    MSG_TEST_CALL          /* calls member->on_call */
};

typedef struct member member_t;

struct member {
    const char *name;               /* in the diary */
    int failing_starts;             /* so many starts fail from now on */
    bool ignores_shutdown;          /* MSG_SHUTDOWN does not end it */
    bool is_silent;                 /* nothing goes into the diary */
    void (*on_start)(member_t *me); /* called by the factory, or NULL */
    void (*on_call)(member_t *me);  /* called by MSG_TEST_CALL, or NULL */
    void (*on_free)(member_t *me);  /* called when its state is freed, or NULL */
    actor_id_t sup;                 /* for those three: the supervisor concerned, */
    actor_id_t victim;              /* another actor, */
    int result;                     /* and what came of it */
    int starts;                     /* successful */
    int ends;                       /* states freed */
};

/* The one test that runs. */
static struct {
    runtime_t *rt;
    char diary[4096];
    size_t diary_size;
} crew;

static inline void note(char what, const member_t *member) {
    size_t size = strlen(member->name);
    if (member->is_silent) return;
    CHECK(crew.diary_size + size + 2 <= sizeof crew.diary);
    crew.diary[crew.diary_size++] = what;
    memcpy(crew.diary + crew.diary_size, member->name, size + 1);
    crew.diary_size += size;
}

/* The diary since the last call. */
static inline const char *diary(void) {
    static char page[sizeof crew.diary];
    memcpy(page, crew.diary, sizeof page);
    page[crew.diary_size] = '\0';
    crew.diary_size = 0;
    return page;
}

typedef struct {
    member_t *member;
} member_state_t;

static inline void *make_member(void *arg) {
    member_t *member = arg;
    if (member->on_start != NULL) member->on_start(member);
    if (member->failing_starts > 0) {
        member->failing_starts--;
        return NULL;
    }
    member_state_t *state = mk_alloc(sizeof *state);
    if (state == NULL) return NULL;
    state->member = member;
    member->starts++;
    note('+', member);
    return state;
}

static inline void free_member(void *arg) {
    member_state_t *state = arg;
    member_t *member = state->member;
    member->ends++;
    note('-', member);
    mk_free(state);
    if (member->on_free != NULL) member->on_free(member);
}

static inline bool run_member(runtime_t *rt, actor_t *self, message_t *msg,
                              void *state) {
    (void)self;
    member_t *member = ((member_state_t *)state)->member;
    switch (msg->type) {
    case MSG_TEST_CRASH: actor_exit(rt, EXIT_CRASHED, "told to"); return true;
    case MSG_TEST_FINISH: return false;
    case MSG_TEST_CALL:
        if (member->on_call != NULL) member->on_call(member);
        return true;
    case MSG_SHUTDOWN: note('~', member); return member->ignores_shutdown;
    default: return true;
    }
}

static inline child_spec_t spec_of(member_t *member, restart_type_t type) {
    return (child_spec_t){.name = member->name,
                          .behavior = run_member,
                          .factory = make_member,
                          .factory_arg = member,
                          .free_state = free_member,
                          .mailbox_size = 8,
                          .restart_type = type};
}

/* --- the world --- */

static inline void crew_begin(void) {
    sim_reset(1);
    memset(&crew, 0, sizeof crew);
    crew.rt = runtime_init(3, 100000);
    CHECK(crew.rt != NULL);
}

static inline void crew_end(void) {
    runtime_destroy(crew.rt);
    sim_reset(1);
}

/* Deliver everything that can be delivered at this moment. */
static inline void settle(void) {
    uint64_t before;
    uint64_t after = UINT64_MAX;
    int idle = 0;
    while (idle < 2) {
        before = after;
        runtime_step(crew.rt);
        runtime_counters_t counters = runtime_counters(crew.rt);
        after = counters.delivered + counters.exited;
        idle = before == after ? idle + 1 : 0;
    }
}

/* Let time pass, one millisecond after the other. */
static inline void pass_ms(uint64_t ms) {
    settle();
    while (ms-- > 0) {
        sim_advance(1000000);
        settle();
    }
}

static inline void tell(actor_id_t id, msg_type_t type) {
    CHECK(actor_send(crew.rt, id, type, NULL, 0));
}

/* Tell a child by its place, and let the consequences happen. */
static inline void tell_child(actor_id_t sup, size_t index, msg_type_t type) {
    actor_id_t id = supervisor_get_child(crew.rt, sup, index);
    CHECK(id != ACTOR_ID_INVALID);
    tell(id, type);
    settle();
}

/* --- a witness: how an actor ended --- */

typedef struct {
    actor_id_t target;
    int downs;      /* MSG_DOWN received */
    uint8_t reason; /* EXIT_... of the last */
    char text[MK_EXIT_TEXT_MAX];
} witness_t;

static inline bool run_witness(runtime_t *rt, actor_t *self, message_t *msg,
                               void *state) {
    (void)self;
    witness_t *witness = state;
    if (msg->type == MSG_DOWN) {
        const down_payload_t *down = msg->payload;
        witness->downs++;
        witness->reason = down->exit_reason;
        memcpy(witness->text, down->text, sizeof witness->text);
    } else {
        CHECK(actor_monitor(rt, witness->target) != 0);
    }
    return true;
}

/* `witness` is the caller's and must outlive the runtime. */
static inline void watch_end(witness_t *witness, actor_id_t target) {
    *witness = (witness_t){.target = target};
    actor_id_t id = actor_spawn(crew.rt, run_witness, witness, NULL, 8);
    tell(id, 1);
    settle();
}

/* Facts about child `index`. */
static inline child_info_t child_at(actor_id_t sup, size_t index) {
    child_info_t infos[16];
    CHECK(index < supervisor_which_children(crew.rt, sup, infos, 16));
    return infos[index];
}

#endif
