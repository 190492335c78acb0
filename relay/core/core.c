/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/core.c: one step: routes the event, works off what is due, folds the digest.
 *
 * TABLE_META, one row: core version u32, digest, instants of the last step, of the wake that was
 * asked for and of the last start, paused, records of the journal so far. It is written by every
 * step and is not part of the digest it holds.
 *
 * The due queue is read from step->due_floor on, so rows that were already worked off, and are only
 * not durable yet, are not walked again. */
#include "relay/core/core.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/core/config_rows.h"
#include "relay/core/fold.h"
#include "relay/core/step.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define META_BYTES        (4 + 32 + 8 + 8 + 8 + 1 + 8)
#define DUE_PER_STEP_MAX  64u
#define DUE_ROOM_COMMANDS 4u /* what a due handler that does not look at the room may ask */
#define NEVER             UINT64_MAX

struct core {
    struct step step;
    struct core_config config;
    bool has_config;
    struct hash digest;
    struct instant last;
    struct instant wake; /* asked for; NEVER: none */
    struct instant started;
    bool paused;
    uint64_t records_count; /* of the journal, this step's left out while it runs */
    uint8_t bytes[COMMAND_BYTES_PER_STEP_MAX];
};

size_t core_footprint(void)
{
    return sizeof(struct core);
}

/* ---- the meta row ---- */

static const uint8_t meta_key[1] = {TABLE_META};

static void meta_write(struct core *core)
{
    uint8_t memory[META_BYTES];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u32(&packer, CORE_VERSION);
    pack_hash(&packer, &core->digest);
    pack_instant(&packer, core->last);
    pack_instant(&packer, core->wake);
    pack_instant(&packer, core->started);
    pack_bool(&packer, core->paused);
    pack_u64(&packer, core->records_count);
    rows_put(core->step.rows, bytes_from(meta_key, sizeof(meta_key)), packer_finish(&packer));
    rows_skip_changes(core->step.rows); /* not part of the digest: it holds the digest */
}

static enum status meta_read(struct core *core)
{
    struct bytes value;
    const enum status status =
        rows_get(core->step.rows, bytes_from(meta_key, sizeof(meta_key)), &value);

    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK; /* a new journal */
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(value);
    const uint32_t version = unpack_u32(&unpacker);
    if (unpacker.underrun) {
        return STATUS_CORRUPT;
    }
    if (version != CORE_VERSION) {
        return STATUS_VERSION;
    }
    core->digest = unpack_hash(&unpacker);
    core->last = unpack_instant(&unpacker);
    core->wake = unpack_instant(&unpacker);
    core->started = unpack_instant(&unpacker);
    core->paused = unpack_bool(&unpacker);
    core->records_count = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker) ? STATUS_OK : STATUS_CORRUPT;
}

/* ---- the configuration ---- */

static enum status config_read(struct core *core)
{
    struct buffer packed = buffer_from(core->bytes, sizeof(core->bytes));

