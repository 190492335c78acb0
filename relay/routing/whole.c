/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/whole.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"

/* A cut at one place can put the next one beyond its bound; chains of cuts are this long at most.
 */
#define PASSES_MAX   256u
#define CUTS_MAX     8u   /* for one group in one pass */
#define EFFECT_LEAST 1e-6 /* of a unit on a group: less does not help it */

struct rounding {
    const struct network *network;
    struct amount *flows;
    struct amount *arrivals;
    struct amount *had;  /* by place: its balance and what arrives; at the end its position */
    struct amount *gone; /* by place: what leaves */
    double *effects;     /* by corridor, then by place: which flow to cut for a group */
    bool overflow;
    bool changed; /* in this pass */
};

size_t whole_footprint(const struct network *network)
{
    return 2 * block_align(network->counts.corridors * sizeof(struct amount)) +
           2 * block_align(network->counts.places * sizeof(struct amount)) +
           block_align(((size_t)network->counts.corridors + network->counts.places) *
                       sizeof(double));
}

/* ---- arithmetic that remembers when it does not fit ---- */

static struct amount sum(struct rounding *rounding, struct amount a, struct amount b)
{
    struct amount result = amount_zero();

    rounding->overflow |= amount_add(&a, &b, &result) != STATUS_OK;
    return result;
}

/* 0 when `b` is larger. */
static struct amount less(struct amount a, struct amount b)
{
    struct amount result = amount_zero();

    if (amount_subtract(&a, &b, &result) != STATUS_OK) {
        return amount_zero();
    }
    return result;
}

static struct amount product(struct rounding *rounding, struct amount a, struct amount b)
{
    struct amount result = amount_zero();

    rounding->overflow |= amount_multiply(&a, &b, &result) != STATUS_OK;
    return result;
}

static struct amount power_of_ten(struct rounding *rounding, uint32_t exponent)
{
    struct amount power = amount_from_u64(1);

    for (uint32_t i = 0; i < exponent; i++) {
        power = product(rounding, power, amount_from_u64(10));
    }
    return power;
}

enum way {
    DOWN,
    UP,
};

/* amount * |factor| * 10^shift, rounded. */
static struct amount times(struct rounding *rounding, struct amount amount,
                           struct route_decimal factor, int32_t shift, enum way way)
{
    const int32_t exponent = factor.exponent + shift;
    const struct amount mantissa = amount_from_u64(factor.mantissa < 0 ? (uint64_t)-factor.mantissa
                                                                       : (uint64_t)factor.mantissa);
    const struct amount power =
        power_of_ten(rounding, (uint32_t)(exponent < 0 ? -exponent : exponent));
    struct amount result = amount_zero();

    if (exponent >= 0) {
        return product(rounding, product(rounding, amount, mantissa), power);
    }
    rounding->overflow |=
        (way == UP ? amount_scale_ceil(&amount, &mantissa, &power, &result)
                   : amount_scale_floor(&amount, &mantissa, &power, &result)) != STATUS_OK;
    return result;
}

/* ---- flows ---- */

/* floor(value * 10^decimals), from the bits of a double that is at least 0. */
static struct amount units_of(struct rounding *rounding, double value, uint32_t decimals)
{
    uint64_t bits;
    struct amount result = amount_zero();

    if (!(value > 0)) {
        return result;
    }
    memcpy(&bits, &value, sizeof(bits));
    const int32_t exponent = (int32_t)(bits >> 52 & 0x7ffu) - 1075;
    const struct amount mantissa = amount_from_u64((bits & 0xfffffffffffffu) | (uint64_t)1 << 52);
    const struct amount power = power_of_ten(rounding, decimals);
    struct amount two = amount_from_u64(1);
    for (int32_t i = 0; i < (exponent < 0 ? -exponent : exponent) && i < 255; i++) {
        two = product(rounding, two, amount_from_u64(2));
    }
    if (exponent < -255) {
        return result; /* next to nothing */
    }
    if (exponent >= 0) {
        return product(rounding, product(rounding, mantissa, power), two);
    }
    rounding->overflow |= amount_scale_floor(&mantissa, &power, &two, &result) != STATUS_OK;
    return result;
}

static struct amount pieces_output(struct rounding *rounding, const struct route_corridor *corridor,
                                   int32_t shift, struct amount flow)
{
    struct amount output = amount_zero();

    for (uint32_t i = 0; i < corridor->pieces.count; i++) {
        const struct route_piece *piece = &rounding->network->pieces[corridor->pieces.first + i];
        const struct amount part = amount_smaller(&piece->width, &flow);
        output = sum(rounding, output, times(rounding, part, piece->rate, shift, DOWN));
        flow = less(flow, part);
    }
    return output;
}

