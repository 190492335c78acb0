/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: what it makes of the example, and where it says that each mistake is. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/core/message/policy.h"
#include "relay/node/config/config.h"
#include "relay/node/transport/endpoint.h"

#define FILE_BYTES_MAX 65536u

#define KEY          "    key: \"0x3333333333333333333333333333333333333333\""
#define LIMITS(text) "    limits: [{endpoint: \"ws://127.0.0.1:18540\", " text "}]\n    "
#define OTHER        "\"0x3434343434343434343434343434343434343434\""

static char folder[] = "/tmp/sluice-config-XXXXXX";
static char path[64];
static char example[FILE_BYTES_MAX];

static void write_file(const char *text)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/node.yaml", folder);
    FILE *stream = fopen(SLUICE_EXAMPLE, "r");
    assert_non_null(stream);
    const size_t count = fread(example, 1, sizeof(example) - 1, stream);
    assert_true(count > 1000);
    (void)fclose(stream);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

/* The example with the first `from` replaced by `to`. */
static void write_changed(const char *from, const char *to)
{
    static char text[FILE_BYTES_MAX + 1024];
    const char *found = strstr(example, from);
    assert_non_null(found);
    (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(found - example), example, to,
                   found + strlen(from));
    write_file(text);
}

/* Line of the first `text` in the example. */
static size_t line_of(const char *text)
{
    size_t line = 1;
    const char *found = strstr(example, text);
    assert_non_null(found);
    for (const char *c = example; c < found; c++) {
        line += *c == '\n' ? 1 : 0;
    }
    return line;
}

static void the_example_loads(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    write_file(example);
    const enum status status = config_load(path, &config, &error);
    assert_string_equal(status == STATUS_OK ? "" : error.text, "");
    assert_string_equal(config->core.node_name, "relayer");
    assert_int_equal(config->core.chains_count, 2);
    assert_int_equal(config->core.chains[0].domain, 901);
    assert_int_equal(config->core.chains[1].chain_id, 31338);
    assert_true(config->core.chains[0].relay_to);
    assert_false(config->core.chains[0].validate);
    assert_int_equal(config->journal_bytes_max, (uint64_t)64 << 30);
    const struct amount fee = amount_of("200000000000");
    assert_true(amount_equal(&config->core.chains[0].fee_per_gas_max, &fee));
    const struct amount move_min = amount_of("100000000");
    assert_true(amount_equal(&config->core.route.move_min, &move_min));
    assert_int_equal(config->core.routers[0].weight.value, 6000);
    assert_int_equal(config->core.synthetics_count, 1);
    assert_int_equal(config->core.synthetics[0].domain, config->core.chains[1].domain);
    assert_int_equal(config->core.synthetics[0].asset, 0);
    assert_int_equal(config->core.synthetics[0].router.bytes[31], 0x03);
    assert_int_equal(config->core.route.mode, ROUTE_OBSERVE);
    assert_int_equal(config->core.route.cooldown.ns, 60000000000u);
    char data[128];
    (void)snprintf(data, sizeof(data), "%s/data", folder);
    assert_string_equal(config->data, data);
    assert_true(config->signer_spawn);
    assert_null(config_free(config));
}

