/* SPDX-License-Identifier: Apache-2.0 */
/* Where each field of proto/sluice/v1/record.proto lives in event.h, command.h and config.h, and
 * its bounds. Each table lists the fields of its message in the order of their numbers. */
#include "proto/record_layout.h"

#include "proto/record.h"
#include "proto/sluice/v1/record.pb-c.h"
#include "relay/base/limits.h"

#define BUILD_ID_BYTES_MAX 64u

static const struct codec_field fact_dispatch_layout_fields[] = {
    CODEC_BYTES_OF(CODEC_DATA, struct fact, dispatch.message, MESSAGE_BYTES_MAX),
};
CODEC_LAYOUT(fact_dispatch_layout, sluice__v1__fact_dispatch__descriptor, struct fact);

static const struct codec_field fact_tree_insert_layout_fields[] = {
    CODEC_SCALAR(struct fact, tree_insert.message_id),
    CODEC_SCALAR(struct fact, tree_insert.leaf_index)};
CODEC_LAYOUT(fact_tree_insert_layout, sluice__v1__fact_tree_insert__descriptor, struct fact);

static const struct codec_field fact_gas_payment_layout_fields[] = {
    CODEC_SCALAR(struct fact, gas_payment.message_id),
    CODEC_SCALAR(struct fact, gas_payment.destination),
    CODEC_SCALAR(struct fact, gas_payment.gas),
    CODEC_SCALAR(struct fact, gas_payment.payment),
};
CODEC_LAYOUT(fact_gas_payment_layout, sluice__v1__fact_gas_payment__descriptor, struct fact);

static const struct codec_field fact_process_layout_fields[] = {
    CODEC_SCALAR(struct fact, process.message_id)};
CODEC_LAYOUT(fact_process_layout, sluice__v1__fact_process__descriptor, struct fact);

static const struct codec_field fact_transfer_layout_fields[] = {
    CODEC_SCALAR(struct fact, transfer.from),
    CODEC_SCALAR(struct fact, transfer.to),
    CODEC_SCALAR(struct fact, transfer.amount),
};
CODEC_LAYOUT(fact_transfer_layout, sluice__v1__fact_transfer__descriptor, struct fact);

static const struct codec_field fact_remote_layout_fields[] = {
    CODEC_SCALAR(struct fact, remote.remote),
    CODEC_SCALAR(struct fact, remote.recipient),
    CODEC_SCALAR(struct fact, remote.amount),
};
CODEC_LAYOUT(fact_remote_layout, sluice__v1__fact_remote__descriptor, struct fact);

static const struct codec_field fact_collateral_moved_layout_fields[] = {
    CODEC_SCALAR(struct fact, collateral_moved.destination),
    CODEC_SCALAR(struct fact, collateral_moved.recipient),
    CODEC_SCALAR(struct fact, collateral_moved.amount),
    CODEC_SCALAR(struct fact, collateral_moved.rebalancer),
};
CODEC_LAYOUT(fact_collateral_moved_layout, sluice__v1__fact_collateral_moved__descriptor,
             struct fact);

static const struct codec_field fact_vault_layout_fields[] = {
    CODEC_SCALAR(struct fact, vault.sender), CODEC_SCALAR(struct fact, vault.receiver),
    CODEC_SCALAR(struct fact, vault.owner),  CODEC_SCALAR(struct fact, vault.assets),
    CODEC_SCALAR(struct fact, vault.shares),
};
CODEC_LAYOUT(fact_vault_layout, sluice__v1__fact_vault__descriptor, struct fact);

static const struct codec_field fact_announced_layout_fields[] = {
    CODEC_SCALAR(struct fact, announced.validator)};
CODEC_LAYOUT(fact_announced_layout, sluice__v1__fact_announced__descriptor, struct fact);

static const struct codec_field fact_layout_fields[] = {
    CODEC_SCALAR(struct fact, block_number),
    CODEC_SCALAR(struct fact, block_hash),
    CODEC_SCALAR(struct fact, transaction),
    CODEC_SCALAR(struct fact, log_index),
    CODEC_SCALAR(struct fact, contract),
    CODEC_CHOICE_OF(struct fact, kind, FACT_DISPATCH, 0, &fact_dispatch_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_TREE_INSERT, 0, &fact_tree_insert_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_GAS_PAYMENT, 0, &fact_gas_payment_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_PROCESS, 0, &fact_process_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_TRANSFER, 0, &fact_transfer_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_REMOTE_SENT, 0, &fact_remote_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_REMOTE_RECEIVED, 0, &fact_remote_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_COLLATERAL_MOVED, 0, &fact_collateral_moved_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_VAULT_DEPOSIT, 0, &fact_vault_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_VAULT_WITHDRAW, 0, &fact_vault_layout),
    CODEC_CHOICE_OF(struct fact, kind, FACT_ANNOUNCED, 0, &fact_announced_layout),
};
CODEC_LAYOUT(fact_layout, sluice__v1__fact__descriptor, struct fact);

static const struct codec_field checkpoint_layout_fields[] = {
    CODEC_SCALAR(struct checkpoint, root),
    CODEC_SCALAR(struct checkpoint, index),
    CODEC_SCALAR(struct checkpoint, message_id),
};
CODEC_LAYOUT(checkpoint_layout, sluice__v1__checkpoint__descriptor, struct checkpoint);

