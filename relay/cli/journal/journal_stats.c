/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal stats: how much of what is in a journal, and what is open. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/record_desk.h"
#include "relay/cli/journal/record_text.h"
#include "relay/cli/json_of.h"
#include "relay/cli/progress.h"
#include "relay/core/capital/capital_view.h"
#include "relay/core/view.h"

#define KINDS_MAX      256u
#define PROGRESS_EVERY 4096u
#define NS_PER_SECOND  1000000000u
#define NS_PER_MINUTE  (UINT64_C(60) * NS_PER_SECOND)

struct kind_count {
    const char *name; /* of the schema, so that equal names are equal pointers */
    const char *fact; /* NULL: no fact */
    bool is_command;
    uint64_t records_count;
    uint64_t bytes_count;
};

struct stats {
    struct record_desk desk;
    uint64_t records_count;
    uint64_t bytes_count;
    uint64_t blobs_count; /* named by records */
    uint32_t largest_bytes;
    struct instant first;
    struct instant last;
    uint64_t minute; /* being counted */
    uint64_t minute_count;
    uint64_t minute_most;
    uint64_t starts_count;
    uint64_t stops_count;
    struct kind_count kinds[KINDS_MAX];
    uint32_t kinds_count;
    struct journal_usage usage;
    json_t *open;
};

/* ---- the records ---- */

static struct kind_count *kind_of(struct stats *stats, const struct record *record)
{
    const char *name = record_text_name(record);
    const char *fact = record_text_fact_name(record);
    const bool is_command = record->kind == RECORD_COMMAND;

    for (uint32_t i = 0; i < stats->kinds_count; i++) {
        struct kind_count *kind = &stats->kinds[i];
        if (kind->name == name && kind->fact == fact && kind->is_command == is_command) {
            return kind;
        }
    }
    CHECK(stats->kinds_count < KINDS_MAX);
    struct kind_count *kind = &stats->kinds[stats->kinds_count++];
    *kind = (struct kind_count){.name = name, .fact = fact, .is_command = is_command};
    return kind;
}

static void count_instant(struct stats *stats, struct instant at)
{
    if (stats->records_count == 1) {
        stats->first = at;
    }
    stats->last = at;
    if (at.ns / NS_PER_MINUTE != stats->minute) {
        stats->minute = at.ns / NS_PER_MINUTE;
        stats->minute_count = 0;
    }
    stats->minute_count++;
    stats->minute_most =
        stats->minute_count > stats->minute_most ? stats->minute_count : stats->minute_most;
}

static void count_record(struct stats *stats, const struct record *record, size_t bytes_count)
{
    struct kind_count *kind = kind_of(stats, record);

    kind->records_count++;
    kind->bytes_count += bytes_count;
    stats->records_count++;
    stats->bytes_count += bytes_count;
    stats->largest_bytes =
        bytes_count > stats->largest_bytes ? (uint32_t)bytes_count : stats->largest_bytes;
    stats->blobs_count += hash_is_zero(&record->blob_digest) ? 0u : 1u;
    if (record->kind == RECORD_EVENT) {
        stats->starts_count += record->event.kind == EVENT_START ? 1u : 0u;
        stats->stops_count += record->event.kind == EVENT_STOP ? 1u : 0u;
    }
    count_instant(stats, record->at);
}

static int count_records(struct stats *stats)
{
    struct cli_progress progress = cli_progress_from("counted");
    const uint64_t head = journal_reader_head(stats->desk.view.reader);

    for (uint64_t sequence = 1; sequence <= head; sequence++) {
        struct bytes bytes;
        struct record record = {.kind = RECORD_EVENT};
        enum status status = journal_read_record(stats->desk.view.reader, sequence, &bytes);
        if (status == STATUS_OK) {
            status = record_decode(bytes, NULL, &stats->desk.arena, &record);
        }
        if (status != STATUS_OK) {
            return record_desk_failed("journal stats", sequence,
                                      status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status);
        }
        count_record(stats, &record, bytes.count);
        if (sequence % PROGRESS_EVERY == 0) {
            cli_progress_show(&progress, sequence, head);
        }
    }
    cli_progress_end(&progress);
    return EXIT_DONE;
}

/* ---- what is open ---- */

