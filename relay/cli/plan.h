/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/plan.h: one plan as people see it; shared by `plan` and `why`. */
#ifndef SLUICE_RELAY_CLI_PLAN_H
#define SLUICE_RELAY_CLI_PLAN_H

#include <stdbool.h>

#include "relay/cli/rows_view.h"
#include "relay/core/capital/capital_rows.h"

/* What view_plans made. */
void plan_print_newest(const json_t *root, FILE *out);
/* Prints plan `id`. EXIT_NEGATIVE: there is none, nothing was said. */
int plan_show(const char *verb, const struct rows_view *view, const struct hash *id, bool json);

/* One end of a move, by its chain and, between venues, its venue there. Static memory, as
 * cli_text's. */
const char *plan_move_end(const struct rows_view *view, const struct plan_move *move,
                          uint32_t domain, uint32_t venue);

#endif
