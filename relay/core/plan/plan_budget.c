/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_budget.c: what the mandate allows: the limits that a plan was made under,
 * and what of its velocity and fee budget is used. Moves between routers and between venues use the
 * same ones, which are kept with the routers' planning. */
#include <string.h>

#include "relay/base/digest.h"
#include "relay/core/config_rows.h"
#include "relay/core/plan/plan_internal.h"

struct hash plan_limits_digest(const struct step *step)
{
    const struct core_route *route = &step->config->route;
    uint8_t bytes[256];
    struct packer packer = packer_from(bytes, sizeof(bytes));
    struct sha2 sha2;

    if (!hash_is_zero(&route->mandate)) {
        return route->mandate; /* all of it, by the name that owner and signer know */
    }
    pack_u32(&packer, route->tolerance.value);
    pack_amount(&packer, &route->move_min);
    pack_amount(&packer, &route->move_max);
    pack_u32(&packer, route->fee_max.value);
    pack_amount(&packer, &route->fee_native_max);
    pack_u32(&packer, route->margin.value);
    pack_amount(&packer, &route->coin_price);
    sha2_init(&sha2);
    sha2_update(&sha2, packer_finish(&packer));
    for (uint32_t i = 0; i < step->config->routers_count; i++) {
        const struct core_router *router = &step->config->routers[i];
        packer = packer_from(bytes, sizeof(bytes));
        pack_u32(&packer, router->domain);
        pack_u32(&packer, router->asset);
        pack_address(&packer, &router->router);
        pack_address(&packer, &router->token);
        pack_address(&packer, &router->bridge);
        pack_u32(&packer, router->weight.value);
        sha2_update(&sha2, packer_finish(&packer));
    }
    for (uint32_t i = 0; i < step->config->spokes_count; i++) {
        const struct core_spoke *spoke = &step->config->spokes[i];
        packer = packer_from(bytes, sizeof(bytes));
        pack_u32(&packer, spoke->domain);
        pack_u32(&packer, spoke->asset);
        pack_address(&packer, &spoke->spoke);
        pack_address(&packer, &spoke->token);
        pack_amount(&packer, &spoke->idle_min);
        pack_amount(&packer, &spoke->idle_most);
        pack_u32(&packer, step->config->assets[spoke->asset].volatility_calm.value);
        pack_address(&packer, &spoke->bridge);
        chain_set_pack(&packer, &spoke->bridge_to, step->config->chains_count);
        sha2_update(&sha2, packer_finish(&packer));
    }
    for (uint32_t i = 0; i < step->config->venues_count; i++) {
        const struct core_venue *venue = &step->config->venues[i];
        packer = packer_from(bytes, sizeof(bytes));
        pack_u32(&packer, venue->spoke);
        pack_u32(&packer, venue->index);
        pack_address(&packer, &venue->venue);
        pack_amount(&packer, &venue->cap);
        sha2_update(&sha2, packer_finish(&packer));
    }
    return sha2_finish(&sha2);
}

/* ---- windows ---- */

/* Makes the row's windows those of now. */
static void windows_turn(const struct step *step, struct plan_asset *row)
{
    const struct duration window = step->config->route.window;
    const struct instant end = instant_after(row->window_at, window);

    if (row->window_at.ns != 0 && !instant_is_past(end, step->now)) {
        return;
    }
    const bool is_next =
        row->window_at.ns != 0 && !instant_is_past(instant_after(end, window), step->now);
    row->moved_before = is_next ? row->moved_now : amount_zero();
    row->spent_before = is_next ? row->spent_now : amount_zero();
    row->moved_now = amount_zero();
    row->spent_now = amount_zero();
    row->window_at = step->now;
}

/* Of a budget; everything where there is none. */
static struct amount rest_of(const struct amount *budget, const struct amount *now,
                             const struct amount *before)
{
    struct amount rest;

    if (amount_is_zero(budget)) {
        return amount_max();
    }
    if (amount_subtract(budget, now, &rest) != STATUS_OK ||
        amount_subtract(&rest, before, &rest) != STATUS_OK) {
        return amount_zero();
    }
    return rest;
}

struct plan_asset *plan_budget_open(struct step *step, const struct plan_desk *desk,
                                    struct plan_asset *row, struct plan_asset *store)
{
    struct plan_asset *budget = row;

    if (desk->kind != MOVE_BETWEEN_ROUTERS) {
        (void)capital_get_asset(step, MOVE_BETWEEN_ROUTERS, desk->symbol, store);
        budget = store;
    }
    windows_turn(step, budget);
    return budget;
}

void plan_budget_close(struct step *step, const struct plan_desk *desk,
                       const struct plan_asset *budget)
{
    if (desk->kind != MOVE_BETWEEN_ROUTERS) {
        capital_put_asset(step, MOVE_BETWEEN_ROUTERS, desk->symbol, budget);
    }
}

struct amount plan_budget_velocity(const struct step *step, const struct plan_asset *budget)
{
    return rest_of(&step->config->route.velocity, &budget->moved_now, &budget->moved_before);
}

void plan_budget_use(const struct plan_row *plan, struct plan_asset *budget)
{
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        if (amount_add(&budget->moved_now, &plan->moves[i].amount, &budget->moved_now) !=
            STATUS_OK) {
            budget->moved_now = amount_max();
        }
    }
    if (amount_add(&budget->spent_now, &plan->cost, &budget->spent_now) != STATUS_OK) {
        budget->spent_now = amount_max();
    }
}

enum reason plan_budget_reason(const struct step *step, const struct plan_row *plan,
                               const struct plan_asset *budget)
{
    struct amount velocity = plan_budget_velocity(step, budget);
    const struct amount rest =
        rest_of(&step->config->route.fee_budget, &budget->spent_now, &budget->spent_before);

    for (uint32_t i = 0; i < plan->moves_count; i++) {
        if (amount_subtract(&velocity, &plan->moves[i].amount, &velocity) != STATUS_OK) {
            return REASON_OVER_VELOCITY;
        }
    }
    return amount_compare(&plan->cost, &rest) > 0 ? REASON_OVER_BUDGET : REASON_NONE;
}
