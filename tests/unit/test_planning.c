/* SPDX-License-Identifier: Apache-2.0 */
/* What the node plans, from a packed network to moves in base units: against exhaustive search on
 * tiny networks, and by name. And the packed form itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay/node/driver/planning.h"
#include "relay/routing/network.h"

#define PLACES_MAX    8u
#define CORRIDORS_MAX 56u
#define PIECES_MAX    32u
#define GROUPS_MAX    16u
#define TERMS_MAX     128u
#define NANO          (-9)

struct fixture {
    struct route_place places[PLACES_MAX];
    struct route_corridor corridors[CORRIDORS_MAX];
    struct route_piece pieces[PIECES_MAX];
    struct route_group groups[GROUPS_MAX];
    struct route_term terms[TERMS_MAX];
    struct route_transaction transactions[1];
    struct network network;
    struct planning planning;
    struct event answer;
};

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state += 0x9e3779b97f4a7c15u;
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % limit;
}

static struct route_decimal nano(int64_t value)
{
    return (struct route_decimal){.mantissa = value, .exponent = NANO};
}

static struct fixture *fixture_new(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->network.places = fixture->places;
    fixture->network.corridors = fixture->corridors;
    fixture->network.pieces = fixture->pieces;
    fixture->network.groups = fixture->groups;
    fixture->network.terms = fixture->terms;
    fixture->network.transactions = fixture->transactions;
    return fixture;
}

static void fixture_free(struct fixture *fixture)
{
    free(fixture);
}

static struct route_place *place_add(struct fixture *fixture, uint64_t balance, uint64_t max)
{
    const uint32_t index = fixture->network.counts.places++;
    struct route_place *place = &fixture->places[index];

    place->tag = 100 + index;
    place->price = nano(1000000000);
    place->balance = amount_from_u64(balance);
    place->max = amount_from_u64(max);
    return place;
}

static void piece_add(struct fixture *fixture, struct route_place *place, uint64_t width,
                      int64_t rate)
{
    const uint32_t index = fixture->network.counts.pieces++;

    if (place->pieces.count == 0) {
        place->pieces.first = index;
        place->yield = ROUTE_YIELD_PIECES;
    }
    place->pieces.count++;
    fixture->pieces[index] =
        (struct route_piece){.width = amount_from_u64(width), .rate = nano(rate)};
}

static struct route_corridor *corridor_add(struct fixture *fixture, uint32_t from, uint32_t to,
                                           uint64_t max, int64_t cost)
{
    struct route_corridor *corridor = &fixture->corridors[fixture->network.counts.corridors++];

    corridor->from = from;
    corridor->to = to;
    corridor->max = amount_from_u64(max);
    corridor->cost = nano(cost);
    corridor->output = ROUTE_OUTPUT_LINEAR;
    corridor->gain = nano(1000000000);
    return corridor;
}

/* A cap on all that leaves (or enters) `place`. */
static void cap_add(struct fixture *fixture, uint32_t place, bool tail, uint64_t max)
{
    struct route_group *group = &fixture->groups[fixture->network.counts.groups];

    group->corridors.first = fixture->network.counts.terms;
    group->max = amount_from_u64(max);
    for (uint32_t i = 0; i < fixture->network.counts.corridors; i++) {
        const struct route_corridor *corridor = &fixture->corridors[i];
        if ((tail ? corridor->from : corridor->to) == place) {
            fixture->terms[fixture->network.counts.terms++] =
                (struct route_term){.index = i, .coefficient = {.mantissa = 1, .exponent = 0}};
            group->corridors.count++;
        }
    }
    fixture->network.counts.groups += group->corridors.count > 0;
}

/* What the node would make of it. */
static enum outcome solve(struct fixture *fixture)
{
    static uint8_t memory[65536];
    const struct hash id = {{1}};
    struct packer packer = packer_from(memory, sizeof(memory));

    assert_int_equal(network_check(&fixture->network), STATUS_OK);
    network_pack(&fixture->network, &packer);
    assert_false(packer.overrun);
    planning_answer(&id, packer_finish(&packer), &fixture->planning, &fixture->answer);
    return fixture->answer.planned.outcome;
}

static uint64_t value_of(struct amount amount)
{
    uint64_t value;

    assert_int_equal(amount_to_u64(&amount, &value), STATUS_OK);
    return value;
}

