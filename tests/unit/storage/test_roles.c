/* SPDX-License-Identifier: Apache-2.0 */
/* Auditors and relays: what their stores hold, and what becomes of it when
 * their roles change. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base/mem.h"
#include "storage/disk.h"
#include "storage/share.h"
#include "storage/view_internal.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { READER = 1, OTHER = 2, ROLES_RW = ROLE_READ | ROLE_WRITE };

static struct corridor_fixture f;

/* Offices 0 and 1 write and read; office 2 is admitted with the roles. */
static void
make(uint8_t roles)
{
    struct fixture_options options = {
        .offices = 3, .policy = POLICY_SHARE_BY_DEFAULT, .only_first = true};

    fixture_make(&f, &options);
    fixture_admit(&f, READER, ROLES_RW);
    fixture_admit(&f, OTHER, roles);
    fixture_sync(&f);
}

static void
setup_audit(void)
{
    make(ROLE_AUDIT);
}

static void
setup_relay(void)
{
    make(ROLE_RELAY);
}

static void
setup_reader(void)
{
    make(ROLES_RW);
}

static void
teardown(void)
{
    fixture_release(&f);
}

static void
pump(size_t from, size_t to)
{
    struct fixture_pump p = {.from = from, .to = to};

    fixture_pump(&f, &p);
}

static struct view *
view_of(size_t n)
{
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, f.offices[n].store, NULL), ERR_OK);
    return view;
}

/* Content keys that an office's table of keys holds opened. */
static size_t
keys_held(size_t n)
{
    struct view *view = view_of(n);
    struct scan scan = {0};
    size_t count = 0;

    ck_assert_int_eq(scan_open(&scan, view->txn, TABLE_KEYS, NULL), ERR_OK);
    while (scan_next(&scan)) {
        ck_assert_uint_gt(scan.value.size, 8);
        count += scan.value.data[8];
    }
    scan_close(&scan);
    view_close(view);
    return count;
}

/* Changes of the store with and without their bodies. */
struct bodies {
    uint64_t present;
    uint64_t absent;
    uint64_t other_absent; /* of entries that are no changes */
};

static struct bodies
bodies_held(size_t n)
{
    struct view *view = view_of(n);
    struct bodies bodies = {0};
    struct stored_entry stored;

    for (uint64_t at = 0; entries_at(view->txn, at, &stored, NULL) == ERR_OK;
         at++) {
        bool is_change = stored.entry.kind == ENTRY_CHANGE;

        bodies.present += is_change && stored.entry.has_body;
        bodies.absent += is_change && !stored.entry.has_body;
        bodies.other_absent += !is_change && !stored.entry.has_body;
    }
    view_close(view);
    return bodies;
}

/* Generations whose secret is open, by kind of circle. */
static size_t
secrets_held(size_t n, enum circle_kind kind)
{
    struct view *view = view_of(n);
    const struct roster *roster = view->roster;
    size_t count = 0;

    for (size_t i = 0; i < roster->membership.generation_count; i++) {
        count += roster->generation_has[i] &&
                 roster->membership.generations[i].circle.kind == kind;
    }
    view_close(view);
    return count;
}

/* Does a file hold these bytes anywhere? */
static bool
file_holds(const char *path, struct bytes wanted)
{
    struct buf file = {0};
    bool holds = false;

    ck_assert_int_eq(disk_read(&file, path, 1 << 28, NULL), ERR_OK);
    for (size_t at = 0; at + wanted.size <= file.size && !holds; at++) {
        holds = memcmp(file.data + at, wanted.data, wanted.size) == 0;
    }
    buf_release(&file);
    return holds;
}

/* The first bytes of the ciphertext of office n's last change. */
static void
last_ciphertext(size_t n, uint8_t out[24])
{
    struct view *view = view_of(n);
    struct log_id id = {f.offices[n].node, LOG_CHANGES};
    struct stored_entry stored;
    struct view_log log = {0};
    uint32_t number = 0;

    ck_assert(log_table_find(view_logs(view), &id, &number));
    ck_assert_int_eq(view_log(view, number, &log), ERR_OK);
    ck_assert_int_eq(entries_get(view->txn,
                         (struct dot){number, log.stored - 1}, &stored, NULL),
        ERR_OK);
    ck_assert_uint_ge(stored.entry.body.size, 24);
    memcpy(out, stored.entry.body.data + stored.entry.body.size - 24, 24);
    view_close(view);
}

