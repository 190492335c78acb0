/* SPDX-License-Identifier: Apache-2.0 */
/* signer.yaml: the example loads as it reads, and each mistake is refused at its place. */
#include "relay/signer/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/hex.h"
#include "tests/support/unit.h"

#define AWAY             "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
#define PKCS11(settings) "    address: " AWAY "\n    pkcs11: {" settings "}\n"
#define KMS(settings)    "    address: " AWAY "\n    kms: {" settings "}\n"
#define RELAYER                                                                                    \
    "    keystore: ./keys/relayer.json\n"                                                          \
    "    # Readable by its owner alone (mode 0600); or credential:NAME, given by the service "     \
    "manager with\n"                                                                               \
    "    # LoadCredential= or LoadCredentialEncrypted=NAME:PATH.\n"                                \
    "    passphrase_file: ./keys/relayer.pass\n"

static char example[16384];
static char path[64];
static struct settings_error error;

static int read_example(void **state)
{
    struct buffer text = buffer_from(example, sizeof(example) - 1);
    (void)state;
    if (file_read(SIGNER_EXAMPLE, &text) != FILE_OK) {
        return -1;
    }
    example[text.count] = '\0';
    (void)snprintf(path, sizeof(path), "/tmp/sluice-signer-config-XXXXXX");
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* Loads the example with its first `from` replaced. NULL: refused, and `error` says why. */
static struct signer_config *load_changed(const char *from, const char *to)
{
    struct signer_config *config = NULL;
    const char *at = strstr(example, from);
    assert_non_null(at);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    (void)fprintf(file, "%.*s%s%s", (int)(at - example), example, to, at + strlen(from));
    assert_int_equal(fclose(file), 0);
    const enum status status = signer_config_load(path, &config, &error);
    assert_true((status == STATUS_OK) == (config != NULL));
    if (status != STATUS_OK) {
        assert_int_equal(status, STATUS_MALFORMED);
        assert_int_equal(strncmp(error.text, path, strlen(path)), 0);
    }
    return config;
}

static void the_example_loads_as_it_reads(void **state)
{
    (void)state;
    struct signer_config *config = load_changed("mode: observe", "mode: act");
    assert_non_null(config);
    assert_string_equal(config->socket, "/tmp/signer/signer.sock");
    assert_string_equal(config->state, "/tmp/signer");
    assert_false(config->has_client_uid);
    assert_int_equal(config->keys_count, 2);
    assert_true(config->keys[0].chain && !config->keys[0].validator);
    assert_true(!config->keys[1].chain && config->keys[1].validator);
    assert_string_equal(config->keys[1].keystore, "/tmp/keys/validator.json");
    assert_int_equal(config->policy.mode, SIGNER_MODE_ACT);
    assert_int_equal(config->policy.chains_count, 1);
    const struct policy_chain *chain = &config->policy.chains[0];
    assert_int_equal(chain->domain, 901);
    assert_int_equal(chain->chain_id, 31337);
    assert_int_equal(chain->gas_limit_max, 3000000);
    const struct amount fee = amount_from_u64(200000000000u);
    assert_true(amount_equal(&chain->fee_per_gas_max, &fee));
    const struct amount value = amount_from_u64(10000000000000000u);
    assert_true(amount_equal(&chain->value_max, &value));
    assert_int_equal(chain->rules_count, 4);
    assert_int_equal(chain->rules[3].leg, LEG_BATCH);
    assert_int_equal(chain->rules[1].leg, LEG_REBALANCE);
    assert_int_equal(chain->rules[1].destinations_count, 2);
    assert_int_equal(chain->rules[1].destinations[1], 903);
    assert_int_equal(chain->rules[1].bridges_count, 1);
    const struct amount most = amount_from_u64(250000000000u);
    assert_true(amount_equal(&chain->rules[1].amount_max, &most));
    assert_true(chain->validates);
    assert_true(address_equal(&chain->mailbox, &chain->rules[0].contract));
    signer_config_free(config);
}

static void what_a_spoke_may_do_is_loaded(void **state)
{
    (void)state;
    struct signer_config *config = load_changed(
        "      - leg: process\n", "      - leg: withdraw\n"
                                  "        contract: 0x5FbDB2315678afecb367f032d93F642f64180aa3\n"
                                  "        venues: [4, 0]\n"
                                  "        amount_max: 5 base units\n"
                                  "        amount_per_hour_max: 6 base units\n"
                                  "      - leg: process\n");
    assert_non_null(config);
    const struct policy_rule *rule = &config->policy.chains[0].rules[0];
    const struct amount six = amount_from_u64(6);
    assert_int_equal(rule->leg, LEG_VENUE);
    assert_int_equal(rule->verb, VENUE_WITHDRAW);
    assert_int_equal(rule->venues_count, 2);
    assert_int_equal(rule->venues[0], 4);
    assert_true(amount_equal(&rule->amount_per_hour_max, &six));
    signer_config_free(config);
    config = load_changed("        bridges:", "        guard: "
                                              "0x5FbDB2315678afecb367f032d93F642f64180aa3\n"
                                              "        bridges:");
    assert_non_null(config);
    const struct address guard = config->policy.chains[0].rules[0].contract;
    assert_true(address_equal(&config->policy.chains[0].rules[1].guard, &guard));
    signer_config_free(config);
}

#define MANDATE "0x4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d"

static void without_a_mode_nothing_moves(void **state)
{
    (void)state;
    struct signer_config *config = load_changed("mode: observe\n", "");
    assert_non_null(config);
    assert_int_equal(config->policy.mode, SIGNER_MODE_OBSERVE);
    signer_config_free(config);
    config =
        load_changed("mode: observe", "client_uid: 1001\nmode: propose\nmandate: " MANDATE
                                      "\napprovers: [0x90F79bf6EB2c4f870365E785982E1f101E93b906]");
    assert_non_null(config);
    assert_int_equal(config->policy.mode, SIGNER_MODE_PROPOSE);
    assert_true(config->policy.has_mandate);
    assert_int_equal(config->policy.mandate.bytes[31], 0x4d);
    assert_int_equal(config->policy.approvers_count, 1);
    assert_int_equal(config->policy.approvers[0].bytes[12], 0x90);
    assert_true(config->has_client_uid);
    assert_int_equal(config->client_uid, 1001);
    signer_config_free(config);
}

struct mistake {
    const char *from;
    const char *to;
    const char *words;
};

static void is_refused_at_its_place(const struct mistake *mistake)
{
    struct signer_config *config = load_changed(mistake->from, mistake->to);
    if (config != NULL || strstr(error.text, mistake->words) == NULL) {
        print_error("%s -> %s: %s\n", mistake->from, mistake->to,
                    config != NULL ? "loaded" : error.text);
    }
    assert_null(config);
    assert_non_null(strstr(error.text, mistake->words));
    /* file:line:column: */
    const char *place = error.text + strlen(path);
    assert_true(place[0] == ':' && place[1] >= '1' && place[1] <= '9');
}

static void each_mistake_is_refused_at_its_place(void **state)
{
    (void)state;
    const struct mistake mistakes[] = {
        {"mode: observe", "mode: watch", "mode: \"watch\" is not a mode"},
        {"mode: observe", "mode: propose", "mode: propose needs `mandate` or `mandate_file`, and"},
        {"mode: observe", "mode: propose\nmandate: " MANDATE, "mode: propose needs"},
        {"mode: observe", "mandate: 0x4d\nmode: act", "mandate: \"0x4d\" is not the hash"},
        {"mode: observe",
         "mode: act\nmandate: " MANDATE "\napprovers: [0x90F79bf6EB2c4f870365E785982E1f101E93b906]",
         "approvers: approvers belong to"},
        {"mode: observe", "mode: propose\nmandate: " MANDATE "\napprovers: [0x90]",
         "approvers[0]: "},
        {"mode: observe", "moed: observe", "nearest known one is \"mode\""},
        {"mode: observe", "client_uid: -1", "client_uid: \"-1\""},
        {"roles: [chain]", "roles: [chian]", "keys[0].roles[0]"},
        {"roles: [chain]", "roles: []", "roles"},
        {"name: relayer", "name: re layer", "keys[0].name"},
        {"domain: 901", "domain: 4294967296", "chains[0].domain"},
        {"domain: 901", "domain: -1", "chains[0].domain"},
        {"domain: 901", "domain: 0", "chains[0].domain"},
        {"chain_id: 31337", "chain_id: 18446744073709551616", "chains[0].chain_id"},
        {"gas_limit_max: 3000000", "gas_limit_max: 20999", "chains[0].gas_limit_max"},
        {"200 gwei", "200", "chains[0].fee_per_gas_max"},
        {"200 gwei", "200 gewi", "chains[0].fee_per_gas_max"},
        {"0.01 ether", "-0.01 ether", "chains[0].value_max"},
        {"50 ether", "50 USDC", "chains[0].spend_per_hour_max"},
        {"leg: process", "leg: approve", "chains[0].allow[0].leg"},
        {"leg: process", "leg: cancel", "chains[0].allow[0].leg"},
        {"0x5FbDB2", "0x5FbDb2", "wrong checksum"},
        {"0x5FbDB2315678afecb367f032d93F642f64180aa3", "0x0000000000000000000000000000000000000000",
         "chains[0].allow[0].contract"},
        {"0x5FbDB2315678afecb367f032d93F642f64180aa3", "0x5FbDB2315678afecb367f032d93F642f64180a",
         "chains[0].allow[0].contract"},
        {"[902, 903]", "[902, x]", "chains[0].allow[1].destinations[1]"},
        {"[902, 903]", "[]", "destinations"},
        {"250000000000 base units", "250000000000", "chains[0].allow[1].amount_max"},
        {"250000000000 base units", "0.5 base units", "chains[0].allow[1].amount_max"},
        {"        amount_max: 250000000000 base units\n", "", "a rebalance needs"},
        {"leg: process", "leg: process\n        amount_max: 1 base units", "belong to a rebalance"},
        {"leg: process", "leg: process\n        venues: [1]", "belong to what a spoke does"},
        {"leg: process", "leg: process\n        guard: 0x5FbDB2315678afecb367f032d93F642f64180aa3",
         "guard belongs to a rebalance alone"},
        {"leg: process", "leg: bridge", "a bridge needs bridges, destinations"},
        {"leg: process", "leg: process\n        token: 0x5FbDB2315678afecb367f032d93F642f64180aa3",
         "needs the token that goes over it, and nothing else has one"},
        {"leg: process", "leg: deposit", "a deposit needs venues"},
        {"leg: announce\n        contract: 0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9",
         "leg: process\n        contract: 0x5FbDB2315678afecb367f032d93F642f64180aa3",
         "allowed above already"},
        {"merkle_tree_hook: ", "merkle_hook: ", "unknown key"},
        {"socket: ./signer/",
         "socket: /0123456789012345678901234567890123456789012345678901234567"
         "89012345678901234567890123456789012345678901234567890/",
         "longer than 107 bytes"},
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        is_refused_at_its_place(&mistakes[i]);
    }
}

static void each_mistake_about_a_key_is_refused(void **state)
{
    const struct mistake mistakes[] = {
        {"    keystore: ./keys/relayer.json\n", "", "keys[0]: a key is in a keystore"},
        {"    keystore: ./keys/relayer.json\n", "    keystore: ./k\n    address: " AWAY "\n",
         "keys[0]: a key is in a keystore"},
        {"    keystore: ./keys/relayer.json\n", "    web3signer: {url: http://a}\n",
         "keys[0]: a key elsewhere needs"},
        {RELAYER, "    address: " AWAY "\n    web3signer: {url: keys.example.com}\n",
         "keys[0].web3signer.url: \"keys.example.com\""},
        {RELAYER, "    address: 0x12\n    web3signer: {url: http://a}\n", "keys[0].address"},
        {RELAYER, "    address: " AWAY "\n    web3signer: {url: http://a, authority: x}\n",
         "keys[0].web3signer.authority: belongs to https"},
        {RELAYER, "    address: " AWAY "\n    web3signer: {url: http://a, timeout: 5}\n",
         "keys[0].web3signer.timeout"},
        {RELAYER, "    address: " AWAY "\n    web3signer: {url: http://a, timeout: 5 min}\n",
         "keys[0].web3signer.timeout"},
        {RELAYER, "    address: " AWAY "\n    web3signer: {url: \"http://me:word@a\"}\n",
         "keys[0].web3signer.url: must not hold a user or a password"},
        {RELAYER, "    address: " AWAY "\n    kms: {region: x, key_id: y}\n",
         "keys[0].kms: needs `credentials`"},
        {RELAYER, "    address: " AWAY "\n    kms: {region: x, key_id: y, credential: ./c}\n",
         "the nearest known one is \"credentials\""},
        {RELAYER, KMS("region: X Y, key_id: y, credentials: ./c"), "keys[0].kms.region"},
        {RELAYER, KMS("region: x, key_id: 'a\"b', credentials: ./c"), "keys[0].kms.key_id"},
        {RELAYER, KMS("region: x, key_id: y, credentials: ./c, url: http://keys.example.com"),
         "keys[0].kms.url: must be https://"},
        {RELAYER, KMS("region: x, key_id: y, credentials: ./c, url: https://a/b"),
         "keys[0].kms.url: has no path"},
        {RELAYER, KMS("region: x, key_id: y, credentials: ./c, timeout: 2 h"),
         "keys[0].kms.timeout"},
        {RELAYER,
         "    address: " AWAY "\n    web3signer: {url: http://a}\n"
         "    kms: {region: x, key_id: y, credentials: ./c}\n",
         "keys[0]: a key is in one place"},
        {RELAYER, PKCS11("module: libx.so, token: t, label: a, pin: ./p"),
         "keys[0].pkcs11.module: is the whole path"},
        {RELAYER, PKCS11("module: /nonexistent.so, token: t, label: a, pin: ./p"),
         "keys[0].pkcs11.module: there is no file"},
        {RELAYER, PKCS11("module: /bin/true, token: t, pin: ./p"), "either a `label` or an `id`"},
        {RELAYER, PKCS11("module: /bin/true, token: t, label: a, id: 01, pin: ./p"),
         "either a `label` or an `id`"},
        {RELAYER, PKCS11("module: /bin/true, token: t, id: xy, pin: ./p"), "keys[0].pkcs11.id"},
        {RELAYER,
         PKCS11("module: /bin/true, token: 012345678901234567890123456789012, id: 01, pin: ./p"),
         "keys[0].pkcs11.token: has at most 32 bytes"},
        {RELAYER, PKCS11("module: /bin/true, token: t, labels: a, pin: ./p"),
         "the nearest known one is \"label\""},
        {"keys:\n",
         "keys:\n  - {name: a, address: " AWAY ", web3signer: {url: http://a}, roles: [chain]}\n"
         "  - {name: b, address: " AWAY ", web3signer: {url: http://b}, roles: [chain]}\n",
         "keys[1].address: is the address of another key"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        is_refused_at_its_place(&mistakes[i]);
    }
}

/* Who writes a secret into the file is told where it belongs, and it is not said again. */
static void secrets_in_the_file_are_refused_and_not_repeated(void **state)
{
    const struct mistake mistakes[] = {
        {"    passphrase_file: ./keys/relayer.pass\n", "    passphrase: hunter2\n",
         "keys[0].passphrase: a secret does not belong into this file"},
        {RELAYER, "    private_key: hunter2\n", "name that in `passphrase_file`"},
        {RELAYER, KMS("region: x, key_id: y, secret_access_key: hunter2"),
         "keys[0].kms.secret_access_key: a secret does not belong into this file"},
        {RELAYER, KMS("region: x, key_id: y, aws_session_token: hunter2"),
         "name that in `credentials`"},
        {RELAYER, KMS("region: x, key_id: y, credentials: hunter2"),
         "keys[0].kms.credentials: names a file that holds the secret"},
        {RELAYER, PKCS11("module: /bin/true, token: t, label: a, pin: hunter2"),
         "keys[0].pkcs11.pin: names a file that holds the secret"},
        {RELAYER, KMS("region: x, key_id: y, credentials: ./c, url: 'https://me:hunter2@a'"),
         "must not hold a user or a password"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        is_refused_at_its_place(&mistakes[i]);
        assert_null(strstr(error.text, "hunter2"));
    }
}

static void a_key_may_be_at_a_key_service(void **state)
{
    (void)state;
    struct signer_config *config =
        load_changed(RELAYER, KMS("region: eu-central-1, key_id: alias/relayer, credentials: ./c"));
    assert_non_null(config);
    const struct key_place *place = &config->places[0];
    assert_int_equal(place->backend, KEY_AT_KMS);
    assert_true(place->place.has_tls);
    assert_string_equal(place->place.authority, "kms.eu-central-1.amazonaws.com");
    assert_string_equal(place->kms.region, "eu-central-1");
    assert_string_equal(place->kms.key_id, "alias/relayer");
    assert_string_equal(place->kms.credentials_file, "/tmp/c");
    signer_config_free(config);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
    config = load_changed(RELAYER, KMS("region: x, key_id: y, credentials: 'credential:aws', "
                                       "url: 'http://127.0.0.1:4566'"));
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_non_null(config);
    assert_string_equal(config->places[0].kms.credentials_file, "/run/credentials/x/aws");
    assert_string_equal(config->places[0].place.authority, "127.0.0.1:4566");
    signer_config_free(config);
}

static void a_key_may_be_in_a_token(void **state)
{
    static const uint8_t id[] = {0xab, 0x01};
    (void)state;
    struct signer_config *config =
        load_changed(RELAYER, PKCS11("module: /bin/true, token: my token, id: ab01, pin: ./p"));
    assert_non_null(config);
    const struct key_place *place = &config->places[0];
    assert_int_equal(place->backend, KEY_IN_TOKEN);
    assert_string_equal(place->token.module, "/bin/true");
    assert_string_equal(place->token.token, "my token");
    assert_string_equal(place->token.pin_file, "/tmp/p");
    assert_int_equal(place->token.id_count, sizeof(id));
    assert_memory_equal(place->token.id, id, sizeof(id));
    assert_string_equal(place->token.label, "");
    signer_config_free(config);
    config = load_changed(RELAYER, PKCS11("module: /bin/true, token: t, label: relayer, pin: ./p"));
    assert_non_null(config);
    assert_string_equal(config->places[0].token.label, "relayer");
    assert_int_equal(config->places[0].token.id_count, 0);
    signer_config_free(config);
}

/* Whoever can change a module can use its key. */
static void a_module_that_others_can_write_is_not_loaded(void **state)
{
    char module[] = "/tmp/sluice-module-XXXXXX";
    char lines[300];
    const int fd = mkstemp(module);
    (void)state;
    assert_true(fd >= 0);
    (void)snprintf(lines, sizeof(lines),
                   "    address: " AWAY "\n"
                   "    pkcs11: {module: %s, token: t, label: a, pin: ./p}\n",
                   module);
    assert_int_equal(fchmod(fd, 0755), 0);
    struct signer_config *config = load_changed(RELAYER, lines);
    assert_non_null(config);
    signer_config_free(config);
    assert_int_equal(fchmod(fd, 0775), 0);
    const struct mistake mistake = {RELAYER, lines, "others than root and this user can write"};
    is_refused_at_its_place(&mistake);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(module), 0);
}

static void chains_are_apart(void **state)
{
    (void)state;
    static const char second[] = "chains:\n"
                                 "  - name: beta\n"
                                 "    domain: %s\n"
                                 "    chain_id: %s\n"
                                 "    gas_limit_max: 21000\n"
                                 "    fee_per_gas_max: 1 gwei\n"
                                 "    value_max: 0 wei\n"
                                 "    spend_per_hour_max: 1 ether\n";
    const struct {
        const char *domain;
        const char *chain_id;
        const char *words; /* NULL: loads */
    } cases[] = {{"902", "31338", NULL},
                 {"901", "31338", "chains[1].domain: 901 is used"},
                 {"902", "31337", "chains[1].chain_id: 31337 is used"}};
    for (size_t i = 0; i < 3; i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), second, cases[i].domain, cases[i].chain_id);
        struct signer_config *config = load_changed("chains:\n", text);
        assert_true((config == NULL) == (cases[i].words != NULL));
        if (cases[i].words != NULL) {
            assert_non_null(strstr(error.text, cases[i].words));
        }
        signer_config_free(config);
    }
}

