/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/address_text.h"

#include <string.h>

#include "relay/base/hex.h"

/* The place of a letter in an alphabet; its count of letters: none. */
static uint32_t place_of(uint8_t letter, const char *alphabet, uint32_t count)
{
    const char *const found = letter == 0 ? NULL : memchr(alphabet, letter, count);

    return found == NULL ? count : (uint32_t)(found - alphabet);
}

/* ---- base58 ---- */

enum {
    BASE58 = 58,
    BASE58_TEXT_MAX = 44, /* of 32 bytes: 32 * log(256) / log(58) is 43.7 */
    ADDRESS_BYTES = 32,
};

static const char base58_letters[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* A number in base 58, most significant first; each leading 1 stands for a byte of zero. */
static enum status read_base58(struct bytes text, struct address *ret_address)
{
    uint8_t bytes[ADDRESS_BYTES] = {0};
    size_t zeros = 0;
    size_t used = 0; /* bytes from the end that the number has */

    if (text.count > BASE58_TEXT_MAX) {
        return STATUS_MALFORMED;
    }
    while (zeros < text.count && text.data[zeros] == '1') {
        zeros++;
    }
    for (size_t i = zeros; i < text.count; i++) {
        uint32_t carry = place_of(text.data[i], base58_letters, BASE58);
        size_t at = 0;
        if (carry == BASE58) {
            return STATUS_MALFORMED;
        }
        for (; at < used || carry > 0; at++) {
            if (at == ADDRESS_BYTES) {
                return STATUS_MALFORMED; /* more than 32 bytes */
            }
            carry += BASE58 * bytes[ADDRESS_BYTES - 1 - at];
            bytes[ADDRESS_BYTES - 1 - at] = (uint8_t)carry;
            carry >>= 8;
        }
        used = at;
    }
    if (zeros + used != ADDRESS_BYTES) {
        return STATUS_MALFORMED;
    }
    memcpy(ret_address->bytes, bytes, sizeof(ret_address->bytes));
    return STATUS_OK;
}

/* ---- bech32 ---- */

enum {
    BECH32 = 32,
    BECH32_TEXT_MAX = 90, /* BIP-173 */
    BECH32_CHECKSUM = 6,  /* letters */
};

#define BECH32_CONSTANT  1u
#define BECH32M_CONSTANT 0x2bc830a3u /* BIP-350 */

static const char bech32_letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t sum, uint32_t value)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    const uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (uint32_t i = 0; i < sizeof(generator) / sizeof(generator[0]); i++) {
        sum ^= (top >> i & 1) != 0 ? generator[i] : 0;
    }
    return sum;
}

static bool is_upper(uint8_t letter)
{
    return letter >= 'A' && letter <= 'Z';
}

/* In lower case. STATUS_MALFORMED: both cases, letters that nobody can see, too long. */
static enum status fold_case(struct bytes text, uint8_t ret_text[BECH32_TEXT_MAX])
{
    bool has_upper = false;
    bool has_lower = false;

    if (text.count > BECH32_TEXT_MAX) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < text.count; i++) {
        const uint8_t letter = text.data[i];
        if (letter < 33 || letter > 126) {
            return STATUS_MALFORMED;
        }
        has_upper = has_upper || is_upper(letter);
        has_lower = has_lower || (letter >= 'a' && letter <= 'z');
        ret_text[i] = is_upper(letter) ? (uint8_t)(letter - 'A' + 'a') : letter;
    }
    return has_upper && has_lower ? STATUS_MALFORMED : STATUS_OK;
}

/* The checksum over the prefix and all letters behind the separator. */
static bool checksum_is_right(const uint8_t *text, size_t prefix_count, const uint8_t *values,
                              size_t values_count)
{
    uint32_t sum = 1;

    for (size_t i = 0; i < prefix_count; i++) {
        sum = polymod(sum, text[i] >> 5);
    }
    sum = polymod(sum, 0);
    for (size_t i = 0; i < prefix_count; i++) {
        sum = polymod(sum, text[i] & 31);
    }
    for (size_t i = 0; i < values_count; i++) {
        sum = polymod(sum, values[i]);
    }
    return sum == BECH32_CONSTANT || sum == BECH32M_CONSTANT;
}

/* Values of five bits as bytes at the end of an address. */
static enum status join_values(const uint8_t *values, size_t count, struct address *ret_address)
{
    struct address address = {{0}};
    const size_t bytes_count = count * 5 / 8;
    const size_t spare_bits = count * 5 % 8;
    uint32_t bits = 0;
    uint32_t bits_count = 0;
    size_t at = ADDRESS_BYTES - bytes_count;

    if (bytes_count == 0 || bytes_count > ADDRESS_BYTES || spare_bits >= 5) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        bits = (bits << 5 | values[i]) & 0xfff;
        bits_count += 5;
        if (bits_count >= 8) {
            bits_count -= 8;
            address.bytes[at++] = (uint8_t)(bits >> bits_count);
        }
    }
    if ((bits & ((1u << bits_count) - 1)) != 0) {
        return STATUS_MALFORMED;
    }
    *ret_address = address;
    return STATUS_OK;
}

static enum status read_bech32(struct bytes text, struct address *ret_address)
{
    uint8_t lower[BECH32_TEXT_MAX];
    uint8_t values[BECH32_TEXT_MAX];
    size_t separator = text.count; /* the last 1 */

    if (fold_case(text, lower) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    while (separator > 0 && lower[separator - 1] != '1') {
        separator--;
    }
    const size_t count = text.count - separator;
    if (separator < 2 || count < BECH32_CHECKSUM) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        const uint32_t value = place_of(lower[separator + i], bech32_letters, BECH32);
        if (value == BECH32) {
            return STATUS_MALFORMED;
        }
        values[i] = (uint8_t)value;
    }
    if (!checksum_is_right(lower, separator - 1, values, count)) {
        return STATUS_MALFORMED;
    }
    return join_values(values, count - BECH32_CHECKSUM, ret_address);
}

enum status address_text_read(struct bytes text, struct address *ret_address)
{
    if (text.count >= 2 && text.data[0] == '0' && text.data[1] == 'x') {
        return hex_decode_address(text, ret_address);
    }
    if (read_bech32(text, ret_address) == STATUS_OK ||
        read_base58(text, ret_address) == STATUS_OK) {
        return STATUS_OK;
    }
    return hex_decode_address(text, ret_address);
}
