/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/stores/store_location.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"

/* ---- parsing ---- */

static bool take_scheme(struct bytes *rest, const char *scheme)
{
    const struct bytes wanted = bytes_from_string(scheme);

    if (!bytes_have_prefix(*rest, wanted)) {
        return false;
    }
    rest->data += wanted.count;
    rest->count -= wanted.count;
    return true;
}

static struct bytes take_part(struct bytes *rest)
{
    struct bytes part = {.data = rest->data, .count = 0};

    while (part.count < rest->count && rest->data[part.count] != '/') {
        part.count++;
    }
    const size_t skipped = part.count + (part.count < rest->count ? 1 : 0);
    rest->data += skipped;
    rest->count -= skipped;
    return part;
}

/* A bucket or a region becomes part of a host's name. */
static bool copy_name(struct bytes part, char ret_name[STORE_NAME_BYTES_MAX])
{
    if (part.count < 2 || part.count >= STORE_NAME_BYTES_MAX || part.data[0] == '-' ||
        part.data[0] == '.' || part.data[part.count - 1] == '-' ||
        part.data[part.count - 1] == '.') {
        return false;
    }
    for (size_t i = 0; i < part.count; i++) {
        const uint8_t c = part.data[i];
        const bool is_dot_pair = c == '.' && part.data[i - 1] == '.';
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.') ||
            is_dot_pair) {
            return false;
        }
        ret_name[i] = (char)c;
    }
    ret_name[part.count] = '\0';
    return true;
}

static bool is_plain_path(struct bytes path)
{
    struct bytes rest = path;

    for (size_t i = 0; i < path.count; i++) {
        if (path.data[i] < ' ' || path.data[i] > '~') {
            return false;
        }
    }
    while (rest.count > 0) {
        const struct bytes part = take_part(&rest);
        if (bytes_equal(part, bytes_from_string(".")) ||
            bytes_equal(part, bytes_from_string(".."))) {
            return false;
        }
    }
    return true;
}

/* Without slashes at its ends; what the reference agents write and read has none there. */
static bool copy_folder(struct bytes rest, char ret_folder[LOCATION_BYTES_MAX])
{
    while (rest.count > 0 && rest.data[rest.count - 1] == '/') {
        rest.count--;
    }
    if (rest.count >= LOCATION_BYTES_MAX || !is_plain_path(rest) ||
        (rest.count > 0 && rest.data[0] == '/')) {
        return false;
    }
    if (rest.count > 0) {
        memcpy(ret_folder, rest.data, rest.count);
    }
    ret_folder[rest.count] = '\0';
    return true;
}

/* What is announced may name the announcement's own object, which is not part of the folder. */
static struct bytes without_announcement(struct bytes rest)
{
    const struct bytes name = bytes_from_string("gcsAnnouncementKey");

    if (rest.count >= name.count &&
        bytes_equal(bytes_from(rest.data + rest.count - name.count, name.count), name) &&
        (rest.count == name.count || rest.data[rest.count - name.count - 1] == '/')) {
        rest.count -= name.count;
    }
    return rest;
}

enum status store_location_parse(struct bytes text, struct store_location *ret_location)
{
    struct store_location location;
    struct bytes rest = text;
    bool good = false;

