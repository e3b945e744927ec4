/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger comes to what a node comes to that opens nothing. Offices write
 * honestly, and two of them now and then what no program of ours would; an
 * auditor's store takes all of it, and so does a ledger: memberships, ranks,
 * verdicts and keys are the same.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/fork.h"
#include "storage/local.h"
#include "storage/vouch.h"
#include "tests/lib/audit/feed.h"
#include "tests/lib/model/world.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum {
    SEEDS = 40,
    STEPS = 45,
    FREEZE_AT = 25,
    OFFICES = 4,
    AUDITOR = 3,
    WRITERS = 3
};

static struct corridor_fixture f;
static struct prng prng;
static struct fixture_ids ids;
static struct feed feed;
static struct heard heard;
static uint64_t seed;

static size_t
below(size_t limit)
{
    return (size_t)prng_below(&prng, limit);
}

/* Office n's store takes a statement, if its log can still be written on. */
static void
state(size_t n, const struct statement *statement)
{
    struct buf body = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    statement_encode(&body, statement);
    fixture_begin(&f, n);
    rc = store_state(f.offices[n].store, buf_bytes(&body), &dot, &f.msg);
    ck_assert_msg(rc == ERR_OK || rc == ERR_BUSY, "%s", err_text(rc));
    fixture_commit(&f, n);
    buf_release(&body);
}

static void
set_roles(size_t by, size_t office, uint8_t roles)
{
    struct statement statement = {.type = STATEMENT_ROLES,
        .office = f.offices[office].id,
        .roles = roles};

    state(by, &statement);
}

static void
setup(void)
{
    struct fixture_options options = {.offices = OFFICES, .seed = seed};

    options.policy = below(2) == 0 ? POLICY_SHARE_BY_DEFAULT : 0;
    ids.count = 0;
    fixture_make(&f, &options);
    set_roles(0, AUDITOR, ROLE_AUDIT);
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

/* A node that nobody has seen yet, of an office. */
static void
stranger(struct buf *out, size_t office, bool is_new_office)
{
    struct secret_key office_key = f.offices[office].key;
    struct node_secrets secrets;
    struct public_key public;
    struct cert cert = {.corridor = f.corridor,
        .office_name = "Somewhere",
        .node_name = "A node",
        .time_ms = f.wall_ms};

    prng_fill(&prng, &secrets, sizeof(secrets));
    if (is_new_office) {
        prng_fill(&prng, &office_key, sizeof(office_key));
    }
    keys_sign_public(&public, &office_key);
    memcpy(cert.office.bytes, public.bytes, sizeof(cert.office.bytes));
    node_secrets_public(&cert.keys, &secrets);
    ck_assert_int_eq(
        cert_encode(out, &cert, &office_key, &secrets.sign), ERR_OK);
}

/* The retirement of an office or of its node, now and then signed by it. */
static void
retire(size_t by, size_t target)
{
    const struct fixture_office *office = &f.offices[target];
    struct cut cuts[2] = {{.log = {office->node, LOG_CONTROL}},
        {.log = {office->node, LOG_CHANGES}}};
    struct statement statement = {
        .type = STATEMENT_RETIRE,
        .is_node = below(2) == 0,
        .office = office->id,
        .node = office->node,
        .cuts = cuts,
        .cut_count = below(3) == 0 ? 0 : 2,
    };

    /* That the auditor is one stays: else it would be due the bodies. */
    cuts[0].size = (target == 0 ? 20 : 0) + below(12);
    cuts[1].size = below(30);
    if (below(2) == 0) {
        ck_assert_int_eq(
            statement_sign_retire(&statement, &f.corridor, &office->key),
            ERR_OK);
    }
    state(by, &statement);
}

static void
make_circle(size_t by)
{
    struct store *store = f.offices[by].store;
    struct seal_item seal = {.node = f.offices[below(OFFICES)].node};
    struct secret_key secret;
    struct statement statement = {
        .type = STATEMENT_CIRCLE, .seals = &seal, .seal_count = 1};
    const struct membership *m = store_membership(store);

    prng_fill(&prng, &secret, sizeof(secret));
    keys_box_public(&statement.public, &secret);
    statement.circle.kind = (uint8_t)below(CIRCLE_OFFICE + 1);
    statement.circle.office = f.offices[below(OFFICES)].id;
    if (below(2) == 0 && m->generation_count > 0) {
        struct dot former = m->generations[below(m->generation_count)].dot;

        statement.has_former =
            store_name_dot(store, former, &statement.generation) == ERR_OK;
    }
    state(by, &statement);
}

static void
state_something(size_t by)
{
    struct buf cert = {0};
    struct statement statement = {
        .type = STATEMENT_CONFIRM, .office = f.offices[below(OFFICES)].id};

    switch (below(7)) {
    case 0:
        set_roles(by, 1 + below(2), (uint8_t)below(ROLE_ALL + 1));
        break;
    case 1:
        retire(by, below(WRITERS));
        break;
    case 2:
    case 3:
        make_circle(by);
        break;
    case 4:
        stranger(&cert, by, true);
        statement = (struct statement){.type = STATEMENT_ADMIT,
            .encoded_cert = buf_bytes(&cert),
            .roles = ROLE_WRITE | ROLE_READ,
            .firewall = below(2) == 0};
        state(by, &statement);
        break;
    case 5:
        stranger(&cert, below(OFFICES), false);
        statement = (struct statement){
            .type = STATEMENT_ENROL, .encoded_cert = buf_bytes(&cert)};
        state(by, &statement);
        break;
    default:
        state(by, &statement);
        break;
    }
    buf_release(&cert);
}

/* Any generation, under any purpose. */
static struct grant_out
any_grant(const struct membership *m)
{
    struct grant_out grant = {.mode = (uint8_t)below(2),
        .purpose = (uint8_t)below(PURPOSE_EMERGENCY + 1),
        .has_expiry = below(2) == 0,
        .expiry_ms = f.wall_ms};

    grant.generation = m->generations[below(m->generation_count)].dot;
    if (below(6) == 0) {
        grant.generation.position = below(8);
    }
    return grant;
}

/* Any key that some entry of this or another log may have created. */
static struct dot
any_key(const struct store *store, uint32_t own)
{
    struct dot key = {(uint32_t)below(store->state_count), 0};

    if (below(2) == 0) {
        key.log = own;
    }
    if (store->states[key.log]->edge.size > 0) {
        key.position = below((size_t)store->states[key.log]->edge.size);
    }
    return key;
}

static void
put_bytes(struct buf *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        buf_put_u8(out, (uint8_t)prng_next(&prng));
    }
}

