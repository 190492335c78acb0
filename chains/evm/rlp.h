/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/rlp.h: Recursive Length Prefix, the encoding of Ethereum transactions (Yellow Paper,
 * appendix B).
 *
 * Writing: sizes first, then bytes, so that a list's header is known before its items. Reading is
 * strict: every value has exactly one accepted encoding (shortest length form, integers without
 * leading zeros, single bytes below 0x80 as themselves), because the signer decides on what it
 * decoded and another reader must not see something else.
 *
 * Threads: none. Memory: the caller's; what is read is borrowed from the input. */
#ifndef SLUICE_CHAINS_EVM_RLP_H
#define SLUICE_CHAINS_EVM_RLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"

/* Encoded sizes, headers included. */
size_t rlp_bytes_size(struct bytes value);
size_t rlp_u64_size(uint64_t value);
size_t rlp_amount_size(const struct amount *value);
/* Size of a list whose items take `payload_size` bytes together. */
size_t rlp_list_size(size_t payload_size);

/* Append one item. STATUS_FULL: no room; the buffer is unchanged. */
MUST_USE enum status rlp_write_bytes(struct buffer *buffer, struct bytes value);
MUST_USE enum status rlp_write_u64(struct buffer *buffer, uint64_t value);
MUST_USE enum status rlp_write_amount(struct buffer *buffer, const struct amount *value);
/* Only the header; the caller appends `payload_size` bytes of items. */
MUST_USE enum status rlp_write_list(struct buffer *buffer, size_t payload_size);

/* Reads items one after another and remembers the first that is not canonical; after that every
 * read gives nothing (zero, empty), so that a run of reads is checked once at the end. */
struct rlp_reader {
    struct bytes rest;
    bool malformed;
};

struct rlp_reader rlp_reader_from(struct bytes input);
struct bytes rlp_read_bytes(struct rlp_reader *reader);
uint64_t rlp_read_u64(struct rlp_reader *reader);         /* at most 8 bytes */
struct amount rlp_read_amount(struct rlp_reader *reader); /* at most 32 bytes */
struct rlp_reader rlp_read_list(struct rlp_reader *reader);
/* True when every read was canonical and nothing is left. */
bool rlp_reader_is_done(const struct rlp_reader *reader);

#endif
