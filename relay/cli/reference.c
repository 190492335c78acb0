/* SPDX-License-Identifier: Apache-2.0 */
/* sluice reference: manual pages and completions, made of the table that --help prints, so that
 * they cannot say anything else. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/cli/version.h"

#define PATH_BYTES    1024u
#define WORDS_MAX     96u
#define WORD_BYTES    48u
#define PAGE_BYTES    262144u
#define SECTION_BYTES 4u

/* Words without doubles. */
struct words {
    char list[WORDS_MAX][WORD_BYTES];
    size_t count;
};

static void add_word(struct words *words, const char *text, size_t count)
{
    if (count == 0 || count >= WORD_BYTES || words->count == WORDS_MAX) {
        return;
    }
    for (size_t i = 0; i < words->count; i++) {
        if (strlen(words->list[i]) == count && memcmp(words->list[i], text, count) == 0) {
            return;
        }
    }
    memcpy(words->list[words->count], text, count);
    words->list[words->count][count] = '\0';
    words->count++;
}

static size_t span_of_option(const char *text)
{
    return strspn(text, "-abcdefghijklmnopqrstuvwxyz0123456789");
}

static size_t span_of_word(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz");
}

/* Every "--option" that the usage names. */
static void find_options(const struct cli_verb *verb, struct words *ret_words)
{
    ret_words->count = 0;
    add_word(ret_words, "--help", strlen("--help"));
    for (const char *at = strstr(verb->usage, "--"); at != NULL; at = strstr(at, "--")) {
        const size_t count = span_of_option(at);
        if (count > 2) {
            add_word(ret_words, at, count);
        }
        at += count;
    }
}

/* The words after "sluice VERB" in the forms: "list", "retry | hold | drop"; and the entries of a
 * list of them: two blanks, a word. Upper case stands for something else. */
static void find_actions(const struct cli_verb *verb, struct words *ret_words)
{
    char lead[64];
    const int lead_count = snprintf(lead, sizeof(lead), "sluice %s ", verb->name);

    CHECK(lead_count > 0);
    CHECK((size_t)lead_count < sizeof(lead));
    ret_words->count = 0;
    for (const char *line = verb->usage; line != NULL && *line != '\0';) {
        const char *at = line;
        if (strncmp(line, lead, (size_t)lead_count) == 0) {
            at += lead_count;
        } else if (strncmp(line, "  ", 2) == 0) {
            at += 2;
        }
        for (size_t count = at == line ? 0 : span_of_word(at);
             count > 0 && (at[count] == ' ' || at[count] == '\n'); count = span_of_word(at)) {
            add_word(ret_words, at, count);
            at += count;
            if (strncmp(at, " | ", 3) != 0) {
                break;
            }
            at += 3;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
}

/* ---- manual pages ---- */

/* One line of text as roff takes it: no escape, no request, and a '-' that can be copied. */
static void put_text(FILE *out, const char *text, size_t count)
{
    if (count > 0 && (text[0] == '.' || text[0] == '\'')) {
        (void)fputs("\\&", out);
    }
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '\\') {
            (void)fputs("\\e", out);
        } else if (text[i] == '-') {
            (void)fputs("\\-", out);
        } else {
            (void)fputc(text[i], out);
        }
    }
}

static void put_lines(FILE *out, const char *text)
{
    (void)fputs(".nf\n", out);
    while (*text != '\0') {
        const size_t count = strcspn(text, "\n");
        put_text(out, text, count);
        (void)fputc('\n', out);
        text += count + (text[count] == '\n' ? 1 : 0);
    }
    (void)fputs(".fi\n", out);
}

static void put_upper(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        (void)fputc(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text, out);
    }
}

struct page {
    const char *name;
    const char *section;
    const char *summary;
    const char *synopsis; /* NULL: none */
    const char *text;
};

static void put_head(FILE *out, const struct page *page)
{
    (void)fputs(".\\\" Made by 'sluice reference'.\n.TH ", out);
    put_upper(out, page->name);
    (void)fprintf(out, " %s \"\" \"sluice %s\" \"Sluice\"\n.SH NAME\n", page->section,
                  SLUICE_VERSION);
    put_text(out, page->name, strlen(page->name));
    (void)fputs(" \\- ", out);
    put_text(out, page->summary, strlen(page->summary));
    (void)fputc('\n', out);
}

