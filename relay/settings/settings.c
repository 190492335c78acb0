/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/settings/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "relay/base/check.h"
#include "relay/base/nearest.h"

#define KEYS_MAX  64u /* of one mapping */
#define DEPTH_MAX 8u  /* of the document; schemas are shallower */

struct settings {
    char *path;
    uint8_t *text;
    size_t text_bytes;
    yaml_document_t document;
    bool has_document;
};

__attribute__((format(printf, 4, 0))) static void write_error(struct settings_error *ret_error,
                                                              const char *path,
                                                              const yaml_mark_t *mark,
                                                              const char *format, va_list arguments)
{
    const int prefix = mark == NULL
                           ? snprintf(ret_error->text, sizeof(ret_error->text), "%s: ", path)
                           : snprintf(ret_error->text, sizeof(ret_error->text),
                                      "%s:%zu:%zu: ", path, mark->line + 1, mark->column + 1);
    const size_t used = prefix < 0 ? 0 : (size_t)prefix;

    if (used < sizeof(ret_error->text)) {
        (void)vsnprintf(ret_error->text + used, sizeof(ret_error->text) - used, format, arguments);
    }
}

__attribute__((format(printf, 4, 5))) static void fail_at(const struct settings *settings,
                                                          struct settings_error *ret_error,
                                                          const yaml_mark_t *mark,
                                                          const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_error(ret_error, settings->path, mark, format, arguments);
    va_end(arguments);
}

/* ---- reading the file ---- */

static enum status read_text(struct settings *settings, struct settings_error *ret_error)
{
    FILE *file = fopen(settings->path, "rb");

    if (file == NULL) {
        const int error = errno;
        fail_at(settings, ret_error, NULL, "cannot be opened: %s", strerror(error));
        return error == ENOENT ? STATUS_NOT_FOUND : error == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO;
    }
    settings->text = malloc(SETTINGS_FILE_BYTES_MAX + 1);
    if (settings->text == NULL) {
        (void)fclose(file);
        fail_at(settings, ret_error, NULL, "no memory");
        return STATUS_NO_MEMORY;
    }
    settings->text_bytes = fread(settings->text, 1, SETTINGS_FILE_BYTES_MAX + 1, file);
    const bool failed = ferror(file) != 0;
    (void)fclose(file); /* only read from */
    if (failed) {
        fail_at(settings, ret_error, NULL, "cannot be read");
        return STATUS_IO;
    }
    if (settings->text_bytes > SETTINGS_FILE_BYTES_MAX) {
        fail_at(settings, ret_error, NULL, "is larger than %u bytes", SETTINGS_FILE_BYTES_MAX);
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static enum status parse_document(struct settings *settings, struct settings_error *ret_error)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        fail_at(settings, ret_error, NULL, "no memory");
        return STATUS_NO_MEMORY;
    }
    yaml_parser_set_input_string(&parser, settings->text, settings->text_bytes);
    settings->has_document = yaml_parser_load(&parser, &settings->document) != 0;
    /* The library names a problem, unless it had no memory for it. */
    const bool no_memory =
        !settings->has_document && (parser.error == YAML_MEMORY_ERROR || parser.problem == NULL);
    if (no_memory) {
        fail_at(settings, ret_error, NULL, "no memory");
    } else if (!settings->has_document) {
        fail_at(settings, ret_error, &parser.problem_mark, "%s", parser.problem);
    } else if (yaml_document_get_root_node(&settings->document) == NULL) {
        fail_at(settings, ret_error, NULL, "is empty");
        yaml_document_delete(&settings->document);
        settings->has_document = false;
    }
    yaml_parser_delete(&parser);
    return settings->has_document ? STATUS_OK : no_memory ? STATUS_NO_MEMORY : STATUS_MALFORMED;
}

/* ---- checking the document against the schema ---- */

static const char *node_text(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static yaml_node_t *node_at(const struct settings *settings, int index)
{
    /* libyaml takes the document without const and does not change it. */
    return yaml_document_get_node((yaml_document_t *)(uintptr_t)&settings->document, index);
}

/* The value under `key` of a mapping; NULL where there is none. */
static yaml_node_t *find_value(const struct settings *settings, const yaml_node_t *mapping,
                               const char *key, size_t key_bytes)
{
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = node_at(settings, pair->key);
        if (name->type == YAML_SCALAR_NODE && strlen(node_text(name)) == key_bytes &&
            memcmp(node_text(name), key, key_bytes) == 0) {
            return node_at(settings, pair->value);
        }
    }
    return NULL;
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key != NULL; fields++) {
        if (strcmp(fields->key, key) == 0) {
            return fields;
        }
    }
    return NULL;
}