/* Objective of given positions and flows, in 1e-9 of the numeraire; places have 0 decimals. */
static int64_t objective(const struct fixture *fixture, const uint64_t *positions,
                         const uint64_t *flows)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < fixture->network.counts.places; i++) {
        const struct route_place *place = &fixture->places[i];
        uint64_t left = positions[i];
        sum += (int64_t)positions[i] * place->price.mantissa;
        for (uint32_t k = 0; k < place->pieces.count; k++) {
            const struct route_piece *piece = &fixture->pieces[place->pieces.first + k];
            const uint64_t width = value_of(piece->width);
            const uint64_t taken = left < width ? left : width;
            sum += (int64_t)taken * piece->rate.mantissa;
            left -= taken;
        }
    }
    for (uint32_t i = 0; i < fixture->network.counts.corridors; i++) {
        sum -= (int64_t)flows[i] * fixture->corridors[i].cost.mantissa;
    }
    return sum;
}

static bool within_groups(const struct fixture *fixture, const uint64_t *flows)
{
    for (uint32_t i = 0; i < fixture->network.counts.groups; i++) {
        const struct route_group *group = &fixture->groups[i];
        uint64_t sum = 0;
        for (uint32_t k = 0; k < group->corridors.count; k++) {
            sum += flows[fixture->terms[group->corridors.first + k].index];
        }
        if (sum > value_of(group->max)) {
            return false;
        }
    }
    return true;
}

/* Positions that flows lead to; false when they break a bound. */
static bool positions_of(const struct fixture *fixture, const uint64_t *flows,
                         uint64_t *ret_positions)
{
    int64_t sums[PLACES_MAX];

    for (uint32_t i = 0; i < fixture->network.counts.places; i++) {
        sums[i] = (int64_t)value_of(fixture->places[i].balance);
    }
    for (uint32_t i = 0; i < fixture->network.counts.corridors; i++) {
        if (flows[i] > value_of(fixture->corridors[i].max)) {
            return false;
        }
        sums[fixture->corridors[i].from] -= (int64_t)flows[i];
        sums[fixture->corridors[i].to] += (int64_t)flows[i];
    }
    for (uint32_t i = 0; i < fixture->network.counts.places; i++) {
        const struct route_place *place = &fixture->places[i];
        if (sums[i] < (int64_t)value_of(place->min) || sums[i] > (int64_t)value_of(place->max)) {
            return false;
        }
        ret_positions[i] = (uint64_t)sums[i];
    }
    return within_groups(fixture, flows);
}

/* Best objective over every vector of flows; false when none is feasible. */
static bool exhaust(const struct fixture *fixture, int64_t *ret_best)
{
    const uint32_t count = fixture->network.counts.corridors;
    uint64_t flows[CORRIDORS_MAX] = {0};
    uint64_t positions[PLACES_MAX];
    bool found = false;
    uint32_t at = 0;

    while (at < count || count == 0) {
        if (positions_of(fixture, flows, positions)) {
            const int64_t value = objective(fixture, positions, flows);
            *ret_best = !found || value > *ret_best ? value : *ret_best;
            found = true;
        }
        for (at = 0; at < count; at++) {
            if (++flows[at] <= value_of(fixture->corridors[at].max)) {
                break;
            }
            flows[at] = 0;
        }
        if (count == 0) {
            break;
        }
    }
    return found;
}

/* The flow of each corridor; there is one of a pair in these networks. */
static void flows_read(const struct fixture *fixture, uint64_t *flows)
{
    const struct event *answer = &fixture->answer;

    memset(flows, 0, CORRIDORS_MAX * sizeof(flows[0]));
    for (uint32_t k = 0; k < answer->planned.moves_count; k++) {
        const struct planned_move *move = &answer->planned.moves[k];
        for (uint32_t i = 0; i < fixture->network.counts.corridors; i++) {
            if (move->from == fixture->places[fixture->corridors[i].from].tag &&
                move->to == fixture->places[fixture->corridors[i].to].tag) {
                flows[i] = value_of(move->amount);
            }
        }
    }
}

static struct fixture *random_network(uint32_t places, uint64_t units, uint32_t chance)
{
    struct fixture *fixture = fixture_new();

    for (uint32_t i = 0; i < places; i++) {
        struct route_place *place =
            place_add(fixture, random_below(units), units / 2 + random_below(3 * units));
        place->min = amount_from_u64(random_below(3) == 0 ? random_below(units / 2 + 1) : 0);
        int64_t rate = 0;
        for (uint64_t k = random_below(3); k > 0; k--) {
            rate = rate == 0 ? 40 + (int64_t)random_below(40) : rate - (int64_t)random_below(30);
            piece_add(fixture, place, 1 + random_below(units / 2 + 1), rate);
        }
    }
    for (uint32_t from = 0; from < places; from++) {
        for (uint32_t to = 0; to < places; to++) {
            if (from != to && random_below(100) < chance) {
                (void)corridor_add(fixture, from, to, random_below(units / 2 + 2),
                                   (int64_t)random_below(30));
            }
        }
    }
    for (uint32_t i = 0; i < places; i++) {
        if (random_below(3) == 0) {
            cap_add(fixture, i, true, random_below(units));
        }
        if (random_below(3) == 0) {
            cap_add(fixture, i, false, random_below(units));
        }
    }
    return fixture;
}

