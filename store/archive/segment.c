/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "store/archive/segment_internal.h"

#define FOLDER_RECORDS 1000000u /* segments are kept in folders by their first record */
#define PLACE_FIRST    20u
#define PLACE_COUNT    28u

static const char magic[] = "sluice segment 1\n";

static_assert(sizeof(magic) - 1 <= PLACE_FIRST, "the magic and the numbers do not meet");
static_assert((uint64_t)SEGMENT_TABLE_BYTES +
                      (uint64_t)JOURNAL_SEGMENT_RECORDS * SEGMENT_RECORD_BYTES_MAX <=
                  UINT32_MAX,
              "an offset fits its four bytes");

void segment_path(uint64_t first, char ret_path[SEGMENT_PATH_BYTES_MAX])
{
    (void)snprintf(ret_path, SEGMENT_PATH_BYTES_MAX, "records/%" PRIu64 "/%" PRIu64 "-%" PRIu64,
                   first / FOLDER_RECORDS, first, first + JOURNAL_SEGMENT_RECORDS - 1);
}

uint64_t segment_first_of(uint64_t sequence)
{
    return (sequence - 1) / JOURNAL_SEGMENT_RECORDS * JOURNAL_SEGMENT_RECORDS + 1;
}

static void put_u32(uint8_t *place, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        place[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static uint32_t take_u32(const uint8_t *place)
{
    return (uint32_t)place[0] << 24 | (uint32_t)place[1] << 16 | (uint32_t)place[2] << 8 | place[3];
}

static void write_header(uint64_t first, uint8_t ret_bytes[SEGMENT_HEADER_BYTES])
{
    memset(ret_bytes, 0, SEGMENT_HEADER_BYTES);
    memcpy(ret_bytes, magic, sizeof(magic) - 1);
    put_u32(ret_bytes + PLACE_FIRST, (uint32_t)(first >> 32));
    put_u32(ret_bytes + PLACE_FIRST + 4, (uint32_t)first);
    put_u32(ret_bytes + PLACE_COUNT, JOURNAL_SEGMENT_RECORDS);
}

void segment_write_table(uint64_t first, const struct segment_table *table,
                         uint8_t ret_bytes[SEGMENT_TABLE_BYTES])
{
    write_header(first, ret_bytes);
    for (uint32_t i = 0; i <= JOURNAL_SEGMENT_RECORDS; i++) {
        put_u32(ret_bytes + SEGMENT_HEADER_BYTES + (size_t)4 * i, table->offsets[i]);
    }
}

enum status segment_read_table(uint64_t first, const uint8_t bytes[SEGMENT_TABLE_BYTES],
                               struct segment_table *ret_table)
{
    uint8_t header[SEGMENT_HEADER_BYTES];
    uint32_t least = SEGMENT_TABLE_BYTES;
    uint32_t most = SEGMENT_TABLE_BYTES;

    write_header(first, header);
    if (memcmp(header, bytes, sizeof(header)) != 0) {
        return STATUS_MALFORMED;
    }
    for (uint32_t i = 0; i <= JOURNAL_SEGMENT_RECORDS; i++) {
        const uint32_t offset = take_u32(bytes + SEGMENT_HEADER_BYTES + (size_t)4 * i);
        if (offset < least || offset > most) {
            return STATUS_MALFORMED;
        }
        ret_table->offsets[i] = offset;
        least = offset + 1 + 1 + JOURNAL_CHECKSUM_BYTES;
        most = offset + SEGMENT_RECORD_BYTES_MAX;
    }
    return STATUS_OK;
}
