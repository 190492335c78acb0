/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice doctor` and `sluice rpc status`: both use the configuration for a few seconds as a node
 * would, and say what they found; doctor also what to do about it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/node/probe.h"
#include "store/source.h"

#define SECONDS_DEFAULT 20u
#define SECONDS_MAX     600u
#define AGE_S_MAX       300u /* of a head: more, and the chain stands or its endpoints do */
#define SKEW_S_MAX      15u  /* a head from the future: our clock, or theirs */
#define DISK_BYTES_MIN  ((uint64_t)1 << 30)
#define FINDINGS_MAX    (8u * CHAINS_MAX + 16u)
#define TEXT_BYTES      224u

enum grade { GRADE_PASS = 0, GRADE_WARN, GRADE_FAIL };

struct finding {
    enum grade grade;
    int code; /* of the exit, when it failed */
    char subject[NAME_BYTES_MAX];
    const char *what;
    char found[TEXT_BYTES];
    const char *todo;
};

struct report {
    struct finding findings[FINDINGS_MAX];
    size_t count;
};

/* `todo` is shown unless the grade is a pass. */
__attribute__((format(printf, 7, 8))) static void find(struct report *report, enum grade grade,
                                                       int code, const char *subject,
                                                       const char *what, const char *todo,
                                                       const char *format, ...)
{
    va_list arguments;

    if (report->count == FINDINGS_MAX) {
        return;
    }
    struct finding *finding = &report->findings[report->count++];
    *finding = (struct finding){.grade = grade, .code = code, .what = what, .todo = todo};
    (void)snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
    va_start(arguments, format);
    (void)vsnprintf(finding->found, sizeof(finding->found), format, arguments);
    va_end(arguments);
}

/* ---- this machine ---- */

static void look_at_disk(struct report *report, const struct node_config *config)
{
    struct statvfs disk;

    if (statvfs(config->data, &disk) != 0) {
        const bool is_new = errno == ENOENT;
        find(report, is_new ? GRADE_WARN : GRADE_FAIL, EXIT_TEMPORARY, "node", "disk",
             is_new ? "'sluice run' makes the folder" : "make the folder readable for this user",
             "%s: %s", config->data, strerror(errno));
        return;
    }
    const uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    find(report, free_bytes < DISK_BYTES_MIN ? GRADE_FAIL : GRADE_PASS, EXIT_TEMPORARY, "node",
         "disk", "make room: without a journal nothing is sent", "%llu MiB free at %s",
         (unsigned long long)(free_bytes >> 20), config->data);
}

static void look_at_journal(struct report *report, const struct node_config *config)
{
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    enum status status = journal_open_source(config->data, &journal);

    if (status == STATUS_OK) {
        status = journal_reader_open(journal, &reader);
    }
    if (status == STATUS_OK) {
        find(report, GRADE_PASS, EXIT_DONE, "node", "journal", "", "%llu records",
             (unsigned long long)journal_reader_head(reader));
    } else if (status == STATUS_NOT_FOUND) {
        find(report, GRADE_PASS, EXIT_DONE, "node", "journal", "", "none yet");
    } else {
        find(report, GRADE_FAIL,
             status == STATUS_CORRUPT || status == STATUS_VERSION ? EXIT_INTEGRITY : EXIT_TEMPORARY,
             "node", "journal", "'sluice journal verify' names what is wrong", "%s",
             status_name(status));
    }
    if (reader != NULL) {
        (void)journal_reader_close(reader);
    }
    if (journal != NULL) {
        (void)journal_close(journal);
    }
}

static void look_at_signer(struct report *report, const struct node_config *config)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (config->signer_socket[0] == '\0') {
        find(report, GRADE_WARN, EXIT_DONE, "node", "signer",
             "name its socket under 'signer', or only watch", "none: nothing can be signed");
        return;
    }
    if (config->signer_spawn) {
        const bool is_there = access(config->signer_config, R_OK) == 0;
        find(report, is_there ? GRADE_PASS : GRADE_FAIL, EXIT_USAGE, "node", "signer",
             "write the file that 'config' under 'signer' names", "a child of the node: %s%s",
             config->signer_config, is_there ? "" : " cannot be read");
        return;
    }
    memcpy(address.sun_path, config->signer_socket, sizeof(address.sun_path));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answers =
        fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    find(report, answers ? GRADE_PASS : GRADE_FAIL, EXIT_UNREACHABLE, "node", "signer",
         "start sluice-signer, and let this user open its socket", "%s%s%s", config->signer_socket,
         answers ? " answers" : ": ", answers ? "" : strerror(errno));
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* ---- a chain ---- */

static uint32_t count_verdict(const struct probe_chain *chain, uint32_t endpoints_count,
                              enum probe_verdict verdict)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < endpoints_count; i++) {
        count += chain->endpoints[i].verdict == verdict ? 1 : 0;
    }
    return count;
}

static void look_at_endpoints(struct report *report, const struct node_chain *config,
                              const char *name, const struct probe_chain *chain)
{
    const uint32_t good = count_verdict(chain, config->endpoints_count, PROBE_GOOD);
    const uint32_t wrong = count_verdict(chain, config->endpoints_count, PROBE_WRONG);
    const enum grade lone = config->quorum == 1 ? GRADE_WARN : GRADE_PASS;

    for (uint32_t i = 0; i < config->endpoints_count; i++) {
        const struct probe_endpoint *endpoint = &chain->endpoints[i];
        if (endpoint->verdict != PROBE_GOOD) {
            const bool is_wrong = endpoint->verdict == PROBE_WRONG;
            find(report, is_wrong ? GRADE_FAIL : GRADE_WARN, EXIT_USAGE, name, "endpoint",
                 is_wrong ? "compare chain_id, domain and addresses with this endpoint's chain"
                          : "see that it runs, and that this machine may reach it",
                 "%s: %s", config->endpoints[i],
                 endpoint->detail[0] == '\0' ? "does not answer" : endpoint->detail);
        }
    }
    find(report, good < config->quorum ? GRADE_FAIL : lone,
         wrong > 0 && good < config->quorum ? EXIT_USAGE : EXIT_UNREACHABLE, name, "quorum",
         good < config->quorum ? "without it nothing is decided on this chain"
                               : "name three endpoints of different operators",
         "%u of %u endpoints are good, %u must agree", good, config->endpoints_count,
         config->quorum);
    if (good < config->quorum) {
        return;
    }
    find(report, chain->dissents_count > 0 ? GRADE_FAIL : GRADE_PASS, EXIT_INTEGRITY, name,
         "agreement", "find out who is right before this chain is used", "%u contradictions",
         chain->dissents_count);
}

static void look_at_heads(struct report *report, const char *name, const struct probe *probe,
                          const struct probe_chain *chain)
{
    const uint64_t now_s = probe->ended.ns / 1000000000u;
    const uint64_t age_s = now_s > chain->head_time_s ? now_s - chain->head_time_s : 0;
    const uint64_t skew_s = chain->head_time_s > now_s ? chain->head_time_s - now_s : 0;

    if (chain->heads_count == 0) {
        find(report, GRADE_FAIL, EXIT_UNREACHABLE, name, "heads",
             "wait longer with --seconds; else its endpoints or the chain stand still",
             "no block came while we looked");
        return;
    }
    find(report, age_s > AGE_S_MAX ? GRADE_FAIL : GRADE_PASS, EXIT_UNREACHABLE, name, "heads",
         "the endpoints are behind, or the chain stands still", "block %llu, %llu s old",
         (unsigned long long)chain->head_number, (unsigned long long)age_s);
    find(report, skew_s > SKEW_S_MAX ? GRADE_FAIL : GRADE_PASS, EXIT_TEMPORARY, name, "clock",
         "set this machine's clock (timedatectl set-ntp true)", "%llu s behind the newest block",
         (unsigned long long)skew_s);
}

static void look_at_history(struct report *report, const struct node_chain *config,
                            const char *name, const struct probe_chain *chain)
{
    const bool is_final = chain->final_number > 0;

    find(report, is_final ? GRADE_PASS : GRADE_FAIL, EXIT_UNREACHABLE, name, "finality",
         "give a depth in blocks as 'finality', if the chain has no such tag",
         is_final ? "block %llu is final" : "no final block is named (%llu)",
         (unsigned long long)chain->final_number);
    find(report, chain->range_was_read ? GRADE_PASS : GRADE_FAIL, EXIT_UNREACHABLE, name, "logs",
         "lower 'blocks_per_range', or use endpoints that keep logs",
         chain->range_was_read ? "a range of up to %u blocks was read"
                               : "no range of %u blocks could be read",
         config->blocks_per_range);
}

static void look_at_key(struct report *report, const struct core_chain *core,
                        const struct probe_chain *chain)
{
    char balance[AMOUNT_DECIMAL_BYTES_MAX + 2];
    char wanted[AMOUNT_DECIMAL_BYTES_MAX + 2];

    if (address_is_zero(&core->key)) {
        return;
    }
    if (!chain->lane_is_known) {
        find(report, GRADE_FAIL, EXIT_UNREACHABLE, core->name, "key",
             "its balance must be readable before anything is sent", "its balance is not known");
        return;
    }
    (void)amount_format_units(&chain->balance, 18, balance);
    (void)amount_format_units(&core->key_balance_min, 18, wanted);
    find(report,
         amount_compare(&chain->balance, &core->key_balance_min) < 0 ? GRADE_FAIL : GRADE_PASS,
         EXIT_NEGATIVE, core->name, "key", "send it more of the native asset",
         "balance %s, at least %s is wanted; nonce %llu", balance, wanted,
         (unsigned long long)chain->nonce_latest);
}

static void look_at_chain(struct report *report, const struct node_config *config, uint32_t index,
                          const struct probe *probe)
{
    const struct probe_chain *chain = &probe->chains[index];
    const struct node_chain *shell = &config->chains[index];
    const char *name = config->core.chains[index].name;

    look_at_endpoints(report, shell, name, chain);
    if (count_verdict(chain, shell->endpoints_count, PROBE_GOOD) < shell->quorum) {
        return; /* nothing of the rest can be known */
    }
    look_at_heads(report, name, probe, chain);
    look_at_history(report, shell, name, chain);
    look_at_key(report, &config->core.chains[index], chain);
}

/* ---- output ---- */

static const char *grade_word(enum grade grade)
{
    static const char *const words[] = {"pass", "warn", "FAIL"};

    return words[grade];
}

static int exit_code(const struct report *report)
{
    int code = EXIT_DONE;

    for (size_t i = 0; i < report->count; i++) {
        const struct finding *finding = &report->findings[i];
        if (finding->grade == GRADE_FAIL && (code == EXIT_DONE || finding->code < code)) {
            code = finding->code;
        }
    }
    return code;
}

static int print_report(const struct report *report, bool json)
{
    static const char *const titles[] = {"", "OF", "CHECK", "FOUND", "WHAT TO DO", NULL};
    json_t *list = json_array();
    struct cli_table *table = json ? NULL : cli_table_new(titles);

    for (size_t i = 0; i < report->count; i++) {
        const struct finding *finding = &report->findings[i];
        const char *todo = finding->grade == GRADE_PASS ? "" : finding->todo;
        if (json) {
            (void)json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "result",
                                finding->grade == GRADE_FAIL ? "fail" : grade_word(finding->grade),
                                "of", finding->subject, "check", finding->what, "found",
                                finding->found, "todo", todo));
            continue;
        }
        cli_table_cell(table, "%s", grade_word(finding->grade));
        cli_table_cell(table, "%s", finding->subject);
        cli_table_cell(table, "%s", finding->what);
        cli_table_cell(table, "%s", finding->found);
        cli_table_cell(table, "%s", todo);
    }
    if (json) {
        const int printed = cli_print_json(list);
        return printed == EXIT_DONE ? exit_code(report) : printed;
    }
    json_decref(list);
    cli_table_print(table);
    return exit_code(report);
}

/* Loads the configuration and looks; false: it was said why not, and `*ret_code` is set. */
static bool look(const char *verb, const char *path, const char *seconds_text,
                 struct node_config **ret_config, struct probe **ret_probe, int *ret_code)
{
    struct settings_error error;
    uint64_t seconds = SECONDS_DEFAULT;

    *ret_code = EXIT_USAGE;
    if (path == NULL) {
        cli_say(verb, "--config FILE is needed; deploy/config/sluice.example.yaml is one");
        return false;
    }
    if (seconds_text != NULL &&
        (!cli_count(seconds_text, &seconds) || seconds == 0 || seconds > SECONDS_MAX)) {
        cli_say(verb, "--seconds must be a whole number from 1 to %u", SECONDS_MAX);
        return false;
    }
    enum status status = config_load(path, ret_config, &error);
    if (status != STATUS_OK) {
        cli_say(verb, "%s", error.text);
        *ret_code = status == STATUS_REFUSED ? EXIT_REFUSED : EXIT_USAGE;
        return false;
    }
    cli_say(verb, "looking at %u chains for up to %llu s", (*ret_config)->core.chains_count,
            (unsigned long long)seconds);
    const struct probe_options options = {.wait = DURATION_MS(seconds * 1000)};
    status = probe_run(*ret_config, &options, ret_probe);
    if (status != STATUS_OK) {
        cli_say(verb, "the chains cannot be set up: %s", status_name(status));
        (void)config_free(*ret_config);
        return false;
    }
    return true;
}

int cli_doctor(int argc, char **argv)
{
    const char *path = NULL;
    const char *seconds = NULL;
    bool json = false;
    const struct cli_option options[] = {{.name = "--config", .value = &path},
                                         {.name = "--seconds", .value = &seconds},
                                         {.name = "--json", .flag = &json},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    struct node_config *config = NULL;
    struct probe *probe = NULL;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, 0, &arguments, &code) ||
        !look("doctor", path, seconds, &config, &probe, &code)) {
        return code;
    }
    struct report *report = calloc(1, sizeof(*report));
    code = EXIT_TEMPORARY;
    if (report != NULL) {
        look_at_disk(report, config);
        look_at_journal(report, config);
        look_at_signer(report, config);
        for (uint32_t i = 0; i < config->core.chains_count; i++) {
            look_at_chain(report, config, i, probe);
        }
        code = print_report(report, json);
    }
    free(report);
    (void)probe_free(probe);
    (void)config_free(config);
    return code;
}

/* ---- rpc status ---- */

static json_t *endpoint_json(const struct node_config *config, uint32_t chain, uint32_t index,
                             const struct probe *probe)
{
    static const char *const words[] = {"no answer", "good", "wrong", "down"};
    const struct probe_endpoint *endpoint = &probe->chains[chain].endpoints[index];
    const struct chain_endpoint *seen = &endpoint->seen;
    const uint64_t now_s = probe->ended.ns / 1000000000u;
    const bool has_head = seen->head_number > 0;

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "chain",
        config->core.chains[chain].name, "endpoint", config->chains[chain].endpoints[index],
        "state", words[endpoint->verdict], "head",
        has_head ? json_of_count(seen->head_number) : json_null(), "head_age_s",
        has_head ? json_integer((json_int_t)now_s - (json_int_t)seen->head_time_s) : json_null(),
        "final", seen->final_number > 0 ? json_of_count(seen->final_number) : json_null(),
        "latency_us", json_of_count(seen->latency.ns / 1000), "calls",
        json_of_count(seen->calls_sent), "errors", json_of_count(seen->errors), "silences",
        json_of_count(seen->silences), "malformed", json_of_count(seen->malformed), "dissents",
        json_of_count(seen->dissents), "behind", json_of_count(seen->behind), "detail",
        endpoint->detail);
}

static long long count_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_endpoints(const json_t *list)
{
    static const char *const titles[] = {"CHAIN",   "ENDPOINT",    "STATE",  ">HEAD",   ">AGE S",
                                         ">FINAL",  ">LATENCY MS", ">CALLS", ">ERRORS", ">SILENT",
                                         ">BEHIND", ">DISSENTS",   "DETAIL", NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *entry;
    size_t index;

    json_array_foreach(list, index, entry)
    {
        cli_table_cell(table, "%s", json_text_at(entry, "chain"));
        cli_table_cell(table, "%s", json_text_at(entry, "endpoint"));
        cli_table_cell(table, "%s", json_text_at(entry, "state"));
        cli_table_cell(table, "%lld", count_of(entry, "head"));
        cli_table_cell(table, "%lld", count_of(entry, "head_age_s"));
        cli_table_cell(table, "%lld", count_of(entry, "final"));
        cli_table_cell(table, "%.1f", (double)count_of(entry, "latency_us") / 1000.0);
        cli_table_cell(table, "%lld", count_of(entry, "calls"));
        cli_table_cell(table, "%lld", count_of(entry, "errors"));
        cli_table_cell(table, "%lld", count_of(entry, "silences"));
        cli_table_cell(table, "%lld", count_of(entry, "behind"));
        cli_table_cell(table, "%lld", count_of(entry, "dissents"));
        cli_table_cell(table, "%s", json_text_at(entry, "detail"));
    }
    cli_table_print(table);
}

int cli_rpc(int argc, char **argv)
{
    const char *path = NULL;
    const char *seconds = NULL;
    bool json = false;
    const struct cli_option options[] = {{.name = "--config", .value = &path},
                                         {.name = "--seconds", .value = &seconds},
                                         {.name = "--json", .flag = &json},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    struct node_config *config = NULL;
    struct probe *probe = NULL;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    if (arguments.count != 1 || strcmp(arguments.values[0], "status") != 0) {
        cli_say("rpc", "say 'sluice rpc status --config FILE'");
        return EXIT_USAGE;
    }
    if (!look("rpc", path, seconds, &config, &probe, &code)) {
        return code;
    }
    json_t *list = json_array();
    code = EXIT_DONE;
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
            (void)json_array_append_new(list, endpoint_json(config, i, j, probe));
        }
        if (count_verdict(&probe->chains[i], config->chains[i].endpoints_count, PROBE_GOOD) <
            config->chains[i].quorum) {
            code = EXIT_UNREACHABLE;
        }
    }
    if (json) {
        const int printed = cli_print_json(list);
        code = printed == EXIT_DONE ? code : printed;
    } else {
        print_endpoints(list);
        json_decref(list);
    }
    (void)probe_free(probe);
    (void)config_free(config);
    return code;
}
