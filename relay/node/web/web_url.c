/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/web_url.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"

/* ---- text ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
}

static bool is_hex_or_colon(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool take_prefix(struct bytes *rest, const char *prefix)
{
    const struct bytes wanted = bytes_from_string(prefix);

    if (!bytes_have_prefix(*rest, wanted)) {
        return false;
    }
    rest->data += wanted.count;
    rest->count -= wanted.count;
    return true;
}

static bool take_host(struct bytes *rest, struct web_url *url)
{
    size_t count = 0;

    url->is_bracketed = take_prefix(rest, "[");
    while (count < rest->count && count < WEB_HOST_BYTES_MAX - 1) {
        const uint8_t c = lower(rest->data[count]);
        if (url->is_bracketed ? !is_hex_or_colon(c) : !is_name(c)) {
            break;
        }
        url->host[count++] = (char)c;
    }
    url->host[count] = '\0';
    rest->data += count;
    rest->count -= count;
    return count > 0 && (!url->is_bracketed || take_prefix(rest, "]"));
}

static bool take_port(struct bytes *rest, struct web_url *url)
{
    uint32_t port = 0;
    size_t count = 0;

    url->port = url->is_tls ? 443 : 80;
    if (!take_prefix(rest, ":")) {
        return true;
    }
    for (; count < rest->count && count < 5 && is_digit(rest->data[count]); count++) {
        port = port * 10 + (uint32_t)(rest->data[count] - '0');
    }
    rest->data += count;
    rest->count -= count;
    url->port = (uint16_t)port;
    return count > 0 && port > 0 && port <= UINT16_MAX;
}

enum status web_url_parse(struct bytes text, struct web_url *ret_url)
{
    struct web_url url = {.is_tls = true};
    struct bytes rest = text;

    if (!take_prefix(&rest, "https://")) {
        url.is_tls = false;
        if (!take_prefix(&rest, "http://")) {
            return STATUS_MALFORMED;
        }
    }
    if (!take_host(&rest, &url) || !take_port(&rest, &url) ||
        (rest.count > 0 && rest.data[0] != '/')) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < rest.count; i++) {
        if (rest.data[i] <= ' ' || rest.data[i] > '~' || rest.data[i] == '#') {
            return STATUS_MALFORMED;
        }
    }
    url.target = rest;
    *ret_url = url;
    return STATUS_OK;
}

void web_url_authority(const struct web_url *url, char ret_text[WEB_AUTHORITY_BYTES_MAX])
{
    const char *const open = url->is_bracketed ? "[" : "";
    const char *const close = url->is_bracketed ? "]" : "";
    int count = 0;

    if (url->port == (url->is_tls ? 443 : 80)) {
        count = snprintf(ret_text, WEB_AUTHORITY_BYTES_MAX, "%s%s%s", open, url->host, close);
    } else {
        count = snprintf(ret_text, WEB_AUTHORITY_BYTES_MAX, "%s%s%s:%u", open, url->host, close,
                         (unsigned)url->port);
    }
    CHECK(count > 0 && count < (int)WEB_AUTHORITY_BYTES_MAX);
}

/* ---- network addresses ---- */

struct block {
    uint32_t first;
    uint32_t bits; /* of the prefix */
};

/* Of RFC 6890 and its successors: what is not the public internet. */
static const struct block private_blocks[] = {
    {0x00000000u, 8},  /* this network */
    {0x0a000000u, 8},  /* private */
    {0x64400000u, 10}, /* shared by carriers */
    {0x7f000000u, 8},  /* this machine */
    {0xa9fe0000u, 16}, /* link local */
    {0xac100000u, 12}, /* private */
    {0xc0000000u, 24}, /* protocol assignments */
    {0xc0000200u, 24}, /* documentation */
    {0xc0586300u, 24}, /* relays of 6to4 */
    {0xc0a80000u, 16}, /* private */
    {0xc6120000u, 15}, /* measurements */
    {0xc6336400u, 24}, /* documentation */
    {0xcb007100u, 24}, /* documentation */
    {0xe0000000u, 3},  /* multicast, reserved, broadcast */
};

static bool is_public_v4(uint32_t address)
{
    for (size_t i = 0; i < sizeof(private_blocks) / sizeof(private_blocks[0]); i++) {
        const uint32_t mask = ~(uint32_t)0 << (32 - private_blocks[i].bits);
        if ((address & mask) == private_blocks[i].first) {
            return false;
        }
    }
    return true;
}

static uint32_t u32_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           (uint32_t)bytes[3];
}

/* Only 2000::/3 is given out; in it lie documentation, tunnels whose other end is in the address,
 * and protocol assignments. NAT64 outside of it wraps an address of IPv4. */
static bool is_public_v6(const uint8_t bytes[16])
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    const uint32_t first = u32_at(bytes);

    if (memcmp(bytes, nat64, sizeof(nat64)) == 0) {
        return is_public_v4(u32_at(bytes + 12));
    }
    if (first >> 16 == 0x2002u) {
        return is_public_v4(u32_at(bytes + 2)); /* 6to4 */
    }
    return first >> 29 == 1 && first >> 9 != 0x20010000u >> 9 && first != 0x20010db8u &&
           first >> 12 != 0x3fff0000u >> 12;
}

bool web_address_is_public(const struct sockaddr *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6) {
        return false;
    }
    memcpy(&v6, address, sizeof(v6));
    if (memcmp(v6.sin6_addr.s6_addr, mapped, sizeof(mapped)) == 0) {
        return is_public_v4(u32_at(v6.sin6_addr.s6_addr + 12));
    }
    return is_public_v6(v6.sin6_addr.s6_addr);
}
