/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/policy.h: which messages are delivered: lists of rules over a message's
 * fields, and what must have been paid for its delivery.
 *
 * The lists are those of the reference relayer, in its order: whitelist, blacklist, addresses, and
 * then block lists, whose entries have a reason and may have an end. Of the rules about payment the
 * first that matches holds; where there is none nothing has to be paid.
 *
 * Pure: the same policy, message and instant give the same answer. Threads: none. */
#ifndef SLUICE_RELAY_CORE_MESSAGE_POLICY_H
#define SLUICE_RELAY_CORE_MESSAGE_POLICY_H

#include "relay/core/config.h"
#include "relay/core/reason.h"
#include "relay/hyperlane/message.h"

struct policy_verdict {
    enum reason reason;   /* REASON_NONE: deliver; REASON_NOT_WHITELISTED, REASON_BLACKLISTED,
                             REASON_ADDRESS_BLACKLISTED, REASON_BLOCKED */
    struct instant until; /* REASON_BLOCKED: the end of the block; zero: none */
    const char *note;     /* REASON_BLOCKED: why it is there; else "". Borrowed from the policy */
};

/* True when every condition's rule exists, rules stand in order, and fractions are fractions. */
bool policy_is_sound(const struct core_policy *policy);

struct policy_verdict policy_judge(const struct core_policy *policy,
                                   const struct message_view *view, const struct hash *id,
                                   struct instant now);

/* What was paid at the origin for one message, less what its delivery has used up already. */
struct policy_paid {
    struct amount gas;
    struct amount payment;
    uint64_t gas_spent;      /* by transactions that were included and delivered nothing */
    struct amount fee_spent; /* the same in the destination's coin */
};

/* What the first rule that matches asks for. */
struct policy_demand {
    enum gas_demand kind;
    struct amount needed; /* of gas (QUOTED) or payment (MINIMUM); zero: nothing */
    struct amount paid;   /* in the same unit, less what was used up */
    struct address token; /* that it is paid in; zero: the origin's coin */
    bool is_met;
};

/* The token whose payments the first rule that matches counts; zero: the origin's coin. */
struct address policy_fee_token(const struct core_policy *policy, const struct message_view *view,
                                const struct hash *id);
/* True when payments in this token of this chain are told from those in its coin. */
bool policy_knows_token(const struct core_policy *policy, uint32_t domain,
                        const struct address *token);

/* `paid` is what was paid in that token. `gas`: what the delivery needs, as simulated; 0: not known
 * yet, then a GAS_DEMAND_QUOTED counts as met. What was used up is taken off gas as it is, and off
 * a MINIMUM at the rates of both coins, where there are such. */
struct policy_demand policy_gas(const struct core_policy *policy, const struct message_view *view,
                                const struct hash *id, const struct policy_paid *paid,
                                uint64_t gas);

/* The limit of the first rule that matches; NULL: none. Borrowed from the policy. */
const struct core_limit *policy_limit(const struct core_policy *policy,
                                      const struct message_view *view, const struct hash *id);

/* What a coin or token (zero: the chain's coin) is worth; NULL: not said. */
const struct core_rate *policy_rate(const struct core_policy *policy, uint32_t domain,
                                    const struct address *token);
/* In 10^-18 of the rates' unit, rounded down. False: more than an amount holds. */
bool policy_worth(const struct core_rate *rate, const struct amount *amount,
                  struct amount *ret_worth);
/* The same of what is spent, rounded up. */
bool policy_cost(const struct core_rate *rate, const struct amount *amount,
                 struct amount *ret_cost);

#endif
