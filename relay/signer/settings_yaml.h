/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/settings_yaml.h: signer.yaml as text: its shape, and where each key stands.
 *
 * The shape is one table (settings_yaml.c); every value is text here, and settings.c gives it a
 * meaning. Threads: none. */
#ifndef SLUICE_RELAY_SIGNER_SETTINGS_YAML_H
#define SLUICE_RELAY_SIGNER_SETTINGS_YAML_H

#include "relay/signer/settings.h"

struct yaml_key {
    char *name;
    char *keystore;
    char *passphrase_file;
    char **roles;
    unsigned roles_count;
};

struct yaml_rule {
    char *function;
    char *contract;
    char **bridges; /* absent: NULL and 0 */
    unsigned bridges_count;
    char **destinations;
    unsigned destinations_count;
    char *amount_max;
    char *amount_per_hour_max;
};

struct yaml_validate {
    char *merkle_tree_hook;
    char *mailbox;
};

struct yaml_chain {
    char *name;
    char *domain;
    char *chain_id;
    char *gas_limit_max;
    char *fee_per_gas_max;
    char *value_max;
    char *spend_per_hour_max;
    struct yaml_rule *allow;
    unsigned allow_count;
    struct yaml_validate *validate;
};

struct yaml_settings {
    char *socket;
    char *state;
    char *mode;
    char *client_uid;
    struct yaml_key *keys;
    unsigned keys_count;
    struct yaml_chain *chains;
    unsigned chains_count;
};

/* Reads the text into its shape; strings that are absent are NULL. `path` is for the error alone.
 * STATUS_MALFORMED with `*ret_error` written; STATUS_NO_MEMORY. */
MUST_USE enum status yaml_settings_read(const char *path, struct bytes text,
                                        struct yaml_settings **ret_settings,
                                        struct settings_error *ret_error);
struct yaml_settings *yaml_settings_free(struct yaml_settings *settings);

struct yaml_place {
    size_t line; /* from 1 */
    size_t column;
};

/* Where a key such as "chains[1].allow[0].contract" stands; where it is absent, the place of what
 * should hold it. */
struct yaml_place yaml_find_place(struct bytes text, const char *key);

#endif
