/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_orders.c: moves between a spoke and its venues, or those of its sibling on
 * another chain: their names, and the orders to the spokes that do them. */
#include <string.h>

#include "relay/base/approval.h"
#include "relay/core/plan/plan_internal.h"

#define NS_PER_SECOND 1000000000u

/* One end of a move: a spoke, and the venue in its list as moves name it. */
struct end {
    uint32_t spoke; /* in the configuration */
    uint32_t venue;
};

/* False: the tag is no spoke's and no venue's. */
static bool end_of(const struct core_config *config, uint32_t tag, struct end *ret_end)
{
    if (tag >= PLANNED_DEBT_FIRST && tag - PLANNED_DEBT_FIRST < config->venues_count) {
        const struct core_venue *venue = &config->venues[tag - PLANNED_DEBT_FIRST];
        *ret_end = (struct end){.spoke = venue->spoke, .venue = approval_debt(venue->index)};
        return venue->spoke < config->spokes_count;
    }
    if (tag >= PLANNED_VENUE_FIRST && tag - PLANNED_VENUE_FIRST < config->venues_count) {
        const struct core_venue *venue = &config->venues[tag - PLANNED_VENUE_FIRST];
        *ret_end = (struct end){.spoke = venue->spoke, .venue = venue->index + 1};
        return venue->spoke < config->spokes_count;
    }
    if (tag >= PLANNED_SPOKE_FIRST && tag - PLANNED_SPOKE_FIRST < config->spokes_count) {
        *ret_end = (struct end){.spoke = tag - PLANNED_SPOKE_FIRST};
        return true;
    }
    return false;
}

bool plan_venue_move(const struct core_config *config, const struct planned_move *planned,
                     struct plan_move *ret_move)
{
    struct end from;
    struct end to;

    if (!end_of(config, planned->from, &from) || !end_of(config, planned->to, &to) ||
        (from.spoke == to.spoke && from.venue == to.venue) || approval_is_debt(from.venue) ||
        (approval_is_debt(to.venue) && from.spoke != to.spoke)) {
        return false;
    }
    const struct core_spoke *source = &config->spokes[from.spoke];
    const struct core_spoke *target = &config->spokes[to.spoke];
    if (source != target && !plan_spoke_sends_to(config, source, target)) {
        return false;
    }
    *ret_move =
        (struct plan_move){.kind = source == target ? MOVE_BETWEEN_VENUES : MOVE_BETWEEN_SPOKES,
                           .source_domain = source->domain,
                           .source = source->spoke,
                           .source_venue = from.venue,
                           .target_domain = target->domain,
                           .target = target->spoke,
                           .target_venue = to.venue,
                           .amount = planned->amount};
    return true;
}

bool plan_spoke_sends_to(const struct core_config *config, const struct core_spoke *from,
                         const struct core_spoke *to)
{
    for (uint32_t i = 0; i < config->chains_count; i++) {
        if (config->chains[i].domain == to->domain) {
            return from->asset == to->asset && from->domain != to->domain &&
                   !address_is_zero(&from->bridge) && chain_set_has(&from->bridge_to, i);
        }
    }
    return false;
}

static const struct core_spoke *spoke_at(const struct core_config *config, uint32_t domain,
                                         const struct address *address, const char *symbol)
{
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        const struct core_spoke *spoke = &config->spokes[i];
        if (spoke->domain == domain && address_equal(&spoke->spoke, address) &&
            capital_is_symbol(config->assets[spoke->asset].symbol, symbol)) {
            return spoke;
        }
    }
    return NULL;
}

const struct core_spoke *plan_move_spoke(const struct core_config *config,
                                         const struct plan_move *move, const char *symbol)
{
    return spoke_at(config, move->source_domain, &move->source, symbol);
}

const struct core_spoke *plan_move_target(const struct core_config *config,
                                          const struct plan_move *move, const char *symbol)
{
    return move->kind == MOVE_BETWEEN_SPOKES
               ? spoke_at(config, move->target_domain, &move->target, symbol)
               : NULL;
}

/* Is this place in the spoke's list still a venue of the configuration? */
static bool is_configured(const struct core_config *config, const struct core_spoke *spoke,
                          uint32_t index)
{
    for (uint32_t i = 0; i < config->venues_count; i++) {
        if (&config->spokes[config->venues[i].spoke] == spoke && config->venues[i].index == index) {
            return true;
        }
    }
    return false;
}

static void crossing_leg(const struct step *step, const struct core_spoke *spoke,
                         const struct move_row *move, struct leg *leg)
{
    const struct core_route *route = &step->config->route;

    leg->kind = LEG_CROSSING;
    leg->crossing.spoke = spoke->spoke;
    leg->crossing.bridge = spoke->bridge;
    leg->crossing.destination = move->move.target_domain;
    leg->crossing.token = spoke->token;
    leg->crossing.amount = move->move.amount;
    leg->crossing.fee_native_max = route->fee_native_max;
    leg->crossing.fee_token_max = capital_share(&move->move.amount, route->fee_max);
    leg->crossing.mandate = route->mandate;
}

bool plan_venue_leg(const struct step *step, const struct move_row *move, uint32_t number,
                    struct instant deadline, struct leg *ret_leg)
{
    const struct core_config *config = step->config;
    const struct approval_move named = {.kind = move->move.kind,
                                        .source_domain = move->move.source_domain,
                                        .source = move->move.source,
                                        .source_venue = move->move.source_venue,
                                        .target_domain = move->move.target_domain,
                                        .target = move->move.target,
                                        .target_venue = move->move.target_venue,
                                        .amount = move->move.amount};
    const uint64_t deadline_s = deadline.ns / NS_PER_SECOND;
    struct approval_venue venue;

    if (!approval_venue_leg(&named, number, &venue)) {
        return false;
    }
    const struct core_spoke *spoke = spoke_at(config, venue.domain, &venue.spoke, move->symbol);
    const struct core_chain *chain = step_chain(step, venue.domain);
    if (spoke == NULL || chain == NULL || address_is_zero(&chain->key)) {
        return false;
    }
    memset(ret_leg, 0, sizeof(*ret_leg));
    ret_leg->id = approval_leg_id(&move->plan_id, move->index, number);
    ret_leg->domain = spoke->domain;
    ret_leg->key = chain->key;
    if (venue.act == APPROVAL_CROSSES) {
        const struct core_spoke *target = plan_move_target(config, &move->move, move->symbol);
        crossing_leg(step, spoke, move, ret_leg);
        ret_leg->crossing.deadline_s = deadline_s;
        return target != NULL && plan_spoke_sends_to(config, spoke, target);
    }
    ret_leg->kind = LEG_VENUE;
    ret_leg->venue.verb = venue.act == APPROVAL_DEPOSITS ? VENUE_DEPOSIT
                          : venue.act == APPROVAL_REPAYS ? VENUE_REPAY
                                                         : VENUE_WITHDRAW;
    ret_leg->venue.spoke = spoke->spoke;
    ret_leg->venue.index = venue.index;
    /* Of what was sent to a sibling, what came is put in. */
    ret_leg->venue.amount = move->booked_at.ns != 0 ? move->arrived_amount : move->move.amount;
    ret_leg->venue.mandate = config->route.mandate;
    ret_leg->venue.deadline_s = deadline_s;
    return is_configured(config, spoke, venue.index);
}
