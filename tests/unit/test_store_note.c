/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes and checkpoints: a note made by another program, and everything a parser refuses. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/base64.h"
#include "store/checkpoint.h"
#include "store/note.h"

#define LOG_KEY     "relay.example/journal/1+2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_KEY "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define ROOT        "15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8="
#define TEXT        "relay.example/journal/1\n300\n" ROOT "\n"
#define LOG_BLOB                                                                                   \
    "KujVOiv9QAzZq2LJ1+nLt5v0mp5M6aDKYr82WcM9Ez/vcyoQgF3XNcvGG1nUdrKfv+8xd/0F3TpVITgL5r/4bkpECAg="
#define WITNESS_BLOB                                                                               \
    "IDJKvgAAAABqsTuAP4swpa/eiZksDxYOiJMsPBEJwB/yOP5JidEVDDqbaHezun1tT9E/1YUy62KGLzwhGkGikmbkB/"   \
    "Rb6LzeVAPxDQ=="
#define DASH         "\xe2\x80\x94"
#define LOG_LINE     DASH " relay.example/journal/1 " LOG_BLOB "\n"
#define WITNESS_LINE DASH " witness.example/w1 " WITNESS_BLOB "\n"
#define NOTE         TEXT "\n" LOG_LINE WITNESS_LINE
#define WITNESS_TIME UINT64_C(1790000000)

static struct note_key key_of(const char *text)
{
    struct note_key key;

    assert_status(STATUS_OK, note_key_parse(bytes_from_string(text), &key));
    return key;
}

static void make_seed(uint8_t first, uint8_t ret_seed[32])
{
    for (uint8_t i = 0; i < 32; i++) {
        ret_seed[i] = (uint8_t)(first + i);
    }
}

static void keys_read_and_write_the_same_text(void **state)
{
    const char *const texts[] = {LOG_KEY, WITNESS_KEY};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t text[NOTE_KEY_TEXT_BYTES_MAX];
        struct buffer buffer = buffer_from(text, sizeof(text));
        const struct note_key key = key_of(texts[i]);
        assert_int_equal(i == 0 ? 0x2ae8d53a : 0x20324abe, key.id);
        assert_int_equal(i == 0 ? NOTE_KEY_ED25519 : NOTE_KEY_COSIGNATURE, key.kind);
        assert_status(STATUS_OK, note_key_append(&buffer, &key));
        assert_true(bytes_equal(bytes_from_string(texts[i]), buffer_bytes(&buffer)));
        buffer = buffer_from(text, strlen(texts[i]) - 1);
        assert_status(STATUS_FULL, note_key_append(&buffer, &key));
        assert_int_equal(0, buffer.count);
    }
}

static void bad_keys_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "+",
        "name",
        "relay.example/journal/1+2ae8d53b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", /* id */
        "relay.example/journal/2+2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", /* name */
        "relay.example/journal/1+2AE8D53A+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", /* case */
        "relay.example/journal/1+2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG",
        "relay.example/journal/1+2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4AAAA",
        "relay.example/journal/1 2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "+2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    };
    struct note_key key;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, note_key_parse(bytes_from_string(bad[i]), &key));
    }
    assert_status(STATUS_UNSUPPORTED,
                  note_key_parse(bytes_from_string("relay.example/journal/1+2ae8d53a+"
                                                   "/wOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"),
                                 &key));
}

static void the_known_note_is_good(void **state)
{
    const struct note_key keys[2] = {key_of(LOG_KEY), key_of(WITNESS_KEY)};
    const struct note_trust trust = {
        .keys = keys, .keys_count = 2, .time_seconds_max = WITNESS_TIME};
    struct note note;
    struct log_checkpoint checkpoint;
    uint32_t verified_count = 0;
    uint64_t time_seconds = 0;
    struct hash root;

    (void)state;
    assert_status(STATUS_OK, note_parse(bytes_from_string(NOTE), &note));
    assert_true(bytes_equal(bytes_from_string(TEXT), note.text));
    assert_status(STATUS_OK, note_verify(&note, &trust, &verified_count));
    assert_int_equal(2, verified_count);
    assert_status(STATUS_OK, note_verify_key(&note, &keys[1], WITNESS_TIME, &time_seconds));
    assert_int_equal(WITNESS_TIME, time_seconds);
    assert_status(STATUS_OK, log_checkpoint_parse(note.text, &checkpoint));
    assert_true(bytes_equal(bytes_from_string("relay.example/journal/1"), checkpoint.origin));
    assert_int_equal(300, checkpoint.size);
    assert_false(checkpoint.has_extensions);
    assert_status(STATUS_OK, base64_decode_hash(bytes_from_string(ROOT), &root));
    assert_true(hash_equal(&root, &checkpoint.root));
}

