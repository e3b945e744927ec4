/* SPDX-License-Identifier: Apache-2.0 */
/* A store looked at from outside, without its keys. */
#include "storage/glance.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base/mem.h"
#include "storage/vouch.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

static struct corridor_fixture f;

/* Office 0 holds both offices' logs, and vouches for those of the other. */
static void
setup(void)
{
    const struct fixture_options options = {.offices = 2};
    struct fixture_ids ids = {.count = 0};
    size_t count = 0;

    fixture_make(&f, &options);
    fixture_work(&f, 0, 8, &ids);
    fixture_work(&f, 1, 8, &ids);
    fixture_sync(&f);
    fixture_begin(&f, 0);
    ck_assert_int_eq(store_cosign(f.offices[0].store, &count, &f.msg), ERR_OK);
    ck_assert_uint_eq(count, 2);
    fixture_commit(&f, 0);
    fixture_close(&f, 0); /* one process opens an environment once */
}

static void
teardown(void)
{
    fixture_release(&f);
}

static struct glance *
look(void)
{
    struct glance *glance = NULL;

    ck_assert_msg(glance_open(&glance, f.offices[0].dir, &f.msg) == ERR_OK,
        "%s", f.msg.text);
    return glance;
}

START_TEST(its_entries_make_the_heads_that_it_holds)
{
    struct glance *glance = look();

    ck_assert_uint_eq(glance_log_count(glance), 4);
    for (size_t n = 0; n < 4; n++) {
        const struct glance_log *log = glance_log(glance, n);
        struct merkle_edge edge = {0};
        struct hash completed[MERKLE_LEVELS_MAX];
        struct hash root;

        ck_assert(log->has_head);
        ck_assert(!log->is_forked);
        ck_assert_uint_gt(log->stored, 0);
        ck_assert_uint_eq(log->head.size, log->stored);
        for (uint64_t at = 0; at < log->stored; at++) {
            struct entry entry;
            struct hash leaf;

            ck_assert_int_eq(
                glance_entry(glance, n, at, &entry, &f.msg), ERR_OK);
            ck_assert(entry.has_body);
            entry_hash_body(&entry);
            entry_leaf_hash(&leaf, &entry);
            (void)merkle_append(&edge, &leaf, completed);
        }
        merkle_root(&root, &edge);
        ck_assert_mem_eq(root.bytes, log->head.root.bytes, 32);
        ck_assert_int_eq(
            log_head_verify(&log->head, &f.corridor, &log->id), ERR_OK);
    }
    glance_close(glance);
}
END_TEST

START_TEST(positions_may_be_asked_for_in_any_order)
{
    struct glance *glance = look();
    struct entry entry;
    struct hash first;
    struct hash again;
    const uint64_t stored = glance_log(glance, 0)->stored;

    ck_assert_int_eq(glance_entry(glance, 0, 0, &entry, &f.msg), ERR_OK);
    entry_hash_body(&entry);
    entry_leaf_hash(&first, &entry);
    ck_assert_int_eq(glance_entry(glance, 1, 0, &entry, &f.msg), ERR_OK);
    ck_assert_int_eq(
        glance_entry(glance, 0, stored - 1, &entry, &f.msg), ERR_OK);
    ck_assert_int_eq(glance_entry(glance, 0, 0, &entry, &f.msg), ERR_OK);
    entry_hash_body(&entry);
    entry_leaf_hash(&again, &entry);
    ck_assert_mem_eq(first.bytes, again.bytes, 32);
    ck_assert_int_eq(
        glance_entry(glance, 0, stored, &entry, NULL), ERR_NOT_FOUND);
    glance_close(glance);
}
END_TEST

struct seen {
    size_t count;
    uint64_t size;
};

static bool
on_cosignature(void *context, const struct cosignature *cosignature)
{
    struct seen *seen = context;
    struct public_key key;

    keys_sign_public(&key, &f.offices[0].secrets.cosign);
    ck_assert_int_eq(cosignature_check(cosignature, &f.corridor, &key), ERR_OK);
    seen->count++;
    seen->size = cosignature->size;
    return true;
}

static bool
on_evidence(void *context, const struct evidence *evidence)
{
    (void)context;
    (void)evidence;
    ck_abort_msg("there is no evidence");
    return false;
}

