/* SPDX-License-Identifier: Apache-2.0 */
/* Reading from an archive: the file that was read last stays open, with its table. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "store/archive/segment_internal.h"
#include "store/durable.h"
#include "store/log/file_internal.h"

#define CHUNK_BYTES    ((size_t)256 << 10)
#define BLOB_BYTES_MAX ((size_t)1 << 30)

struct archive {
    const char *path;
    int folder;     /* -1: not opened yet */
    int file;       /* -1: none is open */
    uint64_t first; /* of the open file */
    struct segment_table table;
    struct memory blob;
    uint8_t room[CHUNK_BYTES];
};

static_assert(CHUNK_BYTES >= SEGMENT_RECORD_BYTES_MAX, "any record fits");

struct archive *archive_new(const char *path)
{
    struct archive *archive = calloc(1, sizeof(*archive));

    if (archive != NULL) {
        archive->path = path;
        archive->folder = -1;
        archive->file = -1;
    }
    return archive;
}

static void close_file(struct archive *archive)
{
    if (archive->file >= 0) {
        (void)close(archive->file); /* nothing was written */
        archive->file = -1;
    }
}

struct archive *archive_free(struct archive *archive)
{
    if (archive == NULL) {
        return NULL;
    }
    close_file(archive);
    if (archive->folder >= 0) {
        (void)close(archive->folder); /* nothing was written */
    }
    memory_free(&archive->blob);
    free(archive);
    return NULL;
}

/* What may not be read is no evidence of anything. */
static enum status status_of(int error)
{
    const enum status status = status_from_errno(error);

    return status == STATUS_READ_ONLY ? STATUS_IO : status;
}

static enum status open_folder(struct archive *archive)
{
    char path[4096];

    if (archive->folder >= 0) {
        return STATUS_OK;
    }
    const int length = snprintf(path, sizeof(path), "%s/" ARCHIVE_FOLDER, archive->path);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return STATUS_IO;
    }
    archive->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return archive->folder >= 0 ? STATUS_OK : status_of(errno);
}

/* As many bytes as there are, up to `count`. */
static enum status read_at(int file, void *room, size_t count, off_t offset, size_t *ret_count)
{
    uint8_t *bytes = room;
    size_t done = 0;

    while (done < count) {
        const ssize_t got = pread(file, bytes + done, count - done, offset + (off_t)done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return status_of(errno);
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *ret_count = done;
    return STATUS_OK;
}

/* A file that is longer than its table says is as wrong as one that is shorter, but of that the
 * records that are there can still be read. */
static enum status check_file(struct archive *archive, int file, uint64_t first)
{
    struct stat state;
    size_t count = 0;

    if (fstat(file, &state) != 0) {
        return status_of(errno);
    }
    if (!S_ISREG(state.st_mode)) {
        return STATUS_CORRUPT;
    }
    const enum status status = read_at(file, archive->room, SEGMENT_TABLE_BYTES, 0, &count);
    if (status != STATUS_OK) {
        return status;
    }
    if (count < SEGMENT_TABLE_BYTES ||
        segment_read_table(first, archive->room, &archive->table) != STATUS_OK ||
        (uint64_t)state.st_size > archive->table.offsets[JOURNAL_SEGMENT_RECORDS]) {
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

static enum status open_segment(struct archive *archive, uint64_t first)
{
    char path[SEGMENT_PATH_BYTES_MAX];
    enum status status = open_folder(archive);

    if (status != STATUS_OK || (archive->file >= 0 && archive->first == first)) {
        return status;
    }
    close_file(archive);
    segment_path(first, path);
    /* Not to wait on a pipe that has the name of a file. */
    const int file = openat(archive->folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return status_of(errno);
    }
    status = check_file(archive, file, first);
    if (status != STATUS_OK) {
        (void)close(file); /* nothing was written */
        return status;
    }
    archive->file = file;
    archive->first = first;
    return STATUS_OK;
}

/* Reads records `at` to below `end` of the open segment. `*ret_count`: so many are there whole,
 * with the zero byte before them, on which whoever hashes them relies. */
static enum status read_records(struct archive *archive, uint32_t at, uint32_t end,
                                uint32_t *ret_count)
{
    const uint32_t *offsets = archive->table.offsets;
    size_t count = 0;
    uint32_t whole = 0;
    const enum status status =
        read_at(archive->file, archive->room, offsets[end] - offsets[at], offsets[at], &count);

    if (status != STATUS_OK) {
        return status;
    }
    while (at + whole < end && offsets[at + whole + 1] - offsets[at] <= count &&
           archive->room[offsets[at + whole] - offsets[at]] == 0) {
        whole++;
    }
    *ret_count = whole;
    return STATUS_OK;
}

void archive_read_chunk(struct archive *archive, uint64_t first, struct journal_chunk *ret_chunk)
{
    const uint64_t segment = segment_first_of(first);
    const uint32_t at = (uint32_t)(first - segment);
    const uint32_t *offsets = archive->table.offsets;
    uint32_t end = at;
    uint32_t count = 0;

    ret_chunk->count = 0;
    ret_chunk->status = open_segment(archive, segment);
    if (ret_chunk->status != STATUS_OK) {
        return;
    }
    while (end < JOURNAL_SEGMENT_RECORDS && end - at < JOURNAL_CHUNK_RECORDS &&
           offsets[end + 1] - offsets[at] <= CHUNK_BYTES) {
        end++;
    }
    ret_chunk->status = read_records(archive, at, end, &count);
    if (ret_chunk->status != STATUS_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t begin = offsets[at + i] - offsets[at];
        ret_chunk->records[i] =
            bytes_from(archive->room + begin + 1, offsets[at + i + 1] - offsets[at + i] - 1);
    }
    ret_chunk->count = count;
    ret_chunk->status = count == end - at ? STATUS_OK : STATUS_CORRUPT;
}

enum status archive_read_record(struct archive *archive, uint64_t sequence,
                                struct bytes *ret_stored)
{
    const uint64_t segment = segment_first_of(sequence);
    const uint32_t at = (uint32_t)(sequence - segment);
    uint32_t count = 0;
    enum status status = open_segment(archive, segment);

    if (status == STATUS_OK) {
        status = read_records(archive, at, at + 1, &count);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (count == 0) {
        return STATUS_CORRUPT;
    }
    *ret_stored = bytes_from(archive->room + 1,
                             archive->table.offsets[at + 1] - archive->table.offsets[at] - 1);
    return STATUS_OK;
}

enum status archive_read_blob(struct archive *archive, const struct hash *digest,
                              struct bytes *ret_blob)
{
    char path[LOG_PATH_BYTES_MAX];
    enum status status = open_folder(archive);

    if (status != STATUS_OK) {
        return status;
    }
    log_blob_path(digest, path);
    status = log_file_read(archive->folder, path, BLOB_BYTES_MAX, &archive->blob);
    if (status != STATUS_OK) {
        return status == STATUS_FULL || status == STATUS_MALFORMED ? STATUS_CORRUPT : status;
    }
    *ret_blob = memory_bytes(&archive->blob);
    return STATUS_OK;
}
