/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/keystore.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"

#define DERIVED_BYTES  32u
#define CIPHER_BYTES   16u /* AES-128 key and vector */
#define SALT_BYTES_MAX 128u

const struct keystore_cost keystore_cost_usual = {.n = 262144, .r = 8, .p = 1};

enum keystore_kdf { KDF_SCRYPT, KDF_PBKDF2 };

/* A keystore's fields, decoded and bounded. */
struct envelope {
    uint8_t vector[CIPHER_BYTES];
    uint8_t ciphertext[sizeof(struct secret)];
    uint8_t check[32];
    uint8_t salt[SALT_BYTES_MAX];
    size_t salt_bytes;
    enum keystore_kdf kdf;
    struct keystore_cost scrypt;
    uint32_t iterations;
    bool names_address;
    struct address address;
};

const char *keystore_problem_text(enum keystore_problem problem)
{
    switch (problem) {
    case KEYSTORE_OK:
        return "it is fine";
    case KEYSTORE_TOO_LARGE:
        return "it is too large for a keystore";
    case KEYSTORE_NOT_JSON:
        return "it is not JSON (or names a field twice)";
    case KEYSTORE_NOT_VERSION_3:
        return "it is not a version 3 keystore";
    case KEYSTORE_MISSING_FIELD:
        return "a field is missing or has the wrong length";
    case KEYSTORE_UNKNOWN_CIPHER:
        return "its cipher is not aes-128-ctr";
    case KEYSTORE_UNKNOWN_KDF:
        return "its key derivation is neither scrypt nor pbkdf2 with hmac-sha256";
    case KEYSTORE_BAD_COST:
        return "its key derivation parameters are impossible";
    case KEYSTORE_TOO_COSTLY:
        return "its key derivation asks for more memory or time than is allowed (512 MiB)";
    case KEYSTORE_NO_MEMORY:
        return "there is not enough memory for its key derivation";
    case KEYSTORE_WRONG_PASSPHRASE:
        return "the passphrase does not open it (wrong passphrase, or a damaged file)";
    case KEYSTORE_NOT_A_KEY:
        return "it does not hold a secp256k1 key";
    case KEYSTORE_OTHER_ADDRESS:
        return "it names another address than its key has";
    }
    check_failed(__FILE__, __LINE__, "a problem is one of the above");
}

/* ---- reading ---- */

/* A string field as bytes; between `count_min` and `capacity` of them. */
static bool read_hex(const json_t *object, const char *name, size_t count_min, size_t capacity,
                     uint8_t *ret_bytes, size_t *ret_count)
{
    const json_t *field = json_object_get(object, name);
    size_t count = 0;
    if (!json_is_string(field)) {
        return false;
    }
    const struct bytes text = bytes_from(json_string_value(field), json_string_length(field));
    if (hex_decode(text, capacity, ret_bytes, &count) != STATUS_OK || count < count_min) {
        return false;
    }
    *ret_count = count;
    return true;
}

static bool read_hex_exact(const json_t *object, const char *name, size_t count, uint8_t *ret_bytes)
{
    size_t got = 0;
    return read_hex(object, name, count, count, ret_bytes, &got);
}

static bool read_count(const json_t *object, const char *name, uint64_t *ret_count)
{
    const json_t *field = json_object_get(object, name);
    if (!json_is_integer(field) || json_integer_value(field) < 0) {
        return false;
    }
    *ret_count = (uint64_t)json_integer_value(field);
    return true;
}

static bool field_is(const json_t *object, const char *name, const char *wanted)
{
    const json_t *field = json_object_get(object, name);
    return json_is_string(field) && strcmp(json_string_value(field), wanted) == 0;
}

static enum keystore_problem cost_problem(const struct keystore_cost *cost)
{
    const bool is_power = cost->n > 1 && (cost->n & (cost->n - 1)) == 0;
    if (!is_power || cost->r == 0 || cost->p == 0) {
        return KEYSTORE_BAD_COST;
    }
    /* Each factor is bounded first, so that the products cannot wrap. */
    if (cost->n > KEYSTORE_WORK_MAX || cost->r > KEYSTORE_WORK_MAX || cost->p > 1024 ||
        cost->n * cost->r > KEYSTORE_MEMORY_BYTES_MAX / 128 ||
        cost->n * cost->r * cost->p > KEYSTORE_WORK_MAX) {
        return KEYSTORE_TOO_COSTLY;
    }
    return KEYSTORE_OK;
}

