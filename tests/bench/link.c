/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/link.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"

enum { SEGMENT_BYTES = 1400, DAY_MS = 24 * 60 * 60 * 1000, PSKS_MAX = 8 };

/* Bytes on their way. */
struct segment {
    double start_ms; /* its first bit is sent */
    double due_ms;   /* its last has come */
    uint8_t *data;
    size_t size;
};

struct end {
    struct session *session;
    size_t office;
    struct segment *segments; /* to the other end, in order */
    size_t first;
    size_t count;
    size_t capacity;
    double free_ms; /* the link has sent all of them */
    struct buf inbox;
    size_t *batch_ends;
    size_t batch_count;
    size_t batch_capacity;
    double commit_due; /* < 0: none */
    double wake_ms;    /* < 0: none */
    bool must_answer;  /* AUTHENTICATE */
    struct effect reads[64];
    size_t read_count;
    bool has_ended;
    double ended_ms; /* then TCP tells the other, behind what was sent */
};

struct running {
    struct link_peers *peers;
    const struct link_options *options;
    struct link_result *result;
    struct end ends[2]; /* the dialler first */
    double now_ms;
    bool is_synced;
};

void
link_peers_release(struct link_peers *peers)
{
    for (size_t i = 0; i < 2; i++) {
        buf_release(&peers->bases[i].sent);
        buf_release(&peers->bases[i].heard[0]);
        buf_release(&peers->bases[i].heard[1]);
    }
}

static struct store *
store_of(const struct running *run, const struct end *end)
{
    return run->peers->f->offices[end->office].store;
}

static struct view *
open_view(const struct running *run, const struct end *end)
{
    struct view *view = NULL;

    bench_must(view_open(&view, store_of(run, end), NULL), NULL, "view");
    return view;
}

static struct session_clock
clock_of(const struct running *run, const struct view *view)
{
    struct session_clock clock = {.full = view_clock(view)};

    if (run->options->clock != NULL) {
        return *run->options->clock;
    }
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
        ck_assert_uint_lt(end->read_count, 64);
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
    case EFFECT_DIFFERS:
        ck_abort_msg("no marks are told here");
    case EFFECT_WAKE:
        end->wake_ms = (double)effect->u.wake_ms;
        break;
    case EFFECT_HANG_UP:
        end->has_ended = true;
        break;
    }
}

static void
step(struct running *run, struct end *end, struct event *event)
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
    struct view *view = open_view(run, end);
    struct event event = {.type = EVENT_AUTHENTICATED};

    end->must_answer = false;
    event.u.auth.level = LEVEL_FULL;
    event.u.auth.peer = peers->f->offices[1 - end->office].node;
    event.u.auth.clock = clock_of(run, view);
    event.u.auth.sent_base = buf_bytes(&peers->bases[end->office].sent);
    for (size_t i = 0; i < 2; i++) {
        event.u.auth.heard_bases[i] =
            buf_bytes(&peers->bases[end->office].heard[i]);
    }
    step(run, end, &event);
    view_close(view);
}

static void
answer_read(struct running *run, struct end *end, const struct effect *read)
{
    struct view *view = open_view(run, end);
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
    step(run, end, &event);
    buf_release(&batch);
    view_close(view);
}

static void
commit(struct running *run, struct end *end)
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
    view = open_view(run, end);
    event.u.stored.clock = clock_of(run, view);
    step(run, end, &event);
    view_close(view);
}

/* Whatever an end can do at once. */
static void
settle(struct running *run, struct end *end)
{
    while (end->must_answer || end->read_count > 0) {
        struct effect read;

        if (end->must_answer) {
            answer_auth(run, end);
            continue;
        }
        read = end->reads[0];
        end->read_count--;
        memmove(end->reads, end->reads + 1,
            end->read_count * sizeof(end->reads[0]));
        answer_read(run, end, &read);
    }
}

/* When the next thing happens to this end, and what: < 0 for nothing. */
static double
next_of(const struct running *run, const struct end *end)
{
    const struct end *other = &run->ends[end == &run->ends[0]];
    struct session_status status = {.wants_pause = false};
    double due = -1;

    if (end->session != NULL) {
        session_status(end->session, &status);
    }
    if (!status.wants_pause && other->first < other->count) {
        due = other->segments[other->first].due_ms;
    } else if (end->session != NULL && other->has_ended) {
        due = other->ended_ms + run->options->delay_ms;
    }
    if (end->commit_due >= 0 && (due < 0 || end->commit_due < due)) {
        due = end->commit_due;
    }
    if (end->session != NULL && end->wake_ms >= 0 &&
        (due < 0 || end->wake_ms < due)) {
        due = end->wake_ms;
    }
    return due >= 0 && due < run->now_ms ? run->now_ms : due;
}

