/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/explain.h"

#include <math.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"

/* A plan that is this near to a bound, as a part of the room between the bounds, is at it. */
#define AT_BOUND_PART 1e-5

/* What is known of a place: flows in and out, the prices of its groups, what it gains beyond its
 * price. */
struct site {
    double in;
    double out;
    double rent;    /* of its groups, per unit */
    double surplus; /* what its change of amount is worth beyond the price */
};

struct explainer {
    const struct model *model;
    const double *positions;
    const double *flows;
    const struct model_prices *prices;
    struct site *sites; /* by place */
    double *rents;      /* by corridor: prices of its groups */
    double *worths;     /* by transaction: what its corridors could make together */
    uint32_t *used;     /* by transaction: corridors in use */
    struct explain_corridor *corridors;
    struct explain_limit *limits;
    uint32_t limits_count;
    double portfolio; /* value of everything */
    double price_max;
};

static uint32_t limits_max(const struct model *model)
{
    return 2 * model->counts.places + model->counts.corridors + 2 * model->counts.groups;
}

size_t explain_footprint(const struct model *model)
{
    const struct network_counts *counts = &model->counts;

    return block_align(counts->places * sizeof(struct site)) +
           block_align(counts->corridors * sizeof(double)) +
           block_align(counts->transactions * sizeof(double)) +
           block_align(counts->transactions * sizeof(uint32_t)) +
           block_align(counts->corridors * sizeof(struct explain_corridor)) +
           block_align(limits_max(model) * sizeof(struct explain_limit));
}

static double size_of(double value)
{
    return value < 0 ? -value : value;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* ---- curves ---- */

/* Of a concave curve of pieces; `below` asks for the slope just below the amount, else just above.
 * What is as near to an edge as arithmetic leaves it is at the edge. */
static double pieces_slope(const struct model *model, struct route_span span, double amount,
                           bool below)
{
    double edge = 0;

    for (uint32_t i = 0; i < span.count; i++) {
        const struct model_piece *piece = &model->pieces[span.first + i];
        edge += piece->width;
        const double slack = AT_BOUND_PART * piece->width;
        if (below ? amount <= edge + slack : amount < edge - slack) {
            return piece->rate;
        }
    }
    return 0;
}

static double pieces_value(const struct model *model, struct route_span span, double amount)
{
    double value = 0;
    double rest = amount;

    for (uint32_t i = 0; i < span.count && rest > 0; i++) {
        const struct model_piece *piece = &model->pieces[span.first + i];
        value += piece->rate * smaller(piece->width, rest);
        rest -= piece->width;
    }
    return value;
}

/* What a place's amount is worth. */
static double worth_of(const struct model *model, const struct model_place *place, double amount)
{
    double value = place->price * amount;

    switch (place->yield) {
    case ROUTE_YIELD_NONE:
        break;
    case ROUTE_YIELD_PIECES:
        value += pieces_value(model, place->pieces, amount);
        break;
    case ROUTE_YIELD_QUADRATIC:
        value += amount * (place->linear - place->quadratic / 2 * amount);
        break;
    }
    return value;
}

/* What the last unit (`below`) or one more is worth there. */
static double slope_of(const struct model *model, const struct model_place *place, double amount,
                       bool below)
{
    switch (place->yield) {
    case ROUTE_YIELD_NONE:
        return place->price;
    case ROUTE_YIELD_PIECES:
        return place->price + pieces_slope(model, place->pieces, amount, below);
    case ROUTE_YIELD_QUADRATIC:
        return place->price + place->linear - place->quadratic * amount;
    }
    return 0;
}

static double output_of(const struct model *model, const struct model_corridor *corridor,
                        double amount)
{
    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        return corridor->gain * amount;
    case ROUTE_OUTPUT_PIECES:
        return pieces_value(model, corridor->pieces, amount);
    case ROUTE_OUTPUT_PRODUCT:
        return corridor->reserve_out * (corridor->gain * amount) /
               (corridor->reserve_in + corridor->gain * amount);
    }
    return 0;
}

