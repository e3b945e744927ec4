/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/verify.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/txn.h"
#include "storage/vouch.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { FLIPS_PER_ROW = 16 };

static struct corridor_fixture f;
static struct fixture_ids ids;

/* Office 1 vouches for the other's logs, and was shown that one is forked. */
static void
vouch(void)
{
    struct log_id id = {f.offices[0].node, LOG_CONTROL};
    struct evidence evidence = {.log = id, .a = {.size = 3}, .b = {.size = 3}};
    struct store *store = f.offices[1].store;
    size_t count = 0;

    memset(evidence.a.root.bytes, 1, sizeof(evidence.a.root.bytes));
    ck_assert_int_eq(log_head_sign(&evidence.a, &f.corridor, &id,
                         &f.offices[0].secrets.sign),
        ERR_OK);
    ck_assert_int_eq(log_head_sign(&evidence.b, &f.corridor, &id,
                         &f.offices[0].secrets.sign),
        ERR_OK);
    fixture_begin(&f, 1);
    ck_assert_int_eq(store_cosign(store, &count, &f.msg), ERR_OK);
    ck_assert_int_eq(store_evidence(store, &evidence, &f.msg), ERR_OK);
    fixture_commit(&f, 1);
    ck_assert_uint_eq(count, 2);
}

/* Two offices that wrote; the second holds keys that are not for it, notes,
 * an index, and records that the index lacks. */
