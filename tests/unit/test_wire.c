/* SPDX-License-Identifier: Apache-2.0 */
/* Signer messages: what is encoded comes back, and nothing else gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire.h"

static uint8_t frame_memory[WIRE_READER_BYTES];
static struct wire_arena arena;

/* A small generator with a fixed seed: the same cases on every run. */
static uint64_t draw_state = 0x9e3779b97f4a7c15u;

static uint64_t draw(void)
{
    draw_state ^= draw_state << 13;
    draw_state ^= draw_state >> 7;
    draw_state ^= draw_state << 17;
    return draw_state;
}

static void draw_bytes(uint8_t *ret_bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ret_bytes[i] = (uint8_t)draw();
    }
}

static struct bytes body_of(const struct buffer *buffer)
{
    assert_true(buffer->count > WIRE_HEADER_BYTES);
    const uint32_t count = (uint32_t)buffer->data[0] << 24 | (uint32_t)buffer->data[1] << 16 |
                           (uint32_t)buffer->data[2] << 8 | (uint32_t)buffer->data[3];
    assert_int_equal(count, buffer->count - WIRE_HEADER_BYTES);
    return bytes_from(buffer->data + WIRE_HEADER_BYTES, count);
}

static struct wire_request request_roundtrip(const struct wire_request *request)
{
    struct buffer buffer = buffer_from(frame_memory, sizeof(frame_memory));
    struct wire_request back;
    assert_int_equal(wire_encode_request(request, &buffer), STATUS_OK);
    assert_int_equal(wire_decode_request(body_of(&buffer), &arena, &back), STATUS_OK);
    assert_int_equal(back.id, request->id);
    assert_int_equal(back.ask, request->ask);
    return back;
}

static uint8_t payload[WIRE_TRANSACTION_BYTES_MAX];

static struct wire_request transaction_request(size_t transaction_bytes)
{
    struct wire_request request = {.id = draw(), .ask = WIRE_ASK_TRANSACTION};
    request.transaction.domain = (uint32_t)draw();
    request.transaction.family = bytes_from_string("evm");
    const uint32_t leg = (uint32_t)(draw() % 5);
    request.transaction.leg_kind = leg == 4 ? LEG_BATCH : (enum leg_kind)(LEG_PROCESS + leg);
    request.transaction.attempt = (uint32_t)draw();
    draw_bytes(request.transaction.key.bytes, 32);
    draw_bytes(request.transaction.leg_id.bytes, 32);
    draw_bytes(payload, transaction_bytes);
    request.transaction.transaction = bytes_from(payload, transaction_bytes);
    return request;
}

static void a_transaction_request_comes_back(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 200, 4096, WIRE_TRANSACTION_BYTES_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct wire_request request = transaction_request(sizes[i]);
        const struct wire_request back = request_roundtrip(&request);
        assert_int_equal(back.transaction.domain, request.transaction.domain);
        assert_int_equal(back.transaction.leg_kind, request.transaction.leg_kind);
        assert_int_equal(back.transaction.attempt, request.transaction.attempt);
        assert_true(bytes_equal(back.transaction.family, request.transaction.family));
        assert_true(address_equal(&back.transaction.key, &request.transaction.key));
        assert_true(hash_equal(&back.transaction.leg_id, &request.transaction.leg_id));
        assert_true(bytes_equal(back.transaction.transaction, request.transaction.transaction));
    }
}

