/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/config_keys.c: `keys` of signer.yaml: keystores, and where other keys are. Secrets
 * are files, and who writes one here is told so without it being repeated. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/signer/config_internal.h"

#define KEY_TIMEOUT_USUAL DURATION_MS(5000)

static const char *const key_secrets[YAML_KEY_SECRETS] = {"passphrase", "password", "private_key",
                                                          "secret", "mnemonic"};
static const char *const kms_secrets[YAML_KMS_SECRETS] = {
    "access_key_id",     "secret_access_key",     "session_token",
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token"};

#define REFUSED_TEXT(name, type, i) OPTIONAL_TEXT(name, type, secrets[i])

static const cyaml_schema_field_t web3signer_fields[] = {
    REQUIRED_TEXT("url", struct yaml_web3signer, url),
    OPTIONAL_TEXT("authority", struct yaml_web3signer, authority),
    OPTIONAL_TEXT("timeout", struct yaml_web3signer, timeout), CYAML_FIELD_END};

static const cyaml_schema_field_t kms_fields[] = {
    OPTIONAL_TEXT("url", struct yaml_kms, url),
    REQUIRED_TEXT("region", struct yaml_kms, region),
    REQUIRED_TEXT("key_id", struct yaml_kms, key_id),
    OPTIONAL_TEXT("credentials", struct yaml_kms, credentials),
    OPTIONAL_TEXT("authority", struct yaml_kms, authority),
    OPTIONAL_TEXT("timeout", struct yaml_kms, timeout),
    REFUSED_TEXT("access_key_id", struct yaml_kms, 0),
    REFUSED_TEXT("secret_access_key", struct yaml_kms, 1),
    REFUSED_TEXT("session_token", struct yaml_kms, 2),
    REFUSED_TEXT("aws_access_key_id", struct yaml_kms, 3),
    REFUSED_TEXT("aws_secret_access_key", struct yaml_kms, 4),
    REFUSED_TEXT("aws_session_token", struct yaml_kms, 5),
    CYAML_FIELD_END};

static const cyaml_schema_field_t pkcs11_fields[] = {
    REQUIRED_TEXT("module", struct yaml_pkcs11, module),
    REQUIRED_TEXT("token", struct yaml_pkcs11, token),
    OPTIONAL_TEXT("label", struct yaml_pkcs11, label),
    OPTIONAL_TEXT("id", struct yaml_pkcs11, id),
    REQUIRED_TEXT("pin", struct yaml_pkcs11, pin),
    OPTIONAL_TEXT("timeout", struct yaml_pkcs11, timeout),
    CYAML_FIELD_END};

static const cyaml_schema_field_t key_fields[] = {
    REQUIRED_TEXT("name", struct yaml_key, name),
    OPTIONAL_TEXT("keystore", struct yaml_key, keystore),
    OPTIONAL_TEXT("passphrase_file", struct yaml_key, passphrase_file),
    OPTIONAL_TEXT("address", struct yaml_key, address),
    CYAML_FIELD_MAPPING_PTR("web3signer", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_key,
                            web3signer, web3signer_fields),
    CYAML_FIELD_MAPPING_PTR("kms", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_key, kms,
                            kms_fields),
    CYAML_FIELD_MAPPING_PTR("pkcs11", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_key,
                            pkcs11, pkcs11_fields),
    REFUSED_TEXT("passphrase", struct yaml_key, 0),
    REFUSED_TEXT("password", struct yaml_key, 1),
    REFUSED_TEXT("private_key", struct yaml_key, 2),
    REFUSED_TEXT("secret", struct yaml_key, 3),
    REFUSED_TEXT("mnemonic", struct yaml_key, 4),
    CYAML_FIELD_SEQUENCE("roles", CYAML_FLAG_POINTER, struct yaml_key, roles, &config_text_schema,
                         1, 2),
    CYAML_FIELD_END};

const cyaml_schema_value_t config_key_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_key, key_fields)};

/* ---- secrets ---- */

/* A secret that stands in the file itself was seen by whoever saw the file. */
static bool refuse_secrets(const struct config_loader *loader, struct config_place key,
                           const char *const *names, char *const *secrets, size_t count,
                           const char *instead)
{
    for (size_t i = 0; i < count; i++) {
        if (secrets[i] != NULL) {
            return config_fail(loader, config_key_named("%s.%s", key.text, names[i]),
                               "a secret does not belong into this file: put it into a file of its "
                               "own with mode 0600, or a credential of the service, and name that "
                               "in `%s`",
                               instead);
        }
    }
    return true;
}