    for (uint32_t i = 0; i < CONFIG_SLICES_MAX; i++) {
        uint8_t key[CONFIG_KEY_BYTES];
        struct bytes slice;
        enum status status = rows_get(core->step.rows, config_key(key, i), &slice);
        if (status == STATUS_NOT_FOUND) {
            break;
        }
        if (status == STATUS_OK) {
            status = buffer_append(&packed, slice);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (packed.count == 0) {
        return STATUS_OK;
    }
    core->has_config = true;
    return config_unpack(buffer_bytes(&packed), &core->config);
}

static void config_write(struct core *core)
{
    struct step *step = &core->step;
    struct packer packer = packer_from(core->bytes, sizeof(core->bytes));

    config_pack(&core->config, &packer);
    struct bytes rest = packer_finish(&packer);
    CHECK(rest.count <= CONFIG_PACKED_BYTES_MAX);
    for (uint32_t i = 0; i < CONFIG_SLICES_MAX; i++) {
        uint8_t key[CONFIG_KEY_BYTES];
        const size_t count = rest.count < CONFIG_SLICE_BYTES ? rest.count : CONFIG_SLICE_BYTES;
        struct bytes old;
        if (count > 0) {
            step_put(step, config_key(key, i), bytes_from(rest.data, count));
        } else if (step_get(step, config_key(key, i), &old)) {
            step_delete(step, config_key(key, i));
        }
        rest = bytes_from(rest.data + count, rest.count - count);
    }
}

enum status core_init(void *memory, struct rows *rows, struct core **ret_core)
{
    CHECK(memory != NULL);
    CHECK(rows != NULL);

    struct core *core = memory;
    /* Its bytes are left alone: most of them are never needed, so never touched. */
    memset(core, 0, offsetof(struct core, bytes));
    core->step.rows = rows;
    core->step.config = &core->config;
    core->wake.ns = NEVER;
    core->step.due_floor[0] = TABLE_DUE;
    core->step.due_floor_count = 1;
    enum status status = meta_read(core);
    if (status == STATUS_OK) {
        status = config_read(core);
    }
    if (status == STATUS_OK) {
        *ret_core = core;
    }
    return status;
}

/* ---- what is due ---- */

static bool due_handle(struct step *step, enum due_kind kind, const struct hash *id)
{
    switch (kind) {
    case DUE_MESSAGE:
    case DUE_WAITING:
    case DUE_RESUME:
        return message_on_due(step, kind, id);
    case DUE_LANE:
        return lane_on_due(step, id);
    case DUE_TREE:
        return tree_on_due(step, id);
    case DUE_TREE_BEGIN:
        return tree_begin_on_due(step, id);
    case DUE_BLOCKS:
        return blocks_on_due(step, id);
    case DUE_PLAN:
    case DUE_MOVE:
        if (!step_has_room(step, COMMANDS_PER_STEP_MAX / 2)) {
            return false;
        }
        capital_on_due(step, kind, id);
        return true;
    }
    return true;
}

/* The first due row. False: the queue is empty. */
static bool due_first(struct step *step, struct instant *ret_at, enum due_kind *ret_kind,
                      struct hash *ret_id)
{
    static const uint8_t table = TABLE_DUE;
    struct bytes key;
    struct bytes value;

    if (!step_seek(step, bytes_from(step->due_floor, step->due_floor_count), bytes_from(&table, 1),
                   &key, &value)) {
        return false;
    }
    struct unpacker unpacker = unpacker_from(key);
    (void)unpack_u8(&unpacker);
    *ret_at = unpack_instant(&unpacker);
    const uint8_t kind = unpack_u8(&unpacker);
    *ret_id = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker) || kind < DUE_MESSAGE ||
        (kind > DUE_RESUME && kind != DUE_TREE_BEGIN)) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    CHECK(key.count == DUE_KEY_BYTES);
    memcpy(step->due_floor, key.data, key.count);
    step->due_floor_count = key.count;
    *ret_kind = (enum due_kind)kind;
    return true;
}

/* Removes the row that due_first found; the floor is then the first key above it. */
static void due_take(struct step *step, struct instant at, enum due_kind kind,
                     const struct hash *id)
{
    step_due_remove(step, at, kind, id);
    CHECK(step->due_floor_count == DUE_KEY_BYTES);
    step->due_floor[step->due_floor_count++] = 0;
}

/* Works off what is due, oldest first, and leaves in core->wake when the rest is. */
static void work_off_due(struct core *core)
{
    struct step *step = &core->step;
    struct instant at = {.ns = NEVER};
    enum due_kind kind = DUE_MESSAGE;
    struct hash id;

    bool any = due_first(step, &at, &kind, &id);
    for (uint32_t i = 0; any && i < DUE_PER_STEP_MAX && instant_is_past(at, step->now); i++) {
        if (!step_has_room(step, DUE_ROOM_COMMANDS)) {
            break;
        }
        due_take(step, at, kind, &id);
        if (!due_handle(step, kind, &id)) {
            step_due(step, at, kind, &id);
            break;
        }
        any = due_first(step, &at, &kind, &id);
    }
    core->wake.ns = any ? at.ns : NEVER;
    /* A handler may have asked for an instant before the row it was called for. */
    if (step->wake.ns < core->wake.ns) {
        core->wake = step->wake;
    }
}

