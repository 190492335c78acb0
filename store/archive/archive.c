/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to an archive: blobs first, then the segment beside its place, synced, read back and
 * compared with the tree, renamed, the names synced; then the file forgets it. A death leaves what
 * is there in both places, or a draft without meaning that the next attempt writes over. */
#include "store/archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "store/archive/segment_internal.h"
#include "store/durable.h"
#include "store/log/file_internal.h"
#include "store/log/tile.h"

#define DRAFT_BYTES  ((size_t)256 << 10)
#define DIGESTS_MIN  64u
#define DIGESTS_MAX  (1u << 20)
#define BLOB_FOLDERS 256u

struct archiver {
    struct journal *journal;
    const struct archive_options *options;
    struct archive_report *report;
    struct journal_reader *reader;
    struct journal_reader *blobs; /* another one: a record is borrowed while blobs are read */
    struct archive *archive;      /* for reading back */
    uint64_t first;
    int folder; /* the archive */
    int draft;
    uint64_t written; /* of the draft */
    struct buffer waiting;
    struct hash *digests;
    uint32_t digests_count;
    uint32_t digests_capacity;
    bool is_new[BLOB_FOLDERS]; /* folders of blobs whose names are not durable yet */
    struct segment_table table;
    struct journal_chunk chunk;
    struct hash leaves[TREE_TILE_WIDTH];
    uint8_t memory[DRAFT_BYTES];
};

static_assert(DRAFT_BYTES >= SEGMENT_TABLE_BYTES, "the table is written in one go");
static_assert(JOURNAL_SEGMENT_RECORDS % TREE_TILE_WIDTH == 0, "a segment has whole tiles");

static enum status conclude(struct archiver *archiver, enum status status, const char *what)
{
    archiver->report->status = status;
    archiver->report->what = what;
    return status;
}

static enum status conclude_record(struct archiver *archiver, uint64_t sequence, const char *what)
{
    archiver->report->sequence = sequence;
    return conclude(archiver, STATUS_CORRUPT, what);
}

static enum status conclude_disk(struct archiver *archiver, enum status status)
{
    return conclude(archiver, status == STATUS_NOT_FOUND ? STATUS_IO : status,
                    "the archive cannot be written");
}

/* ---- names ---- */

static enum status sync_folder(struct archiver *archiver, const char *path)
{
    const int folder =
        openat(archiver->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);

    if (folder < 0) {
        return status_from_errno(errno);
    }
    const enum status status = fsync(folder) == 0 ? STATUS_OK : status_from_errno(errno);
    (void)close(folder); /* nothing was written */
    return status;
}

/* The folders that lead to `path`, below the archive and the archive itself. */
static enum status sync_above(struct archiver *archiver, const char *path)
{
    char folder[SEGMENT_PATH_BYTES_MAX];
    enum status status = STATUS_OK;

    CHECK(strlen(path) < sizeof(folder));
    (void)snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strrchr(folder, '/'); slash != NULL && status == STATUS_OK;
         slash = strrchr(folder, '/')) {
        *slash = '\0';
        status = sync_folder(archiver, folder);
    }
    return status == STATUS_OK ? sync_folder(archiver, ".") : status;
}

static enum status make_folder(struct archiver *archiver, const char *path)
{
    return mkdirat(archiver->folder, path, 0700) == 0 || errno == EEXIST ? STATUS_OK
                                                                         : status_from_errno(errno);
}

