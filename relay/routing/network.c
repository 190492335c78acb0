/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/network.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"

#define NETWORK_FORMAT 1u

/* ---- exact decimals ---- */

static bool decimal_is_in_bounds(struct route_decimal decimal)
{
    return decimal.exponent >= -ROUTE_EXPONENT_MAX && decimal.exponent <= ROUTE_EXPONENT_MAX;
}

static struct amount amount_power_of_ten(uint32_t exponent)
{
    const struct amount ten = amount_from_u64(10);
    struct amount power = amount_from_u64(1);

    CHECK(exponent <= 2 * (uint32_t)ROUTE_EXPONENT_MAX);
    for (uint32_t i = 0; i < exponent; i++) {
        const enum status status = amount_multiply(&power, &ten, &power);
        CHECK(status == STATUS_OK); /* 10^72 is below 2^256 */
    }
    return power;
}

enum status route_decimal_of_ceil(const struct amount *amount, struct route_decimal factor,
                                  struct amount *ret_product)
{
    CHECK(decimal_is_in_bounds(factor));
    if (factor.mantissa < 0) {
        return STATUS_OVERFLOW;
    }
    const struct amount mantissa = amount_from_u64((uint64_t)factor.mantissa);
    const struct amount one = amount_from_u64(1);
    if (factor.exponent < 0) {
        const struct amount divisor = amount_power_of_ten((uint32_t)-factor.exponent);
        return amount_scale_ceil(amount, &mantissa, &divisor, ret_product);
    }
    const struct amount power = amount_power_of_ten((uint32_t)factor.exponent);
    struct amount product;
    const enum status status = amount_scale_ceil(amount, &mantissa, &one, &product);
    return status == STATUS_OK ? amount_multiply(&product, &power, ret_product) : status;
}

enum status route_decimal_of_floor(const struct amount *amount, struct route_decimal factor,
                                   struct amount *ret_product)
{
    CHECK(decimal_is_in_bounds(factor));
    if (factor.mantissa < 0 || factor.exponent >= 0) {
        /* A whole factor leaves nothing to round. */
        return route_decimal_of_ceil(amount, factor, ret_product);
    }
    const struct amount mantissa = amount_from_u64((uint64_t)factor.mantissa);
    const struct amount divisor = amount_power_of_ten((uint32_t)-factor.exponent);
    return amount_scale_floor(amount, &mantissa, &divisor, ret_product);
}

/* a <= b, exactly. Signs first, then the wider exponent is brought down to the other's. */
static bool decimal_is_not_above(struct route_decimal a, struct route_decimal b)
{
    if ((a.mantissa < 0) != (b.mantissa < 0)) {
        return a.mantissa < 0;
    }
    if (a.mantissa < 0) {
        const struct route_decimal flipped = {.mantissa = -a.mantissa, .exponent = a.exponent};
        a = (struct route_decimal){.mantissa = -b.mantissa, .exponent = b.exponent};
        b = flipped;
    }
    const int32_t least = a.exponent < b.exponent ? a.exponent : b.exponent;
    const struct amount power_a = amount_power_of_ten((uint32_t)(a.exponent - least));
    const struct amount power_b = amount_power_of_ten((uint32_t)(b.exponent - least));
    struct amount left = amount_from_u64((uint64_t)a.mantissa);
    struct amount right = amount_from_u64((uint64_t)b.mantissa);
    /* 2^63 * 10^72 is above 2^256: what overflows is the larger one. */
    if (amount_multiply(&left, &power_a, &left) != STATUS_OK) {
        return false;
    }
    if (amount_multiply(&right, &power_b, &right) != STATUS_OK) {
        return true;
    }
    return amount_compare(&left, &right) <= 0;
}

/* ---- checks ---- */

static bool span_fits(struct route_span span, uint32_t count)
{
    return span.first <= count && span.count <= count - span.first;
}

static bool curve_is_concave(const struct network *network, struct route_span span)
{
    for (uint32_t i = 0; i < span.count; i++) {
        const struct route_piece *piece = &network->pieces[span.first + i];
        if (i > 0 && !decimal_is_not_above(piece->rate, piece[-1].rate)) {
            return false;
        }
    }
    return true;
}

