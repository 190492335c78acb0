/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/message/policy.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message/pattern.h"

#define FIELDS       (MATCH_BODY + 1u)
#define DECIMALS_MAX 36u

/* A domain, or an index. */
static uint32_t number_of(const struct hash *value)
{
    const uint8_t *last = value->bytes + sizeof(value->bytes) - 4;

    return (uint32_t)last[0] << 24 | (uint32_t)last[1] << 16 | (uint32_t)last[2] << 8 | last[3];
}

/* Windows have a length, and prices are prices. */
static bool are_limits_sound(const struct core_policy *policy)
{
    bool is_sound = policy->limits_count <= ROUTE_LIMITS_MAX && policy->rates_count <= RATES_MAX;

    for (uint32_t i = 0; is_sound && i < policy->limits_count; i++) {
        is_sound = amount_is_zero(&policy->limits[i].budget) || policy->limits[i].window.ns > 0;
    }
    for (uint32_t i = 0; is_sound && i < policy->rates_count; i++) {
        is_sound =
            policy->rates[i].decimals <= DECIMALS_MAX && !amount_is_zero(&policy->rates[i].price);
    }
    return is_sound;
}

bool policy_is_sound(const struct core_policy *policy)
{
    uint32_t rule = 0;

    if (policy->rules_count > RULES_MAX || policy->conditions_count > CONDITIONS_MAX ||
        policy->patterns_count > PATTERNS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < policy->conditions_count; i++) {
        if (policy->conditions[i].rule < rule ||
            policy->conditions[i].rule >= policy->rules_count) {
            return false;
        }
        rule = policy->conditions[i].rule;
        if (policy->conditions[i].field == MATCH_BODY &&
            number_of(&policy->conditions[i].value) >= policy->patterns_count) {
            return false;
        }
    }
    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].demand == GAS_DEMAND_QUOTED && policy->rules[i].gas_denominator == 0) {
            return false;
        }
        if (policy->rules[i].kind == RULE_LIMIT && policy->rules[i].limit >= policy->limits_count) {
            return false;
        }
    }
    return are_limits_sound(policy);
}

/* ---- one condition ---- */

static bool is_domain(const struct hash *value, uint32_t domain)
{
    return number_of(value) == domain;
}

/* False also where there is no such pattern. */
static bool body_fits(const struct core_policy *policy, uint32_t index, struct bytes body)
{
    if (index >= policy->patterns_count || index >= PATTERNS_MAX) {
        return false;
    }
    const char *text = policy->patterns[index].text;
    return pattern_matches(bytes_from(text, strnlen(text, PATTERN_BYTES_MAX)), body);
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

static bool holds(const struct core_policy *policy, const struct core_condition *condition,
                  const struct message_view *view, const struct hash *id)
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
    case MATCH_BODY:
        return body_fits(policy, number_of(value), view->body);
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
            matched[condition->field] || holds(policy, condition, cursor->view, cursor->id);
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
    case RULE_LIMIT:
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

/* ---- rates ---- */

static struct amount power_of_ten(uint32_t exponent)
{
    const struct amount ten = amount_from_u64(10);
    struct amount power = amount_from_u64(1);

    CHECK(exponent <= DECIMALS_MAX);
    for (uint32_t i = 0; i < exponent; i++) {
        const enum status status = amount_multiply(&power, &ten, &power);
        CHECK(status == STATUS_OK);
    }
    return power;
}

const struct core_rate *policy_rate(const struct core_policy *policy, uint32_t domain,
                                    const struct address *token)
{
    for (uint32_t i = 0; i < policy->rates_count; i++) {
        const struct core_rate *rate = &policy->rates[i];
        if (rate->domain == domain && address_equal(&rate->token, token) &&
            rate->decimals <= DECIMALS_MAX) {
            return rate;
        }
    }
    return NULL;
}

bool policy_worth(const struct core_rate *rate, const struct amount *amount,
                  struct amount *ret_worth)
{
    const struct amount whole = power_of_ten(rate->decimals);

    return amount_scale_floor(amount, &rate->price, &whole, ret_worth) == STATUS_OK;
}

bool policy_cost(const struct core_rate *rate, const struct amount *amount, struct amount *ret_cost)
{
    const struct amount whole = power_of_ten(rate->decimals);

    return amount_scale_ceil(amount, &rate->price, &whole, ret_cost) == STATUS_OK;
}

/* ---- payment ---- */

/* The first of a kind that matches. */
static const struct core_rule *first_rule(const struct core_policy *policy, enum rule_kind kind,
                                          const struct message_view *view, const struct hash *id)
{
    struct cursor cursor = {.policy = policy, .view = view, .id = id};

    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (rule_matches(&cursor, i) && policy->rules[i].kind == kind) {
            return &policy->rules[i];
        }
    }
    return NULL;
}

