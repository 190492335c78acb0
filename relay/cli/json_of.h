/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/json_of.h: our values as JSON. Amounts are decimal strings in base units, because JSON
 * numbers end at 2^53; absent instants are null. New references, owned by the caller. */
#ifndef SLUICE_RELAY_CLI_JSON_OF_H
#define SLUICE_RELAY_CLI_JSON_OF_H

#include <jansson.h>

#include "relay/base/amount.h"
#include "relay/base/instant.h"
#include "relay/core/capital_rows.h"
#include "relay/core/reason.h"

json_t *json_of_amount(const struct amount *amount);
json_t *json_of_balance(const struct account_balance *balance); /* "-5" when negative */
json_t *json_of_hash(const struct hash *hash);
json_t *json_of_address(const struct address *address);
json_t *json_of_time(struct instant at);
json_t *json_of_count(uint64_t count);
/* {"code": 15, "text": "..."}; null for REASON_NONE. */
json_t *json_of_reason(enum reason reason);

/* A decimal string of base units in whole units: "-12.500000". Text as in cli.h. */
const char *json_units_text(const json_t *amount, uint32_t decimals);
/* The string at `key`, "-" when it is absent or null. */
const char *json_text_at(const json_t *object, const char *key);

#endif
