/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane_fees.c: what a transaction pays, and how that rises the longer it waits.
 *
 * A chain with a base fee: the priority fee is what others pay, within the configured bounds, and
 * the fee per gas leaves room for six full blocks in a row. A chain without one: the node's price.
 * Nothing is ever above fee_per_gas_max: what would have to be waits, and goes on when fees fall.
 *
 * A replacement raises both fees by an eighth and at least 1 wei, which is what pools ask, or to
 * what a new transaction would pay if that is more. */
#include "relay/base/check.h"
#include "relay/core/lane/lane_internal.h"

static struct amount larger(const struct amount *a, const struct amount *b)
{
    return amount_compare(a, b) < 0 ? *b : *a;
}

/* A price with an eighth, or for the hasty a quarter, above what the node would pay. */
static enum reason legacy_price(const struct lane *lane, const struct core_chain *config,
                                enum haste haste, struct price *ret_price)
{
    const struct amount numerator = amount_from_u64(haste == HASTE_USUAL ? 9 : 10);
    const struct amount eight = amount_from_u64(8);
    const struct amount asked = larger(&lane->row.gas_price, &config->priority_fee_per_gas);
    struct amount fee;

    if (amount_compare(&asked, &config->fee_per_gas_max) > 0) {
        return REASON_FEE_CEILING;
    }
    if (amount_scale_ceil(&asked, &numerator, &eight, &fee) != STATUS_OK) {
        fee = config->fee_per_gas_max;
    }
    fee = amount_smaller(&fee, &config->fee_per_gas_max);
    *ret_price = (struct price){.is_legacy = true, .fee = fee, .priority = fee, .likely = fee};
    return REASON_NONE;
}

/* What others pay, neither below the configured least nor above the configured most. */
static struct amount priority_of(const struct lane *lane, const struct core_chain *config,
                                 enum haste haste)
{
    const struct amount *asked =
        haste == HASTE_USUAL ? &lane->row.priority_usual : &lane->row.priority_hasty;
    const struct amount bounded = amount_smaller(asked, &config->priority_fee_max);

    return larger(&bounded, &config->priority_fee_per_gas);
}

enum reason lane_price(struct step *step, const struct lane *lane, const struct core_chain *config,
                       enum haste haste, struct price *ret_price)
{
    struct chain_row chain;
    struct amount needed;
    struct amount doubled;
    struct amount room;

    if (!blocks_chain(step, config->domain, &chain) || chain.head_number == 0) {
        return REASON_LANE_UNKNOWN;
    }
    if (lane->row.is_legacy) {
        return legacy_price(lane, config, haste, ret_price);
    }
    struct amount priority = priority_of(lane, config, haste);
    if (amount_add(&chain.base_fee, &config->priority_fee_per_gas, &needed) != STATUS_OK ||
        amount_compare(&needed, &config->fee_per_gas_max) > 0) {
        return REASON_FEE_CEILING;
    }
    /* Below the ceiling with the least priority fee: with as much more as there is room for. */
    const enum status status = amount_subtract(&config->fee_per_gas_max, &chain.base_fee, &room);
    CHECK(status == STATUS_OK);
    priority = amount_smaller(&priority, &room);
    if (amount_add(&chain.base_fee, &priority, &needed) != STATUS_OK) {
        return REASON_FEE_CEILING;
    }
    /* Twice the base fee outlasts six full blocks in a row, each an eighth dearer. */
    if (amount_add(&needed, &chain.base_fee, &doubled) != STATUS_OK) {
        doubled = config->fee_per_gas_max;
    }
    const struct amount fee = amount_smaller(&doubled, &config->fee_per_gas_max);
    *ret_price = (struct price){.fee = fee, .priority = priority, .likely = needed};
    return REASON_NONE;
}

static bool cost_of(const struct amount *fee, uint64_t gas_limit, const struct amount *more,
                    struct amount *ret_cost)
{
    const struct amount gas = amount_from_u64(gas_limit);

