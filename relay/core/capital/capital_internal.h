/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/capital_internal.h: what ledger.c, move.c and plan.c say to each other, and
 * their rows read and written through a step. A row that does not decode is STATUS_CORRUPT in
 * step->status and reads as absent. Only these modules include it. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_CAPITAL_INTERNAL_H
#define SLUICE_RELAY_CORE_CAPITAL_CAPITAL_INTERNAL_H

#include "relay/core/capital/capital_rows.h"
#include "relay/core/step.h"

/* ---- rows; absent rows are false and zeroed ---- */
bool capital_get_account(struct step *step, const struct account *account,
                         struct account_row *ret_row);
void capital_put_account(struct step *step, const struct account *account,
                         const struct account_row *row);
bool capital_get_transit(struct step *step, const struct hash *id, struct transit_row *ret_row);
bool capital_get_chain(struct step *step, uint32_t domain, struct ledger_chain *ret_row);
void capital_put_chain(struct step *step, uint32_t domain, const struct ledger_chain *row);
bool capital_get_assembly(struct step *step, uint32_t domain, struct assembly *ret_row);
void capital_put_assembly(struct step *step, uint32_t domain, const struct assembly *row);
bool capital_get_plan(struct step *step, const struct hash *id, struct plan_row *ret_row);
void capital_put_plan(struct step *step, const struct hash *id, const struct plan_row *row);
bool capital_get_asset(struct step *step, enum move_kind kind, const char *symbol,
                       struct plan_asset *ret_row);
void capital_put_asset(struct step *step, enum move_kind kind, const char *symbol,
                       const struct plan_asset *row);
bool capital_get_move(struct step *step, const struct hash *id, struct move_row *ret_row);
/* The move that a leg belongs to; false also where another of its legs is done now. */
bool capital_get_move_of_leg(struct step *step, const struct hash *leg_id, struct hash *ret_id,
                             struct move_row *ret_row);
/* Keeps the index of open moves too. */
void capital_put_move(struct step *step, const struct hash *id, const struct move_row *row);
/* Walks the moves that have not ended: a zero id first, then the id returned before. */
bool capital_next_open_move(struct step *step, const struct hash *after, struct hash *ret_id,
                            struct move_row *ret_row);
bool capital_get_vault(struct step *step, uint32_t domain, const struct address *vault,
                       struct vault_row *ret_row);
void capital_put_vault(struct step *step, uint32_t domain, const struct address *vault,
                       const struct vault_row *row);
bool capital_get_quote(struct step *step, uint32_t domain, const struct address *router,
                       uint32_t destination, struct quote_row *ret_row);

/* ---- names ---- */
/* Copies a symbol and fills the rest with zeros. */
void capital_symbol(char ret_symbol[NAME_BYTES_MAX], const char *symbol);
/* The same asset? */
bool capital_is_symbol(const char *a, const char *b);
/* The asset of a router of the configuration in force. */
const char *capital_router_symbol(const struct core_config *config,
                                  const struct core_router *router);
/* NULL: no such router of this asset. */
const struct core_router *capital_router(const struct core_config *config, uint32_t domain,
                                         const struct address *router, const char *symbol);
/* NULL: nothing synthetic is there. */
const struct core_synthetic *capital_synthetic(const struct core_config *config, uint32_t domain,
                                               const struct address *router);
/* What a router of a route has in the books: its collateral (ROUTER) or what it minted (SUPPLY).
 * False: it is none of the configuration's. */
bool capital_route_end(const struct core_config *config, uint32_t domain,
                       const struct address *router, struct account *ret_account);
struct account capital_account(enum account_kind kind, const char *symbol, uint32_t domain,
                               const struct address *address);
/* Of a spoke, and of what it has in a venue, by their indexes in the configuration. */
struct account capital_spoke_account(const struct core_config *config, uint32_t spoke);
struct account capital_hub_account(const struct core_config *config, const struct core_hub *hub);
struct account capital_venue_account(const struct core_config *config, uint32_t venue);
/* The accounts on a chain whose balances the chain states, in order: start with 0. A venue's is
 * stated by its spoke; its token is the spoke's. */
bool capital_next_watched(const struct core_config *config, uint32_t domain, uint32_t *cursor,
                          struct account *ret_account, struct address *ret_token);
/* A due row's id for the ledger's question about a chain (DUE_PLAN); never zero. */
struct hash capital_ledger_due(uint32_t domain);

/* ---- ledger ---- */
/* REASON_NONE: the ledger of this chain agrees with the chain, recently, and holds whole blocks
 * alone; else why not. */
enum reason ledger_reason(struct step *step, uint32_t domain);
struct account_balance ledger_balance(struct step *step, const struct account *account);
/* Asks again or goes on, when the due row fires. */
void ledger_on_due(struct step *step, uint32_t domain);
void ledger_on_positions(struct step *step, const struct event *event);
void ledger_on_operator(struct step *step, const struct event *event);

/* ---- ledger -> move ---- */
/* A final CollateralMoved. Returns the id of our move that it is; zero: none of ours. */
struct hash move_on_sent(struct step *step, uint32_t domain, const struct fact *fact,
                         const struct amount *amount, const struct hash *message_id);
/* The same of what a spoke sent to its sibling, in this transaction. */
struct hash move_on_crossed(struct step *step, const struct transit_row *sent,
                            const struct hash *transaction, const struct hash *message_id);
void move_on_arrived(struct step *step, const struct hash *move_id, const struct amount *amount,
                     uint64_t block);
/* The chain's spokes and venues were read at this final block. */
void move_on_read(struct step *step, uint32_t domain, uint64_t block);

/* ---- plan -> move ---- */
void move_start(struct step *step, const struct hash *plan_id, const struct plan_row *plan,
                uint32_t index);
struct hash move_id_of(const struct hash *plan_id, uint32_t index);
void move_on_start(struct step *step);
void move_on_due(struct step *step, const struct hash *id);
void move_on_prepared(struct step *step, const struct event *event);

bool move_ends(enum move_state state);
/* ---- move -> plan ---- */
/* A move of this plan ended. */
void plan_on_move_end(struct step *step, const struct hash *plan_id);

/* ---- plan ---- */
void plan_on_start(struct step *step);
void plan_on_due(struct step *step);
void plan_on_planned(struct step *step, const struct event *event);
void plan_on_operator(struct step *step, const struct event *event);

/* What a router may send now: collateral less what its users are owed and what other moves have
 * reserved. `except` (or zero) is left out. */
struct amount plan_available(struct step *step, const struct core_router *router,
                             const struct hash *except);
/* a - b, at least zero. */
struct amount capital_less(const struct amount *a, const struct amount *b);
/* floor(amount * bps / 10,000) */
struct amount capital_share(const struct amount *amount, struct bps bps);

#endif
