/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/event.h: facts given to the core, and nothing else is.
 *
 * Every event is journaled (proto/record.h) before anything that follows from it leaves the node;
 * replaying the events replays the node. Adapters and the shell make events; the core reads them.
 *
 * Memory: pointers inside an event are borrowed for the call they are passed to.
 * Units: amounts in base units (wei for native), gas in gas, fees in wei per gas, block times in
 * seconds since the Unix epoch as the chain states them.
 * Chains are named by their Hyperlane domain (u32), which need not be the EVM chain id. */
#ifndef SLUICE_RELAY_CORE_EVENT_H
#define SLUICE_RELAY_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"
#include "relay/base/signature.h"
#include "relay/core/config.h"
#include "relay/hyperlane/checkpoint.h"
#include "relay/hyperlane/ism.h"

/* Goes up whenever behaviour changes: a record is replayed only by the version that saw it. */
#define CORE_VERSION 2

/* stored: never renumber */
enum event_kind {
    EVENT_START = 1,              /* the node started with this configuration */
    EVENT_WAKE = 2,               /* an instant that the core asked for has come */
    EVENT_FACT = 3,               /* one log of one block, not yet final */
    EVENT_BLOCK = 4,              /* all facts up to and including this block were given */
    EVENT_FINAL = 5,              /* the chain's finality policy now covers this block */
    EVENT_SECURITY = 6,           /* answer to COMMAND_READ_SECURITY */
    EVENT_STORAGE = 7,            /* answer to COMMAND_READ_STORAGE */
    EVENT_CHECKPOINT = 8,         /* answer to COMMAND_FETCH_CHECKPOINT */
    EVENT_PREPARED = 9,           /* answer to COMMAND_PREPARE */
    EVENT_SIGNED = 10,            /* answer to COMMAND_SEND: signed or refused, not yet broadcast */
    EVENT_SUBMITTED = 11,         /* answer to COMMAND_BROADCAST */
    EVENT_RECEIPT = 12,           /* a followed transaction was included */
    EVENT_LANE = 13,              /* answer to COMMAND_READ_LANE */
    EVENT_POSITIONS = 14,         /* answer to COMMAND_READ_POSITIONS */
    EVENT_TREE = 15,              /* answer to COMMAND_READ_TREE */
    EVENT_CHECKPOINT_SIGNED = 16, /* answer to COMMAND_SIGN_CHECKPOINT */
    EVENT_ANNOUNCEMENT_SIGNED = 17, /* answer to COMMAND_SIGN_ANNOUNCEMENT */
    EVENT_PUBLISHED = 18,           /* answer to COMMAND_PUBLISH_* */
    EVENT_PLANNED = 19,             /* answer to COMMAND_PLAN */
    EVENT_OPERATOR = 20,            /* a person asked for something */
    EVENT_ENDPOINT = 21,            /* an endpoint changed state */
    EVENT_STOP = 22,                /* the node stops in good order */
    EVENT_DISSENT = 50,   /* an endpoint answered otherwise than the others: evidence, kept whole */
    EVENT_QUORUM = 51,    /* whether enough endpoints of a chain agree to act on what they say */
    EVENT_CALLS = 80,     /* what an endpoint with a daily budget was asked, once in a while */
    EVENT_PASSED = 85,    /* the watch begins later than asked: what is before comes as the past */
    EVENT_PAST_FACT = 86, /* one log of the past, final when it is given */
    EVENT_PAST_BLOCK = 87,     /* all facts of the past up to and including this block were given */
    EVENT_LOOKUP = 90,         /* answer to COMMAND_READ_LOOKUP */
    EVENT_LOOKUP_ANSWER = 91,  /* answer to COMMAND_FETCH_LOOKUP */
    EVENT_LOOKUP_SIGNED = 200, /* answer to COMMAND_SIGN_LOOKUP */
};

/* stored: never renumber. How a question to the outside ended. UNKNOWN is never treated as any of
 * the others: the question is asked again. */