/* reserve_out * g x / (reserve_in + g x), with g = mantissa / power. */
static struct amount product_output(struct rounding *rounding,
                                    const struct route_corridor *corridor, struct amount flow)
{
    const struct route_decimal gain = corridor->gain;
    const bool whole = gain.exponent >= 0;
    const struct amount power =
        power_of_ten(rounding, (uint32_t)(whole ? gain.exponent : -gain.exponent));
    const struct amount mantissa = amount_from_u64((uint64_t)gain.mantissa);
    struct amount in = product(rounding, flow, mantissa);
    struct amount reserve = corridor->reserve_in;
    struct amount output = amount_zero();

    if (whole) {
        in = product(rounding, in, power);
    } else {
        reserve = product(rounding, reserve, power);
    }
    const struct amount both = sum(rounding, reserve, in);
    rounding->overflow |=
        amount_scale_floor(&corridor->reserve_out, &in, &both, &output) != STATUS_OK;
    return output;
}

static struct amount output_of(struct rounding *rounding, uint32_t index, struct amount flow)
{
    const struct network *network = rounding->network;
    const struct route_corridor *corridor = &network->corridors[index];
    const int32_t shift = (int32_t)network->places[corridor->to].decimals -
                          (int32_t)network->places[corridor->from].decimals;
    struct amount output = amount_zero();

    if (amount_is_zero(&flow)) {
        return output;
    }
    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        output = times(rounding, flow, corridor->gain, shift, DOWN);
        break;
    case ROUTE_OUTPUT_PIECES:
        output = pieces_output(rounding, corridor, shift, flow);
        break;
    case ROUTE_OUTPUT_PRODUCT:
        output = product_output(rounding, corridor, flow);
        break;
    }
    return output;
}

static void flow_set(struct rounding *rounding, uint32_t index, struct amount flow)
{
    const struct route_corridor *corridor = &rounding->network->corridors[index];
    struct amount *gone = &rounding->gone[corridor->from];
    struct amount *had = &rounding->had[corridor->to];

    *gone = sum(rounding, less(*gone, rounding->flows[index]), flow);
    *had = less(*had, rounding->arrivals[index]);
    rounding->flows[index] = flow;
    rounding->arrivals[index] = output_of(rounding, index, flow);
    *had = sum(rounding, *had, rounding->arrivals[index]);
}

static void flow_cut(struct rounding *rounding, uint32_t index, struct amount by)
{
    if (!amount_is_zero(&rounding->flows[index]) && !amount_is_zero(&by)) {
        flow_set(rounding, index, less(rounding->flows[index], by));
        rounding->changed = true;
    }
}

/* ---- bounds ---- */

static struct amount position_of(const struct rounding *rounding, uint32_t place)
{
    return less(rounding->had[place], rounding->gone[place]);
}

/* How far what leaves a place, with `least` that must stay, is above what there is. */
static struct amount shortfall(struct rounding *rounding, uint32_t place, struct amount least)
{
    return less(sum(rounding, rounding->gone[place], least), rounding->had[place]);
}

/* Lets `missing` more stay at a place: later corridors are cut first. */
static void leaving_cut(struct rounding *rounding, uint32_t place, struct amount missing)
{
    for (uint32_t i = rounding->network->counts.corridors; i-- > 0 && !amount_is_zero(&missing);) {
        if (rounding->network->corridors[i].from == place) {
            const struct amount by = amount_smaller(&missing, &rounding->flows[i]);
            flow_cut(rounding, i, by);
            missing = less(missing, by);
        }
    }
}

/* Lets about `excess` less arrive at a place; a pass that does not do is followed by another. */
static void arriving_cut(struct rounding *rounding, uint32_t place, struct amount excess)
{
    const struct network *network = rounding->network;

    for (uint32_t i = network->counts.corridors; i-- > 0 && !amount_is_zero(&excess);) {
        const struct route_corridor *corridor = &network->corridors[i];
        if (corridor->to == place && !amount_is_zero(&rounding->flows[i])) {
            const int32_t shift = (int32_t)network->places[corridor->from].decimals -
                                  (int32_t)network->places[place].decimals;
            const struct route_decimal one = {.mantissa = 1, .exponent = 0};
            const struct amount before = rounding->arrivals[i];
            const struct amount by = times(rounding, excess, one, shift, UP);
            flow_cut(rounding, i, sum(rounding, by, amount_from_u64(1)));
            excess = less(excess, less(before, rounding->arrivals[i]));
        }
    }
}

static void places_keep(struct rounding *rounding)
{
    const struct network *network = rounding->network;

    for (uint32_t i = 0; i < network->counts.places; i++) {
        const struct route_place *place = &network->places[i];
        const struct amount missing = shortfall(rounding, i, place->min);
        const struct amount excess = less(position_of(rounding, i), place->max);
        leaving_cut(rounding, i, missing);
        arriving_cut(rounding, i, excess);
    }
}

