/* SPDX-License-Identifier: Apache-2.0 */
/* A thief at the signer's socket: he asks as he likes, for an hour, with plans of his own making
 * under the mandate in force. What was signed is weighed here, out of the transactions themselves:
 * in any hour it is no more than the custodian wrote down, and goes nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay/base/approval.h"
#include "relay/base/prng.h"
#include "tests/support/folder.h"
#include "tests/unit/signer_fixture.h"

#define NOW_S     UINT64_C(1790000000)
#define HOUR_S    UINT64_C(3600)
#define MOVE_MAX  UINT64_C(1000)
#define HOUR_MAX  UINT64_C(2500)
#define VALUE_MAX UINT64_C(5000)
#define GAS_SPEND ((uint64_t)FIXTURE_GAS * FIXTURE_FEE)
#define ASKS      400u

static struct folder folder;
static struct policy policy;
static struct ecdsa *ecdsa;
static struct secret *secret;
static struct signer_key key;
static struct signer signer;
static struct fixture_transaction made;
static struct signer_answer answer;

static struct policy_rule crossing_rule(void)
{
    return (struct policy_rule){.leg = LEG_CROSSING,
                                .contract = fixture_address(FIXTURE_SPOKE),
                                .token = fixture_address(FIXTURE_TOKEN),
                                .bridges = {fixture_address(FIXTURE_BRIDGE)},
                                .bridges_count = 1,
                                .destinations = {FIXTURE_OTHER_DOMAIN},
                                .destinations_count = 1,
                                .amount_max = amount_from_u64(MOVE_MAX),
                                .amount_per_hour_max = amount_from_u64(HOUR_MAX)};
}

static void open_watermark(void)
{
    enum watermark_age age;

    assert_int_equal(watermark_open(folder.path, &signer.watermark, &age), STATUS_OK);
}

static int set_up(void **state)
{
    (void)state;
    folder = folder_make();
    fixture_policy(&policy);
    struct policy_chain *chain = &policy.chains[0];
    chain->rules[chain->rules_count++] = crossing_rule();
    policy.has_mandate = true;
    memset(policy.mandate.bytes, 9, sizeof(policy.mandate.bytes));
    ecdsa = ecdsa_new();
    secret = secret_new();
    memset(secret, FIXTURE_SECRET, sizeof(*secret));
    key = (struct signer_key){.secret = secret, .chain = true};
    assert_int_equal(ecdsa_address(ecdsa, secret, &key.address), STATUS_OK);
    signer = (struct signer){.policy = &policy, .ecdsa = ecdsa, .keys = &key, .keys_count = 1};
    open_watermark();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    signer.watermark = watermark_close(signer.watermark);
    secret = secret_free(secret);
    ecdsa = ecdsa_free(ecdsa);
    folder_remove(&folder);
    return 0;
}

/* Asks to send `amount` of the spoke's, with so much native value, under a plan made for it. */
static bool steals(uint64_t number, uint64_t nonce, uint64_t amount, uint64_t value, uint64_t at_s)
{
    uint8_t memory[APPROVAL_BYTES_MAX];
    struct approval plan = {.moves_count = 1, .mandate = policy.mandate};

    memcpy(plan.plan_id.bytes, &number, sizeof(number));
    plan.moves[0] = (struct approval_move){.kind = MOVE_BETWEEN_SPOKES,
                                           .source_domain = FIXTURE_DOMAIN,
                                           .source = fixture_address(FIXTURE_SPOKE),
                                           .target_domain = FIXTURE_OTHER_DOMAIN,
                                           .target = fixture_address(0x77),
                                           .amount = amount_from_u64(amount)};
    fixture_crossing(&made, nonce, FIXTURE_OTHER_DOMAIN, amount, &policy.mandate);
    made.transaction.value = amount_from_u64(value);
    const struct hash leg = approval_leg_id(&plan.plan_id, 0, 0);
    memcpy(made.data + 4, leg.bytes, sizeof(leg.bytes));
    struct wire_request request = fixture_request(&made, LEG_CROSSING, &key.address);
    request.transaction.leg_id = leg;
    request.transaction.plan = approval_pack(&plan, memory);
    signer_answer(&signer, &request, (struct instant){.ns = at_s * 1000000000u}, &answer);
    signer_settle(&signer, &answer, 1);
    return answer.refusal.kind == REFUSAL_NONE;
}