/* A well-formed header that may say anything of keys and grants. */
static enum err
forge_header(
    struct store *store, enum log_kind kind, uint32_t log, struct buf *out)
{
    struct local_clock clock = {0};
    struct grant_out grants[3];
    struct hash commitment = {{1}};
    struct header_out options = {.grants = grants};
    struct seal seal = {{0}};
    enum err rc = local_clock(store, kind, &clock);

    ck_assert_int_eq(rc, ERR_OK);
    options.clock = &clock.clock;
    options.seen = kind == LOG_CONTROL ? &clock.seen : NULL;
    options.time =
        store->states[log]->author.time + (below(9) == 0 ? 0 : 1 + below(900));
    options.has_key = below(10) != 0;
    options.key = any_key(store, log);
    options.has_grants = below(3) != 0;
    options.class = (uint8_t)below(CLASS_COUNT);
    options.grants_key = any_key(store, log);
    if (below(2) == 0) {
        options.commitment = &commitment;
        options.grants_key = (struct dot){log, store->states[log]->edge.size};
        options.key = below(2) == 0 ? options.grants_key : options.key;
    }
    options.grant_count = 1 + below(3);
    for (size_t i = 0; i < options.grant_count; i++) {
        grants[i] = any_grant(&store->membership);
    }
    rc =
        header_encode(out, &store->states[log]->author, &store->logs, &options);
    if (rc == ERR_OK) {
        header_put_seal(out, &seal);
    }
    local_clock_release(&clock);
    return rc;
}

/* Flip one bit, if what comes of it can still travel: one CBOR item. */
static void
spoil(struct buf *header)
{
    uint8_t *byte = &header->data[below(header->size)];
    uint8_t bit = (uint8_t)(1U << below(8));
    struct cursor cursor;

    *byte ^= bit;
    cursor = cursor_init(buf_bytes(header));
    cbor_skip(&cursor);
    if (cursor_end(&cursor) != ERR_OK) {
        *byte ^= bit;
    }
}

/* Write to its own log what its member likes. */
static void
forge(size_t by)
{
    struct store *store = f.offices[by].store;
    enum log_kind kind = below(4) == 0 ? LOG_CONTROL : LOG_CHANGES;
    struct entry entry = {.kind = ENTRY_CHANGE, .has_body = true};
    struct buf header = {0};
    struct buf body = {0};
    struct dot dot;
    uint32_t log = 0;
    enum err rc = ERR_OK;

    fixture_begin(&f, by);
    ck_assert_int_eq(local_log(store, kind, &log), ERR_OK);
    ck_assert_int_eq(state_members(store, &f.msg), ERR_OK);
    rc = forge_header(store, kind, log, &header);
    if (rc == ERR_OK && kind == LOG_CHANGES && below(4) != 0) {
        put_bytes(&body, 200);
    } else {
        put_bytes(&body, below(60));
        entry.kind = (uint8_t)below(4);
    }
    if (rc == ERR_OK && below(4) == 0) {
        spoil(&header);
    }
    entry.header = buf_bytes(&header);
    entry.body = buf_bytes(&body);
    hash_sha256(&entry.body_hash, entry.body);
    if (rc == ERR_OK) {
        rc = local_append(store, log, &entry, &dot, &f.msg);
        ck_assert_msg(rc == ERR_OK || rc == ERR_BUSY, "%s", err_text(rc));
    }
    fixture_commit(&f, by);
    buf_release(&header);
    buf_release(&body);
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
            state_something(by);
        }
        break;
    case 1:
    case 2:
        work(by);
        break;
    case 3:
        forge(1 + below(2));
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
    prng = prng_init(~seed); /* the fixture draws from the seed itself */
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
    prng = prng_init(~seed); /* the fixture draws from the seed itself */
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
    prng = prng_init(~seed);
    setup();
    confirm.office = f.offices[2].id;
    retire.office = f.offices[1].id;
    cuts[0].log = (struct log_id){f.offices[1].node, LOG_CONTROL};
    cuts[1].log = (struct log_id){f.offices[1].node, LOG_CHANGES};
    state(1, &confirm);
    state(1, &confirm);
    freeze(LOG_CONTROL);
    pump(1, 0);
    state(0, &confirm);
    pump(0, AUDITOR);
    state(0, &retire);
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
