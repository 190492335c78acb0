/* SPDX-License-Identifier: Apache-2.0 */
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"

/* What one commit may hold. LMDB keeps a list of changed pages and spills beyond it; this stays far
 * below, and a commit stays short. A batch that is larger by itself is committed by itself. */
#define GROUP_RECORDS_MAX 16384u
#define GROUP_CHANGES_MAX 65536u
#define GROUP_BLOBS_MAX   256u

#define RETRY_NS_DEFAULT UINT64_C(500000000)

struct entry {
    uint64_t generation;
    struct journal_batch batch;
};

struct writer {
    struct writer_options options;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows up to `wake` */
    struct entry entries[WRITER_BATCHES_MAX];
    uint32_t first;
    uint32_t count;
    bool is_closing;
    bool is_ending; /* the reserve may be spent */
    bool has_checkpoint;
    struct writer_checkpoint checkpoint;
    pthread_cond_t wake;
    /* The writer's thread alone from here on. */
    uint64_t head;         /* of the last commit; 0: none yet */
    uint64_t archive_head; /* with this head it is worth looking for a segment to archive */
    /* Several batches laid end to end. */
    struct bytes *records;
    struct journal_change *changes;
    struct bytes *blobs;
};

static void lock(struct writer *writer)
{
    CHECK(pthread_mutex_lock(&writer->mutex) == 0);
}

static void unlock(struct writer *writer)
{
    CHECK(pthread_mutex_unlock(&writer->mutex) == 0);
}

static bool fits(const struct journal_batch *group, const struct journal_batch *batch)
{
    return batch->records_count <= GROUP_RECORDS_MAX - group->records_count &&
           batch->changes_count <= GROUP_CHANGES_MAX - group->changes_count &&
           batch->blobs_count <= GROUP_BLOBS_MAX - group->blobs_count;
}

static void lay_behind(struct writer *writer, struct journal_batch *group,
                       const struct journal_batch *batch)
{
    if (batch->records_count > 0) {
        memcpy(writer->records + group->records_count, batch->records,
               batch->records_count * sizeof(batch->records[0]));
    }
    if (batch->changes_count > 0) {
        memcpy(writer->changes + group->changes_count, batch->changes,
               batch->changes_count * sizeof(batch->changes[0]));
    }
    if (batch->blobs_count > 0) {
        memcpy(writer->blobs + group->blobs_count, batch->blobs,
               batch->blobs_count * sizeof(batch->blobs[0]));
    }
    group->records_count += batch->records_count;
    group->changes_count += batch->changes_count;
    group->blobs_count += batch->blobs_count;
}

static bool is_archiving_due(const struct writer *writer)
{
    return writer->options.archive != NULL && writer->head >= writer->archive_head;
}

/* One segment, so that a batch waits for no more. */
static void archive_if_due(struct writer *writer)
{
    const struct writer_options *options = &writer->options;
    struct archive_report report;

    if (!is_archiving_due(writer)) {
        return;
    }
    const enum status status = archive_segment(options->journal, options->archive, &report);
    if (status == STATUS_NOT_FOUND) {
        writer->archive_head =
            report.archived_count + JOURNAL_SEGMENT_RECORDS + options->archive->keep_records;
    } else if (status != STATUS_OK) {
        writer->archive_head = writer->head + WRITER_ARCHIVE_RETRY_RECORDS;
    }
    if (status != STATUS_NOT_FOUND && options->archived != NULL) {
        options->archived(options->context, &report);
    }
}

static void wait_for_work(struct writer *writer)
{
    lock(writer);
    while (writer->count == 0 && !writer->is_closing && !writer->has_checkpoint &&
           !is_archiving_due(writer)) {
        CHECK(pthread_cond_wait(&writer->wake, &writer->mutex) == 0);
    }
    unlock(writer);
}

/* Writes the checkpoint that waits, if there is one. */
static void write_checkpoint(struct writer *writer)
{
    lock(writer);
    const bool is_due = writer->has_checkpoint && !writer->is_closing;
    const struct writer_checkpoint checkpoint = writer->checkpoint;
    unlock(writer);
    if (is_due) {
        const struct journal_batch batch = {.checkpoint = &checkpoint.checkpoint};
        uint64_t head = 0;
        const enum status status = journal_commit(writer->options.journal, &batch, &head);
        lock(writer);
        writer->has_checkpoint = false;
        unlock(writer);
        checkpoint.done(checkpoint.context, status);
    }
}

