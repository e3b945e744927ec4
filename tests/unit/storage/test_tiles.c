/* SPDX-License-Identifier: Apache-2.0 */
/* What auditors are given of a log, against the log itself. */
#include "storage/tiles.h"

#include <check.h>
#include <string.h>

#include "crypto/bundle.h"
#include "crypto/hash.h"
#include "sync/model/log.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { EDITS = 300, TURNS = 12, LEAF_ITEM_BYTES = 2 + ENTRY_LEAF_BYTES };

static struct corridor_fixture f;
static struct view *view;
static struct log_id log_id;

static void
open_view(size_t office)
{
    view_close(view);
    ck_assert_int_eq(view_open(&view, f.offices[office].store, &f.msg), ERR_OK);
}

static void
setup(void)
{
    struct fixture_options options = {
        .offices = 3, .policy = POLICY_SHARE_BY_DEFAULT, .only_first = true};
    struct record_id id;

    fixture_make(&f, &options);
    fixture_admit(&f, 1, ROLE_READ | ROLE_WRITE);
    fixture_admit(&f, 2, ROLE_AUDIT);
    id = fixture_case(&f, 0, "a case");
    for (size_t i = 1; i < EDITS; i++) {
        fixture_desk(&f, 0, &id, i % 2 == 0 ? "north" : "south");
    }
    log_id = (struct log_id){.node = f.offices[0].node, .kind = LOG_CHANGES};
    open_view(0);
}

static void
teardown(void)
{
    view_close(view);
    view = NULL;
    fixture_release(&f);
}

static struct head
get_head(void)
{
    struct head head;

    ck_assert_int_eq(view_head(view, &log_id, &head, &f.msg), ERR_OK);
    ck_assert_uint_ge(head.size, EDITS);
    return head;
}

static struct buf
get_leaves(uint64_t from, uint64_t to)
{
    struct tiles_range range = {&log_id, from, to};
    struct buf out = {0};

    ck_assert_int_eq(tiles_leaves(view, &range, &out, &f.msg), ERR_OK);
    ck_assert_uint_eq(out.size, (to - from) * LEAF_ITEM_BYTES);
    return out;
}

static void
append_leaf(struct merkle_edge *edge, const struct buf *leaves, uint64_t i)
{
    struct hash completed[MERKLE_LEVELS_MAX];
    struct hash leaf;

    merkle_leaf(&leaf,
        bytes_of(leaves->data + i * LEAF_ITEM_BYTES + 2, ENTRY_LEAF_BYTES));
    (void)merkle_append(edge, &leaf, completed);
}

static void
expect_signed_root(const struct head *head)
{
    struct buf leaves = get_leaves(0, head->size);
    struct merkle_edge edge = {0};
    struct hash root;

    for (uint64_t i = 0; i < head->size; i++) {
        append_leaf(&edge, &leaves, i);
    }
    merkle_root(&root, &edge);
    ck_assert(hash_equal(&root, &head->root));
    buf_release(&leaves);
}

START_TEST(leaves_have_the_signed_root)
{
    struct head head = get_head();

    expect_signed_root(&head);
}
END_TEST

/* Each run of one log is as short as the other's. */
START_TEST(logs_that_came_in_turns_are_read_apart)
{
    const struct fixture_pump pump = {.from = 1, .to = 0};
    struct head head;

    fixture_sync(&f);
    for (int i = 0; i < TURNS; i++) {
        (void)fixture_case(&f, 1, "theirs");
        if (i % 3 != 0) {
            (void)fixture_case(&f, 1, "theirs too");
        }
        ck_assert_uint_gt(fixture_pump(&f, &pump), 0);
        (void)fixture_case(&f, 0, "ours");
    }
    open_view(0);
    head = get_head();
    expect_signed_root(&head);
    log_id.node = f.offices[1].node;
    ck_assert_int_eq(view_head(view, &log_id, &head, &f.msg), ERR_OK);
    ck_assert_uint_gt(head.size, TURNS);
    expect_signed_root(&head);
}
END_TEST

START_TEST(a_range_is_the_part_of_the_whole)
{
    struct head head = get_head();
    struct buf all = get_leaves(0, head.size);

    for (uint64_t from = 0; from < head.size; from += 37) {
        uint64_t to = from + 41 < head.size ? from + 41 : head.size;
        struct buf part = get_leaves(from, to);

        ck_assert_mem_eq(
            part.data, all.data + from * LEAF_ITEM_BYTES, part.size);
        buf_release(&part);
    }
    buf_release(&all);
}
END_TEST

/* Headers and held bodies are those whose hashes the leaves hold. */
static void
expect_headers(const struct buf *headers, uint64_t from, uint64_t to,
    enum bundle_body state)
{
    struct cursor cursor = cursor_init(buf_bytes(headers));
    struct buf leaves = get_leaves(from, to);

    for (uint64_t i = 0; i < to - from; i++) {
        const uint8_t *leaf = leaves.data + i * LEAF_ITEM_BYTES + 2;
        struct bundle_header item = bundle_next_header(&cursor);
        struct hash hash;

        ck_assert(!cursor.failed);
        hash_sha256(&hash, item.header);
        ck_assert_mem_eq(hash.bytes, leaf + 4, 32);
        ck_assert_int_eq(item.state, state);
        if (state == BUNDLE_BODY_HERE) {
            hash_sha256(&hash, item.body);
            ck_assert_mem_eq(hash.bytes, leaf + 36, 32);
        } else {
            ck_assert_uint_eq(item.body.size, 0);
        }
    }
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    buf_release(&leaves);
}

