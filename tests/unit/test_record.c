/* SPDX-License-Identifier: Apache-2.0 */
/* The promises of proto/record.h, on every kind of event, fact, command and leg. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/codec.h"
#include "proto/record.h"
#include "proto/record_layout.h"
#include "relay/base/digest.h"
#include "tests/support/records.h"
#include "tests/support/scan_agrees.h"

#define ROUNDS 300

struct bench {
    struct maker maker;
    void *maker_memory;
    struct buffer encoded;
    void *arena_memory;
    struct record_arena arena;
    struct bytes blob; /* what `read` answers */
    bool blob_is_missing;
};

static struct bench bench_new(uint64_t seed)
{
    struct bench bench = {.maker_memory = malloc(MAKER_BYTES), .arena_memory = NULL};

    bench.maker.prng = prng_from(seed);
    bench.maker.memory = buffer_from(bench.maker_memory, MAKER_BYTES);
    bench.encoded = buffer_from(malloc(RECORD_ENCODE_ROOM_BYTES), RECORD_ENCODE_ROOM_BYTES);
    bench.arena_memory = malloc(RECORD_ARENA_BYTES);
    bench.arena = record_arena_from(bench.arena_memory, RECORD_ARENA_BYTES);
    return bench;
}

static void bench_free(struct bench *bench)
{
    free(bench->maker_memory);
    free(bench->encoded.data);
    free(bench->arena_memory);
}

static enum status read_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    const struct bench *bench = context;
    const struct hash found = sha2_of(bench->blob);

    if (bench->blob_is_missing) {
        return STATUS_NOT_FOUND;
    }
    /* A wrong blob is answered as it is: record_decode must notice. */
    (void)digest;
    (void)found;
    *ret_blob = bench->blob;
    return STATUS_OK;
}

static enum status decode(struct bench *bench, struct record_encoding encoding,
                          struct record *ret_record)
{
    const struct record_blobs blobs = {.context = bench, .read = read_blob};

    bench->blob = encoding.blob;
    return record_decode(encoding.record, &blobs, &bench->arena, ret_record);
}

/* Changes one thing of a record, at random; its new count. */
static size_t spoil(struct prng *prng, uint8_t *bytes, size_t count)
{
    const size_t at = (size_t)prng_below(prng, count);
    const size_t some = 1 + (size_t)prng_below(prng, 3);

    switch (prng_below(prng, 8)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << prng_below(prng, 8));
        return count;
    case 1:
        bytes[at] = (uint8_t)prng_u64(prng);
        return count;
    case 2: /* shorter */
        return at;
    case 3: /* a piece is missing */
        if (at + some >= count) {
            return count;
        }
        memmove(bytes + at, bytes + at + some, count - at - some);
        return count - some;
    case 4: /* a piece comes twice */
        if (at + 2 * some > count) {
            return count;
        }
        memmove(bytes + at + some, bytes + at, count - at);
        return count + some;
    case 5: /* zeros */
        memset(bytes + at, 0, count - at < 12 ? count - at : 12);
        return count;
    case 6: /* if it is a length: nothing, and what it is of is gone */
        if (at + 1 + bytes[at] > count) {
            return count;
        }
        memmove(bytes + at + 1, bytes + at + 1 + bytes[at], count - at - 1 - bytes[at]);
        count -= bytes[at];
        bytes[at] = 0;
        return count;
    default: /* not an enum: a zero, or what looks like one */
        memmove(bytes + at + 1, bytes + at, count - at);
        bytes[at] = prng_below(prng, 2) == 0 ? 0 : 0x80;
        return count + 1;
    }
}

/* As it is, and with a hundred changes each: the scan says what the decoder says. */
static void check_scan(struct bench *bench, struct bytes record)
{
    static uint8_t spoiled[RECORD_BYTES_MAX + 8];
    struct record decoded;

    assert_true(
        scan_agrees(record, record_decode(record, NULL, &bench->arena, &decoded), &decoded));
    for (unsigned i = 0; i < 100 && record.count < 4096; i++) {
        memcpy(spoiled, record.data, record.count);
        const size_t count = spoil(&bench->maker.prng, spoiled, record.count);
        const struct bytes bytes = bytes_from(spoiled, count);
        const enum status status = record_decode(bytes, NULL, &bench->arena, &decoded);
        assert_true(scan_agrees(bytes, status, &decoded));
    }
}

