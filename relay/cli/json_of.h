/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/json_of.h: JSON trees of our values (relay/view/json_of.h) as cells of tables. */
#ifndef SLUICE_RELAY_CLI_JSON_OF_H
#define SLUICE_RELAY_CLI_JSON_OF_H

#include "relay/view/json_of.h"

/* A decimal string of base units in whole units: "-12.500000". Text as in cli.h. */
const char *json_units_text(const json_t *amount, uint32_t decimals);
/* The string at `key`, "-" when it is absent or null. */
const char *json_text_at(const json_t *object, const char *key);

#endif
