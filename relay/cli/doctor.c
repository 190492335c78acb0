/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice doctor`: uses the configuration for a few seconds as a node would, and says what it found
 * and what to do about it. */
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
#include "relay/cli/look.h"
#include "store/source.h"

#define AGE_S_MAX      300u /* of a head: more, and the chain stands or its endpoints do */
#define SKEW_S_MAX     15u  /* a head from the future: our clock, or theirs */
#define DISK_BYTES_MIN ((uint64_t)1 << 30)
#define FINDINGS_MAX   (8u * CHAINS_MAX + 16u)
#define TEXT_BYTES     224u

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

static void look_at_endpoints(struct report *report, const struct node_chain *config,
                              const char *name, const struct probe_chain *chain)
{
    const uint32_t good = look_count(chain, config->endpoints_count, PROBE_GOOD);
    const uint32_t wrong = look_count(chain, config->endpoints_count, PROBE_WRONG);
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
    const enum grade alike = chain->everyone_agrees ? GRADE_PASS : GRADE_WARN;
    find(report, chain->dissents_count > 0 ? GRADE_FAIL : alike, EXIT_INTEGRITY, name, "agreement",
         chain->dissents_count > 0 ? "find out who is right before this chain is used"
                                   : "one that is silent holds back values above 'large'",
         "%u contradictions, %s", chain->dissents_count,
         chain->everyone_agrees ? "all name the same tree" : "not all could be compared");
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
    if (look_count(chain, shell->endpoints_count, PROBE_GOOD) < shell->quorum) {
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

int cli_doctor(int argc, char **argv)
{
    struct cli_arguments arguments;
    struct look look;
    int code = EXIT_USAGE;

    if (!look_parse(argc, argv, 0, &arguments, &look, &code) || !look_run(&look, "doctor", &code)) {
        return code;
    }
    struct report *report = calloc(1, sizeof(*report));
    code = EXIT_TEMPORARY;
    if (report != NULL) {
        look_at_disk(report, look.config);
        look_at_journal(report, look.config);
        look_at_signer(report, look.config);
        for (uint32_t i = 0; i < look.config->core.chains_count; i++) {
            look_at_chain(report, look.config, i, look.probe);
        }
        code = print_report(report, look.json);
    }
    free(report);
    look_end(&look);
    return code;
}
