/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks that were given, and the search for the youngest one that is still on the chain.
 *
 * The search compares given blocks, youngest first, with what the chain now has under their
 * numbers, EVM_ANCESTORS_AT_ONCE at a time. A number the chain does not have (it is shorter now, or
 * this node lags) says nothing: only another hash under the same number replaces a block. */
#include <string.h>

#include "chains/evm/evm_internal.h"

#define SEARCH_AGAIN_AFTER DURATION_MS(500)

static uint32_t ring_index(const struct evm *evm, uint32_t place)
{
    CHECK(place < evm->watch.ring_count);
    return (evm->watch.ring_first + place) % EVM_RING_BLOCKS;
}

struct evm_block *evm_ring_at(struct evm *evm, uint32_t place)
{
    return &evm->watch.ring[ring_index(evm, place)];
}

const struct evm_block *evm_ring_find(const struct evm *evm, uint64_t number)
{
    uint32_t low = 0;
    uint32_t high = evm->watch.ring_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct evm_block *const block = &evm->watch.ring[ring_index(evm, middle)];
        if (block->number == number) {
            return block;
        }
        if (block->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

void evm_ring_push(struct evm *evm, const struct evm_block *block)
{
    struct evm_watch *const watch = &evm->watch;

    CHECK(watch->ring_count < EVM_RING_BLOCKS);
    CHECK(watch->ring_count == 0 ||
          evm_ring_at(evm, watch->ring_count - 1)->number < block->number);
    watch->ring_count++;
    *evm_ring_at(evm, watch->ring_count - 1) = *block;
    /* What is well below the final block cannot be replaced. */
    while (watch->ring_count > 1 &&
           evm_ring_at(evm, 0)->number + EVM_RING_BELOW_FINAL < watch->final_next) {
        watch->ring_first = (watch->ring_first + 1) % EVM_RING_BLOCKS;
        watch->ring_count--;
    }
}

/* Forgets the given blocks from ring place `count` on; they are given anew. */
static void cut_ring(struct evm *evm, uint32_t count)
{
    struct evm_watch *const watch = &evm->watch;

    if (count == watch->ring_count) {
        return;
    }
    CHECK(count < watch->ring_count);
    const uint64_t lost = evm_ring_at(evm, count)->number;
    /* A range end stands for the blocks before it: they are read again too, if any was given. */
    watch->next = count > 0 ? evm_ring_at(evm, count - 1)->number + 1 : lost;
    watch->ring_count = count;
    watch->final_is_given_pending = false;
    if (watch->next < watch->final_next) {
        evm_endpoint_malformed(evm, evm->primary == EVM_ANY_ENDPOINT ? 0 : evm->primary,
                               "blocks below the final one were replaced");
    }
}

/* `count` places stay. A search that replaces nothing may be wanted again at once by what wanted
 * this one; it waits a little, so that two nodes in disagreement are not asked without end. */
static void end_search(struct evm *evm, uint32_t count)
{
    struct evm_watch *const watch = &evm->watch;

    if (count == watch->ring_count) {
        watch->search_again_at = instant_after(evm->now, SEARCH_AGAIN_AFTER);
    }
    cut_ring(evm, count);
    watch->search_is_on = false;
    watch->search_is_wanted = false;
}

/* Places search_top - 1 downwards are asked for. */
static bool start_round(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    CHECK(watch->search_left == 0);
    watch->search_count =
        watch->search_top < EVM_ANCESTORS_AT_ONCE ? watch->search_top : EVM_ANCESTORS_AT_ONCE;
    memset(watch->search, 0, sizeof(watch->search));
    for (uint32_t i = 0; i < watch->search_count; i++) {
        if (!evm_call_start(evm, EVM_CALL_ANCESTOR, i, 0, EVM_ANY_ENDPOINT)) {
            evm_calls_drop(evm, EVM_CALL_ANCESTOR, EVM_ANY_ENDPOINT);
            watch->search_left = 0;
            return false;
        }
        watch->search_left++;
    }
    return true;
}

void evm_search_pump(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    if (!watch->search_is_wanted || watch->search_is_on ||
        !instant_is_past(watch->search_again_at, evm->now)) {
        return;
    }
    if (watch->ring_count == 0) {
        end_search(evm, 0);
        return;
    }
    watch->search_top = watch->ring_count;
    watch->search_mismatch_above = watch->ring_count;
    watch->search_is_on = start_round(evm);
}

void evm_ancestor_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    const uint32_t place = evm->watch.search_top - 1 - call->subject;

    rpc_write_begin(writer, call->id, "eth_getBlockByNumber");
    json_write_quantity(writer, evm_ring_at(evm, place)->number);
    json_write(writer, ",false");
    rpc_write_end(writer);
}

/* All answers of a round are in: cut where the youngest common block is, or look further down. */
static void judge_round(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    for (uint32_t i = 0; i < watch->search_count; i++) {
        const uint32_t place = watch->search_top - 1 - i;
        if (!watch->search[i].is_known) {
            continue;
        }
        if (watch->search[i].is_same) {
            end_search(evm, watch->search_mismatch_above);
            watch->linked_next = watch->next;
            return;
        }
        watch->search_mismatch_above = place;
    }
    watch->search_top -= watch->search_count;
    if (watch->search_top == 0) {
        end_search(evm, watch->search_mismatch_above);
        return;
    }
    if (!start_round(evm)) {
        watch->search_is_on = false; /* begins again at the next pump */
    }
}

void evm_ancestor_answer(struct evm *evm, const struct evm_call *call,
                         const struct evm_answer *answer)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_header header;

    if (!watch->search_is_on) {
        return;
    }
    if (answer->kind == EVM_ANSWER_RESULT &&
        evm_header_read(answer->result, &header) == STATUS_OK) {
        const struct evm_block *const block =
            evm_ring_at(evm, watch->search_top - 1 - call->subject);
        if (header.number == block->number) {
            watch->search[call->subject].is_known = true;
            watch->search[call->subject].is_same = hash_equal(&header.hash, &block->hash);
        }
    } else if (answer->kind != EVM_ANSWER_RESULT) {
        /* No word is no difference: the whole search is repeated. */
        evm_calls_drop(evm, EVM_CALL_ANCESTOR, EVM_ANY_ENDPOINT);
        watch->search_left = 0;
        watch->search_is_on = false;
        watch->search_again_at = instant_after(evm->now, SEARCH_AGAIN_AFTER);
        return;
    }
    CHECK(watch->search_left > 0);
    watch->search_left--;
    if (watch->search_left == 0) {
        judge_round(evm);
    }
}
