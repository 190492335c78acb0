/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_crossings.c: capital between spokes on several chains, for planning: what is
 * on its way, which spokes wait for a move, and where a bridge may take more.
 *
 * What is on its way counts where it will be, and nowhere else: it has left the books of its
 * source, and of what its target holds nothing is planned twice because of it. It may be long:
 * meanwhile both chains are planned for like any other, only this way stays closed. */
#include "relay/core/capital/flows.h"
#include "relay/core/plan/plan_internal.h"

#define CROSSING_GAS 700000u /* of sending over a bridge, with the notice, with room */
#define SETTLE_GAS   150000u /* of booking it there */
/* More ways, and the network is too large for its row: those that bring a buffer home come first.
 */
#define WAYS_MAX 240u

/* Is it on its way to its target, or will be, and not in what the target has in its books? */
static bool is_crossing(const struct move_row *row)
{
    return row->move.kind == MOVE_BETWEEN_SPOKES && row->booked_at.ns == 0;
}

bool plan_spoke_is_reserved(struct step *step, const struct core_spoke *spoke,
                            const struct spoke_row *read)
{
    struct hash id = {{0}};
    struct move_row row;

    while (capital_next_open_move(step, &id, &id, &row)) {
        const struct core_config *config = step->config;
        if (row.move.kind == MOVE_BETWEEN_ROUTERS) {
            continue;
        }
        const bool has_left = row.state == MOVE_TRANSIT && row.sent_block <= read->block;
        if (is_crossing(&row) ? plan_move_spoke(config, &row.move, row.symbol) == spoke && !has_left
            : row.move.kind == MOVE_BETWEEN_SPOKES
                ? plan_move_target(config, &row.move, row.symbol) == spoke
                : plan_move_spoke(config, &row.move, row.symbol) == spoke) {
            return true;
        }
    }
    return false;
}

/* ---- on its way ---- */

static bool count_into(struct plan_venues *snapshot, uint32_t spoke, const struct move_row *row,
                       const struct core_config *config)
{
    const struct amount *amount =
        row->arrived_block != 0 ? &row->arrived_amount : &row->move.amount;

    if (amount_add(&snapshot->everything, amount, &snapshot->everything) != STATUS_OK) {
        return false;
    }
    struct plan_spoke *at = &snapshot->spokes[spoke];

    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        struct plan_venue *site = &snapshot->venues[i];
        if (site->spoke == spoke && plan_venue_name(config, site) == row->move.target_venue) {
            site->enter_max = capital_less(&site->enter_max, amount);
            return amount_add(&site->inbound, amount, &site->inbound) == STATUS_OK;
        }
    }
    /* It stays idle, or its venue is no place now. */
    at->missing = row->move.target_venue == 0 ? capital_less(&at->missing, amount) : at->missing;
    return amount_add(&at->inbound, amount, &at->inbound) == STATUS_OK;
}

bool plan_crossings_count(struct step *step, struct plan_venues *snapshot)
{
    const struct core_config *config = step->config;
    struct hash id = {{0}};
    struct move_row row;
    bool good = true;

    while (good && capital_next_open_move(step, &id, &id, &row)) {
        if (!is_crossing(&row)) {
            continue;
        }
        const struct core_spoke *target = plan_move_target(config, &row.move, row.symbol);
        for (uint32_t i = 0; i < snapshot->spokes_count; i++) {
            if (&config->spokes[snapshot->spokes[i].index] == target) {
                good = count_into(snapshot, i, &row, config);
            }
        }
    }
    return good;
}

/* ---- ways ---- */

/* A way from one spoke to a sibling, without what is done in venues. */
struct crossing {
    bool open;
    struct quote_row quote;
    struct amount room; /* what the bridge there can still pay out, as far as it is watched */
    struct route_decimal rate;
    struct route_decimal fixed;
};

static bool is_under_way(struct step *step, const struct core_spoke *from,
                         const struct core_spoke *to)
{
    struct hash id = {{0}};
    struct move_row row;

    while (capital_next_open_move(step, &id, &id, &row)) {
        if (is_crossing(&row) && plan_move_spoke(step->config, &row.move, row.symbol) == from &&
            plan_move_target(step->config, &row.move, row.symbol) == to) {
            return true;
        }
    }
    return false;
}

static struct amount room_at(struct step *step, const struct core_spoke *to)
{
    const struct account bridge = capital_account(
        ACCOUNT_BRIDGE, step->config->assets[to->asset].symbol, to->domain, &to->bridge);
    struct account_row row;

    if (address_is_zero(&to->bridge) || !capital_get_account(step, &bridge, &row)) {
        return amount_max(); /* nobody watches it; what it cannot pay out stays under way */
    }
    const struct account_balance held = account_balance_of(&row);
    return held.negative ? amount_zero() : held.amount;
}

