/* SPDX-License-Identifier: Apache-2.0 */
/* Where everything stands. relay/view makes one JSON tree of the rows; the tables are another way
 * to show that tree. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/cli/cli.h"
#include "relay/cli/health.h"
#include "relay/cli/json_of.h"
#include "relay/cli/rows_view.h"
#include "relay/cli/status.h"
#include "relay/view/view.h"

#define PRICE_DECIMALS 18u

/* ---- tables ---- */

static json_int_t count_at(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *reason_at(const json_t *object, const char *key)
{
    return json_text_at(json_object_get(object, key), "text");
}

static const char *yes_or_no(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key)) ? "yes" : "no";
}

static void print_chains(const json_t *chains, FILE *out)
{
    static const char *const titles[] = {"CHAIN",    ">DOMAIN", ">HEAD",   ">FINAL",
                                         ">APPLIED", ">ACTIVE", ">QUEUED", "LEDGER",
                                         ">AT",      "STATE",   NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *chain;
    size_t index;
    json_array_foreach(chains, index, chain)
    {
        const char *stopped = reason_at(chain, "stopped");
        cli_table_cell(table, "%s", json_text_at(chain, "name"));
        cli_table_cell(table, "%lld", count_at(chain, "domain"));
        cli_table_cell(table, "%lld", count_at(chain, "head"));
        cli_table_cell(table, "%lld", count_at(chain, "final"));
        cli_table_cell(table, "%lld", count_at(chain, "applied"));
        cli_table_cell(table, "%lld", count_at(chain, "messages_active"));
        cli_table_cell(table, "%lld", count_at(chain, "messages_queued"));
        cli_table_cell(table, "%s", json_text_at(chain, "ledger"));
        cli_table_cell(table, "%lld", count_at(chain, "reconciled_block"));
        cli_table_cell(table, "%s", stopped[0] == '-' ? "running" : stopped);
    }
    cli_table_write(table, out);
}

static void print_history(const json_t *history, FILE *out)
{
    static const char *const titles[] = {"HISTORY OF", ">BLOCKS READ",  ">OF", ">FACTS",
                                         ">BLOCKS/S",  ">SECONDS LEFT", NULL};
    if (json_array_size(history) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    const json_t *chain;
    size_t index;
    json_array_foreach(history, index, chain)
    {
        const bool is_known = !json_is_null(json_object_get(chain, "seconds_left"));
        cli_table_cell(table, "%s", json_text_at(chain, "chain"));
        cli_table_cell(table, "%lld", count_at(chain, "blocks_read"));
        cli_table_cell(table, "%lld", count_at(chain, "blocks"));
        cli_table_cell(table, "%lld", count_at(chain, "facts"));
        cli_table_cell(table, "%lld", count_at(chain, "blocks_per_second"));
        if (is_known) {
            cli_table_cell(table, "%lld", count_at(chain, "seconds_left"));
        } else {
            cli_table_cell(table, "%s", "not known yet");
        }
    }
    (void)fputc('\n', out);
    cli_table_write(table, out);
}

static void print_keys(const json_t *keys, FILE *out)
{
    static const char *const titles[] = {"KEY",         "CHAIN",      "STATE",
                                         ">NEXT NONCE", ">NOT FINAL", ">NOT INCLUDED",
                                         ">BALANCE",    "WAITS FOR",  NULL};
    if (json_array_size(keys) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    const json_t *key;
    size_t index;
    json_array_foreach(keys, index, key)
    {
        cli_table_cell(table, "%s", json_text_at(key, "key"));
        cli_table_cell(table, "%s", json_text_at(key, "chain"));
        cli_table_cell(table, "%s", json_text_at(key, "state"));
        cli_table_cell(table, "%lld", count_at(key, "next_nonce"));
        cli_table_cell(table, "%lld", count_at(key, "not_final"));
        cli_table_cell(table, "%lld", count_at(key, "not_included"));
        cli_table_cell(table, "%.12s", json_units_text(json_object_get(key, "balance"), 18));
        cli_table_cell(table, "%s", reason_at(key, "waits_for"));
    }
    (void)fputc('\n', out);
    cli_table_write(table, out);
}

static void print_validated(const json_t *validated, FILE *out)
{
    static const char *const titles[] = {"VALIDATES", ">LEAVES", ">VERIFIED", ">PUBLISHED",
                                         "ANNOUNCED", "STATE",   NULL};
    if (json_array_size(validated) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    const json_t *chain;
    size_t index;
    json_array_foreach(validated, index, chain)
    {
        const char *halted = reason_at(chain, "halted");
        cli_table_cell(table, "%s", json_text_at(chain, "chain"));
        cli_table_cell(table, "%lld", count_at(chain, "leaves"));
        cli_table_cell(table, "%lld", count_at(chain, "verified"));
        cli_table_cell(table, "%lld", count_at(chain, "published"));
        cli_table_cell(table, "%s", yes_or_no(chain, "announced"));
        cli_table_cell(table, "%s", halted[0] == '-' ? "signing" : halted);
    }
    (void)fputc('\n', out);
    cli_table_write(table, out);
}

static void print_asset(const json_t *asset, FILE *out)
{
    static const char *const titles[] = {"CHAIN",       ">COLLATERAL",  ">OWED",
                                         ">MOVING OUT", ">MOVING IN",   ">EFFECTIVE",
                                         ">GOAL",       "IN TOLERANCE", NULL};
    const json_t *positions = json_object_get(asset, "positions");
    const uint32_t decimals = (uint32_t)count_at(asset, "decimals");
    if (json_array_size(positions) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    const json_t *position;
    size_t index;
    json_array_foreach(positions, index, position)
    {
        cli_table_cell(table, "%s", json_text_at(position, "chain"));
        static const char *const amounts[] = {"collateral", "owed", "reserved_out"};
        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
            cli_table_cell(table, "%s",
                           json_units_text(json_object_get(position, amounts[i]), decimals));
        }
        cli_table_cell(table, "%s",
                       json_units_text(json_object_get(position, "arriving"), decimals));
        cli_table_cell(table, "%s",
                       json_units_text(json_object_get(position, "effective"), decimals));
        cli_table_cell(table, "%s", json_units_text(json_object_get(position, "goal"), decimals));
        cli_table_cell(table, "%s", yes_or_no(position, "within_tolerance"));
    }
    const json_t *ledger = json_object_get(asset, "ledger");
    (void)fprintf(out, "\n%s: total %s, ledger %s (difference %s), planning: %s\n",
                  json_text_at(asset, "asset"),
                  json_units_text(json_object_get(asset, "total"), decimals),
                  json_is_true(json_object_get(ledger, "balanced")) ? "balanced" : "NOT BALANCED",
                  json_units_text(json_object_get(ledger, "difference"), decimals),
                  reason_at(asset, "planning"));
    const json_t *backing = json_object_get(asset, "backing");
    if (backing != NULL) {
        (void)fprintf(out, "%s minted elsewhere: %s (collateral %s, claims on it %s)\n",
                      json_text_at(asset, "asset"), json_text_at(backing, "state"),
                      json_units_text(json_object_get(backing, "collateral"), decimals),
                      json_units_text(json_object_get(backing, "claims"), decimals));
    }
    cli_table_write(table, out);
}

/* All that spokes hold and owe, over all chains, against the mandate's band. */
static void print_exposures(const json_t *assets, FILE *out)
{
    static const char *const titles[] = {"ASSET",      ">EXPOSED TO", ">BAND", ">IDLE",
                                         ">IN VENUES", ">UNDER WAY",  ">OWED", ">MOVES A DAY",
                                         "STATE",      NULL};
    static const char *const amounts[] = {"delta", "band", "idle", "supplied", "under_way", "owed"};
    struct cli_table *table = NULL;
    const json_t *asset;
    size_t index;

    json_array_foreach(assets, index, asset)
    {
        const json_t *exposure = json_object_get(asset, "exposure");
        const json_t *moves = json_object_get(exposure, "volatility_per_day");
        if (exposure == NULL) {
            continue;
        }
        table = table == NULL ? cli_table_new(titles) : table;
        cli_table_cell(table, "%s", json_text_at(asset, "asset"));
        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
            const json_t *amount = json_object_get(exposure, amounts[i]);
            cli_table_cell(table, "%s",
                           amount == NULL ? "not known"
                           : json_is_null(amount)
                               ? "none"
                               : json_units_text(amount, (uint32_t)count_at(asset, "decimals")));
        }
        if (json_is_real(moves)) {
            cli_table_cell(table, "%.2f %%", 100 * json_real_value(moves));
        } else {
            cli_table_cell(table, "%s", "not known");
        }
        cli_table_cell(table, "%s", reason_at(exposure, "state"));
    }
    if (table != NULL) {
        (void)fputc('\n', out);
        cli_table_write(table, out);
    }
}

static void print_vaults(const json_t *vaults, FILE *out)
{
    static const char *const titles[] = {"VAULT",      "CHAIN",      ">ASSETS", ">ASSETS PER SHARE",
                                         ">DEPOSITED", ">WITHDRAWN", ">BLOCK",  NULL};
    if (json_array_size(vaults) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    const json_t *vault;
    size_t index;
    json_array_foreach(vaults, index, vault)
    {
        const uint32_t decimals = (uint32_t)count_at(vault, "decimals");
        cli_table_cell(table, "%s", json_text_at(vault, "vault"));
        cli_table_cell(table, "%s", json_text_at(vault, "chain"));
        static const char *const amounts[] = {"total_assets", "assets_per_share", "deposited",
                                              "withdrawn"};
        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
            cli_table_cell(table, "%s",
                           json_units_text(json_object_get(vault, amounts[i]), decimals));
        }
        cli_table_cell(table, "%lld", count_at(vault, "block"));
    }
    (void)fputc('\n', out);
    cli_table_write(table, out);
}

static void print_venues(struct cli_table *table, const json_t *spoke)
{
    static const char *const amounts[] = {"supplied", "enter_max", "leave_max"};
    const uint32_t decimals = (uint32_t)count_at(spoke, "decimals");
    const json_t *venue;
    size_t index;
    json_array_foreach(json_object_get(spoke, "venues"), index, venue)
    {
        const json_t *rate = json_object_get(venue, "rate_per_year");
        cli_table_cell(table, "%s", json_text_at(venue, "venue"));
        cli_table_cell(table, "%s", json_text_at(spoke, "chain"));
        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
            cli_table_cell(table, "%s",
                           json_object_get(venue, amounts[i]) == NULL
                               ? "not known"
                               : json_units_text(json_object_get(venue, amounts[i]), decimals));
        }
        if (json_is_real(rate)) {
            cli_table_cell(table, "%.2f %%", 100 * json_real_value(rate));
        } else {
            cli_table_cell(table, "%s", "not known");
        }
        cli_table_cell(table, "%s",
                       json_is_true(json_object_get(venue, "open")) ? "open"
                                                                    : reason_at(venue, "gate"));
    }
}

static void print_prices(const json_t *prices, FILE *out)
{
    static const char *const titles[] = {"PRICE OF", ">LOW", ">HIGH", "STATE", NULL};
    static const char *const amounts[] = {"low", "high"};
    if (json_array_size(prices) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    const json_t *price;
    size_t index;
    json_array_foreach(prices, index, price)
    {
        cli_table_cell(table, "%s", json_text_at(price, "asset"));
        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
            const json_t *amount = json_object_get(price, amounts[i]);
            cli_table_cell(table, "%s",
                           json_is_string(amount) ? json_units_text(amount, PRICE_DECIMALS)
                                                  : "not known");
        }
        cli_table_cell(table, "%s", reason_at(price, "reason"));
    }
    (void)fputc('\n', out);
    cli_table_write(table, out);
}

static void print_spokes(const json_t *spokes, FILE *out)
{
    static const char *const titles[] = {"SPOKE",  "CHAIN", ">IDLE", ">KEPT", ">LOSS BUDGET LEFT",
                                         ">BLOCK", "STATE", NULL};
    static const char *const venue_titles[] = {"VENUE",      "CHAIN",     ">IN IT", ">MAY ENTER",
                                               ">MAY LEAVE", ">PER YEAR", "GATE",   NULL};
    static const char *const amounts[] = {"idle", "kept", "loss_left"};
    if (json_array_size(spokes) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    struct cli_table *venues = cli_table_new(venue_titles);
    const json_t *spoke;
    size_t index;
    json_array_foreach(spokes, index, spoke)
    {
        const char *stopped = reason_at(spoke, "stopped");
        cli_table_cell(table, "%s", json_text_at(spoke, "spoke"));
        cli_table_cell(table, "%s", json_text_at(spoke, "chain"));
        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
            cli_table_cell(table, "%s",
                           json_object_get(spoke, amounts[i]) == NULL
                               ? "not known"
                               : json_units_text(json_object_get(spoke, amounts[i]),
                                                 (uint32_t)count_at(spoke, "decimals")));
        }
        cli_table_cell(table, "%lld", count_at(spoke, "block"));
        cli_table_cell(table, "%s", stopped[0] == '-' ? "working" : stopped);
        print_venues(venues, spoke);
    }
    (void)fputc('\n', out);
    cli_table_write(table, out);
    (void)fputc('\n', out);
    cli_table_write(venues, out);
}

static void print_hubs(const json_t *hubs, FILE *out)
{
    static const char *const titles[] = {"HUB",   "CHAIN",     ">RESERVE",    ">ASKS IN",
                                         ">OWED", ">IN ROUND", ">SHARES OUT", ">BLOCK",
                                         "WAITS", NULL};
    static const char *const amounts[] = {"reserve", "pending", "owed"};
    if (json_array_size(hubs) == 0) {
        return;
    }
    struct cli_table *table = cli_table_new(titles);
    const json_t *hub;
    size_t index;
    json_array_foreach(hubs, index, hub)
    {
        const char *waits = reason_at(hub, "waits");
        const char *shares = json_text_at(hub, "round_shares");
        cli_table_cell(table, "%s", json_text_at(hub, "hub"));
        cli_table_cell(table, "%s", json_text_at(hub, "chain"));
        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
            cli_table_cell(table, "%s",
                           json_object_get(hub, amounts[i]) == NULL
                               ? "not known"
                               : json_units_text(json_object_get(hub, amounts[i]),
                                                 (uint32_t)count_at(hub, "decimals")));
        }
        cli_table_cell(table, "%lld", count_at(hub, "round"));
        cli_table_cell(table, "%s", shares);
        cli_table_cell(table, "%lld", count_at(hub, "block"));
        cli_table_cell(table, "%s", waits[0] == '-' ? "for nobody" : waits);
    }
    (void)fputc('\n', out);
    cli_table_write(table, out);
}

void status_print(const json_t *root, FILE *out)
{
    const json_t *node = json_object_get(root, "node");
    const json_t *assets = json_object_get(root, "capital");
    const json_t *asset;
    size_t index;
    (void)fprintf(out, "%s: %lld records, last step %s, started %s%s\n", json_text_at(node, "name"),
                  count_at(node, "records"), json_text_at(node, "last_at"),
                  json_text_at(node, "started_at"),
                  json_is_true(json_object_get(node, "paused")) ? ", PAUSED by a person" : "");
    if (json_object_get(node, "process") != NULL) {
        const json_int_t pid = json_integer_value(json_object_get(node, "process"));
        (void)fprintf(out, "%s%s\n", pid == 0 ? "no process is writing it" : "written by process ",
                      pid == 0 ? "" : cli_text("%lld", (long long)pid));
    }
    health_print(json_object_get(root, "health"), out);
    (void)fputc('\n', out);
    print_chains(json_object_get(root, "chains"), out);
    print_history(json_object_get(root, "history"), out);
    print_keys(json_object_get(root, "keys"), out);
    print_validated(json_object_get(root, "validated"), out);
    json_array_foreach(assets, index, asset)
    {
        print_asset(asset, out);
    }
    print_vaults(json_object_get(root, "vaults"), out);
    print_prices(json_object_get(root, "prices"), out);
    print_spokes(json_object_get(root, "spokes"), out);
    print_hubs(json_object_get(root, "hubs"), out);
    print_exposures(assets, out);
}

int cli_status(int argc, char **argv)
{
    const char *path = NULL;
    const char *data = NULL;
    bool json = false;
    bool offline = false;
    const struct cli_option options[] = {{.name = "--config", .value = &path},
                                         {.name = "--data", .value = &data},
                                         {.name = "--offline", .flag = &offline},
                                         {.name = "--json", .flag = &json},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    struct rows_view view;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, 0, &arguments, &code)) {
        return code;
    }
    code = rows_view_open(argv[0], path, data, &view);
    if (code != EXIT_DONE) {
        return code;
    }
    json_t *root = NULL;
    const struct view rows = rows_view_rows(&view);
    const enum status status = view_status(&rows, &root);
    if (status == STATUS_OK && !offline) {
        (void)json_object_set_new(root, "health", health_json(path, data));
    }
    if (status == STATUS_OK && !offline && data != NULL) {
        const long pid = journal_writer_pid(data);
        (void)json_object_set_new(json_object_get(root, "node"), "process",
                                  pid == 0 ? json_null() : json_integer(pid));
    }
    if (status != STATUS_OK) {
        code = rows_view_failed(argv[0], status);
    } else if (json) {
        code = cli_print_json(root);
    } else {
        status_print(root, stdout);
        json_decref(root);
    }
    rows_view_close(&view);
    return code;
}
