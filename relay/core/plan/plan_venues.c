/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_venues.c: where the capital of our spokes should earn, as a question.
 *
 *     spoke (idle) --deposit, gas--> venue, which pays its rate curve over the horizon
 *                  <--withdraw, gas--   '--withdraw, deposit, twice the gas--> another one
 *
 * and all of these on to a sibling on another chain and its venues, over the bridge, at what the
 * bridge takes (plan_crossings.c).
 *
 * A place's balance is what was read of it at a final block. A deposit leaves the mandate's liquid
 * buffer, and takes no more than the venue takes, the cap allows and the spoke's velocity limit
 * leaves; nothing enters a venue whose gate is not open. A venue whose rate nobody knows yet is
 * left as it is, but for what is missing in the buffer: unknown is not zero. One that did not
 * answer when its spoke was read is no place: a venue that goes mute must not hold back the others.
 * What guards a debt (relay/core/capital/guard.h) comes before everything that earns: the first of
 * the capital in such a venue is worth more than anything else, so that the plan brings it from
 * where it costs least, and none of it leaves. Or what is owed is paid back (plan_guard.c).
 * What gas costs is paid once for a move, so that a better rate is followed only where it pays
 * within the horizon. */
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"
#include "relay/core/plan/plan_internal.h"

#define YEAR_NS         31536000000000000u
#define COST_LEAST_NANO 1 /* of a unit, so that no plan moves for nothing */
#define NS_PER_SECOND   1000000000u
#define PLACES_MAX      PLAN_ROUTERS_MAX
/* What a unit that is missing in the buffer is worth, in 1e-9: more than any venue pays, so that
 * what was taken out of the buffer comes home first. */
#define BUFFER_WORTH_NANO 100000000
/* Likewise of one that is missing to guard a debt: more than in the buffer, for a liquidation takes
 * its part of everything. */
#define GUARD_WORTH_NANO 500000000

/* ---- ways ---- */

void plan_way_add(struct plan_venues *snapshot, struct plan_way way)
{
    if (!amount_is_zero(&way.max)) {
        CHECK(snapshot->ways_count < PLAN_CORRIDORS_MAX);
        snapshot->ways[snapshot->ways_count++] = way;
    }
}

struct route_decimal plan_cost_sum(struct route_decimal a, struct route_decimal b)
{
    CHECK(a.exponent == b.exponent); /* plan_fixed_cost's, of one asset */
    a.mantissa = a.mantissa > INT64_MAX / 2 - b.mantissa ? INT64_MAX / 2 : a.mantissa + b.mantissa;
    return a;
}

static const struct route_decimal least = {.mantissa = COST_LEAST_NANO, .exponent = -9};

/* Would it take collateral out of the pool whose debt it pays back? */
static bool is_round(const struct core_config *config, const struct plan_venue *from,
                     const struct plan_venue *to)
{
    return to->is_debt &&
           address_equal(&config->venues[from->index].venue, &config->venues[to->index].venue);
}

/* In the order of the venues: in, out, and, where it is known what gas is worth, to each other one
 * of the same spoke: else a rate that is better by nothing would be followed at any cost. */
static void ways_find(const struct core_config *config, struct plan_venues *snapshot)
{
    const uint32_t spokes = snapshot->spokes_count;

    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        const struct plan_venue *site = &snapshot->venues[i];
        const struct plan_spoke *holder = &snapshot->spokes[site->spoke];
        plan_way_add(snapshot,
                     (struct plan_way){.from = site->spoke,
                                       .to = spokes + i,
                                       .max = amount_smaller(&site->enter_max, &holder->spare),
                                       .rate = least,
                                       .fixed = site->fixed});
        plan_way_add(snapshot,
                     (struct plan_way){
                         .from = spokes + i,
                         .to = site->spoke,
                         .max = site->known ? site->leave_max
                                            : amount_smaller(&site->leave_max, &holder->missing),
                         .rate = least,
                         .fixed = site->fixed});
        for (uint32_t k = 0; k < snapshot->venues_count; k++) {
            const struct plan_venue *other = &snapshot->venues[k];
            if (k != i && (snapshot->fixed || other->urgent) && site->known &&
                other->spoke == site->spoke && !is_round(config, site, other)) {
                plan_way_add(
                    snapshot,
                    (struct plan_way){.from = spokes + i,
                                      .to = spokes + k,
                                      .max = amount_smaller(&site->leave_max, &other->enter_max),
                                      .rate = least,
                                      .fixed = plan_cost_sum(site->fixed, other->fixed)});
            }
        }
    }
}

