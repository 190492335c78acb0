/* SPDX-License-Identifier: Apache-2.0 */
/* The overlay against a plain table that has every change at once. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/base/prng.h"
#include "relay/core/rows.h"
#include "relay/core/step.h"
#include "tests/support/row_table.h"
#include "tests/support/unit.h"

#define CHANGES_MAX 16384u
#define BYTES_MAX   ((size_t)1 << 20)

struct overlay {
    void *memory;
    struct rows *rows;
    struct row_table *durable; /* what a store would hold */
};

static struct overlay overlay_new(void)
{
    struct overlay overlay;

    overlay.memory = malloc(rows_footprint(CHANGES_MAX, BYTES_MAX));
    overlay.durable = row_table_new();
    assert_non_null(overlay.memory);
    overlay.rows =
        rows_init(overlay.memory, CHANGES_MAX, BYTES_MAX, row_table_source(overlay.durable));
    return overlay;
}

static void overlay_free(struct overlay *overlay)
{
    row_table_free(overlay->durable);
    free(overlay->memory);
}

static void fold(struct overlay *overlay)
{
    struct hash digest = {{0}};

    rows_fold_changes(overlay->rows, &digest);
}

static void put(struct overlay *overlay, const char *key, const char *value)
{
    rows_put(overlay->rows, bytes_from_string(key), bytes_from_string(value));
}

static void delete (struct overlay *overlay, const char *key)
{
    rows_delete(overlay->rows, bytes_from_string(key));
}

static uint64_t seal(struct overlay *overlay)
{
    fold(overlay);
    return rows_seal(overlay->rows);
}

static void commit(struct overlay *overlay, uint64_t generation)
{
    row_table_commit(overlay->durable, overlay->rows, generation);
    rows_durable(overlay->rows, generation);
}

static void expect(struct overlay *overlay, const char *key, const char *value)
{
    struct bytes found;
    const enum status status = rows_get(overlay->rows, bytes_from_string(key), &found);

    if (value == NULL) {
        assert_status(STATUS_NOT_FOUND, status);
    } else {
        assert_status(STATUS_OK, status);
        assert_true(bytes_equal(found, bytes_from_string(value)));
    }
}

static void expect_seek(struct overlay *overlay, const char *from, const char *key)
{
    struct bytes found_key;
    struct bytes found_value;
    const enum status status = rows_seek(overlay->rows, bytes_from_string(from),
                                         bytes_from_string("k"), &found_key, &found_value);

    if (key == NULL) {
        assert_status(STATUS_NOT_FOUND, status);
    } else {
        assert_status(STATUS_OK, status);
        assert_true(bytes_equal(found_key, bytes_from_string(key)));
    }
}

static void reads_see_the_newest_change(void **state)
{
    (void)state;
    struct overlay overlay = overlay_new();

    put(&overlay, "k1", "one");
    put(&overlay, "k3", "three");
    const uint64_t first = seal(&overlay);
    put(&overlay, "k1", "uno");
    delete (&overlay, "k3");
    put(&overlay, "k5", "five");
    expect(&overlay, "k1", "uno");
    expect(&overlay, "k3", NULL);
    expect_seek(&overlay, "k1", "k1");
    expect_seek(&overlay, "k2", "k5");
    commit(&overlay, first);
    /* The first batch is durable now and must not show through the second. */
    expect(&overlay, "k1", "uno");
    expect(&overlay, "k3", NULL);
    expect_seek(&overlay, "k2", "k5");
    expect_seek(&overlay, "k6", NULL);
    const uint64_t second = seal(&overlay);
    commit(&overlay, second);
    expect(&overlay, "k1", "uno");
    expect_seek(&overlay, "k2", "k5");
    assert_int_equal(2, row_table_count(overlay.durable));
    overlay_free(&overlay);
}

static void a_batch_holds_the_last_value_of_each_key(void **state)
{
    (void)state;
    struct overlay overlay = overlay_new();
    struct row_change change;

    put(&overlay, "k1", "a");
    put(&overlay, "k2", "b");
    put(&overlay, "k1", "a longer value than before");
    const uint64_t generation = seal(&overlay);
    assert_true(rows_change(overlay.rows, generation, 0, &change));
    assert_true(bytes_equal(change.value, bytes_from_string("a longer value than before")));
    assert_true(rows_change(overlay.rows, generation, 1, &change));
    assert_true(bytes_equal(change.key, bytes_from_string("k2")));
    assert_false(rows_change(overlay.rows, generation, 2, &change));
    overlay_free(&overlay);
}