/* "credential:NAME": what the service manager gave this process under that name. */
static bool load_secret_path(const struct config_loader *loader, struct config_place key,
                             const char *text, char ret_path[FILE_PATH_BYTES_MAX])
{
    static const char lead[] = "credential:";
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");

    if (strncmp(text, lead, sizeof(lead) - 1) != 0) {
        return config_load_path(loader, key, text, FILE_PATH_BYTES_MAX, ret_path);
    }
    text += sizeof(lead) - 1;
    if (text[0] == '\0' || text[0] == '.' || text[strspn(text, allowed)] != '\0') {
        return config_fail(loader, key, "\"%.80s\" is not the name of a credential", text);
    }
    if (folder == NULL) {
        return config_fail(
            loader, key,
            "there are no credentials: start it as a service with LoadCredential=%.80s:PATH", text);
    }
    const int count = snprintf(ret_path, FILE_PATH_BYTES_MAX, "%s/%s", folder, text);
    return (count > 0 && (size_t)count < FILE_PATH_BYTES_MAX) ||
           config_fail(loader, key, "the path of the credentials is too long");
}

/* The same where a secret itself could be mistaken for a relative path: a path says that it is one.
 */
static bool load_plain_secret_path(const struct config_loader *loader, struct config_place key,
                                   const char *text, char ret_path[FILE_PATH_BYTES_MAX])
{
    static const char *const leads[] = {"/", "./", "../", "credential:"};
    bool is_path = false;

    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        is_path = is_path || strncmp(text, leads[i], strlen(leads[i])) == 0;
    }
    return is_path ? load_secret_path(loader, key, text, ret_path)
                   : config_fail(loader, key,
                                 "names a file that holds the secret (/PATH, ./PATH or "
                                 "credential:NAME), and never holds it itself");
}

/* ---- keys ---- */

static bool load_role(const struct config_loader *loader, struct config_place key, const char *text,
                      struct config_key *to)
{
    if (strcmp(text, "chain") == 0) {
        to->chain = true;
        return true;
    }
    if (strcmp(text, "validator") == 0) {
        to->validator = true;
        return true;
    }
    return config_fail(loader, key, "\"%.80s\" is not a role; roles are chain and validator", text);
}

static bool load_keystore(const struct config_loader *loader, struct config_place key,
                          const struct yaml_key *yaml, struct config_key *to)
{
    if (yaml->keystore == NULL || yaml->passphrase_file == NULL || yaml->address != NULL) {
        return config_fail(loader, key,
                           "a key is in a keystore (keystore and passphrase_file) or elsewhere "
                           "(address, and web3signer, kms or pkcs11)");
    }
    return config_load_path(loader, config_key_named("%s.keystore", key.text), yaml->keystore,
                            FILE_PATH_BYTES_MAX, to->keystore) &&
           load_secret_path(loader, config_key_named("%s.passphrase_file", key.text),
                            yaml->passphrase_file, to->passphrase_file);
}

static bool load_timeout(const struct config_loader *loader, struct config_place key,
                         const char *text, struct duration *ret_timeout)
{
    const struct duration shortest = DURATION_MS(100);
    const struct duration longest = DURATION_MS(60000);

    *ret_timeout = KEY_TIMEOUT_USUAL;
    if (text == NULL) {
        return true;
    }
    return (settings_parse_duration(text, ret_timeout) == STATUS_OK &&
            ret_timeout->ns >= shortest.ns && ret_timeout->ns <= longest.ns) ||
           config_fail(loader, key, "\"%.80s\" is not a time from 100 ms to 60 s, such as \"5 s\"",
                       text);
}

/* What a URL may hold that is a secret is not repeated. */
static bool load_url(const struct config_loader *loader, struct config_place key, const char *text,
                     const char *example, struct https_place *ret_place)
{
    if (strchr(text, '@') != NULL) {
        return config_fail(loader, key, "must not hold a user or a password");
    }
    return https_place_read(text, ret_place) == STATUS_OK ||
           config_fail(loader, key, "\"%.80s\" is not the address of a web server, such as \"%s\"",
                       text, example);
}

static bool load_authority(const struct config_loader *loader, struct config_place key,
                           const char *text, struct key_place *to)
{
    if (text != NULL && !to->place.has_tls) {
        return config_fail(loader, key, "belongs to https:// alone");
    }
    return text == NULL ||
           config_load_path(loader, key, text, FILE_PATH_BYTES_MAX, to->authority_file);
}

