/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of the general solver in base units: every bound and every unit is checked in GMP's exact
 * fractions, which share nothing with the code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>

#include "relay/base/check.h"
#include "relay/routing/allocation.h"
#include "relay/routing/network_model.h"
#include "relay/routing/whole.h"

#define PLACES_MAX    8u
#define CORRIDORS_MAX 24u
#define GROUPS_MAX    4u
#define PIECES_MAX    128u
#define TERMS_MAX     160u
#define NETWORKS      1500u

struct fixture {
    struct network network;
    struct route_place places[PLACES_MAX];
    struct route_corridor corridors[CORRIDORS_MAX];
    struct route_group groups[GROUPS_MAX];
    struct route_transaction transactions[1];
    struct route_piece pieces[PIECES_MAX];
    struct route_term terms[TERMS_MAX];
};

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state += 0x9e3779b97f4a7c15u;
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % limit;
}

static struct route_decimal decimal(int64_t mantissa, int32_t exponent)
{
    return (struct route_decimal){.mantissa = mantissa, .exponent = exponent};
}

/* Up to `micros` millionths of a whole unit, and odd units below. */
static struct amount random_amount(uint64_t micros, uint32_t decimals)
{
    struct amount amount = amount_from_u64(random_below(micros + 1));

    for (uint32_t i = 6; i < decimals; i++) {
        const struct amount ten = amount_from_u64(10);
        const struct amount odd = amount_from_u64(random_below(10));
        enum status status = amount_multiply(&amount, &ten, &amount);
        CHECK(status == STATUS_OK);
        status = amount_add(&amount, &odd, &amount);
        CHECK(status == STATUS_OK);
    }
    for (uint32_t i = decimals; i < 6; i++) {
        const struct amount ten = amount_from_u64(10);
        const enum status status = amount_div_floor(&amount, &ten, &amount);
        CHECK(status == STATUS_OK);
    }
    return amount;
}

static struct route_span random_pieces(struct fixture *fixture, uint64_t micros, uint32_t decimals,
                                       int64_t rate)
{
    const struct route_span span = {fixture->network.counts.pieces, 1 + (uint32_t)random_below(4)};

    for (uint32_t i = 0; i < span.count; i++) {
        struct route_piece *piece = &fixture->pieces[fixture->network.counts.pieces++];
        const struct amount one = amount_from_u64(1);
        piece->width = random_amount(micros, decimals);
        const enum status status = amount_add(&piece->width, &one, &piece->width);
        CHECK(status == STATUS_OK);
        piece->rate = decimal(rate, -6);
        rate -= (int64_t)random_below(2000);
        rate = rate > 0 ? rate : 0;
    }
    return span;
}

static void random_place(struct fixture *fixture)
{
    static const uint32_t decimals[] = {6, 18, 8, 2};
    struct route_place *place = &fixture->places[fixture->network.counts.places++];

    place->decimals = decimals[random_below(4)];
    place->price = decimal(900000 + (int64_t)random_below(200000), -6);
    place->balance = random_amount(1000000000, place->decimals);
    place->max = random_amount(4000000000, place->decimals);
    if (amount_compare(&place->max, &place->balance) < 0) {
        place->max = place->balance;
    }
    if (random_below(3) == 0) {
        const struct amount third = amount_from_u64(3);
        const enum status status = amount_div_floor(&place->balance, &third, &place->min);
        CHECK(status == STATUS_OK);
    }
    if (random_below(2) == 0) {
        place->yield = ROUTE_YIELD_PIECES;
        place->pieces =
            random_pieces(fixture, 300000000, place->decimals, (int64_t)random_below(30000));
    }
}

static void random_corridor(struct fixture *fixture)
{
    struct route_corridor *corridor = &fixture->corridors[fixture->network.counts.corridors++];
    const uint32_t places = fixture->network.counts.places;

    CHECK(places > 1);
    corridor->from = (uint32_t)random_below(places);
    corridor->to = (corridor->from + 1 + (uint32_t)random_below(places - 1)) % places;
    const uint32_t decimals = fixture->places[corridor->from].decimals;
    corridor->max = random_amount(800000000, decimals);
    corridor->cost = decimal((int64_t)random_below(1000), -6);
    corridor->output = ROUTE_OUTPUT_LINEAR;
    corridor->gain = decimal(1000000 - (int64_t)random_below(3000), -6);
    const uint64_t kind = random_below(4);
    if (kind == 1) {
        corridor->output = ROUTE_OUTPUT_PIECES;
        corridor->pieces = random_pieces(fixture, 300000000, decimals, 1000000);
        struct route_piece *last = &fixture->pieces[fixture->network.counts.pieces - 1];
        last->width = corridor->max;
        const struct amount one = amount_from_u64(1);
        const enum status status = amount_add(&last->width, &one, &last->width);
        CHECK(status == STATUS_OK);
    } else if (kind == 2) {
        corridor->output = ROUTE_OUTPUT_PRODUCT;
        corridor->gain = decimal(997, -3);
        corridor->reserve_in = random_amount(90000000000, decimals);
        corridor->reserve_out = random_amount(90000000000, fixture->places[corridor->to].decimals);
        const struct amount one = amount_from_u64(1);
        enum status status = amount_add(&corridor->reserve_in, &one, &corridor->reserve_in);
        CHECK(status == STATUS_OK);
        status = amount_add(&corridor->reserve_out, &one, &corridor->reserve_out);
        CHECK(status == STATUS_OK);
    }
}

