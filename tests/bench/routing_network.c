/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/routing_network.h"

#include <stdlib.h>

#include "relay/base/check.h"

#define VENUE_PIECES 16u
#define SWAP_PIECES  3u
#define FACTOR_TERMS 40u

struct shape {
    uint32_t chains;
    uint32_t assets;
    uint32_t venues;
    uint32_t bridges;
    uint32_t swaps;
    uint32_t protocols; /* groups of venues */
    uint32_t issuers;   /* groups of bridge corridors */
    uint32_t factors;
};

static const struct shape shapes[] = {
    [BENCH_TYPICAL] = {20, 5, 200, 640, 160, 40, 15, 10},
    [BENCH_MEDIUM] = {60, 10, 1000, 8000, 1000, 80, 30, 20},
    [BENCH_LARGE] = {160, 12, 6000, 36000, 3000, 300, 148, 60},
};

static const double asset_prices[] = {1,    0.9998, 1.0001, 3200, 64000, 0.9995,
                                      1.08, 150,    3400,   12,   0.4,   1.27};

struct draw {
    struct bench_network *network;
    struct shape shape;
    struct bench_kind kind;
    struct prng prng;
    double total; /* value of everything */
};

static double part(struct draw *draw)
{
    return (double)(prng_u64(&draw->prng) >> 11) / 9007199254740992.0;
}

/* From 1 to 10^decades, evenly by magnitude; without pow, which differs between libraries. */
static double magnitude(struct draw *draw, uint32_t decades)
{
    double value = 1 + 9 * part(draw);
    for (uint64_t i = prng_below(&draw->prng, decades); i > 0; i--) {
        value *= 10;
    }
    return value;
}

static uint32_t below(struct draw *draw, uint32_t bound)
{
    return (uint32_t)prng_below(&draw->prng, bound);
}

/* ---- places ---- */

static uint32_t idle_place(const struct draw *draw, uint32_t chain, uint32_t asset)
{
    return chain * draw->shape.assets + asset;
}

static uint32_t venue_chain(const struct draw *draw, uint32_t venue)
{
    CHECK(draw->shape.chains > 0);
    return venue % draw->shape.chains;
}

static uint32_t venue_asset(const struct draw *draw, uint32_t venue)
{
    CHECK(draw->shape.chains > 0);
    CHECK(draw->shape.assets > 0);
    return venue / draw->shape.chains % draw->shape.assets;
}

static uint32_t venue_place(const struct draw *draw, uint32_t venue)
{
    return draw->shape.chains * draw->shape.assets + venue;
}

static struct model_place *place_add(struct draw *draw, uint32_t asset, double value)
{
    struct bench_network *network = draw->network;
    struct model_place *place = &network->places[network->model.counts.places++];
    const double price = draw->kind.lossless ? 1 : asset_prices[asset];

    *place = (struct model_place){.decimals = 6, .price = price, .balance = value / price};
    place->max = 100 * place->balance + 1e9 / price;
    draw->total += value;
    return place;
}

static void places_draw(struct draw *draw)
{
    struct bench_network *network = draw->network;

    for (uint32_t i = 0; i < draw->shape.chains * draw->shape.assets; i++) {
        const double value = part(draw) < 0.5 ? 0 : 1e3 * magnitude(draw, 3);
        struct model_place *place = place_add(draw, i % draw->shape.assets, value);
        place->min = 0.05 * place->balance;
    }
    for (uint32_t i = 0; i < draw->shape.venues; i++) {
        const double value = part(draw) < 0.7 ? 0 : 1e3 * magnitude(draw, 3);
        struct model_place *place = place_add(draw, venue_asset(draw, i), value);
        const double width = 1e3 * magnitude(draw, 3) / place->price;
        double rate = (0.0002 + 0.0028 * part(draw)) * place->price;
        place->yield = ROUTE_YIELD_PIECES;
        place->pieces = (struct route_span){network->model.counts.pieces, VENUE_PIECES};
        for (uint32_t k = 0; k < VENUE_PIECES; k++) {
            network->pieces[network->model.counts.pieces++] = (struct model_piece){width, rate};
            rate *= 1 - 0.2 * part(draw);
        }
    }
}

/* ---- corridors ---- */

static struct model_corridor *corridor_add(struct draw *draw, uint32_t from, uint32_t to)
{
    struct bench_network *network = draw->network;
    struct model_corridor *corridor = &network->corridors[network->model.counts.corridors++];

    *corridor = (struct model_corridor){.from = from,
                                        .to = to,
                                        .transaction = MODEL_NONE,
                                        .output = ROUTE_OUTPUT_LINEAR,
                                        .gain = 1};
    return corridor;
}