/* What comes out for the next unit (or the last one) that enters. */
static double output_slope(const struct model *model, const struct model_corridor *corridor,
                           double amount, bool below)
{
    double rest = 0;

    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        return corridor->gain;
    case ROUTE_OUTPUT_PIECES:
        return pieces_slope(model, corridor->pieces, amount, below);
    case ROUTE_OUTPUT_PRODUCT:
        rest = corridor->reserve_in + corridor->gain * amount;
        return corridor->reserve_out * corridor->gain * corridor->reserve_in / (rest * rest);
    }
    return 0;
}

/* ---- what the prices say ---- */

static void rents_spread(struct explainer *explainer)
{
    const struct model *model = explainer->model;

    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        for (uint32_t i = 0; i < group->places.count; i++) {
            const struct model_term *term = &model->terms[group->places.first + i];
            explainer->sites[term->index].rent += term->coefficient * explainer->prices->groups[g];
        }
        for (uint32_t i = 0; i < group->corridors.count; i++) {
            const struct model_term *term = &model->terms[group->corridors.first + i];
            explainer->rents[term->index] += term->coefficient * explainer->prices->groups[g];
        }
    }
}

static void sites_fill(struct explainer *explainer)
{
    const struct model *model = explainer->model;

    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        const double arrived = output_of(model, corridor, explainer->flows[i]);
        explainer->corridors[i].arrived = arrived;
        explainer->sites[corridor->from].out += explainer->flows[i];
        explainer->sites[corridor->to].in += arrived;
    }
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        const double price = explainer->prices->places[i];
        const double position = explainer->positions[i];
        explainer->sites[i].surplus = worth_of(model, place, position) -
                                      worth_of(model, place, place->balance) -
                                      price * (explainer->sites[i].in - explainer->sites[i].out);
        explainer->portfolio += size_of(larger(place->balance, position) * price);
        explainer->price_max = larger(explainer->price_max, size_of(price));
    }
}

static bool is_used(const struct explainer *explainer, uint32_t index)
{
    const uint32_t from = explainer->model->corridors[index].from;
    const double unit = larger(size_of(explainer->prices->places[from]),
                               size_of(explainer->model->places[from].price));

    return explainer->flows[index] > 0 &&
           (explainer->flows[index] * unit > EXPLAIN_FLOW_PART * explainer->portfolio);
}

/* ---- moves ---- */

/* The part of a place's surplus that one of its flows has: those that made its change have all. */
static double surplus_part(const struct explainer *explainer, uint32_t place, double flow,
                           bool leaves)
{
    const struct site *site = &explainer->sites[place];
    const double change = site->in - site->out;
    const bool mine = leaves ? change < 0 : change > 0;
    const double all = leaves ? site->out : site->in;

    return mine && all > 0 ? site->surplus * (flow / all) : 0;
}

static void move_weigh(struct explainer *explainer, uint32_t index)
{
    const struct model_corridor *corridor = &explainer->model->corridors[index];
    struct explain_corridor *result = &explainer->corridors[index];
    const double *prices = explainer->prices->places;
    const double flow = explainer->flows[index];

    result->gain = prices[corridor->to] * result->arrived - prices[corridor->from] * flow +
                   surplus_part(explainer, corridor->from, flow, true) +
                   surplus_part(explainer, corridor->to, result->arrived, false);
    result->cost = corridor->cost * flow;
    if (corridor->transaction != MODEL_NONE && flow > 0) {
        result->cost += explainer->model->transactions[corridor->transaction].cost /
                        explainer->used[corridor->transaction];
    }
}

/* ---- corridors that are not used ---- */

