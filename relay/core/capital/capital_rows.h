/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/capital_rows.h: the rows of ledger.c, move.c and plan.c, and their bytes.
 *
 * Rows name routers by (domain, address) and assets by symbol, never by an index, because a restart
 * may bring another order of configuration.
 *
 *   TABLE_ACCOUNT   symbol, kind, domain, address     -> struct account_row
 *   TABLE_POSTING   domain, sequence                  -> struct posting_row
 *   TABLE_TRANSIT   0, message id                     -> struct transit_row
 *                   1, message id                     -> empty: sent and not yet delivered
 *   TABLE_SNAPSHOT  0, domain                         -> struct ledger_chain
 *                   1, domain                         -> balances at the block that was asked for
 *                   2, domain                         -> the transaction being put together
 *                   3, symbol                         -> struct backing_row (backing.h)
 *   TABLE_PLAN      0, plan id                        -> struct plan_row
 *                   1, sequence                       -> plan id
 *                   2, symbol                         -> struct plan_asset, of its routers
 *                   3, symbol                         -> the network that was asked about
 *                   4                                 -> struct plan_clock
 *                   5, symbol                         -> struct plan_asset, of its venues
 *                   6, symbol                         -> the network that was asked about
 *   TABLE_MOVE      0, move id                        -> struct move_row
 *                   1, move id                        -> empty: not ended
 *                   2, leg id                         -> move id, of a move's second leg
 *   TABLE_POSITION  0, domain, vault                  -> struct vault_row
 *                   2, domain, spoke, token           -> struct spoke_row (venue_rows.h)
 *                   3, domain, spoke, venue           -> struct venue_row (venue_rows.h)
 *                   1, domain, router                 -> quotes: struct quote_row per destination;
 *                                                        of a spoke, under its bridge's address
 *                   4, domain, spoke, token, sibling  -> struct flow_row (flows.h)
 *                   5, domain, hub                    -> struct hub_row (hubs.h)
 *                   6, domain, hub, spoke's domain    -> struct hub_report_row (hubs.h)
 *
 * Decoders return false for bytes that none of the encoders wrote: the store is corrupt then.
 * Threads: none. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_CAPITAL_ROWS_H
#define SLUICE_RELAY_CORE_CAPITAL_CAPITAL_ROWS_H

#include "relay/base/approval.h"
#include "relay/base/pack.h"
#include "relay/core/command.h"
#include "relay/core/reason.h"

#define CAPITAL_KEY_BYTES_MAX 80u
/* The chain's own asset, of which the ledger has only what our transactions cost; no configured
 * asset may be called so. 18 decimals. */
#define LEDGER_NATIVE_SYMBOL "native"
#define PLAN_ROUTERS_MAX     24u /* of one asset: its network fits one row */
#define PLAN_MOVES_MAX       48u /* started by one plan: its rows fit one step */
#define PLAN_LIMITS_MAX      8u
#define MOVE_WORDS_BYTES_MAX 160u /* with the final NUL */

/* stored: never renumber */
enum account_kind {
    ACCOUNT_ROUTER = 1,   /* collateral that a watched router holds */
    ACCOUNT_BRIDGE = 2,   /* what a router's bridge holds on its chain; not ours */
    ACCOUNT_KEY = 3,      /* tokens of the sending key, which pays bridge fees in the token */
    ACCOUNT_OWED = 4,     /* users' transfers on their way, to be paid out by this router */
    ACCOUNT_ARRIVING = 5, /* moves on their way to this router */
    ACCOUNT_FEES = 6,     /* what moving cost */
    ACCOUNT_EXTERNAL = 7, /* everybody else */
    ACCOUNT_EQUITY = 8,   /* what was there when the ledger was opened */
    ACCOUNT_SPOKE = 9,    /* tokens that one of our spokes holds */
    ACCOUNT_VENUE = 10,   /* what a spoke has in a venue, at the venue's price, less what it owes */
    ACCOUNT_YIELD = 11,   /* what venues earned; negative: what was lost in them */
    ACCOUNT_SUPPLY = 12,  /* what a synthetic router minted and has not burned: owed to holders */
    /* Tokens at a hub: what belongs to the holders of shares, what was asked to come in and is not
     * priced, and what was priced and waits for its claimants. */
    ACCOUNT_HUB = 13,
};
#define ACCOUNT_KINDS_END (ACCOUNT_HUB + 1)

struct account {
    char symbol[NAME_BYTES_MAX]; /* of the asset, zero-filled */
    enum account_kind kind;
    uint32_t domain;
    struct address address; /* zero for FEES, EXTERNAL, EQUITY, YIELD */
};

