/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/row_store.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

struct stored {
    uint8_t *key;
    uint8_t *value;
    size_t key_count;
    size_t value_count;
};

/* Sorted by key. */
struct row_store {
    struct stored *rows;
    size_t count;
    size_t capacity;
};

static struct bytes key_of(const struct row_store *store, size_t at)
{
    return bytes_from(store->rows[at].key, store->rows[at].key_count);
}

static size_t at_or_after(const struct row_store *store, struct bytes key)
{
    size_t low = 0;
    size_t high = store->count;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (bytes_compare(key_of(store, middle), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status store_seek(void *context, struct bytes key, struct bytes *ret_key,
                              struct bytes *ret_value)
{
    const struct row_store *store = context;
    const size_t at = at_or_after(store, key);

    if (at == store->count) {
        return STATUS_NOT_FOUND;
    }
    *ret_key = key_of(store, at);
    *ret_value = bytes_from(store->rows[at].value, store->rows[at].value_count);
    return STATUS_OK;
}

static enum status store_get(void *context, struct bytes key, struct bytes *ret_value)
{
    struct bytes found;
    struct bytes value;

    if (store_seek(context, key, &found, &value) != STATUS_OK || !bytes_equal(found, key)) {
        return STATUS_NOT_FOUND;
    }
    *ret_value = value;
    return STATUS_OK;
}

struct row_source row_store_source(struct row_store *store)
{
    return (struct row_source){.context = store, .get = store_get, .seek = store_seek};
}

struct row_store *row_store_new(void)
{
    struct row_store *store = calloc(1, sizeof(*store));

    CHECK(store != NULL);
    return store;
}

static void row_remove(struct row_store *store, size_t at)
{
    free(store->rows[at].key);
    free(store->rows[at].value);
    store->count--;
    memmove(&store->rows[at], &store->rows[at + 1], (store->count - at) * sizeof(store->rows[0]));
}

struct row_store *row_store_free(struct row_store *store)
{
    if (store == NULL) {
        return NULL;
    }
    while (store->count > 0) {
        row_remove(store, store->count - 1);
    }
    free(store->rows);
    free(store);
    return NULL;
}

static uint8_t *copy_of(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.count + 1);

    CHECK(copy != NULL);
    if (bytes.count > 0) {
        memcpy(copy, bytes.data, bytes.count);
    }
    return copy;
}

static void row_insert(struct row_store *store, size_t at, const struct row_change *change)
{
    if (store->count == store->capacity) {
        store->capacity = 2 * store->capacity + 64;
        store->rows = realloc(store->rows, store->capacity * sizeof(store->rows[0]));
        CHECK(store->rows != NULL);
    }
    memmove(&store->rows[at + 1], &store->rows[at], (store->count - at) * sizeof(store->rows[0]));
    store->rows[at] = (struct stored){.key = copy_of(change->key),
                                      .value = copy_of(change->value),
                                      .key_count = change->key.count,
                                      .value_count = change->value.count};
    store->count++;
}

void row_store_apply(struct row_store *store, const struct row_change *change)
{
    const size_t at = at_or_after(store, change->key);

    if (at < store->count && bytes_equal(key_of(store, at), change->key)) {
        row_remove(store, at);
    }
    if (!change->removed) {
        row_insert(store, at, change);
    }
}
