/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/votes.h: what endpoints say, one beside the other. Part of evm_internal.h.
 *
 * A question that decides is put to several endpoints, each under an id of its own. Their answers
 * are compared by digest, and the answer that completes the quorum is the one that is given, so
 * none is kept but as evidence. Null, and logs that a block's bloom promises and an answer lacks,
 * are "not yet": they are asked again as soon as somebody else knows more. */
#ifndef SLUICE_CHAINS_EVM_VOTES_H
#define SLUICE_CHAINS_EVM_VOTES_H

#include "chains/evm/logs.h"

enum {
    EVM_EVIDENCE_MAX = 32, /* questions whose first answers are kept at once */
    EVM_EVIDENCE_ANSWERS = 2,
    EVM_CANDIDATES = 16, /* heads told by fewer endpoints than it takes */
};

#define EVM_NO_EVIDENCE UINT32_MAX

enum evm_answer_kind {
    EVM_ANSWER_RESULT = 1,
    EVM_ANSWER_ERROR, /* the node's words */
    EVM_ANSWER_NONE,  /* not to be had: lost or late too often, or no quorum for any */
};

struct evm_answer {
    enum evm_answer_kind kind;
    const struct json_token *result;
    int64_t code;
    struct bytes message;
    const struct json_token *data;
};

/* What the answers to a call look like. */
enum evm_vote_form {
    EVM_FORM_NONE = 0, /* one endpoint's word will do */
    EVM_FORM_HEADER,
    EVM_FORM_LOGS,
    EVM_FORM_WORDS, /* a string */
    EVM_FORM_GAS,   /* whether it succeeds; nodes differ on how much it takes */
    EVM_FORM_RECEIPT,
    EVM_FORM_RECEIPTS,
};

enum evm_ask_phase {
    EVM_ASK_NONE = 0, /* not asked, or asked again from not_before on */
    EVM_ASK_SENT,
    EVM_ASK_VOTED,
    EVM_ASK_REFUSED, /* gave nothing that can be used; not asked again by this call */
};

/* One question to one endpoint. */
struct evm_ask {
    enum evm_ask_phase phase;
    uint32_t tries;
    uint64_t id;
    struct instant not_before;
    struct instant deadline; /* once it is sent; 0: set by the next tick */
    struct hash digest;      /* VOTED */
    bool is_null;
    bool lacks; /* null, or fewer logs than the bloom promises */
};

struct evm_vote {
    struct hash digest;
    uint32_t foreign_logs; /* in it, of contracts that nobody asked about */
    bool is_null;
    bool lacks;
};

struct evm_header {
    uint64_t number;
    struct hash hash;
    struct hash parent;
    uint64_t time_s;
    bool has_base_fee;
    struct amount base_fee;
    struct hash receipts_root; /* zero: not said */
    uint8_t bloom[EVM_BLOOM_BYTES];
};

/* A head and who told of it. */
struct evm_candidate {
    struct hash digest;
    uint32_t voters; /* bits, by endpoint */
};

/* What one endpoint told of its chain. */
struct evm_told {
    bool head_is_known;
    uint64_t head_number;
    struct instant head_at;
    bool head_is_asked;
    bool final_is_known;
    uint64_t final_number;
    struct hash final_hash;
    bool final_is_wanted;
    bool final_is_asked;
    struct instant final_again_at;
};

/* Logs that an endpoint lacked, and that are asked for once more. */
struct evm_recheck {
    bool is_wanted;
    bool is_asked;
    uint64_t number;
    struct hash hash;
    uint32_t filter;
    struct hash agreed; /* digest of what the others gave */
    uint32_t agreed_count;
    struct instant at;
};

/* What an endpoint can do wrong, and how much it weighs. */
enum evm_fault {
    EVM_FAULT_OVERLOAD = 2,
    EVM_FAULT_SILENCE = 8,
    EVM_FAULT_LOST = 8,
    EVM_FAULT_MALFORMED = 32,
    EVM_FAULT_STALE = 64,
    EVM_FAULT_DISSENT = 128,
};

struct evm_evidence {
    bool is_used;
    uint64_t block_number;
    struct hash block_hash;
    uint32_t question_bytes;
    uint8_t question[DISSENT_QUESTION_BYTES_MAX];
    uint32_t answers_count;
    struct {
        struct hash digest;
        uint32_t bytes; /* of text */
        uint32_t bytes_whole;
        uint8_t text[DISSENT_ANSWER_BYTES_MAX];
    } answers[EVM_EVIDENCE_ANSWERS];
};

/* EVENT_DISSENT that waits to be taken. */
struct evm_dissent {
    bool pending;
    uint32_t agreed_count;
    uint64_t block_number;
    struct hash block_hash;
    struct hash agreed;
    struct hash digest;
    uint32_t question_bytes;
    uint8_t question[DISSENT_QUESTION_BYTES_MAX];
    uint32_t answer_bytes;
    uint32_t answer_bytes_whole;
    uint8_t answer[DISSENT_ANSWER_BYTES_MAX];
};

struct evm_quorum_notice {
    bool pending;
    enum quorum_state state;
    uint32_t answering_count;
};

struct evm;
struct evm_call;

/* votes.c */
/* How answers to a call are compared, if one endpoint's word will not do. */
enum evm_vote_form evm_vote_form(const struct evm *evm, const struct evm_call *call);
/* What an answer says, however it is written. False: no answer to such a question. */
bool evm_vote_read(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer,
                   struct evm_vote *ret_vote);
/* The block a question is about; 0: none. */
uint64_t evm_call_block(const struct evm *evm, const struct evm_call *call, struct hash *ret_hash);
/* Keeps what was said, as long as the call is not settled. */
void evm_evidence_keep(struct evm *evm, struct evm_call *call, const struct hash *digest,
                       const struct json_token *result);
void evm_evidence_free(struct evm *evm, struct evm_call *call);
/* An endpoint's answer is not the one in use (`agreed_count` 0: none is). */
void evm_dissent_tell(struct evm *evm, const struct evm_call *call, uint32_t endpoint,
                      uint32_t agreed_count);
/* Whether endpoints that answer differently cannot both be honest. */
bool evm_vote_is_fixed(const struct evm_call *call);
void evm_quorum_tick(struct evm *evm);
struct instant evm_quorum_next_tick(const struct evm *evm);
void evm_quorum_tell(struct evm *evm, enum quorum_state state);
bool evm_votes_event(struct evm *evm, struct event *ret_event);

/* recheck.c */
void evm_recheck_want(struct evm *evm, const struct evm_call *call, uint32_t endpoint,
                      uint32_t agreed_count);
void evm_recheck_pump(struct evm *evm, uint32_t index);
void evm_recheck_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_recheck_answer(struct evm *evm, const struct evm_call *call,
                        const struct evm_answer *answer);

#endif
