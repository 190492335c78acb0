/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/random_network.h"

#include <string.h>

#include "relay/base/check.h"

struct draw {
    struct random_network *network;
    const struct random_shape *shape;
    struct prng prng;
    double units[RANDOM_PLACES_MAX];
};

double random_part(struct prng *prng)
{
    return (double)(prng_u64(prng) >> 11) / 9007199254740992.0;
}

/* From 0 up to 1; few different numbers where the shape is coarse, mostly 0 where it is empty. */
static double part(struct draw *draw)
{
    const double drawn = random_part(&draw->prng);

    return draw->shape->coarse ? (double)(uint32_t)(drawn * 4) / 4 : drawn;
}

/* An amount, as a part of the scale. */
static double amount(struct draw *draw)
{
    const double drawn = part(draw);

    return draw->shape->empty && !prng_chance(&draw->prng, 4) ? 0 : drawn * draw->shape->scale;
}

static uint32_t below(struct draw *draw, uint32_t limit)
{
    return (uint32_t)prng_below(&draw->prng, limit);
}

static struct route_span pieces_draw(struct draw *draw, double width, double rate, double fall)
{
    struct random_network *network = draw->network;
    const uint32_t count = 1 + below(draw, 4);
    const struct route_span span = {.first = network->model.counts.pieces, .count = count};

    CHECK(span.first + count <= RANDOM_PIECES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        network->pieces[network->model.counts.pieces] =
            (struct model_piece){.width = width * (0.2 + part(draw)), .rate = rate};
        network->model.counts.pieces++;
        rate *= 1 - fall * part(draw);
    }
    return span;
}

static void place_draw(struct draw *draw)
{
    struct random_network *network = draw->network;
    const struct random_shape *shape = draw->shape;
    struct model_place *place = &network->places[network->model.counts.places];

    network->model.counts.places++;
    *place = (struct model_place){.decimals = 6, .price = 1};
    place->balance = below(draw, 3) == 0 ? 0 : amount(draw);
    if (network->model.counts.places == 1 && place->balance == 0 && !shape->empty) {
        place->balance = shape->scale * 0.1; /* without any money there is nothing to measure by */
    }
    place->min = below(draw, 4) == 0 ? 0.1 * amount(draw) : 0;
    place->max = place->min + (below(draw, 3) == 0 ? amount(draw) : shape->scale * 100);
    if (!shape->forced) {
        place->min = place->min < place->balance ? place->min : place->balance;
        place->max = place->max > place->balance ? place->max : place->balance;
    }
    if (below(draw, 2) == 0) {
        place->yield = ROUTE_YIELD_PIECES;
        place->pieces = pieces_draw(draw, shape->scale / 3, 0.02 * part(draw), 0.7);
    } else if (shape->curved) {
        place->yield = ROUTE_YIELD_QUADRATIC;
        place->linear = 0.02 * part(draw);
        place->quadratic = 0.01 * part(draw) / shape->scale;
    }
}

/* A place to start from and one to end at, in the same half where there are two. */
static void ends_draw(struct draw *draw, struct model_corridor *corridor)
{
    const uint32_t places = draw->network->model.counts.places;
    const bool parted = draw->shape->parted && places >= 4;
    const uint32_t half = parted ? places / 2 : places;
    const uint32_t first = parted && below(draw, 2) == 1 ? places - half : 0;

    CHECK(half > 1);
    corridor->from = first + below(draw, half);
    corridor->to = first + (corridor->from - first + 1 + below(draw, half - 1)) % half;
}

static void transaction_draw(struct draw *draw, uint32_t corridor)
{
    struct random_network *network = draw->network;
    uint32_t *count = &network->model.counts.transactions;
    struct model_transaction *last = *count > 0 ? &network->transactions[*count - 1] : NULL;
    const uint32_t term = network->model.counts.terms;

    network->terms[term] = (struct model_term){corridor, 1};
    network->model.counts.terms++;
    if (draw->shape->joined && last != NULL && below(draw, 2) == 0) {
        last->corridors.count++;
    } else {
        network->transactions[*count] = (struct model_transaction){
            .cost = 0.002 * draw->shape->scale * part(draw), .corridors = {term, 1}};
        (*count)++;
    }
    network->corridors[corridor].transaction = *count - 1;
}

static void corridor_draw(struct draw *draw)
{
    struct random_network *network = draw->network;
    const struct random_shape *shape = draw->shape;
    const uint32_t index = network->model.counts.corridors;
    struct model_corridor *corridor = &network->corridors[index];

    network->model.counts.corridors++;
    *corridor = (struct model_corridor){.transaction = MODEL_NONE};
    ends_draw(draw, corridor);
    corridor->max = below(draw, 10) == 0 ? 0 : 2 * amount(draw);
    corridor->cost = 0.001 * part(draw);
    corridor->output = ROUTE_OUTPUT_LINEAR;
    corridor->gain = 1 - 0.002 * part(draw);
    if (below(draw, 3) == 0) {
        corridor->output = ROUTE_OUTPUT_PIECES;
        corridor->pieces = pieces_draw(draw, corridor->max + shape->scale, 1, 0.01);
        network->pieces[network->model.counts.pieces - 1].width += corridor->max;
    } else if (shape->curved && below(draw, 2) == 0) {
        corridor->output = ROUTE_OUTPUT_PRODUCT;
        corridor->gain = 0.997;
        corridor->reserve_in = shape->scale * (1 + 50 * part(draw));
        corridor->reserve_out = corridor->reserve_in * (0.99 + 0.03 * part(draw));
    }
    if (shape->fixed && below(draw, 2) == 0) {
        transaction_draw(draw, index);
    }
}

