/* SPDX-License-Identifier: Apache-2.0 */
/* relay/view/json_of.h: our values as JSON. Amounts are decimal strings in base units, because JSON
 * numbers end at 2^53; absent instants are null. New references, owned by the caller. */
#ifndef SLUICE_RELAY_VIEW_JSON_OF_H
#define SLUICE_RELAY_VIEW_JSON_OF_H

#include <jansson.h>

#include "relay/base/amount.h"
#include "relay/base/instant.h"
#include "relay/core/capital/capital_rows.h"
#include "relay/core/reason.h"

json_t *json_of_amount(const struct amount *amount);
json_t *json_of_balance(const struct account_balance *balance); /* "-5" when negative */
json_t *json_of_hash(const struct hash *hash);
json_t *json_of_address(const struct address *address);
json_t *json_of_time(struct instant at);
json_t *json_of_count(uint64_t count);
/* {"code": 15, "text": "..."}; null for REASON_NONE. */
json_t *json_of_reason(enum reason reason);
/* Printable ASCII, at most 256 bytes of it; anything else becomes '?'. */
json_t *json_of_words(struct bytes words);

#endif
