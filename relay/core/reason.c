/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/reason.h"

const char *reason_text(enum reason reason)
{
    switch (reason) {
    case REASON_NONE:
        return "nothing is wrong";
    case REASON_AWAITING_FINALITY:
        return "waiting until the origin's block is final";
    case REASON_NOT_RELAYED:
        return "not ours to deliver: the destination is not configured with relay";
    case REASON_SECURITY_UNKNOWN:
        return "the recipient's security module could not be read yet";
    case REASON_SECURITY_UNSUPPORTED:
        return "the recipient's security module is of a kind this version cannot prove to";
    case REASON_STORAGE_UNKNOWN:
        return "validators have announced no store that can be read";
    case REASON_AWAITING_CHECKPOINTS:
        return "waiting for validators' signatures";
    case REASON_SIMULATION_REVERTED:
        return "the delivery reverts when simulated; it is tried again later";
    case REASON_SIMULATION_UNKNOWN:
        return "the delivery could not be simulated; it is tried again";
    case REASON_FEE_CEILING:
        return "the network's fee is above the configured ceiling";
    case REASON_NO_KEY:
        return "no sending key is configured on the destination";
    case REASON_LANE_UNKNOWN:
        return "the sending key's nonce has not been read yet";
    case REASON_LANE_FULL:
        return "the sending key has too many transactions in flight";
    case REASON_AWAITING_INCLUSION:
        return "sent, waiting to be included in a block";
    case REASON_AWAITING_DELIVERY_FINALITY:
        return "delivered, waiting until the destination's block is final";
    case REASON_DELIVERED:
        return "delivered and final";
    case REASON_DELIVERED_ELSEWHERE:
        return "delivered by another relayer";
    case REASON_HELD:
        return "held by a person";
    case REASON_DROPPED:
        return "dropped by a person";
    case REASON_MALFORMED_MESSAGE:
        return "the dispatched bytes are not a message of a known version";
    case REASON_TOO_LARGE:
        return "the message is larger than this version relays";
    case REASON_SIGNER_REFUSED:
        return "the signer refused to sign it under its policy";
    case REASON_GAS_LIMIT:
        return "needs more gas than one transaction may use";
    case REASON_PAUSED:
        return "sending is paused by a person";
    case REASON_ORPHANED:
        return "the dispatch was removed by a reorganisation of the origin";
    case REASON_INSUFFICIENT_FUNDS:
        return "the sending key cannot pay for it";
    case REASON_TRANSACTION_REVERTED:
        return "the delivery was included and reverted; it is tried again later";
    case REASON_QUEUED:
        return "waiting for its turn: enough messages to this destination are under way";
    case REASON_LEAF_UNKNOWN:
        return "not inserted into the origin's tree: there is nothing to prove it by yet";
    case REASON_CHAIN_STOPPED:
        return "its origin or its destination is stopped";
    case REASON_AWAITING_SECURITY:
        return "waiting for the destination to name the recipient's security module";
    case REASON_AWAITING_STORAGE:
        return "waiting for the origin to name the validators' stores";
    case REASON_AWAITING_SIMULATION:
        return "waiting for the delivery to be simulated";
    case REASON_UNKNOWN_MESSAGE:
        return "this node has not seen such a message";
    case REASON_REORG:
        return "blocks were replaced before they were final";
    case REASON_REORG_BEYOND_FINALITY:
        return "blocks that were final were replaced: the chain is stopped";
    case REASON_LEAF_GAP:
        return "the tree's leaves are not continuous: nothing is signed";
    case REASON_ROOT_MISMATCH:
        return "our tree differs from the chain's: nothing is signed";
    case REASON_ENDPOINT_LOST:
        return "an endpoint was lost";
    case REASON_WRONG_CHAIN:
        return "an endpoint serves another chain";
    case REASON_MISSING_CONTRACT:
        return "a configured contract does not exist";
    case REASON_FOREIGN_TRANSACTION:
        return "our key's nonce was used by somebody else: the key is frozen";
    case REASON_LOW_BALANCE:
        return "the sending key's balance is below the configured minimum";
    case REASON_CHECKPOINT_REFUSED:
        return "the signer refused a checkpoint: nothing more is signed for this chain";
    case REASON_ANNOUNCED:
        return "the place of our checkpoints is announced";
    case REASON_CHAIN_RESUMED:
        return "a person resumed the chain; it is read anew from the next start";
    case REASON_LANE_RESUMED:
        return "a person accepted the nonce that the chain states";
    case REASON_PUBLISH_FAILED:
        return "our checkpoint store cannot be written; it is tried again";
    case REASON_NOT_INCLUDED:
        return "a transaction was not included in time; it is sent again or its fee is raised";
    case REASON_REJECTED:
        return "the network does not take a transaction";
    case REASON_CONTRADICTION:
        return "what an endpoint says contradicts itself; it is read again";
    case REASON_UNRECONCILED:
        return "the ledger differs from the chain: flows are stopped";
    case REASON_RECONCILED:
        return "the ledger equals the chain";
    case REASON_POSITIONS_UNKNOWN:
        return "balances could not be read yet";
    case REASON_WITHIN_TOLERANCE:
        return "every position is within its tolerance";
    case REASON_COOLDOWN:
        return "waiting for the cooldown after the last plan";
    case REASON_BELOW_MINIMUM:
        return "the move is smaller than the configured minimum";
    case REASON_FEE_ABOVE_LIMIT:
        return "the bridge's fee is above the configured limit";
    case REASON_AWAITING_APPROVAL:
        return "waiting for a person's approval";
    case REASON_OBSERVE_ONLY:
        return "observing only: nothing is moved";
    case REASON_PLAN_STALE:
        return "the plan is void: what it was made from has changed";
    case REASON_MOVE_UNDER_WAY:
        return "a move is under way";
    case REASON_MOVE_ARRIVED:
        return "the move arrived";
    case REASON_NO_BRIDGE_LIQUIDITY:
        return "the bridge has not enough liquidity";
    case REASON_PLAN_INFEASIBLE:
        return "no plan satisfies every bound";
    case REASON_PLAN_MADE:
        return "a plan was made";
    case REASON_MOVE_STARTED:
        return "a move was started";
    case REASON_PLAN_REJECTED:
        return "a person rejected the plan";
    case REASON_PLAN_APPROVED:
        return "a person approved the plan";
    case REASON_STARTED:
        return "the node started";
    case REASON_STOPPED:
        return "the node stopped";
    case REASON_JOURNAL_UNWRITABLE:
        return "the journal cannot be written: nothing is sent until it can";
    case REASON_RESUMED:
        return "sending was resumed by a person";
    }
    return "unknown reason";
}