static struct crossing crossing_of(struct step *step, const struct plan_venues *snapshot,
                                   uint32_t from, uint32_t to)
{
    const struct core_config *config = step->config;
    const struct core_route *route = &config->route;
    const struct core_spoke *source = &config->spokes[snapshot->spokes[from].index];
    const struct core_spoke *target = &config->spokes[snapshot->spokes[to].index];
    const struct amount none = amount_zero();
    struct crossing crossing = {.fixed.exponent = -(int32_t)snapshot->decimals};
    struct route_decimal settling = crossing.fixed;
    struct flow_row flow;

    if (!plan_spoke_sends_to(config, source, target) || is_under_way(step, source, target) ||
        !flow_get(step, target, source->domain, &flow) ||
        !capital_get_quote(step, source->domain, &source->bridge, target->domain,
                           &crossing.quote)) {
        return crossing;
    }
    const struct amount fee_max = capital_share(&crossing.quote.amount, route->fee_max);
    if (amount_compare(&crossing.quote.fee_native, &route->fee_native_max) > 0 ||
        amount_compare(&crossing.quote.fee_token, &fee_max) > 0 ||
        !plan_fee_rate(&crossing.quote, &crossing.rate)) {
        return crossing;
    }
    if (snapshot->fixed &&
        (!plan_fixed_cost(step, source->domain, CROSSING_GAS, &crossing.quote.fee_native,
                          snapshot->decimals, &crossing.fixed) ||
         !plan_fixed_cost(step, target->domain, SETTLE_GAS, &none, snapshot->decimals,
                          &settling))) {
        return crossing;
    }
    crossing.fixed = plan_cost_sum(crossing.fixed, settling);
    crossing.room = room_at(step, target);
    crossing.open = true;
    return crossing;
}

/* The fee in the asset is paid out of what is idle above the buffer, beside what goes. */
static struct amount payable(const struct crossing *crossing, const struct amount *amount,
                             const struct amount *spare, bool from_spare)
{
    struct amount fee;

    if (amount_is_zero(&crossing->quote.fee_token)) {
        return *amount;
    }
    if (amount_scale_ceil(&crossing->quote.fee_token, amount, &crossing->quote.amount, &fee) !=
        STATUS_OK) {
        return amount_zero();
    }
    if (from_spare) {
        const struct amount left = capital_less(spare, &fee);
        return amount_smaller(amount, &left);
    }
    return amount_compare(&fee, spare) <= 0 ? *amount : amount_zero();
}

static void way_across(struct plan_venues *snapshot, const struct crossing *crossing, uint32_t from,
                       uint32_t to)
{
    const uint32_t spokes = snapshot->spokes_count;
    const struct plan_venue *out = from < spokes ? NULL : &snapshot->venues[from - spokes];
    const struct plan_venue *in = to < spokes ? NULL : &snapshot->venues[to - spokes];
    const struct plan_spoke *source = &snapshot->spokes[out == NULL ? from : out->spoke];
    struct plan_way way = {.from = from,
                           .to = to,
                           .max = out == NULL ? source->spare : out->leave_max,
                           .rate = crossing->rate,
                           .fixed = crossing->fixed};

    if (in != NULL) {
        /* As between venues: only where gas is weighed or a debt needs it, and only what is known
         * is left. */
        if (in->is_debt || (!snapshot->fixed && !in->urgent) || (out != NULL && !out->known)) {
            return;
        }
        way.max = amount_smaller(&way.max, &in->enter_max);
        way.fixed = plan_cost_sum(way.fixed, in->fixed);
    } else {
        way.max = amount_smaller(&way.max, &snapshot->spokes[to].missing);
    }
    if (out != NULL) {
        way.fixed = plan_cost_sum(way.fixed, out->fixed);
    }
    way.max = amount_smaller(&way.max, &crossing->room);
    way.max = amount_smaller(&way.max, &source->row.state.velocity_left);
    way.max = payable(crossing, &way.max, &source->spare, out == NULL);
    if (snapshot->ways_count < WAYS_MAX) {
        plan_way_add(snapshot, way);
    }
}

/* To what lies idle in spokes first, then to venues. */
static void ways_to(struct plan_venues *snapshot, const struct crossing *crossing, uint32_t from,
                    uint32_t to, bool to_venues)
{
    const uint32_t places = snapshot->spokes_count + snapshot->venues_count;

    for (uint32_t i = 0; i < places; i++) {
        const bool is_out = i < snapshot->spokes_count
                                ? i == from
                                : snapshot->venues[i - snapshot->spokes_count].spoke == from;
        for (uint32_t k = 0; is_out && k < places; k++) {
            const bool is_in = to_venues
                                   ? k >= snapshot->spokes_count &&
                                         snapshot->venues[k - snapshot->spokes_count].spoke == to
                                   : k == to;
            if (is_in) {
                way_across(snapshot, crossing, i, k);
            }
        }
    }
}

void plan_crossings_find(struct step *step, struct plan_venues *snapshot)
{
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t from = 0; from < snapshot->spokes_count; from++) {
            for (uint32_t to = 0; to < snapshot->spokes_count; to++) {
                if (from == to) {
                    continue;
                }
                const struct crossing crossing = crossing_of(step, snapshot, from, to);
                if (crossing.open) {
                    ways_to(snapshot, &crossing, from, to, pass == 1);
                }
            }
        }
    }
}
