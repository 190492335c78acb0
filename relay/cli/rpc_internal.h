/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/rpc_internal.h: what the verbs of `sluice rpc` have in common. */
#ifndef SLUICE_RELAY_CLI_RPC_INTERNAL_H
#define SLUICE_RELAY_CLI_RPC_INTERNAL_H

#include "store/journal.h"

/* What the node of this journal asked an endpoint on a day (since the epoch), by its records.
 * `reader` may be NULL: nothing. */
uint64_t rpc_spent_today(struct journal_reader *reader, uint32_t domain, uint32_t endpoint,
                         uint64_t day);

int cli_rpc_bench(int argc, char **argv);

#endif
