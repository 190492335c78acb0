/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as an SQLite database: written beside its place and moved there when it is whole.
 * Amounts are text in base units, because SQLite's numbers end at 2^63. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/cli/cli.h"
#include "relay/cli/ledger_internal.h"
#include "relay/core/view.h"

#define LINES_PER_TRANSACTION 100000u

struct ledger_sqlite {
    sqlite3 *database;
    sqlite3_stmt *insert;
    char *path;
    char *draft; /* where it is until it is whole */
    uint32_t lines_count;
};

static const char schema[] =
    "CREATE TABLE ledger ("
    " line INTEGER PRIMARY KEY, record INTEGER NOT NULL, at TEXT NOT NULL, at_ns INTEGER NOT NULL,"
    " chain TEXT NOT NULL, asset TEXT NOT NULL, decimals INTEGER NOT NULL, account TEXT NOT NULL,"
    " address TEXT, counterparty_chain TEXT NOT NULL, counterparty TEXT NOT NULL,"
    " counterparty_address TEXT, what TEXT NOT NULL, is_fee INTEGER NOT NULL, debit TEXT NOT NULL,"
    " credit TEXT NOT NULL, balance TEXT NOT NULL, posted_on TEXT NOT NULL,"
    " posting INTEGER NOT NULL, block INTEGER NOT NULL, transaction_hash TEXT,"
    " log_index INTEGER NOT NULL, message_id TEXT) STRICT;"
    "CREATE TABLE balances ("
    " asset TEXT NOT NULL, decimals INTEGER NOT NULL, chain TEXT NOT NULL, account TEXT NOT NULL,"
    " address TEXT, start TEXT NOT NULL, finish TEXT NOT NULL, debited TEXT NOT NULL,"
    " credited TEXT NOT NULL) STRICT;"
    "CREATE TABLE checks ("
    " asset TEXT PRIMARY KEY, debits TEXT NOT NULL, credits TEXT NOT NULL, equal INTEGER NOT NULL)"
    " STRICT;"
    "CREATE TABLE source (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;";

static bool failed(const struct ledger_sqlite *sqlite)
{
    cli_say("ledger", "%s cannot be written: %s", sqlite->path, sqlite3_errmsg(sqlite->database));
    return false;
}

static bool run(struct ledger_sqlite *sqlite, const char *text)
{
    return sqlite3_exec(sqlite->database, text, NULL, NULL, NULL) == SQLITE_OK || failed(sqlite);
}

void ledger_sqlite_close(struct ledger_sqlite *sqlite)
{
    if (sqlite == NULL) {
        return;
    }
    (void)sqlite3_finalize(sqlite->insert);
    (void)sqlite3_close(sqlite->database);
    if (sqlite->draft != NULL) {
        (void)unlink(sqlite->draft);
    }
    free(sqlite->draft);
    free(sqlite->path);
    free(sqlite);
}

