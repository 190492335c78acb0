/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/journal_log/log_site.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "store/log/tile.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define DATA_TYPE "application/octet-stream"

static const char about[] = "The log of a Sluice node's journal (C2SP tlog-tiles).\n"
                            "\n"
                            "  /checkpoint                   the signed head: origin, size, root\n"
                            "  /tile/<level>/<index>         hashes of the tree\n"
                            "  /tile/entries/<index>         256 records each\n"
                            "  /blobs/<2 digits>/<sha-256>   what records refer to\n"
                            "\n"
                            "sluice journal verify checks a copy of it.\n";

static void not_now(struct http_answer *answer)
{
    free(answer->body);
    answer->body = NULL;
    answer->body_count = 0;
    answer->status = 503;
}

/* ---- pieces ---- */

static void serve_nodes(struct journal_reader *reader, const struct tile *tile,
                        struct http_answer *answer)
{
    const struct tree_source tree = journal_tree(reader);
    struct hash hashes[TREE_TILE_WIDTH];

    if (tile_read(&tree, tile, hashes) == STATUS_OK) {
        http_answer_copy(answer, bytes_from(hashes, tile->width * sizeof(hashes[0])), DATA_TYPE);
    } else {
        not_now(answer);
    }
}

/* Grows `buffer` so that a record fits. */
static bool make_room(struct buffer *buffer, size_t count)
{
    size_t capacity = buffer->capacity == 0 ? 65536 : buffer->capacity;

    while (capacity - buffer->count < count) {
        capacity *= 2;
    }
    if (capacity > buffer->capacity) {
        uint8_t *larger = realloc(buffer->data, capacity);
        if (larger == NULL) {
            return false;
        }
        buffer->data = larger;
        buffer->capacity = capacity;
    }
    return true;
}

static bool gather(struct journal_reader *reader, const struct tile *tile,
                   struct journal_chunk *chunk, struct buffer *buffer)
{
    uint32_t count = 0;

    while (count < tile->width) {
        journal_read_chunk(reader, tile->index * TREE_TILE_WIDTH + 1 + count, chunk);
        if (chunk->count == 0) {
            return false;
        }
        for (uint32_t i = 0; i < chunk->count && count < tile->width; i++, count++) {
            if (!make_room(buffer, 2 + chunk->records[i].count)) {
                return false;
            }
            CHECK(bundle_append(buffer, chunk->records[i]) == STATUS_OK);
        }
    }
    return true;
}

static void serve_entries(struct journal_reader *reader, const struct tile *tile,
                          struct http_answer *answer)
{
    struct journal_chunk *chunk = malloc(sizeof(*chunk));
    struct buffer buffer = {.data = NULL};

    if (chunk != NULL && gather(reader, tile, chunk, &buffer)) {
        answer->status = 200;
        answer->content_type = DATA_TYPE;
        answer->body = buffer.data;
        answer->body_count = buffer.count;
    } else {
        free(buffer.data);
        not_now(answer);
    }
    free(chunk);
}

static void serve_tile(struct journal_reader *reader, uint64_t size, struct bytes path,
                       struct http_answer *answer)
{
    struct tile tile;

    if (tile_parse_path(path, &tile) != STATUS_OK || tile.width > tile_width_at(&tile, size)) {
        return;
    }
    switch (tile.kind) {
    case TILE_NODES:
        serve_nodes(reader, &tile, answer);
        break;
    case TILE_ENTRIES:
        serve_entries(reader, &tile, answer);
        break;
    }
    answer->caching = answer->status == 200 ? HTTP_CACHE_FOREVER : HTTP_CACHE_NEVER;
}

/* ---- blobs ---- */

/* "<2 digits>/<64 digits>", lower case, the two being the first of the others. */
static bool parse_blob(struct bytes rest, struct hash *ret_digest)
{
    char again[2 * sizeof(ret_digest->bytes) + 1];
    struct hash digest;

    if (rest.count != 67 || rest.data[2] != '/' ||
        hex_decode_hash(bytes_from(rest.data + 3, 64), &digest) != STATUS_OK) {
        return false;
    }
    hex_encode(bytes_from(digest.bytes, sizeof(digest.bytes)), again);
    if (memcmp(again, rest.data + 3, 64) != 0 || memcmp(again, rest.data, 2) != 0) {
        return false;
    }
    *ret_digest = digest;
    return true;
}

static void serve_blob(struct journal_reader *reader, struct bytes rest, struct http_answer *answer)
{
    struct hash digest;
    struct bytes blob;

    if (!parse_blob(rest, &digest)) {
        return;
    }
    const enum status status = journal_read_blob(reader, &digest, &blob);
    if (status == STATUS_OK) {
        http_answer_copy(answer, blob, DATA_TYPE);
        answer->caching = answer->status == 200 ? HTTP_CACHE_FOREVER : HTTP_CACHE_NEVER;
    } else if (status != STATUS_NOT_FOUND) {
        not_now(answer);
    }
}

/* ---- all of it ---- */

static bool is_path(struct bytes path, const char *text)
{
    return bytes_equal(path, bytes_from_string(text));
}

static void serve_from(struct journal_reader *reader, struct bytes path, struct http_answer *answer)
{
    const struct bytes blobs = bytes_from_string("/blobs/");
    struct bytes note;
    uint64_t size = 0;
    const enum status status =
        journal_seek_checkpoint(reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &note);

    if (status != STATUS_OK) {
        if (status != STATUS_NOT_FOUND) {
            not_now(answer);
        }
        return;
    }
    if (is_path(path, "/checkpoint")) {
        http_answer_copy(answer, note, TEXT_TYPE);
    } else if (bytes_have_prefix(path, blobs)) {
        serve_blob(reader, bytes_from(path.data + blobs.count, path.count - blobs.count), answer);
    } else {
        serve_tile(reader, size, bytes_from(path.data + 1, path.count - 1), answer);
    }
}

void log_site_serve(struct journal *journal, struct bytes path, struct http_answer *ret_answer)
{
    struct journal_reader *reader = NULL;

    if (is_path(path, "/")) {
        http_answer_copy(ret_answer, bytes_from_string(about), TEXT_TYPE);
        return;
    }
    if (path.count == 0 || journal_reader_open(journal, &reader) != STATUS_OK) {
        not_now(ret_answer);
        return;
    }
    serve_from(reader, path, ret_answer);
    journal_reader_close(reader);
}