/* ---- reading ---- */

/* Why nothing is planned for a spoke; REASON_NONE: its row is read. */
static enum reason spoke_read(struct step *step, const struct core_spoke *config,
                              struct spoke_row *ret_row)
{
    const enum reason ledger = ledger_reason(step, config->domain);

    if (ledger != REASON_NONE) {
        return ledger;
    }
    if (!venue_get_spoke(step, config, ret_row)) {
        return REASON_POSITIONS_UNKNOWN;
    }
    if (ret_row->state.paused) {
        return REASON_PAUSED;
    }
    if (!hash_equal(&ret_row->state.mandate, &step->config->route.mandate)) {
        return REASON_PLAN_STALE;
    }
    return plan_spoke_is_reserved(step, config, ret_row) ? REASON_MOVE_UNDER_WAY : REASON_NONE;
}

/* Something is no place of the plan; the first reason is kept. */
static void leave_out(struct plan_venues *snapshot, enum reason reason)
{
    snapshot->left_out = snapshot->left_out == REASON_NONE ? reason : snapshot->left_out;
}

/* What holds a spoke back holds back no other one. False: out of range. */
static bool spoke_take(struct step *step, uint32_t index, struct plan_venues *snapshot)
{
    const struct core_spoke *config = &step->config->spokes[index];
    struct spoke_row row;
    enum reason reason = spoke_read(step, config, &row);

    if (reason == REASON_NONE && snapshot->spokes_count == PLACES_MAX) {
        reason = REASON_PLAN_INFEASIBLE;
    }
    if (reason != REASON_NONE) {
        leave_out(snapshot, reason);
        return true;
    }
    /* The tighter of what the mandate says and what the spoke says, with what was recalled. */
    const struct amount wanted =
        exposure_buffer(&step->config->assets[config->asset], config, snapshot->is_volatility_known,
                        snapshot->volatility_nano);
    const struct amount buffer =
        amount_compare(&row.state.kept, &wanted) > 0 ? row.state.kept : wanted;
    snapshot->spokes[snapshot->spokes_count++] =
        (struct plan_spoke){.index = index,
                            .row = row,
                            .buffer = buffer,
                            .spare = capital_less(&row.state.idle, &buffer),
                            .missing = capital_less(&buffer, &row.state.idle)};
    return amount_add(&snapshot->everything, &row.state.idle, &snapshot->everything) == STATUS_OK;
}

/* What may enter: the venue's word, the room below the mandate's cap, the spoke's velocity limit.
 */
static struct amount enter_max_of(const struct core_venue *config, const struct plan_venue *site,
                                  const struct plan_spoke *spoke)
{
    struct amount most =
        amount_smaller(&site->row.state.enter_max, &spoke->row.state.velocity_left);

    if (!amount_is_zero(&config->cap)) {
        const struct amount room = capital_less(&config->cap, &site->row.state.supplied);
        most = amount_smaller(&most, &room);
    }
    return site->row.state.gate == VENUE_OPEN ? most : amount_zero();
}

/* What is missing in the buffers of all spokes. */
static struct amount missing_of(const struct plan_venues *snapshot)
{
    struct amount sum = amount_zero();

    for (uint32_t i = 0; i < snapshot->spokes_count; i++) {
        if (amount_add(&sum, &snapshot->spokes[i].missing, &sum) != STATUS_OK) {
            return amount_max();
        }
    }
    return sum;
}

