/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/evm_internal.h: the parts of the EVM adapter and how they call each other.
 *
 *   adapter.c   the operations table: memory, and who is asked for requests and events
 *   calls.c     questions under way: whom to ask, deadlines, repetition, when they agree
 *   frames.c    questions as frames and back            votes.c   when two answers are the same
 *   endpoint.c  is an endpoint what the configuration says; which one is best; head subscription
 *   heads.c     heads and final blocks as endpoints tell them, and what enough of them tell
 *   watch.c     ranges, blocks, finality: which block is next and is it on the chain
 *   past.c      history that a first watch passed over, read beside
 *   facts.c     logs of a block or range, kept until they are given
 *   receipts.c  the root of a block's receipts          recheck.c logs that one endpoint lacked
 *   jobs.c      questions the core asked: answers    errors.c     what an error of a node means
 *   read.c      storage, tree                        positions.c  balances, vaults, quotes, hubs.c
 *   security.c  trees of security modules            account.c    nonces, what transactions pay
 *   send.c      prepare and broadcast             gas.c        what deliveries need
 *   sign.c      legs held while they are signed      feeds.c      prices
 *   follow.c    inclusion of transactions            flows.c      what goes between our spokes
 *
 * Everything is driven from state: evm_pump looks at each part and starts what is missing, so a
 * lost or failed question needs no special path; it is started again because its answer is missing.
 *
 * Bounds: what was sent belongs to one endpoint and one id; an answer that matches none is ignored.
 * Every table is sized once, in adapter.c. */
#ifndef SLUICE_CHAINS_EVM_INTERNAL_H
#define SLUICE_CHAINS_EVM_INTERNAL_H

#include "chains/chain.h"
#include "chains/evm/evm_limits.h"
#include "chains/evm/feeds.h"
#include "chains/evm/logs.h"
#include "chains/evm/modules.h"
#include "chains/evm/ranges.h"
#include "chains/evm/spokes.h"
#include "chains/evm/tx.h"
#include "chains/evm/votes.h"
#include "chains/rpc/frame.h"
#include "relay/base/check.h"

#define EVM_ANY_ENDPOINT UINT32_MAX

/* Details of ENDPOINT_MALFORMED that two parts give. */
#define EVM_TEXT_OTHER_LOGS      "logs that are not what was asked for"
#define EVM_TEXT_BLOCK_TOO_LARGE "one block has more logs than frame_bytes_max has room for"

/* One question. The words after the kind say what `subject` and `step` number. */
enum evm_call_kind {
    EVM_CALL_FREE = 0,
    EVM_CALL_VERIFY,         /* endpoint; step of the check */
    EVM_CALL_SUBSCRIBE,      /* endpoint */
    EVM_CALL_HEAD,           /* endpoint */
    EVM_CALL_FINAL,          /* endpoint */
    EVM_CALL_FINAL_CHECK,    /* - */
    EVM_CALL_HEADER,         /* slot */
    EVM_CALL_LOGS,           /* slot; filter */
    EVM_CALL_PROOF,          /* slot */
    EVM_CALL_RECHECK,        /* endpoint */
    EVM_CALL_ANCESTOR,       /* place in the search */
    EVM_CALL_RANGE_HEADER,   /* place in the ring of ranges */
    EVM_CALL_RANGE_LOGS,     /* the same; filter */
    EVM_CALL_JOB,            /* job; step of its phase */
    EVM_CALL_NONCE,          /* key */
    EVM_CALL_NONCE_FINAL,    /* key */
    EVM_CALL_RECEIPT,        /* follow */
    EVM_CALL_BLOCK_RECEIPTS, /* follow whose block it is */
    EVM_CALL_KINDS_COUNT,
};

struct evm_call {
    enum evm_call_kind kind;
    uint32_t subject;
    uint32_t step;
    uint64_t id;       /* while it is written */
    uint32_t endpoint; /* the only one that will do; in an answer, the one that gave it */
    bool pinned;       /* `endpoint` is set before it is sent */
    enum evm_vote_form form;
    uint32_t need;           /* equal answers it takes */
    uint32_t hedges;         /* endpoints asked beyond those, because one is slow */
    uint32_t tries;          /* that failed, on any endpoint */
    struct instant hedge_at; /* 0: set by the tick after it was sent */
    bool is_settled;         /* given; kept for what others still have to say */
    struct hash agreed;      /* once settled */
    uint32_t evidence;       /* index; EVM_NO_EVIDENCE: none */
    struct evm_ask asks[ENDPOINTS_PER_CHAIN_MAX];
};