/* False: nothing waits. The group stays in the queue until it is
 * durable; its batches are not touched by the owner, so they may be read without the lock. */
static bool take_group(struct writer *writer, uint32_t batches_max, struct journal_batch *ret_group,
                       uint32_t *ret_count, uint64_t *ret_generation)
{
    struct entry taken[WRITER_BATCHES_MAX];
    struct journal_batch group = {
        .records = writer->records, .changes = writer->changes, .blobs = writer->blobs};
    uint32_t count = 0;

    lock(writer);
    const uint32_t waiting = writer->count < batches_max ? writer->count : batches_max;
    for (uint32_t i = 0; i < waiting; i++) {
        taken[i] = writer->entries[(writer->first + i) % WRITER_BATCHES_MAX];
    }
    unlock(writer);
    if (waiting == 0) {
        return false;
    }
    while (count < waiting && fits(&group, &taken[count].batch)) {
        lay_behind(writer, &group, &taken[count].batch);
        count++;
    }
    if (count == 0) {
        group = taken[0].batch;
        count = 1;
    }
    *ret_group = group;
    *ret_count = count;
    *ret_generation = taken[count - 1].generation;
    return true;
}

static void drop_group(struct writer *writer, uint32_t count)
{
    lock(writer);
    CHECK(count <= writer->count);
    writer->first = (writer->first + count) % WRITER_BATCHES_MAX;
    writer->count -= count;
    unlock(writer);
}

static struct timespec deadline_after(uint64_t ns)
{
    struct timespec deadline;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &deadline) == 0);
    const uint64_t nanoseconds = (uint64_t)deadline.tv_nsec + ns;
    deadline.tv_sec += (time_t)(nanoseconds / 1000000000u);
    deadline.tv_nsec = (long)(nanoseconds % 1000000000u);
    return deadline;
}

/* False: closing. */
static bool wait_to_retry(struct writer *writer)
{
    const struct timespec deadline = deadline_after(writer->options.retry.ns);
    int rc = 0;

    lock(writer);
    while (!writer->is_closing && rc != ETIMEDOUT) {
        rc = pthread_cond_timedwait(&writer->wake, &writer->mutex, &deadline);
        CHECK(rc == 0 || rc == ETIMEDOUT);
    }
    const bool is_closing = writer->is_closing;
    unlock(writer);
    return !is_closing;
}

static bool is_closing(struct writer *writer)
{
    lock(writer);
    const bool is_closing = writer->is_closing;
    unlock(writer);
    return is_closing;
}

/* The last thing a full disk is good for. */
static bool finds_room(struct writer *writer, enum status failure)
{
    lock(writer);
    const bool may_spend = writer->is_closing || writer->is_ending;
    unlock(writer);
    return may_spend && failure == STATUS_NO_SPACE &&
           journal_spend_reserve(writer->options.journal) == STATUS_OK;
}

static bool is_over(struct writer *writer)
{
    lock(writer);
    const bool is_over = writer->is_closing && writer->count == 0;
    unlock(writer);
    return is_over;
}

static uint64_t oldest_generation(struct writer *writer)
{
    lock(writer);
    const uint64_t generation = writer->entries[writer->first].generation;
    unlock(writer);
    return generation;
}

static void *writer_run(void *context)
{
    struct writer *writer = context;
    uint32_t batches_max = WRITER_BATCHES_MAX;
    bool has_given_up = false;
    struct journal_batch group;
    uint32_t count = 0;
    uint64_t generation = 0;

    while (!has_given_up) {
        uint64_t head = 0;
        bool was_closing = false;
        wait_for_work(writer);
        write_checkpoint(writer);
        if (!take_group(writer, batches_max, &group, &count, &generation)) {
            if (is_over(writer)) {
                break;
            }
            archive_if_due(writer);
            continue;
        }
        was_closing = is_closing(writer);
        const enum status status = journal_commit(writer->options.journal, &group, &head);
        if (status == STATUS_OK) {
            drop_group(writer, count);
            batches_max = WRITER_BATCHES_MAX;
            writer->options.done(writer->options.context, generation, STATUS_OK, head);
            writer->head = head;
            archive_if_due(writer);
            continue;
        }
        if (finds_room(writer, status)) {
            continue;
        }
        /* Alone, it may fit where the group did not. */
        const bool was_alone = count == 1;
        batches_max = 1;
        writer->options.done(writer->options.context, oldest_generation(writer), status, 0);
        /* Whoever closes gets one more try, with the reserve, that began after he closed. */
        has_given_up =
            status == STATUS_CORRUPT || (!wait_to_retry(writer) && was_alone && was_closing);
    }
    return NULL;
}

