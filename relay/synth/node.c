/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/synth/node.h"

#include <stdlib.h>
#include <string.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/node/driver/row_source.h"

#define CHANGES_MAX       (16u * ROWS_PER_STEP_MAX)
#define CHANGES_BYTES_MAX ((size_t)32 << 20)
#define EVENTS_PER_COMMIT 2048u
#define RECORDS_MAX       (16u * EVENTS_PER_COMMIT)
#define STEP_RECORDS_MAX  (1u + COMMANDS_PER_STEP_MAX)
#define ENCODED_BYTES_MAX ((size_t)16 << 20) /* no further step in a batch that holds as many */
#define ENCODED_CAPACITY                                                                           \
    (ENCODED_BYTES_MAX + (size_t)STEP_RECORDS_MAX * RECORD_BYTES_MAX + RECORD_BLOB_BYTES_MAX +     \
     RECORD_ENCODE_ROOM_BYTES)

struct synth_node {
    struct journal *journal;
    struct journal_reader *reader;
    struct rows *rows;
    struct core *core;
    void *rows_memory;
    void *core_memory;
    struct buffer encoded;
    struct bytes *records;
    struct bytes *blobs;
    struct journal_change *changes;
    uint32_t records_count; /* of the open batch */
    uint32_t blobs_count;
    uint32_t events_count;
    uint64_t head; /* durable */
};

enum status synth_node_new(struct journal *journal, struct synth_node **ret_node)
{
    struct synth_node *node = calloc(1, sizeof(*node));

    if (node == NULL) {
        return STATUS_NO_MEMORY;
    }
    node->journal = journal;
    node->rows_memory = malloc(rows_footprint(CHANGES_MAX, CHANGES_BYTES_MAX));
    node->core_memory = calloc(1, core_footprint());
    node->encoded = buffer_from(malloc(ENCODED_CAPACITY), ENCODED_CAPACITY);
    node->records = calloc(RECORDS_MAX, sizeof(*node->records));
    node->blobs = calloc(RECORDS_MAX, sizeof(*node->blobs));
    node->changes = calloc(CHANGES_MAX, sizeof(*node->changes));
    enum status status = STATUS_NO_MEMORY;
    if (node->rows_memory != NULL && node->core_memory != NULL && node->encoded.data != NULL &&
        node->records != NULL && node->blobs != NULL && node->changes != NULL) {
        status = journal_reader_open(journal, &node->reader);
    }
    if (status != STATUS_OK) {
        synth_node_free(node);
        return status;
    }
    node->head = journal_reader_head(node->reader);
    *ret_node = node;
    return STATUS_OK;
}

struct synth_node *synth_node_free(struct synth_node *node)
{
    if (node != NULL) {
        journal_reader_close(node->reader);
        free(node->rows_memory);
        free(node->core_memory);
        free(node->encoded.data);
        free(node->records);
        free(node->blobs);
        free(node->changes);
        free(node);
    }
    return NULL;
}

uint64_t synth_node_records(const struct synth_node *node)
{
    return node->head + node->records_count;
}

enum status synth_node_commit(struct synth_node *node)
{
    struct row_change change;
    uint32_t changes_count = 0;

    if (node->events_count == 0) {
        return STATUS_OK;
    }
    const uint64_t generation = rows_seal(node->rows);
    for (; rows_change(node->rows, generation, changes_count, &change); changes_count++) {
        CHECK(changes_count < CHANGES_MAX);
        node->changes[changes_count] = (struct journal_change){
            .key = change.key, .value = change.value, .removed = change.removed};
    }
    const struct journal_batch batch = {.records = node->records,
                                        .records_count = node->records_count,
                                        .changes = node->changes,
                                        .changes_count = changes_count,
                                        .blobs = node->blobs,
                                        .blobs_count = node->blobs_count};
    enum status status = journal_commit(node->journal, &batch, &node->head);
    if (status == STATUS_OK) {
        status = journal_reader_refresh(node->reader);
    }
    if (status == STATUS_OK) {
        rows_durable(node->rows, generation);
        node->records_count = 0;
        node->blobs_count = 0;
        node->events_count = 0;
        node->encoded.count = 0;
    }
    return status;
}

static enum status begin(struct synth_node *node)
{
    const enum status status = synth_node_commit(node);

    if (status != STATUS_OK) {
        return status;
    }
    node->rows = rows_init(node->rows_memory, CHANGES_MAX, CHANGES_BYTES_MAX,
                           row_source_from_journal(node->reader));
    return core_init(node->core_memory, node->rows, &node->core);
}

static bool has_room(const struct synth_node *node)
{
    return node->events_count < EVENTS_PER_COMMIT && node->encoded.count < ENCODED_BYTES_MAX &&
           node->records_count + STEP_RECORDS_MAX <= RECORDS_MAX &&
           rows_have_room(node->rows, ROWS_BYTES_PER_STEP_MAX);
}

static void keep(struct synth_node *node, const struct record_encoding *encoding)
{
    node->records[node->records_count++] = encoding->record;
    if (encoding->blob.count > 0) {
        node->blobs[node->blobs_count++] = encoding->blob;
    }
}

static enum status journal_step(struct synth_node *node, const struct event *event,
                                const struct core_output *output)
{
    struct record_encoding encoding;
    enum status status = record_encode_event(event, &output->digest, &node->encoded, &encoding);

    if (status == STATUS_OK) {
        keep(node, &encoding);
    }
    for (uint32_t i = 0; i < output->commands_count && status == STATUS_OK; i++) {
        if (!command_is_recorded(output->commands[i].kind)) {
            continue;
        }
        status = record_encode_command(&output->commands[i], event->at, &node->encoded, &encoding);
        if (status == STATUS_OK) {
            keep(node, &encoding);
        }
    }
    node->events_count++;
    return status;
}

enum status synth_node_step(struct synth_node *node, const struct event *event,
                            struct core_output *ret_output)
{
    enum status status = STATUS_OK;

    if (event->kind == EVENT_START) {
        status = begin(node);
    } else if (!has_room(node)) {
        status = synth_node_commit(node);
    }
    if (status == STATUS_OK) {
        status = core_step(node->core, event, ret_output);
    }
    return status == STATUS_OK ? journal_step(node, event, ret_output) : status;
}
