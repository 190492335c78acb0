/* SPDX-License-Identifier: Apache-2.0 */
/* When two answers are the same, which questions need several, and evidence when they differ.
 *
 * A digest is over what an answer means to us: the fields that are read, in their order,
 * hexadecimal digits in lower case. Fields that nodes add or leave out do not matter. */
#include "chains/evm/votes.h"

#include <string.h>

#include "chains/evm/evm_internal.h"
#include "relay/base/digest.h"

#define QUORUM_PATIENCE DURATION_MS(1000) /* a connection that is made anew takes less */
#define SPLITS_APART    DURATION_MS(30000)

/* ---- which questions ---- */

static enum evm_vote_form form_of_job(const struct evm_job *job, uint32_t step)
{
    if (job->kind == COMMAND_PREPARE) {
        return evm_prepare_form(job);
    }
    return job->kind == COMMAND_READ_LANE ? evm_lane_form(job, step) : EVM_FORM_WORDS;
}

enum evm_vote_form evm_vote_form(const struct evm *evm, const struct evm_call *call)
{
    switch (call->kind) {
    case EVM_CALL_FINAL_CHECK:
    case EVM_CALL_HEADER:
    case EVM_CALL_ANCESTOR:
    case EVM_CALL_RANGE_HEADER:
        return EVM_FORM_HEADER;
    case EVM_CALL_LOGS:
    case EVM_CALL_RANGE_LOGS:
        return EVM_FORM_LOGS;
    case EVM_CALL_NONCE_FINAL:
        return EVM_FORM_WORDS;
    case EVM_CALL_RECEIPT:
        return EVM_FORM_RECEIPT;
    case EVM_CALL_BLOCK_RECEIPTS:
        return EVM_FORM_RECEIPTS;
    case EVM_CALL_JOB:
        return form_of_job(&evm->jobs[call->subject], call->step);
    case EVM_CALL_FREE:
    case EVM_CALL_VERIFY:
    case EVM_CALL_SUBSCRIBE:
    case EVM_CALL_HEAD:
    case EVM_CALL_FINAL:
    case EVM_CALL_PROOF:   /* proves itself */
    case EVM_CALL_RECHECK: /* of one endpoint */
    case EVM_CALL_NONCE:   /* a hint: what it leads to is read with a quorum */
    case EVM_CALL_KINDS_COUNT:
        break;
    }
    return EVM_FORM_NONE;
}

bool evm_vote_is_fixed(const struct evm_call *call)
{
    switch (call->kind) {
    case EVM_CALL_JOB: /* at a block's hash, but for estimates */
        return call->form != EVM_FORM_GAS;
    case EVM_CALL_LOGS:
    case EVM_CALL_RECHECK:
    case EVM_CALL_BLOCK_RECEIPTS:
    case EVM_CALL_FINAL_CHECK: /* below the final block */
    case EVM_CALL_RANGE_HEADER:
    case EVM_CALL_RANGE_LOGS:
    case EVM_CALL_NONCE_FINAL:
        return true;
    case EVM_CALL_HEADER: /* honest nodes can be on two branches */
    case EVM_CALL_ANCESTOR:
    case EVM_CALL_RECEIPT:
    case EVM_CALL_PROOF:
    case EVM_CALL_FREE:
    case EVM_CALL_VERIFY:
    case EVM_CALL_SUBSCRIBE:
    case EVM_CALL_HEAD:
    case EVM_CALL_FINAL:
    case EVM_CALL_NONCE:
    case EVM_CALL_KINDS_COUNT:
        break;
    }
    return false;
}

static uint64_t block_of_job(const struct evm_job *job, struct hash *ret_hash)
{
    if (job->kind == COMMAND_READ_TREE) {
        *ret_hash = job->tree.block_hash;
        return job->tree.block_number;
    }
    if (job->kind == COMMAND_READ_POSITIONS) {
        *ret_hash = job->positions.block_hash;
        return job->positions.block_number;
    }
    *ret_hash = job->at_hash;
    return job->at_number;
}

