/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint stores: the layout byte for byte, hostile objects, and the thread that waits. */
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relay/hyperlane/checkpoint.h"
#include "relay/node/stores/checkpoint_store.h"
#include "relay/node/stores/files.h"

#define ANSWER_WAIT_MS 5000

/* The disk fails whoever looks whether a file is there. */
static bool looking_fails;

int lstat(const char *path, struct stat *ret_state)
{
    if (looking_fails) {
        errno = EIO;
        return -1;
    }
    return fstatat(AT_FDCWD, path, ret_state, AT_SYMLINK_NOFOLLOW);
}

static char folder[] = "/tmp/sluice-store-XXXXXX";
static char store[128]; /* a folder below it, made by the first write */
static char location[160];

static int remove_one(const char *path, const struct stat *state, int kind, struct FTW *walk)
{
    (void)state;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(store, sizeof(store), "%s/deep/alpha", folder);
    (void)snprintf(location, sizeof(location), "file://%s", store);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct signature some_signature(void)
{
    struct signature signature = {{0}};
    /* r begins with zeros, which the layout leaves out; s is small. */
    signature.bytes[2] = 0x0a;
    signature.bytes[31] = 0xff;
    signature.bytes[63] = 0x07;
    signature.bytes[64] = 28;
    return signature;
}

static struct driver_publish publish_at(uint32_t index)
{
    return (struct driver_publish){
        .domain = 901,
        .validator = evm_filled(0x11),
        .location = bytes_from_string(location),
        .signature = some_signature(),
        .mailbox = evm_filled(0x22),
        .tree_hook = evm_filled(0x33),
        .checkpoint = {.root = hash_filled(0x44), .index = index, .message_id = hash_filled(0x55)},
    };
}

static struct driver_fetch fetch_at(uint32_t index)
{
    return (struct driver_fetch){
        .domain = 901,
        .validator = evm_filled(0x11),
        .tree_hook = evm_filled(0x33),
        .location = bytes_from_string(location),
        .index = index,
        .message_id = hash_filled(0x55),
    };
}

static void assert_file(const char *name, const char *expected)
{
    char path[256];
    char text[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", store, name);
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    const ssize_t count = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    assert_true(count >= 0);
    text[count] = '\0';
    assert_string_equal(text, expected);
}

static void write_text(const char *name, const char *text, size_t count)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", store, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, count), (ssize_t)count);
    assert_int_equal(close(fd), 0);
}

#define H32(digits)                                                                                \
    "0x" digits digits digits digits digits digits digits digits digits digits digits digits       \
        digits digits digits digits digits digits digits digits digits digits digits digits digits \
            digits digits digits digits digits digits digits
#define PADDED20(digits)                                                                           \
    "0x000000000000000000000000" digits digits digits digits digits digits digits digits digits    \
        digits digits digits digits digits digits digits digits digits digits digits

/* The layout of the reference agents (hyperlane-monorepo, checkpoint syncer for local folders). */
static void a_checkpoint_is_written_byte_for_byte(void **state)
{
    (void)state;
    const struct driver_publish publish = publish_at(7);
    assert_status(STATUS_OK, checkpoint_store_write(&publish));
    assert_file(
        "7_with_id.json",
        "{\n"
        "  \"value\": {\n"
        "    \"checkpoint\": {\n"
        "      \"merkle_tree_hook_address\": \"" PADDED20(
            "33") "\",\n"
                  "      \"mailbox_domain\": 901,\n"
                  "      \"root\": \"" H32("44") "\",\n"
                                                 "      \"index\": 7\n"
                                                 "    },\n"
                                                 "    \"message_id\": \"" H32(
                                                     "55") "\"\n"
                                                           "  },\n"
                                                           "  \"signature\": {\n"
                                                           "    \"r\": "
                                                           "\"0xa0000000000000000000000000000000000"
                                                           "0000000000000000000000ff\",\n"
                                                           "    \"s\": \"0x7\",\n"
                                                           "    \"v\": 28\n"
                                                           "  },\n"
                                                           "  \"serialized_signature\": \"0x"
                                                           "00000a000000000000000000000000000000000"
                                                           "00000000000000000000000ff"
                                                           "000000000000000000000000000000000000000"
                                                           "00000000000000000000000071c\"\n"
                                                           "}");
    assert_file("index.json", "7");
}

static void an_announcement_is_written_byte_for_byte(void **state)
{
    (void)state;
    struct driver_publish publish = publish_at(0);
    char expected[2048];
    publish.is_announcement = true;
    assert_status(STATUS_OK, checkpoint_store_write(&publish));
    (void)snprintf(
        expected, sizeof(expected),
        "{\n"
        "  \"value\": {\n"
        "    \"validator\": \"0x1111111111111111111111111111111111111111\",\n"
        "    \"mailbox_address\": \"" PADDED20(
            "22") "\",\n"
                  "    \"mailbox_domain\": 901,\n"
                  "    \"storage_location\": \"%s\"\n"
                  "  },\n"
                  "  \"signature\": {\n"
                  "    \"r\": \"0xa00000000000000000000000000000000000000000000000000000000ff\",\n"
                  "    \"s\": \"0x7\",\n"
                  "    \"v\": 28\n"
                  "  },\n"
                  "  \"serialized_signature\": \"0x"
                  "00000a00000000000000000000000000000000000000000000000000000000ff"
                  "00000000000000000000000000000000000000000000000000000000000000071c\"\n"
                  "}",
        location);
    assert_file("announcement.json", expected);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    const struct driver_publish publish = publish_at(3);
    const struct driver_fetch fetch = fetch_at(3);
    struct checkpoint checkpoint;
    struct signature signature;
    assert_status(STATUS_NOT_FOUND, checkpoint_store_read(&fetch, &checkpoint, &signature));
    assert_status(STATUS_OK, checkpoint_store_write(&publish));
    assert_status(STATUS_OK, checkpoint_store_read(&fetch, &checkpoint, &signature));
    assert_memory_equal(&checkpoint, &publish.checkpoint, sizeof(checkpoint));
    assert_memory_equal(&signature, &publish.signature, sizeof(signature));
}

static void the_newest_index_never_moves_back(void **state)
{
    (void)state;
    const uint32_t order[] = {5, 4, 6, 2};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const struct driver_publish publish = publish_at(order[i]);
        assert_status(STATUS_OK, checkpoint_store_write(&publish));
    }
    assert_file("index.json", "6");
}