static bool
store_holds(size_t n, struct bytes wanted)
{
    char path[SCRATCH_PATH_BYTES + 16];

    snprintf(path, sizeof(path), "%s/data.mdb", f.offices[n].dir);
    return file_holds(path, wanted);
}

/* How office n has that log. */
static struct view_log
log_of(size_t n, const struct log_id *id)
{
    struct view *view = view_of(n);
    struct view_log log = {0};
    uint32_t number = 0;

    ck_assert(log_table_find(view_logs(view), id, &number));
    ck_assert_int_eq(view_log(view, number, &log), ERR_OK);
    view_close(view);
    return log;
}

/* One batch of a log, from where office `to` says that it holds it. */
static enum err
hand_over(size_t from, const struct log_id *id, struct accept_result *out)
{
    struct view_range range = {
        .log = id, .from = log_of(OTHER, id).told, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    enum err rc = ERR_OK;

    fixture_batch(&f, from, &range, &batch);
    fixture_begin(&f, OTHER);
    rc = store_accept(f.offices[OTHER].store, buf_bytes(&batch), out, &f.msg);
    if (rc == ERR_OK) {
        fixture_commit(&f, OTHER);
    } else {
        ck_assert(!store_is_dirty(f.offices[OTHER].store));
        store_cancel(f.offices[OTHER].store);
    }
    buf_release(&batch);
    return rc;
}

START_TEST(an_auditor_holds_all_headers_and_no_content)
{
    struct record_id id = fixture_case(&f, READER, "a summary");
    struct bodies bodies;
    uint8_t cipher[24];

    fixture_desk(&f, READER, &id, "desk 1");
    last_ciphertext(READER, cipher);
    fixture_sync(&f);
    bodies = bodies_held(OTHER);
    ck_assert_uint_eq(bodies.present, 0);
    ck_assert_uint_ge(bodies.absent, 2);
    ck_assert_uint_eq(bodies.other_absent, 0);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, bodies.absent);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).records, 0);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).refused, 0);
    ck_assert_uint_eq(
        fixture_stat(&f, OTHER).entries, fixture_stat(&f, READER).entries);
    ck_assert_uint_eq(keys_held(OTHER), 0);
    ck_assert_uint_gt(keys_held(READER), 0);
    ck_assert_uint_gt(secrets_held(OTHER, CIRCLE_LINK), 0);
    ck_assert_uint_eq(secrets_held(OTHER, CIRCLE_EVERYONE), 0);
    ck_assert_uint_eq(secrets_held(OTHER, CIRCLE_OFFICE), 0);
    ck_assert(store_holds(READER, bytes_of(cipher, sizeof(cipher))));
    ck_assert(!store_holds(OTHER, bytes_of(cipher, sizeof(cipher))));
    fixture_verify(&f, OTHER, true);
}
END_TEST

/* Its wish is our office's role: what a careless peer sends is not kept. */
START_TEST(an_auditor_that_is_sent_bodies_keeps_their_hashes_alone)
{
    struct log_id id = {f.offices[READER].node, LOG_CHANGES};
    struct accept_result result;
    uint8_t cipher[24];

    fixture_case(&f, READER, "a summary");
    last_ciphertext(READER, cipher);
    ck_assert_int_eq(hand_over(READER, &id, &result), ERR_OK);
    ck_assert_uint_eq(result.accepted, log_of(READER, &id).stored);
    ck_assert_uint_eq(bodies_held(OTHER).present, 0);
    ck_assert_uint_eq(bodies_held(OTHER).absent, result.accepted);
    ck_assert(!store_holds(OTHER, bytes_of(cipher, sizeof(cipher))));
    fixture_verify(&f, OTHER, true);
}
END_TEST

static uint64_t
bytes_of_store(size_t n)
{
    struct env_stat stat;

    ck_assert_int_eq(
        env_stat(store_env(f.offices[n].store), &stat, NULL), ERR_OK);
    return stat.bytes_used - stat.bytes_free;
}

