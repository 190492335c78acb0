/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/ranges.h: facts in lists, and old blocks that are read by ranges: those that are new
 * to us, and the past that a watch passed over. Part of evm_internal.h. Threads: none. */
#ifndef SLUICE_CHAINS_EVM_RANGES_H
#define SLUICE_CHAINS_EVM_RANGES_H

#include "chains/evm/evm_limits.h"
#include "chains/evm/votes.h"
#include "chains/rpc/json.h"

struct evm;
struct evm_call;
struct evm_watch;

/* A fact with its place in the list of its block or range. */
struct evm_fact {
    struct fact fact;
    struct evm_fact *next;
};

struct evm_fact_list {
    struct evm_fact *first;
    uint32_t filters_left; /* still to be answered */
    bool is_asked;
};

/* Blocks below the final one that are read together. */
struct evm_range {
    uint64_t from;
    uint64_t to;
    bool header_is_asked;
    bool header_is_known;
    bool is_heavy;            /* its logs take up enough of the memory: the next is not larger */
    struct evm_header header; /* of its last block */
    struct evm_fact_list facts;
};

/* Two runs of ranges: towards the final block, and what was passed over. */
enum evm_strand {
    EVM_STRAND_NEW = 0,
    EVM_STRAND_PAST,
    EVM_STRANDS_COUNT,
};

/* One run: its ranges follow each other, in a ring. */
struct evm_ranges {
    struct evm_range ring[EVM_RANGES_AT_ONCE];
    uint32_t first;
    uint32_t count;
};

/* History that is read beside what is new. */
struct evm_past {
    bool may_pass;          /* nothing was given yet: the watch may begin near the final block */
    bool passed_is_pending; /* EVENT_PASSED is still to be given */
    uint64_t next;          /* first block not given */
    uint64_t end;           /* first block that is not the past's; 0: there is none */
};

/* range.c */
/* Reads on: blocks from `next` to `last`, in ranges that follow those under way. */
void evm_ranges_pump(struct evm *evm, enum evm_strand strand, uint64_t next, uint64_t last);
/* Ranges under way. */
bool evm_ranges_any(const struct evm *evm, enum evm_strand strand);
/* The range that is given next, once it was answered in full; NULL before. */
struct evm_range *evm_range_ready(struct evm *evm, enum evm_strand strand);
void evm_range_given(struct evm *evm, enum evm_strand strand); /* it is no longer needed */
void evm_ranges_drop(struct evm *evm);                         /* all of them, answered or not */
/* Last block of a call's range: its subject numbers the places of both runs. */
uint64_t evm_range_last(const struct evm_watch *watch, uint32_t subject);
void evm_range_header_write(struct evm *evm, const struct evm_call *call,
                            struct json_writer *writer);
void evm_range_header_answer(struct evm *evm, const struct evm_call *call,
                             const struct evm_answer *answer);
void evm_range_logs_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
void evm_range_logs_answer(struct evm *evm, const struct evm_call *call,
                           const struct evm_answer *answer);

/* past.c */
void evm_past_start(struct evm *evm, const struct watch *wanted);
/* Decides, once the final block is known, whether the watch begins near it. */
void evm_past_decide(struct evm *evm);
void evm_past_pump(struct evm *evm);
bool evm_past_passed(struct evm *evm, struct event *ret_event); /* before anything of the watch */
bool evm_past_event(struct evm *evm, struct event *ret_event);  /* after anything else */

#endif
