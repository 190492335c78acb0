/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seeds of fuzz_wire and fuzz_policy: corpus_signer DIR makes DIR/wire and DIR/policy.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/signer_fixture.h"

static int write_seed(const char *folder, const char *target, const char *name, uint8_t head,
                      struct bytes body)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, target);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return 1;
    }
    const bool written =
        fputc(head, file) != EOF && fwrite(body.data, 1, body.count, file) == body.count;
    return fclose(file) == 0 && written ? 0 : 1;
}

/* One request: as a body, as a stream of small pieces, and as a transaction for the policy. */
static int write_request(const char *folder, const char *name, const struct wire_request *request)
{
    static uint8_t memory[WIRE_READER_BYTES];
    char stream[64];
    struct buffer frame = buffer_from(memory, sizeof(memory));
    if (wire_encode_request(request, &frame) != STATUS_OK) {
        return 1;
    }
    (void)snprintf(stream, sizeof(stream), "%s_stream", name);
    int failed =
        write_seed(folder, "wire", name, 0,
                   bytes_from(memory + WIRE_HEADER_BYTES, frame.count - WIRE_HEADER_BYTES));
    failed |= write_seed(folder, "wire", stream, 6, buffer_bytes(&frame));
    if (request->ask == WIRE_ASK_TRANSACTION) {
        failed |= write_seed(folder, "policy", name,
                             request->transaction.leg_kind == LEG_BATCH      ? 5
                             : request->transaction.leg_kind == LEG_CROSSING ? 7
                             : request->transaction.leg_kind == LEG_SETTLE   ? 8
                             : request->transaction.leg_kind == LEG_HUB
                                 ? 9
                                 : (uint8_t)(request->transaction.leg_kind - LEG_PROCESS),
                             request->transaction.transaction);
    }
    return failed;
}

static int write_reply(const char *folder, const char *name, const struct wire_reply *reply)
{
    static uint8_t memory[WIRE_READER_BYTES];
    struct buffer frame = buffer_from(memory, sizeof(memory));
    if (wire_encode_reply(reply, &frame) != STATUS_OK) {
        return 1;
    }
    return write_seed(folder, "wire", name, 0,
                      bytes_from(memory + WIRE_HEADER_BYTES, frame.count - WIRE_HEADER_BYTES));
}

static int write_transactions(const char *folder)
{
    static struct fixture_transaction made;
    const struct address key = fixture_address(0x77);
    int failed = 0;
    fixture_process(&made, 1);
    struct wire_request request = fixture_request(&made, LEG_PROCESS, &key);
    failed |= write_request(folder, "process", &request);
    fixture_rebalance(&made, 2, FIXTURE_OTHER_DOMAIN, 1000);
    request = fixture_request(&made, LEG_REBALANCE, &key);
    failed |= write_request(folder, "rebalance", &request);
    const struct hash mandate = {.bytes = {0x4d}};
    fixture_guarded(&made, 2, 1000, &mandate);
    request = fixture_request(&made, LEG_REBALANCE, &key);
    failed |= write_request(folder, "guarded", &request);
    fixture_venue(&made, 2, VENUE_DEPOSIT, 0, 1000, &mandate);
    request = fixture_request(&made, LEG_VENUE, &key);
    failed |= write_request(folder, "venue", &request);
    fixture_crossing(&made, 2, FIXTURE_OTHER_DOMAIN, 1000, &mandate);
    request = fixture_request(&made, LEG_CROSSING, &key);
    failed |= write_request(folder, "crossing", &request);
    fixture_settle(&made, 2, FIXTURE_OTHER_DOMAIN);
    request = fixture_request(&made, LEG_SETTLE, &key);
    failed |= write_request(folder, "settle", &request);
    fixture_pay_hub(&made, 2, 1000, &mandate);
    request = fixture_request(&made, LEG_HUB, &key);
    failed |= write_request(folder, "pay_hub", &request);
    fixture_announce(&made, 3);
    request = fixture_request(&made, LEG_ANNOUNCE, &key);
    failed |= write_request(folder, "announce", &request);
    fixture_batch(&made, 5, 2);
    request = fixture_request(&made, LEG_BATCH, &key);
    failed |= write_request(folder, "batch", &request);
    fixture_cancel(&made, 4, &key);
    request = fixture_request(&made, LEG_CANCEL, &key);
    return failed | write_request(folder, "cancel", &request);
}

static int write_others(const char *folder)
{
    struct wire_request request = {.id = 1, .ask = WIRE_ASK_HELLO};
    int failed = write_request(folder, "hello", &request);
    request.ask = WIRE_ASK_CHECKPOINT;
    request.checkpoint.domain = FIXTURE_DOMAIN;
    request.checkpoint.tree_hook = fixture_address(FIXTURE_HOOK);
    request.checkpoint.key = fixture_address(0x78);
    request.checkpoint.checkpoint.index = 9;
    failed |= write_request(folder, "checkpoint", &request);
    request = (struct wire_request){.id = 2, .ask = WIRE_ASK_ANNOUNCEMENT};
    request.announcement.domain = FIXTURE_DOMAIN;
    request.announcement.location = bytes_from_string("file:///var/lib/x");
    failed |= write_request(folder, "announcement", &request);
    request = (struct wire_request){.id = 6, .ask = WIRE_ASK_LOOKUP};
    request.lookup.domain = FIXTURE_DOMAIN;
    request.lookup.url = bytes_from_string("https://example.org/{sender}");
    request.lookup.call_data = bytes_from_string("what");
    failed |= write_request(folder, "lookup", &request);

    struct wire_reply reply = {.id = 3, .outcome = OUTCOME_OK, .answer = WIRE_ANSWER_SIGNATURE};
    memset(reply.signature.bytes, 0x5a, sizeof(reply.signature.bytes));
    failed |= write_reply(folder, "signature", &reply);
    reply = (struct wire_reply){.id = 4, .outcome = OUTCOME_OK, .answer = WIRE_ANSWER_IDENTITY};
    reply.identity.protocol = WIRE_PROTOCOL;
    reply.identity.mode = SIGNER_MODE_ACT;
    reply.identity.version = bytes_from_string("0.1.0");
    reply.identity.keys_count = 2;
    reply.identity.keys[0].chain = true;
    failed |= write_reply(folder, "identity", &reply);
    reply = (struct wire_reply){
        .id = 5, .outcome = OUTCOME_REFUSED, .reason = bytes_from_string("no rule")};
    return failed | write_reply(folder, "refused", &reply);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: corpus_signer DIR\n");
        return 2;
    }
    return write_transactions(argv[1]) | write_others(argv[1]);
}
