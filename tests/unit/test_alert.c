/* SPDX-License-Identifier: Apache-2.0 */
/* What a person must know is told once when it begins and once when it ends, for every kind of it;
 * and no more is told than there is room for. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/core/capital/capital_internal.h"
#include "relay/core/core.h"
#include "relay/node/alert/alert_kept.h"
#include "relay/node/alert/alert_look.h"
#include "relay/node/alert/alert_text.h"
#include "tests/support/row_table.h"
#include "tests/support/unit.h"

#define SECOND_NS   UINT64_C(1000000000)
#define NOW_S       UINT64_C(1790000000)
#define DOMAIN      7u
#define HOLD_S      5u
#define ROUNDS_MAX  200u
#define CHANGES_MAX 8192u
#define ROWS_BYTES  ((size_t)4 << 20)

struct world {
    struct row_table *table;
    void *rows_memory;
    struct rows *rows;
    struct node_config config;
    struct site_live live;
    struct backlog backlogs[CHAINS_MAX];
    struct alert_memory memory;
    struct alerts alerts;
    uint64_t now_s;
    bool has_disk;
    uint64_t disk_free;
};

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct core_chain *chain = &world->config.core.chains[0];
    const size_t footprint = rows_footprint(CHANGES_MAX, ROWS_BYTES);

    world->table = row_table_new();
    world->rows_memory = calloc(1, footprint);
    world->rows =
        rows_init(world->rows_memory, CHANGES_MAX, ROWS_BYTES, row_table_source(world->table));
    (void)snprintf(world->config.core.node_name, NAME_BYTES_MAX, "test");
    (void)snprintf(chain->name, NAME_BYTES_MAX, "alpha");
    chain->domain = DOMAIN;
    chain->validate = true;
    chain->key = evm_filled(0x11);
    chain->key_balance_min = amount_from_u64(100);
    world->config.core.chains_count = 1;
    (void)snprintf(world->config.core.assets[0].symbol, NAME_BYTES_MAX, "USDC");
    world->config.core.assets_count = 1;
    world->config.alerts.backlog_after.ns = 600 * SECOND_NS;
    world->now_s = 1000;
    world->has_disk = true;
    world->disk_free = 5 * UINT64_C(1000000000);
    world->live.has_started = true;
    world->live.wants_signer = true;
    world->live.has_signer = true;
    alerts_init(&world->alerts, &(struct alert_options){.hold = {.ns = HOLD_S * SECOND_NS},
                                                        .repeat = {.ns = 0},
                                                        .per_hour = 1000});
    *state = world;
    return 0;
}

static int finish(void **state)
{
    struct world *world = *state;

    row_table_free(world->table);
    free(world->rows_memory);
    free(world);
    return 0;
}

static void put(struct world *world, struct bytes key, struct packer *packer)
{
    assert_false(packer->overrun);
    rows_put(world->rows, key, packer_finish(packer));
    rows_skip_changes(world->rows);
    const uint64_t generation = rows_seal(world->rows);
    row_table_commit(world->table, world->rows, generation);
    rows_durable(world->rows, generation);
}

/* One look, a second after the last; false when nothing is told. */
static bool step(struct world *world, struct alert_notice *ret_notice)
{
    const struct row_source source = row_table_source(world->table);

    world->now_s++;
    world->live.beat_ns = world->live.is_pressed ? world->live.beat_ns : world->now_s * SECOND_NS;
    const struct alert_sight sight = {.source = &source,
                                      .config = &world->config,
                                      .live = &world->live,
                                      .now = {.ns = (NOW_S + world->now_s) * SECOND_NS},
                                      .now_ns = world->now_s * SECOND_NS,
                                      .has_disk = world->has_disk,
                                      .disk_free = world->disk_free,
                                      .backlogs = world->backlogs};
    alerts_begin(&world->alerts, sight.now_ns);
    alert_look(&sight, &world->memory, &world->alerts);
    alerts_end(&world->alerts);
    const bool is_told = alerts_next(&world->alerts, ret_notice);
    struct alert_notice another;
    assert_false(alerts_next(&world->alerts, &another));
    return is_told;
}

/* ---- what may be wrong ---- */

