/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of entries, and of headers. */
#include "crypto/bundle.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { COUNT = 4 }; /* entries in the bundles below */

static enum err
recode_entries(struct bytes bytes, struct buf *out)
{
    struct cursor cursor = cursor_init(bytes);

    for (int i = 0; i < COUNT; i++) {
        bundle_put(out, bundle_next(&cursor));
    }
    return cursor_end(&cursor);
}

static enum err
recode_headers(struct bytes bytes, struct buf *out)
{
    struct cursor cursor = cursor_init(bytes);

    for (int i = 0; i < COUNT; i++) {
        const struct bundle_header item = bundle_next_header(&cursor);

        bundle_put_header(out, &item);
    }
    return cursor_end(&cursor);
}

static void
put_entries(struct buf *out)
{
    bundle_put(out, bytes_text("an entry"));
    bundle_put(out, bytes_text(""));
    bundle_put(out, bytes_text("another"));
    bundle_put(out, bytes_text("the last"));
}

static void
put_headers(struct buf *out)
{
    const struct bundle_header items[COUNT] = {
        {bytes_text("a header"), BUNDLE_BODY_HERE, bytes_text("a body")},
        {bytes_text("header"), BUNDLE_BODY_HELD, bytes_text("")},
        {bytes_text(""), BUNDLE_BODY_LACKING, bytes_text("")},
        {bytes_text("header"), BUNDLE_BODY_DENIED, bytes_text("")},
    };

    for (int i = 0; i < COUNT; i++) {
        bundle_put_header(out, &items[i]);
    }
}

START_TEST(bundles_are_read_as_they_were_written)
{
    struct buf entries = {0};
    struct buf headers = {0};

    put_entries(&entries);
    put_headers(&headers);
    ck_assert_uint_gt(mutation_run(buf_bytes(&entries), recode_entries), 0);
    ck_assert_uint_gt(mutation_run(buf_bytes(&headers), recode_headers), 0);
    buf_release(&entries);
    buf_release(&headers);
}
END_TEST

START_TEST(every_cut_bundle_is_refused)
{
    struct buf entries = {0};
    struct buf headers = {0};
    struct buf out = {0};

    put_entries(&entries);
    put_headers(&headers);
    for (size_t size = 0; size < entries.size; size++) {
        ck_assert_int_eq(
            recode_entries(bytes_of(entries.data, size), &out), ERR_MALFORMED);
    }
    for (size_t size = 0; size < headers.size; size++) {
        ck_assert_int_eq(
            recode_headers(bytes_of(headers.data, size), &out), ERR_MALFORMED);
    }
    buf_put_u8(&entries, 0);
    buf_put_u8(&headers, 0);
    ck_assert_int_eq(recode_entries(buf_bytes(&entries), &out), ERR_MALFORMED);
    ck_assert_int_eq(recode_headers(buf_bytes(&headers), &out), ERR_MALFORMED);
    buf_release(&entries);
    buf_release(&headers);
    buf_release(&out);
}
END_TEST

START_TEST(a_bundle_holds_what_sixteen_bits_can_count)
{
    uint8_t *bytes = mem_zalloc(1, BUNDLE_ENTRY_BYTES_MAX + 1);
    const struct bytes most = bytes_of(bytes, BUNDLE_ENTRY_BYTES_MAX);
    const struct bytes more = bytes_of(bytes, BUNDLE_ENTRY_BYTES_MAX + 1);
    const struct bundle_header headers[] = {
        {more, BUNDLE_BODY_HELD, {NULL, 0}}, {most, BUNDLE_BODY_HERE, more}};
    struct buf out = {0};
    struct cursor cursor;

    ck_assert_ptr_nonnull(bytes);
    bundle_put(&out, most);
    ck_assert_int_eq(buf_err(&out), ERR_OK);
    cursor = cursor_init(buf_bytes(&out));
    ck_assert(bytes_equal(bundle_next(&cursor), most));
    bundle_put(&out, more);
    ck_assert_int_eq(buf_err(&out), ERR_TOO_BIG);
    for (int i = 0; i < 2; i++) {
        buf_clear(&out);
        bundle_put_header(&out, &headers[i]);
        ck_assert_int_eq(buf_err(&out), ERR_TOO_BIG);
    }
    buf_release(&out);
    mem_free(bytes);
}
END_TEST

START_TEST(an_unknown_state_of_a_body_is_refused)
{
    const uint8_t encoded[] = {0, 1, 'h', 3};
    struct cursor cursor = cursor_init(bytes_of(encoded, sizeof(encoded)));
    const struct bundle_header item = bundle_next_header(&cursor);

    ck_assert_uint_eq(item.header.size, 0);
    ck_assert_int_eq(cursor_end(&cursor), ERR_MALFORMED);
}
END_TEST

static Suite *
bundle_suite(void)
{
    Suite *suite = suite_create("bundle");
    TCase *bundles = tcase_create("bundles");

    tcase_add_test(bundles, bundles_are_read_as_they_were_written);
    tcase_add_test(bundles, every_cut_bundle_is_refused);
    tcase_add_test(bundles, a_bundle_holds_what_sixteen_bits_can_count);
    tcase_add_test(bundles, an_unknown_state_of_a_body_is_refused);
    suite_add_tcase(suite, bundles);
    return suite;
}

int
main(void)
{
    return run_suite(bundle_suite());
}