static void check_event(struct bench *bench, enum event_kind kind, enum fact_kind fact)
{
    struct event event;
    struct record_encoding encoding;
    struct record record;
    struct hash digest;

    bench->maker.memory.count = 0;
    bench->encoded.count = 0;
    maker_event(&bench->maker, kind, fact, &event);
    prng_fill(&bench->maker.prng, digest.bytes, sizeof(digest.bytes));
    assert_status(STATUS_OK, record_check_event(&event));
    assert_status(STATUS_OK, record_encode_event(&event, &digest, &bench->encoded, &encoding));
    assert_true(encoding.record.count <= RECORD_BYTES_MAX);
    check_scan(bench, encoding.record);
    assert_status(STATUS_OK, decode(bench, encoding, &record));
    assert_int_equal(RECORD_EVENT, record.kind);
    assert_int_equal(CORE_VERSION, record.core_version);
    assert_int_equal(event.at.ns, record.at.ns);
    assert_true(hash_equal(&digest, &record.digest));
    assert_true(encoding.blob.count > 0 || hash_is_zero(&record.blob_digest));
    assert_true(events_equal(&event, &record.event));
}

static void check_command(struct bench *bench, enum command_kind kind, enum leg_kind leg)
{
    struct command command;
    struct record_encoding encoding;
    struct record record;
    const struct instant at = {.ns = prng_u64(&bench->maker.prng)};

    bench->maker.memory.count = 0;
    bench->encoded.count = 0;
    maker_command(&bench->maker, kind, leg, &command);
    assert_status(STATUS_OK, record_encode_command(&command, at, &bench->encoded, &encoding));
    check_scan(bench, encoding.record);
    assert_status(STATUS_OK, decode(bench, encoding, &record));
    assert_int_equal(RECORD_COMMAND, record.kind);
    assert_int_equal(at.ns, record.at.ns);
    assert_true(commands_equal(&command, &record.command));
}

static void check_every_kind(struct bench *bench, enum maker_size size)
{
    bench->maker.size = size;
    for (uint32_t i = 0; i < MAKER_EVENTS_COUNT; i++) {
        check_event(bench, maker_event_kind(i), FACT_DISPATCH);
    }
    for (uint32_t fact = FACT_DISPATCH; fact <= MAKER_FACTS_COUNT; fact++) {
        check_event(bench, EVENT_FACT, (enum fact_kind)fact);
    }
    for (uint32_t kind = COMMAND_WATCH; kind <= COMMAND_NOTE; kind++) {
        if (command_is_recorded((enum command_kind)kind)) {
            check_command(bench, (enum command_kind)kind, LEG_CANCEL);
        }
    }
    check_command(bench, COMMAND_SEND, LEG_BATCH);
    check_command(bench, COMMAND_SEND, LEG_CROSSING);
    check_command(bench, COMMAND_SEND, LEG_SETTLE);
    check_command(bench, COMMAND_SEND, LEG_HUB);
    for (uint32_t leg = LEG_PROCESS; leg <= LEG_VENUE; leg++) {
        check_command(bench, COMMAND_SEND, (enum leg_kind)leg);
    }
}

static void what_is_encoded_comes_back(void **state)
{
    (void)state;
    struct bench bench = bench_new(1);

    check_every_kind(&bench, MAKER_EMPTY);
    check_every_kind(&bench, MAKER_FULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        check_every_kind(&bench, MAKER_RANDOM);
    }
    bench_free(&bench);
}

static void every_table_agrees_with_the_schema(void **state)
{
    (void)state;
    assert_true(codec_layout_agrees(&record_event_layout));
    assert_true(codec_layout_agrees(&record_command_layout));
    assert_int_equal(MAKER_EVENTS_COUNT + 1, record_event_layout.fields_count);
    for (uint32_t i = 0; i < record_event_layout.fields_count; i++) {
        const struct codec_field *field = &record_event_layout.fields[i];
        if (field->nested == NULL) {
            continue; /* the domain, in the midst of the kinds */
        }
        assert_int_equal(record_event_layout.wire->fields[i].id, field->min);
        assert_true(codec_layout_agrees(field->nested));
    }
    for (uint32_t i = 0; i < record_command_layout.fields_count; i++) {
        const struct codec_field *field = &record_command_layout.fields[i];
        if (field->nested == NULL) {
            continue;
        }
        assert_int_equal(record_command_layout.wire->fields[i].id, field->min);
        assert_true(command_is_recorded((enum command_kind)field->min));
        assert_true(codec_layout_agrees(field->nested));
    }
}

