/* SPDX-License-Identifier: Apache-2.0 */
/* The promises of store/writer.h: order, sharing of commits, failures that pass and that do not. */
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/writer.h"
#include "tests/support/folder.h"

#define REPORTS_MAX 4096

struct report {
    uint64_t generation;
    enum status status;
    uint64_t head;
};

struct desk {
    struct folder folder;
    struct journal *journal;
    struct writer *writer;
    pthread_mutex_t mutex;
    pthread_cond_t change;
    struct report reports[REPORTS_MAX];
    size_t reports_count;
    bool is_held; /* `done` waits while it is set, so that batches pile up behind it */
};

static void done(void *context, uint64_t generation, enum status status, uint64_t head)
{
    struct desk *desk = context;

    (void)pthread_mutex_lock(&desk->mutex);
    if (desk->reports_count < REPORTS_MAX) {
        desk->reports[desk->reports_count++] =
            (struct report){.generation = generation, .status = status, .head = head};
    }
    (void)pthread_cond_broadcast(&desk->change);
    while (desk->is_held) {
        (void)pthread_cond_wait(&desk->change, &desk->mutex);
    }
    (void)pthread_mutex_unlock(&desk->mutex);
}

/* Waits for a report that is (or is not) STATUS_OK, from number `from` on, and returns it. */
static struct report await(struct desk *desk, size_t from, bool is_ok)
{
    struct report found = {0};
    bool is_found = false;

    (void)pthread_mutex_lock(&desk->mutex);
    while (!is_found) {
        for (size_t i = from; i < desk->reports_count && !is_found; i++) {
            if ((desk->reports[i].status == STATUS_OK) == is_ok) {
                found = desk->reports[i];
                is_found = true;
            }
        }
        if (!is_found) {
            (void)pthread_cond_wait(&desk->change, &desk->mutex);
        }
    }
    (void)pthread_mutex_unlock(&desk->mutex);
    return found;
}

/* Waits until everything up to `generation` is durable. */
static struct report await_generation(struct desk *desk, uint64_t generation)
{
    struct report last = {0};

    (void)pthread_mutex_lock(&desk->mutex);
    for (;;) {
        for (size_t i = 0; i < desk->reports_count; i++) {
            last = desk->reports[i].status == STATUS_OK ? desk->reports[i] : last;
        }
        if (last.generation >= generation) {
            break;
        }
        (void)pthread_cond_wait(&desk->change, &desk->mutex);
    }
    (void)pthread_mutex_unlock(&desk->mutex);
    return last;
}

/* True when there are more than `count` reports before `ns` have passed. */
static bool hears_more_within(struct desk *desk, size_t count, long ns)
{
    struct timespec deadline;
    int rc = 0;

    assert_int_equal(0, clock_gettime(CLOCK_REALTIME, &deadline));
    deadline.tv_sec += (deadline.tv_nsec + ns) / 1000000000;
    deadline.tv_nsec = (deadline.tv_nsec + ns) % 1000000000;
    (void)pthread_mutex_lock(&desk->mutex);
    while (desk->reports_count <= count && rc == 0) {
        rc = pthread_cond_timedwait(&desk->change, &desk->mutex, &deadline);
    }
    const bool more = desk->reports_count > count;
    (void)pthread_mutex_unlock(&desk->mutex);
    return more;
}

static void hold(struct desk *desk, bool is_held)
{
    (void)pthread_mutex_lock(&desk->mutex);
    desk->is_held = is_held;
    (void)pthread_cond_broadcast(&desk->change);
    (void)pthread_mutex_unlock(&desk->mutex);
}

