/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/hindsight.c: what could have been made by somebody who knew every transfer.
 *
 * Chains unrolled over time slots, as one network:
 *
 *     chain at slot t --stay: yield--> chain at t+1
 *                     --bridge: fee--> other chain at t + delay (rounded down: in its favour)
 *                     --pays--> due(chain, s) for s in [t - patience, t] --fee earned--> paid
 *
 * Amounts that users leave are balances of (chain, slot). All there is is worth 1 at the end, paid
 * amounts too, so the value is what was earned. Fixed costs are left out and slots let a transfer
 * be paid from what comes later in its slot: both only raise the bound. */
#include <stdlib.h>

#include "relay/backtest/world.h"
#include "relay/base/check.h"
#include "relay/routing/allocation.h"

#define SLOTS_MAX 168u
#define STEPS_MAX 2000u
#define GAP       1e-4

struct unrolled {
    const struct scenario *scenario;
    uint32_t slot_s;
    uint32_t slots;
    uint32_t patience; /* slots */
    double promised;   /* what would be lost if no transfer were paid in time */
    struct model_place *places;
    struct model_corridor *corridors;
    struct model_piece *pieces;
    struct model model;
};

static uint32_t chain_place(const struct unrolled *unrolled, uint32_t chain, uint32_t slot)
{
    return slot * unrolled->scenario->chains_count + chain;
}

static uint32_t due_place(const struct unrolled *unrolled, uint32_t chain, uint32_t slot)
{
    return chain_place(unrolled, chain, unrolled->slots + slot);
}

static uint32_t paid_place(const struct unrolled *unrolled)
{
    return chain_place(unrolled, 0, 2 * unrolled->slots);
}

static struct model_corridor *corridor_add(struct unrolled *unrolled, uint32_t from, uint32_t to,
                                           double max)
{
    struct model_corridor *corridor = &unrolled->corridors[unrolled->model.counts.corridors++];

    *corridor = (struct model_corridor){.from = from,
                                        .to = to,
                                        .transaction = MODEL_NONE,
                                        .max = max,
                                        .output = ROUTE_OUTPUT_LINEAR,
                                        .gain = 1};
    return corridor;
}

/* Staying earns: what comes out is more than what went in, by the yield of a slot. */
static void stay_add(struct unrolled *unrolled, uint32_t chain, uint32_t slot, double everything)
{
    const struct scenario_chain *at = &unrolled->scenario->chains[chain];
    const double years = unrolled->slot_s / 31536000.0;
    struct model_corridor *corridor =
        corridor_add(unrolled, chain_place(unrolled, chain, slot),
                     chain_place(unrolled, chain, slot + 1), everything);

    if (at->pieces_count == 0) {
        return;
    }
    corridor->output = ROUTE_OUTPUT_PIECES;
    corridor->pieces.first = unrolled->model.counts.pieces;
    for (uint32_t i = 0; i < at->pieces_count; i++) {
        unrolled->pieces[unrolled->model.counts.pieces++] =
            (struct model_piece){at->pieces[i].width, 1 + at->pieces[i].apr * years};
    }
    unrolled->pieces[unrolled->model.counts.pieces++] = (struct model_piece){everything, 1};
    corridor->pieces.count = at->pieces_count + 1;
}

static void slot_build(struct unrolled *unrolled, uint32_t slot, double everything)
{
    const struct scenario *scenario = unrolled->scenario;

    for (uint32_t i = 0; i < scenario->chains_count; i++) {
        if (slot + 1 < unrolled->slots) {
            stay_add(unrolled, i, slot, everything);
        }
        for (uint32_t late = 0; late <= unrolled->patience && late <= slot; late++) {
            (void)corridor_add(unrolled, chain_place(unrolled, i, slot),
                               due_place(unrolled, i, slot - late), everything);
        }
    }
    for (uint32_t i = 0; i < scenario->bridges_count; i++) {
        const struct scenario_bridge *bridge = &scenario->bridges[i];
        const uint32_t arrives = slot + bridge->delay_s / unrolled->slot_s;
        if (arrives < unrolled->slots) {
            struct model_corridor *corridor =
                corridor_add(unrolled, chain_place(unrolled, bridge->from, slot),
                             chain_place(unrolled, bridge->to, arrives), everything);
            corridor->gain = 1 - bridge->fee;
        }
    }
}

static void users_add(struct unrolled *unrolled, const struct transfers *transfers)
{
    const struct scenario *scenario = unrolled->scenario;
    const double reward = scenario->transfer_fee + scenario->blocked_cost;
    const uint32_t first = unrolled->model.counts.corridors;

    for (uint32_t slot = 0; slot < unrolled->slots; slot++) {
        for (uint32_t i = 0; i < scenario->chains_count; i++) {
            corridor_add(unrolled, due_place(unrolled, i, slot), paid_place(unrolled), 0)->cost =
                -reward;
        }
    }
    for (size_t i = 0; i < transfers->count; i++) {
        const struct transfer *transfer = &transfers->list[i];
        const uint64_t second = (uint64_t)transfer->tick * scenario->step_s;
        const uint32_t at = (uint32_t)(second / unrolled->slot_s);
        const uint32_t slot = at < unrolled->slots ? at : unrolled->slots - 1;
        unrolled->places[chain_place(unrolled, transfer->from, slot)].balance += transfer->amount;
        unrolled->corridors[first + slot * scenario->chains_count + transfer->to].max +=
            transfer->amount;
        unrolled->promised += scenario->blocked_cost * transfer->amount;
    }
}

