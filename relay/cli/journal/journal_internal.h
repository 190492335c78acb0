/* SPDX-License-Identifier: Apache-2.0 */
/* relay/cli/journal/journal_internal.h: the verbs of `sluice journal`, one file each
 * (relay/cli/journal/journal.c has the table), and what they share. */
#ifndef SLUICE_RELAY_CLI_JOURNAL_JOURNAL_INTERNAL_H
#define SLUICE_RELAY_CLI_JOURNAL_JOURNAL_INTERNAL_H

#include <stdio.h>

#include "proto/record.h"
#include "relay/cli/cli.h"
#include "relay/core/config.h"
#include "store/journal.h"

/* argv[0] is "journal VERB"; --help was answered already. Each returns an exit code. */
int journal_cli_verify(int argc, char **argv);
int journal_cli_tail(int argc, char **argv);
int journal_cli_show(int argc, char **argv);
int journal_cli_grep(int argc, char **argv);
int journal_cli_stats(int argc, char **argv);
int journal_cli_synth(int argc, char **argv);
int journal_cli_rebuild(int argc, char **argv);
int journal_cli_archive(int argc, char **argv);
int journal_cli_export(int argc, char **argv);
int journal_cli_prove(int argc, char **argv);
int journal_cli_consistency(int argc, char **argv);

/* cli_parse for a verb that wants so many words, DIR first; too few are told. */
bool journal_cli_parse(int argc, char **argv, const struct cli_option *options, size_t words_count,
                       struct cli_arguments *ret_arguments, int *ret_code);

/* Opens the journal at `path` for writing, if there is one: as journal_open_lmdb, but makes none.
 */
MUST_USE enum status journal_cli_open_writing(const char *path, struct journal **ret_journal);
/* Says why a journal cannot be opened for writing, or be written; returns the exit code. */
int journal_cli_refuse(const char *verb, const char *path, enum status status);

/* A whole number in decimal digits. */
bool journal_cli_parse_size(const char *text, uint64_t *ret_size);
/* The whole file, into the buffer's memory. False: it cannot be read, or does not fit. */
bool journal_cli_read_file(const char *path, struct buffer *ret_content);

/* One record: a line for people, or a JSON document on a line. False: it cannot be written. */
bool journal_cli_print(FILE *stream, uint64_t sequence, const struct record *record,
                       const struct core_config *config, bool is_json);

#endif