enum evm_endpoint_phase {
    EVM_ENDPOINT_DOWN = 0,
    EVM_ENDPOINT_CHECKING,
    EVM_ENDPOINT_GOOD,
    EVM_ENDPOINT_BAD, /* answers, and is not what was configured */
};

struct evm_notice {
    bool pending;
    enum endpoint_state state;
    uint32_t detail_bytes;
    uint8_t detail[EVM_DETAIL_BYTES];
};

struct evm_endpoint {
    enum evm_endpoint_phase phase;
    uint32_t checks_started;
    uint32_t checks_done;
    struct instant check_again_at; /* BAD, or the check stalled */
    bool refuses_batches;
    bool lacks_receipts; /* of whole blocks */
    bool is_subscribed;
    bool cannot_subscribe;
    uint32_t subscription_bytes;
    uint8_t subscription[72];
    uint32_t silences; /* deadlines passed in a row */
    bool is_mute;      /* too many of them: it does not count as answering */
    uint32_t penalty;  /* what it did wrong; decays; the least is asked first */
    struct call_budget budget;
    uint64_t calls_told; /* of the budget's day: what the last EVENT_CALLS said */
    uint64_t calls_told_day;
    struct instant paused_until; /* it asked for patience */
    uint32_t refusals;           /* in a row: each doubles the pause */
    bool is_probed;              /* it refused: one question is under way, and no other yet */
    bool is_resting;             /* the pause is a long one: it does not count as answering */
    struct instant recheck_at;   /* GOOD: its chain id */
    bool is_banned;              /* it changed its chain while it was in use */
    struct evm_told told;
    struct evm_recheck recheck;
    struct evm_notice state_notice;
    struct evm_notice malformed_notice;
};

/* Memory of the facts read and not yet given; reset when it holds none. */
struct evm_fact_store {
    uint8_t *memory;
    size_t capacity;
    size_t used;
    uint32_t held; /* facts in lists */
    bool is_full;  /* something did not fit: nothing more is read until all is given */
};

enum evm_slot_phase {
    EVM_SLOT_HEADER_WANTED = 0,
    EVM_SLOT_HEADER_ASKED,
    EVM_SLOT_HEADER_KNOWN,
    EVM_SLOT_LINKED,       /* its parent is the block before it */
    EVM_SLOT_LOGS,         /* asked for */
    EVM_SLOT_PAUSE,        /* logs are asked for again at again_at */
    EVM_SLOT_PROOF_WANTED, /* from again_at on: the bloom promises what the logs lack */
    EVM_SLOT_PROOF_ASKED,
    EVM_SLOT_READY,
};

struct evm_slot {
    enum evm_slot_phase phase;
    struct evm_header header; /* only its number until it is known */
    struct evm_fact_list facts;
    uint64_t events_seen;      /* bits of enum fact_kind */
    struct instant doubted_at; /* its logs, for the first time: then they are asked for again */
    bool contradicts_bloom;    /* what its logs do */
    struct instant again_at;
};

/* A block that was given. */
struct evm_block {
    uint64_t number;
    struct hash hash;
    uint64_t time_s;
    bool is_range_end; /* read below the final block */
};

struct evm_watch {
    bool is_on;
    uint64_t next;        /* first block not given */
    uint64_t final_next;  /* first block not said to be final */
    uint64_t single_next; /* above every block that was given one by one since the watch began */
    uint64_t linked_next; /* `next` when the last given block was last seen to be on the chain */

    struct evm_block *ring; /* given blocks, ascending; a deque */
    uint32_t ring_first;
    uint32_t ring_count;

    bool head_is_known;
    struct evm_header head; /* latest that a quorum told of */
    bool head_is_doubtful;  /* its number alone is known, or the chain may no longer have it */
    struct evm_candidate candidates[EVM_CANDIDATES];
    uint32_t candidates_next;

    bool final_is_known;
    uint64_t final_number;
    struct hash final_hash;
    bool final_is_given_pending;
    struct evm_block final_pending;
    uint64_t final_check_number; /* a quorum is past it; its hash is asked for. 0: none */
    bool final_check_is_asked;
    struct instant final_check_again_at;
    struct instant final_back_since; /* a quorum names an older one; 0: it does not */
    bool final_back_is_told;
    struct hash final_disputed; /* a final hash that already sent us looking for an ancestor */

    struct evm_slot slots[EVM_AHEAD_BLOCKS]; /* by number modulo their count */
    uint32_t slots_count;                    /* from `next` on */
    struct instant slots_again_at;

