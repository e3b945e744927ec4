/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, filtered lists and single records, as the API asks for them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/api.h"
#include "tests/bench/bench.h"

enum {
    CASES_SMALL = 3000,
    CASES_FULL = 100000,
    LAG = 500,
    QUERIES = 300,
    PAGE = 50,
    AUTHOR_EACH = 5000
};

struct page {
    size_t left;
    size_t fields;
};

static bool
take(void *context, const struct record *record)
{
    struct page *page = context;

    page->fields += record->field_count;
    page->left--;
    return page->left > 0;
}

static int
compare_times(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

/* One query, from opening the view to closing it. */
struct asking {
    struct corridor_fixture *f;
    const struct work *work;
    struct prng prng;
    struct api *api;
    const char *target; /* of the API; "": one record */
    bool is_filtered;
    struct view_filter filter;
};

/* Ask for what the first case has in this field. */
static void
filter_by(struct asking *asking, uint16_t field)
{
    const struct work *work = asking->work;

    for (size_t i = 0; i < work->op_count; i++) {
        const struct work_op *op = &work->ops[i];

        if (op->field == field && op->size > 0) {
            asking->is_filtered = true;
            asking->filter = (struct view_filter){
                field, bytes_of(work->values.data + op->start, op->size)};
            return;
        }
    }
    ck_abort_msg("no case has this field");
}

static void
ask_list(struct asking *asking)
{
    struct page page = {.left = PAGE};
    struct view_query query = {.kind = FIXTURE_CASE,
        .filters = &asking->filter,
        .filter_count = asking->is_filtered ? 1 : 0};
    struct view *view = NULL;

    bench_must(
        view_open(&view, asking->f->offices[0].store, NULL), NULL, "view");
    bench_must(view_list(view, &query, take, &page, NULL), NULL, "list");
    ck_assert_uint_lt(page.left, PAGE);
    view_close(view);
}

static void
ask_record(struct asking *asking)
{
    const struct work_item *item =
        &asking->work->items[prng_below(&asking->prng, asking->work->count)];
    struct view *view = NULL;
    struct record record;
    struct version version;

    bench_must(
        view_open(&view, asking->f->offices[0].store, NULL), NULL, "view");
    bench_must(view_record(view, item->kind, &asking->work->ids[item->slot],
                   &record, NULL),
        NULL, "record");
    bench_must(view_version(view, &record, &version), NULL, "version");
    record_release(&record);
    view_close(view);
}

/* The same through the API: a request in, JSON out, without the socket. */
static void
ask_api(struct asking *asking)
{
    const struct work_item *item =
        &asking->work->items[prng_below(&asking->prng, asking->work->count)];
    char target[64] = "/v1/records/";
    struct api_request request = {.method = "GET", .target = asking->target};
    struct api_response response;
    char *text = NULL;

    if (asking->target[0] == '\0') {
        hex_encode(target + strlen(target),
            bytes_of(asking->work->ids[item->slot].bytes, 16));
        request.target = target;
    }
    api_dispatch(asking->api, &request, &response);
    ck_assert_uint_eq(response.status, 200);
    text = json_dumps(response.json, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    free(text);
    api_response_release(&response);
}

static void
ask(struct bench *bench, const char *name, struct asking *asking,
    void (*question)(struct asking *asking))
{
    static double times[QUERIES];
    struct report_row row = {
        .name = name, .unit = "ms p99", .kind = BUDGET_MOST, .budget = 50};

    for (size_t i = 0; i < QUERIES; i++) {
        double start = bench_now();

        question(asking);
        times[i] = (bench_now() - start) * 1000;
    }
    qsort(times, QUERIES, sizeof(times[0]), compare_times);
    row.value = times[QUERIES * 99 / 100];
    snprintf(row.note, sizeof(row.note), "p50 %.3f ms", times[QUERIES / 2]);
    report_add(&bench->report, &row);
}

static void
ask_all_api(struct bench *bench, struct asking *asking)
{
    struct node node = {
        .store = asking->f->offices[0].store, .schema = asking->f->schema};
    struct api_options options = {.node = &node};

    node.home.has_corridor = true;
    node.home.office = asking->f->offices[0].id;
    node.home.corridor = asking->f->corridor;
    ck_assert_int_eq(api_new(&asking->api, &options), ERR_OK);
    asking->target = "/v1/records?kind=case&limit=50";
    ask(bench, "API: list of 50", asking, ask_api);
    asking->target = "/v1/records?kind=case&assignee=desk%202&limit=50";
    ask(bench, "API: list of 50 at one desk", asking, ask_api);
    asking->target = "";
    ask(bench, "API: show one record", asking, ask_api);
    api_free(asking->api);
}

void
measure_query(struct bench *bench)
{
    struct fixture_options options = {.offices = 1};
    struct corridor_fixture f;
    struct work work;
    struct asking asking = {.f = &f, .work = &work, .prng = prng_init(5)};

    fixture_make(&f, &options);
    work_init(&work, f.schema, &f.offices[0].id);
    work_cases(&work, 0, bench_scale(bench, CASES_SMALL, CASES_FULL), LAG);
    bench_author(&f, &work, AUTHOR_EACH);
    bench_index(&f, 0);
    ask(bench, "list of 50", &asking, ask_list);
    filter_by(&asking, FIXTURE_CASE_DESK);
    ask(bench, "list of 50 at one desk", &asking, ask_list);
    filter_by(&asking, FIXTURE_CASE_NO);
    ask(bench, "search for one case by its number", &asking, ask_list);
    ask(bench, "show one record with its version", &asking, ask_record);
    ask_all_api(bench, &asking);
    work_release(&work);
    fixture_release(&f);
}
