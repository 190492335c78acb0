/* SPDX-License-Identifier: Apache-2.0 */
/* What the site says acting has cost, what the newest plan promises for its cost, and by how much
 * collateral covers what was minted: over rows that are written by hand. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "relay/core/capital/backing.h"
#include "relay/core/capital/capital_rows.h"
#include "relay/node/driver/row_source.h"
#include "relay/node/site/site_internal.h"

#define DOMAIN 901u

static struct core_config config;

struct bench {
    struct journal *journal;
    struct journal_reader *reader;
    char text[65536];
};

static int begin(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    config.chains_count = 1;
    (void)snprintf(config.chains[0].name, sizeof(config.chains[0].name), "alpha");
    config.chains[0].domain = DOMAIN;
    config.assets_count = 1;
    (void)snprintf(config.assets[0].symbol, sizeof(config.assets[0].symbol), "USDC");
    config.assets[0].decimals = 6;
    assert_status(STATUS_OK, journal_open_memory(&bench->journal));
    assert_status(STATUS_OK, journal_reader_open(bench->journal, &bench->reader));
    *state = bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;

    journal_reader_close(bench->reader);
    journal_close(bench->journal);
    free(bench);
    return 0;
}

static void put(struct bench *bench, struct bytes key, struct bytes value)
{
    const struct journal_change change = {.key = key, .value = value};
    const struct journal_batch batch = {.changes = &change, .changes_count = 1};
    uint64_t head = 0;

    assert_status(STATUS_OK, journal_commit(bench->journal, &batch, &head));
    assert_status(STATUS_OK, journal_reader_refresh(bench->reader));
}

static enum status write_worth(struct bench *bench)
{
    const struct view view = {.source = row_source_from_journal(bench->reader), .config = &config};
    struct exposition out = exposition_from(bench->text, sizeof(bench->text) - 1);
    struct bytes text = bytes_from(NULL, 0);
    const enum status status = site_write_worth(&view, &out);

    assert_status(STATUS_OK, exposition_end(&out, &text));
    memmove(bench->text, text.data, text.count);
    bench->text[text.count] = '\0';
    return status;
}

static void put_fees(struct bench *bench, const char *symbol, uint64_t debit, uint64_t credit)
{
    struct account account = {.kind = ACCOUNT_FEES, .domain = DOMAIN};
    const struct account_row row = {.debit = amount_from_u64(debit),
                                    .credit = amount_from_u64(credit)};
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t memory[256];
    struct packer packer = packer_from(memory, sizeof(memory));

    memcpy(account.symbol, symbol, strlen(symbol));
    account_row_pack(&packer, &row);
    put(bench, account_key(key, &account), packer_finish(&packer));
}

static void put_backing(struct bench *bench, uint64_t collateral, uint64_t claims)
{
    const struct backing_row row = {.state = BACKING_HELD,
                                    .collateral = amount_from_u64(collateral),
                                    .claims = amount_from_u64(claims)};
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t memory[BACKING_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    backing_row_pack(&packer, &row);
    put(bench, backing_key(key, config.assets[0].symbol), packer_finish(&packer));
}

static void assert_line(const struct bench *bench, const char *line)
{
    if (strstr(bench->text, line) == NULL) {
        fail_msg("no line \"%s\" in: %s", line, bench->text);
    }
}

static void nothing_is_said_of_what_is_not_known(void **state)
{
    struct bench *bench = *state;

    assert_status(STATUS_OK, write_worth(bench));
    assert_null(strstr(bench->text, "\nsluice_"));
    assert_null(strstr(bench->text, "{"));
}

static void costs_are_those_of_the_books(void **state)
{
    struct bench *bench = *state;

    put_fees(bench, LEDGER_NATIVE_SYMBOL, UINT64_C(2520000000000000), 0);
    put_fees(bench, "USDC", 1500000, 250000);
    assert_status(STATUS_OK, write_worth(bench));
    assert_line(bench, "sluice_fees_spent_units{asset=\"native\",chain=\"alpha\"} "
                       "0.002520000000000000\n");
    assert_line(bench, "sluice_fees_spent_units{asset=\"USDC\",chain=\"alpha\"} 1.250000\n");
}

static void collateral_is_weighed_against_what_was_minted(void **state)
{
    struct bench *bench = *state;

    put_backing(bench, 5500000, 5000000);
    assert_status(STATUS_OK, write_worth(bench));
    assert_line(bench, "sluice_collateral_minus_supply_units{asset=\"USDC\"} 0.5\n");
    put_backing(bench, 5000000, 7000000);
    assert_status(STATUS_OK, write_worth(bench));
    assert_line(bench, "sluice_collateral_minus_supply_units{asset=\"USDC\"} -2\n");
}

static void damaged_rows_are_no_figures(void **state)
{
    struct bench *bench = *state;
    uint8_t key[CAPITAL_KEY_BYTES_MAX];

    put(bench, backing_key(key, config.assets[0].symbol), bytes_from("x", 1));
    assert_status(STATUS_CORRUPT, write_worth(bench));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_said_of_what_is_not_known, begin, end),
        cmocka_unit_test_setup_teardown(costs_are_those_of_the_books, begin, end),
        cmocka_unit_test_setup_teardown(collateral_is_weighed_against_what_was_minted, begin, end),
        cmocka_unit_test_setup_teardown(damaged_rows_are_no_figures, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
