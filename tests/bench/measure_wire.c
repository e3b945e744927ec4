/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes and round trips, measured on what real sessions send. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/disk.h"
#include "tests/bench/link.h"

enum {
    CASES_SMALL = 1000,
    CASES_FULL = 10000,
    LAG = 500,
    MANY_LOGS = 200,
    NEW_CASES = 20,
    NEW_UPDATES = 80
};

static const struct link_options quick = {.delay_ms = 20, .commit_ms = 5};

/* What the entries of these batches hold. */
struct anatomy {
    uint64_t entries;
    uint64_t bodies;
    uint64_t grants; /* in headers; wrapped keys are of the bodies */
};

static struct anatomy
dissect(const struct bench_batches *batches)
{
    struct anatomy out = {0};

    for (size_t n = 0; n < batches->count; n++) {
        struct batch batch = {0};

        ck_assert_int_eq(batch_decode(&batch, bench_batch(batches, n)), ERR_OK);
        for (size_t i = 0; i < batch.count; i++) {
            struct header header;

            ck_assert_int_eq(header_decode(&header, batch.entries[i].header,
                                 LOG_CHANGES, batch.from + i),
                ERR_OK);
            out.entries++;
            out.bodies += batch.entries[i].body.size;
            if (header.has_grants) {
                /* An array's head for null, commitment, class. */
                out.grants += header.grants.size + 34 + 1;
            }
        }
        batch_release(&batch);
    }
    return out;
}

/* Two offices, and work of which only the first has any. */
struct wired {
    struct corridor_fixture f;
    struct link_peers peers;
    struct work work;
    struct buf before; /* the second's database before any of it */
    size_t cases;
};

static void
keep_database(struct wired *w, bool is_kept)
{
    char path[SCRATCH_PATH_BYTES + 16];

    fixture_close(&w->f, 1);
    snprintf(path, sizeof(path), "%s/data.mdb", w->f.offices[1].dir);
    if (is_kept) {
        buf_clear(&w->before);
        bench_must(disk_read(&w->before, path, SIZE_MAX, &w->f.msg), &w->f.msg,
            "keep");
    } else {
        bench_must(disk_write(path, buf_bytes(&w->before), false, &w->f.msg),
            &w->f.msg, "restore");
    }
    fixture_open(&w->f, 1);
    link_peers_release(&w->peers);
    w->peers = (struct link_peers){.f = &w->f, .sessions = w->peers.sessions};
}

static void
wire_make(struct wired *w, size_t cases)
{
    struct fixture_options options = {
        .offices = 2, .policy = POLICY_SHARE_BY_DEFAULT};

    *w = (struct wired){.before = {.limit = SIZE_MAX}, .cases = cases};
    fixture_make(&w->f, &options);
    w->peers.f = &w->f;
    keep_database(w, true);
    work_init(&w->work, w->f.schema, &w->f.offices[0].id);
    work_cases(&w->work, 0, cases, LAG);
    bench_author(&w->f, &w->work, 0);
}

static void
wire_release(struct wired *w)
{
    link_peers_release(&w->peers);
    work_release(&w->work);
    buf_release(&w->before);
    fixture_release(&w->f);
}

static void
first_sync(struct bench *bench, struct wired *w)
{
    struct bench_batches batches;
    struct anatomy anatomy;
    struct link_result result;
    struct report_row row = {.name = "wire: cases and two updates each",
        .unit = "MB",
        .kind = BUDGET_MOST,
        .budget = 5.5 * (double)w->cases / CASES_FULL};

    bench_read(&w->f, 0, &batches);
    anatomy = dissect(&batches);
    bench_batches_release(&batches);
    link_run(&w->peers, 1, &quick, &result);
    fixture_expect_same(&w->f, 0, 1);
    row.value = (double)result.bytes / 1e6;
    snprintf(row.note, sizeof(row.note), "%zu cases, %u batches", w->cases,
        result.batches);
    report_add(&bench->report, &row);
    row =
        (struct report_row){.name = "wire: per change, beyond body and grants",
            .unit = "bytes",
            .kind = BUDGET_MOST,
            .budget = 48,
            .value = ((double)result.bytes - (double)anatomy.bodies -
                         (double)anatomy.grants) /
                     (double)anatomy.entries};
    snprintf(row.note, sizeof(row.note), "bodies %.1f, grants %.1f",
        (double)anatomy.bodies / (double)anatomy.entries,
        (double)anatomy.grants / (double)anatomy.entries);
    report_add(&bench->report, &row);
}

