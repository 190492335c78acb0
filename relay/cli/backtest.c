/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/backtest.c: `sluice backtest SCENARIO`: days of users under each policy. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
};

static uint32_t policies_count(void)
{
    uint32_t count = 0;

    while (policies[count].name != NULL) {
        count++;
    }
    return count;
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
        const char *words; /* when this decides it */
    } parts[PARTS_COUNT];  /* the largest first */
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
    struct lead lead = {
        .policy = best,
        .by = other->value - ours->value,
        .parts = {{"transfers paid in time", other->earned - ours->earned,
                   "it had liquidity where users wanted it sooner"},
                  {"transfers that waited", ours->blocked - other->blocked,
                   "fewer of its transfers waited: ours had capital under way or elsewhere"},
                  {"yield", other->yield - ours->yield, "its capital sat where more was paid"},
                  {"bridge fees", ours->fees - other->fees,
                   "ours moved capital that users did not want in the end"},
                  {"gas", ours->gas - other->gas, "ours made more moves for the same service"}}};
    parts_sort(&lead);
    return lead;
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
    return json_pack("{s:s, s:f, s:s, s:o}", "policy", policies[lead.policy].name, "by", lead.by,
                     "because", lead.by > 0 ? lead.parts[0].words : "", "parts", parts);
}

static void lead_print(const struct backtest *backtest)
{
    const struct lead lead = lead_of(backtest);

    if (!(lead.by > 0)) {
        return;
    }
    (void)printf("\n%s made %.2f more than sluice: %s.\n", policies[lead.policy].name, lead.by,
                 lead.parts[0].words);
    for (uint32_t i = 0; i < PARTS_COUNT; i++) {
        (void)printf("  %+12.2f  %s\n", lead.parts[i].by, lead.parts[i].what);
    }
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
