/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/step.h: what the core's modules share during one step, and how they call each other.
 *
 * core.c routes each event to the modules; a module changes rows, adds commands and calls its
 * neighbours through the functions named here. No module keeps state of its own outside rows.
 *
 *   blocks    chains, blocks, facts that wait for finality, reorgs
 *   past      history that is read beside what is new
 *   tree      the origin's merkle tree, our signatures over it, our announcement
 *   message   the life of a message
 *   lane      keys, nonces, transactions: from a prepared leg to a final receipt
 *   ledger    double entry over final facts, reconciliation, capital under way
 *   move      one transfer of capital: legs, arrival
 *   plan      when to plan, on what, and what becomes of a plan
 *
 * Errors: the first failed row access is kept in step->status; rows read after it look absent and
 * core_step returns it, which stops the node. Only core internals include this header. */
#ifndef SLUICE_RELAY_CORE_STEP_H
#define SLUICE_RELAY_CORE_STEP_H

#include "relay/core/chain/chain_rows.h"
#include "relay/core/command.h"
#include "relay/core/core.h"
#include "relay/core/event.h"
#include "relay/core/reason.h"
#include "relay/core/rows.h"

/* Of a key in TABLE_DUE: table, instant, kind, id. */
#define DUE_KEY_BYTES (1 + 8 + 1 + 32)

struct step {
    const struct core_config *config;
    struct rows *rows;
    struct instant now;
    uint64_t record;        /* number of the event's record in the journal */
    uint64_t fact_record;   /* of the record that told the final fact being applied; 0: none is */
    struct instant started; /* of the last EVENT_START: what was asked before it is lost */
    enum status status;     /* first failure of a row access; STATUS_OK until then */
    struct command commands[COMMANDS_PER_STEP_MAX];
    uint32_t commands_count;
    struct buffer bytes; /* memory for what commands point to, empty at the start of a step */
    struct instant wake; /* earliest instant asked for; core.c makes one COMMAND_WAKE of it */
    uint32_t rows_changed;
    size_t rows_bytes; /* keys and values of those changes */
    bool paused;       /* a person paused sending (OPERATOR_PAUSE without a chain) */
    /* No due row has a key below this one; kept from step to step. It changes no result: it spares
     * a search the rows that were worked off and are only not durable yet. */
    uint8_t due_floor[DUE_KEY_BYTES + 1];
    size_t due_floor_count;
};

/* ---- rows: absent rows are false; a failing store is step->status and false ---- */
bool step_get(struct step *step, struct bytes key, struct bytes *ret_value);
bool step_seek(struct step *step, struct bytes key, struct bytes prefix, struct bytes *ret_key,
               struct bytes *ret_value);
void step_put(struct step *step, struct bytes key, struct bytes value);
void step_delete(struct step *step, struct bytes key);

/* ---- commands ---- */
/* Room for `count` more commands, each with the largest leg, and for half of a step's rows? A
 * module that works through a queue stops when it is false and asks to be woken at once. */
bool step_has_room(const struct step *step, uint32_t count);
/* A zeroed command of `kind` to fill in; CHECKs that there is room. */
struct command *step_command(struct step *step, enum command_kind kind, uint32_t domain);
/* Copies bytes into memory that lives until the next step; CHECKs that there is room. */
struct bytes step_keep(struct step *step, struct bytes bytes);
void step_note(struct step *step, enum note_level level, uint32_t domain,
               const struct hash *subject, enum reason reason, const char *text);

