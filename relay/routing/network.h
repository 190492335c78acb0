/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/network.h: the question that the routing core answers.
 *
 * Where capital is (places), how it can go from one place to another (corridors), what the owner
 * allows of several at once (groups), and what is paid once when any of some corridors is used
 * (transactions). The plan maximises
 *
 *     sum over places    price z + yield(z)          z: what is there at the end
 *   - sum over corridors cost x                      x: what enters
 *   - sum over groups    risk / 2 * s^2              s: sum of coefficients times z and x
 *   - sum over transactions with a corridor in use   cost
 *
 * subject to  z + what leaves = balance + what arrives,  min <= z <= max,
 * 0 <= x <= max,  min <= s <= max.
 *
 * Amounts are exact, in base units of the place (a corridor's max: of its tail). Prices, costs and
 * rates are decimal numbers, per whole unit (10^decimals base units), in one numeraire.
 *
 * The packed form is what COMMAND_PLAN carries and what a plan's id is the digest of: equal
 * networks have equal bytes. Threads: none; pure. Memory: arrays are borrowed from the caller. */
#ifndef SLUICE_RELAY_ROUTING_NETWORK_H
#define SLUICE_RELAY_ROUTING_NETWORK_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/pack.h"

#define ROUTE_PLACES_MAX       16384u
#define ROUTE_CORRIDORS_MAX    65536u
#define ROUTE_GROUPS_MAX       16384u
#define ROUTE_TRANSACTIONS_MAX 65536u
#define ROUTE_PIECES_MAX       131072u
#define ROUTE_TERMS_MAX        524288u
#define ROUTE_DECIMALS_MAX     36u
#define ROUTE_EXPONENT_MAX     36 /* and its negative */

/* mantissa * 10^exponent, so that decimal text is kept exactly. */
struct route_decimal {
    int64_t mantissa;
    int32_t exponent;
};

/* One piece of a concave curve: `rate` per unit over the next `width` base units. Rates of one
 * curve do not increase. */
struct route_piece {
    struct amount width;
    struct route_decimal rate;
};

/* Entries of one of the network's arrays. */
struct route_span {
    uint32_t first;
    uint32_t count;
};

/* stored: never renumber */
enum route_yield {
    ROUTE_YIELD_NONE = 0,
    ROUTE_YIELD_PIECES = 1,    /* marginal values; 0 above the last piece */
    ROUTE_YIELD_QUADRATIC = 2, /* linear z - quadratic/2 z^2 */
};

struct route_place {
    uint32_t tag; /* the caller's name for it; unique */
    uint32_t decimals;
    struct route_decimal price;
    struct amount balance; /* present, and arrivals that are committed */
    struct amount min;
    struct amount max;
    enum route_yield yield;
    struct route_span pieces;
    struct route_decimal linear;
    struct route_decimal quadratic;
};

/* stored: never renumber */
enum route_output {
    ROUTE_OUTPUT_LINEAR = 1,  /* gain x */
    ROUTE_OUTPUT_PIECES = 2,  /* gains by piece; widths sum to at least max */
    ROUTE_OUTPUT_PRODUCT = 3, /* reserve_out gain x / (reserve_in + gain x) */
};

struct route_corridor {
    uint32_t tag;
    uint32_t from; /* index into places */
    uint32_t to;
    struct amount max;
    /* A smaller flow than this is not worth having: 0 or at least this, where the planner can. The
     * certificate's bound, which looks at the corridor from 0 on, bounds that too. */
    struct amount least;
    struct route_decimal cost;
    enum route_output output;
    struct route_decimal gain;
    struct route_span pieces;
    struct amount reserve_in;
    struct amount reserve_out;
};

struct route_term {
    uint32_t index; /* of the place or the corridor */
    struct route_decimal coefficient;
};

/* Exposure in units of 10^-decimals. */
struct route_group {
    uint32_t tag;
    uint32_t decimals;
    bool min_is_negative;
    struct amount min; /* its absolute value */
    struct amount max;
    struct route_decimal risk;
    struct route_span places;    /* of terms */
    struct route_span corridors; /* of terms */
};

struct route_transaction {
    uint32_t tag;
    struct route_decimal cost;
    struct route_span corridors; /* of terms; coefficients are not used */
};

struct network_counts {
    uint32_t places;
    uint32_t corridors;
    uint32_t groups;
    uint32_t transactions;
    uint32_t pieces;
    uint32_t terms;
};

struct network {
    struct network_counts counts;
    uint64_t horizon_s;
    uint64_t serial; /* tells questions apart that are equal otherwise; packed last */
    const struct route_place *places;
    const struct route_corridor *corridors;
    const struct route_group *groups;
    const struct route_transaction *transactions;
    const struct route_piece *pieces;
    const struct route_term *terms;
};

/* STATUS_MALFORMED: a count, an index, a span, a decimal or a curve is out of its bounds.
 * Infeasible bounds are the solver's to report, not malformed. */
MUST_USE enum status network_check(const struct network *network);

/* Appends the packed form; overrun shows in the packer. The network has passed network_check. */
void network_pack(const struct network *network, struct packer *packer);

/* The same, piece by piece, for a caller that has no memory for whole arrays: the header first,
 * then every element in this order, as many as the header says, then the serial (u64). */
void network_pack_header(struct packer *packer, const struct network_counts *counts,
                         uint64_t horizon_s);
void network_pack_place(struct packer *packer, const struct route_place *place);
void network_pack_corridor(struct packer *packer, const struct route_corridor *corridor);
void network_pack_group(struct packer *packer, const struct route_group *group);
void network_pack_transaction(struct packer *packer, const struct route_transaction *transaction);
void network_pack_piece(struct packer *packer, const struct route_piece *piece);
void network_pack_term(struct packer *packer, const struct route_term *term);

/* Bytes of memory that network_unpack needs. STATUS_MALFORMED: not a packed network, or counts
 * above the bounds. */
MUST_USE enum status network_unpack_footprint(struct bytes packed, size_t *ret_footprint);
/* Builds the arrays in `memory` (max-aligned, as large as the footprint said) and checks them.
 * STATUS_MALFORMED: nothing can be said about `memory` then. */
MUST_USE enum status network_unpack(struct bytes packed, void *memory, struct network *ret_network);

/* The same, element by element, for a caller without memory; the reads do not check indexes. The
 * serial (u64) ends it. */
void network_unpack_header(struct unpacker *unpacker, struct network_counts *ret_counts,
                           uint64_t *ret_horizon_s);
struct route_place network_unpack_place(struct unpacker *unpacker);
struct route_corridor network_unpack_corridor(struct unpacker *unpacker);
struct route_group network_unpack_group(struct unpacker *unpacker);
struct route_transaction network_unpack_transaction(struct unpacker *unpacker);
struct route_piece network_unpack_piece(struct unpacker *unpacker);
struct route_term network_unpack_term(struct unpacker *unpacker);

/* ceil(amount * decimal), in the same base units. STATUS_OVERFLOW: out of range or negative. */
MUST_USE enum status route_decimal_of_ceil(const struct amount *amount, struct route_decimal factor,
                                           struct amount *ret_product);
/* floor(amount * decimal). STATUS_OVERFLOW as above. */
MUST_USE enum status route_decimal_of_floor(const struct amount *amount,
                                            struct route_decimal factor,
                                            struct amount *ret_product);

#endif