static bool place_is_valid(const struct network *network, const struct route_place *place)
{
    return place->decimals <= ROUTE_DECIMALS_MAX && decimal_is_in_bounds(place->price) &&
           decimal_is_in_bounds(place->linear) && decimal_is_in_bounds(place->quadratic) &&
           place->quadratic.mantissa >= 0 && place->yield >= ROUTE_YIELD_NONE &&
           place->yield <= ROUTE_YIELD_QUADRATIC &&
           span_fits(place->pieces, network->counts.pieces) &&
           curve_is_concave(network, place->pieces);
}

static bool corridor_is_valid(const struct network *network, const struct route_corridor *corridor)
{
    return corridor->from < network->counts.places && corridor->to < network->counts.places &&
           corridor->from != corridor->to && decimal_is_in_bounds(corridor->cost) &&
           decimal_is_in_bounds(corridor->gain) && corridor->gain.mantissa >= 0 &&
           corridor->output >= ROUTE_OUTPUT_LINEAR && corridor->output <= ROUTE_OUTPUT_PRODUCT &&
           span_fits(corridor->pieces, network->counts.pieces) &&
           curve_is_concave(network, corridor->pieces);
}

static bool terms_are_valid(const struct network *network, struct route_span span, uint32_t count)
{
    if (!span_fits(span, network->counts.terms)) {
        return false;
    }
    for (uint32_t i = 0; i < span.count; i++) {
        const struct route_term *term = &network->terms[span.first + i];
        if (term->index >= count || !decimal_is_in_bounds(term->coefficient)) {
            return false;
        }
    }
    return true;
}

static bool counts_are_valid(const struct network_counts *counts)
{
    return counts->places >= 1 && counts->places <= ROUTE_PLACES_MAX &&
           counts->corridors <= ROUTE_CORRIDORS_MAX && counts->groups <= ROUTE_GROUPS_MAX &&
           counts->transactions <= ROUTE_TRANSACTIONS_MAX && counts->pieces <= ROUTE_PIECES_MAX &&
           counts->terms <= ROUTE_TERMS_MAX;
}

static bool groups_are_valid(const struct network *network)
{
    const struct network_counts *counts = &network->counts;

    for (uint32_t i = 0; i < counts->groups; i++) {
        const struct route_group *group = &network->groups[i];
        if (group->decimals > ROUTE_DECIMALS_MAX || !decimal_is_in_bounds(group->risk) ||
            group->risk.mantissa < 0 || !terms_are_valid(network, group->places, counts->places) ||
            !terms_are_valid(network, group->corridors, counts->corridors)) {
            return false;
        }
    }
    return true;
}

enum status network_check(const struct network *network)
{
    const struct network_counts *counts = &network->counts;

    if (!counts_are_valid(counts)) {
        return STATUS_MALFORMED;
    }
    for (uint32_t i = 0; i < counts->pieces; i++) {
        if (!decimal_is_in_bounds(network->pieces[i].rate)) {
            return STATUS_MALFORMED;
        }
    }
    for (uint32_t i = 0; i < counts->places; i++) {
        if (!place_is_valid(network, &network->places[i])) {
            return STATUS_MALFORMED;
        }
    }
    for (uint32_t i = 0; i < counts->corridors; i++) {
        if (!corridor_is_valid(network, &network->corridors[i])) {
            return STATUS_MALFORMED;
        }
    }
    for (uint32_t i = 0; i < counts->transactions; i++) {
        const struct route_transaction *transaction = &network->transactions[i];
        if (!decimal_is_in_bounds(transaction->cost) || transaction->cost.mantissa < 0 ||
            !terms_are_valid(network, transaction->corridors, counts->corridors)) {
            return STATUS_MALFORMED;
        }
    }
    return groups_are_valid(network) ? STATUS_OK : STATUS_MALFORMED;
}

/* ---- packing ---- */

/* Amounts and decimals are mostly small: without their leading zeros a network is a third. */
static void pack_short_amount(struct packer *packer, const struct amount *amount)
{
    uint8_t bytes[32];
    size_t zeros = 0;

    amount_to_be(amount, bytes);
    while (zeros < sizeof(bytes) && bytes[zeros] == 0) {
        zeros++;
    }
    pack_u8(packer, (uint8_t)(sizeof(bytes) - zeros));
    pack_raw(packer, bytes_from(bytes + zeros, sizeof(bytes) - zeros));
}

