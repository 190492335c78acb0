/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_limits.c: what the delivery of a message may cost and must bring, by
 * the limit that its route has (`delivery_limits` in the configuration).
 *
 *   looked at before anything is asked ---> price, budget, what was paid: no -> later, with words
 *   looked at again once it is simulated -> the same with its gas: yes -> its cost is reserved
 *   sent -> ended -> what it really cost is spent, the rest of what was reserved is free
 *
 * Invariants
 *   1. Of one limit and destination: spent in this window + reserved is at most the budget when a
 *      delivery begins. Only fees that had to be raised afterwards can go beyond it, and they
 * count.
 *   2. What is reserved is the sum of `reserved` of the messages that name the budget.
 *   3. A price that is not known is not zero: nothing is delivered for a profit that cannot be
 *      counted. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/message/policy.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define RATE_DECIMALS 18u
#define COIN_DECIMALS 18u

#define LIMIT_PRICE_WAIT  DURATION_MS(60000)  /* before gas is looked at again */
#define LIMIT_BUDGET_WAIT DURATION_MS(60000)  /* before what is under way has ended, perhaps */
#define LIMIT_PROFIT_WAIT DURATION_MS(600000) /* a payment wakes it before */

static const struct address the_coin = {{0}};

static struct amount plus(const struct amount *a, const struct amount *b)
{
    struct amount sum;

    return amount_add(a, b, &sum) == STATUS_OK ? sum : amount_max();
}

static struct amount minus(const struct amount *a, const struct amount *b)
{
    struct amount rest;

    return amount_subtract(a, b, &rest) == STATUS_OK ? rest : amount_zero();
}

static struct amount times(const struct amount *fee, uint64_t gas)
{
    const struct amount count = amount_from_u64(gas);
    struct amount product;

    return amount_multiply(fee, &count, &product) == STATUS_OK ? product : amount_max();
}

static const struct core_limit *limit_of(struct step *step, const struct message *message)
{
    struct message_view view;

    if (step->config->policy.limits_count == 0 || !message_view_of(step, message, &view)) {
        return NULL;
    }
    return policy_limit(&step->config->policy, &view, &message->id);
}

struct amount message_fee_max(struct step *step, const struct message *message)
{
    const struct core_limit *limit = limit_of(step, message);

    return limit == NULL ? amount_zero() : limit->fee_per_gas_max;
}

/* ---- budgets ---- */

static struct hash budget_of(const struct core_limit *limit)
{
    struct hash name;

    static_assert(sizeof(limit->name) == sizeof(name.bytes), "a name is a key");
    memcpy(name.bytes, limit->name, sizeof(name.bytes));
    return name;
}

static uint64_t window_of(const struct core_limit *limit, struct instant now)
{
    return limit->window.ns == 0 ? 0 : now.ns / limit->window.ns;
}

/* In the window of now, if the limit is still there. */
static struct budget_row budget_get(struct step *step, const struct hash *name,
                                    uint32_t destination)
{
    const struct core_policy *policy = &step->config->policy;
    uint8_t memory[BUDGET_KEY_BYTES];
    struct budget_row budget;
    struct bytes value;

    memset(&budget, 0, sizeof(budget));
    if (step_get(step, budget_key(memory, name, destination), &value) &&
        budget_row_unpack(value, &budget) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
    }
    for (uint32_t i = 0; i < policy->limits_count; i++) {
        const struct hash other = budget_of(&policy->limits[i]);
        const uint64_t window = window_of(&policy->limits[i], step->now);
        if (hash_equal(&other, name) && budget.window != window) {
            budget.window = window;
            budget.spent = amount_zero();
        }
    }
    return budget;
}

