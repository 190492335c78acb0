/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/utf8.h: what is text (RFC 3629). Overlong forms, surrogates and what is above U+10FFFF
 * are not.
 *
 * Threads: none. Nothing here allocates. */
#ifndef SLUICE_RELAY_BASE_UTF8_H
#define SLUICE_RELAY_BASE_UTF8_H

#include "relay/base/bytes.h"

/* How many bytes the character at the front of `text` takes, which is not empty; 0: it is none. */
size_t utf8_character_bytes(struct bytes text);
/* Nothing but whole characters. */
bool utf8_is_text(struct bytes text);

#endif
