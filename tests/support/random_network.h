/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/random_network.h: small random networks that the routing core is tested on.
 *
 * Same shape and seed: same network. Networks that differ in `scale` or in `units` alone are the
 * same network in other units: what one is worth follows from the other. */
#ifndef SLUICE_TESTS_SUPPORT_RANDOM_NETWORK_H
#define SLUICE_TESTS_SUPPORT_RANDOM_NETWORK_H

#include "relay/base/prng.h"
#include "relay/routing/model.h"

#define RANDOM_PLACES_MAX    40u
#define RANDOM_CORRIDORS_MAX 160u
#define RANDOM_GROUPS_MAX    12u
#define RANDOM_PIECES_MAX    1024u
#define RANDOM_TERMS_MAX     4096u

struct random_shape {
    double scale;        /* of amounts */
    uint32_t places_max; /* at least 3 */
    uint32_t corridors_max;
    bool curved; /* risk, constant products, quadratic yields */
    bool fixed;  /* costs per transaction */
    bool joined; /* transactions of several corridors */
    bool forced; /* doing nothing may break a bound, so that there may be no plan */
    bool coarse; /* amounts, costs and rates from a handful of numbers: many ties */
    bool parted; /* two halves with nothing between them */
    bool empty;  /* most amounts are 0 */
    bool units;  /* each place counts in a unit of its own, from 1e-9 to 1e15 */
};

struct random_network {
    struct model model; /* has passed model_check */
    struct model_place places[RANDOM_PLACES_MAX];
    struct model_corridor corridors[RANDOM_CORRIDORS_MAX];
    struct model_group groups[RANDOM_GROUPS_MAX];
    struct model_transaction transactions[RANDOM_CORRIDORS_MAX];
    struct model_piece pieces[RANDOM_PIECES_MAX];
    struct model_term terms[RANDOM_TERMS_MAX];
};

void random_network_draw(struct random_network *network, const struct random_shape *shape,
                         uint64_t seed);
/* A copy whose model is of its own arrays. */
void random_network_copy(const struct random_network *network, struct random_network *ret_copy);
/* From 0 up to 1, evenly. */
double random_part(struct prng *prng);

#endif
