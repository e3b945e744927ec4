/* SPDX-License-Identifier: Apache-2.0 */
/* A member that breaks the protocol inside the session. */
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/prng.h"
#include "tests/scenarios/tools/hostile.h"

enum {
    STRANGE_TYPE = 200,
    WANT_LOGS = 8192,
    CLOCK_LOGS = 8000,
    PINGS_AT_ONCE = 4096,
    WORDS_AT_ONCE = 256
};

/* A frame's head that promises 16 MiB. */
enum answer
hostile_frame(struct hostile *h)
{
    static const uint8_t head[] = {FRAME_ENTRIES, 0xff, 0xff, 0xff};
    struct talk talk;
    enum answer answer = ANSWER_FAILED;

    if (talk_open_member(&talk, h, &answer)) {
        buf_put(&talk.link.frames, head, sizeof(head));
        answer =
            talk_flush(&talk) ? talk_listen(&talk, h, NULL) : ANSWER_CLOSED;
    }
    talk_close(&talk);
    return answer;
}

static bool
has_clock(const struct talk *talk)
{
    return talk->clock.size > 0;
}

/* Many large frames of types to come: they are to be skipped. */
enum answer
hostile_strange_frames(struct hostile *h)
{
    uint8_t *bytes = mem_zalloc(1, FRAME_OTHER_BYTES_MAX);
    struct talk talk;
    enum answer answer = ANSWER_FAILED;
    bool is_open = bytes != NULL && talk_open_member(&talk, h, &answer);

    for (uint64_t i = 0; is_open && i < h->count; i++) {
        buf_put_u8(&talk.link.frames, STRANGE_TYPE);
        buf_put_u8(&talk.link.frames, FRAME_OTHER_BYTES_MAX >> 16);
        buf_put_u16(&talk.link.frames, FRAME_OTHER_BYTES_MAX & 0xffff);
        buf_put(&talk.link.frames, bytes, FRAME_OTHER_BYTES_MAX);
        is_open = talk_flush(&talk);
    }
    if (is_open) {
        answer = talk_listen(&talk, h, has_clock);
    }
    talk_close(&talk);
    mem_free(bytes);
    return answer;
}

/* Pings without end, and never a look at what comes back. */
enum answer
hostile_pings(struct hostile *h)
{
    struct talk talk;
    enum answer answer = ANSWER_FAILED;
    bool is_open = talk_open_member(&talk, h, &answer);

    for (uint64_t i = 0; is_open && i < h->count; i++) {
        frame_put(&talk.link.frames, FRAME_PING, bytes_of(NULL, 0));
        if (i % PINGS_AT_ONCE == 0) {
            is_open = talk_flush(&talk);
        }
    }
    talk_close(&talk);
    return is_open ? ANSWER_IGNORED : ANSWER_CLOSED;
}

/* Of a log that the daemon knows, so that it has to look at each. */
static void
put_word(struct buf *out, struct hostile *h, struct prng *prng, uint64_t turn)
{
    static const struct {
        enum frame_type type;
        size_t size;
    } words[] = {{FRAME_HEAD, FRAME_HEAD_WORD_BYTES},
        {FRAME_FORK, EVIDENCE_BYTES_MIN}, {FRAME_VOUCH, COSIGNATURE_BYTES}};
    struct log_id log = {h->node->home.node, LOG_CONTROL};
    uint8_t payload[EVIDENCE_BYTES_MIN];

    prng_fill(prng, payload, sizeof(payload));
    log_id_encode(payload, &log);
    /* Sizes that there can be, and no hashes. */
    memset(payload + 33, 0, 7);
    memset(payload + 65, 0, 7);
    memset(payload + 137, 0, 7);
    payload[EVIDENCE_BYTES_MIN - 1] = 0;
    frame_put(
        out, words[turn % 3].type, bytes_of(payload, words[turn % 3].size));
}

