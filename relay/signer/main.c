/* SPDX-License-Identifier: Apache-2.0 */
/* sluice-signer: the only process that holds keys. It answers signing requests on a Unix socket and
 * checks each against its own configuration and its own record of what it signed before.
 *
 * Exit codes: 0 stopped in good order; 2 usage or configuration; 3 the kernel cannot confine it;
 * 5 the watermark is damaged; 6 another signer holds the state folder or the socket; 75 a full or
 * read-only disk, or no memory: try again. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/signer/config.h"
#include "relay/signer/keystore.h"
#include "relay/signer/sandbox.h"
#include "relay/signer/server.h"

#define LOCK_TRIES_MAX 100u
#define LOCK_PAUSE_MS  20

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_DEPENDENCY = 3,
    EXIT_CODE_INTEGRITY = 5,
    EXIT_CODE_FENCED = 6,
    EXIT_CODE_TEMPORARY = 75,
};

static volatile sig_atomic_t stop_asked;

/* Everything that is open, given back in one place. */
struct process {
    bool follows_parent;
    struct signer_config *config;
    struct ecdsa *ecdsa;
    struct watermark *watermark;
    struct server *server;
    struct secret *secrets[WIRE_KEYS_MAX];
    struct signer_key keys[WIRE_KEYS_MAX];
    uint32_t keys_count;
};

static const char usage_text[] =
    "usage: sluice-signer --config FILE [--check] [--exit-with-parent[=PID]]\n"
    "\n"
    "Holds keys and signs what its own configuration allows, on a Unix socket. Prints\n"
    "`ready socket=PATH` on standard output when it serves; SIGTERM stops it.\n"
    "\n"
    "  --config FILE             the custodian's file (deploy/config/signer.example.yaml)\n"
    "  --check                   read the file, show what it allows, and end\n"
    "  --exit-with-parent[=PID]  end when the process that started it ends\n"
    "  --version, --help\n"
    "\n"
    "Exit codes: 0 stopped, 2 usage or configuration, 3 the kernel cannot confine it,\n"
    "5 its record is damaged, 6 another signer holds its folder or socket, 75 try again.\n";

struct arguments {
    const char *config;
    bool check;
    bool follows_parent;
    int parent;
};

/* ---- start ---- */

static bool parse_parent(const char *text, int *ret_parent)
{
    struct amount amount;
    uint64_t value = 0;
    if (amount_parse_decimal(bytes_from_string(text), &amount) != STATUS_OK ||
        amount_to_u64(&amount, &value) != STATUS_OK || value == 0 || value > INT32_MAX) {
        return false;
    }
    *ret_parent = (int)value;
    return true;
}

/* Returns an exit code, or -1 to go on. */
static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"exit-with-parent", optional_argument, NULL, 'p'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    for (int option = 0; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'c') {
            arguments->config = optarg;
        } else if (option == 'k') {
            arguments->check = true;
        } else if (option == 'p') {
            arguments->follows_parent = true;
            if (optarg != NULL && !parse_parent(optarg, &arguments->parent)) {
                (void)fprintf(stderr, "sluice-signer: `%s` is not a process id\n", optarg);
                return EXIT_CODE_USAGE;
            }
        } else if (option == 'v') {
            (void)printf("sluice-signer %s\n", SLUICE_VERSION);
            return EXIT_CODE_DONE;
        } else {
            (void)fputs(usage_text, option == 'h' ? stdout : stderr);
            return option == 'h' ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
        }
    }
    if (arguments->config == NULL || optind != argc) {
        (void)fputs(usage_text, stderr);
        return EXIT_CODE_USAGE;
    }
    return -1;
}

static int exit_code_from(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return EXIT_CODE_DONE;
    case STATUS_CORRUPT:
        return EXIT_CODE_INTEGRITY;
    case STATUS_BUSY:
        return EXIT_CODE_FENCED;
    case STATUS_UNSUPPORTED:
        return EXIT_CODE_DEPENDENCY;
    case STATUS_NO_MEMORY:
    case STATUS_NO_SPACE:
    case STATUS_READ_ONLY:
    case STATUS_IO:
    case STATUS_FULL:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        return EXIT_CODE_TEMPORARY;
    case STATUS_NOT_FOUND:
    case STATUS_MALFORMED:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_VERSION:
        return EXIT_CODE_USAGE;
    }
    return EXIT_CODE_USAGE;
}

/* Says what stopped the start, about which thing, and returns the exit code. */
static int stopped(const char *what, const char *which, const char *why, int code)
{
    (void)fprintf(stderr, "sluice-signer: %s %s: %s\n", what, which, why);
    return code;
}

/* A child whose parent was killed ends a moment later. The child of the next parent waits for that
 * moment; a signer that stands on its own is fenced at once. */
