/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/archiving.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

#include "proto/record.h"

struct archiving {
    alignas(max_align_t) uint8_t memory[RECORD_ARENA_BYTES];
    struct record_arena arena;
    struct archiver *archiver; /* of the record that is looked at */
};

/* A blob that the record names is archived as it is met. */
static enum status add_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    const struct archiving *archiving = context;

    return archiver_add_blob(archiving->archiver, digest, ret_blob);
}

static enum status examine(void *context, uint64_t sequence, struct bytes bytes,
                           struct archiver *archiver)
{
    struct archiving *archiving = context;
    const struct record_blobs blobs = {.context = archiving, .read = add_blob};
    struct record record;

    (void)sequence;
    archiving->archiver = archiver;
    return record_decode(bytes, &blobs, &archiving->arena, &record);
}

enum status archiving_new(struct archiving **ret_archiving)
{
    struct archiving *archiving = calloc(1, sizeof(*archiving));

    if (archiving == NULL) {
        return STATUS_NO_MEMORY;
    }
    archiving->arena = record_arena_from(archiving->memory, sizeof(archiving->memory));
    *ret_archiving = archiving;
    return STATUS_OK;
}

struct archiving *archiving_free(struct archiving *archiving)
{
    free(archiving);
    return NULL;
}

struct archive_options archiving_options(struct archiving *archiving, uint64_t keep_records)
{
    return (struct archive_options){
        .keep_records = keep_records, .context = archiving, .examine = examine};
}