static enum reason venue_read(struct step *step, uint32_t index, uint32_t spoke,
                              struct plan_venues *snapshot)
{
    const struct core_venue *config = &step->config->venues[index];
    const struct plan_spoke *at = &snapshot->spokes[spoke];
    const struct core_spoke *holder = &step->config->spokes[at->index];
    const struct amount no_fee = amount_zero();
    uint64_t rate_nano;

    if (snapshot->spokes_count + snapshot->venues_count == PLACES_MAX) {
        return REASON_PLAN_INFEASIBLE;
    }
    struct plan_venue *site = &snapshot->venues[snapshot->venues_count];
    if (!venue_get(step, holder, config->index, &site->row) || site->row.block != at->row.block) {
        memset(site, 0, sizeof(*site)); /* the place of the next one */
        snapshot->spokes[spoke].partial = true;
        leave_out(snapshot, REASON_POSITIONS_UNKNOWN); /* not with its spoke's last reading */
        return REASON_NONE;
    }
    site->index = index;
    site->spoke = spoke;
    site->issuer = config->issuer;
    site->known = site->row.state.pieces_count > 0 || venue_rate_measured(&site->row, &rate_nano);
    site->leave_max = amount_smaller(&site->row.state.leave_max, &site->row.state.supplied);
    if (site->known) {
        site->enter_max = enter_max_of(config, site, at);
    } else {
        /* Nobody need wait for a rate to have his money back, on whichever chain. */
        const struct amount missing = missing_of(snapshot);
        site->leave_max = amount_smaller(&site->leave_max, &missing);
    }
    plan_guard_take(step, config, snapshot, site);
    site->fixed.exponent = -(int32_t)snapshot->decimals;
    if (snapshot->fixed && !plan_fixed_cost(step, holder->domain, PLAN_VENUE_GAS, &no_fee,
                                            snapshot->decimals, &site->fixed)) {
        return REASON_POSITIONS_UNKNOWN;
    }
    snapshot->venues_count++;
    return amount_add(&snapshot->everything, &site->row.state.supplied, &snapshot->everything) ==
                   STATUS_OK
               ? REASON_NONE
               : REASON_UNRECONCILED;
}

static enum reason venues_read(struct step *step, struct plan_venues *snapshot)
{
    for (uint32_t i = 0; i < step->config->venues_count; i++) {
        for (uint32_t k = 0; k < snapshot->spokes_count; k++) {
            const enum reason reason = snapshot->spokes[k].index == step->config->venues[i].spoke
                                           ? venue_read(step, i, k, snapshot)
                                           : REASON_NONE;
            if (reason != REASON_NONE) {
                return reason;
            }
        }
    }
    return REASON_NONE;
}

static void all_ways_find(struct step *step, struct plan_venues *snapshot)
{
    snapshot->ways_count = 0;
    ways_find(step->config, snapshot);
    plan_crossings_find(step, snapshot);
}

enum reason plan_venues_take(struct step *step, uint32_t asset, struct plan_venues *ret_venues)
{
    const enum reason reason = plan_venues_gather(step, asset, ret_venues);

    if (reason == REASON_NONE && plan_guard_settle(step, asset, ret_venues)) {
        all_ways_find(step, ret_venues);
    }
    return step->status == STATUS_OK || reason != REASON_NONE ? reason : REASON_POSITIONS_UNKNOWN;
}

enum reason plan_venues_gather(struct step *step, uint32_t asset, struct plan_venues *ret_venues)
{
    const struct core_config *config = step->config;
    struct plan_venues *snapshot = ret_venues;

