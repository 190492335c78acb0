/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/node/site/exposition.h"
#include "tests/support/unit.h"

static const struct exposition_labels none;

static void assert_document(struct exposition *exposition, const char *expected)
{
    struct bytes text;

    assert_status(STATUS_OK, exposition_end(exposition, &text));
    assert_int_equal(text.count, strlen(expected));
    assert_memory_equal(text.data, expected, text.count);
}

static struct exposition_label label(const char *name, const char *value)
{
    return (struct exposition_label){.name = name, .value = bytes_from_string(value)};
}

static void a_family_has_its_help_its_type_and_its_samples(void **state)
{
    (void)state;
    uint8_t memory[1024];
    struct exposition exposition = exposition_from(memory, sizeof(memory));
    const struct exposition_label list[] = {label("chain", "one"), label("key", "2")};

    exposition_family(&exposition, EXPOSITION_GAUGE, "sluice_head_blocks", "The \"head\".");
    exposition_count(&exposition, (struct exposition_labels){list, 1}, 17);
    exposition_count(&exposition, (struct exposition_labels){list, 2}, UINT64_MAX);
    exposition_family(&exposition, EXPOSITION_COUNTER, "sluice_events_total", "Events.");
    exposition_count(&exposition, none, 0);
    assert_document(&exposition,
                    "# HELP sluice_head_blocks The \"head\".\n"
                    "# TYPE sluice_head_blocks gauge\n"
                    "sluice_head_blocks{chain=\"one\"} 17\n"
                    "sluice_head_blocks{chain=\"one\",key=\"2\"} 18446744073709551615\n"
                    "# HELP sluice_events_total Events.\n"
                    "# TYPE sluice_events_total counter\n"
                    "sluice_events_total 0\n");
}

static void values_are_exact(void **state)
{
    (void)state;
    uint8_t memory[1024];
    struct exposition exposition = exposition_from(memory, sizeof(memory));
    const struct amount most = amount_max();
    const struct amount some = amount_from_u64(12500001);

    exposition_family(&exposition, EXPOSITION_GAUGE, "g", "G.");
    exposition_seconds(&exposition, none, (struct duration){.ns = 0});
    exposition_seconds(&exposition, none, (struct duration){.ns = 10000000000u});
    exposition_seconds(&exposition, none, (struct duration){.ns = 1});
    exposition_seconds(&exposition, none, DURATION_MS(12500));
    exposition_seconds(&exposition, none, (struct duration){.ns = UINT64_MAX});
    exposition_amount(&exposition, none, &some, 6);
    exposition_amount(&exposition, none, &most, 0);
    exposition_number(&exposition, none, 0.25);
    exposition_number(&exposition, none, NAN);
    exposition_number(&exposition, none, INFINITY);
    exposition_number(&exposition, none, -INFINITY);
    assert_document(
        &exposition,
        "# HELP g G.\n# TYPE g gauge\n"
        "g 0\ng 10\ng 0.000000001\ng 12.5\ng 18446744073.709551615\ng 12.500001\n"
        "g 115792089237316195423570985008687907853269984665640564039457584007913129639935\n"
        "g 0.25\ng NaN\ng +Inf\ng -Inf\n");
}

static void buckets_are_cumulative(void **state)
{
    (void)state;
    uint8_t memory[1024];
    struct exposition exposition = exposition_from(memory, sizeof(memory));
    const struct exposition_label list[] = {label("chain", "one")};
    const struct duration bounds[] = {DURATION_MS(500), DURATION_MS(1000)};
    const uint64_t counts[] = {3, 4};
    const struct exposition_histogram histogram = {.bounds = bounds,
                                                   .counts = counts,
                                                   .bounds_count = 2,
                                                   .above_count = 2,
                                                   .sum = DURATION_MS(9500)};

    exposition_family(&exposition, EXPOSITION_HISTOGRAM, "h_seconds", "H.");
    exposition_durations(&exposition, (struct exposition_labels){list, 1}, &histogram);
    exposition_durations(&exposition, none, &histogram);
    assert_document(&exposition, "# HELP h_seconds H.\n# TYPE h_seconds histogram\n"
                                 "h_seconds_bucket{chain=\"one\",le=\"0.5\"} 3\n"
                                 "h_seconds_bucket{chain=\"one\",le=\"1\"} 7\n"
                                 "h_seconds_bucket{chain=\"one\",le=\"+Inf\"} 9\n"
                                 "h_seconds_sum{chain=\"one\"} 9.5\n"
                                 "h_seconds_count{chain=\"one\"} 9\n"
                                 "h_seconds_bucket{le=\"0.5\"} 3\n"
                                 "h_seconds_bucket{le=\"1\"} 7\n"
                                 "h_seconds_bucket{le=\"+Inf\"} 9\n"
                                 "h_seconds_sum 9.5\n"
                                 "h_seconds_count 9\n");
}

/* What a label of these bytes is written as. */
static void assert_value(struct bytes value, const char *expected)
{
    uint8_t memory[2048];
    char document[2048];
    struct exposition exposition = exposition_from(memory, sizeof(memory));
    const struct exposition_label list[] = {{.name = "l", .value = value}};

    exposition_family(&exposition, EXPOSITION_GAUGE, "g", "G.");
    exposition_count(&exposition, (struct exposition_labels){list, 1}, 1);
    assert_true((size_t)snprintf(document, sizeof(document),
                                 "# HELP g G.\n# TYPE g gauge\ng{l=\"%s\"} 1\n",
                                 expected) < sizeof(document));
    assert_document(&exposition, document);
}

