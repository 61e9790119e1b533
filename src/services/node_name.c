/* SPDX-License-Identifier: Apache-2.0 */
/* node_name.c - see node.h for the rules.
 *
 * The name ends up in paths ("/node/<name>") and in names of files, in lines
 * "key=value" and in lists joined by ", ", so what would break those is refused. The
 * number is 32 bits wide: with the 15 numbers that an older system drew from, two of
 * five nodes met the same one half of the time. */
#include "services/node_name.h"

#include "base/sha1.h"
#include "base/text.h"
#include "base/writer.h"
#include "microkernel/error.h"

#include <string.h>

enum { PLATFORM_MAX = MK_NODE_NAME_MAX - 1 - 5 }; /* bytes, before "-xxxx" */

int node_name_check(const char *name) {
    if (name == NULL) return MK_EINVAL;
    size_t size = strlen(name);
    if (text_check_name(text_of(name), size, NULL) < 0) return MK_EINVAL;
    if (strpbrk(name, " /=,") != NULL) return MK_EINVAL;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return MK_EINVAL;
    return size < MK_NODE_NAME_MAX ? MK_OK : MK_ETOOBIG;
}

int node_name_make(const node_facts_t *facts, char name[MK_NODE_NAME_MAX]) {
    int result = MK_OK;
    mk_writer_t writer;
    writer_init(&writer, name, MK_NODE_NAME_MAX);
    if (facts->given[0] != '\0') {
        result = node_name_check(facts->given);
        if (result != MK_EINVAL) {
            writer_str(&writer, facts->given);
            return result;
        }
    }
    uint8_t digest[SHA1_SIZE];
    sha1_of(facts->seed, facts->seed_size, digest);
    writer_format(&writer, "%.*s-%02x%02x", PLATFORM_MAX, facts->platform,
                  digest[SHA1_SIZE - 2], digest[SHA1_SIZE - 1]);
    return result;
}

int node_id_make(const char *given, const char *name, node_id_t *id) {
    int result = MK_OK;
    if (given[0] != '\0') {
        uint64_t number = 0;
        result = text_parse_unsigned(text_of(given), 10, 1, UINT32_MAX, &number);
        if (result == MK_OK) {
            *id = (node_id_t)number;
            return MK_OK;
        }
    }
    uint8_t digest[SHA1_SIZE];
    sha1_of(name, strlen(name), digest);
    *id = (node_id_t)digest[0] << 24 | (node_id_t)digest[1] << 16 |
          (node_id_t)digest[2] << 8 | digest[3];
    if (*id == 0) *id = 1;
    return result;
}
