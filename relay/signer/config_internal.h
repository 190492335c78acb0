/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/config_internal.h: what the files that read signer.yaml share: config.c the whole
 * and the chains, config_keys.c the keys. Each of these functions writes the error and returns
 * false when something is wrong.
 *
 * Threads: none. */
#ifndef SLUICE_RELAY_SIGNER_CONFIG_INTERNAL_H
#define SLUICE_RELAY_SIGNER_CONFIG_INTERNAL_H

#include "relay/signer/config.h"

#define CONFIG_PLACE_BYTES 128
#define CONFIG_TEXT_MAX    1024

/* ---- the shape: every value is text here ---- */

#define REQUIRED_TEXT(name, type, member)                                                          \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER, type, member, 1, CONFIG_TEXT_MAX)
#define OPTIONAL_TEXT(name, type, member)                                                          \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1,        \
                           CONFIG_TEXT_MAX)

#define YAML_KEY_SECRETS 5 /* names under which people write a key's secret */
#define YAML_KMS_SECRETS 6

struct yaml_web3signer {
    char *url;
    char *authority;
    char *timeout;
};

struct yaml_kms {
    char *url;
    char *region;
    char *key_id;
    char *credentials;
    char *authority;
    char *timeout;
    char *secrets[YAML_KMS_SECRETS]; /* refused */
};

struct yaml_pkcs11 {
    char *module;
    char *token;
    char *label;
    char *id;
    char *pin;
    char *timeout;
};

struct yaml_key {
    char *name;
    char *keystore;
    char *passphrase_file;
    char *address;
    struct yaml_web3signer *web3signer;
    struct yaml_kms *kms;
    struct yaml_pkcs11 *pkcs11;
    char *secrets[YAML_KEY_SECRETS]; /* refused */
    char **roles;
    unsigned roles_count;
};

extern const cyaml_schema_value_t config_text_schema;
extern const cyaml_schema_value_t config_key_schema;

/* ---- values ---- */

/* One load: the first error ends it. */
struct config_loader {
    const char *path;
    const struct settings *settings; /* knows the place of each key */
    struct signer_config *config;
    struct settings_error *error;
};

/* The name of one value, such as "chains[1].domain". */
struct config_place {
    char text[CONFIG_PLACE_BYTES];
};

struct config_place config_key_named(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool config_fail(const struct config_loader *loader, struct config_place key, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

bool config_load_name(const struct config_loader *loader, struct config_place key, const char *text,
                      char ret_name[NAME_BYTES_MAX]);
/* A relative path starts at the folder of the file. */
bool config_load_path(const struct config_loader *loader, struct config_place key, const char *text,
                      size_t path_bytes_max, char *ret_path);
bool config_load_address(const struct config_loader *loader, struct config_place key,
                         const char *text, struct address *ret_address);
/* The next of `keys`. */
bool config_load_key(const struct config_loader *loader, struct config_place key,
                     const struct yaml_key *yaml);

#endif
