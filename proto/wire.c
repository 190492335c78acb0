/* SPDX-License-Identifier: Apache-2.0 */
/* proto/wire.c: signer messages to and from bytes. The generated types end here. */
#include "proto/wire.h"

#include <string.h>

#include "proto/sluice/v1/signer.pb-c.h"
#include "relay/base/check.h"

static_assert(WIRE_TRANSACTION_BYTES_MAX + APPROVAL_BYTES_MAX + 1024 < WIRE_FRAME_BYTES_MAX,
              "a request with the largest transaction fits one frame");
static_assert(WIRE_KEYS_MAX * 64 + 1024 < WIRE_FRAME_BYTES_MAX, "an identity fits one frame");
static_assert(WIRE_FRAME_BYTES_MAX * 2 <= WIRE_ARENA_BYTES,
              "the fields of one frame and their structs fit the arena");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_PROCESS == (int)LEG_PROCESS,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_REBALANCE == (int)LEG_REBALANCE,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_ANNOUNCE == (int)LEG_ANNOUNCE,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_CANCEL == (int)LEG_CANCEL,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_BATCH == (int)LEG_BATCH,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_VENUE == (int)LEG_VENUE,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_CROSSING == (int)LEG_CROSSING,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_SETTLE == (int)LEG_SETTLE,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_LEG_KIND__SIGNER_LEG_KIND_HUB == (int)LEG_HUB,
              "leg kinds are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_OUTCOME__SIGNER_OUTCOME_OK == (int)OUTCOME_OK,
              "outcomes are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_OUTCOME__SIGNER_OUTCOME_REFUSED == (int)OUTCOME_REFUSED,
              "outcomes are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_OUTCOME__SIGNER_OUTCOME_UNKNOWN == (int)OUTCOME_UNKNOWN,
              "outcomes are numbered alike");
static_assert((int)SLUICE__V1__SIGNER_MODE__SIGNER_MODE_ACT == (int)SIGNER_MODE_ACT,
              "modes are numbered alike");

/* ---- text and bytes on the way out ---- */

/* Protobuf-c wants NUL-ended text; ours is counted. */
struct wire_text {
    char text[REASON_BYTES_MAX + 1];
};

static char *text_from(struct bytes bytes, size_t count_max, struct wire_text *text)
{
    CHECK(count_max < sizeof(text->text));
    CHECK(bytes.count <= count_max);
    if (bytes.count > 0) {
        memcpy(text->text, bytes.data, bytes.count);
    }
    text->text[bytes.count] = '\0';
    /* A NUL inside would silently cut what the other side reads. */
    CHECK(strlen(text->text) == bytes.count);
    return text->text;
}

/* Packing only reads, though the generated struct has no const. */
static ProtobufCBinaryData binary_from(const void *data, size_t count)
{
    ProtobufCBinaryData binary = {.len = count};
    memcpy(&binary.data, &data, sizeof(data));
    return binary;
}

static enum status append_frame(const ProtobufCMessage *message, struct buffer *buffer)
{
    const size_t count = protobuf_c_message_get_packed_size(message);
    CHECK(count > 0);
    CHECK(count <= WIRE_FRAME_BYTES_MAX);
    CHECK(buffer->count <= buffer->capacity);
    if (buffer->capacity - buffer->count < WIRE_HEADER_BYTES + count) {
        return STATUS_FULL;
    }
    uint8_t *out = buffer->data + buffer->count;
    out[0] = (uint8_t)(count >> 24);
    out[1] = (uint8_t)(count >> 16);
    out[2] = (uint8_t)(count >> 8);
    out[3] = (uint8_t)count;
    const size_t packed = protobuf_c_message_pack(message, out + WIRE_HEADER_BYTES);
    CHECK(packed == count);
    buffer->count += WIRE_HEADER_BYTES + count;
    return STATUS_OK;
}

/* ---- memory on the way in ---- */

