/* SPDX-License-Identifier: Apache-2.0 */
/* A queue for programs: linked through the messages, so that it takes no memory of its
 * own beyond this header. Actors have the same queue built in (actor.c). */
#include "microkernel/mailbox.h"

#include "base/alloc.h"
#include "kernel/runtime_impl.h"

struct mailbox {
    message_t *head;
    message_t *tail; /* valid while head is not NULL */
    size_t count;
    size_t capacity;
};

mailbox_t *mailbox_create(size_t capacity) {
    if (capacity > (size_t)1 << 31) return NULL;
    mailbox_t *mb = mk_calloc(1, sizeof *mb);
    if (mb == NULL) return NULL;
    mb->capacity = 2;
    while (mb->capacity < capacity)
        mb->capacity *= 2;
    return mb;
}

void mailbox_destroy(mailbox_t *mb) {
    if (mb == NULL) return;
    while (mb->head != NULL)
        message_destroy(mailbox_dequeue(mb));
    mk_free(mb);
}

bool mailbox_enqueue(mailbox_t *mb, message_t *msg) {
    if (mb == NULL || msg == NULL || mb->count == mb->capacity) return false;
    /* A message taken from a runtime remembers it where the link would go. */
    if (!(msg->mk_block & BLOCK_IS_HEAP) || !(msg->mk_block & BLOCK_IS_OWNED))
        return false;
    msg->mk_next = NULL;
    if (mb->head != NULL)
        mb->tail->mk_next = msg;
    else
        mb->head = msg;
    mb->tail = msg;
    mb->count++;
    return true;
}

message_t *mailbox_dequeue(mailbox_t *mb) {
    if (mb == NULL || mb->head == NULL) return NULL;
    message_t *msg = mb->head;
    mb->head = msg->mk_next;
    mb->count--;
    return msg;
}

bool mailbox_is_empty(const mailbox_t *mb) {
    return mb == NULL || mb->count == 0;
}

size_t mailbox_count(const mailbox_t *mb) {
    return mb == NULL ? 0 : mb->count;
}
