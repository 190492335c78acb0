/* SPDX-License-Identifier: Apache-2.0 */
/* Moves that need an approver's word: each test starts from a move that is signed and changes one
 * thing. The node is the enemy here: it has every signature it was ever given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/folder.h"
#include "tests/unit/signer_fixture.h"

#define NOW_S     UINT64_C(1790000000)
#define EXPIRES_S (NOW_S + 3600)
#define APPROVER  0x33 /* every byte of the approver's key */
#define STRANGER  0x44
#define MANDATE   0x4d
#define AMOUNT    100u

static struct folder folder;
static struct policy policy;
static struct ecdsa *ecdsa;
static struct secret *secret;
static struct signer_key key;
static struct signer signer;
static struct fixture_transaction made;
static struct approval plan; /* two moves; the first is `made` */
static struct signer_answer answer;
static uint64_t now_s;

static void sign_plan(uint8_t key_byte)
{
    struct secret approver;
    const struct hash digest = approval_digest(&plan);

    memset(approver.bytes, key_byte, sizeof(approver.bytes));
    assert_int_equal(ecdsa_sign(ecdsa, &approver, &digest, &plan.signature), STATUS_OK);
}

static void make_plan(void)
{
    memset(&plan, 0, sizeof(plan));
    memset(plan.plan_id.bytes, 7, sizeof(plan.plan_id.bytes));
    memset(plan.mandate.bytes, MANDATE, sizeof(plan.mandate.bytes));
    plan.moves_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        plan.moves[i] = (struct approval_move){.kind = MOVE_BETWEEN_ROUTERS,
                                               .source_domain = FIXTURE_DOMAIN,
                                               .source = fixture_address(FIXTURE_ROUTER),
                                               .target_domain = FIXTURE_OTHER_DOMAIN,
                                               .amount = amount_from_u64(AMOUNT + i)};
    }
    plan.expires_s = EXPIRES_S;
    sign_plan(APPROVER);
}

static int set_up(void **state)
{
    struct secret approver;
    enum watermark_age age;

    (void)state;
    folder = folder_make();
    fixture_policy(&policy);
    ecdsa = ecdsa_new();
    secret = secret_new();
    memset(secret, FIXTURE_SECRET, sizeof(*secret));
    key = (struct signer_key){.secret = secret, .chain = true};
    assert_int_equal(ecdsa_address(ecdsa, secret, &key.address), STATUS_OK);
    memset(approver.bytes, APPROVER, sizeof(approver.bytes));
    policy.mode = SIGNER_MODE_PROPOSE;
    policy.has_mandate = true;
    memset(policy.mandate.bytes, MANDATE, sizeof(policy.mandate.bytes));
    policy.approvers_count = 2;
    policy.approvers[0] = fixture_address(0x99);
    assert_int_equal(ecdsa_address(ecdsa, &approver, &policy.approvers[1]), STATUS_OK);
    signer = (struct signer){.policy = &policy, .ecdsa = ecdsa, .keys = &key, .keys_count = 1};
    assert_int_equal(watermark_open(folder.path, &signer.watermark, &age), STATUS_OK);
    make_plan();
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, AMOUNT);
    now_s = NOW_S;
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

static enum refusal_kind ask_bytes(struct bytes plan_bytes, uint32_t index)
{
    struct wire_request request = fixture_request(&made, LEG_REBALANCE, &key.address);

    request.transaction.leg_id = approval_move_id(&plan.plan_id, index);
    request.transaction.plan = plan_bytes;
    signer_answer(&signer, &request, (struct instant){.ns = now_s * 1000000000u}, &answer);
    signer_settle(&signer, &answer, 1);
    assert_true((answer.reply.outcome == OUTCOME_OK) == (answer.refusal.kind == REFUSAL_NONE));
    return answer.refusal.kind;
}

/* Asks for `made` with the plan as it is now. */
static enum refusal_kind ask(void)
{
    uint8_t memory[APPROVAL_BYTES_MAX];

    return ask_bytes(approval_pack(&plan, memory), plan.index);
}

static void an_approved_move_is_signed_once(void **state)
{
    (void)state;
    assert_int_equal(ask(), REFUSAL_NONE);
    assert_int_equal(ask(), REFUSAL_NONE); /* the same bytes again: the same signature */
    fixture_rebalance(&made, 1, FIXTURE_OTHER_DOMAIN, AMOUNT);
    assert_int_equal(ask(), REFUSAL_LEG);
    /* The plan's other move, with the same approval. */
    plan.index = 1;
    fixture_rebalance(&made, 1, FIXTURE_OTHER_DOMAIN, AMOUNT + 1);
    assert_int_equal(ask(), REFUSAL_NONE);
}

static void without_an_approval_nothing_moves(void **state)
{
    (void)state;
    uint8_t memory[APPROVAL_BYTES_MAX];
    const struct bytes whole = approval_pack(&plan, memory);

    assert_int_equal(ask_bytes((struct bytes){0}, 0), REFUSAL_PLAN);
    for (size_t cut = 1; cut < whole.count; cut += 7) {
        assert_int_equal(ask_bytes(bytes_from(memory, whole.count - cut), 0), REFUSAL_PLAN);
    }
    plan.expires_s = 0;
    sign_plan(APPROVER);
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    make_plan();
    memset(plan.signature.bytes, 0, sizeof(plan.signature.bytes));
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    sign_plan(STRANGER);
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    sign_plan(FIXTURE_SECRET); /* the chain's key approves nothing */
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    policy.approvers_count = 1;
    sign_plan(APPROVER);
    assert_int_equal(ask(), REFUSAL_APPROVAL);
}

