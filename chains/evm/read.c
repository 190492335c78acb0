/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: where a validator publishes, the tree's root, a key's lane. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "relay/base/hex.h"

/* hyperlane.md section 2.4 */
#define SELECTOR_STORAGE_LOCATIONS 0x51abe7ccu
#define SELECTOR_LATEST_CHECKPOINT 0x907c0f92u
#define SELECTOR_COUNT             0x06661abdu
#define SELECTOR_TREE              0xfd54b228u

enum {
    STORED_LOCATIONS_MAX = 1024, /* announced by one validator; more is refused */
    TREE_BRANCH_BYTES = 32 * (int)MERKLE_DEPTH,
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
 * tree; then count() decides whether that was the reason. The frontier is tree(), whose count must
 * be that of the root; whether it fits the root is for the core to see. */

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
    const bool has_second = job->tree.reverted || job->tree.with_branch;
    return job->phase == 0 || (job->phase == 1 && has_second) ? 1 : 0;
}

static uint32_t tree_selector(const struct evm_job *job)
{
    if (job->phase == 0) {
        return SELECTOR_LATEST_CHECKPOINT;
    }
    return job->tree.reverted ? SELECTOR_COUNT : SELECTOR_TREE;
}

static void tree_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                       struct json_writer *writer)
{
    uint8_t memory[4];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    (void)step;
    abi_write_selector(&data, tree_selector(job));
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
    } else if (!job->tree.reverted) {
        for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
            const struct hash node = abi_read_hash(&reader);
            memcpy(job->payload + level * sizeof(node.bytes), node.bytes, sizeof(node.bytes));
        }
        abi_expect_u64(&reader, job->tree.count);
    } else {
        abi_expect_u64(&reader, 0);
        memset(job->payload, 0, TREE_BRANCH_BYTES);
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
    ret_event->tree.everyone = job->everyone;
    ret_event->tree.with_branch = job->tree.with_branch;
    if (job->outcome == OUTCOME_OK && job->tree.with_branch) {
        ret_event->tree.branch = bytes_from(job->payload, TREE_BRANCH_BYTES);
    }
    if (job->outcome == OUTCOME_OK) {
        ret_event->tree.count = job->tree.count;
        ret_event->tree.root = job->tree.root;
    }
}

const struct evm_job_ops evm_tree_ops = {tree_steps, tree_write, tree_answer, tree_event};
