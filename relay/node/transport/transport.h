/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/transport/transport.h: one connection to every endpoint of every chain.
 *
 * A websocket; or for http:// and https:// single requests (relay/node/web/web_client.h), where a
 * connection is only whether requests are answered: the body of a good answer is a message; another
 * status, an answer that is too large, late or cut ends everything that is under way, so that what
 * was asked is unknown, as when a websocket is lost. Status 429, and 503 with Retry-After, is a
 * plea for patience: the rest ends likewise, and the endpoint counts as connected. Keeps each
 * connected: a lost or refused connection is tried again with a growing delay, for ever; a silent
 * peer is pinged and given up. Whole messages come out (bounded by frame_bytes_max); whole messages
 * go in through a bounded queue; a peer that does not read them is disconnected.
 *
 * A peer that breaks the protocol is told so as it is cut: 1002 (what no server may send), 1007
 * (text that is not UTF-8), 1009 (a message above frame_bytes_max, refused by what its head
 * promises).
 *
 * Names are resolved on threads of their own (relay/node/web/resolver.h), because the loop must not
 * block.
 *
 * Threads: the loop's, but for the resolvers inside. */
#ifndef SLUICE_RELAY_NODE_TRANSPORT_TRANSPORT_H
#define SLUICE_RELAY_NODE_TRANSPORT_TRANSPORT_H

#include <libwebsockets.h>

#include "relay/node/config/config.h"
#include "relay/node/transport/endpoint.h"

struct transport;

/* Called on the loop. Text is for people and hostile. */
struct transport_handler {
    void *context;
    void (*connected)(void *context, uint32_t chain_index, uint32_t endpoint_index);
    void (*lost)(void *context, uint32_t chain_index, uint32_t endpoint_index);
    void (*frame)(void *context, uint32_t chain_index, uint32_t endpoint_index, struct bytes frame);
    /* The endpoint takes no questions for `wait` (0: it does not say); those under way are unknown.
     */
    void (*limited)(void *context, uint32_t chain_index, uint32_t endpoint_index,
                    struct duration wait);
    /* A connection could not be made or ended; the next try comes after `retry_ms`. */
    void (*trouble)(void *context, uint32_t chain_index, uint32_t endpoint_index, struct bytes text,
                    uint32_t retry_ms);
};

/* The protocol that the loop's context must offer, beside web_client_protocol. */
extern const struct lws_protocols transport_protocol;

/* Borrows `config` and `context` for the transport's life. NULL: no memory. */
struct transport *transport_new(struct lws_context *context, struct lws_vhost *vhost,
                                const struct node_config *config,
                                const struct transport_handler *handler);
/* After the context was destroyed. Accepts NULL, returns NULL. */
struct transport *transport_free(struct transport *transport);

/* Begins to connect everything. */
void transport_start(struct transport *transport);
/* Ends reconnecting; the connections end with the context. */
void transport_stop(struct transport *transport);
/* Takes in what the resolvers found; the loop calls it after every wake-up. */
void transport_take_addresses(struct transport *transport);
/* Queues one message (copied). A full queue ends the connection. */
void transport_send(struct transport *transport, uint32_t chain_index, uint32_t endpoint_index,
                    struct bytes frame);

/* stored nowhere */
enum transport_reading {
    TRANSPORT_READ = 1,
    TRANSPORT_HOLD = 2, /* leave what peers send in their sockets */
};
void transport_set_reading(struct transport *transport, enum transport_reading reading);

#endif
