/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/entries.h"

#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/env.h"
#include "tests/lib/mutation.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

enum { LOGS = 3, ENTRIES = 600 };

static struct scratch scratch;
static struct env *env;
static struct txn *txn;
static struct err_msg msg;
static struct merkle_edge edges[LOGS];
static uint64_t next_arrival;
static uint64_t run_next[LOGS];

static void
setup(void)
{
    struct env_options options = {.without_reserve = true};
    char dir[SCRATCH_PATH_BYTES];

    scratch_make(&scratch);
    scratch_path(dir, &scratch, "env");
    ck_assert_int_eq(env_open(&env, dir, &options, &msg), ERR_OK);
    ck_assert_int_eq(txn_begin(&txn, env, true, &msg), ERR_OK);
    memset(edges, 0, sizeof(edges));
    memset(run_next, 0xff, sizeof(run_next));
    next_arrival = 0;
}

static void
teardown(void)
{
    txn_abort(txn);
    env_close(env);
    scratch_remove(&scratch);
}

/* The entry that stands at a dot: its header says so, its size varies. */
static struct entry
entry_at(struct dot dot, uint8_t *room)
{
    struct entry entry = {.kind = 1, .has_body = true};

    memset(room, (int)dot.position, 100);
    room[0] = (uint8_t)dot.log;
    entry.header = bytes_of(room, 10 + dot.position % 50);
    entry.body = bytes_of(room + 5, dot.position % 90);
    hash_sha256(&entry.body_hash, entry.body);
    return entry;
}

static void
append(uint32_t log)
{
    struct hash nodes[MERKLE_LEVELS_MAX];
    uint8_t room[100];
    struct hash leaf;
    struct stored_entry stored = {.arrival = next_arrival,
        .flags = ENTRY_FLAG_APPLIED,
        .dot = {log, edges[log].size},
        .rank = next_arrival * 7,
        .previous = next_arrival / 2,
        .has_leaf = true,
        .nodes = nodes[0].bytes + sizeof(struct hash)};

    stored.entry = entry_at(stored.dot, room);
    entry_leaf_hash(&leaf, &stored.entry);
    stored.leaf = leaf;
    stored.node_count = merkle_append(&edges[log], &leaf, nodes);
    if (stored.dot.position % ENTRY_CHECKPOINT_EVERY == 0) {
        stored.flags |= ENTRY_FLAG_CHECKPOINT;
        stored.checkpoint = bytes_text("a checkpoint");
    }
    ck_assert_int_eq(entries_append(txn, &stored, &msg), ERR_OK);
    if (run_next[log] != next_arrival) {
        ck_assert_int_eq(
            entries_put_run(txn, stored.dot, next_arrival, &msg), ERR_OK);
    }
    run_next[log] = ++next_arrival;
}

/* Runs of random lengths in random order. */
static void
append_many(void)
{
    struct prng prng = prng_init(prng_seed(3));

    while (next_arrival < ENTRIES) {
        uint32_t log = (uint32_t)prng_below(&prng, LOGS);
        uint64_t length = 1 + prng_below(&prng, 40);

        for (uint64_t i = 0; i < length; i++) {
            append(log);
        }
    }
}

START_TEST(every_entry_is_found_by_its_dot_as_it_was_stored)
{
    append_many();
    for (uint32_t log = 0; log < LOGS; log++) {
        for (uint64_t at = 0; at < edges[log].size; at++) {
            struct dot dot = {log, at};
            struct stored_entry stored;
            uint8_t room[100];
            struct entry entry = entry_at(dot, room);
            uint64_t arrival = 0;

            ck_assert_int_eq(entries_get(txn, dot, &stored, &msg), ERR_OK);
            ck_assert_int_eq(entries_locate(txn, dot, &arrival, &msg), ERR_OK);
            ck_assert_uint_eq(stored.arrival, arrival);
            ck_assert_uint_eq(stored.rank, arrival * 7);
            ck_assert_uint_eq(stored.previous, arrival / 2);
            ck_assert(bytes_equal(stored.entry.header, entry.header));
            ck_assert(bytes_equal(stored.entry.body, entry.body));
            ck_assert(stored.entry.has_body);
            ck_assert_uint_eq(stored.checkpoint.size, at % 256 == 0 ? 12 : 0);
        }
    }
}
END_TEST

START_TEST(what_is_not_stored_is_not_found)
{
    struct stored_entry stored;

    ck_assert_int_eq(
        entries_get(txn, (struct dot){0, 0}, &stored, &msg), ERR_NOT_FOUND);
    append(1);
    append(1);
    append(2);
    ck_assert_int_eq(
        entries_get(txn, (struct dot){0, 0}, &stored, &msg), ERR_NOT_FOUND);
    /* Past the end of log 1 the next arrival is another log's. */
    ck_assert_int_eq(
        entries_get(txn, (struct dot){1, 2}, &stored, &msg), ERR_NOT_FOUND);
    ck_assert_int_eq(
        entries_get(txn, (struct dot){2, 1}, &stored, &msg), ERR_NOT_FOUND);
    ck_assert_int_eq(
        entries_get(txn, (struct dot){3, 0}, &stored, &msg), ERR_NOT_FOUND);
}
END_TEST

