/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane_rows.h: lanes, intents and legs as rows.
 *
 * TABLE_LANE, domain u32, key 32             -> struct lane_row
 * TABLE_INTENT, domain u32, key 32, nonce u64 -> struct intent_row (until its nonce is final)
 * TABLE_LEG, leg id 32                        -> struct leg_row
 * Threads: none; plain values. */
#ifndef SLUICE_RELAY_CORE_LANE_LANE_ROWS_H
#define SLUICE_RELAY_CORE_LANE_LANE_ROWS_H

#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/core/command.h"
#include "relay/core/reason.h"

#define LANE_KEY_BYTES        37u
#define INTENT_KEY_BYTES      45u
#define LEG_KEY_BYTES         33u
#define LANE_ROW_BYTES_MAX    384u
#define ATTEMPTS_MAX          16u
#define ATTEMPT_BYTES         (1u + 4u + 2u + 32u + 32u + 32u)
#define INTENT_ROW_BYTES_MAX  (512u + ATTEMPTS_MAX * ATTEMPT_BYTES)
#define LEG_CONTENT_BYTES_MAX (METADATA_BYTES_MAX + 64u)
#define LEG_ROW_BYTES_MAX     (384u + LEG_CONTENT_BYTES_MAX)

/* stored: never renumber */
enum lane_state {
    LANE_UNKNOWN = 1, /* the chain has not told the key's nonce since the start */
    LANE_READY = 2,
    LANE_FROZEN = 3, /* our key's nonce was used by somebody else; a person must act */
};

struct lane_row {
    enum lane_state state;
    bool used;  /* a nonce was assigned since the chain's was last adopted */
    bool adopt; /* a person said to accept the chain's nonce */
    uint64_t next_nonce;
    uint64_t first_open;          /* lowest nonce that is not final */
    uint32_t waiting_count;       /* intents not included in a block */
    struct amount balance;        /* as last read */
    bool balance_low;             /* told to people */
    uint64_t nonce_latest;        /* as last read */
    uint64_t nonce_final;         /* as last read */
    bool is_legacy;               /* the chain takes one price per gas alone */
    struct amount gas_price;      /* of legacy chains, as last read */
    struct amount priority_usual; /* as last read; 0: not known */
    struct amount priority_hasty;
    struct instant asked_at; /* last COMMAND_READ_LANE; 0: never since the start */
    struct instant read_at;  /* of the last answer */
    struct instant due;      /* of its due row; 0: none */
    uint64_t follow_next;    /* intents from here on are to be followed anew; UINT64_MAX: none */
    uint64_t resend_next;    /* intents from here on are to be sent anew; UINT64_MAX: none */
    uint64_t reorg_number;   /* inclusions from this block on are void; UINT64_MAX: none */
};

/* stored: never renumber */
enum attempt_state {
    ATTEMPT_ASKED = 1,   /* COMMAND_SEND given, no signature seen */
    ATTEMPT_SIGNED = 2,  /* may be anywhere */
    ATTEMPT_ABSENT = 3,  /* signed, and the chain says its nonce went to another transaction */
    ATTEMPT_REFUSED = 4, /* the signer said no: it does not exist */
};

struct attempt {
    enum attempt_state state;
    uint32_t number;
    bool is_cancel;
    bool is_legacy; /* fee_per_gas_max is its price */
    struct amount fee_per_gas_max;
    struct amount priority_fee_per_gas;
    struct hash transaction;
};

struct intent_row {
    struct hash leg_id; /* of the leg that took the nonce, also when a cancel takes its place */
    struct hash payload_digest;
    struct amount value;
    uint64_t gas_limit;
    bool cancelling;      /* new attempts are cancels */
    bool owner_told;      /* that the leg ended; nothing more is told */
    bool resign;          /* the next repeat asks the signer, not the network */
    uint32_t sends_count; /* times the signer was asked */
    uint32_t rejections_count;
    uint32_t unknowns_count;   /* broadcasts in a row whose end is not known */
    struct instant since;      /* when it took its nonce */
    struct instant attempt_at; /* when the last attempt was made */
    struct instant act_at;     /* when to repeat what was asked last; UINT64_MAX: blocks decide */
    uint64_t asked_block;      /* head when the last attempt was first sent */
    uint64_t sent_block;       /* head when it was last sent; 0: not yet */
    bool included;
    uint32_t included_attempt; /* index into attempts */
    bool succeeded;
    bool told_when_final; /* the block was final when the chain named it */
    uint64_t block_number;
    struct hash block_hash;
    uint64_t gas_used;
    struct amount gas_price;
    struct amount data_fee;  /* what a rollup added, by its receipt */
    uint64_t receipt_record; /* of the journal: that told the inclusion */
    struct attempt attempts[ATTEMPTS_MAX];
    uint32_t attempts_count;
};

/* stored: never renumber */
enum leg_state {
    LEG_STATE_ASKED = 1, /* being prepared; no nonce yet */
    LEG_STATE_OPEN = 2,  /* has a nonce: an intent exists */
    LEG_STATE_SUCCEEDED = 3,
    LEG_STATE_REVERTED = 4,
    LEG_STATE_VOID = 5,
    LEG_STATE_REFUSED = 6,
    LEG_STATE_BATCHED = 7, /* prepared, and part of the batch that `batch` names */
};

struct leg_row {
    enum leg_state state;
    uint64_t nonce;          /* from OPEN on */
    struct hash transaction; /* from SUCCEEDED and REVERTED on */
    uint64_t block_number;
    struct hash batch; /* BATCHED: id of its leg; else zero */
    /* Without the bytes of a message (TABLE_BODY has them); ended legs without metadata, location
     * and members. */
    struct leg leg;
};

struct bytes lane_key(uint8_t memory[LANE_KEY_BYTES], uint32_t domain, const struct address *key);
struct bytes intent_key(uint8_t memory[INTENT_KEY_BYTES], uint32_t domain,
                        const struct address *key, uint64_t nonce);
struct bytes leg_key(uint8_t memory[LEG_KEY_BYTES], const struct hash *leg_id);

/* What a leg's contract is told, but for bytes of any length: the same in its row and in the digest
 * of the command, so that neither can forget a field. */
void leg_fields_pack(const struct leg *leg, struct packer *packer);
void lane_row_pack(const struct lane_row *lane, struct packer *packer);
void intent_row_pack(const struct intent_row *intent, struct packer *packer);
void leg_row_pack(const struct leg_row *leg, struct packer *packer);
/* STATUS_CORRUPT: not such a row. Bytes inside a leg are borrowed from the input. */
MUST_USE enum status lane_row_unpack(struct bytes bytes, struct lane_row *ret_lane);
MUST_USE enum status intent_row_unpack(struct bytes bytes, struct intent_row *ret_intent);
MUST_USE enum status leg_row_unpack(struct bytes key, struct bytes bytes, struct leg_row *ret_leg);

#endif
