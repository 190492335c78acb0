/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks above the final one, one by one: header, link to the parent, bloom, logs by block hash.
 * Up to EVM_AHEAD_BLOCKS are read ahead; watch.c gives them in order.
 *
 * What a bloom excludes is not asked for, once the chain's blooms have been seen to agree with its
 * logs; a chain whose blooms do not is asked for every block. A node can know a block before it can
 * serve its logs, so an answer that lacks an event which the bloom promises is asked for once more
 * after a pause. What is lacking then is looked for in the block's receipts, whose root the header
 * states; where there are none to be had it is believed (a bloom can promise too much). */
#include <string.h>

#include "chains/evm/evm_internal.h"
#include "chains/evm/receipts.h"

#define LOGS_AGAIN_AFTER   DURATION_MS(200)
#define HEADER_AGAIN_AFTER DURATION_MS(300)
#define PROOF_AGAIN_AFTER  DURATION_MS(1000)
#define PROOF_PATIENCE     DURATION_MS(60000) /* with who may have receipts and is silent */

enum { FOREIGN_LOGS_MAX = 64 }; /* in one block: above it transfers are filtered by account */

struct evm_slot *evm_slot_at(struct evm *evm, uint64_t number)
{
    return &evm->watch.slots[number % EVM_AHEAD_BLOCKS];
}

/* Forgets the slots from place `count` on. */
static void cut_slots(struct evm *evm, uint32_t count)
{
    struct evm_watch *const watch = &evm->watch;

    for (uint32_t i = count; i < watch->slots_count; i++) {
        const uint32_t index = (uint32_t)((watch->next + i) % EVM_AHEAD_BLOCKS);
        evm_facts_clear(evm, &watch->slots[index].facts);
        evm_calls_drop(evm, EVM_CALL_HEADER, index);
        evm_calls_drop(evm, EVM_CALL_LOGS, index);
        evm_calls_drop(evm, EVM_CALL_PROOF, index);
    }
    if (count < watch->slots_count) {
        watch->slots_count = count;
    }
}

void evm_slots_drop(struct evm *evm)
{
    cut_slots(evm, 0);
}

static struct evm_slot *append_slot(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;
    const uint64_t number = watch->next + watch->slots_count;
    struct evm_slot *const slot = evm_slot_at(evm, number);

    CHECK(watch->slots_count < EVM_AHEAD_BLOCKS);
    memset(slot, 0, sizeof(*slot));
    slot->header.number = number;
    slot->again_at = evm->now;
    watch->slots_count++;
    return slot;
}

void evm_slots_offer(struct evm *evm, const struct evm_header *header)
{
    struct evm_watch *const watch = &evm->watch;

    if (watch->search_is_wanted || header->number != watch->next + watch->slots_count ||
        watch->slots_count == EVM_AHEAD_BLOCKS || !watch->final_is_known || evm_range_is_due(evm)) {
        return; /* read by number, or by range, in its time */
    }
    struct evm_slot *const slot = append_slot(evm);
    slot->header = *header;
    slot->phase = EVM_SLOT_HEADER_KNOWN;
}

static void unlink_slot(struct evm *evm, struct evm_slot *slot)
{
    evm_facts_clear(evm, &slot->facts);
    slot->facts = (struct evm_fact_list){0};
    slot->events_seen = 0;
    slot->contradicts_bloom = false;
}

/* Links headers from the oldest on. A block whose parent is not the one before it means that one of
 * the two is not on the chain: what was not given is read anew, what was given is searched. */
static void link_slots(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;
    const struct hash *parent = NULL;

    if (watch->ring_count > 0) {
        const struct evm_block *const last = evm_ring_at(evm, watch->ring_count - 1);
        parent = last->number + 1 == watch->next ? &last->hash : NULL;
    }
    for (uint32_t i = 0; i < watch->slots_count; i++) {
        struct evm_slot *const slot = evm_slot_at(evm, watch->next + i);
        if (slot->phase < EVM_SLOT_HEADER_KNOWN) {
            return;
        }
        if (slot->phase == EVM_SLOT_HEADER_KNOWN) {
            if (parent != NULL && !hash_equal(parent, &slot->header.parent)) {
                watch->search_is_wanted = i == 0;
                evm_slots_drop(evm);
                return;
            }
            slot->phase = EVM_SLOT_LINKED;
        }
        parent = &slot->header.hash;
    }
}

