/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/log_config.h: the file of the log's signer (sluice-signer --log): where it listens,
 * where it remembers, which key it holds. As strict as relay/signer/config.h;
 * deploy/config/log-signer.example.yaml shows every key.
 *
 * Threads: none. */
#ifndef SLUICE_RELAY_SIGNER_LOG_CONFIG_H
#define SLUICE_RELAY_SIGNER_LOG_CONFIG_H

#include "relay/settings/settings.h"
#include "relay/signer/config.h"

struct log_config {
    char socket[SIGNER_SOCKET_BYTES_MAX];
    char state[FILE_PATH_BYTES_MAX]; /* folder of the watermark */
    char key_file[FILE_PATH_BYTES_MAX];
    bool has_client_uid;
    uint32_t client_uid;
};

/* STATUS_NOT_FOUND, STATUS_IO, STATUS_MALFORMED, STATUS_NO_MEMORY; `*ret_error` is written on every
 * failure. */
MUST_USE enum status log_config_load(const char *path, struct log_config *ret_config,
                                     struct settings_error *ret_error);

#endif
