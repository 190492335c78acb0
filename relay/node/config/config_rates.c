/* SPDX-License-Identifier: Apache-2.0 */
/* What deliveries may cost and must bring: `delivery_limits`, `currency` and `rates` in the
 * configuration file. */
#include <string.h>

#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"

#define WINDOW_DEFAULT  "24 h"
#define COIN_DECIMALS   18u
#define RATE_DECIMALS   18u
#define TOKEN_DECIMALS  36u
#define WORTH_BYTES_MAX 64u

/* "3000.5 USD" */
static struct amount read_worth(struct reading *reading, const char *key, const char *text,
                                const struct core_policy *policy)
{
    char wanted[WORTH_BYTES_MAX];
    struct amount worth = amount_zero();

    if (policy->currency[0] == '\0') {
        reading_refuse(reading, key, STATUS_MALFORMED, "needs \"currency\", the unit of all rates");
    } else if (!reading_failed(reading) &&
               settings_parse_amount(text, policy->currency, RATE_DECIMALS, &worth) != STATUS_OK) {
        (void)snprintf(wanted, sizeof(wanted), "must be a number and %s", policy->currency);
        reading_refuse(reading, key, STATUS_MALFORMED, wanted);
    }
    return worth;
}

static void read_rate(struct reading *reading, const struct file_rate *from,
                      struct core_config *core)
{
    struct core_policy *policy = &core->policy;
    struct core_rate rate = {.decimals = COIN_DECIMALS};

    rate.domain = config_read_chain_name(reading, core, from->chain);
    if (from->token != NULL) {
        rate.token = reading_address(reading, "token", from->token);
        rate.decimals = (uint32_t)reading_count(
            reading, "decimals", reading_given(from->decimals, "18"), 0, TOKEN_DECIMALS);
    } else if (from->decimals != NULL) {
        reading_refuse(reading, "decimals", STATUS_MALFORMED, "needs \"token\"");
    }
    rate.price = read_worth(reading, "price", from->price, policy);
    if (!reading_failed(reading) && amount_is_zero(&rate.price)) {
        reading_refuse(reading, "price", STATUS_MALFORMED, "must be more than nothing");
    }
    for (uint32_t i = 0; i < policy->rates_count; i++) {
        if (policy->rates[i].domain == rate.domain &&
            address_equal(&policy->rates[i].token, &rate.token)) {
            reading_refuse(reading, "chain", STATUS_MALFORMED,
                           "has this rate twice: a coin or token has one price");
        }
    }
    policy->rates[policy->rates_count++] = rate;
}

static void read_budget(struct reading *reading, const struct file_delivery_limit *from,
                        struct core_limit *limit)
{
    if (from->budget == NULL) {
        if (from->window != NULL) {
            reading_refuse(reading, "window", STATUS_MALFORMED, "needs \"budget\"");
        }
        return;
    }
    limit->budget = reading_native(reading, "budget", from->budget);
    limit->window =
        reading_duration(reading, "window", reading_given(from->window, WINDOW_DEFAULT));
    if (!reading_failed(reading) && amount_is_zero(&limit->budget)) {
        reading_refuse(reading, "budget", STATUS_MALFORMED,
                       "must be more than nothing; \"blacklist\" is for what is never delivered");
    }
    if (!reading_failed(reading) && limit->window.ns == 0) {
        reading_refuse(reading, "window", STATUS_MALFORMED, "must be more than nothing");
    }
}

static void read_limit(struct reading *reading, const struct file_delivery_limit *from,
                       struct core_policy *policy)
{
    struct core_limit limit = {.wants_profit = from->profit_min != NULL};
    struct core_rule rule = {.kind = RULE_LIMIT, .limit = policy->limits_count};

    reading_name(reading, "name", from->name, limit.name);
    for (uint32_t i = 0; i < policy->limits_count; i++) {
        if (strcmp(policy->limits[i].name, limit.name) == 0) {
            reading_refuse(reading, "name", STATUS_MALFORMED, "is another limit's name as well");
        }
    }
    if (from->fee_per_gas_max != NULL) {
        limit.fee_per_gas_max = reading_native(reading, "fee_per_gas_max", from->fee_per_gas_max);
        if (!reading_failed(reading) && amount_is_zero(&limit.fee_per_gas_max)) {
            reading_refuse(reading, "fee_per_gas_max", STATUS_MALFORMED,
                           "must be more than nothing");
        }
    }
    if (limit.wants_profit) {
        limit.profit_min = read_worth(reading, "profit_min", from->profit_min, policy);
    }
    read_budget(reading, from, &limit);
    policy->limits[policy->limits_count++] = limit;
    config_read_list(reading, "match", from->match, &rule, policy);
}

void config_read_rates(struct reading *reading, const struct file_config *file,
                       struct core_config *core)
{
    reading_at(reading, "%s", "");
    if (file->currency != NULL) {
        reading_name(reading, "currency", file->currency, core->policy.currency);
    } else if (file->rates_count > 0) {
        reading_refuse(reading, "rates", STATUS_MALFORMED,
                       "need \"currency\", the unit that all of them share");
    }
    for (unsigned i = 0; i < file->rates_count && !reading_failed(reading); i++) {
        reading_at(reading, "rates[%u]", i);
        read_rate(reading, &file->rates[i], core);
    }
    for (unsigned i = 0; i < file->delivery_limits_count && !reading_failed(reading); i++) {
        reading_at(reading, "delivery_limits[%u]", i);
        read_limit(reading, &file->delivery_limits[i], &core->policy);
    }
}
