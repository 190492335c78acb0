/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as a table, as CSV and as lines of JSON. */
#include <inttypes.h>
#include <string.h>

#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/ledger_internal.h"

#define NATIVE_DECIMALS 18u

/* ---- names ---- */

const char *ledger_chain_text(const struct rows_view *view, uint32_t domain)
{
    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        if (view->config->chains[i].domain == domain) {
            return view->config->chains[i].name;
        }
    }
    return domain == 0 ? "-" : cli_text("%" PRIu32, domain);
}

const char *ledger_account_text(const struct rows_view *view, const struct account *account)
{
    return cli_text("%s %s", account_kind_name(account->kind),
                    ledger_chain_text(view, account->domain));
}

const char *ledger_address_text(const struct account *account)
{
    return address_is_zero(&account->address) ? "" : cli_address_text(&account->address);
}

uint32_t ledger_decimals(const struct rows_view *view, const char *symbol)
{
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        if (strcmp(view->config->assets[i].symbol, symbol) == 0) {
            return view->config->assets[i].decimals;
        }
    }
    return strcmp(symbol, LEDGER_NATIVE_SYMBOL) == 0 ? NATIVE_DECIMALS : 0;
}

const char *ledger_amount_text(const struct amount *amount)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX];

    (void)amount_format_decimal(amount, text);
    return cli_text("%s", text);
}

const char *ledger_balance_text(const struct account_balance *balance)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX];

    (void)amount_format_decimal(&balance->amount, text);
    return cli_text("%s%s", balance->negative ? "-" : "", text);
}

const char *ledger_balance_units(const struct account_balance *balance, uint32_t decimals)
{
    return cli_text("%s%s", balance->negative ? "-" : "",
                    cli_units_text(&balance->amount, decimals));
}

/* ---- the table ---- */

#define TABLE_FORMAT "%10s  %-20s  %-16s  %-16s  %-12s  %24s  %24s  %24s  %-8s  %s\n"

bool ledger_table_begin(struct ledger_output *output)
{
    return fprintf(output->stream, TABLE_FORMAT, "RECORD", "TIME", "ACCOUNT", "COUNTERPARTY",
                   "WHAT", "DEBIT", "CREDIT", "BALANCE", "ASSET", "TRANSACTION") > 0;
}

bool ledger_table_line(struct ledger_output *output, const struct ledger_line *line)
{
    const struct posting_row *posting = line->posting;
    const uint32_t decimals = ledger_decimals(output->view, line->account->symbol);
    const char *amount = cli_units_text(&posting->amount, decimals);

    return fprintf(output->stream, TABLE_FORMAT, cli_text("%" PRIu64, posting->record),
                   cli_time_text(posting->at), ledger_account_text(output->view, line->account),
                   ledger_account_text(output->view, line->counterparty),
                   posting_kind_name(posting->kind), line->is_debit ? amount : "",
                   line->is_debit ? "" : amount, ledger_balance_units(&line->balance, decimals),
                   line->account->symbol,
                   hash_is_zero(&posting->transaction) ? "-"
                                                       : cli_hash_text(&posting->transaction)) > 0;
}

static bool is_asked_for(const struct ledger_walk *walk, const struct account *account)
{
    return (!walk->filter.has_domain || walk->filter.domain == account->domain) &&
           (walk->filter.asset == NULL || strcmp(walk->filter.asset, account->symbol) == 0);
}

