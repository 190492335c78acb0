/* SPDX-License-Identifier: Apache-2.0 */
/* sluice journal grep: the records about something.
 *
 * What narrows the search without reading records: a time range (records are in the order of their
 * times), a message or a plan that has a row (the row says when it began and when it ended). What
 * is left is read from its beginning to its end; an id is looked for in the bytes of each record
 * and of the blob it names.
 *
 * A message is not named by every record about it: its legs and their transactions go by their own
 * ids. So a first pass over the range collects these, and a second one prints. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"
#include "relay/cli/journal/record_desk.h"
#include "relay/cli/journal/record_text.h"
#include "relay/cli/progress.h"
#include "relay/core/capital/capital_view.h"
#include "relay/core/view.h"
#include "relay/hyperlane/message.h"

#define NEEDLES_MAX    512u
#define KINDS_MAX      16u
#define PROGRESS_EVERY 4096u
#define AFTERWARDS_NS  UINT64_C(60000000000)  /* what is still said of a thing that has ended */
#define PLANNING_NS    UINT64_C(600000000000) /* from the question to the plan, at most */

struct grep {
    struct record_desk desk;
    struct cli_progress progress;
    uint64_t first; /* record looked at first */
    uint64_t last;
    struct hash needles[NEEDLES_MAX]; /* any of them; message, plan, legs, transactions */
    uint32_t needles_count;
    uint32_t asked_count; /* of them, what was asked for */
    const char *kinds[KINDS_MAX];
    char *kinds_text; /* owned; cut into `kinds` */
    uint32_t kinds_count;
    bool has_domain;
    uint32_t domain;
    const char *text;
    uint64_t limit;
    uint64_t found;
    bool is_counting;
    bool is_json;
};

struct wishes {
    const char *message;
    const char *transaction;
    const char *plan;
    const char *chain;
    const char *kind;
    const char *from;
    const char *to;
    const char *limit;
};

/* ---- what a record must have ---- */

static bool contains(struct bytes bytes, const struct hash *needle)
{
    return memmem(bytes.data, bytes.count, needle->bytes, sizeof(needle->bytes)) != NULL;
}

static bool names_any(const struct grep *grep, struct bytes bytes)
{
    for (uint32_t i = 0; i < grep->needles_count; i++) {
        if (contains(bytes, &grep->needles[i])) {
            return true;
        }
    }
    return false;
}

static void add_needle(struct grep *grep, const struct hash *needle)
{
    for (uint32_t i = 0; i < grep->needles_count; i++) {
        if (hash_equal(&grep->needles[i], needle)) {
            return;
        }
    }
    if (grep->needles_count < NEEDLES_MAX && !hash_is_zero(needle)) {
        grep->needles[grep->needles_count++] = *needle;
    }
}

/* The id of the message that a record dispatches. */
static bool dispatches(const struct record *record, struct hash *ret_id)
{
    if (!record_text_is_fact(record) || record->event.fact.kind != FACT_DISPATCH) {
        return false;
    }
    *ret_id = message_id(record->event.fact.dispatch.message);
    return true;
}

/* Whether the record, or the blob it names, has one of the ids. */
static enum status is_about(struct grep *grep, struct bytes bytes, const struct record *record,
                            bool *ret_is)
{
    struct hash id;
    struct bytes blob;

    *ret_is = grep->needles_count == 0 || names_any(grep, bytes) ||
              (dispatches(record, &id) && names_any(grep, bytes_from(id.bytes, sizeof(id.bytes))));
    if (*ret_is || hash_is_zero(&record->blob_digest)) {
        return STATUS_OK;
    }
    const enum status status = journal_read_blob(grep->desk.blobs, &record->blob_digest, &blob);
    if (status == STATUS_OK) {
        *ret_is = names_any(grep, blob);
    }
    return status;
}

static bool is_of_kind(const struct grep *grep, const struct record *record)
{
    const char *fact = record_text_fact_name(record);
    const char *side = record->kind == RECORD_EVENT ? "event" : "command";

    for (uint32_t i = 0; i < grep->kinds_count; i++) {
        if (strcmp(grep->kinds[i], record_text_name(record)) == 0 ||
            strcmp(grep->kinds[i], side) == 0 ||
            (fact != NULL && strcmp(grep->kinds[i], fact) == 0)) {
            return true;
        }
    }
    return grep->kinds_count == 0;
}

