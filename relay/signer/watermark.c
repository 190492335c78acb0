/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: a tag byte and packed fields as key; packed fields and a checksum as value. */
#include "relay/signer/watermark.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/pack.h"
#include "store/durable.h"

#define FORMAT_VERSION  1u
#define CHECKSUM_BYTES  8u
#define KEY_BYTES_MAX   128u
#define VALUE_BYTES_MAX 4096u
#define MINUTE_NS       60000000000ull

static_assert(WATERMARK_MINUTES * 32 + 64 < VALUE_BYTES_MAX, "a window fits a row");
static_assert(WATERMARK_ATTEMPTS_MAX * 32 + 256 < VALUE_BYTES_MAX, "a nonce's attempts fit a row");

/* stored: never renumber */
enum row_tag {
    ROW_VERSION = 1,
    ROW_CHECKPOINT = 2,
    ROW_NONCE = 3,
    ROW_LEG = 4,
    ROW_WINDOW = 5,
    ROW_CLOCK = 6,
};

struct watermark {
    int lock; /* holds promise 3 */
    MDB_env *env;
    MDB_dbi rows;
    bool lost;
    MDB_txn *batch;   /* NULL: no batch is open */
    MDB_txn *request; /* nested in the batch; NULL: no request is open */
};

struct row_key {
    uint8_t bytes[KEY_BYTES_MAX];
};

struct row_value {
    uint8_t bytes[VALUE_BYTES_MAX];
};

static enum status status_from_lmdb(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return STATUS_OK;
    case MDB_NOTFOUND:
        return STATUS_NOT_FOUND;
    case MDB_MAP_FULL:
        return STATUS_NO_SPACE;
    case MDB_VERSION_MISMATCH:
        return STATUS_VERSION;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return STATUS_CORRUPT;
    default: /* an errno value; not an enum */
        return status_from_errno(code);
    }
}

/* ---- rows ---- */

static enum status row_read(struct watermark *watermark, struct bytes key, struct row_value *memory,
                            struct bytes *ret_value)
{
    MDB_val found_key = {.mv_size = key.count, .mv_data = (void *)(uintptr_t)key.data};
    MDB_val found;
    CHECK(watermark->request != NULL);
    *ret_value = bytes_from(NULL, 0);
    const int code = mdb_get(watermark->request, watermark->rows, &found_key, &found);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    if (found.mv_size < CHECKSUM_BYTES || found.mv_size > sizeof(memory->bytes)) {
        return STATUS_CORRUPT;
    }
    memcpy(memory->bytes, found.mv_data, found.mv_size);
    const struct bytes value = bytes_from(memory->bytes, found.mv_size - CHECKSUM_BYTES);
    const struct hash checksum = sha2_of(value);
    if (memcmp(checksum.bytes, memory->bytes + value.count, CHECKSUM_BYTES) != 0) {
        return STATUS_CORRUPT;
    }
    *ret_value = value;
    return STATUS_OK;
}

static enum status row_write(struct watermark *watermark, struct bytes key, struct packer *packer)
{
    const struct hash checksum = sha2_of(packer_finish(packer));
    pack_raw(packer, bytes_from(checksum.bytes, CHECKSUM_BYTES));
    const struct bytes value = packer_finish(packer);
    MDB_val row_key = {.mv_size = key.count, .mv_data = (void *)(uintptr_t)key.data};
    MDB_val row_value = {.mv_size = value.count, .mv_data = (void *)(uintptr_t)value.data};
    CHECK(watermark->request != NULL);
    return status_from_lmdb(mdb_put(watermark->request, watermark->rows, &row_key, &row_value, 0));
}

static struct packer key_start(struct row_key *key, enum row_tag tag)
{
    struct packer packer = packer_from(key->bytes, sizeof(key->bytes));
    pack_u8(&packer, (uint8_t)tag);
    return packer;
}

/* ---- life ---- */

