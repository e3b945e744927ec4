/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nth write, commit or allocation fails, for every n, in everything that
 * writes: afterwards the same store works on, is whole, and holds exactly what
 * was acknowledged; and so does the one that is opened again.
 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/vouch.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;
static struct fixture_ids ids;
static struct record_id a_case;
static struct buf batch;
static struct log_id control;    /* of office 1: held in full */
static struct log_id changes;    /* of which some is held */
static struct evidence evidence; /* against the former */
static struct head last;         /* of the latter, */
static struct head other;        /* and one that is of another branch */
static struct cosignature vouch; /* by office 1, over a log of office 0 */

/* What is tried: returns what the store said, of a transaction begun. */
struct attempt {
    const char *name;
    enum err (*run)(struct store *store, struct err_msg *msg);
    bool freezes; /* what office 0 lacks of office 1's changes, for good */
};

static enum err
edit_old(struct store *store, struct err_msg *msg)
{
    struct fixture_op ops[] = {
        {FIXTURE_CASE_SUMMARY, false, false, "another summary"},
        {FIXTURE_CASE_CHANNEL, false, true, "eps"},
    };
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .id = &a_case, .ops = ops, .op_count = 2};
    struct edit_result out;

    (void)store;
    (void)msg;
    return fixture_try_edit(&f, 0, &edit, &out);
}

static enum err
edit_new(struct store *store, struct err_msg *msg)
{
    struct fixture_op ops[] = {
        {FIXTURE_CASE_SUMMARY, false, false, "a new one"},
        {FIXTURE_CASE_CHANNEL, false, true, "eps"},
    };
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .ops = ops, .op_count = 2};
    struct edit_result out;

    (void)store;
    (void)msg;
    return fixture_try_edit(&f, 0, &edit, &out);
}

static enum err
accept_changes(struct store *store, struct err_msg *msg)
{
    struct accept_result out;

    return store_accept(store, buf_bytes(&batch), &out, msg);
}

static enum err
admit(struct store *store, struct err_msg *msg)
{
    struct store_admit options = {.cert = buf_bytes(&f.offices[2].cert),
        .roles = ROLE_READ | ROLE_WRITE,
        .confirmed = true};

    return store_admit(store, &options, msg);
}

static enum err
index_all(struct store *store, struct err_msg *msg)
{
    bool left = false;

    return store_index(store, 1000, &left, msg);
}

static enum err
put_note(struct store *store, struct err_msg *msg)
{
    return store_put_note(store, bytes_text("name"), bytes_text("value"), msg);
}

static enum err
keep_evidence(struct store *store, struct err_msg *msg)
{
    return store_evidence(store, &evidence, msg);
}

static enum err
find_fork(struct store *store, struct err_msg *msg)
{
    struct accept_result out;

    return store_head(store, &control, &evidence.b, &out, msg);
}

static enum err
keep_head(struct store *store, struct err_msg *msg)
{
    struct accept_result out;

    return store_head(store, &changes, &last, &out, msg);
}

/* A batch that a head contradicts which waits for it: nothing of it comes in,
 * and what shows why stays. */
static enum err
accept_fork(struct store *store, struct err_msg *msg)
{
    struct accept_result out;
    enum err rc = store_head(store, &changes, &other, &out, msg);

    if (rc == ERR_OK) {
        rc = store_accept(store, buf_bytes(&batch), &out, msg);
    }
    ck_assert(rc != ERR_OK || out.is_forked);
    return rc;
}

static enum err
cosign(struct store *store, struct err_msg *msg)
{
    size_t count = 0;

    return store_cosign(store, &count, msg);
}

static enum err
keep_cosignature(struct store *store, struct err_msg *msg)
{
    return store_cosignature(store, &vouch, msg);
}

static const struct attempt attempts[] = {
    {"edit a case", edit_old, false},
    {"make a case", edit_new, false},
    {"accept a batch", accept_changes, false},
    {"admit an office", admit, false},
    {"index", index_all, false},
    {"put a note", put_note, false},
    {"keep evidence", keep_evidence, false},
    {"find a fork by a head", find_fork, false},
    {"keep a head", keep_head, false},
    {"find a fork by a batch", accept_fork, true},
    {"cosign", cosign, false},
    {"keep a cosignature", keep_cosignature, false},
};
enum { ATTEMPTS = sizeof(attempts) / sizeof(attempts[0]) };

static struct head
head_at(size_t n, const struct log_id *id)
{
    struct view *view = NULL;
    struct head head;

    ck_assert_int_eq(view_open(&view, f.offices[n].store, &f.msg), ERR_OK);
    ck_assert_int_eq(view_head(view, id, &head, &f.msg), ERR_OK);
    view_close(view);
    return head;
}