static void *arena_take(void *context, size_t size)
{
    struct wire_arena *arena = context;
    const size_t aligned = (size + 15u) & ~(size_t)15u;
    if (aligned < size || aligned > sizeof(arena->bytes) - arena->used) {
        return NULL;
    }
    void *taken = arena->bytes + arena->used;
    arena->used += aligned;
    return taken;
}

static void arena_give_back(void *context, void *pointer)
{
    /* The arena is emptied as a whole. */
    (void)context;
    (void)pointer;
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes frame,
                                struct wire_arena *arena)
{
    ProtobufCAllocator allocator = {
        .alloc = arena_take, .free = arena_give_back, .allocator_data = arena};
    arena->used = 0;
    if (frame.count == 0 || frame.count > WIRE_FRAME_BYTES_MAX) {
        return NULL;
    }
    return protobuf_c_message_unpack(descriptor, &allocator, frame.count, frame.data);
}

static bool is_known(const ProtobufCMessage *message)
{
    return message->n_unknown_fields == 0;
}

static bool read_fixed(ProtobufCBinaryData binary, size_t count, uint8_t *ret_bytes)
{
    if (binary.len != count) {
        return false;
    }
    memcpy(ret_bytes, binary.data, count);
    return true;
}

/* Text for people alone: protobuf-c keeps it up to its first NUL and forgets the rest. What is
 * signed travels as bytes. */
static bool read_text(const char *text, size_t count_max, struct bytes *ret_bytes)
{
    const size_t count = strnlen(text, count_max + 1);
    if (count > count_max) {
        return false;
    }
    *ret_bytes = bytes_from(text, count);
    return true;
}

static bool read_leg_kind(Sluice__V1__SignerLegKind value, enum leg_kind *ret_kind)
{
    if (((int)value < (int)LEG_PROCESS || (int)value > (int)LEG_VENUE) &&
        (int)value != (int)LEG_BATCH && (int)value != (int)LEG_CROSSING &&
        (int)value != (int)LEG_SETTLE && (int)value != (int)LEG_HUB) {
        return false;
    }
    *ret_kind = (enum leg_kind)value;
    return true;
}

/* ---- requests ---- */

static enum status encode_transaction(const struct wire_request *request,
                                      Sluice__V1__SignerRequest *out, struct buffer *buffer)
{
    Sluice__V1__SignerTransaction transaction = SLUICE__V1__SIGNER_TRANSACTION__INIT;
    struct wire_text family;
    CHECK(request->transaction.transaction.count <= WIRE_TRANSACTION_BYTES_MAX);
    transaction.domain = request->transaction.domain;
    transaction.family = text_from(request->transaction.family, WIRE_FAMILY_BYTES_MAX, &family);
    transaction.key = binary_from(request->transaction.key.bytes, 32);
    transaction.leg_kind = (Sluice__V1__SignerLegKind)request->transaction.leg_kind;
    transaction.leg_id = binary_from(request->transaction.leg_id.bytes, 32);
    transaction.attempt = request->transaction.attempt;
    transaction.transaction =
        binary_from(request->transaction.transaction.data, request->transaction.transaction.count);
    CHECK(request->transaction.plan.count <= APPROVAL_BYTES_MAX);
    transaction.plan = binary_from(request->transaction.plan.data, request->transaction.plan.count);
    out->ask_case = SLUICE__V1__SIGNER_REQUEST__ASK_TRANSACTION;
    out->transaction = &transaction;
    return append_frame(&out->base, buffer);
}

static enum status encode_checkpoint(const struct wire_request *request,
                                     Sluice__V1__SignerRequest *out, struct buffer *buffer)
{
    Sluice__V1__SignerCheckpoint checkpoint = SLUICE__V1__SIGNER_CHECKPOINT__INIT;
    checkpoint.domain = request->checkpoint.domain;
    checkpoint.tree_hook = binary_from(request->checkpoint.tree_hook.bytes, 32);
    checkpoint.key = binary_from(request->checkpoint.key.bytes, 32);
    checkpoint.root = binary_from(request->checkpoint.checkpoint.root.bytes, 32);
    checkpoint.index = request->checkpoint.checkpoint.index;
    checkpoint.message_id = binary_from(request->checkpoint.checkpoint.message_id.bytes, 32);
    out->ask_case = SLUICE__V1__SIGNER_REQUEST__ASK_CHECKPOINT;
    out->checkpoint = &checkpoint;
    return append_frame(&out->base, buffer);
}

