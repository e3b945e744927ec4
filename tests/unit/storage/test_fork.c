/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two copies of one home that both write: office 1 and its copy, slot 3. The
 * others meet both, or what one and the other signed.
 */
#include <check.h>
#include <string.h>

#include "storage/heads.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { FOUNDER, TWIN, OTHER, COPY, OFFICES };

static struct corridor_fixture f;
static struct fixture_ids ids;
static struct accept_result result;
static struct log_id forked;
static uint64_t common; /* entries of `forked` that both copies hold */

/* A copy of office 1's store is opened as if it were an office of its own. */
static void
make_copy(void)
{
    struct fixture_office *copy = &f.offices[COPY];

    *copy = f.offices[TWIN];
    copy->store = NULL;
    copy->cert = (struct buf){0};
    scratch_path(copy->dir, &f.scratch, "copy");
    ck_assert_int_eq(
        env_copy(store_env(f.offices[TWIN].store), copy->dir, &f.msg), ERR_OK);
    f.count = OFFICES;
    fixture_open(&f, COPY);
}

static struct view *
open_view(size_t n)
{
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, f.offices[n].store, &f.msg), ERR_OK);
    return view;
}

static struct view_log
log_at(size_t n, const struct log_id *id)
{
    struct view *view = open_view(n);
    struct view_log out = {.stored = 0};
    uint32_t number = 0;

    if (log_table_find(view_logs(view), id, &number)) {
        ck_assert_int_eq(view_log(view, number, &out), ERR_OK);
    }
    view_close(view);
    return out;
}

static void
setup(void)
{
    struct fixture_options options = {
        .offices = COPY, .policy = POLICY_SHARE_BY_DEFAULT};

    ids.count = 0;
    fixture_make(&f, &options);
    fixture_work(&f, FOUNDER, 5, &ids);
    fixture_work(&f, TWIN, 5, &ids);
    fixture_sync(&f);
    make_copy();
    forked = (struct log_id){f.offices[TWIN].node, LOG_CHANGES};
    common = log_at(TWIN, &forked).stored;
    ck_assert_uint_gt(common, 0);
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* A batch of a log that `from` holds, from a position on, to `to`. */
static enum err
hand_over(size_t from, size_t to, const struct log_id *id, uint64_t position)
{
    struct view_range range = {
        .log = id, .from = position, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    enum err rc = ERR_OK;

    memset(&result, 0, sizeof(result));
    ck_assert_uint_gt(fixture_batch(&f, from, &range, &batch), position);
    fixture_begin(&f, to);
    rc = store_accept(f.offices[to].store, buf_bytes(&batch), &result, &f.msg);
    ck_assert(rc == ERR_OK || !store_is_dirty(f.offices[to].store));
    fixture_commit(&f, to);
    buf_release(&batch);
    return rc;
}

static struct head
head_at(size_t n, const struct log_id *id)
{
    struct view *view = open_view(n);
    struct head head;

    ck_assert_int_eq(view_head(view, id, &head, &f.msg), ERR_OK);
    view_close(view);
    return head;
}

static enum err
say_head(size_t to, const struct log_id *id, const struct head *head)
{
    enum err rc = ERR_OK;

    memset(&result, 0, sizeof(result));
    fixture_begin(&f, to);
    rc = store_head(f.offices[to].store, id, head, &result, &f.msg);
    ck_assert(rc == ERR_OK || !store_is_dirty(f.offices[to].store));
    fixture_commit(&f, to);
    return rc;
}

static enum err
give_evidence(size_t to, const struct evidence *evidence)
{
    enum err rc = ERR_OK;

    fixture_begin(&f, to);
    rc = store_evidence(f.offices[to].store, evidence, &f.msg);
    ck_assert(rc == ERR_OK || !store_is_dirty(f.offices[to].store));
    fixture_commit(&f, to);
    return rc;
}

/* A case of one change, and so of one entry, in a transaction begun. */
static enum err
edit(size_t n)
{
    struct fixture_op op = {FIXTURE_CASE_SUMMARY, false, false, "of one copy"};
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .ops = &op, .op_count = 1};
    struct edit_result made;

    return fixture_try_edit(&f, n, &edit, &made);
}

static enum err
try_to_write(size_t n)
{
    enum err rc = ERR_OK;

    fixture_begin(&f, n);
    rc = edit(n);
    if (rc != ERR_OK) {
        store_cancel(f.offices[n].store);
    } else {
        fixture_commit(&f, n);
    }
    return rc;
}

static void
write_cases(size_t n, int count)
{
    uint64_t before = log_at(n, &(struct log_id){f.offices[n].node, 1}).stored;

    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(try_to_write(n), ERR_OK);
    }
    ck_assert_uint_eq(log_at(n, &(struct log_id){f.offices[n].node, 1}).stored,
        before + (uint64_t)count);
}

