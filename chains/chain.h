/* SPDX-License-Identifier: Apache-2.0 */
/* chains/chain.h: the contract between the relay and one blockchain.
 *
 * An adapter translates and does no I/O. Commands and endpoint frames go in; frames, signing
 * requests and events for the core come out. The shell carries the bytes, so the simulator runs the
 * same adapter against imaginary nodes.
 *
 * Promises, each tested on every adapter by tests/conformance/test_chain.c:
 *   1. Facts come oldest block first; EVENT_BLOCK follows all facts of its block; after a reorg the
 *      blocks above the common ancestor are given anew with ascending numbers.
 *   2. No fact is given whose logs were not read under the hash of its block.
 *   3. Every command that asks gets at least one answer once an endpoint answers; a lost reply is
 *      asked again; an answer that cannot be had in time is OUTCOME_UNKNOWN, never another outcome.
 *   4. A frame that is late, repeated, out of order, malformed or hostile changes nothing else.
 *   5. COMMAND_SEND never leads to a broadcast: only COMMAND_BROADCAST does, of exactly the
 *      transaction whose hash EVENT_SIGNED named.
 *   6. What decides about money or signatures (blocks, facts, finality, trees, balances, nonces,
 *      receipts) is given only when `quorum` endpoints said the same, each asked by itself. An
 *      endpoint that has not got so far is not one that says otherwise; with fewer than `quorum`
 *      to ask, nothing is given and EVENT_QUORUM says so. What an endpoint said otherwise becomes
 *      EVENT_DISSENT, once per question.
 *   7. What a watch may pass over (struct watch) is given beside it, and after whatever else there
 *      is to say: EVENT_PASSED before the first fact, then facts of the past, oldest first, each
 *      part of it closed by EVENT_PAST_BLOCK, all below the newest final block.
 *
 * Threads: none. Every call for a chain comes from the loop that built it.
 * Memory: an adapter lives in the block given to init and never allocates.
 * Errors: an endpoint that stalls, lies or reorganises is ordinary input. It becomes an event,
 * never a status and never a crash.
 *
 * Call the chain_* functions, not the table: they check the contract on the way in and out. */
#ifndef SLUICE_CHAINS_CHAIN_H
#define SLUICE_CHAINS_CHAIN_H

#include "chains/budget.h"
#include "relay/core/command.h"
#include "relay/core/event.h"

/* stored: never renumber */
enum finality_policy {
    FINALITY_TAG = 1,   /* the node's "finalized" block */
    FINALITY_SAFE = 2,  /* the node's "safe" block */
    FINALITY_DEPTH = 3, /* head minus finality_blocks */
};

/* stored: never renumber */
enum transaction_kind {
    TRANSACTIONS_DETECTED = 0, /* legacy where the head has no base fee */
    TRANSACTIONS_DYNAMIC = 1,  /* with a priority fee and a ceiling (EIP-1559) */
    TRANSACTIONS_LEGACY = 2,   /* with one price per gas */
};

/* stored: never renumber. What a rollup adds to a transaction's gas for its data. */
enum data_fee {
    DATA_FEE_NONE = 0,     /* nothing, or the estimate of the gas has it (Arbitrum) */
    DATA_FEE_OP_STACK = 1, /* asked of the GasPriceOracle contract */
};

/* What an adapter is built from; made by the shell from the configuration file. Borrowed by init
 * for the call; the adapter copies what it keeps. */
struct chain_config {
    const struct core_config *core; /* routers, vaults and accounts to watch on this chain */
    uint32_t chain_index;           /* into core->chains */
    uint32_t endpoints_count;       /* 1 to ENDPOINTS_PER_CHAIN_MAX */
    uint32_t
        submit_count; /* the last so many are given transactions and asked nothing else; where
                         there are any, the others are given none. Fewer than endpoints_count */
    uint32_t quorum;  /* endpoints that must agree, 1 to all that are asked; see promise 6 */
    enum finality_policy finality;
    uint32_t finality_blocks;   /* for FINALITY_DEPTH; at least 1 */
    uint32_t blocks_per_range;  /* most blocks of one log query while catching up */
    uint32_t requests_open_max; /* questions under way at once */
    uint32_t legs_open_max;     /* legs held at once */
    uint32_t frame_bytes_max;   /* largest frame taken from or given to an endpoint */
    struct duration request_deadline;
    struct call_limits limits[ENDPOINTS_PER_CHAIN_MAX]; /* what each endpoint may be asked */
    enum transaction_kind transactions;
    enum data_fee data_fee;
};

struct chain_ops;

/* What a chain has cost since init; for benches and metrics, never for decisions. Frames and bytes
 * are counted by the wrappers, questions by the adapter. */
struct chain_counters {
    uint64_t calls_sent;     /* questions, each one in a batch counted */
    uint64_t calls_repeated; /* of them, asked again after a loss, a delay or an error */
    uint64_t frames_sent;
    uint64_t bytes_sent;
    uint64_t frames_received;
    uint64_t bytes_received;
    uint64_t frames_malformed; /* of the received ones, not understood */
};

/* How one endpoint has done since init, for people and metrics, never for decisions. An adapter
 * fills in what it knows. */
