/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/world.h: imaginary chains with the contracts that matter, and what people do on them.
 *
 * A chain is blocks over a state. Each change of the state is kept in an undo log, so that a reorg
 * takes blocks back exactly, and a question about an older block is answered by going back and
 * forth. The contracts are modelled from what the protocol's contracts promise, with code of their
 * own; digests and byte layouts come from relay/hyperlane, which its unit tests hold to vectors.
 *
 * How a chain speaks (JSON-RPC, or the plain family's frames) is not here: tests/sim/evm_node.h,
 * tests/sim/plain_node.h. Threads: one. Everything follows from the world's generator. */
#ifndef SLUICE_TESTS_SIM_WORLD_H
#define SLUICE_TESTS_SIM_WORLD_H

#include "relay/base/prng.h"
#include "relay/core/command.h"
#include "relay/core/config.h"
#include "relay/core/event.h"
#include "relay/hyperlane/merkle.h"
#include "tests/sim/clock.h"

enum {
    WORLD_CHAINS_MAX = 4,
    WORLD_VALIDATORS = 3,  /* of every ISM; the first may be ours */
    WORLD_THRESHOLD = 2,   /* signatures an ISM wants */
    WORLD_LOGS_MAX = 4096, /* of one block */
    WORLD_MESSAGES_MAX = 65536,
    WORLD_ACTIONS_MAX = 512,
    WORLD_BLOCK_TRANSACTIONS_MAX = 64,
    WORLD_VENUES = 2,        /* of a spoke */
    WORLD_ORDERS_MAX = 4096, /* that a spoke remembers */
};

/* Whose tokens. */
enum world_account {
    WORLD_USERS = 0, /* all people together */
    WORLD_ROUTER = 1,
    WORLD_BRIDGE = 2,
    WORLD_VAULT = 3,
    WORLD_KEY = 4,
    WORLD_SPOKE = 5,
    WORLD_VENUE_FIRST = 6, /* what the spoke has in its venues; nobody else is in them */
    WORLD_ACCOUNTS_COUNT = 8,
};

/* A message that was ever dispatched. `dispatched` and `delivered` say what the chains say now. */
struct world_message {
    struct hash id;
    uint32_t origin; /* index of the chain */
    uint32_t destination;
    uint32_t leaf_index;
    uint8_t *data;
    size_t data_count;
    struct amount payment; /* at the origin, in its coin */
    bool dispatched;
    uint64_t dispatched_block;
    bool delivered;
    bool delivered_by_us;
    uint64_t delivered_block;
};

enum world_act {
    ACT_DISPATCH = 1,      /* a message without meaning, to `to` */
    ACT_TRANSFER = 2,      /* tokens through the warp route, to `to` */
    ACT_VAULT_DEPOSIT = 3, /* users give the vault tokens */
    ACT_VAULT_WITHDRAW = 4,
    ACT_RIVAL = 5, /* another relayer delivers `message` */
    ACT_GIFT = 6,  /* users send the router tokens, for nothing */
    /* Of a spoke; `to` is one of its venues. */
    ACT_VENUE_RATE = 7,  /* pays `amount` * 1e-9 a year from now on */
    ACT_VENUE_YIELD = 8, /* earned `amount` */
    ACT_FUND = 9,        /* users give the spoke tokens */
    ACT_REDEEM = 10,     /* and take what is idle in it, up to `amount` */
};

struct world_action {
    enum world_act act;
    uint32_t to;
    uint64_t amount;
    uint32_t message;
};

/* A transaction of our key, as the chain's pool and blocks hold it. */
struct world_transaction {
    struct hash hash;
    uint64_t nonce;
    struct amount fee_max;
    struct amount priority_fee;
    uint64_t gas_limit;
    struct amount value;
    struct leg leg; /* what it does; its bytes are owned, its id is not known to a chain */
    bool pending;
    bool mined; /* on the chain as it is now */
    uint64_t block_number;
    struct hash block_hash;
    bool succeeded;
    char revert[64];
    uint64_t gas_used;
    struct amount gas_price;
    uint32_t repeats_count; /* LEG_BATCH: of messages that we had delivered before */
};

struct world_block {
    uint64_t number;
    struct hash hash;
    struct hash parent;
    uint64_t time_s;
    struct amount base_fee;
    struct fact *logs;
    uint32_t logs_count;
    uint32_t undo_start;
    uint64_t key_nonce;           /* after it */
    struct world_action *actions; /* done in it, to be done again after a reorg */
    uint32_t actions_count;
};

struct undo {
    void *where;
    uint32_t bytes_count;
    size_t bytes_at;
};

/* What its nodes do to our transactions: one in so many, 0 never. */
struct world_habits {
    uint64_t submission_lost; /* taken with thanks, and in no pool */
    uint64_t pool_emptied;    /* per block: all that is pending is forgotten */
    uint64_t receipt_missing; /* per question: it is mined, not final, and not known yet */
    bool recipients_closed;   /* some recipients refuse every message */
};

struct world_chain {
    struct world *world;
    struct world_habits habits;
    uint32_t index;
    uint32_t domain;
    uint64_t chain_id;
    struct address mailbox;
    struct address tree_hook;
    struct address announce;
    struct address paymaster;
    struct address multicall;
    struct address ism;
    struct address token;
    struct address router;
    struct address bridge;
    struct address vault;
    struct address spoke;
    struct address venues[WORLD_VENUES];
    struct address key;
    uint32_t finality_blocks;
    uint64_t final_most; /* finality stands still there; 0: it does not */
    struct duration block_time;
    struct amount bridge_fee; /* native, asked by the bridge for each transfer */

    /* The state: written through world_set alone. */
    uint32_t messages_count; /* Mailbox.nonce */
    struct merkle_tree tree;
    struct amount tokens[WORLD_ACCOUNTS_COUNT];
    struct amount vault_shares;
    uint64_t key_nonce;
    struct amount key_native;
    uint8_t announced[WORLD_VALIDATORS]; /* times */
    struct amount users_in;              /* that users sent through the router, ever */
    struct amount users_out;             /* that the router paid users, ever */
    struct amount gifts;                 /* that the router got for nothing, ever */
    bool has_spoke;
    uint64_t venue_rates[WORLD_VENUES]; /* a year, in 1e-9 */
    struct hash orders[WORLD_ORDERS_MAX];
    uint32_t orders_count; /* obeyed */

    /* Beyond the state's counts these hold what a reorg took back. */
    uint32_t *leaf_messages; /* by leaf index: index of the message */
    struct hash *leaf_roots; /* by leaf index: the tree's root with it */
    uint32_t leaves_capacity;
    uint32_t history_leaves; /* from before the first block; no message of this world */
    uint64_t start_block;    /* where the node begins to look */

    struct world_block *blocks; /* by number */
    uint32_t blocks_count;
    uint32_t blocks_capacity;
    uint64_t salt; /* makes hashes of replaced blocks differ */

    struct undo *undos;
    uint32_t undos_count;
    uint32_t undos_capacity;
    uint8_t *undo_bytes;
    size_t undo_bytes_count;
    size_t undo_bytes_capacity;

    struct world_transaction *transactions;
    uint32_t transactions_count;
    uint32_t transactions_capacity;
    uint32_t begun_count; /* nonces that the pool saw first since the last block */

    struct world_action actions[WORLD_ACTIONS_MAX]; /* for the next blocks */
    uint32_t actions_count;

    struct fact logs[WORLD_LOGS_MAX]; /* of the block that is being made */
    uint32_t logs_count;
    struct hash transaction; /* that is being run */
    uint32_t repeats_count;  /* as in struct world_transaction, of that one */
};

struct world {
    struct prng prng;
    struct sim_clock *clock;
    struct world_chain chains[WORLD_CHAINS_MAX];
    uint32_t chains_count;
    uint8_t validator_keys[WORLD_VALIDATORS]; /* test keys, by their byte */
    struct address validators[WORLD_VALIDATORS];
    char locations[WORLD_VALIDATORS][WORLD_CHAINS_MAX][64];
    struct world_message *messages; /* WORLD_MESSAGES_MAX: the undo log points into it */
    uint32_t messages_count;
    uint32_t *message_slots; /* hash table over ids: index + 1; 0: free */
};

/* ---- world.c: blocks ---- */
/* `world` is zeroed by the caller. */
void world_init(struct world *world, struct sim_clock *clock, uint64_t seed, uint32_t chains_count);
void world_deinit(struct world *world);
/* Makes the next block of a chain. */
void world_mine(struct world_chain *chain);
/* Replaces the last `depth` blocks by at least as many others. `depth` is below the finality.
 * Transactions of ours go back to the pool, or are forgotten when `forget`; what people did is done
 * again, or never was when `drop`. */
struct world_reorg {
    uint32_t depth;
    bool forget;
    bool drop;
};
void world_reorg(struct world_chain *chain, struct world_reorg reorg);
uint64_t world_head(const struct world_chain *chain);
uint64_t world_final(const struct world_chain *chain);
/* NULL: there is none (now). */
const struct world_block *world_block_at(const struct world_chain *chain, uint64_t number);
const struct world_block *world_block_of(const struct world_chain *chain, const struct hash *hash);
void world_add_action(struct world_chain *chain, const struct world_action *action);

/* Between the two the state is as it was after block `number`. */
void world_go_back(struct world_chain *chain, uint64_t number);
void world_go_forth(struct world_chain *chain, uint64_t number);

/* Changes the state so that a reorg takes it back. */
void world_set(struct world_chain *chain, void *where, const void *value, size_t count);

/* ---- contracts.c: what a transaction does ---- */
/* Runs what people or a rival do. */
void contracts_run_action(struct world_chain *chain, const struct world_action *action);
/* The id of the last message that the actions for the next block dispatch. */
struct hash contracts_next_message(struct world_chain *chain);
/* Runs a leg with this native value; NULL, or why it reverts (then nothing is changed). */
const char *contracts_run_leg(struct world_chain *chain, const struct leg *leg,
                              const struct amount *value);
/* The same without any effect, as an eth_call does it. */
const char *contracts_try_leg(struct world_chain *chain, const struct leg *leg,
                              const struct amount *value);
/* Takes back what was set since chain->undos_count was this. */
void world_undo_to(struct world_chain *chain, uint32_t undos_count);
uint64_t contracts_gas(const struct leg *leg);
/* Index of the message; UINT32_MAX: no such id. */
uint32_t world_message_find(const struct world *world, const struct hash *id);
struct address world_account_address(const struct world_chain *chain, enum world_account account);
struct hash contracts_tree_root(const struct world_chain *chain);
/* Leaves of messages that were sent long ago; before anything else happens. */
void contracts_add_history(struct world_chain *chain, uint32_t count);
struct vault_state contracts_vault_state(const struct world_chain *chain);
int world_chain_of(const struct world *world, uint32_t domain); /* index, or -1 */

/* Moves tokens and says so in a log. False: the sender has less, and nothing moved. */
bool contracts_move_tokens(struct world_chain *chain, enum world_account from,
                           enum world_account to, const struct amount *amount);

/* ---- spokes.c: a contract that holds tokens and puts them into venues ---- */
/* Gives the chain one, with these tokens idle; before anything else happens. */
void spokes_open(struct world_chain *chain, uint64_t idle);
/* NULL, or why it reverts. */
const char *spokes_run_leg(struct world_chain *chain, const struct leg *leg);
void spokes_run_action(struct world_chain *chain, const struct world_action *action);
/* Rates are of two kinds, so that the two are never the same: even and odd percents. */
struct spoke_state spokes_state(const struct world_chain *chain);
struct venue_state spokes_venue_state(const struct world_chain *chain, uint32_t venue);

/* ---- pool.c: transactions of our key ---- */
/* Takes a signed transaction (copied). */
enum rejection pool_add(struct world_chain *chain, const struct world_transaction *transaction);
/* Runs what the pool holds in the block that is being made. */
void pool_mine(struct world_chain *chain);
/* Whether a node knows the receipt when it is asked now. */
bool pool_shows_receipt(const struct world_chain *chain,
                        const struct world_transaction *transaction);
/* NULL: never heard of. */
struct world_transaction *pool_find(const struct world_chain *chain, const struct hash *hash);
/* Blocks from `number` on are gone. */
void pool_reorg(struct world_chain *chain, uint64_t number, bool forget);

#endif
