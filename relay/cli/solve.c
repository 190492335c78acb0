/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/solve.c: `sluice solve NETWORK`: the best plan for a network file, with its proof. */
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/routing/allocation.h"
#include "relay/routing_file/plan_file.h"

#define STEPS_DEFAULT 200u
#define GAP_DEFAULT   1e-6

static void conflict_line(json_t *lines, const char *what, const char *id, const char *bound,
                          double amount)
{
    json_t *line = json_sprintf("%s '%s' wants %s %.17g", what, id, bound, amount);
    const int rc = json_array_append_new(lines, line);
    CHECK(rc == 0);
}

/* A bound takes part in the proof when its price is not lost beside the largest one. */
static bool takes_part(double price, double largest)
{
    return price > 1e-6 * largest || price < -1e-6 * largest;
}

/* What a unit at a place costs in the proof, its groups included, and the size of what adds up to
 * it: a place's min takes part when this is above 0, its max when it is below. */
static double rent_of(const struct model *model, const struct model_plan *plan, uint32_t place,
                      double *ret_size)
{
    double rent = plan->prices.places[place];
    double size = rent < 0 ? -rent : rent;

    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct route_span span = model->groups[g].places;
        for (uint32_t k = 0; k < span.count; k++) {
            const struct model_term *term = &model->terms[span.first + k];
            const double part = term->coefficient * plan->prices.groups[g];
            if (term->index == place) {
                rent += part;
                size += part < 0 ? -part : part;
            }
        }
    }
    *ret_size = size;
    return rent;
}

/* The bounds that the proof of infeasibility adds up, in words. */
static json_t *conflict_words(const struct network_file *network, const struct model_plan *plan)
{
    const struct model *model = &network->model;
    json_t *lines = json_array();
    double largest = 0;

    CHECK(lines != NULL);
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const double price = plan->prices.groups[g];
        const double size = price < 0 ? -price : price;
        largest = size > largest ? size : largest;
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const double price = plan->prices.groups[g];
        if (takes_part(price, largest)) {
            conflict_line(lines, "group", network->groups.ids[g],
                          price < 0 ? "at least" : "at most",
                          price < 0 ? model->groups[g].min : model->groups[g].max);
        }
    }
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        double size = 0;
        const double rent = rent_of(model, plan, i, &size);
        if (rent > 1e-2 * size && place->min > 0) {
            conflict_line(lines, "place", network->places.ids[i], "at least", place->min);
        } else if (rent < -1e-2 * size) {
            conflict_line(lines, "place", network->places.ids[i], "at most", place->max);
        }
    }
    return lines;
}

static int print_plan(const struct network_file *network, const struct model_plan *plan)
{
    json_t *conflict = plan->status == MODEL_INFEASIBLE ? conflict_words(network, plan) : NULL;
    const size_t lines = json_array_size(conflict);

    if (plan->status == MODEL_INFEASIBLE) {
        cli_say("solve", "infeasible: %zu bounds contradict each other", lines);
    }
    for (size_t i = 0; i < lines && i < 10; i++) {
        cli_say("solve", "  %s", json_string_value(json_array_get(conflict, i)));
    }
    const int code = cli_print_json(plan_file_document(network, plan, conflict));
    json_decref(conflict);
    if (code != EXIT_DONE) {
        return code;
    }
    return plan->status == MODEL_INFEASIBLE ? EXIT_NEGATIVE : EXIT_DONE;
}

static int solve(const struct network_file *network, double gap)
{
    const struct allocation_options options = {.gap = gap, .steps_max = STEPS_DEFAULT};
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
    if (allocation_solve(&allocation, &options, memory, &plan) == STATUS_OK) {
        code = print_plan(network, &plan);
    } else {
        cli_say("solve",
                "no plan that keeps every bound was found, nor a proof that there is none");
    }
    free(memory);
    free(layout);
    return code;
}

int cli_solve(int argc, char **argv)
{
    const char *gap_text = NULL;
    const struct cli_option options[] = {{.name = "--gap", .value = &gap_text}, {.name = NULL}};
    struct cli_arguments arguments;
    struct document_error error;
    struct network_file *network = NULL;
    double gap = GAP_DEFAULT;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (arguments.count != 1) {
        cli_say("solve", "say 'sluice solve NETWORK [--gap 1e-6]'");
        return EXIT_USAGE;
    }
    if (gap_text != NULL) {
        char *end = NULL;
        gap = strtod(gap_text, &end);
        if (end == gap_text || *end != '\0' || !(gap >= 1e-9 && gap <= 1)) {
            cli_say("solve", "--gap must be a number from 1e-9 to 1");
            return EXIT_USAGE;
        }
    }
    if (network_file_load(arguments.values[0], &network, &error) != STATUS_OK) {
        cli_say("solve", "%s", error.text);
        return EXIT_USAGE;
    }
    code = solve(network, gap);
    (void)network_file_free(network);
    return code;
}
