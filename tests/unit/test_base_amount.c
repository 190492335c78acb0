/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts against GMP, which shares no code with them. */
#include <gmp.h>
#include <math.h>
#include <stdio.h>

#include "relay/base/prng.h"
#include "tests/support/unit.h"

#define ROUNDS 20000

static void to_mpz(const struct amount *amount, mpz_t ret)
{
    uint8_t bytes[32];

    amount_to_be(amount, bytes);
    mpz_import(ret, sizeof(bytes), 1, 1, 1, 0, bytes);
}

static bool fits(const mpz_t value)
{
    return mpz_sgn(value) >= 0 && mpz_sizeinbase(value, 2) <= 256;
}

static void assert_mpz(const mpz_t expected, const struct amount *actual)
{
    mpz_t value;

    mpz_init(value);
    to_mpz(actual, value);
    assert_int_equal(mpz_cmp(expected, value), 0);
    mpz_clear(value);
}

/* Any width is likely, and so are limbs of all ones and all zeros, where carries and the
 * corrections of a long division happen. */
static struct amount draw(struct prng *prng)
{
    uint8_t bytes[32];
    const size_t zeros = prng_below(prng, 33);

    for (size_t i = 0; i < sizeof(bytes); i += 8) {
        const uint64_t kind = prng_below(prng, 4);
        if (kind == 0) {
            memset(bytes + i, 0xff, 8);
        } else if (kind == 1) {
            memset(bytes + i, 0, 8);
        } else {
            prng_fill(prng, bytes + i, 8);
        }
    }
    memset(bytes, 0, zeros);
    return amount_from_be(bytes);
}

typedef enum status (*binary)(const struct amount *, const struct amount *, struct amount *);
typedef void (*oracle)(mpz_t, const mpz_t, const mpz_t);

static void compare_binary(binary operation, oracle expected_operation, uint64_t seed)
{
    struct prng prng = prng_from(seed);
    mpz_t x, y, expected;

    mpz_inits(x, y, expected, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        const struct amount a = draw(&prng);
        const struct amount b = draw(&prng);
        const struct amount before = draw(&prng);
        struct amount result = before;
        const enum status status = operation(&a, &b, &result);
        to_mpz(&a, x);
        to_mpz(&b, y);
        expected_operation(expected, x, y);
        assert_status(fits(expected) ? STATUS_OK : STATUS_OVERFLOW, status);
        if (status == STATUS_OK) {
            assert_mpz(expected, &result);
        } else {
            assert_true(amount_equal(&result, &before));
        }
        /* The result may be an input. */
        struct amount in_place = a;
        assert_status(status, operation(&in_place, &b, &in_place));
        assert_true(amount_equal(&in_place, status == STATUS_OK ? &result : &a));
    }
    mpz_clears(x, y, expected, NULL);
}

static void oracle_add(mpz_t ret, const mpz_t a, const mpz_t b)
{
    mpz_add(ret, a, b);
}

static void oracle_subtract(mpz_t ret, const mpz_t a, const mpz_t b)
{
    mpz_sub(ret, a, b);
}

static void oracle_multiply(mpz_t ret, const mpz_t a, const mpz_t b)
{
    mpz_mul(ret, a, b);
}

/* A division by zero is an overflow: -1 stands for it. */
static void oracle_floor(mpz_t ret, const mpz_t a, const mpz_t b)
{
    if (mpz_sgn(b) == 0) {
        mpz_set_si(ret, -1);
    } else {
        mpz_fdiv_q(ret, a, b);
    }
}

static void oracle_ceil(mpz_t ret, const mpz_t a, const mpz_t b)
{
    if (mpz_sgn(b) == 0) {
        mpz_set_si(ret, -1);
    } else {
        mpz_cdiv_q(ret, a, b);
    }
}

static void sums_are_exact(void **state)
{
    (void)state;
    compare_binary(amount_add, oracle_add, 1);
}

static void differences_are_exact(void **state)
{
    (void)state;
    compare_binary(amount_subtract, oracle_subtract, 2);
}

static void products_are_exact(void **state)
{
    (void)state;
    compare_binary(amount_multiply, oracle_multiply, 3);
}

static void quotients_round_as_their_names_say(void **state)
{
    (void)state;
    compare_binary(amount_div_floor, oracle_floor, 4);
    compare_binary(amount_div_ceil, oracle_ceil, 5);
}

