/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/status.h"

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_NOT_FOUND:
        return "not found";
    case STATUS_FULL:
        return "full";
    case STATUS_BUSY:
        return "busy";
    case STATUS_NO_MEMORY:
        return "no memory";
    case STATUS_NO_SPACE:
        return "no space";
    case STATUS_READ_ONLY:
        return "read only";
    case STATUS_IO:
        return "input or output error";
    case STATUS_MALFORMED:
        return "malformed";
    case STATUS_CORRUPT:
        return "corrupt";
    case STATUS_OVERFLOW:
        return "overflow";
    case STATUS_REFUSED:
        return "refused";
    case STATUS_UNSUPPORTED:
        return "unsupported";
    case STATUS_VERSION:
        return "unknown version";
    case STATUS_TIMEOUT:
        return "timeout";
    case STATUS_UNREACHABLE:
        return "unreachable";
    }
    return "unknown status";
}
