/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/text.h: short sentences for notes, built without the C library's printing.
 * What does not fit is cut. Threads: none. */
#ifndef SLUICE_RELAY_CORE_TEXT_H
#define SLUICE_RELAY_CORE_TEXT_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/limits.h"

struct text {
    char text[REASON_BYTES_MAX + 1]; /* always ends with a NUL */
    size_t count;
};

struct text text_from(const char *words);
void text_add(struct text *text, const char *words);
void text_add_number(struct text *text, uint64_t number);
void text_add_amount(struct text *text, const struct amount *amount);
/* With so many digits behind the point, without zeros at the end. */
void text_add_units(struct text *text, const struct amount *amount, uint32_t decimals);
/* 0x and 64 digits. */
void text_add_hash(struct text *text, const struct hash *hash);
/* 0x and 40 digits, or 64 where the first twelve bytes say something. */
void text_add_address(struct text *text, const struct address *address);
/* Words from outside: what is not printable ASCII becomes '?'. */
void text_add_bytes(struct text *text, struct bytes bytes);

#endif
