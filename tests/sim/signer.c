/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's process. It outlives our node, really signs, and remembers every nonce: one payload,
 * its replacements, and a cancel. Asked for more, it says what the node did wrong. */
#include <stdlib.h>
#include <string.h>

#include "chains/evm/tx.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "tests/sim/plain_wire.h"
#include "tests/sim/signatures.h"
#include "tests/sim/sim_internal.h"

/* What a transaction asks to be signed, whatever the family. */
struct reading {
    struct hash digest;
    struct hash payload;
    uint64_t nonce;
    bool is_cancel;
};

static uint8_t payload_memory[1 << 17];

static bool read_plain(struct bytes transaction, struct reading *ret_reading)
{
    struct unpacker unpacker = unpacker_from(transaction);
    const struct plain_transaction plain = plain_unpack_transaction(&unpacker);

    if (!unpacker_is_done(&unpacker)) {
        return false;
    }
    ret_reading->digest = keccak256(transaction);
    ret_reading->payload =
        plain_payload_digest(&plain.leg, &plain.value, payload_memory, sizeof(payload_memory));
    ret_reading->nonce = plain.nonce;
    ret_reading->is_cancel = plain.leg.kind == LEG_CANCEL;
    return true;
}

static bool read_evm(const struct world_chain *chain, struct bytes transaction,
                     struct reading *ret_reading)
{
    struct evm_transaction evm;

    if (evm_transaction_decode(transaction, &evm) != STATUS_OK || evm.chain_id != chain->chain_id) {
        return false;
    }
    ret_reading->digest = evm_transaction_digest(transaction);
    ret_reading->payload = evm_payload_digest(&evm);
    ret_reading->nonce = evm.nonce;
    ret_reading->is_cancel =
        address_equal(&evm.to, &chain->key) && evm.data.count == 0 && amount_is_zero(&evm.value);
    return true;
}

static struct sim_nonce *nonce_of(struct sim *sim, uint32_t chain, uint64_t nonce)
{
    for (uint32_t i = sim->nonces_count; i-- > 0;) {
        if (sim->nonces[i].chain == chain && sim->nonces[i].nonce == nonce) {
            return &sim->nonces[i];
        }
    }
    if (sim->nonces_count == sim->nonces_capacity) {
        sim->nonces_capacity = sim->nonces_capacity == 0 ? 256 : 2 * sim->nonces_capacity;
        sim->nonces = realloc(sim->nonces, sim->nonces_capacity * sizeof(sim->nonces[0]));
        CHECK(sim->nonces != NULL);
    }
    struct sim_nonce *const added = &sim->nonces[sim->nonces_count++];
    memset(added, 0, sizeof(*added));
    added->chain = chain;
    added->nonce = nonce;
    return added;
}

static void remember(struct sim *sim, uint32_t chain, const struct reading *reading)
{
    struct sim_nonce *const nonce = nonce_of(sim, chain, reading->nonce);

    if (reading->is_cancel) {
        nonce->is_cancelled = true;
        return;
    }
    if (nonce->used && !hash_equal(&nonce->payload, &reading->payload)) {
        sim_fail(sim, "chain %u, nonce %llu: two payloads to sign", chain,
                 (unsigned long long)reading->nonce);
    }
    nonce->used = true;
    nonce->payload = reading->payload;
}

static bool refuses(struct sim *sim)
{
    if (sim_fault(sim, sim->faults.signer_refuses)) {
        sim->signer_refuses_until_ns =
            sim->clock.now_ns + DURATION_MS(prng_between(&sim->prng, 1, 8000)).ns;
    }
    return sim->clock.now_ns < sim->signer_refuses_until_ns;
}

static void sign_transaction(struct sim *sim, const struct driver_sign *request,
                             struct sim_answer *answer)
{
    const struct world_chain *const chain = &sim->world.chains[request->chain_index];
    const bool is_evm = bytes_equal(request->transaction.family, bytes_from_string("evm"));
    struct reading reading;

    answer->is_signature = true;
    answer->chain = request->chain_index;
    answer->leg_id = request->transaction.leg_id;
    answer->attempt = request->transaction.attempt;
    answer->outcome = OUTCOME_OK;
    if (!(is_evm ? read_evm(chain, request->transaction.transaction, &reading)
                 : read_plain(request->transaction.transaction, &reading)) ||
        reading.nonce != request->transaction.nonce || !address_equal(&request->key, &chain->key)) {
        sim_fail(sim, "chain %u: a transaction that cannot be read is to be signed",
                 request->chain_index);
        answer->outcome = OUTCOME_REFUSED;
        return;
    }
    if (refuses(sim)) {
        answer->outcome = OUTCOME_REFUSED;
        return;
    }
    remember(sim, request->chain_index, &reading);
    answer->signature = signatures_make((uint8_t)(0x51 + request->chain_index), &reading.digest);
}

