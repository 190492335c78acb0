/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/node/resolver.h"
#include "relay/node/web_reply.h"

#define TICK_US         (100 * LWS_US_PER_MS)
#define IDLE_MS         20000u /* a kept connection without a request */
#define NAME_KNOWN_MS   60000u
#define NAME_UNKNOWN_MS 15000u
#define HOST_KEPT_MS    120000u
#define REQUEST_FRONT                                                                              \
    2048u /* room for the request line and our own headers, without the target                     \
           */
#define READ_BYTES_ROUND 65536u

struct request {
    struct request *next; /* in the host's queue */
    struct web_handler handler;
    uint64_t deadline_ms;
    size_t reply_bytes_max;
    bool allow_private;
    bool tried; /* on a kept connection that turned out to be closed */
    size_t text_count;
    uint8_t text[]; /* LWS_PRE bytes of room, then what is sent */
};

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_OPENING,
    CONNECTION_IDLE,
    CONNECTION_BUSY,
    CONNECTION_ENDING, /* nobody wants it; the library has still to say that it ended */
};

struct host;

/* Ends with its socket, of which the library may tell late. */
struct connection {
    struct host *host; /* NULL: ENDING or FREE */
    struct web_client *client;
    struct lws *wsi;
    enum connection_state state;
    struct request *request;
    size_t sent;
    uint64_t idle_since_ms;
    bool reused;
    struct web_reply reply;
};

struct host {
    struct host *next;
    char name[WEB_HOST_BYTES_MAX];
    bool is_tls;
    uint16_t port;
    struct resolved resolved;
    uint64_t resolved_until_ms; /* 0: never */
    bool resolving;
    uint32_t turn;     /* which of its addresses is used next */
    uint32_t failures; /* connections in a row that did not come about */
    uint64_t used_ms;
    struct request *waiting; /* oldest first */
    uint32_t waiting_count;
    struct connection *connections[WEB_CONNECTIONS_PER_HOST];
};

struct web_client {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct resolver *resolver;
    struct host *hosts;
    uint32_t hosts_count;
    uint32_t open_count;
    lws_sorted_usec_list_t timer;
    bool ticking;
    bool stopping;
};

static void host_pump(struct web_client *client, struct host *host);
static void tick_soon(struct web_client *client);

static uint64_t clock_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const char *web_end_name(enum web_end end)
{
    switch (end) {
    case WEB_END_REPLIED:
        return "replied";
    case WEB_END_UNREACHABLE:
        return "unreachable";
    case WEB_END_LATE:
        return "late";
    case WEB_END_TOO_LARGE:
        return "too large";
    case WEB_END_MALFORMED:
        return "not HTTP";
    case WEB_END_FORBIDDEN:
        return "not an address of the public internet";
    case WEB_END_FULL:
        return "too many requests";
    }
    return "?";
}

/* ---- requests ---- */

/* Ends a request that is in no queue and on no connection. */
static void request_end(struct web_client *client, struct request *request,
                        const struct web_result *result)
{
    const struct web_handler handler = request->handler;

    CHECK(client->open_count > 0);
    client->open_count--;
    free(request);
    if (!client->stopping) {
        handler.done(handler.context, result);
    }
}

static void request_fail(struct web_client *client, struct request *request, enum web_end end)
{
    const struct web_result result = {.end = end};

    request_end(client, request, &result);
}

/* Every request that waits for this host. */
static void fail_waiting(struct web_client *client, struct host *host, enum web_end end)
{
    struct request *first = host->waiting;

    host->waiting = NULL;
    host->waiting_count = 0;
    while (first != NULL) {
        struct request *const next = first->next;
        request_fail(client, first, end);
        first = next;
    }
}

static void wait_in_line(struct host *host, struct request *request)
{
    struct request **last = &host->waiting;

    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = request;
    request->next = NULL;
    host->waiting_count++;
}

static struct request *take_first(struct host *host)
{
    struct request *const first = host->waiting;

