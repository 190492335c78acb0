/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/loop/loop_context.h: the websocket library's context, set up for our needs. */
#ifndef SLUICE_RELAY_NODE_LOOP_LOOP_CONTEXT_H
#define SLUICE_RELAY_NODE_LOOP_LOOP_CONTEXT_H

#include <libwebsockets.h>

#include "relay/node/config/config.h"

/* `protocols` ends with NULL and is borrowed for the context's life. NULL: no memory. */
struct lws_context *loop_context_new(const struct node_config *config,
                                     const struct lws_protocols *const *protocols,
                                     struct lws_vhost **ret_vhost);

#endif