static enum status open_archive(struct archiver *archiver, const char *journal_path)
{
    const int journal = open(journal_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum status status = STATUS_OK;

    if (journal < 0) {
        return status_from_errno(errno);
    }
    if (mkdirat(journal, ARCHIVE_FOLDER, 0700) != 0 && errno != EEXIST) {
        status = status_from_errno(errno);
    }
    if (status == STATUS_OK && fsync(journal) != 0) {
        status = status_from_errno(errno);
    }
    if (status == STATUS_OK) {
        archiver->folder = openat(journal, ARCHIVE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        status = archiver->folder >= 0 ? STATUS_OK : status_from_errno(errno);
    }
    (void)close(journal); /* nothing was written */
    return status;
}

/* ---- blobs ---- */

static enum status remember_digest(struct archiver *archiver, const struct hash *digest)
{
    if (archiver->digests_count == archiver->digests_capacity) {
        const uint32_t capacity =
            archiver->digests_capacity == 0 ? DIGESTS_MIN : 2 * archiver->digests_capacity;
        struct hash *larger =
            capacity > DIGESTS_MAX
                ? NULL
                : realloc(archiver->digests, capacity * sizeof(archiver->digests[0]));
        if (larger == NULL) {
            return STATUS_NO_MEMORY;
        }
        archiver->digests = larger;
        archiver->digests_capacity = capacity;
    }
    archiver->digests[archiver->digests_count++] = *digest;
    return STATUS_OK;
}

/* Nothing is believed about a file that is there already but its bytes. */
static enum status keep_blob(struct archiver *archiver, const struct hash *digest,
                             struct bytes blob)
{
    char path[LOG_PATH_BYTES_MAX];
    struct bytes found;

    if (archive_read_blob(archiver->archive, digest, &found) == STATUS_OK &&
        bytes_equal(found, blob)) {
        archiver->is_new[digest->bytes[0]] = true; /* its name may not be durable */
        return STATUS_OK;
    }
    log_blob_path(digest, path);
    archiver->is_new[digest->bytes[0]] = true;
    archiver->report->bytes_count += blob.count;
    return log_file_write(archiver->folder, path, blob);
}

enum status archiver_add_blob(struct archiver *archiver, const struct hash *digest,
                              struct bytes *ret_blob)
{
    struct bytes blob;
    enum status status = journal_read_blob(archiver->blobs, digest, &blob);

    if (status != STATUS_OK) {
        return status;
    }
    status = keep_blob(archiver, digest, blob);
    if (status == STATUS_OK) {
        status = remember_digest(archiver, digest);
    }
    if (status != STATUS_OK) {
        return conclude_disk(archiver, status);
    }
    archiver->report->blobs_count++;
    *ret_blob = blob;
    return STATUS_OK;
}

static enum status sync_blobs(struct archiver *archiver)
{
    char path[sizeof("blobs/") + 10];
    enum status status = STATUS_OK;

    if (archiver->digests_count == 0) {
        return STATUS_OK;
    }
    for (unsigned i = 0; i < BLOB_FOLDERS && status == STATUS_OK; i++) {
        if (archiver->is_new[i]) {
            (void)snprintf(path, sizeof(path), "blobs/%02x", i);
            status = sync_folder(archiver, path);
        }
    }
    return status == STATUS_OK ? sync_folder(archiver, "blobs") : status;
}

/* ---- the draft ---- */

static enum status write_out(struct archiver *archiver, struct bytes bytes, uint64_t offset)
{
    size_t done = 0;

    while (done < bytes.count) {
        const ssize_t count =
            pwrite(archiver->draft, bytes.data + done, bytes.count - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? status_from_errno(errno) : STATUS_NO_SPACE;
        }
        done += (size_t)count;
    }
    return STATUS_OK;
}

static enum status flush(struct archiver *archiver)
{
    const struct bytes bytes = bytes_from(archiver->waiting.data, archiver->waiting.count);
    const enum status status = write_out(archiver, bytes, archiver->written);

    archiver->written += bytes.count;
    archiver->waiting.count = 0;
    return status == STATUS_OK ? STATUS_OK : conclude_disk(archiver, status);
}

static enum status add_record(struct archiver *archiver, uint64_t sequence, struct bytes record,
                              const struct hash *leaf)
{
    static const uint8_t zero[1];
    const struct archive_options *options = archiver->options;
    struct buffer *waiting = &archiver->waiting;

    if (options->examine != NULL) {
        const enum status status = options->examine(options->context, sequence, record, archiver);
        if (status != STATUS_OK) {
            return archiver->report->status == STATUS_OK
                       ? conclude_record(archiver, sequence, "it or a blob it names is damaged")
                       : archiver->report->status;
        }
    }
    if (waiting->capacity - waiting->count < SEGMENT_RECORD_BYTES_MAX) {
        const enum status status = flush(archiver);
        if (status != STATUS_OK) {
            return status;
        }
    }
    archiver->table.offsets[sequence - archiver->first] =
        (uint32_t)(archiver->written + waiting->count);
    CHECK(buffer_append(waiting, bytes_from(zero, sizeof(zero))) == STATUS_OK);
    CHECK(buffer_append(waiting, record) == STATUS_OK);
    CHECK(buffer_append(waiting, bytes_from(leaf->bytes, JOURNAL_CHECKSUM_BYTES)) == STATUS_OK);
    archiver->table.offsets[sequence - archiver->first + 1] =
        (uint32_t)(archiver->written + waiting->count);
    return STATUS_OK;
}

/* ---- records, compared with the tree ---- */

typedef enum status (*take_record)(struct archiver *archiver, uint64_t sequence,
                                   struct bytes record, const struct hash *leaf);

static enum status compare_with_tree(struct archiver *archiver, uint64_t last)
{
    const struct tree_source tree = journal_tree(archiver->reader);
    const struct hash node = tile_node(archiver->leaves);
    struct hash stored;
    const enum status status =
        tree.read(tree.context, TREE_TILE_HEIGHT, last / TREE_TILE_WIDTH - 1, &stored);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND && status != STATUS_CORRUPT) {
        return conclude(archiver, status, "the tree cannot be read");
    }
    return status == STATUS_OK && hash_equal(&node, &stored)
               ? STATUS_OK
               : conclude_record(archiver, last - TREE_TILE_WIDTH + 1,
                                 "the records from here on are not those of the stored tree");
}

/* Reads the segment from `read`, hands over each record and compares each tile of them. */
static enum status walk_segment(struct archiver *archiver,
                                void (*read)(struct archiver *archiver, uint64_t first),
                                take_record take)
{
    const uint64_t end = archiver->first + JOURNAL_SEGMENT_RECORDS;
    uint64_t next = archiver->first;
    enum status status = STATUS_OK;

    while (next < end && status == STATUS_OK) {
        const struct journal_chunk *chunk = &archiver->chunk;
        read(archiver, next);
        if (chunk->count == 0) {
            return chunk->status == STATUS_NOT_FOUND || chunk->status == STATUS_CORRUPT ||
                           chunk->status == STATUS_OK
                       ? conclude_record(archiver, next, "it is missing or damaged")
                       : conclude(archiver, chunk->status, "the record cannot be read");
        }
        for (uint32_t i = 0; i < chunk->count && next < end && status == STATUS_OK; i++, next++) {
            archiver->leaves[(next - 1) % TREE_TILE_WIDTH] = chunk->leaves[i];
            status = take == NULL ? STATUS_OK
                                  : take(archiver, next, chunk->records[i], &chunk->leaves[i]);
            if (status == STATUS_OK && next % TREE_TILE_WIDTH == 0) {
                status = compare_with_tree(archiver, next);
                next++;
                break; /* the reader was used for something else */
            }
        }
    }
    return status;
}

static void read_file(struct archiver *archiver, uint64_t first)
{
    journal_read_chunk(archiver->reader, first, &archiver->chunk);
}

static void read_back(struct archiver *archiver, uint64_t first)
{
    archive_read_chunk(archiver->archive, first, &archiver->chunk);
    journal_check_chunk(&archiver->chunk);
}

static enum status write_draft(struct archiver *archiver)
{
    uint8_t bytes[SEGMENT_TABLE_BYTES];

