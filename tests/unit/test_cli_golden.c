/* SPDX-License-Identifier: Apache-2.0 */
/* What the auditor's verbs print, letter for letter, over a small journal whose rows and records
 * are written here by hand, so that it does not change with the core.
 *
 * The files are in tests/unit/golden. When the output was meant to change:
 *   SLUICE_GOLDEN_UPDATE=1 build/dev/tests/test_cli_golden
 * and read the difference. The root of the hash tree is masked, because a configuration that gets a
 * field more is another record. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/core/capital/capital_rows.h"
#include "relay/core/config_rows.h"
#include "relay/core/core.h"
#include "relay/core/message/message_rows.h"
#include "relay/core/tables.h"
#include "relay/synth/synth.h"
#include "tests/support/cli_call.h"
#include "tests/support/folder.h"

#define BEGIN_NS    UINT64_C(1790000000000000000) /* 2026-09-21T14:13:20Z */
#define SECOND_NS   UINT64_C(1000000000)
#define CHANGES_MAX 64u

const struct cli_verb cli_verbs[] = {
    {"journal", "summary", "usage of journal\n", cli_journal},
    {"ledger", "summary", "usage of ledger\n", cli_ledger},
    {"report", "summary", "usage of report\n", cli_report},
    {NULL, NULL, NULL, NULL},
};

static struct folder folder;

/* ---- the journal ---- */

/* Rows that are written together; what they point to lives as long. */
struct rows_by_hand {
    struct journal_change changes[CHANGES_MAX];
    uint8_t keys[CHANGES_MAX][128];
    uint8_t values[CHANGES_MAX][2048];
    uint32_t count;
};

static struct packer row(struct rows_by_hand *rows, struct bytes key)
{
    CHECK(rows->count < CHANGES_MAX);
    memcpy(rows->keys[rows->count], key.data, key.count);
    rows->changes[rows->count].key = bytes_from(rows->keys[rows->count], key.count);
    return packer_from(rows->values[rows->count], sizeof(rows->values[0]));
}

static void row_end(struct rows_by_hand *rows, struct packer *packer)
{
    rows->changes[rows->count++].value = packer_finish(packer);
}

static struct instant at(uint64_t seconds)
{
    return (struct instant){.ns = BEGIN_NS + seconds * SECOND_NS};
}

static struct account account_at(enum account_kind kind, const char *symbol, uint32_t domain,
                                 uint8_t byte)
{
    struct account account;
    uint8_t evm[20];

    memset(&account, 0, sizeof(account));
    memset(evm, byte, sizeof(evm));
    (void)snprintf(account.symbol, sizeof(account.symbol), "%s", symbol);
    account.kind = kind;
    account.domain = domain;
    account.address = byte == 0 ? (struct address){{0}} : address_from_evm(evm);
    return account;
}

static void add_account(struct rows_by_hand *rows, const struct account *account, uint64_t debit,
                        uint64_t credit)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    const struct account_row value = {.debit = amount_from_u64(debit),
                                      .credit = amount_from_u64(credit)};
    struct packer packer = row(rows, account_key(key, account));

    account_row_pack(&packer, &value);
    row_end(rows, &packer);
}

static void add_posting(struct rows_by_hand *rows, uint32_t domain, uint64_t sequence,
                        const struct posting_row *posting)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct packer packer = row(rows, posting_key(key, domain, sequence));

    posting_row_pack(&packer, posting);
    row_end(rows, &packer);
}