static enum status encode_announcement(const struct wire_request *request,
                                       Sluice__V1__SignerRequest *out, struct buffer *buffer)
{
    Sluice__V1__SignerAnnouncement announcement = SLUICE__V1__SIGNER_ANNOUNCEMENT__INIT;
    CHECK(request->announcement.location.count <= LOCATION_BYTES_MAX);
    announcement.domain = request->announcement.domain;
    announcement.mailbox = binary_from(request->announcement.mailbox.bytes, 32);
    announcement.key = binary_from(request->announcement.key.bytes, 32);
    announcement.location =
        binary_from(request->announcement.location.data, request->announcement.location.count);
    out->ask_case = SLUICE__V1__SIGNER_REQUEST__ASK_ANNOUNCEMENT;
    out->announcement = &announcement;
    return append_frame(&out->base, buffer);
}

static enum status encode_lookup(const struct wire_request *request, Sluice__V1__SignerRequest *out,
                                 struct buffer *buffer)
{
    Sluice__V1__SignerLookup lookup = SLUICE__V1__SIGNER_LOOKUP__INIT;
    CHECK(request->lookup.url.count <= LOOKUP_URL_BYTES_MAX);
    CHECK(request->lookup.call_data.count <= LOOKUP_DATA_BYTES_MAX);
    lookup.domain = request->lookup.domain;
    lookup.key = binary_from(request->lookup.key.bytes, 32);
    lookup.sender = binary_from(request->lookup.sender.bytes, 32);
    lookup.url = binary_from(request->lookup.url.data, request->lookup.url.count);
    lookup.call_data = binary_from(request->lookup.call_data.data, request->lookup.call_data.count);
    out->ask_case = SLUICE__V1__SIGNER_REQUEST__ASK_LOOKUP;
    out->lookup = &lookup;
    return append_frame(&out->base, buffer);
}

static enum status encode_log_head(Sluice__V1__SignerRequest *out, struct buffer *buffer)
{
    Sluice__V1__SignerLogHead head = SLUICE__V1__SIGNER_LOG_HEAD__INIT;
    out->ask_case = SLUICE__V1__SIGNER_REQUEST__ASK_LOG_HEAD;
    out->log_head = &head;
    return append_frame(&out->base, buffer);
}

static enum status encode_log_sign(const struct wire_request *request,
                                   Sluice__V1__SignerRequest *out, struct buffer *buffer)
{
    Sluice__V1__SignerLogSign sign = SLUICE__V1__SIGNER_LOG_SIGN__INIT;
    CHECK(request->log_sign.hashes.count % 32 == 0);
    CHECK(request->log_sign.hashes.count <= 32u * WIRE_LOG_HASHES_MAX);
    sign.old_size = request->log_sign.old_size;
    sign.size = request->log_sign.size;
    sign.root = binary_from(request->log_sign.root.bytes, 32);
    sign.hashes = binary_from(request->log_sign.hashes.data, request->log_sign.hashes.count);
    out->ask_case = SLUICE__V1__SIGNER_REQUEST__ASK_LOG_SIGN;
    out->log_sign = &sign;
    return append_frame(&out->base, buffer);
}

enum status wire_encode_request(const struct wire_request *request, struct buffer *buffer)
{
    Sluice__V1__SignerRequest out = SLUICE__V1__SIGNER_REQUEST__INIT;
    Sluice__V1__SignerHello hello = SLUICE__V1__SIGNER_HELLO__INIT;
    out.id = request->id;
    switch (request->ask) {
    case WIRE_ASK_HELLO:
        out.ask_case = SLUICE__V1__SIGNER_REQUEST__ASK_HELLO;
        out.hello = &hello;
        return append_frame(&out.base, buffer);
    case WIRE_ASK_TRANSACTION:
        return encode_transaction(request, &out, buffer);
    case WIRE_ASK_CHECKPOINT:
        return encode_checkpoint(request, &out, buffer);
    case WIRE_ASK_ANNOUNCEMENT:
        return encode_announcement(request, &out, buffer);
    case WIRE_ASK_LOOKUP:
        return encode_lookup(request, &out, buffer);
    case WIRE_ASK_LOG_HEAD:
        return encode_log_head(&out, buffer);
    case WIRE_ASK_LOG_SIGN:
        return encode_log_sign(request, &out, buffer);
    }
    check_failed(__FILE__, __LINE__, "a request asks one of the above");
}

