/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/witness_client.h: carries requests to witnesses (store/log/witness.h) over HTTP(S).
 *
 * One request at a time for each client, bounded in size and time; what comes back is not judged
 * here.
 *
 * Threads: that of the libwebsockets context. */
#ifndef SLUICE_RELAY_NODE_WITNESS_CLIENT_H
#define SLUICE_RELAY_NODE_WITNESS_CLIENT_H

#include <libwebsockets.h>

#include "relay/base/bytes.h"
#include "relay/node/witness_url.h"
#include "store/log/witness.h"

struct witness_client; /* opaque */

struct witness_handler {
    void *context;
    /* Exactly once for each request. `http_status` 0: no reply; `body` is borrowed. */
    void (*replied)(void *context, unsigned http_status, struct bytes body);
};

extern const struct lws_protocols witness_protocol;

/* `url` is copied. NULL: no memory. */
struct witness_client *witness_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                          const struct witness_url *url,
                                          const struct witness_handler *handler);
/* After the context was destroyed. Accepts NULL, returns NULL. */
struct witness_client *witness_client_free(struct witness_client *client);

bool witness_client_is_busy(const struct witness_client *client);
/* Posts `body` (copied) to <path>/add-checkpoint. STATUS_BUSY: a request is under way;
 * STATUS_NO_MEMORY. */
MUST_USE enum status witness_client_post(struct witness_client *client, struct bytes body);

#endif
