/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mandate/mandate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/mandate/canonical.h"
#include "relay/mandate/fields.h"

#define WHERE_BYTES  96u
#define DECIMALS_MAX 36u

/* One reading: the first error ends it. */
struct reader {
    const struct settings *settings;
    struct settings_error *error;
    struct mandate *mandate;
    const struct mandate_file *file;
    char where[WHERE_BYTES]; /* of the present entry */
};

static const struct mandate_file_entries *file_entries(const struct mandate_file *file,
                                                       enum mandate_section section,
                                                       struct mandate_file_entries *single)
{
    struct mandate_file_entry *one = section == MANDATE_LIMITS   ? file->limits
                                     : section == MANDATE_CHANGE ? file->change
                                                                 : file->approve;
    if (section < MANDATE_LIMITS) {
        return &file->sections[section];
    }
    *single = (struct mandate_file_entries){.entries = one, .count = one == NULL ? 0 : 1};
    return single;
}

static bool refuse(const struct reader *reader, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(const struct reader *reader, const char *key, const char *format, ...)
{
    char place[WHERE_BYTES + 64];
    char message[400];
    va_list arguments;

    (void)snprintf(place, sizeof(place), "%s%s%s", reader->where,
                   reader->where[0] == '\0' || key[0] == '\0' ? "" : ".", key);
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    settings_fail(reader->settings, reader->error, place, "\"%s\" %s",
                  key[0] == '\0' ? reader->where : key, message);
    return false;
}

/* ---- values ---- */

/* Letters, digits, '-', '_' and ':': what a path can be taken apart by again. */
static bool is_word(const char *text)
{
    const size_t count = strlen(text);

    for (size_t i = 0; i < count; i++) {
        const char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == ':')) {
            return false;
        }
    }
    return count > 0 && count < NAME_BYTES_MAX;
}

static bool read_word(const struct reader *reader, const char *key, const char *text,
                      char ret_word[NAME_BYTES_MAX])
{
    if (!is_word(text)) {
        return refuse(reader, key, "must be a word of 1 to %u letters, digits, '-', '_' or ':'",
                      NAME_BYTES_MAX - 1);
    }
    (void)snprintf(ret_word, NAME_BYTES_MAX, "%s", text);
    return true;
}

static void number_write(struct mandate_value *value)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX];

    (void)amount_format_decimal(&value->number, text);
    (void)snprintf(value->text, sizeof(value->text), "%s", text);
}

/* "1.25" in parts of 10,000. */
static enum status parse_ratio(const char *text, struct amount *ret_parts)
{
    char with_unit[MANDATE_VALUE_BYTES_MAX + 8];

    (void)snprintf(with_unit, sizeof(with_unit), "%s ratio", text);
    return settings_parse_amount(with_unit, "ratio", 4, ret_parts);
}

static bool read_address(const struct reader *reader, const char *key, const char *text,
                         struct mandate_value *value)
{
    char digits[41];
    const enum status status = settings_parse_address(text, &value->address);

    if (status != STATUS_OK || strlen(text) != 42 || address_is_zero(&value->address)) {
        return refuse(reader, key, "%s",
                      status == STATUS_CORRUPT
                          ? "has a wrong checksum (EIP-55): a digit is mistyped"
                          : "must be an address: 0x and 40 hexadecimal digits");
    }
    hex_encode(bytes_from(value->address.bytes + 12, 20), digits);
    (void)snprintf(value->text, sizeof(value->text), "0x%s", digits);
    return true;
}

static bool read_hash(const struct reader *reader, const char *key, const char *text,
                      struct mandate_value *value)
{
    char digits[65];
    struct hash hash;

    if (hex_decode_hash(bytes_from_string(text), &hash) != STATUS_OK || hash_is_zero(&hash)) {
        return refuse(reader, key, "must be a hash: 0x and 64 hexadecimal digits");
    }
    memcpy(value->address.bytes, hash.bytes, sizeof(hash.bytes));
    hex_encode(bytes_from(hash.bytes, sizeof(hash.bytes)), digits);
    (void)snprintf(value->text, sizeof(value->text), "0x%s", digits);
    return true;
}

