/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/ledger_internal.h: what the parts of `sluice ledger` and `sluice report` share. */
#ifndef SLUICE_RELAY_CLI_LEDGER_INTERNAL_H
#define SLUICE_RELAY_CLI_LEDGER_INTERNAL_H

#include <stdio.h>

#include "relay/cli/ledger_walk.h"
#include "relay/cli/rows_view.h"

struct ledger_output {
    const struct rows_view *view;
    FILE *stream;
    struct ledger_sqlite *sqlite; /* the format sqlite alone */
};

/* ---- names, valid as those of cli.h ---- */
const char *ledger_chain_text(const struct rows_view *view, uint32_t domain); /* "-" for 0 */
/* "router alpha", "fees beta". */
const char *ledger_account_text(const struct rows_view *view, const struct account *account);
const char *ledger_address_text(const struct account *account); /* empty for a pool */
uint32_t ledger_decimals(const struct rows_view *view, const char *symbol);
const char *ledger_balance_text(const struct account_balance *balance); /* base units */
const char *ledger_balance_units(const struct account_balance *balance, uint32_t decimals);
const char *ledger_amount_text(const struct amount *amount); /* base units */

/* ---- ledger_print.c: false when the output cannot be written ---- */
bool ledger_table_begin(struct ledger_output *output);
bool ledger_table_line(struct ledger_output *output, const struct ledger_line *line);
bool ledger_table_end(struct ledger_output *output, const struct ledger_walk *walk);
bool ledger_csv_begin(struct ledger_output *output);
bool ledger_csv_line(struct ledger_output *output, const struct ledger_line *line);
bool ledger_jsonl_line(struct ledger_output *output, const struct ledger_line *line);
bool ledger_jsonl_end(struct ledger_output *output, const struct ledger_walk *walk);

/* ---- ledger_sqlite.c ---- */
struct ledger_sqlite;
/* Makes `path`, which must not exist, beside it first. What is wrong is told; NULL. */
struct ledger_sqlite *ledger_sqlite_open(const char *path);
bool ledger_sqlite_line(struct ledger_output *output, const struct ledger_line *line);
/* Balances, checks and where it all comes from; then it gets its name. */
bool ledger_sqlite_end(struct ledger_output *output, const struct ledger_walk *walk);
/* Without ledger_sqlite_end nothing stays behind. Accepts NULL. */
void ledger_sqlite_close(struct ledger_sqlite *sqlite);

#endif
