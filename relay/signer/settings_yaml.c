/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/settings_yaml.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "relay/base/check.h"

#define TEXT_MAX 1024

/* ---- the shape ---- */

#define REQUIRED_TEXT(name, type, member)                                                          \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER, type, member, 1, TEXT_MAX)
#define OPTIONAL_TEXT(name, type, member)                                                          \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1,        \
                           TEXT_MAX)

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TEXT_MAX)};

static const cyaml_schema_field_t key_fields[] = {
    REQUIRED_TEXT("name", struct yaml_key, name),
    REQUIRED_TEXT("keystore", struct yaml_key, keystore),
    REQUIRED_TEXT("passphrase_file", struct yaml_key, passphrase_file),
    CYAML_FIELD_SEQUENCE("roles", CYAML_FLAG_POINTER, struct yaml_key, roles, &text_schema, 1, 2),
    CYAML_FIELD_END};

static const cyaml_schema_value_t key_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_key, key_fields)};

static const cyaml_schema_field_t rule_fields[] = {
    REQUIRED_TEXT("function", struct yaml_rule, function),
    REQUIRED_TEXT("contract", struct yaml_rule, contract),
    CYAML_FIELD_SEQUENCE("bridges", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         bridges, &text_schema, 1, POLICY_BRIDGES_MAX),
    CYAML_FIELD_SEQUENCE("destinations", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         destinations, &text_schema, 1, POLICY_DESTINATIONS_MAX),
    OPTIONAL_TEXT("amount_max", struct yaml_rule, amount_max),
    OPTIONAL_TEXT("amount_per_hour_max", struct yaml_rule, amount_per_hour_max),
    CYAML_FIELD_END};

static const cyaml_schema_value_t rule_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_rule, rule_fields)};

static const cyaml_schema_field_t validate_fields[] = {
    REQUIRED_TEXT("merkle_tree_hook", struct yaml_validate, merkle_tree_hook),
    REQUIRED_TEXT("mailbox", struct yaml_validate, mailbox), CYAML_FIELD_END};

static const cyaml_schema_field_t chain_fields[] = {
    REQUIRED_TEXT("name", struct yaml_chain, name),
    REQUIRED_TEXT("domain", struct yaml_chain, domain),
    REQUIRED_TEXT("chain_id", struct yaml_chain, chain_id),
    REQUIRED_TEXT("gas_limit_max", struct yaml_chain, gas_limit_max),
    REQUIRED_TEXT("fee_per_gas_max", struct yaml_chain, fee_per_gas_max),
    REQUIRED_TEXT("value_max", struct yaml_chain, value_max),
    REQUIRED_TEXT("spend_per_hour_max", struct yaml_chain, spend_per_hour_max),
    CYAML_FIELD_SEQUENCE("allow", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_chain,
                         allow, &rule_schema, 1, POLICY_RULES_MAX),
    CYAML_FIELD_MAPPING_PTR("validate", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_chain,
                            validate, validate_fields),
    CYAML_FIELD_END};

static const cyaml_schema_value_t chain_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_chain, chain_fields)};

static const cyaml_schema_field_t settings_fields[] = {
    REQUIRED_TEXT("socket", struct yaml_settings, socket),
    REQUIRED_TEXT("state", struct yaml_settings, state),
    OPTIONAL_TEXT("mode", struct yaml_settings, mode),
    OPTIONAL_TEXT("client_uid", struct yaml_settings, client_uid),
    CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER, struct yaml_settings, keys, &key_schema, 1,
                         WIRE_KEYS_MAX),
    CYAML_FIELD_SEQUENCE("chains", CYAML_FLAG_POINTER, struct yaml_settings, chains, &chain_schema,
                         1, CHAINS_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t settings_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_settings, settings_fields)};

/* ---- reading ---- */

/* What libcyaml says about the first error: the message, then lines that lead to its place. */
struct complaint {
    char message[512];
    char place[256]; /* innermost first; only the first is kept */
};

static void collect(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct complaint *complaint = context;
    char line[512];
    if (level < CYAML_LOG_ERROR) {
        return;
    }
    (void)vsnprintf(line, sizeof(line), format, arguments);
    line[strcspn(line, "\n")] = '\0';
    const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    if (strstr(text, "(line: ") != NULL) {
        if (complaint->place[0] == '\0') {
            (void)snprintf(complaint->place, sizeof(complaint->place), "%.255s", text);
        }
    } else if (complaint->message[0] == '\0') {
        (void)snprintf(complaint->message, sizeof(complaint->message), "%s", text);
    }
}

/* "  in mapping field 'x' (line: 3, column: 5)" to 3 and 5. */
static struct yaml_place place_from_text(const char *text)
{
    unsigned long line = 0;
    unsigned long column = 0;
    const char *start = strstr(text, "(line: ");
    if (start == NULL || sscanf(start, "(line: %lu, column: %lu)", &line, &column) != 2) {
        return (struct yaml_place){.line = 1, .column = 1};
    }
    return (struct yaml_place){.line = line, .column = column};
}

/* A syntax error has no backtrace; libyaml knows its place. */
static struct yaml_place place_of_syntax_error(struct bytes text)
{
    struct yaml_place place = {.line = 1, .column = 1};
    yaml_parser_t parser;
    yaml_document_t document;
    if (yaml_parser_initialize(&parser) != 1) {
        return place;
    }
    yaml_parser_set_input_string(&parser, text.data, text.count);
    if (yaml_parser_load(&parser, &document) == 1) {
        yaml_document_delete(&document);
    } else {
        place.line = parser.problem_mark.line + 1;
        place.column = parser.problem_mark.column + 1;
    }
    yaml_parser_delete(&parser);
    return place;
}

