/* SPDX-License-Identifier: Apache-2.0 */
/* A log as the world sees it: pieces and proofs byte for byte as another program made them from the
 * same records, an export that is whole at every moment, and every flipped bit found. */
#include "tests/support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/digest.h"
#include "store/base64.h"
#include "store/log/export.h"
#include "store/log/proof.h"
#include "store/log/published.h"
#include "store/log/tile.h"
#include "store/log/witness.h"
#include "tests/support/folder.h"

#define ORIGIN      "relay.example/journal/1"
#define LOG_KEY     ORIGIN "+2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_KEY "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define TEXT_300    ORIGIN "\n300\n15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8=\n"
#define DASH        "\xe2\x80\x94"
#define LOG_LINE                                                                                   \
    DASH " " ORIGIN " KujVOiv9QAzZq2LJ1+nLt5v0mp5M6aDKYr82WcM9Ez/"                                 \
         "vcyoQgF3XNcvGG1nUdrKfv+8xd/0F3TpVITgL5r/4bkpECAg=\n"
#define WITNESS_LINE                                                                               \
    DASH " witness.example/w1 "                                                                    \
         "IDJKvgAAAABqsTuAP4swpa/eiZksDxYOiJMsPBEJwB/"                                             \
         "yOP5JidEVDDqbaHezun1tT9E/1YUy62KGLzwhGkGikmbkB/Rb6LzeVAPxDQ==\n"
#define WITNESS_TIME UINT64_C(1790000000)
#define NOTE_300     TEXT_300 "\n" LOG_LINE

struct desk {
    struct folder folder;
    struct journal *journal;
    struct journal_reader *reader;
    char out[300];
};

static struct bytes entry_of(uint64_t sequence)
{
    static char text[64];
    const int count = snprintf(text, sizeof(text), "{\"seq\":%u}", (unsigned)(sequence - 1));

    return bytes_from(text, (size_t)count);
}

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    desk->folder = folder_make();
    (void)snprintf(desk->out, sizeof(desk->out), "%s/out", desk->folder.path);
    assert_status(STATUS_OK, journal_open_memory(&desk->journal));
    assert_status(STATUS_OK, journal_reader_open(desk->journal, &desk->reader));
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    journal_reader_close(desk->reader);
    journal_close(desk->journal);
    folder_remove(&desk->folder);
    free(desk);
    return 0;
}

static void append_to(struct desk *desk, uint64_t head)
{
    uint64_t now = journal_reader_head(desk->reader);

    while (now < head) {
        const struct bytes record = entry_of(now + 1);
        const struct journal_batch batch = {.records = &record, .records_count = 1};
        assert_status(STATUS_OK, journal_commit(desk->journal, &batch, &now));
    }
    assert_status(STATUS_OK, journal_reader_refresh(desk->reader));
}

static struct note_key key_of(const char *text)
{
    struct note_key key;

    assert_status(STATUS_OK, note_key_parse(bytes_from_string(text), &key));
    return key;
}

/* Signs what is there with the known log key, as a log of `origin`, in the name of `signer`, and
 * keeps it. */