static void budget_put(struct step *step, const struct hash *name, uint32_t destination,
                       const struct budget_row *budget)
{
    uint8_t key[BUDGET_KEY_BYTES];
    uint8_t memory[BUDGET_ROW_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    budget_row_pack(budget, &packer);
    step_put(step, budget_key(key, name, destination), packer_finish(&packer));
}

/* Gives back what is reserved; `cost` of it was spent. */
static void settle(struct step *step, struct message *message, const struct amount *cost)
{
    struct message_row *row = &message->row;

    if (hash_is_zero(&row->budget)) {
        return;
    }
    struct budget_row budget = budget_get(step, &row->budget, row->destination);
    budget.reserved = minus(&budget.reserved, &row->reserved); /* invariant 2 */
    budget.spent = plus(&budget.spent, cost);
    budget_put(step, &row->budget, row->destination, &budget);
    row->reserved = amount_zero();
    memset(&row->budget, 0, sizeof(row->budget));
}

void message_limits_release(struct step *step, struct message *message)
{
    const struct amount nothing = amount_zero();

    settle(step, message, &nothing);
}

static void say_budget(struct message *message, const struct core_limit *limit,
                       const struct budget_row *budget, const struct amount *needed)
{
    struct text text = text_from(limit->name);

    text_add(&text, ": ");
    text_add_units(&text, &budget->spent, COIN_DECIMALS);
    text_add(&text, " spent, ");
    text_add_units(&text, &budget->reserved, COIN_DECIMALS);
    text_add(&text, " under way, ");
    text_add_units(&text, needed, COIN_DECIMALS);
    text_add(&text, " needed of ");
    text_add_units(&text, &limit->budget, COIN_DECIMALS);
    message_say(message, &text);
}

/* Whether `needed` more fits; the message's own reservation was given back before. */
static enum reason check_budget(struct step *step, struct message *message,
                                const struct core_limit *limit, const struct amount *needed)
{
    if (amount_is_zero(&limit->budget)) {
        return REASON_NONE;
    }
    const struct hash name = budget_of(limit);
    const struct budget_row budget = budget_get(step, &name, message->row.destination);
    const struct amount used = plus(&budget.spent, &budget.reserved);
    const struct amount then = plus(&used, needed);
    if (amount_compare(&then, &limit->budget) <= 0) {
        return REASON_NONE; /* invariant 1 */
    }
    say_budget(message, limit, &budget, needed);
    return REASON_ROUTE_BUDGET;
}

static void reserve(struct step *step, struct message *message, const struct core_limit *limit,
                    const struct amount *needed)
{
    if (amount_is_zero(&limit->budget)) {
        return;
    }
    const struct hash name = budget_of(limit);
    struct budget_row budget = budget_get(step, &name, message->row.destination);
    budget.reserved = plus(&budget.reserved, needed);
    budget_put(step, &name, message->row.destination, &budget);
    message->row.reserved = *needed;
    message->row.budget = name;
}

/* ---- profit ---- */

/* Adds what was paid in one coin or token. False: it has no price, or is worth too much to count.
 */
static bool add_worth(struct step *step, const struct message *message, const struct address *token,
                      struct amount *worth)
{
    const struct policy_paid paid = message_paid(step, message, token);
    const struct core_rate *rate = policy_rate(&step->config->policy, message->row.origin, token);
    struct amount more;

    if (amount_is_zero(&paid.payment)) {
        return true;
    }
    if (rate == NULL || !policy_worth(rate, &paid.payment, &more)) {
        return false;
    }
    *worth = plus(worth, &more);
    return true;
}

static bool worth_of(struct step *step, const struct message *message, struct amount *ret_worth)
{
    const struct core_policy *policy = &step->config->policy;
    bool is_known = true;

    *ret_worth = amount_zero();
    is_known = add_worth(step, message, &the_coin, ret_worth);
    for (uint32_t i = 0; is_known && i < policy->rates_count; i++) {
        if (policy->rates[i].domain == message->row.origin &&
            !address_is_zero(&policy->rates[i].token)) {
            is_known = add_worth(step, message, &policy->rates[i].token, ret_worth);
        }
    }
    return is_known;
}

static void say_profit(const struct step *step, struct message *message,
                       const struct core_limit *limit, const struct amount *worth,
                       const struct amount *cost)
{
    struct text text = text_from("paid ");

    text_add_units(&text, worth, RATE_DECIMALS);
    text_add(&text, ", costs ");
    text_add_units(&text, cost, RATE_DECIMALS);
    text_add(&text, ", profit wanted ");
    text_add_units(&text, &limit->profit_min, RATE_DECIMALS);
    text_add(&text, " ");
    text_add(&text, step->config->policy.currency);
    message_say(message, &text);
}

/* `spend`: what is going to be spent, in the destination's coin. */
static enum reason check_profit(struct step *step, struct message *message,
                                const struct core_limit *limit, const struct amount *spend)
{
    const struct core_rate *rate =
        policy_rate(&step->config->policy, message->row.destination, &the_coin);
    const struct amount all = plus(&message->row.fee_spent, spend);
    struct amount worth;
    struct amount cost;

    if (!limit->wants_profit) {
        return REASON_NONE;
    }
    if (rate == NULL || !policy_cost(rate, &all, &cost) || !worth_of(step, message, &worth)) {
        return REASON_RATE_UNKNOWN; /* invariant 3 */
    }
    const struct amount needed = plus(&cost, &limit->profit_min);
    if (amount_compare(&worth, &needed) >= 0) {
        return REASON_NONE;
    }
    say_profit(step, message, limit, &worth, &cost);
    return REASON_UNPROFITABLE;
}

/* ---- price ---- */

static enum reason check_price(struct message *message, const struct core_limit *limit,
                               const struct lane_quote *quote)
{
    struct text text = text_from("gas costs ");

    if (amount_is_zero(&limit->fee_per_gas_max) ||
        amount_compare(&quote->likely, &limit->fee_per_gas_max) <= 0) {
        return REASON_NONE;
    }
    text_add_amount(&text, &quote->likely);
    text_add(&text, " wei, at most ");
    text_add_amount(&text, &limit->fee_per_gas_max);
    text_add(&text, " are allowed");
    message_say(message, &text);
    return REASON_ROUTE_FEE_CEILING;
}

/* ---- the message ---- */

void message_limits_later(struct step *step, struct message *message, enum reason reason)
{
    const struct core_limit *limit = limit_of(step, message);
    struct duration wait = LIMIT_PRICE_WAIT;

    if (reason == REASON_UNPROFITABLE || reason == REASON_RATE_UNKNOWN) {
        wait = LIMIT_PROFIT_WAIT;
    }
    if (reason == REASON_ROUTE_BUDGET && limit != NULL && limit->window.ns > 0) {
        const struct hash name = budget_of(limit);
        const struct budget_row budget = budget_get(step, &name, message->row.destination);
        wait.ns = limit->window.ns - step->now.ns % limit->window.ns;
        if (!amount_is_zero(&budget.reserved) && wait.ns > LIMIT_BUDGET_WAIT.ns) {
            wait = LIMIT_BUDGET_WAIT; /* less may come of it than is reserved */
        }
    }
    message_later(step, message, reason, wait);
}

bool message_is_affordable(struct step *step, struct message *message)
{
    const struct core_limit *limit = limit_of(step, message);
    const struct core_chain *config = step_chain(step, message->row.destination);
    const struct amount nothing = amount_zero();
    const struct amount least = amount_from_u64(1);
    struct lane_quote quote;
    enum reason reason = REASON_NONE;

    if (limit == NULL || config == NULL) {
        return true;
    }
    /* What gas costs may not be known yet; it is when the message is offered. */
    if (lane_quote(step, config, &config->key, &quote) == REASON_NONE) {
        reason = check_price(message, limit, &quote);
    }
    if (reason == REASON_NONE) {
        reason = check_budget(step, message, limit, &least);
    }
    if (reason == REASON_NONE) {
        reason = check_profit(step, message, limit, &nothing);
    }
    if (reason != REASON_NONE) {
        message_limits_later(step, message, reason);
    }
    return reason == REASON_NONE;
}

enum reason message_within_limits(struct step *step, struct message *message,
                                  const struct address *key)
{
    const struct core_limit *limit = limit_of(step, message);
    const struct core_chain *config = step_chain(step, message->row.destination);
    struct lane_quote quote;

    message_limits_release(step, message); /* of the look before */
    if (limit == NULL || config == NULL) {
        return REASON_NONE;
    }
    enum reason reason = lane_quote(step, config, key, &quote);
    if (reason == REASON_NONE) {
        reason = check_price(message, limit, &quote);
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    if (!amount_is_zero(&limit->fee_per_gas_max)) {
        quote.most = amount_smaller(&quote.most, &limit->fee_per_gas_max);
    }
    const struct amount more = plus(&message->row.data_fee, &message->row.value);
    const struct amount gas = times(&quote.likely, message->row.gas);
    const struct amount gas_most = times(&quote.most, lane_gas_limit(message->row.gas));
    const struct amount likely = plus(&gas, &more);
    const struct amount most = plus(&gas_most, &more);
    reason = check_profit(step, message, limit, &likely);
    if (reason == REASON_NONE) {
        reason = check_budget(step, message, limit, &most);
    }
    if (reason == REASON_NONE) {
        reserve(step, message, limit, &most);
    }
    return reason;
}

/* ---- what it really cost ---- */

static struct amount cost_of(const struct event *receipt, const struct message *message,
                             uint32_t count)
{
    const struct amount fee = times(&receipt->receipt.gas_price, receipt->receipt.gas_used);
    const struct amount all = plus(&fee, &receipt->receipt.data_fee);
    const struct amount shares = amount_from_u64(count);
    struct amount share;

    if (amount_div_ceil(&all, &shares, &share) != STATUS_OK) {
        share = all;
    }
    return receipt->receipt.succeeded ? plus(&share, &message->row.value) : share;
}

void message_pay(struct step *step, struct message *message, const struct event *receipt,
                 uint32_t count)
{
    struct message_row *row = &message->row;
    const bool is_sent = row->state == MESSAGE_SENT || row->state == MESSAGE_INCLUDED;

    CHECK(count > 0);
    if (receipt == NULL) {
        message_limits_release(step, message);
        return;
    }
    const struct amount cost = cost_of(receipt, message, count);
    const uint64_t gas = receipt->receipt.gas_used / count + (count > 1 ? 1 : 0);
    settle(step, message, &cost);
    if (is_sent) { /* included, and it delivered nothing: a final ProcessId would have ended it */
        row->gas_spent = row->gas_spent > UINT64_MAX - gas ? UINT64_MAX : row->gas_spent + gas;
        row->fee_spent = plus(&row->fee_spent, &cost);
    }
}
