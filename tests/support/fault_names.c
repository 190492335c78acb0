/* SPDX-License-Identifier: Apache-2.0 */
/* A name server that does not answer, for a program that is not ours to link: loaded before the C
 * library (LD_PRELOAD). Looking up a name below SLUICE_FAULT_NAMES takes SLUICE_FAULT_NAMES_SECONDS
 * and then fails; all others are looked up as ever. */
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_below(const char *name, const char *domain)
{
    const size_t name_count = strlen(name);
    const size_t count = strlen(domain);

    return name_count > count && strcmp(name + name_count - count, domain) == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_found)
{
    static __typeof__(&getaddrinfo) real;
    const char *domain = getenv("SLUICE_FAULT_NAMES");
    const char *seconds = getenv("SLUICE_FAULT_NAMES_SECONDS");

    if (real == NULL) {
        /* ISO C has no cast from data to function. */
        void *found = dlsym(RTLD_NEXT, "getaddrinfo");
        memcpy(&real, &found, sizeof(real));
    }
    if (name != NULL && domain != NULL && seconds != NULL && is_below(name, domain)) {
        (void)sleep((unsigned)strtoul(seconds, NULL, 10));
        return EAI_AGAIN;
    }
    return real(name, service, hints, ret_found);
}
