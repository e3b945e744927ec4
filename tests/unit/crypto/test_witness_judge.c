/* SPDX-License-Identifier: Apache-2.0 */
/* Which checkpoints a witness cosigns. */
#include "crypto/witness_judge.h"

#include <check.h>
#include <string.h>

#include "crypto/checkpoint_note.h"
#include "crypto/witness_request.h"
#include "tests/lib/crypto/tree.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

enum { SIZE_MAX_HERE = 13 };

static struct tree tree;

static void
setup(void)
{
    tree_init(&tree, SIZE_MAX_HERE, tree_counting_leaf);
}

static void
teardown(void)
{
    tree_release(&tree);
}

/* What has cosigned `last` entries is asked from `old` to `size`. */
static const struct {
    const char *name;
    uint64_t last;
    bool has_none;
    uint64_t old;
    uint64_t size;
    uint64_t proof_from; /* of the proof that is sent */
    bool is_other;       /* the tree that is asked for is another one */
    enum witness_verdict verdict;
} rows[] = {
    {"the first time", 0, true, 0, 7, 0, false, WITNESS_COSIGNS},
    {"an empty log", 0, true, 0, 0, 0, false, WITNESS_COSIGNS},
    {"an empty log again", 0, false, 0, 0, 0, false, WITNESS_KNOWS},
    {"after an empty one", 0, false, 0, 7, 0, false, WITNESS_COSIGNS},
    {"goes on", 6, false, 6, 13, 6, false, WITNESS_COSIGNS},
    {"goes on from a power of two", 8, false, 8, 13, 8, false, WITNESS_COSIGNS},
    {"by one", 12, false, 12, 13, 12, false, WITNESS_COSIGNS},
    {"the same again", 6, false, 6, 6, 6, false, WITNESS_KNOWS},
    {"old beyond size", 6, false, 7, 6, 6, false, WITNESS_MALFORMED},
    {"old beyond both", 6, false, 14, 13, 6, false, WITNESS_MALFORMED},
    {"less than it has", 6, false, 5, 13, 5, false, WITNESS_OTHER_SIZE},
    {"more than it has", 6, false, 7, 13, 7, false, WITNESS_OTHER_SIZE},
    {"nothing, though it has", 6, false, 0, 13, 0, false, WITNESS_OTHER_SIZE},
    {"something, though it has none", 0, true, 6, 13, 6, false,
        WITNESS_OTHER_SIZE},
    {"a lesser one", 6, false, 5, 5, 5, false, WITNESS_OTHER_SIZE},
    {"another of that size", 6, false, 6, 6, 6, true, WITNESS_CONFLICT},
    {"an empty one that is not", 0, true, 0, 0, 0, true, WITNESS_CONFLICT},
    {"another that is greater", 6, false, 6, 13, 6, true, WITNESS_BAD_PROOF},
    {"the proof from elsewhere", 6, false, 6, 13, 5, false, WITNESS_BAD_PROOF},
    {"no proof", 6, false, 6, 13, 0, false, WITNESS_BAD_PROOF},
    {"a proof from nothing", 0, true, 0, 13, 6, false, WITNESS_BAD_PROOF},
    {"a proof of the same", 6, false, 6, 6, 5, false, WITNESS_BAD_PROOF},
};

static void
root_of(struct hash *out, uint64_t size)
{
    static const struct merkle_edge nothing = {0};

    if (size == 0) {
        merkle_root(out, &nothing);
    } else {
        tree_root(out, &tree, size);
    }
}

START_TEST(a_witness_cosigns_only_what_goes_on)
{
    struct merkle_source source = tree_source(&tree);
    struct witness_tree last = {!rows[_i].has_none, rows[_i].last, {{0}}};
    struct merkle_proof proof = {.count = 0};
    struct hash root;
    struct witness_asked asked = {rows[_i].old, &proof, rows[_i].size, &root};

    if (last.size > 0) {
        root_of(&last.root, last.size);
    }
    root_of(&root, asked.size);
    root.bytes[0] ^= rows[_i].is_other ? 1 : 0;
    if (rows[_i].proof_from > 0) {
        uint64_t to =
            rows[_i].proof_from == asked.size || asked.size < SIZE_MAX_HERE
                ? SIZE_MAX_HERE
                : asked.size;

        if (rows[_i].proof_from != asked.size) {
            ck_assert_int_eq(merkle_prove_consistency(
                                 &proof, &source, rows[_i].proof_from, to),
                ERR_OK);
        }
    }
    ck_assert_msg(witness_judge(&asked, &last) == rows[_i].verdict, "%s: %d",
        rows[_i].name, (int)witness_judge(&asked, &last));
}
END_TEST

