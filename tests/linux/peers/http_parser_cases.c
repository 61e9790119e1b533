/* SPDX-License-Identifier: Apache-2.0 */
/* http_parser_cases.c - prints the cases in test.c of Debian's http-parser, so that a
 * compiler, and not a pattern, reads them: its tables, and the calls that say only
 * whether a text is good (calls.inc, cut out of its main). Compiled by
 * http_parser_cases.sh beside that source; no part of our build.
 *
 * One case is one run of texts "<size>:<bytes>,": kind, name, raw, whether it is good,
 * whether its parts are told; and then method, target, path, query, host, port, minor,
 * status, reason, keeps_alive, size of the body, body, upgrade, number of fields, and
 * name and value of each. */
#define main their_main
#include "test.c"
#undef main

static void tell(const char *text) {
    printf("%zu:%s,", text != NULL ? strlen(text) : 0, text != NULL ? text : "");
}

static void tell_number(long long number) {
    char text[32];
    snprintf(text, sizeof text, "%lld", number);
    tell(text);
}

static void tell_case(enum http_parser_type type, const char *name, const char *raw,
                      int is_good, int has_parts) {
    tell(type == HTTP_REQUEST ? "request" : "response");
    tell(name);
    tell(raw);
    tell_number(is_good);
    tell_number(has_parts);
}

/* Cases of one name are told apart: "name", "name (2)". */
static void tell_message(const struct message *messages, size_t at) {
    const struct message *message = &messages[at];
    char name[256];
    int count = 1;
    for (size_t i = 0; i < at; i++)
        count +=
            messages[i].name != NULL && strcmp(messages[i].name, message->name) == 0;
    snprintf(name, sizeof name, count > 1 ? "%s (%d)" : "%s", message->name, count);
    tell_case(message->type, name, message->raw, 1, 1);
    tell(message->type == HTTP_REQUEST ? http_method_str(message->method) : "");
    tell(message->request_url);
    tell(message->request_path);
    tell(message->query_string);
    tell(message->host);
    tell_number(message->port);
    tell_number(message->http_major * 10 + message->http_minor);
    tell_number(message->status_code);
    tell(message->response_status);
    tell_number(message->should_keep_alive);
    tell_number(message->body_size > 0 ? (long long)message->body_size
                                       : (long long)strlen(message->body));
    tell(message->body);
    tell(message->upgrade);
    tell_number(message->num_headers);
    for (int i = 0; i < message->num_headers; i++) {
        tell(message->headers[i][0]);
        tell(message->headers[i][1]);
    }
}

/* The calls that calls.inc has. */
static void tell_simple_type(const char *text, enum http_errno error,
                             enum http_parser_type type) {
    tell_case(type, text, text, error == HPE_OK, 0);
}

static void tell_simple(const char *text, enum http_errno error) {
    tell_simple_type(text, error, HTTP_REQUEST);
}

int main(void) {
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
        if (requests[i].name != NULL) tell_message(requests, i);
    for (size_t i = 0; i < ARRAY_SIZE(responses); i++)
        if (responses[i].name != NULL) tell_message(responses, i);
#include "calls.inc"
    return fflush(stdout) == 0 ? 0 : 1;
}
