/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signer_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/hyperlane/message.h"

struct address fixture_address(uint8_t byte)
{
    uint8_t bytes[20];
    memset(bytes, byte, sizeof(bytes));
    return address_from_evm(bytes);
}

static void fill_chain(struct policy_chain *chain, uint32_t domain, uint64_t chain_id,
                       uint32_t other)
{
    memcpy(chain->name, "alpha", 6);
    chain->domain = domain;
    chain->chain_id = chain_id;
    chain->gas_limit_max = 1000000;
    chain->fee_per_gas_max = amount_from_u64(10000000000u);
    chain->value_max = amount_from_u64(5000);
    chain->spend_per_hour_max = amount_from_u64(UINT64_MAX);
    chain->rules_count = 4;
    chain->rules[0] =
        (struct policy_rule){.leg = LEG_PROCESS, .contract = fixture_address(FIXTURE_MAILBOX)};
    chain->rules[1] = (struct policy_rule){.leg = LEG_REBALANCE,
                                           .contract = fixture_address(FIXTURE_ROUTER),
                                           .bridges = {fixture_address(FIXTURE_BRIDGE)},
                                           .bridges_count = 1,
                                           .destinations = {other},
                                           .destinations_count = 1,
                                           .amount_max = amount_from_u64(1000),
                                           .amount_per_hour_max = amount_from_u64(2500)};
    chain->rules[2] =
        (struct policy_rule){.leg = LEG_ANNOUNCE, .contract = fixture_address(FIXTURE_ANNOUNCE)};
    chain->rules[3] =
        (struct policy_rule){.leg = LEG_BATCH, .contract = fixture_address(FIXTURE_MULTICALL)};
    chain->validates = true;
    chain->tree_hook = fixture_address(FIXTURE_HOOK);
    chain->mailbox = fixture_address(FIXTURE_MAILBOX);
}

void fixture_policy(struct policy *policy)
{
    memset(policy, 0, sizeof(*policy));
    policy->mode = SIGNER_MODE_ACT;
    policy->chains_count = 2;
    fill_chain(&policy->chains[0], FIXTURE_DOMAIN, FIXTURE_CHAIN_ID, FIXTURE_OTHER_DOMAIN);
    fill_chain(&policy->chains[1], FIXTURE_OTHER_DOMAIN, FIXTURE_OTHER_CHAIN_ID, FIXTURE_DOMAIN);
}

static void start(struct fixture_transaction *made, uint64_t nonce, uint8_t contract)
{
    memset(made, 0, sizeof(*made));
    made->transaction = (struct evm_transaction){.chain_id = FIXTURE_CHAIN_ID,
                                                 .nonce = nonce,
                                                 .priority_fee = amount_from_u64(1),
                                                 .fee_max = amount_from_u64(FIXTURE_FEE),
                                                 .gas_limit = FIXTURE_GAS,
                                                 .to = fixture_address(contract),
                                                 .value = amount_zero()};
}

/* One calldata under construction. */
struct calldata {
    struct fixture_transaction *made;
    size_t count;
};

static struct calldata call(struct fixture_transaction *made, const char selector[4])
{
    memcpy(made->data, selector, 4);
    return (struct calldata){.made = made, .count = 4};
}

static void put_word(struct calldata *calldata, uint64_t value)
{
    const struct amount amount = amount_from_u64(value);
    CHECK(calldata->count + 32 <= sizeof(calldata->made->data));
    amount_to_be(&amount, calldata->made->data + calldata->count);
    calldata->count += 32;
}

static void put_address(struct calldata *calldata, struct address address)
{
    CHECK(calldata->count + 32 <= sizeof(calldata->made->data));
    memcpy(calldata->made->data + calldata->count, address.bytes, 32);
    calldata->count += 32;
}

static void put_bytes(struct calldata *calldata, struct bytes bytes)
{
    const size_t padded = (bytes.count + 31) / 32 * 32;
    put_word(calldata, bytes.count);
    CHECK(calldata->count + padded <= sizeof(calldata->made->data));
    memcpy(calldata->made->data + calldata->count, bytes.data, bytes.count);
    calldata->count += padded;
}

static void finish(const struct calldata *calldata)
{
    calldata->made->transaction.data = bytes_from(calldata->made->data, calldata->count);
}

