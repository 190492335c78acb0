/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/config/config_reading.h: one reading of a configuration file: values from text, and
 * the place of the first mistake. Only config.c and its parts include this.
 *
 * The first error stays, and what is read after it means nothing. Threads: none. */
#ifndef SLUICE_RELAY_NODE_CONFIG_CONFIG_READING_H
#define SLUICE_RELAY_NODE_CONFIG_CONFIG_READING_H

#include <limits.h>

#include "relay/node/config/config.h"

#define WHERE_BYTES_MAX 96u

struct file_config;
struct file_chain;

struct reading {
    const struct settings *settings;
    struct settings_error *error;
    enum status status;
    char folder[PATH_MAX]; /* of the file, for relative paths */
    char where[WHERE_BYTES_MAX];
};

/* Where the next keys are, such as "chains[1]". */
void reading_at(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool reading_failed(const struct reading *reading);
/* `"key" what`, at the present place; the first one stays. */
void reading_refuse(struct reading *reading, const char *key, enum status status, const char *what);
/* The text, or what stands where the key is absent. */
const char *reading_given(const char *text, const char *otherwise);

void reading_name(struct reading *reading, const char *key, const char *text,
                  char ret_name[NAME_BYTES_MAX]);
bool reading_flag(struct reading *reading, const char *key, const char *text);
uint64_t reading_count(struct reading *reading, const char *key, const char *text, uint64_t minimum,
                       uint64_t maximum);
uint64_t reading_size(struct reading *reading, const char *key, const char *text);
struct address reading_address(struct reading *reading, const char *key, const char *text);
struct amount reading_native(struct reading *reading, const char *key, const char *text);
struct duration reading_duration(struct reading *reading, const char *key, const char *text);
struct bps reading_share(struct reading *reading, const char *key, const char *text);
void reading_path(struct reading *reading, const char *key, const char *text, size_t capacity,
                  char *ret_path);

/* ---- parts ---- */

/* After the chain's endpoints. */
void config_read_limits(struct reading *reading, const struct file_chain *file,
                        struct node_chain *chain);
/* Accounts, fees and limits of transactions. */
void config_read_sending(struct reading *reading, const struct file_chain *file,
                         struct core_chain *core, struct node_chain *chain);
void config_read_policy(struct reading *reading, const struct file_config *file,
                        struct core_policy *policy);
/* What deliveries may cost and must bring, after the lists and the chains. */
void config_read_rates(struct reading *reading, const struct file_config *file,
                       struct core_config *core);
/* The rules of a matching list in `key`: JSON, or the path of a file that holds it. */
void config_read_list(struct reading *reading, const char *key, const char *text,
                      const struct core_rule *like, struct core_policy *policy);
/* The domain of the chain of this name; 0: refused. */
uint32_t config_read_chain_name(struct reading *reading, const struct core_config *core,
                                const char *name);
/* Assets, routers and limits by the mandate in force; nothing where the file names none. The mode
 * has been read. */
void config_read_mandate(struct reading *reading, const struct file_config *file,
                         struct node_config *config);
void config_read_log(struct reading *reading, const struct file_config *file, struct node_log *log);
void config_read_alerts(struct reading *reading, const struct file_config *file,
                        struct node_alerts *alerts);
/* The port of `listen` in `site`; 0: there is none. After the log. */
uint16_t config_read_site(struct reading *reading, const struct file_config *file,
                          const struct node_log *log, struct node_site *ret_site);

#endif
