/* SPDX-License-Identifier: Apache-2.0 */
/* Cosignatures made, exchanged and counted, and the marks that nodes compare
 * (docs/protocol.md, "Cosignatures" and "Marks"). */
#include <check.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "storage/cosign.h"
#include "storage/store_internal.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { OFFICES = 4, ALL_MAX = 256 };

static struct corridor_fixture f;
static struct fixture_ids ids;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = OFFICES, .policy = POLICY_SHARE_BY_DEFAULT};

    ids.count = 0;
    fixture_make(&f, &options);
    fixture_work(&f, 0, 4, &ids);
    fixture_work(&f, 1, 4, &ids);
    fixture_sync(&f);
}

static void
teardown(void)
{
    fixture_release(&f);
}

static struct view *
open_view(size_t n)
{
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, f.offices[n].store, &f.msg), ERR_OK);
    return view;
}

static size_t
cosign(size_t n)
{
    size_t count = 0;

    fixture_begin(&f, n);
    ck_assert_int_eq(store_cosign(f.offices[n].store, &count, &f.msg), ERR_OK);
    fixture_commit(&f, n);
    return count;
}

static enum err
give(size_t to, const struct cosignature *cosignature)
{
    enum err rc = ERR_OK;

    fixture_begin(&f, to);
    rc = store_cosignature(f.offices[to].store, cosignature, &f.msg);
    ck_assert(rc == ERR_OK || !store_is_dirty(f.offices[to].store));
    fixture_commit(&f, to);
    return rc;
}

/* What office n holds after `since`; how many that is. */
static size_t
since(size_t n, uint64_t sequence, struct cosignature_item *out, size_t max)
{
    struct cosignature_range range = {sequence, max};
    struct view *view = open_view(n);
    size_t count = 0;

    ck_assert_int_eq(
        view_cosignatures_since(view, &range, out, &count, &f.msg), ERR_OK);
    view_close(view);
    return count;
}

/* All that `from` holds goes to `to`; how many were news there. */
static size_t
pass_on(size_t from, size_t to)
{
    struct cosignature_item items[ALL_MAX];
    size_t count = since(from, 0, items, ALL_MAX);
    size_t news = 0;

    for (size_t i = 0; i < count; i++) {
        enum err rc = give(to, &items[i].cosignature);

        ck_assert(rc == ERR_OK || rc == ERR_STALE);
        news += rc == ERR_OK;
    }
    return news;
}