    host->waiting = first->next;
    host->waiting_count--;
    first->next = NULL;
    return first;
}

/* NULL: no memory, or headers that are too long. */
static struct request *request_new(const struct web_request *from)
{
    const size_t capacity = REQUEST_FRONT + from->url.target.count + from->headers.count;
    char authority[WEB_AUTHORITY_BYTES_MAX];
    char length[48] = "";

    struct request *const request =
        calloc(1, sizeof(*request) + LWS_PRE + capacity + from->body.count);
    if (request == NULL) {
        return NULL;
    }
    web_url_authority(&from->url, authority);
    if (from->body.count > 0 || strcmp(from->method, "GET") != 0) {
        (void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", from->body.count);
    }
    uint8_t *const text = request->text + LWS_PRE;
    const int count = snprintf(
        (char *)text, capacity,
        "%s %s%.*s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sluice\r\nAccept: */*\r\n%s%.*s\r\n",
        from->method, from->url.target.count == 0 ? "/" : "", (int)from->url.target.count,
        from->url.target.count == 0 ? "" : (const char *)from->url.target.data, authority, length,
        (int)from->headers.count, from->headers.count == 0 ? "" : (const char *)from->headers.data);
    CHECK(count > 0 && (size_t)count < capacity);
    if (from->body.count > 0) {
        memcpy(text + count, from->body.data, from->body.count);
    }
    request->text_count = (size_t)count + from->body.count;
    request->handler = from->handler;
    request->deadline_ms = clock_ms() + from->deadline_ms;
    request->reply_bytes_max = from->reply_bytes_max;
    request->allow_private = from->allow_private;
    return request;
}

/* ---- connections ---- */

/* Takes the connection from its host. The library ends it, if it is there, and says so. */
static void connection_leave(struct connection *connection)
{
    struct host *const host = connection->host;

    for (uint32_t i = 0; host != NULL && i < WEB_CONNECTIONS_PER_HOST; i++) {
        if (host->connections[i] == connection) {
            host->connections[i] = NULL;
        }
    }
    connection->host = NULL;
    connection->request = NULL;
    connection->state = CONNECTION_ENDING;
}

static void connection_drop(struct connection *connection)
{
    connection_leave(connection);
    if (connection->wsi != NULL) {
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

/* The connection is of no more use; its request ends, or is tried once more where the server had
 * closed a kept connection before it took the request. */
static void connection_fail(struct connection *connection, enum web_end end)
{
    struct web_client *const client = connection->client;
    struct host *const host = connection->host;
    struct request *const request = connection->request;
    const bool is_lost = connection->state == CONNECTION_OPENING;
    const bool is_stale = connection->reused && !connection->reply.began && request != NULL &&
                          !request->tried && end == WEB_END_UNREACHABLE;

    connection_drop(connection);
    if (is_stale) {
        request->tried = true;
        request->next = host->waiting;
        host->waiting = request;
        host->waiting_count++;
    } else if (request != NULL) {
        request_fail(client, request, end);
    }
    if (host != NULL && is_lost && ++host->failures >= host->resolved.addresses_count) {
        host->failures = 0;
        fail_waiting(client, host, WEB_END_UNREACHABLE);
    } else if (host != NULL) {
        host_pump(client, host);
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

static void connection_done(struct connection *connection)
{
    struct web_client *const client = connection->client;
    struct host *const host = connection->host;
    struct request *const request = connection->request;
    struct web_reply reply = connection->reply;
    const struct web_result result = {.end = WEB_END_REPLIED,
                                      .status = reply.status,
                                      .body = bytes_from(reply.body, reply.body_count)};

    memset(&connection->reply, 0, sizeof(connection->reply));
    connection->request = NULL;
    if (reply.stays_open) {
        connection->state = CONNECTION_IDLE;
        connection->idle_since_ms = clock_ms();
    } else {
        connection_drop(connection);
    }
    request_end(client, request, &result);
    web_reply_free(&reply);
    host_pump(client, host);
}

static int connection_read(struct connection *connection, struct bytes piece)
{
    if (connection->state != CONNECTION_BUSY) {
        /* Bytes that nobody asked for. */
        connection_fail(connection, WEB_END_MALFORMED);
        return 0;
    }
    const enum web_reply_state state = web_reply_take(&connection->reply, piece);
    if (state == WEB_REPLY_DONE) {
        connection_done(connection);
    } else if (state != WEB_REPLY_MORE) {
        connection_fail(connection, end_of(state));
    }
    return 0;
}

static int connection_write(struct connection *connection)
{
    struct request *const request = connection->request;

    if (connection->state != CONNECTION_BUSY || request == NULL ||
        connection->sent == request->text_count) {
        return 0;
    }
    const size_t left = request->text_count - connection->sent;
    const size_t count = left < READ_BYTES_ROUND ? left : READ_BYTES_ROUND;
    /* The library keeps what a socket does not take at once, and scribbles before the bytes: those
     * were sent. */
    if (lws_write(connection->wsi, request->text + LWS_PRE + connection->sent, count,
                  LWS_WRITE_RAW) < (int)count) {
        connection_fail(connection, WEB_END_UNREACHABLE);
        return 0;
    }
    connection->sent += count;
    if (connection->sent < request->text_count) {
        lws_callback_on_writable(connection->wsi);
    }
    return 0;
}

static void connection_ended(struct connection *connection)
{
    connection->wsi = NULL;
    if (connection->state == CONNECTION_BUSY &&
        web_reply_end(&connection->reply) == WEB_REPLY_DONE) {
        connection_done(connection);
    } else if (connection->state != CONNECTION_ENDING) {
        connection_fail(connection, WEB_END_UNREACHABLE);
    }
    web_reply_free(&connection->reply);
    free(connection);
}

static void connection_give(struct connection *connection, struct request *request)
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
    struct connection *const connection = wsi == NULL ? NULL : lws_get_opaque_user_data(wsi);

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
        lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
        connection->wsi = wsi;
        connection->state = CONNECTION_IDLE;
        connection->idle_since_ms = clock_ms();
        connection->host->failures = 0;
        host_pump(connection->client, connection->host);
        return 0;
    case LWS_CALLBACK_RAW_RX:
        return connection_read(connection, bytes_from(in, count));
    case LWS_CALLBACK_RAW_WRITEABLE:
        return connection_write(connection);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_RAW_CLOSE:
        lws_set_opaque_user_data(wsi, NULL);
        connection_ended(connection);
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

/* ---- hosts ---- */

/* Opens one more connection. The library may tell of its end at once. */
static void host_open(struct web_client *client, struct host *host, uint32_t place)
{
    struct connection *const connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        fail_waiting(client, host, WEB_END_FULL);
        return;
    }
    connection->client = client;
    connection->host = host;
    connection->state = CONNECTION_OPENING;
    host->connections[place] = connection;
    const uint32_t which = host->turn++ % host->resolved.addresses_count;
    const struct lws_client_connect_info info = {
        .context = client->context,
        .vhost = client->vhost,
        .address = host->resolved.addresses[which],
        .port = host->port,
        .path = "/",
        .host = host->name, /* also the name that the certificate must have */
        .origin = host->name,
        .method = "RAW",
        .ssl_connection = host->is_tls ? LCCSCF_USE_SSL : 0,
        .alpn = "http/1.1",
        .local_protocol_name = web_client_protocol.name,
        .opaque_user_data = connection,
    };
    /* When it fails the callback told of it, and freed the connection, already. */
    struct lws *const wsi = lws_client_connect_via_info(&info);
    if (wsi != NULL) {
        connection->wsi = wsi;
    }
}

static uint32_t count_state(const struct host *host, enum connection_state state)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        const struct connection *const connection = host->connections[i];
        found += connection != NULL && connection->state == state ? 1 : 0;
    }
    return found;
}

static void host_resolve(struct web_client *client, struct host *host)
{
    if (host->resolving) {
        return;
    }
    if (resolver_ask(client->resolver, host->name) != STATUS_OK) {
        fail_waiting(client, host, WEB_END_FULL);
        return;
    }
    host->resolving = true;
}

/* Ends those at the front of the queue that may not go to this host. */
static void refuse_forbidden(struct web_client *client, struct host *host)
{
    struct request **at = &host->waiting;
    struct request *refused = NULL;

    while (*at != NULL) {
        struct request *const request = *at;
        if (request->allow_private || host->resolved.all_public) {
            at = &request->next;
            continue;
        }
        *at = request->next;
        host->waiting_count--;
        request->next = refused;
        refused = request;
    }
    while (refused != NULL) {
        struct request *const next = refused->next;
        request_fail(client, refused, WEB_END_FORBIDDEN);
        refused = next;
    }
}

static void host_pump(struct web_client *client, struct host *host)
{
    if (host->waiting == NULL || client->stopping) {
        return;
    }
    host->used_ms = clock_ms();
    if (host->resolved_until_ms <= host->used_ms) {
        host_resolve(client, host);
        return;
    }
    if (host->resolved.addresses_count == 0) {
        fail_waiting(client, host, WEB_END_UNREACHABLE);
        return;
    }
    refuse_forbidden(client, host);
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST && host->waiting != NULL; i++) {
        struct connection *const connection = host->connections[i];
        if (connection != NULL && connection->state == CONNECTION_IDLE) {
            connection->reused = connection->idle_since_ms + 5 < host->used_ms;
            connection_give(connection, take_first(host));
        }
    }
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        if (host->connections[i] == NULL &&
            count_state(host, CONNECTION_OPENING) < host->waiting_count) {
            host_open(client, host, i);
        }
    }
}

