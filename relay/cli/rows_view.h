/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/rows_view.h: a node's rows, read straight from its journal's directory, whether the
 * node runs or not. Nothing is changed. Threads: one. */
#ifndef SLUICE_RELAY_CLI_ROWS_VIEW_H
#define SLUICE_RELAY_CLI_ROWS_VIEW_H

#include <limits.h>

#include "relay/core/config.h"
#include "relay/core/rows.h"
#include "relay/view/view.h"
#include "store/journal.h"

struct rows_view {
    struct journal *journal;
    struct journal_reader *reader;
    struct row_source source;
    struct core_config *config; /* in force when the node last started; owned */
    uint64_t head;              /* records */
    struct journal *made;       /* rows made from the records of a journal that has none */
    struct journal_reader *made_reader;
};

/* The directory that --config or --data names; says what is wrong otherwise. */
int rows_view_find(const char *verb, const char *config_path, const char *data,
                   char ret_data[PATH_MAX]);
/* Opens what --config or --data names; says what is wrong and returns an exit code otherwise.
 * EXIT_DONE: `ret_view` is to be closed. */
int rows_view_open(const char *verb, const char *config_path, const char *data,
                   struct rows_view *ret_view);
/* The same for a journal's directory, whether a node has ever started in it or not: `config` stays
 * NULL until rows_view_read_config. */
int rows_view_open_directory(const char *verb, const char *data, struct rows_view *ret_view);
/* Makes sure that `source` has rows: those of an exported log are made by running the core over its
 * records, in memory. Says what is wrong and returns an exit code otherwise. */
int rows_view_need_rows(const char *verb, struct rows_view *view);
/* STATUS_NOT_FOUND: no node has started. STATUS_CORRUPT, STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status rows_view_read_config(struct rows_view *view);
void rows_view_close(struct rows_view *view);
/* For a row access that failed: says so, returns the exit code. */
int rows_view_failed(const char *verb, enum status status);
/* For relay/view; borrows. */
struct view rows_view_rows(const struct rows_view *view);
/* "?" when the chain is not configured. */
const char *rows_view_chain(const struct rows_view *view, uint32_t domain);

#endif
