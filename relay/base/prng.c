/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/prng.h"

#include "relay/base/check.h"

/* SplitMix64: spreads a seed of few bits over the whole state. */
static uint64_t seed_next(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *seed;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

struct prng prng_from(uint64_t seed)
{
    struct prng prng;

    for (size_t i = 0; i < 4; i++) {
        prng.state[i] = seed_next(&seed);
    }
    return prng;
}

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

uint64_t prng_u64(struct prng *prng)
{
    uint64_t *state = prng->state;
    const uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    const uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    CHECK(bound > 0);
    /* Numbers below 2^64 mod bound would make the first results likelier; they are drawn again. */
    const uint64_t uneven = (UINT64_MAX - bound + 1) % bound;
    uint64_t drawn = prng_u64(prng);
    while (drawn < uneven) {
        drawn = prng_u64(prng);
    }
    return drawn % bound;
}

uint64_t prng_between(struct prng *prng, uint64_t least, uint64_t most)
{
    CHECK(least <= most);
    if (most - least == UINT64_MAX) {
        return prng_u64(prng);
    }
    return least + prng_below(prng, most - least + 1);
}

bool prng_chance(struct prng *prng, uint64_t one_in)
{
    return one_in != 0 && prng_below(prng, one_in) == 0;
}

void prng_fill(struct prng *prng, void *ret_memory, size_t count)
{
    uint8_t *bytes = ret_memory;

    for (size_t i = 0; i < count; i += 8) {
        const uint64_t drawn = prng_u64(prng);
        for (size_t j = i; j < count && j < i + 8; j++) {
            bytes[j] = (uint8_t)(drawn >> (8 * (j - i)));
        }
    }
}
