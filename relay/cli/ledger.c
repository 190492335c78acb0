/* SPDX-License-Identifier: Apache-2.0 */
/* sluice ledger: every posting with its running balance. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/cli/cli.h"
#include "relay/cli/ledger_internal.h"
#include "relay/cli/progress.h"

/* not stored */
enum ledger_format {
    LEDGER_TABLE,
    LEDGER_CSV,
    LEDGER_JSONL,
    LEDGER_SQLITE,
};

struct wishes {
    const char *config;
    const char *data;
    const char *format;
    const char *out;
    const char *from;
    const char *to;
    const char *chain;
    const char *asset;
    bool totals; /* no lines */
};

struct printing {
    struct ledger_output output;
    struct cli_progress progress;
    enum ledger_format format;
};

static bool print_line(void *context, const struct ledger_line *line)
{
    struct printing *printing = context;

    switch (printing->format) {
    case LEDGER_TABLE:
        return ledger_table_line(&printing->output, line);
    case LEDGER_CSV:
        return ledger_csv_line(&printing->output, line);
    case LEDGER_JSONL:
        return ledger_jsonl_line(&printing->output, line);
    case LEDGER_SQLITE:
        return ledger_sqlite_line(&printing->output, line);
    }
    return false;
}

static bool begin(struct printing *printing, bool totals)
{
    switch (printing->format) {
    case LEDGER_TABLE:
        return totals || ledger_table_begin(&printing->output);
    case LEDGER_CSV:
        return ledger_csv_begin(&printing->output);
    case LEDGER_JSONL:
    case LEDGER_SQLITE:
        return true;
    }
    return false;
}

static bool end(struct printing *printing, const struct ledger_walk *walk)
{
    switch (printing->format) {
    case LEDGER_TABLE:
        return ledger_table_end(&printing->output, walk);
    case LEDGER_CSV:
        return true;
    case LEDGER_JSONL:
        return ledger_jsonl_end(&printing->output, walk);
    case LEDGER_SQLITE:
        return ledger_sqlite_end(&printing->output, walk);
    }
    return false;
}

static void show_progress(void *context, uint64_t done, uint64_t all)
{
    struct printing *printing = context;

    if (printing->format != LEDGER_TABLE) {
        cli_progress_show(&printing->progress, done, all);
    }
}

/* ---- the check line ---- */

/* Sums against sums and against the rows. What is wrong is told. */
static int check(const struct rows_view *view, const struct ledger_walk *walk)
{
    struct account account;
    struct ledger_asset asset;
    int code = EXIT_DONE;

    for (size_t index = 0; ledger_walk_asset(walk, &index, &asset);) {
        if (!asset.balanced) {
            cli_say("ledger", "%s: debits and credits are NOT equal", asset.symbol);
            code = EXIT_INTEGRITY;
        }
    }
    if (walk->filter.to.ns != UINT64_MAX) {
        return code; /* the rows are of the end */
    }
    const enum status status = ledger_walk_check(walk, &account);
    if (status == STATUS_CORRUPT) {
        cli_say(
            "ledger",
            "the row of %s %s is NOT what its postings add up to: 'sluice journal rebuild' makes "
            "the rows anew from the records",
            ledger_account_text(view, &account), account.symbol);
        return EXIT_INTEGRITY;
    }
    return status == STATUS_OK ? code : rows_view_failed("ledger", status);
}

static int run(struct printing *printing, struct ledger_walk *walk, bool totals)
{
    if (!begin(printing, totals)) {
        return EXIT_TEMPORARY;
    }
    const enum status status = ledger_walk_run(walk);
    cli_progress_end(&printing->progress);
    if (status != STATUS_OK) {
        return rows_view_failed("ledger", status);
    }
    if (walk->is_ended || !end(printing, walk) || fflush(printing->output.stream) != 0) {
        return EXIT_TEMPORARY;
    }
    const int code = check(printing->output.view, walk);
    if (printing->format != LEDGER_TABLE && code == EXIT_DONE) {
        cli_say("ledger",
                "%" PRIu64 " postings, %" PRIu64
                " lines; debits equal credits, and the balances are those of the rows",
                walk->postings_count, walk->lines_count);
    }
    return code;
}

/* ---- the verb ---- */

static bool parse_format(const char *text, enum ledger_format *ret_format)
{
    static const char *const names[] = {"table", "csv", "jsonl", "sqlite"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text != NULL && strcmp(text, names[i]) == 0) {
            *ret_format = (enum ledger_format)i;
            return true;
        }
    }
    *ret_format = LEDGER_TABLE;
    return text == NULL;
}

