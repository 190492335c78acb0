/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/journal_log/log_keeper.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/journal_log/log_keeper_internal.h"
#include "relay/node/journal_log/log_site.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/process/log.h"
#include "relay/node/web/web_context.h"
#include "store/checkpoint.h"
#include "store/verify.h"

#define TICK_US        200000
#define QUIET_NS       UINT64_C(500000000)
#define RETRY_NS       UINT64_C(2000000000)
#define START_WAIT_MS  10000
#define CALL_WAIT_MS   5000
#define INTERVALS_BUSY 8u /* in a quiet moment, after this part of an interval */
#define FILES_OPEN_MAX (3u * HTTP_CONNECTIONS_MAX)
#define SERVICE_BYTES  16384u

static void lock(struct log_keeper *keeper)
{
    CHECK(pthread_mutex_lock(&keeper->shared.mutex) == 0);
}

static void unlock(struct log_keeper *keeper)
{
    CHECK(pthread_mutex_unlock(&keeper->shared.mutex) == 0);
}

void keeper_fail(struct log_keeper *keeper, int exit_code, const char *format, ...)
{
    va_list arguments;

    lock(keeper);
    if (keeper->shared.fault == EXIT_DONE) {
        keeper->shared.fault = exit_code;
        va_start(arguments, format);
        (void)vsnprintf(keeper->shared.fault_text, sizeof(keeper->shared.fault_text), format,
                        arguments);
        va_end(arguments);
    }
    unlock(keeper);
    keeper->options.wake(keeper->options.context);
}

/* ---- at the start ---- */

static int refuse(int exit_code, const char *what, const char *why)
{
    struct log_line line;

    log_begin(&line, LOG_ERROR, "not_started");
    log_string(&line, "what", what);
    log_string(&line, "why", why);
    log_end(&line);
    return exit_code;
}

static struct log_client client_of(const struct node_log *config, uint64_t wait_ms)
{
    return (struct log_client){
        .socket = config->socket, .key = &config->key, .deadline = DURATION_MS(wait_ms)};
}

static int read_signer(const struct node_log *config, struct log_head *ret_head)
{
    const struct log_client client = client_of(config, START_WAIT_MS);
    const enum status status = log_client_read_head(&client, ret_head);

    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    return status == STATUS_REFUSED
               ? refuse(EXIT_USAGE, config->socket,
                        "the log's signer holds another key than log.key")
               : refuse(EXIT_UNREACHABLE, config->socket,
                        "the log's signer cannot be asked what it signed last");
}

/* The journal holds what the signer signed. */
static int compare_signed(struct journal_reader *reader, const struct node_log *config,
                          const struct log_head *held)
{
    const struct tree_source tree = journal_tree(reader);
    const uint64_t head = journal_reader_head(reader);
    char why[256];
    struct hash root;

    if (held->size > head) {
        (void)snprintf(why, sizeof(why),
                       "the log's signer signed %" PRIu64 " records and the journal has %" PRIu64
                       ": it is an older copy; bring the newer one back",
                       held->size, head);
        return refuse(EXIT_INTEGRITY, config->socket, why);
    }
    const enum status status = tree_root(&tree, held->size, &root);
    if (status != STATUS_OK || !hash_equal(&root, &held->root)) {
        (void)snprintf(why, sizeof(why),
                       "the first %" PRIu64 " records are not those that the log's signer signed: "
                       "the journal was changed or is another one",
                       held->size);
        return refuse(EXIT_INTEGRITY, config->socket, why);
    }
    return EXIT_DONE;
}

/* The newest checkpoint in the journal is of its records and signed by the key. */
static int compare_stored(struct journal_reader *reader, const struct node_log *config)
{
    const struct tree_source tree = journal_tree(reader);
    const struct note_trust trust = {.keys = &config->key, .keys_count = 1};
    const char *what = "it does not match its checksum";
    char why[256];
    struct bytes note;
    struct hash root;
    uint64_t size = 0;
    enum status status =
        journal_seek_checkpoint(reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &note);

    if (status == STATUS_NOT_FOUND) {
        return EXIT_DONE;
    }
    if (status == STATUS_OK && size > journal_reader_head(reader)) {
        what = "there are fewer records than it was signed for: the journal is an older copy";
        status = STATUS_CORRUPT;
    }
    if (status == STATUS_OK) {
        /* The note is borrowed until the tree is read. */
        status = verify_checkpoint(note, size, NULL, &trust, &what);
    }
    if (status == STATUS_OK) {
        struct note parsed;
        struct log_checkpoint checkpoint;
        CHECK(note_parse(note, &parsed) == STATUS_OK);
        CHECK(log_checkpoint_parse(parsed.text, &checkpoint) == STATUS_OK);
        const struct hash expected = checkpoint.root;
        status = tree_root(&tree, size, &root);
        what = "its root is not that of the records: the journal was changed";
        status = status == STATUS_OK && !hash_equal(&root, &expected) ? STATUS_CORRUPT : status;
    }
    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    (void)snprintf(why, sizeof(why), "the stored checkpoint of %" PRIu64 " records: %s", size,
                   status == STATUS_CORRUPT ? what : status_name(status));
    return refuse(status == STATUS_CORRUPT ? EXIT_INTEGRITY : EXIT_TEMPORARY, "journal", why);
}