static void add_postings(struct rows_by_hand *rows)
{
    const struct account router = account_at(ACCOUNT_ROUTER, "USDC", 901, 0x11);
    const struct account equity = account_at(ACCOUNT_EQUITY, "USDC", 901, 0);
    const struct account owed = account_at(ACCOUNT_OWED, "USDC", 902, 0x12);
    const struct account fees = account_at(ACCOUNT_FEES, "USDC", 902, 0);
    const struct account key = account_at(ACCOUNT_KEY, "native", 902, 0x33);
    const struct account gas = account_at(ACCOUNT_FEES, "native", 902, 0);
    uint8_t assembly_memory[CAPITAL_KEY_BYTES_MAX];

    add_posting(rows, 901, 1,
                &(struct posting_row){.at = at(10),
                                      .kind = POSTING_OPENING,
                                      .debit = router,
                                      .credit = equity,
                                      .amount = amount_from_u64(5000000000),
                                      .block = 100,
                                      .record = 2});
    add_posting(rows, 901, 2,
                &(struct posting_row){.at = at(40),
                                      .kind = POSTING_USER_SENT,
                                      .debit = router,
                                      .credit = owed,
                                      .amount = amount_from_u64(1250500),
                                      .block = 107,
                                      .transaction = hash_filled(0xa1),
                                      .log_index = 3,
                                      .message_id = hash_filled(0x99),
                                      .record = 3});
    add_posting(rows, 902, 1,
                &(struct posting_row){.at = at(40),
                                      .kind = POSTING_DIFFERENCE,
                                      .debit = owed,
                                      .credit = fees,
                                      .amount = amount_from_u64(500),
                                      .block = 55,
                                      .transaction = hash_filled(0xa2),
                                      .log_index = 9,
                                      .message_id = hash_filled(0x99),
                                      .record = 3});
    add_posting(rows, 902, 2,
                &(struct posting_row){.at = at(70),
                                      .kind = POSTING_GAS,
                                      .debit = gas,
                                      .credit = key,
                                      .amount = amount_from_u64(2520000000000000),
                                      .block = 60,
                                      .transaction = hash_filled(0xa3),
                                      .record = 4});
    add_account(rows, &router, 5001250500, 0);
    add_account(rows, &equity, 0, 5000000000);
    add_account(rows, &owed, 500, 1250500);
    add_account(rows, &fees, 0, 500);
    add_account(rows, &key, 0, 2520000000000000);
    add_account(rows, &gas, 2520000000000000, 0);
    for (uint32_t domain = 901; domain <= 902; domain++) {
        const struct assembly assembly = {.sequence = 2};
        struct packer packer = row(rows, assembly_key(assembly_memory, domain));
        assembly_pack(&packer, &assembly);
        row_end(rows, &packer);
    }
}

static void add_message(struct rows_by_hand *rows, uint8_t id_byte, enum message_state state,
                        uint64_t seen, uint64_t since)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    const struct hash id = hash_filled(id_byte);
    const struct message_row message = {
        .state = state,
        .reason = state == MESSAGE_DELIVERED ? REASON_NONE : REASON_AWAITING_CHECKPOINTS,
        .since = at(since),
        .seen_at = at(seen),
        .origin = 901,
        .destination = 902};
    struct packer packer = row(rows, message_key(key, TABLE_MESSAGE, &id));

    message_row_pack(&message, &packer);
    row_end(rows, &packer);
}

/* relay/core/core.c has the layout of the meta row. */
static void add_node(struct rows_by_hand *rows, const struct core_config *config)
{
    static uint8_t packed[CONFIG_PACKED_BYTES_MAX];
    struct packer whole = packer_from(packed, sizeof(packed));
    const uint8_t meta_key[1] = {TABLE_META};
    const struct hash state = hash_filled(0xee);
    uint8_t memory[CONFIG_KEY_BYTES];

    config_pack(config, &whole);
    const struct bytes bytes = packer_finish(&whole);
    CHECK(bytes.count <= CONFIG_SLICE_BYTES);
    const struct bytes key = config_key(memory, 0);
    memcpy(rows->keys[rows->count], key.data, key.count);
    rows->changes[rows->count].key = bytes_from(rows->keys[rows->count], key.count);
    rows->changes[rows->count++].value = bytes;
    struct packer packer = row(rows, bytes_from(meta_key, 1));
    pack_u32(&packer, CORE_VERSION);
    pack_hash(&packer, &state);
    pack_instant(&packer, at(90));
    pack_instant(&packer, at(0));
    pack_instant(&packer, at(0));
    pack_bool(&packer, true);
    pack_u64(&packer, 5);
    row_end(rows, &packer);
}