/* What was signed, and when. */
struct loot {
    uint32_t count;
    uint64_t at_s[ASKS];
    uint64_t amount[ASKS];
    uint64_t spend[ASKS];
};

static void loot_add(struct loot *loot, uint64_t at_s, uint64_t amount, uint64_t value)
{
    loot->at_s[loot->count] = at_s;
    loot->amount[loot->count] = amount;
    loot->spend[loot->count++] = value + GAS_SPEND;
}

/* The most of any hour, wherever it begins. */
static uint64_t most_of_an_hour(const struct loot *loot, const uint64_t *of)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < loot->count; i++) {
        uint64_t sum = 0;
        for (uint32_t k = i; k < loot->count && loot->at_s[k] < loot->at_s[i] + HOUR_S; k++) {
            sum += of[k];
        }
        most = sum > most ? sum : most;
    }
    return most;
}

/* Three hours of asking; now and then he ends the signer and starts it again. */
static void ransack(struct loot *loot, uint64_t seed)
{
    struct prng prng = prng_from(seed);
    uint64_t at_s = NOW_S;
    uint64_t nonce = 0;

    memset(loot, 0, sizeof(*loot));
    for (uint64_t i = 0; i < ASKS; i++) {
        const uint64_t amount = 1 + prng_below(&prng, 2 * MOVE_MAX);
        const uint64_t value = prng_below(&prng, 2 * VALUE_MAX);
        at_s += prng_below(&prng, 54);
        if (prng_below(&prng, 40) == 0) {
            signer.watermark = watermark_close(signer.watermark);
            open_watermark();
        }
        if (steals(i, nonce, amount, value, at_s)) {
            assert_true(amount <= MOVE_MAX);
            assert_true(value <= VALUE_MAX);
            loot_add(loot, at_s, amount, value);
            nonce++;
        }
    }
}

static void repeated_bridging_takes_no_more_than_the_hours_amount(void **state)
{
    (void)state;
    static struct loot loot;

    ransack(&loot, 1);
    const uint64_t most = most_of_an_hour(&loot, loot.amount);
    assert_true(most <= HOUR_MAX);
    assert_true(most > HOUR_MAX / 2); /* he got what he could */
}

static void draining_through_fees_takes_no_more_than_the_hours_spend(void **state)
{
    (void)state;
    static struct loot loot;
    const uint64_t hour = 3 * (GAS_SPEND + VALUE_MAX);

    policy.chains[0].spend_per_hour_max = amount_from_u64(hour);
    policy.chains[0].rules[policy.chains[0].rules_count - 1].amount_per_hour_max =
        amount_from_u64(UINT64_MAX);
    ransack(&loot, 2);
    const uint64_t most = most_of_an_hour(&loot, loot.spend);
    assert_true(most <= hour);
    assert_true(most > hour / 2);
}

/* A move that was signed is signed again under its own nonce alone, whatever else is asked. */
static void a_replayed_order_is_no_second_payment(void **state)
{
    (void)state;

    assert_true(steals(1, 0, 10, 0, NOW_S));
    assert_false(steals(1, 1, 10, 0, NOW_S));
    assert_int_equal(answer.refusal.kind, REFUSAL_LEG);
    assert_false(steals(1, 0, 11, 0, NOW_S)); /* another payload on the nonce */
    signer.watermark = watermark_close(signer.watermark);
    open_watermark();
    assert_false(steals(1, 1, 10, 0, NOW_S + 10 * HOUR_S));
}

/* His plans and orders are under a mandate of his own: nothing is signed. */
static void a_mandate_of_the_thiefs_signs_nothing(void **state)
{
    (void)state;
    struct policy custodians = policy;

    custodians.mandate.bytes[0] ^= 1;
    signer.policy = &custodians;
    assert_false(steals(1, 0, 10, 0, NOW_S));
    assert_int_equal(answer.refusal.kind, REFUSAL_MANDATE);
}

#define THEFT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        THEFT(repeated_bridging_takes_no_more_than_the_hours_amount),
        THEFT(draining_through_fees_takes_no_more_than_the_hours_spend),
        THEFT(a_replayed_order_is_no_second_payment),
        THEFT(a_mandate_of_the_thiefs_signs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
