/* SPDX-License-Identifier: Apache-2.0 */
/* The past: history that a first watch passed over, so that what is new does not wait for it. It is
 * below the final block when the watch begins, is read by ranges like any old blocks, and is given
 * when there is nothing else to say. */
#include "chains/evm/evm_internal.h"

/* Less than so many ranges of old blocks are not worth passing over. */
enum { RANGES_WORTH_PASSING = 2 };

void evm_past_start(struct evm *evm, const struct watch *wanted)
{
    evm->watch.past = (struct evm_past){
        .may_pass = wanted->may_pass,
        .next = wanted->past_first,
        .end = wanted->past_last > 0 ? wanted->past_last + 1 : 0,
    };
}

void evm_past_decide(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_past *const past = &watch->past;
    const uint64_t recent = evm->blocks_per_range;

    if (!past->may_pass || !watch->final_is_known) {
        return;
    }
    past->may_pass = false;
    if (watch->final_number < watch->next ||
        watch->final_number - watch->next < RANGES_WORTH_PASSING * recent) {
        return;
    }
    past->next = watch->next;
    past->end = watch->final_number - recent + 1;
    past->passed_is_pending = true;
    watch->next = past->end;
    watch->final_next = past->end;
    watch->single_next = past->end;
    watch->linked_next = past->end;
}

void evm_past_pump(struct evm *evm)
{
    const struct evm_past *const past = &evm->watch.past;

    if (past->next < past->end) {
        evm_ranges_pump(evm, EVM_STRAND_PAST, past->next, past->end - 1);
    }
}

bool evm_past_passed(struct evm *evm, struct event *ret_event)
{
    struct evm_past *const past = &evm->watch.past;

    if (!past->passed_is_pending) {
        return false;
    }
    past->passed_is_pending = false;
    ret_event->kind = EVENT_PASSED;
    ret_event->domain = evm->chain.domain;
    ret_event->passed.first = past->end;
    return true;
}

bool evm_past_event(struct evm *evm, struct event *ret_event)
{
    struct evm_past *const past = &evm->watch.past;

    if (!evm->watch.is_on || !evm_ranges_any(evm, EVM_STRAND_PAST)) {
        return false;
    }
    struct evm_range *const range = evm_range_ready(evm, EVM_STRAND_PAST);
    if (range == NULL) {
        return false;
    }
    if (evm_facts_next(evm, &range->facts, ret_event)) {
        ret_event->kind = EVENT_PAST_FACT;
        return true;
    }
    ret_event->kind = EVENT_PAST_BLOCK;
    ret_event->domain = evm->chain.domain;
    ret_event->past_block.number = range->to;
    ret_event->past_block.hash = range->header.hash;
    past->next = range->to + 1;
    evm_range_given(evm, EVM_STRAND_PAST);
    return true;
}