static enum status refuse_unknown(const struct settings *settings, const yaml_node_t *key,
                                  const cyaml_schema_field_t *fields,
                                  struct settings_error *ret_error)
{
    const char *names[KEYS_MAX];
    size_t count = 0;

    for (; fields->key != NULL && count < KEYS_MAX; fields++) {
        names[count++] = fields->key;
    }
    const char *nearest = nearest_word(node_text(key), names, count);
    if (nearest == NULL) {
        fail_at(settings, ret_error, &key->start_mark, "unknown key \"%.64s\"", node_text(key));
    } else {
        fail_at(settings, ret_error, &key->start_mark,
                "unknown key \"%.64s\"; the nearest known one is \"%s\"", node_text(key), nearest);
    }
    return STATUS_MALFORMED;
}

/* One node that is still to be checked; a stack of them stands in for recursion. */
struct pending {
    const yaml_node_t *node;
    const cyaml_schema_value_t *schema;
    const char *name;
    unsigned depth;
};

#define PENDING_MAX 4096u

struct pending_stack {
    struct pending items[PENDING_MAX];
    size_t count;
};

static enum status push(const struct settings *settings, struct pending_stack *stack,
                        struct pending item, struct settings_error *ret_error)
{
    if (stack->count == PENDING_MAX || item.depth > DEPTH_MAX) {
        fail_at(settings, ret_error, &item.node->start_mark, "is nested or repeated too much");
        return STATUS_MALFORMED;
    }
    stack->items[stack->count++] = item;
    return STATUS_OK;
}

static enum status check_key(const struct settings *settings, const yaml_node_t *mapping,
                             const yaml_node_pair_t *pair, const cyaml_schema_field_t *fields,
                             struct settings_error *ret_error)
{
    const yaml_node_t *key = node_at(settings, pair->key);

    if (key->type != YAML_SCALAR_NODE) {
        fail_at(settings, ret_error, &key->start_mark, "a key must be a word");
        return STATUS_MALFORMED;
    }
    if (find_field(fields, node_text(key)) == NULL) {
        return refuse_unknown(settings, key, fields, ret_error);
    }
    if (find_value(settings, mapping, node_text(key), strlen(node_text(key))) !=
        node_at(settings, pair->value)) {
        fail_at(settings, ret_error, &key->start_mark, "\"%.64s\" is given twice", node_text(key));
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static enum status check_mapping(const struct settings *settings, struct pending_stack *stack,
                                 const struct pending *item, struct settings_error *ret_error)
{
    const yaml_node_t *node = item->node;
    const cyaml_schema_field_t *fields = item->schema->mapping.fields;
    enum status status = STATUS_OK;

    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         status == STATUS_OK && pair < node->data.mapping.pairs.top; pair++) {
        status = check_key(settings, node, pair, fields, ret_error);
        if (status == STATUS_OK) {
            const cyaml_schema_field_t *field =
                find_field(fields, node_text(node_at(settings, pair->key)));
            status = push(settings, stack,
                          (struct pending){node_at(settings, pair->value), &field->value,
                                           field->key, item->depth + 1},
                          ret_error);
        }
    }
    for (; status == STATUS_OK && fields->key != NULL; fields++) {
        if ((fields->value.flags & CYAML_FLAG_OPTIONAL) == 0 &&
            find_value(settings, node, fields->key, strlen(fields->key)) == NULL) {
            fail_at(settings, ret_error, &node->start_mark, "\"%s\" is missing here", fields->key);
            status = STATUS_MALFORMED;
        }
    }
    return status;
}

static enum status check_sequence(const struct settings *settings, struct pending_stack *stack,
                                  const struct pending *item, struct settings_error *ret_error)
{
    const yaml_node_t *node = item->node;
    const size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);