/* ---- events ---- */

/* SHA-256 of the configuration as the rows hold it; zero when there is none yet. */
static struct hash config_hash(struct core *core)
{
    struct packer packer = packer_from(core->bytes, sizeof(core->bytes));

    if (!core->has_config) {
        return (struct hash){{0}};
    }
    config_pack(&core->config, &packer);
    return sha2_of(packer_finish(&packer));
}

/* Says so when the configuration is not that of the last start. */
static void note_config(struct core *core, const struct hash *before, const struct hash *now)
{
    char text[8 + 2 * sizeof(before->bytes) + 1] = "the first";

    if (hash_equal(now, before)) {
        return;
    }
    if (!hash_is_zero(before)) {
        memcpy(text, "before: ", 8);
        hex_encode(bytes_from(before->bytes, sizeof(before->bytes)), text + 8);
    }
    step_note(&core->step, NOTE_INFO, 0, now, REASON_CONFIG_CHANGED, text);
}

static void on_start(struct core *core, const struct event *event)
{
    CHECK(event->start.config != NULL);

    const struct hash before = config_hash(core);
    core->config = *event->start.config;
    core->has_config = true;
    core->started = core->last;
    core->step.started = core->last;
    const struct hash now = config_hash(core); /* in the memory of commands: before any of them */
    config_write(core);
    step_note(&core->step, NOTE_INFO, 0, NULL, REASON_STARTED, core->config.node_name);
    note_config(core, &before, &now);
    blocks_on_start(&core->step);
    tree_on_start(&core->step);
    message_on_start(&core->step);
    lane_on_start(&core->step);
    capital_on_start(&core->step);
    work_off_due(core);
}

static void on_prepared(struct step *step, const struct event *event)
{
    enum leg_kind kind = LEG_REBALANCE;

    /* Legs of messages and announcements have a row since they were asked for. */
    if (!lane_leg_kind(step, &event->prepared.leg_id, &kind)) {
        capital_on_prepared(step, event);
        return;
    }
    switch (kind) {
    case LEG_PROCESS:
        message_on_prepared(step, event);
        break;
    case LEG_ANNOUNCE:
        tree_on_prepared(step, event);
        break;
    case LEG_REBALANCE:
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        capital_on_prepared(step, event);
        break;
    case LEG_BATCH:
        message_on_batch_prepared(step, event);
        break;
    case LEG_CANCEL:
        break; /* never prepared */
    }
}

static void on_operator(struct core *core, const struct event *event)
{
    struct step *step = &core->step;

    if (event->domain == 0 && event->operator_.action == OPERATOR_PAUSE) {
        core->paused = true;
        step_note(step, NOTE_WARN, 0, NULL, REASON_PAUSED, "nothing new is sent until resume");
    }
    if (event->domain == 0 && event->operator_.action == OPERATOR_RESUME) {
        core->paused = false;
        step_note(step, NOTE_INFO, 0, NULL, REASON_RESUMED, NULL);
        message_on_resumed(step);
    }
    step->paused = core->paused;
    blocks_on_operator(step, event);
    tree_on_operator(step, event);
    message_on_operator(step, event);
    lane_on_operator(step, event);
    capital_on_operator(step, event);
}

