/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of messages that differ by their nonce alone, for benchmarks that need a million of them.
 * Usage: bench_ids MESSAGE COUNT [DOMAIN HOOK ROOT KEY...] > FILE: the first one's bytes as
 * hexadecimal digits, its nonce the first; 32 bytes for each, in order of nonces. With keys of
 * validators of a devnet each id is followed by what they sign of it (65 bytes a key): that it is
 * the leaf of its nonce of this origin's tree hook, under this root. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/hyperlane/checkpoint.h"
#include "relay/hyperlane/message.h"
#include "relay/signer/ecdsa.h"

enum { BYTES_MAX = 1024, NONCE_AT = 1, SECRETS_MAX = 8, ARGUMENTS_OF_KEYS = 6 };

struct validators {
    uint32_t domain;
    struct address hook;
    struct hash root;
    uint32_t count;
    struct ecdsa *ecdsa;
    struct secret *keys[SECRETS_MAX];
};

static int refuse(const char *what)
{
    (void)fprintf(stderr, "bench_ids: %s\n", what);
    return 2;
}

static bool read_count(const char *text, unsigned long most, unsigned long *ret_count)
{
    char *end = NULL;

    errno = 0;
    *ret_count = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && end != text && *ret_count <= most;
}

static bool read_bytes(const char *text, size_t count, uint8_t *ret_bytes)
{
    size_t found = 0;

    return hex_decode(bytes_from_string(text), count, ret_bytes, &found) == STATUS_OK &&
           found == count;
}

static bool read_validators(int count, char **arguments, struct validators *validators)
{
    unsigned long domain = 0;

    if (count == ARGUMENTS_OF_KEYS - 3) {
        return true; /* ids alone */
    }
    if (count < ARGUMENTS_OF_KEYS + 1 || count > ARGUMENTS_OF_KEYS + SECRETS_MAX ||
        !read_count(arguments[3], UINT32_MAX, &domain) ||
        !read_bytes(arguments[4], 20, validators->hook.bytes + 12) ||
        !read_bytes(arguments[5], 32, validators->root.bytes)) {
        return false;
    }
    validators->domain = (uint32_t)domain;
    validators->ecdsa = ecdsa_new();
    for (int i = ARGUMENTS_OF_KEYS; i < count; i++) {
        struct secret *const key = secret_new();
        validators->keys[validators->count++] = key;
        if (key == NULL || !read_bytes(arguments[i], sizeof(key->bytes), key->bytes)) {
            return false;
        }
    }
    return validators->ecdsa != NULL;
}

static bool write_signatures(const struct validators *validators, uint32_t index,
                             const struct hash *id)
{
    const struct checkpoint checkpoint = {
        .root = validators->root, .index = index, .message_id = *id};

    for (uint32_t i = 0; i < validators->count; i++) {
        const struct hash digest =
            checkpoint_digest(validators->domain, &validators->hook, &checkpoint);
        struct signature signature;
        if (ecdsa_sign_unchecked(validators->ecdsa, validators->keys[i], &digest, &signature) !=
                STATUS_OK ||
            fwrite(signature.bytes, sizeof(signature.bytes), 1, stdout) != 1) {
            return false;
        }
    }
    return true;
}

static void free_validators(struct validators *validators)
{
    for (uint32_t i = 0; i < validators->count; i++) {
        (void)secret_free(validators->keys[i]);
    }
    (void)ecdsa_free(validators->ecdsa);
}

int main(int count, char **arguments)
{
    struct validators validators = {.count = 0};
    uint8_t message[BYTES_MAX];
    struct message_view view;
    size_t bytes = 0;
    unsigned long wanted = 0;
    bool is_written = true;

    if (count < 3 ||
        hex_decode(bytes_from_string(arguments[1]), sizeof(message), message, &bytes) !=
            STATUS_OK ||
        message_parse(bytes_from(message, bytes), &view) != STATUS_OK) {
        return refuse("expected a message's bytes as hexadecimal digits");
    }
    if (!read_count(arguments[2], UINT32_MAX - view.nonce, &wanted)) {
        return refuse("expected a number of messages");
    }
    if (!read_validators(count, arguments, &validators)) {
        free_validators(&validators);
        return refuse("expected domain, tree hook, root and keys, in hexadecimal digits");
    }
    for (unsigned long i = 0; is_written && i < wanted; i++) {
        const uint32_t nonce = view.nonce + (uint32_t)i;
        for (uint32_t byte = 0; byte < 4; byte++) {
            message[NONCE_AT + byte] = (uint8_t)(nonce >> (24 - 8 * byte));
        }
        const struct hash id = keccak256(bytes_from(message, bytes));
        is_written = fwrite(id.bytes, sizeof(id.bytes), 1, stdout) == 1 &&
                     write_signatures(&validators, nonce, &id);
    }
    free_validators(&validators);
    return is_written && fflush(stdout) == 0 ? 0 : refuse("cannot write");
}
