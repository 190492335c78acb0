/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/core_world.h: imaginary chains, signers, stores and a disk around the real core, at
 * the level of its events and commands, in virtual time.
 *
 * The world answers every command as an honest outside would, later and in seeded order. Faults are
 * switched on one by one: answers lost or repeated, restarts, reorgs, commits that come late. It
 * keeps its own account of what happened and stops the test at once when
 *   - a nonce of a key sees a second payload that is no cancel,
 *   - a checkpoint index is signed with a second root,
 *   - a command that waits would leave before its batch is durable (it never does here: commands
 *     are performed when their batch is committed),
 *   - a step overruns its bounds.
 * Two chains: WORLD_A and WORLD_B. Validators 0x11 (ours), 0x12, 0x13; threshold 2. */
#ifndef SLUICE_TESTS_SUPPORT_CORE_WORLD_H
#define SLUICE_TESTS_SUPPORT_CORE_WORLD_H

#include "relay/base/prng.h"
#include "relay/core/core.h"
#include "relay/core/lane/lane_rows.h"
#include "relay/core/message/message_rows.h"
#include "tests/support/row_table.h"

#define WORLD_A        1000u
#define WORLD_B        2000u
#define WORLD_CHAINS   2u
#define WORLD_SECOND   UINT64_C(1000000000)
#define WORLD_FINALITY 2u /* blocks below the head */
#define WORLD_KEYS_MAX 4u /* of the node, on each chain */

struct world_options {
    uint64_t seed;
    uint32_t lose_one_in;             /* answers; 0: never */
    uint32_t repeat_one_in;           /* answers; 0: never */
    uint32_t restart_one_in;          /* steps; 0: never */
    uint32_t reorg_one_in;            /* blocks; 0: never */
    uint32_t evict_one_in;            /* blocks at which the pool forgets everything; 0: never */
    uint32_t commit_every;            /* steps per batch; 0: 1 */
    bool validate;                    /* our validator's checkpoints are needed for the threshold */
    bool relay_off;                   /* no chain is delivered to */
    uint32_t delivery_keys;           /* beside the first key */
    uint32_t deadline_s;              /* of inclusion; 0: none */
    uint64_t priority_max;            /* fee per gas */
    uint64_t fee_max;                 /* of a transaction; 0: none */
    const struct core_policy *policy; /* its rules; borrowed for the world's life; NULL: none */
    uint32_t retries_max;             /* failures of a message; 0: any number */
    uint32_t retry_wait_max_s;        /* between them; 0: as the ladder says */
    bool large; /* the sender of messages is a router, and all they carry is large */
    uint32_t large_blocks;
    bool minted; /* the sender of messages is a router; what it locks is minted on WORLD_B */
    uint32_t batch_messages_max; /* in one transaction; below 2: each has its own */
    uint32_t history;            /* leaves of both chains before the first block that is watched */
    uint64_t start_block;        /* 0: 1 */
    bool sign_lookups;           /* servers are told who asks */
    bool keyless;                /* nothing can be sent */
    uint32_t validators_min;     /* who could forge a message together */
    uint64_t gas_limit_max;      /* of one transaction; 0: plenty */
    uint32_t recent_blocks;      /* a longer history is passed over and given beside; 0: never */
};

struct world;

struct world *world_new(const struct world_options *options);
struct world *world_free(struct world *world);

/* Dispatches a message at the next block of `origin`; returns its id. */
struct hash world_dispatch(struct world *world, uint32_t origin, uint32_t destination,
                           uint8_t recipient);
/* The same of another version, and of more bytes than a message may have: never delivered, and not
 * waited for. */
struct hash world_dispatch_version(struct world *world, uint32_t origin, uint32_t destination,
                                   uint8_t version);
struct hash world_dispatch_large(struct world *world, uint32_t origin, uint32_t destination);
/* Lets `count` seconds pass: one block per second and chain. */
void world_run(struct world *world, uint32_t seconds);
void world_run_ms(struct world *world, uint64_t ms);
/* Runs until every dispatched message is delivered and final, or the bound ends the test. */
void world_run_until_delivered(struct world *world, uint32_t seconds_max);

void world_restart(struct world *world);
void world_reorg(struct world *world, uint32_t domain, uint32_t depth, bool drop_dispatches);
/* Blocks that the node does not see before its next restart. */
void world_mine_unseen(struct world *world, uint32_t domain, uint32_t count);
/* How many blocks of the past are given with each new block; none at first. */
void world_set_past_rate(struct world *world, uint32_t blocks);
/* Somebody else delivers the message in the next block of its destination. */
void world_deliver_elsewhere(struct world *world, const struct hash *id);
/* A validator, 0 to 2, announces a store on `domain` in the next block. */
void world_announce(struct world *world, uint32_t domain, uint32_t validator);
/* Somebody pays on `domain` for the delivery of a message to `destination`, in the next block. */
void world_pay(struct world *world, uint32_t domain, uint32_t destination, const struct hash *id);
/* The same with so much of a token (zero: the chain's coin), whose transfer comes before it. */
void world_pay_with(struct world *world, uint32_t domain, uint32_t destination,
                    const struct hash *id, const struct address *token, uint64_t amount);
