/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/look.h: a configuration used for a few seconds as a node would: what `sluice doctor`
 * and `sluice rpc` have in common. Threads: the caller's. Memory: freed by look_end. */
#ifndef SLUICE_RELAY_CLI_LOOK_H
#define SLUICE_RELAY_CLI_LOOK_H

#include "relay/cli/cli.h"
#include "relay/node/loop/probe.h"

struct look {
    bool json;
    uint64_t seconds;
    struct node_config *config;
    struct probe *probe; /* after look_run */
};

/* Takes --config FILE, --seconds N and --json, and loads the file. False: it was --help or a
 * mistake, which was told; the caller returns *ret_code. */
bool look_parse(int argc, char **argv, size_t arguments_max, struct cli_arguments *ret_arguments,
                struct look *ret_look, int *ret_code);
/* Loads the file, which must be named. False: it was said what is wrong. */
bool look_load(struct look *look, const char *verb, const char *path, int *ret_code);
/* Looks for at most so many seconds. False: it was said why not, the look is ended, and `*ret_code`
 * is set. */
bool look_run(struct look *look, const char *verb, int *ret_code);
void look_end(struct look *look);

/* Endpoints of one chain with this verdict. */
uint32_t look_count(const struct probe_chain *chain, uint32_t endpoints_count,
                    enum probe_verdict verdict);

#endif
