/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice rpc bench`: what each endpoint can do: latency, calls a second, the largest batch and the
 * longest range of logs. It asks no more than --calls and the endpoint's plan allow. */
#include <string.h>

#include "relay/cli/json_of.h"
#include "relay/cli/look.h"
#include "relay/cli/rpc_internal.h"
#include "relay/node/loop/metering.h"
#include "relay/node/process/clock.h"
#include "store/source.h"

#define CALLS_MAX       100000u
#define SECONDS_DEFAULT 30u
#define SECONDS_MAX     600u

struct bench {
    struct look look;
    uint64_t calls;
    struct journal *journal;
    struct journal_reader *reader; /* NULL: no journal, so nothing was spent */
    uint32_t begun;
    uint32_t all;
};

static uint64_t today(void)
{
    return clock_now_s() / 86400;
}

static uint64_t spent_today(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    const struct bench *bench = context;

    return rpc_spent_today(bench->reader, bench->look.config->core.chains[chain_index].domain,
                           endpoint_index, today());
}

static uint32_t readers_of(const struct node_config *config, uint32_t index)
{
    const struct chain_config chain = config_chain(config, index);

    return chain.endpoints_count - chain.submit_count;
}

static void begins(void *context, uint32_t chain_index, uint32_t endpoint_index)
{
    struct bench *bench = context;
    const struct node_config *config = bench->look.config;

    bench->begun++;
    cli_say("rpc", "%u of %u: measuring %s %s", bench->begun, bench->all,
            config->core.chains[chain_index].name,
            config->chains[chain_index].endpoints[endpoint_index]);
}

/* ---- output ---- */

static json_t *count_or_null(uint64_t count)
{
    return count > 0 ? json_of_count(count) : json_null();
}

static const char *state_of(const struct metering_endpoint *endpoint)
{
    if (endpoint->is_measured) {
        return endpoint->result.budget_ended ? "in part" : "measured";
    }
    return endpoint->result.budget_ended ? "budget spent" : "no answer";
}

static json_t *endpoint_json(const struct node_config *config, uint32_t chain, uint32_t index,
                             const struct metering_endpoint *endpoint)
{
    const struct meter_result *result = &endpoint->result;
    const bool has_latency = result->latency_count > 0;

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:s}", "chain",
        config->core.chains[chain].name, "endpoint", config->chains[chain].endpoints[index],
        "state", state_of(endpoint), "latency_p50_us",
        has_latency ? json_of_count(result->latency_p50.ns / 1000) : json_null(), "latency_p99_us",
        has_latency ? json_of_count(result->latency_p99.ns / 1000) : json_null(),
        "calls_per_second", count_or_null(result->calls_per_second), "rate_limited",
        result->is_rate_limited, "batch_max", count_or_null(result->batch), "range_blocks_max",
        count_or_null(result->range), "calls", json_of_count(result->calls), "reason",
        result->reason);
}

static void print_count(struct cli_table *table, const json_t *value, const char *more)
{
    if (json_is_null(value)) {
        cli_table_cell(table, "-");
    } else {
        cli_table_cell(table, "%lld%s", (long long)json_integer_value(value), more);
    }
}

static void print_time(struct cli_table *table, const json_t *value)
{
    if (json_is_null(value)) {
        cli_table_cell(table, "-");
    } else {
        cli_table_cell(table, "%.2f", (double)json_integer_value(value) / 1000.0);
    }
}

/* A "+" says that more was not tried. */
static void print_endpoints(const json_t *list)
{
    static const char *const titles[] = {"CHAIN",   "ENDPOINT",     "STATE",  ">P50 MS",
                                         ">P99 MS", ">CALLS/S",     ">BATCH", ">RANGE",
                                         ">ASKED",  "LAST REFUSAL", NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *entry;
    size_t index;

    json_array_foreach(list, index, entry)
    {
        const json_t *batch = json_object_get(entry, "batch_max");
        const json_t *range = json_object_get(entry, "range_blocks_max");
        cli_table_cell(table, "%s", json_text_at(entry, "chain"));
        cli_table_cell(table, "%s", json_text_at(entry, "endpoint"));
        cli_table_cell(table, "%s", json_text_at(entry, "state"));
        print_time(table, json_object_get(entry, "latency_p50_us"));
        print_time(table, json_object_get(entry, "latency_p99_us"));
        print_count(table, json_object_get(entry, "calls_per_second"), "");
        print_count(table, batch, json_integer_value(batch) >= METER_BATCH_MAX ? "+" : "");
        print_count(table, range,
                    json_integer_value(range) >= (json_int_t)METER_RANGE_MAX ? "+" : "");
        print_count(table, json_object_get(entry, "calls"), "");
        cli_table_cell(table, "%s", json_text_at(entry, "reason"));
    }
    cli_table_print(table);
}

static int print_result(const struct bench *bench, const struct metering *metering)
{
    const struct node_config *config = bench->look.config;
    json_t *list = json_array();
    int code = EXIT_DONE;

    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        for (uint32_t j = 0; j < readers_of(config, i); j++) {
            const struct metering_endpoint *endpoint = &metering->endpoints[i][j];
            (void)json_array_append_new(list, endpoint_json(config, i, j, endpoint));
            code = endpoint->is_measured ? code : EXIT_UNREACHABLE;
        }
    }
    if (bench->look.json) {
        const int printed = cli_print_json(list);
        return printed == EXIT_DONE ? code : printed;
    }
    print_endpoints(list);
    json_decref(list);
    return code;
}

/* ---- the verb ---- */

static int run_bench(struct bench *bench)
{
    const struct metering_options options = {
        .wait = DURATION_MS(bench->look.seconds * 1000),
        .calls_max = (uint32_t)bench->calls,
        .context = bench,
        .spent_today = spent_today,
        .begins = begins,
    };
    struct metering *metering = NULL;

    for (uint32_t i = 0; i < bench->look.config->core.chains_count; i++) {
        bench->all += readers_of(bench->look.config, i);
    }
    if (journal_open_source(bench->look.config->data, &bench->journal) == STATUS_OK &&
        journal_reader_open(bench->journal, &bench->reader) != STATUS_OK) {
        bench->reader = NULL;
    }
    const enum status status = metering_run(bench->look.config, &options, &metering);
    const int code = status == STATUS_OK ? print_result(bench, metering) : EXIT_TEMPORARY;
    if (status != STATUS_OK) {
        cli_say("rpc", "the endpoints cannot be measured: %s", status_name(status));
    }
    metering = metering_free(metering);
    if (bench->reader != NULL) {
        (void)journal_reader_close(bench->reader);
    }
    if (bench->journal != NULL) {
        (void)journal_close(bench->journal);
    }
    return code;
}

/* False: it was said what is wrong. */
static bool take_numbers(struct bench *bench, const char *calls, const char *seconds)
{
    if (calls != NULL &&
        (!cli_count(calls, &bench->calls) || bench->calls == 0 || bench->calls > CALLS_MAX)) {
        cli_say("rpc", "--calls must be a whole number from 1 to %u", CALLS_MAX);
        return false;
    }
    if (seconds != NULL && (!cli_count(seconds, &bench->look.seconds) || bench->look.seconds == 0 ||
                            bench->look.seconds > SECONDS_MAX)) {
        cli_say("rpc", "--seconds must be a whole number from 1 to %u", SECONDS_MAX);
        return false;
    }
    return true;
}

int cli_rpc_bench(int argc, char **argv)
{
    struct cli_arguments arguments;
    struct bench bench = {.look = {.seconds = SECONDS_DEFAULT}, .calls = METER_CALLS};
    const char *path = NULL;
    const char *calls = NULL;
    const char *seconds = NULL;
    int code = EXIT_USAGE;
    const struct cli_option options[] = {{.name = "--config", .value = &path},
                                         {.name = "--calls", .value = &calls},
                                         {.name = "--seconds", .value = &seconds},
                                         {.name = "--json", .flag = &bench.look.json},
                                         {.name = NULL}};

    if (!cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (!take_numbers(&bench, calls, seconds)) {
        return EXIT_USAGE;
    }
    code = EXIT_USAGE;
    if (!look_load(&bench.look, "rpc", path, &code)) {
        return code;
    }
    code = run_bench(&bench);
    look_end(&bench.look);
    return code;
}
