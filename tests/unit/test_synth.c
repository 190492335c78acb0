/* SPDX-License-Identifier: Apache-2.0 */
/* The promises of relay/synth/synth.h: a journal of a life that never was is one that a node could
 * have written, is as long as was asked for, and is the same every time. */
#include "relay/synth/synth.h"

#include "tests/support/unit.h"

#include <string.h>

#include "relay/core/capital/capital_view.h"
#include "relay/core/view.h"
#include "relay/node/driver/replay.h"
#include "relay/node/driver/row_source.h"
#include "store/verify.h"

#define RECORDS 6000u
#define OPEN    301u

struct life {
    struct journal *journal;
    struct journal_reader *reader;
    struct synth_report report;
};

static struct life live(uint64_t records, uint64_t open, uint64_t seed)
{
    const struct synth_options options = {
        .records_count = records, .open_count = open, .seed = seed};
    struct life life = {.journal = NULL};

    assert_status(STATUS_OK, journal_open_memory(&life.journal));
    assert_status(STATUS_OK, synth_run(life.journal, &options, &life.report));
    assert_status(STATUS_OK, journal_reader_open(life.journal, &life.reader));
    return life;
}

static void end(struct life *life)
{
    journal_reader_close(life->reader);
    journal_close(life->journal);
}

static struct hash root_of(struct life *life)
{
    const struct verify_options options = {.context = NULL};
    struct verify_report report;

    assert_status(STATUS_OK, journal_verify(life->journal, life->reader, &options, &report));
    assert_int_equal(report.records_count, journal_reader_head(life->reader));
    return report.root;
}

/* Rows follow from the records; the digest of all of them is one of the rows. */
static struct hash digest_of(struct life *life)
{
    const struct row_source source = row_source_from_journal(life->reader);
    struct node_view node;

    assert_status(STATUS_OK, core_view_node(&source, &node));
    assert_int_equal(node.records_count, journal_reader_head(life->reader));
    return node.digest;
}

static uint64_t open_of(struct life *life)
{
    const struct row_source source = row_source_from_journal(life->reader);
    uint64_t count = 0;

    for (uint32_t domain = 901; domain <= 903; domain++) {
        struct message_row message;
        struct message_row after;
        struct hash id = {{0}};
        struct hash after_id;
        enum status status = core_view_next_open(&source, domain, NULL, NULL, &id, &message);
        for (; status == STATUS_OK; count++) {
            after = message;
            after_id = id;
            status = core_view_next_open(&source, domain, &after, &after_id, &id, &message);
        }
        assert_status(STATUS_NOT_FOUND, status);
    }
    return count;
}

static void the_same_numbers_give_the_same_journal(void **state)
{
    struct life lives[3] = {live(RECORDS, OPEN, 7), live(RECORDS, OPEN, 7), live(RECORDS, OPEN, 8)};
    struct hash roots[3];
    struct hash digests[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        roots[i] = root_of(&lives[i]);
        digests[i] = digest_of(&lives[i]);
        end(&lives[i]);
    }
    assert_true(hash_equal(&roots[0], &roots[1]));
    assert_true(hash_equal(&digests[0], &digests[1]));
    assert_false(hash_equal(&roots[0], &roots[2]));
}

static void a_journal_is_as_long_and_as_open_as_was_asked(void **state)
{
    static const uint64_t opens[] = {0, 1, 257, 1500};

    (void)state;
    for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
        const uint64_t records = synth_records_min(opens[i]) + 100 * i;
        struct life life = live(records, opens[i], 10 + i);
        assert_int_equal(records, journal_reader_head(life.reader));
        assert_int_equal(records, life.report.records_count);
        assert_int_equal(opens[i], open_of(&life));
        end(&life);
    }
}

static void a_node_could_have_written_it(void **state)
{
    const struct replay_options options = {.context = NULL};
    struct life life = live(RECORDS, OPEN, 3);
    struct replay_report report;

    (void)state;
    assert_status(STATUS_OK, replay_run(life.reader, &options, &report));
    assert_int_equal(REPLAY_SAME, report.finding);
    assert_int_equal(RECORDS, report.records_count);
    end(&life);
}

static void capital_moves_and_the_books_are_balanced(void **state)
{
    struct life life = live(20000, 0, 5);
    const struct row_source source = row_source_from_journal(life.reader);
    struct capital_ledger ledger;

    (void)state;
    assert_true(life.report.moves_count > 0);
    assert_true(life.report.transfers_count > 100);
    assert_status(STATUS_OK, capital_view_ledger(&source, "USDC", &ledger));
    assert_true(ledger.balanced);
    for (uint32_t domain = 901; domain <= 903; domain++) {
        struct ledger_chain chain;
        assert_status(STATUS_OK, capital_view_chain(&source, domain, &chain));
        assert_int_equal(LEDGER_RECONCILED, chain.state);
    }
    end(&life);
}

static void every_transaction_is_paid_for_in_the_books(void **state)
{
    struct life life = live(20000, 0, 5);
    const struct row_source source = row_source_from_journal(life.reader);
    struct capital_ledger ledger;
    uint64_t fees = 0;

    (void)state;
    assert_status(STATUS_OK, capital_view_ledger(&source, LEDGER_NATIVE_SYMBOL, &ledger));
    assert_true(ledger.balanced);
    assert_false(ledger.by_kind[ACCOUNT_FEES].negative);
    assert_status(STATUS_OK, amount_to_u64(&ledger.by_kind[ACCOUNT_FEES].amount, &fees));
    assert_true(life.report.moves_count > 0);
    assert_int_equal(fees, life.report.transactions_count * SYNTH_GAS_COST +
                               life.report.moves_count * SYNTH_BRIDGE_FEE);
    end(&life);
}

static void too_few_records_are_refused(void **state)
{
    const struct synth_options options = {
        .records_count = synth_records_min(1000) - 1, .open_count = 1000, .seed = 1};
    struct synth_report report;
    struct journal *journal = NULL;

    (void)state;
    assert_status(STATUS_OK, journal_open_memory(&journal));
    assert_status(STATUS_MALFORMED, synth_run(journal, &options, &report));
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_numbers_give_the_same_journal),
        cmocka_unit_test(a_journal_is_as_long_and_as_open_as_was_asked),
        cmocka_unit_test(a_node_could_have_written_it),
        cmocka_unit_test(capital_moves_and_the_books_are_balanced),
        cmocka_unit_test(every_transaction_is_paid_for_in_the_books),
        cmocka_unit_test(too_few_records_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
