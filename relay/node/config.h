/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config.h: the configuration file, read once at start.
 *
 * One YAML file says everything; secrets are paths of files, never values. Unknown keys, missing
 * units and values out of range stop the start with one line that names file, line and column.
 * Relative paths are taken from the folder of the file. deploy/config/sluice.example.yaml shows
 * every key.
 *
 * Threads: read-only after loading. */
#ifndef SLUICE_RELAY_NODE_CONFIG_H
#define SLUICE_RELAY_NODE_CONFIG_H

#include <stdio.h>

#include "chains/chain.h"
#include "relay/core/config.h"

#define CONFIG_PATH_BYTES_MAX   1024u
#define CONFIG_SOCKET_BYTES_MAX 108u /* sockaddr_un.sun_path, with the final NUL */
#define CONFIG_HOST_BYTES_MAX   256u
#define CONFIG_URL_BYTES_MAX    512u
#define CONFIG_FILE_BYTES_MAX   (1u << 20)
#define CONFIG_FAMILY_BYTES_MAX 16u

/* ws://host:port/path or wss://host:port/path, taken apart. */
struct config_endpoint {
    char url[CONFIG_URL_BYTES_MAX]; /* as written, for people */
    char host[CONFIG_HOST_BYTES_MAX];
    char path[CONFIG_URL_BYTES_MAX];
    uint16_t port;
    bool tls;
};

struct config_chain {
    char family[CONFIG_FAMILY_BYTES_MAX];
    struct config_endpoint endpoints[ENDPOINTS_PER_CHAIN_MAX];
    bool devnet;                 /* holds nothing of value */
    struct chain_config adapter; /* core and chain_index are left to the driver */
};

struct node_config {
    struct core_config core;
    struct config_chain chains[CHAINS_MAX]; /* core.chains_count of them, in the same order */
    char file[CONFIG_PATH_BYTES_MAX];
    char data[CONFIG_PATH_BYTES_MAX];            /* folder of the journal */
    char control[CONFIG_SOCKET_BYTES_MAX];       /* socket of approve, pause, ... */
    char signer_socket[CONFIG_SOCKET_BYTES_MAX]; /* empty: no signer, nothing can be signed */
    char signer_config[CONFIG_PATH_BYTES_MAX];
    bool signer_spawn;                   /* start the signer as a child: devnets alone */
    char store[CONFIG_PATH_BYTES_MAX];   /* folder above our checkpoint stores */
    char ca_file[CONFIG_PATH_BYTES_MAX]; /* certificate authorities for wss; empty: the system's */
    uint64_t journal_bytes_max;
};

struct config_error {
    char text[1024]; /* one line, without a final newline */
};

/* Loads and checks `path`. `*ret_config` is owned by the caller and freed with node_config_free.
 * STATUS_NOT_FOUND: no such file; STATUS_IO; STATUS_MALFORMED: the file says something wrong or
 * unknown; STATUS_REFUSED: it asks for what is not allowed. `ret_error` says what, always. */
MUST_USE enum status node_config_load(const char *path, struct node_config **ret_config,
                                      struct config_error *ret_error);
/* Accepts NULL, returns NULL. */
struct node_config *node_config_free(struct node_config *config);

/* The configuration in force, defaults included, as YAML. */
void node_config_print(const struct node_config *config, FILE *out);

/* Domain by a chain's name; NULL: none. */
const struct core_chain *node_config_chain(const struct node_config *config, const char *name);

#endif
