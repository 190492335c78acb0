/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and RLP against vectors made by another implementation, and strictness: the signer
 * judges what it decodes, so there must be one encoding only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "chains/evm/rlp.h"
#include "chains/evm/tx.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"

/* Made with viem 2.57.20, serializeTransaction and signTransaction, key 0x11 repeated 32 times. */
struct vector {
    struct evm_transaction transaction;
    const char *to;
    const char *value;
    const char *priority_fee;
    const char *fee_max;
    size_t data_bytes; /* `data`, then 0xab up to here */
    const char *data;
    const char *unsigned_prefix; /* of the unsigned bytes */
    const char *digest;
    const char *signature;
    const char *hash;
};

static const struct vector vectors[] = {
    {
        .transaction = {.chain_id = 31337, .nonce = 0, .gas_limit = 21000},
        .to = "2222222222222222222222222222222222222222",
        .value = "0",
        .priority_fee = "1000000000",
        .fee_max = "3000000000",
        .data_bytes = 0,
        .data = "",
        .unsigned_prefix = "02e9827a6980843b9aca0084b2d05e0082520894222222222222222222222222"
                           "22222222222222228080c0",
        .digest = "1db91dd8fd10c06530c6d742a1ef78464b7172403d5e4347956e89f0f41f02be",
        .signature = "1d03a690db708d55480749426cba4d7bca94dca139d579808ee9e63743120391"
                     "2a5a45798267117f5970936fdf6b390d2da098ea9ed5fcec89899ce21a37e4e8"
                     "1b",
        .hash = "9a499910f0a4965da1f91045226723fa9a4ddb65eb31f9a0a78be339fd366f09",
    },
    {
        .transaction = {.chain_id = 1, .nonce = 258, .gas_limit = 3000000},
        .to = "5fbdb2315678afecb367f032d93f642f64180aa3",
        .value = "123456789012345678901234567890",
        .priority_fee = "0",
        .fee_max = "255",
        .data_bytes = 336,
        .data = "7c39d13000000000000000000000000000000000000000000000000000000000"
                "00000040",
        .unsigned_prefix = "02f90182018201028081ff832dc6c0945fbdb2315678afecb367f032d93f642f"
                           "64180aa38d018ee90ff6c373e0ee4e3f0ad2b901507c39d130000000000000",
        .digest = "79a314765276fcf94827a529efd38439c54e451e57ba8de2195422a3943337e2",
        .signature = "ab27d5172d40ca9a161b76fba66e9205ae5c35bd8ee50d30d1c8a5dd86d82b49"
                     "1880edaf060d5ac972f09d483ff1cc65b934aa84ff455c8fae9626dfde554906"
                     "1c",
        .hash = "7d63153f41f9e0368a7a56190125a4623da8ab8919586d5cc9ce045c4b70000f",
    },
    {
        .transaction = {.chain_id = 10, .nonce = 127, .gas_limit = 55},
        .to = "0000000000000000000000000000000000000001",
        .value = "1",
        .priority_fee = "128",
        .fee_max = "57896044618658097711785492504343953926634992332820282019728792003956564819968",
        .data_bytes = 1,
        .data = "7f",
        .unsigned_prefix = "02f83e0a7f8180a0800000000000000000000000000000000000000000000000"
                           "00000000000000003794000000000000000000000000000000000000000101",
        .digest = "927133118ff1e276733dc4720f559efd2393004ad192cdce1fc76b671d4a1e65",
        .signature = "7cb494e9abe5a5fbcd2d7e6cc9e6bf6d003ab167e4d1cd50990b6cbe224cc40c"
                     "5d56297ddfeda577f6fab769a6de2345ac06e07e1398ee3175ade9422763d182"
                     "1c",
        .hash = "3343a88fd68bea84f7e8f9fa9f4e0959064dc1894d59c72ed001cc3a2504d2b9",
    },
    {
        /* The example of EIP-155, whose digest it states. */
        .transaction = {.is_legacy = true, .chain_id = 1, .nonce = 9, .gas_limit = 21000},
        .to = "3535353535353535353535353535353535353535",
        .value = "1000000000000000000",
        .priority_fee = "20000000000",
        .fee_max = "20000000000",
        .data_bytes = 0,
        .data = "",
        .unsigned_prefix = "ec098504a817c80082520894353535353535353535353535353535353535353588"
                           "0de0b6b3a764000080018080",
        .digest = "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53",
        .signature = "bdcf4d4284604daccd8011cdc3fa65f15d6752582461ba6f5cbab1886868feb1"
                     "63fe87f98ca13977c332cffe35e17afcf752f099b1c38ca047530522763a6334"
                     "1c",
        .hash = "78e33eb037a4a08a41a2bc9492211c1fd9ab06d43b75033738730994d8d828b5",
    },
    {
        .transaction = {.is_legacy = true, .chain_id = 31337, .nonce = 0, .gas_limit = 3000000},
        .to = "5fbdb2315678afecb367f032d93f642f64180aa3",
        .value = "0",
        .priority_fee = "0",
        .fee_max = "0",
        .data_bytes = 336,
        .data = "7c39d130",
        .unsigned_prefix = "f901748080832dc6c0945fbdb2315678afecb367f032d93f642f64180aa380b9"
                           "01507c39d130ababab",
        .digest = "1e48386fb0dbd29fbc6bc7f7a092794280916164941ad813517ef9252480e99b",
        .signature = "8d254a0c8ca0d8d7c2f7226602f8ad83016b334dfd8dc88d3d98eaf0b561b720"
                     "756f1f7cb6cfda4556b60403c03545485155a49f8373e722064a9255b5660c38"
                     "1b",
        .hash = "a8435df901b72517ba9a7cf713bab20fa735f2338795cc32d9534b1366a1ea7d",
    },
};

