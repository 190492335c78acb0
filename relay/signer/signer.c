/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/signer.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"

#ifndef SLUICE_VERSION
#error "the build names the version"
#endif

#define NANOSECONDS_PER_SECOND 1000000000u

/* ---- answers ---- */

static void answer_refused(struct signer_answer *answer)
{
    CHECK(answer->refusal.kind != REFUSAL_NONE);
    answer->reply.outcome = OUTCOME_REFUSED;
    answer->reply.answer = WIRE_ANSWER_NONE;
    answer->reply.reason = bytes_from_string(answer->refusal.text);
}

/* The world failed, not the request: asking again may help. */
static void answer_unknown(struct signer *signer, enum status status, struct signer_answer *answer)
{
    CHECK(status != STATUS_OK);
    if (status == STATUS_CORRUPT || watermark_is_lost(signer->watermark)) {
        signer->ended = status;
    }
    /* Any kind will do to write the text; this is no refusal. */
    (void)refuse(&answer->refusal, REFUSAL_KEY, "the signer's own record cannot be kept: %s",
                 status_name(status));
    answer->refusal.kind = REFUSAL_NONE;
    answer->reply.outcome = OUTCOME_UNKNOWN;
    answer->reply.answer = WIRE_ANSWER_NONE;
    answer->reply.reason = bytes_from_string(answer->refusal.text);
}

/* What a key is to sign. */
struct signing {
    struct hash digest;
    struct bytes preimage; /* what it is the Keccak-256 of */
};

/* The key is elsewhere and gave no signature: asking again may help. */
static void answer_silence(struct signer *signer, enum status status, const char *why,
                           struct signer_answer *answer)
{
    if (status == STATUS_IO) {
        signer->ended = STATUS_UNREACHABLE;
    }
    (void)refuse(&answer->refusal, REFUSAL_KEY, "the key does not sign: %s", why);
    answer->refusal.kind = REFUSAL_NONE;
    answer->reply.outcome = OUTCOME_UNKNOWN;
    answer->reply.answer = WIRE_ANSWER_NONE;
    answer->reply.reason = bytes_from_string(answer->refusal.text);
}

static void answer_with(const struct signature *signature, struct signer_answer *answer)
{
    answer->reply.outcome = OUTCOME_OK;
    answer->reply.answer = WIRE_ANSWER_SIGNATURE;
    answer->reply.signature = *signature;
}

/* The key is asked when the answers are settled (promise 7), and answers later. */
static void ask_elsewhere(struct signer *signer, const struct signer_key *key,
                          const struct signing *signing, struct signer_answer *answer)
{
    const struct key_question question = {
        .index = key->index, .digest = signing->digest, .preimage = signing->preimage};

    CHECK(signer->holder != NULL);
    const enum status status = key_holder_ask(signer->holder, &question, &answer->ticket);
    if (status != STATUS_OK) {
        answer_silence(signer, status,
                       status == STATUS_FULL ? "too many questions wait for it" : "no memory",
                       answer);
    }
}

static void answer_signature(struct signer *signer, const struct signer_key *key,
                             const struct signing *signing, struct signer_answer *answer)
{
    struct signature signature;
    if (key->secret == NULL) {
        ask_elsewhere(signer, key, signing, answer);
        return;
    }
    const enum status status = ecdsa_sign(signer->ecdsa, key->secret, &signing->digest, &signature);
    if (status != STATUS_OK) {
        answer_unknown(signer, status, answer);
        return;
    }
    answer_with(&signature, answer);
}

static const struct signer_key *find_key(const struct signer *signer, const struct address *address)
{
    for (uint32_t i = 0; i < signer->keys_count; i++) {
        if (address_equal(&signer->keys[i].address, address)) {
            return &signer->keys[i];
        }
    }
    return NULL;
}

/* ---- transactions ---- */

struct asked_transaction {
    struct policy_transaction policy;
    struct watermark_nonce nonce;
    struct hash digest;
    struct hash payload;
    struct hash leg_id;
    bool cancels;
};

/* How a request stands to what its nonce has seen. */
enum nonce_verdict { NONCE_FRESH, NONCE_REPEATED, NONCE_REPLACES, NONCE_REFUSED };

