/* SPDX-License-Identifier: Apache-2.0 */
/* A mandate file of a stranger's. What is read has one hash, is as tight as itself, and its
 * canonical JSON is JSON that a foreign parser reads with as many members. The same bytes as keys
 * and values of canonical JSON alone: what is accepted comes back from the foreign parser. */
#include <jansson.h>
#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/mandate/canonical.h"
#include "relay/mandate/change.h"
#include "relay/mandate/check.h"

#define MEMBERS_MAX 16u

static void object_check(const struct buffer *buffer, size_t members)
{
    json_error_t error;
    json_t *object = json_loadb((const char *)buffer->data, buffer->count,
                                JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

    CHECK(object != NULL);
    CHECK(json_object_size(object) == members);
    json_decref(object);
}

static void mandate_fuzz(struct bytes text, struct buffer *buffer)
{
    struct mandate *mandate = NULL;
    struct settings_error error;
    struct mandate_findings findings;
    struct mandate_change change;

    if (mandate_parse("fuzz", text, &mandate, &error) != STATUS_OK) {
        CHECK(error.text[0] != '\0');
        return;
    }
    mandate_check(mandate, &findings);
    CHECK(mandate_compare(mandate, mandate, &change) == STATUS_OK);
    CHECK(change.count == 0);
    CHECK(change.only_tightens);
    CHECK(mandate_canonical(mandate, buffer) == STATUS_OK);
    object_check(buffer, change.before.count);
    for (uint32_t i = 0; i < change.before.count; i++) {
        (void)mandate_enforcers_text(mandate_enforcers(mandate, &change.before.lines[i]));
    }
    mandate_change_deinit(&change);
    (void)mandate_free(mandate);
}

/* Pieces of the input, each as long as its first byte says. */
static void canonical_fuzz(struct bytes text, struct buffer *buffer)
{
    struct canonical_member members[MEMBERS_MAX];
    struct bytes pieces[2 * MEMBERS_MAX];
    size_t count = 0;

    while (text.count > 0 && count < 2 * MEMBERS_MAX) {
        const size_t most = text.count - 1;
        const size_t bytes = text.data[0] % 16 < most ? text.data[0] % 16 : most;
        pieces[count++] = bytes_from(text.data + 1, bytes);
        text = bytes_from(text.data + 1 + bytes, most - bytes);
    }
    for (size_t i = 0; i < count / 2; i++) {
        members[i] = (struct canonical_member){pieces[2 * i], pieces[2 * i + 1]};
        for (size_t k = 0; k < pieces[2 * i].count; k++) {
            if (pieces[2 * i].data[k] == 0) {
                return; /* the foreign parser has no such keys */
            }
        }
    }
    if (canonical_object(members, count / 2, buffer) == STATUS_OK) {
        object_check(buffer, count / 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[MANDATE_CANONICAL_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    mandate_fuzz(bytes_from(data, size), &buffer);
    buffer.count = 0;
    canonical_fuzz(bytes_from(data, size), &buffer);
    return 0;
}
