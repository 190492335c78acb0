/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_internal.h: the parts of planning: what it rests on, the network made of it,
 * the check of the answer, what the mandate allows in a window. */
#ifndef SLUICE_RELAY_CORE_PLAN_PLAN_INTERNAL_H
#define SLUICE_RELAY_CORE_PLAN_PLAN_INTERNAL_H

#include "relay/core/capital/capital_internal.h"
#include "relay/core/capital/exposure.h"
#include "relay/core/capital/guard.h"
#include "relay/core/capital/prices.h"
#include "relay/core/capital/venue_rows.h"
#include "relay/routing/network.h"

/* ---- routers ---- */

/* One router as planning sees it. What it has in effect is gross less claims. */
struct plan_site {
    const struct core_router *router;
    uint32_t index;         /* in the configuration */
    struct amount gross;    /* collateral, arriving moves, moves reserved towards it */
    struct amount claims;   /* owed to users, and moves reserved away from it */
    struct amount sendable; /* what may leave now: present, and not claimed */
    struct amount goal;     /* its share of the total, on top of its claims, within the mandate */
    struct amount floor;    /* no move leaves less in effect */
    struct amount cap;      /* no move brings more in effect */
    bool floor_binds;       /* it, and not what is present, bounds what is sendable */
};

struct plan_snapshot {
    const char *symbol;
    uint32_t decimals;
    uint32_t count;
    struct plan_site sites[PLAN_ROUTERS_MAX];
    struct amount total;     /* in effect, over all sites */
    struct amount tolerance; /* around each goal */
    bool reserved;           /* a move of this asset has not left its source for good */
    bool bounded;            /* a goal is another than its share, because of the mandate */
};

/* REASON_NONE: taken. Else why there is none: a chain is not reconciled, say. */
enum reason plan_snapshot_take(struct step *step, uint32_t asset,
                               struct plan_snapshot *ret_snapshot);
/* Is every router within the tolerance of its goal? */
bool plan_snapshot_is_balanced(const struct plan_snapshot *snapshot);
struct account_balance plan_site_effective(const struct plan_site *site);
/* NULL: no such router. */
const struct plan_site *plan_site_find(const struct plan_snapshot *snapshot, uint32_t domain,
                                       const struct address *router);

/* Packs the network (without its serial). REASON_NONE: packed; else why no corridor is open. */
enum reason plan_network_pack(struct step *step, const struct plan_snapshot *snapshot,
                              struct packer *packer);

/* ---- venues ---- */

/* A spoke and a venue as planning sees them, as they were read at one final block. */
struct plan_spoke {
    uint32_t index; /* in the configuration */
    struct spoke_row row;
    struct amount buffer;  /* that the mandate wants idle */
    struct amount spare;   /* idle above it */
    struct amount missing; /* below it */
    struct amount inbound; /* on its way here from siblings, to stay idle */
    bool partial;          /* a venue of it is no place: what it holds in all is not known */
    /* Of what it and its venues hold, by the mandate (plan_shares.c): what may still come from
     * siblings, and what may go to them. */
    bool is_capped;
    bool is_floored;
    struct amount cap_room;
    struct amount floor_room;
};

struct plan_venue {
    uint32_t index; /* in the configuration */
    uint32_t spoke; /* its place */
    /* Not what is in the venue, but what its spoke owes there and should pay back (plan_guard.c).
     * Nothing is in such a place, and nothing leaves it. */
    bool is_debt;
    struct venue_row row;
    bool known; /* what a unit earns */
    /* What must be in it for what is owed there (guard.h), and of that what can be; zero: nothing.
     */
    struct amount safe;
    bool urgent;             /* less is in it */
    struct amount lacks;     /* so much less than must be, though more than can be */
    struct amount enter_max; /* from anywhere, beside what is on its way */
    struct amount leave_max;
    struct amount inbound; /* on its way here from siblings of its spoke */
    uint32_t issuer;       /* as in core_venue */
    /* Of the first venue of an issuer alone: what may still enter any of his from elsewhere. */
    bool leads_issuer;
    struct amount issuer_room;
    struct route_decimal fixed; /* what a transaction costs */
};