/* Whether the record's line, as it would be printed, has the text in it. */
static bool has_text(const struct grep *grep, uint64_t sequence, const struct record *record)
{
    char *line = NULL;
    size_t count = 0;

    if (grep->text == NULL) {
        return true;
    }
    FILE *stream = open_memstream(&line, &count);
    if (stream == NULL) {
        return false;
    }
    record_text_print(stream, sequence, record, grep->desk.view.config);
    const bool is_there = fclose(stream) == 0 && strcasestr(line, grep->text) != NULL;
    free(line);
    return is_there;
}

/* ---- the passes ---- */

/* Takes the ids that stand for what is searched: the leg that carries the message, and the hashes
 * of its transactions. */
static void collect(struct grep *grep, const struct record *record)
{
    if (record->kind == RECORD_COMMAND && record->command.kind == COMMAND_SEND) {
        add_needle(grep, &record->command.send.leg.id);
    } else if (record->kind == RECORD_EVENT && record->event.kind == EVENT_SIGNED) {
        add_needle(grep, &record->event.signed_.transaction);
    }
}

static enum status visit(struct grep *grep, uint64_t sequence, bool is_collecting)
{
    struct bytes bytes;
    struct record record = {.kind = RECORD_EVENT};
    bool is_wanted = false;
    enum status status = record_desk_read(&grep->desk, sequence, &bytes, &record);

    if (status == STATUS_OK) {
        status = is_about(grep, bytes, &record, &is_wanted);
    }
    if (status != STATUS_OK || !is_wanted) {
        return status;
    }
    if (is_collecting) {
        collect(grep, &record);
        return STATUS_OK;
    }
    if ((grep->has_domain && record_text_domain(&record) != grep->domain) ||
        !is_of_kind(grep, &record) || !has_text(grep, sequence, &record)) {
        return STATUS_OK;
    }
    grep->found++;
    if (!grep->is_counting &&
        !journal_cli_print(stdout, sequence, &record, grep->desk.view.config, grep->is_json)) {
        return STATUS_NO_SPACE;
    }
    return STATUS_OK;
}

static int pass(struct grep *grep, bool is_collecting)
{
    grep->progress = cli_progress_from(is_collecting ? "looked at" : "searched");
    for (uint64_t sequence = grep->first; sequence <= grep->last && grep->found < grep->limit;
         sequence++) {
        const enum status status = visit(grep, sequence, is_collecting);
        if (status == STATUS_NO_SPACE) {
            return EXIT_TEMPORARY; /* nobody takes our output */
        }
        if (status != STATUS_OK) {
            return record_desk_failed("journal grep", sequence, status);
        }
        if (sequence % PROGRESS_EVERY == 0) {
            cli_progress_show(&grep->progress, sequence - grep->first + 1,
                              grep->last - grep->first + 1);
        }
    }
    cli_progress_end(&grep->progress);
    return EXIT_DONE;
}

/* ---- what narrows the range ---- */

static int narrow(struct grep *grep, struct instant from, struct instant to)
{
    uint64_t first = 0;
    uint64_t end = 0;
    enum status status = record_desk_find(&grep->desk, from, &first);

    if (status == STATUS_OK) {
        status = to.ns == UINT64_MAX ? STATUS_OK : record_desk_find(&grep->desk, to, &end);
    }
    if (status != STATUS_OK) {
        return record_desk_failed("journal grep", grep->desk.sequence, status);
    }
    grep->first = first > grep->first ? first : grep->first;
    if (to.ns != UINT64_MAX && end - 1 < grep->last) {
        grep->last = end - 1;
    }
    return EXIT_DONE;
}

static struct instant instant_before(struct instant at, uint64_t ns)
{
    return (struct instant){.ns = at.ns > ns ? at.ns - ns : 0};
}

/* Rows say when it began and ended; without a row every record may be about it. */
static int take_message(struct grep *grep, const struct hash *id)
{
    struct message_row message;

    add_needle(grep, id);
    if (!journal_has_rows(grep->desk.view.journal)) {
        return EXIT_DONE;
    }
    const enum status status = core_view_message(&grep->desk.view.source, id, &message);
    if (status == STATUS_NOT_FOUND) {
        return EXIT_DONE;
    }
    if (status != STATUS_OK) {
        return rows_view_failed("journal grep", status);
    }
    add_needle(grep, &message.leg_id);
    const struct instant end = {
        .ns = message_state_is_end(message.state) ? message.since.ns + AFTERWARDS_NS : UINT64_MAX};
    return narrow(grep, message.seen_at, end);
}

