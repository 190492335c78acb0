/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mandate/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"

/* ---- one line ---- */

static bool lines_have(const struct mandate_lines *lines, const char *path, size_t count)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        if (strlen(lines->lines[i].path) == count &&
            memcmp(lines->lines[i].path, path, count) == 0) {
            return true;
        }
    }
    return false;
}

/* Of a line that is on one side alone. What belongs to an entry that came or went as a whole does
 * what the entry does. */
static enum mandate_effect effect_alone(const struct mandate_line *line, bool is_new,
                                        const struct mandate_lines *others)
{
    const char *dot = strchr(line->path, '.');
    const char *end = dot == NULL ? NULL : strchr(dot + 1, '.');
    enum mandate_way way = line->way;
    const bool has_entry =
        strncmp(line->path, "assets.", 7) == 0 || strncmp(line->path, "chains.", 7) == 0 ||
        strncmp(line->path, "venues.", 7) == 0 || strncmp(line->path, "bridges.", 8) == 0;

    if (has_entry && end != NULL && !lines_have(others, line->path, (size_t)(end - line->path))) {
        way = MANDATE_GRANT;
    }
    switch (way) {
    case MANDATE_MOST:
    case MANDATE_LEAST:
        return is_new ? MANDATE_TIGHTER : MANDATE_LOOSER;
    case MANDATE_GRANT:
        return is_new ? MANDATE_LOOSER : MANDATE_TIGHTER;
    case MANDATE_FACT:
        break;
    }
    return MANDATE_OTHER;
}

static enum mandate_effect effect_of(const struct mandate_line *before,
                                     const struct mandate_line *after)
{
    if (before->number == NULL || after->number == NULL || before->way != after->way ||
        (before->way != MANDATE_MOST && before->way != MANDATE_LEAST)) {
        return MANDATE_OTHER;
    }
    const bool is_higher = amount_compare(&after->number->number, &before->number->number) > 0;
    return is_higher == (before->way == MANDATE_MOST) ? MANDATE_LOOSER : MANDATE_TIGHTER;
}

/* ---- all lines ---- */

static void difference_add(struct mandate_change *change, const struct mandate_line *before,
                           const struct mandate_line *after, enum mandate_effect effect)
{
    change->differences[change->count++] =
        (struct mandate_difference){.before = before, .after = after, .effect = effect};
    change->only_tightens = change->only_tightens && effect == MANDATE_TIGHTER;
}