/* Method: 3,000 seeded networks of up to 3 places, small enough to try every flow. */
static void plans_are_what_exhaustive_search_finds(void **state)
{
    (void)state;
    uint64_t steps = 0;
    uint32_t feasible = 0;

    for (uint64_t seed = 1; seed <= 3000; seed++) {
        random_state = seed;
        struct fixture *fixture = random_network(1 + (uint32_t)random_below(3), 5, 60);
        uint64_t flows[CORRIDORS_MAX];
        uint64_t positions[PLACES_MAX] = {0};
        int64_t best = 0;
        const bool possible = exhaust(fixture, &best);
        const enum outcome outcome = solve(fixture);
        assert_int_equal(outcome, possible ? OUTCOME_OK : OUTCOME_REFUSED);
        if (possible) {
            flows_read(fixture, flows);
            assert_true(positions_of(fixture, flows, positions));
            assert_int_equal(objective(fixture, positions, flows), best);
            steps += fixture->answer.planned.steps;
            feasible++;
        }
        fixture_free(fixture);
    }
    assert_true(feasible > 1000);
    assert_true(steps > 100); /* what it took is told, for the record */
}

/* The pairing that takes the largest surplus to the largest deficit costs five times as much. */
static void plans_avoid_the_greedy_pairing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    const int64_t costs[2][2] = {{5000000, 1000000}, {1000000, 5000000}};

    for (uint32_t i = 0; i < 4; i++) {
        struct route_place *place = place_add(fixture, i < 2 ? 20 : 0, 100);
        piece_add(fixture, place, 10, 1000000000);
    }
    for (uint32_t from = 0; from < 2; from++) {
        for (uint32_t to = 0; to < 2; to++) {
            (void)corridor_add(fixture, from, 2 + to, 100, costs[from][to]);
        }
    }
    assert_int_equal(solve(fixture), OUTCOME_OK);
    const struct planned_move *moves = fixture->answer.planned.moves;
    assert_int_equal(fixture->answer.planned.moves_count, 2);
    assert_int_equal(moves[0].from, 100);
    assert_int_equal(moves[0].to, 103);
    assert_int_equal(value_of(moves[0].amount), 10);
    assert_int_equal(moves[1].from, 101);
    assert_int_equal(moves[1].to, 102);
    assert_int_equal(value_of(moves[1].amount), 10);
    assert_int_equal(value_of(fixture->answer.planned.cost), 2); /* each move's fee rounds up */
    fixture_free(fixture);
}

/* Two places of 6 each could fill what is short by 12 at two others together, or each alone one of
 * them by 6; with 8 the smallest, nothing can leave; with 6 each gives all to one. A third place
 * with 12 is dear: it is taken only when the others are too small. */
static void what_is_too_small_is_carried_by_others(void **state)
{
    (void)state;

    for (uint64_t least = 6; least <= 8; least += 2) {
        struct fixture *fixture = fixture_new();
        for (uint32_t i = 0; i < 3; i++) {
            (void)place_add(fixture, i < 2 ? 6 : 12, 100);
        }
        piece_add(fixture, place_add(fixture, 0, 100), 12, 1000000000);
        for (uint32_t i = 0; i < 3; i++) {
            corridor_add(fixture, i, 3, 100, i < 2 ? 1000000 : 9000000)->least =
                amount_from_u64(least);
        }
        assert_int_equal(solve(fixture), OUTCOME_OK);
        const struct planned_move *moves = fixture->answer.planned.moves;
        if (least == 6) {
            assert_int_equal(fixture->answer.planned.moves_count, 2);
            assert_int_equal(value_of(moves[0].amount), 6);
            assert_int_equal(value_of(moves[1].amount), 6);
        } else {
            assert_int_equal(fixture->answer.planned.moves_count, 1);
            assert_int_equal(moves[0].from, 102);
            assert_int_equal(value_of(moves[0].amount), 12);
        }
        fixture_free(fixture);
    }
}

static void amounts_far_above_64_bits_stay_near(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct route_place *full = place_add(fixture, 0, 0);
    struct route_place *empty = place_add(fixture, 0, 0);
    struct amount third;

    assert_int_equal(
        amount_parse_decimal(bytes_from_string("1000000000000000000000000001"), &full->balance),
        STATUS_OK);
    assert_int_equal(amount_parse_decimal(bytes_from_string("333333333333333333333333333"), &third),
                     STATUS_OK);
    full->max = empty->max = full->balance;
    piece_add(fixture, empty, 1, 5);
    fixture->pieces[0].width = third;
    corridor_add(fixture, 0, 1, 1, 1)->max = full->balance;
    assert_int_equal(solve(fixture), OUTCOME_OK);
    assert_int_equal(fixture->answer.planned.moves_count, 1);
    const struct amount *moved = &fixture->answer.planned.moves[0].amount;
    const struct amount scale = amount_from_u64(10000000000);
    struct amount apart;
    assert_int_equal(amount_compare(moved, &third) >= 0 ? amount_subtract(moved, &third, &apart)
                                                        : amount_subtract(&third, moved, &apart),
                     STATUS_OK);
    assert_int_equal(amount_multiply(&apart, &scale, &apart), STATUS_OK);
    assert_true(amount_compare(&apart, &third) < 0); /* nearer than one part in 10^10 */
    fixture_free(fixture);
}