static void check_scale(const struct amount *a, const struct amount *multiplier,
                        const struct amount *divisor)
{
    mpz_t x, y, z, expected;
    struct amount result;

    mpz_inits(x, y, z, expected, NULL);
    to_mpz(a, x);
    to_mpz(multiplier, y);
    to_mpz(divisor, z);
    mpz_mul(x, x, y);
    oracle_floor(expected, x, z);
    const enum status floor_status = amount_scale_floor(a, multiplier, divisor, &result);
    assert_status(fits(expected) ? STATUS_OK : STATUS_OVERFLOW, floor_status);
    if (floor_status == STATUS_OK) {
        assert_mpz(expected, &result);
    }
    oracle_ceil(expected, x, z);
    const enum status ceil_status = amount_scale_ceil(a, multiplier, divisor, &result);
    assert_status(fits(expected) ? STATUS_OK : STATUS_OVERFLOW, ceil_status);
    if (ceil_status == STATUS_OK) {
        assert_mpz(expected, &result);
    }
    mpz_clears(x, y, z, expected, NULL);
}

static void scaling_is_exact(void **state)
{
    (void)state;
    struct prng prng = prng_from(6);

    for (int i = 0; i < ROUNDS; i++) {
        const struct amount a = draw(&prng);
        const struct amount multiplier = draw(&prng);
        const struct amount divisor = draw(&prng);
        check_scale(&a, &multiplier, &divisor);
    }
    /* The quotient just fits, and just does not when rounded up. */
    const struct amount max = amount_max();
    check_scale(&max, &max, &max);
    const struct amount one = amount_from_u64(1);
    struct amount below;
    assert_status(STATUS_OK, amount_subtract(&max, &one, &below));
    check_scale(&max, &max, &below);
    check_scale(&below, &max, &max);
}

/* A power of two sets one bit, so every limb of a product is seen alone. */
static void powers_of_two_are_exhausted(void **state)
{
    (void)state;
    struct amount powers[256];

    powers[0] = amount_from_u64(1);
    for (size_t i = 1; i < 256; i++) {
        assert_status(STATUS_OK, amount_add(&powers[i - 1], &powers[i - 1], &powers[i]));
    }
    for (size_t i = 0; i < 256; i++) {
        for (size_t j = 0; j < 256; j++) {
            struct amount result;
            const enum status status = amount_multiply(&powers[i], &powers[j], &result);
            assert_status(i + j < 256 ? STATUS_OK : STATUS_OVERFLOW, status);
            assert_true(status != STATUS_OK || amount_equal(&result, &powers[i + j]));
            const struct amount *divisor = &powers[(i + 3 * j) % 256];
            check_scale(&powers[i], &powers[j], divisor);
        }
    }
}

/* Small widths, all of them: the sums, quotients and roundings of every pair. */
static void small_amounts_are_exhausted(void **state)
{
    (void)state;
    for (uint64_t a = 0; a < 64; a++) {
        for (uint64_t b = 0; b < 64; b++) {
            const struct amount x = amount_from_u64(a);
            const struct amount y = amount_from_u64(b);
            struct amount result;
            uint64_t value = 0;
            assert_int_equal(amount_compare(&x, &y), (a > b) - (a < b));
            assert_status(a < b ? STATUS_OVERFLOW : STATUS_OK, amount_subtract(&x, &y, &result));
            if (b != 0) {
                assert_status(STATUS_OK, amount_div_ceil(&x, &y, &result));
                assert_status(STATUS_OK, amount_to_u64(&result, &value));
                assert_int_equal(value, (a + b - 1) / b);
            }
            result = amount_smaller(&x, &y);
            assert_status(STATUS_OK, amount_to_u64(&result, &value));
            assert_int_equal(value, a < b ? a : b);
        }
    }
}

static void comparison_sees_every_limb(void **state)
{
    (void)state;
    struct prng prng = prng_from(7);
    mpz_t x, y;

    mpz_inits(x, y, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        const struct amount a = draw(&prng);
        const struct amount b = prng_chance(&prng, 4) ? a : draw(&prng);
        to_mpz(&a, x);
        to_mpz(&b, y);
        const int order = mpz_cmp(x, y);
        assert_int_equal(amount_compare(&a, &b), (order > 0) - (order < 0));
        assert_int_equal(amount_equal(&a, &b), order == 0);
        assert_int_equal(amount_is_zero(&a), mpz_sgn(x) == 0);
    }
    mpz_clears(x, y, NULL);
}

static void sixty_four_bits_or_an_overflow(void **state)
{
    (void)state;
    uint64_t value = 5;
    const struct amount largest = amount_from_u64(UINT64_MAX);
    const struct amount above = amount_of("18446744073709551616");

    assert_status(STATUS_OK, amount_to_u64(&largest, &value));
    assert_true(value == UINT64_MAX);
    value = 5;
    assert_status(STATUS_OVERFLOW, amount_to_u64(&above, &value));
    assert_int_equal(value, 5);
}

