/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/capital_world.h: three imaginary chains for the tests of ledger, move and plan.
 *
 * The world keeps its own simple truth (what every account holds) and gives the facts that follow
 * from it, as final ones, to the real modules over real rows. After every step it checks that
 * debits equal credits. The lane is imaginary: it takes what it is told to take.
 *
 * Chains are 1, 2 and 3; each has a router, its bridge, and the same key address. One world at a
 * time. A helper that fails stops the test. */
#ifndef SLUICE_TESTS_SUPPORT_CAPITAL_WORLD_H
#define SLUICE_TESTS_SUPPORT_CAPITAL_WORLD_H

#include "relay/core/capital/capital_view.h"
#include "relay/core/step.h"
#include "relay/hyperlane/message.h"
#include "tests/support/unit.h"

#define WORLD_CHAINS    3u
#define WORLD_NOTES_MAX 256u
#define WORLD_SYMBOL    "USDC"

struct world_note {
    enum note_level level;
    enum reason reason;
    uint32_t domain;
};

/* What the world holds on one chain. */
struct world_truth {
    uint64_t router;
    uint64_t bridge;
    uint64_t key;
    uint64_t supply; /* of world_synthetic, on the chain that has it */
};

struct world_chain {
    struct world_truth truth;
    struct world_truth asked_truth; /* at the block that was asked about */
    bool asked;
    uint64_t asked_block;
    struct hash asked_hash;
    uint64_t block; /* the one that facts go to */
    uint32_t log_index;
    uint64_t transactions;
    bool running;
};

/* A spoke on one chain, and what it says of one sibling. */
struct world_spoke {
    struct spoke_state state; /* its address is zero: there is none */
    struct amount unbooked;   /* tokens that it holds beside what is idle */
    struct spoke_flow flow;   /* its sibling is zero: it says nothing */
};

struct world {
    struct core_config config;
    struct step step;
    struct world_chain chains[WORLD_CHAINS + 1]; /* by domain */
    struct world_note notes[WORLD_NOTES_MAX];
    uint32_t notes_count;
    bool plan_asked;
    struct hash plan_id;
    uint8_t network[65536];
    size_t network_count;
    uint32_t plans_asked; /* commands, repeats included */
    struct leg prepare;   /* newest */
    uint32_t prepares;
    uint32_t read_positions; /* commands */
    struct leg offered;      /* newest leg that the lane took */
    uint32_t offers_taken;
    enum reason lane_answer; /* what lane_offer says */
    uint64_t fee_native;     /* what bridges ask per move */
    uint64_t fee_token_ppm;
    uint64_t base_fee;               /* wei per gas, on every chain */
    uint64_t final_number;           /* of every chain, for who asks */
    uint32_t nonce;                  /* of messages */
    bool one_transaction;            /* deliveries do not begin transactions of their own */
    bool restarts;                   /* a crash and a new start after every step */
    const struct vault_state *vault; /* answered on chain 1 when not NULL */
    /* Likewise, with what it holds idle and `venues_count` venues of it. */
    const struct spoke_state *spoke;
    uint32_t spokes_more; /* behind it: at most one, of the same contract and another asset */
    const struct venue_state *venues;
    uint32_t venues_count;
    struct world_spoke spokes[WORLD_CHAINS + 1]; /* by domain; instead of the one above */
    /* Said on chain 1, at a block of this time (zero: not known). */
    const struct feed_state *feeds;
    uint32_t feeds_count;
    uint64_t time_s;
    uint32_t receipt_domain; /* where legs are final; zero: chain 1 */
};

struct world *world_new(enum route_mode mode);
void world_free(struct world *world);

/* ---- steps ---- */
/* Between these two calls the modules may be called with &world->step. The end makes the rows
 * durable and checks the books. */
void world_begin(struct world *world);
void world_end(struct world *world);
/* A crash and a new start: everything but the durable rows is gone. */
void world_restart(struct world *world);
/* Lets time pass in small pieces; due rows fire. */
void world_wait(struct world *world, uint64_t ms);

