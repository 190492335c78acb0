/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/row_table.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "store/sorted_internal.h"

struct row_table {
    struct sorted rows;
    enum status fail_status;
    uint32_t fail_count;
};

struct row_table *row_table_new(void)
{
    struct row_table *table = calloc(1, sizeof(*table));

    CHECK(table != NULL);
    return table;
}

struct row_table *row_table_free(struct row_table *table)
{
    if (table != NULL) {
        sorted_deinit(&table->rows);
        free(table);
    }
    return NULL;
}

static bool fails(struct row_table *table)
{
    if (table->fail_count == 0) {
        return false;
    }
    table->fail_count--;
    return true;
}

static enum status get(void *context, struct bytes key, struct bytes *ret_value)
{
    struct row_table *table = context;

    if (fails(table)) {
        return table->fail_status;
    }
    const struct sorted_entry *entry = sorted_get(&table->rows, key);
    if (entry == NULL) {
        return STATUS_NOT_FOUND;
    }
    *ret_value = sorted_entry_value(entry);
    return STATUS_OK;
}

static enum status seek(void *context, struct bytes key, struct bytes *ret_key,
                        struct bytes *ret_value)
{
    struct row_table *table = context;

    if (fails(table)) {
        return table->fail_status;
    }
    const struct sorted_entry *entry = sorted_seek(&table->rows, key);
    if (entry == NULL) {
        return STATUS_NOT_FOUND;
    }
    *ret_key = sorted_entry_key(entry);
    *ret_value = sorted_entry_value(entry);
    return STATUS_OK;
}

struct row_source row_table_source(struct row_table *table)
{
    return (struct row_source){.context = table, .get = get, .seek = seek};
}

void row_table_commit(struct row_table *table, const struct rows *rows, uint64_t generation)
{
    struct row_change change;

    for (uint32_t i = 0; rows_change(rows, generation, i, &change); i++) {
        if (change.removed) {
            sorted_remove(&table->rows, change.key);
        } else {
            sorted_put(&table->rows, sorted_entry_new(change.key, change.value));
        }
    }
}

uint32_t row_table_count(const struct row_table *table)
{
    return (uint32_t)table->rows.count;
}

/* The first row above `entry`; NULL: there is none. */
static const struct sorted_entry *next_of(const struct row_table *table,
                                          const struct sorted_entry *entry)
{
    const struct bytes key = sorted_entry_key(entry);
    uint8_t memory[ROW_KEY_BYTES_MAX + 1] = {0};

    CHECK(key.count <= ROW_KEY_BYTES_MAX);
    memcpy(memory, key.data, key.count);
    return sorted_seek(&table->rows, bytes_from(memory, key.count + 1));
}

uint32_t row_table_count_prefix(struct row_table *table, struct bytes prefix)
{
    const struct sorted_entry *entry = sorted_seek(&table->rows, prefix);
    uint32_t count = 0;

    for (; entry != NULL && bytes_have_prefix(sorted_entry_key(entry), prefix);
         entry = next_of(table, entry)) {
        count++;
    }
    return count;
}

bool row_tables_equal(const struct row_table *a, const struct row_table *b)
{
    const struct sorted_entry *one = sorted_seek(&a->rows, (struct bytes){0});
    const struct sorted_entry *other = sorted_seek(&b->rows, (struct bytes){0});

    for (; one != NULL && other != NULL; one = next_of(a, one), other = next_of(b, other)) {
        if (!bytes_equal(sorted_entry_key(one), sorted_entry_key(other)) ||
            !bytes_equal(sorted_entry_value(one), sorted_entry_value(other))) {
            return false;
        }
    }
    return one == NULL && other == NULL;
}

void row_table_fail(struct row_table *table, enum status status, uint32_t count)
{
    table->fail_status = status;
    table->fail_count = count;
}
