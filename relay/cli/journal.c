/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal verify | tail: is the journal whole, and what is in it? Both read a live directory
 * as well as a copy and change nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/progress.h"
#include "relay/cli/record_text.h"
#include "relay/cli/rows_view.h"
#include "store/verify.h"

#define TAIL_DEFAULT   10u
#define FOLLOW_WAIT_NS 200000000

/* What both verbs open: the journal, a second reader for blobs, memory to decode in. */
struct desk {
    struct rows_view view;
    struct journal_reader *blobs;
    void *arena_memory;
    struct record_arena arena;
    struct record_blobs source;
};

static enum status read_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    struct desk *desk = context;
    enum status status = journal_read_blob(desk->blobs, digest, ret_blob);

    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    /* It may have been committed since this reader looked. */
    status = journal_reader_refresh(desk->blobs);
    return status == STATUS_OK ? journal_read_blob(desk->blobs, digest, ret_blob) : status;
}

static void desk_close(struct desk *desk)
{
    desk->blobs = journal_reader_close(desk->blobs);
    rows_view_close(&desk->view);
    free(desk->arena_memory);
    desk->arena_memory = NULL;
}

static int desk_open(const char *directory, struct desk *ret_desk)
{
    *ret_desk = (struct desk){.source = {.context = ret_desk, .read = read_blob}};
    const int code = rows_view_open_directory("journal", directory, &ret_desk->view);
    if (code != EXIT_DONE) {
        return code;
    }
    ret_desk->arena_memory = malloc(RECORD_ARENA_BYTES);
    if (ret_desk->arena_memory == NULL ||
        journal_reader_open(ret_desk->view.journal, &ret_desk->blobs) != STATUS_OK) {
        cli_say("journal", "no memory, or too many readers in %s", directory);
        desk_close(ret_desk);
        return EXIT_TEMPORARY;
    }
    ret_desk->arena = record_arena_from(ret_desk->arena_memory, RECORD_ARENA_BYTES);
    return EXIT_DONE;
}

/* ---- verify ---- */

struct examination {
    struct desk *desk;
    struct cli_progress progress;
    struct instant last; /* of the record before */
    bool has_event;
};

/* Decodes a record and looks whether it can stand where it stands. */
static enum status examine(void *context, uint64_t sequence, struct bytes bytes,
                           const char **ret_what)
{
    struct examination *examination = context;
    struct desk *desk = examination->desk;
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
    struct desk desk;
    struct verify_report report;
    const int code = desk_open(directory, &desk);

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
    desk_close(&desk);
    return print_verdict(directory, &report, is_json);
}

/* ---- tail ---- */

/* Prints records `first` to the reader's head. */
static int print_records(struct desk *desk, uint64_t first, bool is_json)
{
    const uint64_t head = journal_reader_head(desk->view.reader);

    for (uint64_t sequence = first; sequence <= head; sequence++) {
        struct bytes bytes;
        struct record record;
        enum status status = journal_read_record(desk->view.reader, sequence, &bytes);
        if (status == STATUS_OK) {
            status = record_decode(bytes, &desk->source, &desk->arena, &record);
        }
        if (status != STATUS_OK) {
            cli_say("journal", "record %" PRIu64 " cannot be shown: %s", sequence,
                    status_name(status));
            return status == STATUS_IO ? EXIT_TEMPORARY : EXIT_INTEGRITY;
        }
        if (is_json) {
            json_t *json = record_text_json(sequence, &record, desk->view.config);
            const int rc = json_dumpf(json, stdout, JSON_COMPACT);
            json_decref(json);
            if (rc != 0 || putchar('\n') == EOF) {
                return EXIT_TEMPORARY;
            }
        } else {
            record_text_print(sequence, &record, desk->view.config);
        }
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

/* Waits for the next records; ends when nobody reads our output or the journal fails. */
static int follow(struct desk *desk, bool is_json)
{
    const struct timespec wait = {.tv_nsec = FOLLOW_WAIT_NS};
    int code = EXIT_DONE;

    while (code == EXIT_DONE) {
        const uint64_t head = journal_reader_head(desk->view.reader);
        (void)nanosleep(&wait, NULL);
        const enum status status = journal_reader_refresh(desk->view.reader);
        if (status != STATUS_OK) {
            return rows_view_failed("journal", status);
        }
        code = print_records(desk, head + 1, is_json);
    }
    return code;
}

static int tail(const char *directory, uint64_t count, bool is_following, bool is_json)
{
    struct desk desk;
    int code = desk_open(directory, &desk);

    if (code != EXIT_DONE) {
        return code;
    }
    if (rows_view_read_config(&desk.view) != STATUS_OK) {
        /* Chains then go by their numbers. */
        free(desk.view.config);
        desk.view.config = NULL;
    }
    const uint64_t head = journal_reader_head(desk.view.reader);
    code = print_records(&desk, head > count ? head - count + 1 : 1, is_json);
    if (code == EXIT_DONE && is_following) {
        code = follow(&desk, is_json);
    }
    desk_close(&desk);
    return code;
}

/* ---- the verb ---- */

static bool parse_count(const char *text, uint64_t *ret_count)
{
    char *end = NULL;

    if (text == NULL) {
        *ret_count = TAIL_DEFAULT;
        return true;
    }
    errno = 0;
    const unsigned long long count = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        cli_say("journal", "-n wants a number of records, not '%s'", text);
        return false;
    }
    *ret_count = count;
    return true;
}

int cli_journal(int argc, char **argv)
{
    const char *count_text = NULL;
    bool is_following = false;
    bool is_json = false;
    uint64_t count = 0;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "-n", .value = &count_text},
                                         {.name = "--follow", .flag = &is_following},
                                         {.name = "--json", .flag = &is_json},
                                         {.name = NULL}};

    if (!cli_parse(argc, argv, options, 2, &arguments, &code)) {
        return code;
    }
    if (arguments.count == 2 && strcmp(arguments.values[0], "verify") == 0) {
        if (count_text != NULL || is_following) {
            cli_say("journal", "verify looks at the whole journal: -n and --follow are for tail");
            return EXIT_USAGE;
        }
        return verify(arguments.values[1], is_json);
    }
    if (arguments.count == 2 && strcmp(arguments.values[0], "tail") == 0) {
        return parse_count(count_text, &count)
                   ? tail(arguments.values[1], count, is_following, is_json)
                   : EXIT_USAGE;
    }
    cli_say("journal", "say 'verify DIR' or 'tail DIR'; see 'sluice journal --help'");
    return EXIT_USAGE;
}
