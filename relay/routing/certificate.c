/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/certificate.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "relay/base/check.h"

/* One addition is wrong by half of this part at most; a term by a few. */
#define ROUNDING 2.3e-16

/* A sum that remembers what its additions lost, and the size of what went in. */
struct sum {
    double value;
    double lost;
    double size;
};

struct frame {
    uint32_t node;
    uint32_t branches_done;
};

struct checker {
    const struct model *model;
    double *place_sums;    /* by place: prices of its groups; then what balances there */
    double *place_sizes;   /* by place: size of what balances there */
    double *corridor_sums; /* by corridor: prices of its groups */
    double *worths;        /* by transaction: what its corridors make together */
    uint8_t *decisions;    /* by transaction */
    struct frame *frames;
};

static size_t align_up(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

size_t certificate_footprint(const struct model *model)
{
    const struct network_counts *counts = &model->counts;

    return 2 * align_up(counts->places * sizeof(double)) +
           align_up(counts->corridors * sizeof(double)) +
           align_up(counts->transactions * sizeof(double)) + align_up(counts->transactions) +
           align_up((counts->transactions + 1) * sizeof(struct frame));
}

static void *take(uint8_t **memory, size_t bytes)
{
    void *taken = *memory;

    *memory += align_up(bytes);
    return taken;
}

static struct checker checker_from(const struct model *model, void *scratch)
{
    const struct network_counts *counts = &model->counts;
    uint8_t *rest = scratch;
    struct checker checker = {.model = model};

    checker.place_sums = take(&rest, counts->places * sizeof(double));
    checker.place_sizes = take(&rest, counts->places * sizeof(double));
    checker.corridor_sums = take(&rest, counts->corridors * sizeof(double));
    checker.worths = take(&rest, counts->transactions * sizeof(double));
    checker.decisions = take(&rest, counts->transactions);
    checker.frames = take(&rest, (counts->transactions + 1) * sizeof(struct frame));
    return checker;
}

/* ---- arithmetic ---- */

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

static double clipped(double value, double min, double max)
{
    return smaller(larger(value, min), max);
}

static void sum_add(struct sum *sum, double term)
{
    const double next = sum->value + term;

    if (size_of(sum->value) >= size_of(term)) {
        sum->lost += (sum->value - next) + term;
    } else {
        sum->lost += (term - next) + sum->value;
    }
    sum->value = next;
    sum->size += size_of(term);
}

static double sum_value(const struct sum *sum)
{
    return sum->value + sum->lost;
}

/* Above the exact sum even when every term was rounded a dozen times. */
static double sum_up(const struct sum *sum)
{
    return sum_value(sum) + 12 * ROUNDING * sum->size;
}

/* ---- what a curve gives ---- */

static double yield_at(const struct model *model, const struct model_place *place, double amount)
{
    double value = 0;
    double rest = amount;

    switch (place->yield) {
    case ROUTE_YIELD_NONE:
        break;
    case ROUTE_YIELD_PIECES:
        for (uint32_t i = 0; i < place->pieces.count && rest > 0; i++) {
            const struct model_piece *piece = &model->pieces[place->pieces.first + i];
            value += piece->rate * smaller(piece->width, rest);
            rest -= piece->width;
        }
        break;
    case ROUTE_YIELD_QUADRATIC:
        value = amount * (place->linear - place->quadratic / 2 * amount);
        break;
    }
    return value;
}

static double output_at(const struct model *model, const struct model_corridor *corridor,
                        double amount)
{
    double value = 0;
    double rest = amount;

    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        value = corridor->gain * amount;
        break;
    case ROUTE_OUTPUT_PIECES:
        for (uint32_t i = 0; i < corridor->pieces.count && rest > 0; i++) {
            const struct model_piece *piece = &model->pieces[corridor->pieces.first + i];
            value += piece->rate * smaller(piece->width, rest);
            rest -= piece->width;
        }
        break;
    case ROUTE_OUTPUT_PRODUCT:
        value = corridor->reserve_out * (corridor->gain * amount) /
                (corridor->reserve_in + corridor->gain * amount);
        break;
    }
    return value;
}

/* ---- the best each can do at given prices ---- */

/* max over [min, max] of scale * curve(x) + slope x. A function that is linear between the ends of
 * the pieces is largest at one of them, or at a bound. */
