/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/log.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "tests/lib/mutation.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

enum {
    FROM_AT = LOG_ID_BYTES,
    COUNT_AT = FROM_AT + 8,
    SIZE_AT = COUNT_AT + 2,
    PROOF_AT = SIZE_AT + 8 + 32 + 64,
    FIXED = PROOF_AT + 1
};

static const char header_text[] = "\x85\x00\x80\xf6\xf6\x58\x18"
                                  "0123456789abcdefghijklmn";

/* A batch of small entries, every second without its body. */
static struct batch
make(struct entry *entries, size_t count, size_t proof, struct prng *prng)
{
    struct batch batch = {.from = prng_next(prng) >> 2, .count = count};

    prng_fill(prng, batch.log.node.bytes, sizeof(batch.log.node.bytes));
    batch.log.kind = (uint8_t)prng_below(prng, 2);
    batch.head.size = batch.from + count + prng_below(prng, 1000);
    prng_fill(prng, batch.head.root.bytes, sizeof(batch.head.root.bytes));
    prng_fill(
        prng, batch.head.signature.bytes, sizeof(batch.head.signature.bytes));
    batch.proof.count = proof;
    prng_fill(prng, batch.proof.hashes, proof * sizeof(struct hash));
    batch.entries = entries;
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct entry){.kind = (uint8_t)prng_next(prng)};
        entries[i].has_body = i % 2 == 0;
        entries[i].header = bytes_of(header_text, sizeof(header_text) - 1);
        entries[i].body = bytes_of(header_text, i % 20);
        hash_sha256(&entries[i].body_hash, entries[i].body);
    }
    return batch;
}

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct batch batch = {0};
    enum err rc = batch_decode(&batch, bytes);

    if (rc == ERR_OK) {
        rc = batch_encode(out, &batch);
    } else {
        ck_assert_ptr_null(batch.entries);
    }
    batch_release(&batch);
    return rc;
}

