/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/log_key.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/run.h"

#define CORRIDOR_HEX \
    "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
#define NODE_HEX \
    "0102020202020202020202020202020202020202020202020202020202020202"

static struct corridor_id corridor;
static struct log_id log_id;
static struct public_key cosign;

static void
setup(void)
{
    memset(&corridor, 0xc0, sizeof(corridor));
    log_id = (struct log_id){.kind = LOG_CONTROL};
    memset(&log_id.node, 2, sizeof(log_id.node));
    log_id.node.bytes[0] = 1;
    memset(&cosign, 3, sizeof(cosign));
}

/* What a key is written as is read back as the same key. */
static void
expect_reads_back(const struct note_key *key)
{
    struct buf text = {0};
    struct note_key back;

    note_key_format(&text, key);
    ck_assert_int_eq(buf_err(&text), ERR_OK);
    ck_assert_int_eq(note_key_parse(&back, buf_bytes(&text)), ERR_OK);
    ck_assert_str_eq(back.name, key->name);
    ck_assert_uint_eq(back.type, key->type);
    ck_assert_mem_eq(&back.key, &key->key, sizeof(back.key));
    buf_release(&text);
}

START_TEST(a_logs_key_is_named_by_its_origin)
{
    static const char *const names[] = {"corridor.internal/" CORRIDOR_HEX
                                        "/" NODE_HEX "/control",
        "corridor.internal/" CORRIDOR_HEX "/" NODE_HEX "/changes"};
    struct note_key key;

    log_id.kind = (uint8_t)_i;
    log_key(&key, &corridor, &log_id);
    ck_assert_str_eq(key.name, names[_i]);
    ck_assert_uint_eq(key.type, NOTE_ED25519);
    ck_assert_mem_eq(key.key.bytes, log_id.node.bytes, 32);
    expect_reads_back(&key);
}
END_TEST

START_TEST(a_cosigners_key_is_the_certificates)
{
    struct note_key key;

    cosigner_key(&key, &corridor, &log_id.node, &cosign);
    ck_assert_str_eq(
        key.name, "corridor.internal/" CORRIDOR_HEX "/" NODE_HEX "/cosigner");
    ck_assert_uint_eq(key.type, NOTE_COSIGNATURE);
    ck_assert_mem_eq(key.key.bytes, cosign.bytes, 32);
    expect_reads_back(&key);
}
END_TEST

START_TEST(a_checkpoint_is_a_note_that_the_key_verifies)
{
    struct secret_key seed = {{7}};
    struct public_key public;
    struct head head = {.size = 5};
    struct buf text = {0};
    struct note note;
    struct note_key key;

    keys_sign_public(&public, &seed);
    memcpy(log_id.node.bytes, public.bytes, sizeof(public.bytes));
    ck_assert_int_eq(log_head_sign(&head, &corridor, &log_id, &seed), ERR_OK);
    log_checkpoint(&text, &corridor, &log_id, &head);
    ck_assert_int_eq(note_parse(&note, buf_bytes(&text)), ERR_OK);
    log_key(&key, &corridor, &log_id);
    ck_assert_int_eq(note_verify(&note, &key, 1, NULL), ERR_OK);
    log_id.kind = LOG_CHANGES;
    log_key(&key, &corridor, &log_id);
    ck_assert_int_eq(note_verify(&note, &key, 1, NULL), ERR_BAD_SIGNATURE);
    buf_release(&text);
}
END_TEST

static Suite *
log_key_suite(void)
{
    Suite *suite = suite_create("log_key");
    TCase *tcase = tcase_create("keys");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, a_logs_key_is_named_by_its_origin, 0, 2);
    tcase_add_test(tcase, a_checkpoint_is_a_note_that_the_key_verifies);
    tcase_add_test(tcase, a_cosigners_key_is_the_certificates);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(log_key_suite());
}
