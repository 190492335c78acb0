/* SPDX-License-Identifier: Apache-2.0 */
/* proto/wire.h: what the node asks its signer, what the signer answers, and the frames both travel
 * in over a Unix stream socket.
 *
 * A frame is a u32 big-endian count (1 to WIRE_FRAME_BYTES_MAX) and that many bytes of protobuf
 * (proto/sluice/v1/signer.proto). Replies carry the id of their request and may come in another
 * order. Both sides treat the other as hostile: every length is bounded before it is believed,
 * unknown fields and unknown enum values are STATUS_MALFORMED, and after STATUS_MALFORMED the
 * connection is to be closed, because the stream has no place to resume from.
 *
 * Promises, tested by tests/unit/test_wire.c and tests/fuzz/fuzz_wire.c:
 *   1. decode(encode(x)) gives x.
 *   2. Decoding takes memory from the arena given and nowhere else.
 *   3. A reader never holds more than the memory it was given.
 *
 * Threads: none; pure values. Memory: pointers in a decoded struct are borrowed from its arena
 * until the arena is used again. Nothing here allocates. */
#ifndef SLUICE_PROTO_WIRE_H
#define SLUICE_PROTO_WIRE_H

#include "relay/base/approval.h"
#include "relay/core/command.h"
#include "relay/core/event.h"

#define WIRE_PROTOCOL              1u /* HELLO names it; another number is not spoken to */
#define WIRE_FRAME_BYTES_MAX       (128u << 10)
#define WIRE_HEADER_BYTES          4u
#define WIRE_READER_BYTES          (WIRE_HEADER_BYTES + WIRE_FRAME_BYTES_MAX)
#define WIRE_ARENA_BYTES           (256u << 10)
#define WIRE_TRANSACTION_BYTES_MAX 65535u
#define WIRE_FAMILY_BYTES_MAX      16u
#define WIRE_VERSION_BYTES_MAX     64u
#define WIRE_KEYS_MAX              64u
#define WIRE_LOG_HASHES_MAX        64u
#define WIRE_LOG_KEY_BYTES_MAX     320u

/* stored: never renumber */
enum wire_ask {
    WIRE_ASK_HELLO = 1,        /* who are you: protocol, mode, version, keys */
    WIRE_ASK_TRANSACTION = 2,  /* sign an unsigned transaction for a leg */
    WIRE_ASK_CHECKPOINT = 3,   /* sign a checkpoint of an origin */
    WIRE_ASK_ANNOUNCEMENT = 4, /* sign where checkpoints are published */
    WIRE_ASK_LOOKUP = 200,     /* sign a question to a server that proves to a module */
    WIRE_ASK_LOG_HEAD = 30,    /* what did you sign last of the journal's log */
    WIRE_ASK_LOG_SIGN = 31,    /* sign a checkpoint of the journal's log */
};

/* stored: never renumber */
enum signer_mode {
    SIGNER_MODE_OBSERVE = 1, /* moves no capital; delivers messages and validates */
    SIGNER_MODE_PROPOSE = 2, /* moves capital with an approver's signature */
    SIGNER_MODE_ACT = 3,     /* moves capital inside its own bounds */
};

struct wire_request {
    uint64_t id; /* chosen by the asker; the reply repeats it */
    enum wire_ask ask;
    union {
        struct {
            uint32_t domain;
            struct bytes family; /* the adapter's name, "evm": how `transaction` is encoded */
            struct address key;
            enum leg_kind leg_kind;
            struct hash leg_id;
            uint32_t attempt;
            struct bytes transaction; /* unsigned; at most WIRE_TRANSACTION_BYTES_MAX */
            /* Of a LEG_REBALANCE: what relay/base/approval.h packs; empty: none. At most
             * APPROVAL_BYTES_MAX. */
            struct bytes plan;
        } transaction;
        struct {
            uint32_t domain; /* the origin */
            struct address tree_hook;
            struct address key;
            struct checkpoint checkpoint;
        } checkpoint;
        struct {
            uint32_t domain; /* the origin */
            struct address mailbox;
            struct address key;
            struct bytes location; /* at most LOCATION_BYTES_MAX */
        } announcement;
        struct {
            uint32_t domain; /* the destination */
            struct address key;
            struct address sender;  /* the module, as it names itself */
            struct bytes url;       /* the template; at most LOOKUP_URL_BYTES_MAX */
            struct bytes call_data; /* at most LOOKUP_DATA_BYTES_MAX */
        } lookup;
        struct {
            uint64_t old_size; /* what the signer signed last */
            uint64_t size;
            struct hash root;
            struct bytes hashes; /* from old_size to size: at most WIRE_LOG_HASHES_MAX, 32 bytes
                                    each, one behind the other */
        } log_sign;
    };
};

