/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/log_key.h: the Ed25519 key of a journal's log, as a file of one line:
 *
 *   PRIVATE+KEY+<origin>+<key id, 8 digits of hex>+<base64(1 || seed)>
 *
 * the form that other programs for signed notes use as well. The file is for its owner alone.
 * Threads: none. Memory: the caller's; intermediate secrets are wiped on every path. */
#ifndef SLUICE_RELAY_SIGNER_LOG_KEY_H
#define SLUICE_RELAY_SIGNER_LOG_KEY_H

#include "relay/signer/ecdsa.h"
#include "store/note.h"

#define LOG_KEY_TEXT_BYTES_MAX (NOTE_KEY_TEXT_BYTES_MAX + 16u)

/* STATUS_MALFORMED: not that line, or its id is not the key's. STATUS_NO_MEMORY. */
MUST_USE enum status log_key_parse(struct bytes text, struct secret *ret_seed,
                                   struct note_key *ret_key);
/* Appends the line, with its newline. STATUS_FULL. */
MUST_USE enum status log_key_append(struct buffer *buffer, const struct note_key *key,
                                    const struct secret *seed);
/* A new key from the system's randomness. STATUS_MALFORMED: not an origin. STATUS_IO: no
 * randomness. */
MUST_USE enum status log_key_generate(struct bytes origin, struct secret *ret_seed,
                                      struct note_key *ret_key);

#endif
