/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate against plans worked out by hand, corrupted plans, and files that are not what
 * they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay/routing/certificate.h"
#include "relay/routing_file/plan_file.h"

/* 100 at a; b pays 0.02 for the first 30 and 0.01 for the next 40; the way costs 0.001 and keeps
 * 0.1 %. Each of the first 30 that arrive is worth 1.02, so one that leaves a makes 1.01898; each
 * of the next 40 makes 1.00899: better than 1. The group lets 50 be at b: 50 / 0.999 leave a. */
#define NETWORK                                                                                    \
    "{\"format\":\"sluice-network/1\",\"horizon_s\":604800,\"places\":["                           \
    "{\"id\":\"a\",\"decimals\":6,\"price\":1,\"balance\":100,\"min\":0,\"max\":1000},"            \
    "{\"id\":\"b\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000,"               \
    "\"yield\":{\"pieces\":[[30,0.02],[40,0.01]]}}],"                                              \
    "\"corridors\":[{\"id\":\"ab\",\"from\":\"a\",\"to\":\"b\",\"max\":500,\"cost\":0.001,"        \
    "\"output\":{\"gain\":0.999}}],"                                                               \
    "\"groups\":[{\"id\":\"cap\",\"min\":0,\"max\":50,\"places\":{\"b\":1}}],"                     \
    "\"transactions\":[{\"id\":\"t\",\"cost\":%s,\"corridors\":[\"ab\"]}]}"

/* pi_a = 1; pi_b = 1.001 / 0.999 so that the way just pays; the cap's price is what is left. */
#define PRICES                                                                                     \
    "\"prices\":{\"a\":1,\"b\":1.0020020020020020},\"group_prices\":{\"cap\":0.0079979979979980}"
#define POSITIONS                                                                                  \
    "\"positions\":{\"a\":49.949949949949950,\"b\":50},\"flows\":{\"ab\":50.050050050050050}"
/* 49.95 + 50 + 0.6 + 0.2 - 0.05005 - cost */
#define VALUE "100.69989989989990"

static struct network_file *network_new(const char *cost)
{
    char text[2048];
    struct document_error error = {""};
    struct network_file *network = NULL;

    (void)snprintf(text, sizeof(text), NETWORK, cost);
    const enum status status = network_file_parse(bytes_from_string(text), &network, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(status, STATUS_OK);
    return network;
}

/* What is not true of the plan, NULL if all is. */
static const char *lie_of(const struct network_file *network, const char *text,
                          struct certificate *ret_certificate)
{
    struct document_error error = {""};
    struct plan_file *plan = NULL;
    const char *lie = NULL;

