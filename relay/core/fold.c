/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/fold.h"

#include "relay/base/pack.h"
#include "relay/core/lane/lane_rows.h"

/* The fixed fields of a command are packed here before they are folded in one go. */
#define FOLD_BYTES_MAX 640u

struct fold {
    struct sha2 *sha2;
    struct packer packer;
    uint8_t memory[FOLD_BYTES_MAX];
};

/* Variable bytes, after everything that was packed so far. */
static void fold_bytes(struct fold *fold, struct bytes bytes)
{
    pack_u64(&fold->packer, bytes.count);
    sha2_update(fold->sha2, packer_finish(&fold->packer));
    fold->packer = packer_from(fold->memory, sizeof(fold->memory));
    sha2_update(fold->sha2, bytes);
}

static void fold_signature(struct fold *fold, const struct signature *signature)
{
    pack_raw(&fold->packer, bytes_from(signature->bytes, sizeof(signature->bytes)));
}

static void fold_checkpoint(struct fold *fold, const struct checkpoint *checkpoint)
{
    pack_hash(&fold->packer, &checkpoint->root);
    pack_u32(&fold->packer, checkpoint->index);
    pack_hash(&fold->packer, &checkpoint->message_id);
}

static void fold_block(struct fold *fold, uint64_t number, const struct hash *hash)
{
    pack_u64(&fold->packer, number);
    pack_hash(&fold->packer, hash);
}

static void fold_leg(struct fold *fold, const struct leg *leg)
{
    struct packer *packer = &fold->packer;

    pack_hash(packer, &leg->id);
    pack_u8(packer, (uint8_t)leg->kind);
    pack_u32(packer, leg->domain);
    pack_address(packer, &leg->key);
    leg_fields_pack(leg, packer);
    switch (leg->kind) {
    case LEG_PROCESS:
        fold_bytes(fold, leg->process.message);
        fold_bytes(fold, leg->process.metadata);
        break;
    case LEG_ANNOUNCE:
        fold_bytes(fold, leg->announce.location);
        break;
    case LEG_BATCH:
        fold_bytes(fold, leg->batch.deliveries);
        break;
    case LEG_REBALANCE:
    case LEG_CANCEL:
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        break;
    }
}

static void fold_intent(struct fold *fold, const struct intent *intent)
{
    struct packer *packer = &fold->packer;

    pack_hash(packer, &intent->leg_id);
    pack_u32(packer, intent->attempt);
    pack_u32(packer, intent->domain);
    pack_address(packer, &intent->key);
    pack_u64(packer, intent->nonce);
    pack_u64(packer, intent->gas_limit);
    pack_amount(packer, &intent->fee_per_gas_max);
    pack_amount(packer, &intent->priority_fee_per_gas);
    pack_amount(packer, &intent->value);
    pack_hash(packer, &intent->payload_digest);
    pack_bool(packer, intent->is_legacy);
}

static void fold_watch(struct fold *fold, const struct watch *watch)
{
    pack_u64(&fold->packer, watch->from_block);
    pack_bool(&fold->packer, watch->may_pass);
    pack_u64(&fold->packer, watch->past_first);
    pack_u64(&fold->packer, watch->past_last);
    pack_u64(&fold->packer, watch->calls_day);
    for (uint32_t i = 0; i < ENDPOINTS_PER_CHAIN_MAX; i++) {
        pack_u64(&fold->packer, watch->calls_spent[i]);
    }
}

static void fold_question(struct fold *fold, const struct command *command)
{
    struct packer *packer = &fold->packer;

    if (command->kind == COMMAND_READ_SECURITY) {
        pack_hash(packer, &command->read_security.message_id);
        fold_bytes(fold, command->read_security.message);
        return;
    }
    pack_address(packer, &command->fetch_checkpoint.validator);
    pack_u32(packer, command->fetch_checkpoint.index);
    pack_hash(packer, &command->fetch_checkpoint.message_id);
    fold_bytes(fold, command->fetch_checkpoint.location);
}

static void fold_lookup(struct fold *fold, const struct command *command)
{
    struct packer *packer = &fold->packer;

    if (command->kind == COMMAND_READ_LOOKUP) {
        pack_hash(packer, &command->read_lookup.message_id);
        pack_address(packer, &command->read_lookup.module);
        fold_bytes(fold, command->read_lookup.message);
        return;
    }
    if (command->kind == COMMAND_SIGN_LOOKUP) {
        pack_hash(packer, &command->sign_lookup.message_id);
        pack_address(packer, &command->sign_lookup.module);
        pack_address(packer, &command->sign_lookup.key);
        pack_address(packer, &command->sign_lookup.sender);
        fold_bytes(fold, command->sign_lookup.url);
        fold_bytes(fold, command->sign_lookup.call_data);
        return;
    }
    pack_hash(packer, &command->fetch_lookup.message_id);
    pack_address(packer, &command->fetch_lookup.module);
    pack_address(packer, &command->fetch_lookup.sender);
    pack_hash(packer, &command->fetch_lookup.dispatch_transaction);
    fold_bytes(fold, command->fetch_lookup.urls);
    fold_bytes(fold, command->fetch_lookup.call_data);
    fold_signature(fold, &command->fetch_lookup.signature);
}

