/* SPDX-License-Identifier: Apache-2.0 */
/* relay/view/view.h: what a node's rows say, as JSON: the one maker of what `--json` prints, what
 * tables show and what the node's own pages are made of.
 *
 * Amounts are decimal strings in base units beside "decimals"; instants are text in UTC or null; a
 * reason is {"code", "text"} or null. Names and words from outside are in it as they are: whoever
 * shows them escapes them.
 *
 * Every function that returns a status: STATUS_OK; STATUS_IO, STATUS_CORRUPT: the rows cannot be
 * read, and nothing is returned. JSON values are new references, owned by the caller. What is not
 * there yet is left out or null, never zero.
 *
 * Threads: the source's. */
#ifndef SLUICE_RELAY_VIEW_VIEW_H
#define SLUICE_RELAY_VIEW_VIEW_H

#include <jansson.h>

#include "relay/core/capital/capital_rows.h"
#include "relay/core/capital/venue_rows.h"
#include "relay/core/config.h"
#include "relay/core/rows.h"
#include "relay/core/view.h"

#define VIEW_NATIVE_DECIMALS 18

/* Everything is borrowed. */
struct view {
    struct row_source source;
    const struct core_config *config; /* in force when the node last started */
    uint64_t head;                    /* records */
};

/* NULL when the chain is not configured. */
const struct core_chain *view_core_chain(const struct view *view, uint32_t domain);
/* "?" when the chain is not configured. */
const char *view_chain(const struct view *view, uint32_t domain);
/* 0 when the asset is not configured. */
uint32_t view_decimals(const struct view *view, const char *symbol);

/* Node, chains, keys, what is validated, capital, vaults: `sluice status`. */
MUST_USE enum status view_status(const struct view *view, json_t **ret_status);
/* Everything that waits, and why: `sluice why`. */
MUST_USE enum status view_waiting(const struct view *view, json_t **ret_waiting);

/* ---- messages ---- */
/* One row, as in a list. */
json_t *view_message(const struct view *view, const struct hash *id,
                     const struct message_row *message);
/* With what it waits for: proofs, payment, transaction. */
json_t *view_message_why(const struct view *view, const struct hash *id,
                         const struct message_why *why);
/* "open", "all" or the name of a message's state. */
bool view_is_message_state(const char *text);
/* At most `limit` of them: open ones by destination, origin and nonce; others by id, which reads
 * the whole history. */
MUST_USE enum status view_messages(const struct view *view, const char *state, uint64_t limit,
                                   json_t **ret_messages);

/* ---- capital ---- */
json_t *view_plan(const struct view *view, const struct hash *id, const struct plan_row *plan);
/* The newest plans first. */
MUST_USE enum status view_plans(const struct view *view, json_t **ret_plans);
json_t *view_move(const struct view *view, const struct hash *id, const struct move_row *move);
/* Capital that was sent and has not arrived, by way, asset and whose it is: ours ("move") or
 * users'. "cut": there is more than is told. */
MUST_USE enum status view_flows(const struct view *view, json_t **ret_flows);
/* Each hub's round and reports, and why nobody is priced. */
MUST_USE enum status view_hubs(const struct view *view, json_t **ret_hubs);
/* What each spoke holds and what is in its venues, and why nothing may enter one. */
MUST_USE enum status view_spokes(const struct view *view, json_t **ret_spokes);
/* What each asset with sources of a price is worth, in 1e-18 of the numeraire. */
MUST_USE enum status view_prices(const struct view *view, json_t **ret_prices);
/* REASON_NONE: nothing stops the spoke. REASON_VENUE_OPEN: capital may enter the venue. */
enum reason view_spoke_reason(const struct view *view, const struct spoke_row *row);
enum reason view_venue_reason(const struct spoke_row *spoke, const struct venue_row *row);
/* The newest postings in assets of the configuration, at most 50 of a chain and 200 of all, the
 * newest first. */
MUST_USE enum status view_postings(const struct view *view, json_t **ret_postings);
/* "between routers", "between venues" or "paying back". */
const char *view_move_kind(const struct plan_move *move);
/* One end of a move, by its venue there: the place in the spoke's own list, from 0; null: idle in
 * the spoke, or a router. */
json_t *view_move_venue(const struct plan_move *move, uint32_t venue);
/* Where move `index` of a plan stands; "-" and a zero row when it was not started. */
const char *view_move_state(const struct view *view, const struct hash *plan_id, uint32_t index,
                            struct move_row *ret_move);

#endif