static enum nonce_verdict judge_nonce(const struct asked_transaction *asked,
                                      const struct watermark_transaction *held,
                                      struct refusal *refusal)
{
    const struct evm_transaction *transaction = &asked->policy.transaction;
    const unsigned long long nonce = transaction->nonce;
    for (uint32_t i = 0; i < held->digests_count; i++) {
        if (hash_equal(&held->digests[i], &asked->digest)) {
            return NONCE_REPEATED;
        }
    }
    if (!asked->cancels && held->cancelled) {
        (void)refuse(refusal, REFUSAL_NONCE,
                     "nonce %llu was cancelled; only a cancel is signed for it", nonce);
        return NONCE_REFUSED;
    }
    if (!asked->cancels && !hash_equal(&held->payload, &asked->payload)) {
        (void)refuse(refusal, REFUSAL_NONCE,
                     "nonce %llu is signed for another payload; only a replacement of the same "
                     "payload or a cancel is signed for it",
                     nonce);
        return NONCE_REFUSED;
    }
    if (amount_compare(&transaction->fee_max, &held->fee_max) <= 0 ||
        amount_compare(&transaction->priority_fee, &held->priority_fee) < 0) {
        (void)refuse(refusal, REFUSAL_NONCE,
                     "a replacement of nonce %llu must raise the fee ceiling and must not lower "
                     "the priority fee",
                     nonce);
        return NONCE_REFUSED;
    }
    if (held->digests_count == WATERMARK_ATTEMPTS_MAX) {
        (void)refuse(refusal, REFUSAL_NONCE, "nonce %llu was signed %u times already", nonce,
                     WATERMARK_ATTEMPTS_MAX);
        return NONCE_REFUSED;
    }
    return NONCE_REPLACES;
}

/* Counts what the request adds to one budget; STATUS_REFUSED with the refusal written. */
static enum status count_budget(struct signer *signer, const struct watermark_window *window,
                                const struct amount *amount, const struct amount *limit,
                                const char *limit_name, struct refusal *refusal)
{
    struct amount left;
    char left_text[AMOUNT_DECIMAL_BYTES_MAX];
    char amount_text[AMOUNT_DECIMAL_BYTES_MAX];
    struct instant now = signer->now;
    enum status status = STATUS_OK;

    if (signer->read_uptime != NULL) {
        const struct watermark_uptime uptime = signer->read_uptime();
        status = watermark_now(signer->watermark, &uptime, signer->now, &now);
    }
    if (status == STATUS_OK) {
        status = watermark_count(signer->watermark, window, amount, limit, now, &left);
    }
    if (status == STATUS_REFUSED) {
        (void)amount_format_decimal(amount, amount_text);
        (void)amount_format_decimal(&left, left_text);
        (void)refuse(refusal, REFUSAL_BUDGET, "%s is used up: %s asked, %s left of this hour",
                     limit_name, amount_text, left_text);
    }
    return status;
}

static enum status count_spend(struct signer *signer, const struct asked_transaction *asked,
                               const struct amount *counted, struct refusal *refusal)
{
    const struct watermark_window window = {.budget = WATERMARK_SPEND,
                                            .chain_id = asked->policy.chain->chain_id};
    struct amount more;
    if (amount_subtract(&asked->policy.spend, counted, &more) != STATUS_OK) {
        more = amount_zero();
    }
    return count_budget(signer, &window, &more, &asked->policy.chain->spend_per_hour_max,
                        "`spend_per_hour_max`", refusal);
}

static enum status count_moved(struct signer *signer, const struct asked_transaction *asked,
                               struct refusal *refusal)
{
    const struct policy_rule *rule = asked->policy.rule;
    CHECK(policy_moves(rule->leg));
    const struct watermark_window window = {.budget = WATERMARK_MOVED,
                                            .chain_id = asked->policy.chain->chain_id,
                                            .contract = rule->contract};
    return count_budget(signer, &window, &asked->policy.moved, &rule->amount_per_hour_max,
                        "`amount_per_hour_max`", refusal);
}

