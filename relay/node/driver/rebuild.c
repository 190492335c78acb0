/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/rebuild.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/record.h"
#include "relay/base/check.h"

#define COPY_RECORDS_MAX 8192u
#define COPY_BYTES_MAX   ((size_t)16 << 20)

struct copying {
    const struct rebuild_options *options;
    struct replay_report *report;
    struct record_arena arena;
    struct buffer bytes; /* of the records that wait */
    struct bytes records[COPY_RECORDS_MAX];
    uint32_t records_count;
    uint64_t head; /* of the target */
    enum status blob_status;
};

static enum status conclude(struct copying *copying, uint64_t sequence, enum status status,
                            const char *what)
{
    struct replay_report *report = copying->report;

    report->finding = REPLAY_UNREADABLE;
    report->sequence = sequence;
    report->status = status;
    (void)snprintf(report->what, sizeof(report->what), "%s: %s", what, status_name(status));
    return status;
}

static enum status fail(struct copying *copying, enum status status)
{
    const enum status concluded = conclude(copying, 0, status, "the new journal cannot be written");

    copying->report->finding = REPLAY_FAILED;
    return concluded;
}

static enum status flush(struct copying *copying)
{
    const struct journal_batch batch = {.records = copying->records,
                                        .records_count = copying->records_count};

    if (copying->records_count == 0) {
        return STATUS_OK;
    }
    const enum status status = journal_commit(copying->options->target, &batch, &copying->head);
    copying->records_count = 0;
    copying->bytes.count = 0;
    return status == STATUS_OK ? STATUS_OK : fail(copying, status);
}

/* Called while a record is decoded: the blob it names goes into the new journal. */
static enum status copy_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    struct copying *copying = context;
    uint64_t head = 0;
    enum status status = journal_read_blob(copying->options->blobs, digest, ret_blob);

    if (status == STATUS_OK) {
        const struct journal_batch batch = {.blobs = ret_blob, .blobs_count = 1};
        copying->blob_status = journal_commit(copying->options->target, &batch, &head);
        status = copying->blob_status;
    }
    return status;
}

static enum status copy_record(struct copying *copying, uint64_t sequence, struct bytes bytes)
{
    const struct record_blobs blobs = {.context = copying, .read = copy_blob};
    struct record record;

    if (copying->records_count == COPY_RECORDS_MAX ||
        copying->bytes.count + bytes.count > copying->bytes.capacity) {
        const enum status status = flush(copying);
        if (status != STATUS_OK) {
            return status;
        }
    }
    const size_t place = copying->bytes.count;
    const enum status appended = buffer_append(&copying->bytes, bytes);
    CHECK(appended == STATUS_OK);
    copying->records[copying->records_count++] =
        bytes_from(copying->bytes.data + place, bytes.count);
    const enum status status = record_decode(bytes, &blobs, &copying->arena, &record);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    return copying->blob_status != STATUS_OK
               ? fail(copying, copying->blob_status)
               : conclude(copying, sequence,
                          status == STATUS_IO || status == STATUS_NO_MEMORY ? status
                                                                            : STATUS_CORRUPT,
                          "the record, or the blob it names, cannot be read");
}

static enum status copy_records(struct copying *copying)
{
    const struct rebuild_options *options = copying->options;
    const uint64_t head = journal_reader_head(options->reader);
    struct journal_chunk *chunk = calloc(1, sizeof(*chunk));
    enum status status = chunk == NULL ? fail(copying, STATUS_NO_MEMORY) : STATUS_OK;

    for (uint64_t next = 1; next <= head && status == STATUS_OK;) {
        journal_read_chunk(options->reader, next, chunk);
        for (uint32_t i = 0; i < chunk->count && status == STATUS_OK; i++, next++) {
            status = copy_record(copying, next, chunk->records[i]);
        }
        if (status == STATUS_OK && chunk->status != STATUS_OK && next <= head) {
            status = conclude(copying, next,
                              chunk->status == STATUS_NOT_FOUND ? STATUS_CORRUPT : chunk->status,
                              "the record cannot be read");
        }
        if (options->copied != NULL) {
            options->copied(options->context, next - 1, head);
        }
    }
    free(chunk);
    return status == STATUS_OK ? flush(copying) : status;
}

static enum status copy_checkpoints(struct copying *copying)
{
    struct bytes note;
    uint64_t size = 0;
    enum status status = STATUS_OK;

    while ((status = journal_seek_checkpoint(copying->options->reader, size + 1, JOURNAL_UPWARDS,
                                             &size, &note)) == STATUS_OK) {
        const struct journal_checkpoint checkpoint = {.size = size, .note = note};
        const struct journal_batch batch = {.checkpoint = &checkpoint};
        uint64_t head = 0;
        status = journal_commit(copying->options->target, &batch, &head);
        if (status != STATUS_OK) {
            return fail(copying, status);
        }
    }
    return status == STATUS_NOT_FOUND || status == STATUS_UNSUPPORTED
               ? STATUS_OK
               : conclude(copying, 0, status, "the stored checkpoints cannot be read");
}

static enum status copy_all(const struct rebuild_options *options, struct replay_report *report)
{
    struct copying *copying = calloc(1, sizeof(*copying));
    void *arena = malloc(RECORD_ARENA_BYTES);
    uint8_t *bytes = malloc(COPY_BYTES_MAX);
    enum status status = STATUS_NO_MEMORY;

    if (copying != NULL && arena != NULL && bytes != NULL) {
        copying->options = options;
        copying->report = report;
        copying->arena = record_arena_from(arena, RECORD_ARENA_BYTES);
        copying->bytes = buffer_from(bytes, COPY_BYTES_MAX);
        status = copy_records(copying);
        if (status == STATUS_OK) {
            status = copy_checkpoints(copying);
        }
    }
    free(bytes);
    free(arena);
    free(copying);
    return status;
}

enum status rebuild_run(const struct rebuild_options *options, struct replay_report *ret_report)
{
    const struct replay_options replay = {
        .context = options->context, .progress = options->replayed, .rows_into = options->target};
    struct journal_reader *reader = NULL;

    memset(ret_report, 0, sizeof(*ret_report));
    ret_report->finding = REPLAY_FAILED;
    ret_report->head = journal_reader_head(options->reader);
    enum status status = copy_all(options, ret_report);
    if (status == STATUS_OK) {
        status = journal_reader_open(options->target, &reader);
    }
    if (status == STATUS_OK) {
        status = replay_run(reader, &replay, ret_report);
    }
    journal_reader_close(reader);
    return status;
}