static int take_plan(struct grep *grep, const struct hash *id)
{
    struct plan_row plan;

    add_needle(grep, id);
    if (!journal_has_rows(grep->desk.view.journal)) {
        return EXIT_DONE;
    }
    enum status status = capital_view_plan(&grep->desk.view.source, id, &plan);
    for (uint32_t i = 0; status == STATUS_OK && i < plan.moves_count; i++) {
        const struct hash move_id = capital_move_id(id, i);
        struct move_row move;
        status = capital_view_move(&grep->desk.view.source, &move_id, &move);
        if (status == STATUS_OK) {
            add_needle(grep, &move_id);
            /* Its legs after the first. */
            const uint32_t legs = plan.moves[i].kind == MOVE_BETWEEN_ROUTERS  ? 1u
                                  : plan.moves[i].kind == MOVE_BETWEEN_VENUES ? 2u
                                                                              : 3u;
            for (uint32_t leg = 1; leg < legs; leg++) {
                const struct hash later = approval_leg_id(id, i, leg);
                add_needle(grep, &later);
            }
            add_needle(grep, &move.transaction);
            add_needle(grep, &move.message_id);
        } else if (status == STATUS_NOT_FOUND) {
            status = STATUS_OK; /* not started */
        }
    }
    if (status == STATUS_NOT_FOUND) {
        return EXIT_DONE;
    }
    return status == STATUS_OK ? narrow(grep, instant_before(plan.made_at, PLANNING_NS),
                                        (struct instant){.ns = UINT64_MAX})
                               : rows_view_failed("journal grep", status);
}

/* ---- the wishes ---- */

static int refuse(const char *option, const char *text, const char *wanted)
{
    cli_say("journal grep", "%s wants %s, not '%s'", option, wanted, text);
    return EXIT_USAGE;
}

static bool is_kind_name(const char *word)
{
    struct record record = {.kind = RECORD_EVENT};

    if (strcmp(word, "event") == 0 || strcmp(word, "command") == 0) {
        return true;
    }
    if (strcmp(word, "unknown") == 0) {
        return false;
    }
    for (int kind = 1; kind < 256; kind++) {
        if (strcmp(word, record_event_name((enum event_kind)kind)) == 0 ||
            strcmp(word, record_command_name((enum command_kind)kind)) == 0) {
            return true;
        }
    }
    record.event.kind = EVENT_FACT;
    for (int kind = (int)FACT_DISPATCH; kind <= (int)FACT_KIND_LAST; kind++) {
        record.event.fact.kind = (enum fact_kind)kind;
        if (strcmp(word, record_text_fact_name(&record)) == 0) {
            return true;
        }
    }
    return false;
}

static int take_kinds(struct grep *grep, const char *text)
{
    char *rest = NULL;

    grep->kinds_text = strdup(text);
    if (grep->kinds_text == NULL) {
        return EXIT_TEMPORARY;
    }
    for (char *word = strtok_r(grep->kinds_text, ",", &rest); word != NULL;
         word = strtok_r(NULL, ",", &rest)) {
        if (!is_kind_name(word) || grep->kinds_count == KINDS_MAX) {
            return refuse("--kind", word,
                          "names that 'journal tail' prints, such as send,note,dispatch");
        }
        grep->kinds[grep->kinds_count++] = word;
    }
    return EXIT_DONE;
}

static int take_chain(struct grep *grep, const char *text)
{
    const struct core_config *config = grep->desk.view.config;
    uint64_t number = 0;

    for (uint32_t i = 0; config != NULL && i < config->chains_count; i++) {
        if (strcmp(config->chains[i].name, text) == 0) {
            grep->has_domain = true;
            grep->domain = config->chains[i].domain;
            return EXIT_DONE;
        }
    }
    if (!cli_count(text, &number) || number > UINT32_MAX) {
        return refuse("--chain", text, "the name of a chain of this node, or a domain");
    }
    grep->has_domain = true;
    grep->domain = (uint32_t)number;
    return EXIT_DONE;
}

