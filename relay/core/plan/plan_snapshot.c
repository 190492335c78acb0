/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_snapshot.c: what planning rests on, from the ledger at final blocks.
 *
 * A router has in effect what it holds, less what users are owed by it, less moves reserved away
 * from it, plus moves reserved or under way towards it. Every unit is in exactly one of these at
 * every instant, so the sum over all routers changes only when capital enters or leaves. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/backing.h"
#include "relay/core/plan/plan_internal.h"

static bool add(struct amount *sum, const struct amount *amount)
{
    return amount_add(sum, amount, sum) == STATUS_OK;
}

struct account_balance plan_site_effective(const struct plan_site *site)
{
    const struct account_row row = {.debit = site->gross, .credit = site->claims};

    return account_balance_of(&row);
}

const struct plan_site *plan_site_find(const struct plan_snapshot *snapshot, uint32_t domain,
                                       const struct address *router)
{
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct core_router *candidate = snapshot->sites[i].router;
        if (candidate->domain == domain && address_equal(&candidate->router, router)) {
            return &snapshot->sites[i];
        }
    }
    return NULL;
}

static struct plan_site *site_find(struct plan_snapshot *snapshot, uint32_t domain,
                                   const struct address *router)
{
    const struct plan_site *site = plan_site_find(snapshot, domain, router);

    return site == NULL ? NULL : &snapshot->sites[site - snapshot->sites];
}

/* The ledger's part of a site. False: a balance is on the wrong side, which only a ledger that does
 * not agree with its chain can have. */
static bool site_read(struct step *step, const char *symbol, struct plan_site *site)
{
    const struct core_router *router = site->router;
    const struct account held =
        capital_account(ACCOUNT_ROUTER, symbol, router->domain, &router->router);
    const struct account owed =
        capital_account(ACCOUNT_OWED, symbol, router->domain, &router->router);
    const struct account arriving =
        capital_account(ACCOUNT_ARRIVING, symbol, router->domain, &router->router);
    const struct account_balance collateral = ledger_balance(step, &held);
    const struct account_balance debt = ledger_balance(step, &owed);
    const struct account_balance transit = ledger_balance(step, &arriving);

    if ((collateral.negative && !amount_is_zero(&collateral.amount)) ||
        (!debt.negative && !amount_is_zero(&debt.amount)) ||
        (transit.negative && !amount_is_zero(&transit.amount))) {
        return false;
    }
    site->gross = collateral.amount;
    site->claims = debt.amount;
    site->sendable = capital_less(&collateral.amount, &debt.amount);
    return add(&site->gross, &transit.amount);
}

static bool sites_read(struct step *step, uint32_t asset, struct plan_snapshot *snapshot,
                       enum reason *ret_reason)
{
    const struct core_config *config = step->config;

    for (uint32_t i = 0; i < config->routers_count; i++) {
        const struct core_router *router = &config->routers[i];
        if (router->asset != asset) {
            continue;
        }
        *ret_reason = ledger_reason(step, router->domain);
        if (*ret_reason != REASON_NONE) {
            return false;
        }
        if (snapshot->count == PLAN_ROUTERS_MAX) {
            *ret_reason = REASON_PLAN_INFEASIBLE; /* plan.c says it in words at the start */
            return false;
        }
        struct plan_site *site = &snapshot->sites[snapshot->count++];
        site->router = router;
        site->index = i;
        if (!site_read(step, snapshot->symbol, site)) {
            *ret_reason = REASON_UNRECONCILED;
            return false;
        }
    }
    return true;
}

/* Moves decided and not yet in the ledger. */
static bool reservations_read(struct step *step, struct plan_snapshot *snapshot)
{
    struct hash id = {{0}};
    struct move_row row;

    while (capital_next_open_move(step, &id, &id, &row)) {
        if (row.state == MOVE_TRANSIT || row.move.kind != MOVE_BETWEEN_ROUTERS ||
            !capital_is_symbol(row.symbol, snapshot->symbol)) {
            continue;
        }
        snapshot->reserved = true;
        struct plan_site *source = site_find(snapshot, row.move.source_domain, &row.move.source);
        struct plan_site *target = site_find(snapshot, row.move.target_domain, &row.move.target);
        if (source == NULL || target == NULL) {
            continue; /* a router that is configured no more: the move counts at neither end */
        }
        source->sendable = capital_less(&source->sendable, &row.move.amount);
        if (!add(&source->claims, &row.move.amount) || !add(&target->gross, &row.move.amount)) {
            return false;
        }
    }
    return true;
}