/* Exposures of positive and of negative terms, in the group's base units. */
struct exposure {
    struct amount plus;
    struct amount minus;
};

static void exposure_add(struct rounding *rounding, struct exposure *exposure,
                         const struct route_group *group, const struct route_term *term,
                         bool of_place, enum way way)
{
    const struct network *network = rounding->network;
    const uint32_t place = of_place ? term->index : network->corridors[term->index].from;
    const struct amount amount =
        of_place ? position_of(rounding, place) : rounding->flows[term->index];
    const int32_t shift = (int32_t)group->decimals - (int32_t)network->places[place].decimals;
    const bool plus = term->coefficient.mantissa >= 0;
    struct amount *sums = plus ? &exposure->plus : &exposure->minus;

    *sums = sum(rounding, *sums,
                times(rounding, amount, term->coefficient, shift, plus == (way == UP) ? UP : DOWN));
}

/* `way`: which side of the true exposure the difference of both sums is on. */
static struct exposure exposure_of(struct rounding *rounding, const struct route_group *group,
                                   enum way way)
{
    const struct route_term *terms = rounding->network->terms;
    struct exposure exposure = {amount_zero(), amount_zero()};

    for (uint32_t i = 0; i < group->places.count; i++) {
        exposure_add(rounding, &exposure, group, &terms[group->places.first + i], true, way);
    }
    for (uint32_t i = 0; i < group->corridors.count; i++) {
        exposure_add(rounding, &exposure, group, &terms[group->corridors.first + i], false, way);
    }
    return exposure;
}

/* How far the group is above its max, and below its min. */
static struct amount group_excess(struct rounding *rounding, const struct route_group *group)
{
    const struct exposure exposure = exposure_of(rounding, group, UP);

    return less(exposure.plus, sum(rounding, exposure.minus, group->max));
}

static struct amount group_lack(struct rounding *rounding, const struct route_group *group)
{
    const struct exposure exposure = exposure_of(rounding, group, DOWN);

    return group->min_is_negative ? less(exposure.minus, sum(rounding, exposure.plus, group->min))
                                  : less(sum(rounding, exposure.minus, group->min), exposure.plus);
}

static bool keeps_max(struct rounding *rounding, const struct route_group *group)
{
    const struct amount excess = group_excess(rounding, group);

    return amount_is_zero(&excess);
}

static bool keeps_min(struct rounding *rounding, const struct route_group *group)
{
    const struct amount lack = group_lack(rounding, group);

    return amount_is_zero(&lack);
}

static double double_of(struct route_decimal decimal)
{
    double value = (double)decimal.mantissa;

    for (int32_t i = 0; i < decimal.exponent; i++) {
        value *= 10;
    }
    for (int32_t i = 0; i > decimal.exponent; i--) {
        value /= 10;
    }
    return value;
}

/* What a whole unit less in each corridor adds to the group's exposure, nearly. */
static void effects_compute(struct rounding *rounding, const struct route_group *group)
{
    const struct network *network = rounding->network;
    const struct route_term *terms = network->terms;
    double *effects = rounding->effects;
    double *places = effects + network->counts.corridors;

    memset(effects, 0,
           ((size_t)network->counts.corridors + network->counts.places) * sizeof(double));
    for (uint32_t i = 0; i < group->places.count; i++) {
        const struct route_term *term = &terms[group->places.first + i];
        places[term->index] += double_of(term->coefficient);
    }
    for (uint32_t i = 0; i < group->corridors.count; i++) {
        const struct route_term *term = &terms[group->corridors.first + i];
        effects[term->index] -= double_of(term->coefficient);
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        const struct route_corridor *corridor = &network->corridors[i];
        const double flow = amount_to_double(&rounding->flows[i]);
        const int32_t shift = (int32_t)network->places[corridor->from].decimals -
                              (int32_t)network->places[corridor->to].decimals;
        const double gain = flow > 0 ? amount_to_double(&rounding->arrivals[i]) / flow : 0;
        effects[i] += places[corridor->from] -
                      double_of((struct route_decimal){1, shift}) * gain * places[corridor->to];
    }
}

/* Can a corridor be cut without putting either of its places beyond a bound at once? */
static bool is_free(const struct rounding *rounding, uint32_t index)
{
    const struct network *network = rounding->network;
    const struct route_corridor *corridor = &network->corridors[index];
    const struct amount head = position_of(rounding, corridor->to);
    const struct amount tail = position_of(rounding, corridor->from);

    return amount_compare(&head, &network->places[corridor->to].min) > 0 &&
           amount_compare(&tail, &network->places[corridor->from].max) < 0;
}

/* The corridor in use that moves the exposure most the right way, one of those that are free if
 * there is any; UINT32_MAX: none. */
