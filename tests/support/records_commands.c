/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: written field by field against command.h, as events are in records.c. */
#include "tests/support/records.h"

#include "tests/support/records_internal.h"

static void make_hub_leg(struct maker *maker, struct leg *leg)
{
    leg->hub.verb = (enum hub_verb)one_of(maker, HUB_CLOSE, HUB_PAY);
    leg->hub.contract = address(maker);
    leg->hub.domain = u32(maker);
    leg->hub.asset = hash(maker);
    leg->hub.token = address(maker);
    leg->hub.amount = amount(maker);
    leg->hub.value = amount(maker);
    leg->hub.mandate = hash(maker);
    leg->hub.deadline_s = u64(maker);
}

static void make_leg(struct maker *maker, enum leg_kind kind, struct leg *leg)
{
    leg->id = hash(maker);
    leg->kind = kind;
    leg->domain = u32(maker);
    leg->key = address(maker);
    switch (kind) {
    case LEG_PROCESS:
        leg->process.message_id = hash(maker);
        leg->process.message = run(maker, MESSAGE_BYTES_MAX);
        leg->process.metadata = run(maker, METADATA_BYTES_MAX);
        return;
    case LEG_REBALANCE:
        leg->rebalance.router = address(maker);
        leg->rebalance.bridge = address(maker);
        leg->rebalance.destination = u32(maker);
        leg->rebalance.amount = amount(maker);
        leg->rebalance.fee_native_max = amount(maker);
        leg->rebalance.fee_token_max = amount(maker);
        leg->rebalance.guard = address(maker);
        leg->rebalance.mandate = hash(maker);
        leg->rebalance.deadline_s = u64(maker);
        return;
    case LEG_ANNOUNCE:
        leg->announce.validator = address(maker);
        leg->announce.location = run(maker, LOCATION_BYTES_MAX);
        leg->announce.signature = signature(maker);
        return;
    case LEG_CANCEL:
        return;
    case LEG_BATCH:
        leg->batch.contract = address(maker);
        leg->batch.deliveries = run(maker, DELIVERIES_BYTES_MAX);
        return;
    case LEG_VENUE:
        leg->venue.verb = (enum venue_verb)one_of(maker, VENUE_DEPOSIT, VENUE_REPAY);
        leg->venue.spoke = address(maker);
        leg->venue.index = u32(maker);
        leg->venue.amount = amount(maker);
        leg->venue.mandate = hash(maker);
        leg->venue.deadline_s = u64(maker);
        return;
    case LEG_CROSSING:
        leg->crossing.spoke = address(maker);
        leg->crossing.bridge = address(maker);
        leg->crossing.destination = u32(maker);
        leg->crossing.token = address(maker);
        leg->crossing.amount = amount(maker);
        leg->crossing.fee_native_max = amount(maker);
        leg->crossing.fee_token_max = amount(maker);
        leg->crossing.mandate = hash(maker);
        leg->crossing.deadline_s = u64(maker);
        return;
    case LEG_SETTLE:
        leg->settle.spoke = address(maker);
        leg->settle.origin = u32(maker);
        leg->settle.token = address(maker);
        return;
    case LEG_HUB:
        make_hub_leg(maker, leg);
        return;
    }
    CHECK(false);
}

static void make_sign_lookup(struct maker *maker, struct command *command)
{
    command->sign_lookup.message_id = hash(maker);
    command->sign_lookup.module = address(maker);
    command->sign_lookup.key = address(maker);
    command->sign_lookup.sender = address(maker);
    command->sign_lookup.url = run(maker, LOOKUP_URL_BYTES_MAX);
    command->sign_lookup.call_data = run(maker, LOOKUP_DATA_BYTES_MAX);
}

static void make_intent(struct maker *maker, struct intent *intent)
{
    intent->leg_id = hash(maker);
    intent->attempt = u32(maker);
    intent->domain = u32(maker);
    intent->key = address(maker);
    intent->nonce = u64(maker);
    intent->gas_limit = u64(maker);
    intent->fee_per_gas_max = amount(maker);
    intent->priority_fee_per_gas = amount(maker);
    intent->value = amount(maker);
    intent->payload_digest = hash(maker);
    intent->is_legacy = coin(maker);
}

void maker_command(struct maker *maker, enum command_kind kind, enum leg_kind leg,
                   struct command *ret_command)
{
    struct command *command = ret_command;

    memset(command, 0, sizeof(*command));
    command->kind = kind;
    command->domain = u32(maker);
    switch (kind) {
    case COMMAND_SEND:
        make_leg(maker, leg, &command->send.leg);
        make_intent(maker, &command->send.intent);
        return;
    case COMMAND_BROADCAST:
        command->broadcast.leg_id = hash(maker);
        command->broadcast.transaction = hash(maker);
        return;
    case COMMAND_SIGN_CHECKPOINT:
        command->sign_checkpoint = checkpoint(maker);
        return;
    case COMMAND_SIGN_ANNOUNCEMENT:
        command->sign_announcement.validator = address(maker);
        command->sign_announcement.location = run(maker, LOCATION_BYTES_MAX);
        return;
    case COMMAND_SIGN_LOOKUP:
        make_sign_lookup(maker, command);
        return;
    case COMMAND_PUBLISH_CHECKPOINT:
        command->publish_checkpoint.validator = address(maker);
        command->publish_checkpoint.checkpoint = checkpoint(maker);
        command->publish_checkpoint.signature = signature(maker);
        return;
    case COMMAND_PUBLISH_ANNOUNCEMENT:
        command->publish_announcement.validator = address(maker);
        command->publish_announcement.location = run(maker, LOCATION_BYTES_MAX);
        command->publish_announcement.signature = signature(maker);
        return;
    case COMMAND_PUBLISH_REORG:
        command->publish_reorg.validator = address(maker);
        command->publish_reorg.local_root = hash(maker);
        command->publish_reorg.canonical_root = hash(maker);
        command->publish_reorg.index = u32(maker);
        command->publish_reorg.time_s = u32(maker);
        return;
    case COMMAND_PLAN:
        command->plan.plan_id = hash(maker);
        command->plan.network = run(maker, 300000);
        return;
    case COMMAND_NOTE:
        command->note.level = (enum note_level)one_of(maker, NOTE_INFO, NOTE_ALARM);
        command->note.subject = hash(maker);
        command->note.reason = u32(maker);
        command->note.text = run(maker, REASON_BYTES_MAX);
        return;
    case COMMAND_WATCH:
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_READ_LOOKUP:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PREPARE:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
    case COMMAND_WAKE:
        break;
    }
    CHECK(false);
}
