/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config/config_schema.h"

#include "relay/base/limits.h"
#include "relay/node/config/config.h"

#define TEXT_BYTES_MAX     511
#define DOCUMENT_BYTES_MAX 65535

#define REQUIRED(type, name)                                                                       \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER, struct type, name, 0, TEXT_BYTES_MAX)
#define OPTIONAL(type, name)                                                                       \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, name, 0,  \
                           TEXT_BYTES_MAX)

/* JSON, or the path of a file that holds it. */
#define DOCUMENT(type, name)                                                                       \
    CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, name, 0,  \
                           DOCUMENT_BYTES_MAX)

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_BYTES_MAX)};

static const cyaml_schema_field_t node_fields[] = {REQUIRED(file_node, name),
                                                   REQUIRED(file_node, data),
                                                   OPTIONAL(file_node, control),
                                                   OPTIONAL(file_node, journal_max),
                                                   OPTIONAL(file_node, journal_keep),
                                                   OPTIONAL(file_node, tls_ca),
                                                   CYAML_FIELD_END};

static const cyaml_schema_field_t signer_fields[] = {
    OPTIONAL(file_signer, spawn), OPTIONAL(file_signer, config), REQUIRED(file_signer, socket),
    CYAML_FIELD_END};

static const cyaml_schema_field_t limit_fields[] = {
    REQUIRED(file_limit, endpoint), OPTIONAL(file_limit, calls_per_second),
    OPTIONAL(file_limit, burst), OPTIONAL(file_limit, calls_per_day), CYAML_FIELD_END};

static const cyaml_schema_value_t limit_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_limit, limit_fields)};

static const cyaml_schema_field_t chain_fields[] = {
    REQUIRED(file_chain, name),
    OPTIONAL(file_chain, family),
    OPTIONAL(file_chain, devnet),
    REQUIRED(file_chain, domain),
    REQUIRED(file_chain, chain_id),
    CYAML_FIELD_SEQUENCE("endpoints", CYAML_FLAG_POINTER, struct file_chain, endpoints, &text_entry,
                         1, ENDPOINTS_PER_CHAIN_MAX),
    CYAML_FIELD_SEQUENCE("submit", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_chain,
                         submit, &text_entry, 0, ENDPOINTS_PER_CHAIN_MAX - 1),
    CYAML_FIELD_SEQUENCE("limits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_chain,
                         limits, &limit_entry, 0, ENDPOINTS_PER_CHAIN_MAX),
    OPTIONAL(file_chain, quorum),
    OPTIONAL(file_chain, finality),
    OPTIONAL(file_chain, start_block),
    OPTIONAL(file_chain, blocks_per_range),
    OPTIONAL(file_chain, request_deadline),
    REQUIRED(file_chain, mailbox),
    REQUIRED(file_chain, merkle_tree_hook),
    REQUIRED(file_chain, validator_announce),
    OPTIONAL(file_chain, gas_paymaster),
    OPTIONAL(file_chain, relay),
    OPTIONAL(file_chain, validate),
    OPTIONAL(file_chain, key),
    CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_chain, keys,
                         &text_entry, 1, 1 + DELIVERY_KEYS_MAX),
    OPTIONAL(file_chain, fee_per_gas_max),
    OPTIONAL(file_chain, priority_fee_per_gas),
    OPTIONAL(file_chain, gas_limit_max),
    OPTIONAL(file_chain, key_balance_min),
    OPTIONAL(file_chain, priority_fee_max),
    OPTIONAL(file_chain, transaction_fee_max),
    OPTIONAL(file_chain, inclusion_deadline),
    OPTIONAL(file_chain, in_flight_max),
    OPTIONAL(file_chain, validators_min),
    OPTIONAL(file_chain, multicall),
    OPTIONAL(file_chain, batch_max),
    OPTIONAL(file_chain, sign_lookups),
    OPTIONAL(file_chain, transactions),
    OPTIONAL(file_chain, data_fee),
    CYAML_FIELD_END};

static const cyaml_schema_field_t validator_fields[] = {
    REQUIRED(file_validator, address), REQUIRED(file_validator, store),
    OPTIONAL(file_validator, credentials), CYAML_FIELD_END};