static struct host *host_find(const struct web_client *client, const struct web_url *url)
{
    struct host *host = client->hosts;

    while (host != NULL && (strcmp(host->name, url->host) != 0 || host->port != url->port ||
                            host->is_tls != url->is_tls)) {
        host = host->next;
    }
    return host;
}

static bool host_is_idle(const struct host *host)
{
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        if (host->connections[i] != NULL) {
            return false;
        }
    }
    return host->waiting == NULL && !host->resolving;
}

/* Forgets hosts that nobody asks any more; all that are idle when there are too many. Only here is
 * a host freed: nobody else holds one across a call of a handler. */
static void forget_hosts(struct web_client *client)
{
    const uint64_t now_ms = clock_ms();
    struct host **at = &client->hosts;

    while (*at != NULL) {
        struct host *const host = *at;
        const bool is_old =
            host->used_ms + HOST_KEPT_MS < now_ms || client->hosts_count == WEB_HOSTS_MAX;
        if (host_is_idle(host) && is_old) {
            *at = host->next;
            client->hosts_count--;
            free(host);
        } else {
            at = &host->next;
        }
    }
}

/* NULL: too many hosts, or no memory. */
static struct host *host_new(struct web_client *client, const struct web_url *url)
{
    struct host *const host =
        client->hosts_count == WEB_HOSTS_MAX ? NULL : calloc(1, sizeof(*host));
    if (host == NULL) {
        return NULL;
    }
    memcpy(host->name, url->host, sizeof(host->name));
    host->is_tls = url->is_tls;
    host->port = url->port;
    host->used_ms = clock_ms();
    host->next = client->hosts;
    client->hosts = host;
    client->hosts_count++;
    return host;
}