/* Somebody pays, or says so. */
struct world_payment {
    uint32_t domain;
    uint32_t destination;
    struct hash message_id;
    struct address token; /* zero: the chain's coin */
    uint64_t amount;
    uint64_t claimed;        /* what is said to be paid; zero: the amount */
    struct address contract; /* that says so; zero: the chain's paymaster */
};
void world_claim(struct world *world, const struct world_payment *payment);
/* From now on: what the outside does. */
void world_set_faults(struct world *world, const struct world_options *options);
void world_set_base_fee(struct world *world, uint32_t domain, uint64_t wei);
/* What the lane's readings say from now on: of fees, and of the key's balance. */
void world_set_legacy(struct world *world, uint32_t domain, uint64_t gas_price);
void world_set_priorities(struct world *world, uint32_t domain, uint64_t usual, uint64_t hasty);
void world_set_balance(struct world *world, uint64_t wei);
/* What a rollup adds for the data of a transaction. */
void world_set_data_fee(struct world *world, uint32_t domain, uint64_t wei);
void world_set_simulation(struct world *world, enum outcome outcome, const char *reason);
/* As before, of legs that deliver several messages alone: what simulating them together gives, and
 * how much gas they then need for each. */
void world_set_batch_simulation(struct world *world, enum outcome outcome, uint64_t gas);
/* In a block, the calls of a batch for this message fail from now on (the others do not). */
void world_set_failing(struct world *world, const struct hash *id);
void world_set_signer(struct world *world, enum outcome outcome);
void world_set_rejection(struct world *world, enum outcome outcome, enum rejection rejection);
void world_set_including(struct world *world, bool on);         /* transactions enter blocks */
void world_set_dispatching(struct world *world, bool on);       /* dispatches do */
void world_set_validators(struct world *world, uint32_t count); /* that publish, 0 to 3 */
/* MODULE_NULL is one that trusts the node's first key, and nobody else who calls. */
void world_set_module_type(struct world *world, uint8_t module_type);
/* Of the module's three validators, 1 to 3; 2 at first. */
void world_set_threshold(struct world *world, uint32_t threshold);
/* The servers that the module names, at most two (NULL: no second one): "https://good/" proves,
 * "https://large/" answers with half of METADATA_BYTES_MAX,
 * "https://liar/" proves something else, "https://picky/" proves to who asks it first and signed
 * that, any other has nothing. */
void world_set_servers(struct world *world, const char *first, const char *second);
/* The module names other validators, who have stores and sign nothing. The world does not replay
 * over a change. */
void world_set_strangers(struct world *world, bool on);
/* 0x12 signs another root (odd leaves), or with another key (even ones). */
void world_set_bad_validator(struct world *world, bool on);
void world_forget_held(struct world *world); /* the adapters hold no signed transaction */
void world_set_tree_lies(struct world *world, bool on);
/* Some endpoint does not confirm what the others say. */
void world_set_doubt(struct world *world, bool on);
/* With `minted`: one unit more is minted than is locked. */
void world_set_short(struct world *world, bool on);
/* The next `count` questions for a frontier find no state; what is answered does not fit its root.
 */
void world_set_pruned(struct world *world, uint32_t count);
void world_set_branch_lies(struct world *world, bool on);
/* Whether our validator signed the checkpoint of a leaf, and its root. */
bool world_signed(struct world *world, uint32_t domain, uint32_t index);
/* Uses the node's next nonce on a chain for a transaction that is not ours. */
void world_use_nonce(struct world *world, uint32_t domain);
void world_use_nonce_of(struct world *world, uint32_t domain, uint32_t key);
/* An event of the test's own, stepped at once. */
void world_step(struct world *world, const struct event *event);
/* The same without a place in the log: the event's bytes need not outlive the call, and the world
 * does not replay any more. */
void world_step_unlogged(struct world *world, const struct event *event);
void world_operator(struct world *world, enum operator_action action, uint32_t domain,
                    const struct hash *subject);
/* With a reason, which lives as long as the world. */
void world_operator_says(struct world *world, enum operator_action action, uint32_t domain,
                         const struct hash *subject, const char *reason);
struct instant world_now(const struct world *world);

/* What the core says. */
bool world_message(struct world *world, const struct hash *id, struct message_row *ret_message);
bool world_lane(struct world *world, uint32_t domain, struct lane_row *ret_lane);
/* The same of one of its keys. */
bool world_lane_of(struct world *world, uint32_t domain, uint32_t key, struct lane_row *ret_lane);
struct address world_key(uint32_t index);
bool world_noted(const struct world *world, enum reason reason);
/* The same, as an alarm: a person is told. */
bool world_alarmed(const struct world *world, enum reason reason);
uint32_t world_commands(const struct world *world, enum command_kind kind);
/* The last COMMAND_WATCH of a chain. */
const struct watch *world_watch(const struct world *world, uint32_t domain);
struct row_table *world_rows(struct world *world);
const struct core_config *world_config(const struct world *world);
struct hash world_digest(const struct world *world);

/* What really happened. */
uint32_t world_process_count(const struct world *world, const struct hash *id); /* on the chain */
/* Those that a key sent and that are in blocks. */
uint32_t world_sent_by(const struct world *world, uint32_t domain, uint32_t key);
/* Transactions in blocks that deliver several messages. */
uint32_t world_batches(const struct world *world);
uint32_t world_processed_by_us(const struct world *world);
uint32_t world_published(const struct world *world, uint32_t domain); /* by our validator */
bool world_is_announced(const struct world *world, uint32_t domain);
uint32_t world_head(const struct world *world, uint32_t domain);

/* Events stepped so far, oldest first; their bytes live as long as the world. */
uint32_t world_events_count(const struct world *world);
const struct event *world_event(const struct world *world, uint32_t index);

/* Replays every event over an empty table with other batch limits. True: same digests after every
 * step and the same rows. */
bool world_replays(const struct world *world);

#endif
