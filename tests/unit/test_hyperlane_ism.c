/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of modules that occur in the field, and what must be refused of them. */
#include "relay/hyperlane/ism.h"
#include "tests/support/unit.h"

#define LEAF 7u

static uint8_t memory[METADATA_BYTES_MAX];
static struct buffer buffer;

static int set_up(void **state)
{
    (void)state;
    buffer = buffer_from(memory, sizeof(memory));
    return 0;
}

/* Validators are called by a byte: 0x10, 0x11, ... */
static struct ism_signed signed_by(uint8_t validator, uint32_t index, uint8_t root)
{
    struct ism_signed one = {.validator = evm_filled(validator),
                             .checkpoint = {.root = hash_filled(root),
                                            .index = index,
                                            .message_id = hash_filled((uint8_t)(0xa0 + index))},
                             .is_ours = true};
    memset(one.signature.bytes, validator, sizeof(one.signature.bytes));
    return one;
}

/* Siblings that tell the leaf count they were asked for. */
static enum status prove(void *context, uint32_t count, struct hash ret_proof[MERKLE_DEPTH])
{
    (void)context;
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        ret_proof[level] = hash_filled((uint8_t)count);
    }
    return STATUS_OK;
}

static struct ism_evidence evidence_of(const struct ism_signed *signed_, uint32_t count)
{
    return (struct ism_evidence){.message_id = hash_filled(0xa0 + LEAF),
                                 .tree_hook = evm_filled(0x22),
                                 .leaf_index = LEAF,
                                 .processor = evm_filled(0x77),
                                 .signed_ = signed_,
                                 .signed_count = count,
                                 .prove = prove};
}

static struct ism_node multisig(uint8_t type, uint32_t threshold, uint32_t first, uint32_t count)
{
    return (struct ism_node){.type = type, .threshold = threshold, .first = first, .count = count};
}

static struct ism_node parent(uint8_t type, uint32_t threshold, uint32_t first, uint32_t count)
{
    return multisig(type, threshold, first, count);
}

static void fill_five(struct ism_validator validators[5])
{
    for (uint8_t i = 0; i < 5; i++) {
        validators[i] = (struct ism_validator){.address = evm_filled((uint8_t)(0x10 + i))};
    }
}

static struct ism ism_of(const struct ism_node *nodes, uint32_t nodes_count,
                         const struct ism_validator *validators, uint32_t validators_count)
{
    const struct ism ism = {.nodes = nodes,
                            .nodes_count = nodes_count,
                            .validators = validators,
                            .validators_count = validators_count};
    assert_status(STATUS_OK, ism_check(&ism));
    return ism;
}

static void a_multisig_takes_its_threshold_in_the_sets_order(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node node = multisig(MODULE_MESSAGE_ID_MULTISIG, 2, 0, 5);
    const struct ism ism = ism_of(&node, 1, validators, 5);
    /* 0x12 lies about the root, and comes first. */
    const struct ism_signed signed_[] = {signed_by(0x12, LEAF, 0xee), signed_by(0x14, LEAF, 0x33),
                                         signed_by(0x11, LEAF, 0x33)};
    struct ism_evidence evidence = evidence_of(signed_, 2);

    assert_status(STATUS_NOT_FOUND, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 0);
    evidence.signed_count = 3;
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 68 + 130);
    assert_int_equal(memory[32], 0x33);
    assert_int_equal(memory[67], LEAF);
    assert_int_equal(memory[68], 0x11);
    assert_int_equal(memory[133], 0x14);
    assert_int_equal(ism_strength(&ism), 2);
    assert_true(ism_allows_batches(&ism));
}