void web_client_ask(struct web_client *client, const struct web_request *from)
{
    const struct web_result full = {.end = WEB_END_FULL};
    struct host *host = host_find(client, &from->url);

    host = host == NULL ? host_new(client, &from->url) : host;
    struct request *const request =
        host == NULL || host->waiting_count == WEB_WAITING_PER_HOST ? NULL : request_new(from);
    if (request == NULL) {
        from->handler.done(from->handler.context, &full);
        return;
    }
    client->open_count++;
    wait_in_line(host, request);
    tick_soon(client);
    host_pump(client, host);
}

uint32_t web_client_open(const struct web_client *client)
{
    return client->open_count;
}

/* ---- time ---- */

static void fail_late_waiting(struct web_client *client, struct host *host, uint64_t now_ms)
{
    struct request **at = &host->waiting;
    struct request *late = NULL;

    while (*at != NULL) {
        struct request *const request = *at;
        if (request->deadline_ms > now_ms) {
            at = &request->next;
            continue;
        }
        *at = request->next;
        host->waiting_count--;
        request->next = late;
        late = request;
    }
    while (late != NULL) {
        struct request *const next = late->next;
        request_fail(client, late, WEB_END_LATE);
        late = next;
    }
}

static void host_tick(struct web_client *client, struct host *host, uint64_t now_ms)
{
    fail_late_waiting(client, host, now_ms);
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        struct connection *const connection = host->connections[i];
        if (connection == NULL) {
            continue;
        }
        if (connection->state == CONNECTION_BUSY && connection->request->deadline_ms <= now_ms) {
            connection_fail(connection, WEB_END_LATE);
        } else if (connection->state == CONNECTION_IDLE &&
                   connection->idle_since_ms + IDLE_MS <= now_ms) {
            connection_drop(connection);
        }
    }
}

