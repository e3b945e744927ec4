/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

enum { LEAVES = 700, LEVELS = 11, BODY_BYTES = 8 };

static const char header_text[] = "\x85\x00\x80\xf6\xf6\x58\x18"
                                  "0123456789abcdefghijklmn";

/* One log with all its entries, nodes, and a key to sign any head. */
struct fixture {
    struct corridor_id corridor;
    struct secret_key seed;
    struct log_id log;
    uint8_t bodies[LEAVES][BODY_BYTES];
    struct entry entries[LEAVES];
    struct merkle_edge edges[LEAVES + 1]; /* of each size */
    struct hash nodes[LEVELS][LEAVES];
    struct hash completed[LEAVES][MERKLE_LEVELS_MAX];
    size_t completed_count[LEAVES];
    struct merkle_source source;
    struct batch_nodes out;
};

static struct fixture *f;

static enum err
read_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    struct fixture *fixture = context;

    ck_assert_uint_lt(level, LEVELS);
    ck_assert_uint_le((index + 1) << level, LEAVES);
    *out = fixture->nodes[level][index];
    return ERR_OK;
}

static void
append(size_t i)
{
    struct entry *entry = &f->entries[i];
    struct hash leaf = {{0}};

    num_store_u64(f->bodies[i], i);
    entry->kind = ENTRY_CONTROL;
    entry->has_body = true;
    entry->header = bytes_of(header_text, sizeof(header_text) - 1);
    entry->body = bytes_of(f->bodies[i], BODY_BYTES);
    hash_sha256(&entry->body_hash, entry->body);
    entry_leaf_hash(&leaf, entry);
    f->edges[i + 1] = f->edges[i];
    f->completed_count[i] =
        merkle_append(&f->edges[i + 1], &leaf, f->completed[i]);
    for (size_t level = 0; level < f->completed_count[i]; level++) {
        f->nodes[level][i >> level] = f->completed[i][level];
    }
}

static void
setup(void)
{
    struct public_key key = {{0}};

    f = calloc(1, sizeof(*f));
    ck_assert_ptr_nonnull(f);
    memset(f->corridor.bytes, 0xc0, sizeof(f->corridor.bytes));
    memset(f->seed.bytes, 0x5e, sizeof(f->seed.bytes));
    keys_sign_public(&key, &f->seed);
    memcpy(f->log.node.bytes, key.bytes, sizeof(key.bytes));
    f->log.kind = LOG_CHANGES;
    f->source = (struct merkle_source){read_node, f};
    for (size_t i = 0; i < LEAVES; i++) {
        append(i);
    }
}

static void
teardown(void)
{
    batch_nodes_release(&f->out);
    batch_nodes_release(NULL);
    free(f);
}

static struct head
head_of(uint64_t size)
{
    struct head head = {.size = size};

    merkle_root(&head.root, &f->edges[size]);
    ck_assert_int_eq(
        log_head_sign(&head, &f->corridor, &f->log, &f->seed), ERR_OK);
    return head;
}

/* The entries [from, to) under the head of size n. */
static struct batch
batch_of(size_t from, size_t to, size_t n)
{
    struct batch batch = {.log = f->log, .from = from};

    batch.entries = &f->entries[from];
    batch.count = to - from;
    batch.head = head_of(n);
    ck_assert_int_eq(
        merkle_prove_consistency(&batch.proof, &f->source, to, n), ERR_OK);
    return batch;
}

/* Verify against the edge of what the replica holds. */
static enum err
verify(const struct batch *batch, size_t held, const struct head *trusted)
{
    struct merkle_edge edge = f->edges[held];
    enum err rc =
        log_verify_batch(&edge, &f->out, batch, &f->corridor, trusted);

    if (rc == ERR_OK) {
        ck_assert_uint_eq(edge.size, batch->from + batch->count);
    }
    return rc;
}

