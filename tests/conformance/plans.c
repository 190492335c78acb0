/* SPDX-License-Identifier: Apache-2.0 */
/* Every number of the plans of a few networks, to the bit. tests/conformance/plans builds this with
 * several compilers and compares what they print. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/routing/allocation.h"
#include "tests/bench/routing_network.h"

#define SEEDS 3u
/* Steps for plans with fixed costs: enough for a tree of some size. */
#define STEPS_MAX 12u

static void numbers_print(const char *name, const double *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)printf("%s %u %a\n", name, i, numbers[i]);
    }
}

/* Quadratic yields and constant products in place of some pieces. */
static void curves_bend(struct bench_network *network)
{
    for (uint32_t i = 0; i < network->model.counts.places; i += 3) {
        struct model_place *place = &network->places[i];
        if (place->yield == ROUTE_YIELD_PIECES) {
            place->yield = ROUTE_YIELD_QUADRATIC;
            place->linear = 0.002 * place->price;
            place->quadratic = place->linear * place->price / 1e6;
        }
    }
    for (uint32_t i = 0; i < network->model.counts.corridors; i++) {
        struct model_corridor *corridor = &network->corridors[i];
        if (corridor->output == ROUTE_OUTPUT_PIECES && i % 2 == 0) {
            const double rate = network->pieces[corridor->pieces.first].rate;
            corridor->output = ROUTE_OUTPUT_PRODUCT;
            corridor->gain = 0.9995;
            corridor->reserve_in = 20 * corridor->max;
            corridor->reserve_out = corridor->reserve_in * rate;
        }
    }
}

static void plan_print(const struct model *model)
{
    const struct allocation_options options = {.gap = 1e-6, .steps_max = STEPS_MAX};
    struct allocation allocation;
    struct model_plan plan;
    void *layout = malloc(allocation_footprint(model));

    CHECK(layout != NULL);
    const enum status laid = allocation_init(&allocation, model, layout);
    CHECK(laid == STATUS_OK);
    void *memory = malloc(allocation_solve_footprint(&allocation));
    CHECK(memory != NULL);
    const enum status status = allocation_solve(&allocation, &options, memory, &plan);
    CHECK(status == STATUS_OK);
    (void)printf("status %d steps %llu value %a bound %a\n", (int)plan.status,
                 (unsigned long long)plan.steps, plan.value, plan.bound);
    numbers_print("position", plan.positions, model->counts.places);
    numbers_print("flow", plan.flows, model->counts.corridors);
    numbers_print("price", plan.prices.places, model->counts.places);
    numbers_print("group", plan.prices.groups, model->counts.groups);
    for (uint32_t i = 0; i < plan.branches_count; i++) {
        const struct model_branch *branch = &plan.branches[i];
        (void)printf("branch %u %u %u %u\n", i, branch->transaction, branch->off, branch->on);
        if (branch->transaction == MODEL_NONE) {
            numbers_print("price", branch->prices.places, model->counts.places);
        }
    }
    free(memory);
    free(layout);
}

int main(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (uint32_t kind = 0; kind < 4; kind++) {
            const struct bench_kind what = {.risk = kind % 2 == 1, .fixed = kind == 2};
            struct bench_network *network = bench_network_new(BENCH_TYPICAL, seed, what);
            if (kind == 3) {
                curves_bend(network);
            }
            plan_print(&network->model);
            (void)bench_network_free(network);
        }
    }
    return 0;
}
