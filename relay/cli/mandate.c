/* SPDX-License-Identifier: Apache-2.0 */
/* sluice mandate check | show | diff | hash | sign: the owner's mandate, before and beside a node.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/key_file.h"
#include "relay/mandate/change.h"
#include "relay/mandate/check.h"

struct mandate_call {
    bool json;
    bool print;
    const char *key;
    const char *passphrase_file;
};

static int load(const char *path, struct mandate **ret_mandate)
{
    struct settings_error error;
    const enum status status = mandate_load(path, ret_mandate, &error);

    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    cli_say("mandate", "%s", error.text);
    return status == STATUS_NO_MEMORY ? EXIT_TEMPORARY : EXIT_USAGE;
}

static int no_memory(void)
{
    cli_say("mandate", "no memory");
    return EXIT_TEMPORARY;
}

/* ---- check ---- */

static json_t *findings_json(const struct mandate_findings *findings)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < findings->count; i++) {
        json_array_append_new(list, json_pack("{s:i, s:s}", "line", (int)findings->list[i].line,
                                              "what", findings->list[i].text));
    }
    return list;
}

static json_t *lines_json(const struct mandate *mandate, const struct mandate_lines *lines)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < lines->count; i++) {
        const struct mandate_line *line = &lines->lines[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:i, s:s}", "path", line->path, "value",
                                        line->value, "line", (int)line->line, "enforced_by",
                                        mandate_enforcers_text(mandate_enforcers(mandate, line))));
    }
    return list;
}

static void lines_print(const struct mandate *mandate, const struct mandate_lines *lines)
{
    static const char *const titles[] = {">LINE", "WHAT", "VALUE", "ENFORCED BY", NULL};
    struct cli_table *table = cli_table_new(titles);

    for (uint32_t i = 0; i < lines->count; i++) {
        const struct mandate_line *line = &lines->lines[i];
        cli_table_cell(table, "%u", line->line);
        cli_table_cell(table, "%s", line->path);
        cli_table_cell(table, "%s", line->value);
        cli_table_cell(table, "%s", mandate_enforcers_text(mandate_enforcers(mandate, line)));
    }
    cli_table_print(table);
}

static void findings_say(const char *path, const char *what,
                         const struct mandate_findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        cli_say("mandate", "%s:%u: %s%s", path, findings->list[i].line, what,
                findings->list[i].text);
    }
}

/* Lines that these, among others, enforce. */
static uint32_t count_by(const struct mandate *mandate, const struct mandate_lines *lines,
                         uint32_t by)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < lines->count; i++) {
        count += (mandate_enforcers(mandate, &lines->lines[i]) & by) != 0 ? 1u : 0u;
    }
    return count;
}

static uint32_t count_unenforced(const struct mandate *mandate, const struct mandate_lines *lines)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < lines->count; i++) {
        count += mandate_enforcers(mandate, &lines->lines[i]) == 0 ? 1u : 0u;
    }
    return count;
}

static bool has_kind(const struct mandate *mandate, const char *kind)
{
    const struct mandate_entries *venues = &mandate->sections[MANDATE_VENUES];

    for (uint32_t i = 0; i < venues->count; i++) {
        if (strcmp(venues->entries[i].values[VENUE_KIND].text, kind) == 0) {
            return true;
        }
    }
    return false;
}

