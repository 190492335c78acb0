/* SPDX-License-Identifier: Apache-2.0 */
/* Legs between COMMAND_SEND and the end of their transaction: unsigned bytes that wait for the
 * signer, then signed bytes that COMMAND_BROADCAST lets out.
 *
 *   SIGN_WANTED --request--> SIGNING --signature--> ANSWER --event--> HELD --final--> free
 *        ^                     |  '-refused, unknown-> ANSWER --event--> free
 *        '--no word in time----'
 *
 * Held bytes can be dropped at any time: the core sends again, and the same transaction is signed
 * with the same signature. So when room is short the oldest go. */
#include <string.h>

#include "chains/evm/evm_internal.h"

enum {
    SIGN_TRIES_MAX = 3,
    DEADLINES_PER_SIGN = 4,
};

static void set_phase(struct evm *evm, struct evm_leg *leg, enum evm_leg_phase phase)
{
    if (leg->phase != EVM_LEG_FREE) {
        CHECK(evm->legs_in[leg->phase] > 0);
        evm->legs_in[leg->phase]--;
    }
    leg->phase = phase;
    if (phase != EVM_LEG_FREE) {
        evm->legs_in[phase]++;
    }
}

static void answer(struct evm *evm, struct evm_leg *leg, enum outcome outcome, struct bytes reason)
{
    set_phase(evm, leg, EVM_LEG_ANSWER);
    leg->outcome = outcome;
    leg->reason_bytes =
        (uint32_t)(reason.count < REASON_BYTES_MAX ? reason.count : REASON_BYTES_MAX);
    if (leg->reason_bytes > 0) {
        memcpy(leg->reason, reason.data, leg->reason_bytes);
    }
}

static void free_leg(struct evm *evm, uint32_t index)
{
    struct evm_leg *const leg = &evm->legs[index];

    if (leg->phase == EVM_LEG_FREE) {
        return;
    }
    evm_jobs_leg_gone(evm, index);
    set_phase(evm, leg, EVM_LEG_FREE);
}

/* The one to give up first: what an endpoint was given already, then the oldest. */
static bool goes_before(const struct evm_leg *leg, const struct evm_leg *other)
{
    return leg->is_given != other->is_given ? leg->is_given : leg->sequence < other->sequence;
}

/* The leg's own slot, a free one, or one that is held; EVM_ANY_ENDPOINT: all are busy. */
static uint32_t choose_slot(const struct evm *evm, const struct hash *leg_id)
{
    uint32_t free_slot = EVM_ANY_ENDPOINT;
    uint32_t oldest = EVM_ANY_ENDPOINT;

    for (uint32_t i = 0; i < evm->legs_max; i++) {
        const struct evm_leg *const leg = &evm->legs[i];
        if (leg->phase == EVM_LEG_FREE) {
            free_slot = free_slot == EVM_ANY_ENDPOINT ? i : free_slot;
        } else if (hash_equal(&leg->leg_id, leg_id)) {
            return i;
        } else if (leg->phase == EVM_LEG_HELD &&
                   (oldest == EVM_ANY_ENDPOINT || goes_before(leg, &evm->legs[oldest]))) {
            oldest = i;
        }
    }
    return free_slot != EVM_ANY_ENDPOINT ? free_slot : oldest;
}

static void fill_leg(struct evm *evm, struct evm_leg *slot, const struct leg *leg,
                     const struct intent *intent)
{
    uint8_t *const bytes = slot->bytes;

    memset(slot, 0, sizeof(*slot));
    slot->bytes = bytes;
    slot->leg_id = leg->id;
    slot->kind = leg->kind;
    slot->attempt = intent->attempt;
    slot->key = leg->key;
    slot->nonce = intent->nonce;
    slot->sequence = ++evm->legs_sequence;
    set_phase(evm, slot, EVM_LEG_SIGN_WANTED);
}

/* True when the slot already has exactly this transaction, and nothing need be done but answer. */
static bool is_repeat(struct evm *evm, struct evm_leg *slot, const struct leg *leg,
                      const struct intent *intent, const struct hash *digest)
{
    if (slot->phase == EVM_LEG_FREE || !hash_equal(&slot->leg_id, &leg->id) ||
        slot->attempt != intent->attempt || !hash_equal(&slot->digest, digest)) {
        return false;
    }
    if (slot->phase == EVM_LEG_HELD) {
        answer(evm, slot, OUTCOME_OK, bytes_from(NULL, 0));
    }
    return true;
}