/* What of a mandate says how much of an asset is held where, and in how much calm. */
static void a_mandate_bounds_exposure_and_buffers(void **state)
{
    (void)state;
    static const char mandate[] =
        "format: sluice-mandate/1\nname: treasury\n"
        "assets: [{symbol: USDC, decimals: 6, price: 'chainlink:alpha:"
        "0x6666666666666666666666666666666666666611', price_second: 'chainlink:alpha:"
        "0x6666666666666666666666666666666666666612', price_age_max: 1 h, "
        "price_divergence_max: 1 %, delta_max: 900 USDC, delta_calm: 300 USDC, "
        "volatility_calm: 2 %}]\n"
        "chains: [{name: alpha, domain: 901}]\n"
        "venues: [{name: s, kind: spoke, chain: alpha, asset: USDC, "
        "address: '0x6666666666666666666666666666666666666601', "
        "token: '0x6666666666666666666666666666666666666602', buffer: 10 USDC, "
        "buffer_max: 40 USDC}]\n"
        "limits: {window: 1 h, tolerance: 1 %, move_min: 1 USDC, move_max: 5 USDC, "
        "velocity: 9 USDC, fee_max: 1 %, fee_native_max: 1 wei, margin: 1 %, cooldown: 1 s}\n"
        "change: {delay: 2 h, signatures: 2, signers: "
        "['0x00000000000000000000000000000000000000a1', "
        "'0x00000000000000000000000000000000000000a2']}\n"
        "approve: {plans: ['0x00000000000000000000000000000000000000a1']}\n";
    struct node_config *config = NULL;
    struct settings_error error;
    char file[80];
    FILE *stream;

    (void)snprintf(file, sizeof(file), "%s/mandate.yaml", folder);
    stream = fopen(file, "w");
    assert_non_null(stream);
    assert_true(fputs(mandate, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    write_file("node: {name: test, data: ./data}\nmandate: ./mandate.yaml\n"
               "chains:\n  - name: alpha\n    domain: 901\n    chain_id: 31337\n"
               "    endpoints: [ws://127.0.0.1:1]\n"
               "    mailbox: \"0x2222222222222222222222222222222222222201\"\n"
               "    merkle_tree_hook: \"0x2222222222222222222222222222222222222202\"\n"
               "    validator_announce: \"0x2222222222222222222222222222222222222203\"\n"
               "route: {mode: observe}\n");
    const enum status status = config_load(path, &config, &error);
    (void)unlink(file);
    assert_string_equal(status == STATUS_OK ? "" : error.text, "");
    const struct core_asset *asset = &config->core.assets[0];
    const struct amount wanted[] = {amount_of("900000000"), amount_of("300000000"),
                                    amount_of("10000000"), amount_of("40000000")};
    assert_true(amount_equal(&asset->delta_max, &wanted[0]));
    assert_true(amount_equal(&asset->delta_calm, &wanted[1]));
    assert_int_equal(asset->volatility_calm.value, 200);
    assert_int_equal(config->core.spokes_count, 1);
    assert_true(amount_equal(&config->core.spokes[0].idle_min, &wanted[2]));
    assert_true(amount_equal(&config->core.spokes[0].idle_most, &wanted[3]));
    assert_null(config_free(config));
}

/* The first chain is validated; the second as well when `both`. */
static enum status load_validator(const char *store, const char *credentials, bool both,
                                  struct node_config **ret_config, struct settings_error *error)
{
    char text[1024];
    (void)snprintf(text, sizeof(text),
                   "    validate: %s\n    relay: true\n    key: \"%s\"\n\nvalidator:\n"
                   "  address: \"0x5555555555555555555555555555555555555555\"\n  store: %s\n%s\n",
                   both ? "true" : "false", "0x3333333333333333333333333333333333333333", store,
                   credentials);
    write_changed("    relay: true\n    key: \"0x3333333333333333333333333333333333333333\"\n\n",
                  text);
    FILE *stream = fopen(path, "r");
    static char all[FILE_BYTES_MAX + 1024];
    assert_non_null(stream);
    all[fread(all, 1, sizeof(all) - 1, stream)] = '\0';
    (void)fclose(stream);
    char *flag = strstr(all, "    validate: false");
    assert_non_null(flag);
    memcpy(flag, "    validate: true ", strlen("    validate: true "));
    write_file(all);
    return config_load(path, ret_config, error);
}

static void stores_in_s3_are_read_and_printed(void **state)
{
    (void)state;
    static const struct {
        const char *store;
        const char *credentials;
        bool both;
        const char *location; /* of the first chain; NULL: refused */
    } cases[] = {
        {"s3://bucket/us-east-1", "  credentials: ./c", false, "s3://bucket/us-east-1"},
        {"s3://bucket/us-east-1/a", "  credentials: ./c", false, "s3://bucket/us-east-1/a"},
        {"\"s3://b-{chain}/us-east-1/a\"", "  credentials: ./c", true, "s3://b-alpha/us-east-1/a"},
        {"s3://bucket/us-east-1", "  credentials: ./c", true, NULL},
        {"s3://bucket/us-east-1", "", false, NULL},
        {"s3://bucket", "  credentials: ./c", false, NULL},
        {"s3://BUCKET/us-east-1", "  credentials: ./c", false, NULL},
        {"s3://bucket/us-east-1/../x", "  credentials: ./c", false, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node_config *config = NULL;
        struct settings_error error;
        const enum status status =
            load_validator(cases[i].store, cases[i].credentials, cases[i].both, &config, &error);
        if (cases[i].location == NULL) {
            assert_status(STATUS_MALFORMED, status);
            continue;
        }
        assert_string_equal(status == STATUS_OK ? "" : error.text, "");
        assert_string_equal(config->core.chains[0].storage_location, cases[i].location);
        char *text = NULL;
        size_t count = 0;
        FILE *out = open_memstream(&text, &count);
        assert_non_null(out);
        config_print(config, out);
        (void)fclose(out);
        config_free(config);
        write_file(text);
        free(text);
        assert_status(STATUS_OK, config_load(path, &config, &error));
        assert_string_equal(config->core.chains[0].storage_location, cases[i].location);
        config_free(config);
    }
}

static void servers_of_stores_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool good;
    } cases[] = {
        {"  s3_endpoint: https://minio.example:9000\n", true},
        {"  s3_endpoint: http://127.0.0.1:9000\n  gcs_endpoint: https://g.example\n", true},
        {"  s3_endpoint: minio.example\n", false},
        {"  s3_endpoint: https://minio.example/path\n", false},
        {"  gcs_endpoint: ftp://x\n", false},
        {"  private_addresses: perhaps\n", false}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node_config *config = NULL;
        struct settings_error error;
        write_changed("  private_addresses: false ", cases[i].line);
        assert_status(cases[i].good ? STATUS_OK : STATUS_MALFORMED,
                      config_load(path, &config, &error));
        if (cases[i].good) {
            assert_false(config->stores_private);
            assert_true(config->s3_endpoint[0] == 'h');
        }
        config_free(config);
    }
}

/* Two answers must never both have a quorum behind them: more than half is the least. */
static void the_quorum_is_more_than_half(void **state)
{
    (void)state;
    static const char from[] =
        "[ws://127.0.0.1:18540]       # up to 8; ws:// or wss://, or http(s)://\n    quorum: 1 ";
    static const char four[] = "[ws://a, ws://b, ws://c, ws://d]";
    static const struct {
        const char *quorum;
        uint32_t is; /* 0: refused */
    } cases[] = {{"", 3}, {"quorum: 2", 0}, {"quorum: 3", 3}, {"quorum: 4", 4}, {"quorum: 5", 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node_config *config = NULL;
        struct settings_error error;
        char to[128];
        (void)snprintf(to, sizeof(to), "%s\n    %s #", four, cases[i].quorum);
        write_changed(from, to);
        assert_status(cases[i].is == 0 ? STATUS_MALFORMED : STATUS_OK,
                      config_load(path, &config, &error));
        if (cases[i].is != 0) {
            assert_int_equal(config_chain(config, 0).quorum, cases[i].is);
            config_free(config);
        }
    }
}

static void keys_and_ways_to_send_are_read(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    write_changed(KEY, "    keys: [\"0x3333333333333333333333333333333333333333\", " OTHER "]\n"
                       "    submit: [ws://127.0.0.1:9001, wss://private.example]");
    assert_status(STATUS_OK, config_load(path, &config, &error));
    const struct core_chain *core = &config->core.chains[0];
    assert_int_equal(core->key.bytes[31], 0x33);
    assert_int_equal(core->delivery_keys_count, 1);
    assert_int_equal(core->delivery_keys[0].bytes[31], 0x34);
    assert_int_equal(core->in_flight_max, 64);
    assert_int_equal(core->validators_min, 2);
    assert_int_equal(core->batch_messages_max, 16);
    assert_int_equal(core->batch_contract.bytes[31], 0x11);
    assert_int_equal(core->inclusion_deadline.ns, 120000000000u);
    const struct amount most = amount_of("5000000000");
    assert_true(amount_equal(&core->priority_fee_max, &most));
    assert_int_equal(config->chains[0].endpoints_count, 3);
    assert_int_equal(config->chains[0].submit_count, 2);
    const struct chain_config chain = config_chain(config, 0);
    assert_int_equal(chain.submit_count, 2);
    assert_int_equal(chain.transactions, TRANSACTIONS_DETECTED);
    /* What nothing is said of. */
    core = &config->core.chains[1];
    assert_true(amount_equal(&core->priority_fee_max, &core->fee_per_gas_max));
    assert_true(amount_is_zero(&core->transaction_fee_max));
    assert_int_equal(core->delivery_keys_count, 0);
    assert_int_equal(config->chains[1].submit_count, 0);
    config_free(config);
}

static void what_is_printed_loads_again_of(const char *text)
{
    static char printed[2][FILE_BYTES_MAX];
    write_file(text);
    for (size_t i = 0; i < 2; i++) {
        struct node_config *config = NULL;
        struct settings_error error;
        assert_status(STATUS_OK, config_load(path, &config, &error));
        FILE *stream = fmemopen(printed[i], sizeof(printed[i]), "w");
        assert_non_null(stream);
        config_print(config, stream);
        assert_int_equal(fclose(stream), 0);
        config_free(config);
        write_file(printed[i]);
    }
    assert_string_equal(printed[0], printed[1]);
}

/* What is printed is a configuration again, and the same one. */
static void what_is_printed_loads_again(void **state)
{
    (void)state;
    static char text[FILE_BYTES_MAX];
    what_is_printed_loads_again_of(example);
    write_changed(KEY, "    keys: [\"0x3333333333333333333333333333333333333333\", " OTHER "]\n"
                       "    submit: [wss://private.example]\n    # was");
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    const size_t count = fread(text, 1, sizeof(text) - 1, stream);
    assert_int_equal(fclose(stream), 0);
    text[count] = '\0';
    what_is_printed_loads_again_of(text);
    write_changed("    # limits: ", LIMITS("calls_per_second: 25, calls_per_day: 300000") "#");
    stream = fopen(path, "r");
    assert_non_null(stream);
    const size_t more = fread(text, 1, sizeof(text) - 1, stream);
    assert_int_equal(fclose(stream), 0);
    text[more] = '\0';
    what_is_printed_loads_again_of(text);
}

static void a_tier_of_large_values_is_read(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    const struct amount wanted = amount_from_u64(100000000000);

    write_changed("# large: ", "large: {value: 100000 USDC, blocks: 32}\n#");
    assert_status(STATUS_OK, config_load(path, &config, &error));
    assert_int_equal(amount_compare(&config->core.large.value, &wanted), 0);
    assert_int_equal(config->core.large.blocks, 32);
    FILE *stream = fopen(path, "w");
    config_print(config, stream);
    assert_int_equal(fclose(stream), 0);
    (void)config_free(config);
    assert_status(STATUS_OK, config_load(path, &config, &error));
    assert_int_equal(amount_compare(&config->core.large.value, &wanted), 0);
    assert_int_equal(config->core.large.blocks, 32);
    (void)config_free(config);
}

#define DELIVERY                                                                                   \
    "currency: USD\n"                                                                              \
    "rates:\n"                                                                                     \
    "  - {chain: alpha, price: 3000.5 USD}\n"                                                      \
    "  - {chain: alpha, token: \"0x6666666666666666666666666666666666666666\", decimals: 6,"       \
    " price: 1 USD}\n"                                                                             \
    "delivery_limits:\n"                                                                           \
    "  - {name: thrifty, match: '[{\"destinationdomain\": 902}, {\"origindomain\": 7}]',"          \
    " fee_per_gas_max: 20 gwei, profit_min: 0.05 USD, budget: 0.5 ether, window: 1 h}\n"           \
    "  - {name: rest, match: '[{}]', profit_min: 0 USD}\n"

static void check_delivery(const struct core_policy *policy)
{
    struct core_policy all = *policy;
    struct amount amount;

    assert_true(policy_is_sound(policy));
    assert_string_equal("USD", policy->currency);
    assert_int_equal(2, policy->rates_count);
    assert_int_equal(901, policy->rates[0].domain);
    assert_int_equal(18, policy->rates[0].decimals);
    assert_status(STATUS_OK, settings_parse_amount("3000.5 x", "x", 18, &amount));
    assert_true(amount_equal(&amount, &policy->rates[0].price));
    assert_int_equal(6, policy->rates[1].decimals);
    assert_false(address_is_zero(&policy->rates[1].token));
    assert_int_equal(2, policy->limits_count);
    assert_string_equal("thrifty", policy->limits[0].name);
    amount = amount_from_u64(UINT64_C(20000000000));
    assert_true(amount_equal(&amount, &policy->limits[0].fee_per_gas_max));
    amount = amount_from_u64(UINT64_C(50000000000000000));
    assert_true(amount_equal(&amount, &policy->limits[0].profit_min));
    amount = amount_from_u64(UINT64_C(500000000000000000));
    assert_true(amount_equal(&amount, &policy->limits[0].budget));
    assert_int_equal(UINT64_C(3600000000000), policy->limits[0].window.ns);
    assert_true(policy->limits[1].wants_profit);
    assert_true(amount_is_zero(&policy->limits[1].profit_min));
    assert_int_equal(3, all.rules_count);
    assert_int_equal(RULE_LIMIT, all.rules[1].kind);
    assert_int_equal(0, all.rules[1].limit);
    assert_int_equal(1, all.rules[2].limit);
}

static void what_deliveries_may_cost_is_read(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;

    write_changed("# large: ", DELIVERY "# ");
    assert_status(STATUS_OK, config_load(path, &config, &error));
    check_delivery(&config->core.policy);
    FILE *stream = fopen(path, "w");
    config_print(config, stream);
    assert_int_equal(fclose(stream), 0);
    (void)config_free(config);
    assert_status(STATUS_OK, config_load(path, &config, &error));
    check_delivery(&config->core.policy);
    (void)config_free(config);
}

static void limits_stand_beside_their_endpoints(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;

    write_changed("    # limits: ",
                  LIMITS("calls_per_second: 25, burst: 50, calls_per_day: 300000") "#");
    assert_status(STATUS_OK, config_load(path, &config, &error));
    const struct chain_config alpha = config_chain(config, 0);
    const struct chain_config beta = config_chain(config, 1);
    assert_int_equal(alpha.limits[0].calls_per_second, 25);
    assert_int_equal(alpha.limits[0].calls_burst, 50);
    assert_int_equal(alpha.limits[0].calls_per_day, 300000);
    assert_int_equal(beta.limits[0].calls_per_second, 0);
    assert_int_equal(beta.limits[0].calls_per_day, 0);
    (void)config_free(config);
}

struct mistake {
    const char *from;
    const char *to;
    const char *at;   /* text on the line that is named */
    const char *says; /* part of the message */
};

static const struct mistake mistakes[] = {
    {"mailbox: \"0x2", "malbox: \"0x2", "mailbox: \"0x2", "mailbox"},
    {"domain: 901", "domain: 902", "domain: 902", "another chain"},
    {"domain: 901", "domain: -1", "domain: 901", "domain"},
    {"domain: 901", "domain: 4294967296", "domain: 901", "domain"},
    {"quorum: 1 ", "quorum: 0 ", "quorum: 1 ", "whole number"},
    {"quorum: 1 ", "quorum: 2 ", "quorum: 1 ", "at most all"},
    {"weight: 60 %", "weight: 61 %", "- chain: alpha", "101.00 %"},
    {"weight: 60 %", "weight: 60", "weight: 60 %", "weight"},
    {"cooldown: 60 s", "cooldown: 60", "cooldown: 60 s", "cooldown"},
    {"bridge: \"0x6666666666666666666666666666666666666603\"",
     "bridge: \"0x6666666666666666666666666666666666666601\"", "bridge: \"0x66", "count twice"},
    {"router: \"0x7777777777777777777777777777777777777703\"",
     "router: \"0x7777777777777777777777777777777777777701\"", "7777703\"", "holds collateral or"},
    {"router: \"0x7777777777777777777777777777777777777703\"",
     "router: \"0x7777777777777777777777777777777777777703\"\n"
     "  - {chain: beta, asset: USDC, router: \"0x7777777777777777777777777777777777777703\"}",
     "\nvaults:", "there twice"},
    {"    key: \"0x33",
     "    keys: [\"0x3333333333333333333333333333333333333334\"]\n    key: \"0x33",
     "    key: \"0x33", "give one of the two"},
    {KEY, "    keys: [" OTHER ", " OTHER "] #", "    key: \"0x33", "twice"},
    {KEY, "    keys: [\"0x34\"] #", "    key: \"0x33", "keys[0]"},
    {"priority_fee_max: 5 gwei", "priority_fee_max: 0.5 gwei", "priority_fee_max", "below"},
    {"priority_fee_max: 5 gwei", "priority_fee_max: 201 gwei", "priority_fee_max", "above"},
    {"validators_min: 2", "validators_min: 101", "validators_min", "from 0 to 100"},
    {"in_flight_max: 64", "in_flight_max: 0", "in_flight_max", "from 1 to 1024"},
    {"in_flight_max: 64", "in_flight_max: 1025", "in_flight_max", "from 1 to 1024"},
    {"batch_max: 16", "batch_max: 1", "batch_max", "from 2 to 16"},
    {"batch_max: 16", "batch_max: 17", "batch_max", "from 2 to 16"},
    {"    multicall: ", "    # ", "batch_max", "needs \"multicall\""},
    {"transactions: detect", "transactions: eip1559", "transactions:", "detect, dynamic or legacy"},
    {"sign_lookups: false", "sign_lookups: maybe", "sign_lookups", "true or false"},
    {"data_fee: none", "data_fee: arbitrum", "data_fee:", "none or op-stack"},
    {"inclusion_deadline: 120 s", "inclusion_deadline: 120", "inclusion_deadline", "min or h"},
    {"    # submit: [wss://private.example]", "    submit: [ftp://private.example] #",
     "    # submit:", "wss, http or https"},
    {"    # submit: [wss://private.example]",
     "    submit: [ws://a, ws://a, ws://a, ws://a, ws://a, ws://a, ws://a, ws://a] #",
     "    # submit:", ""},
    {"200 gwei", "200", "fee_per_gas_max: 200", "gwei"},
    {"move_min: 100 USDC", "move_min: 100 USDT", "move_min:", "USDC"},
    {"move_min: 100 USDC", "move_min: 0.0000001 USDC", "move_min:", "USDC"},
    {"move_min: 100 USDC", "move_min: 2000000 USDC", "move_min:", "move_max"},
    {"ws://127.0.0.1:18540", "ftp://127.0.0.1:18540", "18540", "wss, http or https"},
    {"relay: true                     #", "relay: yes #", "relay: true      ", "true or false"},
    {"0x2222222222222222222222222222222222222201", "0x222222222222222222222222222222222222220",
     "mailbox: \"0x2", "hexadecimal"},
    {"asset: USDC\n    router: \"0x6", "asset: DAI\n    router: \"0x6", "asset: USDC", "assets"},
    {"chain: beta", "chain: betta", "chain: beta", "chain"},
    {"mode: observe", "mode: go", "mode: observe", "act"},
    {"journal_max: 64 GiB", "journal_max: 64", "journal_max", "GiB"},
    {"# journal_keep: 1000000", "  journal_keep: 4095", "# journal_keep", "4096"},
    {"# journal_keep: 1000000", "  journal_keep: all", "# journal_keep", "4096"},
    {"name: beta", "name: alpha", "name: beta", "another chain"},
    {"name: beta", "name: ..", "name: beta", "dot"},
    {"validate: false                 # (o", "validate: true # (o", "validate: false    ",
     "validator"},
    {"node:\n  name: relayer", "node:\n  name: relayer\n  name: again", "data: ./data", "name"},
    {"    # limits: ", "    limits: [{endpoint: \"ws://b\", calls_per_day: 1}]\n    #",
     "    # limits: ", "none of this chain"},
    {"# large: ", "large: {value: 0 USDC}\n#", "# large: ", "more than nothing"},
    {"# large: ", "rates: [{chain: alpha, price: 1 USD}]\n# ", "# large: ", "currency"},
    {"# large: ", "rates: [{chain: alpha, price: 1 EUR}]\ncurrency: USD\n# ",
     "# large: ", "a number and USD"},
    {"# large: ", "rates: [{chain: alpha, price: 0 USD}]\ncurrency: USD\n# ",
     "# large: ", "more than nothing"},
    {"# large: ", "rates: [{chain: gamma, price: 1 USD}]\ncurrency: USD\n# ",
     "# large: ", "is not one of"},
    {"# large: ",
     "rates: [{chain: alpha, price: 1 USD}, {chain: alpha, price: 2 USD}]\ncurrency: USD\n# ",
     "# large: ", "one price"},
    {"# large: ", "delivery_limits: [{name: a, match: '[{}]', profit_min: 1 USD}]\n# ",
     "# large: ", "needs \"currency\""},
    {"# large: ", "delivery_limits: [{name: a, match: '[{}]', window: 1 h}]\n# ",
     "# large: ", "needs \"budget\""},
    {"# large: ", "delivery_limits: [{name: a, match: '[{}]', budget: 0 wei}]\n# ",
     "# large: ", "more than nothing"},
    {"# large: ", "delivery_limits: [{name: a, match: '[{}]', budget: 1 wei, window: 0 s}]\n# ",
     "# large: ", "more than nothing"},
    {"# large: ", "delivery_limits: [{name: \"\", match: '[{}]'}]\n# ", "# large: ", "1 to 511"},
    {"# large: ", "delivery_limits: [{name: a, match: '[{}]'}, {name: a, match: '[{}]'}]\n# ",
     "# large: ", "another limit"},
    {"# large: ", "large: {value: 100}\n#", "# large: ", "USDC"},
    {"# large: ", "large: {value: 1 USDC, blocks: -1}\n#", "# large: ", "blocks"},
    {"    # limits: ", LIMITS("burst: 1, calls_per_day: 1") "#", "    # limits: ", "burst"},
    {"    # limits: ", LIMITS("calls_per_day: 0") "#", "    # limits: ", "calls_per_day"},
    {"    # limits: ", LIMITS("calls_per_second: 1000001") "#", "    # limits: ", "1000000"},
    {"    # limits: ", "    limits: [{endpoint: \"ws://127.0.0.1:18540\"}]\n    #",
     "    # limits: ", "needs"},
    {"finality: finalized", "finality: 0", "finality: finalized", "depth"},
    {"retries_max: 66", "retries_max: 0", "retries_max", "from 1 to 1000000"},
    {"retry_wait_max: 24 h", "retry_wait_max: 24", "retry_wait_max", "min or h"},
    {"# whitelist: '[{", "  whitelist: '[{\"x\": 1}, {", "whitelist: ", "not known: 'x'"},
    {"# whitelist: '[{", "  whitelist: nowhere.json #", "whitelist: ", "can be read"},
    {"# address_blacklist: '", "  address_blacklist: '[\"0x12\"]' #",
     "address_blacklist: ", "20 or"},
};

static void each_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        const struct mistake *mistake = &mistakes[i];
        struct node_config *config = NULL;
        struct settings_error error = {{0}};
        write_changed(mistake->from, mistake->to);
        const enum status status = config_load(path, &config, &error);
        if (status != STATUS_MALFORMED) {
            fail_msg("'%s': status %s: %s", mistake->to, status_name(status), error.text);
        }
        char place[128];
        (void)snprintf(place, sizeof(place), "%s:%zu:", path, line_of(mistake->at));
        if (strncmp(error.text, place, strlen(place)) != 0 ||
            strstr(error.text, mistake->says) == NULL) {
            fail_msg("'%s' should name %s and '%s': %s", mistake->to, place, mistake->says,
                     error.text);
        }
    }
}

