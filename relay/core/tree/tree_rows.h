/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tree/tree_rows.h: an origin's tree, our signatures over it and our announcement, as
 * rows.
 *
 * TABLE_TREE, domain u32, part u8: TREE_STATE -> struct tree_row; TREE_SIGNING -> packed merkle
 * tree as far as it was given to the signer; TREE_ANNOUNCEMENT -> struct announcement_row
 * TREE_SURE -> struct sure_row; TREE_BEGIN -> struct begin_row
 * TABLE_LEAF, domain u32, 1, index u32 -> message id
 * TABLE_LEAF, domain u32, 2, message id -> index u32 of its first insertion
 * TABLE_LEAF, domain u32, 3, level u8, index u32 -> root of a full subtree
 * (relay/hyperlane/proof.h), from TREE_NODE_LEVEL_MIN up; lower ones follow from a few leaves, but
 * for those at the frontier that a tree began with
 * TABLE_LEAF, domain u32, 4 -> leaf count u32
 * TABLE_SIGNED, domain u32, index u32 -> struct signed_row: what was asked of the signer, for ever
 * Threads: none; plain values. */
#ifndef SLUICE_RELAY_CORE_TREE_TREE_ROWS_H
#define SLUICE_RELAY_CORE_TREE_TREE_ROWS_H

#include "relay/base/pack.h"
#include "relay/base/signature.h"
#include "relay/core/reason.h"
#include "relay/hyperlane/checkpoint.h"
#include "relay/hyperlane/merkle.h"

#define TREE_KEY_BYTES         6u
#define LEAF_KEY_BYTES_MAX     38u
#define NODE_KEY_BYTES         11u
#define SIGNED_KEY_BYTES       9u
#define TREE_ROW_BYTES_MAX     (256u + MERKLE_PACKED_BYTES_MAX)
#define SIGNED_ROW_BYTES       (1u + 8u + 32u + 32u + 65u)
#define ANNOUNCEMENT_ROW_BYTES 96u

#define TREE_NODE_LEVEL_MIN 3u

/* stored: never renumber */
enum tree_part {
    TREE_STATE = 0,
    TREE_SIGNING = 1,
    TREE_ANNOUNCEMENT = 2,
    TREE_SURE = 80,
    TREE_BEGIN = 120,
};

/* stored: never renumber */
enum flag_state {
    FLAG_DOWN = 0,
    FLAG_WANTED = 1, /* to be written to our store */
    FLAG_UP = 2,     /* it is there, until a person takes it away */
};

struct tree_row {
    enum reason halted; /* REASON_NONE: signing; else why not, until a person acts */
    struct instant since;
    struct instant due;       /* of its due row; 0: none */
    uint32_t verified_count;  /* leaves up to which our root equals the chain's */
    uint32_t published_count; /* checkpoints below it are published */
    struct instant asked_at;  /* COMMAND_READ_TREE under way; 0: none */
    uint64_t asked_number;
    struct hash asked_hash;
    uint32_t asked_count; /* our own, at that block */
    struct hash asked_root;
    bool publish_failed;  /* told to people */
    enum flag_state flag; /* the reorg flag in our store */
    struct instant flag_asked_at;
    struct hash flag_local;     /* what it says */
    struct hash flag_canonical; /* zero: not known */
    uint32_t flag_index;
    uint64_t flag_time_s;
    struct merkle_tree tree;
};

/* What every endpoint of an origin confirmed, and what they are asked (relay/core/chain/sure.c). */
#define SURE_ROW_BYTES (8u + 8u + 32u + 8u + 4u)

struct sure_row {
    struct instant asked_at; /* 0: nothing is under way */
    uint64_t asked_number;
    struct hash asked_hash;
    uint64_t number; /* block at which they confirmed our tree; 0: none yet */
    uint32_t count;  /* its leaves */
};

/* stored: never renumber */
enum begin_state {
    BEGIN_ASKED = 1,   /* which frontier the tree begins with */
    BEGIN_FOLDING = 2, /* it is known; leaves that came meanwhile are added to it */
    BEGIN_DONE = 3,
};

/* A tree that begins with the chain's frontier (relay/core/tree/tree_begin.c); none: with leaf 0.
 */
#define BEGIN_ROW_BYTES_MAX (1u + 8u + 4u + 8u + 32u + 4u + MERKLE_PACKED_BYTES_MAX)

struct begin_row {
    enum begin_state state;
    struct instant asked_at; /* 0: nothing is under way */
    uint32_t failures;
    uint64_t number; /* the block it is asked of */
    struct hash hash;
    uint32_t count;          /* leaves of the frontier: the first ones are not known here */
    struct merkle_tree tree; /* FOLDING: the frontier and what was added to it */
};

/* stored: never renumber */
enum signed_state {
    SIGNED_ASKED = 1,
    SIGNED_SIGNED = 2,
    SIGNED_PUBLISHED = 3,
};

struct signed_row {
    enum signed_state state;
    struct instant asked_at;      /* of what is under way */
    struct checkpoint checkpoint; /* the index is the key's */
    struct signature signature;   /* from SIGNED on */
};

/* stored: never renumber */
enum announcement_state {
    ANNOUNCEMENT_SIGNING = 1,
    ANNOUNCEMENT_ASKING = 2, /* whether the chain has it */
    ANNOUNCEMENT_PREPARING = 3,
    ANNOUNCEMENT_SENT = 4, /* the lane sees to it */
    ANNOUNCEMENT_DONE = 5,
};

struct announcement_row {
    enum announcement_state state;
    bool published;        /* announcement.json is in our store */
    struct instant act_at; /* when to ask again */
    uint32_t legs_count;
    struct signature signature; /* over the announcement; zero until it was signed */
    enum reason reason;         /* why it is not done */
};

struct bytes tree_key(uint8_t memory[TREE_KEY_BYTES], uint32_t domain, enum tree_part part);
struct bytes leaf_index_key(uint8_t memory[LEAF_KEY_BYTES_MAX], uint32_t domain, uint32_t index);
struct bytes leaf_id_key(uint8_t memory[LEAF_KEY_BYTES_MAX], uint32_t domain,
                         const struct hash *message_id);
struct bytes leaves_count_key(uint8_t memory[LEAF_KEY_BYTES_MAX], uint32_t domain);
struct bytes node_key(uint8_t memory[NODE_KEY_BYTES], uint32_t domain, uint32_t level,
                      uint32_t index);
struct bytes signed_key(uint8_t memory[SIGNED_KEY_BYTES], uint32_t domain, uint32_t index);

void tree_row_pack(const struct tree_row *tree, struct packer *packer);
void signed_row_pack(const struct signed_row *row, struct packer *packer);
void announcement_row_pack(const struct announcement_row *row, struct packer *packer);
/* STATUS_CORRUPT: not such a row. */
MUST_USE enum status tree_row_unpack(struct bytes bytes, struct tree_row *ret_tree);
MUST_USE enum status signed_row_unpack(struct bytes bytes, uint32_t index,
                                       struct signed_row *ret_row);
MUST_USE enum status announcement_row_unpack(struct bytes bytes, struct announcement_row *ret_row);

void begin_row_pack(const struct begin_row *begin, struct packer *packer);
/* STATUS_CORRUPT: not such a row. */
MUST_USE enum status begin_row_unpack(struct bytes bytes, struct begin_row *ret_begin);

struct bytes sure_row_pack(uint8_t memory[SURE_ROW_BYTES], const struct sure_row *sure);
/* STATUS_CORRUPT: not such a row. */
MUST_USE enum status sure_row_unpack(struct bytes bytes, struct sure_row *ret_sure);

#endif