static double pieces_best(const struct model *model, struct route_span span, double scale,
                          double slope, double min, double max)
{
    double from = 0;
    double value = 0;
    double best = 0;
    bool found = false;

    for (uint32_t i = 0; i <= span.count; i++) {
        const bool beyond = i == span.count;
        const struct model_piece *piece = beyond ? NULL : &model->pieces[span.first + i];
        const double width = beyond ? larger(max - from, 0) : piece->width;
        const double rate = slope + (beyond ? 0 : scale * piece->rate);
        const double starts[2] = {clipped(min - from, 0, width), clipped(max - from, 0, width)};
        const bool met = from + width >= min && from <= max;
        for (uint32_t k = 0; met && k < 2; k++) {
            const double here = value + rate * starts[k];
            best = !found || here > best ? here : best;
            found = true;
        }
        value += rate * width;
        from += width;
    }
    CHECK(found);
    return best;
}

static double place_best(const struct model *model, const struct model_place *place, double rent,
                         bool valued)
{
    const double slope = (valued ? place->price : 0) - rent;
    double at = slope > 0 ? place->max : place->min;

    if (!valued) {
        return slope * at;
    }
    switch (place->yield) {
    case ROUTE_YIELD_NONE:
        return slope * at;
    case ROUTE_YIELD_PIECES:
        return pieces_best(model, place->pieces, 1, slope, place->min, place->max);
    case ROUTE_YIELD_QUADRATIC:
        if (place->quadratic > 0) {
            at = clipped((slope + place->linear) / place->quadratic, place->min, place->max);
        } else {
            at = slope + place->linear > 0 ? place->max : place->min;
        }
        return at * (slope + place->linear - place->quadratic / 2 * at);
    }
    return 0;
}

/* Where worth * h(x) - rent x is largest, for a constant product. */
static double product_best_at(const struct model_corridor *corridor, double worth, double rent)
{
    const double slope = worth * corridor->reserve_out * corridor->gain / corridor->reserve_in;

    if (worth <= 0) {
        /* Convex: one of the ends; the caller tries both. */
        return rent < 0 ? corridor->max : 0;
    }
    if (rent <= 0) {
        return corridor->max;
    }
    return clipped((sqrt(slope / rent) - 1) * corridor->reserve_in / corridor->gain, 0,
                   corridor->max);
}

static double corridor_best(const struct model *model, const struct model_corridor *corridor,
                            double worth, double rent)
{
    const double max = corridor->max;
    double at = 0;

    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        return larger(0, (worth * corridor->gain - rent) * max);
    case ROUTE_OUTPUT_PIECES:
        return pieces_best(model, corridor->pieces, worth, -rent, 0, max);
    case ROUTE_OUTPUT_PRODUCT:
        at = product_best_at(corridor, worth, rent);
        const double inside = worth * output_at(model, corridor, at) - rent * at;
        const double full = worth * output_at(model, corridor, max) - rent * max;
        return larger(0, larger(inside, full));
    }
    return 0;
}

static double group_best(const struct model_group *group, double price, bool valued)
{
    const double risk = valued ? group->risk : 0;
    double at = price > 0 ? group->max : group->min;

    if (risk > 0) {
        at = clipped(price / risk, group->min, group->max);
    }
    return at * (price - risk / 2 * at);
}

/* ---- the bound ---- */

static void group_prices_spread(struct checker *checker, const double *group_prices)
{
    const struct model *model = checker->model;

    memset(checker->place_sums, 0, model->counts.places * sizeof(double));
    memset(checker->corridor_sums, 0, model->counts.corridors * sizeof(double));
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        for (uint32_t i = 0; i < group->places.count; i++) {
            const struct model_term *term = &model->terms[group->places.first + i];
            checker->place_sums[term->index] += term->coefficient * group_prices[g];
        }
        for (uint32_t i = 0; i < group->corridors.count; i++) {
            const struct model_term *term = &model->terms[group->corridors.first + i];
            checker->corridor_sums[term->index] += term->coefficient * group_prices[g];
        }
    }
}

/* The closed-form sum at these prices. Without values it is the sum that proves a contradiction. */
static double bound_at(struct checker *checker, const struct model_prices *prices, bool valued)
{
    const struct model *model = checker->model;
    struct sum sum = {0};

    group_prices_spread(checker, prices->groups);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        const double rent = prices->places[i] + checker->place_sums[i];
        sum_add(&sum, place->balance * prices->places[i]);
        sum_add(&sum, place_best(model, place, rent, valued));
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        sum_add(&sum, group_best(&model->groups[g], prices->groups[g], valued));
    }
    memset(checker->worths, 0, model->counts.transactions * sizeof(double));
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        const double rent = prices->places[corridor->from] + (valued ? corridor->cost : 0) +
                            checker->corridor_sums[i];
        const double best = corridor_best(model, corridor, prices->places[corridor->to], rent);
        if (corridor->transaction == MODEL_NONE) {
            sum_add(&sum, best);
        } else {
            checker->worths[corridor->transaction] += best;
        }
    }
    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        const double cost = valued ? model->transactions[k].cost : 0;
        const double worth = checker->worths[k] - cost;
        if (checker->decisions[k] == CERTIFICATE_ON) {
            sum_add(&sum, worth);
        } else if (checker->decisions[k] == CERTIFICATE_OPEN) {
            sum_add(&sum, larger(0, worth));
        }
    }
    return sum_up(&sum);
}

