/* SPDX-License-Identifier: Apache-2.0 */
/* microkernel.h - WASM actors in C. host.h has the functions of the host, this file
 * what makes them handy. Nothing here is compiled into a module that does not use it.
 *
 * A module exports handle_message, which is called once per message:
 *
 *     MK_EXPORT(handle_message)
 *     int32_t handle_message(int32_t type, int64_t source, const void *payload,
 *                            int32_t size) {
 *         if (type == 200) mk_send(source, 201, payload, size);
 *         return type != 0; // 0 ends the actor
 *     }
 *
 * The payload is valid until handle_message returns. Build as in sdk/c/README.md. */
#ifndef MICROKERNEL_SDK_H
#define MICROKERNEL_SDK_H

#include "host.h"

#include <stddef.h>
#include <stdint.h>

/* In front of a function: the host can call it. Names that mean something to it are
 * handle_message, _initialize, mk_upgrade, malloc and free. */
#define MK_EXPORT(name) __attribute__((export_name(#name), visibility("default"), used))

#define MK_INVALID_ID INT64_C(0)

enum { MK_LOG_DEBUG, MK_LOG_INFO, MK_LOG_WARN, MK_LOG_ERROR };

/* What functions of this file return. */
enum {
    MK_OK = 0,
    MK_FAILED = -1, /* not sent, or this actor may not wait */
    MK_TIMEOUT = -2
};

/* A message that was waited for. */
typedef struct {
    int64_t source;
    int32_t type;
    int32_t size;        /* of the whole payload */
    const void *payload; /* in the caller's buffer: the first bytes, as many as fit */
} mk_message_t;

static inline int32_t mk_length(const char *text) {
    int32_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

/* True when it was sent. */
static inline int mk_send_text(int64_t dest, int32_t type, const char *text) {
    return mk_send(dest, type, text, mk_length(text)) == 1;
}

static inline void mk_say(int32_t level, const char *text) {
    mk_log(level, text, mk_length(text));
}

/* Wait for the next message, at most `timeout_ms` (negative: for ever). MK_OK,
 * MK_TIMEOUT, MK_FAILED. */
static inline int32_t mk_wait(void *buf, int32_t cap, int32_t timeout_ms,
                              mk_message_t *msg) {
    msg->payload = buf;
    if (timeout_ms < 0)
        return mk_recv_full(&msg->type, buf, cap, &msg->size, &msg->source);
    return mk_recv_timeout(&msg->type, buf, cap, &msg->size, &msg->source, timeout_ms);
}

/* Given what comes from others while a call waits. May send, must not wait. */
typedef void (*mk_meanwhile_fn)(const mk_message_t *msg);

/* Send, then wait for the first message from `dest`, at most `timeout_ms`. What others
 * send meanwhile goes to `meanwhile`, or is dropped when that is NULL. MK_OK and the
 * reply, MK_TIMEOUT, MK_FAILED: it could not be sent, or this actor may not wait. */
static inline int32_t mk_call(int64_t dest, int32_t type, const void *payload,
                              int32_t size, void *buf, int32_t cap, int32_t timeout_ms,
                              mk_meanwhile_fn meanwhile, mk_message_t *reply) {
    int64_t end_ms = mk_time_ms() + timeout_ms;
    if (mk_send(dest, type, payload, size) != 1) return MK_FAILED;
    for (int64_t left_ms = timeout_ms; left_ms >= 0; left_ms = end_ms - mk_time_ms()) {
        if (left_ms > timeout_ms) left_ms = timeout_ms; /* the clock was set back */
        int32_t result = mk_wait(buf, cap, (int32_t)left_ms, reply);
        if (result != MK_OK || reply->source == dest) return result;
        if (meanwhile != NULL) meanwhile(reply);
    }
    return MK_TIMEOUT;
}

/* Numbers in payloads are little-endian, on every machine. */
static inline uint64_t mk_get(const void *payload, int32_t at, int32_t bytes) {
    const uint8_t *from = (const uint8_t *)payload + at;
    uint64_t value = 0;
    for (int32_t i = bytes; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static inline void mk_put(void *payload, int32_t at, int32_t bytes, uint64_t value) {
    uint8_t *to = (uint8_t *)payload + at;
    for (int32_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

#endif
