/* SPDX-License-Identifier: Apache-2.0 */
/* Inclusion of transactions, with as few questions as possible.
 *
 *   WAITING --a fact of a block names it------------------> SEEN -> ASKED -> ANSWER -> DONE
 *      |                                                     ^        |
 *      '-the key's nonce passed it (asked once per head)-----'        | no receipt
 *      ^                                                              |
 *      '--------------------------------------------------------------+
 *     with the nonce final, asked at two final blocks, and none: ABSENT
 *
 * Transactions of ours usually leave a fact (ProcessId, CollateralMoved), so blocks that are read
 * anyway say which are included. What leaves none (a revert, a cancel, an announcement) shows in
 * the key's nonce. Receipts of many transactions of one block are read in one question. */
#include <string.h>

#include "chains/evm/evm_internal.h"

enum {
    RECEIPTS_ONE_BY_ONE_MAX = 8, /* of one block; more are read with the block's */
    HEADS_BEFORE_NONCE = 2,      /* how long a fact is waited for before the nonce is asked */
    ABSENCES_WANTED = 2,         /* final blocks, each with the nonce used and no receipt */
};

static void set_phase(struct evm *evm, struct evm_follow *follow, enum evm_follow_phase phase)
{
    if (follow->phase != EVM_FOLLOW_FREE) {
        CHECK(evm->follows_in[follow->phase] > 0);
        evm->follows_in[follow->phase]--;
    }
    follow->phase = phase;
    if (phase != EVM_FOLLOW_FREE) {
        evm->follows_in[phase]++;
    }
}

static uint64_t head_number(const struct evm *evm)
{
    return evm->watch.head_is_known ? evm->watch.head.number : 0;
}

/* EVM_ANY_ENDPOINT: too many keys on one chain. */
static uint32_t key_index(struct evm *evm, const struct address *address)
{
    for (uint32_t i = 0; i < EVM_KEYS_MAX; i++) {
        if (evm->keys[i].used && address_equal(&evm->keys[i].address, address)) {
            return i;
        }
    }
    for (uint32_t i = 0; i < EVM_KEYS_MAX; i++) {
        if (!evm->keys[i].used) {
            evm->keys[i] = (struct evm_key){.used = true, .address = *address};
            return i;
        }
    }
    return EVM_ANY_ENDPOINT;
}

static struct evm_follow *find_slot(struct evm *evm, const struct hash *transaction)
{
    struct evm_follow *free_slot = NULL;
    struct evm_follow *done = NULL;

    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase == EVM_FOLLOW_FREE) {
            free_slot = free_slot == NULL ? follow : free_slot;
        } else if (hash_equal(&follow->transaction, transaction)) {
            return follow;
        } else if (follow->phase == EVM_FOLLOW_DONE) {
            done = follow;
        }
    }
    if (free_slot == NULL && evm->follows_end < evm->follows_max) {
        free_slot = &evm->follows[evm->follows_end];
    }
    return free_slot != NULL ? free_slot : done;
}

enum status evm_follow_start(struct evm *evm, const struct command *command)
{
    const struct hash *const transaction = &command->follow.transaction;
    struct evm_follow *const follow = find_slot(evm, transaction);
    const uint32_t key = key_index(evm, &command->follow.key);

    if (!address_is_evm(&command->follow.key) || key == EVM_ANY_ENDPOINT) {
        return STATUS_UNSUPPORTED;
    }
    if (follow == NULL) {
        return STATUS_FULL;
    }
    const bool is_repeat =
        follow->phase != EVM_FOLLOW_FREE && hash_equal(&follow->transaction, transaction);
    if (is_repeat && follow->phase != EVM_FOLLOW_DONE && follow->phase != EVM_FOLLOW_WAITING) {
        return STATUS_OK; /* its answer is on the way */
    }
    const bool is_held =
        evm_leg_find(evm, &command->follow.leg_id, transaction) != EVM_ANY_ENDPOINT;
    const uint32_t absences = is_repeat ? follow->absences : 0;
    if (follow == &evm->follows[evm->follows_end]) {
        evm->follows_end++;
    }
    set_phase(evm, follow, EVM_FOLLOW_FREE);
    memset(follow, 0, sizeof(*follow));
    follow->absences = absences;
    follow->leg_id = command->follow.leg_id;
    follow->transaction = *transaction;
    follow->key = key;
    follow->nonce = command->follow.nonce;
    follow->since_head = head_number(evm);
    /* A transaction that was just signed cannot be in a block yet; one that is asked about anew, or
     * comes from before a restart, can. */
    set_phase(evm, follow, is_held && !is_repeat ? EVM_FOLLOW_WAITING : EVM_FOLLOW_SEEN);
    return STATUS_OK;
}

