/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/config_import.h: the reference agents' configuration as one of ours. Threads: one. */
#ifndef SLUICE_RELAY_CLI_CONFIG_IMPORT_H
#define SLUICE_RELAY_CLI_CONFIG_IMPORT_H

#include <stdio.h>

#include "relay/cli/cli.h"

struct config_import {
    const char *verb;   /* that people asked for */
    const char *key;    /* account that sends; NULL: nothing is delivered */
    const char *signer; /* socket; NULL: ./signer/signer.sock */
    FILE *talk;         /* what is wrong, and every setting that is not taken over */
};

/* Reads JSON files of the reference agents, later ones above earlier ones, and the HYP_* variables
 * of the environment above them; writes our YAML to `out`. An exit code: EXIT_REFUSED: a secret is
 * in it, and nothing is written; EXIT_USAGE: a file is wrong or names no chain to relay to. */
int config_import(const struct config_import *options, const char *const *files, size_t files_count,
                  FILE *out);
/* The same of one document, without the environment. */
int config_import_text(const struct config_import *options, struct bytes json, FILE *out);
/* Whether there is any HYP_* variable. */
bool config_import_has_environment(void);

#endif
