/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/command.h: acts the core asks for.
 *
 * The shell carries each to the part that can do it and brings the answer back as an event.
 * Two classes (command_waits): commands that only read may leave at once; those that sign, send or
 * publish leave only after the batch that holds them is durable.
 *
 * Memory: pointers inside a command are borrowed from the core until its next step. */
#ifndef SLUICE_RELAY_CORE_COMMAND_H
#define SLUICE_RELAY_CORE_COMMAND_H

#include "relay/core/event.h"

/* stored: never renumber */
enum command_kind {
    COMMAND_WATCH = 1,              /* follow a chain from a block on; a repeat rewinds */
    COMMAND_READ_SECURITY = 2,      /* which ISM guards this message's recipient, and its set */
    COMMAND_READ_STORAGE = 3,       /* where a validator says it publishes */
    COMMAND_FETCH_CHECKPOINT = 4,   /* read one signed checkpoint from one validator's store */
    COMMAND_PREPARE = 5,            /* encode a leg and simulate it from the key's address */
    COMMAND_SEND = 6,               /* sign a leg under an intent (waits) */
    COMMAND_BROADCAST = 7,          /* give the signed transaction to every endpoint (waits) */
    COMMAND_FOLLOW = 8,             /* report when this transaction is included */
    COMMAND_READ_LANE = 9,          /* a key's nonces and balance */
    COMMAND_READ_POSITIONS = 10,    /* balances, vault states and bridge quotes at one block hash */
    COMMAND_READ_TREE = 11,         /* leaf count and root of the tree hook at one block hash */
    COMMAND_SIGN_CHECKPOINT = 12,   /* (waits) */
    COMMAND_SIGN_ANNOUNCEMENT = 13, /* (waits) */
    COMMAND_PUBLISH_CHECKPOINT = 14,   /* write a signed checkpoint to our store (waits) */
    COMMAND_PUBLISH_ANNOUNCEMENT = 15, /* write announcement.json to our store (waits) */
    COMMAND_PLAN = 16,                 /* run the routing core on a snapshot, on its own thread */
    COMMAND_WAKE = 17,          /* give EVENT_WAKE at this instant; an earlier one replaces it */
    COMMAND_NOTE = 18,          /* tell people: a state change, a refusal, an alarm */
    COMMAND_READ_LOOKUP = 90,   /* which servers prove this message to a module, and what to ask */
    COMMAND_FETCH_LOOKUP = 91,  /* ask those servers */
    COMMAND_SIGN_LOOKUP = 201,  /* prove to one of those servers who asks (waits) */
    COMMAND_PUBLISH_REORG = 93, /* raise the flag in our store (waits) */
};

/* stored: never renumber. What one transaction does. */
enum leg_kind {
    LEG_PROCESS = 1,    /* Mailbox.process(metadata, message) */
    LEG_REBALANCE = 2,  /* router.rebalance(destination, amount, bridge), or the guard's */
    LEG_ANNOUNCE = 3,   /* ValidatorAnnounce.announce(validator, location, signature) */
    LEG_CANCEL = 4,     /* a transfer of nothing to ourselves, to free a nonce */
    LEG_VENUE = 5,      /* spoke.deposit(order, venue, amount) and the verbs of the same form */
    LEG_CROSSING = 245, /* spoke.bridge(order, bridge, destination, token, amount) */
    LEG_SETTLE = 246,   /* spoke.settle(origin, token): books what came from a sibling; no order */
    LEG_HUB = 233,      /* what a hub and its spokes are asked to do for the holders of shares */
    LEG_BATCH = 115, /* several Mailbox.process through a contract that goes on after a failure */
};

/* stored: never renumber. What a spoke does with a venue. */
enum venue_verb {
    VENUE_DEPOSIT = 1,
    VENUE_WITHDRAW = 2,
    VENUE_BORROW = 3,
    VENUE_REPAY = 4,
};