static void write_chain(struct world *world, enum reason stopped, bool no_quorum, uint64_t age_s)
{
    uint8_t key[CHAIN_KEY_BYTES];
    uint8_t memory[CHAIN_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const uint64_t at_s = age_s == 0 ? NOW_S + 100000 : NOW_S + world->now_s - age_s;
    const struct chain_row row = {.head_number = 5,
                                  .head_time_s = at_s,
                                  .stopped = stopped,
                                  .no_quorum = no_quorum,
                                  .since = {.ns = NOW_S * SECOND_NS}};

    chain_row_pack(&row, &packer);
    put(world, chain_key(key, DOMAIN), &packer);
}

static void chain_stops(struct world *world, bool is_wrong)
{
    write_chain(world, is_wrong ? REASON_REORG_BEYOND_FINALITY : REASON_NONE, false, 0);
}

static void quorum_goes(struct world *world, bool is_wrong)
{
    write_chain(world, REASON_NONE, is_wrong, 0);
}

static void head_ages(struct world *world, bool is_wrong)
{
    write_chain(world, REASON_NONE, false, is_wrong ? ALERT_HEAD_OLD_S + 1 : 0);
}

static void note(struct world *world, enum reason reason)
{
    const struct driver_note note = {.domain = DOMAIN, .reason = (uint32_t)reason};

    alert_memory_note(&world->memory, &world->config.core, &note, world->now_s * SECOND_NS);
}

static void endpoint_dissents(struct world *world, bool is_wrong)
{
    if (is_wrong) {
        note(world, REASON_DISSENT);
    }
}

static void quorum_splits(struct world *world, bool is_wrong)
{
    if (is_wrong) {
        note(world, REASON_QUORUM_SPLIT);
    }
}

static void logs_are_unproved(struct world *world, bool is_wrong)
{
    if (is_wrong) {
        note(world, REASON_LOGS_UNPROVED);
    }
}

static void message_sticks(struct world *world, bool is_wrong)
{
    world->backlogs[0].count = is_wrong ? 1 : 0;
    world->backlogs[0].failed_count = is_wrong ? 1 : 0;
    world->backlogs[0].failed_why = REASON_SIMULATION_REVERTED;
}

static void backlog_ages(struct world *world, bool is_wrong)
{
    world->backlogs[0].count = is_wrong ? 3 : 0;
    world->backlogs[0].oldest.ns = is_wrong ? NOW_S * SECOND_NS : 0;
}

static void write_lane(struct world *world, enum lane_state state, uint64_t balance)
{
    uint8_t key[LANE_KEY_BYTES];
    uint8_t memory[LANE_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const struct address address = evm_filled(0x11);
    const struct lane_row row = {.state = state,
                                 .balance = amount_from_u64(balance),
                                 .read_at = {.ns = NOW_S * SECOND_NS},
                                 .follow_next = UINT64_MAX,
                                 .resend_next = UINT64_MAX,
                                 .reorg_number = UINT64_MAX};

    lane_row_pack(&row, &packer);
    put(world, lane_key(key, DOMAIN, &address), &packer);
}

static void key_is_low(struct world *world, bool is_wrong)
{
    write_lane(world, LANE_READY, is_wrong ? 99 : 100);
}

static void key_freezes(struct world *world, bool is_wrong)
{
    write_lane(world, is_wrong ? LANE_FROZEN : LANE_READY, 100);
}

static void signer_goes(struct world *world, bool is_wrong)
{
    world->live.has_signer = !is_wrong;
}

static void signer_refuses(struct world *world, bool is_wrong)
{
    world->live.refusals_count += is_wrong ? 1 : 0;
}

static void ledger_differs(struct world *world, bool is_wrong)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t memory[LEDGER_CHAIN_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const struct address router = evm_filled(0x22);
    const struct ledger_chain row = {.state = is_wrong ? LEDGER_UNRECONCILED : LEDGER_RECONCILED,
                                     .differing =
                                         capital_account(ACCOUNT_ROUTER, "USDC", DOMAIN, &router),
                                     .ledger = {.amount = amount_from_u64(5)},
                                     .chain = amount_from_u64(4)};

    ledger_chain_pack(&packer, &row);
    put(world, ledger_chain_key(key, DOMAIN), &packer);
}

static void books_break(struct world *world, bool is_wrong)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t memory[ACCOUNT_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const struct address router = evm_filled(0x22);
    const struct account account = capital_account(ACCOUNT_ROUTER, "USDC", DOMAIN, &router);
    const struct account_row row = {.debit = amount_from_u64(is_wrong ? 1 : 0)};

    account_row_pack(&packer, &row);
    put(world, account_key(key, &account), &packer);
}

static void trouble(struct world *world, const char *what, bool is_wrong)
{
    memset(&world->live.health, 0, sizeof(world->live.health));
    if (is_wrong) {
        control_health_add(&world->live.health, what, "why it is", (struct instant){.ns = 1});
    }
}

static void journal_fails(struct world *world, bool is_wrong)
{
    trouble(world, "journal", is_wrong);
}

static void log_fails(struct world *world, bool is_wrong)
{
    trouble(world, "log", is_wrong);
}

static void witness_fails(struct world *world, bool is_wrong)
{
    trouble(world, "witness", is_wrong);
}

static void disk_fills(struct world *world, bool is_wrong)
{
    world->disk_free = is_wrong ? ALERT_DISK_BYTES - 1 : ALERT_DISK_BYTES;
}

static void validator_halts(struct world *world, bool is_wrong)
{
    uint8_t key[TREE_KEY_BYTES];
    uint8_t memory[TREE_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    struct tree_row row = {.halted = is_wrong ? REASON_ROOT_MISMATCH : REASON_NONE};

    tree_row_pack(&row, &packer);
    put(world, tree_key(key, DOMAIN, TREE_STATE), &packer);
}

static void loop_hangs(struct world *world, bool is_wrong)
{
    world->live.is_pressed = is_wrong; /* step() leaves the beat where it is */
}

static void rows_fail(struct world *world, bool is_wrong)
{
    row_table_fail(world->table, STATUS_IO, is_wrong ? UINT32_MAX : 0);
}

static const struct {
    enum alert_kind kind;
    void (*happens)(struct world *world, bool is_wrong);
} causes[] = {
    {ALERT_CHAIN_STOPPED, chain_stops},
    {ALERT_QUORUM_LOST, quorum_goes},
    {ALERT_DISAGREEMENT, endpoint_dissents},
    {ALERT_QUORUM_SPLIT, quorum_splits},
    {ALERT_QUORUM_SPLIT, logs_are_unproved},
    {ALERT_HEAD_OLD, head_ages},
    {ALERT_MESSAGE_STUCK, message_sticks},
    {ALERT_BACKLOG_OLD, backlog_ages},
    {ALERT_KEY_LOW, key_is_low},
    {ALERT_KEY_FROZEN, key_freezes},
    {ALERT_SIGNER_GONE, signer_goes},
    {ALERT_SIGNER_REFUSES, signer_refuses},
    {ALERT_LEDGER_UNRECONCILED, ledger_differs},
    {ALERT_INVARIANT_BROKEN, books_break},
    {ALERT_JOURNAL_UNWRITABLE, journal_fails},
    {ALERT_DISK_LOW, disk_fills},
    {ALERT_LOG_TROUBLE, log_fails},
    {ALERT_WITNESS_TROUBLE, witness_fails},
    {ALERT_VALIDATOR_HALTED, validator_halts},
    {ALERT_LOOP_HANGS, loop_hangs},
    {ALERT_BLIND, rows_fail},
};

/* ---- tests ---- */

/* Steps until something is told; the seconds it took. */
static uint32_t wait(struct world *world, struct alert_notice *ret_notice)
{
    for (uint32_t i = 1; i <= ROUNDS_MAX; i++) {
        if (step(world, ret_notice)) {
            return i;
        }
    }
    fail_msg("nothing was told in %u seconds", ROUNDS_MAX);
    return 0;
}

static void stay_quiet(struct world *world, uint32_t seconds)
{
    struct alert_notice notice;

    for (uint32_t i = 0; i < seconds; i++) {
        assert_false(step(world, &notice));
    }
}

static void each_fires_once_and_clears(void **state)
{
    struct world *world = *state;

    _Static_assert(sizeof(causes) / sizeof(causes[0]) == ALERT_KINDS + 1,
                   "each of them, and one twice");
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        const struct alert_kind_facts *facts = alert_kind_facts(causes[i].kind);
        struct alert_notice notice;
        causes[i].happens(world, false);
        stay_quiet(world, 20);
        causes[i].happens(world, true);
        const uint32_t began = wait(world, &notice);
        assert_int_equal(ALERT_FIRES, notice.news);
        assert_string_equal(facts->name, alert_kind_facts(notice.fact.kind)->name);
        assert_true(facts->is_at_once || began > HOLD_S);
        assert_true(notice.fact.text[0] != '\0');
        assert_int_equal(1, alerts_firing(&world->alerts, causes[i].kind));
        stay_quiet(world, HOLD_S * ALERT_QUIET_HOLDS - 1); /* what lasts is told once */
        causes[i].happens(world, false);
        (void)wait(world, &notice);
        assert_int_equal(ALERT_CLEARS, notice.news);
        assert_int_equal(causes[i].kind, notice.fact.kind);
        assert_int_equal(0, alerts_firing(&world->alerts, causes[i].kind));
    }
}

/* Text and place of each are there, and no two have one name. */
static void each_says_what_to_do(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ALERT_KINDS; i++) {
        const struct alert_kind_facts *facts = alert_kind_facts((enum alert_kind)i);
        assert_true(strlen(facts->what) > 10);
        assert_true(strlen(facts->did) > 10);
        assert_true(strlen(facts->todo) > 10);
        assert_true(strlen(facts->runbook) > 5);
        for (uint32_t j = 0; j < i; j++) {
            assert_string_not_equal(facts->name, alert_kind_facts((enum alert_kind)j)->name);
        }
    }
}

static void what_is_short_is_not_told(void **state)
{
    struct world *world = *state;
    struct alert_notice notice;

    quorum_goes(world, true);
    stay_quiet(world, HOLD_S - 1);
    quorum_goes(world, false);
    stay_quiet(world, 60);
    quorum_goes(world, true);
    (void)wait(world, &notice);
    /* It comes back before it was gone for long: neither an end nor another beginning. */
    for (uint32_t i = 0; i < 10; i++) {
        quorum_goes(world, false);
        stay_quiet(world, HOLD_S - 1);
        quorum_goes(world, true);
        stay_quiet(world, 1);
    }
    assert_int_equal(0, world->alerts.untold_total);
}

/* While the rows cannot be read, what was wrong is not said to be over. */
static void not_knowing_is_no_end(void **state)
{
    struct world *world = *state;
    struct alert_notice notice;

    chain_stops(world, true);
    (void)wait(world, &notice);
    assert_int_equal(ALERT_CHAIN_STOPPED, notice.fact.kind);
    rows_fail(world, true);
    (void)wait(world, &notice);
    assert_int_equal(ALERT_BLIND, notice.fact.kind);
    stay_quiet(world, 100);
    rows_fail(world, false);
    (void)wait(world, &notice);
    assert_int_equal(ALERT_BLIND, notice.fact.kind);
    assert_int_equal(ALERT_CLEARS, notice.news);
    stay_quiet(world, 100);
}

static struct alert_fact fact_of(enum alert_kind kind, uint32_t number)
{
    struct alert_fact fact = {.kind = kind};

    (void)snprintf(fact.subject, sizeof(fact.subject), "subject %u", number);
    (void)snprintf(fact.text, sizeof(fact.text), "text");
    return fact;
}

static uint32_t tell_all(struct alerts *alerts)
{
    struct alert_notice notice;
    uint32_t count = 0;

    while (alerts_next(alerts, &notice)) {
        count++;
    }
    return count;
}

/* Out and in again, with the clocks of another run of the machine; and nothing of a damaged file.
 */
static void what_was_told_is_kept(void **state)
{
    static const char *const damaged[] = {
        "",
        "sluice alerts 2\n",
        "sluice alerts 1\nchain_stopped 1 2\n",
        "sluice alerts 1\nchain_stopped 1 2 -",
        "sluice alerts 1\nno_such_kind 1 2 -\n",
        "sluice alerts 1\nchain_stopped x 2 -\n",
        "sluice alerts 1\nchain_stopped 1 2 6\n",
        "sluice alerts 1\nchain_stopped 1 2 00\n",
        "sluice alerts 1\nchain_stopped 1 2 - -\n",
        "sluice alerts 1\nblind 1 2 -\nchain_stopped 1 2\n",
    };
    const struct alert_options options = {.hold = {.ns = HOLD_S * SECOND_NS}, .per_hour = 1000};
    struct alert_clocks clocks = {.now_ns = 9000 * SECOND_NS, .now = {.ns = NOW_S * SECOND_NS}};
    struct alerts *alerts = calloc(1, sizeof(*alerts));
    uint8_t *memory = malloc(ALERT_KEPT_BYTES);
    struct buffer text = buffer_from(memory, ALERT_KEPT_BYTES);
    const struct alert_fact told = fact_of(ALERT_CHAIN_STOPPED, 1);
    const struct alert_fact not_told = fact_of(ALERT_HEAD_OLD, 2); /* held first */
    struct alert_notice notice;

    (void)state;
    alerts_init(alerts, &options);
    alerts_begin(alerts, 8000 * SECOND_NS);
    alerts_see(alerts, &told);
    alerts_see(alerts, &not_told);
    alerts_end(alerts);
    assert_int_equal(1, tell_all(alerts));
    alert_kept_write(alerts, &clocks, &text);

    alerts_init(alerts, &options);
    clocks =
        (struct alert_clocks){.now_ns = 50 * SECOND_NS, .now = {.ns = (NOW_S + 7) * SECOND_NS}};
    assert_status(STATUS_OK, alert_kept_read(alerts, &clocks, buffer_bytes(&text)));
    assert_int_equal(1, alerts_firing(alerts, ALERT_CHAIN_STOPPED));
    assert_int_equal(0, alerts_firing(alerts, ALERT_HEAD_OLD));
    alerts_begin(alerts, 51 * SECOND_NS);
    alerts_see(alerts, &told);
    alerts_end(alerts);
    assert_int_equal(0, tell_all(alerts));
    alerts_begin(alerts, (51 + HOLD_S) * SECOND_NS);
    alerts_end(alerts);
    assert_true(alerts_next(alerts, &notice));
    assert_int_equal(ALERT_CLEARS, notice.news);
    assert_string_equal(told.subject, notice.fact.subject);

    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        alerts_init(alerts, &options);
        assert_status(STATUS_MALFORMED,
                      alert_kept_read(alerts, &clocks, bytes_from_string(damaged[i])));
        assert_int_equal(0, alerts->entries[0].first_ns);
    }
    free(memory);
    free(alerts);
}

