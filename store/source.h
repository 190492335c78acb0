/* SPDX-License-Identifier: Apache-2.0 */
/* store/source.h: opening whatever holds a journal, to read it.
 *
 * Tools that only read take a path and do not ask what is there. What can be there:
 *   a directory of a node, live or not, or a copy of one: LMDB, with records, rows, blobs and tree;
 *   an exported log (store/log/published.h), told by its file `checkpoint`: records, blobs and
 * tree.
 *
 * A live directory: a reader is a snapshot in LMDB's lock file. It never stops the writer, which
 * clears readers that died when it opens the directory and every 256 commits.
 *
 * A directory that may not be written (read-only media, another user's): LMDB cannot register a
 * reader in its lock file, so it is read without (MDB_NOLOCK). That is safe only while nobody
 * writes, because a writer would reuse pages under our eyes. So a shared lock on writer.lock is
 * held meanwhile, which keeps a writer on the same machine out; where the file is missing too, as
 * in a copy of data.mdb alone, nobody is writing. If a writer holds it: STATUS_BUSY, copy it first.
 *
 * Threads, ownership: as in store/journal.h. */
#ifndef SLUICE_STORE_SOURCE_H
#define SLUICE_STORE_SOURCE_H

#include "store/journal.h"

/* Opens `path` for reading; the caller owns the journal. Statuses as journal_open_lmdb for reading.
 */
MUST_USE enum status journal_open_source(const char *path, struct journal **ret_journal);

/* False: it holds records alone. Reading a row is then STATUS_UNSUPPORTED, and rows are made by
 * running the core over the records (relay/node/driver/replay.h). */
bool journal_has_rows(const struct journal *journal);

#endif