static void a_strangers_signature_does_not_count(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node node = multisig(MODULE_MESSAGE_ID_MULTISIG, 2, 0, 5);
    const struct ism ism = ism_of(&node, 1, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x99, LEAF, 0x33), signed_by(0x11, LEAF, 0x33),
                                         signed_by(0x11, LEAF, 0x33),
                                         signed_by(0x12, LEAF + 1, 0x33)};
    const struct ism_evidence evidence = evidence_of(signed_, 4);

    assert_status(STATUS_NOT_FOUND, ism_build(&ism, &evidence, &buffer));
    /* Nor do two that signed another message. */
    const struct ism_signed others[] = {signed_by(0x11, LEAF + 1, 0x33),
                                        signed_by(0x12, LEAF + 1, 0x33)};
    const struct ism_evidence of_others = evidence_of(others, 2);
    assert_status(STATUS_NOT_FOUND, ism_build(&ism, &of_others, &buffer));
}

static void a_merkle_root_multisig_takes_a_later_checkpoint(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node node = multisig(MODULE_MERKLE_ROOT_MULTISIG, 2, 0, 3);
    const struct ism ism = ism_of(&node, 1, validators, 5);
    struct ism_signed signed_[] = {signed_by(0x10, LEAF - 1, 0x30), signed_by(0x11, LEAF - 1, 0x30),
                                   signed_by(0x10, 20, 0x34), signed_by(0x12, 20, 0x34)};
    struct ism_evidence evidence = evidence_of(signed_, 4);
    bool newest = false;

    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 1096 + 130);
    assert_int_equal(memory[35], LEAF);
    assert_int_equal(memory[36], 0xa0 + 20);
    assert_int_equal(memory[68], 21); /* siblings among 21 leaves */
    assert_int_equal(memory[1095], 20);
    evidence.prove = NULL;
    assert_status(STATUS_NOT_FOUND, ism_build(&ism, &evidence, &buffer));
    evidence.prove = prove;
    signed_[2].is_ours = false; /* a root of other leaves than ours: no proof leads to it */
    signed_[3].is_ours = false;
    assert_status(STATUS_NOT_FOUND, ism_build(&ism, &evidence, &buffer));
    assert_true(ism_wants(&ism, &validators[1].address, &newest));
    assert_true(newest);
    assert_false(ism_wants(&ism, &validators[3].address, &newest)); /* outside of the run */
}

static void a_weighted_multisig_takes_the_heaviest(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const uint64_t weights[5] = {1000000000, 2000000000, 500000000, 4000000000, 2500000000};
    for (uint32_t i = 0; i < 5; i++) {
        validators[i].weight = weights[i];
    }
    struct ism_node node = multisig(MODULE_WEIGHTED_MESSAGE_ID_MULTISIG, 0, 0, 5);
    node.weight_threshold = 6500000000;
    struct ism ism = ism_of(&node, 1, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x10, LEAF, 0x33), signed_by(0x11, LEAF, 0x33),
                                         signed_by(0x12, LEAF, 0x33), signed_by(0x14, LEAF, 0x33),
                                         signed_by(0x13, LEAF, 0x33)};
    struct ism_evidence evidence = evidence_of(signed_, 4);

    assert_status(STATUS_NOT_FOUND, ism_build(&ism, &evidence, &buffer));
    evidence.signed_count = 5;
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 68 + 130);
    assert_int_equal(memory[68], 0x13);
    assert_int_equal(memory[133], 0x14);
    assert_int_equal(ism_strength(&ism), 2);
    node.weight_threshold = ISM_WEIGHT_MAX + 1;
    ism = ism_of(&node, 1, validators, 5);
    assert_status(STATUS_UNSUPPORTED, ism_build(&ism, &evidence, &buffer));
    assert_false(ism_is_supported(&ism, NULL));
    node.weight_threshold = 0;
    assert_false(ism_is_supported(&ism, NULL));
}

