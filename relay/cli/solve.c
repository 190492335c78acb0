/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/solve.c: `sluice solve NETWORK`: the best plan for a network file, with its proof. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/routing/allocation.h"
#include "relay/routing/conflict.h"
#include "relay/routing_file/plan_file.h"

#define STEPS_DEFAULT 200u
#define GAP_DEFAULT   1e-6

static void conflict_line(json_t *lines, const struct network_file *network,
                          const struct conflict_bound *bound)
{
    const struct model *model = &network->model;
    json_t *line = NULL;

    switch (bound->kind) {
    case CONFLICT_PLACE_MIN:
        line = json_sprintf("place '%s' wants at least %.17g", network->places.ids[bound->index],
                            model->places[bound->index].min);
        break;
    case CONFLICT_PLACE_MAX:
        line = json_sprintf("place '%s' wants at most %.17g", network->places.ids[bound->index],
                            model->places[bound->index].max);
        break;
    case CONFLICT_CORRIDOR_MAX:
        line =
            json_sprintf("corridor '%s' takes at most %.17g", network->corridors.ids[bound->index],
                         model->corridors[bound->index].max);
        break;
    case CONFLICT_GROUP_MIN:
        line = json_sprintf("group '%s' wants at least %.17g", network->groups.ids[bound->index],
                            model->groups[bound->index].min);
        break;
    case CONFLICT_GROUP_MAX:
        line = json_sprintf("group '%s' wants at most %.17g", network->groups.ids[bound->index],
                            model->groups[bound->index].max);
        break;
    }
    const int rc = json_array_append_new(lines, line);
    CHECK(rc == 0);
}

/* The bounds that contradict each other, in words; without any one of them there would be a plan,
 * unless there were too many to try them all. */
static json_t *conflict_words(const struct network_file *network, const struct model_plan *plan,
                              bool *ret_irreducible)
{
    json_t *lines = json_array();
    uint32_t count = 0;
    void *memory = malloc(conflict_footprint(&network->model));

    CHECK(lines != NULL);
    CHECK(memory != NULL);
    const struct conflict_bound *bounds =
        conflict_find(&network->model, &plan->prices, memory, &count, ret_irreducible);
    for (uint32_t i = 0; i < count; i++) {
        conflict_line(lines, network, &bounds[i]);
    }
    free(memory);
    return lines;
}

static void print_conflict(size_t lines, bool irreducible)
{
    if (lines == 1) {
        cli_say("solve", "infeasible: one bound cannot be kept%s",
                irreducible ? "; without it there is a plan" : "");
        return;
    }
    cli_say("solve", "infeasible: %zu bounds contradict each other%s", lines,
            irreducible ? "; without any one of them there is a plan" : "");
}

/* `warm`: the digest of the plan that the solver started from; NULL: none. */
static int print_plan(const struct network_file *network, const struct model_plan *plan,
                      const char *warm)
{
    bool irreducible = false;
    json_t *conflict =
        plan->status == MODEL_INFEASIBLE ? conflict_words(network, plan, &irreducible) : NULL;
    const size_t lines = json_array_size(conflict);

    if (plan->status == MODEL_INFEASIBLE) {
        print_conflict(lines, irreducible);
    }
    for (size_t i = 0; i < lines && i < 10; i++) {
        cli_say("solve", "  %s", json_string_value(json_array_get(conflict, i)));
    }
    json_t *document = plan_file_document(network, plan, conflict);
    if (warm != NULL && document != NULL) {
        const int rc = json_object_set_new(document, "warm", json_string(warm));
        CHECK(rc == 0);
    }
    const int code = cli_print_json(document);
    json_decref(conflict);
    if (code != EXIT_DONE) {
        return code;
    }
    return plan->status == MODEL_INFEASIBLE ? EXIT_NEGATIVE : EXIT_DONE;
}

