/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/remote/token.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CRYPTOKI_GNU 1 /* names as in this tree */
#include <p11-kit/pkcs11.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/signer/ecdsa.h"

#define SLOTS_MAX     64u
#define PIN_BYTES_MAX 256u
#define POINT_BYTES   64u
#define WHY_BYTES     128u

struct token {
    const struct key_place *place;
    void *library;
    struct ck_function_list *calls;
    bool is_initialized; /* by us */
    bool has_session;
    const char *shut; /* not NULL: why it is not logged in to again */
    ck_session_handle_t session;
    ck_object_handle_t key;
    char why[WHY_BYTES];
};

/* ---- words ---- */

static enum status say(const char **ret_why, enum status status, const char *words)
{
    *ret_why = words;
    return status;
}

/* With the module's own number, which its manual explains. */
static enum status say_failed(struct token *token, const char **ret_why, const char *call,
                              ck_rv_t code)
{
    (void)snprintf(token->why, sizeof(token->why), "its module fails in %s with 0x%lx", call, code);
    *ret_why = token->why;
    return STATUS_UNREACHABLE;
}

/* ---- life ---- */

static enum status start_module(struct token *token, const char **ret_why)
{
    struct ck_c_initialize_args arguments = {.flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS};

    if (token->is_initialized) {
        return STATUS_OK;
    }
    const ck_rv_t code = token->calls->C_Initialize(&arguments);
    if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return say_failed(token, ret_why, "C_Initialize", code);
    }
    token->is_initialized = code == CKR_OK;
    return STATUS_OK;
}

enum status token_open(const struct key_place *place, struct token **ret_token)
{
    struct token *token = calloc(1, sizeof(*token));
    CK_C_GetFunctionList get_calls = NULL;
    const char *why = "";

    if (token == NULL) {
        return STATUS_NO_MEMORY;
    }
    token->place = place;
    token->library = dlopen(place->token.module, RTLD_NOW | RTLD_LOCAL);
    if (token->library != NULL) {
        void *found = dlsym(token->library, "C_GetFunctionList");
        /* ISO C has no cast from an object's address to a function's. */
        _Static_assert(sizeof(found) == sizeof(get_calls), "POSIX: both are addresses");
        memcpy(&get_calls, &found, sizeof(found));
    }
    if (get_calls == NULL || get_calls(&token->calls) != CKR_OK || token->calls == NULL) {
        token_close(token);
        return STATUS_NOT_FOUND;
    }
    (void)start_module(token, &why);
    *ret_token = token;
    return STATUS_OK;
}

/* Nothing of a session is kept; what fails here was lost already. */
static void leave(struct token *token)
{
    if (token->has_session) {
        (void)token->calls->C_CloseSession(token->session);
        token->has_session = false;
    }
}

struct token *token_close(struct token *token)
{
    if (token != NULL) {
        if (token->calls != NULL) {
            leave(token);
            if (token->is_initialized) {
                (void)token->calls->C_Finalize(NULL);
            }
        }
        if (token->library != NULL) {
            (void)dlclose(token->library);
        }
        free(token);
    }
    return NULL;
}

/* ---- a session ---- */

/* A token's label fills its room with blanks. */
static bool is_labelled(const struct ck_token_info *info, const char *label)
{
    uint8_t padded[sizeof(info->label)];
    const size_t count = strlen(label);

    CHECK(count <= sizeof(padded));
    memset(padded, ' ', sizeof(padded));
    memcpy(padded, label, count);
    return memcmp(padded, info->label, sizeof(padded)) == 0;
}

static enum status find_slot(struct token *token, ck_slot_id_t *ret_slot,
                             struct ck_token_info *ret_info, const char **ret_why)
{
    ck_slot_id_t slots[SLOTS_MAX];
    unsigned long count = SLOTS_MAX;
    struct ck_token_info info;
    unsigned found_count = 0;

    const ck_rv_t code = token->calls->C_GetSlotList(1, slots, &count);
    if (code != CKR_OK || count > SLOTS_MAX) {
        return say_failed(token, ret_why, "C_GetSlotList", code);
    }
    for (unsigned long i = 0; i < count; i++) {
        if (token->calls->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            is_labelled(&info, token->place->token.token)) {
            *ret_slot = slots[i];
            *ret_info = info;
            found_count++;
        }
    }
    return found_count == 1   ? STATUS_OK
           : found_count == 0 ? say(ret_why, STATUS_NOT_FOUND, "its module has no such `token`")
                              : say(ret_why, STATUS_NOT_FOUND,
                                    "its module has several tokens of the name `token`");
}

