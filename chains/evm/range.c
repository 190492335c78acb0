/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks below the final one, new to us or of the past: logs by ranges of numbers, the header of
 * the last block with them. Several ranges are asked for at once and given in order. A range that a
 * node refuses, loses or cannot answer in one frame is halved, and what follows it is asked for
 * anew; those that were answered let the next grow again, up to the size that was refused, which is
 * tried again after a while, and as long as their facts leave most of the memory free. */
#include "chains/evm/evm_internal.h"

#define RANGE_AGAIN_AFTER DURATION_MS(500)

enum {
    /* Of the memory for facts: what one range should take at most, and what may be taken when
     * another one is begun. */
    HEAVY_SHARE = 32,
    BEGIN_SHARE = 4,
    RAISE_AFTER = 32, /* ranges answered before a size that was refused is tried again */
};

/* Of a call: its subject numbers the places of both runs. */
static struct evm_range *range_of(struct evm_watch *watch, uint32_t subject)
{
    CHECK(subject < (uint32_t)EVM_STRANDS_COUNT * EVM_RANGES_AT_ONCE);
    return &watch->ranges[subject / EVM_RANGES_AT_ONCE].ring[subject % EVM_RANGES_AT_ONCE];
}

static struct evm_range *range_at(struct evm_ranges *ranges, uint32_t place)
{
    CHECK(place < ranges->count);
    return &ranges->ring[(ranges->first + place) % EVM_RANGES_AT_ONCE];
}

uint64_t evm_range_last(const struct evm_watch *watch, uint32_t subject)
{
    CHECK(subject < (uint32_t)EVM_STRANDS_COUNT * EVM_RANGES_AT_ONCE);
    return watch->ranges[subject / EVM_RANGES_AT_ONCE].ring[subject % EVM_RANGES_AT_ONCE].to;
}

/* The run that a range is of. */
static struct evm_ranges *ranges_of(struct evm_watch *watch, const struct evm_range *range)
{
    const struct evm_ranges *const past = &watch->ranges[EVM_STRAND_PAST];
    const bool is_past = range >= past->ring && range < past->ring + EVM_RANGES_AT_ONCE;

    return &watch->ranges[is_past ? EVM_STRAND_PAST : EVM_STRAND_NEW];
}

static uint32_t index_of(struct evm_watch *watch, const struct evm_range *range)
{
    const struct evm_ranges *const ranges = ranges_of(watch, range);
    const uint32_t strand = (uint32_t)(ranges - watch->ranges);

    return strand * EVM_RANGES_AT_ONCE + (uint32_t)(range - ranges->ring);
}

static void forget(struct evm *evm, struct evm_range *range)
{
    const uint32_t index = index_of(&evm->watch, range);

    evm_facts_clear(evm, &range->facts);
    evm_calls_drop(evm, EVM_CALL_RANGE_LOGS, index);
    evm_calls_drop(evm, EVM_CALL_RANGE_HEADER, index);
}

/* This one and those after it. */
static void drop_from(struct evm *evm, const struct evm_range *range)
{
    struct evm_ranges *const ranges = ranges_of(&evm->watch, range);
    const struct evm_range *last = NULL;

    do {
        CHECK(ranges->count > 0);
        last = range_at(ranges, ranges->count - 1);
        forget(evm, range_at(ranges, ranges->count - 1));
        ranges->count--;
    } while (last != range);
}

void evm_ranges_drop(struct evm *evm)
{
    for (uint32_t strand = 0; strand < EVM_STRANDS_COUNT; strand++) {
        if (evm->watch.ranges[strand].count > 0) {
            drop_from(evm, range_at(&evm->watch.ranges[strand], 0));
        }
    }
}

bool evm_ranges_any(const struct evm *evm, enum evm_strand strand)
{
    return evm->watch.ranges[strand].count > 0;
}

void evm_range_given(struct evm *evm, enum evm_strand strand)
{
    struct evm_ranges *const ranges = &evm->watch.ranges[strand];

    forget(evm, range_at(ranges, 0));
    ranges->first = (ranges->first + 1) % EVM_RANGES_AT_ONCE;
    ranges->count--;
}

