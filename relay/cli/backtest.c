/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/backtest.c: `sluice backtest SCENARIO`: days of users under each policy. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/backtest/counterfactual.h"
#include "relay/backtest/plot.h"
#include "relay/base/check.h"
#include "relay/cli/cli.h"

struct backtest {
    struct scenario *scenario;
    struct transfers transfers;
    struct world_result *results; /* by policy */
    uint32_t count;
    bool has_best;
    double best;
    struct counterfactual why; /* when another policy made more than ours */
};

static uint32_t policies_count(void)
{
    uint32_t count = 0;

    while (policies[count].name != NULL) {
        count++;
    }
    return count;
}

/* ---- who is ahead, and why ---- */

#define PARTS_COUNT 5u

/* What another policy made more by than ours; losses count as less. */
struct lead {
    uint32_t policy;
    double by;
    struct {
        const char *what;
        double by;
    } parts[PARTS_COUNT]; /* the largest first */
};

static void parts_sort(struct lead *lead)
{
    for (uint32_t i = 1; i < PARTS_COUNT; i++) {
        for (uint32_t k = i; k > 0 && lead->parts[k].by > lead->parts[k - 1].by; k--) {
            const struct lead swapped = *lead;
            lead->parts[k] = swapped.parts[k - 1];
            lead->parts[k - 1] = swapped.parts[k];
        }
    }
}

/* The best of the others against ours, which comes first. */
static struct lead lead_of(const struct backtest *backtest)
{
    const struct world_result *ours = &backtest->results[0];
    uint32_t best = 1;

    CHECK(backtest->count > 1);
    for (uint32_t i = 2; i < backtest->count; i++) {
        best = backtest->results[i].value > backtest->results[best].value ? i : best;
    }
    const struct world_result *other = &backtest->results[best];
    struct lead lead = {.policy = best,
                        .by = other->value - ours->value,
                        .parts = {{"transfers paid in time", other->earned - ours->earned},
                                  {"transfers that waited", ours->blocked - other->blocked},
                                  {"yield", other->yield - ours->yield},
                                  {"bridge fees", ours->fees - other->fees},
                                  {"gas", ours->gas - other->gas}}};
    parts_sort(&lead);
    return lead;
}

/* What the counterfactuals say; "" when ours is ahead. */
static const char *reason_of(const struct backtest *backtest, const struct lead *lead)
{
    const double other = backtest->results[lead->policy].value;
    const bool knowing = backtest->why.knowing >= other;
    const bool pruned = backtest->why.pruned >= other;

    if (!(lead->by > 0)) {
        return "";
    }
    if (knowing && pruned) {
        return "it moved for users who did not come; told what they take, or without those moves, "
               "it is ahead";
    }
    if (knowing) {
        return "it did not know what users would take; told that, it is ahead";
    }
    if (pruned) {
        return "its rule moves where it does not pay; without those moves it is ahead, told what "
               "users take it is not";
    }
    return "its rule; neither knowing the users nor leaving out what did not pay puts it ahead";
}

static void run_all(struct backtest *backtest)
{
    backtest->count = policies_count();
    CHECK(backtest->count <= PLOT_LINES_MAX);
    backtest->results = calloc(backtest->count + 1u, sizeof(*backtest->results));
    CHECK(backtest->results != NULL);
    backtest->transfers = transfers_draw(backtest->scenario);
    for (uint32_t i = 0; i < backtest->count; i++) {
        world_run(backtest->scenario, &backtest->transfers, &policies[i], &backtest->results[i]);
    }
    backtest->has_best =
        world_hindsight(backtest->scenario, &backtest->transfers, &backtest->best) == STATUS_OK;
    if (lead_of(backtest).by > 0) {
        counterfactual_run(backtest->scenario, &backtest->transfers, &policies[0], &backtest->why);
    }
}

/* ---- output ---- */

static json_t *lead_json(const struct backtest *backtest)
{
    const struct lead lead = lead_of(backtest);
    json_t *parts = json_object();

    CHECK(parts != NULL);
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        const int rc = json_object_set_new(parts, lead.parts[i].what, json_real(lead.parts[i].by));
        CHECK(rc == 0);
    }
    const struct counterfactual *why = &backtest->why;
    json_t *again =
        lead.by > 0 ? json_pack("{s:I, s:I, s:f, s:f}", "moves", (json_int_t)why->moves,
                                "moves_losing", (json_int_t)why->moves_losing, "value_without_them",
                                why->pruned, "value_knowing_users", why->knowing)
                    : json_null();
    return json_pack("{s:s, s:f, s:s, s:o, s:o}", "policy", policies[lead.policy].name, "by",
                     lead.by, "because", reason_of(backtest, &lead), "played_again", again, "parts",
                     parts);
}

static void lead_print(const struct backtest *backtest)
{
    const struct lead lead = lead_of(backtest);
    const struct counterfactual *why = &backtest->why;
    const double other = backtest->results[lead.policy].value;

    if (!(lead.by > 0)) {
        return;
    }
    (void)printf("\n%s made %.2f more than sluice:\n", policies[lead.policy].name, lead.by);
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        (void)printf("  %+12.2f  %s\n", lead.parts[i].by, lead.parts[i].what);
    }
    (void)printf("\nThe same users again, sluice against %s:\n", policies[lead.policy].name);
    (void)printf("  %+12.2f  without those of its %zu moves that lost alone (%zu)\n",
                 why->pruned - other, why->moves, why->moves_losing);
    (void)printf("  %+12.2f  told what users take\n", why->knowing - other);
    (void)printf("Why: %s.\n", reason_of(backtest, &lead));
}

