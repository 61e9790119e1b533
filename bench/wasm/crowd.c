/* SPDX-License-Identifier: Apache-2.0 */
/* crowd.c - many WASM actors on one node: what each costs in memory, whether all of
 * them answer, and what they do to a neighbour.
 *
 *   crowd FOLDER [--tsv] [--quick]     FOLDER has echo.wasm, made from actors/echo.c
 *
 * Memory is what the process has more of when the actors are there, all included: RSS
 * where many actors hide its pages, the heap where single bytes count. */
#include "../../tests/wasm_modules/modules.h"
#include "../measure.h"
#include "lines.h"
#include "microkernel/limits.h"
#include "microkernel/runtime.h"
#include "microkernel/services.h"
#include "microkernel/wasm_actor.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ECHO = 200, /* answered with ECHO + 1 */
    STAY = 1,   /* wait in mk_recv from now on */
    GO = 300,   /* to the actors of this file */
    HOGS = 100,
    BATCH = 64, /* messages that the asker sends in a turn */
    PINGS = 20000,
    PINGS_SPACED = 300,
};

static const char *folder;

typedef struct {
    const uint8_t *bytes;
    size_t size;
} module_t;

static module_t echo_from_c(void) {
    char path[1024];
    snprintf(path, sizeof path, "%s/echo.wasm", folder);
    FILE *file = fopen(path, "rb");
    must(file != NULL, "opening echo.wasm");
    static uint8_t bytes[1 << 16];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return (module_t){bytes, size};
}

/* --- a crowd ---------------------------------------------------------------------- */

typedef struct {
    runtime_t *rt;
    actor_id_t *members;
    uint64_t count;
    uint64_t asked; /* in this round */
    uint64_t answers;
    msg_type_t question;
} crowd_t;

static crowd_t crowd;
static actor_id_t asker;

static actor_id_t spawn(runtime_t *rt, module_t module) {
    actor_id_t id =
        actor_spawn_wasm(rt, module.bytes, module.size, 16, 0, 0, FIBER_STACK_SMALL);
    must(id != ACTOR_ID_INVALID, "spawning a WASM actor");
    return id;
}

/* Asks everybody, a few in each turn, and counts the answers. */
static bool ask_all(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == ECHO + 1) {
        crowd.answers++;
        return true;
    }
    for (unsigned i = 0; i < BATCH && crowd.asked < crowd.count; i++)
        must(actor_send(rt, crowd.members[crowd.asked++], crowd.question, "well?", 5),
             "asking");
    if (crowd.asked < crowd.count) must(actor_send(rt, asker, GO, NULL, 0), "going on");
    return true;
}

static void ask_everybody(msg_type_t question) {
    crowd.asked = crowd.answers = 0;
    crowd.question = question;
    must(actor_send(crowd.rt, asker, GO, NULL, 0), "beginning");
    runtime_run(crowd.rt);
    must(crowd.answers == (question == ECHO ? crowd.count : 0), "being answered");
}

static void open_crowd(uint64_t count) {
    crowd.rt = runtime_init(1, (size_t)count + 16);
    crowd.members = malloc((size_t)count * sizeof *crowd.members);
    must(crowd.rt != NULL && crowd.members != NULL, "a runtime");
    memset(crowd.members, 1, (size_t)count * sizeof *crowd.members);
    crowd.count = count;
    actor_options_t wide = {.mailbox_size = 1u << 20, .mailbox_bytes = 1u << 30};
    asker = actor_spawn_with(crowd.rt, ask_all, NULL, NULL, &wide);
    must(asker != ACTOR_ID_INVALID, "an asker");
}

static void fill_crowd(module_t module) {
    for (uint64_t i = 0; i < crowd.count; i++)
        crowd.members[i] = spawn(crowd.rt, module);
    runtime_run(crowd.rt);
}

/* --- memory ----------------------------------------------------------------------- */

static double heap_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

/* Without memory, after a message: everything that is there because of it. */
static double measure_zero(uint64_t count) {
    open_crowd(count);
    double before = resident_bytes();
    fill_crowd((module_t){zero_module, sizeof zero_module});
    ask_everybody(ECHO);
    return (resident_bytes() - before) / (double)count;
}

/* From C, one page, suspended in mk_recv: without the bytes of the page it touched. */
static double measure_echo(uint64_t count) {
    open_crowd(count);
    double before = resident_bytes();
    fill_crowd(echo_from_c());
    ask_everybody(STAY);
    ask_everybody(ECHO);
    double after = resident_bytes();
    wasm_actor_facts_t facts;
    must(wasm_actor_facts(crowd.rt, crowd.members[0], &facts) && facts.is_waiting,
         "waiting");
    return (after - before) / (double)count - (double)facts.touched_bytes;
}

/* What waiting adds to an actor that did its work before. */
static double measure_suspended(uint64_t count) {
    open_crowd(count);
    fill_crowd(echo_from_c());
    ask_everybody(ECHO);
    double before = heap_bytes();
    ask_everybody(STAY);
    ask_everybody(ECHO);
    return (heap_bytes() - before) / (double)count;
}

/* All of it, of each. */
static double measure_crowd(uint64_t count) {
    open_crowd(count);
    double before = resident_bytes();
    fill_crowd(echo_from_c());
    ask_everybody(STAY);
    ask_everybody(ECHO);
    ask_everybody(ECHO);
    return (resident_bytes() - before) / (double)count;
}

