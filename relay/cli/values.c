/* SPDX-License-Identifier: Apache-2.0 */
/* Values that people type. */
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/settings/settings.h"

bool cli_count(const char *text, uint64_t *ret_count)
{
    uint64_t count = 0;

    if (text[0] == '\0') {
        return false;
    }
    for (const char *next = text; *next != '\0'; next++) {
        const uint64_t digit = (uint64_t)(*next - '0');
        if (*next < '0' || *next > '9' || count > (UINT64_MAX - digit) / 10) {
            return false;
        }
        count = count * 10 + digit;
    }
    *ret_count = count;
    return true;
}

bool cli_hash(const char *text, struct hash *ret_hash)
{
    return hex_decode_hash(bytes_from_string(text), ret_hash) == STATUS_OK;
}

bool cli_time(const char *text, struct instant *ret_at)
{
    return settings_parse_time(text, ret_at) == STATUS_OK;
}