/* ---- the due queue (TABLE_DUE): what to look at when ---- */
/* stored: never renumber */
enum due_kind {
    DUE_MESSAGE = 1,      /* id: message */
    DUE_LANE = 2,         /* id: lane (domain and key, hashed) or leg */
    DUE_TREE = 3,         /* id: domain in the first four bytes */
    DUE_PLAN = 4,         /* id: zero */
    DUE_MOVE = 5,         /* id: move */
    DUE_BLOCKS = 6,       /* id: domain in the first four bytes */
    DUE_WAITING = 7,      /* id: a message whose question was answered: wake it and the others */
    DUE_RESUME = 8,       /* id: domain, then part of a message id: ask again after a start */
    DUE_TREE_BEGIN = 120, /* id: domain in the first four bytes */
};
/* A due id that begins with a domain and is zero after it, and back. */
struct hash step_domain_id(uint32_t domain);
uint32_t step_domain_of(const struct hash *id);
void step_due(struct step *step, struct instant at, enum due_kind kind, const struct hash *id);
void step_due_remove(struct step *step, struct instant at, enum due_kind kind,
                     const struct hash *id);

/* ---- configuration look-ups: NULL or -1 where there is none ---- */
const struct core_chain *step_chain(const struct step *step, uint32_t domain);
int step_router_index(const struct step *step, uint32_t domain, const struct address *router);

/* ---- blocks -> the modules that read final facts; called once per fact, oldest first ---- */
void tree_on_final_fact(struct step *step, uint32_t domain, const struct fact *fact);
/* Before them, once a first final block is there: the first block of all that was given. */
void tree_on_first_block(struct step *step, uint32_t domain, uint64_t number,
                         const struct hash *hash);
void message_on_final_fact(struct step *step, uint32_t domain, const struct fact *fact);
void ledger_on_final_fact(struct step *step, uint32_t domain, const struct fact *fact);
/* After the last fact of blocks up to `number` was applied: everything up to it is final. */
void tree_on_final(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash);
void lane_on_final(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash);
void ledger_on_final(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash);
/* A transaction of ours is in a final block; once for each. */
struct ledger_paid {
    uint32_t domain;
    struct address key;
    uint64_t block;
    struct hash transaction;
    struct hash message_id; /* that it delivered; zero: none */
    uint64_t record;        /* of the receipt */
    uint64_t gas_used;
    struct amount gas_price;
    struct amount data_fee;
    struct amount value; /* that it carried; zero when it reverted */
};
void ledger_on_paid(struct step *step, const struct ledger_paid *paid);
/* A fact at the head, not final: for what wants to know early (a delivery by somebody else, the
 * inclusion of our own transaction). May be orphaned; never a reason to move money. */
void message_on_head_fact(struct step *step, uint32_t domain, const struct fact *fact);
/* A fact given to message_on_head_fact turned out to be in a block that was replaced. Told when
 * finality passes the block or another fact takes its place, not when the reorg is seen. */
void message_on_orphaned_fact(struct step *step, uint32_t domain, const struct fact *fact);
/* A block was added at the head: time, as lanes count it. */
void lane_on_block(struct step *step, uint32_t domain, uint64_t number);
/* Blocks from `number` on were replaced: forget what was concluded from them. */
void lane_on_reorg(struct step *step, uint32_t domain, uint64_t number);

/* ---- blocks: what the others may ask ---- */
/* False: nothing is known of this chain (`ret_chain` is zeroed then). */
bool blocks_chain(struct step *step, uint32_t domain, struct chain_row *ret_chain);
/* Why the chain may not be acted on: REASON_CHAIN_STOPPED (or unknown), REASON_NO_QUORUM;
 * REASON_NONE: it may. */
enum reason blocks_halted(struct step *step, uint32_t domain);
/* True when the chain may be acted on. */
bool blocks_is_running(struct step *step, uint32_t domain);
/* The hash of a block at the head or among the last ones that became final. */
bool blocks_hash(struct step *step, uint32_t domain, uint64_t number, struct hash *ret_hash);

/* A chain of the configuration that is running and was told to begin: what it says now counts. */
bool blocks_listening(struct step *step, uint32_t domain, struct chain_row *ret_chain);
bool blocks_fact_is_bounded(const struct fact *fact);
/* Hands a final fact, told by this record, to those that read it. */
void blocks_apply_fact(struct step *step, uint32_t domain, const struct fact *fact,
                       uint64_t record);
