/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a journal's directory: who may write, LMDB's environment, the format. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/durable.h"
#include "store/lmdb_internal.h"

#define DATABASES_MAX 8u /* six now */
/* Of lock.mdb: a header and 64 bytes for each reader, in whole pages. */
#define LOCK_FILE_BYTES ((off_t)(2 * JOURNAL_READERS_MAX * 64 + 8191) / 4096 * 4096)

static const char format_key[] = "format";

enum status lmdb_status(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return STATUS_OK;
    case MDB_NOTFOUND:
        return STATUS_NOT_FOUND;
    case MDB_MAP_FULL:
        return STATUS_NO_SPACE;
    case MDB_TXN_FULL:
        return STATUS_NO_MEMORY;
    case MDB_READERS_FULL:
        return STATUS_FULL;
    case MDB_VERSION_MISMATCH:
        return STATUS_VERSION;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_DBI:
        return STATUS_CORRUPT;
    default: /* an errno value; not an enum */
        return status_from_errno(rc);
    }
}

/* The number at one end of `records`; 0 when there is none. */
static int load_end(MDB_txn *txn, MDB_dbi records, MDB_cursor_op end, uint64_t *ret_sequence)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    uint64_t sequence = 0;
    int rc = mdb_cursor_open(txn, records, &cursor);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_cursor_get(cursor, &key, &value, end);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND) {
        *ret_sequence = 0;
        return MDB_SUCCESS;
    }
    if (rc == MDB_SUCCESS && key.mv_size != 8) {
        return MDB_CORRUPTED;
    }
    for (unsigned i = 0; i < 8 && rc == MDB_SUCCESS; i++) {
        sequence = sequence << 8 | ((const uint8_t *)key.mv_data)[i];
    }
    if (rc == MDB_SUCCESS) {
        *ret_sequence = sequence;
    }
    return rc;
}

int lmdb_load_head(MDB_txn *txn, MDB_dbi records, uint64_t *ret_head)
{
    return load_end(txn, records, MDB_LAST, ret_head);
}

int lmdb_load_archived(MDB_txn *txn, MDB_dbi records, uint64_t *ret_archived)
{
    uint64_t first = 0;
    const int rc = load_end(txn, records, MDB_FIRST, &first);

    if (rc == MDB_SUCCESS) {
        *ret_archived = first == 0 ? 0 : first - 1;
    }
    return rc;
}

/* STATUS_CORRUPT: an LMDB file of somebody else. */
static int check_format(struct lmdb_journal *journal, MDB_txn *txn)
{
    MDB_val key = {.mv_size = sizeof(format_key) - 1, .mv_data = (void *)format_key};
    MDB_val value;
    const int rc = mdb_get(txn, journal->meta, &key, &value);

    if (rc == MDB_NOTFOUND || (rc == MDB_SUCCESS && value.mv_size != 4)) {
        return MDB_CORRUPTED;
    }
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    const uint8_t *bytes = value.mv_data;
    const uint32_t version =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    journal->has_tree = version != LMDB_FORMAT_WITHOUT_TREE;
    return version >= LMDB_FORMAT_WITHOUT_TREE && version <= LMDB_FORMAT_WITH_ARCHIVE
               ? MDB_SUCCESS
               : MDB_VERSION_MISMATCH;
}

int lmdb_write_format(struct lmdb_journal *journal, MDB_txn *txn, enum lmdb_format format)
{
    uint8_t bytes[4] = {0, 0, 0, (uint8_t)format};
    MDB_val key = {.mv_size = sizeof(format_key) - 1, .mv_data = (void *)format_key};
    MDB_val value = {.mv_size = sizeof(bytes), .mv_data = bytes};

    return mdb_put(txn, journal->meta, &key, &value, 0);
}

static int open_databases(struct lmdb_journal *journal, MDB_txn *txn, unsigned flags)
{
    int rc = mdb_dbi_open(txn, "meta", flags, &journal->meta);

    if (rc == MDB_SUCCESS) {
        rc = mdb_dbi_open(txn, "records", flags, &journal->records);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_dbi_open(txn, "rows", flags, &journal->rows);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_dbi_open(txn, "blobs", flags, &journal->blobs);
    }
    return rc;
}

