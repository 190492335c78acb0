/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config/config_mandate.c: what the owner's mandate makes of the node's assets, routers
 * and limits. With a mandate the node's own file says none of these. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/mandate/accept.h"
#include "relay/mandate/check.h"
#include "relay/mandate/feed.h"
#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"
#include "relay/node/process/clock.h"

/* One mandate on its way into a configuration. */
struct taking {
    struct reading *reading;
    struct node_config *config;
    const struct mandate *mandate;
};

static void refuse_at(const struct taking *taking, enum status status, uint32_t line,
                      const char *what)
{
    struct reading *reading = taking->reading;

    if (reading->status == STATUS_OK) {
        reading->status = status;
        (void)snprintf(reading->error->text, sizeof(reading->error->text), "%.300s:%" PRIu32 ": %s",
                       taking->config->mandate, line, what);
    }
}

static uint32_t small_number(const struct mandate_value *value)
{
    uint64_t number = 0;

    return amount_to_u64(&value->number, &number) == STATUS_OK && number <= UINT32_MAX
               ? (uint32_t)number
               : UINT32_MAX;
}

static struct duration time_of(const struct mandate_value *value)
{
    uint64_t ns = 0;

    return (struct duration){.ns =
                                 amount_to_u64(&value->number, &ns) == STATUS_OK ? ns : UINT64_MAX};
}

/* Where a chain of the mandate stands in the node's configuration; false: the node has it not. */
static bool domain_of(const struct taking *taking, const struct mandate_value *chain,
                      uint32_t *ret_domain)
{
    const struct core_config *core = &taking->config->core;
    const struct mandate_entry *entry = mandate_find(taking->mandate, MANDATE_CHAINS, chain->text);

    for (uint32_t i = 0; i < core->chains_count && entry != NULL; i++) {
        if (core->chains[i].domain == small_number(&entry->values[CHAIN_DOMAIN])) {
            *ret_domain = core->chains[i].domain;
            return true;
        }
    }
    refuse_at(taking, STATUS_MALFORMED, chain->line,
              "is on a chain whose domain the node's configuration lacks");
    return false;
}

static void take_assets(const struct taking *taking)
{
    const struct mandate_entries *assets = &taking->mandate->sections[MANDATE_ASSETS];
    struct core_config *core = &taking->config->core;

    if (assets->count > ASSETS_MAX) {
        refuse_at(taking, STATUS_MALFORMED, assets->entries[ASSETS_MAX].line, "too many assets");
        return;
    }
    for (uint32_t i = 0; i < assets->count; i++) {
        const struct mandate_entry *entry = &assets->entries[i];
        struct core_asset *asset = &core->assets[core->assets_count++];
        (void)snprintf(asset->symbol, sizeof(asset->symbol), "%s", entry->name);
        asset->decimals = small_number(&entry->values[ASSET_DECIMALS]);
        asset->delta_max = entry->values[ASSET_DELTA_MAX].number;
        asset->delta_calm = entry->values[ASSET_DELTA_CALM].number;
        asset->volatility_calm.value = small_number(&entry->values[ASSET_VOLATILITY_CALM]);
        if (asset->decimals != core->assets[0].decimals) {
            refuse_at(taking, STATUS_MALFORMED, entry->values[ASSET_DECIMALS].line,
                      "the limits are amounts of all assets alike, so their decimals must be");
        }
    }
}

static const struct mandate_entry *bridge_of(const struct taking *taking,
                                             const struct mandate_entry *venue)
{
    const struct mandate_entries *bridges = &taking->mandate->sections[MANDATE_BRIDGES];

    for (uint32_t i = 0; i < bridges->count; i++) {
        const struct mandate_entry *bridge = &bridges->entries[i];
        if (strcmp(bridge->values[BRIDGE_CHAIN].text, venue->values[VENUE_CHAIN].text) == 0 &&
            strcmp(bridge->values[BRIDGE_ASSET].text, venue->values[VENUE_ASSET].text) == 0) {
            return bridge;
        }
    }
    return NULL;
}

static uint32_t asset_of(const struct core_config *core, const struct mandate_entry *venue)
{
    uint32_t asset = 0;

    for (uint32_t i = 0; i < core->assets_count; i++) {
        asset = strcmp(core->assets[i].symbol, venue->values[VENUE_ASSET].text) == 0 ? i : asset;
    }
    return asset;
}

