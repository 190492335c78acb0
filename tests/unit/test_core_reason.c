/* SPDX-License-Identifier: Apache-2.0 */
/* Every reason has a sentence, and no two have the same. */
#include "relay/core/reason.h"
#include "tests/support/unit.h"

static const enum reason reasons[] = {
    REASON_NONE,
    REASON_AWAITING_FINALITY,
    REASON_NOT_RELAYED,
    REASON_SECURITY_UNKNOWN,
    REASON_SECURITY_UNSUPPORTED,
    REASON_STORAGE_UNKNOWN,
    REASON_AWAITING_CHECKPOINTS,
    REASON_SIMULATION_REVERTED,
    REASON_SIMULATION_UNKNOWN,
    REASON_FEE_CEILING,
    REASON_NO_KEY,
    REASON_LANE_UNKNOWN,
    REASON_LANE_FULL,
    REASON_AWAITING_INCLUSION,
    REASON_AWAITING_DELIVERY_FINALITY,
    REASON_DELIVERED,
    REASON_DELIVERED_ELSEWHERE,
    REASON_HELD,
    REASON_DROPPED,
    REASON_MALFORMED_MESSAGE,
    REASON_TOO_LARGE,
    REASON_SIGNER_REFUSED,
    REASON_GAS_LIMIT,
    REASON_PAUSED,
    REASON_ORPHANED,
    REASON_INSUFFICIENT_FUNDS,
    REASON_TRANSACTION_REVERTED,
    REASON_QUEUED,
    REASON_LEAF_UNKNOWN,
    REASON_CHAIN_STOPPED,
    REASON_AWAITING_SECURITY,
    REASON_AWAITING_STORAGE,
    REASON_AWAITING_SIMULATION,
    REASON_UNKNOWN_MESSAGE,
    REASON_SECURITY_WEAK,
    REASON_QUARANTINED,
    REASON_REASON_MISSING,
    REASON_AWAITING_DEPTH,
    REASON_AWAITING_EVERYONE,
    REASON_TREE_UNKNOWN,
    REASON_LEAF_BEFORE_TREE,
    REASON_TREE_BEGUN,
    REASON_TREE_UNREADABLE,
    REASON_NOT_WHITELISTED,
    REASON_BLACKLISTED,
    REASON_ADDRESS_BLACKLISTED,
    REASON_BLOCKED,
    REASON_UNPAID,
    REASON_AWAITING_BATCH,
    REASON_REORG,
    REASON_REORG_BEYOND_FINALITY,
    REASON_LEAF_GAP,
    REASON_ROOT_MISMATCH,
    REASON_ENDPOINT_LOST,
    REASON_WRONG_CHAIN,
    REASON_MISSING_CONTRACT,
    REASON_FOREIGN_TRANSACTION,
    REASON_LOW_BALANCE,
    REASON_CHECKPOINT_REFUSED,
    REASON_ANNOUNCED,
    REASON_CHAIN_RESUMED,
    REASON_LANE_RESUMED,
    REASON_CONFIG_CHANGED,
    REASON_PAST_BEGUN,
    REASON_PAST_UNDER_WAY,
    REASON_PAST_READ,
    REASON_TREE_RESUMED,
    REASON_PUBLISH_FAILED,
    REASON_NOT_INCLUDED,
    REASON_REJECTED,
    REASON_CONTRADICTION,
    REASON_NO_QUORUM,
    REASON_AWAITING_LOOKUP,
    REASON_LOOKUP_FAILED,
    REASON_REORG_FLAGGED,
    REASON_QUORUM_HELD,
    REASON_QUORUM_SPLIT,
    REASON_DISSENT,
    REASON_FINAL_MOVED_BACK,
    REASON_UNRECONCILED,
    REASON_BACKING_DOUBTED,
    REASON_BACKING_BROKEN,
    REASON_BACKING_HELD,
    REASON_RECONCILED,
    REASON_POSITIONS_UNKNOWN,
    REASON_WITHIN_TOLERANCE,
    REASON_COOLDOWN,
    REASON_BELOW_MINIMUM,
    REASON_FEE_ABOVE_LIMIT,
    REASON_AWAITING_APPROVAL,
    REASON_OBSERVE_ONLY,
    REASON_PLAN_STALE,
    REASON_MOVE_UNDER_WAY,
    REASON_MOVE_ARRIVED,
    REASON_NO_BRIDGE_LIQUIDITY,
    REASON_PLAN_INFEASIBLE,
    REASON_PLAN_MADE,
    REASON_MOVE_STARTED,
    REASON_PLAN_REJECTED,
    REASON_PLAN_APPROVED,
    REASON_NOT_WORTH_IT,
    REASON_PLAN_UNPROVED,
    REASON_OVER_VELOCITY,
    REASON_OVER_BUDGET,
    REASON_MANDATE_BOUND,
    REASON_MOVE_REFUSED,
    REASON_STARTED,
    REASON_STOPPED,
    REASON_JOURNAL_UNWRITABLE,
    REASON_RESUMED,
};

#define REASONS_COUNT (sizeof(reasons) / sizeof(reasons[0]))

static void every_reason_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    const char *unknown = reason_text((enum reason)9999);

    for (size_t i = 0; i < REASONS_COUNT; i++) {
        assert_string_not_equal(unknown, reason_text(reasons[i]));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(reason_text(reasons[j]), reason_text(reasons[i]));
        }
    }
}

/* A value that is missing above would be a number in a gap of the table. */
static void no_other_number_has_one(void **state)
{
    (void)state;
    const char *unknown = reason_text((enum reason)9999);
    size_t known_count = 0;

    for (unsigned value = 0; value < 1000; value++) {
        known_count += strcmp(unknown, reason_text((enum reason)value)) != 0 ? 1 : 0;
    }
    assert_int_equal(REASONS_COUNT, known_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_sentence_of_its_own),
        cmocka_unit_test(no_other_number_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