/* Where something may go. */
struct plan_way {
    uint32_t from; /* place: spokes first, then venues */
    uint32_t to;
    struct amount max;
    struct route_decimal rate;  /* what a unit costs */
    struct route_decimal fixed; /* what its legs cost */
};

#define PLAN_CORRIDORS_MAX (PLAN_ROUTERS_MAX * (PLAN_ROUTERS_MAX - 1))

struct plan_venues {
    uint32_t decimals;
    struct duration horizon;
    struct amount move_min;
    bool fixed; /* gas is weighed */
    bool is_volatility_known;
    uint64_t volatility_nano; /* of the asset's price in a day */
    /* Why the first of those that are no place is none: REASON_NONE: all are. */
    enum reason left_out;
    uint32_t spokes_count;
    struct plan_spoke spokes[PLAN_ROUTERS_MAX];
    uint32_t venues_count; /* both together: at most PLAN_ROUTERS_MAX */
    struct plan_venue venues[PLAN_ROUTERS_MAX];
    struct amount everything;
    struct amount tolerance; /* within which a plan that waits stays good */
    uint32_t ways_count;
    struct plan_way ways[PLAN_CORRIDORS_MAX];
};

/* What gas at the chain's price and a native fee are worth, in whole units of the asset. False: out
 * of range, or nothing is known of the chain. */
bool plan_fixed_cost(struct step *step, uint32_t domain, uint64_t gas_count,
                     const struct amount *fee_native, uint32_t decimals,
                     struct route_decimal *ret_cost);

/* What the spokes of an asset hold and their venues pay. A spoke or a venue that cannot be planned
 * for is left out. REASON_NONE: taken; else why there is no spoke: REASON_POSITIONS_UNKNOWN: not
 * read yet; REASON_PAUSED: by itself; REASON_PLAN_STALE: it obeys another mandate;
 * REASON_MOVE_UNDER_WAY: what was read may not have it; a reason of the ledger of its chain;
 * REASON_WITHIN_TOLERANCE: there is none. */
enum reason plan_venues_take(struct step *step, uint32_t asset, struct plan_venues *ret_venues);
/* The same before desks agree on who makes good what a debt lacks. */
enum reason plan_venues_gather(struct step *step, uint32_t asset, struct plan_venues *ret_venues);
/* What a guarded debt needs stays, and what it lacks may come as far as the venue lets it in. */
void plan_guard_take(struct step *step, const struct core_venue *config,
                     const struct plan_venues *snapshot, struct plan_venue *site);
/* Adds, behind all venues, what is owed to them and should be paid back. */
enum reason plan_debts_take(struct step *step, struct plan_venues *snapshot);
/* Leaves what a debt lacks to the desk of another asset, or to another place of this one, that
 * makes it good better. True: something was left, and the ways are to be found anew. */
bool plan_guard_settle(struct step *step, uint32_t asset, struct plan_venues *snapshot);
/* The name of a venue or of a debt in moves. */
uint32_t plan_venue_name(const struct core_config *config, const struct plan_venue *site);
/* Leaves only what brings a debt the guard that it lacks: nothing else may be decided. False:
 * nothing is left. */
bool plan_venues_only_guard(struct plan_venues *venues);
/* Packs it as a network (without its serial): a place per spoke and per venue, tagged as
 * planned_move names them, and a corridor each way between them where something may go.
 * Else why nothing may enter or leave anywhere: the reason for what is left out, or
 * REASON_WITHIN_TOLERANCE. */
enum reason plan_venues_pack(const struct plan_venues *venues, struct packer *packer);
/* Adds, behind the ways on one chain, those to siblings on others, as far as bridges go there, were
 * asked what they take, and carry nothing of ours yet. */
void plan_crossings_find(struct step *step, struct plan_venues *snapshot);
/* Counts what is on its way from siblings where it will be. False: out of range. */
bool plan_crossings_count(struct step *step, struct plan_venues *snapshot);
/* What the mandate's shares of the whole leave room for, once everything is counted. False: out of
 * range. */