struct chain_endpoint {
    bool is_good;            /* connected, checked and answering */
    uint32_t penalty;        /* its score: the least is asked first; it decays */
    uint64_t calls_sent;     /* questions */
    uint64_t answers;        /* of them, answered */
    uint64_t errors;         /* of those, by an error */
    uint64_t silences;       /* deadlines passed */
    uint64_t malformed;      /* what cannot be parsed, or cannot be true */
    uint64_t dissents;       /* answers that a quorum contradicts */
    uint64_t behind;         /* answers that come too early for this endpoint */
    uint64_t foreign_logs;   /* of contracts that it was not asked about: nothing comes of them */
    struct duration latency; /* of answers, smoothed */
    uint64_t head_number;    /* newest block it told of */
    uint64_t head_time_s;    /* and its timestamp */
    uint64_t final_number;   /* newest final block it told of */
    uint64_t refusals;       /* of the errors, and beside them: too many questions */
    uint64_t calls_today;    /* questions of this day (UTC) */
};

/* Shared part of every adapter; the first member of the adapter's own struct. */
struct chain {
    const struct chain_ops *ops;
    uint32_t domain;
    uint32_t endpoints_count;
    struct chain_counters counters;
    struct chain_endpoint endpoints[ENDPOINTS_PER_CHAIN_MAX];
};

/* stored: never renumber */
enum chain_request_kind {
    CHAIN_REQUEST_FRAME = 1, /* bytes for one endpoint, as one message of its transport */
    CHAIN_REQUEST_SIGN = 2,  /* an unsigned transaction for the signer */
};

struct chain_request {
    enum chain_request_kind kind;
    union {
        struct {
            uint32_t endpoint_index;
            struct bytes bytes;
        } frame;
        struct {
            struct hash leg_id;
            enum leg_kind leg_kind;
            uint32_t attempt;
            struct address key;
            uint64_t nonce;
            struct bytes transaction; /* unsigned, in the chain's own encoding; the signer decodes
                                         it and applies its own policy */
        } sign;
    };
};

/* stored: never renumber */
enum chain_reply_kind {
    CHAIN_REPLY_CONNECTED = 1, /* the endpoint can take frames */
    CHAIN_REPLY_LOST = 2,      /* the connection ended; frames under way are unknown */
    CHAIN_REPLY_FRAME = 3,     /* one whole message from the endpoint; hostile until parsed */
    CHAIN_REPLY_SIGNED = 4,    /* the signer's answer */
    CHAIN_REPLY_LIMITED = 5,   /* the endpoint takes no questions for a while; those under way are
                                  unknown */
};

struct chain_reply {
    enum chain_reply_kind kind;
    uint32_t endpoint_index; /* but for SIGNED */
    union {
        struct bytes frame;
        struct {
            struct duration wait; /* as it asked for; bounded by whoever reads it */
        } limited;
        struct {
            struct hash leg_id;
            uint32_t attempt;
            enum outcome outcome;       /* OK, REFUSED or UNKNOWN */
            struct signature signature; /* over the transaction's signing digest */
            struct bytes reason;
        } signed_;
    };
};

struct chain_ops {
    const char *name; /* in configuration, logs and metrics: "evm" */

    /* Bytes an adapter needs under `config`; 0 when a value in `config` is out of bounds. */
    size_t (*footprint)(const struct chain_config *config);

    /* Builds an adapter in `memory`: zeroed, max-aligned, owned by the caller. On failure nothing
     * is kept and `*ret_chain` is untouched. STATUS_MALFORMED: the configuration does not fit this
     * family (an address that is not an EVM address, say). */
    enum status (*init)(void *memory, const struct chain_config *config, struct chain **ret_chain);

    /* Gives back what init took and wipes secrets. The memory stays with the caller. */
    void (*deinit)(struct chain *chain);

    /* Takes on a command of this chain (copied). STATUS_FULL: too much is under way; the caller
     * keeps the command and tries again after the next event. STATUS_UNSUPPORTED: not this chain's.
     */
    enum status (*perform)(struct chain *chain, const struct command *command);

    /* Lets time pass. Retries and deadlines fire here and nowhere else. */
    void (*tick)(struct chain *chain, struct instant now);

    /* When tick is wanted next at the latest. */
    struct instant (*next_tick)(const struct chain *chain);

    /* Next frame or signing request; false when there is none. Borrows adapter memory until the
     * next call on this chain. */
    bool (*next_request)(struct chain *chain, struct chain_request *ret_request);

    /* A frame, a connection change or a signature. May be late, repeated or out of order. */
    void (*on_reply)(struct chain *chain, const struct chain_reply *reply, struct instant now);

    /* Next fact for the core, oldest first; false when there is none. Its pointers are borrowed
     * until the next call on this chain. `at` is left to the caller. */
    bool (*next_event)(struct chain *chain, struct event *ret_event);
};

size_t chain_footprint(const struct chain_ops *ops, const struct chain_config *config);
MUST_USE enum status chain_init(const struct chain_ops *ops, void *memory,
                                const struct chain_config *config, struct chain **ret_chain);
void chain_deinit(struct chain *chain); /* accepts NULL */
MUST_USE enum status chain_perform(struct chain *chain, const struct command *command);
void chain_tick(struct chain *chain, struct instant now);
struct instant chain_next_tick(const struct chain *chain);
bool chain_next_request(struct chain *chain, struct chain_request *ret_request);
void chain_on_reply(struct chain *chain, const struct chain_reply *reply, struct instant now);
bool chain_next_event(struct chain *chain, struct event *ret_event);
/* Borrowed until the next call on this chain. */
const struct chain_counters *chain_counters(const struct chain *chain);

/* Every adapter in this binary, ended by NULL. Adding a chain adds one line in registry.c. */
extern const struct chain_ops *const chain_registry[];
/* NULL: no such family. */
const struct chain_ops *chain_find(const char *name);

#endif
