/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_orders.c: moves between a spoke and its venues: their names, and the orders
 * to the spoke that do them. */
#include <string.h>

#include "relay/core/plan/plan_internal.h"

#define NS_PER_SECOND 1000000000u

/* One end of a move: a spoke, and the venue in its list, counted from 1 (0: what is idle). */
struct end {
    uint32_t spoke; /* in the configuration */
    uint32_t venue;
};

/* False: the tag is no spoke's and no venue's. */
static bool end_of(const struct core_config *config, uint32_t tag, struct end *ret_end)
{
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
        from.spoke != to.spoke || from.venue == to.venue) {
        return false;
    }
    const struct core_spoke *spoke = &config->spokes[from.spoke];
    *ret_move = (struct plan_move){.kind = MOVE_BETWEEN_VENUES,
                                   .source_domain = spoke->domain,
                                   .source = spoke->spoke,
                                   .source_venue = from.venue,
                                   .target_domain = spoke->domain,
                                   .target = spoke->spoke,
                                   .target_venue = to.venue,
                                   .amount = planned->amount};
    return true;
}

const struct core_spoke *plan_move_spoke(const struct core_config *config,
                                         const struct plan_move *move, const char *symbol)
{
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        const struct core_spoke *spoke = &config->spokes[i];
        if (spoke->domain == move->source_domain && address_equal(&spoke->spoke, &move->source) &&
            capital_is_symbol(config->assets[spoke->asset].symbol, symbol)) {
            return spoke;
        }
    }
    return NULL;
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

bool plan_venue_leg(const struct step *step, const struct move_row *move, uint32_t number,
                    struct instant deadline, struct leg *ret_leg)
{
    const struct core_config *config = step->config;
    const struct core_spoke *spoke = plan_move_spoke(config, &move->move, move->symbol);
    const struct core_chain *chain = step_chain(step, move->move.source_domain);
    const struct approval_move named = {.kind = move->move.kind,
                                        .source_domain = move->move.source_domain,
                                        .source = move->move.source,
                                        .source_venue = move->move.source_venue,
                                        .target_domain = move->move.target_domain,
                                        .target_venue = move->move.target_venue,
                                        .amount = move->move.amount};
    struct approval_venue venue;

    if (spoke == NULL || chain == NULL || address_is_zero(&chain->key) ||
        !approval_venue_leg(&named, number, &venue) || !is_configured(config, spoke, venue.index)) {
        return false;
    }
    memset(ret_leg, 0, sizeof(*ret_leg));
    ret_leg->id = approval_leg_id(&move->plan_id, move->index, number);
    ret_leg->kind = LEG_VENUE;
    ret_leg->domain = spoke->domain;
    ret_leg->key = chain->key;
    ret_leg->venue.verb = venue.enters ? VENUE_DEPOSIT : VENUE_WITHDRAW;
    ret_leg->venue.spoke = spoke->spoke;
    ret_leg->venue.index = venue.index;
    ret_leg->venue.amount = move->move.amount;
    ret_leg->venue.mandate = config->route.mandate;
    ret_leg->venue.deadline_s = deadline.ns / NS_PER_SECOND;
    return true;
}
