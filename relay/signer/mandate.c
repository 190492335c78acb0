/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/mandate.h"

#include <assert.h>
#include <string.h>

#include "relay/base/check.h"

#define KIND  "warp-route"
#define SPOKE "spoke"
#define HUB   "hub"

struct narrowing {
    const struct mandate *mandate;
    struct policy *policy;
    bool hourly; /* the mandate's budgets bound those of an hour */
};

/* The domain of one of the mandate's chains; 0: none. */
static uint32_t domain_of(const struct mandate *mandate, const char *name)
{
    const struct mandate_entry *chain = mandate_find(mandate, MANDATE_CHAINS, name);
    uint64_t domain = 0;

    return chain != NULL &&
                   amount_to_u64(&chain->values[CHAIN_DOMAIN].number, &domain) == STATUS_OK &&
                   domain <= UINT32_MAX
               ? (uint32_t)domain
               : 0;
}

static void lower(struct amount *limit, const struct mandate_value *other)
{
    if (other->given) {
        *limit = amount_smaller(limit, &other->number);
    }
}

/* The venue that a router is; NULL: it is none. */
static const struct mandate_entry *venue_of(const struct narrowing *narrowing,
                                            const struct policy_chain *chain,
                                            const struct address *router)
{
    const struct mandate_entries *venues = &narrowing->mandate->sections[MANDATE_VENUES];

    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_entry *venue = &venues->entries[i];
        if (strcmp(venue->values[VENUE_KIND].text, KIND) == 0 &&
            domain_of(narrowing->mandate, venue->values[VENUE_CHAIN].text) == chain->domain &&
            address_equal(&venue->values[VENUE_ADDRESS].address, router)) {
            return venue;
        }
    }
    return NULL;
}

/* The bridge that serves a venue; NULL: none does. */
static const struct mandate_entry *bridge_of(const struct narrowing *narrowing,
                                             const struct mandate_entry *venue)
{
    const struct mandate_entries *bridges = &narrowing->mandate->sections[MANDATE_BRIDGES];

    for (uint32_t i = 0; i < bridges->count; i++) {
        const struct mandate_value *values = bridges->entries[i].values;
        if (strcmp(values[BRIDGE_KIND].text, KIND) == 0 &&
            strcmp(values[BRIDGE_CHAIN].text, venue->values[VENUE_CHAIN].text) == 0 &&
            strcmp(values[BRIDGE_ASSET].text, venue->values[VENUE_ASSET].text) == 0) {
            return &bridges->entries[i];
        }
    }
    return NULL;
}

static bool goes_to(const struct narrowing *narrowing, const struct mandate_entry *bridge,
                    uint32_t domain)
{
    for (uint32_t i = 0; i < bridge->list_count; i++) {
        if (domain_of(narrowing->mandate, bridge->list[i]) == domain) {
            return true;
        }
    }
    return false;
}

/* The guard of whichever names one. False: they name two. */
static bool guard_narrow(const struct mandate_entry *venue, struct policy_rule *rule)
{
    const struct mandate_value *guard = &venue->values[VENUE_GUARD];

    if (!guard->given || address_equal(&rule->guard, &guard->address)) {
        return true;
    }
    if (!address_is_zero(&rule->guard)) {
        return false;
    }
    rule->guard = guard->address;
    return true;
}

/* Has the mandate, on this chain, a venue at this place of this spoke's list? */
static bool is_venue_named(const struct narrowing *narrowing, const struct policy_chain *chain,
                           const struct address *contract, uint32_t index)
{
    const struct mandate_entries *venues = &narrowing->mandate->sections[MANDATE_VENUES];
    const struct amount place = amount_from_u64(index);

    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_value *values = venues->entries[i].values;
        const struct mandate_entry *spoke =
            values[VENUE_SPOKE].given
                ? mandate_find(narrowing->mandate, MANDATE_VENUES, values[VENUE_SPOKE].text)
                : NULL;
        if (spoke != NULL &&
            domain_of(narrowing->mandate, spoke->values[VENUE_CHAIN].text) == chain->domain &&
            address_equal(&spoke->values[VENUE_ADDRESS].address, contract) &&
            amount_equal(&values[VENUE_INDEX].number, &place)) {
            return true;
        }
    }
    return false;
}