/* A well-formed object with one thing changed; `says` replaces the first `from`. */
static enum status read_changed(const char *from, const char *to)
{
    char path[256];
    char text[4096];
    char changed[4096];
    const struct driver_publish publish = publish_at(1);
    const struct driver_fetch fetch = fetch_at(1);
    struct checkpoint checkpoint;
    struct signature signature;
    assert_status(STATUS_OK, checkpoint_store_write(&publish));
    (void)snprintf(path, sizeof(path), "%s/1_with_id.json", store);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    const size_t count = fread(text, 1, sizeof(text) - 1, stream);
    text[count] = '\0';
    (void)fclose(stream);
    const char *found = strstr(text, from);
    assert_non_null(found);
    (void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(found - text), text, to,
                   found + strlen(from));
    write_text("1_with_id.json", changed, strlen(changed));
    return checkpoint_store_read(&fetch, &checkpoint, &signature);
}

static void objects_that_do_not_agree_are_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
    } changes[] = {
        {"\"index\": 1", "\"index\": 2"},
        {"\"index\": 1", "\"index\": -1"},
        {"\"index\": 1", "\"index\": 4294967297"},
        {"\"index\": 1", "\"index\": 1.5"},
        {"\"index\": 1", "\"index\": 1, \"index\": 1"},
        {"901", "902"},
        {"3333", "3334"},
        {"\"root\"", "\"rood\""},
        {"\"message_id\"", "\"id\""},
        {"\"v\": 28", "\"v\": 27"}, /* disagrees with the serialized signature */
        {"\"v\": 28", "\"v\": 0"},
        {"\"s\": \"0x7\"", "\"s\": \"7\""},
        {"\"s\": \"0x7\"", "\"s\": \"0x\""},
        {"\"s\": \"0x7\"", "\"s\": 7"},
        {"071c", "081c"},
        {"071c", "07"},
        {"{", "["},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const enum status status = read_changed(changes[i].from, changes[i].to);
        if (status != STATUS_MALFORMED) {
            fail_msg("'%s' for '%s': %s", changes[i].to, changes[i].from, status_name(status));
        }
    }
}