START_TEST(an_auditor_grows_by_at_most_250_bytes_a_change)
{
    struct fixture_ids ids = {.count = 0};
    uint64_t bytes = bytes_of_store(OTHER);
    uint64_t changes = 0;

    for (int i = 0; i < 6; i++) {
        fixture_work(&f, (size_t)i % 2, 600, &ids);
        pump((size_t)i % 2, OTHER);
    }
    changes = fixture_stat(&f, OTHER).absent;
    ck_assert_uint_gt(changes, 3000);
    bytes = bytes_of_store(OTHER) - bytes;
    ck_assert_msg(bytes <= 250 * changes, "%llu bytes for %llu changes",
        (unsigned long long)bytes, (unsigned long long)changes);
}
END_TEST

START_TEST(an_auditor_sends_changes_to_auditors_alone)
{
    struct log_id id = {f.offices[READER].node, LOG_CHANGES};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};

    fixture_case(&f, READER, "a summary");
    pump(READER, OTHER);
    /* Office 0 is due the bodies: it gets nothing rather than headers. */
    ck_assert_uint_eq(fixture_batch(&f, OTHER, &range, &batch), 0);
    ck_assert_uint_eq(batch.size, 0);
    range.without_bodies = true;
    ck_assert_uint_gt(fixture_batch(&f, OTHER, &range, &batch), 0);
    ck_assert_uint_gt(batch.size, 0);
    pump(OTHER, 0);
    ck_assert_uint_eq(fixture_stat(&f, 0).absent, 0);
    ck_assert_uint_eq(fixture_stat(&f, 0).records, 0);
    buf_release(&batch);
}
END_TEST

START_TEST(neither_an_auditor_nor_a_relay_writes_records)
{
    struct fixture_op op = {FIXTURE_CASE_SUMMARY, false, false, "a summary"};
    struct fixture_edit edit = {
        .kind = FIXTURE_CASE, .ops = &op, .op_count = 1};
    struct edit_result result;

    fixture_begin(&f, OTHER);
    ck_assert_int_eq(fixture_try_edit(&f, OTHER, &edit, &result), ERR_DENIED);
    ck_assert_msg(strstr(f.msg.text, _i == 0 ? "audits" : "relays") != NULL,
        "%s", f.msg.text);
    ck_assert(!store_is_dirty(f.offices[OTHER].store));
    store_cancel(f.offices[OTHER].store);
}
END_TEST

START_TEST(nothing_is_shared_with_whom_keys_are_not_for)
{
    struct record_id id = fixture_case(&f, READER, "a summary");
    struct circle_name circle = {
        .kind = CIRCLE_OFFICE, .office = f.offices[OTHER].id};
    struct share share = {.kind = FIXTURE_CASE,
        .id = id,
        .class = CLASS_CASE,
        .circle = &circle,
        .purpose = PURPOSE_SHARE};

    fixture_begin(&f, READER);
    ck_assert_int_eq(
        store_share(f.offices[READER].store, &share, &f.msg), ERR_DENIED);
    ck_assert(!store_is_dirty(f.offices[READER].store));
    store_cancel(f.offices[READER].store);
}
END_TEST

START_TEST(a_relay_carries_all_and_opens_nothing)
{
    struct fixture_ids ids = {.count = 0};
    struct bodies bodies;

    /* Offices 0 and 1 never meet. */
    fixture_work(&f, 0, 30, &ids);
    fixture_work(&f, READER, 30, &ids);
    pump(0, OTHER);
    pump(OTHER, READER);
    fixture_work(&f, READER, 30, &ids);
    pump(READER, OTHER);
    pump(OTHER, 0);
    fixture_expect_same(&f, 0, READER);
    ck_assert_uint_gt(fixture_digest(&f, 0).records, 0);
    bodies = bodies_held(OTHER);
    ck_assert_uint_gt(bodies.present, 0);
    ck_assert_uint_eq(bodies.absent, 0);
    ck_assert_uint_eq(keys_held(OTHER), 0);
    ck_assert_uint_eq(secrets_held(OTHER, CIRCLE_EVERYONE), 0);
    ck_assert_uint_eq(secrets_held(OTHER, CIRCLE_OFFICE), 0);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).records, 0);
    fixture_verify(&f, OTHER, true);
}
END_TEST

/* Office 2 gets other roles; it knows that, and no more. */
static void
promote(uint8_t roles)
{
    struct log_id id = {f.offices[0].node, LOG_CONTROL};
    struct accept_result result;

    fixture_roles(&f, OTHER, roles);
    ck_assert_int_eq(hand_over(0, &id, &result), ERR_OK);
}

