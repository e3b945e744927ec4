/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/evidence.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { LEAVES = 40, LEVELS = 7, FORK_AT = 5 };

/* Two trees of one author that share their first leaves, and no more. */
struct tree {
    struct merkle_edge edges[LEAVES + 1]; /* of each size */
    struct hash nodes[LEVELS][LEAVES];
};

static struct corridor_id corridor;
static struct secret_key seed;
static struct log_id log_id;
static struct tree one;
static struct tree two;

static void
grow(struct tree *tree, char branch)
{
    for (size_t i = 0; i < LEAVES; i++) {
        char text[2] = {(char)i, i < FORK_AT ? 0 : branch};
        struct hash completed[MERKLE_LEVELS_MAX];
        struct hash leaf;
        size_t count = 0;

        merkle_leaf(&leaf, bytes_of(text, sizeof(text)));
        tree->edges[i + 1] = tree->edges[i];
        count = merkle_append(&tree->edges[i + 1], &leaf, completed);
        for (size_t level = 0; level < count; level++) {
            tree->nodes[level][i >> level] = completed[level];
        }
    }
}

static void
setup(void)
{
    struct public_key key;

    memset(&one, 0, sizeof(one));
    memset(&two, 0, sizeof(two));
    memset(corridor.bytes, 0xc0, sizeof(corridor.bytes));
    memset(seed.bytes, 0x5e, sizeof(seed.bytes));
    keys_sign_public(&key, &seed);
    memcpy(log_id.node.bytes, key.bytes, sizeof(key.bytes));
    log_id.kind = LOG_CHANGES;
    grow(&one, 1);
    grow(&two, 2);
}

static enum err
read_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct tree *tree = context;

    *out = tree->nodes[level][index];
    return ERR_OK;
}

static struct head
head_of(const struct tree *tree, uint64_t size)
{
    struct head head = {.size = size};

    merkle_root(&head.root, &tree->edges[size]);
    ck_assert_int_eq(log_head_sign(&head, &corridor, &log_id, &seed), ERR_OK);
    return head;
}

/* The head of size a of one tree against that of size b of the other. */
static struct evidence
make(uint64_t a, uint64_t b)
{
    struct merkle_source source = {read_node, &two};
    struct evidence evidence = {
        .log = log_id, .a = head_of(&one, a), .b = head_of(&two, b)};

    merkle_root(&evidence.root, &two.edges[a]);
    ck_assert_int_eq(
        merkle_prove_consistency(&evidence.proof, &source, a, b), ERR_OK);
    return evidence;
}

static enum err
verify(const struct evidence *evidence)
{
    return evidence_verify(evidence, &corridor);
}

START_TEST(two_branches_are_evidence_at_all_sizes_beyond_the_fork)
{
    for (uint64_t a = 1; a <= LEAVES; a++) {
        for (uint64_t b = a; b <= LEAVES; b++) {
            struct evidence evidence = make(a, b);

            ck_assert_msg((verify(&evidence) == ERR_OK) == (a > FORK_AT),
                "%llu and %llu", (unsigned long long)a, (unsigned long long)b);
        }
    }
}
END_TEST

/* What must not be taken for evidence, one change each. */
static void
swap_heads(struct evidence *e)
{
    struct head a = e->a;

    e->a = e->b;
    e->b = a;
}
static void
agree(struct evidence *e)
{
    e->root = e->a.root;
}
static void
take_other_root(struct evidence *e)
{
    e->root.bytes[9] ^= 1;
}
static void
drop_hash(struct evidence *e)
{
    e->proof.count--;
}
static void
add_hash(struct evidence *e)
{
    e->proof.hashes[e->proof.count++] = e->root;
}
static void
unsign_a(struct evidence *e)
{
    e->a.signature = e->b.signature;
}
static void
unsign_b(struct evidence *e)
{
    e->b.signature.bytes[3] ^= 4;
}
static void
name_other_log(struct evidence *e)
{
    e->log.kind = LOG_CONTROL;
}
static void
name_other_node(struct evidence *e)
{
    e->log.node.bytes[0] ^= 1;
}
static void
empty_a(struct evidence *e)
{
    e->a.size = 0;
}
static void
exceed_size(struct evidence *e)
{
    e->b.size = LOG_SIZE_MAX + 1;
}
static void
exceed_proof(struct evidence *e)
{
    e->proof.count = MERKLE_PROOF_MAX + 1;
}

static const struct {
    const char *name;
    void (*spoil)(struct evidence *e);
    enum err rc;
} spoilt[] = {
    {"the longer one first", swap_heads, ERR_MALFORMED},
    {"the root is a's", agree, ERR_BAD_SIGNATURE},
    {"another root", take_other_root, ERR_BAD_SIGNATURE},
    {"a hash too few", drop_hash, ERR_BAD_SIGNATURE},
    {"a hash too many", add_hash, ERR_BAD_SIGNATURE},
    {"a is not signed", unsign_a, ERR_BAD_SIGNATURE},
    {"b is not signed", unsign_b, ERR_BAD_SIGNATURE},
    {"of the other log", name_other_log, ERR_BAD_SIGNATURE},
    {"of another node", name_other_node, ERR_BAD_SIGNATURE},
    {"a of no entries", empty_a, ERR_MALFORMED},
    {"a size beyond the limit", exceed_size, ERR_MALFORMED},
    {"more hashes than there can be", exceed_proof, ERR_MALFORMED},
};
enum { SPOILT = sizeof(spoilt) / sizeof(spoilt[0]) };