/* A warp route's usual guard: pausable, and a routing to 2 of 3 in an aggregation of two. */
static void an_aggregation_takes_the_cheapest_of_exactly_its_threshold(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node nodes[] = {parent(MODULE_AGGREGATION, 2, 1, 3),
                                     {.type = MODULE_NULL},
                                     parent(MODULE_ROUTING, 0, 4, 1),
                                     multisig(MODULE_MERKLE_ROOT_MULTISIG, 1, 3, 2),
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 2, 0, 3)};
    const struct ism ism = ism_of(nodes, 5, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x13, LEAF, 0x33), signed_by(0x10, LEAF, 0x33),
                                         signed_by(0x11, LEAF, 0x33)};
    struct ism_evidence evidence = evidence_of(signed_, 1);

    /* Nothing but the expensive one is there: it does. */
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 24 + 1096 + 65);
    assert_memory_equal(memory, "\0\0\0\x18\0\0\0\x18\0\0\0\0\0\0\0\0\0\0\0\x18", 20);
    /* The cheaper one comes: it is taken instead. */
    buffer.count = 0;
    evidence.signed_count = 3;
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 24 + 68 + 130);
    assert_memory_equal(memory, "\0\0\0\x18\0\0\0\x18\0\0\0\x18\0\0\0\xde\0\0\0\0\0\0\0\0", 24);
    assert_int_equal(ism_strength(&ism), 1); /* the pausable one and one signer */
}

/* Found by fuzz_message: somebody's module of no modules ended the node. */
static void an_aggregation_of_nothing_has_no_metadata(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node nothing = parent(MODULE_AGGREGATION, 0, 1, 0);
    const struct ism_node nodes[] = {parent(MODULE_AGGREGATION, 2, 1, 2),
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 0, 3),
                                     parent(MODULE_AGGREGATION, 0, 3, 0)};
    const struct ism alone = ism_of(&nothing, 1, validators, 0);
    const struct ism nested = ism_of(nodes, 3, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x11, LEAF, 0x33)};
    const struct ism_evidence evidence = evidence_of(signed_, 1);

    assert_status(STATUS_OK, ism_build(&alone, &evidence, &buffer));
    assert_int_equal(0, buffer.count);
    assert_int_equal(0,
                     ism_strength(&alone)); /* anybody passes it: no message is delivered there */
    assert_status(STATUS_OK, ism_build(&nested, &evidence, &buffer));
    assert_int_equal(16 + 68 + 65, buffer.count);
    assert_int_equal(16 + 68 + 65, memory[11]); /* where the second part begins, and ends */
    assert_int_equal(16 + 68 + 65, memory[15]);
}

static void a_nested_aggregation_counts_from_its_own_begin(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node nodes[] = {parent(MODULE_AGGREGATION, 2, 1, 2),
                                     {.type = MODULE_NULL},
                                     parent(MODULE_AGGREGATION, 1, 3, 2),
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 0, 1),
                                     {.type = MODULE_POLYMER}};
    const struct ism ism = ism_of(nodes, 5, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x10, LEAF, 0x33)};
    const struct ism_evidence evidence = evidence_of(signed_, 1);
    struct metadata_part outer[2];
    struct metadata_part inner[2];

    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from("before", 6)));
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_status(STATUS_OK,
                  metadata_parse_aggregation(bytes_from(memory + 6, buffer.count - 6), 2, outer));
    assert_true(outer[0].present && outer[0].bytes.count == 0);
    assert_status(STATUS_OK, metadata_parse_aggregation(outer[1].bytes, 2, inner));
    assert_int_equal(inner[0].bytes.count, 68 + 65);
    assert_false(inner[1].present);
}

static void what_no_evidence_can_satisfy_is_unsupported(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_evidence evidence = evidence_of(NULL, 0);
    const struct ism_node nodes[][2] = {
        {multisig(MODULE_MESSAGE_ID_MULTISIG, 0, 0, 5)},
        {multisig(MODULE_MESSAGE_ID_MULTISIG, 6, 0, 5)},
        {{.type = MODULE_LEGACY_MULTISIG}},
        {parent(MODULE_AGGREGATION, 2, 1, 1), {.type = MODULE_NULL}},
        {parent(MODULE_ROUTING, 0, 1, 1), {.type = MODULE_ARB_L2_TO_L1}},
    };
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        const struct ism ism = ism_of(nodes[i], i < 3 ? 1 : 2, validators, 5);
        assert_status(STATUS_UNSUPPORTED, ism_build(&ism, &evidence, &buffer));
        assert_false(ism_is_supported(&ism, NULL));
    }
}