START_TEST(an_auditor_that_may_read_now_has_holes_and_fills_them)
{
    struct log_id id = {f.offices[READER].node, LOG_CHANGES};
    struct fixture_ids ids = {.count = 0};
    struct view_log log;
    struct view_stat stat;
    uint64_t absent = 0;

    fixture_work(&f, 0, 20, &ids);
    fixture_work(&f, READER, 20, &ids);
    fixture_sync(&f);
    absent = bodies_held(OTHER).absent;
    ck_assert_uint_gt(absent, 0);
    promote(ROLES_RW);
    stat = fixture_stat(&f, OTHER);
    ck_assert_uint_eq(stat.absent, absent);
    ck_assert_uint_ge(stat.unapplied, absent);
    /* It does not say that it holds them. */
    log = log_of(OTHER, &id);
    ck_assert_uint_eq(log.told, 0);
    ck_assert_uint_gt(log.stored, 0);
    ck_assert_uint_eq(log.applied, 0);
    fixture_verify(&f, OTHER, true);
    fixture_close(&f, OTHER);
    fixture_open(&f, OTHER);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, absent);
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, 0);
    ck_assert_uint_eq(bodies_held(OTHER).absent, 0);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    fixture_expect_same(&f, READER, OTHER);
    fixture_verify(&f, OTHER, true);
    /* And it writes, and is read. */
    fixture_work(&f, OTHER, 10, &ids);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, OTHER);
}
END_TEST

/* Order does not matter: new changes may come before the old are filled. */
START_TEST(holes_are_filled_in_small_batches_while_others_write_on)
{
    struct fixture_ids ids = {.count = 0};
    struct fixture_pump some = {.from = READER, .to = OTHER, .bytes_max = 500};

    fixture_work(&f, READER, 30, &ids);
    fixture_sync(&f);
    promote(ROLES_RW);
    fixture_work(&f, READER, 10, &ids);
    fixture_work(&f, 0, 10, &ids);
    pump(0, OTHER);
    fixture_pump(&f, &some);
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, 0);
    fixture_expect_same(&f, READER, OTHER);
    fixture_verify(&f, OTHER, true);
}
END_TEST

START_TEST(a_body_that_is_another_fills_no_hole)
{
    struct log_id id = {f.offices[READER].node, LOG_CHANGES};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result;
    uint64_t absent = 0;

    fixture_case(&f, READER, "a summary");
    fixture_sync(&f);
    absent = bodies_held(OTHER).absent;
    promote(ROLES_RW);
    fixture_batch(&f, READER, &range, &batch);
    batch.data[batch.size - 1] ^= 1;
    fixture_begin(&f, OTHER);
    ck_assert_int_eq(store_accept(f.offices[OTHER].store, buf_bytes(&batch),
                         &result, &f.msg),
        ERR_BAD_SIGNATURE);
    ck_assert(!store_is_dirty(f.offices[OTHER].store));
    store_cancel(f.offices[OTHER].store);
    ck_assert_uint_eq(bodies_held(OTHER).absent, absent);
    buf_release(&batch);
}
END_TEST

START_TEST(a_reader_that_audits_keeps_what_it_has_and_gets_no_more)
{
    struct fixture_ids ids = {.count = 0};
    struct bodies before;
    struct bodies after;

    fixture_work(&f, READER, 20, &ids);
    fixture_work(&f, OTHER, 5, &ids);
    fixture_sync(&f);
    before = bodies_held(OTHER);
    ck_assert_uint_eq(before.absent, 0);
    fixture_roles(&f, OTHER, ROLE_AUDIT);
    fixture_sync(&f);
    fixture_work(&f, READER, 20, &ids);
    fixture_sync(&f);
    after = bodies_held(OTHER);
    ck_assert_uint_eq(after.present, before.present);
    ck_assert_uint_gt(after.absent, 0);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).unapplied, 0);
    fixture_verify(&f, OTHER, true);
    /* Back again: only what came meanwhile is missing. */
    promote(ROLES_RW);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, after.absent);
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, 0);
    fixture_expect_same(&f, READER, OTHER);
    fixture_verify(&f, OTHER, true);
    fixture_work(&f, OTHER, 5, &ids);
    fixture_sync(&f);
    fixture_expect_same(&f, READER, OTHER);
}
END_TEST