static void bridges_draw(struct draw *draw)
{
    for (uint32_t i = 0; i < draw->shape.bridges; i++) {
        const uint32_t asset = below(draw, draw->shape.assets);
        const uint32_t from = below(draw, draw->shape.chains);
        const uint32_t to = (from + 1 + below(draw, draw->shape.chains - 1)) % draw->shape.chains;
        struct model_corridor *corridor =
            corridor_add(draw, idle_place(draw, from, asset), idle_place(draw, to, asset));
        const double price = draw->network->places[corridor->from].price;
        const double fee = 0.0004 * part(draw);
        corridor->gain = draw->kind.lossless ? 1 : 1 - fee;
        corridor->cost = (1e-6 + 0.0002 * part(draw)) * price;
        corridor->max = 1e4 * magnitude(draw, 2) / price;
    }
    draw->network->bridges = draw->shape.bridges;
}

static void swaps_draw(struct draw *draw)
{
    struct bench_network *network = draw->network;

    for (uint32_t i = 0; i < draw->shape.swaps && !draw->kind.lossless; i++) {
        static const double left[SWAP_PIECES] = {0.9995, 0.998, 0.99};
        const uint32_t chain = below(draw, draw->shape.chains);
        const uint32_t from = below(draw, draw->shape.assets);
        const uint32_t to = (from + 1 + below(draw, draw->shape.assets - 1)) % draw->shape.assets;
        struct model_corridor *corridor =
            corridor_add(draw, idle_place(draw, chain, from), idle_place(draw, chain, to));
        const double ratio = asset_prices[from] / asset_prices[to];
        const double width = 1e3 * magnitude(draw, 2) / asset_prices[from];
        corridor->output = ROUTE_OUTPUT_PIECES;
        corridor->max = SWAP_PIECES * width;
        corridor->cost = 1e-6 * asset_prices[from];
        corridor->pieces = (struct route_span){network->model.counts.pieces, SWAP_PIECES};
        for (uint32_t k = 0; k < SWAP_PIECES; k++) {
            network->pieces[network->model.counts.pieces++] =
                (struct model_piece){width, ratio * left[k]};
        }
    }
}

static void venue_ways_draw(struct draw *draw)
{
    for (uint32_t i = 0; i < draw->shape.venues; i++) {
        const uint32_t venue = venue_place(draw, i);
        const uint32_t idle = idle_place(draw, venue_chain(draw, i), venue_asset(draw, i));
        const double price = draw->network->places[venue].price;
        struct model_corridor *in = corridor_add(draw, idle, venue);
        struct model_corridor *out = corridor_add(draw, venue, idle);
        in->max = 1e7 / price;
        in->cost = 2e-6 * price;
        out->max = draw->network->places[venue].balance;
        out->cost = 3e-6 * price;
    }
}

static void transactions_draw(struct draw *draw)
{
    struct bench_network *network = draw->network;

    for (uint32_t i = 0; i < network->bridges && draw->kind.fixed; i++) {
        network->corridors[i].transaction = i;
        network->transactions[i] = (struct model_transaction){
            .cost = 0.2 + 10 * part(draw), .corridors = {network->model.counts.terms, 1}};
        network->terms[network->model.counts.terms++] = (struct model_term){i, 1};
        network->model.counts.transactions++;
    }
}

/* ---- groups ---- */

static struct model_group *group_add(struct draw *draw)
{
    struct bench_network *network = draw->network;
    struct model_group *group = &network->groups[network->model.counts.groups++];

    *group = (struct model_group){.places = {network->model.counts.terms, 0}};
    return group;
}

static void term_add(struct draw *draw, uint32_t index, double coefficient)
{
    draw->network->terms[draw->network->model.counts.terms++] =
        (struct model_term){index, coefficient};
}

/* Ends a group over places: its cap lets what is there stay, and a part more come. */
static void cap_end(struct draw *draw, struct model_group *group, double room)
{
    double exposure = 0;

    group->places.count = draw->network->model.counts.terms - group->places.first;
    group->corridors = (struct route_span){draw->network->model.counts.terms, 0};
    for (uint32_t i = 0; i < group->places.count; i++) {
        const struct model_term *term = &draw->network->terms[group->places.first + i];
        exposure += term->coefficient * draw->network->places[term->index].balance;
    }
    group->max = exposure * (1 + room) + draw->total * 0.01;
}

