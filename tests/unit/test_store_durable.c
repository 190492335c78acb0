/* SPDX-License-Identifier: Apache-2.0 */
#include "store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/support/unit.h"

static void an_errno_value_says_what_a_file_does(void **state)
{
    (void)state;
    assert_int_equal(status_from_errno(ENOENT), STATUS_NOT_FOUND);
    assert_int_equal(status_from_errno(ENOSPC), STATUS_NO_SPACE);
    assert_int_equal(status_from_errno(EFBIG), STATUS_NO_SPACE);
    assert_int_equal(status_from_errno(EROFS), STATUS_READ_ONLY);
    assert_int_equal(status_from_errno(EACCES), STATUS_READ_ONLY);
    assert_int_equal(status_from_errno(ENOMEM), STATUS_NO_MEMORY);
    assert_int_equal(status_from_errno(EIO), STATUS_IO);
    assert_int_equal(status_from_errno(0), STATUS_IO);
}

static void what_a_file_refuses_is_said(void **state)
{
    (void)state;
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    assert_true(full >= 0);
    assert_int_equal(durable_write(full, bytes_from("x", 1)), STATUS_NO_SPACE);
    assert_int_equal(close(full), 0);
    assert_int_equal(durable_folder("/nonexistent/folder"), STATUS_NOT_FOUND);
    assert_int_equal(durable_folder("/dev/null"), STATUS_NOT_FOUND); /* no folder */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_errno_value_says_what_a_file_does),
        cmocka_unit_test(what_a_file_refuses_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
