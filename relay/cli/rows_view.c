/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/rows_view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/cli/cli.h"
#include "relay/cli/progress.h"
#include "relay/core/config_rows.h"
#include "relay/core/view.h"
#include "relay/node/config/config.h"
#include "relay/node/driver/replay.h"
#include "relay/node/driver/row_source.h"
#include "store/source.h"

static bool may_read(const char *data)
{
    char file[PATH_MAX];
    const int length = snprintf(file, sizeof(file), "%s/data.mdb", data);

    return length > 0 && (size_t)length < sizeof(file) &&
           (access(file, R_OK) == 0 || errno != EACCES);
}

static int open_journal(const char *verb, const char *data, struct rows_view *view)
{
    enum status status = journal_open_source(data, &view->journal);
    if (status == STATUS_OK) {
        status = journal_reader_open(view->journal, &view->reader);
    }
    switch (status) {
    case STATUS_OK:
        view->source = row_source_from_journal(view->reader);
        view->head = journal_reader_head(view->reader);
        return EXIT_DONE;
    case STATUS_NOT_FOUND:
        cli_say(verb, "there is no journal in %s; has the node run?", data);
        return EXIT_NEGATIVE;
    case STATUS_CORRUPT:
        cli_say(verb, "%s does not hold a journal, or a damaged one", data);
        return EXIT_INTEGRITY;
    case STATUS_VERSION:
        cli_say(verb, "the journal in %s was written by another version of sluice", data);
        return EXIT_USAGE;
    case STATUS_BUSY:
        cli_say(verb, "a node is writing %s and its lock file is not yours to write: copy it first",
                data);
        return EXIT_TEMPORARY;
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
    case STATUS_NO_SPACE:
    case STATUS_READ_ONLY:
    case STATUS_IO:
    case STATUS_MALFORMED:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        break;
    }
    if (status == STATUS_IO && !may_read(data)) {
        cli_say(verb, "you may not read %s: ask its owner, or be the node's user", data);
        return EXIT_USAGE;
    }
    cli_say(verb, "the journal in %s cannot be opened: %s", data, status_name(status));
    return EXIT_TEMPORARY;
}

static void show_replayed(void *context, uint64_t sequence, uint64_t head)
{
    cli_progress_show(context, sequence, head);
}

static enum status make_rows(struct rows_view *view, struct replay_report *report)
{
    struct cli_progress progress = cli_progress_from("replayed");
    enum status status = journal_open_memory(&view->made);

    if (status == STATUS_OK) {
        const struct replay_options options = {
            .context = &progress, .progress = show_replayed, .rows_into = view->made};
        status = replay_run(view->reader, &options, report);
        cli_progress_end(&progress);
    }
    return status == STATUS_OK ? journal_reader_open(view->made, &view->made_reader) : status;
}

int rows_view_need_rows(const char *verb, struct rows_view *view)
{
    struct replay_report report = {.sequence = 0};

    if (journal_has_rows(view->journal) || view->made != NULL) {
        return EXIT_DONE;
    }
    const enum status status = make_rows(view, &report);
    if (status == STATUS_OK) {
        view->source = row_source_from_journal(view->made_reader);
        return EXIT_DONE;
    }
    cli_say(verb, "no rows can be made from these records: record %" PRIu64 ": %s", report.sequence,
            report.what);
    return status == STATUS_CORRUPT   ? EXIT_INTEGRITY
           : status == STATUS_VERSION ? EXIT_USAGE
                                      : EXIT_TEMPORARY;
}

int rows_view_open_directory(const char *verb, const char *data, struct rows_view *ret_view)
{
    *ret_view = (struct rows_view){0};
    const int code = open_journal(verb, data, ret_view);
    if (code != EXIT_DONE) {
        rows_view_close(ret_view);
    }
    return code;
}

