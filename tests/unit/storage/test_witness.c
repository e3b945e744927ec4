/* SPDX-License-Identifier: Apache-2.0 */
/* Vouching for heads by proof: docs/protocol.md, "Witnesses". */
#include "storage/witness.h"

#include <check.h>
#include <string.h>

#include "storage/tiles.h"
#include "tests/lib/naive_tree.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { OFFICES = 3, AUTHOR = 0, WITNESS = 1 };

static struct corridor_fixture f;
static struct fixture_ids ids;
static struct log_id id;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = OFFICES, .policy = POLICY_SHARE_BY_DEFAULT};

    ids.count = 0;
    fixture_make(&f, &options);
    fixture_work(&f, AUTHOR, 4, &ids);
    fixture_sync(&f);
    id = (struct log_id){f.offices[AUTHOR].node, LOG_CHANGES};
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* The author's own head, and the proof from a size to it. */
static struct tiles_prefix
prefix_from(uint64_t size)
{
    struct tiles_prefix prefix;
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, f.offices[AUTHOR].store, &f.msg), ERR_OK);
    ck_assert_int_eq(tiles_prefix(view, &id, size, &prefix, &f.msg), ERR_OK);
    view_close(view);
    return prefix;
}

static enum err
try_ask(const struct log_id *log, const struct witness_ask *ask,
    struct witness_vouched *out)
{
    enum err rc = ERR_OK;

    fixture_begin(&f, WITNESS);
    rc = store_witness(f.offices[WITNESS].store, log, ask, out, &f.msg);
    ck_assert(rc == ERR_OK || !store_is_dirty(f.offices[WITNESS].store));
    fixture_commit(&f, WITNESS);
    return rc;
}

static struct witness_vouched
ask(uint64_t old_size, const struct merkle_proof *proof,
    const struct head *head)
{
    struct witness_ask asked = {old_size, proof, head, NULL};
    struct witness_vouched out;

    ck_assert_int_eq(try_ask(&id, &asked, &out), ERR_OK);
    return out;
}

static struct witness_vouched
ask_from(uint64_t old_size)
{
    struct tiles_prefix prefix = prefix_from(old_size);

    return ask(old_size, &prefix.proof, &prefix.head);
}

static void
holds(const struct cosignature *last, const struct head *head)
{
    struct node_public keys;

    node_secrets_public(&keys, &f.offices[WITNESS].secrets);
    ck_assert_uint_eq(last->size, head->size);
    ck_assert(hash_equal(&last->root, &head->root));
    ck_assert(node_id_equal(&last->cosigner, &f.offices[WITNESS].node));
    ck_assert_int_eq(
        cosignature_check(last, &f.corridor, &keys.cosign), ERR_OK);
}

static size_t
cosign(void)
{
    size_t count = 0;

    fixture_begin(&f, WITNESS);
    ck_assert_int_eq(
        store_cosign(f.offices[WITNESS].store, &count, &f.msg), ERR_OK);
    fixture_commit(&f, WITNESS);
    return count;
}

static bool
has_evidence(struct evidence *out)
{
    struct view *view = NULL;
    enum err rc = view_open(&view, f.offices[WITNESS].store, &f.msg);

    ck_assert_int_eq(rc, ERR_OK);
    rc = view_evidence_of(view, &id, out, &f.msg);
    view_close(view);
    return rc == ERR_OK && evidence_verify(out, &f.corridor) == ERR_OK;
}

/* A head of another tree that the author signed as well. */
static struct head
sign(uint64_t size, const struct hash *root)
{
    struct head head = {.size = size, .root = *root};

    ck_assert_int_eq(
        log_head_sign(&head, &f.corridor, &id, &f.offices[AUTHOR].secrets.sign),
        ERR_OK);
    return head;
}

START_TEST(what_is_held_is_vouched_for_first)
{
    struct tiles_prefix held = prefix_from(0);
    struct witness_vouched answer = ask_from(0);

    ck_assert_int_eq(answer.verdict, WITNESS_OTHER_SIZE);
    holds(&answer.last, &held.head);
    answer = ask_from(held.head.size);
    ck_assert_int_eq(answer.verdict, WITNESS_KNOWS);
    holds(&answer.last, &held.head);
}
END_TEST