/* The largest of the leaves' bounds. */
static enum status tree_bound(struct checker *checker, const struct model_plan *plan,
                              double *ret_bound)
{
    uint32_t depth = 1;
    uint32_t leaves = 0;
    uint32_t visits = 0;
    double bound = 0;

    checker->frames[0] = (struct frame){.node = 0, .branches_done = 0};
    while (depth > 0) {
        struct frame *frame = &checker->frames[depth - 1];
        const struct model_branch *branch = &plan->branches[frame->node];
        if (branch->transaction == MODEL_NONE) {
            const double here = bound_at(checker, &branch->prices, true);
            bound = leaves == 0 || here > bound ? here : bound;
            leaves++;
            depth--;
            continue;
        }
        if (branch->transaction >= checker->model->counts.transactions) {
            return STATUS_MALFORMED;
        }
        uint8_t *decision = &checker->decisions[branch->transaction];
        if (frame->branches_done == 0 && *decision != CERTIFICATE_OPEN) {
            return STATUS_MALFORMED;
        }
        if (frame->branches_done == 2) {
            *decision = CERTIFICATE_OPEN;
            depth--;
            continue;
        }
        *decision = frame->branches_done == 0 ? CERTIFICATE_OFF : CERTIFICATE_ON;
        const uint32_t next = frame->branches_done == 0 ? branch->off : branch->on;
        frame->branches_done++;
        visits++;
        if (next <= frame->node || next >= plan->branches_count || visits >= plan->branches_count) {
            return STATUS_MALFORMED;
        }
        /* A path decides each transaction once, so it is no longer than there are. */
        CHECK(depth <= checker->model->counts.transactions);
        checker->frames[depth] = (struct frame){.node = next, .branches_done = 0};
        depth++;
    }
    *ret_bound = bound;
    return STATUS_OK;
}

/* ---- the plan's own value, and what it breaks ---- */

static double exposure(const struct model *model, const struct model_group *group,
                       const double *positions, const double *flows, double *ret_size)
{
    struct sum sum = {0};

    for (uint32_t i = 0; i < group->places.count; i++) {
        const struct model_term *term = &model->terms[group->places.first + i];
        sum_add(&sum, term->coefficient * positions[term->index]);
    }
    for (uint32_t i = 0; flows != NULL && i < group->corridors.count; i++) {
        const struct model_term *term = &model->terms[group->corridors.first + i];
        sum_add(&sum, term->coefficient * flows[term->index]);
    }
    *ret_size = sum.size;
    return sum_value(&sum);
}

/* Without flows: what the balances are worth where they are. */
static double value_of(struct checker *checker, const double *positions, const double *flows)
{
    const struct model *model = checker->model;
    struct sum sum = {0};
    double size = 0;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        const double position = positions == NULL ? place->balance : positions[i];
        sum_add(&sum, place->price * position);
        sum_add(&sum, yield_at(model, place, position));
        checker->place_sums[i] = position;
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        const double at = exposure(model, group, checker->place_sums, flows, &size);
        sum_add(&sum, -group->risk / 2 * at * at);
    }
    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        checker->worths[k] = 0;
    }
    for (uint32_t i = 0; flows != NULL && i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        sum_add(&sum, -corridor->cost * flows[i]);
        if (corridor->transaction != MODEL_NONE && flows[i] > 0) {
            checker->worths[corridor->transaction] = 1;
        }
    }
    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        sum_add(&sum, -model->transactions[k].cost * checker->worths[k]);
    }
    return sum_value(&sum);
}

/* `excess` above 0 is broken; `size`: of the numbers it comes from. */
static void violation_note(struct certificate *certificate, enum certificate_rule rule,
                           uint32_t index, double excess, double size)
{
    const double part = excess > 0 ? excess / larger(size, excess) : 0;

    if (part > certificate->violation) {
        certificate->violation = part;
        certificate->rule = rule;
        certificate->index = index;
    }
}

static void balances_compute(struct checker *checker, const struct model_plan *plan)
{
    const struct model *model = checker->model;
    double *sums = checker->place_sums;
    double *sizes = checker->place_sizes;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        sums[i] = model->places[i].balance;
        sizes[i] = model->places[i].balance;
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        const double out = output_at(model, corridor, larger(plan->flows[i], 0));
        sums[corridor->from] -= plan->flows[i];
        sizes[corridor->from] += size_of(plan->flows[i]);
        sums[corridor->to] += out;
        sizes[corridor->to] += size_of(out);
    }
}

