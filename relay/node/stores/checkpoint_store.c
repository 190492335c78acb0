/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/stores/checkpoint_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/node/stores/checkpoint_json.h"
#include "store/durable.h"

#define NAME_TEXT_BYTES 64u

/* ---- places ---- */

enum status checkpoint_store_folder(struct bytes location, char ret_path[CHECKPOINT_PATH_BYTES_MAX])
{
    static const char scheme[] = "file://";
    const size_t scheme_count = sizeof(scheme) - 1;
    if (!bytes_have_prefix(location, bytes_from_string(scheme))) {
        return STATUS_UNSUPPORTED;
    }
    const char *path = (const char *)location.data + scheme_count;
    const size_t count = location.count - scheme_count;
    if (count < 2 || count > LOCATION_BYTES_MAX || path[0] != '/') {
        return STATUS_MALFORMED;
    }
    size_t part = 0; /* where the current part of the path starts */
    for (size_t i = 0; i <= count; i++) {
        if (i < count && ((unsigned char)path[i] < ' ' || (unsigned char)path[i] > '~')) {
            return STATUS_MALFORMED;
        }
        if (i == count || path[i] == '/') {
            if (i - part == 2 && path[part] == '.' && path[part + 1] == '.') {
                return STATUS_MALFORMED;
            }
            part = i + 1;
        }
    }
    memcpy(ret_path, path, count);
    ret_path[count] = '\0';
    return STATUS_OK;
}

/* ---- reading ---- */

/* STATUS_MALFORMED: larger than an object may be. */
static enum status read_object(const char *folder, const char *name, char *memory,
                               size_t *ret_count)
{
    char path[CHECKPOINT_PATH_BYTES_MAX + NAME_TEXT_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    /* NONBLOCK: a pipe in the place of an object must not hold up the thread. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    size_t count = 0;
    ssize_t got = 1;
    while (got > 0 && count <= CHECKPOINT_OBJECT_BYTES_MAX) {
        got = read(fd, memory + count, CHECKPOINT_OBJECT_BYTES_MAX + 1 - count);
        count += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    if (got < 0) {
        return STATUS_IO;
    }
    if (count > CHECKPOINT_OBJECT_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    *ret_count = count;
    return STATUS_OK;
}

/* STATUS_OK: it is not raised. STATUS_REFUSED: it is. Anything else: nobody can tell. */
static enum status check_flag(const char *folder)
{
    char path[CHECKPOINT_PATH_BYTES_MAX + NAME_TEXT_BYTES];
    struct stat state;
    (void)snprintf(path, sizeof(path), "%s/reorg_flag.json", folder);
    if (lstat(path, &state) == 0) {
        return STATUS_REFUSED;
    }
    return errno == ENOENT ? STATUS_OK : status_from_errno(errno);
}

enum status checkpoint_store_read(const struct driver_fetch *request,
                                  struct checkpoint *ret_checkpoint,
                                  struct signature *ret_signature)
{
    char folder[CHECKPOINT_PATH_BYTES_MAX];
    char name[NAME_TEXT_BYTES];
    char memory[CHECKPOINT_OBJECT_BYTES_MAX + 1];
    size_t count;
    enum status status = checkpoint_store_folder(request->location, folder);
    if (status == STATUS_OK) {
        status = check_flag(folder);
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(name, sizeof(name), "%" PRIu32 "_with_id.json", request->index);
    status = read_object(folder, name, memory, &count);
    if (status != STATUS_OK) {
        return status;
    }
    return checkpoint_json_read(bytes_from(memory, count), request, ret_checkpoint, ret_signature);
}

/* ---- writing ---- */

static enum status make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const int rc = mkdir(path, 0755);
        const int error = errno;
        *slash = '/';
        if (rc != 0 && error != EEXIST) {
            return status_from_errno(error);
        }
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST ? STATUS_OK : status_from_errno(errno);
}

/* Beside its place, synced, then moved there. */
static enum status write_object(const char *folder, const char *name, struct bytes text)
{
    char path[CHECKPOINT_PATH_BYTES_MAX + NAME_TEXT_BYTES];
    char beside[CHECKPOINT_PATH_BYTES_MAX + NAME_TEXT_BYTES + 8];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)snprintf(beside, sizeof(beside), "%s/.%s.new", folder, name);
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum status status = durable_write(fd, text);
    if (close(fd) != 0 && status == STATUS_OK) {
        status = status_from_errno(errno);
    }
    if (status == STATUS_OK && rename(beside, path) != 0) {
        status = status_from_errno(errno);
    }
    if (status != STATUS_OK) {
        (void)unlink(beside);
        return status;
    }
    return durable_folder(folder);
}

static enum status write_text(const char *folder, const char *name,
                              const struct driver_publish *request)
{
    char *text = checkpoint_json_write(request);
    if (text == NULL) {
        return STATUS_NO_MEMORY;
    }
    const enum status status = write_object(folder, name, bytes_from_string(text));
    free(text);
    return status;
}

/* The newest index in the store; STATUS_NOT_FOUND: none that can be read. */
static enum status read_newest(const char *folder, uint32_t *ret_index)
{
    char memory[CHECKPOINT_OBJECT_BYTES_MAX + 1];
    size_t count = 0;
    const enum status status = read_object(folder, "index.json", memory, &count);
    if (status != STATUS_OK) {
        return status == STATUS_MALFORMED ? STATUS_NOT_FOUND : status;
    }
    return checkpoint_json_newest(bytes_from(memory, count), ret_index) == STATUS_OK
               ? STATUS_OK
               : STATUS_NOT_FOUND;
}

static enum status write_newest(const char *folder, uint32_t index)
{
    uint32_t newest = 0;
    const enum status status = read_newest(folder, &newest);
    if (status == STATUS_OK && newest >= index) {
        return STATUS_OK;
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    char text[16];
    (void)snprintf(text, sizeof(text), "%" PRIu32, index);
    return write_object(folder, "index.json", bytes_from_string(text));
}

enum status checkpoint_store_write(const struct driver_publish *request)
{
    char folder[CHECKPOINT_PATH_BYTES_MAX];
    enum status status = checkpoint_store_folder(request->location, folder);
    if (status == STATUS_OK) {
        status = make_folders(folder);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (request->is_reorg) {
        return write_text(folder, "reorg_flag.json", request);
    }
    if (request->is_announcement) {
        return write_text(folder, "announcement.json", request);
    }
    char name[NAME_TEXT_BYTES];
    (void)snprintf(name, sizeof(name), "%" PRIu32 "_with_id.json", request->checkpoint.index);
    status = write_text(folder, name, request);
    return status == STATUS_OK ? write_newest(folder, request->checkpoint.index) : status;
}
