/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/journal/record_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/core/reason.h"
#include "relay/hyperlane/message.h"

#define DEPTH_MAX        16u
#define WORD_BYTES_MAX   64u
#define DATA_SHOWN_BYTES 16u /* of long bytes, in a line */

const char *record_text_name(const struct record *record)
{
    return record->kind == RECORD_EVENT ? record_event_name(record->event.kind)
                                        : record_command_name(record->command.kind);
}

uint32_t record_text_domain(const struct record *record)
{
    return record->kind == RECORD_EVENT ? record->event.domain : record->command.domain;
}

static const char *chain_name(const struct core_config *config, uint32_t domain)
{
    for (uint32_t i = 0; config != NULL && i < config->chains_count; i++) {
        if (config->chains[i].domain == domain) {
            return config->chains[i].name;
        }
    }
    return NULL;
}

/* "OUTCOME_OK" is "ok" after "outcome=". */
static const char *word_of(const char *constant, char ret_word[WORD_BYTES_MAX])
{
    const char *rest = strchr(constant, '_');
    size_t count = 0;

    rest = rest == NULL ? constant : rest + 1;
    for (; rest[count] != '\0' && count + 1 < WORD_BYTES_MAX; count++) {
        ret_word[count] = (char)tolower((unsigned char)rest[count]);
    }
    ret_word[count] = '\0';
    return ret_word;
}

static bool is_named(const struct record_value *value, const char *name)
{
    return value->name != NULL && strcmp(value->name, name) == 0;
}

/* The number of a note's sentence. */
static bool is_reason(const struct record *record, const struct record_value *value)
{
    return record->kind == RECORD_COMMAND && record->command.kind == COMMAND_NOTE &&
           value->kind == RECORD_VALUE_NUMBER && is_named(value, "reason");
}

bool record_text_is_fact(const struct record *record)
{
    return record->kind == RECORD_EVENT &&
           (record->event.kind == EVENT_FACT || record->event.kind == EVENT_PAST_FACT);
}

static bool is_dispatched(const struct record *record, const struct record_value *value)
{
    return record_text_is_fact(record) && record->event.fact.kind == FACT_DISPATCH &&
           is_named(value, "message");
}

/* ---- JSON ---- */

struct json_builder {
    const struct record *record;
    json_t *levels[DEPTH_MAX]; /* borrowed from the first */
    uint32_t depth;            /* of the level that takes values, from 0 */
};

static json_t *hex_json(struct bytes bytes)
{
    char *text = malloc(2 * bytes.count + 3);

    if (text == NULL) {
        return NULL;
    }
    text[0] = '0';
    text[1] = 'x';
    hex_encode(bytes, text + 2);
    json_t *json = json_string(text);
    free(text);
    return json;
}

/* Beyond what a JSON reader must hold exactly, numbers are text. */
static json_t *number_json(uint64_t number)
{
    char text[24];

    if (number <= (UINT64_C(1) << 53)) {
        return json_integer((json_int_t)number);
    }
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    return json_string(text);
}

static json_t *amount_json(const struct amount *amount)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX];

    (void)amount_format_decimal(amount, text);
    return json_string(text);
}

static json_t *address_json(struct bytes bytes)
{
    struct address address;

    CHECK(bytes.count == sizeof(address.bytes));
    memcpy(address.bytes, bytes.data, sizeof(address.bytes));
    return json_string(cli_address_text(&address));
}

static json_t *value_json(const struct record_value *value)
{
    char word[WORD_BYTES_MAX];

    switch (value->kind) {
    case RECORD_VALUE_GROUP:
        return json_object();
    case RECORD_VALUE_LIST:
        return json_array();
    case RECORD_VALUE_NUMBER:
        return number_json(value->number);
    case RECORD_VALUE_BOOL:
        return json_boolean(value->truth);
    case RECORD_VALUE_WORD:
        return json_string(word_of(value->text, word));
    case RECORD_VALUE_AMOUNT:
        return amount_json(&value->amount);
    case RECORD_VALUE_ADDRESS:
        return address_json(value->bytes);
    case RECORD_VALUE_TEXT:
        return json_string(cli_bytes_text(value->bytes));
    case RECORD_VALUE_HASH:
    case RECORD_VALUE_SIGNATURE:
    case RECORD_VALUE_DATA:
        return hex_json(value->bytes);
    case RECORD_VALUE_END:
        break;
    }
    return NULL;
}