static void sign_as_line(struct desk *desk, const char *origin, const char *signer)
{
    const struct tree_source tree = journal_tree(desk->reader);
    struct log_checkpoint checkpoint = {.origin = bytes_from_string(origin),
                                        .size = journal_reader_head(desk->reader)};
    uint8_t text[1024];
    uint8_t seed[32];
    uint8_t public_key[32];
    uint8_t signature[64];
    struct buffer buffer = buffer_from(text, sizeof(text));
    struct note_key key;
    uint64_t head = 0;

    for (uint8_t i = 0; i < 32; i++) {
        seed[i] = i;
    }
    assert_status(STATUS_OK, tree_root(&tree, checkpoint.size, &checkpoint.root));
    assert_status(STATUS_OK, log_checkpoint_append(&buffer, &checkpoint));
    assert_status(STATUS_OK, ed25519_public_key(seed, public_key));
    assert_status(STATUS_OK, ed25519_sign(seed, buffer_bytes(&buffer), signature));
    assert_status(STATUS_OK,
                  note_key_init(&key, NOTE_KEY_ED25519, bytes_from_string(signer), public_key));
    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from("\n", 1)));
    assert_status(STATUS_OK, note_append_signature(&buffer, &key, bytes_from(signature, 64)));
    const struct journal_checkpoint kept = {.size = checkpoint.size, .note = buffer_bytes(&buffer)};
    const struct journal_batch batch = {.checkpoint = &kept};
    assert_status(STATUS_OK, journal_commit(desk->journal, &batch, &head));
    assert_status(STATUS_OK, journal_reader_refresh(desk->reader));
}

static void sign_as(struct desk *desk, const char *origin)
{
    sign_as_line(desk, origin, origin);
}

static void grow_to(struct desk *desk, uint64_t head)
{
    append_to(desk, head);
    sign_as(desk, ORIGIN);
}

static struct export_report export_once(struct desk *desk, uint64_t size)
{
    const struct note_key key = key_of(LOG_KEY);
    const struct export_options options = {.reader = desk->reader,
                                           .path = desk->out,
                                           .size = size,
                                           .trust = {.keys = &key, .keys_count = 1}};
    struct export_report report;
    const enum status status = journal_export(&options, &report);

    assert_int_equal(status, report.status);
    return report;
}

/* ---- paths ---- */

static void paths_have_one_spelling(void **state)
{
    static const struct {
        const char *path;
        struct tile tile;
    } good[] = {
        {"tile/0/005", {TILE_NODES, 0, 5, 256}},
        {"tile/1/x001/000", {TILE_NODES, 1, 1000, 256}},
        {"tile/entries/x001/234", {TILE_ENTRIES, 0, 1234, 256}},
        {"tile/entries/x001/x234/067.p/7", {TILE_ENTRIES, 0, 1234067, 7}},
        {"tile/7/000.p/255", {TILE_NODES, 7, 0, 255}},
    };
    static const char *const bad[] = {
        "",
        "tile",
        "tile/",
        "/tile/0/000",
        "tile/0/00",
        "tile/0/0000",
        "tile/8/000",
        "tile/-1/000",
        "tile/00/000",
        "tile/0/1",
        "tile/0/x000/001",
        "tile/0/x001/x1",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/1000",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/../000",
        "tile/entries/",
        "tile/entries/1000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "checkpoint",
    };
    struct tile tile;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint8_t text[TILE_PATH_BYTES_MAX];
        struct buffer buffer = buffer_from(text, sizeof(text));
        assert_status(STATUS_OK, tile_append_path(&buffer, &good[i].tile));
        assert_true(bytes_equal(bytes_from_string(good[i].path), buffer_bytes(&buffer)));
        assert_status(STATUS_OK, tile_parse_path(buffer_bytes(&buffer), &tile));
        assert_int_equal(good[i].tile.index, tile.index);
        assert_int_equal(good[i].tile.width, tile.width);
        assert_int_equal(good[i].tile.level, tile.level);
        assert_int_equal(good[i].tile.kind, tile.kind);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, tile_parse_path(bytes_from_string(bad[i]), &tile));
    }
}