/* What a person did, what alarmed the node, its end. */
static void add_records(struct journal *journal, struct rows_by_hand *rows,
                        const struct core_config *config)
{
    static uint8_t memory[RECORD_ENCODE_ROOM_BYTES + (4u << 20)];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    const struct hash digest = hash_filled(0xdd);
    struct record_encoding encodings[5];
    struct bytes records[5];
    uint64_t head = 0;
    struct event event = {.kind = EVENT_START, .at = at(0)};

    event.start.config = config;
    event.start.build_id = bytes_from_string("0.1.0 <test>");
    assert_status(STATUS_OK, record_encode_event(&event, &digest, &buffer, &encodings[0]));
    memset(&event, 0, sizeof(event));
    event = (struct event){.kind = EVENT_OPERATOR, .at = at(20)};
    event.operator_.action = OPERATOR_PAUSE;
    event.operator_.uid = 1000;
    event.operator_.reason = bytes_from_string("<maintenance> & \"rest\"");
    assert_status(STATUS_OK, record_encode_event(&event, &digest, &buffer, &encodings[1]));
    memset(&event, 0, sizeof(event));
    event = (struct event){.kind = EVENT_FACT, .at = at(40), .domain = 901};
    event.fact.kind = FACT_TRANSFER;
    event.fact.block_number = 107;
    event.fact.transaction = hash_filled(0xa1);
    event.fact.log_index = 3;
    event.fact.transfer.amount = amount_from_u64(1250500);
    assert_status(STATUS_OK, record_encode_event(&event, &digest, &buffer, &encodings[2]));
    const struct command note = {
        .kind = COMMAND_NOTE,
        .domain = 902,
        .note = {.level = NOTE_ALARM,
                 .reason = (uint32_t)REASON_UNRECONCILED,
                 .text = bytes_from_string("a router has 5 base units more than the ledger")}};
    assert_status(STATUS_OK, record_encode_command(&note, at(40), &buffer, &encodings[3]));
    memset(&event, 0, sizeof(event));
    event = (struct event){.kind = EVENT_STOP, .at = at(90)};
    event.stop.reason = bytes_from_string("asked to end");
    assert_status(STATUS_OK, record_encode_event(&event, &digest, &buffer, &encodings[4]));
    for (unsigned i = 0; i < 5; i++) {
        records[i] = encodings[i].record;
    }
    const struct journal_batch batch = {.records = records,
                                        .records_count = 5,
                                        .changes = rows->changes,
                                        .changes_count = rows->count};
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
}

static int set_up(void **state)
{
    struct rows_by_hand *rows = calloc(1, sizeof(*rows));
    struct core_config *config = calloc(1, sizeof(*config));
    struct journal *journal = NULL;

    (void)state;
    CHECK(rows != NULL && config != NULL);
    folder = folder_make();
    synth_config(0, config);
    const struct journal_options options = {.path = folder.path};
    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    add_node(rows, config);
    add_postings(rows);
    add_message(rows, 0x99, MESSAGE_DELIVERED, 40, 60);
    add_message(rows, 0x98, MESSAGE_CHECKPOINTS, 41, 41);
    add_records(journal, rows, config);
    journal_close(journal);
    free(config);
    free(rows);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* ---- golden files ---- */

static void mask(char *text)
{
    static const char *const labels[] = {"hash tree    0x", "hash tree</dt><dd><code>0x"};

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        char *found = strstr(text, labels[i]);
        if (found != NULL) {
            memset(found + strlen(labels[i]), '#', 64);
        }
    }
}

static void compare(const char *name, struct cli_called called)
{
    char path[512];
    static char expected[1 << 20];
    char *text = strdup(called.output);

    assert_int_equal(EXIT_DONE, called.code);
    CHECK(text != NULL);
    mask(text);
    (void)snprintf(path, sizeof(path), "%s/%s", GOLDEN_FOLDER, name);
    if (getenv("SLUICE_GOLDEN_UPDATE") != NULL) {
        FILE *file = fopen(path, "wb");
        CHECK(file != NULL);
        CHECK(fputs(text, file) >= 0);
        CHECK(fclose(file) == 0);
    }
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t count = fread(expected, 1, sizeof(expected) - 1, file);
    expected[count] = '\0';
    (void)fclose(file);
    assert_string_equal(expected, text);
    free(text);
}

static void the_ledger_is_as_it_was(void **state)
{
    (void)state;
    compare("ledger.txt", CLI_CALL(cli_ledger, "ledger", "--data", folder.path));
    compare("ledger.csv", CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format", "csv"));
    compare("ledger.jsonl", CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--format",
                                     "jsonl", "--asset", "USDC", "--from", "2026-09-21T14:13:40Z"));
    compare("ledger_totals.txt", CLI_CALL(cli_ledger, "ledger", "--data", folder.path, "--totals",
                                          "--from", "2026-09-21T14:13:40Z"));
}

static void the_report_is_as_it_was(void **state)
{
    (void)state;
    compare("report.txt", CLI_CALL(cli_report, "report", "--data", folder.path));
    compare("report.html", CLI_CALL(cli_report, "report", "--data", folder.path, "--format", "html",
                                    "--from", "2026-09-21T14:13:00Z"));
}

static void records_are_as_they_were(void **state)
{
    (void)state;
    compare("tail.txt", CLI_CALL(cli_journal, "journal", "tail", folder.path, "-n", "2"));
    compare("tail.json",
            CLI_CALL(cli_journal, "journal", "tail", folder.path, "-n", "2", "--json"));
    compare("show.txt", CLI_CALL(cli_journal, "journal", "show", folder.path, "last"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ledger_is_as_it_was),
        cmocka_unit_test(the_report_is_as_it_was),
        cmocka_unit_test(records_are_as_they_were),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
