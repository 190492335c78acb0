/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/guard.h"

#include "relay/base/check.h"

#define WHOLE_BPS UINT64_C(10000)
#define SLACK_PER UINT64_C(1000) /* of a debt: what is less is its interest's */

/* What the collateral must be worth, at its thresholds; false: more than there is. */
static bool guard_wanted(const struct core_venue *venue, const struct amount *debt,
                         struct amount *ret_wanted)
{
    const struct amount floor = amount_from_u64(venue->health_min.value);
    const uint64_t shock = venue->price_shock.value;

    if (shock >= WHOLE_BPS) {
        return false; /* nothing guards against prices of nothing */
    }
    const struct amount left = amount_from_u64(WHOLE_BPS - shock);
    return amount_scale_ceil(debt, &floor, &left, ret_wanted) == STATUS_OK;
}

/* A whole token in base units. False: out of range. */
static bool whole_token(uint32_t decimals, struct amount *ret_unit)
{
    const struct amount ten = amount_from_u64(10);

    *ret_unit = amount_from_u64(1);
    for (uint32_t i = 0; i < decimals; i++) {
        if (amount_multiply(ret_unit, &ten, ret_unit) != STATUS_OK) {
            return false;
        }
    }
    return true;
}

/* Tokens for so much of the guard; false: the asset guards nothing, or it is out of range. */
static bool tokens_for(const struct venue_state *state, uint32_t decimals,
                       const struct amount *guard, bool up, struct amount *ret_tokens)
{
    struct amount unit;

    if (!whole_token(decimals, &unit)) {
        return false;
    }
    return (up ? amount_scale_ceil(guard, &unit, &state->unit_guard, ret_tokens)
               : amount_scale_floor(guard, &unit, &state->unit_guard, ret_tokens)) == STATUS_OK;
}

struct amount guard_least(const struct core_venue *venue, const struct venue_state *state,
                          uint32_t decimals)
{
    struct amount wanted;
    struct amount difference;
    struct amount tokens;
    struct amount least;

    if (venue->health_min.value == 0 || amount_is_zero(&state->account_debt)) {
        return amount_zero();
    }
    if (!guard_wanted(venue, &state->account_debt, &wanted)) {
        return amount_max();
    }
    if (amount_subtract(&wanted, &state->account_guard, &difference) == STATUS_OK) {
        return amount_is_zero(&difference) ? state->supplied
               : tokens_for(state, decimals, &difference, true, &tokens) &&
                       amount_add(&state->supplied, &tokens, &least) == STATUS_OK
                   ? least
                   : amount_max();
    }
    const enum status status = amount_subtract(&state->account_guard, &wanted, &difference);
    CHECK(status == STATUS_OK); /* it is the larger one */
    if (!tokens_for(state, decimals, &difference, false, &tokens)) {
        return amount_zero(); /* other assets guard it, and this one does not */
    }
    return amount_subtract(&state->supplied, &tokens, &least) == STATUS_OK ? least : amount_zero();
}

struct amount guard_excess(const struct core_venue *venue, const struct venue_state *state)
{
    const struct amount floor = amount_from_u64(venue->health_min.value);
    const uint64_t shock = venue->price_shock.value;
    const struct amount left = amount_from_u64(shock < WHOLE_BPS ? WHOLE_BPS - shock : 0);
    struct amount guarded;
    struct amount excess;

    if (venue->health_min.value == 0) {
        return amount_zero();
    }
    if (amount_scale_floor(&state->account_guard, &left, &floor, &guarded) != STATUS_OK) {
        return amount_zero(); /* more than any debt */
    }
    return amount_subtract(&state->account_debt, &guarded, &excess) == STATUS_OK ? excess
                                                                                 : amount_zero();
}

static struct amount debt_slack(const struct venue_state *state)
{
    const struct amount parts = amount_from_u64(SLACK_PER);
    struct amount slack;
    const enum status status = amount_div_floor(&state->account_debt, &parts, &slack);

    CHECK(status == STATUS_OK); /* by a thousand */
    return slack;
}

bool guard_owes_too_much(const struct core_venue *venue, const struct venue_state *state)
{
    const struct amount excess = guard_excess(venue, state);
    const struct amount slack = debt_slack(state);

    return amount_compare(&excess, &slack) > 0;
}

struct amount guard_payment(const struct venue_state *state, uint32_t decimals,
                            const struct amount *excess)
{
    const struct amount slack = debt_slack(state);
    struct amount unit;
    struct amount paid;
    struct amount tokens;

    return whole_token(decimals, &unit) && amount_add(excess, &slack, &paid) == STATUS_OK &&
                   amount_scale_ceil(&paid, &unit, &state->unit_debt, &tokens) == STATUS_OK
               ? tokens
               : amount_max();
}

struct venue_state guard_at_price(const struct venue_state *state, uint32_t decimals,
                                  const struct amount *price_low)
{
    struct venue_state seen = *state;
    struct amount unit;
    struct amount part;
    struct amount kept;
    struct amount lost;

    if (amount_compare(price_low, &state->unit_price) >= 0 || amount_is_zero(&state->unit_guard)) {
        return seen;
    }
    if (!whole_token(decimals, &unit) ||
        amount_scale_ceil(&state->supplied, &state->unit_guard, &unit, &part) != STATUS_OK ||
        amount_scale_floor(&part, price_low, &state->unit_price, &kept) != STATUS_OK ||
        amount_scale_floor(&state->unit_guard, price_low, &state->unit_price, &seen.unit_guard) !=
            STATUS_OK) {
        seen.account_guard = amount_zero();
        seen.unit_guard = amount_zero();
        return seen;
    }
    const enum status status = amount_subtract(&part, &kept, &lost);
    CHECK(status == STATUS_OK); /* it was scaled down */
    if (amount_subtract(&state->account_guard, &lost, &seen.account_guard) != STATUS_OK) {
        seen.account_guard = amount_zero();
    }
    return seen;
}

bool guard_is_low(const struct core_venue *venue, const struct venue_state *state,
                  uint32_t decimals)
{
    const struct amount least = guard_least(venue, state, decimals);

    return amount_compare(&state->supplied, &least) < 0;
}
