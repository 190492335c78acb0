/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/plan_pair.h"

#include <stdlib.h>

#include "relay/base/check.h"

int plan_pair_load(const char *verb, const struct cli_arguments *arguments,
                   struct plan_pair *ret_pair)
{
    struct document_error error;
    struct plan_pair pair = {.network = NULL};

    if (arguments->count != 2) {
        cli_say(verb, "say 'sluice %s NETWORK PLAN'", verb);
        return EXIT_USAGE;
    }
    if (network_file_load(arguments->values[0], &pair.network, &error) != STATUS_OK ||
        plan_file_load(pair.network, arguments->values[1], &pair.plan, &error) != STATUS_OK) {
        cli_say(verb, "%s", error.text);
        plan_pair_free(&pair);
        return EXIT_USAGE;
    }
    *ret_pair = pair;
    return EXIT_DONE;
}

void plan_pair_free(struct plan_pair *pair)
{
    pair->plan = plan_file_free(pair->plan);
    pair->network = network_file_free(pair->network);
}

enum status plan_pair_certify(const struct plan_pair *pair, struct certificate *ret_certificate,
                              const char **ret_lie)
{
    const struct model *model = &pair->network->model;
    void *scratch = malloc(certificate_footprint(model) + 1);

    CHECK(scratch != NULL);
    const enum status status =
        certificate_compute(model, &pair->plan->plan, scratch, ret_certificate);
    free(scratch);
    if (status != STATUS_OK) {
        *ret_lie = "branches: a transaction is decided twice on one way";
        return STATUS_MALFORMED;
    }
    return certificate_supports(ret_certificate, &pair->plan->plan, ret_lie) ? STATUS_OK
                                                                             : STATUS_REFUSED;
}
