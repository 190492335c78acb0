/* SPDX-License-Identifier: Apache-2.0 */
/* How long the tree over 1,048,576 leaves takes to build, how long 10,000 proofs as of an older
 * count take, and how long the bare hashes of both take: CPU seconds, medians of five rounds taken
 * in turns. Prints one line of JSON. Usage: bench_proofs [LEAVES] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/prng.h"
#include "relay/hyperlane/proof.h"

#define LEAVES_DEFAULT (1u << 20)
#define PROOFS         10000u
#define CHECKPOINTS    100u
#define ROUNDS         5u

enum measure { MEASURE_BUILD, MEASURE_BUILD_HASHES, MEASURE_PROOFS, MEASURES };

static double cpu_s(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void build(struct merkle_index *index, const struct hash *leaves, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        CHECK(merkle_index_append(index, &leaves[i]) == STATUS_OK);
    }
}

/* The physical limit: one hash of two nodes per leaf. */
static struct hash hash_pairs(const struct hash *leaves, uint32_t count)
{
    struct hash last = leaves[0];
    for (uint32_t i = 1; i < count; i++) {
        last = keccak256_pair(&leaves[i], &last);
    }
    return last;
}

/* Random leaves as of random older counts, CHECKPOINTS of them: messages share a checkpoint. */
static void prove(struct merkle_index *index, const struct hash *leaves, uint64_t seed, bool check)
{
    const struct merkle_nodes nodes = merkle_index_nodes(index);
    struct prng prng = prng_from(seed);
    struct merkle_edge edge;
    struct hash proof[MERKLE_DEPTH];

    for (uint32_t i = 0; i < PROOFS; i++) {
        if (i % (PROOFS / CHECKPOINTS) == 0) {
            const uint32_t count = 1 + (uint32_t)prng_below(&prng, index->count);
            CHECK(merkle_edge_of(&nodes, count, &edge) == STATUS_OK);
        }
        const uint32_t leaf = (uint32_t)prng_below(&prng, edge.count);
        CHECK(merkle_prove(&nodes, &edge, leaf, proof) == STATUS_OK);
        if (check) {
            const struct hash proved = merkle_branch_root(&leaves[leaf], proof, leaf);
            CHECK(hash_equal(&edge.roots[MERKLE_DEPTH], &proved));
        }
    }
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof(values[0]), compare);
    return values[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    const uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : LEAVES_DEFAULT;
    double seconds[MEASURES][ROUNDS];
    struct prng prng = prng_from(1);
    struct merkle_index index;
    CHECK(count > 0 && count <= (1u << 26));
    struct hash *leaves = malloc(count * sizeof(*leaves));
    void *memory = malloc(merkle_index_footprint(count));
    uint8_t last = 0;

    CHECK(leaves != NULL && memory != NULL);
    for (uint32_t i = 0; i < count; i++) {
        prng_fill(&prng, leaves[i].bytes, sizeof(leaves[i].bytes));
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        double start = cpu_s();
        merkle_index_init(&index, count, memory);
        build(&index, leaves, count);
        seconds[MEASURE_BUILD][round] = cpu_s() - start;
        start = cpu_s();
        last = (uint8_t)(last ^ hash_pairs(leaves, count).bytes[0]);
        seconds[MEASURE_BUILD_HASHES][round] = cpu_s() - start;
        start = cpu_s();
        prove(&index, leaves, round, false);
        seconds[MEASURE_PROOFS][round] = cpu_s() - start;
        prove(&index, leaves, round, true);
    }
    const double build_s = median(seconds[MEASURE_BUILD]);
    const double hashes_s = median(seconds[MEASURE_BUILD_HASHES]);
    const double proofs_s = median(seconds[MEASURE_PROOFS]);
    (void)printf("{\"bench\":\"proofs\",\"leaves\":%u,\"build_cpu_s\":%.3f,\"hashes_alone_cpu_s\":"
                 "%.3f,\"hashing_rate_of_limit\":%.3f,\"bytes_per_leaf\":%.1f,\"historic_proofs\":"
                 "%u,\"proofs_cpu_ms\":%.2f,\"proofs_per_s\":%.0f,\"rounds\":%u,\"check\":%u}\n",
                 count, build_s, hashes_s, hashes_s / build_s,
                 (double)merkle_index_footprint(count) / count, PROOFS, proofs_s * 1e3,
                 PROOFS / proofs_s, ROUNDS, last);
    free(memory);
    free(leaves);
    return 0;
}