    const enum status read = plan_file_parse(network, bytes_from_string(text), &plan, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(read, STATUS_OK);
    void *scratch = malloc(certificate_footprint(&network->model));
    assert_non_null(scratch);
    if (certificate_compute(&network->model, &plan->plan, scratch, ret_certificate) != STATUS_OK) {
        lie = "no tree";
    } else {
        (void)certificate_supports(ret_certificate, &plan->plan, &lie);
    }
    free(scratch);
    assert_null(plan_file_free(plan));
    return lie;
}

static const char *claim(char *text, const char *value, const char *bound, const char *rest)
{
    (void)snprintf(text, 4096,
                   "{\"format\":\"sluice-plan/1\",\"status\":\"optimal\",\"value\":%s,"
                   "\"bound\":%s,\"gap\":1e-8,\"baseline\":100,%s}",
                   value, bound, rest);
    return text;
}

static void assert_near(double a, double b)
{
    const double difference = a > b ? a - b : b - a;
    assert_true(difference <= 1e-9);
}

static void a_true_plan_is_supported(void **state)
{
    (void)state;
    char text[4096];
    struct certificate certificate;
    struct network_file *network = network_new("0");

    assert_null(lie_of(network, claim(text, VALUE, VALUE, POSITIONS "," PRICES), &certificate));
    assert_near(certificate.value, 100.6998998998999);
    assert_near(certificate.bound, 100.6998998998999);
    assert_near(certificate.baseline, 100);
    assert_true(certificate.bound >= certificate.value);
    assert_true(certificate.violation < 1e-15);
    assert_null(network_file_free(network));
}

static void a_corrupted_plan_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *bound;
        const char *rest;
        const char *lie;
    } cases[] = {
        {"100.7", VALUE, POSITIONS "," PRICES, "its value is not what it says"},
        {VALUE, "100.69", POSITIONS "," PRICES, "its prices do not prove its bound"},
        {VALUE, VALUE,
         POSITIONS ",\"prices\":{\"a\":1,\"b\":1.01},\"group_prices\":{\"cap\":0.008}",
         "its prices do not prove its bound"},
        {VALUE, "100.8",
         POSITIONS ",\"prices\":{\"a\":1,\"b\":1.002002},\"group_prices\":{\"cap\":0.01}",
         "its gap is larger than it says"},
        {"100.6998998999", VALUE,
         "\"positions\":{\"a\":49.95,\"b\":50},\"flows\":{\"ab\":50.05005005005005}," PRICES,
         "the plan breaks a bound"},
        {VALUE, VALUE,
         "\"positions\":{\"a\":47.94794794794795,\"b\":52},\"flows\":{\"ab\":52.05205205205205}"
         "," PRICES,
         "the plan breaks a bound"},
        {VALUE, VALUE, "\"positions\":{\"a\":101,\"b\":-0.999},\"flows\":{\"ab\":-1}," PRICES,
         "the plan breaks a bound"},
    };
    struct network_file *network = network_new("0");

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[4096];
        struct certificate certificate;
        const char *lie = lie_of(
            network, claim(text, cases[i].value, cases[i].bound, cases[i].rest), &certificate);
        assert_non_null(lie);
        assert_string_equal(lie, cases[i].lie);
    }
    assert_null(network_file_free(network));
}

/* One plan for each rule that breaks this rule and no other; `a_true_plan_is_supported` shows that
 * what breaks none is let pass. */
static void each_rule_is_found_where_it_is_broken(void **state)
{
    (void)state;
    static const char bounded[] =
        "{\"format\":\"sluice-network/1\",\"horizon_s\":604800,\"places\":["
        "{\"id\":\"a\",\"decimals\":6,\"price\":1,\"balance\":100,\"min\":20,\"max\":1000},"
        "{\"id\":\"b\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":50},"
        "{\"id\":\"c\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000},"
        "{\"id\":\"d\",\"decimals\":6,\"price\":1,\"balance\":0,\"min\":0,\"max\":1000}],"
        "\"corridors\":["
        "{\"id\":\"ab\",\"from\":\"a\",\"to\":\"b\",\"max\":200,\"cost\":0,\"output\":{\"gain\":1}}"
        ","
        "{\"id\":\"ac\",\"from\":\"a\",\"to\":\"c\",\"max\":30,\"cost\":0,\"output\":{\"gain\":1}},"
        "{\"id\":\"ad\",\"from\":\"a\",\"to\":\"d\",\"max\":200,\"cost\":0,\"output\":{\"gain\":1}}"
        "],"
        "\"groups\":[{\"id\":\"floor\",\"min\":10,\"max\":1000,\"places\":{\"b\":1}},"
        "{\"id\":\"cap\",\"min\":0,\"max\":40,\"places\":{\"d\":1}}]}";
    static const struct {
        int positions[4];
        int flows[3];
        enum certificate_rule rule;
        uint32_t index;
    } cases[] = {
        {{60, 20, 10, 10}, {20, 10, 10}, CERTIFICATE_NOTHING, 0},
        {{60, 21, 10, 10}, {20, 10, 10}, CERTIFICATE_BALANCE, 1},
        {{15, 40, 25, 20}, {40, 25, 20}, CERTIFICATE_PLACE_MIN, 0},
        {{49, 51, 0, 0}, {51, 0, 0}, CERTIFICATE_PLACE_MAX, 1},
        {{81, 20, 0, 0}, {20, -1, 0}, CERTIFICATE_FLOW_MIN, 1},
        {{49, 20, 31, 0}, {20, 31, 0}, CERTIFICATE_FLOW_MAX, 1},
        {{91, 9, 0, 0}, {9, 0, 0}, CERTIFICATE_GROUP_MIN, 0},
        {{39, 20, 0, 41}, {20, 0, 41}, CERTIFICATE_GROUP_MAX, 1},
    };
    struct document_error error = {""};
    struct network_file *network = NULL;

    assert_int_equal(network_file_parse(bytes_from_string(bounded), &network, &error), STATUS_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[2048];
        struct certificate certificate;
        (void)snprintf(text, sizeof(text),
                       "{\"format\":\"sluice-plan/1\",\"status\":\"feasible\",\"value\":100,"
                       "\"bound\":100,\"gap\":1e-6,\"baseline\":100,"
                       "\"positions\":{\"a\":%d,\"b\":%d,\"c\":%d,\"d\":%d},"
                       "\"flows\":{\"ab\":%d,\"ac\":%d,\"ad\":%d},"
                       "\"prices\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1},"
                       "\"group_prices\":{\"floor\":0,\"cap\":0}}",
                       cases[i].positions[0], cases[i].positions[1], cases[i].positions[2],
                       cases[i].positions[3], cases[i].flows[0], cases[i].flows[1],
                       cases[i].flows[2]);
        const char *lie = lie_of(network, text, &certificate);
        assert_int_equal(certificate.rule, cases[i].rule);
        assert_int_equal(certificate.index, cases[i].index);
        assert_true((lie == NULL) == (cases[i].rule == CERTIFICATE_NOTHING));
        assert_string_equal(lie == NULL ? "the plan breaks a bound" : lie,
                            "the plan breaks a bound");
    }
    assert_null(network_file_free(network));
}

