/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "relay/base/check.h"

#define KEY_DISTANCE_MAX 3u
#define KEY_BYTES_MAX    64u
#define SCHEMA_DEPTH_MAX 4u

/* ---- where a value stands ---- */

struct position {
    size_t line; /* 1 is the first; 0: unknown */
    size_t column;
};

static yaml_node_t *node_in_mapping(yaml_document_t *document, yaml_node_t *node, const char *key,
                                    size_t key_count)
{
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(document, pair->key);
        if (name != NULL && name->type == YAML_SCALAR_NODE &&
            name->data.scalar.length == key_count &&
            memcmp(name->data.scalar.value, key, key_count) == 0) {
            return yaml_document_get_node(document, pair->value);
        }
    }
    return NULL;
}

static yaml_node_t *node_in_sequence(yaml_document_t *document, yaml_node_t *node,
                                     const char *digits, size_t digits_count)
{
    size_t index = 0;
    for (size_t i = 0; i < digits_count; i++) {
        index = index * 10 + (size_t)(digits[i] - '0');
    }
    yaml_node_item_t *item = node->data.sequence.items.start + index;
    return item < node->data.sequence.items.top ? yaml_document_get_node(document, *item) : NULL;
}

/* The deepest node on the way to `place` that exists. */
static struct position position_of(yaml_document_t *document, const char *place)
{
    yaml_node_t *node = yaml_document_get_root_node(document);
    const char *rest = place;
    while (node != NULL && *rest != '\0') {
        const size_t count = strcspn(rest, "/");
        yaml_node_t *next = NULL;
        if (node->type == YAML_MAPPING_NODE) {
            next = node_in_mapping(document, node, rest, count);
        } else if (node->type == YAML_SEQUENCE_NODE) {
            next = node_in_sequence(document, node, rest, count);
        }
        if (next == NULL) {
            break;
        }
        node = next;
        rest += count + (rest[count] == '/' ? 1 : 0);
    }
    if (node == NULL) {
        return (struct position){0};
    }
    return (struct position){node->start_mark.line + 1, node->start_mark.column + 1};
}

/* The first mapping key called `key` that is not before `after`. */
static struct position position_of_key(yaml_document_t *document, const char *key,
                                       struct position after)
{
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) {
        if (node->type != YAML_MAPPING_NODE) {
            continue;
        }
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             pair < node->data.mapping.pairs.top; pair++) {
            const yaml_node_t *name = yaml_document_get_node(document, pair->key);
            if (name == NULL || name->type != YAML_SCALAR_NODE ||
                strcmp((const char *)name->data.scalar.value, key) != 0) {
                continue;
            }
            const struct position found = {name->start_mark.line + 1, name->start_mark.column + 1};
            if (found.line > after.line ||
                (found.line == after.line && found.column >= after.column)) {
                return found;
            }
        }
    }
    return after;
}

/* True: the text is YAML and `ret_document` is to be deleted by the caller. */
static bool document_load(const struct config_file *file, yaml_document_t *ret_document)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)file->text, file->text_count);
    const bool loaded = yaml_parser_load(&parser, ret_document) != 0;
    yaml_parser_delete(&parser);
    return loaded;
}

enum status config_file_fail(const struct config_file *file, const char *place, const char *format,
                             ...)
{
    struct position position = {0};
    yaml_document_t document;
    if (document_load(file, &document)) {
        position = position_of(&document, place);
        yaml_document_delete(&document);
    }
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)snprintf(file->error->text, sizeof(file->error->text), "%s:%zu:%zu: %s: %s", file->path,
                   position.line, position.column, place, text);
    return STATUS_MALFORMED;
}

/* ---- what libcyaml says ---- */

/* Its log of one failed load: the first line is the error, the first place is where. */
struct complaint {
    char text[256];
    struct position position;
};

static void complaint_log(cyaml_log_t level, void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void complaint_log(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct complaint *complaint = context;
    char line[256];
    (void)level;
    (void)vsnprintf(line, sizeof(line), format, arguments);
    line[strcspn(line, "\n")] = '\0';
    const char *place = strstr(line, "(line: ");
    if (place != NULL) {
        size_t at_line;
        size_t at_column;
        if (complaint->position.line == 0 &&
            sscanf(place, "(line: %zu, column: %zu)", &at_line, &at_column) == 2) {
            complaint->position = (struct position){at_line, at_column};
        }
        return;
    }
    if (complaint->text[0] == '\0') {
        const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
        memcpy(complaint->text, text, strlen(text) + 1);
    }
}

/* Edits that turn one key into the other. */
static size_t key_distance(const char *a, const char *b)
{
    size_t row[KEY_BYTES_MAX + 1];
    const size_t a_count = strnlen(a, KEY_BYTES_MAX);
    const size_t b_count = strnlen(b, KEY_BYTES_MAX);
    for (size_t j = 0; j <= b_count; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_count; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_count; j++) {
            const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            const size_t removed = row[j] + 1;
            const size_t added = row[j - 1] + 1;
            row[j] = replaced < removed ? replaced : removed;
            row[j] = row[j] < added ? row[j] : added;
        }
    }
    return row[b_count];
}

