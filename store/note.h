/* SPDX-License-Identifier: Apache-2.0 */
/* store/note.h: signed notes as C2SP signed-note has them: a text, and lines of signatures.
 *
 *   <text, each line ended by a newline>
 *   <empty line>
 *   — <key name> <base64(key id, 4 bytes || signature)>     one line or more
 *
 * Notes come from anywhere: every byte is checked, everything is bounded, and a note that could be
 * read in two ways is refused. Two lines of one key are refused as well.
 * Threads: none. Memory: the caller's; a parsed note borrows the bytes it was read from. */
#ifndef SLUICE_STORE_NOTE_H
#define SLUICE_STORE_NOTE_H

#include "relay/base/bytes.h"
#include "store/ed25519.h"

#define NOTE_BYTES_MAX            65536u
#define NOTE_SIGNATURES_MAX       64u
#define NOTE_SIGNATURE_BYTES_MAX  4096u /* of a kind unknown here; ML-DSA-44 is 2,420 */
#define NOTE_KEY_NAME_BYTES_MAX   255u
#define NOTE_KEY_TEXT_BYTES_MAX   320u
#define NOTE_COSIGNATURE_TIME_MAX ((UINT64_C(1) << 63) - 1)

/* stored: never renumber (the type byte of the specification) */
enum note_key_kind {
    NOTE_KEY_ED25519 = 1,     /* signs the text */
    NOTE_KEY_COSIGNATURE = 4, /* a witness: signs a time and the text, cosignature/v1 */
};

struct note_key {
    enum note_key_kind kind;
    uint32_t id; /* a hint for the search, not a security binding */
    uint8_t public_key[ED25519_KEY_BYTES];
    size_t name_count;
    uint8_t name[NOTE_KEY_NAME_BYTES_MAX];
};

struct note_signature {
    struct bytes name;
    uint32_t key_id;
    struct bytes encoded; /* base64 of key id and signature; canonical */
};

struct note {
    struct bytes text; /* with its last newline: what is signed */
    uint32_t signatures_count;
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/* Not empty, at most NOTE_KEY_NAME_BYTES_MAX bytes of UTF-8, no white space of Unicode, no control
 * character, no plus sign. */
bool note_is_key_name(struct bytes name);
/* Computes the id. STATUS_MALFORMED: not a key name. */
MUST_USE enum status note_key_init(struct note_key *ret_key, enum note_key_kind kind,
                                   struct bytes name, const uint8_t public_key[ED25519_KEY_BYTES]);
/* Reads <name>+<id, 8 digits of hex>+<base64(kind || key)>. STATUS_MALFORMED: it is not that, or
 * the id is not the key's. STATUS_UNSUPPORTED: a kind that is not of enum note_key_kind. */
MUST_USE enum status note_key_parse(struct bytes text, struct note_key *ret_key);
/* Appends the same text. STATUS_FULL: no room. */
MUST_USE enum status note_key_append(struct buffer *buffer, const struct note_key *key);

/* STATUS_MALFORMED: not a note. STATUS_FULL: a bound above is passed. */
MUST_USE enum status note_parse(struct bytes bytes, struct note *ret_note);

/* What a note's reader believes: which keys, and how late it can be. */
struct note_trust {
    const struct note_key *keys;
    uint32_t keys_count;
    uint64_t time_seconds_max; /* a cosignature of a later time is refused */
};

/* Checks the line of one key. `*ret_time_seconds` is a cosignature's, else 0. STATUS_NOT_FOUND: no
 * line of that key. STATUS_REFUSED: its signature is wrong, of the wrong length, or its time is 0
 * or later than `time_seconds_max`. */
MUST_USE enum status note_verify_key(const struct note *note, const struct note_key *key,
                                     uint64_t time_seconds_max, uint64_t *ret_time_seconds);
/* `*ret_verified_count` keys have a good line. STATUS_REFUSED: a key has a bad one, or no key has a
 * line. */
MUST_USE enum status note_verify(const struct note *note, const struct note_trust *trust,
                                 uint32_t *ret_verified_count);

/* Appends to text and empty line, or to lines before, the line of a signature. STATUS_FULL. */
MUST_USE enum status note_append_signature(struct buffer *buffer, const struct note_key *key,
                                           struct bytes signature);
/* What a witness signs. STATUS_FULL: no room in the buffer. */
MUST_USE enum status note_append_cosigned(struct buffer *buffer, uint64_t time_seconds,
                                          struct bytes text);

#endif