/* Whatever is changed after the approver signed, the signature is not over it any more. */
static void an_approval_is_of_one_plan(void **state)
{
    (void)state;
    plan.moves[1].amount = amount_from_u64(999);
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    make_plan();
    plan.moves_count = 1;
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    make_plan();
    plan.expires_s++;
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    make_plan();
    plan.plan_id.bytes[0] ^= 1;
    assert_int_equal(ask(), REFUSAL_APPROVAL);
    make_plan();
    for (size_t i = 0; i < sizeof(plan.signature.bytes); i += 5) {
        plan.signature.bytes[i] ^= 1;
        assert_int_equal(ask(), REFUSAL_APPROVAL);
        plan.signature.bytes[i] ^= 1;
    }
    assert_int_equal(ask(), REFUSAL_NONE);
}

static void a_move_that_the_plan_does_not_name_is_refused(void **state)
{
    (void)state;
    uint8_t memory[APPROVAL_BYTES_MAX];

    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, AMOUNT + 2);
    assert_int_equal(ask(), REFUSAL_PLAN);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, AMOUNT + 1); /* of the second move */
    assert_int_equal(ask(), REFUSAL_PLAN);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, AMOUNT);
    assert_int_equal(ask_bytes(approval_pack(&plan, memory), 1), REFUSAL_PLAN);
    plan.moves[0].source_domain = FIXTURE_OTHER_DOMAIN;
    sign_plan(APPROVER);
    assert_int_equal(ask(), REFUSAL_PLAN);
    make_plan();
    plan.moves[0].source = fixture_address(FIXTURE_BRIDGE);
    sign_plan(APPROVER);
    assert_int_equal(ask(), REFUSAL_PLAN);
    make_plan();
    plan.moves[0].target_domain = FIXTURE_DOMAIN;
    sign_plan(APPROVER);
    assert_int_equal(ask(), REFUSAL_PLAN);
}

/* An approver approves moves, not exceptions: the rule's bounds stay. */
static void an_approval_lifts_no_bound(void **state)
{
    (void)state;
    plan.moves[0].amount = amount_from_u64(1001);
    sign_plan(APPROVER);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 1001);
    assert_int_equal(ask(), REFUSAL_AMOUNT);
    make_plan();
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, AMOUNT);
    made.transaction.to = fixture_address(0x77);
    plan.moves[0].source = fixture_address(0x77);
    sign_plan(APPROVER);
    assert_int_equal(ask(), REFUSAL_FUNCTION);
}

static void another_mandate_is_refused(void **state)
{
    (void)state;
    plan.mandate.bytes[31] ^= 1;
    sign_plan(APPROVER);
    assert_int_equal(ask(), REFUSAL_MANDATE);
    policy.mode = SIGNER_MODE_ACT;
    assert_int_equal(ask(), REFUSAL_MANDATE);
    plan.mandate.bytes[31] ^= 1;
    memset(plan.signature.bytes, 0, sizeof(plan.signature.bytes));
    plan.expires_s = 0;
    assert_int_equal(ask(), REFUSAL_NONE); /* act wants the mandate alone */
    fixture_rebalance(&made, 1, FIXTURE_OTHER_DOMAIN, AMOUNT);
    assert_int_equal(ask_bytes((struct bytes){0}, 0), REFUSAL_PLAN);
}

static void an_approval_ends(void **state)
{
    (void)state;
    now_s = EXPIRES_S;
    assert_int_equal(ask(), REFUSAL_EXPIRED);
    /* A clock that is set back does not bring it to life again. */
    now_s = NOW_S;
    assert_int_equal(ask(), REFUSAL_EXPIRED);
}

/* The move can be mined already: raising its fee is no new decision. */
static void a_signed_move_is_replaced_after_its_approval_ended(void **state)
{
    (void)state;
    now_s = EXPIRES_S - 1;
    assert_int_equal(ask(), REFUSAL_NONE);
    now_s = EXPIRES_S + 1;
    made.transaction.fee_max = amount_from_u64(FIXTURE_FEE + 1);
    assert_int_equal(ask(), REFUSAL_NONE);
    plan.index = 1;
    fixture_rebalance(&made, 1, FIXTURE_OTHER_DOMAIN, AMOUNT + 1);
    assert_int_equal(ask(), REFUSAL_EXPIRED);
}

int main(void)
{
#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        RULE(an_approved_move_is_signed_once),
        RULE(without_an_approval_nothing_moves),
        RULE(an_approval_is_of_one_plan),
        RULE(a_move_that_the_plan_does_not_name_is_refused),
        RULE(an_approval_lifts_no_bound),
        RULE(another_mandate_is_refused),
        RULE(an_approval_ends),
        RULE(a_signed_move_is_replaced_after_its_approval_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