/* A venue leg: of the rule's venues those are left that the mandate names of this spoke. What
 * address stands at a place of the list, the spoke knows, and holds it to its code. */
static bool venue_narrow(const struct narrowing *narrowing, const struct policy_chain *chain,
                         struct policy_rule *rule)
{
    const struct mandate_value *limits = mandate_only(narrowing->mandate, MANDATE_LIMITS)->values;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < rule->venues_count; i++) {
        if (is_venue_named(narrowing, chain, &rule->contract, rule->venues[i])) {
            rule->venues[kept++] = rule->venues[i];
        }
    }
    rule->venues_count = kept;
    lower(&rule->amount_max, &limits[LIMIT_MOVE_MAX]);
    return kept > 0;
}

/* The venue that a spoke is for the token of a crossing; NULL: it is none. */
static const struct mandate_entry *spoke_of(const struct narrowing *narrowing,
                                            const struct policy_chain *chain,
                                            const struct policy_rule *rule)
{
    const struct mandate_entries *venues = &narrowing->mandate->sections[MANDATE_VENUES];

    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_value *values = venues->entries[i].values;
        if (strcmp(values[VENUE_KIND].text, SPOKE) == 0 &&
            domain_of(narrowing->mandate, values[VENUE_CHAIN].text) == chain->domain &&
            address_equal(&values[VENUE_ADDRESS].address, &rule->contract) &&
            address_equal(&values[VENUE_TOKEN].address, &rule->token)) {
            return &venues->entries[i];
        }
    }
    return NULL;
}

/* Of the rule's destinations those are left where the mandate has a spoke of the same asset. */
static void siblings_keep(const struct narrowing *narrowing, const struct mandate_entry *spoke,
                          struct policy_rule *rule)
{
    const struct mandate_entries *venues = &narrowing->mandate->sections[MANDATE_VENUES];
    uint32_t kept = 0;

    for (uint32_t i = 0; i < rule->destinations_count && spoke != NULL; i++) {
        bool has = false;
        for (uint32_t k = 0; k < venues->count; k++) {
            const struct mandate_value *values = venues->entries[k].values;
            has = has || (strcmp(values[VENUE_KIND].text, SPOKE) == 0 &&
                          strcmp(values[VENUE_ASSET].text, spoke->values[VENUE_ASSET].text) == 0 &&
                          domain_of(narrowing->mandate, values[VENUE_CHAIN].text) ==
                              rule->destinations[i]);
        }
        if (has) {
            rule->destinations[kept++] = rule->destinations[i];
        }
    }
    rule->destinations_count = kept;
}

/* False: nothing is left of the rule. */
static bool rule_narrow(const struct narrowing *narrowing, const struct policy_chain *chain,
                        struct policy_rule *rule)
{
    const struct mandate_value *limits = mandate_only(narrowing->mandate, MANDATE_LIMITS)->values;
    const struct mandate_entry *venue = venue_of(narrowing, chain, &rule->contract);
    const struct mandate_entry *bridge = venue == NULL ? NULL : bridge_of(narrowing, venue);
    uint32_t bridges = 0;
    uint32_t destinations = 0;

    if (rule->leg == LEG_VENUE) {
        return venue_narrow(narrowing, chain, rule);
    }
    if (rule->leg == LEG_CROSSING) {
        venue = spoke_of(narrowing, chain, rule);
        bridge = venue == NULL ? NULL : bridge_of(narrowing, venue);
        siblings_keep(narrowing, venue, rule);
    }
    if (bridge == NULL || !guard_narrow(venue, rule)) {
        return false;
    }
    for (uint32_t i = 0; i < rule->bridges_count; i++) {
        if (address_equal(&rule->bridges[i], &bridge->values[BRIDGE_ADDRESS].address)) {
            rule->bridges[bridges++] = rule->bridges[i];
        }
    }
    for (uint32_t i = 0; i < rule->destinations_count; i++) {
        if (goes_to(narrowing, bridge, rule->destinations[i])) {
            rule->destinations[destinations++] = rule->destinations[i];
        }
    }
    rule->bridges_count = bridges;
    rule->destinations_count = destinations;
    lower(&rule->amount_max, &limits[LIMIT_MOVE_MAX]);
    if (narrowing->hourly) {
        lower(&rule->amount_per_hour_max, &bridge->values[BRIDGE_VELOCITY]);
    }
    return bridges > 0 && destinations > 0;
}

