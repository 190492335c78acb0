/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner's mandate makes of the node's configuration: venues with what they may hold, their
 * chain's and their issuer's shares with them. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/node/config/config.h"

static char folder[] = "/tmp/sluice-config-mandate-XXXXXX";
static char node_path[96];
static char mandate_path[96];

static const char node_text[] =
    "node: {name: test, data: ./data}\n"
    "chains:\n"
    "  - {name: a, devnet: true, domain: 901, chain_id: 31337, start_block: 1,\n"
    "     endpoints: ['ws://127.0.0.1:1'],\n"
    "     mailbox: '0x2222222222222222222222222222222222222201',\n"
    "     merkle_tree_hook: '0x2222222222222222222222222222222222222202',\n"
    "     validator_announce: '0x2222222222222222222222222222222222222203'}\n"
    "  - {name: b, devnet: true, domain: 902, chain_id: 31338, start_block: 1,\n"
    "     endpoints: ['ws://127.0.0.1:1'],\n"
    "     mailbox: '0x4444444444444444444444444444444444444401',\n"
    "     merkle_tree_hook: '0x4444444444444444444444444444444444444402',\n"
    "     validator_announce: '0x4444444444444444444444444444444444444403'}\n"
    "route: {mode: observe}\n"
    "mandate: ./mandate.yaml\n";

/* Two routers, a spoke on each chain, a vault of each. */
static const char mandate_text[] =
    "format: sluice-mandate/1\n"
    "name: test\n"
    "assets: [{symbol: USDC, decimals: 6}]\n"
    "issuers: [{name: first, cap_share: 10 %}, {name: second, cap_share: 30 %}]\n"
    "chains: [{name: a, domain: 901, cap_share: 70 %, floor_share: 5 %}, {name: b, domain: 902}]\n"
    "venues:\n"
    "  - {name: va, kind: warp-route, chain: a, asset: USDC, weight: 50 %, cap_share: 60 %,\n"
    "     floor_share: 4 %, address: '0x6666666666666666666666666666666666666601',\n"
    "     token: '0x6666666666666666666666666666666666666602'}\n"
    "  - {name: vb, kind: warp-route, chain: b, asset: USDC, weight: 50 %, cap_share: 60 %,\n"
    "     floor_share: 4 %, address: '0x7777777777777777777777777777777777777701',\n"
    "     token: '0x7777777777777777777777777777777777777702'}\n"
    "  - {name: sa, kind: spoke, chain: a, asset: USDC, cap: 9 USDC, cap_share: 90 %,\n"
    "     floor: 1 USDC, floor_share: 6 %,\n"
    "     address: '0x6666666666666666666666666666666666666603',\n"
    "     token: '0x6666666666666666666666666666666666666602'}\n"
    "  - {name: sb, kind: spoke, chain: b, asset: USDC,\n"
    "     address: '0x7777777777777777777777777777777777777703',\n"
    "     token: '0x7777777777777777777777777777777777777702'}\n"
    "  - {name: ea, kind: erc4626, chain: a, asset: USDC, spoke: sa, index: 2, issuer: second,\n"
    "     cap: 8 USDC, cap_share: 40 %, floor: 2 USDC, floor_share: 3 %,\n"
    "     address: '0x6666666666666666666666666666666666666604',\n"
    "     token: '0x6666666666666666666666666666666666666602'}\n"
    "  - {name: eb, kind: erc4626, chain: b, asset: USDC, spoke: sb, index: 0, issuer: first,\n"
    "     address: '0x7777777777777777777777777777777777777704',\n"
    "     token: '0x7777777777777777777777777777777777777702'}\n"
    "limits: {window: 1 h, tolerance: 5 %, move_min: 1 USDC, move_max: 1000 USDC,\n"
    "  velocity: 5000 USDC, fee_max: 1 %, fee_native_max: 0.001 ether, margin: 0 %,\n"
    "  cooldown: 1 s}\n"
    "change: {delay: 1 h, signatures: 2, signers:\n"
    "  ['0x3333333333333333333333333333333333333333',\n"
    "   '0x4444444444444444444444444444444444444444']}\n";