/* What is to be signed is what the core decided on. A cancel was never prepared: it pays nothing
 * and calls nothing, which its kind says. */
static bool is_agreed(const struct leg *leg, const struct intent *intent,
                      const struct hash *payload)
{
    const bool is_payload = leg->kind == LEG_CANCEL ? amount_is_zero(&intent->value)
                                                    : hash_equal(payload, &intent->payload_digest);

    return is_payload && address_equal(&leg->key, &intent->key);
}

enum status evm_leg_send(struct evm *evm, const struct leg *leg, const struct intent *intent)
{
    struct evm_transaction transaction = {
        .is_legacy = intent->is_legacy,
        .chain_id = evm->self->chain_id,
        .nonce = intent->nonce,
        .priority_fee = intent->priority_fee_per_gas,
        .fee_max = intent->fee_per_gas_max,
        .gas_limit = intent->gas_limit,
        .value = intent->value,
    };
    const uint32_t index = choose_slot(evm, &leg->id);

    if (index == EVM_ANY_ENDPOINT) {
        return STATUS_FULL;
    }
    struct evm_leg *const slot = &evm->legs[index];
    const enum status encoded = evm_leg_encode(evm, leg, evm->scratch, EVM_CALLDATA_MAX,
                                               &transaction.to, &transaction.data);
    const struct hash payload =
        encoded == STATUS_OK ? evm_payload_digest(&transaction) : (struct hash){{0}};
    if (encoded != STATUS_OK || !is_agreed(leg, intent, &payload)) {
        free_leg(evm, index);
        fill_leg(evm, slot, leg, intent);
        answer(evm, slot, OUTCOME_REFUSED,
               bytes_from_string("the leg is not the payload that was prepared"));
        return STATUS_OK;
    }
    /* Encoded beside the calldata, to compare before anything is replaced. */
    struct buffer unsigned_bytes = buffer_from(evm->scratch + EVM_CALLDATA_MAX, EVM_LEG_BYTES_MAX);
    const enum status written = evm_transaction_encode(&transaction, &unsigned_bytes);
    CHECK(written == STATUS_OK); /* EVM_LEG_BYTES_MAX has room for the largest calldata */
    const struct hash digest = evm_transaction_digest(buffer_bytes(&unsigned_bytes));
    if (is_repeat(evm, slot, leg, intent, &digest)) {
        return STATUS_OK;
    }
    free_leg(evm, index);
    fill_leg(evm, slot, leg, intent);
    slot->digest = digest;
    memcpy(slot->bytes, unsigned_bytes.data, unsigned_bytes.count);
    slot->bytes_count = (uint32_t)unsigned_bytes.count;
    return STATUS_OK;
}

bool evm_leg_request(struct evm *evm, struct chain_request *ret_request)
{
    if (evm->legs_in[EVM_LEG_SIGN_WANTED] == 0) {
        return false;
    }
    for (uint32_t i = 0; i < evm->legs_max; i++) {
        struct evm_leg *const leg = &evm->legs[i];
        if (leg->phase != EVM_LEG_SIGN_WANTED) {
            continue;
        }
        set_phase(evm, leg, EVM_LEG_SIGNING);
        leg->deadline = evm_begins();
        ret_request->kind = CHAIN_REQUEST_SIGN;
        ret_request->sign.leg_id = leg->leg_id;
        ret_request->sign.leg_kind = leg->kind;
        ret_request->sign.attempt = leg->attempt;
        ret_request->sign.key = leg->key;
        ret_request->sign.nonce = leg->nonce;
        ret_request->sign.transaction = bytes_from(leg->bytes, leg->bytes_count);
        return true;
    }
    return false;
}

/* Puts the signed form in place of the unsigned one. */
static void accept_signature(struct evm *evm, struct evm_leg *leg,
                             const struct signature *signature)
{
    struct evm_transaction transaction;
    struct address signer;
    struct buffer signed_bytes = buffer_from(evm->scratch, EVM_LEG_BYTES_MAX);

    if (signature_recover(&leg->digest, signature, &signer) != STATUS_OK ||
        !address_equal(&signer, &leg->key)) {
        answer(evm, leg, OUTCOME_UNKNOWN,
               bytes_from_string("the signature is not one of the key over this transaction"));
        return;
    }
    enum status status =
        evm_transaction_decode(bytes_from(leg->bytes, leg->bytes_count), &transaction);
    CHECK(status == STATUS_OK); /* our own bytes */
    status = evm_transaction_encode_signed(&transaction, signature, &signed_bytes);
    CHECK(status == STATUS_OK); /* recovery checked the signature, the size the room */
    memcpy(leg->bytes, signed_bytes.data, signed_bytes.count);
    leg->bytes_count = (uint32_t)signed_bytes.count;
    leg->transaction = evm_transaction_hash(bytes_from(leg->bytes, leg->bytes_count));
    answer(evm, leg, OUTCOME_OK, bytes_from(NULL, 0));
}

