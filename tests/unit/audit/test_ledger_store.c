/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger comes to what a node comes to that opens nothing. Offices write
 * honestly, and two of them now and then what no program of ours would; an
 * auditor's store takes all of it, and so does a ledger: memberships, ranks,
 * verdicts and keys are the same.
 */
#include <check.h>
#include <stdio.h>

#include "storage/fork.h"
#include "storage/vouch.h"
#include "tests/lib/audit/feed.h"
#include "tests/lib/model/world.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/rogue.h"

enum {
    SEEDS = 40,
    STEPS = 45,
    FREEZE_AT = 25,
    OFFICES = 4,
    AUDITOR = 3,
    WRITERS = 3
};

static struct corridor_fixture f;
static struct rogue rogue;
static struct fixture_ids ids;
static struct feed feed;
static struct heard heard;
static uint64_t seed;

static size_t
below(size_t limit)
{
    return (size_t)prng_below(&rogue.prng, limit);
}

static void
setup(void)
{
    struct fixture_options options = {.offices = OFFICES, .seed = seed};

    options.policy = below(2) == 0 ? POLICY_SHARE_BY_DEFAULT : 0;
    ids.count = 0;
    fixture_make(&f, &options);
    rogue_set_roles(&rogue, 0, AUDITOR, ROLE_AUDIT);
    fixture_sync(&f); /* with bodies, while there are none */
}

static void
teardown(void)
{
    heard_release(&heard);
    feed_release(&feed);
    fixture_release(&f);
}

/* One log to the auditor, from where it is; a frozen one takes no more. */
static void
pump_to_auditor(size_t from, const struct log_id *id)
{
    struct store *store = f.offices[AUDITOR].store;
    struct view_range range = {
        .log = id, .bytes_max = 1 << 20, .without_bodies = true};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result = {0};
    enum err rc = ERR_OK;
    uint32_t log = 0;

    if (log_table_find(&store->logs, id, &log)) {
        range.from = store->states[log]->edge.size;
    }
    if (fixture_batch(&f, from, &range, &batch) > range.from) {
        fixture_begin(&f, AUDITOR);
        rc = store_accept(store, buf_bytes(&batch), &result, &f.msg);
        ck_assert_msg(rc == ERR_OK || rc == ERR_GAP || rc == ERR_FORK, "%s: %s",
            err_text(rc), f.msg.text);
        fixture_commit(&f, AUDITOR);
    }
    buf_release(&batch);
}

static void
pump(size_t from, size_t to)
{
    struct fixture_pump options = {.from = from, .to = to};
    struct view *view = NULL;
    const struct log_id *logs = NULL;
    size_t count = 0;

    if (to != AUDITOR) {
        fixture_pump(&f, &options);
        return;
    }
    ck_assert_int_eq(view_open(&view, f.offices[from].store, &f.msg), ERR_OK);
    logs = view_order(view, &count);
    for (size_t i = 0; i < count; i++) {
        pump_to_auditor(from, &logs[i]);
    }
    view_close(view);
}

/* The auditor is shown that office 1 signed a log of its own in two versions:
 * from now on it takes no more of it, and counts what it has. */
static void
freeze(enum log_kind kind)
{
    const struct fixture_office *office = &f.offices[1];
    struct evidence evidence = {.log = {office->node, (uint8_t)kind}};
    struct head *heads[] = {&evidence.a, &evidence.b};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < 2; i++) {
        heads[i]->size = 1;
        heads[i]->root.bytes[0] = (uint8_t)i;
        ck_assert_int_eq(log_head_sign(heads[i], &f.corridor, &evidence.log,
                             &office->secrets.sign),
            ERR_OK);
    }
    evidence.root = evidence.b.root;
    fixture_begin(&f, AUDITOR);
    rc = store_evidence(f.offices[AUDITOR].store, &evidence, &f.msg);
    ck_assert_msg(rc == ERR_OK, "%s: %s", err_text(rc), f.msg.text);
    fixture_commit(&f, AUDITOR);
}

static void
work(size_t n)
{
    static const struct fixture_op op = {
        FIXTURE_CASE_SUMMARY, false, false, "A summary"};
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .ops = &op, .op_count = 1};
    struct edit_result result;

    if (ids.count > 0 && below(2) == 0) {
        edit.id = &ids.ids[below(ids.count)];
    }
    fixture_begin(&f, n);
    if (fixture_try_edit(&f, n, &edit, &result) == ERR_OK && ids.count < 200) {
        ids.ids[ids.count++] = result.id;
    }
    fixture_commit(&f, n);
}

