/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/abi.h: the contract ABI as far as the adapter speaks it: calldata out, return values
 * in. Words are 32 bytes, big-endian.
 *
 * Reading is strict: padding of addresses and small integers must be zero, offsets must point where
 * the encoder of the Solidity compiler points them, lengths must fit what is there. A node that
 * says otherwise is not believed.
 *
 * Threads: none. Memory: the caller's; bytes that are read are borrowed from the input. */
#ifndef SLUICE_CHAINS_EVM_ABI_H
#define SLUICE_CHAINS_EVM_ABI_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"

/* Remembers the first write that did not fit. */
struct abi_writer {
    struct buffer buffer;
    bool overrun;
};

struct abi_writer abi_writer_from(void *memory, size_t capacity);
void abi_write_selector(struct abi_writer *writer, uint32_t selector);
void abi_write_u64(struct abi_writer *writer, uint64_t value);
void abi_write_amount(struct abi_writer *writer, const struct amount *value);
void abi_write_hash(struct abi_writer *writer, const uint8_t word[32]);
void abi_write_address(struct abi_writer *writer, const struct address *address);
/* Bytes as they are: the pieces of a tail that is written in parts. */
void abi_write_raw(struct abi_writer *writer, struct bytes bytes);
/* Length word, bytes, zeros up to a whole word: the tail of a `bytes` or `string`. */
void abi_write_tail(struct abi_writer *writer, struct bytes bytes);
/* Bytes that abi_write_tail takes for `count`. */
size_t abi_tail_size(size_t count);

/* Remembers the first read that failed; later reads give zeros. */
struct abi_reader {
    struct bytes rest;
    bool malformed;
};

struct abi_reader abi_reader_from(struct bytes input);
uint64_t abi_read_u64(struct abi_reader *reader);
uint32_t abi_read_u32(struct abi_reader *reader);
struct amount abi_read_amount(struct abi_reader *reader);
struct hash abi_read_hash(struct abi_reader *reader);
/* An EVM address; non-zero upper bytes are malformed. */
struct address abi_read_address(struct abi_reader *reader);
/* The word must be exactly this: offsets, mostly. */
void abi_expect_u64(struct abi_reader *reader, uint64_t value);
/* Length word, bytes and their zero padding; at most `bytes_max`. */
struct bytes abi_read_tail(struct abi_reader *reader, size_t bytes_max);
/* True when every read succeeded and nothing is left. */
bool abi_reader_is_done(const struct abi_reader *reader);

#endif