/* The asset whose units an entry's amounts are in: its own, or the first. */
static const struct mandate_entry *asset_of(const struct reader *reader,
                                            enum mandate_section section,
                                            const struct mandate_entry *entry)
{
    const struct mandate_entries *assets = &reader->mandate->sections[MANDATE_ASSETS];

    if (section == MANDATE_ASSETS) {
        return entry;
    }
    if (section == MANDATE_VENUES || section == MANDATE_BRIDGES) {
        return mandate_find(
            reader->mandate, MANDATE_ASSETS,
            entry->values[section == MANDATE_VENUES ? VENUE_ASSET : BRIDGE_ASSET].text);
    }
    return assets->count == 0 ? NULL : &assets->entries[0];
}

static bool read_number(const struct reader *reader, enum mandate_section section,
                        const struct mandate_entry *entry, const struct mandate_field *field,
                        const char *text, struct mandate_value *value)
{
    struct duration duration = {0};
    struct bps share = {0};
    uint64_t count = 0;
    const struct mandate_entry *asset = NULL;

    switch (field->type) {
    case MANDATE_COUNT:
        if (settings_parse_u64(text, &count) != STATUS_OK || count > UINT32_MAX) {
            return refuse(reader, field->key, "must be a whole number below 2^32");
        }
        value->number = amount_from_u64(count);
        break;
    case MANDATE_SHARE:
        if (settings_parse_share(text, &share) != STATUS_OK) {
            return refuse(reader, field->key, "must be a share such as \"12.5 %%\"");
        }
        value->number = amount_from_u64(share.value);
        break;
    case MANDATE_AMOUNT:
        asset = asset_of(reader, section, entry);
        if (asset == NULL) {
            return refuse(reader, field->key, "is an amount of an asset that \"assets\" lacks");
        }
        if (amount_to_u64(&asset->values[ASSET_DECIMALS].number, &count) != STATUS_OK ||
            count > DECIMALS_MAX ||
            settings_parse_amount(text, asset->name, (uint32_t)count, &value->number) !=
                STATUS_OK) {
            return refuse(reader, field->key, "must be an amount such as \"100 %s\"", asset->name);
        }
        break;
    case MANDATE_NATIVE:
        if (settings_parse_native(text, &value->number) != STATUS_OK) {
            return refuse(reader, field->key, "must be a native amount such as \"0.01 ether\"");
        }
        break;
    case MANDATE_DURATION:
        if (settings_parse_duration(text, &duration) != STATUS_OK) {
            return refuse(reader, field->key, "must be a time such as \"24 h\"");
        }
        value->number = amount_from_u64(duration.ns);
        break;
    case MANDATE_RATIO:
        if (parse_ratio(text, &value->number) != STATUS_OK) {
            return refuse(reader, field->key, "must be a ratio such as 1.25");
        }
        break;
    case MANDATE_NAME:
    case MANDATE_TEXT:
    case MANDATE_ADDRESS:
    case MANDATE_HASH:
        check_failed(__FILE__, __LINE__, "these are no numbers");
    }
    number_write(value);
    return true;
}

static bool read_value(const struct reader *reader, enum mandate_section section,
                       const struct mandate_entry *entry, const struct mandate_field *field,
                       const char *text, struct mandate_value *value)
{
    char place[WHERE_BYTES + 64];
    char word[NAME_BYTES_MAX];
    uint32_t column;

    (void)snprintf(place, sizeof(place), "%s.%s", reader->where, field->key);
    settings_place(reader->settings, place, &value->line, &column);
    value->given = true;
    switch (field->type) {
    case MANDATE_NAME:
        if (!read_word(reader, field->key, text, word)) {
            return false;
        }
        (void)snprintf(value->text, sizeof(value->text), "%s", word);
        return true;
    case MANDATE_TEXT:
        for (const char *c = text; *c != '\0'; c++) {
            if (*c < 0x20 || *c > 0x7e) {
                return refuse(reader, field->key, "must be printable ASCII");
            }
        }
        (void)snprintf(value->text, sizeof(value->text), "%s", text);
        return true;
    case MANDATE_ADDRESS:
        return read_address(reader, field->key, text, value);
    case MANDATE_HASH:
        return read_hash(reader, field->key, text, value);
    case MANDATE_COUNT:
    case MANDATE_SHARE:
    case MANDATE_AMOUNT:
    case MANDATE_NATIVE:
    case MANDATE_DURATION:
    case MANDATE_RATIO:
        return read_number(reader, section, entry, field, text, value);
    }
    check_failed(__FILE__, __LINE__, "a type is one of the above");
}

