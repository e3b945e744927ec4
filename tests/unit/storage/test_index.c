/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/index.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "storage/store.h"
#include "sync/model/merge.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { FOUND_MAX = 256, FIELD_OWNER = 5 };

static struct corridor_fixture f;
static struct fixture_ids ids;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = 2, .policy = POLICY_SHARE_BY_DEFAULT};

    ids.count = 0;
    fixture_make(&f, &options);
    fixture_work(&f, 0, 60, &ids);
    fixture_sync(&f);
    fixture_work(&f, 1, 60, &ids);
    fixture_sync(&f);
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* Index up to `max` records of office 0; does more wait? */
static bool
index_some(size_t max)
{
    bool left = false;

    fixture_begin(&f, 0);
    ck_assert_int_eq(
        store_index(f.offices[0].store, max, &left, &f.msg), ERR_OK);
    fixture_commit(&f, 0);
    return left;
}

struct found {
    struct record_id ids[FOUND_MAX];
    size_t count;
    size_t stop_at; /* 0: take all */
    /* for the scan: */
    struct view *view;
    const struct view_filter *filter;
};

static bool
collect(void *context, const struct record *record)
{
    struct found *found = context;

    ck_assert_uint_lt(found->count, FOUND_MAX);
    found->ids[found->count++] = record->id;
    return found->count != found->stop_at;
}

/* What the filter should find: by showing the field of every case. */
static bool
collect_matching(void *context, const struct record *record)
{
    struct found *found = context;
    const struct schema_kind *kind = schema_kind(f.schema, record->kind);
    struct merge_view merge = {.record = record,
        .kind = kind,
        .field = schema_field(kind, found->filter->field),
        .logs = view_logs(found->view),
        .membership = view_membership(found->view)};
    struct shown shown = {0};
    bool matches = false;

    ck_assert_int_eq(merge_show(&shown, &merge, found->filter->field), ERR_OK);
    for (size_t i = 0; i < shown.count; i++) {
        matches =
            matches || index_same(shown.values[i].value, found->filter->value);
    }
    shown_release(&shown);
    return matches ? collect(found, record) : true;
}