/* The facts below block `number` come as the past. */
void blocks_skip(struct step *step, uint32_t domain, struct chain_row *chain, uint64_t number);

/* ---- past: history that is read beside what is new ---- */
/* False: there is none. */
bool past_get(struct step *step, uint32_t domain, struct past_row *ret_past);
/* What a watch of this chain may pass over, and what one before it did. */
void past_watch(struct step *step, uint32_t domain, const struct chain_row *chain,
                struct watch *watch);
void past_on_start(struct step *step, uint32_t domain);
void past_on_passed(struct step *step, const struct event *event);
void past_on_fact(struct step *step, uint32_t domain, const struct fact *fact);
void past_on_block(struct step *step, const struct event *event);
void past_work(struct step *step, uint32_t domain); /* what is due of it */

/* ---- lane: from a prepared leg to its final receipt ---- */
/* stored: never renumber */
enum leg_end {
    LEG_SUCCEEDED = 1, /* included in a final block and did what it should */
    LEG_REVERTED = 2,  /* included in a final block and reverted; nonce used */
    LEG_VOID = 3,      /* its nonce is final with another payload (a cancel): it never happened */
};
/* The key that should send a message: of those whose lane is ready and has a place the one with the
 * fewest transactions waiting. False: none has; `ret_key` is one of the chain's keys then. The
 * chain must have a key. */
bool lane_choose(struct step *step, const struct core_chain *config, const struct hash *id,
                 struct address *ret_key);
/* Takes a prepared leg: assigns a nonce, writes the intent, asks to send. Idempotent by leg->id.
 * REASON_NONE: taken. Otherwise why not now (fee ceiling, lane unknown or full, gas limit); the leg
 * is not taken and the caller tries again later. May ask two commands. */
enum reason lane_offer(struct step *step, const struct leg *leg, const struct event *prepared);
/* The same, and its first transaction offers no more per gas than `fee_max` (zero: the chain's
 * ceiling alone): REASON_ROUTE_FEE_CEILING when that is not enough now. Once it waits, its fee is
 * raised up to the chain's ceiling, because every later nonce waits behind it. */
enum reason lane_offer_below(struct step *step, const struct leg *leg, const struct event *prepared,
                             const struct amount *fee_max);
/* What a transaction of this key would pay now. REASON_NONE, or why that cannot be said. */
struct lane_quote {
    struct amount likely; /* per gas */
    struct amount most;   /* per gas, before it is raised */
};
enum reason lane_quote(struct step *step, const struct core_chain *config,
                       const struct address *key, struct lane_quote *ret_quote);
/* The gas limit of a transaction that needs so much gas. */
uint64_t lane_gas_limit(uint64_t gas);
/* Writes the leg's row and asks to prepare it, for owners that keep no row of the leg themselves;
 * `leg` is kept whole but for a message, which lane reads from TABLE_BODY. A repeat asks again. */
void lane_ask(struct step *step, const struct leg *leg);
/* Asks again for a leg that lane_ask wrote. False: it is not there, or was offered since. */
bool lane_ask_again(struct step *step, const struct hash *leg_id);
/* A leg that lane_ask wrote and nobody offered yet, without a message's bytes. */
bool lane_leg(struct step *step, const struct hash *leg_id, struct leg *ret_leg);
/* The message of a LEG_PROCESS in any state. False: no row of such a leg. */
bool lane_leg_message(struct step *step, const struct hash *leg_id, struct hash *ret_message_id);
/* True when `transaction` is one of the attempts of a leg that is open, or ended with it. */
bool lane_leg_has(struct step *step, const struct hash *leg_id, const struct hash *transaction);
/* Forgets a leg that was asked for and never offered; any other stays. */
void lane_forget(struct step *step, const struct hash *leg_id);
/* A message's own leg, prepared and not offered, becomes part of a batch's leg and back. */
void lane_join(struct step *step, const struct hash *batch, const struct hash *leg_id);
void lane_part(struct step *step, const struct hash *leg_id);
/* False: it is part of none. */
bool lane_is_batched(struct step *step, const struct hash *leg_id, struct hash *ret_batch);
/* It ends as the batch that it is part of has ended. */
void lane_end_member(struct step *step, const struct hash *leg_id, const struct hash *batch_id);
/* How a leg ended; LEG_VOID when the signer refused it. False: it has not. */
bool lane_member_ended(struct step *step, const struct hash *leg_id, bool *ret_refused,
                       enum leg_end *ret_end);