void evm_follow_fact(struct evm *evm, const struct fact *fact)
{
    if (evm->follows_in[EVM_FOLLOW_WAITING] == 0) {
        return;
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase == EVM_FOLLOW_WAITING &&
            hash_equal(&follow->transaction, &fact->transaction)) {
            set_phase(evm, follow, EVM_FOLLOW_SEEN);
            follow->has_block = true;
            follow->block = fact->block_hash;
        }
    }
}

void evm_follow_final(struct evm *evm, uint64_t number)
{
    if (evm->follows_in[EVM_FOLLOW_DONE] == 0) {
        return;
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase == EVM_FOLLOW_DONE && follow->answer.receipt.block_number <= number) {
            evm_legs_settled(evm, &evm->keys[follow->key].address, follow->nonce);
            set_phase(evm, follow, EVM_FOLLOW_FREE);
        }
    }
}

/* Whether anything can have changed of what the next function looks at. */
static bool nonces_are_due(const struct evm *evm)
{
    return evm->follows_in[EVM_FOLLOW_WAITING] > 0 &&
           (evm->nonces_are_old || evm->nonces_seen_head != head_number(evm) ||
            evm->nonces_seen_final != evm->watch.final_number);
}

/* One question per head and key while some transaction has left no fact for a while. */
static void pump_nonces(struct evm *evm)
{
    const uint64_t head = head_number(evm);

    if (!nonces_are_due(evm)) {
        return;
    }
    evm->nonces_seen_head = head;
    evm->nonces_seen_final = evm->watch.final_number;
    evm->nonces_are_old = false;
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        const struct evm_follow *const follow = &evm->follows[i];
        struct evm_key *const key = &evm->keys[follow->key];
        if (follow->phase != EVM_FOLLOW_WAITING || head < follow->since_head + HEADS_BEFORE_NONCE) {
            continue;
        }
        if (!key->is_asked && key->asked_at_head != head + 1) {
            key->is_asked = evm_call_start(evm, EVM_CALL_NONCE, follow->key, 0, EVM_ANY_ENDPOINT);
            key->asked_at_head = key->is_asked ? head + 1 : key->asked_at_head;
            evm->nonces_are_old = evm->nonces_are_old || !key->is_asked;
        }
        const bool is_passed = follow->nonce < key->latest;
        if (is_passed && !key->final_is_asked && evm->watch.final_is_known &&
            key->final_asked_at != evm->watch.final_number + 1) {
            key->final_is_asked =
                evm_call_start(evm, EVM_CALL_NONCE_FINAL, follow->key, 0, EVM_ANY_ENDPOINT);
            key->final_asked_at =
                key->final_is_asked ? evm->watch.final_number + 1 : key->final_asked_at;
            evm->nonces_are_old = evm->nonces_are_old || !key->final_is_asked;
        }
    }
}

static bool is_wanted_in(const struct evm_follow *follow, const struct hash *block)
{
    return follow->phase == EVM_FOLLOW_SEEN && follow->has_block &&
           hash_equal(&follow->block, block);
}

/* True when one question was started for every wanted receipt of this block. */
static bool ask_block(struct evm *evm, uint32_t index)
{
    const struct hash block = evm->follows[index].block;
    uint32_t count = 0;

    if (!evm->follows[index].has_block || evm->no_block_receipts) {
        return false;
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        count += is_wanted_in(&evm->follows[i], &block) ? 1 : 0;
    }
    if (count <= RECEIPTS_ONE_BY_ONE_MAX ||
        !evm_call_start(evm, EVM_CALL_BLOCK_RECEIPTS, index, 0, EVM_ANY_ENDPOINT)) {
        return false;
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        if (is_wanted_in(&evm->follows[i], &block)) {
            set_phase(evm, &evm->follows[i], EVM_FOLLOW_ASKED);
        }
    }
    return true;
}

