/* SPDX-License-Identifier: Apache-2.0 */
/* The disk of one who only audits: leaves and headers, no bodies, no keys. */
#include <check.h>
#include <stdio.h>

#include "tests/bench/bench.h"

enum {
    CASES_SMALL = 1000,
    CASES_FULL = 16000,
    FILES_SMALL = 300,
    FILES_FULL = 6000,
    LAG = 500,
    EACH = 5000
};

/* What the auditor's store grows by, of changes that office 0 makes of the
 * work. */
static void
growth(struct bench *bench, const char *name,
    void (*fill)(struct bench *bench, struct work *work))
{
    struct fixture_options options = {.offices = 2,
        .policy = POLICY_SHARE_BY_DEFAULT,
        .map_bytes = bench->is_full ? 0 : MAP_SMALL};
    const struct fixture_pump pump = {.from = 0, .to = 1};
    struct corridor_fixture f;
    struct env_stat before;
    struct env_stat after;
    struct work work;
    size_t changes = 0;
    struct report_row row = {
        .name = name, .unit = "B/change", .kind = BUDGET_MOST, .budget = 250};

    fixture_make(&f, &options);
    fixture_roles(&f, 1, ROLE_AUDIT);
    fixture_sync(&f);
    work_init(&work, f.schema, &f.offices[0].id);
    fill(bench, &work);
    bench_author(&f, &work, EACH);
    bench_must(env_stat(store_env(f.offices[1].store), &before, &f.msg), &f.msg,
        "stat");
    changes = fixture_pump(&f, &pump);
    ck_assert_uint_ge(changes, work.count);
    bench_must(env_stat(store_env(f.offices[1].store), &after, &f.msg), &f.msg,
        "stat");
    row.value =
        (double)(after.bytes_used - before.bytes_used) / (double)changes;
    snprintf(row.note, sizeof(row.note), "%zu changes", changes);
    report_add(&bench->report, &row);
    work_release(&work);
    fixture_release(&f);
}

static void
fill_cases(struct bench *bench, struct work *work)
{
    work_cases(work, 0, bench_scale(bench, CASES_SMALL, CASES_FULL), LAG);
}

static void
fill_files(struct bench *bench, struct work *work)
{
    work_files(work, 0, bench_scale(bench, FILES_SMALL, FILES_FULL));
}

void
measure_auditor(struct bench *bench)
{
    growth(bench, "auditor's disk: cases and two updates each", fill_cases);
    growth(bench, "auditor's disk: whole files", fill_files);
}
