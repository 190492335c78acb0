/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"

const char *file_problem_text(enum file_problem problem)
{
    switch (problem) {
    case FILE_OK:
        return "it is fine";
    case FILE_MISSING:
        return "there is no such file";
    case FILE_FORBIDDEN:
        return "this user may not read or write it";
    case FILE_NOT_REGULAR:
        return "it is not a regular file";
    case FILE_EXPOSED:
        return "others than its owner can read or write it; run chmod 600 on it";
    case FILE_TOO_LARGE:
        return "it is too large";
    case FILE_EMPTY:
        return "it is empty";
    case FILE_EXISTS:
        return "it exists already and is never overwritten";
    case FILE_FAILED:
        return "the system failed to read or write it";
    }
    check_failed(__FILE__, __LINE__, "a problem is one of the above");
}

static enum file_problem problem_from_errno(int code)
{
    if (code == ENOENT || code == ENOTDIR) {
        return FILE_MISSING;
    }
    if (code == EEXIST) {
        return FILE_EXISTS;
    }
    if (code == EACCES || code == EPERM || code == EROFS) {
        return FILE_FORBIDDEN;
    }
    return code == EISDIR ? FILE_NOT_REGULAR : FILE_FAILED;
}

static enum file_problem read_all(int fd, struct buffer *content)
{
    for (;;) {
        uint8_t beyond;
        const size_t room = content->capacity - content->count;
        const ssize_t got = room > 0 ? read(fd, content->data + content->count, room)
                                     : read(fd, &beyond, sizeof(beyond));
        if (got == 0) {
            return FILE_OK;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return problem_from_errno(errno);
        }
        if (room == 0) {
            return FILE_TOO_LARGE;
        }
        content->count += (size_t)got;
    }
}

enum file_access { FILE_ANY_READER, FILE_OWNER_ALONE };

/* A service manager's credential: root's, in the folder that was made for this process alone. Its
 * access list for this user shows as the group's read bit. */
static bool is_credential(const char *path, const struct stat *about)
{
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    const size_t count = folder == NULL ? 0 : strlen(folder);

    return count > 1 && strncmp(path, folder, count) == 0 && path[count] == '/' &&
           strchr(path + count + 1, '/') == NULL && about->st_uid == 0 && about->st_gid == 0 &&
           (about->st_mode & 037) == 0;
}

static bool is_exposed(const char *path, const struct stat *about)
{
    const bool is_alone =
        (about->st_mode & 077) == 0 && (about->st_uid == geteuid() || about->st_uid == 0);

    return !is_alone && !is_credential(path, about);
}

static enum file_problem read_file(const char *path, enum file_access access,
                                   struct buffer *content)
{
    struct stat about;
    /* Without O_NONBLOCK, opening a pipe would wait for a writer. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return problem_from_errno(errno);
    }
    enum file_problem problem = FILE_OK;
    if (fstat(fd, &about) != 0) {
        problem = FILE_FAILED;
    } else if (!S_ISREG(about.st_mode)) {
        problem = FILE_NOT_REGULAR;
    } else if (access == FILE_OWNER_ALONE && is_exposed(path, &about)) {
        problem = FILE_EXPOSED;
    } else {
        problem = read_all(fd, content);
    }
    close(fd);
    return problem;
}

enum file_problem file_read(const char *path, struct buffer *ret_content)
{
    return read_file(path, FILE_ANY_READER, ret_content);
}

enum file_problem file_check_secret(const char *path)
{
    uint8_t nothing;
    struct buffer content = buffer_from(&nothing, 0);
    const enum file_problem problem = read_file(path, FILE_OWNER_ALONE, &content);

    /* Without room for it a file that has content is one that is too large. */
    return problem == FILE_TOO_LARGE ? FILE_OK : problem == FILE_OK ? FILE_EMPTY : problem;
}

enum file_problem file_read_secret(const char *path, struct buffer *ret_content)
{
    const size_t before = ret_content->count;
    const enum file_problem problem = read_file(path, FILE_OWNER_ALONE, ret_content);
    if (problem != FILE_OK) {
        return problem;
    }
    if (ret_content->count > before && ret_content->data[ret_content->count - 1] == '\n') {
        ret_content->count--;
    }
    if (ret_content->count > before && ret_content->data[ret_content->count - 1] == '\r') {
        ret_content->count--;
    }
    return ret_content->count > before ? FILE_OK : FILE_EMPTY;
}

static enum file_problem write_all(int fd, struct bytes content)
{
    size_t written = 0;
    while (written < content.count) {
        const ssize_t count = write(fd, content.data + written, content.count - written);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return FILE_FAILED;
        }
        written += (size_t)count;
    }
    return fsync(fd) == 0 ? FILE_OK : FILE_FAILED;
}

enum file_problem file_write_new(const char *path, struct bytes content)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return problem_from_errno(errno);
    }
    enum file_problem problem = write_all(fd, content);
    if (close(fd) != 0 && problem == FILE_OK) {
        problem = FILE_FAILED;
    }
    if (problem != FILE_OK) {
        /* Half a keystore is worse than none. */
        (void)unlink(path);
    }
    return problem;
}
