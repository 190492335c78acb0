/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/web_url.h: addresses of web servers from outside, taken apart, and which network
 * addresses a stranger may send us to.
 *
 * Threads: none; pure. */
#ifndef SLUICE_RELAY_NODE_WEB_WEB_URL_H
#define SLUICE_RELAY_NODE_WEB_WEB_URL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "relay/base/bytes.h"

#define WEB_HOST_BYTES_MAX 256u

struct web_url {
    char host[WEB_HOST_BYTES_MAX]; /* lower case; an address of IPv6 without brackets */
    bool is_tls;
    bool is_bracketed;   /* the host is an address of IPv6 */
    uint16_t port;       /* the scheme's own where the text has none */
    struct bytes target; /* path and query as in the text, borrowed; empty: "/" */
};

/* http://host[:port][/path][?query] or https://... STATUS_MALFORMED: anything else, also a user
 * or a password before the host, a fragment, white space and bytes that are not ASCII. */
MUST_USE enum status web_url_parse(struct bytes text, struct web_url *ret_url);
/* The host with its port where that is not the scheme's own: the Host header. */
#define WEB_AUTHORITY_BYTES_MAX (WEB_HOST_BYTES_MAX + 10u)
void web_url_authority(const struct web_url *url, char ret_text[WEB_AUTHORITY_BYTES_MAX]);

/* True for addresses of the public internet: not this machine, a private or shared network, link
 * local (clouds keep credentials there), multicast, documentation or reserved ranges, nor an
 * address of IPv6 that only wraps such an address of IPv4. */
bool web_address_is_public(const struct sockaddr *address);

#endif
