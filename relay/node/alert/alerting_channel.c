/* SPDX-License-Identifier: Apache-2.0 */
/* How notices leave: a program, a webhook, mail; each in its own time. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/alert/alert_text.h"
#include "relay/node/alert/alerting_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/process/log.h"
#include "relay/node/process/secret_file.h"

#define SECOND_NS         UINT64_C(1000000000)
#define RETRY_FIRST_NS    SECOND_NS
#define RETRY_FACTOR      4u
#define REPLY_BYTES_MAX   65536u
#define COMMAND_WORDS_MAX (NODE_ARGUMENTS_MAX + 1u)

static const char *channel_name(enum channel_kind kind)
{
    switch (kind) {
    case CHANNEL_COMMAND:
        return "command";
    case CHANNEL_WEBHOOK:
        return "webhook";
    case CHANNEL_MAIL:
        return "mail";
    }
    return "?";
}

static const struct node_alerts *config_of(const struct channel *channel)
{
    return &channel->alerting->options.config->alerts;
}

static struct notice *notice_of(const struct channel *channel)
{
    return &channel->alerting->notices[channel->next % NOTICES_MAX];
}

/* ---- an end ---- */

static void go_on(struct channel *channel)
{
    channel->next++;
    channel->tries = 0;
    channel->retry_ns = 0;
}

static void end(struct channel *channel, bool is_done, const char *why)
{
    struct log_line line;

    CHECK(channel->is_busy);
    channel->is_busy = false;
    if (is_done) {
        channel->alerting->counts.sent_count++;
        go_on(channel);
        return;
    }
    channel->tries++;
    const bool is_last = channel->tries == ALERTING_TRIES;
    log_begin(&line, LOG_WARN, "alert_not_delivered");
    log_word(&line, "channel", channel_name(channel->kind));
    log_string(&line, "why", why);
    log_number(&line, "tries", channel->tries);
    log_string(&line, "instead", is_last ? "given up" : "it is tried again");
    log_end(&line);
    if (is_last) {
        channel->alerting->counts.failed_count++;
        go_on(channel);
        return;
    }
    uint64_t wait_ns = RETRY_FIRST_NS;
    for (uint32_t i = 1; i < channel->tries; i++) {
        wait_ns *= RETRY_FACTOR;
    }
    channel->retry_ns = clock_monotonic_ns() + wait_ns;
}

/* ---- programs ---- */

static void start_program(struct channel *channel, char *const *arguments, struct bytes input)
{
    struct notice *notice = notice_of(channel);
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    static char language[] = "LANG=C.UTF-8";
    char *environment[NOTICE_WORDS + 3] = {path, language};

    for (uint32_t i = 0; i < NOTICE_WORDS; i++) {
        environment[i + 2] = notice->words[i];
    }
    const struct program_options options = {.arguments = arguments,
                                            .environment = environment,
                                            .input = input,
                                            .deadline_ns = clock_monotonic_ns() +
                                                           ALERTING_DEADLINE_S * SECOND_NS};
    const enum status status = program_start(&options, &channel->program);
    if (status != STATUS_OK) {
        end(channel, false,
            status == STATUS_UNREACHABLE ? "there is no such program, or it may not be run"
                                         : "too many processes or open files");
    }
}