enum outcome {
    OUTCOME_OK = 1,
    OUTCOME_ABSENT = 2,  /* the source answered: there is no such thing (yet) */
    OUTCOME_REFUSED = 3, /* reverted, rejected or refused by policy; a reason comes with it */
    OUTCOME_UNKNOWN = 4, /* no answer, or one that cannot be read */
};

/* stored: never renumber */
enum fact_kind {
    FACT_DISPATCH = 1,    /* Mailbox.Dispatch; contract is the mailbox */
    FACT_TREE_INSERT = 2, /* MerkleTreeHook.InsertedIntoTree */
    FACT_GAS_PAYMENT = 3, /* InterchainGasPaymaster.GasPayment */
    FACT_PROCESS = 4,     /* Mailbox.ProcessId */
    FACT_TRANSFER = 5,    /* token transfer that touches a watched account; contract is the token */
    FACT_REMOTE_SENT = 6, /* SentTransferRemote of a watched router */
    FACT_REMOTE_RECEIVED = 7,  /* ReceivedTransferRemote of a watched router */
    FACT_COLLATERAL_MOVED = 8, /* CollateralMoved of a watched router */
    FACT_VAULT_DEPOSIT = 9,    /* ERC-4626 Deposit of a watched vault */
    FACT_VAULT_WITHDRAW = 10,  /* ERC-4626 Withdraw of a watched vault */
    FACT_ANNOUNCED = 11,       /* ValidatorAnnounce.ValidatorAnnouncement: what it says is asked */
};
#define FACT_KIND_LAST FACT_ANNOUNCED

struct fact {
    enum fact_kind kind;
    uint64_t block_number;
    struct hash block_hash;
    struct hash transaction;
    uint32_t log_index; /* within the block */
    struct address contract;
    union {
        struct {
            /* The whole Hyperlane message, at most MESSAGE_BYTES_MAX; of a larger one its id, 32
             * bytes, which no message is as short as. */
            struct bytes message;
        } dispatch;
        struct {
            struct hash message_id;
            uint32_t leaf_index;
        } tree_insert;
        struct {
            struct hash message_id;
            uint32_t destination;
            struct amount gas;
            struct amount payment;
        } gas_payment;
        struct {
            struct hash message_id;
        } process;
        struct {
            struct address validator;
        } announced;
        struct {
            struct address from;
            struct address to;
            struct amount amount;
        } transfer;
        struct {
            uint32_t remote; /* the other chain's domain */
            struct address recipient;
            struct amount amount; /* as the message carries it (scaled) */
        } remote;                 /* FACT_REMOTE_SENT, FACT_REMOTE_RECEIVED */
        struct {
            uint32_t destination;
            struct address recipient;
            struct amount amount;
            struct address rebalancer;
        } collateral_moved;
        struct {
            struct address sender;
            struct address receiver; /* of shares (deposit) or assets (withdraw) */
            struct address owner;    /* of the shares */
            struct amount assets;
            struct amount shares;
        } vault;
    };
};

struct balance {
    struct address account; /* zero: everybody's, that is the token's supply */
    struct address token;   /* zero: the chain's native asset */
    struct amount amount;
};

struct vault_state {
    struct address vault;
    struct amount total_assets;
    struct amount total_shares;
    struct amount own_shares;       /* held by the configured owner account; 0 where none is */
    struct amount assets_per_share; /* convertToAssets(10^share decimals) */
};

/* What one of our spokes says of one asset that it holds. */
struct spoke_state {
    struct address spoke;
    struct address token;
    struct amount idle;          /* in its books, and no more than it holds */
    struct amount velocity_left; /* of deposits, swaps, borrowing, bridging in the window */
    struct amount loss_left;     /* of the loss budget in the window */
    /* Of what is idle, or will be, this much stays: the spoke's buffer and what its hub recalled.
     */
    struct amount kept;
    bool paused;
    struct hash mandate; /* in force there; an order under another one is void */
};

/* stored: never renumber. Why nothing may enter a venue now. What is inside may leave up to
 * `leave_max` whatever the gate says. */
