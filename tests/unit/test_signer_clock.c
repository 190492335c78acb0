/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who can set the machine's clock must not open the signer's budgets with it. */
#include "tests/support/unit.h"

#include "tests/support/folder.h"
#include "tests/unit/signer_fixture.h"

#define MINUTE_NS  60000000000ull
#define BEGIN_NS   (29000000 * MINUTE_NS)
#define DAY_NS     (60 * 24 * MINUTE_NS)
#define BOOT_BYTES 32u

static struct watermark_uptime uptime;
static struct policy policy;
static struct signer_key key;
static struct folder folder;
static struct signer signer;

static struct watermark_uptime read_uptime(void)
{
    return uptime;
}

static void open_it(void)
{
    enum watermark_age age;

    assert_status(STATUS_OK, watermark_open(folder.path, &signer.watermark, &age));
    signer.now.ns = 0;
}

static enum refusal_kind ask(uint64_t nonce, uint64_t wall_ns)
{
    static struct fixture_transaction made;
    static struct signer_answer answer;

    fixture_process(&made, nonce);
    const struct wire_request request = fixture_request(&made, LEG_PROCESS, &key.address);
    signer_answer(&signer, &request, (struct instant){.ns = wall_ns}, &answer);
    signer_settle(&signer, &answer, 1);
    return answer.refusal.kind;
}

static void an_hour_is_the_machines_whatever_its_clock_is_set_to(void **state)
{
    (void)state;
    open_it();
    assert_int_equal(REFUSAL_NONE, ask(0, BEGIN_NS)); /* all that the hour has */
    assert_int_equal(REFUSAL_BUDGET, ask(1, BEGIN_NS + DAY_NS));
    uptime.ns += 60 * MINUTE_NS;
    assert_int_equal(REFUSAL_BUDGET, ask(1, BEGIN_NS + 2 * DAY_NS));
    uptime.ns += MINUTE_NS; /* the hour is over, and the minute that it began in */
    assert_int_equal(REFUSAL_NONE, ask(1, BEGIN_NS + 2 * DAY_NS));
    /* The signer's end and another start of it, and another jump. */
    signer.watermark = watermark_close(signer.watermark);
    open_it();
    uptime.ns += 59 * MINUTE_NS;
    assert_int_equal(REFUSAL_BUDGET, ask(2, BEGIN_NS + 3 * DAY_NS));
    uptime.ns += 2 * MINUTE_NS;
    assert_int_equal(REFUSAL_NONE, ask(2, BEGIN_NS + 3 * DAY_NS));
    /* After another start of the machine there is nothing but the wall clock. */
    signer.watermark = watermark_close(signer.watermark);
    open_it();
    memset(uptime.boot.bytes, 7, BOOT_BYTES);
    uptime.ns = MINUTE_NS;
    assert_int_equal(REFUSAL_BUDGET, ask(3, BEGIN_NS));
    assert_int_equal(REFUSAL_NONE, ask(3, BEGIN_NS + 4 * DAY_NS));
    signer.watermark = watermark_close(signer.watermark);
}

static int set_up(void **state)
{
    static struct secret secret;

    (void)state;
    memset(&secret, FIXTURE_SECRET, sizeof(secret));
    key = (struct signer_key){.secret = &secret, .chain = true};
    signer = (struct signer){.policy = &policy,
                             .ecdsa = ecdsa_new(),
                             .keys = &key,
                             .keys_count = 1,
                             .read_uptime = read_uptime};
    assert_non_null(signer.ecdsa);
    assert_status(STATUS_OK, ecdsa_address(signer.ecdsa, &secret, &key.address));
    fixture_policy(&policy);
    policy.chains[0].spend_per_hour_max = amount_from_u64((uint64_t)FIXTURE_GAS * FIXTURE_FEE);
    uptime = (struct watermark_uptime){.ns = 7 * MINUTE_NS};
    folder = folder_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    ecdsa_free((struct ecdsa *)(uintptr_t)signer.ecdsa);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_hour_is_the_machines_whatever_its_clock_is_set_to,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
