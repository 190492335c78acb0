/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/chain/fact_rows.h: facts as rows, from the head until they are final and applied.
 *
 * TABLE_FACT, domain u32, block number u64, log index u32 -> watch round u32, number of the
 *   journal record that told it u64, fact. Threads: none.
 */
#ifndef SLUICE_RELAY_CORE_CHAIN_FACT_ROWS_H
#define SLUICE_RELAY_CORE_CHAIN_FACT_ROWS_H

#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/core/event.h"

#define FACT_KEY_BYTES 17u
/* Round, record, kind, block hash, transaction, contract, the message's length. */
#define FACT_ROW_BYTES_MAX (MESSAGE_BYTES_MAX + 256u)

static_assert(FACT_ROW_BYTES_MAX <= ROW_VALUE_BYTES_MAX, "a fact fits one row");

struct bytes fact_key(uint8_t memory[FACT_KEY_BYTES], uint32_t domain, uint64_t number,
                      uint32_t index);

/* CHECKs the kind and the length of a message; block number and log index are the key's. */
void fact_pack(const struct fact *fact, struct packer *packer);
/* STATUS_CORRUPT: not a packed fact. A message is borrowed from the input. */
MUST_USE enum status fact_unpack(struct bytes key, struct unpacker *unpacker,
                                 struct fact *ret_fact);

#endif