static enum status count_intents(const struct rows_view *view, uint32_t domain, uint64_t *ret_count)
{
    struct address key = {{0}};
    uint32_t found_domain = 0;
    struct lane_row lane;
    const struct address *after = NULL;
    uint64_t count = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        status =
            core_view_next_lane(&view->source, found_domain, after, &found_domain, &key, &lane);
        after = &key;
        if (status == STATUS_OK && found_domain == domain) {
            count += lane.next_nonce - lane.first_open;
        }
    }
    *ret_count = count;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status count_moves(const struct rows_view *view, uint64_t *ret_count)
{
    struct hash id = {{0}};
    struct move_row move;
    uint64_t count = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        const struct hash after = id;
        status = capital_view_next_open_move(&view->source, &after, &id, &move);
        count += status == STATUS_OK ? 1u : 0u;
    }
    *ret_count = count;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status count_transits(const struct rows_view *view, uint64_t *ret_count)
{
    struct hash id = {{0}};
    struct transit_row transit;
    uint64_t count = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        const struct hash after = id;
        status = capital_view_next_transit(&view->source, &after, &id, &transit);
        count += status == STATUS_OK ? 1u : 0u;
    }
    *ret_count = count;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status count_open(struct stats *stats)
{
    const struct rows_view *view = &stats->desk.view;
    json_t *chains = json_array();
    uint64_t moves = 0;
    uint64_t transits = 0;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < view->config->chains_count && status == STATUS_OK; i++) {
        const struct core_chain *chain = &view->config->chains[i];
        struct open_row open = {.active_count = 0};
        uint64_t intents = 0;
        status = core_view_open_counts(&view->source, chain->domain, &open);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
        if (status == STATUS_OK) {
            status = count_intents(view, chain->domain, &intents);
        }
        (void)json_array_append_new(
            chains,
            json_pack("{s:s, s:o, s:o, s:o}", "chain", chain->name, "messages_under_way",
                      json_of_count(open.active_count), "messages_queued_at_most",
                      json_of_count(open.queued_count), "transactions", json_of_count(intents)));
    }
    if (status == STATUS_OK) {
        status = count_moves(view, &moves);
    }
    if (status == STATUS_OK) {
        status = count_transits(view, &transits);
    }
    stats->open = json_pack("{s:o, s:o, s:o}", "chains", chains, "moves", json_of_count(moves),
                            "transfers_under_way", json_of_count(transits));
    return status;
}

/* ---- output ---- */

static int by_records(const void *a, const void *b)
{
    const struct kind_count *left = a;
    const struct kind_count *right = b;

    if (left->records_count != right->records_count) {
        return left->records_count > right->records_count ? -1 : 1;
    }
    const int order = strcmp(left->name, right->name);
    return order != 0 || left->fact == NULL || right->fact == NULL
               ? order
               : strcmp(left->fact, right->fact);
}

static uint64_t span_s(const struct stats *stats)
{
    return instant_since(stats->last, stats->first).ns / NS_PER_SECOND;
}

static json_t *to_json(const struct stats *stats)
{
    json_t *kinds = json_array();

    for (uint32_t i = 0; i < stats->kinds_count; i++) {
        const struct kind_count *kind = &stats->kinds[i];
        (void)json_array_append_new(kinds, json_pack("{s:s, s:s, s:s*, s:o, s:o}", "record",
                                                     kind->is_command ? "command" : "event", "name",
                                                     kind->name, "fact", kind->fact, "records",
                                                     json_of_count(kind->records_count), "bytes",
                                                     json_of_count(kind->bytes_count)));
    }
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O*}", "records",
        json_of_count(stats->records_count), "bytes", json_of_count(stats->bytes_count),
        "largest_record", json_of_count(stats->largest_bytes), "blobs_named",
        json_of_count(stats->blobs_count), "first_at", json_of_time(stats->first), "last_at",
        json_of_time(stats->last), "span_s", json_of_count(span_s(stats)), "records_busiest_minute",
        json_of_count(stats->minute_most), "starts", json_of_count(stats->starts_count), "stops",
        json_of_count(stats->stops_count), "file_bytes", json_of_count(stats->usage.bytes_used),
        "rows", json_of_count(stats->usage.rows_count), "blobs",
        json_of_count(stats->usage.blobs_count), "kinds", kinds, "open", stats->open);
}

