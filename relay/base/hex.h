/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/hex.h: bytes as hexadecimal text. Lower case out, either case in. Threads: none. */
#ifndef SLUICE_RELAY_BASE_HEX_H
#define SLUICE_RELAY_BASE_HEX_H

#include "relay/base/bytes.h"

/* Writes 2 * count digits and a NUL, without "0x". `ret_text` holds at least 2 * count + 1. */
void hex_encode(struct bytes bytes, char *ret_text);
/* Reads an even number of digits, with or without "0x". STATUS_MALFORMED: odd or not hex.
 * STATUS_FULL: more than `capacity` bytes. */
MUST_USE enum status hex_decode(struct bytes text, size_t capacity, uint8_t *ret_bytes,
                                size_t *ret_count);
/* Exactly 32 bytes. STATUS_MALFORMED: anything else. */
MUST_USE enum status hex_decode_hash(struct bytes text, struct hash *ret_hash);
/* 20 bytes (left-padded) or 32 bytes. STATUS_MALFORMED: anything else. */
MUST_USE enum status hex_decode_address(struct bytes text, struct address *ret_address);

#endif
