/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile records: whatever is accepted encodes to the same bytes again (promise 2 of
 * proto/record.h), and printing it visits nothing outside it. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "tests/support/scan_agrees.h"

static void touch(void *context, const struct record_value *value)
{
    uint64_t *sum = context;

    for (size_t i = 0; i < value->bytes.count; i++) {
        *sum += value->bytes.data[i];
    }
    if (value->name != NULL) {
        *sum += (uint8_t)value->name[0];
    }
}

static void check_record(const struct record *record, struct bytes bytes, struct buffer *memory)
{
    struct record_encoding encoding;
    uint64_t sum = 0;
    enum status status;

    record_visit(record, touch, &sum);
    if (!hash_is_zero(&record->blob_digest)) {
        return; /* its blob is not here to be encoded again */
    }
    memory->count = 0;
    status = record->kind == RECORD_EVENT
                 ? record_encode_event(&record->event, &record->digest, memory, &encoding)
                 : record_encode_command(&record->command, record->at, memory, &encoding);
    CHECK(status == STATUS_OK);
    CHECK(bytes_equal(bytes, encoding.record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *arena_memory;
    static void *memory;
    struct record record;

    if (memory == NULL) {
        arena_memory = malloc(RECORD_ARENA_BYTES);
        memory = malloc(RECORD_ENCODE_ROOM_BYTES);
    }
    struct record_arena arena = record_arena_from(arena_memory, RECORD_ARENA_BYTES);
    struct buffer buffer = buffer_from(memory, RECORD_ENCODE_ROOM_BYTES);
    const enum status status = record_decode(bytes_from(data, size), NULL, &arena, &record);
    CHECK(scan_agrees(bytes_from(data, size), status, &record));
    if (status == STATUS_OK && record.core_version == CORE_VERSION) {
        check_record(&record, bytes_from(data, size), &buffer);
    }
    return 0;
}
