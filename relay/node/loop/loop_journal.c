/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/core/view.h"
#include "relay/node/driver/row_source.h"
#include "relay/node/loop/loop_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"

#define COMMITS_BYTES      ((size_t)64 << 10)
#define DISK_RESERVE_BYTES ((uint64_t)8 << 20) /* free space that a start needs */
#define MAP_BYTES          ((size_t)64 << 20)  /* first size; it doubles as needed */

/* What the writer's thread says of one batch. */
struct loop_commit {
    uint64_t generation;
    enum status status;
};

static int refuse(const struct loop *loop, enum status status)
{
    static const struct {
        enum status status;
        int exit_code;
        const char *text;
    } refusals[] = {
        {STATUS_BUSY, EXIT_FENCED, "another sluice holds this data directory"},
        {STATUS_READ_ONLY, EXIT_USAGE, "the data directory cannot be written"},
        {STATUS_NO_SPACE, EXIT_TEMPORARY, "the disk is full"},
        {STATUS_NO_MEMORY, EXIT_TEMPORARY, "no memory"},
        {STATUS_IO, EXIT_TEMPORARY, "the data directory cannot be read or written"},
        {STATUS_VERSION, EXIT_USAGE, "the journal was written by a newer version"},
        {STATUS_CORRUPT, EXIT_INTEGRITY,
         "this is not a journal, or it is damaged: run 'sluice journal verify' on it"},
    };
    int exit_code = EXIT_TEMPORARY;
    const char *text = status_name(status);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (refusals[i].status == status) {
            exit_code = refusals[i].exit_code;
            text = refusals[i].text;
        }
    }
    struct log_line line;
    log_begin(&line, LOG_ERROR, "not_started");
    log_string(&line, "what", loop->config->data);
    log_string(&line, "why", text);
    log_end(&line);
    return exit_code;
}

/* The nearest folder above `path` that exists: where a new data directory would be made. */
static void find_existing(const char *path, char ret_path[PATH_MAX])
{
    struct stat state;
    (void)snprintf(ret_path, PATH_MAX, "%s", path);
    while (stat(ret_path, &state) != 0) {
        char *slash = strrchr(ret_path, '/');
        if (slash == NULL || slash == ret_path) {
            (void)snprintf(ret_path, PATH_MAX, "/");
            return;
        }
        *slash = '\0';
    }
}

/* What would only show as a crash later: the store's lock file is written through memory, and a
 * page of it that the disk cannot hold ends the process. */
static int check_place(const struct loop *loop)
{
    char path[PATH_MAX];
    struct stat state;
    struct statvfs disk;
    find_existing(loop->config->data, path);
    if (stat(path, &state) == 0 && !S_ISDIR(state.st_mode)) {
        struct log_line line;
        log_begin(&line, LOG_ERROR, "not_started");
        log_string(&line, "what", path);
        log_string(&line, "why", "the data directory is a file");
        log_end(&line);
        return EXIT_USAGE;
    }
    if (statvfs(path, &disk) == 0 && (disk.f_flag & ST_RDONLY) == 0 &&
        disk.f_bavail * disk.f_frsize < DISK_RESERVE_BYTES) {
        return refuse(loop, STATUS_NO_SPACE);
    }
    return EXIT_DONE;
}

/* Relay time goes on from the last record. */
static enum status read_last_instant(struct loop *loop, struct instant *ret_last)
{
    const uint64_t head = journal_reader_head(loop->reader);
    struct bytes bytes;
    struct record record;
    if (head == 0) {
        *ret_last = (struct instant){0};
        return STATUS_OK;
    }
    enum status status = journal_read_record(loop->reader, head, &bytes);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    void *memory = malloc(RECORD_ARENA_BYTES);
    if (memory == NULL) {
        return STATUS_NO_MEMORY;
    }
    struct record_arena arena = record_arena_from(memory, RECORD_ARENA_BYTES);
    status = record_decode(bytes, NULL, &arena, &record);
    if (status == STATUS_OK) {
        *ret_last = record.at;
    }
    free(memory);
    return status == STATUS_MALFORMED ? STATUS_CORRUPT : status;
}

/* The rows must be those of these records: the core counts the records it caused, in a row. */
static enum status check_rows(const struct loop *loop)
{
    const struct row_source source = row_source_from_journal(loop->reader);
    const uint64_t head = journal_reader_head(loop->reader);
    struct node_view node = {.records_count = 0};
    const enum status status = core_view_node(&source, &node);

    if (status == STATUS_NOT_FOUND) {
        return head == 0 ? STATUS_OK : STATUS_CORRUPT;
    }
    return status == STATUS_OK && node.records_count != head ? STATUS_CORRUPT : status;
}

