/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/config.h: what the core is told about the world it works in and what it may do.
 *
 * The shell makes it from the configuration file; EVENT_START carries it, so that it is journaled
 * and a replay needs no file. Arrays beyond their count are zero, so that equal configurations have
 * equal bytes. Order matters nowhere but in the indexes that name entries. */
#ifndef SLUICE_RELAY_CORE_CONFIG_H
#define SLUICE_RELAY_CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"
#include "relay/base/limits.h"

/* stored: never renumber */
enum route_mode {
    ROUTE_OFF = 0,     /* positions are not watched */
    ROUTE_OBSERVE = 1, /* watch, journal, plan, explain; move nothing (the default) */
    ROUTE_PROPOSE = 2, /* a person approves each plan */
    ROUTE_ACT = 3,     /* move inside the bounds below */
};

struct core_chain {
    char name[NAME_BYTES_MAX];
    uint32_t domain;
    uint64_t chain_id;
    struct address mailbox;
    struct address tree_hook;
    struct address validator_announce;
    struct address gas_paymaster;
    uint64_t start_block; /* first block whose messages matter */
    bool relay_to;        /* deliver messages whose destination this chain is */
    bool validate;        /* sign checkpoints of this chain as origin */
    /* Where its checkpoints are published: file://... Each origin needs a location of its own,
     * because objects in it are named by index alone. Empty unless `validate`. */
    char storage_location[LOCATION_BYTES_MAX];
    /* Account that sends transactions here, and the only one that moves capital and announces;
     * zero: none may be sent. */
    struct address key;
    struct amount fee_per_gas_max;      /* ceiling; above it sending waits */
    struct amount priority_fee_per_gas; /* least */
    uint64_t gas_limit_max;             /* of one transaction */
    struct amount key_balance_min;      /* native; below it an alarm */
    /* More accounts that deliver messages, each with nonces of its own; none twice, none zero. */
    struct address delivery_keys[DELIVERY_KEYS_MAX];
    uint32_t delivery_keys_count;
    /* The most that is paid as a priority fee because others do; below the least: the least. */
    struct amount priority_fee_max;
    struct amount transaction_fee_max; /* gas and data fee of one transaction; zero: no ceiling */
    /* A transaction that waits longer for its block pays as the most hasty do, within the ceilings;
     * zero: only blocks count. */
    struct duration inclusion_deadline;
    uint32_t in_flight_max; /* transactions of one key in no block yet; zero: 64 */
    /* Delivers here only what at least so many validators together would have to forge. */
    uint32_t validators_min;
    /* Several messages may be delivered in one transaction through this contract; zero: none are.
     */
    struct address batch_contract;
    uint32_t batch_messages_max; /* in one transaction, at most DELIVERIES_MAX; below 2: none */
    bool sign_lookups; /* servers that prove to modules here are told by a signature who asks */
};

struct core_asset {
    char symbol[NAME_BYTES_MAX];
    uint32_t decimals;
    /* The mandate's: how much of it the portfolio may be exposed to, either way, over all chains;
     * zero: as much as it likes. `delta_calm`, where it is not zero, counts while a day's
     * volatility of the price is at most `volatility_calm`, and widens with it up to `delta_max`.
     */
    struct amount delta_max;
    struct amount delta_calm;
    struct bps volatility_calm; /* zero: nothing widens */
};

/* Some of the chains: a bit for each, by its place in `chains`. */
struct chain_set {
    uint64_t words[3];
};

_Static_assert(CHAINS_MAX <= 8 * sizeof(struct chain_set), "a set has a bit for each chain");

static inline void chain_set_add(struct chain_set *set, uint32_t place)
{
    set->words[place / 64] |= UINT64_C(1) << place % 64;
}

static inline bool chain_set_has(const struct chain_set *set, uint32_t place)
{
    return (set->words[place / 64] >> place % 64 & 1) != 0;
}

static inline bool chain_set_is_empty(const struct chain_set *set)
{
    return (set->words[0] | set->words[1] | set->words[2]) == 0;
}

/* One warp-route router that holds collateral on one chain. */
struct core_router {
    uint32_t domain;
    uint32_t asset; /* index into assets */
    struct address router;
    struct address token;
    struct address bridge; /* ITokenBridge that moves its collateral; zero: it only receives */
    /* Contract that holds the rebalancer role and calls the router for our key, inside bounds of
     * its own (chains/evm/contracts/Guard.sol). Zero: the key holds the role. */
    struct address guard;
    /* That the mandate lets the bridge send to; empty: it names none, so to every one. */
    struct chain_set bridge_to;
    struct bps weight; /* target share of the asset's collateral over all its routers; they sum
                          to 10,000 per asset */
    /* Of the mandate, in effect, that is above claims. Zero: none. No move brings it below the
     * floors or above the caps; the tighter of the two counts. */
    struct amount floor;
    struct bps floor_share; /* of the asset's total */
    struct amount cap;
    struct bps cap_share;
};

/* The other end of a warp route: a router that is its own token, mints what was locked elsewhere
 * and burns it when it is sent back. All of an asset together may never be worth more than its
 * collateral (backing.c). Its units are the asset's. */
