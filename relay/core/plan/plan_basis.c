/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_basis.c: what a plan rests on, whether it moves capital between routers or
 * between what spokes hold and their venues. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/plan/plan_internal.h"

/* ---- desks ---- */

static bool has_spoke(const struct core_config *config, uint32_t asset)
{
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        if (config->spokes[i].asset == asset) {
            return true;
        }
    }
    return false;
}

/* Every asset has one for its routers, then one for its venues where there is a spoke. */
bool plan_desk_at(const struct core_config *config, uint32_t number, struct plan_desk *ret_desk)
{
    for (uint32_t i = 0; i < config->assets_count; i++) {
        const uint32_t desks = has_spoke(config, i) ? 2 : 1;
        if (number >= desks) {
            number -= desks;
            continue;
        }
        memset(ret_desk, 0, sizeof(*ret_desk));
        ret_desk->asset = i;
        ret_desk->kind = number == 0 ? MOVE_BETWEEN_ROUTERS : MOVE_BETWEEN_VENUES;
        capital_symbol(ret_desk->symbol, config->assets[i].symbol);
        return true;
    }
    return false;
}

/* ---- what there is ---- */

enum reason plan_basis_take(struct step *step, const struct plan_desk *desk,
                            struct plan_basis *ret_basis)
{
    struct price price;
    const enum reason priced = price_get(step, desk->asset, &price);
    const bool is_priced = priced == REASON_NONE || priced == REASON_PRICE_GOOD;
    enum reason reason = REASON_NONE;

    ret_basis->kind = desk->kind;
    switch (desk->kind) {
    case MOVE_BETWEEN_ROUTERS:
        reason = is_priced ? plan_snapshot_take(step, desk->asset, &ret_basis->routers) : priced;
        ret_basis->reserved = ret_basis->routers.reserved;
        break;
    case MOVE_BETWEEN_VENUES:
    case MOVE_BETWEEN_SPOKES: /* its desk is that of venues */
        reason = plan_venues_take(step, desk->asset, &ret_basis->venues);
        ret_basis->reserved = false; /* spokes with moves under way are left out */
        if (reason == REASON_NONE && !is_priced && !plan_venues_only_guard(&ret_basis->venues)) {
            reason = priced; /* without a price nothing moves, but what keeps a debt alive */
        }
        break;
    }
    return reason;
}

bool plan_basis_is_urgent(const struct plan_basis *basis)
{
    bool urgent = false;

    for (uint32_t i = 0; basis->kind == MOVE_BETWEEN_VENUES && i < basis->venues.venues_count;
         i++) {
        urgent = urgent || basis->venues.venues[i].urgent;
    }
    return urgent;
}

bool plan_basis_is_settled(const struct plan_basis *basis)
{
    /* Venues are worth a question whenever something may go: only the answer says whether it pays.
     */
    return basis->kind == MOVE_BETWEEN_ROUTERS && plan_snapshot_is_balanced(&basis->routers);
}

enum reason plan_basis_pack(struct step *step, const struct plan_basis *basis,
                            struct packer *packer)
{
    return basis->kind == MOVE_BETWEEN_ROUTERS ? plan_network_pack(step, &basis->routers, packer)
                                               : plan_venues_pack(&basis->venues, packer);
}

/* ---- places ---- */

static void routers_keep(struct step *step, const struct plan_snapshot *snapshot,
                         struct plan_row *plan)
{
    plan->total = snapshot->total;
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct plan_site *site = &snapshot->sites[i];
        struct plan_place *place = &plan->places[plan->places_count++];
        struct ledger_chain chain;
        (void)capital_get_chain(step, site->router->domain, &chain);
        place->domain = site->router->domain;
        place->router = site->router->router;
        place->effective = plan_site_effective(site);
        place->goal = site->goal;
        place->block = chain.applied_block;
    }
}

/* The place of a venue, or of what is idle in a spoke where `venue` is NULL, as it is now, with
 * what is on its way there. */
static struct plan_place venue_place(const struct core_config *config,
                                     const struct plan_spoke *spoke, const struct plan_venue *venue)
{
    struct plan_place place;

    memset(&place, 0, sizeof(place));
    place.domain = config->spokes[spoke->index].domain;
    place.router = config->spokes[spoke->index].spoke;
    place.venue = venue == NULL ? 0 : config->venues[venue->index].index + 1;
    const struct amount *held = venue == NULL ? &spoke->row.state.idle : &venue->row.state.supplied;
    const struct amount *inbound = venue == NULL ? &spoke->inbound : &venue->inbound;
    if (amount_add(held, inbound, &place.effective.amount) != STATUS_OK) {
        place.effective.amount = amount_max(); /* the snapshot would be out of range as well */
    }
    place.block = spoke->row.block;
    return place;
}

static bool is_end(const struct plan_place *place, uint32_t domain, const struct address *spoke,
                   uint32_t venue)
{
    return place->domain == domain && place->venue == venue && address_equal(&place->router, spoke);
}

