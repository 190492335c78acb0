/* SPDX-License-Identifier: Apache-2.0 */
/* Room on the disk that is kept for an orderly end: a file that holds nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/lmdb_internal.h"

#define BLOCK_BYTES 512 /* of st_blocks */

static bool reserve_path(const struct lmdb_journal *journal, char *ret_path, size_t capacity)
{
    const int length = snprintf(ret_path, capacity, "%s/reserve", journal->path);

    return length > 0 && (size_t)length < capacity;
}

int lmdb_keep_reserve(const struct lmdb_journal *journal)
{
    char path[4096];
    struct stat about;
    int rc = 0;

    if (!reserve_path(journal, path, sizeof(path))) {
        return ENAMETOOLONG;
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &about) != 0) {
        rc = errno;
    } else if (about.st_blocks * BLOCK_BYTES < (off_t)journal->reserve_bytes) {
        rc = posix_fallocate(fd, 0, (off_t)journal->reserve_bytes);
    }
    (void)close(fd); /* nothing was written */
    if (rc != 0) {
        (void)unlink(path); /* a part of it would be in the way of what is to be written */
    }
    return rc;
}

enum status lmdb_spend_reserve(struct journal *base)
{
    char path[4096];

    if (!reserve_path(lmdb_of(base), path, sizeof(path))) {
        return STATUS_IO;
    }
    return unlink(path) == 0 ? STATUS_OK : lmdb_status(errno);
}
