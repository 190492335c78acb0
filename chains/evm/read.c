/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: which ISM guards a message, where a validator publishes, the tree's root, a key's lane. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "relay/base/hex.h"

/* hyperlane.md section 2.4 */
#define SELECTOR_RECIPIENT_ISM            0xe70f48acu
#define SELECTOR_MODULE_TYPE              0x6465e69fu
#define SELECTOR_VALIDATORS_AND_THRESHOLD 0x2e0ed234u
#define SELECTOR_ROUTE                    0x15ce45a2u
#define SELECTOR_STORAGE_LOCATIONS        0x51abe7ccu
#define SELECTOR_LATEST_CHECKPOINT        0x907c0f92u
#define SELECTOR_COUNT                    0x06661abdu

enum {
    MODULE_ROUTING = 1,
    MODULE_MERKLE_ROOT_MULTISIG = 4,
    MODULE_MESSAGE_ID_MULTISIG = 5,
    MESSAGE_RECIPIENT_OFFSET = 45, /* Message.sol */
    STORED_LOCATIONS_MAX = 1024,   /* announced by one validator; more is refused */
};

void evm_write_block_hash(struct json_writer *writer, const struct hash *hash)
{
    json_write(writer, ",{\"blockHash\":");
    json_write_data(writer, bytes_from(hash->bytes, sizeof(hash->bytes)));
    json_write(writer, "}");
}

void evm_write_at(const struct evm *evm, const struct evm_job *job, struct json_writer *writer)
{
    if (evm->quorum == 1) {
        json_write(writer, ",\"latest\"");
    } else {
        evm_write_block_hash(writer, &job->at_hash);
    }
}

void evm_write_call(struct json_writer *writer, const struct address *from,
                    const struct address *to, struct bytes data)
{
    json_write(writer, "{");
    if (from != NULL) {
        json_write(writer, "\"from\":");
        json_write_evm_address(writer, from);
        json_write(writer, ",");
    }
    json_write(writer, "\"to\":");
    json_write_evm_address(writer, to);
    json_write(writer, ",\"data\":");
    json_write_data(writer, data);
    json_write(writer, "}");
}

enum status evm_return_bytes(struct evm *evm, const struct evm_answer *answer,
                             struct bytes *ret_bytes)
{
    size_t count = 0;

    if (answer->kind != EVM_ANSWER_RESULT) {
        return STATUS_MALFORMED;
    }
    const enum status status =
        json_data(answer->result, EVM_RETURN_BYTES_MAX, evm->scratch, &count);
    if (status != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    *ret_bytes = bytes_from(evm->scratch, count);
    return STATUS_OK;
}

/* Opens the returned words; when there are none the job fails as the answer says. */
static bool open_return(struct evm *evm, struct evm_job *job, const struct evm_answer *answer,
                        struct abi_reader *ret_reader)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_answer(evm, job, answer);
        return false;
    }
    *ret_reader = abi_reader_from(returned);
    return true;
}

static void fail_unreadable(struct evm_job *job)
{
    evm_job_fail_text(job, OUTCOME_UNKNOWN, "an answer that cannot be read");
}

/* ---- security ---------------------------------------------------------------------------------
 * Phase 0 asks the mailbox for the ISM. Every later phase asks the ISM for its kind and, in the
 * same frame, for what the two most common kinds have: a set of validators, or a route to another
 * ISM. */

void evm_security_start(struct evm *evm, struct evm_job *job, const struct command *command)
{
    const struct bytes message = command->read_security.message;

    (void)evm;
    job->security.message_id = command->read_security.message_id;
    if (message.count < MESSAGE_BYTES_MIN || message.count > MESSAGE_BYTES_MAX) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "a message of no valid length");
        return;
    }
    memcpy(job->payload, message.data, message.count);
    job->payload_bytes = (uint32_t)message.count;
    memcpy(job->security.recipient.bytes, message.data + MESSAGE_RECIPIENT_OFFSET, 32);
    if (!address_is_evm(&job->security.recipient)) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "the recipient is no address of this chain");
    }
}

enum { STEP_MODULE_TYPE = 0, STEP_VALIDATORS = 1, STEP_ROUTE = 2, SECURITY_STEPS_COUNT = 3 };

static uint32_t security_steps(struct evm *evm, struct evm_job *job)
{
    (void)evm;
    if (job->phase == 0) {
        return 1;
    }
    if (job->phase > 1) {
        if (job->security.module_type != MODULE_ROUTING) {
            return 0;
        }
        if (!job->security.has_route) {
            evm_job_fail_text(job, OUTCOME_REFUSED, "the routing ISM has no route for it");
            return 0;
        }
        if (job->phase > EVM_ISM_DEPTH_MAX) {
            evm_job_fail_text(job, OUTCOME_REFUSED, "routing ISMs are nested too deep");
            return 0;
        }
        job->security.ism = job->security.route;
        job->security.has_route = false;
        job->security.has_set = false;
    }
    return SECURITY_STEPS_COUNT;
}