static size_t reports_count(struct desk *desk)
{
    (void)pthread_mutex_lock(&desk->mutex);
    const size_t count = desk->reports_count;
    (void)pthread_mutex_unlock(&desk->mutex);
    return count;
}

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    desk->folder = folder_make();
    (void)pthread_mutex_init(&desk->mutex, NULL);
    (void)pthread_cond_init(&desk->change, NULL);
    const struct journal_options options = {.path = desk->folder.path,
                                            .map_bytes = (size_t)1 << 20};
    assert_status(STATUS_OK, journal_open_lmdb(&options, &desk->journal));
    const struct writer_options writer_options = {
        .journal = desk->journal, .done = done, .context = desk, .retry = DURATION_MS(5)};
    assert_status(STATUS_OK, writer_open(&writer_options, &desk->writer));
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    char small[300];

    desk->is_held = false;
    writer_close(desk->writer);
    journal_close(desk->journal);
    (void)snprintf(small, sizeof(small), "%s/small", desk->folder.path);
    (void)umount2(small, MNT_DETACH); /* of a test that failed or that mounted nothing */
    (void)pthread_cond_destroy(&desk->change);
    (void)pthread_mutex_destroy(&desk->mutex);
    folder_remove(&desk->folder);
    free(desk);
    return 0;
}

/* A batch of one record that says its generation and one row that the next batch replaces. */
struct parcel {
    char words[32];
    struct bytes record;
    struct journal_change change;
};

static struct journal_batch parcel_batch(struct parcel *parcel, uint64_t generation)
{
    (void)snprintf(parcel->words, sizeof(parcel->words), "%llu", (unsigned long long)generation);
    parcel->record = bytes_from_string(parcel->words);
    parcel->change =
        (struct journal_change){.key = bytes_from_string("newest"), .value = parcel->record};
    return (struct journal_batch){.records = &parcel->record,
                                  .records_count = 1,
                                  .changes = &parcel->change,
                                  .changes_count = 1};
}

static void push(struct desk *desk, struct parcel *parcel, uint64_t generation)
{
    const struct journal_batch batch = parcel_batch(parcel, generation);

    assert_status(STATUS_OK, writer_push(desk->writer, generation, &batch));
}

/* Record n is that of generation n, and the row is the last one's. */
static void assert_journal_holds(struct journal *journal, uint64_t count)
{
    struct journal_reader *reader = NULL;
    struct bytes found;
    char words[32];

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_int_equal(count, journal_reader_head(reader));
    for (uint64_t i = 1; i <= count; i++) {
        (void)snprintf(words, sizeof(words), "%llu", (unsigned long long)i);
        assert_status(STATUS_OK, journal_read_record(reader, i, &found));
        assert_true(bytes_equal(bytes_from_string(words), found));
    }
    if (count > 0) {
        assert_status(STATUS_OK, journal_read_row(reader, bytes_from_string("newest"), &found));
        assert_true(bytes_equal(bytes_from_string(words), found));
    }
    journal_reader_close(reader);
}

static void a_lone_batch_is_committed_at_once(void **state)
{
    struct desk *desk = *state;
    struct parcel parcel;

    push(desk, &parcel, 1);
    const struct report report = await_generation(desk, 1);
    assert_int_equal(1, report.generation);
    assert_int_equal(1, report.head);
    assert_journal_holds(desk->journal, 1);
}

static void batches_that_wait_share_one_commit(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[WRITER_BATCHES_MAX];

    hold(desk, true);
    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    for (uint64_t i = 2; i <= 50; i++) {
        push(desk, &parcels[i - 1], i);
    }
    hold(desk, false);
    const struct report report = await_generation(desk, 50);
    assert_int_equal(50, report.head);
    assert_int_equal(2, reports_count(desk));
    assert_journal_holds(desk->journal, 50);
}

