/* SPDX-License-Identifier: Apache-2.0 */
/* What asks servers that hold keys: addresses, names that are proven, replies. */
#include "tests/support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/base/hex.h"
#include "relay/signer/remote/web3signer.h"
#include "tests/support/folder.h"
#include "tests/unit/ec_point.h"

static const struct secret secret = {{[31] = 7}};

/* ---- TLS ---- */

struct tls_server {
    SSL_CTX *context;
    pthread_t thread;
    int listener;
    unsigned port;
};

static void set_place(struct key_place *to, unsigned port)
{
    struct ecdsa *ecdsa = ecdsa_new();
    char url[64];

    *to = (struct key_place){.backend = KEY_AT_WEB3SIGNER, .timeout = DURATION_MS(3000)};
    assert_status(STATUS_OK, ecdsa_address(ecdsa, &secret, &to->address));
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u", port);
    assert_status(STATUS_OK, https_place_read(url, &to->place));
    ecdsa_free(ecdsa);
}

static void *serve_tls(void *context)
{
    const struct tls_server *server = context;

    for (;;) {
        char text[4096];
        char body[512];
        char list[131];
        const int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        SSL *tls = SSL_new(server->context);
        (void)SSL_set_fd(tls, fd);
        if (SSL_accept(tls) == 1 && SSL_read(tls, text, sizeof(text)) > 0) {
            ec_point_text(&secret, list);
            const int count = snprintf(
                body, sizeof(body), "HTTP/1.1 200 OK\r\nContent-Length: 134\r\n\r\n[\"%s\"]", list);
            (void)SSL_write(tls, body, count);
        }
        SSL_free(tls);
        (void)close(fd);
    }
}

/* A certificate of its own for `name`, which is also written to `path` as an authority. */
static void make_certificate(SSL_CTX *context, const char *name, const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_EXTENSION *extension = NULL;
    X509_NAME *subject = X509_get_subject_name(certificate);
    FILE *file = fopen(path, "w");

    assert_int_equal(1, X509_set_version(certificate, 2));
    assert_int_equal(1, ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(1, X509_set_pubkey(certificate, key));
    assert_int_equal(1, X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                   (const uint8_t *)"keys", -1, -1, 0));
    assert_int_equal(1, X509_set_issuer_name(certificate, subject));
    extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
    assert_non_null(extension);
    assert_int_equal(1, X509_add_ext(certificate, extension, -1));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(1, SSL_CTX_use_certificate(context, certificate));
    assert_int_equal(1, SSL_CTX_use_PrivateKey(context, key));
    assert_non_null(file);
    assert_int_equal(1, PEM_write_X509(file, certificate));
    assert_int_equal(0, fclose(file));
    X509_EXTENSION_free(extension);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void open_tls(struct tls_server *server, const char *name, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof(address);

    server->context = SSL_CTX_new(TLS_server_method());
    make_certificate(server->context, name, path);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(server->listener, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(server->listener, 8));
    assert_int_equal(0, getsockname(server->listener, (struct sockaddr *)&address, &bytes));
    server->port = ntohs(address.sin_port);
    assert_int_equal(0, pthread_create(&server->thread, NULL, serve_tls, server));
}

static void close_tls(struct tls_server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    assert_int_equal(0, pthread_join(server->thread, NULL));
    (void)close(server->listener);
    SSL_CTX_free(server->context);
}

/* By an authority that is named, and for the name that was asked for; else nothing is said. */
static void a_server_must_prove_its_name(void **state)
{
    static const struct {
        const char *name;
        bool knows_authority;
        enum status status;
    } servers[] = {{"IP:127.0.0.1", true, STATUS_OK},
                   {"DNS:other.example", true, STATUS_REFUSED},
                   {"IP:127.0.0.1", false, STATUS_REFUSED}};
    const struct folder folder = folder_make();
    char mine[300];
    char theirs[300];

    (void)state;
    (void)snprintf(mine, sizeof(mine), "%s/mine.pem", folder.path);
    (void)snprintf(theirs, sizeof(theirs), "%s/theirs.pem", folder.path);
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        struct tls_server server;
        struct tls_server stranger;
        struct web3signer *web3signer = NULL;
        struct key_place there;
        const char *why = "";
        open_tls(&server, servers[i].name, mine);
        open_tls(&stranger, servers[i].name, theirs);
        set_place(&there, server.port);
        (void)snprintf(there.authority_file, sizeof(there.authority_file), "%s",
                       servers[i].knows_authority ? mine : theirs);
        assert_status(STATUS_OK, web3signer_open(&there, &web3signer));
        assert_status(servers[i].status, web3signer_find(web3signer, &why));
        web3signer_close(web3signer);
        close_tls(&server);
        close_tls(&stranger);
    }
    folder_remove(&folder);
}

/* ---- places and replies ---- */

static void urls_have_a_scheme_a_host_and_no_more_than_a_path(void **state)
{
    static const char *const bad[] = {"keys.example.com",  "ftp://keys.example.com",
                                      "https://",          "https://user@keys.example.com",
                                      "https://a:0",       "https://a:",
                                      "https://a:65536",   "https://a/b?c=d",
                                      "https://a/b#c",     "https://a b",
                                      "https://a\r\nX: y", "https://[::1"};
    struct https_place found;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, https_place_read(bad[i], &found));
    }
    assert_status(STATUS_OK, https_place_read("https://keys.example.com:9000/a/b/", &found));
    assert_true(found.has_tls);
    assert_string_equal("keys.example.com:9000", found.authority);
    assert_string_equal("9000", found.port);
    assert_string_equal("/a/b", found.path);
    assert_status(STATUS_OK, https_place_read("http://10.0.0.1", &found));
    assert_false(found.has_tls);
    assert_string_equal("10.0.0.1", found.authority);
    assert_string_equal("80", found.port);
}

static enum status read_reply(const char *text, enum http_end end, struct http_reply *ret_reply)
{
    static uint8_t memory[HTTP_REPLY_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from_string(text)));
    return http_reply_read(&buffer, end, ret_reply);
}

static void replies_are_read_to_their_end_and_no_further(void **state)
{
    static const char *const bad[] = {
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
    };
    struct http_reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, read_reply(bad[i], HTTP_STILL_OPEN, &reply));
    }
    assert_status(STATUS_NOT_FOUND, read_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
                                               HTTP_STILL_OPEN, &reply));
    assert_status(STATUS_MALFORMED, read_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
                                               HTTP_CLOSED, &reply));
    assert_status(STATUS_OK, read_reply("HTTP/1.1 204 None\r\ncontent-length:0\r\n\r\n",
                                        HTTP_STILL_OPEN, &reply));
    assert_true(reply.stays_open);
    assert_int_equal(204, reply.code);
    assert_status(STATUS_OK, read_reply("HTTP/1.0 200\r\n\r\nto the end", HTTP_CLOSED, &reply));
    assert_false(reply.stays_open);
    assert_true(bytes_equal(reply.body, bytes_from_string("to the end")));
    assert_status(STATUS_OK, read_reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                                        "3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\n\r\n",
                                        HTTP_STILL_OPEN, &reply));
    assert_true(bytes_equal(reply.body, bytes_from_string("abc0123456789")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_must_prove_its_name),
        cmocka_unit_test(urls_have_a_scheme_a_host_and_no_more_than_a_path),
        cmocka_unit_test(replies_are_read_to_their_end_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
