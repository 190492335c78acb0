/* SPDX-License-Identifier: Apache-2.0 */
/* sluice key new | import | list: keystore files for sluice-signer; sluice key log: the key of a
 * journal's log.
 *
 * A secret comes from randomness or from standard input, never from an argument or the environment,
 * where other processes could read it, and goes into an encrypted file and nowhere else. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/signer/file.h"
#include "relay/signer/keystore.h"
#include "relay/signer/log_key.h"
#include "relay/signer/sandbox.h"

#define SECRET_TEXT_BYTES   128u
#define KEYSTORE_TEXT_BYTES 2048u

/* What the verbs share. */
struct key_call {
    const char *passphrase_file; /* NULL: not given */
    const char *origin;          /* NULL: not given */
    bool json;
    struct cli_arguments arguments;
    struct ecdsa *ecdsa;
};

static int say_file(const char *what, const char *path, enum file_problem problem)
{
    cli_say("key", "%s %s: %s", what, path, file_problem_text(problem));
    return problem == FILE_FAILED ? EXIT_TEMPORARY : EXIT_USAGE;
}

/* ---- passphrases and keys ---- */

struct passphrase {
    uint8_t bytes[KEYSTORE_PASSPHRASE_BYTES_MAX + 1];
    size_t count;
};

static int read_passphrase(const char *path, struct passphrase *passphrase)
{
    struct buffer words = buffer_from(passphrase->bytes, sizeof(passphrase->bytes));
    if (path == NULL) {
        cli_say("key", "which passphrase? Write it into a file of mode 600 and say "
                       "--passphrase-file FILE");
        return EXIT_USAGE;
    }
    enum file_problem problem = file_read_secret(path, &words);
    if (problem == FILE_OK && words.count > KEYSTORE_PASSPHRASE_BYTES_MAX) {
        problem = FILE_TOO_LARGE;
    }
    if (problem != FILE_OK) {
        return say_file("passphrase file", path, problem);
    }
    passphrase->count = words.count;
    return EXIT_DONE;
}

/* One line of standard input, with the terminal's echo off meanwhile. */
static size_t read_hidden_line(char *line, size_t capacity)
{
    struct termios shown;
    struct termios hidden;
    const bool is_terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &shown) == 0;
    size_t count = 0;
    if (is_terminal) {
        (void)fputs("secret key (64 hexadecimal digits, not shown): ", stderr);
        hidden = shown;
        hidden.c_lflag &= (tcflag_t)~ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    while (count < capacity) {
        const ssize_t got = read(STDIN_FILENO, line + count, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || line[count] == '\n') {
            break;
        }
        count++;
    }
    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        (void)fputc('\n', stderr);
    }
    return count;
}

static int import_secret(struct secret *secret)
{
    char line[SECRET_TEXT_BYTES];
    struct hash key;
    size_t count = read_hidden_line(line, sizeof(line));
    if (count > 0 && line[count - 1] == '\r') {
        count--;
    }
    const enum status status = hex_decode_hash(bytes_from(line, count), &key);
    if (status == STATUS_OK) {
        memcpy(secret->bytes, key.bytes, sizeof(secret->bytes));
    } else {
        cli_say("key", "standard input does not begin with a line of 64 hexadecimal digits");
    }
    secret_wipe(line, sizeof(line));
    secret_wipe(&key, sizeof(key));
    return status == STATUS_OK ? EXIT_DONE : EXIT_USAGE;
}

static int write_keystore(const struct key_call *call, const struct secret *secret,
                          const struct passphrase *passphrase)
{
    const char *path = call->arguments.values[1];
    uint8_t memory[KEYSTORE_TEXT_BYTES];
    struct buffer text = buffer_from(memory, sizeof(memory));
    struct address address;
    if (ecdsa_address(call->ecdsa, secret, &address) != STATUS_OK) {
        cli_say("key", "that is no secp256k1 key");
        return EXIT_USAGE;
    }
    const enum keystore_problem problem =
        keystore_encode(call->ecdsa, secret, bytes_from(passphrase->bytes, passphrase->count),
                        &keystore_cost_usual, &text);
    if (problem != KEYSTORE_OK) {
        cli_say("key", "%s: %s", path, keystore_problem_text(problem));
        return EXIT_TEMPORARY;
    }
    const enum file_problem written = file_write_new(path, buffer_bytes(&text));
    if (written != FILE_OK) {
        return say_file("keystore", path, written);
    }
    if (call->json) {
        return cli_print_json(
            json_pack("{s:s, s:s}", "address", cli_address_text(&address), "keystore", path));
    }
    (void)printf("%s  %s\n", cli_address_text(&address), path);
    return EXIT_DONE;
}

enum secret_source { SECRET_GENERATED, SECRET_IMPORTED };