static void on_endpoint(struct step *step, const struct event *event)
{
    char text[REASON_BYTES_MAX + 1];
    const struct bytes detail = event->endpoint.detail;
    const size_t count = detail.count < REASON_BYTES_MAX ? detail.count : REASON_BYTES_MAX;

    if (count > 0) {
        memcpy(text, detail.data, count);
    }
    text[count] = '\0';
    switch (event->endpoint.state) {
    case ENDPOINT_CONNECTED:
        lane_on_connected(step, event->domain);
        break;
    case ENDPOINT_LOST:
    case ENDPOINT_MALFORMED:
        step_note(step, NOTE_WARN, event->domain, NULL, REASON_ENDPOINT_LOST, text);
        break;
    case ENDPOINT_WRONG_CHAIN:
        step_note(step, NOTE_ALARM, event->domain, NULL, REASON_WRONG_CHAIN, text);
        break;
    case ENDPOINT_MISSING_CONTRACT:
        step_note(step, NOTE_ALARM, event->domain, NULL, REASON_MISSING_CONTRACT, text);
        break;
    }
}

static void on_dissent(struct step *step, const struct event *event)
{
    struct text text = text_from("endpoint ");

    text_add_number(&text, (uint64_t)event->dissent.endpoint_index + 1);
    text_add(&text, event->dissent.agreed_count == 0 ? " and others say different things"
                                                     : " is outvoted");
    if (event->dissent.block_number != 0) {
        text_add(&text, " on block ");
        text_add_number(&text, event->dissent.block_number);
    }
    step_note(step, NOTE_WARN, event->domain, NULL, REASON_DISSENT, text.text);
}

/* What is said of the endpoints of a chain, one by one and together. */
static void on_endpoints(struct step *step, const struct event *event)
{
    if (event->kind == EVENT_ENDPOINT) {
        on_endpoint(step, event);
    } else if (event->kind == EVENT_DISSENT) {
        on_dissent(step, event);
    } else if (event->kind == EVENT_CALLS) {
        blocks_on_calls(step, event);
    } else {
        blocks_on_quorum(step, event);
        if (event->quorum.state == QUORUM_HELD) {
            lane_on_connected(step, event->domain);
        }
    }
}

static void on_storage(struct step *step, const struct event *event)
{
    tree_on_storage(step, event);
    message_on_storage(step, event);
}

/* What it takes to prove a message. */
static void on_proof(struct step *step, const struct event *event)
{
    if (event->kind == EVENT_SECURITY) {
        message_on_security(step, event);
    } else if (event->kind == EVENT_STORAGE) {
        on_storage(step, event);
    } else if (event->kind == EVENT_CHECKPOINT) {
        message_on_checkpoint(step, event);
    } else if (event->kind == EVENT_LOOKUP) {
        message_on_lookup(step, event);
    } else if (event->kind == EVENT_LOOKUP_SIGNED) {
        message_on_lookup_signed(step, event);
    } else {
        CHECK(event->kind == EVENT_LOOKUP_ANSWER);
        message_on_lookup_answer(step, event);
    }
}

/* What a chain says of its blocks. */
static void on_blocks(struct step *step, const struct event *event)
{
    if (event->kind == EVENT_FACT) {
        blocks_on_fact(step, event->domain, &event->fact);
    } else if (event->kind == EVENT_BLOCK) {
        blocks_on_block(step, event);
    } else if (event->kind == EVENT_FINAL) {
        blocks_on_final(step, event);
    } else if (event->kind == EVENT_PASSED) {
        past_on_passed(step, event);
    } else if (event->kind == EVENT_PAST_FACT) {
        past_on_fact(step, event->domain, &event->fact);
    } else {
        CHECK(event->kind == EVENT_PAST_BLOCK);
        past_on_block(step, event);
    }
}

