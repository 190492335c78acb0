/* SPDX-License-Identifier: Apache-2.0 */
/* sluice approve PLAN: a person's yes, and, for a signer in mode propose, an approver's signature:
 * made here with a keystore, or elsewhere over the text that --print shows. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/key_file.h"
#include "relay/cli/operator.h"
#include "relay/cli/rows_view.h"
#include "relay/core/capital/capital_view.h"
#include "relay/node/process/clock.h"
#include "relay/settings/settings.h"

#define VALID_USUAL     "1h"
#define SECONDS_NS      UINT64_C(1000000000)
#define VALID_S_MAX     UINT64_C(604800) /* a week */
#define SIGNATURE_BYTES sizeof(((struct signature *)0)->bytes)

struct approve_call {
    const char *path;
    const char *data;
    const char *key;
    const char *passphrase_file;
    const char *valid;
    const char *expires;
    const char *signature;
    bool print;
    struct operator_request request;
};

/* ---- the plan ---- */

static int read_plan(const struct approve_call *call, struct approval *ret_approval)
{
    const char *verb = call->request.verb;
    struct rows_view view;
    struct plan_row plan;
    int code = rows_view_open(verb, call->path, call->data, &view);
    if (code != EXIT_DONE) {
        return code;
    }
    const enum status status =
        capital_view_plan(&view.source, &call->request.question.subject, &plan);
    if (status == STATUS_NOT_FOUND) {
        cli_say(verb, "there is no such plan");
        code = EXIT_NEGATIVE;
    } else if (status != STATUS_OK) {
        code = rows_view_failed(verb, status);
    } else {
        capital_view_approval(&call->request.question.subject, &plan, ret_approval);
    }
    rows_view_close(&view);
    return code;
}

/* Until when the signature is good: --expires names the second, --valid counts from now. */
static int find_expiry(const struct approve_call *call, uint64_t *ret_expires_s)
{
    struct duration valid;
    uint64_t expires_s = 0;
    const uint64_t now_s = clock_now_s();
    if (call->expires != NULL) {
        if (!cli_count(call->expires, &expires_s)) {
            cli_say(call->request.verb, "--expires is a Unix time in seconds, as --print shows it");
            return EXIT_USAGE;
        }
    } else {
        if (settings_parse_duration(call->valid, &valid) != STATUS_OK) {
            cli_say(call->request.verb, "--valid is a time with its unit, such as 30min");
            return EXIT_USAGE;
        }
        expires_s = now_s + valid.ns / SECONDS_NS;
    }
    if (expires_s <= now_s || expires_s - now_s > VALID_S_MAX) {
        cli_say(call->request.verb, "an approval is good for a second at least, a week at most");
        return EXIT_USAGE;
    }
    *ret_expires_s = expires_s;
    return EXIT_DONE;
}

/* ---- signatures ---- */

static int sign_with_key(const struct approve_call *call, struct approval *approval)
{
    const struct hash digest = approval_digest(approval);
    const struct key_file file = {.verb = call->request.verb,
                                  .keystore = call->key,
                                  .passphrase_file = call->passphrase_file};

    return key_file_sign(&file, &digest, &approval->signature);
}