static int check(const struct mandate_call *call, const char *path)
{
    struct mandate_findings findings;
    struct mandate_findings warnings;
    struct mandate_lines lines;
    struct mandate *mandate = NULL;
    int code = load(path, &mandate);

    if (code != EXIT_DONE) {
        return code;
    }
    if (mandate_lines_of(mandate, &lines) != STATUS_OK) {
        (void)mandate_free(mandate);
        return no_memory();
    }
    mandate_check(mandate, &findings);
    mandate_warn(mandate, &warnings);
    const uint32_t unenforced = count_unenforced(mandate, &lines);
    if (call->json) {
        code = cli_print_json(json_pack(
            "{s:s, s:o, s:o, s:i, s:o}", "hash", cli_hash_text(&mandate->hash), "contradictions",
            findings_json(&findings), "warnings", findings_json(&warnings), "not_enforced",
            (int)unenforced, "lines", lines_json(mandate, &lines)));
    } else {
        lines_print(mandate, &lines);
    }
    if (count_by(mandate, &lines, MANDATE_BY_CONTRACT) > 0) {
        cli_say(
            "mandate",
            "\"contract\" is the guard, or the spoke, as its owner set it up: nothing here reads "
            "with which numbers");
    }
    if (count_by(mandate, &lines, MANDATE_BY_STATED) > 0) {
        cli_say("mandate",
                "\"by the plan's word\": the signer sees no chain; it holds a plan to the line by "
                "what the plan says is where");
    }
    if (has_kind(mandate, "aave-v3")) {
        cli_say("mandate",
                "nothing is ever borrowed by plan: that is a person's order, with rules of its own "
                "in the signer; what is owed below a \"health_floor\" the node pays back with the "
                "debt's asset, as far as it is a venue here and the signer has its \"leg: repay\"");
    }
    findings_say(path, "", &findings);
    findings_say(path, "warning: ", &warnings);
    if (unenforced > 0) {
        cli_say("mandate", "%u lines are enforced by nobody yet: a node does not act under it",
                unenforced);
    }
    mandate_lines_deinit(&lines);
    (void)mandate_free(mandate);
    return findings.count > 0 ? EXIT_NEGATIVE : code;
}

/* ---- show, hash ---- */

static int canonical_print(const struct mandate *mandate)
{
    uint8_t *memory = malloc(MANDATE_CANONICAL_MAX);
    int code = EXIT_TEMPORARY;

    if (memory == NULL) {
        return no_memory();
    }
    struct buffer buffer = buffer_from(memory, MANDATE_CANONICAL_MAX);
    if (mandate_canonical(mandate, &buffer) == STATUS_OK &&
        fwrite(buffer.data, 1, buffer.count, stdout) == buffer.count && fflush(stdout) == 0) {
        code = EXIT_DONE;
    }
    free(memory);
    return code;
}

static int show(const struct mandate_call *call, const char *path)
{
    struct mandate_lines lines;
    struct mandate *mandate = NULL;
    int code = load(path, &mandate);

    if (code == EXIT_DONE && call->json) {
        code = canonical_print(mandate);
    } else if (code == EXIT_DONE) {
        code = mandate_lines_of(mandate, &lines) == STATUS_OK ? EXIT_DONE : no_memory();
        if (code == EXIT_DONE) {
            lines_print(mandate, &lines);
            mandate_lines_deinit(&lines);
        }
    }
    (void)mandate_free(mandate);
    return code;
}

static int hash(const struct mandate_call *call, const char *path)
{
    struct mandate *mandate = NULL;
    int code = load(path, &mandate);

    if (code == EXIT_DONE && call->json) {
        code = cli_print_json(json_pack("{s:s}", "hash", cli_hash_text(&mandate->hash)));
    } else if (code == EXIT_DONE) {
        code = printf("%s\n", cli_hash_text(&mandate->hash)) > 0 && fflush(stdout) == 0
                   ? EXIT_DONE
                   : EXIT_TEMPORARY;
    }
    (void)mandate_free(mandate);
    return code;
}

/* ---- diff ---- */

static const char *value_of(const struct mandate_line *line)
{
    return line == NULL ? "-" : line->value;
}

static int diff_print(const struct mandate_call *call, const struct mandate_change *change)
{
    static const char *const titles[] = {"EFFECT", "WHAT", "BEFORE", "AFTER", NULL};
    json_t *list = call->json ? json_array() : NULL;
    struct cli_table *table = call->json ? NULL : cli_table_new(titles);

    for (uint32_t i = 0; i < change->count; i++) {
        const struct mandate_difference *difference = &change->differences[i];
        const char *path =
            difference->after == NULL ? difference->before->path : difference->after->path;
        const char *effect = mandate_effect_name(difference->effect);
        if (call->json) {
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "effect", effect, "path",
                                                  path, "before", value_of(difference->before),
                                                  "after", value_of(difference->after)));
        } else {
            cli_table_cell(table, "%s", effect);
            cli_table_cell(table, "%s", path);
            cli_table_cell(table, "%s", value_of(difference->before));
            cli_table_cell(table, "%s", value_of(difference->after));
        }
    }
    if (call->json) {
        return cli_print_json(json_pack("{s:b, s:o}", "only_tightens",
                                        change->only_tightens ? 1 : 0, "differences", list));
    }
    cli_table_print(table);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int diff(const struct mandate_call *call, const struct mandate *before,
                const struct mandate *after)
{
    struct mandate_change change;

    if (mandate_compare(before, after, &change) != STATUS_OK) {
        return no_memory();
    }
    int code = diff_print(call, &change);
    if (!change.only_tightens) {
        cli_say("mandate", "it does not only tighten: it needs the signatures and the delay that "
                           "\"change\" of the first one names");
        code = code == EXIT_DONE ? EXIT_NEGATIVE : code;
    }
    mandate_change_deinit(&change);
    return code;
}