static bool decode_transaction(const Sluice__V1__SignerTransaction *in,
                               struct wire_request *request)
{
    if (!is_known(&in->base) || in->transaction.len > WIRE_TRANSACTION_BYTES_MAX ||
        in->plan.len > APPROVAL_BYTES_MAX) {
        return false;
    }
    request->ask = WIRE_ASK_TRANSACTION;
    request->transaction.domain = in->domain;
    request->transaction.attempt = in->attempt;
    request->transaction.transaction = bytes_from(in->transaction.data, in->transaction.len);
    request->transaction.plan = bytes_from(in->plan.data, in->plan.len);
    return read_text(in->family, WIRE_FAMILY_BYTES_MAX, &request->transaction.family) &&
           read_fixed(in->key, 32, request->transaction.key.bytes) &&
           read_leg_kind(in->leg_kind, &request->transaction.leg_kind) &&
           read_fixed(in->leg_id, 32, request->transaction.leg_id.bytes);
}

static bool decode_checkpoint(const Sluice__V1__SignerCheckpoint *in, struct wire_request *request)
{
    if (!is_known(&in->base)) {
        return false;
    }
    request->ask = WIRE_ASK_CHECKPOINT;
    request->checkpoint.domain = in->domain;
    request->checkpoint.checkpoint.index = in->index;
    return read_fixed(in->tree_hook, 32, request->checkpoint.tree_hook.bytes) &&
           read_fixed(in->key, 32, request->checkpoint.key.bytes) &&
           read_fixed(in->root, 32, request->checkpoint.checkpoint.root.bytes) &&
           read_fixed(in->message_id, 32, request->checkpoint.checkpoint.message_id.bytes);
}

static bool decode_announcement(const Sluice__V1__SignerAnnouncement *in,
                                struct wire_request *request)
{
    if (!is_known(&in->base) || in->location.len > LOCATION_BYTES_MAX) {
        return false;
    }
    request->ask = WIRE_ASK_ANNOUNCEMENT;
    request->announcement.location = bytes_from(in->location.data, in->location.len);
    request->announcement.domain = in->domain;
    return read_fixed(in->mailbox, 32, request->announcement.mailbox.bytes) &&
           read_fixed(in->key, 32, request->announcement.key.bytes);
}

static bool decode_lookup(const Sluice__V1__SignerLookup *in, struct wire_request *request)
{
    if (!is_known(&in->base) || in->url.len > LOOKUP_URL_BYTES_MAX ||
        in->call_data.len > LOOKUP_DATA_BYTES_MAX) {
        return false;
    }
    request->ask = WIRE_ASK_LOOKUP;
    request->lookup.domain = in->domain;
    request->lookup.url = bytes_from(in->url.data, in->url.len);
    request->lookup.call_data = bytes_from(in->call_data.data, in->call_data.len);
    return read_fixed(in->key, 32, request->lookup.key.bytes) &&
           read_fixed(in->sender, 32, request->lookup.sender.bytes);
}

static bool decode_log_sign(const Sluice__V1__SignerLogSign *in, struct wire_request *request)
{
    if (!is_known(&in->base) || in->hashes.len % 32 != 0 ||
        in->hashes.len > 32u * WIRE_LOG_HASHES_MAX) {
        return false;
    }
    request->ask = WIRE_ASK_LOG_SIGN;
    request->log_sign.old_size = in->old_size;
    request->log_sign.size = in->size;
    request->log_sign.hashes = bytes_from(in->hashes.data, in->hashes.len);
    return read_fixed(in->root, 32, request->log_sign.root.bytes);
}

