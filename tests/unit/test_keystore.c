/* SPDX-License-Identifier: Apache-2.0 */
/* Keystores: published vectors and another tool's file open, nothing else does, and what we write
 * we can read.
 *
 * The two vectors are those of the Web3 Secret Storage Definition (passphrase "testpassword"). The
 * third file and the signatures were made by node's crypto and viem from the key 0x11 x 32. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay/base/hex.h"
#include "relay/hyperlane/checkpoint.h"
#include "relay/signer/file.h"
#include "relay/signer/keystore.h"

static const char vector_pbkdf2[] =
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"
    "\"6087dab2f9fdbbfaddc31a909735c1e6\"},\"ciphertext\":"
    "\"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46\",\"kdf\":\"pbkdf2\","
    "\"kdfparams\":{\"c\":262144,\"dklen\":32,\"prf\":\"hmac-sha256\",\"salt\":"
    "\"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd\"},\"mac\":"
    "\"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2\"},"
    "\"id\":\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}";

static const char vector_scrypt[] =
    "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":"
    "\"83dbcc02d8ccb40e466191a123791e0e\"},\"ciphertext\":"
    "\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c\",\"kdf\":\"scrypt\","
    "\"kdfparams\":{\"dklen\":32,\"n\":262144,\"r\":1,\"p\":8,\"salt\":"
    "\"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19\"},\"mac\":"
    "\"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097\"},"
    "\"id\":\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}";

static const char vector_secret[] =
    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
static const char vector_address[] = "008aeeda4d805471df9b2a5b0f38a0c3bcba786b";

/* Cheap enough to be opened again and again. `%s` is a field to change. */
static const char other_tool[] =
    "{\"version\":3,\"id\":\"da628d54-eecd-4982-8a3b-4765e6474f8f\",\"address\":"
    "\"19e7e376e7c213b7e7e7e46cc70a5dd086daff2a\",\"crypto\":{\"cipher\":\"aes-128-ctr\","
    "\"cipherparams\":{\"iv\":\"f69871eb5c17f80fd2b21628a697efa3\"},\"ciphertext\":"
    "\"c66cbbce7d9ec77a66a2164b53ec2dd4a874d38a79a26a0afd0d40643d0b47c3\",\"kdf\":\"scrypt\","
    "\"kdfparams\":{\"n\":8192,\"r\":8,\"p\":1,\"dklen\":32,\"salt\":"
    "\"160b807eee987102b2125747fb3d11651874e295900cb0f3c5b0d8dccd700f74\"},\"mac\":"
    "\"b7a3fa7ba2fc8dd49b94d7ca3db732a5b9f8263281b7cecd397f482e7a3c746d\"}}";

#define MASK             0x5a
#define SHADOW_BYTES_MIN (1ul << 30) /* what a sanitizer maps for itself */

static struct ecdsa *ecdsa;

static enum keystore_problem open_text(const char *text, const char *passphrase,
                                       struct secret *secret, struct address *address)
{
    return keystore_decode(ecdsa, bytes_from_string(text), bytes_from_string(passphrase), secret,
                           address);
}

static void expect_key(const char *text, const char *passphrase, const char *secret_hex,
                       const char *address_hex)
{
    struct secret secret;
    struct address address;
    char hex[65];
    assert_string_equal(keystore_problem_text(open_text(text, passphrase, &secret, &address)),
                        keystore_problem_text(KEYSTORE_OK));
    hex_encode(bytes_from(secret.bytes, 32), hex);
    assert_string_equal(hex, secret_hex);
    hex_encode(bytes_from(address.bytes + 12, 20), hex);
    assert_string_equal(hex, address_hex);
}

static void published_vectors_open(void **state)
{
    (void)state;
    expect_key(vector_pbkdf2, "testpassword", vector_secret, vector_address);
    expect_key(vector_scrypt, "testpassword", vector_secret, vector_address);
}

/* How often `count` bytes are in what this process may write. They are given masked,
 * so that they are not found where they are asked for. */
static unsigned count_in_memory(const uint8_t *masked, size_t count)
{
    static uint8_t piece[(64u << 10) + 32];
    char line[512];
    unsigned found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    const int memory = open("/proc/self/mem", O_RDONLY);

    assert_non_null(maps);
    assert_true(memory >= 0 && count <= 32);
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *rest = NULL;
        unsigned long at = strtoul(line, &rest, 16);
        const unsigned long end = *rest == '-' ? strtoul(rest + 1, &rest, 16) : at;
        if (strncmp(rest, " rw", 3) != 0 || end - at > SHADOW_BYTES_MIN) {
            continue;
        }
        for (ssize_t have = 0; at < end; at += 64u << 10) {
            have = pread(memory, piece, sizeof(piece), (off_t)at);
            for (ssize_t i = 0; i + (ssize_t)count <= have; i++) {
                size_t same = 0;
                while (same < count && piece[i + (ssize_t)same] == (masked[same] ^ MASK)) {
                    same++;
                }
                found += same == count ? 1 : 0;
            }
        }
    }
    (void)close(memory);
    (void)fclose(maps);
    return found;
}