uint64_t evm_call_block(const struct evm *evm, const struct evm_call *call, struct hash *ret_hash)
{
    const struct evm_watch *const watch = &evm->watch;

    memset(ret_hash, 0, sizeof(*ret_hash));
    switch (call->kind) {
    case EVM_CALL_LOGS:
        *ret_hash = watch->slots[call->subject].header.hash;
        return watch->slots[call->subject].header.number;
    case EVM_CALL_HEADER:
    case EVM_CALL_PROOF:
        return watch->slots[call->subject].header.number;
    case EVM_CALL_RECHECK:
        *ret_hash = evm->endpoints[call->subject].recheck.hash;
        return evm->endpoints[call->subject].recheck.number;
    case EVM_CALL_RANGE_HEADER:
    case EVM_CALL_RANGE_LOGS:
        return evm_range_last(watch, call->subject);
    case EVM_CALL_FINAL_CHECK:
        return watch->final_check_number;
    case EVM_CALL_NONCE_FINAL:
        return watch->final_number;
    case EVM_CALL_JOB:
        return block_of_job(&evm->jobs[call->subject], ret_hash);
    case EVM_CALL_BLOCK_RECEIPTS:
        *ret_hash = evm->follows[call->subject].block;
        return 0;
    case EVM_CALL_ANCESTOR:
    case EVM_CALL_RECEIPT:
    case EVM_CALL_FREE:
    case EVM_CALL_VERIFY:
    case EVM_CALL_SUBSCRIBE:
    case EVM_CALL_HEAD:
    case EVM_CALL_FINAL:
    case EVM_CALL_NONCE:
    case EVM_CALL_KINDS_COUNT:
        break;
    }
    return 0;
}

/* ---- digests ---- */

static void take(struct keccak *keccak, const void *data, size_t count)
{
    keccak_update(keccak, bytes_from(data, count));
}

static void take_u64(struct keccak *keccak, uint64_t value)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    take(keccak, bytes, sizeof(bytes));
}

/* A string with its length, in lower case. False: no string. */
static bool take_words(struct keccak *keccak, const struct json_token *value)
{
    uint8_t piece[256];

    if (value == NULL || value->kind != JSON_STRING) {
        return false;
    }
    take_u64(keccak, value->text.count);
    for (size_t done = 0; done < value->text.count;) {
        const size_t left = value->text.count - done;
        const size_t count = left < sizeof(piece) ? left : sizeof(piece);
        for (size_t i = 0; i < count; i++) {
            const uint8_t letter = value->text.data[done + i];
            piece[i] = letter >= 'A' && letter <= 'F' ? (uint8_t)(letter + 'a' - 'A') : letter;
        }
        take(keccak, piece, count);
        done += count;
    }
    return true;
}

static bool take_members(struct keccak *keccak, const struct json_token *object,
                         const char *const *names, size_t names_count)
{
    for (size_t i = 0; i < names_count; i++) {
        if (!take_words(keccak, json_member(object, names[i]))) {
            return false;
        }
    }
    return true;
}

static bool take_receipt(struct keccak *keccak, const struct json_token *receipt)
{
    static const char *const names[] = {"transactionHash", "blockHash", "blockNumber",
                                        "status",          "gasUsed",   "effectiveGasPrice"};

    return take_members(keccak, receipt, names, sizeof(names) / sizeof(names[0]));
}

/* What is counted of a list while its digest is taken. */
struct tally {
    const struct evm_interest *interest;
    uint64_t events;  /* bits of enum fact_kind, by topic and contract */
    uint32_t foreign; /* logs of contracts that nobody asked about */
};