/* The databases of a journal that exists. MDB_NOTFOUND: the environment is empty. */
static int load_databases(struct lmdb_journal *journal)
{
    MDB_txn *txn = NULL;
    MDB_dbi main;
    MDB_stat stat;
    int rc = mdb_txn_begin(journal->env, NULL, MDB_RDONLY, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = open_databases(journal, txn, 0);
    if (rc == MDB_NOTFOUND) {
        const bool is_empty = mdb_dbi_open(txn, NULL, 0, &main) == MDB_SUCCESS &&
                              mdb_stat(txn, main, &stat) == MDB_SUCCESS && stat.ms_entries == 0;
        rc = is_empty ? MDB_NOTFOUND : MDB_CORRUPTED;
    }
    if (rc == MDB_SUCCESS) {
        rc = check_format(journal, txn);
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_load_head(txn, journal->records, &journal->head);
    }
    if (rc == MDB_SUCCESS && journal->has_tree) {
        rc = mdb_dbi_open(txn, "tree", 0, &journal->tree);
        rc = rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_load_checkpoints(journal, txn);
    }
    if (rc == MDB_SUCCESS && journal->has_tree && !journal->base.read_only) {
        rc = lmdb_load_frontier(journal, txn);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn); /* keeps the database handles */
}

static int create_databases(struct lmdb_journal *journal, MDB_env *env)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, 0, &txn);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = open_databases(journal, txn, MDB_CREATE);
    if (rc == MDB_SUCCESS) {
        rc = mdb_dbi_open(txn, "tree", MDB_CREATE, &journal->tree);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_dbi_open(txn, "checkpoints", MDB_CREATE, &journal->checkpoints);
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_write_format(journal, txn, LMDB_FORMAT);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc;
    }
    journal->head = 0;
    journal->frontier = (struct tree_frontier){.size = 0};
    journal->has_tree = true;
    journal->has_checkpoints = true;
    return mdb_txn_commit(txn);
}

/* LMDB writes to its lock file through a mapping: on a full disk that is SIGBUS, not an error. So
 * its room is taken before. An errno value. */
static int reserve_lock_file(const char *path)
{
    char file[4096];
    struct stat state;
    const int length = snprintf(file, sizeof(file), "%s/lock.mdb", path);
    int rc = 0;

    if (length < 0 || (size_t)length >= sizeof(file)) {
        return ENAMETOOLONG;
    }
    /* Before LMDB locks it: closing a descriptor gives up all locks of the process on the file. */
    const int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &state) != 0) {
        rc = errno;
    } else if (state.st_size < LOCK_FILE_BYTES) {
        rc = posix_fallocate(fd, 0, LOCK_FILE_BYTES);
    }
    (void)close(fd);
    return rc;
}

int lmdb_open_environment(struct lmdb_journal *journal)
{
    int dead_count = 0;
    int rc = mdb_env_create(&journal->env);

    if (rc != MDB_SUCCESS) {
        journal->env = NULL;
        return rc;
    }
    rc = mdb_env_set_maxdbs(journal->env, DATABASES_MAX);
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_set_maxreaders(journal->env, 2 * JOURNAL_READERS_MAX);
    }
    if (rc == MDB_SUCCESS && !journal->base.read_only) {
        rc = mdb_env_set_mapsize(journal->env, journal->map_bytes);
    }
    if (rc == MDB_SUCCESS && !journal->base.read_only) {
        rc = reserve_lock_file(journal->path);
    }
    if (rc == MDB_SUCCESS) {
        /* Neither MDB_NOSYNC nor MDB_WRITEMAP: promise 2 rests on the sync inside commit, and a
         * stray pointer must not reach the file. */
        rc = mdb_env_open(journal->env, journal->path, journal->env_flags, 0600);
    }
    if (rc == MDB_SUCCESS && (journal->env_flags & MDB_NOLOCK) == 0) {
        rc = mdb_reader_check(journal->env, &dead_count);
    }
    if (rc == MDB_SUCCESS) {
        rc = load_databases(journal);
    }
    if (rc == MDB_NOTFOUND && !journal->base.read_only) {
        rc = create_databases(journal, journal->env);
    }
    if (rc != MDB_SUCCESS) {
        /* Also after a failed open, says LMDB. */
        mdb_env_close(journal->env);
        journal->env = NULL;
    }
    return rc;
}

static enum status lock_path(const char *path, char *ret_path, size_t capacity)
{
    const int length = snprintf(ret_path, capacity, "%s/writer.lock", path);

