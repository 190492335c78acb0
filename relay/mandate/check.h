/* SPDX-License-Identifier: Apache-2.0 */
/* relay/mandate/check.h: what a mandate says against itself, and who enforces each of its lines.
 *
 * Threads: none. Memory: the caller's. */
#ifndef SLUICE_RELAY_MANDATE_CHECK_H
#define SLUICE_RELAY_MANDATE_CHECK_H

#include "relay/mandate/mandate.h"

#define MANDATE_FINDINGS_MAX 64u

/* A contradiction, and the line of the file that makes it one. */
struct mandate_finding {
    uint32_t line;
    char text[240]; /* what, and the rule */
};

struct mandate_findings {
    struct mandate_finding list[MANDATE_FINDINGS_MAX];
    uint32_t count; /* further ones are not kept */
};

void mandate_check(const struct mandate *mandate, struct mandate_findings *ret_findings);
/* What it leaves open that a contract would bound; no contradictions. */
void mandate_warn(const struct mandate *mandate, struct mandate_findings *ret_findings);

/* Bits of who enforces a line (MANDATE_BY_*, without MANDATE_BY_SIGNER_HOURLY) when node and signer
 * run under this mandate; 0: nobody does. */
uint32_t mandate_enforcers(const struct mandate *mandate, const struct mandate_line *line);
/* "core, signer", "core alone", "nobody yet: no such venue on this node". Static memory. */
const char *mandate_enforcers_text(uint32_t by);

#endif