static bool decode_ask(const Sluice__V1__SignerRequest *in, struct wire_request *request)
{
    switch (in->ask_case) {
    case SLUICE__V1__SIGNER_REQUEST__ASK_HELLO:
        request->ask = WIRE_ASK_HELLO;
        return is_known(&in->hello->base);
    case SLUICE__V1__SIGNER_REQUEST__ASK_TRANSACTION:
        return decode_transaction(in->transaction, request);
    case SLUICE__V1__SIGNER_REQUEST__ASK_CHECKPOINT:
        return decode_checkpoint(in->checkpoint, request);
    case SLUICE__V1__SIGNER_REQUEST__ASK_ANNOUNCEMENT:
        return decode_announcement(in->announcement, request);
    case SLUICE__V1__SIGNER_REQUEST__ASK_LOOKUP:
        return decode_lookup(in->lookup, request);
    case SLUICE__V1__SIGNER_REQUEST__ASK_LOG_HEAD:
        request->ask = WIRE_ASK_LOG_HEAD;
        return is_known(&in->log_head->base);
    case SLUICE__V1__SIGNER_REQUEST__ASK_LOG_SIGN:
        return decode_log_sign(in->log_sign, request);
    case SLUICE__V1__SIGNER_REQUEST__ASK__NOT_SET:
    case _SLUICE__V1__SIGNER_REQUEST__ASK__CASE_IS_INT_SIZE:
        return false;
    }
    return false;
}

enum status wire_decode_request(struct bytes frame, struct wire_arena *arena,
                                struct wire_request *ret_request)
{
    const ProtobufCMessage *message = unpack(&sluice__v1__signer_request__descriptor, frame, arena);
    if (message == NULL || !is_known(message)) {
        return STATUS_MALFORMED;
    }
    const Sluice__V1__SignerRequest *in = (const Sluice__V1__SignerRequest *)message;
    struct wire_request request = {.id = in->id};
    if (!decode_ask(in, &request)) {
        return STATUS_MALFORMED;
    }
    *ret_request = request;
    return STATUS_OK;
}

/* ---- replies ---- */

static enum status encode_identity(const struct wire_identity *identity,
                                   Sluice__V1__SignerReply *out, struct buffer *buffer)
{
    Sluice__V1__SignerIdentity into = SLUICE__V1__SIGNER_IDENTITY__INIT;
    Sluice__V1__SignerKey keys[WIRE_KEYS_MAX];
    Sluice__V1__SignerKey *pointers[WIRE_KEYS_MAX];
    struct wire_text version;
    CHECK(identity->keys_count <= WIRE_KEYS_MAX);
    for (uint32_t i = 0; i < identity->keys_count; i++) {
        keys[i] = (Sluice__V1__SignerKey)SLUICE__V1__SIGNER_KEY__INIT;
        keys[i].address = binary_from(identity->keys[i].address.bytes, 32);
        keys[i].chain = identity->keys[i].chain;
        keys[i].validator = identity->keys[i].validator;
        pointers[i] = &keys[i];
    }
    into.protocol = identity->protocol;
    into.mode = (Sluice__V1__SignerMode)identity->mode;
    into.version = text_from(identity->version, WIRE_VERSION_BYTES_MAX, &version);
    into.n_keys = identity->keys_count;
    into.keys = pointers;
    out->answer_case = SLUICE__V1__SIGNER_REPLY__ANSWER_IDENTITY;
    out->identity = &into;
    return append_frame(&out->base, buffer);
}

static enum status encode_log_state(const struct wire_log_state *state,
                                    Sluice__V1__SignerReply *out, struct buffer *buffer)
{
    Sluice__V1__SignerLogState into = SLUICE__V1__SIGNER_LOG_STATE__INIT;
    char key[WIRE_LOG_KEY_BYTES_MAX + 1];
    CHECK(state->key.count <= WIRE_LOG_KEY_BYTES_MAX);
    memcpy(key, state->key.data, state->key.count);
    key[state->key.count] = '\0';
    CHECK(strlen(key) == state->key.count);
    into.key = key;
    into.size = state->size;
    into.root = binary_from(state->root.bytes, 32);
    out->answer_case = SLUICE__V1__SIGNER_REPLY__ANSWER_LOG_STATE;
    out->log_state = &into;
    return append_frame(&out->base, buffer);
}

