/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal verify: is the journal whole? */
#include <inttypes.h>
#include <stdio.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal_internal.h"
#include "relay/cli/progress.h"
#include "relay/cli/record_desk.h"
#include "store/verify.h"

struct examination {
    struct record_desk *desk;
    struct cli_progress progress;
    struct instant last; /* of the record before */
    bool has_event;
};

/* Decodes a record and looks whether it can stand where it stands. */
static enum status examine(void *context, uint64_t sequence, struct bytes bytes,
                           const char **ret_what)
{
    struct examination *examination = context;
    struct record_desk *desk = examination->desk;
    struct record record;
    const enum status status = record_decode(bytes, &desk->source, &desk->arena, &record);

    if (status != STATUS_OK) {
        *ret_what = status == STATUS_NOT_FOUND ? "the blob it names is not there"
                    : status == STATUS_CORRUPT ? "the blob it names is damaged"
                    : status == STATUS_VERSION ? "it was written by a later version of sluice"
                                               : "it cannot be decoded";
        return status;
    }
    if (sequence == 1 && (record.kind != RECORD_EVENT || record.event.kind != EVENT_START)) {
        *ret_what = "the journal does not begin with a start";
        return STATUS_CORRUPT;
    }
    if (record.at.ns < examination->last.ns) {
        *ret_what = "time moves back";
        return STATUS_CORRUPT;
    }
    if (record.kind == RECORD_EVENT && hash_is_zero(&record.digest)) {
        *ret_what = "the event has no digest";
        return STATUS_CORRUPT;
    }
    if (record.kind == RECORD_COMMAND && record.at.ns != examination->last.ns) {
        *ret_what = "the command does not follow its event";
        return STATUS_CORRUPT;
    }
    examination->last = record.at;
    return STATUS_OK;
}

static void verify_progress(void *context, uint64_t sequence, uint64_t head)
{
    struct examination *examination = context;

    cli_progress_show(&examination->progress, sequence, head);
}

static const char *finding_name(enum verify_finding finding)
{
    switch (finding) {
    case VERIFY_SOUND:
        return "sound";
    case VERIFY_MISSING:
        return "missing";
    case VERIFY_EXTRA:
        return "extra";
    case VERIFY_CHECKSUM:
        return "checksum";
    case VERIFY_EXAMINED:
        return "content";
    case VERIFY_TREE:
        return "tree";
    case VERIFY_UNREADABLE:
        return "unreadable";
    case VERIFY_CHECKPOINT:
        return "checkpoint";
    }
    return "unknown";
}

static int verify_code(const struct verify_report *report)
{
    switch (report->status) {
    case STATUS_OK:
        return EXIT_DONE;
    case STATUS_VERSION:
        return EXIT_USAGE;
    case STATUS_IO:
    case STATUS_NO_MEMORY:
    case STATUS_FULL:
        return EXIT_TEMPORARY;
    case STATUS_NOT_FOUND:
    case STATUS_BUSY:
    case STATUS_NO_SPACE:
    case STATUS_READ_ONLY:
    case STATUS_MALFORMED:
    case STATUS_CORRUPT:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        break;
    }
    return EXIT_INTEGRITY;
}

static int print_verdict(const char *directory, const struct verify_report *report, bool is_json)
{
    const int code = verify_code(report);

    if (is_json) {
        const int printed = cli_print_json(json_pack(
            "{s:b, s:s, s:s, s:I, s:I, s:I, s:I}", "sound", report->finding == VERIFY_SOUND,
            "finding", finding_name(report->finding), "what", report->what, "sequence",
            (json_int_t)report->sequence, "records", (json_int_t)report->records_count, "bytes",
            (json_int_t)report->bytes_count, "head", (json_int_t)report->head));
        return code == EXIT_DONE ? printed : code;
    }
    if (code == EXIT_DONE) {
        (void)printf("sound: %" PRIu64 " records, %" PRIu64 " bytes\n", report->records_count,
                     report->bytes_count);
    } else if (report->sequence != 0) {
        (void)printf("NOT sound: record %" PRIu64 " of %" PRIu64 ": %s (the %" PRIu64
                     " before it are good)\n",
                     report->sequence, report->head, report->what, report->records_count);
    } else {
        (void)printf("NOT sound: %s (%" PRIu64 " records looked at in %s)\n", report->what,
                     report->records_count, directory);
    }
    return code;
}

static int verify(const char *directory, bool is_json)
{
    struct record_desk desk;
    struct verify_report report;
    const int code = record_desk_open("journal verify", directory, &desk);

    if (code != EXIT_DONE) {
        return code;
    }
    struct examination examination = {.desk = &desk, .progress = cli_progress_from("verified")};
    const struct verify_options options = {
        .context = &examination, .examine = examine, .progress = verify_progress};
    const enum status status =
        journal_verify(desk.view.journal, desk.view.reader, &options, &report);
    CHECK(status == report.status);
    cli_progress_end(&examination.progress);
    record_desk_close(&desk);
    return print_verdict(directory, &report, is_json);
}

int journal_cli_verify(int argc, char **argv)
{
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "--json", .flag = &is_json}, {.name = NULL}};

    if (!journal_cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    return verify(arguments.values[0], is_json);
}
