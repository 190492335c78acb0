/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/view.h"

#include <string.h>

#include "relay/core/tables.h"

static enum status get(const struct row_source *source, struct bytes key, struct bytes *ret_value)
{
    return source->get(source->context, key, ret_value);
}

/* The first row at or after `key` that begins with its first `prefix_count` bytes. */
static enum status seek(const struct row_source *source, struct bytes key, size_t prefix_count,
                        struct bytes *ret_key, struct bytes *ret_value)
{
    struct bytes found_key;
    struct bytes found_value;
    const enum status status = source->seek(source->context, key, &found_key, &found_value);

    if (status != STATUS_OK) {
        return status;
    }
    if (!bytes_have_prefix(found_key, bytes_from(key.data, prefix_count))) {
        return STATUS_NOT_FOUND;
    }
    *ret_key = found_key;
    *ret_value = found_value;
    return STATUS_OK;
}

static enum status meta_unpack(struct bytes bytes, struct node_view *ret_node)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct node_view node;

    node.core_version = unpack_u32(&unpacker);
    if (!unpacker.underrun && node.core_version != CORE_VERSION) {
        return STATUS_VERSION;
    }
    node.digest = unpack_hash(&unpacker);
    node.last = unpack_instant(&unpacker);
    (void)unpack_instant(&unpacker); /* the wake that was asked for */
    node.started = unpack_instant(&unpacker);
    node.paused = unpack_bool(&unpacker);
    node.records_count = unpack_u64(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_node = node;
    return STATUS_OK;
}

enum status core_view_node(const struct row_source *source, struct node_view *ret_node)
{
    const uint8_t key = TABLE_META;
    struct bytes value;
    const enum status status = get(source, bytes_from(&key, 1), &value);

    return status == STATUS_OK ? meta_unpack(value, ret_node) : status;
}

/* ---- chains ---- */

enum status core_view_chain(const struct row_source *source, uint32_t domain,
                            struct chain_row *ret_chain)
{
    uint8_t key[CHAIN_KEY_BYTES];
    struct bytes value;
    const enum status status = get(source, chain_key(key, domain), &value);

    return status == STATUS_OK ? chain_row_unpack(value, ret_chain) : status;
}

enum status core_view_past(const struct row_source *source, uint32_t domain,
                           struct past_row *ret_past)
{
    uint8_t key[CHAIN_KEY_BYTES];
    struct bytes value;
    const enum status status = get(source, past_key(key, domain), &value);

    return status == STATUS_OK ? past_row_unpack(value, ret_past) : status;
}

enum status core_view_calls(const struct row_source *source, uint32_t domain, uint32_t endpoint,
                            struct calls_row *ret_calls)
{
    uint8_t key[CALLS_KEY_BYTES];
    struct bytes value;
    const enum status status = get(source, calls_key(key, domain, endpoint), &value);

    return status == STATUS_OK ? calls_row_unpack(value, ret_calls) : status;
}

enum status core_view_tree(const struct row_source *source, uint32_t domain,
                           struct tree_row *ret_tree)
{
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;
    const enum status status = get(source, tree_key(key, domain, TREE_STATE), &value);

    return status == STATUS_OK ? tree_row_unpack(value, ret_tree) : status;
}

enum status core_view_announcement(const struct row_source *source, uint32_t domain,
                                   struct announcement_row *ret_row)
{
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;
    const enum status status = get(source, tree_key(key, domain, TREE_ANNOUNCEMENT), &value);

    return status == STATUS_OK ? announcement_row_unpack(value, ret_row) : status;
}

enum status core_view_signed(const struct row_source *source, uint32_t domain, uint32_t index,
                             struct signed_row *ret_row)
{
    uint8_t key[SIGNED_KEY_BYTES];
    struct bytes value;
    const enum status status = get(source, signed_key(key, domain, index), &value);

    return status == STATUS_OK ? signed_row_unpack(value, index, ret_row) : status;
}