static void put_page(FILE *out, const struct page *page)
{
    put_head(out, page);
    if (page->synopsis != NULL) {
        (void)fputs(".SH SYNOPSIS\n", out);
        put_lines(out, page->synopsis);
    }
    (void)fputs(".SH DESCRIPTION\n", out);
    put_lines(out, page->text);
    (void)fputs(".SH SEE ALSO\n.BR sluice (1),\n.BR sluice\\-signer (8),\n.BR sluice.yaml (5)\n",
                out);
}

/* The forms end with the first empty line. */
static void put_verb_page(FILE *out, const struct cli_verb *verb)
{
    const char *end = strstr(verb->usage, "\n\n");
    char name[64];
    char *synopsis =
        end == NULL ? strdup(verb->usage) : strndup(verb->usage, (size_t)(end - verb->usage));

    CHECK(synopsis != NULL);
    (void)snprintf(name, sizeof(name), "sluice-%s", verb->name);
    put_page(out, &(struct page){.name = name,
                                 .section = "1",
                                 .summary = verb->summary,
                                 .synopsis = synopsis,
                                 .text = end == NULL ? "" : end + 2});
    free(synopsis);
}

static void put_main_page(FILE *out)
{
    const struct page page = {.name = "sluice",
                              .section = "1",
                              .summary =
                                  "relays bridge messages, moves capital, journals everything"};

    put_head(out, &page);
    (void)fputs(".SH SYNOPSIS\n.B sluice\n.I VERB\n[options] [arguments]\n.SH DESCRIPTION\n"
                "Each verb has a page of its own.\n",
                out);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        (void)fprintf(out, ".TP\n.BR sluice\\-%s (1)\n", verb->name);
        put_text(out, verb->summary, strlen(verb->summary));
        (void)fputc('\n', out);
    }
    (void)fputs(
        ".SH EXIT STATUS\n0 done; 1 a negative answer; 2 usage or configuration; 3 something "
        "cannot be reached; 4 refused by policy; 5 integrity violation; 6 somebody else "
        "holds it; 75 try again later.\n"
        ".SH FILES\n.TP\n/etc/sluice/sluice.yaml\nthe node's configuration\n"
        ".TP\n/var/lib/sluice\nits journal\n"
        ".SH SEE ALSO\n.BR sluice\\-signer (8),\n.BR sluice.yaml (5)\n",
        out);
}

static FILE *open_page(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    const int count = snprintf(path, sizeof(path), "%s/%s.1", folder, name);
    FILE *out = count < 0 || (size_t)count >= sizeof(path) ? NULL : fopen(path, "we");

    if (out == NULL) {
        cli_say("reference", "%s: cannot be written: %s", path, strerror(errno));
    }
    return out;
}

static int end_page(FILE *out)
{
    const bool failed = ferror(out) != 0;

    return fclose(out) == 0 && !failed ? EXIT_DONE : EXIT_TEMPORARY;
}

static int write_pages(const char *folder)
{
    FILE *out = open_page(folder, "sluice");
    int code = EXIT_TEMPORARY;

    if (out == NULL) {
        return EXIT_USAGE;
    }
    put_main_page(out);
    code = end_page(out);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL && code == EXIT_DONE; verb++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "sluice-%s", verb->name);
        out = open_page(folder, name);
        if (out == NULL) {
            return EXIT_USAGE;
        }
        put_verb_page(out, verb);
        code = end_page(out);
    }
    return code;
}

/* A page of what stands on standard input: another program's --help, an example file. */
static int print_page(const struct cli_arguments *arguments)
{
    static char text[PAGE_BYTES];

    if (arguments->count != 4 || strlen(arguments->values[2]) >= SECTION_BYTES) {
        cli_say("reference", "say 'sluice reference page NAME SECTION SUMMARY < TEXT'");
        return EXIT_USAGE;
    }
    const size_t count = fread(text, 1, sizeof(text), stdin);
    if (count == 0 || count == sizeof(text)) {
        cli_say("reference", "standard input must hold a text of less than %u bytes", PAGE_BYTES);
        return EXIT_USAGE;
    }
    text[count] = '\0';
    put_page(stdout, &(struct page){.name = arguments->values[1],
                                    .section = arguments->values[2],
                                    .summary = arguments->values[3],
                                    .text = text});
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
}

/* ---- completions ---- */