/* Now and then, in any order: always the same in the end. */
START_TEST(roles_that_come_and_go_leave_nothing_missing)
{
    static const uint8_t roles[] = {
        ROLE_AUDIT, ROLES_RW, ROLE_RELAY, ROLE_AUDIT, ROLE_READ | ROLE_AUDIT};
    struct fixture_ids ids = {.count = 0};

    for (size_t i = 0; i < sizeof(roles); i++) {
        fixture_roles(&f, OTHER, roles[i]);
        fixture_work(&f, READER, 8, &ids);
        pump(0, OTHER);
        pump(READER, OTHER);
        fixture_work(&f, 0, 8, &ids);
        if (i % 2 == 1) {
            fixture_sync(&f);
        }
        fixture_verify(&f, OTHER, true);
    }
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, 0);
    fixture_expect_same(&f, 0, OTHER);
}
END_TEST

START_TEST(running_out_of_memory_fills_no_hole_by_half)
{
    struct log_id id = {f.offices[READER].node, LOG_CHANGES};
    struct view_range range = {.log = &id, .bytes_max = 1 << 20};
    struct buf batch = {.limit = LOG_BATCH_BYTES_MAX};
    struct accept_result result;
    uint64_t absent = 0;
    bool was_hit = true;

    fixture_case(&f, READER, "a summary");
    fixture_sync(&f);
    absent = bodies_held(OTHER).absent;
    promote(ROLES_RW);
    fixture_batch(&f, READER, &range, &batch);
    for (long n = 0; was_hit; n++) {
        enum err rc = ERR_OK;

        fixture_begin(&f, OTHER);
        mem_fault_after(n);
        rc = store_accept(
            f.offices[OTHER].store, buf_bytes(&batch), &result, &f.msg);
        was_hit = mem_fault_hit();
        mem_fault_after(-1);
        ck_assert_int_eq(rc, was_hit ? ERR_NOMEM : ERR_OK);
        if (rc == ERR_OK) {
            fixture_commit(&f, OTHER);
        } else {
            store_abort(f.offices[OTHER].store);
            ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, absent);
        }
    }
    ck_assert_uint_eq(result.filled, absent);
    ck_assert_uint_eq(fixture_stat(&f, OTHER).absent, 0);
    fixture_expect_same(&f, READER, OTHER);
    buf_release(&batch);
}
END_TEST

/* Files that are not shared by policy: who may write now has a circle of its
 * own for them. */
START_TEST(an_auditor_that_may_write_now_makes_its_offices_circle)
{
    struct fixture_options options = {.offices = 2, .only_first = true};
    struct record_id id;

    fixture_make(&f, &options);
    fixture_admit(&f, READER, ROLE_AUDIT);
    ck_assert_uint_eq(secrets_held(READER, CIRCLE_OFFICE), 0);
    fixture_case(&f, 0, "a summary");
    fixture_sync(&f);
    fixture_roles(&f, READER, ROLES_RW);
    fixture_sync(&f);
    ck_assert_uint_eq(secrets_held(READER, CIRCLE_OFFICE), 1);
    ck_assert_uint_gt(secrets_held(READER, CIRCLE_EVERYONE), 0);
    id = fixture_case(&f, READER, "another summary");
    fixture_desk(&f, READER, &id, "desk 1");
    fixture_sync(&f);
    ck_assert_uint_eq(fixture_stat(&f, READER).records, 1);
    ck_assert_uint_eq(fixture_stat(&f, READER).absent, 0);
    ck_assert_uint_eq(fixture_stat(&f, READER).refused, 0);
    fixture_verify(&f, READER, true);
    fixture_release(&f);
}
END_TEST

/* What a log's row may say of absent bodies, where 5 entries are stored. */
static const struct {
    const char *what;
    uint64_t count;
    uint64_t from;
    uint64_t to;
    enum err rc;
} absents[] = {
    {"all", 5, 0, 5, ERR_OK},
    {"one", 1, 4, 5, ERR_OK},
    {"some of those between", 2, 1, 5, ERR_OK},
    {"more than there is room for", 3, 1, 3, ERR_CORRUPT},
    {"nothing between", 1, 2, 2, ERR_CORRUPT},
    {"an end before the start", 1, 3, 2, ERR_CORRUPT},
    {"an end beyond the log", 1, 4, 6, ERR_CORRUPT},
};

