/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/check.h: facts that only a bug can break.
 *
 * CHECK stays on in release builds and stops the process: a stopped node loses time, a confused one
 * loses money. SLOW_CHECK is for costly facts and is on in every build but release. One condition
 * per CHECK, without side effects. */
#ifndef SLUICE_RELAY_BASE_CHECK_H
#define SLUICE_RELAY_BASE_CHECK_H

/* Writes one line to standard error and aborts. */
_Noreturn void check_failed(const char *file, int line, const char *expression);

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#ifdef SLUICE_SLOW_CHECKS
#define SLOW_CHECK(condition) CHECK(condition)
#else
#define SLOW_CHECK(condition) ((void)sizeof(condition))
#endif

#endif
