/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/log_signer.h"

#include <inttypes.h>
#include <string.h>

#include "relay/base/check.h"
#include "store/checkpoint.h"
#include "store/tree.h"

#define TEXT_BYTES_MAX (NOTE_KEY_NAME_BYTES_MAX + 80u)

static void answer_refused(struct signer_answer *answer)
{
    CHECK(answer->refusal.kind != REFUSAL_NONE);
    answer->reply.outcome = OUTCOME_REFUSED;
    answer->reply.answer = WIRE_ANSWER_NONE;
    answer->reply.reason = bytes_from_string(answer->refusal.text);
}

static void answer_failed(struct log_signer *signer, enum status status,
                          struct signer_answer *answer)
{
    /* The record may say either; only opening it anew tells. */
    signer->ended = status;
    (void)refuse(&answer->refusal, REFUSAL_CHECKPOINT, "the signer's own record failed: %s",
                 status_name(status));
    answer->refusal.kind = REFUSAL_NONE;
    answer->reply.outcome = OUTCOME_UNKNOWN;
    answer->reply.answer = WIRE_ANSWER_NONE;
    answer->reply.reason = bytes_from_string(answer->refusal.text);
}

static bool is_allowed(const struct log_state *held, const struct wire_request *request,
                       struct refusal *refusal)
{
    const uint64_t size = request->log_sign.size;
    const struct bytes hashes = request->log_sign.hashes;
    const struct tree_growth growth = {.old_size = held->size, .size = size};
    const struct hash held_root = held->size == 0 ? tree_root_empty() : held->root;
    struct tree_proof proof = {.hashes_count = (uint32_t)(hashes.count / 32)};

    if (size == 0 || size > TREE_SIZE_MAX) {
        return refuse(refusal, REFUSAL_CHECKPOINT, "no log has this size");
    }
    if (size < held->size) {
        return refuse(refusal, REFUSAL_CHECKPOINT,
                      "size %" PRIu64 " is asked for and %" PRIu64
                      " is signed: the journal is an older copy",
                      size, held->size);
    }
    if (size == held->size) {
        return hash_equal(&request->log_sign.root, &held->root) ||
               refuse(refusal, REFUSAL_CHECKPOINT,
                      "another root of size %" PRIu64 " is signed: the journal was changed", size);
    }
    if (request->log_sign.old_size != held->size) {
        return refuse(refusal, REFUSAL_CHECKPOINT,
                      "the proof begins at size %" PRIu64 ", and %" PRIu64 " is signed",
                      request->log_sign.old_size, held->size);
    }
    CHECK(proof.hashes_count <= TREE_PROOF_HASHES_MAX);
    if (hashes.count > 0) {
        memcpy(proof.hashes, hashes.data, hashes.count);
    }
    return tree_check_growth(growth, &held_root, &request->log_sign.root, &proof) == STATUS_OK ||
           refuse(refusal, REFUSAL_CHECKPOINT,
                  "the log of size %" PRIu64 " that is signed is not the beginning of this one",
                  held->size);
}

/* Signs and looks at its own signature, so that a fault of the machine releases nothing. */
static enum status sign(const struct log_signer *signer, const struct wire_request *request,
                        uint8_t ret_signature[ED25519_SIGNATURE_BYTES])
{
    uint8_t text[TEXT_BYTES_MAX];
    struct buffer buffer = buffer_from(text, sizeof(text));
    const struct log_checkpoint checkpoint = {
        .origin = bytes_from(signer->key.name, signer->key.name_count),
        .size = request->log_sign.size,
        .root = request->log_sign.root};

    CHECK(log_checkpoint_append(&buffer, &checkpoint) == STATUS_OK);
    const enum status status =
        ed25519_sign(signer->seed->bytes, buffer_bytes(&buffer), ret_signature);
    if (status != STATUS_OK) {
        return status;
    }
    return ed25519_verify(signer->key.public_key, buffer_bytes(&buffer), ret_signature)
               ? STATUS_OK
               : STATUS_CORRUPT;
}