static void places_build(struct unrolled *unrolled, double everything)
{
    const uint32_t last = chain_place(unrolled, 0, unrolled->slots - 1);

    for (uint32_t i = 0; i < unrolled->model.counts.places; i++) {
        const bool ends = i >= last && i < last + unrolled->scenario->chains_count;
        const bool counts = ends || i == paid_place(unrolled);
        unrolled->places[i] =
            (struct model_place){.price = counts ? 1 : 0, .max = counts ? everything : 0};
    }
    for (uint32_t i = 0; i < unrolled->scenario->chains_count; i++) {
        unrolled->places[i].balance = unrolled->scenario->chains[i].balance;
    }
}

static enum status unrolled_solve(const struct unrolled *unrolled, double *ret_bound)
{
    const struct allocation_options options = {.gap = GAP, .steps_max = STEPS_MAX};
    struct allocation allocation;
    struct model_plan plan;
    enum status status = model_check(&unrolled->model);
    CHECK(status == STATUS_OK);
    void *layout = malloc(allocation_footprint(&unrolled->model) + 1);
    CHECK(layout != NULL);
    status = allocation_init(&allocation, &unrolled->model, layout);
    if (status == STATUS_OK) {
        void *memory = malloc(allocation_solve_footprint(&allocation) + 1);
        CHECK(memory != NULL);
        status = allocation_solve(&allocation, &options, memory, &plan);
        if (status == STATUS_OK && plan.status == MODEL_INFEASIBLE) {
            status = STATUS_NOT_FOUND;
        }
        *ret_bound = status == STATUS_OK ? plan.bound : 0;
        free(memory);
    }
    free(layout);
    return status;
}

static enum status hindsight(struct unrolled *unrolled, const struct transfers *transfers,
                             double *ret_value)
{
    double before = 0;
    double everything = 0;
    double bound = 0;

    for (uint32_t i = 0; i < unrolled->scenario->chains_count; i++) {
        before += unrolled->scenario->chains[i].balance;
    }
    for (size_t i = 0; i < transfers->count; i++) {
        before += transfers->list[i].amount;
    }
    everything = 2 * before + 1;
    places_build(unrolled, everything);
    for (uint32_t slot = 0; slot < unrolled->slots; slot++) {
        slot_build(unrolled, slot, everything);
    }
    users_add(unrolled, transfers);
    const enum status status = unrolled_solve(unrolled, &bound);
    if (status == STATUS_OK) {
        *ret_value = bound - before - unrolled->promised;
    }
    return status;
}

enum status world_hindsight(const struct scenario *scenario, const struct transfers *transfers,
                            double *ret_value)
{
    const uint32_t seconds = scenario->hours * 3600u;
    struct unrolled unrolled = {.scenario = scenario};

    unrolled.slot_s = seconds / SLOTS_MAX > 3600 ? seconds / SLOTS_MAX : 3600;
    unrolled.slots = (seconds + unrolled.slot_s - 1) / unrolled.slot_s;
    unrolled.patience = (scenario->patience_s + unrolled.slot_s - 1) / unrolled.slot_s;
    const size_t places = (size_t)scenario->chains_count * (2 * unrolled.slots + 1);
    const size_t corridors =
        (size_t)unrolled.slots *
        ((size_t)scenario->chains_count * (unrolled.patience + 3) + scenario->bridges_count);
    const size_t pieces =
        (size_t)scenario->chains_count * unrolled.slots * (SCENARIO_PIECES_MAX + 1);
    if (places > ROUTE_PLACES_MAX || corridors > ROUTE_CORRIDORS_MAX || pieces > ROUTE_PIECES_MAX) {
        return STATUS_FULL;
    }
    unrolled.places = calloc(places, sizeof(*unrolled.places));
    unrolled.corridors = calloc(corridors, sizeof(*unrolled.corridors));
    unrolled.pieces = calloc(pieces, sizeof(*unrolled.pieces));
    CHECK(unrolled.places != NULL);
    CHECK(unrolled.corridors != NULL);
    CHECK(unrolled.pieces != NULL);
    unrolled.model.counts.places = paid_place(&unrolled) + 1;
    unrolled.model.places = unrolled.places;
    unrolled.model.corridors = unrolled.corridors;
    unrolled.model.pieces = unrolled.pieces;
    const enum status status = hindsight(&unrolled, transfers, ret_value);
    free(unrolled.places);
    free(unrolled.corridors);
    free(unrolled.pieces);
    return status;
}
