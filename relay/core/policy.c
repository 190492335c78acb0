/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/policy.h"

#include <string.h>

#include "relay/base/check.h"

#define FIELDS (MATCH_ANYWHERE + 1u)

bool policy_is_sound(const struct core_policy *policy)
{
    uint32_t rule = 0;

    if (policy->rules_count > RULES_MAX || policy->conditions_count > CONDITIONS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < policy->conditions_count; i++) {
        if (policy->conditions[i].rule < rule ||
            policy->conditions[i].rule >= policy->rules_count) {
            return false;
        }
        rule = policy->conditions[i].rule;
    }
    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].demand == GAS_DEMAND_QUOTED && policy->rules[i].gas_denominator == 0) {
            return false;
        }
    }
    return true;
}

/* ---- one condition ---- */

static bool is_domain(const struct hash *value, uint32_t domain)
{
    const uint8_t *last = value->bytes + sizeof(value->bytes) - 4;

    return ((uint32_t)last[0] << 24 | (uint32_t)last[1] << 16 | (uint32_t)last[2] << 8 | last[3]) ==
           domain;
}

/* An address of 20 bytes is found wherever these stand, as the reference relayer does. */
static bool body_has(struct bytes body, const struct hash *value)
{
    const struct address *address = (const struct address *)(const void *)value;
    const size_t skip = address_is_evm(address) ? 12 : 0;
    const size_t count = sizeof(value->bytes) - skip;

    for (size_t i = 0; i + count <= body.count; i++) {
        if (memcmp(body.data + i, value->bytes + skip, count) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct core_condition *condition, const struct message_view *view,
                  const struct hash *id)
{
    const struct hash *value = &condition->value;

    switch (condition->field) {
    case MATCH_MESSAGE_ID:
        return hash_equal(value, id);
    case MATCH_ORIGIN:
        return is_domain(value, view->origin);
    case MATCH_DESTINATION:
        return is_domain(value, view->destination);
    case MATCH_SENDER:
        return memcmp(value->bytes, view->sender.bytes, sizeof(value->bytes)) == 0;
    case MATCH_RECIPIENT:
        return memcmp(value->bytes, view->recipient.bytes, sizeof(value->bytes)) == 0;
    case MATCH_ANYWHERE:
        return memcmp(value->bytes, view->sender.bytes, sizeof(value->bytes)) == 0 ||
               memcmp(value->bytes, view->recipient.bytes, sizeof(value->bytes)) == 0 ||
               body_has(view->body, value);
    }
    CHECK(false);
    return false;
}

/* ---- rules ---- */

/* Walks the conditions, which stand in the order of their rules, once for all rules. */
struct cursor {
    const struct core_policy *policy;
    const struct message_view *view;
    const struct hash *id;
    uint32_t next; /* condition */
};

/* Whether the next rule matches: for each field that it names one of its values does. */
static bool rule_matches(struct cursor *cursor, uint32_t rule)
{
    const struct core_policy *policy = cursor->policy;
    bool named[FIELDS] = {false};
    bool matched[FIELDS] = {false};
    bool all = true;

    while (cursor->next < policy->conditions_count &&
           policy->conditions[cursor->next].rule == rule) {
        const struct core_condition *condition = &policy->conditions[cursor->next];
        named[condition->field] = true;
        matched[condition->field] =
            matched[condition->field] || holds(condition, cursor->view, cursor->id);
        cursor->next++;
    }
    for (uint32_t field = 0; field < FIELDS; field++) {
        all = all && (!named[field] || matched[field]);
    }
    return all;
}

/* What a rule that matches says; the lists' order is that of the reference relayer. */
static void note_match(const struct core_rule *rule, struct instant now, bool *is_listed,
                       struct policy_verdict *verdict)
{
    switch (rule->kind) {
    case RULE_WHITELIST:
        *is_listed = true;
        break;
    case RULE_BLACKLIST:
        verdict->reason = REASON_BLACKLISTED;
        break;
    case RULE_ADDRESS:
        if (verdict->reason != REASON_BLACKLISTED) {
            verdict->reason = REASON_ADDRESS_BLACKLISTED;
        }
        break;
    case RULE_BLOCK:
        if (verdict->reason == REASON_NONE &&
            (rule->until.ns == 0 || !instant_is_past(rule->until, now))) {
            *verdict = (struct policy_verdict){
                .reason = REASON_BLOCKED, .until = rule->until, .note = rule->note};
        }
        break;
    case RULE_GAS_PAYMENT:
        break;
    }
}

struct policy_verdict policy_judge(const struct core_policy *policy,
                                   const struct message_view *view, const struct hash *id,
                                   struct instant now)
{
    struct cursor cursor = {.policy = policy, .view = view, .id = id};
    struct policy_verdict verdict = {.reason = REASON_NONE, .note = ""};
    bool has_whitelist = false;
    bool is_listed = false;

    for (uint32_t i = 0; i < policy->rules_count; i++) {
        const struct core_rule *rule = &policy->rules[i];
        has_whitelist = has_whitelist || rule->kind == RULE_WHITELIST;
        if (rule_matches(&cursor, i)) {
            note_match(rule, now, &is_listed, &verdict);
        }
    }
    if (has_whitelist && !is_listed) {
        return (struct policy_verdict){.reason = REASON_NOT_WHITELISTED, .note = ""};
    }
    if (verdict.reason != REASON_BLOCKED) {
        verdict.until.ns = 0;
        verdict.note = "";
    }
    return verdict;
}

/* ---- payment ---- */

static const struct core_rule *gas_rule(const struct core_policy *policy,
                                        const struct message_view *view, const struct hash *id)
{
    struct cursor cursor = {.policy = policy, .view = view, .id = id};

    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (rule_matches(&cursor, i) && policy->rules[i].kind == RULE_GAS_PAYMENT) {
            return &policy->rules[i];
        }
    }
    return NULL;
}

/* The paid gas that failed tries have left. */
static struct amount gas_left(const struct policy_paid *paid)
{
    const struct amount spent = amount_from_u64(paid->gas_spent);
    struct amount left;

    return amount_subtract(&paid->gas, &spent, &left) == STATUS_OK ? left : amount_zero();
}

struct policy_demand policy_gas(const struct core_policy *policy, const struct message_view *view,
                                const struct hash *id, const struct policy_paid *paid, uint64_t gas)
{
    const struct core_rule *rule = gas_rule(policy, view, id);
    struct policy_demand demand = {.kind = GAS_DEMAND_NONE, .is_met = true};

    if (rule == NULL) {
        return demand;
    }
    demand.kind = rule->demand;
    switch (rule->demand) {
    case GAS_DEMAND_NONE:
        return demand;
    case GAS_DEMAND_MINIMUM:
        demand.needed = rule->payment;
        demand.paid = paid->payment;
        break;
    case GAS_DEMAND_QUOTED: {
        const struct amount needs = amount_from_u64(gas);
        const struct amount part = amount_from_u64(rule->gas_numerator);
        const struct amount whole = amount_from_u64(rule->gas_denominator);
        if (amount_scale_ceil(&needs, &part, &whole, &demand.needed) != STATUS_OK) {
            demand.needed = amount_max();
        }
        demand.paid = gas_left(paid);
        break;
    }
    }
    demand.is_met = amount_compare(&demand.paid, &demand.needed) >= 0;
    return demand;
}