START_TEST(what_is_not_so_is_no_evidence)
{
    struct evidence evidence = make(11, 29);

    ck_assert_int_eq(verify(&evidence), ERR_OK);
    spoilt[_i].spoil(&evidence);
    ck_assert_msg(verify(&evidence) == spoilt[_i].rc, "%s", spoilt[_i].name);
}
END_TEST

START_TEST(evidence_is_of_one_corridor)
{
    struct evidence evidence = make(6, 6);

    ck_assert_int_eq(verify(&evidence), ERR_OK);
    corridor.bytes[31] ^= 1;
    ck_assert_int_eq(verify(&evidence), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(the_same_head_twice_or_two_that_agree_show_nothing)
{
    struct evidence evidence = make(20, 30);

    evidence.a = head_of(&two, 20);
    ck_assert_int_eq(verify(&evidence), ERR_BAD_SIGNATURE);
    evidence = make(20, 20);
    evidence.a = evidence.b;
    ck_assert_int_eq(verify(&evidence), ERR_BAD_SIGNATURE);
}
END_TEST

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct evidence evidence;
    enum err rc = evidence_decode(&evidence, bytes);

    return rc == ERR_OK ? evidence_encode(out, &evidence) : rc;
}

START_TEST(evidence_comes_back_as_it_was)
{
    static const uint64_t sizes[][2] = {{6, 6}, {8, 16}, {11, 29}, {39, 40}};
    struct evidence evidence = make(sizes[_i][0], sizes[_i][1]);
    struct evidence back;
    struct buf bytes = {0};

    ck_assert_int_eq(evidence_encode(&bytes, &evidence), ERR_OK);
    ck_assert_uint_eq(
        bytes.size, EVIDENCE_BYTES_MIN + 32 * evidence.proof.count);
    ck_assert_int_eq(evidence_decode(&back, buf_bytes(&bytes)), ERR_OK);
    ck_assert(log_head_equal(&back.a, &evidence.a));
    ck_assert(log_head_equal(&back.b, &evidence.b));
    ck_assert_int_eq(verify(&back), ERR_OK);
    ck_assert_uint_gt(mutation_run(buf_bytes(&bytes), recode), bytes.size);
    buf_release(&bytes);
}
END_TEST

START_TEST(any_flipped_bit_is_refused)
{
    struct evidence evidence = make(7, 13);
    struct buf bytes = {0};

    ck_assert_int_eq(evidence_encode(&bytes, &evidence), ERR_OK);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        struct evidence back;

        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (evidence_decode(&back, buf_bytes(&bytes)) == ERR_OK) {
            ck_assert_msg(verify(&back) != ERR_OK, "bit %zu", bit);
        }
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    buf_release(&bytes);
}
END_TEST

START_TEST(the_longest_proof_fits_and_a_byte_more_does_not)
{
    struct evidence evidence = make(7, 13);
    struct evidence back;
    struct buf bytes = {0};

    evidence.proof.count = MERKLE_PROOF_MAX;
    ck_assert_int_eq(evidence_encode(&bytes, &evidence), ERR_OK);
    ck_assert_uint_eq(bytes.size, EVIDENCE_BYTES_MAX);
    ck_assert_int_eq(evidence_decode(&back, buf_bytes(&bytes)), ERR_OK);
    buf_put_u8(&bytes, 0);
    ck_assert_int_eq(evidence_decode(&back, buf_bytes(&bytes)), ERR_TOO_BIG);
    evidence.proof.count++;
    ck_assert_int_eq(evidence_encode(&bytes, &evidence), ERR_MALFORMED);
    buf_release(&bytes);
}
END_TEST

START_TEST(without_memory_nothing_is_decided)
{
    struct evidence evidence = make(7, 13);
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = verify(&evidence);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("evidence");
    TCase *tcase = tcase_create("evidence");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(
        tcase, two_branches_are_evidence_at_all_sizes_beyond_the_fork);
    tcase_add_loop_test(tcase, what_is_not_so_is_no_evidence, 0, SPOILT);
    tcase_add_test(tcase, evidence_is_of_one_corridor);
    tcase_add_test(tcase, the_same_head_twice_or_two_that_agree_show_nothing);
    tcase_add_loop_test(tcase, evidence_comes_back_as_it_was, 0, 4);
    tcase_add_test(tcase, any_flipped_bit_is_refused);
    tcase_add_test(tcase, the_longest_proof_fits_and_a_byte_more_does_not);
    tcase_add_test(tcase, without_memory_nothing_is_decided);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
