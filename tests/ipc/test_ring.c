/* SPDX-License-Identifier: Apache-2.0 */
/* The ring against a model, in one thread; two threads are in tests/linux/. */
#include "support/test.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "ipc/ring.h"
#include "microkernel/error.h"

enum { BYTES = 1024, SIDE_BYTES = 8192, PAYLOAD_MAX = 3000 };

/* Message number `n` can be made again from its number: sizes of all kinds, and bytes
 * that tell where they belong. */
static wire_message_t make_message(uint32_t n, uint8_t *payload) {
    prng_t prng;
    prng_init(&prng, n);
    size_t size = prng_chance(&prng, 1, 10)  ? (size_t)prng_below(&prng, PAYLOAD_MAX)
                  : prng_chance(&prng, 1, 3) ? sizeof(uint64_t)
                                             : (size_t)prng_below(&prng, 140);
    for (size_t i = 0; i < size; i++)
        payload[i] = (uint8_t)(n + i * 7);
    return (wire_message_t){actor_id_make(1, n), actor_id_make(2, n), n ^ 0x55u,
                            size != 0 ? payload : NULL, size};
}

static void check_message(const wire_message_t *got, uint32_t n) {
    uint8_t payload[PAYLOAD_MAX];
    wire_message_t want = make_message(n, payload);
    CHECK_EQ(got->source, want.source);
    CHECK_EQ(got->dest, want.dest);
    CHECK_EQ(got->type, want.type);
    CHECK_EQ(got->payload_size, want.payload_size);
    if (want.payload_size == 0)
        CHECK(got->payload == NULL);
    else
        CHECK_MEM(got->payload, want.payload, want.payload_size);
}

static int put(ring_t *ring, uint32_t n) {
    uint8_t payload[PAYLOAD_MAX];
    wire_message_t message = make_message(n, payload);
    return ring_put(ring, &message);
}

/* Both sides leave; what was left over has to be `count` messages. */
static void end_ring(ring_t *ring, uint32_t count) {
    wire_message_t message;
    CHECK(!ring_leave(ring, RING_TAKER_GONE));
    CHECK(ring_is_left(ring, RING_TAKER_GONE));
    CHECK(ring_leave(ring, RING_PUTTER_GONE));
    while (ring_look(ring))
        while (ring_take(ring, &message))
            count--;
    CHECK_EQ(count, 0);
    ring_destroy(ring);
}

typedef struct {
    uint32_t put;   /* messages */
    uint32_t shown; /* <= put */
    uint32_t seen;  /* <= shown: what the last look has found */
    uint32_t taken; /* <= seen */
    bool was_refused;
} model_t;

static void step(ring_t *ring, model_t *model, prng_t *prng) {
    wire_message_t message;
    switch (prng_below(prng, 8)) {
    case 0:
        ring_show(ring);
        model->shown = model->put;
        CHECK_EQ(ring_hidden(ring), 0);
        break;
    case 1:
        (void)ring_give(ring);
        CHECK_EQ(ring_held(ring), 0);
        break;
    case 2:
        if (model->seen == model->taken) model->seen = model->shown;
        CHECK_EQ(ring_look(ring), model->seen != model->taken);
        break;
    case 3:
        /* Nothing is under way: there is room for anything. */
        if (model->taken == model->put && ring_held(ring) == 0)
            CHECK(ring_has_room(ring));
        break;
    case 4:
    case 5:
        for (uint64_t left = prng_below(prng, 8); left > 0; left--) {
            bool is_there = ring_take(ring, &message);
            CHECK_EQ(is_there, model->taken != model->seen);
            if (is_there) check_message(&message, model->taken++);
        }
        break;
    default:
        for (uint64_t left = prng_below(prng, 8); left > 0; left--) {
            int result = put(ring, model->put);
            if (result == MK_EFULL) {
                CHECK(model->put != model->taken || ring_held(ring) != 0);
                break;
            }
            CHECK_EQ(result, MK_OK);
            model->put++;
        }
    }
}

TEST(what_is_taken_is_what_was_put_in_order) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        prng_t prng;
        prng_init(&prng, seed);
        ring_t *ring = ring_create(BYTES, SIDE_BYTES);
        CHECK(ring != NULL);
        model_t model = {0};
        for (int i = 0; i < 5000; i++)
            step(ring, &model, &prng);
        CHECK(model.taken > 1000);
        end_ring(ring, model.put - model.taken);
    }
}

