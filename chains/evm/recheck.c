/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that one endpoint lacked and a quorum had: late, or withheld?
 *
 * A node can know a block before it can serve its logs, so an answer that lacks what the block's
 * bloom promises contradicts nobody at first. It is asked once more when it has had time; what it
 * lacks then, it withholds, and that is evidence. One question per endpoint at a time. */
#include <string.h>

#include "chains/evm/evm_internal.h"

#define RECHECK_AFTER DURATION_MS(2000)

void evm_recheck_want(struct evm *evm, const struct evm_call *call, uint32_t endpoint,
                      uint32_t agreed_count)
{
    struct evm_recheck *const recheck = &evm->endpoints[endpoint].recheck;

    /* Once it is settled the slot may hold another block; the evidence knows which it was. */
    if (call->kind != EVM_CALL_LOGS || recheck->is_wanted || call->evidence == EVM_NO_EVIDENCE) {
        return;
    }
    memset(recheck, 0, sizeof(*recheck));
    recheck->number = evm->evidence[call->evidence].block_number;
    recheck->hash = evm->evidence[call->evidence].block_hash;
    recheck->is_wanted = true;
    recheck->filter = call->step;
    recheck->agreed = call->agreed;
    recheck->agreed_count = agreed_count;
    recheck->at = instant_after(evm->now, RECHECK_AFTER);
}

void evm_recheck_pump(struct evm *evm, uint32_t index)
{
    struct evm_recheck *const recheck = &evm->endpoints[index].recheck;

    if (recheck->is_wanted && !recheck->is_asked && instant_is_past(recheck->at, evm->now)) {
        recheck->is_asked = evm_call_start(evm, EVM_CALL_RECHECK, index, 0, index);
    }
}

void evm_recheck_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    const struct evm_recheck *const recheck = &evm->endpoints[call->subject].recheck;

    rpc_write_begin(writer, call->id, "eth_getLogs");
    json_write(writer, "{\"blockHash\":");
    json_write_data(writer, bytes_from(recheck->hash.bytes, sizeof(recheck->hash.bytes)));
    json_write(writer, ",");
    evm_filter_write(&evm->interest, (enum evm_filter)recheck->filter, writer);
    json_write(writer, "}");
    rpc_write_end(writer);
}

void evm_recheck_answer(struct evm *evm, const struct evm_call *call,
                        const struct evm_answer *answer)
{
    struct evm_recheck *const recheck = &evm->endpoints[call->subject].recheck;
    struct evm_call asked = *call;
    struct evm_vote said;

    if (!recheck->is_wanted) {
        return;
    }
    recheck->is_wanted = false;
    recheck->is_asked = false;
    asked.form = EVM_FORM_LOGS;
    asked.is_settled = true; /* its slot may hold another block by now */
    if (answer->kind != EVM_ANSWER_RESULT || !evm_vote_read(evm, &asked, answer, &said) ||
        said.is_null || hash_equal(&said.digest, &recheck->agreed)) {
        return; /* it was late, or says nothing: the score knows of that */
    }
    asked.agreed = recheck->agreed;
    asked.asks[call->subject].digest = said.digest;
    asked.evidence = EVM_NO_EVIDENCE;
    asked.is_settled = false;
    recheck->is_wanted = true; /* while the question is written once more */
    evm_evidence_keep(evm, &asked, &said.digest, answer->result);
    recheck->is_wanted = false;
    evm_dissent_tell(evm, &asked, call->subject, recheck->agreed_count);
    evm_evidence_free(evm, &asked);
}
