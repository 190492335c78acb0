/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/transport/signer_client.h: the node's side of the signer's Unix socket.
 *
 * Takes on questions and keeps each until it is answered: when the connection is lost it is made
 * again and every open question is asked again, which the signer answers alike (its signatures are
 * deterministic and its own records make a repeat harmless).
 *
 * Threads: the loop's. */
#ifndef SLUICE_RELAY_NODE_TRANSPORT_SIGNER_CLIENT_H
#define SLUICE_RELAY_NODE_TRANSPORT_SIGNER_CLIENT_H

#include <libwebsockets.h>

#include "proto/wire.h"
#include "relay/node/driver/driver.h"

#define SIGNER_QUESTIONS_MAX 512u

struct signer_client;

/* Called on the loop. Text is for people. */
struct signer_handler {
    void *context;
    /* The signer answered the greeting. */
    void (*greeted)(void *context, const struct wire_identity *identity);
    /* The connection is down; it is tried again. */
    void (*trouble)(void *context, const char *text);
    /* `question` as it was asked, but without its transaction, plan and location
     * bytes. */
    void (*answered)(void *context, const struct driver_sign *question, enum outcome outcome,
                     const struct signature *signature, struct bytes reason);
};

extern const struct lws_protocols signer_protocol;

/* `path` is borrowed for the client's life. NULL: no memory. */
struct signer_client *signer_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                        const char *path, const struct signer_handler *handler);
/* After the context was destroyed. Accepts NULL, returns NULL. */
struct signer_client *signer_client_free(struct signer_client *client);

/* Begins to connect. */
void signer_client_start(struct signer_client *client);
/* Ends reconnecting; the connection ends with the context. */
void signer_client_stop(struct signer_client *client);
/* Copied. STATUS_FULL: SIGNER_QUESTIONS_MAX are open. STATUS_NO_MEMORY. */
MUST_USE enum status signer_client_ask(struct signer_client *client,
                                       const struct driver_sign *question);
bool signer_client_is_greeted(const struct signer_client *client);

#endif