    return amount_multiply(fee, &gas, ret_cost) == STATUS_OK &&
           amount_add(ret_cost, more, ret_cost) == STATUS_OK;
}

enum reason lane_affords(const struct lane *lane, const struct core_chain *config,
                         const struct price *price, uint64_t gas_limit,
                         const struct event *prepared)
{
    const struct amount waiting = amount_from_u64((uint64_t)lane->row.waiting_count + 1);
    struct amount cost;
    struct amount most;

    if (!cost_of(&price->likely, gas_limit, &prepared->prepared.data_fee, &cost) ||
        (!amount_is_zero(&config->transaction_fee_max) &&
         amount_compare(&cost, &config->transaction_fee_max) > 0)) {
        return REASON_FEE_CEILING;
    }
    if (!cost_of(&price->fee, gas_limit, &prepared->prepared.value, &most) ||
        amount_add(&most, &prepared->prepared.data_fee, &most) != STATUS_OK ||
        amount_compare(&most, &lane->row.balance) > 0) {
        return REASON_INSUFFICIENT_FUNDS;
    }
    /* Pools want what is waiting paid for as well; most of it costs about the same. */
    if (amount_multiply(&most, &waiting, &most) != STATUS_OK ||
        amount_compare(&most, &lane->row.balance) > 0) {
        return REASON_LANE_FULL;
    }
    return REASON_NONE;
}

bool lane_raise(const struct amount *old, struct amount *ret_raised)
{
    const struct amount nine = amount_from_u64(9);
    const struct amount eight = amount_from_u64(8);
    const struct amount one = amount_from_u64(1);
    struct amount plus_one;

    if (amount_scale_ceil(old, &nine, &eight, ret_raised) != STATUS_OK ||
        amount_add(old, &one, &plus_one) != STATUS_OK) {
        return false;
    }
    *ret_raised = larger(ret_raised, &plus_one);
    return true;
}

enum haste lane_haste(const struct step *step, const struct core_chain *config,
                      const struct intent_row *intent)
{
    const struct duration half = {.ns = config->inclusion_deadline.ns / 2};

    if (half.ns == 0) {
        return intent->attempts_count > 1 ? HASTE_HASTY : HASTE_USUAL;
    }
    return instant_is_past(instant_after(intent->since, half), step->now) ? HASTE_HASTY
                                                                          : HASTE_USUAL;
}

bool lane_is_overdue(const struct step *step, const struct core_chain *config,
                     const struct intent_row *intent, uint64_t head)
{
    const struct duration quarter = {.ns = config->inclusion_deadline.ns / 4};

    if (head - intent->asked_block >= LANE_REPLACE_BLOCKS) {
        return true;
    }
    return quarter.ns != 0 && head > intent->asked_block &&
           instant_is_past(instant_after(intent->attempt_at, quarter), step->now);
}

bool lane_raised_price(struct step *step, const struct lane *lane, const struct core_chain *config,
                       const struct intent_row *intent, struct price *ret_price)
{
    const struct attempt *last = &intent->attempts[intent->attempts_count - 1];
    struct price now;
    struct price raised = {.is_legacy = lane->row.is_legacy};

    if (!lane_raise(&last->fee_per_gas_max, &raised.fee) ||
        !lane_raise(&last->priority_fee_per_gas, &raised.priority)) {
        return false;
    }
    if (lane_price(step, lane, config, lane_haste(step, config, intent), &now) == REASON_NONE) {
        raised.fee = larger(&raised.fee, &now.fee);
        raised.priority = larger(&raised.priority, &now.priority);
    }
    raised.priority = raised.is_legacy ? raised.fee : raised.priority;
    if (amount_compare(&raised.fee, &config->fee_per_gas_max) > 0 ||
        amount_compare(&raised.priority, &raised.fee) > 0) {
        return false;
    }
    raised.likely = raised.fee;
    *ret_price = raised;
    return true;
}