/* A block event of known content, and its bytes. */
static struct record_encoding known_record(struct bench *bench)
{
    struct event event;
    struct record_encoding encoding;
    const struct hash digest = {{9}};

    bench->maker.size = MAKER_FULL;
    bench->maker.memory.count = 0;
    bench->encoded.count = 0;
    maker_event(&bench->maker, EVENT_BLOCK, FACT_DISPATCH, &event);
    assert_status(STATUS_OK, record_encode_event(&event, &digest, &bench->encoded, &encoding));
    return encoding;
}

static enum status decode_plain(struct bench *bench, const uint8_t *data, size_t count)
{
    struct record record;

    return record_decode(bytes_from(data, count), NULL, &bench->arena, &record);
}

static void truncated_and_extended_records_are_malformed(void **state)
{
    (void)state;
    struct bench bench = bench_new(2);
    const struct record_encoding encoding = known_record(&bench);
    uint8_t longer[4096];

    for (size_t count = 0; count < encoding.record.count; count++) {
        assert_status(STATUS_MALFORMED, decode_plain(&bench, encoding.record.data, count));
    }
    assert_status(STATUS_OK, decode_plain(&bench, encoding.record.data, encoding.record.count));
    memcpy(longer, encoding.record.data, encoding.record.count);
    for (unsigned byte = 0; byte < 256; byte++) {
        longer[encoding.record.count] = (uint8_t)byte;
        assert_status(STATUS_MALFORMED, decode_plain(&bench, longer, encoding.record.count + 1));
    }
    bench_free(&bench);
}

/* A byte that is changed anywhere either is refused or changes what is read: nothing is ignored. */
static void every_byte_of_a_record_means_something(void **state)
{
    (void)state;
    struct bench bench = bench_new(3);
    const struct record_encoding encoding = known_record(&bench);
    struct record first;
    struct record second;
    uint8_t changed[4096];

    memset(&first, 0, sizeof(first));
    assert_status(STATUS_OK, record_decode(encoding.record, NULL, &bench.arena, &first));
    for (size_t i = 0; i < encoding.record.count; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(changed, encoding.record.data, encoding.record.count);
            changed[i] ^= (uint8_t)(1u << bit);
            const enum status status = record_decode(bytes_from(changed, encoding.record.count),
                                                     NULL, &bench.arena, &second);
            if (status == STATUS_OK) {
                assert_memory_not_equal(&first, &second, sizeof(first));
            }
        }
    }
    bench_free(&bench);
}

static void an_unknown_field_is_malformed_on_every_level(void **state)
{
    (void)state;
    struct bench bench = bench_new(4);
    /* core_version 1, at 0 absent, event { wake {} }, each level followed by an unknown field. */
    const uint8_t good[] = {0x08, 1, 0x22, 2, 0x12, 0};
    const uint8_t in_record[] = {0x08, 1, 0x22, 2, 0x12, 0, 0x78, 1};
    const uint8_t in_event[] = {0x08, 1, 0x22, 5, 0x12, 0, 0xf8, 0x07, 1};
    const uint8_t in_wake[] = {0x08, 1, 0x22, 4, 0x12, 2, 0x78, 1};

    assert_status(STATUS_OK, decode_plain(&bench, good, sizeof(good)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, in_record, sizeof(in_record)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, in_event, sizeof(in_event)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, in_wake, sizeof(in_wake)));
    bench_free(&bench);
}

