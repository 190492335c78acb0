/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/core_world_internal.h: the world's parts: core_world.c runs the core, its rows and
 * its disk; core_world_chain.c is the outside: chains, pools, signers, stores. */
#ifndef SLUICE_TESTS_SUPPORT_CORE_WORLD_INTERNAL_H
#define SLUICE_TESTS_SUPPORT_CORE_WORLD_INTERNAL_H

#include "relay/hyperlane/merkle.h"
#include "tests/support/core_world.h"

#define WORLD_BLOCKS_MAX    4096u
#define WORLD_BLOCK_FACTS   2048u
#define WORLD_MESSAGES_MAX  4096u
#define WORLD_TXS_MAX       16384u
#define WORLD_PENDING_MAX   32768u
#define WORLD_EVENTS_MAX    400000u
#define WORLD_FOLLOWS_MAX   8192u
#define WORLD_MESSAGE_BYTES 160u
#define WORLD_GAS           150000u /* what a delivery needs */
#define WORLD_KEY_BYTE      0x77u   /* the node's first sending key on every chain; others follow */

struct world_message {
    struct hash id;
    uint8_t bytes[WORLD_MESSAGE_BYTES];
    uint32_t origin;
    uint32_t destination;
    bool is_dispatched; /* in a block of the canonical chain now */
    bool is_dropped;    /* never dispatched again */
    bool elsewhere;     /* somebody else delivers it in the next block */
    bool is_large;      /* too large to be given: its id is */
    bool is_refused;    /* nobody delivers such a message */
};

struct world_tx {
    struct hash hash;
    struct hash leg_id;
    enum leg_kind kind;
    struct hash message_ids[DELIVERIES_MAX]; /* LEG_PROCESS and LEG_BATCH */
    bool delivered[DELIVERIES_MAX];          /* by it, while it is in a block */
    uint32_t messages_count;
    uint32_t key; /* index */
    uint64_t nonce;
    struct amount fee;
    struct amount priority;
    bool is_legacy;
    uint32_t domain;
    uint64_t block; /* of the canonical chain; 0: none */
    bool succeeded;
    bool is_foreign;
    bool in_pool;
    bool held; /* by the adapter: signed since the last restart */
};

struct world_block {
    struct hash hash;
    struct hash parent;
    struct fact *facts;
    uint32_t facts_count;
    uint32_t leaves_count; /* after it */
};

struct world_chain {
    struct watch watch; /* the last one */
    uint32_t domain;
    struct world_block blocks[WORLD_BLOCKS_MAX]; /* by number; 0 is the genesis */
    uint64_t head;
    uint32_t fork; /* makes the hashes of a new branch differ */
    struct hash leaves[WORLD_MESSAGES_MAX];
    struct hash roots[WORLD_MESSAGES_MAX];                      /* after each leaf */
    struct hash branches[WORLD_MESSAGES_MAX + 1][MERKLE_DEPTH]; /* by leaf count */
    uint32_t leaves_count;
    uint64_t nonces[WORLD_KEYS_MAX]; /* used, by each of the node's keys */
    uint64_t base_fee;
    struct event advice; /* what EVENT_LANE says of fees and balance */
    uint64_t data_fee;
    bool is_watched;
    uint64_t give_next; /* next block to give to the node */
    uint64_t past_next; /* next block of the past to give */
    uint64_t past_end;
    bool is_announced;
    struct checkpoint published[WORLD_MESSAGES_MAX];
    struct signature published_signatures[WORLD_MESSAGES_MAX];
    bool is_published[WORLD_MESSAGES_MAX];
    uint32_t published_count;
    struct hash signed_roots[WORLD_MESSAGES_MAX];
    bool is_signed[WORLD_MESSAGES_MAX];
    uint64_t block_at; /* instant of the next block */
};

struct world_follow {
    uint32_t domain;
    struct hash leg_id;
    struct hash transaction;
    uint32_t key;
    uint64_t nonce;
};

struct world_pending {
    uint64_t at;
    uint64_t sequence;
    struct event event;
};

struct world_logged {
    struct event event;
    struct hash digest;
};

struct world {
    struct world_options options;
    struct prng prng;
    uint64_t now;
    struct core_config config;
    struct address validators[3];
    struct bytes locations[3];

    /* the node */
    struct row_table *table;
    void *rows_memory;
    struct rows *rows;
    void *core_memory;
    struct core *core;
    uint64_t wake; /* UINT64_MAX: none */
    uint32_t steps_in_batch;
    struct command *held_commands; /* that wait for the batch */
    uint32_t held_count;
    uint8_t *held_bytes;
    size_t held_bytes_count;
    struct world_logged *log; /* every event of a committed or open batch */
    uint32_t log_count;
    uint32_t log_committed;
    struct hash digest;
    bool noted[1024];
    bool alarmed[1024];
    uint32_t commands[256];

    /* the outside */
    struct world_chain chains[WORLD_CHAINS];
    struct world_message messages[WORLD_MESSAGES_MAX];
    uint32_t messages_count;
    struct world_payment payments[4];
    uint32_t payments_count;
    uint32_t announcing_domain; /* in its next block; 0: none */
    uint32_t announcing;        /* which validator */
    struct world_tx txs[WORLD_TXS_MAX];
    uint32_t txs_count;
    struct world_pending pending[WORLD_PENDING_MAX];
    uint32_t pending_count;
    uint64_t sequence;
    struct world_follow follows[WORLD_FOLLOWS_MAX];
    uint32_t follows_count;
    uint32_t processed_by_us;
    enum outcome simulation;
    const char *simulation_reason;
    enum outcome batch_simulation;
    uint64_t batch_gas;     /* of each message */
    struct hash failing_id; /* zero: none */
    enum outcome signer;
    enum outcome submission;
    enum rejection rejection;
    bool including;
    bool holding;
    uint32_t validators_count;
    uint8_t module_type;
    uint32_t threshold; /* of the three validators */
    const char *servers[2];
    bool bad_validator;
    bool tree_lies;
    bool doubt;
    bool is_short;
    uint32_t past_rate;
    uint32_t pruned; /* frontiers that nobody can give, from now on */
    bool branch_lies;
    bool has_strangers;
};

/* The node's side, called by the outside. */
void world_answer(struct world *world, const struct event *event); /* later, maybe lost or twice */
void world_step(struct world *world, const struct event *event);

/* The outside, called by the node's side. */
void world_outside_init(struct world *world);
void world_outside_free(struct world *world);
void world_outside_restart(struct world *world); /* what the adapters held is gone */
void world_perform(struct world *world, const struct command *command);
void world_mine(struct world *world, struct world_chain *chain);
void world_give(struct world *world, struct world_chain *chain);
/* core_world_chain.c for core_world_answers.c */
const struct core_chain *world_config_of(const struct world *world, uint32_t domain);
struct hash world_hash(const char *what, uint64_t a, uint64_t b, uint64_t c);
bool world_is_processed(const struct world_chain *chain, const struct hash *id);
void world_answer_follows(struct world *world);
struct world_chain *world_chain(struct world *world, uint32_t domain);
uint32_t world_key_index(const struct address *key);

#endif
