/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config_sending.h: what a chain's section says about sending: accounts, fees, haste,
 * kinds of transactions, and when a block is final. Part of the configuration's reading: config.c
 * calls it and says where in the file a fault is. Threads: none. Memory: the caller's. */
#ifndef SLUICE_RELAY_NODE_CONFIG_SENDING_H
#define SLUICE_RELAY_NODE_CONFIG_SENDING_H

#include "relay/node/config.h"
#include "relay/node/config_schema.h"

/* What is wrong: a key of the chain's section and words that go on after its name. */
struct sending_fault {
    char key[32];
    const char *words;
};

/* Reads the keys `keys`, `key`, `finality`, `transactions`, `data_fee`, and all that bound fees and
 * what is in flight, into `core` and `chain`. STATUS_MALFORMED: `ret_fault` is the first that is
 * wrong, and the rest is not read. */
MUST_USE enum status config_read_sending(const struct file_chain *file, struct core_chain *core,
                                         struct node_chain *chain, struct sending_fault *ret_fault);

#endif