    if (count < item->schema->sequence.min || count > item->schema->sequence.max) {
        fail_at(settings, ret_error, &node->start_mark,
                "\"%s\" has %zu entries; allowed are %u to %u", item->name, count,
                item->schema->sequence.min, item->schema->sequence.max);
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        const enum status status =
            push(settings, stack,
                 (struct pending){node_at(settings, node->data.sequence.items.start[i]),
                                  item->schema->sequence.entry, item->name, item->depth + 1},
                 ret_error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status check_scalar(const struct settings *settings, const struct pending *item,
                                struct settings_error *ret_error)
{
    const size_t length = item->node->data.scalar.length;

    if (strlen(node_text(item->node)) != length) {
        fail_at(settings, ret_error, &item->node->start_mark, "\"%s\" contains a NUL", item->name);
        return STATUS_MALFORMED;
    }
    if (length == 0 || length > item->schema->string.max) {
        fail_at(settings, ret_error, &item->node->start_mark, "\"%s\" must have 1 to %u characters",
                item->name, item->schema->string.max);
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static enum status check_node(const struct settings *settings, struct pending_stack *stack,
                              const struct pending *item, struct settings_error *ret_error)
{
    const bool wants_mapping = item->schema->type == CYAML_MAPPING;
    const bool wants_sequence = item->schema->type == CYAML_SEQUENCE;

    CHECK(wants_mapping || wants_sequence || item->schema->type == CYAML_STRING);
    if (wants_mapping && item->node->type == YAML_MAPPING_NODE) {
        return check_mapping(settings, stack, item, ret_error);
    }
    if (wants_sequence && item->node->type == YAML_SEQUENCE_NODE) {
        return check_sequence(settings, stack, item, ret_error);
    }
    if (!wants_mapping && !wants_sequence && item->node->type == YAML_SCALAR_NODE) {
        return check_scalar(settings, item, ret_error);
    }
    fail_at(settings, ret_error, &item->node->start_mark, "\"%s\" must be %s", item->name,
            wants_mapping    ? "a group of keys"
            : wants_sequence ? "a list"
                             : "a single value");
    return STATUS_MALFORMED;
}

static enum status check_document(const struct settings *settings,
                                  const cyaml_schema_value_t *schema,
                                  struct settings_error *ret_error)
{
    struct pending_stack *stack = calloc(1, sizeof(*stack));
    enum status status = STATUS_NO_MEMORY;

    if (stack != NULL) {
        stack->items[0] = (struct pending){node_at(settings, 1), schema, "the file", 0};
        stack->count = 1;
        status = STATUS_OK;
        while (status == STATUS_OK && stack->count > 0) {
            const struct pending item = stack->items[--stack->count];
            status = check_node(settings, stack, &item, ret_error);
        }
    }
    free(stack);
    return status;
}

/* ---- filling the caller's structs ---- */

struct cyaml_words {
    char text[256];
};

/* libcyaml's first line says what is wrong; the rest is its own idea of the place. */
__attribute__((format(printf, 3, 0))) static void keep_first_words(cyaml_log_t level, void *context,
                                                                   const char *format,
                                                                   va_list arguments)
{
    struct cyaml_words *words = context;

    (void)level;
    if (words->text[0] == '\0') {
        (void)vsnprintf(words->text, sizeof(words->text), format, arguments);
        words->text[strcspn(words->text, "\n")] = '\0';
    }
}

static cyaml_config_t loading(struct cyaml_words *words)
{
    return (cyaml_config_t){.log_level = CYAML_LOG_WARNING,
                            .log_fn = keep_first_words,
                            .log_ctx = words,
                            .mem_fn = cyaml_mem,
                            .flags = CYAML_CFG_NO_ALIAS};
}

static enum status fill_structs(const struct settings *settings, const cyaml_schema_value_t *schema,
                                void **ret_data, struct settings_error *ret_error)
{
    struct cyaml_words words = {{0}};
    const cyaml_config_t config = loading(&words);
    cyaml_data_t *data = NULL;
    const cyaml_err_t error =
        cyaml_load_data(settings->text, settings->text_bytes, &config, schema, &data, NULL);

    /* The same bytes were parsed before: the parser can fail for nothing else now. */
    if (error == CYAML_ERR_OOM || error == CYAML_ERR_LIBYAML_PARSER_INIT ||
        error == CYAML_ERR_LIBYAML_PARSER) {
        fail_at(settings, ret_error, NULL, "no memory");
        return STATUS_NO_MEMORY;
    }
    if (error != CYAML_OK) {
        fail_at(settings, ret_error, NULL, "%s (%s)", words.text, cyaml_strerror(error));
        return STATUS_MALFORMED;
    }
    *ret_data = data;
    return STATUS_OK;
}

static struct settings *settings_new(const char *path, struct settings_error *ret_error)
{
    struct settings *settings = calloc(1, sizeof(*settings));

    ret_error->text[0] = '\0';
    if (settings != NULL) {
        settings->path = strdup(path);
    }
    if (settings == NULL || settings->path == NULL) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%.500s: no memory", path);
        free(settings);
        return NULL;
    }
    return settings;
}

/* Checks and fills from the text that was read. Takes `settings`: gives them back or frees them. */
static enum status settings_take(struct settings *settings, const cyaml_schema_value_t *schema,
                                 enum status status, struct settings **ret_settings,
                                 void **ret_data, struct settings_error *ret_error)
{
    void *data = NULL;

    CHECK(schema == NULL || schema->type == CYAML_MAPPING);
    CHECK((schema == NULL) == (ret_data == NULL));
    if (status == STATUS_OK) {
        status = parse_document(settings, ret_error);
    }
    if (status == STATUS_OK && schema != NULL) {
        status = check_document(settings, schema, ret_error);
    }
    if (status == STATUS_OK && schema != NULL) {
        status = fill_structs(settings, schema, &data, ret_error);
    }
    if (status != STATUS_OK) {
        if (status == STATUS_NO_MEMORY && ret_error->text[0] == '\0') {
            fail_at(settings, ret_error, NULL, "no memory");
        }
        settings_release(settings, schema, NULL);
        return status;
    }
    *ret_settings = settings;
    if (schema != NULL) {
        *ret_data = data;
    }
    return STATUS_OK;
}

enum status settings_load(const char *path, const cyaml_schema_value_t *schema,
                          struct settings **ret_settings, void **ret_data,
                          struct settings_error *ret_error)
{
    struct settings *settings = settings_new(path, ret_error);

    if (settings == NULL) {
        return STATUS_NO_MEMORY;
    }
    return settings_take(settings, schema, read_text(settings, ret_error), ret_settings, ret_data,
                         ret_error);
}

enum status settings_parse(const char *name, struct bytes text, const cyaml_schema_value_t *schema,
                           struct settings **ret_settings, void **ret_data,
                           struct settings_error *ret_error)
{
    struct settings *settings = settings_new(name, ret_error);
    enum status status = STATUS_OK;

    if (settings == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (text.count > SETTINGS_FILE_BYTES_MAX) {
        fail_at(settings, ret_error, NULL, "is larger than %u bytes", SETTINGS_FILE_BYTES_MAX);
        status = STATUS_MALFORMED;
    } else {
        settings->text = malloc(text.count + 1);
        status = settings->text == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    if (status == STATUS_OK && text.count > 0) {
        memcpy(settings->text, text.data, text.count);
        settings->text_bytes = text.count;
    }
    return settings_take(settings, schema, status, ret_settings, ret_data, ret_error);
}

void settings_release(struct settings *settings, const cyaml_schema_value_t *schema, void *data)
{
    if (data != NULL) {
        const cyaml_config_t config = loading(NULL);
        (void)cyaml_free(&config, schema, data, 0); /* fails only on a NULL argument */
    }
    if (settings != NULL) {
        if (settings->has_document) {
            yaml_document_delete(&settings->document);
        }
        free(settings->text);
        free(settings->path);
        free(settings);
    }
}

/* ---- the place of a value ---- */

/* Takes "name" or "[3]" off the front of a path. */
static const yaml_node_t *step_into(const struct settings *settings, const yaml_node_t *node,
                                    const char **where)
{
    if (**where == '[') {
        char *end = NULL;
        const unsigned long index = strtoul(*where + 1, &end, 10);
        *where = *end == ']' ? end + 1 : end;
        if (node->type != YAML_SEQUENCE_NODE ||
            index >= (size_t)(node->data.sequence.items.top - node->data.sequence.items.start)) {
            return NULL;
        }
        return node_at(settings, node->data.sequence.items.start[index]);
    }
    *where += **where == '.' ? 1 : 0;
    const size_t bytes = strcspn(*where, ".[");
    const yaml_node_t *value =
        node->type == YAML_MAPPING_NODE ? find_value(settings, node, *where, bytes) : NULL;
    *where += bytes;
    return value;
}

/* The node at `where`, or its nearest parent that exists; `*ret_left` is what was not found. */
static const yaml_node_t *node_of(const struct settings *settings, const char *where,
                                  const char **ret_left)
{
    const yaml_node_t *node = node_at(settings, 1);

    *ret_left = where;
    while (*where != '\0') {
        const yaml_node_t *next = step_into(settings, node, &where);
        if (next == NULL) {
            break;
        }
        node = next;
        *ret_left = where;
    }
    return node;
}

bool settings_has(const struct settings *settings, const char *where)
{
    const char *left = NULL;

    (void)node_of(settings, where, &left);
    return *left == '\0';
}

const char *settings_scalar(const struct settings *settings, const char *where)
{
    const char *left = NULL;
    const yaml_node_t *node = node_of(settings, where, &left);

    /* A NUL within would hide what follows it. */
    return *left == '\0' && node->type == YAML_SCALAR_NODE &&
                   strlen(node_text(node)) == node->data.scalar.length
               ? node_text(node)
               : NULL;
}

void settings_place(const struct settings *settings, const char *where, uint32_t *ret_line,
                    uint32_t *ret_column)
{
    const char *left = NULL;
    const yaml_mark_t *mark = &node_of(settings, where, &left)->start_mark;

    *ret_line = (uint32_t)mark->line + 1;
    *ret_column = (uint32_t)mark->column + 1;
}

void settings_fail(const struct settings *settings, struct settings_error *ret_error,
                   const char *where, const char *format, ...)
{
    const char *left = NULL;
    const yaml_node_t *node = node_of(settings, where, &left);
    va_list arguments;

    va_start(arguments, format);
    write_error(ret_error, settings->path, &node->start_mark, format, arguments);
    va_end(arguments);
}
