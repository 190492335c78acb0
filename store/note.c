/* SPDX-License-Identifier: Apache-2.0 */
#include "store/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "store/base64.h"

#define KEY_ID_BYTES      4u
#define TIME_BYTES        8u
#define COSIGNED_HEAD_MAX 64u
#define LINE_START        "\xe2\x80\x94 "

/* ---- text ---- */

/* Reads one character of UTF-8, in its shortest form. 0: there is none. */
static size_t read_character(struct bytes text, uint32_t *ret_character)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t first = text.data[0];
    const size_t count = first < 0x80             ? 1
                         : (first & 0xe0) == 0xc0 ? 2
                         : (first & 0xf0) == 0xe0 ? 3
                         : (first & 0xf8) == 0xf0 ? 4
                                                  : 0;

    if (count == 0 || count > text.count) {
        return 0;
    }
    uint32_t character = count == 1 ? first : first & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((text.data[i] & 0xc0) != 0x80) {
            return 0;
        }
        character = character << 6 | (text.data[i] & 0x3f);
    }
    if (character < least[count] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff)) {
        return 0;
    }
    *ret_character = character;
    return count;
}

static bool is_white_space(uint32_t character)
{
    return (character >= 9 && character <= 13) || character == 0x20 || character == 0x85 ||
           character == 0xa0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200a) || character == 0x2028 ||
           character == 0x2029 || character == 0x202f || character == 0x205f || character == 0x3000;
}

/* UTF-8 without control characters but the newline. */
static bool is_text(struct bytes text)
{
    for (size_t i = 0; i < text.count;) {
        uint32_t character = 0;
        const size_t count = read_character(bytes_from(text.data + i, text.count - i), &character);
        if (count == 0 || (character < 0x20 && character != '\n')) {
            return false;
        }
        i += count;
    }
    return true;
}

bool note_is_key_name(struct bytes name)
{
    for (size_t i = 0; i < name.count;) {
        uint32_t character = 0;
        const size_t count = read_character(bytes_from(name.data + i, name.count - i), &character);
        if (count == 0 || character < 0x20 || character == '+' || is_white_space(character)) {
            return false;
        }
        i += count;
    }
    return name.count > 0 && name.count <= NOTE_KEY_NAME_BYTES_MAX;
}

static uint32_t read_id(const uint8_t bytes[KEY_ID_BYTES])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_id(uint32_t id, uint8_t ret_bytes[KEY_ID_BYTES])
{
    for (unsigned i = 0; i < KEY_ID_BYTES; i++) {
        ret_bytes[i] = (uint8_t)(id >> (24 - 8 * i));
    }
}

/* Where `byte` is next; text.count: nowhere. */
static size_t find(struct bytes text, uint8_t byte)
{
    const uint8_t *at = text.count == 0 ? NULL : memchr(text.data, byte, text.count);

    return at == NULL ? text.count : (size_t)(at - text.data);
}

/* ---- keys ---- */

enum status note_key_init(struct note_key *ret_key, enum note_key_kind kind, struct bytes name,
                          const uint8_t public_key[ED25519_KEY_BYTES])
{
    const uint8_t between[2] = {'\n', (uint8_t)kind};
    struct sha2 sha2;

    if (!note_is_key_name(name)) {
        return STATUS_MALFORMED;
    }
    sha2_init(&sha2);
    sha2_update(&sha2, name);
    sha2_update(&sha2, bytes_from(between, sizeof(between)));
    sha2_update(&sha2, bytes_from(public_key, ED25519_KEY_BYTES));
    const struct hash hash = sha2_finish(&sha2);
    *ret_key = (struct note_key){.kind = kind, .id = read_id(hash.bytes), .name_count = name.count};
    memcpy(ret_key->name, name.data, name.count);
    memcpy(ret_key->public_key, public_key, ED25519_KEY_BYTES);
    return STATUS_OK;
}

enum status note_key_parse(struct bytes text, struct note_key *ret_key)
{
    uint8_t id[KEY_ID_BYTES];
    uint8_t typed[1 + ED25519_KEY_BYTES];
    uint8_t again[NOTE_KEY_TEXT_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    size_t count = 0;
    struct note_key key;
    const size_t name_count = find(text, '+');

    if (text.count - name_count < 1 + 8 + 1 || text.data[name_count + 9] != '+') {
        return STATUS_MALFORMED;
    }
    const struct bytes digits = bytes_from(text.data + name_count + 1, 8);
    const struct bytes encoded =
        bytes_from(text.data + name_count + 10, text.count - name_count - 10);
    if (hex_decode(digits, sizeof(id), id, &count) != STATUS_OK || count != sizeof(id) ||
        base64_decode(encoded, sizeof(typed), typed, &count) != STATUS_OK ||
        count != sizeof(typed)) {
        return STATUS_MALFORMED;
    }
    if (typed[0] != NOTE_KEY_ED25519 && typed[0] != NOTE_KEY_COSIGNATURE) {
        return STATUS_UNSUPPORTED;
    }
    enum status status = note_key_init(&key, (enum note_key_kind)typed[0],
                                       bytes_from(text.data, name_count), typed + 1);
    if (status == STATUS_OK) {
        status = note_key_append(&buffer, &key);
    }
    /* Also tells a wrong id and upper case from what we write. */
    if (status != STATUS_OK || !bytes_equal(buffer_bytes(&buffer), text)) {
        return STATUS_MALFORMED;
    }
    *ret_key = key;
    return STATUS_OK;
}

enum status note_key_append(struct buffer *buffer, const struct note_key *key)
{
    uint8_t typed[1 + ED25519_KEY_BYTES] = {(uint8_t)key->kind};
    uint8_t id[KEY_ID_BYTES];
    char middle[1 + 2 * KEY_ID_BYTES + 2] = "+";
    const size_t count_before = buffer->count;

