/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/backtest/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

#define AMOUNT_MAX    1e12
#define TRANSFERS_MAX 1e6 /* that users make in all, on average */
#define ANY_CHAIN     UINT32_MAX

static const char *const none[] = {NULL};

struct build {
    struct document_reader reader;
    struct scenario *scenario;
};

uint32_t scenario_ticks(const struct scenario *scenario)
{
    CHECK(scenario->step_s > 0);
    return (uint32_t)((uint64_t)scenario->hours * 3600u / scenario->step_s);
}

/* A whole number of [min, max]. */
static uint32_t count_read(struct build *build, const json_t *object, const char *name, double min,
                           double max)
{
    const double number = document_number(&build->reader, object, name, min, max);
    const uint32_t whole = (uint32_t)number;

    if ((double)whole != number) {
        document_fail(&build->reader, "'%s' must be a whole number", name);
    }
    return whole;
}

/* The index of a chain; ANY_CHAIN for "*". */
static uint32_t chain_read(struct build *build, const json_t *object, const char *name)
{
    const char *id = document_text(&build->reader, object, name);

    if (build->reader.failed) {
        return 0;
    }
    if (strcmp(id, "*") == 0) {
        return ANY_CHAIN;
    }
    for (uint32_t i = 0; i < build->scenario->chains_count; i++) {
        if (strcmp(build->scenario->chains[i].id, id) == 0) {
            return i;
        }
    }
    document_fail(&build->reader, "there is no chain '%.200s'", id);
    return 0;
}

static void yield_read(struct build *build, const json_t *object, struct scenario_chain *chain)
{
    const json_t *list = document_array(&build->reader, object, "yield", SCENARIO_PIECES_MAX);

    for (size_t i = 0; i < json_array_size(list) && !build->reader.failed; i++) {
        const json_t *pair = json_array_get(list, i);
        struct scenario_piece *piece = &chain->pieces[chain->pieces_count];
        if (!json_is_array(pair) || json_array_size(pair) != 2) {
            document_fail(&build->reader, "yield[%zu] must be [width, rate a year]", i);
            return;
        }
        piece->width = document_item(&build->reader, pair, 0, "width", 1e-6, AMOUNT_MAX);
        piece->apr = document_item(&build->reader, pair, 1, "rate", 0, 10);
        if (i > 0 && piece->apr > piece[-1].apr) {
            document_fail(&build->reader, "yield[%zu]: rates must not increase", i);
        }
        chain->pieces_count++;
    }
}

static void chain_add(struct build *build, const json_t *object, size_t index)
{
    static const char *const required[] = {"id", "balance", "weight", "min", "target", "gas", NULL};
    static const char *const optional[] = {"yield", NULL};
    struct document_reader *reader = &build->reader;
    struct scenario *scenario = build->scenario;
    struct scenario_chain *chain = &scenario->chains[scenario->chains_count];

    document_at(reader, "chains[%zu]", index);
    document_members(reader, object, required, optional);
    chain->id = document_text(reader, object, "id");
    for (uint32_t i = 0; i < scenario->chains_count; i++) {
        if (strcmp(scenario->chains[i].id, chain->id) == 0 || strcmp(chain->id, "*") == 0) {
            document_fail(reader, "the id '%.200s' is taken", chain->id);
        }
    }
    chain->balance = document_number(reader, object, "balance", 0, AMOUNT_MAX);
    chain->weight = document_number(reader, object, "weight", 0, 1);
    chain->min = document_number(reader, object, "min", 0, AMOUNT_MAX);
    chain->target = document_number(reader, object, "target", 0, AMOUNT_MAX);
    chain->gas = document_number(reader, object, "gas", 0, AMOUNT_MAX);
    if (chain->target < chain->min) {
        document_fail(reader, "'target' is below 'min'");
    }
    yield_read(build, object, chain);
    scenario->chains_count++;
}

/* Whether a line that names `named` (or any) speaks of this chain. */
static bool names(uint32_t named, uint32_t chain)
{
    return named == ANY_CHAIN || named == chain;
}

