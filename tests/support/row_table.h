/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/row_table.h: durable rows in memory, as tests of the core need them: copies in
 * order. A row_table is what a store would hold after the last commit. */
#ifndef SLUICE_TESTS_SUPPORT_ROW_TABLE_H
#define SLUICE_TESTS_SUPPORT_ROW_TABLE_H

#include "relay/core/rows.h"

struct row_table;

struct row_table *row_table_new(void);
struct row_table *row_table_free(struct row_table *table); /* accepts NULL, returns NULL */
struct row_source row_table_source(struct row_table *table);
/* Applies a sealed batch, as a commit does. */
void row_table_commit(struct row_table *table, const struct rows *rows, uint64_t generation);
uint32_t row_table_count(const struct row_table *table);
/* Rows whose key begins with `prefix`. */
uint32_t row_table_count_prefix(struct row_table *table, struct bytes prefix);
bool row_tables_equal(const struct row_table *a, const struct row_table *b);
/* The next `count` reads fail with `status`. */
void row_table_fail(struct row_table *table, enum status status, uint32_t count);

#endif