    write_id(key->id, id);
    hex_encode(bytes_from(id, sizeof(id)), middle + 1);
    middle[1 + 2 * KEY_ID_BYTES] = '+';
    memcpy(typed + 1, key->public_key, ED25519_KEY_BYTES);
    enum status status = buffer_append(buffer, bytes_from(key->name, key->name_count));
    if (status == STATUS_OK) {
        status = buffer_append(buffer, bytes_from(middle, sizeof(middle) - 1));
    }
    if (status == STATUS_OK) {
        status = base64_append(buffer, bytes_from(typed, sizeof(typed)));
    }
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    return status;
}

/* ---- reading ---- */

/* `line` is without its newline. */
static enum status parse_line(struct bytes line, struct note_signature *ret_signature)
{
    const struct bytes start = bytes_from_string(LINE_START);
    uint8_t blob[KEY_ID_BYTES + NOTE_SIGNATURE_BYTES_MAX];
    size_t count = 0;

    if (!bytes_have_prefix(line, start)) {
        return STATUS_MALFORMED;
    }
    const struct bytes rest = bytes_from(line.data + start.count, line.count - start.count);
    const size_t name_count = find(rest, ' ');
    if (name_count == rest.count || !note_is_key_name(bytes_from(rest.data, name_count))) {
        return STATUS_MALFORMED;
    }
    const struct bytes encoded =
        bytes_from(rest.data + name_count + 1, rest.count - name_count - 1);
    const enum status status = base64_decode(encoded, sizeof(blob), blob, &count);
    if (status != STATUS_OK) {
        return status;
    }
    if (count <= KEY_ID_BYTES) {
        return STATUS_MALFORMED;
    }
    *ret_signature = (struct note_signature){
        .name = bytes_from(rest.data, name_count), .key_id = read_id(blob), .encoded = encoded};
    return STATUS_OK;
}

static bool has_line_of(const struct note *note, const struct note_signature *signature)
{
    for (uint32_t i = 0; i < note->signatures_count; i++) {
        if (note->signatures[i].key_id == signature->key_id &&
            bytes_equal(note->signatures[i].name, signature->name)) {
            return true;
        }
    }
    return false;
}

static enum status parse_lines(struct bytes lines, struct note *note)
{
    while (lines.count > 0) {
        const size_t count = find(lines, '\n');
        struct note_signature signature;
        if (note->signatures_count == NOTE_SIGNATURES_MAX) {
            return STATUS_FULL;
        }
        const enum status status = parse_line(bytes_from(lines.data, count), &signature);
        if (status != STATUS_OK) {
            return status;
        }
        if (has_line_of(note, &signature)) {
            return STATUS_MALFORMED;
        }
        note->signatures[note->signatures_count++] = signature;
        lines = bytes_from(lines.data + count + 1, lines.count - count - 1);
    }
    return note->signatures_count == 0 ? STATUS_MALFORMED : STATUS_OK;
}

enum status note_parse(struct bytes bytes, struct note *ret_note)
{
    if (bytes.count > NOTE_BYTES_MAX) {
        return STATUS_FULL;
    }
    if (bytes.count < 4 || bytes.data[bytes.count - 1] != '\n' || !is_text(bytes)) {
        return STATUS_MALFORMED;
    }
    /* The last empty line: the text may have some of its own. */
    size_t at = bytes.count - 1;
    while (at > 0 && !(bytes.data[at] == '\n' && bytes.data[at - 1] == '\n')) {
        at--;
    }
    if (at < 2) {
        return STATUS_MALFORMED;
    }
    ret_note->text = bytes_from(bytes.data, at);
    ret_note->signatures_count = 0;
    return parse_lines(bytes_from(bytes.data + at + 1, bytes.count - at - 1), ret_note);
}

/* ---- verifying ---- */

static enum status verify_cosignature(struct bytes text, const struct note_key *key,
                                      const uint8_t *blob, uint64_t time_seconds_max,
                                      uint64_t *ret_time_seconds)
{
    uint8_t message[COSIGNED_HEAD_MAX + NOTE_BYTES_MAX];
    struct buffer buffer = buffer_from(message, sizeof(message));
    uint64_t time_seconds = 0;

    for (unsigned i = 0; i < TIME_BYTES; i++) {
        time_seconds = time_seconds << 8 | blob[i];
    }
    /* Zero stands for "no time" in another kind of cosignature. */
    if (time_seconds == 0 || time_seconds > NOTE_COSIGNATURE_TIME_MAX ||
        time_seconds > time_seconds_max ||
        note_append_cosigned(&buffer, time_seconds, text) != STATUS_OK ||
        !ed25519_verify(key->public_key, buffer_bytes(&buffer), blob + TIME_BYTES)) {
        return STATUS_REFUSED;
    }
    *ret_time_seconds = time_seconds;
    return STATUS_OK;
}

static enum status verify_line(const struct note *note, const struct note_signature *line,
                               const struct note_key *key, uint64_t time_seconds_max,
                               uint64_t *ret_time_seconds)
{
    uint8_t blob[KEY_ID_BYTES + TIME_BYTES + ED25519_SIGNATURE_BYTES];
    size_t count = 0;
    const bool is_cosignature = key->kind == NOTE_KEY_COSIGNATURE;
    const size_t expected =
        KEY_ID_BYTES + (is_cosignature ? TIME_BYTES : 0) + ED25519_SIGNATURE_BYTES;

    if (base64_decode(line->encoded, sizeof(blob), blob, &count) != STATUS_OK ||
        count != expected) {
        return STATUS_REFUSED;
    }
    if (is_cosignature) {
        return verify_cosignature(note->text, key, blob + KEY_ID_BYTES, time_seconds_max,
                                  ret_time_seconds);
    }
    *ret_time_seconds = 0;
    return ed25519_verify(key->public_key, note->text, blob + KEY_ID_BYTES) ? STATUS_OK
                                                                            : STATUS_REFUSED;
}

enum status note_verify_key(const struct note *note, const struct note_key *key,
                            uint64_t time_seconds_max, uint64_t *ret_time_seconds)
{
    for (uint32_t i = 0; i < note->signatures_count; i++) {
        const struct note_signature *line = &note->signatures[i];
        if (line->key_id == key->id &&
            bytes_equal(line->name, bytes_from(key->name, key->name_count))) {
            return verify_line(note, line, key, time_seconds_max, ret_time_seconds);
        }
    }
    return STATUS_NOT_FOUND;
}

enum status note_verify(const struct note *note, const struct note_trust *trust,
                        uint32_t *ret_verified_count)
{
    uint32_t verified_count = 0;

    for (uint32_t i = 0; i < trust->keys_count; i++) {
        uint64_t time_seconds = 0;
        const enum status status =
            note_verify_key(note, &trust->keys[i], trust->time_seconds_max, &time_seconds);
        if (status == STATUS_REFUSED) {
            return STATUS_REFUSED;
        }
        verified_count += status == STATUS_OK;
    }
    *ret_verified_count = verified_count;
    return verified_count == 0 ? STATUS_REFUSED : STATUS_OK;
}

/* ---- writing ---- */

enum status note_append_signature(struct buffer *buffer, const struct note_key *key,
                                  struct bytes signature)
{
    uint8_t blob[KEY_ID_BYTES + NOTE_SIGNATURE_BYTES_MAX];
    const size_t count_before = buffer->count;

