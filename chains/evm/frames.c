/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as frames, and frames as answers. A question is written anew each time it is sent, with
 * a new id, from the state of the part that asked; so it can be lost, late or put to several
 * endpoints without any copy. */
#include <string.h>

#include "chains/evm/evm_internal.h"

/* stored nowhere; what the table below says of a kind of call */
enum repetition {
    REPEAT = 0, /* after a loss, a deadline or an overload: asked again, EVM_TRIES_MAX times */
    ONCE,       /* the asker must know: it asks for less the next time */
};

struct call_ops {
    void (*write)(struct evm *evm, const struct evm_call *call, struct json_writer *writer);
    void (*answer)(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer);
    enum repetition repetition;
    uint32_t reply_bytes; /* to be expected: batches are cut so that their answer stays in bounds */
};

static const struct call_ops call_ops[EVM_CALL_KINDS_COUNT] = {
    [EVM_CALL_VERIFY] = {evm_verify_write, evm_verify_answer, REPEAT, 50000}, /* code, as hex */
    [EVM_CALL_SUBSCRIBE] = {evm_subscribe_write, evm_subscribe_answer, REPEAT, 128},
    [EVM_CALL_HEAD] = {evm_head_write, evm_head_answer, REPEAT, 4096},
    [EVM_CALL_FINAL] = {evm_final_write, evm_final_answer, REPEAT, 4096},
    [EVM_CALL_FINAL_CHECK] = {evm_final_check_write, evm_final_check_answer, REPEAT, 4096},
    [EVM_CALL_HEADER] = {evm_header_write, evm_header_answer, REPEAT, 4096},
    [EVM_CALL_LOGS] = {evm_logs_write, evm_logs_answer, REPEAT, 32768},
    [EVM_CALL_PROOF] = {evm_proof_write, evm_proof_answer, REPEAT, 1 << 20},
    [EVM_CALL_RECHECK] = {evm_recheck_write, evm_recheck_answer, REPEAT, 32768},
    [EVM_CALL_ANCESTOR] = {evm_ancestor_write, evm_ancestor_answer, REPEAT, 4096},
    [EVM_CALL_RANGE_HEADER] = {evm_range_header_write, evm_range_header_answer, REPEAT, 4096},
    [EVM_CALL_RANGE_LOGS] = {evm_range_logs_write, evm_range_logs_answer, ONCE, 32768},
    [EVM_CALL_JOB] = {evm_job_write, evm_job_answer, REPEAT, 2048},
    [EVM_CALL_NONCE] = {evm_nonce_write, evm_nonce_answer, REPEAT, 128},
    [EVM_CALL_NONCE_FINAL] = {evm_nonce_final_write, evm_nonce_final_answer, REPEAT, 128},
    [EVM_CALL_RECEIPT] = {evm_receipt_write, evm_receipt_answer, REPEAT, 8192},
    [EVM_CALL_BLOCK_RECEIPTS] = {evm_block_receipts_write, evm_block_receipts_answer, ONCE, 32768},
};

void evm_call_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    call_ops[call->kind].write(evm, call, writer);
}

void evm_call_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer)
{
    call_ops[call->kind].answer(evm, call, answer);
}

bool evm_call_is_once(const struct evm_call *call)
{
    return call_ops[call->kind].repetition == ONCE;
}

/* The first call that could be sent, and to whom. */
static bool find_ready(const struct evm *evm, uint32_t *ret_at, uint32_t *ret_endpoint)
{
    for (uint32_t i = 0; i < evm->calls_max; i++) {
        const uint32_t at = (evm->calls_first + i) % evm->calls_max;
        for (uint32_t j = 0; j < evm->chain.endpoints_count; j++) {
            if (evm_call_is_ready(evm, &evm->calls[at], j)) {
                *ret_at = at;
                *ret_endpoint = j;
                return true;
            }
        }
    }
    return false;
}

/* Writes one call at the writer's end; false, and nothing is changed, when it does not fit. */
static bool write_call(struct evm *evm, uint32_t at, uint32_t endpoint, struct json_writer *writer)
{
    struct evm_call *const call = &evm->calls[at];
    struct evm_ask *const ask = &call->asks[endpoint];
    const size_t before = writer->buffer.count;
    struct evm_call written = *call;

    written.id = (evm->ids_given + 1) * evm->calls_max + at;
    CHECK(written.id < UINT64_C(1) << 53); /* what JSON numbers carry */
    if (before > 1) {
        json_write(writer, ",");
    }
    evm_call_write(evm, &written, writer);
    if (writer->overrun) {
        writer->overrun = false;
        writer->buffer.count = before;
        return false;
    }
    evm->ids_given++;
    ask->phase = EVM_ASK_SENT;
    ask->id = written.id;
    ask->deadline = evm_begins(); /* the time of sending is known to the next tick alone */
    evm->chain.counters.calls_sent++;
    evm->chain.endpoints[endpoint].calls_sent++;
    evm_endpoint_asked(evm, endpoint);
    return true;
}

