/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/web_tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "relay/base/check.h"

struct web_authorities {
    SSL_CTX *context;
};

struct web_tls {
    SSL *ssl;
    BIO *from_wire; /* of the SSL object, as is the other one */
    BIO *to_wire;
    enum web_tls_state state;
    const char *why;
};

/* ---- authorities ---- */

struct web_authorities *web_authorities_new(const char *file)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    struct web_authorities *const authorities = calloc(1, sizeof(*authorities));

    if (authorities == NULL) {
        return NULL;
    }
    ERR_clear_error();
    authorities->context = SSL_CTX_new(TLS_client_method());
    if (authorities->context == NULL ||
        SSL_CTX_set_min_proto_version(authorities->context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_default_verify_paths(authorities->context) != 1 ||
        (file[0] != '\0' && SSL_CTX_load_verify_locations(authorities->context, file, NULL) != 1) ||
        SSL_CTX_set_alpn_protos(authorities->context, protocols, sizeof(protocols) - 1) != 0) {
        return web_authorities_free(authorities);
    }
    SSL_CTX_set_verify(authorities->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(authorities->context, SSL_MODE_RELEASE_BUFFERS);
    return authorities;
}

struct web_authorities *web_authorities_free(struct web_authorities *authorities)
{
    if (authorities != NULL) {
        SSL_CTX_free(authorities->context);
        free(authorities);
    }
    return NULL;
}

/* ---- one connection ---- */

/* Servers are told the name they are asked by, but not an address. */
static bool name_host(SSL *ssl, const char *host)
{
    uint8_t address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct web_tls *web_tls_new(struct web_authorities *authorities, const char *host)
{
    struct web_tls *const tls = calloc(1, sizeof(*tls));

    if (tls == NULL) {
        return NULL;
    }
    tls->ssl = SSL_new(authorities->context);
    if (tls->ssl == NULL || !name_host(tls->ssl, host)) {
        return web_tls_free(tls);
    }
    tls->from_wire = BIO_new(BIO_s_mem());
    tls->to_wire = BIO_new(BIO_s_mem());
    if (tls->from_wire == NULL || tls->to_wire == NULL) {
        BIO_free(tls->from_wire);
        BIO_free(tls->to_wire);
        return web_tls_free(tls);
    }
    SSL_set_bio(tls->ssl, tls->from_wire, tls->to_wire);
    SSL_set_connect_state(tls->ssl);
    tls->state = WEB_TLS_SHAKING;
    return tls;
}

struct web_tls *web_tls_free(struct web_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        free(tls);
    }
    return NULL;
}

enum web_tls_state web_tls_state(const struct web_tls *tls)
{
    return tls->state;
}

const char *web_tls_why(const struct web_tls *tls)
{
    return tls->why == NULL ? "TLS failed" : tls->why;
}

/* What a call that did not succeed means. */
static void judge(struct web_tls *tls, int result)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return;
    case SSL_ERROR_ZERO_RETURN:
        tls->state = WEB_TLS_CLOSED;
        return;
    default: /* not an enum: the library's numbers */
        break;
    }
    const long verdict = SSL_get_verify_result(tls->ssl);
    const char *const told = ERR_reason_error_string(ERR_peek_error());
    tls->state = WEB_TLS_FAILED;
    tls->why = verdict == X509_V_OK ? told : X509_verify_cert_error_string(verdict);
    ERR_clear_error();
}

enum web_tls_state web_tls_take(struct web_tls *tls, struct bytes wire)
{
    CHECK(wire.count <= INT_MAX);
    ERR_clear_error();
    if (wire.count > 0 &&
        BIO_write(tls->from_wire, wire.data, (int)wire.count) != (int)wire.count) {
        tls->state = WEB_TLS_FAILED;
        tls->why = "no memory";
    }
    if (tls->state == WEB_TLS_SHAKING) {
        const int result = SSL_do_handshake(tls->ssl);
        if (result == 1) {
            tls->state = WEB_TLS_OPEN;
        } else {
            judge(tls, result);
        }
    }
    return tls->state;
}

size_t web_tls_read(struct web_tls *tls, uint8_t *memory, size_t capacity)
{
    size_t count = 0;

    if (tls->state != WEB_TLS_OPEN) {
        return 0;
    }
    ERR_clear_error();
    const int result = SSL_read_ex(tls->ssl, memory, capacity, &count);
    if (result != 1) {
        judge(tls, result);
        return 0;
    }
    return count;
}

bool web_tls_write(struct web_tls *tls, struct bytes text)
{
    size_t count = 0;

    CHECK(tls->state == WEB_TLS_OPEN);
    CHECK(text.count > 0);
    ERR_clear_error();
    /* Memory takes all of it at once. */
    const int result = SSL_write_ex(tls->ssl, text.data, text.count, &count);
    if (result != 1 || count != text.count) {
        judge(tls, result);
        tls->state = WEB_TLS_FAILED;
        return false;
    }
    return true;
}

size_t web_tls_give(struct web_tls *tls, uint8_t *memory, size_t capacity)
{
    CHECK(capacity <= INT_MAX);
    const int count = BIO_read(tls->to_wire, memory, (int)capacity);
    return count > 0 ? (size_t)count : 0;
}

bool web_tls_has_wire(const struct web_tls *tls)
{
    return BIO_ctrl_pending(tls->to_wire) > 0;
}
