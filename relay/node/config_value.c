/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config_value.h"

#include <string.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum status value_number(const char *text, uint64_t max, uint64_t *ret_value)
{
    struct amount amount;
    uint64_t value;
    if (amount_parse_decimal(bytes_from_string(text), &amount) != STATUS_OK ||
        amount_to_u64(&amount, &value) != STATUS_OK || value > max) {
        return STATUS_MALFORMED;
    }
    *ret_value = value;
    return STATUS_OK;
}

enum status value_truth(const char *text, bool *ret_value)
{
    if (strcmp(text, "true") == 0) {
        *ret_value = true;
        return STATUS_OK;
    }
    if (strcmp(text, "false") == 0) {
        *ret_value = false;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

/* "12.5" with 3 decimals is 12500. Reads digits up to the unit, which `ret_unit` gives. */
static enum status parse_decimal(const char *text, uint32_t decimals, struct amount *ret_amount,
                                 const char **ret_unit)
{
    char digits[AMOUNT_DECIMAL_BYTES_MAX];
    size_t count = 0;
    uint32_t fraction = 0;
    bool point = false;
    const char *next = text;
    for (; is_digit(*next) || (*next == '.' && !point && next != text); next++) {
        if (*next == '.') {
            point = true;
            continue;
        }
        if (count + 1 >= sizeof(digits) || (point && fraction == decimals)) {
            return STATUS_MALFORMED;
        }
        digits[count] = *next;
        count++;
        fraction += point ? 1u : 0u;
    }
    if (count == 0 || (point && fraction == 0)) {
        return STATUS_MALFORMED;
    }
    for (; fraction < decimals; fraction++) {
        if (count + 1 >= sizeof(digits)) {
            return STATUS_MALFORMED;
        }
        digits[count] = '0';
        count++;
    }
    struct amount amount;
    if (amount_parse_decimal(bytes_from(digits, count), &amount) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    while (*next == ' ') {
        next++;
    }
    *ret_amount = amount;
    *ret_unit = next;
    return STATUS_OK;
}

struct unit {
    const char *name;
    uint64_t factor;
};

/* A whole or broken number of one of `units`; the result must be whole. */
static enum status parse_scaled(const char *text, const struct unit *units, size_t units_count,
                                uint64_t *ret_value)
{
    struct amount thousandths;
    const char *unit;
    uint64_t value;
    if (parse_decimal(text, 3, &thousandths, &unit) != STATUS_OK ||
        amount_to_u64(&thousandths, &value) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < units_count; i++) {
        if (strcmp(unit, units[i].name) != 0) {
            continue;
        }
        uint64_t scaled;
        if (__builtin_mul_overflow(value, units[i].factor, &scaled) || scaled % 1000 != 0) {
            return STATUS_MALFORMED;
        }
        *ret_value = scaled / 1000;
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

enum status value_duration(const char *text, struct duration *ret_value)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t ms;
    if (parse_scaled(text, units, sizeof(units) / sizeof(units[0]), &ms) != STATUS_OK ||
        ms > UINT64_MAX / 1000000) {
        return STATUS_MALFORMED;
    }
    *ret_value = DURATION_MS(ms);
    return STATUS_OK;
}

enum status value_bytes(const char *text, uint64_t *ret_value)
{
    static const struct unit units[] = {
        {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {"TiB", (uint64_t)1 << 40}};
    return parse_scaled(text, units, sizeof(units) / sizeof(units[0]), ret_value);
}

enum status value_wei(const char *text, struct amount *ret_value)
{
    static const struct {
        const char *name;
        uint32_t decimals;
    } units[] = {{"wei", 0}, {"gwei", 9}, {"ether", 18}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct amount amount;
        const char *unit;
        if (parse_decimal(text, units[i].decimals, &amount, &unit) == STATUS_OK &&
            strcmp(unit, units[i].name) == 0) {
            *ret_value = amount;
            return STATUS_OK;
        }
    }
    return STATUS_MALFORMED;
}

enum status value_units(const char *text, const char *symbol, uint32_t decimals,
                        struct amount *ret_value)
{
    struct amount amount;
    const char *unit;
    if (parse_decimal(text, decimals, &amount, &unit) != STATUS_OK || strcmp(unit, symbol) != 0) {
        return STATUS_MALFORMED;
    }
    *ret_value = amount;
    return STATUS_OK;
}

enum status value_share(const char *text, struct bps *ret_value)
{
    struct amount amount;
    const char *unit;
    uint64_t value;
    if ((parse_decimal(text, 2, &amount, &unit) != STATUS_OK || strcmp(unit, "%") != 0) &&
        (parse_decimal(text, 0, &amount, &unit) != STATUS_OK || strcmp(unit, "bps") != 0)) {
        return STATUS_MALFORMED;
    }
    if (amount_to_u64(&amount, &value) != STATUS_OK || value > 10000) {
        return STATUS_MALFORMED;
    }
    *ret_value = (struct bps){.value = (uint32_t)value};
    return STATUS_OK;
}

enum status value_finality(const char *text, enum finality_policy *ret_policy, uint32_t *ret_blocks)
{
    struct amount amount;
    const char *unit;
    uint64_t blocks;
    if (strcmp(text, "finalized") == 0) {
        *ret_policy = FINALITY_TAG;
        return STATUS_OK;
    }
    if (strcmp(text, "safe") == 0) {
        *ret_policy = FINALITY_SAFE;
        return STATUS_OK;
    }
    if (parse_decimal(text, 0, &amount, &unit) != STATUS_OK || strcmp(unit, "blocks") != 0 ||
        amount_to_u64(&amount, &blocks) != STATUS_OK || blocks == 0 || blocks > 100000) {
        return STATUS_MALFORMED;
    }
    *ret_policy = FINALITY_DEPTH;
    *ret_blocks = (uint32_t)blocks;
    return STATUS_OK;
}

/* EIP-55: a letter is upper case when the same digit of keccak256(lower-case text) is 8 or more. */
static bool checksum_holds(const char *digits)
{
    char lower[41];
    bool has_lower = false;
    bool has_upper = false;
    for (size_t i = 0; i < 40; i++) {
        const bool upper = digits[i] >= 'A' && digits[i] <= 'F';
        has_upper |= upper;
        has_lower |= digits[i] >= 'a' && digits[i] <= 'f';
        lower[i] = upper ? (char)(digits[i] - 'A' + 'a') : digits[i];
    }
    if (!has_lower || !has_upper) {
        return true;
    }
    const struct hash hash = keccak256(bytes_from(lower, 40));
    for (size_t i = 0; i < 40; i++) {
        const unsigned nibble = (hash.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15u;
        const bool upper = digits[i] >= 'A' && digits[i] <= 'F';
        if (!is_digit(digits[i]) && upper != (nibble >= 8)) {
            return false;
        }
    }
    return true;
}

enum status value_address(const char *text, struct address *ret_address)
{
    struct address address;
    const size_t count = strlen(text);
    if (strncmp(text, "0x", 2) != 0 || (count != 42 && count != 66) ||
        hex_decode_address(bytes_from_string(text), &address) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (count == 42 && !checksum_holds(text + 2)) {
        return STATUS_REFUSED;
    }
    *ret_address = address;
    return STATUS_OK;
}

static bool is_host_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

/* Takes the host off the front of `text`. */
static enum status parse_host(const char **text, struct config_endpoint *endpoint)
{
    const char *start = *text;
    const char *end = start;
    const bool bracket = *start == '[';
    if (bracket) {
        start++;
        end = start + strspn(start, "0123456789abcdefABCDEF:.");
        if (*end != ']') {
            return STATUS_MALFORMED;
        }
    } else {
        while (is_host_character(*end)) {
            end++;
        }
    }
    const size_t count = (size_t)(end - start);
    if (count == 0 || count >= sizeof(endpoint->host)) {
        return STATUS_MALFORMED;
    }
    memcpy(endpoint->host, start, count);
    endpoint->host[count] = '\0';
    *text = bracket ? end + 1 : end;
    return STATUS_OK;
}

/* Takes ":port" off the front of `text` if it is there. */
static enum status parse_port(const char **text, struct config_endpoint *endpoint)
{
    endpoint->port = endpoint->tls ? 443 : 80;
    if (**text != ':') {
        return STATUS_OK;
    }
    const char *digits = *text + 1;
    uint32_t port = 0;
    size_t count = 0;
    for (; is_digit(digits[count]) && count < 6; count++) {
        port = port * 10 + (uint32_t)(digits[count] - '0');
    }
    if (count == 0 || port == 0 || port > 65535) {
        return STATUS_MALFORMED;
    }
    endpoint->port = (uint16_t)port;
    *text = digits + count;
    return STATUS_OK;
}

enum status value_endpoint(const char *text, struct config_endpoint *ret_endpoint)
{
    struct config_endpoint endpoint = {0};
    const size_t count = strlen(text);
    if (count >= sizeof(endpoint.url)) {
        return STATUS_MALFORMED;
    }
    memcpy(endpoint.url, text, count + 1);
    const char *rest = text;
    if (strncmp(rest, "ws://", 5) == 0) {
        rest += 5;
    } else if (strncmp(rest, "wss://", 6) == 0) {
        endpoint.tls = true;
        rest += 6;
    } else {
        return STATUS_MALFORMED;
    }
    if (parse_host(&rest, &endpoint) != STATUS_OK || parse_port(&rest, &endpoint) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (*rest != '\0' && *rest != '/') {
        return STATUS_MALFORMED;
    }
    for (const char *c = rest; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return STATUS_MALFORMED;
        }
    }
    const char *path = *rest == '\0' ? "/" : rest;
    memcpy(endpoint.path, path, strlen(path) + 1);
    *ret_endpoint = endpoint;
    return STATUS_OK;
}