static void answer_sign(struct log_signer *signer, const struct wire_request *request,
                        struct signer_answer *answer)
{
    const struct log_state held = log_watermark_state(signer->watermark);
    const struct log_state next = {.size = request->log_sign.size, .root = request->log_sign.root};

    if (!is_allowed(&held, request, &answer->refusal)) {
        answer_refused(answer);
        return;
    }
    enum status status = STATUS_OK;
    if (next.size > held.size) {
        status = log_watermark_advance(signer->watermark, &next);
    }
    if (status == STATUS_OK) {
        status = sign(signer, request, answer->reply.log_signature);
    }
    if (status != STATUS_OK) {
        memset(answer->reply.log_signature, 0, sizeof(answer->reply.log_signature));
        answer_failed(signer, status, answer);
        return;
    }
    answer->reply.outcome = OUTCOME_OK;
    answer->reply.answer = WIRE_ANSWER_LOG_SIGNATURE;
}

static void answer_head(const struct log_signer *signer, struct signer_answer *answer)
{
    const struct log_state held = log_watermark_state(signer->watermark);

    answer->reply.outcome = OUTCOME_OK;
    answer->reply.answer = WIRE_ANSWER_LOG_STATE;
    answer->reply.log_state = (struct wire_log_state){
        .key = bytes_from_string(signer->key_text), .size = held.size, .root = held.root};
}

void log_signer_init(struct log_signer *signer, const struct note_key *key,
                     const struct secret *seed, struct log_watermark *watermark)
{
    *signer = (struct log_signer){.key = *key, .seed = seed, .watermark = watermark};
    struct buffer text = buffer_from(signer->key_text, sizeof(signer->key_text) - 1);
    CHECK(key->kind == NOTE_KEY_ED25519);
    CHECK(note_key_append(&text, key) == STATUS_OK);
    signer->key_text[text.count] = '\0';
}

void log_signer_answer(struct log_signer *signer, const struct wire_request *request,
                       struct signer_answer *ret_answer)
{
    memset(ret_answer, 0, sizeof(*ret_answer));
    ret_answer->reply.id = request->id;
    CHECK(signer->ended == STATUS_OK);
    switch (request->ask) {
    case WIRE_ASK_LOG_HEAD:
        answer_head(signer, ret_answer);
        return;
    case WIRE_ASK_LOG_SIGN:
        answer_sign(signer, request, ret_answer);
        return;
    case WIRE_ASK_HELLO:
    case WIRE_ASK_TRANSACTION:
    case WIRE_ASK_CHECKPOINT:
    case WIRE_ASK_ANNOUNCEMENT:
    case WIRE_ASK_LOOKUP:
        (void)refuse(&ret_answer->refusal, REFUSAL_KEY,
                     "this signer holds the key of a journal's log and no other");
        answer_refused(ret_answer);
        return;
    }
    check_failed(__FILE__, __LINE__, "a request asks one of the above");
}

/* ---- for the server ---- */

/* After a failure nothing more is decided; the process is about to end. */
static void work_answer(void *context, const struct wire_request *request, struct instant now,
                        struct signer_answer *ret_answer)
{
    struct log_signer *signer = context;

    (void)now;
    if (signer->ended == STATUS_OK) {
        log_signer_answer(signer, request, ret_answer);
        return;
    }
    memset(ret_answer, 0, sizeof(*ret_answer));
    ret_answer->reply.id = request->id;
    answer_failed(signer, signer->ended, ret_answer);
}

/* Each answer was made durable by itself: checkpoints are rare. */
static void work_settle(void *context, struct signer_answer *answers, uint32_t answers_count)
{
    (void)context;
    (void)answers;
    (void)answers_count;
}

static enum status work_ended(const void *context)
{
    const struct log_signer *signer = context;

    return signer->ended;
}

struct server_work log_signer_work(struct log_signer *signer)
{
    return (struct server_work){
        .context = signer, .answer = work_answer, .settle = work_settle, .ended = work_ended};
}