void fixture_process(struct fixture_transaction *made, uint64_t nonce)
{
    uint8_t message_memory[128];
    uint8_t metadata[65]; /* one byte into its third word */
    struct buffer message = buffer_from(message_memory, sizeof(message_memory));
    const struct message_view view = {.version = MESSAGE_VERSION,
                                      .nonce = 5,
                                      .origin = FIXTURE_OTHER_DOMAIN,
                                      .destination = FIXTURE_DOMAIN,
                                      .sender = fixture_address(1),
                                      .recipient = fixture_address(2),
                                      .body = bytes_from("hello", 5)};
    memset(metadata, 0x4d, sizeof(metadata));
    start(made, nonce, FIXTURE_MAILBOX);
    const enum status status = message_write(&view, &message);
    CHECK(status == STATUS_OK);
    struct calldata calldata = call(made, "\x7c\x39\xd1\x30");
    put_word(&calldata, 64);
    put_word(&calldata, 64 + 32 + 96);
    put_bytes(&calldata, bytes_from(metadata, sizeof(metadata)));
    put_bytes(&calldata, buffer_bytes(&message));
    finish(&calldata);
}

void fixture_batch(struct fixture_transaction *made, uint64_t nonce, uint32_t count)
{
    static struct fixture_transaction one;

    fixture_process(&one, nonce);
    const struct bytes inner = one.transaction.data;
    const size_t call_size = 96 + 32 + (inner.count + 31) / 32 * 32;
    start(made, nonce, FIXTURE_MULTICALL);
    struct calldata calldata = call(made, "\x82\xad\x56\xcb");
    put_word(&calldata, 32);
    put_word(&calldata, count);
    for (uint32_t i = 0; i < count; i++) {
        put_word(&calldata, 32 * (uint64_t)count + i * call_size);
    }
    for (uint32_t i = 0; i < count; i++) {
        put_address(&calldata, fixture_address(FIXTURE_MAILBOX));
        put_word(&calldata, 1);
        put_word(&calldata, 96);
        put_bytes(&calldata, inner);
    }
    finish(&calldata);
}

void fixture_rebalance(struct fixture_transaction *made, uint64_t nonce, uint32_t destination,
                       uint64_t amount)
{
    start(made, nonce, FIXTURE_ROUTER);
    struct calldata calldata = call(made, "\x6a\x99\xc3\x33");
    put_word(&calldata, destination);
    put_word(&calldata, amount);
    put_address(&calldata, fixture_address(FIXTURE_BRIDGE));
    finish(&calldata);
}

static struct hash leg_id(enum leg_kind leg, uint64_t nonce)
{
    struct hash id = {{0}};
    id.bytes[0] = (uint8_t)leg;
    id.bytes[1] = (uint8_t)nonce;
    return id;
}

static void put_hash(struct calldata *calldata, const struct hash *hash)
{
    struct address word;
    memcpy(word.bytes, hash->bytes, sizeof(word.bytes));
    put_address(calldata, word);
}

static void put_order(struct calldata *calldata, enum leg_kind leg, uint64_t nonce,
                      const struct hash *mandate)
{
    const struct hash id = leg_id(leg, nonce);
    put_hash(calldata, &id);
    put_hash(calldata, mandate);
    put_word(calldata, 1800000000);
}

void fixture_venue(struct fixture_transaction *made, uint64_t nonce, enum venue_verb verb,
                   uint64_t index, uint64_t amount, const struct hash *mandate)
{
    static const char *const selectors[] = {[VENUE_DEPOSIT] = "\x47\x2f\xa4\x01",
                                            [VENUE_WITHDRAW] = "\x56\x46\xe2\x6a",
                                            [VENUE_BORROW] = "\xd3\xca\x89\x6f",
                                            [VENUE_REPAY] = "\x4d\xe5\x52\x4e"};
    start(made, nonce, FIXTURE_SPOKE);
    struct calldata calldata = call(made, selectors[verb]);
    put_order(&calldata, LEG_VENUE, nonce, mandate);
    put_word(&calldata, index);
    put_word(&calldata, amount);
    finish(&calldata);
}

