/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal archive: store/archive/archive.h on a directory that no node holds. */
#include <inttypes.h>
#include <stdio.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/progress.h"
#include "relay/node/driver/archiving.h"

#define VERB "journal archive"

struct result {
    struct archive_report report; /* of the last segment tried */
    uint64_t records_count;       /* moved now */
    uint64_t blobs_count;
    uint64_t bytes_count;
};

static uint64_t head_of(struct journal *journal)
{
    struct journal_reader *reader = NULL;
    uint64_t head = 0;

    if (journal_reader_open(journal, &reader) == STATUS_OK) {
        head = journal_reader_head(reader);
    }
    journal_reader_close(reader);
    return head;
}

/* Until nothing is old enough, which is not a failure. */
static enum status move_all(struct journal *journal, const struct archive_options *options,
                            struct result *result)
{
    struct cli_progress progress = cli_progress_from("archived");
    const uint64_t head = head_of(journal);
    enum status status = STATUS_OK;

    while ((status = archive_segment(journal, options, &result->report)) == STATUS_OK) {
        result->records_count += JOURNAL_SEGMENT_RECORDS;
        result->blobs_count += result->report.blobs_count;
        result->bytes_count += result->report.bytes_count;
        cli_progress_show(&progress, result->report.archived_count, head);
    }
    cli_progress_end(&progress);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static int fail(const char *path, const struct archive_report *report)
{
    if (report->status != STATUS_CORRUPT) {
        cli_say(VERB, "%s: %s (%s)", path, report->what, status_name(report->status));
        return EXIT_TEMPORARY;
    }
    if (report->sequence != 0) {
        cli_say(VERB, "record %" PRIu64 ": %s", report->sequence, report->what);
    } else {
        cli_say(VERB, "%s: %s", path, report->what);
    }
    return EXIT_INTEGRITY;
}

static int print_result(const char *path, const struct result *result, bool is_json)
{
    if (is_json) {
        return cli_print_json(json_pack(
            "{s:s, s:I, s:I, s:I, s:I}", "path", path, "archived",
            (json_int_t)result->report.archived_count, "records", (json_int_t)result->records_count,
            "blobs", (json_int_t)result->blobs_count, "bytes", (json_int_t)result->bytes_count));
    }
    (void)printf("%s: %" PRIu64 " records archived, %" PRIu64 " of them now, with %" PRIu64
                 " blobs; %" PRIu64 " bytes\n",
                 path, result->report.archived_count, result->records_count, result->blobs_count,
                 result->bytes_count);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int archive(const char *path, uint64_t keep_records, bool is_json)
{
    struct archiving *archiving = NULL;
    struct journal *journal = NULL;
    struct result result = {.records_count = 0};
    enum status status = archiving_new(&archiving);

    if (status == STATUS_OK) {
        status = journal_cli_open_writing(path, &journal);
    }
    if (status != STATUS_OK) {
        archiving_free(archiving);
        return journal_cli_refuse(VERB, path, status);
    }
    const struct archive_options options = archiving_options(archiving, keep_records);
    status = move_all(journal, &options, &result);
    journal_close(journal);
    archiving_free(archiving);
    return status == STATUS_OK ? print_result(path, &result, is_json) : fail(path, &result.report);
}

int journal_cli_archive(int argc, char **argv)
{
    const char *keep_text = NULL;
    uint64_t keep_records = JOURNAL_SEGMENT_RECORDS;
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "--keep", .value = &keep_text},
                                         {.name = "--json", .flag = &is_json},
                                         {.name = NULL}};

    if (!journal_cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (keep_text != NULL &&
        (!journal_cli_parse_size(keep_text, &keep_records) ||
         keep_records < ARCHIVE_KEEP_RECORDS_MIN || keep_records > TREE_SIZE_MAX)) {
        cli_say(VERB, "--keep wants a number of records, at least %u, not '%s'",
                ARCHIVE_KEEP_RECORDS_MIN, keep_text);
        return EXIT_USAGE;
    }
    return archive(arguments.values[0], keep_records, is_json);
}
