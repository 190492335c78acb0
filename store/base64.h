/* SPDX-License-Identifier: Apache-2.0 */
/* store/base64.h: RFC 4648 section 4, in its one canonical form: with padding, no white space, the
 * bits behind the last byte zero. Threads: none. */
#ifndef SLUICE_STORE_BASE64_H
#define SLUICE_STORE_BASE64_H

#include "relay/base/bytes.h"

#define BASE64_TEXT_BYTES(count) (((count) + 2) / 3 * 4)

/* Appends the text. STATUS_FULL: no room; the buffer is unchanged. */
MUST_USE enum status base64_append(struct buffer *buffer, struct bytes bytes);
/* STATUS_MALFORMED: not canonical base64. STATUS_FULL: more than `capacity` bytes. */
MUST_USE enum status base64_decode(struct bytes text, size_t capacity, uint8_t *ret_bytes,
                                   size_t *ret_count);
/* Exactly 32 bytes. STATUS_MALFORMED: anything else. */
MUST_USE enum status base64_decode_hash(struct bytes text, struct hash *ret_hash);

#endif