    struct evm_ranges ranges[EVM_STRANDS_COUNT];
    struct evm_past past;
    uint64_t range_blocks;     /* size of the next one, of either */
    uint64_t range_blocks_max; /* no larger: it was refused, or is not allowed */
    uint32_t ranges_answered;  /* since that was set */
    struct instant range_again_at;

    bool search_is_wanted;
    bool search_is_on;
    uint32_t search_top;            /* places of the ring from here up were compared */
    uint32_t search_count;          /* places below it that are compared now */
    uint32_t search_left;           /* of them, answers missing */
    uint32_t search_mismatch_above; /* places from here up were replaced */
    struct {
        bool is_known;
        bool is_same;
    } search[EVM_ANCESTORS_AT_ONCE];
    struct instant search_again_at;

    bool transfers_are_split; /* foreign transfers of a busy token cost more than two questions */
    bool bloom_is_proven;     /* logs agreed with their block's bloom */
    bool bloom_lies;          /* logs contradicted it: every block is asked for */
};

/* A question of the core. */
struct evm_job {
    bool used;
    bool is_done;     /* its event waits in done order */
    bool is_decided;  /* what other steps may say changes nothing */
    bool everyone;    /* every reader must say the same, not a quorum alone */
    bool phase_again; /* its phase is repeated, asking something else */
    bool is_held;     /* asks nothing until what it is like was estimated; see gas.c */
    enum command_kind kind;
    uint32_t phase;
    uint32_t steps_count; /* of this phase */
    uint32_t steps_started;
    uint32_t steps_done;
    struct instant deadline;
    uint64_t at_number; /* the block it is asked at, where the core names none; see quorum */
    struct hash at_hash;
    enum outcome outcome;
    uint32_t reason_bytes;
    uint8_t reason[REASON_BYTES_MAX];
    uint8_t *payload; /* EVM_CALLDATA_MAX bytes */
    uint32_t payload_bytes;
    struct evm_modules *modules; /* COMMAND_READ_SECURITY */
    union {
        struct {
            struct hash message_id;
            struct address recipient;
            uint32_t level_first; /* modules under way: from here */
            uint32_t level_end;   /* up to here */
        } security;
        struct {
            struct address validator;
            struct bytes locations[LOCATIONS_MAX];
            uint32_t locations_count;
        } storage;
        struct {
            struct hash message_id;
            struct address module;
            struct address sender;
            struct bytes urls[LOOKUP_URLS_MAX]; /* in the payload, once it is answered */
            uint32_t urls_count;
            struct bytes call_data;
        } lookup;
        struct {
            uint64_t block_number;
            struct hash block_hash;
            uint32_t count;
            struct hash root;
            bool reverted;
            bool with_branch; /* then it is in the payload */
        } tree;
        struct {
            struct address key;
            uint64_t nonce_latest;
            uint64_t nonce_final;
            struct amount balance;
            uint64_t final_number; /* under FINALITY_DEPTH */
            bool asks_head;
            bool is_legacy;
            struct amount gas_price;
            struct amount priority_usual;
            struct amount priority_hasty;
        } lane;
        struct {
            uint64_t block_number;
            struct hash block_hash;
        } positions;
        struct {
            struct hash leg_id;
            enum leg_kind leg_kind;
            struct address key;
            struct address to;
            struct amount value;
            struct address asker; /* LEG_REBALANCE from here on: who quotes in the transaction */
            struct address bridge;
            struct address recipient;
            struct address token;
            uint32_t destination;
            struct amount amount;
            struct amount fee_native_max;
            struct amount fee_token_max;
            struct amount fee_native;
            struct amount fee_token;
            uint64_t gas;
            struct amount data_fee;
            struct hash payload_digest;
            struct hash likeness; /* of deliveries that need as much gas; zero: of none */
            uint64_t gas_tried;   /* simulated once under so much; 0: it is estimated */
            bool is_first;        /* of its likeness: others wait for its estimate */
        } prepare;
        struct {
            struct hash leg_id;
            struct hash transaction;
            uint32_t leg; /* index of the leg that holds the bytes */
            uint32_t endpoints[ENDPOINTS_PER_CHAIN_MAX];
            uint32_t endpoints_count;
            bool is_silent; /* some endpoint gave no answer that decides */
            enum rejection rejection;
            uint32_t reason_bytes;
            uint8_t reason[REASON_BYTES_MAX];
        } broadcast;
    };
};

enum evm_leg_phase {
    EVM_LEG_FREE = 0,
    EVM_LEG_SIGN_WANTED,
    EVM_LEG_SIGNING,
    EVM_LEG_ANSWER, /* EVENT_SIGNED waits; then held or free */
    EVM_LEG_HELD,
    EVM_LEG_PHASES_COUNT,
};

