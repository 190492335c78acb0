/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/capital/guard.h"

#include "relay/base/check.h"

#define WHOLE_BPS UINT64_C(10000)

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

/* Tokens for so much of the guard; false: the asset guards nothing, or it is out of range. */
static bool tokens_for(const struct venue_state *state, uint32_t decimals,
                       const struct amount *guard, bool up, struct amount *ret_tokens)
{
    struct amount unit = amount_from_u64(1);
    const struct amount ten = amount_from_u64(10);

    for (uint32_t i = 0; i < decimals; i++) {
        if (amount_multiply(&unit, &ten, &unit) != STATUS_OK) {
            return false;
        }
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

bool guard_is_low(const struct core_venue *venue, const struct venue_state *state,
                  uint32_t decimals)
{
    const struct amount least = guard_least(venue, state, decimals);

    return amount_compare(&state->supplied, &least) < 0;
}
