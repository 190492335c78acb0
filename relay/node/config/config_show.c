/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/config/config_schema.h"
#include "relay/node/config/config_tree.h"

#define WHERE_BYTES   128u
#define ORIGIN_COLUMN 48

struct show {
    const struct config_showing *showing;
    const struct settings *settings;
    const char *path;
    FILE *out;
};

/* Where the value comes from: "sluice.yaml:12", or "default". */
static void origin_of(const struct show *show, const char *where, char *ret_text, size_t capacity)
{
    uint32_t line = 0;
    uint32_t column = 0;

    if (!settings_has(show->settings, where)) {
        (void)snprintf(ret_text, capacity, "default");
        return;
    }
    settings_place(show->settings, where, &line, &column);
    (void)snprintf(ret_text, capacity, "%s:%u", show->path, line);
}

static bool is_shown(const struct show *show, const char *where)
{
    return show->showing->is_effective || settings_has(show->settings, where);
}

/* ---- for people ---- */

/* One line, with where the value comes from behind it. */
static void print_value(const struct show *show, const char *name, const char *where,
                        const json_t *value)
{
    /* A JSON value is a YAML value; strings keep their quotes. */
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    char origin[PATH_MAX + 16];

    CHECK(text != NULL);
    const int count = fprintf(show->out, "%s: %s", name, text);
    free(text);
    if (show->showing->has_origin) {
        origin_of(show, where, origin, sizeof(origin));
        (void)fprintf(show->out, "%*s # %s", count < ORIGIN_COLUMN ? ORIGIN_COLUMN - count : 0, "",
                      origin);
    }
    (void)fputc('\n', show->out);
}

static void print_group(const struct show *show, const char *where, const json_t *group,
                        const char *first)
{
    const char *key = NULL;
    json_t *value = NULL;
    const char *lead = first;

    json_object_foreach((json_t *)(uintptr_t)group, key, value)
    {
        char place[WHERE_BYTES];
        char name[WHERE_BYTES];
        (void)snprintf(place, sizeof(place), "%s.%s", where, key);
        if (!is_shown(show, place)) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%s%s", lead, key);
        print_value(show, name, place, value);
        lead = strcmp(first, "  - ") == 0 ? "    " : first;
    }
}

static void print_part(const struct show *show, const char *key, const json_t *part)
{
    char where[WHERE_BYTES];
    json_t *entry = NULL;
    size_t index = 0;
    const bool is_empty = json_is_array(part) && json_array_size(part) == 0;

    if (is_empty || !is_shown(show, key)) {
        return;
    }
    if (!json_is_object(part) && !json_is_array(part)) {
        print_value(show, key, key, part);
        return;
    }
    (void)fprintf(show->out, "%s:\n", key);
    if (json_is_object(part)) {
        print_group(show, key, part, "  ");
    }
    json_array_foreach(part, index, entry)
    {
        (void)snprintf(where, sizeof(where), "%s[%zu]", key, index);
        print_group(show, where, entry, "  - ");
    }
}

/* ---- for programs ---- */

static json_t *value_json(const struct show *show, const char *where, json_t *value)
{
    char origin[PATH_MAX + 16];

    if (!show->showing->has_origin) {
        return json_incref(value);
    }
    origin_of(show, where, origin, sizeof(origin));
    return json_pack("{s:O, s:s}", "value", value, "origin", origin);
}

static json_t *group_json(const struct show *show, const char *where, const json_t *group)
{
    json_t *made = json_object();
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)(uintptr_t)group, key, value)
    {
        char place[WHERE_BYTES];
        (void)snprintf(place, sizeof(place), "%s.%s", where, key);
        if (is_shown(show, place)) {
            CHECK(json_object_set_new(made, key, value_json(show, place, value)) == 0);
        }
    }
    return made;
}

static json_t *part_json(const struct show *show, const char *key, json_t *part)
{
    char where[WHERE_BYTES];
    json_t *entry = NULL;
    size_t index = 0;

    if (json_is_object(part)) {
        return group_json(show, key, part);
    }
    if (!json_is_array(part)) {
        return value_json(show, key, part);
    }
    json_t *list = json_array();
    json_array_foreach(part, index, entry)
    {
        (void)snprintf(where, sizeof(where), "%s[%zu]", key, index);
        CHECK(json_array_append_new(list, group_json(show, where, entry)) == 0);
    }
    return list;
}

static void print_json(const struct show *show, json_t *root)
{
    const char *key = NULL;
    json_t *part = NULL;
    json_t *made = json_object();

    json_object_foreach(root, key, part)
    {
        if (is_shown(show, key)) {
            CHECK(json_object_set_new(made, key, part_json(show, key, part)) == 0);
        }
    }
    CHECK(json_dumpf(made, show->out, JSON_COMPACT) == 0);
    (void)fputc('\n', show->out);
    json_decref(made);
}

enum status config_show(const char *path, const struct config_showing *showing, FILE *out,
                        struct settings_error *ret_error)
{
    struct node_config *config = NULL;
    struct settings *settings = NULL;
    const char *key = NULL;
    json_t *part = NULL;
    enum status status = config_load(path, &config, ret_error);

    if (status == STATUS_OK) {
        status = settings_load(path, NULL, &settings, NULL, ret_error);
    }
    if (status != STATUS_OK) {
        (void)config_free(config);
        return status;
    }
    const struct show show = {.showing = showing, .settings = settings, .path = path, .out = out};
    json_t *root = config_tree(config);
    if (showing->is_json) {
        print_json(&show, root);
    } else {
        json_object_foreach(root, key, part)
        {
            print_part(&show, key, part);
        }
    }
    json_decref(root);
    settings_release(settings, NULL, NULL);
    (void)config_free(config);
    return STATUS_OK;
}
