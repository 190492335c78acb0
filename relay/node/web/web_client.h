/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/web_client.h: requests to web servers (HTTP/1.1 over TCP or TLS) that are not
 * trusted.
 *
 * Promises
 *   1. Every request ends in exactly one call of its handler, at the latest at its deadline.
 *   2. A reply larger than asked for is cut at the limit; redirects are never followed.
 *   3. Unless a request says otherwise it goes to addresses of the public internet alone: the name
 *      is looked up once, every address of it is checked, and the connection is made to the
 *      checked address, so that a name cannot change its meaning between the two. A request that
 *      may not go elsewhere never uses a connection of one that may.
 *   4. A host has at most WEB_CONNECTIONS_PER_HOST connections and a bounded queue; a slow one
 *      delays nobody else. Connections are kept and used again for a while. Requests of different
 *      groups count as to different hosts.
 *
 * A request on a kept connection that the server closed meanwhile is made once more on a new one.
 * While a name is looked up again its connections go on; a look-up that finds nothing does not take
 * away what was known.
 *
 * Threads: that of the libwebsockets context (web_client_service after each of its rounds); names
 * are looked up on others (resolver.h). */
#ifndef SLUICE_RELAY_NODE_WEB_WEB_CLIENT_H
#define SLUICE_RELAY_NODE_WEB_WEB_CLIENT_H

#include <libwebsockets.h>

#include "relay/base/bytes.h"
#include "relay/node/web/web_url.h"

#define WEB_CONNECTIONS_PER_HOST 6u
#define WEB_WAITING_PER_HOST     1024u
#define WEB_HOSTS_MAX            512u

enum web_end {
    WEB_END_REPLIED,     /* the status may be any */
    WEB_END_UNREACHABLE, /* no such name, no connection, no valid certificate, cut */
    WEB_END_LATE,
    WEB_END_TOO_LARGE,
    WEB_END_MALFORMED, /* not HTTP */
    WEB_END_FORBIDDEN, /* an address that is not of the public internet */
    WEB_END_FULL,      /* too many requests, or no memory */
};

struct web_result {
    enum web_end end;
    unsigned status;        /* WEB_END_REPLIED */
    uint32_t retry_after_s; /* WEB_END_REPLIED: how long it asks to be left alone; 0: it does not */
    struct bytes body;      /* WEB_END_REPLIED; borrowed, hostile */
    struct bytes why;       /* WEB_END_UNREACHABLE: for people, borrowed, hostile; may be empty */
};

struct web_handler {
    void *context;
    void (*done)(void *context, const struct web_result *result);
};

struct web_request {
    const char *method;
    struct web_url url;
    struct bytes headers; /* whole lines with CR LF, besides Host, Content-Length, User-Agent and
                             Accept, which are added */
    struct bytes body;
    size_t reply_bytes_max;
    uint32_t deadline_ms;
    bool allow_private; /* the address is our own configuration's word */
    uint32_t group;
    struct web_handler handler;
};

struct web_client;

/* The protocol that the context must offer. */
extern const struct lws_protocols web_client_protocol;

/* Borrows all of it for its life. `tls_ca`: a PEM file of authorities to trust besides the
 * system's; empty: none. NULL: no memory or threads. */
struct web_client *web_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                  const char *tls_ca);
/* Before the context is destroyed: no handler is called any more, no thread wakes the context. */
void web_client_stop(struct web_client *client);
/* After the context was destroyed. Accepts NULL, returns NULL. */
struct web_client *web_client_free(struct web_client *client);

/* Takes on a request (copied). Its handler may be called before this returns; a handler may ask for
 * something else, and waits before it asks the same again. */
void web_client_ask(struct web_client *client, const struct web_request *request);
void web_client_service(struct web_client *client);
/* Ends every request with this handler's context, without a call of it. */
void web_client_cancel(struct web_client *client, const void *handler_context);
/* Requests whose handler was not called yet. */
uint32_t web_client_open(const struct web_client *client);

/* "replied", "unreachable", ... Static memory. */
const char *web_end_name(enum web_end end);

#endif
