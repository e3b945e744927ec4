/* SPDX-License-Identifier: Apache-2.0 */
/* What an end of the link does: its store and its session. */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/vouch.h"
#include "tests/bench/link_internal.h"

enum { SEGMENT_BYTES = 1400, WORDS_MAX = 64 };

static struct store *
store_of(const struct running *run, const struct end *end)
{
    return run->peers->f->offices[end->office].store;
}

struct view *
end_view(const struct running *run, const struct end *end)
{
    struct view *view = NULL;

    bench_must(view_open(&view, store_of(run, end), NULL), NULL, "view");
    return view;
}

struct session_clock
end_clock(const struct running *run, struct end *end, const struct view *view)
{
    struct session_clock clock = {
        .full = view_clock(view), .marks = &end->marks};

    if (run->options->clock != NULL) {
        return *run->options->clock;
    }
    static_assert(sizeof(end->marks) == MARKS_BYTES, "as the store has them");
    view_marks(view, (uint8_t *)&end->marks);
    clock.order = view_order(view, &clock.order_count);
    return clock;
}

static void
send_segment(
    struct running *run, struct end *end, const uint8_t *data, size_t size)
{
    double bits = run->options->bits_per_s;
    struct segment *segment = NULL;
    double start = end->free_ms > run->now_ms ? end->free_ms : run->now_ms;

    ck_assert_int_eq(mem_grow((void **)&end->segments, &end->capacity,
                         end->count + 1, sizeof(*end->segments)),
        ERR_OK);
    end->free_ms = bits > 0 ? start + (double)size * 8000 / bits : start;
    segment = &end->segments[end->count++];
    *segment = (struct segment){.start_ms = start,
        .due_ms = end->free_ms + run->options->delay_ms,
        .data = mem_copy(data, size),
        .size = size};
    ck_assert_ptr_nonnull(segment->data);
}

static void
send_bytes(struct running *run, struct end *end, struct bytes bytes)
{
    size_t most = run->options->bits_per_s > 0 ? SEGMENT_BYTES
                                               : SESSION_RECEIVED_BYTES_MAX;

    for (size_t at = 0; at < bytes.size; at += most) {
        size_t size = bytes.size - at < most ? bytes.size - at : most;

        send_segment(run, end, bytes.data + at, size);
    }
}

static void
keep_base(struct buf *out, struct bytes base)
{
    buf_clear(out);
    buf_put_bytes(out, base);
    ck_assert_int_eq(buf_err(out), ERR_OK);
}

static void
take_bases(struct running *run, struct end *end, const struct effect *effect)
{
    size_t n = end->office;

    if (effect->u.bases.sent.size > 0) {
        keep_base(&run->peers->bases[n].sent, effect->u.bases.sent);
    }
    if (effect->u.bases.heard.size > 0 &&
        !bytes_equal(
            buf_bytes(&run->peers->bases[n].heard[0]), effect->u.bases.heard)) {
        keep_base(&run->peers->bases[n].heard[1],
            buf_bytes(&run->peers->bases[n].heard[0]));
        keep_base(&run->peers->bases[n].heard[0], effect->u.bases.heard);
    }
}

static void
take_batch(struct running *run, struct end *end, struct bytes batch)
{
    buf_put_bytes(&end->inbox, batch);
    ck_assert_int_eq(mem_grow((void **)&end->batch_ends, &end->batch_capacity,
                         end->batch_count + 1, sizeof(*end->batch_ends)),
        ERR_OK);
    end->batch_ends[end->batch_count++] = end->inbox.size;
    run->result->batches++;
    if (end->commit_due < 0) {
        end->commit_due = run->now_ms + run->options->commit_ms;
    }
}

static void
take_effect(struct running *run, struct end *end, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_SEND:
        send_bytes(run, end, effect->u.send);
        break;
    case EFFECT_AUTHENTICATE:
        end->must_answer = true;
        break;
    case EFFECT_READ:
        ck_assert_uint_lt(end->read_count, LINK_READS_MAX);
        end->reads[end->read_count++] = *effect;
        break;
    case EFFECT_ACCEPT:
        take_batch(run, end, effect->u.accept);
        break;
    case EFFECT_JOIN:
        ck_abort_msg("nobody joins here");
    case EFFECT_PEER_CLOCK:
        break;
    case EFFECT_BASES:
        take_bases(run, end, effect);
        break;
    case EFFECT_SYNCED:
        if (!run->is_synced && end == &run->ends[0]) {
            run->is_synced = true;
            run->result->synced_ms = run->now_ms;
        }
        break;
    case EFFECT_HEARD:
        frame_put(&end->words, effect->u.heard.type, effect->u.heard.payload);
        end->word_count++;
        break;
    case EFFECT_DIFFERS:
        ck_assert(!effect->u.differs.heads && !effect->u.differs.forks);
        end->must_vouch = true;
        break;
    case EFFECT_WAKE:
        end->wake_ms = (double)effect->u.wake_ms;
        break;
    case EFFECT_HANG_UP:
        end->has_ended = true;
        break;
    }
}

void
end_step(struct running *run, struct end *end, struct event *event)
{
    struct effects effects = {0};

    if (end->session == NULL) {
        return;
    }
    event->now_ms = (uint64_t)run->now_ms;
    ck_assert_int_eq(session_step(end->session, event, &effects), ERR_OK);
    for (size_t i = 0; i < effects.count; i++) {
        take_effect(run, end, &effects.items[i]);
    }
    effects_release(&effects);
    if (end->has_ended) {
        session_free(end->session);
        end->session = NULL;
        end->ended_ms = end->free_ms > run->now_ms ? end->free_ms : run->now_ms;
    }
}

