/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config/config_schema.h: the configuration file's shape: every scalar is text until
 * config.c has made a quantity of it. Only config.c includes this. */
#ifndef SLUICE_RELAY_NODE_CONFIG_CONFIG_SCHEMA_H
#define SLUICE_RELAY_NODE_CONFIG_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>

/* Members are NULL where an optional key is absent. */
struct file_node {
    char *name;
    char *data;
    char *control;
    char *journal_max;
    char *journal_keep;
    char *tls_ca;
};

struct file_signer {
    char *spawn;
    char *config;
    char *socket;
};

struct file_limit {
    char *endpoint;
    char *calls_per_second;
    char *burst;
    char *calls_per_day;
};

struct file_chain {
    char *name;
    char *family;
    char *devnet;
    char *domain;
    char *chain_id;
    char **endpoints;
    unsigned endpoints_count;
    char **submit;
    unsigned submit_count;
    struct file_limit *limits;
    unsigned limits_count;
    char *quorum;
    char *finality;
    char *start_block;
    char *blocks_per_range;
    char *request_deadline;
    char *mailbox;
    char *merkle_tree_hook;
    char *validator_announce;
    char *gas_paymaster;
    char *relay;
    char *validate;
    char *key;
    char **keys;
    unsigned keys_count;
    char *fee_per_gas_max;
    char *priority_fee_per_gas;
    char *gas_limit_max;
    char *key_balance_min;
    char *priority_fee_max;
    char *transaction_fee_max;
    char *inclusion_deadline;
    char *in_flight_max;
    char *validators_min;
    char *multicall;
    char *batch_max;
    char *sign_lookups;
    char *transactions;
    char *data_fee;
};

struct file_validator {
    char *address;
    char *store;
    char *credentials;
};

struct file_stores {
    char *s3_endpoint;
    char *gcs_endpoint;
    char *private_addresses;
};

struct file_asset {
    char *symbol;
    char *decimals;
};

struct file_router {
    char *chain;
    char *asset;
    char *router;
    char *token;
    char *bridge;
    char *guard;
    char *weight;
};

struct file_synthetic {
    char *chain;
    char *asset;
    char *router;
};

struct file_vault {
    char *chain;
    char *asset;
    char *vault;
    char *token;
    char *owner;
};

struct file_route {
    char *mode;
    char *tolerance;
    char *move_min;
    char *move_max;
    char *fee_max;
    char *margin;
    char *coin_price;
    char *fee_native_max;
    char *cooldown;
    char *plan_interval;
};

struct file_block {
    char *match;
    char *reason;
    char *until;
};

struct file_delivery_limit {
    char *name;
    char *match;
    char *fee_per_gas_max;
    char *profit_min;
    char *budget;
    char *window;
};

struct file_rate {
    char *chain;
    char *token;
    char *decimals;
    char *price;
};

struct file_policy {
    char *retries_max;
    char *retry_wait_max;
    char *whitelist;
    char *blacklist;
    char *address_blacklist;
    char *gas_payment;
};

struct file_witness {
    char *key;
    char *url;
};

struct file_log {
    char *key;
    char *spawn;
    char *config;
    char *socket;
    char *interval;
    char *listen;
};

struct file_site {
    char *listen;
    char *token;
    char *certificate;
    char *key;
};

struct file_alerts {
    char **command;
    unsigned command_count;
    char *webhook;
    char *webhook_token;
    char *mail_to;
    char *mail_from;
    char *sendmail;
    char *hold;
    char *repeat;
    char *backlog_after;
    char *failures_min;
    char *per_hour;
};

struct file_large {
    char *value;
    char *blocks;
};

struct file_config {
    struct file_node node;
    struct file_signer *signer;
    struct file_chain *chains;
    unsigned chains_count;
    struct file_validator *validator;
    struct file_stores *stores;
    struct file_asset *assets;
    unsigned assets_count;
    struct file_router *routers;
    unsigned routers_count;
    struct file_synthetic *synthetics;
    unsigned synthetics_count;
    struct file_vault *vaults;
    unsigned vaults_count;
    struct file_route *route;
    char *mandate;
    struct file_large *large;
    struct file_policy *policy;
    struct file_block *blocks;
    unsigned blocks_count;
    struct file_delivery_limit *delivery_limits;
    unsigned delivery_limits_count;
    char *currency;
    struct file_rate *rates;
    unsigned rates_count;
    struct file_log *log;
    struct file_site *site;
    struct file_alerts *alerts;
    struct file_witness *witnesses;
    unsigned witnesses_count;
};

extern const cyaml_schema_value_t config_schema;

#endif