/* From the seeds alone to the same bytes. */
static void the_known_note_is_written_again(void **state)
{
    uint8_t text[2048];
    uint8_t cosigned[512];
    uint8_t seed[32];
    uint8_t public_key[32];
    uint8_t signature[8 + 64] = {0, 0, 0, 0, 0x6a, 0xb1, 0x3b, 0x80};
    struct buffer buffer = buffer_from(text, sizeof(text));
    struct buffer message = buffer_from(cosigned, sizeof(cosigned));
    struct log_checkpoint checkpoint = {.origin = bytes_from_string("relay.example/journal/1"),
                                        .size = 300};
    struct note_key key;

    (void)state;
    assert_status(STATUS_OK, base64_decode_hash(bytes_from_string(ROOT), &checkpoint.root));
    assert_status(STATUS_OK, log_checkpoint_append(&buffer, &checkpoint));
    assert_true(bytes_equal(bytes_from_string(TEXT), buffer_bytes(&buffer)));
    assert_status(STATUS_OK, note_append_cosigned(&message, WITNESS_TIME, bytes_from_string(TEXT)));
    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from("\n", 1)));
    make_seed(0, seed);
    assert_status(STATUS_OK, ed25519_public_key(seed, public_key));
    assert_status(STATUS_OK, note_key_init(&key, NOTE_KEY_ED25519, checkpoint.origin, public_key));
    assert_status(STATUS_OK, ed25519_sign(seed, bytes_from_string(TEXT), signature + 8));
    assert_status(STATUS_OK, note_append_signature(&buffer, &key, bytes_from(signature + 8, 64)));
    make_seed(32, seed);
    assert_status(STATUS_OK, ed25519_public_key(seed, public_key));
    assert_status(STATUS_OK, note_key_init(&key, NOTE_KEY_COSIGNATURE,
                                           bytes_from_string("witness.example/w1"), public_key));
    assert_status(STATUS_OK, ed25519_sign(seed, buffer_bytes(&message), signature + 8));
    assert_status(STATUS_OK, note_append_signature(&buffer, &key, bytes_from(signature, 72)));
    assert_true(bytes_equal(bytes_from_string(NOTE), buffer_bytes(&buffer)));
}

static void expect_note(enum status expected, const char *text)
{
    struct note *note = malloc(sizeof(*note));

    assert_status(expected, note_parse(bytes_from_string(text), note));
    free(note);
}

static void bad_notes_are_refused(void **state)
{
    (void)state;
    expect_note(STATUS_MALFORMED, "");
    expect_note(STATUS_MALFORMED, "\n");
    expect_note(STATUS_MALFORMED, TEXT);
    expect_note(STATUS_MALFORMED, TEXT "\n");
    expect_note(STATUS_MALFORMED, "\n\n" LOG_LINE);
    expect_note(STATUS_MALFORMED, TEXT LOG_LINE);                                     /* no gap */
    expect_note(STATUS_MALFORMED, TEXT "\n- relay.example/journal/1 " LOG_BLOB "\n"); /* hyphen */
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH "relay.example/journal/1 " LOG_BLOB "\n");
    expect_note(STATUS_MALFORMED, TEXT "\r\n" LOG_LINE);
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " relay.example/journal/1 " LOG_BLOB "\r\n");
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " relay.example/journal/1 " LOG_BLOB);
    expect_note(STATUS_MALFORMED, TEXT "\n" LOG_LINE "\n");
    expect_note(STATUS_MALFORMED, TEXT "\n" LOG_LINE LOG_LINE); /* one key twice */
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " a+b " LOG_BLOB "\n");
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " a\xc2\xa0"
                                       "b " LOG_BLOB "\n"); /* NBSP */
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH "  " LOG_BLOB "\n");
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name\n");
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name \n");
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name AAAA\n");     /* a blob of 3 bytes */
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name AAAAAA==\n"); /* of 4: no signature */
    expect_note(STATUS_OK, TEXT "\n" DASH " name AAAAAAA=\n");
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name AAAAAAA\n");  /* no padding */
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name AAAAAAB=\n"); /* bits behind the end */
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name AAAA_AA=\n"); /* the alphabet of URLs */
    expect_note(STATUS_MALFORMED, TEXT "\n" DASH " name AAAAAAA= \n");
    expect_note(STATUS_MALFORMED, "a\tb\n\n" LOG_LINE);
    expect_note(STATUS_MALFORMED, "a\x80\n\n" LOG_LINE);             /* not UTF-8 */
    expect_note(STATUS_MALFORMED, "a\xc0\xaf\n\n" LOG_LINE);         /* too long a form */
    expect_note(STATUS_MALFORMED, "a\xed\xa0\x80\n\n" LOG_LINE);     /* half a pair */
    expect_note(STATUS_MALFORMED, "a\xf4\x90\x80\x80\n\n" LOG_LINE); /* beyond Unicode */
    expect_note(STATUS_OK, "a\n\nb\n\n" LOG_LINE);                   /* a text with a gap */
}