static void one_form_of_the_signature_is_enough(void **state)
{
    (void)state;
    assert_status(STATUS_OK, read_changed("\"signature\"", "\"something\""));
    assert_status(STATUS_OK, read_changed("\"serialized_signature\"", "\"something\""));
    /* The reader of the reference agents knows this name as well. */
    assert_status(STATUS_OK, read_changed("\"value\"", "\"checkpoint\""));
}

/* As the reference validators' writer prints it: indented, with 256-bit numbers without leading
 * zeros, the signature in parts, and members that we do not know. The signer is the vector's. */
static void what_the_reference_agents_write_is_read(void **state)
{
    (void)state;
    static const char theirs[] =
        "{\n  \"value\": {\n    \"checkpoint\": {\n"
        "      \"merkle_tree_hook_address\": "
        "\"0x0000000000000000000000002222222222222222222222222222222222222222\",\n"
        "      \"mailbox_domain\": 1000,\n      \"root\": "
        "\"0x0202020202020202020202020202020202020202020202020202020202020202\",\n"
        "      \"index\": 1\n    },\n    \"message_id\": "
        "\"0x0303030303030303030303030303030303030303030303030303030303030303\"\n  },\n"
        "  \"signature\": {\n"
        "    \"r\": \"0x466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27\",\n"
        "    \"s\": \"0x14366602193ee27d5f13220db13edce0cec06dda90a2034a27f6a6caa7ed150a\",\n"
        "    \"v\": 27\n  },\n  \"more\": [1, {\"x\": null}]\n}\n";
    struct driver_fetch fetch = fetch_at(1);
    const struct driver_publish publish = publish_at(0);
    struct checkpoint checkpoint;
    struct signature signature;
    struct address signer;

    fetch.domain = 1000;
    fetch.tree_hook = evm_filled(0x22);
    assert_status(STATUS_OK, checkpoint_store_write(&publish)); /* makes the folder */
    write_text("1_with_id.json", theirs, sizeof(theirs) - 1);
    assert_status(STATUS_OK, checkpoint_store_read(&fetch, &checkpoint, &signature));
    const struct hash id = hash_filled(0x03);
    assert_true(hash_equal(&id, &checkpoint.message_id));
    assert_status(STATUS_OK,
                  checkpoint_recover(1000, &fetch.tree_hook, &checkpoint, &signature, &signer));
    const struct address known = address_of("0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    assert_true(address_equal(&known, &signer));
}

static void objects_are_bounded(void **state)
{
    (void)state;
    const struct driver_publish publish = publish_at(1);
    const struct driver_fetch fetch = fetch_at(9);
    struct checkpoint checkpoint;
    struct signature signature;
    static char spaces[CHECKPOINT_OBJECT_BYTES_MAX + 1];
    memset(spaces, ' ', sizeof(spaces));
    assert_status(STATUS_OK, checkpoint_store_write(&publish));
    write_text("9_with_id.json", spaces, sizeof(spaces));
    assert_status(STATUS_MALFORMED, checkpoint_store_read(&fetch, &checkpoint, &signature));
    write_text("9_with_id.json", "", 0);
    assert_status(STATUS_MALFORMED, checkpoint_store_read(&fetch, &checkpoint, &signature));
}

/* A pipe without a writer must not hold up the reader. */
static void a_pipe_is_no_object(void **state)
{
    (void)state;
    const struct driver_publish publish = publish_at(1);
    const struct driver_fetch fetch = fetch_at(9);
    struct checkpoint checkpoint;
    struct signature signature;
    char path[256];
    assert_status(STATUS_OK, checkpoint_store_write(&publish));
    (void)snprintf(path, sizeof(path), "%s/9_with_id.json", store);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_status(STATUS_MALFORMED, checkpoint_store_read(&fetch, &checkpoint, &signature));
}

static void locations_lead_nowhere_else(void **state)
{
    (void)state;
    char path[CHECKPOINT_PATH_BYTES_MAX];
    static const char *const malformed[] = {
        "file://",      "file:///",     "file://relative", "file:///a/../b",
        "file:///a/..", "file:///../a", "file:///a\nb",    "file:///a\x7f",
    };
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        assert_status(STATUS_MALFORMED,
                      checkpoint_store_folder(bytes_from_string(malformed[i]), path));
    }
    assert_status(STATUS_UNSUPPORTED,
                  checkpoint_store_folder(bytes_from_string("s3://bucket/region"), path));
    assert_status(STATUS_OK, checkpoint_store_folder(bytes_from_string("file:///a/..b/c.."), path));
    assert_string_equal(path, "/a/..b/c..");
}

