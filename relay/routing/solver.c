/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/solver.c: minimum-cost transport as a flow.
 *
 * Each place is three nodes, so that caps on all that leaves and all that arrives are arcs:
 *
 *     source --balance--> place --cap out--> leaving --corridor--> arriving' --cap in--> place'
 *                         place --piece of its curve, one arc each--> sink
 *
 * Every unit ends in the sink, at the place where it is worth most net of what the way there costs.
 * The arc of a piece costs `shift` minus the piece's value, which makes all costs at least 0 and
 * changes no comparison, because every unit takes exactly one such arc. What a place's min demands
 * is an arc of its own, worth more than any detour can cost. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"
#include "relay/routing/flow_internal.h"
#include "relay/routing/plan.h"

#define RATE_ONE    1000000000 /* rates are integers of 1e-9 per whole unit */
#define RATE_MAX    ((int64_t)1 << 50)
#define SPAN_MAX    ((int64_t)1 << 61)
#define NODE_SOURCE 0u
#define NODE_SINK   1u

struct solver {
    const struct network *network;
    struct flow_graph graph;
    struct amount total;     /* of all balances */
    int64_t *corridor_costs; /* what a unit loses on the way, fees and lost output together */
    struct amount *cap_out;  /* by place */
    struct amount *cap_in;
    uint32_t *degree_out;
    uint32_t *degree_in;
    uint32_t *corridor_arcs;
    struct amount *flows;
    struct amount *positions;
    struct route_decimal *prices;
    int64_t mandatory; /* what a unit of a place's min is worth on top */
    int64_t shift;
    bool lossless;
    const char *reason;
};

static uint32_t node_place(uint32_t place)
{
    return 2 + 3 * place;
}

static uint32_t node_leaving(uint32_t place)
{
    return 3 + 3 * place;
}

static uint32_t node_arriving(uint32_t place)
{
    return 4 + 3 * place;
}

static uint32_t nodes_count(const struct network *network)
{
    return 2 + 3 * network->counts.places;
}

/* Per place: balance, cap out, cap in, min, rest; one per piece; one per corridor; and twins. */
static uint32_t arcs_max(const struct network *network)
{
    return 2 * (5 * network->counts.places + network->counts.pieces + network->counts.corridors);
}

size_t route_footprint(const struct network *network)
{
    const size_t places = network->counts.places;
    const size_t corridors = network->counts.corridors;

    return 3 * block_align(places * sizeof(struct amount)) +
           2 * block_align(places * sizeof(uint32_t)) +
           block_align(places * sizeof(struct route_decimal)) +
           block_align(corridors * sizeof(struct amount)) +
           block_align(corridors * sizeof(int64_t)) + block_align(corridors * sizeof(uint32_t)) +
           flow_footprint(nodes_count(network), arcs_max(network));
}

static void *take(uint8_t **memory, size_t bytes)
{
    void *taken = block_take(memory, bytes);

    memset(taken, 0, bytes);
    return taken;
}

static void solver_init(struct solver *solver, const struct network *network, void *memory)
{
    const size_t places = network->counts.places;
    const size_t corridors = network->counts.corridors;
    uint8_t *rest = memory;

    memset(solver, 0, sizeof(*solver));
    solver->network = network;
    solver->lossless = true;
    solver->cap_out = take(&rest, places * sizeof(struct amount));
    solver->cap_in = take(&rest, places * sizeof(struct amount));
    solver->positions = take(&rest, places * sizeof(struct amount));
    solver->degree_out = take(&rest, places * sizeof(uint32_t));
    solver->degree_in = take(&rest, places * sizeof(uint32_t));
    solver->prices = take(&rest, places * sizeof(struct route_decimal));
    solver->flows = take(&rest, corridors * sizeof(struct amount));
    solver->corridor_costs = take(&rest, corridors * sizeof(int64_t));
    solver->corridor_arcs = take(&rest, corridors * sizeof(uint32_t));
    flow_init(&solver->graph, rest, nodes_count(network), arcs_max(network));
}

static bool refuse(struct solver *solver, const char *reason)
{
    solver->reason = reason;
    return false;
}

/* ---- rates ---- */

/* |decimal| in 1e-9, rounded up or down. */
static bool rate_magnitude(struct route_decimal decimal, bool up, int64_t *ret_rate)
{
    const struct amount one = amount_from_u64(RATE_ONE);
    const struct route_decimal magnitude = {.mantissa = decimal.mantissa < 0 ? -decimal.mantissa
                                                                             : decimal.mantissa,
                                            .exponent = decimal.exponent};
    struct amount rate;
    uint64_t value;

    if ((up ? route_decimal_of_ceil(&one, magnitude, &rate)
            : route_decimal_of_floor(&one, magnitude, &rate)) != STATUS_OK ||
        amount_to_u64(&rate, &value) != STATUS_OK || value > (uint64_t)RATE_MAX) {
        return false;
    }
    *ret_rate = (int64_t)value;
    return true;
}

