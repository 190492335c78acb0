/* SPDX-License-Identifier: Apache-2.0 */
/* sluice init: what it writes is a configuration; what is not known is named; a registry's files
 * are a stranger's. And config show: what the file says, what is in force, and whence. */
#include <stdio.h>
#include <sys/stat.h>

#include "relay/cli/cli.h"
#include "relay/cli/registry.h"
#include "relay/node/config/config.h"
#include "tests/support/cli_call.h"
#include "tests/support/folder.h"
#include "tests/support/unit.h"

#define KEY "0x3333333333333333333333333333333333333333"

const struct cli_verb cli_verbs[] = {{NULL, NULL, NULL, NULL}};

static struct folder folder;
static char registry[512];
static char out[512];

static void write_file(const char *name, const char *text)
{
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%s", folder.path, name);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(0, fclose(stream));
}

static void make_folder(const char *name)
{
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%s", folder.path, name);
    assert_int_equal(0, mkdir(path, 0700));
}

/* As the reference registry has them: more than we read, and in any order. */
#define ALPHA_METADATA                                                                             \
    "blockExplorers:\n  - apiUrl: https://x.example\nblocks:\n  confirmations: 2\n"                \
    "  estimateBlockTime: 12.5\n  reorgPeriod: 15\nchainId: 31337\ndisplayName: Alpha Net\n"       \
    "domainId: 901\nisTestnet: true\nname: alpha\nnativeToken:\n  decimals: 18\n  symbol: ALP\n"   \
    "protocol: ethereum\nrpcUrls:\n  - http: https://one.example/rpc\n  - http: "                  \
    "ftp://no.example\n"                                                                           \
    "  - http: https://two.example\n  - http: https://three.example\n"
#define ADDRESSES                                                                                  \
    "mailbox: \"0x2222222222222222222222222222222222222201\"\n"                                    \
    "merkleTreeHook: \"0x2222222222222222222222222222222222222202\"\n"                             \
    "validatorAnnounce: \"0x2222222222222222222222222222222222222203\"\n"                          \
    "interchainGasPaymaster: \"0x2222222222222222222222222222222222222204\"\nother: [1, {a: b}]\n"

static int begin(void **state)
{
    (void)state;
    folder = folder_make();
    (void)snprintf(registry, sizeof(registry), "%s/registry", folder.path);
    (void)snprintf(out, sizeof(out), "%s/sluice.yaml", folder.path);
    make_folder("registry");
    make_folder("registry/chains");
    make_folder("registry/chains/alpha");
    make_folder("registry/chains/sol");
    make_folder("registry/beta");
    write_file("registry/chains/alpha/metadata.yaml", ALPHA_METADATA);
    write_file("registry/chains/alpha/addresses.yaml", ADDRESSES);
    write_file("registry/chains/sol/metadata.yaml", "protocol: sealevel\nchainId: 7\n");
    write_file(
        "registry/beta/metadata.yaml",
        "chainId: 8453\nblocks: {reorgPeriod: finalized}\nrpcUrls: [{http: https://b.example}]\n");
    write_file("registry/beta/addresses.yaml", ADDRESSES);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void what_is_written_is_a_configuration(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    struct cli_called called = CLI_CALL(cli_init, "init", "--chains", "alpha,beta", "--registry",
                                        registry, "--key", KEY, "--out", out);

    assert_int_equal(EXIT_DONE, called.code);
    assert_non_null(strstr(called.output, "chain beta: fewer than three endpoints"));
    assert_null(strstr(called.output, "chain alpha"));
    assert_status(STATUS_OK, config_load(out, &config, &error));
    const struct core_chain *alpha = &config->core.chains[0];
    assert_int_equal(2, config->core.chains_count);
    assert_string_equal("alpha", alpha->name);
    assert_int_equal(901, alpha->domain);
    assert_int_equal(31337, alpha->chain_id);
    assert_int_equal(3, config->chains[0].endpoints_count);
    assert_int_equal(2, config->chains[0].quorum);
    assert_string_equal("https://two.example", config->chains[0].endpoints[1]);
    assert_int_equal(15, config->chains[0].finality_blocks);
    assert_int_equal(10000000000u, config->chains[0].request_deadline.ns);
    assert_int_equal(0x04, alpha->gas_paymaster.bytes[31]);
    assert_true(alpha->relay_to);
    assert_int_equal(8453, config->core.chains[1].domain); /* none is given: the chain's id */
    config_free(config);
    /* A file that is there is somebody's work. */
    called = CLI_CALL(cli_init, "init", "--chains", "alpha", "--registry", registry, "--out", out);
    assert_int_equal(EXIT_USAGE, called.code);
    assert_non_null(strstr(called.output, "File exists"));
}

static void what_is_not_known_is_to_be_filled_in(void **state)
{
    (void)state;
    struct node_config *config = NULL;
    struct settings_error error;
    const struct cli_called called = CLI_CALL(cli_init, "init", "--chains", "alpha", "--out", out);

    assert_int_equal(EXIT_DONE, called.code);
    assert_non_null(strstr(called.output, "chain alpha: fill in"));
    assert_status(STATUS_MALFORMED, config_load(out, &config, &error));
    assert_non_null(strstr(error.text, "\"domain\""));
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *words[10];
        const char *said;
    } cases[] = {
        {{"init"}, "--chains"},
        {{"init", "--chains", ""}, "names with commas"},
        {{"init", "--chains", "alpha,,beta"}, "names with commas"},
        {{"init", "--chains", "../../etc"}, "names with commas"},
        {{"init", "--chains", "alpha\n"}, "names with commas"},
        {{"init", "--chains", "alpha,alpha"}, "named twice"},
        {{"init", "--chains", "alpha", "--key", "secret"}, "never its secret"},
        {{"init", "--chains", "alpha", "--name", "a b"}, "--name wants"},
        {{"init", "--chains", "alpha", "--data", "x: y"}, "--data a plain path"},
        {{"init", "--chains", "alpha", "--regstry", "x"}, "did you mean '--registry'"},
        {{"init", "--chains", "gamma", "--registry", registry}, "no chain 'gamma' there"},
        {{"init", "--chains", "sol", "--registry", registry}, "not of the family"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct cli_called called = cli_call(cli_init, cases[i].words);
        assert_int_equal(EXIT_USAGE, called.code);
        assert_non_null(strstr(called.output, cases[i].said));
    }
}

/* What a stranger wrote neither leaves its place in our file nor is believed unchecked. */
static void files_of_strangers_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *metadata;
        const char *said; /* NULL: it is written, and harmless */
    } cases[] = {
        {"chainId: 0x10\n", "chainId"},
        {"chainId: 99999999999999999999999\n", "chainId"},
        {"chainId: 1\ndomainId: 4294967296\n", "domainId"},
        {"chainId: 1\nblocks: {reorgPeriod: soon}\n", "reorgPeriod"},
        {"chainId: [1\n", "metadata.yaml:"},
        {"chainId: 1\ndisplayName: \"x\\n  evil: true\\n#\"\n", NULL},
        {"chainId: 1\nrpcUrls: [{http: \"https://h/\\\"]\\nevil: 1\"}]\n", NULL},
        {"chainId: 1\nnativeToken: {symbol: \"a\\nevil: 1\"}\n", NULL},
        {"chainId: 1\nrpcUrls: 5\nblocks: []\n", NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file("registry/chains/alpha/metadata.yaml", cases[i].metadata);
        const struct cli_called called =
            CLI_CALL(cli_init, "init", "--chains", "alpha", "--registry", registry, "--key", KEY);
        assert_int_equal(cases[i].said == NULL ? EXIT_DONE : EXIT_USAGE, called.code);
        if (cases[i].said != NULL) {
            assert_non_null(strstr(called.output, cases[i].said));
        }
        assert_null(strstr(called.output, "\n  evil"));
        assert_null(strstr(called.output, "\nevil"));
    }
    write_file("registry/chains/alpha/metadata.yaml", ALPHA_METADATA);
    write_file("registry/chains/alpha/addresses.yaml",
               "mailbox: \"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee\"\n");
    const struct cli_called called =
        CLI_CALL(cli_init, "init", "--chains", "alpha", "--registry", registry);
    assert_int_equal(EXIT_USAGE, called.code);
    assert_non_null(strstr(called.output, "checksum"));
}