START_TEST(arrival_numbers_go_on_from_the_greatest)
{
    uint64_t next = 5;

    ck_assert_int_eq(entries_next(txn, &next, &msg), ERR_OK);
    ck_assert_uint_eq(next, 0);
    append(0);
    append(0);
    ck_assert_int_eq(entries_next(txn, &next, &msg), ERR_OK);
    ck_assert_uint_eq(next, 2);
}
END_TEST

START_TEST(the_stored_nodes_prove_consistency)
{
    append_many();
    for (uint32_t log = 0; log < LOGS; log++) {
        struct entries_source source = {txn, log};
        struct merkle_source merkle = entries_merkle(&source);
        struct merkle_edge half = {0};
        struct merkle_proof proof;
        struct hash root;
        struct hash older;
        struct hash nodes[MERKLE_LEVELS_MAX];
        struct merkle_claim claim = {.size = edges[log].size, .root = &root};

        for (uint64_t at = 0; at < edges[log].size / 2; at++) {
            uint8_t room[100];
            struct entry entry = entry_at((struct dot){log, at}, room);
            struct hash leaf;

            entry_leaf_hash(&leaf, &entry);
            merkle_append(&half, &leaf, nodes);
        }
        merkle_root(&older, &half);
        merkle_root(&root, &edges[log]);
        ck_assert_int_eq(merkle_prove_consistency(
                             &proof, &merkle, half.size, edges[log].size),
            ERR_OK);
        ck_assert_int_eq(
            merkle_verify_consistency(half.size, &older, &claim, &proof),
            ERR_OK);
    }
}
END_TEST

/* A value whose bytes docs/storage.md shows. */
static struct stored_entry
example(bool is_absent)
{
    static uint8_t nodes[32];
    struct stored_entry stored = {.arrival = 9,
        .flags = ENTRY_FLAG_APPLIED | ENTRY_FLAG_CHECKPOINT,
        .dot = {2, 1},
        .previous = 7,
        .rank = 12,
        .time = 1024,
        .has_leaf = true,
        .nodes = nodes,
        .node_count = 2,
        .checkpoint = bytes_text("cp")};

    memset(stored.leaf.bytes, 0xaa, 32);
    memset(nodes, 0xbb, 32);
    stored.entry.kind = 1;
    stored.entry.header = bytes_text("header");
    stored.entry.has_body = !is_absent;
    if (is_absent) {
        stored.flags |= ENTRY_FLAG_ABSENT;
        memset(stored.entry.body_hash.bytes, 0xcc, 32);
    } else {
        stored.entry.body = bytes_text("body");
    }
    return stored;
}

static struct bytes
stored_value(const struct stored_entry *stored)
{
    struct key key = key_u64(stored->arrival);
    struct bytes value = {0};

    ck_assert_int_eq(entries_rewrite(txn, stored, &msg), ERR_OK);
    ck_assert_int_eq(
        txn_get(txn, TABLE_ENTRIES, key_bytes(&key), &value, &msg), ERR_OK);
    return value;
}

START_TEST(the_stored_form_is_the_documented_one)
{
    static const char shown[] =
        "06"   /* applied, has a checkpoint */
        "02"   /* log */
        "01"   /* position */
        "07"   /* previous */
        "0c"   /* rank */
        "8008" /* time */
        "02"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "01"
        "0006686561646572"
        "0004626f6479"
        "6370";
    struct stored_entry stored = example(false);
    struct bytes value = stored_value(&stored);
    char hex[2 * sizeof(shown)];

    hex_encode(hex, value);
    ck_assert_str_eq(hex, shown);
}
END_TEST

/* The leaf's hash is not kept: header and body's hash make it. */
START_TEST(without_its_body_an_entry_is_stored_without_its_leaf_too)
{
    static const char shown[] =
        "07" /* the body is absent */
        "020107"
        "0c8008"
        "02"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "01"
        "0006686561646572"
        "0000"
        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
        "6370";
    struct stored_entry stored = example(true);
    struct stored_entry out;
    struct bytes value = stored_value(&stored);
    char hex[2 * sizeof(shown)];
    struct hash leaf;
    struct hash node;

    hex_encode(hex, value);
    ck_assert_str_eq(hex, shown);
    ck_assert_int_eq(entries_decode(&out, stored.arrival, value), ERR_OK);
    entry_leaf_hash(&leaf, &stored.entry);
    entries_node(&out, 0, &node);
    ck_assert(hash_equal(&node, &leaf));
    entries_node(&out, 1, &node);
    ck_assert_mem_eq(node.bytes, stored.nodes, sizeof(node.bytes));
}
END_TEST

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct stored_entry stored;
    enum err rc = entries_decode(&stored, 9, bytes);

    if (rc == ERR_OK) {
        buf_put_bytes(out, stored_value(&stored));
    }
    return rc;
}

START_TEST(damaged_values_are_refused_or_are_other_values)
{
    struct stored_entry stored = example(_i == 1);
    struct bytes value = stored_value(&stored);
    uint8_t *copy = mem_copy(value.data, value.size);

    ck_assert_ptr_nonnull(copy);
    ck_assert_uint_gt(mutation_run(bytes_of(copy, value.size), recode), 0);
    mem_free(copy);
}
END_TEST

