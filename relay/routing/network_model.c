/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/network_model.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"

/* Up to here powers of ten are doubles without a remainder. */
#define POWER_MAX 22

struct building {
    const struct network *network;
    struct model_place *places;
    struct model_corridor *corridors;
    struct model_group *groups;
    struct model_transaction *transactions;
    struct model_piece *pieces;
    struct model_term *terms;
    uint32_t pieces_count;
};

size_t network_model_footprint(const struct network_counts *counts)
{
    return block_align(counts->places * sizeof(struct model_place)) +
           block_align(counts->corridors * sizeof(struct model_corridor)) +
           block_align(counts->groups * sizeof(struct model_group)) +
           block_align(counts->transactions * sizeof(struct model_transaction)) +
           block_align(counts->pieces * sizeof(struct model_piece)) +
           block_align(counts->terms * sizeof(struct model_term));
}

/* ---- numbers ---- */

static double power_of_ten(uint32_t exponent)
{
    double power = 1;

    CHECK(exponent <= POWER_MAX);
    for (uint32_t i = 0; i < exponent; i++) {
        power *= 10;
    }
    return power;
}

/* value * 10^exponent, in steps whose powers are exact. */
static double scaled(double value, int32_t exponent)
{
    while (exponent < 0) {
        const int32_t step = -exponent < POWER_MAX ? -exponent : POWER_MAX;
        value /= power_of_ten((uint32_t)step);
        exponent += step;
    }
    while (exponent > 0) {
        const int32_t step = exponent < POWER_MAX ? exponent : POWER_MAX;
        value *= power_of_ten((uint32_t)step);
        exponent -= step;
    }
    return value;
}

static double number_of(struct route_decimal decimal)
{
    return scaled((double)decimal.mantissa, decimal.exponent);
}

double network_model_amount(const struct amount *amount, uint32_t decimals)
{
    CHECK(decimals <= ROUTE_DECIMALS_MAX);
    return scaled(amount_to_double(amount), -(int32_t)decimals);
}

/* ---- parts ---- */

static struct route_span pieces_build(struct building *building, struct route_span span,
                                      uint32_t decimals)
{
    struct route_span built = {.first = building->pieces_count, .count = 0};

    for (uint32_t i = 0; i < span.count; i++) {
        const struct route_piece *piece = &building->network->pieces[span.first + i];
        if (amount_is_zero(&piece->width)) {
            continue;
        }
        building->pieces[building->pieces_count++] = (struct model_piece){
            .width = network_model_amount(&piece->width, decimals), .rate = number_of(piece->rate)};
        built.count++;
    }
    return built;
}

static void place_build(struct building *building, uint32_t index)
{
    const struct route_place *from = &building->network->places[index];
    struct model_place *place = &building->places[index];

    *place = (struct model_place){
        .decimals = from->decimals,
        .price = number_of(from->price),
        .balance = network_model_amount(&from->balance, from->decimals),
        .min = network_model_amount(&from->min, from->decimals),
        .max = network_model_amount(&from->max, from->decimals),
        .yield = from->yield,
    };
    switch (from->yield) {
    case ROUTE_YIELD_NONE:
        break;
    case ROUTE_YIELD_PIECES:
        place->pieces = pieces_build(building, from->pieces, from->decimals);
        place->yield = place->pieces.count == 0 ? ROUTE_YIELD_NONE : ROUTE_YIELD_PIECES;
        break;
    case ROUTE_YIELD_QUADRATIC:
        place->linear = number_of(from->linear);
        place->quadratic = number_of(from->quadratic);
        break;
    }
}

static void corridor_build(struct building *building, uint32_t index)
{
    const struct route_corridor *from = &building->network->corridors[index];
    const uint32_t tail = building->network->places[from->from].decimals;
    const uint32_t head = building->network->places[from->to].decimals;
    struct model_corridor *corridor = &building->corridors[index];

    *corridor = (struct model_corridor){
        .from = from->from,
        .to = from->to,
        .transaction = MODEL_NONE,
        .max = network_model_amount(&from->max, tail),
        .cost = number_of(from->cost),
        .output = from->output,
        .gain = number_of(from->gain),
    };
    switch (from->output) {
    case ROUTE_OUTPUT_LINEAR:
        break;
    case ROUTE_OUTPUT_PIECES:
        corridor->pieces = pieces_build(building, from->pieces, tail);
        break;
    case ROUTE_OUTPUT_PRODUCT:
        corridor->reserve_in = network_model_amount(&from->reserve_in, tail);
        corridor->reserve_out = network_model_amount(&from->reserve_out, head);
        break;
    }
}

static void group_build(struct building *building, uint32_t index)
{
    const struct route_group *from = &building->network->groups[index];
    const double min = network_model_amount(&from->min, from->decimals);

    building->groups[index] = (struct model_group){
        .min = from->min_is_negative ? -min : min,
        .max = network_model_amount(&from->max, from->decimals),
        .risk = number_of(from->risk),
        .places = from->places,
        .corridors = from->corridors,
    };
}

/* False: a corridor in two transactions, or members out of order. */
static bool transaction_build(struct building *building, uint32_t index)
{
    const struct route_transaction *from = &building->network->transactions[index];

    building->transactions[index] =
        (struct model_transaction){.cost = number_of(from->cost), .corridors = from->corridors};
    for (uint32_t i = 0; i < from->corridors.count; i++) {
        const uint32_t corridor = building->terms[from->corridors.first + i].index;
        if (building->corridors[corridor].transaction != MODEL_NONE) {
            return false;
        }
        building->corridors[corridor].transaction = index;
    }
    return true;
}

static struct building building_from(const struct network *network, void *memory)
{
    const struct network_counts *counts = &network->counts;
    uint8_t *rest = memory;
    struct building building = {.network = network};

    building.places = block_take(&rest, counts->places * sizeof(struct model_place));
    building.corridors = block_take(&rest, counts->corridors * sizeof(struct model_corridor));
    building.groups = block_take(&rest, counts->groups * sizeof(struct model_group));
    building.transactions =
        block_take(&rest, counts->transactions * sizeof(struct model_transaction));
    building.pieces = block_take(&rest, counts->pieces * sizeof(struct model_piece));
    building.terms = block_take(&rest, counts->terms * sizeof(struct model_term));
    return building;
}

enum status network_model_build(const struct network *network, void *memory,
                                struct model *ret_model)
{
    const struct network_counts *counts = &network->counts;
    struct building building = building_from(network, memory);

    for (uint32_t i = 0; i < counts->places; i++) {
        place_build(&building, i);
    }
    for (uint32_t i = 0; i < counts->corridors; i++) {
        corridor_build(&building, i);
    }
    for (uint32_t i = 0; i < counts->groups; i++) {
        group_build(&building, i);
    }
    for (uint32_t i = 0; i < counts->terms; i++) {
        building.terms[i] =
            (struct model_term){network->terms[i].index, number_of(network->terms[i].coefficient)};
    }
    for (uint32_t i = 0; i < counts->transactions; i++) {
        if (!transaction_build(&building, i)) {
            return STATUS_MALFORMED;
        }
    }
    *ret_model = (struct model){
        .counts = *counts,
        .horizon_s = network->horizon_s,
        .places = building.places,
        .corridors = building.corridors,
        .groups = building.groups,
        .transactions = building.transactions,
        .pieces = building.pieces,
        .terms = building.terms,
    };
    ret_model->counts.pieces = building.pieces_count;
    return model_check(ret_model);
}
