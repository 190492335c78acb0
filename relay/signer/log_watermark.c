/* SPDX-License-Identifier: Apache-2.0 */
/* A place: magic, format, SHA-256 of the key's text, size, root, and the SHA-256 of all that. */
#include "relay/signer/log_watermark.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/pack.h"
#include "store/durable.h"

#define FORMAT_VERSION 1u
#define PLACES         2u
#define PLACE_BYTES    4096u /* apart, so that a torn page takes one of them */
#define STATE_BYTES    (8u + 4u + 32u + 8u + 32u)
#define STORED_BYTES   (STATE_BYTES + 32u)
#define PATH_BYTES     4096

static const uint8_t magic[8] = {'s', 'l', 'u', 'i', 'c', 'e', 'l', 'w'};

static_assert(STORED_BYTES < PLACE_BYTES, "a state fits its place");

struct log_watermark {
    int fd;
    struct hash key;
    struct log_state state;
    bool is_lost; /* a write failed */
};

/* ---- places ---- */

static void encode(const struct log_watermark *watermark, const struct log_state *state,
                   uint8_t ret_stored[STORED_BYTES])
{
    struct packer packer = packer_from(ret_stored, STATE_BYTES);

    pack_raw(&packer, bytes_from(magic, sizeof(magic)));
    pack_u32(&packer, FORMAT_VERSION);
    pack_hash(&packer, &watermark->key);
    pack_u64(&packer, state->size);
    pack_hash(&packer, &state->root);
    const struct bytes packed = packer_finish(&packer);
    CHECK(packed.count == STATE_BYTES);
    const struct hash hash = sha2_of(packed);
    memcpy(ret_stored + STATE_BYTES, hash.bytes, sizeof(hash.bytes));
}

