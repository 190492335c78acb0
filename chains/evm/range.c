/* SPDX-License-Identifier: Apache-2.0 */
/* Catching up below the final block: logs by ranges of numbers, the header of the last block with
 * them. A range that a node refuses, loses or cannot answer in one frame is halved; one that was
 * answered lets the next grow again. */
#include "chains/evm/evm_internal.h"

#define RANGE_AGAIN_AFTER DURATION_MS(500)

void evm_range_end(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    evm_facts_clear(evm, &watch->range_facts);
    evm_calls_drop(evm, EVM_CALL_RANGE_LOGS, EVM_ANY_ENDPOINT);
    evm_calls_drop(evm, EVM_CALL_RANGE_HEADER, EVM_ANY_ENDPOINT);
    watch->range_is_on = false;
    watch->range_header_is_asked = false;
    watch->range_header_is_known = false;
    watch->range_facts = (struct evm_fact_list){0};
}

bool evm_range_is_ready(const struct evm *evm)
{
    const struct evm_watch *const watch = &evm->watch;

    return watch->range_is_on && watch->range_header_is_known && watch->range_facts.is_asked &&
           watch->range_facts.filters_left == 0;
}

/* Starts over, smaller if that can help. */
static void shrink(struct evm *evm, uint32_t endpoint, const char *detail)
{
    struct evm_watch *const watch = &evm->watch;
    const uint64_t tried = watch->range_to - watch->next + 1;

    if (tried == 1) {
        evm_endpoint_malformed(evm, endpoint, detail);
    }
    evm_range_end(evm);
    watch->range_blocks = tried > 1 ? tried / 2 : 1;
    watch->range_again_at = tried > 1 ? evm->now : instant_after(evm->now, RANGE_AGAIN_AFTER);
}

static bool ask_logs(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;
    const bool has_tokens =
        (evm_interest_events(&evm->interest) & UINT64_C(1) << FACT_TRANSFER) != 0;
    const uint32_t filters = evm_filters_for(evm_interest_events(&evm->interest), has_tokens);

    for (uint32_t filter = 0; filter < EVM_FILTERS_COUNT; filter++) {
        if ((filters & 1u << filter) == 0) {
            continue;
        }
        if (!evm_call_start(evm, EVM_CALL_RANGE_LOGS, 0, filter, EVM_ANY_ENDPOINT)) {
            evm_calls_drop(evm, EVM_CALL_RANGE_LOGS, EVM_ANY_ENDPOINT);
            return false;
        }
    }
    watch->range_facts.filters_left = filters;
    watch->range_facts.is_asked = true;
    return true;
}

void evm_range_pump(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    if (!watch->range_is_on) {
        if (evm->store.held > 0 || !instant_is_past(watch->range_again_at, evm->now)) {
            return;
        }
        const uint64_t left = watch->final_number - watch->next;
        watch->range_to =
            watch->next + (left < watch->range_blocks - 1 ? left : watch->range_blocks - 1);
        watch->range_is_on = true;
    }
    if (!watch->range_facts.is_asked && !ask_logs(evm)) {
        return;
    }
    if (!watch->range_header_is_asked) {
        watch->range_header_is_asked =
            evm_call_start(evm, EVM_CALL_RANGE_HEADER, 0, 0, EVM_ANY_ENDPOINT);
    }
}

void evm_range_header_write(struct evm *evm, const struct evm_call *call,
                            struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getBlockByNumber");
    json_write_quantity(writer, evm->watch.range_to);
    json_write(writer, ",false");
    rpc_write_end(writer);
}

void evm_range_header_answer(struct evm *evm, const struct evm_call *call,
                             const struct evm_answer *answer)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_header header;

    if (answer->kind == EVM_ANSWER_RESULT &&
        evm_header_read(answer->result, &header) == STATUS_OK && header.number == watch->range_to) {
        watch->range_header = header;
        watch->range_header_is_known = true;
        return;
    }
    if (answer->kind == EVM_ANSWER_RESULT && !json_is_null(answer->result)) {
        evm_endpoint_malformed(evm, call->endpoint, "a block that cannot be read");
    }
    evm_range_end(evm);
    watch->range_again_at = instant_after(evm->now, RANGE_AGAIN_AFTER);
}

void evm_range_logs_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getLogs");
    json_write(writer, "{\"fromBlock\":");
    json_write_quantity(writer, evm->watch.next);
    json_write(writer, ",\"toBlock\":");
    json_write_quantity(writer, evm->watch.range_to);
    json_write(writer, ",");
    evm_filter_write(&evm->interest, (enum evm_filter)call->step, writer);
    json_write(writer, "}");
    rpc_write_end(writer);
}

void evm_range_logs_answer(struct evm *evm, const struct evm_call *call,
                           const struct evm_answer *answer)
{
    struct evm_watch *const watch = &evm->watch;
    const struct evm_logs_expected expected = {.from = watch->next, .to = watch->range_to};
    struct evm_logs_found found;

    struct duration wait;
    if (answer->kind == EVM_ANSWER_ERROR && evm_error_is_limit(answer, &wait)) {
        evm_range_end(evm); /* which says nothing of the range's size */
        watch->range_again_at = instant_after(evm->now, RANGE_AGAIN_AFTER);
        return;
    }
    if (answer->kind != EVM_ANSWER_RESULT) {
        shrink(evm, call->endpoint, "no answer to eth_getLogs of a single block");
        return;
    }
    const enum status status =
        evm_facts_read(evm, answer->result, &expected, &watch->range_facts, &found);
    if (status != STATUS_OK) {
        if (status == STATUS_MALFORMED) {
            evm_endpoint_malformed(evm, call->endpoint, EVM_TEXT_OTHER_LOGS);
        }
        shrink(evm, call->endpoint, EVM_TEXT_BLOCK_TOO_LARGE);
        return;
    }
    watch->range_facts.filters_left &= ~(1u << call->step);
    if (watch->range_facts.filters_left == 0) {
        const uint64_t doubled = watch->range_blocks * 2;
        watch->range_blocks = doubled < evm->blocks_per_range ? doubled : evm->blocks_per_range;
    }
}