static void random_group(struct fixture *fixture)
{
    struct route_group *group = &fixture->groups[fixture->network.counts.groups++];
    uint32_t *terms = &fixture->network.counts.terms;

    group->decimals = 6;
    group->places.first = *terms;
    for (uint32_t i = 0; i < fixture->network.counts.places; i++) {
        if (random_below(3) == 0) {
            const int64_t sign = random_below(8) == 0 ? -1 : 1;
            fixture->terms[(*terms)++] = (struct route_term){
                i, decimal(sign * (300001 + (int64_t)random_below(900000)), -6)};
            group->places.count++;
        }
    }
    group->corridors.first = *terms;
    for (uint32_t i = 0; i < fixture->network.counts.corridors; i++) {
        if (random_below(6) == 0) {
            fixture->terms[(*terms)++] = (struct route_term){i, decimal(1, 0)};
            group->corridors.count++;
        }
    }
    group->max = random_amount(3000000000, 6);
    group->min_is_negative = random_below(2) == 0;
    group->min = group->min_is_negative ? random_amount(2000000000, 6) : amount_zero();
}

static void fixture_fill(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->network.places = fixture->places;
    fixture->network.corridors = fixture->corridors;
    fixture->network.groups = fixture->groups;
    fixture->network.transactions = fixture->transactions;
    fixture->network.pieces = fixture->pieces;
    fixture->network.terms = fixture->terms;
    for (uint64_t i = 2 + random_below(PLACES_MAX - 2); i > 0; i--) {
        random_place(fixture);
    }
    for (uint64_t i = random_below(CORRIDORS_MAX); i > 0; i--) {
        random_corridor(fixture);
    }
    for (uint64_t i = random_below(GROUPS_MAX); i > 0; i--) {
        random_group(fixture);
    }
    assert_int_equal(network_check(&fixture->network), STATUS_OK);
}

/* ---- in fractions ---- */

static void fraction_set(mpq_t fraction, struct amount amount, uint32_t decimals)
{
    uint8_t bytes[32];
    mpq_t power;

    amount_to_be(&amount, bytes);
    mpz_import(mpq_numref(fraction), 32, 1, 1, 1, 0, bytes);
    mpz_set_ui(mpq_denref(fraction), 1);
    mpq_init(power);
    mpz_ui_pow_ui(mpq_numref(power), 10, decimals);
    mpq_div(fraction, fraction, power);
    mpq_clear(power);
}

static void decimal_set(mpq_t fraction, struct route_decimal value)
{
    mpq_t power;

    assert_true(value.exponent <= 0);
    mpq_set_si(fraction, value.mantissa, 1);
    mpq_init(power);
    mpz_ui_pow_ui(mpq_numref(power), 10, (unsigned long)-value.exponent);
    mpq_div(fraction, fraction, power);
    mpq_clear(power);
}

/* What a corridor delivers exactly, in whole units of its head. */
static void output_set(mpq_t output, const struct network *network,
                       const struct route_corridor *corridor, const struct amount *flow)
{
    const uint32_t tail = network->places[corridor->from].decimals;
    const uint32_t head = network->places[corridor->to].decimals;
    mpq_t x, gain, part, width;

    mpq_inits(x, gain, part, width, NULL);
    fraction_set(x, *flow, tail);
    mpq_set_ui(output, 0, 1);
    if (corridor->output == ROUTE_OUTPUT_LINEAR) {
        decimal_set(gain, corridor->gain);
        mpq_mul(output, x, gain);
    }
    for (uint32_t i = 0; corridor->output == ROUTE_OUTPUT_PIECES && i < corridor->pieces.count;
         i++) {
        const struct route_piece *piece = &network->pieces[corridor->pieces.first + i];
        fraction_set(width, piece->width, tail);
        decimal_set(gain, piece->rate);
        mpq_set(part, mpq_cmp(width, x) < 0 ? width : x);
        mpq_sub(x, x, part);
        mpq_mul(part, part, gain);
        mpq_add(output, output, part);
    }
    if (corridor->output == ROUTE_OUTPUT_PRODUCT) {
        decimal_set(gain, corridor->gain);
        mpq_mul(x, x, gain);
        fraction_set(part, corridor->reserve_out, head);
        mpq_mul(part, part, x);
        fraction_set(width, corridor->reserve_in, tail);
        mpq_add(width, width, x);
        mpq_div(output, part, width);
    }
    mpq_clears(x, gain, part, width, NULL);
}

