/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/map_full.h"

#include <dlfcn.h>
#include <lmdb.h>
#include <stddef.h>
#include <string.h>

static bool is_armed;
static bool has_struck;
static uint64_t calls_left;
static uint64_t failures_left;
static unsigned depth;         /* LMDB's calls use each other: the outermost one counts */
static const MDB_txn *readers; /* the last transaction that only reads */

/* LMDB's own function behind one of ours. ISO C has no cast from data to function. */
#define REAL(name)                                                                                 \
    static __typeof__(&(name)) real;                                                               \
    if (real == NULL) {                                                                            \
        void *found = dlsym(RTLD_NEXT, #name);                                                     \
        memcpy(&real, &found, sizeof(real));                                                       \
    }

void map_full_at(uint64_t calls, uint64_t count)
{
    calls_left = calls;
    failures_left = count;
    has_struck = false;
    is_armed = true;
}

bool map_full_heal(void)
{
    is_armed = false;
    return has_struck;
}

static bool is_full_now(void)
{
    if (!is_armed || failures_left == 0 || depth > 0) {
        return false;
    }
    if (calls_left > 0) {
        calls_left--;
        return false;
    }
    failures_left--;
    has_struck = true;
    return true;
}

int mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned int flags)
{
    REAL(mdb_put)
    if (is_full_now()) {
        return MDB_MAP_FULL;
    }
    depth++;
    const int rc = real(txn, dbi, key, data, flags);
    depth--;
    return rc;
}

int mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    REAL(mdb_del)
    if (is_full_now()) {
        return MDB_MAP_FULL;
    }
    depth++;
    const int rc = real(txn, dbi, key, data);
    depth--;
    return rc;
}

int mdb_cursor_del(MDB_cursor *cursor, unsigned int flags)
{
    REAL(mdb_cursor_del)
    if (is_full_now()) {
        return MDB_MAP_FULL;
    }
    depth++;
    const int rc = real(cursor, flags);
    depth--;
    return rc;
}

int mdb_dbi_open(MDB_txn *txn, const char *name, unsigned int flags, MDB_dbi *dbi)
{
    REAL(mdb_dbi_open)
    if ((flags & MDB_CREATE) != 0 && is_full_now()) {
        return MDB_MAP_FULL;
    }
    depth++;
    const int rc = real(txn, name, flags, dbi);
    depth--;
    return rc;
}

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags, MDB_txn **txn)
{
    REAL(mdb_txn_begin)
    const int rc = real(env, parent, flags, txn);

    if (rc == MDB_SUCCESS && (flags & MDB_RDONLY) != 0) {
        readers = *txn;
    } else if (rc == MDB_SUCCESS && readers == *txn) {
        readers = NULL;
    }
    return rc;
}

int mdb_txn_commit(MDB_txn *txn)
{
    REAL(mdb_txn_commit)
    if (txn != readers && is_full_now()) {
        mdb_txn_abort(txn);
        return MDB_MAP_FULL;
    }
    depth++;
    const int rc = real(txn);
    depth--;
    return rc;
}
