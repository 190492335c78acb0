/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/evm_limits.h: how much of everything the EVM adapter holds at once. */
#ifndef SLUICE_CHAINS_EVM_LIMITS_H
#define SLUICE_CHAINS_EVM_LIMITS_H

#include "chains/chain.h"
#include "chains/evm/tx.h"

enum {
    /* Selector, five words of arguments, message and metadata with lengths and padding. */
    EVM_CALLDATA_MAX = 4 + 32 * 5 + (int)MESSAGE_BYTES_MAX + (int)METADATA_BYTES_MAX + 128,
    EVM_LEG_BYTES_MAX = EVM_CALLDATA_MAX + (int)EVM_TRANSACTION_OVERHEAD_BYTES,
    EVM_RETURN_BYTES_MAX = 65536, /* of one eth_call */
    EVM_RING_BLOCKS = 8192,       /* blocks given and not final; more and the watch waits */
    EVM_RING_BELOW_FINAL = 64,    /* of them kept below the final one, to find deep reorgs */
    EVM_AHEAD_BLOCKS = 16,        /* blocks read ahead of the one that is given next */
    EVM_RANGES_AT_ONCE = 4,       /* ranges of old blocks read at once */
    EVM_ANCESTORS_AT_ONCE = 8,    /* blocks compared at once in search of a common ancestor */
    EVM_BATCH_CALLS_MAX = 24,     /* questions in one frame */
    EVM_CALLS_RESERVED = 64,      /* for watching, beside requests_open_max for the core */
    EVM_TRIES_MAX = 4,            /* of a question of the core, before it is unknown */
    /* Sending accounts of one chain: those of the configuration, and those it no longer names. */
    EVM_KEYS_MAX = 2 * (1 + (int)DELIVERY_KEYS_MAX),
    EVM_GAS_HINTS = 64, /* kinds of deliveries whose gas is remembered */
    EVM_FEE_BLOCKS = 5, /* of the fee history */
    EVM_QUOTES_MAX = 256,
    EVM_QUOTE_CALLDATA_BYTES = 4 + 3 * 32,
    EVM_DETAIL_BYTES = 192,
};

#endif
