/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config/policy_json.h: the reference relayer's lists, as its configuration writes them
 * in JSON, and back.
 *
 * A matching list is an array of rules. A rule is an object of messageid, origindomain,
 * senderaddress, destinationdomain, recipientaddress (any case); each is "*" (or left out), one
 * value or an array of them. Domains are numbers, in decimal digits or 0x-hexadecimal; addresses
 * are 20 or 32 bytes in hexadecimal. `bodyregex` is one pattern (relay/core/message/pattern.h). An
 * empty list is as none. Every key that is not known is refused: a rule that is read in part would
 * match too much.
 *
 * Threads: none. The text is hostile: bounded, and refused with one sentence. */
#ifndef SLUICE_RELAY_NODE_CONFIG_POLICY_JSON_H
#define SLUICE_RELAY_NODE_CONFIG_POLICY_JSON_H

#include <stdio.h>

#include "relay/core/config.h"

#define POLICY_JSON_BYTES_MAX (256u << 10)

struct policy_error {
    char text[160];
};

/* Appends the rules of a matching list as rules of `kind` (whitelist, blacklist, or one block,
 * whose note and end `like` has). STATUS_MALFORMED: `ret_error` says what; STATUS_FULL: too many
 * rules or values. `policy` is then left as it was. */
MUST_USE enum status policy_read_list(struct bytes json, const struct core_rule *like,
                                      struct core_policy *policy, struct policy_error *ret_error);
/* addressBlacklist: an array of addresses, or one string with commas. Statuses as above. */
MUST_USE enum status policy_read_addresses(struct bytes json, struct core_policy *policy,
                                           struct policy_error *ret_error);
/* gasPaymentEnforcement: an array of {type, payment, gasFraction, feeToken, matchingList}; the
 * token, which the reference relayer does not take, is that of the origin. */
MUST_USE enum status policy_read_payment(struct bytes json, struct core_policy *policy,
                                         struct policy_error *ret_error);

/* What the functions above read again as the same rules; "" when there are none. NULL: no memory;
 * the caller frees it. */
char *policy_write_list(const struct core_policy *policy, enum rule_kind kind);
/* The matching list of one rule. */
char *policy_write_rule(const struct core_policy *policy, uint32_t rule);
/* The matching list of one limit. */
char *policy_write_limit(const struct core_policy *policy, uint32_t limit);
char *policy_write_addresses(const struct core_policy *policy);
char *policy_write_payment(const struct core_policy *policy);

#endif
