/* SPDX-License-Identifier: Apache-2.0 */
/* The site on another address than loopback: nothing without TLS, nothing without the token,
 * nothing for pages of others. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/site/site.h"
#include "relay/synth/synth.h"
#include "store/base64.h"
#include "tests/support/folder.h"
#include "tests/support/unit.h"

#define RECORDS     3000u
#define TOKEN       "0123456789abcdef-token"
#define REPLY_BYTES 65536u
#define WAIT_S      120

struct world {
    struct folder folder;
    struct journal *journal;
    struct node_config config;
    struct site_live live;
    struct site *site;
    SSL_CTX *tls;
    char reply[REPLY_BYTES];
};

static void path_in(const struct world *world, const char *name, char ret_path[PATH_MAX])
{
    (void)snprintf(ret_path, PATH_MAX, "%s/%s", world->folder.path, name);
}

static void write_text(const char *path, mode_t mode, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(strlen(text), write(fd, text, strlen(text)));
    assert_int_equal(0, fchmod(fd, mode));
    assert_int_equal(0, close(fd));
}

/* A certificate that signs itself, and its key. */
static void write_pair(const char *certificate_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();

    assert_non_null(key);
    assert_int_equal(1, X509_set_version(certificate, 2));
    assert_int_equal(1, ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(1, X509_set_pubkey(certificate, key));
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(1, X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                   (const unsigned char *)"node", -1, -1, 0));
    assert_int_equal(1, X509_set_issuer_name(certificate, name));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(certificate_path, "w");
    assert_non_null(file);
    assert_int_equal(1, PEM_write_X509(file, certificate));
    assert_int_equal(0, fclose(file));
    file = fopen(key_path, "w");
    assert_non_null(file);
    assert_int_equal(1, PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    assert_int_equal(0, fclose(file));
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int open_site(struct world *world)
{
    const struct site_options options = {
        .config = &world->config, .journal = world->journal, .build_id = "test"};

    return site_open(&options, &world->site);
}

/* A port that is free now. */
static uint16_t free_port(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    assert_int_equal(0, bind(fd, (const struct sockaddr *)&address, size));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &size));
    assert_int_equal(0, close(fd));
    return ntohs(address.sin_port);
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct synth_options options = {.records_count = RECORDS, .open_count = 40, .seed = 1};
    struct synth_report report;
    struct node_site *site = &world->config.site;

    world->folder = folder_make();
    (void)snprintf(world->config.data, sizeof(world->config.data), "%s/data", world->folder.path);
    const struct journal_options journal = {.path = world->config.data,
                                            .map_bytes = (size_t)64 << 20};
    assert_status(STATUS_OK, journal_open_lmdb(&journal, &world->journal));
    assert_status(STATUS_OK, synth_run(world->journal, &options, &report));
    synth_config(0, &world->config.core);
    path_in(world, "token", site->token);
    path_in(world, "certificate", site->certificate);
    path_in(world, "key", site->key);
    write_text(site->token, 0600, TOKEN "\n");
    write_pair(site->certificate, site->key);
    (void)snprintf(site->address, sizeof(site->address), "0.0.0.0");
    world->config.site_port = free_port();
    world->tls = SSL_CTX_new(TLS_client_method());
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    world->site = site_close(world->site);
    world->journal = journal_close(world->journal);
    SSL_CTX_free(world->tls);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void start(struct world *world)
{
    assert_int_equal(EXIT_DONE, open_site(world));
    world->live.has_started = true;
    world->live.beat_ns = clock_monotonic_ns();
    site_leave(world->site, &world->live);
}

static int dial(const struct world *world)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct timeval wait = {.tv_sec = WAIT_S};
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(world->config.site_port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};

    assert_true(fd >= 0);
    assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)));
    assert_int_equal(0, connect(fd, (const struct sockaddr *)&address, sizeof(address)));
    return fd;
}

/* The status of what is answered to a GET of `path` with these header lines; 0: none. */
static int ask(struct world *world, const char *path, const char *headers)
{
    char request[2048];
    const int fd = dial(world);
    SSL *tls = SSL_new(world->tls);
    size_t count = 0;
    int got = 0;

    assert_int_equal(1, SSL_set_fd(tls, fd));
    assert_int_equal(1, SSL_connect(tls));
    (void)snprintf(request, sizeof(request),
                   "GET %s HTTP/1.1\r\nHost: node:%u\r\nConnection: %s\r\n%s\r\n", path,
                   world->config.site_port,
                   strstr(headers, "Upgrade:") == NULL ? "close" : "Upgrade", headers);
    assert_true(SSL_write(tls, request, (int)strlen(request)) > 0);
    /* Of a websocket the head is enough; others end the connection. */
    while (count + 1 < REPLY_BYTES &&
           (got = SSL_read(tls, world->reply + count, (int)(REPLY_BYTES - 1 - count))) > 0) {
        count += (size_t)got;
        world->reply[count] = '\0';
        if (strncmp(world->reply, "HTTP/1.1 101", 12) == 0) {
            break;
        }
    }
    world->reply[count] = '\0';
    SSL_free(tls);
    assert_int_equal(0, close(fd));
    if (count < 12) {
        return 0;
    }
    const char *digits = world->reply + sizeof("HTTP/1.1 ") - 1;
    return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

static const char *basic(const char *words)
{
    static char text[1024];
    struct buffer buffer = buffer_from(text, sizeof(text) - 3);
    const char lead[] = "Authorization: Basic ";

    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from_string(lead)));
    assert_status(STATUS_OK, base64_append(&buffer, bytes_from_string(words)));
    memcpy(text + buffer.count, "\r\n", 3);
    return text;
}