/* What is there once the plan's moves are made. */
static struct amount goal_of(const struct plan_place *place, const struct plan_row *plan)
{
    struct amount goal = place->effective.amount;

    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct plan_move *move = &plan->moves[i];
        if (is_end(place, move->target_domain, &move->target, move->target_venue) &&
            amount_add(&goal, &move->amount, &goal) != STATUS_OK) {
            goal = amount_max();
        }
    }
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct plan_move *move = &plan->moves[i];
        if (is_end(place, move->source_domain, &move->source, move->source_venue) &&
            amount_subtract(&goal, &move->amount, &goal) != STATUS_OK) {
            goal = amount_zero();
        }
    }
    return goal;
}

static void venues_keep(const struct core_config *config, const struct plan_venues *venues,
                        struct plan_row *plan)
{
    plan->total = venues->everything;
    for (uint32_t i = 0; i < venues->spokes_count; i++) {
        plan->places[plan->places_count++] = venue_place(config, &venues->spokes[i], NULL);
    }
    for (uint32_t i = 0; i < venues->venues_count; i++) {
        const struct plan_venue *venue = &venues->venues[i];
        if (venue->is_debt) {
            continue; /* holds nothing, and goes with the debt */
        }
        plan->places[plan->places_count++] =
            venue_place(config, &venues->spokes[venue->spoke], venue);
    }
    for (uint32_t i = 0; i < plan->places_count; i++) {
        plan->places[i].goal = goal_of(&plan->places[i], plan);
    }
}

void plan_basis_keep(struct step *step, const struct plan_basis *basis, struct plan_row *plan)
{
    CHECK(plan->places_count == 0);
    switch (basis->kind) {
    case MOVE_BETWEEN_ROUTERS:
        routers_keep(step, &basis->routers, plan);
        break;
    case MOVE_BETWEEN_VENUES:
    case MOVE_BETWEEN_SPOKES: /* its desk is that of venues */
        venues_keep(step->config, &basis->venues, plan);
        break;
    }
}

/* ---- is it still good? ---- */

bool plan_basis_fits(const struct step *step, const struct plan_basis *basis,
                     const struct plan_move *moves, uint32_t moves_count)
{
    return basis->kind == MOVE_BETWEEN_ROUTERS
               ? plan_moves_fit(&basis->routers, moves, moves_count)
               : plan_venues_fit(step->config, &basis->venues, moves, moves_count);
}

/* Is what there is at a place by more than `tolerance` another amount than it was? */
static bool has_moved(const struct account_balance *was, const struct account_balance *now,
                      const struct amount *tolerance)
{
    struct amount apart;

    if (now->negative != was->negative) {
        return amount_add(&now->amount, &was->amount, &apart) != STATUS_OK ||
               amount_compare(&apart, tolerance) > 0;
    }
    const bool more = amount_compare(&now->amount, &was->amount) >= 0;
    const enum status status = amount_subtract(more ? &now->amount : &was->amount,
                                               more ? &was->amount : &now->amount, &apart);
    CHECK(status == STATUS_OK);
    return amount_compare(&apart, tolerance) > 0;
}

static bool routers_moved(const struct plan_snapshot *snapshot, const struct plan_row *plan)
{
    if (snapshot->count != plan->places_count) {
        return true;
    }
    for (uint32_t i = 0; i < plan->places_count; i++) {
        const struct plan_place *place = &plan->places[i];
        const struct plan_site *site = plan_site_find(snapshot, place->domain, &place->router);
        if (site == NULL) {
            return true;
        }
        const struct account_balance now = plan_site_effective(site);
        if (has_moved(&place->effective, &now, &snapshot->tolerance)) {
            return true;
        }
    }
    return false;
}

/* NULL: there is no such place. */
static const struct plan_place *place_find(const struct plan_row *plan,
                                           const struct plan_place *place)
{
    for (uint32_t i = 0; i < plan->places_count; i++) {
        if (is_end(&plan->places[i], place->domain, &place->router, place->venue)) {
            return &plan->places[i];
        }
    }
    return NULL;
}

static bool venues_moved(const struct core_config *config, const struct plan_venues *venues,
                         const struct plan_row *plan)
{
    struct plan_row now;

    memset(&now, 0, sizeof(now));
    venues_keep(config, venues, &now);
    for (uint32_t i = 0; i < plan->places_count; i++) {
        const struct plan_place *place = place_find(&now, &plan->places[i]);
        if (place == NULL ||
            has_moved(&plan->places[i].effective, &place->effective, &venues->tolerance)) {
            return true;
        }
    }
    return false;
}

enum reason plan_basis_lacks(const struct step *step, const struct plan_basis *basis,
                             const struct plan_row *plan)
{
    struct plan_row now;

    if (basis->kind == MOVE_BETWEEN_ROUTERS || basis->venues.left_out == REASON_NONE) {
        return REASON_NONE;
    }
    memset(&now, 0, sizeof(now));
    venues_keep(step->config, &basis->venues, &now);
    for (uint32_t i = 0; i < plan->places_count; i++) {
        if (place_find(&now, &plan->places[i]) == NULL) {
            return basis->venues.left_out;
        }
    }
    return REASON_NONE;
}

bool plan_basis_moved(const struct step *step, const struct plan_basis *basis,
                      const struct plan_row *plan)
{
    const bool moved = basis->kind == MOVE_BETWEEN_ROUTERS
                           ? routers_moved(&basis->routers, plan)
                           : venues_moved(step->config, &basis->venues, plan);

    return moved || !plan_basis_fits(step, basis, plan->moves, plan->moves_count);
}