enum venue_gate {
    VENUE_OPEN = 1,
    VENUE_SHUT = 2,         /* closed in the spoke's books */
    VENUE_PAUSED = 3,       /* by itself */
    VENUE_CODE_CHANGED = 4, /* another code hash, or another implementation behind it */
    VENUE_PRICE_JUMPED = 5, /* a share is worth too much less or more than at the last booking */
    VENUE_SUPPLY_LOW = 6,   /* too few shares: their price can be set by anybody */
    VENUE_INSOLVENT = 7,    /* owes more than it has */
    VENUE_FROZEN = 8,       /* takes nothing new, by its makers' word */
    VENUE_FULL = 9,         /* its own cap is reached */
    VENUE_RECEIPT_CHANGED = 10, /* it would give another receipt than the owner allowed */
};

/* `rate_nano` is what a unit of this piece earns in a year of 365 days, in 1e-9 of itself. */
struct venue_piece {
    struct amount width; /* base units of the asset */
    uint64_t rate_nano;
};

/* A venue at one block, as one spoke of ours stands in it. Amounts: base units of the asset. */
struct venue_state {
    struct address spoke;
    uint32_t index; /* in the spoke's list of venues */
    enum venue_gate gate;
    struct amount supplied;  /* ours, as if it were all taken out in this block, rounded down */
    struct amount owed;      /* ours to the venue, rounded up */
    struct amount enter_max; /* what a deposit may bring now: the venue's, and the spoke's cap */
    struct amount leave_max; /* what could be taken out now; at most `supplied` */
    /* What 10^9 whole shares are worth, so that slow growth shows; zero where there are none. The
     * core measures the rate of a venue without pieces by how it grows. */
    struct amount share_price;
    /* Where the venue keeps one account of all that is ours and that we owe, in a numeraire of its
     * own: the debts, the collateral with each kind at its liquidation threshold, and what a whole
     * token more of this asset adds to that. It is liquidated once the second is below the first.
     * All zero: nothing is owed. */
    struct amount account_debt;
    struct amount account_guard;
    struct amount unit_guard;
    /* What a whole token is worth by the venue's own word, in 1e-18 of the numeraire; zero where
     * it does not say in which units. */
    struct amount unit_price;
    /* What a whole token owed adds to the debts; zero: nothing is owed, or it is not known. */
    struct amount unit_debt;
    /* The rate curve over what we would have in it, from nothing on: rates do not increase, and
     * above the last piece nothing is earned. None: see above. */
    uint32_t pieces_count;
    struct venue_piece pieces[VENUE_PIECES_MAX];
};

/* What one of our spokes says of its asset and one sibling: all that ever was, so that what is
 * under way is what one sent less what the other received. */
struct spoke_flow {
    struct address spoke;
    struct address token;
    uint32_t sibling;        /* its domain */
    struct amount sent;      /* to the sibling */
    struct amount announced; /* by the sibling's notices, as sent to us */
    struct amount received;  /* of that, and booked */
};

/* stored: never renumber. What a contract that should say a price said. */
enum feed_answer {
    FEED_PRICE = 1,
    FEED_MUTE = 2, /* reverted, or is none of its kind */
    FEED_ZERO = 3,
    FEED_NEGATIVE = 4,
    FEED_HUGE = 5, /* more than anything is worth */
};

struct feed_state {
    struct address feed;
    enum feed_answer answer;
    struct amount price; /* of a whole token, in 1e-18 of the numeraire; zero unless FEED_PRICE */
    uint64_t updated_s;  /* when it was made, by its own word; zero where it is mute */
};

/* What a hub says of itself: its books, and the requests that are priced next. Amounts of assets in
 * base units, of shares in theirs. */
