/* SPDX-License-Identifier: Apache-2.0 */
/* A key in a token: SoftHSM with a key on secp256k1 that is made here, reached in this process and
 * by a confined child; sessions that are lost, PINs that are wrong, keys that are others. */
#include "tests/support/unit.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/signer/ecdsa.h"
#include "relay/signer/remote/key_holder.h"
#include "relay/signer/remote/token.h"
#include "tests/support/folder.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define TOKEN  "sluice test"
#define PIN    "845120"

static const uint8_t on_secp256k1[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};
static const uint8_t on_p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

static struct folder folder;
static char tokens_path[300];
static char pin_path[300];
static void *library;
static struct ck_function_list *calls;
static struct address key_address;
static struct key_place place;

/* ---- a token and its keys ---- */

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
    assert_int_equal(0, chmod(path, mode));
}

static ck_slot_id_t first_slot(void)
{
    ck_slot_id_t slots[8];
    unsigned long count = 8;

    assert_int_equal(CKR_OK, calls->C_GetSlotList(1, slots, &count));
    assert_true(count > 0);
    return slots[0];
}

/* With a session of the one who may make keys. */
static ck_session_handle_t log_in(ck_slot_id_t slot)
{
    ck_session_handle_t session = 0;

    assert_int_equal(CKR_OK, calls->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                                  NULL, &session));
    assert_int_equal(CKR_OK,
                     calls->C_Login(session, CKU_USER, (uint8_t *)(uintptr_t)PIN, strlen(PIN)));
    return session;
}

static struct address make_key(ck_session_handle_t session, const char *label, uint8_t id,
                               const uint8_t *curve, size_t curve_count)
{
    struct ck_mechanism mechanism = {.mechanism = CKM_EC_KEY_PAIR_GEN};
    unsigned char yes = 1;
    uint8_t parameters[16];
    char name[32];
    uint8_t point[128];
    ck_object_handle_t shown = 0;
    ck_object_handle_t secret = 0;
    struct address address = {{0}};

    memcpy(parameters, curve, curve_count);
    (void)snprintf(name, sizeof(name), "%s", label);
    struct ck_attribute shown_wants[] = {
        {CKA_EC_PARAMS, parameters, curve_count}, {CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1},
        {CKA_LABEL, name, strlen(name)},          {CKA_ID, &id, 1},
    };
    struct ck_attribute secret_wants[] = {
        {CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1},          {CKA_SENSITIVE, &yes, 1},
        {CKA_SIGN, &yes, 1},  {CKA_LABEL, name, strlen(name)}, {CKA_ID, &id, 1},
    };
    assert_int_equal(CKR_OK, calls->C_GenerateKeyPair(session, &mechanism, shown_wants, 5,
                                                      secret_wants, 6, &shown, &secret));
    struct ck_attribute wanted = {CKA_EC_POINT, point, sizeof(point)};
    assert_int_equal(CKR_OK, calls->C_GetAttributeValue(session, shown, &wanted, 1));
    assert_status(STATUS_OK, token_read_point(bytes_from(point, wanted.value_len), &address));
    return address;
}

static int make_token(void **state)
{
    char path[300];
    char text[700];
    char label[33];
    CK_C_GetFunctionList get_calls = NULL;

    (void)state;
    folder = folder_make();
    (void)snprintf(tokens_path, sizeof(tokens_path), "%s/tokens", folder.path);
    (void)snprintf(pin_path, sizeof(pin_path), "%s/pin", folder.path);
    (void)snprintf(path, sizeof(path), "%s/softhsm2.conf", folder.path);
    (void)snprintf(text, sizeof(text), "directories.tokendir = %s\nobjectstore.backend = file\n",
                   tokens_path);
    assert_int_equal(0, mkdir(tokens_path, 0700));
    write_file(path, text, 0600);
    assert_int_equal(0, setenv("SOFTHSM2_CONF", path, 1));
    library = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        print_error("%s: install libsofthsm2 (deploy/setup build)\n", dlerror());
        return -1;
    }
    void *found = dlsym(library, "C_GetFunctionList");
    memcpy(&get_calls, &found, sizeof(found));
    assert_int_equal(CKR_OK, get_calls(&calls));
    assert_int_equal(CKR_OK, calls->C_Initialize(NULL));
    (void)snprintf(label, sizeof(label), "%-32s", TOKEN);
    assert_int_equal(CKR_OK, calls->C_InitToken(first_slot(), (uint8_t *)(uintptr_t) "1234567", 7,
                                                (uint8_t *)label));
    ck_session_handle_t session = 0;
    assert_int_equal(CKR_OK, calls->C_OpenSession(first_slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                                  NULL, NULL, &session));
    assert_int_equal(CKR_OK, calls->C_Login(session, CKU_SO, (uint8_t *)(uintptr_t) "1234567", 7));
    assert_int_equal(CKR_OK, calls->C_InitPIN(session, (uint8_t *)(uintptr_t)PIN, strlen(PIN)));
    assert_int_equal(CKR_OK, calls->C_Logout(session));
    assert_int_equal(CKR_OK, calls->C_CloseSession(session));
    session = log_in(first_slot());
    key_address = make_key(session, "relayer", 1, on_secp256k1, sizeof(on_secp256k1));
    (void)make_key(session, "other", 2, on_secp256k1, sizeof(on_secp256k1));
    (void)make_key(session, "p256", 3, on_p256, sizeof(on_p256));
    (void)make_key(session, "twice", 4, on_secp256k1, sizeof(on_secp256k1));
    (void)make_key(session, "twice", 5, on_secp256k1, sizeof(on_secp256k1));
    assert_int_equal(CKR_OK, calls->C_Finalize(NULL));
    return 0;
}

