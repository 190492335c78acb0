/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/web_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/process/clock.h"
#include "relay/node/web/web_client_internal.h"

#define TICK_US         (100 * LWS_US_PER_MS)
#define IDLE_MS         20000u /* a kept connection without a request */
#define NAME_KNOWN_MS   60000u
#define NAME_UNKNOWN_MS 15000u
#define HOST_KEPT_MS    120000u
#define REQUEST_FRONT                                                                              \
    2048u /* room for the request line and our own headers, without the target                     \
           */

static void tick_soon(struct web_client *client);

struct web_tls *web_client_begin_tls(struct web_client *client, const char *host)
{
    if (client->authorities == NULL) {
        client->authorities = web_authorities_new(client->authorities_file);
    }
    return client->authorities == NULL ? NULL : web_tls_new(client->authorities, host);
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

void web_request_end(struct web_client *client, struct web_asked *request,
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

void web_request_fail(struct web_client *client, struct web_asked *request, enum web_end end,
                      struct bytes why)
{
    const struct web_result result = {.end = end, .why = why};

    web_request_end(client, request, &result);
}

static void wait_in_line(struct web_host *host, struct web_asked *request)
{
    struct web_asked **last = &host->waiting;

    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = request;
    request->next = NULL;
    host->waiting_count++;
}

/* Out of the host's queue, where `at` points to it. */
static struct web_asked *take_at(struct web_host *host, struct web_asked **at)
{
    struct web_asked *const request = *at;

    *at = request->next;
    host->waiting_count--;
    request->next = NULL;
    return request;
}

void web_host_fail(struct web_client *client, struct web_host *host, enum web_end end,
                   struct bytes why)
{
    for (uint32_t left = host->waiting_count; left > 0 && host->waiting != NULL; left--) {
        web_request_fail(client, take_at(host, &host->waiting), end, why);
    }
}

/* NULL: no memory, or headers that are too long. */
static struct web_asked *request_new(const struct web_request *from)
{
    const size_t capacity = REQUEST_FRONT + from->url.target.count + from->headers.count;
    char authority[WEB_AUTHORITY_BYTES_MAX];
    char length[48] = "";

    struct web_asked *const request =
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
    request->deadline_ms = clock_monotonic_ms() + from->deadline_ms;
    request->reply_bytes_max = from->reply_bytes_max;
    return request;
}

/* ---- hosts ---- */

/* Opens one more connection. The library may tell of its end at once. */
static void host_open(struct web_client *client, struct web_host *host, uint32_t place)
{
    struct web_connection *const connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        web_host_fail(client, host, WEB_END_FULL, (struct bytes){0});
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
        .host = host->name,
        .origin = host->name,
        .method = "RAW",
        .local_protocol_name = web_client_protocol.name,
        .opaque_user_data = connection,
    };
    /* When it fails the callback told of it, and freed the connection, already. */
    struct lws *const wsi = lws_client_connect_via_info(&info);
    if (wsi != NULL) {
        connection->wsi = wsi;
    }
}

static uint32_t count_state(const struct web_host *host, enum web_connection_state state)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        const struct web_connection *const connection = host->connections[i];
        found += connection != NULL && connection->state == state ? 1 : 0;
    }
    return found;
}

static void host_resolve(struct web_client *client, struct web_host *host)
{
    if (host->resolving) {
        return;
    }
    if (resolver_ask(client->resolver, host->name) != STATUS_OK) {
        web_host_fail(client, host, WEB_END_FULL, (struct bytes){0});
        return;
    }
    host->resolving = true;
}

void web_host_pump(struct web_client *client, struct web_host *host)
{
    if (host->waiting == NULL || client->stopping) {
        return;
    }
    host->used_ms = clock_monotonic_ms();
    if (host->resolved_until_ms <= host->used_ms) {
        host_resolve(client, host);
        if (host->resolved.addresses_count == 0 || host->waiting == NULL) {
            return;
        }
    }
    if (host->resolved.addresses_count == 0) {
        web_host_fail(client, host, WEB_END_UNREACHABLE, bytes_from_string("name not found"));
        return;
    }
    if (!host->allow_private && !host->resolved.all_public) {
        web_host_fail(client, host, WEB_END_FORBIDDEN, (struct bytes){0});
        return;
    }
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST && host->waiting != NULL; i++) {
        struct web_connection *const connection = host->connections[i];
        if (connection != NULL && connection->state == CONNECTION_IDLE) {
            connection->reused = connection->idle_since_ms + 5 < host->used_ms;
            web_connection_give(connection, take_at(host, &host->waiting));
        }
    }
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        if (host->connections[i] == NULL &&
            count_state(host, CONNECTION_OPENING) < host->waiting_count) {
            host_open(client, host, i);
        }
    }
}

static bool host_serves(const struct web_host *host, const struct web_request *request)
{
    return strcmp(host->name, request->url.host) == 0 && host->port == request->url.port &&
           host->is_tls == request->url.is_tls && host->group == request->group &&
           host->allow_private == request->allow_private;
}

static struct web_host *host_find(const struct web_client *client,
                                  const struct web_request *request)
{
    struct web_host *host = client->hosts;

    while (host != NULL && !host_serves(host, request)) {
        host = host->next;
    }
    return host;
}

