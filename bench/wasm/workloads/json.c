/* SPDX-License-Identifier: Apache-2.0 */
// Byte-oriented recursive-descent parser over a generated JSON text, n passes.
#include "common.h"
static char buf[60000];
static int len;
static void put(char c) {
    buf[len++] = c;
}
static void puts_(const char *s) {
    while (*s)
        put(*s++);
}
static void putn(uint32_t v) {
    char t[12];
    int k = 0;
    do {
        t[k++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (k)
        put(t[--k]);
}
static void gen(void) {
    uint32_t s = 99;
    len = 0;
    put('[');
    for (int i = 0; i < 300; i++) {
        if (i) put(',');
        puts_("{\"id\": ");
        putn((uint32_t)i);
        puts_(", \"name\": \"sensor-");
        putn(xs32(&s) % 100000);
        puts_("\", \"tags\": [\"a\\n\", \"b\\\"c\", \"temperature\"], \"value\": -");
        putn(xs32(&s) % 1000);
        put('.');
        putn(xs32(&s) % 1000);
        puts_(", \"ok\": ");
        puts_(xs32(&s) & 1 ? "true" : "false");
        puts_(", \"next\": null}");
    }
    put(']');
    put(0);
}
typedef struct {
    const char *p;
    uint32_t h;
    int nodes;
    int err;
} ps;
static inline void ws(ps *s) {
    while (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')
        s->p++;
}
static NOINLINE void str(ps *s) {
    s->p++;
    while (*s->p && *s->p != '"') {
        char c = *s->p++;
        if (c == '\\') c = *s->p++;
        s->h = (s->h ^ (uint8_t)c) * 16777619u;
    }
    if (*s->p == '"')
        s->p++;
    else
        s->err = 1;
}
static NOINLINE void num(ps *s) {
    int neg = 0;
    int64_t v = 0;
    int sc = 0;
    if (*s->p == '-') {
        neg = 1;
        s->p++;
    }
    while (*s->p >= '0' && *s->p <= '9')
        v = v * 10 + (*s->p++ - '0');
    if (*s->p == '.') {
        s->p++;
        while (*s->p >= '0' && *s->p <= '9') {
            v = v * 10 + (*s->p++ - '0');
            sc++;
        }
    }
    s->h = (s->h ^ (uint32_t)(neg ? -v : v) ^ (uint32_t)sc) * 16777619u;
}
static int lit(ps *s, const char *w) {
    while (*w)
        if (*s->p++ != *w++) {
            s->err = 1;
            return 0;
        }
    s->h += 7;
    return 1;
}
static NOINLINE void val(ps *s) {
    ws(s);
    s->nodes++;
    switch (*s->p) {
    case '{':
        s->p++;
        ws(s);
        if (*s->p == '}') {
            s->p++;
            return;
        }
        for (;;) {
            ws(s);
            str(s);
            ws(s);
            if (*s->p++ != ':') {
                s->err = 1;
                return;
            }
            val(s);
            ws(s);
            char c = *s->p++;
            if (c == '}') return;
            if (c != ',') {
                s->err = 1;
                return;
            }
        }
    case '[':
        s->p++;
        ws(s);
        if (*s->p == ']') {
            s->p++;
            return;
        }
        for (;;) {
            val(s);
            ws(s);
            char c = *s->p++;
            if (c == ']') return;
            if (c != ',') {
                s->err = 1;
                return;
            }
        }
    case '"': str(s); return;
    case 't': lit(s, "true"); return;
    case 'f': lit(s, "false"); return;
    case 'n': lit(s, "null"); return;
    default: num(s); return;
    }
}
EXPORT(run) int64_t run(int32_t n) {
    gen();
    ps s = {0};
    s.h = 2166136261u;
    for (int32_t i = 0; i < n; i++) {
        s.p = buf;
        val(&s);
    }
    return ((int64_t)s.nodes << 32 | s.h) ^ s.err;
}