/* stored: never renumber. Each but HUB_SETTLE carries an order. */
enum hub_verb {
    HUB_NOTHING = 0, /* of no leg */
    HUB_CLOSE = 1,   /* hub.closeRound(order): no request joins the round any more */
    HUB_SETTLE = 2,  /* hub.settleRound(): prices it */
    HUB_INVEST = 3,  /* hub.invest(order, amount): to the spoke on its chain */
    HUB_RECALL = 4,  /* hub.recall(order, domain, asset id, amount): so much is to come home */
    HUB_REPORT = 5,  /* spoke.report(order): what is there, as a message to the hub */
    HUB_PAY = 6,     /* spoke.payHub(order, token, amount): for redemptions */
};

struct leg {
    struct hash id; /* idempotency key: equal id means equal leg */
    enum leg_kind kind;
    uint32_t domain;    /* where the transaction runs */
    struct address key; /* who sends it */
    union {
        struct {
            struct hash message_id;
            struct bytes message;
            struct bytes metadata;
        } process;
        struct {
            struct address router;
            struct address bridge;
            uint32_t destination;
            struct amount amount;
            struct amount fee_native_max; /* quoted above it: refused, not sent */
            struct amount fee_token_max;
            /* Zero: the router is called. Else guard.rebalance(order, router, ...), whose order has
             * the leg's id and these two: it is obeyed once, whatever is sent. */
            struct address guard;
            struct hash mandate;
            uint64_t deadline_s; /* block time; later the guard refuses */
        } rebalance;
        struct {
            struct address validator;
            struct bytes location;
            struct signature signature;
        } announce;
        struct {
            struct address contract; /* Multicall3.aggregate3 */
            /* relay/hyperlane/deliveries.h: at least two. In rows the core keeps the ids of the
             * members' own LEG_PROCESS instead, one after the other. */
            struct bytes deliveries;
        } batch;
        /* The order's `leg` is the leg's id: the spoke obeys it once, whatever is sent. */
        struct {
            enum venue_verb verb;
            struct address spoke;
            uint32_t index; /* in the spoke's list of venues */
            struct amount amount;
            struct hash mandate;
            uint64_t deadline_s; /* block time; later the spoke refuses */
        } venue;
        /* Likewise an order. Who gets it is the spoke's word: its sibling on `destination`. */
        struct {
            struct address spoke;
            struct address bridge;
            uint32_t destination;
            struct address token;
            struct amount amount;
            struct amount fee_native_max; /* with the notice to the sibling; above it: refused */
            struct amount fee_token_max;
            struct hash mandate;
            uint64_t deadline_s;
        } crossing;
        struct {
            struct address spoke;
            uint32_t origin;
            struct address token;
        } settle;
        struct {
            enum hub_verb verb;
            struct address contract; /* the hub, or the spoke */
            uint32_t domain;         /* HUB_RECALL: of the spoke that is told */
            struct hash asset;       /* HUB_RECALL: as hub and spokes name it */
            struct address token;    /* HUB_PAY */
            struct amount amount;    /* HUB_INVEST, HUB_RECALL, HUB_PAY */
            struct amount value;     /* native, pays for a message; what is over comes back */
            struct hash mandate;
            uint64_t deadline_s;
        } hub;
    };
};

/* A decision to send, durable before the transaction leaves (design.md section 2). */
struct intent {
    struct hash leg_id;
    uint32_t attempt; /* 0 first; each replacement of the same nonce counts up */
    uint32_t domain;
    struct address key;
    uint64_t nonce;
    uint64_t gas_limit;
    bool is_legacy; /* fee_per_gas_max is the one price; priority_fee_per_gas is the same */
    struct amount fee_per_gas_max;
    struct amount priority_fee_per_gas;
    struct amount value;
    struct hash payload_digest; /* what EVENT_PREPARED named; the adapter checks it again. Zero for
                                   a LEG_CANCEL, which is not prepared: its value is zero too */
};

