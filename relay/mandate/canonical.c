/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mandate/canonical.h"

#include <stdlib.h>

/* ---- UTF-8 ---- */

/* The next character; false: none that UTF-8 has. Surrogates and long forms are none. */
static bool character_take(struct bytes *text, uint32_t *ret_character)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t first = text->data[0];
    const size_t more = first < 0x80             ? 0
                        : (first & 0xe0) == 0xc0 ? 1
                        : (first & 0xf0) == 0xe0 ? 2
                        : (first & 0xf8) == 0xf0 ? 3
                                                 : SIZE_MAX;
    if (more >= text->count) {
        return false;
    }
    uint32_t character = more == 0 ? first : first & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((text->data[i] & 0xc0) != 0x80) {
            return false;
        }
        character = character << 6 | (text->data[i] & 0x3fu);
    }
    if (character < least[more] || character > 0x10ffff ||
        (character >= 0xd800 && character < 0xe000)) {
        return false;
    }
    *text = bytes_from(text->data + more + 1, text->count - more - 1);
    *ret_character = character;
    return true;
}

static bool is_text(struct bytes text)
{
    uint32_t character;

    while (text.count > 0) {
        if (!character_take(&text, &character)) {
            return false;
        }
    }
    return true;
}

/* Where a character sorts among UTF-16 code units: pairs of surrogates (from 0xd800 on) come before
 * the characters from 0xe000 to 0xffff. */
static uint32_t utf16_rank(uint32_t character)
{
    return character >= 0x10000  ? character - 0x10000 + 0xd800
           : character >= 0xe000 ? character + 0x100000
                                 : character;
}

static int keys_compare(const void *a, const void *b)
{
    struct bytes left = ((const struct canonical_member *)a)->key;
    struct bytes right = ((const struct canonical_member *)b)->key;

    while (left.count > 0 && right.count > 0) {
        uint32_t x = 0;
        uint32_t y = 0;
        if (!character_take(&left, &x) || !character_take(&right, &y)) {
            return 0; /* was checked before */
        }
        if (x != y) {
            return utf16_rank(x) < utf16_rank(y) ? -1 : 1;
        }
    }
    return (left.count > 0) - (right.count > 0);
}

/* ---- writing ---- */

static bool append(struct buffer *buffer, const void *data, size_t count)
{
    return buffer_append(buffer, bytes_from(data, count)) == STATUS_OK;
}

static bool control_append(struct buffer *buffer, uint8_t character)
{
    static const char digits[] = "0123456789abcdef";
    static const char shorts[] = "btn?fr"; /* from 8 on; 11 has none */
    char escape[6] = {'\\', 'u', '0', '0', digits[character >> 4], digits[character & 15]};

    if (character >= 8 && character <= 13 && character != 11) {
        escape[1] = shorts[character - 8];
        return append(buffer, escape, 2);
    }
    return append(buffer, escape, sizeof(escape));
}

static bool string_append(struct buffer *buffer, struct bytes text)
{
    bool fits = append(buffer, "\"", 1);

    for (size_t i = 0; i < text.count && fits; i++) {
        const uint8_t character = text.data[i];
        if (character < 0x20) {
            fits = control_append(buffer, character);
        } else if (character == '"' || character == '\\') {
            const uint8_t escape[2] = {'\\', character};
            fits = append(buffer, escape, 2);
        } else {
            fits = append(buffer, &character, 1);
        }
    }
    return fits && append(buffer, "\"", 1);
}

enum status canonical_object(struct canonical_member *members, size_t count, struct buffer *buffer)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_text(members[i].key) || !is_text(members[i].value)) {
            return STATUS_MALFORMED;
        }
    }
    if (count > 0) {
        qsort(members, count, sizeof(*members), keys_compare);
    }
    bool fits = append(buffer, "{", 1);
    for (size_t i = 0; i < count && fits; i++) {
        if (i > 0 && bytes_equal(members[i].key, members[i - 1].key)) {
            return STATUS_MALFORMED;
        }
        fits = (i == 0 || append(buffer, ",", 1)) && string_append(buffer, members[i].key) &&
               append(buffer, ":", 1) && string_append(buffer, members[i].value);
    }
    return fits && append(buffer, "}", 1) ? STATUS_OK : STATUS_FULL;
}
