/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/witness_url.h: where a witness is. Threads: none. */
#ifndef SLUICE_RELAY_NODE_WITNESS_URL_H
#define SLUICE_RELAY_NODE_WITNESS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/status.h"

#define WITNESS_URL_BYTES_MAX 512u

/* Where a witness takes requests: <scheme>://<host>[:<port>]<path>, the path without a slash at its
 * end. */
struct witness_url {
    bool is_tls;
    uint16_t port;
    char host[256];
    char path[WITNESS_URL_BYTES_MAX]; /* begins with a slash, or is empty */
};

/* STATUS_MALFORMED: not http:// or https://, with a user, a query or a fragment, or with anything
 * but visible ASCII. */
MUST_USE enum status witness_url_parse(const char *text, struct witness_url *ret_url);

#endif