static int make_key(const struct key_call *call, enum secret_source source)
{
    struct passphrase passphrase;
    if (call->arguments.count != 2) {
        cli_say("key", "where to? Say the keystore's path; see 'sluice key --help'");
        return EXIT_USAGE;
    }
    struct secret *secret = secret_new();
    if (secret == NULL) {
        cli_say("key", "no memory");
        return EXIT_TEMPORARY;
    }
    /* The passphrase first: nobody types a key in vain. */
    int code = read_passphrase(call->passphrase_file, &passphrase);
    if (code == EXIT_DONE && source == SECRET_IMPORTED) {
        code = import_secret(secret);
    } else if (code == EXIT_DONE && ecdsa_generate(call->ecdsa, secret) != STATUS_OK) {
        cli_say("key", "no randomness");
        code = EXIT_TEMPORARY;
    }
    if (code == EXIT_DONE) {
        code = write_keystore(call, secret, &passphrase);
    }
    secret_wipe(&passphrase, sizeof(passphrase));
    secret_free(secret);
    return code;
}

/* ---- list ---- */

/* The address a file names; with a passphrase, the address of the key inside. */
static enum keystore_problem look_into(const struct key_call *call,
                                       const struct passphrase *passphrase, struct bytes text,
                                       struct address *ret_address)
{
    if (passphrase == NULL) {
        return keystore_read_address(text, ret_address);
    }
    struct secret *secret = secret_new();
    if (secret == NULL) {
        return KEYSTORE_NO_MEMORY;
    }
    const enum keystore_problem problem = keystore_decode(
        call->ecdsa, text, bytes_from(passphrase->bytes, passphrase->count), secret, ret_address);
    secret_free(secret);
    return problem;
}

struct listing {
    const struct key_call *call;
    const struct passphrase *passphrase; /* NULL: files are not opened */
    struct cli_table *table;             /* NULL: JSON */
    json_t *array;
    uint32_t bad_count;
};

static void list_file(struct listing *listing, const char *path)
{
    static uint8_t memory[KEYSTORE_BYTES_MAX];
    struct buffer text = buffer_from(memory, sizeof(memory));
    struct address address;
    const enum file_problem read = file_read(path, &text);
    const enum keystore_problem problem =
        read == FILE_OK
            ? look_into(listing->call, listing->passphrase, buffer_bytes(&text), &address)
            : KEYSTORE_NOT_JSON;
    const char *good = listing->passphrase != NULL ? "opens" : "not opened";
    const char *state = read != FILE_OK          ? file_problem_text(read)
                        : problem != KEYSTORE_OK ? keystore_problem_text(problem)
                                                 : good;
    const char *shown = problem == KEYSTORE_OK ? cli_address_text(&address) : "-";
    listing->bad_count += problem != KEYSTORE_OK ? 1 : 0;
    if (listing->table == NULL) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:b}", "keystore", path, "address", shown, "state",
                                state, "good", problem == KEYSTORE_OK);
        (void)json_array_append_new(listing->array, row); /* a NULL row is not appended */
        return;
    }
    cli_table_cell(listing->table, "%s", shown);
    cli_table_cell(listing->table, "%s", path);
    cli_table_cell(listing->table, "%s", state);
}

static int is_json_file(const struct dirent *entry)
{
    const size_t count = strlen(entry->d_name);
    return count > 5 && strcmp(entry->d_name + count - 5, ".json") == 0;
}

static int list_folder(struct listing *listing, const char *folder)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_json_file, alphasort);
    if (count < 0) {
        cli_say("key", "%s: %s", folder, strerror(errno));
        return EXIT_USAGE;
    }
    for (int i = 0; i < count; i++) {
        char path[FILE_PATH_BYTES_MAX];
        const int bytes = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        if (bytes > 0 && (size_t)bytes < sizeof(path)) {
            list_file(listing, path);
        }
        free(entries[i]);
    }
    free((void *)entries);
    return EXIT_DONE;
}

static int list_keys(const struct key_call *call)
{
    static const char *const titles[] = {"ADDRESS", "KEYSTORE", "STATE", NULL};
    struct passphrase passphrase;
    struct stat about;
    if (call->arguments.count < 2) {
        cli_say("key", "list which? Say keystore files or folders; see 'sluice key --help'");
        return EXIT_USAGE;
    }
    int code = EXIT_DONE;
    if (call->passphrase_file != NULL) {
        code = read_passphrase(call->passphrase_file, &passphrase);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    struct listing listing = {.call = call,
                              .passphrase = call->passphrase_file != NULL ? &passphrase : NULL,
                              .table = call->json ? NULL : cli_table_new(titles),
                              .array = call->json ? json_array() : NULL};
    if (listing.table == NULL && listing.array == NULL) {
        secret_wipe(&passphrase, sizeof(passphrase));
        cli_say("key", "no memory");
        return EXIT_TEMPORARY;
    }
    for (size_t i = 1; i < call->arguments.count && code == EXIT_DONE; i++) {
        const char *path = call->arguments.values[i];
        if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
            code = list_folder(&listing, path);
        } else {
            list_file(&listing, path);
        }
    }
    secret_wipe(&passphrase, sizeof(passphrase));
    if (listing.table != NULL) {
        cli_table_print(listing.table);
    } else if (cli_print_json(listing.array) != EXIT_DONE) {
        return EXIT_TEMPORARY;
    }
    return code == EXIT_DONE && listing.bad_count > 0 ? EXIT_NEGATIVE : code;
}

