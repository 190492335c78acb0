/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/cli.h: the verbs of the command line and what they share.
 *
 * Conventions: `sluice <noun> [verb] [options] [arguments]`. Data goes to standard output, talk to
 * standard error. People get tables, programs get JSON with --json: one document, or one per line
 * where a verb says so. Exit codes are those of relay/node/process/exit_codes.h. A message says
 * what was asked, what is wrong and what would help.
 *
 * Threads: one. */
#ifndef SLUICE_RELAY_CLI_CLI_H
#define SLUICE_RELAY_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"
#include "relay/node/process/exit_codes.h"

struct cli_verb {
    const char *name;
    const char *summary; /* one line, for the list */
    const char *usage;   /* for --help: the forms, the options, examples */
    /* argv[0] is the verb's own name. Returns an exit code. */
    int (*run)(int argc, char **argv);
};

/* Every verb, ended by a NULL name (relay/main.c). */
extern const struct cli_verb cli_verbs[];

int cli_run(int argc, char **argv);
int cli_init(int argc, char **argv); /* relay/cli/init.c */
int cli_status(int argc, char **argv);
int cli_top(int argc, char **argv);       /* relay/cli/top.c */
int cli_reference(int argc, char **argv); /* relay/cli/reference.c */
int cli_why(int argc, char **argv);
int cli_plan(int argc, char **argv);
int cli_messages(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_approve(int argc, char **argv);
int cli_mandate(int argc, char **argv); /* relay/cli/mandate.c */
int cli_reject(int argc, char **argv);
int cli_pause(int argc, char **argv);
int cli_resume(int argc, char **argv);
int cli_journal(int argc, char **argv);  /* relay/cli/journal/journal.c */
int cli_replay(int argc, char **argv);   /* relay/cli/journal/replay.c */
int cli_key(int argc, char **argv);      /* relay/cli/key.c */
int cli_ledger(int argc, char **argv);   /* relay/cli/ledger.c */
int cli_solve(int argc, char **argv);    /* relay/cli/solve.c */
int cli_certify(int argc, char **argv);  /* relay/cli/certify.c */
int cli_tool(int argc, char **argv);     /* relay/cli/tool.c */
int cli_explain(int argc, char **argv);  /* relay/cli/explain.c */
int cli_backtest(int argc, char **argv); /* relay/cli/backtest.c */
int cli_journal(int argc, char **argv);  /* relay/cli/journal/journal.c */
int cli_replay(int argc, char **argv);   /* relay/cli/journal/replay.c */
int cli_key(int argc, char **argv);      /* relay/cli/key.c */
int cli_ledger(int argc, char **argv);   /* relay/cli/ledger.c */
int cli_report(int argc, char **argv);   /* relay/cli/report.c */
int cli_solve(int argc, char **argv);    /* relay/cli/solve.c */
int cli_certify(int argc, char **argv);  /* relay/cli/certify.c */
int cli_tool(int argc, char **argv);     /* relay/cli/tool.c */
int cli_doctor(int argc, char **argv);   /* relay/cli/doctor.c */
int cli_rpc(int argc, char **argv);      /* relay/cli/rpc.c */
int cli_explain(int argc, char **argv);  /* relay/cli/explain.c */

/* ---- options ---- */

/* "--name VALUE" (or "--name=VALUE") when `value` is set, else "--name" sets `flag`. */
struct cli_option {
    const char *name; /* with its dashes */
    const char **value;
    bool *flag;
};

#define CLI_ARGUMENTS_MAX 128u

struct cli_arguments {
    const char *values[CLI_ARGUMENTS_MAX];
    size_t count;
};

/* Takes argv apart; options may stand anywhere, "--" ends them. `options` ends with a NULL name.
 * False: it was --help (printed) or a mistake (told); the caller returns *ret_code. */
bool cli_parse(int argc, char **argv, const struct cli_option *options, size_t arguments_max,
               struct cli_arguments *ret_arguments, int *ret_code);

/* A whole number in decimal digits and nothing else. False: it is not, or does not fit. */
bool cli_count(const char *text, uint64_t *ret_count);
/* "2026-11-23" (its beginning), "2026-11-23T01:05:16Z", with a fraction of a second or without.
 * False: it is neither, or not between 1970 and 2500. */
bool cli_time(const char *text, struct instant *ret_at);
/* 0x and 64 digits, or the digits alone. */
bool cli_hash(const char *text, struct hash *ret_hash);

/* "sluice VERB: ..." on standard error. */
void cli_say(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- output ---- */

/* Prints one document and a newline. Takes `value`. Returns EXIT_DONE, or EXIT_TEMPORARY when
 * standard output cannot take it. */
int cli_print_json(json_t *value);

struct cli_table;
/* Titles ended by NULL; a title that starts with '>' is a column of numbers. NULL: no memory. */
struct cli_table *cli_table_new(const char *const *titles);
/* The next cell of the current row (copied); a full row ends by itself. */
void cli_table_cell(struct cli_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes and frees. Accepts NULL. */
void cli_table_write(struct cli_table *table, FILE *out);
void cli_table_print(struct cli_table *table); /* to standard output */
void cli_table_free(struct cli_table *table);  /* accepts NULL */

/* ---- values as people read them; text is valid for the next 15 calls ---- */
const char *cli_hash_text(const struct hash *hash);          /* 0x and 64 digits */
const char *cli_hash_short(const struct hash *hash);         /* 0x12345678… */
const char *cli_address_text(const struct address *address); /* 0x and 40 digits when EVM */
const char *cli_time_text(struct instant at);                /* 2026-11-23T01:05:16Z; - for 0 */
const char *cli_units_text(const struct amount *amount, uint32_t decimals); /* 12.500000 */
const char *cli_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *cli_bytes_text(struct bytes text); /* escaped, cut: words from outside */

#endif
