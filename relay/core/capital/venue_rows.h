/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/venue_rows.h: what was last read of our spokes and of the venues they can use.
 *
 * Written when the ledger takes an EVENT_POSITIONS for a final block that it asked about, so that
 * all numbers of a chain are of one block. Keys are in capital_rows.h. Threads: none. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_VENUE_ROWS_H
#define SLUICE_RELAY_CORE_CAPITAL_VENUE_ROWS_H

#include "relay/core/capital/capital_rows.h"
#include "relay/core/step.h"

#define SPOKE_ROW_BYTES_MAX 384u
#define VENUE_ROW_BYTES_MAX 1536u

struct spoke_row {
    uint64_t block; /* 0: never read */
    struct hash block_hash;
    struct instant at;
    struct spoke_state state;
};

/* A share's worth at an instant. */
struct venue_mark {
    struct instant at; /* zero: none */
    struct amount share_price;
};

struct venue_row {
    uint64_t block; /* 0: never read */
    struct hash block_hash;
    struct instant at;      /* the time of the newest reading whose block's time was known */
    struct amount at_price; /* a share's worth then */
    struct venue_state state;
    /* Growth is measured from `older` to `at`; once `newer` is half a horizon old it takes its
     * place. */
    struct venue_mark older;
    struct venue_mark newer;
    /* What was told of a debt there: too little guarded; and that nothing can be read of it. */
    bool told_low;
    bool told_mute;
    struct instant low_since; /* since when a debt there lacks guard for more than its interest */
};

struct bytes spoke_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                       const struct address *spoke, const struct address *token);
struct bytes venue_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], uint32_t domain,
                       const struct address *spoke, uint32_t index);
void spoke_row_pack(struct packer *packer, const struct spoke_row *row);
bool spoke_row_unpack(struct bytes bytes, struct spoke_row *ret_row);
void venue_row_pack(struct packer *packer, const struct venue_row *row);
bool venue_row_unpack(struct bytes bytes, struct venue_row *ret_row);

/* False, and a zeroed row: never read. */
bool venue_get_spoke(struct step *step, const struct core_spoke *spoke, struct spoke_row *ret_row);
bool venue_get(struct step *step, const struct core_spoke *spoke, uint32_t index,
               struct venue_row *ret_row);

/* Keeps what an answer says of the spokes and venues that are configured. */
void venue_on_positions(struct step *step, const struct event *event);

/* What a debt is guarded by, at the mandate's price where it has one that counts. */
struct venue_state venue_guarded(struct step *step, const struct core_venue *venue,
                                 const struct venue_state *state);

/* Why nothing may enter; REASON_VENUE_OPEN: it may. */
enum reason venue_gate_reason(enum venue_gate gate);

/* Takes the answer's reading into the row: its state, and the marks by which growth is measured.
 * `at` is the block's own time, by which a vault pays; zero: not known, and growth is what it was.
 */
void venue_row_take(struct venue_row *row, const struct venue_state *state, struct instant at,
                    struct duration horizon);
/* What a unit earns in a year, in 1e-9, by the growth of a share since `older`; rounded down, zero
 * when it fell. False: not known yet. */
bool venue_rate_measured(const struct venue_row *row, uint64_t *ret_rate_nano);

/* That yield is counted over. */
struct duration venue_horizon(const struct core_route *route);

#endif