static void put_words(const struct words *words, const char *between, FILE *out)
{
    for (size_t i = 0; i < words->count; i++) {
        (void)fprintf(out, "%s%s", i == 0 ? "" : between, words->list[i]);
    }
}

static void put_verbs(FILE *out)
{
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        (void)fprintf(out, "%s%s", verb == cli_verbs ? "" : " ", verb->name);
    }
}

static void put_bash(FILE *out)
{
    struct words words;

    (void)fputs("# Made by 'sluice reference'.\n_sluice() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]:-} actions='' "
                "options='--help'\n"
                "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W '",
                out);
    put_verbs(out);
    (void)fputs(" --help --version' -- \"$word\")\n        return\n    fi\n    case $verb in\n",
                out);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        find_actions(verb, &words);
        (void)fprintf(out, "    %s)\n        actions='", verb->name);
        put_words(&words, " ", out);
        find_options(verb, &words);
        (void)fputs("'\n        options='", out);
        put_words(&words, " ", out);
        (void)fputs("'\n        ;;\n", out);
    }
    (void)fputs("    esac\n"
                "    if [[ $word == -* ]]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
                "    elif [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$actions\" ]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$actions\" -- \"$word\")\n"
                "    fi\n"
                "}\n"
                "complete -o default -F _sluice sluice\n",
                out);
}

static void put_zsh(FILE *out)
{
    struct words words;

    (void)fputs("#compdef sluice\n# Made by 'sluice reference'.\n_sluice() {\n"
                "    local -a verbs=(",
                out);
    put_verbs(out);
    (void)fputs(")\n    if (( CURRENT == 2 )); then\n        compadd -- $verbs\n        return\n"
                "    fi\n    local -a actions=() options=(--help)\n    case $words[2] in\n",
                out);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        find_actions(verb, &words);
        (void)fprintf(out, "    %s) actions=(", verb->name);
        put_words(&words, " ", out);
        find_options(verb, &words);
        (void)fputs("); options=(", out);
        put_words(&words, " ", out);
        (void)fputs(") ;;\n", out);
    }
    (void)fputs("    esac\n    if [[ $PREFIX == -* ]]; then\n        compadd -- $options\n"
                "    elif (( CURRENT == 3 && $#actions )); then\n        compadd -- $actions\n"
                "    else\n        _files\n    fi\n}\n_sluice \"$@\"\n",
                out);
}

static void put_fish(FILE *out)
{
    struct words words;

    (void)fputs("# Made by 'sluice reference'.\n", out);
    for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++) {
        (void)fprintf(out, "complete -c sluice -n __fish_use_subcommand -a %s\n", verb->name);
        find_actions(verb, &words);
        if (words.count > 0) {
            (void)fprintf(out, "complete -c sluice -n '__fish_seen_subcommand_from %s' -a '",
                          verb->name);
            put_words(&words, " ", out);
            (void)fputs("'\n", out);
        }
        find_options(verb, &words);
        for (size_t i = 0; i < words.count; i++) {
            (void)fprintf(out, "complete -c sluice -n '__fish_seen_subcommand_from %s' -l %s\n",
                          verb->name, words.list[i] + 2);
        }
    }
}

static int print_completion(const char *shell)
{
    static const struct {
        const char *shell;
        void (*put)(FILE *out);
    } shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};

    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(shells[i].shell, shell) == 0) {
            shells[i].put(stdout);
            return fflush(stdout) == 0 ? EXIT_DONE : EXIT_TEMPORARY;
        }
    }
    cli_say("reference", "there are completions for bash, zsh and fish");
    return EXIT_USAGE;
}

int cli_reference(int argc, char **argv)
{
    const struct cli_option options[] = {{.name = NULL}};
    struct cli_arguments arguments;
    int code = EXIT_USAGE;

    if (!cli_parse(argc, argv, options, 4, &arguments, &code)) {
        return code;
    }
    if (arguments.count == 2 && strcmp(arguments.values[0], "man") == 0) {
        return write_pages(arguments.values[1]);
    }
    if (arguments.count == 2 && strcmp(arguments.values[0], "completion") == 0) {
        return print_completion(arguments.values[1]);
    }
    if (arguments.count > 0 && strcmp(arguments.values[0], "page") == 0) {
        return print_page(&arguments);
    }
    cli_say("reference", "say 'sluice reference man DIR' or 'sluice reference completion SHELL'");
    return EXIT_USAGE;
}
