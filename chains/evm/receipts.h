/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/receipts.h: the root of a block's receipts, computed from what a node gives.
 *
 * A header states the root of a Merkle Patricia trie over all receipts of its block (Yellow Paper
 * 4.3.1, appendix D; EIP-2718 for typed ones), so one node's receipts are as good as anybody's once
 * they have that root: no log can be added, left out or changed.
 *
 * Threads: none. Memory: the caller's. */
#ifndef SLUICE_CHAINS_EVM_RECEIPTS_H
#define SLUICE_CHAINS_EVM_RECEIPTS_H

#include "chains/rpc/json.h"

enum { EVM_RECEIPTS_MAX = 65536 };

/* The root of the answer to eth_getBlockReceipts, a list in order. `memory` holds one receipt at a
 * time in its own encoding, which takes less room than its text. STATUS_MALFORMED: no such list.
 * STATUS_FULL: `capacity` is too small, or there are too many. */
MUST_USE enum status evm_receipts_root(const struct json_token *receipts, void *memory,
                                       size_t capacity, struct hash *ret_root);

#endif