struct address policy_fee_token(const struct core_policy *policy, const struct message_view *view,
                                const struct hash *id)
{
    const struct core_rule *rule = first_rule(policy, RULE_GAS_PAYMENT, view, id);

    return rule == NULL ? (struct address){{0}} : rule->fee_token;
}

bool policy_knows_token(const struct core_policy *policy, uint32_t domain,
                        const struct address *token)
{
    bool is_known = policy_rate(policy, domain, token) != NULL;

    for (uint32_t i = 0; i < policy->rules_count; i++) {
        is_known = is_known || (policy->rules[i].kind == RULE_GAS_PAYMENT &&
                                address_equal(&policy->rules[i].fee_token, token));
    }
    return is_known && !address_is_zero(token);
}

/* The paid gas that failed tries have left. */
static struct amount gas_left(const struct policy_paid *paid)
{
    const struct amount spent = amount_from_u64(paid->gas_spent);
    struct amount left;

    return amount_subtract(&paid->gas, &spent, &left) == STATUS_OK ? left : amount_zero();
}

/* What failed tries have cost, in what was paid with; zero where the rates do not say. */
static struct amount payment_spent(const struct core_policy *policy,
                                   const struct message_view *view, const struct core_rule *rule,
                                   const struct policy_paid *paid)
{
    static const struct address coin = {{0}};
    const struct core_rate *from = policy_rate(policy, view->destination, &coin);
    const struct core_rate *to = policy_rate(policy, view->origin, &rule->fee_token);
    struct amount cost;
    struct amount spent;

    if (from == NULL || to == NULL || amount_is_zero(&paid->fee_spent)) {
        return amount_zero();
    }
    const struct amount whole = power_of_ten(to->decimals);
    if (!policy_cost(from, &paid->fee_spent, &cost) ||
        amount_scale_ceil(&cost, &whole, &to->price, &spent) != STATUS_OK) {
        return amount_max();
    }
    return spent;
}

struct policy_demand policy_gas(const struct core_policy *policy, const struct message_view *view,
                                const struct hash *id, const struct policy_paid *paid, uint64_t gas)
{
    const struct core_rule *rule = first_rule(policy, RULE_GAS_PAYMENT, view, id);
    struct policy_demand demand = {.kind = GAS_DEMAND_NONE, .is_met = true};

    if (rule == NULL) {
        return demand;
    }
    demand.kind = rule->demand;
    demand.token = rule->fee_token;
    switch (rule->demand) {
    case GAS_DEMAND_NONE:
        return demand;
    case GAS_DEMAND_MINIMUM: {
        const struct amount spent = payment_spent(policy, view, rule, paid);
        demand.needed = rule->payment;
        if (amount_subtract(&paid->payment, &spent, &demand.paid) != STATUS_OK) {
            demand.paid = amount_zero();
        }
        break;
    }
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

/* ---- limits ---- */

const struct core_limit *policy_limit(const struct core_policy *policy,
                                      const struct message_view *view, const struct hash *id)
{
    const struct core_rule *rule =
        policy->limits_count == 0 ? NULL : first_rule(policy, RULE_LIMIT, view, id);

    return rule == NULL || rule->limit >= policy->limits_count ? NULL
                                                               : &policy->limits[rule->limit];
}
