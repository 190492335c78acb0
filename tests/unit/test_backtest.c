/* SPDX-License-Identifier: Apache-2.0 */
/* Backtests: conservation, sameness, the peers' rules on pairs worked out by hand, hindsight as a
 * bound, and what is claimed of our policy on every scenario that is shipped. */
#include "tests/support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/backtest/counterfactual.h"
#include "relay/backtest/plot.h"

#define TWO_CHAINS                                                                                 \
    "{\"format\":\"sluice-scenario/1\",\"title\":\"two\",\"seed\":1,\"hours\":24,"                 \
    "\"step_s\":600,\"plan_s\":600,\"patience_s\":3600,\"transfer_fee\":0.001,"                    \
    "\"blocked_cost\":0.002,\"tolerance\":0.1,\"move_min\":1,\"chains\":["                         \
    "{\"id\":\"a\",\"balance\":1000,\"weight\":0.5,\"min\":400,\"target\":500,\"gas\":1},"         \
    "{\"id\":\"b\",\"balance\":0,\"weight\":0.5,\"min\":400,\"target\":500,\"gas\":1,"             \
    "\"yield\":[[100,0.1]]}],"                                                                     \
    "\"bridges\":[{\"from\":\"a\",\"to\":\"b\",\"fee\":0.03,\"fixed\":1,\"max\":1000,"             \
    "\"delay_s\":1200},"                                                                           \
    "{\"from\":\"*\",\"to\":\"*\",\"fee\":0.001,\"fixed\":0,\"max\":1000,\"delay_s\":600}],"       \
    "\"flows\":[{\"from\":\"*\",\"to\":\"*\",\"per_hour\":2,\"median\":20}]}"

static struct scenario *scenario_of(const char *text)
{
    struct document_error error = {""};
    struct scenario *scenario = NULL;

