/* SPDX-License-Identifier: Apache-2.0 */
/* Many messages by two streams: a stream that is at its message's end takes the next message, so
 * that messages of any lengths keep both busy.
 *
 * Single ones by OpenSSL's direct interface, which version 3 would rather have replaced by EVP:
 * records are short, and EVP, or nettle, takes a fifth more for them. For the same reason it is
 * given whole blocks, the padding of FIPS 180-4 section 5.1.1 in the last of them, so that it
 * hashes where the bytes lie and buffers nothing (tests/bench/log.c). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/sha256.h"

#include <endian.h>
#include <openssl/sha.h>
#include <stdatomic.h>
#include <string.h>

#include "relay/base/check.h"
#include "store/sha256_internal.h"

#define BLOCK       SHA256_BLOCK_BYTES
#define NODE_BYTES  65u /* a prefix and two hashes */
#define PREFIX_NODE 1u

static const uint32_t begin_state[SHA256_STATE_WORDS] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

enum sha256_way sha256_way_best(void)
{
    /* Asking the processor takes microseconds where a hypervisor answers for it. */
    static atomic_int known = -1;
    int way = atomic_load_explicit(&known, memory_order_relaxed);

    if (way < 0) {
        way = (int)(sha256_pair_is_possible() ? SHA256_PAIRS : SHA256_SINGLE);
        atomic_store_explicit(&known, way, memory_order_relaxed);
    }
    return (enum sha256_way)way;
}

static void begin(struct sha256_stream *stream)
{
    memcpy(stream->state, begin_state, sizeof(begin_state));
}

static struct hash hash_of(const uint32_t state[SHA256_STATE_WORDS])
{
    struct hash hash;

    for (unsigned i = 0; i < SHA256_STATE_WORDS; i++) {
        const uint32_t word = htobe32(state[i]);
        memcpy(hash.bytes + sizeof(word) * i, &word, sizeof(word));
    }
    return hash;
}

static void store_length(uint8_t *at, uint64_t bytes_count)
{
    const uint64_t length = htobe64(8 * bytes_count);

    memcpy(at, &length, sizeof(length));
}

/* The end of a message of `count` bytes whose last ones, `rest`, do not fill a block: how many
 * blocks. */
static uint32_t pad(const uint8_t *rest, size_t count, uint8_t ret_blocks[2 * BLOCK])
{
    const size_t rest_count = count % BLOCK;
    const uint32_t blocks_count = rest_count + 1 + sizeof(uint64_t) <= BLOCK ? 1 : 2;

    memset(ret_blocks, 0, 2 * (size_t)BLOCK);
    if (rest_count > 0) {
        CHECK(rest != NULL);
        memcpy(ret_blocks, rest, rest_count);
    }
    ret_blocks[rest_count] = 0x80;
    store_length(ret_blocks + BLOCK * blocks_count - sizeof(uint64_t), count);
    return blocks_count;
}

/* ---- one message, by OpenSSL ---- */

/* Whole blocks. */
static void feed(SHA256_CTX *context, const uint8_t *blocks, size_t bytes_count)
{
    if (bytes_count > 0) {
        (void)SHA256_Update(context, blocks, bytes_count); /* it cannot fail */
    }
}

static struct hash finish(SHA256_CTX *context, const uint8_t *rest, size_t count)
{
    uint8_t last[2 * BLOCK];

    feed(context, last, (size_t)BLOCK * pad(rest, count, last));
    return hash_of(context->h);
}

struct hash sha256_of(struct bytes message)
{
    const size_t whole = message.count / BLOCK * BLOCK;
    SHA256_CTX context;

    (void)SHA256_Init(&context);
    feed(&context, message.data, whole);
    return finish(&context, whole < message.count ? message.data + whole : NULL, message.count);
}

struct hash sha256_of_behind(uint8_t prefix, struct bytes message)
{
    const size_t first_count = message.count < BLOCK - 1 ? message.count : BLOCK - 1;
    uint8_t first[BLOCK] = {prefix}; /* and what fills its block */
    SHA256_CTX context;

    if (first_count > 0) {
        memcpy(first + 1, message.data, first_count);
    }
    (void)SHA256_Init(&context);
    if (first_count < BLOCK - 1) {
        return finish(&context, first, 1 + message.count);
    }
    const size_t middle_count = (message.count - first_count) / BLOCK * BLOCK;
    feed(&context, first, sizeof(first));
    feed(&context, message.data + first_count, middle_count);
    return finish(&context, message.data + first_count + middle_count, 1 + message.count);
}

/* ---- messages of any length ---- */

