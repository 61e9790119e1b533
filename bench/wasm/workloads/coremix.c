/* SPDX-License-Identifier: Apache-2.0 */
// CoreMark-like mix written from scratch: linked list sort/search, small integer
// matrices, a text state machine, and a CRC over the results. n = iterations.
#include "common.h"
typedef struct node {
    struct node *next;
    int16_t key;
    int16_t val;
} node;
#define NN 40
#define MN 9
static node pool[NN];
static int16_t A[MN * MN], B[MN * MN];
static int32_t C[MN * MN];
static char text[] =
    "5012,+123,-874,0x7,1.5e3,T0,+0.5e-1,-110.700,abc,12..3,+x,6.02E+2,,-,9999999,3e,";
static uint16_t crc16(uint16_t c, uint32_t v, int bits) {
    for (int i = 0; i < bits; i++) {
        uint16_t x = (uint16_t)((c ^ v) & 1);
        c >>= 1;
        v >>= 1;
        if (x) c ^= 0xA001;
    }
    return c;
}
static NOINLINE node *list_build(uint32_t *s) {
    for (int i = 0; i < NN; i++) {
        pool[i].key = (int16_t)(xs32(s) & 0x3ff);
        pool[i].val = (int16_t)i;
        pool[i].next = i + 1 < NN ? &pool[i + 1] : NULL;
    }
    return pool;
}
typedef int (*cmpf)(const node *, const node *);
static NOINLINE int by_key(const node *a, const node *b) {
    return a->key - b->key;
}
static NOINLINE int by_val(const node *a, const node *b) {
    return a->val - b->val;
}
static NOINLINE node *merge_sort(node *l, cmpf cmp) {
    for (int k = 1;; k *= 2) {
        node *p = l, *tail = NULL;
        l = NULL;
        int merges = 0;
        while (p) {
            merges++;
            node *q = p;
            int ps = 0, qs = k;
            for (int i = 0; i < k && q; i++) {
                ps++;
                q = q->next;
            }
            while (ps > 0 || (qs > 0 && q)) {
                node *e;
                if (ps == 0) {
                    e = q;
                    q = q->next;
                    qs--;
                } else if (qs == 0 || !q || cmp(p, q) <= 0) {
                    e = p;
                    p = p->next;
                    ps--;
                } else {
                    e = q;
                    q = q->next;
                    qs--;
                }
                if (tail)
                    tail->next = e;
                else
                    l = e;
                tail = e;
            }
            p = q;
        }
        tail->next = NULL;
        if (merges <= 1) return l;
    }
}
static NOINLINE node *list_find(node *l, int16_t key) {
    while (l && l->key != key)
        l = l->next;
    return l;
}
static NOINLINE node *list_rev(node *l) {
    node *r = NULL;
    while (l) {
        node *t = l->next;
        l->next = r;
        r = l;
        l = t;
    }
    return r;
}
static NOINLINE uint16_t mat(uint16_t c, int32_t seed) {
    for (int i = 0; i < MN * MN; i++) {
        A[i] = (int16_t)((seed * (i + 1)) & 0xff);
        B[i] = (int16_t)((seed + i * 3) & 0x7f);
    }
    for (int i = 0; i < MN; i++)
        for (int j = 0; j < MN; j++) {
            int32_t s = 0;
            for (int k = 0; k < MN; k++)
                s += A[i * MN + k] * B[k * MN + j];
            C[i * MN + j] = s;
        }
    for (int i = 0; i < MN; i++)
        for (int j = 0; j < MN; j++) {
            int32_t s = 0;
            for (int k = 0; k < MN; k++) {
                int32_t t = A[i * MN + k] * B[k * MN + j];
                s += ((t >> 2) & 15) * ((t >> 5) & 127);
            }
            C[i * MN + j] ^= s;
        }
    int32_t sum = 0;
    for (int i = 0; i < MN * MN; i++)
        sum += C[i] > 2000 ? 10 : (C[i] & 7);
    return crc16(c, (uint32_t)sum, 16);
}
enum { S_START, S_INVALID, S_S1, S_S2, S_INT, S_FLOAT, S_EXP, S_SCI, S_N };
static NOINLINE int next_state(const char **pp, uint32_t *trans) {
    const char *s = *pp;
    int st = S_START;
    for (; *s && st != S_INVALID; s++) {
        char ch = *s;
        if (ch == ',') {
            s++;
            break;
        }
        int dig = ch >= '0' && ch <= '9';
        switch (st) {
        case S_START:
            st = dig                        ? S_INT
                 : (ch == '+' || ch == '-') ? S_S1
                 : ch == '.'                ? S_FLOAT
                                            : S_INVALID;
            trans[S_START]++;
            break;
        case S_S1:
            st = dig ? S_INT : ch == '.' ? S_FLOAT : S_INVALID;
            trans[S_S1]++;
            break;
        case S_INT:
            if (ch == '.') {
                st = S_FLOAT;
                trans[S_INT]++;
            } else if (!dig) {
                st = S_INVALID;
                trans[S_INT]++;
            }
            break;
        case S_FLOAT:
            if (ch == 'E' || ch == 'e') {
                st = S_S2;
                trans[S_FLOAT]++;
            } else if (!dig) {
                st = S_INVALID;
                trans[S_FLOAT]++;
            }
            break;
        case S_S2:
            st = (ch == '+' || ch == '-') ? S_EXP : S_INVALID;
            trans[S_S2]++;
            break;
        case S_EXP:
            st = dig ? S_SCI : S_INVALID;
            trans[S_EXP]++;
            break;
        case S_SCI:
            if (!dig) {
                st = S_INVALID;
                trans[S_INVALID]++;
            }
            break;
        default: break;
        }
    }
    *pp = s;
    return st;
}
static NOINLINE uint16_t states(uint16_t c) {
    uint32_t fin[S_N], tr[S_N];
    for (int i = 0; i < S_N; i++)
        fin[i] = tr[i] = 0;
    for (const char *p = text; *p;)
        fin[next_state(&p, tr)]++;
    for (char *p = text; *p; p += 7)
        if (*p != ',') *p ^= 1;
    for (const char *p = text; *p;)
        fin[next_state(&p, tr)]++;
    for (char *p = text; *p; p += 7)
        if (*p != ',') *p ^= 1;
    for (int i = 0; i < S_N; i++) {
        c = crc16(c, fin[i], 16);
        c = crc16(c, tr[i], 16);
    }
    return c;
}
EXPORT(run) int64_t run(int32_t n) {
    uint16_t c = 0xffff;
    uint32_t s = 0x12345;
    int found = 0;
    for (int32_t it = 0; it < n; it++) {
        node *l = list_build(&s);
        for (int i = 0; i < 20; i++) {
            node *f = list_find(l, (int16_t)(xs32(&s) & 0x3ff));
            if (f) {
                found++;
                c = crc16(c, (uint32_t)f->val, 16);
            }
            l = list_rev(l);
        }
        l = merge_sort(l, by_key);
        for (node *q = l; q; q = q->next)
            c = crc16(c, (uint32_t)q->key, 16);
        l = merge_sort(l, by_val);
        c = crc16(c, (uint32_t)l->key, 16);
        c = mat(c, it + 1);
        c = states(c);
    }
    return (int64_t)found << 16 | c;
}
