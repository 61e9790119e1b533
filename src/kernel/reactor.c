/* SPDX-License-Identifier: Apache-2.0 */
/* Sources and the platform's poller.
 *
 * Events are handled from one batch; a source closed by the handler of another must not
 * be called any more, so closing blanks its events in the rest of the batch. */
#include "base/alloc.h"
#include "kernel/runtime_impl.h"
#include "kernel/source.h"
#include "microkernel/error.h"
#include "port/clock.h"

bool reactor__init(runtime_t *rt) {
    rt->poller = port_poller_open();
    rt->events = mk_alloc(MK_POLL_BATCH * sizeof *rt->events);
    return rt->poller != NULL && rt->events != NULL;
}

void reactor__deinit(runtime_t *rt) {
    port_poller_close(rt->poller);
    mk_free(rt->events);
}

void reactor__poll(runtime_t *rt, uint64_t deadline_ns) {
    rt->counts.polls++;
    rt->event_count =
        port_poller_wait(rt->poller, rt->events, MK_POLL_BATCH, deadline_ns);
    if (rt->event_count > 0) rt->looked_ns = port_clock_monotonic_ns();
    for (rt->event_at = 0; rt->event_at < rt->event_count; rt->event_at++) {
        port_event_t *event = &rt->events[rt->event_at];
        source_t *source = event->tag;
        if (source != NULL) source->on_ready(source, rt, event->events);
    }
    rt->event_count = 0;
    rt->looked_ns = port_clock_monotonic_ns();
    timers__advance(rt, rt->looked_ns);
    watch__advance(rt, rt->looked_ns);
}

int source_open(runtime_t *rt, source_t *source) {
    int result = port_poller_add(rt->poller, source->handle, source->interest, source);
    if (result == MK_OK && !source->is_quiet) rt->source_count++;
    return result;
}

int source_change(runtime_t *rt, source_t *source, uint32_t interest) {
    int result = port_poller_change(rt->poller, source->handle, interest, source);
    if (result == MK_OK) source->interest = (uint16_t)interest;
    return result;
}

int source_renew(runtime_t *rt, source_t *source, uint32_t interest) {
    int result = source_change(rt, source, interest);
    if (result != MK_EINVAL) return result;
    result = port_poller_add(rt->poller, source->handle, interest, source);
    if (result == MK_OK) source->interest = (uint16_t)interest;
    return result;
}

void source_set_quiet(runtime_t *rt, source_t *source, bool is_quiet) {
    if (source->is_quiet == is_quiet) return;
    source->is_quiet = is_quiet;
    if (is_quiet)
        rt->source_count--;
    else
        rt->source_count++;
}

void source_pause(runtime_t *rt, source_t *source) {
    port_poller_remove(rt->poller, source->handle);
}

void source_close(runtime_t *rt, source_t *source) {
    port_poller_remove(rt->poller, source->handle);
    if (!source->is_quiet) rt->source_count--;
    for (size_t i = rt->event_at; i < rt->event_count; i++)
        if (rt->events[i].tag == source) rt->events[i].tag = NULL;
}

void source_expect_answer(runtime_t *rt) {
    port_poller_expect(rt->poller);
}

uint64_t source_round(const runtime_t *rt) {
    return rt->counts.polls;
}

bool source_is_served(const runtime_t *rt, const source_t *source) {
    return rt->event_at < rt->event_count && rt->events[rt->event_at].tag == source;
}