static void dropping_forgets_what_is_not_durable(void **state)
{
    (void)state;
    struct overlay overlay = overlay_new();

    put(&overlay, "k1", "kept");
    commit(&overlay, seal(&overlay));
    put(&overlay, "k1", "lost");
    (void)seal(&overlay);
    put(&overlay, "k2", "lost");
    rows_drop(overlay.rows);
    expect(&overlay, "k1", "kept");
    expect(&overlay, "k2", NULL);
    put(&overlay, "k2", "again");
    commit(&overlay, seal(&overlay));
    expect(&overlay, "k2", "again");
    overlay_free(&overlay);
}

static void the_fold_does_not_depend_on_batches(void **state)
{
    (void)state;
    struct hash digests[2] = {{{0}}, {{0}}};

    for (int i = 0; i < 2; i++) {
        struct overlay overlay = overlay_new();
        put(&overlay, "k1", "a");
        rows_fold_changes(overlay.rows, &digests[i]);
        if (i == 1) {
            (void)rows_seal(overlay.rows);
        }
        put(&overlay, "k1", "b");
        put(&overlay, "k2", "c");
        delete (&overlay, "k1");
        rows_fold_changes(overlay.rows, &digests[i]);
        overlay_free(&overlay);
    }
    assert_memory_equal(digests[0].bytes, digests[1].bytes, 32);
}

/* The meta row holds the digest, so it is part of none. */
static void skipped_changes_are_part_of_no_digest(void **state)
{
    (void)state;
    struct hash digests[2] = {{{0}}, {{0}}};

    for (int i = 0; i < 2; i++) {
        struct overlay overlay = overlay_new();
        if (i == 1) {
            put(&overlay, "m", "x");
            rows_skip_changes(overlay.rows);
        }
        put(&overlay, "k1", "a");
        rows_fold_changes(overlay.rows, &digests[i]);
        expect(&overlay, "m", i == 1 ? "x" : NULL);
        overlay_free(&overlay);
    }
    assert_memory_equal(digests[0].bytes, digests[1].bytes, 32);
}

static void failures_of_the_store_are_passed_on(void **state)
{
    (void)state;
    struct overlay overlay = overlay_new();
    struct bytes key;
    struct bytes value;

    row_table_fail(overlay.durable, STATUS_IO, 1);
    assert_status(STATUS_IO, rows_get(overlay.rows, bytes_from_string("k"), &value));
    row_table_fail(overlay.durable, STATUS_CORRUPT, 1);
    assert_status(STATUS_CORRUPT, rows_seek(overlay.rows, bytes_from_string("k"),
                                            bytes_from_string("k"), &key, &value));
    overlay_free(&overlay);
}

static void room_runs_out_before_memory_does(void **state)
{
    (void)state;
    struct overlay overlay = overlay_new();
    uint8_t value[1000];
    char key[16];
    uint32_t count = 0;

    memset(value, 7, sizeof(value));
    while (rows_have_room(overlay.rows, 4096)) {
        (void)snprintf(key, sizeof(key), "k%06u", count++);
        rows_put(overlay.rows, bytes_from_string(key), bytes_from(value, sizeof(value)));
        fold(&overlay);
    }
    assert_true(count > 900);
    commit(&overlay, seal(&overlay));
    assert_true(rows_have_room(overlay.rows, 4096));
    assert_int_equal(count, row_table_count(overlay.durable));
    overlay_free(&overlay);
}

/* ---- random changes, batches and commits against one plain table ---- */

#define KEYS_COUNT 64u

struct model {
    bool exists[KEYS_COUNT];
    uint32_t values[KEYS_COUNT];
};

/* Keys of two lengths, so that some are prefixes of others; no two are alike. */
static struct bytes model_key(uint8_t memory[4], uint32_t key)
{
    memory[0] = 'k';
    memory[1] = (uint8_t)(key / 8);
    memory[2] = (uint8_t)(key % 8);
    return bytes_from(memory, key % 24 == 0 ? 2u : 3u);
}

