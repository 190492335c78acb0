/* SPDX-License-Identifier: Apache-2.0 */
/* The model: sectors, sizes and names that are not synced, and their loss. disk_calls.c stands
 * before the C library and asks here. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/prng.h"
#include "tests/support/disk_internal.h"

#define FILES_MAX   512u
#define SECTORS_MAX 32768u /* 16 MiB of content that is not synced */
#define NAMES_MAX   256u
#define TRACE_MAX   8192u

struct file {
    dev_t device;
    ino_t inode;
    char path[PATH_MAX]; /* where it was seen first */
    off_t durable_size;
};

/* The content of one sector before a write that is not synced. */
struct sector {
    uint32_t file;
    bool live;    /* false: synced since */
    bool is_torn; /* of the call at which the process dies */
    off_t at;
    uint8_t before[DISK_SECTOR_BYTES];
};

struct name {
    enum disk_name kind;
    bool live;
    ino_t parent;
    char path[PATH_MAX];
    char other[PATH_MAX]; /* renamed to; or where a removed or overwritten file is kept */
    char kept[PATH_MAX];
};

static struct {
    pthread_mutex_t mutex;
    bool watches;
    char folder[PATH_MAX];
    uint64_t calls;
    struct disk_counts counts;
    char trace[TRACE_MAX + 1];
    size_t trace_count;
    bool dies;
    struct disk_death death;
    bool fails;
    bool struck;
    struct disk_failure failure;
    struct file files[FILES_MAX];
    uint32_t files_count;
    struct sector sectors[SECTORS_MAX];
    uint32_t sectors_count;
    struct name names[NAMES_MAX];
    uint32_t names_count;
    uint64_t kept_count;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void disk_lock(void)
{
    CHECK(pthread_mutex_lock(&disk.mutex) == 0);
}

void disk_unlock(void)
{
    CHECK(pthread_mutex_unlock(&disk.mutex) == 0);
}

/* ---- what the tests say ---- */

void disk_watch(const char *folder)
{
    disk_lock();
    CHECK(realpath(folder, disk.folder) != NULL);
    disk.calls = 0;
    disk.counts = (struct disk_counts){0};
    disk.trace_count = 0;
    disk.dies = false;
    disk.fails = false;
    disk.files_count = 0;
    disk.sectors_count = 0;
    disk.names_count = 0;
    disk.watches = true;
    disk_unlock();
}

void disk_unwatch(void)
{
    disk_lock();
    disk.watches = false;
    disk_unlock();
}

void disk_die_at(const struct disk_death *death)
{
    disk_lock();
    CHECK(disk.watches);
    disk.death = *death;
    disk.death.call += disk.calls;
    disk.dies = true;
    disk_unlock();
}

void disk_fail_at(const struct disk_failure *failure)
{
    disk_lock();
    CHECK(disk.watches);
    disk.failure = *failure;
    disk.failure.call += disk.calls;
    disk.struck = false;
    disk.fails = true;
    disk_unlock();
}

bool disk_heal(void)
{
    disk_lock();
    const bool struck = disk.struck;
    disk.fails = false;
    disk.struck = false;
    disk_unlock();
    return struck;
}

struct disk_counts disk_counts(void)
{
    disk_lock();
    const struct disk_counts counts = disk.counts;
    disk_unlock();
    return counts;
}

uint64_t disk_calls(void)
{
    disk_lock();
    const uint64_t calls = disk.calls;
    disk_unlock();
    return calls;
}

const char *disk_trace(void)
{
    disk.trace[disk.trace_count] = '\0';
    return disk.trace;
}

void disk_trace_begin(void)
{
    disk_lock();
    disk.trace_count = 0;
    disk_unlock();
}

/* ---- what is watched ---- */

static bool is_below(const char *path)
{
    const size_t count = strlen(disk.folder);

    return strncmp(path, disk.folder, count) == 0 && (path[count] == '/' || path[count] == '\0');
}

/* The path without the links in its folder; the last part may be missing. */
bool disk_resolve(const char *path, char ret_path[PATH_MAX], ino_t *ret_parent)
{
    char folder[PATH_MAX];
    char real[PATH_MAX];
    struct stat about;
    const char *slash = strrchr(path, '/');
    const size_t count = slash == NULL ? 0 : (size_t)(slash - path);

    if (!disk.watches || strlen(path) >= sizeof(folder)) {
        return false;
    }
    memcpy(folder, path, count);
    folder[count] = '\0';
    if (realpath(slash == NULL ? "."
                 : count == 0  ? "/"
                               : folder,
                 real) == NULL ||
        stat(real, &about) != 0) {
        return false;
    }
    const int length =
        snprintf(ret_path, PATH_MAX, "%s/%s", real, slash == NULL ? path : slash + 1);
    *ret_parent = about.st_ino;
    return length > 0 && length < PATH_MAX && is_below(ret_path);
}

static bool find_file(const struct stat *about, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < disk.files_count; i++) {
        if (disk.files[i].inode == about->st_ino && disk.files[i].device == about->st_dev) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

bool disk_file(int fd, uint32_t *ret_index)
{
    char link[64];
    char path[PATH_MAX];
    struct stat about;

    if (!disk.watches || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        return false;
    }
    if (find_file(&about, ret_index)) {
        return true;
    }
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t count = readlink(link, path, sizeof(path) - 1);
    if (count <= 0) {
        return false;
    }
    path[count] = '\0';
    if (!is_below(path)) {
        return false;
    }
    CHECK(disk.files_count < FILES_MAX);
    struct file *file = &disk.files[disk.files_count];
    *file =
        (struct file){.device = about.st_dev, .inode = about.st_ino, .durable_size = about.st_size};
    memcpy(file->path, path, (size_t)count + 1);
    *ret_index = disk.files_count++;
    return true;
}

/* ---- what is not synced ---- */

void disk_remember(int fd, uint32_t file, off_t at, size_t count, bool torn)
{
    const off_t end = at + (off_t)count;

    for (off_t start = at - at % DISK_SECTOR_BYTES; start < end; start += DISK_SECTOR_BYTES) {
        CHECK(disk.sectors_count < SECTORS_MAX);
        struct sector *sector = &disk.sectors[disk.sectors_count++];
        memset(sector, 0, sizeof(*sector));
        sector->file = file;
        sector->live = true;
        sector->is_torn = torn;
        sector->at = start;
        const ssize_t got = pread(fd, sector->before, sizeof(sector->before), start);
        /* A descriptor that may only write: read by name. */
        if (got < 0) {
            const int other = open(disk.files[file].path, O_RDONLY | O_CLOEXEC);
            CHECK(other >= 0);
            CHECK(pread(other, sector->before, sizeof(sector->before), start) >= 0);
            (void)close(other);
        }
    }
}

void disk_synced(uint32_t file, off_t at, off_t end)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < disk.sectors_count; i++) {
        const struct sector *sector = &disk.sectors[i];
        const bool is_synced =
            sector->file == file && sector->at + DISK_SECTOR_BYTES > at && sector->at < end;
        if (!is_synced) {
            disk.sectors[kept++] = *sector;
        }
    }
    disk.sectors_count = kept;
    if (end > disk.files[file].durable_size) {
        disk.files[file].durable_size = end;
    }
}