static const struct {
    size_t office; /* who is asked */
    enum log_kind kind;
    enum bundle_body state;
} holders[] = {
    {0, LOG_CHANGES, BUNDLE_BODY_HELD},
    {0, LOG_CONTROL, BUNDLE_BODY_HERE},
    {2, LOG_CHANGES, BUNDLE_BODY_DENIED},
    {2, LOG_CONTROL, BUNDLE_BODY_HERE},
};

START_TEST(headers_say_what_is_held_of_bodies)
{
    struct fixture_pump pump = {.from = 0, .to = 2, .without_bodies = true};
    struct tiles_range range = {.log = &log_id};
    struct buf out = {0};
    uint64_t to = 0;
    struct head head;

    (void)fixture_pump(&f, &pump);
    open_view(holders[_i].office);
    log_id.kind = (uint8_t)holders[_i].kind;
    ck_assert_int_eq(view_head(view, &log_id, &head, &f.msg), ERR_OK);
    range.to = head.size;
    ck_assert_int_eq(
        tiles_headers(view, &range, SIZE_MAX / 2, &out, &to, &f.msg), ERR_OK);
    ck_assert_uint_eq(to, head.size);
    expect_headers(&out, 0, to, holders[_i].state);
    buf_release(&out);
}
END_TEST

START_TEST(headers_are_cut_between_bundles)
{
    struct tiles_range range = {&log_id, 0, get_head().size};
    struct buf out = {0};
    uint64_t to = 0;

    ck_assert_int_eq(tiles_headers(view, &range, 1, &out, &to, &f.msg), ERR_OK);
    ck_assert_uint_eq(to, 256);
    expect_headers(&out, 0, 256, BUNDLE_BODY_HELD);
    range.from = to;
    buf_clear(&out);
    ck_assert_int_eq(tiles_headers(view, &range, 1, &out, &to, &f.msg), ERR_OK);
    ck_assert_uint_eq(to, range.to);
    expect_headers(&out, 256, to, BUNDLE_BODY_HELD);
    buf_release(&out);
}
END_TEST

START_TEST(each_prefix_leads_to_the_head)
{
    struct head head = get_head();
    struct buf leaves = get_leaves(0, head.size);
    struct merkle_edge edge = {0};

    for (uint64_t size = 0; size <= head.size; size++) {
        struct merkle_claim newer = {.size = head.size, .root = &head.root};
        struct tiles_prefix prefix;
        struct hash root;

        ck_assert_int_eq(
            tiles_prefix(view, &log_id, size, &prefix, &f.msg), ERR_OK);
        merkle_root(&root, &edge);
        ck_assert(hash_equal(&root, &prefix.root));
        ck_assert(log_head_equal(&prefix.head, &head));
        ck_assert_int_eq(
            merkle_verify_consistency(size, &root, &newer, &prefix.proof),
            ERR_OK);
        if (size < head.size) {
            append_leaf(&edge, &leaves, size);
        }
    }
    buf_release(&leaves);
}
END_TEST

START_TEST(each_entry_is_proved_to_be_in_the_head)
{
    struct head head = get_head();

    for (uint64_t position = 0; position < head.size; position++) {
        struct tiles_inclusion inclusion;
        struct hash leaf;
        struct merkle_claim claim = {.start = position,
            .end = position + 1,
            .size = head.size,
            .subtree = &leaf,
            .root = &head.root};

        ck_assert_int_eq(
            tiles_inclusion(view, &log_id, position, &inclusion, &f.msg),
            ERR_OK);
        merkle_leaf(&leaf, bytes_of(inclusion.leaf, sizeof(inclusion.leaf)));
        ck_assert_int_eq(
            merkle_verify_inclusion(&claim, &inclusion.proof), ERR_OK);
    }
}
END_TEST

START_TEST(what_is_not_held_is_not_found)
{
    uint64_t size = get_head().size;
    struct tiles_range range = {&log_id, size - 1, size + 1};
    struct tiles_prefix prefix;
    struct tiles_inclusion inclusion;
    struct buf out = {0};
    uint64_t to = 0;

    ck_assert_int_eq(tiles_leaves(view, &range, &out, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(
        tiles_headers(view, &range, 1 << 20, &out, &to, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(
        tiles_prefix(view, &log_id, size + 1, &prefix, NULL), ERR_GAP);
    ck_assert_int_eq(
        tiles_inclusion(view, &log_id, size, &inclusion, NULL), ERR_GAP);
    ck_assert_int_eq(
        tiles_inclusion(view, &log_id, UINT64_MAX, &inclusion, NULL), ERR_GAP);
    log_id.node.bytes[0] ^= 1;
    ck_assert_int_eq(tiles_leaves(view, &range, &out, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(
        tiles_prefix(view, &log_id, 1, &prefix, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(
        tiles_inclusion(view, &log_id, 0, &inclusion, NULL), ERR_NOT_FOUND);
    buf_release(&out);
}
END_TEST

static Suite *
tiles_suite(void)
{
    Suite *suite = suite_create("tiles");
    TCase *tcase = tcase_create("store");
    int count = (int)(sizeof(holders) / sizeof(holders[0]));

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, leaves_have_the_signed_root);
    tcase_add_test(tcase, logs_that_came_in_turns_are_read_apart);
    tcase_add_test(tcase, a_range_is_the_part_of_the_whole);
    tcase_add_loop_test(tcase, headers_say_what_is_held_of_bodies, 0, count);
    tcase_add_test(tcase, headers_are_cut_between_bundles);
    tcase_add_test(tcase, each_prefix_leads_to_the_head);
    tcase_add_test(tcase, each_entry_is_proved_to_be_in_the_head);
    tcase_add_test(tcase, what_is_not_held_is_not_found);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(tiles_suite());
}