#define VECTORS_COUNT (sizeof(vectors) / sizeof(vectors[0]))

static const char signer[] = "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a";

static struct amount amount_from_text(const char *decimal)
{
    struct amount amount;

    assert_int_equal(amount_parse_decimal(bytes_from_string(decimal), &amount), STATUS_OK);
    return amount;
}

static size_t from_hex(const char *text, uint8_t *ret_bytes, size_t capacity)
{
    size_t count = 0;

    assert_int_equal(hex_decode(bytes_from_string(text), capacity, ret_bytes, &count), STATUS_OK);
    return count;
}

static struct hash hash_from_hex(const char *text)
{
    struct hash hash;

    assert_int_equal(hex_decode_hash(bytes_from_string(text), &hash), STATUS_OK);
    return hash;
}

static struct evm_transaction vector_transaction(const struct vector *vector, uint8_t memory[512])
{
    struct evm_transaction transaction = vector->transaction;
    const size_t prefix = from_hex(vector->data, memory, 512);

    memset(memory + prefix, 0xab, vector->data_bytes - prefix);
    transaction.data = bytes_from(memory, vector->data_bytes);
    transaction.value = amount_from_text(vector->value);
    transaction.priority_fee = amount_from_text(vector->priority_fee);
    transaction.fee_max = amount_from_text(vector->fee_max);
    assert_int_equal(hex_decode_address(bytes_from_string(vector->to), &transaction.to), STATUS_OK);
    return transaction;
}

static void unsigned_bytes_equal_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS_COUNT; i++) {
        uint8_t data[512];
        uint8_t memory[1024];
        uint8_t expected[64];
        const struct evm_transaction transaction = vector_transaction(&vectors[i], data);
        struct buffer buffer = buffer_from(memory, sizeof(memory));

        assert_int_equal(evm_transaction_encode(&transaction, &buffer), STATUS_OK);
        const size_t prefix = from_hex(vectors[i].unsigned_prefix, expected, sizeof(expected));
        assert_memory_equal(memory, expected, prefix);
        const struct hash digest = evm_transaction_digest(buffer_bytes(&buffer));
        const struct hash wanted = hash_from_hex(vectors[i].digest);
        assert_true(hash_equal(&digest, &wanted));
    }
}

