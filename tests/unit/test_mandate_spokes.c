/* SPDX-License-Identifier: Apache-2.0 */
/* One spoke that holds several assets, in a mandate: named once for each, with one list of venues.
 */
#include "tests/support/unit.h"

#include <stdio.h>

#include "relay/mandate/check.h"

#define SPOKE(name, asset, token)                                                                  \
    "  - {name: " name ", kind: spoke, chain: alpha, asset: " asset                                \
    ", address: '0x1111111111111111111111111111111111111111', token: '" token "'}\n"
#define RESERVE(name, asset, token, spoke, index)                                                  \
    "  - {name: " name ", kind: aave-v3, chain: alpha, asset: " asset                              \
    ", address: '0x4444444444444444444444444444444444444444', token: '" token                      \
    "', receipt: '0x5555555555555555555555555555555555555555', spoke: " spoke ", index: " index    \
    "}\n"
#define HEAD                                                                                       \
    "format: sluice-mandate/1\nname: test\nassets:\n"                                              \
    "  - {symbol: USDC, decimals: 6}\n  - {symbol: COIN, decimals: 6}\n"                           \
    "chains:\n  - {name: alpha, domain: 1}\nvenues:\n"
#define TAIL                                                                                       \
    "limits:\n  window: 1 h\n  tolerance: 5 %\n  move_min: 10 USDC\n  move_max: 1000 USDC\n"       \
    "  velocity: 5000 USDC\n  fee_max: 0.1 %\n  fee_native_max: 0.01 ether\n  margin: 50 %\n"      \
    "  cooldown: 60 s\nchange:\n  delay: 24 h\n  signatures: 2\n  signers:\n"                      \
    "    - '0x3333333333333333333333333333333333333331'\n"                                         \
    "    - '0x3333333333333333333333333333333333333332'\n"
#define TOKEN "0x2222222222222222222222222222222222222222"
#define OTHER "0x2222222222222222222222222222222222222223"

static void check(const char *venues, struct mandate_findings *ret_findings)
{
    char text[8192];
    struct mandate *mandate = NULL;
    struct settings_error error;

    (void)snprintf(text, sizeof(text), "%s%s%s", HEAD, venues, TAIL);
    if (mandate_parse("m.yaml", bytes_from_string(text), &mandate, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    mandate_check(mandate, ret_findings);
    assert_null(mandate_free(mandate));
}

static void a_spoke_holds_several_assets(void **state)
{
    (void)state;
    struct mandate_findings findings;

    check(SPOKE("sa", "USDC", TOKEN) SPOKE("sb", "COIN", OTHER)
              RESERVE("ra", "USDC", TOKEN, "sa", "0") RESERVE("rb", "COIN", OTHER, "sb", "1"),
          &findings);
    assert_string_equal(findings.count == 0 ? "" : findings.list[0].text, "");
}

static void but_has_one_list_of_venues_and_each_asset_once(void **state)
{
    (void)state;
    struct mandate_findings findings;

    check(SPOKE("sa", "USDC", TOKEN) SPOKE("sb", "COIN", OTHER)
              RESERVE("ra", "USDC", TOKEN, "sa", "1") RESERVE("rb", "COIN", OTHER, "sb", "1"),
          &findings);
    assert_int_equal(findings.count, 1);
    assert_non_null(strstr(findings.list[0].text, "rb: has the place of \"ra\""));
    check(SPOKE("sa", "USDC", TOKEN) SPOKE("sb", "USDC", OTHER) SPOKE("sc", "COIN", OTHER),
          &findings);
    assert_true(findings.count > 0);
    assert_non_null(strstr(findings.list[0].text, "sb: has the address of \"sa\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spoke_holds_several_assets),
        cmocka_unit_test(but_has_one_list_of_venues_and_each_asset_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
