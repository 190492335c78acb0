/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/config.h: signer.yaml, the custodian's own file, read once at start.
 *
 * Unknown keys, missing units, and values out of range stop the start with one line that names
 * file, line, column and key. Relative paths are taken from the folder of the file. Passphrases are
 * files, never values. deploy/config/signer.example.yaml shows every key.
 *
 * Threads: read-only after loading. */
#ifndef SLUICE_RELAY_SIGNER_CONFIG_H
#define SLUICE_RELAY_SIGNER_CONFIG_H

#include <stdio.h>

#include "relay/settings/settings.h"
#include "relay/signer/file.h"
#include "relay/signer/policy.h"
#include "relay/signer/remote/key_place.h"

#define SIGNER_SOCKET_BYTES_MAX 108u /* sockaddr_un.sun_path, with the final NUL */

struct config_key {
    char name[NAME_BYTES_MAX];
    char keystore[FILE_PATH_BYTES_MAX]; /* both empty: the key is elsewhere */
    char passphrase_file[FILE_PATH_BYTES_MAX];
    bool chain;
    bool validator;
};

struct signer_config {
    char socket[SIGNER_SOCKET_BYTES_MAX];
    char state[FILE_PATH_BYTES_MAX]; /* folder of the watermark */
    bool has_client_uid;
    uint32_t client_uid; /* who may connect beside this process's own user */
    struct config_key keys[WIRE_KEYS_MAX];
    uint32_t keys_count;
    struct key_place places[WIRE_KEYS_MAX]; /* of the keys */
    char mandate_file[FILE_PATH_BYTES_MAX]; /* the owner's mandate; empty: none */
    struct policy policy;                   /* narrowed to what the mandate allows */
};

/* Loads and checks `path`. `*ret_config` is owned by the caller; signer_config_free ends it.
 * STATUS_NOT_FOUND, STATUS_IO: the file cannot be read. STATUS_MALFORMED: it says something wrong.
 * STATUS_NO_MEMORY. `*ret_error` is written on every failure. */
MUST_USE enum status signer_config_load(const char *path, struct signer_config **ret_config,
                                        struct settings_error *ret_error);
/* Accepts NULL, returns NULL. */
struct signer_config *signer_config_free(struct signer_config *config);

/* Writes what is in force, for a custodian to read. */
void signer_config_print(const struct signer_config *config, FILE *out);

#endif
