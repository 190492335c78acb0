/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the token tree: look-ups and the forms chains write values in. */
#include <string.h>

#include "chains/rpc/json.h"
#include "relay/base/check.h"
#include "relay/base/hex.h"

enum { MEMBERS_MAX = 32 };

const struct json_token *json_first(const struct json_token *container)
{
    CHECK(container->kind == JSON_ARRAY || container->kind == JSON_OBJECT);
    return container->count > 0 ? container + 1 : NULL;
}

const struct json_token *json_after(const struct json_token *value)
{
    CHECK(value->span > 0);
    return value + value->span;
}

enum status json_find(const struct json_token *object, const char *key,
                      const struct json_token **ret_value)
{
    const struct bytes wanted = bytes_from_string(key);
    const struct json_token *found = NULL;

    if (object == NULL || object->kind != JSON_OBJECT) {
        return STATUS_MALFORMED;
    }
    const struct json_token *member = json_first(object);
    for (uint32_t i = 0; i < object->count; i++) {
        if (member->text.count == wanted.count &&
            memcmp(member->text.data, wanted.data, wanted.count) == 0) {
            if (found != NULL) {
                return STATUS_MALFORMED;
            }
            found = member + 1;
        }
        member = json_after(member + 1);
    }
    if (found == NULL) {
        return STATUS_NOT_FOUND;
    }
    *ret_value = found;
    return STATUS_OK;
}

const struct json_token *json_member(const struct json_token *object, const char *key)
{
    const struct json_token *value = NULL;

    return json_find(object, key, &value) == STATUS_OK ? value : NULL;
}

enum status json_members(const struct json_token *object, const char *const *keys,
                         const struct json_token **ret_values)
{
    struct bytes wanted[MEMBERS_MAX];
    uint32_t count = 0;

    if (object == NULL || object->kind != JSON_OBJECT) {
        return STATUS_MALFORMED;
    }
    for (; keys[count] != NULL; count++) {
        CHECK(count < MEMBERS_MAX);
        wanted[count] = bytes_from_string(keys[count]);
        ret_values[count] = NULL;
    }
    const struct json_token *member = json_first(object);
    for (uint32_t i = 0; i < object->count; i++, member = json_after(member + 1)) {
        for (uint32_t at = 0; at < count; at++) {
            if (member->text.count != wanted[at].count ||
                memcmp(member->text.data, wanted[at].data, wanted[at].count) != 0) {
                continue;
            }
            if (ret_values[at] != NULL) {
                return STATUS_MALFORMED;
            }
            ret_values[at] = member + 1;
            break;
        }
    }
    return STATUS_OK;
}

bool json_is_null(const struct json_token *value)
{
    return value != NULL && value->kind == JSON_NULL;
}

/* The digits after "0x". */
static enum status hex_digits(const struct json_token *value, struct bytes *ret_digits)
{
    if (value == NULL || value->kind != JSON_STRING || value->text.count < 2 ||
        value->text.data[0] != '0' || value->text.data[1] != 'x') {
        return STATUS_MALFORMED;
    }
    *ret_digits = bytes_from(value->text.data + 2, value->text.count - 2);
    return STATUS_OK;
}

enum status json_amount(const struct json_token *value, struct amount *ret_amount)
{
    uint8_t padded[64];
    uint8_t big_endian[32];
    struct bytes digits;
    size_t count = 0;

    if (hex_digits(value, &digits) != STATUS_OK || digits.count == 0 || digits.count > 64 ||
        (digits.count > 1 && digits.data[0] == '0')) {
        return STATUS_MALFORMED;
    }
    memset(padded, '0', sizeof(padded));
    memcpy(padded + 64 - digits.count, digits.data, digits.count);
    /* "0x" cannot come again: digits[1] would be an 'x' after a leading zero or no digit at all. */
    if (hex_decode(bytes_from(padded, 64), sizeof(big_endian), big_endian, &count) != STATUS_OK ||
        count != 32) {
        return STATUS_MALFORMED;
    }
    *ret_amount = amount_from_be(big_endian);
    return STATUS_OK;
}

enum status json_quantity(const struct json_token *value, uint64_t *ret_quantity)
{
    struct bytes digits;
    uint64_t quantity = 0;

    if (hex_digits(value, &digits) != STATUS_OK || digits.count == 0 || digits.count > 16 ||
        (digits.count > 1 && digits.data[0] == '0')) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < digits.count; i++) {
        const uint8_t digit = digits.data[i];
        const uint8_t letter = digit | 0x20;
        if (digit >= '0' && digit <= '9') {
            quantity = quantity << 4 | (uint64_t)(digit - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            quantity = quantity << 4 | (uint64_t)(letter - 'a' + 10);
        } else {
            return STATUS_MALFORMED;
        }
    }
    *ret_quantity = quantity;
    return STATUS_OK;
}

enum status json_data(const struct json_token *value, size_t capacity, uint8_t *ret_bytes,
                      size_t *ret_count)
{
    struct bytes digits;

    if (hex_digits(value, &digits) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    return hex_decode(value->text, capacity, ret_bytes, ret_count);
}

enum status json_data_size(const struct json_token *value, size_t *ret_count)
{
    struct bytes digits;

    if (hex_digits(value, &digits) != STATUS_OK || digits.count % 2 != 0) {
        return STATUS_MALFORMED;
    }
    *ret_count = digits.count / 2;
    return STATUS_OK;
}

enum status json_hash(const struct json_token *value, struct hash *ret_hash)
{
    struct bytes digits;

    if (hex_digits(value, &digits) != STATUS_OK || digits.count != 64) {
        return STATUS_MALFORMED;
    }
    return hex_decode_hash(value->text, ret_hash);
}

enum status json_evm_address(const struct json_token *value, struct address *ret_address)
{
    struct bytes digits;

    if (hex_digits(value, &digits) != STATUS_OK || digits.count != 40) {
        return STATUS_MALFORMED;
    }
    return hex_decode_address(value->text, ret_address);
}

enum status json_whole(const struct json_token *value, int64_t *ret_integer)
{
    int64_t integer = 0;

    if (value == NULL || value->kind != JSON_NUMBER || value->text.count > 17) {
        return STATUS_MALFORMED;
    }
    const bool is_negative = value->text.count > 0 && value->text.data[0] == '-';
    for (size_t i = is_negative ? 1 : 0; i < value->text.count; i++) {
        const uint8_t digit = value->text.data[i];
        if (digit < '0' || digit > '9') {
            return STATUS_MALFORMED;
        }
        integer = integer * 10 + (digit - '0');
    }
    if (integer > INT64_C(1) << 53) {
        return STATUS_MALFORMED;
    }
    *ret_integer = is_negative ? -integer : integer;
    return STATUS_OK;
}
