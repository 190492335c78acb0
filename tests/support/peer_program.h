/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/peer_program.h: a network as a program for solvers that are not ours.
 *
 * Clp solves it as a linear program, GLPK also with a yes or no per transaction. Risk, quadratic
 * yields and constant products cannot be said: the model must have none. */
#ifndef SLUICE_TESTS_SUPPORT_PEER_PROGRAM_H
#define SLUICE_TESTS_SUPPORT_PEER_PROGRAM_H

#include "relay/routing/model.h"

enum peer {
    PEER_GLPK = 0,
    PEER_CLP, /* leaves transactions out */
};

struct peer_answer {
    bool solved; /* else it has no plan */
    double value;
    /* It burns what a place cannot hold by filling a corridor's worse piece before a better one; a
     * corridor cannot do so. */
    bool disposes;
};

/* At most PLACES_MAX and so on of random_network.h. */
struct peer_answer peer_solve(enum peer peer, const struct model *model);

#endif
