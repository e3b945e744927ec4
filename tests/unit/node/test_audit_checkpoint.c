/* SPDX-License-Identifier: Apache-2.0 */
/* Heads as auditors are shown them: whose signatures stand below. */
#include <check.h>
#include <string.h>

#include "node/api/audit.h"
#include "storage/vouch.h"
#include "sync/model/log_key.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { OFFICES = 3 };

static struct corridor_fixture f;
static struct record_id record;
static struct log_id log_id;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = OFFICES, .policy = POLICY_SHARE_BY_DEFAULT};

    fixture_make(&f, &options);
    record = fixture_case(&f, 0, "a case");
    fixture_sync(&f);
    log_id = (struct log_id){.node = f.offices[0].node, .kind = LOG_CHANGES};
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* What office n vouches for goes to office 0. */
static bool
take(void *context, const struct cosignature_item *item)
{
    struct cosignature *out = context;

    *out = item->cosignature;
    return true;
}

static void
vouch(size_t n)
{
    struct cosignature cosignature = {.size = 0};
    struct view *view = NULL;
    size_t count = 0;

    fixture_begin(&f, n);
    ck_assert_int_eq(store_cosign(f.offices[n].store, &count, &f.msg), ERR_OK);
    fixture_commit(&f, n);
    ck_assert_int_eq(view_open(&view, f.offices[n].store, &f.msg), ERR_OK);
    ck_assert_int_eq(
        view_cosignatures(view, &log_id, take, &cosignature, &f.msg), ERR_OK);
    view_close(view);
    ck_assert_uint_gt(cosignature.size, 0);
    fixture_begin(&f, 0);
    ck_assert_int_eq(
        store_cosignature(f.offices[0].store, &cosignature, &f.msg), ERR_OK);
    fixture_commit(&f, 0);
}

/* The log's key, then the offices' keys as cosigners. */
static void
get_keys(struct note_key keys[1 + OFFICES])
{
    struct view *view = NULL;

    log_key(&keys[0], &f.corridor, &log_id);
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    for (size_t i = 0; i < OFFICES; i++) {
        const struct member_node *node =
            membership_node(view_membership(view), &f.offices[i].node);

        ck_assert_ptr_nonnull(node);
        cosigner_key(&keys[1 + i], &f.corridor, &f.offices[i].node,
            &node->cert.keys.cosign);
    }
    view_close(view);
}

static json_t *
get_checkpoints(uint64_t *out_size)
{
    struct view *view = NULL;
    struct head head;
    json_t *json = json_object();

    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    ck_assert_int_eq(view_head(view, &log_id, &head, &f.msg), ERR_OK);
    ck_assert_int_eq(
        audit_put_checkpoints(&json, view, &log_id, &head, &f.msg), ERR_OK);
    view_close(view);
    *out_size = head.size;
    return json;
}

/* A note of that size, signed by these keys and nobody else. */
static void
expect_note(const json_t *text, uint64_t size, const struct note_key *keys,
    size_t signatures)
{
    struct note note;
    struct checkpoint checkpoint;
    size_t verified = 0;

    ck_assert(json_is_string(text));
    ck_assert_int_eq(
        note_parse(&note, bytes_text(json_string_value(text))), ERR_OK);
    ck_assert_uint_eq(note.signature_count, signatures);
    ck_assert_int_eq(note_verify(&note, keys, signatures, &verified), ERR_OK);
    ck_assert_uint_eq(verified, signatures);
    ck_assert_int_eq(checkpoint_parse(&checkpoint, note.text), ERR_OK);
    ck_assert_uint_eq(checkpoint.size, size);
}

START_TEST(who_vouches_for_the_head_stands_below_it)
{
    struct note_key keys[1 + OFFICES];
    struct note_key signers[3];
    uint64_t size = 0;
    json_t *json = NULL;

    get_keys(keys);
    json = get_checkpoints(&size);
    expect_note(json_object_get(json, "checkpoint"), size, keys, 1);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "vouched")), 0);
    json_decref(json);
    vouch(1);
    vouch(2);
    signers[0] = keys[0];
    signers[1] = keys[2];
    signers[2] = keys[3];
    json = get_checkpoints(&size);
    expect_note(json_object_get(json, "checkpoint"), size, signers, 3);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "vouched")), 0);
    json_decref(json);
}
END_TEST

START_TEST(who_vouches_for_less_has_a_note_of_its_own)
{
    struct note_key keys[1 + OFFICES];
    struct note_key signers[2];
    const json_t *item = NULL;
    uint64_t before = 0;
    uint64_t size = 0;
    json_t *json = NULL;

    get_keys(keys);
    json_decref(get_checkpoints(&before));
    vouch(2);
    fixture_desk(&f, 0, &record, "north");
    fixture_sync(&f);
    vouch(1);
    json = get_checkpoints(&size);
    ck_assert_uint_gt(size, before);
    signers[0] = keys[0];
    signers[1] = keys[2];
    expect_note(json_object_get(json, "checkpoint"), size, signers, 2);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "vouched")), 1);
    item = json_array_get(json_object_get(json, "vouched"), 0);
    ck_assert_int_eq(
        json_integer_value(json_object_get(item, "size")), (json_int_t)before);
    expect_note(json_object_get(item, "checkpoint"), before, &keys[3], 1);
    json_decref(json);
    vouch(2);
    json = get_checkpoints(&size);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "vouched")), 0);
    json_decref(json);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("audit_checkpoint");
    TCase *tcase = tcase_create("notes");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, who_vouches_for_the_head_stands_below_it);
    tcase_add_test(tcase, who_vouches_for_less_has_a_note_of_its_own);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
