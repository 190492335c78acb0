/* SPDX-License-Identifier: Apache-2.0 */
/* sluice-signer: the only process that holds keys. It answers signing requests on a Unix socket and
 * checks each against its own configuration and its own record of what it signed before.
 *
 * Exit codes: 0 stopped in good order; 2 usage or configuration; 3 the kernel cannot confine it, or
 * (--check) a key elsewhere does not sign;
 * 5 the watermark is damaged; 6 another signer holds the state folder or the socket; 75 a full or
 * read-only disk, or no memory: try again. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/hex.h"
#include "relay/mandate/accept.h"
#include "relay/signer/config.h"
#include "relay/signer/keystore.h"
#include "relay/signer/process.h"
#include "relay/signer/sandbox.h"
#include "relay/signer/uptime.h"

/* Everything that is open, given back in one place. */
struct process {
    bool follows_parent;
    struct signer_config *config;
    struct ecdsa *ecdsa;
    struct watermark *watermark;
    struct server *server;
    struct key_holder *holder;
    struct secret *secrets[WIRE_KEYS_MAX];
    struct signer_key keys[WIRE_KEYS_MAX];
    uint32_t keys_count;
};

static const char usage_text[] =
    "usage: sluice-signer --config FILE [--check] [--exit-with-parent[=PID]]\n"
    "       sluice-signer --log FILE [--check] [--exit-with-parent[=PID]]\n"
    "\n"
    "Holds keys and signs what its own configuration allows, on a Unix socket. Prints\n"
    "`ready socket=PATH` on standard output when it serves; SIGTERM stops it. The key of a\n"
    "journal's log is an instance of its own (--log), so that neither key is lost with the other.\n"
    "\n"
    "  --config FILE             the custodian's file (deploy/config/signer.example.yaml)\n"
    "  --log FILE                that of a log's signer (deploy/config/log-signer.example.yaml)\n"
    "  --check                   read the file, show what it allows, ask each key that is "
    "elsewhere\n"
    "                            (web3signer, kms, pkcs11) whether it signs, and end: 3 when one "
    "does\n"
    "                            not\n"
    "  --exit-with-parent[=PID]  end when the process that started it ends\n"
    "  --version, --help\n"
    "\n"
    "Exit codes: 0 stopped, 2 usage or configuration, 3 the kernel cannot confine it,\n"
    "5 its record is damaged, 6 another signer holds its folder or socket, 75 try again.\n";

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
                                            {"log", required_argument, NULL, 'l'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"exit-with-parent", optional_argument, NULL, 'p'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    for (int option = 0; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if ((option == 'c' || option == 'l') && arguments->config == NULL) {
            arguments->config = optarg;
            arguments->is_log = option == 'l';
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

/* What opening the watermark takes, for claim. */
struct claimed {
    struct process *process;
    enum watermark_age age;
};

static enum status claim_watermark(void *context)
{
    struct claimed *claimed = context;
    return watermark_open(claimed->process->config->state, &claimed->process->watermark,
                          &claimed->age);
}

static int open_watermark(struct process *process)
{
    const char *state = process->config->state;
    struct claimed claimed = {.process = process, .age = WATERMARK_OLD};
    const int code = prepare_state(state);
    if (code >= 0) {
        return code;
    }
    const enum status status = claim(claim_watermark, &claimed, process->follows_parent);
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
    if (claimed.age == WATERMARK_NEW) {
        (void)fprintf(stderr,
                      "level=warn state=new reason=\"%s is empty: what these keys signed "
                      "before is not known here\"\n",
                      state);
    }
    return -1;
}

/* With the state folder held: the mandate that was read becomes the one that is kept. */
static int take_mandate(const struct signer_config *config)
{
    struct mandate_acceptance acceptance;
    struct settings_error error;
    struct timespec now;

    if (config->mandate_file[0] == '\0') {
        return -1;
    }
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return stopped("clock", "CLOCK_REALTIME", "cannot be read", EXIT_CODE_TEMPORARY);
    }
    const enum status status =
        mandate_accept(config->state, config->mandate_file, (uint64_t)now.tv_sec, MANDATE_TAKE,
                       &acceptance, &error);
    if (status != STATUS_OK) {
        return stopped("mandate", config->mandate_file, error.text,
                       status == STATUS_MALFORMED ? EXIT_CODE_USAGE : EXIT_CODE_TEMPORARY);
    }
    const bool is_it = hash_equal(&acceptance.mandate->hash, &config->policy.mandate);
    (void)fprintf(stderr, "level=info event=mandate what=\"%s\"\n", acceptance.text);
    (void)mandate_free(acceptance.mandate);
    return is_it ? -1
                 : stopped("mandate", config->mandate_file, "it changed while the signer started",
                           EXIT_CODE_TEMPORARY);
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

/* A key of a keystore, or the place of one that is elsewhere. */
static int load_key(struct process *process, uint32_t i)
{
    const struct config_key *from = &process->config->keys[i];
    struct signer_key *key = &process->keys[i];
    key->index = i;
    if (process->config->places[i].backend != KEY_IN_KEYSTORE) {
        key->address = process->config->places[i].address;
        return -1;
    }
    process->secrets[i] = secret_new();
    if (process->secrets[i] == NULL) {
        return stopped("key", from->name, "no memory", EXIT_CODE_TEMPORARY);
    }
    return load_secret(from, process->ecdsa, process->secrets[i], &key->address);
}

static int load_keys(struct process *process)
{
    const struct signer_config *config = process->config;
    for (uint32_t i = 0; i < config->keys_count; i++) {
        const struct config_key *from = &config->keys[i];
        struct signer_key *key = &process->keys[i];
        const int code = load_key(process, i);
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

/* ---- run ---- */

static void answer_work(void *context, const struct wire_request *request, struct instant now,
                        struct signer_answer *ret_answer)
{
    signer_answer(context, request, now, ret_answer);
}

static void settle_work(void *context, struct signer_answer *answers, uint32_t answers_count)
{
    signer_settle(context, answers, answers_count);
}

static uint32_t watch_work(const void *context, struct pollfd polls[KEY_PLACES_MAX],
                           uint64_t *ret_deadline_ns)
{
    const struct signer *signer = context;
    *ret_deadline_ns = key_holder_deadline_ns(signer->holder);
    return key_holder_watch(signer->holder, polls);
}

static bool next_work(void *context, struct signer_answer *ret_answer)
{
    return signer_next(context, ret_answer);
}

static enum status work_ended(const void *context)
{
    const struct signer *signer = context;
    return signer->ended;
}

static int serve_keys(struct process *process, const sigset_t *wait_mask)
{
    struct signer signer = {.policy = &process->config->policy,
                            .ecdsa = process->ecdsa,
                            .watermark = process->watermark,
                            .keys = process->keys,
                            .keys_count = process->keys_count,
                            .holder = process->holder,
                            .read_uptime = uptime_read};
    const bool asks_elsewhere = process->holder != NULL;
    const struct server_work work = {.context = &signer,
                                     .answer = answer_work,
                                     .settle = settle_work,
                                     .ended = work_ended,
                                     .watch = asks_elsewhere ? watch_work : NULL,
                                     .next = asks_elsewhere ? next_work : NULL};
    return serve(process->server, &work, process->config->socket, process->config->state,
                 wait_mask);
}

/* What other tools of AWS take from the environment is taken from a file alone: whoever may look at
 * a process of this user sees the one, and not the other. */
static int check_environment(void)
{
    static const char *const names[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (getenv(names[i]) != NULL) {
            return stopped("environment", names[i],
                           "a secret does not belong there: put it into the file that "
                           "`kms.credentials` names, and unset it",
                           EXIT_CODE_USAGE);
        }
    }
    return -1;
}

/* A file that others could have read stops the start; who uses it reads it, and nobody here. */
static int check_secrets(const struct signer_config *config)
{
    for (uint32_t i = 0; i < config->keys_count; i++) {
        const struct key_place *place = &config->places[i];
        if (place->backend != KEY_AT_KMS && place->backend != KEY_IN_TOKEN) {
            continue;
        }
        const bool is_pin = place->backend == KEY_IN_TOKEN;
        const char *path = is_pin ? place->token.pin_file : place->kms.credentials_file;
        const enum file_problem problem = file_check_secret(path);
        if (problem != FILE_OK) {
            return stopped(is_pin ? "PIN" : "credentials", path, file_problem_text(problem),
                           EXIT_CODE_USAGE);
        }
    }
    return -1;
}

static int open_holder(struct process *process)
{
    const struct signer_config *config = process->config;
    int code = check_environment();
    if (code < 0) {
        code = check_secrets(config);
    }
    if (code >= 0) {
        return code;
    }
    const enum status status =
        key_holder_open(config->places, config->keys_count, &process->holder);
    return status == STATUS_OK
               ? -1
               : stopped("process", "keys elsewhere",
                         "the processes that reach them cannot be started", EXIT_CODE_TEMPORARY);
}

/* Shows what is allowed, and whether the keys that are elsewhere sign. */
static int check(struct process *process)
{
    const struct signer_config *config = process->config;
    char why[KEY_WHY_BYTES];
    int code = open_holder(process);
    if (code >= 0) {
        return code;
    }
    code = EXIT_CODE_DONE;
    signer_config_print(config, stdout);
    for (uint32_t i = 0; i < config->keys_count; i++) {
        if (config->places[i].backend == KEY_IN_KEYSTORE) {
            continue;
        }
        const bool signs = key_holder_try(process->holder, i, why) == STATUS_OK;
        (void)printf("key %s: %s%s\n", config->keys[i].name,
                     signs ? "signs" : "does NOT sign: ", signs ? "" : why);
        code = signs ? code : EXIT_CODE_DEPENDENCY;
    }
    return code;
}

static int run(struct process *process)
{
    sigset_t wait_mask;
    /* First of all, so that what reaches the network has nothing of this process but its
     * configuration. */
    int code = open_holder(process);
    if (code >= 0) {
        return code;
    }
    process->ecdsa = ecdsa_new();
    if (process->ecdsa == NULL) {
        return stopped("process", "start", "no memory or no randomness", EXIT_CODE_TEMPORARY);
    }
    prepare_signals(&wait_mask);
    uptime_begin();
    /* The lock comes first: a second signer is refused before it reads a key. */
    code = open_watermark(process);
    if (code < 0) {
        code = take_mandate(process->config);
    }
    if (code < 0) {
        code = load_keys(process);
    }
    if (code < 0) {
        const struct signer_config *config = process->config;
        const struct server_options options = {.socket = config->socket,
                                               .has_client_uid = config->has_client_uid,
                                               .client_uid = config->client_uid};
        code = open_server(&options, &process->server);
    }
    return code < 0 ? serve_keys(process, &wait_mask) : code;
}

static void give_back(struct process *process)
{
    for (uint32_t i = 0; i < WIRE_KEYS_MAX; i++) {
        process->secrets[i] = secret_free(process->secrets[i]);
    }
    process->server = server_close(process->server);
    process->holder = key_holder_close(process->holder);
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
    if (arguments.is_log) {
        return log_signer_main(&arguments);
    }
    process.follows_parent = arguments.follows_parent;
    const enum status status = signer_config_load(arguments.config, &process.config, &error);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "sluice-signer: %s\n", error.text);
        return status == STATUS_NO_MEMORY ? EXIT_CODE_TEMPORARY : EXIT_CODE_USAGE;
    }
    if (arguments.check) {
        code = check(&process);
        give_back(&process);
        return code;
    }
    code = run(&process);
    give_back(&process);
    return code;
}