static void security_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                           struct json_writer *writer)
{
    struct abi_writer data = abi_writer_from(evm->scratch, EVM_RETURN_BYTES_MAX);
    const struct address *to = &job->security.ism;

    if (job->phase == 0) {
        to = &evm->self->mailbox;
        abi_write_selector(&data, SELECTOR_RECIPIENT_ISM);
        abi_write_address(&data, &job->security.recipient);
    } else if (step == STEP_MODULE_TYPE) {
        abi_write_selector(&data, SELECTOR_MODULE_TYPE);
    } else {
        abi_write_selector(&data, step == STEP_VALIDATORS ? SELECTOR_VALIDATORS_AND_THRESHOLD
                                                          : SELECTOR_ROUTE);
        abi_write_u64(&data, 32);
        abi_write_tail(&data, bytes_from(job->payload, job->payload_bytes));
    }
    CHECK(!data.overrun);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, to, buffer_bytes(&data.buffer));
    evm_write_at(evm, job, writer);
    rpc_write_end(writer);
}

static void read_validators(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        return; /* a revert: it is of another kind */
    }
    struct abi_reader reader = abi_reader_from(returned);
    abi_expect_u64(&reader, 64);
    const uint64_t threshold = abi_read_u64(&reader);
    const uint64_t count = abi_read_u64(&reader);
    if (reader.malformed || threshold > UINT8_MAX || count > VALIDATORS_MAX) {
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        job->security.validators[i] = abi_read_address(&reader);
    }
    job->security.validators_count = (uint32_t)count;
    job->security.threshold = (uint8_t)threshold;
    job->security.has_set = abi_reader_is_done(&reader);
}

static void read_route(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    struct bytes returned;

    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        return;
    }
    struct abi_reader reader = abi_reader_from(returned);
    job->security.route = abi_read_address(&reader);
    job->security.has_route = abi_reader_is_done(&reader) && !address_is_zero(&job->security.route);
}

static void security_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                            const struct evm_answer *answer)
{
    struct abi_reader reader;

    if (job->phase > 0 && step != STEP_MODULE_TYPE) {
        if (answer->kind == EVM_ANSWER_NONE ||
            (answer->kind == EVM_ANSWER_ERROR && !evm_error_is_revert(answer))) {
            evm_job_fail_answer(evm, job, answer);
        } else if (step == STEP_VALIDATORS) {
            read_validators(evm, job, answer);
        } else {
            read_route(evm, job, answer);
        }
        return;
    }
    if (!open_return(evm, job, answer, &reader)) {
        return;
    }
    if (job->phase == 0) {
        job->security.ism = abi_read_address(&reader);
    } else {
        const uint64_t type = abi_read_u64(&reader);
        job->security.module_type = (uint8_t)type;
        reader.malformed |= type > UINT8_MAX;
    }
    if (!abi_reader_is_done(&reader)) {
        fail_unreadable(job);
    }
}

static void security_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    const bool is_multisig = job->security.module_type == MODULE_MERKLE_ROOT_MULTISIG ||
                             job->security.module_type == MODULE_MESSAGE_ID_MULTISIG;

    (void)evm;
    ret_event->kind = EVENT_SECURITY;
    ret_event->security.message_id = job->security.message_id;
    ret_event->security.outcome = job->outcome;
    ret_event->security.reason = bytes_from(job->reason, job->reason_bytes);
    if (job->outcome != OUTCOME_OK) {
        return;
    }
    ret_event->security.ism = job->security.ism;
    ret_event->security.module_type = job->security.module_type;
    if (is_multisig && !job->security.has_set) {
        ret_event->security.outcome = OUTCOME_REFUSED;
        ret_event->security.reason =
            bytes_from_string("the multisig ISM gives no set of at most 50 validators");
        return;
    }
    if (is_multisig) {
        ret_event->security.threshold = job->security.threshold;
        ret_event->security.validators = job->security.validators;
        ret_event->security.validators_count = job->security.validators_count;
    }
}

const struct evm_job_ops evm_security_ops = {security_steps, security_write, security_answer,
                                             security_event};

/* ---- storage ----------------------------------------------------------------------------------
 */

static uint32_t storage_steps(struct evm *evm, struct evm_job *job)
{
    if (address_is_zero(&evm->self->validator_announce) ||
        !address_is_evm(&job->storage.validator)) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "no validator announce is configured");
    }
    return job->phase == 0 && job->outcome == OUTCOME_OK ? 1 : 0;
}

static void storage_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                          struct json_writer *writer)
{
    struct abi_writer data = abi_writer_from(evm->scratch, EVM_RETURN_BYTES_MAX);

    (void)step;
    abi_write_selector(&data, SELECTOR_STORAGE_LOCATIONS);
    abi_write_u64(&data, 32);
    abi_write_u64(&data, 1);
    abi_write_address(&data, &job->storage.validator);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &evm->self->validator_announce, buffer_bytes(&data.buffer));
    evm_write_at(evm, job, writer);
    rpc_write_end(writer);
}

/* string[][] of one element. Offsets are where the compiler puts them: heads first, then the
 * strings in order. */
