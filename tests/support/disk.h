/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/disk.h: what this process does below one folder, on a disk that can lose, tear and
 * refuse it.
 *
 * A program that links sluice_test_disk has the C library's calls that change files replaced, for
 * everything in it, LMDB included: write, writev, pwrite, pwritev, fsync, fdatasync, msync,
 * syncfs, ftruncate, posix_fallocate, mkdir, rename, unlink, and open when it makes or empties a
 * file; the ones whose names end in "at" too. To remove what is not there is no call. Each such
 * call below the watched folder is counted, and may be the one at which the process dies or that
 * fails.
 *
 * The page cache is modelled: what was written is in the file at once, as on a real system, but the
 * content before it is remembered, by sectors of 512 bytes, until the file is synced; so are names,
 * until their folder is synced. When the process dies, what was not synced is lost: all of it, none
 * of it (as after SIGKILL), or, sector by sector and version by version, some of it. The call at
 * which it dies happens not at all, in part, or wholly. Stores through a mapping are not seen; who
 * uses mappings for what must last cannot be tested here (LMDB does not, without MDB_WRITEMAP).
 *
 * Threads: any; the calls take turns. Memory: bounded, static. */
#ifndef SLUICE_TESTS_SUPPORT_DISK_H
#define SLUICE_TESTS_SUPPORT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_DIED    77 /* exit code of a process that died by disk_die_at */
#define DISK_FOREVER UINT64_MAX

enum disk_moment { DISK_BEFORE, DISK_TORN, DISK_AFTER };
enum disk_loss { DISK_LOSES_NONE, DISK_LOSES_ALL, DISK_LOSES_SOME };

struct disk_death {
    uint64_t call; /* 0: the first counted one from now on */
    enum disk_moment moment;
    enum disk_loss loss;
    uint64_t seed; /* of what is lost and what is torn */
};

struct disk_failure {
    uint64_t call;  /* 0: the first counted one from now on */
    uint64_t count; /* so many calls fail; DISK_FOREVER: until disk_heal */
    int error;      /* errno; 0: a write is cut short instead, other calls succeed */
};

struct disk_counts {
    uint64_t writes;
    uint64_t syncs;
    uint64_t sizes; /* ftruncate, posix_fallocate */
    uint64_t names; /* made, emptied, renamed, removed */
};

/* Counts and remembers from here on. `folder` exists and what is in it counts as synced. */
void disk_watch(const char *folder);
void disk_unwatch(void);
/* Ends this process with DISK_DIED at a call, after the loss. Only after disk_watch. */
void disk_die_at(const struct disk_death *death);
void disk_fail_at(const struct disk_failure *failure);
/* True: the failure has struck. Ends it. */
bool disk_heal(void);
/* Since disk_watch. */
struct disk_counts disk_counts(void);
uint64_t disk_calls(void);
/* The calls since disk_watch in order, ended by NUL, cut at a few thousand: 'w' a write, 'd' one to
 * a file opened with O_DSYNC, 's' a sync, 'z' a size, 'n' a name. */
const char *disk_trace(void);
void disk_trace_begin(void); /* forgets the trace so far */

#endif