void disk_file_synced(uint32_t file, off_t size)
{
    disk_synced(file, 0, INT64_MAX);
    disk.files[file].durable_size = size;
}

void disk_folder_synced(ino_t inode)
{
    for (uint32_t i = 0; i < disk.names_count; i++) {
        struct name *name = &disk.names[i];
        if (name->live && name->parent == inode) {
            name->live = false;
            if (name->kept[0] != '\0') {
                (void)remove(name->kept);
            }
        }
    }
}

void disk_all_synced(void)
{
    struct stat about;

    for (uint32_t i = 0; i < disk.files_count; i++) {
        if (stat(disk.files[i].path, &about) == 0 && about.st_ino == disk.files[i].inode) {
            disk.files[i].durable_size = about.st_size;
        }
    }
    disk.sectors_count = 0;
    for (uint32_t i = 0; i < disk.names_count; i++) {
        if (disk.names[i].live) {
            disk_folder_synced(disk.names[i].parent);
        }
    }
}

/* Keeps a file that is about to lose its name under another one, outside the folder. */
static void keep_file(const char *path, char ret_kept[PATH_MAX])
{
    ret_kept[0] = '\0';
    if (access(path, F_OK) == 0) {
        CHECK(snprintf(ret_kept, PATH_MAX, "%s.kept-%ld-%llu", disk.folder, (long)getpid(),
                       (unsigned long long)disk.kept_count++) < PATH_MAX);
        CHECK(link(path, ret_kept) == 0);
    }
}

