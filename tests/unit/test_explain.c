/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations of plans worked out by hand, and the sum that every explanation must keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay/routing/certificate.h"
#include "relay/routing/explain.h"
#include "relay/routing_file/network_file.h"

#define CORRIDORS_MAX 16u

/* 100 at hub. pool pays 0.05 for the first 20, bank pays 0.03 for any amount.
 *   hub>bank costs 0.005: a unit at hub is worth 1.025, one at bank 1.03.
 *   hub>pool costs 0.01 and lets 10 through: 1.05 - 0.01 - 1.025 = 0.015 for one more.
 *   hub>even: a unit at its end is worth 1, at hub 1.025.
 *   bank>pool: 1.05 - 1.03 = 0.02 to gain, 0.03 to pay.
 *   hub>full: full is worth 1.04, and holds its max of 5.
 *   hub>dear: 4 units of 1.05 - 1.025 make 0.1, and the transaction costs 10.
 *   hub>shut lets nothing through. */
#define NETWORK                                                                                    \
    "{\"format\":\"sluice-network/1\",\"horizon_s\":604800,\"places\":["                           \
    "{\"id\":\"hub\",\"decimals\":6,\"price\":1,\"balance\":100,\"min\":0,\"max\":1000},"          \
    "{\"id\":\"pool\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000,"            \
    "\"yield\":{\"pieces\":[[20,0.05]]}},"                                                         \
    "{\"id\":\"bank\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000,"            \
    "\"yield\":{\"linear\":0.03,\"quadratic\":0}},"                                                \
    "{\"id\":\"even\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000},"           \
    "{\"id\":\"full\",\"decimals\":6,\"price\":1.04,\"balance\":5,\"min\":0,\"max\":5}],"          \
    "\"corridors\":["                                                                              \
    "{\"id\":\"hub>pool\",\"from\":\"hub\",\"to\":\"pool\",\"max\":10,\"cost\":0.01,"              \
    "\"output\":{\"gain\":1}},"                                                                    \
    "{\"id\":\"hub>bank\",\"from\":\"hub\",\"to\":\"bank\",\"max\":500,\"cost\":0.005,"            \
    "\"output\":{\"gain\":1}},"                                                                    \
    "{\"id\":\"hub>even\",\"from\":\"hub\",\"to\":\"even\",\"max\":500,\"cost\":0,"                \
    "\"output\":{\"gain\":1}},"                                                                    \
    "{\"id\":\"bank>pool\",\"from\":\"bank\",\"to\":\"pool\",\"max\":500,\"cost\":0.03,"           \
    "\"output\":{\"gain\":1}},"                                                                    \
    "{\"id\":\"hub>full\",\"from\":\"hub\",\"to\":\"full\",\"max\":500,\"cost\":0,"                \
    "\"output\":{\"gain\":1}},"                                                                    \
    "{\"id\":\"hub>dear\",\"from\":\"hub\",\"to\":\"pool\",\"max\":4,\"cost\":0,"                  \
    "\"output\":{\"gain\":1}},"                                                                    \
    "{\"id\":\"hub>shut\",\"from\":\"hub\",\"to\":\"pool\",\"max\":0,\"cost\":0,"                  \
    "\"output\":{\"gain\":1}}],"                                                                   \
    "\"transactions\":[{\"id\":\"t\",\"cost\":10,\"corridors\":[\"hub>dear\"]}]}"

enum way { HUB_POOL, HUB_BANK, HUB_EVEN, BANK_POOL, HUB_FULL, HUB_DEAR, HUB_SHUT, WAYS };

static const double positions[] = {0, 10, 90, 0, 5};
static const double flows[WAYS] = {[HUB_POOL] = 10, [HUB_BANK] = 90};
/* full: any price up to 1.025 proves the same bound. */
static const double prices[] = {1.025, 1.05, 1.03, 1, 0.5};

static struct network_file *network_new(const char *text)
{
    struct document_error error = {""};
    struct network_file *network = NULL;

    const enum status status = network_file_parse(bytes_from_string(text), &network, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(status, STATUS_OK);
    return network;
}

static void assert_near(double a, double b)
{
    const double difference = a > b ? a - b : b - a;
    assert_true(difference <= 1e-9);
}

static void *explain(const struct model *model, const double *group_prices,
                     struct explanation *ret_explanation)
{
    const struct model_prices all = {.places = prices, .groups = group_prices};
    void *memory = malloc(explain_footprint(model));