static void other_encodings_of_a_record_are_malformed(void **state)
{
    (void)state;
    struct bench bench = bench_new(5);
    const uint8_t long_number[] = {0x08, 0x81, 0x00, 0x22, 2, 0x12, 0};
    const uint8_t twice[] = {0x08, 1, 0x08, 1, 0x22, 2, 0x12, 0};
    const uint8_t out_of_order[] = {0x22, 2, 0x12, 0, 0x08, 1};
    const uint8_t zero_spelt_out[] = {0x08, 1, 0x22, 5, 0x12, 0, 0xa0, 0x06, 0};
    const uint8_t domain_seven[] = {0x08, 1, 0x22, 5, 0x12, 0, 0xa0, 0x06, 7};
    const uint8_t two_bodies[] = {0x08, 1, 0x22, 5, 0x12, 0, 0xb2, 0x01, 0};
    const uint8_t no_version[] = {0x22, 2, 0x12, 0};
    const uint8_t no_body[] = {0x08, 1};
    const uint8_t no_event[] = {0x08, 1, 0x22, 0};
    const uint8_t later[] = {0x08, 0x7f, 0x22, 2, 0x12, 0};

    assert_status(STATUS_OK, decode_plain(&bench, domain_seven, sizeof(domain_seven)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, long_number, sizeof(long_number)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, twice, sizeof(twice)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, out_of_order, sizeof(out_of_order)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, zero_spelt_out, sizeof(zero_spelt_out)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, two_bodies, sizeof(two_bodies)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, no_version, sizeof(no_version)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, no_body, sizeof(no_body)));
    assert_status(STATUS_MALFORMED, decode_plain(&bench, no_event, sizeof(no_event)));
    assert_status(STATUS_VERSION, decode_plain(&bench, later, sizeof(later)));
    bench_free(&bench);
}

static void oversized_records_and_garbage_are_malformed(void **state)
{
    (void)state;
    struct bench bench = bench_new(6);
    uint8_t *garbage = calloc(1, RECORD_BYTES_MAX + 1);

    /* An empty list element costs two bytes here and a hundred in memory: the arena ends it. */
    garbage[0] = 0x08;
    garbage[1] = 1;
    assert_status(STATUS_MALFORMED, decode_plain(&bench, garbage, RECORD_BYTES_MAX + 1));
    for (unsigned round = 0; round < 20000; round++) {
        const size_t count = prng_below(&bench.maker.prng, 200);
        prng_fill(&bench.maker.prng, garbage, count);
        assert_int_not_equal(STATUS_OK, decode_plain(&bench, garbage, count));
    }
    free(garbage);
    bench_free(&bench);
}

static void hostile_lengths_are_malformed(void **state)
{
    (void)state;
    struct bench bench = bench_new(7);
    /* event { final { number 1, hash of 31 bytes } } and of 33 bytes, and of 32 zeros */
    uint8_t record[64] = {0x08, 1, 0x22};

    for (uint8_t count = 1; count < 40; count++) {
        for (uint8_t fill = 0; fill < 2; fill++) {
            record[3] = (uint8_t)(count + 4);
            record[4] = 0x2a;
            record[5] = (uint8_t)(count + 2);
            record[6] = 0x12;
            record[7] = count;
            memset(record + 8, fill, count);
            assert_status(count == 32 && fill == 1 ? STATUS_OK : STATUS_MALFORMED,
                          decode_plain(&bench, record, 8u + count));
        }
    }
    bench_free(&bench);
}

/* Sets each enum of an event to values around its range. */
static void unknown_enum_values_are_malformed(void **state)
{
    (void)state;
    struct bench bench = bench_new(8);
    struct event event;
    struct record_encoding encoding;
    const struct hash digest = {{1}};

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_ENDPOINT;
    event.endpoint.state = (enum endpoint_state)(ENDPOINT_MALFORMED + 1);
    assert_status(STATUS_MALFORMED, record_check_event(&event));
    assert_status(STATUS_MALFORMED,
                  record_encode_event(&event, &digest, &bench.encoded, &encoding));
    event.kind = (enum event_kind)(EVENT_STOP + 1);
    assert_status(STATUS_MALFORMED, record_check_event(&event));
    event.kind = (enum event_kind)0;
    assert_status(STATUS_MALFORMED, record_check_event(&event));
    for (uint8_t value = 0; value < 10; value++) {
        /* event { published { index 1, outcome value } }; 0 is written by leaving it out */
        const uint8_t record[] = {0x08, 1, 0x22, 7, 0x92, 0x01, 4, 0x10, 1, 0x18, value};
        assert_status(value >= OUTCOME_OK && value <= OUTCOME_UNKNOWN ? STATUS_OK
                                                                      : STATUS_MALFORMED,
                      decode_plain(&bench, record, sizeof(record)));
    }
    const uint8_t unsaid[] = {0x08, 1, 0x22, 5, 0x92, 0x01, 2, 0x10, 1};
    assert_status(STATUS_MALFORMED, decode_plain(&bench, unsaid, sizeof(unsaid)));
    assert_int_equal(0, bench.encoded.count);
    bench_free(&bench);
}

