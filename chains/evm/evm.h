/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/evm.h: the adapter for EVM chains over JSON-RPC on websockets. See chains/chain.h for
 * its contract; this header only names it. */
#ifndef SLUICE_CHAINS_EVM_EVM_H
#define SLUICE_CHAINS_EVM_EVM_H

#include "chains/chain.h"

/* Smallest frame_bytes_max: a transaction that carries the largest message and metadata, as hex. */
#define EVM_FRAME_BYTES_MIN (160u * 1024u)

extern const struct chain_ops evm_chain_ops;

#endif