static void a_trusted_relayer_is_us_or_nobody(void **state)
{
    (void)state;
    struct ism_node node = {.type = MODULE_NULL, .only_relayer = true, .relayer = evm_filled(0x77)};
    const struct ism ism = ism_of(&node, 1, NULL, 0);
    const struct ism_evidence evidence = evidence_of(NULL, 0);

    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 0);
    assert_false(ism_allows_batches(&ism));
    assert_int_equal(ism_strength(&ism), 1);
    node.relayer = evm_filled(0x78);
    assert_status(STATUS_UNSUPPORTED, ism_build(&ism, &evidence, &buffer));
    node.only_relayer = false;
    assert_int_equal(ism_strength(&ism), 0);
}

static void an_offchain_answer_is_the_metadata(void **state)
{
    (void)state;
    const struct ism_node nodes[] = {parent(MODULE_ROUTING, 0, 1, 1), {.type = MODULE_CCIP_READ}};
    const struct ism ism = ism_of(nodes, 2, NULL, 0);
    const struct ism_answer answer = {.node = 1, .metadata = bytes_from("words", 5)};
    struct ism_evidence evidence = evidence_of(NULL, 0);

    assert_status(STATUS_NOT_FOUND, ism_build(&ism, &evidence, &buffer));
    evidence.answers = &answer;
    evidence.answers_count = 1;
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_memory_equal(memory, "words", 5);
    assert_int_equal(buffer.count, 5);
}

static void metadata_without_room_leaves_the_buffer(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node nodes[] = {parent(MODULE_AGGREGATION, 1, 1, 1),
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 0, 1)};
    const struct ism ism = ism_of(nodes, 2, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x10, LEAF, 0x33)};
    const struct ism_evidence evidence = evidence_of(signed_, 1);

    for (size_t capacity = 0; capacity < 8 + 68 + 65; capacity++) {
        buffer = buffer_from(memory, capacity);
        assert_status(STATUS_FULL, ism_build(&ism, &evidence, &buffer));
        assert_int_equal(buffer.count, 0);
    }
}

static void a_validator_that_stands_twice_is_one(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    validators[1] = validators[0];
    const struct ism_node node = multisig(MODULE_MESSAGE_ID_MULTISIG, 2, 0, 3);
    const struct ism ism = ism_of(&node, 1, validators, 5);

    assert_int_equal(ism_strength(&ism), 1);
}

static void trees_that_are_none_are_malformed(void **state)
{
    (void)state;
    const struct ism_validator validator = {.address = evm_filled(1)};
    const struct ism_node cases[][3] = {
        {parent(MODULE_ROUTING, 0, 0, 1)},                        /* itself */
        {parent(MODULE_ROUTING, 0, 1, 0), {.type = MODULE_NULL}}, /* no child */
        {parent(MODULE_ROUTING, 0, 3, 1), {.type = MODULE_NULL}}, /* outside */
        {parent(MODULE_AGGREGATION, 1, 1, UINT32_MAX), {.type = MODULE_NULL}},
        {{.type = MODULE_NULL}, {.type = MODULE_NULL}}, /* nobody's child */
        {parent(MODULE_AGGREGATION, 1, 1, 2),
         parent(MODULE_ROUTING, 0, 2, 1),
         {.type = MODULE_NULL}}, /* two parents */
        {parent(MODULE_ROUTING, 0, 1, 2), {.type = MODULE_NULL}, {.type = MODULE_NULL}},
        {multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 1, 1)}, /* outside */
        {multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 0, 2)},
    };
    static const uint32_t counts[] = {1, 2, 2, 2, 2, 3, 3, 1, 1};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ism ism = {.nodes = cases[i],
                                .nodes_count = counts[i],
                                .validators = &validator,
                                .validators_count = 1};
        assert_status(STATUS_MALFORMED, ism_check(&ism));
    }
    const struct ism none = {.nodes = cases[0]};
    assert_status(STATUS_MALFORMED, ism_check(&none));
}