static enum keystore_problem read_scrypt(const json_t *parameters, struct envelope *envelope)
{
    uint64_t n = 0;
    uint64_t r = 0;
    uint64_t p = 0;
    if (!read_count(parameters, "n", &n) || !read_count(parameters, "r", &r) ||
        !read_count(parameters, "p", &p)) {
        return KEYSTORE_MISSING_FIELD;
    }
    if (r > UINT32_MAX || p > UINT32_MAX) {
        return KEYSTORE_TOO_COSTLY;
    }
    envelope->kdf = KDF_SCRYPT;
    envelope->scrypt = (struct keystore_cost){.n = n, .r = (uint32_t)r, .p = (uint32_t)p};
    return cost_problem(&envelope->scrypt);
}

static enum keystore_problem read_pbkdf2(const json_t *parameters, struct envelope *envelope)
{
    uint64_t iterations = 0;
    if (!field_is(parameters, "prf", "hmac-sha256")) {
        return KEYSTORE_UNKNOWN_KDF;
    }
    if (!read_count(parameters, "c", &iterations)) {
        return KEYSTORE_MISSING_FIELD;
    }
    if (iterations == 0) {
        return KEYSTORE_BAD_COST;
    }
    if (iterations > KEYSTORE_ITERATIONS_MAX) {
        return KEYSTORE_TOO_COSTLY;
    }
    envelope->kdf = KDF_PBKDF2;
    envelope->iterations = (uint32_t)iterations;
    return KEYSTORE_OK;
}

static enum keystore_problem read_kdf(const json_t *crypto, struct envelope *envelope)
{
    const json_t *parameters = json_object_get(crypto, "kdfparams");
    uint64_t derived_bytes = 0;
    if (!read_hex(parameters, "salt", 1, SALT_BYTES_MAX, envelope->salt, &envelope->salt_bytes) ||
        !read_count(parameters, "dklen", &derived_bytes)) {
        return KEYSTORE_MISSING_FIELD;
    }
    if (derived_bytes != DERIVED_BYTES) {
        return KEYSTORE_BAD_COST;
    }
    if (field_is(crypto, "kdf", "scrypt")) {
        return read_scrypt(parameters, envelope);
    }
    if (field_is(crypto, "kdf", "pbkdf2")) {
        return read_pbkdf2(parameters, envelope);
    }
    return KEYSTORE_UNKNOWN_KDF;
}

static enum keystore_problem read_address(const json_t *root, struct envelope *envelope)
{
    const json_t *field = json_object_get(root, "address");
    if (field == NULL) {
        return KEYSTORE_OK;
    }
    uint8_t address[20];
    if (!read_hex_exact(root, "address", sizeof(address), address)) {
        return KEYSTORE_MISSING_FIELD;
    }
    envelope->names_address = true;
    envelope->address = address_from_evm(address);
    return KEYSTORE_OK;
}

static enum keystore_problem read_envelope(const json_t *root, struct envelope *envelope)
{
    const json_t *crypto = json_object_get(root, "crypto");
    const json_t *older = json_object_get(root, "Crypto");
    uint64_t version = 0;
    if (!read_count(root, "version", &version) || version != 3) {
        return KEYSTORE_NOT_VERSION_3;
    }
    if ((crypto == NULL) == (older == NULL)) {
        return KEYSTORE_MISSING_FIELD;
    }
    crypto = crypto != NULL ? crypto : older;
    if (!field_is(crypto, "cipher", "aes-128-ctr")) {
        return KEYSTORE_UNKNOWN_CIPHER;
    }
    if (!read_hex_exact(json_object_get(crypto, "cipherparams"), "iv", CIPHER_BYTES,
                        envelope->vector) ||
        !read_hex_exact(crypto, "ciphertext", sizeof(envelope->ciphertext), envelope->ciphertext) ||
        !read_hex_exact(crypto, "mac", sizeof(envelope->check), envelope->check)) {
        return KEYSTORE_MISSING_FIELD;
    }
    const enum keystore_problem problem = read_kdf(crypto, envelope);
    return problem != KEYSTORE_OK ? problem : read_address(root, envelope);
}