static bool load_web3signer(const struct config_loader *loader, struct config_place key,
                            const struct yaml_web3signer *yaml, struct key_place *to)
{
    to->backend = KEY_AT_WEB3SIGNER;
    return load_url(loader, config_key_named("%s.url", key.text), yaml->url,
                    "https://keys.example.com:9000", &to->place) &&
           load_authority(loader, config_key_named("%s.authority", key.text), yaml->authority,
                          to) &&
           load_timeout(loader, config_key_named("%s.timeout", key.text), yaml->timeout,
                        &to->timeout);
}

/* Of letters, digits and what `more` has: nothing that a header or JSON would take for its own. */
static bool load_word(const struct config_loader *loader, struct config_place key, const char *text,
                      const char *more, size_t word_bytes_max, char *ret_word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t count = 0;

    while (text[count] != '\0' &&
           (strchr(plain, text[count]) != NULL || strchr(more, text[count]) != NULL)) {
        count++;
    }
    if (text[count] != '\0' || count >= word_bytes_max) {
        return config_fail(loader, key, "is 1 to %zu letters, digits and any of %s",
                           word_bytes_max - 1, more);
    }
    memcpy(ret_word, text, count + 1);
    return true;
}

/* Credentials and tokens go over it: without TLS it is this machine alone. */
static bool load_kms_url(const struct config_loader *loader, struct config_place key,
                         const struct yaml_kms *yaml, struct https_place *ret_place)
{
    char usual[KMS_REGION_BYTES + 32];

    (void)snprintf(usual, sizeof(usual), "https://kms.%s.amazonaws.com", yaml->region);
    if (!load_url(loader, key, yaml->url == NULL ? usual : yaml->url, usual, ret_place)) {
        return false;
    }
    if (ret_place->path[0] != '\0') {
        return config_fail(loader, key, "has no path: \"%s\"", usual);
    }
    return ret_place->has_tls || strcmp(ret_place->host, "localhost") == 0 ||
           strcmp(ret_place->host, "127.0.0.1") == 0 ||
           config_fail(loader, key, "must be https:// unless it is on this machine (127.0.0.1)");
}

static bool load_kms(const struct config_loader *loader, struct config_place key,
                     const struct yaml_kms *yaml, struct key_place *to)
{
    to->backend = KEY_AT_KMS;
    if (!refuse_secrets(loader, key, kms_secrets, yaml->secrets, YAML_KMS_SECRETS, "credentials")) {
        return false;
    }
    if (yaml->credentials == NULL) {
        return config_fail(loader, key,
                           "needs `credentials`: a file of mode 0600, or credential:NAME, with "
                           "aws_access_key_id and aws_secret_access_key");
    }
    return load_word(loader, config_key_named("%s.region", key.text), yaml->region, "-",
                     sizeof(to->kms.region), to->kms.region) &&
           load_word(loader, config_key_named("%s.key_id", key.text), yaml->key_id,
                     "-_/:", sizeof(to->kms.key_id), to->kms.key_id) &&
           load_kms_url(loader, config_key_named("%s.url", key.text), yaml, &to->place) &&
           load_plain_secret_path(loader, config_key_named("%s.credentials", key.text),
                                  yaml->credentials, to->kms.credentials_file) &&
           load_authority(loader, config_key_named("%s.authority", key.text), yaml->authority,
                          to) &&
           load_timeout(loader, config_key_named("%s.timeout", key.text), yaml->timeout,
                        &to->timeout);
}