enum status wire_encode_reply(const struct wire_reply *reply, struct buffer *buffer)
{
    Sluice__V1__SignerReply out = SLUICE__V1__SIGNER_REPLY__INIT;
    struct wire_text reason;
    CHECK(reply->outcome != OUTCOME_ABSENT);
    CHECK((reply->outcome == OUTCOME_OK) == (reply->answer != WIRE_ANSWER_NONE));
    out.id = reply->id;
    out.outcome = (Sluice__V1__SignerOutcome)reply->outcome;
    out.reason = text_from(reply->reason, REASON_BYTES_MAX, &reason);
    switch (reply->answer) {
    case WIRE_ANSWER_NONE:
        return append_frame(&out.base, buffer);
    case WIRE_ANSWER_SIGNATURE:
        out.answer_case = SLUICE__V1__SIGNER_REPLY__ANSWER_SIGNATURE;
        out.signature = binary_from(reply->signature.bytes, sizeof(reply->signature.bytes));
        return append_frame(&out.base, buffer);
    case WIRE_ANSWER_IDENTITY:
        return encode_identity(&reply->identity, &out, buffer);
    case WIRE_ANSWER_LOG_STATE:
        return encode_log_state(&reply->log_state, &out, buffer);
    case WIRE_ANSWER_LOG_SIGNATURE:
        out.answer_case = SLUICE__V1__SIGNER_REPLY__ANSWER_LOG_SIGNATURE;
        out.log_signature = binary_from(reply->log_signature, sizeof(reply->log_signature));
        return append_frame(&out.base, buffer);
    }
    check_failed(__FILE__, __LINE__, "a reply carries one of the above");
}

static bool decode_identity(const Sluice__V1__SignerIdentity *in, struct wire_identity *identity)
{
    if (!is_known(&in->base) || in->n_keys > WIRE_KEYS_MAX) {
        return false;
    }
    if ((int)in->mode < (int)SIGNER_MODE_OBSERVE || (int)in->mode > (int)SIGNER_MODE_ACT) {
        return false;
    }
    identity->protocol = in->protocol;
    identity->mode = (enum signer_mode)in->mode;
    for (uint32_t i = 0; i < in->n_keys; i++) {
        const Sluice__V1__SignerKey *key = in->keys[i];
        if (!is_known(&key->base) ||
            !read_fixed(key->address, 32, identity->keys[i].address.bytes)) {
            return false;
        }
        identity->keys[i].chain = key->chain != 0;
        identity->keys[i].validator = key->validator != 0;
    }
    identity->keys_count = (uint32_t)in->n_keys;
    return read_text(in->version, WIRE_VERSION_BYTES_MAX, &identity->version);
}

static bool decode_log_state(const Sluice__V1__SignerLogState *in, struct wire_log_state *state)
{
    state->size = in->size;
    return is_known(&in->base) && read_text(in->key, WIRE_LOG_KEY_BYTES_MAX, &state->key) &&
           read_fixed(in->root, 32, state->root.bytes);
}

