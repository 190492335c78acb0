/* SPDX-License-Identifier: Apache-2.0 */
/* A spoke with two vaults: it obeys each order once, until its deadline, and moves exactly what the
 * order says or nothing. */
#include <string.h>

#include "relay/base/check.h"
#include "tests/sim/world.h"

#define NS_PER_SECOND 1000000000u

void spokes_open(struct world_chain *chain, uint64_t idle)
{
    chain->has_spoke = true;
    chain->tokens[WORLD_SPOKE] = amount_from_u64(idle);
    chain->venue_rates[0] = 40000000;
    chain->venue_rates[1] = 30000000;
}

static enum world_account venue_account(uint32_t venue)
{
    CHECK(venue < WORLD_VENUES);
    return (enum world_account)(WORLD_VENUE_FIRST + venue);
}

static bool was_obeyed(const struct world_chain *chain, const struct hash *order)
{
    for (uint32_t i = 0; i < chain->orders_count; i++) {
        if (hash_equal(&chain->orders[i], order)) {
            return true;
        }
    }
    return false;
}

const char *spokes_run_leg(struct world_chain *chain, const struct leg *leg)
{
    const bool enters = leg->venue.verb == VENUE_DEPOSIT;

    if (!chain->has_spoke || !address_equal(&leg->venue.spoke, &chain->spoke)) {
        return "there is no spoke";
    }
    if (leg->venue.index >= WORLD_VENUES || (!enters && leg->venue.verb != VENUE_WITHDRAW)) {
        return "UnknownVenue";
    }
    if (chain->world->clock->now_ns / NS_PER_SECOND > leg->venue.deadline_s) {
        return "OrderExpired";
    }
    if (was_obeyed(chain, &leg->id)) {
        return "OrderUsed";
    }
    const enum world_account venue = venue_account(leg->venue.index);
    if (!contracts_move_tokens(chain, enters ? WORLD_SPOKE : venue, enters ? venue : WORLD_SPOKE,
                               &leg->venue.amount)) {
        return "ERC20: transfer amount exceeds balance";
    }
    const uint32_t count = chain->orders_count + 1;
    CHECK(count <= WORLD_ORDERS_MAX);
    world_set(chain, &chain->orders[chain->orders_count], &leg->id, sizeof(leg->id));
    world_set(chain, &chain->orders_count, &count, sizeof(count));
    return NULL;
}

void spokes_run_action(struct world_chain *chain, const struct world_action *action)
{
    struct amount amount = amount_from_u64(action->amount);

    if (action->act == ACT_VENUE_RATE) {
        world_set(chain, &chain->venue_rates[action->to], &action->amount, sizeof(action->amount));
    } else if (action->act == ACT_VENUE_YIELD) {
        (void)contracts_move_tokens(chain, WORLD_USERS, venue_account(action->to), &amount);
    } else if (action->act == ACT_FUND) {
        (void)contracts_move_tokens(chain, WORLD_USERS, WORLD_SPOKE, &amount);
    } else {
        amount = amount_smaller(&amount, &chain->tokens[WORLD_SPOKE]);
        (void)contracts_move_tokens(chain, WORLD_SPOKE, WORLD_USERS, &amount);
    }
}

struct spoke_state spokes_state(const struct world_chain *chain)
{
    return (struct spoke_state){.spoke = chain->spoke,
                                .token = chain->token,
                                .idle = chain->tokens[WORLD_SPOKE],
                                .velocity_left = amount_max(),
                                .loss_left = amount_max()};
}

struct venue_state spokes_venue_state(const struct world_chain *chain, uint32_t venue)
{
    const struct amount supplied = chain->tokens[venue_account(venue)];
    struct venue_state state;

    memset(&state, 0, sizeof(state));
    state.spoke = chain->spoke;
    state.index = venue;
    state.gate = VENUE_OPEN;
    state.supplied = supplied;
    state.enter_max = amount_max();
    state.leave_max = supplied;
    state.pieces_count = 1;
    state.pieces[0].width = amount_max();
    state.pieces[0].rate_nano = chain->venue_rates[venue];
    return state;
}