static enum status lock_take(const char *directory, int *ret_lock)
{
    char path[4096];
    const int count = snprintf(path, sizeof(path), "%s/signer.lock", directory);
    if (count < 0 || (size_t)count >= sizeof(path)) {
        return STATUS_MALFORMED;
    }
    const int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : status_from_lmdb(errno);
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const int code = errno;
        close(lock);
        return code == EWOULDBLOCK ? STATUS_BUSY : status_from_lmdb(code);
    }
    *ret_lock = lock;
    return STATUS_OK;
}

/* A new name is only there after a crash when its folder was synced too. */
/* The directory and what is in it. It is done at every start: who made the directory may have died
 * before. A folder above that we may not open is none in which we made a name. */
static enum status names_sync(const char *directory)
{
    char parent[4096];
    const int count = snprintf(parent, sizeof(parent), "%s/..", directory);
    if (count < 0 || (size_t)count >= sizeof(parent)) {
        return STATUS_MALFORMED;
    }
    const enum status status = durable_folder(parent);
    return status == STATUS_OK || status == STATUS_READ_ONLY ? durable_folder(directory) : status;
}

static enum status environment_open(struct watermark *watermark, const char *path)
{
    int code = mdb_env_create(&watermark->env);
    if (code != MDB_SUCCESS) {
        watermark->env = NULL;
        return status_from_lmdb(code);
    }
    code = mdb_env_set_mapsize(watermark->env, WATERMARK_MAP_BYTES_MAX);
    if (code == MDB_SUCCESS) {
        /* No flag that weakens the sync: promise 1 rests on it. Our own lock replaces LMDB's. */
        code = mdb_env_open(watermark->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NORDAHEAD, 0600);
    }
    return status_from_lmdb(code);
}

static void environment_close(struct watermark *watermark)
{
    watermark_abort(watermark);
    if (watermark->env != NULL) {
        mdb_env_close(watermark->env);
        watermark->env = NULL;
    }
}