static void signed_bytes_have_the_hash_of_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS_COUNT; i++) {
        uint8_t data[512];
        uint8_t memory[1024];
        struct signature signature;
        struct address recovered;
        struct address expected;
        const struct evm_transaction transaction = vector_transaction(&vectors[i], data);
        struct buffer buffer = buffer_from(memory, sizeof(memory));
        const struct hash digest = hash_from_hex(vectors[i].digest);
        const struct hash wanted = hash_from_hex(vectors[i].hash);

        assert_int_equal(from_hex(vectors[i].signature, signature.bytes, 65), 65);
        assert_int_equal(signature_recover(&digest, &signature, &recovered), STATUS_OK);
        assert_int_equal(hex_decode_address(bytes_from_string(signer), &expected), STATUS_OK);
        assert_true(address_equal(&recovered, &expected));
        assert_int_equal(evm_transaction_encode_signed(&transaction, &signature, &buffer),
                         STATUS_OK);
        const struct hash hash = evm_transaction_hash(buffer_bytes(&buffer));
        assert_true(hash_equal(&hash, &wanted));
    }
}

static void decoding_gives_back_what_was_encoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS_COUNT; i++) {
        uint8_t data[512];
        uint8_t memory[1024];
        uint8_t again[1024];
        const struct evm_transaction transaction = vector_transaction(&vectors[i], data);
        struct buffer buffer = buffer_from(memory, sizeof(memory));
        struct buffer second = buffer_from(again, sizeof(again));
        struct evm_transaction decoded;

        assert_int_equal(evm_transaction_encode(&transaction, &buffer), STATUS_OK);
        assert_int_equal(evm_transaction_decode(buffer_bytes(&buffer), &decoded), STATUS_OK);
        assert_int_equal(decoded.is_legacy, transaction.is_legacy);
        assert_int_equal(decoded.chain_id, transaction.chain_id);
        assert_int_equal(decoded.nonce, transaction.nonce);
        assert_int_equal(decoded.gas_limit, transaction.gas_limit);
        assert_true(amount_equal(&decoded.priority_fee, &transaction.priority_fee));
        assert_true(amount_equal(&decoded.fee_max, &transaction.fee_max));
        assert_true(amount_equal(&decoded.value, &transaction.value));
        assert_true(address_equal(&decoded.to, &transaction.to));
        assert_true(bytes_equal(decoded.data, transaction.data));
        assert_int_equal(evm_transaction_encode(&decoded, &second), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&buffer), buffer_bytes(&second)));
    }
}

/* Every other encoding of vector 0 (02 e9 827a69 80 843b9aca00 84b2d05e00 825208 94 22.. 80 80 c0)
 * and every near miss is refused. */
static void only_the_canonical_encoding_is_read(void **state)
{
    (void)state;
#define TO "942222222222222222222222222222222222222222"
    static const char *const refused[] = {
        "",
        "02",
        "02c0",
        /* another type, no type */
        "01e9827a6980843b9aca0084b2d05e00825208" TO "8080c0",
        "e9827a6980843b9aca0084b2d05e00825208" TO "8080c0",
        /* trailing byte outside, inside; an item short */
        "02e9827a6980843b9aca0084b2d05e00825208" TO "8080c000",
        "02ea827a6980843b9aca0084b2d05e00825208" TO "8080c080",
        "02e8827a6980843b9aca0084b2d05e00825208" TO "80c0",
        /* a list longer than its bytes; long form for a short list; long form with a zero width
         * byte */
        "02ea827a6980843b9aca0084b2d05e00825208" TO "8080c0",
        "02f829827a6980843b9aca0084b2d05e00825208" TO "8080c0",
        "02f90029827a6980843b9aca0084b2d05e00825208" TO "8080c0",
        /* leading zero in the chain id; zero nonce as 0x00; 8101 for 01 */
        "02ea83007a6980843b9aca0084b2d05e00825208" TO "8080c0",
        "02e9827a6900843b9aca0084b2d05e00825208" TO "8080c0",
        "02ea827a698101843b9aca0084b2d05e00825208" TO "8080c0",
        /* nonce of nine bytes; fee of 33 bytes */
        "02f2827a6989010000000000000000843b9aca0084b2d05e00825208" TO "8080c0",
        "02f846827a6980a101000000000000000000000000000000000000000000000000000000000000000084b2d05e"
        "00825208" TO "8080c0",
        /* recipient of 19 bytes, none, 21 bytes */
        "02e8827a6980843b9aca0084b2d05e008252089322222222222222222222222222222222222222"
        "8080c0",
        "02d5827a6980843b9aca0084b2d05e00825208808080c0",
        "02ea827a6980843b9aca0084b2d05e0082520895222222222222222222222222222222222222222222"
        "8080c0",
        /* an access list with an entry; an access list that is a string; data that is a list */
        "02ea827a6980843b9aca0084b2d05e00825208" TO "8080c180",
        "02e9827a6980843b9aca0084b2d05e00825208" TO "808080",
        "02e9827a6980843b9aca0084b2d05e00825208" TO "80c0c0",
        /* legacy: no chain, chain zero, r or s given, an item short or too many, v would overflow
         */
        "e9098504a817c80082520894222222222222222222222222222222222222222288"
        "0de0b6b3a764000080",
        "ec098504a817c80082520894222222222222222222222222222222222222222288"
        "0de0b6b3a764000080808080",
        "ec098504a817c80082520894222222222222222222222222222222222222222288"
        "0de0b6b3a764000080010180",
        "ec098504a817c80082520894222222222222222222222222222222222222222288"
        "0de0b6b3a764000080018001",
        "eb098504a817c80082520894222222222222222222222222222222222222222288"
        "0de0b6b3a7640000800180",
        "ed098504a817c80082520894222222222222222222222222222222222222222288"
        "0de0b6b3a76400008001808080",
        "f4098504a817c80082520894222222222222222222222222222222222222222288"
        "0de0b6b3a76400008088ffffffffffffffff8080",
        /* a length of lengths that would wrap */
        "02ffffffffffffffffff827a6980",
    };
#undef TO
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        uint8_t bytes[128];
        struct evm_transaction transaction;
        const size_t count = from_hex(refused[i], bytes, sizeof(bytes));

        if (evm_transaction_decode(bytes_from(bytes, count), &transaction) != STATUS_MALFORMED) {
            fail_msg("accepted: %s", refused[i]);
        }
    }
}

