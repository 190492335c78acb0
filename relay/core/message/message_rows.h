/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_rows.h: messages and what is collected for them, as rows.
 *
 * TABLE_MESSAGE, id -> struct message_row
 * TABLE_BODY, id -> the whole message, of messages that are ours to deliver
 * TABLE_OPEN, destination u32, class u8, ...:
 *   OPEN_COUNTS                             -> struct open_row
 *   OPEN_QUEUE, origin u32, sequence u64    -> id: waits for its turn
 *   OPEN_ROUTE, origin u32                  -> struct route_row
 *   OPEN_ALL, origin u32, nonce u32, id     -> nothing: not finished
 *   OPEN_ACTIVE, id                         -> nothing: takes up one of the destination's places
 * TABLE_SECURITY, destination u32, recipient 32, origin u32 -> struct security_row
 * TABLE_STORAGE, origin u32, validator 32                   -> struct storage_row
 * TABLE_PROOF, id, validator or module 32, slot u8 -> struct proof_row or struct lookup_row
 * TABLE_WAITING, key of a security or storage row, id -> nothing
 * TABLE_GAS_PAID, id, origin u32, destination u32 -> gas 32, payment 32: sums, of the gas all that
 *   was paid for, of payments those in the chain's coin
 * TABLE_GAS_PAID, id, origin u32, destination u32, token 32 -> the same of payments in one token
 * TABLE_GAS_PAID, domain u32, transaction 32 -> token 32, amount 32: a token's transfer to the
 *   paymaster, until the payment that it is for
 * TABLE_BUDGET, a limit's name 32, destination u32 -> struct budget_row
 * TABLE_ELSEWHERE, id -> destination u32, block u64, transaction 32
 * Threads: none; plain values. */
#ifndef SLUICE_RELAY_CORE_MESSAGE_MESSAGE_ROWS_H
#define SLUICE_RELAY_CORE_MESSAGE_MESSAGE_ROWS_H

#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/base/signature.h"
#include "relay/core/reason.h"
#include "relay/hyperlane/ism.h"

#define MESSAGE_KEY_BYTES       33u
#define GAS_PAID_KEY_BYTES      73u
#define BUDGET_KEY_BYTES        37u
#define BUDGET_ROW_BYTES        72u
#define MESSAGE_ROW_BYTES_MAX   768u
#define OPEN_KEY_BYTES_MAX      48u
#define OPEN_ROW_BYTES          20u
#define ROUTE_ROW_BYTES         17u
#define MESSAGE_WORDS_BYTES_MAX 96u
#define SECURITY_KEY_BYTES      41u
#define SECURITY_ROW_BYTES_MAX  (256u + 96u * ISM_NODES_MAX + 40u * ISM_VALIDATORS_MAX)
#define STORAGE_KEY_BYTES       37u
#define STORAGE_ROW_BYTES_MAX   (64u + LOCATIONS_MAX * (4u + LOCATION_BYTES_MAX))
#define PROOF_KEY_BYTES         66u
#define LOOKUP_ROW_BYTES_MAX    (8u + 1u + 4u + 4u + METADATA_BYTES_MAX + 32u + 65u)
#define PROOF_ROW_BYTES         (8u + 1u + 4u + 32u + 4u + 32u + 65u + 1u)

/* stored: never renumber */
enum message_state {
    MESSAGE_SEEN = 1,        /* dispatched at the origin's head, not final */
    MESSAGE_QUEUED = 2,      /* final; waits for its turn */
    MESSAGE_SECURITY = 3,    /* asks which ISM guards the recipient */
    MESSAGE_STORAGE = 4,     /* asks where its validators publish */
    MESSAGE_CHECKPOINTS = 5, /* collects their signatures */
    MESSAGE_PREPARING = 6,   /* proved; being simulated */
    MESSAGE_OFFERED = 7,     /* simulated; the lane cannot take it yet */
    MESSAGE_SENT = 8,        /* has a nonce; the lane sees to it */
    MESSAGE_INCLUDED = 9,    /* in a block of the destination that is not final */
    MESSAGE_RETRY = 10,      /* tried again at its due instant; the reason says what failed */
    MESSAGE_ELSEWHERE = 11,  /* somebody delivered it, in a block that is not final */
    MESSAGE_DELIVERED = 12,  /* final */
    MESSAGE_NOT_RELAYED = 13,
    MESSAGE_REFUSED = 14,     /* malformed */
    MESSAGE_ORPHANED = 15,    /* its dispatch was replaced before it was final */
    MESSAGE_HELD = 16,        /* by a person */
    MESSAGE_DROPPED = 17,     /* by a person */
    MESSAGE_QUARANTINED = 18, /* reverts again and again: tried on few places of its own */
    MESSAGE_BLOCKED = 20,     /* a list says no, until its end or another configuration */
    MESSAGE_DEAD = 19,        /* given up after so many failures; a person may retry it */
};