struct evm_range *evm_range_ready(struct evm *evm, enum evm_strand strand)
{
    struct evm_range *const range = range_at(&evm->watch.ranges[strand], 0);
    const bool is_ready =
        range->header_is_known && range->facts.is_asked && range->facts.filters_left == 0;

    return is_ready ? range : NULL;
}

/* Starts over from this range on, smaller if that can help. */
static void shrink(struct evm *evm, struct evm_range *range, uint32_t endpoint, const char *detail)
{
    struct evm_watch *const watch = &evm->watch;
    const uint64_t tried = range->to - range->from + 1;

    if (tried == 1) {
        evm_endpoint_malformed(evm, endpoint, detail);
    }
    drop_from(evm, range);
    watch->range_blocks = tried > 1 ? tried / 2 : 1;
    watch->range_blocks_max = tried > 1 ? tried - 1 : 1;
    watch->ranges_answered = 0;
    watch->range_again_at = tried > 1 ? evm->now : instant_after(evm->now, RANGE_AGAIN_AFTER);
}

static bool ask_logs(struct evm *evm, struct evm_range *range)
{
    const uint32_t index = index_of(&evm->watch, range);
    const bool has_tokens =
        (evm_interest_events(&evm->interest) & UINT64_C(1) << FACT_TRANSFER) != 0;
    const uint32_t filters = evm_filters_for(evm_interest_events(&evm->interest), has_tokens);

    for (uint32_t filter = 0; filter < EVM_FILTERS_COUNT; filter++) {
        if ((filters & 1u << filter) == 0) {
            continue;
        }
        if (!evm_call_start(evm, EVM_CALL_RANGE_LOGS, index, filter, EVM_ANY_ENDPOINT)) {
            evm_calls_drop(evm, EVM_CALL_RANGE_LOGS, index);
            return false;
        }
    }
    range->facts.filters_left = filters;
    range->facts.is_asked = true;
    return true;
}

/* Memory of facts is given back when none is held, so a range begins while there is enough left. */
static bool may_begin(const struct evm *evm)
{
    const struct evm_fact_store *const store = &evm->store;
    const bool is_roomy = !store->is_full && store->used <= store->capacity / BEGIN_SHARE;

    return (is_roomy || store->held == 0) && instant_is_past(evm->watch.range_again_at, evm->now);
}

static void begin_ranges(struct evm *evm, struct evm_ranges *ranges, uint64_t next, uint64_t last)
{
    const uint64_t blocks = evm->watch.range_blocks;
    uint64_t from = ranges->count > 0 ? range_at(ranges, ranges->count - 1)->to + 1 : next;

    while (ranges->count < EVM_RANGES_AT_ONCE && from <= last) {
        const uint64_t left = last - from;
        ranges->count++;
        struct evm_range *const range = range_at(ranges, ranges->count - 1);
        *range =
            (struct evm_range){.from = from, .to = from + (left < blocks - 1 ? left : blocks - 1)};
        if (from > 1 && from == evm->self->start_block) {
            range->to = from; /* with a hash of its own: the core reads the tree there */
        }
        from = range->to + 1;
    }
}

void evm_ranges_pump(struct evm *evm, enum evm_strand strand, uint64_t next, uint64_t last)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_ranges *const ranges = &watch->ranges[strand];

    if (may_begin(evm)) {
        begin_ranges(evm, ranges, next, last);
    }
    for (uint32_t place = 0; place < ranges->count; place++) {
        struct evm_range *const range = range_at(ranges, place);
        if (!range->facts.is_asked && !ask_logs(evm, range)) {
            return;
        }
        if (!range->header_is_asked) {
            range->header_is_asked = evm_call_start(evm, EVM_CALL_RANGE_HEADER,
                                                    index_of(watch, range), 0, EVM_ANY_ENDPOINT);
        }
    }
}

