/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full or read-only for as long as a file says so, for a program that is not ours to
 * link: loaded before the C library (LD_PRELOAD).
 *
 *   SLUICE_FAULT_DISK_FOLDER  files below this folder are on that disk
 *   SLUICE_FAULT_DISK_FLAG    while this file is there: its first word is "full" or "read-only"
 *
 * Calls that would write there, or make a write durable, fail with ENOSPC or EROFS. A full disk has
 * room again when the folder's file `reserve` is gone, as a real one would. Processes that the
 * program starts are left alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static char flag[PATH_MAX];
static char reserve[PATH_MAX + 16];

/* The C library's own function behind one of ours. ISO C has no cast from data to function. */
#define REAL(name)                                                                                 \
    static __typeof__(&(name)) real;                                                               \
    if (real == NULL) {                                                                            \
        void *found = dlsym(RTLD_NEXT, #name);                                                     \
        memcpy(&real, &found, sizeof(real));                                                       \
    }

__attribute__((constructor)) static void begin(void)
{
    const char *folder_text = getenv("SLUICE_FAULT_DISK_FOLDER");
    const char *flag_text = getenv("SLUICE_FAULT_DISK_FLAG");

    (void)unsetenv("LD_PRELOAD");
    if (folder_text == NULL || flag_text == NULL || realpath(folder_text, folder) == NULL) {
        folder[0] = '\0';
        return;
    }
    (void)snprintf(flag, sizeof(flag), "%s", flag_text);
    (void)snprintf(reserve, sizeof(reserve), "%s/reserve", folder);
}

static bool is_below(const char *path)
{
    const size_t count = strlen(folder);

    return count > 0 && strncmp(path, folder, count) == 0 && path[count] == '/';
}

static bool is_there(int fd)
{
    char link[64];
    char path[PATH_MAX];

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t count = readlink(link, path, sizeof(path) - 1);
    if (count <= 0) {
        return false;
    }
    path[count] = '\0';
    return is_below(path);
}

/* True: the call fails, and errno is set. */
static bool strikes(void)
{
    char word[16] = {0};
    const int before = errno;
    const int fd = open(flag, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        errno = before;
        return false;
    }
    const ssize_t count = read(fd, word, sizeof(word) - 1);
    (void)close(fd);
    errno = before;
    if (count > 0 && strncmp(word, "read-only", 9) == 0) {
        errno = EROFS;
        return true;
    }
    if (count > 0 && strncmp(word, "full", 4) == 0 && access(reserve, F_OK) == 0) {
        errno = ENOSPC;
        return true;
    }
    errno = before;
    return false;
}

ssize_t write(int fd, const void *data, size_t count)
{
    REAL(write)
    return is_there(fd) && strikes() ? -1 : real(fd, data, count);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset)
{
    REAL(pwrite)
    return is_there(fd) && strikes() ? -1 : real(fd, data, count, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int parts_count)
{
    REAL(writev)
    return is_there(fd) && strikes() ? -1 : real(fd, parts, parts_count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int parts_count, off_t offset)
{
    REAL(pwritev)
    return is_there(fd) && strikes() ? -1 : real(fd, parts, parts_count, offset);
}

int fsync(int fd)
{
    REAL(fsync)
    return is_there(fd) && strikes() ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync)
    return is_there(fd) && strikes() ? -1 : real(fd);
}

int ftruncate(int fd, off_t count)
{
    REAL(ftruncate)
    return is_there(fd) && strikes() ? -1 : real(fd, count);
}

int posix_fallocate(int fd, off_t offset, off_t count)
{
    REAL(posix_fallocate)
    return is_there(fd) && strikes() ? errno : real(fd, offset, count);
}
