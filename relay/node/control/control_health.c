/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/control/control_health.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void control_health_add(struct control_health *health, const char *what, const char *why,
                        struct instant since)
{
    if (health->troubles_count == CONTROL_TROUBLES_MAX) {
        return;
    }
    struct control_trouble *trouble = &health->troubles[health->troubles_count];
    (void)snprintf(trouble->what, sizeof(trouble->what), "%s", what);
    (void)snprintf(trouble->why, sizeof(trouble->why), "%s", why);
    trouble->since = since;
    health->troubles_count++;
}

bool control_health_is_asked(struct bytes text)
{
    json_t *root = json_loadb((const char *)text.data, text.count, JSON_REJECT_DUPLICATES, NULL);
    const char *action = json_string_value(json_object_get(root, "action"));
    const bool is_asked = action != NULL && strcmp(action, "health") == 0;

    json_decref(root);
    return is_asked;
}

static json_t *troubles_json(const struct control_health *health)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < health->troubles_count; i++) {
        const struct control_trouble *trouble = &health->troubles[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "what", trouble->what, "why",
                                                    trouble->why, "since",
                                                    (json_int_t)trouble->since.ns));
    }
    return list;
}

enum status control_health_append(struct buffer *buffer, const struct control_health *health)
{
    json_t *root = json_pack("{s:I, s:o}", "steps", (json_int_t)health->steps_count, "troubles",
                             troubles_json(health));
    char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    const enum status status =
        text == NULL ? STATUS_NO_MEMORY : buffer_append(buffer, bytes_from_string(text));

    free(text);
    json_decref(root);
    return status;
}

static bool read_trouble(const json_t *object, struct control_health *health)
{
    const char *what = json_string_value(json_object_get(object, "what"));
    const char *why = json_string_value(json_object_get(object, "why"));
    const json_t *since = json_object_get(object, "since");

    if (what == NULL || why == NULL || !json_is_integer(since) || json_integer_value(since) < 0) {
        return false;
    }
    control_health_add(health, what, why,
                       (struct instant){.ns = (uint64_t)json_integer_value(since)});
    return true;
}

enum status control_health_parse(struct bytes text, struct control_health *ret_health)
{
    struct control_health health = {.steps_count = 0};
    json_t *root = json_loadb((const char *)text.data, text.count, JSON_REJECT_DUPLICATES, NULL);
    const json_t *steps = json_object_get(root, "steps");
    const json_t *list = json_object_get(root, "troubles");
    bool good = json_is_integer(steps) && json_integer_value(steps) >= 0 && json_is_array(list) &&
                json_array_size(list) <= CONTROL_TROUBLES_MAX;

    for (size_t i = 0; good && i < json_array_size(list); i++) {
        good = read_trouble(json_array_get(list, i), &health);
    }
    if (good) {
        health.steps_count = (uint64_t)json_integer_value(steps);
        *ret_health = health;
    }
    json_decref(root);
    return good ? STATUS_OK : STATUS_MALFORMED;
}
