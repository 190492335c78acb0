/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/remote/http_reply.h: the reply of a web server that holds keys, taken apart.
 *
 * What such a server says is small, so a reply is gathered whole and read again whenever more of it
 * arrived. Every byte is hostile: heads and bodies are bounded, a length is a length, and what is
 * not HTTP/1 is refused.
 *
 * Pure. Threads: none. */
#ifndef SLUICE_RELAY_SIGNER_REMOTE_HTTP_REPLY_H
#define SLUICE_RELAY_SIGNER_REMOTE_HTTP_REPLY_H

#include "relay/base/bytes.h"

#define HTTP_REPLY_BYTES_MAX 65536u /* head and body */

/* not stored */
enum http_end {
    HTTP_STILL_OPEN, /* more may arrive */
    HTTP_CLOSED,     /* the server closed the connection: these are all */
};

struct http_reply {
    uint32_t code;   /* 100 to 999 */
    bool stays_open; /* the connection may be used again */
    struct bytes body;
};

/* Reads what arrived. The body of a chunked reply is put together within `arrived`, so it is read
 * once: on STATUS_OK only. STATUS_NOT_FOUND: more must arrive. STATUS_MALFORMED: it is no reply. */
MUST_USE enum status http_reply_read(struct buffer *arrived, enum http_end end,
                                     struct http_reply *ret_reply);

#endif