static int solve(const struct network_file *network, const struct allocation_options *options,
                 const char *warm)
{
    struct allocation allocation;
    struct model_plan plan;
    int code = EXIT_NEGATIVE;
    void *layout = malloc(allocation_footprint(&network->model) + 1);

    CHECK(layout != NULL);
    if (allocation_init(&allocation, &network->model, layout) != STATUS_OK) {
        cli_say("solve", "places are in too many groups together");
        free(layout);
        return EXIT_USAGE;
    }
    void *memory = malloc(allocation_solve_footprint(&allocation) + 1);
    if (memory == NULL) {
        cli_say("solve", "no memory for %zu bytes", allocation_solve_footprint(&allocation));
        free(layout);
        return EXIT_TEMPORARY;
    }
    if (allocation_solve(&allocation, options, memory, &plan) == STATUS_OK) {
        code = print_plan(network, &plan, warm);
    } else {
        cli_say("solve",
                "no plan that keeps every bound was found, nor a proof that there is none");
    }
    free(memory);
    free(layout);
    return code;
}

/* Reads the plan to start from; its digest is part of the answer. */
static bool warm_read(const struct network_file *network, const char *path,
                      struct plan_file **ret_plan, char *ret_digest)
{
    struct document_error error;
    char *data = NULL;
    size_t bytes_count = 0;

    if (document_load(path, &data, &bytes_count, &error) != STATUS_OK) {
        cli_say("solve", "%s", error.text);
        return false;
    }
    const struct bytes text = bytes_from(data, bytes_count);
    const enum status status = plan_file_parse(network, text, ret_plan, &error);
    if (status == STATUS_OK) {
        const struct hash digest = sha2_of(text);
        hex_encode(bytes_from(digest.bytes, sizeof(digest.bytes)), ret_digest);
    }
    free(data);
    if (status != STATUS_OK) {
        cli_say("solve", "--warm %.120s: %s", path, error.text);
        return false;
    }
    if ((*ret_plan)->plan.status == MODEL_INFEASIBLE) {
        cli_say("solve", "--warm %.120s: it says that there is no plan; nothing to start from",
                path);
        *ret_plan = plan_file_free(*ret_plan);
        return false;
    }
    return true;
}

static int solve_file(const char *path, struct allocation_options *options, const char *warm)
{
    struct document_error error;
    struct network_file *network = NULL;
    struct plan_file *plan = NULL;
    char digest[2 * sizeof(struct hash) + 1] = "";
    int code = EXIT_USAGE;

    if (network_file_load(path, &network, &error) != STATUS_OK) {
        cli_say("solve", "%s", error.text);
        return EXIT_USAGE;
    }
    if (warm == NULL || warm_read(network, warm, &plan, digest)) {
        if (plan != NULL) {
            options->warm_positions = plan->plan.positions;
            options->warm_flows = plan->plan.flows;
        }
        code = solve(network, options, plan != NULL ? digest : NULL);
    }
    (void)plan_file_free(plan);
    (void)network_file_free(network);
    return code;
}

static bool gap_read(const char *text, double *ret_gap)
{
    char *end = NULL;
    const double gap = strtod(text, &end);

    if (end == text || *end != '\0' || !(gap >= 1e-9 && gap <= 1)) {
        cli_say("solve", "--gap must be a number from 1e-9 to 1");
        return false;
    }
    *ret_gap = gap;
    return true;
}

int cli_solve(int argc, char **argv)
{
    const char *gap_text = NULL;
    const char *steps_text = NULL;
    const char *warm = NULL;
    const struct cli_option known[] = {{.name = "--gap", .value = &gap_text},
                                       {.name = "--steps", .value = &steps_text},
                                       {.name = "--warm", .value = &warm},
                                       {.name = NULL}};
    struct allocation_options options = {.gap = GAP_DEFAULT, .steps_max = STEPS_DEFAULT};
    struct cli_arguments arguments;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, known, 1, &arguments, &code)) {
        return code;
    }
    if (arguments.count != 1) {
        cli_say("solve", "say 'sluice solve NETWORK [--gap 1e-6] [--steps N] [--warm PLAN]'");
        return EXIT_USAGE;
    }
    if (gap_text != NULL && !gap_read(gap_text, &options.gap)) {
        return EXIT_USAGE;
    }
    if (steps_text != NULL &&
        (!cli_count(steps_text, &options.steps_max) || options.steps_max == 0)) {
        cli_say("solve", "--steps must be a whole number from 1 on");
        return EXIT_USAGE;
    }
    return solve_file(arguments.values[0], &options, warm);
}