static void thousands_of_batches_keep_their_order(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[WRITER_BATCHES_MAX];
    uint64_t last = 0;

    for (uint64_t i = 1; i <= 3000; i++) {
        /* A parcel is used again only when it is durable, as the owner of a batch must. */
        if (i > WRITER_BATCHES_MAX) {
            (void)await_generation(desk, i - WRITER_BATCHES_MAX);
        }
        push(desk, &parcels[i % WRITER_BATCHES_MAX], i);
    }
    (void)await_generation(desk, 3000);
    for (size_t i = 0; i < desk->reports_count; i++) {
        assert_status(STATUS_OK, desk->reports[i].status);
        assert_int_equal(desk->reports[i].generation, desk->reports[i].head);
        assert_true(desk->reports[i].generation > last);
        last = desk->reports[i].generation;
    }
    assert_journal_holds(desk->journal, 3000);
}

static void a_full_queue_says_so(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[WRITER_BATCHES_MAX + 2];

    hold(desk, true);
    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    for (uint64_t i = 2; i < WRITER_BATCHES_MAX + 2; i++) {
        push(desk, &parcels[i - 1], i);
    }
    const struct journal_batch batch =
        parcel_batch(&parcels[WRITER_BATCHES_MAX + 1], WRITER_BATCHES_MAX + 2);
    assert_status(STATUS_FULL, writer_push(desk->writer, WRITER_BATCHES_MAX + 2, &batch));
    hold(desk, false);
    (void)await_generation(desk, WRITER_BATCHES_MAX + 1);
    assert_status(STATUS_OK, writer_push(desk->writer, WRITER_BATCHES_MAX + 2, &batch));
    (void)await_generation(desk, WRITER_BATCHES_MAX + 2);
    assert_journal_holds(desk->journal, WRITER_BATCHES_MAX + 2);
}

static void close_writes_what_waits(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[20];

    for (uint64_t i = 1; i <= 20; i++) {
        push(desk, &parcels[i - 1], i);
    }
    desk->writer = writer_close(desk->writer);
    assert_journal_holds(desk->journal, 20);
    assert_int_equal(20, desk->reports[desk->reports_count - 1].generation);
}

/* Files of this process can no longer grow. */
static struct rlimit fill_disk(void)
{
    struct rlimit before;

    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
    return before;
}

static void a_full_disk_is_reported_and_tried_again_until_there_is_room(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[10];

    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    const struct rlimit before = fill_disk();
    for (uint64_t i = 2; i <= 10; i++) {
        push(desk, &parcels[i - 1], i);
    }
    const struct report failed = await(desk, 0, false);
    const struct report again = await(desk, 3, false);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &before));
    assert_status(STATUS_NO_SPACE, failed.status);
    assert_status(STATUS_NO_SPACE, again.status);
    assert_int_equal(2, failed.generation);
    assert_int_equal(2, again.generation);
    const struct report report = await_generation(desk, 10);
    assert_int_equal(10, report.head);
    assert_journal_holds(desk->journal, 10);
}

static void close_gives_up_on_a_disk_that_stays_full(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[10];

    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    const struct rlimit before = fill_disk();
    for (uint64_t i = 2; i <= 10; i++) {
        push(desk, &parcels[i - 1], i);
    }
    (void)await(desk, 0, false);
    desk->writer = writer_close(desk->writer);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &before));
    assert_status(STATUS_NO_SPACE, desk->reports[desk->reports_count - 1].status);
    assert_journal_holds(desk->journal, 1);
}

/* ---- a real small disk ---- */

struct small_disk {
    char path[300];
    char filler[340];
};

/* Moves the desk to a disk of 8 MiB. False: nobody but root can mount one. */
static bool move_to_small_disk(struct desk *desk, struct small_disk *disk)
{
    (void)snprintf(disk->path, sizeof(disk->path), "%s/small", desk->folder.path);
    (void)snprintf(disk->filler, sizeof(disk->filler), "%s/filler", disk->path);
    assert_int_equal(0, mkdir(disk->path, 0700));
    if (mount("none", disk->path, "tmpfs", 0, "size=8m") != 0) {
        return false;
    }
    desk->writer = writer_close(desk->writer);
    desk->journal = journal_close(desk->journal);
    const struct journal_options options = {.path = disk->path, .map_bytes = (size_t)1 << 20};
    assert_status(STATUS_OK, journal_open_lmdb(&options, &desk->journal));
    const struct writer_options writer_options = {
        .journal = desk->journal, .done = done, .context = desk, .retry = DURATION_MS(5)};
    assert_status(STATUS_OK, writer_open(&writer_options, &desk->writer));
    return true;
}