enum status rows_view_read_config(struct rows_view *view)
{
    uint8_t *packed = malloc(CONFIG_PACKED_BYTES_MAX);
    view->config = calloc(1, sizeof(*view->config));
    if (packed == NULL || view->config == NULL) {
        free(packed);
        return STATUS_NO_MEMORY;
    }
    struct buffer buffer = buffer_from(packed, CONFIG_PACKED_BYTES_MAX);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < CONFIG_SLICES_MAX && status == STATUS_OK; i++) {
        uint8_t memory[CONFIG_KEY_BYTES];
        struct bytes slice;
        status = view->source.get(view->source.context, config_key(memory, i), &slice);
        if (status == STATUS_OK) {
            status = buffer_append(&buffer, slice);
        }
    }
    if (status == STATUS_NOT_FOUND && buffer.count > 0) {
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = config_unpack(buffer_bytes(&buffer), view->config);
    }
    free(packed);
    return status;
}

/* The data directory that a configuration names. */
static int find_data(const char *verb, const char *path, char ret_data[PATH_MAX])
{
    struct node_config *config = NULL;
    struct settings_error error;
    if (config_load(path, &config, &error) != STATUS_OK) {
        cli_say(verb, "%s", error.text);
        return EXIT_USAGE;
    }
    memcpy(ret_data, config->data, PATH_MAX);
    config_free(config);
    return EXIT_DONE;
}

int rows_view_find(const char *verb, const char *config_path, const char *data,
                   char ret_data[PATH_MAX])
{
    if ((config_path == NULL) == (data == NULL)) {
        cli_say(verb, "which node? Say --config FILE or --data DIR");
        return EXIT_USAGE;
    }
    if (config_path != NULL) {
        return find_data(verb, config_path, ret_data);
    }
    if (strlen(data) >= PATH_MAX) {
        cli_say(verb, "the path is too long");
        return EXIT_USAGE;
    }
    memcpy(ret_data, data, strlen(data) + 1);
    return EXIT_DONE;
}

/* Rows are laid out as their version's core says; records are read by every later one. */
static int check_rows_version(const char *verb, const char *data, const struct rows_view *view)
{
    struct node_view node;

    if (core_view_node(&view->source, &node) != STATUS_VERSION) {
        return EXIT_DONE; /* what else may be wrong is said where it is read */
    }
    cli_say(verb,
            "the rows in %s were made by another version of sluice: ask that one; "
            "'sluice journal verify', 'tail', 'show' and 'export' read its records",
            data);
    return EXIT_USAGE;
}

int rows_view_open(const char *verb, const char *config_path, const char *data,
                   struct rows_view *ret_view)
{
    char found[PATH_MAX];
    *ret_view = (struct rows_view){0};
    int code = rows_view_find(verb, config_path, data, found);
    if (code != EXIT_DONE) {
        return code;
    }
    data = found;
    code = open_journal(verb, data, ret_view);
    if (code == EXIT_DONE) {
        code = rows_view_need_rows(verb, ret_view);
    }
    if (code == EXIT_DONE) {
        code = check_rows_version(verb, data, ret_view);
    }
    if (code == EXIT_DONE) {
        const enum status status = rows_view_read_config(ret_view);
        if (status == STATUS_NOT_FOUND) {
            cli_say(verb, "the journal in %s is empty: the node has not started yet", data);
            code = EXIT_NEGATIVE;
        } else if (status != STATUS_OK) {
            code = rows_view_failed(verb, status);
        }
    }
    if (code != EXIT_DONE) {
        rows_view_close(ret_view);
    }
    return code;
}

void rows_view_close(struct rows_view *view)
{
    view->made_reader = journal_reader_close(view->made_reader);
    view->made = journal_close(view->made);
    view->reader = journal_reader_close(view->reader);
    view->journal = journal_close(view->journal);
    free(view->config);
    view->config = NULL;
}

int rows_view_failed(const char *verb, enum status status)
{
    cli_say(verb, "the journal cannot be read: %s; 'sluice journal verify' says more",
            status_name(status));
    return status == STATUS_CORRUPT ? EXIT_INTEGRITY : EXIT_TEMPORARY;
}

struct view rows_view_rows(const struct rows_view *view)
{
    return (struct view){.source = view->source, .config = view->config, .head = view->head};
}

const char *rows_view_chain(const struct rows_view *view, uint32_t domain)
{
    const struct view rows = rows_view_rows(view);
    return view_chain(&rows, domain);
}
