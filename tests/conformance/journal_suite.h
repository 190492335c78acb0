/* SPDX-License-Identifier: Apache-2.0 */
/* tests/conformance/journal_suite.h: what the suites of journals share: one journal per test, short
 * words for what is put into it, assertions on what is read. */
#ifndef SLUICE_TESTS_CONFORMANCE_JOURNAL_SUITE_H
#define SLUICE_TESTS_CONFORMANCE_JOURNAL_SUITE_H

#include "store/journal.h"
#include "tests/support/folder.h"
#include "tests/support/unit.h"

struct suite {
    bool is_lmdb;
    struct folder folder;
    char path[300];
    struct journal *journal;
};

struct journal_options options_of(const struct suite *suite);
void suite_open(struct suite *suite);
int set_up_lmdb(void **state);
int set_up_memory(void **state);
int tear_down(void **state);

#define EVERY(test, backend) cmocka_unit_test_setup_teardown(test, set_up_##backend, tear_down)

struct bytes text(const char *words);
struct journal_change put(const char *key, const char *value);
struct journal_change removal(const char *key);
/* Commits and returns the head. */
uint64_t commit(struct journal *journal, const struct journal_batch *batch);
uint64_t commit_record(struct journal *journal, const char *words);
void commit_change(struct journal *journal, struct journal_change change);
struct journal_reader *reader_of(struct journal *journal);
/* NULL: there must be none. */
void assert_row(struct journal_reader *reader, const char *key, const char *expected);
void assert_record(struct journal_reader *reader, uint64_t sequence, const char *expected);
/* Reads the blob that has these words. */
enum status read_blob(struct journal_reader *reader, const char *words, struct bytes *ret_blob);

#endif