/* With a blob that pages used before have no room for. */
static void push_large(struct desk *desk, struct parcel *parcel, uint64_t generation)
{
    static uint8_t memory[32][100000];
    static struct bytes blobs[32];
    struct journal_batch batch = parcel_batch(parcel, generation);

    assert_true(generation < 32);
    memset(memory[generation], (int)generation, sizeof(memory[0]));
    blobs[generation] = bytes_from(memory[generation], sizeof(memory[0]));
    batch.blobs = &blobs[generation];
    batch.blobs_count = 1;
    assert_status(STATUS_OK, writer_push(desk->writer, generation, &batch));
}

static void fill(const struct small_disk *disk)
{
    static const uint8_t zeros[4096];
    const int fd = open(disk->filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof(zeros)) > 0) {
    }
    assert_int_equal(ENOSPC, errno);
    assert_int_equal(0, close(fd));
}

static void a_small_disk_fills_and_the_writer_goes_on_when_there_is_room(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[10];
    struct small_disk disk;

    if (!move_to_small_disk(desk, &disk)) {
        skip();
    }
    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    fill(&disk);
    for (uint64_t i = 2; i <= 10; i++) {
        push_large(desk, &parcels[i - 1], i);
    }
    assert_status(STATUS_NO_SPACE, await(desk, 0, false).status);
    assert_status(STATUS_NO_SPACE, await(desk, 3, false).status);
    assert_int_equal(0, unlink(disk.filler));
    assert_int_equal(10, await_generation(desk, 10).head);
    assert_journal_holds(desk->journal, 10);
}

/* An orderly stop writes its last words before it closes: they find the reserve too. */
static void a_stop_that_begins_may_spend_the_reserve(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[2];
    struct small_disk disk;

    if (!move_to_small_disk(desk, &disk)) {
        skip();
    }
    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    fill(&disk);
    push_large(desk, &parcels[1], 2);
    assert_status(STATUS_NO_SPACE, await(desk, 0, false).status);
    writer_end_is_near(desk->writer);
    assert_int_equal(2, await_generation(desk, 2).head);
    assert_status(STATUS_NOT_FOUND, journal_spend_reserve(desk->journal));
}

/* The reserve is for the end: nothing that waits is lost by an orderly stop. */
static void close_writes_what_waits_into_the_reserve_of_a_full_disk(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[20];
    struct small_disk disk;

    if (!move_to_small_disk(desk, &disk)) {
        skip();
    }
    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    fill(&disk);
    for (uint64_t i = 2; i <= 20; i++) {
        push_large(desk, &parcels[i - 1], i);
    }
    assert_status(STATUS_NO_SPACE, await(desk, 0, false).status);
    desk->writer = writer_close(desk->writer);
    assert_status(STATUS_OK, desk->reports[desk->reports_count - 1].status);
    assert_int_equal(20, desk->reports[desk->reports_count - 1].head);
    assert_journal_holds(desk->journal, 20);
    /* The next start wants its reserve again before it begins. */
    assert_status(STATUS_NOT_FOUND, journal_spend_reserve(desk->journal));
    desk->journal = journal_close(desk->journal);
    fill(&disk);
    const struct journal_options options = {.path = disk.path, .map_bytes = (size_t)1 << 20};
    assert_status(STATUS_NO_SPACE, journal_open_lmdb(&options, &desk->journal));
    assert_int_equal(0, unlink(disk.filler));
    assert_status(STATUS_OK, journal_open_lmdb(&options, &desk->journal));
    assert_journal_holds(desk->journal, 20);
}

