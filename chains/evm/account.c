/* SPDX-License-Identifier: Apache-2.0 */
/* A key's nonces and balance, and what transactions pay: what the chain says of its lane.
 *
 * The head is asked for first where nothing is known of it: it says which block is final under a
 * depth, and whether the chain has a base fee. What others pay is advice: a node that does not say
 * costs no answer. The price of a legacy chain is not, nothing could be sent without it. */
#include <string.h>

#include "chains/evm/evm_internal.h"

enum { STEP_NONCE_LATEST = 0, STEP_BALANCE = 1, STEP_NONCE_FINAL = 2, STEP_FEES = 3, STEPS = 4 };

/* With a quorum the job is asked at a block that is agreed on, so its head is known. */
static bool asks_head(const struct evm *evm)
{
    if (evm->quorum > 1) {
        return false;
    }
    return evm->finality == FINALITY_DEPTH ||
           (evm->transactions == TRANSACTIONS_DETECTED && !evm->watch.head_is_known);
}

static bool is_head_phase(const struct evm *evm, const struct evm_job *job)
{
    return job->phase == 0 && job->lane.asks_head && evm != NULL;
}

static void choose_kind(const struct evm *evm, struct evm_job *job, bool has_base_fee)
{
    switch (evm->transactions) {
    case TRANSACTIONS_DETECTED:
        job->lane.is_legacy = !has_base_fee;
        break;
    case TRANSACTIONS_DYNAMIC:
        job->lane.is_legacy = false;
        break;
    case TRANSACTIONS_LEGACY:
        job->lane.is_legacy = true;
        break;
    }
}

static uint32_t lane_steps(struct evm *evm, struct evm_job *job)
{
    if (!address_is_evm(&job->lane.key)) {
        evm_job_fail_text(job, OUTCOME_REFUSED, "the key is no address of this chain");
        return 0;
    }
    if (job->phase == 0) {
        const bool is_deep = job->at_number > evm->finality_blocks;
        job->lane.asks_head = asks_head(evm);
        if (evm->finality == FINALITY_DEPTH) {
            job->lane.final_number = is_deep ? job->at_number - evm->finality_blocks : 0;
        } else {
            job->lane.final_number = evm->watch.final_number;
        }
        choose_kind(evm, job, evm->watch.head.has_base_fee);
    }
    if (is_head_phase(evm, job)) {
        return 1;
    }
    return job->phase == (job->lane.asks_head ? 1 : 0) ? STEPS : 0;
}

/* The medians of what half, and of what nine of ten transactions paid at most in the last blocks.
 */
static void write_fees(const struct evm_job *job, uint64_t id, struct json_writer *writer)
{
    if (job->lane.is_legacy) {
        rpc_write_begin(writer, id, "eth_gasPrice");
        rpc_write_end(writer);
        return;
    }
    rpc_write_begin(writer, id, "eth_feeHistory");
    json_write_quantity(writer, EVM_FEE_BLOCKS);
    json_write(writer, ",\"latest\",[50,90]");
    rpc_write_end(writer);
}

enum evm_vote_form evm_lane_form(const struct evm_job *job, uint32_t step)
{
    const bool is_advice = step == STEP_FEES || (job->phase == 0 && job->lane.asks_head);

    return is_advice ? EVM_FORM_NONE : EVM_FORM_WORDS;
}

static void lane_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                       struct json_writer *writer)
{
    if (is_head_phase(evm, job)) {
        rpc_write_begin(writer, id, "eth_getBlockByNumber");
        json_write(writer, "\"latest\",false");
        rpc_write_end(writer);
        return;
    }
    if (step == STEP_FEES) {
        write_fees(job, id, writer);
        return;
    }
    rpc_write_begin(writer, id,
                    step == STEP_BALANCE ? "eth_getBalance" : "eth_getTransactionCount");
    json_write_evm_address(writer, &job->lane.key);
    if (step != STEP_NONCE_FINAL) {
        evm_write_at(evm, job, writer);
        rpc_write_end(writer);
        return;
    }
    json_write(writer, ",");
    if (evm->finality == FINALITY_DEPTH || evm->quorum > 1) {
        json_write_quantity(writer, job->lane.final_number);
    } else {
        json_write(writer, evm->finality == FINALITY_SAFE ? "\"safe\"" : "\"finalized\"");
    }
    rpc_write_end(writer);
}