int log_keeper_check(const struct node_log *config, struct journal *journal)
{
    struct journal_reader *reader = NULL;
    struct log_head held;
    int code = read_signer(config, &held);

    if (code != EXIT_DONE) {
        return code;
    }
    if (journal_reader_open(journal, &reader) != STATUS_OK) {
        return refuse(EXIT_TEMPORARY, "journal", "it cannot be read");
    }
    code = compare_signed(reader, config, &held);
    if (code == EXIT_DONE) {
        code = compare_stored(reader, config);
    }
    journal_reader_close(reader);
    return code;
}

/* ---- a checkpoint ---- */

enum status keeper_prove(struct log_keeper *keeper, struct tree_growth growth,
                         struct tree_proof *ret_proof)
{
    struct journal_reader *reader = NULL;
    enum status status = journal_reader_open(keeper->options.journal, &reader);

    if (status == STATUS_OK) {
        const struct tree_source tree = journal_tree(reader);
        status = tree_prove_growth(&tree, growth, ret_proof);
        journal_reader_close(reader);
    }
    return status;
}

/* The head of the journal with its root, and the proof from what is signed. */
static enum status look(struct log_keeper *keeper, struct log_head *ret_head,
                        struct tree_proof *ret_proof)
{
    struct journal_reader *reader = NULL;
    enum status status = journal_reader_open(keeper->options.journal, &reader);

    if (status != STATUS_OK) {
        return status;
    }
    const struct tree_source tree = journal_tree(reader);
    ret_head->size = journal_reader_head(reader);
    if (ret_head->size < keeper->signed_last.size) {
        status = STATUS_CORRUPT;
    }
    if (status == STATUS_OK) {
        status = tree_root(&tree, ret_head->size, &ret_head->root);
    }
    if (status == STATUS_OK) {
        const struct tree_growth growth = {.old_size = keeper->signed_last.size,
                                           .size = ret_head->size};
        status = tree_prove_growth(&tree, growth, ret_proof);
    }
    journal_reader_close(reader);
    return status;
}

static void make_note(const struct node_log *config, const struct log_head *head,
                      const uint8_t signature[ED25519_SIGNATURE_BYTES], struct kept *ret_kept)
{
    struct buffer buffer = buffer_from(ret_kept->note, sizeof(ret_kept->note));
    const struct log_checkpoint checkpoint = {
        .origin = bytes_from(config->key.name, config->key.name_count),
        .size = head->size,
        .root = head->root};

    CHECK(log_checkpoint_append(&buffer, &checkpoint) == STATUS_OK);
    ret_kept->text_count = buffer.count;
    CHECK(buffer_append(&buffer, bytes_from("\n", 1)) == STATUS_OK);
    CHECK(note_append_signature(&buffer, &config->key,
                                bytes_from(signature, ED25519_SIGNATURE_BYTES)) == STATUS_OK);
    ret_kept->head = *head;
    ret_kept->count = buffer.count;
}

static void note_trouble(struct log_keeper *keeper, const char *why)
{
    lock(keeper);
    if (keeper->shared.trouble[0] == '\0') {
        keeper->shared.trouble_since = clock_now();
    }
    (void)snprintf(keeper->shared.trouble, sizeof(keeper->shared.trouble), "%s", why);
    unlock(keeper);
}

static void tell_trouble(struct log_keeper *keeper, const char *why)
{
    struct log_line line;

    note_trouble(keeper, why);
    keeper->retry_ns = clock_monotonic_ns() + RETRY_NS;
    if (keeper->is_told) {
        return;
    }
    keeper->is_told = true;
    log_begin(&line, LOG_WARN, "log_unsigned");
    log_string(&line, "why", why);
    log_string(&line, "instead", "the journal goes on without new checkpoints; trying again");
    log_end(&line);
}

/* The signer said no, or answered from another state than we thought: what does it hold? A reply
 * that was lost leaves it one checkpoint ahead of us, which the journal must confirm. */