/* Nothing is made up, and no more is lost than a unit for each piece. */
static void arrivals_check(const struct network *network, const struct whole_plan *plan)
{
    mpq_t exact, given, slack;

    mpq_inits(exact, given, slack, NULL);
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        const struct route_corridor *corridor = &network->corridors[i];
        const uint32_t head = network->places[corridor->to].decimals;
        assert_true(amount_compare(&plan->flows[i], &corridor->max) <= 0);
        output_set(exact, network, corridor, &plan->flows[i]);
        fraction_set(given, plan->arrivals[i], head);
        assert_true(mpq_cmp(given, exact) <= 0);
        fraction_set(slack, amount_from_u64(1 + corridor->pieces.count), head);
        mpq_add(given, given, slack);
        assert_true(mpq_cmp(given, exact) > 0);
    }
    mpq_clears(exact, given, slack, NULL);
}

static void places_check(const struct network *network, const struct whole_plan *plan)
{
    mpq_t sum, term;

    mpq_inits(sum, term, NULL);
    for (uint32_t i = 0; i < network->counts.places; i++) {
        const struct route_place *place = &network->places[i];
        fraction_set(sum, place->balance, 0);
        for (uint32_t k = 0; k < network->counts.corridors; k++) {
            if (network->corridors[k].to == i) {
                fraction_set(term, plan->arrivals[k], 0);
                mpq_add(sum, sum, term);
            }
            if (network->corridors[k].from == i) {
                fraction_set(term, plan->flows[k], 0);
                mpq_sub(sum, sum, term);
            }
        }
        fraction_set(term, plan->positions[i], 0);
        assert_true(mpq_equal(sum, term));
        assert_true(amount_compare(&plan->positions[i], &place->min) >= 0);
        assert_true(amount_compare(&plan->positions[i], &place->max) <= 0);
    }
    mpq_clears(sum, term, NULL);
}

static void groups_check(const struct network *network, const struct whole_plan *plan)
{
    mpq_t sum, term, factor;

    mpq_inits(sum, term, factor, NULL);
    for (uint32_t g = 0; g < network->counts.groups; g++) {
        const struct route_group *group = &network->groups[g];
        mpq_set_ui(sum, 0, 1);
        for (uint32_t k = 0; k < group->places.count; k++) {
            const struct route_term *entry = &network->terms[group->places.first + k];
            fraction_set(term, plan->positions[entry->index],
                         network->places[entry->index].decimals);
            decimal_set(factor, entry->coefficient);
            mpq_mul(term, term, factor);
            mpq_add(sum, sum, term);
        }
        for (uint32_t k = 0; k < group->corridors.count; k++) {
            const struct route_term *entry = &network->terms[group->corridors.first + k];
            fraction_set(term, plan->flows[entry->index],
                         network->places[network->corridors[entry->index].from].decimals);
            mpq_add(sum, sum, term);
        }
        fraction_set(term, group->max, group->decimals);
        assert_true(mpq_cmp(sum, term) <= 0);
        fraction_set(term, group->min, group->decimals);
        if (group->min_is_negative) {
            mpq_neg(term, term);
        }
        assert_true(mpq_cmp(sum, term) >= 0);
    }
    mpq_clears(sum, term, factor, NULL);
}

/* ---- plans ---- */

struct solved {
    struct model model;
    struct model_plan plan;
    void *arrays;
    void *layout;
    void *memory;
    enum status status;
};

static struct solved solve(const struct network *network)
{
    const struct allocation_options options = {.gap = 1e-7, .steps_max = 200};
    struct solved solved = {.status = STATUS_OK};
    struct allocation allocation;

