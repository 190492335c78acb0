/* SPDX-License-Identifier: Apache-2.0 */
/* relay/hyperlane/metadata.h: what a relayer hands to an ISM to prove a message.
 *
 * MESSAGE_ID_MULTISIG (module type 5): tree hook 32 bytes, checkpoint root 32 bytes, checkpoint
 * index u32, then 65 bytes per signature. The ISM walks signatures and validators with two
 * pointers, so signatures must be in the order of the validator set; it reads exactly `threshold`
 * of them, so exactly that many are sent.
 *
 * MERKLE_ROOT_MULTISIG (4): tree hook 32 bytes, the message's leaf index u32, the message id that
 * the checkpoint names 32 bytes, 32 siblings of the leaf in the tree that the checkpoint signed,
 * checkpoint index u32, signatures likewise. Weighted multisigs (9, 10) read the same two layouts.
 *
 * AGGREGATION (2) of n modules: n pairs of u32 (start, end), counted from the metadata's begin, end
 * exclusive, start 0 for a module that is left out; then the parts. A module with empty metadata
 * has start = end > 0. Threads: none; pure functions. */
#ifndef SLUICE_RELAY_HYPERLANE_METADATA_H
#define SLUICE_RELAY_HYPERLANE_METADATA_H

#include "relay/base/bytes.h"
#include "relay/base/limits.h"
#include "relay/base/signature.h"
#include "relay/hyperlane/merkle.h"

#define METADATA_MESSAGE_ID_HEAD_BYTES  68u
#define METADATA_MERKLE_ROOT_HEAD_BYTES (68u + 32u * MERKLE_DEPTH + 4u)
#define METADATA_SIGNATURE_BYTES        65u
#define METADATA_PARTS_MAX              32u /* modules of one aggregation */

static_assert(METADATA_MERKLE_ROOT_HEAD_BYTES + METADATA_SIGNATURE_BYTES * VALIDATORS_MAX <=
                  METADATA_BYTES_MAX,
              "a signature of every validator fits");

/* IInterchainSecurityModule.Types, as the contracts number them. Stored: never renumber. */
enum module_type {
    MODULE_UNUSED = 0,
    MODULE_ROUTING = 1,
    MODULE_AGGREGATION = 2,
    MODULE_LEGACY_MULTISIG = 3,
    MODULE_MERKLE_ROOT_MULTISIG = 4,
    MODULE_MESSAGE_ID_MULTISIG = 5,
    MODULE_NULL = 6,
    MODULE_CCIP_READ = 7,
    MODULE_ARB_L2_TO_L1 = 8,
    MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG = 9,
    MODULE_WEIGHTED_MESSAGE_ID_MULTISIG = 10,
    MODULE_OP_L2_TO_L1 = 11,
    MODULE_POLYMER = 12,
};

/* What a kind of module is called, such as "merkle-root multisig"; also for numbers that are none.
 * Static memory. */
const char *module_type_name(uint8_t type);

struct metadata_message_id {
    struct address tree_hook;           /* of the origin */
    struct hash root;                   /* of the checkpoint whose last leaf is the message */
    uint32_t index;                     /* of that leaf */
    const struct signature *signatures; /* in the order of the validator set; borrowed */
    uint32_t signatures_count;          /* the ISM's threshold; 1 to VALIDATORS_MAX */
};

/* Appends the metadata. CHECKs the count. STATUS_FULL: no room; the buffer is unchanged. */
MUST_USE enum status metadata_write_message_id(const struct metadata_message_id *metadata,
                                               struct buffer *buffer);

/* Reads such metadata; signatures are copied to `signatures`, which `ret_metadata` then borrows.
 * STATUS_MALFORMED: no whole head, no signature, or a part of one left over. STATUS_FULL: more
 * than VALIDATORS_MAX signatures. */
MUST_USE enum status metadata_parse_message_id(struct bytes bytes,
                                               struct signature signatures[VALIDATORS_MAX],
                                               struct metadata_message_id *ret_metadata);

struct metadata_merkle_root {
    struct address tree_hook;           /* of the origin */
    uint32_t leaf_index;                /* of the message */
    struct hash signed_message_id;      /* of the checkpoint: its last leaf */
    struct hash proof[MERKLE_DEPTH];    /* of the message's leaf, among index + 1 leaves */
    uint32_t index;                     /* of the checkpoint; at least leaf_index */
    const struct signature *signatures; /* as above */
    uint32_t signatures_count;
};

/* As metadata_write_message_id. */
MUST_USE enum status metadata_write_merkle_root(const struct metadata_merkle_root *metadata,
                                                struct buffer *buffer);

/* As metadata_parse_message_id. */
MUST_USE enum status metadata_parse_merkle_root(struct bytes bytes,
                                                struct signature signatures[VALIDATORS_MAX],
                                                struct metadata_merkle_root *ret_metadata);

/* What one module of an aggregation gets. */
struct metadata_part {
    bool present;       /* false: left out */
    struct bytes bytes; /* may be empty; borrowed */
};

/* Aggregation metadata under way: parts are appended to the buffer between begin and end, each by
 * whoever writes that module's, in ascending order. */
struct metadata_aggregation {
    struct buffer *buffer;
    size_t begin;  /* of this aggregation in the buffer */
    uint32_t part; /* under way */
};

/* Appends the head of `count` modules, all left out. CHECKs 1 to METADATA_PARTS_MAX. STATUS_FULL:
 * no room; the buffer is unchanged. */
MUST_USE enum status metadata_aggregation_begin(struct metadata_aggregation *aggregation,
                                                uint32_t count, struct buffer *buffer);
void metadata_aggregation_part_begin(struct metadata_aggregation *aggregation, uint32_t part);
void metadata_aggregation_part_end(struct metadata_aggregation *aggregation);

/* Reads the metadata of `count` modules; parts borrow `bytes`. CHECKs 1 to METADATA_PARTS_MAX.
 * STATUS_MALFORMED: no whole head, or a range that leaves the metadata or runs backwards. */
MUST_USE enum status metadata_parse_aggregation(struct bytes bytes, uint32_t count,
                                                struct metadata_part *ret_parts);

#endif