static void compare_all(struct overlay *overlay, const struct model *model)
{
    uint8_t memory[4];
    uint8_t previous[ROW_KEY_BYTES_MAX];
    struct bytes found = {NULL, 0};
    struct bytes value;
    struct bytes from = bytes_from("k", 1);
    uint32_t seen = 0;
    uint32_t expected = 0;

    for (uint32_t key = 0; key < KEYS_COUNT; key++) {
        const enum status status = rows_get(overlay->rows, model_key(memory, key), &value);
        assert_int_equal(model->exists[key] ? STATUS_OK : STATUS_NOT_FOUND, status);
        if (model->exists[key]) {
            uint32_t held = 0;
            memcpy(&held, value.data, sizeof(held));
            assert_int_equal(model->values[key], held);
            expected++;
        }
    }
    while (rows_seek(overlay->rows, from, bytes_from("k", 1), &found, &value) == STATUS_OK) {
        assert_true(seen == 0 || bytes_compare(bytes_from(previous, from.count - 1), found) < 0);
        memcpy(previous, found.data, found.count);
        previous[found.count] = 0;
        from = bytes_from(previous, found.count + 1);
        seen++;
    }
    assert_int_equal(expected, seen);
}

static void random_changes_agree_with_a_plain_table(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct prng prng = prng_from(seed);
        struct overlay overlay = overlay_new();
        struct model model = {.exists = {false}};
        uint64_t sealed = 0;
        uint64_t durable = 0;
        for (uint32_t i = 0; i < 3000; i++) {
            const uint32_t key = (uint32_t)prng_below(&prng, KEYS_COUNT);
            uint8_t memory[4];
            uint8_t value[32] = {0};
            if (!rows_have_room(overlay.rows, 4096) || prng_below(&prng, 40) == 0) {
                fold(&overlay);
                if (sealed - durable < 8) {
                    sealed = rows_seal(overlay.rows);
                }
            }
            if (sealed > durable && prng_below(&prng, 60) == 0) {
                while (durable < sealed && prng_below(&prng, 3) != 0) {
                    durable++;
                    row_table_commit(overlay.durable, overlay.rows, durable);
                    rows_durable(overlay.rows, durable);
                }
            }
            model.exists[key] = prng_below(&prng, 3) != 0;
            model.values[key] = i;
            if (model.exists[key]) {
                memcpy(value, &i, sizeof(i));
                rows_put(overlay.rows, model_key(memory, key),
                         bytes_from(value, 4 + prng_below(&prng, 28)));
            } else {
                rows_delete(overlay.rows, model_key(memory, key));
            }
            fold(&overlay);
            if (i % 97 == 0) {
                compare_all(&overlay, &model);
            }
        }
        compare_all(&overlay, &model);
        overlay_free(&overlay);
    }
}

/* A row that is put below the floor is found by a search from the floor, or it would never be
 * worked off before the next start. */
static void the_floor_of_the_due_queue_is_never_above_a_row(void **state)
{
    static struct step step;
    struct overlay overlay = overlay_new();
    struct prng prng = prng_from(11);
    uint64_t least = UINT64_MAX;

    (void)state;
    step.rows = overlay.rows;
    memset(step.due_floor, 0xff, sizeof(step.due_floor));
    step.due_floor_count = sizeof(step.due_floor);
    for (uint32_t i = 0; i < 200; i++) {
        const struct instant at = {.ns = prng_between(&prng, 1, 1000000)};
        struct hash id;
        struct bytes key;
        struct bytes value;
        prng_fill(&prng, id.bytes, sizeof(id.bytes));
        step_due(&step, at, DUE_MESSAGE, &id);
        least = at.ns < least ? at.ns : least;
        assert_true(step_seek(&step, bytes_from(step.due_floor, step.due_floor_count),
                              bytes_from("Q", 1), &key, &value));
        struct unpacker unpacker = unpacker_from(bytes_from(key.data + 1, 8));
        assert_int_equal(least, unpack_u64(&unpacker));
        assert_int_equal(DUE_KEY_BYTES, step.due_floor_count);
    }
    overlay_free(&overlay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_see_the_newest_change),
        cmocka_unit_test(a_batch_holds_the_last_value_of_each_key),
        cmocka_unit_test(dropping_forgets_what_is_not_durable),
        cmocka_unit_test(the_fold_does_not_depend_on_batches),
        cmocka_unit_test(skipped_changes_are_part_of_no_digest),
        cmocka_unit_test(failures_of_the_store_are_passed_on),
        cmocka_unit_test(room_runs_out_before_memory_does),
        cmocka_unit_test(random_changes_agree_with_a_plain_table),
        cmocka_unit_test(the_floor_of_the_due_queue_is_never_above_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
