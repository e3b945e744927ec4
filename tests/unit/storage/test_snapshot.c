/* SPDX-License-Identifier: Apache-2.0 */
/* Views while another thread writes, commits and fails to. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "storage/store_internal.h"
#include "storage/view_internal.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { ROUNDS = 40 };

static struct corridor_fixture f;
static struct fixture_ids ids;
static atomic_bool is_done;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = 3, .policy = POLICY_SHARE_BY_DEFAULT};

    ids.count = 0;
    atomic_store(&is_done, false);
    fixture_make(&f, &options);
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* Every position that the view's clock counts is in its transaction. */
static const char *
check_view(struct view *view)
{
    size_t count = 0;
    const struct log_id *order = view_order(view, &count);
    struct vclock clock = {0};
    struct log_table logs = {0};
    const char *wrong = NULL;

    if (vclock_decode(&clock, &logs, view_clock(view)) != ERR_OK) {
        wrong = "the clock is malformed";
    }
    vclock_release(&clock);
    log_table_release(&logs);
    for (uint32_t log = 0; log < count && wrong == NULL; log++) {
        struct view_log info;
        struct stored_entry stored;

        if (view_log(view, log, &info) != ERR_OK ||
            !log_id_equal(&info.id, &order[log]) ||
            info.applied > info.stored) {
            wrong = "a log is not as the roster says";
        } else if (info.stored > 0 &&
                   entries_get(view->txn, (struct dot){log, info.stored - 1},
                       &stored, NULL) != ERR_OK) {
            wrong = "the clock counts what the view does not see";
        }
    }
    return wrong;
}

static void *
read_on(void *context)
{
    const char *wrong = NULL;
    size_t last = 0;

    (void)context;
    while (!atomic_load(&is_done) && wrong == NULL) {
        struct view *view = NULL;
        struct digest_result digest;

        if (view_open(&view, f.offices[0].store, NULL) != ERR_OK) {
            return (void *)(uintptr_t) "a view does not open";
        }
        wrong = check_view(view);
        if (wrong == NULL && view_digest(view, &digest, NULL) != ERR_OK) {
            wrong = "the digest fails";
        }
        if (wrong == NULL && digest.records < last) {
            wrong = "records went away";
        }
        last = digest.records;
        view_close(view);
    }
    /* A constant text: Check's assertions are for its own thread. */
    return (void *)(uintptr_t)wrong;
}

static void
write_on(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct fixture_pump pump = {.from = 1, .to = 0};

        fixture_work(&f, 0, 3, &ids);
        fixture_work(&f, 1, 3, &ids);
        fixture_pump(&f, &pump);
        /* And what is undone is never seen. */
        fixture_begin(&f, 0);
        f.offices[0].faults.commits_left = 0;
        ck_assert_int_eq(store_put_note(f.offices[0].store, bytes_text("n"),
                             bytes_text("v"), &f.msg),
            ERR_OK);
        ck_assert_int_eq(store_commit(f.offices[0].store, &f.msg), ERR_FULL);
        f.offices[0].faults.commits_left = -1;
    }
}

START_TEST(views_are_whole_while_another_thread_writes)
{
    pthread_t threads[2];

    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, NULL), 0);
    }
    write_on();
    atomic_store(&is_done, true);
    for (size_t i = 0; i < 2; i++) {
        void *wrong = NULL;

        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_msg(wrong == NULL, "%s", (const char *)wrong);
    }
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(a_view_stays_at_its_moment)
{
    struct view *view = NULL;
    struct digest_result before;
    struct digest_result after;
    struct bytes clock;
    struct buf copy = {0};

    fixture_work(&f, 0, 5, &ids);
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert_int_eq(view_digest(view, &before, &f.msg), ERR_OK);
    buf_put_bytes(&copy, view_clock(view));
    fixture_work(&f, 0, 5, &ids);
    fixture_work(&f, 1, 5, &ids);
    ck_assert_int_eq(view_digest(view, &after, &f.msg), ERR_OK);
    clock = view_clock(view);
    ck_assert_mem_eq(before.digest.bytes, after.digest.bytes, 32);
    ck_assert(bytes_equal(clock, buf_bytes(&copy)));
    view_close(view);
    after = fixture_digest(&f, 0);
    ck_assert_mem_ne(before.digest.bytes, after.digest.bytes, 32);
    buf_release(&copy);
}
END_TEST

/* Called where LMDB would sync: the commit is not durable yet. */
struct watch {
    struct buf before;
    bool was_early;
};

static enum err
look_at_the_clock(void *context)
{
    struct watch *watch = context;
    struct view *view = NULL;

    if (f.offices[0].store == NULL ||
        view_open(&view, f.offices[0].store, NULL) != ERR_OK) {
        return ERR_OK; /* while the store is being opened */
    }
    if (!bytes_equal(view_clock(view), buf_bytes(&watch->before))) {
        watch->was_early = true;
    }
    view_close(view);
    return ERR_OK;
}

START_TEST(no_clock_counts_what_is_not_durable)
{
    struct watch watch = {{0}, false};
    struct store_options options;
    struct view *view = NULL;

    fixture_close(&f, 0);
    options = fixture_store_options(&f, 0);
    options.env.sync = look_at_the_clock;
    options.env.context = &watch;
    ck_assert_int_eq(store_open(&f.offices[0].store, &options, &f.msg), ERR_OK);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
        buf_clear(&watch.before);
        buf_put_bytes(&watch.before, view_clock(view));
        view_close(view);
        fixture_work(&f, 0, 3, &ids);
        ck_assert(!watch.was_early);
    }
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert(!bytes_equal(view_clock(view), buf_bytes(&watch.before)));
    view_close(view);
    buf_release(&watch.before);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, views_are_whole_while_another_thread_writes);
    tcase_add_test(tcase, a_view_stays_at_its_moment);
    tcase_add_test(tcase, no_clock_counts_what_is_not_durable);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