static int take_filter(const struct wishes *wishes, const struct rows_view *view,
                       struct ledger_filter *filter)
{
    *filter = (struct ledger_filter){.to = {.ns = UINT64_MAX}, .asset = wishes->asset};
    if ((wishes->from != NULL && !cli_time(wishes->from, &filter->from)) ||
        (wishes->to != NULL && !cli_time(wishes->to, &filter->to))) {
        cli_say("ledger", "--from and --to want 2026-11-23 or 2026-11-23T01:05:16Z");
        return EXIT_USAGE;
    }
    if (wishes->asset != NULL && strcmp(wishes->asset, LEDGER_NATIVE_SYMBOL) != 0) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < view->config->assets_count; i++) {
            found += strcmp(view->config->assets[i].symbol, wishes->asset) == 0 ? 1u : 0u;
        }
        if (found == 0) {
            cli_say("ledger", "the node has no asset '%s'; what transactions cost is 'native'",
                    wishes->asset);
            return EXIT_USAGE;
        }
    }
    for (uint32_t i = 0; wishes->chain != NULL && i < view->config->chains_count; i++) {
        if (strcmp(view->config->chains[i].name, wishes->chain) == 0) {
            filter->has_domain = true;
            filter->domain = view->config->chains[i].domain;
        }
    }
    if (wishes->chain != NULL && !filter->has_domain) {
        cli_say("ledger", "the node has no chain '%s'", wishes->chain);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* Where lines go. */
static int open_output(struct printing *printing, const struct wishes *wishes)
{
    printing->output.stream = stdout;
    if (printing->format == LEDGER_SQLITE) {
        if (wishes->out == NULL) {
            cli_say("ledger", "a database is a file: say --out FILE");
            return EXIT_USAGE;
        }
        printing->output.sqlite = ledger_sqlite_open(wishes->out);
        return printing->output.sqlite == NULL ? EXIT_USAGE : EXIT_DONE;
    }
    if (wishes->out == NULL) {
        return EXIT_DONE;
    }
    if (printing->format == LEDGER_TABLE) {
        cli_say("ledger", "a table is for people and goes to standard output: leave out --out");
        return EXIT_USAGE;
    }
    printing->output.stream = fopen(wishes->out, "wxe");
    if (printing->output.stream == NULL) {
        cli_say("ledger", "%s cannot be made, or is there already", wishes->out);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int ledger(const struct wishes *wishes, const struct rows_view *view)
{
    struct printing printing = {.output = {.view = view}, .progress = cli_progress_from("booked")};
    struct ledger_walk walk = {.source = &view->source,
                               .context = &printing,
                               .line = wishes->totals ? NULL : print_line,
                               .progress = show_progress};

    if (!parse_format(wishes->format, &printing.format)) {
        cli_say("ledger", "--format is table, csv, jsonl or sqlite, not '%s'", wishes->format);
        return EXIT_USAGE;
    }
    int code = take_filter(wishes, view, &walk.filter);
    if (code == EXIT_DONE) {
        code = open_output(&printing, wishes);
    }
    if (code == EXIT_DONE) {
        code = run(&printing, &walk, wishes->totals);
    }
    ledger_sqlite_close(printing.output.sqlite);
    if (printing.output.stream != NULL && printing.output.stream != stdout &&
        fclose(printing.output.stream) != 0 && code == EXIT_DONE) {
        code = EXIT_TEMPORARY;
    }
    ledger_walk_free(&walk);
    return code;
}

int cli_ledger(int argc, char **argv)
{
    struct wishes wishes = {.config = NULL};
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    struct rows_view view;
    const struct cli_option options[] = {
        {.name = "--config", .value = &wishes.config}, {.name = "--data", .value = &wishes.data},
        {.name = "--format", .value = &wishes.format}, {.name = "--out", .value = &wishes.out},
        {.name = "--from", .value = &wishes.from},     {.name = "--to", .value = &wishes.to},
        {.name = "--chain", .value = &wishes.chain},   {.name = "--asset", .value = &wishes.asset},
        {.name = "--totals", .flag = &wishes.totals},  {.name = NULL}};

    if (!cli_parse(argc, argv, options, 0, &arguments, &code)) {
        return code;
    }
    code = rows_view_open("ledger", wishes.config, wishes.data, &view);
    if (code == EXIT_DONE) {
        code = ledger(&wishes, &view);
        rows_view_close(&view);
    }
    return code;
}
