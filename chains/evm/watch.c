/* SPDX-License-Identifier: Apache-2.0 */
/* Following a chain.
 *
 *            head told --> next block known? --no--> headers by number (blocks.c)
 *                              |yes                       |
 *                              v                          v
 *   below final: ranges   parent is what was given? --no--> search for the ancestor (ancestor.c)
 *     (range.c)                |yes
 *        |                     v
 *        |              bloom excludes us? --no--> logs under the block's hash (blocks.c)
 *        v                     v
 *      facts ------> facts, EVENT_BLOCK --> ring of given blocks --> EVENT_FINAL
 *
 * Invariants:
 *   1. Blocks are given in ascending order, each with the hash its facts were read under, and each
 *      the child of the one given before it, as far as both were read one by one.
 *   2. EVENT_FINAL names a block that was given and whose hash is the final one's, or the end of a
 *      range that was below the final block when it was read. Its number only grows.
 *   3. Nothing is given while a search is wanted: what was given last may not be on the chain. */
#include <string.h>

#include "chains/evm/evm_internal.h"

void evm_watch_start(struct evm *evm, const struct watch *wanted)
{
    const uint64_t from_block = wanted->from_block;
    struct evm_watch *const watch = &evm->watch;

    evm_slots_drop(evm);
    evm_ranges_drop(evm);
    evm_calls_drop(evm, EVM_CALL_ANCESTOR, EVM_ANY_ENDPOINT);
    watch->search_is_on = false;
    watch->search_is_wanted = false;
    watch->search_left = 0;
    watch->ring_count = 0;
    watch->is_on = true;
    watch->next = from_block;
    watch->final_next = from_block;
    watch->single_next = from_block;
    watch->linked_next = from_block;
    watch->final_is_given_pending = false;
    evm_final_want(evm);
    watch->range_blocks = evm->blocks_per_range;
    watch->range_blocks_max = evm->blocks_per_range;
    watch->range_again_at = evm->now;
    evm_past_start(evm, wanted);
}

/* The head is not news for a given block but its hash is. */
static void check_given(struct evm *evm, const struct evm_header *header)
{
    struct evm_watch *const watch = &evm->watch;
    const struct evm_block *const given = evm_ring_find(evm, header->number);

    if (given != NULL && !hash_equal(&given->hash, &header->hash)) {
        evm_slots_drop(evm);
        watch->search_is_wanted = true;
    }
}

static void check_slot(struct evm *evm, const struct evm_header *header)
{
    const struct evm_slot *const slot = evm_slot_at(evm, header->number);

    if (slot->phase >= EVM_SLOT_HEADER_KNOWN && !hash_equal(&slot->header.hash, &header->hash)) {
        evm_slots_drop(evm); /* none of them was given: they are read anew */
    }
}

static void on_new_head(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    evm_final_want(evm);
    if (evm->finality == FINALITY_DEPTH) {
        const uint64_t number = watch->head.number;
        watch->final_is_known = number >= evm->finality_blocks;
        watch->final_number = watch->final_is_known ? number - evm->finality_blocks : 0;
    }
}

void evm_watch_raise(struct evm *evm, uint64_t number)
{
    struct evm_watch *const watch = &evm->watch;

    if (watch->head_is_known && number <= watch->head.number) {
        return;
    }
    watch->head.number = number;
    watch->head_is_known = true;
    watch->head_is_doubtful = true;
    on_new_head(evm);
}

void evm_watch_head(struct evm *evm, const struct evm_header *header)
{
    struct evm_watch *const watch = &evm->watch;
    const bool is_same = watch->head_is_known && hash_equal(&watch->head.hash, &header->hash);

    watch->head = *header;
    watch->head_is_known = true;
    watch->head_is_doubtful = false;
    if (is_same) {
        return;
    }
    on_new_head(evm);
    if (!watch->is_on || evm_ranges_any(evm, EVM_STRAND_NEW)) {
        return;
    }
    const uint64_t expected = watch->next + watch->slots_count;
    if (header->number < watch->next) {
        check_given(evm, header);
    } else if (header->number < expected) {
        check_slot(evm, header);
    }
    evm_slots_offer(evm, header);
}

/* Under a depth a block is final once so many were given on top of it. The head's number alone says
 * nothing about a block that was given: the head may be on a branch that has replaced it. */
static bool is_buried(struct evm *evm, const struct evm_block *block)
{
    const struct evm_block *const last = evm_ring_at(evm, evm->watch.ring_count - 1);

    return block->is_range_end || last->number - block->number >= evm->finality_blocks;
}

/* Which given block the final one makes final; false: none, or none but what was said already. */
static bool find_final(struct evm *evm, struct evm_block *ret_block)
{
    struct evm_watch *const watch = &evm->watch;
    const struct evm_block *const same = evm_ring_find(evm, watch->final_number);

    if (same != NULL && (evm->finality != FINALITY_DEPTH || is_buried(evm, same))) {
        const bool agrees = evm->finality == FINALITY_DEPTH || same->is_range_end ||
                            hash_equal(&same->hash, &watch->final_hash);
        if (!agrees && !hash_equal(&watch->final_disputed, &watch->final_hash)) {
            watch->final_disputed = watch->final_hash;
            watch->search_is_wanted = true;
            evm_slots_drop(evm);
        }
        *ret_block = *same;
        return agrees && same->number >= watch->final_next;
    }
    for (uint32_t place = watch->ring_count; place-- > 0;) {
        const struct evm_block *const block = evm_ring_at(evm, place);
        if (block->number < watch->final_next) {
            return false;
        }
        const bool is_covered =
            evm->finality == FINALITY_DEPTH ? is_buried(evm, block) : block->is_range_end;
        if (is_covered && block->number < watch->final_number) {
            *ret_block = *block;
            return true;
        }
    }
    return false;
}