/* A move's first signature: it takes its leg and its share of the hour. */
static enum status claim_move(struct signer *signer, const struct asked_transaction *asked,
                              struct refusal *refusal)
{
    if (asked->policy.rule == NULL || !policy_moves(asked->policy.rule->leg)) {
        return STATUS_OK;
    }
    /* A replacement of what is signed already changes nothing but its fee, at any time. */
    if (asked->policy.expires_s != 0 &&
        signer->now.ns / NANOSECONDS_PER_SECOND >= asked->policy.expires_s) {
        (void)refuse(refusal, REFUSAL_EXPIRED, "the approval of this plan has expired");
        return STATUS_REFUSED;
    }
    const enum status status =
        watermark_claim_leg(signer->watermark, &asked->leg_id, &asked->nonce);
    if (status == STATUS_REFUSED) {
        (void)refuse(refusal, REFUSAL_LEG,
                     "this move is signed under another nonce; a move is signed once");
    }
    return status == STATUS_OK ? count_moved(signer, asked, refusal) : status;
}

static enum status write_attempt(struct signer *signer, const struct asked_transaction *asked,
                                 struct watermark_transaction *held)
{
    const struct evm_transaction *transaction = &asked->policy.transaction;
    CHECK(held->digests_count < WATERMARK_ATTEMPTS_MAX);
    held->digests[held->digests_count] = asked->digest;
    held->digests_count++;
    held->cancelled = held->cancelled || asked->cancels;
    held->fee_max = transaction->fee_max;
    if (amount_compare(&transaction->priority_fee, &held->priority_fee) > 0) {
        held->priority_fee = transaction->priority_fee;
    }
    if (amount_compare(&asked->policy.spend, &held->spend) > 0) {
        held->spend = asked->policy.spend;
    }
    return watermark_write_transaction(signer->watermark, &asked->nonce, held);
}

/* STATUS_OK: the watermark (not durable yet) allows the signature. STATUS_REFUSED: the refusal is
 * written. Another status: the watermark failed. */
static enum status claim_transaction(struct signer *signer, const struct asked_transaction *asked,
                                     struct refusal *refusal)
{
    struct watermark_transaction held = {.payload = asked->payload, .leg_id = asked->leg_id};
    enum nonce_verdict verdict = NONCE_FRESH;
    enum status status = watermark_read_transaction(signer->watermark, &asked->nonce, &held);
    if (status == STATUS_OK) {
        verdict = judge_nonce(asked, &held, refusal);
    } else if (status != STATUS_NOT_FOUND) {
        return status;
    }
    switch (verdict) {
    case NONCE_REPEATED:
        return STATUS_OK;
    case NONCE_REFUSED:
        return STATUS_REFUSED;
    case NONCE_FRESH:
        status = claim_move(signer, asked, refusal);
        break;
    case NONCE_REPLACES:
        status = STATUS_OK;
        break;
    }
    if (status == STATUS_OK) {
        status = count_spend(signer, asked, &held.spend, refusal);
    }
    return status == STATUS_OK ? write_attempt(signer, asked, &held) : status;
}

/* ---- every request that needs memory goes through here ---- */

/* What is claimed in the watermark for one request. */
typedef enum status (*claim_fn)(struct signer *signer, const void *asked, struct refusal *refusal);

static enum status claim(struct signer *signer, claim_fn claims, const void *asked,
                         struct refusal *refusal)
{
    if (!watermark_is_open(signer->watermark)) {
        const enum status status = watermark_begin(signer->watermark);
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = watermark_open_request(signer->watermark);
    if (status != STATUS_OK) {
        return status;
    }
    status = claims(signer, asked, refusal);
    if (status != STATUS_OK) {
        watermark_drop_request(signer->watermark); /* promise 6 */
        return status;
    }
    return watermark_keep_request(signer->watermark);
}

static void answer_claimed(struct signer *signer, const struct signer_key *key, claim_fn claims,
                           const void *asked, const struct signing *signing,
                           struct signer_answer *answer)
{
    const enum status status = claim(signer, claims, asked, &answer->refusal);
    if (status == STATUS_OK) {
        answer_signature(signer, key, signing, answer);
    } else if (status == STATUS_REFUSED) {
        answer_refused(answer);
    } else {
        answer_unknown(signer, status, answer);
    }
}

static enum status claim_asked_transaction(struct signer *signer, const void *asked,
                                           struct refusal *refusal)
{
    return claim_transaction(signer, asked, refusal);
}

static const struct signer_key *find_chain_key(const struct signer *signer,
                                               const struct address *address,
                                               struct refusal *refusal)
{
    const struct signer_key *key = find_key(signer, address);
    if (key == NULL || !key->chain) {
        (void)refuse(refusal, REFUSAL_KEY, "no key of this address has the role `chain` here");
        return NULL;
    }
    return key;
}

static void answer_transaction(struct signer *signer, const struct wire_request *request,
                               struct signer_answer *answer)
{
    struct asked_transaction asked = {.leg_id = request->transaction.leg_id};
    const struct signer_key *key =
        find_chain_key(signer, &request->transaction.key, &answer->refusal);
    if (key == NULL ||
        !policy_allows_transaction(signer->policy, request, &asked.policy, &answer->refusal)) {
        answer_refused(answer);
        return;
    }
    asked.nonce = (struct watermark_nonce){.key = key->address,
                                           .chain_id = asked.policy.transaction.chain_id,
                                           .nonce = asked.policy.transaction.nonce};
    asked.digest = evm_transaction_digest(request->transaction.transaction);
    asked.payload = evm_payload_digest(&asked.policy.transaction);
    asked.cancels = request->transaction.leg_kind == LEG_CANCEL;
    const struct signing signing = {.digest = asked.digest,
                                    .preimage = request->transaction.transaction};
    answer_claimed(signer, key, claim_asked_transaction, &asked, &signing, answer);
}

/* ---- validators ---- */

/* `text` must outlive it. */
static struct signing personal_signing(const struct personal_text *text)
{
    const struct bytes preimage = bytes_from(text->bytes, sizeof(text->bytes));

