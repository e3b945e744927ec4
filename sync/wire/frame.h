/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two nodes say to each other: frames, in a byte stream that the link
 * carries, and the payloads of the two handshake messages
 * (docs/protocol.md, "Frames"). Bytes only: what they mean to a session is
 * the session's.
 *
 *   frame:  type u8 | length of the payload u24 | payload
 *
 *   type       payload
 *   ---------  ----------------------------------------------------------
 *   1 clock    CBOR [heard bstr(8) or null, taken uint, base bstr(8) or
 *              null, delta, marks bstr(24) or null]
 *   2 entries  one batch, as batch_encode writes it
 *   3 want     CBOR [hold bool, log id bstr(33)…], ids ascending
 *   4 join     a certificate
 *   5 level    CBOR [level uint]
 *   6 ping     nothing
 *   7 pong     nothing
 *   8 bye      CBOR [reason uint]
 *   9 head     log id (33) | head (104)
 *  10 fork     evidence: sync/model/evidence.h
 *  11 vouch    a cosignature: sync/model/cosign.h
 *
 * A type that is not in the table is skipped if its payload is at most
 * FRAME_OTHER_BYTES_MAX, so that later versions can add to it.
 */
#ifndef CORRIDOR_SYNC_WIRE_FRAME_H
#define CORRIDOR_SYNC_WIRE_FRAME_H

#include "crypto/base/buf.h"
#include "sync/model/cosign.h"
#include "sync/model/evidence.h"
#include "sync/model/log.h"
#include "sync/model/vclock.h"

enum frame_type {
    FRAME_CLOCK = 1,
    FRAME_ENTRIES = 2,
    FRAME_WANT = 3,
    FRAME_JOIN = 4,
    FRAME_LEVEL = 5,
    FRAME_PING = 6,
    FRAME_PONG = 7,
    FRAME_BYE = 8,
    FRAME_HEAD = 9,
    FRAME_FORK = 10,
    FRAME_VOUCH = 11
};

enum {
    FRAME_HEAD_BYTES = 4,
    FRAME_CLOCK_BYTES_MAX = VCLOCK_BYTES_MAX + 64,
    FRAME_ENTRIES_BYTES_MAX = LOG_BATCH_BYTES_MAX,
    FRAME_WANT_BYTES_MAX = 288 * 1024, /* LOG_TABLE_MAX ids */
    FRAME_JOIN_BYTES_MAX = CERT_BYTES_MAX,
    FRAME_SMALL_BYTES_MAX = 16, /* level, bye */
    FRAME_HEAD_WORD_BYTES = LOG_ID_BYTES + LOG_HEAD_BYTES,
    FRAME_MARK_BYTES = 8, /* of each of the three */
    FRAME_MARKS_BYTES = 3 * FRAME_MARK_BYTES,
    FRAME_OTHER_BYTES_MAX = 64 * 1024,
    FRAME_BYTES_MAX = FRAME_HEAD_BYTES + FRAME_ENTRIES_BYTES_MAX,
    HELLO_VERSION = 1
};

struct frame {
    uint8_t type; /* enum frame_type, or one to be skipped */
    struct bytes payload;
    size_t size; /* of the whole frame */
};

/* Append a frame to *out. The payload is within its type's limit. */
void frame_put(struct buf *out, enum frame_type type, struct bytes payload);

/*
 * The first frame of a stream; its payload is a view. ERR_NOT_FOUND: more
 * bytes are needed; ERR_TOO_BIG: the length is above its type's limit, which
 * is said as soon as the head is there.
 */
enum err frame_next(struct frame *out, struct bytes stream) MUST_USE;

/*
 * What a node holds beside the sizes that its clock counts, as names of 8
 * bytes: equal where both hold the same (docs/protocol.md, "Marks").
 */
struct frame_marks {
    uint8_t heads[FRAME_MARK_BYTES];
    uint8_t forks[FRAME_MARK_BYTES];
    uint8_t vouches[FRAME_MARK_BYTES];
};

/*
 * "My clock, and what I have taken from you." The clock is a delta to the one
 * that `base` names (null: to no logs), which this side sent before. No marks:
 * as they were told last.
 */
struct frame_clock {
    bool has_heard; /* else: I hold no clock of yours */
    struct vclock_name heard;
    uint64_t taken; /* entries frames of yours that I have dealt with */
    bool has_base;
    struct vclock_name base;
    struct bytes delta; /* as vclock_delta_encode writes it */
    bool has_marks;
    struct frame_marks marks;
};
void frame_clock_encode(struct buf *out, const struct frame_clock *clock);
/* ERR_MALFORMED. The delta is a view and only known to be valid CBOR. */
enum err frame_clock_decode(
    struct frame_clock *out, struct bytes payload) MUST_USE;

/* "Send me (or send me not) the entries of these logs." */
struct frame_want {
    bool hold;
    struct log_id *logs; /* ascending, each once */
    size_t count;
};
void frame_want_release(struct frame_want *want);
void frame_want_encode(struct buf *out, const struct frame_want *want);
/* ERR_MALFORMED, ERR_TOO_BIG, ERR_NOMEM. Release it. */
enum err frame_want_decode(
    struct frame_want *out, struct bytes payload) MUST_USE;

/* The level and bye payloads: an array of one small number. */
void frame_number_encode(struct buf *out, uint64_t number);
enum err frame_number_decode(uint64_t *out, struct bytes payload) MUST_USE;

/*
 * What the frontmost fields of an entries frame say, enough to decide
 * whether to hand it over: ERR_MALFORMED for an unknown kind of log, no or
 * too many entries, or a payload that cannot hold them.
 */
struct frame_entries {
    struct log_id log;
    uint64_t from;
    size_t count;
};
enum err frame_entries_peek(
    struct frame_entries *out, struct bytes payload) MUST_USE;

/* The head of a whole batch that was verified to be one: asserted. */
void frame_entries_head(struct head *out, struct bytes payload);

/* "This node says that this is a head of that log." */
void frame_head_encode(
    struct buf *out, const struct log_id *log, const struct head *head);
/* ERR_MALFORMED: another length, an unknown kind of log. */
enum err frame_head_decode(struct log_id *out_log, struct head *out_head,
    struct bytes payload) MUST_USE;

/*
 * The payload of message 1:
 *     CBOR [1, join bool, cert bstr or null, base bstr(8) or null,
 *           delta or null, marks bstr(24) or null]
 * A delta of null says that the clock follows in a clock frame.
 */
struct hello_first {
    bool is_join;
    struct bytes cert; /* empty: null */
    bool has_base;
    struct vclock_name base;
    bool has_delta;
    struct bytes delta;
    bool has_marks;
    struct frame_marks marks;
};
void hello_first_encode(struct buf *out, const struct hello_first *hello);
/* ERR_VERSION or ERR_MALFORMED. */
enum err hello_first_decode(
    struct hello_first *out, struct bytes payload) MUST_USE;

/*
 * The payload of message 2:
 *     CBOR [1, knows_base bool, base bstr(8) or null, delta or null,
 *           level uint, marks bstr(24) or null]
 */
struct hello_second {
    bool knows_base; /* the dialler's clock has been understood */
    bool has_base;
    struct vclock_name base;
    bool has_delta;
    struct bytes delta;
    uint64_t level; /* enum session_level: what the dialler may do */
    bool has_marks;
    struct frame_marks marks;
};
void hello_second_encode(struct buf *out, const struct hello_second *hello);
/* ERR_VERSION or ERR_MALFORMED. */
enum err hello_second_decode(
    struct hello_second *out, struct bytes payload) MUST_USE;

#endif