void evm_range_header_write(struct evm *evm, const struct evm_call *call,
                            struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getBlockByNumber");
    json_write_quantity(writer, range_of(&evm->watch, call->subject)->to);
    json_write(writer, ",false");
    rpc_write_end(writer);
}

void evm_range_header_answer(struct evm *evm, const struct evm_call *call,
                             const struct evm_answer *answer)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_range *const range = range_of(watch, call->subject);
    struct evm_header header;

    if (answer->kind == EVM_ANSWER_RESULT &&
        evm_header_read(answer->result, &header) == STATUS_OK && header.number == range->to) {
        range->header = header;
        range->header_is_known = true;
        return;
    }
    if (answer->kind == EVM_ANSWER_RESULT && !json_is_null(answer->result)) {
        evm_endpoint_malformed(evm, call->endpoint, "a block that cannot be read");
    }
    drop_from(evm, range);
    watch->range_again_at = instant_after(evm->now, RANGE_AGAIN_AFTER);
}

void evm_range_logs_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    const struct evm_range *const range = range_of(&evm->watch, call->subject);

    rpc_write_begin(writer, call->id, "eth_getLogs");
    json_write(writer, "{\"fromBlock\":");
    json_write_quantity(writer, range->from);
    json_write(writer, ",\"toBlock\":");
    json_write_quantity(writer, range->to);
    json_write(writer, ",");
    evm_filter_write(&evm->interest, (enum evm_filter)call->step, writer);
    json_write(writer, "}");
    rpc_write_end(writer);
}

/* How large the next range may be, now that one of these was answered in full. */
static void grow(struct evm *evm, const struct evm_range *range)
{
    struct evm_watch *const watch = &evm->watch;
    const uint64_t blocks = range->to - range->from + 1;

    if (range->is_heavy) {
        watch->range_blocks = blocks;
        return;
    }
    watch->ranges_answered++;
    if (watch->ranges_answered == RAISE_AFTER) {
        const uint64_t raised = watch->range_blocks_max * 2;
        watch->range_blocks_max = raised < evm->blocks_per_range ? raised : evm->blocks_per_range;
        watch->ranges_answered = 0;
    }
    const uint64_t doubled = watch->range_blocks * 2;
    watch->range_blocks = doubled < watch->range_blocks_max ? doubled : watch->range_blocks_max;
}

/* No memory left: what was read before it is given first, then this is asked for again. */
static void wait_for_memory(struct evm *evm, struct evm_range *range, uint32_t endpoint)
{
    evm->store.is_full = true;
    if (range == range_at(ranges_of(&evm->watch, range), 0)) {
        shrink(evm, range, endpoint, EVM_TEXT_BLOCK_TOO_LARGE);
    } else {
        drop_from(evm, range);
    }
}

void evm_range_logs_answer(struct evm *evm, const struct evm_call *call,
                           const struct evm_answer *answer)
{
    struct evm_range *const range = range_of(&evm->watch, call->subject);
    const struct evm_logs_expected expected = {.from = range->from, .to = range->to};
    const size_t used_before = evm->store.used;
    struct evm_logs_found found;

    if (answer->kind != EVM_ANSWER_RESULT) {
        shrink(evm, range, call->endpoint, "no answer to eth_getLogs of a single block");
        return;
    }
    const enum status status =
        evm_facts_read(evm, answer->result, &expected, &range->facts, &found);
    evm_call_count_foreign(evm, call, found.unasked);
    if (status == STATUS_FULL) {
        wait_for_memory(evm, range, call->endpoint);
        return;
    }
    if (status != STATUS_OK) {
        evm_endpoint_malformed(evm, call->endpoint, EVM_TEXT_OTHER_LOGS);
        shrink(evm, range, call->endpoint, EVM_TEXT_OTHER_LOGS);
        return;
    }
    range->is_heavy |= evm->store.used - used_before > evm->store.capacity / HEAVY_SHARE;
    range->facts.filters_left &= ~(1u << call->step);
    if (range->facts.filters_left == 0) {
        grow(evm, range);
    }
}