START_TEST(an_origin_names_corridor_node_and_kind)
{
    char origin[LOG_ORIGIN_BYTES_MAX + 1];
    struct log_id log = {.kind = LOG_CONTROL};

    log_origin(origin, &f->corridor, &log);
    ck_assert_uint_eq(strlen(origin), 18 + 64 + 1 + 64 + 1 + 7);
    ck_assert(strncmp(origin, "corridor.internal/c0c0", 22) == 0);
    ck_assert_str_eq(origin + 18 + 64,
        "/"
        "0000000000000000000000000000000000000000000000000000000000000000"
        "/control");
    log.kind = LOG_CHANGES;
    log_origin(origin, &f->corridor, &log);
    ck_assert_str_eq(origin + 18 + 64 + 1 + 64, "/changes");
}
END_TEST

START_TEST(a_head_is_a_signed_checkpoint)
{
    struct head head = head_of(700);
    struct buf text = {0};
    char origin[LOG_ORIGIN_BYTES_MAX + 1];

    log_head_text(&text, &f->corridor, &f->log, &head);
    log_origin(origin, &f->corridor, &f->log);
    ck_assert_mem_eq(text.data, origin, strlen(origin));
    ck_assert_mem_eq(text.data + strlen(origin), "\n700\n", 5);
    ck_assert_uint_eq(text.size, strlen(origin) + 5 + 44 + 1);
    ck_assert_int_eq(
        keys_verify_node(&f->log.node, buf_bytes(&text), &head.signature),
        ERR_OK);
    ck_assert_int_eq(log_head_verify(&head, &f->corridor, &f->log), ERR_OK);
    buf_release(&text);
}
END_TEST