struct evm_leg {
    enum evm_leg_phase phase;
    struct hash leg_id;
    enum leg_kind kind;
    uint32_t attempt;
    struct address key;
    uint64_t nonce;
    struct hash digest; /* of the unsigned bytes: what is signed */
    uint8_t *bytes;     /* EVM_LEG_BYTES_MAX: unsigned, then signed */
    uint32_t bytes_count;
    struct hash transaction; /* once signed */
    uint64_t sequence;       /* of taking on: older ones make room first */
    bool is_given;           /* to an endpoint: makes room before one that is not */
    enum outcome outcome;
    uint32_t reason_bytes;
    uint8_t reason[REASON_BYTES_MAX];
    struct instant deadline;
    uint32_t tries;
};

enum evm_follow_phase {
    EVM_FOLLOW_FREE = 0,
    EVM_FOLLOW_WAITING,
    EVM_FOLLOW_SEEN,   /* included, by a fact or the key's nonce: its receipt is wanted */
    EVM_FOLLOW_ASKED,  /* the receipt is asked for */
    EVM_FOLLOW_ANSWER, /* EVENT_RECEIPT waits */
    EVM_FOLLOW_DONE,   /* given; kept until it is final */
    EVM_FOLLOW_PHASES_COUNT,
};

struct evm_follow {
    enum evm_follow_phase phase;
    struct hash leg_id;
    struct hash transaction;
    uint32_t key; /* index into keys */
    uint64_t nonce;
    uint64_t since_head; /* head when it was taken on or last looked for */
    bool has_block;      /* a fact said which */
    struct hash block;
    bool is_missing;   /* its nonce was passed and it had no receipt */
    bool is_overtaken; /* the nonce is final: a receipt that is missing now counts */
    uint32_t absences; /* how often it was */
    struct event answer;
};

struct evm_key {
    bool used;
    struct address address;
    uint64_t latest;
    uint64_t asked_at_head; /* number + 1; 0: never */
    bool is_asked;
    uint64_t final;
    uint64_t final_asked_at; /* final number + 1 */
    bool final_is_asked;
};

struct evm_gas_hint {
    struct hash likeness; /* zero: none */
    uint64_t gas;         /* 0: the first estimate is under way */
    uint32_t uses_left;   /* then it is estimated anew */
};

struct evm_vault {
    const struct core_vault *config;
    struct amount share_unit; /* 10 to the decimals of its shares */
};

struct evm_quote_ask {
    struct address named; /* the router, or the bridge of a spoke */
    struct address asker;
    struct address bridge;
    struct address token;
    uint32_t destination;
    struct address recipient;
    struct amount amount;
    bool is_answered; /* the last time it was asked */
    struct amount fee_native;
    struct amount fee_token;
};

struct evm {
    struct chain chain;
    struct core_config core; /* own copy */
    const struct core_chain *self;
    enum finality_policy finality;
    uint32_t finality_blocks;
    uint32_t blocks_per_range;
    uint32_t jobs_max;
    uint32_t legs_max;
    uint32_t follows_max;
    uint32_t follows_end; /* those from here on were never used: the ends of searches */
    uint32_t frame_bytes_max;
    struct duration request_deadline;
    enum transaction_kind transactions;
    enum data_fee data_fee;
    struct instant now;

    struct json_parser parser;
    void *parser_memory;
    uint8_t *frame;   /* frame_bytes_max: the request that was given last */
    uint8_t *scratch; /* EVM_RETURN_BYTES_MAX, and at least a leg: for the span of one function */

    struct evm_call *calls;
    uint32_t calls_max;
    uint32_t calls_used;
    uint32_t calls_of_jobs;
    uint32_t calls_first; /* where the search for the next to send starts: fairness */
    uint64_t ids_given;

    struct evm_endpoint endpoints[ENDPOINTS_PER_CHAIN_MAX];
    uint32_t primary; /* the best one; EVM_ANY_ENDPOINT: none */
    uint32_t quorum;
    struct instant penalties_decay_at;
    struct instant quorum_missing_since; /* 0: it is there */
    bool quorum_is_lost;
    struct instant split_again_at; /* said once in a while */
    struct instant unproved_again_at;
    struct evm_quorum_notice quorum_notice;
    struct evm_evidence *evidence; /* EVM_EVIDENCE_MAX of them; none with a quorum of one */
    struct evm_dissent *dissents;  /* by endpoint */
    uint32_t readers_count;        /* the first so many may be asked */
    uint32_t submit_first;         /* this one and those after it are given transactions */