/* Office 1 signs what contradicts its own logs, and vouches for office 0's. */
static void
make_heads(void)
{
    struct log_id founders = {f.offices[0].node, LOG_CONTROL};
    struct head head = head_at(0, &founders);

    control = (struct log_id){f.offices[1].node, LOG_CONTROL};
    changes = (struct log_id){f.offices[1].node, LOG_CHANGES};
    evidence = (struct evidence){.log = control, .a = head_at(0, &control)};
    evidence.b.size = evidence.a.size;
    ck_assert_int_eq(log_head_sign(&evidence.b, &f.corridor, &control,
                         &f.offices[1].secrets.sign),
        ERR_OK);
    evidence.root = evidence.b.root;
    last = head_at(1, &changes);
    other = (struct head){.size = last.size - 1};
    ck_assert_int_eq(log_head_sign(&other, &f.corridor, &changes,
                         &f.offices[1].secrets.sign),
        ERR_OK);
    vouch = (struct cosignature){.log = founders,
        .cosigner = f.offices[1].node,
        .size = head.size,
        .root = head.root,
        .time = 1790000000};
    ck_assert_int_eq(
        cosignature_make(&vouch, &f.corridor, &f.offices[1].secrets.cosign),
        ERR_OK);
}

/* Office 0 with a case; office 1 has written what office 0 lacks; office 2 is
 * not admitted yet. */
static void
setup(void)
{
    struct fixture_options options = {
        .offices = 3, .policy = POLICY_SHARE_BY_DEFAULT, .only_first = true};
    struct log_id id = {.kind = LOG_CHANGES};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};

    ids.count = 0;
    batch = (struct buf){.limit = LOG_BATCH_BYTES_MAX};
    fixture_make(&f, &options);
    fixture_admit(&f, 1, ROLE_READ | ROLE_WRITE);
    a_case = fixture_case(&f, 0, "a summary");
    fixture_sync(&f);
    fixture_work(&f, 1, 12, &ids);
    fixture_desk(&f, 1, &a_case, "a desk");
    id.node = f.offices[1].node;
    range.from = 0;
    fixture_batch(&f, 1, &range, &batch);
    make_heads();
}

static void
teardown(void)
{
    buf_release(&batch);
    fixture_release(&f);
}

/* One try: whole, or not at all. */
static enum err
try_once(const struct attempt *attempt)
{
    struct store *store = f.offices[0].store;
    enum err rc = store_begin(store, f.wall_ms + 1, &f.msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = attempt->run(store, &f.msg);
    if (rc == ERR_OK) {
        return store_commit(store, &f.msg);
    }
    if (store_is_dirty(store)) {
        store_abort(store);
    } else {
        store_cancel(store);
    }
    return rc;
}

/* Everything of a store that a failure must not change. */
struct state {
    struct digest_result digest;
    struct view_stat stat;
    uint8_t marks[MARKS_BYTES];
    size_t cosignatures;
};

static struct state
look(void)
{
    struct state state = {
        .digest = fixture_digest(&f, 0), .stat = fixture_stat(&f, 0)};
    struct cosignature_range range = {0, 16};
    struct cosignature_item items[16];
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    view_marks(view, state.marks);
    ck_assert_int_eq(view_cosignatures_since(
                         view, &range, items, &state.cosignatures, &f.msg),
        ERR_OK);
    view_close(view);
    return state;
}

static void
expect_same(
    const struct state *a, const struct state *b, const char *what, long n)
{
    ck_assert_msg(
        a->digest.records == b->digest.records &&
            memcmp(a->digest.digest.bytes, b->digest.digest.bytes, 32) == 0 &&
            memcmp(&a->stat, &b->stat, sizeof(a->stat)) == 0 &&
            memcmp(a->marks, b->marks, sizeof(a->marks)) == 0 &&
            a->cosignatures == b->cosignatures,
        "%s, %ld: something changed", what, n);
}

/* After the last failure: it works on, and opened again it is the same. */
static void
expect_working(const struct attempt *attempt)
{
    struct state before;
    struct state after;

    fixture_verify(&f, 0, true);
    fixture_desk(&f, 0, &a_case, "works on");
    before = look();
    fixture_close(&f, 0);
    fixture_open(&f, 0);
    after = look();
    expect_same(&before, &after, "opened again", 0);
    fixture_verify(&f, 0, true);
    fixture_sync(&f);
    if (!attempt->freezes) {
        fixture_expect_same(&f, 0, 1);
    }
}

START_TEST(a_failed_write_changes_nothing)
{
    const struct attempt *attempt = &attempts[_i];
    struct state before = look();
    enum err rc = ERR_FULL;
    long n = 0;

    for (; rc != ERR_OK; n++) {
        f.offices[0].faults.writes_left = n;
        rc = try_once(attempt);
        f.offices[0].faults.writes_left = -1;
        ck_assert_msg(rc == ERR_OK || rc == ERR_FULL, "%s, write %ld: %s",
            attempt->name, n, f.msg.text);
        if (rc != ERR_OK) {
            struct state after = look();
            expect_same(&before, &after, attempt->name, n);
        }
    }
    ck_assert_int_gt(n, 1);
    expect_working(attempt);
}
END_TEST

START_TEST(a_failed_commit_changes_nothing)
{
    const struct attempt *attempt = &attempts[_i];
    struct state before = look();
    struct state after;

    f.offices[0].faults.commits_left = 0;
    ck_assert_int_eq(try_once(attempt), ERR_FULL);
    after = look();
    expect_same(&before, &after, attempt->name, 0);
    ck_assert_int_eq(try_once(attempt), ERR_OK);
    expect_working(attempt);
}
END_TEST

START_TEST(a_failed_allocation_changes_nothing)
{
    const struct attempt *attempt = &attempts[_i];
    struct state before = look();
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n += 1 + n / 40) {
        mem_fault_after(n);
        rc = try_once(attempt);
        mem_fault_after(-1);
        /* Our fixture's own buffer may be the one that fails. */
        ck_assert_msg(rc == ERR_OK || rc == ERR_NOMEM || rc == ERR_MALFORMED,
            "%s, allocation %ld: %s", attempt->name, n, err_text(rc));
        if (rc != ERR_OK) {
            struct state after = look();
            expect_same(&before, &after, attempt->name, n);
        }
    }
    expect_working(attempt);
}
END_TEST

