/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long log for auditors: exported, checked, exported again with a little
 * more, and proved, by the commands themselves. The floor is SHA-256 over the
 * bytes that each has to hash, in the form in which it has to hash them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "crypto/base/hex.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "node/api/api.h"
#include "storage/disk.h"
#include "tests/bench/command.h"

enum {
    CASES_SMALL = 6667,  /* and two updates each: 20,000 */
    CASES_FULL = 333334, /* a million */
    LAG = 500,
    BLOCK = 20000,
    EACH = 5000,
    BATCH_BYTES = 1024 * 1024,
    NEW_ENTRIES = 100,
    QUESTIONS = 1000,
    TARGET_BYTES = 256,
    NODE_HEX = 2 * 32 + 1
};

static const char words[] = "a passphrase";

/* A home with a long log, and two exports of it. */
struct audited {
    struct bench *bench;
    struct scratch scratch;
    char home[SCRATCH_PATH_BYTES];
    char passphrase[SCRATCH_PATH_BYTES]; /* a file */
    char answer[SCRATCH_PATH_BYTES];     /* what the last command printed */
    char plain[SCRATCH_PATH_BYTES];      /* an export, */
    char headers[SCRATCH_PATH_BYTES];    /* and one with headers */
    char node_hex[NODE_HEX];
    struct node *node; /* NULL: closed */
    struct api *api;
    struct log_id log;
    struct work work;
    uint64_t entries; /* of the log */
    struct err_msg msg;
};

static void
audited_open(struct audited *a)
{
    const struct node_options options = {
        .home = a->home, .passphrase = bytes_text(words)};
    struct api_options api = {.node = NULL};

    bench_must(node_open(&a->node, &options, &a->msg), &a->msg, "open");
    api.node = a->node;
    ck_assert_int_eq(api_new(&a->api, &api), ERR_OK);
    a->work.schema = a->node->schema;
}

static void
audited_close(struct audited *a)
{
    api_free(a->api);
    node_close(a->node);
    a->api = NULL;
    a->node = NULL;
}

static void
audited_make(struct audited *a, struct bench *bench)
{
    const struct home_options home = {.path = a->home,
        .office_name = "Ministry",
        .node_name = "server",
        .country = "LA",
        .type = "ministry",
        .passphrase = bytes_text(words),
        .is_cheap = true};

    memset(a, 0, sizeof(*a));
    a->bench = bench;
    scratch_make(&a->scratch);
    scratch_path(a->home, &a->scratch, "home");
    scratch_path(a->passphrase, &a->scratch, "passphrase");
    scratch_path(a->answer, &a->scratch, "answer");
    scratch_path(a->plain, &a->scratch, "plain");
    scratch_path(a->headers, &a->scratch, "headers");
    bench_must(disk_write(a->passphrase, bytes_text(words), true, &a->msg),
        &a->msg, "passphrase");
    bench_must(home_make(&home, &a->msg), &a->msg, "home");
    audited_open(a);
    bench_must(node_found(a->node, "Mekong", 0, bytes_text(words), &a->msg),
        &a->msg, "found");
    a->log = (struct log_id){a->node->home.node, LOG_CHANGES};
    hex_encode(a->node_hex, bytes_of(a->log.node.bytes, 32));
    work_init(&a->work, a->node->schema, &a->node->home.office);
}

static void
audited_release(struct audited *a)
{
    work_release(&a->work);
    audited_close(a);
    scratch_remove(&a->scratch);
}

/* Items [from, to) of the work, in one transaction. */
struct writing {
    struct work *work;
    size_t from;
    size_t to;
};

static enum err
write_items(void *context, struct store *store, struct err_msg *msg)
{
    const struct writing *writing = context;
    enum err rc = ERR_OK;

    for (size_t i = writing->from; i < writing->to && rc == ERR_OK; i++) {
        rc = work_edit(writing->work, i, store, msg);
    }
    return rc;
}

static void
audited_write(struct audited *a, size_t from, size_t to)
{
    struct writing writing = {.work = &a->work};

    while (from < to) {
        writing.from = from;
        writing.to = from + num_min_u64(to - from, EACH);
        bench_must(node_write(a->node, write_items, &writing, &a->msg), &a->msg,
            "edit");
        from = writing.to;
    }
}

/* The log, and a hundred items more that are not written yet. */
static void
audited_fill(struct audited *a)
{
    const size_t cases = bench_scale(a->bench, CASES_SMALL, CASES_FULL);
    struct report_row row = {.name = "audit: writing the log", .unit = "s"};
    const double start = bench_now();

    for (size_t at = 0; at < cases; at += BLOCK) {
        work_clear(&a->work);
        work_cases(&a->work, at, at + num_min_u64(cases - at, BLOCK), LAG);
        audited_write(a, 0, a->work.count);
        a->entries += a->work.count;
    }
    row.value = bench_now() - start;
    snprintf(row.note, sizeof(row.note), "%llu entries",
        (unsigned long long)a->entries);
    report_add(&a->bench->report, &row);
    work_clear(&a->work);
    work_cases(&a->work, cases, cases + NEW_ENTRIES, LAG);
    ck_assert_uint_ge(a->work.count, NEW_ENTRIES);
}

