/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config/config_reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void reading_at(struct reading *reading, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reading->where, sizeof(reading->where), format, arguments);
    va_end(arguments);
}

bool reading_failed(const struct reading *reading)
{
    return reading->status != STATUS_OK;
}

void reading_refuse(struct reading *reading, const char *key, enum status status, const char *what)
{
    char where[WHERE_BYTES_MAX + 32];

    if (!reading_failed(reading)) {
        (void)snprintf(where, sizeof(where), "%s%s%s", reading->where,
                       reading->where[0] == '\0' || key[0] == '\0' ? "" : ".", key);
        const char *quote = key[0] == '\0' ? "" : "\"";
        settings_fail(reading->settings, reading->error, where, "%s%s%s%s%s", quote, key, quote,
                      key[0] == '\0' ? "" : " ", what);
        reading->status = status;
    }
}

const char *reading_given(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

/* ---- one value each; an absent optional one never reaches these ---- */

void reading_name(struct reading *reading, const char *key, const char *text,
                  char ret_name[NAME_BYTES_MAX])
{
    if (strlen(text) >= NAME_BYTES_MAX) {
        reading_refuse(reading, key, STATUS_MALFORMED, "is longer than 31 characters");
        return;
    }
    for (const char *character = text; *character != '\0'; character++) {
        const bool is_letter =
            (*character >= 'a' && *character <= 'z') || (*character >= 'A' && *character <= 'Z');
        const bool is_other = (*character >= '0' && *character <= '9') || *character == '-' ||
                              *character == '_' || *character == '.';
        if (!is_letter && !is_other) {
            reading_refuse(reading, key, STATUS_MALFORMED,
                           "may hold letters, digits and -_. alone");
            return;
        }
    }
    if (text[0] == '.') {
        /* Names become parts of paths. */
        reading_refuse(reading, key, STATUS_MALFORMED, "may not begin with a dot");
        return;
    }
    memset(ret_name, 0, NAME_BYTES_MAX);
    memcpy(ret_name, text, strlen(text));
}

bool reading_flag(struct reading *reading, const char *key, const char *text)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        reading_refuse(reading, key, STATUS_MALFORMED, "must be true or false");
    }
    return strcmp(text, "true") == 0;
}

uint64_t reading_count(struct reading *reading, const char *key, const char *text, uint64_t minimum,
                       uint64_t maximum)
{
    uint64_t value = 0;
    char what[96];

    if (settings_parse_u64(text, &value) != STATUS_OK || value < minimum || value > maximum) {
        (void)snprintf(what, sizeof(what), "must be a whole number from %llu to %llu",
                       (unsigned long long)minimum, (unsigned long long)maximum);
        reading_refuse(reading, key, STATUS_MALFORMED, what);
    }
    return value;
}

/* A size from 16 MiB on. */
uint64_t reading_size(struct reading *reading, const char *key, const char *text)
{
    static const struct {
        const char *unit;
        uint32_t shift;
    } units[] = {{"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct amount amount;
        uint64_t value = 0;
        if (settings_parse_amount(text, units[i].unit, 0, &amount) == STATUS_OK &&
            amount_to_u64(&amount, &value) == STATUS_OK &&
            value <= (UINT64_C(1) << 46) >> units[i].shift &&
            value << units[i].shift >= UINT64_C(16) << 20) {
            return value << units[i].shift;
        }
    }
    reading_refuse(reading, key, STATUS_MALFORMED,
                   "must be a whole number with MiB, GiB or TiB, from 16 MiB to 64 TiB");
    return 0;
}

struct address reading_address(struct reading *reading, const char *key, const char *text)
{
    struct address address = {{0}};

    if (text == NULL) {
        return address;
    }
    const enum status status = settings_parse_address(text, &address);
    if (status == STATUS_CORRUPT) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "fails its EIP-55 checksum: a digit is probably mistyped");
    } else if (status != STATUS_OK) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "must be 0x and 40 or 64 hexadecimal digits");
    }
    return address;
}

struct amount reading_native(struct reading *reading, const char *key, const char *text)
{
    struct amount amount = amount_zero();

    if (settings_parse_native(text, &amount) != STATUS_OK) {
        reading_refuse(reading, key, STATUS_MALFORMED, "must be a number with wei, gwei or ether");
    }
    return amount;
}

struct duration reading_duration(struct reading *reading, const char *key, const char *text)
{
    struct duration duration = {.ns = 0};

    if (settings_parse_duration(text, &duration) != STATUS_OK) {
        reading_refuse(reading, key, STATUS_MALFORMED, "must be a number with ms, s, min or h");
    }
    return duration;
}

struct bps reading_share(struct reading *reading, const char *key, const char *text)
{
    struct bps share = {.value = 0};

    if (settings_parse_share(text, &share) != STATUS_OK) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "must be a share such as \"2.5 %\" or \"250 bps\", at most 100 %");
    }
    return share;
}

/* An absolute path; a relative one is taken from the folder of the file. */
void reading_path(struct reading *reading, const char *key, const char *text, size_t capacity,
                  char *ret_path)
{
    while (strncmp(text, "./", 2) == 0) {
        text += 2;
    }
    const bool is_absolute = text[0] == '/';
    const int length = is_absolute ? snprintf(ret_path, capacity, "%s", text)
                                   : snprintf(ret_path, capacity, "%s/%s", reading->folder, text);

    if (length < 0 || (size_t)length >= capacity) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       capacity == CONFIG_SOCKET_BYTES_MAX
                           ? "is too long: a socket's path has at most 107 bytes"
                           : "is too long");
    }
}
