/* SPDX-License-Identifier: Apache-2.0 */
/* What readers of a log are given for each path, and what they are not: nothing that no stored
 * checkpoint covers, nothing outside the log, one spelling of each path. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/node/journal_log/log_site.h"
#include "tests/support/signed_journal.h"

#define SIGNED 300u /* records that the checkpoint covers */
#define LATER  50u  /* and that it does not */

struct desk {
    struct journal *journal;
    struct hash blob;
};

static void append(struct desk *desk, unsigned first, unsigned count)
{
    const struct bytes blob = bytes_from_string("a payload");
    uint64_t head = 0;

    for (unsigned i = first; i < first + count; i++) {
        char words[32];
        (void)snprintf(words, sizeof(words), "record %u", i);
        const struct bytes record = bytes_from_string(words);
        const struct journal_batch batch = {
            .records = &record, .records_count = 1, .blobs = &blob, .blobs_count = i == 1};
        assert_status(STATUS_OK, journal_commit(desk->journal, &batch, &head));
    }
    desk->blob = sha2_of(blob);
}

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    assert_status(STATUS_OK, journal_open_memory(&desk->journal));
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    journal_close(desk->journal);
    free(desk);
    return 0;
}

/* The answer as the server begins it. */
static struct http_answer get(const struct desk *desk, const char *path)
{
    struct http_answer answer = {.status = 404, .content_type = "text/plain"};

    log_site_serve(desk->journal, bytes_from_string(path), &answer);
    assert_true((answer.status == 200) == (answer.body != NULL));
    return answer;
}

static unsigned status_of(const struct desk *desk, const char *path, size_t *ret_count)
{
    const struct http_answer answer = get(desk, path);

    *ret_count = answer.body_count;
    free(answer.body);
    return answer.status;
}

static void assert_served(const struct desk *desk, const char *path, size_t count)
{
    size_t found = 0;

    assert_int_equal(200, status_of(desk, path, &found));
    assert_int_equal(count, found);
}

static void assert_missing(const struct desk *desk, const char *path)
{
    size_t found = 0;

    if (status_of(desk, path, &found) != 404) {
        fail_msg("%s is served", path);
    }
}

static void nothing_is_served_before_a_checkpoint(void **state)
{
    struct desk *desk = *state;
    size_t count = 0;

    append(desk, 1, SIGNED);
    assert_missing(desk, "/checkpoint");
    assert_missing(desk, "/tile/0/000");
    assert_missing(desk, "/tile/entries/000");
    assert_int_equal(200, status_of(desk, "/", &count)); /* words for people */
}

static void what_a_checkpoint_covers_is_served(void **state)
{
    struct desk *desk = *state;

    append(desk, 1, SIGNED);
    sign_journal(desk->journal);
    append(desk, SIGNED + 1, LATER);
    struct http_answer answer = get(desk, "/checkpoint");
    assert_int_equal(200, answer.status);
    assert_int_equal(HTTP_CACHE_NEVER, answer.caching);
    assert_memory_equal(SIGNED_JOURNAL_ORIGIN "\n300\n", answer.body,
                        strlen(SIGNED_JOURNAL_ORIGIN "\n300\n"));
    free(answer.body);
    answer = get(desk, "/tile/entries/000");
    assert_int_equal(HTTP_CACHE_FOREVER, answer.caching);
    assert_memory_equal("\0\10record 1\0\10record 2", answer.body, 20);
    free(answer.body);
    assert_served(desk, "/tile/0/000", 8192);
    assert_served(desk, "/tile/0/001.p/44", 44 * 32);
    assert_served(desk, "/tile/0/001.p/1", 32);
    assert_served(desk, "/tile/1/000.p/1", 32);
    /* The log grew since; what it grew by is nobody's yet. */
    assert_missing(desk, "/tile/0/001.p/45");
    assert_missing(desk, "/tile/entries/001.p/45");
    assert_missing(desk, "/tile/0/001");
}

static void a_path_has_one_spelling(void **state)
{
    static const char *const missing[] = {
        "//",
        "/checkpoint/",
        "/checkpoint?x",
        "/Checkpoint",
        "checkpoint",
        "/../checkpoint",
        "/../../../etc/passwd",
        "/tile/../checkpoint",
        "/tile/0/../0/000",
        "/tile/00/000",
        "/tile/0/0",
        "/tile/0/0000",
        "/tile/0/x000/000",
        "/tile/0/000.p/0",
        "/tile/0/001.p/256",
        "/tile/0/001.p/044",
        "/tile/64/000",
        "/tile/-1/000",
        "/tile/0/999",
        "/tile/entries/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/",
        "/tile/",
        "/blobs/",
        "/blobs/00/00",
        "/blobs/../checkpoint",
    };
    struct desk *desk = *state;
    char path[128];
    char digits[65];

    append(desk, 1, SIGNED);
    sign_journal(desk->journal);
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        assert_missing(desk, missing[i]);
    }
    hex_encode(bytes_from(desk->blob.bytes, sizeof(desk->blob.bytes)), digits);
    (void)snprintf(path, sizeof(path), "/blobs/%.2s/%s", digits, digits);
    assert_served(desk, path, strlen("a payload"));
    path[7] ^= 1; /* another folder */
    assert_missing(desk, path);
    digits[63] = digits[63] == '0' ? '1' : '0'; /* another blob */
    (void)snprintf(path, sizeof(path), "/blobs/%.2s/%s", digits, digits);
    assert_missing(desk, path);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(nothing_is_served_before_a_checkpoint),
        WITH_DESK(what_a_checkpoint_covers_is_served),
        WITH_DESK(a_path_has_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