static void on_event(struct core *core, const struct event *event)
{
    struct step *step = &core->step;

    switch (event->kind) {
    case EVENT_START:
        on_start(core, event);
        break;
    case EVENT_WAKE:
        work_off_due(core);
        break;
    case EVENT_FACT:
    case EVENT_BLOCK:
    case EVENT_FINAL:
    case EVENT_PASSED:
    case EVENT_PAST_FACT:
    case EVENT_PAST_BLOCK:
        on_blocks(step, event);
        break;
    case EVENT_SECURITY:
    case EVENT_STORAGE:
    case EVENT_CHECKPOINT:
    case EVENT_LOOKUP:
    case EVENT_LOOKUP_ANSWER:
    case EVENT_LOOKUP_SIGNED:
        on_proof(step, event);
        break;
    case EVENT_PREPARED:
        on_prepared(step, event);
        break;
    case EVENT_SIGNED:
        lane_on_signed(step, event);
        break;
    case EVENT_SUBMITTED:
        lane_on_submitted(step, event);
        break;
    case EVENT_RECEIPT:
        lane_on_receipt(step, event);
        break;
    case EVENT_LANE:
        lane_on_lane(step, event);
        break;
    case EVENT_POSITIONS:
        capital_on_positions(step, event);
        break;
    case EVENT_TREE:
    case EVENT_CHECKPOINT_SIGNED:
    case EVENT_ANNOUNCEMENT_SIGNED:
    case EVENT_PUBLISHED:
        tree_on_answer(step, event);
        break;
    case EVENT_PLANNED:
        capital_on_planned(step, event);
        break;
    case EVENT_OPERATOR:
        on_operator(core, event);
        break;
    case EVENT_ENDPOINT:
    case EVENT_DISSENT:
    case EVENT_QUORUM:
    case EVENT_CALLS:
        on_endpoints(step, event);
        break;
    case EVENT_STOP:
        step_note(step, NOTE_INFO, 0, NULL, REASON_STOPPED, NULL);
        break;
    }
}

/* ---- the step ---- */

static void step_begin(struct core *core, const struct event *event)
{
    struct step *step = &core->step;

    if (core->last.ns < event->at.ns) {
        core->last = event->at;
    }
    step->now = core->last;
    step->started = core->started;
    step->record = core->records_count + 1;
    step->fact_record = 0;
    step->status = STATUS_OK;
    step->commands_count = 0;
    step->bytes = buffer_from(core->bytes, sizeof(core->bytes));
    step->wake.ns = NEVER;
    step->rows_changed = 0;
    step->rows_bytes = 0;
    step->paused = core->paused;
}

/* One wake for the earliest instant that anybody asked for. */
static void ask_for_wake(struct core *core, const struct event *event, struct instant asked_before)
{
    struct step *step = &core->step;

    if (step->wake.ns < core->wake.ns) {
        core->wake = step->wake;
    }
    const bool again = event->kind == EVENT_WAKE || event->kind == EVENT_START;
    if (core->wake.ns != NEVER && (again || core->wake.ns < asked_before.ns)) {
        step_command(step, COMMAND_WAKE, 0)->wake.at = core->wake;
    }
}

static void fold_digest(struct core *core, const struct event *event)
{
    struct step *step = &core->step;
    const uint8_t kind = (uint8_t)event->kind;
    struct sha2 sha2;

    rows_fold_changes(step->rows, &core->digest);
    sha2_init(&sha2);
    sha2_update(&sha2, bytes_from(core->digest.bytes, sizeof(core->digest.bytes)));
    sha2_update(&sha2, bytes_from(&kind, 1));
    for (uint32_t i = 0; i < step->commands_count; i++) {
        fold_command(&sha2, &step->commands[i]);
    }
    core->digest = sha2_finish(&sha2);
}

/* What the shell journals of a step: the event and the decisions. */
static uint64_t records_of(const struct step *step)
{
    uint64_t count = 1;

    for (uint32_t i = 0; i < step->commands_count; i++) {
        count += command_is_recorded(step->commands[i].kind) ? 1u : 0u;
    }
    return count;
}

enum status core_step(struct core *core, const struct event *event, struct core_output *ret_output)
{
    CHECK(core->has_config || event->kind == EVENT_START);

    struct step *step = &core->step;
    const struct instant asked_before = core->wake;
    step_begin(core, event);
    on_event(core, event);
    if (step->status != STATUS_OK) {
        return step->status;
    }
    ask_for_wake(core, event, asked_before);
    fold_digest(core, event);
    core->records_count += records_of(step);
    meta_write(core);
    *ret_output = (struct core_output){
        .commands = step->commands, .commands_count = step->commands_count, .digest = core->digest};
    return STATUS_OK;
}