static void *open_vector(void *context)
{
    struct address address;

    assert_int_equal(open_text(vector_pbkdf2, "testpassword", context, &address), KEYSTORE_OK);
    return NULL;
}

/* No copy stays: of a key that was opened and freed, half of it is nowhere. It is opened on a
 * thread, so that nobody writes over what is left on its stack. */
static void a_freed_key_is_nowhere_in_memory(void **state)
{
    struct secret *secret = secret_new();
    pthread_t thread;
    uint8_t masked[sizeof(secret->bytes)];

    (void)state;
    assert_non_null(secret);
    assert_int_equal(pthread_create(&thread, NULL, open_vector, secret), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (size_t i = 0; i < sizeof(masked); i++) {
        masked[i] = secret->bytes[i] ^ MASK;
    }
    assert_true(count_in_memory(masked, 16) >= 1);
    assert_null(secret_free(secret));
    assert_int_equal(count_in_memory(masked, 16), 0);
    assert_int_equal(count_in_memory(masked + 16, 16), 0);
}

static void another_tools_file_opens(void **state)
{
    (void)state;
    expect_key(other_tool, "correct horse",
               "1111111111111111111111111111111111111111111111111111111111111111",
               "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
}

static void a_wrong_passphrase_opens_nothing(void **state)
{
    (void)state;
    struct secret secret = {.bytes = {7}};
    struct address address = {.bytes = {7}};
    const struct secret before = secret;
    assert_int_equal(open_text(other_tool, "correct horsf", &secret, &address),
                     KEYSTORE_WRONG_PASSPHRASE);
    assert_memory_equal(&secret, &before, sizeof(secret));
    assert_int_equal(address.bytes[0], 7);
}

/* Replaces the first `from` in the other tool's file. */
static enum keystore_problem open_changed(const char *from, const char *to)
{
    static char text[4096];
    struct secret secret;
    struct address address;
    const char *at = strstr(other_tool, from);
    assert_non_null(at);
    const int count = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - other_tool), other_tool,
                               to, at + strlen(from));
    assert_true(count > 0 && (size_t)count < sizeof(text));
    return open_text(text, "correct horse", &secret, &address);
}

static void every_field_is_checked(void **state)
{
    (void)state;
    const struct {
        const char *from;
        const char *to;
        enum keystore_problem problem;
    } changes[] = {
        {"\"version\":3", "\"version\":3", KEYSTORE_OK},
        {"\"crypto\"", "\"Crypto\"", KEYSTORE_OK},
        {"\"19e7", "\"0x19e7", KEYSTORE_OK},
        {"\"version\":3", "\"version\":1", KEYSTORE_NOT_VERSION_3},
        {"\"version\":3", "\"version\":\"3\"", KEYSTORE_NOT_VERSION_3},
        {"\"version\":3", "\"version\":3,\"version\":3", KEYSTORE_NOT_JSON},
        {"{\"version", "[\"version", KEYSTORE_NOT_JSON},
        {"\"address\":", "\"address\":5,\"_\":", KEYSTORE_MISSING_FIELD},
        {"19e7e376", "19e7e377", KEYSTORE_OTHER_ADDRESS},
        {"\"crypto\"", "\"krypto\"", KEYSTORE_MISSING_FIELD},
        {"aes-128-ctr", "aes-128-cbc", KEYSTORE_UNKNOWN_CIPHER},
        {"f69871eb5c17", "f69871eb5c", KEYSTORE_MISSING_FIELD},
        {"\"iv\"", "\"vi\"", KEYSTORE_MISSING_FIELD},
        {"47c3\"", "47c3aa\"", KEYSTORE_MISSING_FIELD},
        {"47c3\"", "47c4\"", KEYSTORE_WRONG_PASSPHRASE},
        {"\"f698", "\"f699", KEYSTORE_OTHER_ADDRESS}, /* the check does not cover the vector */
        {"746d\"", "746e\"", KEYSTORE_WRONG_PASSPHRASE},
        {"746d\"", "74\"", KEYSTORE_MISSING_FIELD},
        {"\"scrypt\"", "\"argon2\"", KEYSTORE_UNKNOWN_KDF},
        {"\"scrypt\"", "\"pbkdf2\"", KEYSTORE_UNKNOWN_KDF}, /* without its prf */
        {"0f74\"", "0f75\"", KEYSTORE_WRONG_PASSPHRASE},
        {"\"salt\"", "\"pepper\"", KEYSTORE_MISSING_FIELD},
        {"\"dklen\":32", "\"dklen\":64", KEYSTORE_BAD_COST},
        {"8192", "8191", KEYSTORE_BAD_COST},
        {"8192", "0", KEYSTORE_BAD_COST},
        {"8192", "1", KEYSTORE_BAD_COST},
        {"8192", "-8192", KEYSTORE_MISSING_FIELD},
        {"8192", "8192.0", KEYSTORE_MISSING_FIELD},
        {"\"r\":8", "\"r\":0", KEYSTORE_BAD_COST},
        {"\"p\":1", "\"p\":0", KEYSTORE_BAD_COST},
        {"8192", "1073741824", KEYSTORE_TOO_COSTLY},
        {"8192", "4611686018427387904", KEYSTORE_TOO_COSTLY},
        {"\"r\":8", "\"r\":1048576", KEYSTORE_TOO_COSTLY},
        {"\"r\":8", "\"r\":8589934592", KEYSTORE_TOO_COSTLY},
        {"\"p\":1", "\"p\":1025", KEYSTORE_TOO_COSTLY},
        {"\"p\":1", "\"p\":200", KEYSTORE_TOO_COSTLY},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const enum keystore_problem problem = open_changed(changes[i].from, changes[i].to);
        if (problem != changes[i].problem) {
            print_error("%s -> %s: %s\n", changes[i].from, changes[i].to,
                        keystore_problem_text(problem));
        }
        assert_int_equal(problem, changes[i].problem);
    }
}

