/* SPDX-License-Identifier: Apache-2.0 */
/* Initial sync: what a receiver takes to have all durable, merged, indexed. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base/mem.h"
#include "storage/writer.h"
#include "tests/bench/floor.h"

enum { CASES_SMALL = 3000, CASES_FULL = 100000, LAG = 500 };
enum { FILES_SMALL = 600, FILES_FULL = 20000, CHANGES_PER_MS = 50 };

/* The receiver's writer, and when it committed. */
struct receiving {
    struct corridor_fixture *f;
    struct log_id log;
    size_t accepted;
    size_t *commits;
    size_t commit_count;
    size_t capacity;
};

struct accept_job {
    struct job job;
    struct receiving *receiving;
    struct bytes batch;
};

static enum err
accept_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct accept_job *accept = LIST_ITEM(job, struct accept_job, job);
    struct accept_result result;
    enum err rc = store_accept(store, accept->batch, &result, msg);

    accept->receiving->accepted += rc == ERR_OK ? result.accepted : 0;
    return rc;
}

static void
accept_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    (void)job;
    bench_must(rc, msg, "accept");
}

static uint64_t
wall_ms(void *context)
{
    struct receiving *r = context;

    return r->f->wall_ms;
}

/* Each change takes 20 us here, so that every run commits at the same ones. */
static uint64_t
monotonic_ms(void *context)
{
    struct receiving *r = context;

    return r->accepted / CHANGES_PER_MS;
}

/* How far the log was at each commit: for the floor. */
static void
committed(void *context)
{
    struct receiving *r = context;
    struct view *view = NULL;
    struct view_log found = {0};
    uint32_t log = 0;

    bench_must(view_open(&view, r->f->offices[1].store, &r->f->msg), &r->f->msg,
        "view");
    if (log_table_find(view_logs(view), &r->log, &log)) {
        bench_must(view_log(view, log, &found), NULL, "log");
    }
    view_close(view);
    ck_assert_int_eq(mem_grow((void **)&r->commits, &r->capacity,
                         r->commit_count + 1, sizeof(*r->commits)),
        ERR_OK);
    r->commits[r->commit_count++] = (size_t)found.applied;
}

/* All batches through the writer, as a session hands them over. */
static void
receive(struct receiving *r, const struct bench_batches *batches)
{
    struct writer_options options = {.store = r->f->offices[1].store,
        .wall_ms = wall_ms,
        .monotonic_ms = monotonic_ms,
        .committed = committed,
        .context = r};
    struct accept_job *jobs = mem_zalloc(batches->count, sizeof(*jobs));
    struct writer *writer = NULL;

    ck_assert_ptr_nonnull(jobs);
    bench_must(writer_new(&writer, &options, &r->f->msg), &r->f->msg, "writer");
    for (size_t i = 0; i < batches->count; i++) {
        jobs[i].receiving = r;
        jobs[i].batch = bench_batch(batches, i);
        jobs[i].job.run = accept_run;
        jobs[i].job.done = accept_done;
        bench_must(writer_submit(writer, &jobs[i].job), NULL, "submit");
    }
    writer_drain(writer);
    writer_free(writer);
    mem_free(jobs);
}

static void
add_floor_rows(struct bench *bench, const struct floor *floor, double changes)
{
    const struct {
        const char *name;
        double seconds;
    } parts[] = {
        {"  floor: SHA-256", floor->hash_s},
        {"  floor: opening bodies and keys", floor->aead_s},
        {"  floor: zstd", floor->zstd_s},
        {"  floor: appends", floor->append_s},
        {"  floor: records, sealed and put, synced", floor->put_s},
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct report_row row = {.name = parts[i].name,
            .unit = "us/change",
            .value = parts[i].seconds / changes * 1e6};

        report_add(&bench->report, &row);
    }
}

static void
run(struct bench *bench, const char *name, struct corridor_fixture *f,
    struct work *work)
{
    struct receiving r = {.f = f, .log = bench_changes(f, 0)};
    struct bench_batches batches;
    struct floor floor;
    struct floor_input input = {.batches = &batches, .work = work};
    struct report_row row = {
        .name = name, .unit = "us/change", .kind = BUDGET_RATIO, .budget = 2};
    char dir[SCRATCH_PATH_BYTES];
    double changes = 0;
    double merged = 0;
    double cpu = 0;
    double wall = 0;

    bench_author(f, work, 0);
    bench_read(f, 0, &batches);
    changes = (double)batches.entries;
    wall = bench_now();
    cpu = bench_cpu();
    receive(&r, &batches);
    merged = bench_cpu() - cpu;
    bench_index(f, 1);
    row.value = (bench_cpu() - cpu) / changes * 1e6;
    wall = bench_now() - wall;
    fixture_expect_same(f, 0, 1);
    input.commits = r.commits;
    input.commit_count = r.commit_count;
    scratch_path(dir, &f->scratch, "floor");
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    floor_measure(&floor, &input, dir);
    row.floor = floor_sum(&floor) / changes * 1e6;
    snprintf(row.note, sizeof(row.note),
        "cpu; merged %.2f; wall %.2f; %.0f changes, %zu commits, %zu puts",
        merged / changes * 1e6, wall / changes * 1e6, changes, r.commit_count,
        floor.puts);
    report_add(&bench->report, &row);
    add_floor_rows(bench, &floor, changes);
    bench_batches_release(&batches);
    mem_free(r.commits);
}

void
measure_sync(struct bench *bench)
{
    struct fixture_options options = {.offices = 2,
        .policy = POLICY_SHARE_BY_DEFAULT,
        .map_bytes = bench->is_full ? 0 : MAP_SMALL};
    struct corridor_fixture f;
    struct work work;

    fixture_make(&f, &options);
    work_init(&work, f.schema, &f.offices[0].id);
    work_cases(&work, 0, bench_scale(bench, CASES_SMALL, CASES_FULL), LAG);
    run(bench, "initial sync, cases and updates", &f, &work);
    work_release(&work);
    fixture_release(&f);

    fixture_make(&f, &options);
    work_init(&work, f.schema, &f.offices[0].id);
    work_files(&work, 0, bench_scale(bench, FILES_SMALL, FILES_FULL));
    run(bench, "initial sync, whole files", &f, &work);
    work_release(&work);
    fixture_release(&f);
}