static struct log_id
log_of(size_t n, enum log_kind kind)
{
    struct log_id id = {f.offices[n].node, (uint8_t)kind};

    return id;
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

static struct vouching
vouching_at(size_t n, const struct log_id *id)
{
    struct view *view = open_view(n);
    struct vouching out;

    ck_assert_int_eq(view_vouch(view, id, &out, &f.msg), ERR_OK);
    view_close(view);
    return out;
}

struct marks_seen {
    uint8_t bytes[MARKS_BYTES];
};

static struct marks_seen
marks_at(size_t n)
{
    struct view *view = open_view(n);
    struct marks_seen marks;

    view_marks(view, marks.bytes);
    view_close(view);
    return marks;
}

static bool
same_mark(size_t a, size_t b, size_t which)
{
    struct marks_seen x = marks_at(a);
    struct marks_seen y = marks_at(b);

    return memcmp(x.bytes + which, y.bytes + which, MARK_BYTES) == 0;
}

/* One cosignature of office n over a log's head, as it could make it. */
static struct cosignature
made_by(size_t n, const struct log_id *id, const struct head *head)
{
    struct cosignature made = {.log = *id,
        .cosigner = f.offices[n].node,
        .size = head->size,
        .root = head->root,
        .time = 1790000000};

    ck_assert_int_eq(
        cosignature_make(&made, &f.corridor, &f.offices[n].secrets.cosign),
        ERR_OK);
    return made;
}

START_TEST(a_node_cosigns_each_log_of_others_once_for_each_head)
{
    struct cosignature_item items[ALL_MAX];
    struct node_public keys;
    size_t count = cosign(2);

    /* Two logs of each of three others, of which two are without changes. */
    ck_assert_uint_eq(count, 5);
    ck_assert_uint_eq(since(2, 0, items, ALL_MAX), count);
    node_secrets_public(&keys, &f.offices[2].secrets);
    for (size_t i = 0; i < count; i++) {
        struct cosignature *c = &items[i].cosignature;
        struct head head = head_at(2, &c->log);

        ck_assert(!node_id_equal(&c->log.node, &f.offices[2].node));
        ck_assert(node_id_equal(&c->cosigner, &f.offices[2].node));
        ck_assert_uint_eq(c->size, head.size);
        ck_assert(hash_equal(&c->root, &head.root));
        ck_assert_uint_eq(c->time, f.wall_ms / 1000);
        ck_assert_uint_eq(items[i].sequence, i + 1);
        ck_assert(items[i].is_reached && items[i].agrees);
        ck_assert_int_eq(
            cosignature_check(c, &f.corridor, &keys.cosign), ERR_OK);
    }
    ck_assert_uint_eq(cosign(2), 0);
    fixture_work(&f, 0, 1, &ids);
    fixture_sync(&f);
    ck_assert_uint_eq(cosign(2), 1);
    ck_assert_uint_eq(since(2, count, items, ALL_MAX), 1);
    ck_assert_uint_eq(items[0].sequence, count + 1);
    /* The newest takes the place of the one before it. */
    ck_assert_uint_eq(since(2, 0, items, ALL_MAX), count);
    fixture_verify(&f, 2, true);
}
END_TEST

START_TEST(time_does_not_run_back_with_the_clock)
{
    struct cosignature_item items[ALL_MAX];
    uint64_t time = 0;

    ck_assert_uint_gt(cosign(2), 0);
    since(2, 0, items, ALL_MAX);
    time = items[0].cosignature.time;
    fixture_close(&f, 2);
    fixture_open(&f, 2);
    fixture_work(&f, 0, 1, &ids);
    fixture_sync(&f);
    f.wall_ms -= UINT64_C(5000000);
    ck_assert_uint_eq(cosign(2), 1);
    ck_assert_uint_eq(since(2, 5, items, ALL_MAX), 1);
    ck_assert_uint_eq(items[0].cosignature.time, time);
}
END_TEST

START_TEST(cosignatures_are_passed_on_and_offices_counted)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct head head = head_at(0, &id);
    struct vouching found = vouching_at(0, &id);

    ck_assert_uint_eq(found.offices + found.offices_any, 0);
    ck_assert_uint_eq(found.size, 0);
    cosign(1);
    cosign(2);
    ck_assert_uint_eq(pass_on(2, 1), 5);
    ck_assert_uint_eq(pass_on(2, 1), 0);
    ck_assert_uint_eq(pass_on(1, 0), 9); /* with those over its own logs */
    found = vouching_at(0, &id);
    ck_assert_uint_eq(found.offices, 2);
    ck_assert_uint_eq(found.offices_any, 2);
    ck_assert_uint_eq(found.size, head.size);
    ck_assert_uint_eq(found.newest, f.wall_ms / 1000);
    fixture_work(&f, 0, 1, &ids);
    fixture_sync(&f);
    cosign(3);
    pass_on(3, 0);
    head = head_at(0, &id);
    found = vouching_at(0, &id);
    ck_assert_uint_eq(found.offices, 1);
    ck_assert_uint_eq(found.offices_any, 3);
    ck_assert_uint_eq(found.size, head.size);
    fixture_verify(&f, 0, true);
}
END_TEST

/* Kept although not reached; whether it agrees is seen when it is. */
START_TEST(a_cosignature_may_come_before_its_head)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct cosignature_item items[ALL_MAX];
    struct fixture_pump pump = {.from = 0, .to = 1};
    struct head before = head_at(2, &id);
    struct cosignature made;
    struct head head;

    fixture_work(&f, 0, 1, &ids);
    fixture_pump(&f, &pump);
    head = head_at(1, &id);
    made = made_by(1, &id, &head);
    ck_assert_int_eq(give(2, &made), ERR_OK);
    ck_assert_uint_eq(since(2, 0, items, ALL_MAX), 1);
    ck_assert(!items[0].is_reached && !items[0].agrees);
    ck_assert_uint_eq(vouching_at(2, &id).offices, 0);
    fixture_sync(&f);
    since(2, 0, items, ALL_MAX);
    ck_assert(items[0].is_reached && items[0].agrees);
    ck_assert_uint_eq(vouching_at(2, &id).offices, 1);
    /* One of less comes too late. */
    made = made_by(1, &id, &before);
    ck_assert_int_eq(give(2, &made), ERR_STALE);
}
END_TEST