static void a_zero_byte_is_refused(void **state)
{
    static const char text[] = "a\0b\n\n" LOG_LINE;
    struct note note;

    (void)state;
    assert_status(STATUS_MALFORMED, note_parse(bytes_from(text, sizeof(text) - 1), &note));
}

static void lines_are_bounded(void **state)
{
    static char text[NOTE_BYTES_MAX + 1];
    struct note note;
    size_t count = (size_t)snprintf(text, sizeof(text), "%s\n", TEXT);

    (void)state;
    for (unsigned i = 0; i < NOTE_SIGNATURES_MAX; i++) {
        count += (size_t)snprintf(text + count, sizeof(text) - count, DASH " name%u AAAAAAA=\n", i);
        assert_status(STATUS_OK, note_parse(bytes_from(text, count), &note));
        assert_int_equal(i + 1, note.signatures_count);
    }
    count += (size_t)snprintf(text + count, sizeof(text) - count, DASH " last AAAAAAA=\n");
    assert_status(STATUS_FULL, note_parse(bytes_from(text, count), &note));
    memset(text, 'a', sizeof(text));
    assert_status(STATUS_FULL, note_parse(bytes_from(text, sizeof(text)), &note));
}

static enum status verify_text(const char *text, const char *key_text, uint64_t time_seconds_max)
{
    const struct note_key key = key_of(key_text);
    struct note note;
    uint64_t time_seconds = 0;

    assert_status(STATUS_OK, note_parse(bytes_from_string(text), &note));
    return note_verify_key(&note, &key, time_seconds_max, &time_seconds);
}

static void wrong_signatures_are_refused(void **state)
{
    char note[sizeof(NOTE)];

    (void)state;
    assert_status(STATUS_OK, verify_text(NOTE, LOG_KEY, 0));
    assert_status(STATUS_REFUSED, verify_text(NOTE, WITNESS_KEY, WITNESS_TIME - 1));
    assert_status(STATUS_NOT_FOUND, verify_text(TEXT "\n" LOG_LINE, WITNESS_KEY, WITNESS_TIME));
    /* Any changed letter of the text. */
    for (size_t i = 0; i < strlen(TEXT); i++) {
        memcpy(note, NOTE, sizeof(note));
        if (note[i] != '\n') {
            note[i] = note[i] == 'x' ? 'y' : 'x';
            assert_status(STATUS_REFUSED, verify_text(note, LOG_KEY, 0));
            assert_status(STATUS_REFUSED, verify_text(note, WITNESS_KEY, WITNESS_TIME));
        }
    }
    /* Of the right key's name and id, and one byte short of a signature. */
    assert_status(STATUS_REFUSED,
                  verify_text(TEXT "\n" DASH " relay.example/journal/1 KujVOiv9\n", LOG_KEY, 0));
}

static void cosignatures_have_one_length_and_a_time(void **state)
{
    const struct note_key key = key_of(WITNESS_KEY);
    uint8_t seed[32];
    uint8_t text[512];
    uint8_t message_text[512];
    uint8_t signature[8 + 64 + 1];

    (void)state;
    make_seed(32, seed);
    for (unsigned variant = 0; variant < 5; variant++) {
        const uint64_t times[5] = {1, 0, UINT64_C(1) << 63, 1, 1};
        const size_t counts[5] = {72, 72, 72, 71, 73};
        struct buffer message = buffer_from(message_text, sizeof(message_text));
        struct buffer buffer = buffer_from(text, sizeof(text));
        struct note note;
        uint64_t time_seconds = 0;
        memset(signature, 0, sizeof(signature));
        for (unsigned i = 0; i < 8; i++) {
            signature[i] = (uint8_t)(times[variant] >> (56 - 8 * i));
        }
        assert_status(STATUS_OK,
                      note_append_cosigned(&message, times[variant], bytes_from_string(TEXT)));
        assert_status(STATUS_OK, ed25519_sign(seed, buffer_bytes(&message), signature + 8));
        assert_status(STATUS_OK, buffer_append(&buffer, bytes_from_string(TEXT "\n")));
        assert_status(STATUS_OK,
                      note_append_signature(&buffer, &key, bytes_from(signature, counts[variant])));
        assert_status(STATUS_OK, note_parse(buffer_bytes(&buffer), &note));
        assert_status(variant == 0 ? STATUS_OK : STATUS_REFUSED,
                      note_verify_key(&note, &key, UINT64_MAX, &time_seconds));
    }
}