/* What is kept of the fork at office n, for all others to verify. */
static struct evidence
evidence_at(size_t n)
{
    struct view *view = open_view(n);
    struct evidence evidence;

    ck_assert_int_eq(
        view_evidence_of(view, &forked, &evidence, &f.msg), ERR_OK);
    ck_assert_int_eq(evidence_verify(&evidence, &f.corridor), ERR_OK);
    view_close(view);
    return evidence;
}

static void
expect_frozen(size_t n)
{
    struct view_log log = log_at(n, &forked);

    ck_assert(log.is_forked && log.is_frozen);
    (void)evidence_at(n);
    fixture_verify(&f, n, true);
}

static void
expect_found_here(size_t n, uint64_t stored)
{
    ck_assert(result.is_forked);
    ck_assert_uint_eq(result.accepted, 0);
    ck_assert_int_eq(evidence_verify(&result.evidence, &f.corridor), ERR_OK);
    ck_assert_uint_eq(log_at(n, &forked).stored, stored);
    expect_frozen(n);
}

static size_t
other_copy(size_t n)
{
    return n == TWIN ? (size_t)COPY : (size_t)TWIN;
}

static const size_t copies[] = {TWIN, COPY};

START_TEST(equal_branches_are_found_whichever_comes_first)
{
    size_t first = copies[_i];

    write_cases(TWIN, 2);
    write_cases(COPY, 2);
    ck_assert_int_eq(hand_over(first, OTHER, &forked, common), ERR_OK);
    ck_assert_int_eq(
        hand_over(other_copy(first), OTHER, &forked, common), ERR_OK);
    expect_found_here(OTHER, common + 2);
}
END_TEST

START_TEST(a_shorter_branch_is_found_by_its_batch_alone)
{
    size_t first = copies[_i];

    write_cases(first, 5);
    write_cases(other_copy(first), 2);
    ck_assert_int_eq(hand_over(first, OTHER, &forked, common), ERR_OK);
    ck_assert_int_eq(
        hand_over(other_copy(first), OTHER, &forked, common), ERR_OK);
    expect_found_here(OTHER, common + 5);
}
END_TEST

/* The receiver cannot tell a lie from a fork; the heads that it shows then
 * are all that the sender needs. */
START_TEST(a_longer_branch_is_refused_and_found_by_the_heads)
{
    size_t first = copies[_i];
    size_t second = other_copy(first);
    struct head head;

    write_cases(first, 2);
    write_cases(second, 5);
    ck_assert_int_eq(hand_over(first, OTHER, &forked, common), ERR_OK);
    ck_assert_int_eq(
        hand_over(second, OTHER, &forked, common), ERR_BAD_SIGNATURE);
    ck_assert(result.head_differs && !result.is_forked);
    ck_assert_uint_eq(result.stored, common + 2);
    ck_assert(!log_at(OTHER, &forked).is_forked);
    head = head_at(OTHER, &forked);
    ck_assert_int_eq(say_head(second, &forked, &head), ERR_OK);
    expect_found_here(second, common + 5);
    ck_assert_int_eq(give_evidence(OTHER, &result.evidence), ERR_OK);
    expect_frozen(OTHER);
}
END_TEST

START_TEST(a_head_alone_is_compared_with_what_is_held)
{
    size_t first = copies[_i];
    struct head head;

    write_cases(first, 5);
    write_cases(other_copy(first), 1 + _i * 4);
    ck_assert_int_eq(hand_over(first, OTHER, &forked, common), ERR_OK);
    head = head_at(first, &forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_STALE);
    head = head_at(other_copy(first), &forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_OK);
    expect_found_here(OTHER, common + 5);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_FORK);
}
END_TEST

