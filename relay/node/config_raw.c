/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config_raw.h"

#include "relay/base/limits.h"
#include "relay/node/config.h"

#define TEXT_BYTES_MAX (CONFIG_PATH_BYTES_MAX - 1)

#define NEEDED(section, key)                                                                       \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct section, key, 1, TEXT_BYTES_MAX)
#define OPTIONAL(section, key)                                                                     \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct section, key, 1, \
                           TEXT_BYTES_MAX)

static const cyaml_schema_field_t node_fields[] = {
    NEEDED(raw_node, name),          OPTIONAL(raw_node, data),    OPTIONAL(raw_node, control),
    OPTIONAL(raw_node, journal_max), OPTIONAL(raw_node, ca_file), CYAML_FIELD_END,
};

static const cyaml_schema_field_t signer_fields[] = {
    NEEDED(raw_signer, socket),
    OPTIONAL(raw_signer, spawn),
    OPTIONAL(raw_signer, config),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t endpoint_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CONFIG_URL_BYTES_MAX - 1),
};

static const cyaml_schema_field_t chain_fields[] = {
    NEEDED(raw_chain, name),
    NEEDED(raw_chain, family),
    NEEDED(raw_chain, domain),
    NEEDED(raw_chain, chain_id),
    CYAML_FIELD_SEQUENCE("endpoints", CYAML_FLAG_POINTER, struct raw_chain, endpoints,
                         &endpoint_value, 1, ENDPOINTS_PER_CHAIN_MAX),
    OPTIONAL(raw_chain, devnet),
    OPTIONAL(raw_chain, finality),
    OPTIONAL(raw_chain, start_block),
    NEEDED(raw_chain, mailbox),
    NEEDED(raw_chain, merkle_tree_hook),
    OPTIONAL(raw_chain, validator_announce),
    OPTIONAL(raw_chain, gas_paymaster),
    OPTIONAL(raw_chain, relay),
    OPTIONAL(raw_chain, validate),
    OPTIONAL(raw_chain, key),
    OPTIONAL(raw_chain, fee_per_gas_max),
    OPTIONAL(raw_chain, priority_fee_per_gas),
    OPTIONAL(raw_chain, gas_limit_max),
    OPTIONAL(raw_chain, key_balance_min),
    OPTIONAL(raw_chain, blocks_per_range),
    OPTIONAL(raw_chain, requests_open_max),
    OPTIONAL(raw_chain, legs_open_max),
    OPTIONAL(raw_chain, frame_max),
    OPTIONAL(raw_chain, request_deadline),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t chain_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_chain, chain_fields),
};

static const cyaml_schema_field_t validator_fields[] = {
    NEEDED(raw_validator, address),
    NEEDED(raw_validator, store),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t asset_fields[] = {
    NEEDED(raw_asset, symbol),
    NEEDED(raw_asset, decimals),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t asset_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_asset, asset_fields),
};

static const cyaml_schema_field_t router_fields[] = {
    NEEDED(raw_router, chain), NEEDED(raw_router, asset),    NEEDED(raw_router, router),
    NEEDED(raw_router, token), OPTIONAL(raw_router, bridge), NEEDED(raw_router, weight),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t router_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_router, router_fields),
};

static const cyaml_schema_field_t vault_fields[] = {
    NEEDED(raw_vault, chain), NEEDED(raw_vault, asset),   NEEDED(raw_vault, vault),
    NEEDED(raw_vault, token), OPTIONAL(raw_vault, owner), CYAML_FIELD_END,
};

static const cyaml_schema_value_t vault_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_vault, vault_fields),
};

static const cyaml_schema_field_t route_fields[] = {
    OPTIONAL(raw_route, mode),
    OPTIONAL(raw_route, tolerance),
    OPTIONAL(raw_route, move_min),
    OPTIONAL(raw_route, move_max),
    OPTIONAL(raw_route, fee_max),
    OPTIONAL(raw_route, fee_native_max),
    OPTIONAL(raw_route, cooldown),
    OPTIONAL(raw_route, plan_interval),
    CYAML_FIELD_END,
};

#define SECTION(key, fields)                                                                       \
    CYAML_FIELD_MAPPING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,     \
                            key, fields)
#define LIST(key, value, flags, count_min, count_max)                                              \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | (flags), struct raw_config, key, &(value),     \
                         count_min, count_max)

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_MAPPING("node", CYAML_FLAG_DEFAULT, struct raw_config, node, node_fields),
    SECTION(signer, signer_fields),
    LIST(chains, chain_value, CYAML_FLAG_DEFAULT, 1, CHAINS_MAX),
    SECTION(validator, validator_fields),
    LIST(assets, asset_value, CYAML_FLAG_OPTIONAL, 0, ASSETS_MAX),
    LIST(routers, router_value, CYAML_FLAG_OPTIONAL, 0, ROUTERS_MAX),
    LIST(vaults, vault_value, CYAML_FLAG_OPTIONAL, 0, VAULTS_MAX),
    SECTION(route, route_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t raw_config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, config_fields),
};
