/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/log_key.h"

#include <string.h>
#include <sys/random.h>

#include "store/base64.h"

#define PREFIX      "PRIVATE+KEY+"
#define TYPED_BYTES (1u + ED25519_KEY_BYTES)
/* "+" and 8 digits and "+" */
#define MIDDLE_BYTES 10u

/* The public key's line holds name, id and type as the private one does: name+id+base64. */
static enum status append_middle(struct buffer *buffer, const struct note_key *key)
{
    uint8_t text[NOTE_KEY_TEXT_BYTES_MAX];
    struct buffer public_text = buffer_from(text, sizeof(text));
    const enum status status = note_key_append(&public_text, key);

    return status == STATUS_OK
               ? buffer_append(buffer, bytes_from(text, key->name_count + MIDDLE_BYTES))
               : status;
}

enum status log_key_append(struct buffer *buffer, const struct note_key *key,
                           const struct secret *seed)
{
    uint8_t typed[TYPED_BYTES] = {NOTE_KEY_ED25519};
    const size_t count_before = buffer->count;

    memcpy(typed + 1, seed->bytes, ED25519_KEY_BYTES);
    enum status status = buffer_append(buffer, bytes_from_string(PREFIX));
    if (status == STATUS_OK) {
        status = append_middle(buffer, key);
    }
    if (status == STATUS_OK) {
        status = base64_append(buffer, bytes_from(typed, sizeof(typed)));
    }
    if (status == STATUS_OK) {
        status = buffer_append(buffer, bytes_from("\n", 1));
    }
    if (status != STATUS_OK) {
        buffer->count = count_before;
    }
    secret_wipe(typed, sizeof(typed));
    return status;
}

/* Makes the public key of `seed` under `name`. */
static enum status key_of(const struct secret *seed, struct bytes name, struct note_key *ret_key)
{
    uint8_t public_key[ED25519_KEY_BYTES];
    const enum status status = ed25519_public_key(seed->bytes, public_key);

    return status == STATUS_OK ? note_key_init(ret_key, NOTE_KEY_ED25519, name, public_key)
                               : status;
}

enum status log_key_parse(struct bytes text, struct secret *ret_seed, struct note_key *ret_key)
{
    const struct bytes prefix = bytes_from_string(PREFIX);
    uint8_t again[LOG_KEY_TEXT_BYTES_MAX];
    struct buffer buffer = buffer_from(again, sizeof(again));
    uint8_t typed[TYPED_BYTES] = {0};
    size_t count = 0;

    if (!bytes_have_prefix(text, prefix)) {
        return STATUS_MALFORMED;
    }
    const struct bytes rest = bytes_from(text.data + prefix.count, text.count - prefix.count);
    const uint8_t *plus = memchr(rest.data, '+', rest.count);
    const size_t name_count = plus == NULL ? rest.count : (size_t)(plus - rest.data);
    if (rest.count < name_count + MIDDLE_BYTES ||
        base64_decode(bytes_from(rest.data + name_count + MIDDLE_BYTES,
                                 rest.count - name_count - MIDDLE_BYTES),
                      sizeof(typed), typed, &count) != STATUS_OK ||
        count != sizeof(typed) || typed[0] != NOTE_KEY_ED25519) {
        secret_wipe(typed, sizeof(typed));
        return STATUS_MALFORMED;
    }
    memcpy(ret_seed->bytes, typed + 1, ED25519_KEY_BYTES);
    secret_wipe(typed, sizeof(typed));
    enum status status = key_of(ret_seed, bytes_from(rest.data, name_count), ret_key);
    if (status == STATUS_OK) {
        status = log_key_append(&buffer, ret_key, ret_seed);
    }
    /* Tells a wrong id, and any other spelling, from what we write. */
    if (status == STATUS_OK && !bytes_equal(bytes_from(again, buffer.count - 1), text)) {
        status = STATUS_MALFORMED;
    }
    secret_wipe(again, sizeof(again));
    return status == STATUS_FULL ? STATUS_MALFORMED : status;
}

enum status log_key_generate(struct bytes origin, struct secret *ret_seed, struct note_key *ret_key)
{
    if (getrandom(ret_seed->bytes, sizeof(ret_seed->bytes), 0) !=
        (ssize_t)sizeof(ret_seed->bytes)) {
        return STATUS_IO;
    }
    return key_of(ret_seed, origin, ret_key);
}