/* From linked to asked or ready. */
static void ask_logs(struct evm *evm, struct evm_slot *slot)
{
    struct evm_watch *const watch = &evm->watch;
    const bool trusts_bloom = watch->bloom_is_proven && !watch->bloom_lies;
    const uint64_t events = trusts_bloom ? evm_bloom_events(&evm->interest, slot->header.bloom)
                                         : evm_interest_events(&evm->interest);
    const uint32_t filters = evm_filters_for(events, watch->transfers_are_split);
    const uint32_t index = (uint32_t)(slot->header.number % EVM_AHEAD_BLOCKS);

    if (filters == 0) {
        slot->phase = EVM_SLOT_READY;
        return;
    }
    if (evm->store.is_full) {
        return; /* what was read must be given first */
    }
    for (uint32_t filter = 0; filter < EVM_FILTERS_COUNT; filter++) {
        if ((filters & 1u << filter) != 0 &&
            !evm_call_start(evm, EVM_CALL_LOGS, index, filter, EVM_ANY_ENDPOINT)) {
            evm_calls_drop(evm, EVM_CALL_LOGS, index);
            return;
        }
    }
    unlink_slot(evm, slot);
    slot->facts.filters_left = filters;
    slot->phase = EVM_SLOT_LOGS;
}

static bool may_prove(const struct evm_endpoint *endpoint)
{
    return endpoint->phase == EVM_ENDPOINT_GOOD && !endpoint->is_mute && !endpoint->lacks_receipts;
}

/* Has everybody said to have no receipts? Then the logs are what there is. Whoever does not speak
 * may have some and is waited for, so that those who leave logs out do not win by refusing. */
static bool is_unprovable(const struct evm *evm, const struct evm_slot *slot)
{
    uint32_t lacking_count = 0;
    bool somebody_may = false;

    for (uint32_t i = 0; i < evm->readers_count; i++) {
        lacking_count += evm->endpoints[i].lacks_receipts ? 1 : 0;
        somebody_may = somebody_may || may_prove(&evm->endpoints[i]);
    }
    return lacking_count == evm->readers_count ||
           (!somebody_may &&
            instant_is_past(instant_after(slot->doubted_at, PROOF_PATIENCE), evm->now));
}

/* Who is asked for the receipts of a block; EVM_ANY_ENDPOINT: nobody now. */
static uint32_t prover_find(const struct evm *evm)
{
    uint32_t best = EVM_ANY_ENDPOINT;

    for (uint32_t i = 0; i < evm->readers_count; i++) {
        if (may_prove(&evm->endpoints[i]) && evm_endpoint_answers(evm, i) &&
            (best == EVM_ANY_ENDPOINT || evm_endpoint_is_better(evm, i, best))) {
            best = i;
        }
    }
    return best;
}

static void ask_proof(struct evm *evm, struct evm_slot *slot)
{
    const uint32_t prover = prover_find(evm);

    if (is_unprovable(evm, slot)) {
        slot->phase = EVM_SLOT_LINKED; /* the logs are what there is */
    } else if (prover == EVM_ANY_ENDPOINT) {
        slot->again_at = instant_after(evm->now, PROOF_AGAIN_AFTER);
        evm_quorum_tell(evm, QUORUM_UNPROVED);
    } else if (evm_call_start(evm, EVM_CALL_PROOF,
                              (uint32_t)(slot->header.number % EVM_AHEAD_BLOCKS), 0, prover)) {
        slot->phase = EVM_SLOT_PROOF_ASKED;
    }
}

static void pump_slot(struct evm *evm, struct evm_slot *slot)
{
    switch (slot->phase) {
    case EVM_SLOT_HEADER_WANTED:
        if (instant_is_past(slot->again_at, evm->now) &&
            evm_call_start(evm, EVM_CALL_HEADER, (uint32_t)(slot->header.number % EVM_AHEAD_BLOCKS),
                           0, EVM_ANY_ENDPOINT)) {
            slot->phase = EVM_SLOT_HEADER_ASKED;
        }
        return;
    case EVM_SLOT_PAUSE:
        if (!instant_is_past(slot->again_at, evm->now)) {
            return;
        }
        slot->phase = EVM_SLOT_LINKED;
        ask_logs(evm, slot);
        return;
    case EVM_SLOT_LINKED:
        ask_logs(evm, slot);
        return;
    case EVM_SLOT_PROOF_WANTED:
        if (instant_is_past(slot->again_at, evm->now) && !evm->store.is_full) {
            ask_proof(evm, slot);
        }
        return;
    case EVM_SLOT_PROOF_ASKED:
    case EVM_SLOT_HEADER_ASKED:
    case EVM_SLOT_HEADER_KNOWN:
    case EVM_SLOT_LOGS:
    case EVM_SLOT_READY:
        return;
    }
}

