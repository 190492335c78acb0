/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/message/message_lookup.c: proofs that a server off the chain gives (modules of the
 * kind CCIP-read, ERC-3668).
 *
 *   none -> asking the chain which servers -> asking the servers -> had
 *    ^  +- refused, no server named <-+  ^  |      +- none has it -+    |
 *    |                                   |  v                           |
 *    |                                our signer, who asks              |
 *    +------------------------------------------------------------------+ used for one simulation
 *
 * Where the configuration wants it, the server whose turn it is learns who asks: the key that will
 * deliver signs the module's question and the template. With the signature the chain is asked once
 * more, so that nothing of its first answer is kept; another question is signed anew. Servers
 * behind it in the same attempt are asked without.
 *
 * An answer is used once: when the delivery it was made for is simulated and fails, the servers are
 * asked anew, and another one of them first. A server can lie as it likes: the module itself judges
 * what it said, in the simulation. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/message/message_internal.h"
#include "relay/core/tables.h"
#include "relay/hyperlane/checkpoint.h"

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
    bool is_missing = false;

    for (uint32_t i = 0; i < security->nodes_count; i++) {
        const struct address *module = &security->nodes[i].address;
        struct lookup_row lookup;
        if (security->nodes[i].type == MODULE_CCIP_READ) {
            ask(step, message, module);
            (void)lookup_get(step, &message->id, module, &lookup);
            is_missing = is_missing || lookup.state != LOOKUP_HAD;
        }
    }
    return is_missing;
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

/* What a server without {data} in its address is asked by POST, with a signature. */
static bool is_post(struct bytes url)
{
    static const char place[] = "{data}";
    const size_t count = sizeof(place) - 1;

    for (size_t i = 0; i + count <= url.count; i++) {
        if (memcmp(url.data + i, place, count) == 0) {
            return false;
        }
    }
    return true;
}

static struct bytes first_post(struct bytes urls)
{
    while (urls.count > 0) {
        const uint8_t *const end = memchr(urls.data, '\n', urls.count);
        CHECK(end != NULL);
        const struct bytes url = bytes_from(urls.data, (size_t)(end - urls.data));
        if (is_post(url)) {
            return url;
        }
        urls.data += url.count + 1;
        urls.count -= url.count + 1;
    }
    return urls;
}

/* What waits for this answer. False: nothing does any more. */
static bool find_asked(struct step *step, const struct event *event, const struct hash *id,
                       const struct address *module, struct message *ret_message,
                       struct lookup_row *ret_lookup)
{
    return message_get(step, id, ret_message) && ret_message->row.destination == event->domain &&
           lookup_get(step, id, module, ret_lookup) &&
           (ret_lookup->state == LOOKUP_ASKED || ret_lookup->state == LOOKUP_FETCHING ||
            ret_lookup->state == LOOKUP_SIGNING);
}

/* Tried again by the rounds of the message. */
static void fail(struct step *step, struct message *message, const struct address *module,
                 struct lookup_row *lookup, enum reason reason)
{
    forget(lookup);
    lookup_put(step, &message->id, module, lookup);
    if (message->row.state == MESSAGE_CHECKPOINTS && message->row.reason != reason) {
        message_set(step, message, MESSAGE_CHECKPOINTS, reason);
        message_put(step, message);
    }
}

/* True: the signer is asked first. */
static bool ask_to_sign(struct step *step, const struct message *message, const struct event *event,
                        struct bytes urls, struct lookup_row *lookup)
{
    const struct core_chain *config = step_chain(step, event->domain);
    const struct bytes url = first_post(urls);
    struct security_row security;
    struct address key;

    if (config == NULL || !config->sign_lookups || url.count == 0) {
        return false;
    }
    const struct hash digest = lookup_digest(&event->lookup.sender, event->lookup.call_data, url);
    if ((hash_equal(&digest, &lookup->digest) && !signature_is_zero(&lookup->signature)) ||
        !security_get(step, message, &security) ||
        !message_processor(step, message, &security, &key)) {
        return false;
    }
    const struct bytes kept_url = step_keep(step, url);
    const struct bytes kept_data = step_keep(step, event->lookup.call_data);
    struct command *command = step_command(step, COMMAND_SIGN_LOOKUP, event->domain);
    command->sign_lookup.message_id = message->id;
    command->sign_lookup.module = event->lookup.module;
    command->sign_lookup.key = key;
    command->sign_lookup.sender = event->lookup.sender;
    command->sign_lookup.url = kept_url;
    command->sign_lookup.call_data = kept_data;
    memset(&lookup->signature, 0, sizeof(lookup->signature));
    lookup->digest = digest;
    lookup->state = LOOKUP_SIGNING;
    lookup->asked_at = step->now;
    lookup_put(step, &message->id, &event->lookup.module, lookup);
    return true;
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
        fail(step, &message, module, &lookup, REASON_LOOKUP_FAILED);
        return;
    }
    if (ask_to_sign(step, &message, event, buffer_bytes(&urls), &lookup)) {
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
    command->fetch_lookup.signature = lookup.signature;
    lookup.state = LOOKUP_FETCHING;
    lookup.asked_at = step->now;
    lookup_put(step, &message.id, module, &lookup);
}

void message_on_lookup_signed(struct step *step, const struct event *event)
{
    const struct address *module = &event->lookup_signed.module;
    struct security_row security;
    struct lookup_row lookup;
    struct message message;
    struct address signer;
    struct address key;

    if (!find_asked(step, event, &event->lookup_signed.message_id, module, &message, &lookup) ||
        lookup.state != LOOKUP_SIGNING || event->lookup_signed.outcome == OUTCOME_UNKNOWN) {
        return; /* asked again when overdue */
    }
    if (event->lookup_signed.outcome != OUTCOME_OK ||
        signature_recover(&lookup.digest, &event->lookup_signed.signature, &signer) != STATUS_OK ||
        !security_get(step, &message, &security) ||
        !message_processor(step, &message, &security, &key) || !address_equal(&signer, &key)) {
        fail(step, &message, module, &lookup, REASON_SIGNER_REFUSED);
        return;
    }
    lookup.signature = event->lookup_signed.signature;
    lookup.state = LOOKUP_NONE;
    lookup_put(step, &message.id, module, &lookup);
    ask(step, &message, module);
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
        fail(step, &message, module, &lookup, REASON_LOOKUP_FAILED);
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
