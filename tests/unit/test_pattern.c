/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over bodies: what they match, beside the C library's own, and what is refused. */
#include <regex.h>
#include <stdio.h>

#include "relay/base/hex.h"
#include "relay/base/prng.h"
#include "relay/core/message/pattern.h"
#include "tests/support/unit.h"

#define BODY_BYTES 12u

static bool matches(const char *text, const char *digits)
{
    uint8_t body[64];
    size_t count = 0;
    const char *what = "";

    assert_status(STATUS_OK, hex_decode(bytes_from_string(digits), sizeof(body), body, &count));
    assert_status(STATUS_OK, pattern_check(bytes_from_string(text), &what));
    return pattern_matches(bytes_from_string(text), bytes_from(body, count));
}

static void it_is_looked_for_anywhere_in_the_digits(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *digits;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "00", true},
        {"dead", "00deadbe", true},
        {"eadb", "00deadbe", true}, /* digits, not bytes */
        {"dead", "00daedbe", false},
        {"^00de", "00deadbe", true},
        {"^dead", "00deadbe", false},
        {"dbe$", "00deadbe", true},
        {"dead$", "00deadbe", false},
        {"^$", "", true},
        {"^$", "00", false},
        {"^.{8}$", "00deadbe", true},
        {"^.{7}$", "00deadbe", false},
        {"^.{2,4}de", "00deadbe", true},
        {"^.{3,}de", "00deadbe", false},
        {"^0{2}(dead|beef)be$", "00beefbe", true},
        {"^0{2}(dead|beef)be$", "00bedebe", false},
        {"^(?:00|11)+ff$", "001100ff", true},
        {"^(?:00|11)+ff$", "001200ff", false},
        {"^(a|)b", "b0", true},
        {"^a?b*?c+", "bbc0", true},
        {"^(a*)*b$", "aaab", true},
        {"^a{0}b", "bb", true},
        {"^a{0,}b", "aaab", true},
        {"^(ab){2}{2}$", "abababab", true},
        {"^(ab){2}{2}$", "abababab00", false},
        {"^[0-8a]+$", "01a8", true},
        {"^[0-8a]+$", "09a8", false},
        {"^[^f]+$", "00ee", true},
        {"^[^f]+$", "00ef", false},
        {"^[0-9a-fA-F]{4}$", "00ef", true},
        {"^[\\da]+$", "90aa", true},
        {"^\\d+$", "90aa", false},
        {"^\\D\\w\\S", "a0ff", true},
        {"DEAD", "dead", false},
        {"(?i)DEAD", "dead", true},
        {"(?i)^[A-C]", "b0", true},
        {"^[A-C]", "b0", false},
        {"a|^b|c$", "0c", true},
        {"(^0|1)f", "0f1e", true},
        {"(^0|1)f", "200f", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *what = "";
        if (pattern_check(bytes_from_string(cases[i].pattern), &what) != STATUS_OK) {
            assert_false(cases[i].matches); /* refused: it could match no body */
            continue;
        }
        if (matches(cases[i].pattern, cases[i].digits) != cases[i].matches) {
            fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].digits);
        }
    }
}