static void refuse_no_cap(const struct taking *taking, const struct mandate_entry *venue)
{
    const struct mandate_value *values = venue->values;

    if ((values[VENUE_CAP].given && amount_is_zero(&values[VENUE_CAP].number)) ||
        (values[VENUE_CAP_SHARE].given && amount_is_zero(&values[VENUE_CAP_SHARE].number))) {
        refuse_at(taking, STATUS_MALFORMED, venue->line,
                  "a cap of nothing: leave the venue out instead");
    }
}

/* The chains of a bridge's list that this node has. */
static struct chain_set bridge_reach(const struct taking *taking,
                                     const struct mandate_entry *bridge)
{
    const struct core_config *core = &taking->config->core;
    struct chain_set reach = {{0}};

    for (uint32_t i = 0; i < bridge->list_count; i++) {
        const struct mandate_entry *chain =
            mandate_find(taking->mandate, MANDATE_CHAINS, bridge->list[i]);
        for (uint32_t k = 0; k < core->chains_count && chain != NULL; k++) {
            if (core->chains[k].domain == small_number(&chain->values[CHAIN_DOMAIN])) {
                chain_set_add(&reach, k);
            }
        }
    }
    return reach;
}

/* Of two shares the tighter one: a cap that is 0 is none. */
static struct bps smaller_cap(const struct mandate_value *cap, const struct mandate_value *other)
{
    const uint32_t a = small_number(cap);
    const uint32_t b = small_number(other);

    return (struct bps){.value = !cap->given || (other->given && b < a) ? b : a};
}

static struct bps larger_floor(const struct mandate_value *floor, const struct mandate_value *other)
{
    const uint32_t a = small_number(floor);
    const uint32_t b = small_number(other);

    return (struct bps){.value = a > b ? a : b};
}

static void take_router(const struct taking *taking, const struct mandate_entry *venue)
{
    const struct mandate_value *values = venue->values;
    const struct mandate_value *chain =
        mandate_find(taking->mandate, MANDATE_CHAINS, values[VENUE_CHAIN].text)->values;
    const struct mandate_value *least = &values[VENUE_FLOOR];
    struct core_config *core = &taking->config->core;
    struct core_router *router = &core->routers[core->routers_count];
    const struct mandate_entry *bridge = bridge_of(taking, venue);

    memset(router, 0, sizeof(*router));
    if (!domain_of(taking, &values[VENUE_CHAIN], &router->domain)) {
        return;
    }
    router->asset = asset_of(core, venue);
    router->router = values[VENUE_ADDRESS].address;
    router->token = values[VENUE_TOKEN].address;
    if (bridge != NULL && strcmp(bridge->values[BRIDGE_KIND].text, "warp-route") == 0) {
        router->bridge_to = bridge_reach(taking, bridge);
        if (!chain_set_is_empty(
                &router->bridge_to)) { /* else it reaches nothing that this node has */
            router->bridge = bridge->values[BRIDGE_ADDRESS].address;
        }
    }
    router->guard = values[VENUE_GUARD].address; /* zero where it is not given */
    router->weight.value = small_number(&values[VENUE_WEIGHT]);
    if (amount_compare(&values[VENUE_BUFFER].number, &least->number) > 0) {
        least = &values[VENUE_BUFFER];
    }
    router->floor = least->number;
    router->floor_share = larger_floor(&values[VENUE_FLOOR_SHARE], &chain[CHAIN_FLOOR_SHARE]);
    router->cap = values[VENUE_CAP].number;
    router->cap_share = smaller_cap(&values[VENUE_CAP_SHARE], &chain[CHAIN_CAP_SHARE]);
    refuse_no_cap(taking, venue);
    core->routers_count++;
}