/* Is the contract a hub of the mandate here, or a spoke, as the function needs it? */
static bool hub_is_named(const struct narrowing *narrowing, const struct policy_chain *chain,
                         const struct policy_rule *rule)
{
    const struct mandate_entries *venues = &narrowing->mandate->sections[MANDATE_VENUES];
    const bool of_spoke = rule->hub_verb == HUB_REPORT || rule->hub_verb == HUB_PAY;

    for (uint32_t i = 0; i < venues->count; i++) {
        const struct mandate_value *values = venues->entries[i].values;
        if (strcmp(values[VENUE_KIND].text, of_spoke ? SPOKE : HUB) == 0 &&
            domain_of(narrowing->mandate, values[VENUE_CHAIN].text) == chain->domain &&
            address_equal(&values[VENUE_ADDRESS].address, &rule->contract)) {
            return true;
        }
    }
    return false;
}

static bool rule_stays(const struct narrowing *narrowing, const struct policy_chain *chain,
                       struct policy_rule *rule)
{
    if (rule->leg == LEG_HUB) {
        return hub_is_named(narrowing, chain, rule);
    }
    return !policy_moves(rule->leg) || rule_narrow(narrowing, chain, rule);
}

static void chain_narrow(const struct narrowing *narrowing, struct policy_chain *chain)
{
    const struct mandate_entries *chains = &narrowing->mandate->sections[MANDATE_CHAINS];
    uint32_t kept = 0;

    for (uint32_t i = 0; i < chain->rules_count; i++) {
        struct policy_rule *rule = &chain->rules[i];
        if (rule_stays(narrowing, chain, rule)) {
            if (kept != i) {
                chain->rules[kept] = *rule;
            }
            kept++;
        }
    }
    chain->rules_count = kept;
    lower(&chain->value_max,
          &mandate_only(narrowing->mandate, MANDATE_LIMITS)->values[LIMIT_FEE_NATIVE_MAX]);
    for (uint32_t i = 0; i < chains->count && narrowing->hourly; i++) {
        if (domain_of(narrowing->mandate, chains->entries[i].name) == chain->domain) {
            lower(&chain->spend_per_hour_max, &chains->entries[i].values[CHAIN_GAS_BUDGET]);
        }
    }
}

static void approvers_narrow(const struct narrowing *narrowing)
{
    const struct mandate_entry *approve = mandate_only(narrowing->mandate, MANDATE_APPROVE);
    struct policy *policy = narrowing->policy;
    uint32_t kept = 0;

    if (approve == NULL) {
        return;
    }
    for (uint32_t i = 0; i < policy->approvers_count; i++) {
        for (uint32_t k = 0; k < approve->list_count; k++) {
            struct address named;
            const enum status status = settings_parse_address(approve->list[k], &named);
            CHECK(status == STATUS_OK); /* was read as one */
            if (address_equal(&policy->approvers[i], &named)) {
                policy->approvers[kept++] = named;
                break;
            }
        }
    }
    policy->approvers_count = kept;
}

/* ---- what places may hold ---- */

static uint32_t small_of(const struct mandate_value *value)
{
    uint64_t number = 0;

    return amount_to_u64(&value->number, &number) == STATUS_OK && number <= UINT32_MAX
               ? (uint32_t)number
               : UINT32_MAX;
}

