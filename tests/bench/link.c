/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/link.h"

#include <check.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/vouch.h"
#include "tests/bench/link_internal.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, PSKS_MAX = 8 };

void
link_peers_release(struct link_peers *peers)
{
    for (size_t i = 0; i < 2; i++) {
        buf_release(&peers->bases[i].sent);
        buf_release(&peers->bases[i].heard[0]);
        buf_release(&peers->bases[i].heard[1]);
    }
}

void
link_vouch(struct link_peers *peers)
{
    struct corridor_fixture *f = peers->f;

    for (size_t i = 0; i < 2; i++) {
        size_t count = 0;

        fixture_begin(f, i);
        bench_must(store_cosign(f->offices[i].store, &count, &f->msg), &f->msg,
            "vouch");
        fixture_commit(f, i);
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
    end_step(run, end, &event);
    mem_free(segment->data);
    segment->data = NULL;
}

static void
act(struct running *run, struct end *end)
{
    struct end *other = &run->ends[end == &run->ends[0]];

    if (end->commit_due >= 0 && end->commit_due <= run->now_ms) {
        end_commit(run, end);
    } else if (end->session != NULL && end->wake_ms >= 0 &&
               end->wake_ms <= run->now_ms) {
        struct event event = {.type = EVENT_TICK};

        end->wake_ms = -1;
        end_step(run, end, &event);
    } else if (other->first < other->count &&
               other->segments[other->first].due_ms <= run->now_ms) {
        deliver(run, end);
    } else if (other->has_ended) {
        struct event event = {.type = EVENT_CLOSE};

        event.u.close = BYE_CUT;
        end_step(run, end, &event);
    }
    end_settle(run, end);
}

static void
open_session(struct running *run, size_t n)
{
    struct link_peers *peers = run->peers;
    struct end *end = &run->ends[n];
    struct fixture_office *self = &peers->f->offices[end->office];
    struct fixture_office *other = &peers->f->offices[1 - end->office];
    struct view *view = end_view(run, end);
    struct secret_key psks[PSKS_MAX];
    struct session_options options = {.is_dialler = n == 0,
        .once = n == 0,
        .listener = n == 0 ? other->node : self->node,
        .self = self->node,
        .peer = other->node,
        .noise = &self->secrets.noise,
        .psks = psks,
        .psk_count = view_link_secrets(view, psks, n == 0 ? 1 : PSKS_MAX),
        .clock = end_clock(run, end, view),
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
        end_step(run, end, &event);
    }
}

static void
end_session(struct running *run)
{
    cut(run);
    for (size_t n = 0; n < 2; n++) {
        struct end *end = &run->ends[n];

        if (end->batch_count > 0) {
            end_commit(run, end);
        }
        session_free(end->session);
        mem_free(end->segments);
        mem_free(end->batch_ends);
        buf_release(&end->inbox);
        buf_release(&end->words);
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
            .inbox = {.limit = SIZE_MAX},
            .words = {.limit = SIZE_MAX}};
        open_session(run, n);
    }
    end_step(run, &run->ends[1], &event);
    end_step(run, &run->ends[0], &event);
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
