/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/pattern.h: regular expressions over a message's body, as the reference
 * relayer's matching lists have them (`bodyregex`).
 *
 * What is searched is the body as lower-case hexadecimal digits, without 0x; a pattern may match
 * anywhere in it unless it begins with ^ or ends with $. It may have digits, the dot, classes in
 * brackets, \d and \w and their opposites, groups, choices (|), and how often (* + ? {2} {2,}
 * {2,5}, lazy or not); (?i) at its beginning takes upper case for lower case.
 *
 * Pure, without allocation and without going back: at most PATTERN_NODES_MAX steps for each digit.
 * Threads: none. */
#ifndef SLUICE_RELAY_CORE_MESSAGE_PATTERN_H
#define SLUICE_RELAY_CORE_MESSAGE_PATTERN_H

#include "relay/base/bytes.h"
#include "relay/base/status.h"

/* What it is made into; "^.{448}" is one node for each digit. */
#define PATTERN_NODES_MAX 512u

/* STATUS_MALFORMED: no pattern, or one that could match no body; STATUS_UNSUPPORTED: something that
 * is not listed above; STATUS_FULL: more than PATTERN_NODES_MAX, or too deep. `ret_what` (static)
 * then says what is wrong. */
MUST_USE enum status pattern_check(struct bytes text, const char **ret_what);

/* True when it matches. False for what pattern_check refuses. */
bool pattern_matches(struct bytes text, struct bytes body);

#endif