static uint32_t effect_choose(const struct rounding *rounding, double sign)
{
    uint32_t best = UINT32_MAX;
    bool best_is_free = false;

    for (uint32_t i = 0; i < rounding->network->counts.corridors; i++) {
        const double effect = rounding->effects[i] * sign;
        if (amount_is_zero(&rounding->flows[i]) || !(effect > EFFECT_LEAST)) {
            continue;
        }
        const bool free = is_free(rounding, i);
        if (best == UINT32_MAX || (free && !best_is_free) ||
            (free == best_is_free && effect > rounding->effects[best] * sign)) {
            best = i;
            best_is_free = free;
        }
    }
    return best;
}

/* Cuts flows until the group is back within its bound; `sign` is 1 when it is below its min. */
static void group_keep(struct rounding *rounding, const struct route_group *group, double sign)
{
    const struct network *network = rounding->network;

    for (uint32_t i = 0; i < CUTS_MAX; i++) {
        const struct amount beyond =
            sign > 0 ? group_lack(rounding, group) : group_excess(rounding, group);
        if (amount_is_zero(&beyond)) {
            return;
        }
        effects_compute(rounding, group);
        const uint32_t best = effect_choose(rounding, sign);
        if (best == UINT32_MAX) {
            return;
        }
        const uint32_t decimals = network->places[network->corridors[best].from].decimals;
        const struct route_decimal unit = {1, -(int32_t)group->decimals};
        const double by =
            amount_to_double(&beyond) * double_of(unit) / (rounding->effects[best] * sign);
        flow_cut(rounding, best,
                 sum(rounding, units_of(rounding, by, decimals), amount_from_u64(1)));
    }
}

static void groups_keep(struct rounding *rounding)
{
    for (uint32_t g = 0; g < rounding->network->counts.groups; g++) {
        group_keep(rounding, &rounding->network->groups[g], -1);
        group_keep(rounding, &rounding->network->groups[g], 1);
    }
}

static bool all_is_kept(struct rounding *rounding)
{
    const struct network *network = rounding->network;

    for (uint32_t i = 0; i < network->counts.places; i++) {
        const struct amount position = position_of(rounding, i);
        const struct amount missing = shortfall(rounding, i, network->places[i].min);
        if (!amount_is_zero(&missing) || amount_compare(&position, &network->places[i].max) > 0) {
            return false;
        }
    }
    for (uint32_t g = 0; g < network->counts.groups; g++) {
        if (!keeps_max(rounding, &network->groups[g]) ||
            !keeps_min(rounding, &network->groups[g])) {
            return false;
        }
    }
    return true;
}

/* ---- the whole ---- */

static void flows_read(struct rounding *rounding, const double *flows)
{
    const struct network *network = rounding->network;

    for (uint32_t i = 0; i < network->counts.places; i++) {
        rounding->had[i] = network->places[i].balance;
        rounding->gone[i] = amount_zero();
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        const struct route_corridor *corridor = &network->corridors[i];
        const struct amount flow =
            units_of(rounding, flows[i], network->places[corridor->from].decimals);
        rounding->flows[i] = amount_zero();
        rounding->arrivals[i] = amount_zero();
        flow_set(rounding, i, amount_smaller(&flow, &corridor->max));
    }
}

enum status whole_round(const struct network *network, const double *flows, void *memory,
                        struct whole_plan *ret_plan)
{
    const size_t corridors = block_align(network->counts.corridors * sizeof(struct amount));
    const size_t places = block_align(network->counts.places * sizeof(struct amount));
    uint8_t *rest = memory;
    struct rounding rounding = {.network = network};

    rounding.flows = (struct amount *)memory;
    rounding.arrivals = (struct amount *)(void *)(rest + corridors);
    rounding.had = (struct amount *)(void *)(rest + 2 * corridors);
    rounding.gone = (struct amount *)(void *)(rest + 2 * corridors + places);
    rounding.effects = (double *)(void *)(rest + 2 * corridors + 2 * places);
    flows_read(&rounding, flows);
    bool kept = all_is_kept(&rounding);
    for (uint32_t pass = 0; pass < PASSES_MAX && !kept && !rounding.overflow; pass++) {
        rounding.changed = false;
        places_keep(&rounding);
        groups_keep(&rounding);
        kept = all_is_kept(&rounding);
        if (!rounding.changed && !kept) {
            break;
        }
    }
    if (rounding.overflow) {
        return STATUS_OVERFLOW;
    }
    if (!kept) {
        return STATUS_NOT_FOUND;
    }
    for (uint32_t i = 0; i < network->counts.places; i++) {
        rounding.had[i] = position_of(&rounding, i);
    }
    *ret_plan = (struct whole_plan){
        .flows = rounding.flows, .arrivals = rounding.arrivals, .positions = rounding.had};
    return STATUS_OK;
}