START_TEST(a_row_lacks_as_many_bodies_as_there_is_room_for)
{
    struct log_id id = {.kind = LOG_CHANGES};
    struct log_table logs = {0};
    struct log_state state = {.edge = {.size = 5}};
    struct log_state again;
    struct buf row = {0};

    ck_assert_int_eq(author_init(&state.author, &logs, &id), ERR_OK);
    state.absent.count = absents[_i].count;
    state.absent.from = absents[_i].from;
    state.absent.to = absents[_i].to;
    ck_assert_int_eq(log_state_encode(&row, &state), ERR_OK);
    ck_assert_msg(
        log_state_decode(&again, &logs, buf_bytes(&row)) == absents[_i].rc,
        "%s", absents[_i].what);
    if (absents[_i].rc == ERR_OK) {
        ck_assert_uint_eq(again.absent.count, state.absent.count);
        ck_assert_uint_eq(again.absent.from, state.absent.from);
        ck_assert_uint_eq(again.absent.to, state.absent.to);
        author_release(&again.author);
    }
    author_release(&state.author);
    log_table_release(&logs);
    buf_release(&row);
}
END_TEST

/* Change what an auditor's store says of the log's absent bodies. */
START_TEST(verify_finds_a_wrong_count_of_absent_bodies)
{
    struct log_id id = {f.offices[READER].node, LOG_CHANGES};
    struct store *store = f.offices[OTHER].store;
    struct log_state *state = NULL;
    uint32_t log = 0;

    fixture_case(&f, READER, "a summary");
    fixture_sync(&f);
    ck_assert(log_table_find(&store->logs, &id, &log));
    fixture_begin(&f, OTHER);
    state = store->states[log];
    if (_i == 0) {
        state->absent.count--;
    } else {
        state->absent.from++;
        state->absent.count = 1;
    }
    state->is_dirty = true;
    store->is_dirty = true;
    fixture_commit(&f, OTHER);
    ck_assert_uint_gt(fixture_verify(&f, OTHER, false), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("storage/roles");
    TCase *audit = tcase_create("audit");
    TCase *relay = tcase_create("relay");
    TCase *reader = tcase_create("reader");
    TCase *alone = tcase_create("alone");

    tcase_add_checked_fixture(audit, setup_audit, teardown);
    tcase_add_test(audit, an_auditor_holds_all_headers_and_no_content);
    tcase_add_test(
        audit, an_auditor_that_is_sent_bodies_keeps_their_hashes_alone);
    tcase_add_test(audit, an_auditor_grows_by_at_most_250_bytes_a_change);
    tcase_add_test(audit, an_auditor_sends_changes_to_auditors_alone);
    tcase_add_loop_test(
        audit, neither_an_auditor_nor_a_relay_writes_records, 0, 1);
    tcase_add_test(audit, nothing_is_shared_with_whom_keys_are_not_for);
    tcase_add_test(
        audit, an_auditor_that_may_read_now_has_holes_and_fills_them);
    tcase_add_test(
        audit, holes_are_filled_in_small_batches_while_others_write_on);
    tcase_add_test(audit, a_body_that_is_another_fills_no_hole);
    tcase_add_test(audit, running_out_of_memory_fills_no_hole_by_half);
    tcase_add_loop_test(
        audit, verify_finds_a_wrong_count_of_absent_bodies, 0, 2);
    suite_add_tcase(suite, audit);
    tcase_add_test(
        alone, an_auditor_that_may_write_now_makes_its_offices_circle);
    tcase_add_loop_test(alone, a_row_lacks_as_many_bodies_as_there_is_room_for,
        0, (int)(sizeof(absents) / sizeof(absents[0])));
    suite_add_tcase(suite, alone);
    tcase_add_checked_fixture(relay, setup_relay, teardown);
    tcase_add_test(relay, a_relay_carries_all_and_opens_nothing);
    tcase_add_test(relay, nothing_is_shared_with_whom_keys_are_not_for);
    tcase_add_loop_test(
        relay, neither_an_auditor_nor_a_relay_writes_records, 1, 2);
    suite_add_tcase(suite, relay);
    tcase_add_checked_fixture(reader, setup_reader, teardown);
    tcase_add_test(
        reader, a_reader_that_audits_keeps_what_it_has_and_gets_no_more);
    tcase_add_test(reader, roles_that_come_and_go_leave_nothing_missing);
    suite_add_tcase(suite, reader);
    return run_suite(suite);
}