struct account_row {
    struct amount debit; /* all that ever came */
    struct amount credit;
    bool opened; /* agreed with the chain once, so a difference is an alarm */
    uint64_t block;
};

/* A balance with its sign. */
struct account_balance {
    bool negative;
    struct amount amount;
};
struct account_balance account_balance_of(const struct account_row *row);

/* stored: never renumber */
enum posting_kind {
    POSTING_OPENING = 1,
    POSTING_USER_SENT = 2, /* a user's transfer was taken in at its origin */
    POSTING_USER_PAID = 3, /* and paid out */
    POSTING_MOVE_SENT = 4, /* a rebalance left */
    POSTING_MOVE_ARRIVED = 5,
    POSTING_DIFFERENCE = 6,  /* between what was sent and what arrived */
    POSTING_FEE = 7,         /* charged on top of what was moved */
    POSTING_TRANSFER = 8,    /* a token transfer without a message: a donation, a withdrawal */
    POSTING_ADJUSTMENT = 9,  /* a person accepted a difference to the chain */
    POSTING_SETTLEMENT = 10, /* a payout whose sending became known later */
    POSTING_GAS = 11,        /* of a transaction of ours, in the native asset */
    POSTING_DEPOSITED = 12,  /* a spoke put capital into a venue */
    POSTING_WITHDRAWN = 13,  /* and took it out */
    POSTING_YIELD = 14,      /* what is in a venue is worth more, or less, than was booked */
};

struct posting_row {
    struct instant at;
    enum posting_kind kind;
    struct account debit;
    struct account credit;
    struct amount amount;
    uint64_t block;
    struct hash transaction;
    uint32_t log_index;
    struct hash message_id; /* zero: none */
    uint64_t record;        /* of the journal: the fact, or the balances, that it rests on */
};

/* stored: never renumber */
enum transit_kind {
    TRANSIT_USER = 1,
    TRANSIT_MOVE = 2, /* between routers, or between spokes */
};

struct transit_row {
    enum transit_kind kind;
    char symbol[NAME_BYTES_MAX];
    uint32_t origin;
    uint32_t destination;
    struct address source; /* router; zero while only the delivery is known */
    struct address target; /* router */
    bool sent;
    struct amount sent_amount;
    uint64_t sent_block;
    bool delivered;
    struct amount delivered_amount;
    uint64_t delivered_block;
    struct hash move_id; /* ours; zero: somebody else's */
    struct instant since;
};

/* stored: never renumber */
enum ledger_state {
    LEDGER_OPENING = 1, /* balances were not read yet */
    LEDGER_RECONCILED = 2,
    LEDGER_UNRECONCILED = 3,
};

struct ledger_chain {
    enum ledger_state state;
    struct instant since;
    uint64_t applied_block;
    struct hash applied_hash;
    struct instant applied_at;
    uint64_t reconciled_block;
    struct hash reconciled_hash;
    struct instant reconciled_at;
    bool asked; /* COMMAND_READ_POSITIONS at asked_block is under way */
    uint64_t asked_block;
    struct hash asked_hash;
    struct instant asked_at;
    struct instant ask_again; /* due row */
    uint32_t attempts;
    uint32_t finals;          /* since the last question */
    bool accept;              /* a person: book the next difference instead of stopping */
    struct account differing; /* while UNRECONCILED: the first account that differs */
    struct account_balance ledger;
    struct amount chain;
};

/* What is not yet explained about one account in the transaction being put together. */
struct assembly_entry {
    struct account account;
    struct amount in;        /* from anybody */
    struct amount out;       /* to anybody but the own bridge */
    struct amount to_bridge; /* from a router to its bridge */
    bool sent;               /* SentTransferRemote waits for its Dispatch */
    uint32_t sent_remote;
    struct address sent_recipient;
    struct amount sent_amount;
    bool received; /* ReceivedTransferRemote waits for its payout */
    struct hash received_id;
    uint32_t received_remote;
    struct address received_recipient;
    bool dispatched; /* a bridge's message waits for its CollateralMoved */
    struct hash dispatched_id;
    uint32_t dispatched_destination;
    struct address dispatched_recipient;
};

#define ASSEMBLY_ENTRIES_MAX 16u

struct assembly {
    uint64_t sequence; /* of the chain's last posting */
    bool open;
    uint64_t block;
    struct hash transaction;
    uint32_t log_index;
    uint64_t record; /* that told the fact at log_index */
    bool processing; /* a ProcessId was seen in this transaction */
    struct hash process_id;
    uint32_t count;
    struct assembly_entry entries[ASSEMBLY_ENTRIES_MAX];
};

/* stored: never renumber */
enum plan_state {
    PLAN_OBSERVED = 1,
    PLAN_AWAITING_APPROVAL = 2,
    PLAN_ACCEPTED = 3,
    PLAN_VOID = 4,
    PLAN_DONE = 5,
};