    archiver->written = SEGMENT_TABLE_BYTES;
    archiver->waiting = buffer_from(archiver->memory, sizeof(archiver->memory));
    enum status status = walk_segment(archiver, read_file, add_record);
    if (status == STATUS_OK) {
        status = flush(archiver);
    }
    if (status != STATUS_OK) {
        return status;
    }
    segment_write_table(archiver->first, &archiver->table, bytes);
    status = write_out(archiver, bytes_from(bytes, sizeof(bytes)), 0);
    if (status == STATUS_OK && fsync(archiver->draft) != 0) {
        status = status_from_errno(errno);
    }
    archiver->report->bytes_count += archiver->written;
    return status == STATUS_OK ? STATUS_OK : conclude_disk(archiver, status);
}

/* The draft gets the segment's name. */
static enum status name_draft(struct archiver *archiver, const char *draft, const char *path)
{
    enum status status = sync_blobs(archiver);

    if (status == STATUS_OK && renameat(archiver->folder, draft, archiver->folder, path) != 0) {
        status = status_from_errno(errno);
    }
    if (status == STATUS_OK) {
        status = sync_above(archiver, path);
    }
    return status == STATUS_OK ? STATUS_OK : conclude_disk(archiver, status);
}

static enum status make_segment(struct archiver *archiver)
{
    char path[SEGMENT_PATH_BYTES_MAX];
    char draft[SEGMENT_PATH_BYTES_MAX + 8];
    char *slash = NULL;
    enum status status = make_folder(archiver, "records");