/* Both are sorted by path. */
static void lines_merge(struct mandate_change *change)
{
    uint32_t i = 0;
    uint32_t k = 0;

    while (i < change->before.count || k < change->after.count) {
        const struct mandate_line *before =
            i < change->before.count ? &change->before.lines[i] : NULL;
        const struct mandate_line *after = k < change->after.count ? &change->after.lines[k] : NULL;
        CHECK(before != NULL || after != NULL);
        const int order = before == NULL  ? 1
                          : after == NULL ? -1
                                          : strcmp(before->path, after->path);
        if (order < 0) {
            difference_add(change, before, NULL, effect_alone(before, false, &change->after));
        } else if (order > 0) {
            difference_add(change, NULL, after, effect_alone(after, true, &change->before));
        } else if (strcmp(before->value, after->value) != 0) {
            difference_add(change, before, after, effect_of(before, after));
        }
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
}

/* Amounts are base units of an asset: if its decimals change, numbers cannot be compared. */
static void units_check(const struct mandate *before, const struct mandate *after,
                        struct mandate_change *change)
{
    const struct mandate_entries *assets = &after->sections[MANDATE_ASSETS];
    bool same =
        before->sections[MANDATE_ASSETS].count > 0 && assets->count > 0 &&
        strcmp(before->sections[MANDATE_ASSETS].entries[0].name, assets->entries[0].name) == 0;

    for (uint32_t i = 0; i < assets->count; i++) {
        const struct mandate_entry *old =
            mandate_find(before, MANDATE_ASSETS, assets->entries[i].name);
        same = same &&
               (old == NULL || amount_equal(&old->values[ASSET_DECIMALS].number,
                                            &assets->entries[i].values[ASSET_DECIMALS].number));
    }
    for (uint32_t i = 0; i < change->count && !same; i++) {
        change->differences[i].effect = MANDATE_OTHER;
        change->only_tightens = false;
    }
}

enum status mandate_compare(const struct mandate *before, const struct mandate *after,
                            struct mandate_change *ret_change)
{
    struct mandate_change change = {.only_tightens = true};
    enum status status = mandate_lines_of(before, &change.before);

    if (status == STATUS_OK) {
        status = mandate_lines_of(after, &change.after);
    }
    if (status == STATUS_OK) {
        change.differences = calloc((size_t)change.before.count + change.after.count + 1,
                                    sizeof(*change.differences));
        status = change.differences == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    if (status != STATUS_OK) {
        mandate_change_deinit(&change);
        return status;
    }
    lines_merge(&change);
    units_check(before, after, &change);
    *ret_change = change;
    return STATUS_OK;
}

void mandate_change_deinit(struct mandate_change *change)
{
    mandate_lines_deinit(&change->before);
    mandate_lines_deinit(&change->after);
    free(change->differences);
    change->differences = NULL;
    change->count = 0;
}

const char *mandate_effect_name(enum mandate_effect effect)
{
    switch (effect) {
    case MANDATE_TIGHTER:
        return "tighter";
    case MANDATE_LOOSER:
        return "looser";
    case MANDATE_OTHER:
        break;
    }
    return "other";
}

/* ---- signatures ---- */

size_t mandate_change_text(const struct hash *before, const struct hash *after,
                           char ret_text[MANDATE_CHANGE_TEXT_BYTES])
{
    char from[65];
    char to[65];

    hex_encode(bytes_from(before->bytes, sizeof(before->bytes)), from);
    hex_encode(bytes_from(after->bytes, sizeof(after->bytes)), to);
    const int count = snprintf(ret_text, MANDATE_CHANGE_TEXT_BYTES,
                               "Sluice mandate change\nfrom: 0x%s\nto: 0x%s\n", from, to);
    return count < 0 ? 0 : (size_t)count;
}

struct hash mandate_change_digest(const struct hash *before, const struct hash *after)
{
    char text[MANDATE_CHANGE_TEXT_BYTES];
    char prefix[64];
    const size_t count = mandate_change_text(before, after, text);
    const int prefix_bytes = snprintf(prefix, sizeof(prefix),
                                      "\x19"
                                      "Ethereum Signed Message:\n%zu",
                                      count);
    struct keccak keccak;

    keccak_init(&keccak);
    keccak_update(&keccak, bytes_from(prefix, (size_t)prefix_bytes));
    keccak_update(&keccak, bytes_from(text, count));
    return keccak_finish(&keccak);
}

uint32_t mandate_change_signed(const struct mandate *before, const struct hash *after,
                               const struct signature *signatures, uint32_t count)
{
    const struct mandate_entry *people = mandate_only(before, MANDATE_CHANGE);
    const struct hash digest = mandate_change_digest(&before->hash, after);
    bool seen[CHAINS_MAX] = {false};
    uint32_t signers = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct address signer;
        char digits[41];
        char text[43];
        if (signature_recover(&digest, &signatures[i], &signer) != STATUS_OK) {
            continue;
        }
        hex_encode(bytes_from(signer.bytes + 12, 20), digits);
        (void)snprintf(text, sizeof(text), "0x%s", digits);
        for (uint32_t k = 0; k < people->list_count; k++) {
            if (!seen[k] && strcmp(people->list[k], text) == 0) {
                seen[k] = true;
                signers++;
            }
        }
    }
    return signers;
}