static void see_many(struct alerts *alerts, enum alert_kind kind, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct alert_fact fact = fact_of(kind, i);
        alerts_see(alerts, &fact);
    }
}

/* 12 in an hour, of which 3 are kept for pages that begin; every five minutes there is room for
 * one more. */
static void no_more_is_told_than_there_is_room_for(void **state)
{
    struct alerts *alerts = calloc(1, sizeof(*alerts));
    uint64_t now_ns = SECOND_NS;

    (void)state;
    alerts_init(alerts, &(struct alert_options){.hold = {.ns = 1}, .per_hour = 12});
    alerts_begin(alerts, now_ns);
    see_many(alerts, ALERT_MESSAGE_STUCK, 40);
    alerts_end(alerts);
    assert_int_equal(9, tell_all(alerts));
    alerts_begin(alerts, now_ns += SECOND_NS);
    see_many(alerts, ALERT_MESSAGE_STUCK, 40);
    see_many(alerts, ALERT_CHAIN_STOPPED, 40);
    alerts_end(alerts);
    assert_int_equal(3, tell_all(alerts));
    alerts_begin(alerts, now_ns += 301 * SECOND_NS);
    see_many(alerts, ALERT_MESSAGE_STUCK, 40);
    see_many(alerts, ALERT_CHAIN_STOPPED, 40);
    alerts_end(alerts);
    assert_int_equal(1, tell_all(alerts));
    assert_int_equal(0, alerts->untold_total);
    /* All is well again: 31 + 36 had waited and are counted, in the next notice too. */
    now_ns += 3600 * SECOND_NS;
    alerts_begin(alerts, now_ns);
    alerts_end(alerts);
    assert_int_equal(67, alerts->untold_total);
    struct alert_notice notice;
    assert_true(alerts_next(alerts, &notice));
    assert_int_equal(ALERT_CLEARS, notice.news);
    assert_int_equal(67, notice.untold_count);
    assert_int_equal(8, tell_all(alerts)); /* the last quarter is for beginnings */
    free(alerts);
}