/* Shorter, equal, and longer than the batch that reaches or passes it. */
START_TEST(a_head_beyond_what_is_held_waits_until_that_is_reached)
{
    struct head head;

    write_cases(TWIN, 4);
    write_cases(COPY, 2 + _i);
    head = head_at(COPY, &forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_OK);
    ck_assert(!result.is_forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_STALE);
    fixture_close(&f, OTHER);
    fixture_open(&f, OTHER);
    fixture_verify(&f, OTHER, true);
    ck_assert_int_eq(hand_over(TWIN, OTHER, &forked, common), ERR_OK);
    if (head.size <= common + 4) {
        expect_found_here(OTHER, common);
        return;
    }
    /* Not reached yet; the next batch passes it. */
    ck_assert_uint_eq(result.accepted, 4);
    write_cases(TWIN, 3);
    ck_assert_int_eq(hand_over(TWIN, OTHER, &forked, common + 4), ERR_OK);
    expect_found_here(OTHER, common + 4);
}
END_TEST

/* A prefix under a head that is not reached: what a relay passes on. */
START_TEST(a_fork_is_found_under_a_head_that_is_not_reached)
{
    struct view_range range = {
        .log = &forked, .from = common, .bytes_max = 300};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct head head;
    uint64_t to = 0;

    write_cases(TWIN, 6);
    write_cases(COPY, 1);
    to = fixture_batch(&f, TWIN, &range, &batch);
    ck_assert_uint_gt(to, common);
    ck_assert_uint_lt(to, common + 6);
    fixture_begin(&f, OTHER);
    ck_assert_int_eq(store_accept(f.offices[OTHER].store, buf_bytes(&batch),
                         &result, &f.msg),
        ERR_OK);
    fixture_commit(&f, OTHER);
    head = head_at(COPY, &forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_OK);
    expect_found_here(OTHER, to);
    ck_assert_uint_eq(result.evidence.b.size, common + 6);
    buf_release(&batch);
}
END_TEST

START_TEST(a_head_that_nobody_signed_is_refused)
{
    struct head head;
    struct log_id unknown = forked;

    write_cases(TWIN, 3);
    ck_assert_int_eq(hand_over(TWIN, OTHER, &forked, common), ERR_OK);
    head = head_at(TWIN, &forked);
    head.root.bytes[0] ^= 1;
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_BAD_SIGNATURE);
    head.size--;
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_BAD_SIGNATURE);
    head.size += 9;
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_BAD_SIGNATURE);
    head.size = 0;
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_MALFORMED);
    head.size = LOG_SIZE_MAX + 1;
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_MALFORMED);
    unknown.node.bytes[0] ^= 1;
    ck_assert_int_eq(say_head(OTHER, &unknown, &head), ERR_NOT_FOUND);
    ck_assert(!log_at(OTHER, &forked).is_forked);
}
END_TEST

START_TEST(few_heads_wait_and_the_least_and_the_greatest_stay)
{
    static const uint64_t sizes[] = {50, 40, 70, 60, 30, 90, 80, 20};
    struct store *store = f.offices[OTHER].store;
    const struct log_state *state = NULL;
    uint32_t number = 0;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct head head = {.size = common + sizes[i]};

        memset(head.root.bytes, (int)sizes[i], sizeof(head.root.bytes));
        ck_assert_int_eq(log_head_sign(&head, &f.corridor, &forked,
                             &f.offices[TWIN].secrets.sign),
            ERR_OK);
        err_ignore(say_head(OTHER, &forked, &head)); /* 60 is not kept */
    }
    ck_assert(log_table_find(&store->logs, &forked, &number));
    state = store->states[number];
    ck_assert_uint_eq(state->awaited_count, LOG_AWAITED_MAX);
    ck_assert_uint_eq(state->awaited[0].size, common + 20);
    ck_assert_uint_eq(state->awaited[1].size, common + 30);
    ck_assert_uint_eq(state->awaited[2].size, common + 90);
    fixture_verify(&f, OTHER, true);
}
END_TEST

/* The fork as office OTHER holds it: the longer branch of the copy, and
 * evidence by the head of the other. */
static void
freeze(void)
{
    struct head head;

    write_cases(COPY, 4);
    write_cases(TWIN, 2);
    ck_assert_int_eq(hand_over(COPY, OTHER, &forked, common), ERR_OK);
    head = head_at(TWIN, &forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_OK);
    expect_found_here(OTHER, common + 4);
}