void evm_follow_pump(struct evm *evm)
{
    if (evm->primary == EVM_ANY_ENDPOINT) {
        return;
    }
    pump_nonces(evm);
    if (evm->follows_in[EVM_FOLLOW_SEEN] == 0) {
        return;
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase != EVM_FOLLOW_SEEN || ask_block(evm, i)) {
            continue;
        }
        if (!evm_call_start(evm, EVM_CALL_RECEIPT, i, 0, EVM_ANY_ENDPOINT)) {
            return;
        }
        set_phase(evm, follow, EVM_FOLLOW_ASKED);
    }
}

bool evm_follow_event(struct evm *evm, struct event *ret_event)
{
    if (evm->follows_in[EVM_FOLLOW_ANSWER] == 0) {
        return false;
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase != EVM_FOLLOW_ANSWER) {
            continue;
        }
        *ret_event = follow->answer;
        set_phase(evm, follow,
                  follow->answer.receipt.outcome == OUTCOME_OK ? EVM_FOLLOW_DONE : EVM_FOLLOW_FREE);
        return true;
    }
    return false;
}

void evm_nonce_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getTransactionCount");
    json_write_evm_address(writer, &evm->keys[call->subject].address);
    json_write(writer, ",\"latest\"");
    rpc_write_end(writer);
}

void evm_nonce_answer(struct evm *evm, const struct evm_call *call, const struct evm_answer *answer)
{
    struct evm_key *const key = &evm->keys[call->subject];

    key->is_asked = false;
    evm->nonces_are_old = true;
    if (answer->kind != EVM_ANSWER_RESULT ||
        json_quantity(answer->result, &key->latest) != STATUS_OK) {
        return; /* the next head asks again */
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase == EVM_FOLLOW_WAITING && follow->key == call->subject &&
            follow->nonce < key->latest && !follow->is_missing) {
            set_phase(evm, follow, EVM_FOLLOW_SEEN);
        }
    }
}

void evm_nonce_final_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getTransactionCount");
    json_write_evm_address(writer, &evm->keys[call->subject].address);
    json_write(writer, ",");
    json_write_quantity(writer, evm->watch.final_number);
    rpc_write_end(writer);
}

void evm_nonce_final_answer(struct evm *evm, const struct evm_call *call,
                            const struct evm_answer *answer)
{
    struct evm_key *const key = &evm->keys[call->subject];

    key->final_is_asked = false;
    evm->nonces_are_old = true;
    if (answer->kind != EVM_ANSWER_RESULT ||
        json_quantity(answer->result, &key->final) != STATUS_OK) {
        return; /* the next final block asks again */
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase == EVM_FOLLOW_WAITING && follow->key == call->subject &&
            follow->nonce < key->final) {
            follow->is_overtaken = true; /* a receipt that is missing from now on never comes */
            set_phase(evm, follow, EVM_FOLLOW_SEEN);
            follow->has_block = false;
        }
    }
}

void evm_receipt_write(struct evm *evm, const struct evm_call *call, struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getTransactionReceipt");
    json_write_data(writer, bytes_from(evm->follows[call->subject].transaction.bytes, 32));
    rpc_write_end(writer);
}

static void begin_answer(struct evm *evm, struct evm_follow *follow, enum outcome outcome)
{
    memset(&follow->answer, 0, sizeof(follow->answer));
    follow->answer.kind = EVENT_RECEIPT;
    follow->answer.domain = evm->chain.domain;
    follow->answer.receipt.leg_id = follow->leg_id;
    follow->answer.receipt.transaction = follow->transaction;
    follow->answer.receipt.outcome = outcome;
    set_phase(evm, follow, EVM_FOLLOW_ANSWER);
}

/* Receipts of OP-stack rollups say what the data cost, as l1Fee; others do not. */
static enum status read_data_fee(const struct json_token *json, struct amount *ret_fee)
{
    const struct json_token *fee = NULL;
    const enum status status = json_find(json, "l1Fee", &fee);

    if (status != STATUS_OK || json_is_null(fee)) {
        return status == STATUS_MALFORMED ? status : STATUS_OK;
    }
    return json_amount(fee, ret_fee);
}