static enum keystore_problem parse(struct bytes text, struct envelope *envelope)
{
    if (text.count > KEYSTORE_BYTES_MAX) {
        return KEYSTORE_TOO_LARGE;
    }
    json_t *root = json_loadb((const char *)text.data, text.count, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return KEYSTORE_NOT_JSON;
    }
    const enum keystore_problem problem = read_envelope(root, envelope);
    json_decref(root);
    return problem;
}

/* ---- deriving ---- */

static bool derive(const struct envelope *envelope, struct bytes passphrase,
                   uint8_t ret_derived[DERIVED_BYTES])
{
    switch (envelope->kdf) {
    case KDF_SCRYPT:
        /* OpenSSL refuses r = 1 with a large N, which published test vectors use. */
        return crypto_pwhash_scryptsalsa208sha256_ll(
                   passphrase.data, passphrase.count, envelope->salt, envelope->salt_bytes,
                   envelope->scrypt.n, envelope->scrypt.r, envelope->scrypt.p, ret_derived,
                   DERIVED_BYTES) == 0;
    case KDF_PBKDF2:
        return PKCS5_PBKDF2_HMAC((const char *)passphrase.data, (int)passphrase.count,
                                 envelope->salt, (int)envelope->salt_bytes,
                                 (int)envelope->iterations, EVP_sha256(), (int)DERIVED_BYTES,
                                 ret_derived) == 1;
    }
    return false;
}

static struct hash check_of(const uint8_t derived[DERIVED_BYTES], const uint8_t *ciphertext)
{
    struct keccak keccak;
    keccak_init(&keccak);
    keccak_update(&keccak, bytes_from(derived + CIPHER_BYTES, DERIVED_BYTES - CIPHER_BYTES));
    keccak_update(&keccak, bytes_from(ciphertext, sizeof(struct secret)));
    const struct hash check = keccak_finish(&keccak);
    secret_wipe(&keccak, sizeof(keccak));
    return check;
}

/* AES-128-CTR both ways. */
static bool apply_cipher(const uint8_t derived[DERIVED_BYTES], const uint8_t vector[CIPHER_BYTES],
                         const uint8_t in[sizeof(struct secret)],
                         uint8_t ret_out[sizeof(struct secret)])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int count = 0;
    if (context == NULL) {
        return false;
    }
    const bool done =
        EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), NULL, derived, vector) == 1 &&
        EVP_EncryptUpdate(context, ret_out, &count, in, (int)sizeof(struct secret)) == 1 &&
        count == (int)sizeof(struct secret);
    /* Freeing the context wipes the key schedule. */
    EVP_CIPHER_CTX_free(context);
    return done;
}

static enum keystore_problem open_envelope(const struct ecdsa *ecdsa,
                                           const struct envelope *envelope,
                                           const uint8_t derived[DERIVED_BYTES],
                                           struct secret *secret, struct address *address)
{
    const struct hash check = check_of(derived, envelope->ciphertext);
    if (sodium_memcmp(check.bytes, envelope->check, sizeof(check.bytes)) != 0) {
        return KEYSTORE_WRONG_PASSPHRASE;
    }
    if (!apply_cipher(derived, envelope->vector, envelope->ciphertext, secret->bytes)) {
        return KEYSTORE_NO_MEMORY;
    }
    if (ecdsa_address(ecdsa, secret, address) != STATUS_OK) {
        return KEYSTORE_NOT_A_KEY;
    }
    if (envelope->names_address && !address_equal(address, &envelope->address)) {
        return KEYSTORE_OTHER_ADDRESS;
    }
    return KEYSTORE_OK;
}

enum keystore_problem keystore_decode(const struct ecdsa *ecdsa, struct bytes text,
                                      struct bytes passphrase, struct secret *ret_secret,
                                      struct address *ret_address)
{
    struct envelope envelope = {.names_address = false};
    uint8_t derived[DERIVED_BYTES];
    struct secret secret;
    struct address address;
    CHECK(passphrase.count <= KEYSTORE_PASSPHRASE_BYTES_MAX);
    enum keystore_problem problem = parse(text, &envelope);
    if (problem != KEYSTORE_OK) {
        return problem;
    }
    problem = derive(&envelope, passphrase, derived)
                  ? open_envelope(ecdsa, &envelope, derived, &secret, &address)
                  : KEYSTORE_NO_MEMORY;
    secret_wipe(derived, sizeof(derived));
    if (problem == KEYSTORE_OK) {
        *ret_secret = secret;
        *ret_address = address;
    }
    secret_wipe(&secret, sizeof(secret));
    return problem;
}