static void file_write(const char *path, const char *text, const char *from, const char *to)
{
    const char *at = from == NULL ? text : strstr(text, from);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_non_null(at);
    (void)fprintf(file, "%.*s%s%s", (int)(at - text), text, from == NULL ? "" : to,
                  at + (from == NULL ? 0 : strlen(from)));
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(node_path, sizeof(node_path), "%s/node.yaml", folder);
    (void)snprintf(mandate_path, sizeof(mandate_path), "%s/mandate.yaml", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(node_path);
    (void)unlink(mandate_path);
    return rmdir(folder);
}

static struct node_config *load(void)
{
    struct settings_error error;
    struct node_config *config = NULL;

    if (config_load(node_path, &config, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    return config;
}

static void is_units(const struct amount *amount, uint64_t units)
{
    const struct amount expected = amount_from_u64(units * 1000000);

    assert_true(amount_equal(amount, &expected));
}

static void what_places_may_hold_is_taken(void **state)
{
    (void)state;
    file_write(node_path, node_text, NULL, NULL);
    file_write(mandate_path, mandate_text, NULL, NULL);
    struct node_config *config = load();
    const struct core_config *core = &config->core;

    /* A chain's shares and those of what is on it: the tighter one. */
    assert_int_equal(core->routers[0].cap_share.value, 6000);
    assert_int_equal(core->routers[0].floor_share.value, 500);
    assert_int_equal(core->routers[1].cap_share.value, 6000);
    assert_int_equal(core->routers[1].floor_share.value, 400);
    assert_int_equal(core->spokes[0].cap_share.value, 7000);
    assert_int_equal(core->spokes[0].floor_share.value, 600);
    is_units(&core->spokes[0].cap, 9);
    is_units(&core->spokes[0].floor, 1);
    assert_int_equal(core->spokes[1].cap_share.value, 0);
    assert_int_equal(core->spokes[1].floor_share.value, 0);
    assert_true(amount_is_zero(&core->spokes[1].cap));
    is_units(&core->venues[0].cap, 8);
    is_units(&core->venues[0].floor, 2);
    assert_int_equal(core->venues[0].cap_share.value, 4000);
    assert_int_equal(core->venues[0].floor_share.value, 300);
    assert_int_equal(core->venues[0].issuer, 2);
    assert_int_equal(core->venues[0].issuer_cap_share.value, 3000);
    assert_int_equal(core->venues[1].issuer, 1);
    assert_int_equal(core->venues[1].issuer_cap_share.value, 1000);
    (void)config_free(config);
}

/* Each of them is refused with the mandate's line. */
static void what_nobody_could_hold_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        const char *from;
        const char *to;
        const char *words;
    } cases[] = {
        {"observe", "{name: sb, ", "{name: sb, cap: 0 USDC, ", "mandate.yaml:17: a cap of nothing"},
        {"observe", "{name: eb, ", "{name: eb, cap_share: 0 %, ",
         "mandate.yaml:24: a cap of nothing"},
        {"act", "decimals: 6}", "decimals: 6, issuer: first}",
         "issuers.first.cap_share is not enforced yet by anybody"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct settings_error error;
        struct node_config *config = NULL;
        file_write(node_path, node_text, "observe", cases[i].mode);
        file_write(mandate_path, mandate_text, cases[i].from, cases[i].to);
        assert_int_not_equal(config_load(node_path, &config, &error), STATUS_OK);
        if (strstr(error.text, cases[i].words) == NULL) {
            fail_msg("'%s' is not in '%s'", cases[i].words, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_places_may_hold_is_taken),
        cmocka_unit_test(what_nobody_could_hold_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