    solved.arrays = malloc(network_model_footprint(&network->counts));
    assert_int_equal(network_model_build(network, solved.arrays, &solved.model), STATUS_OK);
    solved.layout = malloc(allocation_footprint(&solved.model));
    assert_int_equal(allocation_init(&allocation, &solved.model, solved.layout), STATUS_OK);
    solved.memory = malloc(allocation_solve_footprint(&allocation));
    solved.status = allocation_solve(&allocation, &options, solved.memory, &solved.plan);
    return solved;
}

static void solved_free(struct solved *solved)
{
    free(solved->memory);
    free(solved->layout);
    free(solved->arrays);
}

/* The certificate of the rounded plan under the plan's own prices. */
static struct certificate certificate_of(const struct network *network, const struct solved *solved,
                                         const struct whole_plan *whole)
{
    double positions[PLACES_MAX];
    double flows[CORRIDORS_MAX];
    struct certificate certificate;
    struct model_plan plan = solved->plan;
    void *scratch = malloc(certificate_footprint(&solved->model));

    for (uint32_t i = 0; i < network->counts.places; i++) {
        positions[i] = network_model_amount(&whole->positions[i], network->places[i].decimals);
    }
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        flows[i] = network_model_amount(&whole->flows[i],
                                        network->places[network->corridors[i].from].decimals);
    }
    plan.positions = positions;
    plan.flows = flows;
    assert_int_equal(certificate_compute(&solved->model, &plan, scratch, &certificate), STATUS_OK);
    free(scratch);
    return certificate;
}

/* Some units of the coarsest place, each worth about 1, at every corridor. */
static double loss_max(const struct network *network)
{
    uint32_t least = 6; /* of groups */
    double unit = 1;

    for (uint32_t i = 0; i < network->counts.places; i++) {
        least = network->places[i].decimals < least ? network->places[i].decimals : least;
    }
    for (uint32_t i = 0; i < least; i++) {
        unit /= 10;
    }
    return 40 * unit * (1 + network->counts.corridors);
}

static void rounded_plans_keep_every_bound_exactly(void **state)
{
    (void)state;
    static struct fixture fixture;
    uint32_t rounded = 0;
    uint32_t refused = 0;
    uint32_t costly = 0;

    for (uint32_t seed = 0; seed < NETWORKS; seed++) {
        struct whole_plan whole;
        random_state = seed * 1000003u;
        fixture_fill(&fixture);
        struct solved solved = solve(&fixture.network);
        if (solved.status == STATUS_OK && solved.plan.status != MODEL_INFEASIBLE) {
            void *memory = malloc(whole_footprint(&fixture.network));
            const enum status status =
                whole_round(&fixture.network, solved.plan.flows, memory, &whole);
            if (status == STATUS_OK) {
                arrivals_check(&fixture.network, &whole);
                places_check(&fixture.network, &whole);
                groups_check(&fixture.network, &whole);
                const struct certificate certificate =
                    certificate_of(&fixture.network, &solved, &whole);
                costly += !(certificate.value >= solved.plan.value - loss_max(&fixture.network));
                assert_true(certificate.value <= solved.plan.bound + 1e-9);
                rounded++;
            } else {
                assert_int_equal(status, STATUS_NOT_FOUND);
                refused++;
            }
            free(memory);
        }
        solved_free(&solved);
    }
    print_message("%u rounded, %u refused, %u lost more than units\n", rounded, refused, costly);
    assert_true(rounded > NETWORKS / 2);
    assert_true(refused * 30 < rounded);
    assert_true(costly * 500 < rounded);
}

/* Flows that are no plan end in one, or in a refusal, never in a broken bound. */
static void corrupted_flows_are_cut_or_refused(void **state)
{
    (void)state;
    static struct fixture fixture;
    uint32_t refused = 0;

    for (uint32_t seed = 0; seed < NETWORKS; seed++) {
        double flows[CORRIDORS_MAX];
        struct whole_plan whole;
        random_state = seed * 1000003u;
        fixture_fill(&fixture);
        for (uint32_t i = 0; i < CORRIDORS_MAX; i++) {
            flows[i] = (double)random_below(2000000000) / 1e6;
        }
        flows[0] = 0.0 / 0.0;
        flows[1] = 1e300;
        flows[2] = -1;
        void *memory = malloc(whole_footprint(&fixture.network));
        const enum status status = whole_round(&fixture.network, flows, memory, &whole);
        if (status == STATUS_OK) {
            arrivals_check(&fixture.network, &whole);
            places_check(&fixture.network, &whole);
            groups_check(&fixture.network, &whole);
        } else {
            refused++;
        }
        free(memory);
    }
    assert_in_range(refused, NETWORKS / 20, NETWORKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounded_plans_keep_every_bound_exactly),
        cmocka_unit_test(corrupted_flows_are_cut_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
