/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/health.h"

#include <stdio.h>
#include <string.h>

#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/operator.h"

static json_t *silent(void)
{
    json_t *list = json_array();

    (void)json_array_append_new(
        list, json_pack("{s:s, s:s, s:n}", "what", "node", "why",
                        "it runs and does not answer, or is of another version", "since"));
    return json_pack("{s:b, s:n, s:o}", "answers", 0, "steps", "troubles", list);
}

json_t *health_json(const char *config_path, const char *data)
{
    struct operator_request request = {.verb = "status"};
    struct control_health health;

    if (config_path == NULL && strlen(data) + sizeof("/control.sock") > sizeof(request.socket)) {
        return json_null(); /* no socket can be there */
    }
    if (operator_find(config_path, data, NULL, &request) != EXIT_DONE) {
        return json_null();
    }
    const enum status status = control_ask_health(request.socket, &health);
    if (status != STATUS_OK) {
        return status == STATUS_UNREACHABLE ? json_null() : silent();
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < health.troubles_count; i++) {
        const struct control_trouble *trouble = &health.troubles[i];
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s, s:o}", "what", trouble->what, "why",
                                              trouble->why, "since", json_of_time(trouble->since)));
    }
    return json_pack("{s:b, s:o, s:o}", "answers", 1, "steps", json_of_count(health.steps_count),
                     "troubles", list);
}

void health_print(const json_t *health, FILE *out)
{
    const json_t *trouble;
    size_t index;

    json_array_foreach(json_object_get(health, "troubles"), index, trouble)
    {
        (void)fprintf(out, "TROUBLE with the %s: %s (since %s)\n", json_text_at(trouble, "what"),
                      json_text_at(trouble, "why"), json_text_at(trouble, "since"));
    }
}