static void take_spoke(const struct taking *taking, const struct mandate_entry *venue)
{
    const struct mandate_value *values = venue->values;
    const struct mandate_entry *bridge = bridge_of(taking, venue);
    const struct mandate_value *chain =
        mandate_find(taking->mandate, MANDATE_CHAINS, values[VENUE_CHAIN].text)->values;
    struct core_config *core = &taking->config->core;
    struct core_spoke *spoke = &core->spokes[core->spokes_count];

    if (core->spokes_count == SPOKES_MAX) {
        refuse_at(taking, STATUS_MALFORMED, venue->line, "too many spokes");
        return;
    }
    memset(spoke, 0, sizeof(*spoke));
    if (!domain_of(taking, &values[VENUE_CHAIN], &spoke->domain)) {
        return;
    }
    spoke->asset = asset_of(core, venue);
    spoke->spoke = values[VENUE_ADDRESS].address;
    spoke->token = values[VENUE_TOKEN].address;
    spoke->idle_min = values[VENUE_BUFFER].number;
    spoke->idle_most = values[VENUE_BUFFER_MAX].number;
    spoke->cap = values[VENUE_CAP].number;
    spoke->floor = values[VENUE_FLOOR].number;
    /* A chain has one spoke for an asset: what holds of it holds of the chain. */
    spoke->cap_share = smaller_cap(&values[VENUE_CAP_SHARE], &chain[CHAIN_CAP_SHARE]);
    spoke->floor_share = larger_floor(&values[VENUE_FLOOR_SHARE], &chain[CHAIN_FLOOR_SHARE]);
    refuse_no_cap(taking, venue);
    if (bridge != NULL && strcmp(bridge->values[BRIDGE_KIND].text, "warp-route") == 0) {
        spoke->bridge_to = bridge_reach(taking, bridge);
        if (!chain_set_is_empty(&spoke->bridge_to)) {
            spoke->bridge = bridge->values[BRIDGE_ADDRESS].address;
        }
    }
    core->spokes_count++;
}

/* Issuers are numbered from 1 in the order of the mandate; one without a cap is nobody. */
static void take_issuer(const struct taking *taking, const struct mandate_value *name,
                        struct core_venue *venue)
{
    const struct mandate_entries *issuers = &taking->mandate->sections[MANDATE_ISSUERS];

    for (uint32_t i = 0; i < issuers->count && name->given; i++) {
        if (strcmp(issuers->entries[i].name, name->text) == 0) {
            venue->issuer = i + 1;
            venue->issuer_cap_share.value =
                small_number(&issuers->entries[i].values[ISSUER_CAP_SHARE]);
        }
    }
}

static void take_hub(const struct taking *taking, const struct mandate_entry *venue)
{
    const struct mandate_value *values = venue->values;
    struct core_config *core = &taking->config->core;
    struct core_hub *hub = &core->hubs[core->hubs_count];

    if (core->hubs_count == HUBS_MAX) {
        refuse_at(taking, STATUS_MALFORMED, venue->line, "too many hubs");
        return;
    }
    memset(hub, 0, sizeof(*hub));
    if (!domain_of(taking, &values[VENUE_CHAIN], &hub->domain)) {
        return;
    }
    hub->asset = asset_of(core, venue);
    hub->hub = values[VENUE_ADDRESS].address;
    hub->token = values[VENUE_TOKEN].address;
    hub->round_interval = time_of(&values[VENUE_ROUND_INTERVAL]);
    hub->report_interval = time_of(&values[VENUE_REPORT_INTERVAL]); /* zero: on request alone */
    hub->report_fee_max = values[VENUE_REPORT_FEE_MAX].number;
    core->hubs_count++;
}

/* After all spokes were taken. */
static void take_venue(const struct taking *taking, const struct mandate_entry *venue,
                       enum venue_kind kind)
{
    const struct mandate_value *values = venue->values;
    const struct mandate_entry *holder =
        mandate_find(taking->mandate, MANDATE_VENUES, values[VENUE_SPOKE].text);
    struct core_config *core = &taking->config->core;
    struct core_venue *taken = &core->venues[core->venues_count];
    uint32_t domain = 0;