static void a_checkpoint_request_comes_back(void **state)
{
    (void)state;
    struct wire_request request = {.id = UINT64_MAX, .ask = WIRE_ASK_CHECKPOINT};
    request.checkpoint.domain = UINT32_MAX;
    request.checkpoint.checkpoint.index = UINT32_MAX;
    draw_bytes(request.checkpoint.tree_hook.bytes, 32);
    draw_bytes(request.checkpoint.key.bytes, 32);
    draw_bytes(request.checkpoint.checkpoint.root.bytes, 32);
    draw_bytes(request.checkpoint.checkpoint.message_id.bytes, 32);
    const struct wire_request back = request_roundtrip(&request);
    assert_int_equal(back.checkpoint.domain, UINT32_MAX);
    assert_int_equal(back.checkpoint.checkpoint.index, UINT32_MAX);
    assert_true(address_equal(&back.checkpoint.tree_hook, &request.checkpoint.tree_hook));
    assert_true(address_equal(&back.checkpoint.key, &request.checkpoint.key));
    assert_true(hash_equal(&back.checkpoint.checkpoint.root, &request.checkpoint.checkpoint.root));
    assert_true(hash_equal(&back.checkpoint.checkpoint.message_id,
                           &request.checkpoint.checkpoint.message_id));
}

static void an_announcement_request_comes_back_with_every_byte(void **state)
{
    (void)state;
    struct wire_request request = {.id = 0, .ask = WIRE_ASK_ANNOUNCEMENT};
    request.announcement.domain = 7;
    draw_bytes(request.announcement.mailbox.bytes, 32);
    draw_bytes(request.announcement.key.bytes, 32);
    /* A NUL inside must not cut the text that is signed. */
    request.announcement.location = bytes_from("file:///a\0b", 11);
    const struct wire_request back = request_roundtrip(&request);
    assert_int_equal(back.announcement.domain, 7);
    assert_true(address_equal(&back.announcement.mailbox, &request.announcement.mailbox));
    assert_true(address_equal(&back.announcement.key, &request.announcement.key));
    assert_true(bytes_equal(back.announcement.location, request.announcement.location));
}

static void a_lookup_request_comes_back_with_every_byte(void **state)
{
    (void)state;
    struct wire_request request = {.id = 9, .ask = WIRE_ASK_LOOKUP};
    static uint8_t data[LOOKUP_DATA_BYTES_MAX];
    request.lookup.domain = 7;
    draw_bytes(request.lookup.key.bytes, 32);
    draw_bytes(request.lookup.sender.bytes, 32);
    draw_bytes(data, sizeof(data));
    request.lookup.url = bytes_from("https://a\0b", 11);
    request.lookup.call_data = bytes_from(data, sizeof(data));
    const struct wire_request back = request_roundtrip(&request);
    assert_int_equal(back.lookup.domain, 7);
    assert_true(address_equal(&back.lookup.key, &request.lookup.key));
    assert_true(address_equal(&back.lookup.sender, &request.lookup.sender));
    assert_true(bytes_equal(back.lookup.url, request.lookup.url));
    assert_true(bytes_equal(back.lookup.call_data, request.lookup.call_data));
}

static void a_hello_comes_back(void **state)
{
    (void)state;
    const struct wire_request request = {.id = 42, .ask = WIRE_ASK_HELLO};
    (void)request_roundtrip(&request);
}

static struct wire_reply reply_roundtrip(const struct wire_reply *reply)
{
    struct buffer buffer = buffer_from(frame_memory, sizeof(frame_memory));
    struct wire_reply back;
    assert_int_equal(wire_encode_reply(reply, &buffer), STATUS_OK);
    assert_int_equal(wire_decode_reply(body_of(&buffer), &arena, &back), STATUS_OK);
    assert_int_equal(back.id, reply->id);
    assert_int_equal(back.outcome, reply->outcome);
    assert_int_equal(back.answer, reply->answer);
    assert_true(bytes_equal(back.reason, reply->reason));
    return back;
}

