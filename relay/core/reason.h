/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/reason.h: why something is not happening, or what just happened: one number per
 * sentence, journaled in notes and rows, shown by `sluice why`. */
#ifndef SLUICE_RELAY_CORE_REASON_H
#define SLUICE_RELAY_CORE_REASON_H

/* stored: never renumber */
enum reason {
    REASON_NONE = 0,
    /* messages: 1 to 99 */
    REASON_AWAITING_FINALITY = 1,
    REASON_NOT_RELAYED = 2,          /* the destination is not ours to deliver to */
    REASON_SECURITY_UNKNOWN = 3,     /* the recipient's ISM could not be read yet */
    REASON_SECURITY_UNSUPPORTED = 4, /* an ISM kind this version cannot prove to */
    REASON_STORAGE_UNKNOWN = 5,      /* validators have announced no readable store */
    REASON_AWAITING_CHECKPOINTS = 6, /* fewer signatures than the threshold */
    REASON_SIMULATION_REVERTED = 7,
    REASON_SIMULATION_UNKNOWN = 8,
    REASON_FEE_CEILING = 9,   /* base fee above the configured ceiling */
    REASON_NO_KEY = 10,       /* no sending key on the destination */
    REASON_LANE_UNKNOWN = 11, /* the key's nonce has not been read yet */
    REASON_LANE_FULL = 12,    /* too many transactions in flight */
    REASON_AWAITING_INCLUSION = 13,
    REASON_AWAITING_DELIVERY_FINALITY = 14,
    REASON_DELIVERED = 15,
    REASON_DELIVERED_ELSEWHERE = 16, /* another relayer was first */
    REASON_HELD = 17,                /* a person said hold */
    REASON_DROPPED = 18,             /* a person said drop */
    REASON_MALFORMED_MESSAGE = 19,
    REASON_TOO_LARGE = 20,
    REASON_SIGNER_REFUSED = 21,
    REASON_GAS_LIMIT = 22, /* needs more gas than one transaction may use */
    REASON_PAUSED = 23,
    REASON_ORPHANED = 24, /* a reorg removed the dispatch */
    REASON_INSUFFICIENT_FUNDS = 25,
    REASON_TRANSACTION_REVERTED = 26,
    REASON_QUEUED = 27,        /* enough messages to this destination are under way */
    REASON_LEAF_UNKNOWN = 28,  /* dispatched, but not inserted into the tree: no proof yet */
    REASON_CHAIN_STOPPED = 29, /* origin or destination is stopped */
    REASON_AWAITING_SECURITY = 30,
    REASON_AWAITING_STORAGE = 31,
    REASON_AWAITING_SIMULATION = 32,
    REASON_UNKNOWN_MESSAGE = 33, /* a person named one that this node never saw */
    REASON_SECURITY_WEAK = 34,   /* fewer validators than wanted could forge a message */
    REASON_QUARANTINED = 40,     /* reverts again and again */
    REASON_REASON_MISSING = 41,  /* a person asked for what needs a reason and gave none */
    REASON_NOT_WHITELISTED = 42, /* no entry of the whitelist matches */
    REASON_BLACKLISTED = 43,
    REASON_ADDRESS_BLACKLISTED = 44,
    REASON_BLOCKED = 45,           /* by an entry of a block list, which has its own reason */
    REASON_UNPAID = 46,            /* less was paid at the origin than its delivery is asked for */
    REASON_AWAITING_BATCH = 47,    /* several messages are simulated as one transaction */
    REASON_ROUTE_FEE_CEILING = 60, /* gas costs more than this route's limit allows */
    REASON_ROUTE_BUDGET = 61,      /* the route's budget of this window is used up */
    REASON_UNPROFITABLE = 62,      /* what was paid is not worth enough more than what it costs */
    REASON_RATE_UNKNOWN = 63,      /* of a coin that its profit is counted in */
    REASON_AWAITING_DEPTH = 80,    /* of a large value: more final blocks on top of it */
    REASON_AWAITING_EVERYONE = 81, /* of a large value: every endpoint must confirm it */
    REASON_AWAITING_LOOKUP = 90,   /* a server off the chain has to prove it */
    REASON_LOOKUP_FAILED = 91,
    REASON_METADATA_TOO_LARGE = 92, /* what its security modules ask for, together */
    REASON_TREE_UNKNOWN = 95,       /* of a large value: where the origin's tree begins is asked */
    REASON_LEAF_BEFORE_TREE = 96,   /* older than the origin's tree as this node knows it */
    /* chains: 100 to 199 */
    REASON_REORG = 100,                 /* blocks were replaced before they were final */
    REASON_REORG_BEYOND_FINALITY = 101, /* the chain is stopped */
    REASON_LEAF_GAP = 102,              /* leaf indexes are not continuous */
    REASON_ROOT_MISMATCH = 103,         /* our tree differs from the chain's: no signing */
    REASON_ENDPOINT_LOST = 104,
    REASON_WRONG_CHAIN = 105,
    REASON_MISSING_CONTRACT = 106,
    REASON_FOREIGN_TRANSACTION = 107, /* our key's nonce was used by something else: lane frozen */
    REASON_LOW_BALANCE = 108,
    REASON_CHECKPOINT_REFUSED = 109, /* the signer already signed another root for this index */
    REASON_ANNOUNCED = 110,
    REASON_CHAIN_RESUMED = 111,   /* by a person; read anew above what was final */
    REASON_LANE_RESUMED = 112,    /* a person accepts the nonce that the chain states */
    REASON_PUBLISH_FAILED = 113,  /* our checkpoint store cannot be written */
    REASON_NOT_INCLUDED = 114,    /* a transaction waits; it is sent again or its fee is raised */
    REASON_REJECTED = 115,        /* the network does not take a transaction */
    REASON_CONTRADICTION = 116,   /* an endpoint's blocks contradict each other */
    REASON_TREE_BEGUN = 120,      /* with the frontier that the chain named */
    REASON_TREE_UNREADABLE = 121, /* no frontier that fits its root can be had at a block */
    REASON_REORG_FLAGGED = 190,   /* our store says that the chain was replaced under us */
    REASON_AWAITING_SIGNATURE = 191, /* a transaction is with the signer */
    REASON_NONCE_DISPUTED = 192,     /* the chain used the nonce for something that is not ours */
    REASON_NONCE_CANCELLED = 193,    /* a nonce is used up by a transfer to ourselves */
    REASON_NO_QUORUM = 150,          /* fewer endpoints answer than must agree */
    REASON_QUORUM_HELD = 151,        /* enough of them answer again */
    REASON_QUORUM_SPLIT = 152,       /* endpoints contradict each other and none has a quorum */
    REASON_DISSENT = 153,            /* one endpoint contradicts the others; it is outvoted */
    REASON_FINAL_MOVED_BACK = 154,   /* the final block moved back: the chain is stopped */
    REASON_PAST_BEGUN = 185,         /* history is read beside what is new */
    REASON_PAST_UNDER_WAY = 186,
    REASON_PAST_READ = 187,
    REASON_LOGS_UNPROVED = 188, /* a block's receipts do not prove its logs */
    REASON_TREE_RESUMED = 160,  /* a person said to verify the tree and sign again */
    /* capital: 200 to 299 */
    REASON_UNRECONCILED = 200, /* the ledger differs from the chain: flows are stopped */
    REASON_RECONCILED = 201,
    REASON_POSITIONS_UNKNOWN = 202,
    REASON_WITHIN_TOLERANCE = 203,
    REASON_COOLDOWN = 204,
    REASON_BELOW_MINIMUM = 205,
    REASON_FEE_ABOVE_LIMIT = 206,
    REASON_AWAITING_APPROVAL = 207,
    REASON_OBSERVE_ONLY = 208,
    REASON_PLAN_STALE = 209, /* the snapshot or the configuration changed */
    REASON_MOVE_UNDER_WAY = 210,
    REASON_MOVE_ARRIVED = 211,
    REASON_NO_BRIDGE_LIQUIDITY = 212,
    REASON_PLAN_INFEASIBLE = 213,
    REASON_PLAN_MADE = 214,
    REASON_MOVE_STARTED = 215,
    REASON_PLAN_REJECTED = 216,
    REASON_PLAN_APPROVED = 217,
    REASON_MOVE_REFUSED = 218, /* simulated, it reverts; the words say by which bound */
    REASON_HUB_MANDATE = 220,  /* the hub obeys another mandate than ours */
    REASON_HUB_PAUSED = 221,
    REASON_HUB_REPORTS = 222,       /* reports made after the round was closed are awaited */
    REASON_HUB_REPORT_JUMPED = 223, /* nobody is priced until it is back, or the owner accepts */
    REASON_HUB_BRINGS_HOME = 224,   /* what those who leave are paid with is on its way */
    REASON_HUB_REFUSES = 225,       /* simulated, it reverts; the words say why */
    REASON_HUB_SHORT = 226,         /* it holds less than its books say */
    REASON_HUB_ROUND = 227,         /* requests wait for the next round */
    REASON_NOT_WORTH_IT = 240,      /* no move gains enough over what it costs */
    REASON_PLAN_UNPROVED = 241,     /* the proof leaves room for a much better plan */
    REASON_OVER_VELOCITY = 242,     /* the mandate's velocity of this window is used up */
    REASON_OVER_BUDGET = 243,       /* the mandate's fee budget of this window is used up */
    REASON_MANDATE_BOUND = 244, /* the mandate's floors, caps and bridges leave nothing to move */
    REASON_VENUE_OPEN = 250,    /* capital may enter it, again */
    REASON_VENUE_SHUT = 251,    /* enum venue_gate */
    REASON_VENUE_PAUSED = 252,
    REASON_VENUE_CODE_CHANGED = 253,
    REASON_VENUE_PRICE_JUMPED = 254,
    REASON_VENUE_SUPPLY_LOW = 255,
    REASON_VENUE_INSOLVENT = 256,
    REASON_VENUE_MUTE = 257,    /* it did not answer as one of its kind must */
    REASON_SPOKE_MANDATE = 258, /* the spoke obeys another mandate than ours */
    REASON_SPOKE_PAUSED = 259,
    REASON_MOVE_UNBOOKED = 260, /* it arrived; the spoke's books do not have it yet */
    REASON_VENUE_FROZEN = 270,
    REASON_VENUE_FULL = 271,
    REASON_VENUE_RECEIPT_CHANGED = 272,
    REASON_HEALTH_LOW = 273, /* of a debt, at shocked prices */
    REASON_HEALTH_SAFE = 274,
    REASON_EXPOSURE_INSIDE = 276, /* of an asset, over all chains: relay/core/capital/exposure.h */
    REASON_EXPOSURE_LONG = 277,
    REASON_EXPOSURE_SHORT = 278,
    REASON_BACKING_DOUBTED = 280, /* collateral seems short; newer final blocks will tell */
    REASON_BACKING_BROKEN = 281,  /* collateral is short: moves and messages of the route stop */
    REASON_BACKING_HELD = 282,
    REASON_PRICE_GOOD = 290, /* relay/core/capital/prices.h */
    REASON_PRICE_MUTE = 291,
    REASON_PRICE_ZERO = 292,
    REASON_PRICE_NEGATIVE = 293,
    REASON_PRICE_HUGE = 294,
    REASON_PRICE_STALE = 295,
    REASON_PRICE_DIVERGES = 296,
    REASON_GUARD_MUTE = 297, /* a debt's venue cannot be read: nobody knows how it is guarded */
    REASON_GUARD_HEARD = 298,
    /* node: 300 to 399 */
    REASON_STARTED = 300,
    REASON_STOPPED = 301,
    REASON_JOURNAL_UNWRITABLE = 302,
    REASON_RESUMED = 303,
    REASON_CONFIG_CHANGED = 310, /* subject: SHA-256 of the configuration, packed */
};

/* One sentence for people, such as "waiting for validators' signatures". Static memory. */
const char *reason_text(enum reason reason);

#endif
