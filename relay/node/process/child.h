/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/process/child.h: the signer as a child of this process, on devnets.
 *
 * It is in a process group of its own, so that Ctrl-C reaches it through us and not before us; it
 * ends when we end, however we end (--exit-with-parent).
 *
 * Threads: the loop's. */
#ifndef SLUICE_RELAY_NODE_PROCESS_CHILD_H
#define SLUICE_RELAY_NODE_PROCESS_CHILD_H

#include <libwebsockets.h>

#include "relay/base/bytes.h"

struct child;

struct child_handler {
    void *context;
    void (*said)(void *context, struct bytes line); /* one line of its standard output */
    void (*ended)(void *context, int exit_code);    /* 128 + signal when killed */
};

extern const struct lws_protocols child_protocol;

/* Starts the program called `name` that lies beside this one, with `option config_path`. Call
 * on the thread that outlives it: what it follows is that thread. STATUS_NOT_FOUND: no such
 * program; STATUS_NO_MEMORY. */
MUST_USE enum status child_start(const char *name, const char *option, const char *config_path,
                                 struct child **ret_child);
/* Begins to watch it on the loop. */
MUST_USE enum status child_watch(struct child *child, struct lws_vhost *vhost,
                                 const struct child_handler *handler);
/* Ends it and waits for it; kills it when it does not end in time. Its handler hears nothing more.
 * Call while the loop's context exists. */
void child_stop(struct child *child);
/* Stops it if that was not done. Accepts NULL, returns NULL. */
struct child *child_free(struct child *child);

#endif
