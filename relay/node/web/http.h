/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/http.h: a small HTTP server for what may be read: GET and HEAD, on loopback; and,
 * if wanted, a websocket at /live that tells every viewer the newest of one text.
 *
 * It carries bytes and decides nothing: a handler turns a path into an answer. Bounded: so many
 * connections, so much of a request, so long for it, however it trickles in; a viewer that is slow
 * gets the newest text when it has taken the one before, one that says anything is refused, one
 * that is silent is pinged and given up. Whoever wants more of the world to read puts a web server
 * in front.
 *
 * With HTTP_HOSTS_LOCAL a request must name this machine as its host, so that no page of another
 * site can read here by a name that it had resolve to 127.0.0.1, and a websocket must come from a
 * page of the same host.
 *
 * With a token a request must carry it, as "Authorization: Bearer TOKEN" or, as browsers do after
 * they asked a person, as the password of "Basic"; a wrong one and none are told alike, and how
 * much of a wrong one was right does not show in the time it takes.
 *
 * Threads: that of the libwebsockets context it is opened on, which is not the node's loop: readers
 * must not slow what moves money. */
#ifndef SLUICE_RELAY_NODE_WEB_HTTP_H
#define SLUICE_RELAY_NODE_WEB_HTTP_H

#include <libwebsockets.h>

#include "relay/base/bytes.h"

#define HTTP_CONNECTIONS_MAX 32u
#define HTTP_VIEWERS_MAX     16u  /* websockets; of the connections */
#define HTTP_PATH_BYTES_MAX  256u /* longer ones are not found */

/* not stored */
enum http_caching {
    HTTP_CACHE_NEVER,   /* ask again each time */
    HTTP_CACHE_FOREVER, /* what is at this path never changes */
};

struct http_answer {
    unsigned status; /* 200, 404, 503 */
    const char *content_type;
    enum http_caching caching;
    uint8_t *body; /* malloc; the server frees it; NULL: none */
    size_t body_count;
};

/* Borrowed for the call. */
struct http_request {
    struct bytes path;   /* begins with a slash */
    struct bytes accept; /* of media types, as it was sent; empty: none, or too long a list */
};

struct http_handler {
    void *context;
    /* `*ret_answer` is 404 without a body at first. */
    void (*serve)(void *context, const struct http_request *request,
                  struct http_answer *ret_answer);
};

/* not stored */
enum http_hosts {
    HTTP_HOSTS_ANY,   /* what is served is for everybody */
    HTTP_HOSTS_SAME,  /* any name, and a page that asks must be of the same */
    HTTP_HOSTS_LOCAL, /* 127.0.0.1, localhost, [::1], with any port: a forwarded one */
};

struct http_counters {
    uint64_t requests_count; /* answered, whatever the answer */
    uint64_t refused_count;  /* a method, a host, an origin, a token, one connection too many */
    uint32_t connections_count;
    uint32_t viewers_count;
};

struct http_server; /* opaque */

struct http_options {
    const char *address; /* of IPv4, to listen on; NULL: 127.0.0.1 */
    uint16_t port;
    const char *token;       /* who does not say it is refused; borrowed; NULL: nobody is asked */
    const char *certificate; /* TLS with this chain and this key, both files of PEM; NULL: none */
    const char *key;
    struct http_handler handler;
    enum http_hosts hosts;
    const char *policy; /* Content-Security-Policy, static; NULL: none. With it pages of others may
                           neither frame nor include what is served */
    bool has_live;      /* /live is there */
};

/* Listens. STATUS_BUSY: the port is taken, or no such address is this machine's; STATUS_MALFORMED:
 * certificate and key cannot be read or do not belong together; STATUS_NO_MEMORY. The server ends
 * with its context and is freed after it. */
MUST_USE enum status http_open(struct lws_context *context, const struct http_options *options,
                               struct http_server **ret_server);
/* After the context was destroyed. Accepts NULL, returns NULL. */
struct http_server *http_free(struct http_server *server);

/* The newest text for viewers (copied). STATUS_NO_MEMORY: they keep the one before. */
MUST_USE enum status http_publish(struct http_server *server, struct bytes text);
struct http_counters http_counters(const struct http_server *server);

/* Whether a request names a media type among those that it takes, in whatever version, and not with
 * a weight of zero (RFC 9110, section 12.5.1). Ranges with stars are no names. */
bool http_accepts(const struct http_request *request, const char *media_type);
/* Copies text into the answer and makes it 200; 503 when there is no memory. */
void http_answer_copy(struct http_answer *answer, struct bytes body, const char *content_type);

#endif
