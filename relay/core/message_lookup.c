/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message_lookup.c: proofs that a server off the chain gives (modules of the kind
 * CCIP-read, ERC-3668).
 *
 *   none -> asking the chain which servers -> asking the servers -> had
 *    ^  +- refused, no server named <-+          +- none has it -+    |
 *    +----------------------------------------------------------------+ used for one simulation
 *
 * An answer is used once: when the delivery it was made for is simulated and fails, the servers are
 * asked anew, and another one of them first. A server can lie as it likes: the module itself judges
 * what it said, in the simulation. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message_internal.h"
#include "relay/core/tables.h"

#define LOOKUP_WAIT DURATION_MS(15000) /* for an answer of the servers, then it counts as lost */

/* ---- rows ---- */

static bool lookup_get(struct step *step, const struct hash *id, const struct address *module,
                       struct lookup_row *ret_lookup)
{
    uint8_t key[PROOF_KEY_BYTES];
    struct bytes value;

    memset(ret_lookup, 0, sizeof(*ret_lookup));
    if (!step_get(step, proof_key(key, id, module, PROOF_LOOKUP), &value)) {
        return false;
    }
    if (lookup_row_unpack(value, ret_lookup) != STATUS_OK) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

static void lookup_put(struct step *step, const struct hash *id, const struct address *module,
                       const struct lookup_row *lookup)
{
    uint8_t key[PROOF_KEY_BYTES];
    uint8_t memory[LOOKUP_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    lookup_row_pack(lookup, &packer);
    step_put(step, proof_key(key, id, module, PROOF_LOOKUP), packer_finish(&packer));
}

static void forget(struct lookup_row *lookup)
{
    lookup->state = LOOKUP_NONE;
    lookup->tries_count++;
    lookup->metadata = (struct bytes){.count = 0};
}

/* ---- asking ---- */

static bool is_open(const struct step *step, const struct lookup_row *lookup)
{
    const struct instant until = instant_after(lookup->asked_at, LOOKUP_WAIT);

    return lookup->state != LOOKUP_NONE && lookup->asked_at.ns >= step->started.ns &&
           !instant_is_past(until, step->now);
}

static void ask(struct step *step, const struct message *message, const struct address *module)
{
    uint8_t key[MESSAGE_KEY_BYTES];
    struct lookup_row lookup;
    struct bytes body;

    (void)lookup_get(step, &message->id, module, &lookup);
    if (lookup.state == LOOKUP_HAD || is_open(step, &lookup) || !step_has_room(step, 1) ||
        !step_get(step, message_key(key, TABLE_BODY, &message->id), &body)) {
        return;
    }
    const struct bytes kept = step_keep(step, body);
    struct command *command = step_command(step, COMMAND_READ_LOOKUP, message->row.destination);
    command->read_lookup.message_id = message->id;
    command->read_lookup.module = *module;
    command->read_lookup.message = kept;
    lookup.state = LOOKUP_ASKED;
    lookup.asked_at = step->now;
    lookup_put(step, &message->id, module, &lookup);
}

bool message_look_up(struct step *step, const struct message *message,
                     const struct security_row *security)
{
    bool is_wanted = false;

    for (uint32_t i = 0; i < security->nodes_count; i++) {
        if (security->nodes[i].type == MODULE_CCIP_READ) {
            is_wanted = true;
            ask(step, message, &security->nodes[i].address);
        }
    }
    return is_wanted;
}

uint32_t message_lookups(struct step *step, const struct message *message,
                         const struct security_row *security, struct buffer *memory,
                         struct ism_answer *ret_answers)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < security->nodes_count; i++) {
        struct lookup_row lookup;
        if (security->nodes[i].type == MODULE_CCIP_READ &&
            lookup_get(step, &message->id, &security->nodes[i].address, &lookup) &&
            lookup.state == LOOKUP_HAD) {
            const uint8_t *const at = memory->data + memory->count;
            if (buffer_append(memory, lookup.metadata) == STATUS_OK) {
                ret_answers[count++] = (struct ism_answer){
                    .node = i, .metadata = bytes_from(at, lookup.metadata.count)};
            }
        }
    }
    return count;
}

void message_lookups_used(struct step *step, const struct message *message,
                          const struct security_row *security)
{
    for (uint32_t i = 0; i < security->nodes_count; i++) {
        const struct address *module = &security->nodes[i].address;
        struct lookup_row lookup;
        if (security->nodes[i].type == MODULE_CCIP_READ &&
            lookup_get(step, &message->id, module, &lookup) && lookup.state == LOOKUP_HAD) {
            forget(&lookup);
            lookup_put(step, &message->id, module, &lookup);
        }
    }
}

/* ---- answers ---- */

