/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/copy.h"

#include <string.h>

#include "relay/base/check.h"

#define POINTERS_MAX 2u

static uint32_t leg_pointers(struct leg *leg, struct bytes *ret_pointers[POINTERS_MAX])
{
    switch (leg->kind) {
    case LEG_PROCESS:
        ret_pointers[0] = &leg->process.message;
        ret_pointers[1] = &leg->process.metadata;
        return 2;
    case LEG_ANNOUNCE:
        ret_pointers[0] = &leg->announce.location;
        return 1;
    case LEG_BATCH:
        ret_pointers[0] = &leg->batch.deliveries;
        return 1;
    case LEG_REBALANCE:
    case LEG_CANCEL:
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        return 0;
    }
    CHECK(false);
    return 0;
}

/* The places inside a command that point outside of it. */
static uint32_t command_pointers(struct command *command, struct bytes *ret_pointers[POINTERS_MAX])
{
    switch (command->kind) {
    case COMMAND_READ_SECURITY:
        ret_pointers[0] = &command->read_security.message;
        return 1;
    case COMMAND_READ_LOOKUP:
        ret_pointers[0] = &command->read_lookup.message;
        return 1;
    case COMMAND_FETCH_LOOKUP:
        ret_pointers[0] = &command->fetch_lookup.urls;
        ret_pointers[1] = &command->fetch_lookup.call_data;
        return 2;
    case COMMAND_SIGN_LOOKUP:
        ret_pointers[0] = &command->sign_lookup.url;
        ret_pointers[1] = &command->sign_lookup.call_data;
        return 2;
    case COMMAND_FETCH_CHECKPOINT:
        ret_pointers[0] = &command->fetch_checkpoint.location;
        return 1;
    case COMMAND_PREPARE:
        return leg_pointers(&command->prepare, ret_pointers);
    case COMMAND_SEND:
        return leg_pointers(&command->send.leg, ret_pointers);
    case COMMAND_SIGN_ANNOUNCEMENT:
        ret_pointers[0] = &command->sign_announcement.location;
        return 1;
    case COMMAND_PUBLISH_ANNOUNCEMENT:
        ret_pointers[0] = &command->publish_announcement.location;
        return 1;
    case COMMAND_PLAN:
        ret_pointers[0] = &command->plan.network;
        return 1;
    case COMMAND_NOTE:
        ret_pointers[0] = &command->note.text;
        return 1;
    case COMMAND_WATCH:
    case COMMAND_READ_STORAGE:
    case COMMAND_BROADCAST:
    case COMMAND_FOLLOW:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_READ_TREE:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_WAKE:
        return 0;
    }
    CHECK(false);
    return 0;
}

bool copy_command(struct queue *queue, const struct command *command, uint64_t generation)
{
    struct command copy = *command;
    struct bytes *pointers[POINTERS_MAX];
    const uint32_t pointers_count = command_pointers(&copy, pointers);
    size_t bytes = 0;
    for (uint32_t i = 0; i < pointers_count; i++) {
        bytes += pointers[i]->count;
    }
    struct held_command *held = queue_push(queue, sizeof(*held) + bytes);
    if (held == NULL) {
        return false;
    }
    uint8_t *next = (uint8_t *)(held + 1);
    for (uint32_t i = 0; i < pointers_count; i++) {
        if (pointers[i]->count > 0) {
            memcpy(next, pointers[i]->data, pointers[i]->count);
        }
        pointers[i]->data = next;
        next += pointers[i]->count;
    }
    *held = (struct held_command){.command = copy, .generation = generation};
    return true;
}

static struct bytes *event_reason(struct event *event)
{
    switch (event->kind) {
    case EVENT_CHECKPOINT:
    case EVENT_PUBLISHED:
    case EVENT_LOOKUP_ANSWER:
        return NULL;
    case EVENT_CHECKPOINT_SIGNED:
        return &event->checkpoint_signed.reason;
    case EVENT_ANNOUNCEMENT_SIGNED:
        return &event->announcement_signed.reason;
    case EVENT_LOOKUP_SIGNED:
        return &event->lookup_signed.reason;
    case EVENT_PLANNED:
        return &event->planned.reason;
    case EVENT_OPERATOR:
        return &event->operator_.reason;
    case EVENT_STOP:
        return &event->stop.reason;
    case EVENT_START:
    case EVENT_WAKE:
    case EVENT_FACT:
    case EVENT_BLOCK:
    case EVENT_FINAL:
    case EVENT_SECURITY:
    case EVENT_STORAGE:
    case EVENT_LOOKUP:
    case EVENT_PREPARED:
    case EVENT_SIGNED:
    case EVENT_SUBMITTED:
    case EVENT_RECEIPT:
    case EVENT_LANE:
    case EVENT_POSITIONS:
    case EVENT_TREE:
    case EVENT_ENDPOINT:
    case EVENT_DISSENT:
    case EVENT_QUORUM:
    case EVENT_CALLS:
    case EVENT_PASSED:
    case EVENT_PAST_FACT:
    case EVENT_PAST_BLOCK:
        break;
    }
    CHECK(false);
    return NULL;
}

/* Larger bytes that an event carries; NULL: none. */
static struct bytes *event_proof(struct event *event)
{
    if (event->kind == EVENT_PLANNED) {
        return &event->planned.proof;
    }
    return event->kind == EVENT_LOOKUP_ANSWER ? &event->lookup_answer.metadata : NULL;
}

bool copy_event(struct queue *queue, const struct event *event, uint64_t ticket)
{
    struct event copy = *event;
    struct bytes *reason = event_reason(&copy);
    const size_t reason_bytes = reason == NULL ? 0 : reason->count;
    const size_t moves_bytes =
        copy.kind == EVENT_PLANNED ? copy.planned.moves_count * sizeof(struct planned_move) : 0;
    struct bytes *proof = event_proof(&copy);
    const size_t proof_bytes = proof == NULL ? 0 : proof->count;
    CHECK(reason_bytes <= REASON_BYTES_MAX);
    CHECK(proof_bytes <= PLAN_PROOF_BYTES_MAX);
    CHECK(moves_bytes <= MOVES_PER_PLAN_MAX * sizeof(struct planned_move));
    struct held_event *held =
        queue_push(queue, sizeof(*held) + moves_bytes + proof_bytes + reason_bytes);
    if (held == NULL) {
        return false;
    }
    uint8_t *next = (uint8_t *)(held + 1);
    if (moves_bytes > 0) {
        memcpy(next, copy.planned.moves, moves_bytes);
        copy.planned.moves = (const struct planned_move *)(const void *)next;
        next += moves_bytes;
    }
    if (proof_bytes > 0) {
        memcpy(next, proof->data, proof_bytes);
        proof->data = next;
        next += proof_bytes;
    }
    if (reason_bytes > 0) {
        memcpy(next, reason->data, reason_bytes);
        reason->data = next;
    }
    *held = (struct held_event){.event = copy, .ticket = ticket};
    return true;
}