    const enum status status = scenario_parse(bytes_from_string(text), &scenario, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(status, STATUS_OK);
    return scenario;
}

static const struct policy *policy_named(const char *name)
{
    for (const struct policy *policy = policies; policy->name != NULL; policy++) {
        if (strcmp(policy->name, name) == 0) {
            return policy;
        }
    }
    fail_msg("there is no policy '%s'", name);
    return NULL;
}

static double size_of(double value)
{
    return value < 0 ? -value : value;
}

static void capital_is_conserved_and_runs_are_the_same(void **state)
{
    (void)state;
    struct scenario *scenario = scenario_of(TWO_CHAINS);
    struct transfers transfers = transfers_draw(scenario);

    assert_true(transfers.count > 20);
    for (const struct policy *policy = policies; policy->name != NULL; policy++) {
        struct world_result first;
        struct world_result second;
        world_run(scenario, &transfers, policy, &first);
        world_run(scenario, &transfers, policy, &second);
        assert_memory_equal(&first, &second, sizeof(first));
        assert_true(size_of(first.unbalanced) < 1e-6);
        assert_int_equal(first.transfers, transfers.count);
        assert_true(size_of(first.value - (first.earned + first.yield - first.blocked - first.fees -
                                           first.gas)) < 1e-9);
    }
    transfers_deinit(&transfers);
    assert_null(scenario_free(scenario));
}

/* One user sends 20 from b to a, another 20 from a to b an hour later. Nobody moves anything, so
 * the first is paid at once, and what it left at b pays the second. */
static void users_leave_what_others_take(void **state)
{
    (void)state;
    struct scenario *scenario = scenario_of(TWO_CHAINS);
    struct transfer list[2] = {{0, 1, 0, 20}, {6, 0, 1, 20}};
    struct world_result result;

    world_run(scenario, &(struct transfers){list, 2}, policy_named("nothing"), &result);
    assert_int_equal(result.in_time, 2);
    assert_true(size_of(result.earned - 40 * 0.001) < 1e-12);
    /* 20 lay at b for six steps, at 10 % a year. */
    assert_true(size_of(result.yield - 20 * 0.1 * 3600 / 31536000) < 1e-12);
    /* The other way round the first one waits for an hour and is too late. */
    list[0] = (struct transfer){0, 0, 1, 20};
    list[1] = (struct transfer){12, 1, 0, 20};
    world_run(scenario, &(struct transfers){list, 2}, policy_named("nothing"), &result);
    assert_int_equal(result.in_time, 1);
    assert_true(size_of(result.blocked - 20 * 0.002) < 1e-12);
    assert_null(scenario_free(scenario));
}

static uint32_t ask(const char *name, const struct world_view *view, struct world_move *moves)
{
    return policy_named(name)->plan(view, moves);
}

static void peers_do_what_they_do(void **state)
{
    (void)state;
    struct scenario *scenario = scenario_of(TWO_CHAINS);
    struct world_view view = {.scenario = scenario, .present = {1000, 0}};
    struct world_move moves[WORLD_MOVES_MAX];

    /* Half of the whole, by the bridge that is named first, whatever it costs. */
    assert_int_equal(ask("weighted", &view, moves), 1);
    assert_int_equal(moves[0].bridge, 0);
    assert_true(size_of(moves[0].amount - 500) < 1e-9);
    /* To its target, from whoever is above the minimum. */
    assert_int_equal(ask("min-amount", &view, moves), 1);
    assert_true(size_of(moves[0].amount - 500) < 1e-9);
    /* By the cheapest: 1.5 instead of 17. */
    assert_int_equal(ask("greedy", &view, moves), 1);
    assert_int_equal(scenario->bridges[moves[0].bridge].delay_s, 600);
    /* What is under way counts, and so does what is owed. */
    view.arriving[1] = 900;
    view.owed[1] = 420;
    assert_int_equal(ask("weighted", &view, moves), 1);
    assert_true(size_of(moves[0].amount - 260) < 1e-9);
    /* 460 of 740: short by less than a tenth of 500, and above the minimum. */
    view.owed[1] = 440;
    view.present[0] = 480;
    assert_int_equal(ask("weighted", &view, moves), 0);
    assert_int_equal(ask("min-amount", &view, moves), 0);
    view.under_way[1] = 2;
    view.arriving[1] = 0;
    assert_int_equal(ask("greedy", &view, moves), 0);
    assert_null(scenario_free(scenario));
}

/* The counter-example to pairing by size: surplus at a and b, want at c and d, and the cheap ways
 * cross. Ours finds them. */
static void ours_does_not_pair_by_size(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\":\"sluice-scenario/1\",\"title\":\"cross\",\"seed\":1,\"hours\":24,"
        "\"step_s\":600,\"plan_s\":600,\"patience_s\":3600,\"transfer_fee\":0.01,"
        "\"blocked_cost\":0.05,\"tolerance\":0.1,\"move_min\":1,\"chains\":["
        "{\"id\":\"a\",\"balance\":1000,\"weight\":0.25,\"min\":0,\"target\":0,\"gas\":0},"
        "{\"id\":\"b\",\"balance\":1000,\"weight\":0.25,\"min\":0,\"target\":0,\"gas\":0},"
        "{\"id\":\"c\",\"balance\":0,\"weight\":0.25,\"min\":1,\"target\":500,\"gas\":0},"
        "{\"id\":\"d\",\"balance\":0,\"weight\":0.25,\"min\":1,\"target\":500,\"gas\":0}],"
        "\"bridges\":["
        "{\"from\":\"a\",\"to\":\"c\",\"fee\":0.005,\"fixed\":0,\"max\":1e6,\"delay_s\":600},"
        "{\"from\":\"a\",\"to\":\"d\",\"fee\":0.001,\"fixed\":0,\"max\":1e6,\"delay_s\":600},"
        "{\"from\":\"b\",\"to\":\"c\",\"fee\":0.001,\"fixed\":0,\"max\":1e6,\"delay_s\":600},"
        "{\"from\":\"b\",\"to\":\"d\",\"fee\":0.005,\"fixed\":0,\"max\":1e6,\"delay_s\":600}],"
        "\"flows\":[]}";
    struct scenario *scenario = scenario_of(text);
    struct world_view view = {
        .scenario = scenario, .present = {1000, 1000, 0, 0}, .owed = {0, 0, 300, 300}};
    struct world_move moves[WORLD_MOVES_MAX];
    bool crossed[4] = {false};

    const uint32_t count = ask("sluice", &view, moves);
    for (uint32_t i = 0; i < count; i++) {
        crossed[moves[i].bridge] = moves[i].amount > 250;
    }
    assert_true(crossed[1]);
    assert_true(crossed[2]);
    assert_false(crossed[0]);
    assert_false(crossed[3]);
    assert_null(scenario_free(scenario));
}

static void each_scenario_check(const char *path, uint64_t later_seed)
{
    struct document_error error = {""};
    struct scenario *scenario = NULL;
    struct world_result ours;
    double best = 0;

    assert_int_equal(scenario_load(path, &scenario, &error), STATUS_OK);
    scenario->seed += later_seed;
    struct transfers transfers = transfers_draw(scenario);
    assert_int_equal(world_hindsight(scenario, &transfers, &best), STATUS_OK);
    for (const struct policy *policy = policies; policy->name != NULL; policy++) {
        struct world_result result;
        world_run(scenario, &transfers, policy, &result);
        if (policy == policies) {
            ours = result;
        }
        /* Ahead, or level: plans that differ in a cent lead to days that differ by more. */
        if (!(ours.value >= result.value - 0.01 * size_of(best))) {
            fail_msg("%s: sluice makes %g, %s %g", path, ours.value, policy->name, result.value);
        }
        assert_true(result.value <= best + 1e-6 * size_of(best) + 1e-6);
        assert_true(size_of(result.unbalanced) < 1e-3);
    }
    transfers_deinit(&transfers);
    assert_null(scenario_free(scenario));
}

static void ours_is_ahead_in_every_scenario(void **state)
{
    (void)state;
    DIR *folder = opendir(SCENARIOS);
    uint32_t count = 0;

    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[1024];
        if (strstr(entry->d_name, ".json") == NULL) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", SCENARIOS, entry->d_name);
        each_scenario_check(path, 0);
        each_scenario_check(path, 100);
        count++;
    }
    assert_int_equal(closedir(folder), 0);
    assert_true(count >= 12);
}

