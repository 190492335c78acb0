/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, replies and signatures of web requests: what hostile servers and people can write. */
#include "tests/support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/node/stores/credentials.h"
#include "relay/node/stores/store_location.h"
#include "relay/node/web/lookup_url.h"
#include "relay/node/web/web_reply.h"
#include "relay/node/web/web_url.h"

/* ---- addresses ---- */

static void a_url_is_taken_apart(void **state)
{
    struct web_url url;
    char authority[WEB_AUTHORITY_BYTES_MAX];

    (void)state;
    assert_int_equal(web_url_parse(bytes_from_string("https://Example.ORG/a/b?c=d"), &url),
                     STATUS_OK);
    assert_string_equal(url.host, "example.org");
    assert_true(url.is_tls);
    assert_int_equal(url.port, 443);
    assert_true(bytes_equal(url.target, bytes_from_string("/a/b?c=d")));
    web_url_authority(&url, authority);
    assert_string_equal(authority, "example.org");
    assert_int_equal(web_url_parse(bytes_from_string("http://[::1]:8080"), &url), STATUS_OK);
    assert_string_equal(url.host, "::1");
    assert_false(url.is_tls);
    assert_int_equal(url.target.count, 0);
    web_url_authority(&url, authority);
    assert_string_equal(authority, "[::1]:8080");
}

static void what_is_no_plain_url_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "http:/a",
        "ftp://a/",
        "https://",
        "https:///path",
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://example.org:99999999/",
        "https://example.org:/",
        "https://example.org#part",
        "https://example.org/a#part",
        "https://example.org/a b",
        "https://example.org/a\r\nHost: other",
        "https://example.org/\x7f",
        "https://exa mple.org/",
        "https://[::1/",
        "https://[]/",
        "https://[example]/",
        "https://example.org?query",
        "https://ex%61mple.org/",
    };
    struct web_url url;
    char text[400];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(web_url_parse(bytes_from_string(wrong[i]), &url), STATUS_MALFORMED);
    }
    (void)snprintf(text, sizeof(text), "https://%0300d/", 1);
    assert_int_equal(web_url_parse(bytes_from_string(text), &url), STATUS_MALFORMED);
}

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        return web_address_is_public((const struct sockaddr *)&v4);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return web_address_is_public((const struct sockaddr *)&v6);
}

static void only_the_public_internet_is_public(void **state)
{
    static const char *const private[] = {"0.0.0.0",
                                          "0.1.2.3",
                                          "10.0.0.1",
                                          "10.255.255.255",
                                          "100.64.0.1",
                                          "100.127.255.255",
                                          "127.0.0.1",
                                          "127.255.0.1",
                                          "169.254.169.254",
                                          "172.16.0.1",
                                          "172.31.255.255",
                                          "192.0.0.8",
                                          "192.0.2.1",
                                          "192.88.99.1",
                                          "192.168.0.1",
                                          "198.18.0.1",
                                          "198.19.255.255",
                                          "198.51.100.1",
                                          "203.0.113.1",
                                          "224.0.0.1",
                                          "240.0.0.1",
                                          "255.255.255.255",
                                          "::",
                                          "::1",
                                          "::ffff:127.0.0.1",
                                          "::ffff:10.0.0.1",
                                          "::ffff:169.254.169.254",
                                          "::7f00:1",
                                          "64:ff9b::7f00:1",
                                          "64:ff9b:1::1",
                                          "100::1",
                                          "2001::1",
                                          "2001:db8::1",
                                          "2002:7f00:1::",
                                          "2002:a9fe:a9fe::1",
                                          "3fff::1",
                                          "fc00::1",
                                          "fd12:3456::1",
                                          "fe80::1",
                                          "fec0::1",
                                          "ff02::1"};
    static const char *const public[] = {
        "1.1.1.1",         "9.255.255.255",     "11.0.0.1",
        "100.63.255.255",  "100.128.0.1",       "126.0.0.1",
        "128.0.0.1",       "169.253.0.1",       "172.15.0.1",
        "172.32.0.1",      "192.167.0.1",       "192.169.0.1",
        "198.17.0.1",      "198.20.0.1",        "223.255.255.255",
        "::ffff:8.8.8.8",  "64:ff9b::808:808",  "2002:808:808::1",
        "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"};

    (void)state;
    for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
        if (is_public(private[i])) {
            fail_msg("%s counts as public", private[i]);
        }
    }
    for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
        if (!is_public(public[i])) {
            fail_msg("%s does not count as public", public[i]);
        }
    }
}