static const cyaml_schema_field_t stores_fields[] = {
    OPTIONAL(file_stores, s3_endpoint), OPTIONAL(file_stores, gcs_endpoint),
    OPTIONAL(file_stores, private_addresses), CYAML_FIELD_END};

static const cyaml_schema_field_t asset_fields[] = {
    REQUIRED(file_asset, symbol), REQUIRED(file_asset, decimals), CYAML_FIELD_END};

static const cyaml_schema_field_t router_fields[] = {
    REQUIRED(file_router, chain),  REQUIRED(file_router, asset),
    REQUIRED(file_router, router), REQUIRED(file_router, token),
    OPTIONAL(file_router, bridge), OPTIONAL(file_router, guard),
    REQUIRED(file_router, weight), CYAML_FIELD_END};

static const cyaml_schema_field_t synthetic_fields[] = {
    REQUIRED(file_synthetic, chain), REQUIRED(file_synthetic, asset),
    REQUIRED(file_synthetic, router), CYAML_FIELD_END};

static const cyaml_schema_field_t vault_fields[] = {
    REQUIRED(file_vault, chain), REQUIRED(file_vault, asset), REQUIRED(file_vault, vault),
    REQUIRED(file_vault, token), OPTIONAL(file_vault, owner), CYAML_FIELD_END};

static const cyaml_schema_field_t route_fields[] = {OPTIONAL(file_route, mode),
                                                    OPTIONAL(file_route, tolerance),
                                                    OPTIONAL(file_route, move_min),
                                                    OPTIONAL(file_route, move_max),
                                                    OPTIONAL(file_route, fee_max),
                                                    OPTIONAL(file_route, fee_native_max),
                                                    OPTIONAL(file_route, margin),
                                                    OPTIONAL(file_route, coin_price),
                                                    OPTIONAL(file_route, cooldown),
                                                    OPTIONAL(file_route, plan_interval),
                                                    CYAML_FIELD_END};

static const cyaml_schema_field_t large_fields[] = {REQUIRED(file_large, value),
                                                    OPTIONAL(file_large, blocks), CYAML_FIELD_END};

static const cyaml_schema_field_t policy_fields[] = {OPTIONAL(file_policy, retries_max),
                                                     OPTIONAL(file_policy, retry_wait_max),
                                                     DOCUMENT(file_policy, whitelist),
                                                     DOCUMENT(file_policy, blacklist),
                                                     DOCUMENT(file_policy, address_blacklist),
                                                     DOCUMENT(file_policy, gas_payment),
                                                     CYAML_FIELD_END};

static const cyaml_schema_field_t block_fields[] = {
    CYAML_FIELD_STRING_PTR("match", CYAML_FLAG_POINTER, struct file_block, match, 0,
                           DOCUMENT_BYTES_MAX),
    REQUIRED(file_block, reason), OPTIONAL(file_block, until), CYAML_FIELD_END};

static const cyaml_schema_value_t block_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_block, block_fields)};

static const cyaml_schema_field_t delivery_limit_fields[] = {
    REQUIRED(file_delivery_limit, name),
    CYAML_FIELD_STRING_PTR("match", CYAML_FLAG_POINTER, struct file_delivery_limit, match, 0,
                           DOCUMENT_BYTES_MAX),
    OPTIONAL(file_delivery_limit, fee_per_gas_max),
    OPTIONAL(file_delivery_limit, profit_min),
    OPTIONAL(file_delivery_limit, budget),
    OPTIONAL(file_delivery_limit, window),
    CYAML_FIELD_END};

static const cyaml_schema_value_t delivery_limit_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_delivery_limit, delivery_limit_fields)};

static const cyaml_schema_field_t rate_fields[] = {
    REQUIRED(file_rate, chain), OPTIONAL(file_rate, token), OPTIONAL(file_rate, decimals),
    REQUIRED(file_rate, price), CYAML_FIELD_END};

static const cyaml_schema_value_t rate_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_rate, rate_fields)};

static const cyaml_schema_field_t witness_fields[] = {REQUIRED(file_witness, key),
                                                      REQUIRED(file_witness, url), CYAML_FIELD_END};

