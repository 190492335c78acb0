/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/flows.h: what went between our spokes, as they say themselves, and the booking
 * of what came.
 *
 * A spoke counts what comes from a sibling only once somebody has called its `settle`: the tokens
 * and the notice that announces them are two messages, in either order. Whenever a reading shows
 * both and nothing booked, this module has the spoke book it. It belongs to no move, so that what a
 * move left behind, or somebody else sent, is booked too.
 *
 * A row's key is in capital_rows.h. Threads: none. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_FLOWS_H
#define SLUICE_RELAY_CORE_CAPITAL_FLOWS_H

#include "relay/core/capital/capital_rows.h"
#include "relay/core/step.h"

#define FLOW_ROW_BYTES_MAX 320u

struct flow_row {
    uint64_t block;     /* of the reading; 0: never read */
    struct amount sent; /* as struct spoke_flow */
    struct amount announced;
    struct amount received;
    struct hash leg; /* that books what came; zero: none is asked for */
    bool taken;      /* by the lane; else only prepared */
};

struct bytes flow_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct core_spoke *spoke,
                      uint32_t sibling);
void flow_row_pack(struct packer *packer, const struct flow_row *row);
bool flow_row_unpack(struct bytes bytes, struct flow_row *ret_row);

/* What the spoke said of the chain its sibling is on. False, and a zeroed row: never read. */
bool flow_get(struct step *step, const struct core_spoke *spoke, uint32_t sibling,
              struct flow_row *ret_row);

/* Keeps what an answer says of the spokes that are configured, and begins to book what came. */
void flow_on_positions(struct step *step, const struct event *event);
void flow_on_prepared(struct step *step, const struct event *event);

#endif