/* The owner reads on its own thread while the writer's makes the map grow under it. */
static void the_map_grows_while_another_thread_reads(void **state)
{
    struct desk *desk = *state;
    static uint8_t large[60000];
    struct bytes records[WRITER_BATCHES_MAX];
    struct journal_batch batches[WRITER_BATCHES_MAX];
    struct journal_reader *reader = NULL;
    struct journal_usage usage;
    struct parcel parcel;
    struct bytes found;

    push(desk, &parcel, 1);
    (void)await_generation(desk, 1);
    assert_status(STATUS_OK, journal_reader_open(desk->journal, &reader));
    for (uint64_t i = 2; i <= 400; i++) {
        const size_t slot = i % WRITER_BATCHES_MAX;
        records[slot] = bytes_from(large, sizeof(large));
        batches[slot] = (struct journal_batch){.records = &records[slot], .records_count = 1};
        while (writer_push(desk->writer, i, &batches[slot]) == STATUS_FULL) {
            assert_status(STATUS_OK, journal_read_record(reader, 1, &found));
            assert_true(bytes_equal(bytes_from_string("1"), found));
            assert_status(STATUS_OK, journal_reader_refresh(reader));
        }
        assert_status(STATUS_OK, journal_read_row(reader, bytes_from_string("newest"), &found));
        assert_true(bytes_equal(bytes_from_string("1"), found));
    }
    assert_int_equal(400, await_generation(desk, 400).head);
    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_int_equal(400, journal_reader_head(reader));
    assert_status(STATUS_OK, journal_usage(desk->journal, &usage));
    assert_true(usage.bytes_mapped >= (size_t)16 << 20);
    journal_reader_close(reader);
}

/* Another process that ignores every lock adds a record. */
static int intrude(const char *path)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi records;
    uint8_t sequence[8] = {0, 0, 0, 0, 0, 0, 0, 9};
    MDB_val key = {.mv_size = sizeof(sequence), .mv_data = sequence};
    MDB_val value = {.mv_size = 9, .mv_data = (void *)"intruder!"};

    return mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 8) == 0 &&
                   mdb_env_open(env, path, 0, 0600) == 0 &&
                   mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
                   mdb_dbi_open(txn, "records", 0, &records) == 0 &&
                   mdb_put(txn, records, &key, &value, 0) == 0 && mdb_txn_commit(txn) == 0
               ? 0
               : 1;
}

static void a_journal_that_somebody_else_wrote_is_corrupt_and_left_alone(void **state)
{
    struct desk *desk = *state;
    struct parcel parcels[2];
    int status = 0;
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(intrude(desk->folder.path));
    }
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_int_equal(0, status);
    push(desk, &parcels[0], 1);
    const struct report report = await(desk, 0, false);
    assert_status(STATUS_CORRUPT, report.status);
    push(desk, &parcels[1], 2);
    /* Twenty times the pause between tries: a thread that went on would be heard. */
    assert_false(hears_more_within(desk, 1, 100000000));
    desk->writer = writer_close(desk->writer);
    assert_int_equal(1, desk->reports_count);
}

/* ---- checkpoints ---- */

static void checkpointed(void *context, enum status status)
{
    done(context, UINT64_MAX, status, 0);
}

static void a_checkpoint_is_written_between_batches(void **state)
{
    struct desk *desk = *state;
    static struct parcel parcels[2];
    struct writer_checkpoint checkpoint = {
        .checkpoint = {.size = 1, .note = bytes_from_string("a note")},
        .done = checkpointed,
        .context = desk,
    };
    struct journal_reader *reader = NULL;
    struct bytes note;
    uint64_t size = 0;

    push(desk, &parcels[0], 1);
    (void)await_generation(desk, 1);
    const size_t before = reports_count(desk);
    hold(desk, true);
    assert_status(STATUS_OK, writer_push_checkpoint(desk->writer, &checkpoint));
    (void)await(desk, before, true);
    /* It was told, so another one may wait; a third one may not. */
    assert_status(STATUS_OK, writer_push_checkpoint(desk->writer, &checkpoint));
    assert_status(STATUS_FULL, writer_push_checkpoint(desk->writer, &checkpoint));
    hold(desk, false);
    push(desk, &parcels[1], 2);
    (void)await_generation(desk, 2);
    desk->writer = writer_close(desk->writer);
    assert_status(STATUS_OK, journal_reader_open(desk->journal, &reader));
    assert_status(STATUS_OK, journal_seek_checkpoint(reader, 0, JOURNAL_UPWARDS, &size, &note));
    assert_int_equal(1, size);
    assert_int_equal(2, journal_reader_head(reader));
    journal_reader_close(reader);
}

