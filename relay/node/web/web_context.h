/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/web_context.h: a libwebsockets context for one thread, and the host in it that
 * connections go out from.
 *
 * Threads: the caller's; a context belongs to the thread that serves it. */
#ifndef SLUICE_RELAY_NODE_WEB_WEB_CONTEXT_H
#define SLUICE_RELAY_NODE_WEB_WEB_CONTEXT_H

#include <libwebsockets.h>
#include <stdbool.h>

struct web_context_options {
    const struct lws_protocols *const *protocols; /* ends with NULL; borrowed for its life */
    unsigned files_max;     /* without it the library sets memory aside for every file a process
                               may open */
    unsigned service_bytes; /* read from a socket at once */
    unsigned connect_s;     /* 0: the library's own */
    bool library_has_tls;   /* for wss alone; the web client brings its own. Reading the system's
                               certificates takes tens of milliseconds */
    const char *tls_ca;     /* a PEM file besides the system's; "" or NULL: none */
};

/* NULL: no memory. The host goes with its context (lws_context_destroy). */
struct lws_context *web_context_new(const struct web_context_options *options,
                                    struct lws_vhost **ret_vhost);

#endif