static void group_draw(struct draw *draw)
{
    struct random_network *network = draw->network;
    const struct random_shape *shape = draw->shape;
    struct model_group *group = &network->groups[network->model.counts.groups];
    uint32_t *terms = &network->model.counts.terms;
    double now = 0;

    network->model.counts.groups++;
    *group = (struct model_group){.places = {.first = *terms}};
    for (uint32_t i = 0; i < network->model.counts.places; i++) {
        if (below(draw, 3) == 0) {
            network->terms[*terms] = (struct model_term){i, 0.5 + part(draw)};
            now += network->terms[*terms].coefficient * network->places[i].balance;
            (*terms)++;
            group->places.count++;
        }
    }
    group->corridors.first = *terms;
    for (uint32_t i = 0; i < network->model.counts.corridors; i++) {
        if (below(draw, 8) == 0) {
            network->terms[*terms] = (struct model_term){i, 1};
            (*terms)++;
            group->corridors.count++;
        }
    }
    CHECK(*terms <= RANDOM_TERMS_MAX);
    group->max = now * ((shape->forced ? 0.8 : 1) + part(draw)) + amount(draw);
    group->min = below(draw, 3) == 0 ? now * part(draw) : 0;
    if (shape->forced && below(draw, 10) == 0) {
        group->min = group->max * part(draw);
    }
    group->min = group->min < group->max ? group->min : group->max;
    if (shape->curved && below(draw, 2) == 0) {
        group->risk = 0.01 * part(draw) / shape->scale;
    }
}

/* ---- units of each place's own ---- */

static void pieces_convert(struct random_network *network, struct route_span span, double widths,
                           double rates)
{
    for (uint32_t i = span.first; i < span.first + span.count; i++) {
        network->pieces[i].width *= widths;
        network->pieces[i].rate *= rates;
    }
}

static void places_convert(struct draw *draw)
{
    for (uint32_t i = 0; i < draw->network->model.counts.places; i++) {
        struct model_place *place = &draw->network->places[i];
        double unit = 1e-9;
        for (uint32_t n = below(draw, 25); n > 0; n--) {
            unit *= 10;
        }
        draw->units[i] = unit;
        place->price /= unit;
        place->balance *= unit;
        place->min *= unit;
        place->max *= unit;
        place->linear /= unit;
        place->quadratic /= unit * unit;
        pieces_convert(draw->network, place->pieces, unit, 1 / unit);
    }
}

static void corridors_convert(struct draw *draw)
{
    for (uint32_t i = 0; i < draw->network->model.counts.corridors; i++) {
        struct model_corridor *corridor = &draw->network->corridors[i];
        const double tail = draw->units[corridor->from];
        const double head = draw->units[corridor->to];
        corridor->max *= tail;
        corridor->cost /= tail;
        corridor->reserve_in *= tail;
        corridor->reserve_out *= head;
        corridor->gain *= corridor->output == ROUTE_OUTPUT_LINEAR ? head / tail : 1;
        pieces_convert(draw->network, corridor->pieces, tail, head / tail);
        if (corridor->pieces.count > 0) {
            /* Rounding must not make the pieces shorter than the corridor. */
            struct model_piece *pieces = &draw->network->pieces[corridor->pieces.first];
            pieces[corridor->pieces.count - 1].width += 0.01 * corridor->max;
        }
    }
}

static void terms_convert(struct draw *draw)
{
    struct random_network *network = draw->network;

    for (uint32_t g = 0; g < network->model.counts.groups; g++) {
        const struct model_group *group = &network->groups[g];
        for (uint32_t i = 0; i < group->places.count; i++) {
            struct model_term *term = &network->terms[group->places.first + i];
            term->coefficient /= draw->units[term->index];
        }
        for (uint32_t i = 0; i < group->corridors.count; i++) {
            struct model_term *term = &network->terms[group->corridors.first + i];
            term->coefficient /= draw->units[network->corridors[term->index].from];
        }
    }
}

/* ---- the whole ---- */

static void model_own(struct random_network *network)
{
    network->model.places = network->places;
    network->model.corridors = network->corridors;
    network->model.groups = network->groups;
    network->model.transactions = network->transactions;
    network->model.pieces = network->pieces;
    network->model.terms = network->terms;
}

void random_network_copy(const struct random_network *network, struct random_network *ret_copy)
{
    memcpy(ret_copy, network, sizeof(*network));
    model_own(ret_copy);
}

void random_network_draw(struct random_network *network, const struct random_shape *shape,
                         uint64_t seed)
{
    struct draw draw = {.network = network, .shape = shape, .prng = prng_from(seed)};

    CHECK(shape->places_max >= 3 && shape->places_max <= RANDOM_PLACES_MAX);
    CHECK(shape->corridors_max > 0 && shape->corridors_max <= RANDOM_CORRIDORS_MAX);
    memset(network, 0, sizeof(*network));
    model_own(network);
    const uint32_t places = 2 + below(&draw, shape->places_max - 2);
    const uint32_t corridors = below(&draw, shape->corridors_max);
    const uint32_t groups = below(&draw, shape->places_max > 12 ? RANDOM_GROUPS_MAX : 6);
    for (uint32_t i = 0; i < places; i++) {
        place_draw(&draw);
    }
    for (uint32_t i = 0; i < corridors; i++) {
        corridor_draw(&draw);
    }
    for (uint32_t i = 0; i < groups; i++) {
        group_draw(&draw);
    }
    if (shape->units) {
        places_convert(&draw);
        corridors_convert(&draw);
        terms_convert(&draw);
    }
    const enum status status = model_check(&network->model);
    CHECK(status == STATUS_OK);
}
