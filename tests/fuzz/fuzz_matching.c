/* SPDX-License-Identifier: Apache-2.0 */
/* The reference relayer's lists: the first byte says which; what is read is sound, judges any
 * message, and is read again from what is written of it as the same. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message/policy.h"
#include "relay/node/config/policy_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static enum status read_one(uint8_t which, struct bytes json, struct core_policy *policy)
{
    const struct core_rule like = {.kind = RULE_WHITELIST};
    struct policy_error error;

    return which == 'a'   ? policy_read_addresses(json, policy, &error)
           : which == 'g' ? policy_read_payment(json, policy, &error)
                          : policy_read_list(json, &like, policy, &error);
}

static char *write_one(uint8_t which, const struct core_policy *policy)
{
    return which == 'a'   ? policy_write_addresses(policy)
           : which == 'g' ? policy_write_payment(policy)
                          : policy_write_list(policy, RULE_WHITELIST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static struct core_policy policy;
    static struct core_policy again;
    const struct hash id = {{1}};
    struct message_view view = {.version = MESSAGE_VERSION, .origin = 901, .destination = 902};
    const struct policy_paid paid = {.gas_spent = 5};

    if (count == 0) {
        return 0;
    }
    memset(&policy, 0, sizeof(policy));
    memset(&again, 0, sizeof(again));
    if (read_one(data[0], bytes_from(data + 1, count - 1), &policy) != STATUS_OK) {
        CHECK(policy.rules_count == 0);
        CHECK(policy.conditions_count == 0);
        return 0;
    }
    CHECK(policy_is_sound(&policy));
    view.body = bytes_from(data, count);
    (void)policy_judge(&policy, &view, &id, (struct instant){.ns = 1});
    (void)policy_gas(&policy, &view, &id, &paid, 100000);
    char *text = write_one(data[0], &policy);
    CHECK(text != NULL);
    if (text[0] != '\0') {
        CHECK(read_one(data[0], bytes_from_string(text), &again) == STATUS_OK);
        CHECK(again.rules_count == policy.rules_count);
    }
    free(text);
    return 0;
}