/* Rounded towards minus infinity. */
static bool rate_floor(struct route_decimal decimal, int64_t *ret_rate)
{
    int64_t rate;

    if (!rate_magnitude(decimal, decimal.mantissa < 0, &rate)) {
        return false;
    }
    *ret_rate = decimal.mantissa < 0 ? -rate : rate;
    return true;
}

/* What a unit that enters loses: the cost, and what does not come out at the head's price. */
static bool corridor_read(struct solver *solver, uint32_t index)
{
    const struct route_corridor *corridor = &solver->network->corridors[index];
    int64_t cost;
    int64_t gain;
    int64_t price;

    if (corridor->output != ROUTE_OUTPUT_LINEAR) {
        return refuse(solver, "a corridor's output is not linear");
    }
    if (corridor->cost.mantissa < 0 || !rate_magnitude(corridor->cost, true, &cost)) {
        return refuse(solver, "a corridor's cost is negative or above 1e6 per unit");
    }
    if (!rate_magnitude(corridor->gain, false, &gain) || gain > RATE_ONE) {
        return refuse(solver, "a corridor's gain is above 1");
    }
    if (!rate_floor(solver->network->places[corridor->to].price, &price) || price < 0) {
        return refuse(solver, "a place's price is negative or above 1e6");
    }
    if (gain < RATE_ONE) {
        const struct amount lost = amount_from_u64((uint64_t)(RATE_ONE - gain));
        const struct amount worth = amount_from_u64((uint64_t)price);
        const struct amount one = amount_from_u64(RATE_ONE);
        struct amount loss;
        uint64_t value;
        solver->lossless = false;
        if (amount_scale_ceil(&lost, &worth, &one, &loss) != STATUS_OK ||
            amount_to_u64(&loss, &value) != STATUS_OK) {
            return refuse(solver, "a corridor loses more than can be counted");
        }
        cost += (int64_t)value;
    }
    solver->corridor_costs[index] = cost;
    return true;
}

/* ---- what this solver covers ---- */

static bool decimal_is_one(struct route_decimal decimal)
{
    const struct amount one = amount_from_u64(1);
    struct amount up;
    struct amount down;

    return route_decimal_of_ceil(&one, decimal, &up) == STATUS_OK && amount_equal(&up, &one) &&
           route_decimal_of_floor(&one, decimal, &down) == STATUS_OK && amount_equal(&down, &one);
}

/* Are the group's corridors distinct, with coefficient 1, and all of one end? */
static bool group_is_of_one_end(const struct network *network, const struct route_group *group,
                                bool tail, uint32_t *ret_place)
{
    for (uint32_t i = 0; i < group->corridors.count; i++) {
        const struct route_term *term = &network->terms[group->corridors.first + i];
        const struct route_corridor *corridor = &network->corridors[term->index];
        const uint32_t place = tail ? corridor->from : corridor->to;
        if (!decimal_is_one(term->coefficient) || (i > 0 && term->index <= term[-1].index) ||
            (i > 0 && place != *ret_place)) {
            return false;
        }
        *ret_place = place;
    }
    return group->corridors.count > 0;
}

static bool group_read(struct solver *solver, const struct route_group *group)
{
    const struct network *network = solver->network;
    uint32_t place = 0;

    if (group->risk.mantissa != 0 || group->places.count != 0) {
        return refuse(solver, "a group has risk or counts positions");
    }
    if (!group->min_is_negative && !amount_is_zero(&group->min)) {
        return refuse(solver, "a group demands a least flow");
    }
    if (group_is_of_one_end(network, group, true, &place) &&
        group->corridors.count == solver->degree_out[place] &&
        group->decimals == network->places[place].decimals) {
        solver->cap_out[place] = amount_smaller(&solver->cap_out[place], &group->max);
        return true;
    }
    if (group_is_of_one_end(network, group, false, &place) &&
        group->corridors.count == solver->degree_in[place] &&
        group->decimals == network->places[place].decimals) {
        solver->cap_in[place] = amount_smaller(&solver->cap_in[place], &group->max);
        return true;
    }
    return refuse(solver, "a group is not all that leaves or all that enters one place");
}

