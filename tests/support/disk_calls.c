/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's calls that change files, replaced for the whole program. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "tests/support/disk_internal.h"

#define PARTS_MAX       1024
#define DESCRIPTORS_MAX 1024

/* Opened below the watched folder with O_DSYNC, which the kernel was not told: the model knows. */
static bool writes_through[DESCRIPTORS_MAX];

static bool is_through(int fd)
{
    return fd < DESCRIPTORS_MAX && writes_through[fd];
}

/* ---- the calls themselves ---- */

ssize_t disk_raw_pwrite(int fd, const void *data, size_t count, off_t at)
{
    return syscall(SYS_pwrite64, fd, data, count, at);
}

int disk_raw_mkdir(const char *path, mode_t mode)
{
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int disk_raw_rename(const char *from, const char *to)
{
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int disk_raw_truncate(const char *path, off_t size)
{
    return truncate(path, size);
}

/* ---- writes ---- */

static size_t size_of(const struct iovec *parts, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++) {
        size += parts[i].iov_len;
    }
    return size;
}

/* The first `size` bytes of `parts`, in `ret_parts`; how many parts that takes. */
static int cut_parts(const struct iovec *parts, int count, size_t size, struct iovec *ret_parts)
{
    int taken = 0;

    CHECK(count <= PARTS_MAX);
    for (; taken < count && size > 0; taken++) {
        ret_parts[taken] = parts[taken];
        if (ret_parts[taken].iov_len > size) {
            ret_parts[taken].iov_len = size;
        }
        size -= ret_parts[taken].iov_len;
    }
    return taken;
}

/* `at` negative: where the descriptor stands, which then moves on. */
static ssize_t raw_write(int fd, const struct iovec *parts, int count, off_t at)
{
    return at < 0 ? syscall(SYS_writev, fd, parts, count)
                  : syscall(SYS_pwritev, fd, parts, count, at, 0);
}

static ssize_t watched_write(int fd, uint32_t file, const struct iovec *parts, int count, off_t at)
{
    struct iovec some[PARTS_MAX];
    struct stat about;
    const int flags = fcntl(fd, F_GETFL);
    const bool is_synced = is_through(fd);
    const struct disk_verdict verdict = disk_call(is_synced ? 'd' : 'w');
    const size_t size = verdict.cut ? size_of(parts, count) / 2 : size_of(parts, count);

    if (verdict.fails) {
        return -1;
    }
    CHECK(fstat(fd, &about) == 0);
    const off_t start = at >= 0                   ? at
                        : (flags & O_APPEND) != 0 ? about.st_size
                                                  : lseek(fd, 0, SEEK_CUR);
    /* What is written through is not lost, but for a call that does not end. */
    const bool is_torn = verdict.death == DISK_DIES_TORN;
    if (!is_synced || is_torn) {
        disk_remember(fd, file, start, size, is_torn);
    }
    const ssize_t written = raw_write(fd, some, cut_parts(parts, count, size, some), at);
    if (is_synced && written > 0 && !is_torn) {
        disk_synced(file, start, start + written);
    }
    if (verdict.death != DISK_LIVES) {
        disk_die();
    }
    return written;
}

static ssize_t any_write(int fd, const struct iovec *parts, int count, off_t at)
{
    uint32_t file;

    disk_lock();
    const ssize_t written = disk_file(fd, &file) ? watched_write(fd, file, parts, count, at)
                                                 : raw_write(fd, parts, count, at);
    const int error = errno;
    disk_unlock();
    errno = error;
    return written;
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset)
{
    const struct iovec part = {.iov_base = (void *)data, .iov_len = count};

    return any_write(fd, &part, 1, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off_t offset)
{
    return pwrite(fd, data, count, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return any_write(fd, parts, count, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return any_write(fd, parts, count, -1);
}

ssize_t write(int fd, const void *data, size_t count)
{
    const struct iovec part = {.iov_base = (void *)data, .iov_len = count};

    return any_write(fd, &part, 1, -1);
}

/* ---- syncs: the model's, because the machine itself does not die ---- */

static int any_sync(int fd, long number)
{
    struct disk_verdict verdict = {.death = DISK_LIVES};
    struct stat about;
    uint32_t file = 0;

    disk_lock();
    const bool is_file = disk_file(fd, &file);
    char link[64];
    char path[PATH_MAX];
    char resolved[PATH_MAX];
    ino_t parent = 0;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t count = readlink(link, path, sizeof(path) - 1);
    path[count > 0 ? count : 0] = '\0';
    const bool is_folder = !is_file && fstat(fd, &about) == 0 && S_ISDIR(about.st_mode) &&
                           disk_resolve(path, resolved, &parent);
    int rc = 0;
    if (!is_file && !is_folder) {
        rc = (int)syscall(number, fd);
    } else {
        verdict = disk_call('s');
        rc = verdict.fails ? -1 : 0;
    }
    if (rc == 0 && is_file) {
        CHECK(fstat(fd, &about) == 0);
        disk_file_synced(file, about.st_size);
    }
    if (rc == 0 && is_folder) {
        disk_folder_synced(about.st_ino);
    }
    if (verdict.death != DISK_LIVES) {
        disk_die();
    }
    const int error = errno;
    disk_unlock();
    errno = error;
    return rc;
}

int fdatasync(int fd)
{
    return any_sync(fd, SYS_fdatasync);
}

int fsync(int fd)
{
    return any_sync(fd, SYS_fsync);
}

/* The whole file system; the model knows what it holds of the watched folder. */
int syncfs(int fd)
{
    char link[64];
    char path[PATH_MAX];
    char resolved[PATH_MAX];
    ino_t parent = 0;

    disk_lock();
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t count = readlink(link, path, sizeof(path) - 1);
    path[count > 0 ? count : 0] = '\0';
    int rc = 0;
    if (!disk_resolve(path, resolved, &parent)) {
        rc = (int)syscall(SYS_syncfs, fd);
    } else {
        const struct disk_verdict verdict = disk_call('s');
        rc = verdict.fails ? -1 : 0;
        if (rc == 0) {
            disk_all_synced();
        }
        if (verdict.death != DISK_LIVES) {
            disk_die();
        }
    }
    const int error = errno;
    disk_unlock();
    errno = error;
    return rc;
}

int msync(void *start, size_t count, int flags)
{
    return (int)syscall(SYS_msync, start, count, flags);
}

/* ---- sizes ---- */

static int watched_size(int fd, uint32_t file, off_t size, bool is_allocation)
{
    struct stat about;
    const struct disk_verdict verdict = disk_call('z');

    if (verdict.fails) {
        return -1;
    }
    CHECK(fstat(fd, &about) == 0);
    if (!is_allocation && size < about.st_size) {
        disk_remember(fd, file, size, (size_t)(about.st_size - size), false);
    }
    const int rc = is_allocation && size <= about.st_size ? 0
                   : is_allocation ? (int)syscall(SYS_fallocate, fd, 0, 0, size)
                                   : (int)syscall(SYS_ftruncate, fd, size);
    if (verdict.death != DISK_LIVES) {
        disk_die();
    }
    return rc;
}

int ftruncate(int fd, off_t size)
{
    uint32_t file;

    disk_lock();
    const int rc = disk_file(fd, &file) ? watched_size(fd, file, size, false)
                                        : (int)syscall(SYS_ftruncate, fd, size);
    const int error = errno;
    disk_unlock();
    errno = error;
    return rc;
}

/* Returns an errno value. */
int posix_fallocate(int fd, off_t at, off_t count)
{
    uint32_t file;

    disk_lock();
    const int rc = disk_file(fd, &file) ? watched_size(fd, file, at + count, true)
                                        : (int)syscall(SYS_fallocate, fd, 0, at, count);
    const int error = errno;
    disk_unlock();
    return rc == 0 ? 0 : error;
}

/* ---- names ---- */

/* One call that changes names; `other` is NULL but for rename. */
struct naming {
    enum disk_name kind;
    const char *path;
    const char *other;
    mode_t mode;
};

static int raw_naming(const struct naming *naming)
{
    switch (naming->kind) {
    case DISK_NAME_FOLDER:
        return disk_raw_mkdir(naming->path, naming->mode);
    case DISK_NAME_RENAMED:
        return disk_raw_rename(naming->path, naming->other);
    case DISK_NAME_REMOVED:
        return (int)syscall(SYS_unlinkat, AT_FDCWD, naming->path, 0);
    case DISK_NAME_FOLDER_REMOVED:
        return (int)syscall(SYS_unlinkat, AT_FDCWD, naming->path, AT_REMOVEDIR);
    case DISK_NAME_MADE:
        break;
    }
    check_failed(__FILE__, __LINE__, "one of the above");
}

static int any_naming(const struct naming *naming)
{
    char path[PATH_MAX];
    char other[PATH_MAX] = "";
    ino_t parent = 0;
    int rc = -1;

    disk_lock();
    bool is_watched = disk_resolve(naming->path, path, &parent);
    if (is_watched && naming->other != NULL) {
        is_watched = disk_resolve(naming->other, other, &parent);
    }
    const bool removes =
        naming->kind == DISK_NAME_REMOVED || naming->kind == DISK_NAME_FOLDER_REMOVED;
    if (is_watched && removes && access(naming->path, F_OK) != 0) {
        is_watched = false;
    }
    if (!is_watched) {
        rc = raw_naming(naming);
    } else {
        const struct disk_verdict verdict = disk_call('n');
        if (!verdict.fails) {
            disk_named(naming->kind, path, other, parent);
            rc = raw_naming(naming);
            if (rc != 0) {
                const int error = errno;
                disk_unnamed();
                errno = error;
            }
        }
        if (verdict.death != DISK_LIVES) {
            disk_die();
        }
    }
    const int error = errno;
    disk_unlock();
    errno = error;
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    return any_naming(&(struct naming){.kind = DISK_NAME_FOLDER, .path = path, .mode = mode});
}

int rmdir(const char *path)
{
    return any_naming(&(struct naming){.kind = DISK_NAME_FOLDER_REMOVED, .path = path});
}

/* The path that stands for `path` in the folder of a descriptor. */
static const char *path_at(int folder, const char *path, char memory[PATH_MAX])
{
    char link[64];

    if (folder == AT_FDCWD || path[0] == '/') {
        return path;
    }
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
    const ssize_t count = readlink(link, memory, PATH_MAX - 1);
    CHECK(count > 0);
    const int length = snprintf(memory + count, PATH_MAX - (size_t)count, "/%s", path);
    CHECK(length > 0 && (size_t)(count + length) < PATH_MAX);
    return memory;
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    char memory[PATH_MAX];

    return mkdir(path_at(folder, path, memory), mode);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    char from_memory[PATH_MAX];
    char to_memory[PATH_MAX];

    return rename(path_at(from_folder, from, from_memory), path_at(to_folder, to, to_memory));
}

int unlinkat(int folder, const char *path, int flags)
{
    char memory[PATH_MAX];

    path = path_at(folder, path, memory);
    return (flags & AT_REMOVEDIR) != 0 ? rmdir(path) : unlink(path);
}

int rename(const char *from, const char *to)
{
    return any_naming(&(struct naming){.kind = DISK_NAME_RENAMED, .path = from, .other = to});
}

int unlink(const char *path)
{
    return any_naming(&(struct naming){.kind = DISK_NAME_REMOVED, .path = path});
}

static int raw_open(const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Opening makes a name, or empties a file, or neither. */
static int watched_open(const char *path, const char *resolved, ino_t parent, int flags,
                        mode_t mode)
{
    const bool exists = access(resolved, F_OK) == 0;
    const bool makes = (flags & O_CREAT) != 0 && !exists;
    struct disk_verdict verdict = {.death = DISK_LIVES};
    uint32_t file;

    if (makes || (exists && (flags & O_TRUNC) != 0)) {
        verdict = disk_call('n');
    }
    if (verdict.fails) {
        return -1;
    }
    /* Emptying is a change of size, which the model follows on the descriptor. */
    const int fd = raw_open(path, flags & ~O_TRUNC, mode);
    if (fd >= 0 && makes) {
        disk_named(DISK_NAME_MADE, resolved, NULL, parent);
    }
    if (fd >= 0 && exists && (flags & O_TRUNC) != 0 && disk_file(fd, &file)) {
        struct stat about;
        CHECK(fstat(fd, &about) == 0);
        disk_remember(fd, file, 0, (size_t)about.st_size, false);
        CHECK(syscall(SYS_ftruncate, fd, 0) == 0);
    }
    if (verdict.death != DISK_LIVES) {
        disk_die();
    }
    return fd;
}

int open(const char *path, int flags, ...)
{
    char resolved[PATH_MAX];
    ino_t parent;
    mode_t mode = 0;

    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if ((flags & (O_CREAT | O_TRUNC | O_DSYNC)) == 0) {
        const int plain = raw_open(path, flags, mode);
        if (plain >= 0 && plain < DESCRIPTORS_MAX) {
            writes_through[plain] = false;
        }
        return plain;
    }
    disk_lock();
    const bool is_watched = disk_resolve(path, resolved, &parent);
    const int fd = is_watched ? watched_open(path, resolved, parent, flags & ~O_DSYNC, mode)
                              : raw_open(path, flags, mode);
    const int error = errno;
    if (fd >= 0) {
        CHECK(fd < DESCRIPTORS_MAX);
        writes_through[fd] = is_watched && (flags & O_DSYNC) != 0;
    }
    disk_unlock();
    errno = error;
    return fd;
}

int openat(int folder, const char *path, int flags, ...)
{
    char memory[PATH_MAX];
    mode_t mode = 0;

    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open(path_at(folder, path, memory), flags, mode);
}

int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;

    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open(path, flags, mode);
}