/* libcyaml names the place before an unknown key; this is the key's own, the first one of that name
 * from there on. */
static struct yaml_place place_of_key(struct bytes text, const char *name, struct yaml_place from)
{
    struct yaml_place best = from;
    bool has_best = false;
    yaml_parser_t parser;
    yaml_document_t document;
    if (yaml_parser_initialize(&parser) != 1) {
        return from;
    }
    yaml_parser_set_input_string(&parser, text.data, text.count);
    if (yaml_parser_load(&parser, &document) == 1) {
        for (yaml_node_t *node = document.nodes.start; node < document.nodes.top; node++) {
            const size_t line = node->start_mark.line + 1;
            if (node->type == YAML_SCALAR_NODE && line >= from.line &&
                (!has_best || line < best.line) &&
                bytes_equal(bytes_from(node->data.scalar.value, node->data.scalar.length),
                            bytes_from_string(name))) {
                best = (struct yaml_place){.line = line, .column = node->start_mark.column + 1};
                has_best = true;
            }
        }
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return best;
}

enum status yaml_settings_read(const char *path, struct bytes text,
                               struct yaml_settings **ret_settings,
                               struct settings_error *ret_error)
{
    struct complaint complaint = {.message = ""};
    const cyaml_config_t config = {.log_fn = collect,
                                   .log_ctx = &complaint,
                                   .mem_fn = cyaml_mem,
                                   .log_level = CYAML_LOG_ERROR,
                                   .flags = CYAML_CFG_NO_ALIAS};
    cyaml_data_t *data = NULL;
    const cyaml_err_t code =
        cyaml_load_data(text.data, text.count, &config, &settings_schema, &data, NULL);
    if (code == CYAML_OK && data != NULL) {
        *ret_settings = data;
        return STATUS_OK;
    }
    if (code == CYAML_OK) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s:1:1: the file is empty", path);
        return STATUS_MALFORMED;
    }
    static const char unknown_key[] = "Unexpected key: ";
    struct yaml_place place =
        complaint.place[0] != '\0' ? place_from_text(complaint.place) : place_of_syntax_error(text);
    if (strncmp(complaint.message, unknown_key, sizeof(unknown_key) - 1) == 0) {
        place = place_of_key(text, complaint.message + sizeof(unknown_key) - 1, place);
    }
    (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s:%zu:%zu: %s", path, place.line,
                   place.column,
                   complaint.message[0] != '\0' ? complaint.message : cyaml_strerror(code));
    return code == CYAML_ERR_OOM ? STATUS_NO_MEMORY : STATUS_MALFORMED;
}

struct yaml_settings *yaml_settings_free(struct yaml_settings *settings)
{
    const cyaml_config_t config = {.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};
    if (settings != NULL) {
        (void)cyaml_free(&config, &settings_schema, settings, 0);
    }
    return NULL;
}

/* ---- places ---- */

static yaml_node_t *field_of(yaml_document_t *document, const yaml_node_t *mapping,
                             struct bytes name, struct yaml_place *place)
{
    if (mapping->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (key != NULL && key->type == YAML_SCALAR_NODE &&
            bytes_equal(bytes_from(key->data.scalar.value, key->data.scalar.length), name)) {
            yaml_node_t *value = yaml_document_get_node(document, pair->value);
            *place = (struct yaml_place){.line = value->start_mark.line + 1,
                                         .column = value->start_mark.column + 1};
            return value;
        }
    }
    return NULL;
}

static yaml_node_t *entry_of(yaml_document_t *document, const yaml_node_t *sequence, size_t index,
                             struct yaml_place *place)
{
    if (sequence->type != YAML_SEQUENCE_NODE) {
        return NULL;
    }
    const size_t count =
        (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
    if (index >= count) {
        return NULL;
    }
    yaml_node_t *entry =
        yaml_document_get_node(document, sequence->data.sequence.items.start[index]);
    *place = (struct yaml_place){.line = entry->start_mark.line + 1,
                                 .column = entry->start_mark.column + 1};
    return entry;
}

static struct yaml_place walk(yaml_document_t *document, const char *key)
{
    struct yaml_place place = {.line = 1, .column = 1};
    const yaml_node_t *node = yaml_document_get_root_node(document);
    while (node != NULL && *key != '\0') {
        if (*key == '[') {
            size_t index = 0;
            for (key++; *key >= '0' && *key <= '9'; key++) {
                index = index * 10 + (size_t)(*key - '0');
            }
            CHECK(*key == ']');
            key++;
            node = entry_of(document, node, index, &place);
        } else {
            key += *key == '.' ? 1 : 0;
            const size_t count = strcspn(key, ".[");
            node = field_of(document, node, bytes_from(key, count), &place);
            key += count;
        }
    }
    return place;
}

struct yaml_place yaml_find_place(struct bytes text, const char *key)
{
    struct yaml_place place = {.line = 1, .column = 1};
    yaml_parser_t parser;
    yaml_document_t document;
    if (yaml_parser_initialize(&parser) != 1) {
        return place;
    }
    yaml_parser_set_input_string(&parser, text.data, text.count);
    if (yaml_parser_load(&parser, &document) == 1) {
        place = walk(&document, key);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return place;
}