START_TEST(batches_come_back_the_same)
{
    struct prng prng = prng_init(prng_seed(31));
    struct entry entries[LOG_BATCH_ENTRIES_MAX];
    struct buf out = {0};
    struct buf again = {0};

    for (int i = 0; i < 100; i++) {
        struct batch batch =
            make(entries, 1 + prng_below(&prng, LOG_BATCH_ENTRIES_MAX),
                prng_below(&prng, MERKLE_PROOF_MAX + 1), &prng);

        buf_clear(&out);
        buf_clear(&again);
        ck_assert_int_eq(batch_encode(&out, &batch), ERR_OK);
        ck_assert_int_eq(recode(buf_bytes(&out), &again), ERR_OK);
        ck_assert(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
    }
    buf_release(&out);
    buf_release(&again);
}
END_TEST

START_TEST(mutants_are_refused_or_come_back_the_same)
{
    struct prng prng = prng_init(prng_seed(32));
    struct entry entries[3];
    struct batch batch = make(entries, 3, 2, &prng);
    struct buf out = {0};

    ck_assert_int_eq(batch_encode(&out, &batch), ERR_OK);
    ck_assert_uint_gt(mutation_run(buf_bytes(&out), recode), 0);
    buf_release(&out);
}
END_TEST

/* Bytes that are overwritten in a batch of one entry at 0, head of size 1. */
static const struct {
    const char *name;
    size_t at;
    uint8_t value;
    enum err rc;
} changes[] = {
    {"nothing", FROM_AT, 0, ERR_OK},
    {"a log of kind 2", LOG_ID_BYTES - 1, 2, ERR_MALFORMED},
    {"from beyond the head", COUNT_AT - 1, 1, ERR_MALFORMED},
    {"from beyond all", FROM_AT, 0xff, ERR_MALFORMED},
    {"no entries", COUNT_AT + 1, 0, ERR_MALFORMED},
    {"257 entries", COUNT_AT, 1, ERR_MALFORMED},
    {"two entries said", COUNT_AT + 1, 2, ERR_MALFORMED},
    {"an empty head", SIZE_AT + 7, 0, ERR_MALFORMED},
    {"the greatest head but 255", SIZE_AT, 0x7f, ERR_OK},
    {"a head beyond all", SIZE_AT, 0x80, ERR_MALFORMED},
    {"a proof of 66", PROOF_AT, MERKLE_PROOF_MAX + 1, ERR_MALFORMED},
    {"a proof that is not there", PROOF_AT, 1, ERR_MALFORMED},
};

START_TEST(a_batch_obeys_each_rule)
{
    struct prng prng = prng_init(1);
    struct entry entry;
    struct batch batch = make(&entry, 1, 0, &prng);
    struct buf out = {0};
    struct buf again = {0};
    enum err rc = ERR_OK;

    batch.from = 0;
    batch.head.size = 1;
    ck_assert_int_eq(batch_encode(&out, &batch), ERR_OK);
    out.data[changes[_i].at] = changes[_i].value;
    rc = recode(buf_bytes(&out), &again);
    ck_assert_msg(rc == changes[_i].rc, "%s: %d", changes[_i].name, rc);
    buf_release(&out);
    buf_release(&again);
}
END_TEST

/* Entries that make a batch of exactly this many bytes. */
static void
fill(struct batch *batch, const uint8_t *zeros, size_t size)
{
    const size_t around = 1 + sizeof(header_text) - 1 + 2;
    size_t left = size - FIXED - batch->proof.count * sizeof(struct hash);

    batch->count = 0;
    while (left > 0) {
        size_t body = left - around;
        struct entry *entry = &batch->entries[batch->count];

        /* Leave room for one whole entry behind this one, or for none. */
        if (body > ENTRY_BODY_BYTES_MAX) {
            body = ENTRY_BODY_BYTES_MAX - 2 * around;
        }
        *entry = (struct entry){.has_body = true};
        entry->header = bytes_of(header_text, sizeof(header_text) - 1);
        entry->body = bytes_of(zeros, body);
        left -= around + body;
        batch->count++;
    }
}

START_TEST(a_batch_has_a_limit_of_bytes)
{
    static const uint8_t zeros[ENTRY_BODY_BYTES_MAX];
    struct prng prng = prng_init(1);
    struct entry entries[LOG_BATCH_ENTRIES_MAX];
    struct batch batch = make(entries, 1, 3, &prng);
    struct buf out = {0};
    struct buf again = {0};

    fill(&batch, zeros, LOG_BATCH_BYTES_MAX);
    batch.head.size = batch.from + batch.count;
    ck_assert_int_eq(batch_encode(&out, &batch), ERR_OK);
    ck_assert_uint_eq(out.size, LOG_BATCH_BYTES_MAX);
    ck_assert_int_eq(recode(buf_bytes(&out), &again), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&out), buf_bytes(&again)));
    buf_put_u8(&out, 0);
    ck_assert_int_eq(recode(buf_bytes(&out), &again), ERR_TOO_BIG);
    fill(&batch, zeros, LOG_BATCH_BYTES_MAX + 1);
    buf_clear(&out);
    buf_put_u8(&out, 7);
    ck_assert_int_eq(batch_encode(&out, &batch), ERR_TOO_BIG);
    ck_assert_uint_eq(out.size, 1);
    buf_release(&out);
    buf_release(&again);
}
END_TEST

START_TEST(batches_survive_each_failed_allocation)
{
    struct prng prng = prng_init(1);
    struct entry entries[20];
    struct batch batch = make(entries, 20, 3, &prng);

    for (long n = 0;; n++) {
        struct buf out = {0};
        struct buf again = {0};
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = batch_encode(&out, &batch);
        if (rc == ERR_OK) {
            rc = recode(buf_bytes(&out), &again);
        }
        buf_release(&out);
        buf_release(&again);
        if (!mem_fault_hit()) {
            ck_assert_int_eq(rc, ERR_OK);
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
    }
    mem_fault_after(-1);
    batch_release(NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("batch");
    TCase *tcase = tcase_create("batch");

    tcase_add_test(tcase, batches_come_back_the_same);
    tcase_add_test(tcase, mutants_are_refused_or_come_back_the_same);
    tcase_add_loop_test(tcase, a_batch_obeys_each_rule, 0,
        sizeof(changes) / sizeof(changes[0]));
    tcase_add_test(tcase, a_batch_has_a_limit_of_bytes);
    tcase_add_test(tcase, batches_survive_each_failed_allocation);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