/* The place of an entry in its section, from 1; 0: there is no such entry. */
static uint32_t number_of(const struct mandate *mandate, enum mandate_section section,
                          const struct mandate_value *name)
{
    const struct mandate_entries *entries = &mandate->sections[section];

    for (uint32_t i = 0; i < entries->count; i++) {
        if (name->given && strcmp(entries->entries[i].name, name->text) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* Of a router and of a spoke its chain's shares hold too: a chain has one of each for an asset. */
static void chain_shares_narrow(const struct mandate *mandate, const struct mandate_entry *venue,
                                struct policy_place *place)
{
    const struct mandate_entry *chain =
        mandate_find(mandate, MANDATE_CHAINS, venue->values[VENUE_CHAIN].text);
    const struct mandate_value *cap = &chain->values[CHAIN_CAP_SHARE];
    const uint32_t floor = small_of(&chain->values[CHAIN_FLOOR_SHARE]);

    if (cap->given && (place->cap_share.value == 0 || small_of(cap) < place->cap_share.value)) {
        place->cap_share.value = small_of(cap);
    }
    if (floor > place->floor_share.value) {
        place->floor_share.value = floor;
    }
}

static void place_add(const struct mandate *mandate, const struct mandate_entry *venue,
                      struct policy *policy)
{
    const struct mandate_value *values = venue->values;
    const bool is_router = strcmp(values[VENUE_KIND].text, KIND) == 0;
    const bool is_spoke = strcmp(values[VENUE_KIND].text, SPOKE) == 0;
    const struct mandate_entry *holder =
        values[VENUE_SPOKE].given ? mandate_find(mandate, MANDATE_VENUES, values[VENUE_SPOKE].text)
                                  : venue;
    const uint32_t issuer = number_of(mandate, MANDATE_ISSUERS, &values[VENUE_ISSUER]);

    CHECK(policy->places_count < POLICY_PLACES_MAX);
    CHECK(holder != NULL); /* the mandate was checked */
    struct policy_place *place = &policy->places[policy->places_count++];
    *place = (struct policy_place){
        .domain = domain_of(mandate, values[VENUE_CHAIN].text),
        .contract = holder->values[VENUE_ADDRESS].address,
        .venue = is_router || is_spoke ? 0 : small_of(&values[VENUE_INDEX]) + 1,
        .is_router = is_router,
        .asset = number_of(mandate, MANDATE_ASSETS, &values[VENUE_ASSET]),
        .cap = values[VENUE_CAP].number,
        .floor = values[VENUE_FLOOR].number,
        .cap_share.value = small_of(&values[VENUE_CAP_SHARE]),
        .floor_share.value = small_of(&values[VENUE_FLOOR_SHARE]),
        .issuer = issuer,
    };
    if (issuer != 0) {
        place->issuer_cap_share.value = small_of(
            &mandate->sections[MANDATE_ISSUERS].entries[issuer - 1].values[ISSUER_CAP_SHARE]);
    }
    if (is_router && amount_compare(&values[VENUE_BUFFER].number, &place->floor) > 0) {
        place->floor = values[VENUE_BUFFER].number;
    }
    if (is_spoke) {
        place->buffer = values[VENUE_BUFFER].number;
    }
    if (is_router || is_spoke) {
        chain_shares_narrow(mandate, venue, place);
    }
}

/* Every venue that a node moves capital to or from. */
static void places_take(const struct mandate *mandate, struct policy *policy)
{
    static const char *const kinds[] = {KIND, SPOKE, "erc4626", "aave-v3"};
    const struct mandate_entries *venues = &mandate->sections[MANDATE_VENUES];

    static_assert(POLICY_PLACES_MAX >= MANDATE_ENTRIES_MAX, "all venues are places");
    for (uint32_t i = 0; i < venues->count; i++) {
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            if (strcmp(venues->entries[i].values[VENUE_KIND].text, kinds[k]) == 0) {
                place_add(mandate, &venues->entries[i], policy);
            }
        }
    }
}

void signer_mandate_apply(const struct mandate *mandate, struct policy *policy)
{
    const struct amount hour = amount_from_u64(MANDATE_WINDOW_OF_SIGNERS.ns);
    const struct mandate_value *window =
        &mandate_only(mandate, MANDATE_LIMITS)->values[LIMIT_WINDOW];
    const struct narrowing narrowing = {.mandate = mandate,
                                        .policy = policy,
                                        .hourly = amount_compare(&window->number, &hour) <= 0};

    policy->has_mandate = true;
    policy->mandate = mandate->hash;
    for (uint32_t i = 0; i < policy->chains_count; i++) {
        chain_narrow(&narrowing, &policy->chains[i]);
    }
    approvers_narrow(&narrowing);
    places_take(mandate, policy);
}