static int remove_token(void **state)
{
    (void)state;
    assert_int_equal(0, unsetenv("SOFTHSM2_CONF"));
    folder_remove(&folder);
    return dlclose(library);
}

static int set_up(void **state)
{
    (void)state;
    write_file(pin_path, PIN "\n", 0600);
    place = (struct key_place){.backend = KEY_IN_TOKEN,
                               .address = key_address,
                               .timeout = DURATION_MS(5000),
                               .token = {.module = MODULE, .token = TOKEN, .label = "relayer"}};
    (void)snprintf(place.token.pin_file, sizeof(place.token.pin_file), "%s", pin_path);
    return 0;
}

/* ---- in this process ---- */

static enum status sign_with(struct token *token, const char *text, const char **ret_why)
{
    const struct hash digest = keccak256(bytes_from_string(text));
    uint8_t r_and_s[KEY_SIGNATURE_BYTES];
    struct signature signature;

    *ret_why = "";
    const enum status status = token_sign(token, &digest, r_and_s, ret_why);
    return status == STATUS_OK ? signature_complete(&digest, &key_address, r_and_s, &signature)
                               : status;
}

static void a_token_signs_in_both_halves(void **state)
{
    struct token *token = NULL;
    const char *why = "";

    (void)state;
    assert_status(STATUS_OK, token_open(&place, &token));
    /* Half of its signatures have a high s: each is made what chains take. */
    for (unsigned i = 0; i < 32; i++) {
        assert_status(STATUS_OK, sign_with(token, "anything", &why));
    }
    token = token_close(token);
    place.token.label[0] = '\0';
    place.token.id[0] = 1;
    place.token.id_count = 1;
    assert_status(STATUS_OK, token_open(&place, &token));
    assert_status(STATUS_OK, sign_with(token, "by its id", &why));
    token_close(token);
}

/* Whoever ended the session: it is begun again, by a login of its own. */
static void a_lost_session_is_opened_again(void **state)
{
    struct token *token = NULL;
    const char *why = "";

    (void)state;
    assert_status(STATUS_OK, token_open(&place, &token));
    assert_status(STATUS_OK, sign_with(token, "first", &why));
    assert_int_equal(CKR_OK, calls->C_CloseAllSessions(first_slot()));
    assert_status(STATUS_OK, sign_with(token, "after its session was closed", &why));
    assert_int_equal(CKR_OK, calls->C_Finalize(NULL));
    assert_status(STATUS_OK, sign_with(token, "after all was ended", &why));
    /* Once only: a token that is gone is said. */
    write_file(pin_path, "", 0600);
    assert_int_equal(CKR_OK, calls->C_CloseAllSessions(first_slot()));
    assert_status(STATUS_REFUSED, sign_with(token, "without a PIN", &why));
    assert_string_equal("its `pin` cannot be read", why);
    write_file(pin_path, PIN, 0600);
    assert_status(STATUS_OK, sign_with(token, "with it again", &why));
    token_close(token);
}

static void a_wrong_pin_is_tried_once(void **state)
{
    struct token *token = NULL;
    const char *why = "";

    (void)state;
    write_file(pin_path, "845121\n", 0600);
    assert_status(STATUS_OK, token_open(&place, &token));
    assert_status(STATUS_REFUSED, sign_with(token, "wrong", &why));
    assert_non_null(strstr(why, "does not take the PIN"));
    /* Nobody asks the token again, were it with the right one. */
    write_file(pin_path, PIN "\n", 0600);
    assert_status(STATUS_REFUSED, sign_with(token, "right", &why));
    token = token_close(token);
    assert_status(STATUS_OK, token_open(&place, &token));
    assert_status(STATUS_OK, sign_with(token, "a new start", &why));
    token_close(token);
}

