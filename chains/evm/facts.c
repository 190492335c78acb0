/* SPDX-License-Identifier: Apache-2.0 */
/* Facts that were read and wait to be given: lists in one memory that is taken from the front and
 * reset when nothing waits. A list is in order of (block, log index), whatever the order in which
 * the answers to its filters came. */
#include <string.h>

#include "chains/evm/evm_internal.h"

enum { ALIGNMENT = 16 };

void evm_facts_settle(struct evm *evm)
{
    if (evm->store.held == 0) {
        evm->store.used = 0;
        evm->store.is_full = false;
    }
}

void evm_facts_clear(struct evm *evm, struct evm_fact_list *list)
{
    while (list->first != NULL) {
        CHECK(evm->store.held > 0);
        evm->store.held--;
        list->first = list->first->next;
    }
}

bool evm_facts_next(struct evm *evm, struct evm_fact_list *list, struct event *ret_event)
{
    struct evm_fact *const first = list->first;

    if (first == NULL) {
        return false;
    }
    CHECK(evm->store.held > 0);
    evm->store.held--;
    list->first = first->next;
    ret_event->kind = EVENT_FACT;
    ret_event->domain = evm->chain.domain;
    ret_event->fact = first->fact; /* its message stays where it is until the memory is settled */
    return true;
}

/* True when `a` comes before `b`; equal places are the same log, told by two filters. */
static int order_of(const struct fact *a, const struct fact *b)
{
    if (a->block_number != b->block_number) {
        return a->block_number < b->block_number ? -1 : 1;
    }
    if (a->log_index != b->log_index) {
        return a->log_index < b->log_index ? -1 : 1;
    }
    return 0;
}

/* Puts a fact into the list at or after `*place`, and leaves `*place` on it: answers are sorted, so
 * one walk does for a whole answer. False: it is there already. */
static bool insert(struct evm_fact ***place, struct evm_fact *node)
{
    struct evm_fact **at = *place;

    while (*at != NULL && order_of(&(*at)->fact, &node->fact) < 0) {
        at = &(*at)->next;
    }
    *place = at;
    if (*at != NULL && order_of(&(*at)->fact, &node->fact) == 0) {
        return false;
    }
    node->next = *at;
    *at = node;
    return true;
}

static enum status check_log(const struct evm_log *log, const struct evm_logs_expected *expected,
                             const struct evm_log *last)
{
    const bool is_later = last->block_number < log->block_number ||
                          (last->block_number == log->block_number && last->index < log->index);

    if (log->block_number < expected->from || log->block_number > expected->to) {
        return STATUS_MALFORMED;
    }
    if (expected->block_hash != NULL && !hash_equal(&log->block_hash, expected->block_hash)) {
        return STATUS_MALFORMED;
    }
    /* Two blocks of one number in one answer: it was put together across a reorganisation. */
    if (last->topics_count != UINT32_MAX &&
        (!is_later || (last->block_number == log->block_number &&
                       !hash_equal(&last->block_hash, &log->block_hash)))) {
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

/* Takes memory for one fact and reads the log into it. */
static enum status read_fact(struct evm *evm, const struct evm_log *log, struct evm_fact **ret_node)
{
    struct evm_fact_store *const store = &evm->store;
    const size_t start = (store->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t used = 0;

    if (start + sizeof(struct evm_fact) > store->capacity) {
        return STATUS_FULL;
    }
    struct evm_fact *const node = (struct evm_fact *)(void *)(store->memory + start);
    const size_t body = start + sizeof(*node);
    memset(node, 0, sizeof(*node));
    const enum status status = evm_log_decode(&evm->interest, log, store->memory + body,
                                              store->capacity - body, &node->fact, &used);
    if (status == STATUS_OK) {
        store->used = body + used;
        *ret_node = node;
    }
    return status;
}

enum status evm_facts_read(struct evm *evm, const struct json_token *logs,
                           const struct evm_logs_expected *expected, struct evm_fact_list *list,
                           struct evm_logs_found *ret_found)
{
    struct evm_log last = {.topics_count = UINT32_MAX}; /* none yet */
    struct evm_fact **place = &list->first;
    struct evm_fact *node = NULL;

    memset(ret_found, 0, sizeof(*ret_found));
    if (logs == NULL || logs->kind != JSON_ARRAY) {
        return STATUS_MALFORMED;
    }
    const struct json_token *item = json_first(logs);
    for (uint32_t i = 0; i < logs->count; i++, item = json_after(item)) {
        struct evm_log log;
        if (evm_log_read(item, &log) != STATUS_OK ||
            check_log(&log, expected, &last) != STATUS_OK) {
            return STATUS_MALFORMED;
        }
        last = log;
        ret_found->logs++;
        if (expected->bloom != NULL && !evm_log_agrees_with_bloom(&log, expected->bloom)) {
            ret_found->contradicts_bloom = true;
        }
        const enum status status = read_fact(evm, &log, &node);
        if (status == STATUS_NOT_FOUND) {
            ret_found->events |= evm_log_event(&evm->interest, &log);
            ret_found->foreign++;
            ret_found->unasked +=
                evm_interest_contract(&evm->interest, &log.address) == NULL ? 1 : 0;
            continue;
        }
        if (status != STATUS_OK) {
            return status;
        }
        ret_found->events |= UINT64_C(1) << node->fact.kind;
        if (insert(&place, node)) {
            evm->store.held++;
            evm_follow_fact(evm, &node->fact);
        }
    }
    return STATUS_OK;
}