static bool decode_answer(const Sluice__V1__SignerReply *in, struct wire_reply *reply)
{
    switch (in->answer_case) {
    case SLUICE__V1__SIGNER_REPLY__ANSWER__NOT_SET:
        reply->answer = WIRE_ANSWER_NONE;
        return true;
    case SLUICE__V1__SIGNER_REPLY__ANSWER_SIGNATURE:
        reply->answer = WIRE_ANSWER_SIGNATURE;
        return read_fixed(in->signature, sizeof(reply->signature.bytes), reply->signature.bytes);
    case SLUICE__V1__SIGNER_REPLY__ANSWER_IDENTITY:
        reply->answer = WIRE_ANSWER_IDENTITY;
        return decode_identity(in->identity, &reply->identity);
    case SLUICE__V1__SIGNER_REPLY__ANSWER_LOG_STATE:
        reply->answer = WIRE_ANSWER_LOG_STATE;
        return decode_log_state(in->log_state, &reply->log_state);
    case SLUICE__V1__SIGNER_REPLY__ANSWER_LOG_SIGNATURE:
        reply->answer = WIRE_ANSWER_LOG_SIGNATURE;
        return read_fixed(in->log_signature, sizeof(reply->log_signature), reply->log_signature);
    case _SLUICE__V1__SIGNER_REPLY__ANSWER__CASE_IS_INT_SIZE:
        return false;
    }
    return false;
}

static bool read_outcome(Sluice__V1__SignerOutcome value, enum outcome *ret_outcome)
{
    const bool known = (int)value == (int)OUTCOME_OK || (int)value == (int)OUTCOME_REFUSED ||
                       (int)value == (int)OUTCOME_UNKNOWN;
    if (known) {
        *ret_outcome = (enum outcome)value;
    }
    return known;
}

enum status wire_decode_reply(struct bytes frame, struct wire_arena *arena,
                              struct wire_reply *ret_reply)
{
    const ProtobufCMessage *message = unpack(&sluice__v1__signer_reply__descriptor, frame, arena);
    if (message == NULL || !is_known(message)) {
        return STATUS_MALFORMED;
    }
    const Sluice__V1__SignerReply *in = (const Sluice__V1__SignerReply *)message;
    struct wire_reply reply = {.id = in->id};
    if (!read_outcome(in->outcome, &reply.outcome) ||
        !read_text(in->reason, REASON_BYTES_MAX, &reply.reason) || !decode_answer(in, &reply)) {
        return STATUS_MALFORMED;
    }
    /* A signature beside a refusal would be two answers. */
    if ((reply.outcome == OUTCOME_OK) != (reply.answer != WIRE_ANSWER_NONE)) {
        return STATUS_MALFORMED;
    }
    *ret_reply = reply;
    return STATUS_OK;
}

/* ---- frames out of a stream ---- */

void wire_reader_init(struct wire_reader *reader, void *memory, size_t capacity)
{
    CHECK(capacity >= WIRE_READER_BYTES);
    *reader = (struct wire_reader){.buffer = buffer_from(memory, capacity)};
}

size_t wire_reader_space(struct wire_reader *reader, uint8_t **ret_space)
{
    struct buffer *buffer = &reader->buffer;
    CHECK(reader->taken <= buffer->count);
    if (reader->taken > 0) {
        memmove(buffer->data, buffer->data + reader->taken, buffer->count - reader->taken);
        buffer->count -= reader->taken;
        reader->taken = 0;
    }
    *ret_space = buffer->data + buffer->count;
    return buffer->capacity - buffer->count;
}

void wire_reader_arrived(struct wire_reader *reader, size_t count)
{
    CHECK(count <= reader->buffer.capacity - reader->buffer.count);
    reader->buffer.count += count;
}

enum status wire_reader_next(struct wire_reader *reader, struct bytes *ret_frame)
{
    CHECK(reader->taken <= reader->buffer.count);
    const uint8_t *rest = reader->buffer.data + reader->taken;
    const size_t rest_count = reader->buffer.count - reader->taken;
    if (rest_count < WIRE_HEADER_BYTES) {
        return STATUS_NOT_FOUND;
    }
    const uint32_t count = (uint32_t)rest[0] << 24 | (uint32_t)rest[1] << 16 |
                           (uint32_t)rest[2] << 8 | (uint32_t)rest[3];
    if (count == 0 || count > WIRE_FRAME_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    if (rest_count - WIRE_HEADER_BYTES < count) {
        return STATUS_NOT_FOUND;
    }
    *ret_frame = bytes_from(rest + WIRE_HEADER_BYTES, count);
    reader->taken += WIRE_HEADER_BYTES + count;
    return STATUS_OK;
}
