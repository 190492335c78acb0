/* SPDX-License-Identifier: Apache-2.0 */
/* relay/synth/world_internal.h: the imaginary outside: world.c has the configuration and steps the
 * node, chain.c makes blocks, answers.c answers commands. */
#ifndef SLUICE_RELAY_SYNTH_WORLD_INTERNAL_H
#define SLUICE_RELAY_SYNTH_WORLD_INTERNAL_H

#include "relay/base/prng.h"
#include "relay/core/capital/capital_rows.h"
#include "relay/node/driver/planning.h"
#include "relay/signer/ecdsa.h"
#include "relay/synth/node.h"
#include "relay/synth/synth.h"

#define SYNTH_CHAINS      3u /* when nobody asks for more */
#define SYNTH_VALIDATORS  2u /* both must sign */
#define SYNTH_RECIPIENTS  4u /* contracts that messages without tokens are for, on each chain */
#define SYNTH_BLOCKS_KEPT 512u
#define SYNTH_POOL        4096u /* open transactions of a key */
#define SYNTH_PENDING     65536u
#define SYNTH_FINALITY    2u /* blocks below the head */
#define SYNTH_SYMBOL      "USDC"

/* What accounts hold of the token. */
struct synth_holdings {
    uint64_t router;
    uint64_t bridge;
    uint64_t key;
};

/* One transaction of the node. */
struct synth_tx {
    bool is_signed;
    bool is_broadcast;
    bool is_followed;
    bool is_included;
    bool succeeded;
    struct hash leg_id;
    struct hash hash;
    uint64_t nonce;
    uint64_t block;
    enum leg_kind kind;
    struct hash message_id; /* LEG_PROCESS */
    uint32_t origin;
    bool is_token;
    bool is_bridge; /* the message of a move */
    struct address recipient;
    uint64_t amount;      /* LEG_REBALANCE, and messages with tokens */
    uint32_t destination; /* LEG_REBALANCE */
};

struct synth_chain {
    struct ism_node module; /* that guards every recipient */
    const struct core_chain *config;
    const struct core_router *router; /* all zero: none is here */
    uint64_t head;
    uint64_t final; /* as the node was told */
    struct hash hashes[SYNTH_BLOCKS_KEPT];
    struct synth_holdings holdings_at[SYNTH_BLOCKS_KEPT];
    uint64_t nonces_at[SYNTH_BLOCKS_KEPT];
    struct synth_holdings holdings;
    uint64_t nonce; /* next to be included */
    uint32_t dispatched_count;
    uint32_t log_index;
    uint64_t transactions_count; /* that are not ours */
    struct synth_tx pool[SYNTH_POOL];
};

struct synth_world {
    struct synth_node *node;
    enum status status; /* the first failure; nothing happens after it */
    struct prng prng;
    uint64_t seed;
    uint64_t now_ns;
    uint64_t step_ns; /* between events */
    uint64_t wake_ns; /* UINT64_MAX: none */
    struct core_config config;
    struct ecdsa *ecdsa;
    struct secret *secrets[SYNTH_VALIDATORS];
    struct address validators[SYNTH_VALIDATORS];
    struct ism_validator members[SYNTH_VALIDATORS];
    struct bytes locations[SYNTH_VALIDATORS];
    struct synth_chain *chains; /* as many as the configuration has */
    struct event *pending;      /* ring */
    uint64_t pending_first;
    uint64_t pending_end;
    uint64_t transfer_max; /* largest sum that a user sends */
    bool is_mute;          /* answers nothing: the node is about to die */
    struct planning planning;
    struct hash plan_id; /* a person is to decide on it; zero: none */
    bool is_deciding;    /* the person is there */
    uint64_t processed_count;
    struct synth_report report;
};

/* ---- world.c ---- */
MUST_USE enum status synth_world_new(struct synth_node *node, const struct synth_options *options,
                                     struct synth_world **ret_world);
struct synth_world *synth_world_free(struct synth_world *world);
/* Steps the node at the next instant and performs what it asks for. */
void synth_step(struct synth_world *world, struct event *event);
/* Gives answers and wakes until there are none. */
void synth_settle(struct synth_world *world);
void synth_answer(struct synth_world *world, const struct event *event);
struct hash synth_hash(const struct synth_world *world, const char *what, uint64_t a, uint64_t b);
struct synth_chain *synth_chain_of(struct synth_world *world, uint32_t domain);
void synth_start(struct synth_world *world);
void synth_stop(struct synth_world *world);
void synth_decide(struct synth_world *world);

/* ---- chain.c ---- */
/* The next block of a chain, with so many new messages. */
void synth_block(struct synth_world *world, struct synth_chain *chain, uint32_t messages_count);
/* Tells the node what is final. */
void synth_final(struct synth_world *world, struct synth_chain *chain, uint64_t number);
/* Tells a node that starts what it has to know again. */
void synth_watch(struct synth_world *world, struct synth_chain *chain, uint64_t from_block);

/* ---- answers.c ---- */
void synth_perform(struct synth_world *world, const struct command *command);
void synth_receipt(struct synth_world *world, struct synth_chain *chain, const struct synth_tx *tx);

#endif