static const struct codec_field balance_layout_fields[] = {
    CODEC_SCALAR(struct balance, account),
    CODEC_SCALAR(struct balance, token),
    CODEC_SCALAR(struct balance, amount),
};
CODEC_LAYOUT(balance_layout, sluice__v1__balance__descriptor, struct balance);

static const struct codec_field vault_state_layout_fields[] = {
    CODEC_SCALAR(struct vault_state, vault),
    CODEC_SCALAR(struct vault_state, total_assets),
    CODEC_SCALAR(struct vault_state, total_shares),
    CODEC_SCALAR(struct vault_state, own_shares),
    CODEC_SCALAR(struct vault_state, assets_per_share),
};
CODEC_LAYOUT(vault_state_layout, sluice__v1__vault_state__descriptor, struct vault_state);

static const struct codec_field spoke_state_layout_fields[] = {
    CODEC_SCALAR(struct spoke_state, spoke),     CODEC_SCALAR(struct spoke_state, token),
    CODEC_SCALAR(struct spoke_state, idle),      CODEC_SCALAR(struct spoke_state, velocity_left),
    CODEC_SCALAR(struct spoke_state, loss_left), CODEC_SCALAR(struct spoke_state, paused),
    CODEC_SCALAR(struct spoke_state, mandate),   CODEC_SCALAR(struct spoke_state, kept),
};
CODEC_LAYOUT(spoke_state_layout, sluice__v1__spoke_state__descriptor, struct spoke_state);

static const struct codec_field venue_piece_layout_fields[] = {
    CODEC_SCALAR(struct venue_piece, width), CODEC_SCALAR(struct venue_piece, rate_nano)};
CODEC_LAYOUT(venue_piece_layout, sluice__v1__venue_piece__descriptor, struct venue_piece);

static const struct codec_field venue_state_layout_fields[] = {
    CODEC_SCALAR(struct venue_state, spoke),
    CODEC_SCALAR(struct venue_state, index),
    CODEC_ENUM_OF(struct venue_state, gate, VENUE_OPEN, VENUE_RECEIPT_CHANGED),
    CODEC_SCALAR(struct venue_state, supplied),
    CODEC_SCALAR(struct venue_state, owed),
    CODEC_SCALAR(struct venue_state, enter_max),
    CODEC_SCALAR(struct venue_state, leave_max),
    CODEC_SCALAR(struct venue_state, share_price),
    CODEC_LIST_OF(CODEC_ARRAY, struct venue_state, pieces, pieces_count, VENUE_PIECES_MAX, 0,
                  &venue_piece_layout),
    CODEC_SCALAR(struct venue_state, account_debt),
    CODEC_SCALAR(struct venue_state, account_guard),
    CODEC_SCALAR(struct venue_state, unit_guard),
    CODEC_SCALAR(struct venue_state, unit_price),
    CODEC_SCALAR(struct venue_state, unit_debt),
};
CODEC_LAYOUT(venue_state_layout, sluice__v1__venue_state__descriptor, struct venue_state);

static const struct codec_field bridge_quote_layout_fields[] = {
    CODEC_SCALAR(struct bridge_quote, router),    CODEC_SCALAR(struct bridge_quote, destination),
    CODEC_SCALAR(struct bridge_quote, amount),    CODEC_SCALAR(struct bridge_quote, fee_native),
    CODEC_SCALAR(struct bridge_quote, fee_token),
};
CODEC_LAYOUT(bridge_quote_layout, sluice__v1__bridge_quote__descriptor, struct bridge_quote);

static const struct codec_field planned_move_layout_fields[] = {
    CODEC_SCALAR(struct planned_move, from),
    CODEC_SCALAR(struct planned_move, to),
    CODEC_SCALAR(struct planned_move, amount),
};
CODEC_LAYOUT(planned_move_layout, sluice__v1__planned_move__descriptor, struct planned_move);

static const struct codec_field start_layout_fields[] = {
    CODEC_GROUP_OF(CODEC_POINTER, struct event, start.config, &record_config_layout),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, start.build_id, BUILD_ID_BYTES_MAX),
};
CODEC_LAYOUT(start_layout, sluice__v1__start__descriptor, struct event);

/* A wake says nothing but its instant. */
static const struct codec_layout wake_layout = {.wire = &sluice__v1__wake__descriptor,
                                                .bytes_count = sizeof(struct event)};

static const struct codec_field block_layout_fields[] = {
    CODEC_SCALAR(struct event, block.number),   CODEC_SCALAR(struct event, block.hash),
    CODEC_SCALAR(struct event, block.parent),   CODEC_SCALAR(struct event, block.time_s),
    CODEC_SCALAR(struct event, block.base_fee),
};
CODEC_LAYOUT(block_layout, sluice__v1__block__descriptor, struct event);

static const struct codec_field final_layout_fields[] = {CODEC_SCALAR(struct event, final.number),
                                                         CODEC_SCALAR(struct event, final.hash)};
CODEC_LAYOUT(final_layout, sluice__v1__final__descriptor, struct event);