/* What is put in is not looked at again, so that nobody's data names a place. */
static void templates_are_filled_once(void **state)
{
    static const struct {
        const char *template;
        const char *url;
        bool is_get;
    } cases[] = {
        {"https://a/{sender}/{data}.json", "https://a/0x11/{sender}.json", true},
        {"https://a/{sender}{sender}", "https://a/0x110x11", false},
        {"https://a/{data", "https://a/{data", false},
        {"{{data}}{Sender}", "{{sender}}{Sender}", true},
        {"", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *const url = lookup_url_fill(cases[i].template, "0x11", "{sender}");
        assert_string_equal(url, cases[i].url);
        assert_true(lookup_url_is_get(cases[i].template) == cases[i].is_get);
        free(url);
    }
}

/* ---- replies ---- */

static struct web_reply reply;

/* Feeds the text in pieces of `piece` bytes, then the end of the connection if `ends`. */
static enum web_reply_state feed(const char *text, size_t piece, bool ends, size_t body_max)
{
    const size_t count = strlen(text);
    enum web_reply_state now = WEB_REPLY_MORE;

    web_reply_begin(&reply, body_max);
    for (size_t at = 0; at < count; at += piece) {
        now =
            web_reply_take(&reply, bytes_from(text + at, count - at < piece ? count - at : piece));
    }
    return ends ? web_reply_end(&reply) : now;
}

static void good_replies_are_read_in_any_pieces(void **state)
{
    static const struct {
        const char *text;
        bool ends;
        unsigned status;
        const char *body;
        bool stays;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello", true},
        {"HTTP/1.1 200\r\ncontent-length:5 \r\n\r\nhello", false, 200, "hello", true},
        {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", false, 200, "hello", true},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello", false},
        {"HTTP/1.1 404 No\r\nConnection: Keep-Alive, Close\r\nContent-Length: 0\r\n\r\n", false,
         404, "", false},
        {"HTTP/1.1 204 None\r\n\r\n", false, 204, "", true},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false, 200,
         "x", true},
        {"HTTP/1.1 200 OK\r\n\r\nup to the end", true, 200, "up to the end", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, hi there\r"
         "\n0\r\nTrailer: x\r\n\r\n",
         false, 200, "hello, hi there", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok",
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t piece = 1; piece < 40; piece++) {
            assert_int_equal(feed(cases[i].text, piece, cases[i].ends, 100), WEB_REPLY_DONE);
            assert_int_equal(reply.status, cases[i].status);
            assert_true(bytes_equal(bytes_from(reply.body, reply.body_count),
                                    bytes_from_string(cases[i].body)));
            assert_true(reply.stays_open == cases[i].stays);
        }
    }
    web_reply_free(&reply);
}

static void a_plea_for_patience_is_read_and_bounded(void **state)
{
    static const struct {
        const char *header;
        uint32_t seconds;
    } cases[] = {
        {"X: 1", 0},
        {"Retry-After: 7", 7},
        {"retry-after:300", 300},
        {"Retry-After: 99999999999999999999", WEB_RETRY_AFTER_S_MAX},
        {"Retry-After: 0", 1},
        {"Retry-After: -5", 1},
        {"Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", 1},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(text, sizeof(text), "HTTP/1.1 429 Slow\r\n%s\r\nContent-Length: 0\r\n\r\n",
                       cases[i].header);
        assert_int_equal(feed(text, 3, false, 10), WEB_REPLY_DONE);
        assert_int_equal(reply.retry_after_s, cases[i].seconds);
    }
    assert_int_equal(feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 9, false, 10),
                     WEB_REPLY_DONE);
    assert_int_equal(reply.retry_after_s, 0);
    web_reply_free(&reply);
}