static bool open_draft(struct ledger_sqlite *sqlite, const char *path)
{
    sqlite->path = strdup(path);
    if (sqlite->path == NULL || asprintf(&sqlite->draft, "%s.draft", path) < 0) {
        sqlite->draft = NULL;
        return false;
    }
    if (access(path, F_OK) == 0) {
        cli_say("ledger", "%s is there already: say another name, or remove it", path);
        return false;
    }
    (void)unlink(sqlite->draft); /* of a run that was cut short */
    if (sqlite3_open(sqlite->draft, &sqlite->database) != SQLITE_OK) {
        return failed(sqlite);
    }
    /* Nothing has to survive a crash before it has its name. */
    return run(sqlite, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;") && run(sqlite, schema) &&
           run(sqlite, "BEGIN") &&
           (sqlite3_prepare_v2(sqlite->database,
                               "INSERT INTO ledger VALUES "
                               "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                               -1, &sqlite->insert, NULL) == SQLITE_OK ||
            failed(sqlite));
}

struct ledger_sqlite *ledger_sqlite_open(const char *path)
{
    struct ledger_sqlite *sqlite = calloc(1, sizeof(*sqlite));

    if (sqlite == NULL || !open_draft(sqlite, path)) {
        ledger_sqlite_close(sqlite);
        return NULL;
    }
    return sqlite;
}

/* Binds the next values of a statement, in order; remembers a failure. */
struct binding {
    sqlite3_stmt *statement;
    int index;
    int rc;
};

static void bind_number(struct binding *binding, uint64_t number)
{
    binding->index++;
    if (binding->rc == SQLITE_OK) {
        binding->rc = sqlite3_bind_int64(binding->statement, binding->index, (sqlite3_int64)number);
    }
}

/* Empty is NULL: there is none. */
static void bind_text(struct binding *binding, const char *text)
{
    binding->index++;
    if (binding->rc == SQLITE_OK && text[0] != '\0') {
        binding->rc =
            sqlite3_bind_text(binding->statement, binding->index, text, -1, SQLITE_TRANSIENT);
    }
}

static void bind_hash(struct binding *binding, const struct hash *hash)
{
    bind_text(binding, hash_is_zero(hash) ? "" : cli_hash_text(hash));
}

static bool insert(struct ledger_sqlite *sqlite, struct binding *binding)
{
    if (binding->rc != SQLITE_OK || sqlite3_step(binding->statement) != SQLITE_DONE ||
        sqlite3_reset(binding->statement) != SQLITE_OK) {
        return failed(sqlite);
    }
    (void)sqlite3_clear_bindings(binding->statement);
    return true;
}

bool ledger_sqlite_line(struct ledger_output *output, const struct ledger_line *line)
{
    const struct posting_row *posting = line->posting;
    const struct rows_view *view = output->view;
    struct ledger_sqlite *sqlite = output->sqlite;
    struct binding binding = {.statement = sqlite->insert, .rc = SQLITE_OK};
    const char *amount = ledger_amount_text(&posting->amount);

    bind_number(&binding, line->number);
    bind_number(&binding, posting->record);
    bind_text(&binding, cli_time_text(posting->at));
    bind_number(&binding, posting->at.ns);
    bind_text(&binding, ledger_chain_text(view, line->account->domain));
    bind_text(&binding, line->account->symbol);
    bind_number(&binding, ledger_decimals(view, line->account->symbol));
    bind_text(&binding, account_kind_name(line->account->kind));
    bind_text(&binding, ledger_address_text(line->account));
    bind_text(&binding, ledger_chain_text(view, line->counterparty->domain));
    bind_text(&binding, account_kind_name(line->counterparty->kind));
    bind_text(&binding, ledger_address_text(line->counterparty));
    bind_text(&binding, posting_kind_name(posting->kind));
    bind_number(&binding, ledger_is_fee(posting) ? 1 : 0);
    bind_text(&binding, line->is_debit ? amount : "0");
    bind_text(&binding, line->is_debit ? "0" : amount);
    bind_text(&binding, ledger_balance_text(&line->balance));
    bind_text(&binding, ledger_chain_text(view, line->domain));
    bind_number(&binding, line->sequence);
    bind_number(&binding, posting->block);
    bind_hash(&binding, &posting->transaction);
    bind_number(&binding, posting->log_index);
    bind_hash(&binding, &posting->message_id);
    if (!insert(sqlite, &binding)) {
        return false;
    }
    return ++sqlite->lines_count % LINES_PER_TRANSACTION != 0 || run(sqlite, "COMMIT; BEGIN");
}

/* ---- the end ---- */

static bool write_balances(struct ledger_output *output, const struct ledger_walk *walk,
                           sqlite3_stmt *statement)
{
    for (size_t i = 0; i < walk->accounts.count; i++) {
        const struct ledger_sum *sum = &walk->accounts.entries[i];
        const struct account_balance start = account_balance_of(&sum->before);
        const struct account_balance finish = account_balance_of(&sum->total);
        struct binding binding = {.statement = statement, .rc = SQLITE_OK};
        struct amount debited;
        struct amount credited;
        if (amount_subtract(&sum->total.debit, &sum->before.debit, &debited) != STATUS_OK ||
            amount_subtract(&sum->total.credit, &sum->before.credit, &credited) != STATUS_OK) {
            return false;
        }
        bind_text(&binding, sum->account.symbol);
        bind_number(&binding, ledger_decimals(output->view, sum->account.symbol));
        bind_text(&binding, ledger_chain_text(output->view, sum->account.domain));
        bind_text(&binding, account_kind_name(sum->account.kind));
        bind_text(&binding, ledger_address_text(&sum->account));
        bind_text(&binding, ledger_balance_text(&start));
        bind_text(&binding, ledger_balance_text(&finish));
        bind_text(&binding, ledger_amount_text(&debited));
        bind_text(&binding, ledger_amount_text(&credited));
        if (!insert(output->sqlite, &binding)) {
            return false;
        }
    }
    return true;
}

static bool write_checks(struct ledger_output *output, const struct ledger_walk *walk,
                         sqlite3_stmt *statement)
{
    struct ledger_asset asset;

    for (size_t index = 0; ledger_walk_asset(walk, &index, &asset);) {
        struct binding binding = {.statement = statement, .rc = SQLITE_OK};
        bind_text(&binding, asset.symbol);
        bind_text(&binding, ledger_amount_text(&asset.debits));
        bind_text(&binding, ledger_amount_text(&asset.credits));
        bind_number(&binding, asset.balanced ? 1 : 0);
        if (!insert(output->sqlite, &binding)) {
            return false;
        }
    }
    return true;
}

static bool write_source(struct ledger_output *output, const struct ledger_walk *walk,
                         sqlite3_stmt *statement)
{
    struct node_view node;

    if (core_view_node(&output->view->source, &node) != STATUS_OK) {
        return false;
    }
    const char *const pairs[][2] = {
        {"node", output->view->config->node_name},
        {"records", cli_text("%" PRIu64, node.records_count)},
        {"state", cli_hash_text(&node.digest)},
        {"last_at", cli_time_text(node.last)},
        {"from", cli_time_text(walk->filter.from)},
        {"to", walk->filter.to.ns == UINT64_MAX ? "-" : cli_time_text(walk->filter.to)},
        {"amounts", "base units of the asset"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct binding binding = {.statement = statement, .rc = SQLITE_OK};
        bind_text(&binding, pairs[i][0]);
        bind_text(&binding, pairs[i][1]);
        if (!insert(output->sqlite, &binding)) {
            return false;
        }
    }
    return true;
}

typedef bool (*table_writer)(struct ledger_output *output, const struct ledger_walk *walk,
                             sqlite3_stmt *statement);

static bool write_table(struct ledger_output *output, const struct ledger_walk *walk,
                        const char *text, table_writer write)
{
    struct ledger_sqlite *sqlite = output->sqlite;
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(sqlite->database, text, -1, &statement, NULL) != SQLITE_OK) {
        return failed(sqlite);
    }
    const bool is_written = write(output, walk, statement);
    (void)sqlite3_finalize(statement);
    return is_written;
}

bool ledger_sqlite_end(struct ledger_output *output, const struct ledger_walk *walk)
{
    struct ledger_sqlite *sqlite = output->sqlite;

    if (!write_table(output, walk, "INSERT INTO balances VALUES (?,?,?,?,?,?,?,?,?)",
                     write_balances) ||
        !write_table(output, walk, "INSERT INTO checks VALUES (?,?,?,?)", write_checks) ||
        !write_table(output, walk, "INSERT INTO source VALUES (?,?)", write_source) ||
        !run(sqlite, "COMMIT") ||
        !run(sqlite, "CREATE INDEX ledger_account ON ledger (asset, chain, account, line);"
                     "CREATE INDEX ledger_transaction ON ledger (transaction_hash);"
                     "CREATE INDEX ledger_message ON ledger (message_id);")) {
        return false;
    }
    (void)sqlite3_finalize(sqlite->insert);
    sqlite->insert = NULL;
    if (sqlite3_close(sqlite->database) != SQLITE_OK) {
        return failed(sqlite);
    }
    sqlite->database = NULL;
    if (rename(sqlite->draft, sqlite->path) != 0) {
        cli_say("ledger", "%s cannot be given its name", sqlite->path);
        return false;
    }
    return true;
}
