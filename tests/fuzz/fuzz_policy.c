/* SPDX-License-Identifier: Apache-2.0 */
/* Unsigned transactions before the signer's policy. The input is chain id, leg and transaction
 * bytes; what the policy allows must be what the rules say, seen with other eyes: the raw bytes. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "tests/unit/signer_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_allowed(const struct wire_request *request,
                          const struct policy_transaction *allowed)
{
    const struct evm_transaction *transaction = &allowed->transaction;
    const struct address mailbox = fixture_address(FIXTURE_MAILBOX);
    const struct address router = fixture_address(FIXTURE_ROUTER);
    const struct address announce = fixture_address(FIXTURE_ANNOUNCE);
    const struct address multicall = fixture_address(FIXTURE_MULTICALL);
    const struct address bridge = fixture_address(FIXTURE_BRIDGE);
    const struct address spoke = fixture_address(FIXTURE_SPOKE);
    CHECK(transaction->chain_id == FIXTURE_CHAIN_ID);
    CHECK(transaction->gas_limit <= 1000000);
    switch (request->transaction.leg_kind) {
    case LEG_PROCESS:
        CHECK(address_equal(&transaction->to, &mailbox));
        CHECK(amount_is_zero(&transaction->value));
        break;
    case LEG_REBALANCE:
        CHECK(address_equal(&transaction->to, &router));
        CHECK(transaction->data.count == 4 + 96);
        CHECK(memcmp(transaction->data.data + 4 + 64, bridge.bytes, 32) == 0);
        CHECK(transaction->data.data[4 + 31] == (FIXTURE_OTHER_DOMAIN & 0xff));
        break;
    case LEG_ANNOUNCE:
        CHECK(address_equal(&transaction->to, &announce));
        CHECK(amount_is_zero(&transaction->value));
        break;
    case LEG_BATCH:
        CHECK(address_equal(&transaction->to, &multicall));
        CHECK(amount_is_zero(&transaction->value));
        CHECK(transaction->data.count % 32 == 4);
        break;
    case LEG_CANCEL:
        CHECK(address_equal(&transaction->to, &request->transaction.key));
        CHECK(transaction->data.count == 0);
        break;
    case LEG_VENUE:
        CHECK(address_equal(&transaction->to, &spoke));
        CHECK(transaction->data.count == 4 + 160);
        CHECK(memcmp(transaction->data.data + 4, request->transaction.leg_id.bytes, 32) == 0);
        CHECK(transaction->data.data[4 + 127] == 0);
        CHECK(amount_is_zero(&transaction->value));
        break;
    case LEG_CROSSING:
        CHECK(address_equal(&transaction->to, &spoke));
        CHECK(transaction->data.count == 4 + 224);
        CHECK(memcmp(transaction->data.data + 4, request->transaction.leg_id.bytes, 32) == 0);
        CHECK(memcmp(transaction->data.data + 4 + 96, bridge.bytes, 32) == 0);
        CHECK(transaction->data.data[4 + 159] == (FIXTURE_OTHER_DOMAIN & 0xff));
        break;
    case LEG_HUB:
        CHECK(address_equal(&transaction->to, &spoke));
        CHECK(transaction->data.count == 4 + 160);
        CHECK(memcmp(transaction->data.data + 4, request->transaction.leg_id.bytes, 32) == 0);
        CHECK(amount_is_zero(&transaction->value));
        break;
    case LEG_SETTLE:
        CHECK(address_equal(&transaction->to, &spoke));
        CHECK(transaction->data.count == 4 + 64);
        CHECK(amount_is_zero(&transaction->value));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static struct policy policy;
    struct wire_request request = {.ask = WIRE_ASK_TRANSACTION};
    struct policy_transaction allowed;
    struct refusal refusal = {.kind = REFUSAL_NONE};
    if (count < 1) {
        return 0;
    }
    if (policy.chains_count == 0) {
        fixture_policy(&policy);
        struct policy_chain *const chain = &policy.chains[0];
        chain->rules[chain->rules_count++] =
            (struct policy_rule){.leg = LEG_VENUE,
                                 .verb = VENUE_DEPOSIT,
                                 .contract = fixture_address(FIXTURE_SPOKE),
                                 .venues_count = 1,
                                 .amount_max = amount_from_u64(1000)};
        chain->rules[chain->rules_count++] =
            (struct policy_rule){.leg = LEG_CROSSING,
                                 .contract = fixture_address(FIXTURE_SPOKE),
                                 .token = fixture_address(FIXTURE_TOKEN),
                                 .bridges = {fixture_address(FIXTURE_BRIDGE)},
                                 .bridges_count = 1,
                                 .destinations = {FIXTURE_OTHER_DOMAIN},
                                 .destinations_count = 1,
                                 .amount_max = amount_from_u64(1000)};
        chain->rules[chain->rules_count++] =
            (struct policy_rule){.leg = LEG_SETTLE, .contract = fixture_address(FIXTURE_SPOKE)};
        chain->rules[chain->rules_count++] = (struct policy_rule){
            .leg = LEG_HUB, .hub_verb = HUB_PAY, .contract = fixture_address(FIXTURE_SPOKE)};
    }
    request.transaction.domain = FIXTURE_DOMAIN;
    request.transaction.family = bytes_from_string("evm");
    request.transaction.key = fixture_address(0x77);
    request.transaction.leg_kind = data[0] == 7       ? LEG_CROSSING
                                   : data[0] == 8     ? LEG_SETTLE
                                   : data[0] == 9     ? LEG_HUB
                                   : data[0] % 6 == 5 ? LEG_BATCH
                                                      : (enum leg_kind)(LEG_PROCESS + data[0] % 6);
    /* As the seeds' orders name them. */
    request.transaction.leg_id.bytes[0] = (uint8_t)request.transaction.leg_kind;
    request.transaction.leg_id.bytes[1] = 2;
    request.transaction.transaction = bytes_from(data + 1, count - 1);
    if (policy_allows_transaction(&policy, &request, &allowed, &refusal)) {
        check_allowed(&request, &allowed);
    } else {
        CHECK(refusal.kind != REFUSAL_NONE);
        CHECK(strlen(refusal.text) > 0);
    }
    return 0;
}