static json_t *result_json(const struct backtest *backtest, uint32_t index)
{
    const struct world_result *result = &backtest->results[index];
    json_t *object = json_pack(
        "{s:s, s:f, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:f}", "policy",
        policies[index].name, "value", result->value, "transfers", (json_int_t)result->transfers,
        "in_time", (json_int_t)result->in_time, "volume", result->volume, "volume_in_time",
        result->volume_in_time, "earned", result->earned, "blocked", result->blocked, "yield",
        result->yield, "fees", result->fees, "gas", result->gas, "moves", (json_int_t)result->moves,
        "moved", result->moved);

    CHECK(object != NULL);
    json_t *regret = backtest->has_best ? json_real(backtest->best - result->value) : json_null();
    const int rc = json_object_set_new(object, "regret", regret);
    CHECK(rc == 0);
    return object;
}

static int print_json(const struct backtest *backtest)
{
    json_t *list = json_array();

    CHECK(list != NULL);
    for (uint32_t i = 0; i < backtest->count; i++) {
        const int rc = json_array_append_new(list, result_json(backtest, i));
        CHECK(rc == 0);
    }
    return cli_print_json(json_pack("{s:s, s:I, s:o, s:o, s:o}", "title", backtest->scenario->title,
                                    "seed", (json_int_t)backtest->scenario->seed, "hindsight",
                                    backtest->has_best ? json_real(backtest->best) : json_null(),
                                    "best_other", lead_json(backtest), "policies", list));
}

static int print_table(const struct backtest *backtest)
{
    static const char *const titles[] = {"POLICY",  ">VALUE",   ">REGRET", ">IN TIME",
                                         ">EARNED", ">BLOCKED", ">YIELD",  ">FEES",
                                         ">GAS",    ">MOVES",   NULL};
    struct cli_table *table = cli_table_new(titles);

    (void)printf("%s: %" PRIu32 " hours, %zu transfers\n\n", backtest->scenario->title,
                 backtest->scenario->hours, backtest->transfers.count);
    for (uint32_t i = 0; i < backtest->count; i++) {
        const struct world_result *result = &backtest->results[i];
        const double transfers = result->transfers == 0 ? 1 : (double)result->transfers;
        cli_table_cell(table, "%s", policies[i].name);
        cli_table_cell(table, "%.2f", result->value);
        if (backtest->has_best) {
            cli_table_cell(table, "%.2f", backtest->best - result->value);
        } else {
            cli_table_cell(table, "-");
        }
        cli_table_cell(table, "%.2f %%", 100 * (double)result->in_time / transfers);
        cli_table_cell(table, "%.2f", result->earned);
        cli_table_cell(table, "%.2f", result->blocked);
        cli_table_cell(table, "%.2f", result->yield);
        cli_table_cell(table, "%.2f", result->fees);
        cli_table_cell(table, "%.2f", result->gas);
        cli_table_cell(table, "%" PRIu64, result->moves);
    }
    cli_table_print(table);
    lead_print(backtest);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int write_plot(const struct backtest *backtest, const char *path)
{
    struct plot plot = {.scenario = backtest->scenario,
                        .lines_count = backtest->count,
                        .has_best = backtest->has_best,
                        .best = backtest->best};
    FILE *stream = fopen(path, "w");

    if (stream == NULL) {
        cli_say("backtest", "cannot write '%s': %s", path, strerror(errno));
        return EXIT_USAGE;
    }
    for (uint32_t i = 0; i < backtest->count; i++) {
        plot.lines[i] = (struct plot_line){policies[i].name, &backtest->results[i]};
    }
    plot_write(&plot, stream);
    const bool failed = ferror(stream) != 0;
    if (fclose(stream) != 0 || failed) {
        cli_say("backtest", "cannot write '%s': %s", path, strerror(errno));
        return EXIT_TEMPORARY;
    }
    return EXIT_DONE;
}

int cli_backtest(int argc, char **argv)
{
    bool json = false;
    const char *svg = NULL;
    const struct cli_option options[] = {
        {.name = "--json", .flag = &json}, {.name = "--svg", .value = &svg}, {.name = NULL}};
    struct cli_arguments arguments;
    struct document_error error;
    struct backtest backtest = {.count = 0};
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (arguments.count != 1) {
        cli_say("backtest", "say 'sluice backtest SCENARIO [--json] [--svg FILE]'");
        return EXIT_USAGE;
    }
    if (scenario_load(arguments.values[0], &backtest.scenario, &error) != STATUS_OK) {
        cli_say("backtest", "%s", error.text);
        return EXIT_USAGE;
    }
    run_all(&backtest);
    code = svg == NULL ? EXIT_DONE : write_plot(&backtest, svg);
    if (code == EXIT_DONE) {
        code = json ? print_json(&backtest) : print_table(&backtest);
    }
    transfers_deinit(&backtest.transfers);
    free(backtest.results);
    (void)scenario_free(backtest.scenario);
    return code;
}
