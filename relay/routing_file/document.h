/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing_file/document.h: strict reading of JSON documents that strangers wrote.
 *
 * A reader remembers the first mistake in words that say where it is; every later read is harmless,
 * so a run of reads is checked once. Duplicate members, unknown members, numbers that are not
 * finite, texts with control characters and files above DOCUMENT_BYTES_MAX are mistakes.
 *
 * Threads: one owner. Memory: the heap; this is shell code. */
#ifndef SLUICE_RELAY_ROUTING_FILE_DOCUMENT_H
#define SLUICE_RELAY_ROUTING_FILE_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "relay/base/bytes.h"

#define DOCUMENT_BYTES_MAX    (256u << 20)
#define DOCUMENT_ID_BYTES_MAX 200u

struct document_error {
    char text[640]; /* one line */
};

struct document_reader {
    char where[320]; /* what is being read: "places[3] 'eth/usdc/idle'" */
    struct document_error error;
    bool failed;
};

/* Reads a whole file. The caller frees `*ret_data`. STATUS_IO, STATUS_FULL (larger than a document
 * may be), STATUS_NO_MEMORY; the error says which file. */
MUST_USE enum status document_load(const char *path, char **ret_data, size_t *ret_bytes_count,
                                   struct document_error *ret_error);

/* Says in which file the mistake is. */
void document_error_of(struct document_error *error, const char *path);

/* Parses. NULL: the reader has failed. The caller owns the result. */
json_t *document_parse(struct document_reader *reader, struct bytes text);

/* Names what is read from here on. */
void document_at(struct document_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The first mistake; "WHERE: ..." */
void document_fail(struct document_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An object with all of `required` and none but those and `optional` (lists ended by NULL). */
void document_members(struct document_reader *reader, const json_t *object,
                      const char *const *required, const char *const *optional);
/* The member's value as a finite number of [min, max]; 0 after a failure. */
double document_number(struct document_reader *reader, const json_t *object, const char *name,
                       double min, double max);
/* Such a number of an array. */
double document_item(struct document_reader *reader, const json_t *array, size_t index,
                     const char *name, double min, double max);
/* Texts of 1 to DOCUMENT_ID_BYTES_MAX bytes without control characters; "" after a failure.
 * Borrowed from the document. */
const char *document_text(struct document_reader *reader, const json_t *object, const char *name);
/* An array of at most `count_max`; NULL: absent, or a failure. Borrowed. */
const json_t *document_array(struct document_reader *reader, const json_t *object, const char *name,
                             size_t count_max);
/* An object; NULL: absent, or a failure. Borrowed. */
const json_t *document_object(struct document_reader *reader, const json_t *object,
                              const char *name);

#endif