START_TEST(a_frozen_log_takes_no_more_entries_and_others_go_on)
{
    struct log_id control = {f.offices[TWIN].node, LOG_CONTROL};
    struct log_id others = {f.offices[FOUNDER].node, LOG_CHANGES};
    uint64_t held = log_at(OTHER, &others).stored;

    freeze();
    write_cases(COPY, 1);
    ck_assert_int_eq(hand_over(COPY, OTHER, &forked, common + 4), ERR_FORK);
    ck_assert(!result.is_forked && !result.head_differs);
    ck_assert_uint_eq(result.stored, common + 4);
    write_cases(FOUNDER, 2);
    ck_assert_int_eq(hand_over(FOUNDER, OTHER, &others, held), ERR_OK);
    ck_assert_uint_eq(result.accepted, 2);
    ck_assert(!log_at(OTHER, &control).is_frozen);
    fixture_close(&f, OTHER);
    fixture_open(&f, OTHER);
    ck_assert_int_eq(hand_over(COPY, OTHER, &forked, common + 4), ERR_FORK);
    expect_frozen(OTHER);
}
END_TEST

START_TEST(evidence_is_kept_once_and_passed_on)
{
    struct evidence evidence;
    struct evidence other;

    freeze();
    evidence = evidence_at(OTHER);
    ck_assert_int_eq(give_evidence(OTHER, &evidence), ERR_STALE);
    ck_assert_int_eq(give_evidence(FOUNDER, &evidence), ERR_OK);
    expect_frozen(FOUNDER);
    ck_assert_uint_eq(log_at(FOUNDER, &forked).stored, common);
    evidence.a.signature.bytes[0] ^= 1;
    ck_assert_int_eq(give_evidence(TWIN, &evidence), ERR_BAD_SIGNATURE);
    evidence.log.node.bytes[0] ^= 1;
    ck_assert_int_eq(give_evidence(TWIN, &evidence), ERR_NOT_FOUND);
    other = evidence_at(FOUNDER);
    ck_assert(log_head_equal(&other.b, &evidence.b));
}
END_TEST

/* Office FOUNDER counts more of the copy's branch than OTHER holds. */
START_TEST(what_counts_a_frozen_log_does_not_wait_for_it)
{
    struct log_id counting = {f.offices[FOUNDER].node, LOG_CHANGES};
    uint64_t held = log_at(OTHER, &counting).stored;
    struct evidence evidence;

    write_cases(COPY, 4);
    ck_assert_int_eq(hand_over(COPY, FOUNDER, &forked, common), ERR_OK);
    write_cases(FOUNDER, 2);
    write_cases(TWIN, 1);
    ck_assert_int_eq(hand_over(TWIN, FOUNDER, &forked, common), ERR_OK);
    ck_assert(result.is_forked);
    evidence = result.evidence;
    if (_i == 0) {
        ck_assert_int_eq(give_evidence(OTHER, &evidence), ERR_OK);
        ck_assert_int_eq(hand_over(FOUNDER, OTHER, &counting, held), ERR_OK);
    } else {
        ck_assert_int_eq(hand_over(FOUNDER, OTHER, &counting, held), ERR_OK);
        ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 2);
        ck_assert_int_eq(give_evidence(OTHER, &evidence), ERR_OK);
    }
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    ck_assert_uint_eq(log_at(OTHER, &counting).applied, held + 2);
    expect_frozen(OTHER);
    /* And so after all is made again. */
    ck_assert_int_eq(
        store_rebuild(f.offices[OTHER].store, NULL, &f.msg), ERR_OK);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    expect_frozen(OTHER);
}
END_TEST

/* What is stored of a frozen log, and waits for others, is applied. */
START_TEST(a_frozen_log_applies_what_is_stored_of_it)
{
    struct log_id counted = {f.offices[FOUNDER].node, LOG_CHANGES};
    uint64_t held = log_at(OTHER, &counted).stored;
    struct head head;

    write_cases(FOUNDER, 3);
    ck_assert_int_eq(hand_over(FOUNDER, COPY, &counted, held), ERR_OK);
    write_cases(COPY, 2);
    write_cases(TWIN, 1);
    ck_assert_int_eq(hand_over(COPY, OTHER, &forked, common), ERR_OK);
    head = head_at(TWIN, &forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_OK);
    ck_assert(result.is_forked);
    ck_assert_uint_eq(log_at(OTHER, &forked).applied, common);
    ck_assert_int_eq(hand_over(FOUNDER, OTHER, &counted, held), ERR_OK);
    ck_assert_uint_eq(log_at(OTHER, &forked).applied, common + 2);
    expect_frozen(OTHER);
}
END_TEST

