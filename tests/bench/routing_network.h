/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/routing_network.h: networks of the sizes that relay/routing is measured on.
 *
 * Chains hold assets idle; venues on them pay a curve of 16 pieces; bridges carry an asset between
 * chains, swaps change assets on one chain in three pieces, and every venue has a way in and a way
 * out. Groups cap chains, assets, protocols and bridges; risk factors are groups too. Doing nothing
 * keeps every bound, so there always is a plan. Same size, seed and kind: same network. */
#ifndef SLUICE_TESTS_BENCH_ROUTING_NETWORK_H
#define SLUICE_TESTS_BENCH_ROUTING_NETWORK_H

#include "relay/base/prng.h"
#include "relay/routing/model.h"

enum bench_size {
    BENCH_TYPICAL = 0,
    BENCH_MEDIUM,
    BENCH_LARGE,
};

struct bench_kind {
    bool risk;     /* factors cost something */
    bool fixed;    /* each bridge corridor has a cost per transaction */
    bool lossless; /* gains of 1, no groups, no swaps: what a network simplex solves */
};

struct bench_network {
    struct model model; /* has passed model_check */
    struct model_place *places;
    struct model_corridor *corridors;
    struct model_group *groups;
    struct model_transaction *transactions;
    struct model_piece *pieces;
    struct model_term *terms;
    uint32_t bridges; /* the first corridors */
};

/* The caller ends it with bench_network_free. */
struct bench_network *bench_network_new(enum bench_size size, uint64_t seed,
                                        struct bench_kind kind);
/* Changes cost and capacity of one corridor in a hundred. */
void bench_network_perturb(struct bench_network *network, uint64_t seed);
struct bench_network *bench_network_free(struct bench_network *network);

#endif