static bool places_read(struct solver *solver)
{
    const struct network *network = solver->network;

    for (uint32_t i = 0; i < network->counts.places; i++) {
        const struct route_place *place = &network->places[i];
        if (place->decimals != network->places[0].decimals) {
            return refuse(solver, "places have different numbers of decimals");
        }
        if (place->yield == ROUTE_YIELD_QUADRATIC) {
            return refuse(solver, "a place's yield is quadratic");
        }
        solver->cap_out[i] = amount_max();
        solver->cap_in[i] = amount_max();
    }
    return true;
}

static bool network_read(struct solver *solver)
{
    const struct network *network = solver->network;

    if (!places_read(solver)) {
        return false;
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        if (!corridor_read(solver, i)) {
            return false;
        }
        solver->degree_out[network->corridors[i].from]++;
        solver->degree_in[network->corridors[i].to]++;
    }
    for (uint32_t i = 0; i < network->counts.groups; i++) {
        if (!group_read(solver, &network->groups[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < network->counts.transactions; i++) {
        if (network->transactions[i].cost.mantissa != 0) {
            return refuse(solver, "a transaction has a fixed cost");
        }
    }
    return true;
}

/* ---- building the flow ---- */

/* The best value that any arc to the sink can have, and the worst way to it. */
static bool scale_set(struct solver *solver)
{
    const struct network *network = solver->network;
    int64_t most = 0;
    int64_t least = 0;
    int64_t cost_max = 0;

    for (uint32_t i = 0; i < network->counts.places; i++) {
        const struct route_place *place = &network->places[i];
        int64_t price;
        int64_t rate = 0;
        if (!rate_floor(place->price, &price)) {
            return refuse(solver, "a place's price is out of range");
        }
        for (uint32_t k = 0; place->yield == ROUTE_YIELD_PIECES && k < place->pieces.count; k++) {
            if (!rate_floor(network->pieces[place->pieces.first + k].rate, &rate)) {
                return refuse(solver, "a yield's rate is out of range");
            }
            most = price + rate > most ? price + rate : most;
            least = price + rate < least ? price + rate : least;
        }
        most = price > most ? price : most;
        least = price < least ? price : least;
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        cost_max = solver->corridor_costs[i] > cost_max ? solver->corridor_costs[i] : cost_max;
    }
    const int64_t places = (int64_t)network->counts.places;
    CHECK(places > 0);
    if (cost_max >= SPAN_MAX / (4 * places) || most - least >= SPAN_MAX / 8) {
        return refuse(solver, "rates and costs span too much");
    }
    solver->mandatory = cost_max * places + (most - least) + 1;
    solver->shift = solver->mandatory + most;
    return true;
}

/* One arc for `width` units of worth `value` each, as far as `*room` goes. */
static void piece_add(struct solver *solver, uint32_t place, const struct amount *width,
                      int64_t value, struct amount *room)
{
    const struct amount taken = amount_smaller(width, room);

    if (amount_is_zero(&taken)) {
        return;
    }
    (void)flow_arc_add(&solver->graph, node_place(place), NODE_SINK, &taken, solver->shift - value);
    const enum status status = amount_subtract(room, &taken, room);
    CHECK(status == STATUS_OK);
}

/* What is beyond `*skip`, which shrinks by the piece's width. */
static struct amount width_beyond(const struct amount *width, struct amount *skip)
{
    const struct amount both = amount_smaller(width, skip);
    struct amount beyond;
    const enum status shrunk = amount_subtract(skip, &both, skip);
    const enum status left = amount_subtract(width, &both, &beyond);

    CHECK(shrunk == STATUS_OK);
    CHECK(left == STATUS_OK);
    return beyond;
}

static void place_add(struct solver *solver, uint32_t index)
{
    const struct network *network = solver->network;
    const struct route_place *place = &network->places[index];
    struct amount room = place->max;
    struct amount skip = amount_smaller(&place->min, &place->max);
    int64_t price = 0;

    const bool priced = rate_floor(place->price, &price);
    CHECK(priced);
    (void)flow_arc_add(&solver->graph, NODE_SOURCE, node_place(index), &place->balance, 0);
    const struct amount out = amount_smaller(&solver->cap_out[index], &solver->total);
    const struct amount in = amount_smaller(&solver->cap_in[index], &solver->total);
    (void)flow_arc_add(&solver->graph, node_place(index), node_leaving(index), &out, 0);
    (void)flow_arc_add(&solver->graph, node_arriving(index), node_place(index), &in, 0);
    const struct amount mandatory = skip;
    piece_add(solver, index, &mandatory, solver->mandatory + price, &room);
    for (uint32_t k = 0; place->yield == ROUTE_YIELD_PIECES && k < place->pieces.count; k++) {
        const struct route_piece *piece = &network->pieces[place->pieces.first + k];
        int64_t rate = 0;
        const bool rated = rate_floor(piece->rate, &rate);
        CHECK(rated);
        const struct amount width = width_beyond(&piece->width, &skip);
        piece_add(solver, index, &width, price + rate, &room);
    }
    const struct amount rest = room;
    piece_add(solver, index, &rest, price, &room);
}

static void graph_build(struct solver *solver)
{
    const struct network *network = solver->network;

    for (uint32_t i = 0; i < network->counts.places; i++) {
        place_add(solver, i);
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        const struct route_corridor *corridor = &network->corridors[i];
        const struct amount capacity = amount_smaller(&corridor->max, &solver->total);
        solver->corridor_arcs[i] =
            flow_arc_add(&solver->graph, node_leaving(corridor->from), node_arriving(corridor->to),
                         &capacity, solver->corridor_costs[i]);
    }
}

/* ---- reading the answer ---- */

static enum status flows_read(struct solver *solver, struct amount *ret_cost)
{
    const struct network *network = solver->network;
    struct amount cost = amount_zero();

    for (uint32_t i = 0; i < network->counts.places; i++) {
        solver->positions[i] = network->places[i].balance;
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        const struct route_corridor *corridor = &network->corridors[i];
        struct amount *head = &solver->positions[corridor->to];
        struct amount out;
        struct amount fee;
        solver->flows[i] = flow_shipped(&solver->graph, solver->corridor_arcs[i]);
        if (route_decimal_of_floor(&solver->flows[i], corridor->gain, &out) != STATUS_OK ||
            amount_add(head, &out, head) != STATUS_OK ||
            route_decimal_of_ceil(&solver->flows[i], corridor->cost, &fee) != STATUS_OK ||
            amount_add(&cost, &fee, &cost) != STATUS_OK) {
            return STATUS_OVERFLOW;
        }
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        struct amount *tail = &solver->positions[network->corridors[i].from];
        /* Can fall below 0 when a lossy corridor feeds this one: then there is no such plan. */
        if (amount_subtract(tail, &solver->flows[i], tail) != STATUS_OK) {
            return STATUS_OVERFLOW;
        }
    }
    *ret_cost = cost;
    return STATUS_OK;
}

static void bounds_check(const struct solver *solver, struct route_plan *plan)
{
    for (uint32_t i = 0; i < solver->network->counts.places; i++) {
        const struct route_place *place = &solver->network->places[i];
        const bool below = amount_compare(&solver->positions[i], &place->min) < 0;
        const bool above = amount_compare(&solver->positions[i], &place->max) > 0;
        if (below || above) {
            plan->result = ROUTE_INFEASIBLE;
            plan->infeasible_place = i;
            plan->below_min = below;
            return;
        }
    }
}

/* A unit more at a place goes the cheapest way to the sink; its potentials say what that is. */
static void prices_read(struct solver *solver)
{
    const int64_t *potential = solver->graph.potential;

    for (uint32_t i = 0; i < solver->network->counts.places; i++) {
        const int64_t way = potential[NODE_SINK] - potential[node_place(i)];
        solver->prices[i] = (struct route_decimal){.mantissa = solver->shift - way, .exponent = -9};
    }
}

enum status route_solve(const struct network *network, const struct route_options *options,
                        void *memory, struct route_plan *ret_plan, const char **ret_reason)
{
    struct solver solver;
    struct route_plan plan;
    bool finished;

    memset(&plan, 0, sizeof(plan));
    solver_init(&solver, network, memory);
    if (!network_read(&solver) || !scale_set(&solver)) {
        *ret_reason = solver.reason;
        return STATUS_UNSUPPORTED;
    }
    for (uint32_t i = 0; i < network->counts.places; i++) {
        if (amount_add(&solver.total, &network->places[i].balance, &solver.total) != STATUS_OK) {
            return STATUS_OVERFLOW;
        }
    }
    graph_build(&solver);
    plan.steps = flow_ship(&solver.graph, NODE_SOURCE, NODE_SINK, options->steps_max, &finished);
    const enum status status = flows_read(&solver, &plan.cost);
    if (status != STATUS_OK) {
        return status;
    }
    plan.result = finished && solver.lossless ? ROUTE_OPTIMAL : ROUTE_FEASIBLE;
    bounds_check(&solver, &plan);
    prices_read(&solver);
    plan.flows = solver.flows;
    plan.positions = solver.positions;
    plan.prices = solver.prices;
    *ret_plan = plan;
    return STATUS_OK;
}