/* A message, resumed, answered, suspended again. */
static double measure_answer(uint64_t count) {
    open_crowd(count);
    fill_crowd(echo_from_c());
    ask_everybody(STAY);
    ask_everybody(ECHO);
    double began = cpu_seconds();
    ask_everybody(ECHO);
    return (cpu_seconds() - began) / (double)count * 1e9;
}

/* --- a neighbour ------------------------------------------------------------------ */

typedef struct {
    actor_id_t neighbour;
    uint64_t asked_ns;
    uint64_t wanted; /* pings */
    uint64_t count;
    bool is_spaced; /* a millisecond of sleep before each */
    double waits[PINGS];
} pinger_t;

static pinger_t pinger;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void ping(runtime_t *rt) {
    must(actor_send(rt, pinger.neighbour, ECHO, "ping", 4), "sending a ping");
}

static void next_ping(runtime_t *rt) {
    pinger.asked_ns = now_ns();
    if (pinger.is_spaced)
        must(actor_set_timer(rt, 1, false) != TIMER_ID_INVALID, "a timer");
    else
        ping(rt);
}

static bool ping_on(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    (void)state;
    if (msg->type == MSG_TIMER) {
        /* It was due at a whole millisecond, not when that was noticed. */
        pinger.asked_ns = now_ns() / 1000000 * 1000000;
        ping(rt);
        return true;
    }
    if (msg->type == ECHO + 1) {
        uint64_t now = now_ns();
        pinger.waits[pinger.count++] = (double)(now - pinger.asked_ns);
        if (pinger.count == pinger.wanted) {
            runtime_stop(rt);
            return true;
        }
    }
    next_ping(rt);
    return true;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_pings(unsigned hogs) {
    runtime_t *rt = runtime_init(1, 1024);
    must(rt != NULL, "a runtime");
    pinger.neighbour = spawn(rt, echo_from_c());
    actor_id_t id = actor_spawn(rt, ping_on, NULL, NULL, 16);
    for (unsigned i = 0; i < hogs; i++)
        must(actor_send(rt, spawn(rt, (module_t){loop_module, sizeof loop_module}), GO,
                        NULL, 0),
             "waking a hog");
    must(actor_send(rt, id, GO, NULL, 0), "beginning");
    runtime_run(rt);
    must(pinger.count == pinger.wanted, "being answered");
    qsort(pinger.waits, (size_t)pinger.count, sizeof pinger.waits[0], by_size);
}

static unsigned hogs_now, permille_now;
static bool is_spaced_now;

static double measure_pings(uint64_t count) {
    pinger.wanted = count;
    pinger.is_spaced = is_spaced_now;
    run_pings(hogs_now);
    return pinger.waits[count * permille_now / 1000];
}

/* --- lines ------------------------------------------------------------------------ */

static double of(workload_fn workload, uint64_t count) {
    double value;
    must(measure_fresh(workload, count, &value), "measuring");
    return value;
}

static double least_of(workload_fn workload, uint64_t count) {
    double best = of(workload, count);
    for (unsigned i = 0; i < 2 && !lines_are_quick; i++) {
        double value = of(workload, count);
        if (value < best) best = value;
    }
    return best;
}

static void report_memory(void) {
    uint64_t scale = lines_are_quick ? 100 : 1;
    double goal = lines_are_quick ? -1 : 0; /* few actors do not hide the pages */
    line_print("zero_actor", of(measure_zero, 100000 / scale), "B", 512,
               goal < 0 ? goal : 512);
    line_print("echo_actor", of(measure_echo, 100000 / scale), "B", 1536,
               goal < 0 ? goal : 1536);
    line_print("suspended_more", of(measure_suspended, 10000 / scale), "B", 0, goal);
    line_print("crowd_10k", of(measure_crowd, 10000 / scale), "B", 0, -1);
    line_print("crowd_100k", of(measure_crowd, 100000 / scale), "B", 4000,
               goal < 0 ? goal : 4000);
    line_print("crowd_answer", least_of(measure_answer, 10000 / scale), "ns", 0, -1);
}

static void report_latency(bool is_spaced, unsigned permille, const char *quiet_name,
                           const char *busy_name) {
    uint64_t count = is_spaced ? PINGS_SPACED : PINGS;
    if (lines_are_quick) count /= 20;
    is_spaced_now = is_spaced;
    permille_now = permille;
    hogs_now = 0;
    double quiet = least_of(measure_pings, count);
    hogs_now = HOGS;
    double busy = least_of(measure_pings, count);
    line_print(quiet_name, quiet / 1e3, "us", 0, -1);
    line_print(busy_name, busy / 1e3, "us", quiet / 1e3,
               lines_are_quick ? -1 : 10 * quiet / 1e3);
}

int main(int argc, char **argv) {
    must(argc >= 2, "being told the folder");
    folder = argv[1];
    for (int i = 2; i < argc; i++)
        lines_take_option(argv[i]);
    report_memory();
    report_latency(false, 500, "ping_p50_quiet", "ping_p50_busy");
    report_latency(false, 990, "ping_p99_quiet", "ping_p99_busy");
    report_latency(true, 500, "late_p50_quiet", "late_p50_busy");
    report_latency(true, 990, "late_p99_quiet", "late_p99_busy");
    return 0;
}
