/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/settings/settings.h"

#define NUMBER_BYTES_MAX 78u /* digits of the largest amount */

/* "12.5 unit" taken apart. */
struct quantity {
    struct bytes whole;
    struct bytes fraction; /* may be empty */
    struct bytes unit;     /* may be empty */
};

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static struct bytes take_digits(const char **text)
{
    const char *start = *text;

    while (is_digit(**text)) {
        (*text)++;
    }
    return bytes_from(start, (size_t)(*text - start));
}

static enum status split_quantity(const char *text, struct quantity *ret_quantity)
{
    struct quantity quantity = {.whole = take_digits(&text)};

    if (quantity.whole.count == 0) {
        return STATUS_MALFORMED;
    }
    if (*text == '.') {
        text++;
        quantity.fraction = take_digits(&text);
        if (quantity.fraction.count == 0) {
            return STATUS_MALFORMED;
        }
    }
    while (*text == ' ') {
        text++;
    }
    quantity.unit = bytes_from_string(text);
    *ret_quantity = quantity;
    return STATUS_OK;
}

static bool unit_is(const struct quantity *quantity, const char *unit)
{
    return bytes_equal(quantity->unit, bytes_from_string(unit));
}

/* The number in units of 10^-decimals. STATUS_MALFORMED: more fractional digits than that. */
static enum status scale_quantity(const struct quantity *quantity, uint32_t decimals,
                                  struct amount *ret_amount)
{
    char digits[NUMBER_BYTES_MAX + 1];
    size_t count = 0;

    if (quantity->fraction.count > decimals) {
        return STATUS_MALFORMED;
    }
    if (quantity->whole.count + decimals > NUMBER_BYTES_MAX) {
        return STATUS_OVERFLOW;
    }
    memcpy(digits, quantity->whole.data, quantity->whole.count);
    count = quantity->whole.count;
    if (quantity->fraction.count > 0) {
        memcpy(digits + count, quantity->fraction.data, quantity->fraction.count);
    }
    memset(digits + count + quantity->fraction.count, '0', decimals - quantity->fraction.count);
    return amount_parse_decimal(bytes_from(digits, count + decimals), ret_amount);
}

enum status settings_parse_u64(const char *text, uint64_t *ret_value)
{
    struct amount amount;
    const enum status status = amount_parse_decimal(bytes_from_string(text), &amount);

    return status == STATUS_OK ? amount_to_u64(&amount, ret_value) : status;
}

enum status settings_parse_duration(const char *text, struct duration *ret_duration)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {
        {"ms", 1000000u}, {"s", 1000000000u}, {"min", 60000000000u}, {"h", 3600000000000u}};
    struct quantity quantity;
    struct amount scaled;
    uint64_t thousandths = 0;

    if (split_quantity(text, &quantity) != STATUS_OK ||
        scale_quantity(&quantity, 3, &scaled) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (amount_to_u64(&scaled, &thousandths) != STATUS_OK) {
        return STATUS_OVERFLOW;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (unit_is(&quantity, units[i].unit)) {
            if (thousandths > UINT64_MAX / (units[i].ns / 1000u)) {
                return STATUS_OVERFLOW;
            }
            ret_duration->ns = thousandths * (units[i].ns / 1000u);
            return STATUS_OK;
        }
    }
    return STATUS_MALFORMED;
}

enum status settings_parse_share(const char *text, struct bps *ret_share)
{
    struct quantity quantity;
    struct amount scaled;
    uint64_t value = 0;

    if (split_quantity(text, &quantity) != STATUS_OK ||
        (!unit_is(&quantity, "%") && !unit_is(&quantity, "bps")) ||
        scale_quantity(&quantity, unit_is(&quantity, "%") ? 2 : 0, &scaled) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (amount_to_u64(&scaled, &value) != STATUS_OK || value > 10000) {
        return STATUS_OVERFLOW;
    }
    ret_share->value = (uint32_t)value;
    return STATUS_OK;
}

enum status settings_parse_amount(const char *text, const char *unit, uint32_t decimals,
                                  struct amount *ret_amount)
{
    struct quantity quantity;

    if (split_quantity(text, &quantity) != STATUS_OK || !unit_is(&quantity, unit)) {
        return STATUS_MALFORMED;
    }
    return scale_quantity(&quantity, decimals, ret_amount);
}

enum status settings_parse_native(const char *text, struct amount *ret_amount)
{
    static const struct {
        const char *unit;
        uint32_t decimals;
    } units[] = {{"wei", 0}, {"gwei", 9}, {"ether", 18}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        const enum status status =
            settings_parse_amount(text, units[i].unit, units[i].decimals, ret_amount);
        if (status != STATUS_MALFORMED) {
            return status;
        }
    }
    return STATUS_MALFORMED;
}

/* EIP-55: a letter is upper case when the same digit of the hash of the lower-case text is 8 or
 * more. Text in one case carries no checksum. */
static bool checksum_is_right(const char *digits, const uint8_t address[20])
{
    char lower[41];
    size_t upper_count = 0;
    size_t lower_count = 0;
    bool agrees = true;

    hex_encode(bytes_from(address, 20), lower);
    const struct hash hash = keccak256(bytes_from(lower, 40));
    for (size_t i = 0; i < 40; i++) {
        const unsigned nibble = (unsigned)(hash.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15u;
        const bool is_upper = digits[i] >= 'A' && digits[i] <= 'F';
        const bool is_letter = lower[i] >= 'a';
        upper_count += is_upper ? 1 : 0;
        lower_count += is_letter && !is_upper ? 1 : 0;
        agrees = agrees && (!is_letter || is_upper == (nibble >= 8));
    }
    return upper_count == 0 || lower_count == 0 || agrees;
}

enum status settings_parse_address(const char *text, struct address *ret_address)
{
    if (strlen(text) < 2 || text[0] != '0' || text[1] != 'x' ||
        hex_decode_address(bytes_from_string(text), ret_address) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (strlen(text) == 42 && !checksum_is_right(text + 2, ret_address->bytes + 12)) {
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}