START_TEST(a_head_speaks_for_one_corridor_log_size_and_root)
{
    struct head head = head_of(3);
    struct head other = head;
    struct corridor_id corridor = f->corridor;
    struct log_id log = f->log;

    other.size = 4;
    ck_assert_int_eq(
        log_head_verify(&other, &f->corridor, &f->log), ERR_BAD_SIGNATURE);
    ck_assert(!log_head_equal(&head, &other));
    other = head;
    other.root.bytes[31] ^= 1;
    ck_assert_int_eq(
        log_head_verify(&other, &f->corridor, &f->log), ERR_BAD_SIGNATURE);
    ck_assert(!log_head_equal(&head, &other));
    other = head;
    other.signature.bytes[0] ^= 1;
    ck_assert_int_eq(
        log_head_verify(&other, &f->corridor, &f->log), ERR_BAD_SIGNATURE);
    ck_assert(!log_head_equal(&head, &other));
    corridor.bytes[0] ^= 1;
    ck_assert_int_eq(
        log_head_verify(&head, &corridor, &f->log), ERR_BAD_SIGNATURE);
    log.kind = LOG_CONTROL;
    ck_assert_int_eq(
        log_head_verify(&head, &f->corridor, &log), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(any_cut_of_a_log_is_accepted_under_any_later_head)
{
    struct prng prng = prng_init(prng_seed(21));

    for (int round = 0; round < 12; round++) {
        size_t held = 0;
        struct head trusted = {0};

        while (held < LEAVES) {
            size_t count = 1 + prng_below(&prng, LOG_BATCH_ENTRIES_MAX);
            size_t to = held + count > LEAVES ? LEAVES : held + count;
            size_t n = to + prng_below(&prng, LEAVES - to + 1);
            struct batch batch = batch_of(held, to, n);

            ck_assert_int_eq(verify(&batch, held, &trusted), ERR_OK);
            trusted = batch.head;
            held = to;
        }
    }
}
END_TEST

START_TEST(every_small_prefix_is_accepted_under_every_head)
{
    for (size_t n = 1; n <= 17; n++) {
        for (size_t to = 1; to <= n; to++) {
            for (size_t from = 0; from < to; from++) {
                struct batch batch = batch_of(from, to, n);

                ck_assert_int_eq(verify(&batch, from, NULL), ERR_OK);
            }
        }
    }
}
END_TEST

START_TEST(the_nodes_that_leaves_complete_are_handed_out)
{
    struct batch batch = batch_of(37, 200, 700);

    ck_assert_int_eq(verify(&batch, 37, NULL), ERR_OK);
    ck_assert_uint_eq(f->out.first[0], 0);
    ck_assert_uint_eq(f->out.first[batch.count], f->out.count);
    for (size_t i = 0; i < batch.count; i++) {
        size_t count = f->out.first[i + 1] - f->out.first[i];

        ck_assert_uint_eq(count, f->completed_count[37 + i]);
        ck_assert_mem_eq(f->out.nodes + f->out.first[i], f->completed[37 + i],
            count * sizeof(struct hash));
    }
}
END_TEST

START_TEST(a_replica_relays_any_shorter_prefix)
{
    struct prng prng = prng_init(prng_seed(22));

    for (int round = 0; round < 200; round++) {
        size_t n = 2 + prng_below(&prng, LEAVES - 1);
        size_t held = 1 + prng_below(&prng, n);
        size_t to = 1 + prng_below(&prng, held);
        size_t from = to - 1 - prng_below(&prng, to > 256 ? 256 : to);
        struct batch whole = batch_of(0, 1, n);
        struct merkle_proof beyond = {0};
        struct merkle_partial tree = {held, n, &beyond};
        struct batch batch = batch_of(from, to, n);

        ck_assert_int_eq(
            merkle_prove_consistency(&beyond, &f->source, held, n), ERR_OK);
        batch.head = whole.head;
        ck_assert_int_eq(
            merkle_prove_partial(&batch.proof, &f->source, &tree, to), ERR_OK);
        ck_assert_int_eq(verify(&batch, from, NULL), ERR_OK);
    }
}
END_TEST

START_TEST(a_wrong_proof_is_refused)
{
    struct batch good = batch_of(5, 100, 700);
    struct batch batch = good;

    ck_assert_uint_gt(good.proof.count, 0);
    for (size_t i = 0; i < good.proof.count; i++) {
        batch = good;
        batch.proof.hashes[i].bytes[i] ^= 1;
        ck_assert_int_eq(verify(&batch, 5, NULL), ERR_BAD_SIGNATURE);
    }
    batch = good;
    batch.proof.count--;
    ck_assert_int_eq(verify(&batch, 5, NULL), ERR_BAD_SIGNATURE);
    batch = good;
    batch.proof.count++;
    ck_assert_int_eq(verify(&batch, 5, NULL), ERR_BAD_SIGNATURE);
    batch = batch_of(5, 100, 100);
    ck_assert_uint_eq(batch.proof.count, 0);
    batch.proof = good.proof;
    ck_assert_int_eq(verify(&batch, 5, NULL), ERR_BAD_SIGNATURE);
}
END_TEST

/* Verify a batch of three whose second entry was altered. */
static enum err
verify_altered(const struct entry *altered, size_t head_size)
{
    struct batch batch = batch_of(9, 12, head_size);
    struct entry entries[3] = {f->entries[9], *altered, f->entries[11]};

    batch.entries = entries;
    return verify(&batch, 9, NULL);
}

START_TEST(an_altered_entry_is_refused)
{
    struct entry entry = f->entries[10];
    uint8_t header[sizeof(header_text) - 1];

    ck_assert_int_eq(verify_altered(&entry, 700), ERR_OK);
    entry.has_body = false;
    ck_assert_int_eq(verify_altered(&entry, 700), ERR_OK);
    entry.body_hash.bytes[7] ^= 1;
    ck_assert_int_eq(verify_altered(&entry, 700), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(verify_altered(&entry, 12), ERR_BAD_SIGNATURE);
    entry = f->entries[10];
    entry.kind = ENTRY_ERASE;
    ck_assert_int_eq(verify_altered(&entry, 700), ERR_BAD_SIGNATURE);
    entry = f->entries[10];
    memcpy(header, header_text, sizeof(header));
    header[sizeof(header) - 1] ^= 1;
    entry.header = bytes_of(header, sizeof(header));
    ck_assert_int_eq(verify_altered(&entry, 700), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(verify_altered(&f->entries[9], 700), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(a_gap_is_asked_for_and_what_is_held_is_stale)
{
    struct batch batch = batch_of(100, 200, 700);

    ck_assert_int_eq(verify(&batch, 99, NULL), ERR_GAP);
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_GAP);
    ck_assert_int_eq(verify(&batch, 100, NULL), ERR_OK);
    ck_assert_int_eq(verify(&batch, 101, NULL), ERR_STALE);
    ck_assert_int_eq(verify(&batch, 200, NULL), ERR_STALE);
}
END_TEST

START_TEST(a_forged_signature_is_refused)
{
    struct batch batch = batch_of(0, 10, 20);
    struct secret_key seed = f->seed;

    batch.head.signature.bytes[63] ^= 1;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_BAD_SIGNATURE);
    seed.bytes[0] ^= 1;
    ck_assert_int_eq(
        log_head_sign(&batch.head, &f->corridor, &f->log, &seed), ERR_OK);
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_BAD_SIGNATURE);
    batch = batch_of(0, 10, 20);
    batch.log.kind = LOG_CONTROL;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_BAD_SIGNATURE);
    batch = batch_of(0, 10, 20);
    batch.log.node.bytes[0] ^= 1;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(a_trusted_head_must_be_equal_to_the_last_bit)
{
    struct batch batch = batch_of(0, 10, 20);
    struct head trusted = {0};

    /* Nobody signed this head, so only trust lets it pass. */
    batch.head.signature.bytes[5] ^= 1;
    trusted = batch.head;
    ck_assert_int_eq(verify(&batch, 0, &trusted), ERR_OK);
    trusted.signature.bytes[63] ^= 0x80;
    ck_assert_int_eq(verify(&batch, 0, &trusted), ERR_BAD_SIGNATURE);
    trusted = batch.head;
    trusted.root.bytes[0] ^= 1;
    ck_assert_int_eq(verify(&batch, 0, &trusted), ERR_BAD_SIGNATURE);
    trusted = batch.head;
    trusted.size++;
    ck_assert_int_eq(verify(&batch, 0, &trusted), ERR_BAD_SIGNATURE);
    /* Trust in a head is none in a proof. */
    trusted = batch.head;
    batch.proof.hashes[0].bytes[0] ^= 1;
    ck_assert_int_eq(verify(&batch, 0, &trusted), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(counts_must_agree)
{
    struct batch good = batch_of(0, LOG_BATCH_ENTRIES_MAX, 700);
    struct batch batch = good;
    struct buf out = {0};

    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_OK);
    batch.count = 0;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_MALFORMED);
    ck_assert_int_eq(batch_encode(&out, &batch), ERR_MALFORMED);
    batch.count = LOG_BATCH_ENTRIES_MAX + 1;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_MALFORMED);
    batch = batch_of(0, 10, 20);
    batch.head.size = 9;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_MALFORMED);
    batch.head.size = LOG_SIZE_MAX + 1;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_MALFORMED);
    batch.from = UINT64_MAX - 3;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_MALFORMED);
    batch = good;
    batch.proof.count = MERKLE_PROOF_MAX + 1;
    ck_assert_int_eq(verify(&batch, 0, NULL), ERR_MALFORMED);
    ck_assert_uint_eq(out.size, 0);
}
END_TEST