/* ---- the thread ---- */

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    (void)nanosleep(&pause, NULL);
}

static bool take_in_time(struct files *files, struct event *ret_event)
{
    for (long waited_ms = 0; waited_ms < ANSWER_WAIT_MS; waited_ms += 5) {
        if (files_take(files, ret_event)) {
            return true;
        }
        pause_ms(5);
    }
    return false;
}

static void ignore_wake(void *context)
{
    (void)context;
}

/* Asked for before it is there: the answer comes when the object does. */
static void a_checkpoint_that_comes_late_is_found(void **state)
{
    (void)state;
    struct event event;
    struct files *files = files_new(ignore_wake, NULL);
    assert_non_null(files);
    const struct driver_fetch fetch = fetch_at(2);
    const struct driver_publish publish = publish_at(2);
    assert_status(STATUS_OK, files_fetch(files, &fetch));
    pause_ms(150);
    assert_false(files_take(files, &event));
    assert_status(STATUS_OK, files_publish(files, &publish));
    assert_true(take_in_time(files, &event));
    assert_int_equal(event.kind, EVENT_PUBLISHED);
    assert_int_equal(event.published.outcome, OUTCOME_OK);
    assert_int_equal(event.published.index, 2);
    assert_true(take_in_time(files, &event));
    assert_int_equal(event.kind, EVENT_CHECKPOINT);
    assert_int_equal(event.checkpoint.outcome, OUTCOME_OK);
    assert_int_equal(event.checkpoint.index, 2);
    assert_memory_equal(&event.checkpoint.checkpoint, &publish.checkpoint,
                        sizeof(publish.checkpoint));
    assert_null(files_free(files));
}

static void a_checkpoint_that_never_comes_is_absent(void **state)
{
    (void)state;
    struct event event;
    struct files *files = files_new(ignore_wake, NULL);
    const struct driver_fetch fetch = fetch_at(2);
    assert_status(STATUS_OK, files_fetch(files, &fetch));
    assert_true(take_in_time(files, &event));
    assert_int_equal(event.checkpoint.outcome, OUTCOME_ABSENT);
    assert_true(address_equal(&event.checkpoint.validator, &fetch.validator));
    assert_null(files_free(files));
}

static void what_cannot_be_read_is_unknown(void **state)
{
    (void)state;
    struct event event;
    struct files *files = files_new(ignore_wake, NULL);
    struct driver_fetch fetch = fetch_at(2);
    fetch.location = bytes_from_string("https://example.org/store");
    assert_status(STATUS_OK, files_fetch(files, &fetch));
    assert_true(take_in_time(files, &event));
    assert_int_equal(event.checkpoint.outcome, OUTCOME_UNKNOWN);
    assert_null(files_free(files));
}

/* Nothing of a validator that saw its chain replaced counts, nor while nobody can tell. */
static void a_reorg_flag_ends_trust(void **state)
{
    char flag[200];
    struct checkpoint checkpoint;
    struct signature signature;
    const struct driver_publish publish = publish_at(3);
    const struct driver_fetch fetch = fetch_at(3);

    (void)state;
    assert_int_equal(checkpoint_store_write(&publish), STATUS_OK);
    assert_int_equal(checkpoint_store_read(&fetch, &checkpoint, &signature), STATUS_OK);
    (void)snprintf(flag, sizeof(flag), "%s/reorg_flag.json", store);
    assert_int_equal(symlink("nowhere", flag), 0);
    assert_int_equal(checkpoint_store_read(&fetch, &checkpoint, &signature), STATUS_REFUSED);
    assert_int_equal(unlink(flag), 0);
    assert_int_equal(checkpoint_store_read(&fetch, &checkpoint, &signature), STATUS_OK);
    looking_fails = true;
    assert_int_equal(checkpoint_store_read(&fetch, &checkpoint, &signature), STATUS_IO);
    looking_fails = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reorg_flag_ends_trust, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_checkpoint_is_written_byte_for_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_announcement_is_written_byte_for_byte, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newest_index_never_moves_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_that_do_not_agree_are_malformed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_form_of_the_signature_is_enough, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_reference_agents_write_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pipe_is_no_object, set_up, tear_down),
        cmocka_unit_test(locations_lead_nowhere_else),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_comes_late_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_never_comes_is_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_unknown, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