/* ---- the same days played otherwise ---- */

static void a_script_plays_the_same_days(void **state)
{
    (void)state;
    struct scenario *scenario = scenario_of(TWO_CHAINS);
    struct transfers transfers = transfers_draw(scenario);
    struct world_diary diary = {.list = NULL};
    struct world_play play = {.policy = policy_named("min-amount"), .diary = &diary};
    struct world_result first;
    struct world_result again;

    world_run_play(scenario, &transfers, &play, &first);
    assert_true(diary.count > 1);
    assert_int_equal(diary.count, first.moves);
    play = (struct world_play){.script = &diary};
    world_run_play(scenario, &transfers, &play, &again);
    assert_memory_equal(&first, &again, sizeof(first));
    bool *left_out = calloc(diary.count, sizeof(*left_out));
    assert_non_null(left_out);
    left_out[diary.count - 1] = true;
    play.left_out = left_out;
    world_run_play(scenario, &transfers, &play, &again);
    assert_int_equal(again.moves, first.moves - 1);
    free(left_out);
    world_diary_deinit(&diary);
    transfers_deinit(&transfers);
    assert_null(scenario_free(scenario));
}

/* Twice as much as the one user will want, in two moves, where one would do. */
static uint32_t plan_twice(const struct world_view *view, struct world_move moves[WORLD_MOVES_MAX])
{
    moves[0] = (struct world_move){1, 100};
    return view->tick < 2 ? 1 : 0;
}

/* Without the first alone it makes more, and without the second alone too, but not without both: so
 * one of them is left out. */
static void what_a_move_lost_is_measured(void **state)
{
    (void)state;
    const struct policy policy = {"twice", plan_twice};
    struct transfer list[] = {{.tick = 20, .from = 0, .to = 1, .amount = 90}};
    const struct transfers transfers = {list, 1};
    struct scenario *scenario = scenario_of(TWO_CHAINS);
    struct counterfactual why;
    struct world_result twice;

    scenario->blocked_cost = 0.1;
    world_run(scenario, &transfers, &policy, &twice);
    assert_int_equal(twice.moves, 2);
    counterfactual_run(scenario, &transfers, &policy, &why);
    assert_int_equal(why.moves, 2);
    assert_int_equal(why.moves_losing, 2);
    /* One gas and one fee less, and another yield of b, of at most 0.1 * 100 / 365 a day. */
    assert_true(why.pruned > twice.value + 1 + 0.1 - 0.03);
    assert_true(why.pruned < twice.value + 1 + 0.1 + 0.03);
    assert_true(size_of(why.knowing - twice.value) < 1e-12); /* it does not listen */
    assert_null(scenario_free(scenario));
}