static void a_tree_that_is_too_deep_is_full(void **state)
{
    (void)state;
    struct ism_node nodes[ISM_DEPTH_MAX + 1];
    for (uint32_t i = 0; i <= ISM_DEPTH_MAX; i++) {
        nodes[i] = parent(MODULE_ROUTING, 0, i + 1, 1);
    }
    nodes[ISM_DEPTH_MAX] = (struct ism_node){.type = MODULE_NULL};
    struct ism ism = {.nodes = nodes, .nodes_count = ISM_DEPTH_MAX + 1};
    assert_status(STATUS_FULL, ism_check(&ism));
    nodes[ISM_DEPTH_MAX - 1] = (struct ism_node){.type = MODULE_NULL};
    ism.nodes_count = ISM_DEPTH_MAX;
    assert_status(STATUS_OK, ism_check(&ism));
}

/* Fifty validators who all have to sign. */
static void fill_fifty(struct ism_validator validators[VALIDATORS_MAX + 1],
                       struct ism_signed signed_[VALIDATORS_MAX])
{
    for (uint32_t i = 0; i <= VALIDATORS_MAX; i++) {
        validators[i] = (struct ism_validator){.address = evm_filled((uint8_t)(0x10 + i)),
                                               .weight = ISM_WEIGHT_MAX / VALIDATORS_MAX};
        if (i < VALIDATORS_MAX) {
            signed_[i] = signed_by((uint8_t)(0x10 + i), LEAF, 0x33);
        }
    }
}

static void the_most_that_a_multisig_can_ask_for_is_written(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        size_t bytes;
    } cases[] = {
        {MODULE_MESSAGE_ID_MULTISIG, 68 + 50 * 65},
        {MODULE_WEIGHTED_MESSAGE_ID_MULTISIG, 68 + 50 * 65},
        {MODULE_MERKLE_ROOT_MULTISIG, 1096 + 50 * 65},
        {MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG, 1096 + 50 * 65},
    };
    struct ism_validator validators[VALIDATORS_MAX + 1];
    struct ism_signed signed_[VALIDATORS_MAX];
    fill_fifty(validators, signed_);
    const struct ism_evidence evidence = evidence_of(signed_, VALIDATORS_MAX);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ism_node node = multisig(cases[i].type, VALIDATORS_MAX, 0, VALIDATORS_MAX);
        node.weight_threshold = ISM_WEIGHT_MAX;
        struct ism ism = ism_of(&node, 1, validators, VALIDATORS_MAX);
        buffer = buffer_from(memory, cases[i].bytes - 1);
        assert_status(STATUS_FULL, ism_build(&ism, &evidence, &buffer));
        buffer = buffer_from(memory, sizeof(memory));
        assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
        assert_int_equal(buffer.count, cases[i].bytes);
        assert_int_equal(memory[buffer.count - 1], 0x10 + 49);
        node.count++;
        ism.validators_count++;
        assert_status(STATUS_FULL, ism_check(&ism)); /* one validator more */
    }
}

