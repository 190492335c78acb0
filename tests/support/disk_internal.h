/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/disk_internal.h: between disk.c (the model) and disk_calls.c (the calls).
 * Everything but the locks is used with the lock held. */
#ifndef SLUICE_TESTS_SUPPORT_DISK_INTERNAL_H
#define SLUICE_TESTS_SUPPORT_DISK_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "tests/support/disk.h"

#define DISK_SECTOR_BYTES 512

enum disk_name {
    DISK_NAME_MADE,
    DISK_NAME_FOLDER,
    DISK_NAME_RENAMED,
    DISK_NAME_REMOVED,
    DISK_NAME_FOLDER_REMOVED,
};
enum disk_dies { DISK_LIVES, DISK_DIES_BEFORE, DISK_DIES_TORN, DISK_DIES_AFTER };

struct disk_verdict {
    enum disk_dies death; /* not BEFORE: that has happened */
    bool fails;           /* errno is set */
    bool cut;             /* half of a write is made */
};

void disk_lock(void);
void disk_unlock(void);

/* Is this descriptor a file below the watched folder? */
bool disk_file(int fd, uint32_t *ret_index);
/* Is this path, which need not exist, below the watched folder? With its folder's inode. */
bool disk_resolve(const char *path, char ret_path[PATH_MAX], ino_t *ret_parent);
/* Counts a call and says what becomes of it. */
struct disk_verdict disk_call(char kind);
/* Remembers what is about to be overwritten. */
void disk_remember(int fd, uint32_t file, off_t at, size_t count, bool torn);
/* One range was written through; a whole file of this size was synced. */
void disk_synced(uint32_t file, off_t at, off_t end);
void disk_file_synced(uint32_t file, off_t size);
void disk_folder_synced(ino_t inode);
void disk_all_synced(void);
void disk_named(enum disk_name kind, const char *path, const char *other, ino_t parent);
void disk_unnamed(void); /* the call failed after all */
_Noreturn void disk_die(void);

/* The calls themselves. */
ssize_t disk_raw_pwrite(int fd, const void *data, size_t count, off_t at);
int disk_raw_mkdir(const char *path, mode_t mode);
int disk_raw_rename(const char *from, const char *to);
int disk_raw_truncate(const char *path, off_t size);

#endif
