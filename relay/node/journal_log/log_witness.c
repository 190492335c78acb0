/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's witnesses: each is shown the newest checkpoint that is durable, with the proof from
 * the size it holds; its cosignature is verified and kept with the checkpoint. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/journal_log/log_keeper_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/process/log.h"
#include "store/log/proof.h"

#define RETRY_NS        UINT64_C(10000000000)
#define REPLY_WAIT_MS   20000u
#define CLOCK_AHEAD_S   60u /* how far a witness's clock may be ahead of ours */
#define CLOCK_AHEAD_MAX (UINT64_C(1) << 62)

static uint64_t wall_seconds(void)
{
    const uint64_t now_s = clock_now_s();

    return now_s < CLOCK_AHEAD_MAX ? now_s : CLOCK_AHEAD_MAX;
}

static void say(struct keeper_witness *witness, const char *why)
{
    struct log_line line;

    witness->retry_ns = clock_monotonic_ns() + RETRY_NS;
    if (witness->is_told) {
        return;
    }
    witness->is_told = true;
    keeper_tell_witnesses(witness->keeper);
    log_begin(&line, LOG_WARN, "witness_silent");
    log_text(&line, "witness",
             bytes_from(witness->config->key.name, witness->config->key.name_count));
    log_string(&line, "why", why);
    log_string(&line, "instead", "checkpoints go without its signature; trying again");
    log_end(&line);
}

/* ---- what it answered ---- */

static bool has_line(const struct keeper_witness *witness)
{
    struct note note;
    uint64_t time_seconds = 0;

    return note_parse(bytes_from(witness->asked.note, witness->asked.count), &note) != STATUS_OK ||
           note_verify_key(&note, &witness->config->key, UINT64_MAX, &time_seconds) !=
               STATUS_NOT_FOUND;
}

/* Adds the line that waits to the stored note of that size. */
static void keep_line(struct keeper_witness *witness)
{
    struct log_keeper *keeper = witness->keeper;
    struct journal_reader *reader = NULL;
    struct kept *pending = &keeper->pending;
    struct bytes note;
    uint64_t size = 0;

    if (journal_reader_open(keeper->options.journal, &reader) != STATUS_OK) {
        return;
    }
    const bool is_there = journal_seek_checkpoint(reader, witness->asked.head.size, JOURNAL_UPWARDS,
                                                  &size, &note) == STATUS_OK &&
                          size == witness->asked.head.size &&
                          note.count + witness->line_count <= NOTE_BYTES_MAX;
    if (is_there) {
        memcpy(pending->note, note.data, note.count);
        memcpy(pending->note + note.count, witness->line, witness->line_count);
        pending->count = note.count + witness->line_count;
        pending->text_count = witness->asked.text_count;
        pending->head = witness->asked.head;
    }
    journal_reader_close(reader);
    witness->line_count = 0;
    if (is_there) {
        keeper->is_cosigning = true;
        keeper_store(keeper);
    }
}

/* The line waits for its turn: another checkpoint may be on its way into the journal. A note that
 * has a line of this witness already, from before a restart, keeps that one. */
static void take_line(struct keeper_witness *witness, const struct witness_reply *reply)
{
    const uint64_t size = witness->asked.head.size;

    if (witness->is_told) {
        witness->is_told = false;
        keeper_tell_witnesses(witness->keeper);
    }
    witness->size_held = size;
    witness->size_cosigned = size;
    if (reply->line.count <= sizeof(witness->line) && !has_line(witness)) {
        memcpy(witness->line, reply->line.data, reply->line.count);
        witness->line_count = reply->line.count;
    }
}

/* It has seen more of this log than we showed it. */
static void learn_size(struct keeper_witness *witness, uint64_t size)
{
    struct log_keeper *keeper = witness->keeper;
    struct journal_reader *reader = NULL;

    if (journal_reader_open(keeper->options.journal, &reader) != STATUS_OK) {
        return;
    }
    const uint64_t head = journal_reader_head(reader);
    journal_reader_close(reader);
    if (size > head) {
        keeper_fail(keeper, EXIT_INTEGRITY,
                    "witness %.*s holds %" PRIu64
                    " records of this log and the journal has %" PRIu64
                    ": it is an older copy; bring the newer one back",
                    (int)witness->config->key.name_count, (const char *)witness->config->key.name,
                    size, head);
        return;
    }
    if (size == witness->size_held) {
        say(witness, "it asks again for what it was given");
    }
    witness->size_held = size;
}

