/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_guard.c: what keeps a debt from liquidation: collateral that is brought to
 * it, or what is owed, paid back from what its spoke holds of the debt's asset.
 *
 * Both are places that the first of the capital is worth most in (plan_venues.c), each at the desk
 * of its own asset. So that one lack is not made good twice, a desk leaves it to another one that
 * does it better: with all that is lacking before with a part, from the same chain before over a
 * bridge, which may come too late, and then at the lower cost; at the same cost what is paid back
 * comes first, for it ends interest and binds less. All desks judge by the same rows, and so alike.
 *
 * Nobody waits for another desk for ever: GUARD_PATIENCE after the lack began each does what it
 * can. A move of another desk that is under way on the same chain is waited for, like one of the
 * desk's own. Nothing is ever borrowed. */
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"
#include "relay/core/plan/plan_internal.h"

#define GUARD_PATIENCE DURATION_MS(120000)

/* ---- accounts: all that one spoke has in one pool ---- */

static bool is_one_account(const struct core_config *config, const struct core_venue *a,
                           const struct core_venue *b)
{
    const struct core_spoke *of_a = &config->spokes[a->spoke];
    const struct core_spoke *of_b = &config->spokes[b->spoke];

    return a->kind == VENUE_AAVE && b->kind == VENUE_AAVE && of_a->domain == of_b->domain &&
           address_equal(&of_a->spoke, &of_b->spoke) && address_equal(&a->venue, &b->venue);
}

/* What is owed too much in an account, by the strictest of its floors. */
struct excess {
    struct amount amount; /* in the pool's numeraire; zero: nothing, or only interest */
    struct instant since;
};

/* `block`: what was read at another one is not believed beside it. */
static struct excess excess_of(struct step *step, const struct core_venue *of, uint64_t block)
{
    const struct core_config *config = step->config;
    struct excess excess = {.amount = amount_zero()};

    for (uint32_t i = 0; i < config->venues_count; i++) {
        const struct core_venue *venue = &config->venues[i];
        struct venue_row row;
        if (!is_one_account(config, venue, of) ||
            !venue_get(step, &config->spokes[venue->spoke], venue->index, &row) ||
            row.block != block) {
            continue;
        }
        const struct venue_state seen = venue_guarded(step, venue, &row.state);
        const struct amount amount = guard_excess(venue, &seen);
        if (!guard_owes_too_much(venue, &seen)) {
            continue;
        }
        if (amount_compare(&amount, &excess.amount) > 0) {
            excess.amount = amount;
        }
        if (excess.since.ns == 0 || row.low_since.ns < excess.since.ns) {
            excess.since = row.low_since;
        }
    }
    return excess;
}

/* ---- collateral ---- */

void plan_guard_take(struct step *step, const struct core_venue *config,
                     const struct plan_venues *snapshot, struct plan_venue *site)
{
    const struct venue_state *state = &site->row.state;
    const struct venue_state seen = venue_guarded(step, config, state);
    struct amount most;

    site->safe = guard_least(config, &seen, snapshot->decimals);
    site->lacks = capital_less(&site->safe, &state->supplied);
    if (amount_is_zero(&site->safe)) {
        return;
    }
    if (amount_add(&state->supplied, &site->enter_max, &most) == STATUS_OK) {
        site->safe = amount_smaller(&site->safe, &most);
    }
    site->urgent = amount_compare(&site->safe, &state->supplied) > 0;
    const struct amount spare = capital_less(&state->supplied, &site->safe);
    site->leave_max = amount_smaller(&site->leave_max, &spare);
}

/* ---- debts ---- */

/* Would the spoke and the pool take a payment? A guardian's closing holds back what enters alone.
 */
static bool is_payable(enum venue_gate gate)
{
    return gate != VENUE_CODE_CHANGED && gate != VENUE_PAUSED && gate != VENUE_RECEIPT_CHANGED;
}

/* As much as guards the rest, not less than the smallest move, nor more than is owed. */
static struct amount payment_of(const struct step *step, const struct amount *lacks,
                                const struct amount *owed)
{
    const struct amount *least = &step->config->route.move_min;
    const struct amount most = amount_compare(lacks, least) > 0 ? *lacks : *least;

    return amount_smaller(&most, owed);
}

static enum reason debt_take(struct step *step, uint32_t index, uint32_t spoke,
                             struct plan_venues *snapshot)
{
    const struct core_venue *config = &step->config->venues[index];
    const struct plan_spoke *at = &snapshot->spokes[spoke];
    const struct core_spoke *holder = &step->config->spokes[at->index];
    const struct amount no_fee = amount_zero();
    struct venue_row row;

