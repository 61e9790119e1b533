/* SPDX-License-Identifier: Apache-2.0 */
/* json_check.h - is this JSON? For output that has no white space between its tokens
 * and no numbers but natural ones, as the shell writes it. */
#ifndef MK_TESTS_SHELL_JSON_CHECK_H
#define MK_TESTS_SHELL_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline const char *skip_json(const char *at);

static inline const char *skip_json_string(const char *at) {
    if (at == NULL || *at++ != '"') return NULL;
    while (*at != '"') {
        if ((unsigned char)*at < 0x20) return NULL;
        if (*at == '\\' && strchr("\"\\/bfnrtu", at[1]) == NULL) return NULL;
        if (*at == '\\' && *++at == '\0') return NULL;
        at++;
    }
    return at + 1;
}

/* Behind the items up to the closing bracket. */
static inline const char *skip_json_items(const char *at, char bracket) {
    if (*at == bracket) return at + 1;
    while (at != NULL) {
        if (bracket == '}') at = skip_json_string(at);
        if (at != NULL && bracket == '}' && *at++ != ':') return NULL;
        if (at != NULL) at = skip_json(at);
        if (at == NULL) return NULL;
        if (*at == bracket) return at + 1;
        if (*at++ != ',') return NULL;
    }
    return NULL;
}

/* Behind the value at `at`, which has no white space; NULL when there is none. */
static inline const char *skip_json(const char *at) {
    static const char *const words[] = {"true", "false", "null"};
    if (*at == '{') return skip_json_items(at + 1, '}');
    if (*at == '[') return skip_json_items(at + 1, ']');
    if (*at == '"') return skip_json_string(at);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0) return at + strlen(words[i]);
    size_t digits = strspn(at, "0123456789");
    return digits > 0 ? at + digits : NULL;
}

/* True when the text is JSON values, one per row. */
static inline bool is_json_rows(const char *text) {
    if (*text == '\0') return false;
    while (*text != '\0') {
        text = skip_json(text);
        if (text == NULL || *text++ != '\n') return false;
    }
    return true;
}

#endif
