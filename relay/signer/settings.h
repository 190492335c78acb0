/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/settings.h: signer.yaml, the custodian's own file, read once at start.
 *
 * Unknown keys, missing units, and values out of range stop the start with one line that names
 * file, line, column and key. Relative paths are taken from the folder of the file. Passphrases are
 * files, never values. deploy/config/signer.example.yaml shows every key.
 *
 * Threads: read-only after loading. */
#ifndef SLUICE_RELAY_SIGNER_SETTINGS_H
#define SLUICE_RELAY_SIGNER_SETTINGS_H

#include <stdio.h>

#include "relay/signer/file.h"
#include "relay/signer/policy.h"

#define SETTINGS_SOCKET_BYTES_MAX 108u /* sockaddr_un.sun_path, with the final NUL */
#define SETTINGS_FILE_BYTES_MAX   (1u << 20)

struct settings_key {
    char name[NAME_BYTES_MAX];
    char keystore[FILE_PATH_BYTES_MAX];
    char passphrase_file[FILE_PATH_BYTES_MAX];
    bool chain;
    bool validator;
};

struct settings {
    char socket[SETTINGS_SOCKET_BYTES_MAX];
    char state[FILE_PATH_BYTES_MAX]; /* folder of the watermark */
    bool has_client_uid;
    uint32_t client_uid; /* who may connect beside this process's own user */
    struct settings_key keys[WIRE_KEYS_MAX];
    uint32_t keys_count;
    struct policy policy;
};

struct settings_error {
    char text[1024]; /* one line, without a final newline */
};

/* Loads and checks `path`. `*ret_settings` is owned by the caller; settings_free ends it.
 * STATUS_NOT_FOUND, STATUS_IO: the file cannot be read. STATUS_MALFORMED: it says something wrong.
 * STATUS_NO_MEMORY. `*ret_error` is written on every failure. */
MUST_USE enum status settings_load(const char *path, struct settings **ret_settings,
                                   struct settings_error *ret_error);
/* Accepts NULL, returns NULL. */
struct settings *settings_free(struct settings *settings);

/* Writes what is in force, for a custodian to read. */
void settings_print(const struct settings *settings, FILE *out);

#endif