    assert_non_null(memory);
    explain_plan(model, positions, flows, &all, memory, ret_explanation);
    return memory;
}

/* A plan of its own network. */
struct explained {
    const double *at;
    const double *sent;
    struct model_prices prices;
};

static void *explain_text(const char *text, const struct explained *plan,
                          struct network_file **ret_network, struct explanation *ret_explanation)
{
    *ret_network = network_new(text);
    void *memory = malloc(explain_footprint(&(*ret_network)->model));

    assert_non_null(memory);
    explain_plan(&(*ret_network)->model, plan->at, plan->sent, &plan->prices, memory,
                 ret_explanation);
    return memory;
}

static void moves_have_gains_and_costs(void **state)
{
    (void)state;
    struct network_file *network = network_new(NETWORK);
    struct explanation explanation;
    void *memory = explain(&network->model, NULL, &explanation);
    const struct explain_corridor *corridors = explanation.corridors;

    /* Of the 2.5 that hub has beyond its price, because it gives away at 1 what is worth 1.025, a
     * tenth is this move's: 10 * (1.05 - 1.025) + 0.25. */
    assert_int_equal(corridors[HUB_POOL].use, EXPLAIN_USED);
    assert_near(corridors[HUB_POOL].gain, 10 * 0.05);
    assert_near(corridors[HUB_POOL].cost, 10 * 0.01);
    assert_int_equal(corridors[HUB_BANK].use, EXPLAIN_USED);
    assert_near(corridors[HUB_BANK].gain, 90 * 0.03);
    assert_near(corridors[HUB_BANK].cost, 90 * 0.005);
    assert_near(explanation.gain, 0.5 + 2.7);
    assert_near(explanation.cost, 0.1 + 0.45);
    free(memory);
    assert_null(network_file_free(network));
}

static void unused_corridors_have_reasons(void **state)
{
    (void)state;
    struct network_file *network = network_new(NETWORK);
    struct explanation explanation;
    void *memory = explain(&network->model, NULL, &explanation);
    const struct explain_corridor *corridors = explanation.corridors;

    assert_int_equal(corridors[HUB_EVEN].use, EXPLAIN_NO_GAIN);
    assert_near(corridors[HUB_EVEN].worth_start, 1.025);
    assert_near(corridors[HUB_EVEN].worth_end, 1);
    assert_int_equal(corridors[BANK_POOL].use, EXPLAIN_COST);
    assert_near(corridors[BANK_POOL].worth_end - corridors[BANK_POOL].worth_start, 0.02);
    assert_near(corridors[BANK_POOL].charge, 0.03);
    assert_int_equal(corridors[HUB_FULL].use, EXPLAIN_LIMIT);
    assert_int_equal(corridors[HUB_FULL].limit.kind, EXPLAIN_PLACE_MAX);
    assert_int_equal(corridors[HUB_FULL].limit.index, 4);
    assert_int_equal(corridors[HUB_DEAR].use, EXPLAIN_FIXED);
    assert_near(corridors[HUB_DEAR].missing, 10 - 4 * 0.025);
    assert_int_equal(corridors[HUB_SHUT].use, EXPLAIN_CLOSED);
    free(memory);
    assert_null(network_file_free(network));
}

static void limits_have_prices(void **state)
{
    (void)state;
    struct network_file *network = network_new(NETWORK);
    struct explanation explanation;
    void *memory = explain(&network->model, NULL, &explanation);

    assert_int_equal(explanation.limits_count, 2);
    /* The price of 0.5 would say 0.54; nobody can make more of the room than hub: 1.04 - 1.025. */
    assert_int_equal(explanation.limits[0].kind, EXPLAIN_PLACE_MAX);
    assert_int_equal(explanation.limits[0].index, 4);
    assert_near(explanation.limits[0].price, 0.015);
    assert_int_equal(explanation.limits[1].kind, EXPLAIN_CORRIDOR_MAX);
    assert_int_equal(explanation.limits[1].index, HUB_POOL);
    assert_near(explanation.limits[1].bound, 10);
    assert_near(explanation.limits[1].price, 0.015);
    free(memory);
    assert_null(network_file_free(network));
}

/* 100 at a; b pays 0.02 on all of it. A group wants at least 70 at c, which pays nothing, costs
 * 0.001 to reach and carries risk. */
static void groups_have_prices(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\":\"sluice-network/1\",\"horizon_s\":1,\"places\":["
        "{\"id\":\"a\",\"decimals\":6,\"price\":1,\"balance\":100,\"min\":0,\"max\":1000},"
        "{\"id\":\"b\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000,"
        "\"yield\":{\"linear\":0.02,\"quadratic\":0}},"
        "{\"id\":\"c\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000}],"
        "\"corridors\":[{\"id\":\"ab\",\"from\":\"a\",\"to\":\"b\",\"max\":500,\"cost\":0,"
        "\"output\":{\"gain\":1}},{\"id\":\"ac\",\"from\":\"a\",\"to\":\"c\",\"max\":500,"
        "\"cost\":0.001,\"output\":{\"gain\":1}}],"
        "\"groups\":[{\"id\":\"cap\",\"min\":0,\"max\":40,\"places\":{\"b\":1}},"
        "{\"id\":\"floor\",\"min\":70,\"max\":1000,\"risk\":0.0002,\"places\":{\"c\":1}}]}";
    static const double at[] = {0, 30, 70};
    static const double sent[] = {30, 70};
    /* c's last unit carries 0.0002 * 70 of risk: its price is 1.02 + 0.001, and the group must pay
     * for that with -0.021, of which the risk itself is +0.014. */
    static const double place_prices[] = {1.02, 1.02, 1.021};
    static const double group_prices[] = {0, -0.021};
    const struct explained plan = {at, sent, {.places = place_prices, .groups = group_prices}};
    struct network_file *network = NULL;
    struct explanation explanation;
    void *memory = explain_text(text, &plan, &network, &explanation);

    assert_int_equal(explanation.limits_count, 1);
    assert_int_equal(explanation.limits[0].kind, EXPLAIN_GROUP_MIN);
    assert_int_equal(explanation.limits[0].index, 1);
    assert_near(explanation.limits[0].price, 0.014 + 0.021);
    assert_near(explanation.risk, -0.0001 * 70 * 70);
    assert_near(explanation.gain, 30 * 0.02);
    assert_near(explanation.cost, 70 * 0.001);
    free(memory);
    assert_null(network_file_free(network));
}

/* b is full and pays 0.05, of which its group asks 0.02 and its own price 0.01. A unit more of room
 * would be worth what is left; a's price alone would say 0.03. */
static void a_full_place_pays_its_group_first(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\":\"sluice-network/1\",\"horizon_s\":1,\"places\":["
        "{\"id\":\"a\",\"decimals\":6,\"price\":1,\"balance\":100,\"min\":0,\"max\":1000},"
        "{\"id\":\"b\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":40,"
        "\"yield\":{\"linear\":0.05,\"quadratic\":0}}],"
        "\"corridors\":[{\"id\":\"ab\",\"from\":\"a\",\"to\":\"b\",\"max\":500,\"cost\":0,"
        "\"output\":{\"gain\":1}}],"
        "\"groups\":[{\"id\":\"cap\",\"min\":0,\"max\":40,\"places\":{\"b\":1}}]}";
    static const double at[] = {60, 40};
    static const double sent[] = {40};
    static const double place_prices[] = {1, 1.01};
    static const double group_prices[] = {0.02};
    const struct explained plan = {at, sent, {.places = place_prices, .groups = group_prices}};
    struct network_file *network = NULL;
    struct explanation explanation;
    void *memory = explain_text(text, &plan, &network, &explanation);

    assert_int_equal(explanation.limits_count, 2);
    assert_int_equal(explanation.limits[0].kind, EXPLAIN_PLACE_MAX);
    assert_int_equal(explanation.limits[0].index, 1);
    assert_near(explanation.limits[0].price, 0.02);
    assert_int_equal(explanation.limits[1].kind, EXPLAIN_GROUP_MAX);
    assert_near(explanation.limits[1].price, 0.02);
    free(memory);
    assert_null(network_file_free(network));
}

/* ---- the sum, on random networks ---- */

static uint64_t random_state;

static double random_part(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

struct fixture {
    struct model model;
    struct model_place places[6];
    struct model_corridor corridors[CORRIDORS_MAX];
    struct model_group groups[2];
    struct model_transaction transactions[CORRIDORS_MAX];
    struct model_piece pieces[32];
    struct model_term terms[64];
};

static void fixture_fill(struct fixture *fixture)
{
    *fixture = (struct fixture){
        .model = {.counts = {.places = 6, .corridors = CORRIDORS_MAX, .groups = 2}}};
    for (uint32_t i = 0; i < 6; i++) {
        fixture->places[i] = (struct model_place){.price = 1,
                                                  .balance = 100 * random_part(),
                                                  .max = 1000,
                                                  .yield = ROUTE_YIELD_PIECES,
                                                  .pieces = {.first = 2 * i, .count = 2}};
        fixture->pieces[2 * i] = (struct model_piece){50 * random_part() + 1, 0.05 * random_part()};
        fixture->pieces[2 * i + 1] =
            (struct model_piece){50, fixture->pieces[2 * i].rate * random_part()};
        fixture->terms[i] = (struct model_term){i, random_part()};
        fixture->terms[6 + i] = (struct model_term){i, 1 - 2 * random_part()};
    }
    for (uint32_t i = 0; i < 2; i++) {
        fixture->groups[i] = (struct model_group){
            .min = -1e4, .max = 1e4, .risk = 1e-5, .places = {.first = 6 * i, .count = 6}};
    }
    for (uint32_t i = 0; i < CORRIDORS_MAX; i++) {
        const uint32_t from = i % 6;
        fixture->corridors[i] = (struct model_corridor){.from = from,
                                                        .to = (from + 1 + i / 6) % 6,
                                                        .transaction = MODEL_NONE,
                                                        .max = 80 * random_part(),
                                                        .cost = 0.002 * random_part(),
                                                        .output = ROUTE_OUTPUT_LINEAR,
                                                        .gain = 1 - 0.001 * random_part()};
        if (i % 4 == 0) {
            fixture->corridors[i].output = ROUTE_OUTPUT_PRODUCT;
            fixture->corridors[i].reserve_in = 1e4;
            fixture->corridors[i].reserve_out = 1.001e4;
        }
        if (i % 5 == 0) {
            const uint32_t k = fixture->model.counts.transactions++;
            fixture->corridors[i].transaction = k;
            fixture->transactions[k] =
                (struct model_transaction){.cost = 0.1, .corridors = {.first = 12 + k, .count = 1}};
            fixture->terms[12 + k] = (struct model_term){i, 1};
        }
    }
    fixture->model.counts.pieces = 12;
    fixture->model.counts.terms = 12 + fixture->model.counts.transactions;
    fixture->model.places = fixture->places;
    fixture->model.corridors = fixture->corridors;
    fixture->model.groups = fixture->groups;
    fixture->model.transactions = fixture->transactions;
    fixture->model.pieces = fixture->pieces;
    fixture->model.terms = fixture->terms;
    assert_int_equal(model_check(&fixture->model), STATUS_OK);
}

/* What any flows are worth more than doing nothing, and what the explanation adds up. */
static void sum_check(const struct fixture *fixture, const double *at, const double *sent)
{
    static const double none[2] = {0};
    double random_prices[6];
    struct explanation explanation;
    struct certificate certificate;
    const struct model *model = &fixture->model;
    const struct model_plan plan = {
        .positions = at, .flows = sent, .prices = {.places = random_prices, .groups = none}};
    void *scratch = malloc(certificate_footprint(model));
    void *memory = malloc(explain_footprint(model));

    assert_non_null(scratch);
    assert_non_null(memory);
    for (uint32_t i = 0; i < 6; i++) {
        random_prices[i] = 0.9 + 0.2 * random_part();
    }
    assert_int_equal(certificate_compute(model, &plan, scratch, &certificate), STATUS_OK);
    explain_plan(model, at, sent, &plan.prices, memory, &explanation);
    assert_near(explanation.gain - explanation.cost + explanation.risk,
                certificate.value - certificate.baseline);
    free(memory);
    free(scratch);
}

/* Some corridors send some of what they may. */
static void flows_draw(const struct fixture *fixture, double *at, double *sent)
{
    for (uint32_t i = 0; i < 6; i++) {
        at[i] = fixture->places[i].balance;
    }
    for (uint32_t i = 0; i < CORRIDORS_MAX; i++) {
        const struct model_corridor *corridor = &fixture->corridors[i];
        const double part = random_part() < 0.5 ? 0 : random_part();
        sent[i] = part * (at[corridor->from] < corridor->max ? at[corridor->from] : corridor->max);
        at[corridor->from] -= sent[i];
        at[corridor->to] += corridor->output == ROUTE_OUTPUT_LINEAR
                                ? corridor->gain * sent[i]
                                : corridor->reserve_out * (corridor->gain * sent[i]) /
                                      (corridor->reserve_in + corridor->gain * sent[i]);
    }
}

static void gains_less_costs_are_what_the_plan_makes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct fixture fixture;
        double at[6];
        double sent[CORRIDORS_MAX];
        random_state = seed;
        fixture_fill(&fixture);
        flows_draw(&fixture, at, sent);
        sum_check(&fixture, at, sent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_have_gains_and_costs),
        cmocka_unit_test(unused_corridors_have_reasons),
        cmocka_unit_test(limits_have_prices),
        cmocka_unit_test(groups_have_prices),
        cmocka_unit_test(a_full_place_pays_its_group_first),
        cmocka_unit_test(gains_less_costs_are_what_the_plan_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
