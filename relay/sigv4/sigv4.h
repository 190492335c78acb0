/* SPDX-License-Identifier: Apache-2.0 */
/* relay/sigv4/sigv4.h: signs requests to S3-compatible stores and to key services (AWS Signature
 * Version 4), and reads the credentials it does so with. Pure: who has the text of a file and the
 * time gives it.
 *
 * Threads: none. Secrets are wiped where they are not needed any more. */
#ifndef SLUICE_RELAY_SIGV4_SIGV4_H
#define SLUICE_RELAY_SIGV4_SIGV4_H

#include <stdint.h>

#include "relay/base/bytes.h"

#define SIGV4_ID_BYTES_MAX     129u
#define SIGV4_SECRET_BYTES_MAX 257u
#define SIGV4_TOKEN_BYTES_MAX  4097u

struct sigv4_credentials {
    char access_key_id[SIGV4_ID_BYTES_MAX];
    char secret_access_key[SIGV4_SECRET_BYTES_MAX];
    char session_token[SIGV4_TOKEN_BYTES_MAX]; /* of temporary credentials; may be empty */
};

/* A file's text as other tools of AWS have it: lines "name = value" of aws_access_key_id,
 * aws_secret_access_key and aws_session_token; of several sections the one called `default`, or
 * the first. STATUS_MALFORMED: no credentials in it. */
MUST_USE enum status sigv4_credentials_parse(struct bytes text,
                                             struct sigv4_credentials *ret_credentials);
void sigv4_credentials_wipe(struct sigv4_credentials *credentials);

struct sigv4_header {
    const char *name; /* small letters */
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;  /* encoded as it is sent */
    const char *query; /* canonical already: sorted and encoded; may be empty */
    const char *region;
    const char *service;                /* "s3", "kms" */
    const struct sigv4_header *headers; /* all that are signed, with host, sorted by name */
    uint32_t headers_count;
    const char *payload_hash; /* 64 hexadecimal digits */
    uint64_t time_s;          /* since the Unix epoch */
};

#define SIGV4_TIME_BYTES 17u /* "20130524T000000Z" */
void sigv4_time(uint64_t time_s, char ret_text[SIGV4_TIME_BYTES]);
/* SHA-256 in hexadecimal. */
#define SIGV4_HASH_BYTES 65u
void sigv4_hash(struct bytes bytes, char ret_text[SIGV4_HASH_BYTES]);

/* The value of the Authorization header. STATUS_FULL: it does not fit. */
#define SIGV4_AUTHORIZATION_BYTES 1024u
MUST_USE enum status sigv4_authorize(const struct sigv4_credentials *credentials,
                                     const struct sigv4_request *request,
                                     char ret_text[SIGV4_AUTHORIZATION_BYTES]);

#endif