/* Heads, evidence and vouches without end, none of which verifies. */
enum answer
hostile_words(struct hostile *h)
{
    struct prng prng = prng_init(prng_seed(4));
    struct talk talk;
    enum answer answer = ANSWER_FAILED;
    bool is_open = talk_open_member(&talk, h, &answer);

    for (uint64_t i = 0; is_open && i < h->count; i++) {
        put_word(&talk.link.frames, h, &prng, i);
        if (i % WORDS_AT_ONCE == 0) {
            is_open = talk_flush(&talk);
        }
    }
    if (is_open) {
        answer = talk_flush(&talk) ? talk_listen(&talk, h, has_clock)
                                   : ANSWER_CLOSED;
    }
    talk_close(&talk);
    return answer;
}

/* Wants that name thousands of made-up logs, again and again. */
enum answer
hostile_wants(struct hostile *h)
{
    struct prng prng = prng_init(prng_seed(2));
    struct log_id *logs = mem_zalloc(WANT_LOGS, sizeof(*logs));
    struct frame_want want = {.hold = true, .logs = logs, .count = WANT_LOGS};
    struct buf payload = {0};
    struct talk talk;
    enum answer answer = ANSWER_FAILED;
    bool is_open = logs != NULL && talk_open_member(&talk, h, &answer);

    for (uint64_t i = 0; is_open && i < h->count; i++) {
        uint64_t start = prng_next(&prng) >> 16;

        for (uint64_t n = 0; n < WANT_LOGS; n++) {
            prng_fill(&prng, logs[n].node.bytes, sizeof(logs[n].node.bytes));
            /* Ascending. */
            for (size_t b = 0; b < 8; b++) {
                logs[n].node.bytes[b] = (uint8_t)((start + n) >> (56 - 8 * b));
            }
        }
        buf_clear(&payload);
        frame_want_encode(&payload, &want);
        frame_put(&talk.link.frames, FRAME_WANT, buf_bytes(&payload));
        is_open = talk_flush(&talk);
    }
    if (is_open) {
        answer = talk_listen(&talk, h, has_clock);
    }
    talk_close(&talk);
    buf_release(&payload);
    mem_free(logs);
    return answer;
}

/* A clock that counts thousands of logs which nobody has. */
enum answer
hostile_clock(struct hostile *h)
{
    static const uint8_t no_logs[] = {0x80};
    struct prng prng = prng_init(prng_seed(3));
    struct log_table logs = {0};
    struct vclock clock = {0};
    struct buf full = {0};
    struct buf delta = {0};
    struct buf payload = {0};
    struct frame_clock frame = {.has_base = true};
    struct talk talk;
    enum answer answer = ANSWER_FAILED;
    bool is_open = talk_open_member(&talk, h, &answer);

    for (size_t i = 0; i < CLOCK_LOGS; i++) {
        struct log_id id = {.kind = LOG_CHANGES};
        uint32_t log = 0;

        prng_fill(&prng, id.node.bytes, sizeof(id.node.bytes));
        if (log_table_add(&logs, &id, &log) == ERR_OK) {
            err_ignore(vclock_raise(&clock, log, LOG_SIZE_MAX));
        }
    }
    vclock_name(&frame.base, bytes_of(no_logs, sizeof(no_logs)));
    if (is_open && vclock_encode(&full, &clock, &logs) == ERR_OK &&
        vclock_delta_encode(&delta, bytes_of(NULL, 0), buf_bytes(&full)) ==
            ERR_OK) {
        frame.delta = buf_bytes(&delta);
        frame_clock_encode(&payload, &frame);
        frame_put(&talk.link.frames, FRAME_CLOCK, buf_bytes(&payload));
        answer = talk_flush(&talk) ? talk_listen(&talk, h, has_clock)
                                   : ANSWER_CLOSED;
    }
    talk_close(&talk);
    buf_release(&full);
    buf_release(&delta);
    buf_release(&payload);
    vclock_release(&clock);
    log_table_release(&logs);
    return answer;
}