static void head_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    struct evm_header header;

    if (answer->kind != EVM_ANSWER_RESULT ||
        evm_header_read(answer->result, &header) != STATUS_OK) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    job->lane.final_number =
        header.number > evm->finality_blocks ? header.number - evm->finality_blocks : 0;
    choose_kind(evm, job, header.has_base_fee);
}

static struct amount median(struct amount *values, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = i; k > 0 && amount_compare(&values[k - 1], &values[k]) > 0; k--) {
            const struct amount held = values[k];
            values[k] = values[k - 1];
            values[k - 1] = held;
        }
    }
    return count == 0 ? amount_zero() : values[count / 2];
}

/* {"reward":[["0x..","0x.."],...]}: one row per block. A row that cannot be read is left out. */
static void read_history(struct evm_job *job, const struct json_token *result)
{
    struct amount usual[EVM_FEE_BLOCKS];
    struct amount hasty[EVM_FEE_BLOCKS];
    const struct json_token *rewards = json_member(result, "reward");
    uint32_t count = 0;

    if (rewards == NULL || rewards->kind != JSON_ARRAY) {
        return;
    }
    const struct json_token *row = json_first(rewards);
    for (uint32_t i = 0; i < rewards->count && count < EVM_FEE_BLOCKS; i++, row = json_after(row)) {
        if (row->kind != JSON_ARRAY || row->count != 2) {
            continue;
        }
        const struct json_token *first = json_first(row);
        if (json_amount(first, &usual[count]) == STATUS_OK &&
            json_amount(json_after(first), &hasty[count]) == STATUS_OK) {
            count++;
        }
    }
    job->lane.priority_usual = median(usual, count);
    job->lane.priority_hasty = median(hasty, count);
}

static void fees_answer(struct evm *evm, struct evm_job *job, const struct evm_answer *answer)
{
    if (job->lane.is_legacy) {
        if (answer->kind != EVM_ANSWER_RESULT ||
            json_amount(answer->result, &job->lane.gas_price) != STATUS_OK) {
            evm_job_fail_answer(evm, job, answer);
        }
        return;
    }
    if (answer->kind == EVM_ANSWER_RESULT && answer->result->kind == JSON_OBJECT) {
        read_history(job, answer->result);
    }
}

static void lane_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                        const struct evm_answer *answer)
{
    struct amount amount = amount_zero();
    uint64_t quantity = 0;

    if (is_head_phase(evm, job)) {
        head_answer(evm, job, answer);
        return;
    }
    if (step == STEP_FEES) {
        fees_answer(evm, job, answer);
        return;
    }
    if (answer->kind != EVM_ANSWER_RESULT || json_amount(answer->result, &amount) != STATUS_OK) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    if (step == STEP_BALANCE) {
        job->lane.balance = amount;
        return;
    }
    if (amount_to_u64(&amount, &quantity) != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "the answer cannot be understood");
    } else if (step == STEP_NONCE_LATEST) {
        job->lane.nonce_latest = quantity;
    } else {
        job->lane.nonce_final = quantity;
    }
}

static void lane_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    (void)evm;
    ret_event->kind = EVENT_LANE;
    ret_event->lane.key = job->lane.key;
    ret_event->lane.outcome = job->outcome;
    if (job->outcome != OUTCOME_OK) {
        return;
    }
    /* Asked in one frame but not at one instant: the final block cannot know more than the head. */
    const bool is_sane = job->lane.nonce_final <= job->lane.nonce_latest;
    ret_event->lane.outcome = is_sane ? OUTCOME_OK : OUTCOME_UNKNOWN;
    if (is_sane) {
        ret_event->lane.nonce_latest = job->lane.nonce_latest;
        ret_event->lane.nonce_final = job->lane.nonce_final;
        ret_event->lane.balance = job->lane.balance;
        ret_event->lane.is_legacy = job->lane.is_legacy;
        ret_event->lane.gas_price = job->lane.gas_price;
        ret_event->lane.priority_usual = job->lane.priority_usual;
        ret_event->lane.priority_hasty = job->lane.priority_hasty;
    }
}

const struct evm_job_ops evm_lane_ops = {lane_steps, lane_write, lane_answer, lane_event};