bool evm_calls_write(struct evm *evm, struct chain_request *ret_request)
{
    uint32_t first = 0;
    uint32_t endpoint = 0;

    if (evm->calls_used == 0 || !find_ready(evm, &first, &endpoint)) {
        return false;
    }
    /* One byte for the closing bracket is kept back. */
    struct json_writer writer = json_writer_from(evm->frame, evm->frame_bytes_max - 1);
    const uint32_t calls_max = evm->endpoints[endpoint].refuses_batches ? 1 : EVM_BATCH_CALLS_MAX;
    size_t reply_bytes = 0;
    uint32_t count = 0;
    json_write(&writer, "[");
    for (uint32_t i = 0; i < evm->calls_max && count < calls_max; i++) {
        const uint32_t at = (first + i) % evm->calls_max;
        if (!evm_call_is_ready(evm, &evm->calls[at], endpoint)) {
            continue;
        }
        reply_bytes += call_ops[evm->calls[at].kind].reply_bytes;
        if (count > 0 && reply_bytes > evm->frame_bytes_max / 2) {
            break;
        }
        if (!write_call(evm, at, endpoint, &writer)) {
            break;
        }
        count++;
        evm->calls_first = (at + 1) % evm->calls_max;
    }
    CHECK(count > 0); /* EVM_FRAME_BYTES_MIN fits every single call */
    writer.buffer.capacity++;
    json_write(&writer, "]");
    CHECK(!writer.overrun);
    const struct bytes frame = buffer_bytes(&writer.buffer);
    ret_request->kind = CHAIN_REQUEST_FRAME;
    ret_request->frame.endpoint_index = endpoint;
    ret_request->frame.bytes = count > 1 ? frame : bytes_from(frame.data + 1, frame.count - 2);
    return true;
}

/* A node that could not read a batch answers without an id: from now on it gets single questions.
 */
static void on_batch_refused(struct evm *evm, uint32_t index)
{
    struct evm_endpoint *const endpoint = &evm->endpoints[index];

    if (endpoint->refuses_batches) {
        evm_endpoint_malformed(evm, index, "an error that answers no question");
        return;
    }
    endpoint->refuses_batches = true;
    for (uint32_t i = 0; i < evm->calls_max; i++) {
        struct evm_call *const call = &evm->calls[i];
        if (call->kind != EVM_CALL_FREE && call->asks[index].phase == EVM_ASK_SENT) {
            evm_call_again(evm, call, index);
        }
    }
}

static void on_answer(struct evm *evm, uint32_t endpoint, const struct rpc_item *item)
{
    struct evm_call *const call = &evm->calls[item->id % evm->calls_max];
    const struct evm_answer answer = {
        .kind = item->kind == RPC_RESULT ? EVM_ANSWER_RESULT : EVM_ANSWER_ERROR,
        .result = item->result,
        .code = item->code,
        .message = item->message,
        .data = item->data,
    };

    if (call->kind == EVM_CALL_FREE || call->asks[endpoint].phase != EVM_ASK_SENT ||
        call->asks[endpoint].id != item->id) {
        return; /* late, repeated or invented */
    }
    evm_endpoint_spoke(evm, endpoint);
    evm_call_said(evm, call, endpoint, &answer);
}

void evm_calls_read(struct evm *evm, uint32_t endpoint, struct bytes frame)
{
    struct rpc_items items;
    struct rpc_item item;

    if (rpc_open(&evm->parser, frame, &items) != STATUS_OK) {
        evm->chain.counters.frames_malformed++;
        evm_endpoint_malformed(evm, endpoint, "a frame that is not JSON-RPC");
        return;
    }
    while (rpc_next(&items, &item)) {
        switch (item.kind) {
        case RPC_RESULT:
            on_answer(evm, endpoint, &item);
            break;
        case RPC_ERROR:
            if (item.has_id) {
                on_answer(evm, endpoint, &item);
            } else {
                on_batch_refused(evm, endpoint);
            }
            break;
        case RPC_NOTIFICATION:
            evm_endpoint_notify(evm, endpoint, &item);
            break;
        case RPC_UNKNOWN:
            evm->chain.counters.frames_malformed++;
            evm_endpoint_malformed(evm, endpoint, "an item that is not JSON-RPC");
            break;
        }
    }
}
