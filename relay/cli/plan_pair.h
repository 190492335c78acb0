/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/plan_pair.h: a network and a plan for it, as `certify` and `explain` take them. */
#ifndef SLUICE_RELAY_CLI_PLAN_PAIR_H
#define SLUICE_RELAY_CLI_PLAN_PAIR_H

#include "relay/cli/cli.h"
#include "relay/routing/certificate.h"
#include "relay/routing_file/plan_file.h"

struct plan_pair {
    struct network_file *network;
    struct plan_file *plan;
};

/* Loads `NETWORK PLAN`; what is wrong is said. EXIT_DONE, with a pair to free; else EXIT_USAGE. */
MUST_USE int plan_pair_load(const char *verb, const struct cli_arguments *arguments,
                            struct plan_pair *ret_pair);
void plan_pair_free(struct plan_pair *pair);

/* Checks the plan against the network with the independent certificate. STATUS_OK; STATUS_REFUSED:
 * the plan is not what it says; STATUS_MALFORMED: its tree of decisions is none, and there is no
 * certificate. `*ret_lie` says what is wrong; static memory. */
MUST_USE enum status plan_pair_certify(const struct plan_pair *pair,
                                       struct certificate *ret_certificate, const char **ret_lie);

#endif