static void decimals_are_gmps(void **state)
{
    (void)state;
    struct prng prng = prng_from(8);
    mpz_t x;

    mpz_init(x);
    for (int i = 0; i < ROUNDS; i++) {
        const struct amount a = draw(&prng);
        char text[AMOUNT_DECIMAL_BYTES_MAX];
        char expected[AMOUNT_DECIMAL_BYTES_MAX + 2];
        struct amount again;
        to_mpz(&a, x);
        mpz_get_str(expected, 10, x);
        assert_int_equal(amount_format_decimal(&a, text), strlen(expected));
        assert_string_equal(text, expected);
        assert_status(STATUS_OK, amount_parse_decimal(bytes_from_string(text), &again));
        assert_true(amount_equal(&a, &again));
    }
    mpz_clear(x);
}

static void decimals_out_of_range_or_with_other_signs_are_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {"", " 1", "1 ", "-1", "+1", "1e3", "0x1", "1.0", "a"};
    static const char *const above[] = {
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        "999999999999999999999999999999999999999999999999999999999999999999999999999999999"};
    struct amount amount = amount_from_u64(5);
    const struct amount kept = amount;

    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        assert_status(STATUS_MALFORMED,
                      amount_parse_decimal(bytes_from_string(malformed[i]), &amount));
    }
    for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
        assert_status(STATUS_OVERFLOW, amount_parse_decimal(bytes_from_string(above[i]), &amount));
    }
    assert_true(amount_equal(&amount, &kept));
    const struct amount max = amount_max();
    assert_status(
        STATUS_OK,
        amount_parse_decimal(
            bytes_from_string("0115792089237316195423570985008687907853269984665640564039457584"
                              "007913129639935"),
            &amount));
    assert_true(amount_equal(&amount, &max));
}

static void units_have_their_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *amount;
        uint32_t decimals;
        const char *text;
    } cases[] = {
        {"0", 0, "0"},
        {"0", 6, "0.000000"},
        {"1", 6, "0.000001"},
        {"999999", 6, "0.999999"},
        {"1000000", 6, "1.000000"},
        {"12500000", 6, "12.500000"},
        {"12500000", 0, "12500000"},
        {"1", 18, "0.000000000000000001"},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639935", 77,
         "1.15792089237316195423570985008687907853269984665640564039457584007913129639935"},
        {"7", 77,
         "0.00000000000000000000000000000000000000000000000000000000000000000000000000007"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct amount amount = amount_of(cases[i].amount);
        char text[AMOUNT_DECIMAL_BYTES_MAX + 2];
        const size_t length = amount_format_units(&amount, cases[i].decimals, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(length, strlen(cases[i].text));
    }
}

static void big_endian_bytes_come_back(void **state)
{
    (void)state;
    uint8_t bytes[32];
    uint8_t again[32];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i + 1);
    }
    const struct amount amount = amount_from_be(bytes);
    amount_to_be(&amount, again);
    assert_memory_equal(bytes, again, sizeof(bytes));
    memset(bytes, 0, sizeof(bytes));
    bytes[30] = 1;
    const struct amount parsed = amount_from_be(bytes);
    const struct amount expected = amount_from_u64(256);
    assert_true(amount_equal(&parsed, &expected));
}

static void doubles_are_near(void **state)
{
    (void)state;
    struct prng prng = prng_from(9);
    mpz_t x;

    mpz_init(x);
    for (int i = 0; i < ROUNDS; i++) {
        const struct amount a = draw(&prng);
        to_mpz(&a, x);
        const double expected = mpz_get_d(x); /* rounded toward zero */
        const double actual = amount_to_double(&a);
        assert_true(fabs(actual - expected) <= expected * 0x1p-51);
    }
    mpz_clear(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(differences_are_exact),
        cmocka_unit_test(products_are_exact),
        cmocka_unit_test(quotients_round_as_their_names_say),
        cmocka_unit_test(scaling_is_exact),
        cmocka_unit_test(powers_of_two_are_exhausted),
        cmocka_unit_test(small_amounts_are_exhausted),
        cmocka_unit_test(comparison_sees_every_limb),
        cmocka_unit_test(sixty_four_bits_or_an_overflow),
        cmocka_unit_test(decimals_are_gmps),
        cmocka_unit_test(decimals_out_of_range_or_with_other_signs_are_refused),
        cmocka_unit_test(units_have_their_decimals),
        cmocka_unit_test(big_endian_bytes_come_back),
        cmocka_unit_test(doubles_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