/* Opens the rows and compares the format, or writes it into an empty environment. */
static enum status rows_open(struct watermark *watermark, enum watermark_age *ret_age)
{
    struct row_key key_memory;
    struct row_value memory;
    struct bytes value = {0};
    MDB_stat stat;
    const struct packer packer = key_start(&key_memory, ROW_VERSION);
    const struct bytes key = packer_finish(&packer);
    int code = mdb_dbi_open(watermark->request, NULL, 0, &watermark->rows);
    if (code == MDB_SUCCESS) {
        code = mdb_stat(watermark->request, watermark->rows, &stat);
    }
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    if (stat.ms_entries == 0) {
        struct packer version = packer_from(memory.bytes, sizeof(memory.bytes));
        pack_u32(&version, FORMAT_VERSION);
        *ret_age = WATERMARK_NEW;
        return row_write(watermark, key, &version);
    }
    const enum status status = row_read(watermark, key, &memory, &value);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    struct unpacker unpacker = unpacker_from(value);
    const uint32_t version = unpack_u32(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_age = stat.ms_entries == 1 ? WATERMARK_NEW : WATERMARK_OLD; /* the version alone */
    return version == FORMAT_VERSION ? STATUS_OK : STATUS_VERSION;
}

static enum status file_open(struct watermark *watermark, const char *path,
                             enum watermark_age *ret_age)
{
    enum status status = environment_open(watermark, path);
    if (status == STATUS_OK) {
        status = watermark_begin(watermark);
    }
    if (status == STATUS_OK) {
        status = watermark_open_request(watermark);
    }
    if (status == STATUS_OK) {
        status = rows_open(watermark, ret_age);
    }
    if (status == STATUS_OK) {
        status = watermark_keep_request(watermark);
    }
    return status == STATUS_OK ? watermark_commit(watermark) : status;
}

/* One whose making was cut short must not look like a damaged one, which stops the signer: it is
 * made under another name and gets its own when it is whole. */
static enum status file_create(struct watermark *watermark, const char *directory, const char *path)
{
    char fresh[4096];
    enum watermark_age age;
    const int count = snprintf(fresh, sizeof(fresh), "%s/watermark.new", directory);
    if (count < 0 || (size_t)count >= sizeof(fresh)) {
        return STATUS_MALFORMED;
    }
    if (unlink(fresh) != 0 && errno != ENOENT) {
        return status_from_lmdb(errno);
    }
    const enum status status = file_open(watermark, fresh, &age);
    environment_close(watermark);
    if (status != STATUS_OK) {
        (void)unlink(fresh); /* the next start does it otherwise */
        return status;
    }
    return rename(fresh, path) == 0 ? STATUS_OK : status_from_lmdb(errno);
}

static enum status directory_open(struct watermark *watermark, const char *directory,
                                  enum watermark_age *ret_age)
{
    char path[4096];
    enum watermark_age age = WATERMARK_NEW;
    const int count = snprintf(path, sizeof(path), "%s/watermark.mdb", directory);
    if (count < 0 || (size_t)count >= sizeof(path)) {
        return STATUS_MALFORMED;
    }
    enum status status = lock_take(directory, &watermark->lock);
    const bool is_new = status == STATUS_OK && access(path, F_OK) != 0 && errno == ENOENT;
    if (is_new) {
        status = file_create(watermark, directory, path);
    }
    if (status == STATUS_OK) {
        status = names_sync(directory);
    }
    if (status == STATUS_OK) {
        status = file_open(watermark, path, &age);
    }
    if (status == STATUS_OK) {
        *ret_age = age;
    }
    return status;
}

enum status watermark_open(const char *directory, struct watermark **ret_watermark,
                           enum watermark_age *ret_age)
{
    struct watermark *watermark = calloc(1, sizeof(*watermark));
    if (watermark == NULL) {
        return STATUS_NO_MEMORY;
    }
    watermark->lock = -1;
    const enum status status = directory_open(watermark, directory, ret_age);
    if (status != STATUS_OK) {
        watermark_close(watermark);
        return status;
    }
    *ret_watermark = watermark;
    return STATUS_OK;
}

struct watermark *watermark_close(struct watermark *watermark)
{
    if (watermark == NULL) {
        return NULL;
    }
    environment_close(watermark);
    if (watermark->lock >= 0) {
        close(watermark->lock);
    }
    free(watermark);
    return NULL;
}

enum status watermark_begin(struct watermark *watermark)
{
    CHECK(watermark->batch == NULL);
    const int code = mdb_txn_begin(watermark->env, NULL, 0, &watermark->batch);
    if (code != MDB_SUCCESS) {
        watermark->batch = NULL;
        watermark->lost = watermark->lost || code == MDB_PANIC;
    }
    return status_from_lmdb(code);
}

enum status watermark_commit(struct watermark *watermark)
{
    CHECK(watermark->batch != NULL);
    CHECK(watermark->request == NULL);
    const int code = mdb_txn_commit(watermark->batch);
    /* LMDB frees the transaction on success and on failure alike. */
    watermark->batch = NULL;
    return status_from_lmdb(code);
}

void watermark_abort(struct watermark *watermark)
{
    watermark_drop_request(watermark);
    if (watermark->batch != NULL) {
        mdb_txn_abort(watermark->batch);
        watermark->batch = NULL;
    }
}

bool watermark_is_lost(const struct watermark *watermark)
{
    return watermark->lost;
}

bool watermark_is_open(const struct watermark *watermark)
{
    return watermark->batch != NULL;
}

enum status watermark_open_request(struct watermark *watermark)
{
    CHECK(watermark->batch != NULL);
    CHECK(watermark->request == NULL);
    const int code = mdb_txn_begin(watermark->env, watermark->batch, 0, &watermark->request);
    if (code != MDB_SUCCESS) {
        watermark->request = NULL;
    }
    return status_from_lmdb(code);
}

enum status watermark_keep_request(struct watermark *watermark)
{
    CHECK(watermark->request != NULL);
    const int code = mdb_txn_commit(watermark->request);
    watermark->request = NULL;
    return status_from_lmdb(code);
}

void watermark_drop_request(struct watermark *watermark)
{
    if (watermark->request != NULL) {
        mdb_txn_abort(watermark->request);
        watermark->request = NULL;
    }
}

/* ---- checkpoints ---- */

/* One row per index of every tree ever signed: the key, domain and hook are kept as the head of
 * their hash, which makes a row a third as long. */
static struct bytes checkpoint_key(const struct watermark_index *index, struct row_key *memory)
{
    uint8_t scope_memory[KEY_BYTES_MAX];
    struct packer scope = packer_from(scope_memory, sizeof(scope_memory));
    pack_u32(&scope, index->domain);
    pack_address(&scope, &index->tree_hook);
    pack_address(&scope, &index->key);
    const struct hash scope_hash = sha2_of(packer_finish(&scope));
    struct packer packer = key_start(memory, ROW_CHECKPOINT);
    pack_raw(&packer, bytes_from(scope_hash.bytes, 16));
    pack_u32(&packer, index->index);
    return packer_finish(&packer);
}

enum status watermark_claim_checkpoint(struct watermark *watermark,
                                       const struct watermark_index *index,
                                       const struct checkpoint *checkpoint,
                                       struct checkpoint *ret_held)
{
    struct row_key key_memory;
    struct row_value memory;
    struct bytes value;
    CHECK(checkpoint->index == index->index);
    const struct bytes key = checkpoint_key(index, &key_memory);
    const enum status status = row_read(watermark, key, &memory, &value);
    if (status == STATUS_NOT_FOUND) {
        struct packer packer = packer_from(memory.bytes, sizeof(memory.bytes));
        pack_hash(&packer, &checkpoint->root);
        pack_hash(&packer, &checkpoint->message_id);
        return row_write(watermark, key, &packer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(value);
    struct checkpoint held = {.index = index->index};
    held.root = unpack_hash(&unpacker);
    held.message_id = unpack_hash(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    if (!hash_equal(&held.root, &checkpoint->root) ||
        !hash_equal(&held.message_id, &checkpoint->message_id)) {
        *ret_held = held;
        return STATUS_REFUSED;
    }
    return STATUS_OK;
}

/* ---- nonces and legs ---- */

static void pack_nonce(struct packer *packer, const struct watermark_nonce *nonce)
{
    pack_address(packer, &nonce->key);
    pack_u64(packer, nonce->chain_id);
    pack_u64(packer, nonce->nonce);
}

static struct bytes nonce_key(const struct watermark_nonce *nonce, struct row_key *memory)
{
    struct packer packer = key_start(memory, ROW_NONCE);
    pack_nonce(&packer, nonce);
    return packer_finish(&packer);
}

enum status watermark_read_transaction(struct watermark *watermark,
                                       const struct watermark_nonce *nonce,
                                       struct watermark_transaction *ret_transaction)
{
    struct row_key key_memory;
    struct row_value memory;
    struct bytes value;
    const enum status status = row_read(watermark, nonce_key(nonce, &key_memory), &memory, &value);
    if (status != STATUS_OK) {
        return status;
    }
    struct watermark_transaction transaction = {.cancelled = false};
    struct unpacker unpacker = unpacker_from(value);
    transaction.payload = unpack_hash(&unpacker);
    transaction.leg_id = unpack_hash(&unpacker);
    transaction.cancelled = unpack_bool(&unpacker);
    transaction.fee_max = unpack_amount(&unpacker);
    transaction.priority_fee = unpack_amount(&unpacker);
    transaction.spend = unpack_amount(&unpacker);
    transaction.digests_count = unpack_u32(&unpacker);
    if (transaction.digests_count == 0 || transaction.digests_count > WATERMARK_ATTEMPTS_MAX) {
        return STATUS_CORRUPT;
    }
    for (uint32_t i = 0; i < transaction.digests_count; i++) {
        transaction.digests[i] = unpack_hash(&unpacker);
    }
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_transaction = transaction;
    return STATUS_OK;
}

enum status watermark_write_transaction(struct watermark *watermark,
                                        const struct watermark_nonce *nonce,
                                        const struct watermark_transaction *transaction)
{
    struct row_key key_memory;
    struct row_value memory;
    struct packer packer = packer_from(memory.bytes, sizeof(memory.bytes));
    CHECK(transaction->digests_count > 0);
    CHECK(transaction->digests_count <= WATERMARK_ATTEMPTS_MAX);
    pack_hash(&packer, &transaction->payload);
    pack_hash(&packer, &transaction->leg_id);
    pack_bool(&packer, transaction->cancelled);
    pack_amount(&packer, &transaction->fee_max);
    pack_amount(&packer, &transaction->priority_fee);
    pack_amount(&packer, &transaction->spend);
    pack_u32(&packer, transaction->digests_count);
    for (uint32_t i = 0; i < transaction->digests_count; i++) {
        pack_hash(&packer, &transaction->digests[i]);
    }
    return row_write(watermark, nonce_key(nonce, &key_memory), &packer);
}

enum status watermark_claim_leg(struct watermark *watermark, const struct hash *leg_id,
                                const struct watermark_nonce *nonce)
{
    struct row_key key_memory;
    struct row_value memory;
    struct bytes value;
    uint8_t owner_memory[KEY_BYTES_MAX];
    struct packer key = key_start(&key_memory, ROW_LEG);
    pack_hash(&key, leg_id);
    struct packer owner = packer_from(owner_memory, sizeof(owner_memory));
    pack_nonce(&owner, nonce);
    const enum status status = row_read(watermark, packer_finish(&key), &memory, &value);
    if (status == STATUS_NOT_FOUND) {
        struct packer packer = packer_from(memory.bytes, sizeof(memory.bytes));
        pack_raw(&packer, packer_finish(&owner));
        return row_write(watermark, packer_finish(&key), &packer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return bytes_equal(value, packer_finish(&owner)) ? STATUS_OK : STATUS_REFUSED;
}

/* ---- budgets ---- */

struct window {
    uint64_t minute;                          /* the newest one counted, since the Unix epoch */
    struct amount amounts[WATERMARK_MINUTES]; /* by minute modulo the count */
};

static struct bytes window_key(const struct watermark_window *window, struct row_key *memory)
{
    struct packer packer = key_start(memory, ROW_WINDOW);
    pack_u8(&packer, (uint8_t)window->budget);
    pack_u64(&packer, window->chain_id);
    pack_address(&packer, &window->contract);
    return packer_finish(&packer);
}

static enum status window_read(struct watermark *watermark, struct bytes key,
                               struct window *ret_window)
{
    struct row_value memory;
    struct bytes value;
    struct window window = {.minute = 0};
    const enum status status = row_read(watermark, key, &memory, &value);
    if (status == STATUS_NOT_FOUND) {
        *ret_window = window;
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct unpacker unpacker = unpacker_from(value);
    window.minute = unpack_u64(&unpacker);
    for (uint32_t i = 0; i < WATERMARK_MINUTES; i++) {
        window.amounts[i] = unpack_amount(&unpacker);
    }
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_window = window;
    return STATUS_OK;
}

static enum status window_write(struct watermark *watermark, struct bytes key,
                                const struct window *window)
{
    struct row_value memory;
    struct packer packer = packer_from(memory.bytes, sizeof(memory.bytes));
    pack_u64(&packer, window->minute);
    for (uint32_t i = 0; i < WATERMARK_MINUTES; i++) {
        pack_amount(&packer, &window->amounts[i]);
    }
    return row_write(watermark, key, &packer);
}

static bool read_clock(struct bytes value, struct watermark_uptime *ret_uptime,
                       struct instant *ret_now)
{
    struct unpacker unpacker = unpacker_from(value);

    ret_uptime->boot = unpack_hash(&unpacker);
    ret_uptime->ns = unpack_u64(&unpacker);
    ret_now->ns = unpack_u64(&unpacker);
    return unpacker_is_done(&unpacker);
}

/* `before` was when the uptime was `then`. */
static struct instant move_on(struct instant before, const struct watermark_uptime *then,
                              const struct watermark_uptime *uptime, struct instant wall)
{
    if (!hash_equal(&then->boot, &uptime->boot)) {
        return wall.ns > before.ns ? wall : before;
    }
    const uint64_t passed = uptime->ns > then->ns ? uptime->ns - then->ns : 0;
    return (struct instant){.ns = passed < UINT64_MAX - before.ns ? before.ns + passed : before.ns};
}

enum status watermark_now(struct watermark *watermark, const struct watermark_uptime *uptime,
                          struct instant wall, struct instant *ret_now)
{
    struct row_key key_memory;
    struct row_value memory;
    struct bytes value;
    struct watermark_uptime then;
    struct instant now = wall;
    const struct packer key = key_start(&key_memory, ROW_CLOCK);
    enum status status = row_read(watermark, packer_finish(&key), &memory, &value);

    if (status == STATUS_OK) {
        if (!read_clock(value, &then, &now)) {
            return STATUS_CORRUPT;
        }
        now = move_on(now, &then, uptime, wall);
    } else if (status != STATUS_NOT_FOUND) {
        return status;
    }
    struct packer packer = packer_from(memory.bytes, sizeof(memory.bytes));
    pack_hash(&packer, &uptime->boot);
    pack_u64(&packer, uptime->ns);
    pack_u64(&packer, now.ns);
    status = row_write(watermark, packer_finish(&key), &packer);
    if (status == STATUS_OK) {
        *ret_now = now;
    }
    return status;
}

/* Forgets the minutes that left the window. */
static void window_advance(struct window *window, uint64_t minute)
{
    if (minute <= window->minute) {
        return;
    }
    const uint64_t passed = minute - window->minute;
    const uint64_t count = passed < WATERMARK_MINUTES ? passed : WATERMARK_MINUTES;
    for (uint64_t i = 0; i < count; i++) {
        window->amounts[(minute - i) % WATERMARK_MINUTES] = amount_zero();
    }
    window->minute = minute;
}

static struct amount window_sum(const struct window *window)
{
    struct amount sum = amount_zero();
    for (uint32_t i = 0; i < WATERMARK_MINUTES; i++) {
        if (amount_add(&sum, &window->amounts[i], &sum) != STATUS_OK) {
            return amount_max();
        }
    }
    return sum;
}

enum status watermark_count(struct watermark *watermark, const struct watermark_window *window,
                            const struct amount *amount, const struct amount *limit,
                            struct instant now, struct amount *ret_left)
{
    struct row_key key_memory;
    struct window counted;
    const struct bytes key = window_key(window, &key_memory);
    const enum status status = window_read(watermark, key, &counted);
    if (status != STATUS_OK) {
        return status;
    }
    window_advance(&counted, now.ns / MINUTE_NS);
    const struct amount used = window_sum(&counted);
    struct amount left;
    if (amount_subtract(limit, &used, &left) != STATUS_OK) {
        left = amount_zero();
    }
    if (amount_compare(amount, &left) > 0) {
        *ret_left = left;
        return STATUS_REFUSED;
    }
    struct amount *bucket = &counted.amounts[counted.minute % WATERMARK_MINUTES];
    const enum status added = amount_add(bucket, amount, bucket);
    CHECK(added == STATUS_OK); /* the sum is at most `limit` */
    return window_write(watermark, key, &counted);
}