static void violations_find(struct checker *checker, const struct model_plan *plan,
                            struct certificate *ret)
{
    const struct model *model = checker->model;
    double size = 0;

    balances_compute(checker, plan);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        const double at = plan->positions[i];
        /* What flows through a place is of the size that a bound of it can be kept to. */
        size = checker->place_sizes[i] + size_of(at);
        violation_note(ret, CERTIFICATE_BALANCE, i, size_of(at - checker->place_sums[i]), size);
        violation_note(ret, CERTIFICATE_PLACE_MIN, i, place->min - at, size + place->min);
        violation_note(ret, CERTIFICATE_PLACE_MAX, i, at - place->max, size);
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const double flow = plan->flows[i];
        violation_note(ret, CERTIFICATE_FLOW_MIN, i, -flow, size_of(flow));
        violation_note(ret, CERTIFICATE_FLOW_MAX, i, flow - model->corridors[i].max, flow);
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        const double at = exposure(model, group, plan->positions, plan->flows, &size);
        violation_note(ret, CERTIFICATE_GROUP_MIN, g, group->min - at, size + size_of(group->min));
        violation_note(ret, CERTIFICATE_GROUP_MAX, g, at - group->max, size + size_of(group->max));
    }
}

/* ---- the whole ---- */

static double gain_floor(const struct model *model)
{
    double portfolio = 0;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        portfolio += size_of(model->places[i].price * model->places[i].balance);
    }
    return MODEL_GAIN_FLOOR * larger(1, portfolio);
}

double certificate_bound(const struct model *model, const struct model_prices *prices,
                         const uint8_t *decisions, void *scratch)
{
    struct checker checker = checker_from(model, scratch);

    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        checker.decisions[k] = decisions[k];
    }
    return bound_at(&checker, prices, true);
}

double certificate_gap(const struct model *model, double value, double bound, double baseline)
{
    return (bound - value) / larger(bound - baseline, gain_floor(model));
}

enum status certificate_compute(const struct model *model, const struct model_plan *plan,
                                void *scratch, struct certificate *ret_certificate)
{
    struct checker checker = checker_from(model, scratch);
    struct certificate certificate;

    memset(&certificate, 0, sizeof(certificate));
    memset(checker.decisions, CERTIFICATE_OPEN, model->counts.transactions);
    if (plan->branches == NULL) {
        certificate.bound = bound_at(&checker, &plan->prices, true);
    } else {
        CHECK(plan->branches_count > 0);
        const enum status status = tree_bound(&checker, plan, &certificate.bound);
        if (status != STATUS_OK) {
            return status;
        }
    }
    certificate.contradiction = bound_at(&checker, &plan->prices, false);
    certificate.baseline = value_of(&checker, NULL, NULL);
    certificate.value = value_of(&checker, plan->positions, plan->flows);
    certificate.gap =
        certificate_gap(model, certificate.value, certificate.bound, certificate.baseline);
    violations_find(&checker, plan, &certificate);
    *ret_certificate = certificate;
    return STATUS_OK;
}

static bool is_near(double a, double b)
{
    return size_of(a - b) <= 1e-9 * larger(1, larger(size_of(a), size_of(b)));
}

bool certificate_supports(const struct certificate *certificate, const struct model_plan *plan,
                          const char **ret_lie)
{
    const char *lie = NULL;

    if (plan->status == MODEL_INFEASIBLE) {
        lie =
            certificate->contradiction < 0 ? NULL : "the prices do not prove that it is infeasible";
    } else if (certificate->violation > CERTIFICATE_VIOLATION_MAX) {
        lie = "the plan breaks a bound";
    } else if (!is_near(certificate->value, plan->value)) {
        lie = "its value is not what it says";
    } else if (!is_near(certificate->baseline, plan->baseline)) {
        lie = "its baseline is not what it says";
    } else if (!(certificate->bound <= plan->bound) && !is_near(certificate->bound, plan->bound)) {
        lie = "its prices do not prove its bound";
    } else if (!(certificate->gap <= plan->gap + 1e-6 * size_of(plan->gap) + 1e-9)) {
        lie = "its gap is larger than it says";
    } else if (plan->status == MODEL_OPTIMAL && !(certificate->gap <= MODEL_GAP_OPTIMAL)) {
        lie = "it says optimal, and its gap is above 1e-6";
    }
    *ret_lie = lie;
    return lie == NULL;
}