TEST(nothing_is_seen_before_it_is_shown_nor_overwritten_before_it_is_given) {
    ring_t *ring = ring_create(BYTES, SIDE_BYTES);
    wire_message_t small = {1, 2, 3, "12345678", 8}; /* 32 bytes in the ring */
    wire_message_t got;
    for (int i = 0; i < BYTES / 32; i++) {
        CHECK_EQ(ring_put(ring, &small), MK_OK);
        CHECK(!ring_look(ring));
        CHECK(!ring_take(ring, &got));
    }
    CHECK_EQ(ring_put(ring, &small), MK_EFULL);
    ring_show(ring);
    CHECK(ring_look(ring));
    for (int i = 0; i < BYTES / 32; i++) {
        CHECK(ring_take(ring, &got));
        CHECK_EQ(ring_put(ring, &small), MK_EFULL);
    }
    CHECK(!ring_take(ring, &got));
    CHECK(!ring_give(ring)); /* the putter did not wait for it */
    CHECK_EQ(ring_put(ring, &small), MK_OK);
    end_ring(ring, 1);
}

TEST(who_was_refused_is_told_when_something_is_given_back) {
    ring_t *ring = ring_create(BYTES, SIDE_BYTES);
    wire_message_t small = {1, 2, 3, "12345678", 8};
    wire_message_t got;
    while (ring_put(ring, &small) == MK_OK) {
    }
    ring_show(ring);
    CHECK(!ring_has_room(ring));
    CHECK(ring_look(ring) && ring_take(ring, &got));
    CHECK(ring_give(ring));      /* told once */
    CHECK(!ring_has_room(ring)); /* not half of it yet: the wish is renewed */
    for (int i = 1; i < BYTES / 64; i++)
        CHECK(ring_take(ring, &got));
    CHECK(ring_give(ring));
    CHECK(ring_has_room(ring));
    CHECK(ring_take(ring, &got));
    CHECK(!ring_give(ring)); /* nobody waits */
    end_ring(ring, BYTES / 64 - 1);
}

TEST(large_messages_are_bounded_but_a_single_one_always_goes) {
    static uint8_t large[2 * SIDE_BYTES];
    large[sizeof large - 1] = 77;
    ring_t *ring = ring_create(BYTES, SIDE_BYTES);
    wire_message_t whole = {1, 2, 3, large, sizeof large};
    wire_message_t half = {1, 2, 3, large, SIDE_BYTES / 2};
    wire_message_t got;
    CHECK_EQ(ring_put(ring, &whole), MK_OK);
    CHECK_EQ(ring_put(ring, &half), MK_EFULL);
    ring_show(ring);
    CHECK(ring_look(ring) && ring_take(ring, &got));
    CHECK_MEM(got.payload, large, sizeof large);
    CHECK_EQ(ring_put(ring, &half), MK_EFULL); /* it is still borrowed */
    (void)ring_give(ring);
    CHECK_EQ(ring_put(ring, &half), MK_OK);
    CHECK_EQ(ring_put(ring, &half), MK_OK);
    CHECK_EQ(ring_put(ring, &half), MK_EFULL);
    wire_message_t endless = {1, 2, 3, large, RING_SIZE_MAX};
    CHECK_EQ(ring_put(ring, &endless), MK_ETOOBIG);
    end_ring(ring, 2);
}

TEST(positions_may_wrap_at_the_end_of_their_numbers) {
    ring_t *ring = ring_create(BYTES, SIDE_BYTES);
    uint32_t start = UINT32_MAX - 3 * BYTES + 1; /* as if so much had passed */
    ring->tail = ring->tail_shown = ring->freed_seen = start;
    ring->head = ring->head_freed = ring->shown_seen = start;
    atomic_store(&ring->shown, start);
    atomic_store(&ring->freed, start);
    model_t model = {0};
    prng_t prng;
    prng_init(&prng, 3);
    for (int i = 0; i < 3000; i++)
        step(ring, &model, &prng);
    CHECK(ring->tail < start); /* it has */
    end_ring(ring, model.put - model.taken);
}

static void use_once(void *arg) {
    (void)arg;
    static const uint8_t large[BYTES] = {0};
    ring_t *ring = ring_create(BYTES, SIDE_BYTES);
    if (ring == NULL) return;
    wire_message_t message = {1, 2, 3, large, sizeof large};
    int result = ring_put(ring, &message);
    CHECK(result == MK_OK || (result == MK_ENOMEM && mk_alloc_fail_hit()));
    end_ring(ring, result == MK_OK ? 1 : 0);
}

TEST(a_failed_allocation_leaves_the_ring_as_it_was) {
    test_each_alloc_failure(use_once, NULL);
}

TEST_TABLE(
    ring, TEST_ROW(what_is_taken_is_what_was_put_in_order),
    TEST_ROW(nothing_is_seen_before_it_is_shown_nor_overwritten_before_it_is_given),
    TEST_ROW(who_was_refused_is_told_when_something_is_given_back),
    TEST_ROW(large_messages_are_bounded_but_a_single_one_always_goes),
    TEST_ROW(positions_may_wrap_at_the_end_of_their_numbers),
    TEST_ROW(a_failed_allocation_leaves_the_ring_as_it_was))