    struct evm_interest interest;
    const struct core_router **routers; /* of this chain */
    uint32_t routers_count;
    struct evm_vault *vaults;
    uint32_t vaults_count;

    struct evm_fact_store store;
    struct evm_watch watch;

    struct evm_job *jobs;
    uint8_t *payloads;
    struct evm_modules *modules;
    uint32_t jobs_used;
    uint32_t *done; /* jobs whose events wait, oldest first; a ring of jobs_max */
    uint32_t done_first;
    uint32_t done_count;
    bool has_given_job; /* the job whose event was given last: freed by the next call */
    uint32_t given_job;

    struct evm_leg *legs;
    uint8_t *leg_bytes;
    uint64_t legs_sequence;
    struct evm_follow *follows;
    /* Of legs and follows, how many are in each phase but the free one: mostly there is nobody. */
    uint32_t legs_in[EVM_LEG_PHASES_COUNT];
    uint32_t follows_in[EVM_FOLLOW_PHASES_COUNT];
    uint64_t nonces_seen_head; /* for which keys' nonces were thought of last */
    uint64_t nonces_seen_final;
    bool nonces_are_old; /* something else than a block asks to think of them again */
    struct evm_key keys[EVM_KEYS_MAX];
    bool no_block_receipts;                       /* each that is followed is asked for by itself */
    struct evm_gas_hint gas_hints[EVM_GAS_HINTS]; /* by likeness */
    bool positions_are_busy;
    struct evm_quote_ask *quotes_asked;
    uint32_t quotes_asked_count;
    struct balance *balances;
    uint32_t balances_count;
    struct vault_state *vault_states;
    struct bridge_quote *quotes;
    struct evm_spokes spokes;
    struct evm_feeds feeds;
};

/* calls.c */
/* False: no room; the caller's state stays as it is and the next pump tries again. */
bool evm_call_start(struct evm *evm, enum evm_call_kind kind, uint32_t subject, uint32_t step,
                    uint32_t endpoint);
/* Forgets every call of a kind and subject (EVM_ANY_ENDPOINT as subject: of the kind). */
void evm_calls_drop(struct evm *evm, enum evm_call_kind kind, uint32_t subject);
/* True when this endpoint is the next one, or among them, to be asked. */
bool evm_call_is_ready(const struct evm *evm, const struct evm_call *call, uint32_t endpoint);
/* What an endpoint said to a question it was asked. */
void evm_call_said(struct evm *evm, struct evm_call *call, uint32_t endpoint,
                   const struct evm_answer *answer);
/* Logs of contracts that nobody asked about, in an answer that was enough by itself; where several
 * must agree, each answer was counted when it came. */
void evm_call_count_foreign(struct evm *evm, const struct evm_call *call, uint32_t count);
/* It is asked again at once. */
void evm_call_again(struct evm *evm, struct evm_call *call, uint32_t endpoint);
void evm_calls_lost(struct evm *evm, uint32_t endpoint);
void evm_calls_tick(struct evm *evm);
struct instant evm_calls_next_tick(const struct evm *evm);

/* frames.c */
void evm_call_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_call_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer);
bool evm_call_is_once(const struct evm_call *call); /* its asker must know of every failure */
bool evm_calls_write(struct evm *evm, struct chain_request *ret_request);
void evm_calls_read(struct evm *evm, uint32_t endpoint, struct bytes frame);

/* endpoint.c */
void evm_endpoint_connected(struct evm *evm, uint32_t index);
void evm_endpoint_lost(struct evm *evm, uint32_t index);
void evm_endpoint_silent(struct evm *evm, uint32_t index); /* a deadline passed */
void evm_endpoint_spoke(struct evm *evm, uint32_t index);
/* It takes no questions for a while: `wait`, or longer with each refusal in a row. */
void evm_endpoint_limited(struct evm *evm, uint32_t index, struct duration wait);
/* A question was given to it. */
void evm_endpoint_asked(struct evm *evm, uint32_t index);
/* It answered one, and did not refuse it for its rate. */
void evm_endpoint_obliged(struct evm *evm, uint32_t index);
/* It may be asked now, as far as its pause and its budget go. */
bool evm_endpoint_has_room(const struct evm *evm, uint32_t index);
/* What it was asked before, in another life of the node. */
void evm_endpoints_recall(struct evm *evm, const struct watch *watch);
void evm_endpoint_punish(struct evm *evm, uint32_t index, enum evm_fault fault);
/* It counts for the quorum: good, and not mute. */
bool evm_endpoint_answers(const struct evm *evm, uint32_t index);
/* True when `a` is asked before `b`. */
bool evm_endpoint_is_better(const struct evm *evm, uint32_t a, uint32_t b);
void evm_endpoints_tick(struct evm *evm);
void evm_endpoint_malformed(struct evm *evm, uint32_t index, const char *detail);
void evm_endpoint_notify(struct evm *evm, uint32_t index, const struct rpc_item *item);
void evm_endpoint_pump(struct evm *evm);
struct instant evm_endpoint_next_tick(const struct evm *evm);
bool evm_endpoint_event(struct evm *evm, struct event *ret_event);
void evm_verify_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_verify_answer(struct evm *evm, const struct evm_call *call,
                       const struct evm_answer *answer);
