/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench.h"

#include <check.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/base/mem.h"
#include "tests/bench/command.h"

enum { EDITS_EACH = 1000, INDEX_EACH = 10000, BATCH_BYTES = 1024 * 1024 };

static double
seconds_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double
bench_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double
bench_cpu(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double
bench_mib(const char *path, const char *name)
{
    char line[256];
    double kib = -1;
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kib = strtod(line + strlen(name), NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib / 1024;
}

size_t
bench_scale(const struct bench *bench, size_t small, size_t full)
{
    return bench->is_full ? full : small;
}

void
bench_must(enum err rc, const struct err_msg *msg, const char *what)
{
    if (rc != ERR_OK) {
        ck_abort_msg(
            "%s: %s: %s", what, err_text(rc), msg != NULL ? msg->text : "");
    }
}

struct log_id
bench_changes(const struct corridor_fixture *f, size_t n)
{
    return (struct log_id){f->offices[n].node, LOG_CHANGES};
}

void
bench_author(struct corridor_fixture *f, struct work *work, size_t each)
{
    struct store *store = f->offices[0].store;

    each = each == 0 ? EDITS_EACH : each;
    for (size_t i = 0; i < work->count; i++) {
        if (i % each == 0) {
            fixture_begin(f, 0);
        }
        bench_must(work_edit(work, i, store, &f->msg), &f->msg, "edit");
        if (i % each == each - 1 || i == work->count - 1) {
            fixture_commit(f, 0);
        }
    }
}

void
bench_index(struct corridor_fixture *f, size_t n)
{
    bool left = true;

    while (left) {
        fixture_begin(f, n);
        bench_must(store_index(f->offices[n].store, INDEX_EACH, &left, &f->msg),
            &f->msg, "index");
        fixture_commit(f, n);
    }
}

void
bench_read(struct corridor_fixture *f, uint64_t from, struct bench_batches *out)
{
    struct log_id log = bench_changes(f, 0);
    struct view_range range = {
        .log = &log, .from = from, .bytes_max = BATCH_BYTES};

    *out = (struct bench_batches){.bytes = {.limit = SIZE_MAX}};
    for (;;) {
        struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
        uint64_t to = fixture_batch(f, 0, &range, &batch);

        if (to > range.from) {
            buf_put_bytes(&out->bytes, buf_bytes(&batch));
            ck_assert_int_eq(mem_grow((void **)&out->ends, &out->capacity,
                                 out->count + 1, sizeof(*out->ends)),
                ERR_OK);
            out->ends[out->count++] = out->bytes.size;
        }
        buf_release(&batch);
        if (to == range.from) {
            break;
        }
        range.from = to;
    }
    out->entries = range.from - from;
}

void
bench_batches_release(struct bench_batches *batches)
{
    buf_release(&batches->bytes);
    mem_free(batches->ends);
    *batches = (struct bench_batches){0};
}

struct bytes
bench_batch(const struct bench_batches *batches, size_t n)
{
    size_t start = n == 0 ? 0 : batches->ends[n - 1];

    return bytes_of(batches->bytes.data + start, batches->ends[n] - start);
}

static const struct {
    const char *name;
    void (*run)(struct bench *bench);
} measures[] = {
    {"local", measure_local},
    {"wire", measure_wire},
    {"query", measure_query},
    {"sync", measure_sync},
    {"start", measure_start},
    {"audit", measure_audit},
};

/* Check's tests take no arguments. */
static struct bench bench;

START_TEST(all_measures)
{
    for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
        if (bench.only == NULL || strcmp(bench.only, measures[i].name) == 0) {
            measures[i].run(&bench);
        }
    }
}
END_TEST

static int
run_all(void)
{
    Suite *suite = suite_create("bench");
    TCase *tcase = tcase_create("bench");
    SRunner *runner = srunner_create(suite);
    int failures = 0;

    tcase_add_test(tcase, all_measures);
    suite_add_tcase(suite, tcase);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    failures = srunner_ntests_failed(runner);
    if (failures > 0) {
        srunner_print(runner, CK_NORMAL);
    }
    srunner_free(runner);
    return failures;
}

static int
usage(void)
{
    fprintf(stderr, "usage: bench [--scale small|full] [--json FILE] "
                    "[--only local|wire|query|sync|start|audit]\n");
    return 2;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"scale", required_argument, NULL, 's'},
        {"json", required_argument, NULL, 'j'},
        {"only", required_argument, NULL, 'o'},
        {"child", required_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    const char *json = NULL;
    int option = 0;
    int failures = 0;

    if (argc > 1 && strcmp(argv[1], COMMAND_OPTION) == 0) {
        return command_child(argc - 1, argv + 1);
    }
    bench.program = argv[0];
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            bench.is_full = strcmp(optarg, "full") == 0;
            break;
        case 'j':
            json = optarg;
            break;
        case 'o':
            bench.only = optarg;
            break;
        case 'c':
            return measure_start_child(optarg);
        default:
            return usage();
        }
    }
    /* Where commits reach a disk; /tmp may be memory. */
    setenv("TMPDIR", "/var/tmp", 0);
    report_begin();
    failures = run_all();
    report_end(&bench.report);
    if (json != NULL && !report_write(&bench.report, json)) {
        fprintf(stderr, "bench: %s: not written\n", json);
        return 1;
    }
    return failures == 0 ? 0 : 1;
}