static void
nothing_new(struct bench *bench, struct wired *w)
{
    struct link_result result;
    struct report_row row = {.name = "wire: nothing new, 3 logs",
        .unit = "bytes",
        .kind = BUDGET_MOST,
        .budget = 512};
    struct log_table logs = {0};
    struct vclock sizes = {0};
    struct buf full = {0};
    static const struct frame_marks marks = {.heads = {1}};
    struct session_clock clock;
    struct link_options many = quick;

    link_vouch(&w->peers);
    link_run(&w->peers, 1, &quick, &result);
    link_run(&w->peers, 1, &quick, &result);
    row.value = (double)result.bytes;
    report_add(&bench->report, &row);
    row = (struct report_row){.name = "  round trips after TCP connects",
        .unit = "",
        .kind = BUDGET_MOST,
        .budget = 1,
        .value = result.synced_ms / (2 * quick.delay_ms)};
    report_add(&bench->report, &row);

    for (uint32_t i = 0; i < MANY_LOGS; i++) {
        struct log_id id = {.kind = LOG_CHANGES};
        uint32_t log = 0;

        id.node.bytes[0] = (uint8_t)i;
        ck_assert_int_eq(log_table_add(&logs, &id, &log), ERR_OK);
        ck_assert_int_eq(vclock_raise(&sizes, log, 1000 + i), ERR_OK);
    }
    ck_assert_int_eq(vclock_encode(&full, &sizes, &logs), ERR_OK);
    clock = (struct session_clock){.full = buf_bytes(&full),
        .order = logs.ids,
        .order_count = logs.count,
        .marks = &marks};
    many.clock = &clock;
    link_peers_release(&w->peers);
    w->peers = (struct link_peers){.f = &w->f, .sessions = w->peers.sessions};
    link_run(&w->peers, 1, &many, &result);
    link_run(&w->peers, 1, &many, &result);
    row = (struct report_row){.name = "wire: nothing new, 200 logs",
        .unit = "bytes",
        .kind = BUDGET_MOST,
        .budget = 512,
        .value = (double)result.bytes};
    report_add(&bench->report, &row);
    link_peers_release(&w->peers);
    w->peers = (struct link_peers){.f = &w->f, .sessions = w->peers.sessions};
    link_run(&w->peers, 1, &quick, &result);
    vclock_release(&sizes);
    log_table_release(&logs);
    buf_release(&full);
}

/* 20 cases with two updates each, and 40 updates of former ones. */
static void
write_hundred(struct wired *w, size_t round)
{
    size_t from = w->cases + round * NEW_CASES;

    work_clear(&w->work);
    work_cases(&w->work, from, from + NEW_CASES, 0);
    for (size_t old = 0; w->work.count < NEW_CASES + NEW_UPDATES; old += 2) {
        work_updates(&w->work, round * NEW_UPDATES + old, 2 + (unsigned)round);
    }
    bench_author(&w->f, &w->work, 0);
}

static void
a_hundred(struct bench *bench, struct wired *w)
{
    struct link_options far = {.delay_ms = 300, .commit_ms = 5};
    struct link_result result;
    struct report_row row = {.name = "wire: 100 changes (20 cases)",
        .unit = "bytes",
        .kind = BUDGET_MOST,
        .budget = 18000};

    write_hundred(w, 0);
    link_run(&w->peers, 1, &quick, &result);
    row.value = (double)result.bytes;
    report_add(&bench->report, &row);
    link_vouch(&w->peers);
    link_run(&w->peers, 1, &quick, &result);
    row =
        (struct report_row){.name = "  that the reader vouches for them, later",
            .unit = "bytes",
            .value = (double)result.bytes,
            .note = "a session that has nothing else to say"};
    report_add(&bench->report, &row);
    row = (struct report_row){.name = "  round trips at 600 ms, writer dials",
        .unit = "",
        .kind = BUDGET_MOST,
        .budget = 2.05,
        .note = "until both know; 5 % for commits"};
    write_hundred(w, 1);
    link_run(&w->peers, 0, &far, &result);
    row.value = result.synced_ms / 600;
    report_add(&bench->report, &row);
    row.name = "  round trips at 600 ms, reader dials";
    write_hundred(w, 2);
    link_run(&w->peers, 1, &far, &result);
    row.value = result.synced_ms / 600;
    report_add(&bench->report, &row);
}

static void
with_cuts(struct bench *bench, struct wired *w)
{
    static const struct {
        const char *name;
        double bits;
    } links[] = {
        {"wire: cut every 10 s, 64 kbit/s", 64e3},
        {"wire: cut every 10 s, 256 kbit/s", 256e3},
        {"wire: cut every 10 s, 1 Mbit/s", 1e6},
        {"wire: cut every 10 s, 4 Mbit/s", 4e6},
    };

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct link_options options = {
            .bits_per_s = links[i].bits, .delay_ms = 100, .commit_ms = 10};
        struct link_result whole;
        struct link_result parts;
        struct report_row row = {.name = links[i].name,
            .unit = "% more",
            .kind = BUDGET_MOST,
            .budget = 3};

        keep_database(w, false);
        link_run(&w->peers, 1, &options, &whole);
        keep_database(w, false);
        options.cut_ms = 10000;
        link_run(&w->peers, 1, &options, &parts);
        fixture_expect_same(&w->f, 0, 1);
        row.value = ((double)parts.bytes / (double)whole.bytes - 1) * 100;
        snprintf(row.note, sizeof(row.note),
            "%.2f MB uncut in %.0f s; %u sessions", (double)whole.bytes / 1e6,
            whole.synced_ms / 1000, parts.sessions);
        report_add(&bench->report, &row);
    }
}

void
measure_wire(struct bench *bench)
{
    struct wired w;

    wire_make(&w, bench_scale(bench, CASES_SMALL, CASES_FULL));
    first_sync(bench, &w);
    nothing_new(bench, &w);
    a_hundred(bench, &w);
    with_cuts(bench, &w);
    wire_release(&w);
}