static void print_balances(const struct ledger_output *output, const struct ledger_walk *walk)
{
    static const char *const titles[] = {"ACCOUNT",   "ASSET",       ">AT THE START", ">DEBITED",
                                         ">CREDITED", ">AT THE END", "ADDRESS",       NULL};
    struct cli_table *table = cli_table_new(titles);

    for (size_t i = 0; i < walk->accounts.count; i++) {
        const struct ledger_sum *sum = &walk->accounts.entries[i];
        const uint32_t decimals = ledger_decimals(output->view, sum->account.symbol);
        const struct account_balance start = account_balance_of(&sum->before);
        const struct account_balance end = account_balance_of(&sum->total);
        struct amount debited;
        struct amount credited;
        if (!is_asked_for(walk, &sum->account) ||
            amount_subtract(&sum->total.debit, &sum->before.debit, &debited) != STATUS_OK ||
            amount_subtract(&sum->total.credit, &sum->before.credit, &credited) != STATUS_OK) {
            continue;
        }
        cli_table_cell(table, "%s", ledger_account_text(output->view, &sum->account));
        cli_table_cell(table, "%s", sum->account.symbol);
        cli_table_cell(table, "%s", ledger_balance_units(&start, decimals));
        cli_table_cell(table, "%s", cli_units_text(&debited, decimals));
        cli_table_cell(table, "%s", cli_units_text(&credited, decimals));
        cli_table_cell(table, "%s", ledger_balance_units(&end, decimals));
        cli_table_cell(table, "%s",
                       address_is_zero(&sum->account.address) ? "-"
                                                              : ledger_address_text(&sum->account));
    }
    (void)putchar('\n');
    cli_table_print(table);
}

/* What went from whom to whom; fees apart. */
static void print_pairs(const struct ledger_output *output, const struct ledger_walk *walk,
                        bool fees)
{
    static const char *const flows[] = {"TO", "FROM", "ASSET", ">POSTINGS", ">AMOUNT", NULL};
    static const char *const charged[] = {"FEES, TO",  "FROM",    "ASSET",
                                          ">POSTINGS", ">AMOUNT", NULL};
    struct cli_table *table = cli_table_new(fees ? charged : flows);

    for (size_t i = 0; i < walk->pairs.count; i++) {
        const struct ledger_sum *sum = &walk->pairs.entries[i];
        const bool is_fee =
            sum->account.kind == ACCOUNT_FEES || sum->counterparty.kind == ACCOUNT_FEES;
        if (is_fee != fees ||
            (!is_asked_for(walk, &sum->account) && !is_asked_for(walk, &sum->counterparty))) {
            continue;
        }
        cli_table_cell(table, "%s", ledger_account_text(output->view, &sum->account));
        cli_table_cell(table, "%s", ledger_account_text(output->view, &sum->counterparty));
        cli_table_cell(table, "%s", sum->account.symbol);
        cli_table_cell(table, "%" PRIu64, sum->postings_count);
        cli_table_cell(
            table, "%s",
            cli_units_text(&sum->total.debit, ledger_decimals(output->view, sum->account.symbol)));
    }
    (void)putchar('\n');
    cli_table_print(table);
}

bool ledger_table_end(struct ledger_output *output, const struct ledger_walk *walk)
{
    struct ledger_asset asset;

    print_balances(output, walk);
    print_pairs(output, walk, false);
    print_pairs(output, walk, true);
    (void)putchar('\n');
    for (size_t index = 0; ledger_walk_asset(walk, &index, &asset);) {
        const uint32_t decimals = ledger_decimals(output->view, asset.symbol);
        (void)printf("check %s: debits %s, credits %s: %s\n", asset.symbol,
                     cli_units_text(&asset.debits, decimals),
                     cli_units_text(&asset.credits, decimals),
                     asset.balanced ? "equal" : "NOT EQUAL");
    }
    return ferror(output->stream) == 0;
}

/* ---- CSV ---- */

/* Names that people gave may hold what CSV means by something. */
static void csv_text(FILE *stream, const char *text)
{
    if (strpbrk(text, "\",\r\n") == NULL) {
        (void)fputs(text, stream);
        return;
    }
    (void)fputc('"', stream);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputc('"', stream);
        }
        (void)fputc(*text, stream);
    }
    (void)fputc('"', stream);
}

bool ledger_csv_begin(struct ledger_output *output)
{
    return fputs("line,record,at,at_ns,chain,asset,decimals,account,address,counterparty_chain,"
                 "counterparty,counterparty_address,what,is_fee,debit,credit,balance,posted_on,"
                 "posting,block,transaction,log_index,message_id\r\n",
                 output->stream) >= 0;
}

