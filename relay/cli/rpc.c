/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice rpc status`: how each endpoint does, used for a few seconds as a node would, and what the
 * node's journal says of its plan. relay/cli/rpc_bench.c has `rpc bench`. */
#include <string.h>

#include "relay/cli/json_of.h"
#include "relay/cli/look.h"
#include "relay/cli/rpc_internal.h"
#include "relay/core/view.h"
#include "relay/node/driver/row_source.h"
#include "store/source.h"

uint64_t rpc_spent_today(struct journal_reader *reader, uint32_t domain, uint32_t endpoint,
                         uint64_t day)
{
    struct calls_row calls;

    if (reader == NULL) {
        return 0;
    }
    const struct row_source source = row_source_from_journal(reader);
    const enum status status = core_view_calls(&source, domain, endpoint, &calls);
    return status == STATUS_OK && calls.day == day ? calls.spent : 0;
}

/* What its plan allows, what the node spent of it, and what is left; null: no limit. */
static json_t *plan_json(const struct node_config *config, uint32_t chain, uint32_t index,
                         uint64_t day, struct journal_reader *reader)
{
    const struct call_limits *limits = &config->chains[chain].limits[index];
    const uint64_t spent = rpc_spent_today(reader, config->core.chains[chain].domain, index, day);
    const uint64_t left = spent < limits->calls_per_day ? limits->calls_per_day - spent : 0;
    const bool has_day = limits->calls_per_day > 0;

    return json_pack("{s:o, s:o, s:o, s:o}", "calls_per_second",
                     limits->calls_per_second > 0 ? json_of_count(limits->calls_per_second)
                                                  : json_null(),
                     "calls_per_day", has_day ? json_of_count(limits->calls_per_day) : json_null(),
                     "spent_today", has_day ? json_of_count(spent) : json_null(), "left_today",
                     has_day ? json_of_count(left) : json_null());
}

static json_t *endpoint_json(const struct look *look, uint32_t chain, uint32_t index,
                             struct journal_reader *reader)
{
    const struct node_config *config = look->config;
    const struct probe *probe = look->probe;
    static const char *const words[] = {"no answer", "good", "wrong", "down"};
    const struct probe_endpoint *endpoint = &probe->chains[chain].endpoints[index];
    const struct chain_endpoint *seen = &endpoint->seen;
    const uint64_t now_s = probe->ended.ns / 1000000000u;
    const bool has_head = seen->head_number > 0;

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
        "chain", config->core.chains[chain].name, "endpoint",
        config->chains[chain].endpoints[index], "state", words[endpoint->verdict], "head",
        has_head ? json_of_count(seen->head_number) : json_null(), "head_age_s",
        has_head ? json_integer((json_int_t)now_s - (json_int_t)seen->head_time_s) : json_null(),
        "final", seen->final_number > 0 ? json_of_count(seen->final_number) : json_null(),
        "latency_us", json_of_count(seen->latency.ns / 1000), "calls",
        json_of_count(seen->calls_sent), "errors", json_of_count(seen->errors), "silences",
        json_of_count(seen->silences), "malformed", json_of_count(seen->malformed), "dissents",
        json_of_count(seen->dissents), "behind", json_of_count(seen->behind), "refusals",
        json_of_count(seen->refusals), "foreign_logs", json_of_count(seen->foreign_logs), "plan",
        plan_json(config, chain, index, now_s / 86400, reader), "detail", endpoint->detail);
}

static long long count_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* What nobody said is not zero. */
static void put_said(struct cli_table *table, const json_t *entry, const char *key)
{
    if (json_is_null(json_object_get(entry, key))) {
        cli_table_cell(table, "-");
    } else {
        cli_table_cell(table, "%lld", count_of(entry, key));
    }
}

static void put_latency(struct cli_table *table, long long latency_us)
{
    if (latency_us == 0) {
        cli_table_cell(table, "-"); /* it answered nothing */
    } else {
        cli_table_cell(table, "%.1f", (double)latency_us / 1000.0);
    }
}

static void print_plan(struct cli_table *table, const json_t *plan)
{
    if (json_is_null(json_object_get(plan, "calls_per_day"))) {
        cli_table_cell(table, "-");
    } else {
        cli_table_cell(table, "%lld of %lld", count_of(plan, "spent_today"),
                       count_of(plan, "calls_per_day"));
    }
}

static void print_endpoints(const json_t *list)
{
    static const char *const titles[] = {
        "CHAIN",       "ENDPOINT", "STATE",   ">HEAD",   ">AGE S",  ">FINAL",
        ">LATENCY MS", ">CALLS",   ">ERRORS", ">SILENT", ">BEHIND", ">DISSENTS",
        ">REFUSED",    ">FOREIGN", ">TODAY",  "DETAIL",  NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *entry;
    size_t index;

    json_array_foreach(list, index, entry)
    {
        cli_table_cell(table, "%s", json_text_at(entry, "chain"));
        cli_table_cell(table, "%s", json_text_at(entry, "endpoint"));
        cli_table_cell(table, "%s", json_text_at(entry, "state"));
        put_said(table, entry, "head");
        put_said(table, entry, "head_age_s");
        put_said(table, entry, "final");
        put_latency(table, count_of(entry, "latency_us"));
        cli_table_cell(table, "%lld", count_of(entry, "calls"));
        cli_table_cell(table, "%lld", count_of(entry, "errors"));
        cli_table_cell(table, "%lld", count_of(entry, "silences"));
        cli_table_cell(table, "%lld", count_of(entry, "behind"));
        cli_table_cell(table, "%lld", count_of(entry, "dissents"));
        cli_table_cell(table, "%lld", count_of(entry, "refusals"));
        cli_table_cell(table, "%lld", count_of(entry, "foreign_logs"));
        print_plan(table, json_object_get(entry, "plan"));
        cli_table_cell(table, "%s", json_text_at(entry, "detail"));
    }
    cli_table_print(table);
}

/* Every endpoint as an object; `*ret_code` says whether the quorums hold. */
static json_t *gather(const struct look *look, int *ret_code)
{
    const struct node_config *config = look->config;
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    json_t *list = json_array();

    /* Without a journal nothing was spent. */
    if (journal_open_source(config->data, &journal) == STATUS_OK &&
        journal_reader_open(journal, &reader) != STATUS_OK) {
        reader = NULL;
    }
    *ret_code = EXIT_DONE;
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
            (void)json_array_append_new(list, endpoint_json(look, i, j, reader));
        }
        if (look_count(&look->probe->chains[i], config->chains[i].endpoints_count, PROBE_GOOD) <
            config->chains[i].quorum) {
            *ret_code = EXIT_UNREACHABLE;
        }
    }
    if (reader != NULL) {
        (void)journal_reader_close(reader);
    }
    if (journal != NULL) {
        (void)journal_close(journal);
    }
    return list;
}

int cli_rpc(int argc, char **argv)
{
    struct cli_arguments arguments;
    struct look look;
    int code = EXIT_USAGE;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "bench") == 0) {
            return cli_rpc_bench(argc, argv);
        }
    }
    if (!look_parse(argc, argv, 1, &arguments, &look, &code)) {
        return code;
    }
    if (arguments.count != 1 || strcmp(arguments.values[0], "status") != 0) {
        cli_say("rpc", "say 'sluice rpc status --config FILE', or 'rpc bench'");
        look_end(&look);
        return EXIT_USAGE;
    }
    if (!look_run(&look, "rpc", &code)) {
        return code;
    }
    json_t *list = gather(&look, &code);
    if (look.json) {
        const int printed = cli_print_json(list);
        code = printed == EXIT_DONE ? code : printed;
    } else {
        print_endpoints(list);
        json_decref(list);
    }
    look_end(&look);
    return code;
}