static struct amount unpack_short_amount(struct unpacker *unpacker)
{
    const size_t count = unpack_u8(unpacker);
    uint8_t bytes[32] = {0};

    if (count > sizeof(bytes)) {
        unpacker->underrun = true;
        return amount_zero();
    }
    const struct bytes raw = unpack_raw(unpacker, count);
    if (raw.count != count) {
        return amount_zero();
    }
    if (count > 0) {
        memcpy(bytes + sizeof(bytes) - count, raw.data, count);
        if (raw.data[0] == 0) {
            unpacker->underrun = true; /* one form per amount */
        }
    }
    return amount_from_be(bytes);
}

static void pack_decimal(struct packer *packer, struct route_decimal decimal)
{
    pack_u8(packer, (uint8_t)(int8_t)decimal.exponent);
    pack_u64(packer, (uint64_t)decimal.mantissa);
}

static struct route_decimal unpack_decimal(struct unpacker *unpacker)
{
    const uint8_t exponent = unpack_u8(unpacker);
    const uint64_t mantissa = unpack_u64(unpacker);
    const int32_t whole = exponent < 128 ? (int32_t)exponent : (int32_t)exponent - 256;
    const struct route_decimal decimal = {
        .mantissa =
            mantissa <= INT64_MAX ? (int64_t)mantissa : -(int64_t)(UINT64_MAX - mantissa) - 1,
        .exponent = whole,
    };

    if (!decimal_is_in_bounds(decimal) || decimal.mantissa == INT64_MIN) {
        unpacker->underrun = true;
        return (struct route_decimal){0, 0};
    }
    return decimal;
}

static void pack_span(struct packer *packer, struct route_span span)
{
    pack_u32(packer, span.first);
    pack_u32(packer, span.count);
}

static struct route_span unpack_span(struct unpacker *unpacker)
{
    const uint32_t first = unpack_u32(unpacker);

    return (struct route_span){.first = first, .count = unpack_u32(unpacker)};
}

void network_pack_header(struct packer *packer, const struct network_counts *counts,
                         uint64_t horizon_s)
{
    pack_u8(packer, NETWORK_FORMAT);
    pack_u32(packer, counts->places);
    pack_u32(packer, counts->corridors);
    pack_u32(packer, counts->groups);
    pack_u32(packer, counts->transactions);
    pack_u32(packer, counts->pieces);
    pack_u32(packer, counts->terms);
    pack_u64(packer, horizon_s);
}

void network_unpack_header(struct unpacker *unpacker, struct network_counts *ret_counts,
                           uint64_t *ret_horizon_s)
{
    if (unpack_u8(unpacker) != NETWORK_FORMAT) {
        unpacker->underrun = true;
    }
    ret_counts->places = unpack_u32(unpacker);
    ret_counts->corridors = unpack_u32(unpacker);
    ret_counts->groups = unpack_u32(unpacker);
    ret_counts->transactions = unpack_u32(unpacker);
    ret_counts->pieces = unpack_u32(unpacker);
    ret_counts->terms = unpack_u32(unpacker);
    *ret_horizon_s = unpack_u64(unpacker);
    if (!counts_are_valid(ret_counts)) {
        unpacker->underrun = true;
    }
}

void network_pack_place(struct packer *packer, const struct route_place *place)
{
    pack_u32(packer, place->tag);
    pack_u8(packer, (uint8_t)place->decimals);
    pack_decimal(packer, place->price);
    pack_short_amount(packer, &place->balance);
    pack_short_amount(packer, &place->min);
    pack_short_amount(packer, &place->max);
    pack_u8(packer, (uint8_t)place->yield);
    pack_span(packer, place->pieces);
    pack_decimal(packer, place->linear);
    pack_decimal(packer, place->quadratic);
}

struct route_place network_unpack_place(struct unpacker *unpacker)
{
    struct route_place place;

