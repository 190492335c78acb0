/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/json_of.h"

#include "relay/cli/cli.h"

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