    CHECK(asset < config->assets_count);
    memset(snapshot, 0, sizeof(*snapshot));
    snapshot->decimals = config->assets[asset].decimals;
    snapshot->horizon = venue_horizon(&config->route);
    snapshot->move_min = config->route.move_min;
    snapshot->fixed = !amount_is_zero(&config->route.coin_price);
    snapshot->is_volatility_known = exposure_volatility(step, asset, &snapshot->volatility_nano);
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        if (config->spokes[i].asset == asset && !spoke_take(step, i, snapshot)) {
            return REASON_UNRECONCILED;
        }
    }
    if (snapshot->spokes_count == 0) {
        return snapshot->left_out != REASON_NONE ? snapshot->left_out : REASON_WITHIN_TOLERANCE;
    }
    enum reason reason = venues_read(step, snapshot);
    reason = reason == REASON_NONE ? plan_debts_take(step, snapshot) : reason;
    if (reason != REASON_NONE) {
        return reason;
    }
    if (snapshot->venues_count == 0 && config->venues_count > 0) {
        return REASON_POSITIONS_UNKNOWN; /* all of them are mute */
    }
    if (!plan_crossings_count(step, snapshot) || !plan_shares_find(config, snapshot)) {
        return REASON_UNRECONCILED;
    }
    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        /* Venues without a limit say the largest number there is. */
        snapshot->venues[i].enter_max =
            amount_smaller(&snapshot->venues[i].enter_max, &snapshot->everything);
    }
    snapshot->tolerance = capital_share(&snapshot->everything, config->route.tolerance);
    all_ways_find(step, snapshot);
    return step->status == STATUS_OK ? REASON_NONE : REASON_POSITIONS_UNKNOWN;
}

bool plan_venues_only_guard(struct plan_venues *venues)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < venues->venues_count; i++) {
        struct plan_venue *site = &venues->venues[i];
        const struct amount lacking = capital_less(&site->safe, &site->row.state.supplied);
        const struct amount more = capital_less(&lacking, &site->inbound);
        site->enter_max = site->urgent ? amount_smaller(&site->enter_max, &more) : amount_zero();
    }
    for (uint32_t i = 0; i < venues->ways_count; i++) {
        struct plan_way way = venues->ways[i];
        if (way.to < venues->spokes_count) {
            continue;
        }
        const struct plan_venue *site = &venues->venues[way.to - venues->spokes_count];
        way.max = amount_smaller(&way.max, &site->enter_max);
        if (!amount_is_zero(&way.max)) {
            venues->ways[kept++] = way;
        }
    }
    venues->ways_count = kept;
    return kept > 0;
}

/* ---- the curve ---- */

/* What a unit earns over the horizon, in 1e-9, rounded down. */
static int64_t horizon_nano(uint64_t rate_nano, struct duration horizon)
{
    const struct amount rate = amount_from_u64(rate_nano);
    const struct amount time = amount_from_u64(horizon.ns);
    const struct amount year = amount_from_u64(YEAR_NS);
    struct amount earned;
    uint64_t value;

    if (amount_scale_floor(&rate, &time, &year, &earned) != STATUS_OK ||
        amount_to_u64(&earned, &value) != STATUS_OK || value > INT64_MAX / 4) {
        return INT64_MAX / 4;
    }
    return (int64_t)value;
}

static uint32_t buffer_pieces(const struct plan_spoke *site)
{
    return amount_is_zero(&site->buffer) ? 0u : 1u;
}

static void buffer_pack(const struct plan_venues *snapshot, const struct plan_spoke *site,
                        struct packer *packer)
{
    const struct route_piece piece = {.width = amount_smaller(&site->buffer, &snapshot->everything),
                                      .rate = {.mantissa = BUFFER_WORTH_NANO, .exponent = -9}};

    if (buffer_pieces(site) > 0) {
        network_pack_piece(packer, &piece);
    }
}

/* The pieces of a venue, with what guards a debt as worth of its own. */
struct curve {
    struct route_piece pieces[VENUE_PIECES_MAX + 1];
    uint32_t count;
    struct amount unguarded; /* that no piece is of yet */
};

static void curve_push(struct curve *curve, const struct amount *width, int64_t rate_nano)
{
    if (!amount_is_zero(width)) {
        CHECK(curve->count < VENUE_PIECES_MAX + 1);
        curve->pieces[curve->count++] =
            (struct route_piece){.width = *width, .rate = {.mantissa = rate_nano, .exponent = -9}};
    }
}

/* One more piece; that which guards is split off. Guarding pieces come first, so that both parts
 * stay in order. */