    memset(&place, 0, sizeof(place));
    place.tag = unpack_u32(unpacker);
    place.decimals = unpack_u8(unpacker);
    place.price = unpack_decimal(unpacker);
    place.balance = unpack_short_amount(unpacker);
    place.min = unpack_short_amount(unpacker);
    place.max = unpack_short_amount(unpacker);
    place.yield = (enum route_yield)unpack_u8(unpacker);
    place.pieces = unpack_span(unpacker);
    place.linear = unpack_decimal(unpacker);
    place.quadratic = unpack_decimal(unpacker);
    return place;
}

void network_pack_corridor(struct packer *packer, const struct route_corridor *corridor)
{
    pack_u32(packer, corridor->tag);
    pack_u32(packer, corridor->from);
    pack_u32(packer, corridor->to);
    pack_short_amount(packer, &corridor->max);
    pack_short_amount(packer, &corridor->least);
    pack_decimal(packer, corridor->cost);
    pack_u8(packer, (uint8_t)corridor->output);
    pack_decimal(packer, corridor->gain);
    pack_span(packer, corridor->pieces);
    pack_short_amount(packer, &corridor->reserve_in);
    pack_short_amount(packer, &corridor->reserve_out);
}

struct route_corridor network_unpack_corridor(struct unpacker *unpacker)
{
    struct route_corridor corridor;

    memset(&corridor, 0, sizeof(corridor));
    corridor.tag = unpack_u32(unpacker);
    corridor.from = unpack_u32(unpacker);
    corridor.to = unpack_u32(unpacker);
    corridor.max = unpack_short_amount(unpacker);
    corridor.least = unpack_short_amount(unpacker);
    corridor.cost = unpack_decimal(unpacker);
    corridor.output = (enum route_output)unpack_u8(unpacker);
    corridor.gain = unpack_decimal(unpacker);
    corridor.pieces = unpack_span(unpacker);
    corridor.reserve_in = unpack_short_amount(unpacker);
    corridor.reserve_out = unpack_short_amount(unpacker);
    return corridor;
}

void network_pack_group(struct packer *packer, const struct route_group *group)
{
    pack_u32(packer, group->tag);
    pack_u8(packer, (uint8_t)group->decimals);
    pack_bool(packer, group->min_is_negative);
    pack_short_amount(packer, &group->min);
    pack_short_amount(packer, &group->max);
    pack_decimal(packer, group->risk);
    pack_span(packer, group->places);
    pack_span(packer, group->corridors);
}

struct route_group network_unpack_group(struct unpacker *unpacker)
{
    struct route_group group;

    memset(&group, 0, sizeof(group));
    group.tag = unpack_u32(unpacker);
    group.decimals = unpack_u8(unpacker);
    group.min_is_negative = unpack_bool(unpacker);
    group.min = unpack_short_amount(unpacker);
    group.max = unpack_short_amount(unpacker);
    group.risk = unpack_decimal(unpacker);
    group.places = unpack_span(unpacker);
    group.corridors = unpack_span(unpacker);
    return group;
}

void network_pack_transaction(struct packer *packer, const struct route_transaction *transaction)
{
    pack_u32(packer, transaction->tag);
    pack_decimal(packer, transaction->cost);
    pack_span(packer, transaction->corridors);
}

struct route_transaction network_unpack_transaction(struct unpacker *unpacker)
{
    struct route_transaction transaction;

    memset(&transaction, 0, sizeof(transaction));
    transaction.tag = unpack_u32(unpacker);
    transaction.cost = unpack_decimal(unpacker);
    transaction.corridors = unpack_span(unpacker);
    return transaction;
}

void network_pack_piece(struct packer *packer, const struct route_piece *piece)
{
    pack_short_amount(packer, &piece->width);
    pack_decimal(packer, piece->rate);
}

struct route_piece network_unpack_piece(struct unpacker *unpacker)
{
    const struct amount width = unpack_short_amount(unpacker);

    return (struct route_piece){.width = width, .rate = unpack_decimal(unpacker)};
}

void network_pack_term(struct packer *packer, const struct route_term *term)
{
    pack_u32(packer, term->index);
    pack_decimal(packer, term->coefficient);
}

struct route_term network_unpack_term(struct unpacker *unpacker)
{
    const uint32_t index = unpack_u32(unpacker);

