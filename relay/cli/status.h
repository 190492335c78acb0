/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/status.h: the tables of `sluice status`, for who shows them too. Threads: one. */
#ifndef SLUICE_RELAY_CLI_STATUS_H
#define SLUICE_RELAY_CLI_STATUS_H

#include <jansson.h>
#include <stdio.h>

/* What view_status made, with "health" of health_json or without. */
void status_print(const json_t *root, FILE *out);

#endif
