/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/plain_wire.h: what the plain family's adapter and its nodes say to each other.
 *
 * The plain family is a chain that is not EVM: frames of packed numbers, blocks that carry their
 * facts, transactions that carry legs. It exists so that the contract of chains/chain.h has two
 * families, and so that simulated lives are quick.
 *
 * A request is kind u8, id u64, body. A reply is the same kind and id with PLAIN_REPLY set, an
 * outcome u8, body. A head is told without being asked. Threads: none. */
#ifndef SLUICE_TESTS_SIM_PLAIN_WIRE_H
#define SLUICE_TESTS_SIM_PLAIN_WIRE_H

#include "relay/base/pack.h"
#include "relay/core/command.h"
#include "relay/core/event.h"

#define PLAIN_REPLY                0x80u
#define PLAIN_LEG_BYTES_MAX        (MESSAGE_BYTES_MAX + METADATA_BYTES_MAX + 1024u)
#define PLAIN_TRANSACTION_OVERHEAD 256u
#define PLAIN_FRAME_BYTES_MIN      (PLAIN_LEG_BYTES_MAX + 2u * PLAIN_TRANSACTION_OVERHEAD)

enum plain_kind {
    PLAIN_HELLO = 1,      /* -> domain u32 */
    PLAIN_HEAD = 2,       /* -> head (below); also told without being asked, with id 0 */
    PLAIN_BLOCK = 3,      /* number u64 -> block, facts */
    PLAIN_SECURITY = 4,   /* message -> ISM address, type u8, threshold u8, validators */
    PLAIN_STORAGE = 5,    /* validator -> locations, newest first */
    PLAIN_PREPARE = 6,    /* leg -> gas u64, native fee, token fee; refused: a reason */
    PLAIN_SUBMIT = 7,     /* signed transaction -> refused: rejection u8, a reason */
    PLAIN_RECEIPT = 8,    /* transaction, key, nonce -> absent: nonce final with another one;
                             unknown: not yet */
    PLAIN_LANE = 9,       /* key -> nonces latest and final, balance */
    PLAIN_POSITIONS = 10, /* number, hash -> balances, vaults, quotes */
    PLAIN_TREE = 11,      /* number, hash -> count u32, root */
    PLAIN_KINDS_END = 12,
};

struct plain_head {
    uint64_t number;
    struct hash hash;
    uint64_t final_number;
    struct hash final_hash;
};

struct plain_block {
    uint64_t number;
    struct hash hash;
    struct hash parent;
    uint64_t time_s;
    struct amount base_fee;
};

struct plain_transaction {
    uint64_t nonce;
    uint64_t gas_limit;
    struct amount fee_max;
    struct amount priority_fee;
    struct amount value;
    struct leg leg; /* without its id, which is not the chain's */
};

void plain_pack_head(struct packer *packer, const struct plain_head *head);
struct plain_head plain_unpack_head(struct unpacker *unpacker);
void plain_pack_block(struct packer *packer, const struct plain_block *block);
struct plain_block plain_unpack_block(struct unpacker *unpacker);
/* Everything but the block's number and hash, which the block says. */
void plain_pack_fact(struct packer *packer, const struct fact *fact);
/* An impossible fact is an underrun. */
struct fact plain_unpack_fact(struct unpacker *unpacker, const struct plain_block *block);
/* Without the id; an impossible leg is an underrun. Bytes are borrowed from the input. */
void plain_pack_leg(struct packer *packer, const struct leg *leg);
struct leg plain_unpack_leg(struct unpacker *unpacker);
void plain_pack_transaction(struct packer *packer, const struct plain_transaction *transaction);
struct plain_transaction plain_unpack_transaction(struct unpacker *unpacker);
/* Of a leg, whatever its nonce and fees, with the native value it carries. */
struct hash plain_payload_digest(const struct leg *leg, const struct amount *value, void *memory,
                                 size_t memory_bytes);

#endif
