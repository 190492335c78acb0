/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/fields.c: every key of a mandate: its type, which way it loosens, who enforces it,
 * and the schema that a file is checked against. */
#include "relay/mandate/fields.h"

#include "relay/base/check.h"

#define TEXT_BYTES (MANDATE_VALUE_BYTES_MAX - 1)
#define NEEDED     CYAML_FLAG_POINTER
#define MAY_LACK   (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define KEY(name, flags, place)                                                                    \
    CYAML_FIELD_STRING_PTR(name, flags, struct mandate_file_entry, place, 1, TEXT_BYTES)
#define LIST(name, flags, most)                                                                    \
    CYAML_FIELD_SEQUENCE(name, flags, struct mandate_file_entry, list, &text_entry, 1, most)

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TEXT_BYTES)};

/* ---- assets ---- */

static const struct mandate_field asset_fields[] = {
    {"decimals", MANDATE_COUNT, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"issuer", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_NATURE},
    {"price", MANDATE_TEXT, MANDATE_FACT, MANDATE_BY_CORE},
    {"price_second", MANDATE_TEXT, MANDATE_FACT, MANDATE_BY_CORE},
    {"price_age_max", MANDATE_DURATION, MANDATE_MOST, MANDATE_BY_CORE},
    {"price_divergence_max", MANDATE_SHARE, MANDATE_MOST, MANDATE_BY_CORE},
    {"delta_max", MANDATE_AMOUNT, MANDATE_MOST, 0},
    {"delta_calm", MANDATE_AMOUNT, MANDATE_MOST, 0},
    {"volatility_calm", MANDATE_SHARE, MANDATE_LEAST, MANDATE_BY_CORE},
};

static const cyaml_schema_field_t asset_schema[] = {
    KEY("symbol", NEEDED, name),
    KEY("decimals", NEEDED, texts[ASSET_DECIMALS]),
    KEY("issuer", MAY_LACK, texts[ASSET_ISSUER]),
    KEY("price", MAY_LACK, texts[ASSET_PRICE]),
    KEY("price_second", MAY_LACK, texts[ASSET_PRICE_SECOND]),
    KEY("price_age_max", MAY_LACK, texts[ASSET_PRICE_AGE_MAX]),
    KEY("price_divergence_max", MAY_LACK, texts[ASSET_PRICE_DIVERGENCE_MAX]),
    KEY("delta_max", MAY_LACK, texts[ASSET_DELTA_MAX]),
    KEY("delta_calm", MAY_LACK, texts[ASSET_DELTA_CALM]),
    KEY("volatility_calm", MAY_LACK, texts[ASSET_VOLATILITY_CALM]),
    CYAML_FIELD_END};
static const cyaml_schema_value_t asset_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mandate_file_entry, asset_schema)};

/* ---- issuers ---- */

static const struct mandate_field issuer_fields[] = {
    {"cap_share", MANDATE_SHARE, MANDATE_MOST, MANDATE_BY_CORE | MANDATE_BY_STATED},
};

static const cyaml_schema_field_t issuer_schema[] = {
    KEY("name", NEEDED, name), KEY("cap_share", NEEDED, texts[ISSUER_CAP_SHARE]), CYAML_FIELD_END};
static const cyaml_schema_value_t issuer_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mandate_file_entry, issuer_schema)};

/* ---- chains ---- */

static const struct mandate_field chain_fields[] = {
    {"domain", MANDATE_COUNT, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"cap_share", MANDATE_SHARE, MANDATE_MOST, MANDATE_BY_CORE | MANDATE_BY_STATED},
    {"floor_share", MANDATE_SHARE, MANDATE_LEAST, MANDATE_BY_CORE | MANDATE_BY_STATED},
    {"gas_budget", MANDATE_NATIVE, MANDATE_MOST, MANDATE_BY_SIGNER_HOURLY},
};

static const cyaml_schema_field_t chain_schema[] = {
    KEY("name", NEEDED, name),
    KEY("domain", NEEDED, texts[CHAIN_DOMAIN]),
    KEY("cap_share", MAY_LACK, texts[CHAIN_CAP_SHARE]),
    KEY("floor_share", MAY_LACK, texts[CHAIN_FLOOR_SHARE]),
    KEY("gas_budget", MAY_LACK, texts[CHAIN_GAS_BUDGET]),
    CYAML_FIELD_END};
