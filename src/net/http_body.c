/* SPDX-License-Identifier: Apache-2.0 */
/* http_body.c - three ways to know where a body ends, one way to ask. */
#include "net/http_body.h"

#include <string.h>

http_fault_t http_body_init(http_body_t *body, const http_head_t *head,
                            uint64_t size_max, char *trailer_store,
                            size_t trailer_size_max, uint16_t trailer_count_max) {
    memset(body, 0, sizeof *body);
    body->framing = head->framing;
    body->room = size_max;
    if (head->framing == HTTP_BODY_LENGTH) body->left = head->content_length;
    if (body->left > size_max) body->fault = HTTP_FAULT_BODY_LONG;
    if (head->framing == HTTP_BODY_CHUNKED)
        chunked_init(&body->chunked, trailer_store, trailer_size_max,
                     trailer_count_max);
    return (http_fault_t)body->fault;
}

static http_step_t take(text_t *input, uint64_t limit, text_t *data) {
    if (input->size == 0) return HTTP_MORE;
    size_t size = input->size < limit ? input->size : (size_t)limit;
    *data = text_part(*input, 0, size);
    *input = text_part(*input, size, SIZE_MAX);
    return HTTP_PART;
}

/* Data beyond the ceiling is given out up to it, whatever the pieces: the rest goes
 * back in front of the input and is refused by the next call. */
static http_step_t keep_ceiling(http_body_t *body, text_t *input, text_t *data) {
    if (data->size <= body->room) {
        body->room -= data->size;
        return HTTP_PART;
    }
    size_t over = data->size - (size_t)body->room;
    *input = text_make(input->bytes - over, input->size + over);
    data->size -= over;
    body->room = 0;
    body->fault = HTTP_FAULT_BODY_LONG;
    return data->size > 0 ? HTTP_PART : HTTP_BAD;
}

http_step_t http_body_next(http_body_t *body, text_t *input, text_t *data) {
    http_step_t step = HTTP_END;
    if (body->fault != HTTP_FAULT_NONE) return HTTP_BAD;
    switch (body->framing) {
    case HTTP_BODY_NONE: return HTTP_END;
    case HTTP_BODY_LENGTH:
        if (body->left == 0) return HTTP_END;
        step = take(input, body->left, data);
        if (step == HTTP_PART) body->left -= data->size;
        return step;
    case HTTP_BODY_CHUNKED:
        step = chunked_next(&body->chunked, input, data);
        if (step == HTTP_BAD) body->fault = body->chunked.fault;
        break;
    case HTTP_BODY_CLOSE: step = take(input, UINT64_MAX, data); break;
    }
    return step == HTTP_PART ? keep_ceiling(body, input, data) : step;
}

http_step_t http_body_close(const http_body_t *body) {
    if (body->fault != HTTP_FAULT_NONE) return HTTP_BAD;
    bool is_complete = body->framing == HTTP_BODY_CLOSE ||
                       body->framing == HTTP_BODY_NONE ||
                       (body->framing == HTTP_BODY_LENGTH && body->left == 0);
    return is_complete ? HTTP_END : HTTP_BAD;
}
