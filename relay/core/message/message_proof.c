/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_proof.c: answers about security, stores and signatures.
 *
 * Every answer is hostile until it is checked here. A validator that answers nonsense costs only
 * its own signature. */
#include <stddef.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"
#include "relay/hyperlane/checkpoint.h"

enum { NEWEST_APART = 32 }; /* leaves between two looks at who signs beyond the threshold */

/* ---- rows ---- */

bool security_get(struct step *step, const struct message *message,
                  struct security_row *ret_security)
{
    uint8_t key[SECURITY_KEY_BYTES];
    struct bytes value;

    memset(ret_security, 0, offsetof(struct security_row, nodes));
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
               enum proof_slot slot, struct proof_row *ret_proof)
{
    uint8_t key[PROOF_KEY_BYTES];
    struct bytes value;

    memset(ret_proof, 0, sizeof(*ret_proof));
    if (!step_get(step, proof_key(key, id, validator, slot), &value)) {
        return false;
    }
    if (proof_row_unpack(value, ret_proof) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

void proof_put(struct step *step, const struct hash *id, const struct address *validator,
               enum proof_slot slot, const struct proof_row *proof)
{
    uint8_t key[PROOF_KEY_BYTES];
    uint8_t memory[PROOF_ROW_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    proof_row_pack(proof, &packer);
    step_put(step, proof_key(key, id, validator, slot), packer_finish(&packer));
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

/* Copies a tree of modules that passed the checks. */
static void keep_ism(struct security_row *security, const struct ism *ism)
{
    security->nodes_count = ism->nodes_count;
    security->validators_count = ism->validators_count;
    for (uint32_t i = 0; i < ism->nodes_count; i++) {
        security->nodes[i] = ism->nodes[i];
    }
    for (uint32_t i = 0; i < ism->validators_count; i++) {
        security->validators[i] = ism->validators[i];
    }
}

/* Why nobody can be told to prove to these modules; nothing when they were read. */
static void keep_words(struct security_row *security, enum answer answer, const struct event *event)
{
    struct text text = text_from("");

    if (answer == ANSWER_REFUSED && event->security.outcome == OUTCOME_OK) {
        text_add(&text, "the tree of modules is beyond every bound, or none");
    } else if (answer == ANSWER_REFUSED) {
        text_add_bytes(&text, event->security.reason);
    }
    memset(security->words, 0, sizeof(security->words));
    security->words_count =
        (uint32_t)(text.count < sizeof(security->words) ? text.count : sizeof(security->words));
    memcpy(security->words, text.text, security->words_count);
}

void message_on_security(struct step *step, const struct event *event)
{
    struct security_row security;
    struct message message;

    if (!message_get(step, &event->security.message_id, &message) ||
        message.row.destination != event->domain) {
        return;
    }
    (void)security_get(step, &message, &security);
    enum answer answer = answer_of(event->security.outcome);
    if (answer == ANSWER_UNKNOWN) {
        return; /* asked again when the answer is overdue */
    }
    if (answer == ANSWER_ABSENT ||
        (answer == ANSWER_OK && ism_check(&event->security.ism) != STATUS_OK)) {
        answer = ANSWER_REFUSED;
    }
    security.asked_at = (struct instant){.ns = 0};
    security.answered_at = step->now;
    security.answer = answer;
    memset(&security.only_message, 0, sizeof(security.only_message));
    if (event->security.by_content) {
        security.only_message = message.id;
    }
    security.nodes_count = 0;
    security.validators_count = 0;
    if (answer == ANSWER_OK) {
        keep_ism(&security, &event->security.ism);
    }
    keep_words(&security, answer, event);
    security_put(step, &message, &security);
    message.row.wait = MESSAGE_WAIT_SECURITY;
    message_wake(step, &message);
}

/* ---- storage ---- */

struct duration message_answers_hold(const struct message *message)
{
    const bool is_in_trouble =
        message->row.rounds_count > MESSAGE_ROUNDS_MAX || message->row.attempts_count > 0;

    return is_in_trouble ? MESSAGE_STALE_WAIT : MESSAGE_CACHE_WAIT;
}

/* Before other rows are looked up: they are borrowed from this one. */
static void keep_locations(struct step *step, struct storage_row *storage)
{
    for (uint32_t i = 0; i < storage->locations_count; i++) {
        storage->locations[i] = step_keep(step, storage->locations[i]);
    }
}

enum storage_use storage_use(struct step *step, const struct message *message,
                             const struct address *validator)
{
    const uint32_t origin = message->row.origin;
    struct storage_row storage;

    (void)storage_get(step, origin, validator, &storage);
    const bool is_known = storage.answer == ANSWER_OK && storage.locations_count > 0;
    const struct duration holds = is_known ? message_answers_hold(message) : MESSAGE_ABSENT_WAIT;
    const bool is_fresh = storage.answered_at.ns != 0 &&
                          !instant_is_past(instant_after(storage.answered_at, holds), step->now);
    if (!is_fresh && !message_is_asked(step, storage.asked_at)) {
        step_command(step, COMMAND_READ_STORAGE, origin)->read_storage.validator = *validator;
        keep_locations(step, &storage);
        storage.asked_at = step->now;
        storage_put(step, origin, validator, &storage);
    }
    if (is_known) {
        return STORAGE_READY; /* old words are better than none while they are asked again */
    }
    return is_fresh ? STORAGE_NONE : STORAGE_ASKED;
}

void message_on_announced(struct step *step, uint32_t domain, const struct fact *fact)
{
    const struct core_chain *config = step_chain(step, domain);
    struct storage_row storage;

    if (config == NULL || !address_equal(&fact->contract, &config->validator_announce) ||
        !storage_get(step, domain, &fact->announced.validator, &storage)) {
        return; /* nobody asked for it yet */
    }
    keep_locations(step, &storage);
    storage.answered_at.ns = 0;
    storage_put(step, domain, &fact->announced.validator, &storage);
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

/* Whether the answer is this validator's signature over our origin's tree at the leaf asked for. */
static bool is_valid(struct step *step, const struct core_chain *origin, const struct event *event)
{
    struct address signer;
    struct hash leaf;

    return event->checkpoint.outcome == OUTCOME_OK &&
           event->checkpoint.checkpoint.index == event->checkpoint.index &&
           tree_leaf_id(step, event->domain, event->checkpoint.index, &leaf) &&
           hash_equal(&event->checkpoint.checkpoint.message_id, &leaf) &&
           checkpoint_recover(origin->domain, &origin->tree_hook, &event->checkpoint.checkpoint,
                              &event->checkpoint.signature, &signer) == STATUS_OK &&
           address_equal(&signer, &event->checkpoint.validator);
}

/* Which of the two checkpoints an answer is about. False: none that we want (any more). */
static bool slot_of(struct step *step, const struct message *message, uint32_t index,
                    enum proof_slot *ret_slot)
{
    uint32_t leaf = 0;

    if (!tree_leaf_index(step, message->row.origin, &message->id, &leaf)) {
        return false;
    }
    *ret_slot = index == leaf ? PROOF_OWN : PROOF_LATER;
    return index == leaf || index == message->row.later_index;
}

/* Whether the signed root is that of the leaves we know. Only modules that take any checkpoint want
 * to know; for the others any root will do that enough validators signed. */
static bool is_ours(struct step *step, const struct message *message,
                    const struct security_row *security, const struct address *validator,
                    const struct checkpoint *checkpoint)
{
    const struct ism ism = security_ism(security);
    struct hash root;
    bool takes_any = false;

    return ism_wants(&ism, validator, &takes_any) && takes_any &&
           tree_root_at(step, message->row.origin, checkpoint->index + 1, &root) &&
           hash_equal(&root, &checkpoint->root);
}

/* For people: how far this validator is. */
static void remember_newest(struct step *step, uint32_t origin, const struct address *validator,
                            uint32_t index)
{
    struct storage_row storage;

    if (index == UINT32_MAX || !storage_get(step, origin, validator, &storage) ||
        storage.newest_count > index) {
        return;
    }
    keep_locations(step, &storage);
    storage.newest_count = index + 1;
    storage_put(step, origin, validator, &storage);
}

/* A signature more than were needed: to find out who signed it takes longer than all else that is
 * done with it. Now and then it is found out, so that people see how far this validator is. If it
 * is wanted after all it is asked for again. */
static bool is_needless(struct step *step, const struct message *message, const struct event *event)
{
    struct storage_row storage;

    return event->checkpoint.outcome == OUTCOME_OK && message->row.state != MESSAGE_CHECKPOINTS &&
           storage_get(step, event->domain, &event->checkpoint.validator, &storage) &&
           event->checkpoint.index < (uint64_t)storage.newest_count + NEWEST_APART;
}

void message_on_checkpoint(struct step *step, const struct event *event)
{
    const struct core_chain *origin = step_chain(step, event->domain);
    const struct address *validator = &event->checkpoint.validator;
    enum proof_slot slot = PROOF_OWN;
    struct security_row security;
    struct proof_row proof;
    struct message message;

    if (origin == NULL || !message_get(step, &event->checkpoint.message_id, &message) ||
        message.row.origin != event->domain ||
        !slot_of(step, &message, event->checkpoint.index, &slot) ||
        !proof_get(step, &message.id, validator, slot, &proof) || proof.state == PROOF_VALID) {
        return;
    }
    if (event->checkpoint.outcome == OUTCOME_UNKNOWN || is_needless(step, &message, event)) {
        return; /* asked again when overdue */
    }
    const bool is_known = security_get(step, &message, &security);
    if (!is_valid(step, origin, event)) {
        proof.state = PROOF_ABSENT;
        proof_put(step, &message.id, validator, slot, &proof);
        return;
    }
    proof.state = PROOF_VALID;
    proof.checkpoint = event->checkpoint.checkpoint;
    proof.signature = event->checkpoint.signature;
    proof.is_ours = is_known && is_ours(step, &message, &security, validator, &proof.checkpoint);
    proof_put(step, &message.id, validator, slot, &proof);
    remember_newest(step, event->domain, validator, proof.checkpoint.index);
    uint8_t memory[METADATA_BYTES_MAX];
    struct buffer metadata = buffer_from(memory, sizeof(memory));
    struct address key;
    if (message.row.state == MESSAGE_CHECKPOINTS && is_known &&
        message_processor(step, &message, &security, &key) &&
        message_prove(step, &message, &security, &key, &metadata) == STATUS_OK) {
        message_advance(step, &message);
    }
}

/* ---- metadata ---- */

bool message_processor(struct step *step, const struct message *message,
                       const struct security_row *security, struct address *ret_key)
{
    const struct core_chain *config = step_chain(step, message->row.destination);

    if (config == NULL || address_is_zero(&config->key)) {
        return false;
    }
    for (uint32_t i = 0; i < security->nodes_count; i++) {
        const struct ism_node *node = &security->nodes[i];
        bool is_ours = node->only_relayer && address_equal(&node->relayer, &config->key);
        for (uint32_t k = 0; node->only_relayer && k < config->delivery_keys_count; k++) {
            is_ours = is_ours || address_equal(&node->relayer, &config->delivery_keys[k]);
        }
        if (is_ours) {
            *ret_key = node->relayer;
            return true;
        }
    }
    (void)lane_choose(step, config, &message->id, ret_key);
    return true;
}

/* Every valid signature of a validator that some module has; none twice. */
static uint32_t collect(struct step *step, const struct message *message,
                        const struct security_row *security, struct ism_signed *ret_signed)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < security->validators_count; i++) {
        const struct address *validator = &security->validators[i].address;
        bool is_repeated = false;
        for (uint32_t k = 0; k < i && !is_repeated; k++) {
            is_repeated = address_equal(&security->validators[k].address, validator);
        }
        for (uint32_t slot = PROOF_OWN; !is_repeated && slot < PROOF_SLOTS; slot++) {
            struct proof_row proof;
            if (proof_get(step, &message->id, validator, (enum proof_slot)slot, &proof) &&
                proof.state == PROOF_VALID) {
                ret_signed[count++] = (struct ism_signed){.validator = *validator,
                                                          .checkpoint = proof.checkpoint,
                                                          .is_ours = proof.is_ours,
                                                          .signature = proof.signature};
            }
        }
    }
    return count;
}

enum status message_prove(struct step *step, const struct message *message,
                          const struct security_row *security, const struct address *processor,
                          struct buffer *metadata)
{
    const struct core_chain *origin = step_chain(step, message->row.origin);
    const struct ism ism = security_ism(security);
    struct ism_signed signed_[PROOF_SLOTS * ISM_VALIDATORS_MAX];
    struct ism_answer answers[ISM_NODES_MAX];
    uint8_t answers_memory[MESSAGE_LOOKUPS_BYTES_MAX];
    struct buffer answers_buffer = buffer_from(answers_memory, sizeof(answers_memory));
    struct tree_prover prover = {.step = step, .domain = message->row.origin};

    const bool has_leaf = tree_leaf_index(step, message->row.origin, &message->id, &prover.index);
    if (origin == NULL || (!has_leaf && !ism_is_unsigned(&ism))) {
        return STATUS_NOT_FOUND;
    }
    const struct ism_evidence evidence = {
        .message_id = message->id,
        .tree_hook = origin->tree_hook,
        .leaf_index = prover.index,
        .processor = *processor,
        .signed_ = signed_,
        .signed_count = collect(step, message, security, signed_),
        .answers = answers,
        .answers_count = message_lookups(step, message, security, &answers_buffer, answers),
        .prove = has_leaf ? tree_prove : NULL,
        .context = &prover,
    };
    return ism_build(&ism, &evidence, metadata);
}