bool ledger_csv_line(struct ledger_output *output, const struct ledger_line *line)
{
    FILE *stream = output->stream;
    const struct posting_row *posting = line->posting;
    const char *amount = ledger_amount_text(&posting->amount);

    (void)fprintf(stream, "%" PRIu64 ",%" PRIu64 ",%s,%" PRIu64 ",", line->number, posting->record,
                  cli_time_text(posting->at), posting->at.ns);
    csv_text(stream, ledger_chain_text(output->view, line->account->domain));
    (void)fputc(',', stream);
    csv_text(stream, line->account->symbol);
    (void)fprintf(stream, ",%" PRIu32 ",%s,%s,",
                  ledger_decimals(output->view, line->account->symbol),
                  account_kind_name(line->account->kind), ledger_address_text(line->account));
    csv_text(stream, ledger_chain_text(output->view, line->counterparty->domain));
    (void)fprintf(stream, ",%s,%s,%s,%d,%s,%s,%s,", account_kind_name(line->counterparty->kind),
                  ledger_address_text(line->counterparty), posting_kind_name(posting->kind),
                  ledger_is_fee(posting) ? 1 : 0, line->is_debit ? amount : "0",
                  line->is_debit ? "0" : amount, ledger_balance_text(&line->balance));
    csv_text(stream, ledger_chain_text(output->view, line->domain));
    return fprintf(stream, ",%" PRIu64 ",%" PRIu64 ",%s,%" PRIu32 ",%s\r\n", line->sequence,
                   posting->block,
                   hash_is_zero(&posting->transaction) ? "" : cli_hash_text(&posting->transaction),
                   posting->log_index,
                   hash_is_zero(&posting->message_id) ? "" : cli_hash_text(&posting->message_id)) >
           0;
}

/* ---- JSON ---- */

static json_t *hash_or_null(const struct hash *hash)
{
    return hash_is_zero(hash) ? json_null() : json_of_hash(hash);
}

static json_t *address_or_null(const struct account *account)
{
    return address_is_zero(&account->address) ? json_null() : json_of_address(&account->address);
}

static bool print_line(FILE *stream, json_t *json)
{
    const int rc = json_dumpf(json, stream, JSON_COMPACT);

    json_decref(json);
    return rc == 0 && fputc('\n', stream) != EOF;
}

bool ledger_jsonl_line(struct ledger_output *output, const struct ledger_line *line)
{
    const struct posting_row *posting = line->posting;
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:o, s:s, s:s, s:i, s:s, s:o, s:{s:s, s:s, s:o}, s:s, s:b}", "line",
        json_of_count(line->number), "record", json_of_count(posting->record), "at",
        cli_time_text(posting->at), "at_ns", json_of_count(posting->at.ns), "chain",
        ledger_chain_text(output->view, line->account->domain), "asset", line->account->symbol,
        "decimals", (int)ledger_decimals(output->view, line->account->symbol), "account",
        account_kind_name(line->account->kind), "address", address_or_null(line->account),
        "counterparty", "chain", ledger_chain_text(output->view, line->counterparty->domain),
        "account", account_kind_name(line->counterparty->kind), "address",
        address_or_null(line->counterparty), "what", posting_kind_name(posting->kind), "is_fee",
        ledger_is_fee(posting));

    (void)json_object_update_new(
        json,
        json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "debit",
                  line->is_debit ? json_of_amount(&posting->amount) : json_string("0"), "credit",
                  line->is_debit ? json_string("0") : json_of_amount(&posting->amount), "balance",
                  json_of_balance(&line->balance), "posted_on",
                  ledger_chain_text(output->view, line->domain), "posting",
                  json_of_count(line->sequence), "block", json_of_count(posting->block),
                  "transaction", hash_or_null(&posting->transaction), "log_index",
                  json_of_count(posting->log_index), "message_id",
                  hash_or_null(&posting->message_id)));
    return print_line(output->stream, json);
}

bool ledger_jsonl_end(struct ledger_output *output, const struct ledger_walk *walk)
{
    struct ledger_asset asset;
    json_t *list = json_array();

    for (size_t index = 0; ledger_walk_asset(walk, &index, &asset);) {
        (void)json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:b}", "asset", asset.symbol,
                                                    "debits", json_of_amount(&asset.debits),
                                                    "credits", json_of_amount(&asset.credits),
                                                    "equal", asset.balanced));
    }
    return print_line(output->stream, json_pack("{s:o}", "check", list));
}
