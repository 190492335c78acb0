/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal rebuild: relay/node/driver/rebuild.h on a directory. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/progress.h"
#include "relay/node/driver/archiving.h"
#include "relay/node/driver/rebuild.h"
#include "store/source.h"

#define VERB "journal rebuild"

struct work {
    const char *directory;
    char draft[PATH_MAX]; /* where the new journal is made */
    struct journal *source;
    uint64_t archived; /* records of the source that are in its archive alone */
    struct journal *target;
    struct cli_progress copied;
    struct cli_progress replayed;
    struct replay_report report;
};

static void show_copied(void *context, uint64_t sequence, uint64_t head)
{
    struct work *work = context;

    cli_progress_show(&work->copied, sequence, head);
}

static void show_replayed(void *context, uint64_t sequence, uint64_t head)
{
    struct work *work = context;

    cli_progress_show(&work->replayed, sequence, head);
}

static enum status make(struct work *work)
{
    const struct journal_options options = {.path = work->draft};
    struct journal_reader *reader = NULL;
    struct journal_reader *blobs = NULL;
    enum status status = journal_remove_lmdb(work->draft); /* of a rebuild that was cut short */

    if (status == STATUS_OK) {
        status = journal_open_lmdb(&options, &work->target);
    }
    if (status == STATUS_OK) {
        status = journal_reader_open(work->source, &reader);
    }
    if (status == STATUS_OK) {
        status = journal_reader_open(work->source, &blobs);
    }
    if (status == STATUS_OK) {
        const struct rebuild_options rebuild = {.reader = reader,
                                                .blobs = blobs,
                                                .target = work->target,
                                                .context = work,
                                                .copied = show_copied,
                                                .replayed = show_replayed};
        work->archived = journal_reader_archived(reader);
        work->copied = cli_progress_from("copied");
        work->replayed = cli_progress_from("replayed");
        status = rebuild_run(&rebuild, &work->report);
        cli_progress_end(&work->replayed);
    }
    journal_reader_close(blobs);
    journal_reader_close(reader);
    work->target = journal_close(work->target);
    return status;
}

static int failed(struct work *work, enum status status)
{
    if (work->report.what[0] == '\0') {
        return journal_cli_refuse(VERB, work->draft, status);
    }
    if (work->report.sequence != 0) {
        cli_say(VERB, "nothing was changed: record %" PRIu64 " of %" PRIu64 ": %s",
                work->report.sequence, work->report.head, work->report.what);
    } else {
        cli_say(VERB, "nothing was changed: %s", work->report.what);
    }
    return work->report.finding == REPLAY_VERSION  ? EXIT_USAGE
           : work->report.finding == REPLAY_FAILED ? EXIT_TEMPORARY
           : status == STATUS_CORRUPT              ? EXIT_INTEGRITY
                                                   : EXIT_TEMPORARY;
}

static int print_verdict(const struct work *work, bool is_json)
{
    const struct replay_report *report = &work->report;

    if (is_json) {
        return cli_print_json(json_pack(
            "{s:I, s:I, s:I, s:s}", "records", (json_int_t)report->records_count, "events",
            (json_int_t)report->events_count, "commands", (json_int_t)report->commands_count,
            "digest", cli_hash_text(&report->digest)));
    }
    (void)printf("made anew: %" PRIu64 " records, and the rows that follow from them; digest %s\n",
                 report->records_count, cli_hash_text(&report->digest));
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

/* The new file holds every record. What was in the archive alone goes back there. */
static enum status forget_archived(struct work *work)
{
    struct archiving *archiving = NULL;
    struct archive_report report;
    enum status status = STATUS_OK;

    if (work->archived == 0) {
        return STATUS_OK;
    }
    status = archiving_new(&archiving);
    if (status == STATUS_OK) {
        status = journal_cli_open_writing(work->directory, &work->source);
    }
    if (status == STATUS_OK) {
        const struct archive_options options =
            archiving_options(archiving, work->report.head - work->archived);
        while (status == STATUS_OK) {
            status = archive_segment(work->source, &options, &report);
        }
        work->source = journal_close(work->source);
    }
    archiving_free(archiving);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* In its own place: the writer's lock is held from the first read to the last rename. */
static int rebuild_in_place(struct work *work, bool is_json)
{
    const int length = snprintf(work->draft, sizeof(work->draft), "%s/rebuild", work->directory);

    if (length < 0 || (size_t)length + 16 >= sizeof(work->draft)) {
        return journal_cli_refuse(VERB, work->directory, STATUS_IO);
    }
    enum status status = journal_cli_open_writing(work->directory, &work->source);
    if (status != STATUS_OK) {
        return journal_cli_refuse(VERB, work->directory, status);
    }
    status = make(work);
    if (status != STATUS_OK) {
        (void)!journal_remove_lmdb(work->draft); /* the next rebuild does it otherwise */
        work->source = journal_close(work->source);
        return failed(work, status);
    }
    status = journal_replace_lmdb(work->source, work->draft);
    work->source = NULL;
    if (status == STATUS_OK) {
        (void)!journal_remove_lmdb(work->draft);
        status = forget_archived(work);
    }
    if (status != STATUS_OK) {
        return journal_cli_refuse(VERB, work->directory, status);
    }
    return print_verdict(work, is_json);
}

/* Into another place: it gets its name when it is whole. */
static int rebuild_from(struct work *work, const char *source, bool is_json)
{
    const int length = snprintf(work->draft, sizeof(work->draft), "%s.rebuild", work->directory);

    if (length < 0 || (size_t)length + 16 >= sizeof(work->draft)) {
        return journal_cli_refuse(VERB, work->directory, STATUS_IO);
    }
    if (rmdir(work->directory) != 0 && errno != ENOENT) {
        cli_say(VERB, "%s is not empty", work->directory);
        return EXIT_REFUSED;
    }
    enum status status = journal_open_source(source, &work->source);
    if (status != STATUS_OK) {
        return journal_cli_refuse(VERB, source, status);
    }
    status = make(work);
    work->source = journal_close(work->source);
    if (status != STATUS_OK) {
        (void)!journal_remove_lmdb(work->draft);
        return failed(work, status);
    }
    if (rename(work->draft, work->directory) != 0) {
        cli_say(VERB, "%s cannot be given its name; it is in %s", work->directory, work->draft);
        return EXIT_TEMPORARY;
    }
    return print_verdict(work, is_json);
}

int journal_cli_rebuild(int argc, char **argv)
{
    const char *from = NULL;
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    struct work work = {.directory = NULL};
    const struct cli_option options[] = {
        {.name = "--from", .value = &from}, {.name = "--json", .flag = &is_json}, {.name = NULL}};

    if (!journal_cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    work.directory = arguments.values[0];
    return from == NULL ? rebuild_in_place(&work, is_json) : rebuild_from(&work, from, is_json);
}
