/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/resolver.h: looks up names of hosts on threads of its own, so that a name server
 * that does not answer holds up nobody else.
 *
 * Threads: asked, and answers taken, by one; RESOLVER_THREADS of its own. */
#ifndef SLUICE_RELAY_NODE_WEB_RESOLVER_H
#define SLUICE_RELAY_NODE_WEB_RESOLVER_H

#include <stdint.h>
#include <sys/socket.h>

#include "relay/base/status.h"
#include "relay/node/web/web_url.h"

#define RESOLVER_THREADS   4u
#define RESOLVED_ADDRESSES 8u /* of one name; more are not looked at */
#define ADDRESS_TEXT_BYTES 48u

struct resolved {
    char host[WEB_HOST_BYTES_MAX];
    uint32_t addresses_count; /* 0: no such name, or nobody knows now */
    bool all_public;          /* every address of the name is one of the public internet */
    char addresses[RESOLVED_ADDRESSES][ADDRESS_TEXT_BYTES]; /* numeric */
};

struct resolver;

/* `wake` is called on a thread of the resolver when an answer can be taken. NULL: no memory. */
struct resolver *resolver_new(void (*wake)(void *context), void *context);
/* Waits for look-ups under way, which the system bounds in time. Accepts NULL, returns NULL. */
struct resolver *resolver_free(struct resolver *resolver);

/* STATUS_FULL: too many at once. */
MUST_USE enum status resolver_ask(struct resolver *resolver, const char *host);
bool resolver_take(struct resolver *resolver, struct resolved *ret_resolved);

#endif
