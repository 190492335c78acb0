/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/lookup_words.h: what OffchainLookup(sender, urls, callData, callbackFunction,
 * extraData) says (ERC-3668), whose bytes a stranger chose.
 *
 * Threads: none; pure. Memory: what is read is borrowed from the bytes given. */
#ifndef SLUICE_CHAINS_EVM_LOOKUP_WORDS_H
#define SLUICE_CHAINS_EVM_LOOKUP_WORDS_H

#include "relay/base/bytes.h"
#include "relay/base/limits.h"

struct evm_lookup_words {
    struct address sender;
    struct bytes urls[LOOKUP_URLS_MAX]; /* the first that are neither empty nor too long */
    uint32_t urls_count;                /* 0: it names none that can be used */
    struct bytes call_data;
};

/* The revert's bytes behind its selector. STATUS_MALFORMED: not of that form, or beyond a bound. */
MUST_USE enum status evm_lookup_words_read(struct bytes arguments,
                                           struct evm_lookup_words *ret_words);

#endif