static void events_beyond_a_bound_are_refused_before_they_are_stepped(void **state)
{
    (void)state;
    struct bench bench = bench_new(9);
    struct event event;
    struct record_encoding encoding;
    const struct hash digest = {{1}};
    static const uint8_t text[REASON_BYTES_MAX + 1];

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_STOP;
    event.stop.reason = bytes_from(text, REASON_BYTES_MAX);
    assert_status(STATUS_OK, record_check_event(&event));
    event.stop.reason = bytes_from(text, REASON_BYTES_MAX + 1);
    assert_status(STATUS_MALFORMED, record_check_event(&event));
    assert_status(STATUS_MALFORMED,
                  record_encode_event(&event, &digest, &bench.encoded, &encoding));
    bench.maker.size = MAKER_FULL;
    maker_event(&bench.maker, EVENT_POSITIONS, FACT_DISPATCH, &event);
    event.positions.balances_count = BALANCES_PER_EVENT_MAX + 1;
    assert_status(STATUS_MALFORMED, record_check_event(&event));
    bench_free(&bench);
}

static void a_large_event_needs_its_blob(void **state)
{
    (void)state;
    struct bench bench = bench_new(10);
    struct event event;
    struct record_encoding encoding;
    struct record record;
    const struct hash digest = {{1}};

    bench.maker.size = MAKER_FULL;
    maker_event(&bench.maker, EVENT_POSITIONS, FACT_DISPATCH, &event);
    assert_status(STATUS_OK, record_encode_event(&event, &digest, &bench.encoded, &encoding));
    assert_true(encoding.blob.count > RECORD_BYTES_MAX);
    assert_true(encoding.record.count < 200);
    assert_status(STATUS_OK, record_decode(encoding.record, NULL, &bench.arena, &record));
    assert_int_equal(EVENT_POSITIONS, record.event.kind);
    assert_int_equal(0, record.event.positions.balances_count);
    const struct hash named = sha2_of(encoding.blob);
    assert_true(hash_equal(&named, &record.blob_digest));

    bench.blob_is_missing = true;
    assert_status(STATUS_NOT_FOUND, decode(&bench, encoding, &record));
    bench.blob_is_missing = false;
    encoding.blob.count--;
    assert_status(STATUS_CORRUPT, decode(&bench, encoding, &record));
    bench_free(&bench);
}

static void a_plan_s_network_is_a_blob(void **state)
{
    (void)state;
    struct bench bench = bench_new(11);
    struct record_encoding encoding;
    struct record record;
    struct command command;
    const struct instant at = {.ns = 5};

    memset(&command, 0, sizeof(command));
    command.kind = COMMAND_PLAN;
    command.plan.network = bytes_from_string("network");
    assert_status(STATUS_OK, record_encode_command(&command, at, &bench.encoded, &encoding));
    assert_true(bytes_equal(encoding.blob, command.plan.network));
    assert_ptr_not_equal(encoding.blob.data, command.plan.network.data);
    assert_status(STATUS_OK, record_decode(encoding.record, NULL, &bench.arena, &record));
    assert_int_equal(0, record.command.plan.network.count);
    encoding.blob = bytes_from_string("netwerk");
    assert_status(STATUS_CORRUPT, decode(&bench, encoding, &record));

    /* The largest that a step can make fits; one byte more is refused. */
    uint8_t *large = calloc(1, RECORD_BLOB_BYTES_MAX + 1);
    bench.encoded.count = 0;
    command.plan.network = bytes_from(large, RECORD_BLOB_BYTES_MAX);
    assert_status(STATUS_OK, record_encode_command(&command, at, &bench.encoded, &encoding));
    assert_status(STATUS_OK, decode(&bench, encoding, &record));
    assert_int_equal(RECORD_BLOB_BYTES_MAX, record.command.plan.network.count);
    bench.encoded.count = 0;
    command.plan.network.count++;
    assert_status(STATUS_MALFORMED, record_encode_command(&command, at, &bench.encoded, &encoding));
    free(large);
    bench_free(&bench);
}

