/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/journal/log_trust.h"

#include <stdio.h>
#include <string.h>

#include "relay/cli/cli.h"
#include "relay/node/process/clock.h"

/* How far a witness's clock may be ahead of ours. */
#define CLOCK_AHEAD_S 60

/* The text itself, or the first line of the file of that name. */
static bool read_key(const char *text, char ret_line[NOTE_KEY_TEXT_BYTES_MAX + 2],
                     struct note_key *ret_key)
{
    if (note_key_parse(bytes_from_string(text), ret_key) == STATUS_OK) {
        return true;
    }
    FILE *file = fopen(text, "re");
    if (file == NULL) {
        return false;
    }
    const bool is_read = fgets(ret_line, NOTE_KEY_TEXT_BYTES_MAX + 2, file) != NULL;
    (void)fclose(file); /* nothing was written */
    if (!is_read) {
        return false;
    }
    ret_line[strcspn(ret_line, "\r\n")] = '\0';
    return note_key_parse(bytes_from_string(ret_line), ret_key) == STATUS_OK;
}

static int load_key(const char *verb, const char *option, const char *text, enum note_key_kind kind,
                    struct note_key *ret_key)
{
    char line[NOTE_KEY_TEXT_BYTES_MAX + 2];

    if (!read_key(text, line, ret_key) || ret_key->kind != kind) {
        cli_say(verb,
                "%s wants %s public key, <name>+<id>+<base64>, or a file that holds it; not '%s'",
                option, kind == NOTE_KEY_ED25519 ? "a log's" : "a witness's", text);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

int log_trust_load(const char *verb, struct log_trust *trust)
{
    int code = EXIT_DONE;

    trust->trust =
        (struct note_trust){.keys = trust->keys, .time_seconds_max = clock_now_s() + CLOCK_AHEAD_S};
    if (trust->key_text == NULL && trust->witness_text != NULL) {
        cli_say(verb, "--witness needs the log's --key as well");
        return EXIT_USAGE;
    }
    if (trust->key_text != NULL) {
        code = load_key(verb, "--key", trust->key_text, NOTE_KEY_ED25519, &trust->keys[0]);
        trust->trust.keys_count = 1;
    }
    if (code == EXIT_DONE && trust->witness_text != NULL) {
        code =
            load_key(verb, "--witness", trust->witness_text, NOTE_KEY_COSIGNATURE, &trust->keys[1]);
        trust->trust.keys_count = 2;
    }
    return code;
}

bool log_trust_check(const struct log_trust *trust, struct bytes bytes, const char **ret_what)
{
    struct note note;
    uint64_t time_seconds = 0;

    if (note_parse(bytes, &note) != STATUS_OK) {
        *ret_what = "the checkpoint is not a signed note";
        return false;
    }
    for (uint32_t i = 0; i < trust->trust.keys_count; i++) {
        const enum status status =
            note_verify_key(&note, &trust->keys[i], trust->trust.time_seconds_max, &time_seconds);
        if (status != STATUS_OK) {
            *ret_what = i == 0 ? "the checkpoint is not signed by the log's key"
                               : "the checkpoint is not cosigned by the witness";
            return false;
        }
    }
    return true;
}

const char *log_trust_text(const struct log_trust *trust)
{
    return trust->trust.keys_count == 0   ? "signature not checked (say --key)"
           : trust->trust.keys_count == 1 ? "signature verified"
                                          : "signatures of log and witness verified";
}