static void replies_come_back(void **state)
{
    (void)state;
    struct wire_reply signed_ = {.id = 5, .outcome = OUTCOME_OK, .answer = WIRE_ANSWER_SIGNATURE};
    draw_bytes(signed_.signature.bytes, sizeof(signed_.signature.bytes));
    const struct wire_reply back = reply_roundtrip(&signed_);
    assert_memory_equal(back.signature.bytes, signed_.signature.bytes, 65);

    char reason[REASON_BYTES_MAX];
    memset(reason, 'x', sizeof(reason));
    const struct wire_reply refused = {
        .id = UINT64_MAX, .outcome = OUTCOME_REFUSED, .reason = bytes_from(reason, sizeof(reason))};
    (void)reply_roundtrip(&refused);
    const struct wire_reply unknown = {.outcome = OUTCOME_UNKNOWN};
    (void)reply_roundtrip(&unknown);
}

static void an_identity_comes_back_with_all_keys(void **state)
{
    (void)state;
    struct wire_reply reply = {.outcome = OUTCOME_OK, .answer = WIRE_ANSWER_IDENTITY};
    reply.identity.protocol = WIRE_PROTOCOL;
    reply.identity.mode = SIGNER_MODE_ACT;
    reply.identity.version = bytes_from_string("0.1.0");
    reply.identity.keys_count = WIRE_KEYS_MAX;
    for (uint32_t i = 0; i < WIRE_KEYS_MAX; i++) {
        draw_bytes(reply.identity.keys[i].address.bytes, 32);
        reply.identity.keys[i].chain = draw() % 2 == 0;
        reply.identity.keys[i].validator = draw() % 2 == 0;
    }
    const struct wire_reply back = reply_roundtrip(&reply);
    assert_int_equal(back.identity.protocol, WIRE_PROTOCOL);
    assert_int_equal(back.identity.mode, SIGNER_MODE_ACT);
    assert_true(bytes_equal(back.identity.version, reply.identity.version));
    assert_int_equal(back.identity.keys_count, WIRE_KEYS_MAX);
    for (uint32_t i = 0; i < WIRE_KEYS_MAX; i++) {
        const struct wire_key *key = &reply.identity.keys[i];
        assert_true(address_equal(&back.identity.keys[i].address, &key->address));
        assert_int_equal(back.identity.keys[i].chain, key->chain);
        assert_int_equal(back.identity.keys[i].validator, key->validator);
    }
}

static void questions_about_a_log_come_back(void **state)
{
    (void)state;
    uint8_t hashes[32 * WIRE_LOG_HASHES_MAX];
    struct wire_request request = {.id = 7, .ask = WIRE_ASK_LOG_HEAD};
    (void)request_roundtrip(&request);
    draw_bytes(hashes, sizeof(hashes));
    request.ask = WIRE_ASK_LOG_SIGN;
    request.log_sign.old_size = draw();
    request.log_sign.size = draw();
    draw_bytes(request.log_sign.root.bytes, 32);
    for (uint32_t count = 0; count <= WIRE_LOG_HASHES_MAX; count += 8) {
        request.log_sign.hashes = bytes_from(hashes, 32u * (size_t)count);
        const struct wire_request back = request_roundtrip(&request);
        assert_int_equal(back.log_sign.old_size, request.log_sign.old_size);
        assert_int_equal(back.log_sign.size, request.log_sign.size);
        assert_true(hash_equal(&back.log_sign.root, &request.log_sign.root));
        assert_true(bytes_equal(back.log_sign.hashes, request.log_sign.hashes));
    }
}

static void answers_about_a_log_come_back(void **state)
{
    (void)state;
    struct wire_reply reply = {.id = 1, .outcome = OUTCOME_OK, .answer = WIRE_ANSWER_LOG_STATE};
    reply.log_state.key = bytes_from_string("log.example/1+00000000+AAAA");
    reply.log_state.size = UINT64_MAX;
    draw_bytes(reply.log_state.root.bytes, 32);
    struct wire_reply back = reply_roundtrip(&reply);
    assert_true(bytes_equal(back.log_state.key, reply.log_state.key));
    assert_int_equal(back.log_state.size, UINT64_MAX);
    assert_true(hash_equal(&back.log_state.root, &reply.log_state.root));
    reply.answer = WIRE_ANSWER_LOG_SIGNATURE;
    draw_bytes(reply.log_signature, sizeof(reply.log_signature));
    back = reply_roundtrip(&reply);
    assert_memory_equal(back.log_signature, reply.log_signature, 64);
}