/* EIP-55: the second address differs from the first in the case of one letter. */
static void a_wrong_checksum_is_refused(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    write_changed("0x2222222222222222222222222222222222222201",
                  "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    assert_status(STATUS_OK, config_load(path, &config, &error));
    config_free(config);
    write_changed("0x2222222222222222222222222222222222222201",
                  "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD");
    assert_status(STATUS_MALFORMED, config_load(path, &config, &error));
    assert_non_null(strstr(error.text, "checksum"));
}

static void act_needs_a_signer_of_its_own(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    write_changed("mode: observe", "mode: act");
    assert_status(STATUS_OK, config_load(path, &config, &error));
    config_free(config);
    char text[FILE_BYTES_MAX];
    memcpy(text, example, sizeof(text));
    char *devnet = strstr(example, "devnet: true");
    memcpy(devnet, "devnet: false", 13);
    write_changed("mode: observe", "mode: act");
    memcpy(example, text, sizeof(text));
    assert_status(STATUS_REFUSED, config_load(path, &config, &error));
    assert_non_null(strstr(error.text, "sluice-signer"));
}

static void socket_paths_are_bounded(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    write_changed("socket: ./signer.sock",
                  "socket: /a234567890b234567890c234567890d234567890e234567890f234567890g23456789"
                  "0h234567890i234567890j234567890k234567");
    assert_status(STATUS_MALFORMED, config_load(path, &config, &error));
    assert_non_null(strstr(error.text, "107"));
}

/* Whom the node tells: read, printed, read again; what could be an option or a header is refused.
 */
static void alerts_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why; /* in the error; NULL: it is taken */
    } cases[] = {
        {"{}", NULL},
        {"{command: [./page, -x, \"a b\"], hold: 2 s, repeat: 0 s, per_hour: 5}", NULL},
        {"{webhook: \"https://hooks.example/x?y=1\", webhook_token: ./token}", NULL},
        {"{webhook: \"http://127.0.0.1:9000/x\"}", NULL},
        {"{mail_to: ops@example.org, sendmail: /usr/lib/sendmail}", NULL},
        {"{webhook: \"http://hooks.example/x\"}", "must be https"},
        {"{webhook: \"https://user@hooks.example/x\"}", "must be https"},
        {"{webhook_token: ./token}", "needs a \"webhook\""},
        {"{mail_to: -oQ/tmp@example.org}", "one mail address"},
        {"{mail_to: \"a@b.c, d@e.f\"}", "one mail address"},
        {"{mail_to: \"a@b.c\\nBcc: d@e.f\"}", "one mail address"},
        {"{mail_from: a@b.c}", "needs a \"mail_to\""},
        {"{command: []}", ""},
        {"{command: [a, b, c, d, e, f, g, h, i]}", ""},
        {"{hold: 10}", "must be a number with ms"},
        {"{hold: 1 ms}", "at least 100 ms"},
        {"{per_hour: 0}", "from 1 to 1000"},
        {"{web_hook: x}", "webhook"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node_config *config = NULL;
        struct settings_error error;
        char line[256];
        (void)snprintf(line, sizeof(line), "alerts: %s\n#", cases[i].text);
        write_changed("# alerts: ", line);
        const enum status status = config_load(path, &config, &error);
        assert_status(cases[i].why == NULL ? STATUS_OK : STATUS_MALFORMED, status);
        if (cases[i].why != NULL) {
            assert_non_null(strstr(error.text, cases[i].why));
            continue;
        }
        const struct node_alerts first = config->alerts;
        assert_true(first.is_on);
        FILE *stream = fopen(path, "w");
        config_print(config, stream);
        assert_int_equal(fclose(stream), 0);
        (void)config_free(config);
        assert_status(STATUS_OK, config_load(path, &config, &error));
        assert_memory_equal(&first, &config->alerts, sizeof(first));
        (void)config_free(config);
    }
}