/* What each byte may be set to so that the value is refused. */
static const struct {
    const char *what;
    size_t offset;
    uint8_t value;
} broken[] = {
    {"an unknown flag", 0, 0x0e},
    {"itself as the previous entry", 3, 10},
    {"a longer number than needed", 6, 0},
    {"no node", 7, 0},
    {"a node too few", 7, 1},
    {"a node too many", 7, 3},
    {"as many nodes as no tree has", 7, 65},
};

START_TEST(a_value_that_cannot_be_is_corrupt)
{
    struct stored_entry stored = example(false);
    struct stored_entry out = {.arrival = 1234};
    struct bytes value = stored_value(&stored);
    uint8_t copy[200];

    ck_assert_uint_le(value.size, sizeof(copy));
    memcpy(copy, value.data, value.size);
    ck_assert_int_eq(
        entries_decode(&out, 9, bytes_of(copy, value.size)), ERR_OK);
    out.arrival = 1234;
    copy[broken[_i].offset] = broken[_i].value;
    ck_assert_msg(
        entries_decode(&out, 9, bytes_of(copy, value.size)) == ERR_CORRUPT,
        "%s", broken[_i].what);
    ck_assert_uint_eq(out.arrival, 1234);
}
END_TEST

/* It waited for others' entries while that one was applied. */
START_TEST(an_entry_may_follow_one_that_came_later)
{
    struct stored_entry stored = example(false);
    struct stored_entry out;

    stored.previous = stored.arrival + 5;
    ck_assert_int_eq(
        entries_decode(&out, stored.arrival, stored_value(&stored)), ERR_OK);
    ck_assert_uint_eq(out.previous, stored.arrival + 5);
}
END_TEST

START_TEST(a_damaged_row_is_named_as_such)
{
    struct stored_entry stored;
    struct key key = key_u64(0);

    append(0);
    ck_assert_int_eq(
        txn_put(txn, TABLE_ENTRIES, key_bytes(&key), bytes_text("?"), &msg),
        ERR_OK);
    ck_assert_int_eq(entries_at(txn, 0, &stored, &msg), ERR_CORRUPT);
    ck_assert_ptr_nonnull(strstr(msg.text, "stored entry 0 is damaged"));
    key = key_dot((struct dot){0, 0});
    ck_assert_int_eq(
        txn_put(txn, TABLE_RUNS, key_bytes(&key), bytes_text("?"), &msg),
        ERR_OK);
    ck_assert_int_eq(
        entries_get(txn, (struct dot){0, 0}, &stored, &msg), ERR_CORRUPT);
}
END_TEST

START_TEST(a_copy_outlives_what_it_was_made_of)
{
    struct stored_entry stored;
    struct stored_entry again;
    struct buf copy = {0};

    append_many();
    ck_assert_int_eq(
        entries_get(txn, (struct dot){1, 70}, &stored, &msg), ERR_OK);
    mem_fault_after(0);
    ck_assert_int_eq(entries_copy(&stored, &copy), ERR_NOMEM);
    mem_fault_after(-1);
    buf_release(&copy);
    ck_assert_int_eq(entries_copy(&stored, &copy), ERR_OK);
    stored.rank = 99;
    ck_assert_int_eq(entries_rewrite(txn, &stored, &msg), ERR_OK);
    ck_assert_int_eq(
        entries_get(txn, (struct dot){1, 70}, &again, &msg), ERR_OK);
    ck_assert_uint_eq(again.rank, 99);
    ck_assert(bytes_equal(again.entry.header, stored.entry.header));
    ck_assert(bytes_equal(again.entry.body, stored.entry.body));
    ck_assert_uint_eq(again.node_count, stored.node_count);
    ck_assert_mem_eq(again.leaf.bytes, stored.leaf.bytes, 32);
    ck_assert_mem_eq(again.nodes, stored.nodes, 32 * (again.node_count - 1));
    buf_release(&copy);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("entries");
    TCase *tcase = tcase_create("entries");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_entry_is_found_by_its_dot_as_it_was_stored);
    tcase_add_test(tcase, what_is_not_stored_is_not_found);
    tcase_add_test(tcase, arrival_numbers_go_on_from_the_greatest);
    tcase_add_test(tcase, the_stored_nodes_prove_consistency);
    tcase_add_test(tcase, the_stored_form_is_the_documented_one);
    tcase_add_test(
        tcase, without_its_body_an_entry_is_stored_without_its_leaf_too);
    tcase_add_loop_test(
        tcase, damaged_values_are_refused_or_are_other_values, 0, 2);
    tcase_add_loop_test(tcase, a_value_that_cannot_be_is_corrupt, 0,
        (int)(sizeof(broken) / sizeof(broken[0])));
    tcase_add_test(tcase, an_entry_may_follow_one_that_came_later);
    tcase_add_test(tcase, a_damaged_row_is_named_as_such);
    tcase_add_test(tcase, a_copy_outlives_what_it_was_made_of);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