START_TEST(one_of_another_root_is_kept_as_not_agreeing)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct cosignature_item items[ALL_MAX];
    struct head head = head_at(2, &id);
    struct cosignature made;

    head.root.bytes[5] ^= 1;
    made = made_by(1, &id, &head);
    ck_assert_int_eq(give(2, &made), ERR_OK);
    ck_assert_uint_eq(since(2, 0, items, ALL_MAX), 1);
    ck_assert(items[0].is_reached && !items[0].agrees);
    ck_assert_uint_eq(vouching_at(2, &id).offices, 0);
    fixture_verify(&f, 2, true);
}
END_TEST

START_TEST(what_nobody_may_vouch_for_is_refused)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct head head = head_at(2, &id);
    struct cosignature good = made_by(1, &id, &head);
    struct cosignature bad = good;

    bad.signature.bytes[0] ^= 1;
    ck_assert_int_eq(give(2, &bad), ERR_BAD_SIGNATURE);
    bad = good;
    bad.time++;
    ck_assert_int_eq(give(2, &bad), ERR_BAD_SIGNATURE);
    bad = good;
    bad.cosigner = f.offices[3].node;
    ck_assert_int_eq(give(2, &bad), ERR_BAD_SIGNATURE);
    bad.cosigner.bytes[0] ^= 1;
    ck_assert_int_eq(give(2, &bad), ERR_NOT_FOUND);
    bad = made_by(0, &id, &head); /* its own log */
    ck_assert_int_eq(give(2, &bad), ERR_DENIED);
    bad = good;
    bad.log.node.bytes[0] ^= 1;
    ck_assert_int_eq(give(2, &bad), ERR_NOT_FOUND);
    bad = good;
    bad.size = 0;
    ck_assert_int_eq(give(2, &bad), ERR_MALFORMED);
    bad.size = LOG_SIZE_MAX + 1;
    ck_assert_int_eq(give(2, &bad), ERR_MALFORMED);
    bad = good;
    bad.time = (uint64_t)INT64_MAX + 1;
    ck_assert_int_eq(give(2, &bad), ERR_MALFORMED);
    ck_assert_int_eq(give(2, &good), ERR_OK);
    ck_assert_int_eq(give(2, &good), ERR_STALE);
}
END_TEST

/* A node was set back: what it vouched for comes back to it from a peer. */
START_TEST(what_was_signed_before_a_restore_is_not_signed_for_less)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct cosignature_item items[ALL_MAX];
    struct head head = head_at(2, &id);
    struct cosignature made;

    head.size++;
    memset(head.root.bytes, 7, sizeof(head.root.bytes));
    made = made_by(2, &id, &head);
    ck_assert_int_eq(give(2, &made), ERR_OK);
    ck_assert_uint_eq(cosign(2), 4); /* not this log */
    /* Nor for another tree that has grown beyond it. */
    fixture_work(&f, 0, 3, &ids);
    fixture_sync(&f);
    ck_assert_uint_gt(head_at(2, &id).size, head.size);
    ck_assert_uint_eq(cosign(2), 0);
    ck_assert_uint_eq(since(2, 0, items, ALL_MAX), 5);
}
END_TEST

static void
state(size_t n, const struct statement *statement)
{
    struct buf body = {0};
    struct dot dot;

    statement_encode(&body, statement);
    fixture_begin(&f, n);
    ck_assert_int_eq(
        store_state(f.offices[n].store, buf_bytes(&body), &dot, &f.msg),
        ERR_OK);
    fixture_commit(&f, n);
    buf_release(&body);
}

static void
retire(size_t n)
{
    struct log_id logs[] = {log_of(n, LOG_CONTROL), log_of(n, LOG_CHANGES)};
    struct head head = head_at(0, &logs[0]);
    struct cut cuts[] = {{.log = logs[0], .size = head.size, .root = head.root},
        {.log = logs[1]}};
    struct statement statement = {.type = STATEMENT_RETIRE,
        .office = f.offices[n].id,
        .cuts = cuts,
        .cut_count = 2};

    state(0, &statement);
}