void evm_leg_signed(struct evm *evm, const struct chain_reply *reply)
{
    for (uint32_t i = 0; i < evm->legs_max; i++) {
        struct evm_leg *const leg = &evm->legs[i];
        const bool waits = leg->phase == EVM_LEG_SIGNING || leg->phase == EVM_LEG_SIGN_WANTED;
        if (!waits || leg->attempt != reply->signed_.attempt ||
            !hash_equal(&leg->leg_id, &reply->signed_.leg_id)) {
            continue;
        }
        if (reply->signed_.outcome == OUTCOME_OK) {
            accept_signature(evm, leg, &reply->signed_.signature);
        } else {
            answer(evm, leg, reply->signed_.outcome, reply->signed_.reason);
        }
        return;
    }
}

bool evm_leg_event(struct evm *evm, struct event *ret_event)
{
    if (evm->legs_in[EVM_LEG_ANSWER] == 0) {
        return false;
    }
    for (uint32_t i = 0; i < evm->legs_max; i++) {
        struct evm_leg *const leg = &evm->legs[i];
        if (leg->phase != EVM_LEG_ANSWER) {
            continue;
        }
        ret_event->kind = EVENT_SIGNED;
        ret_event->domain = evm->chain.domain;
        ret_event->signed_.leg_id = leg->leg_id;
        ret_event->signed_.attempt = leg->attempt;
        ret_event->signed_.outcome = leg->outcome;
        ret_event->signed_.key = leg->key;
        ret_event->signed_.nonce = leg->nonce;
        ret_event->signed_.reason = bytes_from(leg->reason, leg->reason_bytes);
        set_phase(evm, leg, EVM_LEG_FREE);
        if (leg->outcome == OUTCOME_OK) {
            ret_event->signed_.transaction = leg->transaction;
            set_phase(evm, leg, EVM_LEG_HELD);
        }
        return true;
    }
    return false;
}

void evm_legs_tick(struct evm *evm)
{
    const struct duration wait = {.ns = DEADLINES_PER_SIGN * evm->request_deadline.ns};

    for (uint32_t i = 0; i < evm->legs_max && evm->legs_in[EVM_LEG_SIGNING] > 0; i++) {
        struct evm_leg *const leg = &evm->legs[i];
        if (leg->phase != EVM_LEG_SIGNING || !evm_deadline_passed(evm, &leg->deadline, wait)) {
            continue;
        }
        leg->tries++;
        set_phase(evm, leg, EVM_LEG_SIGN_WANTED);
        if (leg->tries >= SIGN_TRIES_MAX) {
            answer(evm, leg, OUTCOME_UNKNOWN,
                   bytes_from_string("no answer from the signer in time"));
        }
    }
}

struct instant evm_legs_next_tick(const struct evm *evm)
{
    struct instant next = {.ns = UINT64_MAX};

    for (uint32_t i = 0; i < evm->legs_max && evm->legs_in[EVM_LEG_SIGNING] > 0; i++) {
        if (evm->legs[i].phase == EVM_LEG_SIGNING) {
            evm_deadline(evm, evm->legs[i].deadline, &next);
        }
    }
    return next;
}

uint32_t evm_leg_find(const struct evm *evm, const struct hash *leg_id,
                      const struct hash *transaction)
{
    for (uint32_t i = 0; i < evm->legs_max; i++) {
        const struct evm_leg *const leg = &evm->legs[i];
        if (leg->phase == EVM_LEG_HELD && hash_equal(&leg->leg_id, leg_id) &&
            hash_equal(&leg->transaction, transaction)) {
            return i;
        }
    }
    return EVM_ANY_ENDPOINT;
}

void evm_legs_settled(struct evm *evm, const struct address *key, uint64_t nonce)
{
    for (uint32_t i = 0; i < evm->legs_max && evm->legs_in[EVM_LEG_HELD] > 0; i++) {
        const struct evm_leg *const leg = &evm->legs[i];
        if (leg->phase == EVM_LEG_HELD && leg->nonce <= nonce && address_equal(&leg->key, key)) {
            free_leg(evm, i);
        }
    }
}