bool plan_shares_find(const struct core_config *config, struct plan_venues *snapshot);
/* Is a move of the spoke decided whose effect may not be in what was read of it? */
bool plan_spoke_is_reserved(struct step *step, const struct core_spoke *spoke,
                            const struct spoke_row *read);
/* Drops ways of nothing. */
void plan_way_add(struct plan_venues *snapshot, struct plan_way way);
#define PLAN_VENUE_GAS 450000u /* of a verb between the spoke and a venue, with room */
/* Of two costs in one unit. */
struct route_decimal plan_cost_sum(struct route_decimal a, struct route_decimal b);
/* Fee per unit of the quote, rounded up, at least one part in 1e9. False: the whole amount. */
bool plan_fee_rate(const struct quote_row *quote, struct route_decimal *ret_rate);
/* Would these moves, made now, keep the mandate's buffers and caps and the limits of spokes and
 * venues? */
bool plan_venues_fit(const struct core_config *config, const struct plan_venues *venues,
                     const struct plan_move *moves, uint32_t moves_count);

/* A move of such a plan, from the tags of its ends. False: nothing goes from one to the other. */
bool plan_venue_move(const struct core_config *config, const struct planned_move *planned,
                     struct plan_move *ret_move);
/* The spoke of such a move in the configuration in force; NULL: there is none any more. */
const struct core_spoke *plan_move_spoke(const struct core_config *config,
                                         const struct plan_move *move, const char *symbol);
/* The spoke it goes to, on another chain; NULL: it goes to none, or there is none any more. */
const struct core_spoke *plan_move_target(const struct core_config *config,
                                          const struct plan_move *move, const char *symbol);
/* Where the second spoke is a sibling, does the mandate let the first one's bridge go there? */
bool plan_spoke_sends_to(const struct core_config *config, const struct core_spoke *from,
                         const struct core_spoke *to);
/* The legs that do it, by number from 0: one between a spoke and a venue, two between venues, one
 * more over the bridge, each once the one before is final. The spoke obeys it until `deadline`.
 * False: there is no such leg, or no key on the chain. */
bool plan_venue_leg(const struct step *step, const struct move_row *move, uint32_t number,
                    struct instant deadline, struct leg *ret_leg);

/* ---- what a plan rests on, of either kind ---- */

/* Who plans: one asset, between its routers or between its venues. */
struct plan_desk {
    uint32_t asset;
    enum move_kind kind;
    char symbol[NAME_BYTES_MAX]; /* of the asset, zero-filled, for keys */
};

struct plan_basis {
    enum move_kind kind;
    bool reserved; /* moves are decided that it does not show yet */
    union {
        struct plan_snapshot routers;
        struct plan_venues venues;
    };
};

/* Desks by number from 0; false: none is left. */
bool plan_desk_at(const struct core_config *config, uint32_t number, struct plan_desk *ret_desk);
/* REASON_NONE: taken. Else why there is none. */
enum reason plan_basis_take(struct step *step, const struct plan_desk *desk,
                            struct plan_basis *ret_basis);
/* Must capital guard a debt now? Then no cooldown is waited for. */
bool plan_basis_is_urgent(const struct plan_basis *basis);
/* Is nothing to be asked? */
bool plan_basis_is_settled(const struct plan_basis *basis);
enum reason plan_basis_pack(struct step *step, const struct plan_basis *basis,
                            struct packer *packer);
/* Writes what the plan rests on into it. */
void plan_basis_keep(struct step *step, const struct plan_basis *basis, struct plan_row *plan);
/* Would these moves be right now? */
bool plan_basis_fits(const struct step *step, const struct plan_basis *basis,
                     const struct plan_move *moves, uint32_t moves_count);
/* Why a place that the plan was made on cannot be judged now; REASON_NONE: all can. */
enum reason plan_basis_lacks(const struct step *step, const struct plan_basis *basis,
                             const struct plan_row *plan);
