/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/batch.h"

#include "proto/record.h"
#include "relay/base/check.h"

/* A step begins while there are fewer than BATCH_BYTES_MAX; the rest is room for it to end. */
#define BATCH_CAPACITY                                                                             \
    ((size_t)BATCH_BYTES_MAX + (size_t)BATCH_STEP_RECORDS_MAX * RECORD_BYTES_MAX +                 \
     RECORD_BLOB_BYTES_MAX + RECORD_ENCODE_ROOM_BYTES)

size_t batch_footprint(uint32_t changes_max)
{
    return BATCH_CAPACITY + (BATCH_RECORDS_MAX + BATCH_STEP_RECORDS_MAX) * sizeof(struct bytes) +
           (BATCH_BLOBS_MAX + BATCH_STEP_RECORDS_MAX) * sizeof(struct bytes) +
           changes_max * sizeof(struct journal_change);
}

void batch_init(struct batch *batch, void *memory, uint32_t changes_max)
{
    uint8_t *next = memory;
    *batch = (struct batch){.changes_max = changes_max};
    batch->records = (struct bytes *)(void *)next;
    next += (BATCH_RECORDS_MAX + BATCH_STEP_RECORDS_MAX) * sizeof(struct bytes);
    batch->blobs = (struct bytes *)(void *)next;
    next += (BATCH_BLOBS_MAX + BATCH_STEP_RECORDS_MAX) * sizeof(struct bytes);
    batch->changes = (struct journal_change *)(void *)next;
    next += changes_max * sizeof(struct journal_change);
    batch->bytes = buffer_from(next, BATCH_CAPACITY);
}

void batch_clear(struct batch *batch)
{
    batch->bytes.count = 0;
    batch->records_count = 0;
    batch->changes_count = 0;
    batch->blobs_count = 0;
    batch->events_count = 0;
    batch->generation = 0;
}

bool batch_has_room(const struct batch *batch)
{
    CHECK(batch->generation == 0);
    return batch->events_count < BATCH_EVENTS_MAX && batch->records_count < BATCH_RECORDS_MAX &&
           batch->blobs_count < BATCH_BLOBS_MAX && batch->bytes.count < BATCH_BYTES_MAX;
}

static void batch_keep(struct batch *batch, const struct record_encoding *encoding)
{
    CHECK(batch->records_count < BATCH_RECORDS_MAX + BATCH_STEP_RECORDS_MAX);
    batch->records[batch->records_count] = encoding->record;
    batch->records_count++;
    if (encoding->blob.count > 0) {
        CHECK(batch->blobs_count < BATCH_BLOBS_MAX + BATCH_STEP_RECORDS_MAX);
        batch->blobs[batch->blobs_count] = encoding->blob;
        batch->blobs_count++;
    }
}

enum status batch_add_event(struct batch *batch, const struct event *event,
                            const struct hash *digest)
{
    CHECK(batch->generation == 0);
    struct record_encoding encoding;
    const enum status status = record_encode_event(event, digest, &batch->bytes, &encoding);
    if (status != STATUS_OK) {
        return status;
    }
    batch_keep(batch, &encoding);
    batch->events_count++;
    return STATUS_OK;
}

enum status batch_add_command(struct batch *batch, const struct command *command, struct instant at)
{
    CHECK(batch->generation == 0);
    struct record_encoding encoding;
    const enum status status = record_encode_command(command, at, &batch->bytes, &encoding);
    if (status != STATUS_OK) {
        return status;
    }
    batch_keep(batch, &encoding);
    return STATUS_OK;
}

void batch_seal(struct batch *batch, struct rows *rows)
{
    CHECK(batch->generation == 0);
    CHECK(batch->events_count > 0);
    batch->generation = rows_seal(rows);
    struct row_change change;
    for (uint32_t i = 0; rows_change(rows, batch->generation, i, &change); i++) {
        CHECK(batch->changes_count < batch->changes_max);
        batch->changes[batch->changes_count] = (struct journal_change){
            .key = change.key, .value = change.value, .removed = change.removed};
        batch->changes_count++;
    }
}

struct journal_batch batch_view(const struct batch *batch)
{
    CHECK(batch->generation != 0);
    return (struct journal_batch){
        .records = batch->records,
        .records_count = batch->records_count,
        .changes = batch->changes,
        .changes_count = batch->changes_count,
        .blobs = batch->blobs,
        .blobs_count = batch->blobs_count,
    };
}