static const char mandate_text[] =
    "format: sluice-mandate/1\n"
    "name: test\n"
    "assets: [{symbol: USDC, decimals: 6}]\n"
    "chains: [{name: a, domain: 901, gas_budget: 3 ether}, {name: b, domain: 902}]\n"
    "venues:\n"
    "  - {name: va, kind: warp-route, chain: a, asset: USDC, weight: 50 %,\n"
    "     address: '0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512',\n"
    "     token: '0x6666666666666666666666666666666666666602'}\n"
    "  - {name: vb, kind: warp-route, chain: b, asset: USDC, weight: 50 %,\n"
    "     address: '0x7777777777777777777777777777777777777701',\n"
    "     token: '0x7777777777777777777777777777777777777702'}\n"
    "bridges:\n"
    "  - {name: ab, kind: warp-route, chain: a, asset: USDC, to: [b], velocity: 2000 USDC,\n"
    "     address: '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0'}\n"
    "limits: {window: 1 h, tolerance: 5 %, move_min: 1 USDC, move_max: 1000 USDC,\n"
    "  velocity: 5000 USDC, fee_max: 1 %, fee_native_max: 0.001 ether, margin: 0 %, cooldown: 1 "
    "s}\n"
    "change: {delay: 1 h, signatures: 2, signers:\n"
    "  "
    "['0x3333333333333333333333333333333333333333','0x4444444444444444444444444444444444444444']}\n"
    "approve: {plans: ['0x90F79bf6EB2c4f870365E785982E1f101E93b906']}\n";