/* Once per index, and what it signs must be the chain's own final tree. */
static void remember_checkpoint(struct sim *sim, uint32_t index,
                                const struct checkpoint *checkpoint)
{
    const struct world_chain *const chain = &sim->world.chains[index];
    const uint32_t leaf = checkpoint->index;

    if (leaf >= sim->signed_capacity[index]) {
        const uint32_t before = sim->signed_capacity[index];
        const uint32_t after = (leaf + 1) * 2;
        sim->signed_[index] = realloc(sim->signed_[index], after * sizeof(struct checkpoint));
        sim->is_signed[index] = realloc(sim->is_signed[index], after * sizeof(bool));
        sim->is_published[index] = realloc(sim->is_published[index], after * sizeof(bool));
        CHECK(sim->signed_[index] != NULL);
        CHECK(sim->is_signed[index] != NULL);
        CHECK(sim->is_published[index] != NULL);
        memset(sim->is_signed[index] + before, 0, (after - before) * sizeof(bool));
        memset(sim->is_published[index] + before, 0, (after - before) * sizeof(bool));
        sim->signed_capacity[index] = after;
    }
    if (sim->is_signed[index][leaf] &&
        (!hash_equal(&sim->signed_[index][leaf].root, &checkpoint->root) ||
         !hash_equal(&sim->signed_[index][leaf].message_id, &checkpoint->message_id))) {
        sim_fail(sim, "chain %u, leaf %u: two checkpoints to sign", index, leaf);
    }
    if (leaf >= chain->tree.count || !hash_equal(&chain->leaf_roots[leaf], &checkpoint->root) ||
        chain->world->messages[chain->leaf_messages[leaf]].dispatched_block > world_final(chain)) {
        sim_fail(sim, "chain %u, leaf %u: the checkpoint is not the final tree's", index, leaf);
    }
    sim->is_signed[index][leaf] = true;
    sim->signed_[index][leaf] = *checkpoint;
}

static void sign_checkpoint(struct sim *sim, const struct driver_sign *request,
                            struct sim_answer *answer)
{
    struct event *const event = &answer->event;

    event->kind = EVENT_CHECKPOINT_SIGNED;
    event->domain = request->domain;
    event->checkpoint_signed.checkpoint = request->checkpoint.checkpoint;
    event->checkpoint_signed.outcome = OUTCOME_OK;
    if (refuses(sim)) {
        event->checkpoint_signed.outcome = OUTCOME_UNKNOWN;
        return;
    }
    remember_checkpoint(sim, request->chain_index, &request->checkpoint.checkpoint);
    const struct hash digest = checkpoint_digest(request->domain, &request->checkpoint.tree_hook,
                                                 &request->checkpoint.checkpoint);
    event->checkpoint_signed.signature = signatures_make(sim->world.validator_keys[0], &digest);
}

static void sign_announcement(struct sim *sim, const struct driver_sign *request,
                              struct sim_answer *answer)
{
    struct event *const event = &answer->event;

    event->kind = EVENT_ANNOUNCEMENT_SIGNED;
    event->domain = request->domain;
    event->announcement_signed.validator = request->key;
    event->announcement_signed.outcome = OUTCOME_OK;
    const struct hash digest = announcement_digest(request->domain, &request->announcement.mailbox,
                                                   request->announcement.location);
    event->announcement_signed.signature = signatures_make(sim->world.validator_keys[0], &digest);
}

enum status signer_ask(struct sim *sim, const struct driver_sign *request)
{
    struct sim_answer *const answer = answer_start(sim);

    checks_sign(sim, request);
    if (answer == NULL) {
        return STATUS_FULL;
    }
    switch (request->kind) {
    case DRIVER_SIGN_TRANSACTION:
        sign_transaction(sim, request, answer);
        break;
    case DRIVER_SIGN_CHECKPOINT:
        sign_checkpoint(sim, request, answer);
        break;
    case DRIVER_SIGN_ANNOUNCEMENT:
        sign_announcement(sim, request, answer);
        break;
    case DRIVER_SIGN_LOOKUP:
        sim_fail(sim, "chain %u: a signature that no server wants", request->domain);
        break;
    }
    answer_send(sim, answer, TASK_SIGNED);
    return STATUS_OK;
}
