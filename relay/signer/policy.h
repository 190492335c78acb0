/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/policy.h: what a custodian allows, and whether one request is inside it, judged from
 * the request's own bytes alone.
 *
 * What needs memory (nonces, budgets, checkpoints signed before) is judged afterwards by
 * relay/signer/signer.h. Everything that is not allowed is refused: an unknown chain, contract,
 * function, destination or bridge, and any byte that the functions below have no place for.
 *
 * Threads: none; pure. Memory: the caller's. Units: wei, gas, and base units of the token. */
#ifndef SLUICE_RELAY_SIGNER_POLICY_H
#define SLUICE_RELAY_SIGNER_POLICY_H

#include "chains/evm/tx.h"
#include "proto/wire.h"
#include "relay/base/limits.h"

#define POLICY_RULES_MAX        32u /* of one chain */
#define POLICY_BRIDGES_MAX      16u /* of one rule */
#define POLICY_DESTINATIONS_MAX CHAINS_MAX
#define POLICY_APPROVERS_MAX    16u
#define POLICY_VENUES_MAX       32u  /* of one rule */
#define POLICY_PLACES_MAX       128u /* of a mandate */

/* One function of one contract. A cancel (nothing to ourselves) needs no rule. */
struct policy_rule {
    /* Any but LEG_CANCEL: it fixes the function. The calls inside a LEG_BATCH each need a rule of
     * LEG_PROCESS as well. */
    enum leg_kind leg;
    enum venue_verb verb;   /* with this, for a LEG_VENUE */
    enum hub_verb hub_verb; /* and this, for a LEG_HUB */
    struct address contract;
    /* LEG_REBALANCE alone: */
    struct address
        guard; /* the router is moved through it and never directly; zero: there is none */
    struct address token; /* LEG_CROSSING alone: what goes */
    /* LEG_REBALANCE and LEG_CROSSING: */
    struct address bridges[POLICY_BRIDGES_MAX];
    uint32_t bridges_count;
    uint32_t destinations[POLICY_DESTINATIONS_MAX]; /* domains */
    uint32_t destinations_count;
    /* LEG_VENUE alone: places in the spoke's list */
    uint32_t venues[POLICY_VENUES_MAX];
    uint32_t venues_count;
    /* Of all three: */
    struct amount amount_max;          /* of one move */
    struct amount amount_per_hour_max; /* of all moves through this contract */
};

struct policy_chain {
    char name[NAME_BYTES_MAX];
    uint32_t domain;
    uint64_t chain_id;
    uint64_t gas_limit_max;
    struct amount fee_per_gas_max;
    struct amount value_max;          /* of one transaction */
    struct amount spend_per_hour_max; /* value + gas limit * fee ceiling, over any 60 minutes */
    struct policy_rule rules[POLICY_RULES_MAX];
    uint32_t rules_count;
    bool validates;           /* the two below are set */
    struct address tree_hook; /* checkpoints are signed for this hook alone */
    struct address mailbox;   /* announcements name this mailbox alone */
    bool lookups;             /* questions to servers that prove to modules here are signed */
};

/* A place that the mandate names, and what it may hold (relay/signer/shares.h). */
struct policy_place {
    uint32_t domain;
    struct address contract; /* router or spoke */
    uint32_t venue;          /* of a spoke, from 1; 0: the spoke with all its venues, or a router */
    bool is_router;
    uint32_t asset;    /* its number in the mandate */
    struct amount cap; /* zero: none, like the three below */
    struct amount floor;
    struct bps cap_share; /* of all routers, or of all spokes, of the asset */
    struct bps floor_share;
    struct amount buffer; /* of a spoke: what stays idle; zero: none */
    uint32_t issuer; /* of a venue: its number in the mandate, from 1; 0: nobody who is bounded */
    struct bps issuer_cap_share;
};

struct policy {
    enum signer_mode mode;
    /* What a move's plan must be made under. SIGNER_MODE_PROPOSE has one. */
    bool has_mandate;
    struct hash mandate;
    struct address approvers[POLICY_APPROVERS_MAX]; /* SIGNER_MODE_PROPOSE: any one of them */
    uint32_t approvers_count;
    struct policy_place places[POLICY_PLACES_MAX]; /* of the mandate's file; none without it */
    uint32_t places_count;
    struct policy_chain chains[CHAINS_MAX];
    uint32_t chains_count;
};

