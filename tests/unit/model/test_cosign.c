/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/cosign.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/note.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

static struct corridor_id corridor;
static struct secret_key seed;
static struct public_key key;
static struct cosignature made;

static void
setup(void)
{
    memset(corridor.bytes, 0xc0, sizeof(corridor.bytes));
    memset(seed.bytes, 0x63, sizeof(seed.bytes));
    keys_sign_public(&key, &seed);
    made = (struct cosignature){.size = 12, .time = 1790000000};
    memset(made.log.node.bytes, 0x11, sizeof(made.log.node.bytes));
    made.log.kind = LOG_CHANGES;
    memset(made.cosigner.bytes, 0x22, sizeof(made.cosigner.bytes));
    memset(made.root.bytes, 0x33, sizeof(made.root.bytes));
    ck_assert_int_eq(cosignature_make(&made, &corridor, &seed), ERR_OK);
}

/* docs/protocol.md, "Cosignatures": by the words of that page alone. */
START_TEST(what_is_signed_is_the_time_and_the_checkpoints_text)
{
    static const char text[] =
        "cosignature/v1\n"
        "time 1790000000\n"
        "corridor.internal/"
        "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0/"
        "1111111111111111111111111111111111111111111111111111111111111111/"
        "changes\n"
        "12\n"
        "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM=\n";

    ck_assert_int_eq(
        keys_verify(&key, bytes_text(text), &made.signature), ERR_OK);
    ck_assert_int_eq(cosignature_check(&made, &corridor, &key), ERR_OK);
}
END_TEST

static void
change_log(struct cosignature *c)
{
    c->log.node.bytes[0] ^= 1;
}
static void
change_kind(struct cosignature *c)
{
    c->log.kind = LOG_CONTROL;
}
static void
change_size(struct cosignature *c)
{
    c->size++;
}
static void
change_root(struct cosignature *c)
{
    c->root.bytes[31] ^= 1;
}
static void
change_time(struct cosignature *c)
{
    c->time--;
}
static void
change_signature(struct cosignature *c)
{
    c->signature.bytes[63] ^= 1;
}

static void (*const changes[])(struct cosignature *) = {change_log, change_kind,
    change_size, change_root, change_time, change_signature};
enum { CHANGES = sizeof(changes) / sizeof(changes[0]) };

START_TEST(one_that_was_changed_does_not_hold)
{
    changes[_i](&made);
    ck_assert_int_eq(
        cosignature_check(&made, &corridor, &key), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(it_holds_under_its_key_and_in_its_corridor_alone)
{
    struct corridor_id other = corridor;
    struct public_key another;

    other.bytes[0] ^= 1;
    seed.bytes[0] ^= 1;
    keys_sign_public(&another, &seed);
    ck_assert_int_eq(cosignature_check(&made, &other, &key), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(
        cosignature_check(&made, &corridor, &another), ERR_BAD_SIGNATURE);
}
END_TEST

static enum err
recode(struct bytes bytes, struct buf *out)
{
    struct cosignature cosignature;
    enum err rc = cosignature_decode(&cosignature, bytes);

    if (rc == ERR_OK) {
        cosignature_encode(out, &cosignature);
        rc = buf_err(out);
    }
    return rc;
}

START_TEST(it_comes_back_as_it_was)
{
    struct cosignature back;
    struct buf bytes = {0};

    cosignature_encode(&bytes, &made);
    ck_assert_uint_eq(bytes.size, COSIGNATURE_BYTES);
    ck_assert_int_eq(cosignature_decode(&back, buf_bytes(&bytes)), ERR_OK);
    ck_assert(node_id_equal(&back.cosigner, &made.cosigner));
    ck_assert_int_eq(cosignature_check(&back, &corridor, &key), ERR_OK);
    ck_assert_uint_ge(
        mutation_run(buf_bytes(&bytes), recode), COSIGNATURE_BYTES);
    buf_put_u8(&bytes, 0);
    ck_assert_int_eq(
        cosignature_decode(&back, buf_bytes(&bytes)), ERR_MALFORMED);
    buf_release(&bytes);
}
END_TEST

static const struct {
    uint64_t size;
    uint64_t time;
    enum err rc;
} limits[] = {
    {0, 0, ERR_MALFORMED},
    {1, 0, ERR_OK},
    {LOG_SIZE_MAX, INT64_MAX, ERR_OK},
    {LOG_SIZE_MAX + 1, 0, ERR_MALFORMED},
    {1, (uint64_t)INT64_MAX + 1, ERR_MALFORMED},
};
enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

START_TEST(sizes_and_times_have_limits)
{
    struct cosignature back;
    struct buf bytes = {0};

    made.size = limits[_i].size;
    made.time = limits[_i].time;
    cosignature_encode(&bytes, &made);
    ck_assert_int_eq(
        cosignature_decode(&back, buf_bytes(&bytes)), limits[_i].rc);
    buf_release(&bytes);
}
END_TEST

START_TEST(without_memory_nothing_is_signed_or_decided)
{
    struct cosignature again = made;
    enum err rc = ERR_NOMEM;

    memset(&again.signature, 0, sizeof(again.signature));
    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = cosignature_make(&again, &corridor, &seed);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || again.signature.bytes[0] == 0);
    }
    ck_assert_mem_eq(&again.signature, &made.signature, 64);
    rc = ERR_NOMEM;
    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = cosignature_check(&made, &corridor, &key);
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cosign");
    TCase *tcase = tcase_create("cosign");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, what_is_signed_is_the_time_and_the_checkpoints_text);
    tcase_add_loop_test(tcase, one_that_was_changed_does_not_hold, 0, CHANGES);
    tcase_add_test(tcase, it_holds_under_its_key_and_in_its_corridor_alone);
    tcase_add_test(tcase, it_comes_back_as_it_was);
    tcase_add_loop_test(tcase, sizes_and_times_have_limits, 0, LIMITS);
    tcase_add_test(tcase, without_memory_nothing_is_signed_or_decided);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