/* STATUS_MALFORMED: not the receipt of this transaction. */
static enum status read_receipt(struct evm *evm, struct evm_follow *follow,
                                const struct json_token *json)
{
    struct hash transaction;
    struct hash block;
    uint64_t number = 0;
    uint64_t status = 0;
    uint64_t gas = 0;
    struct amount price = amount_zero();
    struct amount data_fee = amount_zero();

    if (json_hash(json_member(json, "transactionHash"), &transaction) != STATUS_OK ||
        !hash_equal(&transaction, &follow->transaction) ||
        json_hash(json_member(json, "blockHash"), &block) != STATUS_OK ||
        json_quantity(json_member(json, "blockNumber"), &number) != STATUS_OK ||
        json_quantity(json_member(json, "status"), &status) != STATUS_OK || status > 1 ||
        json_quantity(json_member(json, "gasUsed"), &gas) != STATUS_OK ||
        json_amount(json_member(json, "effectiveGasPrice"), &price) != STATUS_OK ||
        read_data_fee(json, &data_fee) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    begin_answer(evm, follow, OUTCOME_OK);
    follow->answer.receipt.succeeded = status == 1;
    follow->answer.receipt.block_number = number;
    follow->answer.receipt.block_hash = block;
    follow->answer.receipt.gas_used = gas;
    follow->answer.receipt.gas_price = price;
    follow->answer.receipt.data_fee = data_fee;
    return STATUS_OK;
}

/* Not now: it is waited for again, from this head on. */
static void wait_on(struct evm *evm, struct evm_follow *follow)
{
    set_phase(evm, follow, EVM_FOLLOW_WAITING);
    follow->has_block = false;
    follow->since_head = head_number(evm);
}

void evm_receipt_answer(struct evm *evm, const struct evm_call *call,
                        const struct evm_answer *answer)
{
    struct evm_follow *const follow = &evm->follows[call->subject];

    CHECK(follow->phase == EVM_FOLLOW_ASKED);
    if (answer->kind != EVM_ANSWER_RESULT) {
        wait_on(evm, follow);
        return;
    }
    if (!json_is_null(answer->result)) {
        if (read_receipt(evm, follow, answer->result) != STATUS_OK) {
            evm_endpoint_malformed(evm, call->endpoint, "a receipt that cannot be read");
            wait_on(evm, follow);
        }
        return;
    }
    follow->is_missing = true; /* another one may have its nonce: the final nonce will tell */
    if (follow->is_overtaken) {
        /* A node that forgot one receipt must not make a payment look as if it never was. */
        follow->is_overtaken = false;
        follow->absences++;
        if (follow->absences >= ABSENCES_WANTED) {
            evm_legs_settled(evm, &evm->keys[follow->key].address, follow->nonce);
            begin_answer(evm, follow, OUTCOME_ABSENT);
            return;
        }
    }
    wait_on(evm, follow);
}

void evm_block_receipts_write(struct evm *evm, const struct evm_call *call,
                              struct json_writer *writer)
{
    rpc_write_begin(writer, call->id, "eth_getBlockReceipts");
    json_write_data(writer, bytes_from(evm->follows[call->subject].block.bytes, 32));
    rpc_write_end(writer);
}

static struct evm_follow *find_asked(struct evm *evm, const struct json_token *receipt,
                                     const struct hash *block)
{
    struct hash transaction;

    if (json_hash(json_member(receipt, "transactionHash"), &transaction) != STATUS_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase == EVM_FOLLOW_ASKED && follow->has_block &&
            hash_equal(&follow->block, block) && hash_equal(&follow->transaction, &transaction)) {
            return follow;
        }
    }
    return NULL;
}

void evm_block_receipts_answer(struct evm *evm, const struct evm_call *call,
                               const struct evm_answer *answer)
{
    const struct hash block = evm->follows[call->subject].block;

    if (answer->kind == EVM_ANSWER_RESULT && answer->result->kind == JSON_ARRAY) {
        const struct json_token *receipt = json_first(answer->result);
        for (uint32_t i = 0; i < answer->result->count; i++, receipt = json_after(receipt)) {
            struct evm_follow *const follow = find_asked(evm, receipt, &block);
            if (follow != NULL && read_receipt(evm, follow, receipt) != STATUS_OK) {
                evm_endpoint_malformed(evm, call->endpoint, "a receipt that cannot be read");
            }
        }
    } else {
        evm->no_block_receipts = true; /* not offered here, or too large for a frame */
    }
    /* Whatever it did not answer is asked for by itself. */
    for (uint32_t i = 0; i < evm->follows_end; i++) {
        struct evm_follow *const follow = &evm->follows[i];
        if (follow->phase == EVM_FOLLOW_ASKED && follow->has_block &&
            hash_equal(&follow->block, &block)) {
            set_phase(evm, follow, EVM_FOLLOW_SEEN);
            follow->has_block = false;
        }
    }
}