struct hub_state {
    struct address hub;
    struct amount reserve; /* assets there that belong to the holders of shares */
    struct amount pending; /* assets of requests that are not priced yet */
    struct amount owed;    /* assets that were priced and wait for their claimants */
    struct amount supply;  /* shares there are */
    struct amount price;   /* of 10^6 base units of shares, times 10^18, as last settled */
    uint64_t round;        /* the open one */
    uint64_t settled;      /* the last priced one */
    /* Of the round after `settled`: */
    struct amount round_assets; /* to deposit */
    struct amount round_shares; /* to redeem */
    uint64_t closed_at_s;       /* block time; 0: it is the open one */
    uint32_t skew_max_s;        /* how far chains' clocks may differ */
    bool paused;
    struct hash mandate; /* in force there */
    struct hash asset;   /* as hub and spokes name it */
    /* What the spokes and all in flight are worth by the reports made after the round was closed,
     * the lower and the higher price; not known while a report is missing, stale or out of step. */
    bool is_priced;
    struct amount low;
    struct amount high;
};

/* What a hub last took of a spoke's reports. */
struct hub_report {
    struct address hub;
    uint32_t domain;   /* the spoke's */
    uint64_t sequence; /* 0: none came yet */
    uint64_t time_s;   /* of the spoke's block */
    bool jumped;       /* it moved too far: nothing is priced until it is back or accepted */
};

struct bridge_quote {
    struct address router; /* or, for what spokes send, the bridge itself */
    uint32_t destination;
    struct amount amount;     /* asked for */
    struct amount fee_native; /* sum of the quotes in the native asset */
    struct amount fee_token;  /* sum of the quotes in the token, above amount */
};

/* stored: never renumber */
enum operator_action {
    OPERATOR_APPROVE_PLAN = 1,
    OPERATOR_REJECT_PLAN = 2,
    OPERATOR_PAUSE = 3,
    OPERATOR_RESUME = 4,
    OPERATOR_RETRY_MESSAGE = 5,
    OPERATOR_HOLD_MESSAGE = 6,
    OPERATOR_DROP_MESSAGE = 7,
};

/* stored: never renumber */
enum endpoint_state {
    ENDPOINT_CONNECTED = 1,
    ENDPOINT_LOST = 2,
    ENDPOINT_WRONG_CHAIN = 3,      /* answers with another chain id or domain */
    ENDPOINT_MISSING_CONTRACT = 4, /* a configured address has no code */
    ENDPOINT_MALFORMED = 5,        /* sent what cannot be parsed */
};

/* stored: never renumber */
enum quorum_state {
    QUORUM_HELD = 1,  /* enough endpoints answer again */
    QUORUM_LOST = 2,  /* fewer endpoints answer than must agree: nothing is decided meanwhile */
    QUORUM_SPLIT = 3, /* they answer, and no answer has enough of them behind it */
    QUORUM_FINAL_MOVED_BACK = 4, /* enough of them name an older final block than before */
    QUORUM_UNPROVED = 5, /* a block's receipts are not those whose root its header states, and its
                            logs lack what the bloom promises: nothing of it is believed */
};

/* stored: never renumber. Why a broadcast was not taken. */
enum rejection {
    REJECTION_NONE = 0,
    REJECTION_NONCE_TOO_LOW = 1,
    REJECTION_UNDERPRICED = 2,
    REJECTION_FUNDS = 3,
    REJECTION_OTHER = 4,
};

/* Where a move starts and ends, by a number: a router is its index in core_config.routers, a spoke
 * and a venue theirs above these. */
#define PLANNED_SPOKE_FIRST 0x1000u
#define PLANNED_VENUE_FIRST 0x2000u
#define PLANNED_DEBT_FIRST  0x3000u /* what is owed to a venue, by the venue's index */

/* One transfer of a plan: `amount` leaves place `from` for place `to`. Both are routers, or one is
 * a spoke or one of its venues each: of one spoke, or of two that hold one asset on two chains.
 * `to` may be what its own spoke owes. */
struct planned_move {
    uint32_t from;
    uint32_t to;
    struct amount amount;
};