static bool take_log(struct keccak *keccak, const struct json_token *item, struct tally *tally)
{
    struct evm_log log;

    if (evm_log_read(item, &log) != STATUS_OK) {
        return false;
    }
    tally->foreign += evm_interest_contract(tally->interest, &log.address) == NULL ? 1 : 0;
    take(keccak, log.address.bytes, sizeof(log.address.bytes));
    take_u64(keccak, log.topics_count);
    for (uint32_t i = 0; i < log.topics_count; i++) {
        take(keccak, log.topics[i].bytes, sizeof(log.topics[i].bytes));
    }
    take_u64(keccak, log.block_number);
    take(keccak, log.block_hash.bytes, sizeof(log.block_hash.bytes));
    take(keccak, log.transaction.bytes, sizeof(log.transaction.bytes));
    take_u64(keccak, log.index);
    tally->events |= evm_log_event(tally->interest, &log);
    return take_words(keccak, log.data);
}

typedef bool (*item_taker)(struct keccak *keccak, const struct json_token *item,
                           struct tally *tally);

static bool take_block_receipt(struct keccak *keccak, const struct json_token *item,
                               struct tally *tally)
{
    (void)tally;
    return take_receipt(keccak, item);
}

static bool take_list(struct keccak *keccak, const struct json_token *list, item_taker taker,
                      struct tally *tally)
{
    if (list->kind != JSON_ARRAY) {
        return false;
    }
    take_u64(keccak, list->count);
    const struct json_token *item = json_first(list);
    for (uint32_t i = 0; i < list->count; i++, item = json_after(item)) {
        if (!taker(keccak, item, tally)) {
            return false;
        }
    }
    return true;
}

struct hash evm_header_digest(const struct evm_header *header)
{
    struct keccak keccak;
    uint8_t fee[32];

    keccak_init(&keccak);
    take_u64(&keccak, header->number);
    take(&keccak, header->hash.bytes, sizeof(header->hash.bytes));
    take(&keccak, header->parent.bytes, sizeof(header->parent.bytes));
    take_u64(&keccak, header->time_s);
    amount_to_be(&header->base_fee, fee);
    take(&keccak, fee, sizeof(fee));
    take(&keccak, header->receipts_root.bytes, sizeof(header->receipts_root.bytes));
    take(&keccak, header->bloom, sizeof(header->bloom));
    return keccak_finish(&keccak);
}

/* A bloom can promise too much, but logs that lack what it promises are rather late than absent. */
static bool lacks_logs(const struct evm *evm, const struct evm_call *call, uint64_t events)
{
    if (call->kind != EVM_CALL_LOGS || call->is_settled || evm->watch.bloom_lies) {
        return false;
    }
    const struct evm_slot *const slot = &evm->watch.slots[call->subject];
    const uint64_t missing = evm_bloom_events(&evm->interest, slot->header.bloom) & ~events;
    const uint64_t transfers = UINT64_C(1) << FACT_TRANSFER;
    return call->step == EVM_FILTER_ALL
               ? missing != 0
               : call->step == EVM_FILTER_PLAIN && (missing & ~transfers) != 0;
}

static bool read_result(const struct evm *evm, const struct evm_call *call,
                        const struct json_token *result, struct evm_vote *vote)
{
    struct evm_header header;
    struct keccak keccak;
    struct tally tally = {.interest = &evm->interest};
    bool is_whole = false;

    keccak_init(&keccak);
    switch (call->form) {
    case EVM_FORM_NONE:
        break;
    case EVM_FORM_HEADER:
        if (evm_header_read(result, &header) == STATUS_OK) {
            vote->digest = evm_header_digest(&header);
            return true;
        }
        break;
    case EVM_FORM_LOGS:
        is_whole = take_list(&keccak, result, take_log, &tally);
        vote->lacks = is_whole && lacks_logs(evm, call, tally.events);
        vote->foreign_logs = tally.foreign;
        break;
    case EVM_FORM_WORDS:
        is_whole = take_words(&keccak, result);
        break;
    case EVM_FORM_GAS:
        take(&keccak, "succeeds", 8);
        is_whole = result->kind == JSON_STRING;
        break;
    case EVM_FORM_RECEIPT:
        is_whole = take_receipt(&keccak, result);
        break;
    case EVM_FORM_RECEIPTS:
        is_whole = take_list(&keccak, result, take_block_receipt, &tally);
        break;
    }
    vote->digest = keccak_finish(&keccak);
    return is_whole;
}

