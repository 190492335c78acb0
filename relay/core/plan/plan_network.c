/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_network.c: a snapshot as a question to the routing core.
 *
 * One place per router, one corridor per pair that has a bridge, a quote within the limits and
 * liquidity at its end. A place is worth most up to what it owes and the lower edge of its band,
 * then less up to the upper edge, then nothing more:
 *
 *     worth of a unit   4 f |~~~~~~~~~~~|                   claims + goal - tolerance/2
 *                       2 f |           |~~~~~~~~~~~|       claims + goal + tolerance/2
 *                         0 |           |           |~~~~
 *
 * f is the highest fee that the owner allows: what a unit at the right place is worth is what the
 * mandate would pay to have it there, twice over. So every corridor within the limits can pay for
 * itself, the best plan first fills what is short, then empties what is over, and pays the least
 * for it; a fixed cost (gas and the native fee, once the owner says what a coin is worth) is paid
 * only where enough is moved. Where limits make the goal unreachable the same worths bring it as
 * near as they allow; nothing becomes infeasible. The band is half the tolerance that starts a
 * plan, so that the next transfer does not start another one.
 */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/plan/plan_internal.h"
#include "relay/routing/network.h"

#define FEE_SCALE   1000000000u
#define BPS_NANO    100000 /* a basis point in parts of FEE_SCALE */
#define WORTH_LEAST 1000   /* of FEE_SCALE, so that what is free is moved too */
/* What the rebalance of a router takes, with room; gas beyond is the ceiling's affair. */
#define MOVE_GAS 300000u
/* More routers, and a network with its fixed costs is too large for a row. */
#define FIXED_ROUTERS_MAX 20u

/* A corridor from one site to another. */
struct pair {
    bool open;
    struct amount max;
    struct route_decimal cost;
    struct route_decimal fixed;
};

struct pairs {
    struct pair of[PLAN_ROUTERS_MAX][PLAN_ROUTERS_MAX];
    struct amount room[PLAN_ROUTERS_MAX]; /* what may arrive at each, all corridors together */
    bool capped[PLAN_ROUTERS_MAX];        /* by the mandate, not by the bridge's liquidity */
    uint32_t count;
    bool fixed;    /* native costs are weighed */
    bool unquoted; /* why others are closed */
    bool dear;
    bool dry;
    bool bound; /* by the mandate's floors and caps */
};

/* What the bridge at a router can still pay out: its liquidity less what is on its way already. A
 * router without a bridge of its own gets what the others' bridges bring. */
static struct amount room_of(struct step *step, const struct plan_snapshot *snapshot,
                             const struct plan_site *site)
{
    const struct core_router *router = site->router;

    if (address_is_zero(&router->bridge)) {
        return amount_max();
    }
    const struct account bridge =
        capital_account(ACCOUNT_BRIDGE, snapshot->symbol, router->domain, &router->bridge);
    const struct account held =
        capital_account(ACCOUNT_ROUTER, snapshot->symbol, router->domain, &router->router);
    const struct account_balance liquidity = ledger_balance(step, &bridge);
    const struct account_balance collateral = ledger_balance(step, &held);
    const struct amount on_its_way = capital_less(&site->gross, &collateral.amount);
    return liquidity.negative ? amount_zero() : capital_less(&liquidity.amount, &on_its_way);
}

/* At least one part in 1e9, so that no plan moves for nothing. */
bool plan_fee_rate(const struct quote_row *quote, struct route_decimal *ret_rate)
{
    const struct amount scale = amount_from_u64(FEE_SCALE);
    struct amount rate = amount_zero();
    uint64_t value;

    if (!amount_is_zero(&quote->fee_token) &&
        amount_scale_ceil(&quote->fee_token, &scale, &quote->amount, &rate) != STATUS_OK) {
        return false;
    }
    if (amount_to_u64(&rate, &value) != STATUS_OK || value > FEE_SCALE) {
        return false; /* the whole amount or more */
    }
    *ret_rate = (struct route_decimal){.mantissa = value == 0 ? 1 : (int64_t)value, .exponent = -9};
    return true;
}