/* The file that had this path is the one that was kept; its number may soon be another's. */
static void forget_file(const char *path, const char *kept)
{
    for (uint32_t i = 0; i < disk.files_count; i++) {
        if (strcmp(disk.files[i].path, path) == 0) {
            disk.files[i].inode = 0;
            memcpy(disk.files[i].path, kept, strlen(kept) + 1);
        }
    }
}

void disk_named(enum disk_name kind, const char *path, const char *other, ino_t parent)
{
    CHECK(disk.names_count < NAMES_MAX);
    struct name *name = &disk.names[disk.names_count++];
    memset(name, 0, sizeof(*name));
    name->kind = kind;
    name->live = true;
    name->parent = parent;
    (void)snprintf(name->path, sizeof(name->path), "%s", path);
    switch (kind) {
    case DISK_NAME_MADE:
    case DISK_NAME_FOLDER:
    case DISK_NAME_FOLDER_REMOVED:
        break;
    case DISK_NAME_RENAMED:
        (void)snprintf(name->other, sizeof(name->other), "%s", other);
        keep_file(other, name->kept);
        forget_file(other, name->kept);
        for (uint32_t i = 0; i < disk.files_count; i++) {
            if (strcmp(disk.files[i].path, path) == 0) {
                (void)snprintf(disk.files[i].path, sizeof(disk.files[i].path), "%s", other);
            }
        }
        break;
    case DISK_NAME_REMOVED:
        keep_file(path, name->kept);
        forget_file(path, name->kept);
        break;
    }
}

void disk_unnamed(void)
{
    CHECK(disk.names_count > 0);
    const struct name *name = &disk.names[--disk.names_count];
    if (name->kept[0] != '\0') {
        (void)remove(name->kept);
    }
}

