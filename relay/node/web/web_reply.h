/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/web/web_reply.h: reads one reply of a web server (HTTP/1.1, RFC 9112), piece by piece.
 *
 * The bytes are hostile: lines, headers and the body are bounded, a length that is said twice or
 * beside chunks is malformed, and nothing is taken for a reply that a stricter reader would take
 * for another one.
 *
 * Threads: none. Memory: the body, owned by the reply. */
#ifndef SLUICE_RELAY_NODE_WEB_WEB_REPLY_H
#define SLUICE_RELAY_NODE_WEB_WEB_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/bytes.h"

#define WEB_LINE_BYTES_MAX    8192u
#define WEB_RETRY_AFTER_S_MAX 300u
#define WEB_HEADERS_BYTES_MAX 32768u /* of all lines before the body, and of trailers */

enum web_reply_state {
    WEB_REPLY_MORE,      /* goes on */
    WEB_REPLY_DONE,      /* whole */
    WEB_REPLY_MALFORMED, /* not HTTP */
    WEB_REPLY_TOO_LARGE, /* a larger body than was asked for */
    WEB_REPLY_NO_MEMORY,
};

enum web_reply_phase {
    WEB_PHASE_STATUS,
    WEB_PHASE_HEADERS,
    WEB_PHASE_LENGTH, /* a body of a known length */
    WEB_PHASE_CLOSE,  /* a body up to the end of the connection */
    WEB_PHASE_CHUNK_SIZE,
    WEB_PHASE_CHUNK,
    WEB_PHASE_CHUNK_END,
    WEB_PHASE_TRAILERS,
};

struct web_reply {
    uint8_t *body;
    size_t body_count;
    unsigned status; /* of three digits; 0: not read yet */
    uint32_t
        retry_after_s; /* what the server asks for, at most WEB_RETRY_AFTER_S_MAX; 0: nothing */
    bool stays_open;   /* once DONE: the connection can carry another request */
    bool began;        /* a byte came */
    enum web_reply_state state;

    /* private */
    size_t body_capacity;
    size_t body_bytes_max;
    enum web_reply_phase phase;
    uint64_t left; /* of the body, or of the chunk */
    bool has_length;
    bool has_chunks;
    size_t headers_count;
    size_t line_count;
    char line[WEB_LINE_BYTES_MAX];
};

/* Ready for a reply; an earlier body is freed. The struct must be zeroed before the first time. */
void web_reply_begin(struct web_reply *reply, size_t body_bytes_max);
/* Takes the next piece and returns the state. Bytes after the end of a reply make it malformed:
 * nobody asked for them. */
enum web_reply_state web_reply_take(struct web_reply *reply, struct bytes piece);
/* The connection ended: DONE if that ends the body, else MALFORMED. */
enum web_reply_state web_reply_end(struct web_reply *reply);
void web_reply_free(struct web_reply *reply);

#endif