static const cyaml_schema_value_t witness_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_witness, witness_fields)};

static const cyaml_schema_field_t log_fields[] = {REQUIRED(file_log, key),
                                                  OPTIONAL(file_log, spawn),
                                                  OPTIONAL(file_log, config),
                                                  REQUIRED(file_log, socket),
                                                  OPTIONAL(file_log, interval),
                                                  OPTIONAL(file_log, listen),
                                                  CYAML_FIELD_END};

static const cyaml_schema_field_t site_fields[] = {
    REQUIRED(file_site, listen), OPTIONAL(file_site, token), OPTIONAL(file_site, certificate),
    OPTIONAL(file_site, key), CYAML_FIELD_END};

static const cyaml_schema_field_t alerts_fields[] = {
    CYAML_FIELD_SEQUENCE("command", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_alerts,
                         command, &text_entry, 1, NODE_ARGUMENTS_MAX),
    OPTIONAL(file_alerts, webhook),
    OPTIONAL(file_alerts, webhook_token),
    OPTIONAL(file_alerts, mail_to),
    OPTIONAL(file_alerts, mail_from),
    OPTIONAL(file_alerts, sendmail),
    OPTIONAL(file_alerts, hold),
    OPTIONAL(file_alerts, repeat),
    OPTIONAL(file_alerts, backlog_after),
    OPTIONAL(file_alerts, failures_min),
    OPTIONAL(file_alerts, per_hour),
    CYAML_FIELD_END};

static const cyaml_schema_value_t chain_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_chain, chain_fields)};
static const cyaml_schema_value_t asset_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_asset, asset_fields)};
static const cyaml_schema_value_t router_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_router, router_fields)};
static const cyaml_schema_value_t synthetic_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_synthetic, synthetic_fields)};
static const cyaml_schema_value_t vault_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_vault, vault_fields)};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_MAPPING("node", CYAML_FLAG_DEFAULT, struct file_config, node, node_fields),
    CYAML_FIELD_MAPPING_PTR("signer", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            signer, signer_fields),
    CYAML_FIELD_SEQUENCE("chains", CYAML_FLAG_POINTER, struct file_config, chains, &chain_entry, 1,
                         CHAINS_MAX),
    CYAML_FIELD_MAPPING_PTR("validator", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                            struct file_config, validator, validator_fields),
    CYAML_FIELD_MAPPING_PTR("stores", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            stores, stores_fields),
    CYAML_FIELD_SEQUENCE("assets", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                         assets, &asset_entry, 0, ASSETS_MAX),
    CYAML_FIELD_SEQUENCE("routers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                         routers, &router_entry, 0, ROUTERS_MAX),
    CYAML_FIELD_SEQUENCE("synthetics", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                         synthetics, &synthetic_entry, 0, SYNTHETICS_MAX),
    CYAML_FIELD_SEQUENCE("vaults", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                         vaults, &vault_entry, 0, VAULTS_MAX),
    OPTIONAL(file_config, mandate),
    CYAML_FIELD_MAPPING_PTR("route", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            route, route_fields),
    CYAML_FIELD_MAPPING_PTR("large", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            large, large_fields),
    CYAML_FIELD_MAPPING_PTR("policy", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            policy, policy_fields),
    CYAML_FIELD_SEQUENCE("blocks", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                         blocks, &block_entry, 0, RULES_MAX),
    CYAML_FIELD_SEQUENCE("delivery_limits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct file_config, delivery_limits, &delivery_limit_entry, 0,
                         ROUTE_LIMITS_MAX),
    OPTIONAL(file_config, currency),
    CYAML_FIELD_SEQUENCE("rates", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                         rates, &rate_entry, 0, RATES_MAX),
    CYAML_FIELD_MAPPING_PTR("log", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            log, log_fields),
    CYAML_FIELD_MAPPING_PTR("site", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            site, site_fields),
    CYAML_FIELD_MAPPING_PTR("alerts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                            alerts, alerts_fields),
    CYAML_FIELD_SEQUENCE("witnesses", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_config,
                         witnesses, &witness_entry, 0, NODE_WITNESSES_MAX),
    CYAML_FIELD_END};

const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file_config, file_fields)};
