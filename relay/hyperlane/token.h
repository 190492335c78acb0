/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/token.h: the body of a warp-route message.
 *
 * Layout: recipient 32 bytes, amount u256 big-endian, then free metadata. The amount is in the
 * route's message units: each router scales it to its own token's. Threads: none. */
#ifndef SLUICE_RELAY_HYPERLANE_TOKEN_H
#define SLUICE_RELAY_HYPERLANE_TOKEN_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"

#define TOKEN_MESSAGE_BYTES_MIN 64u

struct token_message {
    struct address recipient;
    struct amount amount;  /* message units; of an ERC-721 route: the token's number */
    struct bytes metadata; /* borrowed; may be empty */
};

/* `ret_message->metadata` is borrowed from `body`. STATUS_MALFORMED: shorter than 64 bytes. */
MUST_USE enum status token_message_parse(struct bytes body, struct token_message *ret_message);

/* Appends the body. STATUS_FULL: no room; the buffer is unchanged. */
MUST_USE enum status token_message_write(const struct token_message *message,
                                         struct buffer *buffer);

#endif
