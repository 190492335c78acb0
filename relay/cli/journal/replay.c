/* SPDX-License-Identifier: Apache-2.0 */
/* sluice replay: the audit of relay/node/driver/replay.h on a directory. */
#include "relay/node/driver/replay.h"

#include <inttypes.h>
#include <stdio.h>

#include "relay/cli/cli.h"
#include "relay/cli/progress.h"
#include "relay/cli/rows_view.h"
#include "store/source.h"

static void show_progress(void *context, uint64_t sequence, uint64_t head)
{
    cli_progress_show(context, sequence, head);
}

static const char *finding_name(enum replay_finding finding)
{
    switch (finding) {
    case REPLAY_SAME:
        return "same";
    case REPLAY_UNREADABLE:
        return "unreadable";
    case REPLAY_VERSION:
        return "version";
    case REPLAY_ORDER:
        return "order";
    case REPLAY_COMMAND:
        return "command";
    case REPLAY_MISSING:
        return "missing";
    case REPLAY_EXTRA:
        return "extra";
    case REPLAY_DIGEST:
        return "digest";
    case REPLAY_ROW:
        return "row";
    case REPLAY_FAILED:
        return "failed";
    }
    return "unknown";
}

/* What differs is an integrity violation; what could not be compared is not. */
static int replay_code(const struct replay_report *report)
{
    switch (report->finding) {
    case REPLAY_SAME:
        return EXIT_DONE;
    case REPLAY_VERSION:
        return EXIT_USAGE;
    case REPLAY_FAILED:
        return EXIT_TEMPORARY;
    case REPLAY_UNREADABLE:
        return report->status == STATUS_CORRUPT ? EXIT_INTEGRITY : EXIT_TEMPORARY;
    case REPLAY_ORDER:
    case REPLAY_COMMAND:
    case REPLAY_MISSING:
    case REPLAY_EXTRA:
    case REPLAY_DIGEST:
    case REPLAY_ROW:
        break;
    }
    return EXIT_INTEGRITY;
}

static int print_json(const struct replay_report *report, bool has_rows, int code)
{
    const int printed = cli_print_json(json_pack(
        "{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:s}", "same",
        report->finding == REPLAY_SAME, "finding", finding_name(report->finding), "what",
        report->what, "sequence", (json_int_t)report->sequence, "records",
        (json_int_t)report->records_count, "events", (json_int_t)report->events_count, "commands",
        (json_int_t)report->commands_count, "rows", (json_int_t)report->rows_count, "rows_compared",
        has_rows, "head", (json_int_t)report->head, "digest", cli_hash_text(&report->digest)));

    return code == EXIT_DONE ? printed : code;
}

static int print_verdict(const struct replay_report *report, bool has_rows, bool is_json)
{
    const int code = replay_code(report);

    if (is_json) {
        return print_json(report, has_rows, code);
    }
    if (code == EXIT_DONE && !has_rows) {
        (void)printf("the same: %" PRIu64 " events, %" PRIu64
                     " commands, digest %s; rows cannot be compared: an exported log has none\n",
                     report->events_count, report->commands_count, cli_hash_text(&report->digest));
    } else if (code == EXIT_DONE) {
        (void)printf("the same: %" PRIu64 " events, %" PRIu64 " commands, %" PRIu64
                     " rows, digest %s\n",
                     report->events_count, report->commands_count, report->rows_count,
                     cli_hash_text(&report->digest));
    } else if (report->sequence != 0) {
        (void)printf("%s: record %" PRIu64 " of %" PRIu64 ": %s (the %" PRIu64
                     " before it are the same)\n",
                     code == EXIT_INTEGRITY ? "DIFFERENT" : "not compared", report->sequence,
                     report->head, report->what, report->records_count);
    } else {
        (void)printf("%s: %s (%" PRIu64 " records and %" PRIu64 " rows are the same)\n",
                     code == EXIT_INTEGRITY ? "DIFFERENT" : "not compared", report->what,
                     report->records_count, report->rows_count);
    }
    return code;
}

/* What was found is in the report. An exported log has records alone: commands and digests are
 * compared, and the rows of this run are not kept. */
static void run(struct rows_view *view, bool has_rows, struct replay_report *ret_report)
{
    struct cli_progress progress = cli_progress_from("replayed");
    struct replay_options options = {.context = &progress, .progress = show_progress};
    struct journal *made = NULL;

    if (!has_rows && journal_open_memory(&made) != STATUS_OK) {
        *ret_report = (struct replay_report){
            .finding = REPLAY_FAILED, .status = STATUS_NO_MEMORY, .what = "no memory"};
        return;
    }
    options.rows_into = made;
    (void)!replay_run(view->reader, &options, ret_report);
    cli_progress_end(&progress);
    journal_close(made);
}

int cli_replay(int argc, char **argv)
{
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    struct rows_view view;
    struct replay_report report;
    const struct cli_option options[] = {{.name = "--json", .flag = &is_json}, {.name = NULL}};

    if (!cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (arguments.count != 1) {
        cli_say("replay", "say the journal's directory: 'sluice replay DIR'");
        return EXIT_USAGE;
    }
    code = rows_view_open_directory("replay", arguments.values[0], &view);
    if (code != EXIT_DONE) {
        return code;
    }
    const bool has_rows = journal_has_rows(view.journal);
    run(&view, has_rows, &report);
    rows_view_close(&view);
    return print_verdict(&report, has_rows, is_json);
}
