/* SPDX-License-Identifier: Apache-2.0 */
/* Heads and final blocks, as each endpoint tells them, and what enough of them tell together.
 *
 * A head counts when a quorum told of it with the same content; the number of blocks there are is
 * what a quorum has reached. The final block is the newest one that a quorum is at or past; where
 * they do not name the very same one, its hash is asked for with a quorum. So an endpoint that is
 * ahead, behind or lying moves nothing by itself. With a quorum of one, the best endpoint's word
 * counts and nobody else's. */
#include <string.h>

#include "chains/evm/evm_internal.h"

#define HEAD_SILENCE_MAX   DURATION_MS(5000) /* without a head told, it is asked for */
#define HEAD_POLL_INTERVAL DURATION_MS(1000) /* where heads are not told */
#define FINAL_AGAIN_AFTER  DURATION_MS(1000)

enum { DEADLINES_BEFORE_BACK = 12 }; /* a node that lags behind its own cluster catches up */

enum status evm_header_read(const struct json_token *json, struct evm_header *ret_header)
{
    struct evm_header header;
    const struct json_token *base_fee = NULL;
    const struct json_token *receipts = NULL;
    size_t bloom_bytes = 0;
    const enum status has_base_fee = json_find(json, "baseFeePerGas", &base_fee);

    memset(&header, 0, sizeof(header));
    const enum status has_receipts = json_find(json, "receiptsRoot", &receipts);
    if (has_base_fee == STATUS_MALFORMED || has_receipts == STATUS_MALFORMED ||
        (has_receipts == STATUS_OK && json_hash(receipts, &header.receipts_root) != STATUS_OK) ||
        json_quantity(json_member(json, "number"), &header.number) != STATUS_OK ||
        json_hash(json_member(json, "hash"), &header.hash) != STATUS_OK ||
        json_hash(json_member(json, "parentHash"), &header.parent) != STATUS_OK ||
        json_quantity(json_member(json, "timestamp"), &header.time_s) != STATUS_OK ||
        json_data(json_member(json, "logsBloom"), EVM_BLOOM_BYTES, header.bloom, &bloom_bytes) !=
            STATUS_OK ||
        bloom_bytes != EVM_BLOOM_BYTES || header.number == UINT64_MAX) {
        return STATUS_MALFORMED;
    }
    header.base_fee = amount_zero();
    header.has_base_fee = has_base_fee == STATUS_OK && !json_is_null(base_fee);
    if (header.has_base_fee && json_amount(base_fee, &header.base_fee) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    *ret_header = header;
    return STATUS_OK;
}

bool evm_endpoint_is_listened(const struct evm *evm, uint32_t index)
{
    return evm->endpoints[index].phase == EVM_ENDPOINT_GOOD && index < evm->readers_count &&
           (evm->quorum > 1 || index == evm->primary);
}

/* ---- heads ---- */

/* The largest number that a quorum of these has reached; false: fewer than a quorum are there. */
static bool reached(const struct evm *evm, const uint64_t *numbers, uint32_t count,
                    uint64_t *ret_number)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at_least = 0;
        uint32_t above = 0;
        for (uint32_t j = 0; j < count; j++) {
            at_least += numbers[j] >= numbers[i] ? 1 : 0;
            above += numbers[j] > numbers[i] ? 1 : 0;
        }
        if (at_least >= evm->quorum && above < evm->quorum) {
            *ret_number = numbers[i];
            return true;
        }
    }
    return false;
}

/* True when this vote completes the quorum of a head. */
static bool completes(struct evm *evm, uint32_t index, const struct evm_header *header)
{
    struct evm_watch *const watch = &evm->watch;
    const struct hash digest = evm_header_digest(header);
    struct evm_candidate *candidate = NULL;
    uint32_t voters = 0;

    for (uint32_t i = 0; i < EVM_CANDIDATES; i++) {
        if (hash_equal(&watch->candidates[i].digest, &digest)) {
            candidate = &watch->candidates[i];
        }
    }
    if (candidate == NULL) {
        candidate = &watch->candidates[watch->candidates_next++ % EVM_CANDIDATES];
        candidate->digest = digest;
        candidate->voters = 0;
    }
    const bool is_new = (candidate->voters & 1u << index) == 0;
    candidate->voters |= 1u << index;
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        voters += candidate->voters >> i & 1u;
    }
    /* A head that is told again later, after another one, is the head again. */
    return voters >= evm->quorum && (voters == evm->quorum || !is_new);
}

