/* SPDX-License-Identifier: Apache-2.0 */
/* node_name.c - see node.h for the rules.
 *
 * The name ends up in paths ("/node/<name>"), in lines "key=value" and in lists joined by
 * ", ", so what would break those is refused. The number is 32 bits wide: with the 15
 * numbers that an older system drew from, two of five nodes met the same one half of the
 * time. */
#include "services/node_name.h"

#include "base/hex.h"
#include "base/sha1.h"
#include "base/text.h"
#include "base/utf8.h"
#include "microkernel/error.h"

#include <string.h>

static int check_bytes(const char *name, size_t size) {
    if (size == 0 || !utf8_is_printable(name, size)) return MK_EINVAL;
    return strpbrk(name, " /=,") == NULL ? MK_OK : MK_EINVAL;
}

int node_name_check(const char *name) {
    if (name == NULL) return MK_EINVAL;
    size_t size = strlen(name);
    int result = check_bytes(name, size);
    if (result < 0) return result;
    return size < MK_NODE_NAME_MAX ? MK_OK : MK_ETOOBIG;
}

int node_name_make(const node_facts_t *facts, char name[MK_NODE_NAME_MAX]) {
    int result = MK_OK;
    if (facts->given[0] != '\0') {
        result = node_name_check(facts->given);
        if (result != MK_EINVAL) {
            size_t size =
                utf8_cut(facts->given, strlen(facts->given), MK_NODE_NAME_MAX - 1);
            memcpy(name, facts->given, size);
            name[size] = '\0';
            return result;
        }
    }
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA1_SIZE];
    sha1(facts->seed, facts->seed_size, digest);
    size_t size = utf8_cut(facts->platform, strlen(facts->platform),
                           MK_NODE_NAME_MAX - 1 - 5);
    memcpy(name, facts->platform, size);
    name[size++] = '-';
    for (size_t i = SHA1_SIZE - 2; i < SHA1_SIZE; i++) {
        name[size++] = digits[digest[i] >> 4];
        name[size++] = digits[digest[i] & 15u];
    }
    name[size] = '\0';
    return result;
}

int node_id_make(const char *given, const char *name, node_id_t *id) {
    int result = MK_OK;
    if (given[0] != '\0') {
        uint64_t number = 0;
        result = text_to_u64(given, strlen(given), &number);
        if (result == MK_OK && (number == 0 || number > UINT32_MAX))
            result = MK_EOVERFLOW;
        if (result == MK_OK) {
            *id = (node_id_t)number;
            return MK_OK;
        }
    }
    uint8_t digest[SHA1_SIZE];
    sha1(name, strlen(name), digest);
    *id = (node_id_t)digest[0] << 24 | (node_id_t)digest[1] << 16 |
          (node_id_t)digest[2] << 8 | digest[3];
    if (*id == 0) *id = 1;
    return result;
}