/* The example of the specification: 70,000 records. */
static void widths_are_those_of_the_specification(void **state)
{
    static const struct {
        struct tile tile;
        uint32_t width;
    } cases[] = {
        {{TILE_NODES, 0, 272, 0}, 256}, {{TILE_NODES, 0, 273, 0}, 112},
        {{TILE_NODES, 0, 274, 0}, 0},   {{TILE_NODES, 1, 0, 0}, 256},
        {{TILE_NODES, 1, 1, 0}, 17},    {{TILE_NODES, 2, 0, 0}, 1},
        {{TILE_NODES, 3, 0, 0}, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(cases[i].width, tile_width_at(&cases[i].tile, 70000));
    }
}

static void bundles_end_where_they_say(void **state)
{
    static const uint8_t cut[] = {0, 5, 'a', 'b'};
    static const uint8_t empty[] = {0, 0, 'a'};
    uint8_t memory[8];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct bytes record;

    (void)state;
    assert_status(STATUS_OK, bundle_append(&buffer, bytes_from_string("abc")));
    assert_status(STATUS_FULL, bundle_append(&buffer, bytes_from_string("ab")));
    struct bytes rest = buffer_bytes(&buffer);
    assert_status(STATUS_OK, bundle_take(&rest, &record));
    assert_true(bytes_equal(bytes_from_string("abc"), record));
    assert_status(STATUS_NOT_FOUND, bundle_take(&rest, &record));
    rest = bytes_from(cut, sizeof(cut));
    assert_status(STATUS_MALFORMED, bundle_take(&rest, &record));
    rest = bytes_from(cut, 1);
    assert_status(STATUS_MALFORMED, bundle_take(&rest, &record));
    rest = bytes_from(empty, sizeof(empty));
    assert_status(STATUS_MALFORMED, bundle_take(&rest, &record));
}

/* ---- export ---- */

static struct bytes read_out(const struct desk *desk, const char *name)
{
    static uint8_t content[1 << 16];
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/%s", desk->out, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return (struct bytes){.count = 0};
    }
    const size_t count = fread(content, 1, sizeof(content), file);
    (void)fclose(file);
    return bytes_from(content, count);
}

static void expect_file(const struct desk *desk, const char *name, size_t count, const char *start)
{
    const struct bytes content = read_out(desk, name);
    const struct hash hash = sha2_of(content);
    char digits[17];

    for (unsigned i = 0; i < 8; i++) {
        (void)snprintf(digits + (size_t)2 * i, 3, "%02x", hash.bytes[i]);
    }
    assert_int_equal(count, content.count);
    assert_string_equal(start, digits);
}

static void the_export_is_the_known_one(void **state)
{
    struct desk *desk = *state;

    grow_to(desk, 300);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    expect_file(desk, "tile/0/000", 8192, "9f2deb482878bbbc");
    expect_file(desk, "tile/0/001.p/44", 1408, "ee0ec24f32aaff1f");
    expect_file(desk, "tile/1/000.p/1", 32, "1e5cc22dba488b4c");
    expect_file(desk, "tile/entries/000", 3218, "746f491c6bebe0c1");
    expect_file(desk, "tile/entries/001.p/44", 572, "31489c810be592ea");
    assert_true(bytes_equal(bytes_from_string(NOTE_300), read_out(desk, "checkpoint")));
}

static enum status verify_out(const struct desk *desk, struct verify_report *ret_report)
{
    const struct note_key key = key_of(LOG_KEY);
    const struct verify_options options = {.trust = {.keys = &key, .keys_count = 1}};
    struct published *published = NULL;

    enum status status = published_open(desk->out, &published);
    if (status == STATUS_OK) {
        status = published_verify(published, &options, ret_report);
    } else {
        *ret_report = (struct verify_report){.finding = VERIFY_CHECKPOINT};
    }
    published_close(published);
    return status;
}

static void an_export_follows_the_log(void **state)
{
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 300, 513, 1024, 1100};
    struct desk *desk = *state;
    struct verify_report verified;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        grow_to(desk, sizes[i]);
        struct export_report report = export_once(desk, 0);
        assert_int_equal(EXPORT_DONE, report.finding);
        assert_int_equal(i == 0 ? 0 : sizes[i - 1], report.size_before);
        assert_true(report.files_count > 0);
        assert_status(STATUS_OK, verify_out(desk, &verified));
        assert_int_equal(sizes[i], verified.records_count);
        report = export_once(desk, 0);
        assert_int_equal(0, report.files_count);
    }
    /* Partial pieces whose full one is there are gone, the others stay. */
    assert_int_equal(0, read_out(desk, "tile/0/000.p/255").count);
    assert_int_equal(0, read_out(desk, "tile/0/001.p/44").count);
    assert_int_not_equal(0, read_out(desk, "tile/1/000.p/2").count);
}