/* ---- what happens on chains ---- */
struct address world_router(uint32_t domain);
struct address world_bridge(uint32_t domain);
struct address world_key(void);
struct address world_user(void);
/* One fact of the current transaction of the chain, in its own step. */
void world_fact(struct world *world, uint32_t domain, struct fact fact);
void world_transaction_begin(struct world *world, uint32_t domain);
/* A token transfer; the truth follows it. */
void world_transfer(struct world *world, uint32_t domain, struct address from, struct address to,
                    uint64_t amount);
/* A user sends over the routers. Returns the message's id. */
struct hash world_user_sends(struct world *world, uint32_t from, uint32_t to, uint64_t amount);
/* The Dispatch of a user's transfer alone, in the current transaction. */
void world_dispatches(struct world *world, uint32_t from, uint32_t to, uint64_t amount);
/* The id that the next such message will have: for deliveries that are told before the sending. */
struct hash world_next_user_id(const struct world *world, uint32_t from, uint32_t to,
                               uint64_t amount);
struct hash world_next_move_id(const struct world *world, uint32_t from, uint32_t to,
                               uint64_t amount);
void world_user_is_paid(struct world *world, uint32_t from, uint32_t to, struct hash id,
                        uint64_t amount);
/* A router on this chain that mints what the others lock, with this much minted already. What it
 * mints and burns is in truth.supply, which the caller keeps. */
void world_add_synthetic(struct world *world, uint32_t domain, uint64_t supply);
struct address world_synthetic(uint32_t domain);
/* One fact each, in the current transaction: the Dispatch of a token message, which returns its id;
 * what a router says of a transfer by world_user; and ProcessId, which begins a transaction. */
struct hash world_dispatch(struct world *world, const struct message_view *ends,
                           struct address receiver, uint64_t amount);
void world_remote(struct world *world, enum fact_kind kind, uint32_t domain, struct address router,
                  uint32_t remote, uint64_t amount);
void world_process(struct world *world, uint32_t domain, struct hash id);
/* router.rebalance by `rebalancer`; the bridge takes `fee` more, which the key pays. */
struct hash world_rebalances(struct world *world, uint32_t from, uint32_t to, uint64_t amount,
                             uint64_t fee, struct address rebalancer);
void world_rebalance_arrives(struct world *world, uint32_t to, struct hash id, uint64_t amount);
/* The chain's current block becomes final, and a next one begins. */
void world_final(struct world *world, uint32_t domain);
/* Answers an open question about balances, with the truth at the block asked about. */
void world_answer_positions(struct world *world, uint32_t domain);
/* Final blocks on all chains and answers: every chain is reconciled at its newest block. */
void world_reconcile(struct world *world);
/* A user takes `amount` from one router and leaves it at another; then all is reconciled. */
void world_unbalance(struct world *world, uint32_t from, uint32_t to, uint64_t amount);

/* ---- plans and moves ---- */
/* Solves the open question with the real routing core. */
void world_answer_plan(struct world *world);
/* Lets time pass and answers until a plan is there or `ms` are over. */
bool world_plans(struct world *world, uint64_t ms);
void world_prepared(struct world *world, enum outcome outcome);
void world_leg_end(struct world *world, struct hash id, enum leg_end end);

/* ---- what there is ---- */
struct row_source world_source(struct world *world);
uint64_t world_balance(struct world *world, enum account_kind kind, uint32_t domain,
                       struct address address);
/* A balance on the debit side is positive. */
int64_t world_signed(struct world *world, enum account_kind kind, uint32_t domain,
                     struct address address);
/* Of all routers together, from the view. */
uint64_t world_total(struct world *world);
struct capital_position world_position(struct world *world, uint32_t domain);
enum ledger_state world_ledger_state(struct world *world, uint32_t domain);
struct plan_asset world_asset(struct world *world);
struct plan_row world_plan(struct world *world, struct hash id);
struct move_row world_move(struct world *world, struct hash id);
uint32_t world_notes(const struct world *world, enum reason reason);

#endif