/* Nobody came before, then somebody wants much at once and does not wait. */
static void what_knowing_users_is_worth_is_measured(void **state)
{
    (void)state;
    struct transfer list[] = {{.tick = 60, .from = 0, .to = 1, .amount = 300}};
    const struct transfers transfers = {list, 1};
    struct scenario *scenario = scenario_of(TWO_CHAINS);
    struct counterfactual why;
    struct world_result ours;

    scenario->patience_s = 0;
    scenario->blocked_cost = 0.1;
    world_run(scenario, &transfers, policies, &ours);
    assert_int_equal(ours.in_time, 0);
    counterfactual_run(scenario, &transfers, policies, &why);
    assert_true(why.knowing > ours.value + 0.1 * 300);
    assert_null(scenario_free(scenario));
}

static void plots_escape_what_strangers_wrote(void **state)
{
    (void)state;
    struct scenario *scenario = scenario_of(TWO_CHAINS);
    struct world_result result = {.points = {1, 2, 3}};
    char text[65536] = "";

    scenario->title = "<script>&\"";
    FILE *stream = fmemopen(text, sizeof(text), "w");
    assert_non_null(stream);
    plot_write(&(struct plot){.scenario = scenario,
                              .lines = {{"sluice", &result}},
                              .lines_count = 1,
                              .has_best = true,
                              .best = 5},
               stream);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "&lt;script&gt;&amp;&quot;"));
    assert_null(strstr(text, "<script>"));
    assert_non_null(strstr(text, "</svg>"));
    assert_null(strstr(text, "nan"));
    assert_null(scenario_free(scenario));
}

static void bad_scenarios_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *replace;
        const char *with;
        const char *words;
    } cases[] = {
        {"scenario/1", "scenario/2", "'format' must be \"sluice-scenario/1\""},
        {"\"seed\"", "\"sede\"", "unknown member 'sede'"},
        {"\"hours\":24", "\"hours\":0", "'hours' is 0"},
        {"\"hours\":24", "\"hours\":1.5", "'hours' must be a whole number"},
        {"\"hours\":24,\"step_s\":600", "\"hours\":1440,\"step_s\":10", "more than 100000 steps"},
        {"\"id\":\"b\"", "\"id\":\"a\"", "chains[1]: the id 'a' is taken"},
        {"\"balance\":1000", "\"balance\":-1", "chains[0]: 'balance' is -1"},
        {"\"balance\":1000", "\"balance\":NaN", "invalid token"},
        {"\"min\":400", "\"min\":600", "chains[0]: 'target' is below 'min'"},
        {"[[100,0.1]]", "[[100,0.1],[5,0.2]]", "chains[1]: yield[1]: rates must not increase"},
        {"[[100,0.1]]", "[[0,0.1]]", "'width' is 0"},
        {"\"from\":\"a\"", "\"from\":\"z\"", "bridges[0]: there is no chain 'z'"},
        {"\"per_hour\":2", "\"per_hour\":90000", "must make at most"},
        {"\"flows\":[", "\"flows\":[[],", "flows[0]: this must be an object"},
        {"\"title\":\"two\",", "", "member 'title' is missing"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char broken[4096];
        struct scenario *scenario = NULL;
        struct document_error error = {""};
        const char *at = strstr(TWO_CHAINS, cases[i].replace);
        assert_non_null(at);
        (void)snprintf(broken, sizeof(broken), "%.*s%s%s", (int)(at - TWO_CHAINS), TWO_CHAINS,
                       cases[i].with, at + strlen(cases[i].replace));
        assert_int_equal(scenario_parse(bytes_from_string(broken), &scenario, &error),
                         STATUS_MALFORMED);
        if (strstr(error.text, cases[i].words) == NULL) {
            assert_string_equal(error.text, cases[i].words);
        }
        assert_null(strchr(error.text, '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capital_is_conserved_and_runs_are_the_same),
        cmocka_unit_test(users_leave_what_others_take),
        cmocka_unit_test(peers_do_what_they_do),
        cmocka_unit_test(ours_does_not_pair_by_size),
        cmocka_unit_test(ours_is_ahead_in_every_scenario),
        cmocka_unit_test(a_script_plays_the_same_days),
        cmocka_unit_test(what_a_move_lost_is_measured),
        cmocka_unit_test(what_knowing_users_is_worth_is_measured),
        cmocka_unit_test(plots_escape_what_strangers_wrote),
        cmocka_unit_test(bad_scenarios_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
