/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/utf8.h"

#include <string.h>

#include "relay/base/check.h"

size_t utf8_character_bytes(struct bytes text)
{
    static const struct {
        uint8_t first;
        uint8_t last;
        uint8_t second_low;
        uint8_t second_high;
        size_t count;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    CHECK(text.count > 0);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text.data[0] < forms[i].first || text.data[0] > forms[i].last) {
            continue;
        }
        bool is_whole = forms[i].count <= text.count;
        for (size_t at = 1; is_whole && at < forms[i].count; at++) {
            const uint8_t low = at == 1 ? forms[i].second_low : 0x80;
            const uint8_t high = at == 1 ? forms[i].second_high : 0xbf;
            is_whole = text.data[at] >= low && text.data[at] <= high;
        }
        return is_whole ? forms[i].count : 0;
    }
    return 0;
}

/* Where the first byte above ASCII is: eight at a time, for most of what comes is ASCII. */
static size_t ascii_bytes(struct bytes text)
{
    size_t count = 0;
    uint64_t eight;

    for (; text.count - count >= sizeof(eight); count += sizeof(eight)) {
        memcpy(&eight, text.data + count, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    while (count < text.count && text.data[count] < 0x80) {
        count++;
    }
    return count;
}

bool utf8_is_text(struct bytes text)
{
    for (size_t at = ascii_bytes(text); at < text.count;) {
        const struct bytes rest = bytes_from(text.data + at, text.count - at);
        const size_t count = rest.data[0] < 0x80 ? ascii_bytes(rest) : utf8_character_bytes(rest);
        if (count == 0) {
            return false;
        }
        at += count;
    }
    return true;
}