static void bad_replies_are_told_from_good_ones(void **state)
{
    static const struct {
        const char *text;
        bool ends;
        enum web_reply_state is;
    } cases[] = {
        {"SSH-2.0-server\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/2 200\r\n\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 20 OK\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 999 OK\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nno colon\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\n folded: x\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n", false,
         WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false,
         WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false,
         WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", false,
         WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", false, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", true, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-", true, WEB_REPLY_MALFORMED},
        {"", true, WEB_REPLY_MALFORMED},
        {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", false, WEB_REPLY_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\n", false, WEB_REPLY_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\n\r\n0123456789a", false, WEB_REPLY_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n678901\r\n",
         false, WEB_REPLY_TOO_LARGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t piece = 1; piece < 40; piece += 7) {
            assert_int_equal(feed(cases[i].text, piece, cases[i].ends, 10), cases[i].is);
            assert_false(reply.stays_open);
        }
    }
    web_reply_free(&reply);
}

static void headers_without_end_are_cut(void **state)
{
    (void)state;
    web_reply_begin(&reply, 10);
    enum web_reply_state now = web_reply_take(&reply, bytes_from_string("HTTP/1.1 200 OK\r\n"));
    size_t fed = 0;
    while (now == WEB_REPLY_MORE && fed < 1000000) {
        now = web_reply_take(&reply, bytes_from_string("x-more: and more and more\r\n"));
        fed += 27;
    }
    assert_int_equal(now, WEB_REPLY_MALFORMED);
    assert_true(fed <= WEB_HEADERS_BYTES_MAX + 27);
    web_reply_free(&reply);
}

/* ---- signatures of requests: the vectors of the service's own documentation ---- */

static const struct sigv4_credentials example = {
    .access_key_id = "AKIAIOSFODNN7EXAMPLE",
    .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
static const struct sigv4_credentials suite = {
    .access_key_id = "AKIDEXAMPLE",
    .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void assert_signature(const struct sigv4_credentials *credentials,
                             const struct sigv4_request *request, const char *signature)
{
    char text[SIGV4_AUTHORIZATION_BYTES];

    assert_int_equal(sigv4_authorize(credentials, request, text), STATUS_OK);
    const char *const at = strstr(text, "Signature=");
    assert_non_null(at);
    assert_string_equal(at + strlen("Signature="), signature);
}

static void requests_are_signed_as_documented(void **state)
{
    const struct sigv4_header get[] = {{"host", "examplebucket.s3.amazonaws.com"},
                                       {"range", "bytes=0-9"},
                                       {"x-amz-content-sha256", nothing},
                                       {"x-amz-date", "20130524T000000Z"}};
    char hash[SIGV4_HASH_BYTES];
    const struct sigv4_header put[] = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                       {"host", "examplebucket.s3.amazonaws.com"},
                                       {"x-amz-content-sha256", hash},
                                       {"x-amz-date", "20130524T000000Z"},
                                       {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    const struct sigv4_header vanilla[] = {{"host", "example.amazonaws.com"},
                                           {"x-amz-date", "20150830T123600Z"}};
    struct sigv4_request request = {.method = "GET",
                                    .path = "/test.txt",
                                    .query = "",
                                    .region = "us-east-1",
                                    .service = "s3",
                                    .headers = get,
                                    .headers_count = 4,
                                    .payload_hash = nothing,
                                    .time_s = 1369353600};

    (void)state;
    assert_signature(&example, &request,
                     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    sigv4_hash(bytes_from_string("Welcome to Amazon S3."), hash);
    assert_string_equal(hash, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    request.method = "PUT";
    request.path = "/test%24file.text";
    request.headers = put;
    request.headers_count = 5;
    request.payload_hash = hash;
    assert_signature(&example, &request,
                     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    request = (struct sigv4_request){.method = "GET",
                                     .path = "/",
                                     .query = "",
                                     .region = "us-east-1",
                                     .service = "service",
                                     .headers = vanilla,
                                     .headers_count = 2,
                                     .payload_hash = nothing,
                                     .time_s = 1440938160};
    assert_signature(&suite, &request,
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    request.query = "Param1=value1&Param2=value2";
    assert_signature(&suite, &request,
                     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
    request.method = "POST";
    request.query = "";
    assert_signature(&suite, &request,
                     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

static void credentials_are_read_as_other_tools_write_them(void **state)
{
    struct sigv4_credentials read;
    const struct bytes plain = bytes_from_string(
        "aws_access_key_id=ID\n  aws_secret_access_key =  SECRET  \r\n# a comment\n");
    const struct bytes sections =
        bytes_from_string("[other]\naws_access_key_id = A\naws_secret_access_key = B\n\n[default]\n"
                          "region = x\naws_access_key_id = ID\naws_secret_access_key = SECRET\n"
                          "aws_session_token = TOKEN\n[more]\naws_access_key_id = C\n");
    const struct bytes first =
        bytes_from_string("[one]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n[two]\n"
                          "aws_access_key_id = C\naws_secret_access_key = D\n");

    (void)state;
    assert_int_equal(sigv4_credentials_parse(plain, &read), STATUS_OK);
    assert_string_equal(read.access_key_id, "ID");
    assert_string_equal(read.secret_access_key, "SECRET");
    assert_string_equal(read.session_token, "");
    assert_int_equal(sigv4_credentials_parse(sections, &read), STATUS_OK);
    assert_string_equal(read.access_key_id, "ID");
    assert_string_equal(read.session_token, "TOKEN");
    assert_int_equal(sigv4_credentials_parse(first, &read), STATUS_OK);
    assert_string_equal(read.secret_access_key, "SECRET");
    static const char *const wrong[] = {"", "aws_access_key_id = A\n", "aws_access_key_id A\n",
                                        "aws_access_key_id = A B\naws_secret_access_key = C\n",
                                        "aws_access_key_id = \naws_secret_access_key = C\n"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(sigv4_credentials_parse(bytes_from_string(wrong[i]), &read),
                         STATUS_MALFORMED);
    }
}

static void credentials_that_others_can_read_are_refused(void **state)
{
    char path[] = "/tmp/sluice-credentials-XXXXXX";
    struct sigv4_credentials read;
    const int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(dprintf(fd, "aws_access_key_id=A\naws_secret_access_key=B\n"), 44);
    assert_int_equal(store_credentials_read(path, &read), STATUS_OK);
    assert_int_equal(fchmod(fd, 0640), 0);
    assert_int_equal(store_credentials_read(path, &read), STATUS_REFUSED);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_credentials_read(path, &read), STATUS_NOT_FOUND);
}

/* ---- locations ---- */

static void locations_lead_where_the_reference_agents_look(void **state)
{
    static const struct {
        const char *location;
        const char *endpoint;
        const char *url;
    } cases[] = {
        {"s3://bucket-1/us-east-1", "", "https://bucket-1.s3.us-east-1.amazonaws.com/o"},
        {"s3://bucket-1/us-east-1/a/b", "", "https://bucket-1.s3.us-east-1.amazonaws.com/a/b/o"},
        {"s3://bucket-1/us-east-1/a/", "", "https://bucket-1.s3.us-east-1.amazonaws.com/a/o"},
        {"s3://bucket-1/us-east-1/a b+c", "",
         "https://bucket-1.s3.us-east-1.amazonaws.com/a%20b%2Bc/o"},
        {"s3://dotted.bucket/eu-west-2", "", "https://s3.eu-west-2.amazonaws.com/dotted.bucket/o"},
        {"s3://bucket-1/us-east-1/a", "http://127.0.0.1:9000",
         "http://127.0.0.1:9000/bucket-1/a/o"},
        {"gs://bucket/gcsAnnouncementKey", "", "https://storage.googleapis.com/bucket/o"},
        {"gs://bucket/a/gcsAnnouncementKey", "", "https://storage.googleapis.com/bucket/a/o"},
        {"gs://bucket", "", "https://storage.googleapis.com/bucket/o"},
        {"gs://bucket/a/notgcsAnnouncementKey", "",
         "https://storage.googleapis.com/bucket/a/notgcsAnnouncementKey/o"},
    };
    struct store_location location;
    char url[STORE_URL_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(store_location_parse(bytes_from_string(cases[i].location), &location),
                         STATUS_OK);
        assert_int_equal(store_object_url(&location, cases[i].endpoint, "o", url), STATUS_OK);
        assert_string_equal(url, cases[i].url);
    }
}

static void wrong_locations_are_refused(void **state)
{
    static const struct {
        const char *location;
        enum status is;
    } cases[] = {
        {"", STATUS_UNSUPPORTED},
        {"https://bucket/region", STATUS_UNSUPPORTED},
        {"s3://", STATUS_MALFORMED},
        {"s3://bucket", STATUS_MALFORMED},
        {"s3://bucket/", STATUS_MALFORMED},
        {"s3:///us-east-1", STATUS_MALFORMED},
        {"s3://bucket/us-east-1/../secret", STATUS_MALFORMED},
        {"s3://bucket/us-east-1//a", STATUS_MALFORMED},
        {"s3://bucket@evil.example/us-east-1", STATUS_MALFORMED},
        {"s3://bucket/evil.example#", STATUS_MALFORMED},
        {"s3://bucket/us-east-1?x", STATUS_MALFORMED},
        {"s3://Bucket/us-east-1", STATUS_MALFORMED},
        {"s3://-bucket/us-east-1", STATUS_MALFORMED},
        {"s3://bucket./us-east-1", STATUS_MALFORMED},
        {"s3://one..two/us-east-1", STATUS_MALFORMED},
        {"s3://bucket/us-east-1/\n", STATUS_MALFORMED},
        {"gs://", STATUS_MALFORMED},
        {"gs://bucket/a/./b", STATUS_MALFORMED},
        {"file://relative", STATUS_MALFORMED},
        {"file:///a/../b", STATUS_MALFORMED},
        {"file:///", STATUS_MALFORMED},
    };
    struct store_location location;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (store_location_parse(bytes_from_string(cases[i].location), &location) != cases[i].is) {
            fail_msg("%s", cases[i].location);
        }
    }
}

static void objects_are_named_as_the_reference_agents_name_them(void **state)
{
    static const struct {
        enum store_kind kind;
        const char *names[5];
    } cases[] = {
        {STORE_FOLDER,
         {"7_with_id.json", "index.json", "announcement.json", "metadata_latest.json",
          "reorg_flag.json"}},
        {STORE_S3,
         {"checkpoint_7_with_id.json", "checkpoint_latest_index.json", "announcement.json",
          "metadata_latest.json", "reorg_flag.json"}},
        {STORE_GCS,
         {"checkpoint_7_with_id.json", "gcsLatestIndexKey", "gcsAnnouncementKey", "gcsMetadataKey",
          "gcsReorgFlagKey"}},
    };
    static const enum store_object objects[] = {STORE_OBJECT_CHECKPOINT, STORE_OBJECT_NEWEST,
                                                STORE_OBJECT_ANNOUNCEMENT, STORE_OBJECT_METADATA,
                                                STORE_OBJECT_REORG};
    char name[STORE_OBJECT_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t k = 0; k < 5; k++) {
            store_object_name(cases[i].kind, objects[k], 7, name);
            assert_string_equal(name, cases[i].names[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(what_is_no_plain_url_is_refused),
        cmocka_unit_test(only_the_public_internet_is_public),
        cmocka_unit_test(templates_are_filled_once),
        cmocka_unit_test(good_replies_are_read_in_any_pieces),
        cmocka_unit_test(a_plea_for_patience_is_read_and_bounded),
        cmocka_unit_test(bad_replies_are_told_from_good_ones),
        cmocka_unit_test(headers_without_end_are_cut),
        cmocka_unit_test(requests_are_signed_as_documented),
        cmocka_unit_test(credentials_are_read_as_other_tools_write_them),
        cmocka_unit_test(credentials_that_others_can_read_are_refused),
        cmocka_unit_test(locations_lead_where_the_reference_agents_look),
        cmocka_unit_test(wrong_locations_are_refused),
        cmocka_unit_test(objects_are_named_as_the_reference_agents_name_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