/* Every truncation is refused, and every change of one byte either is refused or encodes back to
 * the changed bytes: no two byte strings mean the same transaction. */
static void try_every_change(const struct vector *vector)
{
    uint8_t data[512];
    uint8_t memory[1024];
    struct evm_transaction decoded;
    const struct evm_transaction transaction = vector_transaction(vector, data);
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    assert_int_equal(evm_transaction_encode(&transaction, &buffer), STATUS_OK);
    for (size_t count = 0; count < buffer.count; count++) {
        assert_int_equal(evm_transaction_decode(bytes_from(memory, count), &decoded),
                         STATUS_MALFORMED);
    }
    for (size_t i = 0; i < buffer.count; i++) {
        const uint8_t original = memory[i];
        for (unsigned value = 0; value < 256; value++) {
            uint8_t again[1024];
            struct buffer second = buffer_from(again, sizeof(again));
            memory[i] = (uint8_t)value;
            if (evm_transaction_decode(buffer_bytes(&buffer), &decoded) == STATUS_OK) {
                assert_int_equal(evm_transaction_encode(&decoded, &second), STATUS_OK);
                assert_true(bytes_equal(buffer_bytes(&buffer), buffer_bytes(&second)));
            }
        }
        memory[i] = original;
    }
}

static void every_change_is_refused_or_means_itself(void **state)
{
    (void)state;
    for (size_t i = 1; i < VECTORS_COUNT; i++) {
        try_every_change(&vectors[i]);
    }
}

static void a_full_buffer_is_left_as_it_was(void **state)
{
    (void)state;
    uint8_t data[512];
    uint8_t memory[1024] = {0};
    struct signature signature;
    const struct evm_transaction transaction = vector_transaction(&vectors[0], data);
    struct buffer whole = buffer_from(memory, sizeof(memory));

    assert_int_equal(from_hex(vectors[0].signature, signature.bytes, 65), 65);
    assert_int_equal(evm_transaction_encode_signed(&transaction, &signature, &whole), STATUS_OK);
    for (size_t capacity = 0; capacity < whole.count; capacity++) {
        uint8_t small[256];
        struct buffer buffer = buffer_from(small, capacity);
        assert_int_equal(evm_transaction_encode_signed(&transaction, &signature, &buffer),
                         STATUS_FULL);
        assert_int_equal(buffer.count, 0);
    }
    signature.bytes[64] = 26;
    whole.count = 0;
    assert_int_equal(evm_transaction_encode_signed(&transaction, &signature, &whole),
                     STATUS_MALFORMED);
    assert_int_equal(whole.count, 0);
    signature.bytes[64] = 27;
    memset(signature.bytes, 0, 32);
    assert_int_equal(evm_transaction_encode_signed(&transaction, &signature, &whole),
                     STATUS_MALFORMED);
}