enum status core_view_leaf_index(const struct row_source *source, uint32_t domain,
                                 const struct hash *message_id, uint32_t *ret_index)
{
    uint8_t key[LEAF_KEY_BYTES_MAX];
    struct bytes value;
    const enum status status = get(source, leaf_id_key(key, domain, message_id), &value);

    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(value);
    const uint32_t index = unpack_u32(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_index = index;
    return STATUS_OK;
}

/* ---- messages ---- */

enum status core_view_message(const struct row_source *source, const struct hash *id,
                              struct message_row *ret_message)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct bytes value;
    const enum status status = get(source, message_key(key, TABLE_MESSAGE, id), &value);

    return status == STATUS_OK ? message_row_unpack(value, ret_message) : status;
}

enum status core_view_body(const struct row_source *source, const struct hash *id,
                           struct bytes *ret_message)
{
    uint8_t key[MESSAGE_KEY_BYTES];

    return get(source, message_key(key, TABLE_BODY, id), ret_message);
}

enum status core_view_next_message(const struct row_source *source, const struct hash *after,
                                   struct hash *ret_id, struct message_row *ret_message)
{
    uint8_t memory[MESSAGE_KEY_BYTES + 1];
    struct bytes key;
    struct bytes value;

    (void)message_key(memory, TABLE_MESSAGE, after);
    memory[MESSAGE_KEY_BYTES] = 0;
    enum status status = seek(source, bytes_from(memory, sizeof(memory)), 1, &key, &value);
    if (status != STATUS_OK) {
        return status;
    }
    if (key.count != MESSAGE_KEY_BYTES) {
        return STATUS_CORRUPT;
    }
    memcpy(ret_id->bytes, key.data + 1, sizeof(ret_id->bytes));
    return message_row_unpack(value, ret_message);
}

enum status core_view_next_open(const struct row_source *source, uint32_t destination,
                                const struct message_row *after, const struct hash *after_id,
                                struct hash *ret_id, struct message_row *ret_message)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    struct packer from = open_key(memory, destination, OPEN_ALL);
    const size_t prefix_count = packer_finish(&from).count;
    struct bytes key;
    struct bytes value;

    if (after != NULL) {
        pack_u32(&from, after->origin);
        pack_u32(&from, after->nonce);
        pack_hash(&from, after_id);
        pack_u8(&from, 0);
    }
    const enum status status = seek(source, packer_finish(&from), prefix_count, &key, &value);
    if (status != STATUS_OK) {
        return status;
    }
    if (key.count != prefix_count + 40) {
        return STATUS_CORRUPT;
    }
    struct hash id;
    memcpy(id.bytes, key.data + prefix_count + 8, sizeof(id.bytes));
    *ret_id = id;
    return core_view_message(source, &id, ret_message);
}

enum status core_view_open_counts(const struct row_source *source, uint32_t destination,
                                  struct open_row *ret_open)
{
    uint8_t memory[OPEN_KEY_BYTES_MAX];
    const struct packer key = open_key(memory, destination, OPEN_COUNTS);
    struct bytes value;
    const enum status status = get(source, packer_finish(&key), &value);

    return status == STATUS_OK ? open_row_unpack(value, ret_open) : status;
}

enum status core_view_gas_paid(const struct row_source *source, const struct hash *id,
                               const struct message_row *message, const struct address *token,
                               struct amount *ret_gas, struct amount *ret_payment)
{
    uint8_t key[GAS_PAID_KEY_BYTES];
    struct bytes value;
    const enum status status =
        get(source, gas_paid_key(key, id, message->origin, message->destination, token), &value);