static void settle_refusal(struct log_keeper *keeper, const char *reason)
{
    struct journal_reader *reader = NULL;
    struct log_head held;
    struct hash root;

    if (log_client_read_head(&keeper->client, &held) != STATUS_OK ||
        journal_reader_open(keeper->options.journal, &reader) != STATUS_OK) {
        tell_trouble(keeper, reason);
        return;
    }
    const struct tree_source tree = journal_tree(reader);
    const uint64_t head = journal_reader_head(reader);
    if (held.size > head) {
        keeper_fail(keeper, EXIT_INTEGRITY,
                    "the log's signer signed %" PRIu64 " records and the journal has %" PRIu64
                    ": another node signs this log, or the journal is an older copy",
                    held.size, head);
    } else if (tree_root(&tree, held.size, &root) != STATUS_OK || !hash_equal(&root, &held.root)) {
        keeper_fail(keeper, EXIT_INTEGRITY,
                    "the first %" PRIu64 " records are not those that the log's signer signed",
                    held.size);
    } else if (held.size == keeper->signed_last.size) {
        tell_trouble(keeper, reason);
    } else {
        keeper->signed_last = held;
    }
    journal_reader_close(reader);
}

/* Asks for a checkpoint of all the records there are. False: there is none. */
static bool ask_signer(struct log_keeper *keeper, struct kept *ret_kept)
{
    struct log_head head = {.size = 0};
    struct tree_proof proof;
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    char reason[REASON_BYTES_MAX + 1];
    enum status status = look(keeper, &head, &proof);

    keeper->asked_ns = clock_monotonic_ns();
    if (status != STATUS_OK) {
        tell_trouble(keeper, "the journal cannot be read");
        return false;
    }
    const struct log_request request = {.old = keeper->signed_last, .head = head, .proof = &proof};
    status = log_client_sign(&keeper->client, &request, signature, reason);
    if (status == STATUS_REFUSED) {
        settle_refusal(keeper, reason);
        return false;
    }
    if (status != STATUS_OK) {
        tell_trouble(keeper, status == STATUS_CORRUPT ? "its signature is wrong"
                                                      : "the log's signer does not answer");
        return false;
    }
    keeper->is_told = false;
    keeper->signed_last = head;
    make_note(keeper->options.config, &head, signature, ret_kept);
    return true;
}

/* ---- into the journal ---- */

/* On the writer's thread. */
static void stored(void *context, enum status status)
{
    struct log_keeper *keeper = context;

    lock(keeper);
    keeper->shared.is_stored = true;
    keeper->shared.stored = status;
    unlock(keeper);
    lws_cancel_service(keeper->context);
}

void keeper_store(struct log_keeper *keeper)
{
    const struct writer_checkpoint checkpoint = {
        .checkpoint = {.size = keeper->pending.head.size,
                       .note = bytes_from(keeper->pending.note, keeper->pending.count)},
        .done = stored,
        .context = keeper,
    };

    CHECK(!keeper->is_storing);
    keeper->is_storing = writer_push_checkpoint(keeper->options.writer, &checkpoint) == STATUS_OK;
}

static void say_checkpoint(const struct log_keeper *keeper)
{
    struct log_line line;

    log_begin(&line, LOG_DEBUG, keeper->is_cosigning ? "log_cosigned" : "log_checkpoint");
    log_number(&line, "size", keeper->pending.head.size);
    log_hash(&line, "root", &keeper->pending.head.root);
    log_end(&line);
}

/* What the writer said of `pending`. One that was not stored is asked for again: the signer gives
 * the same signature, or one over more records. */
static void take_stored(struct log_keeper *keeper)
{
    lock(keeper);
    const bool is_stored = keeper->shared.is_stored;
    const enum status status = keeper->shared.stored;
    keeper->shared.is_stored = false;
    unlock(keeper);
    if (!is_stored) {
        return;
    }
    keeper->is_storing = false;
    if (status != STATUS_OK) {
        tell_trouble(keeper, status_name(status));
    } else {
        say_checkpoint(keeper);
        note_trouble(keeper, "");
        if (keeper->pending.head.size >= keeper->current.head.size) {
            keeper->current = keeper->pending;
        }
    }
    keeper->is_cosigning = false;
}

/* ---- the thread ---- */

