/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/message/message_rows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/tables.h"

/* ---- keys ---- */

struct bytes message_key(uint8_t memory[MESSAGE_KEY_BYTES], uint8_t table, const struct hash *id)
{
    memory[0] = table;
    memcpy(memory + 1, id->bytes, sizeof(id->bytes));
    return bytes_from(memory, MESSAGE_KEY_BYTES);
}

struct bytes gas_paid_key(uint8_t memory[GAS_PAID_KEY_BYTES], const struct hash *id,
                          uint32_t origin, uint32_t destination, const struct address *token)
{
    struct packer key = packer_from(memory, GAS_PAID_KEY_BYTES);

    pack_u8(&key, TABLE_GAS_PAID);
    pack_hash(&key, id);
    pack_u32(&key, origin);
    pack_u32(&key, destination);
    if (!address_is_zero(token)) {
        pack_address(&key, token);
    }
    return packer_finish(&key);
}

struct bytes gas_transfer_key(uint8_t memory[GAS_PAID_KEY_BYTES], uint32_t domain,
                              const struct hash *transaction)
{
    struct packer key = packer_from(memory, GAS_PAID_KEY_BYTES);

    pack_u8(&key, TABLE_GAS_PAID);
    pack_u32(&key, domain);
    pack_hash(&key, transaction);
    return packer_finish(&key);
}

struct bytes budget_key(uint8_t memory[BUDGET_KEY_BYTES], const struct hash *limit,
                        uint32_t destination)
{
    struct packer key = packer_from(memory, BUDGET_KEY_BYTES);

    pack_u8(&key, TABLE_BUDGET);
    pack_hash(&key, limit);
    pack_u32(&key, destination);
    return packer_finish(&key);
}

struct packer open_key(uint8_t memory[OPEN_KEY_BYTES_MAX], uint32_t destination,
                       enum open_class kind)
{
    struct packer key = packer_from(memory, OPEN_KEY_BYTES_MAX);

    pack_u8(&key, TABLE_OPEN);
    pack_u32(&key, destination);
    pack_u8(&key, (uint8_t)kind);
    return key;
}

struct bytes security_key(uint8_t memory[SECURITY_KEY_BYTES], const struct message_row *message)
{
    struct packer key = packer_from(memory, SECURITY_KEY_BYTES);

    pack_u8(&key, TABLE_SECURITY);
    pack_u32(&key, message->destination);
    pack_address(&key, &message->recipient);
    pack_u32(&key, message->origin);
    return packer_finish(&key);
}

struct bytes storage_key(uint8_t memory[STORAGE_KEY_BYTES], uint32_t origin,
                         const struct address *validator)
{
    struct packer key = packer_from(memory, STORAGE_KEY_BYTES);

    pack_u8(&key, TABLE_STORAGE);
    pack_u32(&key, origin);
    pack_address(&key, validator);
    return packer_finish(&key);
}

struct bytes proof_key(uint8_t memory[PROOF_KEY_BYTES], const struct hash *id,
                       const struct address *validator, enum proof_slot slot)
{
    (void)message_key(memory, TABLE_PROOF, id);
    memcpy(memory + MESSAGE_KEY_BYTES, validator->bytes, sizeof(validator->bytes));
    memory[PROOF_KEY_BYTES - 1] = (uint8_t)slot;
    return bytes_from(memory, PROOF_KEY_BYTES);
}

/* ---- values ---- */

static uint8_t unpack_enum(struct unpacker *unpacker, uint8_t first, uint8_t last)
{
    const uint8_t value = unpack_u8(unpacker);

    if (value < first || value > last) {
        unpacker->underrun = true;
        return first;
    }
    return value;
}

/* Most messages have none. */
static void pack_costs(const struct message_row *message, struct packer *packer)
{
    const bool has_any = !amount_is_zero(&message->fee_spent) || !hash_is_zero(&message->budget);

    pack_bool(packer, has_any);
    if (has_any) {
        pack_amount(packer, &message->fee_spent);
        pack_amount(packer, &message->reserved);
        pack_hash(packer, &message->budget);
    }
}