/* Up to four significant bits: a base fee that moves a little is not another question. */
static uint64_t rounded_up(uint64_t value)
{
    uint64_t unit = 1;

    while (value / unit >= 16) {
        unit *= 2;
    }
    return (value + unit - 1) / unit * unit;
}

bool plan_fixed_cost(struct step *step, uint32_t domain, uint64_t gas_count,
                     const struct amount *fee_native, uint32_t decimals,
                     struct route_decimal *ret_cost)
{
    const struct core_chain *config = step_chain(step, domain);
    const struct amount gas = amount_from_u64(gas_count);
    const struct amount coin_wei = amount_from_u64(1000000000000000000u);
    struct chain_row chain;
    struct amount price;
    struct amount cost;
    uint64_t value;

    if (config == NULL || !blocks_chain(step, domain, &chain) ||
        amount_add(&chain.base_fee, &config->priority_fee_per_gas, &price) != STATUS_OK ||
        amount_multiply(&price, &gas, &cost) != STATUS_OK ||
        amount_add(&cost, fee_native, &cost) != STATUS_OK ||
        amount_scale_ceil(&cost, &step->config->route.coin_price, &coin_wei, &cost) != STATUS_OK ||
        amount_to_u64(&cost, &value) != STATUS_OK || value > INT64_MAX / 2) {
        return false;
    }
    *ret_cost = (struct route_decimal){.mantissa = (int64_t)rounded_up(value),
                                       .exponent = -(int32_t)decimals};
    return true;
}

/* Does the mandate let the router's bridge send there? */
static bool may_send_to(const struct core_config *config, const struct core_router *router,
                        uint32_t domain)
{
    for (uint32_t i = 0; i < config->chains_count && !chain_set_is_empty(&router->bridge_to); i++) {
        if (config->chains[i].domain == domain) {
            return chain_set_has(&router->bridge_to, i);
        }
    }
    return chain_set_is_empty(&router->bridge_to);
}

static void pair_read(struct step *step, const struct plan_snapshot *snapshot, uint32_t from,
                      uint32_t to, struct pairs *pairs)
{
    const struct core_route *route = &step->config->route;
    const struct plan_site *source = &snapshot->sites[from];
    const struct plan_site *target = &snapshot->sites[to];
    struct pair *pair = &pairs->of[from][to];
    struct quote_row quote;

    if (address_is_zero(&source->router->bridge) ||
        source->router->domain == target->router->domain) {
        return;
    }
    if (!may_send_to(step->config, source->router, target->router->domain)) {
        pairs->bound = true;
        return;
    }
    if (amount_is_zero(&source->sendable)) {
        pairs->bound = pairs->bound || source->floor_binds;
        return;
    }
    if (!capital_get_quote(step, source->router->domain, &source->router->router,
                           target->router->domain, &quote)) {
        pairs->unquoted = true;
        return;
    }
    const struct amount fee_max = capital_share(&quote.amount, route->fee_max);
    if (amount_compare(&quote.fee_native, &route->fee_native_max) > 0 ||
        amount_compare(&quote.fee_token, &fee_max) > 0 || !plan_fee_rate(&quote, &pair->cost)) {
        pairs->dear = true;
        return;
    }
    if (pairs->fixed && !plan_fixed_cost(step, source->router->domain, MOVE_GAS, &quote.fee_native,
                                         snapshot->decimals, &pair->fixed)) {
        pairs->dear = true;
        return;
    }
    pair->max = amount_smaller(&source->sendable, &pairs->room[to]);
    if (amount_is_zero(&pair->max)) {
        pairs->dry = true;
        pairs->bound = pairs->bound || pairs->capped[to];
        return;
    }
    pair->open = true;
    pairs->count++;
}

static void pairs_read(struct step *step, const struct plan_snapshot *snapshot,
                       struct pairs *ret_pairs)
{
    memset(ret_pairs, 0, sizeof(*ret_pairs));
    ret_pairs->fixed =
        !amount_is_zero(&step->config->route.coin_price) && snapshot->count <= FIXED_ROUTERS_MAX;
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct plan_site *site = &snapshot->sites[i];
        const struct account_balance held = plan_site_effective(site);
        const struct amount below =
            held.negative ? site->cap : capital_less(&site->cap, &held.amount);
        ret_pairs->room[i] = room_of(step, snapshot, site);
        ret_pairs->capped[i] = amount_compare(&below, &ret_pairs->room[i]) < 0;
        ret_pairs->room[i] = amount_smaller(&below, &ret_pairs->room[i]);
    }
    for (uint32_t from = 0; from < snapshot->count; from++) {
        for (uint32_t to = 0; to < snapshot->count; to++) {
            if (from != to) {
                pair_read(step, snapshot, from, to, ret_pairs);
            }
        }
    }
}

