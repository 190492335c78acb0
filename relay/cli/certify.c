/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/certify.c: `sluice certify NETWORK PLAN`: is a plan what it says? */
#include <stdio.h>

#include "relay/cli/plan_pair.h"

static void print_violation(const struct network_file *network,
                            const struct certificate *certificate)
{
    static const char *const words[] = {[CERTIFICATE_NOTHING] = "none",
                                        [CERTIFICATE_BALANCE] = "what balances at place",
                                        [CERTIFICATE_PLACE_MIN] = "min of place",
                                        [CERTIFICATE_PLACE_MAX] = "max of place",
                                        [CERTIFICATE_FLOW_MIN] = "a flow below 0 in corridor",
                                        [CERTIFICATE_FLOW_MAX] = "max of corridor",
                                        [CERTIFICATE_GROUP_MIN] = "min of group",
                                        [CERTIFICATE_GROUP_MAX] = "max of group"};
    const char *id = "";

    switch (certificate->rule) {
    case CERTIFICATE_NOTHING:
        break;
    case CERTIFICATE_BALANCE:
    case CERTIFICATE_PLACE_MIN:
    case CERTIFICATE_PLACE_MAX:
        id = network->places.ids[certificate->index];
        break;
    case CERTIFICATE_FLOW_MIN:
    case CERTIFICATE_FLOW_MAX:
        id = network->corridors.ids[certificate->index];
        break;
    case CERTIFICATE_GROUP_MIN:
    case CERTIFICATE_GROUP_MAX:
        id = network->groups.ids[certificate->index];
        break;
    }
    (void)printf("violation  %.3g  %s %s\n", certificate->violation, words[certificate->rule], id);
}

static void print_certificate(const struct network_file *network, const struct model_plan *plan,
                              const struct certificate *certificate)
{
    if (plan->status == MODEL_INFEASIBLE) {
        (void)printf("infeasible: every plan misses a bound, by %.17g at the plan's prices\n",
                     -certificate->contradiction);
        return;
    }
    (void)printf("value      %.17g\nbound      %.17g\nbaseline   %.17g\ngap        %.3g\n",
                 certificate->value, certificate->bound, certificate->baseline, certificate->gap);
    print_violation(network, certificate);
}

static int certify(const struct plan_pair *pair)
{
    struct certificate certificate;
    const char *lie = NULL;
    const enum status status = plan_pair_certify(pair, &certificate, &lie);

    if (status == STATUS_MALFORMED) {
        cli_say("certify", "%s", lie);
        return EXIT_USAGE;
    }
    print_certificate(pair->network, &pair->plan->plan, &certificate);
    if (status != STATUS_OK) {
        cli_say("certify", "refused: %s", lie);
    }
    if (fflush(stdout) != 0) {
        return EXIT_TEMPORARY;
    }
    return status == STATUS_OK ? EXIT_DONE : EXIT_NEGATIVE;
}

int cli_certify(int argc, char **argv)
{
    const struct cli_option options[] = {{.name = NULL}};
    struct cli_arguments arguments;
    struct plan_pair pair;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 2, &arguments, &code)) {
        return code;
    }
    code = plan_pair_load("certify", &arguments, &pair);
    if (code != EXIT_DONE) {
        return code;
    }
    code = certify(&pair);
    plan_pair_free(&pair);
    return code;
}
