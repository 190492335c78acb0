/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/row_table.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

struct row {
    uint8_t *data; /* key, then value */
    size_t key_count;
    size_t value_count;
};

struct row_table {
    struct row *rows;
    uint32_t count;
    uint32_t capacity;
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
        for (uint32_t i = 0; i < table->count; i++) {
            free(table->rows[i].data);
        }
        free(table->rows);
        free(table);
    }
    return NULL;
}

static struct bytes row_key(const struct row *row)
{
    return bytes_from(row->data, row->key_count);
}

static struct bytes row_value(const struct row *row)
{
    return bytes_from(row->data + row->key_count, row->value_count);
}

static uint32_t lower_bound(const struct row_table *table, struct bytes key)
{
    uint32_t low = 0;
    uint32_t high = table->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (bytes_compare(row_key(&table->rows[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
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
    const uint32_t at = lower_bound(table, key);

    if (fails(table)) {
        return table->fail_status;
    }
    if (at == table->count || !bytes_equal(row_key(&table->rows[at]), key)) {
        return STATUS_NOT_FOUND;
    }
    *ret_value = row_value(&table->rows[at]);
    return STATUS_OK;
}

static enum status seek(void *context, struct bytes key, struct bytes *ret_key,
                        struct bytes *ret_value)
{
    struct row_table *table = context;
    const uint32_t at = lower_bound(table, key);

    if (fails(table)) {
        return table->fail_status;
    }
    if (at == table->count) {
        return STATUS_NOT_FOUND;
    }
    *ret_key = row_key(&table->rows[at]);
    *ret_value = row_value(&table->rows[at]);
    return STATUS_OK;
}

struct row_source row_table_source(struct row_table *table)
{
    return (struct row_source){.context = table, .get = get, .seek = seek};
}

static void put(struct row_table *table, uint32_t at, bool exists, struct bytes key,
                struct bytes value)
{
    uint8_t *data = malloc(key.count + value.count + 1);

    CHECK(data != NULL);
    memcpy(data, key.data, key.count);
    if (value.count > 0) {
        memcpy(data + key.count, value.data, value.count);
    }
    if (exists) {
        free(table->rows[at].data);
    } else {
        if (table->count == table->capacity) {
            table->capacity = table->capacity == 0 ? 1024 : 2 * table->capacity;
            table->rows = realloc(table->rows, table->capacity * sizeof(*table->rows));
            CHECK(table->rows != NULL);
        }
        memmove(&table->rows[at + 1], &table->rows[at], (table->count - at) * sizeof(*table->rows));
        table->count++;
    }
    table->rows[at] =
        (struct row){.data = data, .key_count = key.count, .value_count = value.count};
}

void row_table_commit(struct row_table *table, const struct rows *rows, uint64_t generation)
{
    struct row_change change;

    for (uint32_t i = 0; rows_change(rows, generation, i, &change); i++) {
        const uint32_t at = lower_bound(table, change.key);
        const bool exists = at < table->count && bytes_equal(row_key(&table->rows[at]), change.key);
        if (!change.removed) {
            put(table, at, exists, change.key, change.value);
        } else if (exists) {
            free(table->rows[at].data);
            table->count--;
            memmove(&table->rows[at], &table->rows[at + 1],
                    (table->count - at) * sizeof(*table->rows));
        }
    }
}

uint32_t row_table_count(const struct row_table *table)
{
    return table->count;
}

uint32_t row_table_count_prefix(struct row_table *table, struct bytes prefix)
{
    uint32_t count = 0;

    for (uint32_t at = lower_bound(table, prefix);
         at < table->count && bytes_have_prefix(row_key(&table->rows[at]), prefix); at++) {
        count++;
    }
    return count;
}

bool row_tables_equal(const struct row_table *a, const struct row_table *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (!bytes_equal(row_key(&a->rows[i]), row_key(&b->rows[i])) ||
            !bytes_equal(row_value(&a->rows[i]), row_value(&b->rows[i]))) {
            return false;
        }
    }
    return true;
}

void row_table_fail(struct row_table *table, enum status status, uint32_t count)
{
    table->fail_status = status;
    table->fail_count = count;
}
