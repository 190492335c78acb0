/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/plain_node.h: a node of a plain chain: answers plain_wire.h's questions from the world.
 *
 * Threads: one. Replies are borrowed until the next call of either function. */
#ifndef SLUICE_TESTS_SIM_PLAIN_NODE_H
#define SLUICE_TESTS_SIM_PLAIN_NODE_H

#include "tests/sim/world.h"

struct plain_reply {
    struct bytes frame;
    bool is_submission; /* of a well-formed transaction */
    struct hash transaction;
};

struct plain_reply plain_node_answer(struct world_chain *chain, struct bytes frame);
/* The head, as nodes tell it without being asked. */
struct bytes plain_node_head(const struct world_chain *chain);

#endif