static void curve_add(struct curve *curve, const struct amount *width, int64_t rate_nano)
{
    const struct amount guarding = amount_smaller(width, &curve->unguarded);
    const struct amount rest = capital_less(width, &guarding);

    curve_push(curve, &guarding, rate_nano + GUARD_WORTH_NANO);
    curve_push(curve, &rest, rate_nano);
    curve->unguarded = capital_less(&curve->unguarded, &guarding);
}

static struct curve curve_of(const struct plan_venues *snapshot, const struct plan_venue *site)
{
    struct curve curve = {.count = 0,
                          .unguarded = amount_smaller(&site->safe, &snapshot->everything)};
    uint64_t rate_nano = 0;

    for (uint32_t i = 0; i < site->row.state.pieces_count; i++) {
        const struct venue_piece *piece = &site->row.state.pieces[i];
        const struct amount width = amount_smaller(&piece->width, &snapshot->everything);
        curve_add(&curve, &width, horizon_nano(piece->rate_nano, snapshot->horizon));
    }
    if (site->row.state.pieces_count == 0 && venue_rate_measured(&site->row, &rate_nano)) {
        curve_add(&curve, &snapshot->everything, horizon_nano(rate_nano, snapshot->horizon));
    }
    const struct amount beyond = curve.unguarded; /* it earns nothing there, and guards */
    curve_push(&curve, &beyond, GUARD_WORTH_NANO);
    return curve;
}

static uint32_t pieces_count_of(const struct plan_venues *snapshot, const struct plan_venue *site)
{
    return curve_of(snapshot, site).count;
}

static void pieces_pack(const struct plan_venues *snapshot, const struct plan_venue *site,
                        struct packer *packer)
{
    const struct curve curve = curve_of(snapshot, site);

    for (uint32_t i = 0; i < curve.count; i++) {
        network_pack_piece(packer, &curve.pieces[i]);
    }
}

/* ---- the network ---- */

static struct amount with_inbound(const struct amount *there, const struct amount *inbound)
{
    struct amount sum;

    return amount_add(there, inbound, &sum) == STATUS_OK ? sum : amount_max();
}

static uint32_t venue_tag(const struct plan_venue *site)
{
    return (site->is_debt ? PLANNED_DEBT_FIRST : PLANNED_VENUE_FIRST) + site->index;
}

uint32_t plan_venue_name(const struct core_config *config, const struct plan_venue *site)
{
    const uint32_t index = config->venues[site->index].index;

    return site->is_debt ? approval_debt(index) : index + 1;
}

/* Pieces stand in the order of their places: one of each spoke with a buffer, then the venues'. */
static void places_pack(const struct plan_venues *snapshot, struct packer *packer)
{
    uint32_t first = 0;

    for (uint32_t i = 0; i < snapshot->spokes_count; i++) {
        const struct plan_spoke *site = &snapshot->spokes[i];
        const uint32_t count = buffer_pieces(site);
        const struct route_place place = {
            .tag = PLANNED_SPOKE_FIRST + site->index,
            .decimals = snapshot->decimals,
            .price = {.mantissa = 1, .exponent = 0},
            .balance = with_inbound(&site->row.state.idle, &site->inbound),
            .max = snapshot->everything,
            .yield = count > 0 ? ROUTE_YIELD_PIECES : ROUTE_YIELD_NONE,
            .pieces = {.first = count > 0 ? first : 0, .count = count}};
        network_pack_place(packer, &place);
        first += count;
    }
    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        const struct plan_venue *site = &snapshot->venues[i];
        const uint32_t count = pieces_count_of(snapshot, site);
        const struct route_place place = {
            .tag = venue_tag(site),
            .decimals = snapshot->decimals,
            .price = {.mantissa = 1, .exponent = 0},
            .balance = with_inbound(&site->row.state.supplied, &site->inbound),
            .max = snapshot->everything,
            .yield = count > 0 ? ROUTE_YIELD_PIECES : ROUTE_YIELD_NONE,
            .pieces = {.first = count > 0 ? first : 0, .count = count}};
        network_pack_place(packer, &place);
        first += count;
    }
}

