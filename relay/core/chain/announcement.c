/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/chain/announcement.c: telling the origin where our checkpoints are.
 *
 *   start -> signing -> asking --found--> done
 *                         ^  +-not found-> preparing -> sent -+
 *                         +------------ reverted, refused <---+ (and after success, to see it)
 *
 * The signed announcement is also written to our store at every start, as readers expect it. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/lane/lane_rows.h"
#include "relay/core/tables.h"
#include "relay/core/tree/tree_internal.h"

#define ANNOUNCEMENT_FAILED_WAIT DURATION_MS(10000)

static struct bytes location_of(const struct core_chain *config)
{
    return bytes_from(config->storage_location,
                      strnlen(config->storage_location, sizeof(config->storage_location)));
}

/* ---- rows ---- */

static bool announcement_get(struct step *step, uint32_t domain, struct announcement_row *ret_row)
{
    uint8_t key[TREE_KEY_BYTES];
    struct bytes value;

    if (!step_get(step, tree_key(key, domain, TREE_ANNOUNCEMENT), &value)) {
        return false;
    }
    if (announcement_row_unpack(value, ret_row) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void announcement_put(struct step *step, uint32_t domain, const struct announcement_row *row)
{
    uint8_t key[TREE_KEY_BYTES];
    uint8_t memory[ANNOUNCEMENT_ROW_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    announcement_row_pack(row, &packer);
    step_put(step, tree_key(key, domain, TREE_ANNOUNCEMENT), packer_finish(&packer));
}

/* Writes the row and asks to be called when it says so. */
static void announcement_wait(struct step *step, uint32_t domain, struct announcement_row *row,
                              struct duration wait)
{
    row->act_at = instant_after(step->now, wait);
    announcement_put(step, domain, row);
    tree_schedule(step, domain, row->act_at);
}

static void go_to(struct step *step, uint32_t domain, struct announcement_row *row,
                  enum announcement_state state, enum reason reason, struct duration wait)
{
    row->state = state;
    row->reason = reason;
    announcement_wait(step, domain, row, wait);
}

/* ---- acts ---- */

void announcement_start(struct step *step, const struct core_chain *config)
{
    struct announcement_row row;

    memset(&row, 0, sizeof(row));
    (void)announcement_get(step, config->domain, &row);
    /* A leg of ours that is under way goes on; all else is asked anew. */
    if (row.state != ANNOUNCEMENT_SENT) {
        row.state = ANNOUNCEMENT_SIGNING;
    }
    row.published = false;
    row.reason = REASON_NONE;
    row.act_at = step->now;
    announcement_put(step, config->domain, &row);
}

static struct hash announcement_leg_id(const struct step *step, const struct core_chain *config,
                                       uint32_t legs_count)
{
    uint8_t memory[64 + LOCATION_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string("announce"));
    pack_u32(&packer, config->domain);
    pack_address(&packer, &step->config->validator);
    pack_u32(&packer, legs_count);
    pack_raw(&packer, location_of(config));
    return sha2_of(packer_finish(&packer));
}

static void ask_to_sign(struct step *step, const struct core_chain *config)
{
    struct command *command = step_command(step, COMMAND_SIGN_ANNOUNCEMENT, config->domain);

    command->sign_announcement.validator = step->config->validator;
    command->sign_announcement.location = step_keep(step, location_of(config));
}

void announcement_work(struct step *step, const struct core_chain *config)
{
    struct announcement_row row;

    if (!announcement_get(step, config->domain, &row)) {
        return;
    }
    if (row.state == ANNOUNCEMENT_SENT || (row.state == ANNOUNCEMENT_DONE && row.published)) {
        return;
    }
    if (!instant_is_past(row.act_at, step->now)) {
        tree_schedule(step, config->domain, row.act_at);
        return;
    }
    switch (row.state) {
    case ANNOUNCEMENT_SIGNING:
    case ANNOUNCEMENT_DONE: /* announced, and not in our store yet */
        ask_to_sign(step, config);
        break;
    case ANNOUNCEMENT_ASKING:
        step_command(step, COMMAND_READ_STORAGE, config->domain)->read_storage.validator =
            step->config->validator;
        break;
    case ANNOUNCEMENT_PREPARING: {
        const struct hash leg_id = announcement_leg_id(step, config, row.legs_count);
        if (!lane_ask_again(step, &leg_id)) {
            go_to(step, config->domain, &row, ANNOUNCEMENT_SIGNING, REASON_NONE, TREE_ANSWER_WAIT);
            return;
        }
        break;
    }
    case ANNOUNCEMENT_SENT:
        break;
    }
    announcement_wait(step, config->domain, &row, TREE_ANSWER_WAIT);
}

/* ---- answers ---- */

void announcement_on_signed(struct step *step, const struct event *event)
{
    const struct core_chain *config = tree_validated(step, event->domain);
    struct announcement_row row;
    struct address signer;

    if (config == NULL || !announcement_get(step, event->domain, &row) ||
        event->announcement_signed.outcome != OUTCOME_OK) {
        return; /* asked again when overdue */
    }
    const struct bytes location = location_of(config);
    const struct hash digest = announcement_digest(config->domain, &config->mailbox, location);
    if (signature_recover(&digest, &event->announcement_signed.signature, &signer) != STATUS_OK ||
        !address_equal(&signer, &step->config->validator)) {
        return;
    }
    row.signature = event->announcement_signed.signature;
    if (!row.published) {
        struct command *command = step_command(step, COMMAND_PUBLISH_ANNOUNCEMENT, config->domain);
        command->publish_announcement.validator = step->config->validator;
        command->publish_announcement.location = step_keep(step, location);
        command->publish_announcement.signature = row.signature;
    }
    if (row.state == ANNOUNCEMENT_SIGNING) {
        go_to(step, config->domain, &row, ANNOUNCEMENT_ASKING, REASON_NONE, DURATION_MS(0));
    } else {
        announcement_put(step, config->domain, &row);
    }
}

void announcement_on_published(struct step *step, const struct core_chain *config,
                               const struct event *event)
{
    struct announcement_row row;

    if (event->published.outcome == OUTCOME_OK && announcement_get(step, config->domain, &row)) {
        row.published = true;
        announcement_put(step, config->domain, &row);
    }
}

static bool is_announced(const struct core_chain *config, const struct event *event)
{
    for (uint32_t i = 0; i < event->storage.locations_count; i++) {
        if (bytes_equal(event->storage.locations[i], location_of(config))) {
            return true;
        }
    }
    return false;
}

static void ask_to_prepare(struct step *step, const struct core_chain *config,
                           struct announcement_row *row)
{
    struct leg leg;

    if (address_is_zero(&config->key)) {
        go_to(step, config->domain, row, ANNOUNCEMENT_ASKING, REASON_NO_KEY, DURATION_MS(60000));
        return;
    }
    memset(&leg, 0, sizeof(leg));
    leg.id = announcement_leg_id(step, config, row->legs_count);
    leg.kind = LEG_ANNOUNCE;
    leg.domain = config->domain;
    leg.key = config->key;
    leg.announce.validator = step->config->validator;
    leg.announce.location = location_of(config);
    leg.announce.signature = row->signature;
    lane_ask(step, &leg);
    go_to(step, config->domain, row, ANNOUNCEMENT_PREPARING, REASON_AWAITING_SIMULATION,
          TREE_ANSWER_WAIT);
}

void tree_on_storage(struct step *step, const struct event *event)
{
    const struct core_chain *config = tree_validated(step, event->domain);
    struct announcement_row row;

    if (config == NULL || !address_equal(&event->storage.validator, &step->config->validator) ||
        !announcement_get(step, event->domain, &row) || row.state != ANNOUNCEMENT_ASKING ||
        (event->storage.outcome != OUTCOME_OK && event->storage.outcome != OUTCOME_ABSENT)) {
        return; /* asked again when overdue */
    }
    if (event->storage.outcome == OUTCOME_OK && is_announced(config, event)) {
        step_note(step, NOTE_INFO, config->domain, NULL, REASON_ANNOUNCED, NULL);
        go_to(step, config->domain, &row, ANNOUNCEMENT_DONE, REASON_NONE, TREE_ANSWER_WAIT);
        return;
    }
    ask_to_prepare(step, config, &row);
}

/* The row whose current leg this is. */
static const struct core_chain *find_leg(struct step *step, uint32_t domain,
                                         const struct hash *leg_id,
                                         struct announcement_row *ret_row)
{
    const struct core_chain *config = tree_validated(step, domain);

    if (config == NULL || !announcement_get(step, domain, ret_row)) {
        return NULL;
    }
    const struct hash own = announcement_leg_id(step, config, ret_row->legs_count);
    return hash_equal(&own, leg_id) ? config : NULL;
}

void tree_on_prepared(struct step *step, const struct event *event)
{
    struct announcement_row row;
    struct leg leg;
    const struct core_chain *config = find_leg(step, event->domain, &event->prepared.leg_id, &row);

    if (config == NULL || row.state != ANNOUNCEMENT_PREPARING ||
        !lane_leg(step, &event->prepared.leg_id, &leg)) {
        return;
    }
    switch (event->prepared.outcome) {
    case OUTCOME_OK: {
        const enum reason reason = lane_offer(step, &leg, event);
        if (reason == REASON_NONE) {
            row.state = ANNOUNCEMENT_SENT;
            row.reason = REASON_AWAITING_INCLUSION;
            announcement_put(step, config->domain, &row);
        } else {
            /* Prepared anew when the lane may have room. */
            go_to(step, config->domain, &row, ANNOUNCEMENT_PREPARING, reason, TREE_ANSWER_WAIT);
        }
        break;
    }
    case OUTCOME_REFUSED: /* perhaps it is announced already: the chain is asked again */
        lane_forget(step, &leg.id);
        row.legs_count++;
        go_to(step, config->domain, &row, ANNOUNCEMENT_ASKING, REASON_SIMULATION_REVERTED,
              ANNOUNCEMENT_FAILED_WAIT);
        break;
    case OUTCOME_ABSENT:
    case OUTCOME_UNKNOWN:
        break; /* asked again when overdue */
    }
}

/* Whatever became of the leg, the chain says whether we are announced. */
static void ask_again(struct step *step, uint32_t domain, const struct hash *leg_id,
                      enum reason reason, struct duration wait)
{
    struct announcement_row row;
    const struct core_chain *config = find_leg(step, domain, leg_id, &row);

    if (config != NULL && row.state == ANNOUNCEMENT_SENT) {
        row.legs_count++;
        go_to(step, config->domain, &row, ANNOUNCEMENT_ASKING, reason, wait);
    }
}

void tree_on_leg_end(struct step *step, const struct hash *leg_id, enum leg_end end,
                     const struct event *receipt)
{
    const bool is_good = end == LEG_SUCCEEDED;

    CHECK(receipt->kind == EVENT_RECEIPT);
    ask_again(step, receipt->domain, leg_id, is_good ? REASON_NONE : REASON_TRANSACTION_REVERTED,
              is_good ? DURATION_MS(0) : ANNOUNCEMENT_FAILED_WAIT);
}

void tree_on_leg_refused(struct step *step, uint32_t domain, const struct hash *leg_id)
{
    ask_again(step, domain, leg_id, REASON_SIGNER_REFUSED, DURATION_MS(60000));
}
