/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/step.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/core/tables.h"

/* The largest thing one command points to: a leg with its message and metadata. */
#define COMMAND_BYTES_MAX (MESSAGE_BYTES_MAX + METADATA_BYTES_MAX)

static_assert(COMMANDS_PER_STEP_MAX * COMMAND_BYTES_MAX <= COMMAND_BYTES_PER_STEP_MAX,
              "a step full of the largest legs fits its memory");
static_assert(2 * ROW_VALUE_BYTES_MAX < ROWS_BYTES_PER_STEP_MAX / 2,
              "half of a step's rows hold the largest fact and what follows from it");

/* ---- rows ---- */

bool step_get(struct step *step, struct bytes key, struct bytes *ret_value)
{
    if (step->status != STATUS_OK) {
        return false;
    }
    const enum status status = rows_get(step->rows, key, ret_value);
    if (status == STATUS_OK) {
        return true;
    }
    if (status != STATUS_NOT_FOUND) {
        step->status = status;
    }
    return false;
}

bool step_seek(struct step *step, struct bytes key, struct bytes prefix, struct bytes *ret_key,
               struct bytes *ret_value)
{
    if (step->status != STATUS_OK) {
        return false;
    }
    const enum status status = rows_seek(step->rows, key, prefix, ret_key, ret_value);
    if (status == STATUS_OK) {
        return true;
    }
    if (status != STATUS_NOT_FOUND) {
        step->status = status;
    }
    return false;
}

static void count_change(struct step *step, size_t bytes)
{
    step->rows_changed++;
    step->rows_bytes += bytes;
    CHECK(step->rows_changed <= ROWS_PER_STEP_MAX);
    CHECK(step->rows_bytes <= ROWS_BYTES_PER_STEP_MAX);
}

void step_put(struct step *step, struct bytes key, struct bytes value)
{
    count_change(step, key.count + value.count);
    rows_put(step->rows, key, value);
}

void step_delete(struct step *step, struct bytes key)
{
    count_change(step, key.count);
    rows_delete(step->rows, key);
}

/* ---- commands ---- */

bool step_has_room(const struct step *step, uint32_t count)
{
    return step->status == STATUS_OK && step->commands_count + count <= COMMANDS_PER_STEP_MAX &&
           step->bytes.capacity - step->bytes.count >= (size_t)count * COMMAND_BYTES_MAX &&
           step->rows_changed <= ROWS_PER_STEP_MAX / 2 &&
           step->rows_bytes <= ROWS_BYTES_PER_STEP_MAX / 2;
}

struct command *step_command(struct step *step, enum command_kind kind, uint32_t domain)
{
    CHECK(step->commands_count < COMMANDS_PER_STEP_MAX);

    struct command *command = &step->commands[step->commands_count++];
    memset(command, 0, sizeof(*command));
    command->kind = kind;
    command->domain = domain;
    return command;
}

struct bytes step_keep(struct step *step, struct bytes bytes)
{
    const size_t at = step->bytes.count;
    const enum status status = buffer_append(&step->bytes, bytes);

    CHECK(status == STATUS_OK);
    return bytes_from(step->bytes.data + at, bytes.count);
}

void step_note(struct step *step, enum note_level level, uint32_t domain,
               const struct hash *subject, enum reason reason, const char *text)
{
    struct command *command = step_command(step, COMMAND_NOTE, domain);
    const size_t length = text == NULL ? 0 : strnlen(text, REASON_BYTES_MAX);

    command->note.level = level;
    command->note.reason = (uint32_t)reason;
    if (subject != NULL) {
        command->note.subject = *subject;
    }
    command->note.text = step_keep(step, bytes_from(text, length));
}

/* ---- the due queue: 'Q', instant, kind, id -> nothing ---- */

static struct bytes due_key(uint8_t memory[DUE_KEY_BYTES], struct instant at, enum due_kind kind,
                            const struct hash *id)
{
    struct packer key = packer_from(memory, DUE_KEY_BYTES);

    pack_u8(&key, TABLE_DUE);
    pack_instant(&key, at);
    pack_u8(&key, (uint8_t)kind);
    pack_hash(&key, id);
    return packer_finish(&key);
}

void step_due(struct step *step, struct instant at, enum due_kind kind, const struct hash *id)
{
    uint8_t memory[DUE_KEY_BYTES];
    const struct bytes key = due_key(memory, at, kind, id);

    step_put(step, key, bytes_from(NULL, 0));
    if (bytes_compare(key, bytes_from(step->due_floor, step->due_floor_count)) < 0) {
        memcpy(step->due_floor, memory, DUE_KEY_BYTES);
        step->due_floor_count = DUE_KEY_BYTES;
    }
    if (at.ns < step->wake.ns) {
        step->wake = at;
    }
}

void step_due_remove(struct step *step, struct instant at, enum due_kind kind,
                     const struct hash *id)
{
    uint8_t memory[DUE_KEY_BYTES];

    step_delete(step, due_key(memory, at, kind, id));
}

struct hash step_domain_id(uint32_t domain)
{
    struct hash id = {{0}};
    struct packer packer = packer_from(id.bytes, sizeof(id.bytes));

    pack_u32(&packer, domain);
    return id;
}

uint32_t step_domain_of(const struct hash *id)
{
    struct unpacker unpacker = unpacker_from(bytes_from(id->bytes, sizeof(id->bytes)));

    return unpack_u32(&unpacker);
}

/* ---- configuration ---- */

const struct core_chain *step_chain(const struct step *step, uint32_t domain)
{
    for (uint32_t i = 0; i < step->config->chains_count; i++) {
        if (step->config->chains[i].domain == domain) {
            return &step->config->chains[i];
        }
    }
    return NULL;
}

int step_router_index(const struct step *step, uint32_t domain, const struct address *router)
{
    for (uint32_t i = 0; i < step->config->routers_count; i++) {
        const struct core_router *candidate = &step->config->routers[i];
        if (candidate->domain == domain && address_equal(&candidate->router, router)) {
            return (int)i;
        }
    }
    return -1;
}