/* Invariant 2. */
static void pump_final(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_block block;

    if (watch->is_on && watch->final_is_known && !watch->final_is_given_pending &&
        !watch->search_is_wanted && find_final(evm, &block)) {
        watch->final_pending = block;
        watch->final_is_given_pending = true;
    }
}

bool evm_range_is_due(const struct evm *evm)
{
    const struct evm_watch *const watch = &evm->watch;

    return watch->slots_count == 0 && watch->final_is_known && watch->final_number >= watch->next &&
           watch->next >= watch->single_next;
}

/* A range says nothing of the block before it. When that one was given at the head, whether it is
 * still on the chain must be known first: it may have been replaced while nobody listened. */
static bool must_link(struct evm *evm)
{
    const struct evm_watch *const watch = &evm->watch;

    if (watch->ring_count == 0 || watch->linked_next == watch->next) {
        return false;
    }
    const struct evm_block *const last = evm_ring_at(evm, watch->ring_count - 1);
    return !last->is_range_end && last->number >= watch->final_next;
}

void evm_watch_pump(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    if (evm->primary == EVM_ANY_ENDPOINT) {
        return;
    }
    evm_heads_pump(evm);
    pump_final(evm);
    if (!watch->is_on || !watch->head_is_known) {
        return;
    }
    evm_past_decide(evm);
    evm_past_pump(evm);
    evm_search_pump(evm);
    if (watch->search_is_wanted) {
        return; /* invariant 3 */
    }
    if (!watch->final_is_known && evm->finality != FINALITY_DEPTH) {
        return; /* whether blocks come as a range or one by one is not known yet */
    }
    if (!evm_ranges_any(evm, EVM_STRAND_NEW) && evm_range_is_due(evm) && must_link(evm)) {
        watch->search_is_wanted = true;
        return;
    }
    if (evm_ranges_any(evm, EVM_STRAND_NEW) || evm_range_is_due(evm)) {
        evm_ranges_pump(evm, EVM_STRAND_NEW, watch->next, watch->final_number);
    } else {
        evm_slots_pump(evm);
    }
}

struct instant evm_watch_next_tick(const struct evm *evm)
{
    const struct evm_watch *const watch = &evm->watch;
    struct instant next = {.ns = UINT64_MAX};

    if (evm->primary == EVM_ANY_ENDPOINT) {
        return next;
    }
    evm_sooner(evm, evm_heads_next_tick(evm), &next);
    if (watch->is_on) {
        evm_sooner(evm, watch->range_again_at, &next);
        evm_sooner(evm, watch->search_again_at, &next);
        evm_sooner(evm, evm_slots_next_tick(evm), &next);
    }
    return next;
}

static void give_block(struct evm *evm, const struct evm_header *header, bool is_range_end,
                       struct event *ret_event)
{
    struct evm_watch *const watch = &evm->watch;
    const struct evm_block block = {.number = header->number,
                                    .hash = header->hash,
                                    .time_s = header->time_s,
                                    .is_range_end = is_range_end};

    evm_ring_push(evm, &block);
    watch->next = header->number + 1;
    if (!is_range_end && watch->next > watch->single_next) {
        watch->single_next = watch->next;
    }
    ret_event->kind = EVENT_BLOCK;
    ret_event->domain = evm->chain.domain;
    ret_event->block.number = header->number;
    ret_event->block.hash = header->hash;
    ret_event->block.time_s = header->time_s;
    ret_event->block.base_fee = header->base_fee;
    if (!is_range_end) {
        ret_event->block.parent = header->parent;
    }
}

bool evm_watch_event(struct evm *evm, struct event *ret_event)
{
    struct evm_watch *const watch = &evm->watch;

    evm_facts_settle(evm);
    if (evm_past_passed(evm, ret_event)) {
        return true;
    }
    if (watch->final_is_given_pending) {
        watch->final_is_given_pending = false;
        watch->final_next = watch->final_pending.number + 1;
        ret_event->kind = EVENT_FINAL;
        ret_event->domain = evm->chain.domain;
        ret_event->final.number = watch->final_pending.number;
        ret_event->final.hash = watch->final_pending.hash;
        evm_follow_final(evm, watch->final_pending.number);
        return true;
    }
    if (!watch->is_on || watch->search_is_wanted || watch->ring_count == EVM_RING_BLOCKS) {
        return false; /* invariant 3; or finality stands still and the ring is full */
    }
    if (evm_ranges_any(evm, EVM_STRAND_NEW)) {
        struct evm_range *const range = evm_range_ready(evm, EVM_STRAND_NEW);
        if (range == NULL) {
            return false;
        }
        if (!evm_facts_next(evm, &range->facts, ret_event)) {
            give_block(evm, &range->header, true, ret_event);
            evm_range_given(evm, EVM_STRAND_NEW);
        }
        return true;
    }
    if (watch->slots_count == 0) {
        return false;
    }
    struct evm_slot *const slot = evm_slot_at(evm, watch->next);
    if (slot->phase != EVM_SLOT_READY) {
        return false;
    }
    if (!evm_facts_next(evm, &slot->facts, ret_event)) {
        watch->slots_count--;
        give_block(evm, &slot->header, false, ret_event);
    }
    return true;
}