/* ---- corridors ---- */

static void corridors_pack(const struct plan_venues *snapshot, struct packer *packer)
{
    for (uint32_t i = 0; i < snapshot->ways_count; i++) {
        const struct plan_way *way = &snapshot->ways[i];
        const struct route_corridor corridor = {
            .tag = i,
            .from = way->from,
            .to = way->to,
            .max = way->max,
            .least = snapshot->move_min,
            .cost = way->rate,
            .output = ROUTE_OUTPUT_LINEAR,
            .gain = {.mantissa = 1, .exponent = 0},
        };
        network_pack_corridor(packer, &corridor);
    }
}

/* ---- what several ways share ---- */

enum bound {
    BOUND_SPARE,    /* of a spoke: what leaves it, beside the buffer */
    BOUND_VELOCITY, /* of a spoke: what enters any of its venues */
    BOUND_ENTERING, /* of a venue */
    BOUND_LEAVING,  /* of a venue */
    /* Of the mandate, where it has them (plan_shares.c): */
    BOUND_CAP,    /* of a spoke with its venues: what comes from siblings */
    BOUND_FLOOR,  /* of a spoke with its venues: what goes to siblings */
    BOUND_ISSUER, /* of an issuer's venues, named by the first: what enters them from others */
    BOUNDS_COUNT,
};

/* Of the place; false: it has no such bound. */
static bool bound_of(const struct plan_venues *snapshot, enum bound bound, uint32_t place,
                     struct route_group *ret_group)
{
    const bool is_spoke = place < snapshot->spokes_count;
    const struct plan_spoke *spoke = &snapshot->spokes[is_spoke ? place : 0];
    const struct plan_venue *venue =
        &snapshot->venues[is_spoke ? 0 : place - snapshot->spokes_count];
    const uint32_t tag = is_spoke ? PLANNED_SPOKE_FIRST + spoke->index : venue_tag(venue);

    *ret_group = (struct route_group){.decimals = snapshot->decimals};
    switch (bound) {
    case BOUND_SPARE:
        ret_group->tag = plan_group_tag(tag, PLAN_LIMIT_FLOOR);
        ret_group->max = spoke->spare;
        return is_spoke;
    case BOUND_VELOCITY:
        ret_group->tag = plan_group_tag(tag, PLAN_LIMIT_VELOCITY);
        ret_group->max = amount_smaller(&spoke->row.state.velocity_left, &snapshot->everything);
        return is_spoke;
    case BOUND_ENTERING:
        ret_group->tag = plan_group_tag(tag, PLAN_LIMIT_ENTERING);
        ret_group->max = venue->enter_max;
        return !is_spoke;
    case BOUND_LEAVING:
        ret_group->tag = plan_group_tag(tag, PLAN_LIMIT_LEAVING);
        ret_group->max = venue->leave_max;
        return !is_spoke;
    case BOUND_CAP:
        ret_group->tag = plan_group_tag(tag, PLAN_LIMIT_CAP);
        ret_group->max = amount_smaller(&spoke->cap_room, &snapshot->everything);
        return is_spoke && spoke->is_capped;
    case BOUND_FLOOR:
        ret_group->tag = plan_group_tag(tag, PLAN_LIMIT_SHARE);
        ret_group->max = spoke->floor_room;
        return is_spoke && spoke->is_floored;
    case BOUND_ISSUER:
        ret_group->tag = plan_group_tag(tag, PLAN_LIMIT_ISSUER);
        ret_group->max = venue->issuer_room;
        return !is_spoke && venue->leads_issuer;
    case BOUNDS_COUNT:
        break;
    }
    CHECK(false);
    return false;
}

/* The spoke that a place is, or is a venue of. */
static uint32_t spoke_of(const struct plan_venues *snapshot, uint32_t place)
{
    return place < snapshot->spokes_count ? place
                                          : snapshot->venues[place - snapshot->spokes_count].spoke;
}

