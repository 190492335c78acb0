/* SPDX-License-Identifier: Apache-2.0 */
/* tests/conformance/chain_fixture.h: what a family of chains gives the suite of test_chain.c: an
 * imaginary chain with endpoints that answer as that family's nodes do.
 *
 * The suite knows nothing of frames. It carries them between adapter and fixture, loses, repeats,
 * reorders and damages them, and compares what the adapter says with what the fixture knows.
 *
 * The chain begins with FIXTURE_HISTORY blocks. It is final FIXTURE_FINALITY blocks below its head.
 * A new family adds a line to fixtures.c. Threads: none. */
#ifndef SLUICE_TESTS_CONFORMANCE_CHAIN_FIXTURE_H
#define SLUICE_TESTS_CONFORMANCE_CHAIN_FIXTURE_H

#include "chains/chain.h"

enum {
    FIXTURE_ENDPOINTS = 5,  /* there are */
    FIXTURE_CONFIGURED = 2, /* of them, where a test does not say more */
    FIXTURE_HISTORY = 40,
    FIXTURE_FINALITY = 6,
    FIXTURE_QUESTIONS_MAX = 8,
};

enum fixture_identity {
    FIXTURE_RIGHT = 0,
    FIXTURE_OTHER_CHAIN,
    FIXTURE_NO_CONTRACT,
};

struct chain_fixture {
    const char *name;
    const struct chain_ops *ops;

    void *(*open)(void);
    void (*close)(void *world);

    /* Fills both; `config->core` is `core`, `chain_index` 0, the deadline one second. */
    void (*configure)(void *world, struct core_config *core, struct chain_config *config);

    /* Makes a block of what is pending. */
    void (*mine)(void *world);
    /* A message that is dispatched in the next block; its id. */
    struct hash (*dispatch)(void *world);
    /* Takes `depth` blocks back with all that is in them, and makes one more than that, empty. */
    void (*reorg)(void *world, uint32_t depth);
    uint64_t (*head)(const void *world);
    /* Zero when there is no such block. */
    struct hash (*block_hash)(const void *world, uint64_t number);
    /* Messages dispatched in a block, in order; returns how many. */
    uint32_t (*dispatched)(const void *world, uint64_t number, struct hash *ret_ids, uint32_t max);

    /* A new connection to an endpoint: what the old one was asked is forgotten. */
    void (*connect)(void *world, uint32_t endpoint);
    void (*take)(void *world, uint32_t endpoint, struct bytes frame);
    /* The endpoint's next frame, borrowed until the next call; false when it has none. */
    bool (*give)(void *world, uint32_t endpoint, struct bytes *ret_frame);
    void (*identify)(void *world, uint32_t endpoint, enum fixture_identity identity);
    /* From now on simulations of legs are refused with these words. NULL: they succeed. */
    void (*refuse)(void *world, const char *words);

    /* One command of each kind that asks, to which the chain as it is has an answer. They may
     * borrow from the world. Returns how many. */
    uint32_t (*questions)(void *world, struct command ret_commands[FIXTURE_QUESTIONS_MAX]);
    /* A leg that succeeds, another one for each number. */
    struct leg (*leg)(void *world, uint32_t number);
    /* The signature of the leg's key over what is asked. */
    struct signature (*sign)(void *world, const struct chain_request *request);
    /* Transactions that endpoints took, with repeats, and how often this one. */
    uint32_t (*taken)(const void *world);
    uint32_t (*taken_of)(const void *world, const struct hash *transaction);
};

/* Every family, ended by NULL. */
extern const struct chain_fixture *const chain_fixtures[];

#endif
