/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mandate/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"

#define SIGNATURES_MAX    16u
#define SIGNATURES_BYTES  8192u
#define PENDING_BYTES     128u
#define SECOND_NS         UINT64_C(1000000000)
#define SIGNATURE_DIGITS  130u
#define ACCEPTED_FILE     "mandate.yaml"
#define PENDING_FILE      "mandate.pending"
#define SIGNATURES_ENDING ".signatures"

struct acceptor {
    const char *folder;
    const char *path;
    uint64_t now_s;
    enum mandate_taking taking;
    struct settings_error *error;
    struct mandate *offered;
    struct mandate *present; /* NULL: none was accepted before */
};

static enum status fail(const struct acceptor *acceptor, enum status status, const char *file,
                        const char *what)
{
    (void)snprintf(acceptor->error->text, sizeof(acceptor->error->text), "%.500s: %.100s", file,
                   what);
    return status;
}

static void path_in(const struct acceptor *acceptor, const char *name, char ret_path[PATH_MAX])
{
    (void)snprintf(ret_path, PATH_MAX, "%s/%s", acceptor->folder, name);
}

/* ---- files ---- */

/* The whole file; an absent one is STATUS_NOT_FOUND, without words. */
static enum status file_take(const struct acceptor *acceptor, const char *path,
                             struct buffer *buffer)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return errno == ENOENT ? STATUS_NOT_FOUND
                               : fail(acceptor, STATUS_IO, path, "cannot be opened");
    }
    buffer->count = fread(buffer->data, 1, buffer->capacity, file);
    const bool failed = ferror(file) != 0;
    const bool is_whole = feof(file) != 0;
    (void)fclose(file); /* only read from */
    if (failed) {
        return fail(acceptor, STATUS_IO, path, "cannot be read");
    }
    return is_whole ? STATUS_OK : fail(acceptor, STATUS_MALFORMED, path, "is too large");
}

/* Written beside it, made durable, then put in its place. */
static enum status file_put(const struct acceptor *acceptor, const char *name, struct bytes text)
{
    char path[PATH_MAX];
    char beside[PATH_MAX + 8];

    path_in(acceptor, name, path);
    (void)snprintf(beside, sizeof(beside), "%s.new", path);
    const int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        return fail(acceptor, STATUS_IO, beside, strerror(errno));
    }
    size_t done = 0;
    bool good = true;
    while (good && done < text.count) {
        const ssize_t count = write(file, text.data + done, text.count - done);
        good = count > 0;
        done += good ? (size_t)count : 0;
    }
    good = good && fsync(file) == 0;
    good = close(file) == 0 && good;
    good = good && rename(beside, path) == 0;
    const int folder = good ? open(acceptor->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    good = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0) {
        (void)close(folder); /* only synced */
    }
    return good ? STATUS_OK : fail(acceptor, STATUS_IO, path, "cannot be written");
}

/* The file's text becomes the one in force: read again and compared, so that what is kept is what
 * was judged. */
static enum status offered_keep(const struct acceptor *acceptor)
{
    uint8_t *memory = malloc(SETTINGS_FILE_BYTES_MAX + 1);
    struct buffer buffer = buffer_from(memory, SETTINGS_FILE_BYTES_MAX + 1);
    struct mandate *again = NULL;

    if (memory == NULL) {
        return fail(acceptor, STATUS_NO_MEMORY, acceptor->path, "no memory");
    }
    enum status status = file_take(acceptor, acceptor->path, &buffer);
    if (status == STATUS_OK) {
        status = mandate_parse(acceptor->path, buffer_bytes(&buffer), &again, acceptor->error);
    }
    if (status == STATUS_OK && !hash_equal(&again->hash, &acceptor->offered->hash)) {
        status = fail(acceptor, STATUS_IO, acceptor->path, "changed while it was read");
    }
    if (status == STATUS_OK) {
        status = file_put(acceptor, ACCEPTED_FILE, buffer_bytes(&buffer));
    }
    (void)mandate_free(again);
    free(memory);
    return status;
}

