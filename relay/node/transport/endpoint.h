/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/transport/endpoint.h: an endpoint's address, taken apart. Threads: none; pure. */
#ifndef SLUICE_RELAY_NODE_TRANSPORT_ENDPOINT_H
#define SLUICE_RELAY_NODE_TRANSPORT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/status.h"

#define ENDPOINT_HOST_BYTES_MAX 256u
#define ENDPOINT_PATH_BYTES_MAX 512u

struct endpoint {
    char host[ENDPOINT_HOST_BYTES_MAX]; /* a name, or an address without brackets */
    char path[ENDPOINT_PATH_BYTES_MAX];
    uint16_t port;
    bool tls;
    bool is_http; /* requests one by one, for want of a websocket */
};

/* ws://host[:port][/path], wss://..., http://... or https://...; IPv6 in brackets.
 * STATUS_MALFORMED: anything else. */
MUST_USE enum status endpoint_parse(const char *text, struct endpoint *ret_endpoint);

#endif