START_TEST(who_vouches_is_seen)
{
    struct glance *glance = look();

    for (size_t n = 0; n < glance_log_count(glance); n++) {
        const struct glance_log *log = glance_log(glance, n);
        const bool is_own = node_id_equal(&log->id.node, &f.offices[0].node);
        struct seen seen = {0};

        ck_assert_int_eq(
            glance_cosignatures(glance, n, on_cosignature, &seen, &f.msg),
            ERR_OK);
        ck_assert_uint_eq(seen.count, is_own ? 0 : 1);
        ck_assert_uint_eq(seen.size, is_own ? 0 : log->stored);
    }
    ck_assert_int_eq(
        glance_evidence(glance, on_evidence, NULL, &f.msg), ERR_OK);
    glance_close(glance);
}
END_TEST

/* Many more than one snapshot serves. */
static bool
read_on(void *context, const struct cosignature *cosignature)
{
    struct glance_nodes *nodes = context;
    const struct merkle_source source = glance_nodes(nodes);
    struct hash hash;

    for (unsigned i = 0; i < 3000; i++) {
        ck_assert_int_eq(source.node(source.context, 0, 0, &hash), ERR_OK);
    }
    return cosignature->size > 0;
}

START_TEST(a_scan_outlives_what_is_read_meanwhile)
{
    struct glance *glance = look();

    for (size_t n = 0; n < glance_log_count(glance); n++) {
        struct glance_nodes nodes = {glance, n};

        ck_assert_msg(
            glance_cosignatures(glance, n, read_on, &nodes, &f.msg) == ERR_OK,
            "%s", f.msg.text);
    }
    glance_close(glance);
}
END_TEST

START_TEST(stored_nodes_give_roots)
{
    struct glance *glance = look();
    struct glance_nodes nodes = {glance, 0};
    const struct merkle_source source = glance_nodes(&nodes);
    const uint64_t stored = glance_log(glance, 0)->stored;
    struct merkle_proof proof;
    const struct merkle_claim claim = {
        .size = stored, .root = &glance_log(glance, 0)->head.root};
    struct hash first;

    ck_assert_int_eq(source.node(source.context, 0, 0, &first), ERR_OK);
    ck_assert_int_eq(
        merkle_prove_consistency(&proof, &source, 1, stored), ERR_OK);
    ck_assert_int_eq(
        merkle_verify_consistency(1, &first, &claim, &proof), ERR_OK);
    glance_close(glance);
}
END_TEST

START_TEST(where_there_is_no_store_nothing_is_made)
{
    struct glance *glance = NULL;
    char path[SCRATCH_PATH_BYTES];
    struct stat info;

    scratch_path(path, &f.scratch, "nowhere");
    ck_assert_int_eq(glance_open(&glance, path, &f.msg), ERR_NOT_FOUND);
    ck_assert_ptr_null(glance);
    ck_assert_int_ne(stat(path, &info), 0);
}
END_TEST

/* Looking leaves the store as it was. */
START_TEST(the_store_opens_again_and_is_sound)
{
    struct glance *glance = look();

    glance_close(glance);
    fixture_open(&f, 0);
    ck_assert_uint_eq(fixture_verify(&f, 0, true), 0);
}
END_TEST

START_TEST(looking_survives_each_failing_allocation)
{
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n++) {
        struct glance *glance = NULL;

        mem_fault_after(n);
        rc = glance_open(&glance, f.offices[0].dir, NULL);
        mem_fault_after(-1);
        ck_assert_msg(rc == ERR_OK || rc == ERR_NOMEM, "%s", err_text(rc));
        glance_close(glance);
    }
}
END_TEST

static Suite *
glance_suite(void)
{
    Suite *suite = suite_create("glance");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, its_entries_make_the_heads_that_it_holds);
    tcase_add_test(all, positions_may_be_asked_for_in_any_order);
    tcase_add_test(all, who_vouches_is_seen);
    tcase_add_test(all, a_scan_outlives_what_is_read_meanwhile);
    tcase_add_test(all, stored_nodes_give_roots);
    tcase_add_test(all, where_there_is_no_store_nothing_is_made);
    tcase_add_test(all, the_store_opens_again_and_is_sound);
    tcase_add_test(all, looking_survives_each_failing_allocation);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(glance_suite());
}