START_TEST(a_retired_node_vouches_for_nothing)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct head head = head_at(2, &id);
    struct cosignature made = made_by(3, &id, &head);
    struct marks_seen before = marks_at(2);

    ck_assert_int_eq(give(2, &made), ERR_OK);
    ck_assert(memcmp(&before.bytes[MARK_VOUCHES],
                  marks_at(2).bytes + MARK_VOUCHES, MARK_BYTES) != 0);
    retire(3);
    fixture_sync(&f);
    /* Its cosignature stays, and is no longer part of the marks: so who got
     * it and who did not agree. */
    ck_assert(memcmp(&before.bytes[MARK_VOUCHES],
                  marks_at(2).bytes + MARK_VOUCHES, MARK_BYTES) == 0);
    ck_assert(same_mark(1, 2, MARK_VOUCHES));
    ck_assert_int_eq(give(1, &made), ERR_DENIED);
    ck_assert_uint_eq(cosign(3), 0);
    fixture_verify(&f, 2, true);
}
END_TEST

/* Evidence against a log of office 0: two heads of one size. */
static struct evidence
make_evidence(const struct log_id *id)
{
    struct evidence evidence = {.log = *id, .a = head_at(0, id)};

    evidence.b.size = evidence.a.size;
    ck_assert_int_eq(
        log_head_sign(&evidence.b, &f.corridor, id, &f.offices[0].secrets.sign),
        ERR_OK);
    evidence.root = evidence.b.root;
    return evidence;
}

static void
give_evidence(size_t to, const struct evidence *evidence)
{
    fixture_begin(&f, to);
    ck_assert_int_eq(
        store_evidence(f.offices[to].store, evidence, &f.msg), ERR_OK);
    fixture_commit(&f, to);
}

START_TEST(a_forked_log_is_not_vouched_for)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct evidence evidence = make_evidence(&id);
    struct cosignature_item items[ALL_MAX];
    struct cosignature made = made_by(1, &id, &evidence.a);
    size_t count = 0;

    cosign(3);
    give_evidence(2, &evidence);
    ck_assert_int_eq(give(2, &made), ERR_FORK);
    ck_assert_uint_eq(cosign(2), 4);
    /* What was vouched for before is not sent on. */
    give_evidence(3, &evidence);
    count = since(3, 0, items, ALL_MAX);
    ck_assert_uint_eq(count, 4);
    for (size_t i = 0; i < count; i++) {
        ck_assert(!log_id_equal(&items[i].cosignature.log, &id));
    }
}
END_TEST

START_TEST(each_mark_tells_of_its_own_and_of_nothing_else)
{
    struct log_id id = log_of(1, LOG_CHANGES);
    struct log_id forked = log_of(0, LOG_CHANGES);
    struct evidence evidence = make_evidence(&forked);
    struct head head = head_at(1, &id);
    struct cosignature made = made_by(3, &id, &head);

    for (size_t n = 1; n < OFFICES; n++) {
        ck_assert_mem_eq(marks_at(0).bytes, marks_at(n).bytes, MARKS_BYTES);
    }
    fixture_work(&f, 1, 1, &ids);
    ck_assert(!same_mark(0, 1, MARK_HEADS));
    ck_assert(same_mark(0, 1, MARK_FORKS));
    ck_assert(same_mark(0, 1, MARK_VOUCHES));
    fixture_sync(&f);
    ck_assert(same_mark(0, 1, MARK_HEADS));
    ck_assert_int_eq(give(2, &made), ERR_OK);
    ck_assert(same_mark(1, 2, MARK_HEADS));
    ck_assert(same_mark(1, 2, MARK_FORKS));
    ck_assert(!same_mark(1, 2, MARK_VOUCHES));
    ck_assert_int_eq(give(1, &made), ERR_OK);
    ck_assert(same_mark(1, 2, MARK_VOUCHES));
    give_evidence(2, &evidence);
    ck_assert(!same_mark(1, 2, MARK_HEADS));
    ck_assert(!same_mark(1, 2, MARK_FORKS));
    ck_assert(same_mark(1, 2, MARK_VOUCHES));
    give_evidence(1, &evidence);
    ck_assert_mem_eq(marks_at(1).bytes, marks_at(2).bytes, MARKS_BYTES);
    fixture_close(&f, 1);
    fixture_open(&f, 1);
    ck_assert_mem_eq(marks_at(1).bytes, marks_at(2).bytes, MARKS_BYTES);
}
END_TEST

