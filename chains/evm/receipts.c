/* SPDX-License-Identifier: Apache-2.0 */
/* The trie is never built: its keys are the numbers 0, 1, 2, ... in RLP, so which keys share a path
 * is known, and nodes are hashed from the leaves up, one path at a time.
 *
 * A receipt takes more than 32 bytes (its bloom alone does), so every node is referred to by its
 * hash, and no key is the beginning of another, so no branch holds a value. */
#include "chains/evm/receipts.h"

#include <string.h>

#include "chains/evm/rlp.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"

enum {
    KEY_BYTES_MAX = 4,
    NIBBLES_MAX = 2 * KEY_BYTES_MAX,
    BLOOM_BYTES = 256,
    TOPICS_MAX = 4,
    CHILDREN = 16,
    TYPE_DEPOSIT = 0x7e, /* of the OP stack: two more fields */
    NODE_BYTES_MAX = CHILDREN * 33 + 16,
};

struct nibbles {
    uint8_t digits[NIBBLES_MAX];
    uint32_t count;
};

/* A branch whose children are being hashed. */
struct branch {
    uint32_t from; /* places in the order of keys */
    uint32_t to;
    uint32_t start; /* depth where its path begins: an extension leads to it when it is less */
    uint32_t depth;
    uint32_t next; /* place from which the next child begins */
    uint32_t filled;
    struct hash children[CHILDREN];
};

struct work {
    const struct json_token *receipts;
    const struct json_token *at; /* receipt of number at_number */
    uint32_t at_number;
    struct buffer memory;
    enum status status;
};

/* ---- keys ---- */

/* The number of the receipt at a place in the order of keys: 1 to 127, then 0 (0x80), then the
 * others, whose first byte is above it. */
static uint32_t number_at(uint32_t place, uint32_t count)
{
    const uint32_t small = count < 128 ? count - 1 : 127;

    if (place < small) {
        return place + 1;
    }
    return place == small ? 0 : place;
}

static struct nibbles key_of(uint32_t number)
{
    uint8_t memory[KEY_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct nibbles key = {.count = 0};
    const enum status status = rlp_write_u64(&buffer, number);

    CHECK(status == STATUS_OK);
    for (size_t i = 0; i < buffer.count; i++) {
        key.digits[key.count++] = memory[i] >> 4;
        key.digits[key.count++] = memory[i] & 15;
    }
    return key;
}

static struct nibbles key_at(uint32_t place, uint32_t count)
{
    return key_of(number_at(place, count));
}

/* Digits from `depth` on that all keys of a run share; it has at least two. */
static uint32_t shared_depth(uint32_t from, uint32_t to, uint32_t depth, uint32_t count)
{
    const struct nibbles first = key_at(from, count);
    const struct nibbles last = key_at(to - 1, count);

    while (first.digits[depth] == last.digits[depth]) {
        depth++;
        CHECK(depth < first.count);
        CHECK(depth < last.count);
    }
    return depth;
}

/* ---- receipts ---- */

static enum status write_data(struct buffer *buffer, const struct json_token *value)
{
    size_t count = 0;
    uint8_t header[16];
    struct buffer start = buffer_from(header, sizeof(header));

