/* SPDX-License-Identifier: Apache-2.0 */
/* tests/support/cli_call.h: calls a verb of the command line in this process and keeps what it
 * printed. Threads: one. */
#ifndef SLUICE_TESTS_SUPPORT_CLI_CALL_H
#define SLUICE_TESTS_SUPPORT_CLI_CALL_H

#include <stddef.h>

/* Standard output and standard error, one after the other as they came; valid until the next call.
 */
struct cli_called {
    int code;
    const char *output;
};

/* `words` ends with NULL; the first is the verb's name. Stops the test when it cannot. */
struct cli_called cli_call(int (*verb)(int, char **), const char *const *words);

#define CLI_CALL(verb, ...) cli_call((verb), (const char *const[]){__VA_ARGS__, NULL})

#endif