/* Which rule said no; the text tells people. */
enum refusal_kind {
    REFUSAL_NONE = 0,
    REFUSAL_KEY,         /* not held here, or not for this */
    REFUSAL_CHAIN,       /* domain not configured, or another chain id inside */
    REFUSAL_FAMILY,      /* an encoding that cannot be decoded here */
    REFUSAL_MALFORMED,   /* not a transaction, or not exactly the function's arguments */
    REFUSAL_MODE,        /* capital does not move in this mode */
    REFUSAL_FUNCTION,    /* contract and function are not on the list, or not for this leg */
    REFUSAL_VALUE,       /* more native value than allowed here */
    REFUSAL_GAS,         /* gas limit or fee above the ceiling */
    REFUSAL_DESTINATION, /* of a rebalance or of a message */
    REFUSAL_BRIDGE,
    REFUSAL_AMOUNT,     /* one move too large */
    REFUSAL_BUDGET,     /* the hour's amount or spend is used up */
    REFUSAL_NONCE,      /* another payload holds this nonce, or the fees are not higher */
    REFUSAL_LEG,        /* the move was signed under another nonce */
    REFUSAL_CHECKPOINT, /* another root or message is signed for this index */
    REFUSAL_CONTRACT,   /* another tree hook or mailbox than configured */
    REFUSAL_LOCATION,
    REFUSAL_PLAN,     /* the move is not the one of the plan that came with it */
    REFUSAL_MANDATE,  /* the plan was made under another mandate */
    REFUSAL_APPROVAL, /* no approver signed the plan */
    REFUSAL_EXPIRED,  /* the approval was for earlier */
    REFUSAL_ORDER,    /* the order is not of the request's leg */
    REFUSAL_VENUE,
    REFUSAL_LOOKUP, /* not allowed here, or no address of a web server */
    REFUSAL_SHARE,  /* the plan would bring a place above its cap or below its floor */
};

struct refusal {
    enum refusal_kind kind;
    char text[REASON_BYTES_MAX + 1];
};

/* Writes the kind and a bounded text; returns false so that a check can end with it. */
bool refuse(struct refusal *refusal, enum refusal_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a guard or a spoke obeys once, until its deadline, whatever is sent. */
struct policy_order {
    struct hash leg;
    struct hash mandate;
    uint64_t deadline_s;
};

/* What a rebalance says; a guard's begins with its order. */
struct policy_rebalance {
    bool guarded;
    struct policy_order order;
    struct address router;
    uint32_t destination;
    struct amount amount;
    struct address bridge;
};

/* What a spoke is asked to do with a venue. */
struct policy_venue {
    struct policy_order order;
    uint64_t index;
    struct amount amount;
};

/* What a spoke is asked to send to its sibling on a chain. */
struct policy_crossing {
    struct policy_order order;
    struct address bridge;
    uint32_t destination;
    struct address token;
    struct amount amount;
};

/* A transaction inside the policy. Pointers are borrowed from the policy and the request. */
struct policy_transaction {
    const struct policy_chain *chain;
    const struct policy_rule *rule; /* NULL: a cancel */
    struct evm_transaction transaction;
    struct policy_rebalance rebalance; /* of a LEG_REBALANCE */
    struct policy_venue venue;         /* of a LEG_VENUE */
    struct policy_crossing crossing;   /* of a LEG_CROSSING */
    struct amount moved;               /* by one of these three: base units; else 0 */
    uint64_t expires_s;                /* of the approval that the mode wants; 0: it wants none */
    struct amount spend;               /* value + gas limit * fee ceiling, in wei */
};

/* True: allowed as far as the bytes show. False: `*ret_refusal` says why. */
MUST_USE bool policy_allows_transaction(const struct policy *policy,
                                        const struct wire_request *request,
                                        struct policy_transaction *ret_transaction,
                                        struct refusal *ret_refusal);
MUST_USE bool policy_allows_checkpoint(const struct policy *policy,
                                       const struct wire_request *request,
                                       struct refusal *ret_refusal);
MUST_USE bool policy_allows_announcement(const struct policy *policy,
                                         const struct wire_request *request,
                                         struct refusal *ret_refusal);

MUST_USE bool policy_allows_lookup(const struct policy *policy, const struct wire_request *request,
                                   struct refusal *ret_refusal);

/* Sets the rule's leg, and verb, to those of this name: process, rebalance, announce, batch,
 * deposit, withdraw, borrow, repay, bridge, settle, close_round, settle_round, invest, recall,
 * report or pay_hub. STATUS_NOT_FOUND: there is none. */
MUST_USE enum status policy_find_leg(struct bytes name, struct policy_rule *rule);
/* Whether it moves capital: then it has amounts, and belongs to a plan. */
bool policy_moves(enum leg_kind leg);
/* The function's signature, as the rule has it called. Static memory. */
const char *policy_function_text(const struct policy_rule *rule);

#endif