static void what_is_no_pattern_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        enum status status;
        const char *what;
    } cases[] = {
        {"(00", STATUS_MALFORMED, "has a ( without its )"},
        {"00)", STATUS_MALFORMED, "has a ) without its ("},
        {"[00", STATUS_MALFORMED, "has a [ without its ]"},
        {"[]", STATUS_MALFORMED, "has a [ without its ]"},
        {"[f-0]", STATUS_MALFORMED, "has a range that ends before it begins"},
        {"*", STATUS_MALFORMED, "repeats nothing"},
        {"(|*)", STATUS_MALFORMED, "repeats nothing"},
        {"0{", STATUS_MALFORMED, "has braces that are not {2}, {2,} or {2,5}"},
        {"0{3,2}", STATUS_MALFORMED, "has braces that are not {2}, {2,} or {2,5}"},
        {"0{1001}", STATUS_FULL, "repeats something more than 1000 times"},
        {"0{4294967297}", STATUS_FULL, "repeats something more than 1000 times"},
        {"0{600}", STATUS_FULL, "is too long: every digit counts as often as it may stand"},
        {"((((0{9}){9}){9}){9}){9}", STATUS_FULL,
         "is too long: every digit counts as often as it may stand"},
        {"((((((((((((((((0))))))))))))))))", STATUS_FULL, "has groups in groups, too deep"},
        {"0x00", STATUS_MALFORMED, "wants what is no lower-case hexadecimal digit"},
        {"\\x30", STATUS_UNSUPPORTED, "has a \\ before something else than d, w or s"},
        {"0\\", STATUS_UNSUPPORTED, "has a \\ before something else than d, w or s"},
        {"(?P<a>0)", STATUS_UNSUPPORTED, "has a group that begins with something else than ?:"},
        {"[[:digit:]]", STATUS_UNSUPPORTED, "has a class in a class"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *what = "";
        const struct bytes text = bytes_from_string(cases[i].pattern);
        assert_status(cases[i].status, pattern_check(text, &what));
        assert_string_equal(cases[i].what, what);
        assert_false(pattern_matches(text, bytes_from_string("0")));
    }
}

/* The widest pattern, and a body of the largest message. */
static void the_longest_is_walked(void **state)
{
    (void)state;
    static uint8_t body[49152];
    const char *what = "";
    const struct bytes wide = bytes_from_string("1.{505}1$");

    assert_status(STATUS_OK, pattern_check(wide, &what));
    memset(body, 0x11, sizeof(body));
    assert_true(pattern_matches(wide, bytes_from(body, sizeof(body))));
    body[sizeof(body) - 254] = 0x10; /* the one that would be the first */
    assert_false(pattern_matches(wide, bytes_from(body, sizeof(body))));
}

/* Random patterns of what both know say of random bodies what the C library says of them. */
static void it_says_what_the_c_library_says(void **state)
{
    (void)state;
    static const char *const pieces[] = {"0",     "1", ".", "[01]", "[^1]", "(0|11)",
                                         "(1?0)", "^", "$", "(0|)", "(.1)"};
    static const char *const signs[] = {"", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"};
    struct prng prng = prng_from(6);
    uint32_t matched = 0;

    for (uint32_t round = 0; round < 3000; round++) {
        char pattern[128] = "";
        char digits[2 * BODY_BYTES + 1] = "";
        uint8_t body[BODY_BYTES];
        const uint64_t parts = 1 + prng_below(&prng, 5);
        for (uint64_t i = 0; i < parts; i++) {
            const char *piece = pieces[prng_below(&prng, sizeof(pieces) / sizeof(pieces[0]))];
            const bool is_place = piece[0] == '^' || piece[0] == '$';
            const char *sign =
                is_place ? "" : signs[prng_below(&prng, sizeof(signs) / sizeof(signs[0]))];
            const size_t used = strlen(pattern);
            (void)snprintf(pattern + used, sizeof(pattern) - used, "%s%s%s", piece, sign,
                           prng_below(&prng, 6) == 0 ? "|" : "");
        }
        if (pattern[strlen(pattern) - 1] == '|') {
            pattern[strlen(pattern) - 1] = '\0';
        }
        const size_t count = (size_t)prng_below(&prng, BODY_BYTES + 1);
        for (size_t i = 0; i < count; i++) {
            body[i] = (uint8_t)(prng_below(&prng, 2) << 4 | prng_below(&prng, 2));
        }
        hex_encode(bytes_from(body, count), digits);
        regex_t theirs;
        if (regcomp(&theirs, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
            continue;
        }
        const bool is_match = regexec(&theirs, digits, 0, NULL, 0) == 0;
        regfree(&theirs);
        if (pattern_matches(bytes_from_string(pattern), bytes_from(body, count)) != is_match) {
            fail_msg("'%s' on '%s': %s there", pattern, digits, is_match ? "matches" : "none");
        }
        matched += is_match ? 1 : 0;
    }
    assert_in_range(matched, 300, 2900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_looked_for_anywhere_in_the_digits),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(the_longest_is_walked),
        cmocka_unit_test(it_says_what_the_c_library_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
