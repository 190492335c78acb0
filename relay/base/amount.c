/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/amount.h"

#include <string.h>

#include "relay/base/check.h"

#define LIMBS 4

__extension__ typedef unsigned __int128 wide;

struct amount amount_zero(void)
{
    return (struct amount){{0, 0, 0, 0}};
}

struct amount amount_max(void)
{
    return (struct amount){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
}

struct amount amount_from_u64(uint64_t value)
{
    return (struct amount){{value, 0, 0, 0}};
}

enum status amount_to_u64(const struct amount *amount, uint64_t *ret_value)
{
    if ((amount->limbs[1] | amount->limbs[2] | amount->limbs[3]) != 0) {
        return STATUS_OVERFLOW;
    }
    *ret_value = amount->limbs[0];
    return STATUS_OK;
}

bool amount_is_zero(const struct amount *amount)
{
    return (amount->limbs[0] | amount->limbs[1] | amount->limbs[2] | amount->limbs[3]) == 0;
}

bool amount_equal(const struct amount *a, const struct amount *b)
{
    return amount_compare(a, b) == 0;
}

int amount_compare(const struct amount *a, const struct amount *b)
{
    for (size_t i = LIMBS; i-- > 0;) {
        if (a->limbs[i] != b->limbs[i]) {
            return a->limbs[i] > b->limbs[i] ? 1 : -1;
        }
    }
    return 0;
}

struct amount amount_smaller(const struct amount *a, const struct amount *b)
{
    return amount_compare(a, b) <= 0 ? *a : *b;
}

enum status amount_add(const struct amount *a, const struct amount *b, struct amount *ret_sum)
{
    struct amount sum;
    wide carry = 0;

    for (size_t i = 0; i < LIMBS; i++) {
        carry += (wide)a->limbs[i] + b->limbs[i];
        sum.limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0) {
        return STATUS_OVERFLOW;
    }
    *ret_sum = sum;
    return STATUS_OK;
}

enum status amount_subtract(const struct amount *a, const struct amount *b,
                            struct amount *ret_difference)
{
    struct amount difference;
    uint64_t borrow = 0;

    for (size_t i = 0; i < LIMBS; i++) {
        const wide step = (wide)a->limbs[i] - b->limbs[i] - borrow;
        difference.limbs[i] = (uint64_t)step;
        borrow = (uint64_t)(step >> 64) & 1;
    }
    if (borrow != 0) {
        return STATUS_OVERFLOW;
    }
    *ret_difference = difference;
    return STATUS_OK;
}

/* The whole 512-bit product, least significant limb first. */
static void multiply_wide(const struct amount *a, const struct amount *b, uint64_t ret[2 * LIMBS])
{
    memset(ret, 0, 2 * LIMBS * sizeof(ret[0]));
    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < LIMBS; j++) {
            const wide step = (wide)a->limbs[i] * b->limbs[j] + ret[i + j] + carry;
            ret[i + j] = (uint64_t)step;
            carry = (uint64_t)(step >> 64);
        }
        ret[i + LIMBS] = carry;
    }
}

enum status amount_multiply(const struct amount *a, const struct amount *b,
                            struct amount *ret_product)
{
    uint64_t product[2 * LIMBS];

    multiply_wide(a, b, product);
    if ((product[4] | product[5] | product[6] | product[7]) != 0) {
        return STATUS_OVERFLOW;
    }
    memcpy(ret_product->limbs, product, sizeof(ret_product->limbs));
    return STATUS_OK;
}

/* Divides by one limb, most significant limb first: one machine division per limb. */
static uint64_t divide_short(const uint64_t *numerator, size_t count, uint64_t divisor,
                             uint64_t *ret_quotient)
{
    wide remainder = 0;

    for (size_t i = count; i-- > 0;) {
        const wide step = remainder << 64 | numerator[i];
        ret_quotient[i] = (uint64_t)(step / divisor);
        remainder = step % divisor;
    }
    return (uint64_t)remainder;
}

/* Copies `count` limbs shifted left by `bits` (0 to 63); returns what fell out at the top. */
static uint64_t shift_left(const uint64_t *limbs, size_t count, unsigned bits, uint64_t *ret)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < count; i++) {
        const wide shifted = (wide)limbs[i] << bits;
        ret[i] = (uint64_t)shifted | carry;
        carry = (uint64_t)(shifted >> 64);
    }
    return carry;
}

/* One digit of the quotient: at most one too large for `window`, the count + 1 highest limbs that
 * are left of the numerator. `divisor` has its highest bit set and at least two limbs. */
static uint64_t estimate_digit(const uint64_t *window, const uint64_t *divisor, size_t count)
{
    const wide top = (wide)window[count] << 64 | window[count - 1];
    wide digit = top / divisor[count - 1];
    wide rest = top % divisor[count - 1];

    while (digit >> 64 != 0 || digit * divisor[count - 2] > (rest << 64 | window[count - 2])) {
        digit--;
        rest += divisor[count - 1];
        if (rest >> 64 != 0) {
            break;
        }
    }
    return (uint64_t)digit;
}