static void build_value(void *context, const struct record_value *value)
{
    struct json_builder *builder = context;
    json_t *level = builder->levels[builder->depth];

    if (value->kind == RECORD_VALUE_END) {
        CHECK(builder->depth > 0);
        builder->depth--;
        return;
    }
    json_t *json = value_json(value);
    /* Without memory the value is left out, and so is everything below it. */
    if (value->name == NULL) {
        (void)json_array_append_new(level, json);
    } else {
        (void)json_object_set_new(level, value->name, json);
    }
    if (is_reason(builder->record, value)) {
        (void)json_object_set_new(level, "reason_text",
                                  json_string(reason_text((enum reason)value->number)));
    }
    if (is_dispatched(builder->record, value)) {
        const struct hash id = message_id(value->bytes);
        (void)json_object_set_new(level, "message_id", json_string(cli_hash_text(&id)));
    }
    if (value->kind == RECORD_VALUE_GROUP || value->kind == RECORD_VALUE_LIST) {
        CHECK(builder->depth + 1 < DEPTH_MAX);
        builder->levels[++builder->depth] = json;
    }
}

json_t *record_text_json(uint64_t sequence, const struct record *record,
                         const struct core_config *config)
{
    const char *chain = chain_name(config, record_text_domain(record));
    struct json_builder builder = {.record = record, .levels = {json_object()}};
    json_t *json = json_pack(
        "{s:I, s:s, s:o, s:s, s:s, s:s*, s:I}", "sequence", (json_int_t)sequence, "at",
        cli_time_text(record->at), "at_ns", number_json(record->at.ns), "record",
        record->kind == RECORD_EVENT ? "event" : "command", "name", record_text_name(record),
        "chain", chain, "core_version", (json_int_t)record->core_version);

    if (record->kind == RECORD_EVENT) {
        (void)json_object_set_new(json, "digest", json_string(cli_hash_text(&record->digest)));
    }
    if (!hash_is_zero(&record->blob_digest)) {
        (void)json_object_set_new(json, "blob_sha256",
                                  json_string(cli_hash_text(&record->blob_digest)));
    }
    record_visit(record, build_value, &builder);
    (void)json_object_set_new(json, "fields", builder.levels[0]);
    return json;
}

/* ---- a line ---- */

struct line {
    FILE *stream;
    const struct record *record;
    const struct core_config *config;
    const struct core_asset *asset; /* whose units amounts are in; NULL: base units */
    uint32_t lists;                 /* of groups whose fields would make the line too long */
};

static const struct core_asset *asset_at(const struct core_config *config, uint32_t index)
{
    return index < config->assets_count ? &config->assets[index] : NULL;
}

/* The asset of a router, a token or a vault on a chain. */
static const struct core_asset *asset_of(const struct core_config *config, uint32_t domain,
                                         const struct address *contract)
{
    for (uint32_t i = 0; i < config->routers_count; i++) {
        const struct core_router *router = &config->routers[i];
        if (router->domain == domain &&
            (address_equal(&router->router, contract) || address_equal(&router->token, contract))) {
            return asset_at(config, router->asset);
        }
    }
    for (uint32_t i = 0; i < config->synthetics_count; i++) {
        const struct core_synthetic *synthetic = &config->synthetics[i];
        if (synthetic->domain == domain && address_equal(&synthetic->router, contract)) {
            return asset_at(config, synthetic->asset);
        }
    }
    for (uint32_t i = 0; i < config->vaults_count; i++) {
        const struct core_vault *vault = &config->vaults[i];
        if (vault->domain == domain &&
            (address_equal(&vault->vault, contract) || address_equal(&vault->token, contract))) {
            return asset_at(config, vault->asset);
        }
    }
    return NULL;
}