static void no_room_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct bench bench = bench_new(12);
    struct event event;
    struct record_encoding encoding = {.record = {.data = NULL, .count = 77}};
    const struct hash digest = {{1}};
    size_t full_count = 0;

    bench.maker.size = MAKER_FULL;
    maker_event(&bench.maker, EVENT_BLOCK, FACT_DISPATCH, &event);
    for (size_t capacity = 0; capacity < 2000; capacity += 7) {
        struct buffer small = buffer_from(bench.encoded.data, capacity);
        const enum status status = record_encode_event(&event, &digest, &small, &encoding);
        assert_int_equal(capacity, small.capacity);
        if (status == STATUS_FULL) {
            assert_int_equal(0, small.count);
            assert_int_equal(77, encoding.record.count);
            full_count++;
        } else {
            assert_status(STATUS_OK, status);
            break;
        }
    }
    assert_true(full_count > 10);
    bench_free(&bench);
}

struct seen {
    unsigned values;
    int depth;
    uint64_t number;
    bool has_reason;
};

static void see(void *context, const struct record_value *value)
{
    struct seen *seen = context;

    seen->values++;
    if (value->kind == RECORD_VALUE_GROUP || value->kind == RECORD_VALUE_LIST) {
        seen->depth++;
    }
    if (value->kind == RECORD_VALUE_END) {
        seen->depth--;
    }
    assert_true(seen->depth >= 0);
    if (value->name != NULL && strcmp(value->name, "number") == 0) {
        seen->number = value->number;
    }
}

static void every_field_of_a_record_is_visited(void **state)
{
    (void)state;
    struct bench bench = bench_new(13);
    struct record record;
    struct seen seen = {0};

    memset(&record, 0, sizeof(record));
    record.kind = RECORD_EVENT;
    bench.maker.size = MAKER_FULL;
    maker_event(&bench.maker, EVENT_BLOCK, FACT_DISPATCH, &record.event);
    record_visit(&record, see, &seen);
    assert_int_equal(6, seen.values); /* five fields and the domain */
    assert_int_equal(0, seen.depth);
    assert_int_equal(UINT64_MAX, seen.number);

    seen = (struct seen){0};
    bench.maker.memory.count = 0;
    maker_event(&bench.maker, EVENT_START, FACT_DISPATCH, &record.event);
    record_visit(&record, see, &seen);
    assert_int_equal(0, seen.depth);
    /* each: fields, begin and end */
    const unsigned chains = CHAINS_MAX * (28 + 3 * DELIVERY_KEYS_MAX);
    const unsigned assets = ASSETS_MAX * 7;
    const unsigned routers = ROUTERS_MAX * 16;
    const unsigned vaults = VAULTS_MAX * 7;
    const unsigned venues = 2 + SPOKES_MAX * 16 + 2 + VENUES_MAX * 16 + 2 + SYNTHETICS_MAX * 5;
    const unsigned feeds = 2 + FEEDS_MAX * 10 + 2 + HUBS_MAX * 9;
    const unsigned limits = 2 + ROUTE_LIMITS_MAX * 8 + 2 + RATES_MAX * 6 + 1 + 2 + PATTERNS_MAX * 3;
    const unsigned policy = 2 + 2 + 2 * 2 + RULES_MAX * 11 + CONDITIONS_MAX * 5 + limits;
    assert_int_equal(chains + assets + routers + vaults + venues + feeds + policy + 4 * 2 + 17 + 2 +
                         2 + 1 + 1 + 2,
                     seen.values);
    bench_free(&bench);
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal("block", record_event_name(EVENT_BLOCK));
    assert_string_equal("stop", record_event_name(EVENT_STOP));
    assert_string_equal("send", record_command_name(COMMAND_SEND));
    assert_string_equal("unknown", record_command_name(COMMAND_WAKE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_agrees_with_the_schema),
        cmocka_unit_test(what_is_encoded_comes_back),
        cmocka_unit_test(truncated_and_extended_records_are_malformed),
        cmocka_unit_test(every_byte_of_a_record_means_something),
        cmocka_unit_test(an_unknown_field_is_malformed_on_every_level),
        cmocka_unit_test(other_encodings_of_a_record_are_malformed),
        cmocka_unit_test(oversized_records_and_garbage_are_malformed),
        cmocka_unit_test(hostile_lengths_are_malformed),
        cmocka_unit_test(unknown_enum_values_are_malformed),
        cmocka_unit_test(events_beyond_a_bound_are_refused_before_they_are_stepped),
        cmocka_unit_test(a_large_event_needs_its_blob),
        cmocka_unit_test(a_plan_s_network_is_a_blob),
        cmocka_unit_test(no_room_leaves_the_buffer_as_it_was),
        cmocka_unit_test(every_field_of_a_record_is_visited),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
