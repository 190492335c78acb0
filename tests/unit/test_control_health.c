/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says about itself: written, read again, bounded, and refused when it is none. */
#include "tests/support/unit.h"

#include <string.h>

#include "relay/node/control/control.h"
#include "relay/node/control/control_health.h"

static struct control_health again(const struct control_health *health)
{
    static uint8_t memory[CONTROL_FRAME_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct control_health read = {.steps_count = 77};

    assert_status(STATUS_OK, control_health_append(&buffer, health));
    assert_status(STATUS_OK, control_health_parse(buffer_bytes(&buffer), &read));
    return read;
}

static void troubles_arrive_as_they_are(void **state)
{
    struct control_health health = {.steps_count = 12345};

    (void)state;
    assert_int_equal(0, again(&health).troubles_count);
    control_health_add(&health, "journal", "it cannot be written: no space",
                       (struct instant){.ns = UINT64_C(1790000000123456789)});
    control_health_add(&health, "log", "quotes \" and \\ too", (struct instant){.ns = 1});
    const struct control_health read = again(&health);
    assert_int_equal(12345, read.steps_count);
    assert_int_equal(2, read.troubles_count);
    assert_string_equal("journal", read.troubles[0].what);
    assert_string_equal("it cannot be written: no space", read.troubles[0].why);
    assert_true(read.troubles[0].since.ns == UINT64_C(1790000000123456789));
    assert_string_equal("quotes \" and \\ too", read.troubles[1].why);
}

/* The largest answer fits a frame; more troubles than there is room for are left out. */
static void the_largest_answer_fits_a_frame(void **state)
{
    struct control_health health = {.steps_count = INT64_MAX};
    char why[600];

    (void)state;
    memset(why, '"', sizeof(why) - 1); /* two bytes each, in JSON */
    why[sizeof(why) - 1] = '\0';
    for (unsigned i = 0; i < CONTROL_TROUBLES_MAX + 3; i++) {
        control_health_add(&health, why, why, (struct instant){.ns = INT64_MAX});
    }
    const struct control_health read = again(&health);
    assert_int_equal(CONTROL_TROUBLES_MAX, read.troubles_count);
    assert_int_equal(sizeof(read.troubles[0].why) - 1, strlen(read.troubles[7].why));
}

static void what_is_no_answer_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"steps\":1}",
        "{\"steps\":-1,\"troubles\":[]}",
        "{\"steps\":\"1\",\"troubles\":[]}",
        "{\"steps\":1,\"troubles\":{}}",
        "{\"steps\":1,\"troubles\":[1]}",
        "{\"steps\":1,\"troubles\":[{\"what\":\"a\",\"why\":\"b\"}]}",
        "{\"steps\":1,\"troubles\":[{\"what\":\"a\",\"why\":\"b\",\"since\":-1}]}",
        "{\"steps\":1,\"troubles\":[0,0,0,0,0,0,0,0,0]}",
        "{\"steps\":1,\"steps\":1,\"troubles\":[]}",
        "{\"steps\":1,\"troubles\":[]} more",
        "{\"error\":\"not a request that this version knows\"}",
    };
    struct control_health health;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, control_health_parse(bytes_from_string(bad[i]), &health));
    }
}

static void only_the_question_is_the_question(void **state)
{
    (void)state;
    assert_true(control_health_is_asked(bytes_from_string("{\"action\": \"health\"}")));
    assert_false(control_health_is_asked(bytes_from_string("{\"action\": \"pause\"}")));
    assert_false(control_health_is_asked(bytes_from_string("{\"action\": 1}")));
    assert_false(control_health_is_asked(bytes_from_string("health")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(troubles_arrive_as_they_are),
        cmocka_unit_test(the_largest_answer_fits_a_frame),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(only_the_question_is_the_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
