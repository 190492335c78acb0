/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message_proof.c: answers about security, stores and signatures.
 *
 * Every answer is hostile until it is checked here. A validator that answers nonsense costs only
 * its own signature. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message_internal.h"
#include "relay/core/tables.h"
#include "relay/hyperlane/checkpoint.h"
#include "relay/hyperlane/metadata.h"

/* ---- rows ---- */

bool security_get(struct step *step, const struct message *message,
                  struct security_row *ret_security)
{
    uint8_t key[SECURITY_KEY_BYTES];
    struct bytes value;

    memset(ret_security, 0, sizeof(*ret_security));
    if (!step_get(step, security_key(key, &message->row), &value)) {
        return false;
    }
    if (security_row_unpack(value, ret_security) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

void security_put(struct step *step, const struct message *message,
                  const struct security_row *security)
{
    uint8_t key[SECURITY_KEY_BYTES];
    uint8_t memory[SECURITY_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    security_row_pack(security, &packer);
    step_put(step, security_key(key, &message->row), packer_finish(&packer));
}

bool storage_get(struct step *step, uint32_t origin, const struct address *validator,
                 struct storage_row *ret_storage)
{
    uint8_t key[STORAGE_KEY_BYTES];
    struct bytes value;

    memset(ret_storage, 0, sizeof(*ret_storage));
    if (!step_get(step, storage_key(key, origin, validator), &value)) {
        return false;
    }
    if (storage_row_unpack(value, ret_storage) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void storage_put(struct step *step, uint32_t origin, const struct address *validator,
                        const struct storage_row *storage)
{
    uint8_t key[STORAGE_KEY_BYTES];
    uint8_t memory[STORAGE_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    storage_row_pack(storage, &packer);
    step_put(step, storage_key(key, origin, validator), packer_finish(&packer));
}

bool proof_get(struct step *step, const struct hash *id, const struct address *validator,
               struct proof_row *ret_proof)
{
    uint8_t key[PROOF_KEY_BYTES];
    struct bytes value;

    memset(ret_proof, 0, sizeof(*ret_proof));
    if (!step_get(step, proof_key(key, id, validator), &value)) {
        return false;
    }
    if (proof_row_unpack(value, ret_proof) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

void proof_put(struct step *step, const struct hash *id, const struct address *validator,
               const struct proof_row *proof)
{
    uint8_t key[PROOF_KEY_BYTES];
    uint8_t memory[PROOF_ROW_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    proof_row_pack(proof, &packer);
    step_put(step, proof_key(key, id, validator), packer_finish(&packer));
}

bool message_is_asked(const struct step *step, struct instant asked_at)
{
    return asked_at.ns != 0 && asked_at.ns >= step->started.ns &&
           !instant_is_past(instant_after(asked_at, MESSAGE_ANSWER_WAIT), step->now);
}

static enum answer answer_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_OK:
        return ANSWER_OK;
    case OUTCOME_ABSENT:
        return ANSWER_ABSENT;
    case OUTCOME_REFUSED:
        return ANSWER_REFUSED;
    case OUTCOME_UNKNOWN:
        return ANSWER_UNKNOWN;
    }
    return ANSWER_UNKNOWN;
}

/* ---- security ---- */

void message_on_security(struct step *step, const struct event *event)
{
    struct security_row security;
    struct message message;

    if (!message_get(step, &event->security.message_id, &message) ||
        message.row.destination != event->domain ||
        event->security.validators_count > VALIDATORS_MAX) {
        return;
    }
    (void)security_get(step, &message, &security);
    const enum answer answer = answer_of(event->security.outcome);
    if (answer == ANSWER_UNKNOWN) {
        return; /* asked again when the answer is overdue */
    }
    security.answered_at = step->now;
    security.answer = answer == ANSWER_ABSENT ? ANSWER_REFUSED : answer;
    security.module_type = event->security.module_type;
    security.threshold = event->security.threshold;
    security.validators_count = answer == ANSWER_OK ? event->security.validators_count : 0;
    for (uint32_t i = 0; i < security.validators_count; i++) {
        security.validators[i] = event->security.validators[i];
    }
    security_put(step, &message, &security);
    message.row.wait = MESSAGE_WAIT_SECURITY;
    message_wake(step, &message);
}

/* ---- storage ---- */

enum storage_use storage_use(struct step *step, uint32_t origin, const struct address *validator)
{
    struct storage_row storage;

    (void)storage_get(step, origin, validator, &storage);
    const bool is_known = storage.answer == ANSWER_OK && storage.locations_count > 0;
    const struct duration holds = is_known ? MESSAGE_CACHE_WAIT : MESSAGE_ABSENT_WAIT;
    const bool is_fresh = storage.answered_at.ns != 0 &&
                          !instant_is_past(instant_after(storage.answered_at, holds), step->now);
    if (!is_fresh && !message_is_asked(step, storage.asked_at)) {
        step_command(step, COMMAND_READ_STORAGE, origin)->read_storage.validator = *validator;
        for (uint32_t i = 0; i < storage.locations_count; i++) {
            storage.locations[i] = step_keep(step, storage.locations[i]);
        }
        storage.asked_at = step->now;
        storage_put(step, origin, validator, &storage);
    }
    if (is_known) {
        return STORAGE_READY; /* old words are better than none while they are asked again */
    }
    return is_fresh ? STORAGE_NONE : STORAGE_ASKED;
}

void message_on_storage(struct step *step, const struct event *event)
{
    const struct address *validator = &event->storage.validator;
    const enum answer answer = answer_of(event->storage.outcome);
    struct storage_row storage;
    struct message like;

    if (answer == ANSWER_UNKNOWN || event->storage.locations_count > LOCATIONS_MAX ||
        !storage_get(step, event->domain, validator, &storage)) {
        return; /* asked again when overdue, or never asked for */
    }
    storage.answered_at = step->now;
    storage.answer = answer;
    storage.locations_count = 0;
    for (uint32_t i = 0; answer == ANSWER_OK && i < event->storage.locations_count; i++) {
        const struct bytes location = event->storage.locations[i];
        if (location.count > 0 && location.count <= LOCATION_BYTES_MAX) {
            storage.locations[storage.locations_count++] = location;
        }
    }
    storage_put(step, event->domain, validator, &storage);
    memset(&like, 0, sizeof(like));
    like.row.origin = event->domain;
    like.row.wait = MESSAGE_WAIT_STORAGE;
    like.row.wait_validator = *validator;
    message_wake(step, &like);
}

/* ---- signatures ---- */

/* Whether the answer is this validator's signature over this message at this leaf. */
static bool is_valid(const struct core_chain *origin, const struct event *event,
                     const struct hash *message_id)
{
    struct address signer;

    return event->checkpoint.outcome == OUTCOME_OK &&
           event->checkpoint.checkpoint.index == event->checkpoint.index &&
           hash_equal(&event->checkpoint.checkpoint.message_id, message_id) &&
           checkpoint_recover(origin->domain, &origin->tree_hook, &event->checkpoint.checkpoint,
                              &event->checkpoint.signature, &signer) == STATUS_OK &&
           address_equal(&signer, &event->checkpoint.validator);
}

void message_on_checkpoint(struct step *step, const struct event *event)
{
    const struct core_chain *origin = step_chain(step, event->domain);
    const struct address *validator = &event->checkpoint.validator;
    struct proof_row proof;
    struct message message;
    struct hash id;

    if (origin == NULL || !tree_leaf_id(step, event->domain, event->checkpoint.index, &id) ||
        !message_get(step, &id, &message) || !proof_get(step, &id, validator, &proof) ||
        proof.state == PROOF_VALID) {
        return;
    }
    if (event->checkpoint.outcome == OUTCOME_UNKNOWN) {
        return; /* asked again when overdue */
    }
    if (!is_valid(origin, event, &id)) {
        proof.state = PROOF_ABSENT;
        proof_put(step, &id, validator, &proof);
        return;
    }
    proof.state = PROOF_VALID;
    proof.root = event->checkpoint.checkpoint.root;
    proof.signature = event->checkpoint.signature;
    proof_put(step, &id, validator, &proof);
    struct security_row security;
    uint8_t memory[METADATA_BYTES_MAX];
    struct buffer metadata = buffer_from(memory, sizeof(memory));
    if (message.row.state == MESSAGE_CHECKPOINTS && security_get(step, &message, &security) &&
        message_prove(step, &message, &security, &metadata)) {
        message_advance(step, &message);
    }
}

bool message_prove(struct step *step, const struct message *message,
                   const struct security_row *security, struct buffer *metadata)
{
    const struct core_chain *origin = step_chain(step, message->row.origin);
    struct proof_row proofs[VALIDATORS_MAX];
    struct signature signatures[VALIDATORS_MAX];
    uint32_t index = 0;

    if (origin == NULL || security->threshold == 0 ||
        !tree_leaf_index(step, message->row.origin, &message->id, &index)) {
        return false;
    }
    uint32_t valid_count = 0;
    for (uint32_t i = 0; i < security->validators_count; i++) {
        if (proof_get(step, &message->id, &security->validators[i], &proofs[valid_count]) &&
            proofs[valid_count].state == PROOF_VALID) {
            valid_count++; /* in the order of the set, as the ISM wants them */
        }
    }
    /* A validator that signs another root must not spoil the others: any root will do that enough
     * of them signed. */
    for (uint32_t first = 0; first + security->threshold <= valid_count; first++) {
        uint32_t count = 0;
        for (uint32_t i = first; i < valid_count && count < security->threshold; i++) {
            if (hash_equal(&proofs[i].root, &proofs[first].root)) {
                signatures[count++] = proofs[i].signature;
            }
        }
        if (count == security->threshold) {
            const struct metadata_message_id parts = {.tree_hook = origin->tree_hook,
                                                      .root = proofs[first].root,
                                                      .index = index,
                                                      .signatures = signatures,
                                                      .signatures_count = count};
            return metadata_write_message_id(&parts, metadata) == STATUS_OK;
        }
    }
    return false;
}