static bool is_plain(struct bytes url)
{
    bool good = url.count > 0 && url.count <= LOOKUP_URL_BYTES_MAX;

    for (size_t i = 0; i < url.count && good; i++) {
        good = url.data[i] > ' ' && url.data[i] <= '~';
    }
    return good;
}

/* The templates that can be used, from the one whose turn it is, each ended by a newline. */
static void join_urls(const struct event *event, uint32_t first, struct buffer *ret_urls)
{
    const uint32_t count = event->lookup.urls_count;

    for (uint32_t i = 0; i < count; i++) {
        const struct bytes url = event->lookup.urls[(first + i) % count];
        if (is_plain(url)) {
            enum status status = buffer_append(ret_urls, url);
            CHECK(status == STATUS_OK);
            status = buffer_append(ret_urls, bytes_from("\n", 1));
            CHECK(status == STATUS_OK);
        }
    }
}

/* What waits for this answer. False: nothing does any more. */
static bool find_asked(struct step *step, const struct event *event, const struct hash *id,
                       const struct address *module, struct message *ret_message,
                       struct lookup_row *ret_lookup)
{
    return message_get(step, id, ret_message) && ret_message->row.destination == event->domain &&
           lookup_get(step, id, module, ret_lookup) &&
           (ret_lookup->state == LOOKUP_ASKED || ret_lookup->state == LOOKUP_FETCHING);
}

/* Tried again by the rounds of the message. */
static void fail(struct step *step, struct message *message, const struct address *module,
                 struct lookup_row *lookup)
{
    forget(lookup);
    lookup_put(step, &message->id, module, lookup);
    if (message->row.state == MESSAGE_CHECKPOINTS && message->row.reason != REASON_LOOKUP_FAILED) {
        message_set(step, message, MESSAGE_CHECKPOINTS, REASON_LOOKUP_FAILED);
        message_put(step, message);
    }
}

void message_on_lookup(struct step *step, const struct event *event)
{
    const struct address *module = &event->lookup.module;
    uint8_t memory[LOOKUP_URLS_MAX * (LOOKUP_URL_BYTES_MAX + 1)];
    struct buffer urls = buffer_from(memory, sizeof(memory));
    struct lookup_row lookup;
    struct message message;

    if (!find_asked(step, event, &event->lookup.message_id, module, &message, &lookup) ||
        lookup.state != LOOKUP_ASKED || event->lookup.outcome == OUTCOME_UNKNOWN) {
        return; /* asked again when overdue */
    }
    if (event->lookup.outcome == OUTCOME_OK && event->lookup.urls_count <= LOOKUP_URLS_MAX) {
        join_urls(event, lookup.tries_count, &urls);
    }
    if (urls.count == 0 || event->lookup.call_data.count > LOOKUP_DATA_BYTES_MAX ||
        !step_has_room(step, 1)) {
        fail(step, &message, module, &lookup);
        return;
    }
    const struct bytes kept_urls = step_keep(step, buffer_bytes(&urls));
    const struct bytes kept_data = step_keep(step, event->lookup.call_data);
    struct command *command = step_command(step, COMMAND_FETCH_LOOKUP, event->domain);
    command->fetch_lookup.message_id = message.id;
    command->fetch_lookup.module = *module;
    command->fetch_lookup.sender = event->lookup.sender;
    command->fetch_lookup.urls = kept_urls;
    command->fetch_lookup.call_data = kept_data;
    command->fetch_lookup.dispatch_transaction = message.row.dispatch_transaction;
    lookup.state = LOOKUP_FETCHING;
    lookup.asked_at = step->now;
    lookup_put(step, &message.id, module, &lookup);
}

void message_on_lookup_answer(struct step *step, const struct event *event)
{
    const struct address *module = &event->lookup_answer.module;
    uint8_t memory[METADATA_BYTES_MAX];
    struct buffer metadata = buffer_from(memory, sizeof(memory));
    struct security_row security;
    struct lookup_row lookup;
    struct message message;
    struct address key;

    if (!find_asked(step, event, &event->lookup_answer.message_id, module, &message, &lookup) ||
        lookup.state != LOOKUP_FETCHING) {
        return;
    }
    if (event->lookup_answer.outcome != OUTCOME_OK ||
        event->lookup_answer.metadata.count > METADATA_BYTES_MAX) {
        fail(step, &message, module, &lookup);
        return;
    }
    lookup.state = LOOKUP_HAD;
    lookup.metadata = event->lookup_answer.metadata;
    lookup_put(step, &message.id, module, &lookup);
    if (message.row.state == MESSAGE_CHECKPOINTS && security_get(step, &message, &security) &&
        message_processor(step, &message, &security, &key) &&
        message_prove(step, &message, &security, &key, &metadata) == STATUS_OK) {
        message_advance(step, &message);
    }
}