struct event {
    enum event_kind kind;
    struct instant at;
    uint32_t domain; /* the chain it is about; 0 where it is about none */
    union {
        struct {
            const struct core_config *config;
            struct bytes build_id; /* of the binary; at most 64 bytes */
        } start;
        struct fact fact; /* EVENT_FACT, EVENT_PAST_FACT */
        struct {
            uint64_t first; /* block that the watch begins with */
        } passed;
        struct {
            uint64_t number;
            struct hash hash;
        } past_block;
        struct {
            uint64_t number;
            struct hash hash;
            struct hash parent; /* zero: the end of a range, its blocks were not read one by one */
            uint64_t time_s;
            struct amount base_fee; /* wei per gas; 0 on chains without one */
        } block;
        struct {
            uint64_t number;
            struct hash hash;
        } final;
        struct {
            struct hash message_id; /* the message it was asked for */
            enum outcome outcome;
            struct ism ism;  /* empty unless OK; may be malformed: ism_check says */
            bool by_content; /* another message of this recipient may have another one */
            struct bytes reason;
        } security;
        struct {
            struct address validator;
            enum outcome outcome;
            const struct bytes *locations; /* newest first; at most LOCATIONS_MAX */
            uint32_t locations_count;
        } storage;
        struct {
            struct address validator;
            struct hash message_id; /* the message it was asked for */
            uint32_t index;         /* asked for; checkpoint.index may lie */
            enum outcome outcome;
            struct checkpoint checkpoint;
            struct signature signature;
        } checkpoint;
        struct {
            struct hash leg_id;
            enum outcome outcome;
            uint64_t gas;               /* estimated, without a margin */
            struct hash payload_digest; /* keccak(to || value || calldata) on EVM */
            struct amount value;        /* native amount the payload carries */
            struct amount fee_native;   /* LEG_REBALANCE, LEG_CROSSING: quoted now; else 0 */
            struct amount fee_token;
            struct amount data_fee; /* native; what a rollup adds for its data, else 0 */
            struct bytes reason;    /* revert text when refused */
        } prepared;
        struct {
            struct hash leg_id;
            uint32_t attempt;
            enum outcome outcome;
            struct address key;
            uint64_t nonce;
            struct hash transaction; /* hash of the signed transaction */
            struct bytes reason;
        } signed_;
        struct {
            struct hash leg_id;
            struct hash transaction;
            enum outcome outcome;
            enum rejection rejection;
            struct bytes reason;
        } submitted;
        struct {
            struct hash leg_id;
            struct hash transaction;
            enum outcome outcome; /* OK: included; ABSENT: its nonce was used by another one */
            bool succeeded;       /* false: included and reverted */
            uint64_t block_number;
            struct hash block_hash;
            uint64_t gas_used;
            struct amount gas_price; /* effective, wei per gas */
            struct amount data_fee;  /* native; what a rollup added for its data, else 0 */
        } receipt;
        struct {
            struct address key;
            enum outcome outcome;
            uint64_t nonce_latest;   /* transactions mined at the head */
            uint64_t nonce_final;    /* transactions mined at the final block */
            struct amount balance;   /* native, at the head */
            bool is_legacy;          /* the chain has no base fee: one price per gas, no more */
            struct amount gas_price; /* legacy chains: what the node would pay; else 0 */
            /* What others pay as priority fee per gas in the last blocks; 0: not known. */
            struct amount priority_usual; /* half of them less */
            struct amount priority_hasty; /* nine of ten less */
        } lane;
        struct {
            enum outcome outcome;
            uint64_t block_number; /* every number below is at this block */
            struct hash block_hash;
            const struct balance *balances;
            uint32_t balances_count;
            const struct vault_state *vaults;
            uint32_t vaults_count;
            const struct bridge_quote *quotes;
            uint32_t quotes_count;
            /* Of the block, as the chain states it; 0: not known, and nothing that rests on time
             * is concluded from this answer. */
            uint64_t time_s;
            const struct spoke_state *spokes;
            uint32_t spokes_count;
            const struct venue_state *venues;
            uint32_t venues_count;
            const struct spoke_flow *flows;
            uint32_t flows_count;
            const struct feed_state *feeds;
            uint32_t feeds_count;
            const struct hub_state *hubs;
            uint32_t hubs_count;
            const struct hub_report *reports;
            uint32_t reports_count;
        } positions;
        struct {
            enum outcome outcome;
            uint64_t block_number;
            struct hash block_hash;
            uint32_t count; /* leaves */
            struct hash root;
            bool everyone;       /* as it was asked for */
            bool with_branch;    /* likewise */
            struct bytes branch; /* MERKLE_DEPTH hashes, level 0 first, as tree() gives them; empty
                                    unless it was asked for and is OK */
        } tree;
        struct {
            struct checkpoint checkpoint;
            enum outcome outcome;
            struct signature signature;
            struct bytes reason;
        } checkpoint_signed;
        struct {
            struct address validator;
            enum outcome outcome;
            struct signature signature;
            struct bytes reason;
        } announcement_signed;
        struct {
            bool is_announcement;
            bool is_reorg;  /* our flag that the chain was replaced */
            uint32_t index; /* checkpoint index when not an announcement */
            enum outcome outcome;
        } published;
        struct {
            struct hash plan_id; /* the network's digest, as COMMAND_PLAN named it */
            enum outcome outcome;
            const struct planned_move *moves;
            uint32_t moves_count;
            struct amount cost;  /* of the whole plan, in the numeraire's base units */
            uint64_t steps;      /* that the solver was given: part of its answer */
            struct bytes proof;  /* how good it is (relay/routing/proof.h); empty when refused */
            struct bytes reason; /* when refused: which bounds contradict each other */
        } planned;
        struct {
            enum operator_action action;
            struct hash subject; /* plan or message id; zero where none */
            uint32_t uid;        /* of the peer on the control socket */
            struct bytes reason;
            /* OPERATOR_APPROVE_PLAN, for a signer that wants an approver's word
             * (relay/base/approval.h); the core keeps it and hands it on. 0: none. */
            uint64_t expires_s;
            struct signature signature;
        } operator_;
        struct {
            uint32_t endpoint_index;
            enum endpoint_state state;
            struct bytes detail;
        } endpoint;
        struct {
            uint32_t endpoint_index;
            uint64_t block_number; /* the question's; 0 where it names none */
            struct hash block_hash;
            uint32_t agreed_count; /* endpoints that gave the answer in use; 0: none is in use */
            struct hash agreed;    /* digest of that answer */
            struct hash digest;    /* of this endpoint's */
            struct bytes question; /* as it was asked; at most DISSENT_QUESTION_BYTES_MAX */
            struct bytes answer;   /* as it came; cut at DISSENT_ANSWER_BYTES_MAX */
            uint32_t answer_bytes; /* before the cut */
        } dissent;
        struct {
            enum quorum_state state;
            uint32_t answering_count; /* endpoints that can be asked */
            uint32_t needed_count;    /* equal answers it takes */
            struct bytes detail;
        } quorum;
        struct {
            struct hash message_id;
            struct address module; /* that asks for the proof */
            enum outcome outcome;
            struct address sender;    /* {sender} in the templates */
            const struct bytes *urls; /* templates, at most LOOKUP_URLS_MAX; hostile */
            uint32_t urls_count;
            struct bytes call_data; /* {data}; at most LOOKUP_DATA_BYTES_MAX */
            struct bytes reason;
        } lookup;
        struct {
            struct hash message_id;
            struct address module;
            enum outcome outcome;
            struct bytes metadata; /* for the module; at most METADATA_BYTES_MAX */
        } lookup_answer;
        struct {
            struct hash message_id;
            struct address module;
            enum outcome outcome;
            struct signature signature;
            struct bytes reason;
        } lookup_signed;
        struct {
            uint32_t endpoint_index;
            uint64_t day;   /* since the epoch, UTC */
            uint64_t spent; /* questions on that day */
        } calls;
        struct {
            struct bytes reason;
        } stop;
    };
};

#endif