struct nearest {
    const char *key;
    size_t distance;
};

static const cyaml_schema_field_t *mapping_fields(const cyaml_schema_value_t *value)
{
    if (value->type == CYAML_MAPPING) {
        return value->mapping.fields;
    }
    if (value->type == CYAML_SEQUENCE && value->sequence.entry->type == CYAML_MAPPING) {
        return value->sequence.entry->mapping.fields;
    }
    return NULL;
}

/* The known key most like `key`, over all sections: each of them knows its own. */
static struct nearest nearest_key(const cyaml_schema_value_t *schema, const char *key)
{
    struct nearest nearest = {.distance = KEY_DISTANCE_MAX + 1};
    const cyaml_schema_field_t *stack[SCHEMA_DEPTH_MAX];
    size_t depth = 1;
    stack[0] = mapping_fields(schema);
    while (depth > 0) {
        const cyaml_schema_field_t *field = stack[depth - 1];
        if (field->key == NULL) {
            depth--;
            continue;
        }
        stack[depth - 1] = field + 1;
        const size_t distance = key_distance(key, field->key);
        if (distance < nearest.distance) {
            nearest = (struct nearest){.key = field->key, .distance = distance};
        }
        const cyaml_schema_field_t *inner = mapping_fields(&field->value);
        if (inner != NULL) {
            CHECK(depth < SCHEMA_DEPTH_MAX);
            stack[depth] = inner;
            depth++;
        }
    }
    return nearest;
}

static enum status complaint_report(const struct config_file *file, struct complaint *complaint)
{
    static const char unknown[] = "Unexpected key: ";
    struct config_error *error = file->error;
    if (strncmp(complaint->text, unknown, sizeof(unknown) - 1) != 0) {
        (void)snprintf(error->text, sizeof(error->text), "%s:%zu:%zu: %s", file->path,
                       complaint->position.line, complaint->position.column,
                       complaint->text[0] == '\0' ? "not a configuration" : complaint->text);
        return STATUS_MALFORMED;
    }
    const char *key = complaint->text + sizeof(unknown) - 1;
    struct position position = complaint->position;
    yaml_document_t document;
    if (document_load(file, &document)) {
        position = position_of_key(&document, key, position);
        yaml_document_delete(&document);
    }
    const struct nearest nearest = nearest_key(file->schema, key);
    if (nearest.key == NULL) {
        (void)snprintf(error->text, sizeof(error->text), "%s:%zu:%zu: unknown key '%s'", file->path,
                       position.line, position.column, key);
    } else {
        (void)snprintf(error->text, sizeof(error->text),
                       "%s:%zu:%zu: unknown key '%s'; did you mean '%s'?", file->path,
                       position.line, position.column, key, nearest.key);
    }
    return STATUS_MALFORMED;
}

/* ---- loading ---- */

static enum status file_read(struct config_file *file)
{
    FILE *stream = fopen(file->path, "rbe");
    if (stream == NULL) {
        const int error = errno;
        (void)snprintf(file->error->text, sizeof(file->error->text), "%s: %s", file->path,
                       strerror(error));
        return error == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    }
    file->text = malloc(CONFIG_FILE_BYTES_MAX + 1);
    if (file->text == NULL) {
        (void)fclose(stream);
        return STATUS_NO_MEMORY;
    }
    file->text_count = fread(file->text, 1, CONFIG_FILE_BYTES_MAX + 1, stream);
    const bool failed = ferror(stream) != 0;
    (void)fclose(stream);
    if (failed) {
        (void)snprintf(file->error->text, sizeof(file->error->text), "%s: cannot be read",
                       file->path);
        return STATUS_IO;
    }
    if (file->text_count > CONFIG_FILE_BYTES_MAX) {
        (void)snprintf(file->error->text, sizeof(file->error->text),
                       "%s: larger than %u bytes; this is no configuration file", file->path,
                       CONFIG_FILE_BYTES_MAX);
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

static cyaml_config_t loader_config(struct complaint *complaint)
{
    return (cyaml_config_t){
        .log_fn = complaint_log,
        .log_ctx = complaint,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

enum status config_file_open(struct config_file *file, const char *path,
                             const cyaml_schema_value_t *schema, struct config_error *ret_error)
{
    *file = (struct config_file){.path = path, .schema = schema, .error = ret_error};
    ret_error->text[0] = '\0';
    enum status status = file_read(file);
    if (status != STATUS_OK) {
        config_file_close(file);
        return status;
    }
    struct complaint complaint = {0};
    const cyaml_config_t config = loader_config(&complaint);
    const cyaml_err_t error = cyaml_load_data((const uint8_t *)file->text, file->text_count,
                                              &config, schema, &file->values, NULL);
    if (error == CYAML_OK && file->values != NULL) {
        return STATUS_OK;
    }
    status = complaint_report(file, &complaint);
    config_file_close(file);
    return status;
}

void config_file_close(struct config_file *file)
{
    struct complaint complaint = {0};
    const cyaml_config_t config = loader_config(&complaint);
    if (file->values != NULL) {
        (void)cyaml_free(&config, file->schema, file->values, 0);
        file->values = NULL;
    }
    free(file->text);
    file->text = NULL;
}
