/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/https.h: one question at a time to one web server, over HTTP/1.1, with or
 * without TLS.
 *
 * The connection is kept for the next question while the server keeps it. With TLS the server must
 * prove its name to an authority that is trusted; without it nobody is hidden from, and what comes
 * back is judged by whoever asked. A question has one deadline, from its name lookup (which alone
 * may take longer, by the resolver's own limits) to its last byte.
 *
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_HTTPS_H
#define SLUICE_RELAY_SIGNER_REMOTE_HTTPS_H

#include "relay/base/instant.h"
#include "relay/signer/remote/http_reply.h"

#define HTTPS_URL_BYTES_MAX  512u
#define HTTPS_HOST_BYTES_MAX 254u
#define HTTPS_PATH_BYTES_MAX 256u

/* A URL, taken apart. */
struct https_place {
    bool has_tls;
    char host[HTTPS_HOST_BYTES_MAX];
    char port[6];
    char authority[HTTPS_HOST_BYTES_MAX + 8]; /* the Host header: the port only if not the usual */
    char path[HTTPS_PATH_BYTES_MAX];          /* of the service, without a slash at its end */
};

/* "https://keys.example.com:9000/base". STATUS_MALFORMED: no such URL, or one with a user, a query
 * or a fragment. */
MUST_USE enum status https_place_read(const char *url, struct https_place *ret_place);

struct https_options {
    struct https_place place;
    const char *authority_file; /* certificates to trust; NULL: the system's */
    struct duration timeout;
};

struct https; /* opaque */

/* Loads the certificates; connects to nobody. STATUS_NOT_FOUND: they cannot be loaded.
 * STATUS_NO_MEMORY. */
MUST_USE enum status https_open(const struct https_options *options, struct https **ret_https);
/* Accepts NULL, returns NULL. */
struct https *https_close(struct https *https);

struct https_question {
    const char *method;
    const char *path;    /* behind the place's own */
    const char *headers; /* whole lines beside Host and Content-Length; may be "" */
    struct bytes body;   /* with a Content-Length unless the method is GET */
};

/* Asks once, and once more where a connection that was kept turns out to be closed. The reply is
 * borrowed until the next question. STATUS_TIMEOUT, STATUS_UNREACHABLE, STATUS_REFUSED (the
 * server's certificate), STATUS_MALFORMED (what it said is no reply), STATUS_FULL (the question is
 * too long); `ret_why` says it in words then, in static memory. */
MUST_USE enum status https_ask(struct https *https, const struct https_question *question,
                               struct http_reply *ret_reply, const char **ret_why);

#endif