/* Which answer a message waits for. Stored: never renumber. */
enum message_wait {
    MESSAGE_WAIT_NONE = 0,
    MESSAGE_WAIT_SECURITY = 1,
    MESSAGE_WAIT_STORAGE = 2,
};

struct message_row {
    enum message_state state;
    enum reason reason;
    struct instant since; /* of state and reason */
    uint32_t origin;
    uint32_t destination;
    uint32_t nonce; /* the mailbox's */
    struct address sender;
    struct address recipient;
    uint64_t origin_block;
    struct hash origin_block_hash;
    struct hash dispatch_transaction;
    struct instant seen_at;
    struct instant final_at; /* 0: not final */
    struct instant due;      /* of its due row; 0: none */
    bool active;             /* takes up a place of its destination */
    uint64_t queue_sequence; /* while QUEUED */
    enum message_wait wait;
    struct address wait_validator; /* MESSAGE_WAIT_STORAGE */
    uint32_t attempts_count;       /* failures since the dispatch: the ladder of retries */
    uint32_t rounds_count;         /* of asking for signatures */
    uint32_t later_index;          /* of the later checkpoint that is asked for too; 0: none */
    uint32_t legs_count;           /* legs made so far */
    struct hash leg_id;            /* PREPARING to INCLUDED; zero: none */
    uint64_t gas;                  /* OFFERED: what the simulation said */
    struct hash payload_digest;
    struct amount value;
    struct amount data_fee;
    struct instant prepared_at;
    uint64_t delivered_block;          /* INCLUDED, ELSEWHERE, DELIVERED */
    struct hash delivered_transaction; /* ELSEWHERE, DELIVERED */
    uint32_t reverts_count;  /* simulations and transactions that reverted, since one did not */
    bool is_confined;        /* its place is one of those for messages that revert */
    bool may_batch;          /* OFFERED: may be sent together with others */
    uint32_t batch_breaks;   /* batches with it that did not come off */
    uint64_t gas_spent;      /* by our transactions that were included and delivered nothing */
    struct amount fee_spent; /* the same in the destination's coin */
    struct amount reserved;  /* of a budget, from being offered to the end of its transaction */
    struct hash budget;      /* the limit's name, as in the key; zero: none is reserved */
    uint8_t words[MESSAGE_WORDS_BYTES_MAX]; /* of the last revert, printable, cut */
    uint32_t words_count;
};

/* stored: never renumber */
enum open_class {
    OPEN_COUNTS = 0,
    OPEN_QUEUE = 1,
    OPEN_ALL = 2,
    OPEN_ACTIVE = 3,
    OPEN_ROUTE = 4,
};

struct open_row {
    uint32_t active_count;
    uint64_t queued_count;
    uint32_t confined_count; /* places that messages that revert take up, beside the active ones */
    uint32_t route_last;     /* origin whose queue the last place went to */
};

/* The queue of one origin's messages to one destination. */
struct route_row {
    uint64_t queue_first; /* no queued message has a lower sequence */
    uint64_t queue_next;  /* no queued message has this sequence or a higher one */
    bool newest_next;     /* the route's next place goes to the newest; else to the oldest */
};

/* What the deliveries of one limit to one destination have cost. */
struct budget_row {
    uint64_t window;        /* number of the window that `spent` is of */
    struct amount spent;    /* by transactions whose end is known */
    struct amount reserved; /* at most, for those that are under way */
};

/* stored: never renumber */
enum answer {
    ANSWER_NONE = 0, /* never answered */
    ANSWER_OK = 1,
    ANSWER_ABSENT = 2,
    ANSWER_REFUSED = 3,
    ANSWER_UNKNOWN = 4,
};

struct security_row {
    struct instant asked_at;
    struct instant answered_at; /* 0: to be asked again */
    enum answer answer;
    struct hash only_message; /* it holds for this message alone; zero: for all of the recipient */
    uint8_t words[MESSAGE_WORDS_BYTES_MAX]; /* why it was refused, cut */
    uint32_t words_count;
    uint32_t nodes_count;
    uint32_t validators_count;
    struct ism_node nodes[ISM_NODES_MAX];
    struct ism_validator validators[ISM_VALIDATORS_MAX];
};

struct storage_row {
    struct instant asked_at;
    struct instant answered_at;
    enum answer answer;
    uint32_t newest_count; /* one more than the newest leaf it was seen to sign; 0: none was */
    uint32_t locations_count;
    struct bytes locations[LOCATIONS_MAX]; /* borrowed from the row */
};