static const struct core_asset *asset_of_record(const struct core_config *config,
                                                const struct record *record)
{
    const uint32_t domain = record_text_domain(record);

    if (config == NULL) {
        return NULL;
    }
    if (record_text_is_fact(record)) {
        return asset_of(config, domain, &record->event.fact.contract);
    }
    if (record->kind == RECORD_COMMAND && record->command.kind == COMMAND_SEND &&
        record->command.send.leg.kind == LEG_REBALANCE) {
        return asset_of(config, domain, &record->command.send.leg.rebalance.router);
    }
    return NULL;
}

/* Amounts of the record's asset; the others are of the native one. */
static bool is_in_asset(const struct record_value *value)
{
    return is_named(value, "amount") || is_named(value, "assets") ||
           is_named(value, "fee_token_max");
}

/* Ids that a person copies into another command are whole. */
static bool is_asked_for(const struct record_value *value)
{
    return is_named(value, "message_id") || is_named(value, "plan_id") ||
           is_named(value, "subject");
}

static void print_bytes(const struct line *line, const struct record_value *value)
{
    struct hash hash;
    struct address address;

    if (value->kind == RECORD_VALUE_HASH) {
        memcpy(hash.bytes, value->bytes.data, sizeof(hash.bytes));
        (void)fprintf(line->stream, " %s=%s", value->name,
                      is_asked_for(value) ? cli_hash_text(&hash) : cli_hash_short(&hash));
        return;
    }
    if (value->kind == RECORD_VALUE_ADDRESS) {
        memcpy(address.bytes, value->bytes.data, sizeof(address.bytes));
        (void)fprintf(line->stream, " %s=%s", value->name, cli_address_text(&address));
        return;
    }
    if (value->kind == RECORD_VALUE_TEXT) {
        (void)fprintf(line->stream, " %s=\"%s\"", value->name, cli_bytes_text(value->bytes));
        return;
    }
    char text[2 * DATA_SHOWN_BYTES + 1];
    const bool is_cut = value->bytes.count > DATA_SHOWN_BYTES;
    hex_encode(bytes_from(value->bytes.data, is_cut ? DATA_SHOWN_BYTES : value->bytes.count), text);
    (void)fprintf(line->stream, " %s=0x%s", value->name, text);
    if (is_cut) {
        (void)fprintf(line->stream, "... (%zu bytes)", value->bytes.count);
    }
}

/* What a person asks about a message, instead of its bytes. False: it is none. */
static bool print_message(const struct line *line, struct bytes message)
{
    struct message_view view;

    if (message_parse(message, &view) != STATUS_OK) {
        return false;
    }
    const struct hash id = message_id(message);
    const char *chain = chain_name(line->config, view.destination);
    (void)fprintf(line->stream, " message_id=%s nonce=%" PRIu32 " destination=", cli_hash_text(&id),
                  view.nonce);
    if (chain != NULL) {
        (void)fprintf(line->stream, "%s", chain);
    } else {
        (void)fprintf(line->stream, "%" PRIu32, view.destination);
    }
    (void)fprintf(line->stream, " body_bytes=%zu", view.body.count);
    return true;
}

static void print_amount(const struct line *line, const struct record_value *value)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX];

    if (line->asset != NULL && is_in_asset(value)) {
        (void)fprintf(line->stream, " %s=%s %s", value->name,
                      cli_units_text(&value->amount, line->asset->decimals), line->asset->symbol);
        return;
    }
    (void)amount_format_decimal(&value->amount, text);
    (void)fprintf(line->stream, " %s=%s", value->name, text);
}