static const cyaml_schema_value_t chain_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mandate_file_entry, chain_schema)};

/* ---- venues ---- */

static const struct mandate_field venue_fields[] = {
    {"kind", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"chain", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"asset", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"address", MANDATE_ADDRESS, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"token", MANDATE_ADDRESS, MANDATE_FACT, MANDATE_BY_CORE},
    {"code_hash", MANDATE_HASH, MANDATE_FACT, 0},
    {"weight", MANDATE_SHARE, MANDATE_FACT, MANDATE_BY_CORE},
    {"cap", MANDATE_AMOUNT, MANDATE_MOST, MANDATE_BY_CORE | MANDATE_BY_STATED},
    {"cap_share", MANDATE_SHARE, MANDATE_MOST, MANDATE_BY_CORE | MANDATE_BY_STATED},
    {"floor", MANDATE_AMOUNT, MANDATE_LEAST, MANDATE_BY_CORE | MANDATE_BY_STATED},
    {"floor_share", MANDATE_SHARE, MANDATE_LEAST, MANDATE_BY_CORE | MANDATE_BY_STATED},
    {"buffer", MANDATE_AMOUNT, MANDATE_LEAST, MANDATE_BY_CORE | MANDATE_BY_STATED},
    {"health_floor", MANDATE_RATIO, MANDATE_LEAST, MANDATE_BY_CORE},
    {"guard", MANDATE_ADDRESS, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"spoke", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"index", MANDATE_COUNT, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"receipt", MANDATE_ADDRESS, MANDATE_FACT, MANDATE_BY_CORE},
    {"price_shock", MANDATE_SHARE, MANDATE_LEAST, MANDATE_BY_CORE},
    {"buffer_max", MANDATE_AMOUNT, MANDATE_LEAST, MANDATE_BY_CORE},
    {"issuer", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_NATURE},
    {"round_interval", MANDATE_DURATION, MANDATE_LEAST, MANDATE_BY_CORE},
    {"report_interval", MANDATE_DURATION, MANDATE_MOST, MANDATE_BY_CORE},
    {"report_fee_max", MANDATE_NATIVE, MANDATE_MOST, MANDATE_BY_CORE},
};

static const cyaml_schema_field_t venue_schema[] = {
    KEY("name", NEEDED, name),
    KEY("kind", NEEDED, texts[VENUE_KIND]),
    KEY("chain", NEEDED, texts[VENUE_CHAIN]),
    KEY("asset", NEEDED, texts[VENUE_ASSET]),
    KEY("address", NEEDED, texts[VENUE_ADDRESS]),
    KEY("token", NEEDED, texts[VENUE_TOKEN]),
    KEY("code_hash", MAY_LACK, texts[VENUE_CODE_HASH]),
    KEY("weight", MAY_LACK, texts[VENUE_WEIGHT]),
    KEY("cap", MAY_LACK, texts[VENUE_CAP]),
    KEY("cap_share", MAY_LACK, texts[VENUE_CAP_SHARE]),
    KEY("floor", MAY_LACK, texts[VENUE_FLOOR]),
    KEY("floor_share", MAY_LACK, texts[VENUE_FLOOR_SHARE]),
    KEY("buffer", MAY_LACK, texts[VENUE_BUFFER]),
    KEY("health_floor", MAY_LACK, texts[VENUE_HEALTH_FLOOR]),
    KEY("guard", MAY_LACK, texts[VENUE_GUARD]),
    KEY("spoke", MAY_LACK, texts[VENUE_SPOKE]),
    KEY("index", MAY_LACK, texts[VENUE_INDEX]),
    KEY("receipt", MAY_LACK, texts[VENUE_RECEIPT]),
    KEY("price_shock", MAY_LACK, texts[VENUE_PRICE_SHOCK]),
    KEY("buffer_max", MAY_LACK, texts[VENUE_BUFFER_MAX]),
    KEY("issuer", MAY_LACK, texts[VENUE_ISSUER]),
    KEY("round_interval", MAY_LACK, texts[VENUE_ROUND_INTERVAL]),
    KEY("report_interval", MAY_LACK, texts[VENUE_REPORT_INTERVAL]),
    KEY("report_fee_max", MAY_LACK, texts[VENUE_REPORT_FEE_MAX]),
    CYAML_FIELD_END};