static void costly_iterations_and_large_files_are_refused(void **state)
{
    (void)state;
    static char text[KEYSTORE_BYTES_MAX + 2];
    struct secret secret;
    struct address address;
    const char *at = strstr(vector_pbkdf2, "262144");
    assert_non_null(at);
    assert_true(snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - vector_pbkdf2), vector_pbkdf2,
                         "10000001", at + 6) > 0);
    assert_int_equal(open_text(text, "testpassword", &secret, &address), KEYSTORE_TOO_COSTLY);
    assert_true(snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - vector_pbkdf2), vector_pbkdf2,
                         "0", at + 6) > 0);
    assert_int_equal(open_text(text, "testpassword", &secret, &address), KEYSTORE_BAD_COST);
    memset(text, ' ', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, other_tool, strlen(other_tool));
    assert_int_equal(open_text(text, "correct horse", &secret, &address), KEYSTORE_TOO_LARGE);
    text[KEYSTORE_BYTES_MAX] = '\0';
    assert_int_equal(open_text(text, "correct horse", &secret, &address), KEYSTORE_OK);
}

static void no_truncation_opens_or_crashes(void **state)
{
    (void)state;
    struct secret secret;
    struct address address;
    for (size_t count = 0; count < strlen(other_tool); count++) {
        assert_int_equal(keystore_decode(ecdsa, bytes_from(other_tool, count),
                                         bytes_from_string("correct horse"), &secret, &address),
                         KEYSTORE_NOT_JSON);
    }
}

static void what_is_written_opens_and_is_fresh(void **state)
{
    (void)state;
    const struct keystore_cost cost = {.n = 1024, .r = 8, .p = 1};
    uint8_t memory[2][2048];
    struct buffer texts[2];
    struct secret secret;
    struct secret back;
    struct address address;
    struct address owner;
    assert_int_equal(ecdsa_generate(ecdsa, &secret), STATUS_OK);
    assert_int_equal(ecdsa_address(ecdsa, &secret, &owner), STATUS_OK);
    for (size_t i = 0; i < 2; i++) {
        texts[i] = buffer_from(memory[i], sizeof(memory[i]));
        assert_int_equal(
            keystore_encode(ecdsa, &secret, bytes_from_string("x y"), &cost, &texts[i]),
            KEYSTORE_OK);
        assert_int_equal(keystore_decode(ecdsa, buffer_bytes(&texts[i]), bytes_from_string("x y"),
                                         &back, &address),
                         KEYSTORE_OK);
        assert_memory_equal(back.bytes, secret.bytes, 32);
        assert_true(address_equal(&address, &owner));
        assert_int_equal(keystore_read_address(buffer_bytes(&texts[i]), &address), KEYSTORE_OK);
        assert_true(address_equal(&address, &owner));
    }
    assert_false(bytes_equal(buffer_bytes(&texts[0]), buffer_bytes(&texts[1])));
    struct buffer small = buffer_from(memory[0], texts[0].count);
    assert_int_equal(keystore_encode(ecdsa, &secret, bytes_from_string("x"), &cost, &small),
                     KEYSTORE_TOO_LARGE);
    assert_int_equal(small.count, 0);
    memset(&secret, 0, sizeof(secret));
    assert_int_equal(keystore_encode(ecdsa, &secret, bytes_from_string("x"), &cost, &texts[0]),
                     KEYSTORE_NOT_A_KEY);
}

