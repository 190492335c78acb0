/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/config_rows.h: the configuration as bytes, and as the rows that hold it.
 *
 * TABLE_CONFIG, slice u16 -> 32 KiB of the packed configuration; the last slice is shorter.
 * Threads: none. */
#ifndef SLUICE_RELAY_CORE_CONFIG_ROWS_H
#define SLUICE_RELAY_CORE_CONFIG_ROWS_H

#include "relay/base/pack.h"
#include "relay/core/config.h"

/* Bytes of the largest packed configuration, rounded up. */
#define CONFIG_PACKED_BYTES_MAX (512u << 10)
#define CONFIG_SLICE_BYTES      (32u << 10)
#define CONFIG_SLICES_MAX       (CONFIG_PACKED_BYTES_MAX / CONFIG_SLICE_BYTES)
#define CONFIG_KEY_BYTES        3u

void config_pack(const struct core_config *config, struct packer *packer);
/* As many words as so many chains need: sets of up to 64 chains are one. */
void chain_set_pack(struct packer *packer, const struct chain_set *set, uint32_t chains_count);
/* STATUS_CORRUPT: not a packed configuration, or a count beyond its limit. */
MUST_USE enum status config_unpack(struct bytes bytes, struct core_config *ret_config);

/* Key of slice `index`. */
struct bytes config_key(uint8_t memory[CONFIG_KEY_BYTES], uint32_t index);

#endif