/* True when one transaction that needs so much gas is above the chain's limit. */
bool lane_gas_is_above(const struct core_chain *config, uint64_t gas);
/* True when the key's lane would take a leg now, as far as nonces go. */
bool lane_has_room(struct step *step, const struct core_chain *config, const struct address *key);
/* False: no row of such a leg. */
bool lane_leg_kind(struct step *step, const struct hash *leg_id, enum leg_kind *ret_kind);
/* What the lane tells the owner of a leg, once each and in this order; LEG_* only when final. */
void message_on_leg_included(struct step *step, const struct hash *leg_id, uint64_t block_number);
void message_on_leg_end(struct step *step, const struct hash *leg_id, enum leg_end end,
                        const struct event *receipt);
/* Of a LEG_BATCH, with the ids of its members; refused: LEG_VOID and no receipt. */
void message_on_batch_included(struct step *step, const struct leg *batch, uint64_t block_number);
void message_on_batch_end(struct step *step, const struct leg *batch, enum leg_end end,
                          const struct event *receipt);
void move_on_leg_included(struct step *step, const struct hash *leg_id, uint64_t block_number);
void move_on_leg_end(struct step *step, const struct hash *leg_id, enum leg_end end,
                     const struct event *receipt);
/* Of a LEG_SETTLE, whatever became of it. */
void flow_on_leg_end(struct step *step, const struct leg *leg);
/* Of a LEG_HUB; one that the signer refused is LEG_VOID. */
void hub_on_leg_end(struct step *step, const struct leg *leg, enum leg_end end);
void tree_on_leg_end(struct step *step, const struct hash *leg_id, enum leg_end end,
                     const struct event *receipt);
/* The signer refused or the network rejected the leg for good; its nonce is being freed, and
 * nothing else follows for this leg. */
void message_on_leg_refused(struct step *step, const struct hash *leg_id);
void tree_on_leg_refused(struct step *step, uint32_t domain, const struct hash *leg_id);
void move_on_leg_refused(struct step *step, const struct hash *leg_id, struct bytes reason);

/* ---- core -> the modules ---- */
void blocks_on_start(struct step *step);
void blocks_on_fact(struct step *step, uint32_t domain, const struct fact *fact);
void blocks_on_block(struct step *step, const struct event *event);
void blocks_on_final(struct step *step, const struct event *event);
void blocks_on_operator(struct step *step, const struct event *event);
void blocks_on_quorum(struct step *step, const struct event *event);
/* sure.c: REASON_NONE: every endpoint of the origin confirmed this message, in a block of this
 * number, at one that is deep enough; else what it waits for, and what is to be asked is asked. */
enum reason sure_of(struct step *step, uint32_t domain, const struct hash *message_id,
                    uint64_t block_number);