/* What the mandate allows at a router: of its floors and caps the tighter ones. */
static void bounds_set(struct plan_snapshot *snapshot, struct plan_site *site)
{
    const struct core_router *router = site->router;
    const struct account_balance held = plan_site_effective(site);
    const struct amount floor = capital_share(&snapshot->total, router->floor_share);

    site->floor = amount_compare(&floor, &router->floor) > 0 ? floor : router->floor;
    site->cap = amount_is_zero(&router->cap) ? amount_max() : router->cap;
    if (router->cap_share.value != 0) {
        const struct amount cap = capital_share(&snapshot->total, router->cap_share);
        site->cap = amount_smaller(&site->cap, &cap);
    }
    if (!amount_is_zero(&site->floor)) {
        const struct amount spare =
            held.negative ? amount_zero() : capital_less(&held.amount, &site->floor);
        site->floor_binds = amount_compare(&spare, &site->sendable) < 0;
        site->sendable = amount_smaller(&site->sendable, &spare);
    }
    const struct amount share = site->goal;
    site->goal = amount_compare(&site->goal, &site->floor) < 0 ? site->floor : site->goal;
    site->goal = amount_smaller(&site->goal, &site->cap);
    snapshot->bounded = snapshot->bounded || !amount_equal(&share, &site->goal);
}

/* Total and goals. The sum is taken twice, over what is held and over what is claimed, because a
 * unit counted at two places or at none shows as a difference. */
static bool goals_set(struct step *step, struct plan_snapshot *snapshot)
{
    struct amount gross = amount_zero();
    struct amount claims = amount_zero();

    for (uint32_t i = 0; i < snapshot->count; i++) {
        if (!add(&gross, &snapshot->sites[i].gross) || !add(&claims, &snapshot->sites[i].claims)) {
            return false;
        }
    }
    snapshot->total = capital_less(&gross, &claims);
    for (uint32_t i = 0; i < snapshot->count; i++) {
        struct plan_site *site = &snapshot->sites[i];
        site->goal = capital_share(&snapshot->total, site->router->weight);
        bounds_set(snapshot, site);
    }
    snapshot->tolerance = capital_share(&snapshot->total, step->config->route.tolerance);
    return true;
}

/* The same total straight from the accounts: reservations must cancel out. */
static void conservation_check(struct step *step, const struct plan_snapshot *snapshot)
{
    struct account_row sum;

    memset(&sum, 0, sizeof(sum));
    for (uint32_t i = 0; i < snapshot->count; i++) {
        struct plan_site site = snapshot->sites[i];
        const bool good = site_read(step, snapshot->symbol, &site) &&
                          add(&sum.debit, &site.gross) && add(&sum.credit, &site.claims);
        CHECK(good);
    }
    const struct amount total = capital_less(&sum.debit, &sum.credit);
    CHECK(amount_equal(&total, &snapshot->total));
}

enum reason plan_snapshot_take(struct step *step, uint32_t asset,
                               struct plan_snapshot *ret_snapshot)
{
    enum reason reason = backing_reason(step, asset);

    memset(ret_snapshot, 0, sizeof(*ret_snapshot));
    ret_snapshot->symbol = step->config->assets[asset].symbol;
    ret_snapshot->decimals = step->config->assets[asset].decimals;
    if (reason != REASON_NONE || !sites_read(step, asset, ret_snapshot, &reason)) {
        return reason;
    }
    if (ret_snapshot->count == 0) {
        return REASON_WITHIN_TOLERANCE;
    }
    if (!reservations_read(step, ret_snapshot) || !goals_set(step, ret_snapshot)) {
        return REASON_UNRECONCILED;
    }
    if (step->status == STATUS_OK) {
        conservation_check(step, ret_snapshot);
    }
    return step->status == STATUS_OK ? REASON_NONE : REASON_POSITIONS_UNKNOWN;
}