/* What is not signed is not exported, whatever else is there. */
static void nothing_unsigned_is_exported(void **state)
{
    struct desk *desk = *state;

    append_to(desk, 10);
    assert_int_equal(EXPORT_NO_CHECKPOINT, export_once(desk, 0).finding);
    sign_as(desk, ORIGIN);
    append_to(desk, 20);
    assert_int_equal(EXPORT_NO_CHECKPOINT, export_once(desk, 20).finding);
    assert_int_equal(10, export_once(desk, 0).size);
    assert_int_equal(0, read_out(desk, "tile/entries/000.p/20").count);
}

static void other_logs_are_refused(void **state)
{
    struct desk *desk = *state;

    grow_to(desk, 5);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    append_to(desk, 6);
    sign_as(desk, "relay.example/journal/2");
    /* Signed as another origin than the key's. */
    assert_int_equal(EXPORT_BAD_CHECKPOINT, export_once(desk, 0).finding);
    const struct export_options options = {.reader = desk->reader, .path = desk->out};
    struct export_report report;
    assert_status(STATUS_REFUSED, journal_export(&options, &report));
    assert_int_equal(EXPORT_OTHER_ORIGIN, report.finding);
    grow_to(desk, 7);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    assert_int_equal(EXPORT_NEWER, export_once(desk, 5).finding);
}

/* The same origin over other records: a fork, which no export may paper over. */
static void another_history_is_refused(void **state)
{
    struct desk *desk = *state;
    struct bytes other = bytes_from_string("other");
    struct journal_batch batch = {.records = &other, .records_count = 1};
    uint64_t head = 0;

    grow_to(desk, 5);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    journal_reader_close(desk->reader);
    journal_close(desk->journal);
    assert_status(STATUS_OK, journal_open_memory(&desk->journal));
    assert_status(STATUS_OK, journal_commit(desk->journal, &batch, &head));
    assert_status(STATUS_OK, journal_reader_open(desk->journal, &desk->reader));
    grow_to(desk, 9);
    assert_int_equal(EXPORT_OTHER_HISTORY, export_once(desk, 0).finding);
}

/* ---- every flipped bit ---- */

static char flip_paths[64][600];
static uint64_t flip_sizes[64];
static size_t flip_count;

static int note_path(const char *path, const struct stat *state, int kind, struct FTW *walk)
{
    (void)walk;
    if (kind == FTW_F && flip_count < 64) {
        (void)snprintf(flip_paths[flip_count], sizeof(flip_paths[0]), "%s", path);
        flip_sizes[flip_count++] = (uint64_t)state->st_size;
    }
    return 0;
}