static void print_kinds(const struct stats *stats)
{
    static const char *const titles[] = {"KIND", ">RECORDS", ">BYTES", ">MEAN", NULL};
    struct cli_table *table = cli_table_new(titles);

    for (uint32_t i = 0; i < stats->kinds_count; i++) {
        const struct kind_count *kind = &stats->kinds[i];
        cli_table_cell(table, "%s%s%s%s", kind->is_command ? "> " : "", kind->name,
                       kind->fact == NULL ? "" : " ", kind->fact == NULL ? "" : kind->fact);
        cli_table_cell(table, "%" PRIu64, kind->records_count);
        cli_table_cell(table, "%" PRIu64, kind->bytes_count);
        cli_table_cell(table, "%" PRIu64, kind->bytes_count / kind->records_count);
    }
    cli_table_print(table);
}

static void print_open(const json_t *open)
{
    static const char *const titles[] = {"OPEN, TO", ">UNDER WAY", ">QUEUED AT MOST",
                                         ">TRANSACTIONS", NULL};
    const json_t *chain;
    size_t index;

    if (open == NULL) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    json_array_foreach(json_object_get(open, "chains"), index, chain)
    {
        cli_table_cell(table, "%s", json_text_at(chain, "chain"));
        cli_table_cell(table, "%lld",
                       json_integer_value(json_object_get(chain, "messages_under_way")));
        cli_table_cell(table, "%lld",
                       json_integer_value(json_object_get(chain, "messages_queued_at_most")));
        cli_table_cell(table, "%lld", json_integer_value(json_object_get(chain, "transactions")));
    }
    (void)putchar('\n');
    cli_table_print(table);
    (void)printf("\nopen moves: %lld; transfers under way: %lld\n",
                 json_integer_value(json_object_get(open, "moves")),
                 json_integer_value(json_object_get(open, "transfers_under_way")));
}

static void print_text(const struct stats *stats)
{
    const uint64_t seconds = span_s(stats);

    (void)printf("records   %" PRIu64 ", %" PRIu64 " bytes (largest %" PRIu32 ")\n",
                 stats->records_count, stats->bytes_count, stats->largest_bytes);
    (void)printf("from      %s\nto        %s (%" PRIu64 " seconds)\n", cli_time_text(stats->first),
                 cli_time_text(stats->last), seconds);
    (void)printf("rate      %.2f records a second, at most %" PRIu64 " in one minute\n",
                 seconds == 0 ? 0.0 : (double)stats->records_count / (double)seconds,
                 stats->minute_most);
    (void)printf("runs      %" PRIu64 " starts, %" PRIu64 " stops in good order\n",
                 stats->starts_count, stats->stops_count);
    (void)printf("stored    %" PRIu64 " bytes used of the file, %" PRIu64 " rows, %" PRIu64
                 " blobs\n\n",
                 stats->usage.bytes_used, stats->usage.rows_count, stats->usage.blobs_count);
    if (stats->usage.records_archived > 0) {
        (void)printf("records 1 to %" PRIu64 " are in the archive\n",
                     stats->usage.records_archived);
    }
    print_kinds(stats);
    print_open(stats->open);
}

static int gather(struct stats *stats)
{
    enum status status = journal_usage(stats->desk.view.journal, &stats->usage);
    const int code =
        status == STATUS_OK ? count_records(stats) : rows_view_failed("journal stats", status);

    if (code != EXIT_DONE) {
        return code;
    }
    if (stats->desk.view.config != NULL && journal_has_rows(stats->desk.view.journal)) {
        status = count_open(stats);
    }
    qsort(stats->kinds, stats->kinds_count, sizeof(stats->kinds[0]), by_records);
    return status == STATUS_OK ? EXIT_DONE : rows_view_failed("journal stats", status);
}

int journal_cli_stats(int argc, char **argv)
{
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    const struct cli_option options[] = {{.name = "--json", .flag = &is_json}, {.name = NULL}};

    if (!journal_cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    struct stats *stats = calloc(1, sizeof(*stats));
    if (stats == NULL) {
        return EXIT_TEMPORARY;
    }
    code = record_desk_open("journal stats", arguments.values[0], &stats->desk);
    if (code == EXIT_DONE) {
        code = gather(stats);
        record_desk_close(&stats->desk);
    }
    if (code == EXIT_DONE && is_json) {
        code = cli_print_json(to_json(stats));
    } else if (code == EXIT_DONE) {
        print_text(stats);
        code = fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
    }
    json_decref(stats->open);
    free(stats);
    return code;
}