struct core_synthetic {
    uint32_t domain;
    uint32_t asset; /* index into assets */
    struct address router;
};

struct core_vault {
    uint32_t domain;
    uint32_t asset;
    struct address vault;
    struct address token;
    struct address owner; /* whose shares are ours; zero: the vault is only watched */
};

/* A contract of ours that holds one asset on one chain and puts it into venues and back
 * (chains/evm/contracts/Spoke.sol); one that holds several assets is an entry for each. */
struct core_spoke {
    uint32_t domain;
    uint32_t asset;
    struct address spoke;
    struct address token;
    struct amount idle_min;  /* a deposit leaves at least this idle: the mandate's liquid buffer */
    struct amount idle_most; /* that it widens to with the price's volatility; zero: it does not */
    struct address
        bridge; /* that takes its asset to its siblings; zero: nothing leaves the chain */
    struct chain_set bridge_to; /* that the mandate lets the bridge send to */
    /* What it and its venues hold together; no move brings it above, or below. The shares are of
     * all spokes of the asset, its chain's among them. Zero: the mandate has no such line. */
    struct amount cap;
    struct amount floor;
    struct bps cap_share;
    struct bps floor_share;
};

/* The vault whose shares claim what all spokes of one asset hold (chains/evm/contracts/Hub.sol).
 * Its spoke is the one of this asset on its own chain. */
struct core_hub {
    uint32_t domain;
    uint32_t asset; /* index into assets; a hub for each at most */
    struct address hub;
    struct address token;
    struct duration round_interval;  /* requests are priced no more often than this */
    struct duration report_interval; /* each spoke reports this often though nobody asked for it */
    struct amount report_fee_max;    /* native, of the message with a report */
};

/* stored: never renumber */
enum venue_kind {
    VENUE_ERC4626 = 1, /* a vault with shares */
    VENUE_AAVE = 2,    /* a reserve of a lending pool */
};

/* A contract that says what a whole token of an asset is worth, in the numeraire that all of them
 * share: one of Chainlink's aggregators, or what answers like one. An asset has none, or two of
 * different makers (relay/core/capital/prices.h). The lines are the mandate's. */
struct core_feed {
    uint32_t asset; /* index into assets */
    uint32_t domain;
    struct address feed;
    struct duration age_max;   /* an older price is none */
    struct bps divergence_max; /* of the two, as a part of the lower one */
    uint32_t feed_line;
    uint32_t age_line;
    uint32_t divergence_line;
};

/* Where a spoke's capital earns. One address is at most one venue of a spoke. */
struct core_venue {
    uint32_t spoke; /* index into spokes */
    uint32_t index; /* in the spoke's own list */
    enum venue_kind kind;
    struct address venue;
    struct amount cap; /* the mandate's; zero: what the spoke allows */
    struct hash code;  /* the mandate's: keccak of its code; zero: what the spoke allows */
    /* Where the tokens are that were put in, if not at `venue`: a reserve's aToken. Zero: there. */
    struct address receipt;
    /* What is owed there is guarded: with collateral at prices that fell by the shock, its worth at
     * the liquidation thresholds is not below so much of the debt (15,000: one and a half times).
     * Zero: it is not guarded with this asset. */
    struct bps health_min;
    struct bps price_shock;
    /* No move brings it above, or below; the shares are of all spokes of the asset. Zero: none. */
    struct amount floor;
    struct bps cap_share;
    struct bps floor_share;
    /* Who stands behind what it gives for capital: venues of one number are one issuer's, and
     * together hold no more than this share. Zero: nobody who is bounded. */
    uint32_t issuer;
    struct bps issuer_cap_share;
};

struct core_route {
    enum route_mode mode;
    struct bps tolerance;         /* of the asset's total, around each target; no move inside it */
    struct amount move_min;       /* base units; smaller moves are not made */
    struct amount move_max;       /* base units; larger ones are cut */
    struct bps fee_max;           /* of a move's amount, in the token */
    struct amount fee_native_max; /* wei of native bridge fee per move */
    struct bps margin;            /* a move's gain must be this part above its cost */
    struct amount coin_price;     /* base units that one native coin (10^18 wei) is worth; zero: gas
                                     and native fees are held to their ceilings and not weighed */
    struct duration cooldown;     /* between plans that move something */
    struct duration plan_interval;
    struct hash mandate;      /* zero: the limits are the node's own */
    struct duration window;   /* that the two below are counted over */
    struct amount velocity;   /* of all moves of an asset; zero: unbounded */
    struct amount fee_budget; /* of what moves of an asset may cost; zero: unbounded */
    struct duration
        horizon; /* that yield is counted over against what a move costs; zero: a week */
};

/* Above this value nothing is believed because a quorum says so: every endpoint must, of a block
 * that is deeper than final. Of messages: the amount that one of our routers sent, in the message's
 * units; of moves: the amount. */
struct core_large {
    struct amount value; /* of this and more; zero: there is no such tier */
    uint32_t blocks;     /* final ones, on top of the message's own */
};

