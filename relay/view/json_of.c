/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/view/json_of.h"

#include <time.h>

#include "relay/base/hex.h"

#define WORDS_BYTES_MAX 256u

json_t *json_of_amount(const struct amount *amount)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX];
    (void)amount_format_decimal(amount, text);
    return json_string(text);
}

json_t *json_of_balance(const struct account_balance *balance)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX + 1] = "-";
    (void)amount_format_decimal(&balance->amount, text + 1);
    const bool negative = balance->negative && !amount_is_zero(&balance->amount);
    return json_string(negative ? text : text + 1);
}

json_t *json_of_hash(const struct hash *hash)
{
    char text[2 * sizeof(hash->bytes) + 3] = "0x";
    hex_encode(bytes_from(hash->bytes, sizeof(hash->bytes)), text + 2);
    return json_string(text);
}

json_t *json_of_address(const struct address *address)
{
    char text[2 * sizeof(address->bytes) + 3] = "0x";
    const size_t skipped = address_is_evm(address) ? 12 : 0;
    hex_encode(bytes_from(address->bytes + skipped, sizeof(address->bytes) - skipped), text + 2);
    return json_string(text);
}

json_t *json_of_time(struct instant at)
{
    char text[32];
    const time_t seconds = (time_t)(at.ns / 1000000000u);
    struct tm broken;
    if (at.ns == 0 || gmtime_r(&seconds, &broken) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &broken) == 0) {
        return json_null();
    }
    return json_string(text);
}

json_t *json_of_count(uint64_t count)
{
    return json_integer((json_int_t)count);
}

json_t *json_of_reason(enum reason reason)
{
    if (reason == REASON_NONE) {
        return json_null();
    }
    return json_pack("{s:i, s:s}", "code", (int)reason, "text", reason_text(reason));
}

json_t *json_of_words(struct bytes words)
{
    char text[WORDS_BYTES_MAX];
    const size_t count = words.count < sizeof(text) ? words.count : sizeof(text);
    for (size_t i = 0; i < count; i++) {
        const char letter = (char)words.data[i];
        text[i] = (char)(letter >= ' ' && letter <= '~' ? letter : '?');
    }
    return json_stringn(text, count);
}
