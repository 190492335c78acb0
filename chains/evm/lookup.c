/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers prove a message to a module, and what to ask them: getOffchainVerifyInfo(message)
 * reverts with OffchainLookup(sender, urls, callData, callbackFunction, extraData) (ERC-3668).
 *
 * Whoever wrote the module chose all of it. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"
#include "chains/evm/lookup_words.h"

/* hyperlane.md section 2.4 */
#define SELECTOR_VERIFY_INFO 0xbbac9bc8u

static_assert(LOOKUP_URLS_MAX * LOOKUP_URL_BYTES_MAX + LOOKUP_DATA_BYTES_MAX < EVM_CALLDATA_MAX,
              "what is kept of a lookup fits a job's payload");

void evm_lookup_start(struct evm_job *job, const struct command *command)
{
    const struct bytes message = command->read_lookup.message;

    job->lookup.message_id = command->read_lookup.message_id;
    job->lookup.module = command->read_lookup.module;
    if (message.count < MESSAGE_BYTES_MIN || message.count > MESSAGE_BYTES_MAX) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "a message of no valid length");
        return;
    }
    memcpy(job->payload, message.data, message.count);
    job->payload_bytes = (uint32_t)message.count;
}

static uint32_t lookup_steps(struct evm *evm, struct evm_job *job)
{
    (void)evm;
    return job->phase == 0 && job->outcome == OUTCOME_OK ? 1 : 0;
}

static void lookup_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                         struct json_writer *writer)
{
    struct abi_writer data = abi_writer_from(evm->scratch, EVM_RETURN_BYTES_MAX);

    (void)step;
    abi_write_selector(&data, SELECTOR_VERIFY_INFO);
    abi_write_u64(&data, 32);
    abi_write_tail(&data, bytes_from(job->payload, job->payload_bytes));
    CHECK(!data.overrun);
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &job->lookup.module, buffer_bytes(&data.buffer));
    evm_write_at(evm, job, writer);
    rpc_write_end(writer);
}

/* Copies to the payload, whose message is not needed any more. */
static struct bytes keep(struct evm_job *job, struct bytes bytes)
{
    uint8_t *const at = job->payload + job->payload_bytes;

    CHECK(bytes.count <= EVM_CALLDATA_MAX - job->payload_bytes);
    if (bytes.count > 0) {
        memcpy(at, bytes.data, bytes.count);
    }
    job->payload_bytes += (uint32_t)bytes.count;
    return bytes_from(at, bytes.count);
}

static void read_lookup(struct evm_job *job, struct bytes arguments)
{
    struct evm_lookup_words words;

    job->payload_bytes = 0;
    if (evm_lookup_words_read(arguments, &words) != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "an offchain lookup that cannot be read");
        return;
    }
    if (words.urls_count == 0) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "an offchain lookup that names no server");
        return;
    }
    job->lookup.sender = words.sender;
    job->lookup.urls_count = words.urls_count;
    for (uint32_t i = 0; i < words.urls_count; i++) {
        job->lookup.urls[i] = keep(job, words.urls[i]);
    }
    job->lookup.call_data = keep(job, words.call_data);
}

static void lookup_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                          const struct evm_answer *answer)
{
    static const uint8_t selector[4] = {0x55, 0x6f, 0x18, 0x30};

    (void)step;
    if (answer->kind == EVM_ANSWER_RESULT) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "the module names no servers");
        return;
    }
    if (answer->kind != EVM_ANSWER_ERROR) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    const struct bytes reverted =
        evm_error_revert_bytes(answer, evm->scratch, EVM_RETURN_BYTES_MAX);
    if (!bytes_have_prefix(reverted, bytes_from(selector, sizeof(selector)))) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    read_lookup(job, bytes_from(reverted.data + 4, reverted.count - 4));
}

static void lookup_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    (void)evm;
    ret_event->kind = EVENT_LOOKUP;
    ret_event->lookup.message_id = job->lookup.message_id;
    ret_event->lookup.module = job->lookup.module;
    ret_event->lookup.outcome = job->outcome;
    ret_event->lookup.reason = bytes_from(job->reason, job->reason_bytes);
    if (job->outcome == OUTCOME_OK) {
        ret_event->lookup.sender = job->lookup.sender;
        ret_event->lookup.urls = job->lookup.urls;
        ret_event->lookup.urls_count = job->lookup.urls_count;
        ret_event->lookup.call_data = job->lookup.call_data;
    }
}

const struct evm_job_ops evm_lookup_ops = {lookup_steps, lookup_write, lookup_answer, lookup_event};