#define BEARER "Authorization: Bearer "

static void nobody_is_answered_without_the_token(void **state)
{
    struct world *world = *state;
    static const char *const wrong[] = {
        "",
        BEARER "\r\n",
        BEARER "0123456789abcdef-toke\r\n",
        BEARER TOKEN "x\r\n",
        BEARER "X123456789abcdef-token\r\n",
        "Authorization: " TOKEN "\r\n",
        "Authorization: Basic " TOKEN "\r\n",
        "Authorization: Basic ====\r\n",
        "X-Token: " TOKEN "\r\n",
    };

    start(world);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(401, ask(world, "/metrics", wrong[i]));
        assert_null(strstr(world->reply, "sluice_"));
        assert_non_null(strstr(world->reply, "www-authenticate: Basic"));
    }
    assert_int_equal(401, ask(world, "/?token=" TOKEN, ""));
    assert_int_equal(401, ask(world, "/", basic(TOKEN)));
    assert_int_equal(401, ask(world, "/", basic(TOKEN ":wrong")));
    assert_int_equal(200, ask(world, "/", basic("anybody:" TOKEN)));
    assert_int_equal(200, ask(world, "/livez", BEARER TOKEN "\r\n"));
    assert_int_equal(200, ask(world, "/metrics", BEARER TOKEN "\r\n"));
    assert_non_null(strstr(world->reply, "\nsluice_http_refused_total 12\n"));
}

static void pages_of_others_are_refused(void **state)
{
    struct world *world = *state;
    char headers[512];
    static const char upgrade[] = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                  "Sec-WebSocket-Protocol: sluice-live\r\n";

    start(world);
    assert_int_equal(403,
                     ask(world, "/api/page", BEARER TOKEN "\r\nOrigin: https://evil.example\r\n"));
    (void)snprintf(headers, sizeof(headers), BEARER TOKEN "\r\nOrigin: http://node:%u\r\n",
                   world->config.site_port);
    assert_int_equal(403, ask(world, "/api/page", headers));
    (void)snprintf(headers, sizeof(headers), BEARER TOKEN "\r\nOrigin: https://node:%u\r\n",
                   world->config.site_port);
    assert_int_equal(200, ask(world, "/livez", headers));
    assert_int_not_equal(101, ask(world, "/live", upgrade));
    (void)snprintf(headers, sizeof(headers), BEARER TOKEN "\r\n%s", upgrade);
    assert_int_equal(101, ask(world, "/live", headers));
}

static void nothing_is_said_without_tls(void **state)
{
    struct world *world = *state;
    char reply[4096];

    start(world);
    const int fd = dial(world);
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: node\r\n" BEARER TOKEN "\r\n\r\n";
    assert_int_equal(sizeof(request) - 1, send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL));
    const ssize_t count = recv(fd, reply, sizeof(reply), MSG_WAITALL);
    assert_true(count <= 0 || memmem(reply, (size_t)count, "sluice_", 7) == NULL);
    assert_int_equal(0, close(fd));
    assert_int_equal(1, SSL_CTX_set_max_proto_version(world->tls, TLS1_1_VERSION));
    const int old = dial(world);
    SSL *tls = SSL_new(world->tls);
    assert_int_equal(1, SSL_set_fd(tls, old));
    assert_int_not_equal(1, SSL_connect(tls));
    SSL_free(tls);
    assert_int_equal(0, close(old));
}

static void what_is_not_in_order_stops_the_start(void **state)
{
    struct world *world = *state;
    struct node_site *site = &world->config.site;
    char other[PATH_MAX];
    char other_key[PATH_MAX];

    write_text(site->token, 0640, TOKEN "\n");
    assert_int_equal(EXIT_USAGE, open_site(world));
    write_text(site->token, 0600, "short\n");
    assert_int_equal(EXIT_USAGE, open_site(world));
    write_text(site->token, 0600, TOKEN "\n");
    path_in(world, "other", other);
    path_in(world, "other-key", other_key);
    write_pair(other, other_key);
    write_pair(other, site->key); /* not the certificate's */
    assert_int_equal(EXIT_USAGE, open_site(world));
    write_pair(site->certificate, site->key);
    (void)snprintf(site->address, sizeof(site->address), "192.0.2.1"); /* nobody's */
    assert_int_equal(EXIT_USAGE, open_site(world));
    (void)snprintf(site->address, sizeof(site->address), "0.0.0.0");
    start(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_is_answered_without_the_token, begin, end),
        cmocka_unit_test_setup_teardown(pages_of_others_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_said_without_tls, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_in_order_stops_the_start, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