static void more_than_there_are_places_for_are_counted(void **state)
{
    struct alerts *alerts = calloc(1, sizeof(*alerts));

    (void)state;
    alerts_init(alerts, &(struct alert_options){.hold = {.ns = 1}, .per_hour = 1000});
    alerts_begin(alerts, SECOND_NS);
    see_many(alerts, ALERT_CHAIN_STOPPED, ALERTS_MAX + 5);
    alerts_end(alerts);
    assert_int_equal(ALERTS_MAX, tell_all(alerts));
    assert_int_equal(5, alerts->untold_total);
    free(alerts);
}

static void what_lasts_is_told_again_at_times(void **state)
{
    struct alerts *alerts = calloc(1, sizeof(*alerts));
    struct alert_notice notice;
    uint32_t count = 0;

    (void)state;
    alerts_init(alerts, &(struct alert_options){.hold = {.ns = SECOND_NS},
                                                .repeat = {.ns = 100 * SECOND_NS},
                                                .per_hour = 1000});
    for (uint64_t second = 1; second <= 350; second++) {
        alerts_begin(alerts, second * SECOND_NS);
        see_many(alerts, ALERT_CHAIN_STOPPED, 1);
        alerts_end(alerts);
        if (alerts_next(alerts, &notice)) {
            assert_int_equal(count == 0 ? ALERT_FIRES : ALERT_STILL, notice.news);
            count++;
        }
    }
    assert_int_equal(4, count);
    assert_int_equal(300, notice.lasted.ns / SECOND_NS);
    free(alerts);
}