static void no_value_can_end_its_line(void **state)
{
    (void)state;
    assert_value(bytes_from_string("\"} 1\ng{l=\"\\"), "\\\"} 1\\ng{l=\\\"\\\\");
    assert_value((struct bytes){0}, "");
    assert_value(bytes_from_string("\xce\xb1\xe2\x82\xac\xf0\x9f\x8c\x8a"),
                 "\xce\xb1\xe2\x82\xac\xf0\x9f\x8c\x8a");
}

/* Cut characters, overlong forms, surrogates, too high ones, stray bytes. */
static void what_is_not_utf8_is_no_longer_there(void **state)
{
    (void)state;
    assert_value(bytes_from("a\xe2\x82", 3), "a??");
    assert_value(bytes_from("\xc0\xaf", 2), "??");
    assert_value(bytes_from("\xe0\x80\xaf", 3), "???");
    assert_value(bytes_from("\xed\xa0\x80", 3), "???");
    assert_value(bytes_from("\xf4\x90\x80\x80", 4), "????");
    assert_value(bytes_from("\x80z\xff", 3), "?z?");
}

static void a_long_value_is_cut_between_characters(void **state)
{
    (void)state;
    char value[EXPOSITION_VALUE_BYTES_MAX + 8];
    char expected[EXPOSITION_VALUE_BYTES_MAX + 1];

    memset(value, 'x', sizeof(value));
    memset(expected, 'x', sizeof(expected));
    memcpy(value + EXPOSITION_VALUE_BYTES_MAX - 1, "\xe2\x82\xac", 3);
    expected[EXPOSITION_VALUE_BYTES_MAX - 1] = '\0';
    assert_value(bytes_from(value, sizeof(value)), expected);
}

/* With every capacity below what it takes there is no document, and no byte beyond the memory. */
static void half_a_document_is_none(void **state)
{
    (void)state;
    const struct exposition_label list[] = {label("l", "a\"b")};
    size_t enough = 0;

    for (size_t capacity = 0; capacity < 128; capacity++) {
        uint8_t *memory = malloc(capacity == 0 ? 1 : capacity);
        struct exposition exposition = exposition_from(memory, capacity);
        struct bytes text = {.count = 77};

        exposition_family(&exposition, EXPOSITION_GAUGE, "g", "G.");
        exposition_count(&exposition, (struct exposition_labels){list, 1}, 1);
        if (exposition_end(&exposition, &text) == STATUS_OK) {
            enough = enough == 0 ? capacity : enough;
            assert_int_equal(text.count, enough);
        } else {
            assert_int_equal(enough, 0);
            assert_int_equal(text.count, 77);
        }
        free(memory);
    }
    assert_int_equal(enough, strlen("# HELP g G.\n# TYPE g gauge\ng{l=\"a\\\"b\"} 1\n"));
}

/* The same for a reader of OpenMetrics: families without _total, quotes in help escaped, an
 * exemplar where a bucket has one, an end. A counter that is not named like one is of no known
 * type. */
static void open_metrics_name_the_message(void **state)
{
    (void)state;
    uint8_t memory[2048];
    struct exposition exposition = exposition_open_metrics(memory, sizeof(memory));
    const struct duration bounds[] = {DURATION_MS(1000), DURATION_MS(2500)};
    const uint64_t counts[] = {2, 0};
    const struct exposition_exemplar exemplars[] = {
        {.message_id = {.bytes = {0xab, 1}}, .value = DURATION_MS(500), .at = {.ns = 1500000000}},
        {.at = {.ns = 0}},
        {.message_id = {.bytes = {0xcd}}, .value = DURATION_MS(9000), .at = {.ns = 3000000000u}},
    };
    const struct exposition_histogram histogram = {.bounds = bounds,
                                                   .counts = counts,
                                                   .bounds_count = 2,
                                                   .above_count = 1,
                                                   .sum = DURATION_MS(10000),
                                                   .exemplars = exemplars};

    exposition_family(&exposition, EXPOSITION_COUNTER, "a_total", "The \"a\".");
    exposition_count(&exposition, none, 1);
    exposition_family(&exposition, EXPOSITION_COUNTER, "theirs_count", "B.");
    exposition_count(&exposition, none, 2);
    exposition_family(&exposition, EXPOSITION_GAUGE, "c_total", "C.");
    exposition_count(&exposition, none, 3);
    exposition_family(&exposition, EXPOSITION_HISTOGRAM, "d_seconds", "D.");
    exposition_durations(&exposition, none, &histogram);
    assert_document(
        &exposition,
        "# HELP a The \\\"a\\\".\n# TYPE a counter\na_total 1\n"
        "# HELP theirs_count B.\n# TYPE theirs_count unknown\ntheirs_count 2\n"
        "# HELP c_total C.\n# TYPE c_total gauge\nc_total 3\n"
        "# HELP d_seconds D.\n# TYPE d_seconds histogram\n"
        "d_seconds_bucket{le=\"1\"} 2 # {message_id=\""
        "0xab01000000000000000000000000000000000000000000000000000000000000\"} 0.5 1.5\n"
        "d_seconds_bucket{le=\"2.5\"} 2\n"
        "d_seconds_bucket{le=\"+Inf\"} 3 # {message_id=\""
        "0xcd00000000000000000000000000000000000000000000000000000000000000\"} 9 3\n"
        "d_seconds_sum 10\nd_seconds_count 3\n# EOF\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_has_its_help_its_type_and_its_samples),
        cmocka_unit_test(values_are_exact),
        cmocka_unit_test(buckets_are_cumulative),
        cmocka_unit_test(open_metrics_name_the_message),
        cmocka_unit_test(no_value_can_end_its_line),
        cmocka_unit_test(what_is_not_utf8_is_no_longer_there),
        cmocka_unit_test(a_long_value_is_cut_between_characters),
        cmocka_unit_test(half_a_document_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