static void mandate_write(const char *from, const char *to)
{
    const char *at = from == NULL ? mandate_text : strstr(mandate_text, from);
    FILE *file = fopen("/tmp/sluice-signer-mandate.yaml", "wb");
    assert_non_null(file);
    assert_non_null(at);
    (void)fprintf(file, "%.*s%s%s", (int)(at - mandate_text), mandate_text, from == NULL ? "" : to,
                  from == NULL ? at : at + strlen(from));
    assert_int_equal(fclose(file), 0);
}

/* What the custodian allows and what the mandate allows: the tighter of both, line by line. */
static void the_mandate_narrows_what_is_allowed(void **state)
{
    (void)state;
    const char *const with = "mode: act\nmandate_file: /tmp/sluice-signer-mandate.yaml";
    struct amount expected;

    mandate_write(NULL, NULL);
    struct signer_config *config = load_changed("mode: observe", with);
    if (config == NULL) {
        fail_msg("%s", error.text);
    }
    const struct policy_chain *chain = &config->policy.chains[0];
    assert_true(config->policy.has_mandate);
    assert_int_equal(chain->rules_count, 4);
    const struct policy_rule *rule = &chain->rules[1];
    assert_int_equal(rule->leg, LEG_REBALANCE);
    assert_int_equal(rule->destinations_count, 1);
    assert_int_equal(rule->destinations[0], 902); /* and not 903 */
    expected = amount_from_u64(1000000000);
    assert_true(amount_equal(&rule->amount_max, &expected));
    expected = amount_from_u64(2000000000);
    assert_true(amount_equal(&rule->amount_per_hour_max, &expected));
    expected = amount_from_u64(1000000000000000);
    assert_true(amount_equal(&chain->value_max, &expected));
    expected = amount_from_u64(3000000000000000000);
    assert_true(amount_equal(&chain->spend_per_hour_max, &expected));
    (void)signer_config_free(config);

    mandate_write("move_max: 1000 USDC", "move_max: 9000000000 USDC");
    config = load_changed("mode: observe", with);
    assert_non_null(config);
    expected = amount_from_u64(250000000000); /* the custodian's is tighter */
    assert_true(amount_equal(&config->policy.chains[0].rules[1].amount_max, &expected));
    (void)signer_config_free(config);

    mandate_write("0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512",
                  "0x6666666666666666666666666666666666666601");
    config = load_changed("mode: observe", with);
    assert_non_null(config);
    assert_int_equal(config->policy.chains[0].rules_count, 3); /* no rebalance is left */
    (void)signer_config_free(config);

    mandate_write("velocity: 5000 USDC", "velocity: 0.5 USDC");
    assert_null(load_changed("mode: observe", with));
    assert_non_null(strstr(error.text, "\"velocity\" is below \"move_min\""));
    mandate_write(NULL, NULL);
    config = load_changed("mode: observe",
                          "mode: propose\nmandate_file: /tmp/sluice-signer-mandate.yaml\n"
                          "approvers: [0x90F79bf6EB2c4f870365E785982E1f101E93b906, "
                          "0x5FbDB2315678afecb367f032d93F642f64180aa3]");
    assert_non_null(config);
    assert_int_equal(config->policy.approvers_count, 1); /* named by both */
    (void)signer_config_free(config);
    assert_int_equal(unlink("/tmp/sluice-signer-mandate.yaml"), 0);
}