/* Words in a revert differ from node to node and decide nothing; but the servers that prove a
 * message are named by one (ERC-3668), and no endpoint alone may choose them. */
static struct hash revert_digest(struct evm *evm, const struct evm_call *call,
                                 const struct evm_answer *answer)
{
    struct keccak keccak;

    keccak_init(&keccak);
    take(&keccak, "reverts", 7);
    if (call->kind == EVM_CALL_JOB && evm->jobs[call->subject].kind == COMMAND_READ_LOOKUP) {
        const struct bytes data =
            evm_error_revert_bytes(answer, evm->scratch, EVM_RETURN_BYTES_MAX);
        take(&keccak, data.data, data.count);
    }
    return keccak_finish(&keccak);
}

bool evm_vote_read(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer,
                   struct evm_vote *ret_vote)
{
    struct evm_vote vote = {.is_null = false};

    if (answer->kind == EVM_ANSWER_ERROR) {
        if (!evm_error_is_revert(answer)) {
            return false;
        }
        vote.digest = revert_digest(evm, call, answer);
    } else if (json_is_null(answer->result)) {
        vote.is_null = true;
        vote.lacks = true;
        vote.digest = keccak256(bytes_from_string("null"));
    } else if (!read_result(evm, call, answer->result, &vote)) {
        return false;
    }
    *ret_vote = vote;
    return true;
}

/* ---- evidence ---- */

struct sink {
    uint8_t *data;
    uint32_t capacity;
    uint32_t count;
    uint32_t count_whole;
};

static void pour(struct sink *sink, const uint8_t *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_plain = data[i] >= 0x20 && data[i] < 0x7f;
        if (sink->count < sink->capacity) {
            sink->data[sink->count++] = is_plain ? data[i] : '?';
        }
        sink->count_whole += sink->count_whole < UINT32_MAX ? 1 : 0;
    }
}

static void pour_text(struct sink *sink, const char *text)
{
    pour(sink, (const uint8_t *)text, strlen(text));
}

static void pour_scalar(struct sink *sink, const struct json_token *token)
{
    switch (token->kind) {
    case JSON_NULL:
        pour_text(sink, "null");
        return;
    case JSON_FALSE:
        pour_text(sink, "false");
        return;
    case JSON_TRUE:
        pour_text(sink, "true");
        return;
    case JSON_NUMBER:
        pour(sink, token->text.data, token->text.count);
        return;
    case JSON_STRING:
        pour_text(sink, "\"");
        pour(sink, token->text.data, token->text.count);
        pour_text(sink, "\"");
        return;
    case JSON_ARRAY:
        pour_text(sink, "[");
        return;
    case JSON_OBJECT:
        pour_text(sink, "{");
        return;
    }
}

/* A value as it came, but for its white space and escapes. */
static void pour_value(struct sink *sink, const struct json_token *value)
{
    struct {
        bool is_object;
        uint32_t left; /* values, keys counted */
        bool is_key;
    } open[JSON_DEPTH_MAX];
    uint32_t depth = 0;

    for (uint32_t i = 0; i < value->span; i++) {
        const struct json_token *const token = &value[i];
        pour_scalar(sink, token);
        if (token->kind == JSON_ARRAY || token->kind == JSON_OBJECT) {
            CHECK(depth < JSON_DEPTH_MAX);
            open[depth].is_object = token->kind == JSON_OBJECT;
            open[depth].left = token->count * (token->kind == JSON_OBJECT ? 2 : 1);
            open[depth].is_key = token->kind == JSON_OBJECT;
            depth++;
            if (token->count > 0) {
                continue;
            }
            pour_text(sink, token->kind == JSON_OBJECT ? "}" : "]");
            depth--;
        }
        /* A value ended; so may what it was the last of. */
        while (depth > 0 && --open[depth - 1].left == 0) {
            pour_text(sink, open[depth - 1].is_object ? "}" : "]");
            depth--;
        }
        if (depth > 0) {
            pour_text(sink, open[depth - 1].is_key ? ":" : ",");
            open[depth - 1].is_key = open[depth - 1].is_object && !open[depth - 1].is_key;
        }
    }
}

