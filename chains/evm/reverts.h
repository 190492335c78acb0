/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/reverts.h: the errors of our own contracts in words.
 *
 * A spoke or guard that refuses a verb says which bound it was and how far it is from it. The bytes
 * come from a node and are hostile: what is not exactly one of the errors known here is left to the
 * caller, which shows it as bytes.
 *
 * Threads: none; pure. Memory: the caller's. */
#ifndef SLUICE_CHAINS_EVM_REVERTS_H
#define SLUICE_CHAINS_EVM_REVERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/bytes.h"

/* Writes an error such as "WindowFull: wanted 500, left 120", ended by NUL and cut at `capacity`
 * bytes, at least 1. False: it is none of these, or has other arguments; the text means nothing
 * then. */
bool evm_revert_name(struct bytes reverted, char *text, size_t capacity);

/* The known ones, from 0 on: the signature, whose selector is the head of its keccak. NULL: no
 * more, and `*ret_selector` is as it was. Static memory. */
const char *evm_revert_signature(size_t index, uint32_t *ret_selector);

#endif