    if (config->kind != VENUE_AAVE || !venue_get(step, holder, config->index, &row) ||
        row.block != at->row.block || amount_is_zero(&row.state.owed) ||
        amount_is_zero(&row.state.unit_debt) || !is_payable(row.state.gate)) {
        return REASON_NONE;
    }
    const struct excess excess = excess_of(step, config, row.block);
    if (amount_is_zero(&excess.amount)) {
        return REASON_NONE;
    }
    if (snapshot->spokes_count + snapshot->venues_count == PLAN_ROUTERS_MAX) {
        return REASON_PLAN_INFEASIBLE;
    }
    struct plan_venue *site = &snapshot->venues[snapshot->venues_count];
    *site = (struct plan_venue){.index = index, .spoke = spoke, .is_debt = true, .known = true};
    site->row.block = row.block;
    site->lacks = guard_payment(&row.state, snapshot->decimals, &excess.amount);
    site->safe = payment_of(step, &site->lacks, &row.state.owed);
    site->enter_max = site->safe;
    site->urgent = true;
    site->fixed.exponent = -(int32_t)snapshot->decimals;
    if (snapshot->fixed && !plan_fixed_cost(step, holder->domain, PLAN_VENUE_GAS, &no_fee,
                                            snapshot->decimals, &site->fixed)) {
        return REASON_POSITIONS_UNKNOWN;
    }
    snapshot->venues_count++;
    return REASON_NONE;
}

enum reason plan_debts_take(struct step *step, struct plan_venues *snapshot)
{
    for (uint32_t i = 0; i < step->config->venues_count; i++) {
        for (uint32_t k = 0; k < snapshot->spokes_count; k++) {
            const enum reason reason = snapshot->spokes[k].index == step->config->venues[i].spoke
                                           ? debt_take(step, i, k, snapshot)
                                           : REASON_NONE;
            if (reason != REASON_NONE) {
                return reason;
            }
        }
    }
    return REASON_NONE;
}

/* ---- who does it ---- */

/* One place that could make good what an account lacks. */
struct candidate {
    bool enough; /* all of it */
    bool near;   /* from its own chain alone */
    bool is_debt;
    uint32_t index; /* in the configuration */
    struct amount cost;
};

static struct amount cost_of(const struct plan_way *way, const struct amount *amount)
{
    const struct amount fixed = amount_from_u64((uint64_t)way->fixed.mantissa);
    struct amount cost;

    return route_decimal_of_ceil(amount, way->rate, &cost) == STATUS_OK &&
                   amount_add(&cost, &fixed, &cost) == STATUS_OK
               ? cost
               : amount_max();
}

static bool is_near(const struct plan_venues *snapshot, const struct plan_way *way)
{
    const uint32_t spokes = snapshot->spokes_count;
    const uint32_t from =
        way->from < spokes ? way->from : snapshot->venues[way->from - spokes].spoke;

    return from == snapshot->venues[way->to - spokes].spoke;
}

/* Of the ways that are not used yet to a venue the best for so much; NULL: there is none. */
static const struct plan_way *best_way(const struct plan_venues *snapshot, uint32_t venue,
                                       const bool *used, const struct amount *left)
{
    const struct plan_way *best = NULL;
    struct amount best_cost = amount_zero();

    for (uint32_t i = 0; i < snapshot->ways_count; i++) {
        const struct plan_way *way = &snapshot->ways[i];
        if (used[i] || way->to != snapshot->spokes_count + venue) {
            continue;
        }
        const struct amount part = amount_smaller(&way->max, left);
        const struct amount cost = cost_of(way, &part);
        const bool is_nearer = best != NULL && is_near(snapshot, way) && !is_near(snapshot, best);
        const bool is_farther = best != NULL && !is_near(snapshot, way) && is_near(snapshot, best);
        if (best == NULL || is_nearer || (!is_farther && amount_compare(&cost, &best_cost) < 0)) {
            best = way;
            best_cost = cost;
        }
    }
    return best;
}

/* How what a place lacks would come: an estimate, way by way, for the solver sees one asset alone.
 */
static struct candidate candidate_of(const struct plan_venues *snapshot, uint32_t venue)
{
    const struct plan_venue *site = &snapshot->venues[venue];
    struct candidate candidate = {.near = true, .is_debt = site->is_debt, .index = site->index};
    struct amount left = capital_less(&site->lacks, &site->inbound);
    bool used[PLAN_CORRIDORS_MAX] = {false};
    const struct plan_way *way = NULL;