/* ---- the key of a log ---- */

static int print_log_key(const struct key_call *call, const struct note_key *key)
{
    char text[NOTE_KEY_TEXT_BYTES_MAX + 1];
    struct buffer buffer = buffer_from(text, sizeof(text) - 1);
    const char *path = call->arguments.values[1];

    if (note_key_append(&buffer, key) != STATUS_OK) {
        cli_say("key", "the origin is too long");
        return EXIT_USAGE;
    }
    text[buffer.count] = '\0';
    if (call->json) {
        return cli_print_json(json_pack("{s:s, s:s}", "key", text, "key_file", path));
    }
    (void)printf("%s\n", text);
    return EXIT_DONE;
}

static int write_log_key(const struct key_call *call, const struct secret *seed,
                         const struct note_key *key)
{
    uint8_t memory[LOG_KEY_TEXT_BYTES_MAX];
    struct buffer text = buffer_from(memory, sizeof(memory));
    const char *path = call->arguments.values[1];

    if (log_key_append(&text, key, seed) != STATUS_OK) {
        cli_say("key", "the origin is too long");
        return EXIT_USAGE;
    }
    const enum file_problem written = file_write_new(path, buffer_bytes(&text));
    secret_wipe(memory, sizeof(memory));
    return written == FILE_OK ? print_log_key(call, key) : say_file("key file", path, written);
}

static int make_log_key(const struct key_call *call)
{
    struct note_key key;

    if (call->arguments.count != 2 || call->origin == NULL) {
        cli_say("key", "say the key's file and --origin NAME, such as relay.example/journal/1; see "
                       "'sluice key --help'");
        return EXIT_USAGE;
    }
    struct secret *seed = secret_new();
    if (seed == NULL) {
        cli_say("key", "no memory");
        return EXIT_TEMPORARY;
    }
    const enum status status = log_key_generate(bytes_from_string(call->origin), seed, &key);
    int code = EXIT_TEMPORARY;
    if (status == STATUS_OK) {
        code = write_log_key(call, seed, &key);
    } else if (status == STATUS_MALFORMED) {
        cli_say("key", "'%s' is no origin: it may have neither blanks nor '+'", call->origin);
        code = EXIT_USAGE;
    } else {
        cli_say("key", "no randomness");
    }
    secret_free(seed);
    return code;
}

/* ---- the verb ---- */

static int run_noun(const struct key_call *call)
{
    const char *verb = call->arguments.count > 0 ? call->arguments.values[0] : "";
    if (strcmp(verb, "new") == 0) {
        return make_key(call, SECRET_GENERATED);
    }
    if (strcmp(verb, "import") == 0) {
        return make_key(call, SECRET_IMPORTED);
    }
    if (strcmp(verb, "list") == 0) {
        return list_keys(call);
    }
    if (strcmp(verb, "log") == 0) {
        return make_log_key(call);
    }
    cli_say("key",
            "say 'sluice key new', 'sluice key import', 'sluice key list' or 'sluice key log'");
    return EXIT_USAGE;
}

int cli_key(int argc, char **argv)
{
    struct key_call call = {.passphrase_file = NULL};
    const struct cli_option options[] = {
        {"--passphrase-file", &call.passphrase_file, NULL},
        {"--origin", &call.origin, NULL},
        {"--json", NULL, &call.json},
        {NULL, NULL, NULL},
    };
    int code = EXIT_DONE;
    if (!cli_parse(argc, argv, options, CLI_ARGUMENTS_MAX, &call.arguments, &code)) {
        return code;
    }
    if (sandbox_start() != STATUS_OK) {
        cli_say("key", "core dumps cannot be switched off; no key is read");
        return EXIT_UNREACHABLE;
    }
    call.ecdsa = ecdsa_new();
    if (call.ecdsa == NULL) {
        cli_say("key", "no memory or no randomness");
        return EXIT_TEMPORARY;
    }
    code = run_noun(&call);
    call.ecdsa = ecdsa_free(call.ecdsa);
    return code;
}
