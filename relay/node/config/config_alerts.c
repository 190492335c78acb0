/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the node tells when something is wrong, in the configuration file. */
#include <stdio.h>
#include <string.h>

#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"
#include "relay/node/web/web_url.h"

#define HOLD_DEFAULT          "1 min"
#define REPEAT_DEFAULT        "4 h"
#define BACKLOG_AFTER_DEFAULT "30 min"
#define FAILURES_MIN_DEFAULT  "5"
#define PER_HOUR_DEFAULT      "30"
#define SENDMAIL_DEFAULT      "/usr/sbin/sendmail"
#define MAIL_FROM_DEFAULT     "sluice"
#define HOLD_LEAST_NS         100000000u

static void read_command(struct reading *reading, const struct file_alerts *from,
                         struct node_alerts *alerts)
{
    for (unsigned i = 0; i < from->command_count && !reading_failed(reading); i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "command[%u]", i);
        if (strlen(from->command[i]) >= NODE_WORD_BYTES_MAX) {
            reading_refuse(reading, key, STATUS_MALFORMED, "is longer than 255 characters");
            return;
        }
        if (i == 0) {
            reading_path(reading, key, from->command[i], NODE_WORD_BYTES_MAX, alerts->command[i]);
        } else {
            (void)snprintf(alerts->command[i], NODE_WORD_BYTES_MAX, "%s", from->command[i]);
        }
        alerts->command_count = i + 1;
    }
}

static bool is_loopback(const struct web_url *url)
{
    return strcmp(url->host, "localhost") == 0 || strcmp(url->host, "127.0.0.1") == 0 ||
           strcmp(url->host, "::1") == 0;
}

static void read_webhook(struct reading *reading, const struct file_alerts *from,
                         struct node_alerts *alerts)
{
    struct web_url url;

    if (from->webhook == NULL) {
        if (from->webhook_token != NULL) {
            reading_refuse(reading, "webhook_token", STATUS_MALFORMED, "needs a \"webhook\"");
        }
        return;
    }
    if (strlen(from->webhook) >= sizeof(alerts->webhook) ||
        web_url_parse(bytes_from_string(from->webhook), &url) != STATUS_OK ||
        (!url.is_tls && !is_loopback(&url))) {
        reading_refuse(reading, "webhook", STATUS_MALFORMED,
                       "must be https://host[:port][/path], or http:// to this machine");
        return;
    }
    (void)snprintf(alerts->webhook, sizeof(alerts->webhook), "%s", from->webhook);
    if (from->webhook_token != NULL) {
        reading_path(reading, "webhook_token", from->webhook_token, sizeof(alerts->webhook_token),
                     alerts->webhook_token);
    }
}

/* It becomes an argument and a header: what could be taken for an option or for another header is
 * refused. */
static void read_mailbox(struct reading *reading, const char *key, const char *text,
                         char ret_text[NODE_WORD_BYTES_MAX])
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+-=";

    if (text[0] == '\0' || text[0] == '-' || strlen(text) >= NODE_WORD_BYTES_MAX ||
        strspn(text, allowed) != strlen(text)) {
        reading_refuse(reading, key, STATUS_MALFORMED, "must be one mail address");
        return;
    }
    (void)snprintf(ret_text, NODE_WORD_BYTES_MAX, "%s", text);
}

static void read_mail(struct reading *reading, const struct file_alerts *from,
                      struct node_alerts *alerts)
{
    if (from->mail_to == NULL) {
        if (from->mail_from != NULL || from->sendmail != NULL) {
            reading_refuse(reading, from->mail_from != NULL ? "mail_from" : "sendmail",
                           STATUS_MALFORMED, "needs a \"mail_to\"");
        }
        return;
    }
    read_mailbox(reading, "mail_to", from->mail_to, alerts->mail_to);
    read_mailbox(reading, "mail_from", reading_given(from->mail_from, MAIL_FROM_DEFAULT),
                 alerts->mail_from);
    reading_path(reading, "sendmail", reading_given(from->sendmail, SENDMAIL_DEFAULT),
                 sizeof(alerts->sendmail), alerts->sendmail);
}

void config_read_alerts(struct reading *reading, const struct file_config *file,
                        struct node_alerts *alerts)
{
    const struct file_alerts *from = file->alerts;

    if (from == NULL || reading_failed(reading)) {
        return;
    }
    reading_at(reading, "alerts");
    alerts->is_on = true;
    read_command(reading, from, alerts);
    read_webhook(reading, from, alerts);
    read_mail(reading, from, alerts);
    alerts->hold = reading_duration(reading, "hold", reading_given(from->hold, HOLD_DEFAULT));
    alerts->repeat =
        reading_duration(reading, "repeat", reading_given(from->repeat, REPEAT_DEFAULT));
    alerts->backlog_after = reading_duration(
        reading, "backlog_after", reading_given(from->backlog_after, BACKLOG_AFTER_DEFAULT));
    alerts->failures_min = (uint32_t)reading_count(
        reading, "failures_min", reading_given(from->failures_min, FAILURES_MIN_DEFAULT), 1, 1000);
    alerts->per_hour = (uint32_t)reading_count(
        reading, "per_hour", reading_given(from->per_hour, PER_HOUR_DEFAULT), 1, 1000);
    if (alerts->hold.ns < HOLD_LEAST_NS) {
        reading_refuse(reading, "hold", STATUS_MALFORMED, "must be at least 100 ms");
    }
}