void evm_subscribe_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_subscribe_answer(struct evm *evm, const struct evm_call *call,
                          const struct evm_answer *answer);

/* watch.c */
void evm_watch_start(struct evm *evm, const struct watch *wanted);
void evm_watch_head(struct evm *evm, const struct evm_header *header);
void evm_watch_pump(struct evm *evm);
/* The next blocks are read by range: they are below the final one, and none of them was given by
 * itself before, so that no older word about one of them can stand beside the range. */
bool evm_range_is_due(const struct evm *evm);
struct instant evm_watch_next_tick(const struct evm *evm);
bool evm_watch_event(struct evm *evm, struct event *ret_event);
/* Enough endpoints have a block of this number. */
void evm_watch_raise(struct evm *evm, uint64_t number);

/* heads.c */
MUST_USE enum status evm_header_read(const struct json_token *json, struct evm_header *ret_header);
struct hash evm_header_digest(const struct evm_header *header);
/* Its heads count. */
bool evm_endpoint_is_listened(const struct evm *evm, uint32_t index);
void evm_head_told(struct evm *evm, uint32_t index, const struct evm_header *header);
void evm_final_want(struct evm *evm); /* the head moved: the final block may have */
void evm_heads_pump(struct evm *evm);
struct instant evm_heads_next_tick(const struct evm *evm);
void evm_head_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_head_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer);
void evm_final_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_final_answer(struct evm *evm, const struct evm_call *call,
                      const struct evm_answer *answer);
void evm_final_check_write(struct evm *evm, const struct evm_call *call,
                           struct json_writer *writer);
void evm_final_check_answer(struct evm *evm, const struct evm_call *call,
                            const struct evm_answer *answer);

/* blocks.c */
void evm_slots_drop(struct evm *evm);
void evm_slots_pump(struct evm *evm);
struct instant evm_slots_next_tick(const struct evm *evm);
struct evm_slot *evm_slot_at(struct evm *evm, uint64_t number);
/* Takes a head that follows what is there; any other is read by number in its time. */
void evm_slots_offer(struct evm *evm, const struct evm_header *header);
void evm_header_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_header_answer(struct evm *evm, const struct evm_call *call,
                       const struct evm_answer *answer);
void evm_logs_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_logs_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer);
void evm_proof_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_proof_answer(struct evm *evm, const struct evm_call *call,
                      const struct evm_answer *answer);

/* ancestor.c */
struct evm_block *evm_ring_at(struct evm *evm, uint32_t place);                /* from the front */
const struct evm_block *evm_ring_find(const struct evm *evm, uint64_t number); /* or NULL */
void evm_ring_push(struct evm *evm, const struct evm_block *block);
void evm_search_pump(struct evm *evm);
void evm_ancestor_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_ancestor_answer(struct evm *evm, const struct evm_call *call,
                         const struct evm_answer *answer);

/* facts.c */
struct evm_logs_expected {
    uint64_t from;
    uint64_t to;
    const struct hash *block_hash; /* NULL: a range */
    const uint8_t *bloom;          /* NULL: a range */
};
struct evm_logs_found {
    uint32_t logs;    /* in the answer */
    uint32_t foreign; /* of them, not ours */
    uint32_t unasked; /* of those, of contracts that nobody asked about */
    uint64_t events;  /* bits of enum fact_kind, by topic and contract */
    bool contradicts_bloom;
};
/* Adds the facts of one answer to a list in order of (block, log index). STATUS_MALFORMED: not what
 * was asked for; STATUS_FULL: no memory left. The list may then hold part: clear it. */
MUST_USE enum status evm_facts_read(struct evm *evm, const struct json_token *logs,
                                    const struct evm_logs_expected *expected,
                                    struct evm_fact_list *list, struct evm_logs_found *ret_found);
