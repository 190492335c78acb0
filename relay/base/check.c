/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *expression)
{
    (void)fprintf(stderr, "level=error event=check_failed at=%s:%d condition=\"%s\"\n", file, line,
                  expression);
    abort();
}
