/* SPDX-License-Identifier: Apache-2.0 */
/* Values that people type: whole numbers and times, and what is neither. */
#include "tests/support/unit.h"

#include "relay/cli/cli.h"

const struct cli_verb cli_verbs[] = {{NULL, NULL, NULL, NULL}};

static void numbers_are_digits_and_nothing_else(void **state)
{
    static const char *const wrong[] = {"",    "-1", "+1",  " 1", "1 ",
                                        "0x1", "1.", "1e3", "x",  "18446744073709551616"};
    uint64_t count = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(cli_count(wrong[i], &count));
        assert_int_equal(7, count);
    }
    assert_true(cli_count("0", &count));
    assert_int_equal(0, count);
    assert_true(cli_count("18446744073709551615", &count));
    assert_true(count == UINT64_MAX);
}

static void times_are_days_or_instants(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00.000000001Z", 1},
        {"2000-02-29", UINT64_C(951782400000000000)},
        {"2026-11-23T01:05:16Z", UINT64_C(1795395916000000000)},
        {"2026-11-23T01:05:16.25Z", UINT64_C(1795395916250000000)},
        {"2499-12-31T23:59:59Z", UINT64_C(16725225599000000000)},
    };
    struct instant at = {.ns = 0};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(cli_time(good[i].text, &at));
        assert_true(good[i].ns == at.ns);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "now",
        "2026",
        "2026-11",
        "2026-1-23",
        "2026-00-01",
        "2026-13-01",
        "2026-04-31",
        "2026-02-29",
        "1900-02-28",
        "1969-12-31",
        "2501-01-01",
        "2026-11-23T",
        "2026-11-23 01:05:16Z",
        "2026-11-23T01:05:16",
        "2026-11-23T24:00:00Z",
        "2026-11-23T01:60:00Z",
        "2026-11-23T01:05:60Z",
        "2026-11-23T01:05:16.Z",
        "2026-11-23T01:05:16.1234567890Z",
        "2026-11-23T01:05:16Z ",
        "2026-11-23x",
    };
    struct instant at = {.ns = 5};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(cli_time(wrong[i], &at));
        assert_int_equal(5, at.ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_digits_and_nothing_else),
        cmocka_unit_test(times_are_days_or_instants),
        cmocka_unit_test(what_is_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