/* Office FOUNDER retires the forked office, each of its logs cut; with that
 * office's signature, so that the cut may be below what is counted. */
static void
retire(uint64_t size, const struct hash *root)
{
    struct log_id control = {f.offices[TWIN].node, LOG_CONTROL};
    struct cut cuts[] = {{.log = control, .size = 0},
        {.log = forked, .size = size, .root = *root}};
    struct statement statement = {.type = STATEMENT_RETIRE,
        .office = f.offices[TWIN].id,
        .cuts = cuts,
        .cut_count = 2};
    struct head head = head_at(FOUNDER, &control);
    struct buf body = {0};
    struct dot dot;

    cuts[0].size = head.size;
    cuts[0].root = head.root;
    ck_assert_int_eq(
        statement_sign_retire(&statement, &f.corridor, &f.offices[TWIN].key),
        ERR_OK);
    statement_encode(&body, &statement);
    fixture_begin(&f, FOUNDER);
    ck_assert_int_eq(
        store_state(f.offices[FOUNDER].store, buf_bytes(&body), &dot, &f.msg),
        ERR_OK);
    fixture_commit(&f, FOUNDER);
    buf_release(&body);
}

/* All logs but the forked one, between the honest. */
static void
sync_honest(void)
{
    for (int round = 0; round < 3; round++) {
        for (size_t from = FOUNDER; from <= OTHER; from += 2) {
            size_t to = FOUNDER + OTHER - from;
            struct view *view = open_view(from);
            size_t count = 0;
            const struct log_id *order = view_order(view, &count);

            for (size_t i = 0; i < count; i++) {
                struct log_id id = order[i];
                uint64_t held = log_at(to, &id).stored;

                if (!log_id_equal(&id, &forked) &&
                    log_at(from, &id).stored > held) {
                    ck_assert_int_eq(hand_over(from, to, &id, held), ERR_OK);
                }
            }
            view_close(view);
        }
    }
}

/* Office FOUNDER holds one branch, office OTHER the other; both count their
 * own in what they write. */
START_TEST(a_cut_where_the_branches_part_brings_all_to_the_same)
{
    struct head head = head_at(FOUNDER, &forked);

    ck_assert_uint_eq(head.size, common);
    write_cases(COPY, 4);
    write_cases(TWIN, 2);
    ck_assert_int_eq(hand_over(COPY, OTHER, &forked, common), ERR_OK);
    ck_assert_int_eq(hand_over(TWIN, FOUNDER, &forked, common), ERR_OK);
    write_cases(OTHER, 2);
    write_cases(FOUNDER, 2);
    ck_assert_int_eq(
        hand_over(COPY, FOUNDER, &forked, common), ERR_BAD_SIGNATURE);
    ck_assert(result.head_differs);
    ck_assert_int_eq(hand_over(TWIN, OTHER, &forked, common), ERR_OK);
    ck_assert(result.is_forked);
    ck_assert_int_eq(give_evidence(FOUNDER, &result.evidence), ERR_OK);
    sync_honest();
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    ck_assert_uint_eq(fixture_stat(&f, FOUNDER).unapplied, 0);
    retire(common, &head.root);
    sync_honest();
    for (size_t n = FOUNDER; n <= OTHER; n += 2) {
        ck_assert(log_at(n, &forked).is_forked);
        ck_assert(!log_at(n, &forked).is_frozen);
        ck_assert_uint_eq(fixture_stat(&f, n).unapplied, 0);
        fixture_verify(&f, n, true);
    }
    fixture_expect_same(&f, FOUNDER, OTHER);
}
END_TEST