static void
deliver(struct running *run, struct end *end)
{
    struct end *other = &run->ends[end == &run->ends[0]];
    struct segment *segment = &other->segments[other->first++];
    struct event event = {.type = EVENT_RECEIVED};

    run->result->bytes += segment->size;
    event.u.received = bytes_of(segment->data, segment->size);
    step(run, end, &event);
    mem_free(segment->data);
    segment->data = NULL;
}

static void
act(struct running *run, struct end *end)
{
    struct end *other = &run->ends[end == &run->ends[0]];

    if (end->commit_due >= 0 && end->commit_due <= run->now_ms) {
        commit(run, end);
    } else if (end->session != NULL && end->wake_ms >= 0 &&
               end->wake_ms <= run->now_ms) {
        struct event event = {.type = EVENT_TICK};

        end->wake_ms = -1;
        step(run, end, &event);
    } else if (other->first < other->count &&
               other->segments[other->first].due_ms <= run->now_ms) {
        deliver(run, end);
    } else if (other->has_ended) {
        struct event event = {.type = EVENT_CLOSE};

        event.u.close = BYE_CUT;
        step(run, end, &event);
    }
    settle(run, end);
}

static void
open_session(struct running *run, size_t n)
{
    struct link_peers *peers = run->peers;
    struct end *end = &run->ends[n];
    struct fixture_office *self = &peers->f->offices[end->office];
    struct fixture_office *other = &peers->f->offices[1 - end->office];
    struct view *view = open_view(run, end);
    struct secret_key psks[PSKS_MAX];
    struct session_options options = {.is_dialler = n == 0,
        .once = n == 0,
        .listener = n == 0 ? other->node : self->node,
        .self = self->node,
        .peer = other->node,
        .noise = &self->secrets.noise,
        .psks = psks,
        .psk_count = view_link_secrets(view, psks, n == 0 ? 1 : PSKS_MAX),
        .clock = clock_of(run, view),
        .sent_base = buf_bytes(&peers->bases[end->office].sent),
        .heard_bases = {buf_bytes(&peers->bases[end->office].heard[0]),
            buf_bytes(&peers->bases[end->office].heard[1])},
        .now_ms = (uint64_t)run->now_ms};

    peers->sessions++;
    num_store_u64(options.ephemeral.bytes, peers->sessions);
    keys_box_public(&options.peer_noise, &other->secrets.noise);
    ck_assert_int_eq(session_new(&end->session, &options), ERR_OK);
    view_close(view);
}

/* The link is gone: what was not yet sent was not on it. */
static void
cut(struct running *run)
{
    for (size_t n = 0; n < 2; n++) {
        struct end *end = &run->ends[n];
        struct event event = {.type = EVENT_CLOSE};

        for (size_t i = end->first; i < end->count; i++) {
            if (end->segments[i].start_ms < run->now_ms) {
                run->result->bytes += end->segments[i].size;
            }
            mem_free(end->segments[i].data);
        }
        end->first = end->count = 0;
        event.u.close = BYE_CUT;
        step(run, end, &event);
    }
}

static void
end_session(struct running *run)
{
    cut(run);
    for (size_t n = 0; n < 2; n++) {
        struct end *end = &run->ends[n];

        if (end->batch_count > 0) {
            commit(run, end);
        }
        session_free(end->session);
        mem_free(end->segments);
        mem_free(end->batch_ends);
        buf_release(&end->inbox);
    }
}

/* One session, to its end or its cut. */
static void
run_session(struct running *run, size_t dialler)
{
    double until =
        run->options->cut_ms > 0 ? run->now_ms + run->options->cut_ms : DAY_MS;
    struct event event = {.type = EVENT_OPENED};

    for (size_t n = 0; n < 2; n++) {
        run->ends[n] = (struct end){.office = n == 0 ? dialler : 1 - dialler,
            .free_ms = run->now_ms,
            .commit_due = -1,
            .wake_ms = -1,
            .inbox = {.limit = SIZE_MAX}};
        open_session(run, n);
    }
    step(run, &run->ends[1], &event);
    step(run, &run->ends[0], &event);
    for (;;) {
        double a = next_of(run, &run->ends[0]);
        double b = next_of(run, &run->ends[1]);
        struct end *end = &run->ends[b >= 0 && (a < 0 || b < a)];

        if ((a < 0 && b < 0) ||
            (run->ends[0].session == NULL && run->ends[1].session == NULL)) {
            break;
        }
        run->now_ms = end == &run->ends[1] ? b : a;
        if (run->now_ms >= until) {
            run->now_ms = until;
            break;
        }
        act(run, end);
    }
    end_session(run);
    run->result->sessions++;
}

void
link_run(struct link_peers *peers, size_t dialler,
    const struct link_options *options, struct link_result *out)
{
    struct running run = {.peers = peers, .options = options, .result = out};
    double cpu = bench_cpu();

    *out = (struct link_result){0};
    while (!run.is_synced) {
        ck_assert(run.now_ms < DAY_MS);
        run_session(&run, dialler);
    }
    out->cpu_s = bench_cpu() - cpu;
}