static enum status read_pin(const struct token *token, struct buffer *pin, const char **ret_why)
{
    switch (file_read_secret(token->place->token.pin_file, pin)) {
    case FILE_OK:
        return STATUS_OK;
    case FILE_EXPOSED:
        return say(ret_why, STATUS_REFUSED, "others can read its `pin`: chmod 600");
    case FILE_MISSING:
    case FILE_FORBIDDEN:
    case FILE_NOT_REGULAR:
    case FILE_TOO_LARGE:
    case FILE_EMPTY:
    case FILE_EXISTS:
    case FILE_FAILED:
        break;
    }
    return say(ret_why, STATUS_REFUSED, "its `pin` cannot be read");
}

static enum status log_in(struct token *token, const char **ret_why)
{
    uint8_t memory[PIN_BYTES_MAX + 2];
    struct buffer pin = buffer_from(memory, sizeof(memory));
    const enum status status = read_pin(token, &pin, ret_why);

    if (status != STATUS_OK) {
        secret_wipe(memory, sizeof(memory));
        return status;
    }
    const ck_rv_t code = token->calls->C_Login(token->session, CKU_USER, pin.data, pin.count);
    secret_wipe(memory, sizeof(memory));
    if (code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN) {
        return STATUS_OK;
    }
    if (code == CKR_PIN_INCORRECT || code == CKR_PIN_INVALID || code == CKR_PIN_LEN_RANGE ||
        code == CKR_PIN_LOCKED || code == CKR_PIN_EXPIRED) {
        token->shut = "the token does not take the PIN; it is not tried again before a new start";
        return say(ret_why, STATUS_REFUSED, token->shut);
    }
    return say_failed(token, ret_why, "C_Login", code);
}

/* ---- its key ---- */

/* The one object of a class that has the configured label or id. */
static enum status find_object(struct token *token, ck_object_class_t class,
                               ck_object_handle_t *ret_object, const char **ret_why)
{
    const struct token_place *place = &token->place->token;
    ck_key_type_t type = CKK_EC;
    uint8_t name[TOKEN_LABEL_BYTES];
    const size_t name_count = place->id_count > 0 ? place->id_count : strlen(place->label);
    struct ck_attribute wanted[] = {
        {.type = CKA_CLASS, .value = &class, .value_len = sizeof(class)},
        {.type = CKA_KEY_TYPE, .value = &type, .value_len = sizeof(type)},
        {.type = place->id_count > 0 ? CKA_ID : CKA_LABEL, .value = name, .value_len = name_count},
    };
    ck_object_handle_t found[2];
    unsigned long count = 0;

    CHECK(name_count <= sizeof(name));
    memcpy(name, place->id_count > 0 ? place->id : (const uint8_t *)place->label, name_count);
    ck_rv_t code = token->calls->C_FindObjectsInit(token->session, wanted, 3);
    if (code == CKR_OK) {
        code = token->calls->C_FindObjects(token->session, found, 2, &count);
        (void)token->calls->C_FindObjectsFinal(token->session);
    }
    if (code != CKR_OK) {
        return say_failed(token, ret_why, "C_FindObjects", code);
    }
    if (count != 1) {
        return say(ret_why, STATUS_NOT_FOUND,
                   count == 0 ? "the token has no such key"
                              : "the token has several keys of that name: say its `id`");
    }
    *ret_object = found[0];
    return STATUS_OK;
}

/* Bytes of an object; 0: it does not have them. */
static size_t read_attribute(struct token *token, ck_object_handle_t object,
                             ck_attribute_type_t type, uint8_t *memory, size_t capacity)
{
    struct ck_attribute attribute = {.type = type, .value = memory, .value_len = capacity};

    return token->calls->C_GetAttributeValue(token->session, object, &attribute, 1) == CKR_OK &&
                   attribute.value_len <= capacity
               ? attribute.value_len
               : 0;
}

enum status token_read_point(struct bytes point, struct address *ret_address)
{
    static const uint8_t wrapped[] = {0x04, POINT_BYTES + 1};

    if (bytes_have_prefix(point, bytes_from(wrapped, sizeof(wrapped))) &&
        point.count == sizeof(wrapped) + 1 + POINT_BYTES) {
        point = bytes_from(point.data + sizeof(wrapped), 1 + POINT_BYTES);
    }
    if (point.count != 1 + POINT_BYTES || point.data[0] != 0x04) {
        return STATUS_MALFORMED;
    }
    const struct hash hash = keccak256(bytes_from(point.data + 1, POINT_BYTES));
    *ret_address = address_from_evm(hash.bytes + 12);
    return STATUS_OK;
}

/* By the public key beside it; where a token keeps none, its signatures will say. */
static enum status check_key(struct token *token, const char **ret_why)
{
    static const uint8_t secp256k1[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a}; /* SEC 2, A.2 */
    uint8_t memory[128];
    struct address address;
    ck_object_handle_t shown = 0;