static struct amount sum_of_gross(const struct plan_snapshot *snapshot)
{
    struct amount sum = amount_zero();

    for (uint32_t i = 0; i < snapshot->count; i++) {
        const enum status status = amount_add(&sum, &snapshot->sites[i].gross, &sum);
        CHECK(status == STATUS_OK); /* the snapshot added them up already */
    }
    return sum;
}

static void places_pack(const struct plan_snapshot *snapshot, struct packer *packer)
{
    const struct amount everything = sum_of_gross(snapshot);

    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct route_place place = {
            .tag = snapshot->sites[i].index,
            .decimals = snapshot->decimals,
            .price = {.mantissa = 1, .exponent = 0},
            .balance = snapshot->sites[i].gross,
            .min = amount_zero(),
            .max = everything,
            .yield = ROUTE_YIELD_PIECES,
            .pieces = {.first = 2 * i, .count = 2},
        };
        network_pack_place(packer, &place);
    }
}

static bool pieces_pack(const struct plan_snapshot *snapshot, struct bps fee_max,
                        struct packer *packer)
{
    const int64_t worth = 2 * (int64_t)fee_max.value * BPS_NANO + WORTH_LEAST;
    const struct amount half = capital_share(&snapshot->tolerance, (struct bps){.value = 5000});

    for (uint32_t i = 0; i < snapshot->count; i++) {
        const struct plan_site *site = &snapshot->sites[i];
        const struct amount low = capital_less(&site->goal, &half);
        struct amount edge;
        struct amount top;
        if (amount_add(&site->claims, &low, &edge) != STATUS_OK ||
            amount_add(&site->claims, &site->goal, &top) != STATUS_OK ||
            amount_add(&top, &half, &top) != STATUS_OK) {
            return false;
        }
        const struct route_piece lower = {.width = edge,
                                          .rate = {.mantissa = 2 * worth, .exponent = -9}};
        const struct route_piece band = {.width = capital_less(&top, &edge),
                                         .rate = {.mantissa = worth, .exponent = -9}};
        network_pack_piece(packer, &lower);
        network_pack_piece(packer, &band);
    }
    return true;
}

static void corridors_pack(const struct plan_snapshot *snapshot, const struct pairs *pairs,
                           const struct amount *least, struct packer *packer)
{
    uint32_t index = 0;

    for (uint32_t from = 0; from < snapshot->count; from++) {
        for (uint32_t to = 0; to < snapshot->count; to++) {
            const struct pair *pair = &pairs->of[from][to];
            if (!pair->open) {
                continue;
            }
            const struct route_corridor corridor = {
                .tag = index++,
                .from = from,
                .to = to,
                .max = pair->max,
                .least = *least,
                .cost = pair->cost,
                .output = ROUTE_OUTPUT_LINEAR,
                .gain = {.mantissa = 1, .exponent = 0},
            };
            network_pack_corridor(packer, &corridor);
        }
    }
}

static uint32_t degree(const struct plan_snapshot *snapshot, const struct pairs *pairs,
                       uint32_t site, bool leaving)
{
    uint32_t count = 0;

    for (uint32_t other = 0; other < snapshot->count; other++) {
        count += (leaving ? pairs->of[site][other].open : pairs->of[other][site].open) ? 1u : 0u;
    }
    return count;
}

/* All that leaves a place together, then all that enters one. */
static uint32_t groups_pack(const struct plan_snapshot *snapshot, const struct pairs *pairs,
                            struct packer *packer, bool count_only)
{
    uint32_t groups = 0;
    uint32_t first = 0;