static const cyaml_schema_value_t venue_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mandate_file_entry, venue_schema)};

/* ---- bridges ---- */

static const struct mandate_field bridge_fields[] = {
    {"kind", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"chain", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"asset", MANDATE_NAME, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"address", MANDATE_ADDRESS, MANDATE_FACT, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"velocity", MANDATE_AMOUNT, MANDATE_MOST, MANDATE_BY_SIGNER_HOURLY},
};

static const cyaml_schema_field_t bridge_schema[] = {
    KEY("name", NEEDED, name),
    KEY("kind", NEEDED, texts[BRIDGE_KIND]),
    KEY("chain", NEEDED, texts[BRIDGE_CHAIN]),
    KEY("asset", NEEDED, texts[BRIDGE_ASSET]),
    KEY("address", NEEDED, texts[BRIDGE_ADDRESS]),
    KEY("velocity", MAY_LACK, texts[BRIDGE_VELOCITY]),
    LIST("to", NEEDED, CHAINS_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t bridge_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mandate_file_entry, bridge_schema)};

/* ---- limits ---- */

static const struct mandate_field limit_fields[] = {
    {"window", MANDATE_DURATION, MANDATE_LEAST, MANDATE_BY_CORE},
    {"tolerance", MANDATE_SHARE, MANDATE_LEAST, MANDATE_BY_CORE},
    {"move_min", MANDATE_AMOUNT, MANDATE_LEAST, MANDATE_BY_CORE},
    {"move_max", MANDATE_AMOUNT, MANDATE_MOST, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"velocity", MANDATE_AMOUNT, MANDATE_MOST, MANDATE_BY_CORE},
    {"fee_max", MANDATE_SHARE, MANDATE_MOST, MANDATE_BY_CORE},
    {"fee_native_max", MANDATE_NATIVE, MANDATE_MOST, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"fee_budget", MANDATE_AMOUNT, MANDATE_MOST, MANDATE_BY_CORE},
    {"margin", MANDATE_SHARE, MANDATE_LEAST, MANDATE_BY_CORE},
    {"coin_price", MANDATE_AMOUNT, MANDATE_FACT, MANDATE_BY_CORE},
    {"cooldown", MANDATE_DURATION, MANDATE_LEAST, MANDATE_BY_CORE},
    {"horizon", MANDATE_DURATION, MANDATE_MOST, MANDATE_BY_CORE},
};

static const cyaml_schema_field_t limit_schema[] = {
    KEY("window", NEEDED, texts[LIMIT_WINDOW]),
    KEY("tolerance", NEEDED, texts[LIMIT_TOLERANCE]),
    KEY("move_min", NEEDED, texts[LIMIT_MOVE_MIN]),
    KEY("move_max", NEEDED, texts[LIMIT_MOVE_MAX]),
    KEY("velocity", NEEDED, texts[LIMIT_VELOCITY]),
    KEY("fee_max", NEEDED, texts[LIMIT_FEE_MAX]),
    KEY("fee_native_max", NEEDED, texts[LIMIT_FEE_NATIVE_MAX]),
    KEY("fee_budget", MAY_LACK, texts[LIMIT_FEE_BUDGET]),
    KEY("margin", NEEDED, texts[LIMIT_MARGIN]),
    KEY("coin_price", MAY_LACK, texts[LIMIT_COIN_PRICE]),
    KEY("cooldown", NEEDED, texts[LIMIT_COOLDOWN]),
    KEY("horizon", MAY_LACK, texts[LIMIT_HORIZON]),
    CYAML_FIELD_END};

/* ---- change ---- */