/* SHA-256 alone, in seconds of the processor. */
struct hashing {
    double headers_s;
    double bodies_s;
    double leaves_s;
    double nodes_s;
    uint64_t bytes; /* of all four */
};

static double
since(double *start)
{
    const double now = bench_cpu();
    const double spent = now - *start;

    *start = now;
    return spent;
}

static void
hash_batch(struct hashing *h, const struct batch *batch)
{
    static uint8_t leaves[LOG_BATCH_ENTRIES_MAX][1 + ENTRY_LEAF_BYTES];
    struct hash hashes[LOG_BATCH_ENTRIES_MAX];
    uint8_t pair[1 + 2 * sizeof(struct hash)] = {1};
    double start = bench_cpu();

    for (size_t i = 0; i < batch->count; i++) {
        hash_sha256(&hashes[i], batch->entries[i].header);
        h->bytes += batch->entries[i].header.size;
    }
    h->headers_s += since(&start);
    for (size_t i = 0; i < batch->count; i++) {
        memcpy(leaves[i] + 5, hashes[i].bytes, sizeof(hashes[i]));
        hash_sha256(&hashes[i], batch->entries[i].body);
        memcpy(leaves[i] + 37, hashes[i].bytes, sizeof(hashes[i]));
        h->bytes += batch->entries[i].body.size;
    }
    h->bodies_s += since(&start);
    for (size_t i = 0; i < batch->count; i++) {
        hash_sha256(&hashes[i], bytes_of(leaves[i], sizeof(leaves[i])));
    }
    h->leaves_s += since(&start);
    for (size_t i = 0; i < batch->count; i++) {
        memcpy(pair + 1, hashes[i].bytes, sizeof(hashes[i]));
        hash_sha256(&hashes[i], bytes_of(pair, sizeof(pair)));
    }
    h->nodes_s += since(&start);
    h->bytes += batch->count * (sizeof(leaves[0]) + sizeof(pair));
}

/* The next batch of the log; false: there is none. */
static bool
hash_next(struct audited *a, struct view_range *range, struct hashing *out)
{
    struct buf bytes = {.limit = LOG_BATCH_BYTES_MAX};
    struct batch batch = {0};
    struct view *view = NULL;
    uint64_t to = 0;
    bool has_more = false;

    bench_must(view_open(&view, a->node->store, &a->msg), &a->msg, "view");
    bench_must(view_batch(view, range, &bytes, &to, &a->msg), &a->msg, "batch");
    view_close(view);
    has_more = to > range->from;
    if (has_more) {
        ck_assert_int_eq(batch_decode(&batch, buf_bytes(&bytes)), ERR_OK);
        hash_batch(out, &batch);
        range->from = to;
    }
    batch_release(&batch);
    buf_release(&bytes);
    return has_more;
}

/* Every entry of the log. */
static void
hash_all(struct audited *a, struct hashing *out)
{
    struct view_range range = {.log = &a->log, .bytes_max = BATCH_BYTES};
    struct report_row row = {.name = "  SHA-256 of it", .unit = "MB/s"};

    *out = (struct hashing){.bytes = 0};
    while (hash_next(a, &range, out)) {
    }
    ck_assert_uint_eq(range.from, a->entries);
    row.value = (double)out->bytes / 1e6 /
                (out->headers_s + out->bodies_s + out->leaves_s + out->nodes_s);
    snprintf(row.note, sizeof(row.note),
        "s cpu: headers %.2f, bodies %.2f, leaves %.2f, nodes %.2f",
        out->headers_s, out->bodies_s, out->leaves_s, out->nodes_s);
    report_add(&a->bench->report, &row);
}

/* "audit export" of all logs; how many files of this log it wrote. */
static json_int_t
run_export(struct audited *a, const char *dir, bool with_headers,
    struct command_cost *out)
{
    const char *const line[] = {"audit", "export", dir, "--json", "--home",
        a->home, "--passphrase-file", a->passphrase,
        with_headers ? "--headers" : NULL, NULL};
    json_t *answer = NULL;
    const json_t *logs = NULL;
    json_int_t files = -1;

    command_run(a->bench, a->answer, line, out);
    answer = json_load_file(a->answer, 0, NULL);
    logs = json_object_get(answer, "logs");
    for (size_t i = 0; i < json_array_size(logs); i++) {
        const json_t *log = json_array_get(logs, i);

        if (strcmp(json_string_value(json_object_get(log, "kind")),
                "changes") == 0) {
            files = json_integer_value(json_object_get(log, "files"));
        }
    }
    json_decref(answer);
    ck_assert_int_ge(files, 0);
    return files;
}

/* "audit check" with the keys of both logs, which finds nothing. */
static void
run_check(struct audited *a, const char *path, struct command_cost *out)
{
    static const char *const kinds[] = {"control", "changes"};
    char keys[2][SCRATCH_PATH_BYTES * 2];
    const char *const line[] = {
        "audit", "check", path, "--key", keys[0], "--key", keys[1], NULL};

    for (size_t i = 0; i < 2; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%s/%s/%s/vkey", a->plain,
            a->node_hex, kinds[i]);
    }
    command_run(a->bench, a->answer, line, out);
}