static void storage_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                           const struct evm_answer *answer)
{
    struct abi_reader reader;
    size_t stored = 0;

    (void)step;
    if (!open_return(evm, job, answer, &reader)) {
        return;
    }
    abi_expect_u64(&reader, 32);
    abi_expect_u64(&reader, 1);
    abi_expect_u64(&reader, 32);
    const uint64_t count = abi_read_u64(&reader);
    if (reader.malformed || count > STORED_LOCATIONS_MAX) {
        fail_unreadable(job);
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        (void)abi_read_u64(&reader); /* offset; the strings are read in order */
    }
    for (uint64_t i = 0; i < count; i++) {
        const struct bytes location = abi_read_tail(&reader, reader.rest.count);
        const bool is_kept = location.count > 0 && location.count <= LOCATION_BYTES_MAX &&
                             i + 4 * LOCATIONS_MAX >= count;
        if (!is_kept || stored + location.count > EVM_CALLDATA_MAX) {
            continue;
        }
        /* Announced last comes first; the oldest falls off. */
        struct bytes *const kept = job->storage.locations;
        memmove(kept + 1, kept, (LOCATIONS_MAX - 1) * sizeof(*kept));
        memcpy(job->payload + stored, location.data, location.count);
        kept[0] = bytes_from(job->payload + stored, location.count);
        stored += location.count;
        job->storage.locations_count += job->storage.locations_count < LOCATIONS_MAX ? 1 : 0;
    }
    if (!abi_reader_is_done(&reader)) {
        fail_unreadable(job);
    } else if (job->storage.locations_count == 0) {
        evm_job_fail_text(job, OUTCOME_ABSENT, "");
    }
}

static void storage_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    (void)evm;
    ret_event->kind = EVENT_STORAGE;
    ret_event->storage.validator = job->storage.validator;
    ret_event->storage.outcome = job->outcome;
    if (job->outcome == OUTCOME_OK) {
        ret_event->storage.locations = job->storage.locations;
        ret_event->storage.locations_count = job->storage.locations_count;
    }
}

const struct evm_job_ops evm_storage_ops = {storage_steps, storage_write, storage_answer,
                                            storage_event};

/* ---- tree -------------------------------------------------------------------------------------
 * latestCheckpoint() gives root and index of the last leaf in one call and underflows on an empty
 * tree; then count() decides whether that was the reason. */

/* Root of a tree without leaves (hyperlane.md section 6). */
static const uint8_t empty_root[32] = {
    0x27, 0xae, 0x5b, 0xa0, 0x8d, 0x72, 0x91, 0xc9, 0x6c, 0x8c, 0xbd, 0xdc, 0xc1, 0x48, 0xbf, 0x48,
    0xa6, 0xd6, 0x8c, 0x79, 0x74, 0xb9, 0x43, 0x56, 0xf5, 0x37, 0x54, 0xef, 0x61, 0x71, 0xd7, 0x57};

static uint32_t tree_steps(struct evm *evm, struct evm_job *job)
{
    if (address_is_zero(&evm->self->tree_hook)) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "no merkle tree hook is configured");
        return 0;
    }
    return job->phase == 0 || (job->phase == 1 && job->tree.reverted) ? 1 : 0;
}

static void tree_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                       struct json_writer *writer)
{
    uint8_t memory[4];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    (void)step;
    abi_write_selector(&data, job->phase == 0 ? SELECTOR_LATEST_CHECKPOINT : SELECTOR_COUNT);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &evm->self->tree_hook, buffer_bytes(&data.buffer));
    evm_write_block_hash(writer, &job->tree.block_hash);
    rpc_write_end(writer);
}

static void tree_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                        const struct evm_answer *answer)
{
    struct abi_reader reader;

    (void)step;
    if (job->phase == 0 && answer->kind == EVM_ANSWER_ERROR && evm_error_is_revert(answer)) {
        job->tree.reverted = true;
        return;
    }
    if (!open_return(evm, job, answer, &reader)) {
        return;
    }
    if (job->phase == 0) {
        job->tree.root = abi_read_hash(&reader);
        const uint32_t index = abi_read_u32(&reader);
        reader.malformed |= index == UINT32_MAX;
        job->tree.count = index + 1;
    } else {
        abi_expect_u64(&reader, 0);
        memcpy(job->tree.root.bytes, empty_root, sizeof(empty_root));
        job->tree.count = 0;
    }
    if (!abi_reader_is_done(&reader)) {
        fail_unreadable(job);
    }
}

static void tree_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    (void)evm;
    ret_event->kind = EVENT_TREE;
    ret_event->tree.outcome = job->outcome;
    ret_event->tree.block_number = job->tree.block_number;
    ret_event->tree.block_hash = job->tree.block_hash;
    if (job->outcome == OUTCOME_OK) {
        ret_event->tree.count = job->tree.count;
        ret_event->tree.root = job->tree.root;
    }
}

const struct evm_job_ops evm_tree_ops = {tree_steps, tree_write, tree_answer, tree_event};