void evm_facts_clear(struct evm *evm, struct evm_fact_list *list);
/* Gives the first fact of a list; false when it is empty. */
bool evm_facts_next(struct evm *evm, struct evm_fact_list *list, struct event *ret_event);
/* Resets the memory if it holds no fact. */
void evm_facts_settle(struct evm *evm);

/* jobs.c */
MUST_USE enum status evm_job_perform(struct evm *evm, const struct command *command);
void evm_jobs_pump(struct evm *evm);
void evm_jobs_tick(struct evm *evm);
struct instant evm_jobs_next_tick(const struct evm *evm);
bool evm_job_event(struct evm *evm, struct event *ret_event);
void evm_job_release_given(struct evm *evm);
/* Broadcasts of a leg whose bytes are dropped end as unknown. */
void evm_jobs_leg_gone(struct evm *evm, uint32_t leg);
void evm_job_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_job_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer);
/* Sets how a job ends; the first to say so wins. */
void evm_job_fail(struct evm_job *job, enum outcome outcome, struct bytes reason);
void evm_job_fail_text(struct evm_job *job, enum outcome outcome, const char *reason);
/* A revert refuses with its words; any other error, or none, is unknown. */
void evm_job_fail_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer);

/* What a kind of job does; NULL functions are not called. `steps` gives the number of questions of
 * the job's phase, 0 when it is done. */
struct evm_job_ops {
    uint32_t (*steps)(struct evm *evm, struct evm_job *job);
    void (*write)(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                  struct json_writer *writer);
    void (*answer)(struct evm *evm, struct evm_job *job, uint32_t step,
                   const struct evm_answer *answer);
    void (*event)(struct evm *evm, const struct evm_job *job, struct event *ret_event);
};
extern const struct evm_job_ops evm_security_ops;
extern const struct evm_job_ops evm_lookup_ops;
extern const struct evm_job_ops evm_storage_ops;
extern const struct evm_job_ops evm_tree_ops;
extern const struct evm_job_ops evm_lane_ops;
extern const struct evm_job_ops evm_positions_ops;
extern const struct evm_job_ops evm_prepare_ops;
extern const struct evm_job_ops evm_broadcast_ops;

/* read.c: the block parameter of a question, with its leading comma */
void evm_write_block_hash(struct json_writer *writer, const struct hash *hash);
/* {"to":...,"data":...}, with "from" when it is not NULL; then the block parameter follows. */
void evm_write_call(struct json_writer *writer, const struct address *from,
                    const struct address *to, struct bytes data);
/* The newest block: "latest", or with a quorum the one the job is asked at. */
void evm_write_at(const struct evm *evm, const struct evm_job *job, struct json_writer *writer);
/* The bytes an eth_call returned, in evm->scratch. */
MUST_USE enum status evm_return_bytes(struct evm *evm, const struct evm_answer *answer,
                                      struct bytes *ret_bytes);
void evm_lookup_start(struct evm_job *job, const struct command *command);
void evm_security_start(struct evm *evm, struct evm_job *job, const struct command *command);

/* positions.c */
/* Most quotes under this configuration. */
uint32_t evm_quotes_bound(const struct core_config *core, uint32_t domain);
/* Once, when routers and vaults are known: what will be asked. */
void evm_positions_init(struct evm *evm);
void evm_positions_start(struct evm *evm);
/* Sums of what a bridge quotes. STATUS_MALFORMED: not a list of quotes, or less than `amount`.
 * STATUS_UNSUPPORTED: it asks for something in another token. */
MUST_USE enum status evm_quote_sum(struct bytes returned, const struct address *token,
                                   const struct amount *amount, struct amount *ret_fee_native,
                                   struct amount *ret_fee_token);
/* Calldata of quoteTransferRemote into `writer`'s memory. */
struct bytes evm_quote_calldata(uint8_t memory[EVM_QUOTE_CALLDATA_BYTES], uint32_t destination,
                                const struct address *recipient, const struct amount *amount);

/* account.c */
enum evm_vote_form evm_lane_form(const struct evm_job *job, uint32_t step);

/* gas.c */
/* Decides whether a delivery is estimated, or tried under what ones like it needed. */
void evm_gas_expect(struct evm *evm, struct evm_job *job, const struct leg *leg);
uint64_t evm_gas_to_try(const struct evm_job *job);
void evm_gas_learned(struct evm *evm, struct evm_job *job); /* from an estimate */
void evm_gas_ended(struct evm *evm, struct evm_job *job);   /* whatever came of it */

/* send.c */
/* Recipient and calldata of a leg, the latter into `memory`. STATUS_MALFORMED: it cannot be said on
 * this chain. */