/* Between routers; or between what lies idle in a spoke and its venues, each named by its place in
 * the spoke's own list, counted from 1 (0: idle). Source and target are the spoke then. */
struct plan_move {
    enum move_kind kind;
    uint32_t source_domain;
    struct address source;
    uint32_t source_venue;
    uint32_t target_domain;
    struct address target;
    uint32_t target_venue;
    struct amount amount;
};

struct plan_place {
    uint32_t domain;
    struct address router; /* or spoke */
    uint32_t venue;        /* as in struct plan_move */
    struct account_balance effective;
    struct amount goal; /* its share of the total */
    uint64_t block;     /* the ledger was at */
};

/* stored: never renumber */
enum plan_limit_kind {
    PLAN_LIMIT_LEAVING = 1,  /* what the router, or a venue, `source_domain` can send now */
    PLAN_LIMIT_ENTERING = 2, /* what bridges can still pay out, or a venue takes, there */
    PLAN_LIMIT_WAY = 3,      /* both, on the way from one to the other */
    PLAN_LIMIT_FLOOR = 4,    /* the mandate's, at the router `source_domain`; a spoke's buffer */
    PLAN_LIMIT_CAP = 5,      /* the mandate's, at the router, or of all, on `target_domain` */
    PLAN_LIMIT_VELOCITY = 6, /* what may still enter venues of the spoke `target_domain` */
    PLAN_LIMIT_SHARE = 7,    /* the mandate's floor of the chain `source_domain` */
    PLAN_LIMIT_ISSUER = 8,   /* the mandate's cap of an issuer; one of his venues is there */
};

/* A limit that the plan runs into; one whole unit more of it would be worth `price_nano` * 1e-9. */
struct plan_limit {
    enum plan_limit_kind kind;
    uint32_t source_domain; /* 0: any */
    uint32_t target_domain; /* 0: any */
    uint64_t price_nano;
};

struct plan_row {
    enum plan_state state;
    enum reason reason;
    char symbol[NAME_BYTES_MAX];
    struct instant made_at;
    struct instant decided_at;
    struct hash limits; /* digest of the configuration it was made under */
    struct amount total;
    struct amount cost; /* base units of the asset */
    uint32_t uid;       /* who approved or rejected */
    /* An approver's word for the signer, as it was given; 0: none. */
    uint64_t approval_expires_s;
    struct signature approval;
    uint32_t places_count;
    struct plan_place places[PLAN_ROUTERS_MAX];
    uint32_t moves_count;
    struct plan_move moves[PLAN_MOVES_MAX];
    /* Base units, by move: what is lost when this one alone is not made, and what it costs. */
    struct amount gains[PLAN_MOVES_MAX];
    struct amount costs[PLAN_MOVES_MAX];
    uint32_t gap_ppm; /* of what could be gained, the best plan has at most this much more */
    uint32_t binding_count;
    struct plan_limit binding[PLAN_LIMITS_MAX]; /* the dearest first */
};

/* Where planning of one asset stands: between its routers, or between its venues. Both use what the
 * mandate allows in a window together: that is kept with the routers'. */
struct plan_asset {
    enum reason reason; /* why nothing is planned, or what came of the last plan */
    struct instant since;
    bool asked; /* COMMAND_PLAN under way */
    struct hash network_id;
    struct instant asked_at;
    struct hash seen_id;         /* network that was answered last: not asked about again */
    struct hash plan_id;         /* newest plan; zero: none */
    struct instant last_move_at; /* a plan was accepted */
    /* What was used of the mandate's velocity and fee budget: in the window that began at
     * `window_at`, and in the one before. Both together are no less than any window's. */
    struct instant window_at;
    struct amount moved_now;
    struct amount moved_before;
    struct amount spent_now;
    struct amount spent_before;
};

struct plan_clock {
    struct instant due;
    uint64_t sequence; /* plans made */
};

/* stored: never renumber */
enum move_state {
    MOVE_RESERVED = 1, /* decided; not handed to the lane */
    MOVE_SENT = 2,     /* the lane has it */
    MOVE_INCLUDED = 3, /* in a block that is not final */
    MOVE_TRANSIT = 4,  /* left its source for good; the message is under way */
    MOVE_DONE = 5,     /* arrived, final */
    MOVE_FAILED = 6,   /* never left; its reservation is free */
};