START_TEST(a_head_that_is_not_held_is_vouched_for_by_its_proof)
{
    uint64_t before = prefix_from(0).head.size;
    struct witness_vouched answer;
    struct tiles_prefix now;

    fixture_work(&f, AUTHOR, 3, &ids);
    now = prefix_from(before);
    ck_assert_uint_gt(now.head.size, before);
    answer = ask(before, &now.proof, &now.head);
    ck_assert_int_eq(answer.verdict, WITNESS_COSIGNS);
    holds(&answer.last, &now.head);
    /* Again, from either size. */
    ck_assert_int_eq(ask_from(before).verdict, WITNESS_OTHER_SIZE);
    ck_assert_int_eq(ask_from(now.head.size).verdict, WITNESS_KNOWS);
    /* As a peer it has vouched for that log, and does so for what follows. */
    cosign();
    fixture_sync(&f);
    ck_assert_uint_eq(cosign(), 0);
    fixture_work(&f, AUTHOR, 1, &ids);
    fixture_sync(&f);
    ck_assert_uint_eq(cosign(), 1);
    fixture_verify(&f, WITNESS, true);
}
END_TEST

START_TEST(it_remembers_when_it_is_opened_again)
{
    uint64_t before = prefix_from(0).head.size;
    struct tiles_prefix now;

    fixture_work(&f, AUTHOR, 1, &ids);
    now = prefix_from(before);
    ck_assert_int_eq(
        ask(before, &now.proof, &now.head).verdict, WITNESS_COSIGNS);
    fixture_close(&f, WITNESS);
    fixture_open(&f, WITNESS);
    ck_assert_int_eq(
        ask(before, &now.proof, &now.head).verdict, WITNESS_OTHER_SIZE);
    ck_assert_int_eq(ask_from(now.head.size).verdict, WITNESS_KNOWS);
}
END_TEST

START_TEST(another_tree_of_a_size_that_is_held_is_evidence)
{
    struct tiles_prefix now = prefix_from(0);
    struct hash root = now.head.root;
    struct evidence evidence;
    struct head other;
    struct witness_vouched answer;

    root.bytes[3] ^= 1;
    other = sign(now.head.size, &root);
    answer = ask(now.head.size, &now.proof, &other);
    ck_assert_int_eq(answer.verdict, WITNESS_CONFLICT);
    ck_assert(answer.is_forked);
    ck_assert(has_evidence(&evidence));
    /* Nothing of that log is vouched for from then on. */
    fixture_work(&f, AUTHOR, 1, &ids);
    answer = ask_from(answer.last.size);
    ck_assert_int_eq(answer.verdict, WITNESS_CONFLICT);
    ck_assert_int_eq(ask_from(0).verdict, WITNESS_CONFLICT);
}
END_TEST

/* Asked to go on from `size` to a greater tree of other entries, which the
 * author signed as well. */
static struct witness_vouched
ask_forked(uint64_t size, const struct head *last)
{
    enum { MORE = 5 };
    struct naive_range range = {0, size};
    struct merkle_proof proof = {.count = 0};
    struct naive_tree tree;
    struct witness_vouched out;
    struct witness_ask asked = {size, &proof, NULL, last};
    struct head other;

    naive_tree_init(&tree, size + MORE);
    proof.count = naive_tree_prove(&tree, range, size + MORE, proof.hashes);
    range.end += MORE;
    other = sign(size + MORE, naive_tree_hash(&tree, range));
    asked.head = &other;
    ck_assert_int_eq(try_ask(&id, &asked, &out), ERR_OK);
    naive_tree_release(&tree);
    return out;
}

/* The other tree is shown by a proof that leads from it; but from a power of
 * two, whose root no proof holds. */
START_TEST(a_proof_that_leads_from_another_tree_is_evidence)
{
    struct evidence evidence;
    struct tiles_prefix now;
    struct witness_vouched answer;

    do {
        fixture_work(&f, AUTHOR, 1, &ids);
        fixture_sync(&f);
        now = prefix_from(0);
    } while ((now.head.size & (now.head.size - 1)) == 0);
    ck_assert_int_eq(ask_from(now.head.size).verdict, WITNESS_KNOWS);
    answer = ask_forked(now.head.size, NULL);
    ck_assert_int_eq(answer.verdict, WITNESS_BAD_PROOF);
    ck_assert(answer.is_forked);
    ck_assert(has_evidence(&evidence));
    ck_assert_uint_eq(evidence.a.size, now.head.size);
    ck_assert_uint_gt(evidence.b.size, now.head.size);
}
END_TEST

/* Of the heads that are not held few are kept here; whoever keeps the one that
 * was vouched for hands it in. */