/* A command's processor time beside its floor, and its time by the clock. */
static void
tell_command(struct audited *a, const char *name,
    const struct command_cost *cost, double floor_s)
{
    struct report_row row = {.name = name,
        .unit = "s cpu",
        .value = cost->cpu_s,
        .floor = floor_s,
        /* Of a short log, starting is the greater part. */
        .kind = a->bench->is_full ? BUDGET_RATIO : BUDGET_NONE,
        .budget = 2};

    snprintf(row.note, sizeof(row.note),
        "%.2f us an entry; %.2f s in the system; %.2f s by the clock",
        cost->cpu_s / (double)a->entries * 1e6, cost->system_s, cost->wall_s);
    report_add(&a->bench->report, &row);
}

static void
tell_memory(
    struct audited *a, const char *name, const struct command_cost *cost)
{
    struct report_row row = {
        .name = name, .unit = "MiB", .value = cost->peak_mib};

    snprintf(row.note, sizeof(row.note), "mapped files included");
    report_add(&a->bench->report, &row);
}

static void
first_export(struct audited *a, const struct hashing *h)
{
    const double tree_s = h->leaves_s + h->nodes_s;
    struct command_cost cost;
    struct report_row row = {.name = "  its files", .unit = "files"};

    row.value = (double)run_export(a, a->plain, false, &cost);
    tell_command(a, "audit export", &cost, h->headers_s + h->bodies_s + tree_s);
    report_add(&a->bench->report, &row);
    row.value = (double)run_export(a, a->headers, true, &cost);
    tell_command(a, "audit export --headers", &cost,
        h->headers_s + h->bodies_s + tree_s);
    report_add(&a->bench->report, &row);
    run_check(a, a->plain, &cost);
    tell_command(a, "audit check", &cost, tree_s);
    tell_memory(a, "  its greatest memory", &cost);
    run_check(a, a->headers, &cost);
    tell_command(a, "audit check, with headers", &cost, h->headers_s + tree_s);
    tell_memory(a, "  its greatest memory", &cost);
    run_check(a, a->home, &cost);
    tell_command(a, "audit check of the home", &cost,
        h->headers_s + h->bodies_s + tree_s);
}

static void
write_more(struct audited *a)
{
    audited_open(a);
    audited_write(a, 0, NEW_ENTRIES);
    a->entries += NEW_ENTRIES;
    audited_close(a);
}

/* After a few new entries: a handful of files. */
static void
second_export(struct audited *a)
{
    struct command_cost cost;
    struct report_row row = {
        .name = "audit export after 100 new entries", .unit = "s"};
    const double files = (double)run_export(a, a->headers, true, &cost);

    row.value = cost.wall_s;
    snprintf(row.note, sizeof(row.note), "%.3f s of processor", cost.cpu_s);
    report_add(&a->bench->report, &row);
    row = (struct report_row){.name = "  its files",
        .unit = "files",
        .kind = BUDGET_MOST,
        .budget = 12,
        .value = files};
    report_add(&a->bench->report, &row);
}

static int
compare_times(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

/* Through the API, from request to JSON, each about a random entry. */
static void
ask(struct audited *a, const char *name, const char *question)
{
    static double times[QUESTIONS];
    struct prng prng = prng_init(9);
    struct report_row row = {
        .name = name, .unit = "ms p99", .kind = BUDGET_MOST, .budget = 5};

    for (size_t i = 0; i < QUESTIONS; i++) {
        char target[TARGET_BYTES];
        struct api_request request = {.method = "GET", .target = target};
        struct api_response response;
        double start = 0;

        snprintf(target, sizeof(target), "/v1/audit/logs/%s/changes/%s=%llu",
            a->node_hex, question,
            (unsigned long long)prng_below(&prng, a->entries));
        start = bench_now();
        api_dispatch(a->api, &request, &response);
        times[i] = (bench_now() - start) * 1000;
        ck_assert_uint_eq(response.status, 200);
        api_response_release(&response);
    }
    qsort(times, QUESTIONS, sizeof(times[0]), compare_times);
    row.value = times[QUESTIONS * 99 / 100];
    snprintf(row.note, sizeof(row.note), "p50 %.3f ms, greatest %.3f ms",
        times[QUESTIONS / 2], times[QUESTIONS - 1]);
    report_add(&a->bench->report, &row);
}

void
measure_audit(struct bench *bench)
{
    struct hashing hashing;
    struct audited a;

    audited_make(&a, bench);
    audited_fill(&a);
    hash_all(&a, &hashing);
    ask(&a, "inclusion proof, through the API", "proof?position");
    ask(&a, "consistency proof, through the API", "prefix?size");
    audited_close(&a);
    first_export(&a, &hashing);
    write_more(&a);
    second_export(&a);
    audited_release(&a);
    measure_auditor(bench);
}