    memset(&location, 0, sizeof(location));
    if (text.count > LOCATION_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    if (take_scheme(&rest, "file://")) {
        location.kind = STORE_FOLDER;
        good = rest.count >= 2 && rest.count < LOCATION_BYTES_MAX && rest.data[0] == '/' &&
               is_plain_path(rest);
        if (good) {
            memcpy(location.folder, rest.data, rest.count);
        }
    } else if (take_scheme(&rest, "s3://")) {
        location.kind = STORE_S3;
        good = copy_name(take_part(&rest), location.bucket) &&
               copy_name(take_part(&rest), location.region) && copy_folder(rest, location.folder);
    } else if (take_scheme(&rest, "gs://")) {
        location.kind = STORE_GCS;
        good = copy_name(take_part(&rest), location.bucket) &&
               copy_folder(without_announcement(rest), location.folder);
    } else {
        return STATUS_UNSUPPORTED;
    }
    if (!good) {
        return STATUS_MALFORMED;
    }
    *ret_location = location;
    return STATUS_OK;
}

/* ---- names ---- */

void store_object_name(enum store_kind kind, enum store_object object, uint32_t index,
                       char ret_name[STORE_OBJECT_BYTES_MAX])
{
    const char *name = NULL;

    switch (object) {
    case STORE_OBJECT_CHECKPOINT:
        (void)snprintf(ret_name, STORE_OBJECT_BYTES_MAX, "%s%" PRIu32 "_with_id.json",
                       kind == STORE_FOLDER ? "" : "checkpoint_", index);
        return;
    case STORE_OBJECT_NEWEST:
        name = kind == STORE_FOLDER ? "index.json"
               : kind == STORE_S3   ? "checkpoint_latest_index.json"
                                    : "gcsLatestIndexKey";
        break;
    case STORE_OBJECT_ANNOUNCEMENT:
        name = kind == STORE_GCS ? "gcsAnnouncementKey" : "announcement.json";
        break;
    case STORE_OBJECT_METADATA:
        name = kind == STORE_GCS ? "gcsMetadataKey" : "metadata_latest.json";
        break;
    case STORE_OBJECT_REORG:
        name = kind == STORE_GCS ? "gcsReorgFlagKey" : "reorg_flag.json";
        break;
    }
    CHECK(name != NULL);
    (void)snprintf(ret_name, STORE_OBJECT_BYTES_MAX, "%s", name);
}

/* ---- addresses ---- */

struct url_writer {
    char *text;
    size_t count;
    bool overrun;
};

static void put_char(struct url_writer *writer, char c)
{
    if (writer->count + 1 >= STORE_URL_BYTES_MAX) {
        writer->overrun = true;
        return;
    }
    writer->text[writer->count++] = c;
    writer->text[writer->count] = '\0';
}

static void put_text(struct url_writer *writer, const char *text)
{
    for (; *text != '\0'; text++) {
        put_char(writer, *text);
    }
}

/* Everything but unreserved characters and the slash (RFC 3986). */
static void put_encoded(struct url_writer *writer, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~' || c == '/') {
            put_char(writer, (char)c);
        } else {
            put_char(writer, '%');
            put_char(writer, digits[c >> 4]);
            put_char(writer, digits[c & 15]);
        }
    }
}

enum status store_object_url(const struct store_location *location, const char *endpoint,
                             const char *name, char ret_url[STORE_URL_BYTES_MAX])
{
    struct url_writer writer = {.text = ret_url};

    if (location->kind == STORE_FOLDER) {
        return STATUS_UNSUPPORTED;
    }
    if (endpoint[0] != '\0') {
        put_text(&writer, endpoint);
        put_char(&writer, '/');
        put_text(&writer, location->bucket);
    } else if (location->kind == STORE_GCS) {
        put_text(&writer, "https://storage.googleapis.com/");
        put_text(&writer, location->bucket);
    } else if (strpbrk(location->bucket, "._") != NULL) {
        /* No certificate covers such a bucket as a host of its own. */
        put_text(&writer, "https://s3.");
        put_text(&writer, location->region);
        put_text(&writer, ".amazonaws.com/");
        put_text(&writer, location->bucket);
    } else {
        put_text(&writer, "https://");
        put_text(&writer, location->bucket);
        put_text(&writer, ".s3.");
        put_text(&writer, location->region);
        put_text(&writer, ".amazonaws.com");
    }
    put_char(&writer, '/');
    if (location->folder[0] != '\0') {
        put_encoded(&writer, location->folder);
        put_char(&writer, '/');
    }
    put_encoded(&writer, name);
    return writer.overrun ? STATUS_FULL : STATUS_OK;
}
