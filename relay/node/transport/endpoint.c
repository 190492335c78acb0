/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/transport/endpoint.h"

#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_host_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

/* Takes the host off the front of `text`. */
static enum status parse_host(const char **text, struct endpoint *endpoint)
{
    const char *start = *text;
    const char *end = start;
    const bool bracket = *start == '[';
    if (bracket) {
        start++;
        end = start + strspn(start, "0123456789abcdefABCDEF:.");
        if (*end != ']') {
            return STATUS_MALFORMED;
        }
    } else {
        while (is_host_character(*end)) {
            end++;
        }
    }
    const size_t count = (size_t)(end - start);
    if (count == 0 || count >= sizeof(endpoint->host)) {
        return STATUS_MALFORMED;
    }
    memcpy(endpoint->host, start, count);
    endpoint->host[count] = '\0';
    *text = bracket ? end + 1 : end;
    return STATUS_OK;
}

/* Takes ":port" off the front of `text` if it is there. */
static enum status parse_port(const char **text, struct endpoint *endpoint)
{
    endpoint->port = endpoint->tls ? 443 : 80;
    if (**text != ':') {
        return STATUS_OK;
    }
    const char *digits = *text + 1;
    uint32_t port = 0;
    size_t count = 0;
    for (; is_digit(digits[count]) && count < 6; count++) {
        port = port * 10 + (uint32_t)(digits[count] - '0');
    }
    if (count == 0 || port == 0 || port > 65535) {
        return STATUS_MALFORMED;
    }
    endpoint->port = (uint16_t)port;
    *text = digits + count;
    return STATUS_OK;
}

static enum status parse_scheme(const char **text, struct endpoint *endpoint)
{
    static const struct {
        const char *text;
        bool tls;
        bool is_http;
    } schemes[] = {{"ws://", false, false},
                   {"wss://", true, false},
                   {"http://", false, true},
                   {"https://", true, true}};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const size_t count = strlen(schemes[i].text);
        if (strncmp(*text, schemes[i].text, count) == 0) {
            endpoint->tls = schemes[i].tls;
            endpoint->is_http = schemes[i].is_http;
            *text += count;
            return STATUS_OK;
        }
    }
    return STATUS_MALFORMED;
}

enum status endpoint_parse(const char *text, struct endpoint *ret_endpoint)
{
    struct endpoint endpoint = {0};
    const size_t count = strlen(text);
    if (count >= sizeof(endpoint.path)) {
        return STATUS_MALFORMED;
    }
    const char *rest = text;
    if (parse_scheme(&rest, &endpoint) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (parse_host(&rest, &endpoint) != STATUS_OK || parse_port(&rest, &endpoint) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (*rest != '\0' && *rest != '/') {
        return STATUS_MALFORMED;
    }
    for (const char *c = rest; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return STATUS_MALFORMED;
        }
    }
    const char *path = *rest == '\0' ? "/" : rest;
    memcpy(endpoint.path, path, strlen(path) + 1);
    *ret_endpoint = endpoint;
    return STATUS_OK;
}