/* What says nothing is left out: empty bytes, and zero where zero means none. */
static bool says_nothing(const struct record_value *value)
{
    switch (value->kind) {
    case RECORD_VALUE_TEXT:
    case RECORD_VALUE_DATA:
        return value->bytes.count == 0;
    case RECORD_VALUE_HASH:
    case RECORD_VALUE_ADDRESS:
    case RECORD_VALUE_SIGNATURE:
        for (size_t i = 0; i < value->bytes.count; i++) {
            if (value->bytes.data[i] != 0) {
                return false;
            }
        }
        return true;
    case RECORD_VALUE_NUMBER:
        return is_named(value, "domain"); /* it is at the beginning of the line */
    case RECORD_VALUE_GROUP:
    case RECORD_VALUE_LIST:
    case RECORD_VALUE_END:
    case RECORD_VALUE_BOOL:
    case RECORD_VALUE_WORD:
    case RECORD_VALUE_AMOUNT:
        return false;
    }
    return false;
}

static void print_value(void *context, const struct record_value *value)
{
    struct line *line = context;
    char word[WORD_BYTES_MAX];

    if (value->kind == RECORD_VALUE_GROUP || value->kind == RECORD_VALUE_LIST ||
        value->kind == RECORD_VALUE_END) {
        const bool begins = value->kind == RECORD_VALUE_LIST;
        if (begins && line->lists == 0) {
            (void)fprintf(line->stream, " %s=[%" PRIu64 "]", value->name, value->number);
        }
        if (begins || line->lists > 0) {
            line->lists += value->kind == RECORD_VALUE_END ? 0u - 1u : 1u;
        }
        return;
    }
    if (line->lists > 0 || says_nothing(value)) {
        return;
    }
    if (is_dispatched(line->record, value) && print_message(line, value->bytes)) {
        return;
    }
    switch (value->kind) {
    case RECORD_VALUE_NUMBER:
        if (is_reason(line->record, value)) {
            (void)fprintf(line->stream, " reason=\"%s\"", reason_text((enum reason)value->number));
            return;
        }
        (void)fprintf(line->stream, " %s=%" PRIu64, value->name, value->number);
        return;
    case RECORD_VALUE_BOOL:
        (void)fprintf(line->stream, " %s=%s", value->name, value->truth ? "yes" : "no");
        return;
    case RECORD_VALUE_WORD:
        (void)fprintf(line->stream, " %s=%s", value->name, word_of(value->text, word));
        return;
    case RECORD_VALUE_AMOUNT:
        print_amount(line, value);
        return;
    case RECORD_VALUE_HASH:
    case RECORD_VALUE_ADDRESS:
    case RECORD_VALUE_SIGNATURE:
    case RECORD_VALUE_TEXT:
    case RECORD_VALUE_DATA:
        print_bytes(line, value);
        return;
    case RECORD_VALUE_GROUP:
    case RECORD_VALUE_LIST:
    case RECORD_VALUE_END:
        return;
    }
}

const char *record_text_fact_name(const struct record *record)
{
    if (!record_text_is_fact(record)) {
        return NULL;
    }
    switch (record->event.fact.kind) {
    case FACT_DISPATCH:
        return "dispatch";
    case FACT_TREE_INSERT:
        return "tree_insert";
    case FACT_GAS_PAYMENT:
        return "gas_payment";
    case FACT_PROCESS:
        return "process";
    case FACT_TRANSFER:
        return "transfer";
    case FACT_REMOTE_SENT:
        return "remote_sent";
    case FACT_REMOTE_RECEIVED:
        return "remote_received";
    case FACT_COLLATERAL_MOVED:
        return "collateral_moved";
    case FACT_VAULT_DEPOSIT:
        return "vault_deposit";
    case FACT_VAULT_WITHDRAW:
        return "vault_withdraw";
    case FACT_ANNOUNCED:
        return "announced";
    }
    return "unknown";
}

void record_text_print(FILE *stream, uint64_t sequence, const struct record *record,
                       const struct core_config *config)
{
    const uint32_t domain = record_text_domain(record);
    const char *chain = chain_name(config, domain);
    struct line line = {.stream = stream,
                        .record = record,
                        .config = config,
                        .asset = asset_of_record(config, record)};
    char number[16] = "-";

    if (chain == NULL && domain != 0) {
        (void)snprintf(number, sizeof(number), "%" PRIu32, domain);
    }
    /* Commands stand out: they are what the node did, the rest is what it was told. */
    (void)fprintf(stream, "%8" PRIu64 "  %s  %-10s %s%s", sequence, cli_time_text(record->at),
                  chain == NULL ? number : chain, record->kind == RECORD_COMMAND ? "> " : "",
                  record_text_name(record));
    const char *fact = record_text_fact_name(record);
    if (fact != NULL) {
        (void)fprintf(stream, " %s", fact);
    }
    record_visit(record, print_value, &line);
    (void)fputc('\n', stream);
}