/* What all of a corridor could make for itself at the prices. */
static double corridor_best(const struct explainer *explainer, uint32_t index)
{
    const struct model *model = explainer->model;
    const struct model_corridor *corridor = &model->corridors[index];
    const double worth = explainer->prices->places[corridor->to];
    const double rent =
        explainer->prices->places[corridor->from] + corridor->cost + explainer->rents[index];
    double best = 0;
    double from = 0;

    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        return larger(0, (worth * corridor->gain - rent) * corridor->max);
    case ROUTE_OUTPUT_PIECES:
        for (uint32_t i = 0; i < corridor->pieces.count && from < corridor->max; i++) {
            const struct model_piece *piece = &model->pieces[corridor->pieces.first + i];
            const double width = smaller(piece->width, corridor->max - from);
            best += larger(0, (worth * piece->rate - rent) * width);
            from += width;
        }
        return best;
    case ROUTE_OUTPUT_PRODUCT:
        if (worth <= 0 || rent <= 0) {
            return larger(0,
                          worth * output_of(model, corridor, corridor->max) - rent * corridor->max);
        }
        from = (sqrt(worth * corridor->reserve_out * corridor->gain / corridor->reserve_in / rent) -
                1) *
               corridor->reserve_in / corridor->gain;
        from = smaller(larger(from, 0), corridor->max);
        return worth * output_of(model, corridor, from) - rent * from;
    }
    return 0;
}

/* The one that takes most of what the first unit would be worth at its end: the group with the
 * highest charge there or on the way, or else the place's own max. */
static struct explain_limit limit_in_the_way(const struct explainer *explainer, uint32_t index)
{
    const struct model *model = explainer->model;
    const struct model_corridor *corridor = &model->corridors[index];
    const struct model_place *head = &model->places[corridor->to];
    struct explain_limit limit = {.kind = EXPLAIN_PLACE_MAX,
                                  .index = corridor->to,
                                  .bound = head->max,
                                  .price = slope_of(model, head, head->max, true) -
                                           explainer->prices->places[corridor->to] -
                                           explainer->sites[corridor->to].rent};
    double most = limit.price;

    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        const double price = explainer->prices->groups[g];
        double charge = 0;
        for (uint32_t i = 0; i < group->places.count; i++) {
            const struct model_term *term = &model->terms[group->places.first + i];
            charge += term->index == corridor->to ? term->coefficient * price : 0;
        }
        for (uint32_t i = 0; i < group->corridors.count; i++) {
            const struct model_term *term = &model->terms[group->corridors.first + i];
            charge += term->index == index ? term->coefficient * price : 0;
        }
        if (charge > most) {
            most = charge;
            limit =
                (struct explain_limit){.kind = price > 0 ? EXPLAIN_GROUP_MAX : EXPLAIN_GROUP_MIN,
                                       .index = g,
                                       .bound = price > 0 ? group->max : group->min,
                                       .price = size_of(price)};
        }
    }
    return limit;
}

static enum explain_use reason_of(const struct explainer *explainer, uint32_t index,
                                  const struct explain_corridor *result, double *ret_missing)
{
    const struct model *model = explainer->model;
    const struct model_corridor *corridor = &model->corridors[index];
    const double even =
        EXPLAIN_PRICE_PART * larger(size_of(result->worth_start), size_of(result->worth_end));
    const double left = result->worth_end - result->worth_start - result->charge;
    /* At its end by itself, limits apart. */
    const double alone =
        slope_of(model, &model->places[corridor->to], explainer->positions[corridor->to], false) *
        output_slope(model, corridor, 0, false);

    if (corridor->max <= 0) {
        return EXPLAIN_CLOSED;
    }
    if (left > even && corridor->transaction != MODEL_NONE &&
        explainer->used[corridor->transaction] == 0) {
        *ret_missing = model->transactions[corridor->transaction].cost -
                       explainer->worths[corridor->transaction];
        return *ret_missing > 0 ? EXPLAIN_FIXED : EXPLAIN_NOT_PROVED;
    }
    if (left > even) {
        return EXPLAIN_NOT_PROVED;
    }
    if (left >= -even) {
        return EXPLAIN_EVEN;
    }
    if (larger(alone, result->worth_end) - result->worth_start - corridor->cost > even) {
        return EXPLAIN_LIMIT;
    }
    return result->worth_end - result->worth_start > even ? EXPLAIN_COST : EXPLAIN_NO_GAIN;
}

