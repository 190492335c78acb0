/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal synth: relay/synth/synth.h into a directory. */
#include <inttypes.h>
#include <stdio.h>

#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/json_of.h"
#include "relay/cli/progress.h"
#include "relay/synth/synth.h"

static void show_progress(void *context, uint64_t records, uint64_t all)
{
    cli_progress_show(context, records, all);
}

static int refuse(enum status status, const char *directory)
{
    switch (status) {
    case STATUS_NO_SPACE:
        cli_say("journal synth", "the disk of %s is full", directory);
        return EXIT_TEMPORARY;
    case STATUS_BUSY:
        cli_say("journal synth", "a node is writing %s", directory);
        return EXIT_FENCED;
    case STATUS_NOT_FOUND:
        cli_say("journal synth", "the folder above %s is not there", directory);
        return EXIT_USAGE;
    case STATUS_READ_ONLY:
        cli_say("journal synth", "%s may not be written", directory);
        return EXIT_USAGE;
    case STATUS_OK:
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
    case STATUS_IO:
    case STATUS_VERSION:
    case STATUS_MALFORMED:
    case STATUS_CORRUPT:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        break;
    }
    cli_say("journal synth", "%s cannot be made: %s", directory, status_name(status));
    return status == STATUS_CORRUPT ? EXIT_INTEGRITY : EXIT_TEMPORARY;
}

static int print_report(const struct synth_report *report, uint64_t open_count, bool is_json)
{
    if (is_json) {
        return cli_print_json(json_pack(
            "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "records",
            json_of_count(report->records_count), "messages", json_of_count(report->messages_count),
            "transfers", json_of_count(report->transfers_count), "open", json_of_count(open_count),
            "plans", json_of_count(report->plans_count), "moves",
            json_of_count(report->moves_count), "first_at", json_of_time(report->first), "last_at",
            json_of_time(report->last)));
    }
    (void)printf("%" PRIu64 " records from %s to %s: %" PRIu64 " messages (%" PRIu64
                 " with tokens, %" PRIu64 " open), %" PRIu64 " plans, %" PRIu64 " moves\n",
                 report->records_count, cli_time_text(report->first), cli_time_text(report->last),
                 report->messages_count, report->transfers_count, open_count, report->plans_count,
                 report->moves_count);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int synth(const char *directory, struct synth_options *options, bool is_json)
{
    const struct journal_options journal_options = {.path = directory};
    struct cli_progress progress = cli_progress_from("made");
    struct synth_report report;
    struct journal *journal = NULL;
    struct journal_usage usage;
    enum status status = journal_open_lmdb(&journal_options, &journal);

    if (status == STATUS_OK) {
        status = journal_usage(journal, &usage);
    }
    if (status == STATUS_OK && usage.records_count > 0) {
        journal_close(journal);
        cli_say("journal synth", "%s holds a journal of %" PRIu64 " records", directory,
                usage.records_count);
        return EXIT_REFUSED;
    }
    options->context = &progress;
    options->progress = show_progress;
    if (status == STATUS_OK) {
        status = synth_run(journal, options, &report);
        cli_progress_end(&progress);
    }
    journal_close(journal);
    return status == STATUS_OK ? print_report(&report, options->open_count, is_json)
                               : refuse(status, directory);
}

static bool take_count(const char *name, const char *text, uint64_t *count)
{
    if (text != NULL && !cli_count(text, count)) {
        cli_say("journal synth", "%s wants a whole number, not '%s'", name, text);
        return false;
    }
    return true;
}

int journal_cli_synth(int argc, char **argv)
{
    const char *records = NULL;
    const char *open = NULL;
    const char *seed = NULL;
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    struct synth_options options = {.seed = 1};
    const struct cli_option cli_options[] = {{.name = "--records", .value = &records},
                                             {.name = "--open", .value = &open},
                                             {.name = "--seed", .value = &seed},
                                             {.name = "--json", .flag = &is_json},
                                             {.name = NULL}};

    if (!journal_cli_parse(argc, argv, cli_options, 1, &arguments, &code)) {
        return code;
    }
    if (!take_count("--records", records, &options.records_count) ||
        !take_count("--open", open, &options.open_count) ||
        !take_count("--seed", seed, &options.seed)) {
        return EXIT_USAGE;
    }
    if (options.open_count > SYNTH_OPEN_MAX ||
        options.records_count < synth_records_min(options.open_count)) {
        cli_say("journal synth",
                "%" PRIu64 " open messages need at least %" PRIu64
                " records, and there are at most "
                "%" PRIu64 " open ones",
                options.open_count,
                synth_records_min(options.open_count > SYNTH_OPEN_MAX ? SYNTH_OPEN_MAX
                                                                      : options.open_count),
                (uint64_t)SYNTH_OPEN_MAX);
        return EXIT_USAGE;
    }
    return synth(arguments.values[0], &options, is_json);
}