/* An answer of exactly so many bytes beside a multisig of one. */
static enum status build_with_answer(size_t bytes)
{
    static const uint8_t words[METADATA_BYTES_MAX + 1];
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node nodes[] = {parent(MODULE_AGGREGATION, 2, 1, 2),
                                     {.type = MODULE_CCIP_READ},
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 0, 1)};
    const struct ism ism = ism_of(nodes, 3, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x10, LEAF, 0x33)};
    const struct ism_answer answer = {.node = 1, .metadata = bytes_from(words, bytes)};
    struct ism_evidence evidence = evidence_of(signed_, 1);
    evidence.answers = &answer;
    evidence.answers_count = 1;
    buffer = buffer_from(memory, sizeof(memory));
    return ism_build(&ism, &evidence, &buffer);
}

static void the_most_metadata_is_written_and_one_byte_more_is_not(void **state)
{
    (void)state;
    const size_t room = METADATA_BYTES_MAX - 16 - 68 - 65;

    assert_status(STATUS_OK, build_with_answer(room));
    assert_int_equal(buffer.count, METADATA_BYTES_MAX);
    assert_status(STATUS_FULL, build_with_answer(room + 1));
    assert_int_equal(buffer.count, 0);
}

static void the_widest_aggregation_is_written(void **state)
{
    (void)state;
    struct ism_node nodes[METADATA_PARTS_MAX + 2] = {
        parent(MODULE_AGGREGATION, METADATA_PARTS_MAX, 1, METADATA_PARTS_MAX)};
    for (uint32_t i = 1; i < METADATA_PARTS_MAX + 2; i++) {
        nodes[i] = (struct ism_node){.type = MODULE_NULL};
    }
    struct ism ism = ism_of(nodes, METADATA_PARTS_MAX + 1, NULL, 0);
    const struct ism_evidence evidence = evidence_of(NULL, 0);
    struct metadata_part parts[METADATA_PARTS_MAX];

    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_int_equal(buffer.count, 8 * METADATA_PARTS_MAX);
    assert_status(STATUS_OK,
                  metadata_parse_aggregation(buffer_bytes(&buffer), METADATA_PARTS_MAX, parts));
    assert_true(parts[METADATA_PARTS_MAX - 1].present);
    nodes[0].count++;
    ism.nodes_count++;
    assert_status(STATUS_FULL, ism_check(&ism)); /* one member more */
}

static void the_deepest_nest_of_aggregations_is_written(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    struct ism_node nodes[ISM_DEPTH_MAX];
    fill_five(validators);
    for (uint32_t i = 0; i + 1 < ISM_DEPTH_MAX; i++) {
        nodes[i] = parent(MODULE_AGGREGATION, 1, i + 1, 1);
    }
    nodes[ISM_DEPTH_MAX - 1] = multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 0, 1);
    const struct ism ism = ism_of(nodes, ISM_DEPTH_MAX, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x10, LEAF, 0x33)};
    const struct ism_evidence evidence = evidence_of(signed_, 1);
    struct metadata_part part;

    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    struct bytes rest = buffer_bytes(&buffer);
    for (uint32_t i = 0; i + 1 < ISM_DEPTH_MAX; i++) {
        assert_status(STATUS_OK, metadata_parse_aggregation(rest, 1, &part));
        assert_true(part.present);
        rest = part.bytes;
    }
    assert_int_equal(rest.count, 68 + 65);
}