void fixture_crossing(struct fixture_transaction *made, uint64_t nonce, uint32_t destination,
                      uint64_t amount, const struct hash *mandate)
{
    start(made, nonce, FIXTURE_SPOKE);
    struct calldata calldata = call(made, "\x96\x2f\xe6\xa2");
    put_order(&calldata, LEG_CROSSING, nonce, mandate);
    put_address(&calldata, fixture_address(FIXTURE_BRIDGE));
    put_word(&calldata, destination);
    put_address(&calldata, fixture_address(FIXTURE_TOKEN));
    put_word(&calldata, amount);
    finish(&calldata);
}

void fixture_pay_hub(struct fixture_transaction *made, uint64_t nonce, uint64_t amount,
                     const struct hash *mandate)
{
    start(made, nonce, FIXTURE_SPOKE);
    struct calldata calldata = call(made, "\x8d\x79\xad\x36");
    put_order(&calldata, LEG_HUB, nonce, mandate);
    put_address(&calldata, fixture_address(FIXTURE_TOKEN));
    put_word(&calldata, amount);
    finish(&calldata);
}

void fixture_settle(struct fixture_transaction *made, uint64_t nonce, uint32_t origin)
{
    start(made, nonce, FIXTURE_SPOKE);
    struct calldata calldata = call(made, "\x0a\x58\x69\x6d");
    put_word(&calldata, origin);
    put_address(&calldata, fixture_address(FIXTURE_TOKEN));
    finish(&calldata);
}

void fixture_guarded(struct fixture_transaction *made, uint64_t nonce, uint64_t amount,
                     const struct hash *mandate)
{
    start(made, nonce, FIXTURE_GUARD);
    struct calldata calldata = call(made, "\x5a\x79\xd3\x30");
    put_order(&calldata, LEG_REBALANCE, nonce, mandate);
    put_address(&calldata, fixture_address(FIXTURE_ROUTER));
    put_word(&calldata, FIXTURE_OTHER_DOMAIN);
    put_word(&calldata, amount);
    put_address(&calldata, fixture_address(FIXTURE_BRIDGE));
    finish(&calldata);
}

void fixture_announce(struct fixture_transaction *made, uint64_t nonce)
{
    uint8_t signature[65];
    memset(signature, 9, sizeof(signature));
    start(made, nonce, FIXTURE_ANNOUNCE);
    struct calldata calldata = call(made, "\x21\xf7\x17\x81");
    put_address(&calldata, fixture_address(7));
    put_word(&calldata, 96);
    put_word(&calldata, 96 + 64);
    put_bytes(&calldata, bytes_from_string("file:///var/lib/x"));
    put_bytes(&calldata, bytes_from(signature, sizeof(signature)));
    finish(&calldata);
}

void fixture_cancel(struct fixture_transaction *made, uint64_t nonce, const struct address *key)
{
    start(made, nonce, 0);
    made->transaction.to = *key;
    made->transaction.gas_limit = 21000;
}

struct wire_request fixture_request(struct fixture_transaction *made, enum leg_kind leg,
                                    const struct address *key)
{
    struct wire_request request = {.id = 77, .ask = WIRE_ASK_TRANSACTION};
    struct buffer encoded = buffer_from(made->encoded, sizeof(made->encoded));
    const enum status status = evm_transaction_encode(&made->transaction, &encoded);
    CHECK(status == STATUS_OK);
    request.transaction.domain = FIXTURE_DOMAIN;
    request.transaction.family = bytes_from_string("evm");
    request.transaction.key = *key;
    request.transaction.leg_kind = leg;
    request.transaction.leg_id = leg_id(leg, made->transaction.nonce);
    request.transaction.transaction = buffer_bytes(&encoded);
    return request;
}

void fixture_break_watermark(void)
{
    for (int fd = 3; fd < 64; fd++) {
        char link[64];
        char target[256];
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        const ssize_t count = readlink(link, target, sizeof(target) - 1);
        if (count > 0) {
            target[count] = '\0';
        }
        if (count > 0 && strstr(target, "watermark.mdb") != NULL) {
            FILE *null = fopen("/dev/null", "r");
            CHECK(null != NULL);
            CHECK(dup2(fileno(null), fd) == fd);
            CHECK(fclose(null) == 0);
        }
    }
}