    if (status == STATUS_NOT_FOUND) {
        *ret_gas = amount_zero();
        *ret_payment = amount_zero();
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(value);
    const struct amount gas = unpack_amount(&unpacker);
    const struct amount payment = unpack_amount(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_gas = gas;
    *ret_payment = payment;
    return STATUS_OK;
}

enum status core_view_budget(const struct row_source *source, const char *limit,
                             uint32_t destination, struct budget_row *ret_budget)
{
    uint8_t key[BUDGET_KEY_BYTES];
    struct hash name;
    struct bytes value;

    memcpy(name.bytes, limit, sizeof(name.bytes));
    const enum status status = get(source, budget_key(key, &name, destination), &value);
    if (status == STATUS_NOT_FOUND) {
        memset(ret_budget, 0, sizeof(*ret_budget));
        return STATUS_OK;
    }
    return status == STATUS_OK ? budget_row_unpack(value, ret_budget) : status;
}

/* ---- lanes ---- */

/* The first row of a table whose keys are a domain and an address, behind one of them. */
static enum status next_of_domain(const struct row_source *source, uint8_t table,
                                  uint32_t after_domain, const struct address *after,
                                  uint32_t *ret_domain, struct address *ret_address,
                                  struct bytes *ret_value)
{
    uint8_t memory[LANE_KEY_BYTES + 1];
    struct packer from = packer_from(memory, sizeof(memory));
    struct bytes key;

    pack_u8(&from, table);
    if (after != NULL) {
        pack_u32(&from, after_domain);
        pack_address(&from, after);
        pack_u8(&from, 0);
    }
    const enum status status = seek(source, packer_finish(&from), 1, &key, ret_value);
    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(key);
    (void)unpack_u8(&unpacker);
    const uint32_t domain = unpack_u32(&unpacker);
    const struct address address = unpack_address(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_domain = domain;
    *ret_address = address;
    return STATUS_OK;
}

enum status core_view_next_lane(const struct row_source *source, uint32_t after_domain,
                                const struct address *after_key, uint32_t *ret_domain,
                                struct address *ret_key, struct lane_row *ret_lane)
{
    struct bytes value;
    const enum status status =
        next_of_domain(source, TABLE_LANE, after_domain, after_key, ret_domain, ret_key, &value);

    return status == STATUS_OK ? lane_row_unpack(value, ret_lane) : status;
}

enum status core_view_next_storage(const struct row_source *source, uint32_t after_origin,
                                   const struct address *after_validator, uint32_t *ret_origin,
                                   struct address *ret_validator, struct storage_row *ret_storage)
{
    struct bytes value;
    const enum status status = next_of_domain(source, TABLE_STORAGE, after_origin, after_validator,
                                              ret_origin, ret_validator, &value);

    return status == STATUS_OK ? storage_row_unpack(value, ret_storage) : status;
}

enum status core_view_next_intent(const struct row_source *source, uint32_t domain,
                                  const struct address *key, uint64_t nonce, uint64_t *ret_nonce,
                                  struct intent_row *ret_intent)
{
    uint8_t memory[INTENT_KEY_BYTES];
    struct bytes found;
    struct bytes value;
    const enum status status =
        seek(source, intent_key(memory, domain, key, nonce), INTENT_KEY_BYTES - 8, &found, &value);

    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(found);
    (void)unpack_raw(&unpacker, INTENT_KEY_BYTES - 8);
    const uint64_t found_nonce = unpack_u64(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_nonce = found_nonce;
    return intent_row_unpack(value, ret_intent);
}

enum status core_view_leg(const struct row_source *source, const struct hash *leg_id,
                          struct leg_row *ret_leg)
{
    uint8_t memory[LEG_KEY_BYTES];
    const struct bytes key = leg_key(memory, leg_id);
    struct bytes value;
    const enum status status = get(source, key, &value);

    return status == STATUS_OK ? leg_row_unpack(key, value, ret_leg) : status;
}

/* ---- why ---- */

/* A row that need not be there. */
static enum status optional(enum status status)
{
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status why_signer(const struct row_source *source, const struct hash *id,
                              const struct message_row *message, struct signer_view *signer)
{
    uint8_t storage[STORAGE_KEY_BYTES];
    uint8_t proof[PROOF_KEY_BYTES];
    struct storage_row storage_row;
    struct proof_row proof_row;
    struct bytes value;

    enum status status =
        get(source, storage_key(storage, message->origin, &signer->validator), &value);
    if (status == STATUS_OK) {
        status = storage_row_unpack(value, &storage_row);
        signer->has_location = status == STATUS_OK && storage_row.locations_count > 0;
    }
    if (optional(status) != STATUS_OK) {
        return status;
    }
    for (uint32_t slot = PROOF_OWN; slot < PROOF_SLOTS && optional(status) == STATUS_OK; slot++) {
        status =
            get(source, proof_key(proof, id, &signer->validator, (enum proof_slot)slot), &value);
        if (status == STATUS_OK) {
            status = proof_row_unpack(value, &proof_row);
        }
        if (status == STATUS_OK && (!signer->was_asked || proof_row.state > signer->proof)) {
            signer->was_asked = true;
            signer->proof = proof_row.state; /* the better of the two: VALID is the last */
        }
    }
    return optional(status);
}

static bool is_listed(const struct message_why *why, const struct address *validator)
{
    for (uint32_t i = 0; i < why->signers_count; i++) {
        if (address_equal(&why->signers[i].validator, validator)) {
            return true;
        }
    }
    return false;
}

static enum status why_security(const struct row_source *source, const struct hash *id,
                                struct message_why *why)
{
    uint8_t key[SECURITY_KEY_BYTES];
    struct security_row security;
    struct bytes value;
    enum status status = get(source, security_key(key, &why->message), &value);

    if (status == STATUS_OK) {
        status = security_row_unpack(value, &security);
    }
    if (status != STATUS_OK || security.answer != ANSWER_OK) {
        return optional(status);
    }
    const struct ism ism = security_ism(&security);
    why->security_known = true;
    why->module_type = security.nodes[0].type;
    why->strength = ism_strength(&ism);
    why->threshold = ism_threshold(&ism);
    for (uint32_t i = 0; i < security.validators_count && status == STATUS_OK; i++) {
        if (!is_listed(why, &security.validators[i].address)) {
            struct signer_view *signer = &why->signers[why->signers_count++];
            signer->validator = security.validators[i].address;
            status = why_signer(source, id, &why->message, signer);
            why->valid_count += signer->was_asked && signer->proof == PROOF_VALID ? 1 : 0;
        }
    }
    return status;
}

static enum status why_intent(const struct row_source *source, struct message_why *why)
{
    uint8_t key[INTENT_KEY_BYTES];
    struct leg_row leg;
    struct bytes value;

    if (hash_is_zero(&why->message.leg_id)) {
        return STATUS_OK;
    }
    enum status status = core_view_leg(source, &why->message.leg_id, &leg);
    if (status == STATUS_OK && leg.state == LEG_STATE_BATCHED) {
        const struct hash batch = leg.batch;
        status = core_view_leg(source, &batch, &leg);
    }
    if (status != STATUS_OK || leg.state != LEG_STATE_OPEN) {
        return optional(status);
    }
    status = get(source, intent_key(key, leg.leg.domain, &leg.leg.key, leg.nonce), &value);
    if (status == STATUS_OK) {
        status = intent_row_unpack(value, &why->intent);
        why->has_intent = status == STATUS_OK;
        why->nonce = leg.nonce;
    }
    return optional(status);
}

enum status core_view_why(const struct row_source *source, const struct hash *id,
                          struct message_why *ret_why)
{
    struct chain_row chain;

    memset(ret_why, 0, sizeof(*ret_why));
    enum status status = core_view_message(source, id, &ret_why->message);
    if (status != STATUS_OK) {
        return status;
    }
    status = core_view_leaf_index(source, ret_why->message.origin, id, &ret_why->leaf_index);
    ret_why->has_leaf = status == STATUS_OK;
    if (optional(status) == STATUS_OK) {
        status = core_view_chain(source, ret_why->message.origin, &chain);
        ret_why->origin_final = status == STATUS_OK ? chain.applied_number : 0;
    }
    if (optional(status) == STATUS_OK) {
        status = core_view_chain(source, ret_why->message.destination, &chain);
        ret_why->destination_final = status == STATUS_OK ? chain.applied_number : 0;
    }
    if (optional(status) == STATUS_OK) {
        status = why_security(source, id, ret_why);
    }
    if (optional(status) == STATUS_OK) {
        status = why_intent(source, ret_why);
    }
    return optional(status);
}
