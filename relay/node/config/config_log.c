/* SPDX-License-Identifier: Apache-2.0 */
/* What is served, in the configuration file: the journal's log (`log`, `witnesses`) and the pages
 * (`site`). */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"
#include "relay/node/web/web_url.h"

#define LOG_INTERVAL_DEFAULT "10 s"

static void read_note_key(struct reading *reading, const char *key, const char *text,
                          enum note_key_kind kind, struct note_key *ret_key)
{
    if (note_key_parse(bytes_from_string(text), ret_key) != STATUS_OK || ret_key->kind != kind) {
        reading_refuse(
            reading, key, STATUS_MALFORMED,
            kind == NOTE_KEY_ED25519
                ? "must be a log's public key: \"sluice key log\" prints it"
                : "must be a witness's public key, <name>+<id>+<base64>, for cosignatures");
    }
}

/* "127.0.0.1:<port>"; 0: not served. */
static uint16_t read_listen(struct reading *reading, const char *text, const char *otherwise)
{
    static const char loopback[] = "127.0.0.1:";
    uint64_t port = 0;

    if (text != NULL && (strncmp(text, loopback, sizeof(loopback) - 1) != 0 ||
                         settings_parse_u64(text + sizeof(loopback) - 1, &port) != STATUS_OK ||
                         port == 0 || port > UINT16_MAX)) {
        reading_refuse(reading, "listen", STATUS_MALFORMED, otherwise);
    }
    return (uint16_t)port;
}

/* Where something can be added to the path. */
static bool is_place(const char *text)
{
    struct web_url url;

    return strlen(text) < WITNESS_URL_BYTES_MAX && strchr(text, '?') == NULL &&
           web_url_parse(bytes_from_string(text), &url) == STATUS_OK;
}

static void read_witnesses(struct reading *reading, const struct file_config *from,
                           struct node_log *log)
{
    for (uint32_t i = 0; i < from->witnesses_count && !reading_failed(reading); i++) {
        struct node_witness *witness = &log->witnesses[i];
        reading_at(reading, "witnesses[%u]", i);
        if (!log->is_on) {
            reading_refuse(reading, "", STATUS_MALFORMED, "witnesses need a \"log\" to sign");
        }
        read_note_key(reading, "key", from->witnesses[i].key, NOTE_KEY_COSIGNATURE, &witness->key);
        if (!is_place(from->witnesses[i].url)) {
            reading_refuse(reading, "url", STATUS_MALFORMED,
                           "must begin with http:// or https://, without a query");
            return;
        }
        (void)snprintf(witness->url_text, sizeof(witness->url_text), "%s", from->witnesses[i].url);
        log->witnesses_count = i + 1;
    }
}

void config_read_log(struct reading *reading, const struct file_config *file, struct node_log *log)
{
    const struct file_log *from = file->log;

    if (from == NULL || reading_failed(reading)) {
        read_witnesses(reading, file, log);
        return;
    }
    reading_at(reading, "log");
    log->is_on = true;
    read_note_key(reading, "key", from->key, NOTE_KEY_ED25519, &log->key);
    log->spawn = reading_flag(reading, "spawn", reading_given(from->spawn, "false"));
    reading_path(reading, "socket", from->socket, sizeof(log->socket), log->socket);
    if (from->config != NULL) {
        reading_path(reading, "config", from->config, sizeof(log->signer_config),
                     log->signer_config);
    }
    if (log->spawn != (from->config != NULL)) {
        reading_refuse(reading, log->spawn ? "spawn" : "config", STATUS_MALFORMED,
                       log->spawn ? "needs the log signer's \"config\" file"
                                  : "is only for a log's signer with \"spawn: true\"");
    }
    log->interval =
        reading_duration(reading, "interval", reading_given(from->interval, LOG_INTERVAL_DEFAULT));
    log->port =
        read_listen(reading, from->listen,
                    "must be 127.0.0.1:<port>: put a web server in front, or serve an export");
    read_witnesses(reading, file, log);
}

/* "ADDRESS:PORT" with an address of IPv4. */
static uint16_t read_address_and_port(struct reading *reading, const char *text,
                                      char ret_address[16])
{
    const char *colon = strrchr(text, ':');
    const size_t count = colon == NULL ? 0 : (size_t)(colon - text);
    struct in_addr address;
    uint64_t port = 0;

    if (count > 0 && count < 16) {
        memcpy(ret_address, text, count);
        ret_address[count] = '\0';
    }
    if (ret_address[0] == '\0' || inet_pton(AF_INET, ret_address, &address) != 1 ||
        settings_parse_u64(colon + 1, &port) != STATUS_OK || port == 0 || port > UINT16_MAX) {
        reading_refuse(reading, "listen", STATUS_MALFORMED,
                       "must be an address of IPv4 and a port, such as 127.0.0.1:18690");
    }
    return (uint16_t)port;
}

static void read_site_files(struct reading *reading, const struct file_site *from,
                            struct node_site *site)
{
    if (from->token != NULL) {
        reading_path(reading, "token", from->token, sizeof(site->token), site->token);
    }
    if ((from->certificate == NULL) != (from->key == NULL)) {
        reading_refuse(reading, from->key == NULL ? "certificate" : "key", STATUS_MALFORMED,
                       "belongs to the other of \"certificate\" and \"key\"");
        return;
    }
    if (from->certificate != NULL) {
        reading_path(reading, "certificate", from->certificate, sizeof(site->certificate),
                     site->certificate);
        reading_path(reading, "key", from->key, sizeof(site->key), site->key);
    }
}

uint16_t config_read_site(struct reading *reading, const struct file_config *file,
                          const struct node_log *log, struct node_site *ret_site)
{
    const struct file_site *from = file->site;

    if (from == NULL || reading_failed(reading)) {
        return 0;
    }
    reading_at(reading, "site");
    const uint16_t port = read_address_and_port(reading, from->listen, ret_site->address);
    read_site_files(reading, from, ret_site);
    if (port != 0 && port == log->port) {
        reading_refuse(reading, "listen", STATUS_MALFORMED, "is the log's port already");
    }
    /* 127.0.0.0/8 */
    if (strncmp(ret_site->address, "127.", 4) != 0 &&
        (ret_site->token[0] == '\0' || ret_site->certificate[0] == '\0')) {
        reading_refuse(reading, "listen", STATUS_MALFORMED,
                       "is not this machine alone: that takes \"token\", \"certificate\" and "
                       "\"key\"; or say 127.0.0.1:<port> and reach it over ssh -L");
    }
    return port;
}
