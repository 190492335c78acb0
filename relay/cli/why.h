/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/why.h: the table of `sluice why`, for who shows it too. Threads: one. */
#ifndef SLUICE_RELAY_CLI_WHY_H
#define SLUICE_RELAY_CLI_WHY_H

#include <jansson.h>
#include <stdio.h>

#include "relay/cli/rows_view.h"

/* {"waiting": [...]}: what the node itself says (health_json; may be NULL), then what view_waiting
 * finds. Owned by the caller. Statuses of view_waiting. */
MUST_USE enum status why_waiting(const struct rows_view *view, const json_t *health,
                                 json_t **ret_waiting);
void why_print(const json_t *list, FILE *out);

#endif