/* It holds less than the cut: what it did without it is made again. */
START_TEST(a_log_that_is_cut_takes_entries_again)
{
    struct log_id counting = {f.offices[FOUNDER].node, LOG_CHANGES};
    uint64_t held = log_at(OTHER, &counting).stored;
    struct head head;

    write_cases(COPY, 4);
    ck_assert_int_eq(hand_over(COPY, FOUNDER, &forked, common), ERR_OK);
    head = head_at(FOUNDER, &forked);
    write_cases(FOUNDER, 2);
    write_cases(TWIN, 1);
    ck_assert_int_eq(hand_over(TWIN, FOUNDER, &forked, common), ERR_OK);
    ck_assert(result.is_forked);
    ck_assert_int_eq(give_evidence(OTHER, &result.evidence), ERR_OK);
    ck_assert_int_eq(hand_over(FOUNDER, OTHER, &counting, held), ERR_OK);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    retire(head.size, &head.root);
    sync_honest();
    ck_assert(!log_at(OTHER, &forked).is_frozen);
    ck_assert_uint_gt(fixture_stat(&f, OTHER).unapplied, 0);
    ck_assert_int_eq(hand_over(COPY, OTHER, &forked, common), ERR_OK);
    ck_assert_uint_eq(result.accepted, 4);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    fixture_verify(&f, OTHER, true);
    fixture_verify(&f, FOUNDER, true);
    fixture_expect_same(&f, FOUNDER, OTHER);
}
END_TEST

struct seen {
    size_t count;
    struct evidence_item item;
};

static bool
see(void *context, const struct evidence_item *item)
{
    struct seen *seen = context;

    seen->count++;
    seen->item = *item;
    return true;
}

static struct seen
list_evidence(size_t n)
{
    struct view *view = open_view(n);
    struct seen seen = {.count = 0};

    ck_assert_int_eq(view_evidence(view, see, &seen, &f.msg), ERR_OK);
    view_close(view);
    return seen;
}

START_TEST(evidence_against_a_log_that_is_cut_is_kept_and_freezes_nothing)
{
    struct head head;
    struct seen seen;

    write_cases(COPY, 4);
    write_cases(TWIN, 2);
    ck_assert_int_eq(hand_over(COPY, FOUNDER, &forked, common), ERR_OK);
    head = head_at(FOUNDER, &forked);
    retire(head.size, &head.root);
    ck_assert_uint_eq(list_evidence(FOUNDER).count, 0);
    ck_assert_int_eq(hand_over(TWIN, FOUNDER, &forked, common), ERR_OK);
    ck_assert(result.is_forked);
    seen = list_evidence(FOUNDER);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert(!seen.item.is_frozen && !seen.item.is_own);
    ck_assert_uint_eq(seen.item.cut, head.size);
    ck_assert_uint_eq(seen.item.stored, common + 4);
    ck_assert(!log_at(FOUNDER, &forked).is_frozen);
    write_cases(COPY, 1);
    ck_assert_int_eq(hand_over(COPY, FOUNDER, &forked, common + 4), ERR_OK);
    ck_assert_uint_eq(result.accepted, 1);
    fixture_verify(&f, FOUNDER, true);
}
END_TEST

START_TEST(evidence_against_our_own_log_stops_its_writing)
{
    struct log_id control = {f.offices[TWIN].node, LOG_CONTROL};
    struct buf body = {0};
    struct hash hash = {{0}};
    struct dot dot;

    freeze();
    ck_assert_int_eq(try_to_write(TWIN), ERR_OK);
    ck_assert_int_eq(give_evidence(TWIN, &result.evidence), ERR_OK);
    ck_assert_int_eq(try_to_write(TWIN), ERR_FORK);
    ck_assert_ptr_nonnull(strstr(f.msg.text, "two versions"));
    fixture_close(&f, TWIN);
    fixture_open(&f, TWIN);
    ck_assert_int_eq(try_to_write(TWIN), ERR_FORK);
    ck_assert(list_evidence(TWIN).item.is_own);
    expect_frozen(TWIN);
    /* The other log of the node is another log. */
    ck_assert(!log_at(TWIN, &control).is_forked);
    statement_put_pack(&body, "mekong", 1, &hash);
    fixture_begin(&f, TWIN);
    ck_assert_int_eq(
        store_state(f.offices[TWIN].store, buf_bytes(&body), &dot, &f.msg),
        ERR_OK);
    fixture_commit(&f, TWIN);
    buf_release(&body);
}
END_TEST

/* It finds out by the other's batch; what it lacks for evidence is made from
 * its own head by who sent that. */