/* ---- entries ---- */

static bool list_has(const struct mandate_entry *entry, const char *text)
{
    for (uint32_t i = 0; i < entry->list_count; i++) {
        if (strcmp(entry->list[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Chains by name, people by address. */
static bool read_list(const struct reader *reader, enum mandate_section section,
                      const struct mandate_file_entry *from, struct mandate_entry *entry)
{
    for (unsigned i = 0; i < from->list_count; i++) {
        struct mandate_value value = {.given = true};
        char key[48];
        char word[NAME_BYTES_MAX];
        (void)snprintf(key, sizeof(key), "%s[%u]", mandate_list_key(section), i);
        if (section == MANDATE_BRIDGES) {
            if (!read_word(reader, key, from->list[i], word)) {
                return false;
            }
            (void)snprintf(value.text, sizeof(value.text), "%s", word);
        } else if (!read_address(reader, key, from->list[i], &value)) {
            return false;
        }
        if (list_has(entry, value.text)) {
            return refuse(reader, key, "is in the list twice");
        }
        memcpy(entry->list[entry->list_count++], value.text, sizeof(value.text));
    }
    return true;
}

static bool read_name(const struct reader *reader, enum mandate_section section,
                      const struct mandate_file_entry *from, struct mandate_entry *entry)
{
    const struct mandate_entries *all = &reader->mandate->sections[section];
    const char *key = section < MANDATE_LIMITS ? mandate_name_key(section) : "";

    if (section >= MANDATE_LIMITS) {
        return true;
    }
    if (!read_word(reader, key, from->name, entry->name)) {
        return false;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        if (strcmp(all->entries[i].name, entry->name) == 0) {
            return refuse(reader, key, "is the name of an earlier entry, on line %" PRIu32,
                          all->entries[i].line);
        }
    }
    return true;
}

static bool read_entry(const struct reader *reader, enum mandate_section section,
                       const struct mandate_file_entry *from, struct mandate_entry *entry)
{
    uint32_t count;
    uint32_t column;
    const struct mandate_field *fields = mandate_fields(section, &count);

    settings_place(reader->settings, reader->where, &entry->line, &column);
    if (!read_name(reader, section, from, entry)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (from->texts[i] != NULL &&
            !read_value(reader, section, entry, &fields[i], from->texts[i], &entry->values[i])) {
            return false;
        }
    }
    uint64_t decimals = 0;
    if (section == MANDATE_ASSETS &&
        (amount_to_u64(&entry->values[ASSET_DECIMALS].number, &decimals) != STATUS_OK ||
         decimals > DECIMALS_MAX)) {
        return refuse(reader, "decimals", "must be at most 36");
    }
    return read_list(reader, section, from, entry);
}

static enum status read_section(struct reader *reader, enum mandate_section section)
{
    struct mandate_file_entries single;
    const struct mandate_file_entries *from = file_entries(reader->file, section, &single);
    struct mandate_entries *to = &reader->mandate->sections[section];

    if (from->count == 0) {
        return STATUS_OK;
    }
    to->entries = calloc(from->count, sizeof(*to->entries));
    if (to->entries == NULL) {
        (void)refuse(reader, "", "does not fit the memory");
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 0; i < from->count; i++) {
        const char *name = mandate_section_name(section);
        if (section < MANDATE_LIMITS) {
            (void)snprintf(reader->where, sizeof(reader->where), "%s[%u]", name, i);
        } else {
            (void)snprintf(reader->where, sizeof(reader->where), "%s", name);
        }
        if (!read_entry(reader, section, &from->entries[i], &to->entries[i])) {
            return STATUS_MALFORMED;
        }
        to->count++; /* so that a name is looked for among earlier ones alone */
    }
    reader->where[0] = '\0';
    return STATUS_OK;
}

static enum status read_all(struct reader *reader)
{
    enum status status = STATUS_OK;

    if (strcmp(reader->file->format, MANDATE_FORMAT) != 0) {
        (void)refuse(reader, "format", "must be " MANDATE_FORMAT);
        return STATUS_MALFORMED;
    }
    if (!read_word(reader, "name", reader->file->name, reader->mandate->name)) {
        return STATUS_MALFORMED;
    }
    for (enum mandate_section i = MANDATE_ASSETS; i <= MANDATE_APPROVE && status == STATUS_OK;
         i = (enum mandate_section)(i + 1)) {
        status = read_section(reader, i);
    }
    return status;
}

static enum status hash_set(struct mandate *mandate)
{
    uint8_t *memory = malloc(MANDATE_CANONICAL_MAX);
    enum status status = STATUS_NO_MEMORY;

    if (memory != NULL) {
        struct buffer buffer = buffer_from(memory, MANDATE_CANONICAL_MAX);
        status = mandate_canonical(mandate, &buffer);
        mandate->hash = sha2_of(buffer_bytes(&buffer));
    }
    free(memory);
    return status;
}

static enum status mandate_take(struct settings *settings, void *data, struct mandate **ret_mandate,
                                struct settings_error *ret_error)
{
    struct mandate *mandate = calloc(1, sizeof(*mandate));
    struct reader reader = {
        .settings = settings, .error = ret_error, .mandate = mandate, .file = data};
    enum status status = mandate == NULL ? STATUS_NO_MEMORY : read_all(&reader);

    if (status == STATUS_OK) {
        status = hash_set(mandate);
        if (status == STATUS_FULL) {
            settings_fail(settings, ret_error, "", "says more than %u lines or bytes",
                          MANDATE_LINES_MAX);
            status = STATUS_MALFORMED;
        }
    }
    if (status == STATUS_NO_MEMORY) {
        settings_fail(settings, ret_error, "", "no memory");
    }
    settings_release(settings, &mandate_schema, data);
    if (status != STATUS_OK) {
        (void)mandate_free(mandate);
        return status;
    }
    *ret_mandate = mandate;
    return STATUS_OK;
}

enum status mandate_load(const char *path, struct mandate **ret_mandate,
                         struct settings_error *ret_error)
{
    struct settings *settings = NULL;
    void *data = NULL;
    const enum status status = settings_load(path, &mandate_schema, &settings, &data, ret_error);

    return status == STATUS_OK ? mandate_take(settings, data, ret_mandate, ret_error) : status;
}

enum status mandate_parse(const char *name, struct bytes text, struct mandate **ret_mandate,
                          struct settings_error *ret_error)
{
    struct settings *settings = NULL;
    void *data = NULL;
    const enum status status =
        settings_parse(name, text, &mandate_schema, &settings, &data, ret_error);

    return status == STATUS_OK ? mandate_take(settings, data, ret_mandate, ret_error) : status;
}

struct mandate *mandate_free(struct mandate *mandate)
{
    for (uint32_t i = 0; mandate != NULL && i < MANDATE_SECTIONS; i++) {
        free(mandate->sections[i].entries);
    }
    free(mandate);
    return NULL;
}

const struct mandate_entry *mandate_find(const struct mandate *mandate,
                                         enum mandate_section section, const char *name)
{
    for (uint32_t i = 0; i < mandate->sections[section].count; i++) {
        if (strcmp(mandate->sections[section].entries[i].name, name) == 0) {
            return &mandate->sections[section].entries[i];
        }
    }
    return NULL;
}

const struct mandate_entry *mandate_only(const struct mandate *mandate,
                                         enum mandate_section section)
{
    CHECK(section >= MANDATE_LIMITS);
    return mandate->sections[section].count == 0 ? NULL : &mandate->sections[section].entries[0];
}

/* ---- lines ---- */

static bool line_add(struct mandate_lines *lines, const struct mandate_line *line,
                     const char *section, const char *entry, const char *key)
{
    if (lines->count == MANDATE_LINES_MAX) {
        return false;
    }
    struct mandate_line *to = &lines->lines[lines->count++];
    *to = *line;
    (void)snprintf(to->path, sizeof(to->path), "%s%s%s%s%s", section, entry[0] == '\0' ? "" : ".",
                   entry, key[0] == '\0' ? "" : ".", key);
    return true;
}

static bool entry_lines(struct mandate_lines *lines, enum mandate_section section,
                        const struct mandate_entry *entry)
{
    uint32_t count;
    const struct mandate_field *fields = mandate_fields(section, &count);
    const char *name = mandate_section_name(section);
    const bool is_limit = section == MANDATE_ISSUERS;
    struct mandate_line line = {.value = "named",
                                .way = is_limit ? MANDATE_MOST : MANDATE_GRANT,
                                .type = MANDATE_NAME,
                                .by = MANDATE_BY_NATURE,
                                .line = entry->line};
    bool fits = section >= MANDATE_LIMITS || line_add(lines, &line, name, entry->name, "");

    for (uint32_t i = 0; i < count && fits; i++) {
        const struct mandate_value *value = &entry->values[i];
        const bool is_number = fields[i].type != MANDATE_NAME && fields[i].type != MANDATE_TEXT &&
                               fields[i].type != MANDATE_ADDRESS && fields[i].type != MANDATE_HASH;
        line = (struct mandate_line){.value = value->text,
                                     .number = is_number ? value : NULL,
                                     .way = fields[i].way,
                                     .type = fields[i].type,
                                     .by = fields[i].by,
                                     .line = value->line};
        fits = !value->given || line_add(lines, &line, name, entry->name, fields[i].key);
    }
    for (uint32_t i = 0; i < entry->list_count && fits; i++) {
        char key[MANDATE_VALUE_BYTES_MAX];
        (void)snprintf(key, sizeof(key), "%.20s.%.100s", mandate_list_key(section), entry->list[i]);
        line = (struct mandate_line){
            .value = "named",
            .way = section == MANDATE_BRIDGES ? MANDATE_GRANT : MANDATE_FACT,
            .type = MANDATE_NAME,
            .by = section == MANDATE_APPROVE ? MANDATE_BY_SIGNER
                                             : MANDATE_BY_CORE | MANDATE_BY_SIGNER,
            .line = entry->line};
        fits = line_add(lines, &line, name, entry->name, key);
    }
    return fits;
}

static int lines_compare(const void *a, const void *b)
{
    return strcmp(((const struct mandate_line *)a)->path, ((const struct mandate_line *)b)->path);
}

enum status mandate_lines_of(const struct mandate *mandate, struct mandate_lines *ret_lines)
{
    struct mandate_lines lines = {.lines = calloc(MANDATE_LINES_MAX, sizeof(*lines.lines))};
    bool fits = lines.lines != NULL;

    if (!fits) {
        return STATUS_NO_MEMORY;
    }
    const struct mandate_line format = {.value = MANDATE_FORMAT,
                                        .way = MANDATE_FACT,
                                        .type = MANDATE_TEXT,
                                        .by = MANDATE_BY_NATURE};
    const struct mandate_line name = {
        .value = mandate->name, .way = MANDATE_FACT, .type = MANDATE_TEXT, .by = MANDATE_BY_NATURE};
    fits = line_add(&lines, &format, "format", "", "") && line_add(&lines, &name, "name", "", "");
    for (uint32_t i = 0; i < MANDATE_SECTIONS && fits; i++) {
        for (uint32_t k = 0; k < mandate->sections[i].count && fits; k++) {
            fits = entry_lines(&lines, (enum mandate_section)i, &mandate->sections[i].entries[k]);
        }
    }
    if (!fits) {
        mandate_lines_deinit(&lines);
        return STATUS_FULL;
    }
    qsort(lines.lines, lines.count, sizeof(*lines.lines), lines_compare);
    *ret_lines = lines;
    return STATUS_OK;
}

void mandate_lines_deinit(struct mandate_lines *lines)
{
    free(lines->lines);
    *lines = (struct mandate_lines){.count = 0};
}

enum status mandate_canonical(const struct mandate *mandate, struct buffer *buffer)
{
    struct mandate_lines lines;
    enum status status = mandate_lines_of(mandate, &lines);

    if (status != STATUS_OK) {
        return status;
    }
    struct canonical_member *members = calloc(lines.count + 1u, sizeof(*members));
    status = members == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (uint32_t i = 0; i < lines.count && members != NULL; i++) {
        members[i] = (struct canonical_member){bytes_from_string(lines.lines[i].path),
                                               bytes_from_string(lines.lines[i].value)};
    }
    if (status == STATUS_OK) {
        status = canonical_object(members, lines.count, buffer);
        CHECK(status != STATUS_MALFORMED); /* words are ASCII, and no name is there twice */
    }
    free(members);
    mandate_lines_deinit(&lines);
    return status;
}