static void fold_publication(struct fold *fold, const struct command *command)
{
    struct packer *packer = &fold->packer;

    if (command->kind == COMMAND_PUBLISH_CHECKPOINT) {
        pack_address(packer, &command->publish_checkpoint.validator);
        fold_checkpoint(fold, &command->publish_checkpoint.checkpoint);
        fold_signature(fold, &command->publish_checkpoint.signature);
        return;
    }
    if (command->kind == COMMAND_PUBLISH_REORG) {
        pack_address(packer, &command->publish_reorg.validator);
        pack_hash(packer, &command->publish_reorg.local_root);
        pack_hash(packer, &command->publish_reorg.canonical_root);
        pack_u32(packer, command->publish_reorg.index);
        pack_u64(packer, command->publish_reorg.time_s);
        return;
    }
    pack_address(packer, &command->publish_announcement.validator);
    fold_signature(fold, &command->publish_announcement.signature);
    fold_bytes(fold, command->publish_announcement.location);
}

static void fold_follow(struct packer *packer, const struct command *command)
{
    pack_hash(packer, &command->follow.leg_id);
    pack_hash(packer, &command->follow.transaction);
    pack_address(packer, &command->follow.key);
    pack_u64(packer, command->follow.nonce);
}

static void fold_note(struct fold *fold, const struct command *command)
{
    pack_u8(&fold->packer, (uint8_t)command->note.level);
    pack_hash(&fold->packer, &command->note.subject);
    pack_u32(&fold->packer, command->note.reason);
    fold_bytes(fold, command->note.text);
}

static void fold_body(struct fold *fold, const struct command *command)
{
    struct packer *packer = &fold->packer;

    switch (command->kind) {
    case COMMAND_WATCH:
        fold_watch(fold, &command->watch);
        break;
    case COMMAND_READ_SECURITY:
    case COMMAND_FETCH_CHECKPOINT:
        fold_question(fold, command);
        break;
    case COMMAND_READ_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_SIGN_LOOKUP:
        fold_lookup(fold, command);
        break;
    case COMMAND_READ_STORAGE:
        pack_address(packer, &command->read_storage.validator);
        break;
    case COMMAND_PREPARE:
        fold_leg(fold, &command->prepare);
        break;
    case COMMAND_SEND:
        fold_leg(fold, &command->send.leg);
        fold_intent(fold, &command->send.intent);
        break;
    case COMMAND_BROADCAST:
        pack_hash(packer, &command->broadcast.leg_id);
        pack_hash(packer, &command->broadcast.transaction);
        break;
    case COMMAND_FOLLOW:
        fold_follow(packer, command);
        break;
    case COMMAND_READ_LANE:
        pack_address(packer, &command->read_lane.key);
        break;
    case COMMAND_READ_POSITIONS:
        fold_block(fold, command->read_positions.block_number, &command->read_positions.block_hash);
        break;
    case COMMAND_READ_TREE:
        fold_block(fold, command->read_tree.block_number, &command->read_tree.block_hash);
        pack_bool(packer, command->read_tree.everyone);
        pack_bool(packer, command->read_tree.with_branch);
        break;
    case COMMAND_SIGN_CHECKPOINT:
        fold_checkpoint(fold, &command->sign_checkpoint);
        break;
    case COMMAND_SIGN_ANNOUNCEMENT:
        pack_address(packer, &command->sign_announcement.validator);
        fold_bytes(fold, command->sign_announcement.location);
        break;
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PUBLISH_REORG:
        fold_publication(fold, command);
        break;
    case COMMAND_PLAN:
        /* The id is the network's digest. */
        pack_hash(packer, &command->plan.plan_id);
        break;
    case COMMAND_WAKE:
        pack_instant(packer, command->wake.at);
        break;
    case COMMAND_NOTE:
        fold_note(fold, command);
        break;
    }
}

void fold_command(struct sha2 *sha2, const struct command *command)
{
    struct fold fold;

    fold.sha2 = sha2;
    fold.packer = packer_from(fold.memory, sizeof(fold.memory));
    pack_u8(&fold.packer, (uint8_t)command->kind);
    pack_u32(&fold.packer, command->domain);
    fold_body(&fold, command);
    sha2_update(sha2, packer_finish(&fold.packer));
}