static void flip(const char *path, uint64_t bit)
{
    uint8_t byte = 0;
    const int fd = open(path, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(1, pread(fd, &byte, 1, (off_t)(bit / 8)));
    byte = (uint8_t)(byte ^ 1u << (bit % 8));
    assert_int_equal(1, pwrite(fd, &byte, 1, (off_t)(bit / 8)));
    (void)close(fd);
}

/* Which record a finding must name: the one whose bytes or whose hash was changed. */
static uint64_t record_at(const char *path, uint64_t byte)
{
    const uint64_t first = strstr(path, "/001.p/") != NULL ? 257 : 1;
    uint64_t offset = 0;
    uint64_t sequence = first;

    if (strstr(path, "tile/0/") != NULL) {
        return first + byte / 32;
    }
    if (strstr(path, "tile/entries/") == NULL) {
        return 0;
    }
    while (offset + 2 + entry_of(sequence).count <= byte) {
        offset += 2 + entry_of(sequence).count;
        sequence++;
    }
    return sequence;
}

static void every_flipped_bit_is_found(void **state)
{
    struct desk *desk = *state;
    struct verify_report report;

    grow_to(desk, 300);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    flip_count = 0;
    assert_int_equal(0, nftw(desk->out, note_path, 8, FTW_PHYS));
    assert_int_equal(6, flip_count);
    for (size_t i = 0; i < flip_count; i++) {
        /* All bits of the small files, a prime number of bits apart in the others. */
        const uint64_t step = flip_sizes[i] < 600 ? 1 : 97;
        for (uint64_t bit = 0; bit < 8 * flip_sizes[i]; bit += step) {
            flip(flip_paths[i], bit);
            assert_int_not_equal(STATUS_OK, verify_out(desk, &report));
            const uint64_t expected = record_at(flip_paths[i], bit / 8);
            if (expected != 0) {
                assert_int_equal(expected, report.sequence);
            } else if (strstr(flip_paths[i], "tile/1/") != NULL) {
                assert_int_equal(VERIFY_TREE, report.finding);
                assert_int_equal(1, report.sequence);
            } else {
                assert_int_equal(VERIFY_CHECKPOINT, report.finding);
            }
            if (report.sequence != 0) {
                assert_int_equal(report.sequence - 1, report.records_count);
            }
            flip(flip_paths[i], bit);
        }
    }
    assert_status(STATUS_OK, verify_out(desk, &report));
}

/* How long it was before. */
static off_t append_byte(const char *path)
{
    FILE *file = fopen(path, "ab");

    assert_non_null(file);
    const off_t before = ftello(file);
    assert_int_equal('x', fputc('x', file));
    assert_int_equal(0, fclose(file));
    return before;
}

static void missing_and_long_pieces_are_found(void **state)
{
    struct desk *desk = *state;
    struct verify_report report;
    char path[600];

    grow_to(desk, 300);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    (void)snprintf(path, sizeof(path), "%s/tile/entries/000", desk->out);
    const off_t full_bytes = append_byte(path);
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(VERIFY_EXTRA, report.finding);
    assert_int_equal(256, report.sequence);
    assert_int_equal(0, truncate(path, full_bytes));
    (void)snprintf(path, sizeof(path), "%s/tile/entries/001.p/44", desk->out);
    (void)append_byte(path);
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(VERIFY_EXTRA, report.finding);
    assert_int_equal(300, report.sequence);
    assert_int_equal(0, truncate(path, 571));
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(300, report.sequence);
    assert_int_equal(0, unlink(path));
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(VERIFY_MISSING, report.finding);
    assert_int_equal(257, report.sequence);
    /* It is made again; what was changed is not replaced. */
    (void)snprintf(path, sizeof(path), "%s/tile/0/001.p/44", desk->out);
    flip(path, 5);
    append_to(desk, 301);
    sign_as(desk, ORIGIN);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    (void)snprintf(path, sizeof(path), "%s/tile/1/000.p/1", desk->out);
    flip(path, 5);
    append_to(desk, 302);
    sign_as(desk, ORIGIN);
    assert_int_equal(EXPORT_BAD_TARGET, export_once(desk, 0).finding);
}

/* The hashes of records, too: as many as the checkpoint calls for and no more. */
static void missing_and_long_pieces_of_hashes_are_found(void **state)
{
    static const uint8_t more[32] = {1};
    struct desk *desk = *state;
    struct verify_report report;
    char path[600];

    grow_to(desk, 300);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    (void)snprintf(path, sizeof(path), "%s/tile/0/001.p/44", desk->out);
    FILE *file = fopen(path, "ab");
    assert_int_equal(sizeof(more), fwrite(more, 1, sizeof(more), file));
    (void)fclose(file);
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(257, report.sequence);
    assert_int_equal(0, truncate(path, 44 * 32 - 1));
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(257, report.sequence);
    assert_int_equal(0, unlink(path));
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(VERIFY_MISSING, report.finding);
    assert_int_equal(257, report.sequence);
}

static void write_at(const char *path, off_t offset, struct bytes bytes)
{
    const int fd = open(path, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(bytes.count, pwrite(fd, bytes.data, bytes.count, offset));
    (void)close(fd);
}

/* Who changes a record and its hash alike leaves nothing wrong but the root that was signed. */
static void a_record_that_was_changed_with_its_hash_is_found(void **state)
{
    static const char forged[] = "{\"seq\":999}";
    struct desk *desk = *state;
    const struct bytes record = bytes_from_string(forged);
    const struct hash leaf = tree_leaf(record);
    struct verify_report report;
    char path[600];

    grow_to(desk, 300);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    (void)snprintf(path, sizeof(path), "%s/tile/entries/001.p/44", desk->out);
    write_at(path, (off_t)(43 * (2 + record.count) + 2), record); /* the last one */
    (void)snprintf(path, sizeof(path), "%s/tile/0/001.p/44", desk->out);
    write_at(path, (off_t)(43 * sizeof(leaf.bytes)), bytes_from(leaf.bytes, sizeof(leaf.bytes)));
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(VERIFY_CHECKPOINT, report.finding);
    assert_string_equal("its root is not that of the records", report.what);
}

/* Signed by the log's own key, but of another log. */
static void a_checkpoint_of_another_origin_is_refused(void **state)
{
    struct desk *desk = *state;
    struct verify_report report;
    struct bytes note;
    uint64_t size = 0;
    char path[600];

    grow_to(desk, 300);
    assert_int_equal(EXPORT_DONE, export_once(desk, 0).finding);
    assert_status(STATUS_OK, verify_out(desk, &report));
    append_to(desk, 301);
    sign_as_line(desk, "relay.example/journal/2", ORIGIN);
    assert_status(STATUS_OK, journal_seek_checkpoint(desk->reader, UINT64_MAX, JOURNAL_DOWNWARDS,
                                                     &size, &note));
    assert_int_equal(301, size);
    (void)snprintf(path, sizeof(path), "%s/checkpoint", desk->out);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(note.count, fwrite(note.data, 1, note.count, file));
    (void)fclose(file);
    assert_status(STATUS_CORRUPT, verify_out(desk, &report));
    assert_int_equal(VERIFY_CHECKPOINT, report.finding);
    assert_string_equal("it is of another origin", report.what);
}

/* ---- proofs ---- */

static void proofs_are_read_as_written(void **state)
{
    struct desk *desk = *state;
    static uint8_t text[PROOF_BYTES_MAX];
    static uint8_t memory[RECORD_BYTES_MAX];
    struct note note;
    struct log_checkpoint checkpoint;
    struct proof read;

    grow_to(desk, 300);
    const struct tree_source tree = journal_tree(desk->reader);
    for (uint64_t index = 0; index < 300; index += 13) {
        struct buffer buffer = buffer_from(text, sizeof(text));
        struct proof proof = {.has_record = true,
                              .record = entry_of(index + 1),
                              .index = index,
                              .note = bytes_from_string(NOTE_300)};
        assert_status(STATUS_OK, tree_prove_inclusion(&tree, (struct tree_inclusion){index, 300},
                                                      &proof.path));
        assert_status(STATUS_OK, proof_append(&buffer, &proof));
        assert_status(STATUS_OK, proof_parse(buffer_bytes(&buffer), memory, &read));
        assert_true(bytes_equal(entry_of(index + 1), read.record));
        struct hash leaf = tree_leaf(read.record);
        assert_status(STATUS_OK, proof_check(&read, &leaf, &note, &checkpoint));
        assert_int_equal(300, checkpoint.size);
        read.index ^= 1;
        assert_status(STATUS_REFUSED, proof_check(&read, &leaf, &note, &checkpoint));
        read.index ^= 1;
        leaf.bytes[0] ^= 1;
        assert_status(STATUS_REFUSED, proof_check(&read, &leaf, &note, &checkpoint));
        /* Cut anywhere in front of the note, it is no proof. */
        for (size_t count = 0; count < buffer.count - strlen(NOTE_300); count += 7) {
            assert_status(STATUS_MALFORMED, proof_parse(bytes_from(text, count), memory, &read));
        }
        buffer.capacity = buffer.count - 1;
        buffer.count = 0;
        assert_status(STATUS_FULL, proof_append(&buffer, &proof));
        assert_int_equal(0, buffer.count);
    }
}

#define HEAD "c2sp.org/tlog-proof@v1\n"
#define HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

static void bad_proofs_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        HEAD,
        HEAD "index 0\n",
        HEAD "index 0\n\n",
        HEAD "index 00\n\n" NOTE_300,
        HEAD "index +1\n\n" NOTE_300,
        HEAD "index \n\n" NOTE_300,
        HEAD "index 9223372036854775808\n\n" NOTE_300,
        HEAD "index 1" HASH "\n" NOTE_300,
        HEAD "index 1\nabc\n\n" NOTE_300,
        HEAD "extra a\nindex 1\n\n" NOTE_300,
        HEAD "extra AAAA\nextra AAAA\nindex 1\n\n" NOTE_300,
        HEAD "index 1\nextra AAAA\n\n" NOTE_300,
        "c2sp.org/tlog-proof@v2\nindex 1\n\n" NOTE_300,
    };
    static uint8_t memory[RECORD_BYTES_MAX];
    struct proof proof;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, proof_parse(bytes_from_string(bad[i]), memory, &proof));
    }
    assert_status(STATUS_OK, proof_parse(bytes_from_string(HEAD "index 1\n" HASH "\n" NOTE_300),
                                         memory, &proof));
    assert_false(proof.has_record);
    assert_int_equal(1, proof.path.hashes_count);
}