/* argv is not const for reasons of history; nobody writes to it. */
static char *argument(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void start_command(struct channel *channel)
{
    const struct node_alerts *config = config_of(channel);
    const struct notice *notice = notice_of(channel);
    char *arguments[COMMAND_WORDS_MAX] = {NULL};

    for (uint32_t i = 0; i < config->command_count; i++) {
        arguments[i] = argument(config->command[i]);
    }
    start_program(channel, arguments, bytes_from(notice->document, notice->document_count));
}

static void start_mail(struct channel *channel)
{
    const struct node_alerts *config = config_of(channel);
    const struct notice *notice = notice_of(channel);
    /* A dot on a line of its own ends nothing (-i), and the addresses are no options: they were
     * checked when they were read. */
    char *arguments[] = {argument(config->sendmail),
                         argument("-i"),
                         argument("-f"),
                         argument(config->mail_from),
                         argument(config->mail_to),
                         NULL};

    start_program(channel, arguments, bytes_from(notice->mail, notice->mail_count));
}

static void tend_program(struct channel *channel, uint64_t now_ns)
{
    char why[64];
    int exit_code = 0;

    if (!program_has_ended(&channel->program, now_ns, &exit_code)) {
        return;
    }
    if (channel->program.was_late) {
        (void)snprintf(why, sizeof(why), "it took longer than %u seconds", ALERTING_DEADLINE_S);
    } else {
        (void)snprintf(why, sizeof(why), "it ended with exit code %d", exit_code);
    }
    end(channel, exit_code == 0 && !channel->program.was_late, why);
}

/* ---- webhook ---- */

static void webhook_done(void *context, const struct web_result *result)
{
    struct channel *channel = context;
    char why[64];
    const bool is_done =
        result->end == WEB_END_REPLIED && result->status >= 200 && result->status < 300;

    if (result->end == WEB_END_REPLIED) {
        (void)snprintf(why, sizeof(why), "status %u", result->status);
    } else {
        (void)snprintf(why, sizeof(why), "%s", web_end_name(result->end));
    }
    end(channel, is_done, why);
}

static void start_webhook(struct channel *channel)
{
    struct alerting *alerting = channel->alerting;
    const struct notice *notice = notice_of(channel);
    struct web_request request = {.method = "POST",
                                  .headers = bytes_from_string(alerting->headers),
                                  .body = bytes_from(notice->document, notice->document_count),
                                  .reply_bytes_max = REPLY_BYTES_MAX,
                                  .deadline_ms = ALERTING_DEADLINE_S * 1000u,
                                  .allow_private =
                                      true, /* the address is our own configuration's word */
                                  .handler = {.context = channel, .done = webhook_done}};

    CHECK(web_url_parse(bytes_from_string(config_of(channel)->webhook), &request.url) == STATUS_OK);
    web_client_ask(alerting->web, &request);
}

/* ---- all of them ---- */

static void start(struct channel *channel)
{
    channel->is_busy = true;
    switch (channel->kind) {
    case CHANNEL_COMMAND:
        start_command(channel);
        break;
    case CHANNEL_WEBHOOK:
        start_webhook(channel);
        break;
    case CHANNEL_MAIL:
        start_mail(channel);
        break;
    }
}

void channels_tick(struct alerting *alerting, uint64_t now_ns)
{
    for (uint32_t i = 0; i < ALERTING_CHANNELS; i++) {
        struct channel *channel = &alerting->channels[i];
        if (!channel->is_on) {
            continue;
        }
        if (channel->is_busy && channel->kind != CHANNEL_WEBHOOK) {
            tend_program(channel, now_ns);
        }
        if (!channel->is_busy && channel->next < alerting->notices_count &&
            now_ns >= channel->retry_ns) {
            start(channel);
        }
    }
}

static void write_words(struct notice *notice, const json_t *alert)
{
    static const struct {
        const char *name;
        const char *key;
    } words[NOTICE_WORDS] = {{"SLUICE_ALERT", "alert"},
                             {"SLUICE_STATE", "state"},
                             {"SLUICE_SEVERITY", "severity"},
                             {"SLUICE_NODE", "node"},
                             {"SLUICE_SUBJECT", "subject"}};

    for (uint32_t i = 0; i < NOTICE_WORDS; i++) {
        (void)snprintf(notice->words[i], NOTICE_WORD_BYTES, "%s=%s", words[i].name,
                       json_string_value(json_object_get(alert, words[i].key)));
    }
}

/* The oldest notice of all gives way; who had not sent it has failed to. */
static struct notice *next_place(struct alerting *alerting)
{
    struct notice *place = &alerting->notices[alerting->notices_count % NOTICES_MAX];

    for (uint32_t i = 0; i < ALERTING_CHANNELS; i++) {
        struct channel *channel = &alerting->channels[i];
        if (!channel->is_on || alerting->notices_count - channel->next < NOTICES_MAX) {
            continue;
        }
        if (channel->is_busy) {
            return NULL; /* it is being sent at this moment */
        }
        alerting->counts.failed_count++;
        go_on(channel);
    }
    return place;
}

void channels_tell(struct alerting *alerting, const struct alert_notice *notice, struct instant at)
{
    const struct node_config *config = alerting->options.config;
    const struct alert_mail mail = {.from = config->alerts.mail_from, .to = config->alerts.mail_to};
    struct notice *place = next_place(alerting);
    json_t *alert = place == NULL ? NULL : alert_json(notice, config->core.node_name, at);

    if (alert == NULL) {
        alerting->counts.failed_count++;
        return;
    }
    const size_t count = json_dumpb(alert, place->document, NOTICE_BYTES_MAX - 1, JSON_COMPACT);
    struct buffer buffer = buffer_from(place->mail, NOTICE_BYTES_MAX);
    CHECK(count > 0);
    CHECK(count < NOTICE_BYTES_MAX); /* every part of it is bounded */
    place->document[count] = '\n';
    place->document_count = count + 1;
    CHECK(alert_mail(alert, &mail, &buffer) == STATUS_OK);
    place->mail_count = buffer.count;
    write_words(place, alert);
    json_decref(alert);
    alerting->notices_count++;
    alerting->counts.notices_count++;
}

/* ---- life ---- */

static int read_token(struct alerting *alerting)
{
    const struct node_alerts *config = &alerting->options.config->alerts;
    char token[SECRET_TOKEN_BYTES_MAX] = "";
    struct log_line line;
    const enum status status = config->webhook_token[0] == '\0'
                                   ? STATUS_OK
                                   : secret_token_read(config->webhook_token, token);

    if (status != STATUS_OK) {
        log_begin(&line, LOG_ERROR, "not_started");
        log_string(&line, "what", config->webhook_token);
        log_string(&line, "why", secret_file_problem(status));
        log_end(&line);
        return EXIT_USAGE;
    }
    (void)snprintf(
        alerting->headers, sizeof(alerting->headers), "Content-Type: application/json\r\n%s%s%s",
        token[0] == '\0' ? "" : "Authorization: Bearer ", token, token[0] == '\0' ? "" : "\r\n");
    OPENSSL_cleanse(token, sizeof(token));
    return EXIT_DONE;
}

int channels_open(struct alerting *alerting)
{
    const struct node_alerts *config = &alerting->options.config->alerts;
    const bool is_on[ALERTING_CHANNELS] = {[CHANNEL_COMMAND] = config->command_count > 0,
                                           [CHANNEL_WEBHOOK] = config->webhook[0] != '\0',
                                           [CHANNEL_MAIL] = config->mail_to[0] != '\0'};

    for (uint32_t i = 0; i < ALERTING_CHANNELS; i++) {
        alerting->channels[i] =
            (struct channel){.alerting = alerting, .kind = (enum channel_kind)i, .is_on = is_on[i]};
    }
    return read_token(alerting);
}

bool channels_are_done(const struct alerting *alerting)
{
    for (uint32_t i = 0; i < ALERTING_CHANNELS; i++) {
        const struct channel *channel = &alerting->channels[i];
        if (channel->is_on && channel->next < alerting->notices_count) {
            return false;
        }
    }
    return true;
}

void channels_close(struct alerting *alerting)
{
    for (uint32_t i = 0; i < ALERTING_CHANNELS; i++) {
        program_stop(&alerting->channels[i].program);
    }
    OPENSSL_cleanse(alerting->headers, sizeof(alerting->headers));
}