/* ---- loss ---- */

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *ftw)
{
    (void)about;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void lose_name(const struct name *name)
{
    switch (name->kind) {
    case DISK_NAME_MADE:
        (void)remove(name->path);
        return;
    case DISK_NAME_FOLDER:
        (void)nftw(name->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return;
    case DISK_NAME_RENAMED:
        CHECK(disk_raw_rename(name->other, name->path) == 0);
        break;
    case DISK_NAME_FOLDER_REMOVED:
        CHECK(disk_raw_mkdir(name->path, 0755) == 0);
        return;
    case DISK_NAME_REMOVED:
        break;
    }
    if (name->kept[0] != '\0') {
        CHECK(disk_raw_rename(name->kept,
                              name->kind == DISK_NAME_REMOVED ? name->path : name->other) == 0);
    }
}

/* A file system keeps the order of names: some of the newest are lost. */
static void lose_names(struct prng *prng, enum disk_loss loss)
{
    for (uint32_t i = disk.names_count; i > 0; i--) {
        const struct name *name = &disk.names[i - 1];
        if (!name->live) {
            continue;
        }
        if (loss == DISK_LOSES_SOME && prng_below(prng, 3) == 0) {
            break;
        }
        lose_name(name);
    }
    for (uint32_t i = 0; i < disk.names_count; i++) {
        if (disk.names[i].kept[0] != '\0') {
            (void)remove(disk.names[i].kept); /* gone already when it was put back */
        }
    }
}

/* Gives back older versions of sectors, the newest first, so that each ends with one of them. */
static void lose_sectors(struct prng *prng, enum disk_loss loss)
{
    static bool stopped[SECTORS_MAX]; /* by the newest entry of the sector */

    for (uint32_t i = disk.sectors_count; i > 0; i--) {
        const struct sector *sector = &disk.sectors[i - 1];
        const struct file *file = &disk.files[sector->file];
        uint32_t newest = i - 1;
        for (uint32_t j = disk.sectors_count - 1; j > i - 1; j--) {
            if (disk.sectors[j].file == sector->file && disk.sectors[j].at == sector->at) {
                newest = j;
                break;
            }
        }
        const bool is_lost = loss == DISK_LOSES_ALL && !sector->is_torn ? true
                             : loss == DISK_LOSES_NONE                  ? false
                                                                        : prng_below(prng, 2) == 0;
        if (stopped[newest] || !is_lost) {
            stopped[newest] = true;
            continue;
        }
        const int fd = open(file->path, O_WRONLY | O_CLOEXEC);
        if (fd >= 0) { /* else its name is gone */
            CHECK(disk_raw_pwrite(fd, sector->before, sizeof(sector->before), sector->at) >= 0);
            (void)close(fd);
        }
    }
}

static void lose_size(const struct file *file, off_t size, struct prng *prng, enum disk_loss loss)
{
    struct stat about;

    if (stat(file->path, &about) != 0 || about.st_ino != file->inode) {
        return;
    }
    const bool is_lost = loss == DISK_LOSES_ALL || prng_below(prng, 2) == 0;
    CHECK(disk_raw_truncate(file->path, is_lost ? file->durable_size : size) == 0);
}

void disk_die(void)
{
    struct prng prng = prng_from(disk.death.seed);
    off_t sizes[FILES_MAX] = {0};
    struct stat about;

    disk.watches = false;
    if (disk.death.loss != DISK_LOSES_NONE) {
        for (uint32_t i = 0; i < disk.files_count; i++) {
            sizes[i] = stat(disk.files[i].path, &about) == 0 ? about.st_size : 0;
        }
        lose_sectors(&prng, disk.death.loss);
        for (uint32_t i = 0; i < disk.files_count; i++) {
            lose_size(&disk.files[i], sizes[i], &prng, disk.death.loss);
        }
        lose_names(&prng, disk.death.loss);
    }
    _exit(DISK_DIED);
}

/* ---- each call ---- */

static void count_call(char kind)
{
    disk.counts.writes += kind == 'w' || kind == 'd' ? 1 : 0;
    disk.counts.syncs += kind == 's' ? 1 : 0;
    disk.counts.sizes += kind == 'z' ? 1 : 0;
    disk.counts.names += kind == 'n' ? 1 : 0;
    if (disk.trace_count < TRACE_MAX) {
        disk.trace[disk.trace_count++] = kind;
    }
}

struct disk_verdict disk_call(char kind)
{
    struct disk_verdict verdict = {.death = DISK_LIVES};
    const uint64_t call = disk.calls++;

    count_call(kind);
    if (disk.dies && call == disk.death.call) {
        const bool can_tear = kind == 'w' || kind == 'd';
        verdict.death = disk.death.moment == DISK_BEFORE             ? DISK_DIES_BEFORE
                        : disk.death.moment == DISK_TORN && can_tear ? DISK_DIES_TORN
                                                                     : DISK_DIES_AFTER;
        if (verdict.death == DISK_DIES_BEFORE) {
            disk_die();
        }
    }
    const bool can_fail = disk.failure.error != 0 || kind == 'w' || kind == 'd';
    if (disk.fails && can_fail && call >= disk.failure.call &&
        call - disk.failure.call < disk.failure.count) {
        disk.struck = true;
        verdict.fails = disk.failure.error != 0;
        verdict.cut = disk.failure.error == 0;
        errno = disk.failure.error;
    }
    return verdict;
}