static void bridge_add(struct build *build, const json_t *object, size_t index)
{
    static const char *const required[] = {"from", "to", "fee", "fixed", "max", "delay_s", NULL};
    struct document_reader *reader = &build->reader;
    struct scenario *scenario = build->scenario;
    struct scenario_bridge bridge;

    document_at(reader, "bridges[%zu]", index);
    document_members(reader, object, required, none);
    const uint32_t from = chain_read(build, object, "from");
    const uint32_t to = chain_read(build, object, "to");
    bridge.fee = document_number(reader, object, "fee", 0, 0.5);
    bridge.fixed = document_number(reader, object, "fixed", 0, AMOUNT_MAX);
    bridge.max = document_number(reader, object, "max", 0, AMOUNT_MAX);
    bridge.delay_s = count_read(build, object, "delay_s", 0, 30 * 86400.0);
    for (uint32_t i = 0; i < scenario->chains_count && !reader->failed; i++) {
        for (uint32_t k = 0; k < scenario->chains_count; k++) {
            if (i == k || !names(from, i) || !names(to, k)) {
                continue;
            }
            if (scenario->bridges_count == SCENARIO_BRIDGES_MAX) {
                document_fail(reader, "more than %u bridges in all", SCENARIO_BRIDGES_MAX);
                return;
            }
            bridge.from = i;
            bridge.to = k;
            scenario->bridges[scenario->bridges_count++] = bridge;
        }
    }
}

static void flow_add(struct build *build, const json_t *object, size_t index)
{
    static const char *const required[] = {"from", "to", "per_hour", "median", NULL};
    static const char *const optional[] = {"spread", "swing", "start_h", "end_h", NULL};
    struct document_reader *reader = &build->reader;
    struct scenario *scenario = build->scenario;
    struct scenario_flow flow = {.spread = 1, .swing = 0, .end_h = scenario->hours};

    document_at(reader, "flows[%zu]", index);
    document_members(reader, object, required, optional);
    const uint32_t from = chain_read(build, object, "from");
    const uint32_t to = chain_read(build, object, "to");
    flow.per_hour = document_number(reader, object, "per_hour", 0, 1e5);
    flow.median = document_number(reader, object, "median", 1e-6, AMOUNT_MAX);
    if (json_object_get(object, "spread") != NULL) {
        flow.spread = document_number(reader, object, "spread", 0, 10);
    }
    if (json_object_get(object, "swing") != NULL) {
        flow.swing = document_number(reader, object, "swing", 0, 1);
    }
    if (json_object_get(object, "start_h") != NULL) {
        flow.start_h = document_number(reader, object, "start_h", 0, SCENARIO_HOURS_MAX);
    }
    if (json_object_get(object, "end_h") != NULL) {
        flow.end_h = document_number(reader, object, "end_h", flow.start_h, SCENARIO_HOURS_MAX);
    }
    for (uint32_t i = 0; i < scenario->chains_count && !reader->failed; i++) {
        for (uint32_t k = 0; k < scenario->chains_count; k++) {
            if (i == k || !names(from, i) || !names(to, k)) {
                continue;
            }
            if (scenario->flows_count == SCENARIO_FLOWS_MAX) {
                document_fail(reader, "more than %u flows in all", SCENARIO_FLOWS_MAX);
                return;
            }
            flow.from = i;
            flow.to = k;
            scenario->flows[scenario->flows_count++] = flow;
        }
    }
}