static void unpack_costs(struct unpacker *unpacker, struct message_row *message)
{
    if (unpack_bool(unpacker)) {
        message->fee_spent = unpack_amount(unpacker);
        message->reserved = unpack_amount(unpacker);
        message->budget = unpack_hash(unpacker);
    }
}

void message_row_pack(const struct message_row *message, struct packer *packer)
{
    pack_u8(packer, (uint8_t)message->state);
    pack_u16(packer, (uint16_t)message->reason);
    pack_instant(packer, message->since);
    pack_u32(packer, message->origin);
    pack_u32(packer, message->destination);
    pack_u32(packer, message->nonce);
    pack_address(packer, &message->sender);
    pack_address(packer, &message->recipient);
    pack_u64(packer, message->origin_block);
    pack_hash(packer, &message->origin_block_hash);
    pack_hash(packer, &message->dispatch_transaction);
    pack_instant(packer, message->seen_at);
    pack_instant(packer, message->final_at);
    pack_instant(packer, message->due);
    pack_bool(packer, message->active);
    pack_u64(packer, message->queue_sequence);
    pack_u8(packer, (uint8_t)message->wait);
    pack_address(packer, &message->wait_validator);
    pack_u32(packer, message->attempts_count);
    pack_u32(packer, message->rounds_count);
    pack_u32(packer, message->later_index);
    pack_u32(packer, message->legs_count);
    pack_hash(packer, &message->leg_id);
    pack_u64(packer, message->gas);
    pack_hash(packer, &message->payload_digest);
    pack_amount(packer, &message->value);
    pack_amount(packer, &message->data_fee);
    pack_instant(packer, message->prepared_at);
    pack_u64(packer, message->delivered_block);
    pack_hash(packer, &message->delivered_transaction);
    pack_u32(packer, message->reverts_count);
    pack_bool(packer, message->is_confined);
    pack_u64(packer, message->gas_spent);
    pack_bool(packer, message->may_batch);
    pack_u32(packer, message->batch_breaks);
    CHECK(message->words_count <= MESSAGE_WORDS_BYTES_MAX);
    pack_bytes(packer, bytes_from(message->words, message->words_count));
    pack_costs(message, packer);
}

static bool unpack_words(struct unpacker *unpacker, uint8_t ret_words[MESSAGE_WORDS_BYTES_MAX],
                         uint32_t *ret_count)
{
    const struct bytes words = unpack_bytes(unpacker);

    if (words.count > MESSAGE_WORDS_BYTES_MAX) {
        return false;
    }
    if (words.count > 0) {
        memcpy(ret_words, words.data, words.count);
    }
    *ret_count = (uint32_t)words.count;
    return true;
}

enum status message_row_unpack(struct bytes bytes, struct message_row *ret_message)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct message_row message;

    memset(&message, 0, sizeof(message));
    message.state = (enum message_state)unpack_enum(&unpacker, MESSAGE_SEEN, MESSAGE_BLOCKED);
    message.reason = (enum reason)unpack_u16(&unpacker);
    message.since = unpack_instant(&unpacker);
    message.origin = unpack_u32(&unpacker);
    message.destination = unpack_u32(&unpacker);
    message.nonce = unpack_u32(&unpacker);
    message.sender = unpack_address(&unpacker);
    message.recipient = unpack_address(&unpacker);
    message.origin_block = unpack_u64(&unpacker);
    message.origin_block_hash = unpack_hash(&unpacker);
    message.dispatch_transaction = unpack_hash(&unpacker);
    message.seen_at = unpack_instant(&unpacker);
    message.final_at = unpack_instant(&unpacker);
    message.due = unpack_instant(&unpacker);
    message.active = unpack_bool(&unpacker);
    message.queue_sequence = unpack_u64(&unpacker);
    message.wait =
        (enum message_wait)unpack_enum(&unpacker, MESSAGE_WAIT_NONE, MESSAGE_WAIT_STORAGE);
    message.wait_validator = unpack_address(&unpacker);
    message.attempts_count = unpack_u32(&unpacker);
    message.rounds_count = unpack_u32(&unpacker);
    message.later_index = unpack_u32(&unpacker);
    message.legs_count = unpack_u32(&unpacker);
    message.leg_id = unpack_hash(&unpacker);
    message.gas = unpack_u64(&unpacker);
    message.payload_digest = unpack_hash(&unpacker);
    message.value = unpack_amount(&unpacker);
    message.data_fee = unpack_amount(&unpacker);
    message.prepared_at = unpack_instant(&unpacker);
    message.delivered_block = unpack_u64(&unpacker);
    message.delivered_transaction = unpack_hash(&unpacker);
    message.reverts_count = unpack_u32(&unpacker);
    message.is_confined = unpack_bool(&unpacker);
    message.gas_spent = unpack_u64(&unpacker);
    message.may_batch = unpack_bool(&unpacker);
    message.batch_breaks = unpack_u32(&unpacker);
    if (!unpack_words(&unpacker, message.words, &message.words_count)) {
        return STATUS_CORRUPT;
    }
    unpack_costs(&unpacker, &message);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_message = message;
    return STATUS_OK;
}

