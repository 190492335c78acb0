/* SPDX-License-Identifier: Apache-2.0 */
/* How many records a second the journal appends durably, in bursts of 1, 10, 100 and 1,000, and how
 * many plain LMDB does when it is given the same keys and values in the same databases. A record
 * has 300 bytes and changes three rows. The two take turns, so that a slow moment of the disk hits
 * both; a figure is the median of its turns, and the ratio that of the turns' ratios, so that one
 * such moment decides nothing. `tree_share` is the time of all hashing for the tree over the same
 * records, leaves and nodes, as a part of that of appending them: a leaf is the record's checksum
 * as well, so it is the most that the tree can cost. Prints one line of JSON. Usage: bench_append
 * [SECONDS per burst and side] */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/base/prng.h"
#include "store/journal.h"
#include "tests/support/folder.h"

#define BURST_MAX       1000u
#define RECORD_BYTES    300u
#define ROW_BYTES       100u
#define KEY_BYTES       33u
#define ROWS_PER_RECORD 3u
#define SLICES          15u /* turns that each side takes */

static double now_s(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What one burst writes, the same for both sides. */
struct burst {
    struct prng prng;
    uint8_t bytes[BURST_MAX][RECORD_BYTES];
    uint8_t keys[BURST_MAX * ROWS_PER_RECORD][KEY_BYTES];
    struct bytes records[BURST_MAX];
    struct journal_change changes[BURST_MAX * ROWS_PER_RECORD];
};

static void burst_fill(struct burst *burst, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        prng_fill(&burst->prng, burst->bytes[i], RECORD_BYTES);
        burst->records[i] = bytes_from(burst->bytes[i], RECORD_BYTES);
    }
    for (uint32_t i = 0; i < count * ROWS_PER_RECORD; i++) {
        /* Random ids under a table's letter, as messages have. */
        prng_fill(&burst->prng, burst->keys[i], KEY_BYTES);
        burst->keys[i][0] = 'M';
        burst->changes[i] =
            (struct journal_change){.key = bytes_from(burst->keys[i], KEY_BYTES),
                                    .value = bytes_from(burst->bytes[i % count], ROW_BYTES)};
    }
}

/* ---- the journal ---- */

static void append_journal(struct journal *journal, const struct burst *burst, uint32_t count)
{
    uint64_t head = 0;
    const struct journal_batch batch = {.records = burst->records,
                                        .records_count = count,
                                        .changes = burst->changes,
                                        .changes_count = count * ROWS_PER_RECORD};

    CHECK(journal_commit(journal, &batch, &head) == STATUS_OK);
}

/* What appending computes for the tree, once more. */
static void grow_tree(struct tree_frontier *frontier, const struct burst *burst, uint32_t count)
{
    struct tree_completed completed;

    for (uint32_t i = 0; i < count; i++) {
        const struct hash leaf = tree_leaf(burst->records[i]);
        tree_append(frontier, &leaf, &completed);
    }
}

/* ---- plain LMDB ---- */

struct plain {
    MDB_env *env;
    MDB_dbi records;
    MDB_dbi rows;
    uint64_t head;
};

static void plain_open(struct plain *plain, const char *path)
{
    MDB_txn *txn = NULL;

    CHECK(mdb_env_create(&plain->env) == 0);
    CHECK(mdb_env_set_maxdbs(plain->env, 8) == 0);
    CHECK(mdb_env_set_mapsize(plain->env, JOURNAL_MAP_BYTES * 16) == 0);
    CHECK(mdb_env_open(plain->env, path, MDB_NOTLS | MDB_NORDAHEAD, 0600) == 0);
    CHECK(mdb_txn_begin(plain->env, NULL, 0, &txn) == 0);
    CHECK(mdb_dbi_open(txn, "records", MDB_CREATE, &plain->records) == 0);
    CHECK(mdb_dbi_open(txn, "rows", MDB_CREATE, &plain->rows) == 0);
    CHECK(mdb_txn_commit(txn) == 0);
}

