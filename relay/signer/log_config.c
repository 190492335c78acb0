/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/log_config.h"

#include <string.h>

#define TEXT_BYTES_MAX 1023

struct yaml_log {
    char *socket;
    char *state;
    char *key_file;
    char *client_uid;
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("socket", CYAML_FLAG_POINTER, struct yaml_log, socket, 1,
                           TEXT_BYTES_MAX),
    CYAML_FIELD_STRING_PTR("state", CYAML_FLAG_POINTER, struct yaml_log, state, 1, TEXT_BYTES_MAX),
    CYAML_FIELD_STRING_PTR("key_file", CYAML_FLAG_POINTER, struct yaml_log, key_file, 1,
                           TEXT_BYTES_MAX),
    CYAML_FIELD_STRING_PTR("client_uid", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_log,
                           client_uid, 0, TEXT_BYTES_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_log, fields)};

/* A relative path starts at the folder of the file. */
static bool load_path(const char *file, const char *text, size_t capacity, char *ret_path)
{
    const char *slash = strrchr(file, '/');
    text += strncmp(text, "./", 2) == 0 ? 2 : 0;
    const int folder_bytes = text[0] == '/' || slash == NULL ? 0 : (int)(slash - file) + 1;
    const int count = snprintf(ret_path, capacity, "%.*s%s", folder_bytes, file, text);

    return count > 0 && (size_t)count < capacity;
}

static enum status load(const char *path, const struct settings *settings,
                        const struct yaml_log *yaml, struct log_config *config,
                        struct settings_error *ret_error)
{
    uint64_t uid = 0;

    if (!load_path(path, yaml->socket, sizeof(config->socket), config->socket)) {
        settings_fail(settings, ret_error, "socket", "the path is longer than 107 bytes");
        return STATUS_MALFORMED;
    }
    if (!load_path(path, yaml->state, sizeof(config->state), config->state)) {
        settings_fail(settings, ret_error, "state", "the path is too long");
        return STATUS_MALFORMED;
    }
    if (!load_path(path, yaml->key_file, sizeof(config->key_file), config->key_file)) {
        settings_fail(settings, ret_error, "key_file", "the path is too long");
        return STATUS_MALFORMED;
    }
    if (yaml->client_uid != NULL) {
        if (settings_parse_u64(yaml->client_uid, &uid) != STATUS_OK || uid >= UINT32_MAX) {
            settings_fail(settings, ret_error, "client_uid", "must be the number of a user");
            return STATUS_MALFORMED;
        }
        config->has_client_uid = true;
        config->client_uid = (uint32_t)uid;
    }
    return STATUS_OK;
}

enum status log_config_load(const char *path, struct log_config *ret_config,
                            struct settings_error *ret_error)
{
    struct settings *settings = NULL;
    struct log_config config = {.has_client_uid = false};
    void *data = NULL;
    enum status status = settings_load(path, &schema, &settings, &data, ret_error);

    if (status == STATUS_OK) {
        status = load(path, settings, data, &config, ret_error);
    }
    settings_release(settings, &schema, data);
    if (status == STATUS_OK) {
        *ret_config = config;
    }
    return status;
}
