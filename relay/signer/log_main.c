/* SPDX-License-Identifier: Apache-2.0 */
/* sluice-signer --log: the process that holds the key of a journal's log, and nothing else. */
#include <stdio.h>
#include <string.h>

#include "relay/signer/file.h"
#include "relay/signer/log_config.h"
#include "relay/signer/log_signer.h"
#include "relay/signer/process.h"

/* Everything that is open, given back in one place. */
struct log_process {
    struct log_config config;
    struct secret *seed;
    struct note_key key;
    struct log_signer signer;
    struct log_watermark *watermark;
    struct server *server;
};

static int load_key(struct log_process *process)
{
    const char *path = process->config.key_file;
    struct secret_text {
        uint8_t bytes[LOG_KEY_TEXT_BYTES_MAX + 1];
    } text;
    struct buffer line = buffer_from(text.bytes, sizeof(text.bytes));
    const enum file_problem problem = file_read_secret(path, &line);

    if (problem != FILE_OK) {
        return stopped("key file", path, file_problem_text(problem), EXIT_CODE_USAGE);
    }
    process->seed = secret_new();
    if (process->seed == NULL) {
        secret_wipe(&text, sizeof(text));
        return stopped("key file", path, "no memory", EXIT_CODE_TEMPORARY);
    }
    const enum status status = log_key_parse(buffer_bytes(&line), process->seed, &process->key);
    secret_wipe(&text, sizeof(text));
    return status == STATUS_OK ? -1
                               : stopped("key file", path,
                                         "it is not the key of a log: make one with sluice key log",
                                         EXIT_CODE_USAGE);
}

static enum status claim_watermark(void *context)
{
    struct log_process *process = context;

    return log_watermark_open(process->config.state, bytes_from_string(process->signer.key_text),
                              &process->watermark);
}

static int open_watermark(struct log_process *process, bool follows_parent)
{
    const char *state = process->config.state;
    const int code = prepare_state(state);

    if (code >= 0) {
        return code;
    }
    const enum status status = claim(claim_watermark, process, follows_parent);
    const char *why = status_name(status);
    if (status == STATUS_OK) {
        log_signer_init(&process->signer, &process->key, process->seed, process->watermark);
        if (log_watermark_state(process->watermark).size == 0) {
            (void)fprintf(stderr,
                          "level=warn state=new reason=\"%s is empty: what this key signed before "
                          "is not known here\"\n",
                          state);
        }
        return -1;
    }
    if (status == STATUS_BUSY) {
        why = "another signer holds it";
    } else if (status == STATUS_CORRUPT) {
        why = "the record of what was signed is damaged; nothing is signed without it";
    } else if (status == STATUS_REFUSED) {
        why = "it is that of another key";
    }
    return stopped("state folder", state, why, exit_code_from(status));
}

static int run(struct log_process *process, bool follows_parent)
{
    sigset_t wait_mask;
    const struct log_config *config = &process->config;
    const struct server_options options = {.socket = config->socket,
                                           .has_client_uid = config->has_client_uid,
                                           .client_uid = config->client_uid};

    prepare_signals(&wait_mask);
    int code = open_watermark(process, follows_parent);
    if (code < 0) {
        code = open_server(&options, &process->server);
    }
    if (code >= 0) {
        return code;
    }
    const struct server_work work = log_signer_work(&process->signer);
    return serve(process->server, &work, config->socket, config->state, &wait_mask);
}

int log_signer_main(const struct arguments *arguments)
{
    static struct log_process process;
    struct settings_error error;
    const enum status status = log_config_load(arguments->config, &process.config, &error);

    if (status != STATUS_OK) {
        (void)fprintf(stderr, "sluice-signer: %s\n", error.text);
        return status == STATUS_NO_MEMORY ? EXIT_CODE_TEMPORARY : EXIT_CODE_USAGE;
    }
    int code = load_key(&process);
    if (code < 0) {
        log_signer_init(&process.signer, &process.key, process.seed, NULL);
    }
    if (code < 0 && arguments->check) {
        (void)printf("socket %s\nstate %s\nkey %s\n", process.config.socket, process.config.state,
                     process.signer.key_text);
        code = EXIT_CODE_DONE;
    }
    if (code < 0) {
        code = run(&process, arguments->follows_parent);
    }
    process.seed = secret_free(process.seed);
    process.server = server_close(process.server);
    process.watermark = log_watermark_close(process.watermark);
    return code;
}
