/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/unit.h: cmocka with the headers it wants before it, and assertions on our types. */
#ifndef SLUICE_TESTS_SUPPORT_UNIT_H
#define SLUICE_TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/literal.h"

#define assert_status(expected, actual) assert_int_equal((expected), (actual))
#define assert_hash(hex, actual)                                                                   \
    do {                                                                                           \
        const struct hash expected_hash = hash_of(hex);                                            \
        const struct hash actual_hash = (actual);                                                  \
        assert_memory_equal(expected_hash.bytes, actual_hash.bytes, 32);                           \
    } while (0)

#endif
