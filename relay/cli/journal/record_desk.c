/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/journal/record_desk.h"

#include <inttypes.h>
#include <stdlib.h>

#include "relay/cli/cli.h"

static enum status read_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    struct record_desk *desk = context;
    enum status status = journal_read_blob(desk->blobs, digest, ret_blob);

    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    /* It may have been committed since this reader looked. */
    status = journal_reader_refresh(desk->blobs);
    return status == STATUS_OK ? journal_read_blob(desk->blobs, digest, ret_blob) : status;
}

void record_desk_close(struct record_desk *desk)
{
    desk->blobs = journal_reader_close(desk->blobs);
    rows_view_close(&desk->view);
    free(desk->arena_memory);
    desk->arena_memory = NULL;
}

/* Without rows: what the node was started with first. */
static enum status read_first_config(struct record_desk *desk)
{
    struct bytes bytes;
    struct record record = {.kind = RECORD_COMMAND};

    if (journal_reader_head(desk->view.reader) == 0) {
        return STATUS_NOT_FOUND;
    }
    const enum status status = record_desk_read(desk, 1, &bytes, &record);
    if (status != STATUS_OK) {
        return status;
    }
    if (record.kind != RECORD_EVENT || record.event.kind != EVENT_START) {
        return STATUS_CORRUPT;
    }
    desk->view.config = malloc(sizeof(*desk->view.config));
    if (desk->view.config == NULL) {
        return STATUS_NO_MEMORY;
    }
    *desk->view.config = *record.event.start.config;
    return STATUS_OK;
}

int record_desk_open(const char *verb, const char *directory, struct record_desk *ret_desk)
{
    *ret_desk = (struct record_desk){.source = {.context = ret_desk, .read = read_blob}};
    const int code = rows_view_open_directory(verb, directory, &ret_desk->view);
    if (code != EXIT_DONE) {
        return code;
    }
    ret_desk->arena_memory = malloc(RECORD_ARENA_BYTES);
    if (ret_desk->arena_memory == NULL ||
        journal_reader_open(ret_desk->view.journal, &ret_desk->blobs) != STATUS_OK) {
        cli_say(verb, "no memory, or too many readers in %s", directory);
        record_desk_close(ret_desk);
        return EXIT_TEMPORARY;
    }
    ret_desk->arena = record_arena_from(ret_desk->arena_memory, RECORD_ARENA_BYTES);
    ret_desk->config_status = journal_has_rows(ret_desk->view.journal)
                                  ? rows_view_read_config(&ret_desk->view)
                                  : read_first_config(ret_desk);
    if (ret_desk->config_status != STATUS_OK) {
        /* Chains then go by their numbers. */
        free(ret_desk->view.config);
        ret_desk->view.config = NULL;
    }
    return EXIT_DONE;
}

static enum status read_bytes(struct record_desk *desk, uint64_t sequence, struct bytes *ret_bytes)
{
    const enum status status = journal_read_record(desk->view.reader, sequence, ret_bytes);

    desk->sequence = sequence;
    return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
}

enum status record_desk_read(struct record_desk *desk, uint64_t sequence, struct bytes *ret_bytes,
                             struct record *ret_record)
{
    const enum status status = read_bytes(desk, sequence, ret_bytes);

    return status == STATUS_OK ? record_decode(*ret_bytes, &desk->source, &desk->arena, ret_record)
                               : status;
}

enum status record_desk_instant(struct record_desk *desk, uint64_t sequence, struct instant *ret_at)
{
    struct bytes bytes;
    struct record record = {.kind = RECORD_EVENT};
    enum status status = read_bytes(desk, sequence, &bytes);

    if (status == STATUS_OK) {
        status = record_decode(bytes, NULL, &desk->arena, &record);
    }
    if (status == STATUS_OK) {
        *ret_at = record.at;
    }
    return status;
}

enum status record_desk_find(struct record_desk *desk, struct instant at, uint64_t *ret_sequence)
{
    uint64_t low = 1;
    uint64_t high = journal_reader_head(desk->view.reader) + 1;

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        struct instant found = {.ns = 0};
        const enum status status = record_desk_instant(desk, middle, &found);
        if (status != STATUS_OK) {
            return status;
        }
        if (found.ns < at.ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_sequence = low;
    return STATUS_OK;
}

int record_desk_failed(const char *verb, uint64_t sequence, enum status status)
{
    switch (status) {
    case STATUS_VERSION:
        cli_say(verb, "record %" PRIu64 " was written by a later version of sluice", sequence);
        return EXIT_USAGE;
    case STATUS_NOT_FOUND:
        cli_say(verb, "record %" PRIu64 ": the blob it names is not there", sequence);
        return EXIT_INTEGRITY;
    case STATUS_IO:
    case STATUS_NO_MEMORY:
        cli_say(verb, "record %" PRIu64 " cannot be read now: %s", sequence, status_name(status));
        return EXIT_TEMPORARY;
    case STATUS_OK:
    case STATUS_FULL:
    case STATUS_BUSY:
    case STATUS_NO_SPACE:
    case STATUS_READ_ONLY:
    case STATUS_MALFORMED:
    case STATUS_CORRUPT:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        break;
    }
    cli_say(verb, "record %" PRIu64 " is damaged: %s; 'sluice journal verify' says more", sequence,
            status_name(status));
    return EXIT_INTEGRITY;
}