static int take_signature(const struct approve_call *call, struct approval *approval)
{
    size_t count = 0;
    if (call->expires == NULL) {
        cli_say(call->request.verb, "--signature needs --expires, which the signed text names");
        return EXIT_USAGE;
    }
    if (hex_decode(bytes_from_string(call->signature), SIGNATURE_BYTES, approval->signature.bytes,
                   &count) != STATUS_OK ||
        count != SIGNATURE_BYTES) {
        cli_say(call->request.verb, "a signature has 65 bytes: 0x and 130 digits");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* Says whose signature it is: a wrong text or time shows as an address nobody knows. */
static int name_signer(const struct approve_call *call, const struct approval *approval)
{
    const struct hash digest = approval_digest(approval);
    struct address signer;
    if (signature_recover(&digest, &approval->signature, &signer) != STATUS_OK) {
        cli_say(call->request.verb, "that is no signature of this text");
        return EXIT_USAGE;
    }
    cli_say(call->request.verb, "signed by %s, good until %" PRIu64, cli_address_text(&signer),
            approval->expires_s);
    return EXIT_DONE;
}

/* ---- the verb ---- */

static int print_text(const struct approve_call *call, const struct approval *approval)
{
    char text[APPROVAL_TEXT_BYTES + 1];
    const struct hash digest = approval_digest(approval);
    text[approval_text(approval, text)] = '\0';
    if (call->request.json) {
        return cli_print_json(json_pack(
            "{s:s, s:s, s:s, s:I}", "text", text, "digest", cli_hash_text(&digest), "mandate",
            cli_hash_text(&approval->mandate), "expires", (json_int_t)approval->expires_s));
    }
    (void)fputs(text, stdout);
    cli_say(call->request.verb,
            "sign this text, with its last newline, as a personal message (EIP-191), then say "
            "--signature 0x... --expires %" PRIu64,
            approval->expires_s);
    return EXIT_DONE;
}

static int approve_signed(struct approve_call *call)
{
    static struct approval approval;
    int code = read_plan(call, &approval);
    if (code == EXIT_DONE) {
        code = find_expiry(call, &approval.expires_s);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    if (call->print) {
        return print_text(call, &approval);
    }
    code = call->key != NULL ? sign_with_key(call, &approval) : take_signature(call, &approval);
    if (code == EXIT_DONE) {
        code = name_signer(call, &approval);
    }
    call->request.question.expires_s = approval.expires_s;
    call->request.question.signature = approval.signature;
    return code == EXIT_DONE ? operator_ask(&call->request) : code;
}

static int check_options(const struct approve_call *call)
{
    const int ways =
        (call->print ? 1 : 0) + (call->key != NULL ? 1 : 0) + (call->signature != NULL ? 1 : 0);
    if (ways > 1) {
        cli_say(call->request.verb, "--print, --key and --signature are three ways; choose one");
        return EXIT_USAGE;
    }
    if (ways == 0 && (call->expires != NULL || call->passphrase_file != NULL)) {
        cli_say(call->request.verb, "--expires and --passphrase-file belong to a signature");
        return EXIT_USAGE;
    }
    if (strlen(call->request.question.reason) > REASON_BYTES_MAX) {
        cli_say(call->request.verb, "a reason has at most %u bytes", REASON_BYTES_MAX);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

int cli_approve(int argc, char **argv)
{
    struct approve_call call = {
        .valid = VALID_USUAL,
        .request = {.verb = argv[0], .question = {.action = OPERATOR_APPROVE_PLAN, .reason = ""}}};
    const struct cli_option options[] = {
        {.name = "--config", .value = &call.path},
        {.name = "--data", .value = &call.data},
        {.name = "--reason", .value = &call.request.question.reason},
        {.name = "--key", .value = &call.key},
        {.name = "--passphrase-file", .value = &call.passphrase_file},
        {.name = "--valid", .value = &call.valid},
        {.name = "--expires", .value = &call.expires},
        {.name = "--signature", .value = &call.signature},
        {.name = "--print", .flag = &call.print},
        {.name = "--json", .flag = &call.request.json},
        {.name = NULL},
    };
    struct cli_arguments arguments;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (arguments.count != 1 || hex_decode_hash(bytes_from_string(arguments.values[0]),
                                                &call.request.question.subject) != STATUS_OK) {
        cli_say(argv[0], "which plan? 'sluice plan' shows its id (0x and 64 digits)");
        return EXIT_USAGE;
    }
    code = check_options(&call);
    if (code == EXIT_DONE) {
        code = operator_find(call.path, call.data, NULL, &call.request);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    const bool is_plain = !call.print && call.key == NULL && call.signature == NULL;
    return is_plain ? operator_ask(&call.request) : approve_signed(&call);
}
