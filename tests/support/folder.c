/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/check.h"

struct folder folder_make(void)
{
    struct folder folder;
    const char *parent = getenv("TMPDIR");
    const int length = snprintf(folder.path, sizeof(folder.path), "%s/sluice-test-XXXXXX",
                                parent == NULL ? "/tmp" : parent);

    CHECK(length > 0);
    CHECK((size_t)length < sizeof(folder.path));
    CHECK(mkdtemp(folder.path) != NULL);
    return folder;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

void folder_remove(const struct folder *folder)
{
    CHECK(nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}