/* Words of strangers stay one line of printable ASCII, in JSON and in a mail. */
static void hostile_words_are_tamed(void **state)
{
    char memory[4096];
    struct buffer buffer = buffer_from(memory, sizeof(memory) - 1);
    const struct alert_mail mail = {.from = "sluice", .to = "ops@example.org"};
    struct alert_notice notice = {.news = ALERT_FIRES,
                                  .fact = {.kind = ALERT_LOG_TROUBLE, .subject = "log"}};

    (void)state;
    (void)snprintf(notice.fact.text, sizeof(notice.fact.text),
                   "x\r\nBcc: all@example.org\r\n\r\n.\n\x1b[31m\xff\xfe");
    json_t *alert = alert_json(&notice, "node", (struct instant){.ns = NOW_S * SECOND_NS});
    assert_non_null(alert);
    assert_string_equal("x??Bcc: all@example.org????.??[31m??",
                        json_string_value(json_object_get(alert, "detail")));
    assert_status(STATUS_OK, alert_mail(alert, &mail, &buffer));
    memory[buffer.count] = '\0';
    assert_null(strstr(memory, "\nBcc:"));
    assert_non_null(strstr(memory, "Subject: [firing] log_trouble log on node\n"));
    assert_non_null(strstr(memory, "What to do:"));
    json_decref(alert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_fires_once_and_clears, begin, finish),
        cmocka_unit_test(each_says_what_to_do),
        cmocka_unit_test_setup_teardown(what_is_short_is_not_told, begin, finish),
        cmocka_unit_test_setup_teardown(not_knowing_is_no_end, begin, finish),
        cmocka_unit_test(what_was_told_is_kept),
        cmocka_unit_test(no_more_is_told_than_there_is_room_for),
        cmocka_unit_test(more_than_there_are_places_for_are_counted),
        cmocka_unit_test(what_lasts_is_told_again_at_times),
        cmocka_unit_test(hostile_words_are_tamed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