static enum status decode_text(const char *body, size_t count)
{
    struct wire_request request;
    return wire_decode_request(bytes_from(body, count), &arena, &request);
}

static void what_is_not_a_request_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(decode_text("", 0), STATUS_MALFORMED);
    /* An id alone asks nothing. */
    assert_int_equal(decode_text("\x08\x01", 2), STATUS_MALFORMED);
    /* A hello with an unknown field beside it, and inside it. */
    assert_int_equal(decode_text("\x12\x00", 2), STATUS_OK);
    assert_int_equal(decode_text("\x12\x00\x78\x01", 4), STATUS_MALFORMED);
    assert_int_equal(decode_text("\x12\x02\x08\x01", 4), STATUS_MALFORMED);
    /* A transaction with nothing in it: no key. */
    assert_int_equal(decode_text("\x1a\x00", 2), STATUS_MALFORMED);
}

/* Finds the field that holds the 32 bytes of `value` and makes it one byte shorter. */
static void lengths_must_be_exact(void **state)
{
    (void)state;
    struct wire_request request = transaction_request(10);
    request.id = 1;
    struct buffer buffer = buffer_from(frame_memory, sizeof(frame_memory));
    assert_int_equal(wire_encode_request(&request, &buffer), STATUS_OK);
    const struct bytes body = body_of(&buffer);
    uint8_t cut[130];
    assert_true(body.count < sizeof(cut));
    /* The id, the transaction's tag, its one-byte count. */
    assert_memory_equal(body.data, "\x08\x01\x1a", 3);
    assert_int_equal(body.data[3], body.count - 4);
    uint32_t refused_count = 0;
    for (size_t i = 0; i + 33 < body.count; i++) {
        if (body.data[i] != 32 ||
            (memcmp(body.data + i + 1, request.transaction.key.bytes, 32) != 0 &&
             memcmp(body.data + i + 1, request.transaction.leg_id.bytes, 32) != 0)) {
            continue;
        }
        /* The field loses its last byte; the counts follow. */
        memcpy(cut, body.data, body.count);
        cut[i] = 31;
        memmove(cut + i + 32, cut + i + 33, body.count - i - 33);
        cut[3]--;
        assert_int_equal(decode_text((const char *)cut, body.count - 1), STATUS_MALFORMED);
        /* And gains one. */
        memcpy(cut, body.data, i + 33);
        cut[i] = 33;
        cut[3]++;
        cut[i + 33] = 0;
        memcpy(cut + i + 34, body.data + i + 33, body.count - i - 33);
        assert_int_equal(decode_text((const char *)cut, body.count + 1), STATUS_MALFORMED);
        refused_count++;
    }
    assert_int_equal(refused_count, 2);
}

static void every_truncation_is_refused_and_no_flip_crashes(void **state)
{
    (void)state;
    struct wire_request request = transaction_request(300);
    struct buffer buffer = buffer_from(frame_memory, sizeof(frame_memory));
    assert_int_equal(wire_encode_request(&request, &buffer), STATUS_OK);
    const struct bytes body = body_of(&buffer);
    struct wire_request back;
    for (size_t count = 0; count < body.count; count++) {
        assert_int_equal(wire_decode_request(bytes_from(body.data, count), &arena, &back),
                         STATUS_MALFORMED);
    }
    for (size_t bit = 0; bit < body.count * 8; bit++) {
        uint8_t *byte = &frame_memory[WIRE_HEADER_BYTES + bit / 8];
        *byte = (uint8_t)(*byte ^ (1u << (bit % 8)));
        if (wire_decode_request(body, &arena, &back) == STATUS_OK) {
            assert_true(back.transaction.transaction.count <= WIRE_TRANSACTION_BYTES_MAX);
        }
        *byte = (uint8_t)(*byte ^ (1u << (bit % 8)));
    }
}