struct wire_key {
    struct address address;
    bool chain;     /* sends transactions */
    bool validator; /* signs checkpoints and announcements */
};

struct wire_identity {
    uint32_t protocol;
    enum signer_mode mode;
    struct bytes version; /* of the binary, for people; at most WIRE_VERSION_BYTES_MAX */
    struct wire_key keys[WIRE_KEYS_MAX];
    uint32_t keys_count;
};

/* Of the signer of a journal's log. */
struct wire_log_state {
    struct bytes key; /* as text (store/note.h); at most WIRE_LOG_KEY_BYTES_MAX */
    uint64_t size;    /* 0: it signed nothing yet */
    struct hash root;
};

/* stored: never renumber. What a reply with OUTCOME_OK carries. */
enum wire_answer {
    WIRE_ANSWER_NONE = 0, /* refused or unknown: `reason` says why */
    WIRE_ANSWER_SIGNATURE = 1,
    WIRE_ANSWER_IDENTITY = 2,
    WIRE_ANSWER_LOG_STATE = 30,
    WIRE_ANSWER_LOG_SIGNATURE = 31,
};

struct wire_reply {
    uint64_t id;
    /* OK; REFUSED: a rule said no; UNKNOWN: the signer's own record failed, try again */
    enum outcome outcome;
    struct bytes reason;     /* for people; at most REASON_BYTES_MAX; empty with OUTCOME_OK */
    enum wire_answer answer; /* NONE exactly when the outcome is not OK */
    union {
        struct signature signature; /* over the digest that the request describes */
        struct wire_identity identity;
        struct wire_log_state log_state;
        uint8_t log_signature[64]; /* Ed25519, over the checkpoint's text */
    };
};

/* Memory for one decoded request or reply. */
struct wire_arena {
    _Alignas(16) uint8_t bytes[WIRE_ARENA_BYTES];
    size_t used;
};

/* Append one whole frame. STATUS_FULL: no room in the buffer, which is unchanged. Values beyond the
 * bounds above are the caller's bug. */
MUST_USE enum status wire_encode_request(const struct wire_request *request, struct buffer *buffer);
MUST_USE enum status wire_encode_reply(const struct wire_reply *reply, struct buffer *buffer);

/* Read the body of one frame (without its count). The arena is emptied first.
 * STATUS_MALFORMED: not such a message, or beyond a bound. */
MUST_USE enum status wire_decode_request(struct bytes frame, struct wire_arena *arena,
                                         struct wire_request *ret_request);
MUST_USE enum status wire_decode_reply(struct bytes frame, struct wire_arena *arena,
                                       struct wire_reply *ret_reply);

/* Takes frames out of a stream that arrives in pieces:
 *
 *     uint8_t *space;
 *     const size_t room = wire_reader_space(&reader, &space);
 *     const ssize_t got = read(fd, space, room);
 *     wire_reader_arrived(&reader, (size_t)got);
 *     while (wire_reader_next(&reader, &frame) == STATUS_OK) { ... } */
struct wire_reader {
    struct buffer buffer;
    size_t taken; /* bytes at the front that were given out already */
};

/* `capacity` is at least WIRE_READER_BYTES. The memory is borrowed for the reader's life. */
void wire_reader_init(struct wire_reader *reader, void *memory, size_t capacity);
/* Where the next bytes go, and how many fit: 0 only while a whole frame waits to be taken. Ends the
 * frame borrowed last. */
size_t wire_reader_space(struct wire_reader *reader, uint8_t **ret_space);
void wire_reader_arrived(struct wire_reader *reader, size_t count);
/* The next whole frame's body, borrowed until wire_reader_space. STATUS_NOT_FOUND: more bytes are
 * needed. STATUS_MALFORMED: a count of 0 or above WIRE_FRAME_BYTES_MAX: close the connection. */
MUST_USE enum status wire_reader_next(struct wire_reader *reader, struct bytes *ret_frame);

#endif
