/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/map_full.h: LMDB's map is full when a test says so.
 *
 * A program that links sluice_test_map_full has those of LMDB's calls replaced that can say
 * MDB_MAP_FULL: mdb_put, mdb_del, mdb_cursor_del, mdb_dbi_open when it makes a database, and
 * mdb_txn_commit of a transaction that writes, which ends it. Threads: one. */
#ifndef SLUICE_TESTS_SUPPORT_MAP_FULL_H
#define SLUICE_TESTS_SUPPORT_MAP_FULL_H

#include <stdbool.h>
#include <stdint.h>

#define MAP_FULL_FOREVER UINT64_MAX

/* The call after `calls` more says it, and `count` of them in all. */
void map_full_at(uint64_t calls, uint64_t count);
/* Ends it. True: one has said it. */
bool map_full_heal(void);

#endif
