/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/key_file.h"

#include "relay/cli/cli.h"
#include "relay/signer/file.h"
#include "relay/signer/keystore.h"
#include "relay/signer/sandbox.h"

static int load_secret(const struct key_file *file, const struct ecdsa *ecdsa,
                       struct secret *secret)
{
    const char *verb = file->verb;
    uint8_t words_memory[KEYSTORE_PASSPHRASE_BYTES_MAX + 1]; /* one more, for its newline */
    static uint8_t text_memory[KEYSTORE_BYTES_MAX];
    struct buffer words = buffer_from(words_memory, sizeof(words_memory));
    struct buffer text = buffer_from(text_memory, sizeof(text_memory));
    struct address address;
    if (file->passphrase_file == NULL) {
        cli_say(verb, "--key needs --passphrase-file FILE (mode 600)");
        return EXIT_USAGE;
    }
    const enum file_problem keystore_read = file_read(file->keystore, &text);
    if (keystore_read != FILE_OK) {
        cli_say(verb, "keystore %s: %s", file->keystore, file_problem_text(keystore_read));
        return EXIT_USAGE;
    }
    enum file_problem words_read = file_read_secret(file->passphrase_file, &words);
    if (words_read == FILE_OK && words.count > KEYSTORE_PASSPHRASE_BYTES_MAX) {
        words_read = FILE_TOO_LARGE;
    }
    if (words_read != FILE_OK) {
        secret_wipe(words_memory, sizeof(words_memory));
        cli_say(verb, "passphrase file %s: %s", file->passphrase_file,
                file_problem_text(words_read));
        return EXIT_USAGE;
    }
    const enum keystore_problem opened =
        keystore_decode(ecdsa, buffer_bytes(&text), buffer_bytes(&words), secret, &address);
    secret_wipe(words_memory, sizeof(words_memory));
    if (opened != KEYSTORE_OK) {
        cli_say(verb, "keystore %s: %s", file->keystore, keystore_problem_text(opened));
        return opened == KEYSTORE_NO_MEMORY ? EXIT_TEMPORARY : EXIT_USAGE;
    }
    return EXIT_DONE;
}

int key_file_sign(const struct key_file *file, const struct hash *digest,
                  struct signature *ret_signature)
{
    if (sandbox_start() != STATUS_OK) {
        cli_say(file->verb, "core dumps cannot be switched off; no key is read");
        return EXIT_UNREACHABLE;
    }
    struct ecdsa *ecdsa = ecdsa_new();
    struct secret *secret = secret_new();
    int code = EXIT_TEMPORARY;
    if (ecdsa == NULL || secret == NULL) {
        cli_say(file->verb, "no memory or no randomness");
    } else {
        code = load_secret(file, ecdsa, secret);
    }
    if (code == EXIT_DONE && ecdsa_sign(ecdsa, secret, digest, ret_signature) != STATUS_OK) {
        cli_say(file->verb, "the key does not sign");
        code = EXIT_TEMPORARY;
    }
    secret_free(secret);
    ecdsa_free(ecdsa);
    return code;
}
