/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/config_import.h: the reference agents' configuration as one of ours. Threads: one. */
#ifndef SLUICE_RELAY_CLI_CONFIG_IMPORT_H
#define SLUICE_RELAY_CLI_CONFIG_IMPORT_H

#include "relay/cli/cli.h"

/* Reads JSON files of the reference agents, later ones above earlier ones, and the HYP_* variables
 * of the environment above them; prints our YAML on standard output, and on standard error every
 * setting that is not taken over. `key`: the account that sends, or NULL. An exit code:
 * EXIT_REFUSED: a secret is in it; EXIT_USAGE: a file is wrong or names no chain to relay to. */
int config_import(const char *const *files, size_t files_count, const char *key);

#endif