    return length > 0 && (size_t)length < capacity ? STATUS_OK : STATUS_MALFORMED;
}

/* Takes writer.lock, so that nobody else writes, and leaves our process id in it for messages. */
static enum status take_writer_lock(struct lmdb_journal *journal)
{
    char path[4096];
    char text[32];

    if (lock_path(journal->path, path, sizeof(path)) != STATUS_OK) {
        return STATUS_IO;
    }
    journal->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->lock_fd < 0) {
        return lmdb_status(errno);
    }
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? STATUS_BUSY : STATUS_IO;
    }
    const int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    /* A full disk may refuse the number; the lock holds without it. */
    if (ftruncate(journal->lock_fd, 0) != 0 ||
        pwrite(journal->lock_fd, text, (size_t)length, 0) != length) {
        (void)ftruncate(journal->lock_fd, 0);
    }
    return STATUS_OK;
}

/* LMDB cannot lock because this user may not write its lock file. Without it a writer could reuse
 * pages under our eyes: allowed only while nobody writes, and nobody may begin before we end. */
static enum status take_unlocked_reading(struct lmdb_journal *journal)
{
    char path[4096];

    if (lock_path(journal->path, path, sizeof(path)) != STATUS_OK) {
        return STATUS_IO;
    }
    journal->lock_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (journal->lock_fd < 0 && errno != ENOENT) {
        return STATUS_IO;
    }
    if (journal->lock_fd >= 0 && flock(journal->lock_fd, LOCK_SH | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? STATUS_BUSY : STATUS_IO;
    }
    journal->env_flags |= MDB_NOLOCK;
    return STATUS_OK;
}

long journal_writer_pid(const char *path)
{
    char lock[4096];
    char text[32] = {0};
    long pid = 0;

    if (lock_path(path, lock, sizeof(lock)) != STATUS_OK) {
        return 0;
    }
    const int fd = open(lock, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK &&
        read(fd, text, sizeof(text) - 1) > 0) {
        for (size_t i = 0; i < 10 && text[i] >= '0' && text[i] <= '9'; i++) {
            pid = pid * 10 + (text[i] - '0');
        }
    }
    (void)close(fd); /* nothing was written */
    return pid;
}

/* Makes the names of new files durable. An errno value. */
int lmdb_sync_directory(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return errno;
    }
    const int rc = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd); /* nothing was written */
    return rc;
}

/* The directory's own name. It is synced at every start: who made it may have died before. A folder
 * above that we may not open is none in which we made a name. */
static int sync_parent(const char *path)
{
    char parent[4096];
    const int length = snprintf(parent, sizeof(parent), "%s/..", path);

    if (length < 0 || (size_t)length >= sizeof(parent)) {
        return ENAMETOOLONG;
    }
    const int rc = lmdb_sync_directory(parent);
    return rc == EACCES || rc == EPERM ? 0 : rc;
}

/* Writes a whole empty journal to `path`; it is durable, its name is not. */
static int create_file(struct lmdb_journal *journal, const char *path)
{
    MDB_env *env = NULL;
    int rc = mdb_env_create(&env);

    if (rc != MDB_SUCCESS) {
        return rc;
    }
    rc = mdb_env_set_maxdbs(env, DATABASES_MAX);
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_set_mapsize(env, journal->map_bytes);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    }
    if (rc == MDB_SUCCESS) {
        rc = create_databases(journal, env);
    }
    mdb_env_close(env);
    return rc;
}

/* A journal whose making was cut short, by a kill or by loss of power, must not look like a damaged
 * one: it is made under another name and gets its own when it is whole. */
static int create_journal(struct lmdb_journal *journal)
{
    char fresh[4096];
    char data[4096];
    const int fresh_length = snprintf(fresh, sizeof(fresh), "%s/data.new", journal->path);
    const int data_length = snprintf(data, sizeof(data), "%s/data.mdb", journal->path);

    if (fresh_length < 0 || (size_t)fresh_length >= sizeof(fresh) || data_length < 0) {
        return ENAMETOOLONG;
    }
    if (access(data, F_OK) == 0) {
        return MDB_SUCCESS;
    }
    if (errno != ENOENT || (unlink(fresh) != 0 && errno != ENOENT)) {
        return errno;
    }
    const int rc = create_file(journal, fresh);
    if (rc != MDB_SUCCESS) {
        (void)unlink(fresh); /* the next start does it otherwise */
        return rc;
    }
    return rename(fresh, data) == 0 ? MDB_SUCCESS : errno; /* open_writer syncs its name */
}

