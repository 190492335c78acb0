/* SPDX-License-Identifier: Apache-2.0 */
/* tests/conformance/evm_script.h: an imaginary EVM chain that speaks JSON-RPC over frames.
 *
 * Small on purpose: a mailbox that dispatches and processes, one router with a bridge, one vault,
 * one key. Questions are read with jansson, so that the adapter's own parser is not its own judge.
 * Beside the fixture, knobs for what only EVM nodes do. Threads: none. */
#ifndef SLUICE_TESTS_CONFORMANCE_EVM_SCRIPT_H
#define SLUICE_TESTS_CONFORMANCE_EVM_SCRIPT_H

#include "tests/conformance/chain_fixture.h"

extern const struct chain_fixture evm_script_fixture;

/* What one endpoint does otherwise than the others. */
struct evm_script_habits {
    bool lies;            /* about everything that decides, and every liar tells the same lies */
    bool misplaces_logs;  /* the first of each answer has another contract's address */
    bool withholds_logs;  /* says that there are none */
    bool is_mute;         /* takes everything and answers nothing */
    uint32_t slow_rounds; /* for which it keeps what it has to say */
    bool forgets_blocks;  /* it has none of any number */
    bool calls_are_null;  /* it has nothing to say of any contract */
    bool is_limited;      /* refuses everything for its rate */
    bool asks_patience;   /* and says: for a minute */
    uint64_t lag;         /* blocks that it has not got yet */
    uint64_t final_lag;   /* blocks that its final one is behind the others' */
};

struct evm_script_knobs {
    bool refuses_batches;
    bool refuses_subscriptions;
    bool refuses_block_receipts;
    bool lacks_receipts;   /* of any transaction */
    bool lacks_bloom;      /* headers with an empty bloom, whatever the logs */
    uint32_t range_max;    /* blocks of one log query; more is an error. 0: any */
    uint32_t logs_late;    /* so many log queries by hash are answered empty */
    uint32_t rate_limited; /* so many questions are refused for their rate */
    uint64_t gas_needed;   /* by a delivery; 0: 100,000 */
    uint64_t bridge_fee;   /* native, quoted by the bridge */
    uint64_t bridge_fee_token;
    const char *send_refusal; /* words of eth_sendRawTransaction; NULL: it takes them */
    uint32_t noise_logs;      /* foreign transfers of the token in each block that has a dispatch */
    uint32_t module_type;     /* of the ISM; 1: routes to itself for ever */
    enum {
        EVM_SCRIPT_MODULES_NONE = 0,   /* the ISM alone */
        EVM_SCRIPT_MODULES,            /* a tree of them: evm_script_modules.c */
        EVM_SCRIPT_MODULES_BY_CONTENT, /* its routing answers for messages, not for origins */
    } modules;
    bool forgets_state;    /* reads at a block hash fail */
    bool confuses_blocks;  /* logs by hash are those of the block before; ranges are one longer */
    bool renames_blocks;   /* logs by hash say that they are of a block of another hash */
    bool forks_final;      /* the final block has a hash of its own */
    bool reorgs_short;     /* a reorg makes as many blocks as it takes */
    bool lacks_base_fee;   /* headers without baseFeePerGas: a legacy chain */
    const char *rewards;   /* "reward" of eth_feeHistory; NULL: no such method */
    const char *gas_price; /* of eth_gasPrice, JSON; NULL: no such method */
    enum {
        EVM_SCRIPT_VENUE_FINE = 0,
        EVM_SCRIPT_VENUE_SHUT,     /* in the spoke's books */
        EVM_SCRIPT_VENUE_UPGRADED, /* behind the same code */
        EVM_SCRIPT_VENUE_REVERTS,  /* when it is asked what is in it */
        EVM_SCRIPT_VENUE_BABBLES,  /* decimals that no token has */
    } venue;
    bool spoke_lacks_venue;
    enum evm_script_reserve {
        EVM_SCRIPT_RESERVE_FINE = 0, /* with a strategy of Aave v3.0 */
        EVM_SCRIPT_RESERVE_MODERN,   /* of v3.1: rates at once, and an own count of liquidity */
        EVM_SCRIPT_RESERVE_PAUSED,
        EVM_SCRIPT_RESERVE_FROZEN,
        EVM_SCRIPT_RESERVE_INACTIVE,
        EVM_SCRIPT_RESERVE_FULL,
        EVM_SCRIPT_RESERVE_RECEIPT_OTHER,
        EVM_SCRIPT_RESERVE_LACKS, /* owes more than there is */
        EVM_SCRIPT_RESERVE_REVERTS,
        EVM_SCRIPT_RESERVE_BABBLES,   /* an optimal usage of nothing */
        EVM_SCRIPT_RESERVE_OWES,      /* the spoke owes something in its pool */
        EVM_SCRIPT_RESERVE_OWES_FREE, /* likewise, and what it supplied guards nothing */
        EVM_SCRIPT_RESERVE_PRICELESS, /* likewise, and its oracle says zero */
        EVM_SCRIPT_RESERVE_RATELESS,  /* its strategy says nothing */
    } reserve;
    enum evm_script_feed {
        EVM_SCRIPT_FEED_FINE = 0, /* 1.99 with two decimals, made at 1,700,000,000 */
        EVM_SCRIPT_FEED_REVERTS,
        EVM_SCRIPT_FEED_BABBLES,
        EVM_SCRIPT_FEED_ZERO,
        EVM_SCRIPT_FEED_NEGATIVE,
    } feed;            /* the second one */
    uint64_t data_fee; /* what the OP-stack oracle and receipts say; 0: there is no oracle */
};

struct evm_script_knobs *evm_script_knobs(void *world);
struct evm_script_habits *evm_script_habits(void *world, uint32_t endpoint);
/* A spoke with a vault as its venue 3 and a reserve as its venue 5: evm_script_spoke.c. */
struct address evm_script_spoke(void);
struct address evm_script_spoke_vault(void);
struct address evm_script_pool(void);
struct address evm_script_receipt(void);
/* A price feed: the first, or the second. */
struct address evm_script_feed(uint32_t which);
/* How often a method was asked, on all endpoints. */
uint32_t evm_script_asked(const void *world, const char *method);
/* Legacy transactions that its pool has. */
uint32_t evm_script_legacy_taken(const void *world);

#endif
