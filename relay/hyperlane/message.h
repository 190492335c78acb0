/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/message.h: the bytes of one Hyperlane message (version 3).
 *
 * Layout, numbers big-endian: version u8, nonce u32, origin domain u32, sender 32 bytes,
 * destination domain u32, recipient 32 bytes, then the body, which has no length of its own.
 * Threads: none; pure functions. */
#ifndef SLUICE_RELAY_HYPERLANE_MESSAGE_H
#define SLUICE_RELAY_HYPERLANE_MESSAGE_H

#include "relay/base/bytes.h"
#include "relay/base/limits.h"

#define MESSAGE_VERSION 3u

struct message_view {
    uint8_t version;
    uint32_t nonce;       /* counts a mailbox's messages from 0 */
    uint32_t origin;      /* domain */
    uint32_t destination; /* domain */
    struct address sender;
    struct address recipient;
    struct bytes body; /* borrowed from the message; may be empty */
};

/* `ret_view->body` is borrowed from `message`.
 * STATUS_MALFORMED: shorter than MESSAGE_BYTES_MIN, or not version 3. */
MUST_USE enum status message_parse(struct bytes message, struct message_view *ret_view);

/* Appends the message. STATUS_FULL: no room; the buffer is unchanged. */
MUST_USE enum status message_write(const struct message_view *view, struct buffer *buffer);

/* Keccak-256 of the whole message, version included: its id on every chain. */
struct hash message_id(struct bytes message);

#endif