static void open_evidence(struct evm *evm, struct evm_call *call)
{
    uint32_t at = 0;

    while (at < EVM_EVIDENCE_MAX && evm->evidence[at].is_used) {
        at++;
    }
    if (at == EVM_EVIDENCE_MAX) {
        return; /* too much at once: a dissent is told by its digest alone */
    }
    struct evm_evidence *const evidence = &evm->evidence[at];
    struct json_writer writer = json_writer_from(evidence->question, sizeof(evidence->question));
    call->evidence = at;
    evidence->is_used = true;
    evidence->answers_count = 0;
    evidence->block_number = evm_call_block(evm, call, &evidence->block_hash);
    evm_call_write(evm, call, &writer); /* cut where it does not fit */
    evidence->question_bytes = (uint32_t)writer.buffer.count;
}

void evm_evidence_keep(struct evm *evm, struct evm_call *call, const struct hash *digest,
                       const struct json_token *result)
{
    if (!evm_vote_is_fixed(call)) {
        return;
    }
    if (call->evidence == EVM_NO_EVIDENCE && !call->is_settled) {
        open_evidence(evm, call);
    }
    if (call->evidence == EVM_NO_EVIDENCE) {
        return;
    }
    struct evm_evidence *const evidence = &evm->evidence[call->evidence];
    for (uint32_t i = 0; i < evidence->answers_count; i++) {
        if (hash_equal(&evidence->answers[i].digest, digest)) {
            return;
        }
    }
    if (evidence->answers_count == EVM_EVIDENCE_ANSWERS) {
        return;
    }
    const uint32_t at = evidence->answers_count++;
    struct sink sink = {.data = evidence->answers[at].text, .capacity = DISSENT_ANSWER_BYTES_MAX};
    if (result == NULL) {
        pour_text(&sink, "an error: execution reverted");
    } else {
        pour_value(&sink, result);
    }
    evidence->answers[at].digest = *digest;
    evidence->answers[at].bytes = sink.count;
    evidence->answers[at].bytes_whole = sink.count_whole;
}

void evm_evidence_free(struct evm *evm, struct evm_call *call)
{
    if (call->evidence != EVM_NO_EVIDENCE) {
        evm->evidence[call->evidence].is_used = false;
        call->evidence = EVM_NO_EVIDENCE;
    }
}

void evm_dissent_tell(struct evm *evm, const struct evm_call *call, uint32_t endpoint,
                      uint32_t agreed_count)
{
    struct evm_dissent *const dissent = &evm->dissents[endpoint];

    if (agreed_count > 0) {
        evm->chain.endpoints[endpoint].dissents++;
        evm_endpoint_punish(evm, endpoint, EVM_FAULT_DISSENT);
    }
    if (dissent->pending) {
        return; /* one at a time: what lies all the time must not fill the journal */
    }
    dissent->pending = true;
    dissent->agreed_count = agreed_count;
    dissent->agreed = agreed_count > 0 ? call->agreed : (struct hash){{0}};
    dissent->digest = call->asks[endpoint].digest;
    dissent->block_number = 0;
    dissent->block_hash = (struct hash){{0}};
    dissent->question_bytes = 0;
    dissent->answer_bytes = 0;
    dissent->answer_bytes_whole = 0;
    if (call->evidence == EVM_NO_EVIDENCE) {
        return;
    }
    const struct evm_evidence *const evidence = &evm->evidence[call->evidence];
    dissent->block_number = evidence->block_number;
    dissent->block_hash = evidence->block_hash;
    dissent->question_bytes = evidence->question_bytes;
    memcpy(dissent->question, evidence->question, evidence->question_bytes);
    for (uint32_t i = 0; i < evidence->answers_count; i++) {
        if (hash_equal(&evidence->answers[i].digest, &dissent->digest)) {
            dissent->answer_bytes = evidence->answers[i].bytes;
            dissent->answer_bytes_whole = evidence->answers[i].bytes_whole;
            memcpy(dissent->answer, evidence->answers[i].text, dissent->answer_bytes);
        }
    }
}