/* Is a place a venue of the same issuer as the one at `leader`? */
static bool is_issued(const struct plan_venues *snapshot, uint32_t leader, uint32_t place)
{
    const uint32_t spokes = snapshot->spokes_count;

    return leader >= spokes && place >= spokes &&
           snapshot->venues[place - spokes].issuer == snapshot->venues[leader - spokes].issuer;
}

static bool is_bound(const struct plan_venues *snapshot, enum bound bound, uint32_t place,
                     const struct plan_way *way)
{
    const uint32_t spokes = snapshot->spokes_count;
    const uint32_t from = spoke_of(snapshot, way->from);
    const uint32_t to = spoke_of(snapshot, way->to);
    const bool is_debt = way->to >= spokes && snapshot->venues[way->to - spokes].is_debt;

    switch (bound) {
    case BOUND_SPARE:
    case BOUND_LEAVING:
        return way->from == place;
    case BOUND_VELOCITY: /* what enters its venues, and what goes to siblings */
        return place < spokes &&
               ((way->to >= spokes && to == place && !is_debt) || (from == place && to != place));
    case BOUND_ENTERING:
        return way->to == place;
    case BOUND_CAP:
        return place < spokes && to == place && from != place;
    case BOUND_FLOOR:
        return place < spokes && from == place && to != place;
    case BOUND_ISSUER:
        return is_issued(snapshot, place, way->to) && !is_issued(snapshot, place, way->from);
    case BOUNDS_COUNT:
        break;
    }
    CHECK(false);
    return false;
}

/* The terms of a bound, packed when there is a packer; how many there are. */
static uint32_t bound_terms(const struct plan_venues *snapshot, enum bound bound, uint32_t place,
                            struct packer *packer)
{
    struct route_term term = {.coefficient = {.mantissa = 1, .exponent = 0}};
    uint32_t count = 0;

    for (term.index = 0; term.index < snapshot->ways_count; term.index++) {
        if (is_bound(snapshot, bound, place, &snapshot->ways[term.index])) {
            count++;
            if (packer != NULL) {
                network_pack_term(packer, &term);
            }
        }
    }
    return count;
}

struct bounds_count {
    uint32_t groups;
    uint32_t terms;
};

/* Goes through all bounds that some way has, and packs their groups, or their terms. */
static struct bounds_count bounds_walk(const struct plan_venues *snapshot, struct packer *groups,
                                       struct packer *terms)
{
    struct bounds_count counts = {0};

    for (uint32_t bound = 0; bound < BOUNDS_COUNT; bound++) {
        for (uint32_t place = 0; place < snapshot->spokes_count + snapshot->venues_count; place++) {
            struct route_group group;
            const uint32_t count = bound_of(snapshot, (enum bound)bound, place, &group)
                                       ? bound_terms(snapshot, (enum bound)bound, place, terms)
                                       : 0;
            if (count == 0) {
                continue;
            }
            group.corridors = (struct route_span){.first = counts.terms, .count = count};
            if (groups != NULL) {
                network_pack_group(groups, &group);
            }
            counts.groups++;
            counts.terms += count;
        }
    }
    return counts;
}

/* One per way; their terms come after the groups'. */
static void transactions_pack(const struct plan_venues *snapshot, uint32_t terms_first,
                              struct packer *packer)
{
    for (uint32_t i = 0; snapshot->fixed && i < snapshot->ways_count; i++) {
        const struct plan_way *way = &snapshot->ways[i];
        const struct route_transaction transaction = {
            .tag = i, .cost = way->fixed, .corridors = {.first = terms_first + i, .count = 1}};
        network_pack_transaction(packer, &transaction);
    }
}

static uint32_t pieces_count(const struct plan_venues *snapshot)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < snapshot->spokes_count; i++) {
        count += buffer_pieces(&snapshot->spokes[i]);
    }
    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        count += pieces_count_of(snapshot, &snapshot->venues[i]);
    }
    return count;
}