/* What a plan says of itself beside its value and its bound. */
static void each_claim_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        const char *bound;
        const char *gap;
        const char *baseline;
        const char *prices;
        const char *lie;
    } cases[] = {
        {"optimal", VALUE, "1e-8", "100", PRICES, NULL},
        {"optimal", VALUE, "1e-8", "99", PRICES, "its baseline is not what it says"},
        {"optimal", "100.8", "0.2", "100",
         "\"prices\":{\"a\":1,\"b\":1.002002},\"group_prices\":{\"cap\":0.01}",
         "it says optimal, and its gap is above 1e-6"},
        {"feasible", "100.8", "0.2", "100",
         "\"prices\":{\"a\":1,\"b\":1.002002},\"group_prices\":{\"cap\":0.01}", NULL},
    };
    struct network_file *network = network_new("0");

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[4096];
        struct certificate certificate;
        (void)snprintf(text, sizeof(text),
                       "{\"format\":\"sluice-plan/1\",\"status\":\"%s\",\"value\":" VALUE
                       ",\"bound\":%s,\"gap\":%s,\"baseline\":%s," POSITIONS ",%s}",
                       cases[i].status, cases[i].bound, cases[i].gap, cases[i].baseline,
                       cases[i].prices);
        const char *lie = lie_of(network, text, &certificate);
        assert_string_equal(lie == NULL ? "" : lie, cases[i].lie == NULL ? "" : cases[i].lie);
    }
    assert_null(network_file_free(network));
}

/* With a cost of 0.5 the move still pays (0.2 more than nothing), but the prices of the linear
 * network prove it only leaf by leaf. */