static bool is_due(struct log_keeper *keeper)
{
    struct journal_reader *reader = NULL;
    const uint64_t now = clock_monotonic_ns();
    const uint64_t interval = keeper->options.config->interval.ns;

    if (journal_reader_open(keeper->options.journal, &reader) != STATUS_OK) {
        return false;
    }
    const uint64_t head = journal_reader_head(reader);
    journal_reader_close(reader);
    if (head != keeper->head_seen) {
        keeper->head_seen = head;
        keeper->head_changed_ns = now;
    }
    if (head == keeper->current.head.size || head == 0 || now < keeper->retry_ns) {
        return false;
    }
    const bool is_quiet = now - keeper->head_changed_ns >= QUIET_NS;
    const uint64_t since = now - keeper->asked_ns;
    return keeper->current.count == 0 || since >= (is_quiet ? interval / INTERVALS_BUSY : interval);
}

static void keeper_tick(struct log_keeper *keeper)
{
    take_stored(keeper);
    if (!keeper->is_storing && is_due(keeper) && ask_signer(keeper, &keeper->pending)) {
        keeper_store(keeper);
    }
    keeper_ask_witnesses(keeper);
}

static void timer_fired(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* its only work is to end the wait */
}

static void *keeper_run(void *context)
{
    struct log_keeper *keeper = context;

    for (;;) {
        lock(keeper);
        const bool is_stopping = keeper->shared.is_stopping;
        unlock(keeper);
        if (is_stopping) {
            return NULL;
        }
        keeper_tick(keeper);
        lws_sul_schedule(keeper->context, 0, &keeper->timer, timer_fired, TICK_US);
        if (lws_service(keeper->context, 0) < 0) {
            keeper_fail(keeper, EXIT_TEMPORARY, "the log's own loop failed");
            return NULL;
        }
        if (keeper->web != NULL) {
            web_client_service(keeper->web);
        }
    }
}