static enum status claim_watermark(struct process *process, enum watermark_age *ret_age)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    const uint32_t tries = process->follows_parent ? LOCK_TRIES_MAX : 1;
    enum status status = STATUS_BUSY;
    for (uint32_t i = 0; i < tries && status == STATUS_BUSY; i++) {
        if (i == 1) {
            (void)fprintf(stderr, "level=info state=held reason=\"waiting for the signer before "
                                  "this one to end\"\n");
        }
        if (i > 0) {
            (void)nanosleep(&pause, NULL);
        }
        status = watermark_open(process->config->state, &process->watermark, ret_age);
    }
    return status;
}

/* The state folder holds what forbids a second signature: nobody else may write it. */
static int open_watermark(struct process *process)
{
    const char *state = process->config->state;
    enum watermark_age age = WATERMARK_OLD;
    struct stat about;
    if (mkdir(state, 0700) != 0 && errno != EEXIST) {
        return stopped("state folder", state, strerror(errno), EXIT_CODE_TEMPORARY);
    }
    if (stat(state, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return stopped("state folder", state, "is not a folder", EXIT_CODE_USAGE);
    }
    if (about.st_uid != geteuid() || (about.st_mode & 077) != 0) {
        return stopped("state folder", state,
                       "must belong to this user alone; run chown and chmod 700 on it",
                       EXIT_CODE_USAGE);
    }
    const enum status status = claim_watermark(process, &age);
    if (status == STATUS_BUSY) {
        return stopped("state folder", state, "another signer holds it", EXIT_CODE_FENCED);
    }
    if (status == STATUS_CORRUPT) {
        return stopped("state folder", state,
                       "the record of earlier signatures is damaged; nothing is signed without it",
                       EXIT_CODE_INTEGRITY);
    }
    if (status != STATUS_OK) {
        return stopped("state folder", state, status_name(status), exit_code_from(status));
    }
    if (age == WATERMARK_NEW) {
        (void)fprintf(stderr,
                      "level=warn state=new reason=\"%s is empty: what these keys signed "
                      "before is not known here\"\n",
                      state);
    }
    return -1;
}

static int load_secret(const struct config_key *key, const struct ecdsa *ecdsa,
                       struct secret *secret, struct address *ret_address)
{
    /* One byte more than a passphrase, for its newline. */
    struct secret_text {
        uint8_t bytes[KEYSTORE_PASSPHRASE_BYTES_MAX + 1];
    } passphrase;
    static uint8_t keystore[KEYSTORE_BYTES_MAX];
    struct buffer text = buffer_from(keystore, sizeof(keystore));
    struct buffer words = buffer_from(passphrase.bytes, sizeof(passphrase.bytes));
    enum file_problem problem = file_read(key->keystore, &text);
    if (problem != FILE_OK) {
        return stopped("keystore", key->keystore, file_problem_text(problem), EXIT_CODE_USAGE);
    }
    problem = file_read_secret(key->passphrase_file, &words);
    if (problem == FILE_OK && words.count > KEYSTORE_PASSPHRASE_BYTES_MAX) {
        problem = FILE_TOO_LARGE;
    }
    if (problem != FILE_OK) {
        secret_wipe(&passphrase, sizeof(passphrase));
        return stopped("passphrase file", key->passphrase_file, file_problem_text(problem),
                       EXIT_CODE_USAGE);
    }
    const enum keystore_problem opened =
        keystore_decode(ecdsa, buffer_bytes(&text), buffer_bytes(&words), secret, ret_address);
    secret_wipe(&passphrase, sizeof(passphrase));
    if (opened != KEYSTORE_OK) {
        (void)fprintf(stderr, "sluice-signer: keystore %s with passphrase file %s: %s\n",
                      key->keystore, key->passphrase_file, keystore_problem_text(opened));
        return opened == KEYSTORE_NO_MEMORY ? EXIT_CODE_TEMPORARY : EXIT_CODE_USAGE;
    }
    return -1;
}

static int load_keys(struct process *process)
{
    const struct signer_config *config = process->config;
    for (uint32_t i = 0; i < config->keys_count; i++) {
        const struct config_key *from = &config->keys[i];
        struct signer_key *key = &process->keys[i];
        process->secrets[i] = secret_new();
        if (process->secrets[i] == NULL) {
            return stopped("key", from->name, "no memory", EXIT_CODE_TEMPORARY);
        }
        const int code = load_secret(from, process->ecdsa, process->secrets[i], &key->address);
        if (code >= 0) {
            return code;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (address_equal(&process->keys[j].address, &key->address)) {
                return stopped("key", from->name, "is the same key as another one of this file",
                               EXIT_CODE_USAGE);
            }
        }
        key->secret = process->secrets[i];
        key->chain = from->chain;
        key->validator = from->validator;
        process->keys_count++;
    }
    return -1;
}

static int open_server(struct process *process)
{
    const struct signer_config *config = process->config;
    const struct server_options options = {.socket = config->socket,
                                           .has_client_uid = config->has_client_uid,
                                           .client_uid = config->client_uid};
    const enum status status = server_open(&options, &process->server);
    if (status == STATUS_OK) {
        return -1;
    }
    const char *why = status_name(status);
    if (status == STATUS_BUSY) {
        why = "another signer serves it";
    } else if (status == STATUS_REFUSED) {
        why = "its folder must belong to this user alone (chmod 700), and nothing but an old "
              "socket may have its name";
    }
    return stopped("socket", config->socket, why, exit_code_from(status));
}

/* ---- run ---- */

static void on_stop_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

/* Blocks the stop signals but while waiting. */
static void prepare_signals(sigset_t *ret_wait_mask)
{
    struct sigaction action = {.sa_handler = on_stop_signal};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    int code = sigprocmask(SIG_BLOCK, &blocked, ret_wait_mask);
    CHECK(code == 0);
    sigdelset(ret_wait_mask, SIGTERM);
    sigdelset(ret_wait_mask, SIGINT);
    code = sigaction(SIGTERM, &action, NULL);
    CHECK(code == 0);
    code = sigaction(SIGINT, &action, NULL);
    CHECK(code == 0);
    code = sigaction(SIGPIPE, &ignored, NULL);
    CHECK(code == 0);
}

static int serve(struct process *process, const sigset_t *wait_mask)
{
    struct signer signer = {.policy = &process->config->policy,
                            .ecdsa = process->ecdsa,
                            .watermark = process->watermark,
                            .keys = process->keys,
                            .keys_count = process->keys_count};
    enum status status = sandbox_close();
    if (status != STATUS_OK) {
        return stopped("process", "confinement",
                       "the kernel offers no system call filter (seccomp); nothing is signed "
                       "without it",
                       EXIT_CODE_DEPENDENCY);
    }
    (void)printf("ready socket=%s\n", process->config->socket);
    (void)fflush(stdout);
    status = server_run(process->server, &signer, &stop_asked, wait_mask);
    if (status == STATUS_CORRUPT) {
        return stopped("state folder", process->config->state,
                       "the record of earlier signatures is damaged; nothing more is signed",
                       EXIT_CODE_INTEGRITY);
    }
    if (status != STATUS_OK) {
        return stopped("state folder", process->config->state,
                       "it could not be written; start again when the disk is well",
                       exit_code_from(status));
    }
    return EXIT_CODE_DONE;
}

static int run(struct process *process)
{
    sigset_t wait_mask;
    process->ecdsa = ecdsa_new();
    if (process->ecdsa == NULL) {
        return stopped("process", "start", "no memory or no randomness", EXIT_CODE_TEMPORARY);
    }
    prepare_signals(&wait_mask);
    /* The lock comes first: a second signer is refused before it reads a key. */
    int code = open_watermark(process);
    if (code < 0) {
        code = load_keys(process);
    }
    if (code < 0) {
        code = open_server(process);
    }
    return code < 0 ? serve(process, &wait_mask) : code;
}

static void give_back(struct process *process)
{
    for (uint32_t i = 0; i < WIRE_KEYS_MAX; i++) {
        process->secrets[i] = secret_free(process->secrets[i]);
    }
    process->server = server_close(process->server);
    process->watermark = watermark_close(process->watermark);
    process->ecdsa = ecdsa_free(process->ecdsa);
    process->config = signer_config_free(process->config);
}

int main(int argc, char **argv)
{
    static struct process process;
    struct arguments arguments = {.config = NULL};
    struct settings_error error;
    int code = parse_arguments(argc, argv, &arguments);
    if (code >= 0) {
        return code;
    }
    if (sandbox_start() != STATUS_OK) {
        return stopped("process", "start", "core dumps cannot be switched off",
                       EXIT_CODE_DEPENDENCY);
    }
    if (arguments.follows_parent && sandbox_follow_parent(arguments.parent) != STATUS_OK) {
        return stopped("process", "start", "the process that started it is gone",
                       EXIT_CODE_TEMPORARY);
    }
    process.follows_parent = arguments.follows_parent;
    const enum status status = signer_config_load(arguments.config, &process.config, &error);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "sluice-signer: %s\n", error.text);
        return status == STATUS_NO_MEMORY ? EXIT_CODE_TEMPORARY : EXIT_CODE_USAGE;
    }
    if (arguments.check) {
        signer_config_print(process.config, stdout);
        give_back(&process);
        return EXIT_CODE_DONE;
    }
    code = run(&process);
    give_back(&process);
    return code;
}
