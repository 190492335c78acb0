/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/folder.h: a folder of a test's own, gone when the test is. */
#ifndef SLUICE_TESTS_SUPPORT_FOLDER_H
#define SLUICE_TESTS_SUPPORT_FOLDER_H

struct folder {
    char path[256];
};

/* Makes an empty folder under $TMPDIR or /tmp; CHECKs that it can. */
struct folder folder_make(void);
/* Removes it with all it holds. */
void folder_remove(const struct folder *folder);

#endif