    if (core->venues_count == VENUES_MAX) {
        refuse_at(taking, STATUS_MALFORMED, venue->line, "too many venues");
        return;
    }
    if (!domain_of(taking, &values[VENUE_CHAIN], &domain)) {
        return;
    }
    memset(taken, 0, sizeof(*taken));
    for (uint32_t i = 0; i < core->spokes_count && holder != NULL; i++) {
        const struct core_spoke *spoke = &core->spokes[i];
        if (spoke->domain == domain &&
            address_equal(&spoke->spoke, &holder->values[VENUE_ADDRESS].address) &&
            address_equal(&spoke->token, &holder->values[VENUE_TOKEN].address)) {
            taken->spoke = i;
        }
    }
    taken->index = small_number(&values[VENUE_INDEX]);
    taken->kind = kind;
    taken->venue = values[VENUE_ADDRESS].address;
    taken->cap = values[VENUE_CAP].number;
    taken->cap_share.value = small_number(&values[VENUE_CAP_SHARE]);
    taken->floor = values[VENUE_FLOOR].number;
    taken->floor_share.value = small_number(&values[VENUE_FLOOR_SHARE]);
    take_issuer(taking, &values[VENUE_ISSUER], taken);
    taken->receipt = values[VENUE_RECEIPT].address; /* zero where it is not given */
    taken->health_min.value = small_number(&values[VENUE_HEALTH_FLOOR]);
    taken->price_shock.value = small_number(&values[VENUE_PRICE_SHOCK]);
    memcpy(taken->code.bytes, values[VENUE_CODE_HASH].address.bytes, sizeof(taken->code.bytes));
    refuse_no_cap(taking, venue);
    core->venues_count++;
}

static void take_vault(const struct taking *taking, const struct mandate_entry *venue)
{
    take_venue(taking, venue, VENUE_ERC4626);
}

static void take_reserve(const struct taking *taking, const struct mandate_entry *venue)
{
    take_venue(taking, venue, VENUE_AAVE);
}

/* The entries of one kind. Other kinds are none of this node's: mandate_enforcers says so. */
static void take_kind(const struct taking *taking, const char *kind,
                      void (*take)(const struct taking *taking, const struct mandate_entry *venue))
{
    const struct mandate_entries *venues = &taking->mandate->sections[MANDATE_VENUES];

    for (uint32_t i = 0; i < venues->count; i++) {
        if (strcmp(venues->entries[i].values[VENUE_KIND].text, kind) == 0) {
            take(taking, &venues->entries[i]);
        }
    }
}

/* mandate_check has found that an asset's sources are two, or none. */
static void take_feed(const struct taking *taking, const struct mandate_entry *asset,
                      const struct mandate_value *source)
{
    const struct mandate_value *values = asset->values;
    struct core_config *core = &taking->config->core;
    struct core_feed feed = {.feed_line = source->line,
                             .age_line = values[ASSET_PRICE_AGE_MAX].line,
                             .divergence_line = values[ASSET_PRICE_DIVERGENCE_MAX].line};
    struct mandate_value chain = {.line = source->line};

    if (!source->given || !mandate_feed_read(source->text, chain.text, &feed.feed) ||
        !domain_of(taking, &chain, &feed.domain)) {
        return;
    }
    for (uint32_t i = 0; i < core->assets_count; i++) {
        feed.asset = strcmp(core->assets[i].symbol, asset->name) == 0 ? i : feed.asset;
    }
    feed.age_max = time_of(&values[ASSET_PRICE_AGE_MAX]);
    feed.divergence_max.value = small_number(&values[ASSET_PRICE_DIVERGENCE_MAX]);
    CHECK(core->feeds_count < FEEDS_MAX); /* two an asset */
    core->feeds[core->feeds_count++] = feed;
}

static void take_feeds(const struct taking *taking)
{
    const struct mandate_entries *assets = &taking->mandate->sections[MANDATE_ASSETS];

    for (uint32_t i = 0; i < assets->count && !reading_failed(taking->reading); i++) {
        take_feed(taking, &assets->entries[i], &assets->entries[i].values[ASSET_PRICE]);
        take_feed(taking, &assets->entries[i], &assets->entries[i].values[ASSET_PRICE_SECOND]);
    }
}