static void a_reply_must_be_one_answer(void **state)
{
    (void)state;
    struct wire_reply reply;
    /* Outcome refused (0x10 0x03) with an identity beside it. */
    const char refused_and_signed[] = "\x10\x03\x2a\x04\x08\x01\x10\x01";
    assert_int_equal(wire_decode_reply(bytes_from(refused_and_signed, 8), &arena, &reply),
                     STATUS_MALFORMED);
    assert_int_equal(
        wire_decode_reply(bytes_from("\x10\x01\x2a\x04\x08\x01\x10\x01", 8), &arena, &reply),
        STATUS_OK);
    /* OK with nothing, an absent outcome, an unknown one, an unknown mode. */
    assert_int_equal(wire_decode_reply(bytes_from("\x10\x01", 2), &arena, &reply),
                     STATUS_MALFORMED);
    assert_int_equal(wire_decode_reply(bytes_from("\x10\x02", 2), &arena, &reply),
                     STATUS_MALFORMED);
    assert_int_equal(wire_decode_reply(bytes_from("\x10\x09", 2), &arena, &reply),
                     STATUS_MALFORMED);
    assert_int_equal(
        wire_decode_reply(bytes_from("\x10\x01\x2a\x04\x08\x01\x10\x07", 8), &arena, &reply),
        STATUS_MALFORMED);
    assert_int_equal(wire_decode_reply(bytes_from("\x10\x03", 2), &arena, &reply), STATUS_OK);
}

/* Two bytes on the wire ask for a whole key each: the arena, not the sender, is the limit. */
static void amplification_ends_at_the_arena(void **state)
{
    (void)state;
    static uint8_t body[WIRE_FRAME_BYTES_MAX];
    const size_t keys_bytes = sizeof(body) - 7;
    memset(body, 0, sizeof(body));
    body[0] = 0x10;
    body[1] = 0x01;
    body[2] = 0x2a;
    body[3] = (uint8_t)(0x80 | (keys_bytes & 0x7f));
    body[4] = (uint8_t)(0x80 | ((keys_bytes >> 7) & 0x7f));
    body[5] = (uint8_t)(keys_bytes >> 14);
    for (size_t i = 6; i + 1 < sizeof(body); i += 2) {
        body[i] = 0x22;
    }
    struct wire_reply reply;
    assert_int_equal(wire_decode_reply(bytes_from(body, 6 + keys_bytes), &arena, &reply),
                     STATUS_MALFORMED);
    assert_true(arena.used <= WIRE_ARENA_BYTES);
}

static void a_full_buffer_is_left_alone(void **state)
{
    (void)state;
    const struct wire_request request = {.id = 1, .ask = WIRE_ASK_HELLO};
    uint8_t memory[32];
    struct buffer whole = buffer_from(memory, sizeof(memory));
    assert_int_equal(wire_encode_request(&request, &whole), STATUS_OK);
    for (size_t capacity = 0; capacity < whole.count; capacity++) {
        struct buffer small = buffer_from(memory, capacity);
        assert_int_equal(wire_encode_request(&request, &small), STATUS_FULL);
        assert_int_equal(small.count, 0);
    }
}

