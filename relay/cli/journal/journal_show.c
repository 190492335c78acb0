/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal show: one record, or a few, with every field. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/record_desk.h"
#include "relay/cli/journal/record_text.h"
#include "relay/cli/json_of.h"

#define SHOWN_MAX 10000u

struct range {
    uint64_t first;
    uint64_t last;
};

/* "7", "7..12", "last". */
static bool parse_range(const char *text, uint64_t head, struct range *ret_range)
{
    char first[32];
    const char *dots = strstr(text, "..");
    const size_t count = dots == NULL ? strlen(text) : (size_t)(dots - text);

    if (strcmp(text, "last") == 0) {
        *ret_range = (struct range){.first = head, .last = head};
        return true;
    }
    if (count >= sizeof(first)) {
        return false;
    }
    memcpy(first, text, count);
    first[count] = '\0';
    if (!cli_count(first, &ret_range->first)) {
        return false;
    }
    ret_range->last = ret_range->first;
    return dots == NULL ||
           (cli_count(dots + 2, &ret_range->last) && ret_range->last >= ret_range->first);
}

/* The event that a command follows: the last one before it. 0: it could not be read. */
static uint64_t cause_of(struct record_desk *desk, uint64_t sequence)
{
    struct bytes bytes;
    struct record record = {.kind = RECORD_COMMAND};

    while (record.kind == RECORD_COMMAND && --sequence > 0) {
        if (journal_read_record(desk->view.reader, sequence, &bytes) != STATUS_OK ||
            record_decode(bytes, NULL, &desk->arena, &record) != STATUS_OK) {
            return 0;
        }
    }
    return sequence;
}

static bool show_json(const struct record_desk *desk, uint64_t sequence,
                      const struct record *record, const struct hash *leaf, size_t bytes_count)
{
    json_t *json = record_text_json(sequence, record, desk->view.config);

    (void)json_object_set_new(json, "bytes", json_of_count(bytes_count));
    (void)json_object_set_new(json, "leaf_sha256", json_of_hash(leaf));
    const int rc = json_dumpf(json, stdout, JSON_COMPACT);
    json_decref(json);
    return rc == 0 && putchar('\n') != EOF;
}

static void show_text(const struct record_desk *desk, uint64_t sequence,
                      const struct record *record, const struct hash *leaf, size_t bytes_count)
{
    const bool is_event = record->kind == RECORD_EVENT;
    const char *fact = record_text_fact_name(record);
    const uint32_t domain = record_text_domain(record);

    (void)printf("record %" PRIu64 ": %s %s%s%s\n", sequence, is_event ? "event" : "command",
                 record_text_name(record), fact == NULL ? "" : " ", fact == NULL ? "" : fact);
    (void)printf("  at: %s (%" PRIu64 " ns)\n", cli_time_text(record->at), record->at.ns);
    if (domain != 0) {
        (void)printf("  chain: %s (domain %" PRIu32 ")\n",
                     desk->view.config == NULL ? "?" : rows_view_chain(&desk->view, domain),
                     domain);
    }
    (void)printf("  bytes: %zu, core version %" PRIu32 "\n", bytes_count, record->core_version);
    (void)printf("  leaf: %s\n", cli_hash_text(leaf));
    if (is_event) {
        (void)printf("  state after it: %s\n", cli_hash_text(&record->digest));
    }
    if (!hash_is_zero(&record->blob_digest)) {
        (void)printf("  blob: %s\n", cli_hash_text(&record->blob_digest));
    }
    (void)puts("  ----");
    record_text_print_all(stdout, record, desk->view.config);
}

static int show_one(struct record_desk *desk, uint64_t sequence, bool is_json)
{
    struct bytes bytes;
    struct hash leaf;
    struct record record = {.kind = RECORD_EVENT};
    enum status status = journal_read_leaf(desk->view.reader, sequence, &bytes, &leaf);

    if (status == STATUS_OK) {
        status = record_decode(bytes, &desk->source, &desk->arena, &record);
    }
    if (status != STATUS_OK) {
        return record_desk_failed("journal show", sequence,
                                  status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status);
    }
    const size_t count = bytes.count;
    if (is_json) {
        return show_json(desk, sequence, &record, &leaf, count) ? EXIT_DONE : EXIT_TEMPORARY;
    }
    show_text(desk, sequence, &record, &leaf, count);
    if (record.kind == RECORD_COMMAND) {
        (void)printf("  ----\n  decided on record %" PRIu64 "\n", cause_of(desk, sequence));
    }
    return ferror(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int show(struct record_desk *desk, const char *text, bool is_json)
{
    const uint64_t head = journal_reader_head(desk->view.reader);
    struct range range = {.first = 0};
    int code = EXIT_DONE;

    if (!parse_range(text, head, &range)) {
        cli_say("journal show", "'%s' is not a record: say 7, 7..12 or last", text);
        return EXIT_USAGE;
    }
    if (range.first < 1 || range.last > head) {
        cli_say("journal show", "there is no record %" PRIu64 ": the journal has 1 to %" PRIu64,
                range.first < 1 ? range.first : range.last, head);
        return EXIT_NEGATIVE;
    }
    if (range.last - range.first >= SHOWN_MAX) {
        cli_say("journal show",
                "at most %u records at once; 'journal tail' and 'journal grep' print "
                "one per line",
                SHOWN_MAX);
        return EXIT_USAGE;
    }
    for (uint64_t sequence = range.first; sequence <= range.last && code == EXIT_DONE; sequence++) {
        if (sequence > range.first && !is_json) {
            (void)putchar('\n');
        }
        code = show_one(desk, sequence, is_json);
    }
    return code;
}

int journal_cli_show(int argc, char **argv)
{
    bool is_json = false;
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    struct record_desk desk;
    const struct cli_option options[] = {{.name = "--json", .flag = &is_json}, {.name = NULL}};

    if (!journal_cli_parse(argc, argv, options, 2, &arguments, &code)) {
        return code;
    }
    code = record_desk_open("journal show", arguments.values[0], &desk);
    if (code != EXIT_DONE) {
        return code;
    }
    code = show(&desk, arguments.values[1], is_json);
    record_desk_close(&desk);
    return fflush(stdout) == 0 ? code : EXIT_TEMPORARY;
}