static unsigned
status_of(enum witness_verdict verdict)
{
    switch (verdict) {
    case WITNESS_COSIGNS:
    case WITNESS_KNOWS:
        return 200;
    case WITNESS_MALFORMED:
        return 400;
    case WITNESS_OTHER_SIZE:
    case WITNESS_CONFLICT:
        return 409;
    case WITNESS_BAD_PROOF:
        return 422;
    }
    return 0;
}

/* As another's witness was asked and answered, in that order. */
START_TEST(published_requests_are_judged_as_published)
{
    json_t *json = vectors_json("checkpoint/add-checkpoint.json");
    const json_t *requests = json_object_get(json, "requests");
    struct witness_tree last = {.has_any = false};
    struct checkpoint_keys keys = {0};
    struct note_key key;
    size_t malformed = 0;

    ck_assert_int_eq(
        note_key_parse(&key, bytes_text(vectors_text(json, "log_vkey"))),
        ERR_OK);
    keys.log = &key;
    ck_assert_uint_gt(json_array_size(requests), 5);
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const json_t *item = json_array_get(requests, i);
        struct witness_request request;
        struct checkpoint checkpoint;
        struct checkpoint_note note;
        unsigned status = 0;

        ck_assert_int_eq(witness_request_read(&request,
                             bytes_text(vectors_text(item, "request"))),
            ERR_OK);
        if (checkpoint_note_peek(&checkpoint, request.checkpoint) != ERR_OK) {
            /* Bits are left over in its base64: a signature that others find
             * to be wrong is no signature here. */
            malformed++;
            ck_assert_uint_eq(i, 1);
            continue;
        }
        if (strcmp(checkpoint.origin, key.name) != 0) {
            status = 404;
        } else if (checkpoint_note_read(&note, request.checkpoint, &keys) !=
                   ERR_OK) {
            status = 403;
        } else {
            struct witness_asked asked = {request.old_size, &request.proof,
                checkpoint.size, &checkpoint.root};
            enum witness_verdict verdict = witness_judge(&asked, &last);

            status = status_of(verdict);
            if (verdict == WITNESS_COSIGNS) {
                last = (struct witness_tree){
                    true, checkpoint.size, checkpoint.root};
            }
        }
        ck_assert_msg(status == (unsigned)json_number_value(
                                    json_object_get(item, "http_status")),
            "request %zu: %u", i, status);
    }
    ck_assert_uint_eq(last.size, 5);
    ck_assert_uint_eq(malformed, 1);
    json_decref(json);
}
END_TEST

/* The root that a proof shows its newer tree to have had. */
START_TEST(a_proof_shows_the_root_that_it_goes_on_from)
{
    struct merkle_source source = tree_source(&tree);

    for (uint64_t size = 1; size <= SIZE_MAX_HERE; size++) {
        for (uint64_t old = 1; old <= size; old++) {
            struct merkle_claim newer = {.size = size};
            struct merkle_proof proof;
            struct hash expected;
            struct hash found;
            struct hash root;
            enum err rc = ERR_OK;

            root_of(&root, size);
            root_of(&expected, old);
            newer.root = &root;
            ck_assert_int_eq(
                merkle_prove_consistency(&proof, &source, old, size), ERR_OK);
            rc = merkle_proved_root(&found, old, &newer, &proof);
            if (old == size || (old & (old - 1)) == 0) {
                ck_assert_int_eq(rc, ERR_NOT_FOUND);
                continue;
            }
            ck_assert_int_eq(rc, ERR_OK);
            ck_assert(hash_equal(&found, &expected));
            root.bytes[31] ^= 1;
            ck_assert_int_eq(merkle_proved_root(&found, old, &newer, &proof),
                ERR_BAD_SIGNATURE);
        }
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("witness_judge");
    TCase *tc = tcase_create("judge");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_witness_cosigns_only_what_goes_on, 0,
        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tc, published_requests_are_judged_as_published);
    tcase_add_test(tc, a_proof_shows_the_root_that_it_goes_on_from);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
