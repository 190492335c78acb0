/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/witness_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

#define REPLY_TIMEOUT_S 20

struct witness_client {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct witness_url url;
    char target[WITNESS_URL_BYTES_MAX + 32];
    char host[300]; /* as a header: with the port when it is not the scheme's own */
    struct witness_handler handler;
    struct lws *wsi;  /* NULL: no request is under way */
    uint8_t *request; /* LWS_PRE bytes, then what is posted; owned */
    size_t request_count;
    size_t sent_count;
    unsigned http_status;
    size_t reply_count;
    uint8_t reply[WITNESS_REPLY_BYTES_MAX];
};

/* ---- one request ---- */

static void finish(struct witness_client *client, unsigned http_status)
{
    if (client->wsi == NULL) {
        return;
    }
    client->wsi = NULL;
    free(client->request);
    client->request = NULL;
    client->handler.replied(client->handler.context, http_status,
                            bytes_from(client->reply, client->reply_count));
}

static int add_length(struct lws *wsi, const struct witness_client *client, void *in, size_t count)
{
    uint8_t **at = in;
    char length[24];
    const int digits = snprintf(length, sizeof(length), "%zu", client->request_count);

    if (lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH,
                                     (const unsigned char *)length, digits, at, *at + count) != 0) {
        return -1;
    }
    lws_client_http_body_pending(wsi, 1);
    lws_callback_on_writable(wsi);
    return 0;
}

static int write_body(struct lws *wsi, struct witness_client *client)
{
    const size_t count = client->request_count - client->sent_count;

    if (count == 0) {
        return 0;
    }
    /* The library keeps what a socket does not take at once. */
    if (lws_write(wsi, client->request + LWS_PRE, count, LWS_WRITE_HTTP_FINAL) < (int)count) {
        return -1;
    }
    client->sent_count = client->request_count;
    lws_client_http_body_pending(wsi, 0);
    lws_set_timeout(wsi, PENDING_TIMEOUT_AWAITING_SERVER_RESPONSE, REPLY_TIMEOUT_S);
    return 0;
}

static int read_some(struct lws *wsi)
{
    char memory[LWS_PRE + 2048];
    char *at = memory + LWS_PRE;
    int count = (int)(sizeof(memory) - LWS_PRE);

    return lws_http_client_read(wsi, &at, &count) < 0 ? -1 : 0;
}

static int keep(struct witness_client *client, const void *in, size_t count)
{
    if (count > sizeof(client->reply) - client->reply_count) {
        return -1;
    }
    memcpy(client->reply + client->reply_count, in, count);
    client->reply_count += count;
    return 0;
}

static int witness_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                            size_t count)
{
    struct witness_client *client = wsi == NULL ? NULL : lws_get_opaque_user_data(wsi);

    (void)user;
    /* While it is being made, the library has not given the connection to us yet. */
    if (client == NULL || (client->wsi != NULL && client->wsi != wsi)) {
        return 0;
    }
    switch ((unsigned)reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_length(wsi, client, in, count);
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
        return write_body(wsi, client);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        client->http_status = lws_http_client_http_response(wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return read_some(wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return keep(client, in, count);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        finish(client, client->http_status);
        return -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        finish(client, 0);
        return 0;
    default: /* not an enum: the library has many more reasons; the rest need nothing */
        return 0;
    }
}

const struct lws_protocols witness_protocol = {
    .name = "sluice-witness",
    .callback = witness_callback,
};

enum status witness_client_post(struct witness_client *client, struct bytes body)
{
    if (client->wsi != NULL) {
        return STATUS_BUSY;
    }
    client->request = malloc(LWS_PRE + body.count);
    if (client->request == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(client->request + LWS_PRE, body.data, body.count);
    client->request_count = body.count;
    client->sent_count = 0;
    client->reply_count = 0;
    client->http_status = 0;
    const struct lws_client_connect_info info = {
        .context = client->context,
        .vhost = client->vhost,
        .address = client->url.host,
        .port = client->url.port,
        .ssl_connection = client->url.is_tls ? LCCSCF_USE_SSL : 0,
        .path = client->target,
        .host = client->host,
        .origin = client->url.host,
        .method = "POST",
        .protocol = witness_protocol.name,
        .local_protocol_name = witness_protocol.name,
        .pwsi = &client->wsi,
        .opaque_user_data = client,
    };
    struct lws *wsi = lws_client_connect_via_info(&info);
    if (wsi == NULL) {
        /* It may have told us already. */
        client->wsi = NULL;
        if (client->request != NULL) {
            free(client->request);
            client->request = NULL;
            client->handler.replied(client->handler.context, 0, (struct bytes){.count = 0});
        }
    }
    return STATUS_OK;
}

/* ---- life ---- */

struct witness_client *witness_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                          const struct witness_url *url,
                                          const struct witness_handler *handler)
{
    struct witness_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        return NULL;
    }
    client->context = context;
    client->vhost = vhost;
    client->url = *url;
    client->handler = *handler;
    (void)snprintf(client->target, sizeof(client->target), "%s/add-checkpoint", url->path);
    if (url->port == (url->is_tls ? 443 : 80)) {
        (void)snprintf(client->host, sizeof(client->host), "%s", url->host);
    } else {
        (void)snprintf(client->host, sizeof(client->host), "%s:%u", url->host, url->port);
    }
    return client;
}

struct witness_client *witness_client_free(struct witness_client *client)
{
    if (client != NULL) {
        free(client->request);
        free(client);
    }
    return NULL;
}

bool witness_client_is_busy(const struct witness_client *client)
{
    return client->wsi != NULL;
}