static void
step(void)
{
    size_t by = below(WRITERS);
    size_t to = below(OFFICES);

    switch (below(6)) {
    case 0:
        if (below(3) == 0) {
            rogue_state_any(&rogue, by);
        }
        break;
    case 1:
    case 2:
        work(by);
        break;
    case 3:
        rogue_write(&rogue, 1 + below(2));
        break;
    default:
        if (by != to) {
            pump(by, to);
        }
        break;
    }
}

/* The auditor's stored entries, as one who holds no more would be given. */
static void
fill_feed(void)
{
    struct store *store = f.offices[AUDITOR].store;
    struct txn *txn = NULL;

    ck_assert_int_eq(txn_begin(&txn, store->env, false, &f.msg), ERR_OK);
    for (uint32_t log = 0; log < store->state_count; log++) {
        const struct log_state *from = store->states[log];

        for (uint64_t at = 0; at < from->edge.size; at++) {
            struct dot dot = {log, at};
            struct stored_entry stored;

            ck_assert_int_eq(entries_get(txn, dot, &stored, &f.msg), ERR_OK);
            feed_put(&feed, &from->author.id, &stored.entry);
        }
        feed_log(&feed, &from->author.id)->is_partial =
            fork_is_frozen(store, log);
    }
    txn_abort(txn);
}

struct verdicts {
    const struct log_table *logs;
    size_t count;
};

static bool
expect_refused(void *context, const struct refused_item *item)
{
    struct verdicts *verdicts = context;
    const struct log_id *id = &verdicts->logs->ids[item->dot.log];
    const struct ledger_judged *judged =
        heard_judged(&heard, id, item->dot.position);

    ck_assert_ptr_nonnull(judged);
    ck_assert_msg(judged->reason == item->reason,
        "log %u kind %u position %llu: ledger %d store %d", item->dot.log,
        id->kind, (unsigned long long)item->dot.position, (int)judged->reason,
        (int)item->reason);
    verdicts->count++;
    return true;
}

/* What is void there is void here, for the same reason; nothing else is. */
static void
compare_verdicts(void)
{
    struct view *view = NULL;
    struct verdicts verdicts = {0};
    size_t voids = 0;

    ck_assert_int_eq(
        view_open(&view, f.offices[AUDITOR].store, &f.msg), ERR_OK);
    verdicts.logs = view_logs(view);
    ck_assert_int_eq(
        view_refused(view, expect_refused, &verdicts, &f.msg), ERR_OK);
    view_close(view);
    for (size_t i = 0; i < heard.judged_count; i++) {
        voids += heard.judged[i].reason != VOID_NONE;
    }
    ck_assert_uint_eq(voids, verdicts.count);
}

static void
compare_ranks(void)
{
    struct store *store = f.offices[AUDITOR].store;
    struct txn *txn = NULL;
    size_t applied = 0;

    ck_assert_int_eq(txn_begin(&txn, store->env, false, &f.msg), ERR_OK);
    for (uint32_t log = 0; log < store->state_count; log++) {
        const struct author *author = &store->states[log]->author;

        for (uint64_t at = 0; at < author->applied; at++) {
            const struct ledger_judged *judged =
                heard_judged(&heard, &author->id, at);
            struct stored_entry stored;

            ck_assert_int_eq(
                entries_get(txn, (struct dot){log, at}, &stored, &f.msg),
                ERR_OK);
            ck_assert_ptr_nonnull(judged);
            ck_assert_uint_eq(judged->rank, stored.rank);
        }
        applied += author->applied;
    }
    txn_abort(txn);
    ck_assert_uint_eq(applied, heard.judged_count);
}

static void
compare_memberships(const struct ledger *ledger)
{
    const struct store *store = f.offices[AUDITOR].store;
    struct buf mine = {0};
    struct buf theirs = {0};
    size_t count = 0;
    const struct control *controls = ledger_controls(ledger, &count);

    ck_assert_uint_eq(count, store->control_count);
    world_dump(ledger_membership(ledger), controls, &mine);
    world_dump(&store->membership, store->controls, &theirs);
    ck_assert(bytes_equal(buf_bytes(&mine), buf_bytes(&theirs)));
    buf_release(&mine);
    buf_release(&theirs);
}

static bool
expect_key(void *context, const struct ledger_key *key)
{
    size_t *count = context;
    struct store *store = f.offices[AUDITOR].store;
    struct content_key *theirs = NULL;
    struct dot dot = {0, key->position};

    ck_assert(log_table_find(&store->logs, &key->log, &dot.log));
    ck_assert_int_eq(
        content_get(&store->content, store->txn, dot, &theirs, &f.msg), ERR_OK);
    ck_assert_uint_eq(theirs->info.class, key->class);
    ck_assert_uint_eq(theirs->info.grant_count, key->grants);
    (*count)++;
    return true;
}