static void a_tree_of_branches_is_walked(void **state)
{
    (void)state;
    static const char off[] = "{\"prices\":{\"a\":1,\"b\":1.03},\"group_prices\":{\"cap\":0}}";
    static const char on[] = "{" PRICES "}";
    char branches[2048];
    char rest[3072];
    char text[4096];
    struct certificate certificate;
    struct network_file *network = network_new("0.5");

    (void)snprintf(branches, sizeof(branches),
                   "\"branches\":{\"transaction\":\"t\",\"off\":%s,\"on\":%s}", off, on);
    (void)snprintf(rest, sizeof(rest), "%s,%s,%s", POSITIONS, PRICES, branches);
    assert_null(
        lie_of(network, claim(text, "100.1998998998999", "100.1998998998999", rest), &certificate));
    assert_near(certificate.bound, 100.1998998998999);

    (void)snprintf(branches, sizeof(branches),
                   "\"branches\":{\"transaction\":\"t\",\"off\":%s,\"on\":"
                   "{\"transaction\":\"t\",\"off\":%s,\"on\":%s}}",
                   off, off, on);
    (void)snprintf(rest, sizeof(rest), "%s,%s,%s", POSITIONS, PRICES, branches);
    assert_string_equal(lie_of(network, claim(text, "100.2", "100.2", rest), &certificate),
                        "no tree");
    assert_null(network_file_free(network));
}

/* The cap's min is 50 (both places together hold 100); a group that wants 150 at b cannot be. */
static void a_contradiction_is_proved_or_refused(void **state)
{
    (void)state;
    char text[2048];
    struct certificate certificate;
    struct document_error error = {""};
    struct network_file *network = NULL;

    (void)snprintf(text, sizeof(text), NETWORK, "0");
    char *cap = strstr(text, "\"min\":0,\"max\":50");
    assert_non_null(cap);
    memcpy(cap, "\"min\":150,\"max\":", strlen("\"min\":150,\"max\":"));
    char longer[2048];
    (void)snprintf(longer, sizeof(longer), "%.*s\"min\":150,\"max\":150%s", (int)(cap - text), text,
                   cap + strlen("\"min\":0,\"max\":50"));
    assert_int_equal(network_file_parse(bytes_from_string(longer), &network, &error), STATUS_OK);
    assert_null(lie_of(network,
                       "{\"format\":\"sluice-plan/1\",\"status\":\"infeasible\","
                       "\"prices\":{\"a\":1,\"b\":1.002},\"group_prices\":{\"cap\":-1.002}}",
                       &certificate));
    assert_true(certificate.contradiction < -49);
    assert_string_equal(lie_of(network,
                               "{\"format\":\"sluice-plan/1\",\"status\":\"infeasible\","
                               "\"prices\":{\"a\":1,\"b\":1},\"group_prices\":{\"cap\":0}}",
                               &certificate),
                        "the prices do not prove that it is infeasible");
    assert_null(network_file_free(network));
}

