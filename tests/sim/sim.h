/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/sim.h: whole lives of a node in virtual time, by seed.
 *
 * The real core, adapters, records, journal rows and driver run against imaginary chains,
 * validators, signer and disk. The seed draws the workload, the limits, which faults exist and when
 * each happens. A life has a phase with faults, then one without, at whose end everything must have
 * come to its end. Threads: none; lives share nothing. */
#ifndef SLUICE_TESTS_SIM_SIM_H
#define SLUICE_TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/bytes.h"

/* Which families of chains a life has. */
enum sim_family {
    SIM_MIXED = 0,
    SIM_PLAIN = 1,
    SIM_EVM = 2,
    SIM_QUORUM = 3, /* EVM, with endpoints that must agree and some that lie */
    SIM_VENUES = 4, /* plain, each with a spoke and two vaults whose rates move */
};

struct sim_options {
    uint64_t seed;
    enum sim_family family;
    bool tell;      /* what happens, line by line, on standard error */
    bool no_faults; /* whatever the seed says */
    bool stalls;    /* finality of a chain stands still, whatever the seed says */
    /* This seed was lived, checked and replayed before: only whether it is the same life is asked,
     * so nothing is checked that the digest says anyway. */
    bool again;
    uint64_t events; /* at least so many simulated events before faults end; 0: the seed's own */
};

struct sim_report {
    bool failed;
    char verdict[512];       /* of the first check that failed */
    uint64_t events_count;   /* tasks of the world and steps of the core */
    uint64_t steps_count;    /* of the core */
    uint64_t records_count;  /* in the journal at the end */
    uint64_t messages_count; /* dispatched and final */
    uint64_t delivered_by_us;
    uint64_t delivered_elsewhere;
    uint64_t batches_count;    /* transactions mined that carried several messages */
    uint64_t moves_count;      /* rebalances mined */
    uint64_t venue_legs_count; /* deposits and withdrawals mined */
    uint64_t kills_count;
    uint64_t reorgs_count;
    uint64_t commits_failed;
    uint64_t frames_lost;
    uint64_t dissents_count; /* of endpoints, that became evidence */
    uint64_t quorums_lost_count;
    uint64_t clock_jumps_count;
    uint64_t virtual_ms;
    struct hash digest; /* of every step of every process in this life */
};

/* Lives one life. False: a check failed, and the verdict says which. */
bool sim_run(const struct sim_options *options, struct sim_report *ret_report);

#endif