static void
compare_keys(const struct ledger *ledger)
{
    struct store *store = f.offices[AUDITOR].store;
    size_t count = 0;

    fixture_begin(&f, AUDITOR);
    ck_assert_int_eq(ledger_keys(ledger, expect_key, &count), ERR_OK);
    ck_assert_uint_eq(count, txn_count(store->txn, TABLE_KEYS));
    store_cancel(store);
}

static void
compare(bool backwards)
{
    struct feed_run run = {
        .corridor = f.corridor, .wall_ms = f.wall_ms, .backwards = backwards};
    struct ledger *ledger = NULL;

    heard_release(&heard);
    ck_assert_int_eq(feed_run(&feed, &run, &heard, &ledger), ERR_OK);
    compare_memberships(ledger);
    compare_verdicts();
    compare_ranks();
    compare_keys(ledger);
    ledger_free(ledger);
}

/* Offices that only work, and hand over what they wrote. */
START_TEST(honest_logs_have_no_findings)
{
    struct feed_run run = {0};
    struct ledger *ledger = NULL;

    seed = prng_seed(0x1ed6e300 + (uint64_t)_i);
    rogue = (struct rogue){&f, prng_init(~seed),
        WRITERS}; /* the fixture draws from the seed itself */
    setup();
    for (int i = 0; i < STEPS; i++) {
        size_t by = below(WRITERS);

        work(by);
        pump(by, below(2) == 0 ? AUDITOR : (by + 1) % WRITERS);
    }
    fill_feed();
    run.corridor = f.corridor;
    run.wall_ms = f.wall_ms;
    ck_assert_int_eq(feed_run(&feed, &run, &heard, &ledger), ERR_OK);
    ck_assert_uint_gt(heard.grant_count, 0);
    ck_assert_uint_eq(heard.finding_count, 0);
    ledger_free(ledger);
    teardown();
}
END_TEST

START_TEST(a_ledger_comes_to_what_a_store_comes_to)
{
    seed = prng_seed(0x1ed6e400 + (uint64_t)_i);
    rogue = (struct rogue){&f, prng_init(~seed),
        WRITERS}; /* the fixture draws from the seed itself */
    printf("CORRIDOR_SEED=0x%llx\n", (unsigned long long)seed);
    setup();
    for (int i = 0; i < STEPS; i++) {
        if (i == FREEZE_AT && seed % 3 != 0) {
            freeze(seed % 3 == 1 ? LOG_CHANGES : LOG_CONTROL);
        }
        step();
    }
    for (size_t n = 0; n < WRITERS; n++) {
        pump(n, AUDITOR);
    }
    for (size_t n = 0; n < WRITERS; n++) {
        pump(n, AUDITOR);
    }
    fixture_begin(&f, AUDITOR); /* a rebuild that is due comes first */
    fixture_commit(&f, AUDITOR);
    fill_feed();
    compare(false);
    compare(true);
    teardown();
}
END_TEST

/*
 * The auditor freezes a log before it has all of it, ranks what counts the
 * rest, and takes that in once the office is retired with a cut behind it.
 */
START_TEST(what_was_counted_short_is_ranked_anew)
{
    struct statement confirm = {.type = STATEMENT_CONFIRM};
    struct cut cuts[2] = {{.size = 100}, {.size = 100}};
    struct statement retire = {
        .type = STATEMENT_RETIRE, .cuts = cuts, .cut_count = 2};

    seed = prng_seed(0x1ed6e200);
    rogue = (struct rogue){&f, prng_init(~seed), WRITERS};
    setup();
    confirm.office = f.offices[2].id;
    retire.office = f.offices[1].id;
    cuts[0].log = (struct log_id){f.offices[1].node, LOG_CONTROL};
    cuts[1].log = (struct log_id){f.offices[1].node, LOG_CHANGES};
    rogue_state(&rogue, 1, &confirm);
    rogue_state(&rogue, 1, &confirm);
    freeze(LOG_CONTROL);
    pump(1, 0);
    rogue_state(&rogue, 0, &confirm);
    pump(0, AUDITOR);
    rogue_state(&rogue, 0, &retire);
    pump(0, AUDITOR);
    pump(0, AUDITOR);
    fixture_begin(&f, AUDITOR);
    fixture_commit(&f, AUDITOR);
    fill_feed();
    ck_assert(!feed_log(&feed, &cuts[0].log)->is_partial);
    ck_assert_uint_eq(feed_log(&feed, &cuts[0].log)->count, 4);
    compare(false);
    teardown();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger_store");
    TCase *tcase = tcase_create("a ledger and a store");

    tcase_add_loop_test(
        tcase, a_ledger_comes_to_what_a_store_comes_to, 0, SEEDS);
    tcase_add_loop_test(tcase, honest_logs_have_no_findings, 0, 4);
    tcase_add_test(tcase, what_was_counted_short_is_ranked_anew);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