static void signatures_are_those_of_another_implementation(void **state)
{
    (void)state;
    struct secret secret;
    struct hash message;
    struct signature signature;
    char hex[131];
    memset(secret.bytes, 0x11, 32);
    memset(message.bytes, 0x22, 32);
    const struct hash digest = personal_digest(&message);
    assert_int_equal(ecdsa_sign(ecdsa, &secret, &digest, &signature), STATUS_OK);
    hex_encode(bytes_from(signature.bytes, 65), hex);
    assert_string_equal(hex, "089aaa4ef9a2b34f40a0924d5ec3add2b843cd195d327fd7767bb60d0af449ac"
                             "2922a433ed5d51f47e9d9c28a4fec38f48e2a31179d47c489694685aac6504011c");
    memset(secret.bytes, 0, 32);
    assert_int_equal(ecdsa_sign(ecdsa, &secret, &digest, &signature), STATUS_MALFORMED);
    memset(secret.bytes, 0xff, 32);
    assert_int_equal(ecdsa_sign(ecdsa, &secret, &digest, &signature), STATUS_MALFORMED);
}

/* ---- files ---- */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) > 0);
    return path;
}

static enum file_problem read_secret(const char *name, struct buffer *buffer)
{
    buffer->count = 0;
    return file_read_secret(in_folder(name), buffer);
}

static void a_passphrase_file_is_the_owners_alone(void **state)
{
    (void)state;
    uint8_t memory[8];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    assert_int_equal(read_secret("none", &buffer), FILE_MISSING);
    assert_int_equal(file_write_new(in_folder("pass"), bytes_from("abc\r\n", 5)), FILE_OK);
    assert_int_equal(file_write_new(in_folder("pass"), bytes_from("x", 1)), FILE_EXISTS);
    assert_int_equal(read_secret("pass", &buffer), FILE_OK);
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_from_string("abc")));
    const mode_t exposed[] = {0640, 0620, 0604, 0602, 0610};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(chmod(in_folder("pass"), exposed[i]), 0);
        assert_int_equal(read_secret("pass", &buffer), FILE_EXPOSED);
    }
    assert_int_equal(chmod(in_folder("pass"), 0400), 0);
    assert_int_equal(read_secret("pass", &buffer), FILE_OK);
    assert_int_equal(read_secret(".", &buffer), FILE_NOT_REGULAR);
    assert_int_equal(file_write_new(in_folder("empty"), bytes_from("\n", 1)), FILE_OK);
    assert_int_equal(read_secret("empty", &buffer), FILE_EMPTY);
    assert_int_equal(file_write_new(in_folder("large"), bytes_from("123456789", 9)), FILE_OK);
    assert_int_equal(read_secret("large", &buffer), FILE_TOO_LARGE);
    assert_int_equal(file_write_new(in_folder("exact"), bytes_from("12345678", 8)), FILE_OK);
    assert_int_equal(read_secret("exact", &buffer), FILE_OK);
    struct stat about;
    assert_int_equal(stat(in_folder("exact"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    /* A pipe must not make the start wait for a writer. */
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(read_secret("pipe", &buffer), FILE_NOT_REGULAR);
}

static int open_all(void **state)
{
    (void)state;
    ecdsa = ecdsa_new();
    (void)snprintf(folder, sizeof(folder), "/tmp/sluice-keystore-XXXXXX");
    return ecdsa != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static int close_all(void **state)
{
    static const char *const names[] = {"pass", "empty", "large", "exact", "pipe"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)unlink(in_folder(names[i]));
    }
    (void)rmdir(folder);
    ecdsa = ecdsa_free(ecdsa);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_freed_key_is_nowhere_in_memory), /* before others open its file */
        cmocka_unit_test(published_vectors_open),
        cmocka_unit_test(another_tools_file_opens),
        cmocka_unit_test(a_wrong_passphrase_opens_nothing),
        cmocka_unit_test(every_field_is_checked),
        cmocka_unit_test(costly_iterations_and_large_files_are_refused),
        cmocka_unit_test(no_truncation_opens_or_crashes),
        cmocka_unit_test(what_is_written_opens_and_is_fresh),
        cmocka_unit_test(signatures_are_those_of_another_implementation),
        cmocka_unit_test(a_passphrase_file_is_the_owners_alone),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
