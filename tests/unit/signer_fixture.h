/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/signer_fixture.h: a policy, two keys and requests inside that policy, for the signer's
 * tests to bend. */
#ifndef SLUICE_TESTS_UNIT_SIGNER_FIXTURE_H
#define SLUICE_TESTS_UNIT_SIGNER_FIXTURE_H

#include "relay/signer/signer.h"

#define FIXTURE_DOMAIN           901u
#define FIXTURE_CHAIN_ID         31337u
#define FIXTURE_OTHER_DOMAIN     902u
#define FIXTURE_OTHER_CHAIN_ID   31338u
#define FIXTURE_GAS              300000u
#define FIXTURE_FEE              2000000000u /* wei per gas */
#define FIXTURE_SECRET           0x11        /* every byte of the chain key */
#define FIXTURE_VALIDATOR_SECRET 0x22

/* Addresses of 20 equal bytes. */
#define FIXTURE_MAILBOX   0xa1
#define FIXTURE_ROUTER    0xa2
#define FIXTURE_BRIDGE    0xa3
#define FIXTURE_ANNOUNCE  0xa4
#define FIXTURE_HOOK      0xa5
#define FIXTURE_GUARD     0xa6
#define FIXTURE_SPOKE     0xa7
#define FIXTURE_MULTICALL 0xa8
#define FIXTURE_TOKEN     0xa9

struct address fixture_address(uint8_t byte);

/* Both chains alike; mode act; 1,000 base units a move, 2,500 an hour. */
void fixture_policy(struct policy *policy);

/* Unsigned transactions with their calldata, in memory of their own. */
struct fixture_transaction {
    struct evm_transaction transaction;
    uint8_t data[16384];
    uint8_t encoded[20000];
};

void fixture_process(struct fixture_transaction *made, uint64_t nonce);
void fixture_rebalance(struct fixture_transaction *made, uint64_t nonce, uint32_t destination,
                       uint64_t amount);
/* So many calls like fixture_process, of the mailbox. */
void fixture_batch(struct fixture_transaction *made, uint64_t nonce, uint32_t count);
/* The same through a guard, by an order under `mandate` of the leg that fixture_request names. */
void fixture_guarded(struct fixture_transaction *made, uint64_t nonce, uint64_t amount,
                     const struct hash *mandate);
/* A spoke is asked for this verb, with such an order. */
void fixture_venue(struct fixture_transaction *made, uint64_t nonce, enum venue_verb verb,
                   uint64_t index, uint64_t amount, const struct hash *mandate);
/* A spoke is asked to send FIXTURE_TOKEN over FIXTURE_BRIDGE, with such an order. */
void fixture_crossing(struct fixture_transaction *made, uint64_t nonce, uint32_t destination,
                      uint64_t amount, const struct hash *mandate);
/* A spoke is asked to pay its hub. */
void fixture_pay_hub(struct fixture_transaction *made, uint64_t nonce, uint64_t amount,
                     const struct hash *mandate);
void fixture_settle(struct fixture_transaction *made, uint64_t nonce, uint32_t origin);
void fixture_announce(struct fixture_transaction *made, uint64_t nonce);
void fixture_cancel(struct fixture_transaction *made, uint64_t nonce, const struct address *key);

/* The request to sign it, from the chain key. The encoding is made anew. */
struct wire_request fixture_request(struct fixture_transaction *made, enum leg_kind leg,
                                    const struct address *key);

/* The watermark that is open can no longer be written: its descriptors read from an empty device.
 */
void fixture_break_watermark(void);

#endif