    segment_path(archiver->first, path);
    (void)snprintf(draft, sizeof(draft), "%s", path);
    slash = strrchr(draft, '/');
    *slash = '\0';
    if (status == STATUS_OK) {
        status = make_folder(archiver, draft);
    }
    if (status != STATUS_OK) {
        return conclude_disk(archiver, status);
    }
    (void)snprintf(draft, sizeof(draft), "%s.new", path);
    archiver->draft =
        openat(archiver->folder, draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (archiver->draft < 0) {
        return conclude_disk(archiver, status_from_errno(errno));
    }
    status = write_draft(archiver);
    if (status == STATUS_OK) {
        status = name_draft(archiver, draft, path);
    }
    if (status != STATUS_OK) {
        (void)unlinkat(archiver->folder, draft, 0); /* what is left over has no meaning */
    }
    return status;
}

/* ---- all of it ---- */

static enum status forget_segment(struct archiver *archiver)
{
    const struct journal_forgetting forgetting = {.through =
                                                      archiver->first + JOURNAL_SEGMENT_RECORDS - 1,
                                                  .blobs = archiver->digests,
                                                  .blobs_count = archiver->digests_count};
    const enum status status = archiver->journal->ops->forget(archiver->journal, &forgetting);

    if (status == STATUS_OK) {
        archiver->report->archived_count = forgetting.through;
        return STATUS_OK;
    }
    return conclude(archiver, status, "the journal's file cannot be written");
}

static enum status open_readers(struct archiver *archiver)
{
    enum status status = journal_reader_open(archiver->journal, &archiver->reader);

    if (status == STATUS_OK) {
        status = journal_reader_open(archiver->journal, &archiver->blobs);
    }
    return status == STATUS_OK ? STATUS_OK
                               : conclude(archiver, status, "the journal cannot be read");
}

static void close_readers(struct archiver *archiver)
{
    archiver->reader = journal_reader_close(archiver->reader);
    archiver->blobs = journal_reader_close(archiver->blobs);
}

static enum status run(struct archiver *archiver)
{
    const char *path = archiver->journal->ops->path(archiver->journal);
    enum status status = open_readers(archiver);

    if (status != STATUS_OK) {
        return status;
    }
    const uint64_t head = journal_reader_head(archiver->reader);
    archiver->report->archived_count = journal_reader_archived(archiver->reader);
    archiver->first = archiver->report->archived_count + 1;
    if (head < archiver->options->keep_records + JOURNAL_SEGMENT_RECORDS ||
        head - archiver->options->keep_records - JOURNAL_SEGMENT_RECORDS < archiver->first - 1) {
        return conclude(archiver, STATUS_NOT_FOUND, "no record is old enough");
    }
    archiver->archive = archive_new(path);
    if (archiver->archive == NULL) {
        return conclude(archiver, STATUS_NO_MEMORY, "not enough memory");
    }
    status = open_archive(archiver, path);
    status = status == STATUS_OK ? make_segment(archiver) : conclude_disk(archiver, status);
    if (status == STATUS_OK) {
        status = walk_segment(archiver, read_back, NULL);
    }
    close_readers(archiver); /* or they keep the old pages */
    return status == STATUS_OK ? forget_segment(archiver) : status;
}

enum status archive_segment(struct journal *journal, const struct archive_options *options,
                            struct archive_report *ret_report)
{
    struct archive_report report = {.status = STATUS_OK, .what = "archived"};

    CHECK(!journal->read_only);
    CHECK(options->keep_records >= ARCHIVE_KEEP_RECORDS_MIN);
    if (journal->ops->forget == NULL) {
        report = (struct archive_report){.status = STATUS_UNSUPPORTED,
                                         .what = "this journal has no archive"};
        *ret_report = report;
        return report.status;
    }
    struct archiver *archiver = calloc(1, sizeof(*archiver));
    if (archiver == NULL) {
        report = (struct archive_report){.status = STATUS_NO_MEMORY, .what = "not enough memory"};
        *ret_report = report;
        return report.status;
    }
    archiver->journal = journal;
    archiver->options = options;
    archiver->report = &report;
    archiver->folder = -1;
    archiver->draft = -1;
    const enum status status = run(archiver);
    CHECK(status == report.status);
    close_readers(archiver);
    archive_free(archiver->archive);
    if (archiver->draft >= 0) {
        (void)close(archiver->draft); /* it was synced, or has no meaning */
    }
    if (archiver->folder >= 0) {
        (void)close(archiver->folder);
    }
    free(archiver->digests);
    free(archiver);
    *ret_report = report;
    return status;
}
