/* SPDX-License-Identifier: Apache-2.0 */
/* The table at the head of a file of the archive (store/archive/segment_internal.h). What is
 * accepted has one spelling, and every record it names has a length that a record can have. Input:
 * the number of the segment, and the table's bytes. */
#include <string.h>

#include "relay/base/check.h"
#include "store/archive/segment_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static uint8_t bytes[SEGMENT_TABLE_BYTES];
    static uint8_t again[SEGMENT_TABLE_BYTES];
    static struct segment_table table;

    if (count == 0) {
        return 0;
    }
    /* A shorter input is the head of a table that goes on evenly: mutations stay in its reach. */
    const uint64_t first = (uint64_t)data[0] * JOURNAL_SEGMENT_RECORDS + 1;
    for (uint32_t i = 0; i <= JOURNAL_SEGMENT_RECORDS; i++) {
        table.offsets[i] = SEGMENT_TABLE_BYTES + i * 100;
    }
    segment_write_table(first, &table, bytes);
    const size_t given = count - 1 < sizeof(bytes) ? count - 1 : sizeof(bytes);
    memcpy(bytes, data + 1, given);
    if (segment_read_table(first, bytes, &table) != STATUS_OK) {
        return 0;
    }
    CHECK(table.offsets[0] == SEGMENT_TABLE_BYTES);
    for (uint32_t i = 0; i < JOURNAL_SEGMENT_RECORDS; i++) {
        const uint32_t length = table.offsets[i + 1] - table.offsets[i];
        CHECK(table.offsets[i + 1] > table.offsets[i]);
        CHECK(length > 1 + JOURNAL_CHECKSUM_BYTES);
        CHECK(length <= SEGMENT_RECORD_BYTES_MAX);
    }
    segment_write_table(first, &table, again);
    CHECK(memcmp(bytes, again, sizeof(again)) == 0);
    return 0;
}
