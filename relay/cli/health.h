/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/health.h: what a running node says that its journal cannot say, for status and why.
 * Threads: one; waits two seconds at most. */
#ifndef SLUICE_RELAY_CLI_HEALTH_H
#define SLUICE_RELAY_CLI_HEALTH_H

#include <jansson.h>
#include <stdio.h>

/* {"answers", "steps", "troubles": [{"what", "why", "since"}]} of the node that --config or --data
 * names; null when none listens there. A node that is silent, or an older one, does not answer. */
json_t *health_json(const char *config_path, const char *data);
/* A line for each trouble. */
void health_print(const json_t *health, FILE *out);

#endif
