/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/chain/chain_rows.h: what is known of a chain's blocks, as a row.
 *
 * TABLE_CHAIN, domain u32 -> struct chain_row. Threads: none; plain values. */
#ifndef SLUICE_RELAY_CORE_CHAIN_CHAIN_ROWS_H
#define SLUICE_RELAY_CORE_CHAIN_CHAIN_ROWS_H

#include "relay/base/pack.h"
#include "relay/core/reason.h"

#define CHAIN_KEY_BYTES     5u
#define CHAIN_ROW_BYTES_MAX 512u

struct chain_row {
    uint64_t head_number; /* every fact up to it was given since the last watch; 0: none yet */
    struct hash head_hash;
    uint64_t head_time_s;
    struct amount base_fee;
    uint64_t final_number; /* newest that the finality policy covers; 0: none yet */
    struct hash final_hash;
    uint64_t target_number; /* the final block that facts are being applied up to; 0: none */
    struct hash target_hash;
    uint64_t applied_number; /* every fact up to it was applied; blocks above are not final to us */
    struct hash applied_hash; /* zero: not known, see blocks_on_operator */
    bool applied_any;         /* false: nothing was applied yet, applied_* mean nothing */
    uint64_t cursor_number;   /* facts below (number, index) were applied or are too old */
    uint32_t cursor_index;
    uint32_t round;       /* counts watches: what was given for an older one is given again */
    bool watch_wanted;    /* COMMAND_WATCH is due */
    enum reason stopped;  /* REASON_NONE: running; else nothing on this chain acts */
    struct instant since; /* of `stopped`, or else of `no_quorum` */
    bool no_quorum;       /* too few endpoints answer: nothing acts until they do */
};
struct bytes chain_key(uint8_t memory[CHAIN_KEY_BYTES], uint32_t domain);
void chain_row_pack(const struct chain_row *chain, struct packer *packer);
/* STATUS_CORRUPT: not such a row. */
MUST_USE enum status chain_row_unpack(struct bytes bytes, struct chain_row *ret_chain);

/* TABLE_PAST, domain u32 -> struct past_row: the history that a first watch passed over. */
#define PAST_ROW_BYTES (8u + 8u + 4u + 8u + 8u + 8u + 8u + 8u + 4u + 1u)

struct past_row {
    uint64_t first;       /* block */
    uint64_t next_number; /* facts below (number, index) were applied */
    uint32_t next_index;
    uint64_t end; /* first block that the watch itself gave */
    uint64_t facts_count;
    struct instant since;  /* what is read now began then, or with the last start */
    uint64_t since_number; /* and at this block */
    struct instant told_at;
    uint32_t mended_leaves; /* once it was read: leaves whose nodes are there */
    bool mending;
};
struct bytes past_key(uint8_t memory[CHAIN_KEY_BYTES], uint32_t domain);
struct bytes past_row_pack(uint8_t memory[PAST_ROW_BYTES], const struct past_row *past);
/* STATUS_CORRUPT: not such a row. */
MUST_USE enum status past_row_unpack(struct bytes bytes, struct past_row *ret_past);

/* How far it is, for people. */
struct past_progress {
    uint64_t blocks_read;
    uint64_t blocks_count;
    uint64_t blocks_per_s; /* since the last start */
    uint64_t seconds_left;
    bool is_rate_known; /* else seconds_left is 0 and means nothing */
};
struct past_progress past_progress(const struct past_row *past, struct instant now);

/* TABLE_CALLS, domain u32, endpoint u32 -> struct calls_row: endpoints with a daily budget. */
#define CALLS_KEY_BYTES 9u
#define CALLS_ROW_BYTES 16u

struct calls_row {
    uint64_t day; /* since the epoch, UTC */
    uint64_t spent;
};
struct bytes calls_key(uint8_t memory[CALLS_KEY_BYTES], uint32_t domain, uint32_t endpoint);
struct bytes calls_row_pack(uint8_t memory[CALLS_ROW_BYTES], const struct calls_row *calls);
/* STATUS_CORRUPT: not such a row. */
MUST_USE enum status calls_row_unpack(struct bytes bytes, struct calls_row *ret_calls);

#endif