    return (struct signing){.digest = keccak256(preimage), .preimage = preimage};
}

struct asked_checkpoint {
    struct watermark_index index;
    struct checkpoint checkpoint;
};

static enum status claim_asked_checkpoint(struct signer *signer, const void *asked,
                                          struct refusal *refusal)
{
    const struct asked_checkpoint *checkpoint = asked;
    struct checkpoint held;
    const enum status status = watermark_claim_checkpoint(signer->watermark, &checkpoint->index,
                                                          &checkpoint->checkpoint, &held);
    if (status == STATUS_REFUSED) {
        (void)refuse(refusal, REFUSAL_CHECKPOINT,
                     "another root or message is signed for index %u of domain %u; an index is "
                     "signed once",
                     checkpoint->index.index, checkpoint->index.domain);
    }
    return status;
}

static const struct signer_key *find_validator(const struct signer *signer,
                                               const struct address *address,
                                               struct refusal *refusal)
{
    const struct signer_key *key = find_key(signer, address);
    if (key == NULL || !key->validator) {
        (void)refuse(refusal, REFUSAL_KEY, "no key of this address has the role `validator` here");
        return NULL;
    }
    return key;
}

static void answer_checkpoint(struct signer *signer, const struct wire_request *request,
                              struct signer_answer *answer)
{
    const struct signer_key *key =
        find_validator(signer, &request->checkpoint.key, &answer->refusal);
    if (key == NULL || !policy_allows_checkpoint(signer->policy, request, &answer->refusal)) {
        answer_refused(answer);
        return;
    }
    const struct asked_checkpoint asked = {
        .index = {.domain = request->checkpoint.domain,
                  .tree_hook = request->checkpoint.tree_hook,
                  .key = key->address,
                  .index = request->checkpoint.checkpoint.index},
        .checkpoint = request->checkpoint.checkpoint,
    };
    const struct hash message =
        checkpoint_signing_hash(request->checkpoint.domain, &request->checkpoint.tree_hook,
                                &request->checkpoint.checkpoint);
    const struct personal_text text = personal_text(&message);
    const struct signing signing = personal_signing(&text);
    answer_claimed(signer, key, claim_asked_checkpoint, &asked, &signing, answer);
}

static void answer_announcement(struct signer *signer, const struct wire_request *request,
                                struct signer_answer *answer)
{
    const struct signer_key *key =
        find_validator(signer, &request->announcement.key, &answer->refusal);
    if (key == NULL || !policy_allows_announcement(signer->policy, request, &answer->refusal)) {
        answer_refused(answer);
        return;
    }
    /* Two announcements never contradict each other, so nothing needs to be remembered. */
    const struct hash message =
        announcement_signing_hash(request->announcement.domain, &request->announcement.mailbox,
                                  request->announcement.location);
    const struct personal_text text = personal_text(&message);
    const struct signing signing = personal_signing(&text);
    answer_signature(signer, key, &signing, answer);
}

/* Who asks a server, and for what: it moves nothing and binds nobody, so nothing is remembered. */
static void answer_lookup(struct signer *signer, const struct wire_request *request,
                          struct signer_answer *answer)
{
    const struct signer_key *key = find_chain_key(signer, &request->lookup.key, &answer->refusal);
    if (key == NULL || !policy_allows_lookup(signer->policy, request, &answer->refusal)) {
        answer_refused(answer);
        return;
    }
    const struct hash message = lookup_signing_hash(&request->lookup.sender,
                                                    request->lookup.call_data, request->lookup.url);
    const struct personal_text text = personal_text(&message);
    const struct signing signing = personal_signing(&text);
    answer_signature(signer, key, &signing, answer);
}

static void answer_hello(const struct signer *signer, struct signer_answer *answer)
{
    struct wire_identity *identity = &answer->reply.identity;
    CHECK(signer->keys_count <= WIRE_KEYS_MAX);
    answer->reply.outcome = OUTCOME_OK;
    answer->reply.answer = WIRE_ANSWER_IDENTITY;
    identity->protocol = WIRE_PROTOCOL;
    identity->mode = signer->policy->mode;
    identity->version = bytes_from_string(SLUICE_VERSION);
    identity->keys_count = signer->keys_count;
    for (uint32_t i = 0; i < signer->keys_count; i++) {
        identity->keys[i] = (struct wire_key){.address = signer->keys[i].address,
                                              .chain = signer->keys[i].chain,
                                              .validator = signer->keys[i].validator};
    }
}

void signer_answer(struct signer *signer, const struct wire_request *request, struct instant now,
                   struct signer_answer *ret_answer)
{
    memset(ret_answer, 0, sizeof(*ret_answer));
    ret_answer->reply.id = request->id;
    if (now.ns > signer->now.ns) {
        signer->now = now;
    }
    switch (request->ask) {
    case WIRE_ASK_HELLO:
        answer_hello(signer, ret_answer);
        return;
    case WIRE_ASK_TRANSACTION:
        answer_transaction(signer, request, ret_answer);
        return;
    case WIRE_ASK_CHECKPOINT:
        answer_checkpoint(signer, request, ret_answer);
        return;
    case WIRE_ASK_ANNOUNCEMENT:
        answer_announcement(signer, request, ret_answer);
        return;
    case WIRE_ASK_LOOKUP:
        answer_lookup(signer, request, ret_answer);
        return;
    case WIRE_ASK_LOG_HEAD:
    case WIRE_ASK_LOG_SIGN:
        (void)refuse(&ret_answer->refusal, REFUSAL_KEY,
                     "this signer holds no key of a log: that is one of its own (--log)");
        answer_refused(ret_answer);
        return;
    }
    check_failed(__FILE__, __LINE__, "a request asks one of the above");
}

void signer_settle(struct signer *signer, struct signer_answer *answers, uint32_t answers_count)
{
    enum status status = STATUS_OK;

    if (watermark_is_open(signer->watermark)) {
        status = watermark_commit(signer->watermark);
    }
    if (status == STATUS_OK) {
        if (signer->holder != NULL) {
            key_holder_release(signer->holder);
        }
        return;
    }
    if (signer->holder != NULL) {
        key_holder_drop(signer->holder);
    }
    for (uint32_t i = 0; i < answers_count; i++) {
        if (answers[i].reply.answer == WIRE_ANSWER_SIGNATURE || answers[i].ticket != 0) {
            secret_wipe(&answers[i].reply.signature, sizeof(answers[i].reply.signature));
            answers[i].ticket = 0;
            answer_unknown(signer, status, &answers[i]);
        }
    }
}

bool signer_next(struct signer *signer, struct signer_answer *ret_answer)
{
    struct key_outcome outcome;

    if (signer->holder == NULL) {
        return false;
    }
    const bool found = key_holder_next(signer->holder, &outcome);
    if (key_holder_has_ended(signer->holder)) {
        signer->ended = STATUS_UNREACHABLE;
    }
    if (!found) {
        return false;
    }
    memset(ret_answer, 0, sizeof(*ret_answer));
    ret_answer->ticket = outcome.ticket;
    if (outcome.status == STATUS_OK) {
        answer_with(&outcome.signature, ret_answer);
    } else {
        answer_silence(signer, outcome.status, outcome.why, ret_answer);
    }
    return true;
}