static enum status write_place(const struct log_watermark *watermark, unsigned place,
                               const struct log_state *state)
{
    uint8_t stored[STORED_BYTES];

    encode(watermark, state, stored);
    const ssize_t count = pwrite(watermark->fd, stored, sizeof(stored), (off_t)place * PLACE_BYTES);
    if (count != (ssize_t)sizeof(stored)) {
        return count < 0 ? status_from_errno(errno) : STATUS_NO_SPACE;
    }
    return fsync(watermark->fd) == 0 ? STATUS_OK : status_from_errno(errno);
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t all = 0;

    for (size_t i = 0; i < count; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

/* STATUS_NOT_FOUND: never written. STATUS_CORRUPT: damaged. STATUS_REFUSED: of another key. */
static enum status read_place(const struct log_watermark *watermark, unsigned place,
                              struct log_state *ret_state)
{
    uint8_t stored[STORED_BYTES] = {0};
    const ssize_t count = pread(watermark->fd, stored, sizeof(stored), (off_t)place * PLACE_BYTES);

    if (count < 0) {
        return status_from_errno(errno);
    }
    if (is_zero(stored, sizeof(stored))) {
        return STATUS_NOT_FOUND;
    }
    const struct hash hash = sha2_of(bytes_from(stored, STATE_BYTES));
    if (count != (ssize_t)sizeof(stored) ||
        memcmp(hash.bytes, stored + STATE_BYTES, sizeof(hash.bytes)) != 0 ||
        memcmp(stored, magic, sizeof(magic)) != 0) {
        return STATUS_CORRUPT;
    }
    struct unpacker unpacker =
        unpacker_from(bytes_from(stored + sizeof(magic), STATE_BYTES - sizeof(magic)));
    const uint32_t version = unpack_u32(&unpacker);
    const struct hash key = unpack_hash(&unpacker);
    struct log_state state = {.size = unpack_u64(&unpacker)};
    state.root = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    if (version != FORMAT_VERSION) {
        return STATUS_VERSION;
    }
    if (!hash_equal(&key, &watermark->key)) {
        return STATUS_REFUSED;
    }
    *ret_state = state;
    return STATUS_OK;
}

/* ---- life ---- */

static bool join(const char *directory, const char *name, char ret_path[PATH_BYTES])
{
    const int length = snprintf(ret_path, PATH_BYTES, "%s/%s", directory, name);

    return length > 0 && length < PATH_BYTES;
}

/* The later of two good places; and makes them alike again. A file is never seen without both, so
 * that one that is empty was emptied. */
static enum status load(struct log_watermark *watermark)
{
    struct log_state states[PLACES] = {{.size = 0}, {.size = 0}};
    enum status found[PLACES];

    for (unsigned i = 0; i < PLACES; i++) {
        found[i] = read_place(watermark, i, &states[i]);
        if (found[i] != STATUS_OK && found[i] != STATUS_CORRUPT && found[i] != STATUS_NOT_FOUND) {
            return found[i];
        }
    }
    if (found[0] != STATUS_OK && found[1] != STATUS_OK) {
        return STATUS_CORRUPT;
    }
    const bool is_second =
        found[0] != STATUS_OK || (found[1] == STATUS_OK && states[1].size > states[0].size);
    watermark->state = states[is_second ? 1 : 0];
    return write_place(watermark, is_second ? 0 : 1, &watermark->state);
}

static enum status open_locked(const char *path, int flags, int *ret_fd)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

    if (fd < 0) {
        return status_from_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const enum status status = errno == EWOULDBLOCK ? STATUS_BUSY : status_from_errno(errno);
        (void)close(fd); /* nothing was written */
        return status;
    }
    *ret_fd = fd;
    return STATUS_OK;
}

/* Under another name until it is whole: a start that was cut short is never taken for damage. Two
 * that make it at once meet at the lock. */
static enum status make(struct log_watermark *watermark, const char *directory, const char *path)
{
    char path_new[PATH_BYTES];
    const struct log_state nothing = {.size = 0};
    struct stat about;

    if (!join(directory, "log.watermark.new", path_new)) {
        return STATUS_MALFORMED;
    }
    enum status status = open_locked(path_new, O_CREAT, &watermark->fd);
    if (status != STATUS_OK) {
        return status;
    }
    if (lstat(path, &about) == 0) {
        return STATUS_BUSY; /* another one was faster, and what we hold may be its file */
    }
    if (ftruncate(watermark->fd, 0) != 0) {
        return status_from_errno(errno);
    }
    for (unsigned i = 0; i < PLACES && status == STATUS_OK; i++) {
        status = write_place(watermark, i, &nothing);
    }
    if (status == STATUS_OK && rename(path_new, path) != 0) {
        status = status_from_errno(errno);
    }
    return status == STATUS_OK ? durable_folder(directory) : status;
}

static enum status open_file(struct log_watermark *watermark, const char *directory)
{
    char path[PATH_BYTES];

    if (!join(directory, "log.watermark", path)) {
        return STATUS_MALFORMED;
    }
    const enum status status = open_locked(path, 0, &watermark->fd);
    if (status == STATUS_NOT_FOUND) {
        return make(watermark, directory, path);
    }
    return status == STATUS_OK ? load(watermark) : status;
}

enum status log_watermark_open(const char *directory, struct bytes key_text,
                               struct log_watermark **ret_watermark)
{
    struct log_watermark *watermark = calloc(1, sizeof(*watermark));

    if (watermark == NULL) {
        return STATUS_NO_MEMORY;
    }
    watermark->key = sha2_of(key_text);
    watermark->fd = -1;
    const enum status status = open_file(watermark, directory);
    if (status != STATUS_OK) {
        log_watermark_close(watermark);
        return status;
    }
    *ret_watermark = watermark;
    return STATUS_OK;
}

struct log_watermark *log_watermark_close(struct log_watermark *watermark)
{
    if (watermark != NULL) {
        if (watermark->fd >= 0) {
            (void)close(watermark->fd); /* what counts was synced */
        }
        free(watermark);
    }
    return NULL;
}

struct log_state log_watermark_state(const struct log_watermark *watermark)
{
    return watermark->state;
}

enum status log_watermark_advance(struct log_watermark *watermark, const struct log_state *state)
{
    CHECK(!watermark->is_lost);
    CHECK(state->size > watermark->state.size);
    for (unsigned i = 0; i < PLACES; i++) {
        const enum status status = write_place(watermark, i, state);
        if (status != STATUS_OK) {
            watermark->is_lost = true;
            return status;
        }
    }
    watermark->state = *state;
    return STATUS_OK;
}