void evm_slots_pump(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    while (instant_is_past(watch->slots_again_at, evm->now) &&
           watch->slots_count < EVM_AHEAD_BLOCKS &&
           watch->next + watch->slots_count <= watch->head.number) {
        struct evm_slot *const slot = append_slot(evm);
        if (slot->header.number == watch->head.number && !watch->head_is_doubtful) {
            slot->header = watch->head;
            slot->phase = EVM_SLOT_HEADER_KNOWN;
        }
    }
    link_slots(evm);
    for (uint32_t i = 0; i < watch->slots_count; i++) {
        pump_slot(evm, evm_slot_at(evm, watch->next + i));
    }
}

struct instant evm_slots_next_tick(const struct evm *evm)
{
    const struct evm_watch *const watch = &evm->watch;
    struct instant next = {.ns = UINT64_MAX};

    evm_sooner(evm, watch->slots_again_at, &next);
    for (uint32_t i = 0; i < watch->slots_count; i++) {
        const struct evm_slot *const slot = &watch->slots[(watch->next + i) % EVM_AHEAD_BLOCKS];
        if (slot->phase == EVM_SLOT_PAUSE || slot->phase == EVM_SLOT_HEADER_WANTED ||
            slot->phase == EVM_SLOT_PROOF_WANTED) {
            evm_sooner(evm, slot->again_at, &next);
        }
    }
    return next;
}

void evm_header_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getBlockByNumber");
    json_write_quantity(writer, evm->watch.slots[call->subject].header.number);
    json_write(writer, ",false");
    rpc_write_end(writer);
}

void evm_header_answer(struct evm *evm, const struct evm_call *call,
                       const struct evm_answer *answer)
{
    struct evm_slot *const slot = &evm->watch.slots[call->subject];
    struct evm_header header;

    CHECK(slot->phase == EVM_SLOT_HEADER_ASKED);
    if (answer->kind != EVM_ANSWER_RESULT ||
        evm_header_read(answer->result, &header) != STATUS_OK ||
        header.number != slot->header.number) {
        if (answer->kind == EVM_ANSWER_RESULT && !json_is_null(answer->result)) {
            evm_endpoint_malformed(evm, call->endpoint, "a block that cannot be read");
        }
        slot->phase = EVM_SLOT_HEADER_WANTED;
        slot->again_at = instant_after(evm->now, HEADER_AGAIN_AFTER);
        return;
    }
    slot->header = header;
    slot->phase = EVM_SLOT_HEADER_KNOWN;
}

void evm_logs_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    const struct evm_slot *const slot = &evm->watch.slots[call->subject];

    rpc_write_begin(writer, call->id, "eth_getLogs");
    json_write(writer, "{\"blockHash\":");
    json_write_data(writer, bytes_from(slot->header.hash.bytes, 32));
    json_write(writer, ",");
    evm_filter_write(&evm->interest, (enum evm_filter)call->step, writer);
    json_write(writer, "}");
    rpc_write_end(writer);
}

static void pause_slot(struct evm *evm, struct evm_slot *slot)
{
    evm_calls_drop(evm, EVM_CALL_LOGS, (uint32_t)(slot->header.number % EVM_AHEAD_BLOCKS));
    unlink_slot(evm, slot);
    slot->phase = EVM_SLOT_PAUSE;
    slot->again_at = instant_after(evm->now, LOGS_AGAIN_AFTER);
}

/* All filters are answered. */
static void judge_logs(struct evm *evm, struct evm_slot *slot)
{
    const uint64_t promised =
        evm->watch.bloom_lies ? 0 : evm_bloom_events(&evm->interest, slot->header.bloom);

    /* Logs that their block's bloom contradicts are a lie of one of the two. */
    const bool is_doubtful =
        (promised & ~slot->events_seen) != 0 || (slot->contradicts_bloom && !evm->watch.bloom_lies);

    if (is_doubtful && slot->doubted_at.ns == 0) {
        slot->doubted_at = evm->now;
        pause_slot(evm, slot);
        return;
    }
    if (is_doubtful && !is_unprovable(evm, slot) && !hash_is_zero(&slot->header.receipts_root)) {
        unlink_slot(evm, slot);
        slot->phase = EVM_SLOT_PROOF_WANTED;
        slot->again_at = evm->now;
        return;
    }
    evm->watch.bloom_lies |= slot->contradicts_bloom; /* nothing can be proved here */
    slot->phase = EVM_SLOT_READY;
}