static const struct codec_field security_node_layout_fields[] = {
    CODEC_SCALAR(struct ism_node, address),      CODEC_SCALAR(struct ism_node, type),
    CODEC_SCALAR(struct ism_node, threshold),    CODEC_SCALAR(struct ism_node, weight_threshold),
    CODEC_SCALAR(struct ism_node, first),        CODEC_SCALAR(struct ism_node, count),
    CODEC_SCALAR(struct ism_node, only_relayer), CODEC_SCALAR(struct ism_node, relayer),
};
CODEC_LAYOUT(security_node_layout, sluice__v1__security_node__descriptor, struct ism_node);

static const struct codec_field security_validator_layout_fields[] = {
    CODEC_SCALAR(struct ism_validator, address), CODEC_SCALAR(struct ism_validator, weight)};
CODEC_LAYOUT(security_validator_layout, sluice__v1__security_validator__descriptor,
             struct ism_validator);

static const struct codec_field security_layout_fields[] = {
    CODEC_SCALAR(struct event, security.message_id),
    CODEC_ENUM_OF(struct event, security.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_LIST_OF(CODEC_LIST, struct event, security.ism.nodes, security.ism.nodes_count,
                  ISM_NODES_MAX, 0, &security_node_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, security.ism.validators, security.ism.validators_count,
                  ISM_VALIDATORS_MAX, 0, &security_validator_layout),
    CODEC_SCALAR(struct event, security.by_content),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, security.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(security_layout, sluice__v1__security__descriptor, struct event);

static const struct codec_field storage_layout_fields[] = {
    CODEC_SCALAR(struct event, storage.validator),
    CODEC_ENUM_OF(struct event, storage.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_LIST_OF(CODEC_TEXT_LIST, struct event, storage.locations, storage.locations_count,
                  LOCATIONS_MAX, LOCATION_BYTES_MAX, NULL),
};
CODEC_LAYOUT(storage_layout, sluice__v1__storage__descriptor, struct event);

static const struct codec_field checkpoint_fetched_layout_fields[] = {
    CODEC_SCALAR(struct event, checkpoint.validator),
    CODEC_SCALAR(struct event, checkpoint.index),
    CODEC_ENUM_OF(struct event, checkpoint.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_GROUP_OF(CODEC_GROUP, struct event, checkpoint.checkpoint, &checkpoint_layout),
    CODEC_SCALAR(struct event, checkpoint.signature),
    CODEC_SCALAR(struct event, checkpoint.message_id),
};
CODEC_LAYOUT(checkpoint_fetched_layout, sluice__v1__checkpoint_fetched__descriptor, struct event);

static const struct codec_field prepared_layout_fields[] = {
    CODEC_SCALAR(struct event, prepared.leg_id),
    CODEC_ENUM_OF(struct event, prepared.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, prepared.gas),
    CODEC_SCALAR(struct event, prepared.payload_digest),
    CODEC_SCALAR(struct event, prepared.value),
    CODEC_SCALAR(struct event, prepared.fee_native),
    CODEC_SCALAR(struct event, prepared.fee_token),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, prepared.reason, REASON_BYTES_MAX),
    CODEC_SCALAR(struct event, prepared.data_fee),
};
CODEC_LAYOUT(prepared_layout, sluice__v1__prepared__descriptor, struct event);

static const struct codec_field signed_layout_fields[] = {
    CODEC_SCALAR(struct event, signed_.leg_id),
    CODEC_SCALAR(struct event, signed_.attempt),
    CODEC_ENUM_OF(struct event, signed_.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, signed_.key),
    CODEC_SCALAR(struct event, signed_.nonce),
    CODEC_SCALAR(struct event, signed_.transaction),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, signed_.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(signed_layout, sluice__v1__signed__descriptor, struct event);

static const struct codec_field submitted_layout_fields[] = {
    CODEC_SCALAR(struct event, submitted.leg_id),
    CODEC_SCALAR(struct event, submitted.transaction),
    CODEC_ENUM_OF(struct event, submitted.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_ENUM_OF(struct event, submitted.rejection, REJECTION_NONE, REJECTION_OTHER),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, submitted.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(submitted_layout, sluice__v1__submitted__descriptor, struct event);

static const struct codec_field receipt_layout_fields[] = {
    CODEC_SCALAR(struct event, receipt.leg_id),
    CODEC_SCALAR(struct event, receipt.transaction),
    CODEC_ENUM_OF(struct event, receipt.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, receipt.succeeded),
    CODEC_SCALAR(struct event, receipt.block_number),
    CODEC_SCALAR(struct event, receipt.block_hash),
    CODEC_SCALAR(struct event, receipt.gas_used),
    CODEC_SCALAR(struct event, receipt.gas_price),
    CODEC_SCALAR(struct event, receipt.data_fee),
};
CODEC_LAYOUT(receipt_layout, sluice__v1__receipt__descriptor, struct event);

static const struct codec_field lane_layout_fields[] = {
    CODEC_SCALAR(struct event, lane.key),
    CODEC_ENUM_OF(struct event, lane.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, lane.nonce_latest),
    CODEC_SCALAR(struct event, lane.nonce_final),
    CODEC_SCALAR(struct event, lane.balance),
    CODEC_SCALAR(struct event, lane.is_legacy),
    CODEC_SCALAR(struct event, lane.gas_price),
    CODEC_SCALAR(struct event, lane.priority_usual),
    CODEC_SCALAR(struct event, lane.priority_hasty),
};
CODEC_LAYOUT(lane_layout, sluice__v1__lane__descriptor, struct event);

static const struct codec_field spoke_flow_layout_fields[] = {
    CODEC_SCALAR(struct spoke_flow, spoke),     CODEC_SCALAR(struct spoke_flow, token),
    CODEC_SCALAR(struct spoke_flow, sibling),   CODEC_SCALAR(struct spoke_flow, sent),
    CODEC_SCALAR(struct spoke_flow, announced), CODEC_SCALAR(struct spoke_flow, received),
};
CODEC_LAYOUT(spoke_flow_layout, sluice__v1__spoke_flow__descriptor, struct spoke_flow);

static const struct codec_field feed_state_layout_fields[] = {
    CODEC_SCALAR(struct feed_state, feed),
    CODEC_ENUM_OF(struct feed_state, answer, FEED_PRICE, FEED_HUGE),
    CODEC_SCALAR(struct feed_state, price),
    CODEC_SCALAR(struct feed_state, updated_s),
};
CODEC_LAYOUT(feed_state_layout, sluice__v1__feed_state__descriptor, struct feed_state);
static const struct codec_field hub_state_layout_fields[] = {
    CODEC_SCALAR(struct hub_state, hub),          CODEC_SCALAR(struct hub_state, reserve),
    CODEC_SCALAR(struct hub_state, pending),      CODEC_SCALAR(struct hub_state, owed),
    CODEC_SCALAR(struct hub_state, supply),       CODEC_SCALAR(struct hub_state, price),
    CODEC_SCALAR(struct hub_state, round),        CODEC_SCALAR(struct hub_state, settled),
    CODEC_SCALAR(struct hub_state, round_assets), CODEC_SCALAR(struct hub_state, round_shares),
    CODEC_SCALAR(struct hub_state, closed_at_s),  CODEC_SCALAR(struct hub_state, skew_max_s),
    CODEC_SCALAR(struct hub_state, paused),       CODEC_SCALAR(struct hub_state, mandate),
    CODEC_SCALAR(struct hub_state, is_priced),    CODEC_SCALAR(struct hub_state, low),
    CODEC_SCALAR(struct hub_state, high),         CODEC_SCALAR(struct hub_state, asset),
};
CODEC_LAYOUT(hub_state_layout, sluice__v1__hub_state__descriptor, struct hub_state);

static const struct codec_field hub_report_layout_fields[] = {
    CODEC_SCALAR(struct hub_report, hub),      CODEC_SCALAR(struct hub_report, domain),
    CODEC_SCALAR(struct hub_report, sequence), CODEC_SCALAR(struct hub_report, time_s),
    CODEC_SCALAR(struct hub_report, jumped),
};
CODEC_LAYOUT(hub_report_layout, sluice__v1__hub_report__descriptor, struct hub_report);

static const struct codec_field positions_layout_fields[] = {
    CODEC_ENUM_OF(struct event, positions.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, positions.block_number),
    CODEC_SCALAR(struct event, positions.block_hash),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.balances, positions.balances_count,
                  BALANCES_PER_EVENT_MAX, 0, &balance_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.vaults, positions.vaults_count, VAULTS_MAX, 0,
                  &vault_state_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.quotes, positions.quotes_count, ROUTERS_MAX,
                  0, &bridge_quote_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.spokes, positions.spokes_count, SPOKES_MAX, 0,
                  &spoke_state_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.venues, positions.venues_count, VENUES_MAX, 0,
                  &venue_state_layout),
    CODEC_SCALAR(struct event, positions.time_s),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.flows, positions.flows_count, SPOKE_FLOWS_MAX,
                  0, &spoke_flow_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.feeds, positions.feeds_count, FEEDS_MAX, 0,
                  &feed_state_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.hubs, positions.hubs_count, HUBS_MAX, 0,
                  &hub_state_layout),
    CODEC_LIST_OF(CODEC_LIST, struct event, positions.reports, positions.reports_count,
                  HUB_REPORTS_MAX, 0, &hub_report_layout),
};
CODEC_LAYOUT(positions_layout, sluice__v1__positions__descriptor, struct event);

static const struct codec_field tree_layout_fields[] = {
    CODEC_ENUM_OF(struct event, tree.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, tree.block_number),
    CODEC_SCALAR(struct event, tree.block_hash),
    CODEC_SCALAR(struct event, tree.count),
    CODEC_SCALAR(struct event, tree.root),
    CODEC_SCALAR(struct event, tree.everyone),
    CODEC_SCALAR(struct event, tree.with_branch),
    CODEC_BYTES_OF(CODEC_DATA, struct event, tree.branch, 32 * MERKLE_DEPTH),
};
CODEC_LAYOUT(tree_layout, sluice__v1__tree__descriptor, struct event);

static const struct codec_field checkpoint_signed_layout_fields[] = {
    CODEC_GROUP_OF(CODEC_GROUP, struct event, checkpoint_signed.checkpoint, &checkpoint_layout),
    CODEC_ENUM_OF(struct event, checkpoint_signed.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, checkpoint_signed.signature),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, checkpoint_signed.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(checkpoint_signed_layout, sluice__v1__checkpoint_signed__descriptor, struct event);

static const struct codec_field announcement_signed_layout_fields[] = {
    CODEC_SCALAR(struct event, announcement_signed.validator),
    CODEC_ENUM_OF(struct event, announcement_signed.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, announcement_signed.signature),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, announcement_signed.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(announcement_signed_layout, sluice__v1__announcement_signed__descriptor, struct event);

static const struct codec_field published_layout_fields[] = {
    CODEC_SCALAR(struct event, published.is_announcement),
    CODEC_SCALAR(struct event, published.index),
    CODEC_ENUM_OF(struct event, published.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, published.is_reorg),
};
CODEC_LAYOUT(published_layout, sluice__v1__published__descriptor, struct event);

static const struct codec_field planned_layout_fields[] = {
    CODEC_SCALAR(struct event, planned.plan_id),
    CODEC_ENUM_OF(struct event, planned.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_LIST_OF(CODEC_LIST, struct event, planned.moves, planned.moves_count, MOVES_PER_PLAN_MAX,
                  0, &planned_move_layout),
    CODEC_SCALAR(struct event, planned.cost),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, planned.reason, REASON_BYTES_MAX),
    CODEC_BYTES_OF(CODEC_DATA, struct event, planned.proof, PLAN_PROOF_BYTES_MAX),
    CODEC_SCALAR(struct event, planned.steps),
};
CODEC_LAYOUT(planned_layout, sluice__v1__planned__descriptor, struct event);

static const struct codec_field operator_layout_fields[] = {
    CODEC_ENUM_OF(struct event, operator_.action, OPERATOR_APPROVE_PLAN, OPERATOR_DROP_MESSAGE),
    CODEC_SCALAR(struct event, operator_.subject),
    CODEC_SCALAR(struct event, operator_.uid),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, operator_.reason, REASON_BYTES_MAX),
    CODEC_SCALAR(struct event, operator_.expires_s),
    CODEC_SCALAR(struct event, operator_.signature),
};
CODEC_LAYOUT(operator_layout, sluice__v1__operator__descriptor, struct event);

static const struct codec_field endpoint_layout_fields[] = {
    CODEC_SCALAR(struct event, endpoint.endpoint_index),
    CODEC_ENUM_OF(struct event, endpoint.state, ENDPOINT_CONNECTED, ENDPOINT_MALFORMED),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, endpoint.detail, REASON_BYTES_MAX),
};
CODEC_LAYOUT(endpoint_layout, sluice__v1__endpoint__descriptor, struct event);

static const struct codec_field stop_layout_fields[] = {
    CODEC_BYTES_OF(CODEC_TEXT, struct event, stop.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(stop_layout, sluice__v1__stop__descriptor, struct event);

static const struct codec_field dissent_layout_fields[] = {
    CODEC_SCALAR(struct event, dissent.endpoint_index),
    CODEC_SCALAR(struct event, dissent.block_number),
    CODEC_SCALAR(struct event, dissent.block_hash),
    CODEC_SCALAR(struct event, dissent.agreed_count),
    CODEC_SCALAR(struct event, dissent.agreed),
    CODEC_SCALAR(struct event, dissent.digest),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, dissent.question, DISSENT_QUESTION_BYTES_MAX),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, dissent.answer, DISSENT_ANSWER_BYTES_MAX),
    CODEC_SCALAR(struct event, dissent.answer_bytes),
};
CODEC_LAYOUT(dissent_layout, sluice__v1__dissent__descriptor, struct event);

static const struct codec_field calls_layout_fields[] = {
    CODEC_SCALAR(struct event, calls.endpoint_index),
    CODEC_SCALAR(struct event, calls.day),
    CODEC_SCALAR(struct event, calls.spent),
};
CODEC_LAYOUT(calls_layout, sluice__v1__calls__descriptor, struct event);

static const struct codec_field quorum_layout_fields[] = {
    CODEC_ENUM_OF(struct event, quorum.state, QUORUM_HELD, QUORUM_UNPROVED),
    CODEC_SCALAR(struct event, quorum.answering_count),
    CODEC_SCALAR(struct event, quorum.needed_count),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, quorum.detail, REASON_BYTES_MAX),
};
CODEC_LAYOUT(quorum_layout, sluice__v1__quorum__descriptor, struct event);

static const struct codec_field passed_layout_fields[] = {CODEC_SCALAR(struct event, passed.first)};
CODEC_LAYOUT(passed_layout, sluice__v1__passed__descriptor, struct event);

static const struct codec_field past_block_layout_fields[] = {
    CODEC_SCALAR(struct event, past_block.number),
    CODEC_SCALAR(struct event, past_block.hash),
};
CODEC_LAYOUT(past_block_layout, sluice__v1__past_block__descriptor, struct event);

static const struct codec_field lookup_layout_fields[] = {
    CODEC_SCALAR(struct event, lookup.message_id),
    CODEC_SCALAR(struct event, lookup.module),
    CODEC_ENUM_OF(struct event, lookup.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, lookup.sender),
    CODEC_LIST_OF(CODEC_TEXT_LIST, struct event, lookup.urls, lookup.urls_count, LOOKUP_URLS_MAX,
                  LOOKUP_URL_BYTES_MAX, NULL),
    CODEC_BYTES_OF(CODEC_DATA, struct event, lookup.call_data, LOOKUP_DATA_BYTES_MAX),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, lookup.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(lookup_layout, sluice__v1__lookup__descriptor, struct event);

static const struct codec_field lookup_answer_layout_fields[] = {
    CODEC_SCALAR(struct event, lookup_answer.message_id),
    CODEC_SCALAR(struct event, lookup_answer.module),
    CODEC_ENUM_OF(struct event, lookup_answer.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_BYTES_OF(CODEC_DATA, struct event, lookup_answer.metadata, METADATA_BYTES_MAX),
};
CODEC_LAYOUT(lookup_answer_layout, sluice__v1__lookup_answer__descriptor, struct event);

static const struct codec_field lookup_signed_layout_fields[] = {
    CODEC_SCALAR(struct event, lookup_signed.message_id),
    CODEC_SCALAR(struct event, lookup_signed.module),
    CODEC_ENUM_OF(struct event, lookup_signed.outcome, OUTCOME_OK, OUTCOME_UNKNOWN),
    CODEC_SCALAR(struct event, lookup_signed.signature),
    CODEC_BYTES_OF(CODEC_TEXT, struct event, lookup_signed.reason, REASON_BYTES_MAX),
};
CODEC_LAYOUT(lookup_signed_layout, sluice__v1__lookup_signed__descriptor, struct event);

static const struct codec_field record_event_layout_fields[] = {
    CODEC_CHOICE_OF(struct event, kind, EVENT_START, 0, &start_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_WAKE, 0, &wake_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_FACT, offsetof(struct event, fact), &fact_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_BLOCK, 0, &block_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_FINAL, 0, &final_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_SECURITY, 0, &security_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_STORAGE, 0, &storage_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_CHECKPOINT, 0, &checkpoint_fetched_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_PREPARED, 0, &prepared_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_SIGNED, 0, &signed_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_SUBMITTED, 0, &submitted_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_RECEIPT, 0, &receipt_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_LANE, 0, &lane_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_POSITIONS, 0, &positions_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_TREE, 0, &tree_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_CHECKPOINT_SIGNED, 0, &checkpoint_signed_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_ANNOUNCEMENT_SIGNED, 0, &announcement_signed_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_PUBLISHED, 0, &published_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_PLANNED, 0, &planned_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_OPERATOR, 0, &operator_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_ENDPOINT, 0, &endpoint_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_STOP, 0, &stop_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_DISSENT, 0, &dissent_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_QUORUM, 0, &quorum_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_CALLS, 0, &calls_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_PASSED, 0, &passed_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_PAST_FACT, offsetof(struct event, fact),
                    &fact_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_PAST_BLOCK, 0, &past_block_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_LOOKUP, 0, &lookup_layout),
    CODEC_CHOICE_OF(struct event, kind, EVENT_LOOKUP_ANSWER, 0, &lookup_answer_layout),
    CODEC_SCALAR(struct event, domain),
    CODEC_CHOICE_OF(struct event, kind, EVENT_LOOKUP_SIGNED, 0, &lookup_signed_layout),
};
const struct codec_layout record_event_layout = {
    .wire = &sluice__v1__event__descriptor,
    .fields = record_event_layout_fields,
    .fields_count = sizeof(record_event_layout_fields) / sizeof(record_event_layout_fields[0]),
    .bytes_count = sizeof(struct event)};

/* ---- commands ---- */

static const struct codec_field leg_process_layout_fields[] = {
    CODEC_SCALAR(struct leg, process.message_id),
    CODEC_BYTES_OF(CODEC_DATA, struct leg, process.message, MESSAGE_BYTES_MAX),
    CODEC_BYTES_OF(CODEC_DATA, struct leg, process.metadata, METADATA_BYTES_MAX),
};
CODEC_LAYOUT(leg_process_layout, sluice__v1__leg_process__descriptor, struct leg);

static const struct codec_field leg_rebalance_layout_fields[] = {
    CODEC_SCALAR(struct leg, rebalance.router),
    CODEC_SCALAR(struct leg, rebalance.bridge),
    CODEC_SCALAR(struct leg, rebalance.destination),
    CODEC_SCALAR(struct leg, rebalance.amount),
    CODEC_SCALAR(struct leg, rebalance.fee_native_max),
    CODEC_SCALAR(struct leg, rebalance.fee_token_max),
    CODEC_SCALAR(struct leg, rebalance.guard),
    CODEC_SCALAR(struct leg, rebalance.mandate),
    CODEC_SCALAR(struct leg, rebalance.deadline_s),
};
CODEC_LAYOUT(leg_rebalance_layout, sluice__v1__leg_rebalance__descriptor, struct leg);

static const struct codec_field leg_announce_layout_fields[] = {
    CODEC_SCALAR(struct leg, announce.validator),
    CODEC_BYTES_OF(CODEC_TEXT, struct leg, announce.location, LOCATION_BYTES_MAX),
    CODEC_SCALAR(struct leg, announce.signature),
};
CODEC_LAYOUT(leg_announce_layout, sluice__v1__leg_announce__descriptor, struct leg);

static const struct codec_layout leg_cancel_layout = {.wire = &sluice__v1__leg_cancel__descriptor,
                                                      .bytes_count = sizeof(struct leg)};

static const struct codec_field leg_batch_layout_fields[] = {
    CODEC_SCALAR(struct leg, batch.contract),
    CODEC_BYTES_OF(CODEC_DATA, struct leg, batch.deliveries, DELIVERIES_BYTES_MAX),
};
CODEC_LAYOUT(leg_batch_layout, sluice__v1__leg_batch__descriptor, struct leg);

static const struct codec_field leg_venue_layout_fields[] = {
    CODEC_ENUM_OF(struct leg, venue.verb, VENUE_DEPOSIT, VENUE_REPAY),
    CODEC_SCALAR(struct leg, venue.spoke),
    CODEC_SCALAR(struct leg, venue.index),
    CODEC_SCALAR(struct leg, venue.amount),
    CODEC_SCALAR(struct leg, venue.mandate),
    CODEC_SCALAR(struct leg, venue.deadline_s),
};
CODEC_LAYOUT(leg_venue_layout, sluice__v1__leg_venue__descriptor, struct leg);

static const struct codec_field leg_crossing_layout_fields[] = {
    CODEC_SCALAR(struct leg, crossing.spoke),
    CODEC_SCALAR(struct leg, crossing.bridge),
    CODEC_SCALAR(struct leg, crossing.destination),
    CODEC_SCALAR(struct leg, crossing.token),
    CODEC_SCALAR(struct leg, crossing.amount),
    CODEC_SCALAR(struct leg, crossing.fee_native_max),
    CODEC_SCALAR(struct leg, crossing.fee_token_max),
    CODEC_SCALAR(struct leg, crossing.mandate),
    CODEC_SCALAR(struct leg, crossing.deadline_s),
};
CODEC_LAYOUT(leg_crossing_layout, sluice__v1__leg_crossing__descriptor, struct leg);

static const struct codec_field leg_settle_layout_fields[] = {
    CODEC_SCALAR(struct leg, settle.spoke),
    CODEC_SCALAR(struct leg, settle.origin),
    CODEC_SCALAR(struct leg, settle.token),
};
CODEC_LAYOUT(leg_settle_layout, sluice__v1__leg_settle__descriptor, struct leg);

static const struct codec_field leg_hub_layout_fields[] = {
    CODEC_ENUM_OF(struct leg, hub.verb, HUB_CLOSE, HUB_PAY),
    CODEC_SCALAR(struct leg, hub.contract),
    CODEC_SCALAR(struct leg, hub.domain),
    CODEC_SCALAR(struct leg, hub.asset),
    CODEC_SCALAR(struct leg, hub.token),
    CODEC_SCALAR(struct leg, hub.amount),
    CODEC_SCALAR(struct leg, hub.value),
    CODEC_SCALAR(struct leg, hub.mandate),
    CODEC_SCALAR(struct leg, hub.deadline_s),
};
CODEC_LAYOUT(leg_hub_layout, sluice__v1__leg_hub__descriptor, struct leg);

static const struct codec_field leg_layout_fields[] = {
    CODEC_SCALAR(struct leg, id),
    CODEC_SCALAR(struct leg, domain),
    CODEC_SCALAR(struct leg, key),
    CODEC_CHOICE_OF(struct leg, kind, LEG_PROCESS, 0, &leg_process_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_REBALANCE, 0, &leg_rebalance_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_ANNOUNCE, 0, &leg_announce_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_CANCEL, 0, &leg_cancel_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_VENUE, 0, &leg_venue_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_BATCH, 0, &leg_batch_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_HUB, 0, &leg_hub_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_CROSSING, 0, &leg_crossing_layout),
    CODEC_CHOICE_OF(struct leg, kind, LEG_SETTLE, 0, &leg_settle_layout),
};
CODEC_LAYOUT(leg_layout, sluice__v1__leg__descriptor, struct leg);

static const struct codec_field intent_layout_fields[] = {
    CODEC_SCALAR(struct intent, leg_id),          CODEC_SCALAR(struct intent, attempt),
    CODEC_SCALAR(struct intent, domain),          CODEC_SCALAR(struct intent, key),
    CODEC_SCALAR(struct intent, nonce),           CODEC_SCALAR(struct intent, gas_limit),
    CODEC_SCALAR(struct intent, fee_per_gas_max), CODEC_SCALAR(struct intent, priority_fee_per_gas),
    CODEC_SCALAR(struct intent, value),           CODEC_SCALAR(struct intent, payload_digest),
    CODEC_SCALAR(struct intent, is_legacy),
};
CODEC_LAYOUT(intent_layout, sluice__v1__intent__descriptor, struct intent);

static const struct codec_field send_layout_fields[] = {
    CODEC_GROUP_OF(CODEC_GROUP, struct command, send.leg, &leg_layout),
    CODEC_GROUP_OF(CODEC_GROUP, struct command, send.intent, &intent_layout),
};
CODEC_LAYOUT(send_layout, sluice__v1__send__descriptor, struct command);

static const struct codec_field broadcast_layout_fields[] = {
    CODEC_SCALAR(struct command, broadcast.leg_id),
    CODEC_SCALAR(struct command, broadcast.transaction),
};
CODEC_LAYOUT(broadcast_layout, sluice__v1__broadcast__descriptor, struct command);

static const struct codec_field sign_checkpoint_layout_fields[] = {
    CODEC_GROUP_OF(CODEC_GROUP, struct command, sign_checkpoint, &checkpoint_layout),
};
CODEC_LAYOUT(sign_checkpoint_layout, sluice__v1__sign_checkpoint__descriptor, struct command);

static const struct codec_field sign_announcement_layout_fields[] = {
    CODEC_SCALAR(struct command, sign_announcement.validator),
    CODEC_BYTES_OF(CODEC_TEXT, struct command, sign_announcement.location, LOCATION_BYTES_MAX),
};
CODEC_LAYOUT(sign_announcement_layout, sluice__v1__sign_announcement__descriptor, struct command);

static const struct codec_field sign_lookup_layout_fields[] = {
    CODEC_SCALAR(struct command, sign_lookup.message_id),
    CODEC_SCALAR(struct command, sign_lookup.module),
    CODEC_SCALAR(struct command, sign_lookup.key),
    CODEC_SCALAR(struct command, sign_lookup.sender),
    CODEC_BYTES_OF(CODEC_TEXT, struct command, sign_lookup.url, LOOKUP_URL_BYTES_MAX),
    CODEC_BYTES_OF(CODEC_DATA, struct command, sign_lookup.call_data, LOOKUP_DATA_BYTES_MAX),
};
CODEC_LAYOUT(sign_lookup_layout, sluice__v1__sign_lookup__descriptor, struct command);

static const struct codec_field publish_checkpoint_layout_fields[] = {
    CODEC_SCALAR(struct command, publish_checkpoint.validator),
    CODEC_GROUP_OF(CODEC_GROUP, struct command, publish_checkpoint.checkpoint, &checkpoint_layout),
    CODEC_SCALAR(struct command, publish_checkpoint.signature),
};
CODEC_LAYOUT(publish_checkpoint_layout, sluice__v1__publish_checkpoint__descriptor, struct command);

static const struct codec_field publish_announcement_layout_fields[] = {
    CODEC_SCALAR(struct command, publish_announcement.validator),
    CODEC_BYTES_OF(CODEC_TEXT, struct command, publish_announcement.location, LOCATION_BYTES_MAX),
    CODEC_SCALAR(struct command, publish_announcement.signature),
};
CODEC_LAYOUT(publish_announcement_layout, sluice__v1__publish_announcement__descriptor,
             struct command);

static const struct codec_field publish_reorg_layout_fields[] = {
    CODEC_SCALAR(struct command, publish_reorg.validator),
    CODEC_SCALAR(struct command, publish_reorg.local_root),
    CODEC_SCALAR(struct command, publish_reorg.canonical_root),
    CODEC_SCALAR(struct command, publish_reorg.index),
    CODEC_SCALAR(struct command, publish_reorg.time_s),
};
CODEC_LAYOUT(publish_reorg_layout, sluice__v1__publish_reorg__descriptor, struct command);

static const struct codec_field plan_layout_fields[] = {
    CODEC_SCALAR(struct command, plan.plan_id),
    CODEC_BYTES_OF(CODEC_BLOB, struct command, plan.network, RECORD_BLOB_BYTES_MAX),
};
CODEC_LAYOUT(plan_layout, sluice__v1__plan__descriptor, struct command);

static const struct codec_field note_layout_fields[] = {
    CODEC_ENUM_OF(struct command, note.level, NOTE_INFO, NOTE_ALARM),
    CODEC_SCALAR(struct command, note.subject),
    CODEC_SCALAR(struct command, note.reason),
    CODEC_BYTES_OF(CODEC_TEXT, struct command, note.text, REASON_BYTES_MAX),
};
CODEC_LAYOUT(note_layout, sluice__v1__note__descriptor, struct command);

static const struct codec_field record_command_layout_fields[] = {
    CODEC_CHOICE_OF(struct command, kind, COMMAND_SEND, 0, &send_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_BROADCAST, 0, &broadcast_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_SIGN_CHECKPOINT, 0, &sign_checkpoint_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_SIGN_ANNOUNCEMENT, 0, &sign_announcement_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_PUBLISH_CHECKPOINT, 0,
                    &publish_checkpoint_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_PUBLISH_ANNOUNCEMENT, 0,
                    &publish_announcement_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_PLAN, 0, &plan_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_NOTE, 0, &note_layout),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_PUBLISH_REORG, 0, &publish_reorg_layout),
    CODEC_SCALAR(struct command, domain),
    CODEC_CHOICE_OF(struct command, kind, COMMAND_SIGN_LOOKUP, 0, &sign_lookup_layout),
};
const struct codec_layout record_command_layout = {
    .wire = &sluice__v1__command__descriptor,
    .fields = record_command_layout_fields,
    .fields_count = sizeof(record_command_layout_fields) / sizeof(record_command_layout_fields[0]),
    .bytes_count = sizeof(struct command)};