    while (!amount_is_zero(&left) && (way = best_way(snapshot, venue, used, &left)) != NULL) {
        const struct amount part = amount_smaller(&way->max, &left);
        const struct amount cost = cost_of(way, &part);
        used[way - snapshot->ways] = true;
        candidate.near = candidate.near && is_near(snapshot, way);
        left = capital_less(&left, &part);
        if (amount_add(&candidate.cost, &cost, &candidate.cost) != STATUS_OK) {
            candidate.cost = amount_max();
        }
    }
    candidate.enough = amount_is_zero(&left);
    return candidate;
}

/* Does `a` make it good so much better that `b` need not? No two are better than each other. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
    const int dearer = amount_compare(&a->cost, &b->cost);

    if (!a->enough || !b->enough) {
        return a->enough;
    }
    if (a->near != b->near) {
        return a->near;
    }
    if (dearer != 0) {
        return dearer < 0;
    }
    return a->is_debt != b->is_debt ? a->is_debt : a->index < b->index;
}

/* Is there in this snapshot a better place for the account that the candidate is of? */
static bool has_better(const struct core_config *config, const struct plan_venues *snapshot,
                       const struct candidate *candidate)
{
    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        const struct plan_venue *site = &snapshot->venues[i];
        if (!site->urgent ||
            !is_one_account(config, &config->venues[site->index],
                            &config->venues[candidate->index]) ||
            (site->index == candidate->index && site->is_debt == candidate->is_debt)) {
            continue;
        }
        const struct candidate other = candidate_of(snapshot, i);
        if (is_better(&other, candidate)) {
            return true;
        }
    }
    return false;
}

static bool others_have_better(struct step *step, uint32_t asset, const struct candidate *candidate)
{
    for (uint32_t i = 0; i < step->config->assets_count; i++) {
        struct plan_venues other;
        if (i != asset && plan_venues_gather(step, i, &other) == REASON_NONE &&
            has_better(step->config, &other, candidate)) {
            return true;
        }
    }
    return false;
}

/* Does a move of another asset, under way on the account's chain, make it good already? */
static bool is_helped(struct step *step, uint32_t asset, const struct core_venue *of)
{
    const struct core_config *config = step->config;
    struct hash id = {{0}};
    struct move_row row;

    while (capital_next_open_move(step, &id, &id, &row)) {
        const struct plan_move *move = &row.move;
        const struct core_spoke *holder = move->kind == MOVE_BETWEEN_SPOKES
                                              ? plan_move_target(config, move, row.symbol)
                                              : plan_move_spoke(config, move, row.symbol);
        if (holder == NULL || holder->asset == asset || move->kind == MOVE_BETWEEN_ROUTERS ||
            (move->kind == MOVE_BETWEEN_SPOKES && row.booked_at.ns == 0)) {
            continue;
        }
        const uint32_t debts = approval_is_debt(move->target_venue) ? APPROVAL_DEBTS : 0;
        for (uint32_t i = 0; i < config->venues_count; i++) {
            const struct core_venue *venue = &config->venues[i];
            if (&config->spokes[venue->spoke] == holder &&
                venue->index + 1 == move->target_venue - debts &&
                is_one_account(config, venue, of)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_left_to_others(struct step *step, uint32_t asset, const struct plan_venues *snapshot,
                              uint32_t venue)
{
    const struct plan_venue *site = &snapshot->venues[venue];
    const struct core_venue *config = &step->config->venues[site->index];
    const struct excess excess = excess_of(step, config, site->row.block);

    if (!is_one_account(step->config, config, config)) {
        return false;
    }
    if (is_helped(step, asset, config)) {
        return true;
    }
    if (amount_is_zero(&excess.amount) ||
        instant_is_past(instant_after(excess.since, GUARD_PATIENCE), step->now)) {
        return false;
    }
    const struct candidate own = candidate_of(snapshot, venue);
    return has_better(step->config, snapshot, &own) || others_have_better(step, asset, &own);
}

bool plan_guard_settle(struct step *step, uint32_t asset, struct plan_venues *snapshot)
{
    bool left[PLAN_ROUTERS_MAX] = {false};
    bool any = false;

    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        left[i] = snapshot->venues[i].urgent && is_left_to_others(step, asset, snapshot, i);
    }
    for (uint32_t i = 0; i < snapshot->venues_count; i++) {
        struct plan_venue *site = &snapshot->venues[i];
        if (left[i]) {
            site->urgent = false;
            site->safe = amount_smaller(&site->safe, &site->row.state.supplied);
            site->enter_max = site->is_debt ? amount_zero() : site->enter_max;
            any = true;
        }
    }
    return any;
}
