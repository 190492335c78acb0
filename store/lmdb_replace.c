/* SPDX-License-Identifier: Apache-2.0 */
/* Putting one journal's file in the place of another's. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "store/lmdb_internal.h"

#define PATH_BYTES_MAX 4096u

static enum status path_of(const char *folder, const char *name, char ret_path[PATH_BYTES_MAX])
{
    const int length = snprintf(ret_path, PATH_BYTES_MAX, "%s/%s", folder, name);

    return length > 0 && (size_t)length < PATH_BYTES_MAX ? STATUS_OK : STATUS_IO;
}

static enum status remove_file(const char *folder, const char *name)
{
    char path[PATH_BYTES_MAX];

    if (path_of(folder, name, path) != STATUS_OK) {
        return STATUS_IO;
    }
    return unlink(path) == 0 || errno == ENOENT ? STATUS_OK : lmdb_status(errno);
}

enum status journal_remove_lmdb(const char *path)
{
    static const char *const names[] = {"data.mdb", "data.new",    "lock.mdb",
                                        "reserve",  "writer.lock", "space.probe"};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == STATUS_OK; i++) {
        status = remove_file(path, names[i]);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return rmdir(path) == 0 || errno == ENOENT ? STATUS_OK : lmdb_status(errno);
}

/* LMDB's lock file belongs to the data file beside it: it knows its last transaction. A process
 * that still reads the old file keeps both, under no name. */
static enum status replace(const struct lmdb_journal *journal, const char *path)
{
    char from[PATH_BYTES_MAX];
    char to[PATH_BYTES_MAX];
    enum status status = path_of(path, "data.mdb", from);

    if (status == STATUS_OK) {
        status = path_of(journal->path, "data.mdb", to);
    }
    if (status == STATUS_OK) {
        status = remove_file(journal->path, "lock.mdb");
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (rename(from, to) != 0) {
        return lmdb_status(errno);
    }
    status = remove_file(journal->path, "lock.mdb"); /* who opened it meanwhile has the old file */
    const enum status synced = lmdb_status(lmdb_sync_directory(journal->path));
    return status == STATUS_OK ? synced : status;
}

enum status journal_replace_lmdb(struct journal *base, const char *path)
{
    struct lmdb_journal *journal = lmdb_of(base);

    CHECK(!base->read_only);
    CHECK(journal->readers == NULL);
    if (journal->env != NULL) {
        mdb_env_close(journal->env);
        journal->env = NULL;
    }
    /* writer.lock is still ours: no node begins in between. */
    const enum status status = replace(journal, path);
    journal_close(base);
    return status;
}