void open_row_pack(const struct open_row *open, struct packer *packer)
{
    pack_u32(packer, open->active_count);
    pack_u64(packer, open->queued_count);
    pack_u32(packer, open->confined_count);
    pack_u32(packer, open->route_last);
}

void budget_row_pack(const struct budget_row *budget, struct packer *packer)
{
    pack_u64(packer, budget->window);
    pack_amount(packer, &budget->spent);
    pack_amount(packer, &budget->reserved);
}

enum status budget_row_unpack(struct bytes bytes, struct budget_row *ret_budget)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct budget_row budget;

    memset(&budget, 0, sizeof(budget));
    budget.window = unpack_u64(&unpacker);
    budget.spent = unpack_amount(&unpacker);
    budget.reserved = unpack_amount(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_budget = budget;
    return STATUS_OK;
}

enum status open_row_unpack(struct bytes bytes, struct open_row *ret_open)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct open_row open;

    open.active_count = unpack_u32(&unpacker);
    open.queued_count = unpack_u64(&unpacker);
    open.confined_count = unpack_u32(&unpacker);
    open.route_last = unpack_u32(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_open = open;
    return STATUS_OK;
}

void route_row_pack(const struct route_row *route, struct packer *packer)
{
    pack_u64(packer, route->queue_first);
    pack_u64(packer, route->queue_next);
    pack_bool(packer, route->newest_next);
}

enum status route_row_unpack(struct bytes bytes, struct route_row *ret_route)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct route_row route;

    route.queue_first = unpack_u64(&unpacker);
    route.queue_next = unpack_u64(&unpacker);
    route.newest_next = unpack_bool(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_route = route;
    return STATUS_OK;
}

static void pack_node(struct packer *packer, const struct ism_node *node)
{
    pack_address(packer, &node->address);
    pack_u8(packer, node->type);
    pack_u32(packer, node->threshold);
    pack_u64(packer, node->weight_threshold);
    pack_u32(packer, node->first);
    pack_u32(packer, node->count);
    pack_bool(packer, node->only_relayer);
    pack_address(packer, &node->relayer);
}

static void unpack_node(struct unpacker *unpacker, struct ism_node *ret_node)
{
    ret_node->address = unpack_address(unpacker);
    ret_node->type = unpack_u8(unpacker);
    ret_node->threshold = unpack_u32(unpacker);
    ret_node->weight_threshold = unpack_u64(unpacker);
    ret_node->first = unpack_u32(unpacker);
    ret_node->count = unpack_u32(unpacker);
    ret_node->only_relayer = unpack_bool(unpacker);
    ret_node->relayer = unpack_address(unpacker);
}

void security_row_pack(const struct security_row *security, struct packer *packer)
{
    CHECK(security->nodes_count <= ISM_NODES_MAX);
    CHECK(security->validators_count <= ISM_VALIDATORS_MAX);

    pack_instant(packer, security->asked_at);
    pack_instant(packer, security->answered_at);
    pack_u8(packer, (uint8_t)security->answer);
    pack_hash(packer, &security->only_message);
    CHECK(security->words_count <= MESSAGE_WORDS_BYTES_MAX);
    pack_bytes(packer, bytes_from(security->words, security->words_count));
    pack_u32(packer, security->nodes_count);
    pack_u32(packer, security->validators_count);
    for (uint32_t i = 0; i < security->nodes_count; i++) {
        pack_node(packer, &security->nodes[i]);
    }
    for (uint32_t i = 0; i < security->validators_count; i++) {
        pack_address(packer, &security->validators[i].address);
        pack_u64(packer, security->validators[i].weight);
    }
}