/* unpack(pack(network)) packs to the same bytes and solves to the same plan; every truncation and
 * a wrong first byte are malformed. */
static void packed_networks_come_back(void **state)
{
    (void)state;
    static uint8_t memory[16384];
    static uint8_t again[16384];

    for (uint64_t seed = 1; seed <= 50; seed++) {
        random_state = seed;
        struct fixture *fixture = random_network(1 + (uint32_t)random_below(6), 100000, 60);
        struct packer packer = packer_from(memory, sizeof(memory));
        network_pack(&fixture->network, &packer);
        const struct bytes packed = packer_finish(&packer);
        size_t footprint;
        struct network back;
        assert_int_equal(network_unpack_footprint(packed, &footprint), STATUS_OK);
        void *arrays = malloc(footprint);
        assert_non_null(arrays);
        assert_int_equal(network_unpack(packed, arrays, &back), STATUS_OK);
        struct packer second = packer_from(again, sizeof(again));
        network_pack(&back, &second);
        assert_true(bytes_equal(packed, packer_finish(&second)));
        for (size_t cut = 0; cut < packed.count; cut += 7) {
            struct network none;
            assert_int_equal(network_unpack(bytes_from(memory, cut), arrays, &none),
                             STATUS_MALFORMED);
        }
        memory[0] ^= 1;
        assert_int_equal(network_unpack_footprint(packed, &footprint), STATUS_MALFORMED);
        free(arrays);
        fixture_free(fixture);
    }
}

/* A second way to write the same network would be a second id for the same question. */
static void networks_have_one_packed_form(void **state)
{
    (void)state;
    uint8_t memory[512];
    struct fixture *fixture = fixture_new();
    struct packer packer = packer_from(memory, sizeof(memory));
    struct network back;
    uint8_t arrays[1024];

    (void)place_add(fixture, 0x77, 0x77);
    network_pack(&fixture->network, &packer);
    struct bytes packed = packer_finish(&packer);
    assert_int_equal(network_unpack(packed, arrays, &back), STATUS_OK);
    uint8_t *one = memory;
    while (one[0] != 1 || one[1] != 0x77) {
        one++;
    }
    memmove(one + 2, one + 1, (size_t)(memory + packed.count - one - 1));
    one[0] = 2;
    one[1] = 0; /* 0x0077 */
    packed.count++;
    assert_int_equal(network_unpack(packed, arrays, &back), STATUS_MALFORMED);
    fixture_free(fixture);
}

static void malformed_networks_are_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();

    assert_int_equal(network_check(&fixture->network), STATUS_MALFORMED); /* no place */
    struct route_place *place = place_add(fixture, 10, 20);
    (void)place_add(fixture, 0, 20);
    struct route_corridor *corridor = corridor_add(fixture, 0, 1, 10, 1);
    assert_int_equal(network_check(&fixture->network), STATUS_OK);
    corridor->to = 2;
    assert_int_equal(network_check(&fixture->network), STATUS_MALFORMED);
    corridor->to = 0;
    assert_int_equal(network_check(&fixture->network), STATUS_MALFORMED);
    corridor->to = 1;
    piece_add(fixture, place, 5, -1);
    piece_add(fixture, place, 5, 0);
    assert_int_equal(network_check(&fixture->network), STATUS_MALFORMED); /* not concave */
    fixture->pieces[1].rate = (struct route_decimal){.mantissa = -1, .exponent = -8};
    assert_int_equal(network_check(&fixture->network), STATUS_OK);
    fixture->pieces[1].rate.exponent = ROUTE_EXPONENT_MAX + 1;
    assert_int_equal(network_check(&fixture->network), STATUS_MALFORMED);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_what_exhaustive_search_finds),
        cmocka_unit_test(plans_avoid_the_greedy_pairing),
        cmocka_unit_test(what_is_too_small_is_carried_by_others),
        cmocka_unit_test(amounts_far_above_64_bits_stay_near),
        cmocka_unit_test(packed_networks_come_back),
        cmocka_unit_test(networks_have_one_packed_form),
        cmocka_unit_test(malformed_networks_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