static void writer_free(struct writer *writer)
{
    free(writer->records);
    free(writer->changes);
    free(writer->blobs);
    free(writer);
}

static void init_locks(struct writer *writer)
{
    pthread_condattr_t attributes;

    CHECK(pthread_mutex_init(&writer->mutex, NULL) == 0);
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&writer->wake, &attributes) == 0);
    CHECK(pthread_condattr_destroy(&attributes) == 0);
}

static void deinit_locks(struct writer *writer)
{
    CHECK(pthread_cond_destroy(&writer->wake) == 0);
    CHECK(pthread_mutex_destroy(&writer->mutex) == 0);
}

/* Signals are the owner's business: the thread takes none. */
static bool start_thread(struct writer *writer)
{
    sigset_t all;
    sigset_t before;

    CHECK(sigfillset(&all) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    const int rc = pthread_create(&writer->thread, NULL, writer_run, writer);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return rc == 0;
}

enum status writer_open(const struct writer_options *options, struct writer **ret_writer)
{
    CHECK(options->journal != NULL);
    CHECK(options->done != NULL);

    struct writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return STATUS_NO_MEMORY;
    }
    writer->options = *options;
    if (writer->options.retry.ns == 0) {
        writer->options.retry.ns = RETRY_NS_DEFAULT;
    }
    writer->records = malloc(GROUP_RECORDS_MAX * sizeof(writer->records[0]));
    writer->changes = malloc(GROUP_CHANGES_MAX * sizeof(writer->changes[0]));
    writer->blobs = malloc(GROUP_BLOBS_MAX * sizeof(writer->blobs[0]));
    if (writer->records == NULL || writer->changes == NULL || writer->blobs == NULL) {
        writer_free(writer);
        return STATUS_NO_MEMORY;
    }
    init_locks(writer);
    if (!start_thread(writer)) {
        deinit_locks(writer);
        writer_free(writer);
        return STATUS_NO_MEMORY;
    }
    *ret_writer = writer;
    return STATUS_OK;
}

enum status writer_push(struct writer *writer, uint64_t generation,
                        const struct journal_batch *batch)
{
    enum status status = STATUS_FULL;

    lock(writer);
    CHECK(!writer->is_closing);
    if (writer->count < WRITER_BATCHES_MAX) {
        const uint32_t last = (writer->first + writer->count) % WRITER_BATCHES_MAX;
        writer->entries[last] = (struct entry){.generation = generation, .batch = *batch};
        writer->count++;
        status = STATUS_OK;
        CHECK(pthread_cond_signal(&writer->wake) == 0);
    }
    unlock(writer);
    return status;
}

enum status writer_push_checkpoint(struct writer *writer,
                                   const struct writer_checkpoint *checkpoint)
{
    CHECK(checkpoint->done != NULL);
    lock(writer);
    const bool has_room = !writer->has_checkpoint;
    if (has_room) {
        writer->checkpoint = *checkpoint;
        writer->has_checkpoint = true;
        CHECK(pthread_cond_signal(&writer->wake) == 0);
    }
    unlock(writer);
    return has_room ? STATUS_OK : STATUS_FULL;
}

void writer_end_is_near(struct writer *writer)
{
    lock(writer);
    writer->is_ending = true;
    unlock(writer);
}

struct writer *writer_close(struct writer *writer)
{
    if (writer == NULL) {
        return NULL;
    }
    lock(writer);
    writer->is_closing = true;
    CHECK(pthread_cond_signal(&writer->wake) == 0);
    unlock(writer);
    CHECK(pthread_join(writer->thread, NULL) == 0);
    deinit_locks(writer);
    writer_free(writer);
    return NULL;
}