/* Code of somebody else: whoever can write the file is whoever can use the key. */
static bool load_module(const struct config_loader *loader, struct config_place key,
                        const char *text, char ret_path[FILE_PATH_BYTES_MAX])
{
    struct stat about;

    if (text[0] != '/') {
        return config_fail(loader, key,
                           "is the whole path of a PKCS#11 module, such as "
                           "\"/usr/lib/softhsm/libsofthsm2.so\"");
    }
    if (stat(text, &about) != 0 || !S_ISREG(about.st_mode)) {
        return config_fail(loader, key, "there is no file \"%.200s\"", text);
    }
    if ((about.st_uid != 0 && about.st_uid != geteuid()) ||
        (about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return config_fail(loader, key, "others than root and this user can write \"%.200s\"",
                           text);
    }
    return config_load_path(loader, key, text, FILE_PATH_BYTES_MAX, ret_path);
}

static bool load_text(const struct config_loader *loader, struct config_place key, const char *text,
                      size_t text_bytes_max, char *ret_text)
{
    const int count = snprintf(ret_text, text_bytes_max, "%s", text);

    return (count > 0 && (size_t)count < text_bytes_max) ||
           config_fail(loader, key, "has at most %zu bytes", text_bytes_max - 1);
}

/* By one of two names. */
static bool load_object(const struct config_loader *loader, struct config_place key,
                        const struct yaml_pkcs11 *yaml, struct token_place *to)
{
    size_t count = 0;

    if ((yaml->label == NULL) == (yaml->id == NULL)) {
        return config_fail(loader, key, "a key in a token has either a `label` or an `id`");
    }
    if (yaml->label != NULL) {
        return load_text(loader, config_key_named("%s.label", key.text), yaml->label,
                         sizeof(to->label), to->label);
    }
    if (hex_decode(bytes_from_string(yaml->id), sizeof(to->id), to->id, &count) != STATUS_OK ||
        count == 0) {
        return config_fail(loader, config_key_named("%s.id", key.text),
                           "\"%.80s\" is not 1 to %u bytes in hexadecimal", yaml->id,
                           TOKEN_ID_BYTES);
    }
    to->id_count = (uint32_t)count;
    return true;
}

static bool load_pkcs11(const struct config_loader *loader, struct config_place key,
                        const struct yaml_pkcs11 *yaml, struct key_place *to)
{
    to->backend = KEY_IN_TOKEN;
    return load_module(loader, config_key_named("%s.module", key.text), yaml->module,
                       to->token.module) &&
           load_text(loader, config_key_named("%s.token", key.text), yaml->token,
                     sizeof(to->token.token), to->token.token) &&
           load_object(loader, key, yaml, &to->token) &&
           load_plain_secret_path(loader, config_key_named("%s.pin", key.text), yaml->pin,
                                  to->token.pin_file) &&
           load_timeout(loader, config_key_named("%s.timeout", key.text), yaml->timeout,
                        &to->timeout);
}

static bool load_backend(const struct config_loader *loader, struct config_place key,
                         const struct yaml_key *yaml, struct key_place *to)
{
    return yaml->web3signer != NULL
               ? load_web3signer(loader, config_key_named("%s.web3signer", key.text),
                                 yaml->web3signer, to)
           : yaml->kms != NULL
               ? load_kms(loader, config_key_named("%s.kms", key.text), yaml->kms, to)
               : load_pkcs11(loader, config_key_named("%s.pkcs11", key.text), yaml->pkcs11, to);
}

/* A key elsewhere: by whatever name it goes there, here it is its address. */
static bool load_elsewhere(const struct config_loader *loader, struct config_place key,
                           const struct yaml_key *yaml, struct key_place *to)
{
    if (yaml->keystore != NULL || yaml->passphrase_file != NULL || yaml->address == NULL) {
        return config_fail(loader, key,
                           "a key elsewhere needs `address`, and neither keystore nor "
                           "passphrase_file");
    }
    const struct config_place name = config_key_named("%s.address", key.text);
    for (uint32_t i = 0; i < loader->config->keys_count; i++) {
        const struct key_place *other = &loader->config->places[i];
        struct address address;
        if (settings_parse_address(yaml->address, &address) == STATUS_OK &&
            other->backend != KEY_IN_KEYSTORE && address_equal(&other->address, &address)) {
            return config_fail(loader, name, "is the address of another key of this file");
        }
    }
    return config_load_address(loader, name, yaml->address, &to->address) &&
           load_backend(loader, key, yaml, to);
}

bool config_load_key(const struct config_loader *loader, struct config_place key,
                     const struct yaml_key *yaml)
{
    struct config_key *to = &loader->config->keys[loader->config->keys_count];
    struct key_place *place = &loader->config->places[loader->config->keys_count];
    const int places_count =
        (yaml->web3signer != NULL) + (yaml->kms != NULL) + (yaml->pkcs11 != NULL);

    if (!config_load_name(loader, config_key_named("%s.name", key.text), yaml->name, to->name) ||
        !refuse_secrets(loader, key, key_secrets, yaml->secrets, YAML_KEY_SECRETS,
                        "passphrase_file")) {
        return false;
    }
    if (places_count > 1) {
        return config_fail(loader, key, "a key is in one place: web3signer, kms or pkcs11");
    }
    if (!(places_count == 0 ? load_keystore(loader, key, yaml, to)
                            : load_elsewhere(loader, key, yaml, place))) {
        return false;
    }
    for (unsigned i = 0; i < yaml->roles_count; i++) {
        if (!load_role(loader, config_key_named("%s.roles[%u]", key.text, i), yaml->roles[i], to)) {
            return false;
        }
    }
    loader->config->keys_count++;
    return true;
}