static void tick(lws_sorted_usec_list_t *timer)
{
    struct web_client *const client = lws_container_of(timer, struct web_client, timer);
    const uint64_t now_ms = clock_ms();

    client->ticking = false;
    for (struct host *host = client->hosts; host != NULL; host = host->next) {
        host_tick(client, host, now_ms);
    }
    forget_hosts(client);
    if (client->hosts != NULL) {
        tick_soon(client);
    }
}

static void tick_soon(struct web_client *client)
{
    if (!client->ticking && !client->stopping) {
        client->ticking = true;
        lws_sul_schedule(client->context, 0, &client->timer, tick, TICK_US);
    }
}

/* ---- life ---- */

static void wake_context(void *context)
{
    const struct web_client *const client = context;

    lws_cancel_service(client->context);
}

void web_client_service(struct web_client *client)
{
    struct resolved resolved;

    while (resolver_take(client->resolver, &resolved)) {
        const uint64_t known_ms = resolved.addresses_count > 0 ? NAME_KNOWN_MS : NAME_UNKNOWN_MS;
        /* Plain and with TLS, or on several ports, are hosts of their own here. */
        for (struct host *host = client->hosts; host != NULL; host = host->next) {
            if (host->resolving && strcmp(host->name, resolved.host) == 0) {
                host->resolving = false;
                host->resolved = resolved;
                host->resolved_until_ms = clock_ms() + known_ms;
                host_pump(client, host);
            }
        }
    }
}

struct web_client *web_client_new(struct lws_context *context, struct lws_vhost *vhost)
{
    struct web_client *const client = calloc(1, sizeof(*client));

    if (client == NULL) {
        return NULL;
    }
    client->context = context;
    client->vhost = vhost;
    client->resolver = resolver_new(wake_context, client);
    return client->resolver == NULL ? web_client_free(client) : client;
}

void web_client_stop(struct web_client *client)
{
    if (client == NULL) {
        return;
    }
    client->stopping = true;
    lws_sul_cancel(&client->timer);
    client->resolver = resolver_free(client->resolver);
    for (struct host *host = client->hosts; host != NULL; host = host->next) {
        fail_waiting(client, host, WEB_END_UNREACHABLE);
        for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
            if (host->connections[i] != NULL) {
                connection_fail(host->connections[i], WEB_END_UNREACHABLE);
            }
        }
    }
}

struct web_client *web_client_free(struct web_client *client)
{
    if (client == NULL) {
        return NULL;
    }
    client->resolver = resolver_free(client->resolver);
    while (client->hosts != NULL) {
        struct host *const host = client->hosts;
        client->hosts = host->next;
        fail_waiting(client, host, WEB_END_UNREACHABLE); /* put back when its connection ended */
        free(host);
    }
    free(client);
    return NULL;
}
