/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/row_store.h: durable rows in memory, for tests that need a struct row_source and no
 * journal. Out of memory stops the test. */
#ifndef SLUICE_TESTS_SUPPORT_ROW_STORE_H
#define SLUICE_TESTS_SUPPORT_ROW_STORE_H

#include "relay/core/rows.h"

struct row_store;

struct row_store *row_store_new(void);
/* Accepts NULL, returns NULL. */
struct row_store *row_store_free(struct row_store *store);
void row_store_apply(struct row_store *store, const struct row_change *change);
/* Results are borrowed until the next change. */
struct row_source row_store_source(struct row_store *store);

#endif