/* ---- all fields ---- */

struct page {
    struct line line;
    uint32_t depth;
};

static void print_whole_bytes(FILE *stream, struct bytes bytes)
{
    (void)fputs("0x", stream);
    for (size_t i = 0; i < bytes.count; i++) {
        (void)fprintf(stream, "%02x", bytes.data[i]);
    }
}

static void print_whole_value(const struct page *page, const struct record_value *value)
{
    FILE *stream = page->line.stream;
    char text[AMOUNT_DECIMAL_BYTES_MAX];
    char word[WORD_BYTES_MAX];
    struct address address;

    switch (value->kind) {
    case RECORD_VALUE_NUMBER:
        (void)fprintf(stream, "%" PRIu64, value->number);
        if (is_reason(page->line.record, value)) {
            (void)fprintf(stream, " (%s)", reason_text((enum reason)value->number));
        }
        return;
    case RECORD_VALUE_BOOL:
        (void)fputs(value->truth ? "yes" : "no", stream);
        return;
    case RECORD_VALUE_WORD:
        (void)fputs(word_of(value->text, word), stream);
        return;
    case RECORD_VALUE_AMOUNT:
        (void)amount_format_decimal(&value->amount, text);
        (void)fputs(text, stream);
        if (page->line.asset != NULL && is_in_asset(value)) {
            (void)fprintf(stream, " (%s %s)",
                          cli_units_text(&value->amount, page->line.asset->decimals),
                          page->line.asset->symbol);
        }
        return;
    case RECORD_VALUE_ADDRESS:
        memcpy(address.bytes, value->bytes.data, sizeof(address.bytes));
        (void)fputs(cli_address_text(&address), stream);
        return;
    case RECORD_VALUE_TEXT:
        (void)fprintf(stream, "\"%s\"", cli_bytes_text(value->bytes));
        return;
    case RECORD_VALUE_HASH:
    case RECORD_VALUE_SIGNATURE:
    case RECORD_VALUE_DATA:
        print_whole_bytes(stream, value->bytes);
        return;
    case RECORD_VALUE_GROUP:
    case RECORD_VALUE_LIST:
    case RECORD_VALUE_END:
        return;
    }
}

static void print_field(void *context, const struct record_value *value)
{
    struct page *page = context;
    FILE *stream = page->line.stream;

    if (value->kind == RECORD_VALUE_END) {
        CHECK(page->depth > 0);
        page->depth--;
        return;
    }
    (void)fprintf(stream, "%*s%s", (int)(2 * page->depth + 2), "",
                  value->name == NULL ? "-" : value->name);
    if (value->kind == RECORD_VALUE_GROUP || value->kind == RECORD_VALUE_LIST) {
        if (value->kind == RECORD_VALUE_LIST) {
            (void)fprintf(stream, ": %" PRIu64, value->number);
        }
        page->depth++;
    } else {
        (void)fputs(value->name == NULL ? " " : ": ", stream);
        print_whole_value(page, value);
    }
    (void)fputc('\n', stream);
    if (is_dispatched(page->line.record, value)) {
        const struct hash id = message_id(value->bytes);
        (void)fprintf(stream, "%*smessage_id: %s\n", (int)(2 * page->depth + 2), "",
                      cli_hash_text(&id));
    }
}

void record_text_print_all(FILE *stream, const struct record *record,
                           const struct core_config *config)
{
    struct page page = {.line = {.stream = stream,
                                 .record = record,
                                 .config = config,
                                 .asset = asset_of_record(config, record)}};

    record_visit(record, print_field, &page);
}