    return (struct route_term){.index = index, .coefficient = unpack_decimal(unpacker)};
}

void network_pack(const struct network *network, struct packer *packer)
{
    const struct network_counts *counts = &network->counts;

    network_pack_header(packer, counts, network->horizon_s);
    for (uint32_t i = 0; i < counts->places; i++) {
        network_pack_place(packer, &network->places[i]);
    }
    for (uint32_t i = 0; i < counts->corridors; i++) {
        network_pack_corridor(packer, &network->corridors[i]);
    }
    for (uint32_t i = 0; i < counts->groups; i++) {
        network_pack_group(packer, &network->groups[i]);
    }
    for (uint32_t i = 0; i < counts->transactions; i++) {
        network_pack_transaction(packer, &network->transactions[i]);
    }
    for (uint32_t i = 0; i < counts->pieces; i++) {
        network_pack_piece(packer, &network->pieces[i]);
    }
    for (uint32_t i = 0; i < counts->terms; i++) {
        network_pack_term(packer, &network->terms[i]);
    }
    pack_u64(packer, network->serial);
}

/* ---- unpacking into memory ---- */

static size_t arrays_footprint(const struct network_counts *counts)
{
    return block_align(counts->places * sizeof(struct route_place)) +
           block_align(counts->corridors * sizeof(struct route_corridor)) +
           block_align(counts->groups * sizeof(struct route_group)) +
           block_align(counts->transactions * sizeof(struct route_transaction)) +
           block_align(counts->pieces * sizeof(struct route_piece)) +
           block_align(counts->terms * sizeof(struct route_term));
}

enum status network_unpack_footprint(struct bytes packed, size_t *ret_footprint)
{
    struct unpacker unpacker = unpacker_from(packed);
    struct network_counts counts;
    uint64_t horizon_s;

    network_unpack_header(&unpacker, &counts, &horizon_s);
    if (unpacker.underrun) {
        return STATUS_MALFORMED;
    }
    *ret_footprint = arrays_footprint(&counts);
    return STATUS_OK;
}

enum status network_unpack(struct bytes packed, void *memory, struct network *ret_network)
{
    struct unpacker unpacker = unpacker_from(packed);
    struct network network;
    uint8_t *rest = memory;

    memset(&network, 0, sizeof(network));
    network_unpack_header(&unpacker, &network.counts, &network.horizon_s);
    if (unpacker.underrun) {
        return STATUS_MALFORMED;
    }
    struct route_place *places = block_take(&rest, network.counts.places * sizeof(*places));
    struct route_corridor *corridors =
        block_take(&rest, network.counts.corridors * sizeof(*corridors));
    struct route_group *groups = block_take(&rest, network.counts.groups * sizeof(*groups));
    struct route_transaction *transactions =
        block_take(&rest, network.counts.transactions * sizeof(*transactions));
    struct route_piece *pieces = block_take(&rest, network.counts.pieces * sizeof(*pieces));
    struct route_term *terms = block_take(&rest, network.counts.terms * sizeof(*terms));
    for (uint32_t i = 0; i < network.counts.places; i++) {
        places[i] = network_unpack_place(&unpacker);
    }
    for (uint32_t i = 0; i < network.counts.corridors; i++) {
        corridors[i] = network_unpack_corridor(&unpacker);
    }
    for (uint32_t i = 0; i < network.counts.groups; i++) {
        groups[i] = network_unpack_group(&unpacker);
    }
    for (uint32_t i = 0; i < network.counts.transactions; i++) {
        transactions[i] = network_unpack_transaction(&unpacker);
    }
    for (uint32_t i = 0; i < network.counts.pieces; i++) {
        pieces[i] = network_unpack_piece(&unpacker);
    }
    for (uint32_t i = 0; i < network.counts.terms; i++) {
        terms[i] = network_unpack_term(&unpacker);
    }
    network.serial = unpack_u64(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_MALFORMED;
    }
    network.places = places;
    network.corridors = corridors;
    network.groups = groups;
    network.transactions = transactions;
    network.pieces = pieces;
    network.terms = terms;
    const enum status status = network_check(&network);
    if (status == STATUS_OK) {
        *ret_network = network;
    }
    return status;
}
