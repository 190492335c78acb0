/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/reason.h"

#include <stddef.h>

/* By number; tests/unit/test_core_reason.c sees that none is missing. */
static const char *const texts[] = {
    [REASON_NONE] = "nothing is wrong",
    [REASON_AWAITING_FINALITY] = "waiting until the origin's block is final",
    [REASON_NOT_RELAYED] = "not ours to deliver: the destination is not configured with relay",
    [REASON_SECURITY_UNKNOWN] = "the recipient's security module could not be read yet",
    [REASON_SECURITY_UNSUPPORTED] =
        "the recipient's security module is of a kind this version cannot prove to",
    [REASON_STORAGE_UNKNOWN] = "validators have announced no store that can be read",
    [REASON_AWAITING_CHECKPOINTS] = "waiting for validators' signatures",
    [REASON_SIMULATION_REVERTED] = "the delivery reverts when simulated; it is tried again later",
    [REASON_SIMULATION_UNKNOWN] = "the delivery could not be simulated; it is tried again",
    [REASON_FEE_CEILING] = "the network's fee is above the configured ceiling",
    [REASON_NO_KEY] = "no sending key is configured on the destination",
    [REASON_LANE_UNKNOWN] = "the sending key's nonce has not been read yet",
    [REASON_LANE_FULL] = "the sending key has too many transactions in flight",
    [REASON_AWAITING_INCLUSION] = "sent, waiting to be included in a block",
    [REASON_AWAITING_DELIVERY_FINALITY] =
        "delivered, waiting until the destination's block is final",
    [REASON_DELIVERED] = "delivered and final",
    [REASON_DELIVERED_ELSEWHERE] = "delivered by another relayer",
    [REASON_HELD] = "held by a person",
    [REASON_DROPPED] = "dropped by a person",
    [REASON_MALFORMED_MESSAGE] = "the dispatched bytes are not a message of a known version",
    [REASON_TOO_LARGE] = "the message is larger than this version relays",
    [REASON_SIGNER_REFUSED] = "the signer refused to sign it under its policy",
    [REASON_GAS_LIMIT] = "needs more gas than one transaction may use",
    [REASON_PAUSED] = "sending is paused by a person",
    [REASON_ORPHANED] = "the dispatch was removed by a reorganisation of the origin",
    [REASON_INSUFFICIENT_FUNDS] = "the sending key cannot pay for it",
    [REASON_TRANSACTION_REVERTED] =
        "the delivery was included and reverted; it is tried again later",
    [REASON_QUEUED] = "waiting for its turn: enough messages to this destination are under way",
    [REASON_LEAF_UNKNOWN] =
        "not inserted into the origin's tree: there is nothing to prove it by yet",
    [REASON_CHAIN_STOPPED] = "its origin or its destination is stopped",
    [REASON_SECURITY_WEAK] =
        "the recipient's security module needs fewer validators than this chain's validators_min",
    [REASON_AWAITING_SECURITY] =
        "waiting for the destination to name the recipient's security module",
    [REASON_AWAITING_STORAGE] = "waiting for the origin to name the validators' stores",
    [REASON_AWAITING_SIMULATION] = "waiting for the delivery to be simulated",
    [REASON_AWAITING_LOOKUP] = "waiting for the proof of a server that the security module names",
    [REASON_LOOKUP_FAILED] =
        "no server that the security module names gave a proof; they are asked again",
    [REASON_METADATA_TOO_LARGE] =
        "the metadata that its security modules ask for is larger than this version sends",
    [REASON_TREE_UNKNOWN] = "a large value: waiting to know where the origin's tree begins",
    [REASON_LEAF_BEFORE_TREE] =
        "older than the origin's tree here ('start_block'): only signatures at its own leaf help",
    [REASON_TREE_BEGUN] = "the tree begins with the frontier that the chain names",
    [REASON_TREE_UNREADABLE] =
        "the tree's frontier cannot be read at the first block; a later one is asked for",
    [REASON_REORG_FLAGGED] =
        "the reorg flag is raised in our store; relayers use it no more until a person removes it",
    [REASON_UNKNOWN_MESSAGE] = "this node has not seen such a message",
    [REASON_AWAITING_DEPTH] =
        "a large value: waiting for more final blocks on top of it ('large' in the configuration)",
    [REASON_AWAITING_EVERYONE] =
        "a large value: waiting until every endpoint of the origin confirms it",
    [REASON_AWAITING_BATCH] = "waiting for its delivery together with others to be simulated",
    [REASON_QUARANTINED] =
        "it reverts again and again: it is tried beside the others, ever more rarely",
    [REASON_REASON_MISSING] = "a message is dropped only with a reason",
    [REASON_NOT_WHITELISTED] = "no entry of the whitelist matches it",
    [REASON_BLACKLISTED] = "an entry of the blacklist matches it",
    [REASON_ADDRESS_BLACKLISTED] = "an address of the address blacklist is in it",
    [REASON_BLOCKED] = "an entry of the block list matches it",
    [REASON_UNPAID] = "not enough was paid for its delivery at the origin",
    [REASON_ROUTE_FEE_CEILING] =
        "gas costs more than the limit of its route allows ('delivery_limits')",
    [REASON_ROUTE_BUDGET] = "the budget of its route is used up until the next window begins",
    [REASON_UNPROFITABLE] = "what was paid for it is not worth enough more than what it costs",
    [REASON_RATE_UNKNOWN] = "its profit is counted in a coin that 'rates' gives no price of",
    [REASON_REORG] = "blocks were replaced before they were final",
    [REASON_REORG_BEYOND_FINALITY] = "blocks that were final were replaced: the chain is stopped",
    [REASON_LEAF_GAP] = "the tree's leaves are not continuous: nothing is signed",
    [REASON_ROOT_MISMATCH] = "our tree differs from the chain's: nothing is signed",
    [REASON_ENDPOINT_LOST] = "an endpoint was lost",
    [REASON_WRONG_CHAIN] = "an endpoint serves another chain",
    [REASON_MISSING_CONTRACT] = "a configured contract does not exist",
    [REASON_FOREIGN_TRANSACTION] = "our key's nonce was used by somebody else: the key is frozen",
    [REASON_LOW_BALANCE] = "the sending key's balance is below the configured minimum",
    [REASON_CHECKPOINT_REFUSED] =
        "the signer refused a checkpoint: nothing more is signed for this chain",
    [REASON_ANNOUNCED] = "the place of our checkpoints is announced",
    [REASON_CHAIN_RESUMED] = "a person resumed the chain; it is read anew above what was final",
    [REASON_TREE_RESUMED] = "a person had the tree verified again; signing goes on if it agrees",
    [REASON_LANE_RESUMED] = "a person accepted the nonce that the chain states",
    [REASON_PUBLISH_FAILED] = "our checkpoint store cannot be written; it is tried again",
    [REASON_NOT_INCLUDED] =
        "a transaction was not included in time; it is sent again or its fee is raised",
    [REASON_REJECTED] = "the network does not take a transaction",
    [REASON_AWAITING_SIGNATURE] = "waiting for the signer",
    [REASON_NONCE_DISPUTED] =
        "the chain used its nonce for another transaction: waiting until that is final",
    [REASON_NONCE_CANCELLED] = "its nonce is freed by a transfer of nothing to ourselves",
    [REASON_CONTRADICTION] = "what an endpoint says contradicts itself; it is read again",
    [REASON_NO_QUORUM] =
        "fewer endpoints answer than must agree: nothing is decided until enough of them do",
    [REASON_QUORUM_HELD] = "enough endpoints answer again",
    [REASON_QUORUM_SPLIT] =
        "the endpoints contradict each other and no answer has enough of them behind it",
    [REASON_DISSENT] = "an endpoint contradicts the others: what it said is kept as evidence",
    [REASON_FINAL_MOVED_BACK] = "the final block moved back: the chain is stopped",
    [REASON_LOGS_UNPROVED] =
        "logs and receipts of a block are not what its header promises: none is believed",
    [REASON_PAST_BEGUN] = "a long history: it is read beside what is new",
    [REASON_PAST_UNDER_WAY] = "history is being read",
    [REASON_PAST_READ] = "all history was read",
    [REASON_UNRECONCILED] = "the ledger differs from the chain: flows are stopped",
    [REASON_BACKING_DOUBTED] =
        "more is claimed than the route's collateral: newer final blocks are awaited",
    [REASON_BACKING_BROKEN] =
        "more is claimed than the route's collateral: its moves and messages are stopped",
    [REASON_BACKING_HELD] = "the route's collateral covers what was minted and is under way",
    [REASON_RECONCILED] = "the ledger equals the chain",
    [REASON_POSITIONS_UNKNOWN] = "balances could not be read yet",
    [REASON_WITHIN_TOLERANCE] = "every position is within its tolerance",
    [REASON_COOLDOWN] = "waiting for the cooldown after the last plan",
    [REASON_BELOW_MINIMUM] = "the move is smaller than the configured minimum",
    [REASON_FEE_ABOVE_LIMIT] = "the bridge's fee is above the configured limit",
    [REASON_AWAITING_APPROVAL] = "waiting for a person's approval",
    [REASON_OBSERVE_ONLY] = "observing only: nothing is moved",
    [REASON_PLAN_STALE] = "the plan is void: what it was made from has changed",
    [REASON_MOVE_UNDER_WAY] = "a move is under way",
    [REASON_MOVE_ARRIVED] = "the move arrived",
    [REASON_NO_BRIDGE_LIQUIDITY] = "the bridge has not enough liquidity",
    [REASON_PLAN_INFEASIBLE] = "no plan satisfies every bound",
    [REASON_PLAN_MADE] = "a plan was made",
    [REASON_MOVE_STARTED] = "a move was started",
    [REASON_MOVE_REFUSED] = "a contract refuses the move when it is simulated",
    [REASON_PLAN_REJECTED] = "a person rejected the plan",
    [REASON_PLAN_APPROVED] = "a person approved the plan",
    [REASON_NOT_WORTH_IT] = "no move would gain enough over what it costs",
    [REASON_PLAN_UNPROVED] = "the plan's proof leaves room for a much better one",
    [REASON_VENUE_OPEN] = "capital may enter the venue again",
    [REASON_VENUE_SHUT] = "the spoke's books have the venue closed",
    [REASON_VENUE_PAUSED] = "the venue has paused itself",
    [REASON_VENUE_CODE_CHANGED] = "the venue's code is another than the owner allowed",
    [REASON_VENUE_PRICE_JUMPED] = "a share of the venue is worth too much more or less than booked",
    [REASON_VENUE_SUPPLY_LOW] = "the venue has too few shares: anybody can set their price",
    [REASON_VENUE_INSOLVENT] = "the venue owes more than it has",
    [REASON_VENUE_FROZEN] = "the venue is frozen: it takes nothing new",
    [REASON_VENUE_FULL] = "the venue has as much as it takes",
    [REASON_VENUE_RECEIPT_CHANGED] = "the venue gives another receipt than the owner allowed",
    [REASON_HEALTH_LOW] = "a debt is too little guarded, should prices fall",
    [REASON_HEALTH_SAFE] = "a debt is guarded well enough again",
    [REASON_EXPOSURE_INSIDE] = "the exposure is inside the mandate's band",
    [REASON_EXPOSURE_LONG] = "more of the asset is held than the mandate's band allows",
    [REASON_EXPOSURE_SHORT] = "more of the asset is owed than the mandate's band allows",
    [REASON_PRICE_GOOD] = "both sources of the price agree, and are new enough",
    [REASON_PRICE_MUTE] = "a source of the price says none",
    [REASON_PRICE_ZERO] = "a source of the price says zero",
    [REASON_PRICE_NEGATIVE] = "a source of the price says less than zero",
    [REASON_PRICE_HUGE] = "a source of the price says more than anything is worth",
    [REASON_PRICE_STALE] = "a source's price is older than the mandate allows",
    [REASON_PRICE_DIVERGES] = "the two sources' prices differ by more than the mandate allows",
    [REASON_GUARD_MUTE] = "where something is owed cannot be read: nobody knows how it is guarded",
    [REASON_GUARD_HEARD] = "where something is owed can be read again",
    [REASON_VENUE_MUTE] = "the venue does not answer as one of its kind must",
    [REASON_SPOKE_MANDATE] = "the spoke obeys another mandate",
    [REASON_SPOKE_PAUSED] = "the spoke is paused",
    [REASON_MOVE_UNBOOKED] = "the move arrived, and the spoke has not booked it yet",
    [REASON_HUB_MANDATE] = "the hub obeys another mandate",
    [REASON_HUB_PAUSED] = "the hub is paused",
    [REASON_HUB_REPORTS] = "requests are priced once every spoke has reported after them",
    [REASON_HUB_REPORT_JUMPED] =
        "a spoke's report moved too far: nobody is priced until it is back or the owner accepts it",
    [REASON_HUB_BRINGS_HOME] = "what those who leave are paid with is on its way home",
    [REASON_HUB_REFUSES] = "the hub refuses to be settled when that is simulated",
    [REASON_HUB_SHORT] = "the hub holds less than its books say",
    [REASON_HUB_ROUND] = "requests wait for the next round",
    [REASON_OVER_VELOCITY] = "the mandate's velocity for this window is used up",
    [REASON_OVER_BUDGET] = "the mandate's fee budget for this window is used up",
    [REASON_MANDATE_BOUND] = "the mandate's floors, caps and bridges leave nothing to move",
    [REASON_STARTED] = "the node started",
    [REASON_STOPPED] = "the node stopped",
    [REASON_JOURNAL_UNWRITABLE] = "the journal cannot be written: nothing is sent until it can",
    [REASON_CONFIG_CHANGED] = "the node started with another configuration than before",
    [REASON_RESUMED] = "sending was resumed by a person",
};

const char *reason_text(enum reason reason)
{
    const size_t index = (size_t)reason;

    if (index >= sizeof(texts) / sizeof(texts[0]) || texts[index] == NULL) {
        return "unknown reason";
    }
    return texts[index];
}
