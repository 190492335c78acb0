/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/prng.h"
#include "tests/support/unit.h"

/* The stream is part of every seed in tests/sim/seeds.txt: it must never change. First outputs of
 * xoshiro256** whose state is SplitMix64's stream from 0; from a second implementation. */
static void the_stream_never_changes(void **state)
{
    (void)state;
    static const uint64_t expected[3] = {UINT64_C(0x99ec5f36cb75f2b4), UINT64_C(0xbf6e1f784956452a),
                                         UINT64_C(0x1a5f849d4933e6e0)};
    struct prng prng = prng_from(0);

    for (size_t i = 0; i < 3; i++) {
        assert_true(prng_u64(&prng) == expected[i]);
    }
}

static void equal_seeds_are_equal_and_others_are_not(void **state)
{
    (void)state;
    struct prng a = prng_from(42);
    struct prng b = prng_from(42);
    struct prng c = prng_from(43);
    uint32_t equal_count = 0;

    for (int i = 0; i < 100; i++) {
        const uint64_t drawn = prng_u64(&a);
        assert_true(drawn == prng_u64(&b));
        equal_count += drawn == prng_u64(&c);
    }
    assert_int_equal(equal_count, 0);
}

static void bounds_are_kept_and_reached(void **state)
{
    (void)state;
    struct prng prng = prng_from(1);
    uint32_t seen[7] = {0};

    for (int i = 0; i < 7000; i++) {
        const uint64_t drawn = prng_below(&prng, 7);
        assert_true(drawn < 7);
        seen[drawn]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(seen[i], 850, 1150);
    }
    for (int i = 0; i < 1000; i++) {
        assert_in_range(prng_between(&prng, 5, 6), 5, 6);
        assert_int_equal(prng_below(&prng, 1), 0);
        (void)prng_between(&prng, 0, UINT64_MAX); /* any number is right */
    }
}

static void chances(void **state)
{
    (void)state;
    struct prng prng = prng_from(2);
    uint32_t hits = 0;

    for (int i = 0; i < 10000; i++) {
        assert_false(prng_chance(&prng, 0));
        assert_true(prng_chance(&prng, 1));
        hits += prng_chance(&prng, 10);
    }
    assert_in_range(hits, 850, 1150);
}

static void filling_writes_every_byte_and_none_beyond(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 40; count++) {
        uint8_t ever[41] = {0};
        for (uint64_t seed = 0; seed < 8; seed++) {
            uint8_t memory[41] = {0};
            struct prng prng = prng_from(seed);
            prng_fill(&prng, memory, count);
            for (size_t i = 0; i < sizeof(memory); i++) {
                ever[i] |= memory[i];
            }
        }
        for (size_t i = 0; i < sizeof(ever); i++) {
            assert_int_equal(ever[i] != 0, i < count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_never_changes),
        cmocka_unit_test(equal_seeds_are_equal_and_others_are_not),
        cmocka_unit_test(bounds_are_kept_and_reached),
        cmocka_unit_test(chances),
        cmocka_unit_test(filling_writes_every_byte_and_none_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
