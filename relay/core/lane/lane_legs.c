/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/lane/lane_legs.c: legs as their owners see them: asked for, forgotten, found by a
 * transaction, put together into a batch and ended with it. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/lane/lane_internal.h"

/* ---- legs before they have a nonce ---- */

bool lane_leg_kind(struct step *step, const struct hash *leg_id, enum leg_kind *ret_kind)
{
    struct leg_row leg;

    if (!leg_get(step, leg_id, &leg)) {
        return false;
    }
    *ret_kind = leg.leg.kind;
    return true;
}

void lane_ask(struct step *step, const struct leg *leg)
{
    struct leg_row row;
    struct leg whole;

    memset(&row, 0, sizeof(row));
    row.state = LEG_STATE_ASKED;
    row.leg = *leg;
    leg_put(step, &row);
    if (leg_whole(step, &leg->id, &whole)) {
        step_command(step, COMMAND_PREPARE, leg->domain)->prepare = whole;
    }
}

bool lane_ask_again(struct step *step, const struct hash *leg_id)
{
    struct leg_row row;
    struct leg whole;

    if (!leg_get(step, leg_id, &row) || row.state != LEG_STATE_ASKED ||
        !leg_whole(step, leg_id, &whole)) {
        return false;
    }
    step_command(step, COMMAND_PREPARE, whole.domain)->prepare = whole;
    return true;
}

bool lane_leg(struct step *step, const struct hash *leg_id, struct leg *ret_leg)
{
    struct leg_row row;

    if (!leg_get(step, leg_id, &row) || row.state != LEG_STATE_ASKED) {
        return false;
    }
    *ret_leg = row.leg;
    return true;
}

bool lane_leg_message(struct step *step, const struct hash *leg_id, struct hash *ret_message_id)
{
    struct leg_row row;

    if (!leg_get(step, leg_id, &row) || row.leg.kind != LEG_PROCESS) {
        return false;
    }
    *ret_message_id = row.leg.process.message_id;
    return true;
}

bool lane_leg_has(struct step *step, const struct hash *leg_id, const struct hash *transaction)
{
    struct intent_row intent;
    struct leg_row row;
    struct lane lane;

    if (!leg_get(step, leg_id, &row)) {
        return false;
    }
    if (row.state == LEG_STATE_BATCHED) {
        const struct hash batch = row.batch;
        if (!leg_get(step, &batch, &row)) {
            return false;
        }
    }
    if (row.state != LEG_STATE_OPEN) {
        return hash_equal(&row.transaction, transaction);
    }
    if (!lane_get(step, row.leg.domain, &row.leg.key, &lane) ||
        !intent_get(step, &lane, row.nonce, &intent)) {
        return false;
    }
    for (uint32_t i = 0; i < intent.attempts_count; i++) {
        if (hash_equal(&intent.attempts[i].transaction, transaction)) {
            return true;
        }
    }
    return false;
}

void lane_forget(struct step *step, const struct hash *leg_id)
{
    uint8_t memory[LEG_KEY_BYTES];
    struct leg_row leg;

    if (leg_get(step, leg_id, &leg) && leg.state == LEG_STATE_ASKED) {
        step_delete(step, leg_key(memory, leg_id));
    }
}

/* ---- legs that go together ---- */

bool lane_is_batched(struct step *step, const struct hash *leg_id, struct hash *ret_batch)
{
    struct leg_row leg;

    if (!leg_get(step, leg_id, &leg) || leg.state != LEG_STATE_BATCHED) {
        return false;
    }
    *ret_batch = leg.batch;
    return true;
}

void lane_join(struct step *step, const struct hash *batch, const struct hash *leg_id)
{
    struct leg_row leg;

    if (leg_get(step, leg_id, &leg)) {
        CHECK(leg.state == LEG_STATE_ASKED);
        CHECK(leg.leg.kind == LEG_PROCESS);
        leg.state = LEG_STATE_BATCHED;
        leg.batch = *batch;
        leg_put(step, &leg);
    }
}

void lane_part(struct step *step, const struct hash *leg_id)
{
    struct leg_row leg;

    if (leg_get(step, leg_id, &leg) && leg.state == LEG_STATE_BATCHED) {
        leg.state = LEG_STATE_ASKED;
        leg_put(step, &leg);
    }
}

void lane_end_member(struct step *step, const struct hash *leg_id, const struct hash *batch_id)
{
    struct leg_row batch;
    struct leg_row leg;

    if (!leg_get(step, batch_id, &batch) || !leg_get(step, leg_id, &leg)) {
        return;
    }
    CHECK(leg.state == LEG_STATE_BATCHED);
    CHECK(batch.state > LEG_STATE_OPEN);
    leg.state = batch.state;
    leg.transaction = batch.transaction;
    leg.block_number = batch.block_number;
    leg_put(step, &leg);
}

bool lane_member_ended(struct step *step, const struct hash *leg_id, bool *ret_refused,
                       enum leg_end *ret_end)
{
    struct leg_row leg;

    if (!leg_get(step, leg_id, &leg)) {
        return false;
    }
    *ret_refused = leg.state == LEG_STATE_REFUSED;
    switch (leg.state) {
    case LEG_STATE_SUCCEEDED:
        *ret_end = LEG_SUCCEEDED;
        return true;
    case LEG_STATE_REVERTED:
        *ret_end = LEG_REVERTED;
        return true;
    case LEG_STATE_VOID:
    case LEG_STATE_REFUSED:
        *ret_end = LEG_VOID;
        return true;
    case LEG_STATE_ASKED:
    case LEG_STATE_OPEN:
    case LEG_STATE_BATCHED:
        break;
    }
    return false;
}