static const struct mandate_field change_fields[] = {
    {"delay", MANDATE_DURATION, MANDATE_LEAST, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
    {"signatures", MANDATE_COUNT, MANDATE_LEAST, MANDATE_BY_CORE | MANDATE_BY_SIGNER},
};

static const cyaml_schema_field_t change_schema[] = {
    KEY("delay", NEEDED, texts[CHANGE_DELAY]), KEY("signatures", NEEDED, texts[CHANGE_SIGNATURES]),
    LIST("signers", NEEDED, MANDATE_PEOPLE_MAX), CYAML_FIELD_END};

/* ---- approve ---- */

static const cyaml_schema_field_t approve_schema[] = {LIST("plans", NEEDED, MANDATE_PEOPLE_MAX),
                                                      CYAML_FIELD_END};

/* ---- the file ---- */

#define ENTRIES(key_text, is_needed, at, of_entry)                                                 \
    {                                                                                              \
        .key = (key_text), .data_offset = offsetof(struct mandate_file, sections[at].entries),     \
        .count_offset = offsetof(struct mandate_file, sections[at].count),                         \
        .count_size = sizeof(unsigned),                                                            \
        .value = {.type = CYAML_SEQUENCE,                                                          \
                  .flags = (is_needed),                                                            \
                  .data_size = sizeof(struct mandate_file_entry),                                  \
                  .sequence = {.entry = &(of_entry), .min = 1, .max = MANDATE_ENTRIES_MAX}},       \
    }
#define ONE(name, flags, place, schema)                                                            \
    CYAML_FIELD_MAPPING_PTR(name, flags, struct mandate_file, place, schema)

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("format", CYAML_FLAG_POINTER, struct mandate_file, format, 1,
                           TEXT_BYTES),
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct mandate_file, name, 1, TEXT_BYTES),
    ENTRIES("assets", NEEDED, MANDATE_ASSETS, asset_entry),
    ENTRIES("issuers", MAY_LACK, MANDATE_ISSUERS, issuer_entry),
    ENTRIES("chains", NEEDED, MANDATE_CHAINS, chain_entry),
    ENTRIES("venues", NEEDED, MANDATE_VENUES, venue_entry),
    ENTRIES("bridges", MAY_LACK, MANDATE_BRIDGES, bridge_entry),
    ONE("limits", NEEDED, limits, limit_schema),
    ONE("change", NEEDED, change, change_schema),
    ONE("approve", MAY_LACK, approve, approve_schema),
    CYAML_FIELD_END};

const cyaml_schema_value_t mandate_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct mandate_file, file_fields)};

/* ---- by section ---- */

struct section {
    const char *name;
    const char *name_key;
    const char *list_key;
    const struct mandate_field *fields;
    uint32_t fields_count;
};

#define FIELDS(table) (table), sizeof(table) / sizeof((table)[0])

static const struct section sections[MANDATE_SECTIONS] = {
    [MANDATE_ASSETS] = {"assets", "symbol", NULL, FIELDS(asset_fields)},
    [MANDATE_ISSUERS] = {"issuers", "name", NULL, FIELDS(issuer_fields)},
    [MANDATE_CHAINS] = {"chains", "name", NULL, FIELDS(chain_fields)},
    [MANDATE_VENUES] = {"venues", "name", NULL, FIELDS(venue_fields)},
    [MANDATE_BRIDGES] = {"bridges", "name", "to", FIELDS(bridge_fields)},
    [MANDATE_LIMITS] = {"limits", NULL, NULL, FIELDS(limit_fields)},
    [MANDATE_CHANGE] = {"change", NULL, "signers", FIELDS(change_fields)},
    [MANDATE_APPROVE] = {"approve", NULL, "plans", NULL, 0},
};

const char *mandate_section_name(enum mandate_section section)
{
    return sections[section].name;
}

const char *mandate_list_key(enum mandate_section section)
{
    return sections[section].list_key;
}

const char *mandate_name_key(enum mandate_section section)
{
    CHECK(sections[section].name_key != NULL);
    return sections[section].name_key;
}

const struct mandate_field *mandate_fields(enum mandate_section section, uint32_t *ret_count)
{
    CHECK(sections[section].fields_count <= MANDATE_FIELDS_MAX);
    *ret_count = sections[section].fields_count;
    return sections[section].fields;
}
