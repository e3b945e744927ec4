/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of outside witnesses. */
#include "node/witness/witnessed.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/mutation.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

static struct api_fixture fixture;

static void
setup(void)
{
    api_fixture_setup(&fixture, true);
}

static void
teardown(void)
{
    api_fixture_teardown(&fixture);
}

static struct witnessed
item_of(unsigned n, uint64_t size)
{
    struct witnessed item = {.size = size, .time = 1790000000 + n};
    struct signer signer;
    char name[32];

    (void)snprintf(name, sizeof(name), "witness-%u", n);
    signer_init(&signer, name, NOTE_COSIGNATURE, (uint8_t)(n + 1));
    item.witness.key = signer.key;
    (void)snprintf(item.witness.name, sizeof(item.witness.name), "name-%u", n);
    (void)snprintf(
        item.witness.url, sizeof(item.witness.url), "https://w%u.example", n);
    memset(item.root.bytes, (int)n, sizeof(item.root.bytes));
    memset(item.signature.bytes, 0x5a, sizeof(item.signature.bytes));
    return item;
}

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct witnessed_list list = {.count = 0};
    enum err rc = witnessed_decode(&list, bytes);

    if (rc == ERR_OK) {
        rc = witnessed_encode(out, &list);
        witnessed_release(&list);
    }
    return rc;
}

START_TEST(what_is_kept_has_one_form)
{
    struct witnessed items[2] = {item_of(1, 40), item_of(2, 0)};
    struct witnessed_list list = {items, 2};
    struct buf encoded = {0};

    items[1].failing_ms = 17;
    memcpy(items[1].trouble, "It had too much to do.", 23);
    ck_assert_int_eq(witnessed_encode(&encoded, &list), ERR_OK);
    ck_assert_uint_gt(mutation_run(buf_bytes(&encoded), recode), 100);
    for (long n = 0;; n++) {
        struct buf out = {0};
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = recode(buf_bytes(&encoded), &out);
        mem_fault_after(-1);
        buf_release(&out);
        if (rc == ERR_OK) {
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
    buf_release(&encoded);
}
END_TEST

static enum err
run_put(void *context, struct store *store, struct err_msg *msg)
{
    return witnessed_put(store, LOG_CHANGES, context, msg);
}

static void
put_one(struct witnessed item)
{
    ck_assert_int_eq(node_write(fixture.node, run_put, &item, NULL), ERR_OK);
}

static struct witnessed_list
read_all(enum log_kind kind)
{
    struct witnessed_list list = {.count = 0};
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, fixture.node->store, NULL), ERR_OK);
    ck_assert_int_eq(witnessed_read(&list, view, kind, NULL), ERR_OK);
    view_close(view);
    return list;
}

START_TEST(the_one_of_most_entries_is_kept)
{
    struct witnessed failed = item_of(1, 0);
    struct witnessed_list list;

    put_one(item_of(1, 40));
    put_one(item_of(1, 30));
    failed.failing_ms = 100;
    memcpy(failed.trouble, "Why", 4);
    put_one(failed);
    failed.failing_ms = 200;
    put_one(failed);
    list = read_all(LOG_CHANGES);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_uint_eq(list.items[0].size, 40);
    ck_assert_uint_eq(list.items[0].failing_ms, 100);
    ck_assert_str_eq(list.items[0].trouble, "Why");
    witnessed_release(&list);
    put_one(item_of(1, 41));
    list = read_all(LOG_CHANGES);
    ck_assert_uint_eq(list.items[0].size, 41);
    ck_assert_uint_eq(list.items[0].failing_ms, 0);
    witnessed_release(&list);
    list = read_all(LOG_CONTROL);
    ck_assert_uint_eq(list.count, 0);
    witnessed_release(&list);
}
END_TEST

START_TEST(beyond_so_many_the_least_goes)
{
    struct witnessed_list list;
    struct note_key gone = item_of(3, 0).witness.key;

    for (unsigned i = 0; i < WITNESSED_MAX; i++) {
        put_one(item_of(i, i == 3 ? 5 : 10 + i));
    }
    list = read_all(LOG_CHANGES);
    ck_assert_uint_eq(list.count, WITNESSED_MAX);
    ck_assert_ptr_nonnull(witnessed_find(&list, &gone));
    witnessed_release(&list);
    put_one(item_of(WITNESSED_MAX, 1));
    list = read_all(LOG_CHANGES);
    ck_assert_uint_eq(list.count, WITNESSED_MAX);
    ck_assert_ptr_null(witnessed_find(&list, &gone));
    witnessed_release(&list);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("witnessed");
    TCase *tc = tcase_create("witnessed");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_is_kept_has_one_form);
    tcase_add_test(tc, the_one_of_most_entries_is_kept);
    tcase_add_test(tc, beyond_so_many_the_least_goes);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
