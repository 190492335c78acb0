/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/text.h"

#include "relay/base/hex.h"

#include <string.h>

struct text text_from(const char *words)
{
    struct text text;

    memset(&text, 0, sizeof(text));
    text_add(&text, words);
    return text;
}

void text_add_bytes(struct text *text, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.count && text->count < REASON_BYTES_MAX; i++) {
        const uint8_t byte = bytes.data[i];
        text->text[text->count++] = (char)(byte >= 0x20 && byte < 0x7f ? byte : '?');
    }
    text->text[text->count] = '\0';
}

void text_add(struct text *text, const char *words)
{
    text_add_bytes(text, bytes_from_string(words));
}

void text_add_amount(struct text *text, const struct amount *amount)
{
    char digits[AMOUNT_DECIMAL_BYTES_MAX];

    text_add_bytes(text, bytes_from(digits, amount_format_decimal(amount, digits)));
}

void text_add_units(struct text *text, const struct amount *amount, uint32_t decimals)
{
    char digits[AMOUNT_DECIMAL_BYTES_MAX + 2];
    size_t count = amount_format_units(amount, decimals, digits);

    while (decimals > 0 && digits[count - 1] == '0') {
        count--;
    }
    count -= decimals > 0 && digits[count - 1] == '.' ? 1 : 0;
    text_add_bytes(text, bytes_from(digits, count));
}

void text_add_number(struct text *text, uint64_t number)
{
    const struct amount amount = amount_from_u64(number);

    text_add_amount(text, &amount);
}

void text_add_hash(struct text *text, const struct hash *hash)
{
    char digits[2 * sizeof(hash->bytes) + 1];

    hex_encode(bytes_from(hash->bytes, sizeof(hash->bytes)), digits);
    text_add(text, "0x");
    text_add_bytes(text, bytes_from(digits, sizeof(digits) - 1));
}

void text_add_address(struct text *text, const struct address *address)
{
    const size_t skipped = address_is_evm(address) ? 12 : 0;
    char digits[2 * sizeof(address->bytes) + 1];

    hex_encode(bytes_from(address->bytes + skipped, sizeof(address->bytes) - skipped), digits);
    text_add(text, "0x");
    text_add(text, digits);
}