int loop_open_journal(struct loop *loop, struct instant *ret_last)
{
    const struct journal_options options = {
        .path = loop->config->data,
        .map_bytes = loop->config->journal_bytes_max < MAP_BYTES ? loop->config->journal_bytes_max
                                                                 : MAP_BYTES,
        .map_bytes_max = loop->config->journal_bytes_max,
    };
    const int code = check_place(loop);
    if (code != EXIT_DONE) {
        return code;
    }
    enum status status = journal_open_lmdb(&options, &loop->journal);
    if (status == STATUS_OK) {
        status = journal_reader_open(loop->journal, &loop->reader);
    }
    if (status == STATUS_OK) {
        status = read_last_instant(loop, ret_last);
    }
    if (status == STATUS_OK && check_rows(loop) == STATUS_CORRUPT) {
        struct log_line line;
        log_begin(&line, LOG_ERROR, "not_started");
        log_string(&line, "what", loop->config->data);
        log_string(
            &line, "why",
            "the rows are not those of its records: 'sluice journal rebuild' makes them anew");
        log_end(&line);
        return EXIT_INTEGRITY;
    }
    return status == STATUS_OK ? EXIT_DONE : refuse(loop, status);
}

/* On the writer's thread. */
static void committed(void *context, uint64_t generation, enum status status, uint64_t head)
{
    struct loop *loop = context;
    (void)head;
    struct loop_commit commit;
    memset(&commit, 0, sizeof(commit));
    commit.generation = generation;
    commit.status = status;
    /* A failure may repeat while the loop is busy; only its success must not be lost. */
    const enum status pushed =
        thread_queue_push(loop->commits, bytes_from(&commit, sizeof(commit)), (struct bytes){0});
    CHECK(pushed == STATUS_OK || status != STATUS_OK);
}

/* On the writer's thread. */
static void archived(void *context, const struct archive_report *report)
{
    struct log_line line;
    (void)context;
    if (report->status == STATUS_OK) {
        log_begin(&line, LOG_INFO, "archived");
        log_number(&line, "records", report->archived_count);
        log_number(&line, "bytes", report->bytes_count);
    } else {
        log_begin(&line, report->status == STATUS_CORRUPT ? LOG_ERROR : LOG_WARN, "not_archived");
        log_string(&line, "why", report->what);
        log_string(&line, "status", status_name(report->status));
        if (report->sequence != 0) {
            log_number(&line, "record", report->sequence);
        }
        log_string(&line, "then", "it stays in the journal's file and is tried again");
    }
    log_end(&line);
}

int loop_start_writer(struct loop *loop)
{
    loop->commits = thread_queue_new(COMMITS_BYTES, loop_wake, loop);
    if (loop->commits == NULL) {
        return EXIT_TEMPORARY;
    }
    if (loop->config->journal_keep_records > 0) {
        if (archiving_new(&loop->archiving) != STATUS_OK) {
            return EXIT_TEMPORARY;
        }
        loop->archive = archiving_options(loop->archiving, loop->config->journal_keep_records);
    }
    const struct writer_options options = {
        .journal = loop->journal,
        .done = committed,
        .context = loop,
        .archive = loop->archiving == NULL ? NULL : &loop->archive,
        .archived = archived,
    };
    return writer_open(&options, &loop->writer) == STATUS_OK ? EXIT_DONE : EXIT_TEMPORARY;
}

void loop_take_commits(struct loop *loop)
{
    struct loop_commit commit;
    struct buffer memory = buffer_from(&commit, sizeof(commit));
    while (thread_queue_take(loop->commits, 0, &memory) == STATUS_OK) {
        if (commit.status != STATUS_OK && loop->unwritten == STATUS_OK) {
            loop->unwritten_since = clock_now();
        }
        loop->unwritten = commit.status;
        if (commit.status == STATUS_OK) {
            const enum status status = journal_reader_refresh(loop->reader);
            if (status != STATUS_OK) {
                (void)refuse(loop, status);
                loop_end(loop, EXIT_INTEGRITY);
                return;
            }
            loop->started = true;
        }
        driver_on_committed(loop->driver, commit.generation, commit.status);
    }
}

void loop_stop_writer(struct loop *loop)
{
    loop->writer = writer_close(loop->writer);
}

void loop_close_journal(struct loop *loop)
{
    loop->commits = thread_queue_free(loop->commits);
    loop->archiving = archiving_free(loop->archiving);
    loop->reader = journal_reader_close(loop->reader);
    loop->journal = journal_close(loop->journal);
}
