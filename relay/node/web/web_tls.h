/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/web_tls.h: TLS of one connection to a web server, without the socket: bytes of the
 * wire go in and come out. (libwebsockets 4.1 begins TLS on a raw connection before it has a
 * socket.)
 *
 * The server's certificate must lead to an authority that is trusted here and be for the name, or
 * the address, that was asked for; TLS 1.2 at least.
 *
 * Threads: one at a time. Memory: the library's, ended by web_tls_free. */
#ifndef SLUICE_RELAY_NODE_WEB_WEB_TLS_H
#define SLUICE_RELAY_NODE_WEB_WEB_TLS_H

#include <stdbool.h>

#include "relay/base/bytes.h"

struct web_authorities;
struct web_tls;

/* Those of the system and, unless empty, those of a PEM file. Reading them takes a while. NULL: no
 * memory, or the file cannot be read. */
struct web_authorities *web_authorities_new(const char *file);
struct web_authorities *web_authorities_free(struct web_authorities *authorities);

/* Borrows the authorities. `host`: a name, or an address without brackets. NULL: no memory. */
struct web_tls *web_tls_new(struct web_authorities *authorities, const char *host);
struct web_tls *web_tls_free(struct web_tls *tls);

enum web_tls_state {
    WEB_TLS_SHAKING,
    WEB_TLS_OPEN,
    WEB_TLS_CLOSED, /* by the server, with the word that ends a stream */
    WEB_TLS_FAILED, /* web_tls_why */
};
enum web_tls_state web_tls_state(const struct web_tls *tls);
/* Of FAILED, for people. */
const char *web_tls_why(const struct web_tls *tls);

/* Bytes came from the wire (empty: the connection is made), copied. There may be something to read,
 * and to put on the wire. */
enum web_tls_state web_tls_take(struct web_tls *tls, struct bytes wire);
/* The next bytes that the server says; 0: none yet, or the state says why. */
size_t web_tls_read(struct web_tls *tls, uint8_t *memory, size_t capacity);
/* Says something, copied. Only while OPEN. False: the state is FAILED. */
bool web_tls_write(struct web_tls *tls, struct bytes text);
/* The next bytes for the wire; 0: none. */
size_t web_tls_give(struct web_tls *tls, uint8_t *memory, size_t capacity);
bool web_tls_has_wire(const struct web_tls *tls);

#endif