    CHECK(signature.count > 0);
    CHECK(signature.count <= NOTE_SIGNATURE_BYTES_MAX);
    write_id(key->id, blob);
    memcpy(blob + KEY_ID_BYTES, signature.data, signature.count);
    const struct bytes parts[3] = {bytes_from_string(LINE_START),
                                   bytes_from(key->name, key->name_count), bytes_from(" ", 1)};
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 3 && status == STATUS_OK; i++) {
        status = buffer_append(buffer, parts[i]);
    }
    if (status == STATUS_OK) {
        status = base64_append(buffer, bytes_from(blob, KEY_ID_BYTES + signature.count));
    }
    if (status == STATUS_OK) {
        status = buffer_append(buffer, bytes_from("\n", 1));
    }
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    return status;
}

enum status note_append_cosigned(struct buffer *buffer, uint64_t time_seconds, struct bytes text)
{
    char head[COSIGNED_HEAD_MAX];
    const int count =
        snprintf(head, sizeof(head), "cosignature/v1\ntime %" PRIu64 "\n", time_seconds);
    const size_t count_before = buffer->count;

    CHECK(count > 0 && (size_t)count < sizeof(head));
    enum status status = buffer_append(buffer, bytes_from(head, (size_t)count));
    if (status == STATUS_OK) {
        status = buffer_append(buffer, text);
    }
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    return status;
}
