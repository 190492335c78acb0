/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify_pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "relay/base/check.h"

#define THREADS_MAX      16u
#define TILES_PER_RUN    8u /* that a thread takes at once, so that the owner is woken less often */
#define TILES_PER_THREAD 24u /* that may wait for the owner */

static_assert(TILES_PER_THREAD >= 2 * TILES_PER_RUN, "a thread works while the owner looks");

struct place {
    bool is_done;
    struct verify_tile tile;
};

struct worker {
    struct verify_pool *pool;
    pthread_t thread;
    struct journal_reader *reader;
    struct journal_chunk chunk;
    struct hash leaves[TREE_TILE_WIDTH];
};

struct verify_pool {
    struct verify_pool_options options;
    pthread_mutex_t mutex; /* guards what follows up to `change` */
    uint64_t claimed;      /* tiles that a thread has, or had */
    uint64_t taken;        /* tiles that the owner has, or had */
    uint64_t released;     /* tiles that the owner had */
    bool is_closing;
    pthread_cond_t change;
    uint32_t places_count;
    struct place *places; /* tile n is at n % places_count; its thread's until it is done */
    uint32_t threads_count;
    struct worker workers[THREADS_MAX];
};

static void lock(struct verify_pool *pool)
{
    CHECK(pthread_mutex_lock(&pool->mutex) == 0);
}

static void unlock(struct verify_pool *pool)
{
    CHECK(pthread_mutex_unlock(&pool->mutex) == 0);
}

/* ---- a tile, on a thread of its own ---- */

static void outline_chunk(struct worker *worker, uint32_t at, uint32_t count,
                          struct verify_tile *tile)
{
    const struct verify_pool_options *options = &worker->pool->options;

    for (uint32_t i = 0; i < count; i++) {
        const struct bytes record = worker->chunk.records[i];
        worker->leaves[at + i] = worker->chunk.leaves[i];
        tile->counts[at + i] = (uint32_t)record.count;
        tile->is_outlined[at + i] =
            options->outline != NULL &&
            options->outline(options->context, record, &tile->outlines[at + i]);
    }
}

static void fill_tile(struct worker *worker, uint64_t index, struct verify_tile *tile)
{
    uint32_t at = 0;

    tile->is_clean = false;
    while (at < TREE_TILE_WIDTH) {
        const uint32_t room = TREE_TILE_WIDTH - at;
        journal_read_chunk(worker->reader, index * TREE_TILE_WIDTH + at + 1, &worker->chunk);
        const uint32_t count = worker->chunk.count < room ? worker->chunk.count : room;
        if (count == 0) {
            return;
        }
        outline_chunk(worker, at, count, tile);
        at += count;
    }
    tile->root = tree_tile_root(worker->leaves);
    tile->is_clean = true;
}

/* How many tiles from `*ret_first` on are this thread's now; 0: there is nothing more to do. */
static uint32_t claim(struct verify_pool *pool, uint64_t *ret_first)
{
    uint32_t count = 0;

    lock(pool);
    while (!pool->is_closing && pool->claimed < pool->options.tiles_count &&
           pool->claimed + TILES_PER_RUN > pool->released + pool->places_count) {
        CHECK(pthread_cond_wait(&pool->change, &pool->mutex) == 0);
    }
    if (!pool->is_closing) {
        const uint64_t left = pool->options.tiles_count - pool->claimed;
        count = left < TILES_PER_RUN ? (uint32_t)left : TILES_PER_RUN;
    }
    *ret_first = pool->claimed;
    pool->claimed += count;
    unlock(pool);
    return count;
}

static struct place *place_of(struct verify_pool *pool, uint64_t index)
{
    return &pool->places[index % pool->places_count];
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct verify_pool *pool = worker->pool;
    uint64_t first = 0;

    for (uint32_t count = claim(pool, &first); count > 0; count = claim(pool, &first)) {
        for (uint32_t i = 0; i < count; i++) {
            fill_tile(worker, first + i, &place_of(pool, first + i)->tile);
        }
        lock(pool);
        for (uint32_t i = 0; i < count; i++) {
            place_of(pool, first + i)->is_done = true;
        }
        CHECK(pthread_cond_broadcast(&pool->change) == 0);
        unlock(pool);
    }
    return NULL;
}

/* ---- the owner's side ---- */

const struct verify_tile *verify_pool_take(struct verify_pool *pool)
{
    lock(pool);
    CHECK(pool->taken < pool->options.tiles_count);
    if (pool->taken > 0) {
        place_of(pool, pool->taken - 1)->is_done = false;
    }
    pool->released = pool->taken;
    struct place *place = place_of(pool, pool->taken);
    if (pool->claimed + TILES_PER_RUN == pool->released + pool->places_count) {
        CHECK(pthread_cond_broadcast(&pool->change) == 0); /* there is room for a run again */
    }
    while (!place->is_done) {
        CHECK(pthread_cond_wait(&pool->change, &pool->mutex) == 0);
    }
    pool->taken++;
    unlock(pool);
    return &place->tile;
}

/* Signals are the owner's business: the threads take none. */
static bool start(struct worker *worker)
{
    sigset_t all;
    sigset_t before;

    if (journal_reader_open(worker->pool->options.journal, &worker->reader) != STATUS_OK) {
        return false;
    }
    CHECK(sigfillset(&all) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    const int rc = pthread_create(&worker->thread, NULL, work, worker);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    if (rc != 0) {
        worker->reader = journal_reader_close(worker->reader);
    }
    return rc == 0;
}

enum status verify_pool_open(const struct verify_pool_options *options,
                             struct verify_pool **ret_pool)
{
    struct verify_pool *pool = calloc(1, sizeof(*pool));
    const uint32_t wanted =
        options->threads_count < THREADS_MAX ? options->threads_count : THREADS_MAX;

    CHECK(wanted > 0);
    if (pool == NULL) {
        return STATUS_NO_MEMORY;
    }
    pool->options = *options;
    pool->places_count = wanted * TILES_PER_THREAD;
    pool->places = calloc(pool->places_count, sizeof(pool->places[0]));
    if (pool->places == NULL) {
        free(pool);
        return STATUS_NO_MEMORY;
    }
    CHECK(pthread_mutex_init(&pool->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&pool->change, NULL) == 0);
    while (pool->threads_count < wanted) {
        struct worker *worker = &pool->workers[pool->threads_count];
        worker->pool = pool;
        if (!start(worker)) {
            break;
        }
        pool->threads_count++;
    }
    if (pool->threads_count == 0) {
        verify_pool_close(pool);
        return STATUS_NO_MEMORY;
    }
    *ret_pool = pool;
    return STATUS_OK;
}

struct verify_pool *verify_pool_close(struct verify_pool *pool)
{
    if (pool == NULL) {
        return NULL;
    }
    lock(pool);
    pool->is_closing = true;
    CHECK(pthread_cond_broadcast(&pool->change) == 0);
    unlock(pool);
    for (uint32_t i = 0; i < pool->threads_count; i++) {
        CHECK(pthread_join(pool->workers[i].thread, NULL) == 0);
        pool->workers[i].reader = journal_reader_close(pool->workers[i].reader);
    }
    CHECK(pthread_mutex_destroy(&pool->mutex) == 0);
    CHECK(pthread_cond_destroy(&pool->change) == 0);
    free(pool->places);
    free(pool);
    return NULL;
}