static void a_note_of_strangers_is_refused(void **state)
{
    const struct note_key keys[2] = {key_of(LOG_KEY), key_of(WITNESS_KEY)};
    struct note_trust trust = {.keys = keys, .keys_count = 1, .time_seconds_max = WITNESS_TIME};
    struct note note;
    uint32_t count = 0;

    (void)state;
    assert_status(STATUS_OK, note_parse(bytes_from_string(TEXT "\n" WITNESS_LINE), &note));
    assert_status(STATUS_REFUSED, note_verify(&note, &trust, &count));
    trust.keys_count = 2;
    assert_status(STATUS_OK, note_verify(&note, &trust, &count));
    assert_int_equal(1, count);
    /* One good key does not excuse another's bad line. */
    assert_status(STATUS_OK, note_parse(bytes_from_string(NOTE), &note));
    trust.time_seconds_max = 5;
    assert_status(STATUS_REFUSED, note_verify(&note, &trust, &count));
}

static void bad_checkpoints_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "origin\n",
        "origin\n300\n",
        "\n300\n" ROOT "\n",
        "origin\n300\n" ROOT,
        "origin\n0300\n" ROOT "\n",
        "origin\n+300\n" ROOT "\n",
        "origin\n-1\n" ROOT "\n",
        "origin\n 300\n" ROOT "\n",
        "origin\n\n" ROOT "\n",
        "origin\n18446744073709551616\n" ROOT "\n",
        "origin\n99999999999999999999\n" ROOT "\n",
        "origin\n300\r\n" ROOT "\n",
        "origin\n300\n15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzg==\n", /* 31 bytes */
        "origin\n300\n15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8A\n", /* 33 bytes */
        "origin\n300\n15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8\n",  /* no padding */
        "origin\n300\n15eSMC_lwjZ4KVhvRRw_knYQ5R2oXVBQoubvHYTzzq8=\n", /* of URLs */
        "origin\n300\n15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq9=\n", /* bits behind */
        "origin\n0\n" ROOT "\n",                                       /* not empty's root */
        "origin\n300\n" ROOT "\n\n",
        "origin\n300\n" ROOT "\nextension",
    };
    struct log_checkpoint checkpoint;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED,
                      log_checkpoint_parse(bytes_from_string(bad[i]), &checkpoint));
    }
}

static void foreign_checkpoints_may_say_more(void **state)
{
    struct log_checkpoint checkpoint;

    (void)state;
    assert_status(STATUS_OK,
                  log_checkpoint_parse(bytes_from_string(TEXT "extension\nmore\n"), &checkpoint));
    assert_true(checkpoint.has_extensions);
    assert_status(STATUS_OK,
                  log_checkpoint_parse(bytes_from_string("o\n18446744073709551615\n" ROOT "\n"),
                                       &checkpoint));
    assert_true(checkpoint.size == UINT64_MAX);
    assert_status(STATUS_OK,
                  log_checkpoint_parse(
                      bytes_from_string("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
                      &checkpoint));
}

static void a_checkpoint_is_written_whole_or_not(void **state)
{
    uint8_t text[100];
    struct log_checkpoint checkpoint = {.origin = bytes_from_string("origin"), .size = UINT64_MAX};

    (void)state;
    for (size_t room = 0; room < 72; room++) {
        struct buffer buffer = buffer_from(text, room);
        assert_status(STATUS_FULL, log_checkpoint_append(&buffer, &checkpoint));
        assert_int_equal(0, buffer.count);
    }
    struct buffer buffer = buffer_from(text, 7 + 21 + 45);
    assert_status(STATUS_OK, log_checkpoint_append(&buffer, &checkpoint));
    checkpoint.origin = bytes_from_string("two\nlines");
    buffer.count = 0;
    assert_status(STATUS_MALFORMED, log_checkpoint_append(&buffer, &checkpoint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_read_and_write_the_same_text),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(the_known_note_is_good),
        cmocka_unit_test(the_known_note_is_written_again),
        cmocka_unit_test(bad_notes_are_refused),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test(wrong_signatures_are_refused),
        cmocka_unit_test(cosignatures_have_one_length_and_a_time),
        cmocka_unit_test(a_note_of_strangers_is_refused),
        cmocka_unit_test(bad_checkpoints_are_refused),
        cmocka_unit_test(foreign_checkpoints_may_say_more),
        cmocka_unit_test(a_checkpoint_is_written_whole_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
