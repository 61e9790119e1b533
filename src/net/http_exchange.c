/* SPDX-License-Identifier: Apache-2.0 */
/* http_exchange.c - the parser of heads, then that of bodies, in the same memory.
 *
 *     IN_HEAD -> HEAD_GIVEN -> IN_BODY -> DONE
 *        ^ 1xx: begin again    101: at once DONE
 *
 * BAD can follow each of them but DONE. Between IN_HEAD and IN_BODY the head's texts
 * are valid, so the body begins one call later. */
#include "net/http_exchange.h"

#include "microkernel/limits.h"

enum { IN_HEAD = 0, HEAD_GIVEN, IN_BODY, DONE, IS_BAD };

static void begin_head(http_exchange_t *exchange, char *store) {
    http_limits_t limits = http_limits_default();
    http_parser_init(&exchange->at.head, (http_kind_t)exchange->kind, &limits, store);
    exchange->state = IN_HEAD;
}

void http_exchange_init(http_exchange_t *exchange, http_kind_t kind, uint64_t body_max,
                        bool may_upgrade, char *store, char *trailers) {
    *exchange = (http_exchange_t){.body_max = body_max,
                                  .kind = (uint8_t)kind,
                                  .may_upgrade = may_upgrade,
                                  .trailers = trailers};
    begin_head(exchange, store);
}

static exchange_step_t refuse(http_exchange_t *exchange, const char *why) {
    exchange->why = why;
    exchange->state = IS_BAD;
    exchange->keeps_alive = false;
    return EXCHANGE_BAD;
}

static exchange_step_t refuse_fault(http_exchange_t *exchange, http_fault_t fault) {
    return refuse(exchange, http_fault_text(fault));
}

/* --- heads --- */

/* A head that is only provisional is passed over. */
static exchange_step_t pass_over(http_exchange_t *exchange) {
    if (++exchange->interim > EXCHANGE_INTERIM_MAX)
        return refuse(exchange, "too many provisional answers");
    begin_head(exchange, exchange->at.head.fields.store);
    return EXCHANGE_MORE;
}

static exchange_step_t judge_head(http_exchange_t *exchange, http_head_t *head) {
    http_parser_head(&exchange->at.head, head);
    if (head->status == 101) {
        if (!exchange->may_upgrade)
            return refuse(exchange, "it upgraded without being asked");
        exchange->is_upgraded = true;
    } else if (head->status < 200) {
        return pass_over(exchange);
    }
    http_body_t body;
    http_fault_t fault =
        http_body_init(&body, head, exchange->body_max, exchange->trailers,
                       EXCHANGE_TRAILERS_MAX, MK_HTTP_FIELDS_MAX);
    if (fault != HTTP_FAULT_NONE) return refuse_fault(exchange, fault);
    exchange->keeps_alive = head->keeps_alive && !exchange->is_upgraded;
    exchange->at.body = body;
    exchange->state = HEAD_GIVEN;
    return EXCHANGE_HEAD;
}

static exchange_step_t read_head(http_exchange_t *exchange, text_t *input,
                                 http_head_t *head) {
    for (;;) {
        if (input->size > 0) exchange->has_begun = true;
        http_step_t step = http_parse(&exchange->at.head, input);
        if (step == HTTP_MORE) return EXCHANGE_MORE;
        if (step == HTTP_BAD)
            return refuse_fault(exchange, http_parser_fault(&exchange->at.head));
        exchange_step_t result = judge_head(exchange, head);
        if (result != EXCHANGE_MORE) return result;
    }
}

/* --- bodies --- */

static exchange_step_t read_body(http_exchange_t *exchange, text_t *input,
                                 text_t *data) {
    switch (http_body_next(&exchange->at.body, input, data)) {
    case HTTP_MORE: return EXCHANGE_MORE;
    case HTTP_PART: return EXCHANGE_DATA;
    case HTTP_END: exchange->state = DONE; return EXCHANGE_END;
    case HTTP_BAD: break;
    }
    return refuse_fault(exchange, (http_fault_t)exchange->at.body.fault);
}

exchange_step_t http_exchange_next(http_exchange_t *exchange, text_t *input,
                                   http_head_t *head, text_t *data) {
    switch (exchange->state) {
    case IN_HEAD: return read_head(exchange, input, head);
    case HEAD_GIVEN:
        exchange->state = IN_BODY;
        if (!exchange->is_upgraded) return read_body(exchange, input, data);
        exchange->state = DONE;
        return EXCHANGE_END;
    case IN_BODY: return read_body(exchange, input, data);
    case DONE: return EXCHANGE_END;
    default: return EXCHANGE_BAD;
    }
}

exchange_step_t http_exchange_close(http_exchange_t *exchange) {
    switch (exchange->state) {
    case IN_HEAD:
        return refuse(exchange, exchange->has_begun
                                    ? "closed inside the head of the answer"
                                    : "closed without an answer");
    case HEAD_GIVEN:
    case IN_BODY:
        if (http_body_close(&exchange->at.body) == HTTP_BAD)
            return refuse(exchange, "closed inside the body of the answer");
        exchange->state = DONE;
        exchange->keeps_alive = false;
        return EXCHANGE_END;
    case DONE: return EXCHANGE_END;
    default: return EXCHANGE_BAD;
    }
}

size_t http_exchange_used(const http_exchange_t *exchange) {
    return exchange->state == IN_HEAD ? http_parser_used(&exchange->at.head) : 0;
}

void http_exchange_move(http_exchange_t *exchange, char *store) {
    if (exchange->state == IN_HEAD) http_parser_move(&exchange->at.head, store);
}
