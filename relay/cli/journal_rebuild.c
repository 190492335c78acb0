/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal rebuild: relay/node/rebuild.h on a directory. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/cli/cli.h"
#include "relay/cli/journal_internal.h"
#include "relay/cli/progress.h"
#include "relay/node/rebuild.h"
#include "store/source.h"

#define VERB "journal rebuild"

struct work {
    const char *directory;
    char draft[PATH_MAX]; /* where the new journal is made */
    struct journal *source;
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

static int refuse(const char *path, enum status status)
{
    switch (status) {
    case STATUS_NOT_FOUND:
        cli_say(VERB, "there is no journal in %s", path);
        return EXIT_NEGATIVE;
    case STATUS_BUSY:
        cli_say(VERB, "a node is writing %s: stop it first", path);
        return EXIT_FENCED;
    case STATUS_READ_ONLY:
        cli_say(VERB, "%s may not be written; 'rebuild OUT --from %s' makes another one", path,
                path);
        return EXIT_USAGE;
    case STATUS_NO_SPACE:
        cli_say(VERB, "the disk is full: a rebuild needs room for a second copy");
        return EXIT_TEMPORARY;
    case STATUS_CORRUPT:
        cli_say(VERB, "%s does not hold a journal, or one whose last records are damaged", path);
        return EXIT_INTEGRITY;
    case STATUS_VERSION:
        cli_say(VERB, "%s was written by another version of sluice", path);
        return EXIT_USAGE;
    case STATUS_OK:
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
    case STATUS_IO:
    case STATUS_MALFORMED:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        break;
    }
    cli_say(VERB, "%s: %s", path, status_name(status));
    return EXIT_TEMPORARY;
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
        return refuse(work->draft, status);
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

/* In its own place: the writer's lock is held from the first read to the last rename. */
static int rebuild_in_place(struct work *work, bool is_json)
{
    const struct journal_options options = {.path = work->directory};
    const int length = snprintf(work->draft, sizeof(work->draft), "%s/rebuild", work->directory);
    struct stat state;
    char data[PATH_MAX];

    if (length < 0 || (size_t)length + 16 >= sizeof(work->draft)) {
        return refuse(work->directory, STATUS_IO);
    }
    /* Opening for writing would make one. */
    (void)snprintf(data, sizeof(data), "%.*s/data.mdb", length - 8, work->directory);
    if (stat(data, &state) != 0) {
        return refuse(work->directory, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO);
    }
    enum status status = journal_open_lmdb(&options, &work->source);
    if (status != STATUS_OK) {
        return refuse(work->directory, status);
    }
    status = make(work);
    if (status != STATUS_OK) {
        (void)!journal_remove_lmdb(work->draft); /* the next rebuild does it otherwise */
        work->source = journal_close(work->source);
        return failed(work, status);
    }
    status = journal_replace_lmdb(work->source, work->draft);
    work->source = NULL;
    if (status != STATUS_OK) {
        return refuse(work->directory, status);
    }
    (void)!journal_remove_lmdb(work->draft);
    return print_verdict(work, is_json);
}

/* Into another place: it gets its name when it is whole. */
static int rebuild_from(struct work *work, const char *source, bool is_json)
{
    const int length = snprintf(work->draft, sizeof(work->draft), "%s.rebuild", work->directory);

    if (length < 0 || (size_t)length + 16 >= sizeof(work->draft)) {
        return refuse(work->directory, STATUS_IO);
    }
    if (rmdir(work->directory) != 0 && errno != ENOENT) {
        cli_say(VERB, "%s is not empty", work->directory);
        return EXIT_REFUSED;
    }
    enum status status = journal_open_source(source, &work->source);
    if (status != STATUS_OK) {
        return refuse(source, status);
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