/* Which list a rule is of. Stored: never renumber. */
enum rule_kind {
    RULE_WHITELIST = 1,   /* where there is any, one must match */
    RULE_BLACKLIST = 2,   /* none may match */
    RULE_ADDRESS = 3,     /* its one condition's address: sender, recipient or in the body */
    RULE_BLOCK = 4,       /* a blacklist's, with a reason for people and perhaps an end */
    RULE_GAS_PAYMENT = 5, /* the first that matches says what must be paid for at the origin */
    RULE_LIMIT = 6,       /* the first that matches names the limit of its delivery */
};

/* stored: never renumber */
enum gas_demand {
    GAS_DEMAND_NONE = 0,    /* nothing has to be paid */
    GAS_DEMAND_MINIMUM = 1, /* `payment` in all */
    GAS_DEMAND_QUOTED = 2,  /* gas for this part of what the delivery needs */
};

/* One rule of a list. It matches when for each field that it names one of the values is the
 * message's; a rule that names none matches every message. */
struct core_rule {
    enum rule_kind kind;
    enum gas_demand demand;   /* RULE_GAS_PAYMENT; else NONE */
    struct amount payment;    /* GAS_DEMAND_MINIMUM */
    uint32_t gas_numerator;   /* GAS_DEMAND_QUOTED */
    uint32_t gas_denominator; /* likewise; not zero */
    struct address fee_token; /* RULE_GAS_PAYMENT: paid in it, on the origin; zero: the coin */
    uint32_t limit;           /* RULE_LIMIT: index into limits */
    struct instant until;     /* RULE_BLOCK: from then on it matches nothing; zero: no end */
    char note[RULE_NOTE_BYTES_MAX]; /* RULE_BLOCK: why it is there */
};

/* stored: never renumber */
enum match_field {
    MATCH_MESSAGE_ID = 1,
    MATCH_ORIGIN = 2, /* the value's last four bytes are the domain */
    MATCH_SENDER = 3,
    MATCH_DESTINATION = 4, /* likewise */
    MATCH_RECIPIENT = 5,
    MATCH_ANYWHERE = 6, /* RULE_ADDRESS: sender, recipient, or the bytes of it in the body */
    MATCH_BODY = 7,     /* the value's last four bytes are an index into patterns */
};

/* A regular expression over a message's body (relay/core/message/pattern.h). */
struct core_pattern {
    char text[PATTERN_BYTES_MAX];
};

struct core_condition {
    uint32_t rule; /* index into rules; conditions stand in the order of their rules */
    enum match_field field;
    struct hash value;
};

/* What one delivery may cost and must bring, and what all of a route together may cost. */
struct core_limit {
    char name[NAME_BYTES_MAX];     /* its budget is kept under this name; none twice */
    struct amount fee_per_gas_max; /* no delivery begins above it; zero: the chain's own ceiling */
    bool wants_profit;
    struct amount profit_min; /* in the rates' unit: what was paid less what it costs */
    struct amount budget;     /* coins of the destination, each of its own; zero: no bound */
    struct duration window;   /* that the budget is for; windows begin at multiples of it */
};

/* What a chain's coin, or a token on it, is worth in one unit that all rates share. */
struct core_rate {
    uint32_t domain;
    struct address token; /* zero: the chain's own coin */
    uint32_t decimals;    /* the price is that of 10^decimals base units */
    struct amount price;  /* 10^18 of it are one unit */
};

/* Which messages are delivered, and how long it is tried. */
struct core_policy {
    uint32_t retries_max;           /* failures, then a message is given up; zero: never */
    struct duration retry_wait_max; /* ceiling of the ladder of waits; zero: its own */
    struct core_rule rules[RULES_MAX];
    uint32_t rules_count;
    struct core_condition conditions[CONDITIONS_MAX];
    uint32_t conditions_count;
    struct core_pattern patterns[PATTERNS_MAX];
    uint32_t patterns_count;
    struct core_limit limits[ROUTE_LIMITS_MAX];
    uint32_t limits_count;
    struct core_rate rates[RATES_MAX];
    uint32_t rates_count;
    char currency[NAME_BYTES_MAX]; /* the rates' unit */
};

struct core_config {
    char node_name[NAME_BYTES_MAX];
    struct core_chain chains[CHAINS_MAX];
    uint32_t chains_count;
    struct core_asset assets[ASSETS_MAX];
    uint32_t assets_count;
    struct core_router routers[ROUTERS_MAX];
    uint32_t routers_count;
    struct core_vault vaults[VAULTS_MAX];
    uint32_t vaults_count;
    struct core_spoke spokes[SPOKES_MAX];
    uint32_t spokes_count;
    struct core_venue venues[VENUES_MAX];
    uint32_t venues_count;
    struct core_hub hubs[HUBS_MAX];
    uint32_t hubs_count;
    struct core_synthetic synthetics[SYNTHETICS_MAX];
    uint32_t synthetics_count;
    struct core_feed feeds[FEEDS_MAX];
    uint32_t feeds_count;
    struct address validator; /* checkpoint key's address; zero: no chain is validated */
    struct core_route route;
    struct core_large large;
    struct core_policy policy;
};

#endif