static void replied(void *context, const struct web_result *result)
{
    struct keeper_witness *witness = context;
    const bool has_reply = result->end == WEB_END_REPLIED;
    const struct witness_question question = {
        .key = &witness->config->key,
        .text = bytes_from(witness->asked.note, witness->asked.text_count),
        .time_seconds_max = wall_seconds() + CLOCK_AHEAD_S};
    const struct witness_reply reply = witness_read(&question, has_reply ? result->status : 0,
                                                    has_reply ? result->body : bytes_from(NULL, 0));

    witness->is_asked = false;
    switch (reply.verdict) {
    case WITNESS_COSIGNED:
        take_line(witness, &reply);
        break;
    case WITNESS_HOLDS_OTHER:
        learn_size(witness, reply.size);
        break;
    case WITNESS_FORKED:
        keeper_fail(witness->keeper, EXIT_INTEGRITY,
                    "witness %.*s has seen another tree of this log: the journal was changed, or "
                    "another node signs for it",
                    (int)witness->config->key.name_count, (const char *)witness->config->key.name);
        break;
    case WITNESS_UNKNOWN_LOG:
    case WITNESS_UNTRUSTED:
    case WITNESS_REJECTED:
    case WITNESS_BAD_REPLY:
    case WITNESS_UNAVAILABLE:
        say(witness, witness_verdict_text(reply.verdict));
        break;
    }
}

/* ---- asking ---- */

static void post(struct keeper_witness *witness, struct bytes body)
{
    /* The address is our own configuration's word: a witness may well be a neighbour. */
    struct web_request request = {.method = "POST",
                                  .body = body,
                                  .reply_bytes_max = WITNESS_REPLY_BYTES_MAX,
                                  .deadline_ms = REPLY_WAIT_MS,
                                  .allow_private = true,
                                  .handler = {.context = witness, .done = replied}};
    const enum status status = web_url_parse(bytes_from_string(witness->url), &request.url);

    CHECK(status == STATUS_OK); /* the configuration was refused otherwise */
    witness->is_asked = true;
    web_client_ask(witness->keeper->web, &request);
}

static void ask(struct keeper_witness *witness)
{
    static const size_t capacity = PROOF_BYTES_MAX;
    struct log_keeper *keeper = witness->keeper;
    struct growth growth = {.old_size = witness->size_held};
    uint8_t *memory = malloc(capacity);

    if (memory == NULL) {
        return;
    }
    struct buffer buffer = buffer_from(memory, capacity);
    const struct tree_growth sizes = {.old_size = witness->size_held,
                                      .size = keeper->current.head.size};
    witness->asked = keeper->current;
    growth.note = bytes_from(witness->asked.note, witness->asked.count);
    if (keeper_prove(keeper, sizes, &growth.path) == STATUS_OK &&
        growth_append(&buffer, &growth) == STATUS_OK) {
        post(witness, buffer_bytes(&buffer));
    }
    free(memory);
}

void keeper_ask_witnesses(struct log_keeper *keeper)
{
    const uint64_t now = clock_monotonic_ns();

    for (uint32_t i = 0; i < keeper->options.config->witnesses_count; i++) {
        struct keeper_witness *witness = &keeper->witnesses[i];
        const uint64_t size = keeper->current.head.size;
        if (keeper->is_storing) {
            return;
        }
        if (witness->line_count > 0) {
            keep_line(witness);
        } else if (size > witness->size_cosigned && size >= witness->size_held &&
                   now >= witness->retry_ns && !witness->is_asked) {
            ask(witness);
        }
    }
}

bool keeper_open_witnesses(struct log_keeper *keeper)
{
    const struct node_log *config = keeper->options.config;

    for (uint32_t i = 0; i < config->witnesses_count; i++) {
        struct keeper_witness *witness = &keeper->witnesses[i];
        const char *text = config->witnesses[i].url_text;
        size_t count = strlen(text);
        while (count > 0 && text[count - 1] == '/') {
            count--;
        }
        (void)snprintf(witness->url, sizeof(witness->url), "%.*s/add-checkpoint", (int)count, text);
        witness->keeper = keeper;
        witness->config = &config->witnesses[i];
    }
    keeper->web = config->witnesses_count == 0
                      ? NULL
                      : web_client_new(keeper->context, keeper->vhost, keeper->options.tls_ca);
    return config->witnesses_count == 0 || keeper->web != NULL;
}
