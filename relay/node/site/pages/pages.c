/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/site/pages/pages.h"

#include <string.h>

#include "relay/node/site/pages/pages_internal.h"

static const char *type_of(const char *path)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
    };
    const char *ending = strrchr(path, '.');

    for (size_t i = 0; ending != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(ending, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

enum status pages_find(struct bytes path, struct page *ret_page)
{
    if (bytes_equal(path, bytes_from_string("/"))) {
        path = bytes_from_string("/index.html");
    }
    for (const struct pages_file *file = pages_files; file->path != NULL; file++) {
        if (bytes_equal(path, bytes_from_string(file->path))) {
            *ret_page = (struct page){.data = bytes_from(file->data, file->count),
                                      .content_type = type_of(file->path)};
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}
