/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/prng.h: numbers that look random and follow from a seed (xoshiro256**).
 *
 * For the simulator, tests and benchmarks alone: the same seed gives the same numbers on every
 * machine. Never for keys, and nothing in the node draws from it. Threads: none. */
#ifndef SLUICE_RELAY_BASE_PRNG_H
#define SLUICE_RELAY_BASE_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prng {
    uint64_t state[4];
};

struct prng prng_from(uint64_t seed);
uint64_t prng_u64(struct prng *prng);
/* From 0 to `bound` - 1, evenly; `bound` is above 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);
/* From `least` to `most`, both included. */
uint64_t prng_between(struct prng *prng, uint64_t least, uint64_t most);
/* True once in `one_in` draws on average; never when `one_in` is 0. */
bool prng_chance(struct prng *prng, uint64_t one_in);
void prng_fill(struct prng *prng, void *ret_memory, size_t count);

#endif