    for (uint32_t half = 0; half < 2; half++) {
        for (uint32_t i = 0; i < snapshot->count; i++) {
            const bool leaving = half == 0;
            const struct plan_site *site = &snapshot->sites[i];
            const enum plan_limit_kind kind =
                leaving ? (site->floor_binds ? PLAN_LIMIT_FLOOR : PLAN_LIMIT_LEAVING)
                        : (pairs->capped[i] ? PLAN_LIMIT_CAP : PLAN_LIMIT_ENTERING);
            const uint32_t corridors = degree(snapshot, pairs, i, leaving);
            if (corridors == 0) {
                continue;
            }
            const struct route_group group = {
                .tag = plan_group_tag(site->index, kind),
                .decimals = snapshot->decimals,
                .max = leaving ? site->sendable : pairs->room[i],
                .corridors = {.first = first, .count = corridors},
            };
            if (!count_only) {
                network_pack_group(packer, &group);
            }
            groups++;
            first += corridors;
        }
    }
    return groups;
}

/* In the order of the groups: corridors by tail, which is their own order, then by head. */
static void terms_pack(const struct plan_snapshot *snapshot, const struct pairs *pairs,
                       struct packer *packer)
{
    uint16_t index[PLAN_ROUTERS_MAX][PLAN_ROUTERS_MAX];
    uint16_t next = 0;
    struct route_term term = {.coefficient = {.mantissa = 1, .exponent = 0}};

    for (uint32_t from = 0; from < snapshot->count; from++) {
        for (uint32_t to = 0; to < snapshot->count; to++) {
            if (pairs->of[from][to].open) {
                index[from][to] = next;
                term.index = next++;
                network_pack_term(packer, &term);
            }
        }
    }
    for (uint32_t to = 0; to < snapshot->count; to++) {
        for (uint32_t from = 0; from < snapshot->count; from++) {
            if (pairs->of[from][to].open) {
                term.index = index[from][to];
                network_pack_term(packer, &term);
            }
        }
    }
}

/* One per corridor, after the groups' terms. */
static void transactions_pack(const struct plan_snapshot *snapshot, const struct pairs *pairs,
                              struct packer *packer)
{
    uint32_t index = 0;

    for (uint32_t from = 0; from < snapshot->count && pairs->fixed; from++) {
        for (uint32_t to = 0; to < snapshot->count; to++) {
            if (pairs->of[from][to].open) {
                const struct route_transaction transaction = {
                    .tag = index,
                    .cost = pairs->of[from][to].fixed,
                    .corridors = {.first = 2 * pairs->count + index, .count = 1}};
                network_pack_transaction(packer, &transaction);
                index++;
            }
        }
    }
}

enum reason plan_network_pack(struct step *step, const struct plan_snapshot *snapshot,
                              struct packer *packer)
{
    struct pairs pairs;

    pairs_read(step, snapshot, &pairs);
    if (pairs.count == 0) {
        return pairs.bound      ? REASON_MANDATE_BOUND
               : pairs.dear     ? REASON_FEE_ABOVE_LIMIT
               : pairs.unquoted ? REASON_POSITIONS_UNKNOWN
                                : REASON_NO_BRIDGE_LIQUIDITY;
    }
    const struct network_counts counts = {
        .places = snapshot->count,
        .corridors = pairs.count,
        .groups = groups_pack(snapshot, &pairs, packer, true),
        .transactions = pairs.fixed ? pairs.count : 0,
        .pieces = 2 * snapshot->count,
        .terms = (pairs.fixed ? 3 : 2) * pairs.count,
    };
    network_pack_header(packer, &counts, 0);
    places_pack(snapshot, packer);
    corridors_pack(snapshot, &pairs, &step->config->route.move_min, packer);
    (void)groups_pack(snapshot, &pairs, packer, false);
    transactions_pack(snapshot, &pairs, packer);
    if (!pieces_pack(snapshot, step->config->route.fee_max, packer)) {
        return REASON_UNRECONCILED;
    }
    terms_pack(snapshot, &pairs, packer);
    for (uint32_t i = 0; pairs.fixed && i < pairs.count; i++) {
        const struct route_term term = {.index = i, .coefficient = {.mantissa = 1, .exponent = 0}};
        network_pack_term(packer, &term);
    }
    return packer->overrun ? REASON_PLAN_INFEASIBLE : REASON_NONE;
}
