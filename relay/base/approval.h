/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/approval.h: a plan's moves as an approver signs them and as the signer checks them.
 *
 * An approver signs a text (EIP-191, what wallets call a personal message) that names the plan, the
 * SHA-256 of its moves, the mandate it was made under, and the second after which the signature is
 * void:
 *
 *     Sluice approval
 *     plan: 0x...
 *     moves: 0x...
 *     mandate: 0x...
 *     expires: 1790000000
 *
 * So who holds an approval can make these moves and no others, each once (a move's id names plan
 * and place), for as long as the text says. The packed form is what travels to the signer.
 *
 * Promises, tested by tests/unit/test_base_approval.c and tests/fuzz/fuzz_approval.c:
 * unpack(pack(x)) gives x; bytes that pack did not make are refused. Threads: none; pure. Amounts:
 * base units. */
#ifndef SLUICE_RELAY_BASE_APPROVAL_H
#define SLUICE_RELAY_BASE_APPROVAL_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/signature.h"

#define APPROVAL_MOVES_MAX  48u
#define APPROVAL_PLACES_MAX 24u
#define APPROVAL_BYTES_MAX  8192u /* packed */
#define APPROVAL_TEXT_BYTES 512u

/* stored: never renumber. What a move is between. */
enum move_kind {
    MOVE_BETWEEN_ROUTERS = 1, /* collateral of one router goes to another one over their bridge */
    MOVE_BETWEEN_VENUES = 2,  /* what one spoke holds, on its own chain: one leg that takes it out
                                 of `source_venue`, one that puts it into `target_venue` */
    MOVE_BETWEEN_SPOKES = 3,  /* what one spoke holds goes to its sibling on another chain: out of
                                 `source_venue`, over the bridge, into `target_venue` there */
};

/* A venue is named by its place in the spoke's own list, counted from 1; 0: what lies idle in the
 * spoke. What the spoke owes to a venue is named by the same number above APPROVAL_DEBTS, and is
 * the target of a move of its own chain alone: it is paid back. Between routers both are 0. */
#define APPROVAL_DEBTS 0x10000u

struct approval_move {
    enum move_kind kind;
    uint32_t source_domain;
    struct address source; /* the router that is asked to move its collateral, or the spoke */
    uint32_t source_venue;
    uint32_t target_domain; /* between venues: the same */
    struct address target;  /* between spokes: the sibling; else zero */
    uint32_t target_venue;
    struct amount amount; /* what arrives at a sibling may be less, and is then put in */
};

/* What a plan says was at one of its places, with what was on its way there. The signer holds the
 * plan's moves to the mandate's shares by it (relay/signer/shares.h); no approver signs it. */
struct approval_place {
    uint32_t domain;
    struct address contract; /* router or spoke */
    uint32_t venue;          /* as above */
    bool negative;           /* a router that owes more than it has */
    struct amount amount;
};

/* One move of a plan, with the rest of it. */
struct approval {
    struct hash plan_id;
    struct hash mandate; /* digest of the limits the plan was made under */
    uint32_t index;      /* of the move that is asked for */
    uint32_t leg;        /* of that move, from 0 */
    uint32_t moves_count;
    struct approval_move moves[APPROVAL_MOVES_MAX];
    uint64_t expires_s; /* Unix time; 0: nobody signed */
    struct signature signature;
    uint32_t places_count;
    struct approval_place places[APPROVAL_PLACES_MAX];
};

/* The id of a plan's move, and of the first leg that makes it. */
struct hash approval_move_id(const struct hash *plan_id, uint32_t index);
/* The id of a leg of it, by number from 0. */
struct hash approval_leg_id(const struct hash *plan_id, uint32_t index, uint32_t leg);

/* The name of what is owed to the venue at this place of the list, from 0. */
static inline uint32_t approval_debt(uint32_t index)
{
    return APPROVAL_DEBTS + index + 1;
}

static inline bool approval_is_debt(uint32_t venue)
{
    return venue > APPROVAL_DEBTS;
}

enum approval_act {
    APPROVAL_WITHDRAWS = 1,
    APPROVAL_CROSSES = 2, /* goes to the sibling */
    APPROVAL_DEPOSITS = 3,
    APPROVAL_REPAYS = 4,
};

/* What a leg of a move between venues or spokes does. */
struct approval_venue {
    enum approval_act act;
    uint32_t domain;
    struct address spoke; /* that is asked */
    uint32_t index;       /* of the venue in the spoke's list, from 0; of a crossing: 0 */
};
/* Out of the source first, then over the bridge where there is one, then into the target, or back
 * to whom it is owed; what is idle needs no leg. False: the move has no such leg, or is none of
 * these kinds. */
bool approval_venue_leg(const struct approval_move *move, uint32_t leg,
                        struct approval_venue *ret_venue);

/* The text without the place of the move, and what was where; not ended by NUL. Returns its bytes.
 */
size_t approval_text(const struct approval *approval, char ret_text[APPROVAL_TEXT_BYTES]);
/* What the approver's key signs. */
struct hash approval_digest(const struct approval *approval);

/* The packed bytes, in `memory` of APPROVAL_BYTES_MAX. */
struct bytes approval_pack(const struct approval *approval, uint8_t memory[APPROVAL_BYTES_MAX]);
/* STATUS_MALFORMED: not such bytes, or an index beyond the moves. */
MUST_USE enum status approval_unpack(struct bytes bytes, struct approval *ret_approval);

#endif