static void files_that_are_no_configuration_are_refused(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    static const char *const texts[] = {"",
                                        "[]",
                                        "a: [",
                                        "node: &a {name: x}\nsigner: *a\n",
                                        "\xff\xfe\xff",
                                        "chains: []\nnode: {name: x}\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_file(texts[i]);
        assert_status(STATUS_MALFORMED, config_load(path, &config, &error));
        assert_true(strlen(error.text) > strlen(path));
    }
    assert_status(STATUS_NOT_FOUND, config_load("/nonexistent.yaml", &config, &error));
    assert_non_null(strstr(error.text, "/nonexistent.yaml"));
}

static void endpoints_are_taken_apart(void **state)
{
    (void)state;
    struct endpoint endpoint;
    assert_status(STATUS_OK, endpoint_parse("ws://127.0.0.1:8545", &endpoint));
    assert_string_equal(endpoint.host, "127.0.0.1");
    assert_int_equal(endpoint.port, 8545);
    assert_string_equal(endpoint.path, "/");
    assert_false(endpoint.tls);
    assert_status(STATUS_OK, endpoint_parse("wss://rpc.example.org/v1/key?x=1", &endpoint));
    assert_string_equal(endpoint.host, "rpc.example.org");
    assert_int_equal(endpoint.port, 443);
    assert_string_equal(endpoint.path, "/v1/key?x=1");
    assert_true(endpoint.tls);
    assert_false(endpoint.is_http);
    assert_status(STATUS_OK, endpoint_parse("https://rpc.example.org", &endpoint));
    assert_true(endpoint.is_http);
    assert_true(endpoint.tls);
    assert_status(STATUS_OK, endpoint_parse("http://rpc.example.org:1", &endpoint));
    assert_true(endpoint.is_http);
    assert_false(endpoint.tls);
    assert_status(STATUS_OK, endpoint_parse("ws://[::1]:1", &endpoint));
    assert_string_equal(endpoint.host, "::1");
    static const char *const bad[] = {
        "",           "ws://",       "ws://:80",    "ws://host:", "ws://host:0", "ws://h:65536",
        "ws://h:1x",  "ftp://h",     "http:/h",     "ws://h/a b", "ws://[::1",   "ws://u@h",
        "ws://h:1:2", "ws://h/\x01", "ws://[zz]:1", "wss://h\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, endpoint_parse(bad[i], &endpoint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_loads),
        cmocka_unit_test(a_mandate_bounds_exposure_and_buffers),
        cmocka_unit_test(keys_and_ways_to_send_are_read),
        cmocka_unit_test(the_quorum_is_more_than_half),
        cmocka_unit_test(what_is_printed_loads_again),
        cmocka_unit_test(a_tier_of_large_values_is_read),
        cmocka_unit_test(what_deliveries_may_cost_is_read),
        cmocka_unit_test(limits_stand_beside_their_endpoints),
        cmocka_unit_test(each_mistake_is_named_with_its_place),
        cmocka_unit_test(a_wrong_checksum_is_refused),
        cmocka_unit_test(act_needs_a_signer_of_its_own),
        cmocka_unit_test(socket_paths_are_bounded),
        cmocka_unit_test(alerts_are_read),
        cmocka_unit_test(files_that_are_no_configuration_are_refused),
        cmocka_unit_test(endpoints_are_taken_apart),
        cmocka_unit_test(stores_in_s3_are_read_and_printed),
        cmocka_unit_test(servers_of_stores_are_checked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
