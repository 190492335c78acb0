/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/capital_view.h: capital as people ask about it, read straight from the rows.
 *
 * For the command line: works on a live node's journal and on a dead one's alike, changes nothing.
 * The structs of capital_rows.h are what the rows hold; what is computed from several rows is here.
 *
 * Every function returns STATUS_OK; STATUS_NOT_FOUND: no such row, or no further one; STATUS_IO,
 * STATUS_CORRUPT: the store cannot be read. Amounts are base units. Threads: the source's. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_CAPITAL_VIEW_H
#define SLUICE_RELAY_CORE_CAPITAL_CAPITAL_VIEW_H

#include "relay/base/approval.h"
#include "relay/core/capital/backing.h"
#include "relay/core/capital/capital_rows.h"
#include "relay/core/capital/exposure.h"
#include "relay/core/capital/hubs.h"
#include "relay/core/capital/prices.h"
#include "relay/core/capital/venue_rows.h"
#include "relay/core/config.h"
#include "relay/core/rows.h"

/* One router: what it has in effect is collateral - owed - reserved_out + reserved_in + arriving.
 */
struct capital_position {
    uint32_t domain;
    struct address router;
    struct account_balance collateral; /* at the chain's final block */
    struct amount owed;                /* users' transfers to be paid out here */
    struct amount reserved_out;        /* moves decided, not yet gone for good */
    struct amount reserved_in;
    struct amount arriving; /* moves under way to it */
    struct account_balance effective;
    struct amount goal;               /* its share of the asset's total */
    struct account_balance liquidity; /* of its bridge here */
    bool within_tolerance;
    enum ledger_state ledger;  /* of its chain */
    uint64_t applied_block;    /* the balances are of */
    uint64_t reconciled_block; /* last agreed with the chain; 0: never */
};

/* All routers of an asset, in the order of the configuration, at most `positions_max`; and what
 * they have in effect together (0 when they owe more than they have). */
MUST_USE enum status capital_view_positions(const struct row_source *source,
                                            const struct core_config *config, uint32_t asset,
                                            struct capital_position *positions,
                                            uint32_t positions_max, uint32_t *ret_count,
                                            struct amount *ret_total);

/* The books of one asset: sums over all accounts. */
struct capital_ledger {
    struct amount debits;
    struct amount credits;
    bool balanced;                                     /* debits equal credits */
    struct account_balance difference;                 /* debits - credits */
    struct account_balance by_kind[ACCOUNT_KINDS_END]; /* by enum account_kind */
    uint32_t accounts_count;
};
MUST_USE enum status capital_view_ledger(const struct row_source *source, const char *symbol,
                                         struct capital_ledger *ret_ledger);
/* Accounts in the order of their keys: a zeroed account first, then the one returned before. */
MUST_USE enum status capital_view_next_account(const struct row_source *source,
                                               const struct account *after,
                                               struct account *ret_account,
                                               struct account_row *ret_row);
/* Postings of one chain are numbered from 1. */
MUST_USE enum status capital_view_posting(const struct row_source *source, uint32_t domain,
                                          uint64_t sequence, struct posting_row *ret_row);
/* The number of the chain's last posting; 0: none. */
MUST_USE enum status capital_view_postings_count(const struct row_source *source, uint32_t domain,
                                                 uint64_t *ret_count);

/* One chain's reconciliation. */
MUST_USE enum status capital_view_chain(const struct row_source *source, uint32_t domain,
                                        struct ledger_chain *ret_chain);

/* Whether an asset's collateral covers what was minted; STATUS_NOT_FOUND: nothing of it is minted,
 * or no final block was weighed yet. */
MUST_USE enum status capital_view_backing(const struct row_source *source, const char *symbol,
                                          struct backing_row *ret_backing);

/* What an asset's portfolio was exposed to at the last reading; STATUS_NOT_FOUND: no spoke holds
 * it, or none was read yet. */
MUST_USE enum status capital_view_exposure(const struct row_source *source, const char *symbol,
                                           struct exposure_row *ret_exposure);

/* Why nothing is planned for an asset, between its routers or its venues, and its newest plan. */
MUST_USE enum status capital_view_asset(const struct row_source *source, enum move_kind kind,
                                        const char *symbol, struct plan_asset *ret_asset);
MUST_USE enum status capital_view_plan(const struct row_source *source, const struct hash *id,
                                       struct plan_row *ret_plan);
/* Plans are numbered from 1 in the order they were made. */
MUST_USE enum status capital_view_plans_count(const struct row_source *source, uint64_t *ret_count);
MUST_USE enum status capital_view_plan_at(const struct row_source *source, uint64_t sequence,
                                          struct hash *ret_id, struct plan_row *ret_plan);

/* The plan as an approver signs it, and the signature if there is one; `index` is 0. */
void capital_view_approval(const struct hash *id, const struct plan_row *plan,
                           struct approval *ret_approval);

/* Move `index` of a plan has this id; STATUS_NOT_FOUND from capital_view_move: not started. */
struct hash capital_move_id(const struct hash *plan_id, uint32_t index);
MUST_USE enum status capital_view_move(const struct row_source *source, const struct hash *id,
                                       struct move_row *ret_move);
/* The move that a leg, its first or its second one, belongs to. */
MUST_USE enum status capital_view_move_of_leg(const struct row_source *source,
                                              const struct hash *leg_id, struct hash *ret_id,
                                              struct move_row *ret_move);
/* Moves that have not ended: a zero id first, then the one returned before. */
MUST_USE enum status capital_view_next_open_move(const struct row_source *source,
                                                 const struct hash *after, struct hash *ret_id,
                                                 struct move_row *ret_move);

/* The capital that a message carries. */
MUST_USE enum status capital_view_transit(const struct row_source *source, const struct hash *id,
                                          struct transit_row *ret_row);
/* Messages sent and not delivered: a zero id first, then the one returned before. */
MUST_USE enum status capital_view_next_transit(const struct row_source *source,
                                               const struct hash *after, struct hash *ret_id,
                                               struct transit_row *ret_row);

MUST_USE enum status capital_view_vault(const struct row_source *source, uint32_t domain,
                                        const struct address *vault, struct vault_row *ret_row);

/* What was last told of an asset's price. */
MUST_USE enum status capital_view_price(const struct row_source *source, const char *symbol,
                                        struct price_row *ret_row);

/* What was last read of a spoke, and of a venue, by their indexes in the configuration. */
MUST_USE enum status capital_view_spoke(const struct row_source *source,
                                        const struct core_config *config, uint32_t spoke,
                                        struct spoke_row *ret_row);
MUST_USE enum status capital_view_venue(const struct row_source *source,
                                        const struct core_config *config, uint32_t venue,
                                        struct venue_row *ret_row);

/* What was last read of a hub, and of a spoke's reports there, by the hub's index. */
MUST_USE enum status capital_view_hub(const struct row_source *source,
                                      const struct core_config *config, uint32_t hub,
                                      struct hub_row *ret_row);
MUST_USE enum status capital_view_hub_report(const struct row_source *source,
                                             const struct core_config *config, uint32_t hub,
                                             uint32_t domain, struct hub_report_row *ret_row);

/* One or two words for people and for --json. Static memory. */
const char *plan_state_name(enum plan_state state);
const char *move_state_name(enum move_state state);
const char *ledger_state_name(enum ledger_state state);
const char *account_kind_name(enum account_kind kind);
const char *posting_kind_name(enum posting_kind kind);

#endif
