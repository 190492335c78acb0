/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the web client against servers in memory: who is believed, and what an end means.
 *
 * Method: certificates are made for the test, and bytes are carried between the two sides in pieces
 * of every size. */
#include "tests/support/unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/node/web/web_tls.h"

#define NAME "store.example"

/* ---- certificates ---- */

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static struct identity identity_new(const char *names, long from_s, long to_s)
{
    struct identity made = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    X509 *const certificate = made.certificate;
    X509_NAME *const subject = X509_NAME_new();

    assert_non_null(made.key);
    assert_non_null(certificate);
    assert_int_equal(X509_set_version(certificate, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), from_s));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), to_s));
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"test", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_subject_name(certificate, subject), 1);
    assert_int_equal(X509_set_issuer_name(certificate, subject), 1);
    X509_NAME_free(subject);
    X509_EXTENSION *const extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    assert_int_equal(X509_set_pubkey(certificate, made.key), 1);
    assert_true(X509_sign(certificate, made.key, EVP_sha256()) > 0);
    return made;
}

static void identity_free(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

static struct web_authorities *trust(const struct identity *identity)
{
    char path[] = "/tmp/sluice-test-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *const file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, identity->certificate), 1);
    assert_int_equal(fclose(file), 0);
    struct web_authorities *const authorities = web_authorities_new(path);
    assert_int_equal(unlink(path), 0);
    assert_non_null(authorities);
    return authorities;
}

/* ---- a server in memory ---- */

struct server {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in;
    BIO *out;
};

static struct server server_new(const struct identity *identity, int version_max)
{
    struct server server = {.context = SSL_CTX_new(TLS_server_method())};

    assert_non_null(server.context);
    SSL_CTX_set_security_level(server.context, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(server.context, TLS1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(server.context, version_max), 1);
    assert_int_equal(SSL_CTX_use_certificate(server.context, identity->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server.context, identity->key), 1);
    server.ssl = SSL_new(server.context);
    server.in = BIO_new(BIO_s_mem());
    server.out = BIO_new(BIO_s_mem());
    SSL_set_bio(server.ssl, server.in, server.out);
    SSL_set_accept_state(server.ssl);
    return server;
}

static void server_free(struct server *server)
{
    SSL_free(server->ssl);
    SSL_CTX_free(server->context);
}

/* Carries what each side has for the other, in pieces, until neither has more. */
static void carry(struct server *server, struct web_tls *tls, size_t piece)
{
    uint8_t memory[4096];
    bool goes_on = true;

    while (goes_on) {
        const size_t said = web_tls_give(tls, memory, piece);
        if (said > 0) {
            assert_int_equal(BIO_write(server->in, memory, (int)said), (int)said);
        }
        if (!SSL_is_init_finished(server->ssl)) {
            (void)SSL_do_handshake(server->ssl);
        }
        const int heard = BIO_read(server->out, memory, (int)piece);
        if (heard > 0) {
            (void)web_tls_take(tls, bytes_from(memory, (size_t)heard));
        }
        goes_on = said > 0 || heard > 0;
    }
}

static struct web_tls *meet(struct server *server, struct web_authorities *authorities,
                            const char *host, size_t piece)
{
    struct web_tls *const tls = web_tls_new(authorities, host);

    assert_non_null(tls);
    assert_int_equal(web_tls_take(tls, bytes_from(NULL, 0)), WEB_TLS_SHAKING);
    carry(server, tls, piece);
    return tls;
}

/* ---- tests ---- */

static void words_go_both_ways_in_any_pieces(void **state)
{
    struct identity identity = identity_new("DNS:" NAME ",IP:127.0.0.1", 0, 3600);
    struct web_authorities *authorities = trust(&identity);
    static const size_t pieces[] = {1, 7, 512, 4096};
    static const char *const hosts[] = {NAME, "127.0.0.1"};

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct server server = server_new(&identity, i < 4 ? TLS1_3_VERSION : TLS1_2_VERSION);
        struct web_tls *tls = meet(&server, authorities, hosts[i % 2], pieces[i % 4]);
        char words[64] = "";
        uint8_t heard[64];

        assert_int_equal(web_tls_state(tls), WEB_TLS_OPEN);
        /* Servers are told a name, and never an address. */
        const char *const asked = SSL_get_servername(server.ssl, TLSEXT_NAMETYPE_host_name);
        assert_true(i % 2 == 0 ? strcmp(asked, NAME) == 0 : asked == NULL);
        assert_true(web_tls_write(tls, bytes_from_string("a question")));
        carry(&server, tls, pieces[i % 4]);
        assert_int_equal(SSL_read(server.ssl, words, sizeof(words)), 10);
        assert_string_equal(words, "a question");
        assert_int_equal(SSL_write(server.ssl, "an answer", 9), 9);
        carry(&server, tls, pieces[i % 4]);
        assert_int_equal(web_tls_read(tls, heard, sizeof(heard)), 9);
        assert_memory_equal(heard, "an answer", 9);
        assert_int_equal(web_tls_read(tls, heard, sizeof(heard)), 0);
        assert_int_equal(web_tls_state(tls), WEB_TLS_OPEN);
        /* The word that ends a stream. */
        (void)SSL_shutdown(server.ssl);
        carry(&server, tls, pieces[i % 4]);
        assert_int_equal(web_tls_read(tls, heard, sizeof(heard)), 0);
        assert_int_equal(web_tls_state(tls), WEB_TLS_CLOSED);
        (void)web_tls_free(tls);
        server_free(&server);
    }
    (void)web_authorities_free(authorities);
    identity_free(&identity);
}

static void assert_refused(const struct identity *identity, struct web_authorities *authorities,
                           const char *host, int version_max, const char *why)
{
    struct server server = server_new(identity, version_max);
    struct web_tls *tls = meet(&server, authorities, host, 512);

    assert_int_equal(web_tls_state(tls), WEB_TLS_FAILED);
    if (strcasestr(web_tls_why(tls), why) == NULL) {
        fail_msg("\"%s\" is not about \"%s\"", web_tls_why(tls), why);
    }
    (void)web_tls_free(tls);
    server_free(&server);
}

static void who_cannot_prove_to_be_it_is_refused_with_the_reason(void **state)
{
    struct identity own = identity_new("DNS:" NAME, 0, 3600);
    struct identity stranger = identity_new("DNS:" NAME, 0, 3600);
    struct identity old = identity_new("DNS:" NAME, -7200, -3600);
    struct web_authorities *authorities = trust(&own);
    struct web_authorities *authorities_old = trust(&old);
    struct web_authorities *authorities_none = web_authorities_new("");

    (void)state;
    assert_refused(&stranger, authorities, NAME, TLS1_3_VERSION, "certificate");
    assert_refused(&own, authorities_none, NAME, TLS1_3_VERSION, "self-signed");
    assert_refused(&own, authorities, "other.example", TLS1_3_VERSION, "hostname");
    assert_refused(&own, authorities, "127.0.0.1", TLS1_3_VERSION, "address");
    assert_refused(&old, authorities_old, NAME, TLS1_2_VERSION, "expired");
    assert_refused(&own, authorities, NAME, TLS1_1_VERSION, "version");
    assert_null(web_authorities_new("/no/such/file.pem"));
    (void)web_authorities_free(authorities);
    (void)web_authorities_free(authorities_old);
    (void)web_authorities_free(authorities_none);
    identity_free(&own);
    identity_free(&stranger);
    identity_free(&old);
}

static void junk_on_the_wire_ends_it(void **state)
{
    struct identity identity = identity_new("DNS:" NAME, 0, 3600);
    struct web_authorities *authorities = trust(&identity);
    struct web_tls *tls = web_tls_new(authorities, NAME);
    struct server server = server_new(&identity, TLS1_3_VERSION);
    uint8_t heard[64];
    static const uint8_t forged[5 + 20] = {0x17, 0x03, 0x03, 0x00, 20}; /* a record of zeroes */

    (void)state;
    assert_int_equal(web_tls_take(tls, bytes_from_string("HTTP/1.1 200 OK\r\n\r\n")),
                     WEB_TLS_FAILED);
    (void)web_tls_free(tls);
    tls = meet(&server, authorities, NAME, 512);
    assert_int_equal(web_tls_state(tls), WEB_TLS_OPEN);
    (void)web_tls_take(tls, bytes_from(forged, sizeof(forged)));
    assert_int_equal(web_tls_read(tls, heard, sizeof(heard)), 0);
    assert_int_equal(web_tls_state(tls), WEB_TLS_FAILED);
    (void)web_tls_free(tls);
    server_free(&server);
    (void)web_authorities_free(authorities);
    identity_free(&identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_go_both_ways_in_any_pieces),
        cmocka_unit_test(who_cannot_prove_to_be_it_is_refused_with_the_reason),
        cmocka_unit_test(junk_on_the_wire_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