static int
compare_ids(const void *a, const void *b)
{
    return log_id_compare(a, b);
}

/* The first bytes of BLAKE2b-512 of CBOR [label, rows], by the page alone. */
static void
name_rows(uint8_t *out, size_t size, const char *label, const struct buf *rows)
{
    uint8_t hash[64];
    struct buf item = {0};
    struct bytes part = {NULL, 0};

    cbor_put_array(&item, 2);
    cbor_put_cstr(&item, label);
    cbor_put_bytes(&item, buf_bytes(rows));
    ck_assert_int_eq(buf_err(&item), ERR_OK);
    part = buf_bytes(&item);
    hash_blake2b_512(hash, &part, 1);
    memcpy(out, hash, size);
    buf_release(&item);
}

static void
put_id(struct buf *out, const struct log_id *id)
{
    buf_put(out, id->node.bytes, sizeof(id->node.bytes));
    buf_put_u8(out, id->kind);
}

START_TEST(marks_are_what_the_protocol_says)
{
    struct log_id order[2 * OFFICES];
    struct buf heads = {0};
    struct buf vouches = {0};
    struct buf forks = {0};
    uint8_t wanted[MARKS_BYTES];

    cosign(2);
    for (size_t i = 0; i < 2 * OFFICES; i++) {
        order[i] = log_of(i / 2, i % 2 == 0 ? LOG_CONTROL : LOG_CHANGES);
    }
    qsort(order, 2 * OFFICES, sizeof(*order), compare_ids);
    for (size_t i = 0; i < 2 * OFFICES; i++) {
        struct buf row = {0};
        uint8_t name[32];
        struct head head;
        struct view *view = open_view(2);
        enum err rc = view_head(view, &order[i], &head, &f.msg);

        view_close(view);
        if (rc == ERR_NOT_FOUND) {
            continue; /* no entries */
        }
        put_id(&heads, &order[i]);
        buf_put_u64(&heads, head.size);
        buf_put_bytes(&heads, bytes_hash(&head.root));
        if (!node_id_equal(&order[i].node, &f.offices[2].node)) {
            buf_put(&row, f.offices[2].node.bytes, 32);
            buf_put_u64(&row, head.size);
            name_rows(name, sizeof(name), "corridor/marks/log/1", &row);
            put_id(&vouches, &order[i]);
            buf_put(&vouches, name, sizeof(name));
            buf_release(&row);
        }
    }
    name_rows(wanted, 8, "corridor/marks/heads/1", &heads);
    name_rows(wanted + 8, 8, "corridor/marks/forks/1", &forks);
    name_rows(wanted + 16, 8, "corridor/marks/vouches/1", &vouches);
    ck_assert_mem_eq(marks_at(2).bytes, wanted, MARKS_BYTES);
    buf_release(&heads);
    buf_release(&vouches);
    buf_release(&forks);
}
END_TEST

START_TEST(few_at_a_time_all_are_met_in_order)
{
    struct cosignature_item items[3];
    uint64_t last = 0;
    size_t met = 0;
    size_t count = 0;

    cosign(1);
    cosign(2);
    cosign(3);
    pass_on(1, 0);
    pass_on(2, 0);
    pass_on(3, 0);
    do {
        count = since(0, last, items, 3);
        for (size_t i = 0; i < count; i++) {
            ck_assert_uint_gt(items[i].sequence, last);
            last = items[i].sequence;
        }
        met += count;
    } while (count == 3);
    ck_assert_uint_eq(met, 14);
    ck_assert_uint_eq(last, met);
}
END_TEST

static bool
count_up(void *context, const struct cosignature_item *item)
{
    size_t *count = context;

    ck_assert(item->agrees);
    return ++*count < 2;
}

START_TEST(those_of_one_log_are_listed_until_told_to_stop)
{
    struct log_id id = log_of(0, LOG_CONTROL);
    struct log_id unknown = id;
    struct view *view = NULL;
    size_t count = 0;

    cosign(1);
    cosign(2);
    cosign(3);
    pass_on(1, 0);
    pass_on(2, 0);
    pass_on(3, 0);
    view = open_view(0);
    ck_assert_int_eq(
        view_cosignatures(view, &id, count_up, &count, &f.msg), ERR_OK);
    ck_assert_uint_eq(count, 2);
    unknown.node.bytes[0] ^= 1;
    ck_assert_int_eq(
        view_cosignatures(view, &unknown, count_up, &count, &f.msg), ERR_OK);
    ck_assert_uint_eq(count, 2);
    view_close(view);
}
END_TEST

