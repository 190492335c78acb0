/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/loop.h: the running node: one thread that carries bytes, lets time pass and does
 * what the driver's ports ask for.
 *
 * Beside it, each behind bounded queues: the journal's writer, the planner, the thread of files and
 * the resolver of names; where they are configured, the log's keeper and the site. The signer is
 * another process. The service manager is told by the loop itself (relay/node/process/service.h).
 *
 * Order of a stop (SIGTERM, SIGINT): EVENT_STOP is journaled, the last batch becomes durable, the
 * connections and threads end, a child signer ends, the journal is closed. */
#ifndef SLUICE_RELAY_NODE_LOOP_LOOP_H
#define SLUICE_RELAY_NODE_LOOP_LOOP_H

#include "relay/node/config/config.h"

/* Runs until told to stop. Returns an exit code (relay/node/process/exit_codes.h). Everything it
 * has to say goes to standard error, one line each. */
int loop_run(const struct node_config *config, const char *build_id);

/* Connects to every chain, asks what the adapters ask of a new endpoint, prints one line per chain
 * on standard output and returns: 0 when each chain has a good endpoint, 2 when one is the wrong
 * chain or lacks a contract, 3 when one does not answer. Opens no journal and signs nothing. */
int loop_check(const struct node_config *config);

#endif