/* One of the two streams, and the message that is in it. */
struct lane {
    struct sha256_stream stream;
    uint32_t blocks_count;   /* contiguous ones from stream.blocks on; 0: the message is through */
    uint32_t rest_count;     /* blocks of `rest` that come after them */
    uint32_t index;          /* of the message */
    uint8_t rest[2 * BLOCK]; /* what does not fill a block, and the padding (section 5.1.1) */
};

static void lane_begin(struct lane *lane, struct bytes message, uint32_t index)
{
    const size_t whole = message.count / BLOCK * BLOCK;

    CHECK(message.count / BLOCK < UINT32_MAX);
    begin(&lane->stream);
    lane->index = index;
    lane->rest_count =
        pad(whole < message.count ? message.data + whole : NULL, message.count, lane->rest);
    lane->stream.blocks = message.data;
    lane->blocks_count = (uint32_t)(whole / BLOCK);
    if (lane->blocks_count == 0) {
        lane->stream.blocks = lane->rest;
        lane->blocks_count = lane->rest_count;
        lane->rest_count = 0;
    }
}

static void lane_advance(struct lane *lane, uint32_t count)
{
    CHECK(count <= lane->blocks_count);
    lane->blocks_count -= count;
    if (lane->blocks_count == 0 && lane->rest_count > 0) {
        lane->stream.blocks = lane->rest;
        lane->blocks_count = lane->rest_count;
        lane->rest_count = 0;
    }
}

/* Both lanes hold a message: until one of them is through. */
static void compress_lanes(struct lane *first, struct lane *second)
{
    while (first->blocks_count > 0 && second->blocks_count > 0) {
        const uint32_t count =
            first->blocks_count < second->blocks_count ? first->blocks_count : second->blocks_count;
        sha256_pair_compress(&first->stream, &second->stream, count);
        lane_advance(first, count);
        lane_advance(second, count);
    }
}

static void hash_pairs(const struct bytes *messages, uint32_t count, struct hash *ret_hashes)
{
    struct lane lanes[2];
    uint32_t next = 2;

    CHECK(count >= 2);
    lane_begin(&lanes[0], messages[0], 0);
    lane_begin(&lanes[1], messages[1], 1);
    for (;;) {
        compress_lanes(&lanes[0], &lanes[1]);
        for (unsigned i = 0; i < 2; i++) {
            struct lane *lane = &lanes[i];
            if (lane->blocks_count > 0) {
                continue;
            }
            ret_hashes[lane->index] = hash_of(lane->stream.state);
            if (next == count) {
                /* The other one goes on alone, from its beginning: one message of them all. */
                const struct lane *other = &lanes[1 - i];
                ret_hashes[other->index] = sha256_of(messages[other->index]);
                return;
            }
            lane_begin(lane, messages[next], next);
            next++;
        }
    }
}

void sha256_many(enum sha256_way way, const struct bytes *messages, uint32_t count,
                 struct hash *ret_hashes)
{
    if (way == SHA256_PAIRS && count >= 2) {
        hash_pairs(messages, count, ret_hashes);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        ret_hashes[i] = sha256_of(messages[i]);
    }
}

/* ---- nodes ---- */

/* A node is two blocks, the last byte of the right child in the second. */
static void write_node(const struct hash children[2], uint8_t ret_blocks[2 * BLOCK])
{
    memset(ret_blocks + NODE_BYTES, 0, 2 * BLOCK - NODE_BYTES);
    ret_blocks[0] = PREFIX_NODE;
    memcpy(ret_blocks + 1, children, 2 * sizeof(children[0]));
    ret_blocks[NODE_BYTES] = 0x80;
    store_length(ret_blocks + 2 * BLOCK - sizeof(uint64_t), NODE_BYTES);
}

static struct hash node_of(const struct hash children[2])
{
    uint8_t blocks[2 * BLOCK];
    SHA256_CTX context;

    write_node(children, blocks);
    (void)SHA256_Init(&context);
    feed(&context, blocks, sizeof(blocks));
    return hash_of(context.h);
}

void sha256_nodes(enum sha256_way way, const struct hash *children, uint32_t nodes_count,
                  struct hash *ret_nodes)
{
    uint32_t next = 0;

    for (; way == SHA256_PAIRS && next + 2 <= nodes_count; next += 2) {
        uint8_t blocks[2][2 * BLOCK];
        struct sha256_stream streams[2];
        for (unsigned i = 0; i < 2; i++) {
            write_node(&children[2 * (next + i)], blocks[i]);
            begin(&streams[i]);
            streams[i].blocks = blocks[i];
        }
        sha256_pair_compress(&streams[0], &streams[1], 2);
        ret_nodes[next] = hash_of(streams[0].state);
        ret_nodes[next + 1] = hash_of(streams[1].state);
    }
    for (; next < nodes_count; next++) {
        ret_nodes[next] = node_of(&children[2 * next]);
    }
}