/* Did any balance that the plan was made on move by more than the tolerance, or would its moves not
 * be right now? */
bool plan_basis_moved(const struct step *step, const struct plan_basis *basis,
                      const struct plan_row *plan);

/* ---- what the mandate allows ---- */

/* The configuration that a plan is only good under. */
struct hash plan_limits_digest(const struct step *step);
/* The desk's row that has the windows: its own, or the routers', read into `store`. */
struct plan_asset *plan_budget_open(struct step *step, const struct plan_desk *desk,
                                    struct plan_asset *row, struct plan_asset *store);
/* Writes it where it is another row than the desk's own. */
void plan_budget_close(struct step *step, const struct plan_desk *desk,
                       const struct plan_asset *budget);
/* What may still be moved in this window; everything where there is no limit. */
struct amount plan_budget_velocity(const struct step *step, const struct plan_asset *budget);
void plan_budget_use(const struct plan_row *plan, struct plan_asset *budget);
/* Would these moves, decided now, be more than the mandate allows? REASON_NONE: no. */
enum reason plan_budget_reason(const struct step *step, const struct plan_row *plan,
                               const struct plan_asset *budget);

/* ---- the question and the answer ---- */

/* A group's name: a place's tag times this, and the limit that its bound is. */
#define PLAN_GROUP_KINDS 16u
uint32_t plan_group_tag(uint32_t router, enum plan_limit_kind kind);

/* Of a spoke or of a venue at most four and three. */
#define PLAN_GROUPS_MAX        (4 * PLAN_ROUTERS_MAX)
#define PLAN_NETWORK_BYTES_MAX 262144u

/* The network that was asked about, unpacked and bounded. */
struct plan_question {
    struct network network;
    _Alignas(16) uint8_t memory[PLAN_NETWORK_BYTES_MAX];
};
/* False: not a network of ours. */
bool plan_question_read(struct bytes packed, struct plan_question *ret_question);

/* An answer as the core has checked it. */
struct plan_answer {
    uint32_t count;
    struct {
        uint32_t from; /* routers in the configuration */
        uint32_t to;
        struct amount amount;
        struct amount cost; /* with its fixed cost */
        struct amount gain; /* set by plan_answer_prune */
    } moves[MOVES_PER_PLAN_MAX];
    struct amount cost; /* of all moves */
    uint32_t gap_ppm;
    uint32_t limits_count;
    struct plan_limit limits[PLAN_LIMITS_MAX];
};

/* Recomputes everything the answer claims, in exact integers, from the network that was asked
 * about: corridors, capacities, bounds, groups, conservation, cost. Then what its proof proves.
 * NULL: good. Else what is wrong, in words. */
const char *plan_answer_check(const struct core_config *config,
                              const struct plan_question *question, const struct event *event,
                              struct plan_answer *ret_answer);

/* The proof's gap and the limits that bind, into the answer, whose moves are exact already. False:
 * it is no proof for this network. */
bool plan_proof_check(const struct core_config *config, const struct plan_question *question,
                      const struct amount *flows, const struct amount *positions,
                      struct bytes proof, struct plan_answer *answer);

/* What moving this amount costs: the fee, rounded up, and the fixed cost. False: out of range. */
bool plan_move_cost(const struct network *network, uint32_t corridor, const struct amount *amount,
                    struct amount *ret_cost);

/* Cuts moves to the owner's largest, and all together to `together`, and leaves out those below the
 * smallest; those are counted in
 * `*ret_small`. Then leaves out, the worst first, every move whose gain alone is not above its cost
 * by the mandate's margin. */
void plan_answer_prune(const struct core_route *route, const struct amount *together,
                       const struct plan_question *question, struct plan_answer *answer,
                       uint32_t *ret_small);

/* Would these moves, made now, leave every router they touch within its tolerance and take from
 * none more than it can send? */
bool plan_moves_fit(const struct plan_snapshot *snapshot, const struct plan_move *moves,
                    uint32_t moves_count);

#endif