static void archived(void *context, const struct archive_report *report)
{
    struct desk *desk = context;

    assert_status(STATUS_OK, report->status);
    done(desk, report->archived_count, STATUS_OK, 0);
}

/* What the file of before holds is archived at once, what comes later as soon as it is old. */
static void old_records_are_archived_between_commits(void **state)
{
    enum { EACH = 3000, BATCHES = 4 };
    struct desk *desk = *state;
    static char words[EACH * BATCHES][32];
    static struct bytes records[EACH * BATCHES];
    const struct archive_options archive = {.keep_records = ARCHIVE_KEEP_RECORDS_MIN};
    const struct writer_options options = {.journal = desk->journal,
                                           .done = done,
                                           .context = desk,
                                           .archive = &archive,
                                           .archived = archived};
    struct journal_change changes[BATCHES]; /* borrowed until the writer is closed */
    struct journal_reader *reader = NULL;

    for (uint32_t i = 0; i < EACH * BATCHES; i++) {
        (void)snprintf(words[i], sizeof(words[i]), "%u", i + 1);
        records[i] = bytes_from_string(words[i]);
    }
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        changes[batch] = (struct journal_change){.key = bytes_from_string("newest"),
                                                 .value = records[(batch + 1) * EACH - 1]};
        const struct journal_batch pushed = {.records = records + batch * EACH,
                                             .records_count = EACH,
                                             .changes = &changes[batch],
                                             .changes_count = 1};
        assert_status(STATUS_OK, writer_push(desk->writer, batch + 1, &pushed));
        (void)await_generation(desk, batch + 1);
        if (batch + 2 == BATCHES) { /* the last one comes to a writer that archives */
            writer_close(desk->writer);
            assert_status(STATUS_OK, writer_open(&options, &desk->writer));
            (void)await_generation(desk, 2 * JOURNAL_SEGMENT_RECORDS);
        }
    }
    desk->writer = writer_close(desk->writer);
    assert_journal_holds(desk->journal, EACH * BATCHES);
    assert_status(STATUS_OK, journal_reader_open(desk->journal, &reader));
    assert_int_equal(2 * JOURNAL_SEGMENT_RECORDS, journal_reader_archived(reader));
    journal_reader_close(reader);
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_lone_batch_is_committed_at_once),
        WITH_DESK(batches_that_wait_share_one_commit),
        WITH_DESK(thousands_of_batches_keep_their_order),
        WITH_DESK(a_full_queue_says_so),
        WITH_DESK(close_writes_what_waits),
        WITH_DESK(a_full_disk_is_reported_and_tried_again_until_there_is_room),
        WITH_DESK(close_gives_up_on_a_disk_that_stays_full),
        WITH_DESK(a_small_disk_fills_and_the_writer_goes_on_when_there_is_room),
        WITH_DESK(a_stop_that_begins_may_spend_the_reserve),
        WITH_DESK(close_writes_what_waits_into_the_reserve_of_a_full_disk),
        WITH_DESK(the_map_grows_while_another_thread_reads),
        WITH_DESK(a_checkpoint_is_written_between_batches),
        WITH_DESK(old_records_are_archived_between_commits),
        WITH_DESK(a_journal_that_somebody_else_wrote_is_corrupt_and_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