static void values_are_shown_with_their_origin(void **state)
{
    (void)state;
    (void)CLI_CALL(cli_init, "init", "--chains", "alpha", "--registry", registry, "--out", out);
    struct cli_called called = CLI_CALL(cli_config, "config", "show", out);
    assert_int_equal(EXIT_DONE, called.code);
    assert_non_null(strstr(called.output, "    domain: 901\n"));
    assert_null(strstr(called.output, "gas_limit_max"));
    called = CLI_CALL(cli_config, "config", "show", out, "--effective", "--origin");
    assert_int_equal(EXIT_DONE, called.code);
    const char *limit = strstr(called.output, "gas_limit_max");
    assert_non_null(limit);
    assert_memory_equal("# default\n", strchr(limit, '#'), 10);
    const char *domain = strstr(called.output, "    domain: 901 ");
    assert_non_null(domain);
    char place[600];
    (void)snprintf(place, sizeof(place), "# %s:", out);
    assert_memory_equal(place, strchr(domain, '#'), strlen(place));
    /* What is shown is a configuration again, the same one. */
    FILE *again = fopen(out, "w");
    assert_non_null(again);
    assert_true(fputs(called.output, again) >= 0);
    assert_int_equal(0, fclose(again));
    called = CLI_CALL(cli_config, "config", "check", out);
    assert_int_equal(EXIT_DONE, called.code);
    called = CLI_CALL(cli_config, "config", "show", out, "--origin", "--json");
    json_t *shown = json_loads(called.output, 0, NULL);
    assert_non_null(shown);
    const json_t *value = json_object_get(
        json_object_get(json_array_get(json_object_get(shown, "chains"), 0), "domain"), "value");
    assert_int_equal(901, json_integer_value(value));
    json_decref(shown);
    assert_int_equal(EXIT_USAGE, CLI_CALL(cli_config, "config", "show", "/missing.yaml").code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_a_configuration, begin, finish),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_to_be_filled_in, begin, finish),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said, begin, finish),
        cmocka_unit_test_setup_teardown(files_of_strangers_are_checked, begin, finish),
        cmocka_unit_test_setup_teardown(values_are_shown_with_their_origin, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