MUST_USE enum status evm_leg_encode(struct evm *evm, const struct leg *leg, void *memory,
                                    size_t capacity, struct address *ret_to,
                                    struct bytes *ret_data);
void evm_prepare_start(struct evm *evm, struct evm_job *job, const struct leg *leg);
/* How answers to the questions of its phase are compared. */
enum evm_vote_form evm_prepare_form(const struct evm_job *job);
/* Which endpoint a step of a broadcast is for. */
uint32_t evm_broadcast_endpoint(const struct evm_job *job, uint32_t step);
void evm_broadcast_start(struct evm *evm, struct evm_job *job, const struct command *command);

/* sign.c */
MUST_USE enum status evm_leg_send(struct evm *evm, const struct leg *leg,
                                  const struct intent *intent);
bool evm_leg_request(struct evm *evm, struct chain_request *ret_request);
void evm_leg_signed(struct evm *evm, const struct chain_reply *reply);
bool evm_leg_event(struct evm *evm, struct event *ret_event);
void evm_legs_tick(struct evm *evm);
struct instant evm_legs_next_tick(const struct evm *evm);
/* The held leg of a transaction; EVM_ANY_ENDPOINT: none. */
uint32_t evm_leg_find(const struct evm *evm, const struct hash *leg_id,
                      const struct hash *transaction);
/* A transaction of this key with this nonce is final: no bytes for it are needed. */
void evm_legs_settled(struct evm *evm, const struct address *key, uint64_t nonce);

/* follow.c */
MUST_USE enum status evm_follow_start(struct evm *evm, const struct command *command);
void evm_follow_fact(struct evm *evm, const struct fact *fact);
void evm_follow_pump(struct evm *evm);
void evm_follow_final(struct evm *evm, uint64_t number);
bool evm_follow_event(struct evm *evm, struct event *ret_event);
void evm_nonce_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_nonce_answer(struct evm *evm, const struct evm_call *call,
                      const struct evm_answer *answer);
void evm_nonce_final_write(struct evm *evm, const struct evm_call *call,
                           struct json_writer *writer);
void evm_nonce_final_answer(struct evm *evm, const struct evm_call *call,
                            const struct evm_answer *answer);
void evm_receipt_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_receipt_answer(struct evm *evm, const struct evm_call *call,
                        const struct evm_answer *answer);
void evm_block_receipts_write(struct evm *evm, const struct evm_call *call,
                              struct json_writer *writer);
void evm_block_receipts_answer(struct evm *evm, const struct evm_call *call,
                               const struct evm_answer *answer);

/* errors.c */
/* Worth asking again as it stands: overload, rate limits, internal failures. */
bool evm_error_is_transient(const struct evm_answer *answer);
/* The endpoint was asked too much, whatever the question. `*ret_wait` is what it asks for; 0: it
 * does not say. */
bool evm_error_is_limit(const struct evm_answer *answer, struct duration *ret_wait);
/* The code that was called failed: it reverted, ran out of gas or did what no code may. Whoever is
 * asked, it fails again. */
bool evm_error_is_revert(const struct evm_answer *answer);
/* The node failed, and did not judge what it was asked. */
bool evm_error_is_internal(const struct evm_answer *answer);
enum rejection evm_error_rejection(const struct evm_answer *answer, bool *ret_is_known);
/* The bytes of a revert, wherever the endpoint put them, in `scratch`; none: empty. */
struct bytes evm_error_revert_bytes(const struct evm_answer *answer, uint8_t *scratch,
                                    size_t scratch_bytes);
/* The words of a revert or refusal, printable and cut to fit; returns their number of bytes. */
uint32_t evm_error_reason(const struct evm_answer *answer, uint8_t *scratch, size_t scratch_bytes,
                          uint8_t ret_reason[REASON_BYTES_MAX]);
bool evm_text_has(struct bytes text, const char *word); /* ASCII case ignored */

/* adapter.c */
void evm_pump(struct evm *evm);
/* Takes a moment that is yet to come if it is sooner than `*next`. One that is past is not waited
 * for: the pump that ran since was stopped by something else. */
void evm_sooner(const struct evm *evm, struct instant at, struct instant *next);
/* A deadline that begins now. Commands and requests come without the time, which may have moved on
 * since the last tick; so the next tick, asked for at once, sets it. */
struct instant evm_begins(void);
/* In a tick: true when it is past; one that has just begun is set to `wait` from now. */
bool evm_deadline_passed(const struct evm *evm, struct instant *deadline, struct duration wait);
/* Takes a deadline if it is sooner, past or not: only a tick lets it pass. */
void evm_deadline(const struct evm *evm, struct instant at, struct instant *next);

#endif
