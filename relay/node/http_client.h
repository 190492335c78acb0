/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/http_client.h: messages as HTTP POST requests, for endpoints without a websocket.
 *
 * Each message is a request of its own; HTTP_REQUESTS_MAX go out at once and the others wait in a
 * bounded queue. The body of a good answer is a message. An answer of another status, one that is
 * too large, late or cut ends everything that is under way: what was asked is then unknown, as when
 * a connection is lost. Status 429, and 503 with Retry-After, is a plea for patience: the rest ends
 * likewise, and the endpoint counts as connected.
 *
 * Threads: the loop's. Memory: one client per endpoint, owned by whoever made it. */
#ifndef SLUICE_RELAY_NODE_HTTP_CLIENT_H
#define SLUICE_RELAY_NODE_HTTP_CLIENT_H

#include <libwebsockets.h>

#include "relay/base/bytes.h"
#include "relay/base/instant.h"
#include "relay/node/endpoint.h"

#define HTTP_REQUESTS_MAX 4u

struct http_client;

/* Called on the loop. */
struct http_handler {
    void *context;
    void (*answered)(void *context, struct bytes body); /* hostile */
    /* Everything that was under way has ended. Text is for people and hostile. */
    void (*failed)(void *context, struct bytes text);
    /* The endpoint takes no requests for `wait`; everything that was under way has ended. */
    void (*limited)(void *context, struct duration wait);
};

/* The protocol that the loop's context must offer. */
extern const struct lws_protocols http_client_protocol;

/* The certificate of this connection is not believed, which the context's first protocol hears.
 * `why` is static. */
void http_client_distrust(struct lws *wsi, const char *why);

/* Borrows everything for the client's life. NULL: no memory. */
struct http_client *http_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                    const struct endpoint *endpoint, uint32_t body_bytes_max,
                                    const struct http_handler *handler);
/* After the context was destroyed. Accepts NULL, returns NULL. */
struct http_client *http_client_free(struct http_client *client);

/* Sends one message (copied) to the endpoint at this numeric address. STATUS_FULL: too many wait.
 * STATUS_NO_MEMORY. What happens next comes through the handler. */
MUST_USE enum status http_client_send(struct http_client *client, const char *address,
                                      struct bytes message);
/* Ends what is under way without a word. */
void http_client_drop(struct http_client *client);

#endif