/* stored: never renumber */
enum note_level {
    NOTE_INFO = 1,
    NOTE_WARN = 2,  /* degraded; the text says what the node does instead */
    NOTE_ALARM = 3, /* a person must act */
};

struct watch {
    uint64_t from_block; /* first block whose facts are wanted */
    /* Where a long history lies before the newest final block, the adapter may say EVENT_PASSED
     * first, begin near the end, and give what it passed over beside, as the past. */
    bool may_pass;
    /* What an earlier watch passed over and was not given yet; last 0: nothing. */
    uint64_t past_first;
    uint64_t past_last;
    /* What EVENT_CALLS last said of the endpoints, so that a new start does not forget what a day
     * cost already. */
    uint64_t calls_day; /* 0: nothing */
    uint64_t calls_spent[ENDPOINTS_PER_CHAIN_MAX];
};

struct command {
    enum command_kind kind;
    uint32_t domain; /* the chain it is for; 0 where it is for none */
    union {
        struct watch watch;
        struct {
            struct hash message_id;
            struct bytes message;
        } read_security; /* domain is the destination */
        struct {
            struct address validator;
        } read_storage; /* domain is the origin */
        struct {
            struct address validator;
            struct bytes location;
            uint32_t index;
            struct hash message_id; /* for the log; the checkpoint must name it */
        } fetch_checkpoint;         /* domain is the origin */
        struct {
            struct hash message_id;
            struct address module;
            struct bytes message;
        } read_lookup; /* domain is the destination */
        struct {
            struct hash message_id;
            struct address module;
            struct address sender;
            struct bytes urls; /* templates, each ended by a newline */
            struct bytes call_data;
            struct hash dispatch_transaction;
            struct signature signature; /* for the first template without {data}; zero: none */
        } fetch_lookup;                 /* domain is the destination */
        struct {
            struct hash message_id;
            struct address module;
            struct address key;
            struct address sender;
            struct bytes url; /* the template */
            struct bytes call_data;
        } sign_lookup; /* domain is the destination */
        struct leg prepare;
        struct {
            struct leg leg;
            struct intent intent;
        } send;
        struct {
            struct hash leg_id;
            struct hash transaction;
        } broadcast;
        struct {
            struct hash leg_id;
            struct hash transaction;
            struct address key;
            uint64_t nonce;
        } follow;
        struct {
            struct address key;
        } read_lane;
        struct {
            uint64_t block_number;
            struct hash block_hash;
        } read_positions;
        struct {
            uint64_t block_number;
            struct hash block_hash;
            bool everyone;    /* every endpoint that can be asked must say the same */
            bool with_branch; /* the frontier too: enough to go on from there */
        } read_tree;
        struct checkpoint sign_checkpoint;
        struct {
            struct address validator;
            struct bytes location;
        } sign_announcement;
        struct {
            struct address validator;
            struct checkpoint checkpoint;
            struct signature signature;
        } publish_checkpoint;
        struct {
            struct address validator;
            struct bytes location;
            struct signature signature;
        } publish_announcement;
        struct {
            struct address validator;
            struct hash local_root;     /* of the leaves that were told */
            struct hash canonical_root; /* of the chain at the same count; zero: not known */
            uint32_t index;             /* of the newest leaf of both */
            uint64_t time_s;
        } publish_reorg;
        struct {
            struct hash plan_id;  /* digest of `network` */
            struct bytes network; /* relay/routing/network.h, packed */
        } plan;
        struct {
            struct instant at;
        } wake;
        struct {
            enum note_level level;
            struct hash subject; /* message, leg, plan id; zero where none */
            uint32_t reason;     /* enum reason (relay/core/reason.h) */
            struct bytes text;   /* more, for people; at most REASON_BYTES_MAX */
        } note;
    };
};

/* True for commands that leave only after their batch is durable. */
bool command_waits(enum command_kind kind);
/* True for commands that are journaled as records of their own: decisions an auditor reads. Replay
 * compares them byte for byte. */
bool command_is_recorded(enum command_kind kind);

#endif