static void append_plain(struct plain *plain, const struct burst *burst, uint32_t count)
{
    MDB_txn *txn = NULL;

    CHECK(mdb_txn_begin(plain->env, NULL, 0, &txn) == 0);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t sequence[8];
        const uint64_t number = ++plain->head;
        for (unsigned byte = 0; byte < 8; byte++) {
            sequence[byte] = (uint8_t)(number >> (56 - 8 * byte));
        }
        MDB_val key = {.mv_size = sizeof(sequence), .mv_data = sequence};
        /* Eight bytes more, as long as a record with its checksum. */
        MDB_val value = {.mv_size = RECORD_BYTES + 8, .mv_data = NULL};
        CHECK(mdb_put(txn, plain->records, &key, &value, MDB_APPEND | MDB_RESERVE) == 0);
        memcpy(value.mv_data, burst->bytes[i], RECORD_BYTES);
        memset((uint8_t *)value.mv_data + RECORD_BYTES, 0, 8);
    }
    for (uint32_t i = 0; i < count * ROWS_PER_RECORD; i++) {
        MDB_val key = {.mv_size = KEY_BYTES, .mv_data = (void *)burst->keys[i]};
        MDB_val value = {.mv_size = ROW_BYTES, .mv_data = (void *)burst->bytes[i % count]};
        CHECK(mdb_put(txn, plain->rows, &key, &value, 0) == 0);
    }
    CHECK(mdb_txn_commit(txn) == 0);
}

/* ---- turns ---- */

struct result {
    double ours; /* records a second */
    double plain;
    double ratio;
    double tree_share;
};

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;

    return a < b ? -1 : a > b ? 1 : 0;
}

static double median(double values[SLICES])
{
    qsort(values, SLICES, sizeof(values[0]), compare);
    return values[SLICES / 2];
}

static struct result run(struct burst *burst, uint32_t count, double seconds)
{
    const struct folder folders[2] = {folder_make(), folder_make()};
    const struct journal_options options = {.path = folders[0].path,
                                            .map_bytes = JOURNAL_MAP_BYTES * 16};
    struct journal *journal = NULL;
    struct plain plain = {.head = 0};
    struct tree_frontier frontier = {.size = 0};
    double shares[SLICES] = {0};
    double rates[2][SLICES];
    double ratios[SLICES];

    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    plain_open(&plain, folders[1].path);
    for (unsigned slice = 0; slice < 2 * SLICES; slice++) {
        /* Who begins changes as well: a pair is not always in the same order. */
        const unsigned side = (slice + slice / 2) % 2;
        const double end = now_s() + seconds / SLICES;
        uint64_t records = 0;
        double spent = 0;
        while (records == 0 || now_s() < end) {
            burst_fill(burst, count);
            const double start = now_s();
            if (side == 0) {
                append_journal(journal, burst, count);
            } else {
                append_plain(&plain, burst, count);
            }
            spent += now_s() - start;
            records += count;
            if (side == 0) {
                const double tree_start = now_s();
                grow_tree(&frontier, burst, count);
                shares[slice / 2] += now_s() - tree_start;
            }
        }
        if (side == 0) {
            shares[slice / 2] /= spent;
        }
        rates[side][slice / 2] = (double)records / spent;
    }
    for (unsigned i = 0; i < SLICES; i++) {
        ratios[i] = rates[0][i] / rates[1][i];
    }
    journal_close(journal);
    mdb_env_close(plain.env);
    folder_remove(&folders[0]);
    folder_remove(&folders[1]);
    return (struct result){.ours = median(rates[0]),
                           .plain = median(rates[1]),
                           .ratio = median(ratios),
                           .tree_share = median(shares)};
}

int main(int argc, char **argv)
{
    static const uint32_t counts[] = {1, 10, 100, 1000};
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 2.0;
    struct burst *burst = calloc(1, sizeof(*burst));

    if (burst == NULL || !(seconds > 0 && seconds <= 600)) {
        (void)fprintf(stderr, "usage: bench_append [SECONDS], from above 0 to 600\n");
        free(burst);
        return 2;
    }
    burst->prng = prng_from(1);
    (void)printf("{\"bench\":\"append\",\"record_bytes\":%u,\"rows_per_record\":%u", RECORD_BYTES,
                 ROWS_PER_RECORD);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const struct result result = run(burst, counts[i], seconds);
        (void)printf(",\"burst_%u\":{\"records_per_s\":%.0f,\"plain_lmdb_records_per_s\":%.0f,"
                     "\"ratio\":%.3f,\"tree_share\":%.4f}",
                     counts[i], result.ours, result.plain, result.ratio, result.tree_share);
    }
    (void)printf("}\n");
    free(burst);
    return 0;
}