void evm_head_told(struct evm *evm, uint32_t index, const struct evm_header *header)
{
    struct evm_told *const told = &evm->endpoints[index].told;
    uint64_t numbers[ENDPOINTS_PER_CHAIN_MAX];
    uint32_t count = 0;
    uint64_t number = 0;

    told->head_at = evm->now;
    told->head_is_known = true;
    told->head_number = header->number;
    evm->chain.endpoints[index].head_number = header->number;
    evm->chain.endpoints[index].head_time_s = header->time_s;
    if (evm->quorum == 1) {
        if (index == evm->primary) {
            evm_watch_head(evm, header);
        }
        return;
    }
    if (completes(evm, index, header)) {
        evm_watch_head(evm, header);
        return;
    }
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        if (evm_endpoint_is_listened(evm, i) && evm->endpoints[i].told.head_is_known) {
            numbers[count++] = evm->endpoints[i].told.head_number;
        }
    }
    if (reached(evm, numbers, count, &number)) {
        evm_watch_raise(evm, number);
    }
}

/* When its head is asked for unless it is told before. */
static struct instant poll_at(const struct evm *evm, uint32_t index)
{
    const struct evm_endpoint *const endpoint = &evm->endpoints[index];

    return endpoint->told.head_at.ns == 0
               ? evm->now
               : instant_after(endpoint->told.head_at,
                               endpoint->cannot_subscribe ? HEAD_POLL_INTERVAL : HEAD_SILENCE_MAX);
}

void evm_head_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    (void)evm;
    rpc_write_begin(writer, call->id, "eth_getBlockByNumber");
    json_write(writer, "\"latest\",false");
    rpc_write_end(writer);
}

void evm_head_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer)
{
    struct evm_told *const told = &evm->endpoints[call->subject].told;
    struct evm_header header;

    told->head_is_asked = false;
    told->head_at = evm->now; /* an answer or none: not again before its time */
    if (answer->kind != EVM_ANSWER_RESULT ||
        evm_header_read(answer->result, &header) != STATUS_OK) {
        if (answer->kind == EVM_ANSWER_RESULT) {
            evm_endpoint_malformed(evm, call->subject, "a block that cannot be read");
        }
        return;
    }
    evm_head_told(evm, call->subject, &header);
}

/* ---- the final block ---- */

static void take_final(struct evm *evm, uint64_t number, const struct hash *hash)
{
    struct evm_watch *const watch = &evm->watch;

    watch->final_is_known = true;
    watch->final_number = number;
    watch->final_hash = *hash;
    watch->final_check_number = 0;
}

/* The hash that a quorum names for this very number; false: none. */
static bool agreed_hash(const struct evm *evm, uint64_t number, struct hash *ret_hash)
{
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        const struct evm_told *const told = &evm->endpoints[i].told;
        uint32_t votes = 0;
        for (uint32_t j = 0; j < evm->chain.endpoints_count; j++) {
            const struct evm_told *const other = &evm->endpoints[j].told;
            votes += evm_endpoint_is_listened(evm, j) && other->final_is_known &&
                             other->final_number == number &&
                             hash_equal(&other->final_hash, &told->final_hash)
                         ? 1
                         : 0;
        }
        if (told->final_is_known && told->final_number == number && votes >= evm->quorum) {
            *ret_hash = told->final_hash;
            return true;
        }
    }
    return false;
}

/* A quorum names an older block than it did. */
static void moved_back(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;
    const struct duration patience = {.ns = DEADLINES_BEFORE_BACK * evm->request_deadline.ns};

    if (watch->final_back_since.ns == 0) {
        watch->final_back_since = evm->now;
    } else if (!watch->final_back_is_told &&
               instant_is_past(instant_after(watch->final_back_since, patience), evm->now)) {
        watch->final_back_is_told = true;
        evm_quorum_tell(evm, QUORUM_FINAL_MOVED_BACK);
    }
}

static void judge_final(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;
    uint64_t numbers[ENDPOINTS_PER_CHAIN_MAX];
    uint32_t count = 0;
    uint64_t number = 0;
    struct hash hash;

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        if (evm_endpoint_is_listened(evm, i) && evm->endpoints[i].told.final_is_known) {
            numbers[count++] = evm->endpoints[i].told.final_number;
        }
    }
    if (!reached(evm, numbers, count, &number)) {
        return;
    }
    if (watch->final_is_known && number < watch->final_number) {
        moved_back(evm);
        return;
    }
    watch->final_back_since = (struct instant){0};
    if (agreed_hash(evm, number, &hash)) {
        take_final(evm, number, &hash);
    } else if (!watch->final_is_known || number > watch->final_number) {
        watch->final_check_number = number;
    }
}