struct move_row {
    enum move_state state;
    enum reason reason;
    struct instant since;
    struct instant created;
    struct instant retry_at; /* due row while RESERVED */
    struct hash plan_id;
    uint32_t index; /* in the plan */
    uint32_t leg;   /* that is done now, from 0; before it all are final */
    char symbol[NAME_BYTES_MAX];
    struct plan_move move;
    uint32_t attempts;
    struct amount fee_native; /* quoted last */
    struct amount fee_token;
    bool ended_leg;         /* its transaction is final */
    struct amount gas_cost; /* wei */
    struct hash transaction;
    struct hash message_id;
    struct amount sent_amount;
    struct amount arrived_amount;
    uint64_t sent_block; /* of its last leg, between venues */
    uint64_t arrived_block;
    /* Between spokes: what the target had booked of the source when the move began, and when what
     * this move brought was booked too (zero: not yet). */
    struct amount booked_before;
    struct instant booked_at;
    char words[MOVE_WORDS_BYTES_MAX]; /* said against it last; printable, zero-filled */
};

struct vault_row {
    uint64_t block;
    struct hash block_hash;
    struct vault_state state; /* zero until it was read once: `block` is 0 then */
    struct amount deposited;  /* all facts since the start */
    struct amount withdrawn;
    uint64_t deposits_count;
    uint64_t withdrawals_count;
    uint64_t fact_block;
};

struct quote_row {
    uint32_t destination;
    uint64_t block;
    struct hash block_hash;
    struct amount amount;
    struct amount fee_native;
    struct amount fee_token;
};

/* ---- keys, built in the caller's memory ---- */
struct bytes account_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct account *account);
struct bytes posting_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain, uint64_t sequence);
struct bytes transit_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id);
struct bytes transit_open_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id);
struct bytes ledger_chain_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain);
struct bytes ledger_asked_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain);
struct bytes assembly_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain);
struct bytes plan_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id);
struct bytes plan_order_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint64_t sequence);
struct bytes plan_asset_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], enum move_kind kind,
                            const char *symbol);
struct bytes plan_network_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], enum move_kind kind,
                              const char *symbol);
struct bytes plan_clock_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX]);
struct bytes move_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id);
struct bytes move_open_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *id);
struct bytes move_leg_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct hash *leg_id);
struct bytes vault_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                       const struct address *vault);
struct bytes quotes_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                        const struct address *router);

/* ---- values ---- */
void account_pack(struct packer *packer, const struct account *account);
struct account account_unpack(struct unpacker *unpacker);
void account_row_pack(struct packer *packer, const struct account_row *row);
bool account_row_unpack(struct bytes bytes, struct account_row *ret_row);
void posting_row_pack(struct packer *packer, const struct posting_row *row);
bool posting_row_unpack(struct bytes bytes, struct posting_row *ret_row);
void transit_row_pack(struct packer *packer, const struct transit_row *row);
bool transit_row_unpack(struct bytes bytes, struct transit_row *ret_row);
void ledger_chain_pack(struct packer *packer, const struct ledger_chain *row);
bool ledger_chain_unpack(struct bytes bytes, struct ledger_chain *ret_row);
void assembly_pack(struct packer *packer, const struct assembly *row);
bool assembly_unpack(struct bytes bytes, struct assembly *ret_row);
void plan_row_pack(struct packer *packer, const struct plan_row *row);
bool plan_row_unpack(struct bytes bytes, struct plan_row *ret_row);
void plan_asset_pack(struct packer *packer, const struct plan_asset *row);
bool plan_asset_unpack(struct bytes bytes, struct plan_asset *ret_row);
void plan_clock_pack(struct packer *packer, const struct plan_clock *row);
bool plan_clock_unpack(struct bytes bytes, struct plan_clock *ret_row);
void move_row_pack(struct packer *packer, const struct move_row *row);
bool move_row_unpack(struct bytes bytes, struct move_row *ret_row);
void vault_row_pack(struct packer *packer, const struct vault_row *row);
bool vault_row_unpack(struct bytes bytes, struct vault_row *ret_row);
/* Quotes follow each other in their row. */
void quote_row_pack(struct packer *packer, const struct quote_row *row);
bool quote_row_find(struct bytes bytes, uint32_t destination, struct quote_row *ret_row);

/* Largest packed rows. */
#define ACCOUNT_ROW_BYTES_MAX  96u
#define POSTING_ROW_BYTES_MAX  384u
#define TRANSIT_ROW_BYTES_MAX  384u
#define LEDGER_CHAIN_BYTES_MAX 512u
#define ASSEMBLY_BYTES_MAX     16384u
#define PLAN_ROW_BYTES_MAX     16384u
#define PLAN_ASSET_BYTES_MAX   384u
#define MOVE_ROW_BYTES_MAX     1024u
#define VAULT_ROW_BYTES_MAX    384u
#define QUOTES_ROW_BYTES_MAX   16384u

#endif