/* One line that says where, for each way a network can be wrong. */
static void bad_networks_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *replace;
        const char *with;
        const char *words;
    } cases[] = {
        {"\"format\"", "\"formal\"", "the network: unknown member 'formal'"},
        {"network/1", "network/2", "the network: 'format' must be"},
        {"604800", "-1", "the network: 'horizon_s' is -1"},
        {"604800", "1.5", "'horizon_s' must be a whole number"},
        {"\"id\":\"b\"", "\"id\":\"a\"", "places[1]: the id 'a' is there twice"},
        {"\"id\":\"b\"", "\"it\":\"b\"", "places[1]: 'id' must be a text"},
        {"\"price\":1,", "", "places[0] 'a': member 'price' is missing"},
        {"\"price\":1,", "\"price\":NaN,", "invalid token"},
        {"\"price\":1,", "\"price\":Infinity,", "invalid token"},
        {"\"price\":1,", "\"price\":-1e999,", "real number overflow"},
        {"\"price\":1,", "\"price\":1e999,", "real number overflow"},
        /* Nothing is unbounded: every bound is there, and is a number. */
        {"\"max\":500,", "", "corridors[0] 'ab': member 'max' is missing"},
        {"\"max\":500,", "\"max\":1e300,", "corridors[0] 'ab': 'max' is 1e+300"},
        {"\"min\":0,\"max\":1000", "\"min\":0", "places[0] 'a': member 'max' is missing"},
        {"\"min\":0,\"max\":1000", "\"min\":0,\"max\":1e300", "places[0] 'a': 'max' is 1e+300"},
        {"\"min\":0,\"max\":50", "\"min\":0", "groups[0] 'cap': member 'max' is missing"},
        {"\"price\":1,", "\"price\":\"1\",", "places[0] 'a': 'price' must be a number"},
        {"\"price\":1,", "\"price\":1,\"price\":1,", "duplicate object key"},
        {"\"decimals\":6", "\"decimals\":6.5", "places[0] 'a': 'decimals' must be a whole"},
        {"\"min\":0,\"max\":1000", "\"min\":7,\"max\":5", "places[0] 'a': 'min' is 7 and 'max' is"},
        {"[30,0.02]", "[-30,0.02]", "places[1] 'b': 'width' is -30"},
        {"[30,0.02]", "[0,0.02]", "places[1] 'b': pieces[0]: the width must be above 0"},
        {"[40,0.01]", "[40,0.03]", "places[1] 'b': pieces[1]: rates must not increase"},
        {"{\"gain\":0.999}", "{\"pieces\":[[40,0.9],[90,0.95]]}", "rates must not increase"},
        {"\"min\":0,\"max\":50", "\"min\":60,\"max\":50",
         "groups[0] 'cap': 'min' is 60 and 'max' is 50"},
        {"\"to\":\"b\"", "\"to\":\"c\"", "corridors[0] 'ab': there is no place 'c'"},
        {"\"to\":\"b\"", "\"to\":\"a\"", "corridors[0] 'ab': it leads from a place to itself"},
        {"{\"gain\":0.999}", "{\"pieces\":[[40,0.9]]}", "corridors[0] 'ab': its pieces are 40"},
        {"\"places\":{\"b\"", "\"places\":{\"c\"", "groups[0] 'cap': there is no place 'c'"},
        {"[\"ab\"]", "[\"ab\",\"ab\"]", "transactions[0] 't': the corridor 'ab' is in 't'"},
        {"[\"ab\"]", "[\"ba\"]", "transactions[0] 't': there is no corridor 'ba'"},
        {"[\"ab\"]}]}", "[\"ab\"]}]", "line 1, column"},
        {"604800", "[[[[[[[[[[[[", "line 1, column"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[2048];
        char broken[4096];
        struct network_file *network = NULL;
        struct document_error error = {""};
        (void)snprintf(text, sizeof(text), NETWORK, "0");
        const char *at = strstr(text, cases[i].replace);
        assert_non_null(at);
        (void)snprintf(broken, sizeof(broken), "%.*s%s%s", (int)(at - text), text, cases[i].with,
                       at + strlen(cases[i].replace));
        const enum status status = network_file_parse(bytes_from_string(broken), &network, &error);
        assert_int_equal(status, STATUS_MALFORMED);
        if (strstr(error.text, cases[i].words) == NULL) {
            assert_string_equal(error.text, cases[i].words);
        }
        assert_null(strchr(error.text, '\n'));
    }
}

/* The example that people begin with. */
static void the_example_is_a_network(void **state)
{
    (void)state;
    struct network_file *network = NULL;
    struct document_error error = {""};

    const enum status status = network_file_load(EXAMPLE, &network, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(network->places.count, 4);
    assert_null(network_file_free(network));
}

static void deep_nesting_ends_in_an_error(void **state)
{
    (void)state;
    const size_t depth = 100000;
    char *text = malloc(depth);
    struct network_file *network = NULL;
    struct document_error error = {""};

    assert_non_null(text);
    memset(text, '[', depth);
    assert_int_equal(network_file_parse(bytes_from(text, depth), &network, &error),
                     STATUS_MALFORMED);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_plan_is_supported),
        cmocka_unit_test(a_corrupted_plan_is_refused),
        cmocka_unit_test(each_rule_is_found_where_it_is_broken),
        cmocka_unit_test(each_claim_is_checked),
        cmocka_unit_test(a_tree_of_branches_is_walked),
        cmocka_unit_test(a_contradiction_is_proved_or_refused),
        cmocka_unit_test(bad_networks_are_told),
        cmocka_unit_test(the_example_is_a_network),
        cmocka_unit_test(deep_nesting_ends_in_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