/* ---- sign ---- */

static int text_print(const struct mandate_call *call, const struct mandate *before,
                      const struct mandate *after)
{
    char text[MANDATE_CHANGE_TEXT_BYTES + 1];

    text[mandate_change_text(&before->hash, &after->hash, text)] = '\0';
    if (call->json) {
        return cli_print_json(json_pack("{s:s}", "text", text));
    }
    (void)fputs(text, stdout);
    cli_say("mandate",
            "sign this text, with its last newline, as a personal message (EIP-191), and "
            "put the signature on a line of its own into NEW.signatures");
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

static int sign(const struct mandate_call *call, const struct mandate *before,
                const struct mandate *after)
{
    const struct hash digest = mandate_change_digest(&before->hash, &after->hash);
    struct signature signature;
    char digits[2 * sizeof(signature.bytes) + 1];

    if (call->print) {
        return text_print(call, before, after);
    }
    const struct key_file file = {
        .verb = "mandate", .keystore = call->key, .passphrase_file = call->passphrase_file};
    int code = key_file_sign(&file, &digest, &signature);
    if (code != EXIT_DONE) {
        return code;
    }
    if (mandate_change_signed(before, &after->hash, &signature, 1) == 0) {
        cli_say("mandate", "this key is none of \"change.signers\" of the first mandate");
        return EXIT_REFUSED;
    }
    hex_encode(bytes_from(signature.bytes, sizeof(signature.bytes)), digits);
    if (call->json) {
        return cli_print_json(json_pack("{s:s+}", "signature", "0x", digits));
    }
    (void)printf("0x%s\n", digits);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

/* ---- the verb ---- */

static int with_two(const struct mandate_call *call, const char *verb, const char *old_path,
                    const char *new_path)
{
    struct mandate *before = NULL;
    struct mandate *after = NULL;
    int code = load(old_path, &before);

    if (code == EXIT_DONE) {
        code = load(new_path, &after);
    }
    if (code == EXIT_DONE) {
        code = strcmp(verb, "diff") == 0 ? diff(call, before, after) : sign(call, before, after);
    }
    (void)mandate_free(before);
    (void)mandate_free(after);
    return code;
}

int cli_mandate(int argc, char **argv)
{
    struct mandate_call call = {.json = false};
    const struct cli_option options[] = {
        {.name = "--json", .flag = &call.json},
        {.name = "--print", .flag = &call.print},
        {.name = "--key", .value = &call.key},
        {.name = "--passphrase-file", .value = &call.passphrase_file},
        {.name = NULL}};
    struct cli_arguments arguments;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 3, &arguments, &code)) {
        return code;
    }
    const char *verb = arguments.count == 0 ? "" : arguments.values[0];
    const bool is_sign = strcmp(verb, "sign") == 0;
    if (is_sign && arguments.count == 3 && call.print == (call.key != NULL)) {
        cli_say("mandate", "sign with --key FILE --passphrase-file FILE, or say --print");
        return EXIT_USAGE;
    }
    if (arguments.count == 3 && (is_sign || strcmp(verb, "diff") == 0)) {
        return with_two(&call, verb, arguments.values[1], arguments.values[2]);
    }
    if (arguments.count == 2 && strcmp(verb, "check") == 0) {
        return check(&call, arguments.values[1]);
    }
    if (arguments.count == 2 && strcmp(verb, "show") == 0) {
        return show(&call, arguments.values[1]);
    }
    if (arguments.count == 2 && strcmp(verb, "hash") == 0) {
        return hash(&call, arguments.values[1]);
    }
    cli_say("mandate",
            "say 'sluice mandate check|show|hash FILE', 'diff OLD NEW' or 'sign OLD NEW'");
    return EXIT_USAGE;
}