/* ---- a change that loosens ---- */

static bool is_blank(uint8_t character)
{
    return character == ' ' || character == '\n' || character == '\r' || character == '\t';
}

/* Words of the file that are signatures; others do not count. */
static uint32_t signatures_take(struct bytes text, struct signature *signatures)
{
    uint32_t count = 0;

    while (text.count > 0 && count < SIGNATURES_MAX) {
        size_t word = 0;
        while (word < text.count && !is_blank(text.data[word])) {
            word++;
        }
        size_t bytes = 0;
        if (word == 2 + SIGNATURE_DIGITS &&
            hex_decode(bytes_from(text.data, word), sizeof(signatures[count].bytes),
                       signatures[count].bytes, &bytes) == STATUS_OK &&
            bytes == sizeof(signatures[count].bytes)) {
            count++;
        }
        const size_t used = word < text.count ? word + 1 : word;
        text = bytes_from(text.data + used, text.count - used);
    }
    return count;
}

static enum status count_signed(const struct acceptor *acceptor, uint32_t *ret_signed)
{
    char path[PATH_MAX];
    uint8_t memory[SIGNATURES_BYTES];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct signature signatures[SIGNATURES_MAX];

    (void)snprintf(path, sizeof(path), "%s" SIGNATURES_ENDING, acceptor->path);
    const enum status status = file_take(acceptor, path, &buffer);
    *ret_signed = 0;
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        const uint32_t count = signatures_take(buffer_bytes(&buffer), signatures);
        *ret_signed =
            mandate_change_signed(acceptor->present, &acceptor->offered->hash, signatures, count);
    }
    return status;
}

/* Since when this change waits here; from now on when it is new. */
static enum status pending_since(const struct acceptor *acceptor, uint64_t *ret_since_s)
{
    char path[PATH_MAX];
    uint8_t memory[PENDING_BYTES];
    char digits[65];
    char text[PENDING_BYTES];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    path_in(acceptor, PENDING_FILE, path);
    hex_encode(bytes_from(acceptor->offered->hash.bytes, 32), digits);
    const int prefix = snprintf(text, sizeof(text), "%s ", digits);
    const enum status status = file_take(acceptor, path, &buffer);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    if (status == STATUS_OK &&
        bytes_have_prefix(buffer_bytes(&buffer), bytes_from(text, (size_t)prefix))) {
        char number[24] = "";
        const size_t count = buffer.count - (size_t)prefix;
        if (count > 0 && count < sizeof(number)) {
            memcpy(number, memory + prefix, count);
            number[strcspn(number, "\n")] = '\0';
        }
        if (settings_parse_u64(number, ret_since_s) == STATUS_OK &&
            *ret_since_s <= acceptor->now_s) {
            return STATUS_OK;
        }
    }
    *ret_since_s = acceptor->now_s;
    const int bytes = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", digits, acceptor->now_s);
    return acceptor->taking == MANDATE_LOOK
               ? STATUS_OK
               : file_put(acceptor, PENDING_FILE, bytes_from(text, (size_t)bytes));
}

static uint64_t number_of(const struct mandate *mandate, uint32_t field)
{
    uint64_t number = 0;
    const struct mandate_value *value = &mandate_only(mandate, MANDATE_CHANGE)->values[field];

    return amount_to_u64(&value->number, &number) == STATUS_OK ? number : UINT64_MAX;
}

static enum status loosening_judge(const struct acceptor *acceptor,
                                   struct mandate_acceptance *acceptance)
{
    const uint64_t needed = number_of(acceptor->present, CHANGE_SIGNATURES);
    const uint64_t delay_s = number_of(acceptor->present, CHANGE_DELAY) / SECOND_NS;
    uint32_t found = 0;
    uint64_t since_s = acceptor->now_s;
    enum status status = count_signed(acceptor, &found);

