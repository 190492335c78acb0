/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as people write them. The vectors are public: programs of Solana (decoded with another
 * program), a router on Terra Classic as its bridge enrolled it, and those of BIP-173 and BIP-350.
 */
#include <stdio.h>

#include "relay/base/address_text.h"
#include "relay/base/hex.h"
#include "tests/support/unit.h"

static enum status read_text(const char *text, char ret_hex[65])
{
    struct address address;
    const enum status status = address_text_read(bytes_from_string(text), &address);

    ret_hex[0] = '\0';
    if (status == STATUS_OK) {
        hex_encode(bytes_from(address.bytes, sizeof(address.bytes)), ret_hex);
    }
    return status;
}

#define SPLIT       "split1checkupstagehandshakeupstreamerranterredcaperred"
#define SPLIT_BYTES "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d"

static void each_form_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *bytes;
    } vectors[] = {
        {"0x9d4454B023096f34B160D6B654540c56A1F81688",
         "0000000000000000000000009d4454b023096f34b160d6b654540c56a1f81688"},
        {"9d4454B023096f34B160D6B654540c56A1F81688",
         "0000000000000000000000009d4454b023096f34b160d6b654540c56a1f81688"},
        {"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
         "06ddf6e1d765a193d9cbe146ceeb79ac1cb485ed5f5b37913a8cf5857eff00a9"},
        {"11111111111111111111111111111111",
         "0000000000000000000000000000000000000000000000000000000000000000"},
        {"E588QtVUvresuXq2KoNEwAmoifCzYGpRBdHByN9KQMbi",
         "c236500cf10c409df566b1415b99679c9285072bf856fe311b3cc1bb946279a5"},
        {"SysvarC1ock11111111111111111111111111111111",
         "06a7d51718c774c928566398691d5eb68b5eb8a39b4b6d5c73555b2100000000"},
        {"JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG",
         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
        {"terra1zlm0h2xu6rhnjchn29hxnpvr74uxxqetar9y75zcehyx2mqezg9slj09ml",
         "17f6fba8dcd0ef3962f3516e698583f57863032be8ca4f5058cdc8656c19120b"},
        {"TERRA1ZLM0H2XU6RHNJCHN29HXNPVR74UXXQETAR9Y75ZCEHYX2MQEZG9SLJ09ML",
         "17f6fba8dcd0ef3962f3516e698583f57863032be8ca4f5058cdc8656c19120b"},
        {SPLIT "2y9e3w", "0000" SPLIT_BYTES}, /* BIP-173 */
        {SPLIT "lc445v", "0000" SPLIT_BYTES}, /* BIP-350 */
    };
    char hex[65];

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_status(STATUS_OK, read_text(vectors[i].text, hex));
        assert_string_equal(hex, vectors[i].bytes);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "0x",
        "0x9d4454B023096f34B160D6B654540c56A1F8168",
        "0xTokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D",   /* 31 bytes */
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DAA", /* 33 */
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D0",  /* no such letter */
        "1111111111111111111111111111111",
        "111111111111111111111111111111111",
        "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH", /* 2^256 */
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        "terra1zlm0h2xu6rhnjchn29hxnpvr74uxxqetar9y75zcehyx2mqezg9slj09mm",
        "terrb1zlm0h2xu6rhnjchn29hxnpvr74uxxqetar9y75zcehyx2mqezg9slj09ml",
        "Terra1zlm0h2xu6rhnjchn29hxnpvr74uxxqetar9y75zcehyx2mqezg9slj09ml",
        "a12uel5l", /* sound, of no bytes */
        "a1lqfn3a",
        "0x1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqtr4f08", /* sound, and begins like
                                                                            hexadecimal */
        " a1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqkn7g38", /* sound, with a letter
                                                                            that nobody can see */
        "1qzzfhee",                                                      /* no prefix */
        "10a06t8",
        "li1dgmt3", /* a checksum of too few letters */
        "M1VUXWEZ", /* made with a prefix in lower case */
        "x1b4n0q5v",
        SPLIT "2y9e3",
    };
    char hex[65];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (read_text(texts[i], hex) != STATUS_MALFORMED) {
            fail_msg("%s is %s", texts[i], hex);
        }
    }
}

/* A letter more or fewer, or another one in its place: never the same address again. */
static void one_letter_makes_another_address_or_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "terra1zlm0h2xu6rhnjchn29hxnpvr74uxxqetar9y75zcehyx2mqezg9slj09ml",
        SPLIT "lc445v",
    };
    char right[65];
    char hex[65];
    char text[91];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_status(STATUS_OK, read_text(texts[i], right));
        for (size_t at = 0; at < strlen(texts[i]); at++) {
            for (char letter = 33; letter < 127; letter++) {
                (void)snprintf(text, sizeof(text), "%s", texts[i]);
                text[at] = letter;
                const bool is_same = letter == texts[i][at];
                const enum status status = read_text(text, hex);
                assert_int_equal(status == STATUS_OK && strcmp(hex, right) == 0, is_same);
                assert_true(i == 0 || is_same || status != STATUS_OK);
            }
        }
    }
}

/* Sound checksums over what is no whole number of bytes: 33 bytes; bits to spare that are not zero
 * (32 bytes, the last letter 1 and not 0); five of them. Made with the algorithm of BIP-173. */
static void bech32_of_no_whole_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqts4csw",
        "a1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7ruspmgfmtg",
        "a1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqeqj3xgw4",
    };
    char hex[65];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_status(STATUS_MALFORMED, read_text(texts[i], hex));
    }
    assert_status(STATUS_OK,
                  read_text("a1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqx7awk6", hex));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(one_letter_makes_another_address_or_none),
        cmocka_unit_test(bech32_of_no_whole_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