START_TEST(the_head_that_was_vouched_for_is_handed_in)
{
    uint64_t last = prefix_from(0).head.size;
    struct evidence evidence;
    struct tiles_prefix now = prefix_from(0);
    struct witness_vouched answer;

    ck_assert_int_eq(ask_from(last).verdict, WITNESS_KNOWS);
    for (int i = 0; i < 6 || (last & (last - 1)) == 0; i++) {
        fixture_work(&f, AUTHOR, 1, &ids);
        now = prefix_from(last);
        ck_assert_int_eq(
            ask(last, &now.proof, &now.head).verdict, WITNESS_COSIGNS);
        last = now.head.size;
    }
    answer = ask_forked(last, NULL);
    ck_assert_int_eq(answer.verdict, WITNESS_BAD_PROOF);
    ck_assert(!answer.is_forked);
    answer = ask_forked(last, &now.head);
    ck_assert_int_eq(answer.verdict, WITNESS_BAD_PROOF);
    ck_assert(answer.is_forked);
    ck_assert(has_evidence(&evidence));
}
END_TEST

START_TEST(a_wrong_proof_alone_shows_nothing)
{
    uint64_t before = prefix_from(0).head.size;
    struct evidence evidence;
    struct tiles_prefix now;
    struct witness_vouched answer;

    fixture_work(&f, AUTHOR, 3, &ids);
    now = prefix_from(before);
    for (size_t i = 0; i < now.proof.count; i++) {
        struct merkle_proof proof = now.proof;

        proof.hashes[i].bytes[0] ^= 1;
        answer = ask(before, &proof, &now.head);
        ck_assert_int_eq(answer.verdict, WITNESS_BAD_PROOF);
        ck_assert(!answer.is_forked);
        ck_assert_uint_eq(answer.last.size, before);
    }
    ck_assert(!has_evidence(&evidence));
    ck_assert_int_eq(
        ask(before, &now.proof, &now.head).verdict, WITNESS_COSIGNS);
}
END_TEST

static const struct {
    const char *name;
    bool is_own;
    bool is_unknown;
    bool is_unsigned;
    uint64_t size; /* 0: as it is; 1: none; else that */
    enum err rc;
} refusals[] = {
    {"its own log", true, false, false, 0, ERR_NOT_FOUND},
    {"a log that nobody knows", false, true, false, 0, ERR_NOT_FOUND},
    {"not signed", false, false, true, 0, ERR_BAD_SIGNATURE},
    {"of nothing", false, false, false, 1, ERR_MALFORMED},
    {"of too much", false, false, false, (uint64_t)LOG_SIZE_MAX + 1,
        ERR_MALFORMED},
};

START_TEST(what_is_not_to_be_vouched_for_changes_nothing)
{
    struct tiles_prefix now = prefix_from(0);
    struct witness_ask asked = {now.head.size, &now.proof, &now.head, NULL};
    struct witness_vouched out = {.verdict = WITNESS_KNOWS};
    struct log_id log = id;

    if (refusals[_i].is_own) {
        log.node = f.offices[WITNESS].node;
    }
    if (refusals[_i].is_unknown) {
        log.node.bytes[0] ^= 1;
    }
    if (refusals[_i].size > 0) {
        now.head = sign(
            refusals[_i].size == 1 ? 0 : refusals[_i].size, &now.head.root);
    }
    now.head.signature.bytes[5] ^= refusals[_i].is_unsigned ? 1 : 0;
    ck_assert_msg(try_ask(&log, &asked, &out) == refusals[_i].rc, "%s",
        refusals[_i].name);
    ck_assert_int_eq(out.verdict, WITNESS_KNOWS);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("witness");
    TCase *tc = tcase_create("witness");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_is_held_is_vouched_for_first);
    tcase_add_test(tc, a_head_that_is_not_held_is_vouched_for_by_its_proof);
    tcase_add_test(tc, it_remembers_when_it_is_opened_again);
    tcase_add_test(tc, another_tree_of_a_size_that_is_held_is_evidence);
    tcase_add_test(tc, a_proof_that_leads_from_another_tree_is_evidence);
    tcase_add_test(tc, the_head_that_was_vouched_for_is_handed_in);
    tcase_add_test(tc, a_wrong_proof_alone_shows_nothing);
    tcase_add_loop_test(tc, what_is_not_to_be_vouched_for_changes_nothing, 0,
        sizeof(refusals) / sizeof(refusals[0]));
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