static enum status find(const char **ret_why)
{
    struct token *token = NULL;

    assert_status(STATUS_OK, token_open(&place, &token));
    const enum status status = token_find(token, ret_why);
    /* A `why` of the token's own memory ends with it. */
    static char why[160];
    (void)snprintf(why, sizeof(why), "%s", status == STATUS_OK ? "" : *ret_why);
    *ret_why = why;
    token_close(token);
    return status;
}

static void what_is_not_the_key_is_said(void **state)
{
    static const struct {
        const char *label;
        enum status status;
        const char *why;
    } keys[] = {
        {"relayer", STATUS_OK, ""},
        {"other", STATUS_REFUSED, "of another address"},
        {"p256", STATUS_MALFORMED, "not on secp256k1"},
        {"twice", STATUS_NOT_FOUND, "several keys"},
        {"nobody", STATUS_NOT_FOUND, "no such key"},
    };
    struct token *token = NULL;
    const char *why = "";

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        (void)snprintf(place.token.label, sizeof(place.token.label), "%s", keys[i].label);
        assert_status(keys[i].status, find(&why));
        assert_non_null(strstr(why, keys[i].why));
    }
    (void)set_up(NULL);
    (void)snprintf(place.token.token, sizeof(place.token.token), "sluice tes");
    assert_status(STATUS_NOT_FOUND, find(&why));
    assert_non_null(strstr(why, "no such `token`"));
    (void)set_up(NULL);
    write_file(pin_path, PIN, 0644);
    assert_status(STATUS_REFUSED, find(&why));
    assert_non_null(strstr(why, "chmod 600"));
    (void)snprintf(place.token.module, sizeof(place.token.module), "/usr/lib/none.so");
    assert_status(STATUS_NOT_FOUND, token_open(&place, &token));
    /* A library, and no module. */
    (void)snprintf(place.token.module, sizeof(place.token.module), "libc.so.6");
    assert_status(STATUS_NOT_FOUND, token_open(&place, &token));
}

static void points_have_two_forms_and_no_third(void **state)
{
    uint8_t point[67] = {0x04, 0x41, 0x04};
    struct address wrapped;
    struct address plain;

    (void)state;
    memset(point + 3, 7, 64);
    assert_status(STATUS_OK, token_read_point(bytes_from(point, 67), &wrapped));
    assert_status(STATUS_OK, token_read_point(bytes_from(point + 2, 65), &plain));
    assert_true(address_equal(&wrapped, &plain));
    assert_status(STATUS_MALFORMED, token_read_point(bytes_from(point, 66), &plain));
    assert_status(STATUS_MALFORMED, token_read_point(bytes_from(point + 2, 64), &plain));
    assert_status(STATUS_MALFORMED, token_read_point(bytes_from(point, 0), &plain));
    point[2] = 0x02;
    assert_status(STATUS_MALFORMED, token_read_point(bytes_from(point, 67), &plain));
}

/* ---- by a child ---- */

static void a_confined_child_reaches_it(void **state)
{
    struct key_holder *holder = NULL;
    char why[KEY_WHY_BYTES];

    (void)state;
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    for (unsigned i = 0; i < 8; i++) {
        assert_status(STATUS_OK, key_holder_try(holder, 0, why));
    }
    holder = key_holder_close(holder);
    /* A module that cannot be loaded is said by the child, and ends nobody. */
    (void)snprintf(place.token.module, sizeof(place.token.module), "/usr/lib/none.so");
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    assert_status(STATUS_UNREACHABLE, key_holder_try(holder, 0, why));
    assert_non_null(strstr(why, "its `module` cannot be loaded"));
    key_holder_close(holder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_token_signs_in_both_halves, set_up),
        cmocka_unit_test_setup(a_lost_session_is_opened_again, set_up),
        cmocka_unit_test_setup(a_wrong_pin_is_tried_once, set_up),
        cmocka_unit_test_setup(what_is_not_the_key_is_said, set_up),
        cmocka_unit_test_setup(a_confined_child_reaches_it, set_up),
        cmocka_unit_test(points_have_two_forms_and_no_third),
    };
    return cmocka_run_group_tests(tests, make_token, remove_token);
}