static void caps_draw(struct draw *draw)
{
    const uint32_t places = draw->network->model.counts.places;
    const uint32_t idles = draw->shape.chains * draw->shape.assets;

    for (uint32_t kind = 0; kind < 3; kind++) {
        const uint32_t counts[] = {draw->shape.chains, draw->shape.assets, draw->shape.protocols};
        for (uint32_t g = 0; g < counts[kind]; g++) {
            struct model_group *group = group_add(draw);
            for (uint32_t i = kind == 2 ? idles : 0; i < places; i++) {
                const bool idle = i < idles;
                const uint32_t chain = idle ? i / draw->shape.assets : venue_chain(draw, i - idles);
                const uint32_t asset = idle ? i % draw->shape.assets : venue_asset(draw, i - idles);
                const uint32_t of = kind == 0   ? chain
                                    : kind == 1 ? asset
                                                : (i * 7919u) % draw->shape.protocols;
                if (of == g) {
                    term_add(draw, i, draw->network->places[i].price);
                }
            }
            cap_end(draw, group, 0.3 * part(draw));
        }
    }
}

static void issuers_draw(struct draw *draw)
{
    for (uint32_t g = 0; g < draw->shape.issuers; g++) {
        struct model_group *group = group_add(draw);
        group->corridors.first = draw->network->model.counts.terms;
        for (uint32_t i = g; i < draw->network->bridges; i += draw->shape.issuers) {
            const struct model_corridor *corridor = &draw->network->corridors[i];
            term_add(draw, i, draw->network->places[corridor->from].price);
        }
        group->corridors.count = draw->network->model.counts.terms - group->corridors.first;
        group->max = draw->total * (0.005 + 0.02 * part(draw));
    }
}

static void factors_draw(struct draw *draw)
{
    const uint32_t places = draw->network->model.counts.places;

    for (uint32_t g = 0; g < draw->shape.factors; g++) {
        struct model_group *group = group_add(draw);
        const uint32_t step = places / FACTOR_TERMS;
        CHECK(step > 0);
        for (uint32_t i = below(draw, step); i < places; i += step) {
            term_add(draw, i, draw->network->places[i].price * (0.2 + part(draw)));
        }
        cap_end(draw, group, 10);
        group->max = 10 * draw->total;
        group->min = -group->max;
        group->risk = draw->kind.risk ? (0.01 + 0.05 * part(draw)) / draw->total : 0;
    }
}

/* ---- the whole ---- */

struct bench_network *bench_network_new(enum bench_size size, uint64_t seed, struct bench_kind kind)
{
    struct bench_network *network = calloc(1, sizeof(*network));
    CHECK(network != NULL);
    struct draw draw = {.network = network, .shape = shapes[size], .kind = kind};
    const struct shape *shape = &draw.shape;
    const size_t places = (size_t)shape->chains * shape->assets + shape->venues;
    const size_t corridors = (size_t)shape->bridges + shape->swaps + 2 * (size_t)shape->venues;
    const size_t groups =
        shape->chains + shape->assets + shape->protocols + shape->issuers + (size_t)shape->factors;
    const size_t pieces = (size_t)VENUE_PIECES * shape->venues + SWAP_PIECES * shape->swaps;

    draw.prng = prng_from(seed);
    network->places = calloc(places, sizeof(*network->places));
    network->corridors = calloc(corridors, sizeof(*network->corridors));
    network->groups = calloc(groups, sizeof(*network->groups));
    network->transactions = calloc(shape->bridges, sizeof(*network->transactions));
    network->pieces = calloc(pieces, sizeof(*network->pieces));
    network->terms =
        calloc(3 * places + 2 * (size_t)shape->bridges + 2 * (size_t)FACTOR_TERMS * shape->factors,
               sizeof(*network->terms));
    places_draw(&draw);
    bridges_draw(&draw);
    swaps_draw(&draw);
    venue_ways_draw(&draw);
    if (!kind.lossless) {
        caps_draw(&draw);
        issuers_draw(&draw);
        factors_draw(&draw);
    }
    transactions_draw(&draw);
    network->model.horizon_s = 604800;
    network->model.places = network->places;
    network->model.corridors = network->corridors;
    network->model.groups = network->groups;
    network->model.transactions = network->transactions;
    network->model.pieces = network->pieces;
    network->model.terms = network->terms;
    const enum status status = model_check(&network->model);
    CHECK(status == STATUS_OK);
    return network;
}

void bench_network_perturb(struct bench_network *network, uint64_t seed)
{
    struct draw draw = {.network = network, .prng = prng_from(seed)};

    for (uint32_t i = 0; i < network->model.counts.corridors; i++) {
        if (below(&draw, 100) == 0) {
            struct model_corridor *corridor = &network->corridors[i];
            corridor->cost *= 0.5 + part(&draw);
            corridor->max *= 0.5 + 0.5 * part(&draw);
        }
    }
    const enum status status = model_check(&network->model);
    CHECK(status == STATUS_OK);
}

struct bench_network *bench_network_free(struct bench_network *network)
{
    if (network == NULL) {
        return NULL;
    }
    free(network->places);
    free(network->corridors);
    free(network->groups);
    free(network->transactions);
    free(network->pieces);
    free(network->terms);
    free(network);
    return NULL;
}
