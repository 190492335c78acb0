/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs that change a journal's directory share. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "relay/cli/cli.h"
#include "relay/cli/journal/journal_internal.h"

enum status journal_cli_open_writing(const char *path, struct journal **ret_journal)
{
    const struct journal_options options = {.path = path};
    char data[PATH_MAX];
    struct stat state;
    const int length = snprintf(data, sizeof(data), "%s/data.mdb", path);

    if (length < 0 || (size_t)length >= sizeof(data)) {
        return STATUS_IO;
    }
    /* Opening for writing would make one. */
    if (stat(data, &state) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_IO;
    }
    return journal_open_lmdb(&options, ret_journal);
}

int journal_cli_refuse(const char *verb, const char *path, enum status status)
{
    switch (status) {
    case STATUS_NOT_FOUND:
        cli_say(verb, "there is no journal in %s", path);
        return EXIT_NEGATIVE;
    case STATUS_BUSY:
        cli_say(verb, "a node is writing %s: stop it first", path);
        return EXIT_FENCED;
    case STATUS_READ_ONLY:
        cli_say(verb, "%s may not be written; 'sluice journal rebuild OUT --from %s' makes another",
                path, path);
        return EXIT_USAGE;
    case STATUS_NO_SPACE:
        cli_say(verb, "the disk is full: what it makes needs room beside what is there");
        return EXIT_TEMPORARY;
    case STATUS_CORRUPT:
        cli_say(verb, "%s does not hold a journal, or one whose last records are damaged", path);
        return EXIT_INTEGRITY;
    case STATUS_VERSION:
        cli_say(verb, "%s was written by another version of sluice", path);
        return EXIT_USAGE;
    case STATUS_OK:
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
    case STATUS_IO:
    case STATUS_MALFORMED:
    case STATUS_OVERFLOW:
    case STATUS_REFUSED:
    case STATUS_UNSUPPORTED:
    case STATUS_TIMEOUT:
    case STATUS_UNREACHABLE:
        break;
    }
    cli_say(verb, "%s: %s", path, status_name(status));
    return EXIT_TEMPORARY;
}