/* Filter by index and by scan; returns how many were found. */
static size_t
compare_filter(const struct view_filter *filter)
{
    struct view_query query = {
        .kind = FIXTURE_CASE, .filters = filter, .filter_count = 1};
    struct view_query all = {.kind = FIXTURE_CASE};
    struct found indexed = {.count = 0};
    struct found scanned = {.filter = filter};

    ck_assert_int_eq(
        view_open(&scanned.view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert_int_eq(
        view_list(scanned.view, &query, collect, &indexed, &f.msg), ERR_OK);
    ck_assert_int_eq(
        view_list(scanned.view, &all, collect_matching, &scanned, &f.msg),
        ERR_OK);
    view_close(scanned.view);
    ck_assert_uint_eq(indexed.count, scanned.count);
    for (size_t i = 0; i < indexed.count; i++) {
        ck_assert(record_id_equal(&indexed.ids[i], &scanned.ids[i]));
    }
    return indexed.count;
}

/* Values of every kind that the fixture writes, and an owner. */
static size_t
compare_all_filters(void)
{
    static const char *const codes[] = {
        "new", "open", "in_service", "closed", "LA", "TH", "mou", "none"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        static const uint16_t fields[] = {
            FIXTURE_CASE_STATUS, FIXTURE_CASE_COUNTRY, FIXTURE_CASE_CHANNEL};
        struct buf value = {0};

        cbor_put_cstr(&value, codes[i]);
        for (size_t k = 0; k < 3; k++) {
            struct view_filter filter = {fields[k], buf_bytes(&value)};
            count += compare_filter(&filter);
        }
        buf_release(&value);
    }
    for (size_t n = 0; n < f.count; n++) {
        struct buf value = {0};
        struct view_filter filter = {.field = FIELD_OWNER};

        cbor_put_bytes(&value,
            bytes_of(f.offices[n].id.bytes, sizeof(f.offices[n].id.bytes)));
        filter.value = buf_bytes(&value);
        count += compare_filter(&filter);
        buf_release(&value);
    }
    return count;
}

START_TEST(filters_find_what_a_scan_finds_however_much_is_indexed)
{
    size_t none = compare_all_filters();
    bool left = true;

    ck_assert_uint_gt(none, 0);
    ck_assert_uint_gt(fixture_stat(&f, 0).unindexed, 0);
    while (left) {
        left = index_some(20);
        ck_assert_uint_eq(compare_all_filters(), none);
    }
    ck_assert_uint_eq(fixture_stat(&f, 0).unindexed, 0);
    fixture_verify(&f, 0, true);
    fixture_work(&f, 0, 30, &ids);
    ck_assert_uint_gt(compare_all_filters(), 0);
    while (index_some(1)) {
    }
    ck_assert_uint_gt(compare_all_filters(), 0);
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(numbers_of_touched_rise_also_after_a_restart)
{
    while (index_some(100)) {
    }
    fixture_close(&f, 0);
    fixture_open(&f, 0);
    fixture_work(&f, 0, 5, &ids);
    ck_assert_uint_gt(fixture_stat(&f, 0).unindexed, 0);
    ck_assert(!index_some(100));
    fixture_verify(&f, 0, true);
    ck_assert(!index_some(100)); /* nothing waits: nothing happens */
}
END_TEST

START_TEST(a_list_goes_from_newest_to_oldest_in_pages)
{
    struct view *view = NULL;
    struct view_query query = {.kind = FIXTURE_CASE};
    struct found whole = {.count = 0};
    struct found page = {.stop_at = 3};
    size_t met = 0;

    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert_int_eq(view_list(view, &query, collect, &whole, &f.msg), ERR_OK);
    ck_assert_uint_gt(whole.count, 6);
    for (size_t i = 1; i < whole.count; i++) {
        ck_assert_int_gt(
            record_id_compare(&whole.ids[i - 1], &whole.ids[i]), 0);
    }
    do {
        page.count = 0;
        ck_assert_int_eq(
            view_list(view, &query, collect, &page, &f.msg), ERR_OK);
        for (size_t i = 0; i < page.count; i++) {
            ck_assert(record_id_equal(&page.ids[i], &whole.ids[met]));
            met++;
        }
        query.after = &whole.ids[met - 1];
    } while (page.count > 0 && met < whole.count);
    ck_assert_uint_eq(met, whole.count);
    view_close(view);
}
END_TEST

START_TEST(a_record_is_found_by_the_first_digits_of_its_id)
{
    struct view *view = NULL;
    struct found_record found[4];
    char hex[33];
    size_t count = 0;

    hex_encode(hex, bytes_of(ids.ids[0].bytes, 16));
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert_int_eq(
        view_find(view, bytes_text(hex), found, 4, &count, &f.msg), ERR_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(found[0].kind, FIXTURE_CASE);
    ck_assert(record_id_equal(&found[0].id, &ids.ids[0]));
    /* All were made within seconds: their ids begin alike. */
    ck_assert_int_eq(
        view_find(view, bytes_of(hex, 4), found, 4, &count, &f.msg), ERR_OK);
    ck_assert_uint_eq(count, 4);
    ck_assert_int_gt(record_id_compare(&found[0].id, &found[3].id), 0);
    ck_assert_int_eq(
        view_find(view, bytes_text("ffff"), found, 4, &count, &f.msg), ERR_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(
        view_find(view, bytes_of(hex, 3), found, 4, &count, &f.msg),
        ERR_MALFORMED);
    ck_assert_int_eq(
        view_find(view, bytes_text("xyzw"), found, 4, &count, &f.msg),
        ERR_MALFORMED);
    view_close(view);
}
END_TEST

START_TEST(texts_are_the_same_but_for_language_and_case)
{
    struct buf a = {0};
    struct buf b = {0};
    char text[301];

    cbor_put_array(&a, 2);
    cbor_put_cstr(&a, "Vientiane");
    cbor_put_cstr(&a, "lo");
    cbor_put_cstr(&b, "VIENTIANE");
    ck_assert(index_same(buf_bytes(&a), buf_bytes(&b)));
    memset(text, 'x', 300);
    text[300] = '\0';
    buf_clear(&a);
    cbor_put_cstr(&a, text);
    text[299] = 'y';
    buf_clear(&b);
    cbor_put_cstr(&b, text);
    ck_assert(!index_same(buf_bytes(&a), buf_bytes(&b)));
    buf_release(&a);
    buf_release(&b);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("index");
    TCase *tcase = tcase_create("index");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(
        tcase, filters_find_what_a_scan_finds_however_much_is_indexed);
    tcase_add_test(tcase, numbers_of_touched_rise_also_after_a_restart);
    tcase_add_test(tcase, a_list_goes_from_newest_to_oldest_in_pages);
    tcase_add_test(tcase, a_record_is_found_by_the_first_digits_of_its_id);
    tcase_add_test(tcase, texts_are_the_same_but_for_language_and_case);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
