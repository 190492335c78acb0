/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/arguments.h: one call's arguments, read word by word from the front.
 *
 * What our own adapter writes is the one accepted form: tails in order, padded with zeros, nothing
 * left over. The first read that does not fit makes the whole malformed, and later ones give zeros.
 *
 * Threads: none; pure. Memory: what is read is borrowed from the calldata. Offsets in bytes. */
#ifndef SLUICE_RELAY_SIGNER_ARGUMENTS_H
#define SLUICE_RELAY_SIGNER_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"

struct arguments {
    struct bytes words;
    size_t tail; /* where the next dynamic argument must start */
    bool malformed;
};

/* Of calldata behind its selector, with so many words of head. */
struct arguments arguments_from(struct bytes words, size_t count);
struct amount argument_word(struct arguments *arguments, size_t offset);
/* A word that must be below 2^32. */
uint32_t argument_u32(struct arguments *arguments, size_t offset);
struct address argument_address(struct arguments *arguments, size_t offset);
/* Dynamic bytes; the word at `offset` must point exactly behind what came before. */
struct bytes argument_bytes(struct arguments *arguments, size_t offset);
/* True when every read succeeded and nothing is left over. */
bool arguments_are_done(const struct arguments *arguments);

#endif