START_TEST(verifying_survives_each_failed_allocation)
{
    struct batch batch = batch_of(0, 200, 700);

    for (long n = 0;; n++) {
        enum err rc = ERR_OK;

        batch_nodes_release(&f->out);
        mem_fault_after(n);
        rc = verify(&batch, 0, NULL);
        if (!mem_fault_hit()) {
            ck_assert_int_eq(rc, ERR_OK);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
    mem_fault_after(-1);
}
END_TEST

START_TEST(heads_agree_when_the_proof_leads_from_one_to_the_other)
{
    struct head older = head_of(300);
    struct head newer = head_of(700);
    struct merkle_proof none = {0};
    struct merkle_proof proof = {0};

    ck_assert_int_eq(
        merkle_prove_consistency(&proof, &f->source, 300, 700), ERR_OK);
    ck_assert_int_eq(log_heads_agree(&older, &newer, &proof), ERR_OK);
    ck_assert_int_eq(log_heads_agree(&older, &older, &none), ERR_OK);
    ck_assert_int_eq(
        log_heads_agree(&older, &older, &proof), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(log_heads_agree(&older, &newer, &none), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(log_heads_agree(&newer, &older, &proof), ERR_STALE);
    proof.hashes[0].bytes[0] ^= 1;
    ck_assert_int_eq(
        log_heads_agree(&older, &newer, &proof), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(two_roots_of_one_size_are_a_fork)
{
    struct head one = head_of(300);
    struct head two = one;
    struct merkle_proof proof = {0};

    two.root.bytes[0] ^= 1;
    ck_assert_int_eq(log_heads_agree(&one, &two, &proof), ERR_FORK);
    ck_assert_int_eq(log_heads_fork(&one, &two, &two.root, &proof), ERR_FORK);
    /* Nobody hides it behind a wrong proof. */
    proof.count = 3;
    ck_assert_int_eq(log_heads_agree(&one, &two, &proof), ERR_FORK);
}
END_TEST

START_TEST(a_fork_between_sizes_needs_the_true_root_as_evidence)
{
    struct head older = head_of(300);
    struct head newer = head_of(700);
    struct hash root = older.root;
    struct merkle_proof proof = {0};

    ck_assert_int_eq(
        merkle_prove_consistency(&proof, &f->source, 300, 700), ERR_OK);
    ck_assert_int_eq(log_heads_fork(&older, &newer, &root, &proof), ERR_OK);
    /* The older head, signed for another history. */
    older.root.bytes[0] ^= 1;
    ck_assert_int_eq(log_heads_fork(&older, &newer, &root, &proof), ERR_FORK);
    ck_assert_int_eq(
        log_heads_agree(&older, &newer, &proof), ERR_BAD_SIGNATURE);
    /* A root that the proof does not lead from shows nothing. */
    root.bytes[1] ^= 1;
    ck_assert_int_eq(
        log_heads_fork(&older, &newer, &root, &proof), ERR_BAD_SIGNATURE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_origin_names_corridor_node_and_kind);
    tcase_add_test(tcase, a_head_is_a_signed_checkpoint);
    tcase_add_test(tcase, a_head_speaks_for_one_corridor_log_size_and_root);
    tcase_add_test(tcase, any_cut_of_a_log_is_accepted_under_any_later_head);
    tcase_add_test(tcase, every_small_prefix_is_accepted_under_every_head);
    tcase_add_test(tcase, the_nodes_that_leaves_complete_are_handed_out);
    tcase_add_test(tcase, a_replica_relays_any_shorter_prefix);
    tcase_add_test(tcase, a_wrong_proof_is_refused);
    tcase_add_test(tcase, an_altered_entry_is_refused);
    tcase_add_test(tcase, a_gap_is_asked_for_and_what_is_held_is_stale);
    tcase_add_test(tcase, a_forged_signature_is_refused);
    tcase_add_test(tcase, a_trusted_head_must_be_equal_to_the_last_bit);
    tcase_add_test(tcase, counts_must_agree);
    tcase_add_test(tcase, verifying_survives_each_failed_allocation);
    tcase_add_test(
        tcase, heads_agree_when_the_proof_leads_from_one_to_the_other);
    tcase_add_test(tcase, two_roots_of_one_size_are_a_fork);
    tcase_add_test(tcase, a_fork_between_sizes_needs_the_true_root_as_evidence);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