static void growths_are_read_as_written(void **state)
{
    struct desk *desk = *state;
    static uint8_t text[PROOF_BYTES_MAX];
    struct note note;
    struct log_checkpoint checkpoint;
    struct growth read;

    grow_to(desk, 300);
    const struct tree_source tree = journal_tree(desk->reader);
    for (uint64_t old_size = 0; old_size <= 300; old_size += 4) {
        struct buffer buffer = buffer_from(text, sizeof(text));
        struct growth growth = {.old_size = old_size, .note = bytes_from_string(NOTE_300)};
        struct hash old_root;
        assert_status(STATUS_OK, tree_root(&tree, old_size, &old_root));
        assert_status(STATUS_OK,
                      tree_prove_growth(&tree, (struct tree_growth){old_size, 300}, &growth.path));
        assert_status(STATUS_OK, growth_append(&buffer, &growth));
        assert_true(growth_is_one(buffer_bytes(&buffer)));
        assert_status(STATUS_OK, growth_parse(buffer_bytes(&buffer), &read));
        assert_status(STATUS_OK, growth_check(&read, &old_root, &note, &checkpoint));
        old_root.bytes[31] ^= 1;
        assert_status(STATUS_REFUSED, growth_check(&read, &old_root, &note, &checkpoint));
    }
    /* The known one: a single hash, because 256 is a complete tree. */
    assert_status(STATUS_OK,
                  growth_parse(bytes_from_string("old 256\n"
                                                 "6odc/AMPCnLM8oSlYn9ZW7o2tlycZewQWPpejqaLQo4=\n"
                                                 "\n" NOTE_300),
                               &read));
    struct hash root;
    assert_status(STATUS_OK,
                  base64_decode_hash(
                      bytes_from_string("seEZrOo8AgMvfp4xtjKwHzWwoh0carRqr3DlKeWyNcc="), &root));
    assert_status(STATUS_OK, growth_check(&read, &root, &note, &checkpoint));
    assert_status(STATUS_MALFORMED, growth_parse(bytes_from_string("old 01\n\n" NOTE_300), &read));
    assert_status(STATUS_MALFORMED, growth_parse(bytes_from_string("old 1\n" NOTE_300), &read));
}