static void lists_read(struct build *build, const json_t *root)
{
    struct document_reader *reader = &build->reader;
    const json_t *chains = document_array(reader, root, "chains", SCENARIO_CHAINS_MAX);
    const json_t *bridges = document_array(reader, root, "bridges", SCENARIO_BRIDGES_MAX);
    const json_t *flows = document_array(reader, root, "flows", SCENARIO_FLOWS_MAX);
    double transfers = 0;

    for (size_t i = 0; i < json_array_size(chains) && !reader->failed; i++) {
        chain_add(build, json_array_get(chains, i), i);
    }
    if (build->scenario->chains_count < 2) {
        document_at(reader, "the scenario");
        document_fail(reader, "'chains' must be two at least");
    }
    for (size_t i = 0; i < json_array_size(bridges) && !reader->failed; i++) {
        bridge_add(build, json_array_get(bridges, i), i);
    }
    for (size_t i = 0; i < json_array_size(flows) && !reader->failed; i++) {
        flow_add(build, json_array_get(flows, i), i);
    }
    for (uint32_t i = 0; i < build->scenario->flows_count; i++) {
        transfers += build->scenario->flows[i].per_hour * build->scenario->hours;
    }
    if (!(transfers <= TRANSFERS_MAX)) {
        document_at(reader, "the scenario");
        document_fail(reader, "users make %g transfers, and must make at most %g", transfers,
                      TRANSFERS_MAX);
    }
}

static void root_read(struct build *build, const json_t *root)
{
    static const char *const required[] = {
        "format",   "title",      "seed",         "hours",        "step_s",
        "plan_s",   "patience_s", "transfer_fee", "blocked_cost", "tolerance",
        "move_min", "chains",     "bridges",      "flows",        NULL};
    struct document_reader *reader = &build->reader;
    struct scenario *scenario = build->scenario;

    document_at(reader, "the scenario");
    document_members(reader, root, required, none);
    if (strcmp(document_text(reader, root, "format"), "sluice-scenario/1") != 0) {
        document_fail(reader, "'format' must be \"sluice-scenario/1\"");
    }
    scenario->title = document_text(reader, root, "title");
    scenario->seed = count_read(build, root, "seed", 0, 4e9);
    scenario->hours = count_read(build, root, "hours", 1, SCENARIO_HOURS_MAX);
    scenario->step_s = count_read(build, root, "step_s", 10, 3600);
    scenario->plan_s = count_read(build, root, "plan_s", 10, 86400);
    scenario->patience_s = count_read(build, root, "patience_s", 0, 86400);
    scenario->transfer_fee = document_number(reader, root, "transfer_fee", 0, 0.5);
    scenario->blocked_cost = document_number(reader, root, "blocked_cost", 0, 0.5);
    scenario->tolerance = document_number(reader, root, "tolerance", 0, 1);
    scenario->move_min = document_number(reader, root, "move_min", 0, AMOUNT_MAX);
    if (!reader->failed && scenario_ticks(scenario) > SCENARIO_TICKS_MAX) {
        document_fail(reader, "'hours' and 'step_s' make more than %u steps", SCENARIO_TICKS_MAX);
    }
    if (!reader->failed) {
        lists_read(build, root);
    }
}

enum status scenario_parse(struct bytes text, struct scenario **ret_scenario,
                           struct document_error *ret_error)
{
    struct build build = {.scenario = calloc(1, sizeof(struct scenario))};

    if (build.scenario == NULL) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "no memory");
        return STATUS_NO_MEMORY;
    }
    build.scenario->root = document_parse(&build.reader, text);
    if (build.scenario->root != NULL) {
        root_read(&build, build.scenario->root);
    }
    if (build.reader.failed) {
        *ret_error = build.reader.error;
        (void)scenario_free(build.scenario);
        return STATUS_MALFORMED;
    }
    *ret_scenario = build.scenario;
    return STATUS_OK;
}

enum status scenario_load(const char *path, struct scenario **ret_scenario,
                          struct document_error *ret_error)
{
    char *data = NULL;
    size_t bytes_count = 0;

    enum status status = document_load(path, &data, &bytes_count, ret_error);
    if (status != STATUS_OK) {
        return status;
    }
    status = scenario_parse(bytes_from(data, bytes_count), ret_scenario, ret_error);
    free(data);
    if (status != STATUS_OK) {
        document_error_of(ret_error, path);
    }
    return status;
}

struct scenario *scenario_free(struct scenario *scenario)
{
    if (scenario != NULL) {
        json_decref(scenario->root);
        free(scenario);
    }
    return NULL;
}