/* stored: never renumber */
enum proof_state {
    PROOF_ASKED = 1,
    PROOF_ABSENT = 2, /* answered, and not there yet or not usable */
    PROOF_VALID = 3,
};

/* Stored: never renumber. Which checkpoint of a validator. */
enum proof_slot {
    PROOF_OWN = 0,    /* at the message's own leaf */
    PROOF_LATER = 1,  /* at a later one: merkle-root multisigs take any */
    PROOF_LOOKUP = 2, /* of a module instead of a validator: struct lookup_row */
};
#define PROOF_SLOTS 2u

struct proof_row {
    struct instant asked_at;
    enum proof_state state;
    uint32_t location_index;
    struct checkpoint checkpoint; /* VALID; before, its index is the one asked for */
    struct signature signature;
    bool is_ours; /* its root is that of the leaves we know */
};

/* Where the question for a proof off the chain stands. Stored: never renumber. */
enum lookup_state {
    LOOKUP_NONE = 0,
    LOOKUP_ASKED = 1,    /* the chain: which servers */
    LOOKUP_FETCHING = 2, /* the servers */
    LOOKUP_HAD = 3,
    LOOKUP_SIGNING = 4, /* our signer, who asks: the chain is asked again with its answer */
};

struct lookup_row {
    struct instant asked_at;
    enum lookup_state state;
    uint32_t tries_count;  /* that failed or were used up: whose turn it is among the servers */
    struct bytes metadata; /* LOOKUP_HAD; borrowed from the row */
    struct hash digest;    /* what was given to be signed last; zero: nothing */
    struct signature signature; /* over it; zero: not signed yet */
};

struct bytes message_key(uint8_t memory[MESSAGE_KEY_BYTES], uint8_t table, const struct hash *id);
/* What was paid on `origin` for the delivery of a message to `destination`, in its coin (`token`
 * zero) or in a token. */
struct bytes gas_paid_key(uint8_t memory[GAS_PAID_KEY_BYTES], const struct hash *id,
                          uint32_t origin, uint32_t destination, const struct address *token);
struct bytes gas_transfer_key(uint8_t memory[GAS_PAID_KEY_BYTES], uint32_t domain,
                              const struct hash *transaction);
struct bytes budget_key(uint8_t memory[BUDGET_KEY_BYTES], const struct hash *limit,
                        uint32_t destination);
/* The front of an open row's key; more is packed behind it. */
struct packer open_key(uint8_t memory[OPEN_KEY_BYTES_MAX], uint32_t destination,
                       enum open_class kind);
struct bytes security_key(uint8_t memory[SECURITY_KEY_BYTES], const struct message_row *message);
struct bytes storage_key(uint8_t memory[STORAGE_KEY_BYTES], uint32_t origin,
                         const struct address *validator);
struct bytes proof_key(uint8_t memory[PROOF_KEY_BYTES], const struct hash *id,
                       const struct address *validator, enum proof_slot slot);
/* Borrows the row. */
struct ism security_ism(const struct security_row *security);

void message_row_pack(const struct message_row *message, struct packer *packer);
void open_row_pack(const struct open_row *open, struct packer *packer);
void route_row_pack(const struct route_row *route, struct packer *packer);
void security_row_pack(const struct security_row *security, struct packer *packer);
void storage_row_pack(const struct storage_row *storage, struct packer *packer);
void proof_row_pack(const struct proof_row *proof, struct packer *packer);
void lookup_row_pack(const struct lookup_row *lookup, struct packer *packer);
void budget_row_pack(const struct budget_row *budget, struct packer *packer);
/* STATUS_CORRUPT: not such a row. */
MUST_USE enum status message_row_unpack(struct bytes bytes, struct message_row *ret_message);
MUST_USE enum status open_row_unpack(struct bytes bytes, struct open_row *ret_open);
MUST_USE enum status route_row_unpack(struct bytes bytes, struct route_row *ret_route);
MUST_USE enum status security_row_unpack(struct bytes bytes, struct security_row *ret_security);
MUST_USE enum status storage_row_unpack(struct bytes bytes, struct storage_row *ret_storage);
MUST_USE enum status proof_row_unpack(struct bytes bytes, struct proof_row *ret_proof);
MUST_USE enum status lookup_row_unpack(struct bytes bytes, struct lookup_row *ret_lookup);
MUST_USE enum status budget_row_unpack(struct bytes bytes, struct budget_row *ret_budget);

/* True for states that end a message. */
bool message_state_is_end(enum message_state state);
/* The state in one word for tables, such as "checkpoints". Static memory. */
const char *message_state_name(enum message_state state);

#endif
