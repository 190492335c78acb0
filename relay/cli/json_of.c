/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/json_of.h"

#include <stdio.h>
#include <string.h>

#include "relay/cli/cli.h"

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
    return json_string(cli_hash_text(hash));
}

json_t *json_of_address(const struct address *address)
{
    return json_string(cli_address_text(address));
}

json_t *json_of_time(struct instant at)
{
    return at.ns == 0 ? json_null() : json_string(cli_time_text(at));
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

const char *json_units_text(const json_t *amount, uint32_t decimals)
{
    struct amount value;
    const char *text = json_string_value(amount);
    if (text == NULL) {
        return "-";
    }
    const bool negative = text[0] == '-';
    if (amount_parse_decimal(bytes_from_string(negative ? text + 1 : text), &value) != STATUS_OK) {
        return "?";
    }
    const char *units = cli_units_text(&value, decimals);
    return negative ? cli_text("-%s", units) : units;
}

const char *json_text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "-" : text;
}