static void unused_explain(struct explainer *explainer, uint32_t index)
{
    const struct model *model = explainer->model;
    const struct model_corridor *corridor = &model->corridors[index];
    struct explain_corridor *result = &explainer->corridors[index];

    result->worth_start = explainer->prices->places[corridor->from];
    result->worth_end =
        explainer->prices->places[corridor->to] * output_slope(model, corridor, 0, false);
    result->charge = corridor->cost + explainer->rents[index];
    result->use = reason_of(explainer, index, result, &result->missing);
    if (result->use == EXPLAIN_LIMIT) {
        result->limit = limit_in_the_way(explainer, index);
    }
}

/* ---- limits ---- */

static void limit_add(struct explainer *explainer, enum explain_kind kind, uint32_t index,
                      double bound, double price)
{
    CHECK(explainer->limits_count < limits_max(explainer->model));
    explainer->limits[explainer->limits_count++] =
        (struct explain_limit){.kind = kind, .index = index, .bound = bound, .price = price};
}

/* What one more unit entering a place (or leaving it) would make where it can: `worth` is what it
 * is worth at the place. The most over the corridors with room; 0 when none would pay. */
static double room_worth(const struct explainer *explainer, uint32_t place, double worth,
                         bool enters)
{
    const struct model *model = explainer->model;
    const double *prices = explainer->prices->places;
    double most = 0;

    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        const double flow = explainer->flows[i];
        if ((enters ? corridor->to : corridor->from) != place || !(flow < corridor->max)) {
            continue;
        }
        const double charge = corridor->cost + explainer->rents[i];
        const double out = output_slope(model, corridor, flow, false);
        most = larger(most, enters ? worth * out - prices[corridor->from] - charge
                                   : prices[corridor->to] * out - charge - worth);
    }
    return most;
}

/* The slopes of the certificate's bound, for limits that the plan is at. Where nothing flows, many
 * prices prove the same bound: the room is worth no more than somebody would make of it. */
static void place_limits(struct explainer *explainer, uint32_t index)
{
    const struct model *model = explainer->model;
    const struct model_place *place = &model->places[index];
    const double groups = explainer->sites[index].rent;
    const double rent = explainer->prices->places[index] + groups;
    const double slack = AT_BOUND_PART * (place->max - place->min);
    const double least = EXPLAIN_PRICE_PART * larger(explainer->price_max, size_of(rent));
    const double last = slope_of(model, place, place->max, true);
    const double first = slope_of(model, place, place->min, false);

    /* Nobody can hold less than nothing: a min of 0 is no limit of the owner's. */
    if (place->min > 0 && explainer->positions[index] <= place->min + slack &&
        rent - first > least) {
        const double floor =
            smaller(rent - first, room_worth(explainer, index, first - groups, false));
        if (floor > least) {
            limit_add(explainer, EXPLAIN_PLACE_MIN, index, place->min, floor);
        }
    }
    if (explainer->positions[index] >= place->max - slack && last - rent > least) {
        const double cap = smaller(last - rent, room_worth(explainer, index, last - groups, true));
        if (cap > least) {
            limit_add(explainer, EXPLAIN_PLACE_MAX, index, place->max, cap);
        }
    }
}

static void corridor_limit(struct explainer *explainer, uint32_t index)
{
    const struct model *model = explainer->model;
    const struct model_corridor *corridor = &model->corridors[index];
    const double *prices = explainer->prices->places;
    const double price = prices[corridor->to] * output_slope(model, corridor, corridor->max, true) -
                         prices[corridor->from] - corridor->cost - explainer->rents[index];

    if (corridor->max > 0 && explainer->flows[index] >= corridor->max * (1 - AT_BOUND_PART) &&
        price > EXPLAIN_PRICE_PART * explainer->price_max) {
        limit_add(explainer, EXPLAIN_CORRIDOR_MAX, index, corridor->max, price);
    }
}

/* Exposure of a group, and in `ret_largest` its largest coefficient. Without flows: what doing
 * nothing has. */