enum status security_row_unpack(struct bytes bytes, struct security_row *ret_security)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct security_row *security = ret_security;

    security->asked_at = unpack_instant(&unpacker);
    security->answered_at = unpack_instant(&unpacker);
    security->answer = (enum answer)unpack_enum(&unpacker, ANSWER_NONE, ANSWER_UNKNOWN);
    security->only_message = unpack_hash(&unpacker);
    if (!unpack_words(&unpacker, security->words, &security->words_count)) {
        return STATUS_CORRUPT;
    }
    security->nodes_count = unpack_u32(&unpacker);
    security->validators_count = unpack_u32(&unpacker);
    if (security->nodes_count > ISM_NODES_MAX || security->validators_count > ISM_VALIDATORS_MAX) {
        return STATUS_CORRUPT;
    }
    for (uint32_t i = 0; i < security->nodes_count; i++) {
        unpack_node(&unpacker, &security->nodes[i]);
    }
    for (uint32_t i = 0; i < security->validators_count; i++) {
        security->validators[i].address = unpack_address(&unpacker);
        security->validators[i].weight = unpack_u64(&unpacker);
    }
    const struct ism ism = security_ism(security);
    if (!unpacker_is_done(&unpacker) ||
        (security->nodes_count > 0 && ism_check(&ism) != STATUS_OK)) {
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

struct ism security_ism(const struct security_row *security)
{
    return (struct ism){.nodes = security->nodes,
                        .nodes_count = security->nodes_count,
                        .validators = security->validators,
                        .validators_count = security->validators_count};
}

void storage_row_pack(const struct storage_row *storage, struct packer *packer)
{
    CHECK(storage->locations_count <= LOCATIONS_MAX);

    pack_instant(packer, storage->asked_at);
    pack_instant(packer, storage->answered_at);
    pack_u8(packer, (uint8_t)storage->answer);
    pack_u32(packer, storage->newest_count);
    pack_u32(packer, storage->locations_count);
    for (uint32_t i = 0; i < storage->locations_count; i++) {
        pack_bytes(packer, storage->locations[i]);
    }
}

enum status storage_row_unpack(struct bytes bytes, struct storage_row *ret_storage)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct storage_row storage;

    memset(&storage, 0, sizeof(storage));
    storage.asked_at = unpack_instant(&unpacker);
    storage.answered_at = unpack_instant(&unpacker);
    storage.answer = (enum answer)unpack_enum(&unpacker, ANSWER_NONE, ANSWER_UNKNOWN);
    storage.newest_count = unpack_u32(&unpacker);
    storage.locations_count = unpack_u32(&unpacker);
    if (storage.locations_count > LOCATIONS_MAX) {
        return STATUS_CORRUPT;
    }
    for (uint32_t i = 0; i < storage.locations_count; i++) {
        storage.locations[i] = unpack_bytes(&unpacker);
    }
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_storage = storage;
    return STATUS_OK;
}

void proof_row_pack(const struct proof_row *proof, struct packer *packer)
{
    pack_instant(packer, proof->asked_at);
    pack_u8(packer, (uint8_t)proof->state);
    pack_u32(packer, proof->location_index);
    pack_hash(packer, &proof->checkpoint.root);
    pack_u32(packer, proof->checkpoint.index);
    pack_hash(packer, &proof->checkpoint.message_id);
    pack_raw(packer, bytes_from(proof->signature.bytes, sizeof(proof->signature.bytes)));
    pack_bool(packer, proof->is_ours);
}