static enum status open_writer(struct lmdb_journal *journal)
{
    if (mkdir(journal->path, 0700) != 0 && errno != EEXIST) {
        return lmdb_status(errno);
    }
    const enum status status = take_writer_lock(journal);
    if (status != STATUS_OK) {
        return status;
    }
    int rc = sync_parent(journal->path);
    if (rc == MDB_SUCCESS) {
        rc = create_journal(journal);
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_keep_reserve(journal);
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_open_environment(journal);
    }
    if (rc == MDB_SUCCESS && !journal->has_tree) {
        rc = lmdb_add_tree(journal);
    }
    if (rc == MDB_SUCCESS && !journal->has_checkpoints) {
        rc = lmdb_add_checkpoints(journal);
    }
    return lmdb_status(rc == MDB_SUCCESS ? lmdb_sync_directory(journal->path) : rc);
}

static enum status open_reader(struct lmdb_journal *journal)
{
    journal->env_flags |= MDB_RDONLY;
    int rc = lmdb_open_environment(journal);
    if (rc == EACCES || rc == EPERM || rc == EROFS) {
        const enum status status = take_unlocked_reading(journal);
        if (status != STATUS_OK) {
            return status;
        }
        rc = lmdb_open_environment(journal);
    }
    /* For who only reads, "may not" is about reading. */
    return rc == EACCES || rc == EPERM || rc == EROFS ? STATUS_IO : lmdb_status(rc);
}

static size_t whole_pages(size_t bytes_count)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (bytes_count + page - 1) / page * page;
}

static struct lmdb_journal *journal_new(const struct journal_options *options)
{
    struct lmdb_journal *journal = calloc(1, sizeof(*journal));
    pthread_rwlockattr_t attributes;

    if (journal == NULL) {
        return NULL;
    }
    journal->base = (struct journal){.ops = &lmdb_ops, .read_only = options->read_only};
    journal->path = strdup(options->path);
    journal->env_flags = MDB_NOTLS | MDB_NORDAHEAD;
    journal->map_bytes_max =
        options->map_bytes_max == 0 ? JOURNAL_MAP_BYTES_MAX : options->map_bytes_max;
    journal->map_bytes = options->map_bytes == 0 ? JOURNAL_MAP_BYTES : options->map_bytes;
    journal->map_bytes_max = whole_pages(journal->map_bytes_max);
    journal->map_bytes = whole_pages(journal->map_bytes);
    if (journal->map_bytes > journal->map_bytes_max) {
        journal->map_bytes = journal->map_bytes_max;
    }
    journal->reserve_bytes =
        options->reserve_bytes == 0 ? JOURNAL_RESERVE_BYTES : options->reserve_bytes;
    journal->lock_fd = -1;
    CHECK(pthread_rwlockattr_init(&attributes) == 0);
    /* Growing must not starve behind a busy reader. */
    CHECK(pthread_rwlockattr_setkind_np(&attributes,
                                        PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0);
    CHECK(pthread_rwlock_init(&journal->gate, &attributes) == 0);
    CHECK(pthread_rwlockattr_destroy(&attributes) == 0);
    return journal;
}

enum status journal_open_lmdb(const struct journal_options *options, struct journal **ret_journal)
{
    CHECK(options->path != NULL);

    struct lmdb_journal *journal = journal_new(options);
    enum status status = STATUS_NO_MEMORY;

    if (journal != NULL && journal->path != NULL) {
        status = options->read_only ? open_reader(journal) : open_writer(journal);
    }
    if (status != STATUS_OK) {
        journal_close(journal == NULL ? NULL : &journal->base);
        return status;
    }
    *ret_journal = &journal->base;
    return STATUS_OK;
}

void lmdb_close(struct journal *base)
{
    struct lmdb_journal *journal = lmdb_of(base);

    CHECK(journal->readers == NULL);
    if (journal->env != NULL) {
        mdb_env_close(journal->env);
    }
    if (journal->lock_fd >= 0) {
        (void)close(journal->lock_fd); /* lets the lock go; its content does not matter */
    }
    CHECK(pthread_rwlock_destroy(&journal->gate) == 0);
    free(journal->path);
    free(journal);
}
