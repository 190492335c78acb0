/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/evm_node.h: the parts of an imaginary EVM node.
 *
 *   evm_node.c   frames, methods, blocks, receipts, transactions
 *   evm_calls.c  eth_call: what the contracts answer; calldata as legs
 *   evm_logs.c   facts as logs, filters, blooms */
#ifndef SLUICE_TESTS_SIM_EVM_NODE_H
#define SLUICE_TESTS_SIM_EVM_NODE_H

#include "chains/rpc/frame.h"
#include "tests/sim/world.h"

enum { EVM_BLOOM = 256 };

/* ---- evm_calls.c ---- */
/* What a call to a contract returns; false: it reverts, and `*ret_revert` says why. */
bool evm_call_contract(struct world_chain *chain, const struct address *to, struct bytes data,
                       struct buffer *ret_words, const char **ret_revert);
/* The leg that calldata to a contract is; false: none that the world knows. The calls of a batch
 * must say that they may fail, or that they may not. Bytes are borrowed from `data`, of a batch
 * until the next call. */
bool evm_leg_of(const struct world_chain *chain, const struct address *to, struct bytes data,
                bool may_fail, struct leg *ret_leg);

/* ---- evm_logs.c ---- */
/* Three bits for the contract and each topic of every log. */
void evm_block_bloom(const struct world_block *block, uint8_t ret_bloom[EVM_BLOOM]);
/* Writes the logs that pass the filter, as elements of an array that has `*count` already. */
void evm_write_logs(struct json_writer *writer, const struct world_block *block,
                    const struct json_token *filter, uint32_t *count);

#endif