/* Founding, on a store of its own each time. */
START_TEST(a_corridor_is_founded_whole_or_not_at_all)
{
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n += 1 + n / 20) {
        struct store_options options = fixture_store_options(&f, 2);
        struct store *store = NULL;

        mem_fault_after(n);
        rc = store_open(&store, &options, NULL);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
        ck_assert((store != NULL) == (rc == ERR_OK));
        store_close(store);
    }
}
END_TEST

START_TEST(a_store_opens_or_does_not_when_writes_fail)
{
    enum err rc = ERR_FULL;

    for (long n = 0; rc != ERR_OK; n++) {
        struct store_options options = fixture_store_options(&f, 2);
        struct store *store = NULL;

        f.offices[2].faults.writes_left = n;
        rc = store_open(&store, &options, &f.msg);
        f.offices[2].faults.writes_left = -1;
        ck_assert_msg(rc == ERR_OK || rc == ERR_FULL, "%s", f.msg.text);
        store_close(store);
    }
    fixture_open(&f, 2);
    ck_assert_uint_eq(fixture_stat(&f, 2).entries, 0);
}
END_TEST

START_TEST(a_store_of_other_keys_or_another_corridor_is_refused)
{
    struct store_options options = fixture_store_options(&f, 0);
    struct store *store = NULL;

    fixture_close(&f, 0);
    options.secrets = &f.offices[1].secrets;
    ck_assert_int_eq(store_open(&store, &options, &f.msg), ERR_CONFIG);
    options = fixture_store_options(&f, 0);
    options.corridor.bytes[0] ^= 1;
    ck_assert_int_eq(store_open(&store, &options, &f.msg), ERR_CONFIG);
    ck_assert_ptr_null(store);
    fixture_open(&f, 0);
}
END_TEST

START_TEST(a_map_that_is_too_small_grows_under_the_writer)
{
    struct fixture_options options = {
        .offices = 1, .map_bytes = 256 << 10, .seed = 5};
    struct corridor_fixture small;
    int grown = 0;

    fixture_make(&small, &options);
    for (int round = 0; round < 60; round++) {
        struct store *store = small.offices[0].store;
        enum err rc = ERR_OK;

        fixture_begin(&small, 0);
        for (int i = 0; i < 20 && rc == ERR_OK; i++) {
            struct fixture_op op = {
                FIXTURE_CASE_SUMMARY, false, false, "a summary of some length"};
            struct fixture_edit edit = {
                .kind = FIXTURE_CASE, .ops = &op, .op_count = 1};
            struct edit_result out;
            rc = fixture_try_edit(&small, 0, &edit, &out);
        }
        if (rc == ERR_OK) {
            rc = store_commit(store, &small.msg);
        } else {
            store_abort(store);
        }
        if (rc == ERR_FULL) {
            ck_assert_int_eq(env_grow_if_full(store_env(store)), ERR_OK);
            grown++;
        } else {
            ck_assert_int_eq(rc, ERR_OK);
        }
    }
    ck_assert_int_gt(grown, 0);
    ck_assert_uint_ge(fixture_stat(&small, 0).records, 1000);
    fixture_verify(&small, 0, true);
    fixture_release(&small);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_failed_write_changes_nothing, 0, ATTEMPTS);
    tcase_add_loop_test(tcase, a_failed_commit_changes_nothing, 0, ATTEMPTS);
    tcase_add_loop_test(
        tcase, a_failed_allocation_changes_nothing, 0, ATTEMPTS);
    tcase_add_test(tcase, a_corridor_is_founded_whole_or_not_at_all);
    tcase_add_test(tcase, a_store_opens_or_does_not_when_writes_fail);
    tcase_add_test(tcase, a_store_of_other_keys_or_another_corridor_is_refused);
    tcase_add_test(tcase, a_map_that_is_too_small_grows_under_the_writer);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
