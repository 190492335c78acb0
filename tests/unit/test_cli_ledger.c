/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice ledger` over a journal that the real core wrote (relay/synth): what it prints adds up, in
 * every format, and what does not add up is said. */
#include "tests/support/unit.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/core/capital/capital_rows.h"
#include "relay/synth/synth.h"
#include "tests/support/cli_call.h"
#include "tests/support/folder.h"
#include "tests/support/signed_journal.h"

#define RECORDS 6000u
#define OPEN    40u

const struct cli_verb cli_verbs[] = {
    {"ledger", "summary", "usage of ledger\n", cli_ledger},
    {"journal", "summary", "usage of journal\n", cli_journal},
    {"report", "summary", "usage of report\n", cli_report},
    {NULL, NULL, NULL, NULL},
};

static struct folder folder;
static struct synth_report made;

static struct journal *open_journal(void)
{
    const struct journal_options options = {.path = folder.path};
    struct journal *journal = NULL;

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    return journal;
}

static int set_up(void **state)
{
    const struct synth_options options = {.records_count = RECORDS, .open_count = OPEN, .seed = 2};

    (void)state;
    folder = folder_make();
    struct journal *journal = open_journal();
    assert_status(STATUS_OK, synth_run(journal, &options, &made));
    journal_close(journal);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* ---- what the lines say ---- */

struct sums {
    int64_t debit;
    int64_t credit;
    int64_t fees; /* debits of lines that are fees */
    unsigned lines;
};

/* Field `index` of a line of CSV; the journal has no names that need quotes. */
static const char *field(const char *line, unsigned index, char *memory, size_t capacity)
{
    for (; index > 0; index--) {
        line = strchr(line, ',');
        assert_non_null(line);
        line++;
    }
    (void)snprintf(memory, capacity, "%.*s", (int)strcspn(line, ",\r"), line);
    return memory;
}

static int64_t number(const char *line, unsigned index)
{
    char text[128];

    return strtoll(field(line, index, text, sizeof(text)), NULL, 10);
}

/* Adds up the lines of `asset`, whose balances must follow from each other per account. */
static struct sums add_up(const char *csv, const char *asset)
{
    struct {
        char name[200];
        int64_t balance;
    } accounts[64] = {{{0}, 0}};
    struct sums sums = {.lines = 0};

    for (const char *line = strchr(csv, '\n') + 1; line[0] >= '0' && line[0] <= '9';
         line = strchr(line, '\n') + 1) {
        char text[128];
        char name[200];
        if (strcmp(field(line, 5, text, sizeof(text)), asset) != 0) {
            continue;
        }
        const int64_t debit = number(line, 14);
        const int64_t credit = number(line, 15);
        char parts[3][128];
        (void)snprintf(name, sizeof(name), "%.60s %.60s %.70s", field(line, 4, parts[0], 128),
                       field(line, 7, parts[1], 128), field(line, 8, parts[2], 128));
        unsigned i = 0;
        while (i < 64 && accounts[i].name[0] != '\0' && strcmp(accounts[i].name, name) != 0) {
            i++;
        }
        assert_true(i < 64);
        memcpy(accounts[i].name, name, sizeof(name));
        accounts[i].balance += debit - credit;
        assert_int_equal(accounts[i].balance, number(line, 16));
        assert_true(number(line, 1) > 0 && number(line, 1) <= RECORDS);
        sums.debit += debit;
        sums.credit += credit;
        sums.fees += number(line, 13) == 1 ? debit : 0;
        sums.lines++;
    }
    return sums;
}

static void running_balances_follow_from_the_lines(void **state)
{
    (void)state;
    const struct cli_called called =
        CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format", "csv");
    assert_int_equal(EXIT_DONE, called.code);
    const struct sums tokens = add_up(called.output, "USDC");
    const struct sums native = add_up(called.output, "native");
    assert_true(tokens.lines > 200);
    assert_int_equal(tokens.debit, tokens.credit);
    assert_int_equal(native.debit, native.credit);
    assert_int_equal(native.debit, native.fees);
    assert_int_equal(native.debit, made.transactions_count * SYNTH_GAS_COST +
                                       made.moves_count * SYNTH_BRIDGE_FEE);
}

static void a_period_and_the_rest_are_the_whole(void **state)
{
    static const char middle[] = "2026-01-01T00:02:00Z";

    (void)state;
    const struct cli_called whole =
        CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format", "jsonl");
    unsigned lines = 0;
    for (const char *at = whole.output; (at = strstr(at, "{\"line\":")) != NULL; at++) {
        lines++;
    }
    unsigned counted = 0;
    for (int i = 0; i < 2; i++) {
        const struct cli_called part =
            CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format", "jsonl",
                     i == 0 ? "--to" : "--from", middle);
        assert_int_equal(EXIT_DONE, part.code);
        unsigned here = 0;
        for (const char *at = part.output; (at = strstr(at, "{\"line\":")) != NULL; at++) {
            here++;
        }
        assert_true(here > 0);
        counted += here;
    }
    assert_int_equal(lines, counted);
}

static int64_t ask(sqlite3 *database, const char *question)
{
    sqlite3_stmt *statement = NULL;

    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(database, question, -1, &statement, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(statement));
    const int64_t answer = sqlite3_column_int64(statement, 0);
    assert_int_equal(SQLITE_OK, sqlite3_finalize(statement));
    return answer;
}

/* Each line: who was on the other side, and where to look it up, on the chain and here. What a
 * ledger opens with was in no transaction. What one side has from another, that one has given. */
static void expect_lines_can_be_looked_up(sqlite3 *database)
{
    assert_int_equal(0, ask(database, "SELECT count(*) FROM ledger WHERE counterparty = '' OR "
                                      "record NOT BETWEEN 1 AND (SELECT CAST(value AS INTEGER) "
                                      "FROM source WHERE name = 'records')"));
    assert_true(ask(database, "SELECT count(*) FROM ledger WHERE transaction_hash LIKE '0x%' AND "
                              "length(transaction_hash) = 66") > 100);
    assert_int_equal(0, ask(database, "SELECT count(*) FROM ledger WHERE what <> 'opening' AND "
                                      "length(coalesce(transaction_hash, '')) <> 66"));
    assert_int_equal(0, ask(database,
                            "SELECT count(*) FROM (SELECT sum(CAST(debit AS INTEGER) - CAST(credit "
                            "AS INTEGER)) AS net FROM ledger WHERE asset = 'USDC' GROUP BY "
                            "min(chain || account, counterparty_chain || counterparty), max(chain "
                            "|| account, counterparty_chain || counterparty)) WHERE net <> 0"));
}

static void a_database_holds_the_same(void **state)
{
    char path[400];
    sqlite3 *database = NULL;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/ledger.sqlite", folder.path);
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format",
                                         "sqlite", "--out", path)
                                    .code);
    const struct cli_called csv =
        CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format", "csv");
    const struct sums tokens = add_up(csv.output, "USDC");
    assert_int_equal(SQLITE_OK, sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL));
    assert_int_equal(tokens.lines,
                     ask(database, "SELECT count(*) FROM ledger WHERE asset = 'USDC'"));
    assert_int_equal(tokens.debit, ask(database, "SELECT sum(CAST(debit AS INTEGER)) FROM ledger "
                                                 "WHERE asset = 'USDC'"));
    assert_int_equal(0, ask(database, "SELECT count(*) FROM checks WHERE equal <> 1"));
    assert_int_equal(RECORDS, ask(database, "SELECT value FROM source WHERE name = 'records'"));
    assert_int_equal(
        0, ask(database, "SELECT count(*) FROM balances b WHERE finish <> (SELECT balance FROM "
                         "ledger l WHERE l.asset = b.asset AND l.chain = b.chain AND l.account = "
                         "b.account AND l.address IS b.address ORDER BY line DESC LIMIT 1)"));
    expect_lines_can_be_looked_up(database);
    assert_int_equal(SQLITE_OK, sqlite3_close(database));
    /* Never over what is there. */
    assert_int_equal(EXIT_USAGE, CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format",
                                          "sqlite", "--out", path)
                                     .code);
    assert_int_equal(0, unlink(path));
}

static void a_chain_and_an_asset_can_be_asked_for_alone(void **state)
{
    (void)state;
    const struct cli_called called =
        CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format", "csv", "--chain", "gamma",
                 "--asset", "USDC");
    char text[128];
    unsigned lines = 0;

    assert_int_equal(EXIT_DONE, called.code);
    for (const char *line = strchr(called.output, '\n') + 1; line[0] >= '0' && line[0] <= '9';
         line = strchr(line, '\n') + 1) {
        assert_string_equal("gamma", field(line, 4, text, sizeof(text)));
        assert_string_equal("USDC", field(line, 5, text, sizeof(text)));
        lines++;
    }
    assert_true(lines > 50);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"--format", "xml"}, {"--from", "now"},      {"--chain", "delta"},
        {"--asset", "DAI"},  {"--format", "sqlite"}, {"--out", "/nonexistent/ledger"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(
            EXIT_USAGE,
            CLI_CALL(cli_ledger, "ledger", "--data", folder.path, wrong[i][0], wrong[i][1]).code);
    }
    assert_int_equal(EXIT_USAGE, CLI_CALL(cli_ledger, "ledger").code);
    assert_int_equal(EXIT_NEGATIVE, CLI_CALL(cli_ledger, "ledger", "--data", "/nonexistent").code);
}

static json_t *report(const char *from, const char *to)
{
    const struct cli_called called = CLI_CALL(cli_report, "report", "--data", folder.path,
                                              "--format", "json", "--from", from, "--to", to);

    assert_int_equal(EXIT_DONE, called.code);
    json_t *json = json_loads(called.output, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static json_int_t count_in(const json_t *report, const char *group, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(report, group), name));
}

static void a_report_says_what_happened(void **state)
{
    (void)state;
    json_t *all = report("2025-01-01", "2027-01-01");
    assert_int_equal(made.messages_count, count_in(all, "messages", "dispatched"));
    assert_int_equal(made.messages_count - OPEN, count_in(all, "messages", "delivered"));
    assert_int_equal(OPEN, count_in(all, "messages", "open_now"));
    assert_int_equal(made.moves_count, json_array_size(json_object_get(all, "moves")));
    assert_int_equal(made.plans_count, json_integer_value(json_object_get(all, "plans")));
    assert_int_equal(RECORDS, count_in(all, "evidence", "records"));
    assert_int_equal(7, json_array_size(json_object_get(all, "runs")));
    assert_true(json_array_size(json_object_get(all, "people")) > 0);
    json_decref(all);
}

static void two_reports_of_a_day_add_up(void **state)
{
    static const char middle[] = "2026-01-01T00:02:00Z";
    json_int_t sums[2] = {0, 0};

    (void)state;
    json_t *parts[2] = {report("2025-01-01", middle), report(middle, "2027-01-01")};
    for (int i = 0; i < 2; i++) {
        assert_true(count_in(parts[i], "messages", "delivered") > 0);
        sums[0] += count_in(parts[i], "messages", "dispatched");
        sums[1] += count_in(parts[i], "messages", "delivered");
    }
    assert_int_equal(made.messages_count, sums[0]);
    assert_int_equal(made.messages_count - OPEN, sums[1]);
    /* Where one ends the other begins. */
    const json_t *ends = json_object_get(parts[0], "positions");
    const json_t *starts = json_object_get(parts[1], "positions");
    assert_true(json_array_size(ends) > 0);
    for (size_t i = 0; i < json_array_size(ends); i++) {
        const json_t *end = json_array_get(ends, i);
        const json_t *start = json_array_get(starts, i);
        assert_string_equal(json_string_value(json_object_get(end, "end")),
                            json_string_value(json_object_get(start, "start")));
    }
    json_decref(parts[0]);
    json_decref(parts[1]);
}

/* Signs what is there, as a log signer would. */
static void sign(void)
{
    struct journal *journal = open_journal();

    sign_journal(journal);
    journal_close(journal);
}

/* Keeps what a call printed. */
static char *text_of(struct cli_called called)
{
    char *copy = strdup(called.output);

    assert_int_equal(EXIT_DONE, called.code);
    assert_non_null(copy);
    return copy;
}

static void an_exported_log_says_the_same(void **state)
{
    char out[400];

    (void)state;
    sign();
    (void)snprintf(out, sizeof(out), "%s/export", folder.path);
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "export", folder.path, out).code);
    char *ledger =
        text_of(CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format", "csv"));
    char *page = text_of(CLI_CALL(cli_report, "report", "--data", folder.path));
    assert_non_null(strstr(page, "synth.example/journal/1\n6000\n"));
    assert_string_equal(ledger,
                        CLI_CALL(cli_ledger, "ledger", "--data", out, "--format", "csv").output);
    assert_string_equal(page, CLI_CALL(cli_report, "report", "--data", out).output);
    free(page);
    char *shown = text_of(CLI_CALL(cli_journal, "journal", "show", folder.path, "1..40"));
    assert_string_equal(shown, CLI_CALL(cli_journal, "journal", "show", out, "1..40").output);
    free(shown);
    free(ledger);
}

static void a_report_is_a_page(void **state)
{
    (void)state;
    const struct cli_called text = CLI_CALL(cli_report, "report", "--data", folder.path);
    assert_int_equal(EXIT_DONE, text.code);
    assert_ptr_equal(text.output,
                     strstr(text.output, "Report of synth, from the beginning to the"));
    assert_non_null(strstr(text.output, "books of USDC   debits and credits are equal\n"));
    const struct cli_called html =
        CLI_CALL(cli_report, "report", "--data", folder.path, "--format", "html");
    assert_int_equal(EXIT_DONE, html.code);
    assert_ptr_equal(html.output, strstr(html.output, "<!DOCTYPE html>\n"));
    assert_null(strstr(html.output, "<script"));
    assert_int_equal(EXIT_USAGE, CLI_CALL(cli_report, "report", "--data", folder.path, "--from",
                                          "2026-01-02", "--to", "2026-01-01")
                                     .code);
    assert_int_equal(EXIT_USAGE,
                     CLI_CALL(cli_report, "report", "--data", folder.path, "--format", "pdf").code);
}

/* Last: it spoils the journal. */
static void an_account_that_was_tampered_with_is_an_integrity_violation(void **state)
{
    struct journal *journal = open_journal();
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[ACCOUNT_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct account account = {.symbol = "USDC", .kind = ACCOUNT_FEES, .domain = 902};
    const struct account_row row = {.debit = amount_from_u64(1)};
    uint64_t head = 0;

    (void)state;
    account_row_pack(&packer, &row);
    const struct journal_change change = {.key = account_key(key, &account),
                                          .value = packer_finish(&packer)};
    const struct journal_batch batch = {.changes = &change, .changes_count = 1};
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
    journal_close(journal);
    const struct cli_called called =
        CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--totals");
    assert_int_equal(EXIT_INTEGRITY, called.code);
    assert_non_null(strstr(called.output, "fees beta USDC is NOT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_balances_follow_from_the_lines),
        cmocka_unit_test(a_period_and_the_rest_are_the_whole),
        cmocka_unit_test(a_database_holds_the_same),
        cmocka_unit_test(a_chain_and_an_asset_can_be_asked_for_alone),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(a_report_says_what_happened),
        cmocka_unit_test(two_reports_of_a_day_add_up),
        cmocka_unit_test(a_report_is_a_page),
        cmocka_unit_test(an_exported_log_says_the_same),
        cmocka_unit_test(an_account_that_was_tampered_with_is_an_integrity_violation),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