static void the_payload_digest_covers_recipient_value_and_data_alone(void **state)
{
    (void)state;
    uint8_t data[512];
    uint8_t plain[20 + 32 + 512] = {0};
    struct evm_transaction transaction = vector_transaction(&vectors[1], data);

    memcpy(plain, transaction.to.bytes + 12, 20);
    amount_to_be(&transaction.value, plain + 20);
    memcpy(plain + 52, transaction.data.data, transaction.data.count);
    const struct hash expected = keccak256(bytes_from(plain, 52 + transaction.data.count));
    struct hash digest = evm_payload_digest(&transaction);
    assert_true(hash_equal(&digest, &expected));

    transaction.nonce++;
    transaction.gas_limit++;
    transaction.fee_max = amount_from_u64(7);
    digest = evm_payload_digest(&transaction);
    assert_true(hash_equal(&digest, &expected));

    transaction.value = amount_from_u64(7);
    digest = evm_payload_digest(&transaction);
    assert_false(hash_equal(&digest, &expected));
}

/* Lengths around the switch between short and long forms, sizes that agree with what is written. */
static void strings_of_every_length_survive(void **state)
{
    (void)state;
    static uint8_t text[70000];
    static uint8_t memory[70010];
    const size_t lengths[] = {0, 1, 2, 54, 55, 56, 57, 255, 256, 257, 65535, 65536, 70000};

    memset(text, 0x7f, sizeof(text));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const struct bytes value = bytes_from(text, lengths[i]);
        struct buffer buffer = buffer_from(memory, sizeof(memory));
        assert_int_equal(rlp_write_bytes(&buffer, value), STATUS_OK);
        assert_int_equal(buffer.count, rlp_bytes_size(value));
        struct rlp_reader reader = rlp_reader_from(buffer_bytes(&buffer));
        const struct bytes read = rlp_read_bytes(&reader);
        assert_true(rlp_reader_is_done(&reader));
        assert_true(bytes_equal(read, value));
    }
}

/* One value has one form, and nothing is read from behind the end: the bytes are exactly as long as
 * they say, in memory of that length. */
static void other_forms_of_rlp_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[3 + 56] = {0xb9, 0x00, 56}; /* the length in two bytes, where one is enough */

    struct rlp_reader reader = rlp_reader_from(bytes_from(bytes, sizeof(bytes)));
    (void)rlp_read_bytes(&reader);
    assert_true(reader.malformed);
    bytes[0] = 0xf9;
    reader = rlp_reader_from(bytes_from(bytes, sizeof(bytes)));
    assert_true(rlp_read_list(&reader).malformed || reader.malformed);
    bytes[0] = 0xb8;
    for (size_t count = 0; count <= 2 + 56; count++) {
        bytes[1] = 56;
        memset(bytes + 2, 0x11, 56);
        reader = rlp_reader_from(bytes_from(bytes, count));
        const struct bytes read = rlp_read_bytes(&reader);
        assert_int_equal(rlp_reader_is_done(&reader), count == 2 + 56);
        assert_int_equal(read.count, count == 2 + 56 ? 56 : 0);
    }
    bytes[1] = 55; /* a short form would do */
    reader = rlp_reader_from(bytes_from(bytes, 2 + 55));
    (void)rlp_read_bytes(&reader);
    assert_true(reader.malformed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_bytes_equal_the_vectors),
        cmocka_unit_test(other_forms_of_rlp_are_refused),
        cmocka_unit_test(signed_bytes_have_the_hash_of_the_vectors),
        cmocka_unit_test(decoding_gives_back_what_was_encoded),
        cmocka_unit_test(only_the_canonical_encoding_is_read),
        cmocka_unit_test(every_change_is_refused_or_means_itself),
        cmocka_unit_test(a_full_buffer_is_left_as_it_was),
        cmocka_unit_test(the_payload_digest_covers_recipient_value_and_data_alone),
        cmocka_unit_test(strings_of_every_length_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
