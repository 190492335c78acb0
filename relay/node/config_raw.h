/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config_raw.h: the shape of the configuration file, every value still as text.
 *
 * NULL: an optional key that is absent. Only the loader includes this. */
#ifndef SLUICE_RELAY_NODE_CONFIG_RAW_H
#define SLUICE_RELAY_NODE_CONFIG_RAW_H

#include <cyaml/cyaml.h>

struct raw_node {
    char *name;
    char *data;
    char *control;
    char *journal_max;
    char *ca_file;
};

struct raw_signer {
    char *socket;
    char *spawn;
    char *config;
};

struct raw_chain {
    char *name;
    char *family;
    char *domain;
    char *chain_id;
    char **endpoints;
    unsigned endpoints_count;
    char *devnet;
    char *finality;
    char *start_block;
    char *mailbox;
    char *merkle_tree_hook;
    char *validator_announce;
    char *gas_paymaster;
    char *relay;
    char *validate;
    char *key;
    char *fee_per_gas_max;
    char *priority_fee_per_gas;
    char *gas_limit_max;
    char *key_balance_min;
    char *blocks_per_range;
    char *requests_open_max;
    char *legs_open_max;
    char *frame_max;
    char *request_deadline;
};

struct raw_validator {
    char *address;
    char *store;
};

struct raw_asset {
    char *symbol;
    char *decimals;
};

struct raw_router {
    char *chain;
    char *asset;
    char *router;
    char *token;
    char *bridge;
    char *weight;
};

struct raw_vault {
    char *chain;
    char *asset;
    char *vault;
    char *token;
    char *owner;
};

struct raw_route {
    char *mode;
    char *tolerance;
    char *move_min;
    char *move_max;
    char *fee_max;
    char *fee_native_max;
    char *cooldown;
    char *plan_interval;
};

struct raw_config {
    struct raw_node node;
    struct raw_signer *signer;
    struct raw_chain *chains;
    unsigned chains_count;
    struct raw_validator *validator;
    struct raw_asset *assets;
    unsigned assets_count;
    struct raw_router *routers;
    unsigned routers_count;
    struct raw_vault *vaults;
    unsigned vaults_count;
    struct raw_route *route;
};

extern const cyaml_schema_value_t raw_config_schema;

#endif
