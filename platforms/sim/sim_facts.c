/* SPDX-License-Identifier: Apache-2.0 */
/* sim_facts.c - who this node is and what memory it has, as the test says.
 *
 * Slabs come from the heap, with room to align them, so that a sanitizer sees every
 * byte beyond them; aligned_alloc is not used because small C libraries lack it. */
#include "sim.h"
#include "sim_impl.h"

#include "base/alloc.h"
#include "port/identity.h"
#include "port/memory.h"

#include <string.h>

enum { NAME_SIZE = 64, SEED_SIZE = 32, SLAB_ALIGN = 64 };

static const char first_seed[] = "sim";

static struct {
    char name[NAME_SIZE];
    char id[NAME_SIZE];
    unsigned char seed[SEED_SIZE];
    size_t seed_size;  /* bytes of it */
    bool seed_was_set; /* else it is `first_seed` */
    port_memory_facts_t memory;
} facts;

const char *port_identity_given_name(void) {
    return facts.name;
}

const char *port_identity_given_id(void) {
    return facts.id;
}

size_t port_identity_seed(void *bytes, size_t cap) {
    const void *seed = facts.seed_was_set ? facts.seed : (const void *)first_seed;
    size_t size = facts.seed_was_set ? facts.seed_size : sizeof first_seed - 1;
    if (size > cap) size = cap;
    if (size > 0) memcpy(bytes, seed, size);
    return size;
}

const char *port_identity_platform(void) {
    return "sim";
}

static void copy_cut(char *to, const char *text) {
    size_t size = strlen(text);
    if (size >= NAME_SIZE) size = NAME_SIZE - 1;
    memcpy(to, text, size);
    to[size] = '\0';
}

void sim_set_identity(const char *name, const char *id) {
    copy_cut(facts.name, name);
    copy_cut(facts.id, id);
}

void sim_set_identity_seed(const void *bytes, size_t size) {
    if (size > SEED_SIZE) size = SEED_SIZE;
    if (size > 0) memcpy(facts.seed, bytes, size);
    facts.seed_size = size;
    facts.seed_was_set = true;
}

void port_memory_facts(port_memory_facts_t *out) {
    sim__lock();
    *out = facts.memory;
    sim__unlock();
}

void sim_set_memory_facts(const port_memory_facts_t *memory) {
    sim__lock();
    facts.memory = *memory;
    sim__unlock();
}

/* The heap's own block stands in the pointer right before the slab. */
void *port_memory_map(size_t size) {
    size_t extra = SLAB_ALIGN + sizeof(void *);
    if (size > SIZE_MAX - extra) return NULL;
    unsigned char *block = mk_alloc(size + extra);
    if (block == NULL) return NULL;
    uintptr_t first = (uintptr_t)block + sizeof(void *);
    size_t shift = (size_t)(-first % SLAB_ALIGN);
    unsigned char *slab = block + sizeof(void *) + shift;
    memcpy(slab - sizeof(void *), &block, sizeof block);
    return slab;
}

void port_memory_unmap(void *memory, size_t size) {
    (void)size;
    if (memory == NULL) return;
    void *block;
    memcpy(&block, (unsigned char *)memory - sizeof block, sizeof block);
    mk_free(block);
}

void sim__facts_reset(void) {
    memset(&facts, 0, sizeof facts);
}