/* ---- the quorum ---- */

static uint32_t count_answering(const struct evm *evm)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < evm->readers_count; i++) {
        count += evm_endpoint_answers(evm, i) ? 1 : 0;
    }
    return count;
}

void evm_quorum_tell(struct evm *evm, enum quorum_state state)
{
    struct evm_quorum_notice *const notice = &evm->quorum_notice;

    if (state == QUORUM_SPLIT || state == QUORUM_UNPROVED) {
        struct instant *const again_at =
            state == QUORUM_SPLIT ? &evm->split_again_at : &evm->unproved_again_at;
        /* What lasts says so again and again; and it is less than what may be waiting. */
        if (notice->pending || !instant_is_past(*again_at, evm->now)) {
            return;
        }
        *again_at = instant_after(evm->now, SPLITS_APART);
    }
    notice->pending = true;
    notice->state = state;
    notice->answering_count = count_answering(evm);
}

void evm_quorum_tick(struct evm *evm)
{
    if (count_answering(evm) >= evm->quorum) {
        evm->quorum_missing_since = (struct instant){0};
        if (evm->quorum_is_lost) {
            evm->quorum_is_lost = false;
            evm_quorum_tell(evm, QUORUM_HELD);
        }
        return;
    }
    if (evm->quorum_missing_since.ns == 0) {
        evm->quorum_missing_since = evm->now;
    }
    if (!evm->quorum_is_lost &&
        instant_is_past(instant_after(evm->quorum_missing_since, QUORUM_PATIENCE), evm->now)) {
        evm->quorum_is_lost = true;
        evm_quorum_tell(evm, QUORUM_LOST);
    }
}

struct instant evm_quorum_next_tick(const struct evm *evm)
{
    struct instant next = {.ns = UINT64_MAX};

    if (evm->quorum_missing_since.ns != 0 && !evm->quorum_is_lost) {
        evm_sooner(evm, instant_after(evm->quorum_missing_since, QUORUM_PATIENCE), &next);
    }
    return next;
}

bool evm_votes_event(struct evm *evm, struct event *ret_event)
{
    ret_event->domain = evm->chain.domain;
    for (uint32_t i = 0; evm->quorum > 1 && i < evm->chain.endpoints_count; i++) {
        struct evm_dissent *const dissent = &evm->dissents[i];
        if (!dissent->pending) {
            continue;
        }
        dissent->pending = false;
        ret_event->kind = EVENT_DISSENT;
        ret_event->dissent.endpoint_index = i;
        ret_event->dissent.block_number = dissent->block_number;
        ret_event->dissent.block_hash = dissent->block_hash;
        ret_event->dissent.agreed_count = dissent->agreed_count;
        ret_event->dissent.agreed = dissent->agreed;
        ret_event->dissent.digest = dissent->digest;
        ret_event->dissent.question = bytes_from(dissent->question, dissent->question_bytes);
        ret_event->dissent.answer = bytes_from(dissent->answer, dissent->answer_bytes);
        ret_event->dissent.answer_bytes = dissent->answer_bytes_whole;
        return true;
    }
    if (evm->quorum_notice.pending) {
        evm->quorum_notice.pending = false;
        ret_event->kind = EVENT_QUORUM;
        ret_event->quorum.state = evm->quorum_notice.state;
        ret_event->quorum.answering_count = evm->quorum_notice.answering_count;
        ret_event->quorum.needed_count = evm->quorum;
        return true;
    }
    return false;
}
