/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_hello.c - any bytes as a hello and as a target: what is accepted is a hello that
 * can be written again and judged; what is a target has one spelling. */
#include "ipc/hello.h"
#include "ipc/mount_target.h"
#include "microkernel/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static void check_words(hello_code_t code, const hello_t *own, const hello_t *other) {
    char text[MK_NODE_TEXT_MAX];
    mk_writer_t writer;
    writer_init(&writer, text, sizeof text);
    hello_explain(code, own, other, &writer);
    REQUIRE(code == HELLO_OK ? writer.size == 0 : writer.size > 0);
    REQUIRE(code == HELLO_OK || hello_error(code) < 0);
}

/* Whatever this node knows: a judgement comes, and deeds only with a welcome. */
static void check_judgement(const hello_t *other, uint32_t known) {
    hello_t own = {.node = 1, .identity = "own", .version = HELLO_VERSION, .boot = 9};
    hello_view_t view = {.is_trusted = known & 1,
                         .is_up = known & 2,
                         .up_is_ours = known & 4,
                         .up_is_trusted = known & 8,
                         .up_boot = known & 16 ? other->boot : 5,
                         .name_owner = known & 32 ? 3 : 0,
                         .is_rival = known & 64,
                         .rival_boot = known & 128 ? other->boot : 5};
    if (known & 256) memcpy(view.up_identity, other->identity, sizeof view.up_identity);
    if (known & 512) memcpy(own.nonce, other->echo, sizeof own.nonce);
    for (hello_turn_t turn = HELLO_FIRST; turn <= HELLO_LAST; turn++) {
        hello_deeds_t deeds;
        hello_code_t code = hello_judge(&own, other, other, turn, &view, &deeds);
        REQUIRE(code < HELLO_CODES_END);
        REQUIRE(code == HELLO_OK || other->node != 0);
        REQUIRE(!deeds.ends_rival || code == HELLO_OK);
        REQUIRE(!deeds.ends_up || view.is_up);
        REQUIRE(code != HELLO_OK || other->node != own.node);
        REQUIRE(code != HELLO_OK || strcmp(other->identity, own.identity) != 0);
        /* Nobody is taken at a word that does not answer ours. */
        if (turn != HELLO_FIRST && code == HELLO_OK)
            REQUIRE(memcmp(other->echo, own.nonce, HELLO_NONCE_SIZE) == 0);
        check_words(code, &own, other);
    }
}

static void check_hello(const uint8_t *bytes, size_t size, uint32_t known) {
    hello_t hello, again;
    uint8_t written[HELLO_SIZE];
    hello_code_t code = hello_read(bytes, size, &hello);
    REQUIRE(memchr(hello.identity, '\0', sizeof hello.identity) != NULL);
    check_words(code, NULL, &hello);
    if (code != HELLO_OK) return;
    REQUIRE(size >= HELLO_SIZE);
    REQUIRE(node_name_check(hello.identity) == MK_OK);
    hello_write(&hello, written);
    REQUIRE(hello_read(written, sizeof written, &again) == HELLO_OK);
    REQUIRE(again.node == hello.node && again.boot == hello.boot);
    REQUIRE(strcmp(again.identity, hello.identity) == 0);
    check_judgement(&hello, known);
}

static void check_target(const uint8_t *bytes, size_t size) {
    mount_target_t target, again;
    if (mount_target_parse(text_make((const char *)bytes, size), 4200, &target) !=
        MK_OK)
        return;
    REQUIRE(target.host[0] != '\0');
    REQUIRE(target.is_unix == (target.port == 0));
    REQUIRE(mount_target_parse(text_of(target.text), 1, &again) == MK_OK);
    REQUIRE(strcmp(again.text, target.text) == 0);
    REQUIRE(strcmp(again.host, target.host) == 0 && again.port == target.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    check_hello(data + 2, size - 2, data[0] | (uint32_t)data[1] << 8);
    check_target(data + 2, size - 2);
    return 0;
}