static double exposure(const struct explainer *explainer, const struct model_group *group,
                       bool planned, double *ret_largest)
{
    const struct model *model = explainer->model;
    double sum = 0;
    double largest = 0;

    for (uint32_t i = 0; i < group->places.count; i++) {
        const struct model_term *term = &model->terms[group->places.first + i];
        sum += term->coefficient *
               (planned ? explainer->positions[term->index] : model->places[term->index].balance);
        largest = larger(largest, size_of(term->coefficient));
    }
    for (uint32_t i = 0; i < group->corridors.count; i++) {
        const struct model_term *term = &model->terms[group->corridors.first + i];
        sum += planned ? term->coefficient * explainer->flows[term->index] : 0;
        largest = larger(largest, size_of(term->coefficient));
    }
    *ret_largest = largest;
    return sum;
}

/* Adds the group's limits; returns by how much its risk charge shrinks. */
static double group_limits(struct explainer *explainer, uint32_t index)
{
    const struct model_group *group = &explainer->model->groups[index];
    const double mu = explainer->prices->groups[index];
    double largest = 0;
    const double before = exposure(explainer, group, false, &largest);
    const double at = exposure(explainer, group, true, &largest);
    const double slack =
        AT_BOUND_PART * smaller(group->max - group->min, larger(size_of(before), size_of(at)));
    const double cap = mu - group->risk * group->max;
    const double floor = group->risk * group->min - mu;
    const double least = EXPLAIN_PRICE_PART * explainer->price_max;

    if (at <= group->min + slack && floor * largest > least) {
        limit_add(explainer, EXPLAIN_GROUP_MIN, index, group->min, floor);
    }
    if (at >= group->max - slack && cap * largest > least) {
        limit_add(explainer, EXPLAIN_GROUP_MAX, index, group->max, cap);
    }
    return group->risk / 2 * (before * before - at * at);
}

/* ---- the whole ---- */

static struct explainer explainer_from(const struct model *model, void *memory)
{
    const struct network_counts *counts = &model->counts;
    uint8_t *rest = memory;
    struct explainer explainer = {.model = model};

    memset(memory, 0, explain_footprint(model));
    explainer.sites = block_take(&rest, counts->places * sizeof(struct site));
    explainer.rents = block_take(&rest, counts->corridors * sizeof(double));
    explainer.worths = block_take(&rest, counts->transactions * sizeof(double));
    explainer.used = block_take(&rest, counts->transactions * sizeof(uint32_t));
    explainer.corridors = block_take(&rest, counts->corridors * sizeof(struct explain_corridor));
    explainer.limits = block_take(&rest, limits_max(model) * sizeof(struct explain_limit));
    return explainer;
}

static void transactions_weigh(struct explainer *explainer)
{
    for (uint32_t i = 0; i < explainer->model->counts.corridors; i++) {
        const uint32_t k = explainer->model->corridors[i].transaction;
        if (k != MODEL_NONE) {
            explainer->worths[k] += corridor_best(explainer, i);
            explainer->used[k] += explainer->flows[i] > 0 ? 1u : 0u;
        }
    }
}

void explain_plan(const struct model *model, const double *positions, const double *flows,
                  const struct model_prices *prices, void *memory,
                  struct explanation *ret_explanation)
{
    struct explainer explainer = explainer_from(model, memory);
    struct explanation explanation = {0};

    explainer.positions = positions;
    explainer.flows = flows;
    explainer.prices = prices;
    rents_spread(&explainer);
    sites_fill(&explainer);
    transactions_weigh(&explainer);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        place_limits(&explainer, i);
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        move_weigh(&explainer, i);
        explanation.gain += explainer.corridors[i].gain;
        explanation.cost += explainer.corridors[i].cost;
        if (!is_used(&explainer, i)) {
            unused_explain(&explainer, i);
        }
        corridor_limit(&explainer, i);
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        explanation.risk += group_limits(&explainer, g);
    }
    explanation.corridors = explainer.corridors;
    explanation.limits = explainer.limits;
    explanation.limits_count = explainer.limits_count;
    *ret_explanation = explanation;
}