enum keystore_problem keystore_read_address(struct bytes text, struct address *ret_address)
{
    struct envelope envelope = {.names_address = false};
    const enum keystore_problem problem = parse(text, &envelope);
    if (problem != KEYSTORE_OK) {
        return problem;
    }
    if (!envelope.names_address) {
        return KEYSTORE_MISSING_FIELD;
    }
    *ret_address = envelope.address;
    return KEYSTORE_OK;
}

/* ---- writing ---- */

/* A random identifier in the form of RFC 4122, version 4. */
static void write_identifier(char ret_text[37])
{
    uint8_t id[16];
    char digits[33];
    randombytes_buf(id, sizeof(id));
    id[6] = (uint8_t)((id[6] & 0x0fu) | 0x40u);
    id[8] = (uint8_t)((id[8] & 0x3fu) | 0x80u);
    hex_encode(bytes_from(id, sizeof(id)), digits);
    const int count = snprintf(ret_text, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8,
                               digits + 12, digits + 16, digits + 20);
    CHECK(count == 36);
}

static enum keystore_problem write_text(const struct envelope *envelope, struct buffer *text)
{
    char address[41];
    char ciphertext[65];
    char vector[33];
    char salt[65];
    char check[65];
    char id[37];
    hex_encode(bytes_from(envelope->address.bytes + 12, 20), address);
    hex_encode(bytes_from(envelope->ciphertext, 32), ciphertext);
    hex_encode(bytes_from(envelope->vector, CIPHER_BYTES), vector);
    CHECK(envelope->salt_bytes == 32);
    hex_encode(bytes_from(envelope->salt, 32), salt);
    hex_encode(bytes_from(envelope->check, 32), check);
    write_identifier(id);
    const size_t room = text->capacity - text->count;
    const int count = snprintf(
        (char *)text->data + text->count, room,
        "{\"version\":3,\"id\":\"%s\",\"address\":\"%s\",\"crypto\":{\"cipher\":\"aes-128-ctr\","
        "\"cipherparams\":{\"iv\":\"%s\"},\"ciphertext\":\"%s\",\"kdf\":\"scrypt\",\"kdfparams\":{"
        "\"dklen\":%u,\"n\":%llu,\"r\":%u,\"p\":%u,\"salt\":\"%s\"},\"mac\":\"%s\"}}\n",
        id, address, vector, ciphertext, DERIVED_BYTES, (unsigned long long)envelope->scrypt.n,
        envelope->scrypt.r, envelope->scrypt.p, salt, check);
    if (count < 0 || (size_t)count >= room) {
        return KEYSTORE_TOO_LARGE;
    }
    text->count += (size_t)count;
    return KEYSTORE_OK;
}

enum keystore_problem keystore_encode(const struct ecdsa *ecdsa, const struct secret *secret,
                                      struct bytes passphrase, const struct keystore_cost *cost,
                                      struct buffer *ret_text)
{
    struct envelope envelope = {.kdf = KDF_SCRYPT, .scrypt = *cost, .salt_bytes = 32};
    uint8_t derived[DERIVED_BYTES];
    CHECK(passphrase.count <= KEYSTORE_PASSPHRASE_BYTES_MAX);
    const enum keystore_problem problem = cost_problem(cost);
    if (problem != KEYSTORE_OK) {
        return problem;
    }
    if (ecdsa_address(ecdsa, secret, &envelope.address) != STATUS_OK) {
        return KEYSTORE_NOT_A_KEY;
    }
    randombytes_buf(envelope.salt, envelope.salt_bytes);
    randombytes_buf(envelope.vector, sizeof(envelope.vector));
    const bool done = derive(&envelope, passphrase, derived) &&
                      apply_cipher(derived, envelope.vector, secret->bytes, envelope.ciphertext);
    if (done) {
        const struct hash check = check_of(derived, envelope.ciphertext);
        memcpy(envelope.check, check.bytes, sizeof(envelope.check));
    }
    secret_wipe(derived, sizeof(derived));
    return done ? write_text(&envelope, ret_text) : KEYSTORE_NO_MEMORY;
}