void sure_on_tree(struct step *step, const struct event *event);
void blocks_on_calls(struct step *step, const struct event *event);
void tree_on_start(struct step *step);
void tree_on_operator(struct step *step, const struct event *event);
/* Final blocks were replaced: the chain is stopped, and what was signed is in doubt. */
void tree_on_stopped(struct step *step, uint32_t domain);
void tree_on_storage(struct step *step, const struct event *event);
/* EVENT_TREE, EVENT_CHECKPOINT_SIGNED, EVENT_ANNOUNCEMENT_SIGNED, EVENT_PUBLISHED. */
void tree_on_answer(struct step *step, const struct event *event);
void tree_on_prepared(struct step *step, const struct event *event); /* LEG_ANNOUNCE */
void message_on_start(struct step *step);
void message_on_resumed(struct step *step); /* sending, by a person */
void message_on_security(struct step *step, const struct event *event);
void message_on_storage(struct step *step, const struct event *event);
void message_on_checkpoint(struct step *step, const struct event *event);
void message_on_lookup(struct step *step, const struct event *event);
void message_on_lookup_signed(struct step *step, const struct event *event);
void message_on_lookup_answer(struct step *step, const struct event *event);
void message_on_prepared(struct step *step, const struct event *event);       /* LEG_PROCESS */
void message_on_batch_prepared(struct step *step, const struct event *event); /* LEG_BATCH */
void message_on_operator(struct step *step, const struct event *event);
void lane_on_start(struct step *step);
void lane_on_connected(struct step *step, uint32_t domain);
void lane_on_lane(struct step *step, const struct event *event);
void lane_on_signed(struct step *step, const struct event *event);
void lane_on_submitted(struct step *step, const struct event *event);
void lane_on_receipt(struct step *step, const struct event *event);
void lane_on_operator(struct step *step, const struct event *event);
/* False: no room in this step; the due row stays first and the core is woken at once. */
bool blocks_on_due(struct step *step, const struct hash *id);
bool tree_on_due(struct step *step, const struct hash *id);
bool tree_begin_on_due(struct step *step, const struct hash *id);
bool message_on_due(struct step *step, enum due_kind kind, const struct hash *id);

/* ---- tree: what messages ask ---- */
/* The leaf of a message in its origin's tree, and back; false: not inserted in a final block. */
bool tree_leaf_index(struct step *step, uint32_t domain, const struct hash *message_id,
                     uint32_t *ret_index);
bool tree_leaf_id(struct step *step, uint32_t domain, uint32_t index, struct hash *ret_message_id);
/* True: the tree is there, from leaf `ret_first` on; false: its beginning is being asked for. */
bool tree_is_begun(struct step *step, uint32_t domain, uint32_t *ret_first);
/* True: the tree began after this leaf, and too few of the leaves beside it are known to prove it.
 */
bool tree_is_before(struct step *step, uint32_t domain, uint32_t index);
/* The leaf count as of now; leaves may be missing below the first block that was read. */
uint32_t tree_leaves_count(struct step *step, uint32_t domain);
/* Every leaf of the past is known: those before the tree's beginning can be proved from now on.
 * False: it has not begun yet; try again later. */
bool tree_is_whole(struct step *step, uint32_t domain);
/* Makes what proofs need of up to `leaves_max` leaves from `*count` on. False: no leaf is left. */
bool tree_mend(struct step *step, uint32_t domain, uint32_t *count, uint32_t leaves_max);
/* The root of the first `count` leaves. False: some of them are missing. */
bool tree_root_at(struct step *step, uint32_t domain, uint32_t count, struct hash *ret_root);
/* For ism_evidence.prove; the context is a struct tree_prover. */
struct tree_prover {
    struct step *step;
    uint32_t domain;
    uint32_t index; /* of the leaf */
};
MUST_USE enum status tree_prove(void *context, uint32_t count, struct hash ret_proof[MERKLE_DEPTH]);
bool lane_on_due(struct step *step, const struct hash *id);

/* ---- capital: events that belong to ledger, move and plan ---- */
void capital_on_start(struct step *step);
void capital_on_positions(struct step *step, const struct event *event);
void capital_on_prepared(struct step *step, const struct event *event); /* and LEG_VENUE */
void capital_on_planned(struct step *step, const struct event *event);
void capital_on_operator(struct step *step, const struct event *event);
void capital_on_due(struct step *step, enum due_kind kind, const struct hash *id);

#endif