START_TEST(a_copy_that_meets_the_other_stops_and_its_head_is_the_evidence)
{
    struct head head;

    write_cases(COPY, 4);
    write_cases(TWIN, 2);
    ck_assert_int_eq(hand_over(COPY, OTHER, &forked, common), ERR_OK);
    ck_assert_int_eq(
        hand_over(OTHER, TWIN, &forked, common + 2), ERR_BAD_SIGNATURE);
    ck_assert(result.head_differs && !result.is_forked);
    ck_assert_int_eq(try_to_write(TWIN), ERR_BUSY);
    ck_assert_uint_eq(list_evidence(TWIN).count, 0);
    fixture_close(&f, TWIN);
    fixture_open(&f, TWIN);
    fixture_verify(&f, TWIN, true);
    /* Nor does it take in what would continue its own branch. */
    write_cases(COPY, 1);
    ck_assert_int_eq(
        hand_over(OTHER, TWIN, &forked, common + 2), ERR_BAD_SIGNATURE);
    head = head_at(TWIN, &forked);
    ck_assert_int_eq(say_head(OTHER, &forked, &head), ERR_OK);
    expect_found_here(OTHER, common + 4);
    ck_assert_int_eq(give_evidence(TWIN, &result.evidence), ERR_OK);
    expect_frozen(TWIN);
}
END_TEST

START_TEST(a_head_of_our_own_beyond_what_we_hold_stops_us_until_it_is_reached)
{
    struct head head;

    write_cases(COPY, 3);
    head = head_at(COPY, &forked);
    ck_assert_int_eq(say_head(TWIN, &forked, &head), ERR_OK);
    ck_assert_int_eq(try_to_write(TWIN), ERR_BUSY);
    ck_assert_int_eq(hand_over(COPY, TWIN, &forked, common), ERR_OK);
    ck_assert_int_eq(try_to_write(TWIN), ERR_OK);
    fixture_verify(&f, TWIN, true);
}
END_TEST

START_TEST(a_head_of_our_own_log_waits_while_that_grows)
{
    struct head head;

    write_cases(COPY, 1);
    head = head_at(COPY, &forked);
    fixture_begin(&f, TWIN);
    ck_assert_int_eq(edit(TWIN), ERR_OK);
    ck_assert_int_eq(
        store_head(f.offices[TWIN].store, &forked, &head, &result, &f.msg),
        ERR_BUSY);
    fixture_commit(&f, TWIN);
    ck_assert_int_eq(say_head(TWIN, &forked, &head), ERR_OK);
    expect_found_here(TWIN, common + 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fork");
    TCase *tcase = tcase_create("fork");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(
        tcase, equal_branches_are_found_whichever_comes_first, 0, 2);
    tcase_add_loop_test(
        tcase, a_shorter_branch_is_found_by_its_batch_alone, 0, 2);
    tcase_add_loop_test(
        tcase, a_longer_branch_is_refused_and_found_by_the_heads, 0, 2);
    tcase_add_loop_test(
        tcase, a_head_alone_is_compared_with_what_is_held, 0, 2);
    tcase_add_loop_test(
        tcase, a_head_beyond_what_is_held_waits_until_that_is_reached, 0, 5);
    tcase_add_test(tcase, a_fork_is_found_under_a_head_that_is_not_reached);
    tcase_add_test(tcase, a_head_that_nobody_signed_is_refused);
    tcase_add_test(tcase, few_heads_wait_and_the_least_and_the_greatest_stay);
    tcase_add_test(tcase, a_frozen_log_takes_no_more_entries_and_others_go_on);
    tcase_add_test(tcase, evidence_is_kept_once_and_passed_on);
    tcase_add_loop_test(
        tcase, what_counts_a_frozen_log_does_not_wait_for_it, 0, 2);
    tcase_add_test(tcase, a_frozen_log_applies_what_is_stored_of_it);
    tcase_add_test(tcase, a_cut_where_the_branches_part_brings_all_to_the_same);
    tcase_add_test(tcase, a_log_that_is_cut_takes_entries_again);
    tcase_add_test(
        tcase, evidence_against_a_log_that_is_cut_is_kept_and_freezes_nothing);
    tcase_add_test(tcase, evidence_against_our_own_log_stops_its_writing);
    tcase_add_test(
        tcase, a_copy_that_meets_the_other_stops_and_its_head_is_the_evidence);
    tcase_add_test(tcase,
        a_head_of_our_own_beyond_what_we_hold_stops_us_until_it_is_reached);
    tcase_add_test(tcase, a_head_of_our_own_log_waits_while_that_grows);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