void evm_final_want(struct evm *evm)
{
    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        evm->endpoints[i].told.final_is_wanted = true;
    }
}

void evm_final_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getBlockByNumber");
    json_write(writer, evm->finality == FINALITY_SAFE ? "\"safe\",false" : "\"finalized\",false");
    rpc_write_end(writer);
}

void evm_final_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer)
{
    struct evm_told *const told = &evm->endpoints[call->subject].told;
    struct evm_header header;

    told->final_is_asked = false;
    if (answer->kind == EVM_ANSWER_NONE) {
        told->final_is_wanted = true;
        told->final_again_at = instant_after(evm->now, FINAL_AGAIN_AFTER);
        return;
    }
    if (answer->kind == EVM_ANSWER_ERROR || evm_header_read(answer->result, &header) != STATUS_OK) {
        /* A young chain has no final block yet and says null; the next head asks again. */
        if (!json_is_null(answer->result)) {
            evm_endpoint_malformed(evm, call->subject, "no answer to the finality policy's tag");
        }
        return;
    }
    if (told->final_is_known && header.number < told->final_number) {
        evm_endpoint_malformed(evm, call->subject, "the final block moved back");
    }
    told->final_is_known = true;
    told->final_number = header.number;
    told->final_hash = header.hash;
    evm->chain.endpoints[call->subject].final_number = header.number;
    judge_final(evm);
}

void evm_final_check_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getBlockByNumber");
    json_write_quantity(writer, evm->watch.final_check_number);
    json_write(writer, ",false");
    rpc_write_end(writer);
}

void evm_final_check_answer(struct evm *evm, const struct evm_call *call,
                            const struct evm_answer *answer)
{
    struct evm_watch *const watch = &evm->watch;
    struct evm_header header;

    (void)call;
    watch->final_check_is_asked = false;
    if (answer->kind == EVM_ANSWER_RESULT &&
        evm_header_read(answer->result, &header) == STATUS_OK &&
        header.number == watch->final_check_number) {
        take_final(evm, header.number, &header.hash);
        return;
    }
    watch->final_check_again_at = instant_after(evm->now, FINAL_AGAIN_AFTER);
}

/* ---- asking ---- */

static void pump_endpoint(struct evm *evm, uint32_t index)
{
    struct evm_told *const told = &evm->endpoints[index].told;

    if (!told->head_is_asked && instant_is_past(poll_at(evm, index), evm->now)) {
        told->head_is_asked = evm_call_start(evm, EVM_CALL_HEAD, index, 0, index);
    }
    if (told->final_is_wanted && !told->final_is_asked && evm->finality != FINALITY_DEPTH &&
        instant_is_past(told->final_again_at, evm->now)) {
        told->final_is_asked = evm_call_start(evm, EVM_CALL_FINAL, index, 0, index);
        told->final_is_wanted = !told->final_is_asked;
    }
}

void evm_heads_pump(struct evm *evm)
{
    struct evm_watch *const watch = &evm->watch;

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        if (evm_endpoint_is_listened(evm, i)) {
            pump_endpoint(evm, i);
        }
    }
    if (watch->final_check_number != 0 && !watch->final_check_is_asked &&
        instant_is_past(watch->final_check_again_at, evm->now)) {
        watch->final_check_is_asked =
            evm_call_start(evm, EVM_CALL_FINAL_CHECK, 0, 0, EVM_ANY_ENDPOINT);
    }
}

struct instant evm_heads_next_tick(const struct evm *evm)
{
    struct instant next = {.ns = UINT64_MAX};

    for (uint32_t i = 0; i < evm->chain.endpoints_count; i++) {
        if (!evm_endpoint_is_listened(evm, i)) {
            continue;
        }
        if (!evm->endpoints[i].told.head_is_asked) {
            evm_sooner(evm, poll_at(evm, i), &next);
        }
        evm_sooner(evm, evm->endpoints[i].told.final_again_at, &next);
    }
    evm_sooner(evm, evm->watch.final_check_again_at, &next);
    return next;
}