/* ---- witnesses ---- */

static enum witness_verdict verdict_of(unsigned http_status, const char *body)
{
    const struct note_key key = key_of(WITNESS_KEY);
    const struct witness_question question = {
        .key = &key, .text = bytes_from_string(TEXT_300), .time_seconds_max = WITNESS_TIME};

    return witness_read(&question, http_status, bytes_from_string(body)).verdict;
}

static void replies_of_witnesses_are_verified(void **state)
{
    const struct note_key key = key_of(WITNESS_KEY);
    struct witness_question question = {
        .key = &key, .text = bytes_from_string(TEXT_300), .time_seconds_max = WITNESS_TIME};

    (void)state;
    const struct witness_reply reply =
        witness_read(&question, 200, bytes_from_string(LOG_LINE WITNESS_LINE));
    assert_int_equal(WITNESS_COSIGNED, reply.verdict);
    assert_int_equal(WITNESS_TIME, reply.time_seconds);
    assert_true(bytes_equal(bytes_from_string(WITNESS_LINE), reply.line));
    question.time_seconds_max = WITNESS_TIME - 1;
    assert_int_equal(WITNESS_BAD_REPLY,
                     witness_read(&question, 200, bytes_from_string(WITNESS_LINE)).verdict);
    assert_int_equal(WITNESS_BAD_REPLY, verdict_of(200, ""));
    assert_int_equal(WITNESS_BAD_REPLY, verdict_of(200, LOG_LINE));
    assert_int_equal(WITNESS_BAD_REPLY, verdict_of(200, "x\n\n" WITNESS_LINE));
    assert_int_equal(WITNESS_BAD_REPLY, verdict_of(200, WITNESS_LINE WITNESS_LINE));
    const struct witness_reply size = witness_read(&question, 409, bytes_from_string("301\n"));
    assert_int_equal(WITNESS_HOLDS_OTHER, size.verdict);
    assert_int_equal(301, size.size);
    static const char *const bad_sizes[] = {"",
                                            "\n",
                                            "301",
                                            "01\n",
                                            "-1\n",
                                            "3 1\n",
                                            "9223372036854775808\n",
                                            "99999999999999999999\n"};
    for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++) {
        assert_int_equal(WITNESS_BAD_REPLY, verdict_of(409, bad_sizes[i]));
    }
    assert_int_equal(WITNESS_REJECTED, verdict_of(400, ""));
    assert_int_equal(WITNESS_UNTRUSTED, verdict_of(403, ""));
    assert_int_equal(WITNESS_UNKNOWN_LOG, verdict_of(404, ""));
    assert_int_equal(WITNESS_FORKED, verdict_of(422, ""));
    assert_int_equal(WITNESS_UNAVAILABLE, verdict_of(503, WITNESS_LINE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_have_one_spelling),
        cmocka_unit_test(widths_are_those_of_the_specification),
        cmocka_unit_test(bundles_end_where_they_say),
        cmocka_unit_test(bad_proofs_are_refused),
        cmocka_unit_test(replies_of_witnesses_are_verified),
        cmocka_unit_test_setup_teardown(the_export_is_the_known_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_export_follows_the_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_unsigned_is_exported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_logs_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_history_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_flipped_bit_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_and_long_pieces_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_and_long_pieces_of_hashes_are_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_record_that_was_changed_with_its_hash_is_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_checkpoint_of_another_origin_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(proofs_are_read_as_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(growths_are_read_as_written, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
