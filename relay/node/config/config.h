/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config/config.h: the node's configuration file, checked, as structs.
 *
 * The file is YAML (deploy/config/sluice.example.yaml shows every key). Unknown keys, missing units
 * and values out of range stop the start, with file, line and column. Secrets are never in it.
 * Relative paths are taken from the folder of the file.
 *
 * Threads: none. Memory: one block, owned by the caller from config_load to config_free. */
#ifndef SLUICE_RELAY_NODE_CONFIG_CONFIG_H
#define SLUICE_RELAY_NODE_CONFIG_CONFIG_H

#include <limits.h>
#include <stdio.h>

#include "chains/chain.h"
#include "relay/core/config.h"
#include "relay/settings/settings.h"
#include "store/note.h"

#define CONFIG_URL_BYTES_MAX    512u
#define CONFIG_SOCKET_BYTES_MAX 108u /* sun_path, with the NUL */

/* What the shell needs to know of a chain besides core_chain, at the same index. */
struct node_chain {
    const struct chain_ops *family;
    bool is_devnet; /* a spawned signer may move capital here */
    char endpoints[ENDPOINTS_PER_CHAIN_MAX][CONFIG_URL_BYTES_MAX];
    struct call_limits limits[ENDPOINTS_PER_CHAIN_MAX]; /* beside them */
    uint32_t endpoints_count;
    uint32_t submit_count; /* the last so many are for transactions alone */
    uint32_t quorum;       /* more than half of them */
    enum finality_policy finality;
    uint32_t finality_blocks;
    uint32_t blocks_per_range;
    struct duration request_deadline;
    enum transaction_kind transactions;
    enum data_fee data_fee;
};

#define NODE_WITNESSES_MAX    16u
#define WITNESS_URL_BYTES_MAX 512u

struct node_witness {
    struct note_key key;
    char url_text[WITNESS_URL_BYTES_MAX];
};

/* The journal's transparency log (relay/node/journal_log/log_keeper.h). */
struct node_log {
    bool is_on;
    struct note_key key;          /* its name is the log's origin */
    bool spawn;                   /* start the log's signer as a child */
    char signer_config[PATH_MAX]; /* for the child; empty when not spawned */
    char socket[CONFIG_SOCKET_BYTES_MAX];
    struct duration interval; /* between checkpoints while the journal grows, at most */
    uint16_t port;            /* on 127.0.0.1; 0: not served */
    struct node_witness witnesses[NODE_WITNESSES_MAX];
    uint32_t witnesses_count;
};

/* Where the site listens, and who may ask. */
struct node_site {
    char address[16];           /* of IPv4; empty: 127.0.0.1 */
    char token[PATH_MAX];       /* file; empty: nobody is asked */
    char certificate[PATH_MAX]; /* of TLS, with its chain; empty: none */
    char key[PATH_MAX];
};

#define NODE_ARGUMENTS_MAX  8u
#define NODE_WORD_BYTES_MAX 256u

/* Whom the node tells by itself when something is wrong (relay/node/alert/alerting.h). */
struct node_alerts {
    bool is_on;
    char command[NODE_ARGUMENTS_MAX][NODE_WORD_BYTES_MAX]; /* a program and its arguments */
    uint32_t command_count;                                /* 0: none is run */
    char webhook[CONFIG_URL_BYTES_MAX];                    /* empty: none */
    char webhook_token[PATH_MAX];      /* file with a bearer token; empty: none is sent */
    char mail_to[NODE_WORD_BYTES_MAX]; /* empty: no mail */
    char mail_from[NODE_WORD_BYTES_MAX];
    char sendmail[PATH_MAX];       /* the program */
    struct duration hold;          /* must last before it is told, and be gone before that is */
    struct duration repeat;        /* while it lasts; 0: never */
    struct duration backlog_after; /* a message that waits longer is told */
    uint32_t failures_min;         /* a message that failed so often is stuck */
    uint32_t per_hour;             /* notices at most */
};

struct node_config {
    char path[PATH_MAX]; /* of the file */
    char data[PATH_MAX]; /* the node's directory: journal, control socket */
    char control[CONFIG_SOCKET_BYTES_MAX];
    uint64_t journal_bytes_max;
    uint64_t journal_keep_records; /* in the file; older ones are archived; 0: none is */
    char tls_ca[PATH_MAX];         /* certificates trusted besides the system's; may be empty */
    bool signer_spawn;             /* start sluice-signer as a child */
    char signer_config[PATH_MAX];  /* for the child; empty when not spawned */
    char signer_socket[CONFIG_SOCKET_BYTES_MAX]; /* empty: this node signs nothing */
    /* Where our validator publishes: a folder, or s3://bucket/region[/folder], with "{chain}" where
     * the chain's name belongs; may be empty. */
    char checkpoint_store[PATH_MAX];
    char store_credentials[PATH_MAX];        /* file with what writing to S3 takes; may be empty */
    char s3_endpoint[CONFIG_URL_BYTES_MAX];  /* instead of Amazon's; may be empty */
    char gcs_endpoint[CONFIG_URL_BYTES_MAX]; /* instead of Google's; may be empty */
    bool stores_private;    /* strangers may name addresses that are not of the public internet */
    char mandate[PATH_MAX]; /* the owner's file; empty: the limits are of this file */
    struct node_log log;
    struct node_alerts alerts;
    bool hyperlane_metrics; /* beside ours, under the names that the reference agents use */
    uint16_t site_port;     /* pages, metrics, health (relay/node/site/site.h); 0: none */
    struct node_site site;
    struct node_chain chains[CHAINS_MAX];
    struct core_config core;
};

/* Reads and checks a file. STATUS_NOT_FOUND, STATUS_IO: it cannot be read. STATUS_MALFORMED: it is
 * wrong, and `ret_error` says where. STATUS_REFUSED: it is well-formed and asks for what is not
 * allowed. `ret_error` is set in every case. */
MUST_USE enum status config_load(const char *path, struct node_config **ret_config,
                                 struct settings_error *ret_error);
/* The same of text; `name` stands for the path in errors, and relative paths are taken from the
 * working folder. */
MUST_USE enum status config_parse(const char *name, struct bytes text,
                                  struct node_config **ret_config,
                                  struct settings_error *ret_error);
struct node_config *config_free(struct node_config *config); /* accepts NULL, returns NULL */

/* The adapter's view of chain `index`; borrows `config`. */
struct chain_config config_chain(const struct node_config *config, uint32_t index);

/* Writes what is in force, defaults included, as YAML that config_load reads again. */
void config_print(const struct node_config *config, FILE *out);
/* The same as one JSON object. */
void config_print_json(const struct node_config *config, FILE *out);

/* What config_show says beside the values. */
struct config_showing {
    bool is_effective; /* also what the file does not say: defaults */
    bool has_origin;   /* where each value comes from */
    bool is_json;
};

/* Writes the file at `path` as it is understood: YAML, with each value's origin behind it as a
 * comment; or one JSON object, with {"value", "origin"} in place of values. Statuses and
 * `ret_error` as for config_load. */
MUST_USE enum status config_show(const char *path, const struct config_showing *showing, FILE *out,
                                 struct settings_error *ret_error);

#endif
