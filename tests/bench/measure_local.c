/* SPDX-License-Identifier: Apache-2.0 */
/* Local writes: one at a time, many at once, and an import. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/writer.h"
#include "tests/bench/bench.h"

enum {
    CASES_SMALL = 3000,
    CASES_FULL = 20000,
    LAG = 500,
    SINGLES_SMALL = 100,
    SINGLES_FULL = 1000,
    AT_ONCE = 50,
    ROUNDS = 20,
    IMPORT_EACH = 5000
};

struct edit_job {
    struct job job;
    struct work *work;
    size_t item;
};

static enum err
edit_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct edit_job *edit = LIST_ITEM(job, struct edit_job, job);

    return work_edit(edit->work, edit->item, store, msg);
}

static void
edit_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    (void)job;
    bench_must(rc, msg, "edit");
}

static uint64_t
wall_ms(void *context)
{
    struct corridor_fixture *f = context;

    return f->wall_ms;
}

static uint64_t
monotonic_ms(void *context)
{
    (void)context;
    return (uint64_t)(bench_now() * 1000);
}

static void
write_single(struct bench *bench, struct corridor_fixture *f, struct work *work,
    size_t *next)
{
    size_t count = bench_scale(bench, SINGLES_SMALL, SINGLES_FULL);
    struct bench_counts before = bench_counts();
    struct bench_counts after;
    struct report_row row = {.name = "one local change, durable",
        .unit = "us",
        .note = "not counting LMDB's own O_DSYNC write of its meta page"};
    double start = bench_now();

    for (size_t i = 0; i < count; i++) {
        fixture_begin(f, 0);
        bench_must(work_edit(work, (*next)++, f->offices[0].store, &f->msg),
            &f->msg, "edit");
        fixture_commit(f, 0);
    }
    row.value = (bench_now() - start) / (double)count * 1e6;
    after = bench_counts();
    report_add(&bench->report, &row);
    row = (struct report_row){.name = "  syncs",
        .unit = "each",
        .kind = BUDGET_MOST,
        .budget = 1,
        .value = (double)(after.syncs - before.syncs) / (double)count};
    report_add(&bench->report, &row);
    row.name = "  signatures";
    row.value = (double)(after.signatures - before.signatures) / (double)count;
    report_add(&bench->report, &row);
}

/* Fifty hand in a change each before the first is done. */
static void
write_at_once(struct bench *bench, struct corridor_fixture *f,
    struct work *work, size_t *next)
{
    struct writer_options options = {.store = f->offices[0].store,
        .has_thread = true,
        .wall_ms = wall_ms,
        .monotonic_ms = monotonic_ms,
        .context = f};
    struct edit_job jobs[AT_ONCE];
    struct writer *writer = NULL;
    struct bench_counts before = bench_counts();
    struct report_row row = {
        .name = "50 writers at once, all durable", .unit = "us"};
    double start = 0;

    bench_must(writer_new(&writer, &options, &f->msg), &f->msg, "writer");
    start = bench_now();
    for (size_t round = 0; round < ROUNDS; round++) {
        memset(jobs, 0, sizeof(jobs));
        for (size_t i = 0; i < AT_ONCE; i++) {
            jobs[i] = (struct edit_job){.work = work, .item = (*next)++};
            jobs[i].job.run = edit_run;
            jobs[i].job.done = edit_done;
            bench_must(writer_submit(writer, &jobs[i].job), NULL, "submit");
        }
        writer_drain(writer);
    }
    row.value = (bench_now() - start) / ROUNDS * 1e6;
    writer_free(writer);
    report_add(&bench->report, &row);
    row = (struct report_row){.name = "  syncs shared",
        .unit = "each 50",
        .kind = BUDGET_MOST,
        .budget = 3,
        .value = (double)(bench_counts().syncs - before.syncs) / ROUNDS,
        .note = "the first may go alone, a late one too"};
    report_add(&bench->report, &row);
}

static void
import(struct bench *bench, struct corridor_fixture *f, struct work *work,
    size_t next)
{
    size_t count = work->count - next;
    struct report_row row = {.name = "batch import",
        .unit = "changes/s",
        .kind = BUDGET_LEAST,
        .budget = 30000};
    double start = bench_now();
    double cpu = bench_cpu();

    for (size_t i = 0; i < count; i++) {
        if (i % IMPORT_EACH == 0) {
            fixture_begin(f, 0);
        }
        bench_must(work_edit(work, next + i, f->offices[0].store, &f->msg),
            &f->msg, "edit");
        if (i % IMPORT_EACH == IMPORT_EACH - 1 || i == count - 1) {
            fixture_commit(f, 0);
        }
    }
    row.value = (double)count / (bench_now() - start);
    snprintf(row.note, sizeof(row.note),
        "%zu changes, %d to a commit; %.0f per second of processor", count,
        (int)IMPORT_EACH, (double)count / (bench_cpu() - cpu));
    report_add(&bench->report, &row);
}

void
measure_local(struct bench *bench)
{
    struct fixture_options options = {
        .offices = 1, .map_bytes = bench->is_full ? 0 : MAP_SMALL};
    struct corridor_fixture f;
    struct work work;
    size_t next = 0;

    fixture_make(&f, &options);
    work_init(&work, f.schema, &f.offices[0].id);
    work_cases(&work, 0, bench_scale(bench, CASES_SMALL, CASES_FULL), LAG);
    write_single(bench, &f, &work, &next);
    write_at_once(bench, &f, &work, &next);
    import(bench, &f, &work, next);
    work_release(&work);
    fixture_release(&f);
}