enum status proof_row_unpack(struct bytes bytes, struct proof_row *ret_proof)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct proof_row proof;

    memset(&proof, 0, sizeof(proof));
    proof.asked_at = unpack_instant(&unpacker);
    proof.state = (enum proof_state)unpack_enum(&unpacker, PROOF_ASKED, PROOF_VALID);
    proof.location_index = unpack_u32(&unpacker);
    proof.checkpoint.root = unpack_hash(&unpacker);
    proof.checkpoint.index = unpack_u32(&unpacker);
    proof.checkpoint.message_id = unpack_hash(&unpacker);
    const struct bytes signature = unpack_raw(&unpacker, sizeof(proof.signature.bytes));
    proof.is_ours = unpack_bool(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    memcpy(proof.signature.bytes, signature.data, sizeof(proof.signature.bytes));
    *ret_proof = proof;
    return STATUS_OK;
}

/* ---- states ---- */

bool message_state_is_end(enum message_state state)
{
    switch (state) {
    case MESSAGE_DELIVERED:
    case MESSAGE_NOT_RELAYED:
    case MESSAGE_REFUSED:
    case MESSAGE_ORPHANED:
    case MESSAGE_DROPPED:
        return true;
    case MESSAGE_SEEN:
    case MESSAGE_QUEUED:
    case MESSAGE_SECURITY:
    case MESSAGE_STORAGE:
    case MESSAGE_CHECKPOINTS:
    case MESSAGE_PREPARING:
    case MESSAGE_OFFERED:
    case MESSAGE_SENT:
    case MESSAGE_INCLUDED:
    case MESSAGE_RETRY:
    case MESSAGE_ELSEWHERE:
    case MESSAGE_HELD:
    case MESSAGE_QUARANTINED:
    case MESSAGE_DEAD:
    case MESSAGE_BLOCKED:
        return false;
    }
    CHECK(false);
    return false;
}

const char *message_state_name(enum message_state state)
{
    switch (state) {
    case MESSAGE_SEEN:
        return "seen";
    case MESSAGE_QUEUED:
        return "queued";
    case MESSAGE_SECURITY:
        return "security";
    case MESSAGE_STORAGE:
        return "storage";
    case MESSAGE_CHECKPOINTS:
        return "checkpoints";
    case MESSAGE_PREPARING:
        return "preparing";
    case MESSAGE_OFFERED:
        return "offered";
    case MESSAGE_SENT:
        return "sent";
    case MESSAGE_INCLUDED:
        return "included";
    case MESSAGE_RETRY:
        return "retry";
    case MESSAGE_ELSEWHERE:
        return "elsewhere";
    case MESSAGE_DELIVERED:
        return "delivered";
    case MESSAGE_NOT_RELAYED:
        return "not relayed";
    case MESSAGE_REFUSED:
        return "refused";
    case MESSAGE_ORPHANED:
        return "orphaned";
    case MESSAGE_HELD:
        return "held";
    case MESSAGE_DROPPED:
        return "dropped";
    case MESSAGE_QUARANTINED:
        return "quarantined";
    case MESSAGE_DEAD:
        return "dead";
    case MESSAGE_BLOCKED:
        return "blocked";
    }
    return "unknown";
}

void lookup_row_pack(const struct lookup_row *lookup, struct packer *packer)
{
    pack_instant(packer, lookup->asked_at);
    pack_u8(packer, (uint8_t)lookup->state);
    pack_u32(packer, lookup->tries_count);
    pack_bytes(packer, lookup->metadata);
    pack_hash(packer, &lookup->digest);
    pack_raw(packer, bytes_from(lookup->signature.bytes, sizeof(lookup->signature.bytes)));
}

enum status lookup_row_unpack(struct bytes bytes, struct lookup_row *ret_lookup)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct lookup_row lookup;

    memset(&lookup, 0, sizeof(lookup));
    lookup.asked_at = unpack_instant(&unpacker);
    lookup.state = (enum lookup_state)unpack_enum(&unpacker, LOOKUP_NONE, LOOKUP_SIGNING);
    lookup.tries_count = unpack_u32(&unpacker);
    lookup.metadata = unpack_bytes(&unpacker);
    lookup.digest = unpack_hash(&unpacker);
    const struct bytes signature = unpack_raw(&unpacker, sizeof(lookup.signature.bytes));
    if (lookup.metadata.count > METADATA_BYTES_MAX || !unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    memcpy(lookup.signature.bytes, signature.data, sizeof(lookup.signature.bytes));
    *ret_lookup = lookup;
    return STATUS_OK;
}
