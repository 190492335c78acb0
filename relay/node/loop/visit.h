/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/visit.h: a configuration's endpoints for somebody who only looks: the node's
 * transport in a loop of its own, without driver, journal or signer.
 *
 * Threads: the caller's, but for the transport's resolver. */
#ifndef SLUICE_RELAY_NODE_LOOP_VISIT_H
#define SLUICE_RELAY_NODE_LOOP_VISIT_H

#include "relay/node/transport/transport.h"

struct visit {
    struct lws_context *context;
    struct transport *transport;
    lws_sorted_usec_list_t timer;
};

/* Zeroed by the caller, and closed whatever the answer. STATUS_NO_MEMORY. */
MUST_USE enum status visit_open(struct visit *visit, const struct node_config *config,
                                const struct transport_handler *handler);
/* Serves connections for so long at most; false: the loop is broken. */
bool visit_wait(struct visit *visit, lws_usec_t most_us);
void visit_close(struct visit *visit); /* accepts what was never opened */

#endif
