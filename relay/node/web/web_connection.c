/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the web client, from its socket to its end. */
#include <string.h>

#include "relay/node/process/clock.h"
#include "relay/node/web/web_client_internal.h"

#define READ_BYTES_ROUND 65536u
#define TLS_WAIT_S       8 /* for its handshake */

static void connection_leave(struct web_connection *connection)
{
    struct web_host *const host = connection->host;

    for (uint32_t i = 0; host != NULL && i < WEB_CONNECTIONS_PER_HOST; i++) {
        if (host->connections[i] == connection) {
            host->connections[i] = NULL;
        }
    }
    connection->host = NULL;
    connection->request = NULL;
    connection->state = CONNECTION_ENDING;
}

void web_connection_drop(struct web_connection *connection)
{
    connection_leave(connection);
    if (connection->wsi != NULL) {
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

void web_connection_fail(struct web_connection *connection, enum web_end end, struct bytes why)
{
    struct web_client *const client = connection->client;
    struct web_host *const host = connection->host;
    struct web_asked *const request = connection->request;
    const bool is_lost = connection->state == CONNECTION_OPENING;
    const bool is_stale = connection->reused && !connection->reply.began && request != NULL &&
                          !request->tried && end == WEB_END_UNREACHABLE;

    web_connection_drop(connection);
    if (is_stale) {
        request->tried = true;
        request->next = host->waiting;
        host->waiting = request;
        host->waiting_count++;
    } else if (request != NULL) {
        web_request_fail(client, request, end, why);
    }
    if (host != NULL && is_lost && ++host->failures >= host->resolved.addresses_count) {
        host->failures = 0;
        web_host_fail(client, host, WEB_END_UNREACHABLE, why);
    } else if (host != NULL) {
        web_host_pump(client, host);
    }
}

static enum web_end end_of(enum web_reply_state state)
{
    switch (state) {
    case WEB_REPLY_TOO_LARGE:
        return WEB_END_TOO_LARGE;
    case WEB_REPLY_NO_MEMORY:
        return WEB_END_FULL;
    case WEB_REPLY_MALFORMED:
    case WEB_REPLY_MORE:
    case WEB_REPLY_DONE:
        break;
    }
    return WEB_END_MALFORMED;
}

static void connection_done(struct web_connection *connection)
{
    struct web_client *const client = connection->client;
    struct web_host *const host = connection->host;
    struct web_asked *const request = connection->request;
    struct web_reply reply = connection->reply;
    const struct web_result result = {.end = WEB_END_REPLIED,
                                      .status = reply.status,
                                      .retry_after_s = reply.retry_after_s,
                                      .body = bytes_from(reply.body, reply.body_count)};

    memset(&connection->reply, 0, sizeof(connection->reply));
    connection->request = NULL;
    if (reply.stays_open) {
        connection->state = CONNECTION_IDLE;
        connection->idle_since_ms = clock_monotonic_ms();
    } else {
        web_connection_drop(connection);
    }
    web_request_end(client, request, &result);
    web_reply_free(&reply);
    web_host_pump(client, host);
}

/* The server ended it, which may be the end of a body. */
static void connection_close(struct web_connection *connection, struct bytes why)
{
    if (connection->state == CONNECTION_BUSY &&
        web_reply_end(&connection->reply) == WEB_REPLY_DONE) {
        connection_done(connection);
    } else {
        web_connection_fail(connection, WEB_END_UNREACHABLE, why);
    }
}

static void connection_read(struct web_connection *connection, struct bytes piece)
{
    if (connection->state != CONNECTION_BUSY) {
        /* Bytes that nobody asked for. */
        web_connection_fail(connection, WEB_END_MALFORMED, (struct bytes){0});
        return;
    }
    const enum web_reply_state state = web_reply_take(&connection->reply, piece);
    if (state == WEB_REPLY_DONE) {
        connection_done(connection);
    } else if (state != WEB_REPLY_MORE) {
        web_connection_fail(connection, end_of(state), (struct bytes){0});
    }
}

static void connection_opened(struct web_connection *connection)
{
    lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
    connection->state = CONNECTION_IDLE;
    connection->idle_since_ms = clock_monotonic_ms();
    connection->host->failures = 0;
    web_host_pump(connection->client, connection->host);
}

/* Bytes of a connection with TLS; none: it has a socket now. */
static void connection_decipher(struct web_connection *connection, struct bytes wire)
{
    const bool was_shaking = connection->state == CONNECTION_OPENING;
    enum web_tls_state state = web_tls_take(connection->tls, wire);
    uint8_t text[READ_BYTES_ROUND / 4];

    if (was_shaking && state == WEB_TLS_OPEN) {
        connection_opened(connection);
    }
    while (connection->state != CONNECTION_ENDING) {
        const size_t count = web_tls_read(connection->tls, text, sizeof(text));
        if (count == 0) {
            break;
        }
        connection_read(connection, bytes_from(text, count));
    }
    state = web_tls_state(connection->tls);
    if (connection->state == CONNECTION_ENDING) {
        return;
    }
    if (state == WEB_TLS_FAILED) {
        web_connection_fail(connection, WEB_END_UNREACHABLE,
                            bytes_from_string(web_tls_why(connection->tls)));
    } else if (state == WEB_TLS_CLOSED) {
        connection_close(connection, bytes_from_string("closed"));
    } else if (web_tls_has_wire(connection->tls)) {
        lws_callback_on_writable(connection->wsi);
    }
}

static void connection_begin(struct web_connection *connection, struct lws *wsi)
{
    connection->wsi = wsi;
    if (!connection->host->is_tls) {
        connection_opened(connection);
        return;
    }
    connection->tls = web_client_begin_tls(connection->client, connection->host->name);
    if (connection->tls == NULL) {
        web_connection_fail(connection, WEB_END_FULL, (struct bytes){0});
        return;
    }
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, TLS_WAIT_S);
    connection_decipher(connection, (struct bytes){0});
}

/* The library keeps what a socket does not take at once, and scribbles before the bytes. False: the
 * connection failed. */
static bool connection_put(struct web_connection *connection, uint8_t *text, size_t count)
{
    if (lws_write(connection->wsi, text, count, LWS_WRITE_RAW) < (int)count) {
        web_connection_fail(connection, WEB_END_UNREACHABLE,
                            bytes_from_string("the connection broke"));
        return false;
    }
    return true;
}

static void connection_put_ciphered(struct web_connection *connection)
{
    uint8_t memory[LWS_PRE + READ_BYTES_ROUND / 2];
    const size_t count = web_tls_give(connection->tls, memory + LWS_PRE, sizeof(memory) - LWS_PRE);

    if (count > 0 && connection_put(connection, memory + LWS_PRE, count) &&
        web_tls_has_wire(connection->tls)) {
        lws_callback_on_writable(connection->wsi);
    }
}

static void connection_write(struct web_connection *connection)
{
    struct web_asked *const request = connection->request;
    const bool is_busy = connection->state == CONNECTION_BUSY && request != NULL;
    const size_t left = is_busy ? request->text_count - connection->sent : 0;
    const size_t count = left < READ_BYTES_ROUND ? left : READ_BYTES_ROUND;

    if (connection->tls != NULL && web_tls_has_wire(connection->tls)) {
        connection_put_ciphered(connection);
        if (left > 0) {
            lws_callback_on_writable(connection->wsi);
        }
        return;
    }
    if (count == 0) {
        return;
    }
    uint8_t *const text = request->text + LWS_PRE + connection->sent;
    if (connection->tls != NULL) {
        if (!web_tls_write(connection->tls, bytes_from(text, count))) {
            web_connection_fail(connection, WEB_END_UNREACHABLE,
                                bytes_from_string(web_tls_why(connection->tls)));
            return;
        }
    } else if (!connection_put(connection, text, count)) {
        return;
    }
    connection->sent += count;
    if (connection->tls != NULL || connection->sent < request->text_count) {
        lws_callback_on_writable(connection->wsi);
    }
}

static void connection_ended(struct web_connection *connection, struct bytes why)
{
    connection->wsi = NULL;
    /* With TLS the server has to say so when it ends a body. */
    if (connection->state != CONNECTION_ENDING && connection->tls == NULL) {
        connection_close(connection, why);
    } else if (connection->state != CONNECTION_ENDING) {
        web_connection_fail(connection, WEB_END_UNREACHABLE, why);
    }
    connection->tls = web_tls_free(connection->tls);
    web_reply_free(&connection->reply);
    free(connection);
}

void web_connection_give(struct web_connection *connection, struct web_asked *request)
{
    connection->request = request;
    connection->sent = 0;
    connection->state = CONNECTION_BUSY;
    web_reply_begin(&connection->reply, request->reply_bytes_max);
    lws_callback_on_writable(connection->wsi);
}

static int web_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t count)
{
    struct web_connection *const connection = wsi == NULL ? NULL : lws_get_opaque_user_data(wsi);

    (void)user;
    if (connection == NULL) {
        return 0;
    }
    if (connection->state == CONNECTION_ENDING && reason != LWS_CALLBACK_RAW_CLOSE &&
        reason != LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        return reason == LWS_CALLBACK_RAW_CONNECTED || reason == LWS_CALLBACK_RAW_RX ||
                       reason == LWS_CALLBACK_RAW_WRITEABLE
                   ? -1
                   : 0;
    }
    switch ((unsigned)reason) {
    case LWS_CALLBACK_RAW_CONNECTED:
        connection_begin(connection, wsi);
        return 0;
    case LWS_CALLBACK_RAW_RX:
        if (connection->tls != NULL) {
            connection_decipher(connection, bytes_from(in, count));
        } else {
            connection_read(connection, bytes_from(in, count));
        }
        return 0;
    case LWS_CALLBACK_RAW_WRITEABLE:
        connection_write(connection);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        lws_set_opaque_user_data(wsi, NULL);
        connection_ended(connection, in == NULL ? bytes_from_string("cannot connect")
                                                : bytes_from(in, strnlen(in, count)));
        return 0;
    case LWS_CALLBACK_RAW_CLOSE:
        lws_set_opaque_user_data(wsi, NULL);
        connection_ended(connection, bytes_from_string("the answer was cut"));
        return 0;
    default: /* not an enum: the library has many more reasons; the rest need nothing */
        return 0;
    }
}

const struct lws_protocols web_client_protocol = {
    .name = "sluice-web",
    .callback = web_callback,
    .rx_buffer_size = 65536,
};