static void
answer_auth(struct running *run, struct end *end)
{
    struct link_peers *peers = run->peers;
    struct view *view = end_view(run, end);
    struct event event = {.type = EVENT_AUTHENTICATED};

    end->must_answer = false;
    event.u.auth.level = LEVEL_FULL;
    event.u.auth.peer = peers->f->offices[1 - end->office].node;
    event.u.auth.clock = end_clock(run, end, view);
    event.u.auth.sent_base = buf_bytes(&peers->bases[end->office].sent);
    for (size_t i = 0; i < 2; i++) {
        event.u.auth.heard_bases[i] =
            buf_bytes(&peers->bases[end->office].heard[i]);
    }
    end_step(run, end, &event);
    view_close(view);
}

static void
answer_read(struct running *run, struct end *end, const struct effect *read)
{
    struct view *view = end_view(run, end);
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct log_id log = read->u.read.log;
    struct view_range range = {.log = &log,
        .from = read->u.read.from,
        .bytes_max = read->u.read.bytes_max};
    struct event event = {.type = EVENT_BATCH};

    event.u.batch.log = log;
    event.u.batch.from = range.from;
    bench_must(view_batch(view, &range, &batch, &event.u.batch.to, NULL), NULL,
        "batch");
    event.u.batch.encoded = buf_bytes(&batch);
    end_step(run, end, &event);
    buf_release(&batch);
    view_close(view);
}

void
end_commit(struct running *run, struct end *end)
{
    struct corridor_fixture *f = run->peers->f;
    struct view *view = NULL;
    struct event event = {.type = EVENT_ACCEPTED};
    size_t start = 0;

    end->commit_due = -1;
    fixture_begin(f, end->office);
    for (size_t i = 0; i < end->batch_count; i++) {
        struct bytes batch =
            bytes_of(end->inbox.data + start, end->batch_ends[i] - start);
        struct accept_result result;
        enum err rc = store_accept(store_of(run, end), batch, &result, &f->msg);

        ck_assert_msg(rc == ERR_OK || rc == ERR_STALE || rc == ERR_GAP, "%s",
            f->msg.text);
        start = end->batch_ends[i];
    }
    fixture_commit(f, end->office);
    buf_clear(&end->inbox);
    event.u.stored.accepts = end->batch_count;
    end->batch_count = 0;
    view = end_view(run, end);
    event.u.stored.clock = end_clock(run, end, view);
    end_step(run, end, &event);
    view_close(view);
}

/* The cosignatures that the peer has not been sent. */
static void
say_vouches(struct running *run, struct end *end)
{
    uint64_t *sent = &run->peers->vouched[end->office];
    struct cosignature_range range = {.since = *sent, .max = WORDS_MAX};
    struct cosignature_item items[WORDS_MAX];
    uint8_t bytes[WORDS_MAX][COSIGNATURE_BYTES];
    struct session_word said[WORDS_MAX];
    struct view *view = end_view(run, end);
    struct event event = {.type = EVENT_SAY, .u.say = {.words = said}};
    size_t count = 0;

    end->must_vouch = false;
    bench_must(view_cosignatures_since(view, &range, items, &count, NULL), NULL,
        "vouches");
    view_close(view);
    for (size_t i = 0; i < count; i++) {
        struct buf payload = {0};

        *sent = items[i].sequence;
        if (!node_id_equal(&items[i].cosignature.cosigner,
                &run->peers->f->offices[1 - end->office].node)) {
            cosignature_encode(&payload, &items[i].cosignature);
            ck_assert_uint_eq(payload.size, COSIGNATURE_BYTES);
            memcpy(bytes[event.u.say.count], payload.data, payload.size);
            said[event.u.say.count] = (struct session_word){FRAME_VOUCH,
                bytes_of(bytes[event.u.say.count], COSIGNATURE_BYTES)};
            event.u.say.count++;
        }
        buf_release(&payload);
    }
    end_step(run, end, &event);
}

/* Keep what others vouch for, and tell the session. */
static void
take_words(struct running *run, struct end *end)
{
    struct corridor_fixture *f = run->peers->f;
    struct event stored = {.type = EVENT_COMMITTED};
    struct event heard = {.type = EVENT_HEARD};
    struct bytes words = buf_bytes(&end->words);
    struct view *view = NULL;
    struct frame frame;

    fixture_begin(f, end->office);
    while (frame_next(&frame, words) == ERR_OK) {
        struct cosignature vouch;
        enum err rc = cosignature_decode(&vouch, frame.payload);

        ck_assert_int_eq(rc, ERR_OK);
        rc = store_cosignature(store_of(run, end), &vouch, &f->msg);
        ck_assert_msg(rc == ERR_OK || rc == ERR_STALE, "%s", f->msg.text);
        words = bytes_of(words.data + frame.size, words.size - frame.size);
    }
    fixture_commit(f, end->office);
    heard.u.heard.count = end->word_count;
    end->word_count = 0;
    buf_clear(&end->words);
    view = end_view(run, end);
    stored.u.stored.clock = end_clock(run, end, view);
    end_step(run, end, &stored);
    end_step(run, end, &heard);
    view_close(view);
}

/* Whatever an end can do at once. */
void
end_settle(struct running *run, struct end *end)
{
    while (end->must_answer || end->must_vouch || end->word_count > 0 ||
           end->read_count > 0) {
        struct effect read;

        if (end->must_answer) {
            answer_auth(run, end);
            continue;
        }
        if (end->must_vouch) {
            say_vouches(run, end);
            continue;
        }
        if (end->word_count > 0) {
            take_words(run, end);
            continue;
        }
        read = end->reads[0];
        end->read_count--;
        memmove(end->reads, end->reads + 1,
            end->read_count * sizeof(end->reads[0]));
        answer_read(run, end, &read);
    }
}