START_TEST(a_rebuild_keeps_evidence_and_cosignatures)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct evidence evidence = make_evidence(&id);
    struct cosignature_item items[ALL_MAX];
    struct marks_seen before;

    cosign(2);
    give_evidence(2, &evidence);
    before = marks_at(2);
    ck_assert_int_eq(store_rebuild(f.offices[2].store, NULL, &f.msg), ERR_OK);
    ck_assert_mem_eq(marks_at(2).bytes, before.bytes, MARKS_BYTES);
    ck_assert_uint_eq(since(2, 0, items, ALL_MAX), 4);
    fixture_verify(&f, 2, true);
}
END_TEST

START_TEST(a_backup_keeps_evidence_and_cosignatures)
{
    struct log_id id = log_of(0, LOG_CHANGES);
    struct evidence evidence = make_evidence(&id);
    char copy[SCRATCH_PATH_BYTES];
    struct marks_seen before;

    cosign(2);
    give_evidence(2, &evidence);
    before = marks_at(2);
    scratch_path(copy, &f.scratch, "backup");
    ck_assert_int_eq(
        env_copy(store_env(f.offices[2].store), copy, &f.msg), ERR_OK);
    fixture_close(&f, 2);
    memcpy(f.offices[2].dir, copy, sizeof(copy));
    fixture_open(&f, 2);
    ck_assert_mem_eq(marks_at(2).bytes, before.bytes, MARKS_BYTES);
    fixture_verify(&f, 2, true);
}
END_TEST

/* Take tables away, as a store has none that an older program made. */
static void
drop_tables(const char *dir)
{
    static const char *const names[] = {"evidence", "cosignatures"};
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;

    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(env, TABLE_COUNT), 0);
    ck_assert_int_eq(mdb_env_open(env, dir, MDB_NOTLS, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    for (size_t i = 0; i < 2; i++) {
        MDB_dbi table = 0;

        ck_assert_int_eq(mdb_dbi_open(txn, names[i], 0, &table), 0);
        ck_assert_int_eq(mdb_drop(txn, table, 1), 0);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

START_TEST(a_store_without_these_tables_gets_them)
{
    fixture_close(&f, 2);
    drop_tables(f.offices[2].dir);
    fixture_open(&f, 2);
    ck_assert_mem_eq(marks_at(1).bytes, marks_at(2).bytes, MARKS_BYTES);
    ck_assert_uint_eq(cosign(2), 5);
    fixture_verify(&f, 2, true);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("vouch");
    TCase *tcase = tcase_create("vouch");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_node_cosigns_each_log_of_others_once_for_each_head);
    tcase_add_test(tcase, time_does_not_run_back_with_the_clock);
    tcase_add_test(tcase, cosignatures_are_passed_on_and_offices_counted);
    tcase_add_test(tcase, a_cosignature_may_come_before_its_head);
    tcase_add_test(tcase, one_of_another_root_is_kept_as_not_agreeing);
    tcase_add_test(tcase, what_nobody_may_vouch_for_is_refused);
    tcase_add_test(
        tcase, what_was_signed_before_a_restore_is_not_signed_for_less);
    tcase_add_test(tcase, a_retired_node_vouches_for_nothing);
    tcase_add_test(tcase, a_forked_log_is_not_vouched_for);
    tcase_add_test(tcase, each_mark_tells_of_its_own_and_of_nothing_else);
    tcase_add_test(tcase, marks_are_what_the_protocol_says);
    tcase_add_test(tcase, few_at_a_time_all_are_met_in_order);
    tcase_add_test(tcase, those_of_one_log_are_listed_until_told_to_stop);
    tcase_add_test(tcase, a_rebuild_keeps_evidence_and_cosignatures);
    tcase_add_test(tcase, a_backup_keeps_evidence_and_cosignatures);
    tcase_add_test(tcase, a_store_without_these_tables_gets_them);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
