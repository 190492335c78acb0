/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cli_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/base/check.h"

#define WORDS_MAX        32
#define OUTPUT_BYTES_MAX ((size_t)8 << 20)

struct cli_called cli_call(int (*verb)(int, char **), const char *const *words)
{
    static char *output;
    char *copies[WORDS_MAX + 1] = {NULL};
    char *argv[WORDS_MAX + 1] = {NULL};
    int argc = 0;

    if (output == NULL) {
        output = malloc(OUTPUT_BYTES_MAX);
        CHECK(output != NULL);
    }
    /* A verb may write into its words. */
    for (; words[argc] != NULL; argc++) {
        CHECK(argc < WORDS_MAX);
        copies[argc] = strdup(words[argc]);
        CHECK(copies[argc] != NULL);
        argv[argc] = copies[argc];
    }
    FILE *file = tmpfile();
    CHECK(file != NULL);
    (void)fflush(NULL);
    const int out = dup(STDOUT_FILENO);
    const int err = dup(STDERR_FILENO);
    CHECK(out >= 0 && err >= 0);
    CHECK(dup2(fileno(file), STDOUT_FILENO) >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    const int code = verb(argc, argv);
    (void)fflush(NULL);
    CHECK(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    const ssize_t count = pread(fileno(file), output, OUTPUT_BYTES_MAX - 1, 0);
    CHECK(count >= 0);
    output[count] = '\0';
    (void)fclose(file);
    (void)close(out);
    (void)close(err);
    for (int i = 0; i < argc; i++) {
        free(copies[i]);
    }
    return (struct cli_called){.code = code, .output = output};
}
