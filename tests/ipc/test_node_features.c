/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/node_features.h"

#include "ipc/fleet.h"
#include "microkernel/caps.h"
#include "microkernel/error.h"

#include <string.h>

typedef struct {
    char text[1024]; /* of the last MSG_CAPS_REPLY */
    actor_id_t from;
} asker_t;

static bool ask(runtime_t *rt, actor_t *self, message_t *msg, void *state) {
    (void)self;
    asker_t *asker = state;
    if (msg->type == 1)
        return actor_send_named(rt, msg->payload, MSG_CAPS_REQUEST, NULL, 0);
    if (msg->type != MSG_CAPS_REPLY) return true;
    CHECK(msg->payload_size < sizeof asker->text);
    memcpy(asker->text, msg->payload, msg->payload_size);
    asker->text[msg->payload_size] = '\0';
    asker->from = msg->source;
    return true;
}

TEST(the_capabilities_of_another_node_can_be_asked_for) {
    fleet_open(3);
    for (int i = 1; i <= 3; i++) {
        CHECK(caps_actor_init(fleet_nodes[i]) != ACTOR_ID_INVALID);
        CHECK_EQ(node_features_start(fleet_nodes[i]), MK_OK);
        CHECK_EQ(node_features_start(fleet_nodes[i]), MK_OK);
    }
    CHECK_EQ(caps_announce(fleet_nodes[2], "wasm", "true"), MK_OK);
    fleet_connect(1, 2);
    fleet_connect(2, 3);
    fleet_settle();
    asker_t asker = {"", 0};
    actor_id_t id = actor_spawn(fleet_nodes[1], ask, &asker, NULL, 8);
    const char path[] = "/node/n2/caps";
    CHECK(actor_send(fleet_nodes[1], id, 1, path, sizeof path));
    fleet_settle();
    CHECK_EQ(asker.from, actor_lookup(fleet_nodes[2], "caps"));
    CHECK(strstr(asker.text, "identity=n2\nnode_id=2\nwasm=true\n") != NULL);
    CHECK(strstr(asker.text, "transports=2\n") != NULL);
    fleet_cut(2, 3);
    CHECK(actor_send(fleet_nodes[1], id, 1, path, sizeof path));
    fleet_settle();
    CHECK(strstr(asker.text, "transports=1\n") != NULL);
    fleet_close();
}

TEST_TABLE(node_features, TEST_ROW(the_capabilities_of_another_node_can_be_asked_for))