/* Signals are the loop's business: the thread takes none. */
static bool start_thread(struct log_keeper *keeper)
{
    sigset_t all;
    sigset_t before;

    CHECK(sigfillset(&all) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    keeper->has_thread = pthread_create(&keeper->thread, NULL, keeper_run, keeper) == 0;
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return keeper->has_thread;
}

/* ---- life ---- */

static bool open_context(struct log_keeper *keeper)
{
    static const struct lws_protocols *const protocols[] = {&web_client_protocol, NULL};
    const struct web_context_options options = {
        .protocols = protocols, .files_max = FILES_OPEN_MAX, .service_bytes = SERVICE_BYTES};

    keeper->context = web_context_new(&options, &keeper->vhost);
    return keeper->context != NULL;
}

static void serve(void *context, const struct http_request *request, struct http_answer *ret_answer)
{
    struct log_keeper *keeper = context;

    log_site_serve(keeper->options.journal, request->path, ret_answer);
}

static int open_http(struct log_keeper *keeper)
{
    const struct http_options options = {.port = keeper->options.config->port,
                                         .handler = {.context = keeper, .serve = serve}};
    char what[32];

    if (options.port == 0) {
        return EXIT_DONE;
    }
    const enum status status = http_open(keeper->context, &options, &keeper->http);
    (void)snprintf(what, sizeof(what), "127.0.0.1:%u", options.port);
    return status == STATUS_OK
               ? EXIT_DONE
               : refuse(EXIT_USAGE, what,
                        status == STATUS_BUSY ? "log.listen: something else listens there"
                                              : status_name(status));
}

/* What the journal and the signer hold; the caller compared them (log_keeper_check). */
static int load_heads(struct log_keeper *keeper)
{
    struct journal_reader *reader = NULL;
    struct bytes note;
    struct note parsed;
    struct log_checkpoint checkpoint;
    uint64_t size = 0;

    if (log_client_read_head(&keeper->client, &keeper->signed_last) != STATUS_OK ||
        journal_reader_open(keeper->options.journal, &reader) != STATUS_OK) {
        return refuse(EXIT_UNREACHABLE, keeper->options.config->socket,
                      "the log's signer cannot be asked what it signed last");
    }
    if (journal_seek_checkpoint(reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &note) == STATUS_OK &&
        note_parse(note, &parsed) == STATUS_OK &&
        log_checkpoint_parse(parsed.text, &checkpoint) == STATUS_OK) {
        memcpy(keeper->current.note, note.data, note.count);
        keeper->current.count = note.count;
        keeper->current.text_count = parsed.text.count;
        keeper->current.head = (struct log_head){.size = size, .root = checkpoint.root};
    }
    keeper->asked_ns = clock_monotonic_ns();
    journal_reader_close(reader);
    return EXIT_DONE;
}

int log_keeper_open(const struct log_keeper_options *options, struct log_keeper **ret_keeper)
{
    struct log_keeper *keeper = calloc(1, sizeof(*keeper));

    if (keeper == NULL) {
        return EXIT_TEMPORARY;
    }
    keeper->options = *options;
    keeper->client = client_of(options->config, CALL_WAIT_MS);
    CHECK(pthread_mutex_init(&keeper->shared.mutex, NULL) == 0);
    int code = load_heads(keeper);
    if (code == EXIT_DONE && (!open_context(keeper) || !keeper_open_witnesses(keeper))) {
        code = refuse(EXIT_TEMPORARY, "log", "not enough memory");
    }
    if (code == EXIT_DONE) {
        code = open_http(keeper);
    }
    if (code == EXIT_DONE && !start_thread(keeper)) {
        code = refuse(EXIT_TEMPORARY, "log", "too many threads");
    }
    if (code != EXIT_DONE) {
        log_keeper_free(keeper);
        return code;
    }
    *ret_keeper = keeper;
    return EXIT_DONE;
}

int log_keeper_fault(struct log_keeper *keeper, char ret_text[256])
{
    lock(keeper);
    const int fault = keeper->shared.fault;
    memcpy(ret_text, keeper->shared.fault_text, sizeof(keeper->shared.fault_text));
    unlock(keeper);
    return fault;
}

bool log_keeper_trouble(struct log_keeper *keeper, char ret_text[256], struct instant *ret_since)
{
    lock(keeper);
    const bool is_troubled = keeper->shared.trouble[0] != '\0';
    memcpy(ret_text, keeper->shared.trouble, sizeof(keeper->shared.trouble));
    *ret_since = keeper->shared.trouble_since;
    unlock(keeper);
    return is_troubled;
}

bool log_keeper_witness_trouble(struct log_keeper *keeper, char ret_text[256],
                                struct instant *ret_since)
{
    lock(keeper);
    const bool is_troubled = keeper->shared.silent[0] != '\0';
    memcpy(ret_text, keeper->shared.silent, sizeof(keeper->shared.silent));
    *ret_since = keeper->shared.silent_since;
    unlock(keeper);
    return is_troubled;
}

void keeper_tell_witnesses(struct log_keeper *keeper)
{
    char text[sizeof(keeper->shared.silent)] = "";
    size_t count = 0;

    for (uint32_t i = 0; i < keeper->options.config->witnesses_count; i++) {
        const struct keeper_witness *witness = &keeper->witnesses[i];
        if (!witness->is_told || count >= sizeof(text)) {
            continue;
        }
        count += (size_t)snprintf(text + count, sizeof(text) - count, "%s%.*s",
                                  count == 0 ? "no signature from " : ", ",
                                  (int)witness->config->key.name_count, witness->config->key.name);
    }
    lock(keeper);
    if (keeper->shared.silent[0] == '\0') {
        keeper->shared.silent_since = clock_now();
    }
    memcpy(keeper->shared.silent, text, sizeof(text));
    unlock(keeper);
}

void log_keeper_stop(struct log_keeper *keeper)
{
    if (keeper == NULL || !keeper->has_thread) {
        return;
    }
    lock(keeper);
    keeper->shared.is_stopping = true;
    unlock(keeper);
    lws_cancel_service(keeper->context);
    CHECK(pthread_join(keeper->thread, NULL) == 0);
    keeper->has_thread = false;
}

void log_keeper_finish(struct log_keeper *keeper)
{
    char text[256];
    uint64_t head = 0;

    if (keeper == NULL || log_keeper_fault(keeper, text) != EXIT_DONE) {
        return;
    }
    CHECK(!keeper->has_thread);
    if (!ask_signer(keeper, &keeper->pending)) {
        return;
    }
    const struct journal_checkpoint checkpoint = {
        .size = keeper->pending.head.size,
        .note = bytes_from(keeper->pending.note, keeper->pending.count)};
    const struct journal_batch batch = {.checkpoint = &checkpoint};
    if (journal_commit(keeper->options.journal, &batch, &head) != STATUS_OK) {
        tell_trouble(keeper, "the last checkpoint cannot be stored");
    }
}

struct log_keeper *log_keeper_free(struct log_keeper *keeper)
{
    if (keeper == NULL) {
        return NULL;
    }
    log_keeper_stop(keeper);
    if (keeper->web != NULL) {
        web_client_stop(keeper->web);
    }
    if (keeper->context != NULL) {
        lws_context_destroy(keeper->context);
    }
    keeper->http = http_free(keeper->http);
    keeper->web = web_client_free(keeper->web);
    CHECK(pthread_mutex_destroy(&keeper->shared.mutex) == 0);
    free(keeper);
    return NULL;
}
