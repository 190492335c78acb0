/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal tail: the last records, and the next ones as they come. */
#include <stdio.h>
#include <time.h>

#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/record_desk.h"

#define TAIL_DEFAULT   10u
#define FOLLOW_WAIT_NS 200000000

/* Prints records `first` to the reader's head. */
static int print_records(struct record_desk *desk, uint64_t first, bool is_json)
{
    const uint64_t head = journal_reader_head(desk->view.reader);

    for (uint64_t sequence = first; sequence <= head; sequence++) {
        struct bytes bytes;
        struct record record = {.kind = RECORD_EVENT};
        const enum status status = record_desk_read(desk, sequence, &bytes, &record);
        if (status != STATUS_OK) {
            return record_desk_failed("journal tail", sequence, status);
        }
        if (!journal_cli_print(stdout, sequence, &record, desk->view.config, is_json)) {
            return EXIT_TEMPORARY;
        }
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

/* Waits for the next records; ends when nobody reads our output or the journal fails. */
static int follow(struct record_desk *desk, bool is_json)
{
    const struct timespec wait = {.tv_nsec = FOLLOW_WAIT_NS};
    int code = EXIT_DONE;

    while (code == EXIT_DONE) {
        const uint64_t head = journal_reader_head(desk->view.reader);
        (void)nanosleep(&wait, NULL);
        const enum status status = journal_reader_refresh(desk->view.reader);
        if (status != STATUS_OK) {
            return rows_view_failed("journal tail", status);
        }
        code = print_records(desk, head + 1, is_json);
    }
    return code;
}

static int tail(const char *directory, uint64_t count, bool is_following, bool is_json)
{
    struct record_desk desk;
    int code = record_desk_open("journal tail", directory, &desk);

    if (code != EXIT_DONE) {
        return code;
    }
    const uint64_t head = journal_reader_head(desk.view.reader);
    code = print_records(&desk, head > count ? head - count + 1 : 1, is_json);
    if (code == EXIT_DONE && is_following) {
        code = follow(&desk, is_json);
    }
    record_desk_close(&desk);
    return code;
}

int journal_cli_tail(int argc, char **argv)
{
    const char *count_text = NULL;
    bool is_following = false;
    bool is_json = false;
    uint64_t count = TAIL_DEFAULT;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "-n", .value = &count_text},
                                         {.name = "--follow", .flag = &is_following},
                                         {.name = "--json", .flag = &is_json},
                                         {.name = NULL}};

    if (!journal_cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (count_text != NULL && !cli_count(count_text, &count)) {
        cli_say("journal tail", "-n wants a number of records, not '%s'", count_text);
        return EXIT_USAGE;
    }
    return tail(arguments.values[0], count, is_following, is_json);
}
