/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/witness_url.h"

#include <string.h>

static bool is_host_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '.' || character == '-';
}

/* What can stand in the first line of a request, and begins no query or fragment. */
static bool is_plain(const char *text)
{
    for (const char *next = text; *next != '\0'; next++) {
        if (*next <= ' ' || *next >= 0x7f || *next == '?' || *next == '#' || *next == '@') {
            return false;
        }
    }
    return true;
}

static bool parse_port(const char *text, size_t count, uint16_t *ret_port)
{
    uint32_t port = 0;

    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        port = 10 * port + (uint32_t)(text[i] - '0');
    }
    *ret_port = (uint16_t)port;
    return count > 0 && count <= 5 && port > 0 && port <= UINT16_MAX;
}

enum status witness_url_parse(const char *text, struct witness_url *ret_url)
{
    struct witness_url url = {.is_tls = strncmp(text, "https://", 8) == 0};
    size_t host_count = 0;

    if (strlen(text) >= WITNESS_URL_BYTES_MAX ||
        (!url.is_tls && strncmp(text, "http://", 7) != 0) || !is_plain(text)) {
        return STATUS_MALFORMED;
    }
    const char *rest = text + (url.is_tls ? 8 : 7);
    while (is_host_character(rest[host_count])) {
        host_count++;
    }
    if (host_count == 0 || host_count >= sizeof(url.host)) {
        return STATUS_MALFORMED;
    }
    memcpy(url.host, rest, host_count);
    rest += host_count;
    url.port = url.is_tls ? 443 : 80;
    if (*rest == ':') {
        const size_t digits = strcspn(rest + 1, "/");
        if (!parse_port(rest + 1, digits, &url.port)) {
            return STATUS_MALFORMED;
        }
        rest += 1 + digits;
    }
    if (*rest != '/' && *rest != '\0') {
        return STATUS_MALFORMED;
    }
    size_t path_count = strlen(rest);
    while (path_count > 0 && rest[path_count - 1] == '/') {
        path_count--;
    }
    memcpy(url.path, rest, path_count);
    *ret_url = url;
    return STATUS_OK;
}