void evm_proof_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getBlockReceipts");
    json_write_data(writer, bytes_from(evm->watch.slots[call->subject].header.hash.bytes, 32));
    rpc_write_end(writer);
}

/* The facts in receipts that are known to be the block's own. */
static enum status read_proven(struct evm *evm, struct evm_slot *slot,
                               const struct json_token *receipts)
{
    const struct evm_logs_expected expected = {.from = slot->header.number,
                                               .to = slot->header.number,
                                               .block_hash = &slot->header.hash,
                                               .bloom = slot->header.bloom};
    const struct json_token *receipt = json_first(receipts);

    for (uint32_t i = 0; i < receipts->count; i++, receipt = json_after(receipt)) {
        struct evm_logs_found found;
        const enum status status =
            evm_facts_read(evm, json_member(receipt, "logs"), &expected, &slot->facts, &found);
        if (status != STATUS_OK) {
            return status;
        }
        evm->watch.bloom_lies |= found.contradicts_bloom;
    }
    return STATUS_OK;
}

/* What enough endpoints left out is in the receipts, or a bloom promised too much: the root that
 * the header states decides, whoever gives them. */
void evm_proof_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer)
{
    struct evm_slot *const slot = &evm->watch.slots[call->subject];
    struct hash root;

    CHECK(slot->phase == EVM_SLOT_PROOF_ASKED);
    if (answer->kind == EVM_ANSWER_ERROR) {
        evm->endpoints[call->endpoint].lacks_receipts = true; /* or too large for a frame */
        slot->phase = EVM_SLOT_PROOF_WANTED;
        slot->again_at = evm->now;
        return;
    }
    slot->phase = EVM_SLOT_PROOF_WANTED;
    slot->again_at = instant_after(evm->now, PROOF_AGAIN_AFTER);
    if (answer->kind == EVM_ANSWER_NONE || json_is_null(answer->result)) {
        return;
    }
    /* The memory of requests is free while an answer is read. */
    if (evm_receipts_root(answer->result, evm->frame, evm->frame_bytes_max, &root) != STATUS_OK ||
        !hash_equal(&root, &slot->header.receipts_root)) {
        evm_endpoint_malformed(evm, call->endpoint, "receipts that are not the block's");
        evm_quorum_tell(evm, QUORUM_UNPROVED);
        return;
    }
    const enum status status = read_proven(evm, slot, answer->result);
    if (status == STATUS_OK) {
        slot->phase = EVM_SLOT_READY;
        return;
    }
    unlink_slot(evm, slot);
    evm->store.is_full = status == STATUS_FULL;
    if (status == STATUS_FULL && evm->store.held == 0) {
        evm_endpoint_malformed(evm, call->endpoint, EVM_TEXT_BLOCK_TOO_LARGE);
    }
}

void evm_logs_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_slot *const slot = &watch->slots[call->subject];
    const struct evm_logs_expected expected = {.from = slot->header.number,
                                               .to = slot->header.number,
                                               .block_hash = &slot->header.hash,
                                               .bloom = slot->header.bloom};
    struct evm_logs_found found;

    CHECK(slot->phase == EVM_SLOT_LOGS);
    if (answer->kind != EVM_ANSWER_RESULT) {
        /* The block may be gone: it and what follows is read anew by number, and the link to its
         * parent decides. */
        cut_slots(evm, (uint32_t)(slot->header.number - watch->next));
        watch->head_is_doubtful = true;
        watch->slots_again_at = instant_after(evm->now, HEADER_AGAIN_AFTER);
        return;
    }
    const enum status status = evm_facts_read(evm, answer->result, &expected, &slot->facts, &found);
    evm_call_count_foreign(evm, call, found.unasked);
    if (status != STATUS_OK) {
        if (status == STATUS_MALFORMED) {
            evm_endpoint_malformed(evm, call->endpoint, EVM_TEXT_OTHER_LOGS);
        }
        if (status == STATUS_FULL && evm->store.held == 0) {
            evm_endpoint_malformed(evm, call->endpoint, EVM_TEXT_BLOCK_TOO_LARGE);
        }
        pause_slot(evm, slot);
        evm->store.is_full = status == STATUS_FULL;
        return;
    }
    slot->contradicts_bloom |= found.contradicts_bloom;
    watch->bloom_is_proven |= found.logs > 0 && !found.contradicts_bloom;
    watch->transfers_are_split |= found.foreign > FOREIGN_LOGS_MAX;
    slot->events_seen |= found.events;
    slot->facts.filters_left &= ~(1u << call->step);
    if (slot->facts.filters_left == 0) {
        judge_logs(evm, slot);
    }
}