/* Not the first way through that is ready, and not the one with the fewest members. */
static void the_cheapest_satisfiable_subset_is_taken_not_the_first(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node nodes[] = {parent(MODULE_AGGREGATION, 2, 1, 4),
                                     multisig(MODULE_MERKLE_ROOT_MULTISIG, 3, 0, 3),
                                     multisig(MODULE_MERKLE_ROOT_MULTISIG, 1, 0, 1),
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 2, 0, 3),
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 1, 4, 1)};
    const struct ism ism = ism_of(nodes, 5, validators, 5);
    const struct ism_signed signed_[] = {signed_by(0x10, LEAF, 0x33), signed_by(0x11, LEAF, 0x33),
                                         signed_by(0x12, LEAF, 0x33), signed_by(0x14, LEAF, 0x33)};
    struct ism_evidence evidence = evidence_of(signed_, 3);
    struct metadata_part parts[4];

    /* The last one has no signature yet: of the three others the two cheapest. */
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_status(STATUS_OK, metadata_parse_aggregation(buffer_bytes(&buffer), 4, parts));
    assert_false(parts[0].present);
    assert_int_equal(parts[1].bytes.count, 1096 + 65);
    assert_int_equal(parts[2].bytes.count, 68 + 130);
    assert_false(parts[3].present);
    buffer.count = 0;
    evidence.signed_count = 4;
    assert_status(STATUS_OK, ism_build(&ism, &evidence, &buffer));
    assert_status(STATUS_OK, metadata_parse_aggregation(buffer_bytes(&buffer), 4, parts));
    assert_false(parts[0].present || parts[1].present);
    assert_int_equal(parts[2].bytes.count, 68 + 130);
    assert_int_equal(parts[3].bytes.count, 68 + 65);
}

static void what_stands_in_the_way_is_named(void **state)
{
    (void)state;
    struct ism_validator validators[5];
    fill_five(validators);
    const struct ism_node nodes[] = {parent(MODULE_AGGREGATION, 2, 1, 3),
                                     multisig(MODULE_MESSAGE_ID_MULTISIG, 6, 0, 5),
                                     {.type = MODULE_OP_L2_TO_L1},
                                     {.type = MODULE_NULL}};
    struct ism ism = ism_of(nodes, 4, validators, 5);

    assert_ptr_equal(ism_obstacle(&ism), &nodes[2]);
    assert_string_equal(module_type_name(ism_obstacle(&ism)->type), "OP stack L2-to-L1");
    ism = ism_of(&nodes[1], 1, validators, 5);
    assert_ptr_equal(ism_obstacle(&ism), &nodes[1]);
    ism = ism_of(&nodes[3], 1, validators, 5);
    assert_null(ism_obstacle(&ism));
    assert_string_equal(module_type_name(77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_multisig_takes_its_threshold_in_the_sets_order, set_up),
        cmocka_unit_test_setup(a_strangers_signature_does_not_count, set_up),
        cmocka_unit_test_setup(a_merkle_root_multisig_takes_a_later_checkpoint, set_up),
        cmocka_unit_test_setup(a_weighted_multisig_takes_the_heaviest, set_up),
        cmocka_unit_test_setup(an_aggregation_takes_the_cheapest_of_exactly_its_threshold, set_up),
        cmocka_unit_test_setup(an_aggregation_of_nothing_has_no_metadata, set_up),
        cmocka_unit_test_setup(a_nested_aggregation_counts_from_its_own_begin, set_up),
        cmocka_unit_test_setup(what_no_evidence_can_satisfy_is_unsupported, set_up),
        cmocka_unit_test_setup(a_trusted_relayer_is_us_or_nobody, set_up),
        cmocka_unit_test_setup(an_offchain_answer_is_the_metadata, set_up),
        cmocka_unit_test_setup(metadata_without_room_leaves_the_buffer, set_up),
        cmocka_unit_test_setup(a_validator_that_stands_twice_is_one, set_up),
        cmocka_unit_test_setup(trees_that_are_none_are_malformed, set_up),
        cmocka_unit_test_setup(a_tree_that_is_too_deep_is_full, set_up),
        cmocka_unit_test_setup(the_most_that_a_multisig_can_ask_for_is_written, set_up),
        cmocka_unit_test_setup(the_most_metadata_is_written_and_one_byte_more_is_not, set_up),
        cmocka_unit_test_setup(the_widest_aggregation_is_written, set_up),
        cmocka_unit_test_setup(the_deepest_nest_of_aggregations_is_written, set_up),
        cmocka_unit_test_setup(the_cheapest_satisfiable_subset_is_taken_not_the_first, set_up),
        cmocka_unit_test_setup(what_stands_in_the_way_is_named, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