    size_t count = read_attribute(token, token->key, CKA_EC_PARAMS, memory, sizeof(memory));
    if (!bytes_equal(bytes_from(memory, count), bytes_from(secp256k1, sizeof(secp256k1)))) {
        return say(ret_why, STATUS_MALFORMED, "the key is not on secp256k1");
    }
    if (find_object(token, CKO_PUBLIC_KEY, &shown, ret_why) != STATUS_OK) {
        return STATUS_OK;
    }
    count = read_attribute(token, shown, CKA_EC_POINT, memory, sizeof(memory));
    if (count == 0) {
        return STATUS_OK;
    }
    if (token_read_point(bytes_from(memory, count), &address) != STATUS_OK) {
        return say(ret_why, STATUS_MALFORMED, "the public key beside the key is no point");
    }
    return address_equal(&address, &token->place->address)
               ? STATUS_OK
               : say(ret_why, STATUS_REFUSED,
                     "the key is of another address than the configured one");
}

static enum status begin_session(struct token *token, const char **ret_why)
{
    struct ck_token_info info = {.flags = 0};
    ck_slot_id_t slot = 0;
    enum status status = start_module(token, ret_why);

    if (status == STATUS_OK) {
        status = find_slot(token, &slot, &info, ret_why);
    }
    if (status != STATUS_OK) {
        return status;
    }
    /* The last try is a person's. */
    if ((info.flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) != 0) {
        return say(ret_why, STATUS_REFUSED,
                   (info.flags & CKF_USER_PIN_LOCKED) != 0
                       ? "the token's PIN is locked"
                       : "the token has one try for its PIN left: log in to it by hand first");
    }
    const ck_rv_t code =
        token->calls->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session);
    if (code != CKR_OK) {
        return say_failed(token, ret_why, "C_OpenSession", code);
    }
    token->has_session = true;
    status = log_in(token, ret_why);
    if (status == STATUS_OK) {
        status = find_object(token, CKO_PRIVATE_KEY, &token->key, ret_why);
    }
    return status == STATUS_OK ? check_key(token, ret_why) : status;
}

enum status token_find(struct token *token, const char **ret_why)
{
    if (token->shut != NULL) {
        return say(ret_why, STATUS_REFUSED, token->shut);
    }
    if (token->has_session) {
        return STATUS_OK;
    }
    const enum status status = begin_session(token, ret_why);
    if (status != STATUS_OK) {
        leave(token);
    }
    return status;
}

/* ---- signing ---- */

/* The session, or what it stood on, is gone; the key may be as good as before. */
static bool is_lost(ck_rv_t code)
{
    return code == CKR_SESSION_HANDLE_INVALID || code == CKR_SESSION_CLOSED ||
           code == CKR_USER_NOT_LOGGED_IN || code == CKR_KEY_HANDLE_INVALID ||
           code == CKR_OBJECT_HANDLE_INVALID || code == CKR_DEVICE_REMOVED ||
           code == CKR_DEVICE_ERROR || code == CKR_TOKEN_NOT_PRESENT ||
           code == CKR_CRYPTOKI_NOT_INITIALIZED;
}

static ck_rv_t sign_once(struct token *token, const struct hash *digest,
                         uint8_t ret_signature[KEY_SIGNATURE_BYTES], unsigned long *ret_count)
{
    struct ck_mechanism mechanism = {.mechanism = CKM_ECDSA};
    struct hash copy = *digest; /* the module's argument is not const */

    *ret_count = KEY_SIGNATURE_BYTES;
    const ck_rv_t code = token->calls->C_SignInit(token->session, &mechanism, token->key);
    return code == CKR_OK ? token->calls->C_Sign(token->session, copy.bytes, sizeof(copy.bytes),
                                                 ret_signature, ret_count)
                          : code;
}

enum status token_sign(struct token *token, const struct hash *digest,
                       uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why)
{
    unsigned long count = 0;
    ck_rv_t code = CKR_OK;
    enum status status = token_find(token, ret_why);

    if (status != STATUS_OK) {
        return status;
    }
    code = sign_once(token, digest, ret_signature, &count);
    if (is_lost(code)) {
        leave(token);
        token->is_initialized = token->is_initialized && code != CKR_CRYPTOKI_NOT_INITIALIZED;
        status = token_find(token, ret_why);
        if (status != STATUS_OK) {
            return status;
        }
        code = sign_once(token, digest, ret_signature, &count);
    }
    if (code != CKR_OK) {
        leave(token);
        return say_failed(token, ret_why, "C_Sign", code);
    }
    return count == KEY_SIGNATURE_BYTES
               ? STATUS_OK
               : say(ret_why, STATUS_MALFORMED, "what its module gave is no signature");
}