enum reason plan_venues_pack(const struct plan_venues *venues, struct packer *packer)
{
    if (venues->ways_count == 0) {
        return venues->left_out != REASON_NONE ? venues->left_out : REASON_WITHIN_TOLERANCE;
    }
    const struct bounds_count bounds = bounds_walk(venues, NULL, NULL);
    const uint32_t fixed = venues->fixed ? venues->ways_count : 0;
    const struct network_counts counts = {
        .places = venues->spokes_count + venues->venues_count,
        .corridors = venues->ways_count,
        .groups = bounds.groups,
        .transactions = fixed,
        .pieces = pieces_count(venues),
        .terms = bounds.terms + fixed,
    };
    network_pack_header(packer, &counts, venues->horizon.ns / NS_PER_SECOND);
    places_pack(venues, packer);
    corridors_pack(venues, packer);
    (void)bounds_walk(venues, packer, NULL);
    transactions_pack(venues, bounds.terms, packer);
    for (uint32_t i = 0; i < venues->spokes_count; i++) {
        buffer_pack(venues, &venues->spokes[i], packer);
    }
    for (uint32_t i = 0; i < venues->venues_count; i++) {
        pieces_pack(venues, &venues->venues[i], packer);
    }
    (void)bounds_walk(venues, NULL, packer);
    for (uint32_t i = 0; i < fixed; i++) {
        const struct route_term term = {.index = i, .coefficient = {.mantissa = 1, .exponent = 0}};
        network_pack_term(packer, &term);
    }
    return packer->overrun ? REASON_PLAN_INFEASIBLE : REASON_NONE;
}

/* ---- do moves fit? ---- */

/* The place of one end of a move; PLACES_MAX: none of these. */
static uint32_t place_find(const struct core_config *config, const struct plan_venues *venues,
                           uint32_t domain, const struct address *address, uint32_t venue)
{
    for (uint32_t i = 0; i < venues->spokes_count; i++) {
        const struct core_spoke *spoke = &config->spokes[venues->spokes[i].index];
        if (spoke->domain != domain || !address_equal(&spoke->spoke, address)) {
            continue;
        }
        if (venue == 0) {
            return i;
        }
        for (uint32_t k = 0; k < venues->venues_count; k++) {
            if (venues->venues[k].spoke == i &&
                plan_venue_name(config, &venues->venues[k]) == venue) {
                return venues->spokes_count + k;
            }
        }
    }
    return PLACES_MAX;
}

/* Are the moves that a bound is of together within it? */
static bool bound_holds(const struct plan_venues *venues, enum bound bound, uint32_t place,
                        const struct plan_way *ways, uint32_t ways_count)
{
    struct amount sum = amount_zero();
    struct route_group group;

    if (!bound_of(venues, bound, place, &group)) {
        return true;
    }
    for (uint32_t i = 0; i < ways_count; i++) {
        if (is_bound(venues, bound, place, &ways[i]) &&
            amount_add(&sum, &ways[i].max, &sum) != STATUS_OK) {
            return false;
        }
    }
    return amount_compare(&sum, &group.max) <= 0;
}

bool plan_venues_fit(const struct core_config *config, const struct plan_venues *venues,
                     const struct plan_move *moves, uint32_t moves_count)
{
    struct plan_way ways[PLAN_MOVES_MAX];

    CHECK(moves_count <= PLAN_MOVES_MAX);
    for (uint32_t i = 0; i < moves_count; i++) {
        const struct plan_move *move = &moves[i];
        ways[i] = (struct plan_way){.from = place_find(config, venues, move->source_domain,
                                                       &move->source, move->source_venue),
                                    .to = place_find(config, venues, move->target_domain,
                                                     &move->target, move->target_venue),
                                    .max = move->amount};
        if (move->kind == MOVE_BETWEEN_ROUTERS || ways[i].from == PLACES_MAX ||
            ways[i].to == PLACES_MAX) {
            return false;
        }
    }
    for (uint32_t bound = 0; bound < BOUNDS_COUNT; bound++) {
        for (uint32_t place = 0; place < venues->spokes_count + venues->venues_count; place++) {
            if (!bound_holds(venues, (enum bound)bound, place, ways, moves_count)) {
                return false;
            }
        }
    }
    return true;
}