static bool host_is_idle(const struct web_host *host)
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
    const uint64_t now_ms = clock_monotonic_ms();
    struct web_host **at = &client->hosts;

    while (*at != NULL) {
        struct web_host *const host = *at;
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
static struct web_host *host_new(struct web_client *client, const struct web_request *request)
{
    struct web_host *const host =
        client->hosts_count == WEB_HOSTS_MAX ? NULL : calloc(1, sizeof(*host));
    if (host == NULL) {
        return NULL;
    }
    memcpy(host->name, request->url.host, sizeof(host->name));
    host->is_tls = request->url.is_tls;
    host->port = request->url.port;
    host->allow_private = request->allow_private;
    host->group = request->group;
    host->used_ms = clock_monotonic_ms();
    host->next = client->hosts;
    client->hosts = host;
    client->hosts_count++;
    return host;
}

void web_client_ask(struct web_client *client, const struct web_request *from)
{
    const struct web_result full = {.end = WEB_END_FULL};
    struct web_host *host = host_find(client, from);

    host = host == NULL ? host_new(client, from) : host;
    struct web_asked *const request =
        host == NULL || host->waiting_count == WEB_WAITING_PER_HOST ? NULL : request_new(from);
    if (request == NULL) {
        from->handler.done(from->handler.context, &full);
        return;
    }
    client->open_count++;
    wait_in_line(host, request);
    tick_soon(client);
    web_host_pump(client, host);
}

static void host_cancel(struct web_client *client, struct web_host *host, const void *context)
{
    for (struct web_asked **at = &host->waiting; *at != NULL;) {
        if ((*at)->handler.context == context) {
            client->open_count--;
            free(take_at(host, at));
        } else {
            at = &(*at)->next;
        }
    }
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        struct web_connection *const connection = host->connections[i];
        struct web_asked *const request = connection == NULL ? NULL : connection->request;
        if (request != NULL && request->handler.context == context) {
            client->open_count--;
            web_connection_drop(connection);
            free(request);
        }
    }
}

void web_client_cancel(struct web_client *client, const void *handler_context)
{
    for (struct web_host *host = client->hosts; host != NULL; host = host->next) {
        host_cancel(client, host, handler_context);
        web_host_pump(client, host);
    }
}

uint32_t web_client_open(const struct web_client *client)
{
    return client->open_count;
}

/* ---- time ---- */

static void fail_late_waiting(struct web_client *client, struct web_host *host, uint64_t now_ms)
{
    struct web_asked **at = &host->waiting;

    while (*at != NULL) {
        if ((*at)->deadline_ms > now_ms) {
            at = &(*at)->next;
            continue;
        }
        web_request_fail(client, take_at(host, at), WEB_END_LATE, (struct bytes){0});
        at = &host->waiting; /* a handler may have changed the queue */
    }
}

static void host_tick(struct web_client *client, struct web_host *host, uint64_t now_ms)
{
    fail_late_waiting(client, host, now_ms);
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        struct web_connection *const connection = host->connections[i];
        if (connection == NULL) {
            continue;
        }
        if (connection->state == CONNECTION_BUSY && connection->request->deadline_ms <= now_ms) {
            web_connection_fail(connection, WEB_END_LATE, (struct bytes){0});
        } else if (connection->state == CONNECTION_IDLE &&
                   connection->idle_since_ms + IDLE_MS <= now_ms) {
            web_connection_drop(connection);
        }
    }
}

static void tick(lws_sorted_usec_list_t *timer)
{
    struct web_client *const client = lws_container_of(timer, struct web_client, timer);
    const uint64_t now_ms = clock_monotonic_ms();

    client->ticking = false;
    for (struct web_host *host = client->hosts; host != NULL; host = host->next) {
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
        /* Plain and with TLS, on several ports and of several groups are hosts of their own. */
        for (struct web_host *host = client->hosts; host != NULL; host = host->next) {
            if (host->resolving && strcmp(host->name, resolved.host) == 0) {
                host->resolving = false;
                host->resolved = resolved.addresses_count > 0 ? resolved : host->resolved;
                host->resolved_until_ms = clock_monotonic_ms() + known_ms;
                web_host_pump(client, host);
            }
        }
    }
}

struct web_client *web_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                  const char *tls_ca)
{
    struct web_client *const client = calloc(1, sizeof(*client));

    if (client == NULL) {
        return NULL;
    }
    client->context = context;
    client->vhost = vhost;
    client->authorities_file = tls_ca;
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
    for (struct web_host *host = client->hosts; host != NULL; host = host->next) {
        web_host_fail(client, host, WEB_END_UNREACHABLE, (struct bytes){0});
        for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
            if (host->connections[i] != NULL) {
                web_connection_fail(host->connections[i], WEB_END_UNREACHABLE, (struct bytes){0});
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
        struct web_host *const host = client->hosts;
        client->hosts = host->next;
        web_host_fail(client, host, WEB_END_UNREACHABLE,
                      (struct bytes){0}); /* put back when its connection ended */
        free(host);
    }
    client->authorities = web_authorities_free(client->authorities);
    free(client);
    return NULL;
}