static void take_limits(const struct taking *taking)
{
    const struct mandate_value *values = mandate_only(taking->mandate, MANDATE_LIMITS)->values;
    struct core_route *route = &taking->config->core.route;

    route->mandate = taking->mandate->hash;
    route->window = time_of(&values[LIMIT_WINDOW]);
    route->tolerance.value = small_number(&values[LIMIT_TOLERANCE]);
    route->move_min = values[LIMIT_MOVE_MIN].number;
    route->move_max = values[LIMIT_MOVE_MAX].number;
    route->velocity = values[LIMIT_VELOCITY].number;
    route->fee_max.value = small_number(&values[LIMIT_FEE_MAX]);
    route->fee_native_max = values[LIMIT_FEE_NATIVE_MAX].number;
    route->fee_budget = values[LIMIT_FEE_BUDGET].number;
    route->margin.value = small_number(&values[LIMIT_MARGIN]);
    route->coin_price = values[LIMIT_COIN_PRICE].number;
    route->cooldown = time_of(&values[LIMIT_COOLDOWN]);
    route->horizon = time_of(&values[LIMIT_HORIZON]); /* zero where it is not given */
    if (values[LIMIT_FEE_BUDGET].given && amount_is_zero(&route->fee_budget)) {
        refuse_at(taking, STATUS_MALFORMED, values[LIMIT_FEE_BUDGET].line,
                  "a budget of nothing: nothing could move");
    }
}

/* Acting under a line that nobody enforces would be acting without it. */
static void refuse_unenforced(const struct taking *taking)
{
    struct mandate_lines lines;

    if (mandate_lines_of(taking->mandate, &lines) != STATUS_OK) {
        refuse_at(taking, STATUS_NO_MEMORY, 1, "no memory");
        return;
    }
    for (uint32_t i = 0; i < lines.count; i++) {
        if (mandate_enforcers(taking->mandate, &lines.lines[i]) == 0) {
            char what[200];
            (void)snprintf(what, sizeof(what),
                           "%.120s is not enforced yet by anybody: no \"mode: act\" under it",
                           lines.lines[i].path);
            refuse_at(taking, STATUS_REFUSED, lines.lines[i].line, what);
            break;
        }
    }
    mandate_lines_deinit(&lines);
}

static void take_mandate(const struct taking *taking)
{
    struct mandate_findings findings;

    mandate_check(taking->mandate, &findings);
    if (findings.count > 0) {
        refuse_at(taking, STATUS_MALFORMED, findings.list[0].line, findings.list[0].text);
        return;
    }
    take_assets(taking);
    take_feeds(taking);
    take_kind(taking, "warp-route", take_router);
    take_kind(taking, "spoke", take_spoke);
    take_kind(taking, "erc4626", take_vault);
    take_kind(taking, "aave-v3", take_reserve);
    take_kind(taking, "hub", take_hub);
    take_limits(taking);
    if (taking->config->core.route.mode == ROUTE_ACT) {
        refuse_unenforced(taking);
    }
}

static bool says_limits(const struct file_config *file)
{
    const struct file_route *route = file->route;

    return file->assets_count > 0 || file->routers_count > 0 ||
           (route != NULL &&
            (route->tolerance != NULL || route->move_min != NULL || route->move_max != NULL ||
             route->fee_max != NULL || route->margin != NULL || route->coin_price != NULL ||
             route->fee_native_max != NULL || route->cooldown != NULL));
}

void config_read_mandate(struct reading *reading, const struct file_config *file,
                         struct node_config *config)
{
    struct mandate_acceptance acceptance;

    if (file->mandate == NULL || reading_failed(reading)) {
        return;
    }
    reading_at(reading, "%s", "");
    reading_path(reading, "mandate", file->mandate, sizeof(config->mandate), config->mandate);
    if (says_limits(file)) {
        reading_refuse(reading, "mandate", STATUS_MALFORMED,
                       "says what \"assets\", \"routers\" and the limits of \"route\" are: leave "
                       "them out (of \"route\", \"mode\" and \"plan_interval\" stay)");
    }
    if (reading_failed(reading)) {
        return;
    }
    const enum status status = mandate_accept(config->data, config->mandate, clock_now_s(),
                                              MANDATE_LOOK, &acceptance, reading->error);
    if (status != STATUS_OK) {
        reading->status = status;
        return;
    }
    const struct taking taking = {
        .reading = reading, .config = config, .mandate = acceptance.mandate};
    take_mandate(&taking);
    (void)mandate_free(acceptance.mandate);
}