    if (status == STATUS_OK && found < needed) {
        acceptance->verdict = MANDATE_UNSIGNED;
        (void)snprintf(acceptance->text, sizeof(acceptance->text),
                       "the new mandate loosens and has %" PRIu32 " of %" PRIu64
                       " signatures; the one before stays in force",
                       found, needed);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = pending_since(acceptor, &since_s);
    }
    const uint64_t waited_s = acceptor->now_s - since_s;
    if (status == STATUS_OK && waited_s < delay_s) {
        acceptance->verdict = MANDATE_WAITING;
        (void)snprintf(acceptance->text, sizeof(acceptance->text),
                       "the new mandate loosens, is signed, and waits for another %" PRIu64
                       " s; the one before stays in force",
                       delay_s - waited_s);
        return STATUS_OK;
    }
    acceptance->verdict = MANDATE_LOOSENED;
    (void)snprintf(acceptance->text, sizeof(acceptance->text),
                   "the new mandate loosens, with %" PRIu32 " signatures and after its delay",
                   found);
    return status;
}

/* ---- the whole ---- */

static enum status judge(const struct acceptor *acceptor, struct mandate_acceptance *acceptance)
{
    struct mandate_change change;

    acceptance->offered = acceptor->offered->hash;
    if (acceptor->present == NULL) {
        acceptance->verdict = MANDATE_FIRST;
        (void)snprintf(acceptance->text, sizeof(acceptance->text), "the first mandate here");
        return STATUS_OK;
    }
    if (hash_equal(&acceptor->present->hash, &acceptor->offered->hash)) {
        acceptance->verdict = MANDATE_SAME;
        (void)snprintf(acceptance->text, sizeof(acceptance->text), "the mandate is as before");
        return STATUS_OK;
    }
    if (mandate_compare(acceptor->present, acceptor->offered, &change) != STATUS_OK) {
        return fail(acceptor, STATUS_NO_MEMORY, acceptor->path, "no memory");
    }
    const bool only_tightens = change.only_tightens;
    mandate_change_deinit(&change);
    if (only_tightens) {
        acceptance->verdict = MANDATE_TIGHTENED;
        (void)snprintf(acceptance->text, sizeof(acceptance->text), "the new mandate only tightens");
        return STATUS_OK;
    }
    return loosening_judge(acceptor, acceptance);
}

static bool is_taken(enum mandate_verdict verdict)
{
    switch (verdict) {
    case MANDATE_FIRST:
    case MANDATE_TIGHTENED:
    case MANDATE_LOOSENED:
        return true;
    case MANDATE_SAME:
    case MANDATE_UNSIGNED:
    case MANDATE_WAITING:
        break;
    }
    return false;
}

enum status mandate_accept(const char *folder, const char *path, uint64_t now_s,
                           enum mandate_taking taking, struct mandate_acceptance *ret_acceptance,
                           struct settings_error *ret_error)
{
    struct acceptor acceptor = {
        .folder = folder, .path = path, .now_s = now_s, .taking = taking, .error = ret_error};
    struct mandate_acceptance acceptance = {.mandate = NULL};
    char accepted[PATH_MAX];
    enum status status = mandate_load(path, &acceptor.offered, ret_error);

    path_in(&acceptor, ACCEPTED_FILE, accepted);
    if (status == STATUS_OK) {
        status = mandate_load(accepted, &acceptor.present, ret_error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (status == STATUS_OK) {
        status = judge(&acceptor, &acceptance);
    }
    const bool taken = status == STATUS_OK && is_taken(acceptance.verdict);
    if (taken && taking == MANDATE_TAKE) {
        status = offered_keep(&acceptor);
    }
    if (status != STATUS_OK) {
        (void)mandate_free(acceptor.offered);
        (void)mandate_free(acceptor.present);
        return status;
    }
    const bool is_new = taken || acceptance.verdict == MANDATE_SAME;
    acceptance.mandate = is_new ? acceptor.offered : acceptor.present;
    (void)mandate_free(is_new ? acceptor.present : acceptor.offered);
    *ret_acceptance = acceptance;
    return STATUS_OK;
}
