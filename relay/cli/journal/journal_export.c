/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal export: the journal's log as a folder for the world (store/log/export.h). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/log_trust.h"
#include "relay/cli/journal/record_desk.h"
#include "relay/cli/progress.h"
#include "store/log/export.h"

struct exporting {
    struct record_desk *desk;
    struct exporter *exporter; /* of the record that is looked at */
    struct cli_progress progress;
};

/* A blob that a record names goes into the export as it is met. */
static enum status read_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    struct exporting *exporting = context;
    const struct record_blobs *source = &exporting->desk->source;
    const enum status status = exporter_add_blob(exporting->exporter, digest);

    return status == STATUS_OK ? source->read(source->context, digest, ret_blob) : status;
}

static enum status examine(void *context, uint64_t sequence, struct bytes bytes,
                           struct exporter *exporter)
{
    struct exporting *exporting = context;
    const struct record_blobs blobs = {.context = exporting, .read = read_blob};
    struct record record;

    (void)sequence;
    exporting->exporter = exporter;
    return record_decode(bytes, &blobs, &exporting->desk->arena, &record);
}

static void show_progress(void *context, uint64_t sequence, uint64_t size)
{
    struct exporting *exporting = context;

    cli_progress_show(&exporting->progress, sequence, size);
}

static int code_of(const struct export_report *report)
{
    switch (report->finding) {
    case EXPORT_DONE:
        return EXIT_DONE;
    case EXPORT_NO_CHECKPOINT:
        return EXIT_NEGATIVE;
    case EXPORT_BAD_CHECKPOINT:
    case EXPORT_OTHER_HISTORY:
    case EXPORT_BAD_TARGET:
    case EXPORT_BAD_RECORD:
        return EXIT_INTEGRITY;
    case EXPORT_OTHER_ORIGIN:
    case EXPORT_NEWER:
        return EXIT_REFUSED;
    case EXPORT_FAILED:
        return report->status == STATUS_NOT_FOUND ? EXIT_USAGE : EXIT_TEMPORARY;
    }
    return EXIT_TEMPORARY;
}

static void say_failure(const char *out, const struct export_report *report)
{
    if (report->finding == EXPORT_BAD_RECORD) {
        cli_say("journal export", "record %" PRIu64 ": %s", report->sequence, report->what);
    } else if (report->finding == EXPORT_NO_CHECKPOINT ||
               report->finding == EXPORT_BAD_CHECKPOINT) {
        cli_say("journal export", "the checkpoint: %s", report->what);
    } else {
        cli_say("journal export", "%s: %s (%s)", out, report->what, status_name(report->status));
    }
}

static int print_report(const char *out, const struct export_report *report, bool is_json)
{
    const int code = code_of(report);

    if (code != EXIT_DONE) {
        say_failure(out, report);
        return code;
    }
    if (is_json) {
        return cli_print_json(
            json_pack("{s:s, s:I, s:I, s:I, s:I}", "path", out, "size", (json_int_t)report->size,
                      "size_before", (json_int_t)report->size_before, "files",
                      (json_int_t)report->files_count, "bytes", (json_int_t)report->bytes_count));
    }
    (void)printf("%s: %" PRIu64 " records, %" PRIu64 " new; %" PRIu64 " files written, %" PRIu64
                 " bytes\n",
                 out, report->size, report->size - report->size_before, report->files_count,
                 report->bytes_count);
    return EXIT_DONE;
}

bool journal_cli_parse_size(const char *text, uint64_t *ret_size)
{
    char *end = NULL;

    errno = 0;
    const unsigned long long size = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        return false;
    }
    *ret_size = size;
    return true;
}

int journal_cli_export(int argc, char **argv)
{
    struct log_trust trust = {.key_text = NULL};
    const char *size_text = NULL;
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "--checkpoint", .value = &size_text},
                                         {.name = "--key", .value = &trust.key_text},
                                         {.name = "--json", .flag = &is_json},
                                         {.name = NULL}};
    struct record_desk desk;
    struct export_report report;
    uint64_t size = 0;

    if (!journal_cli_parse(argc, argv, options, 2, &arguments, &code)) {
        return code;
    }
    if (size_text != NULL && (!journal_cli_parse_size(size_text, &size) || size == 0)) {
        cli_say("journal export", "--checkpoint wants a number of records, not '%s'", size_text);
        return EXIT_USAGE;
    }
    code = log_trust_load("journal export", &trust);
    if (code == EXIT_DONE) {
        code = record_desk_open("journal export", arguments.values[0], &desk);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    struct exporting exporting = {.desk = &desk, .progress = cli_progress_from("exported")};
    const struct export_options export_options = {.reader = desk.view.reader,
                                                  .blobs = desk.blobs,
                                                  .path = arguments.values[1],
                                                  .size = size,
                                                  .trust = trust.trust,
                                                  .context = &exporting,
                                                  .examine = examine,
                                                  .progress = show_progress};
    const enum status status = journal_export(&export_options, &report);
    CHECK(status == report.status);
    cli_progress_end(&exporting.progress);
    record_desk_close(&desk);
    return print_report(arguments.values[1], &report, is_json);
}
