/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/web_client_internal.h: what web_client.c (requests, hosts, time) and
 * web_connection.c (one connection, with or without TLS) share. A host is freed by the timer alone,
 * so that it may be held across a call of a handler. */
#ifndef SLUICE_RELAY_NODE_WEB_WEB_CLIENT_INTERNAL_H
#define SLUICE_RELAY_NODE_WEB_WEB_CLIENT_INTERNAL_H

#include "relay/node/web/resolver.h"
#include "relay/node/web/web_client.h"
#include "relay/node/web/web_reply.h"
#include "relay/node/web/web_tls.h"

/* One request. */
struct web_asked {
    struct web_asked *next; /* in the host's queue */
    struct web_handler handler;
    uint64_t deadline_ms;
    size_t reply_bytes_max;
    bool tried; /* on a kept connection that turned out to be closed */
    size_t text_count;
    uint8_t text[]; /* LWS_PRE bytes of room, then what is sent */
};

enum web_connection_state {
    CONNECTION_FREE,
    CONNECTION_OPENING,
    CONNECTION_IDLE,
    CONNECTION_BUSY,
    CONNECTION_ENDING, /* nobody wants it; the library has still to say that it ended */
};

struct web_host;

/* Ends with its socket, of which the library may tell late. */
struct web_connection {
    struct web_host *host; /* NULL: ENDING or FREE */
    struct web_client *client;
    struct lws *wsi;
    enum web_connection_state state;
    struct web_asked *request;
    size_t sent;
    uint64_t idle_since_ms;
    bool reused;
    struct web_tls *tls; /* NULL: none, or no socket yet */
    struct web_reply reply;
};

struct web_host {
    struct web_host *next;
    char name[WEB_HOST_BYTES_MAX];
    bool is_tls;
    bool allow_private;
    uint16_t port;
    uint32_t group;
    struct resolved resolved;
    uint64_t resolved_until_ms; /* 0: never */
    bool resolving;
    uint32_t turn;     /* which of its addresses is used next */
    uint32_t failures; /* connections in a row that did not come about */
    uint64_t used_ms;
    struct web_asked *waiting; /* oldest first */
    uint32_t waiting_count;
    struct web_connection *connections[WEB_CONNECTIONS_PER_HOST];
};

struct web_client {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct resolver *resolver;
    const char *authorities_file;
    struct web_authorities *authorities; /* NULL: not needed yet */
    struct web_host *hosts;
    uint32_t hosts_count;
    uint32_t open_count;
    lws_sorted_usec_list_t timer;
    bool ticking;
    bool stopping;
};

/* ---- web_client.c ---- */

/* Monotonic. */
/* Who is trusted is read with the first need. NULL: no memory, or they cannot be read. */
struct web_tls *web_client_begin_tls(struct web_client *client, const char *host);
/* Ends a request that is in no queue and on no connection. */
void web_request_end(struct web_client *client, struct web_asked *request,
                     const struct web_result *result);
void web_request_fail(struct web_client *client, struct web_asked *request, enum web_end end,
                      struct bytes why);
/* Ends every request that waits for this host. A handler may cancel others, or ask for more. */
void web_host_fail(struct web_client *client, struct web_host *host, enum web_end end,
                   struct bytes why);
/* Gives what waits to connections, and opens them. */
void web_host_pump(struct web_client *client, struct web_host *host);

/* ---- web_connection.c ---- */

/* Takes the connection from its host. The library ends it, if it is there, and says so. */
void web_connection_drop(struct web_connection *connection);
/* The connection is of no more use; its request ends, or is tried once more where the server had
 * closed a kept connection before it took the request. */
void web_connection_fail(struct web_connection *connection, enum web_end end, struct bytes why);
/* To one that is idle. */
void web_connection_give(struct web_connection *connection, struct web_asked *request);

#endif
