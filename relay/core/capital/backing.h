/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/backing.h: is what synthetic routers minted backed by collateral?
 *
 * A warp route locks on some chains what it mints on others. Its contracts on one chain cannot see
 * the other chains; the node can. Of each asset with synthetic routers, at every final block:
 *
 *   collateral + moves between routers >= supplies + what messages under way will mint or pay
 *
 * While that does not hold, the asset's capital is neither planned nor moved and no message between
 * its routers is delivered: whoever minted for nothing, or lies about one chain, gets nothing out
 * by us. backing.c has the states. Threads: the core's. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_BACKING_H
#define SLUICE_RELAY_CORE_CAPITAL_BACKING_H

#include "relay/core/capital/capital_rows.h"
#include "relay/core/config.h"
#include "relay/core/step.h"

/* stored: never renumber */
enum backing_state {
    BACKING_UNKNOWN = 1, /* the books of some chain of the route are not open */
    BACKING_HELD = 2,
    BACKING_DOUBTED = 3, /* short; one chain's view may be older than another's */
    BACKING_BROKEN = 4,  /* short at newer final blocks of all its chains too */
};

/* Of one asset, in its base units. */
struct backing_row {
    enum backing_state state;
    struct instant since;
    struct amount collateral; /* and what is under way between routers */
    struct amount claims;
};

#define BACKING_ROW_BYTES_MAX 96u

struct bytes backing_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const char *symbol);
void backing_row_pack(struct packer *packer, const struct backing_row *row);
bool backing_row_unpack(struct bytes bytes, struct backing_row *ret_row);

/* The ledger of a chain went on, or was held against the chain. */
void backing_on_ledger(struct step *step, uint32_t domain);
/* Why flows of an asset (an index into the configuration's) stop; REASON_NONE: they do not. */
enum reason backing_reason(struct step *step, uint32_t asset);
/* The same of a message that `sender` on `domain` sent; REASON_NONE where it is no such router. */
enum reason backing_of_sender(struct step *step, uint32_t domain, const struct address *sender);

/* One word for people and for --json. Static memory. */
const char *backing_state_name(enum backing_state state);

#endif
