/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/mandate.h"

#include <string.h>

#include "relay/base/check.h"

#define KIND  "warp-route"
#define SPOKE "spoke"

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

static void chain_narrow(const struct narrowing *narrowing, struct policy_chain *chain)
{
    const struct mandate_entries *chains = &narrowing->mandate->sections[MANDATE_CHAINS];
    uint32_t kept = 0;

    for (uint32_t i = 0; i < chain->rules_count; i++) {
        struct policy_rule *rule = &chain->rules[i];
        if (!policy_moves(rule->leg) || rule_narrow(narrowing, chain, rule)) {
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
}
