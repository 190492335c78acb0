/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/certify.c: `sluice certify NETWORK PLAN`: is a plan what it says? */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "relay/base/check.h"
#include "relay/cli/plan_pair.h"

static const char *violation_words(const struct certificate *certificate)
{
    static const char *const words[] = {[CERTIFICATE_NOTHING] = "none",
                                        [CERTIFICATE_BALANCE] = "what balances at place",
                                        [CERTIFICATE_PLACE_MIN] = "min of place",
                                        [CERTIFICATE_PLACE_MAX] = "max of place",
                                        [CERTIFICATE_FLOW_MIN] = "a flow below 0 in corridor",
                                        [CERTIFICATE_FLOW_MAX] = "max of corridor",
                                        [CERTIFICATE_GROUP_MIN] = "min of group",
                                        [CERTIFICATE_GROUP_MAX] = "max of group"};

    return words[certificate->rule];
}

/* Of the place, corridor or group that breaks most; none: "". */
static const char *violation_id(const struct network_file *network,
                                const struct certificate *certificate)
{
    switch (certificate->rule) {
    case CERTIFICATE_NOTHING:
        break;
    case CERTIFICATE_BALANCE:
    case CERTIFICATE_PLACE_MIN:
    case CERTIFICATE_PLACE_MAX:
        return network->places.ids[certificate->index];
    case CERTIFICATE_FLOW_MIN:
    case CERTIFICATE_FLOW_MAX:
        return network->corridors.ids[certificate->index];
    case CERTIFICATE_GROUP_MIN:
    case CERTIFICATE_GROUP_MAX:
        return network->groups.ids[certificate->index];
    }
    return "";
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
    (void)printf("violation  %.3g  %s %s\n", certificate->violation, violation_words(certificate),
                 violation_id(network, certificate));
}

/* Absurd plans make sums that are no numbers: null. */
static json_t *number_json(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

/* `lie`: what is not true of the plan; NULL: nothing. */
static int print_json(const struct network_file *network, const struct model_plan *plan,
                      const struct certificate *certificate, const char *lie)
{
    const bool infeasible = plan->status == MODEL_INFEASIBLE;
    json_t *document = json_pack("{s:b, s:s?, s:b}", "supported", lie == NULL, "refused", lie,
                                 "infeasible", infeasible);
    json_t *numbers =
        infeasible
            ? json_pack("{s:o}", "missed", number_json(-certificate->contradiction))
            : json_pack(
                  "{s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "value", number_json(certificate->value),
                  "bound", number_json(certificate->bound), "baseline",
                  number_json(certificate->baseline), "gap", number_json(certificate->gap),
                  "violation", number_json(certificate->violation), "violated",
                  violation_words(certificate), "violated_id", violation_id(network, certificate));

    CHECK(document != NULL);
    CHECK(numbers != NULL);
    const int rc = json_object_update(document, numbers);
    CHECK(rc == 0);
    json_decref(numbers);
    return cli_print_json(document);
}

static int certify(const struct plan_pair *pair, bool json)
{
    struct certificate certificate;
    const char *lie = NULL;
    const enum status status = plan_pair_certify(pair, &certificate, &lie);

    if (status == STATUS_MALFORMED) {
        cli_say("certify", "%s", lie);
        return EXIT_USAGE;
    }
    if (json) {
        const int code = print_json(pair->network, &pair->plan->plan, &certificate,
                                    status == STATUS_OK ? NULL : lie);
        return code == EXIT_DONE && status != STATUS_OK ? EXIT_NEGATIVE : code;
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
    bool json = false;
    const struct cli_option options[] = {{.name = "--json", .flag = &json}, {.name = NULL}};
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
    code = certify(&pair, json);
    plan_pair_free(&pair);
    return code;
}