    if (json_data_size(value, &count) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (count > buffer->capacity - buffer->count ||
        buffer->capacity - buffer->count - count < sizeof(header)) {
        return STATUS_FULL;
    }
    /* In its place, then moved to make room for what RLP puts before it. */
    uint8_t *const place = buffer->data + buffer->count;
    if (json_data(value, count, place, &count) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    const size_t size = rlp_bytes_size(bytes_from(place, count));
    const size_t before = size - count;
    if (before > 0) {
        /* The header alone: a list's differs from it by 0x40 in the first byte. */
        const enum status status = rlp_write_list(&start, count);
        CHECK(status == STATUS_OK);
        CHECK(start.count == before);
        header[0] = (uint8_t)(header[0] - 0x40);
        memmove(place + before, place, count);
        memcpy(place, header, before);
    }
    buffer->count += size;
    return STATUS_OK;
}

static enum status write_quantity(struct buffer *buffer, const struct json_token *value)
{
    uint64_t quantity = 0;

    if (json_quantity(value, &quantity) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    return rlp_write_u64(buffer, quantity);
}

/* Puts a list's header before what was written from `start` on. */
static enum status close_list(struct buffer *buffer, size_t start)
{
    uint8_t header[16];
    struct buffer list = buffer_from(header, sizeof(header));
    const size_t count = buffer->count - start;
    const enum status status = rlp_write_list(&list, count);

    CHECK(status == STATUS_OK);
    if (list.count > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    memmove(buffer->data + start + list.count, buffer->data + start, count);
    memcpy(buffer->data + start, header, list.count);
    buffer->count += list.count;
    return STATUS_OK;
}

static enum status write_log(struct buffer *buffer, const struct json_token *log)
{
    const struct json_token *const topics = json_member(log, "topics");
    const size_t start = buffer->count;
    enum status status = write_data(buffer, json_member(log, "address"));
    const size_t topics_start = buffer->count;

    if (status != STATUS_OK) {
        return status;
    }
    if (topics == NULL || topics->kind != JSON_ARRAY || topics->count > TOPICS_MAX) {
        return STATUS_MALFORMED;
    }
    const struct json_token *topic = json_first(topics);
    for (uint32_t i = 0; i < topics->count && status == STATUS_OK; i++, topic = json_after(topic)) {
        status = write_data(buffer, topic);
    }
    status = status == STATUS_OK ? close_list(buffer, topics_start) : status;
    status = status == STATUS_OK ? write_data(buffer, json_member(log, "data")) : status;
    return status == STATUS_OK ? close_list(buffer, start) : status;
}

static enum status write_logs(struct buffer *buffer, const struct json_token *logs)
{
    const size_t start = buffer->count;
    enum status status = STATUS_OK;

    if (logs == NULL || logs->kind != JSON_ARRAY) {
        return STATUS_MALFORMED;
    }
    const struct json_token *log = json_first(logs);
    for (uint32_t i = 0; i < logs->count && status == STATUS_OK; i++, log = json_after(log)) {
        status = write_log(buffer, log);
    }
    return status == STATUS_OK ? close_list(buffer, start) : status;
}

/* Before Byzantium a receipt had a state root where its status is now. */
static enum status write_outcome(struct buffer *buffer, const struct json_token *receipt)
{
    const struct json_token *const status = json_member(receipt, "status");

    return status == NULL ? write_data(buffer, json_member(receipt, "root"))
                          : write_quantity(buffer, status);
}

/* What the OP stack adds to deposits, where it is there. */
static enum status write_deposit(struct buffer *buffer, const struct json_token *receipt)
{
    static const char *const names[] = {"depositNonce", "depositReceiptVersion"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct json_token *const value = json_member(receipt, names[i]);
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        const enum status status = write_quantity(buffer, value);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status write_receipt(struct buffer *buffer, const struct json_token *receipt)
{
    const struct json_token *const type_token = json_member(receipt, "type");
    uint64_t type = 0;

    buffer->count = 0;
    if (type_token != NULL && !json_is_null(type_token) &&
        (json_quantity(type_token, &type) != STATUS_OK || type > 0x7f)) {
        return STATUS_MALFORMED;
    }
    if (type > 0) {
        const uint8_t byte = (uint8_t)type;
        const enum status status = buffer_append(buffer, bytes_from(&byte, 1));
        if (status != STATUS_OK) {
            return status;
        }
    }
    const size_t start = buffer->count;
    enum status status = write_outcome(buffer, receipt);
    status = status == STATUS_OK ? write_quantity(buffer, json_member(receipt, "cumulativeGasUsed"))
                                 : status;
    status = status == STATUS_OK ? write_data(buffer, json_member(receipt, "logsBloom")) : status;
    status = status == STATUS_OK ? write_logs(buffer, json_member(receipt, "logs")) : status;
    if (status == STATUS_OK && type == TYPE_DEPOSIT) {
        status = write_deposit(buffer, receipt);
    }
    return status == STATUS_OK ? close_list(buffer, start) : status;
}

/* ---- nodes ---- */

/* Digits from `from` to `to` with the mark of a leaf or an extension (appendix C). */
static struct bytes pack_path(uint8_t memory[NIBBLES_MAX], const struct nibbles *key, uint32_t from,
                              uint32_t to, bool is_leaf)
{
    const bool is_odd = (to - from) % 2 == 1;
    uint32_t count = 0;
    uint32_t at = from;

    memory[count] = (uint8_t)((is_leaf ? 0x20 : 0) | (is_odd ? 0x10 : 0));
    if (is_odd) {
        memory[count] |= key->digits[at++];
    }
    count++;
    for (; at < to; at += 2) {
        memory[count++] = (uint8_t)(key->digits[at] << 4 | key->digits[at + 1]);
    }
    return bytes_from(memory, count);
}

/* The receipt of a number; they are visited nearly in order. */
static const struct json_token *receipt_of(struct work *work, uint32_t number)
{
    if (number < work->at_number) {
        work->at = json_first(work->receipts);
        work->at_number = 0;
    }
    while (work->at_number < number) {
        work->at = json_after(work->at);
        work->at_number++;
    }
    return work->at;
}

static struct hash leaf_hash(struct work *work, uint32_t place, uint32_t depth, uint32_t count)
{
    const uint32_t number = number_at(place, count);
    const struct nibbles key = key_of(number);
    uint8_t path[NIBBLES_MAX];
    uint8_t head[64];
    struct buffer buffer = buffer_from(head, sizeof(head));
    struct keccak keccak;
    uint8_t list[16];
    struct buffer start = buffer_from(list, sizeof(list));

    const enum status status = write_receipt(&work->memory, receipt_of(work, number));
    if (status != STATUS_OK) {
        work->status = status;
        return (struct hash){{0}};
    }
    const struct bytes value = buffer_bytes(&work->memory);
    enum status written = rlp_write_bytes(&buffer, pack_path(path, &key, depth, key.count, true));
    CHECK(written == STATUS_OK);
    const size_t value_size = rlp_bytes_size(value);
    written = rlp_write_list(&start, value.count); /* turned into the header of bytes below */
    CHECK(written == STATUS_OK);
    CHECK(value_size == start.count + value.count);
    list[0] = (uint8_t)(list[0] - 0x40);
    uint8_t node[16];
    struct buffer node_start = buffer_from(node, sizeof(node));
    written = rlp_write_list(&node_start, buffer.count + value_size);
    CHECK(written == STATUS_OK);
    keccak_init(&keccak);
    keccak_update(&keccak, buffer_bytes(&node_start));
    keccak_update(&keccak, buffer_bytes(&buffer));
    keccak_update(&keccak, buffer_bytes(&start));
    keccak_update(&keccak, value);
    return keccak_finish(&keccak);
}

static struct hash branch_hash(const struct branch *branch)
{
    uint8_t memory[NODE_BYTES_MAX];
    uint8_t head[16];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct buffer start = buffer_from(head, sizeof(head));
    struct keccak keccak;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < CHILDREN && status == STATUS_OK; i++) {
        const bool is_there = (branch->filled & 1u << i) != 0;
        status = rlp_write_bytes(&buffer, bytes_from(branch->children[i].bytes, is_there ? 32 : 0));
    }
    CHECK(status == STATUS_OK);
    status = rlp_write_bytes(&buffer, bytes_from(NULL, 0)); /* no value */
    CHECK(status == STATUS_OK);
    status = rlp_write_list(&start, buffer.count);
    CHECK(status == STATUS_OK);
    keccak_init(&keccak);
    keccak_update(&keccak, buffer_bytes(&start));
    keccak_update(&keccak, buffer_bytes(&buffer));
    return keccak_finish(&keccak);
}

/* The branch itself, or the extension that leads to it. */
static struct hash finish_branch(const struct branch *branch, uint32_t count)
{
    const struct hash hash = branch_hash(branch);
    const struct nibbles key = key_at(branch->from, count);
    uint8_t path[NIBBLES_MAX];
    uint8_t memory[64];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    if (branch->start == branch->depth) {
        return hash;
    }
    const struct bytes packed = pack_path(path, &key, branch->start, branch->depth, false);
    enum status status = rlp_write_list(&buffer, rlp_bytes_size(packed) + 33);
    CHECK(status == STATUS_OK);
    status = rlp_write_bytes(&buffer, packed);
    CHECK(status == STATUS_OK);
    status = rlp_write_bytes(&buffer, bytes_from(hash.bytes, sizeof(hash.bytes)));
    CHECK(status == STATUS_OK);
    return keccak256(buffer_bytes(&buffer));
}

static void open_branch(struct branch *branch, uint32_t from, uint32_t to, uint32_t depth,
                        uint32_t count)
{
    memset(branch, 0, sizeof(*branch));
    branch->from = from;
    branch->to = to;
    branch->start = depth;
    branch->depth = shared_depth(from, to, depth, count);
    branch->next = from;
}

static void put_child(struct branch *branch, uint32_t place, const struct hash *hash,
                      uint32_t count)
{
    const uint8_t digit = key_at(place, count).digits[branch->depth];

    CHECK((branch->filled & 1u << digit) == 0);
    branch->children[digit] = *hash;
    branch->filled |= 1u << digit;
}

static struct hash root_of(struct work *work, uint32_t count)
{
    struct branch open[NIBBLES_MAX];
    uint32_t depth = 0;

    open_branch(&open[depth++], 0, count, 0, count);
    for (;;) {
        struct branch *const branch = &open[depth - 1];
        if (branch->next == branch->to || work->status != STATUS_OK) {
            const struct hash hash = finish_branch(branch, count);
            const uint32_t from = branch->from;
            depth--;
            if (depth == 0) {
                return hash;
            }
            put_child(&open[depth - 1], from, &hash, count);
            continue;
        }
        /* The run of keys that share the next digit. */
        const uint32_t from = branch->next;
        const uint8_t digit = key_at(from, count).digits[branch->depth];
        while (branch->next < branch->to &&
               key_at(branch->next, count).digits[branch->depth] == digit) {
            branch->next++;
        }
        if (branch->next - from == 1) {
            const struct hash hash = leaf_hash(work, from, branch->depth + 1, count);
            put_child(branch, from, &hash, count);
        } else {
            CHECK(depth < NIBBLES_MAX);
            open_branch(&open[depth], from, branch->next, branch->depth + 1, count);
            depth++;
        }
    }
}

enum status evm_receipts_root(const struct json_token *receipts, void *memory, size_t capacity,
                              struct hash *ret_root)
{
    struct work work = {
        .receipts = receipts, .memory = buffer_from(memory, capacity), .status = STATUS_OK};
    struct hash root;

    if (receipts == NULL || receipts->kind != JSON_ARRAY) {
        return STATUS_MALFORMED;
    }
    if (receipts->count > EVM_RECEIPTS_MAX) {
        return STATUS_FULL;
    }
    if (receipts->count == 0) {
        const uint8_t empty = 0x80; /* RLP of nothing */
        *ret_root = keccak256(bytes_from(&empty, 1));
        return STATUS_OK;
    }
    work.at = json_first(receipts);
    root = receipts->count == 1 ? leaf_hash(&work, 0, 0, 1) : root_of(&work, receipts->count);
    if (work.status == STATUS_OK) {
        *ret_root = root;
    }
    return work.status;
}