static int take_times(struct grep *grep, const struct wishes *wishes)
{
    struct instant from = {.ns = 0};
    struct instant to = {.ns = UINT64_MAX};

    if (wishes->from != NULL && !cli_time(wishes->from, &from)) {
        return refuse("--from", wishes->from, "2026-11-23 or 2026-11-23T01:05:16Z");
    }
    if (wishes->to != NULL && !cli_time(wishes->to, &to)) {
        return refuse("--to", wishes->to, "2026-11-23 or 2026-11-23T01:05:16Z");
    }
    return from.ns == 0 && to.ns == UINT64_MAX ? EXIT_DONE : narrow(grep, from, to);
}

static int take_ids(struct grep *grep, const struct wishes *wishes)
{
    const char *const texts[] = {wishes->message, wishes->plan, wishes->transaction};
    const char *const names[] = {"--message", "--plan", "--transaction"};
    int code = EXIT_DONE;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && code == EXIT_DONE; i++) {
        struct hash id;
        if (texts[i] == NULL) {
            continue;
        }
        if (!cli_hash(texts[i], &id)) {
            return refuse(names[i], texts[i], "an id (0x and 64 digits)");
        }
        if (i == 0) {
            code = take_message(grep, &id);
        } else if (i == 1) {
            code = take_plan(grep, &id);
        } else {
            add_needle(grep, &id);
        }
    }
    return code;
}

static int take_wishes(struct grep *grep, const struct wishes *wishes)
{
    int code = take_times(grep, wishes);

    if (code == EXIT_DONE && wishes->chain != NULL) {
        code = take_chain(grep, wishes->chain);
    }
    if (code == EXIT_DONE && wishes->kind != NULL) {
        code = take_kinds(grep, wishes->kind);
    }
    if (code == EXIT_DONE && wishes->limit != NULL && !cli_count(wishes->limit, &grep->limit)) {
        code = refuse("--limit", wishes->limit, "a number of records");
    }
    return code == EXIT_DONE ? take_ids(grep, wishes) : code;
}

static int search(struct grep *grep, const struct wishes *wishes)
{
    grep->first = 1;
    grep->last = journal_reader_head(grep->desk.view.reader);
    grep->limit = UINT64_MAX;
    int code = take_wishes(grep, wishes);

    if (code == EXIT_DONE && (wishes->message != NULL || wishes->plan != NULL)) {
        code = pass(grep, true);
    }
    if (code == EXIT_DONE) {
        code = pass(grep, false);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    if (grep->is_counting) {
        (void)printf("%" PRIu64 "\n", grep->found);
    }
    if (grep->found == grep->limit) {
        cli_say("journal grep", "stopped after %" PRIu64 " records (--limit)", grep->found);
    }
    return fflush(stdout) != 0 ? EXIT_TEMPORARY : grep->found > 0 ? EXIT_DONE : EXIT_NEGATIVE;
}

int journal_cli_grep(int argc, char **argv)
{
    struct wishes wishes = {.message = NULL};
    int code = EXIT_DONE;
    struct cli_arguments arguments;
    struct grep *grep = calloc(1, sizeof(*grep));

    if (grep == NULL) {
        return EXIT_TEMPORARY;
    }
    const struct cli_option options[] = {{.name = "--message", .value = &wishes.message},
                                         {.name = "--transaction", .value = &wishes.transaction},
                                         {.name = "--plan", .value = &wishes.plan},
                                         {.name = "--chain", .value = &wishes.chain},
                                         {.name = "--kind", .value = &wishes.kind},
                                         {.name = "--from", .value = &wishes.from},
                                         {.name = "--to", .value = &wishes.to},
                                         {.name = "--text", .value = &grep->text},
                                         {.name = "--limit", .value = &wishes.limit},
                                         {.name = "--count", .flag = &grep->is_counting},
                                         {.name = "--json", .flag = &grep->is_json},
                                         {.name = NULL}};
    if (journal_cli_parse(argc, argv, options, 1, &arguments, &code)) {
        code = record_desk_open("journal grep", arguments.values[0], &grep->desk);
        if (code == EXIT_DONE) {
            code = search(grep, &wishes);
            record_desk_close(&grep->desk);
        }
    }
    free(grep->kinds_text);
    free(grep);
    return code;
}