/* Is `amount` within the tolerance of `wanted`? */
static bool is_near(const struct amount *amount, const struct amount *wanted,
                    const struct amount *tolerance)
{
    const struct amount above = capital_less(amount, wanted);
    const struct amount below = capital_less(wanted, amount);

    return amount_compare(&above, tolerance) <= 0 && amount_compare(&below, tolerance) <= 0;
}

bool plan_snapshot_is_balanced(const struct plan_snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct plan_site *site = &snapshot->sites[i];
        struct amount wanted;
        if (amount_add(&site->claims, &site->goal, &wanted) != STATUS_OK ||
            !is_near(&site->gross, &wanted, &snapshot->tolerance)) {
            return false;
        }
    }
    return true;
}

struct amount plan_available(struct step *step, const struct core_router *router,
                             const struct hash *except)
{
    const char *symbol = capital_router_symbol(step->config, router);
    struct plan_site site;
    struct hash id = {{0}};
    struct move_row row;

    memset(&site, 0, sizeof(site));
    site.router = router;
    if (!site_read(step, symbol, &site)) {
        return amount_zero();
    }
    while (capital_next_open_move(step, &id, &id, &row)) {
        if (row.state != MOVE_TRANSIT && row.move.kind == MOVE_BETWEEN_ROUTERS &&
            !hash_equal(&id, except) && row.move.source_domain == router->domain &&
            address_equal(&row.move.source, &router->router)) {
            site.sendable = capital_less(&site.sendable, &row.move.amount);
        }
    }
    return site.sendable;
}

/* What these moves take from a router and bring to it. False: out of range. */
static bool moves_of(const struct plan_site *site, const struct plan_move *moves,
                     uint32_t moves_count, struct amount *ret_out, struct amount *ret_in)
{
    *ret_out = amount_zero();
    *ret_in = amount_zero();
    for (uint32_t i = 0; i < moves_count; i++) {
        const struct plan_move *move = &moves[i];
        const bool out = move->source_domain == site->router->domain &&
                         address_equal(&move->source, &site->router->router);
        const bool in = move->target_domain == site->router->domain &&
                        address_equal(&move->target, &site->router->router);
        if ((out && !add(ret_out, &move->amount)) || (in && !add(ret_in, &move->amount))) {
            return false;
        }
    }
    return true;
}

bool plan_moves_fit(const struct plan_snapshot *snapshot, const struct plan_move *moves,
                    uint32_t moves_count)
{
    for (uint32_t i = 0; i < moves_count; i++) {
        if (plan_site_find(snapshot, moves[i].source_domain, &moves[i].source) == NULL ||
            plan_site_find(snapshot, moves[i].target_domain, &moves[i].target) == NULL) {
            return false;
        }
    }
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct plan_site *site = &snapshot->sites[i];
        struct amount wanted;
        struct amount after;
        struct amount out;
        struct amount in;
        if (!moves_of(site, moves, moves_count, &out, &in) ||
            amount_compare(&out, &site->sendable) > 0 ||
            amount_add(&site->claims, &site->goal, &wanted) != STATUS_OK ||
            amount_add(&site->gross, &in, &after) != STATUS_OK ||
            amount_subtract(&after, &out, &after) != STATUS_OK) {
            return false;
        }
        const struct amount short_of = capital_less(&wanted, &after);
        const struct amount beyond = capital_less(&after, &wanted);
        const struct amount held = capital_less(&after, &site->claims);
        if (!amount_is_zero(&in) && amount_compare(&held, &site->cap) > 0) {
            return false;
        }
        if ((!amount_is_zero(&out) && amount_compare(&short_of, &snapshot->tolerance) > 0) ||
            (!amount_is_zero(&in) && amount_compare(&beyond, &snapshot->tolerance) > 0)) {
            return false;
        }
    }
    return true;
}