/* Of the places in a spoke's list those are left that the mandate names. */
static void the_mandate_narrows_what_a_spoke_may_do(void **state)
{
    (void)state;
    const char *const with_spoke =
        "mandate_file: /tmp/sluice-signer-mandate.yaml\n"
        "chains:\n"
        "  - {name: b, domain: 902, chain_id: 31338, gas_limit_max: 21000,\n"
        "     fee_per_gas_max: 1 gwei, value_max: 0 wei, spend_per_hour_max: 1 ether, allow: [\n"
        "     {leg: withdraw, contract: '0x5FbDB2315678afecb367f032d93F642f64180aa3',\n"
        "      venues: [4, 0], amount_max: 5 base units, amount_per_hour_max: 6 base units}]}\n";

    mandate_write("bridges:\n",
                  "  - {name: sb, kind: spoke, chain: b, asset: USDC,\n"
                  "     address: '0x5FbDB2315678afecb367f032d93F642f64180aa3',\n"
                  "     token: '0x6666666666666666666666666666666666666602'}\n"
                  "  - {name: eb, kind: erc4626, chain: b, asset: USDC, spoke: sb, index: 4,\n"
                  "     address: '0x6666666666666666666666666666666666666605',\n"
                  "     token: '0x6666666666666666666666666666666666666602'}\n"
                  "bridges:\n");
    struct signer_config *config = load_changed("chains:\n", with_spoke);
    if (config == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(config->policy.chains[0].rules[0].venues_count, 1);
    assert_int_equal(config->policy.chains[0].rules[0].venues[0], 4); /* and not 0 */
    (void)signer_config_free(config);
    assert_int_equal(unlink("/tmp/sluice-signer-mandate.yaml"), 0);
}

/* What places may hold: their own lines, their chain's where that is tighter, their issuer's. */
static void the_mandate_says_what_places_may_hold(void **state)
{
    (void)state;
    const char *const with = "mode: act\nmandate_file: /tmp/sluice-signer-mandate.yaml";

    mandate_write(
        "bridges:\n",
        "  - {name: sb, kind: spoke, chain: b, asset: USDC, cap: 70 USDC, buffer: 4 USDC,\n"
        "     cap_share: 90 %, floor: 3 USDC, floor_share: 2 %,\n"
        "     address: '0x5FbDB2315678afecb367f032d93F642f64180aa3',\n"
        "     token: '0x6666666666666666666666666666666666666602'}\n"
        "  - {name: eb, kind: erc4626, chain: b, asset: USDC, spoke: sb, index: 4,\n"
        "     cap: 50 USDC, cap_share: 40 %, floor: 1 USDC, floor_share: 1 %,\n"
        "     issuer: lender, address: '0x6666666666666666666666666666666666666605',\n"
        "     token: '0x6666666666666666666666666666666666666602'}\n"
        "issuers: [{name: lender, cap_share: 30 %}]\n"
        "bridges:\n");
    struct signer_config *config = load_changed("mode: observe", with);
    if (config == NULL) {
        fail_msg("%s", error.text);
    }
    const struct policy *policy = &config->policy;
    const struct policy_place *spoke = &policy->places[policy->places_count - 2];
    const struct policy_place *venue = &policy->places[policy->places_count - 1];
    struct amount expected;
    const struct amount caps[] = {amount_from_u64(70000000), amount_from_u64(50000000)};
    const struct amount floors[] = {amount_from_u64(3000000), amount_from_u64(1000000)};
    assert_int_equal(policy->places_count, 4);
    assert_true(policy->places[0].is_router);
    assert_false(spoke->is_router);
    assert_int_equal(spoke->venue, 0);
    assert_true(amount_equal(&spoke->cap, &caps[0]));
    assert_true(amount_equal(&spoke->floor, &floors[0]));
    assert_int_equal(spoke->cap_share.value, 9000);
    assert_int_equal(spoke->floor_share.value, 200);
    assert_int_equal(spoke->issuer, 0);
    expected = amount_from_u64(4000000);
    assert_true(amount_equal(&spoke->buffer, &expected));
    assert_int_equal(venue->venue, 5);
    assert_int_equal(venue->domain, 902);
    assert_true(address_equal(&venue->contract, &spoke->contract));
    assert_true(amount_equal(&venue->cap, &caps[1]));
    assert_true(amount_equal(&venue->floor, &floors[1]));
    assert_int_equal(venue->cap_share.value, 4000);
    assert_int_equal(venue->floor_share.value, 100);
    assert_int_equal(venue->issuer, 1);
    assert_int_equal(venue->issuer_cap_share.value, 3000);
    (void)signer_config_free(config);
    mandate_write("domain: 902", "domain: 902, cap_share: 80 %, floor_share: 5 %");
    config = load_changed("mode: observe", with);
    if (config == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(config->policy.places[1].cap_share.value, 8000);
    assert_int_equal(config->policy.places[1].floor_share.value, 500);
    (void)signer_config_free(config);
    assert_int_equal(unlink("/tmp/sluice-signer-mandate.yaml"), 0);
}

/* A passphrase that the service manager gives: by its name, and root's even where its access list
 * shows as the group's read bit; nothing else is let off. */
static void credentials_are_the_service_managers(void **state)
{
    (void)state;
    static const char from[] = "passphrase_file: ./keys/relayer.pass";
    char folder[] = "/tmp/sluice-credentials-XXXXXX";
    char file[128];
    char memory[64];

    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_null(load_changed(from, "passphrase_file: credential:relayer"));
    assert_non_null(strstr(error.text, "LoadCredential=relayer:PATH"));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_null(load_changed(from, "passphrase_file: credential:../x"));
    assert_null(load_changed(from, "passphrase_file: \"credential:\""));
    struct signer_config *config = load_changed(from, "passphrase_file: credential:relayer");
    assert_non_null(config);
    (void)snprintf(file, sizeof(file), "%s/relayer", folder);
    assert_string_equal(config->keys[0].passphrase_file, file);
    signer_config_free(config);
    const int fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0400);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "words\n", 6), 6);
    const struct {
        mode_t mode;
        const char *folder;
        enum file_problem problem;
    } cases[] = {
        {0400, folder, FILE_OK},      {0440, folder, geteuid() == 0 ? FILE_OK : FILE_EXPOSED},
        {0460, folder, FILE_EXPOSED}, {0444, folder, FILE_EXPOSED},
        {0440, "/tmp", FILE_EXPOSED}, {0440, "/", FILE_EXPOSED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer words = buffer_from(memory, sizeof(memory));
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", cases[i].folder, 1), 0);
        assert_int_equal(fchmod(fd, cases[i].mode), 0);
        assert_int_equal(file_read_secret(file, &words), cases[i].problem);
        assert_int_equal(words.count, cases[i].problem == FILE_OK ? 5 : 0);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void a_key_may_be_elsewhere(void **state)
{
    struct address address;
    (void)state;
    struct signer_config *config = load_changed(
        RELAYER, "    address: " AWAY "\n"
                 "    web3signer: {url: https://keys.example.com:9000/x/, authority: ./ca.pem,\n"
                 "                 timeout: 2 s}\n");
    assert_non_null(config);
    const struct key_place *place = &config->places[0];
    assert_status(STATUS_OK, hex_decode_address(bytes_from_string(AWAY), &address));
    assert_int_equal(place->backend, KEY_AT_WEB3SIGNER);
    assert_true(address_equal(&place->address, &address));
    assert_true(place->place.has_tls);
    assert_string_equal(place->place.authority, "keys.example.com:9000");
    assert_string_equal(place->place.path, "/x");
    assert_string_equal(place->authority_file, "/tmp/ca.pem");
    assert_int_equal(place->timeout.ns, 2000000000u);
    assert_true(config->keys[0].chain);
    assert_int_equal(config->places[1].backend, KEY_IN_KEYSTORE);
    signer_config_free(config);
    config = load_changed(RELAYER, "    address: " AWAY "\n    web3signer: {url: http://a}\n");
    assert_non_null(config);
    assert_int_equal(config->places[0].timeout.ns, 5000000000u);
    assert_string_equal(config->places[0].authority_file, "");
    signer_config_free(config);
}

static void a_missing_file_is_said(void **state)
{
    (void)state;
    struct signer_config *config = NULL;
    assert_int_equal(signer_config_load("/nonexistent/signer.yaml", &config, &error),
                     STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nonexistent/signer.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_loads_as_it_reads),
        cmocka_unit_test(what_a_spoke_may_do_is_loaded),
        cmocka_unit_test(without_a_mode_nothing_moves),
        cmocka_unit_test(each_mistake_is_refused_at_its_place),
        cmocka_unit_test(each_mistake_about_a_key_is_refused),
        cmocka_unit_test(secrets_in_the_file_are_refused_and_not_repeated),
        cmocka_unit_test(a_key_may_be_at_a_key_service),
        cmocka_unit_test(a_key_may_be_in_a_token),
        cmocka_unit_test(a_module_that_others_can_write_is_not_loaded),
        cmocka_unit_test(chains_are_apart),
        cmocka_unit_test(the_mandate_narrows_what_is_allowed),
        cmocka_unit_test(the_mandate_narrows_what_a_spoke_may_do),
        cmocka_unit_test(the_mandate_says_what_places_may_hold),
        cmocka_unit_test(credentials_are_the_service_managers),
        cmocka_unit_test(a_key_may_be_elsewhere),
        cmocka_unit_test(a_missing_file_is_said),
    };
    return cmocka_run_group_tests(tests, read_example, remove_file);
}