/* window -= digit * divisor; returns 1 when that went below zero (modulo 2^(64 (count + 1))). */
static uint64_t subtract_multiple(uint64_t *window, const uint64_t *divisor, size_t count,
                                  uint64_t digit)
{
    uint64_t carry = 0;
    uint64_t borrow = 0;

    for (size_t i = 0; i <= count; i++) {
        const wide product = (wide)digit * (i < count ? divisor[i] : 0) + carry;
        const wide step = (wide)window[i] - (uint64_t)product - borrow;
        carry = (uint64_t)(product >> 64);
        window[i] = (uint64_t)step;
        borrow = (uint64_t)(step >> 64) & 1;
    }
    return borrow;
}

static void add_back(uint64_t *window, const uint64_t *divisor, size_t count)
{
    wide carry = 0;

    for (size_t i = 0; i <= count; i++) {
        carry += (wide)window[i] + (i < count ? divisor[i] : 0);
        window[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* Long division limb by limb (Knuth, The Art of Computer Programming 4.3.1, algorithm D) by a
 * divisor of `divisor_count` limbs, two or more, the highest of which is not zero. */
static void divide_long(const uint64_t *numerator, size_t count, const struct amount *divisor,
                        size_t divisor_count, uint64_t *ret_quotient, struct amount *ret_remainder)
{
    uint64_t rest[2 * LIMBS + 1];
    uint64_t scaled[LIMBS];
    const unsigned bits = (unsigned)__builtin_clzll(divisor->limbs[divisor_count - 1]);

    CHECK(divisor_count >= 2);
    CHECK(count >= divisor_count);
    CHECK(count <= 2 * LIMBS);
    /* A divisor whose highest bit is set makes estimate_digit nearly exact. */
    rest[count] = shift_left(numerator, count, bits, rest);
    (void)shift_left(divisor->limbs, divisor_count, bits, scaled); /* nothing falls out */
    memset(ret_quotient, 0, count * sizeof(ret_quotient[0]));
    for (size_t i = count - divisor_count + 1; i-- > 0;) {
        uint64_t digit = estimate_digit(rest + i, scaled, divisor_count);
        if (subtract_multiple(rest + i, scaled, divisor_count, digit) != 0) {
            digit--;
            add_back(rest + i, scaled, divisor_count);
        }
        ret_quotient[i] = digit;
    }
    *ret_remainder = amount_zero();
    for (size_t i = 0; i < divisor_count; i++) {
        const wide pair = (wide)rest[i + 1] << 64 | rest[i];
        ret_remainder->limbs[i] = (uint64_t)(pair >> bits);
    }
}

static void divide_wide(const uint64_t *numerator, size_t count, const struct amount *divisor,
                        uint64_t *ret_quotient, struct amount *ret_remainder)
{
    size_t divisor_count = LIMBS;

    CHECK(!amount_is_zero(divisor));
    while (divisor->limbs[divisor_count - 1] == 0) {
        divisor_count--;
    }
    if (divisor_count == 1) {
        *ret_remainder =
            amount_from_u64(divide_short(numerator, count, divisor->limbs[0], ret_quotient));
        return;
    }
    divide_long(numerator, count, divisor, divisor_count, ret_quotient, ret_remainder);
}

/* stored nowhere; names the direction at the call */
enum rounding { ROUND_FLOOR, ROUND_CEIL };

static enum status finish_division(const uint64_t quotient[2 * LIMBS],
                                   const struct amount *remainder, enum rounding rounding,
                                   struct amount *ret_quotient)
{
    const struct amount one = amount_from_u64(1);
    struct amount result;

    if ((quotient[4] | quotient[5] | quotient[6] | quotient[7]) != 0) {
        return STATUS_OVERFLOW;
    }
    memcpy(result.limbs, quotient, sizeof(result.limbs));
    if (rounding == ROUND_CEIL && !amount_is_zero(remainder)) {
        return amount_add(&result, &one, ret_quotient);
    }
    *ret_quotient = result;
    return STATUS_OK;
}

static enum status scale(const struct amount *a, const struct amount *multiplier,
                         const struct amount *divisor, enum rounding rounding,
                         struct amount *ret_quotient)
{
    uint64_t product[2 * LIMBS];
    uint64_t quotient[2 * LIMBS];
    struct amount remainder;

    if (amount_is_zero(divisor)) {
        return STATUS_OVERFLOW;
    }
    multiply_wide(a, multiplier, product);
    divide_wide(product, 2 * LIMBS, divisor, quotient, &remainder);
    return finish_division(quotient, &remainder, rounding, ret_quotient);
}

enum status amount_div_floor(const struct amount *a, const struct amount *divisor,
                             struct amount *ret_quotient)
{
    const struct amount one = amount_from_u64(1);

    return scale(a, &one, divisor, ROUND_FLOOR, ret_quotient);
}

enum status amount_div_ceil(const struct amount *a, const struct amount *divisor,
                            struct amount *ret_quotient)
{
    const struct amount one = amount_from_u64(1);

    return scale(a, &one, divisor, ROUND_CEIL, ret_quotient);
}

enum status amount_scale_floor(const struct amount *a, const struct amount *multiplier,
                               const struct amount *divisor, struct amount *ret_quotient)
{
    return scale(a, multiplier, divisor, ROUND_FLOOR, ret_quotient);
}

enum status amount_scale_ceil(const struct amount *a, const struct amount *multiplier,
                              const struct amount *divisor, struct amount *ret_quotient)
{
    return scale(a, multiplier, divisor, ROUND_CEIL, ret_quotient);
}

/* Written out so that compilers make one load or store of it: every row holds several amounts. */
static uint64_t load_be(const uint8_t *bytes)
{
    return (uint64_t)bytes[0] << 56 | (uint64_t)bytes[1] << 48 | (uint64_t)bytes[2] << 40 |
           (uint64_t)bytes[3] << 32 | (uint64_t)bytes[4] << 24 | (uint64_t)bytes[5] << 16 |
           (uint64_t)bytes[6] << 8 | (uint64_t)bytes[7];
}

static void store_be(uint64_t limb, uint8_t *ret_bytes)
{
    ret_bytes[0] = (uint8_t)(limb >> 56);
    ret_bytes[1] = (uint8_t)(limb >> 48);
    ret_bytes[2] = (uint8_t)(limb >> 40);
    ret_bytes[3] = (uint8_t)(limb >> 32);
    ret_bytes[4] = (uint8_t)(limb >> 24);
    ret_bytes[5] = (uint8_t)(limb >> 16);
    ret_bytes[6] = (uint8_t)(limb >> 8);
    ret_bytes[7] = (uint8_t)limb;
}

struct amount amount_from_be(const uint8_t bytes[32])
{
    struct amount amount;

    for (size_t i = 0; i < 4; i++) {
        amount.limbs[3 - i] = load_be(bytes + 8 * i);
    }
    return amount;
}

void amount_to_be(const struct amount *amount, uint8_t ret_bytes[32])
{
    for (size_t i = 0; i < 4; i++) {
        store_be(amount->limbs[3 - i], ret_bytes + 8 * i);
    }
}

enum status amount_parse_decimal(struct bytes text, struct amount *ret_amount)
{
    const struct amount ten = amount_from_u64(10);
    struct amount amount = amount_zero();

    if (text.count == 0) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < text.count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return STATUS_MALFORMED;
        }
    }
    for (size_t i = 0; i < text.count; i++) {
        const struct amount digit = amount_from_u64((uint64_t)(text.data[i] - '0'));
        if (amount_multiply(&amount, &ten, &amount) != STATUS_OK ||
            amount_add(&amount, &digit, &amount) != STATUS_OK) {
            return STATUS_OVERFLOW;
        }
    }
    *ret_amount = amount;
    return STATUS_OK;
}

size_t amount_format_decimal(const struct amount *amount, char ret_text[AMOUNT_DECIMAL_BYTES_MAX])
{
    char reversed[AMOUNT_DECIMAL_BYTES_MAX];
    struct amount rest = *amount;
    size_t digits = 0;

    do {
        CHECK(digits < sizeof(reversed) - 1);
        reversed[digits++] = (char)('0' + divide_short(rest.limbs, LIMBS, 10, rest.limbs));
    } while (!amount_is_zero(&rest));
    for (size_t i = 0; i < digits; i++) {
        ret_text[i] = reversed[digits - 1 - i];
    }
    ret_text[digits] = '\0';
    return digits;
}

size_t amount_format_units(const struct amount *amount, uint32_t decimals,
                           char ret_text[AMOUNT_DECIMAL_BYTES_MAX + 2])
{
    char digits[AMOUNT_DECIMAL_BYTES_MAX];
    const size_t count = amount_format_decimal(amount, digits);
    size_t length = 0;

    CHECK(decimals <= 77);
    if (count > decimals) {
        memcpy(ret_text, digits, count - decimals);
        length = count - decimals;
    } else {
        ret_text[length++] = '0';
    }
    if (decimals > 0) {
        ret_text[length++] = '.';
        for (size_t i = count; i < decimals; i++) {
            ret_text[length++] = '0';
        }
        const size_t tail = count < decimals ? count : decimals;
        memcpy(ret_text + length, digits + count - tail, tail);
        length += tail;
    }
    ret_text[length] = '\0';
    return length;
}

double amount_to_double(const struct amount *amount)
{
    double value = 0;

    for (size_t i = LIMBS; i-- > 0;) {
        value = value * 18446744073709551616.0 + (double)amount->limbs[i];
    }
    return value;
}