/* Frames of many sizes, cut at every kind of place, come out whole and in order. */
static void frames_survive_any_cut(void **state)
{
    (void)state;
    static uint8_t reader_memory[WIRE_READER_BYTES];
    static uint8_t stream[4 * (WIRE_TRANSACTION_BYTES_MAX + 256)];
    struct buffer out = buffer_from(stream, sizeof(stream));
    uint64_t ids[16];
    const size_t sizes[16] = {0, 1, 70, 300, WIRE_TRANSACTION_BYTES_MAX, 2, 9000, 5,
                              0, 3, 64, 129, WIRE_TRANSACTION_BYTES_MAX, 7, 1000, 0};
    for (size_t i = 0; i < 16; i++) {
        const struct wire_request request = transaction_request(sizes[i]);
        ids[i] = request.id;
        assert_int_equal(wire_encode_request(&request, &out), STATUS_OK);
    }
    for (uint32_t round = 0; round < 50; round++) {
        struct wire_reader reader;
        wire_reader_init(&reader, reader_memory, sizeof(reader_memory));
        size_t sent = 0;
        size_t frames_count = 0;
        while (frames_count < 16) {
            uint8_t *space;
            size_t count = wire_reader_space(&reader, &space);
            assert_true(count > 0);
            const size_t wanted = round == 0 ? count : 1 + draw() % 7000;
            count = wanted < count ? wanted : count;
            count = out.count - sent < count ? out.count - sent : count;
            assert_true(count > 0);
            memcpy(space, stream + sent, count);
            sent += count;
            wire_reader_arrived(&reader, count);
            struct bytes frame;
            while (wire_reader_next(&reader, &frame) == STATUS_OK) {
                struct wire_request back;
                assert_int_equal(wire_decode_request(frame, &arena, &back), STATUS_OK);
                assert_int_equal(back.id, ids[frames_count]);
                assert_int_equal(back.transaction.transaction.count, sizes[frames_count]);
                frames_count++;
            }
        }
        assert_int_equal(sent, out.count);
    }
}

static void impossible_counts_end_the_stream(void **state)
{
    (void)state;
    static uint8_t reader_memory[WIRE_READER_BYTES];
    const uint8_t counts[3][4] = {{0, 0, 0, 0}, {0, 2, 0, 1}, {0xff, 0xff, 0xff, 0xff}};
    for (size_t i = 0; i < 3; i++) {
        struct wire_reader reader;
        struct bytes frame;
        uint8_t *space;
        wire_reader_init(&reader, reader_memory, sizeof(reader_memory));
        assert_int_equal(wire_reader_next(&reader, &frame), STATUS_NOT_FOUND);
        (void)wire_reader_space(&reader, &space);
        memcpy(space, counts[i], 4);
        wire_reader_arrived(&reader, 4);
        assert_int_equal(wire_reader_next(&reader, &frame), STATUS_MALFORMED);
    }
    /* The largest count is a promise of bytes, not an error. */
    struct wire_reader reader;
    struct bytes frame;
    uint8_t *space;
    wire_reader_init(&reader, reader_memory, sizeof(reader_memory));
    (void)wire_reader_space(&reader, &space);
    memcpy(space, "\0\2\0\0", 4);
    wire_reader_arrived(&reader, 4);
    assert_int_equal(wire_reader_next(&reader, &frame), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_request_comes_back),
        cmocka_unit_test(a_checkpoint_request_comes_back),
        cmocka_unit_test(an_announcement_request_comes_back_with_every_byte),
        cmocka_unit_test(a_lookup_request_comes_back_with_every_byte),
        cmocka_unit_test(a_hello_comes_back),
        cmocka_unit_test(replies_come_back),
        cmocka_unit_test(questions_about_a_log_come_back),
        cmocka_unit_test(answers_about_a_log_come_back),
        cmocka_unit_test(an_identity_comes_back_with_all_keys),
        cmocka_unit_test(what_is_not_a_request_is_malformed),
        cmocka_unit_test(lengths_must_be_exact),
        cmocka_unit_test(every_truncation_is_refused_and_no_flip_crashes),
        cmocka_unit_test(a_reply_must_be_one_answer),
        cmocka_unit_test(amplification_ends_at_the_arena),
        cmocka_unit_test(a_full_buffer_is_left_alone),
        cmocka_unit_test(frames_survive_any_cut),
        cmocka_unit_test(impossible_counts_end_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