static void
setup(void)
{
    struct fixture_options options = {.offices = 2};
    struct store *store = NULL;
    bool left = false;

    ids.count = 0;
    fixture_make(&f, &options);
    fixture_work(&f, 0, 10, &ids);
    ids.count = 0;
    fixture_work(&f, 1, 30, &ids);
    fixture_sync(&f);
    store = f.offices[1].store;
    fixture_begin(&f, 1);
    ck_assert_int_eq(store_index(store, 1000, &left, &f.msg), ERR_OK);
    ck_assert_int_eq(store_put_note(store, bytes_text("a name"),
                         bytes_text("a value"), &f.msg),
        ERR_OK);
    fixture_commit(&f, 1);
    vouch();
    fixture_work(&f, 1, 5, &ids);
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* Write a row again, past the store; empty: take it away. */
static void
poke(enum table table, struct bytes key, struct bytes value)
{
    struct txn *txn = NULL;
    struct env *env = store_env(f.offices[1].store);

    ck_assert_int_eq(txn_begin(&txn, env, true, &f.msg), ERR_OK);
    if (value.size == 0) {
        ck_assert_int_eq(txn_delete(txn, table, key, &f.msg), ERR_OK);
    } else {
        ck_assert_int_eq(txn_put(txn, table, key, value, &f.msg), ERR_OK);
    }
    ck_assert_int_eq(txn_commit(txn, &f.msg), ERR_OK);
}

/* A copy of the nth row; false past the last. */
struct row {
    struct buf key;
    struct buf value;
};

static bool
copy_row(enum table table, size_t n, struct row *out)
{
    struct txn *txn = NULL;
    struct scan scan = {0};
    bool found = true;

    buf_clear(&out->key);
    buf_clear(&out->value);
    ck_assert_int_eq(
        txn_begin(&txn, store_env(f.offices[1].store), false, &f.msg), ERR_OK);
    ck_assert_int_eq(scan_open(&scan, txn, table, &f.msg), ERR_OK);
    for (size_t i = 0; i <= n && found; i++) {
        found = scan_next(&scan);
    }
    if (found) {
        buf_put_bytes(&out->key, scan.key);
        buf_put_bytes(&out->value, scan.value);
    }
    scan_close(&scan);
    txn_abort(txn);
    return found;
}

static void
release_row(struct row *row)
{
    buf_release(&row->key);
    buf_release(&row->value);
}

START_TEST(a_whole_store_has_no_findings)
{
    struct view_stat stat = fixture_stat(&f, 1);

    ck_assert_uint_gt(stat.pending_keys, 0);
    ck_assert_uint_gt(stat.unindexed, 0);
    ck_assert_uint_gt(stat.records, 0);
    fixture_verify(&f, 0, true);
    fixture_verify(&f, 1, true);
}
END_TEST

/* Tables of which every bit of every value counts. Of entries, the flags and
 * what they chain and rank are told by the keys and the clocks. */
static const struct {
    const char *name;
    enum table table;
    size_t rows;  /* to try */
    size_t first; /* bytes that nothing tells of: when it was found, */
    size_t last;  /* and which number it got */
} flipped[] = {
    {"logs", TABLE_LOGS, 4, 0, 0},
    {"entries", TABLE_ENTRIES, 24, 0, 0},
    {"runs", TABLE_RUNS, 8, 0, 0},
    {"members", TABLE_MEMBERS, 10, 0, 0},
    {"keys", TABLE_KEYS, 12, 0, 0},
    {"records", TABLE_RECORDS, 6, 0, 0},
    {"touched", TABLE_TOUCHED, 2, 0, 0},
    {"terms", TABLE_TERMS, 4, 0, 0},
    {"peers", TABLE_PEERS, 1, 0, 0},
    {"evidence", TABLE_EVIDENCE, 1, 8, 0},
    {"cosignatures", TABLE_COSIGNATURES, 2, 0, 8},
};

START_TEST(a_flipped_bit_in_a_value_is_found)
{
    enum table table = flipped[_i].table;
    struct row row = {{0}, {0}};

    for (size_t n = 0; n < flipped[_i].rows && copy_row(table, n, &row); n++) {
        size_t bits = (row.value.size - flipped[_i].last) * 8;
        size_t step = bits / FLIPS_PER_ROW + 1;

        for (size_t bit = flipped[_i].first * 8 + n % step; bit < bits;
             bit += step) {
            uint8_t *at = row.value.data + bit / 8;

            *at ^= (uint8_t)(1U << bit % 8);
            poke(table, buf_bytes(&row.key), buf_bytes(&row.value));
            ck_assert_msg(fixture_verify(&f, 1, false) > 0,
                "%s, row %zu, bit %zu", flipped[_i].name, n, bit);
            *at ^= (uint8_t)(1U << bit % 8);
        }
        poke(table, buf_bytes(&row.key), buf_bytes(&row.value));
    }
    fixture_verify(&f, 1, true);
    release_row(&row);
}
END_TEST

/* Its admission may have come to nothing since. */
START_TEST(a_cosignature_of_who_is_no_member_is_no_damage)
{
    struct row row = {{0}, {0}};

    ck_assert(copy_row(TABLE_COSIGNATURES, 0, &row));
    row.key.data[row.key.size - 1] ^= 1;
    poke(TABLE_COSIGNATURES, buf_bytes(&row.key), buf_bytes(&row.value));
    fixture_verify(&f, 1, true);
    release_row(&row);
}
END_TEST

/* Tables that miss a row that is taken away. */
static const struct {
    const char *name;
    enum table table;
} missed[] = {
    {"entries", TABLE_ENTRIES},
    {"runs", TABLE_RUNS},
    {"members", TABLE_MEMBERS},
    {"keys", TABLE_KEYS},
    {"records", TABLE_RECORDS},
    {"index", TABLE_INDEX},
    {"terms", TABLE_TERMS},
    {"evidence", TABLE_EVIDENCE},
};

START_TEST(a_missing_row_is_found)
{
    enum table table = missed[_i].table;
    struct row row = {{0}, {0}};

    for (size_t n = 0; n < 12 && copy_row(table, n, &row); n++) {
        poke(table, buf_bytes(&row.key), bytes_of(NULL, 0));
        ck_assert_msg(fixture_verify(&f, 1, false) > 0, "%s, row %zu",
            missed[_i].name, n);
        if (row.value.size > 0) {
            poke(table, buf_bytes(&row.key), buf_bytes(&row.value));
        } else {
            break; /* of the index: poke cannot put it back */
        }
    }
    release_row(&row);
}
END_TEST

/* Rows that belong nowhere. */
static const struct {
    const char *name;
    enum table table;
    const char *key;
} strange[] = {
    {"index", TABLE_INDEX, "12345678123456789012345678"},
    {"terms", TABLE_TERMS, "123456789012345678"},
    {"terms, of another size", TABLE_TERMS, "12345"},
    {"refused", TABLE_REFUSED, "12345678"},
    {"members", TABLE_MEMBERS, "12345678"},
    {"keys", TABLE_KEYS, "123456789012"},
    {"pending", TABLE_PENDING, "123456789012"},
    {"records", TABLE_RECORDS, "123456789012345678"},
    {"records, of another size", TABLE_RECORDS, "1234"},
    {"touched", TABLE_TOUCHED, "12345678"},
    {"peers", TABLE_PEERS, "12345678901234567890123456789012"},
    {"logs", TABLE_LOGS, "1234"},
};

START_TEST(a_strange_row_is_found)
{
    poke(strange[_i].table, bytes_text(strange[_i].key),
        bytes_text("a strange value"));
    ck_assert_msg(fixture_verify(&f, 1, false) > 0, "%s", strange[_i].name);
}
END_TEST

START_TEST(without_memory_verify_says_so_and_nothing_leaks)
{
    struct verify_sink sink = {0};
    struct verify_report report = {0};
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n += 1 + n / 20) {
        mem_fault_after(n);
        rc = store_verify(f.offices[1].store, &sink, &report, NULL);
        mem_fault_after(-1);
        ck_assert_msg(
            rc == ERR_OK || rc == ERR_NOMEM, "%ld: %s", n, err_text(rc));
    }
    ck_assert_uint_eq(report.findings, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("verify");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_whole_store_has_no_findings);
    tcase_add_loop_test(tcase, a_flipped_bit_in_a_value_is_found, 0,
        (int)(sizeof(flipped) / sizeof(flipped[0])));
    tcase_add_test(tcase, a_cosignature_of_who_is_no_member_is_no_damage);
    tcase_add_loop_test(tcase, a_missing_row_is_found, 0,
        (int)(sizeof(missed) / sizeof(missed[0])));
    tcase_add_loop_test(tcase, a_strange_row_is_found, 0,
        (int)(sizeof(strange) / sizeof(strange[0])));
    tcase_add_test(tcase, without_memory_verify_says_so_and_nothing_leaks);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
